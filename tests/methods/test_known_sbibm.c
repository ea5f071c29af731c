/* The reference posteriors of sbibm (Lueckmann et al. 2021), all ten observations of its SIR and
 * Lotka-Volterra tasks, by the whole way that a user goes: equations, sensors, priors, ensemble
 * moves. Means and covariances within 4 Monte Carlo errors of the 10,000 reference draws, and a
 * kernel two-sample test. Needs the published data; what is left out without it is said.
 * label: full */
#include "methods/reference_draws.h"
#include "gemel/equations.h"
#include "gemel/stochastic.h"

static gm_ctx *ctx;

enum { WALKERS = 24, DATA_MOST = 20 };

typedef struct {
  const char *folder, *text;
  int32_t outputs, unknowns, sensors;
  gm_eq_output output[2];
  gm_unknown unknown[4];
  gm_sensor sensor[2];
  double every; /* time between readings, the first at 0 */
  int32_t times;
} task;

/* Binomial of 1,000 people with the share that is infected. */
static double share_logpdf(void *user, const double *y, const double *theta, ptrdiff_t psx,
                           double value)
{
  (void)user;
  (void)theta;
  (void)psx;
  if (!(y[0] > 0 && y[0] < 1)) return -INFINITY;
  return value * log(y[0]) + (1000 - value) * log1p(-y[0]) + lgamma(1001) - lgamma(value + 1) -
         lgamma(1001 - value);
}

static double share_draw(void *user, const double *y, const double *theta, ptrdiff_t psx,
                         gm_key key, uint64_t slot, uint64_t index)
{
  (void)user;
  (void)theta;
  (void)psx;
  return (double)gm_binomial(key, slot, index, gm_kind_draw(1, 0), 0, 1000, y[0]);
}

#define LOGNORMAL(n, median, sd)                                                                   \
  {                                                                                                \
    .name = n, .law = GM_PRIOR_LOGNORMAL, .center = median, .spread = sd                           \
  }
#define PLAIN .parameter0 = -1, .parameter1 = -1

static task sir_task(void)
{
  return (task){.folder = "sir",
                .text = "beta = 0.4; gamma = 0.125; S = 999999; I = 1\n"
                        "S' = -beta*S*I/1000000\nI' = beta*S*I/1000000 - gamma*I\n",
                .outputs = 1,
                .unknowns = 2,
                .sensors = 1,
                .output = {{.name = "share", .expression = "I/1000000", .where = "sbibm"}},
                .unknown = {LOGNORMAL("beta", 0.4, 0.5), LOGNORMAL("gamma", 0.125, 0.2)},
                .sensor = {{.name = "tests",
                            .law = GM_SENSE_OWN,
                            .logpdf = share_logpdf,
                            .draw = share_draw,
                            PLAIN}},
                .every = 17,
                .times = 10};
}

static task prey_task(void)
{
  const double fast = exp(-0.125), slow = exp(-3);
  return (task){.folder = "lotka_volterra",
                .text = "a = 0.9; b = 0.05; c = 0.9; d = 0.05; X = 30; Y = 1\n"
                        "X' = (a - b*Y)*X\nY' = (d*X - c)*Y\n",
                .outputs = 2,
                .unknowns = 4,
                .sensors = 2,
                .output = {{.name = "X", .expression = "X", .where = "sbibm"},
                           {.name = "Y", .expression = "Y", .where = "sbibm"}},
                .unknown = {LOGNORMAL("a", fast, 0.5), LOGNORMAL("b", slow, 0.5),
                            LOGNORMAL("c", fast, 0.5), LOGNORMAL("d", slow, 0.5)},
                .sensor = {{.name = "X", .law = GM_SENSE_LOGNORMAL, .p0 = 0.1, PLAIN},
                           {.name = "Y", .output = 1, .law = GM_SENSE_LOGNORMAL, .p0 = 0.1, PLAIN}},
                .every = 2.1,
                .times = 10};
}

/* value[sensor][time], in order of time; false: no data. */
static bool readings_of(const task *q, int32_t number, gm_reading *reading)
{
  char file[100], path[900], line[1000];
  snprintf(file, sizeof file, "methods/sbibm/%s/%d/observation.csv", q->folder, (int)number);
  if (!data_path(file, path, sizeof path)) return false;
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  for (int i = 0; i < 2; i++) assert_non_null(fgets(line, sizeof line, f));
  fclose(f);
  char *at = line;
  for (int32_t s = 0; s < q->sensors; s++)
    for (int32_t k = 0; k < q->times; k++, at++) {
      reading[k * q->sensors + s] =
          (gm_reading){.t = k * q->every, .sensor = s, .value = strtod(at, &at)};
    }
  return true;
}

static gm_chains *sample(task *q, const gm_reading *reading, gm_model *model)
{
  gm_system s = {.model = model,
                 .unknown = q->unknown,
                 .unknown_count = q->unknowns,
                 .sensor = q->sensor,
                 .sensor_count = q->sensors,
                 .reading = reading,
                 .reading_count = q->times * q->sensors,
                 .seed = 17};
  gm_ensemble_mcmc_options o = {
      .common = {.key = gm_key_make(61, 0, 0, 0), .warmup = 200, .draws = 100, .thin = 6},
      .walkers = WALKERS};
  gm_fit_target *t = NULL;
  gm_particles *start = NULL; /* from the prior to the posterior, where walkers would be stuck */
  gm_chains *r = NULL;
  for (int32_t i = 0; i < q->unknowns; i++)
    q->unknown[i].parameter = gm_model_find(model, GM_TABLE_PARAMETER, q->unknown[i].name);
  if (gm_fit_target_new(ctx, &s, NULL, &t)) fail_msg("%s", gm_message(ctx));
  if (gm_smc(ctx, gm_fit_target_get(t), &(gm_smc_options){.n = 4 * WALKERS, .repeats = 1}, &start))
    fail_msg("%s", gm_message(ctx));
  o.common.start = start->z;
  if (gm_ensemble_mcmc(ctx, gm_fit_target_get(t), &o, &r)) fail_msg("%s", gm_message(ctx));
  gm_particles_free(start);
  gm_fit_target_free(t);
  return r;
}

/* Draws in the order chain by chain, draw by draw, walker by walker. */
static void in_order(const gm_chains *r, double *x)
{
  const ptrdiff_t d = r->dim, ensembles = r->chain_count / WALKERS;
  for (ptrdiff_t e = 0; e < ensembles; e++)
    for (ptrdiff_t j = 0; j < r->draw_count; j++)
      for (ptrdiff_t w = 0; w < WALKERS; w++, x += d)
        memcpy(x, r->z + ((e * WALKERS + w) * r->draw_count + j) * d, (size_t)d * sizeof *x);
}

static void observation(task *q, gm_model *model, int32_t number)
{
  gm_reading reading[DATA_MOST];
  char file[100];
  int32_t nr = 0, d = q->unknowns;
  snprintf(file, sizeof file, "methods/sbibm/%s/%d/reference_posterior_samples.csv.bz2", q->folder,
           (int)number);
  double *ref = readings_of(q, number, reading) ? reference(file, d, NULL, &nr) : NULL;
  if (!ref) {
    data_skip(q->folder, 1);
    return;
  }
  assert_int_equal(nr, REFERENCE_MOST);
  gm_chains *r = sample(q, reading, model);
  for (int32_t m = 0; m < nr; m++) /* as coordinates: (ln - ln median) / sd */
    for (int32_t i = 0; i < d; i++)
      ref[m * d + i] = (log(ref[m * d + i]) - log(q->unknown[i].center)) / q->unknown[i].spread;
  int32_t chains = r->chain_count / WALKERS, draws = r->draw_count * WALKERS;
  double *x = calloc((size_t)(chains * draws) * (size_t)d, sizeof *x);
  in_order(r, x);
  double p = mmd_p_value(chains * draws, x, nr, ref, d);
  print_message("%s %d: R-hat %.4f, ESS %.0f, MMD p %.3f\n", q->folder, (int)number, r->rhat_max,
                r->ess_bulk_min, p);
  moments_compare(ctx, chains, draws, WALKERS, d, x, nr, ref);
  assert_true(p > 0.005);
  gm_chains_free(r);
  free(x);
  free(ref);
}

static void all_observations(task q)
{
  gm_eq_config config = {
      .text = q.text, .output = q.output, .output_count = q.outputs, .rtol = 1e-8, .atol = 1e-10};
  gm_model *model = NULL;
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  for (int32_t number = 1; number <= 10; number++) observation(&q, model, number);
  gm_model_free(model);
}

static void sir__all_observations(void **state)
{
  (void)state;
  all_observations(sir_task());
}

static void lotka_volterra__all_observations(void **state)
{
  (void)state;
  all_observations(prey_task());
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sir__all_observations),
      cmocka_unit_test(lotka_volterra__all_observations),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
