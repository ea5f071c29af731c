/* test_independent.c - real patients: the mode of every neonate and every theophylline subject
 * against another optimiser on another solution, and the population's objective against NONMEM's.
 *
 * The first half of this file reads the tables itself, has the closed forms and climbs by its own
 * method; nothing in it uses the program. */
#include "library_cases.h"

enum { ROW_MAX = 80, DIM_MAX = 3 };

/* ---- one subject, read apart --------------------------------------------------------------- */
typedef struct {
  char id[16];
  int32_t dose_count, count;
  double dose_t[ROW_MAX], dose[ROW_MAX], t[ROW_MAX], y[ROW_MAX];
  double wt, apgar;
} patient;

/* Cells of a line; "." is NaN. */
static int32_t cells(char *line, char *id, double *cell, int32_t room)
{
  int32_t n = 0;
  char *next = NULL;
  for (char *c = strtok_r(line, ",\r\n", &next); c && n < room;
       c = strtok_r(NULL, ",\r\n", &next)) {
    if (n == 0) snprintf(id, 16, "%s", c);
    cell[n++] = strcmp(c, ".") ? strtod(c, NULL) : NAN;
  }
  return n;
}

/* Columns ID,TIME,AMT,EVID,DV,WT[,APGAR]. Returns the number of patients. */
static int32_t patients_read(const char *file, patient *p, int32_t room)
{
  FILE *f = fopen(file, "r");
  if (!f) fail_msg("%s is not there", file);
  char line[400], id[16];
  int32_t n = 0;
  while (fgets(line, sizeof line, f)) {
    double c[7] = {0};
    if (cells(line, id, c, 7) < 6 || !strcmp(id, "ID")) continue;
    if (n == 0 || strcmp(p[n - 1].id, id) != 0) {
      assert_true(n < room);
      p[n] = (patient){.wt = c[5], .apgar = c[6]};
      snprintf(p[n++].id, sizeof p->id, "%s", id);
    }
    patient *one = &p[n - 1];
    assert_true(one->count < ROW_MAX && one->dose_count < ROW_MAX);
    if (c[3] == 1) {
      one->dose_t[one->dose_count] = c[1];
      one->dose[one->dose_count++] = c[2];
    } else if (!isnan(c[4])) {
      one->t[one->count] = c[1];
      one->y[one->count++] = c[4];
    }
  }
  fclose(f);
  return n;
}

/* ---- closed forms -------------------------------------------------------------------------- */
typedef struct study study;
struct study {
  const char *twin, *csv, *expected;
  int32_t dim, patient_count;
  const char *name[DIM_MAX]; /* of the random effects, in the order of eta */
  double omega[DIM_MAX];     /* variances */
  double additive, proportional;
  double (*f)(const patient *p, const double *eta, double t);
};

/* Doses at once into one compartment, superposed; a dose counts at its own time. */
static double neonate(const patient *p, const double *eta, double t)
{
  double cl = 0.00469555 * p->wt * exp(eta[0]);
  double v = 0.984258 * p->wt * (p->apgar < 5 ? 1 + 0.15892 : 1) * exp(eta[1]), c = 0;
  for (int32_t i = 0; i < p->dose_count && p->dose_t[i] <= t; i++)
    c += p->dose[i] / v * exp(-cl / v * (t - p->dose_t[i]));
  return c;
}

/* One dose by mouth (Bateman's function). */
static double mouth(const patient *p, const double *eta, double t)
{
  double ka = 1.5901 * exp(eta[0]), cl = 2.7516 * exp(eta[1]), v = 31.810 * exp(eta[2]), k = cl / v;
  double s = t - p->dose_t[0];
  return p->dose[0] / v * ka / (ka - k) * (exp(-k * s) - exp(-ka * s));
}

static const study neonates = {"models/phenobarbital/twin.yaml",
                               "examples/phenobarbital/phenobarbital.csv",
                               "models/phenobarbital/cases/expected.csv",
                               2,
                               59,
                               {"CL", "V"},
                               {0.0293508, 0.027906},
                               0,
                               0.11506954418958998, /* root of 0.013241 */
                               neonate};
static const study theophylline = {"models/theophylline/twin.yaml",
                                   "examples/theophylline/theophylline.csv",
                                   "models/theophylline/cases/expected.csv",
                                   3,
                                   12,
                                   {"KA", "CL", "V"},
                                   {0.4023, 0.0691, 0.01916},
                                   0.6944,
                                   0,
                                   mouth};

/* sum of (y-f)^2/s2 + ln s2, plus eta' Om^-1 eta. */
static double objective(const study *s, const patient *p, const double *eta)
{
  double sum = 0;
  for (int32_t i = 0; i < s->dim; i++) sum += eta[i] * eta[i] / s->omega[i];
  for (int32_t j = 0; j < p->count; j++) {
    double f = s->f(p, eta, p->t[j]), b = s->proportional * f;
    double s2 = s->additive * s->additive + b * b;
    sum += (p->y[j] - f) * (p->y[j] - f) / s2 + log(s2);
  }
  return sum;
}

/* ---- another optimiser: pattern search (Hooke and Jeeves 1961), then Newton ---------------- */
static void search(const study *s, const patient *p, double *x)
{
  double best = objective(s, p, x);
  for (double step = 0.5; step > 1e-4; step *= 0.5)
    for (bool moved = true; moved;) {
      moved = false;
      for (int32_t k = 0; k < 2 * s->dim; k++) {
        double old = x[k / 2];
        x[k / 2] += k % 2 ? -step : step;
        double now = objective(s, p, x);
        if (now < best) {
          best = now;
          moved = true;
        } else {
          x[k / 2] = old;
        }
      }
    }
}

static double moved(const study *s, const patient *p, const double *x, int32_t i, double a,
                    int32_t j, double b)
{
  double y[DIM_MAX];
  memcpy(y, x, sizeof y);
  y[i] += a;
  y[j] += b;
  return objective(s, p, y);
}

/* Steps of Newton's method; differences of fourth order for the gradient, of second order for the
 * curvature, which only sets the speed. */
static void polish(const study *s, const patient *p, double *x)
{
  const double h = 1e-3;
  for (int32_t step = 0; step < 30; step++) {
    double g[DIM_MAX], a[DIM_MAX * DIM_MAX], least = 0;
    for (int32_t i = 0; i < s->dim; i++) {
      g[i] = (8 * (moved(s, p, x, i, h, i, 0) - moved(s, p, x, i, -h, i, 0)) -
              (moved(s, p, x, i, 2 * h, i, 0) - moved(s, p, x, i, -2 * h, i, 0))) /
             (12 * h);
      for (int32_t j = 0; j < s->dim; j++)
        a[i * s->dim + j] = (moved(s, p, x, i, h, j, h) - moved(s, p, x, i, h, j, -h) -
                             moved(s, p, x, i, -h, j, h) + moved(s, p, x, i, -h, j, -h)) /
                            (4 * h * h);
    }
    library_solve(s->dim, a, g);
    for (int32_t i = 0; i < s->dim; i++) {
      x[i] -= g[i];
      least = fmax(least, fabs(g[i]));
    }
    if (least < 1e-10) return;
  }
}

/* ---- what is claimed ----------------------------------------------------------------------- */
/* Compares one subject; returns its part of the population's objective. */
static double compare(const study *s, library_case *c, const patient *p, double *worst)
{
  gm_twin *t = library_twin(c);
  double x[DIM_MAX] = {0}, own[DIM_MAX];
  search(s, p, x);
  polish(s, p, x);
  assert_string_equal(gm_subject_id(c->s), p->id);
  assert_int_equal(t->learned, p->count);
  for (int32_t i = 0; i < s->dim; i++) {
    own[i] = t->mode->z[eta_of(c->d, s->name[i])];
    *worst = fmax(*worst, fabs(own[i] - x[i]));
    if (!(fabs(own[i] - x[i]) <= 1e-5))
      fail_msg("%s: subject %s: eta of %s is %.9g, apart %.9g", s->twin, p->id, s->name[i], own[i],
               x[i]);
  }
  double apart = objective(s, p, x);
  if (!(fabs(t->mode->objective - apart) <= 1e-6 * fmax(1, fabs(apart))))
    fail_msg("%s: subject %s: objective %.9g, apart %.9g", s->twin, p->id, t->mode->objective,
             apart);
  double part = t->mode->objective + library_curvature(c, t->mode->z);
  gm_twin_free(t);
  return part;
}

static void study_check(const study *s)
{
  static patient p[100];
  int32_t n = patients_read(s->csv, p, 100);
  assert_int_equal(n, s->patient_count);
  library_case c = {0};
  must(gm_definition_read(ctx, s->twin, &c.d));
  must(gm_records_read(ctx, s->csv, &c.r));
  must(gm_runner_new(ctx, c.d->model, NULL, &c.runner));
  assert_int_equal(c.r->subject_count, n);
  assert_int_equal(c.d->eta_count, s->dim);
  double sum = 0, worst = 0;
  for (int32_t i = 0; i < n; i++) {
    must(gm_subject_new(ctx, c.d, c.r, i, &c.s));
    sum += compare(s, &c, &p[i], &worst);
    gm_subject_free(c.s);
    c.s = NULL;
  }
  print_message("%s: largest difference of an eta %.2g, objective %.6f\n", s->twin, worst, sum);
  agrees(s->expected, "objective", sum);
  library_close(&c);
}

/* All 59 neonates have the mode that another optimiser finds, and together the objective that
 * NONMEM prints for these estimates. */
static void phenobarbital__agrees_with_nonmem(void **state)
{
  (void)state;
  study_check(&neonates);
}

/* So do the 12 subjects of theophylline. */
static void theophylline__agrees_with_the_least_objective(void **state)
{
  (void)state;
  study_check(&theophylline);
}

int main(void)
{
  const struct CMUnitTest test[] = {
      cmocka_unit_test(phenobarbital__agrees_with_nonmem),
      cmocka_unit_test(theophylline__agrees_with_the_least_objective),
  };
  return cmocka_run_group_tests(test, library_begin, library_end);
}
