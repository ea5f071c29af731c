/* test_nonmem.c - the warfarin model, with its lag, its turnover and two kinds of measurement,
 * subject by subject against a printed run of NONMEM. */
#include "library_cases.h"

#define NONMEM "tests/library/nonmem/"

enum { EFFECTS = 7, SUBJECTS = 32 };
static const char *const effect[EFFECTS] = {"CL", "V", "TABS", "TLAG", "E0", "C50", "THALF"};

/* Three subjects of the 32 are left out of the comparison of modes, for reasons that the second
 * test checks. In 7 and 12 the mode lies where the lag ends at the very time of an observation: the
 * objective has a kink there, and its curvature is a matter of the side it is taken from. In 15
 * NONMEM stopped with the lag behind an observation of 3.9 mg/L. */
static const char *const kink[] = {"7", "12"};
static const double kink_t[] = {2, 1.5};

typedef struct {
  char id[16];
  double eta[EFFECTS], objective;
} printed;

static int32_t printed_read(printed *p, int32_t room)
{
  FILE *f = fopen(NONMEM "phi.csv", "r");
  if (!f) fail_msg("%s is not there", NONMEM "phi.csv");
  char line[400];
  int32_t n = 0;
  while (fgets(line, sizeof line, f)) {
    char *at = strchr(line, ',');
    if (!at || line[0] == '#' || !strncmp(line, "ID", 2)) continue;
    assert_true(n < room);
    snprintf(p[n].id, sizeof p->id, "%.*s", (int)(at - line), line);
    for (int32_t i = 0; i < EFFECTS; i++) p[n].eta[i] = strtod(at + 1, &at);
    p[n++].objective = strtod(at + 1, NULL);
  }
  fclose(f);
  return n;
}

static library_case c;
static printed nonmem[SUBJECTS];

static int nonmem_begin(void **state)
{
  (void)state;
  if (library_begin(NULL)) return -1;
  must(gm_definition_read(ctx, NONMEM "twin.yaml", &c.d));
  must(gm_records_read(ctx, NONMEM "warfarin.csv", &c.r));
  must(gm_runner_new(ctx, c.d->model, NULL, &c.runner));
  assert_int_equal(c.r->subject_count, SUBJECTS);
  assert_int_equal(printed_read(nonmem, SUBJECTS), SUBJECTS);
  return 0;
}

static int nonmem_end(void **state)
{
  library_close(&c);
  return library_end(state);
}

/* The program's view of one subject; the caller frees the twin, then c.s. */
static gm_twin *twin_of(const char *id)
{
  gm_twin *t = NULL;
  gm_twin_options o = {.t_now = NAN, .members = 64, .seed = 1};
  int32_t i = gm_records_subject(c.r, id);
  if (i < 0) fail_msg("no subject %s", id);
  must(gm_subject_new(ctx, c.d, c.r, i, &c.s));
  must(gm_twin_new(ctx, c.d, c.s, &o, &t));
  return t;
}

static void twin_end(gm_twin *t)
{
  gm_twin_free(t);
  gm_subject_free(c.s);
  c.s = NULL;
}

static bool left_out(const char *id)
{
  return !strcmp(id, kink[0]) || !strcmp(id, kink[1]) || !strcmp(id, "15");
}

/* Random effects and objective of 29 subjects are those that NONMEM prints: the effects to 2e-5,
 * the objective to 1e-4. */
static void warfarin__subjects_agree_with_nonmem(void **state)
{
  (void)state;
  double worst_eta = 0, worst_objective = 0;
  int32_t compared = 0, data = 0;
  for (int32_t k = 0; k < SUBJECTS; k++) {
    const printed *p = &nonmem[k];
    gm_twin *t = twin_of(p->id);
    data += t->learned;
    if (!left_out(p->id)) {
      assert_true(t->mode->converged);
      double objective = t->mode->objective + library_curvature(&c, t->mode->z);
      worst_objective = fmax(worst_objective, fabs(objective - p->objective));
      for (int32_t i = 0; i < EFFECTS; i++)
        worst_eta = fmax(worst_eta, fabs(t->mode->z[eta_of(c.d, effect[i])] - p->eta[i]));
      compared++;
    }
    twin_end(t);
  }
  print_message("%d subjects: largest difference of an eta %.2g, of an objective %.2g\n",
                (int)compared, worst_eta, worst_objective);
  assert_int_equal(compared, 29);
  assert_int_equal(data, 483);
  assert_true(worst_eta <= 2e-5);
  assert_true(worst_objective <= 1e-4);
}

/* The posterior's objective at NONMEM's effects. */
static double objective_at(const printed *p)
{
  double z[EFFECTS], f[LIBRARY_DATUM_MAX], sum = 0;
  int32_t n = 0;
  const gm_datum *d = gm_subject_data(c.s, &n);
  for (int32_t i = 0; i < EFFECTS; i++) {
    int32_t e = eta_of(c.d, effect[i]);
    z[e] = p->eta[i];
    sum += z[e] * z[e] / c.d->omega[e * (EFFECTS + 1)];
  }
  library_predict(&c, z, f);
  for (int32_t j = 0; j < n; j++) {
    double b = d[j].proportional * f[j], s2 = d[j].additive * d[j].additive + b * b;
    sum += (d[j].value - f[j]) * (d[j].value - f[j]) / s2 + log(s2);
  }
  return sum;
}

/* In no subject is the mode found worse than NONMEM's; and the three that differ are what is said
 * of them above. */
static void warfarin__no_mode_is_worse_than_nonmems(void **state)
{
  (void)state;
  for (int32_t k = 0; k < SUBJECTS; k++) {
    gm_twin *t = twin_of(nonmem[k].id);
    double theirs = objective_at(&nonmem[k]), own = t->mode->objective;
    double lag = 1.03 * exp(t->mode->z[eta_of(c.d, "TLAG")]);
    if (!(own <= theirs + 1e-5))
      fail_msg("subject %s: objective %.6f, at NONMEM's effects %.6f", nonmem[k].id, own, theirs);
    for (int32_t i = 0; i < 2; i++)
      if (!strcmp(nonmem[k].id, kink[i])) assert_true(fabs(lag - kink_t[i]) < 1e-3);
    if (!strcmp(nonmem[k].id, "15")) {
      assert_true(lag < 1 && 1.03 * exp(nonmem[k].eta[3]) > 1);
      assert_true(own < theirs - 100);
    }
    twin_end(t);
  }
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(warfarin__subjects_agree_with_nonmem),
      cmocka_unit_test(warfarin__no_mode_is_worse_than_nonmems),
  };
  return cmocka_run_group_tests(test, nonmem_begin, nonmem_end);
}
