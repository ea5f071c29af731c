/* lane_explicit.h - Tsit5 on lanes: own step, own time, own events, dense output.
 *
 * Method: Ch. Tsitouras, Runge-Kutta pairs of order 5(4) satisfying only the first column
 * simplifying assumption, Comput. Math. Appl. 62 (2011) 770-775; coefficients of the pair and of
 * its free interpolant of order 4 as printed there. Step control: PI controller and first step
 * after
 * Hairer, Norsett & Wanner, Solving ODE I (1993), sections II.4 and IV.2. */
#ifndef GEMEL_EQUATIONS_LANE_EXPLICIT_H
#define GEMEL_EQUATIONS_LANE_EXPLICIT_H
#include "kinds/equations/lane_member.h"

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
static void slopes(const lane_machine *m, lane_work *w, gm_v8 t, gm_v8 *k)
{
  w->reg[0] = t;
  vm_run(&m->rhs, m->vmath, w->reg);
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

static v8i restart_mask(const lane_work *w)
{
  v8i mask;
  for (int l = 0; l < LANES; l++) mask[l] = w->restart[l] ? -1 : 0;
  return mask;
}

/* First slopes and first step of the lanes that begin anew (Hairer et al., II.4, algorithm for the
 * starting step size), without touching the others. */
static void lanes_restart(const lane_run *r)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  v8i mask = restart_mask(w);
  int32_t nx = m->nx;
  gm_v8 *k1 = w->k, *f0 = w->k + nx, *f1 = w->k + 2 * (ptrdiff_t)nx;
  gm_v8 rtol = v8_set(m->rtol), atol = v8_set(m->atol);
  state_to_registers(m, w, w->x);
  slopes(m, w, w->t, f0);
  for (int32_t i = 0; i < nx; i++) {
    k1[i] = v8_blend(mask, f0[i], k1[i]);
    w->scale[i] = v8_fma(rtol, v8_abs(w->x[i]), atol);
  }
  gm_v8 d0 = scaled_norm(m, w->x, w->scale), d1 = scaled_norm(m, f0, w->scale);
  v8i small = (d0 < v8_set(1e-5)) | (d1 < v8_set(1e-5));
  gm_v8 h0 = v8_blend(small, v8_set(1e-6), v8_set(0.01) * d0 / d1);
  for (int32_t i = 0; i < nx; i++) w->reg[m->reg_state + i] = v8_fma(h0, f0[i], w->x[i]);
  slopes(m, w, w->t + h0, f1);
  for (int32_t i = 0; i < nx; i++) f1[i] -= f0[i];
  gm_v8 d2 = scaled_norm(m, f1, w->scale) / h0;
  gm_v8 steepest = v8_max(d1, d2);
  gm_v8 h1 = power(m->vmath, v8_set(0.01) / v8_max(steepest, v8_set(1e-15)), 0.2);
  h1 = v8_blend(steepest <= v8_set(1e-15), v8_max(v8_set(1e-6), h0 * v8_set(1e-3)), h1);
  gm_v8 h = v8_min(v8_set(100) * h0, h1);
  w->h = v8_blend(mask, h, w->h);
  w->error_last = v8_blend(mask, v8_set(1e-4), w->error_last);
  for (int l = 0; l < LANES; l++) w->restart[l] = false;
}

/* One attempt on every lane: w->x_new, k[6], and the scaled error. */
static gm_v8 lanes_step(const lane_run *r, gm_v8 h)
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
    if (s == STAGES - 1)
      for (int32_t i = 0; i < nx; i++) w->x_new[i] = w->reg[m->reg_state + i];
    slopes(m, w, v8_fma(v8_set(tsit_c[s]), h, w->t), w->k + (ptrdiff_t)s * nx);
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

/* States at theta of the last step, into x. */
static void dense(const lane_run *r, gm_v8 h, gm_v8 theta, gm_v8 *x)
{
  const lane_work *w = r->w;
  int32_t nx = r->m->nx;
  gm_v8 weight[STAGES];
  for (int s = 0; s < STAGES; s++) {
    gm_v8 p = v8_set(tsit_dense[s][3]);
    for (int j = 2; j >= 0; j--) p = v8_fma(p, theta, v8_set(tsit_dense[s][j]));
    weight[s] = p * theta * h;
  }
  for (int32_t i = 0; i < nx; i++) {
    gm_v8 sum = w->x[i];
    for (int s = 0; s < STAGES; s++) sum = v8_fma(weight[s], w->k[(ptrdiff_t)s * nx + i], sum);
    x[i] = sum;
  }
}

/* All samples that the accepted steps went over, except those at a stop. */
static void lanes_samples(const lane_run *r, uint32_t accepted, gm_v8 h, gm_v8 t_new)
{
  lane_work *w = r->w;
  gm_v8 *x = w->scale; /* free here */
  for (;;) {
    uint32_t mask = 0;
    gm_v8 t = w->t;
    for (int l = 0; l < LANES; l++) {
      if (!(accepted >> l & 1)) continue;
      const lane_slot *s = &w->slot[l];
      const gm_span *span = &r->span[s->member];
      if (s->sample >= span->sample_count) continue;
      double at = span->sample[s->sample];
      if (at > t_new[l] || at >= s->t_stop) continue;
      t[l] = at;
      mask |= 1u << l;
    }
    if (!mask) return;
    gm_v8 theta = v8_blend(h > v8_set(0), (t - w->t) / h, v8_set(0));
    dense(r, h, theta, x);
    samples_write(r, mask, x, t);
  }
}

/* New step sizes: PI controller with the exponents 0.7/5 and 0.4/5, growth within [0.2, 10]. */
static void steps_choose(const lane_run *r, gm_v8 h, gm_v8 error, v8i ok)
{
  lane_work *w = r->w;
  const gm_vmath *f = r->m->vmath;
  gm_v8 e = v8_max(v8_min(error, v8_set(1e10)), v8_set(1e-10));
  e = v8_blend(error == error, e, v8_set(1e10));
  gm_v8 grow = v8_set(0.9) * power(f, e, -0.14) * power(f, w->error_last, 0.08);
  grow = v8_min(v8_max(grow, v8_set(0.2)), v8_set(10));
  gm_v8 shrink = v8_max(v8_set(0.9) * power(f, e, -0.2), v8_set(0.1));
  w->h = v8_blend(ok, h * grow, h * shrink);
  w->error_last = v8_blend(ok, v8_max(e, v8_set(1e-4)), w->error_last);
}

/* Ends members whose step has vanished or that used up their steps. */
static void lane_refuse(const lane_run *r, int lane)
{
  lane_work *w = r->w;
  lane_slot *s = &w->slot[lane];
  double smallest = 4 * 2.220446049250313e-16 * fmax(fabs(w->t[lane]), 1e-100);
  if (!(w->h[lane] > smallest))
    lane_store(r, lane, GM_MEMBER_DIVERGED);
  else if (s->steps >= r->m->step_max)
    lane_store(r, lane, GM_MEMBER_STEPS);
  else
    return;
  lane_refill(r, lane);
}

/* Takes over accepted steps, then lets every lane that reached its stop go on from there. */
static void lanes_move(const lane_run *r, uint32_t accepted, v8i ok, gm_v8 t_new)
{
  lane_work *w = r->w;
  int32_t nx = r->m->nx;
  for (int32_t i = 0; i < nx; i++) {
    w->x[i] = v8_blend(ok, w->x_new[i], w->x[i]);
    w->k[i] = v8_blend(ok, w->k[(STAGES - 1) * (ptrdiff_t)nx + i], w->k[i]);
  }
  w->t = v8_blend(ok, t_new, w->t);
  for (int l = 0; l < LANES; l++) {
    if (w->slot[l].member < 0) continue;
    w->slot[l].steps++;
    if ((accepted >> l & 1) && w->t[l] >= w->slot[l].t_stop) {
      lane_arrive(r, l);
      continue;
    }
    lane_refuse(r, l);
  }
}

static void explicit_advance(const lane_machine *m, lane_work *w, const gm_batch *b,
                             const gm_span *span)
{
  lane_run run = {m, w, b, span}, *r = &run;
  if (!lanes_begin(r)) return;
  while (lanes_active(w)) {
    bool any = false;
    for (int l = 0; l < LANES; l++) any = any || w->restart[l];
    if (any) lanes_restart(r);
    gm_v8 t_stop = w->t;
    v8i busy;
    for (int l = 0; l < LANES; l++) {
      busy[l] = w->slot[l].member >= 0 ? -1 : 0;
      if (busy[l]) t_stop[l] = w->slot[l].t_stop;
    }
    gm_v8 left = t_stop - w->t;
    v8i lands = w->h >= left * v8_set(0.99); /* no tiny last step */
    gm_v8 h = v8_blend(lands, left, w->h);
    gm_v8 t_new = v8_blend(lands, t_stop, w->t + h);
    gm_v8 error = lanes_step(r, h);
    v8i ok = (error <= v8_set(1.0)) & busy;
    uint32_t accepted = 0;
    for (int l = 0; l < LANES; l++) accepted |= ok[l] ? 1u << l : 0;
    lanes_samples(r, accepted, h, t_new);
    steps_choose(r, h, error, ok);
    lanes_move(r, accepted, ok, t_new);
  }
}
#endif
