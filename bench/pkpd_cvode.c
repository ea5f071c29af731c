/* pkpd_cvode.c - the same PK/PD benchmark by CVODE (SUNDIALS), one problem a patient, restarted at
 * every dose: the class of solver (variable-order multistep) that mrgsolve and rxode2 use.
 * Patients are drawn from the same laws. usage: pkpd_cvode [patients] */
#include <cvode/cvode.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#include <time.h>

enum { HOURS = 673, DOSES = 28 };
typedef struct {
  double ka, cl, v, ic50;
} patient;

static uint64_t seed = 12345;
static double uniform(void)
{
  seed = seed * 6364136223846793005u + 1442695040888963407u;
  return ((double)(seed >> 11) + 0.5) / 9007199254740992.0;
}
static double normal(void)
{
  return sqrt(-2 * log(uniform())) * cos(6.283185307179586 * uniform());
}

static int rhs(double t, N_Vector y, N_Vector f, void *user)
{
  (void)t;
  const patient *p = user;
  const double *x = N_VGetArrayPointer(y);
  double *d = N_VGetArrayPointer(f), c = x[1] / p->v;
  d[0] = -p->ka * x[0];
  d[1] = p->ka * x[0] - (p->cl + 8) * c + 8.0 / 80 * x[2];
  d[2] = 8 * c - 8.0 / 80 * x[2];
  d[3] = 10 * (1 - 0.9 * c / (p->ic50 + c)) - 0.1 * x[3];
  return 0;
}

/* Hourly outputs of one patient; doses of 100 at 0.25, 24.25, ... */
static void run(void *cv, N_Vector y, patient *p, double rtol, double atol, double out[HOURS][2])
{
  double *x = N_VGetArrayPointer(y), t;
  x[0] = x[1] = x[2] = 0;
  x[3] = 100;
  CVodeSetUserData(cv, p);
  CVodeSStolerances(cv, rtol, atol);
  CVodeReInit(cv, 0, y);
  for (int h = 0, dose = 0; h < HOURS; h++) {
    double next = dose < DOSES ? 24.0 * dose + 0.25 : 1e9;
    if (h > next) {
      CVodeSetStopTime(cv, next);
      CVode(cv, next, y, &t, CV_NORMAL);
      x[0] += 100;
      dose++;
      CVodeReInit(cv, next, y);
      CVodeSetStopTime(cv, dose < DOSES ? 24.0 * dose + 0.25 : 672);
    }
    if (h > 0) CVode(cv, h, y, &t, CV_NORMAL);
    out[h][0] = x[1] / p->v;
    out[h][1] = x[3];
  }
}

int main(int argc, char **argv)
{
  int n = argc > 1 ? atoi(argv[1]) : 500;
  SUNContext sun;
  SUNContext_Create(NULL, &sun);
  N_Vector y = N_VNew_Serial(4, sun);
  SUNMatrix a = SUNDenseMatrix(4, 4, sun);
  void *cv = CVodeCreate(CV_BDF, sun);
  patient dummy = {1, 5, 50, 1};
  CVodeInit(cv, rhs, 0, y);
  CVodeSStolerances(cv, 1e-8, 1e-10);
  CVodeSetUserData(cv, &dummy);
  CVodeSetLinearSolver(cv, SUNLinSol_Dense(y, a, sun), a);
  CVodeSetMaxNumSteps(cv, 1000000);
  static double out[HOURS][2], ref[HOURS][2];
  double worst[2] = {0, 0}, used = 0;
  for (int i = 0; i < n; i++) {
    patient p = {1.2 * exp(.5 * normal()), 5 * exp(.3 * normal()), 50 * exp(.2 * normal()),
                 exp(.3 * normal())};
    clock_t begin = clock();
    run(cv, y, &p, 1e-8, 1e-8, out);
    used += (double)(clock() - begin) / CLOCKS_PER_SEC;
    if (i >= 50) continue;
    run(cv, y, &p, 1e-13, 1e-13, ref);
    for (int h = 1; h < HOURS; h++)
      for (int k = 0; k < 2; k++)
        worst[k] = fmax(worst[k], fabs(out[h][k] - ref[h][k]) / fabs(ref[h][k]));
  }
  printf("pkpd: %d patients, CVODE BDF rtol 1e-8: %.3f CPU s, %.1f us a patient (10,000: %.2f s); "
         "largest relative error CP %.2e, RESP %.2e\n",
         n, used, 1e6 * used / n, 1e4 * used / n, worst[0], worst[1]);
  return 0;
}
