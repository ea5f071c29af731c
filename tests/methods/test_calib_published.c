/* test_calib_published.c - posteriors of posteriordb (eight schools, one-compartment Michaelis-
 * Menten, lynx and hare) and sbibm (SIR, Lotka-Volterra): means and covariances against the
 * reference draws, and a kernel two-sample test. Needs the published data; what is left out without
 * it is said.
 * label: full */
#include "methods/reference_draws.h"

static gm_ctx *ctx;

static void compare(const char *what, const gm_chains *r, int32_t d, const double *x, int32_t nr,
                    const double *ref)
{
  int32_t n = r->chain_count * r->draw_count;
  double p = mmd_p_value(n, x, nr, ref, d);
  print_message("%s by %s: R-hat %.4f, ESS %.0f/%.0f, MMD p %.3f, %s\n", what, r->method,
                r->rhat_max, r->ess_bulk_min, r->ess_tail_min, p, r->verdict);
  moments_compare(ctx, r->chain_count, r->draw_count, r->group, d, x, nr, ref);
  assert_true(p > 0.005);
}

/* ---- eight schools, noncentred (Rubin 1981) ----------------------------------------------- */
static const double school_y[8] = {28, 8, -3, 7, -1, 1, 18, 12},
                    school_sigma[8] = {15, 10, 16, 11, 9, 11, 10, 18};

/* z: eight theta_trans, mu, ln tau. Priors N(0,1), N(0,5^2), half-Cauchy(0,5). */
static double school_prior(void *user, const double *z)
{
  (void)user;
  double lp = -0.5 * z[8] * z[8] / 25 + z[9] - log1p(exp(2 * z[9]) / 25);
  for (int i = 0; i < 8; i++) lp -= 0.5 * z[i] * z[i];
  return lp;
}

static void school_draw(void *user, gm_key key, uint64_t slot, double *z)
{
  (void)user;
  for (uint64_t i = 0; i < 10; i++) z[i] = gm_normal(key, slot, 0, gm_kind_draw(9, 0), i);
}

static gm_status school_gradient(void *user, gm_ctx *c, int32_t n, const double *z, double *ll,
                                 double *g)
{
  (void)user;
  (void)c;
  for (int32_t m = 0; m < n; m++, z += 10, g += 10) {
    double tau = exp(z[9]);
    ll[m] = g[8] = g[9] = 0;
    for (int i = 0; i < 8; i++) {
      double e = (school_y[i] - z[8] - tau * z[i]) / school_sigma[i], s = e / school_sigma[i];
      ll[m] -= 0.5 * e * e;
      g[i] = s * tau;
      g[8] += s;
      g[9] += s * tau * z[i];
    }
  }
  return GM_OK;
}

static gm_status school_loglik(void *user, gm_ctx *c, int32_t n, const double *z,
                               const uint64_t *replicate, double *out)
{
  double g[10];
  (void)replicate;
  for (int32_t m = 0; m < n; m++) {
    gm_status s = school_gradient(user, c, 1, z + m * 10, out + m, g);
    if (s) return s;
  }
  return GM_OK;
}

static void school_values(const gm_chains *r, double *x)
{
  for (int32_t m = 0; m < r->chain_count * r->draw_count; m++) {
    const double *z = r->z + m * 10;
    for (int i = 0; i < 8; i++) x[m * 10 + i] = z[8] + exp(z[9]) * z[i];
    x[m * 10 + 8] = z[8];
    x[m * 10 + 9] = exp(z[9]);
  }
}

static void eight_schools__agrees_with_posteriordb(void **state)
{
  (void)state;
  static const char *const name[] = {"theta[1]", "theta[2]", "theta[3]", "theta[4]", "theta[5]",
                                     "theta[6]", "theta[7]", "theta[8]", "mu",       "tau"};
  int32_t nr = 0;
  double *ref = reference(
      "methods/posteriordb/eight_schools-eight_schools_noncentered.draws.json.zip", 10, name, &nr);
  if (!ref) {
    data_skip("eight schools of posteriordb", 2);
    return;
  }
  assert_int_equal(nr, 10000);
  gm_target t = {.dim = 10,
                 .loglik = school_loglik,
                 .gradient = school_gradient,
                 .log_prior = school_prior,
                 .prior_draw = school_draw};
  gm_nuts_options o = {.common = {.key = gm_key_make(41, 0, 0, 0), .draws = 2000},
                       .acceptance_target = 0.9};
  gm_chain_options w = {.key = gm_key_make(42, 0, 0, 0), .thin = 40};
  gm_chains *r = NULL;
  double *x = calloc(8000 * 10, sizeof *x);
  assert_int_equal(gm_nuts(ctx, &t, &o, &r), GM_OK);
  school_values(r, x);
  compare("eight schools", r, 10, x, nr, ref);
  assert_true(r->divergences <= 8);
  gm_chains_free(r);
  assert_int_equal(gm_walk(ctx, &t, &w, &r), GM_OK);
  school_values(r, x);
  compare("eight schools", r, 10, x, nr, ref);
  gm_chains_free(r);
  free(x);
  free(ref);
}

/* ---- models of ordinary differential equations, on a fixed fine grid of RK4 -------------- */
typedef void rates(double t, const double *x, const double *p, double *dx);

static void rk4(rates *f, int d, double t, double h, const double *p, double *x)
{
  double a[3], b[3], c[3], e[3], at[3];
  f(t, x, p, a);
  for (int i = 0; i < d; i++) at[i] = x[i] + 0.5 * h * a[i];
  f(t + 0.5 * h, at, p, b);
  for (int i = 0; i < d; i++) at[i] = x[i] + 0.5 * h * b[i];
  f(t + 0.5 * h, at, p, c);
  for (int i = 0; i < d; i++) at[i] = x[i] + h * c[i];
  f(t + h, at, p, e);
  for (int i = 0; i < d; i++) x[i] += h / 6 * (a[i] + 2 * b[i] + 2 * c[i] + e[i]);
}

static void prey(double t, const double *x, const double *p, double *dx)
{
  (void)t;
  dx[0] = (p[0] - p[1] * x[1]) * x[0];
  dx[1] = (p[3] * x[0] - p[2]) * x[1];
}

static void absorbed(double t, const double *x, const double *p, double *dx)
{
  dx[0] = exp(-p[0] * t) * 30 * p[0] / 2 - p[2] / 2 * x[0] / (p[1] + x[0]);
}

static void epidemic(double t, const double *x, const double *p, double *dx)
{
  (void)t;
  dx[0] = -p[0] * x[0] * x[1] / 1e6;
  dx[1] = -dx[0] - p[1] * x[1];
}

static double log_normal_density(double value, double median, double sigma)
{
  if (!(median > 0)) return -INFINITY;
  double e = (log(value) - log(median)) / sigma;
  return -0.5 * e * e - log(sigma) - log(value);
}

/* A case: coordinates are ln of its parameters; density(parameters) is the log-likelihood,
 * prior(z) the prior density in z. */
typedef struct {
  int32_t d;
  double (*density)(const double *p);
  double (*prior)(const double *z);
  double center[8], spread[8]; /* of the starts */
} ode_case;

static gm_status case_loglik(void *user, gm_ctx *c, int32_t n, const double *z,
                             const uint64_t *replicate, double *out)
{
  const ode_case *k = user;
  (void)c;
  (void)replicate;
  for (int32_t m = 0; m < n; m++) {
    double p[8];
    for (int32_t i = 0; i < k->d; i++) p[i] = exp(z[m * k->d + i]);
    out[m] = k->density(p);
  }
  return GM_OK;
}

static double case_prior(void *user, const double *z)
{
  const ode_case *k = user;
  return k->prior(z);
}

static void case_draw(void *user, gm_key key, uint64_t slot, double *z)
{
  const ode_case *k = user;
  for (int32_t i = 0; i < k->d; i++)
    z[i] = k->center[i] + k->spread[i] * gm_normal(key, slot, 0, gm_kind_draw(9, 0), (uint64_t)i);
}

static void case_run(const char *what, const ode_case *k, const char *file, const char *const *name)
{
  int32_t nr = 0;
  double *ref = reference(file, k->d, name, &nr);
  if (!ref) {
    data_skip(what, 1);
    return;
  }
  gm_target t = {.dim = k->d,
                 .loglik = case_loglik,
                 .log_prior = case_prior,
                 .prior_draw = case_draw,
                 .user = (void *)k};
  gm_ensemble_mcmc_options o = {
      .common = {.key = gm_key_make(43, 0, 0, 0), .warmup = 600, .draws = 100, .thin = 8},
      .walkers = 24};
  gm_chains *r = NULL;
  assert_int_equal(gm_ensemble_mcmc(ctx, &t, &o, &r), GM_OK);
  int32_t n = r->chain_count * r->draw_count, d = k->d;
  /* compared as logs, in which the heavy tail of K_m has moments */
  for (int32_t m = 0; m < nr * d; m++) ref[m] = log(ref[m]);
  /* one chain an ensemble: its walkers at the first draw, at the second, ... */
  double *x = calloc((size_t)n * (size_t)d, sizeof *x);
  int32_t at = 0;
  for (int32_t e = 0; e < 4; e++)
    for (int32_t j = 0; j < r->draw_count; j++)
      for (int32_t w = 0; w < 24; w++, at++)
        memcpy(x + at * d, r->z + ((e * 24 + w) * r->draw_count + j) * d, (size_t)d * sizeof *x);
  r->chain_count = 4;
  r->draw_count *= 24;
  compare(what, r, d, x, nr, ref);
  gm_chains_free(r);
  free(x);
  free(ref);
}

/* one_comp_mm_elim_abs: half-Cauchy(0, 1) priors on all; lognormal error. */
static double mm_density(const double *p)
{
  static const double seen[20] = {
      5.70812264865215, 7.10126075072086, 8.38520678426651, 9.79008249883381, 13.4390409239245,
      11.4478987597702, 11.2124282696837, 11.4269217682577, 12.2432859438401, 13.8201804108938,
      13.8408670746042, 11.422291744251,  10.5031943081843, 11.9121452242965, 14.0849980781312,
      10.5505145523917, 10.1905539351877, 12.2232272590821, 11.7290653047821, 12.2719396535996};
  double x[1] = {0}, ll = 0;
  if (!(p[0] < 50) || !(p[2] < 1e5)) return -INFINITY; /* the prior's far tail, impossible here */
  for (int k = 0; k < 20; k++) {
    for (int i = 0; i < 20; i++) rk4(absorbed, 1, 0.5 * k + 0.025 * i, 0.025, p, x);
    ll += log_normal_density(seen[k], x[0], p[3]);
  }
  return ll;
}

static double mm_prior(const double *z)
{
  double lp = 0;
  for (int i = 0; i < 4; i++) lp += z[i] - log1p(exp(2 * z[i]));
  return lp;
}

static void michaelis_menten__agrees_with_posteriordb(void **state)
{
  (void)state;
  static const char *const name[] = {"k_a", "K_m", "V_m", "sigma"};
  static const ode_case k = {4, mm_density, mm_prior, {-0.3, 0, 0, -2}, {0.3, 0.5, 0.3, 0.3}};
  case_run("one compartment, Michaelis-Menten", &k,
           "methods/posteriordb/one_comp_mm_elim_abs-one_comp_mm_elim_abs.draws.json.zip", name);
}

/* hudson_lynx_hare: theta 1, 3 ~ N(1, 0.5), 2, 4 ~ N(0.05, 0.05), z_init ~ lognormal(ln 10, 1),
 * sigma ~ lognormal(-1, 1). Order: theta[4], z_init[2], sigma[2]. */
static double lynx_density(const double *p)
{
  static const double first[2] = {30, 4},
                      seen[20][2] = {{47.2, 6.1},  {70.2, 9.8},  {77.4, 35.2}, {36.3, 59.4},
                                     {20.6, 41.7}, {18.1, 19},   {21.4, 13},   {22, 8.3},
                                     {25.4, 9.1},  {27.1, 7.4},  {40.3, 8},    {57, 12.3},
                                     {76.6, 19.5}, {52.3, 45.7}, {19.5, 51.1}, {11.2, 29.7},
                                     {7.6, 15.8},  {14.6, 9.7},  {16.2, 10.1}, {24.7, 8.6}};
  double x[2] = {p[4], p[5]}, ll = 0;
  for (int i = 0; i < 2; i++) ll += log_normal_density(first[i], x[i], p[6 + i]);
  for (int k = 0; k < 20 && ll > -INFINITY; k++) {
    for (int i = 0; i < 25; i++) rk4(prey, 2, 0, 0.04, p, x);
    for (int i = 0; i < 2; i++) ll += log_normal_density(seen[k][i], x[i], p[6 + i]);
  }
  return ll;
}

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
  static const ode_case k = {8,
                             lynx_density,
                             lynx_prior,
                             {-0.6, -3.6, -0.2, -3.7, 3.5, 1.8, -1.3, -1.3},
                             {0.1, 0.1, 0.1, 0.1, 0.1, 0.1, 0.2, 0.2}};
  case_run("lynx and hare", &k,
           "methods/posteriordb/hudson_lynx_hare-lotka_volterra.draws.json.zip", name);
}

/* ---- sbibm (Lueckmann et al. 2021), observation 1 of each --------------------------------- */
/* SIR: N = 1e6, one infected, 10 times 17 d apart, Binomial(1000, I/N); lognormal priors around 0.4
 * (0.5) and 0.125 (0.2). */
static double sir_density(const double *p)
{
  static const double seen[10] = {0, 1, 352, 40, 3};
  double x[2] = {1e6 - 1, 1}, ll = 0;
  for (int k = 0; k < 10; k++) {
    double q = x[1] / 1e6;
    ll += seen[k] * log(q) + (1000 - seen[k]) * log1p(-q);
    for (int i = 0; i < 170 && k < 9; i++) rk4(epidemic, 2, 0, 0.1, p, x);
  }
  return ll;
}

static double sir_prior(const double *z)
{
  return -0.5 * pow((z[0] - log(0.4)) / 0.5, 2) - 0.5 * pow((z[1] - log(0.125)) / 0.2, 2);
}

static void sir__agrees_with_sbibm(void **state)
{
  (void)state;
  static const ode_case k = {2, sir_density, sir_prior, {-0.45, -1.8}, {0.1, 0.1}};
  case_run("SIR 1", &k, "methods/sbibm/sir/1/reference_posterior_samples.csv.bz2", NULL);
}

/* Lotka-Volterra from (30, 1), 10 times 2.1 apart, lognormal error 0.1; lognormal priors (-0.125,
 * -3, -0.125, -3; 0.5). */
static double lv_density(const double *p)
{
  static const double seen[2][10] = {{31.783262, 1.1971166, 0.29703617, 0.71145046, 2.9415865,
                                      11.482614, 36.09036, 0.46229604, 0.38081983, 0.9173736},
                                     {0.8910395, 27.039942, 4.356176, 0.78444487, 0.17100818,
                                      0.1325878, 8.727008, 16.97251, 2.7902339, 0.47567415}};
  double x[2] = {30, 1}, ll = 0;
  for (int k = 0; k < 10 && ll > -INFINITY; k++) {
    for (int s = 0; s < 2; s++) ll += log_normal_density(seen[s][k], x[s], 0.1);
    for (int i = 0; i < 70 && k < 9; i++) rk4(prey, 2, 0, 0.03, p, x);
  }
  return ll;
}

static double lv_prior(const double *z)
{
  double lp = 0;
  for (int i = 0; i < 4; i++) lp -= 0.5 * pow((z[i] + (i % 2 ? 3 : 0.125)) / 0.5, 2);
  return lp;
}

static void lotka_volterra__agrees_with_sbibm(void **state)
{
  (void)state;
  static const ode_case k = {
      4, lv_density, lv_prior, {-0.38, -2.26, -0.11, -2.14}, {0.03, 0.06, 0.03, 0.03}};
  case_run("Lotka-Volterra 1", &k,
           "methods/sbibm/lotka_volterra/1/reference_posterior_samples.csv.bz2", NULL);
}

/* The test of the tests: a law moved by a third of its sd is told apart by the kernel test. */
static void kernel_test__sees_a_moved_law(void **state)
{
  (void)state;
  static double x[4000], moved[4000], same[4000];
  gm_key key = gm_key_make(2, GM_PURPOSE_TEST, 0, 0);
  for (uint64_t m = 0; m < 4000; m++) {
    x[m] = gm_normal(key, m, 0, gm_kind_draw(1, 0), 0);
    same[m] = gm_normal(key, m, 0, gm_kind_draw(1, 1), 0);
    moved[m] = same[m] + 0.4;
  }
  assert_true(mmd_p_value(2000, moved, 2000, x, 2) <= 0.01);
  assert_true(mmd_p_value(2000, same, 2000, x, 2) > 0.01);
}

static int group_begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx);
}

static int group_end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(kernel_test__sees_a_moved_law),
      cmocka_unit_test(eight_schools__agrees_with_posteriordb),
      cmocka_unit_test(michaelis_menten__agrees_with_posteriordb),
      cmocka_unit_test(lynx_and_hare__agrees_with_posteriordb),
      cmocka_unit_test(sir__agrees_with_sbibm),
      cmocka_unit_test(lotka_volterra__agrees_with_sbibm),
  };
  return cmocka_run_group_tests(tests, group_begin, group_end);
}
