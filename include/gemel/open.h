/* open.h - a model of any kind from a file.
 * room: interop
 * Which kind it is follows from the file: a model text (.ant, .txt) or SBML (.xml, .sbml, or a
 * first byte '<') is of the kind `equations`, or `jump` when asked for; YAML (.yaml, .yml) names
 * its kind at the left edge, by `kind: network` or `kind: queue`, or by its key `network:` or
 * `queue:`.
 * Threads: no state; calls may run together, each with its own context. */
#ifndef GEMEL_OPEN_H
#define GEMEL_OPEN_H
#include "gemel/jump.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  const char *kind;      /* "equations", "jump", "network", "queue"; NULL: what the file says */
  gm_jump_method method; /* of jump */
  /* Outputs, tolerances and so on; its text, format and text_name are not read. NULL: none. Of
   * network and queue the outputs are those of the file: `output` must name some of them, and the
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
