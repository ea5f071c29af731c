/* s2013.ant: with its options off it is s2008.ant; with them on it is an independent simulation of
 * the published equations in this file; its scales and linear parts are known answers. */
#include "t1d_rivals.h"

/* What s2013.ant has beyond the parameters of a subject. */
enum {
  R1,
  R2,
  R3,
  GTH,
  HB,
  NH,
  RHO,
  SIGMA,
  DELTA,
  KH,
  XI,
  KH1,
  KH2,
  KH3,
  HRB,
  BETA,
  ALPHA,
  AHR,
  TAUHR,
  TAUZ,
  OPTIONS
};
static const char *const option_name[OPTIONS] = {
    "r1", "r2",  "r3",  "Gth", "Hb",  "nH",   "rho",   "sigma", "delta", "kH",
    "xi", "kh1", "kh2", "kh3", "HRb", "beta", "alpha", "aHR",   "tauHR", "tauZ"};
static const char *const day_name[4] = {"kday0", "kday4", "kday11", "kday17"};
static const double day_h[4] = {0, 4, 11, 17};

typedef struct { /* in the order of t1d_parameter_name */
  double kmax, kmin, kabs, b, d, f, bw, gb, egpb, vg, k1, k2, kp2, kp3, fcns, vmx, km0, ke1, ke2,
      ksc, ib, vi, m1, m2, m4, heb, ki, p2u, kd, ka1, ka2;
} subject;

typedef struct {
  subject s;
  double o[OPTIONS], day[4];
} person;

/* ---- the equations ------------------------------------------------------------------------------
 */
enum {
  SLOW1,
  SLOW2,
  GUT,
  GP,
  GT,
  IP,
  X,
  I1,
  ID,
  IL,
  ISC1,
  ISC2,
  GS,
  H,
  XH,
  SRS,
  HSC1,
  HSC2,
  Y,
  Z,
  BEATS,
  STATES
};

/* The factor of the day: each value holds from its hour on, and the change takes two hours around
 * it, by the smooth polynomial of fifth degree. */
static double day_factor(const double *value, double t_min)
{
  const double h = fmod(t_min / 60 + 1, 24); /* an hour on: changes begin at the nodes */
  int i = 3;
  while (h < day_h[i]) i--;
  const double s = fmin((h - day_h[i]) / 2, 1), before = value[(i + 3) % 4];
  return before + (value[i] - before) * (10 * pow(s, 3) - 15 * pow(s, 4) + 6 * pow(s, 5));
}

static void stomach(const subject *p, const rival_moment *m, const double *x, double *o)
{
  double empty = p->kmax;
  const double there = x[SLOW1] + x[SLOW2], dose = m->dose_mg;
  if (dose > 0)
    empty = p->kmin + (p->kmax - p->kmin) / 2 *
                          (tanh(5 / (2 * dose * (1 - p->b)) * (there - p->b * dose)) -
                           tanh(5 / (2 * dose * p->d) * (there - p->d * dose)) + 2);
  o[SLOW1] = m->eaten_mg - p->kmax * x[SLOW1];
  o[SLOW2] = p->kmax * x[SLOW1] - empty * x[SLOW2];
  o[GUT] = empty * x[SLOW2] - p->kabs * x[GUT];
}

static void insulin(const subject *p, const rival_moment *m, const double *x, double *o)
{
  const double conc = x[IP] / p->vi, m3 = p->heb * p->m1 / (1 - p->heb);
  o[IP] = p->m1 * x[IL] - (p->m2 + p->m4) * x[IP] + p->ka1 * x[ISC1] + p->ka2 * x[ISC2];
  o[X] = p->p2u * (conc - p->ib - x[X]);
  o[I1] = p->ki * (conc - x[I1]);
  o[ID] = p->ki * (x[I1] - x[ID]);
  o[IL] = p->m2 * x[IP] - (p->m1 + m3) * x[IL];
  o[ISC1] = m->insulin_u * 6000 / p->bw - (p->kd + p->ka1) * x[ISC1];
  o[ISC2] = p->kd * x[ISC1] - p->ka2 * x[ISC2];
}

/* Insulin-dependent use, risk of low glucose, the day and exercise together. */
static double use(const person *q, const rival_moment *m, const double *x)
{
  const subject *p = &q->s;
  const double gpb = p->gb * p->vg, gtb = (p->fcns - p->egpb + p->k1 * gpb) / p->k2;
  const double vm0 = (p->egpb - p->fcns) * (p->km0 + gtb) / gtb, g = x[GP] / p->vg;
  double risk = 0;
  if (g < p->gb) {
    const double f = pow(log(fmax(g, q->o[GTH])), q->o[R1]) - q->o[R2];
    if (f < 0) risk = 10 * f * f;
  }
  const double action =
      x[X] * (1 + q->o[R3] * risk) + q->o[ALPHA] * x[BEATS] * x[Z] * (x[X] + p->ib);
  return day_factor(q->day, m->t_min) * (vm0 + p->vmx * action) * x[GT] / (p->km0 + x[GT]);
}

static void slopes(const void *person_of, const rival_moment *m, const double *x, double *o)
{
  const person *q = person_of;
  const subject *p = &q->s;
  const double kp1 = p->egpb + p->kp2 * p->gb * p->vg + p->kp3 * p->ib, g = x[GP] / p->vg;
  const double excess = fmax(x[IP] / p->vi - p->ib, 0), beats = fmax(m->exercise - q->o[HRB], 0);
  stomach(p, m, x, o);
  insulin(p, m, x, o);
  o[GP] = fmax(kp1 - p->kp2 * x[GP] - p->kp3 * x[ID] + q->o[XI] * x[XH], 0) +
          p->f * p->kabs * x[GUT] / p->bw - p->fcns -
          (x[GP] > p->ke2 ? p->ke1 * (x[GP] - p->ke2) : 0) - p->k1 * x[GP] + p->k2 * x[GT] -
          q->o[BETA] * x[Y] * x[GP];
  o[GT] = p->k1 * x[GP] - p->k2 * x[GT] - use(q, m, x);
  o[GS] = p->ksc * (x[GP] - x[GS]);
  o[H] = -q->o[NH] * x[H] + x[SRS] + q->o[DELTA] * fmax(-o[GP] / p->vg, 0) + q->o[KH3] * x[HSC2];
  o[XH] = q->o[KH] * (fmax(x[H] - q->o[HB], 0) - x[XH]);
  o[SRS] = -q->o[RHO] *
           (x[SRS] - fmax(q->o[SIGMA] * (p->gb - g) / (1 + excess) + q->o[NH] * q->o[HB], 0));
  o[HSC1] = -(q->o[KH1] + q->o[KH2]) * x[HSC1];
  o[HSC2] = q->o[KH1] * x[HSC1] - q->o[KH3] * x[HSC2];
  const double f = pow(x[Y] / (q->o[AHR] * q->o[HRB]), 4);
  o[Y] = (beats - x[Y]) / q->o[TAUHR];
  o[Z] = -(f / (1 + f) + 1 / q->o[TAUZ]) * x[Z] + f / (1 + f);
  o[BEATS] = beats;
}

/* The fasting state; its basal rate, U/h. */
static double start(const person *q, double *x)
{
  const subject *p = &q->s;
  const double m3 = p->heb * p->m1 / (1 - p->heb), ipb = p->ib * p->vi;
  memset(x, 0, STATES * sizeof *x);
  x[GP] = x[GS] = p->gb * p->vg;
  x[GT] = (p->fcns - p->egpb + p->k1 * x[GP]) / p->k2;
  x[IP] = ipb;
  x[I1] = x[ID] = p->ib;
  x[IL] = p->m2 * ipb / (p->m1 + m3);
  const double u = (p->m2 + p->m4) * ipb - p->m1 * x[IL];
  x[ISC1] = u / (p->kd + p->ka1);
  x[ISC2] = p->kd / p->ka2 * x[ISC1];
  x[H] = q->o[HB];
  x[SRS] = q->o[NH] * q->o[HB];
  return u * p->bw * 60 / 6000;
}

/* ---- people and days
 * ----------------------------------------------------------------------------- */
static void become(const rival *r, const t1d_subject *s)
{
  rival_must(r, t1d_subject_theta(r->ctx, s, r->model, gm_ensemble_theta(r->e), 1));
}

static void read_person(const rival *r, const t1d_subject *s, person *q)
{
  memcpy(&q->s, s->theta, sizeof q->s);
  for (int i = 0; i < OPTIONS; i++) q->o[i] = *rival_parameter(r, option_name[i]);
  for (int i = 0; i < 4; i++) q->day[i] = *rival_parameter(r, day_name[i]);
}

/* 0: as it should be; 1: too much insulin; 2: none for the meals. */
static rival_day day_of(int kind, const t1d_subject *s)
{
  rival_day q = {.meal_t = {420, 720, 1080},
                 .meal_g = {45, 70, 80},
                 .bolus_t = {420, 733, 1080},
                 .basal_u_per_h = s->basal_u_per_h * (kind == 1 ? 1.1 : 1),
                 .rest = 80};
  const double share[3] = {1, 1.3, 0};
  for (int32_t i = 0; i < RIVAL_MEALS; i++)
    q.bolus_u[i] = q.meal_g[i] / s->cr_g_per_u * share[kind];
  return q;
}

static const char *const who[] = {"adult001", "adult007", "adolescent003", "child002"};

/* ---- off
 * ------------------------------------------------------------------------------------------ */
/* Without the answer to low glucose, at rest and with the same day everywhere it is s2008.ant. */
static void s2013__is_s2008_when_off(void **state)
{
  (void)state;
  static double g[2][RIVAL_ROWS];
  double worst = 0, least = INFINITY;
  rival r[2];
  const char *const output[] = {"CGM", NULL};
  rival_open(&r[0], "s2008.ant", "", output);
  rival_open(&r[1], "s2013.ant", "", output);
  for (int i = 0; i < 4; i++)
    for (int kind = 0; kind < 3; kind++) {
      const t1d_subject *s = t1d_subject_find(who[i]);
      const rival_day q = day_of(kind, s);
      become(&r[0], s);
      become(&r[1], s);
      *rival_parameter(&r[1], "r3") = *rival_parameter(&r[1], "xi") = 0;
      for (int k = 0; k < 2; k++) rival_simulate(&r[k], &q, 1, g[k]);
      worst = fmax(worst, rival_worst(g[0], g[1]));
      least = fmin(least, rival_least(g[0]));
    }
  print_message("worst difference %.1e mg/dL, lowest glucose %.0f mg/dL\n", worst, least);
  assert_true(worst < 1e-6);
  assert_true(least < 60);
  rival_close(&r[1]);
  rival_close(&r[0]);
}

/* What a subject has, s2013.ant has with the value of s2008.ant; the rest has the published one. */
static void s2013__has_the_parameters_of_s2008(void **state)
{
  (void)state;
  rival r[2];
  rival_open(&r[0], "s2008.ant", "", (const char *const[]){"G", NULL});
  rival_open(&r[1], "s2013.ant", "", (const char *const[]){"G", NULL});
  for (int32_t i = 0; i < T1D_PARAMETER_COUNT; i++) {
    const char *name = t1d_parameter_name[i];
    if (*rival_parameter(&r[1], name) != *rival_parameter(&r[0], name))
      fail_msg("%s is %g in s2008.ant, %g in s2013.ant", name, *rival_parameter(&r[0], name),
               *rival_parameter(&r[1], name));
  }
  for (int i = 0; i < OPTIONS; i++) {
    char quantity[60];
    snprintf(quantity, sizeof quantity, "s2013.parameter.%s", option_name[i]);
    rival_agrees(quantity, *rival_parameter(&r[1], option_name[i]));
  }
  rival_close(&r[1]);
  rival_close(&r[0]);
}

/* ---- on
 * ------------------------------------------------------------------------------------------- */
/* All thirty rest at their fasting glucose, glucagon and the risk of low glucose included. */
static void s2013__rests(void **state)
{
  (void)state;
  static double g[RIVAL_ROWS];
  rival r;
  rival_open(&r, "s2013.ant", "", (const char *const[]){"CGM", NULL});
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++) {
    const t1d_subject *s = t1d_subject_at(i);
    person q;
    double x[STATES];
    become(&r, s);
    read_person(&r, s, &q);
    rival_day day = {.basal_u_per_h = start(&q, x), .rest = 80};
    rival_simulate(&r, &day, 1, g);
    for (int32_t k = 0; k < RIVAL_ROWS; k++)
      if (!(fabs(g[k] - q.s.gb) < 1e-6)) fail_msg("%s: %.9g mg/dL at rest", s->id, g[k]);
  }
  rival_close(&r);
}

/* With everything on (a day of four parts, exercise, glucagon under the skin) it is the independent
 * simulation. */
static void s2013__runs_as_the_papers(void **state)
{
  (void)state;
  static double g[RIVAL_ROWS], expected[RIVAL_ROWS];
  const double day[4] = {1, 0.8, 0.9, 1};
  double worst = 0, least = INFINITY;
  rival r;
  rival_open(&r, "s2013.ant", "", (const char *const[]){"CGM", NULL});
  for (int i = 0; i < 4; i++)
    for (int kind = 0; kind < 3; kind++) {
      const t1d_subject *s = t1d_subject_find(who[i]);
      person q;
      double x[STATES];
      rival_day d = day_of(kind, s);
      d.exercise_port = "HR";
      d.exercise_from = 960;
      d.exercise_to = 990;
      d.exercise = 110;
      d.glucagon_t = 1200;
      d.glucagon = 1000;
      become(&r, s);
      for (int k = 0; k < 4; k++) *rival_parameter(&r, day_name[k]) = day[k];
      read_person(&r, s, &q);
      start(&q, x);
      rival_equations e = {slopes, &q, STATES, GS, 1 / q.s.vg, HSC1};
      rival_independent(&e, &d, x, expected);
      rival_simulate(&r, &d, 1, g);
      worst = fmax(worst, rival_worst(g, expected));
      least = fmin(least, rival_least(g));
    }
  print_message("worst difference %.1e mg/dL, lowest glucose %.0f mg/dL\n", worst, least);
  assert_true(worst < 1e-4);
  assert_true(least < 60 && least > 5);
  rival_close(&r);
}

/* A loop that goes on every five minutes comes to where one long stretch does, through lows, highs,
 * exercise and glucagon. */
static void s2013__goes_on_in_short_stretches(void **state)
{
  (void)state;
  rival r;
  rival_open(&r, "s2013.ant", "", (const char *const[]){"CGM", NULL});
  for (int kind = 0; kind < 3; kind++) {
    const t1d_subject *s = t1d_subject_find(who[kind]);
    rival_day q = day_of(kind, s);
    q.exercise_port = "HR";
    q.exercise_from = 960;
    q.exercise_to = 980;
    q.exercise = 110;
    q.glucagon_t = 1200;
    q.glucagon = 1000;
    become(&r, s);
    rival_streams(&r, &q, 1);
  }
  rival_close(&r);
}

/* Each option does what it is there for: glucagon raises low glucose, insulin takes more where
 * glucose is low, exercise lowers it at once and still hours later. */
static void options__do_what_they_are_for(void **state)
{
  (void)state;
  static double g[RIVAL_ROWS];
  enum { NONE, GLUCAGON, RISK, BOTH, MOVE, MOVE_ONCE, CASES };
  double least[CASES], evening[CASES];
  const t1d_subject *s = t1d_subject_find("adult001");
  rival r;
  for (int i = 0; i < CASES; i++) {
    rival_open(&r, "s2013.ant", "", (const char *const[]){"CGM", NULL});
    become(&r, s);
    rival_day q = day_of(i < MOVE ? 1 : 0, s);
    if (i != GLUCAGON && i != BOTH) *rival_parameter(&r, "xi") = 0;
    if (i != RISK && i != BOTH) *rival_parameter(&r, "r3") = 0;
    if (i == MOVE_ONCE) *rival_parameter(&r, "alpha") = 0;
    q.exercise_port = i >= MOVE ? "HR" : NULL;
    q.exercise_from = 960;
    q.exercise_to = 990;
    q.exercise = 110;
    rival_simulate(&r, &q, 1, g);
    least[i] = rival_least(g);
    evening[i] = g[1260 / 5];
    rival_close(&r);
  }
  print_message(
      "too much insulin: lowest %.1f mg/dL, with glucagon %.1f, with risk %.1f, both %.1f;"
      " 30 min at 110 beats: evening %.0f mg/dL, %.0f without what stays behind\n",
      least[NONE], least[GLUCAGON], least[RISK], least[BOTH], evening[MOVE], evening[MOVE_ONCE]);
  assert_true(least[GLUCAGON] > least[NONE] && least[RISK] < least[NONE]);
  assert_true(least[BOTH] > least[RISK]);
  assert_true(evening[MOVE] < evening[MOVE_ONCE] - 5);
}

/* ---- known answers
 * -------------------------------------------------------------------------------- */
/* The risk of low glucose is on the published scale, and 0 above its middle. */
static void risk__is_on_kovatchevs_scale(void **state)
{
  (void)state;
  rival r;
  double y[1], risk[2];
  const double at[1] = {0}, mgdl[2] = {20, 112.5};
  rival_open(&r, "s2013.ant", "", (const char *const[]){"risk", NULL});
  *rival_parameter(&r, "Gth") = 15;
  for (int i = 0; i < 2; i++) {
    const gm_edge edge = {0, mgdl[i] * *rival_parameter(&r, "Vg"),
                          rival_row(&r, GM_TABLE_INPUT, "Gp"), GM_EDGE_REPLACE};
    rival_run(&r, &edge, 1, at, 1, y);
    risk[i] = y[0];
  }
  rival_agrees("s2013.risk.at.20", risk[0]);
  rival_agrees("s2013.risk.at.112.5", risk[1]);
  rival_begin(&r, y);
  assert_true(y[0] == 0);
  rival_close(&r);
}

/* The day's factor has its values between the nodes, on every day, and is half-way at them. */
static void day__has_its_four_parts(void **state)
{
  (void)state;
  enum { N = 24 };
  rival r;
  double at[3 * N], y[3 * N];
  const double day[4] = {1, 0.8, 0.9, 1};
  rival_open(&r, "s2013.ant", "", (const char *const[]){"kday", NULL});
  for (int i = 0; i < 3 * N; i++) at[i] = 60 * i;
  rival_run(&r, NULL, 0, at, 3 * N, y);
  for (int i = 0; i < 3 * N; i++) assert_true(y[i] == 1); /* off */
  for (int i = 0; i < 4; i++) *rival_parameter(&r, day_name[i]) = day[i];
  rival_run(&r, NULL, 0, at, 3 * N, y);
  for (int i = 0; i < 3 * N; i++) {
    char quantity[40];
    const int h = i % 24;
    snprintf(quantity, sizeof quantity, "s2013.day.at.%d", h);
    if (h % 4 == 0 ? h <= 8 || h == 20 : h == 11 || h == 14 || h == 17)
      rival_agrees(quantity, y[i]);
    rival_close_to("the day's factor", y[i], day_factor(day, at[i]), 1e-12);
  }
  rival_close(&r);
}

/* Glucagon under the skin reaches plasma as a sum of three exponentials where nothing else moves.
 */
static void glucagon__is_a_closed_form(void **state)
{
  (void)state;
  enum { N = 6 };
  rival r;
  const double at[N] = {1, 5, 20, 45, 120, 300}, a = 0.04, b = 0.2, c = 0.15, dose = 800;
  double y[2 * N], first[2];
  rival_open(&r, "s2013.ant", "", (const char *const[]){"H", "basal", NULL});
  *rival_parameter(&r, "nH") = c;
  *rival_parameter(&r, "xi") = *rival_parameter(&r, "delta") = 0;
  rival_begin(&r, first);
  const gm_edge edge[2] = {{0, first[1], rival_row(&r, GM_TABLE_INPUT, "Isc1"), GM_EDGE_RATE},
                           {0, dose, rival_row(&r, GM_TABLE_INPUT, "Hsc1"), GM_EDGE_BOLUS}};
  rival_run(&r, edge, 2, at, N, y);
  for (int i = 0; i < N; i++) {
    const double t = at[i], plasma = exp(-a * t) / ((b - a) * (c - a)) +
                                     exp(-b * t) / ((a - b) * (c - b)) +
                                     exp(-c * t) / ((a - c) * (b - c));
    rival_close_to("glucagon", y[2 * i], 60 + dose * 0.02 * b * plasma, 1e-8);
  }
  rival_close(&r);
}

/* Heart rate acts with its time constant, and its beats beyond rest are counted; below that of rest
 * it is rest. */
static void exercise__counts_beats_beyond_rest(void **state)
{
  (void)state;
  rival r;
  const double at[3] = {10, 60, 240};
  double y[3][2];
  rival_open(&r, "s2013.ant", "", (const char *const[]){"Y", "AHR", NULL});
  const int32_t port = rival_row(&r, GM_TABLE_INPUT, "HR");
  const gm_edge edge[3] = {{0, 130, port, GM_EDGE_REPLACE},
                           {60, 80, port, GM_EDGE_REPLACE},
                           {120, 55, port, GM_EDGE_REPLACE}};
  rival_run(&r, edge, 3, at, 3, &y[0][0]);
  rival_close_to("heart rate felt", y[0][0], 50 * (1 - exp(-10 / 5.0)), 1e-8);
  rival_close_to("beats", y[1][1], 50 * 60, 1e-9);
  rival_close_to("beats", y[2][1], 50 * 60, 1e-9);
  assert_true(fabs(y[2][0]) < 1e-6);
  rival_close(&r);
}

/* Carbohydrate in blood is its share of what was eaten. */
static void carbohydrate__is_accounted_for(void **state)
{
  (void)state;
  rival r;
  gm_edge edge[RIVAL_EDGES];
  double y[1];
  const double at[1] = {6000};
  rival_open(&r, "s2013.ant", "  absorbed = 0 \"mg\"\n  absorbed' = Ra*BW",
             (const char *const[]){"absorbed", NULL});
  const t1d_subject *s = t1d_subject_find("adult001");
  become(&r, s);
  const rival_day q = day_of(0, s);
  rival_run(&r, edge, rival_edges(&r, &q, edge), at, 1, y);
  rival_close_to("carbohydrate, mg", y[0], 0.9 * 195000, 1e-8);
  rival_close(&r);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(s2013__is_s2008_when_off),
      cmocka_unit_test(s2013__has_the_parameters_of_s2008),
      cmocka_unit_test(s2013__rests),
      cmocka_unit_test(s2013__runs_as_the_papers),
      cmocka_unit_test(s2013__goes_on_in_short_stretches),
      cmocka_unit_test(options__do_what_they_are_for),
      cmocka_unit_test(risk__is_on_kovatchevs_scale),
      cmocka_unit_test(day__has_its_four_parts),
      cmocka_unit_test(glucagon__is_a_closed_form),
      cmocka_unit_test(exercise__counts_beats_beyond_rest),
      cmocka_unit_test(carbohydrate__is_accounted_for),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
