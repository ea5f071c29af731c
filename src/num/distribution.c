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
  return x * log(x / m) - delta;
}

/* x^a e^-x / Gamma(a + 1) */
static double gamma_front(double a, double x)
{
  if (x == 0) return 0;
  return exp(-deviance(a, x, a - x) - stirling_error(a)) / sqrt(2 * M_PI * a);
}

/* x^a y^b / B(a, b), y = 1 - x */
static double beta_front(double a, double b, double x, double y)
{
  if (x == 0 || y == 0) return 0;
  double n = a + b;
  double delta = a * y - b * x; /* a - n x, without 1 - x */
  double e = stirling_error(n) - stirling_error(a) - stirling_error(b) - deviance(a, n * x, delta) -
             deviance(b, n * y, -delta);
  return exp(e) * sqrt(a * b / (2 * M_PI * n)); /* = ab/n * sqrt(n / (2 pi a b)) */
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
  int sign;
  double lead = expm1(a * log(x) - lgamma_r(a + 1, &sign)); /* x^a / Gamma(a+1) - 1 */
  double term = 1, rest = 0; /* P = (x^a/Gamma(a)) sum (-x)^k / (k! (a+k)), DLMF 8.7.1 */
  for (int k = 1; k < 100; k++) {
    term *= -x / k;
    double add = term / (a + k);
    rest += add;
    if (fabs(add) < 1e-18 * fabs(rest)) break;
  }
  return -lead - (1 + lead) * a * rest;
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
/* DLMF 8.17.22 by the modified Lentz method: I_x(a,b) = front / a * result, for x < (a+1)/(a+b+2).
 */
static double beta_fraction(double a, double b, double x)
{
  const double tiny = 1e-300;
  double c = 1, d = 1 - (a + b) * x / (a + 1);
  d = 1 / (fabs(d) < tiny ? tiny : d);
  double h = d, limit = 2000 + 40 * sqrt(fmax(a, b));
  for (double m = 1; m < limit; m++) {
    double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 + even * d;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    c = 1 + even / c;
    if (fabs(c) < tiny) c = tiny;
    h *= d * c;
    double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 + odd * d;
    d = 1 / (fabs(d) < tiny ? tiny : d);
    c = 1 + odd / c;
    if (fabs(c) < tiny) c = tiny;
    h *= d * c;
    if (fabs(d * c - 1) < 2e-16) break;
  }
  return h;
}

void gm_dist_beta(double a, double b, double x, double y, double *p, double *q)
{
  assert(p && q);
  if (!(a > 0 && b > 0 && x >= 0 && y >= 0) || isinf(a) || isinf(b)) {
    *p = *q = NAN;
    return;
  }
  double front = beta_front(a, b, x, y);
  if (x == 0 || y == 0) {
    *p = x > 0;
    *q = !*p;
  } else if (x < (a + 1) / (a + b + 2)) {
    *p = fmin(1, front / a * beta_fraction(a, b, x));
    *q = 1 - *p;
  } else {
    *q = fmin(1, front / b * beta_fraction(b, a, y));
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
