/* pkpd.c - the PK/PD benchmark in C (sources: models/pkpd.ant): 10,000 patients, 28 daily doses by
 * mouth, 673 hourly rows of two quantities. */
#include "problem.h"

enum { KA, CL, V, IC50, Q, V2, KIN, KOUT, IMAX, NP };
enum { GUT, CENT, PERI, RESP, NX };

static const char *const parameter[NP] = {"KA", "CL",  "V",    "IC50", "Q",
                                          "V2", "KIN", "KOUT", "IMAX"};
static const gm_eq_output output[2] = {{.name = "CP", .expression = "CENT/V"},
                                       {.name = "E", .expression = "RESP"}};

static void patient(gm_key key, int32_t number, double *theta, course *c)
{
  static const int32_t vary[] = {CL, V, KA, IC50};
  static const double sd[] = {.3, .2, .5, .3};
  for (int32_t i = 0; i < 4; i++) bench_vary(key, number, theta, &vary[i], 1, sd[i]);
  c->event[0] = (gm_event){.t = 0.25,
                           .amount = 100,
                           .interval = 24,
                           .additional = 27,
                           .port = GUT,
                           .input = -1,
                           .kind = GM_EVENT_DOSE};
  c->event_count = 1;
  c->change_count = 0;
}

static void initial(const double *p, double *x)
{
  x[GUT] = x[CENT] = x[PERI] = 0;
  x[RESP] = p[KIN] / p[KOUT];
}

static void rates(const double *p, const double *x, double *dx)
{
  double c = x[CENT] / p[V], there = p[Q] * c, back = p[Q] / p[V2] * x[PERI];
  dx[GUT] = -p[KA] * x[GUT];
  dx[CENT] = p[KA] * x[GUT] - p[CL] * c - there + back;
  dx[PERI] = there - back;
  dx[RESP] = p[KIN] * (1 - p[IMAX] * c / (p[IC50] + c)) - p[KOUT] * x[RESP];
}

static void jacobian(const double *p, const double *x, double *a)
{
  double c = x[CENT] / p[V], room = p[IC50] + c;
  a[GUT + NX * GUT] = -p[KA];
  a[CENT + NX * GUT] = p[KA];
  a[CENT + NX * CENT] = -(p[CL] + p[Q]) / p[V];
  a[PERI + NX * CENT] = p[Q] / p[V];
  a[RESP + NX * CENT] = -p[KIN] * p[IMAX] * p[IC50] / (room * room) / p[V];
  a[CENT + NX * PERI] = p[Q] / p[V2];
  a[PERI + NX * PERI] = -p[Q] / p[V2];
  a[RESP + NX * RESP] = -p[KOUT];
}

static void outputs(const double *p, const double *x, double *y)
{
  y[0] = x[CENT] / p[V];
  y[1] = x[RESP];
}

const problem bench_pkpd = {.name = "pkpd",
                            .about = "28 daily doses, indirect response",
                            .patients = 10000,
                            .checked = 200,
                            .nx = NX,
                            .np = NP,
                            .ny = 2,
                            .parameter = parameter,
                            .output = output,
                            .sample_count = 673,
                            .sample_first = 0,
                            .t_end = 672,
                            .cvode_rtol = 1e-9,
                            .cvode_atol = 1e-8,
                            .atol_share = 0.1,
                            .goal_max = 4e-8,
                            .rms_without_cvode = 1e-08,
                            .patient = patient,
                            .initial = initial,
                            .rates = rates,
                            .jacobian = jacobian,
                            .outputs = outputs};
