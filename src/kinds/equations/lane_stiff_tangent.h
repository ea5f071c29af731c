/* lane_stiff_tangent.h - directions of the stiff method's steps, with the step's own factors.
 *
 * W u_s = f_s + sum C u / h + d h f_t differentiated along a direction, W depending on it through
 * the Jacobian: W u_s' = f_s' + sum C u' / h + d h f_t' + J' u_s. */
#ifndef GEMEL_EQUATIONS_LANE_STIFF_TANGENT_H
#define GEMEL_EQUATIONS_LANE_STIFF_TANGENT_H
#include "kinds/equations/lane_explicit.h"
#include "kinds/equations/lane_stiff.h"
#include "kinds/equations/lane_tangent.h"

/* A direction's vectors are those of the explicit method's stages, then these. */
enum { STIFF_STAGE_FIRST = STAGES, TANGENT_END = RODAS_STAGES };
_Static_assert((int)STIFF_STAGE_FIRST + (int)TANGENT_END < (int)TANGENT_STAGES,
               "room of the stages' directions");

static gm_v8 *stiff_stage(const lane_run *r, int32_t d, int s)
{
  return tangent_stage(r, d, STIFF_STAGE_FIRST + s);
}

/* Directions of the Jacobian's entries and of df/dt at the beginning of the step, into w->jd. */
static void jacobian_dot(const lane_run *r, int32_t d)
{
  const lane_machine *m = r->m;
  const lane_tangent *t = &m->tangent;
  lane_work *w = r->w;
  state_to_registers(m, w, w->x);
  w->reg[0] = w->t;
  dots_load(r, d, tangent_x(r, d), v8_set(0));
  vm_run(m, w, &t->jacobian);
  for (int32_t e = 0; e < m->jacobian.count; e++) w->jd[e] = w->reg[t->jacobian_reg[e]];
  for (int32_t i = 0; i < m->nx; i++) {
    int32_t reg = t->jacobian_reg[m->jacobian.count + i];
    w->jd[m->jacobian.count + i] = reg >= 0 ? w->reg[reg] : v8_set(0);
  }
}

/* Arguments of stage s, of the states into w->probe and of their directions into w->other. */
static void stage_arguments(const lane_run *r, int32_t d, int s)
{
  lane_work *w = r->w;
  int32_t nx = r->m->nx;
  const gm_v8 *xd = tangent_x(r, d), *u = w->stiff, *ud = stiff_stage(r, d, 0);
  if (s >= RODAS_FREE) {
    for (int32_t i = 0; i < nx; i++) {
      w->probe[i] += u[(s - 1) * (ptrdiff_t)nx + i];
      w->other[i] += ud[(s - 1) * (ptrdiff_t)nx + i];
    }
    return;
  }
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 x = w->x[i], dot = xd[i];
    for (int j = 0; j < s; j++) {
      x = v8_fma(v8_set(rodas_a[s][j]), u[j * (ptrdiff_t)nx + i], x);
      dot = v8_fma(v8_set(rodas_a[s][j]), ud[j * (ptrdiff_t)nx + i], dot);
    }
    w->probe[i] = x;
    w->other[i] = dot;
  }
}

/* Right-hand side of a stage's direction into w->scale. */
static void stage_right_dot(const lane_run *r, int32_t d, int s, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t nx = m->nx;
  const gm_v8 *ud = stiff_stage(r, d, 0), *u = w->stiff + s * (ptrdiff_t)nx;
  state_to_registers(m, w, w->probe);
  w->reg[0] = v8_fma(v8_set(rodas_c[s]), h, w->t);
  dots_load(r, d, w->other, v8_set(0));
  vm_run(m, w, &m->tangent.rhs);
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 v = w->reg[m->tangent.rhs_reg[i]], sum = v8_set(0);
    if (m->kind[i] != EQ_STATE_ALGEBRAIC) {
      for (int j = 0; j < s; j++)
        sum = v8_fma(v8_set(rodas_C[s][j]), ud[j * (ptrdiff_t)nx + i], sum);
      v += tangent_rate(r, d)[i] + sum / h;
    }
    w->scale[i] = v8_fma(v8_set(rodas_d[s]) * h, w->jd[m->jacobian.count + i], v);
  }
  for (int32_t e = 0; e < m->jacobian.count; e++) {
    int32_t i = m->jacobian.row[e];
    w->scale[i] = v8_fma(w->jd[e], u[m->jacobian.col[e]], w->scale[i]);
  }
}

/* Directions of the stages of the step just made, and of its end. */
static void stiff_tangents(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  const lane_lu *lu = m->lu;
  lane_work *w = r->w;
  int32_t nx = m->nx;
  for (int32_t d = 0; d < r->b->nd; d++) {
    jacobian_dot(r, d);
    for (int s = 0; s < RODAS_STAGES; s++) {
      stage_arguments(r, d, s);
      stage_right_dot(r, d, s, h);
      for (int32_t i = 0; i < nx; i++) w->reg[lu->solution_reg + lu->place[i]] = w->scale[i];
      vm_run(m, w, &lu->solve);
      memcpy(stiff_stage(r, d, s), w->reg + lu->solution_reg, (size_t)nx * sizeof *w->x);
    }
    gm_v8 *end = stiff_stage(r, d, TANGENT_END), *last = stiff_stage(r, d, RODAS_STAGES - 1);
    for (int32_t i = 0; i < nx; i++) end[i] = w->other[i] + last[i];
  }
}

/* Tangents at theta of the step of the lanes of mask, [nd][nx], into xd. */
static void stiff_tangents_dense(const lane_run *r, v8i mask, gm_v8 theta, gm_v8 *xd)
{
  int32_t nx = r->m->nx;
  gm_v8 left = v8_set(1) - theta, scale = theta * left, weight[RODAS_STAGES];
  for (int s = 0; s < RODAS_STAGES; s++) {
    gm_v8 v = v8_fma(v8_set(rodas_H[2][s]), theta, v8_set(rodas_H[1][s]));
    weight[s] = v8_fma(v, theta, v8_set(rodas_H[0][s])) * scale;
  }
  for (int32_t d = 0; d < r->b->nd; d++) {
    const gm_v8 *from = tangent_x(r, d), *ud = stiff_stage(r, d, 0);
    const gm_v8 *end = stiff_stage(r, d, TANGENT_END);
    for (int32_t i = 0; i < nx; i++) {
      gm_v8 sum = v8_fma(theta, end[i], left * from[i]);
      for (int s = 0; s < RODAS_STAGES; s++)
        sum = v8_fma(weight[s], ud[s * (ptrdiff_t)nx + i], sum);
      gm_v8 *to = &xd[(ptrdiff_t)d * nx + i];
      *to = v8_blend(mask, sum, *to);
    }
  }
}
#endif
