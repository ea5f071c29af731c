/* jacobian.h - the sparse Jacobian of the rates, as nodes of the graph. */
#ifndef GEMEL_EQUATIONS_JACOBIAN_H
#define GEMEL_EQUATIONS_JACOBIAN_H
#include "kinds/equations/source.h"

typedef struct {
  int32_t count;
  int32_t *row, *col; /* [count] sorted by row, then col; owned */
  ir_ref *entry;      /* [count] d rate[row] / d state[col]; owned */
  ir_ref *time;       /* [nx] d rate / d time; IR_NONE: 0; owned */
} eq_jacobian;

/* Only entries that are not 0. rate: [nx] expressions in states, parameters, modes, delays (held).
 * Work grows with the entries, not with nx squared. Fails: GM_ENOMEM, GM_ERANGE. */
GM_NODISCARD gm_status eq_jacobian_make(ir_graph *g, const ir_ref *rate, int32_t nx,
                                        eq_jacobian *out);
void eq_jacobian_free(eq_jacobian *j);
#endif
