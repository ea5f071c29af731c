/* open.h - a model of any kind from a file.
 * room: twin
 * Which kind it is follows from the file: a model text (.ant, .txt) or SBML (.xml, .sbml, or a
 * first byte '<') is of the kind `equations`, or `jump` when asked for; YAML (.yaml, .yml) names
 * its kind at the left edge, by `kind: network` or `kind: queue`, or by its key `network:` or
 * `queue:`.
 * A model written in C (agents, composites, a kind of one's own) is a shared object with
 *   const uint32_t gemel_model_abi = GM_MODEL_ABI;
 *   gm_status gemel_model(gm_ctx *ctx, gm_model **out);
 * It is code and is run: only `kind: compiled` opens it, never the name of a file alone.
 * Threads: no state; calls may run together, each with its own context. */
#ifndef GEMEL_OPEN_H
#define GEMEL_OPEN_H
#include "gemel/jump.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a compiled model exports as gemel_model. The object stays loaded. */
typedef gm_status gm_compiled_model(gm_ctx *ctx, gm_model **out);

typedef struct {
  /* "equations", "jump", "network", "queue", "compiled"; NULL: what the file says */
  const char *kind;
  gm_jump_method method; /* of jump */
  /* Outputs, tolerances and so on; its text, format and text_name are not read. NULL: none. Of
   * the other kinds the outputs are those of the file: `output` must name some of them, and the
   * rest is not read. */
  const gm_eq_config *equations;
} gm_open_options;

/* options may be NULL; all is borrowed for the call. *out is owned by the caller.
 * Fails: GM_EIO, GM_EUNSUPPORTED (no file of a known kind; the kinds are listed), GM_EINVAL (kind
 * unknown, or not that of the file), GM_ENOTFOUND (an output of network or queue), and as the
 * kinds' own readers, with file and line. */
GM_API GM_NODISCARD gm_status gm_model_open(gm_ctx *ctx, const char *path,
                                            const gm_open_options *options, gm_model **out);

#ifdef __cplusplus
}
#endif
#endif
