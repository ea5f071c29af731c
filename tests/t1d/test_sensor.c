/* Errors of glucose sensors: their long run against closed forms, the figures measured of the
 * published simulator, and that an error depends on nothing but whose it is and how old.
 * label: quick */
#include "t1d_sensor.h"
#include "support/fault.h"
#include <float.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static gm_ctx *ctx;

/* An error for ever: neither life, warm-up, range nor rounding. */
static t1d_sensor_options bare(t1d_sensor_kind kind, uint64_t seed)
{
  t1d_sensor_options o = t1d_sensor_defaults(kind);
  o.start_min = o.life_day = o.warmup_min = o.calibrate_h = 0;
  o.low_mgdl = o.high_mgdl = o.resolution_mgdl = 0;
  o.seed = seed;
  return o;
}

static t1d_sensor made(t1d_sensor_kind kind, const t1d_sensor_options *o)
{
  t1d_sensor s;
  assert_int_equal(t1d_sensor_new(ctx, kind, o, &s), GM_OK);
  return s;
}

/* ---- Monte Carlo ----------------------------------------------------------------------------- */
enum { BATCHES = 60 };

/* A figure of a series by batches: mean and its standard error. */
typedef double figure(const double *x, int n, int lag, double mean);
typedef struct {
  double value, error;
} estimate;

static estimate by_batches(const double *x, int n, figure *f, int lag, double mean)
{
  double sum = 0, square = 0;
  int each = n / BATCHES;
  for (int b = 0; b < BATCHES; b++) {
    double v = f(x + b * each, each, lag, mean);
    sum += v;
    square += v * v;
  }
  double m = sum / BATCHES;
  return (estimate){m, sqrt((square / BATCHES - m * m) / (BATCHES - 1))};
}

static double mean_of(const double *x, int n, int lag, double mean)
{
  double sum = 0;
  (void)lag, (void)mean;
  for (int i = 0; i < n; i++) sum += x[i];
  return sum / n;
}

/* Autocovariance about a known mean. */
static double covariance(const double *x, int n, int lag, double mean)
{
  double sum = 0;
  for (int i = 0; i + lag < n; i++) sum += (x[i] - mean) * (x[i + lag] - mean);
  return sum / (n - lag);
}

static void near(const char *what, estimate e, double theory)
{
  print_message("  %-28s %9.4f, theory %9.4f, error %.4f\n", what, e.value, theory, e.error);
  assert_true(fabs(e.value - theory) < 4.5 * e.error);
}

/* ---- Breton & Kovatchev ---------------------------------------------------------------------- */
static int up(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

static double correlation(const double *x, int n, int lag)
{
  double m = mean_of(x, n, 0, 0);
  return covariance(x, n, lag, m) / covariance(x, n, 0, m);
}

/* Standard deviation, 2.5 and 97.5 %, autocorrelation at 5, 15, 30 and 60 min of one run. */
enum { FIGURES = 7 };
static void breton_run(uint64_t seed, double f[FIGURES])
{
  enum { N = 30000 };
  static double x[N];
  static const int lag[] = {1, 3, 6, 12};
  t1d_sensor_options o = bare(T1D_SENSOR_BRETON, seed);
  t1d_sensor s = made(T1D_SENSOR_BRETON, &o);
  for (int i = 0; i < N; i++) x[i] = t1d_sensor_read(&s, 5 * i, 200) - 200;
  for (int k = 0; k < 4; k++) f[3 + k] = correlation(x, N, lag[k]);
  f[0] = sqrt(covariance(x, N, 0, mean_of(x, N, 0, 0)));
  qsort(x, N, sizeof x[0], up);
  f[1] = x[(int)(0.025 * N)];
  f[2] = x[(int)(0.975 * N)];
}

/* What was measured of the published simulator's sensor in one run of 30,000 samples of 5 min, here
 * among 60 runs as long: within 3 standard deviations of such a run, and half of the last digit
 * printed. */
static void breton__figures_of_the_simulator_are_met(void **state)
{
  (void)state;
  enum { RUNS = 60 };
  static const double measured[FIGURES] = {11.1, -20, 25, 0.95, 0.70, 0.46, 0.23},
                      digit[FIGURES] = {0.1, 1, 1, 0.01, 0.01, 0.01, 0.01};
  static const char *const name[FIGURES] = {"sd",     "2.5 %",  "97.5 %", "5 min",
                                            "15 min", "30 min", "60 min"};
  double sum[FIGURES] = {0}, square[FIGURES] = {0};
  for (int run = 0; run < RUNS; run++) {
    double f[FIGURES];
    breton_run(1000 + (uint64_t)run, f);
    for (int k = 0; k < FIGURES; k++) sum[k] += f[k], square[k] += f[k] * f[k];
  }
  for (int k = 0; k < FIGURES; k++) {
    double m = sum[k] / RUNS, sd = sqrt((square[k] / RUNS - m * m) * RUNS / (RUNS - 1));
    print_message("  %-6s %8.3f, of a run +-%.3f; measured %g\n", name[k], m, sd, measured[k]);
    assert_true(fabs(m - measured[k]) < 3 * sd + digit[k] / 2);
  }
}

/* E sinh X sinh Y of two normals with mean m, variance q and correlation r: half of
 * e^(q(1+r)) cosh 2m - e^(q(1-r)). */
static double sinh_product(double m, double q, double r)
{
  return (exp(q * (1 + r)) * cosh(2 * m) - exp(q * (1 - r))) / 2;
}

/* At its knots (each 15 min) the error is Johnson's curve of an autoregression of order one: mean,
 * standard deviation and autocorrelations have closed forms. */
static void breton__knots_follow_the_closed_form(void **state)
{
  (void)state;
  enum { N = 300000 };
  static double x[N];
  t1d_sensor_options o = bare(T1D_SENSOR_BRETON, 21);
  t1d_sensor s = made(T1D_SENSOR_BRETON, &o);
  for (int i = 0; i < N; i++) x[i] = t1d_sensor_read(&s, 15.0 * i, 0);
  double q = 0.49 / 0.51 / (1.6898 * 1.6898), m = 0.5444 / 1.6898, lambda = 15.9574;
  double first = exp(q / 2) * sinh(m), mean = -5.47 + lambda * first;
  near("mean", by_batches(x, N, mean_of, 0, 0), mean);
  for (int lag = 0; lag <= 4; lag++) {
    double c = lambda * lambda * (sinh_product(m, q, pow(0.7, lag)) - first * first);
    near("autocovariance", by_batches(x, N, covariance, lag, mean), c);
    if (lag == 0) assert_true(fabs(t1d_sensor_sd(&s) - sqrt(c)) < 1e-9);
  }
}

/* The 40 coefficients of a spline of ten cubics through eleven knots, by elimination: values at
 * both ends of each piece, equal slopes and bends in between, equal third derivatives at the second
 * and the last but one knot. */
static void spline(const double y[11], double out[40])
{
  static double a[40][41];
  memset(a, 0, sizeof a);
  int row = 0;
  for (int p = 0; p < 10; p++) { /* c0 + c1 u + c2 u^2 + c3 u^3, u from 0 to 1 */
    a[row][4 * p] = 1, a[row++][40] = y[p];
    for (int k = 0; k < 4; k++) a[row][4 * p + k] = 1;
    a[row++][40] = y[p + 1];
  }
  for (int p = 0; p < 9; p++) {
    a[row][4 * p + 1] = 1, a[row][4 * p + 2] = 2, a[row][4 * p + 3] = 3, a[row++][4 * p + 5] = -1;
    a[row][4 * p + 2] = 2, a[row][4 * p + 3] = 6, a[row++][4 * p + 6] = -2;
  }
  a[row][3] = 1, a[row++][7] = -1;
  a[row][35] = 1, a[row++][39] = -1;
  assert_int_equal(row, 40);
  for (int c = 0; c < 40; c++) {
    int best = c;
    for (int r = c; r < 40; r++)
      if (fabs(a[r][c]) > fabs(a[best][c])) best = r;
    for (int k = 0; k < 41; k++) {
      double t = a[c][k];
      a[c][k] = a[best][k], a[best][k] = t;
    }
    for (int r = 0; r < 40; r++) {
      double f = r == c ? 0 : a[r][c] / a[c][c];
      for (int k = c; k < 41; k++) a[r][k] -= f * a[c][k];
    }
  }
  for (int c = 0; c < 40; c++) out[c] = a[c][40] / a[c][c];
}

/* Between knots: the cubic spline through eleven knots, not-a-knot at its ends, one after the other
 * each 150 min: what simglucose does. */
static void breton__between_knots_is_the_spline(void **state)
{
  (void)state;
  t1d_sensor_options o = bare(T1D_SENSOR_BRETON, 22);
  t1d_sensor s = made(T1D_SENSOR_BRETON, &o);
  for (int piece = 0; piece < 40; piece++) {
    double y[11], c[40];
    for (int i = 0; i <= 10; i++) y[i] = t1d_sensor_read(&s, 150 * piece + 15 * i, 0);
    spline(y, c);
    for (int t = 0; t < 150; t++) {
      double u = t % 15 / 15.0, *p = &c[4 * (t / 15)];
      double want = p[0] + u * (p[1] + u * (p[2] + u * p[3]));
      assert_true(fabs(t1d_sensor_read(&s, 150 * piece + t, 0) - want) < 1e-9);
    }
  }
}

/* ---- second-order autoregressions ------------------------------------------------------------ */
/* Autocovariances of x_k = a x_(k-1) + b x_(k-2) + noise by the Yule-Walker equations: three linear
 * equations for the first three, the recursion for the rest. */
static void yule_walker(double a, double b, double var, int lags, double *g)
{
  /* g0 = a g1 + b g2 + var; g1 = a g0 + b g1; g2 = a g1 + b g0 */
  double r1 = a / (1 - b), r2 = a * r1 + b;
  g[0] = var / (1 - a * r1 - b * r2);
  g[1] = r1 * g[0];
  for (int k = 2; k < lags; k++) g[k] = a * g[k - 1] + b * g[k - 2];
}

static const struct {
  t1d_sensor_kind kind;
  double gain[3], shift[3], v[3], c[3];
} published[] = {
    {T1D_SENSOR_SEVEN_PLUS,
     {1.1, 2e-4, 0},
     {-14.8, 0.04, 0},
     {1.013, -0.2135, 14.45},
     {1.23, -0.3995, 11.3}},
    {T1D_SENSOR_G5, {1.04, 0.02, 0}, {-8.75, 0, 0}, {1.27, -0.42, 7.64}, {0, 0, 0}},
    {T1D_SENSOR_G6,
     {1.048, -0.033, 0.002},
     {-6.398, 6.179, -0.448},
     {1.22, -0.331, 3.641},
     {1.34, -0.492, 5.538}},
};
enum { PUBLISHED = 3, LAGS = 40 };

static void theory(int k, double g[LAGS])
{
  double v[LAGS], c[LAGS];
  yule_walker(published[k].v[0], published[k].v[1], published[k].v[2], LAGS, v);
  yule_walker(published[k].c[0], published[k].c[1], published[k].c[2], LAGS, c);
  for (int i = 0; i < LAGS; i++) g[i] = v[i] + c[i];
}

static double drift(const double c[3], double day) { return c[0] + day * (c[1] + day * c[2]); }

/* The noise of a published kind at steps of 5 min, its drift taken off. */
static void noise_of(int k, const t1d_sensor_options *o, double *x, int n)
{
  t1d_sensor s = made(published[k].kind, o);
  for (int i = 0; i < n; i++)
    x[i] = t1d_sensor_read(&s, 5.0 * i, 0) - drift(published[k].shift, 5.0 * i / 1440);
}

/* Variance and autocovariances of v + c at 5, 10, 15, 30 and 60 min. */
static void noise__long_run_is_that_of_yule_and_walker(void **state)
{
  (void)state;
  enum { N = 600000 };
  static double x[N];
  static const int lag[] = {0, 1, 2, 3, 6, 12};
  for (int k = 0; k < PUBLISHED; k++) {
    double g[LAGS];
    theory(k, g);
    t1d_sensor_options o = bare(published[k].kind, 30 + (uint64_t)k);
    noise_of(k, &o, x, N);
    print_message("  %s\n", t1d_sensor_name(published[k].kind));
    near("mean", by_batches(x, N, mean_of, 0, 0), 0);
    for (int i = 0; i < 6; i++)
      near("autocovariance", by_batches(x, N, covariance, lag[i], 0), g[lag[i]]);
    t1d_sensor s = made(published[k].kind, &o);
    assert_true(fabs(t1d_sensor_sd(&s) - sqrt(g[0])) < 1e-9);
  }
}

/* A step of 1 min (LoopInsighT1's reading of the papers): at 5 min the fifth autocovariance. */
static void noise__a_step_of_a_minute_forgets_sooner(void **state)
{
  (void)state;
  enum { N = 120000 };
  static double x[N];
  t1d_sensor_options o = bare(T1D_SENSOR_SEVEN_PLUS, 40);
  double g[LAGS];
  theory(0, g);
  o.noise_min = 1;
  noise_of(0, &o, x, N);
  for (int lag = 0; lag < 4; lag++)
    near("autocovariance", by_batches(x, N, covariance, lag, 0), g[5 * lag]);
}

/* A device does not begin at rest: over devices, the first two readings have the variance and the
 * covariance of the long run. */
static void noise__a_device_begins_in_its_long_run(void **state)
{
  (void)state;
  enum { N = 40000 };
  static double square[2][N], product[N];
  double g[LAGS];
  theory(2, g);
  for (int i = 0; i < N; i++) {
    t1d_sensor_options o = bare(T1D_SENSOR_G6, 50);
    o.device = (uint64_t)i;
    double x[2];
    noise_of(2, &o, x, 2);
    square[0][i] = x[0] * x[0];
    square[1][i] = x[1] * x[1];
    product[i] = x[0] * x[1];
  }
  near("variance, first", by_batches(square[0], N, mean_of, 0, 0), g[0]);
  near("variance, second", by_batches(square[1], N, mean_of, 0, 0), g[0]);
  near("covariance", by_batches(product, N, mean_of, 0, 0), g[1]);
}

/* Two arms with the same seed: what differs is a(t) times the difference of glucose, exactly; and
 * glucose 0 shows b(t) + noise. Calibration begins the days anew. */
static void drift__gain_and_shift_are_the_table(void **state)
{
  (void)state;
  for (int k = 0; k < PUBLISHED; k++) {
    t1d_sensor_options o = bare(published[k].kind, 60), c = o;
    c.calibrate_h = 12;
    t1d_sensor s = made(published[k].kind, &o), t = s, u = made(published[k].kind, &c);
    for (int i = 0; i < 2880; i++) {
      double m = 5.0 * i, day = m / 1440, since = fmod(m, 720) / 1440;
      double at_0 = t1d_sensor_read(&s, m, 0);
      double gain = (t1d_sensor_read(&t, m, 250) - at_0) / 250;
      assert_true(fabs(gain - drift(published[k].gain, day)) < 1e-9);
      double want = at_0 + drift(published[k].shift, since) - drift(published[k].shift, day) +
                    100 * drift(published[k].gain, since);
      assert_true(fabs(t1d_sensor_read(&u, m, 100) - want) < 1e-9);
    }
  }
}

static double next_uniform(uint64_t *seed)
{
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return ((double)(*seed >> 11) + 0.5) / 9007199254740992.0;
}

/* ---- devices of their own -------------------------------------------------------------------- */
/* Gain and shift over devices: among them stand the published means; those of a0 and b0 are shifted
 * by what is refused (noise above 10 mg/dL) by less than a tenth of their spread. Days 0, 5, 10
 * give the spread of the error at 120 mg/dL that the published covariance (times 0.9) implies. */
static void drawn__devices_spread_as_published(void **state)
{
  (void)state;
  enum { N = 4000 };
  double sum[3] = {0}, square[3] = {0}, gain = 0, sd = 0, most = 0;
  /* by hand: mean and variance of (a0 + a1 t + a2 t^2 - 1) 120 + b0 at t = 0, 5, 10 */
  static const double mean[] = {0.94228768, 0.0049398821, -0.00058487486, 6.3826022},
                      cov[4][4] = {
                          {0.0132458280, -0.00395130254, 0.000312767433, 0.157179125},
                          {-0.00395130254, 0.00185279760, -0.000155803322, -0.102880077},
                          {0.000312767433, -0.000155803322, 0.0000137459622, 0.00806858637},
                          {0.157179125, -0.102880077, 0.00806858637, 29.0058382}};
  for (int i = 0; i < N; i++) {
    t1d_sensor_options o = bare(T1D_SENSOR_G6_DRAWN, 70);
    o.device = (uint64_t)i;
    t1d_sensor s = made(T1D_SENSOR_G6_DRAWN, &o), t = s;
    for (int d = 0; d < 3; d++) {
      double x = t1d_sensor_read(&s, 7200 * d, 120) - 120;
      sum[d] += x / N;
      square[d] += x * x / N;
      if (d == 0) gain += (t1d_sensor_read(&t, 0, 1000) - x - 120) / 880 / N;
    }
    sd += t1d_sensor_sd(&s) / N;
    most = fmax(most, t1d_sensor_sd(&s));
  }
  print_message("  gain %.4f (0.9423), noise sd %.2f, at most %.2f mg/dL\n", gain, sd, most);
  assert_true(fabs(gain - 0.9423) < 0.1 * 0.109 && most <= 10 && sd > 5 && sd < 9);
  for (int d = 0; d < 3; d++) {
    double t = 5 * d, w[4] = {120, 120 * t, 120 * t * t, 1}, m = -120, var = 0;
    for (int i = 0; i < 4; i++) {
      m += w[i] * mean[i];
      for (int j = 0; j < 4; j++) var += 0.9 * w[i] * w[j] * cov[i][j];
    }
    double own = square[d] - sum[d] * sum[d] - sd * sd;
    print_message("  day %2.0f: error at 120 mg/dL %.1f sd %.1f, published %.1f sd %.1f\n", t,
                  sum[d], sqrt(own), m, sqrt(var));
    assert_true(fabs(sum[d] - m) < 0.15 * sqrt(var) && fabs(own / var - 1) < 0.2);
  }
}

/* ---- whose error ----------------------------------------------------------------------------- */
/* The same readings whether each is taken, some are, the order is turned around, or the sensor is a
 * copy or made anew in the middle. */
static void error__depends_on_nothing_else(void **state)
{
  (void)state;
  enum { N = 900 };
  for (int k = 0; k < T1D_SENSOR_KINDS; k++) {
    t1d_sensor_options o = t1d_sensor_defaults((t1d_sensor_kind)k);
    o.seed = 80;
    o.life_day = 1.5; /* two devices and a bit */
    o.low_mgdl = o.high_mgdl = o.resolution_mgdl = 0;
    t1d_sensor s = made((t1d_sensor_kind)k, &o), jump = s, copy = s;
    double x[N];
    for (int i = 0; i < N; i++) {
      x[i] = t1d_sensor_read(&s, 5 * i, 100 + i % 7);
      if (i == N / 2) copy = s;
    }
    uint64_t seed = 1;
    for (int n = 0; n < 300; n++) {
      int i = (int)(N * next_uniform(&seed));
      t1d_sensor anew = made((t1d_sensor_kind)k, &o);
      double a = t1d_sensor_read(&jump, 5 * i, 100 + i % 7),
             b = t1d_sensor_read(&anew, 5 * i, 100 + i % 7);
      assert_memory_equal(&a, &b, sizeof a);
      assert_true(a == x[i] || (isnan(a) && isnan(x[i])));
    }
    for (int i = N / 2; i < N; i++) {
      double a = t1d_sensor_read(&copy, 5 * i, 100 + i % 7);
      assert_true(a == x[i] || (isnan(a) && isnan(x[i])));
    }
  }
}

/* Seed, subject and device each make another error; the second device of a person is the first of
 * one whose count begins with it. */
static void error__is_another_for_another(void **state)
{
  (void)state;
  for (int k = T1D_SENSOR_WHITE; k < T1D_SENSOR_KINDS; k++) {
    t1d_sensor_options o = bare((t1d_sensor_kind)k, 90), a = o, b = o, c = o;
    a.seed++, b.subject++, c.device++;
    t1d_sensor s = made((t1d_sensor_kind)k, &o),
               t[3] = {made((t1d_sensor_kind)k, &a), made((t1d_sensor_kind)k, &b),
                       made((t1d_sensor_kind)k, &c)};
    for (int j = 0; j < 3; j++) {
      int same = 0;
      for (int i = 0; i < 50; i++)
        same += t1d_sensor_read(&s, 7 * i, 120) == t1d_sensor_read(&t[j], 7 * i, 120);
      assert_int_equal(same, 0);
    }
    o.life_day = 7;
    c.start_min = 7 * 1440;
    s = made((t1d_sensor_kind)k, &o);
    t[2] = made((t1d_sensor_kind)k, &c);
    for (int i = 0; i < 50; i++) {
      double at = 7 * 1440 + 5 * i;
      assert_true(t1d_sensor_read(&s, at, 120) == t1d_sensor_read(&t[2], at, 120));
    }
  }
}

/* White errors: their sd, and nothing from one to the next; the same between two samples. */
static void white__is_white(void **state)
{
  (void)state;
  enum { N = 120000 };
  static double x[N];
  t1d_sensor_options o = bare(T1D_SENSOR_WHITE, 95);
  o.sd_mgdl = 8;
  t1d_sensor s = made(T1D_SENSOR_WHITE, &o);
  for (int i = 0; i < N; i++) x[i] = t1d_sensor_read(&s, 5 * i, 100) - 100;
  near("variance", by_batches(x, N, covariance, 0, 0), 64);
  near("autocovariance", by_batches(x, N, covariance, 1, 0), 0);
  assert_true(t1d_sensor_read(&s, 5.0 * (N - 1) + 3, 100) - 100 == x[N - 1]);
}

/* ---- devices and readings -------------------------------------------------------------------- */
/* A G6: warm at 0, ten days, two hours without readings, the next. EXACT shows glucose itself. */
static void life__a_device_ends_and_the_next_warms_up(void **state)
{
  (void)state;
  t1d_sensor s = made(T1D_SENSOR_G6, NULL), exact = made(T1D_SENSOR_EXACT, NULL);
  for (int i = -30; i < 6000; i++) {
    double t = 5 * i, since = fmod(t + 120 + 14400, 14400);
    t1d_sample r = t1d_sensor_sample(&s, t, 150);
    bool none = t < 0 || since < 120;
    assert_int_equal(r.flags & T1D_SAMPLE_MISSING, none ? T1D_SAMPLE_MISSING : 0);
    assert_true(isnan(r.mgdl) == none && r.t_min == t);
    assert_true(i < 0 || t1d_sensor_read(&exact, t, 99.25 + i) == 99.25 + i);
  }
  assert_true(isnan(t1d_sensor_read(&s, 100, NAN)) && isnan(t1d_sensor_read(&s, NAN, 100)));
  assert_true(isnan(t1d_sensor_read(&s, INFINITY, 100)));
  t1d_sample r = t1d_sensor_sample(&exact, 1e300, 100);
  assert_int_equal(r.flags, T1D_SAMPLE_MISSING);
}

/* Beyond its range a sensor shows the bound and says so; readings are whole mg/dL. */
static void reading__is_cut_and_flagged(void **state)
{
  (void)state;
  int low = 0, high = 0, inside = 0;
  t1d_sensor s = made(T1D_SENSOR_G5, NULL);
  for (int i = 0; i < 2000; i++) {
    t1d_sample r = t1d_sensor_sample(&s, 5 * i, 20 + 0.25 * i);
    if (r.flags & T1D_SAMPLE_MISSING) continue;
    assert_true(r.mgdl >= 40 && r.mgdl <= 400 && r.mgdl == floor(r.mgdl));
    assert_true(!(r.flags & T1D_SAMPLE_LOW) || r.mgdl == 40);
    assert_true(!(r.flags & T1D_SAMPLE_HIGH) || r.mgdl == 400);
    low += r.flags == T1D_SAMPLE_LOW;
    high += r.flags == T1D_SAMPLE_HIGH;
    inside += r.flags == 0;
  }
  assert_true(low > 50 && high > 200 && inside > 1000);
  t1d_sensor breton = made(T1D_SENSOR_BRETON, NULL);
  assert_true(t1d_sensor_read(&breton, 0, -500) == 39 && t1d_sensor_read(&breton, 0, 900) == 600);
}

static void options__out_of_domain_are_refused(void **state)
{
  (void)state;
  t1d_sensor s = made(T1D_SENSOR_G6, NULL), before = s;
  t1d_sensor_kind kind = T1D_SENSOR_EXACT;
  for (int i = 0; i < 13; i++) {
    t1d_sensor_options o = t1d_sensor_defaults(T1D_SENSOR_G6);
    double *field[] = {&o.start_min,       &o.sample_min,  &o.noise_min, &o.sd_mgdl,   &o.life_day,
                       &o.warmup_min,      &o.calibrate_h, &o.low_mgdl,  &o.high_mgdl, &o.high_mgdl,
                       &o.resolution_mgdl, &o.sample_min,  &o.noise_min};
    static const double bad[] = {NAN, -5, 0,        -1, -1,       NAN, -2,
                                 -40, 40, INFINITY, -1, INFINITY, 1e-9};
    *field[i] = bad[i];
    assert_int_equal(t1d_sensor_new(ctx, T1D_SENSOR_G6, &o, &s), GM_EDOMAIN);
    assert_memory_equal(&s, &before, sizeof s);
  }
  assert_int_equal(t1d_sensor_new(ctx, T1D_SENSOR_KINDS, NULL, &s), GM_EINVAL);
  for (int k = 0; k < T1D_SENSOR_KINDS; k++) {
    assert_int_equal(t1d_sensor_find(ctx, t1d_sensor_name((t1d_sensor_kind)k), &kind), GM_OK);
    assert_int_equal(kind, k);
  }
  assert_int_equal(t1d_sensor_find(ctx, "g7", &kind), GM_ENOTFOUND);
  assert_null(t1d_sensor_name(T1D_SENSOR_KINDS));
}

static int up_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) == GM_OK ? 0 : -1;
}

static int down_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(breton__figures_of_the_simulator_are_met),
      cmocka_unit_test(breton__knots_follow_the_closed_form),
      cmocka_unit_test(breton__between_knots_is_the_spline),
      cmocka_unit_test(noise__long_run_is_that_of_yule_and_walker),
      cmocka_unit_test(noise__a_step_of_a_minute_forgets_sooner),
      cmocka_unit_test(noise__a_device_begins_in_its_long_run),
      cmocka_unit_test(drift__gain_and_shift_are_the_table),
      cmocka_unit_test(drawn__devices_spread_as_published),
      cmocka_unit_test(error__depends_on_nothing_else),
      cmocka_unit_test(error__is_another_for_another),
      cmocka_unit_test(white__is_white),
      cmocka_unit_test(life__a_device_ends_and_the_next_warms_up),
      cmocka_unit_test(reading__is_cut_and_flagged),
      cmocka_unit_test(options__out_of_domain_are_refused),
  };
  return cmocka_run_group_tests(tests, up_ctx, down_ctx);
}
