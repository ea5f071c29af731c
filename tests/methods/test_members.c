/* test_members.c - the weighted ensemble against closed forms and quadrature.
 * label: quick */
#include "gemel/math.h"
#include "methods/infer_cases.h"
#include "support/fault.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdio.h>

static gm_ctx *ctx;

static void near(double got, double wanted, double tolerance, const char *what)
{
  if (!(fabs(got - wanted) <= tolerance))
    fail_msg("%s: %.9g, expected %.9g within %g", what, got, wanted, tolerance);
}

static gm_members *draw(infer_case *c, int32_t n, uint64_t seed, double ess_least)
{
  gm_problem p = case_problem(c);
  gm_mode *mode = NULL;
  gm_members *m = NULL;
  gm_members_options o = {.n = n, .key = gm_key_make(seed, 0, 7, 0), .ess_least = ess_least};
  gm_status s = gm_mode_find(ctx, &p, NULL, NULL, &mode);
  if (!s) s = gm_members_draw(ctx, &p, mode, &o, NULL, &m);
  if (s) fail_msg("%s: %s", gm_status_name(s), gm_message(ctx));
  gm_mode_free(mode);
  return m;
}

/* Weights are positive and sum to one, the sizes are what they say, f is the prediction at z. */
static void check_form(infer_case *c, const gm_members *m)
{
  double sum = 0, square = 0, f[CASE_DATA];
  for (int32_t i = 0; i < m->n; i++) {
    assert_true(m->weight[i] >= 0);
    sum += m->weight[i];
    square += m->weight[i] * m->weight[i];
    c->formula(c, m->z + (ptrdiff_t)i * m->dim, f);
    for (int32_t j = 0; j < c->count; j++) assert_true(f[j] == m->f[(ptrdiff_t)i * c->count + j]);
  }
  near(sum, 1, 1e-12, "sum of weights");
  near(m->ess, 1 / square, 1e-6 * m->ess, "effective size");
  assert_non_null(m->method);
}

static void moments(const gm_members *m, double *mean, double *cov)
{
  int32_t d = m->dim;
  for (int32_t i = 0; i < d; i++) {
    mean[i] = 0;
    for (int32_t k = 0; k < m->n; k++) mean[i] += m->weight[k] * m->z[(ptrdiff_t)k * d + i];
  }
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = 0; j < d; j++) {
      cov[i * d + j] = 0;
      for (int32_t k = 0; k < m->n; k++)
        cov[i * d + j] += m->weight[k] * (m->z[(ptrdiff_t)k * d + i] - mean[i]) *
                          (m->z[(ptrdiff_t)k * d + j] - mean[j]);
    }
}

/* Compares with the exact posterior, in its own standard deviations; the bounds are five Monte
 * Carlo errors of an ensemble of `size` independent members. */
static void check_linear(const infer_case *c, const gm_members *m, double size)
{
  int32_t d = c->dim;
  double mean[CASE_DIM], cov[CASE_DIM * CASE_DIM], got[CASE_DIM], got_cov[CASE_DIM * CASE_DIM];
  double evidence = linear_exact(c, mean, cov);
  moments(m, got, got_cov);
  for (int32_t i = 0; i < d; i++) {
    near(got[i], mean[i], 5 * sqrt(cov[i * d + i] / size), "mean");
    for (int32_t j = 0; j < d; j++) {
      double unit = sqrt(cov[i * d + i] * cov[j * d + j]);
      near(got_cov[i * d + j], cov[i * d + j], 5 * unit * sqrt(2 / size), "covariance");
    }
  }
  near(m->log_evidence, evidence, 5 * m->log_evidence_sd, "evidence");
}

/* For linear models with Gaussian errors the ensemble has the moments and the evidence of the
 * conjugate posterior, by importance sampling, for 1 to 8 coordinates. */
static void members_linear__are_conjugate(void **state)
{
  (void)state;
  for (int32_t d = 1; d <= 8; d++) {
    infer_case c = case_linear(d);
    gm_members *m = draw(&c, 4000, 3, 0);
    check_form(&c, m);
    print_message("d = %d: ess %.0f of 4000, khat %.2f, evidence sd %.4f\n", d, m->ess, m->khat,
                  m->log_evidence_sd);
    assert_int_equal(m->stages, 0);
    assert_true(m->khat < 0.5 && m->ess > 0.4 * m->n && m->log_evidence_sd < 0.03);
    check_linear(&c, m, m->ess);
    gm_members_free(m);
  }
}

/* The same when importance sampling is refused (no ensemble has the whole size): tempering gives
 * the same posterior and evidence. Its members are not quite independent: the bounds are those of
 * half their number. */
static void members_tempered__are_conjugate(void **state)
{
  (void)state;
  for (int32_t d = 1; d <= 8; d += d < 2 ? 1 : 3) {
    infer_case c = case_linear(d);
    gm_members *m = draw(&c, 4000, 4, 1);
    check_form(&c, m);
    print_message("d = %d: %d stages, acceptance %.2f, evidence sd %.4f\n", d, m->stages,
                  m->acceptance, m->log_evidence_sd);
    assert_true(m->stages >= 1 && m->acceptance > 0.1 && m->acceptance < 1);
    near(m->ess, m->n, 1e-6, "equal weights");
    check_linear(&c, m, 0.5 * m->n);
    gm_members_free(m);
  }
}

/* ---- shapes that are not Gaussian ---------------------------------------------------------- */
/* Posterior moments and log evidence of a case of two coordinates with diagonal prior, by the
 * midpoint rule on a grid over +-reach. */
static double quadrature(const infer_case *c, double reach, double *mean, double *cov)
{
  enum { GRID = 3000 };
  double h = 2 * reach / GRID, sum = 0, f[CASE_DATA], m[2] = {0}, s[3] = {0};
  for (int i = 0; i < GRID; i++)
    for (int k = 0; k < GRID; k++) {
      double z[2] = {-reach + (i + 0.5) * h, -reach + (k + 0.5) * h};
      double l = -log(2 * acos(-1)) - 0.5 * log(c->prior[0] * c->prior[3]) -
                 0.5 * z[0] * z[0] / c->prior[0] - 0.5 * z[1] * z[1] / c->prior[3];
      if (l < -40) continue;
      c->formula(c, z, f);
      for (int32_t j = 0; j < c->count; j++) {
        double sd = c->datum[j].additive, r = (c->datum[j].value - f[j]) / sd;
        l += -0.5 * r * r - log(sd) - 0.5 * log(2 * acos(-1));
      }
      double w = exp(l) * h * h;
      sum += w;
      for (int a = 0; a < 2; a++) m[a] += w * z[a];
      s[0] += w * z[0] * z[0];
      s[1] += w * z[0] * z[1];
      s[2] += w * z[1] * z[1];
    }
  for (int a = 0; a < 2; a++) mean[a] = m[a] / sum;
  cov[0] = s[0] / sum - mean[0] * mean[0];
  cov[1] = cov[2] = s[1] / sum - mean[0] * mean[1];
  cov[3] = s[2] / sum - mean[1] * mean[1];
  return log(sum);
}

static void check_quadrature(const infer_case *c, const gm_members *m, double size)
{
  double mean[2], cov[4], got[2], got_cov[4];
  double evidence = quadrature(c, 8, mean, cov);
  moments(m, got, got_cov);
  print_message("  mean %.3f %.3f (%.3f %.3f), var %.4f %.4f (%.4f %.4f), ln p %.3f+-%.3f (%.3f)\n",
                got[0], got[1], mean[0], mean[1], got_cov[0], got_cov[3], cov[0], cov[3],
                m->log_evidence, m->log_evidence_sd, evidence);
  print_message("  %s: %d stages, ess raw %.0f, khat %.2f, acceptance %.2f, %lld points\n",
                m->method, m->stages, m->ess_raw, m->khat, m->acceptance, (long long)c->points);
  for (int i = 0; i < 2; i++) {
    near(got[i], mean[i], 5 * sqrt(cov[3 * i] / size), "mean");
    /* fourth moments of these shapes are below three times those of a normal */
    near(got_cov[3 * i], cov[3 * i], 5 * cov[3 * i] * sqrt(6 / size), "variance");
  }
  near(m->log_evidence, evidence, 5 * m->log_evidence_sd, "evidence");
}

static void formula_banana(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = z[1] + 0.5 * (z[0] * z[0] - 4);
}

/* A banana (a curved ridge of width 0.1 across a prior of 2): importance sampling at the mode
 * collapses, and tempering gives the moments of quadrature. */
static void members_banana__is_tempered(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_banana, .dim = 2, .count = 1};
  case_prior_diagonal(&c, (const double[]){4, 4});
  c.datum[0] = (gm_datum){.value = 0.5, .additive = 0.1};
  gm_members *m = draw(&c, 2000, 1, 0);
  check_form(&c, m);
  assert_true(m->stages >= 1);
  assert_true(m->ess_raw < 0.2 * m->n || m->khat > 0.7);
  check_quadrature(&c, m, 0.4 * m->n);
  gm_members_free(m);
}

static void formula_modes(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = z[0] * z[0] + 0.3 * z[1];
  f[1] = z[0] + z[1];
}

/* Two separate modes of unequal weight: the mode finder sees one of them, the prior draws among the
 * proposals show the other, and tempering gives each its share. */
static void members_two_modes__are_both_found(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_modes, .dim = 2, .count = 2};
  case_prior_diagonal(&c, (const double[]){4, 0.25});
  c.datum[0] = (gm_datum){.value = 4, .additive = 0.5};
  c.datum[1] = (gm_datum){.value = 0.5, .additive = 4};
  for (uint64_t seed = 1; seed <= 5; seed++) {
    c.points = 0;
    gm_members *m = draw(&c, 2000, seed, 0);
    check_form(&c, m);
    assert_true(m->stages >= 1);
    check_quadrature(&c, m, 0.3 * m->n);
    double left = 0;
    for (int32_t i = 0; i < m->n; i++) left += m->z[2 * (ptrdiff_t)i] < 0;
    left /= m->n;
    assert_true(left > 0.2 && left < 0.6);
    gm_members_free(m);
  }
}

/* The error that tempering reports of its log evidence is that of the estimates of 60 keys within a
 * factor of two (it takes the stages as independent), and they agree with quadrature on average
 * within four Monte Carlo errors. */
static void members_tempered__evidence_error_is_honest(void **state)
{
  (void)state;
  enum { KEYS = 60 };
  infer_case c = {.formula = formula_banana, .dim = 2, .count = 1};
  case_prior_diagonal(&c, (const double[]){4, 4});
  c.datum[0] = (gm_datum){.value = 0.5, .additive = 0.1};
  double mean[2], cov[4], exact = quadrature(&c, 8, mean, cov), sum = 0, square = 0, told = 0;
  gm_problem p = case_problem(&c);
  for (uint64_t k = 0; k < KEYS; k++) {
    gm_members *m = NULL;
    gm_members_options o = {.n = 500, .key = gm_key_make(k, 0, 0, 0)};
    assert_int_equal(gm_members_draw(ctx, &p, NULL, &o, NULL, &m), GM_OK);
    sum += m->log_evidence - exact;
    square += (m->log_evidence - exact) * (m->log_evidence - exact);
    told += m->log_evidence_sd / KEYS;
    gm_members_free(m);
  }
  double sd = sqrt(square / KEYS);
  print_message("evidence: sd %.4f, told %.4f, bias %.4f\n", sd, told, sum / KEYS);
  near(sum / KEYS, 0, 4 * sd / sqrt(KEYS), "bias");
  assert_true(sd < 2 * told && told < 2 * sd);
}

/* ---- what does not change ------------------------------------------------------------------ */
/* Member m depends on the key and m alone: n members are the first n of 2n, and another key gives
 * others. */
static void members_draws__are_a_prefix(void **state)
{
  (void)state;
  infer_case c = case_oral();
  gm_members *a = draw(&c, 300, 1, 0), *b = draw(&c, 600, 1, 0), *e = draw(&c, 300, 2, 0);
  assert_int_equal(a->stages, 0);
  assert_memory_equal(a->z, b->z, sizeof(double) * 300 * 3);
  assert_memory_equal(a->f, b->f, sizeof(double) * 300 * 6);
  for (int i = 0; i < 900; i++) assert_true(a->z[i] != e->z[i]);
  gm_members_free(a);
  gm_members_free(b);
  gm_members_free(e);
}

/* The same key gives the same bytes, with importance sampling and with tempering. */
static void members_same_key__same_bytes(void **state)
{
  (void)state;
  infer_case c = case_oral();
  for (int k = 0; k < 2; k++) {
    gm_members *a = draw(&c, 400, 5, k), *b = draw(&c, 400, 5, k);
    assert_true((a->stages > 0) == (k == 1));
    assert_memory_equal(a->z, b->z, sizeof(double) * 400 * 3);
    assert_memory_equal(a->weight, b->weight, sizeof(double) * 400);
    assert_memory_equal(a->f, b->f, sizeof(double) * 400 * 6);
    assert_true(a->log_evidence == b->log_evidence);
    gm_members_free(a);
    gm_members_free(b);
  }
}

typedef struct {
  infer_case *c;
  const double *z;
  double *f;
} slice;

static gm_status slice_run(void *user, int32_t task, int32_t worker, gm_ctx *c)
{
  (void)worker;
  (void)c;
  slice *a = user;
  a->c->formula(a->c, a->z + (ptrdiff_t)task * a->c->dim, a->f + (ptrdiff_t)task * a->c->count);
  return GM_OK;
}

typedef struct {
  infer_case *c;
  gm_pool *pool;
} pooled;

static gm_status predict_pooled(void *user, gm_ctx *c, int32_t n, const double *z, double *f)
{
  pooled *a = user;
  slice s = {a->c, z, f};
  return gm_pool_run(a->pool, c, n, slice_run, &s);
}

/* The same bytes however many workers predict, on both ways. */
static void members_workers__same_bytes(void **state)
{
  (void)state;
  infer_case c = case_oral();
  for (int k = 0; k < 2; k++) {
    gm_members *one = draw(&c, 200, 5, k), *m = NULL;
    gm_pool *pool = NULL;
    gm_mode *mode = NULL;
    assert_int_equal(gm_pool_new(ctx, 3, &pool), GM_OK);
    pooled a = {&c, pool};
    gm_problem p = case_problem(&c);
    p.predict = predict_pooled;
    p.user = &a;
    gm_members_options o = {.n = 200, .key = gm_key_make(5, 0, 7, 0), .ess_least = k};
    assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &mode), GM_OK);
    assert_int_equal(gm_members_draw(ctx, &p, mode, &o, NULL, &m), GM_OK);
    assert_memory_equal(one->z, m->z, sizeof(double) * 200 * 3);
    assert_memory_equal(one->weight, m->weight, sizeof(double) * 200);
    gm_members_free(one);
    gm_members_free(m);
    gm_mode_free(mode);
    gm_pool_free(pool);
  }
}

/* ---- edges --------------------------------------------------------------------------------- */
/* Without data the posterior is the prior, member by member; its moments are the prior's. */
static void members_no_data__are_the_prior(void **state)
{
  (void)state;
  infer_case c = case_linear(3);
  c.count = 0;
  gm_problem p = case_problem(&c);
  gm_members_options o = {.n = 4000, .key = gm_key_make(1, 0, 0, 0)};
  gm_members *a = draw(&c, 4000, 1, 0), *b = NULL;
  o.key = gm_key_make(1, 0, 7, 0);
  assert_int_equal(gm_members_prior(ctx, &p, &o, &b), GM_OK);
  assert_memory_equal(a->z, b->z, sizeof(double) * 4000 * 3);
  double mean[3], cov[9];
  moments(a, mean, cov);
  for (int i = 0; i < 3; i++) near(mean[i], 0, 5 * sqrt(c.prior[4 * i] / 4000), "mean");
  for (int i = 0; i < 9; i++) near(cov[i], c.prior[i], 5 * 1.8 * sqrt(2 / 4000.0), "covariance");
  near(a->log_evidence, 0, 0, "evidence");
  near(a->ess, 4000, 1e-6, "effective size");
  gm_members_free(a);
  gm_members_free(b);
}

/* The prior ensemble of a problem with data has its predictions, equal weights, and the mean
 * likelihood as evidence: that of the conjugate form. */
static void members_prior__has_predictions(void **state)
{
  (void)state;
  infer_case c = case_linear(2);
  gm_problem p = case_problem(&c);
  gm_members_options o = {.n = 20000, .key = gm_key_make(9, 0, 0, 0)};
  gm_members *m = NULL;
  assert_int_equal(gm_members_prior(ctx, &p, &o, &m), GM_OK);
  check_form(&c, m);
  double mean[2], cov[4];
  near(m->log_evidence, linear_exact(&c, mean, cov), 5 * m->log_evidence_sd, "evidence");
  near(m->weight[77], 1.0 / 20000, 0, "weight");
  gm_members_free(m);
}

/* Without coordinates every member is the one point, and the evidence its likelihood. */
static void members_no_coordinates__are_one_point(void **state)
{
  (void)state;
  infer_case c = case_linear(1);
  c.dim = 0;
  gm_members *m = draw(&c, 50, 1, 0);
  check_form(&c, m);
  double wanted = 0;
  for (int32_t j = 0; j < c.count; j++) wanted += gm_datum_loglik(&c.datum[j], 0);
  near(m->log_evidence, wanted, 1e-12, "evidence");
  gm_members_free(m);
}

static void formula_diverges(const infer_case *c, const double *z, double *f)
{
  (void)c;
  f[0] = z[0] > 0.5 ? NAN : z[0];
}

/* Members whose prediction diverges get no weight: the rest is the truncated normal, whose mean is
 * m - s phi(b)/Phi(b). */
static void members_diverged__have_no_weight(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_diverges, .dim = 1, .count = 1, .prior = {1}};
  c.datum[0] = (gm_datum){.value = 0.4, .additive = 1};
  double s = sqrt(0.5), b = (0.5 - 0.2) / s, mean = 0;
  for (int tempered = 0; tempered < 2; tempered++) {
    mean = 0;
    gm_members *m = draw(&c, 4000, 1, tempered);
    for (int32_t i = 0; i < m->n; i++) {
      assert_true(m->z[i] <= 0.5 || m->weight[i] == 0);
      mean += m->weight[i] * m->z[i];
    }
    double h = exp(-0.5 * b * b) / sqrt(2 * acos(-1)) / (0.5 * erfc(-b * M_SQRT1_2));
    near(mean, 0.2 - s * h, 5 * s / sqrt(0.5 * m->ess), "mean");
    gm_members_free(m);
  }
}

static void formula_never(const infer_case *c, const double *z, double *f)
{
  (void)c;
  (void)z;
  f[0] = NAN;
}

/* Data that no member can have given, and options out of range, are refused. */
static void members_bad__are_refused(void **state)
{
  (void)state;
  infer_case c = {.formula = formula_never, .dim = 1, .count = 1, .prior = {1}};
  c.datum[0] = (gm_datum){.value = 1, .additive = 1};
  gm_problem p = case_problem(&c);
  gm_members *m = NULL;
  gm_members_options o = {.n = 100};
  assert_int_equal(gm_members_draw(ctx, &p, NULL, &o, NULL, &m), GM_ENUMERIC);
  o.n = -1;
  assert_int_equal(gm_members_draw(ctx, &p, NULL, &o, NULL, &m), GM_ERANGE);
  o = (gm_members_options){.ess_least = 2};
  assert_int_equal(gm_members_draw(ctx, &p, NULL, &o, NULL, &m), GM_ERANGE);
  infer_case other = case_linear(2);
  gm_problem q = case_problem(&other);
  gm_mode *mode = NULL;
  assert_int_equal(gm_mode_find(ctx, &q, NULL, NULL, &mode), GM_OK);
  assert_int_equal(gm_members_draw(ctx, &p, mode, NULL, NULL, &m), GM_EINVAL);
  gm_mode_free(mode);
  assert_null(m);
}

static int32_t asked;
static bool stop_later(void *user) { return ++asked > *(int32_t *)user; }

/* Whenever the watch says stop, nothing is given: GM_ECANCELLED. */
static void members_watch__stops(void **state)
{
  (void)state;
  infer_case c = case_linear(2);
  gm_problem p = case_problem(&c);
  for (int32_t after = 0; after < 8; after++) {
    gm_watch w = {.stop = stop_later, .user = &after};
    gm_members *m = NULL;
    asked = 0;
    assert_int_equal(gm_members_draw(ctx, &p, NULL, NULL, &w, &m), GM_ECANCELLED);
    assert_null(m);
  }
}

typedef struct {
  infer_case *c;
  const gm_mode *mode;
  double ess_least;
} trial;

static gm_status one_trial(gm_ctx *c, void *user)
{
  const trial *t = user;
  gm_problem p = case_problem(t->c);
  gm_members *m = NULL;
  gm_members_options o = {.n = 60, .ess_least = t->ess_least};
  gm_status s = gm_members_draw(c, &p, t->mode, &o, NULL, &m);
  assert_true(!s == !!m);
  gm_members_free(m);
  return s;
}

static gm_status prior_trial(gm_ctx *c, void *user)
{
  const trial *t = user;
  gm_problem p = case_problem(t->c);
  gm_members *m = NULL;
  gm_members_options o = {.n = 60};
  gm_status s = gm_members_prior(c, &p, &o, &m);
  gm_members_free(m);
  return s;
}

/* A refused allocation gives GM_ENOMEM, no members and no leak, on every way. */
static void members_memory__failure_leaves_nothing(void **state)
{
  (void)state;
  infer_case c = case_linear(2);
  gm_problem p = case_problem(&c);
  gm_mode *mode = NULL;
  assert_int_equal(gm_mode_find(ctx, &p, NULL, NULL, &mode), GM_OK);
  trial t = {&c, mode, 0.05};
  assert_true(fault_sweep("importance sampling", one_trial, &t) > 5);
  t.ess_least = 1;
  assert_true(fault_sweep("tempering", one_trial, &t) > 10);
  assert_true(fault_sweep("prior", prior_trial, &t) > 3);
  gm_mode_free(mode);
}

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_linear__are_conjugate),
      cmocka_unit_test(members_tempered__are_conjugate),
      cmocka_unit_test(members_banana__is_tempered),
      cmocka_unit_test(members_two_modes__are_both_found),
      cmocka_unit_test(members_tempered__evidence_error_is_honest),
      cmocka_unit_test(members_draws__are_a_prefix),
      cmocka_unit_test(members_same_key__same_bytes),
      cmocka_unit_test(members_workers__same_bytes),
      cmocka_unit_test(members_no_data__are_the_prior),
      cmocka_unit_test(members_prior__has_predictions),
      cmocka_unit_test(members_no_coordinates__are_one_point),
      cmocka_unit_test(members_diverged__have_no_weight),
      cmocka_unit_test(members_bad__are_refused),
      cmocka_unit_test(members_watch__stops),
      cmocka_unit_test(members_memory__failure_leaves_nothing),
  };
  return cmocka_run_group_tests(tests, setup, teardown);
}
