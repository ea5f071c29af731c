/* compile_tangent.h - directions of everything a lane machine computes. */
#ifndef GEMEL_EQUATIONS_COMPILE_TANGENT_H
#define GEMEL_EQUATIONS_COMPILE_TANGENT_H
#include "kinds/equations/compile.h"
#include "kinds/equations/conditions.h"
#include "kinds/equations/jacobian.h"

/* Expressions of the tangents, in _DOT leaves. All owned. */
typedef struct {
  ir_ref *rate, *value, *initial; /* [nx] [ny] [nx] */
  ir_ref *gap;                    /* [condition_count] of what a condition compares */
  ir_ref *jacobian;               /* [jacobian_count + nx] entries, then slopes in time */
  int32_t jacobian_count;         /* 0 and jacobian NULL: there is none */
  ir_ref *event;                  /* [event_count + assign_count] delays, then values */
} eq_tangent;

/* What a condition compares: its sign changes where the condition does. */
ir_ref eq_gap_of(ir_graph *g, ir_ref condition);
/* Fails: GM_EUNSUPPORTED by name (delays, factorials, most draws), GM_ENOMEM. */
GM_NODISCARD gm_status eq_tangent_make(eq_source *s, const eq_conditions *c, const eq_jacobian *j,
                                       eq_tangent *out);
void eq_tangent_free(eq_tangent *t);
/* Codes into c->m->tangent. root_max: how many roots eq_tangent_roots puts. */
GM_NODISCARD gm_status eq_tangent_code(compiler *c, const eq_source *s, const eq_tangent *t);
int32_t eq_tangent_root_count(const lane_machine *m, const eq_source *s, const eq_tangent *t);
int32_t eq_tangent_roots(const lane_machine *m, const eq_source *s, const eq_tangent *t,
                         ir_ref *root);
void lane_tangent_free(lane_machine *m);
#endif
