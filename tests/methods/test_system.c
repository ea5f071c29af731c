/* Systems: coordinates, priors, laws of measurement, checks; and want of memory in filters. */
#include "gemel/assimilate.h"
#include "support/fault.h"
#include "support/sir_jump.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>
#include <cmocka.h>

static bool near(double a, double b, double share)
{
  return fabs(a - b) <= share * (fabs(a) + fabs(b)) || fabs(a - b) < 1e-300;
}

static const gm_unknown of_each_law[] = {
    {.law = GM_PRIOR_NORMAL, .center = -3, .spread = 0.4},
    {.law = GM_PRIOR_LOGNORMAL, .center = 20, .spread = 1.5},
    {.law = GM_PRIOR_LOGIT, .center = 0.3, .spread = 0.8, .lower = -1, .upper = 7},
    {.law = GM_PRIOR_UNIFORM, .lower = 2, .upper = 3}};

/* Values grow with the coordinate, come back to it, and keep their bounds. */
static void coordinates__come_back(void **state)
{
  (void)state;
  const gm_unknown *u = of_each_law;
  for (int k = 0; k < 4; k++) {
    double before = -INFINITY;
    for (double z = -4; z <= 4; z += 0.25) {
      double v = gm_unknown_value(&u[k], z);
      assert_true(v > before);
      assert_true(fabs(gm_unknown_coordinate(&u[k], v) - z) < 1e-8);
      before = v;
    }
  }
  assert_true(gm_unknown_coordinate(&u[3], 1) == -8.2 && gm_unknown_coordinate(&u[3], 4) == 8.2);
  assert_true(fabs(gm_unknown_value(&u[1], 1) - 20 * exp(1.5)) < 1e-12 * 20 * exp(1.5));
  assert_true(fabs(gm_unknown_value(&u[3], 0) - 2.5) < 1e-15);
}

/* Any number of values at once, at any stride, has the bytes of one by one; infinities and what is
 * no number too. */
static void values__are_those_of_one_by_one(void **state)
{
  enum { MOST = 41, STRIDE = 3 };
  (void)state;
  double z[MOST * STRIDE], out[MOST + 1];
  for (int32_t i = 0; i < MOST * STRIDE; i++) z[i] = 0.37 * (i % 53) - 9;
  z[6] = INFINITY;
  z[9] = -INFINITY;
  z[12] = NAN;
  z[15] = 800;
  for (int k = 0; k < 4; k++)
    for (int32_t stride = 1; stride <= STRIDE; stride += 2)
      for (int32_t n = 0; n <= MOST; n++) {
        out[n] = -77;
        gm_unknown_values(&of_each_law[k], n, z, stride, out);
        assert_true(out[n] == -77);
        for (int32_t m = 0; m < n; m++) {
          const double one = gm_unknown_value(&of_each_law[k], z[m * stride]);
          if (isnan(one))
            assert_true(isnan(out[m]));
          else
            assert_memory_equal(&one, &out[m], sizeof one);
        }
      }
}

static gm_sensor sensor_of(gm_sense_law law, double p0, double p1)
{
  return (gm_sensor){.law = law, .p0 = p0, .p1 = p1, .parameter0 = -1, .parameter1 = -1};
}

/* Counts: probabilities sum to 1, their mean and variance are the stated moments, their sums the
 * distribution function, and censored data have the sums' logarithms. */
static void counts__are_laws(void **state)
{
  (void)state;
  const gm_sensor s[] = {sensor_of(GM_SENSE_POISSON, 1.7, 0), sensor_of(GM_SENSE_BINOMIAL, 0.35, 0),
                         sensor_of(GM_SENSE_NEGATIVE_BINOMIAL, 1.2, 0.8)};
  const double f = 9;
  for (int k = 0; k < 3; k++) {
    double sum = 0, mean = 0, square = 0, m, v, below;
    for (double n = 0; n < 400; n++) {
      double p = exp(gm_sense_logpdf(&s[k], &f, NULL, 1, n, 0)), before = sum;
      sum += p;
      mean += n * p;
      square += n * n * p;
      assert_true(fabs(gm_sense_cdf(&s[k], &f, NULL, 1, n, &below) - sum) < 1e-11);
      assert_true(fabs(below - before) < 1e-11);
      if (n > 20) continue;
      assert_true(fabs(exp(gm_sense_logpdf(&s[k], &f, NULL, 1, n, 1)) - before) < 1e-11);
      assert_true(fabs(exp(gm_sense_logpdf(&s[k], &f, NULL, 1, n, -1)) - (1 - sum)) < 1e-11);
    }
    gm_sense_moments(&s[k], &f, NULL, 1, &m, &v);
    assert_true(near(sum, 1, 1e-10) && near(mean, m, 1e-9) && near(square - mean * mean, v, 1e-8));
    assert_true(gm_sense_logpdf(&s[k], &f, NULL, 1, 2.5, 0) == -INFINITY);
    assert_true(gm_sense_logpdf(&s[k], &f, NULL, 1, -1, 0) == -INFINITY);
  }
}

/* Continuous laws: the density is the slope of the distribution function. */
static void densities__are_slopes(void **state)
{
  (void)state;
  const gm_sensor s[] = {sensor_of(GM_SENSE_NORMAL, 0.7, 0.2),
                         sensor_of(GM_SENSE_LOGNORMAL, 0.4, 0),
                         sensor_of(GM_SENSE_STUDENT, 1.3, 4.5)};
  const double f = 5;
  for (int k = 0; k < 3; k++)
    for (double y = 1; y < 12; y += 0.7) {
      double h = 1e-4, p = exp(gm_sense_logpdf(&s[k], &f, NULL, 1, y, 0));
      double slope = (gm_sense_cdf(&s[k], &f, NULL, 1, y + h, NULL) -
                      gm_sense_cdf(&s[k], &f, NULL, 1, y - h, NULL)) /
                     (2 * h);
      assert_true(fabs(p - slope) < 1e-6);
      assert_true(near(exp(gm_sense_logpdf(&s[k], &f, NULL, 1, y, 1)),
                       gm_sense_cdf(&s[k], &f, NULL, 1, y, NULL), 1e-10));
    }
}

/* A coloured sensor: the joint density of three residuals is that of the autoregression's
 * covariance exp(-|t - t'|/memory). */
static void colour__is_an_autoregression(void **state)
{
  (void)state;
  gm_sensor s = sensor_of(GM_SENSE_NORMAL, 2, 0);
  s.memory = 3;
  const double t[3] = {0, 1, 2.5}, y[3] = {6, 7.5, 3}, f = 5;
  double last = NAN, sum = 0, a = exp(-1 / 3.0), b = exp(-1.5 / 3.0);
  for (int i = 0; i < 3; i++)
    sum += gm_sense_logpdf_after(&s, &f, NULL, 1, y[i], 0, last, i ? t[i] - t[i - 1] : 0, &last);
  /* covariance of a Markov chain: det = (1 - a^2)(1 - b^2), quadratic form in closed form */
  double r[3], det = (1 - a * a) * (1 - b * b);
  for (int i = 0; i < 3; i++) r[i] = (y[i] - f) / 2;
  double q =
      r[0] * r[0] + pow(r[1] - a * r[0], 2) / (1 - a * a) + pow(r[2] - b * r[1], 2) / (1 - b * b);
  double want = -0.5 * (q + log(det) + 3 * log(2 * acos(-1))) - 3 * log(2);
  assert_true(near(sum, want, 1e-12));
}

/* Draws have the stated mean and variance (20,000 draws, four standard errors). */
static void draws__have_their_moments(void **state)
{
  (void)state;
  enum { COUNT = 20000 };
  const gm_sensor s[] = {
      sensor_of(GM_SENSE_NORMAL, 0.7, 0.2),  sensor_of(GM_SENSE_LOGNORMAL, 0.4, 0),
      sensor_of(GM_SENSE_STUDENT, 1.3, 9),   sensor_of(GM_SENSE_POISSON, 1.7, 0),
      sensor_of(GM_SENSE_BINOMIAL, 0.35, 0), sensor_of(GM_SENSE_NEGATIVE_BINOMIAL, 1.2, 3)};
  const double f = 9;
  gm_key key = gm_key_make(1, GM_PURPOSE_TEST, 0, 0);
  for (int k = 0; k < 6; k++) {
    double sum = 0, square = 0, fourth = 0, m, v;
    gm_sense_moments(&s[k], &f, NULL, 1, &m, &v);
    for (uint64_t i = 0; i < COUNT; i++) {
      double e = gm_sense_draw(&s[k], &f, NULL, 1, key, 3, i) - m;
      sum += e;
      square += e * e;
      fourth += e * e * e * e;
    }
    assert_true(fabs(sum / COUNT) < 4 * sqrt(v / COUNT));
    double spread = sqrt((fourth / COUNT - v * v) / COUNT);
    assert_true(fabs(square / COUNT - v) < 4 * spread);
  }
}

/* What is wrong with a system is named. */
static void system__faults_are_named(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_model *m;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(sir_jump_new(ctx, false, &m), GM_OK);
  gm_unknown u[2] = {{.name = "beta", .law = GM_PRIOR_LOGNORMAL, .center = 1, .spread = 1},
                     {.name = "gamma", .parameter = 1, .law = GM_PRIOR_UNIFORM, .upper = 1}};
  gm_sensor o = {.name = "tests",
                 .output = 1,
                 .law = GM_SENSE_BINOMIAL,
                 .p0 = 0.6,
                 .parameter0 = -1,
                 .parameter1 = -1};
  gm_reading r[2] = {{.t = 1, .value = 3}, {.t = 2, .value = 4}};
  gm_system good = {.model = m,
                    .unknown = u,
                    .unknown_count = 2,
                    .sensor = &o,
                    .sensor_count = 1,
                    .reading = r,
                    .reading_count = 2};
  assert_int_equal(gm_system_check(ctx, &good), GM_OK);
#define FAULT(change, text)                                                                        \
  do {                                                                                             \
    gm_unknown u_kept[2] = {u[0], u[1]};                                                           \
    gm_sensor o_kept = o;                                                                          \
    gm_reading r_kept[2] = {r[0], r[1]};                                                           \
    gm_system s = good;                                                                            \
    change;                                                                                        \
    assert_int_not_equal(gm_system_check(ctx, &s), GM_OK);                                         \
    if (!strstr(gm_message(ctx), text)) fail_msg("%s", gm_message(ctx));                           \
    memcpy(u, u_kept, sizeof u);                                                                   \
    o = o_kept;                                                                                    \
    memcpy(r, r_kept, sizeof r);                                                                   \
  } while (0)
  FAULT(u[0].parameter = 9, "unknown beta");
  FAULT(u[0].spread = 0, "unknown beta");
  FAULT(u[0].center = -1, "unknown beta");
  FAULT(u[1].lower = 2, "unknown gamma");
  FAULT(u[1].parameter = 0, "one parameter");
  FAULT(u[1].drift = -1, "drift");
  FAULT(o.output = 7, "sensor tests");
  FAULT(o.p0 = 1.5, "sensor tests");
  FAULT(o.memory = 2, "memory");
  FAULT(o.law = GM_SENSE_OWN, "sensor tests");
  FAULT(r[1].t = 0.5, "reading 1");
  FAULT(r[0].value = NAN, "reading 0");
  FAULT(r[0].sensor = 3, "reading 0");
  FAULT(s.unknown_count = 1000, "unknowns");
  FAULT(s.model = NULL, "model");
#undef FAULT
  gm_model_free(m);
  gm_ctx_free(ctx);
}

/* ---- resume ---------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_unknown unknown;
  gm_sensor sensor;
  gm_reading reading[8];
  gm_system s;
} followed;

static void followed_open(followed *q)
{
  *q = (followed){0};
  assert_int_equal(gm_ctx_new(NULL, &q->ctx), GM_OK);
  assert_int_equal(sir_jump_new(q->ctx, false, &q->model), GM_OK);
  q->unknown = (gm_unknown){.name = "beta",
                            .parameter = gm_model_find(q->model, GM_TABLE_PARAMETER, "beta"),
                            .law = GM_PRIOR_LOGNORMAL,
                            .center = 1,
                            .spread = 0.3,
                            .drift = 0.05};
  q->sensor = sensor_of(GM_SENSE_POISSON, 0.6, 0);
  q->sensor.output = 1;
  static const double found[8] = {3, 5, 4, 8, 9, 7, 6, 5};
  for (int i = 0; i < 8; i++) q->reading[i] = (gm_reading){.t = i + 1, .value = found[i]};
  q->s = (gm_system){.model = q->model,
                     .unknown = &q->unknown,
                     .unknown_count = 1,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = 8,
                     .seed = 9};
}

/* A filter saved after four data and loaded into a new one goes on with the same bytes; every kind;
 * damaged saves are refused and change nothing. */
static void filter__resumes_with_the_same_bytes(void **state)
{
  (void)state;
  for (int kind = GM_FILTER_PARTICLE; kind <= GM_FILTER_ETKF; kind++) {
    if (kind == GM_FILTER_UKF) continue; /* needs a model without chance */
    followed q;
    followed_open(&q);
    gm_filter_options o = {.kind = (gm_filter_kind)kind, .members = 64};
    gm_filter *a, *b;
    gm_text text;
    assert_int_equal(gm_filter_new(q.ctx, &q.s, &o, &a), GM_OK);
    assert_int_equal(gm_filter_new(q.ctx, &q.s, &o, &b), GM_OK);
    for (int i = 0; i < 4; i++)
      assert_int_equal(gm_filter_step(a, q.ctx, i + 1, &q.reading[i], 1, NULL), GM_OK);
    gm_text_init(&text, q.ctx);
    assert_int_equal(gm_filter_save(a, q.ctx, &text), GM_OK);
    for (size_t at = 0; at < text.bytes; at += 1 + text.bytes / 100) {
      text.data[at] = (char)(text.data[at] ^ 4);
      assert_int_equal(gm_filter_load(b, q.ctx, text.data, text.bytes), GM_EPARSE);
      text.data[at] = (char)(text.data[at] ^ 4);
    }
    assert_int_equal(gm_filter_load(b, q.ctx, text.data, text.bytes - 3), GM_EPARSE);
    assert_int_equal(gm_filter_load(b, q.ctx, text.data, text.bytes), GM_OK);
    gm_text_free(&text);
    for (int i = 4; i < 8; i++) {
      gm_filter_news x, y;
      assert_int_equal(gm_filter_step(a, q.ctx, i + 1, &q.reading[i], 1, &x), GM_OK);
      assert_int_equal(gm_filter_step(b, q.ctx, i + 1, &q.reading[i], 1, &y), GM_OK);
      assert_true(x.log_predictive == y.log_predictive && x.pit[0] == y.pit[0]);
    }
    assert_memory_equal(gm_filter_coordinate(a), gm_filter_coordinate(b), 64 * sizeof(double));
    assert_true(gm_filter_loglik(a) == gm_filter_loglik(b));
    gm_filter_free(a);
    gm_filter_free(b);
    gm_model_free(q.model);
    gm_ctx_free(q.ctx);
  }
}

/* ---- want of memory -------------------------------------------------------------------------- */
static gm_status filter_trial(gm_ctx *ctx, void *user)
{
  const gm_filter_options *o = user;
  gm_model *m = NULL;
  gm_filter *f = NULL;
  gm_unknown u = {.name = "beta", .law = GM_PRIOR_LOGNORMAL, .center = 1, .spread = 0.2};
  gm_sensor sensor = {.name = "tests",
                      .output = 1,
                      .law = GM_SENSE_POISSON,
                      .p0 = 0.6,
                      .parameter0 = -1,
                      .parameter1 = -1};
  gm_reading r[3] = {{.t = 1, .value = 2}, {.t = 2, .value = 3}, {.t = 3, .value = 3}};
  gm_status s = sir_jump_new(ctx, o->kind == GM_FILTER_UKF, &m);
  u.parameter = s ? 0 : gm_model_find(m, GM_TABLE_PARAMETER, "beta");
  gm_system system = {.model = m,
                      .unknown = &u,
                      .unknown_count = 1,
                      .sensor = &sensor,
                      .sensor_count = 1,
                      .reading = r,
                      .reading_count = 3};
  if (!s) s = gm_filter_new(ctx, &system, o, &f);
  if (!s) s = gm_filter_run(f, ctx, NULL, NULL, NULL, NULL);
  gm_filter_free(f);
  gm_model_free(m);
  return s;
}

/* Every allocation of a filter's life may fail: a message, and nothing left behind. */
static void filter__want_of_memory(void **state)
{
  (void)state;
  static const gm_filter_options o[] = {{.kind = GM_FILTER_PARTICLE,
                                         .members = 8,
                                         .ess_least = 1,
                                         .rejuvenate = GM_REJUVENATE_KERNEL},
                                        {.kind = GM_FILTER_GUIDED, .members = 8},
                                        {.kind = GM_FILTER_ENKF, .members = 8},
                                        {.kind = GM_FILTER_ETKF, .members = 8},
                                        {.kind = GM_FILTER_UKF}};
  for (size_t i = 0; i < sizeof o / sizeof *o; i++) {
    gm_filter_options copy = o[i];
    assert_true(fault_sweep("filter", filter_trial, &copy) > 10);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(coordinates__come_back),
      cmocka_unit_test(values__are_those_of_one_by_one),
      cmocka_unit_test(counts__are_laws),
      cmocka_unit_test(densities__are_slopes),
      cmocka_unit_test(colour__is_an_autoregression),
      cmocka_unit_test(draws__have_their_moments),
      cmocka_unit_test(system__faults_are_named),
      cmocka_unit_test(filter__resumes_with_the_same_bytes),
      cmocka_unit_test(filter__want_of_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
