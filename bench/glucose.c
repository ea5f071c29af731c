/* glucose.c - the 13-state glucose model in C (sources: models/glucose.ant): a day of three meals
 * with their boluses. A meal is eaten at 5 g/min and its bolus given within one minute, as the
 * simulator does, so a day has nine restarts. */
#include "problem.h"
#include "gemel/math.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
  D,
  KMAX,
  KMIN,
  KABS,
  B,
  DD,
  F,
  BW,
  GB,
  EGPB,
  VG,
  K1,
  K2,
  KP2,
  KP3,
  FCNS,
  VMX,
  KM0,
  KE1,
  KE2,
  KSC,
  IB,
  VI,
  M1,
  M2,
  M4,
  HEB,
  KI,
  P2U,
  KD,
  KA1,
  KA2,
  NP,
  GTB = NP,
  VM0,
  KP1,
  M30,
  IPB,
  ILB,
  BASAL /* derived */
};
enum { QSTO1, QSTO2, QGUT, GP, GT, IP, X, I1, ID, IL, ISC1, ISC2, GS, NX };

static const char *const parameter[NP] = {
    "D",  "kmax", "kmin", "kabs", "b",    "d",   "f",   "BW",  "Gb",  "EGPb", "Vg",
    "k1", "k2",   "kp2",  "kp3",  "Fcns", "Vmx", "Km0", "ke1", "ke2", "ksc",  "Ib",
    "Vi", "m1",   "m2",   "m4",   "HEb",  "ki",  "p2u", "kd",  "ka1", "ka2"};
#define OUTPUT(state)                                                                              \
  {                                                                                                \
    .name = state, .expression = state                                                             \
  }
static const gm_eq_output output[NX] = {
    OUTPUT("Qsto1"), OUTPUT("Qsto2"), OUTPUT("Qgut"), OUTPUT("Gp"), OUTPUT("Gt"),
    OUTPUT("Ip"),    OUTPUT("X"),     OUTPUT("I1"),   OUTPUT("Id"), OUTPUT("Il"),
    OUTPUT("Isc1"),  OUTPUT("Isc2"),  OUTPUT("Gs")};

/* ---- the ten adults -------------------------------------------------------------------------- */
enum { ADULTS = 10, COLUMNS = 80, LINE = 8192 };
static struct {
  double theta[NP], ratio; /* g of carbohydrate a unit of insulin covers */
} adult[ADULTS];
static int32_t adult_count;

/* Fields of a line of comma-separated values, in place. */
static int32_t split(char *line, char *field[COLUMNS])
{
  int32_t n = 0;
  for (char *at = line; at && n < COLUMNS; n++) {
    field[n] = at;
    at = strchr(at, ',');
    if (at) *at++ = 0;
    field[n][strcspn(field[n], "\r\n")] = 0;
  }
  return n;
}

static int32_t column_of(char *const *head, int32_t count, const char *name)
{
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(head[i], name)) return i;
  return -1;
}

/* Calls row for every line that begins with "adult#"; false: no such file. */
static bool read_table(const char *folder, const char *file,
                       bool (*row)(char *const *head, int32_t count, char *const *field, int32_t k))
{
  char path[1024], first[LINE], line[LINE], *head[COLUMNS], *field[COLUMNS];
  snprintf(path, sizeof path, "%s/t1d/params/%s", folder, file);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  int32_t count = fgets(first, LINE, f) ? split(first, head) : 0, k = 0;
  bool good = count > 0;
  while (good && k < ADULTS && fgets(line, LINE, f)) {
    if (strncmp(line, "adult#", 6)) continue;
    good = split(line, field) == count && row(head, count, field, k++);
  }
  fclose(f);
  return good && k == ADULTS;
}

static bool row_values(char *const *head, int32_t count, char *const *field, int32_t k)
{
  for (int32_t i = 1; i < NP; i++) {
    const char *name = i == FCNS ? "Fsnc" : i == HEB ? "HEb" : parameter[i];
    int32_t c = column_of(head, count, name);
    if (c < 0) return false;
    adult[k].theta[i] = strtod(field[c], NULL);
  }
  adult[k].theta[D] = 0;
  return true;
}

static bool row_ratio(char *const *head, int32_t count, char *const *field, int32_t k)
{
  int32_t c = column_of(head, count, "CR");
  if (c >= 0) adult[k].ratio = strtod(field[c], NULL);
  return c >= 0;
}

bool bench_glucose_adults(const char *folder)
{
  bool good = read_table(folder, "uvapadova_s2008_30subjects.csv", row_values) &&
              read_table(folder, "uvapadova_s2008_quest_CR_CF_age_TDI.csv", row_ratio);
  adult_count = good ? ADULTS : 0;
  return good;
}

void bench_glucose_adult(int32_t number, double *theta)
{
  memcpy(theta, adult[number].theta, sizeof adult[number].theta);
}

/* ---- one patient ----------------------------------------------------------------------------- */
static void meal(course *c, double t_min, double carbohydrate_g, double bolus_u, double bw_kg)
{
  double mg = 1000 * carbohydrate_g;
  c->event[c->event_count++] = (gm_event){.t = t_min,
                                          .amount = mg,
                                          .rate = 5000,
                                          .port = QSTO1,
                                          .input = -1,
                                          .order = c->event_count,
                                          .kind = GM_EVENT_DOSE};
  c->event[c->event_count++] = (gm_event){.t = t_min,
                                          .amount = bolus_u * 6000 / bw_kg, /* pmol/kg */
                                          .duration = 1,
                                          .port = ISC1,
                                          .input = -1,
                                          .order = c->event_count,
                                          .kind = GM_EVENT_DOSE};
  c->change[c->change_count++] = (gm_switch){.t = t_min, .value = mg, .parameter = D};
}

/* One of the ten adults (or the text's own values) with rates, volumes and basal levels times
 * lognormal(0.1); meals of 45, 70 and 80 g at 7, 12 and 18 h, times by up to half an hour and sizes
 * by lognormal(0.2) apart, each with the bolus that the carbohydrate ratio asks for. */
static void patient(gm_key key, int32_t number, double *theta, course *c)
{
  static const int32_t vary[] = {KMAX, KMIN, KABS, GB, EGPB, VG, K1, K2,  KP2, KP3, VMX, KM0,
                                 KSC,  IB,   VI,   M1, M2,   M4, KI, P2U, KD,  KA1, KA2};
  static const double at_min[] = {420, 720, 1080}, size_g[] = {45, 70, 80};
  double ratio = 12, z[4], u[4];
  if (adult_count) {
    memcpy(theta, adult[number % ADULTS].theta, sizeof adult[0].theta);
    ratio = adult[number % ADULTS].ratio;
  }
  bench_vary(key, number, theta, vary, (int32_t)(sizeof vary / sizeof *vary), 0.1);
  gm_normal4(key, (uint64_t)number, 1, 0, 0, z);
  gm_uniform4(key, (uint64_t)number, 2, 0, 0, u);
  c->event_count = c->change_count = 0;
  for (int i = 0; i < 3; i++) {
    double g = size_g[i] * gm_exp(0.2 * z[i]);
    meal(c, at_min[i] + floor(60 * u[i]) - 30, g, g / ratio, theta[BW]);
  }
}

/* ---- the equations --------------------------------------------------------------------------- */
static void derive(double *p)
{
  double gpb = p[GB] * p[VG];
  p[GTB] = (p[FCNS] - p[EGPB] + p[K1] * gpb) / p[K2];
  p[VM0] = (p[EGPB] - p[FCNS]) * (p[KM0] + p[GTB]) / p[GTB];
  p[KP1] = p[EGPB] + p[KP2] * gpb + p[KP3] * p[IB];
  p[M30] = p[HEB] * p[M1] / (1 - p[HEB]);
  p[IPB] = p[IB] * p[VI];
  p[ILB] = p[M2] * p[IPB] / (p[M1] + p[M30]);
  p[BASAL] = (p[M2] + p[M4]) * p[IPB] - p[M1] * p[ILB];
}

static void initial(const double *p, double *x)
{
  memset(x, 0, NX * sizeof *x);
  x[GP] = x[GS] = p[GB] * p[VG];
  x[GT] = p[GTB];
  x[IP] = p[IPB];
  x[I1] = x[ID] = p[IB];
  x[IL] = p[ILB];
  x[ISC1] = p[BASAL] / (p[KD] + p[KA1]);
  x[ISC2] = p[KD] / p[KA2] * x[ISC1];
}

/* Rate of emptying and its slope in what the stomach holds. */
static double emptying(const double *p, const double *x, double *slope)
{
  double dm = p[D] > 1 ? p[D] : 1, q = x[QSTO1] + x[QSTO2];
  double a = 5 / (2 * dm * (1 - p[B])), c = 5 / (2 * dm * p[DD]), half = (p[KMAX] - p[KMIN]) / 2;
  double up = tanh(a * (q - p[B] * dm)), down = tanh(c * (q - p[DD] * dm));
  if (slope) *slope = half * (a * (1 - up * up) - c * (1 - down * down));
  return p[KMIN] + half * (up - down + 2);
}

static void rates(const double *p, const double *x, double *dx)
{
  double out = emptying(p, x, NULL) * x[QSTO2];
  double egp = p[KP1] - p[KP2] * x[GP] - p[KP3] * x[ID];
  double urine = x[GP] > p[KE2] ? p[KE1] * (x[GP] - p[KE2]) : 0;
  double use = (p[VM0] + p[VMX] * x[X]) * x[GT] / (p[KM0] + x[GT]);
  double there = p[K1] * x[GP] - p[K2] * x[GT], plasma = x[IP] / p[VI];
  dx[QSTO1] = -p[KMAX] * x[QSTO1];
  dx[QSTO2] = p[KMAX] * x[QSTO1] - out;
  dx[QGUT] = out - p[KABS] * x[QGUT];
  dx[GP] = (egp > 0 ? egp : 0) + p[F] * p[KABS] * x[QGUT] / p[BW] - p[FCNS] - urine - there;
  dx[GT] = there - use;
  dx[IP] = p[M1] * x[IL] - (p[M2] + p[M4]) * x[IP] + p[KA1] * x[ISC1] + p[KA2] * x[ISC2];
  dx[X] = p[P2U] * (plasma - p[IB] - x[X]);
  dx[I1] = p[KI] * (plasma - x[I1]);
  dx[ID] = p[KI] * (x[I1] - x[ID]);
  dx[IL] = p[M2] * x[IP] - (p[M1] + p[M30]) * x[IL];
  dx[ISC1] = p[BASAL] - (p[KD] + p[KA1]) * x[ISC1];
  dx[ISC2] = p[KD] * x[ISC1] - p[KA2] * x[ISC2];
  dx[GS] = p[KSC] * (x[GP] - x[GS]);
}

static void set(double *a, int row, int column, double value) { a[row + NX * column] = value; }

static void jacobian_glucose(const double *p, const double *x, double *a)
{
  double slope, k = emptying(p, x, &slope), by_q = slope * x[QSTO2];
  bool makes = p[KP1] - p[KP2] * x[GP] - p[KP3] * x[ID] > 0;
  double room = p[KM0] + x[GT];
  set(a, QSTO1, QSTO1, -p[KMAX]);
  set(a, QSTO2, QSTO1, p[KMAX] - by_q);
  set(a, QSTO2, QSTO2, -k - by_q);
  set(a, QGUT, QSTO1, by_q);
  set(a, QGUT, QSTO2, k + by_q);
  set(a, QGUT, QGUT, -p[KABS]);
  set(a, GP, QGUT, p[F] * p[KABS] / p[BW]);
  set(a, GP, GP, -p[K1] - (makes ? p[KP2] : 0) - (x[GP] > p[KE2] ? p[KE1] : 0));
  set(a, GP, GT, p[K2]);
  set(a, GP, ID, makes ? -p[KP3] : 0);
  set(a, GT, GP, p[K1]);
  set(a, GT, GT, -p[K2] - (p[VM0] + p[VMX] * x[X]) * p[KM0] / (room * room));
  set(a, GT, X, -p[VMX] * x[GT] / room);
  set(a, GS, GP, p[KSC]);
  set(a, GS, GS, -p[KSC]);
}

static void jacobian(const double *p, const double *x, double *a)
{
  jacobian_glucose(p, x, a);
  set(a, IP, IP, -p[M2] - p[M4]);
  set(a, IP, IL, p[M1]);
  set(a, IP, ISC1, p[KA1]);
  set(a, IP, ISC2, p[KA2]);
  set(a, X, IP, p[P2U] / p[VI]);
  set(a, X, X, -p[P2U]);
  set(a, I1, IP, p[KI] / p[VI]);
  set(a, I1, I1, -p[KI]);
  set(a, ID, I1, p[KI]);
  set(a, ID, ID, -p[KI]);
  set(a, IL, IP, p[M2]);
  set(a, IL, IL, -p[M1] - p[M30]);
  set(a, ISC1, ISC1, -p[KD] - p[KA1]);
  set(a, ISC2, ISC1, p[KD]);
  set(a, ISC2, ISC2, -p[KA2]);
}

const problem bench_glucose = {.name = "glucose",
                               .about = "a day of three meals and boluses, UVA/Padova S2008",
                               .patients = 256,
                               .checked = 256,
                               .nx = NX,
                               .np = NP,
                               .ny = NX,
                               .parameter = parameter,
                               .output = output,
                               .sample_count = 288,
                               .sample_first = 5,
                               .t_end = 1440,
                               .cvode_rtol = 1e-6,
                               .cvode_atol = 1e-6,
                               .atol_share = 1e-4,
                               .rms_without_cvode = 6.4e-06,
                               .patient = patient,
                               .derive = derive,
                               .initial = initial,
                               .rates = rates,
                               .jacobian = jacobian};
