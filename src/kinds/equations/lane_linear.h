/* lane_linear.h - closed form of x' = A(p) x + b(p) + input rates, on lanes.
 *
 * Between two edges x(t0+s) = E(s) x(t0) + integral of E, with E(s) = exp(A s). The exponential is
 * that of the compartment matrix itself, by scaling and squaring of a Taylor polynomial after the
 * shift A + cI >= 0 (c the largest loss rate): for a compartment matrix (no negative off-diagonal)
 * all terms are non-negative, nothing cancels; equal rates (ka = ke) are no special case. 2^s
 * squarings multiply roundings by 2^s, so entries are right to about norm(A) t roundings: members
 * for which that is more than the tolerance are integrated instead (is_spread). Moler & Van Loan,
 * Nineteen dubious ways to compute the exponential of a matrix, SIAM Rev. 45 (2003), methods 2 and
 * 3; shift and non-negativity: Xue & Ye, Numer. Math. 2013 (entrywise accuracy for essentially
 * non-negative matrices). Every sample is computed from the state at the last edge: samples do not
 * influence each other. */
#ifndef GEMEL_EQUATIONS_LANE_LINEAR_H
#define GEMEL_EQUATIONS_LANE_LINEAR_H
#include "kinds/equations/lane_member.h"

/* With norm <= 1/2 the truncated part of each entry is below 1e-17 of it for up to 8 states. */
enum { TAYLOR_DEGREE = 16, SQUARINGS_MAX = 60 };

typedef gm_v8 lane_matrix[LINEAR_STATES_MAX * LINEAR_STATES_MAX];
typedef gm_v8 lane_vector[LINEAR_STATES_MAX];

static void matrix_times(int32_t n, const gm_v8 *restrict a, const gm_v8 *restrict b,
                         gm_v8 *restrict out)
{
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 0; j < n; j++) {
      gm_v8 sum = a[i * n] * b[j];
      for (int32_t k = 1; k < n; k++) sum = v8_fma(a[i * n + k], b[k * n + j], sum);
      out[i * n + j] = sum;
    }
}

static void matrix_vector(int32_t n, const gm_v8 *restrict a, const gm_v8 *restrict v,
                          gm_v8 *restrict out)
{
  for (int32_t i = 0; i < n; i++) {
    gm_v8 sum = a[i * n] * v[0];
    for (int32_t k = 1; k < n; k++) sum = v8_fma(a[i * n + k], v[k], sum);
    out[i] = sum;
  }
}

static double power_of_two(int32_t e)
{
  uint64_t bits = (uint64_t)(e + 1023) << 52;
  double d;
  memcpy(&d, &bits, sizeof d);
  return d;
}

/* How often each lane's matrix is halved: the least s with norm / 2^s <= 1/2. */
static int32_t squarings(gm_v8 norm, int32_t *count)
{
  int32_t most = 0;
  for (int l = 0; l < LANES; l++) {
    int32_t s = 0;
    for (double v = norm[l]; v > 0.5 && s < SQUARINGS_MAX; v *= 0.5) s++;
    count[l] = s;
    if (s > most) most = s;
  }
  return most;
}

/* exp(b) for 0 <= |b| <= 1/2 times factor; Horner with the powers 1..4 (Paterson-Stockmeyer). */
static void taylor_exp(int32_t n, const gm_v8 *b1, gm_v8 factor, gm_v8 *out)
{
  static const double inverse_factorial[TAYLOR_DEGREE + 1] = {1.0,
                                                              1.0,
                                                              1.0 / 2,
                                                              1.0 / 6,
                                                              1.0 / 24,
                                                              1.0 / 120,
                                                              1.0 / 720,
                                                              1.0 / 5040,
                                                              1.0 / 40320,
                                                              1.0 / 362880,
                                                              1.0 / 3628800,
                                                              1.0 / 39916800,
                                                              1.0 / 479001600,
                                                              1.0 / 6227020800.0,
                                                              1.0 / 87178291200.0,
                                                              1.0 / 1307674368000.0,
                                                              1.0 / 20922789888000.0};
  lane_matrix b2, b3, b4, next;
  int32_t nn = n * n;
  matrix_times(n, b1, b1, b2);
  matrix_times(n, b2, b1, b3);
  matrix_times(n, b2, b2, b4);
  for (int32_t i = 0; i < nn; i++) out[i] = v8_set(inverse_factorial[TAYLOR_DEGREE]) * b4[i];
  for (int block = TAYLOR_DEGREE - 4; block >= 0; block -= 4) {
    for (int32_t i = 0; i < nn; i++) {
      gm_v8 p = v8_set(inverse_factorial[block + 3]) * b3[i];
      p = v8_fma(v8_set(inverse_factorial[block + 2]), b2[i], p);
      p = v8_fma(v8_set(inverse_factorial[block + 1]), b1[i], p);
      if (i % (n + 1) == 0) p += v8_set(inverse_factorial[block]);
      out[i] += p;
    }
    if (block == 0) break;
    matrix_times(n, out, b4, next);
    memcpy(out, next, (size_t)nn * sizeof *out);
  }
  for (int32_t i = 0; i < nn; i++) out[i] *= factor;
}

/* integral over [0, h] of exp(A s) b ds for |A h| of order 1: h sum of (A h)^k b / (k+1)! */
static void taylor_integral(int32_t n, const gm_v8 *a, gm_v8 h, const gm_v8 *b, gm_v8 *out)
{
  lane_vector term, next;
  for (int32_t i = 0; i < n; i++) out[i] = term[i] = h * b[i];
  for (int k = 2; k <= TAYLOR_DEGREE + 4; k++) {
    matrix_vector(n, a, term, next);
    gm_v8 scale = h / v8_set(k);
    for (int32_t i = 0; i < n; i++) {
      term[i] = next[i] * scale;
      out[i] += term[i];
    }
  }
}

/* One doubling of the interval: integral = E integral + integral, E = E E; in the lanes of mask. */
static void double_interval(int32_t n, v8i mask, gm_v8 *e, gm_v8 *integral)
{
  lane_matrix square;
  lane_vector moved;
  matrix_vector(n, e, integral, moved);
  for (int32_t i = 0; i < n; i++) integral[i] = v8_blend(mask, moved[i] + integral[i], integral[i]);
  matrix_times(n, e, e, square);
  for (int32_t i = 0; i < n * n; i++) e[i] = v8_blend(mask, square[i], e[i]);
}

/* x at time s after the base state w->x, for all lanes. */
static void linear_flow(const lane_run *r, const gm_v8 *a, const gm_v8 *b, gm_v8 s, gm_v8 *x)
{
  const lane_work *w = r->w;
  int32_t n = r->m->nx, count[LANES];
  gm_v8 shift = v8_set(0), norm = v8_set(0), scale, decay;
  for (int32_t i = 0; i < n; i++) shift = v8_max(shift, -a[i * n + i]);
  for (int32_t i = 0; i < n; i++) {
    gm_v8 row = v8_set(0);
    for (int32_t j = 0; j < n; j++) row += v8_abs(i == j ? a[i * n + j] + shift : a[i * n + j]);
    norm = v8_max(norm, row);
  }
  int32_t most = squarings(v8_max(norm, shift) * s, count);
  for (int l = 0; l < LANES; l++) scale[l] = power_of_two(-count[l]);
  gm_v8 h = s * scale;
  lane_matrix small, e;
  lane_vector integral;
  for (int32_t i = 0; i < n * n; i++) small[i] = (i % (n + 1) == 0 ? a[i] + shift : a[i]) * h;
  gm_v8 exponent = -shift * h;
  r->m->vmath->exp((const double *)&exponent, (double *)&decay);
  taylor_exp(n, small, decay, e);
  taylor_integral(n, a, h, b, integral);
  for (int32_t k = 0; k < most; k++) {
    v8i mask;
    for (int l = 0; l < LANES; l++) mask[l] = k < count[l] ? -1 : 0;
    double_interval(n, mask, e, integral);
  }
  matrix_vector(n, e, w->x, x);
  for (int32_t i = 0; i < n; i++) x[i] += integral[i];
}

/* Where each lane goes next: its next sample before the stop, or the stop. */
static uint32_t linear_targets(const lane_run *r, gm_v8 *target)
{
  lane_work *w = r->w;
  uint32_t sampling = 0;
  *target = w->t;
  for (int l = 0; l < LANES; l++) {
    const lane_slot *s = &w->slot[l];
    if (s->member < 0) continue;
    const gm_span *span = &r->span[s->member];
    (*target)[l] = s->t_stop;
    if (s->sample < span->sample_count && span->sample[s->sample] < s->t_stop) {
      (*target)[l] = span->sample[s->sample];
      sampling |= 1u << l;
    }
  }
  return sampling;
}

static void linear_arrivals(const lane_run *r, uint32_t sampling, const gm_v8 *x)
{
  lane_work *w = r->w;
  for (int l = 0; l < LANES; l++) {
    lane_slot *s = &w->slot[l];
    if (s->member < 0 || (sampling >> l & 1)) continue;
    for (int32_t i = 0; i < r->m->nx; i++) w->x[i][l] = x[i][l];
    w->t[l] = s->t_stop;
    lane_arrive(r, l);
  }
}

/* Is norm(A) times the length of the member's span, in roundings, beyond the tolerance? By its
 * parameters at the beginning. */
static bool is_spread(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  const gm_span *span = &r->span[w->slot[lane].member];
  double norm = 0;
  vm_run(m, w, &m->linear);
  for (int32_t i = 0; i < m->nx; i++) {
    double row = 0;
    for (int32_t j = 0; j < m->nx; j++) row += fabs(w->reg[m->linear_reg[i * m->nx + j]][lane]);
    norm = fmax(norm, row);
  }
  return norm * (span->t1 - span->t0) * 4.4e-16 > m->rtol;
}

static void linear_advance(const lane_machine *m, lane_work *w, const gm_batch *b,
                           const gm_span *span)
{
  lane_run run = {.m = m, .w = w, .b = b, .span = span}, *r = &run;
  int32_t n = m->nx;
  lane_matrix a;
  lane_vector input, x;
  if (!lanes_begin(r)) return;
  while (lanes_active(w)) {
    gm_v8 target;
    uint32_t sampling = linear_targets(r, &target);
    vm_run(m, w, &m->linear);
    for (int32_t i = 0; i < n * n; i++) a[i] = w->reg[m->linear_reg[i]];
    for (int32_t i = 0; i < n; i++) input[i] = w->reg[m->linear_reg[n * n + i]] + w->rate[i];
    linear_flow(r, a, input, target - w->t, x);
    if (sampling) samples_write(r, sampling, x, NULL, target);
    linear_arrivals(r, sampling, x);
  }
}
#endif
