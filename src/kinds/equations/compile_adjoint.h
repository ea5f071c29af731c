/* compile_adjoint.h - backward codes of everything a lane machine computes. */
#ifndef GEMEL_EQUATIONS_COMPILE_ADJOINT_H
#define GEMEL_EQUATIONS_COMPILE_ADJOINT_H
#include "kinds/equations/compile.h"
#include "kinds/equations/conditions.h"
#include "kinds/equations/jacobian.h"

typedef struct {
  ir_slope *slope; /* [count]; owned */
  int32_t count;
} eq_gradient;

/* Gradients, in IR_SEED leaves. */
typedef struct {
  eq_gradient rate, value, initial, gap, jacobian;
  eq_gradient *event; /* [event_count]; owned */
  int32_t event_count, seed_count;
} eq_adjoint;

/* Fails: GM_EUNSUPPORTED by name (delays, factorials, most draws), GM_ENOMEM. */
GM_NODISCARD gm_status eq_adjoint_make(eq_source *s, const eq_conditions *c, const eq_jacobian *j,
                                       eq_adjoint *out);
void eq_adjoint_free(eq_adjoint *a);
/* All expressions of the gradients: how many, and into root. */
int32_t eq_adjoint_root_count(const eq_adjoint *a);
int32_t eq_adjoint_roots(const eq_adjoint *a, ir_ref *root);
/* Codes into c->m->adjoint, if it is to be made. */
GM_NODISCARD gm_status eq_adjoint_code(compiler *c, const eq_adjoint *a);
/* The solution of W^T out of the factors' own code, where there are both. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status eq_adjoint_solve(gm_ctx *ctx, lane_machine *m);
void lane_adjoint_free(lane_machine *m);
#endif
