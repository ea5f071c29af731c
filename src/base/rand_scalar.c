/* rand_scalar.c - the block function, and the distributions that need several draws.
 *
 * A rejection loop asks for attempt 0, 1, 2, ... of one meaning: the attempt stands in the top
 * byte of the counter's third word, which gm_kind_draw leaves empty. Every method accepts with
 * probability above 0.7, so that 256 attempts fail about once in 10^133. */
#include "base/rand_block.h"
#include "gemel/math.h"
#include <assert.h>
#include <math.h>

/* The library's header is meant for all compilers and not free of warnings of every one. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wundef"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#include <Random123/threefry.h>
#pragma GCC diagnostic pop

enum { ATTEMPT_MAX = 256 };
static const double mean_inverted = 30, count_max = 1e15;

void gm__block(gm_key key, gm__counter c, uint64_t out[4])
{
  threefry4x64_ctr_t in = {{c.v[0], c.v[1], c.v[2], c.v[3]}};
  threefry4x64_key_t k = {{key.v[0], key.v[1], key.v[2], key.v[3]}};
  threefry4x64_ctr_t r = threefry4x64_R(20, in, k);
  for (int i = 0; i < 4; i++) out[i] = r.v[i];
}

typedef struct {
  gm_key key;
  gm__counter counter;
} meaning;

static meaning meaning_make(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw,
                            uint64_t index)
{
  assert(kind_draw >> 56 == 0);
  return (meaning){key, {{slot, entity, kind_draw, index}}};
}

static void attempt4(const meaning *m, int attempt, double u[4])
{
  uint64_t x[4];
  gm__counter c = m->counter;
  c.v[2] |= (uint64_t)attempt << 56;
  gm__block(m->key, c, x);
  for (int i = 0; i < 4; i++) u[i] = gm__unit(x[i]);
}

/* Marsaglia & Tsang 2000, section 3, for shape >= 1. u[0] makes the normal, u[1] decides. */
static double gamma_large(const meaning *m, double shape)
{
  double d = shape - 1.0 / 3, c = 1 / gm_sqrt(9 * d), u[4];
  for (int a = 0; a < ATTEMPT_MAX; a++) {
    attempt4(m, a, u);
    double x = gm_norm_quantile(u[0]), w = 1 + c * x, v = w * w * w;
    if (w <= 0) continue;
    if (gm_ln(u[1]) < 0.5 * x * x + d * (1 - v + gm_ln(v))) return d * v;
  }
  return shape;
}

double gm_gamma(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                double shape)
{
  if (!(shape > 0 && isfinite(shape))) return gm_ln(-1); /* GM_NAN_BITS */
  meaning m = meaning_make(key, slot, entity, kind_draw, index);
  if (shape >= 1) return gamma_large(&m, shape);
  double u[4]; /* the third number of attempt 0: no other use */
  attempt4(&m, 0, u);
  return gamma_large(&m, shape + 1) * gm_pow(u[2], 1 / shape); /* their section 6 */
}

/* log(k!) - (k + 1/2) log k + k - log(sqrt(2 pi)), k >= 1: Stirling's remainder (Loader, Fast and
 * accurate computation of binomial probabilities, 2000). The series is good to 1e-16 from 16 on. */
static double stirling_rest(double k)
{
  if (k < 16) return gm_lgamma(k + 1) - (k + 0.5) * gm_ln(k) + k - 0.91893853320467274178;
  double q = 1 / (k * k);
  double s = fma(-q, 1.0 / 1188, 1.0 / 1680);
  return fma(-q, fma(-q, fma(-q, s, 1.0 / 1260), 1.0 / 360), 1.0 / 12) / k;
}

/* Loader's deviance x log(x/m) + m - x, without cancellation when x is near m. */
static double deviance(double x, double m)
{
  double e = (x - m) / (x + m);
  if (fabs(e) >= 0.1) return x * gm_ln(x / m) + m - x;
  /* log(x/m) = 2 atanh e, hence x log(x/m) - (x - m) = e (x - m) + 2 x (e^3/3 + e^5/5 + ...) */
  double q = e * e, s = 0;
  for (int k = 8; k > 0; k--) s = fma(s, q, 1.0 / (2 * k + 1));
  return e * (x - m) + 2 * x * e * q * s;
}

static double log_poisson(double k, double mean)
{
  if (k == 0) return -mean;
  return -stirling_rest(k) - deviance(k, mean) - 0.5 * gm_ln(6.283185307179586477 * k);
}

/* Hoermann's PTRS, mean >= 10. */
static int64_t poisson_large(const meaning *m, double mean)
{
  double root = gm_sqrt(mean), b = 0.931 + 2.53 * root, a = -0.059 + 0.02483 * b;
  double scale = 1.1239 + 1.1328 / (b - 3.4), safe = 0.9277 - 3.6224 / (b - 2), w[4];
  for (int i = 0; i < ATTEMPT_MAX; i++) {
    attempt4(m, i, w);
    double u = w[0] - 0.5, v = w[1], us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + mean + 0.43);
    if (us >= 0.07 && v <= safe) return (int64_t)k;
    if (k < 0 || (us < 0.013 && v > us)) continue;
    if (gm_ln(v * scale / (a / (us * us) + b)) <= log_poisson(k, mean)) return (int64_t)k;
  }
  return (int64_t)mean;
}

int64_t gm_poisson(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                   double mean)
{
  if (!(mean >= 0 && mean <= count_max)) return -1;
  meaning m = meaning_make(key, slot, entity, kind_draw, index);
  if (mean >= mean_inverted) return poisson_large(&m, mean);
  double u[4], p = gm_exp(-mean), sum = p;
  attempt4(&m, 0, u);
  int64_t k = 0;
  while (u[0] > sum && p > 0) { /* p > 0: the sum may stay below the largest u by rounding */
    k++;
    p *= mean / (double)k;
    sum += p;
  }
  return k;
}

static double log_binomial(double k, double n, double p)
{
  if (k == 0) return n * gm_log1p(-p);
  if (k == n) return n * gm_ln(p);
  double rest = stirling_rest(n) - stirling_rest(k) - stirling_rest(n - k);
  return rest - deviance(k, n * p) - deviance(n - k, n * (1 - p)) +
         0.5 * gm_ln(n / (6.283185307179586477 * k * (n - k)));
}

/* Hoermann's BTRS, n p >= 10, p <= 1/2. */
static int64_t binomial_large(const meaning *m, double n, double p)
{
  double spread = gm_sqrt(n * p * (1 - p)), b = 1.15 + 2.53 * spread;
  double a = -0.0873 + 0.0248 * b + 0.01 * p, safe = 0.92 - 4.2 / b;
  double scale = (2.83 + 5.1 / b) * spread, w[4];
  double top = log_binomial(floor((n + 1) * p), n, p);
  for (int i = 0; i < ATTEMPT_MAX; i++) {
    attempt4(m, i, w);
    double u = w[0] - 0.5, v = w[1], us = 0.5 - fabs(u);
    double k = floor((2 * a / us + b) * u + n * p + 0.5);
    if (k < 0 || k > n) continue;
    if (us >= 0.07 && v <= safe) return (int64_t)k;
    if (gm_ln(v * scale / (a / (us * us) + b)) <= log_binomial(k, n, p) - top) return (int64_t)k;
  }
  return (int64_t)(n * p);
}

static int64_t binomial_small(const meaning *m, double n, double p)
{
  double u[4], q = gm_exp(n * gm_log1p(-p)), odds = p / (1 - p), sum = q;
  attempt4(m, 0, u);
  double k = 0;
  while (u[0] > sum && k < n && q > 0) {
    k++;
    q *= odds * ((n - k + 1) / k);
    sum += q;
  }
  return (int64_t)k;
}

int64_t gm_binomial(gm_key key, uint64_t slot, uint64_t entity, uint64_t kind_draw, uint64_t index,
                    int64_t n, double p)
{
  if (n < 0 || (double)n > count_max || !(p >= 0 && p <= 1)) return -1;
  meaning m = meaning_make(key, slot, entity, kind_draw, index);
  double small = p <= 0.5 ? p : 1 - p;
  int64_t k = (double)n * small < mean_inverted ? binomial_small(&m, (double)n, small)
                                                : binomial_large(&m, (double)n, small);
  return p <= 0.5 ? k : n - k;
}
