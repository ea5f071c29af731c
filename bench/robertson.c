/* robertson.c - Robertson's kinetics in C (sources: models/robertson.ant). */
#include "problem.h"

enum { K1, K2, K3, NP };
enum { NX = 3 };

static const char *const parameter[NP] = {"k1", "k2", "k3"};
static const gm_eq_output output[NX] = {{.name = "A", .expression = "A"},
                                        {.name = "B", .expression = "B"},
                                        {.name = "C", .expression = "C"}};
static const double sample[] = {0.4, 4, 40, 400, 4e3, 4e4};

static void patient(gm_key key, int32_t number, double *theta, course *c)
{
  static const int32_t vary[] = {K1, K2, K3};
  c->event_count = c->change_count = 0;
  bench_vary(key, number, theta, vary, 3, 0.2);
}

static void initial(const double *theta, double *x)
{
  (void)theta;
  x[0] = 1;
  x[1] = x[2] = 0;
}

static void rates(const double *p, const double *x, double *dx)
{
  double first = p[K1] * x[0], back = p[K3] * x[1] * x[2], pair = p[K2] * x[1] * x[1];
  dx[0] = back - first;
  dx[1] = first - back - pair;
  dx[2] = pair;
}

static void jacobian(const double *p, const double *x, double *a)
{
  a[0] = -p[K1];
  a[1] = p[K1];
  a[3] = p[K3] * x[2];
  a[5] = 2 * p[K2] * x[1];
  a[4] = -a[3] - a[5];
  a[6] = p[K3] * x[1];
  a[7] = -a[6];
}

const problem bench_robertson = {.name = "robertson",
                                 .about = "chemical kinetics",
                                 .stiff = true,
                                 .patients = 256,
                                 .checked = 256,
                                 .nx = NX,
                                 .np = NP,
                                 .ny = NX,
                                 .parameter = parameter,
                                 .output = output,
                                 .sample = sample,
                                 .sample_count = 6,
                                 .t_end = 4e4,
                                 .cvode_rtol = 1e-6,
                                 .cvode_atol = 1e-12,
                                 .atol_share = 1e-5,
                                 .rms_without_cvode = 3.7e-06,
                                 .patient = patient,
                                 .initial = initial,
                                 .rates = rates,
                                 .jacobian = jacobian};
