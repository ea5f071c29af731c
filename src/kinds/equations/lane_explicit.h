/* lane_explicit.h - Tsit5 on lanes: own step, own time, own events, dense output.
 *
 * Method: Ch. Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column
 * simplifying assumption, Comput. Math. Appl. 62 (2011) 770-775; coefficients of the pair and of
 * its free interpolant of order 4 as printed there. Step control: PI controller and first step
 * after
 * Hairer, Norsett & Wanner, Solving ODE I (1993), sections II.4 and IV.2. */
#ifndef GEMEL_EQUATIONS_LANE_EXPLICIT_H
#define GEMEL_EQUATIONS_LANE_EXPLICIT_H
#include "kinds/equations/lane_discrete.h"

enum { STAGES = 7 };

static const double tsit_c[STAGES] = {0, 0.161, 0.327, 0.9, 0.9800255409045097, 1, 1};
static const double tsit_a[STAGES][STAGES - 1] = {
    {0},
    {0.161},
    {-0.008480655492356989, 0.335480655492357},
    {2.8971530571054935, -6.359448489975075, 4.3622954328695815},
    {5.325864828439257, -11.748883564062828, 7.4955393428898365, -0.09249506636175525},
    {5.86145544294642, -12.92096931784711, 8.159367898576159, -0.071584973281401,
     -0.028269050394068383},
    {0.09646076681806523, 0.01, 0.4798896504144996, 1.379008574103742, -3.290069515436081,
     2.324710524099774}};
static const double tsit_error[STAGES] = {
    -0.00178001105222577714, -0.0008164344596567469, 0.007880878010261995, -0.1447110071732629,
    0.5823571654525552,      -0.45808210592918697,   0.015151515151515152};
/* weights of the interpolant at theta: sum over j of tsit_dense[i][j] theta^(j+1) */
static const double tsit_dense[STAGES][4] = {
    {1.0, -2.763706197274826, 2.9132554618219126, -1.0530884977290216},
    {0, 0.13169999999999998, -0.2234, 0.1017},
    {0, 3.9302962368947516, -5.941033872131505, 2.490627285651253},
    {0, -12.411077166933676, 30.33818863028232, -16.548102889244902},
    {0, 37.50931341651104, -88.1789048947664, 47.37952196281928},
    {0, -27.896526289197286, 65.09189467479366, -34.87065786149661},
    {0, 1.5, -4.0, 2.5}};

/* Slopes at (t, states in the registers), input rates added. */
static void slopes(const lane_run *r, gm_v8 t, gm_v8 *k)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  w->reg[0] = t;
  if (m->delay_count) delays_load(r, w->active);
  vm_run(m, w, &m->rhs);
  for (int32_t i = 0; i < m->nx; i++) {
    const lane_part *f = (const lane_part *)(w->reg + m->rhs_reg[i]);
    const lane_part *input = (const lane_part *)(w->rate + i);
    lane_part *to = (lane_part *)(k + i);
    for (int q = 0; q < PARTS; q++) to[q] = f[q] + input[q];
  }
}

/* Root of the mean over states, from the sum. */
static gm_v8 mean_root(const lane_machine *m, const lane_part sum[PARTS])
{
  gm_v8 root;
  lane_part count = part_set(m->nx ? m->nx : 1);
  for (int p = 0; p < PARTS; p++) ((lane_part *)&root)[p] = part_root(sum[p] / count);
  return root;
}

/* sqrt(mean over states of (v/scale)^2), lane by lane */
static gm_v8 scaled_norm(const lane_machine *m, const gm_v8 *v, const gm_v8 *scale)
{
  lane_part sum[PARTS];
  const lane_part *from = (const lane_part *)v, *over = (const lane_part *)scale;
  for (int p = 0; p < PARTS; p++) {
    lane_part s = part_set(0);
    for (ptrdiff_t e = p; e < (ptrdiff_t)m->nx * PARTS; e += PARTS) {
      lane_part q = from[e] / over[e];
      s = part_fma(q, q, s);
    }
    sum[p] = s;
  }
  return mean_root(m, sum);
}

static v8i restart_mask(const lane_work *w, uint8_t least)
{
  v8i mask;
  for (int l = 0; l < LANES; l++) mask[l] = w->restart[l] >= least ? -1 : 0;
  return mask;
}

/* First slopes and first step of the lanes that begin anew, without touching the others. The step
 * is ten times the first guess of Hairer et al., II.4, a tenth of the time in which the state would
 * change by itself; their second guess costs all lanes a right-hand side whenever one begins anew,
 * more than the steps it saves that one. */
static void lanes_restart(const lane_run *r)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  v8i mask = restart_mask(w, LANE_RESTART_SLOPES), anew = restart_mask(w, LANE_RESTART_NEW);
  int32_t nx = m->nx;
  gm_v8 *k1 = w->k, *f0 = w->k + nx;
  gm_v8 rtol = v8_set(m->rtol);
  bool any = false;
  state_to_registers(m, w, w->x);
  slopes(r, w->t, f0);
  for (int32_t i = 0; i < nx; i++) {
    k1[i] = v8_blend(mask, f0[i], k1[i]);
    w->scale[i] = v8_fma(rtol, v8_abs(w->x[i]), w->atol[i]);
  }
  for (int l = 0; l < LANES; l++) {
    any = any || w->restart[l] == LANE_RESTART_NEW;
    w->restart[l] = LANE_RESTART_NONE;
  }
  if (!any) return;
  gm_v8 d0 = scaled_norm(m, w->x, w->scale), d1 = scaled_norm(m, f0, w->scale);
  v8i small = v8_less(d0, v8_set(1e-5)) | v8_less(d1, v8_set(1e-5));
  gm_v8 h0 = v8_blend(small, v8_set(1e-6), v8_set(0.01) * d0 / d1);
  /* a state of next to nothing (1e-16) must not make a step that time cannot take */
  gm_v8 h = v8_max(v8_set(10) * h0, v8_set(step_shortest) * v8_max(v8_abs(w->t), v8_set(1e-90)));
  w->h = v8_blend(anew, h, w->h);
  w->log_last = v8_blend(anew, v8_set(log_error_least), w->log_last);
}

/* The states of stage s go to the registers. Inlined with a constant s, so that the sum over stages
 * is straight code. */
static inline __attribute__((always_inline)) void stage_argument(const lane_run *r, const int s,
                                                                 const gm_v8 *h)
{
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *x = (const lane_part *)w->x, *k = (const lane_part *)w->k;
  const lane_part *step = (const lane_part *)h;
  lane_part *to = (lane_part *)(w->reg + r->m->reg_state);
  for (int p = 0; p < PARTS; p++)
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part sum = part_set(tsit_a[s][0]) * k[e];
      for (int j = 1; j < s; j++) sum = part_fma(part_set(tsit_a[s][j]), k[j * count + e], sum);
      to[e] = part_fma(step[p], sum, x[e]);
    }
}

static void explicit_argument(const lane_run *r, int s, const gm_v8 *h)
{
  switch (s) {
  case 1: stage_argument(r, 1, h); break;
  case 2: stage_argument(r, 2, h); break;
  case 3: stage_argument(r, 3, h); break;
  case 4: stage_argument(r, 4, h); break;
  case 5: stage_argument(r, 5, h); break;
  case 6: stage_argument(r, 6, h); break;
  default: break;
  }
}

/* The scaled error of the step just made. */
static gm_v8 explicit_error(const lane_run *r, const gm_v8 *h)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)m->nx * PARTS;
  const lane_part *x = (const lane_part *)w->x, *x_new = (const lane_part *)w->x_new;
  const lane_part *k = (const lane_part *)w->k, rtol = part_set(m->rtol);
  const lane_part *atol = (const lane_part *)w->atol;
  lane_part sum[PARTS];
  for (int p = 0; p < PARTS; p++) {
    lane_part step = ((const lane_part *)h)[p], total = part_set(0);
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part off = part_set(tsit_error[0]) * k[e];
      for (int j = 1; j < STAGES; j++)
        off = part_fma(part_set(tsit_error[j]), k[j * count + e], off);
      lane_part scale = part_fma(rtol, part_larger(part_abs(x[e]), part_abs(x_new[e])), atol[e]);
      off = step * off / scale;
      total = part_fma(off, off, total);
    }
    sum[p] = total;
  }
  return mean_root(m, sum);
}

/* One attempt on every lane: w->x_new, k[6], w->probe (states of the sixth stage), and the scaled
 * error. */
static gm_v8 explicit_step(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  for (int s = 1; s < STAGES; s++) {
    explicit_argument(r, s, &h);
    if (s >= STAGES - 2) /* the last but one is kept for the estimate of stiffness */
      memcpy(s == STAGES - 1 ? w->x_new : w->probe, w->reg + m->reg_state,
             (size_t)m->nx * sizeof *w->x);
    slopes(r, v8_fma(v8_set(tsit_c[s]), h, w->t), w->k + (ptrdiff_t)s * m->nx);
  }
  return explicit_error(r, &h);
}

/* Does h times the size of the largest eigenvalue reach the border of stability? The estimate is
 * |f(g7) - f(g6)| / |g7 - g6| at the two stages at t + h (Hairer & Wanner, Solving ODE II,
 * IV.2). */
static v8i explicit_looks_stiff(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)m->nx * PARTS;
  gm_v8 top, bottom;
  const lane_part *k6 = (const lane_part *)w->k + 5 * count, *k7 = k6 + count;
  const lane_part *x6 = (const lane_part *)w->probe, *x7 = (const lane_part *)w->x_new;
  const lane_part *atol = (const lane_part *)w->atol, rtol = part_set(m->rtol);
  for (int p = 0; p < PARTS; p++) {
    lane_part above = part_set(0), below = part_set(0);
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part size = part_larger(part_abs(x7[e]), part_abs(x6[e]));
      lane_part each = part_set(1) / part_fma(rtol, size, atol[e]);
      lane_part f = (k7[e] - k6[e]) * each, x = (x7[e] - x6[e]) * each;
      above = part_fma(f, f, above);
      below = part_fma(x, x, below);
    }
    ((lane_part *)&top)[p] = above;
    ((lane_part *)&bottom)[p] = below;
  }
  gm_v8 border = v8_set(3.25 * 3.25);
  return v8_less(border * bottom, h * h * top);
}

/* Weights of the stages at theta of a step h. */
static void explicit_weights(gm_v8 h, gm_v8 theta, gm_v8 weight[STAGES])
{
  const lane_part *step = (const lane_part *)&h, *along = (const lane_part *)&theta;
  for (int s = 0; s < STAGES; s++)
    for (int p = 0; p < PARTS; p++) {
      lane_part v = part_set(tsit_dense[s][3]);
      for (int j = 2; j >= 0; j--) v = part_fma(v, along[p], part_set(tsit_dense[s][j]));
      ((lane_part *)(weight + s))[p] = v * along[p] * step[p];
    }
}

/* start + weighted stages, stage s of value i at k[s*nx + i] */
static void explicit_blend(int32_t nx, const gm_v8 weight[STAGES], const gm_v8 *start,
                           const gm_v8 *k, gm_v8 *x)
{
  ptrdiff_t count = (ptrdiff_t)nx * PARTS;
  const lane_part *from = (const lane_part *)start, *slope = (const lane_part *)k;
  const lane_part *part = (const lane_part *)weight;
  lane_part *to = (lane_part *)x;
  for (int p = 0; p < PARTS; p++)
    for (ptrdiff_t e = p; e < count; e += PARTS) {
      lane_part sum = from[e];
      for (int s = 0; s < STAGES; s++)
        sum = part_fma(part[s * PARTS + p], slope[s * count + e], sum);
      to[e] = sum;
    }
}

/* States at theta of the last step, into x. */
static void explicit_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  gm_v8 weight[STAGES];
  explicit_weights(h, theta, weight);
  explicit_blend(r->m->nx, weight, r->w->x, r->w->k, x);
}

/* ---- tangents ------------------------------------------------------------------------------ */
/* States of stage s into the registers, as in the step, and their direction d into w->other. */
static void tangent_argument(const lane_run *r, int s, int32_t d, const gm_v8 *h)
{
  const lane_work *w = r->w;
  ptrdiff_t count = (ptrdiff_t)r->m->nx * PARTS;
  const lane_part *x = (const lane_part *)w->x, *k = (const lane_part *)w->k;
  const lane_part *xd = (const lane_part *)tangent_x(r, d);
  const lane_part *kd = (const lane_part *)tangent_stage(r, d, 0), *step = (const lane_part *)h;
  lane_part *to = (lane_part *)(w->reg + r->m->reg_state), *direction = (lane_part *)w->other;
  for (ptrdiff_t e = 0; e < count; e++) {
    lane_part sum = part_set(0), sumd = part_set(0);
    for (int j = 0; j < s; j++) {
      lane_part a = part_set(tsit_a[s][j]);
      sum = part_fma(a, k[j * count + e], sum);
      sumd = part_fma(a, kd[j * count + e], sumd);
    }
    to[e] = part_fma(step[e % PARTS], sum, x[e]);
    direction[e] = part_fma(step[e % PARTS], sumd, xd[e]);
  }
}

/* Directions of the stages of the step just made, from w->x, w->k and w->xd. */
static void explicit_tangents(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  for (int s = 0; s < STAGES; s++) {
    for (int32_t d = 0; d < r->b->nd; d++) {
      tangent_argument(r, s, d, &h);
      w->reg[0] = v8_fma(v8_set(tsit_c[s]), h, w->t);
      dots_load(r, d, w->other, v8_set(0));
      vm_run(m, w, &m->tangent.rhs);
      gm_v8 *out = tangent_stage(r, d, s);
      for (int32_t i = 0; i < m->nx; i++)
        out[i] = w->reg[m->tangent.rhs_reg[i]] + tangent_rate(r, d)[i];
    }
  }
}

/* More than 1 where a direction of the step just made lies beyond the border of stability, by the
 * estimate of explicit_looks_stiff: where a state has come to rest its own error is 0 for any step,
 * while its direction would grow without bound. */
static gm_v8 explicit_tangents_error(const lane_run *r)
{
  int32_t nx = r->m->nx;
  gm_v8 worst = v8_set(0);
  for (int32_t d = 0; d < r->b->nd; d++) {
    const gm_v8 *kd = tangent_stage(r, d, 0);
    gm_v8 top = v8_set(0), bottom = v8_set(0);
    for (int32_t i = 0; i < nx; i++) {
      gm_v8 x = v8_set(0), f = kd[6 * (ptrdiff_t)nx + i] - kd[5 * (ptrdiff_t)nx + i];
      for (int s = 0; s < STAGES - 1; s++)
        x = v8_fma(v8_set(tsit_a[6][s] - (s < 5 ? tsit_a[5][s] : 0)), kd[(ptrdiff_t)s * nx + i], x);
      top = v8_fma(f, f, top);
      bottom = v8_fma(x, x, bottom); /* (x7 - x6) / h */
    }
    worst = v8_max(worst, top / v8_max(v8_set(3.25 * 3.25) * bottom, v8_set(1e-300)));
  }
  return worst * worst; /* shrinks the step by about the 5/4th root */
}

/* Tangents at theta of the step, [nd][nx], into xd. */
static void explicit_tangents_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *xd)
{
  gm_v8 weight[STAGES];
  int32_t nx = r->m->nx;
  explicit_weights(h, theta, weight);
  for (int32_t d = 0; d < r->b->nd; d++)
    explicit_blend(nx, weight, tangent_x(r, d), tangent_stage(r, d, 0), xd + (ptrdiff_t)d * nx);
}
#endif
