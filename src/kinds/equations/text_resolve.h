/* text_resolve.h - what every name of a text is, and in which order names are worked out. */
#ifndef GEMEL_EQUATIONS_TEXT_RESOLVE_H
#define GEMEL_EQUATIONS_TEXT_RESOLVE_H
#include "kinds/equations/text_doc.h"

typedef struct {
  gm_ctx *ctx;
  int32_t count;  /* names */
  int32_t *order; /* [count] symbols, each behind what its value or rule needs */
  int32_t *state, *parameter, *derived, *rule; /* symbols by role, in the order of the text */
  int32_t state_count, parameter_count, derived_count, rule_count;
} eqt_names;

/* The expression a name is worked out by: its rule, or its value at the start. */
const eqt_expr *eqt_definition(const eqt_symbol *y);
/* Sets role and index of every symbol and fills out. Fails: GM_EPARSE (a name without a value, two
 * rules, a circle: the message prints it), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_resolve(eqt_doc *d, eqt_names *out);
void eqt_names_free(eqt_names *n);
/* Fails with GM_EPARSE if a name without role is used: what names the kind of text. */
GM_NODISCARD gm_status eqt_known_only(const eqt_doc *d);
#endif
