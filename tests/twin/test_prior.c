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
  /* standard error of the mean over subjects: that of the mean of their data */
  assert_true(fabs(p->mean_error[0] - sqrt(var / (SUBJECTS - 1))) < 1e-3);
  gm_text text;
  gm_prior *q = NULL;
  gm_text_init(&text, ctx);
  gm_prior_write(p, &text);
  case_must(gm_prior_read(ctx, "prior", text.data, text.bytes, &q), "read");
  assert_true(q->mean[0] == p->mean[0] && q->omega[0] == p->omega[0]);
  assert_true(q->mean_error[0] == p->mean_error[0] && q->ess_least == p->ess_least);
  assert_true(q->converged && q->iterations == p->iterations);
  assert_int_equal(GM_EPARSE, gm_prior_read(ctx, "prior", "{\"mean\":[1,\"a\"]}", 16, &q));
  gm_prior_free(p);
  gm_prior_free(q);
  gm_text_free(&text);
}

/* Even quantiles of the normal posterior of y ~ N(eta, s2) under N(0, 1). */
static void members_even(int n, double y, double s2, double *eta)
{
  double shrink = 1 / (1 + s2), sd = sqrt(s2 * shrink);
  for (int j = 0; j < n; j++) eta[j] = shrink * y + sd * gm_norm_quantile((j + 0.5) / n);
}

/* The error of the mean is that of the mean of the data, sd / sqrt(n), bank by bank, however much
 * the subjects' own means are shrunk; and the learned means of many banks of 30 subjects of omega 1
 * are as far apart as sqrt((1 + s2) / 30) says: .204, .258 and .408, within 4 Monte Carlo errors
 * (an sd over R banks has the relative error 1/sqrt(2 R)). Banks of which the most likely omega is
 * near 0 are left out of the first, where the members do not reach it. */
static void learn__knows_the_error_of_the_mean(void **state)
{
  (void)state;
  enum { SUBJECTS = 30, MEMBERS = 300, BANKS = 60 };
  static double eta[SUBJECTS][MEMBERS], weight[MEMBERS], log_prior[SUBJECTS][MEMBERS];
  static double zero, one = 1;
  static const double s2[] = {0.25, 1, 4};
  gm_key key = gm_key_make(6, GM_PURPOSE_TEST, 0, 0);
  for (int j = 0; j < MEMBERS; j++) weight[j] = 1.0 / MEMBERS;
  for (int c = 0; c < 3; c++) {
    double squares = 0, error = 0, worst = 0;
    int kept = 0;
    for (int b = 0; b < BANKS; b++) {
      gm__learner t[SUBJECTS];
      double y[SUBJECTS], mean = 0, var = 0;
      for (int i = 0; i < SUBJECTS; i++) {
        uint64_t slot = (uint64_t)(b * SUBJECTS + i);
        y[i] = sqrt(1 + s2[c]) * gm_normal(key, slot, (uint64_t)c, gm_kind_draw(1, 0), 0);
        mean += y[i] / SUBJECTS;
        members_even(MEMBERS, y[i], s2[c], eta[i]);
        t[i] = (gm__learner){.n = MEMBERS,
                             .eta = eta[i],
                             .weight = weight,
                             .mean = &zero,
                             .omega = &one,
                             .log_prior = log_prior[i]};
      }
      for (int i = 0; i < SUBJECTS; i++) var += (y[i] - mean) * (y[i] - mean) / SUBJECTS;
      squares += mean * mean / BANKS; /* of the most likely mean, that of the data */
      if (var - s2[c] < 0.5 || var - s2[c] > 1.7) continue;
      gm_prior *p = gm__prior_new(ctx, 1);
      assert_non_null(p);
      p->omega[0] = 1;
      case_must(gm__prior_em(ctx, t, SUBJECTS, NULL, p), "learn");
      assert_true(fabs(p->mean[0] - mean) < 0.02 * (1 + s2[c])); /* by 300 members */
      double off = fabs(p->mean_error[0] / sqrt(var / (SUBJECTS - 1)) - 1);
      assert_true(off < 0.02 * (1 + s2[c]));
      worst = fmax(worst, off);
      error += p->mean_error[0];
      kept++;
      gm_prior_free(p);
    }
    double theory = sqrt((1 + s2[c]) / SUBJECTS);
    printf("s2 %g: sd of the means %.3f, error said %.3f, theory %.3f; %d banks, off by %.3f\n",
           s2[c], sqrt(squares), error / kept, theory, kept, worst);
    assert_true(kept >= 15);
    assert_true(fabs(sqrt(squares) / theory - 1) < 4 / sqrt(2.0 * BANKS));
    assert_true(fabs(error / kept / theory - 1) < 0.15);
  }
}

/* The same of two effects that go together: y ~ N(mean, omega + s2), so omega is the data's
 * covariance less s2 and the error of each mean is sd / sqrt(n) again, which rests on the whole of
 * omega D^-1 omega. Members: 60 x 60 even
 * quantiles. */
static void learn__of_two_effects(void **state)
{
  (void)state;
  enum { SUBJECTS = 30, EVEN = 60, MEMBERS = EVEN * EVEN };
  static double eta[SUBJECTS][2 * MEMBERS], weight[MEMBERS], log_prior[SUBJECTS][MEMBERS];
  static double zero[2], one[4] = {1, 0, 0, 1}, axis[2][EVEN];
  static const double s2[2] = {0.09, 0.25};
  gm_key key = gm_key_make(7, GM_PURPOSE_TEST, 0, 0);
  gm__learner t[SUBJECTS];
  double y[SUBJECTS][2], mean[2] = {0}, var[3] = {0};
  for (int j = 0; j < MEMBERS; j++) weight[j] = 1.0 / MEMBERS;
  for (int i = 0; i < SUBJECTS; i++) {
    double z[4];
    for (int k = 0; k < 4; k++)
      z[k] = gm_normal(key, (uint64_t)i, (uint64_t)k, gm_kind_draw(1, 0), 0);
    y[i][0] = 0.8 * z[0] + sqrt(s2[0]) * z[1];
    y[i][1] = 0.6 * z[0] + 0.6 * z[2] + sqrt(s2[1]) * z[3];
    for (int a = 0; a < 2; a++) {
      mean[a] += y[i][a] / SUBJECTS;
      members_even(EVEN, y[i][a], s2[a], axis[a]);
    }
    for (int j = 0; j < MEMBERS; j++) {
      eta[i][2 * j] = axis[0][j / EVEN];
      eta[i][2 * j + 1] = axis[1][j % EVEN];
    }
    t[i] = (gm__learner){.n = MEMBERS,
                         .eta = eta[i],
                         .weight = weight,
                         .mean = zero,
                         .omega = one,
                         .log_prior = log_prior[i]};
  }
  for (int i = 0; i < SUBJECTS; i++) {
    double d[2] = {y[i][0] - mean[0], y[i][1] - mean[1]};
    for (int a = 0; a < 3; a++) var[a] += d[a / 2] * d[(a + 1) / 2] / SUBJECTS; /* 00 01 11 */
  }
  gm_prior *p = gm__prior_new(ctx, 2), *q = NULL;
  assert_non_null(p);
  p->omega[0] = p->omega[3] = 1;
  case_must(gm__prior_em(ctx, t, SUBJECTS, NULL, p), "learn");
  assert_true(p->converged);
  assert_true(fabs(p->omega[0] - (var[0] - s2[0])) < 0.01 && fabs(p->omega[1] - var[1]) < 0.01);
  assert_true(fabs(p->omega[3] - (var[2] - s2[1])) < 0.01);
  for (int a = 0; a < 2; a++) {
    assert_true(fabs(p->mean[a] - mean[a]) < 0.005);
    assert_true(fabs(p->mean_error[a] / sqrt(var[2 * a] / (SUBJECTS - 1)) - 1) < 0.01);
  }
  /* an error that cannot be said is kept as such */
  gm_text text;
  p->mean_error[1] = NAN;
  gm_text_init(&text, ctx);
  gm_prior_write(p, &text);
  case_must(gm_prior_read(ctx, "prior", text.data, text.bytes, &q), "read");
  assert_true(isnan(q->mean_error[1]) && q->mean_error[0] == p->mean_error[0]);
  gm_text_free(&text);
  gm_prior_free(p);
  gm_prior_free(q);
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
  case_must(gm_life_add(l, ctx, &f, 1, NULL, &in), "add");
  case_must(gm_life_renew(l, ctx, NAN, &u), "renew");
  gm_life_free(l);
}

/* A definition with one thing changed. */
static gm_definition *changed(const char *what, const char *by)
{
  char path[340];
  const char *at = what ? strstr(definition_text, what) : definition_text;
  gm_definition *d = NULL;
  gm_text text;
  assert_non_null(at);
  gm_text_init(&text, ctx);
  gm_text_addn(&text, definition_text, (size_t)(at - definition_text));
  gm_text_add(&text, what ? by : "");
  gm_text_add(&text, at + (what ? strlen(what) : 0));
  file_write(path, "other.yaml", text.data, text.bytes);
  gm_text_free(&text);
  case_must(gm_definition_read(ctx, path, &d), by ? by : "definition");
  unlink(path);
  return d;
}

/* Is a prior with this in place of that refused, when it is read or applied? */
static gm_status edited(const gm_prior *p, const char *what, const char *by, gm_definition *d)
{
  gm_text text, other;
  gm_prior *q = NULL;
  gm_text_init(&text, ctx);
  gm_text_init(&other, ctx);
  gm_prior_write(p, &text);
  const char *at = strstr(text.data, what);
  if (!at) fail_msg("%s is not in %s", what, text.data);
  gm_text_addn(&other, text.data, (size_t)(at - text.data));
  gm_text_add(&other, by);
  gm_text_add(&other, at + strlen(what));
  gm_status st = gm_prior_read(ctx, "prior", other.data, other.bytes, &q);
  if (!st) st = gm_prior_apply(ctx, q, NULL, NULL, d);
  gm_prior_free(q);
  gm_text_free(&text);
  gm_text_free(&other);
  return st;
}

/* A prior is put under the definition it was learned under, also where that says something else of
 * other things; not where an effect is of another parameter, unit, law or typical value, nor where
 * it is of too few, had not converged, or is no covariance. */
static void refusals_check(gm_prior *p)
{
  static const struct {
    const char *what, *by;
    gm_status want;
  } definitions[] = {{NULL, NULL, GM_OK},
                     {"additive: 0.5", "additive: 0.6", GM_OK},
                     {"normal: 2", "normal: 1", GM_OK},
                     {"normal: 2", "lognormal: 0.2", GM_EINVAL},
                     {"typical: 10", "typical: 11", GM_EINVAL},
                     {"typical: 10, unit: mg/L", "typical: 0.01, unit: g/L", GM_EINVAL}},
    priors[] = {{"\"converged\": true", "\"converged\": true", GM_OK},
                {"\"converged\": true", "\"converged\": false", GM_EINVAL},
                {"\"name\": \"L\"", "\"name\": \"K\"", GM_EINVAL},
                {"\"law\": \"normal\"", "\"law\": \"odd\"", GM_EPARSE},
                {"\"subjects\": 11", "\"subjects\": 10", GM_EDENIED},
                {"\"omega\": [", "\"omega\": [-", GM_EINVAL},
                {"\"iterations\"", "\"steps\"", GM_EPARSE},
                {"\"effects\"", "\"effect\"", GM_EPARSE}};
  assert_true(p->converged && strlen(p->definition) == 64 && strlen(p->model) == 64);
  assert_string_equal("L", p->effect[0].name);
  assert_true(p->effect[0].typical == 10 && p->effect[0].law == GM_SPREAD_NORMAL);
  for (size_t i = 0; i < sizeof definitions / sizeof definitions[0]; i++) {
    gm_definition *d = changed(definitions[i].what, definitions[i].by);
    double before = d->omega[0];
    gm_status st = gm_prior_apply(ctx, p, NULL, NULL, d);
    if (st != definitions[i].want) fail_msg("%s: %s", definitions[i].by, gm_message(ctx));
    assert_true(st ? d->omega[0] == before && !d->eta_mean : d->omega[0] == p->omega[0]);
    gm_definition_free(d);
  }
  gm_definition *d = changed(NULL, NULL);
  for (size_t i = 0; i < sizeof priors / sizeof priors[0]; i++)
    if (edited(p, priors[i].what, priors[i].by, d) != priors[i].want)
      fail_msg("%s: %s", priors[i].by, gm_message(ctx));
  static const char other[] = "00";
  const gm_status want = GM_EINVAL;
  assert_int_equal(GM_OK, gm_prior_apply(ctx, p, p->definition, p->model, d));
  assert_int_equal(want, gm_prior_apply(ctx, p, other, p->model, d));
  assert_non_null(strstr(gm_message(ctx), "definition"));
  assert_int_equal(want, gm_prior_apply(ctx, p, p->definition, other, d));
  assert_non_null(strstr(gm_message(ctx), "model"));
  p->other_files_ok = true;
  assert_int_equal(GM_OK, gm_prior_apply(ctx, p, other, other, d));
  assert_int_equal(GM_EPARSE, edited(p, "\"other_files_ok\": true", "\"other_files_ok\": 1", d));
  p->other_files_ok = false;
  p->converged = false;
  p->unconverged_ok = true;
  assert_int_equal(GM_OK, gm_prior_apply(ctx, p, NULL, NULL, d));
  p->converged = true;
  p->unconverged_ok = false;
  gm_definition_free(d);
}

/* Under a definition that differs in a blank alone a prior is put when the file says so. */
static void other_files_check(gm_life *l, gm_prior *p)
{
  char path[340], prior[340];
  gm_life_change *c = NULL;
  int32_t count = -1;
  gm_text text;
  gm_text_init(&text, ctx);
  gm_text_addf(&text, "%s\n", definition_text);
  file_write(path, "blank.yaml", text.data, text.bytes);
  for (int ok = 0; ok < 2; ok++) {
    text.bytes = 0;
    p->other_files_ok = ok;
    gm_prior_write(p, &text);
    file_write(prior, "other.json", text.data, text.bytes);
    gm_status st = gm_life_migrate(l, ctx, path, prior, &c, &count);
    assert_int_equal(ok ? GM_OK : GM_EINVAL, st);
    assert_true(ok || (!c && count == -1 && strstr(gm_message(ctx), "another file")));
    gm_message_clear(ctx);
  }
  p->other_files_ok = false;
  gm_free(c);
  unlink(path);
  unlink(prior);
  gm_text_free(&text);
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
  refusals_check(p);
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
  other_files_check(l, p);
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
      cmocka_unit_test(learn__knows_the_error_of_the_mean), cmocka_unit_test(learn__of_two_effects),
      cmocka_unit_test(learn__asks_for_consent_and_moves_the_next_twin)};
  return cmocka_run_group_tests_name("prior", tests, case_begin, case_end);
}
