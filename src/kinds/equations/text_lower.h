/* text_lower.h - expressions of a text made into the internal form, their units checked. */
#ifndef GEMEL_EQUATIONS_TEXT_LOWER_H
#define GEMEL_EQUATIONS_TEXT_LOWER_H
#include "kinds/equations/eq_units.h"
#include "kinds/equations/ir.h"
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
  eqt_value *stack;
  int32_t count, room;
  int64_t steps;
} eqt_lowering;

void eqt_lowering_init(eqt_lowering *l, eqt_doc *d, ir_graph *g);
void eqt_lowering_free(eqt_lowering *l);
/* The stated unit of a symbol, or unknown. */
GM_NODISCARD gm_status eqt_symbol_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out);
/* The unit of an entry; entry -1: unknown. */
GM_NODISCARD gm_status eqt_entry_unit(eqt_lowering *l, int32_t entry, eqt_unit *out);
/* Fails: GM_EUNIT with the place, GM_ERANGE (too large with functions written out), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_lower(eqt_lowering *l, const eqt_expr *e, eqt_value *out);
#endif
