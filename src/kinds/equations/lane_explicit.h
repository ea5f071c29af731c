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
  delays_load(r, w->active);
  vm_run(m, w, &m->rhs);
  for (int32_t i = 0; i < m->nx; i++) k[i] = w->reg[m->rhs_reg[i]] + w->rate[i];
}

/* sqrt(mean over states of (v/scale)^2), lane by lane */
static gm_v8 scaled_norm(const lane_machine *m, const gm_v8 *v, const gm_v8 *scale)
{
  gm_v8 sum = v8_set(0), root;
  for (int32_t i = 0; i < m->nx; i++) {
    gm_v8 q = v[i] / scale[i];
    sum = v8_fma(q, q, sum);
  }
  sum /= v8_set(m->nx ? m->nx : 1);
  m->vmath->sqrt((const double *)&sum, (double *)&root);
  return root;
}

static gm_v8 power(const gm_vmath *f, gm_v8 a, double exponent)
{
  gm_v8 e = v8_set(exponent), r;
  f->pow((const double *)&a, (const double *)&e, (double *)&r);
  return r;
}

static v8i restart_mask(const lane_work *w, uint8_t least)
{
  v8i mask;
  for (int l = 0; l < LANES; l++) mask[l] = w->restart[l] >= least ? -1 : 0;
  return mask;
}

/* First slopes and first step of the lanes that begin anew (Hairer et al., II.4, algorithm for the
 * starting step size), without touching the others. */
static void lanes_restart(const lane_run *r)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  v8i mask = restart_mask(w, LANE_RESTART_SLOPES), anew = restart_mask(w, LANE_RESTART_NEW);
  int32_t nx = m->nx;
  gm_v8 *k1 = w->k, *f0 = w->k + nx, *f1 = w->k + 2 * (ptrdiff_t)nx;
  gm_v8 rtol = v8_set(m->rtol), atol = v8_set(m->atol);
  bool any = false;
  state_to_registers(m, w, w->x);
  slopes(r, w->t, f0);
  for (int32_t i = 0; i < nx; i++) {
    k1[i] = v8_blend(mask, f0[i], k1[i]);
    w->scale[i] = v8_fma(rtol, v8_abs(w->x[i]), atol);
  }
  for (int l = 0; l < LANES; l++) {
    any = any || w->restart[l] == LANE_RESTART_NEW;
    w->restart[l] = LANE_RESTART_NONE;
  }
  if (!any) return;
  gm_v8 d0 = scaled_norm(m, w->x, w->scale), d1 = scaled_norm(m, f0, w->scale);
  v8i small = (d0 < v8_set(1e-5)) | (d1 < v8_set(1e-5));
  gm_v8 h0 = v8_blend(small, v8_set(1e-6), v8_set(0.01) * d0 / d1);
  for (int32_t i = 0; i < nx; i++) w->reg[m->reg_state + i] = v8_fma(h0, f0[i], w->x[i]);
  slopes(r, w->t + h0, f1);
  for (int32_t i = 0; i < nx; i++) f1[i] -= f0[i];
  gm_v8 d2 = scaled_norm(m, f1, w->scale) / h0;
  gm_v8 steepest = v8_max(d1, d2);
  gm_v8 h1 = power(m->vmath, v8_set(0.01) / v8_max(steepest, v8_set(1e-15)), 0.2);
  h1 = v8_blend(steepest <= v8_set(1e-15), v8_max(v8_set(1e-6), h0 * v8_set(1e-3)), h1);
  gm_v8 h = v8_min(v8_set(100) * h0, h1);
  w->h = v8_blend(anew, h, w->h);
  w->error_last = v8_blend(anew, v8_set(1e-4), w->error_last);
}

/* One attempt on every lane: w->x_new, k[6], w->probe (states of the sixth stage), and the scaled
 * error. */
static gm_v8 explicit_step(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t nx = m->nx;
  for (int s = 1; s < STAGES; s++) {
    for (int32_t i = 0; i < nx; i++) {
      gm_v8 sum = v8_set(tsit_a[s][0]) * w->k[i];
      for (int j = 1; j < s; j++)
        sum = v8_fma(v8_set(tsit_a[s][j]), w->k[(ptrdiff_t)j * nx + i], sum);
      w->reg[m->reg_state + i] = v8_fma(h, sum, w->x[i]);
    }
    if (s >= STAGES - 2) /* the last but one is kept for the estimate of stiffness */
      memcpy(s == STAGES - 1 ? w->x_new : w->probe, w->reg + m->reg_state,
             (size_t)nx * sizeof *w->x);
    slopes(r, v8_fma(v8_set(tsit_c[s]), h, w->t), w->k + (ptrdiff_t)s * nx);
  }
  gm_v8 sum = v8_set(0), root;
  gm_v8 rtol = v8_set(m->rtol), atol = v8_set(m->atol);
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 e = v8_set(tsit_error[0]) * w->k[i];
    for (int j = 1; j < STAGES; j++)
      e = v8_fma(v8_set(tsit_error[j]), w->k[(ptrdiff_t)j * nx + i], e);
    gm_v8 scale = v8_fma(rtol, v8_max(v8_abs(w->x[i]), v8_abs(w->x_new[i])), atol);
    gm_v8 q = h * e / scale;
    sum = v8_fma(q, q, sum);
  }
  sum /= v8_set(nx ? nx : 1);
  m->vmath->sqrt((const double *)&sum, (double *)&root);
  return root;
}

/* Does h times the size of the largest eigenvalue reach the border of stability? The estimate is
 * |f(g7) - f(g6)| / |g7 - g6| at the two stages at t + h (Hairer & Wanner, Solving ODE II, IV.2). */
static v8i explicit_looks_stiff(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  const lane_work *w = r->w;
  int32_t nx = m->nx;
  gm_v8 top = v8_set(0), bottom = v8_set(0);
  const gm_v8 *k6 = w->k + 5 * (ptrdiff_t)nx, *k7 = k6 + nx;
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 f = k7[i] - k6[i], x = w->x_new[i] - w->probe[i];
    top = v8_fma(f, f, top);
    bottom = v8_fma(x, x, bottom);
  }
  gm_v8 border = v8_set(3.25 * 3.25);
  return h * h * top > border * bottom;
}

/* Weights of the stages at theta of a step h. */
static void explicit_weights(gm_v8 h, gm_v8 theta, gm_v8 weight[STAGES])
{
  for (int s = 0; s < STAGES; s++) {
    gm_v8 p = v8_set(tsit_dense[s][3]);
    for (int j = 2; j >= 0; j--) p = v8_fma(p, theta, v8_set(tsit_dense[s][j]));
    weight[s] = p * theta * h;
  }
}

/* start + weighted stages, stage s of value i at k[s*nx + i] */
static void explicit_blend(int32_t nx, const gm_v8 weight[STAGES], const gm_v8 *start,
                           const gm_v8 *k, gm_v8 *x)
{
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 sum = start[i];
    for (int s = 0; s < STAGES; s++) sum = v8_fma(weight[s], k[(ptrdiff_t)s * nx + i], sum);
    x[i] = sum;
  }
}

/* States at theta of the last step, into x. */
static void explicit_dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  gm_v8 weight[STAGES];
  explicit_weights(h, theta, weight);
  explicit_blend(r->m->nx, weight, r->w->x, r->w->k, x);
}

/* ---- tangents ---------------------------------------------------------------------------------- */
/* Directions of the stages of the step just made, from w->x, w->k and w->xd. */
static void explicit_tangents(const lane_run *r, gm_v8 h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  int32_t nx = m->nx;
  for (int s = 0; s < STAGES; s++) {
    for (int32_t d = 0; d < r->b->nd; d++) {
      const gm_v8 *xd = tangent_x(r, d), *kd = tangent_stage(r, d, 0);
      for (int32_t i = 0; i < nx; i++) {
        gm_v8 sum = v8_set(0), sumd = v8_set(0);
        for (int j = 0; j < s; j++) {
          gm_v8 a = v8_set(tsit_a[s][j]);
          sum = v8_fma(a, w->k[(ptrdiff_t)j * nx + i], sum);
          sumd = v8_fma(a, kd[(ptrdiff_t)j * nx + i], sumd);
        }
        w->reg[m->reg_state + i] = v8_fma(h, sum, w->x[i]);
        w->other[i] = v8_fma(h, sumd, xd[i]);
      }
      w->reg[0] = v8_fma(v8_set(tsit_c[s]), h, w->t);
      dots_load(r, d, w->other, v8_set(0));
      vm_run(m, w, &m->tangent.rhs);
      gm_v8 *out = tangent_stage(r, d, s);
      for (int32_t i = 0; i < nx; i++)
        out[i] = w->reg[m->tangent.rhs_reg[i]] + tangent_rate(r, d)[i];
    }
  }
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
