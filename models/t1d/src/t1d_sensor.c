/* t1d_sensor.c - errors of continuous glucose sensors (t1d_sensor.h).
 *
 * Sources. Breton & Kovatchev, J. Diabetes Sci. Technol. 2:853 (2008), with the numbers and the
 * interpolation of simglucose (MIT, a6f6777). Facchinetti et al., IEEE Trans. Biomed. Eng. 61:620
 * (2014); Vettoretti et al., IEEE Trans. Biomed. Eng. 65:1281 (2018); Vettoretti et al., EMBC 2019,
 * doi 10.1109/embc.2019.8856790: numbers as LoopInsighT1 (MIT, 9a60920) gives them. Vettoretti et
 * al., Sensors 19:5320 (2019): numbers and bounds as ReplayBG uses them.
 *
 * How long is a step of the autoregressions? LoopInsighT1 takes a minute; we take 5 min. The
 * numbers were identified from devices that read each 5 min, and ReplayBG, which comes from the
 * group of these papers, steps once for each reading of 5 min. At a minute a step the noise would
 * be all but forgotten from one reading to the next (autocorrelation of v 0.24 at 5 min for SEVEN
 * Plus, 0.83 at 5 min a step), while errors of such devices were found correlated over a quarter of
 * an hour and more (0.7 at 15 min, Breton & Kovatchev 2008). The papers themselves could not be
 * read on this. noise_min = 1 gives LoopInsighT1's choice. */
#include "t1d_sensor.h"
#include "gemel/math.h"
#include "gemel/rand.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- kinds ----------------------------------------------------------------------------------- */
typedef struct {
  const char *name;
  double life_day, warmup_min, calibrate_h, low, high, resolution;
  double gain[3], shift[3]; /* per day, per day^2; mg/dL */
  double v[3], c[3];        /* last, last but one, variance of what is new (mg/dL)^2 */
} kind_row;

/* Calibrated twice a day: the 2014 and 2018 models hold for "12-h time windows, i.e., the time
 * between two consecutive in vivo calibrations" (Sensors 19:5320, abstract). */
static const kind_row row[T1D_SENSOR_KINDS] = {
    [T1D_SENSOR_EXACT] = {.name = "exact", .gain = {1}},
    [T1D_SENSOR_WHITE] = {.name = "white", .low = 40, .high = 400, .resolution = 1, .gain = {1}},
    [T1D_SENSOR_BRETON] = {.name = "breton", .low = 39, .high = 600, .gain = {1}},
    [T1D_SENSOR_SEVEN_PLUS] = {.name = "seven-plus",
                               .life_day = 7,
                               .warmup_min = 120,
                               .calibrate_h = 12,
                               .low = 40,
                               .high = 400,
                               .resolution = 1,
                               .gain = {1.1, 2e-4, 0},
                               .shift = {-14.8, 0.04, 0},
                               .v = {1.013, -0.2135, 14.45},
                               .c = {1.23, -0.3995, 11.3}},
    [T1D_SENSOR_G5] = {.name = "g5",
                       .life_day = 7,
                       .warmup_min = 120,
                       .calibrate_h = 12,
                       .low = 40,
                       .high = 400,
                       .resolution = 1,
                       .gain = {1.04, 0.02, 0},
                       .shift = {-8.75, 0, 0},
                       .v = {1.27, -0.42, 7.64}},
    [T1D_SENSOR_G6] = {.name = "g6",
                       .life_day = 10,
                       .warmup_min = 120,
                       .low = 40,
                       .high = 400,
                       .resolution = 1,
                       .gain = {1.048, -0.033, 0.002},
                       .shift = {-6.398, 6.179, -0.448},
                       .v = {1.22, -0.331, 3.641},
                       .c = {1.34, -0.492, 5.538}},
    [T1D_SENSOR_G6_DRAWN] = {.name = "g6-drawn",
                             .life_day = 10,
                             .warmup_min = 120,
                             .low = 40,
                             .high = 400,
                             .resolution = 1,
                             .gain = {1}},
};

const char *t1d_sensor_name(t1d_sensor_kind kind)
{
  return (unsigned)kind < T1D_SENSOR_KINDS ? row[kind].name : NULL;
}

gm_status t1d_sensor_find(gm_ctx *ctx, const char *name, t1d_sensor_kind *out)
{
  assert(name && out);
  for (int k = 0; k < T1D_SENSOR_KINDS; k++) {
    if (strcmp(name, row[k].name) != 0) continue;
    *out = (t1d_sensor_kind)k;
    return GM_OK;
  }
  return gm_fail(ctx, GM_ENOTFOUND, "sensor '%.40s': none of that name", name);
}

t1d_sensor_options t1d_sensor_defaults(t1d_sensor_kind kind)
{
  assert((unsigned)kind < T1D_SENSOR_KINDS);
  const kind_row *r = &row[kind];
  return (t1d_sensor_options){.start_min = -r->warmup_min,
                              .sample_min = 5,
                              .noise_min = 5,
                              .sd_mgdl = 5,
                              .life_day = r->life_day,
                              .warmup_min = r->warmup_min,
                              .calibrate_h = r->calibrate_h,
                              .low_mgdl = r->low,
                              .high_mgdl = r->high,
                              .resolution_mgdl = r->resolution};
}

static bool step_of(double x) { return x >= 0.01 && isfinite(x); }
static bool none_or(double x, double least) { return x == 0 || (x >= least && isfinite(x)); }

static gm_status check_times(gm_ctx *ctx, const t1d_sensor_options *o)
{
  if (!(fabs(o->start_min) <= 1e12))
    return gm_fail(ctx, GM_EDOMAIN, "sensor: starts at %g min", o->start_min);
  if (!step_of(o->sample_min) || !step_of(o->noise_min))
    return gm_fail(ctx, GM_EDOMAIN, "sensor: reads each %g min, noise each %g min", o->sample_min,
                   o->noise_min);
  if (!none_or(o->life_day, 0.01) || !none_or(o->warmup_min, 0) || !none_or(o->calibrate_h, 0.01))
    return gm_fail(ctx, GM_EDOMAIN, "sensor: life %g d, warm-up %g min, calibrated each %g h",
                   o->life_day, o->warmup_min, o->calibrate_h);
  return GM_OK;
}

static gm_status check_values(gm_ctx *ctx, const t1d_sensor_options *o)
{
  if (!none_or(o->sd_mgdl, 0) || !none_or(o->resolution_mgdl, 0))
    return gm_fail(ctx, GM_EDOMAIN, "sensor: sd %g, resolution %g mg/dL", o->sd_mgdl,
                   o->resolution_mgdl);
  bool bounds = o->low_mgdl != 0 || o->high_mgdl != 0;
  if (bounds && !(o->low_mgdl >= 0 && o->high_mgdl > o->low_mgdl && isfinite(o->high_mgdl)))
    return gm_fail(ctx, GM_EDOMAIN, "sensor: range %g to %g mg/dL", o->low_mgdl, o->high_mgdl);
  return GM_OK;
}

gm_status t1d_sensor_new(gm_ctx *ctx, t1d_sensor_kind kind, const t1d_sensor_options *options,
                         t1d_sensor *out)
{
  assert(out);
  if ((unsigned)kind >= T1D_SENSOR_KINDS)
    return gm_fail(ctx, GM_EINVAL, "sensor: no kind %d", (int)kind);
  t1d_sensor_options o = options ? *options : t1d_sensor_defaults(kind);
  gm_status s = check_times(ctx, &o);
  if (s == GM_OK) s = check_values(ctx, &o);
  if (s != GM_OK) return s;
  *out = (t1d_sensor){.kind = kind, .o = o, .age = -1, .step = -1, .piece = -1};
  return GM_OK;
}

/* ---- draws ----------------------------------------------------------------------------------- */
enum { KIND = 0x743101 }; /* of rand.h: this file's own */
enum { DRAW_V, DRAW_C, DRAW_E, DRAW_WHITE, DRAW_DEVICE };

static double normal(const t1d_sensor *s, uint32_t draw, int64_t index)
{
  gm_key key =
      gm_key_make(s->o.seed, GM_PURPOSE_MEASUREMENT, s->o.subject, s->o.device + (uint64_t)s->age);
  return gm_normal(key, 0, 0, gm_kind_draw(KIND, draw), (uint64_t)index);
}

/* ---- second-order autoregression ------------------------------------------------------------- */
/* Variance in the long run of x_k = a x_(k-1) + b x_(k-2) + sd z_k (Yule & Walker; Box & Jenkins,
 * Time Series Analysis, 3.2.4). */
static double ar_variance(const double ar[3])
{
  double a = ar[0], b = ar[1], q = 1 - b;
  return q * ar[2] * ar[2] / ((1 + b) * (q * q - a * a));
}

/* x at step index, from the two before. It begins in its long run: x_0 has the variance above, x_1
 * given x_0 has the correlation a / (1 - b) with it. */
static void ar_step(const t1d_sensor *s, const double ar[3], uint32_t draw, int64_t index,
                    double x[2])
{
  if (ar[2] <= 0) return;
  double z = normal(s, draw, index), next;
  if (index == 0) {
    next = sqrt(ar_variance(ar)) * z;
  } else if (index == 1) {
    double r = ar[0] / (1 - ar[1]);
    next = r * x[0] + sqrt(ar_variance(ar) * (1 - r * r)) * z;
  } else {
    next = ar[0] * x[0] + ar[1] * x[1] + ar[2] * z;
  }
  x[1] = x[0];
  x[0] = next;
}

static void ar_go(t1d_sensor *s, int64_t step)
{
  while (s->step < step) {
    s->step++;
    ar_step(s, s->ar_v, DRAW_V, s->step, s->v);
    ar_step(s, s->ar_c, DRAW_C, s->step, s->c);
  }
}

/* ---- a device's own numbers ------------------------------------------------------------------ */
enum { OWN = 7 }; /* a0, a1, a2, b0, two coefficients, sd of what is new */

/* Means and covariance of Sensors 19:5320 (2019); the covariance is taken at 0.9, as ReplayBG does,
 * so that devices are not too extreme: lower triangle of its Cholesky root, computed from it. */
static const double own_mean[OWN] = {0.942288, 0.00493988, -0.000584875, 6.38260,
                                     1.26041,  -0.402223,  3.25164};
static const double own_cov[OWN][OWN] = {
    {0.0132458},
    {-0.00395130, 0.00185280},
    {0.000312767, -0.000155803, 0.0000137460},
    {0.157179, -0.102880, 0.00806859, 29.0058},
    {0.00268766, -0.00139023, 0.000120750, 0.124083, 0.0207935},
    {-0.00289046, 0.00115919, -0.000100421, -0.101936, -0.0184311, 0.0187009},
    {-0.00318017, -0.00272849, 0.000111303, 0.600754, -0.0157218, 0.0155233, 0.723568},
};

static void own_root(double root[OWN][OWN])
{
  for (int i = 0; i < OWN; i++) {
    for (int j = 0; j <= i; j++) {
      double sum = 0.9 * own_cov[i][j];
      for (int k = 0; k < j; k++) sum -= root[i][k] * root[j][k];
      root[i][j] = i == j ? sqrt(sum) : sum / root[j][j];
    }
  }
}

/* Taken unless the noise does not settle, or settles at more than 10 mg/dL (both after ReplayBG):
 * 73 of 100 draws are. After 200 refusals (below 1e-100) the mean is taken. */
static bool own_taken(const double x[OWN])
{
  const double *ar = &x[4];
  if (!(ar[1] >= -1) || !(ar[1] <= 1 - fabs(ar[0]) - 0.02) || !(ar[2] > 0)) return false;
  double var = ar_variance(ar);
  return var > 0 && var <= 100;
}

static void own_draw(t1d_sensor *s)
{
  double root[OWN][OWN], x[OWN];
  own_root(root);
  for (int64_t attempt = 0; attempt < 200; attempt++) {
    double z[OWN];
    for (int i = 0; i < OWN; i++) {
      z[i] = normal(s, DRAW_DEVICE, attempt * OWN + i);
      x[i] = own_mean[i];
      for (int k = 0; k <= i; k++) x[i] += root[i][k] * z[k];
    }
    if (own_taken(x)) break;
    memcpy(x, own_mean, sizeof x);
  }
  memcpy(s->gain, x, sizeof s->gain);
  s->shift[0] = x[3];
  memcpy(s->ar_v, &x[4], sizeof s->ar_v);
}

static void device_begin(t1d_sensor *s, int64_t age)
{
  const kind_row *r = &row[s->kind];
  t1d_sensor fresh = {.kind = s->kind, .o = s->o, .age = age, .step = -1, .piece = -1};
  memcpy(fresh.gain, r->gain, sizeof fresh.gain);
  memcpy(fresh.shift, r->shift, sizeof fresh.shift);
  memcpy(fresh.ar_v, r->v, sizeof fresh.ar_v);
  memcpy(fresh.ar_c, r->c, sizeof fresh.ar_c);
  fresh.ar_v[2] = sqrt(r->v[2]);
  fresh.ar_c[2] = sqrt(r->c[2]);
  if (s->kind == T1D_SENSOR_G6_DRAWN) own_draw(&fresh);
  *s = fresh;
}

/* ---- Breton & Kovatchev ---------------------------------------------------------------------- */
/* error = xi + lambda sinh((e + gamma) / delta), e_k = 0.7 (e_(k-1) + z_k) each 15 min; the sign of
 * gamma is simglucose's, with which the mean is the paper's 0.7 mg/dL. */
static const double bk_phi = 0.7, bk_gamma = 0.5444, bk_lambda = 15.9574, bk_delta = 1.6898,
                    bk_xi = -5.47, bk_knot_min = 15;
enum { PIECES = T1D_SENSOR_KNOTS - 1 }; /* a spline of ten steps, then a new one */

static double bk_johnson(double e)
{
  return bk_xi + bk_lambda * gm_sinh((e + bk_gamma) / bk_delta);
}

/* The next knot. simglucose begins with e ~ N(0,1); here e begins in its long run, whose variance
 * is 0.49 / 0.51 = 0.96. */
static double bk_next(t1d_sensor *s, int64_t index)
{
  double z = normal(s, DRAW_E, index);
  s->e = index == 0 ? bk_phi / sqrt(1 - bk_phi * bk_phi) * z : bk_phi * (s->e + z);
  return bk_johnson(s->e);
}

/* Second derivatives (per step^2) of the cubic spline through the knots, not-a-knot at both ends:
 * the outermost two pieces are one cubic, so that bend_0 = 2 bend_1 - bend_2 and the equation of
 * knot 1, bend_0 + 4 bend_1 + bend_2 = 6 second differences, gives bend_1 at once (de Boor, A
 * Practical Guide to Splines, ch. IV). What is left is tridiagonal. */
static void spline_bend(const double y[T1D_SENSOR_KNOTS], double bend[T1D_SENSOR_KNOTS])
{
  double right[T1D_SENSOR_KNOTS], up[T1D_SENSOR_KNOTS];
  const int last = T1D_SENSOR_KNOTS - 1;
  for (int i = 1; i < last; i++) right[i] = 6 * (y[i - 1] - 2 * y[i] + y[i + 1]);
  bend[1] = right[1] / 6;
  bend[last - 1] = right[last - 1] / 6;
  right[2] -= bend[1];
  right[last - 2] -= bend[last - 1];
  for (int i = 2; i <= last - 2; i++) {
    double d = i == 2 ? 4 : 4 - up[i - 1];
    up[i] = 1 / d;
    right[i] = (right[i] - (i == 2 ? 0 : right[i - 1])) / d;
  }
  for (int i = last - 2; i >= 2; i--)
    bend[i] = right[i] - (i == last - 2 ? 0 : up[i] * bend[i + 1]);
  bend[0] = 2 * bend[1] - bend[2];
  bend[last] = 2 * bend[last - 1] - bend[last - 2];
}

static double bk_error(t1d_sensor *s, double since_min)
{
  double u = since_min / bk_knot_min;
  int64_t piece = (int64_t)floor(u / PIECES);
  const bool next = s->piece < piece;
  while (s->piece < piece) {
    s->knot[0] = s->piece < 0 ? bk_next(s, 0) : s->knot[PIECES];
    s->piece++;
    for (int i = 1; i <= PIECES; i++) s->knot[i] = bk_next(s, s->piece * PIECES + i);
  }
  if (next) spline_bend(s->knot, s->bend);
  u -= (double)piece * PIECES;
  int i = (int)fmin(floor(u), PIECES - 1);
  double b = u - i, a = 1 - b;
  return a * s->knot[i] + b * s->knot[i + 1] +
         ((a * a * a - a) * s->bend[i] + (b * b * b - b) * s->bend[i + 1]) / 6;
}

/* ---- readings -------------------------------------------------------------------------------- */
static const double day_min = 1440, slack = 1e-6; /* min: times are sums of steps */

static double polynomial(const double c[3], double x) { return c[0] + x * (c[1] + x * c[2]); }

/* The reading of the present device, since_min after its insertion, before it is shown. */
static double measured(t1d_sensor *s, double since_min, double ig)
{
  switch (s->kind) {
  case T1D_SENSOR_EXACT: return ig;
  case T1D_SENSOR_WHITE:
    return ig + s->o.sd_mgdl *
                    normal(s, DRAW_WHITE, (int64_t)floor((since_min + slack) / s->o.sample_min));
  case T1D_SENSOR_BRETON: return ig + bk_error(s, since_min);
  default: break;
  }
  double from_min = since_min;
  if (s->o.calibrate_h > 0) {
    double period = s->o.calibrate_h * 60;
    from_min = fmax(since_min - floor((since_min + slack) / period) * period, 0);
  }
  double day = from_min / day_min;
  ar_go(s, (int64_t)floor((since_min + slack) / s->o.noise_min));
  return polynomial(s->gain, day) * ig + polynomial(s->shift, day) + s->v[0] + s->c[0];
}

static t1d_sample shown(const t1d_sensor *s, double t_min, double mgdl)
{
  const t1d_sensor_options *o = &s->o;
  t1d_sample r = {t_min, mgdl, 0};
  if (o->resolution_mgdl > 0) r.mgdl = nearbyint(mgdl / o->resolution_mgdl) * o->resolution_mgdl;
  if (!(o->high_mgdl > 0)) return r;
  if (r.mgdl < o->low_mgdl) r.mgdl = o->low_mgdl, r.flags = T1D_SAMPLE_LOW;
  if (r.mgdl > o->high_mgdl) r.mgdl = o->high_mgdl, r.flags = T1D_SAMPLE_HIGH;
  return r;
}

t1d_sample t1d_sensor_sample(t1d_sensor *s, double t_min, double interstitial_mgdl)
{
  assert(s);
  const t1d_sample none = {t_min, NAN, T1D_SAMPLE_MISSING};
  double since = t_min - s->o.start_min, life = s->o.life_day * day_min, age = 0;
  if (!isfinite(since) || since < -slack || !isfinite(interstitial_mgdl)) return none;
  since = fmax(since, 0);
  if (life > 0) {
    age = floor((since + slack) / life);
    since = fmax(since - age * life, 0);
  }
  if (since + slack < s->o.warmup_min || since > 5e7 || age > 1e9) return none;
  bool back = (s->step >= 0 && floor((since + slack) / s->o.noise_min) < (double)s->step) ||
              (s->piece >= 0 && floor(since / (bk_knot_min * PIECES)) < (double)s->piece);
  if (s->age != (int64_t)age || back) device_begin(s, (int64_t)age);
  return shown(s, t_min, measured(s, since, interstitial_mgdl));
}

double t1d_sensor_read(t1d_sensor *s, double t_min, double interstitial_mgdl)
{
  return t1d_sensor_sample(s, t_min, interstitial_mgdl).mgdl;
}

/* E sinh^2((e + gamma) / delta) = (e^(2 q) cosh(2 gamma / delta) - 1) / 2 and E sinh(...) = e^(q/2)
 * sinh(gamma / delta), q = var(e) / delta^2. */
static double bk_sd(void)
{
  double q = bk_phi * bk_phi / (1 - bk_phi * bk_phi) / (bk_delta * bk_delta);
  double mean = gm_exp(q / 2) * gm_sinh(bk_gamma / bk_delta);
  double square = (gm_exp(2 * q) * gm_cosh(2 * bk_gamma / bk_delta) - 1) / 2;
  return bk_lambda * sqrt(square - mean * mean);
}

double t1d_sensor_sd(const t1d_sensor *s)
{
  const kind_row *r = &row[s->kind];
  switch (s->kind) {
  case T1D_SENSOR_EXACT: return 0;
  case T1D_SENSOR_WHITE: return s->o.sd_mgdl;
  case T1D_SENSOR_BRETON: return bk_sd();
  case T1D_SENSOR_G6_DRAWN: return s->age < 0 ? NAN : sqrt(ar_variance(s->ar_v));
  default: break;
  }
  const double v[3] = {r->v[0], r->v[1], sqrt(r->v[2])}, c[3] = {r->c[0], r->c[1], sqrt(r->c[2])};
  return sqrt(ar_variance(v) + ar_variance(c));
}
