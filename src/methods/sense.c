/* sense.c - laws of measurement: density, distribution, moments, draws, for one member; for many:
 * sense_avx2.c. */
#include "gemel/math.h"
#include "gemel/system.h"
#include "num/distribution.h"
#include <math.h>

static const double ln_2pi = 0x1.d67f1c864beb5p+0; /* ln(2 pi) */

typedef struct {
  double f, p0, p1;
} law;

static law law_of(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx)
{
  return (law){y[s->output], s->parameter0 >= 0 ? theta[s->parameter0 * psx] : s->p0,
               s->parameter1 >= 0 ? theta[s->parameter1 * psx] : s->p1};
}

bool gm_sense_is_count(const gm_sensor *s)
{
  return s->law == GM_SENSE_POISSON || s->law == GM_SENSE_BINOMIAL ||
         s->law == GM_SENSE_NEGATIVE_BINOMIAL;
}

static double normal_sd(const law *l) { return sqrt(l->p0 * l->p0 + l->p1 * l->p1 * l->f * l->f); }

static double normal_log(double r, double sd)
{
  if (!(sd > 0)) return r == 0 ? INFINITY : -INFINITY;
  return -0.5 * (r / sd) * (r / sd) - gm_ln(sd) - 0.5 * ln_2pi;
}

/* ---- counts ---------------------------------------------------------------------------------- */
static double poisson_log(double k, double mean)
{
  if (mean == 0) return k == 0 ? 0 : -INFINITY;
  return k * gm_ln(mean) - mean - gm_lgamma(k + 1);
}

static double binomial_log(double k, double n, double p)
{
  if (k > n) return -INFINITY;
  double sum = gm_lgamma(n + 1) - gm_lgamma(k + 1) - gm_lgamma(n - k + 1);
  if (k > 0) sum += k * log(p);
  if (n > k) sum += (n - k) * log1p(-p);
  return sum;
}

static double negative_binomial_log(double k, double mean, double size)
{
  if (mean == 0) return k == 0 ? 0 : -INFINITY;
  return gm_lgamma(k + size) - gm_lgamma(size) - gm_lgamma(k + 1) - size * log1p(mean / size) +
         k * log(mean / (mean + size));
}

/* Is there a law at all? f must be a number, and for counts not negative. */
static bool law_stands(const gm_sensor *s, const law *l)
{
  if (!isfinite(l->f)) return false;
  switch (s->law) {
  case GM_SENSE_NORMAL: return l->p0 >= 0;
  case GM_SENSE_LOGNORMAL: return l->f > 0 && l->p0 > 0;
  case GM_SENSE_STUDENT: return l->p0 > 0 && l->p1 > 0;
  case GM_SENSE_POISSON: return l->f >= 0 && l->p0 >= 0;
  case GM_SENSE_BINOMIAL: return rint(l->f) >= 0 && l->p0 >= 0 && l->p0 <= 1;
  case GM_SENSE_NEGATIVE_BINOMIAL: return l->f >= 0 && l->p0 >= 0 && l->p1 > 0;
  case GM_SENSE_OWN: return true;
  }
  return false;
}

static double count_log(const gm_sensor *s, const law *l, double k)
{
  if (!(k >= 0) || k != rint(k)) return -INFINITY;
  if (s->law == GM_SENSE_POISSON) return poisson_log(k, l->p0 * l->f);
  if (s->law == GM_SENSE_BINOMIAL) return binomial_log(k, rint(l->f), l->p0);
  return negative_binomial_log(k, l->p0 * l->f, l->p1);
}

/* P(K <= k). */
static double count_cdf(const gm_sensor *s, const law *l, double k)
{
  double p, q;
  k = floor(k);
  if (!(k >= 0)) return 0;
  double mean = l->p0 * l->f, n = rint(l->f);
  if (s->law == GM_SENSE_BINOMIAL) {
    if (k >= n || l->p0 == 0) return 1;
    if (l->p0 == 1) return 0;
    gm_dist_beta(n - k, k + 1, 1 - l->p0, l->p0, &p, &q);
    return p;
  }
  if (mean == 0) return 1;
  if (s->law == GM_SENSE_POISSON) {
    gm_dist_gamma(k + 1, mean, &p, &q);
    return q;
  }
  double share = l->p1 / (l->p1 + mean);
  gm_dist_beta(l->p1, k + 1, share, mean / (l->p1 + mean), &p, &q);
  return p;
}

/* ---- density --------------------------------------------------------------------------------- */
/* ln P(Y below value), or above. */
static double censored_log(const gm_sensor *s, const law *l, double value, int8_t censored)
{
  double z;
  switch (s->law) {
  case GM_SENSE_NORMAL: z = (value - l->f) / normal_sd(l); break;
  case GM_SENSE_LOGNORMAL: z = value > 0 ? log(value / l->f) / l->p0 : -INFINITY; break;
  case GM_SENSE_STUDENT:
    z = (value - l->f) / l->p0;
    return log(gm_dist_t_cdf(censored > 0 ? z : -z, l->p1));
  case GM_SENSE_OWN: return NAN;
  default: {
    double below = count_cdf(s, l, ceil(value) - 1), upto = count_cdf(s, l, value);
    return censored > 0 ? log(below) : log1p(-upto);
  }
  }
  return gm_norm_logcdf(censored > 0 ? z : -z);
}

static double density_log(const gm_sensor *s, const law *l, double value)
{
  switch (s->law) {
  case GM_SENSE_NORMAL: return normal_log(value - l->f, normal_sd(l));
  case GM_SENSE_LOGNORMAL:
    return value > 0 ? normal_log(gm_ln(value / l->f), l->p0) - gm_ln(value) : -INFINITY;
  case GM_SENSE_STUDENT: return gm_dist_t_log_pdf((value - l->f) / l->p0, l->p1) - log(l->p0);
  default: return count_log(s, l, value);
  }
}

double gm_sense_logpdf(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                       double value, int8_t censored)
{
  law l = law_of(s, y, theta, psx);
  if (!law_stands(s, &l)) return -INFINITY;
  if (s->law == GM_SENSE_OWN && !censored) return s->logpdf(s->user, y, theta, psx, value);
  return censored ? censored_log(s, &l, value, censored) : density_log(s, &l, value);
}

double gm_sense_logpdf_after(const gm_sensor *s, const double *y, const double *theta,
                             ptrdiff_t psx, double value, int8_t censored, double last, double dt,
                             double *residual_out)
{
  law l = law_of(s, y, theta, psx);
  bool colour = s->memory > 0 && !censored && law_stands(s, &l);
  if (residual_out) *residual_out = NAN;
  if (!colour) return gm_sense_logpdf(s, y, theta, psx, value, censored);
  bool logs = s->law == GM_SENSE_LOGNORMAL;
  double sd = logs ? l.p0 : normal_sd(&l);
  double r = logs ? gm_ln(value / l.f) / sd : (value - l.f) / sd;
  double jacobian = logs ? -gm_ln(value) : 0;
  if (residual_out) *residual_out = r;
  if (isnan(last)) return normal_log(r, 1) - gm_ln(sd) + jacobian;
  double rho = exp(-dt / s->memory), rest = -expm1(-2 * dt / s->memory);
  return normal_log(r - rho * last, sqrt(rest)) - gm_ln(sd) + jacobian;
}

/* ---- moments, distribution, draws ------------------------------------------------------------ */
void gm_sense_moments(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                      double *mean, double *variance)
{
  law l = law_of(s, y, theta, psx);
  *mean = *variance = NAN;
  if (!law_stands(s, &l)) return;
  double m = l.p0 * l.f;
  switch (s->law) {
  case GM_SENSE_NORMAL:
    *mean = l.f;
    *variance = l.p0 * l.p0 + l.p1 * l.p1 * l.f * l.f;
    break;
  case GM_SENSE_LOGNORMAL:
    *mean = l.f * exp(0.5 * l.p0 * l.p0);
    *variance = *mean * *mean * expm1(l.p0 * l.p0);
    break;
  case GM_SENSE_STUDENT:
    *mean = l.p1 > 1 ? l.f : NAN;
    *variance = l.p1 > 2 ? l.p0 * l.p0 * l.p1 / (l.p1 - 2) : l.p1 > 1 ? INFINITY : NAN;
    break;
  case GM_SENSE_POISSON: *mean = *variance = m; break;
  case GM_SENSE_BINOMIAL:
    *mean = l.p0 * rint(l.f);
    *variance = *mean * (1 - l.p0);
    break;
  case GM_SENSE_NEGATIVE_BINOMIAL:
    *mean = m;
    *variance = m + m * m / l.p1;
    break;
  case GM_SENSE_OWN: break;
  }
}

double gm_sense_cdf(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                    double value, double *below)
{
  law l = law_of(s, y, theta, psx);
  double p = NAN, under = NAN;
  if (law_stands(s, &l) && s->law != GM_SENSE_OWN) {
    if (gm_sense_is_count(s)) {
      p = count_cdf(s, &l, value);
      under = count_cdf(s, &l, ceil(value) - 1);
    } else {
      p = under = exp(censored_log(s, &l, value, 1));
    }
  }
  if (below) *below = under;
  return p;
}

static double student_draw(gm_key key, uint64_t slot, uint64_t index, double df)
{
  double z = gm_normal(key, slot, 0, gm_kind_draw(1, 0), index);
  double g = gm_gamma(key, slot, 0, gm_kind_draw(1, 1), index, df / 2);
  return z / sqrt(2 * g / df);
}

double gm_sense_draw(const gm_sensor *s, const double *y, const double *theta, ptrdiff_t psx,
                     gm_key key, uint64_t slot, uint64_t index)
{
  law l = law_of(s, y, theta, psx);
  uint64_t kind = gm_kind_draw(1, 0);
  if (!law_stands(s, &l)) return NAN;
  double mean = l.p0 * l.f;
  switch (s->law) {
  case GM_SENSE_NORMAL: return l.f + normal_sd(&l) * gm_normal(key, slot, 0, kind, index);
  case GM_SENSE_LOGNORMAL: return l.f * exp(l.p0 * gm_normal(key, slot, 0, kind, index));
  case GM_SENSE_STUDENT: return l.f + l.p0 * student_draw(key, slot, index, l.p1);
  case GM_SENSE_POISSON: return (double)gm_poisson(key, slot, 0, kind, index, mean);
  case GM_SENSE_BINOMIAL:
    return (double)gm_binomial(key, slot, 0, kind, index, (int64_t)rint(l.f), l.p0);
  case GM_SENSE_NEGATIVE_BINOMIAL:
    mean *= gm_gamma(key, slot, 0, gm_kind_draw(1, 1), index, l.p1) / l.p1;
    return (double)gm_poisson(key, slot, 0, kind, index, mean);
  case GM_SENSE_OWN: return s->draw(s->user, y, theta, psx, key, slot, index);
  }
  return NAN;
}
