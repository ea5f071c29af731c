/* The rival models (hovorka.ant, bergman.ant, roy_parker.ant) against independent simulations of
 * the published equations in this file, closed forms of their linear parts, and balances. The
 * numbers are the published ones of cases/expected.csv, not those of the texts. */
#include "t1d_rivals.h"
#include "gemel/definition.h"

enum { NUMBERS = 24, DRAWS = 6 };
static const double mg_per_mmol = 180.156, mgdl_per_mmoll = 18.0156;

/* A text, its parameters by name, and the equations of the paper for them. */
typedef struct {
  const char *file;
  const char *name[NUMBERS];
  double (*start)(const double *p, double *x); /* the paper's fasting state; basal rate, U/h */
  rival_equations equations;
} paper;

static int32_t name_count(const paper *q)
{
  int32_t n = 0;
  while (n < NUMBERS && q->name[n]) n++;
  return n;
}

/* The published values, which must be those of the text; then those of a draw, up to 20 % away. */
static void numbers(const paper *q, const rival *r, int32_t draw, double *p)
{
  for (int32_t i = 0; i < name_count(q); i++) {
    char quantity[100];
    double *value = rival_parameter(r, q->name[i]);
    snprintf(quantity, sizeof quantity, "%.*s.parameter.%s", (int)strcspn(q->file, "."), q->file,
             q->name[i]);
    if (!draw) rival_agrees(quantity, *value);
    *value *= draw ? 0.8 + 0.05 * ((draw * 7 + i * 3 + draw * i) % 9) : 1;
    p[i] = *value;
  }
}

/* ---- Hovorka 2004, amounts in the whole body as in the paper -----------------------------------
 */
enum { TG, AG, BW, GB, VG, K12, EGP0, F01, TAU, TI, VI, KE, KA1, KA2, KA3, SIT, SID, SIE };

static void hovorka_slopes(const void *numbers_of, const rival_moment *m, const double *x,
                           double *o)
{
  const double *p = numbers_of, vg = p[VG] * p[BW], vi = p[VI] * p[BW], g = x[8] / vg;
  const double f01 = p[F01] * p[BW] * (g < 4.5 ? g / 4.5 : 1);
  const double fr = g > 9 ? 0.003 * (g - 9) * vg : 0;
  const double egp = fmax(p[EGP0] * p[BW] * (1 - x[7]), 0);
  o[0] = p[AG] * m->eaten_mg / mg_per_mmol - x[0] / p[TG];
  o[1] = (x[0] - x[1]) / p[TG];
  o[2] = 1000 * m->insulin_u - x[2] / p[TI];
  o[3] = (x[2] - x[3]) / p[TI];
  o[4] = x[3] / (p[TI] * vi) - p[KE] * x[4];
  o[5] = -p[KA1] * x[5] + p[KA1] * p[SIT] * x[4];
  o[6] = -p[KA2] * x[6] + p[KA2] * p[SID] * x[4];
  o[7] = -p[KA3] * x[7] + p[KA3] * p[SIE] * x[4];
  o[8] = -f01 - x[5] * x[8] + p[K12] * x[9] - fr + x[1] / p[TG] + egp;
  o[9] = x[5] * x[8] - (p[K12] + x[6]) * x[9];
  o[10] = (g - x[10]) / p[TAU];
}

/* Insulin at rest by bisection: more of it lowers the slope of glucose. */
static double hovorka_start(const double *p, double *x)
{
  const double g = p[GB] / mgdl_per_mmoll;
  rival_moment none = {0};
  double low = 0, high = 1 / p[SIE], o[11];
  memset(x, 0, 11 * sizeof *x);
  x[8] = g * p[VG] * p[BW];
  x[10] = g;
  for (int32_t i = 0; i < 200; i++) {
    const double insulin = 0.5 * (low + high);
    x[4] = insulin;
    x[5] = p[SIT] * insulin;
    x[6] = p[SID] * insulin;
    x[7] = p[SIE] * insulin;
    x[9] = x[5] * x[8] / (p[K12] + x[6]);
    hovorka_slopes(p, &none, x, o);
    if (o[8] > 0)
      low = insulin;
    else
      high = insulin;
  }
  const double mu_per_min = p[KE] * x[4] * p[VI] * p[BW];
  x[2] = x[3] = mu_per_min * p[TI];
  return mu_per_min * 60 / 1000;
}

static const paper hovorka = {"hovorka.ant",
                              {"tmaxG", "AG", "BW", "Gb", "VG", "k12", "EGP0", "F01", "tauIG",
                               "tmaxI", "VI", "ke", "ka1", "ka2", "ka3", "SIT", "SID", "SIE"},
                              hovorka_start,
                              {hovorka_slopes, NULL, 11, 10, 18.0156, 0}};

/* ---- Bergman's minimal model as Kanderian 2009 has it, uU/mL and mL -------------------------- */
enum { B_TM, B_F, B_BW, B_GB, B_VG, B_GEZI, B_EGP, B_TS, B_CI, B_T1, B_T2, B_P2, B_SI };

static void bergman_slopes(const void *numbers_of, const rival_moment *m, const double *x,
                           double *o)
{
  const double *p = numbers_of;
  o[0] = m->eaten_mg - x[0] / p[B_TM];
  o[1] = (x[0] - x[1]) / p[B_TM];
  o[2] = (1e6 * m->insulin_u / (1000 * p[B_CI]) - x[2]) / p[B_T1];
  o[3] = (x[2] - x[3]) / p[B_T2];
  o[4] = -p[B_P2] * x[4] + p[B_P2] * p[B_SI] * x[3];
  o[5] = -(p[B_GEZI] + x[4]) * x[5] + p[B_EGP] + p[B_F] * x[1] / (p[B_TM] * p[B_VG]);
  o[6] = (x[5] - x[6]) / p[B_TS];
}

static double bergman_start(const double *p, double *x)
{
  memset(x, 0, 7 * sizeof *x);
  x[5] = x[6] = p[B_GB];
  x[4] = p[B_EGP] / p[B_GB] - p[B_GEZI];
  x[2] = x[3] = x[4] / p[B_SI];
  return x[3] * 1000 * p[B_CI] * 60 / 1e6;
}

static const paper bergman = {
    "bergman.ant",
    {"taum", "f", "BW", "Gb", "VG", "GEZI", "EGP", "tsen", "CI", "tau1", "tau2", "p2", "SI"},
    bergman_start,
    {bergman_slopes, NULL, 7, 6, 1, 0}};

/* ---- Roy and Parker 2007 -----------------------------------------------------------------------
 */
enum {
  R_TG,
  R_AG,
  R_BW,
  R_GB,
  R_VG,
  R_P1,
  R_P2,
  R_P3,
  R_TS,
  R_IB,
  R_N,
  R_P4,
  R_TI,
  R_KO,
  R_A1,
  R_A2,
  R_A3,
  R_A4,
  R_A5,
  R_A6,
  R_K,
  R_T1
};

/* How long after the beginning the liver gives less: A(t) = u3 t reaches equation 13. */
static double liver_begins(double u3) { return (-1.1521 * u3 * u3 + 87.471 * u3) / u3; }

/* What the liver gives less, in closed form, for one session of the day. */
static double liver_less(const double *p, const rival_day *q, double t)
{
  const double from = q->exercise_from + liver_begins(q->exercise);
  const double most = p[R_K] * fmax(fmin(t, q->exercise_to) - from, 0);
  return t > q->exercise_to ? most * exp(-(t - q->exercise_to) / p[R_T1]) : most;
}

typedef struct {
  double p[NUMBERS];
  const rival_day *day;
} roy_numbers;

static void roy_slopes(const void *numbers_of, const rival_moment *m, const double *x, double *o)
{
  const roy_numbers *q = numbers_of;
  const double *p = q->p;
  o[0] = p[R_AG] * m->eaten_mg - x[0] / p[R_TG];
  o[1] = (x[0] - x[1]) / p[R_TG];
  o[2] = 1000 * m->insulin_u - x[2] / p[R_TI];
  o[3] = (x[2] - x[3]) / p[R_TI];
  o[4] = -p[R_N] * x[4] + p[R_P4] * x[3] / p[R_TI] - x[10];
  o[5] = -p[R_P2] * x[5] + p[R_P3] * (x[4] - p[R_IB]);
  o[6] = -p[R_P1] * (x[6] - p[R_GB]) - x[5] * x[6] + x[1] / p[R_TG] / p[R_VG] +
         p[R_BW] / p[R_VG] * (x[8] - (liver_less(p, q->day, m->t_min) + x[9]) * fmin(x[6], 1));
  o[7] = p[R_KO] * (m->exercise - x[7]);
  o[8] = p[R_A1] * x[7] - p[R_A2] * x[8];
  o[9] = p[R_A3] * x[7] - p[R_A4] * x[9];
  o[10] = p[R_A5] * x[7] - p[R_A6] * x[10];
  o[11] = (x[6] - x[11]) / p[R_TS];
}

static double roy_start(const double *p, double *x)
{
  memset(x, 0, 12 * sizeof *x);
  const double mu_per_min = p[R_N] * p[R_IB] / p[R_P4];
  x[2] = x[3] = mu_per_min * p[R_TI];
  x[4] = p[R_IB];
  x[6] = x[11] = p[R_GB];
  return mu_per_min * 60 / 1000;
}

static const paper roy_parker = {"roy_parker.ant",
                                 {"tmaxG", "AG", "BW", "Gb", "VolG",  "p1",  "p2", "p3",
                                  "tsen",  "Ib", "n",  "p4", "tmaxI", "kO2", "a1", "a2",
                                  "a3",    "a4", "a5", "a6", "k",     "T1"},
                                 roy_start,
                                 {roy_slopes, NULL, 12, 11, 1, 0}};

/* ---- rest -------------------------------------------------------------------------------------
 */
/* Whatever the parameters, the text's basal rate is the one that the paper's equations ask for, and
 * under it nothing moves for a day. */
static void rests(const paper *q)
{
  static double g[RIVAL_ROWS];
  rival r;
  double p[NUMBERS], x[RIVAL_STATES], y[3];
  rival_open(&r, q->file, "", (const char *const[]){"CGM", "G", "basal", NULL});
  for (int32_t draw = 0; draw < DRAWS; draw++) {
    numbers(q, &r, draw, p);
    const double basal = q->start(p, x);
    rival_begin(&r, y);
    rival_close_to("basal rate, U/h", rival_basal_u_per_h(&r, y[2]), basal, 1e-12);
    rival_day still = {.basal_u_per_h = basal};
    rival_simulate(&r, &still, 3, g);
    for (int32_t i = 0; i < RIVAL_ROWS; i++)
      if (!(fabs(g[i] - *rival_parameter(&r, "Gb")) < 1e-6))
        fail_msg("%s, draw %d: glucose is %.9g after %d min of rest", q->file, (int)draw, g[i],
                 5 * (int)i);
  }
  rival_close(&r);
}

static void hovorka__rests_at_any_parameters(void **state) { (void)state, rests(&hovorka); }
static void bergman__rests_at_any_parameters(void **state) { (void)state, rests(&bergman); }
static void roy_parker__rests_at_any_parameters(void **state) { (void)state, rests(&roy_parker); }

/* The basal rates and insulin at rest are those worked out apart from any program here. */
static void basal__is_the_one_worked_out_by_hand(void **state)
{
  (void)state;
  const paper *const q[] = {&hovorka, &bergman, &roy_parker};
  for (int32_t i = 0; i < 3; i++) {
    rival r;
    double y[1];
    char quantity[60];
    rival_open(&r, q[i]->file, "", (const char *const[]){"basal", NULL});
    rival_begin(&r, y);
    snprintf(quantity, sizeof quantity, "%.*s.basal", (int)strcspn(q[i]->file, "."), q[i]->file);
    rival_agrees(quantity, rival_basal_u_per_h(&r, y[0]));
    if (!i) rival_agrees("hovorka.insulin.at.rest", rival_state(&r, "I"));
    rival_close(&r);
  }
}

/* ---- days --------------------------------------------------------------------------------------
 */
/* Days that reach every branch: meals with too much insulin, none at all, two meals at once. */
static rival_day day_of(int32_t draw, double basal)
{
  rival_day q = {.meal_t = {420, draw == 1 ? 450 : 720, 1080},
                 .meal_g = {43.7, 62, draw == 3 ? 121 : 23},
                 .bolus_t = {415, draw == 4 ? 415 : 733, 1080},
                 .basal_u_per_h = basal * (draw == 2 ? 0 : 1.1)};
  for (int32_t i = 0; i < RIVAL_MEALS; i++)
    q.bolus_u[i] = q.meal_g[i] / (draw == 5 ? 3 : 14) * (draw == 2 ? 0 : 1);
  return q;
}

/* A day runs as an independent simulation of the paper's equations. */
static void runs_as_the_paper(const paper *q, double within_mgdl)
{
  static double g[RIVAL_ROWS], expected[RIVAL_ROWS];
  double worst = 0, least = INFINITY, most = 0;
  rival r;
  rival_open(&r, q->file, "", (const char *const[]){"CGM", NULL});
  for (int32_t draw = 0; draw < DRAWS; draw++) {
    roy_numbers p;
    double x[RIVAL_STATES];
    rival_equations equations = q->equations;
    numbers(q, &r, draw, p.p);
    rival_day day = day_of(draw, q->start(p.p, x));
    if (q == &roy_parker) {
      day.exercise_port = "u3";
      day.exercise_from = 560;
      day.exercise_to = draw == 4 ? 590 : 680;
      day.exercise = 30 + 8 * draw;
    }
    p.day = &day;
    equations.p = &p;
    rival_independent(&equations, &day, x, expected);
    rival_simulate(&r, &day, 1, g);
    worst = fmax(worst, rival_worst(g, expected));
    least = fmin(least, rival_least(g));
    for (int32_t i = 0; i < RIVAL_ROWS; i++) most = fmax(most, g[i]);
  }
  print_message("%s: worst difference %.1e mg/dL, glucose from %.0f to %.0f\n", q->file, worst,
                least, most);
  assert_true(worst < within_mgdl);
  assert_true(least < 81 && least > 0); /* F01 and production fall there; see day_of */
  assert_true(most > 162);              /* beyond what the kidneys keep */
  rival_close(&r);
}

static void hovorka__runs_as_the_paper(void **state)
{
  (void)state, runs_as_the_paper(&hovorka, 1e-4);
}
static void bergman__runs_as_the_paper(void **state)
{
  (void)state, runs_as_the_paper(&bergman, 1e-6);
}
static void roy_parker__runs_as_the_paper(void **state)
{
  (void)state, runs_as_the_paper(&roy_parker, 1e-4);
}

/* A loop that goes on every five minutes comes to where one long stretch does: nothing that was all
 * but gone and comes back, days later, stops it. */
static void streams(const paper *q)
{
  rival r;
  double p[NUMBERS], x[RIVAL_STATES];
  rival_open(&r, q->file, "", (const char *const[]){"CGM", NULL});
  numbers(q, &r, 0, p);
  rival_day day = day_of(0, q->start(p, x));
  if (q == &roy_parker) {
    day.exercise_port = "u3";
    day.exercise_from = 600;
    day.exercise_to = 690;
    day.exercise = 40;
  }
  rival_streams(&r, &day, 1);
  rival_close(&r);
}

static void rivals__go_on_in_short_stretches(void **state)
{
  (void)state;
  streams(&hovorka);
  streams(&bergman);
  streams(&roy_parker);
}

/* ---- closed forms ------------------------------------------------------------------------------
 */
enum { POINTS = 9 };
static const double point_min[POINTS] = {1, 5, 15, 41, 60, 100, 180, 300, 600};

/* y[POINTS][outputs] after the given edges, the basal rate with them. */
static void respond(const rival *r, double basal_pmol, gm_edge first, gm_edge second, double *y)
{
  gm_edge edge[3] = {
      {0, basal_pmol, rival_row(r, GM_TABLE_INPUT, "Isc1"), GM_EDGE_RATE}, first, second};
  rival_run(r, edge, 3, point_min, POINTS, y);
}

static gm_edge put(const rival *r, const char *port, double value)
{
  return (gm_edge){0, value, rival_row(r, GM_TABLE_INPUT, port), GM_EDGE_BOLUS};
}

/* Insulin after a dose under the skin: two compartments of tmaxI and plasma; carbohydrate that is
 * swallowed at once appears as t exp(-t/tmaxG). */
static void hovorka__linear_parts_are_closed_forms(void **state)
{
  (void)state;
  rival r;
  double y[POINTS][3], x[3];
  rival_open(&r, "hovorka.ant", "", (const char *const[]){"I", "UG", "basal", NULL});
  rival_begin(&r, x);
  const double dose_u = 5, meal_mg = 60000, k = 1 / 55.0, ke = 0.138, c = k - ke, bw = 70;
  respond(&r, x[2], put(&r, "Isc1", dose_u * 6000 / bw), put(&r, "Qsto1", meal_mg), &y[0][0]);
  for (int32_t i = 0; i < POINTS; i++) {
    const double t = point_min[i];
    const double plasma = exp(-ke * t) / (c * c) - exp(-k * t) * (t / c + 1 / (c * c));
    rival_close_to("insulin", y[i][0], x[0] + 1000 * dose_u * k * k / (0.12 * bw) * plasma, 1e-8);
    rival_close_to("meal", y[i][1], 0.8 * meal_mg / mg_per_mmol / bw * t / 1600 * exp(-t / 40),
                   1e-8);
  }
  rival_close(&r);
}

/* Insulin in plasma and its action after a dose: sums of two and three exponentials. Glucose given
 * into blood at rest falls as exp(-(GEZI + Ieff) t). */
static void bergman__linear_parts_are_closed_forms(void **state)
{
  (void)state;
  rival r;
  double y[POINTS][4], x[4];
  rival_open(&r, "bergman.ant", "", (const char *const[]){"Ip", "Ieff", "Ra", "basal", NULL});
  rival_begin(&r, x);
  const double dose_u = 5, meal_mg = 60000, a = 1 / 70.0, b = 1 / 43.4, p2 = 0.0103, si = 7e-4;
  respond(&r, x[3], put(&r, "Isc1", dose_u * 6000 / 70), put(&r, "Qsto1", meal_mg), &y[0][0]);
  for (int32_t i = 0; i < POINTS; i++) {
    const double t = point_min[i], plasma = 1000 * dose_u / 1.2 / (70 - 43.4);
    const double ea = exp(-a * t), eb = exp(-b * t), ep = exp(-p2 * t);
    rival_close_to("insulin", y[i][0], x[0] + plasma * (ea - eb), 1e-8);
    rival_close_to("action", y[i][1],
                   x[1] + p2 * si * plasma * ((ea - ep) / (p2 - a) - (eb - ep) / (p2 - b)), 1e-8);
    rival_close_to("meal", y[i][2], meal_mg * t / 1600 * exp(-t / 40) / 180, 1e-8);
  }
  rival_close(&r);
  double g[POINTS];
  rival_open(&r, "bergman.ant", "", (const char *const[]){"G", NULL});
  respond(&r, x[3], put(&r, "G", 100), put(&r, "Qsto1", 0), g);
  for (int32_t i = 0; i < POINTS; i++)
    rival_close_to("glucose", g[i], 141.7 + 100 * exp(-1.49 / 141.7 * point_min[i]), 1e-8);
  rival_close(&r);
}

/* y' = a u (1 - exp(-0.8 t)) - c y */
static double driven(double a, double c, double u, double t)
{
  return a * u * ((1 - exp(-c * t)) / c - (exp(-0.8 * t) - exp(-c * t)) / (c - 0.8));
}

/* What exercise at 40 % does to production, uptake and the removal of insulin is linear; the liver
 * gives less from the minute of equation 13 on, recovers with T1, and a second session begins anew.
 */
static void roy_parker__exercise_is_closed_form(void **state)
{
  (void)state;
  rival r;
  enum { N = 5 };
  const double at[N] = {10, 60, 90, 150, 180};
  double y[N][5];
  rival_open(&r, "roy_parker.ant", "",
             (const char *const[]){"VO2", "Gprod", "Gup", "Ie", "Ggly", NULL});
  const int32_t u3 = rival_row(&r, GM_TABLE_INPUT, "u3");
  const gm_edge edge[4] = {{0, 40, u3, GM_EDGE_REPLACE},
                           {60, 0, u3, GM_EDGE_REPLACE},
                           {120, 40, u3, GM_EDGE_REPLACE},
                           {180, 0, u3, GM_EDGE_REPLACE}};
  rival_run(&r, edge, 4, at, N, &y[0][0]);
  for (int32_t i = 0; i < 2; i++) {
    rival_close_to("oxygen", y[i][0], 40 * (1 - exp(-0.8 * at[i])), 1e-8);
    rival_close_to("production", y[i][1], driven(0.00158, 0.056, 40, at[i]), 1e-8);
    rival_close_to("uptake", y[i][2], driven(0.00195, 0.0485, 40, at[i]), 1e-8);
    rival_close_to("removal of insulin", y[i][3], driven(0.00125, 0.075, 40, at[i]), 1e-8);
  }
  rival_agrees("roy_parker.liver.begins", liver_begins(40));
  const double less = 0.0108 * (60 - liver_begins(40)), left = less * exp(-60 / 6.0);
  assert_true(y[0][4] == 0);
  rival_close_to("less at the end", y[1][4], less, 1e-6);
  rival_close_to("less afterwards", y[2][4], less * exp(-30 / 6.0), 1e-6);
  rival_close_to("less at the second beginning", y[3][4], left, 1e-6);
  rival_close_to("less at the second end", y[4][4], left + less, 1e-6);
  rival_close(&r);
}

/* An hour of exercise at 40 % lowers glucose: uptake is more than production, and more so where the
 * liver gives less. */
static void roy_parker__exercise_lowers_glucose(void **state)
{
  (void)state;
  rival r;
  const double at[3] = {0, 60, 180};
  double y[3][2], fall[2];
  rival_open(&r, "roy_parker.ant", "", (const char *const[]){"G", "basal", NULL});
  for (int32_t i = 0; i < 2; i++) {
    *rival_parameter(&r, "k") *= i ? 0 : 1;
    rival_begin(&r, &y[0][0]);
    const gm_edge edge[3] = {{0, y[0][1], rival_row(&r, GM_TABLE_INPUT, "Isc1"), GM_EDGE_RATE},
                             {0, 40, rival_row(&r, GM_TABLE_INPUT, "u3"), GM_EDGE_REPLACE},
                             {180, 0, rival_row(&r, GM_TABLE_INPUT, "u3"), GM_EDGE_REPLACE}};
    rival_run(&r, edge, 3, at, 3, &y[0][0]);
    assert_true(y[1][0] < 141.7 && y[1][0] > 120);
    fall[i] = 141.7 - y[2][0];
  }
  print_message("three hours at 40 %%: glucose falls by %.1f mg/dL, %.1f with an untiring liver\n",
                fall[0], fall[1]);
  assert_true(fall[0] > fall[1] + 20);
  rival_close(&r);
}

/* ---- balances ----------------------------------------------------------------------------------
 */
/* Carbohydrate in blood is its share of what was eaten; insulin given is cleared or still there. */
static void balance(const char *file, const char *extra, double share, const char *exercise)
{
  static double y[RIVAL_ROWS * RIVAL_OUTPUTS];
  rival r;
  gm_edge edge[RIVAL_EDGES];
  double first[4];
  const double at[1] = {6000};
  rival_open(&r, file, extra, (const char *const[]){"absorbed", "cleared", "held", "basal", NULL});
  rival_begin(&r, first);
  rival_day q = day_of(0, rival_basal_u_per_h(&r, first[3]));
  q.exercise_port = exercise;
  q.exercise_from = 500;
  q.exercise_to = 600;
  q.exercise = 40;
  rival_run(&r, edge, rival_edges(&r, &q, edge), at, 1, y);
  double eaten = 0, given = q.basal_u_per_h / 60 * at[0];
  for (int32_t i = 0; i < RIVAL_MEALS; i++) {
    eaten += q.meal_g[i];
    given += q.bolus_u[i];
  }
  rival_close_to("carbohydrate, mg", y[0], share * 1000 * eaten, 1e-8);
  rival_close_to("insulin, mU", y[1] + y[2] - first[2], 1000 * given, 1e-8);
  rival_close(&r);
}

#define COUNTED "  absorbed = 0 \"mg\"\n  cleared = 0 \"m[IU]\"\n  held has \"m[IU]\"\n"

static void all_that_is_given__is_accounted_for(void **state)
{
  (void)state;
  balance("hovorka.ant",
          COUNTED "  absorbed' = UG*BW*180.156 \"mg/mmol\"\n  cleared' = ke*VI*BW*I\n"
                  "  held := (Isc1 + Isc2)*BW/6 \"pmol/m[IU]\" + VI*BW*I",
          0.8, NULL);
  balance("bergman.ant",
          COUNTED "  absorbed' = Ra*VG\n  cleared' = CI*Ip\n"
                  "  held := Isc1*BW/6 \"pmol/m[IU]\" + tau2*CI*Ip",
          1, NULL);
  balance("roy_parker.ant",
          COUNTED "  absorbed' = Ra*VolG\n  cleared' = (n*I + Ie)/p4\n"
                  "  held := (Isc1 + Isc2)*BW/6 \"pmol/m[IU]\" + I/p4",
          0.8, "u3");
}

/* ---- definitions -------------------------------------------------------------------------------
 */
/* A rival answers the definition's question: same inputs, same observables, another model. */
static void definitions__name_the_rivals(void **state)
{
  (void)state;
  static const char *const file[] = {"models/t1d/twin-hovorka.yaml",
                                     "models/t1d/twin-bergman.yaml"};
  gm_ctx *ctx;
  gm_definition *one, *other;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_definition_read(ctx, "models/t1d/twin.yaml", &one)) fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < 2; i++) {
    if (gm_definition_read(ctx, file[i], &other)) fail_msg("%s", gm_message(ctx));
    assert_string_equal(other->question, one->question);
    assert_int_equal(other->input_count, one->input_count);
    for (int32_t k = 0; k < one->input_count; k++)
      assert_string_equal(other->input[k].name, one->input[k].name);
    assert_int_equal(other->observable_count, one->observable_count);
    for (int32_t k = 0; k < one->observable_count; k++) {
      assert_string_equal(other->observable[k].name, one->observable[k].name);
      assert_string_equal(other->observable[k].unit, one->observable[k].unit);
    }
    gm_definition_free(other);
  }
  gm_definition_free(one);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hovorka__rests_at_any_parameters),
      cmocka_unit_test(bergman__rests_at_any_parameters),
      cmocka_unit_test(roy_parker__rests_at_any_parameters),
      cmocka_unit_test(basal__is_the_one_worked_out_by_hand),
      cmocka_unit_test(hovorka__runs_as_the_paper),
      cmocka_unit_test(bergman__runs_as_the_paper),
      cmocka_unit_test(roy_parker__runs_as_the_paper),
      cmocka_unit_test(rivals__go_on_in_short_stretches),
      cmocka_unit_test(hovorka__linear_parts_are_closed_forms),
      cmocka_unit_test(bergman__linear_parts_are_closed_forms),
      cmocka_unit_test(roy_parker__exercise_is_closed_form),
      cmocka_unit_test(roy_parker__exercise_lowers_glucose),
      cmocka_unit_test(all_that_is_given__is_accounted_for),
      cmocka_unit_test(definitions__name_the_rivals),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
