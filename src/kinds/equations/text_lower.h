/* text_lower.h - expressions of a text made into the internal form, their units checked. */
#ifndef GEMEL_EQUATIONS_TEXT_LOWER_H
#define GEMEL_EQUATIONS_TEXT_LOWER_H
#include "kinds/equations/eq_units.h"
#include "kinds/equations/ir.h"
#include "kinds/equations/net/net.h"
#include "kinds/equations/text_doc.h"

typedef struct {
  ir_ref ref;
  eqt_unit unit;
} eqt_value;

/* A stack machine that runs over the items of expressions. name_ref says what a name stands for
 * [names]; NULL entries are not allowed to be met. */
typedef struct {
  eqt_doc *doc;
  ir_graph *graph;
  eqt_units units;
  const ir_ref *name_ref;
  bool check; /* units too */
  net *net;   /* whose graph it is and whose symbols name_ref gives: for delay, rateOf, amount and
                 concentration. NULL: delay(x) is x, the others are `unknown` */
  ir_ref unknown;
  eqt_value *stack;
  int32_t count, room;
  int64_t steps;
} eqt_lowering;

void eqt_lowering_init(eqt_lowering *l, eqt_doc *d, ir_graph *g);
void eqt_lowering_free(eqt_lowering *l);
/* The unit of what a symbol means, or unknown. That of a species is what is stated when it is the
 * unit of a concentration (its lengths are those of its compartment, below the line); otherwise
 * it is an amount's, and divided by that of its compartment unless the species is substanceOnly. */
GM_NODISCARD gm_status eqt_symbol_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out);
/* The unit of a species' amount, or unknown. */
GM_NODISCARD gm_status eqt_amount_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out);
/* The compartment of a species, -1 the default one (of size 1). */
int32_t eqt_compartment(const eqt_doc *d, int32_t symbol);
/* The unit of an entry; entry -1: unknown. */
GM_NODISCARD gm_status eqt_entry_unit(eqt_lowering *l, int32_t entry, eqt_unit *out);
/* Fails: GM_EUNIT with the place, GM_ERANGE (too large with functions written out), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_lower(eqt_lowering *l, const eqt_expr *e, eqt_value *out);
#endif
