/* text_resolve.h - what every name of a text is, and in which order names are worked out. */
#ifndef GEMEL_EQUATIONS_TEXT_RESOLVE_H
#define GEMEL_EQUATIONS_TEXT_RESOLVE_H
#include "kinds/equations/text_doc.h"

typedef struct {
  gm_ctx *ctx;
  int32_t count;  /* names */
  int32_t *order; /* [count] symbols, each behind what its value or rule needs */
  int32_t *list;  /* [list_count] symbols that have a value, in the order of the text */
  int32_t list_count;
  int32_t parameter_count; /* EQT_PARAMETER */
  int32_t moving_count;    /* EQT_STATE, EQT_RULE, EQT_MOVED */
} eqt_names;

/* Sets role and index (in list) of every symbol and fills out. Fails: GM_EPARSE (a name without a
 * value, two rules, a circle: the message prints it), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_resolve(eqt_doc *d, eqt_names *out);
void eqt_names_free(eqt_names *n);
/* Does no reaction move this species? */
bool eqt_is_boundary(const eqt_symbol *y);
/* Fails with GM_EPARSE if a name without role is used: what names the kind of text. */
GM_NODISCARD gm_status eqt_known_only(const eqt_doc *d);
/* Fails with GM_EPARSE if the expression uses a label or something deleted. */
GM_NODISCARD gm_status eqt_has_values(const eqt_doc *d, const eqt_expr *e);
#endif
