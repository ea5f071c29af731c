/* test_cases.c - the published numbers that the models of the library must reproduce, and what
 * theory says of them. */
#include "library_cases.h"

#define GENTAMICIN "models/gentamicin/"
#define MAPBAYR    "tests/library/mapbayr/"

/* ---- gentamicin: a dose from two concentrations -------------------------------------------- */
static library_case gentamicin;
static gm_twin *gentamicin_twin;

static int gentamicin_begin(void **state)
{
  (void)state;
  library_open(&gentamicin, GENTAMICIN "twin.yaml", GENTAMICIN "cases/patient.csv", 0);
  gentamicin_twin = library_twin(&gentamicin);
  return 0;
}

static int gentamicin_end(void **state)
{
  (void)state;
  gm_twin_free(gentamicin_twin);
  library_close(&gentamicin);
  return 0;
}

/* The patient's random effects at the mode are those that posologyr prints. */
static void gentamicin__mode_is_the_published_one(void **state)
{
  (void)state;
  static const char *const name[] = {"CL", "V", "K12", "K21"};
  for (int32_t i = 0; i < 4; i++) {
    char quantity[20];
    snprintf(quantity, sizeof quantity, "eta.%s", name[i]);
    agrees(GENTAMICIN "cases/expected.csv", quantity,
           gentamicin_twin->mode->z[eta_of(gentamicin.d, name[i])]);
  }
}

/* The concentration falls below 0.5 mg/L when it should: the root lies where it was found apart
 * from the program. */
static void gentamicin__time_below_half_a_milligram(void **state)
{
  (void)state;
  double low = 11, high = 100;
  for (int32_t i = 0; i < 50; i++) {
    double t = 0.5 * (low + high);
    if (library_value(&gentamicin, gentamicin_twin->mode->z, NULL, 0, 0, t) > 0.5)
      low = t;
    else
      high = t;
  }
  agrees(GENTAMICIN "cases/expected.csv", "time.below.0.5", 0.5 * (low + high));
}

/* The dose at 48 h, given over half an hour, that makes 12 mg/L at 49 h. The model is linear in the
 * dose, so two runs tell. */
static void gentamicin__dose_for_a_peak(void **state)
{
  (void)state;
  const double *z = gentamicin_twin->mode->z;
  int32_t count = 0;
  gm_event event[2] = {gm_subject_events(gentamicin.s, &count)[0]};
  assert_int_equal(count, 1);
  event[1] = (gm_event){.t = 48,
                        .amount = 100,
                        .duration = 0.5,
                        .port = event[0].port,
                        .input = event[0].input,
                        .order = 10,
                        .kind = GM_EVENT_DOSE};
  double without = library_value(&gentamicin, z, event, 1, 0, 49);
  double with = library_value(&gentamicin, z, event, 2, 0, 49);
  agrees(GENTAMICIN "cases/expected.csv", "dose.for.12", 100 * (12 - without) / (with - without));
}

/* ---- mapbayr: two compartments, a covariate, an error of two parts ------------------------- */
/* Random effects and clearance at the mode are those that mapbayr prints. */
static void mapbayr__mode_is_the_published_one(void **state)
{
  (void)state;
  library_case c;
  library_open(&c, MAPBAYR "twin.yaml", MAPBAYR "patient.csv", 0);
  gm_twin *t = library_twin(&c);
  double value[8];
  agrees(MAPBAYR "expected.csv", "eta.CL", t->mode->z[eta_of(c.d, "CL")]);
  agrees(MAPBAYR "expected.csv", "eta.V1", t->mode->z[eta_of(c.d, "V1")]);
  assert_in_range(c.d->parameter_count, 1, 8);
  gm_subject_parameters(c.s, t->mode->z, 0, value);
  agrees(MAPBAYR "expected.csv", "CL", value[gm_definition_parameter(c.d, "CL")]);
  gm_twin_free(t);
  library_close(&c);
}

/* ---- imatinib ------------------------------------------------------------------------------ */
static const char imatinib_table[] = "ID,TIME,AMT,EVID,DV,BW,AGE,SEX,DISEASE,SS,II\n"
                                     "man,0,400,1,.,70,50,male,CML,1,24\n"
                                     "woman,0,400,1,.,56,60,female,GIST,1,24\n";

static void imatinib_open(library_case *c, int32_t subject)
{
  *c = (library_case){0};
  must(gm_definition_read(ctx, "models/imatinib/twin.yaml", &c->d));
  must(gm_records_parse(ctx, "table", imatinib_table, sizeof imatinib_table - 1, &c->r));
  must(gm_subject_new(ctx, c->d, c->r, subject, &c->s));
  must(gm_runner_new(ctx, c->d->model, NULL, &c->runner));
}

/* Typical values follow the published formulas of weight, age, sex and disease. */
static void imatinib__typical_values_follow_the_formulas(void **state)
{
  (void)state;
  static const char *const who[] = {"man", "woman"}, *const what[] = {"CL", "V"};
  for (int32_t i = 0; i < 2; i++) {
    library_case c;
    double z[2] = {0}, value[8];
    imatinib_open(&c, i);
    assert_int_equal(gm_subject_dim(c.s), 2);
    gm_subject_parameters(c.s, z, 0, value);
    for (int32_t k = 0; k < 2; k++) {
      char quantity[20];
      snprintf(quantity, sizeof quantity, "%s.%s", who[i], what[k]);
      agrees("models/imatinib/cases/expected.csv", quantity,
             value[gm_definition_parameter(c.d, what[k])]);
    }
    library_close(&c);
  }
}

/* The trough in the steady state of 400 mg a day is that of the closed form (superposition of
 * infinitely many doses), and the random effects are correlated as stated. */
static void imatinib__trough_is_that_of_theory(void **state)
{
  (void)state;
  library_case c;
  imatinib_open(&c, 0);
  const double eta_cl = 0.2, eta_v = -0.3, cl = 16.596 * exp(eta_cl), v = 393.2 * exp(eta_v);
  const double k = cl / v, ka = 0.609, tau = 24;
  double z[2], left = exp(-k * tau) / (1 - exp(-k * tau)) - exp(-ka * tau) / (1 - exp(-ka * tau));
  double trough = 1000.0 * 400 / v * ka / (ka - k) * left; /* ug/L */
  z[eta_of(c.d, "CL")] = eta_cl;
  z[eta_of(c.d, "V")] = eta_v;
  double found = library_value(&c, z, NULL, 0, 0, 24);
  if (!(fabs(found - trough) <= 1e-7 * trough)) fail_msg("%.12g, theory %.12g", found, trough);
  const double *omega = c.d->omega;
  assert_true(fabs(omega[1] / sqrt(omega[0] * omega[3]) - 0.798) < 1e-12);
  assert_true(fabs(omega[1] - 0.179) < 5e-4); /* the covariance as printed in the drug file */
  library_close(&c);
}

/* ---- warfarin ------------------------------------------------------------------------------ */
typedef struct {
  double ka, k, v, e0, emax, c50, kout, lag, dose;
} warfarin;

/* Concentration of the closed form. */
static double warfarin_c(const warfarin *w, double t)
{
  double s = t - w->lag;
  if (s <= 0) return 0;
  return w->dose / w->v * w->ka / (w->ka - w->k) * (exp(-w->k * s) - exp(-w->ka * s));
}

static double warfarin_rate(const warfarin *w, double t, double e)
{
  double c = warfarin_c(w, t);
  return w->e0 * w->kout * (1 - w->emax * c / (w->c50 + c)) - w->kout * e;
}

/* Activity by the classical Runge-Kutta method, steps of 0.001 h from the end of the lag on. */
static double warfarin_e(const warfarin *w, double t)
{
  if (t <= w->lag) return w->e0;
  int32_t n = (int32_t)ceil((t - w->lag) / 1e-3);
  double e = w->e0, h = (t - w->lag) / n, x = w->lag;
  for (int32_t i = 0; i < n; i++, x += h) {
    double a = warfarin_rate(w, x, e), b = warfarin_rate(w, x + h / 2, e + h / 2 * a);
    double c = warfarin_rate(w, x + h / 2, e + h / 2 * b), d = warfarin_rate(w, x + h, e + h * c);
    e += h / 6 * (a + 2 * b + 2 * c + d);
  }
  return e;
}

/* The definition's parameters for the first subject of the example (66.7 kg, 100 mg) with random
 * effects eta of CL, V, TABS, TLAG, E0, C50, THALF, worked out apart from it. */
static warfarin warfarin_of(const double *eta)
{
  const double wt = 66.7 / 70;
  double cl = 0.135 * pow(wt, 0.75) * exp(eta[0]), v = 8.03 * wt * exp(eta[1]);
  return (warfarin){.ka = log(2) / (0.588 * exp(eta[2])),
                    .k = cl / v,
                    .v = v,
                    .e0 = 96.6 * exp(eta[4]),
                    .emax = 1,
                    .c50 = 1.17 * exp(eta[5]),
                    .kout = log(2) / (13 * exp(eta[6])),
                    .lag = 0.842 * exp(eta[3]),
                    .dose = 100};
}

/* Concentration and activity over six days agree with a closed form and with an integration that
 * share nothing with the program, for a typical and for an unusual patient. */
static void warfarin__agrees_with_an_independent_integration(void **state)
{
  (void)state;
  static const char *const name[] = {"CL", "V", "TABS", "TLAG", "E0", "C50", "THALF"};
  static const double eta[2][7] = {{0}, {0.3, -0.2, 0.9, -0.6, 0.05, -0.5, 0.15}};
  static const double time[] = {0.5, 1, 3, 12, 36, 72, 144};
  library_case c;
  library_open(&c, "models/warfarin/twin.yaml", "examples/warfarin/warfarin.csv", 0);
  assert_int_equal(gm_subject_dim(c.s), 7);
  int32_t cp = gm_definition_observable(c.d, "cp"), pca = gm_definition_observable(c.d, "pca");
  for (int32_t k = 0; k < 2; k++) {
    warfarin w = warfarin_of(eta[k]);
    double z[7];
    for (int32_t i = 0; i < 7; i++) z[eta_of(c.d, name[i])] = eta[k][i];
    for (size_t i = 0; i < sizeof time / sizeof time[0]; i++) {
      double conc = library_value(&c, z, NULL, 0, cp, time[i]);
      double activity = library_value(&c, z, NULL, 0, pca, time[i]);
      if (!(fabs(conc - warfarin_c(&w, time[i])) < 2e-6))
        fail_msg("%g h: %.10g mg/L, apart %.10g", time[i], conc, warfarin_c(&w, time[i]));
      if (!(fabs(activity - warfarin_e(&w, time[i])) < 2e-5))
        fail_msg("%g h: %.10g %%, apart %.10g", time[i], activity, warfarin_e(&w, time[i]));
    }
  }
  library_close(&c);
}

/* The prior's variances are those published, in their order, without correlations. */
static void warfarin__prior_is_the_published_one(void **state)
{
  (void)state;
  static const char *const name[] = {"CL", "V", "TABS", "TLAG", "E0", "C50", "THALF"};
  gm_definition *d = NULL;
  must(gm_definition_read(ctx, "models/warfarin/twin.yaml", &d));
  for (int32_t i = 0; i < 7; i++) {
    char quantity[30];
    snprintf(quantity, sizeof quantity, "variance.%s", name[i]);
    int32_t e = eta_of(d, name[i]);
    agrees("models/warfarin/cases/expected.csv", quantity, d->omega[e * d->eta_count + e]);
    for (int32_t j = 0; j < d->eta_count; j++)
      if (j != e) assert_true(d->omega[e * d->eta_count + j] == 0);
  }
  const gm_observable *cp = &d->observable[0], *pca = &d->observable[1];
  agrees("models/warfarin/cases/expected.csv", "variance.cp.proportional",
         cp->proportional * cp->proportional);
  agrees("models/warfarin/cases/expected.csv", "variance.cp.additive", cp->additive * cp->additive);
  agrees("models/warfarin/cases/expected.csv", "variance.pca", pca->additive * pca->additive);
  gm_definition_free(d);
}

int main(void)
{
  const struct CMUnitTest gentamicin_test[] = {
      cmocka_unit_test(gentamicin__mode_is_the_published_one),
      cmocka_unit_test(gentamicin__time_below_half_a_milligram),
      cmocka_unit_test(gentamicin__dose_for_a_peak),
  };
  const struct CMUnitTest test[] = {
      cmocka_unit_test(mapbayr__mode_is_the_published_one),
      cmocka_unit_test(imatinib__typical_values_follow_the_formulas),
      cmocka_unit_test(imatinib__trough_is_that_of_theory),
      cmocka_unit_test(warfarin__agrees_with_an_independent_integration),
      cmocka_unit_test(warfarin__prior_is_the_published_one),
  };
  if (library_begin(NULL)) return 1;
  int failed = cmocka_run_group_tests(gentamicin_test, gentamicin_begin, gentamicin_end);
  failed += cmocka_run_group_tests(test, NULL, NULL);
  library_end(NULL);
  return failed;
}
