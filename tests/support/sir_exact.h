/* sir_exact.h - the closed stochastic SIR epidemic of 50 people, solved by enumeration.
 *
 * S0 = 47, I0 = 3; S + I -> 2 I at rate beta S I / N, I -> R at gamma I; tests of a day find
 * Binomial(I, rho) of the infectious. The law of (S, I) lives on 1,320 states and moves by
 * uniformisation (Jensen 1953; Grassmann 1977), so likelihood and forecast are exact to rounding.
 * Times in days, rates per day. A law is p[SIR_STATES]. No state, no allocation. */
#ifndef GEMEL_TESTS_SIR_EXACT_H
#define GEMEL_TESTS_SIR_EXACT_H
#include "gemel/rand.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SIR_N = 50, SIR_S0 = 47, SIR_I0 = 3, SIR_STATES = 1320, SIR_DAYS = 20 };

/* The tests of days 1 to 20: drawn once from beta 0.9, gamma 0.3, rho 0.6 and kept as data. */
static const int32_t sir_tests[SIR_DAYS] = {6, 5, 12, 10, 6, 9, 7, 4, 6, 3,
                                            2, 2, 1,  1,  1, 0, 0, 0, 0, 0};

/* Place of (s, i): s in 0..47, i in 0..50-s; rows of ever fewer i. */
static inline int32_t sir_index(int32_t s, int32_t i)
{
  return s * (SIR_N + 1) - s * (s - 1) / 2 + i;
}

static inline void sir_start(double *p)
{
  memset(p, 0, SIR_STATES * sizeof *p);
  p[sir_index(SIR_S0, SIR_I0)] = 1;
}

static inline double sir_rate_max(const double *p, double beta, double gamma)
{
  int32_t s_max = 0, out_min = SIR_N; /* out: neither susceptible nor infectious, never falls */
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++)
      if (p[sir_index(s, i)] > 0) {
        s_max = s;
        if (SIR_N - s - i < out_min) out_min = SIR_N - s - i;
      }
  double most = 0;
  for (int32_t s = 0; s <= s_max; s++)
    for (int32_t i = 0; i <= SIR_N - s - out_min; i++)
      most = fmax(most, beta * s * i / SIR_N + gamma * i);
  return most;
}

/* One jump of the uniformised chain: q = p (I + Q / rate). */
static inline void sir_jump(const double *p, double beta, double gamma, double rate, double *q)
{
  double infect = beta / SIR_N / rate, heal = gamma / rate;
  memset(q, 0, SIR_STATES * sizeof *q);
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) {
      double mass = p[sir_index(s, i)];
      if (mass == 0) continue;
      double a = infect * s * i, b = heal * i;
      q[sir_index(s, i)] += mass * (1 - a - b);
      if (a > 0) q[sir_index(s - 1, i + 1)] += mass * a;
      if (b > 0) q[sir_index(s, i - 1)] += mass * b;
    }
}

/* The law `days` later. beta, gamma >= 0. */
static inline void sir_advance(double *p, double beta, double gamma, double days)
{
  double q[SIR_STATES], sum[SIR_STATES], rate = sir_rate_max(p, beta, gamma);
  if (!(rate > 0) || !(days > 0)) return;
  /* stretches of at most 200 expected jumps keep exp(-mean) far from underflow */
  int32_t pieces = (int32_t)ceil(rate * days / 200);
  double mean = rate * days / pieces;
  for (int32_t piece = 0; piece < pieces; piece++) {
    double weight = exp(-mean), left = 1 - weight;
    for (int32_t k = 0; k < SIR_STATES; k++) sum[k] = weight * p[k];
    /* past the mean the tail is below weight / (1 - mean / j): stop once it cannot be seen */
    for (int32_t j = 1; left > 1e-16 && (j < mean + 10 || weight > 1e-18); j++) {
      sir_jump(p, beta, gamma, rate, q);
      memcpy(p, q, sizeof q);
      weight *= mean / j;
      left -= weight;
      for (int32_t k = 0; k < SIR_STATES; k++) sum[k] += weight * p[k];
    }
    memcpy(p, sum, sizeof sum);
  }
}

/* n over k by lgamma: n <= 50. */
static inline double sir_binomial(int32_t n, int32_t k, double rho)
{
  if (k < 0 || k > n) return 0;
  if (rho <= 0 || rho >= 1) return k == (rho <= 0 ? 0 : n);
  return exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(rho) +
             (n - k) * log1p(-rho));
}

/* The law given that y were found; returns ln P(y), -inf (and p untouched) if it is impossible. */
static inline double sir_update(double *p, int32_t y, double rho)
{
  double pmf[SIR_N + 1], total = 0;
  for (int32_t i = 0; i <= SIR_N; i++) pmf[i] = sir_binomial(i, y, rho);
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) total += p[sir_index(s, i)] * pmf[i];
  if (!(total > 0)) return -INFINITY;
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) p[sir_index(s, i)] *= pmf[i] / total;
  return log(total);
}

/* ln P(y_1 ... y_days) of tests on days 1, 2, ...; p[SIR_STATES] (may be NULL): the filter's law
 * after the last of them. */
static inline double sir_loglik(int32_t days, const int32_t *y, double beta, double gamma,
                                double rho, double *p)
{
  double law[SIR_STATES], ll = 0;
  sir_start(law);
  for (int32_t d = 0; d < days && ll > -INFINITY; d++) {
    sir_advance(law, beta, gamma, 1);
    ll += sir_update(law, y[d], rho);
  }
  if (p) memcpy(p, law, sizeof law);
  return ll;
}

static inline void sir_mean(const double *p, double *s_mean, double *i_mean)
{
  *s_mean = *i_mean = 0;
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) {
      *s_mean += s * p[sir_index(s, i)];
      *i_mean += i * p[sir_index(s, i)];
    }
}

/* law[51]: P(I = i). */
static inline void sir_law_infectious(const double *p, double *law)
{
  memset(law, 0, (SIR_N + 1) * sizeof *law);
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) law[i] += p[sir_index(s, i)];
}

/* law[51]: P(new infections = k), k = S0 - S. */
static inline void sir_law_infections(const double *p, double *law)
{
  memset(law, 0, (SIR_N + 1) * sizeof *law);
  for (int32_t s = 0; s <= SIR_S0; s++)
    for (int32_t i = 0; i <= SIR_N - s; i++) law[SIR_S0 - s] += p[sir_index(s, i)];
}

/* found[51]: P(y) of a day's tests, for a law of the infectious. */
static inline void sir_law_tests(const double *infectious, double rho, double *found)
{
  for (int32_t y = 0; y <= SIR_N; y++) {
    found[y] = 0;
    for (int32_t i = y; i <= SIR_N; i++) found[y] += infectious[i] * sir_binomial(i, y, rho);
  }
}

/* CRPS of a law on 0..50 at y: sum over k of (F(k) - [y <= k])^2. */
static inline double sir_crps(const double *law, int32_t y)
{
  double f = 0, sum = 0;
  for (int32_t k = 0; k <= SIR_N; k++) {
    f += law[k];
    sum += (f - (y <= k)) * (f - (y <= k));
  }
  return sum;
}

/* Gillespie's direct method from (*s, *i) over `days`. The draws are a pure function of (key, slot,
 * draw): a particle takes the number of its day as draw. */
static inline void sir_walk(gm_key key, uint64_t slot, uint32_t draw, double beta, double gamma,
                            double days, int32_t *s, int32_t *i)
{
  double t = 0;
  for (uint64_t k = 0; *i > 0; k++) {
    double u[4], infect = beta * *s * *i / SIR_N, heal = gamma * *i;
    gm_uniform4(key, slot, 0, gm_kind_draw(0, draw), k, u);
    t += -log(u[0]) / (infect + heal);
    if (t > days) return;
    bool infection = u[1] * (infect + heal) < infect;
    *s -= infection;
    *i += infection ? 1 : -1;
  }
}

/* One path from the start: new infections by `days`; *s_out and *i_out (may be NULL) then. */
static inline int32_t sir_gillespie(gm_key key, uint64_t slot, double beta, double gamma,
                                    double days, int32_t *s_out, int32_t *i_out)
{
  int32_t s = SIR_S0, i = SIR_I0;
  sir_walk(key, slot, 0, beta, gamma, days, &s, &i);
  if (s_out) *s_out = s;
  if (i_out) *i_out = i;
  return SIR_S0 - s;
}
#endif
