/* The online forecaster: least squares, weights of experts, missing features, priors, bytes. */
#include "methods/online_cases.h"
#include "support/fault.h"

enum { N = 400, D = 5 }; /* four features and a constant */

static double feature[N][4], outcome[N];

/* Features of different size, correlated; the outcome is linear in them with noise. */
static void make_series(uint64_t series)
{
  for (uint64_t i = 0; i < N; i++) {
    feature[i][0] = 100 + 20 * normal(series, 8 * i);
    feature[i][1] = feature[i][0] + 3 * normal(series, 8 * i + 1);
    feature[i][2] = normal(series, 8 * i + 2);
    feature[i][3] = 0.01 * normal(series, 8 * i + 3);
    outcome[i] = 0.7 * feature[i][0] + 0.2 * feature[i][1] - 3 * feature[i][2] +
                 50 * feature[i][3] + 7 + 2 * normal(series, 8 * i + 4);
  }
}

static const double prior_mean[D] = {1, -0.5, 0, 2, 3};
static const double prior_precision[D] = {0.5, 2, 1, 1e-4, 0.1};

static gm_online *single(gm_ctx *ctx, double forgetting, double clip)
{
  static const double horizon[] = {1};
  gm_online_expert e = {.count = 4,
                        .constant = true,
                        .forgetting = forgetting,
                        .mean = prior_mean,
                        .precision = prior_precision};
  gm_online_options o = {.horizon_count = 1,
                         .horizon = horizon,
                         .feature_count = 4,
                         .expert_count = 1,
                         .expert = &e,
                         .clip = clip};
  return made(ctx, &o);
}

/* Forecasts from time i are of outcome[i], which comes at i + 1 with weight w(i). */
static void feed(gm_online *o, gm_ctx *ctx, int from, int to, double (*w)(int i))
{
  gm_online_law law;
  for (int i = from; i < to; i++) {
    if (gm_online_forecast(o, ctx, i, feature[i], &law)) fail_msg("%s", gm_message(ctx));
    if (gm_online_learn(o, ctx, i + 1, outcome[i], w ? w(i) : 1)) fail_msg("%s", gm_message(ctx));
  }
}

/* Adds weight x x' and weight x y of datum i. */
static void add_normal_equations(int i, long double weight, long double *a, long double *b)
{
  long double x[D] = {feature[i][0], feature[i][1], feature[i][2], feature[i][3], 1};
  for (int r = 0; r < D; r++) {
    for (int c = 0; c < D; c++) a[r * D + c] += weight * x[r] * x[c];
    b[r] += weight * x[r] * outcome[i];
  }
}

static void add_prior(long double weight, int row, long double *a, long double *b)
{
  a[row * D + row] += weight * prior_precision[row];
  b[row] += weight * prior_precision[row] * prior_mean[row];
}

static void assert_coefficients(const gm_online *o, const long double *a, const long double *b,
                                double tolerance)
{
  double want[D], got[D];
  solve(D, a, b, want);
  gm_online_coefficients(o, 0, 0, got, NULL);
  for (int k = 0; k < D; k++)
    assert_true(fabs(got[k] - want[k]) <= tolerance * (1 + fabs(want[k])));
}

/* ---- least squares -------------------------------------------------------------------------- */
/* After every datum the coefficients are those of ridge regression in closed form. */
static void least_squares__equals_ridge(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  long double a[D * D] = {0}, b[D] = {0};
  make_series(1);
  gm_online *o = single(ctx, 1, 0);
  for (int k = 0; k < D; k++) add_prior(1, k, a, b);
  assert_coefficients(o, a, b, 1e-12);
  for (int i = 0; i < N; i++) {
    feed(o, ctx, i, i + 1, NULL);
    add_normal_equations(i, 1, a, b);
    assert_coefficients(o, a, b, 1e-9);
  }
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* With forgetting they are those of least squares with weights forgetting^age, and of a prior of
 * which each datum puts back one row. */
static void least_squares__forgets_as_weighted(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  const long double keep = 0.95;
  long double a[D * D] = {0}, b[D] = {0};
  make_series(2);
  gm_online *o = single(ctx, (double)keep, 0);
  for (int k = 0; k < D; k++) add_prior(1, k, a, b);
  for (int i = 0; i < N; i++) {
    feed(o, ctx, i, i + 1, NULL);
    for (int k = 0; k < D * D; k++) a[k] *= keep;
    for (int k = 0; k < D; k++) b[k] *= keep;
    add_prior(D * (1 - keep), i % D, a, b);
    add_normal_equations(i, 1, a, b);
    assert_coefficients(o, a, b, 1e-9);
  }
  gm_online_free(o);
  gm_ctx_free(ctx);
}

static double uneven(int i) { return i % 3 == 0 ? 0.2 : i % 3 == 1 ? 1 : 0; }

/* The weight of a datum is that of its square; of weight 0 it teaches nothing. */
static void least_squares__weighs_data(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  long double a[D * D] = {0}, b[D] = {0};
  make_series(3);
  gm_online *o = single(ctx, 1, 0);
  feed(o, ctx, 0, N, uneven);
  for (int k = 0; k < D; k++) add_prior(1, k, a, b);
  for (int i = 0; i < N; i++) add_normal_equations(i, uneven(i), a, b);
  assert_coefficients(o, a, b, 1e-9);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* A million data with lags that are all but equal (condition of the normal equations 1e9) leave
 * the coefficients as exact as the first thousand did: forecasts agree with a solve in long double
 * of the data that are not yet forgotten. */
static void least_squares__stays_exact_in_a_long_stream(void **state)
{
  (void)state;
  enum { LONG = 1000000, LAGS = 4, KEPT = 6000 };
  static const double horizon[] = {1};
  static double y[LONG + 1];
  const long double keep = 0.995;
  gm_ctx *ctx = context();
  gm_online_expert e = {.count = LAGS, .forgetting = (double)keep, .ridge = 1e-4};
  gm_online_options options = {.horizon_count = 1,
                               .horizon = horizon,
                               .feature_count = LAGS,
                               .expert_count = 1,
                               .expert = &e,
                               .window = 100,
                               .gain_count = 0};
  gm_online *o = made(ctx, &options);
  long double a[LAGS * LAGS] = {0}, b[LAGS] = {0}, weight = 1;
  double x[LAGS], w[LAGS], want[LAGS];
  gm_online_law law;
  for (int i = 0; i <= LONG; i++)
    y[i] = 150 + 60 * sin(i * 0.02) + 20 * sin(i * 0.031) + 0.01 * normal(4, (uint64_t)i);
  for (int i = LAGS; i < LONG; i++) {
    for (int k = 0; k < LAGS; k++) x[k] = y[i - k];
    if (gm_online_forecast(o, ctx, i, x, &law)) fail_msg("%s", gm_message(ctx));
    if (gm_online_learn(o, ctx, i + 1, y[i + 1], 1)) fail_msg("%s", gm_message(ctx));
  }
  for (int age = 0; age < KEPT; age++, weight *= keep)
    for (int r = 0, i = LONG - 1 - age; r < LAGS; r++) {
      for (int c = 0; c < LAGS; c++) a[r * LAGS + c] += weight * y[i - r] * y[i - c];
      b[r] += weight * y[i - r] * y[i + 1];
      if ((i - LAGS) % LAGS == r) a[r * LAGS + r] += weight * LAGS * (1 - keep) * 1e-4L;
    }
  solve(LAGS, a, b, want);
  gm_online_coefficients(o, 0, 0, w, NULL);
  for (int k = 0; k < LAGS; k++) assert_true(fabs(w[k] - want[k]) < 1e-8);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* With clip an outlier of a thousand standard deviations moves the coefficients less than a
 * hundredth of what it moves them without. */
static void least_squares__clips_outliers(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  double w[3][D], moved[2] = {0};
  make_series(5);
  outcome[200] += 2000;
  for (int clip = 0; clip < 2; clip++) {
    gm_online *o = single(ctx, 1, clip ? 3 : 0);
    feed(o, ctx, 0, 200, NULL);
    gm_online_coefficients(o, 0, 0, w[0], NULL);
    feed(o, ctx, 200, 201, NULL);
    gm_online_coefficients(o, 0, 0, w[1], NULL);
    for (int k = 0; k < D; k++) moved[clip] = fmax(moved[clip], fabs(w[1][k] - w[0][k]));
    gm_online_free(o);
  }
  assert_true(moved[1] < moved[0] / 100);
  gm_ctx_free(ctx);
}

/* ---- times ---------------------------------------------------------------------------------- */
/* A forecast is settled by the datum within tie of its time, whatever other data come; without one
 * it counts as missed, and so does one that a newer forecast displaces. */
static void times__settle_within_tie(void **state)
{
  (void)state;
  static const double horizon[] = {1, 3};
  gm_ctx *ctx = context();
  gm_online_expert e = {.count = 0, .constant = true};
  gm_online_options options = {.horizon_count = 2,
                               .horizon = horizon,
                               .expert_count = 1,
                               .expert = &e,
                               .tie = 0.1,
                               .pending = 3};
  gm_online *o = made(ctx, &options);
  gm_online_law law[2];
  const double none[1] = {0};
  step(o, ctx, 0, 5, none, law);
  assert_int_equal(gm_online_learn(o, ctx, 0.8, 6, 1), GM_OK); /* settles nothing */
  assert_int_equal(gm_online_scored(o, 0).count, 0);
  step(o, ctx, 1.05, 7, none, law); /* horizon 1 of time 0 */
  assert_int_equal(gm_online_scored(o, 0).count, 1);
  assert_int_equal(gm_online_scored(o, 1).count, 0);
  assert_int_equal(gm_online_learn(o, ctx, 2.95, 8, 1), GM_OK); /* horizon 3 of time 0 */
  assert_int_equal(gm_online_scored(o, 1).count, 1);
  assert_int_equal(gm_online_scored(o, 0).missed, 1); /* horizon 1 of time 1.05 */
  gm_online_score_clear(o);
  for (int i = 0; i < 5; i++)
    assert_int_equal(gm_online_forecast(o, ctx, 10 + 0.01 * i, none, law), GM_OK);
  assert_int_equal(gm_online_scored(o, 0).missed, 2);              /* displaced: three wait */
  assert_int_equal(gm_online_learn(o, ctx, 11.02, NAN, 1), GM_OK); /* none came */
  assert_int_equal(gm_online_learn(o, ctx, 11.02, 8, 0), GM_OK);   /* held out */
  assert_int_equal(gm_online_scored(o, 0).count, 0);
  assert_int_equal(gm_online_learn(o, ctx, 11.03, 8, 1), GM_OK);
  assert_int_equal(gm_online_scored(o, 0).count, 3);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* What cannot be is refused, and the state is the same to the byte. */
static void times__refusals_change_nothing(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_text before, after;
  gm_online_law law;
  double bad[4] = {1, 1e101, 1, 1};
  make_series(6);
  gm_online *o = single(ctx, 1, 0);
  feed(o, ctx, 0, 50, NULL);
  gm_text_init(&before, ctx);
  gm_text_init(&after, ctx);
  assert_int_equal(gm_online_save(o, ctx, &before), GM_OK);
  assert_int_equal(gm_online_learn(o, ctx, 49, 1, 1), GM_ERANGE);
  assert_int_equal(gm_online_learn(o, ctx, NAN, 1, 1), GM_ERANGE);
  assert_int_equal(gm_online_learn(o, ctx, INFINITY, 1, 1), GM_ERANGE);
  assert_int_equal(gm_online_learn(o, ctx, 51, 1, 1.5), GM_ERANGE);
  assert_int_equal(gm_online_learn(o, ctx, 51, 1, NAN), GM_ERANGE);
  assert_int_equal(gm_online_learn(o, ctx, 51, INFINITY, 1), GM_EDOMAIN);
  assert_int_equal(gm_online_forecast(o, ctx, 51, bad, &law), GM_EDOMAIN);
  assert_int_equal(gm_online_look(o, ctx, bad, &law), GM_EDOMAIN);
  assert_int_equal(gm_online_forecast(o, ctx, 49, feature[0], &law), GM_ERANGE);
  assert_int_equal(gm_online_save(o, ctx, &after), GM_OK);
  assert_int_equal(before.bytes, after.bytes);
  assert_memory_equal(before.data, after.data, before.bytes);
  gm_text_free(&before);
  gm_text_free(&after);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* ---- experts -------------------------------------------------------------------------------- */
/* Each says its own feature, a step ahead, and never learns. */
static const double one_step[] = {1}, as_it_is[] = {1};
static const int32_t two_features[] = {0, 1};
static const gm_online_expert two_fixed[] = {
    {.count = 1, .feature = two_features, .fixed = true, .mean = as_it_is},
    {.count = 1, .feature = two_features + 1, .fixed = true, .mean = as_it_is}};

/* Two experts that never learn: their weights are the least squares combination of the discounted
 * errors with the stated pull towards each one's own likelihood, from the formula for two. */
static void experts__are_combined_by_least_squares(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_online_options options = {.horizon_count = 1,
                               .horizon = one_step,
                               .feature_count = 2,
                               .expert_count = 2,
                               .expert = two_fixed,
                               .mix_forgetting = 0.99,
                               .mix_hold = 10};
  gm_online *o = made(ctx, &options);
  gm_online_law law;
  double aa = 0, bb = 0, ab = 0, count = 0;
  for (uint64_t i = 0; i < 500; i++) {
    double off = normal(7, 3 * i), x[2] = {50 + off, 50 + 0.3 * off + 1.5 * normal(7, 3 * i + 1)};
    double y = 50 + 0.5 * normal(7, 3 * i + 2);
    if (gm_online_forecast(o, ctx, (double)i, x, &law)) fail_msg("%s", gm_message(ctx));
    double want = 0.5;
    if (count > 0) {
      double p = aa / count, q = bb / count, r = ab / count, least = fmin(p, q);
      double own = exp(-count / 4 * (p / least - 1)), its = exp(-count / 4 * (q / least - 1));
      double pull = 10 / count * least, alone = own / (own + its);
      want = (q - r + 2 * pull * alone) / (p + q - 2 * r + 2 * pull);
    }
    assert_true(fabs(law.weight[0] - fmin(fmax(want, 0), 1)) < 1e-9);
    assert_true(fabs(law.weight[0] + law.weight[1] - 1) < 1e-12);
    assert_true(fabs(law.mean - law.weight[0] * x[0] - law.weight[1] * x[1]) < 1e-9);
    if (gm_online_learn(o, ctx, (double)i + 1, y, 1)) fail_msg("%s", gm_message(ctx));
    if (isnan(law.scale)) continue; /* the first */
    double first = (x[0] - y) / law.scale, second = (x[1] - y) / law.scale;
    aa = 0.99 * aa + first * first;
    bb = 0.99 * bb + second * second;
    ab = 0.99 * ab + first * second;
    count = 0.99 * count + 1;
  }
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* On an autoregressive series the combination of the autoregression with a model that is no good
 * and with one that knows half of what is to come: never more than 1 % worse than the better one,
 * and with the knowing one better than the autoregression. */
static void experts__combination_is_as_good_as_the_best(void **state)
{
  (void)state;
  enum { LONG = 6000 };
  static const double horizon[] = {1}, one[] = {1};
  static const int32_t model[] = {2}, all[] = {0, 1, 2}, lags[] = {0, 1};
  gm_ctx *ctx = context();
  for (int knows = 0; knows < 2; knows++) {
    gm_online_expert e[3] = {{.count = 2, .feature = lags, .constant = true},
                             {.count = 3, .feature = all, .constant = true},
                             {.count = 1, .feature = model, .fixed = true, .mean = one}};
    gm_online_options options = {
        .horizon_count = 1, .horizon = horizon, .feature_count = 3, .expert_count = 3, .expert = e};
    gm_online *o = made(ctx, &options);
    gm_online_law law;
    double y[3] = {0, 0, 0};
    for (uint64_t i = 0; i < LONG; i++) {
      double shock = normal(8, 2 * i), noise = normal(8, 2 * i + 1);
      double next = 1.6 * y[0] - 0.7 * y[1] + shock;
      double x[3] = {y[0], y[1], knows ? next + 0.7 * noise : 5 * noise};
      if (i == 1000) gm_online_score_clear(o);
      if (gm_online_forecast(o, ctx, (double)i, x, &law)) fail_msg("%s", gm_message(ctx));
      if (gm_online_learn(o, ctx, (double)i + 1, next, 1)) fail_msg("%s", gm_message(ctx));
      y[1] = y[0];
      y[0] = next;
    }
    gm_online_score s = gm_online_scored(o, 0);
    double best = fmin(fmin(s.expert_rmse[0], s.expert_rmse[1]), s.expert_rmse[2]);
    assert_true(s.rmse < 1.01 * best);
    assert_true(fabs(s.expert_rmse[0] - 1) < 0.05);                 /* the shocks' own size */
    if (knows) assert_true(fabs(s.rmse - 0.7 / sqrt(1.49)) < 0.05); /* both kinds of knowledge */
    gm_online_free(o);
  }
  gm_ctx_free(ctx);
}

static gm_online *several(gm_ctx *ctx, int32_t window)
{
  static const double horizon[] = {1, 2.5, 6}, scale[] = {1, 2, 3};
  static const int32_t lags[] = {0, 1}, of_scale[] = {2};
  const gm_online_expert e[] = {{.count = 2, .feature = lags, .constant = true},
                                {.count = 3, .forgetting = 0.99, .precision = prior_precision},
                                {.count = 3, .fixed = true, .mean = prior_mean}};
  gm_online_options o = {.horizon_count = 3,
                         .horizon = horizon,
                         .feature_count = 3,
                         .expert_count = 3,
                         .expert = e,
                         .tie = 0.25,
                         .pending = 9,
                         .scale_count = 1,
                         .scale_feature = of_scale,
                         .scale = scale,
                         .window = window};
  gm_online *out;
  return gm_online_new(ctx, &o, &out) ? NULL : out;
}

/* ---- missing -------------------------------------------------------------------------------- */
/* A missing feature is its last value, after fill_hold times its mean (or that at once); an expert
 * that sees it does not learn from that forecast, one that does not see it learns. */
static void missing__is_filled_and_not_learned_from(void **state)
{
  (void)state;
  static const double horizon[] = {1}, one[] = {1};
  static const int32_t which[] = {0, 1};
  gm_ctx *ctx = context();
  for (int fill = 0; fill < 2; fill++) {
    gm_online_expert e[3] = {{.count = 1, .feature = which, .fixed = true, .mean = one},
                             {.count = 2, .feature = which, .constant = true},
                             {.count = 1, .feature = which + 1, .constant = true}};
    gm_online_options options = {.horizon_count = 1,
                                 .horizon = horizon,
                                 .feature_count = 2,
                                 .expert_count = 3,
                                 .expert = e,
                                 .fill_hold = 2,
                                 .fill = fill ? GM_ONLINE_FILL_MEAN : GM_ONLINE_FILL_LAST};
    gm_online *o = made(ctx, &options);
    gm_online_law law;
    for (int i = 0; i < 4; i++) step(o, ctx, i, i + 1, (double[]){i * i, i}, &law);
    double last = 9, mean = 14.0 / 4, before[3], after[3], other[2], moved[2];
    const double want[] = {last, last, mean, mean};
    assert_int_equal(gm_online_learn(o, ctx, 4, 5, 1), GM_OK); /* settles the last whole one */
    gm_online_coefficients(o, 0, 1, before, NULL);
    gm_online_coefficients(o, 0, 2, other, NULL);
    for (int i = 4; i < 8; i++) {
      assert_int_equal(gm_online_forecast(o, ctx, i, (double[]){NAN, i}, &law), GM_OK);
      assert_int_equal(law.filled, 1);
      assert_true(law.expert[0] == (fill ? mean : want[i - 4]));
      assert_int_equal(gm_online_learn(o, ctx, i + 1, 3 * i, 1), GM_OK);
    }
    gm_online_coefficients(o, 0, 1, after, NULL);
    gm_online_coefficients(o, 0, 2, moved, NULL);
    assert_memory_equal(before, after, sizeof before);
    assert_true(fabs(other[0] - moved[0]) > 1e-3);
    assert_int_equal(gm_online_scored(o, 0).count, 8);
    gm_online_free(o);
  }
  gm_ctx_free(ctx);
}

/* A stream of nothing but NaN and of constants keeps every number of the law finite or NaN as
 * documented, and a feature that was never seen stands as 0: there is no expert but this. */
static void missing__everything(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_online *o = single(ctx, 1, 0);
  gm_online_law law;
  const double none[4] = {NAN, NAN, NAN, NAN}, zero[4] = {0};
  for (int i = 0; i < 20; i++) {
    step(o, ctx, i, NAN, none, &law);
    assert_true(law.mean == prior_mean[4] && law.weight[0] == 1);
    assert_true(isnan(law.scale) && isnan(law.low[0]) && isnan(law.high[3]));
  }
  for (int i = 20; i < 200; i++) step(o, ctx, i, 42, zero, &law);
  assert_true(isfinite(law.mean) && law.scale > 0 && law.low[3] <= law.high[3]);
  assert_true(isfinite(law.low[3]) && isfinite(law.high[3]));
  assert_int_equal(gm_online_scored(o, 0).missed, 19 + 0);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* An expert that rests on a feature of which no value ever came has no part in the forecast, which
 * is the other's alone; from the feature's first value on it has its weight again, and missing
 * values later take none of it away. */
static void missing__what_never_came_has_no_weight(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_online_options options = {.horizon_count = 1,
                               .horizon = one_step,
                               .feature_count = 2,
                               .expert_count = 2,
                               .expert = two_fixed};
  gm_online *o = made(ctx, &options);
  gm_online_law law;
  for (int i = 0; i < 30; i++) {
    const double x[2] = {100 + i % 3, NAN};
    assert_int_equal(gm_online_look(o, ctx, x, &law), GM_OK);
    assert_true(law.mean == x[0] && law.weight[0] == 1 && law.weight[1] == 0);
    step(o, ctx, i, 101, x, &law);
    assert_true(law.mean == x[0] && law.weight[0] == 1 && law.weight[1] == 0);
  }
  gm_online_free(o);
  o = made(ctx, &options);
  step(o, ctx, 0, 100, (double[]){100, NAN}, &law);
  assert_true(law.weight[1] == 0);
  step(o, ctx, 1, 100, (double[]){100, 90}, &law);
  assert_true(law.weight[1] == 0.5 && law.mean == 95);
  assert_int_equal(gm_online_look(o, ctx, (double[]){100, 90}, &law), GM_OK);
  const double with = law.weight[1];
  assert_int_equal(gm_online_look(o, ctx, (double[]){100, NAN}, &law), GM_OK);
  assert_true(law.weight[1] == with && with > 0);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* Values of every size the header allows, in any order, and a level that never moves: no number of
 * the law becomes NaN or infinite. */
static void extremes__stay_finite(void **state)
{
  (void)state;
  static const double size[] = {0, 1e-300, 1e100, -1e100, 1, 1e-100, -3e50, 42};
  gm_ctx *ctx = context();
  for (int still = 0; still < 2; still++) {
    gm_online *o = several(ctx, 100);
    gm_online_law law[3];
    for (int i = 0; i < 3000; i++) {
      double x[9];
      for (int k = 0; k < 9; k++) x[k] = size[(int)(8 * uniform(13, (uint64_t)(10 * i + k)))];
      double y = size[(int)(8 * uniform(13, (uint64_t)(10 * i + 9)))];
      step(o, ctx, i, still ? 0 : y, x, law);
      for (int h = 0; h < 3; h++) {
        assert_true(isfinite(law[h].mean) && isfinite(law[h].scale) && law[h].scale > 0);
        assert_true(isfinite(law[h].low[3]) && isfinite(law[h].high[3]));
        assert_true(law[h].low[3] <= law[h].high[3]);
        for (int k = 0; k < 3; k++) assert_true(law[h].weight[k] >= 0 && law[h].weight[k] <= 1);
      }
    }
    gm_online_free(o);
  }
  gm_ctx_free(ctx);
}

/* ---- priors --------------------------------------------------------------------------------- */
/* What one forecaster learned, taken as prior by another, is worth its data: learning on gives what
 * one forecaster learns from both. */
static void prior__is_worth_its_data(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  double mean[D], precision[D * D], one[D], two[D];
  make_series(9);
  gm_online *whole = single(ctx, 1, 0), *first = single(ctx, 1, 0), *then = single(ctx, 1, 0);
  feed(whole, ctx, 0, N, NULL);
  feed(first, ctx, 0, 150, NULL);
  gm_online_coefficients(first, 0, 0, mean, precision);
  for (int k = 0; k < D * D; k++) precision[k] *= 4;
  assert_int_equal(gm_online_prior(then, ctx, 0, 0, mean, precision, 0.25), GM_OK);
  feed(then, ctx, 150, N, NULL);
  gm_online_coefficients(whole, 0, 0, one, NULL);
  gm_online_coefficients(then, 0, 0, two, NULL);
  for (int k = 0; k < D; k++) assert_true(fabs(one[k] - two[k]) < 1e-9 * (1 + fabs(one[k])));
  assert_int_equal(gm_online_prior(then, ctx, 0, 0, mean, precision, 0), GM_ERANGE);
  mean[0] = NAN;
  assert_int_equal(gm_online_prior(then, ctx, 0, 0, mean, precision, 1), GM_EDOMAIN);
  mean[0] = 0;
  precision[0] = -1;
  assert_int_equal(gm_online_prior(then, ctx, 0, 0, mean, precision, 1), GM_ENUMERIC);
  gm_online_coefficients(then, 0, 0, one, NULL);
  assert_memory_equal(one, two, sizeof one);
  gm_online_free(whole);
  gm_online_free(first);
  gm_online_free(then);
  gm_ctx_free(ctx);
}

/* After a break and with the coefficients and the rest adopted, another forecaster says the same.
 */
static void prior__adopts_scale_and_intervals(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  double mean[D], precision[D * D];
  gm_online_law one, two;
  make_series(10);
  gm_online *o = single(ctx, 1, 0), *fresh = single(ctx, 1, 0), *other = single(ctx, 0.99, 0);
  feed(o, ctx, 0, N, NULL);
  gm_online_coefficients(o, 0, 0, mean, precision);
  assert_int_equal(gm_online_prior(fresh, ctx, 0, 0, mean, precision, 1), GM_OK);
  assert_int_equal(gm_online_adopt(fresh, ctx, o), GM_OK);
  assert_int_equal(gm_online_adopt(other, ctx, o), GM_EINVAL);
  gm_online_break(o);
  assert_int_equal(gm_online_forecast(o, ctx, -100, feature[0], &one), GM_OK); /* time anew */
  assert_int_equal(gm_online_forecast(fresh, ctx, 0, feature[0], &two), GM_OK);
  assert_true(fabs(one.mean - two.mean) < 1e-8);
  double width = one.high[2] - one.low[2], its = two.high[2] - two.low[2];
  assert_true(fabs(its / width - 1) < 0.5); /* how y moves and its level are not adopted */
  gm_online_free(o);
  gm_online_free(fresh);
  gm_online_free(other);
  gm_ctx_free(ctx);
}

/* ---- bytes ---------------------------------------------------------------------------------- */
static void run(gm_online *o, gm_ctx *ctx, int from, int to)
{
  gm_online_law law[3];
  for (int i = from; i < to; i++) {
    double y = i % 13 == 4 ? NAN : 10 + normal(11, (uint64_t)i), x[9];
    for (int k = 0; k < 9; k++) x[k] = i % 7 == k ? NAN : normal(12, (uint64_t)(9 * i + k));
    step(o, ctx, i, y, x, law);
  }
}

static void bytes_of(const gm_online *o, gm_ctx *ctx, gm_text *t)
{
  gm_text_init(t, ctx);
  assert_int_equal(gm_online_save(o, ctx, t), GM_OK);
}

/* A forecaster saved and loaded goes on with the bytes of one that was not, wherever it was cut. */
static void bytes__go_on_as_unbroken(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  for (int cut = 0; cut < 300; cut += 37) {
    gm_online *whole = several(ctx, 100), *first = several(ctx, 100), *then = several(ctx, 100);
    gm_text saved, one, two;
    run(whole, ctx, 0, 300);
    run(first, ctx, 0, cut);
    bytes_of(first, ctx, &saved);
    run(then, ctx, 0, 5); /* what it knew is replaced */
    assert_int_equal(gm_online_load(then, ctx, saved.data, saved.bytes), GM_OK);
    run(then, ctx, cut, 300);
    bytes_of(whole, ctx, &one);
    bytes_of(then, ctx, &two);
    assert_int_equal(one.bytes, two.bytes);
    assert_memory_equal(one.data, two.data, one.bytes);
    gm_text_free(&saved);
    gm_text_free(&one);
    gm_text_free(&two);
    gm_online_free(whole);
    gm_online_free(first);
    gm_online_free(then);
  }
  gm_ctx_free(ctx);
}

/* Bytes that are cut, damaged or of other options are refused, and the state stays. */
static void bytes__refuse_damage(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_online *o = several(ctx, 100), *other = several(ctx, 200);
  gm_text saved, before, after;
  run(o, ctx, 0, 50);
  bytes_of(o, ctx, &saved);
  bytes_of(other, ctx, &before);
  assert_int_equal(gm_online_load(other, ctx, saved.data, saved.bytes), GM_EPARSE);
  bytes_of(other, ctx, &after);
  assert_memory_equal(before.data, after.data, before.bytes);
  for (size_t n = 0; n < saved.bytes; n += 97)
    assert_int_equal(gm_online_load(o, ctx, saved.data, n), GM_EPARSE);
  for (size_t n = 0; n < saved.bytes; n += 97) {
    saved.data[n] ^= 4;
    assert_int_equal(gm_online_load(o, ctx, saved.data, saved.bytes), GM_EPARSE);
    saved.data[n] ^= 4;
  }
  assert_int_equal(gm_online_load(o, ctx, saved.data, saved.bytes), GM_OK);
  gm_text_free(&saved);
  gm_text_free(&before);
  gm_text_free(&after);
  gm_online_free(o);
  gm_online_free(other);
  gm_ctx_free(ctx);
}

/* A look says what a forecast says, and changes no byte. */
static void bytes__look_changes_none(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_online *o = several(ctx, 100);
  gm_online_law one[3], two[3];
  gm_text before, after;
  const double x[9] = {1, NAN, 3, 4, 5, 6, NAN, 8, 9};
  run(o, ctx, 0, 120);
  bytes_of(o, ctx, &before);
  assert_int_equal(gm_online_look(o, ctx, x, one), GM_OK);
  bytes_of(o, ctx, &after);
  assert_memory_equal(before.data, after.data, before.bytes);
  assert_int_equal(gm_online_forecast(o, ctx, 119, x, two), GM_OK);
  assert_memory_equal(one, two, sizeof one);
  gm_text_free(&before);
  gm_text_free(&after);
  gm_online_free(o);
  gm_ctx_free(ctx);
}

/* ---- options, memory ------------------------------------------------------------------------ */
static void refused(gm_ctx *ctx, gm_online_options o)
{
  gm_online *out = NULL;
  assert_int_equal(gm_online_new(ctx, &o, &out), GM_ERANGE);
  assert_null(out);
}

/* Each option outside its range is refused. */
static void options__are_checked(void **state)
{
  (void)state;
  static const double horizon[] = {1, 2}, down[] = {2, 1}, level[] = {0.5, 0.4}, one[] = {1};
  static const int32_t twice[] = {1, 1};
  gm_ctx *ctx = context();
  gm_online_expert e = {.count = 1, .constant = true}, bad = e;
  gm_online_options good = {.horizon_count = 2,
                            .horizon = horizon,
                            .feature_count = 2,
                            .expert_count = 1,
                            .expert = &e},
                    o;
  gm_online *fine = made(ctx, &good);
  gm_online_free(fine);
#define REFUSED(field, value) (o = good, o.field = value, refused(ctx, o))
  REFUSED(horizon_count, 0);
  REFUSED(horizon, down);
  REFUSED(horizon, NULL);
  REFUSED(feature_count, GM_ONLINE_FEATURES + 1);
  REFUSED(expert_count, 0);
  REFUSED(expert, NULL);
  REFUSED(tie, 0.6);
  REFUSED(pending, -1);
  REFUSED(fill_hold, -1);
  REFUSED(clip, -1);
  REFUSED(mix_forgetting, 1.1);
  REFUSED(mix_hold, -1);
  REFUSED(scale_forgetting, NAN);
  REFUSED(scale_count, 3);
  REFUSED(window, 50);
  o = good, o.level_count = 2, o.level = level, refused(ctx, o);
  o = good, o.gain_count = 1, o.gain = one, refused(ctx, o);
  o = good, o.expert = &bad;
  bad.count = 3, refused(ctx, o), bad = e;
  bad.count = 2, bad.feature = twice, refused(ctx, o), bad = e;
  bad.forgetting = 1.5, refused(ctx, o), bad = e;
  bad.ridge = -1, refused(ctx, o), bad = e;
  bad.count = 0, bad.constant = false, refused(ctx, o);
  gm_ctx_free(ctx);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  (void)user;
  static const double mean[3] = {0}, precision[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1};
  gm_text saved;
  gm_online *o = several(ctx, 100);
  if (!o) return GM_ENOMEM;
  gm_text_init(&saved, ctx);
  gm_status s = gm_online_prior(o, ctx, 1, 1, mean, precision, 2);
  if (!s) s = gm_online_save(o, ctx, &saved);
  if (!s) s = gm_online_load(o, ctx, saved.data, saved.bytes);
  gm_text_free(&saved);
  gm_online_free(o);
  return s;
}

/* Every allocation may fail: GM_ENOMEM, nothing left behind. */
static void memory__may_fail(void **state)
{
  (void)state;
  assert_true(fault_sweep("online forecaster", trial, NULL) > 5);
}

static gm_online *held;
static gm_status stream_trial(gm_ctx *ctx, void *user)
{
  (void)user;
  run(held, ctx, 0, 200);
  return GM_OK;
}

/* Data and forecasts allocate nothing. */
static void memory__is_had_at_the_start(void **state)
{
  (void)state;
  fault f;
  fault_init(&f);
  gm_ctx *ctx = fault_ctx(&f);
  held = several(ctx, 100);
  assert_non_null(held);
  fault_arm(&f, 1, true);
  assert_int_equal(stream_trial(ctx, NULL), GM_OK);
  assert_int_equal(f.calls, 0);
  fault_disarm(&f);
  gm_online_free(held);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(least_squares__equals_ridge),
      cmocka_unit_test(least_squares__forgets_as_weighted),
      cmocka_unit_test(least_squares__weighs_data),
      cmocka_unit_test(least_squares__stays_exact_in_a_long_stream),
      cmocka_unit_test(least_squares__clips_outliers),
      cmocka_unit_test(times__settle_within_tie),
      cmocka_unit_test(times__refusals_change_nothing),
      cmocka_unit_test(experts__are_combined_by_least_squares),
      cmocka_unit_test(experts__combination_is_as_good_as_the_best),
      cmocka_unit_test(missing__is_filled_and_not_learned_from),
      cmocka_unit_test(missing__everything),
      cmocka_unit_test(missing__what_never_came_has_no_weight),
      cmocka_unit_test(extremes__stay_finite),
      cmocka_unit_test(prior__is_worth_its_data),
      cmocka_unit_test(prior__adopts_scale_and_intervals),
      cmocka_unit_test(bytes__go_on_as_unbroken),
      cmocka_unit_test(bytes__refuse_damage),
      cmocka_unit_test(bytes__look_changes_none),
      cmocka_unit_test(options__are_checked),
      cmocka_unit_test(memory__may_fail),
      cmocka_unit_test(memory__is_had_at_the_start),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
