/* The no-U-turn sampler on the tangents of equations, by the whole way that a user goes: two
 * posteriors of posteriordb. Means and covariances within 4 Monte Carlo errors of the 10,000
 * reference draws, and a kernel two-sample test. Needs the published data; what is left out without
 * it is said.
 * label: full */
#include "methods/reference_draws.h"
#include "gemel/equations.h"
#include "gemel/stochastic.h"

static gm_ctx *ctx;

enum { CHAINS = 4, DRAWS = 2000 };

/* The prior reaches far into places where chains would stay: they begin around the optimum that a
 * trust region finds from many starts. */
static void starts_find(const gm_target *t, double *start)
{
  gm_multistart_options o = {.key = gm_key_make(72, 0, 0, 0), .starts = 24};
  gm_optima *best = NULL;
  if (gm_multistart(ctx, t, &o, &best)) fail_msg("%s", gm_message(ctx));
  print_message("optimum reached by %d of 24 starts, %lld points, %lld with derivatives: %s\n",
                (int)best->reached_best, (long long)best->evaluations, (long long)best->gradients,
                best->verdict);
  for (int32_t i = 0; i < CHAINS * t->dim; i++)
    start[i] = best->optimum[0].z[i % t->dim] +
               0.03 * gm_normal(gm_key_make(73, 0, 0, 0), (uint64_t)i, 0, 0, 0);
  gm_optima_free(best);
}

/* Draws of the target, compared as logs of the parameters. */
static void compare(const char *what, const gm_target *t, const gm_unknown *unknown,
                    const char *file, const char *const *name)
{
  int32_t nr = 0, d = t->dim;
  double start[CHAINS * DIM_MOST];
  double *ref = reference(file, d, name, &nr);
  if (!ref) {
    data_skip(what, 1);
    return;
  }
  gm_nuts_options o = {.common = {.key = gm_key_make(71, 0, 0, 0),
                                  .chains = CHAINS,
                                  .warmup = 600,
                                  .draws = DRAWS,
                                  .start = start},
                       .acceptance_target = 0.9};
  starts_find(t, start);
  gm_chains *r = NULL;
  if (gm_nuts(ctx, t, &o, &r)) fail_msg("%s", gm_message(ctx));
  assert_string_equal(r->rung, "gradient");
  double *x = calloc((size_t)CHAINS * DRAWS * (size_t)d, sizeof *x);
  for (int32_t m = 0; m < CHAINS * DRAWS * d; m++)
    x[m] = log(gm_unknown_value(&unknown[m % d], r->z[m]));
  for (int32_t m = 0; m < nr * d; m++) ref[m] = log(ref[m]);
  double p = mmd_p_value(CHAINS * DRAWS, x, nr, ref, d);
  print_message("%s: R-hat %.4f, ESS %.0f, %.1f gradients a draw, MMD p %.3f, %s\n", what,
                r->rhat_max, r->ess_bulk_min, (double)r->gradients / (CHAINS * (DRAWS + 600)), p,
                r->verdict);
  moments_compare(ctx, CHAINS, DRAWS, 1, d, x, nr, ref);
  assert_true(p > 0.005 && r->rhat_max < 1.02 && r->divergences <= 4);
  gm_chains_free(r);
  free(x);
  free(ref);
}

/* ---- priors of their own --------------------------------------------------------------------- */
/* The likelihood is the system's in coordinates that are logs of the parameters; the prior, which a
 * system has not, is given by its density in them. */
typedef struct {
  gm_target target;
  const gm_target *of;
  double (*prior)(const double *z);
} own;

static gm_status own_loglik(void *user, gm_ctx *c, int32_t n, const double *z,
                            const uint64_t *replicate, double *out)
{
  const gm_target *of = ((const own *)user)->of;
  return of->loglik(of->user, c, n, z, replicate, out);
}

static gm_status own_gradient(void *user, gm_ctx *c, int32_t n, const double *z, double *ll,
                              double *g)
{
  const gm_target *of = ((const own *)user)->of;
  return of->gradient(of->user, c, n, z, ll, g);
}

static double own_prior(void *user, const double *z) { return ((const own *)user)->prior(z); }

static void own_target(own *o, const gm_fit_target *t, double (*prior)(const double *z))
{
  *o = (own){.of = gm_fit_target_get(t), .prior = prior};
  o->target = (gm_target){.dim = o->of->dim,
                          .loglik = own_loglik,
                          .gradient = own_gradient,
                          .log_prior = own_prior,
                          .user = o};
}

/* Unknowns whose coordinates are logs. */
static void logs_of(gm_model *model, int32_t d, const char *const *name, const char *const *row,
                    gm_unknown *unknown)
{
  for (int32_t i = 0; i < d; i++)
    unknown[i] = (gm_unknown){.name = name[i],
                              .parameter = gm_model_find(model, GM_TABLE_PARAMETER, row[i]),
                              .law = GM_PRIOR_LOGNORMAL,
                              .center = 1,
                              .spread = 1};
}

#define PLAIN .parameter1 = -1

/* ---- lynx and hare --------------------------------------------------------------------------- */
/* Rates 1, 3 ~ N(1, 0.5), 2, 4 ~ N(0.05, 0.05), above 0; first values ~ lognormal(ln 10, 1), errors
 * ~ lognormal(-1, 1). */
static double lynx_prior(const double *z)
{
  double lp = 0;
  for (int i = 0; i < 4; i++) {
    double center = i % 2 ? 0.05 : 1, sd = i % 2 ? 0.05 : 0.5, e = (exp(z[i]) - center) / sd;
    lp += z[i] - 0.5 * e * e;
  }
  for (int i = 4; i < 6; i++) lp -= 0.5 * (z[i] - log(10)) * (z[i] - log(10));
  for (int i = 6; i < 8; i++) lp -= 0.5 * (z[i] + 1) * (z[i] + 1);
  return lp;
}

static void lynx_and_hare__agrees_with_posteriordb(void **state)
{
  (void)state;
  static const char *const name[] = {"theta[1]",  "theta[2]",  "theta[3]", "theta[4]",
                                     "z_init[1]", "z_init[2]", "sigma[1]", "sigma[2]"};
  static const char *const row[] = {"a", "b", "c", "d", "U(0)", "V(0)", "s", "w"};
  static const char *const initial[] = {"U", "V"};
  static const double seen[21][2] = {
      {30, 4},     {47.2, 6.1},  {70.2, 9.8},  {77.4, 35.2}, {36.3, 59.4}, {20.6, 41.7},
      {18.1, 19},  {21.4, 13},   {22, 8.3},    {25.4, 9.1},  {27.1, 7.4},  {40.3, 8},
      {57, 12.3},  {76.6, 19.5}, {52.3, 45.7}, {19.5, 51.1}, {11.2, 29.7}, {7.6, 15.8},
      {14.6, 9.7}, {16.2, 10.1}, {24.7, 8.6}};
  gm_eq_output output[2] = {{.name = "U", .expression = "U", .where = "test"},
                            {.name = "V", .expression = "V", .where = "test"}};
  gm_eq_config config = {.text = "a = 0.55; b = 0.03; c = 0.8; d = 0.024; s = 0.25; w = 0.25\n"
                                 "U = 33; V = 6\nU' = (a - b*V)*U\nV' = (d*U - c)*V\n",
                         .output = output,
                         .output_count = 2,
                         .free_initial = initial,
                         .free_initial_count = 2,
                         .directions_max = 8,
                         .rtol = 1e-8,
                         .atol = 1e-10};
  gm_model *model;
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_unknown unknown[8];
  logs_of(model, 8, name, row, unknown);
  gm_sensor sensor[2];
  for (int i = 0; i < 2; i++)
    sensor[i] = (gm_sensor){.name = "pelts",
                            .output = i,
                            .law = GM_SENSE_LOGNORMAL,
                            .parameter0 = unknown[6 + i].parameter,
                            PLAIN};
  gm_reading reading[42];
  for (int i = 0; i < 42; i++)
    reading[i] = (gm_reading){.t = i / 2, .sensor = i % 2, .value = seen[i / 2][i % 2]};
  gm_system s = {.model = model,
                 .unknown = unknown,
                 .unknown_count = 8,
                 .sensor = sensor,
                 .sensor_count = 2,
                 .reading = reading,
                 .reading_count = 42,
                 .seed = 3};
  gm_fit_target *t = NULL;
  if (gm_fit_target_new(ctx, &s, &(gm_fit_options){.directions = 8}, &t))
    fail_msg("%s", gm_message(ctx));
  own c;
  own_target(&c, t, lynx_prior);
  compare("lynx and hare", &c.target, unknown,
          "methods/posteriordb/hudson_lynx_hare-lotka_volterra.draws.json.zip", name);
  gm_fit_target_free(t);
  gm_model_free(model);
}

/* ---- one compartment, Michaelis and Menten --------------------------------------------------- */
/* Half-Cauchy(0, 1) on all. */
static double half_cauchy(const double *z)
{
  double lp = 0;
  for (int i = 0; i < 4; i++) lp += z[i] - log1p(exp(2 * z[i]));
  return lp;
}

static void michaelis_menten__agrees_with_posteriordb(void **state)
{
  (void)state;
  static const char *const name[] = {"k_a", "K_m", "V_m", "sigma"};
  static const char *const row[] = {"ka", "km", "vm", "s"};
  static const double seen[20] = {
      5.70812264865215, 7.10126075072086, 8.38520678426651, 9.79008249883381, 13.4390409239245,
      11.4478987597702, 11.2124282696837, 11.4269217682577, 12.2432859438401, 13.8201804108938,
      13.8408670746042, 11.422291744251,  10.5031943081843, 11.9121452242965, 14.0849980781312,
      10.5505145523917, 10.1905539351877, 12.2232272590821, 11.7290653047821, 12.2719396535996};
  gm_eq_output output = {.name = "C", .expression = "C", .where = "test"};
  gm_eq_config config = {.text = "ka = 0.75; km = 2.5; vm = 1; s = 0.13\nG = 15; C = 0\n"
                                 "G' = -ka*G\nC' = ka*G - vm/2*C/(km + C)\n",
                         .output = &output,
                         .output_count = 1,
                         .directions_max = 4,
                         .rtol = 1e-8,
                         .atol = 1e-10};
  gm_model *model;
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_unknown unknown[4];
  logs_of(model, 4, name, row, unknown);
  gm_sensor sensor = {
      .name = "C", .law = GM_SENSE_LOGNORMAL, .parameter0 = unknown[3].parameter, PLAIN};
  gm_reading reading[20];
  for (int i = 0; i < 20; i++) reading[i] = (gm_reading){.t = 0.5 * (i + 1), .value = seen[i]};
  gm_system s = {.model = model,
                 .unknown = unknown,
                 .unknown_count = 4,
                 .sensor = &sensor,
                 .sensor_count = 1,
                 .reading = reading,
                 .reading_count = 20,
                 .seed = 3};
  gm_fit_target *t = NULL;
  if (gm_fit_target_new(ctx, &s, &(gm_fit_options){.directions = 4}, &t))
    fail_msg("%s", gm_message(ctx));
  own c;
  own_target(&c, t, half_cauchy);
  compare("one compartment, Michaelis-Menten", &c.target, unknown,
          "methods/posteriordb/one_comp_mm_elim_abs-one_comp_mm_elim_abs.draws.json.zip", name);
  gm_fit_target_free(t);
  gm_model_free(model);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lynx_and_hare__agrees_with_posteriordb),
      cmocka_unit_test(michaelis_menten__agrees_with_posteriordb),
  };
  if (gm_ctx_new(NULL, &ctx)) return 1;
  int failed = cmocka_run_group_tests(tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
