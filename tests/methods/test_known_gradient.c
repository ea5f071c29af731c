/* Gradients of fits by the model's tangents: against differences of the likelihood for every law,
 * prior and kind of noise that has one; refusals; and the no-U-turn sampler and trust-region fits
 * that run on them, on the posteriors of posteriordb.
 * label: full */
#include "methods/reference_draws.h"
#include "gemel/equations.h"
#include "gemel/stochastic.h"
#include "support/fault.h"

static gm_ctx *ctx;

/* ---- every law ------------------------------------------------------------------------------- */
/* A dose by mouth, cleared. Noise parameters are parameters of the model that it does not use. */
static const char pk_text[] = "ka = 1.2; cl = 4; v = 30; s = 0.2; w = 0.15; nu = 5; A = 0; C = 0\n"
                              "A' = -ka*A\nC' = ka*A/v - cl/v*C\n";

typedef struct {
  const char *what;
  gm_sense_law law;
  double p0, p1, scale; /* scale: of the outputs */
  const char *name0, *name1;
  double memory;
  int8_t censored;
} noise_row;

static const noise_row noise[] = {
    {"normal", GM_SENSE_NORMAL, 0.2, 0, 1, NULL, NULL, 0, 0},
    {"normal, two parts", GM_SENSE_NORMAL, 0.2, 0.15, 1, "s", "w", 0, 0},
    {"normal, coloured", GM_SENSE_NORMAL, 0.2, 0.15, 1, "s", "w", 1.5, 0},
    {"normal, some below", GM_SENSE_NORMAL, 0.2, 0.15, 1, "s", "w", 0, 1},
    {"normal, some above, coloured", GM_SENSE_NORMAL, 0.2, 0.15, 1, "s", "w", 1.5, -1},
    {"log-normal", GM_SENSE_LOGNORMAL, 0.2, 0, 1, "s", NULL, 0, 0},
    {"log-normal, coloured", GM_SENSE_LOGNORMAL, 0.2, 0, 1, "s", NULL, 2, 0},
    {"log-normal, some below", GM_SENSE_LOGNORMAL, 0.2, 0, 1, "s", NULL, 0, 1},
    {"student", GM_SENSE_STUDENT, 0.2, 5, 1, "s", "nu", 0, 0},
    {"poisson", GM_SENSE_POISSON, 0.2, 0, 20, "s", NULL, 0, 0},
    {"negative binomial", GM_SENSE_NEGATIVE_BINOMIAL, 0.2, 5, 20, "s", "nu", 0, 0},
};

enum { DATA = 8, UNKNOWNS = 6 };

typedef struct {
  gm_model *model;
  gm_unknown unknown[UNKNOWNS];
  double factor[UNKNOWNS * UNKNOWNS];
  gm_sensor sensor;
  gm_reading reading[DATA];
  gm_edge edge[3];
  gm_drive drive;
  gm_system s;
} pk;

static int32_t row_of(const pk *q, const char *name)
{
  return name ? gm_model_find(q->model, GM_TABLE_PARAMETER, name) : -1;
}

static void pk_open(pk *q, const noise_row *r, int32_t directions)
{
  *q = (pk){0};
  gm_eq_output out = {.name = "C", .expression = r->scale > 1 ? "20*C" : "C", .where = "test"};
  gm_eq_config config = {.text = pk_text,
                         .output = &out,
                         .output_count = 1,
                         .directions_max = directions,
                         .rtol = 1e-11,
                         .atol = 1e-13};
  if (gm_model_new(ctx, &gm_equations, &config, &q->model)) fail_msg("%s", gm_message(ctx));
  q->unknown[0] = (gm_unknown){.name = "ka", .law = GM_PRIOR_LOGNORMAL, .center = 1, .spread = 0.5};
  q->unknown[1] = (gm_unknown){.name = "cl", .law = GM_PRIOR_UNIFORM, .lower = 1, .upper = 9};
  q->unknown[2] = (gm_unknown){.name = "v", .law = GM_PRIOR_NORMAL, .center = 28, .spread = 4};
  q->unknown[3] = (gm_unknown){
      .name = "s", .law = GM_PRIOR_LOGIT, .center = -1, .spread = 0.7, .lower = 0.05, .upper = 1};
  q->unknown[4] =
      (gm_unknown){.name = "w", .law = GM_PRIOR_LOGNORMAL, .center = 0.15, .spread = 0.4};
  q->unknown[5] = (gm_unknown){.name = "nu", .law = GM_PRIOR_LOGNORMAL, .center = 5, .spread = 0.3};
  int32_t port = gm_model_find(q->model, GM_TABLE_INPUT, "A");
  for (int i = 0; i < UNKNOWNS; i++) {
    q->unknown[i].parameter = row_of(q, q->unknown[i].name);
    for (int j = 0; j <= i; j++) q->factor[i * UNKNOWNS + j] = i == j ? 0.8 : 0.1 * (j + 1);
  }
  q->sensor = (gm_sensor){.name = "C",
                          .law = r->law,
                          .p0 = r->p0,
                          .p1 = r->p1,
                          .parameter0 = row_of(q, r->name0),
                          .parameter1 = row_of(q, r->name1),
                          .memory = r->memory};
  static const double t[DATA] = {0.5, 1, 1, 2, 3, 5, 8, 9},
                      y[DATA] = {1.1, 2.2, 1.9, 2.8, 2.3, 1.9, 3.1, 3.5};
  for (int i = 0; i < DATA; i++)
    q->reading[i] = (gm_reading){.t = i == 2 && r->memory > 0 ? 1.5 : t[i],
                                 .value = r->scale > 1 ? rint(y[i] * 4) : y[i],
                                 .censored = i % 3 == 1 ? r->censored : (int8_t)0};
  q->edge[0] = (gm_edge){.t = 0, .value = 100, .kind = GM_EDGE_BOLUS, .port = port};
  q->edge[1] = (gm_edge){.t = 6, .value = 80, .kind = GM_EDGE_BOLUS, .port = port};
  q->edge[2] =
      (gm_edge){.t = 20, .value = 80, .kind = GM_EDGE_BOLUS, .port = port}; /* after the data */
  q->drive = (gm_drive){q->edge, 3};
  q->s = (gm_system){.model = q->model,
                     .unknown = q->unknown,
                     .unknown_count = UNKNOWNS,
                     .prior_factor = q->factor,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = DATA,
                     .drive = &q->drive,
                     .seed = 4};
}

enum { POINTS = 11 }; /* more than a block */

/* Differences of fourth order of the likelihood without tangents; the likelihood itself is the same
 * to the tolerance of the solver. With as many directions as unknowns, and with fewer. */
static void gradient__is_that_of_differences(void **state)
{
  (void)state;
  for (size_t k = 0; k < sizeof noise / sizeof *noise; k++)
    for (int32_t directions = UNKNOWNS; directions > 0; directions -= 4) {
      pk q;
      gm_fit_target *t;
      pk_open(&q, &noise[k], directions);
      if (gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = directions}, &t))
        fail_msg("%s", gm_message(ctx));
      const gm_target *target = gm_fit_target_get(t);
      assert_non_null(target->gradient);
      double z[POINTS * UNKNOWNS], ll[POINTS], g[POINTS * UNKNOWNS], worst = 0;
      gm_system_prior_draw(&q.s, gm_key_make(9, 0, 0, 0), POINTS, z);
      assert_int_equal(target->gradient(target->user, ctx, POINTS, z, ll, g), GM_OK);
      for (int i = 0; i < POINTS * UNKNOWNS; i++) {
        static const double step[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
        const double h = 2e-3;
        double at[5 * UNKNOWNS], value[5], sum = 0;
        for (int j = 0; j < 5; j++)
          memcpy(at + j * UNKNOWNS, z + i / UNKNOWNS * UNKNOWNS, UNKNOWNS * sizeof *z);
        for (int j = 0; j < 4; j++) at[j * UNKNOWNS + i % UNKNOWNS] += step[j] * h;
        assert_int_equal(target->loglik(target->user, ctx, 5, at, NULL, value), GM_OK);
        for (int j = 0; j < 4; j++) sum += weight[j] * value[j] / (12 * h);
        worst = fmax(worst, fabs(sum - g[i]) / (1 + fabs(g[i])));
        assert_true(fabs(value[4] - ll[i / UNKNOWNS]) < 1e-7 * (1 + fabs(value[4])));
      }
      print_message("%s, %d directions: %.1e\n", noise[k].what, (int)directions, worst);
      assert_true(worst < 1e-7);
      gm_fit_target_free(t);
      gm_model_free(q.model);
    }
}

/* The jacobian of residuals with constant sds, and the gradient of a coupled prior, likewise. */
static void jacobian__is_that_of_differences(void **state)
{
  (void)state;
  pk q;
  gm_fit_target *t;
  pk_open(&q, &noise[0], 3);
  assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = 3}, &t), GM_OK);
  const gm_target *target = gm_fit_target_get(t);
  assert_true(target->residual && !target->no_jacobian);
  double z[UNKNOWNS], r[DATA], jac[DATA * UNKNOWNS], up[DATA], down[DATA], g[UNKNOWNS];
  gm_system_prior_draw(&q.s, gm_key_make(9, 0, 0, 0), 1, z);
  assert_int_equal(target->residual(target->user, ctx, 1, z, r, jac), GM_OK);
  target->log_prior_gradient(target->user, z, g);
  for (int d = 0; d < UNKNOWNS; d++) {
    const double h = 1e-4, middle = z[d];
    z[d] = middle + h;
    double p = target->log_prior(target->user, z);
    assert_int_equal(target->residual(target->user, ctx, 1, z, up, NULL), GM_OK);
    z[d] = middle - h;
    p -= target->log_prior(target->user, z);
    assert_int_equal(target->residual(target->user, ctx, 1, z, down, NULL), GM_OK);
    z[d] = middle;
    assert_true(fabs(p / (2 * h) - g[d]) < 1e-7 * (1 + fabs(g[d])));
    for (int i = 0; i < DATA; i++) {
      double slope = (up[i] - down[i]) / (2 * h);
      assert_true(fabs(slope - jac[i * UNKNOWNS + d]) < 1e-5 * (1 + fabs(slope)));
    }
  }
  gm_fit_target_free(t);
  gm_model_free(q.model);
}

/* A parameter that an edge switches counts from that edge on. */
static void switched_noise__counts_from_its_edge(void **state)
{
  (void)state;
  pk q;
  gm_fit_target *t;
  double z[3] = {0.2, -0.3, 0.4}, ll, g[3], value[2];
  pk_open(&q, &noise[1], 3);
  q.s.unknown_count = 3; /* without s, w, nu */
  q.s.prior_factor = NULL;
  q.edge[2] = (gm_edge){.t = 4, .value = 0.5, .kind = GM_EDGE_PARAMETER, .port = row_of(&q, "s")};
  gm_edge swap = q.edge[1];
  q.edge[1] = q.edge[2];
  q.edge[2] = swap;
  assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = 3}, &t), GM_OK);
  const gm_target *target = gm_fit_target_get(t);
  assert_int_equal(target->gradient(target->user, ctx, 1, z, &ll, g), GM_OK);
  for (int d = 0; d < 3; d++) {
    double at[6] = {z[0], z[1], z[2], z[0], z[1], z[2]};
    at[d] += 1e-4;
    at[3 + d] -= 1e-4;
    assert_int_equal(target->loglik(target->user, ctx, 2, at, NULL, value), GM_OK);
    assert_true(fabs((value[0] - value[1]) / 2e-4 - g[d]) < 1e-4 * (1 + fabs(g[d])));
  }
  gm_fit_target_free(t);
  gm_model_free(q.model);
}

/* No gradient where there is none; a model without tangents is refused by name. */
static void gradient__is_not_made_up(void **state)
{
  (void)state;
  static const noise_row count = {"binomial", GM_SENSE_BINOMIAL, 0.2, 0, 20, "s", NULL, 0, 0};
  static const noise_row above = {"student", GM_SENSE_STUDENT, 0.2, 5, 1, "s", "nu", 0, -1};
  const noise_row *const row[] = {&count, &above};
  pk q;
  gm_fit_target *t = NULL;
  for (int i = 0; i < 2; i++) {
    pk_open(&q, row[i], 3);
    assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = 3}, &t), GM_OK);
    assert_null(gm_fit_target_get(t)->gradient);
    gm_fit_target_free(t);
    gm_model_free(q.model);
  }
  pk_open(&q, &noise[0], 0);
  t = NULL;
  assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = 3}, &t),
                   GM_EUNSUPPORTED);
  assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = -1}, &t),
                   GM_ERANGE);
  assert_null(t);
  assert_int_equal(gm_fit_target_new(ctx, &q.s, NULL, &t), GM_OK);
  assert_null(gm_fit_target_get(t)->gradient);
  gm_fit_target_free(t);
  gm_model_free(q.model);
}

/* One worker or three, the same bytes. */
static void gradient__threads_change_nothing(void **state)
{
  (void)state;
  pk q;
  double z[30 * UNKNOWNS], ll[2][30], g[2][30 * UNKNOWNS];
  pk_open(&q, &noise[2], 4);
  gm_system_prior_draw(&q.s, gm_key_make(9, 0, 0, 0), 30, z);
  for (int k = 0; k < 2; k++) {
    gm_pool *pool;
    gm_fit_target *t;
    assert_int_equal(gm_pool_new(ctx, k ? 3 : 1, &pool), GM_OK);
    q.s.pool = pool;
    assert_int_equal(gm_fit_target_new(ctx, &q.s, &(gm_fit_options){.directions = 4}, &t), GM_OK);
    const gm_target *target = gm_fit_target_get(t);
    assert_int_equal(target->gradient(target->user, ctx, 30, z, ll[k], g[k]), GM_OK);
    gm_fit_target_free(t);
    gm_pool_free(pool);
  }
  assert_memory_equal(ll[0], ll[1], sizeof ll[0]);
  assert_memory_equal(g[0], g[1], sizeof g[0]);
  gm_model_free(q.model);
}

static gm_status trial(gm_ctx *c, void *user)
{
  pk *q = user;
  double z[2 * UNKNOWNS] = {0}, ll[2], g[2 * UNKNOWNS];
  gm_fit_target *t = NULL;
  gm_status st = gm_fit_target_new(c, &q->s, &(gm_fit_options){.directions = 4}, &t);
  if (st) return st;
  const gm_target *target = gm_fit_target_get(t);
  st = target->gradient(target->user, c, 2, z, ll, g);
  gm_fit_target_free(t);
  return st;
}

/* Memory that fails at any call of a fit with derivatives is reported and leaks nothing. */
static void gradient__survives_failing_memory(void **state)
{
  (void)state;
  pk q;
  pk_open(&q, &noise[1], 4);
  assert_true(fault_sweep("gradient", trial, &q) > 0);
  gm_model_free(q.model);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(gradient__is_that_of_differences),
      cmocka_unit_test(jacobian__is_that_of_differences),
      cmocka_unit_test(switched_noise__counts_from_its_edge),
      cmocka_unit_test(gradient__is_not_made_up),
      cmocka_unit_test(gradient__threads_change_nothing),
      cmocka_unit_test(gradient__survives_failing_memory),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
