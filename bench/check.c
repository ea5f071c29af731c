/* check.c - is what is measured the right thing? The texts against the C code, against published
 * values, and the Jacobians against differences. */
#include "ensemble.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int32_t failures;

static void claim(const char *what, double off, double allowed)
{
  bool good = off <= allowed;
  failures += !good;
  printf("%s  %-74s %.1e (at most %.0e)\n", good ? "good  " : "FAILED", what, off, allowed);
}

static void skipped(const char *what, const char *why) { printf("left    %s: %s\n", what, why); }

static double relative(double value, double expected)
{
  return fabs(value - expected) / fabs(expected);
}

/* ---- the same patients by the text (Gemel) and by the C code (CVODE), both tight ------------- */
enum { FEW = 8 };

static void text_is_code(gm_ctx *ctx, const problem *p, const char *folder)
{
  problem few = *p;
  few.patients = few.checked = FEW;
  ensemble e;
  ensemble_make(ctx, &few, folder, &e);
  size_t count = ensemble_values(&e, FEW);
  double *text = malloc(count * sizeof *text), *code = malloc(count * sizeof *code), steps;
  if (!text || !code) abort();
  variant v = {.solver = GM_EQ_AUTO, .isa = "avx512", .rtol = 1e-11, .threads = 1};
  int32_t failed;
  gemel_run(ctx, &e, &v, FEW, 1, 1, text, &failed);
  cvode_run(&e, 1e-12, p->cvode_atol * 1e-6, FEW, 1, code, &steps);
  char what[96];
  snprintf(what, sizeof what, "%s: text and C code give the same trajectories", p->name);
  claim(what, failed ? INFINITY : ensemble_error(&e, FEW, text, code).max, 1e-6);
  free(text);
  free(code);
  ensemble_free(&e);
}

/* Largest difference of one column to central differences, against the column's largest entry. */
static double column_off(const problem *p, const double *theta, double *x, const double *a,
                         int32_t column)
{
  double up[STATE_MAX], down[STATE_MAX], keep = x[column], h = 1e-4 * (fabs(keep) + 1e-3);
  x[column] = keep + h;
  p->rates(theta, x, up);
  x[column] = keep - h;
  p->rates(theta, x, down);
  x[column] = keep;
  double off = 0, largest = 0;
  for (int32_t i = 0; i < p->nx; i++) {
    double slope = (up[i] - down[i]) / (2 * h);
    off = fmax(off, fabs(slope - a[i + p->nx * column]));
    largest = fmax(largest, fabs(slope));
  }
  return largest > 0 ? off / largest : off;
}

static void jacobian_is_slope(const problem *p, const ensemble *e)
{
  double theta[PARAMETER_MAX], x[STATE_MAX], a[STATE_MAX * STATE_MAX], worst = 0;
  for (int32_t m = 0; m < FEW; m++) {
    for (int32_t i = 0; i < p->np; i++) theta[i] = e->theta[(ptrdiff_t)i * p->patients + m];
    if (p == &bench_glucose) theta[0] = 5e4; /* a meal is in the stomach */
    if (p->derive) p->derive(theta);
    p->initial(theta, x);
    gm_key key = gm_key_make(2, GM_PURPOSE_TEST, 0, 0);
    for (int32_t i = 0; i < p->nx; i++)
      x[i] = (x[i] + 0.1) * (0.5 + gm_uniform(key, (uint64_t)m, 0, 0, (uint64_t)i));
    memset(a, 0, sizeof a);
    p->jacobian(theta, x, a);
    for (int32_t j = 0; j < p->nx; j++) worst = fmax(worst, column_off(p, theta, x, a, j));
  }
  char what[96];
  snprintf(what, sizeof what, "%s: the Jacobian in C is the slope of its rates", p->name);
  claim(what, worst, 1e-5);
}

/* ---- one patient with the text's values ------------------------------------------------------ */
static void as_written(gm_key key, int32_t number, double *theta, course *c)
{
  (void)key, (void)number, (void)theta;
  c->event_count = c->change_count = 0;
}

/* Solves one patient of p with other samples; y[sample_count][ny]. */
static void solve(gm_ctx *ctx, problem p, const char *folder, double *y)
{
  ensemble e;
  p.patients = 1;
  ensemble_make(ctx, &p, folder, &e);
  variant v = {.solver = GM_EQ_AUTO, .isa = "avx512", .rtol = 1e-10, .threads = 1};
  int32_t failed;
  gemel_run(ctx, &e, &v, 1, 1, 1, y, &failed);
  if (failed) y[0] = NAN;
  ensemble_free(&e);
}

/* Far end: F. Mazzia, C. Magherini, Test Set for Initial Value Problem Solvers, release 2.4 (2008),
 * problem ROBER. On the way: SUNDIALS' example cvRoberts_dns as published, itself at rtol 1e-4. */
static void robertson_published(gm_ctx *ctx, const char *folder)
{
  static const double at[] = {0.4, 4, 40, 400, 1e11};
  static const double published[5][3] = {
      {9.8517e-01, 3.3864e-05, 1.4794e-02},
      {9.0553e-01, 2.2406e-05, 9.4452e-02},
      {7.1579e-01, 9.1838e-06, 2.8420e-01},
      {4.5044e-01, 3.2218e-06, 5.4956e-01},
      {0.2083340149701255e-07, 0.8333360770334713e-13, 0.9999999791665050}};
  problem p = bench_robertson;
  double y[5][3], way = 0, end = 0;
  p.patient = as_written;
  p.sample = at;
  p.sample_count = 5;
  p.t_end = 1e11;
  p.atol_share = 1e-14;
  solve(ctx, p, folder, y[0]);
  for (int s = 0; s < 5; s++)
    for (int k = 0; k < 3; k++) {
      double off = relative(y[s][k], published[s][k]);
      double *to = s < 4 ? &way : &end;
      if (!(off <= *to)) *to = off;
    }
  claim("robertson: SUNDIALS' published values up to 400 s", way, 1e-3);
  claim("robertson: the IVP test set's reference at 1e11 s", end, 1e-7);
}

/* Published simulation of the benchmark collection (Bachmann_MSB2011, model1_data1 and _data2). */
static void bachmann_published(gm_ctx *ctx, const char *folder)
{
  static const double at[] = {5, 10, 20, 40, 60, 80, 100, 120, 140, 180, 220, 240};
  static const struct {
    double t, value;
  } stat[] = {{5, 0.826922415483688},   {10, 0.986842908409491},  {20, 0.800268903231593},
              {60, 0.357722194149528},  {100, 0.199463150772193}, {120, 0.166644403393515},
              {180, 0.137723835422272}, {240, 0.140294022242907}},
    cis[] = {{20, 0.028381648231631}, {40, 0.110934943430483},  {60, 0.369258660893995},
             {100, 0.86208665035906}, {140, 0.982892091771063}, {180, 0.927293471735879},
             {240, 0.799519449769131}},
    jak[] = {{5, 0.509047180842431},  {10, 0.459976463808253},  {40, 0.150377346489267},
             {80, 0.110813142152236}, {120, 0.104987834998462}, {240, 0.107829898589954}};
  problem p = bench_bachmann;
  /* observables of the collection: offset + scale*quantity; its values of both */
  gm_eq_output output[5] = {
      {.name = "pSTAT5_au", .expression = "0.001093070638337 + 1.47372211945355*pSTAT5/init_STAT5"},
      {.name = "CIS_au", .expression = "0.026460000624405 + 16.4036102124066*CIS/CISEqc"},
      {.name = "pJAK2_au",
       .expression = "0.009473351822798 + 0.882775356861714*2*active/init_EpoRJAK2"},
      {.name = "CIS_abs", .expression = "CIS"},
      {.name = "SOCS3_abs", .expression = "SOCS3"}};
  double y[12][5], off = 0;
  p.patient = as_written;
  p.output = output;
  p.ny = 5;
  p.sample = at;
  p.sample_count = 12;
  solve(ctx, p, folder, y[0]);
  for (int s = 0; s < 12; s++) {
    for (size_t i = 0; i < sizeof stat / sizeof *stat; i++)
      if (stat[i].t == at[s]) off = fmax(off, relative(y[s][0], stat[i].value));
    for (size_t i = 0; i < sizeof cis / sizeof *cis; i++)
      if (cis[i].t == at[s]) off = fmax(off, relative(y[s][1], cis[i].value));
    for (size_t i = 0; i < sizeof jak / sizeof *jak; i++)
      if (jak[i].t == at[s]) off = fmax(off, relative(y[s][2], jak[i].value));
  }
  off = fmax(off, relative(y[7][3], 24.6100368089178));
  off = fmax(off, relative(y[7][4], 10.1142562252821));
  claim("bachmann: the benchmark collection's simulation of untreated cells", off, 1e-4);
}

/* ---- glucose --------------------------------------------------------------------------------- */
static void glucose_rests(gm_ctx *ctx, const char *folder)
{
  static const double at[] = {0, 60, 720, 1440};
  problem p = bench_glucose;
  double y[4][13], off = 0;
  p.patient = as_written;
  p.sample = at;
  p.sample_count = 4;
  solve(ctx, p, folder, y[0]);
  for (int s = 1; s < 4; s++)
    for (int k = 0; k < 13; k++) off = fmax(off, fabs(y[s][k] - y[0][k]) / (1 + fabs(y[0][k])));
  claim("glucose: without a meal nothing moves for a day", off, 1e-9);
}

/* A published simulator's day of adult 1 (simglucose, tight run): rows by the minute. Its D, what
 * the stomach was given, is what was in it at the meal's start and grows by every minute's bite. */
enum { MINUTES = 1441, REFERENCE_COLUMNS = 19 };
static double day[MINUTES][REFERENCE_COLUMNS];
enum { DAY_INSULIN = 1, DAY_EATEN = 3, DAY_STATE = 4, DAY_G = 17 };

static bool day_read(const char *data)
{
  char path[1024], line[2048];
  snprintf(path, sizeof path, "%s/t1d/reference/simglucose_std_adult001_tight.csv", data);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  bool good = fgets(line, sizeof line, f) != NULL;
  for (int t = 0; good && t < MINUTES && fgets(line, sizeof line, f); t++) {
    char *at = line;
    for (int k = 0; good && k < REFERENCE_COLUMNS; k++) {
      char *end;
      day[t][k] = strtod(at, &end);
      good = end != at && (*end == ',' || k == REFERENCE_COLUMNS - 1);
      at = end + 1;
    }
    good = good && day[t][0] == t;
  }
  fclose(f);
  return good && day[MINUTES - 1][0] == MINUTES - 1;
}

static void day_patient(gm_key key, int32_t number, double *theta, course *c)
{
  (void)key, (void)number;
  bench_glucose_adult(0, theta);
  c->event_count = c->change_count = 0;
  double d = 0, bw = 102.32;
  for (int t = 0; t < MINUTES - 1; t++) {
    double bite = 1000 * day[t][DAY_EATEN], extra = day[t][DAY_INSULIN] - day[0][DAY_INSULIN];
    gm_event e = {.t = t, .duration = 1, .input = -1, .order = 1, .kind = GM_EVENT_DOSE};
    if (bite > 0) {
      if (t == 0 || day[t - 1][DAY_EATEN] == 0) d = day[t][DAY_STATE] + day[t][DAY_STATE + 1];
      d += bite;
      c->change[c->change_count++] = (gm_switch){.t = t, .value = d, .parameter = 0};
      e.amount = bite;
      c->event[c->event_count++] = e;
    }
    if (extra > 1e-9) {
      e.amount = extra * 6000 / bw;
      e.port = 10;
      c->event[c->event_count++] = e;
    }
  }
}

static void glucose_published(gm_ctx *ctx, const char *folder, const char *data)
{
  const char *what = "glucose: simglucose's day of adult 1";
  if (!data || !bench_glucose_adults(data) || !day_read(data)) {
    skipped(what, "its tables are not there (GEMEL_DATA)");
    return;
  }
  static double y[MINUTES][13];
  problem p = bench_glucose;
  double off = 0, glucose = 0;
  p.patient = day_patient;
  p.sample_first = 0;
  p.sample_count = MINUTES;
  solve(ctx, p, folder, y[0]);
  for (int t = 0; t < MINUTES; t++) {
    glucose = fmax(glucose, fabs(y[t][3] / 1.9152 - day[t][DAY_G]));
    for (int k = 0; k < 13; k++)
      off = fmax(off, fabs(y[t][k] - day[t][DAY_STATE + k]) / (1 + fabs(day[t][DAY_STATE + k])));
  }
  claim("glucose: simglucose's day of adult 1, glucose in mg/dL", glucose, 1e-4);
  claim("glucose: simglucose's day of adult 1, all 13 states", off, 1e-6);
}

int32_t bench_check(gm_ctx *ctx, const char *folder, const char *data)
{
  const problem *all[] = {&bench_robertson, &bench_glucose, &bench_bachmann, &bench_pkpd};
  failures = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
    ensemble e;
    ensemble_make(ctx, all[i], folder, &e);
    jacobian_is_slope(all[i], &e);
    ensemble_free(&e);
    if (cvode_there())
      text_is_code(ctx, all[i], folder);
    else
      skipped(all[i]->name, "the C code is not run: no CVODE");
  }
  robertson_published(ctx, folder);
  glucose_rests(ctx, folder);
  glucose_published(ctx, folder, data);
  bachmann_published(ctx, folder);
  return failures;
}
