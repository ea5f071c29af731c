/* text_net.h - a model text made into a network (net/net.h). */
#ifndef GEMEL_EQUATIONS_TEXT_NET_H
#define GEMEL_EQUATIONS_TEXT_NET_H
#include "kinds/equations/net/net.h"
#include "kinds/equations/text_lower.h"
#include "kinds/equations/text_resolve.h"

/* Reads a model text into a new network, freed by the caller with net_free. name is for messages
 * and borrowed by *out (NULL: "model").
 * Fails, *out untouched, with "name:line:column: what": GM_EPARSE, GM_EUNIT, GM_EUNSUPPORTED,
 * GM_EDOMAIN (a value that is not finite), GM_ERANGE (a limit of docs/model-text.md), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_net_read(gm_ctx *ctx, const char *text, const char *name, net *out);

/* A text that is still open, so that outputs may use its functions, units and names. */
typedef struct {
  gm_ctx *ctx;
  eqt_doc doc;
  eqt_text text;
  eqt_names names;
  eqt_lowering lower;
  net *net;             /* borrowed */
  ir_ref *ref;          /* [names.count] its leaf in the network's graph */
  int32_t *reaction_of; /* [names.count] reactions: which of doc.body */
  int32_t *line_at;     /* [line_count] where lines begin */
  int32_t line_count;
} eqt_reading;

/* Opens a text and fills n (made by net_init). Whatever it returns, r must be closed. */
GM_NODISCARD gm_status eqt_reading_open(eqt_reading *r, gm_ctx *ctx, const char *text,
                                        const char *name, net *n);
/* Expressions of outputs asked for, over the network's symbols, units checked. out: [count].
 * Each has been looked at (eq_source_read). Fails as eqt_net_read. */
GM_NODISCARD gm_status eqt_reading_outputs(eqt_reading *r, const gm_eq_output *output,
                                           int32_t count, ir_ref *out);
void eqt_reading_close(eqt_reading *r);

/* text_start.c: are all values at the start finite, and parameters free of time?
 * Fails: GM_EPARSE, GM_EDOMAIN, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_check_start(eqt_reading *r);
#endif
