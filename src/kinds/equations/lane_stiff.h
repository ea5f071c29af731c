/* lane_stiff.h - Rodas5P (rodas.h) on lanes, with the factors of lane_lu.h.
 * Included once for each instruction set, like lane_explicit.h. */
#ifndef GEMEL_EQUATIONS_LANE_STIFF_H
#define GEMEL_EQUATIONS_LANE_STIFF_H
#include "kinds/equations/lane_lu.h"
#include "kinds/equations/lane_member.h"
#include "kinds/equations/lane_part.h"
#include "kinds/equations/rodas.h"

/* Vectors of w->stiff: the stages u, then */
enum {
  STIFF_END = RODAS_STAGES, /* states at the end of the step */
  STIFF_TIME,               /* h df/dt */
  STIFF_SUM,                /* sum of C u */
  STIFF_USED
};
_Static_assert((int)STIFF_USED <= (int)STIFF_VECTORS, "room of the stiff method");

static const double stiff_error_exponent = 0.2;
static const double middle_share = 0.25; /* weight of middle_error beside the error */

static gm_v8 *stiff_vector(const lane_run *r, int which)
{
  return r->w->stiff + which * (ptrdiff_t)r->m->nx;
}

/* ---- stages ---------------------------------------------------------------------------------- */
/* Between two stages, in one look at each state: the solution of stage s-1 out of the registers,
 * the argument of stage s, its sum of C u. Inlined with a constant s, so that the sums over
 * stages are straight code. */
static inline __attribute__((always_inline)) void stage_combine(const lane_run *r, const int s)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)m->nx * PARTS;
  const lane_part *x = (const lane_part *)w->x;
  const lane_part *solution = (const lane_part *)(w->reg + m->lu->solution_reg);
  lane_part *argument = (lane_part *)(w->reg + m->reg_state), *u = (lane_part *)w->stiff;
  lane_part *sum = u + STIFF_SUM * count;
  for (ptrdiff_t e = 0; e < count; e++) {
    lane_part last = solution[e], c = part_set(rodas_C[s][s - 1]) * last, y = argument[e];
    if (s < RODAS_FREE) y = part_fma(part_set(rodas_a[s][s - 1]), last, x[e]);
    for (int j = 0; j < s - 1; j++) {
      lane_part v = u[j * count + e];
      c = part_fma(part_set(rodas_C[s][j]), v, c);
      if (s < RODAS_FREE) y = part_fma(part_set(rodas_a[s][j]), v, y);
    }
    if (s >= RODAS_FREE) y += last;
    u[(s - 1) * count + e] = last;
    argument[e] = y;
    sum[e] = c;
  }
}

static void stage_begin(const lane_run *r, int s)
{
  switch (s) {
  case 1: stage_combine(r, 1); break;
  case 2: stage_combine(r, 2); break;
  case 3: stage_combine(r, 3); break;
  case 4: stage_combine(r, 4); break;
  case 5: stage_combine(r, 5); break;
  case 6: stage_combine(r, 6); break;
  case 7: stage_combine(r, 7); break;
  default: break;
  }
}

/* f at time t and the states in the registers. */
static void stage_slopes(const lane_run *r, gm_v8 t)
{
  r->w->reg[0] = t;
  delays_load(r, r->w->active);
  vm_run(r->m, r->w, &r->m->rhs);
}

/* What stage s is solved for, but for what time moves: f, input, sum of C u / h. */
static void stage_right_side(const lane_run *r, int s, const gm_v8 *inverse_h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const lane_part *over_h = (const lane_part *)inverse_h;
  const gm_v8 *sum = stiff_vector(r, STIFF_SUM);
  gm_v8 *right = w->reg + m->lu->solution_reg;
  for (int32_t i = 0; i < m->nx; i++) {
    const lane_part *f = (const lane_part *)(w->reg + m->rhs_reg[i]);
    const lane_part *input = (const lane_part *)(w->rate + i);
    const lane_part *c = (const lane_part *)(sum + i);
    lane_part *v = (lane_part *)(right + m->lu->place[i]);
    for (int p = 0; p < PARTS; p++) {
      lane_part slope = f[p] + input[p];
      if (s) slope = part_fma(c[p], over_h[p], slope);
      v[p] = slope;
    }
  }
  for (int32_t q = 0; q < m->algebraic_count; q++) {
    int32_t i = m->algebraic[q];
    right[m->lu->place[i]] = w->reg[m->rhs_reg[i]];
  }
}

/* Adds d h df/dt. */
static void stage_move(const lane_run *r, int s)
{
  const gm_v8 *moved = stiff_vector(r, STIFF_TIME);
  gm_v8 *right = r->w->reg + r->m->lu->solution_reg;
  for (int32_t i = 0; i < r->m->nx && rodas_d[s] != 0; i++) {
    gm_v8 *v = right + r->m->lu->place[i];
    *v = v8_fma(v8_set(rodas_d[s]), moved[i], *v);
  }
}

/* h df/dt where delayed values move f: they have no derivative, so it is a difference, over a part
 * of h that makes both its errors less than 1e-8. f at the beginning stays in the registers. */
static void time_differences(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  gm_v8 *slope = stiff_vector(r, STIFF_TIME);
  stage_slopes(r, v8_fma(v8_set(0x1p-22), h, w->t));
  for (int32_t i = 0; i < m->nx; i++) slope[i] = w->reg[m->rhs_reg[i]];
  stage_slopes(r, w->t);
  for (int32_t i = 0; i < m->nx; i++)
    slope[i] = (slope[i] - w->reg[m->rhs_reg[i]]) * v8_set(0x1p22);
}

/* h df/dt out of the registers of the Jacobian's code; false: time moves nothing. */
static bool time_slopes(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  gm_v8 *slope = stiff_vector(r, STIFF_TIME);
  bool any = false;
  if (m->delay_count) return true;
  for (int32_t i = 0; i < m->nx; i++) any = any || m->jacobian.time_reg[i] >= 0;
  for (int32_t i = 0; i < m->nx && any; i++) {
    slope[i] = v8_set(0);
    if (m->jacobian.time_reg[i] >= 0) slope[i] = h * r->w->reg[m->jacobian.time_reg[i]];
  }
  return any;
}

/* ---- is the Jacobian one --------------------------------------------------------------------- */
/* 0, but no number in lanes with an entry that is not finite (x^0.5 at 0): without this look an
 * infinite pivot would make the solution 0, and no error would show. Only where the entries divide
 * or the like: others are finite where the rates are. */
static gm_v8 jacobian_excess(const lane_run *r)
{
  const lane_jacobian *j = &r->m->jacobian;
  const lane_part *reg = (const lane_part *)r->w->reg, zero = part_set(0);
  gm_v8 excess = v8_set(0);
  for (int p = 0; p < PARTS && j->steep; p++) {
    lane_part sum = zero;
    for (int32_t e = 0; e < j->count; e++)
      sum = part_fma(reg[(ptrdiff_t)j->reg[e] * PARTS + p], zero, sum);
    ((lane_part *)&excess)[p] = sum;
  }
  return excess;
}

/* ---- is the solution one --------------------------------------------------------------------- */
/* Without pivoting a small pivot may cost any number of digits. With gamma on the diagonal shorter
 * steps mend that, and until then the error says so; algebraic equations have no such cure. For
 * them the first solution u of a step is put into its equations, right-hand side in STIFF_SUM:
 * the sum over rows of how far |b - W u| is above a share (of the tolerance) of |b| + |W| |u|
 * (W. Oettli & W. Prager, Numer. Math. 6:405 (1964): u then solves a system that is as near as
 * that). 0 where all is well; no number where u is none. */
static gm_v8 solution_excess(const lane_run *r)
{
  const lane_machine *m = r->m;
  const lane_jacobian *j = &m->jacobian;
  const lane_part *reg = (const lane_part *)r->w->reg;
  const lane_part *u = reg + (ptrdiff_t)m->lu->solution_reg * PARTS;
  const lane_part *b = (const lane_part *)stiff_vector(r, STIFF_SUM);
  const lane_part share = part_set(-fmax(1e-4 * m->rtol, 1e-14)), zero = part_set(0);
  gm_v8 excess;
  for (int p = 0; p < PARTS; p++) {
    lane_part gamma = reg[(ptrdiff_t)m->lu->gamma_reg * PARTS + p], sum = zero;
    int32_t e = 0;
    for (int32_t i = 0; i < m->nx; i++) {
      lane_part rest = b[i * PARTS + p], size = part_abs(rest);
      if (m->kind[i] != EQ_STATE_ALGEBRAIC) {
        lane_part v = gamma * u[i * PARTS + p];
        rest -= v;
        size += part_abs(v);
      }
      for (; e < j->count && j->row[e] == i; e++) {
        lane_part v = reg[(ptrdiff_t)j->reg[e] * PARTS + p] * u[j->col[e] * PARTS + p];
        rest += v;
        size += part_abs(v);
      }
      sum += part_larger(zero, part_fma(share, size, part_abs(rest)));
    }
    ((lane_part *)&excess)[p] = sum;
  }
  return excess;
}

/* The first stage, which ends with the factors and a look at them. Returns solution_excess. */
static gm_v8 stage_first(const lane_run *r, gm_v8 h, const gm_v8 *inverse_h, bool *moves)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  state_to_registers(m, w, w->x);
  if (m->delay_count) time_differences(r, h);
  if (!m->delay_count) stage_slopes(r, w->t);
  stage_right_side(r, 0, inverse_h);
  vm_run(m, w, &m->jacobian.code);
  *moves = time_slopes(r, h);
  if (*moves) stage_move(r, 0);
  gm_v8 none = jacobian_excess(r); /* before the factors, which may lie in its registers */
  gm_v8 *kept = stiff_vector(r, STIFF_SUM), *right = w->reg + m->lu->solution_reg;
  for (int32_t i = 0; i < m->nx && m->algebraic_count; i++) kept[i] = right[m->lu->place[i]];
  w->reg[m->lu->gamma_reg] = *inverse_h * v8_set(1 / rodas_gamma);
  w->reg[m->lu->one_reg] = v8_set(1);
  vm_run(m, w, &m->lu->factor);
  vm_run(m, w, &m->lu->solve);
  return m->algebraic_count ? solution_excess(r) + none : none;
}

/* ---- the step -------------------------------------------------------------------------------- */
/* The end of the step, in w->x_new for the lanes of mask. Returns the sum over states of the
 * squared scaled error, no number where anything is not finite. */
static gm_v8 step_end(const lane_run *r, v8i mask)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const lane_part *error = (const lane_part *)(w->reg + m->lu->solution_reg);
  const lane_part *argument = (const lane_part *)(w->reg + m->reg_state);
  const lane_part *x = (const lane_part *)w->x, *chosen = (const lane_part *)&mask;
  lane_part *last = (lane_part *)stiff_vector(r, RODAS_STAGES - 1);
  lane_part *end = (lane_part *)stiff_vector(r, STIFF_END), *x_new = (lane_part *)w->x_new;
  lane_part rtol = part_set(m->rtol), zero = part_set(0);
  const lane_part *atol = (const lane_part *)w->atol;
  gm_v8 sum = v8_set(0);
  for (int p = 0; p < PARTS; p++) {
    lane_part s = zero;
    for (ptrdiff_t e = p; e < (ptrdiff_t)m->nx * PARTS; e += PARTS) {
      lane_part off = error[e], at = argument[e] + off;
      last[e] = off;
      end[e] = at;
      x_new[e] = part_blend(chosen[p], at, x_new[e]);
      off /= part_fma(rtol, part_larger(part_abs(x[e]), part_abs(at)), atol[e]);
      s = part_fma(off, off, s);
      s = part_fma(at, zero, s); /* infinity times 0 is no number */
    }
    ((lane_part *)&sum)[p] = s;
  }
  return sum;
}

static gm_v8 error_norm(const lane_run *r, gm_v8 sum)
{
  gm_v8 mean = sum / v8_set(r->m->nx ? r->m->nx : 1), root;
  r->m->vmath->sqrt((const double *)&mean, (double *)&root);
  return root;
}

/* States at theta of the last step of all lanes. */
static void stiff_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *from = (const lane_part *)w->x, *u = (const lane_part *)w->stiff;
  const lane_part *end = (const lane_part *)stiff_vector(r, STIFF_END);
  lane_part *to = (lane_part *)x, weight[RODAS_STAGES];
  (void)h;
  for (int p = 0; p < PARTS; p++) {
    lane_part along = ((const lane_part *)&theta)[p], left = part_set(1) - along;
    lane_part scale = along * left;
    for (int s = 0; s < RODAS_STAGES; s++) {
      lane_part v = part_fma(part_set(rodas_H[2][s]), along, part_set(rodas_H[1][s]));
      weight[s] = part_fma(v, along, part_set(rodas_H[0][s])) * scale;
    }
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part sum = part_fma(along, end[e], left * from[e]);
      for (int s = 0; s < RODAS_STAGES; s++) sum = part_fma(weight[s], u[s * count + e], sum);
      to[e] = sum;
    }
  }
}

/* Where time itself moves the equations, a fast state can follow it without showing any error at
 * the ends of steps, however long: so there the interpolant is held against the equations in the
 * middle of the step (as G. Steinebach's Rodas5Pr does: Rosenbrock methods within
 * OrdinaryDiffEq.jl, JuliaCon Proceedings 2024). The solution of
 *   W d = f(t + h/2, x(1/2)) - M x'(1/2)
 * is how far the interpolant is off where W is stiff, and of the order of the error elsewhere.
 * This makes the right-hand side, equation by equation, in STIFF_SUM. */
static void middle_right_side(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  ptrdiff_t nx = m->nx;
  gm_v8 *right = stiff_vector(r, STIFF_SUM);
  const gm_v8 *end = stiff_vector(r, STIFF_END);
  stiff_dense(r, h, v8_set(0.5), w->reg + m->reg_state);
  stage_slopes(r, v8_fma(v8_set(0.5), h, w->t));
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 slope = end[i] - w->x[i], f = w->reg[m->rhs_reg[i]];
    for (int s = 0; s < RODAS_STAGES; s++)
      slope = v8_fma(v8_set(0.25 * (rodas_H[1][s] + rodas_H[2][s])), w->stiff[s * nx + i], slope);
    if (m->kind[i] != EQ_STATE_ALGEBRAIC) f = f + w->rate[i] - slope / h;
    right[i] = f;
  }
}

/* Sum over states of the squared scaled d. */
static gm_v8 middle_error(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  gm_v8 *d = w->reg + m->lu->solution_reg, sum = v8_set(0);
  const gm_v8 *end = stiff_vector(r, STIFF_END), rtol = v8_set(m->rtol);
  middle_right_side(r, h);
  for (int32_t i = 0; i < m->nx; i++) d[m->lu->place[i]] = stiff_vector(r, STIFF_SUM)[i];
  vm_run(m, w, &m->lu->solve);
  for (int32_t i = 0; i < m->nx; i++) {
    gm_v8 q = v8_set(middle_share) * d[i];
    q /= v8_fma(rtol, v8_max(v8_abs(w->x[i]), v8_abs(end[i])), w->atol[i]);
    sum = v8_fma(q, q, sum);
  }
  return sum;
}

#include "kinds/equations/lane_pivoted.h"

/* One attempt of a step h from (w->t, w->x) in the lanes of mask; the others keep their w->x_new.
 * Stages go to w->stiff, for stiff_dense. A lane whose factors lost digits is done again with
 * pivoting. Returns the scaled error, infinite where anything is no finite number. */
static gm_v8 stiff_step(const lane_run *r, v8i mask, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  gm_v8 inverse_h = v8_set(1) / h;
  bool moves;
  gm_v8 excess = stage_first(r, h, &inverse_h, &moves);
  for (int s = 1; s < RODAS_STAGES; s++) {
    stage_begin(r, s);
    stage_slopes(r, v8_fma(v8_set(rodas_c[s]), h, w->t));
    stage_right_side(r, s, &inverse_h);
    if (moves) stage_move(r, s);
    vm_run(m, w, &m->lu->solve);
  }
  gm_v8 error = error_norm(r, step_end(r, mask));
  if (moves) {
    gm_v8 middle = error_norm(r, middle_error(r, h));
    error = v8_blend(middle <= error, error, middle);
  }
  error = v8_blend(error <= v8_set(1.7976931348623157e308), error, v8_set(INFINITY));
  for (int l = 0; l < LANES; l++)
    if (mask[l] && !(excess[l] == 0)) error[l] = stiff_pivoted_step(r, l, h[l]);
  return error;
}
#endif
