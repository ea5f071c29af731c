/* A prior learned from twins: against the closed form of the one-way layout, through a store, and
 * from those alone whose subjects permit it.
 * label: full */
#include "store/store_case.h"
#include "gemel/prior.h"
#include "gemel/math.h"
#include "gemel/rand.h"
#include "twin/prior_internal.h"
#include <math.h>

static char definition_path[340], model_path[340], prior_path[340];

static void file_write(char *path, const char *name, const char *text, size_t bytes)
{
  snprintf(path, 340, "%s/%s", case_folder, name);
  case_must(gm_file_write(ctx, path, text, bytes), "file");
}

/* Balanced one-way layout y_ij = mu + b_i + e_ij, J values each, e of known variance s2: the
 * likelihood is greatest at mu = grand mean, omega = max(0, mean (y_i - y)^2 - s2/J) (Searle,
 * Casella & McCulloch, Variance Components, 1992, section 3.7). Members: 4,000 even quantiles of
 * each subject's normal posterior under N(0, 1); so the learned values differ from the closed form
 * by the quadrature of the reweighted members alone, below 1e-3 here. */
static void learn__finds_the_most_likely_population(void **state)
{
  (void)state;
  enum { SUBJECTS = 40, MEMBERS = 4000 };
  static double eta[SUBJECTS][MEMBERS], weight[MEMBERS], log_prior[SUBJECTS][MEMBERS];
  static double zero, one = 1;
  const double s2_mean = 0.09; /* s2 / J */
  gm__learner t[SUBJECTS];
  double y[SUBJECTS], mean = 0, var = 0;
  for (int i = 0; i < SUBJECTS; i++) {
    gm_key key = gm_key_make(5, GM_PURPOSE_TEST, 0, 0);
    double b = 0.4 + 0.5 * gm_normal(key, (uint64_t)i, 0, gm_kind_draw(1, 0), 0);
    y[i] = b + sqrt(s2_mean) * gm_normal(key, (uint64_t)i, 1, gm_kind_draw(1, 0), 0);
    mean += y[i] / SUBJECTS;
    double shrink = 1 / (1 + s2_mean), sd = sqrt(s2_mean * shrink);
    for (int j = 0; j < MEMBERS; j++) {
      weight[j] = 1.0 / MEMBERS;
      eta[i][j] = shrink * y[i] + sd * gm_norm_quantile((j + 0.5) / MEMBERS);
    }
    t[i] = (gm__learner){.n = MEMBERS,
                         .eta = eta[i],
                         .weight = weight,
                         .mean = &zero,
                         .omega = &one,
                         .log_prior = log_prior[i]};
  }
  for (int i = 0; i < SUBJECTS; i++) var += (y[i] - mean) * (y[i] - mean) / SUBJECTS;
  gm_prior *p = gm__prior_new(ctx, 1);
  assert_non_null(p);
  p->omega[0] = 1;
  case_must(gm__prior_em(ctx, t, SUBJECTS, NULL, p), "learn");
  assert_true(p->converged && p->ess_least > 1000);
  assert_true(fabs(p->mean[0] - mean) < 1e-3);
  assert_true(fabs(p->omega[0] - (var - s2_mean)) < 1e-3);
  /* standard error of the mean over subjects: sd of the subjects' posterior means over sqrt(n - 1)
   */
  double shrunk = p->omega[0] / (p->omega[0] + s2_mean) * sqrt(var / (SUBJECTS - 1));
  assert_true(fabs(p->mean_error[0] - shrunk) < 1e-3);
  gm_text text;
  gm_prior *q = NULL;
  gm_text_init(&text, ctx);
  gm_prior_write(p, &text);
  case_must(gm_prior_read(ctx, "prior", text.data, text.bytes, &q), "read");
  assert_true(q->mean[0] == p->mean[0] && q->omega[0] == p->omega[0]);
  assert_int_equal(GM_EPARSE, gm_prior_read(ctx, "prior", "{\"mean\":[1,\"a\"]}", 16, &q));
  gm_prior_free(p);
  gm_prior_free(q);
  gm_text_free(&text);
}

static const char model_text[] = "time has \"h\"\nL = 1\nL has \"mg/L\"\nA' = 0 \"mg/h\"\nA = 0\n"
                                 "A has \"mg\"\n";
static const char definition_text[] =
    "twin: level\nquestion: How much?\ncontext-of-use: tests\nmodel: model.ant\n"
    "parameters:\n  L: {typical: 10, unit: mg/L, between-subjects: {normal: 2}}\n"
    "inputs:\n  drug: {into: A, unit: mg}\n"
    "observables:\n  y: {is: L, unit: mg/L, error: {additive: 0.5}}\n"
    "targets: {y: {low: 2, high: 8}}\nactions: {drug: {doses: [50], every: 12 h}}\n";
enum { TWINS = 12 };
static const char *const value[TWINS] = {"11.2", "12.9", "9.8",  "13.4", "12.1", "10.7",
                                         "14.0", "11.9", "12.6", "13.1", "10.9", "12.2"};

static void twin_make(gm_session *a, int i, bool teaches)
{
  char name[20], subject[20];
  gm_life *l = NULL;
  gm_life_intake in;
  gm_life_update u;
  gm_consent_rule rule = {.permit = true,
                          .uses = 1u << GM_USE_CARE | (teaches ? 1u << GM_USE_TRAINING : 0),
                          .actor = ""};
  snprintf(name, sizeof name, "t%d", i);
  snprintf(subject, sizeof subject, "p%d", i);
  gm_life_options o = {.session = a, .twin = name};
  gm_life_new n = {.subject = subject,
                   .definition = definition_path,
                   .origin_s = 0,
                   .members = 1000,
                   .consent = &rule,
                   .consent_count = 1};
  case_must(gm_life_make(ctx, &o, &n), "make");
  case_must(gm_life_open(ctx, &o, &l), "open");
  gm_fact f = {.kind = GM_RECORD_OBSERVATION,
               .subject = "",
               .series = "y",
               .t_true_s = 3600,
               .value = value[i],
               .unit = "mg/L",
               .licence = "",
               .source = "lab",
               .id = "a",
               .version = "1",
               .code = ""};
  case_must(gm_life_add(l, ctx, &f, 1, &in), "add");
  case_must(gm_life_renew(l, ctx, NAN, &u), "renew");
  gm_life_free(l);
}

/* Twins in a store: who does not permit training does not teach; fewer than 11 teach nothing; the
 * prior learned has the closed form's mean and spread within the members' Monte Carlo error
 * (1,000 members of 12 subjects: 0.02 of a mean of which the spread between subjects is 1.2); under
 * it a new twin's belief begins there, and the level says what it learned from. */
static void learn__asks_for_consent_and_moves_the_next_twin(void **state)
{
  (void)state;
  gm_session *a = case_store(), *school = NULL;
  gm_prior *p = NULL;
  double mean = 0, var = 0;
  file_write(model_path, "model.ant", model_text, sizeof model_text - 1);
  file_write(definition_path, "twin.yaml", definition_text, sizeof definition_text - 1);
  for (int i = 0; i < TWINS; i++) twin_make(a, i, i != 5);
  for (int i = 0; i < TWINS; i++)
    if (i != 5) mean += atof(value[i]) / (TWINS - 1);
  for (int i = 0; i < TWINS; i++)
    if (i != 5) var += pow(atof(value[i]) - mean, 2) / (TWINS - 1);
  assert_int_equal(GM_EINVAL, gm_prior_learn(ctx, a, definition_path, NULL, &p));
  gm_access_who who = {.role = GM_AS_RESEARCHER, .use = GM_USE_TRAINING, .actor = "R"};
  case_must(gm_session_open(gm_session_store(a), ctx, &who, &school), "session");
  case_must(gm_prior_learn(ctx, school, definition_path, NULL, &p), "learn");
  assert_int_equal(TWINS - 1, p->subjects);
  assert_true(fabs(10 + p->mean[0] - mean) < 0.1);
  assert_true(fabs(sqrt(p->omega[0]) - sqrt(var - 0.25)) < 0.1);
  gm_text text;
  gm_text_init(&text, ctx);
  gm_prior_write(p, &text);
  file_write(prior_path, "prior.json", text.data, text.bytes);
  gm_text_free(&text);

  gm_life *l = NULL;
  gm_life_options o = {.session = a, .twin = "t5"};
  gm_life_change *c = NULL;
  const gm_twin *t = NULL;
  int32_t count = 0;
  case_must(gm_life_open(ctx, &o, &l), "open");
  case_must(gm_life_migrate(l, ctx, definition_path, prior_path, &c, &count), "migrate");
  case_must(gm_life_belief(l, ctx, &t), "belief");
  double seen = 0, about = 0, v[1];
  for (int32_t m = 0; m < t->posterior->n; m++) {
    gm_subject_parameters(t->subject, t->posterior->z + m, 1, v);
    seen += t->posterior->weight[m] * v[0];
    gm_subject_parameters(t->subject, t->prior->z + m, 1, v);
    about += v[0] / t->prior->n;
  }
  double w = p->omega[0] / (p->omega[0] + 0.25); /* normal with normal */
  assert_true(fabs(about - (10 + p->mean[0])) < 0.15);
  assert_true(fabs(seen - (w * atof(value[5]) + (1 - w) * (10 + p->mean[0]))) < 0.05);
  gm_free(c);
  gm_life_free(l);

  gm_consent_rule deny = {.permit = false, .uses = 1u << GM_USE_TRAINING, .actor = ""};
  int64_t twin = 0;
  case_must(gm_store_twin(a, ctx, 0, "t0", false, &twin), "twin");
  case_must(gm_store_consent(a, ctx, twin, "no", &deny), "consent");
  gm_prior_free(p);
  assert_int_equal(GM_EDENIED, gm_prior_learn(ctx, school, definition_path, NULL, &p));
  gm_session_close(school);
  unlink(model_path);
  unlink(definition_path);
  unlink(prior_path);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(learn__finds_the_most_likely_population),
      cmocka_unit_test(learn__asks_for_consent_and_moves_the_next_twin)};
  return cmocka_run_group_tests_name("prior", tests, case_begin, case_end);
}
