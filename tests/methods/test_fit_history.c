/* Smoothing, resample-move and the ensemble smoother against exact answers of linear models.
 * label: full */
#include "methods/fit_cases.h"
#include "gemel/smooth.h"
#include "gemel/stochastic.h"
#include <stdlib.h>
#include <string.h>

enum { TIMES = 15 };

/* ---- exact smoothing (Rauch, Tung & Striebel 1965), 2 x 2 ----  */
typedef struct {
  double m[2], p[4];
} law;

static void mul(const double *a, const double *b, double *c) /* c = A B */
{
  double t[4] = {a[0] * b[0] + a[1] * b[2], a[0] * b[1] + a[1] * b[3], a[2] * b[0] + a[3] * b[2],
                 a[2] * b[1] + a[3] * b[3]};
  memcpy(c, t, sizeof t);
}
static void mul_t(const double *a, const double *b, double *c) /* c = A B' */
{
  double t[4] = {b[0], b[2], b[1], b[3]};
  mul(a, t, c);
}
static void inverse(const double *a, double *c)
{
  double det = a[0] * a[3] - a[1] * a[2];
  double t[4] = {a[3] / det, -a[1] / det, -a[2] / det, a[0] / det};
  memcpy(c, t, sizeof t);
}

static law forward(const chain_config *c, const law *a)
{
  law b;
  double q[4], t[4];
  for (int i = 0; i < 2; i++) b.m[i] = c->a[2 * i] * a->m[0] + c->a[2 * i + 1] * a->m[1];
  mul(c->a, a->p, t);
  mul_t(t, c->a, b.p);
  mul_t(c->s, c->s, q);
  for (int i = 0; i < 4; i++) b.p[i] += q[i];
  return b;
}

/* y = x1 + N(0, r). Returns ln p(y). */
static double take(law *a, double y, double r)
{
  double s = a->p[0] + r, k[2] = {a->p[0] / s, a->p[2] / s}, v = y - a->m[0], p01 = a->p[1];
  double p00 = a->p[0];
  for (int i = 0; i < 2; i++) a->m[i] += k[i] * v;
  a->p[3] -= k[1] * p01;
  a->p[0] -= k[0] * p00;
  a->p[1] -= k[0] * p01;
  a->p[2] = a->p[1];
  return -0.5 * (v * v / s + log(2 * acos(-1) * s));
}

static double rts(const chain_config *c, const double *y, double r, law *smooth)
{
  law filtered[TIMES], ahead[TIMES], now = {{c->x0[0], c->x0[1]}, {0, 0, 0, 0}};
  double ll = 0;
  for (int t = 0; t < TIMES; t++) {
    now = ahead[t] = forward(c, &now);
    ll += take(&now, y[t], r);
    filtered[t] = now;
  }
  smooth[TIMES - 1] = filtered[TIMES - 1];
  for (int t = TIMES - 2; t >= 0; t--) {
    double g[4], inv[4], d[4], e[4];
    mul_t(filtered[t].p, c->a, g);
    inverse(ahead[t + 1].p, inv);
    mul(g, inv, g);
    for (int i = 0; i < 4; i++) d[i] = smooth[t + 1].p[i] - ahead[t + 1].p[i];
    mul(g, d, e);
    mul_t(e, g, e);
    for (int i = 0; i < 4; i++) smooth[t].p[i] = filtered[t].p[i] + e[i];
    for (int i = 0; i < 2; i++) {
      double a = smooth[t + 1].m[0] - ahead[t + 1].m[0], b = smooth[t + 1].m[1] - ahead[t + 1].m[1];
      smooth[t].m[i] = filtered[t].m[i] + g[2 * i] * a + g[2 * i + 1] * b;
    }
  }
  return ll;
}

typedef struct {
  gm_model *model;
  gm_sensor sensor;
  gm_reading reading[TIMES];
  double y[TIMES];
  gm_system s;
} tracked;

static void tracked_open(tracked *q, gm_ctx *ctx)
{
  static const double noise[TIMES] = {2.1,  4.8,  -3.3, -6.2, -1.4, 3.9,  5.5, 0.2,
                                      -4.4, -2.7, 1.8,  6.1,  2.2,  -3.1, -5};
  chain_config c = chain_ou2();
  *q = (tracked){
      .sensor = {
          .name = "y", .law = GM_SENSE_NORMAL, .p0 = 1.5, .parameter0 = -1, .parameter1 = -1}};
  assert_int_equal(gm_model_new(ctx, &chain_type, &c, &q->model), GM_OK);
  for (int i = 0; i < TIMES; i++) {
    q->y[i] = noise[i];
    q->reading[i] = (gm_reading){.t = i + 1, .value = noise[i]};
  }
  q->s = (gm_system){.model = q->model,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = TIMES,
                     .seed = 5};
}

/* Means over `runs` filters; the filters' own means without smoothing must be farther off. */
static void smoothing(gm_ctx *ctx, gm_filter_options o, int32_t runs, const char *name,
                      double tolerance)
{
  tracked q;
  law exact[TIMES];
  gm_filter *f;
  gm_smooth *r;
  double worst = 0, spread = 0, before = 0, mean[TIMES][2] = {{0}}, sd[TIMES][2] = {{0}};
  double filtered[TIMES][2] = {{0}}, ll_mean = 0;
  chain_config c = chain_ou2();
  tracked_open(&q, ctx);
  o.keep_history = true;
  double ll_exact = rts(&c, q.y, 2.25, exact);
  for (int32_t run = 0; run < runs; run++) {
    double ll;
    o.replicate = (uint64_t)run;
    if (gm_filter_new(ctx, &q.s, &o, &f)) fail_msg("%s", gm_message(ctx));
    if (gm_filter_run(f, ctx, NULL, NULL, NULL, &ll)) fail_msg("%s", gm_message(ctx));
    if (gm_filter_smooth(f, ctx, &r)) fail_msg("%s", gm_message(ctx));
    assert_int_equal(r->time_count, TIMES);
    assert_true(r->distinct[0] >= 1 && r->distinct[0] <= r->distinct[TIMES - 1]);
    for (int t = 0; t < TIMES; t++)
      for (int i = 0; i < 2; i++) {
        mean[t][i] += r->mean[3 * t + i] / runs;
        filtered[t][i] += r->filtered[3 * t + i] / runs;
        sd[t][i] += r->sd[3 * t + i] / runs;
      }
    ll_mean += ll / runs;
    gm_smooth_free(r);
    gm_filter_free(f);
  }
  for (int t = 0; t < TIMES; t++)
    for (int i = 0; i < 2; i++) {
      double want = sqrt(exact[t].p[3 * i]);
      worst = fmax(worst, fabs(mean[t][i] - exact[t].m[i]) / want);
      before = fmax(before, fabs(filtered[t][i] - exact[t].m[i]) / want);
      spread = fmax(spread, fabs(sd[t][i] / want - 1));
    }
  print_message("%s: worst mean off by %.3f sd (%.2f without smoothing), worst sd by %.3f, loglik "
                "%.3f (exact %.3f)\n",
                name, worst, before, spread, ll_mean, ll_exact);
  assert_true(worst < tolerance && spread < tolerance && before > 3 * tolerance);
  assert_true(fabs(ll_mean - ll_exact) < 0.5);
  gm_model_free(q.model);
}

/* Errors fall as one over the root of the members: 0.16 sd at worst of 30 with 2,000. */
static void smooth__stochastic_ensemble(void **state)
{
  smoothing(*state, (gm_filter_options){.kind = GM_FILTER_ENKF, .members = 1000}, 10, "EnKF", 0.15);
}
static void smooth__transform(void **state)
{
  smoothing(*state, (gm_filter_options){.kind = GM_FILTER_ETKF, .members = 150}, 20, "ETKF", 0.25);
}
/* Of 20,000 particles some hundred ancestors are left of the first time. */
static void smooth__particles(void **state)
{
  smoothing(*state, (gm_filter_options){.members = 10000}, 4, "particles", 0.2);
}

/* What cannot be smoothed, or is asked without history, is refused by name. */
static void smooth__refusals(void **state)
{
  gm_ctx *ctx = *state;
  tracked q;
  gm_filter *f;
  gm_smooth *r;
  tracked_open(&q, ctx);
  gm_filter_options o = {.members = 50};
  assert_int_equal(gm_filter_new(ctx, &q.s, &o, &f), GM_OK);
  assert_int_equal(gm_filter_smooth(f, ctx, &r), GM_EINVAL);
  gm_filter_free(f);
  o.keep_history = true;
  assert_int_equal(gm_filter_new(ctx, &q.s, &o, &f), GM_OK);
  assert_int_equal(gm_filter_smooth(f, ctx, &r), GM_EINVAL);
  gm_filter_free(f);
  o = (gm_filter_options){.rejuvenate = GM_REJUVENATE_MOVE};
  assert_int_equal(gm_filter_new(ctx, &q.s, &o, &f), GM_EUNSUPPORTED);
  gm_model_free(q.model);
}

/* ---- linear regression: x(t) = a + b t, a ~ N(1, 1), b ~ N(0.5, 0.3^2) ----  */
typedef struct {
  gm_model *model;
  gm_unknown unknown[2];
  gm_sensor sensor;
  gm_reading reading[8];
  gm_system s;
} line;

static void line_open(line *q, gm_ctx *ctx)
{
  static const double value[8] = {1.9, 1.6, 2.9, 2.7, 3.8, 3.4, 4.9, 4.3};
  gm_eq_output out = {.name = "x", .expression = "x", .where = "test"};
  gm_eq_config config = {
      .text = "a = 1; b = 0.5; x = a; x' = b", .output = &out, .output_count = 1};
  *q = (line){
      .sensor = {
          .name = "x", .law = GM_SENSE_NORMAL, .p0 = 0.5, .parameter0 = -1, .parameter1 = -1}};
  if (gm_model_new(ctx, &gm_equations, &config, &q->model)) fail_msg("%s", gm_message(ctx));
  for (int i = 0; i < 8; i++) q->reading[i] = (gm_reading){.t = i + 1, .value = value[i]};
  q->unknown[0] = (gm_unknown){.name = "a",
                               .parameter = gm_model_find(q->model, GM_TABLE_PARAMETER, "a"),
                               .center = 1,
                               .spread = 1};
  q->unknown[1] = (gm_unknown){.name = "b",
                               .parameter = gm_model_find(q->model, GM_TABLE_PARAMETER, "b"),
                               .center = 0.5,
                               .spread = 0.3};
  q->s = (gm_system){.model = q->model,
                     .unknown = q->unknown,
                     .unknown_count = 2,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = 8,
                     .seed = 3};
}

/* Posterior of z; memory > 0: errors are an autoregression. Returns the log evidence. */
static double line_exact(const line *q, double memory, law *out)
{
  double h[8][2], v[8], j[4] = {1, 0, 0, 1}, g[2] = {0, 0}, ll = 0;
  law now = {{0, 0}, {1, 0, 0, 1}};
  for (int i = 0; i < 8; i++) {
    double rho = memory > 0 && i ? exp(-1 / memory) : 0, rest = sqrt(1 - rho * rho);
    double t = q->reading[i].t, sd = 0.5;
    double row[2] = {1 / sd, 0.3 * t / sd}, e = (q->reading[i].value - 1 - 0.5 * t) / sd;
    double last[2] = {1 / sd, 0.3 * (t - 1) / sd};
    double elast = i ? (q->reading[i - 1].value - 1 - 0.5 * (t - 1)) / sd : 0;
    for (int k = 0; k < 2; k++) h[i][k] = (row[k] - rho * last[k]) / rest;
    v[i] = (e - rho * elast) / rest;
    double ph[2] = {now.p[0] * h[i][0] + now.p[1] * h[i][1],
                    now.p[2] * h[i][0] + now.p[3] * h[i][1]};
    double s = h[i][0] * ph[0] + h[i][1] * ph[1] + 1;
    double d = v[i] - h[i][0] * now.m[0] - h[i][1] * now.m[1];
    ll -= 0.5 * (d * d / s + log(2 * acos(-1) * s)) + log(sd * rest);
    for (int k = 0; k < 2; k++) now.m[k] += ph[k] / s * d;
    for (int k = 0; k < 4; k++) now.p[k] -= ph[k / 2] * ph[k % 2] / s;
    for (int k = 0; k < 4; k++) j[k] += h[i][k / 2] * h[i][k % 2];
    for (int k = 0; k < 2; k++) g[k] += h[i][k] * v[i];
  }
  *out = now;
  inverse(j, out->p);
  for (int k = 0; k < 2; k++) out->m[k] = out->p[2 * k] * g[0] + out->p[2 * k + 1] * g[1];
  return ll;
}

static void moments_of(int32_t n, const double *z, const double *w, law *out)
{
  memset(out, 0, sizeof *out);
  for (int32_t m = 0; m < n; m++)
    for (int k = 0; k < 2; k++) out->m[k] += w[m] * z[2 * m + k];
  for (int32_t m = 0; m < n; m++)
    for (int k = 0; k < 4; k++)
      out->p[k] += w[m] * (z[2 * m + k / 2] - out->m[k / 2]) * (z[2 * m + k % 2] - out->m[k % 2]);
}

static void near(const law *got, const law *want, double tolerance)
{
  print_message("mean %.4f %.4f (exact %.4f %.4f), covariance %.4f %.4f %.4f (%.4f %.4f %.4f)\n",
                got->m[0], got->m[1], want->m[0], want->m[1], got->p[0], got->p[1], got->p[3],
                want->p[0], want->p[1], want->p[3]);
  for (int k = 0; k < 2; k++)
    assert_true(fabs(got->m[k] - want->m[k]) < tolerance * sqrt(want->p[3 * k]));
  for (int k = 0; k < 4; k++)
    assert_true(fabs(got->p[k] - want->p[k]) <
                2 * tolerance * sqrt(want->p[0] * want->p[3]) +
                    2 * tolerance * want->p[k / 2 * 3] * (k % 3 == 0));
}

/* Resample-move has the exact posterior of the unknowns and the exact evidence, and states that
 * belong to the coordinates; without moves few different coordinates are left. */
static void move__posterior_is_exact(void **state)
{
  gm_ctx *ctx = *state;
  line q;
  for (int coloured = 0; coloured < 2; coloured++) {
    line_open(&q, ctx);
    q.sensor.memory = coloured ? 2 : 0;
    law want, got;
    double ll, evidence = line_exact(&q, q.sensor.memory, &want);
    gm_filter *f;
    gm_filter_options o = {.members = 4000, .rejuvenate = GM_REJUVENATE_MOVE};
    if (gm_filter_new(ctx, &q.s, &o, &f)) fail_msg("%s", gm_message(ctx));
    if (gm_filter_run(f, ctx, NULL, NULL, NULL, &ll)) fail_msg("%s", gm_message(ctx));
    moments_of(4000, gm_filter_coordinate(f), gm_filter_weight(f), &got);
    print_message("log evidence %.4f, exact %.4f\n", ll, evidence);
    near(&got, &want, 0.12);
    assert_true(fabs(ll - evidence) < 0.15);
    const double *z = gm_filter_coordinate(f), *x = gm_ensemble_state(gm_filter_ensemble(f));
    for (int m = 0; m < 4000; m++)
      assert_true(fabs(x[m] - (1 + z[2 * m] + 8 * (0.5 + 0.3 * z[2 * m + 1]))) < 1e-6);
    gm_filter_free(f);
    gm_model_free(q.model);
  }
}

/* The adapters' likelihood of a deterministic model is what the filter's evidence integrates:
 * evidence = likelihood x prior / posterior at any point. */
static void target__likelihood_is_exact(void **state)
{
  gm_ctx *ctx = *state;
  line q;
  for (int coloured = 0; coloured < 2; coloured++) {
    line_open(&q, ctx);
    q.sensor.memory = coloured ? 2 : 0;
    law want;
    double evidence = line_exact(&q, q.sensor.memory, &want), z[6] = {0, 0, 0.5, -0.2, 1, 1}, ll[3];
    double inv[4];
    gm_fit_target *t;
    assert_int_equal(gm_fit_target_new(ctx, &q.s, NULL, &t), GM_OK);
    const gm_target *target = gm_fit_target_get(t);
    assert_true(!target->noisy);
    assert_true((target->residual != NULL) == !coloured);
    assert_int_equal(target->loglik(target->user, ctx, 3, z, NULL, ll), GM_OK);
    inverse(want.p, inv);
    for (int m = 0; m < 3; m++) {
      double d[2] = {z[2 * m] - want.m[0], z[2 * m + 1] - want.m[1]};
      double quad = inv[0] * d[0] * d[0] + 2 * inv[1] * d[0] * d[1] + inv[3] * d[1] * d[1];
      double det = want.p[0] * want.p[3] - want.p[1] * want.p[2];
      double post = -0.5 * quad - log(2 * acos(-1)) - 0.5 * log(det);
      assert_true(fabs(ll[m] + target->log_prior(target->user, z + 2 * m) - post - evidence) <
                  1e-5);
    }
    if (!coloured) { /* residuals: half their squares differ as the likelihoods do */
      double r[24], sum[3] = {0};
      assert_int_equal(target->residual(target->user, ctx, 3, z, r, NULL), GM_OK);
      for (int i = 0; i < 24; i++) sum[i / 8] += 0.5 * r[i] * r[i];
      assert_true(fabs(sum[0] - sum[1] - (ll[1] - ll[0])) < 1e-9);
    }
    gm_fit_target_free(t);
    gm_model_free(q.model);
  }
}

/* A linear model with normal errors: mean and covariance are the exact ones within what 4,000
 * members can tell, with more members than data and with fewer, white and coloured. */
static void esmda__linear_is_exact(void **state)
{
  gm_ctx *ctx = *state;
  line q;
  for (int coloured = 0; coloured < 2; coloured++) {
    line_open(&q, ctx);
    q.sensor.memory = coloured ? 2 : 0;
    law want, got;
    gm_esmda *r;
    (void)line_exact(&q, q.sensor.memory, &want);
    if (gm_esmda_run(ctx, &q.s, &(gm_esmda_options){.members = 1500}, &r))
      fail_msg("%s", gm_message(ctx));
    moments_of(1500, r->particles->z, r->particles->weight, &got);
    near(&got, &want, 0.15);
    print_message("mismatch %.3f to %.3f\n", r->mismatch[0], r->mismatch[4]);
    assert_true(r->mismatch[4] < r->mismatch[0]);
    gm_esmda_free(r);
    gm_model_free(q.model);
  }
}

/* More data than members: the other order of the algebra gives the same answer. */
static void esmda__both_orders_agree(void **state)
{
  gm_ctx *ctx = *state;
  line q;
  gm_reading many[64];
  line_open(&q, ctx);
  for (int i = 0; i < 64; i++)
    many[i] = (gm_reading){.t = i / 8 + 1, .value = q.reading[i / 8].value};
  q.s.reading = many;
  q.s.reading_count = 64;
  q.sensor.p0 = 0.5 * sqrt(8); /* eight equal readings of eight times the variance are one */
  law want, got;
  line one;
  line_open(&one, ctx);
  (void)line_exact(&one, 0, &want);
  law sum = {{0, 0}, {0, 0, 0, 0}};
  enum { RUNS = 40, MEMBERS = 60 };
  for (int run = 0; run < RUNS; run++) {
    gm_esmda *r;
    gm_esmda_options o = {.members = MEMBERS, .replicate = (uint64_t)run};
    if (gm_esmda_run(ctx, &q.s, &o, &r)) fail_msg("%s", gm_message(ctx));
    moments_of(MEMBERS, r->particles->z, r->particles->weight, &got);
    for (int k = 0; k < 2; k++) sum.m[k] += got.m[k] / RUNS;
    for (int k = 0; k < 4; k++) sum.p[k] += got.p[k] / RUNS;
    gm_esmda_free(r);
  }
  near(&sum, &want, 0.2);
  gm_model_free(q.model);
  gm_model_free(one.model);
}

static int open_ctx(void **state) { return gm_ctx_new(NULL, (gm_ctx **)state) != GM_OK; }
static int close_ctx(void **state)
{
  gm_ctx_free(*state);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(smooth__stochastic_ensemble), cmocka_unit_test(smooth__transform),
      cmocka_unit_test(smooth__particles),           cmocka_unit_test(smooth__refusals),
      cmocka_unit_test(move__posterior_is_exact),    cmocka_unit_test(target__likelihood_is_exact),
      cmocka_unit_test(esmda__linear_is_exact),      cmocka_unit_test(esmda__both_orders_agree),
  };
  return cmocka_run_group_tests(tests, open_ctx, close_ctx);
}
