/* distribution.c - normal, gamma, beta, t and their quantiles.
 * The incomplete functions are a prefactor times a series or a continued fraction; the prefactor
 * is made without cancellation by Loader's saddle-point form (C. Loader, Fast and Accurate
 * Computation of Binomial Probabilities, 2000). DLMF: dlmf.nist.gov. */
#include "num/distribution.h"
#include "num/linalg.h"
#include <assert.h>
#include <float.h>
#include <math.h>

static const double log_2pi = 1.8378770664093454836;
static const double inv_sqrt_2pi = 0.39894228040143267794;

/* ---- normal --------------------------------------------------------------------------------- */
double gm_dist_normal_log_pdf(double x) { return -0.5 * (x * x + log_2pi); }
double gm_dist_normal_upper(double x) { return 0.5 * erfc(x * M_SQRT1_2); }
double gm_dist_normal_cdf(double x) { return gm_dist_normal_upper(-x); }

/* Newton's method on log P(X > x) = log q, q <= 1/2, from the asymptote: the function is concave,
 * so the steps converge from any side. */
static double normal_upper_quantile(double q)
{
  double target = log(q), u = -2 * target;
  double x = q > 0.4 ? (0.5 - q) / inv_sqrt_2pi : sqrt(fmax(0, u - log(fmax(u, 1)) - 0.5));
  for (int i = 0; i < 60; i++) {
    double tail = gm_dist_normal_upper(x);
    if (tail == 0) { /* past the smallest double: come back */
      x *= 0.99;
      continue;
    }
    double slope = inv_sqrt_2pi * exp(-0.5 * x * x) / tail;
    double step = (log(tail) - target) / slope;
    x += step;
    if (fabs(step) <= 4 * DBL_EPSILON * fabs(x) || fabs(step) < 1e-300) break;
  }
  return x;
}

double gm_dist_normal_quantile(double p)
{
  if (!(p >= 0 && p <= 1)) return NAN;
  if (p == 0) return -INFINITY;
  if (p == 1) return INFINITY;
  if (p == 0.5) return 0;
  if (fabs(p - 0.5) < 0.25) { /* near the middle log(tail) loses digits: Newton on the cdf - 1/2 */
    double c = p - 0.5, x = c / inv_sqrt_2pi;
    for (int i = 0; i < 60; i++) {
      double step = (c - 0.5 * erf(x * M_SQRT1_2)) / (inv_sqrt_2pi * exp(-0.5 * x * x));
      x += step;
      if (fabs(step) <= 2 * DBL_EPSILON * fabs(x)) break;
    }
    return x;
  }
  return p < 0.5 ? -normal_upper_quantile(p) : normal_upper_quantile(1 - p);
}

/* ---- Loader's pieces ------------------------------------------------------------------------ */
/* log Gamma(z + 1) - [(z + 1/2) log z - z + log(2 pi)/2]; DLMF 5.11.1. */
static double stirling_error(double z)
{
  if (z < 16) {
    int sign;
    return lgamma_r(z + 1, &sign) - (z + 0.5) * log(z) + z - 0.5 * log_2pi;
  }
  double r = 1 / z, r2 = r * r;
  return r *
         (1.0 / 12 + r2 * (-1.0 / 360 +
                           r2 * (1.0 / 1260 +
                                 r2 * (-1.0 / 1680 + r2 * (1.0 / 1188 + r2 * (-691.0 / 360360))))));
}

/* x log(x/m) + m - x, without cancellation near x = m (Loader's bd0), given delta = x - m. */
static double deviance(double x, double m, double delta)
{
  double v = delta / (x + m);
  if (fabs(v) < 0.1) { /* x log((1+v)/(1-v)) expanded */
    double s = delta * v, term = 2 * x * v;
    for (int j = 1; j < 100; j++) {
      term *= v * v;
      double next = s + term / (2 * j + 1);
      if (next == s) break;
      s = next;
    }
    return s;
  }
  double ratio = x / m;
  return x * (ratio > 0 && ratio < INFINITY ? log(ratio) : log(x) - log(m)) - delta;
}

/* log Gamma(a + 1), 0 < a < 1: what a + 1 rounds away of a is put back by the slope psi(1 + a),
 * DLMF 5.7.4; a share of it below 2^-53/a is enough. */
static double log_gamma_1p(double a)
{
  int sign;
  double z = a + 1, lost = a - (z - 1);
  return lgamma_r(z, &sign) + lost * (a < 0.1 ? -0.57721566490153286061 + a * (1.64493 - a) : 0);
}

/* x^a e^-x / Gamma(a + 1) */
static double gamma_front(double a, double x)
{
  if (x == 0) return 0;
  if (a < 1e-3) return exp(a * log(x) - x - log_gamma_1p(a));
  return exp(-deviance(a, x, a - x) - stirling_error(a)) / sqrt(2 * M_PI * a);
}

/* a y - b x of the smaller one of x and y (which has the finer grid; 1 less it is the other), as
 * if in twice the digits: a - (a + b) x loses nothing where both are nearly equal. */
static double gap(double a, double b, double x, double y)
{
  if (y < x) return -gap(b, a, y, x);
  double bx = b * x, ax = a * x, first = a - bx;
  double back = first - a, lost = (a - (first - back)) - (bx + back); /* Knuth's two-sum */
  double both = first - ax;
  back = both - first;
  lost += (first - (both - back)) - (ax + back);
  return both + (lost - fma(b, x, -bx) - fma(a, x, -ax));
}

/* x^a y^b / B(a, b), y = 1 - x */
static double beta_front(double a, double b, double x, double y)
{
  if (x == 0 || y == 0) return 0;
  double n = a + b, delta = gap(a, b, x, y);
  double e = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x, delta) -
             deviance(b, n * y, -delta);
  return exp(e) *
         sqrt(fmin(a, b) * (fmax(a, b) / n) / (2 * M_PI)); /* = ab/n * sqrt(n / (2 pi a b)) */
}

/* ---- large shapes --------------------------------------------------------------------------- */
/* Beyond this the sums and fractions below take too many terms, and the expansion leaves 1e-13. */
static const double large_shape = 1e7;

/* The lower and upper tail at u standard deviations (by the curvature) from the top of a density
 * S phi(w) dw w/u, where w^2/2 = d = u^2/2 - k[0] u^3/3 + k[1] u^4/4 - k[2] u^5/5 + ... and S makes
 * the whole 1. With h = 1/u - 1/w, twice by parts:
 * P = Phi(w) - phi(w) (S h(w) + (h'(w) - h'(0)) / w + ...): the uniform expansions of DLMF 8.12.7
 * (gamma) and 8.18.9 (beta) in two terms, h as in h0 + h1 u + h2 u^2. */
static void tails_large(double d, double u, const double k[3], double *p, double *q)
{
  double h0 = -k[0] / 3, h1 = k[1] / 4 - k[0] * k[0] / 6;
  double h2 = -k[2] / 5 + k[0] * k[1] / 4 - 5 * k[0] * k[0] * k[0] / 54;
  double w = copysign(sqrt(2 * d), u);
  double h = fabs(u) < 0.5 ? h0 + u * (h1 + u * h2) : 1 / u - 1 / w;
  double rest = h - h0 * h1 + 2 * (h2 + h1 * k[0] / 3); /* S = 1 - h1; the last is h''(0) by w */
  double edge = d < 800 ? inv_sqrt_2pi * exp(-d) * rest : 0;
  double far = fmax(0, gm_dist_normal_upper(fabs(w)) + (u < 0 ? -edge : edge));
  *p = u < 0 ? far : 1 - far;
  *q = u < 0 ? 1 - far : far;
}

/* ---- gamma ---------------------------------------------------------------------------------- */
/* DLMF 8.7.1: P = front * sum x^k / ((a+1)...(a+k)) */
static double gamma_series(double a, double x)
{
  double term = 1, s = 1, limit = 2000 + 40 * sqrt(a);
  for (double k = 1; k < limit; k++) {
    term *= x / (a + k);
    s += term;
    if (term < s * 1e-17) break;
  }
  return s;
}

/* DLMF 8.9.2 by the modified Lentz method (Thompson & Barnett 1986): Q = front * a * result. */
static double gamma_fraction(double a, double x)
{
  const double tiny = 1e-300;
  double b = x + 1 - a, c = 1 / tiny, d = 1 / (fabs(b) < tiny ? tiny : b), h = d;
  double limit = 2000 + 40 * sqrt(a);
  for (double k = 1; k < limit; k++) {
    double an = -k * (k - a);
    b += 2;
    d = an * d + b;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    c = b + an / c;
    if (fabs(c) < tiny) c = tiny;
    h *= c * d;
    if (fabs(c * d - 1) < 2e-16) break;
  }
  return h;
}

/* Q(a, x) for small a and x, where 1 - P would lose digits (P -> 1 as a -> 0): from
 * 1 - x^a/Gamma(a+1) * (1 + a * rest), DLMF 8.7.1 with e^-x multiplied out. */
static double gamma_small_q(double a, double x)
{
  double lead = expm1(a * log(x) - log_gamma_1p(a)); /* x^a / Gamma(a+1) - 1 */
  double term = 1, rest = 0; /* P = (x^a/Gamma(a)) sum (-x)^k / (k! (a+k)), DLMF 8.7.1 */
  for (int k = 1; k < 100; k++) {
    term *= -x / k;
    double add = term / (a + k);
    rest += add;
    if (fabs(add) < 1e-18 * fabs(rest)) break;
  }
  return -lead - (1 + lead) * a * rest;
}

static void gamma_large(double a, double x, double *p, double *q)
{
  double m = (x - a) / a, r = 1 / sqrt(a);
  tails_large(a * deviance(1, 1 + m, -m), m * sqrt(a), (double[]){r, r * r, r * r * r}, p, q);
}

void gm_dist_gamma(double a, double x, double *p, double *q)
{
  assert(p && q);
  if (!(a > 0 && x >= 0) || isinf(a)) {
    *p = *q = NAN;
    return;
  }
  if (x == 0 || isinf(x)) {
    *p = x > 0;
    *q = !*p;
    return;
  }
  if (a > large_shape) {
    gamma_large(a, x, p, q);
    return;
  }
  double front = gamma_front(a, x);
  if (x < a + 1) {
    *p = fmin(1, front * gamma_series(a, x));
    *q = a < 1 && x < 1.5 ? gamma_small_q(a, x) : 1 - *p;
  } else {
    *q = fmin(1, front * a * gamma_fraction(a, x));
    *p = 1 - *q;
  }
}

/* ---- beta ----------------------------------------------------------------------------------- */
/* DLMF 8.17.22, two steps at a time (Didonato & Morris 1992, equation 9), by the modified Lentz
 * method: I_x(a, b) = front * result, for x < (a+1)/(a+b+2); y = 1 - x, delta = a y - b x. The
 * products are ordered so that none overflows; about sqrt(min(a, b)) terms are needed. */
static double beta_fraction(double a, double b, double x, double y, double delta)
{
  const double tiny = 1e-300;
  double c = a / (a + 1) * (delta + 1), d = 0, f = c, limit = 2000 + 40 * sqrt(fmin(a, b));
  for (double n = 1; n < limit; n++) {
    double m = a + 2 * n - 1, up = n * ((b - n) * x);
    double an = (a + (n - 1)) / m * ((a + b + (n - 1)) * x / m) * up;
    double bn = n + up / m + (a + n) / (m + 2) * (delta + 1 + n * (1 + y));
    d = bn + an * d;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    c = bn + an / c;
    if (fabs(c) < tiny) c = tiny;
    f *= c * d;
    if (fabs(c * d - 1) < 2e-16) break;
  }
  return 1 / f;
}

/* The three k are those of -a log(x) - b log(y) about its least value, for tails_large. */
static void beta_large(double a, double b, double x, double y, double *p, double *q)
{
  double n = a + b, s = a / n, t = b / n, delta = gap(a, b, x, y), v = a * t, r = 1 / sqrt(v);
  double k[3] = {(t - s) * r, (1 - 3 * s * t) * r * r, (t - s) * (1 - 2 * s * t) * r * r * r};
  double d = deviance(a, n * x, delta) + deviance(b, n * y, -delta);
  tails_large(d, -delta * r, k, p, q);
}

/* Shapes at the ends of the doubles, where sums and products would leave them. The law is then
 * that of others to all digits: nearly a gamma when one is huge, all in one point when both are,
 * at either end when both are tiny. True: the answer is there; else go on with *a and *b. */
static bool beta_extreme(double *a, double *b, double x, double y, double *p, double *q)
{
  double low = fmin(*a, *b), high = fmax(*a, *b), factor = 1;
  if (high > 1e300 && low < 1e40) {
    if (*a < *b)
      gm_dist_gamma(*a, *b * x, p, q);
    else
      gm_dist_gamma(*b, *a * y, q, p);
    return true;
  }
  if (high > 1e300) factor = 0x1p-10;
  if (high < 1e-270) factor = 0x1p100;
  *a = fmax(1e-290, *a * factor);
  *b = fmax(1e-290, *b * factor);
  return false;
}

void gm_dist_beta(double a, double b, double x, double y, double *p, double *q)
{
  assert(p && q);
  if (!(a > 0 && b > 0 && x >= 0 && y >= 0 && x <= 1 && y <= 1) || isinf(a) || isinf(b)) {
    *p = *q = NAN;
    return;
  }
  if (x == 0 || y == 0) {
    *p = x > 0;
    *q = !*p;
    return;
  }
  if (beta_extreme(&a, &b, x, y, p, q)) return;
  if (fmin(a, b) > large_shape) {
    beta_large(a, b, x, y, p, q);
    return;
  }
  double front = beta_front(a, b, x, y), delta = gap(a, b, x, y);
  if (x < (a + 1) / (a + b + 2)) {
    *p = fmin(1, front * beta_fraction(a, b, x, y, delta));
    *q = 1 - *p;
  } else {
    *q = fmin(1, front * beta_fraction(b, a, y, x, -delta));
    *p = 1 - *q;
  }
}

double gm_dist_beta_cdf(double x, double a, double b)
{
  double p, q;
  if (isnan(x)) return NAN;
  x = fmin(1, fmax(0, x));
  gm_dist_beta(a, b, x, 1 - x, &p, &q);
  return p;
}

/* ---- quantiles ------------------------------------------------------------------------------ */
/* p, q (complements) and dp/du at u = log x (gamma) or logit x (beta). */
typedef struct {
  double a, b; /* b < 0: the gamma */
} shape;

static void cdf_at(shape s, double u, double *p, double *q, double *slope)
{
  if (s.b < 0) {
    double x = exp(u);
    gm_dist_gamma(s.a, x, p, q);
    *slope = s.a * gamma_front(s.a, x);
  } else {
    double x = 1 / (1 + exp(-u)), y = 1 / (1 + exp(u));
    gm_dist_beta(s.a, s.b, x, y, p, q);
    *slope = beta_front(s.a, s.b, x, y);
  }
}

/* The u where the cdf is p (q = 1 - p): Newton on the log of the smaller tail, kept inside a
 * bracket that bisection shrinks when Newton leaves it. */
static double quantile_u(shape s, double p, double q, double u)
{
  double low = -744, high = 744;
  bool lower = p <= q;
  double target = log(lower ? p : q);
  u = fmin(high, fmax(low, u));
  for (int i = 0; i < 400; i++) {
    double cp, cq, slope;
    cdf_at(s, u, &cp, &cq, &slope);
    double tail = lower ? cp : cq;
    bool below = lower ? cp < p : cq > q; /* u is below the quantile */
    if (below)
      low = u;
    else
      high = u;
    double step = (target - log(tail)) * tail / slope * (lower ? 1 : -1);
    double next = u + step;
    if (!(next > low && next < high)) {
      next = 0.5 * (low + high);
      if (next == low || next == high) return next;
    }
    if (fabs(next - u) <= 1e-15 * fmax(1, fabs(u))) return next;
    u = next;
  }
  return u;
}

/* The gamma quantile, shape a. Start: Wilson-Hilferty (1931), or the small-x power law. */
static double gamma_quantile(double p, double a)
{
  if (!(p >= 0 && p <= 1 && a > 0) || isinf(a)) return NAN;
  if (p == 0 || p == 1) return p == 0 ? 0 : INFINITY;
  int sign;
  double h = 1 / (9 * a), t = 1 - h + gm_dist_normal_quantile(p) * sqrt(h);
  double u = t > 0.1 ? log(a) + 3 * log(t) : (log(p) + lgamma_r(a + 1, &sign)) / a;
  return exp(quantile_u((shape){a, -1}, p, 1 - p, u));
}

double gm_dist_chi_square_cdf(double x, double df)
{
  double p, q;
  gm_dist_gamma(0.5 * df, fmax(0, 0.5 * x), &p, &q);
  return isnan(x) ? NAN : p;
}

double gm_dist_chi_square_upper(double x, double df)
{
  double p, q;
  gm_dist_gamma(0.5 * df, fmax(0, 0.5 * x), &p, &q);
  return isnan(x) ? NAN : q;
}

double gm_dist_chi_square_quantile(double p, double df) { return 2 * gamma_quantile(p, 0.5 * df); }

double gm_dist_beta_quantile(double p, double a, double b)
{
  if (!(p >= 0 && p <= 1 && a > 0 && b > 0) || isinf(a) || isinf(b)) return NAN;
  if (p == 0 || p == 1) return p;
  double u = quantile_u((shape){a, b}, p, 1 - p, log(a / b));
  return 1 / (1 + exp(-u));
}

/* ---- Student's t ---------------------------------------------------------------------------- */
double gm_dist_t_log_pdf(double t, double df)
{
  if (!(df > 0)) return NAN;
  if (isinf(df)) return gm_dist_normal_log_pdf(t);
  double a = 0.5 * df; /* log Gamma(a + 1/2) - log Gamma(a), by Stirling without cancellation */
  double rise =
      a * log1p(0.5 / a) + 0.5 * log(a) - 0.5 + stirling_error(a + 0.5) - stirling_error(a);
  double u = t / sqrt(df);
  double tail = fabs(u) > 1e150 ? 2 * log(fabs(u)) : log1p(u * u);
  return rise - 0.5 * (log(df) + log(M_PI)) - (a + 0.5) * tail;
}

double gm_dist_t_pdf(double t, double df) { return exp(gm_dist_t_log_pdf(t, df)); }

double gm_dist_t_cdf(double t, double df)
{
  if (!(df > 0) || isnan(t)) return NAN;
  if (isinf(df)) return gm_dist_normal_cdf(t);
  if (t == 0) return 0.5;
  double r = t * (t / df), p, q; /* x = 1/(1+r), y = r/(1+r) */
  double y = isinf(r) ? 1 : r / (1 + r);
  gm_dist_beta(0.5 * df, 0.5, 1 / (1 + r), y, &p, &q);
  return t < 0 ? 0.5 * p : 0.5 + 0.5 * q;
}

double gm_dist_t_quantile(double p, double df)
{
  if (!(p >= 0 && p <= 1 && df > 0)) return NAN;
  if (p == 0 || p == 1) return p == 0 ? -INFINITY : INFINITY;
  if (isinf(df)) return gm_dist_normal_quantile(p);
  if (p == 0.5) return 0;
  double tail = 2 * fmin(p, 1 - p), middle = fabs(2 * p - 1);
  double z = gm_dist_normal_quantile(p); /* start: t is about z, x/y = df/t^2 */
  double u = quantile_u((shape){0.5 * df, 0.5}, tail, middle, log(df) - 2 * log(fabs(z)));
  double t = sqrt(df) * exp(-0.5 * u);
  return p < 0.5 ? -t : t;
}

/* ---- binomial ------------------------------------------------------------------------------- */
gm_status gm_dist_binomial_interval(gm_ctx *ctx, int32_t k, int32_t n, double alpha, double *low,
                                    double *high)
{
  assert(low && high);
  if (n < 1 || k < 0 || k > n || !(alpha > 0 && alpha < 1))
    return gm_fail(ctx, GM_ERANGE, "binomial interval of %d in %d at alpha %g", (int)k, (int)n,
                   alpha);
  *low = k == 0 ? 0 : gm_dist_beta_quantile(0.5 * alpha, k, n - k + 1.0);
  /* the upper tail of Beta(k+1, n-k) is the lower tail of its mirror image: no 1 - alpha/2 */
  *high = k == n ? 1 : 1 - gm_dist_beta_quantile(0.5 * alpha, n - k, k + 1.0);
  return GM_OK;
}

/* ---- many dimensions ------------------------------------------------------------------------ */
/* |L^-1 (x - mean)|^2 */
static double mahalanobis(int32_t d, const double *x, const double *mean, const double *l,
                          double *work)
{
  for (int32_t i = 0; i < d; i++) work[i] = x[i] - mean[i];
  gm_la_solve_lower(d, l, work, work);
  return gm_la_dot(d, work, work);
}

double gm_dist_mvn_log_pdf(int32_t d, const double *x, const double *mean, const double *l,
                           double *work)
{
  double m = mahalanobis(d, x, mean, l, work);
  return -0.5 * (d * log_2pi + gm_la_cholesky_log_det(d, l) + m);
}

double gm_dist_mvt_log_pdf(int32_t d, const double *x, const double *mean, const double *l,
                           double df, double *work)
{
  if (!(df > 0)) return NAN;
  if (isinf(df)) return gm_dist_mvn_log_pdf(d, x, mean, l, work);
  double m = mahalanobis(d, x, mean, l, work), a = 0.5 * df, h = 0.5 * d;
  /* log Gamma(a + d/2) - log Gamma(a) by Stirling: exact as df grows */
  double rise =
      (a - 0.5) * log1p(h / a) + h * log(a + h) - h + stirling_error(a + h) - stirling_error(a);
  return rise - h * (log(df) + log(M_PI)) - 0.5 * gm_la_cholesky_log_det(d, l) -
         (a + h) * log1p(m / df);
}
