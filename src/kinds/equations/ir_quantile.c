/* ir_quantile.c - quantiles of one uniform number, for draws inside models.
 *
 * The density terms x^a e^-x / gamma(a+1) and their binomial kin are formed by C. Loader's saddle
 * point expansion ("Fast and accurate computation of binomial probabilities", 2000), which does not
 * cancel for large parameters. Sums around them are the series and continued fractions of the
 * Digital Library of Mathematical Functions (DLMF), 8.7.1, 8.9.2 and 8.17.22. Only gm_ functions:
 * members draw with these. */
#include "kinds/equations/ir_quantile.h"
#include "gemel/math.h"
#include "kinds/equations/ir.h"
#include <math.h>
#include <stdint.h>

static const double two_pi = 6.283185307179586477;
static const double gamma_large = 1e6;  /* from here on the expansion in 1/sqrt(shape) is exact */
static const double count_large = 1e10; /* and from here on for counts: to within one count */
enum { TERMS_MAX = 20000000 };          /* never reached below count_large */
static const double tiny = 1e-300, precise = 1e-17;

/* ---- density terms --------------------------------------------------------------------------- */
/* log(n!) less Stirling's leading terms; the series is DLMF 5.11.1. */
static double stirling_rest(double n)
{
  if (n <= 15) return gm_lgamma(n + 1) - (n + 0.5) * gm_ln(n) + n - 0.918938533204672742;
  double s = 1 / (n * n);
  double v = 1.0 / 1680 - s * (1.0 / 1188 - s * 691.0 / 360360);
  return (1.0 / 12 - s * (1.0 / 360 - s * (1.0 / 1260 - s * v))) / n;
}

/* x log(x/m) + m - x >= 0, without loss for x near m. */
static double deviance(double x, double m)
{
  double d = x - m;
  if (fabs(d) >= 0.1 * (x + m)) return x * gm_ln(x / m) + m - x;
  double v = d / (x + m), sum = d * v, term = 2 * x * v;
  for (int j = 1; j < 1000; j++) {
    term *= v * v;
    double next = sum + term / (2 * j + 1);
    if (next == sum) break;
    sum = next;
  }
  return sum;
}

/* x^a e^-x / gamma(a + 1), a >= 0, x > 0 */
static double poisson_term(double a, double x)
{
  if (a == 0) return gm_exp(-x);
  if (a < 1) return gm_exp(a * gm_ln(x) - x - gm_lgamma(a + 1));
  return gm_exp(-stirling_rest(a) - deviance(a, x)) / gm_sqrt(two_pi * a);
}

/* P(X = k) of the binomial distribution, 0 <= k <= n, 0 < p < 1 */
static double binomial_term(double k, double n, double p)
{
  if (k == 0) return gm_exp(n * gm_log1p(-p));
  if (k == n) return gm_exp(n * gm_ln(p));
  double log_term = stirling_rest(n) - stirling_rest(k) - stirling_rest(n - k) -
                    deviance(k, n * p) - deviance(n - k, n * (1 - p));
  return gm_exp(log_term) * gm_sqrt(n / (two_pi * k * (n - k)));
}

/* ---- gamma ----------------------------------------------------------------------------------- */
/* DLMF 8.7.1: P(a, x) = term(a, x) (1 + x/(a+1) + x^2/((a+1)(a+2)) + ...) */
static double gamma_below(double x, double a)
{
  double sum = 1, term = 1;
  for (int i = 1; i < TERMS_MAX && term > precise * sum; i++) {
    term *= x / (a + i);
    sum += term;
  }
  return sum * poisson_term(a, x);
}

/* DLMF 8.9.2, by the modified method of Lentz. */
static double gamma_above(double x, double a)
{
  double b = x + 1 - a, c = 1 / tiny, d = 1 / b, h = d;
  for (int i = 1; i < TERMS_MAX; i++) {
    double n = -i * (i - a);
    b += 2;
    d = n * d + b;
    c = b + n / c;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    if (fabs(c) < tiny) c = tiny;
    h *= d * c;
    if (fabs(d * c - 1) < 2e-16) break;
  }
  return h * poisson_term(a, x) * a;
}

static double both(double below, double above, double *above_out)
{
  if (above_out) *above_out = above;
  return below;
}

double ir_cdf_gamma(double x, double shape, double *above_out)
{
  if (!(shape > 0) || isnan(x) || isinf(shape)) return both((double)NAN, (double)NAN, above_out);
  if (x <= 0) return both(0, 1, above_out);
  if (isinf(x)) return both(1, 0, above_out);
  if (x < shape + 1) {
    double below = gamma_below(x, shape);
    return both(below, 1 - below, above_out);
  }
  double above = gamma_above(x, shape);
  return both(1 - above, above, above_out);
}

/* Cornish and Fisher's expansion; the next term is below 2e-14 of the value here. */
static double gamma_expanded(double u, double a)
{
  double z = gm_norm_quantile(u), s = 1 / gm_sqrt(a), z2 = z * z;
  double v = (z2 * z - 7 * z) / 36 - s * (3 * z2 * z2 + 7 * z2 - 16) / 810;
  return a * (1 + s * (z + s * ((z2 - 1) / 3 + s * v)));
}

/* A start: Wilson and Hilferty's cube, or the first term of the series for small shapes. */
static double gamma_log_start(double u, double a)
{
  double c = 1 / (9 * a), w = 1 - c + gm_norm_quantile(u) * gm_sqrt(c);
  if (a > 0.5 && w > 0.2) return gm_ln(a) + 3 * gm_ln(w);
  double first = (gm_ln(u) + gm_lgamma(a + 1)) / a; /* P(a, x) is about x^a / gamma(a + 1) */
  double most = u < 1 ? gm_ln(a + 2 - 2 * gm_log1p(-u)) : 50;
  return first < most ? first : most;
}

/* Newton's step for log P (u <= 0.5) or log of 1 - P against y = log x. Both are concave, so that
 * after the first step the root is approached from one side. */
static double gamma_log_step(double y, double u, double shape)
{
  double x = gm_exp(y), above, below = ir_cdf_gamma(x, shape, &above), step;
  double slope = poisson_term(shape, x) * shape;
  if (u <= 0.5)
    step = below > 0 ? (gm_ln(u) - gm_ln(below)) * below / slope : 1;
  else
    step = above > 0 ? (gm_ln(above) - gm_ln(1 - u)) * above / slope : -1;
  if (fabs(step) < 1e6) return step;
  return step > 0 ? 1 : -1;
}

double ir_quantile_gamma(double u, double shape)
{
  if (!(shape > 0) || !(u >= 0 && u <= 1) || isinf(shape)) return (double)NAN;
  if (u == 0 || u == 1) return u == 0 ? 0 : (double)INFINITY;
  if (shape >= gamma_large) return gamma_expanded(u, shape);
  double y = gamma_log_start(u, shape);
  for (int i = 0; i < 200 && y > -744; i++) { /* below, x is 0 */
    double step = gamma_log_step(y, u, shape);
    y += step;
    if (fabs(step) < 1e-14 * (1 + fabs(y))) break;
  }
  return gm_exp(y);
}

/* ---- counts ---------------------------------------------------------------------------------- */
double ir_cdf_poisson(double k, double mean, double *above_out)
{
  if (!(mean >= 0) || isnan(k) || isinf(mean)) return both((double)NAN, (double)NAN, above_out);
  if (k < 0) return both(0, 1, above_out);
  if (mean == 0 || isinf(k)) return both(1, 0, above_out);
  double below; /* DLMF 8.4.10: the sum is the upper incomplete gamma function */
  double above = ir_cdf_gamma(mean, floor(k) + 1, &below);
  return both(below, above, above_out);
}

/* DLMF 8.17.22 by the modified method of Lentz: I_x(a, b) a B(a, b) / (x^a (1-x)^b). It converges
 * fast for x < (a + 1) / (a + b + 2). */
static double beta_fraction(double x, double a, double b)
{
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < tiny ? tiny : d);
  double h = d;
  for (int m = 1; m < TERMS_MAX; m++) {
    double before = h, e = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    for (int half = 0; half < 2; half++) {
      d = 1 + e * d;
      c = 1 + e / c;
      d = 1 / (fabs(d) < tiny ? tiny : d);
      if (fabs(c) < tiny) c = tiny;
      h *= d * c;
      e = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    }
    if (fabs(h - before) <= 2e-16 * fabs(h)) break;
  }
  return h;
}

static bool binomial_exists(double n, double p)
{
  return n >= 0 && n == floor(n) && !isinf(n) && p >= 0 && p <= 1;
}

double ir_cdf_binomial(double k, double trials, double probability, double *above_out)
{
  double n = trials, p = probability;
  if (!binomial_exists(n, p) || isnan(k)) return both((double)NAN, (double)NAN, above_out);
  k = floor(k);
  if (k < 0) return both(0, 1, above_out);
  if (k >= n || p == 0) return both(1, 0, above_out);
  if (p == 1) return both(0, 1, above_out);
  /* DLMF 8.17.5: P(X > k) = I_p(k + 1, n - k), and P(X <= k) = I_(1-p)(n - k, k + 1). */
  if (p < (k + 2) / (n + 3)) {
    double above = binomial_term(k + 1, n, p) * (1 - p) * beta_fraction(p, k + 1, n - k);
    return both(1 - above, above, above_out);
  }
  double below = binomial_term(k, n, p) * p * beta_fraction(1 - p, n - k, k + 1);
  return both(below, 1 - below, above_out);
}

typedef struct {
  double mean, trials, probability; /* trials < 0: Poisson */
} count_law;

static double count_cdf(const count_law *c, double k, double *above)
{
  if (c->trials < 0) return ir_cdf_poisson(k, c->mean, above);
  return ir_cdf_binomial(k, c->trials, c->probability, above);
}

/* Whether P(X <= k) >= u, asked on the side that does not cancel. */
static bool count_reaches(const count_law *c, double k, double u)
{
  double above, below = count_cdf(c, k, &above);
  return u <= 0.5 ? below >= u : above <= 1 - u;
}

/* The least k with P(X <= k) >= u, from a guess: strides that double, then halving. */
static double count_search(const count_law *c, double u, double guess, double most)
{
  double low = -1, high = most, step = 1, k = guess >= 0 ? (guess > most ? most : guess) : 0;
  if (count_reaches(c, k, u)) {
    for (high = k; high > 0; high = k, step *= 2) {
      k = high - step > 0 ? high - step : -1;
      if (k < 0 || !count_reaches(c, k, u)) break;
    }
    low = high > 0 ? k : -1;
  } else {
    for (low = k; low < most; low = k, step *= 2) {
      k = low + step < most ? low + step : most;
      if (k >= most || count_reaches(c, k, u)) break;
    }
    high = k;
  }
  while (high - low > 1) {
    double middle = floor((low + high) / 2);
    if (count_reaches(c, middle, u))
      high = middle;
    else
      low = middle;
  }
  return high;
}

/* Cornish and Fisher's expansion to the skewness. */
static double count_guess(double u, double mean, double deviation, double skewness)
{
  double z = gm_norm_quantile(u);
  return floor(mean + deviation * (z + (z * z - 1) / 6 * skewness) + 0.5);
}

double ir_quantile_poisson(double u, double mean)
{
  if (!(mean >= 0) || !(u >= 0 && u <= 1) || isinf(mean)) return (double)NAN;
  if (u == 0 || mean == 0) return 0;
  if (u == 1) return (double)INFINITY;
  const count_law law = {.mean = mean, .trials = -1};
  double guess = count_guess(u, mean, gm_sqrt(mean), 1 / gm_sqrt(mean));
  if (mean >= count_large) return guess;
  return count_search(&law, u, guess, 4 * mean + 4000); /* P above it is below 1e-300 */
}

double ir_quantile_binomial(double u, double trials, double probability)
{
  double n = trials, p = probability;
  if (!binomial_exists(n, p) || !(u >= 0 && u <= 1)) return (double)NAN;
  if (u == 0 || p == 0 || n == 0) return 0;
  if (u == 1 || p == 1) return n;
  const count_law law = {.trials = n, .probability = p};
  double deviation = gm_sqrt(n * p * (1 - p));
  double guess = count_guess(u, n * p, deviation, (1 - 2 * p) / deviation);
  if (n >= count_large) return guess < 0 ? 0 : (guess > n ? n : guess);
  return count_search(&law, u, guess, n);
}
