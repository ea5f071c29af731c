/* by_cvode.c - the ensembles by CVODE (SUNDIALS): BDF, dense LU, analytic Jacobian. */
#include "ensemble.h"
#ifndef BENCH_CVODE
bool cvode_there(void) { return false; }
const char *cvode_version(void) { return "none"; }
double cvode_run(const ensemble *e, double rtol, double atol, int32_t n, int32_t tries, double *y,
                 double *steps)
{
  (void)e, (void)rtol, (void)atol, (void)n, (void)tries, (void)y;
  *steps = 0;
  return 0;
}
#else
#include <cvode/cvode.h>
#include <nvector/nvector_serial.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sundials/sundials_version.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>

typedef struct {
  const problem *p;
  void *cv;
  N_Vector x;
  double theta[PARAMETER_MAX], rate[STATE_MAX]; /* rate: held input of every state */
  long steps;
} engine;

bool cvode_there(void) { return true; }

const char *cvode_version(void)
{
  static char version[32];
  SUNDIALSGetVersion(version, sizeof version);
  return version;
}

static void must(int flag, const char *what)
{
  if (flag >= 0) return;
  fprintf(stderr, "bench: CVODE: %s failed (%d)\n", what, flag);
  exit(3);
}

static int rhs(double t, N_Vector x, N_Vector f, void *user)
{
  (void)t;
  const engine *e = user;
  double *dx = NV_DATA_S(f);
  e->p->rates(e->theta, NV_DATA_S(x), dx);
  for (int32_t i = 0; i < e->p->nx; i++) dx[i] += e->rate[i];
  return 0;
}

static int jacobian(double t, N_Vector x, N_Vector f, SUNMatrix a, void *user, N_Vector t1,
                    N_Vector t2, N_Vector t3)
{
  (void)t, (void)f, (void)t1, (void)t2, (void)t3;
  const engine *e = user;
  e->p->jacobian(e->theta, NV_DATA_S(x), SM_DATA_D(a));
  return 0;
}

/* Steps since the last restart, which sets CVODE's own count to 0. */
static long steps_now(const engine *e)
{
  long steps = 0;
  must(CVodeGetNumSteps(e->cv, &steps), "CVodeGetNumSteps");
  return steps;
}

static void restart(engine *e, double t, double stop)
{
  e->steps += steps_now(e);
  must(CVodeReInit(e->cv, t, e->x), "CVodeReInit");
  must(CVodeSetStopTime(e->cv, stop), "CVodeSetStopTime");
}

static void meet(engine *e, const gm_edge *edge)
{
  double *x = NV_DATA_S(e->x);
  switch (edge->kind) {
  case GM_EDGE_BOLUS: x[edge->port] += edge->value; break;
  case GM_EDGE_RATE: e->rate[edge->port] = edge->value; break;
  case GM_EDGE_PARAMETER:
    e->theta[edge->port] = edge->value;
    if (e->p->derive) e->p->derive(e->theta);
    break;
  default: must(-1, "an edge of this kind"); break;
  }
}

/* Without an edge a time beyond the end, so that no step is cut there. */
static double next_edge(const gm_timeline *line, int32_t edge, double t_end)
{
  return edge < line->edge_count ? line->edge[edge].t : 2 * t_end;
}

/* One patient; y[samples][outputs]. */
static void trajectory(engine *e, const gm_timeline *line, double *y)
{
  const problem *p = e->p;
  double t = 0, *x = NV_DATA_S(e->x);
  if (p->derive) p->derive(e->theta);
  p->initial(e->theta, x);
  memset(e->rate, 0, sizeof e->rate);
  int32_t edge = 0;
  double stop = next_edge(line, 0, p->t_end);
  restart(e, 0, stop);
  for (int32_t s = 0; s < p->sample_count; s++) {
    double at = line->sample[s];
    while (stop <= at) {
      if (stop > t) must(CVode(e->cv, stop, e->x, &t, CV_NORMAL), "CVode");
      for (t = stop; edge < line->edge_count && line->edge[edge].t == t; edge++)
        meet(e, &line->edge[edge]);
      stop = next_edge(line, edge, p->t_end);
      restart(e, t, stop);
    }
    if (at > t) must(CVode(e->cv, at, e->x, &t, CV_NORMAL), "CVode");
    if (p->outputs)
      p->outputs(e->theta, x, y + (ptrdiff_t)s * p->ny);
    else
      memcpy(y + (ptrdiff_t)s * p->ny, x, (size_t)p->nx * sizeof *x);
  }
}

static void first(engine *e, double rtol, double atol, SUNLinearSolver solver, SUNMatrix a)
{
  must(CVodeInit(e->cv, rhs, 0, e->x), "CVodeInit");
  must(CVodeSStolerances(e->cv, rtol, atol), "CVodeSStolerances");
  must(CVodeSetUserData(e->cv, e), "CVodeSetUserData");
  must(CVodeSetLinearSolver(e->cv, solver, a), "CVodeSetLinearSolver");
  must(CVodeSetJacFn(e->cv, jacobian), "CVodeSetJacFn");
  must(CVodeSetMaxNumSteps(e->cv, 10000000), "CVodeSetMaxNumSteps");
  /* It warns where a restart with a tiny atol takes steps below the last digit of t. */
  must(CVodeSetErrFile(e->cv, NULL), "CVodeSetErrFile");
}

static double once(engine *e, const ensemble *all, int32_t n, double *y)
{
  const problem *p = e->p;
  double begin = bench_cpu_s();
  e->steps = -steps_now(e); /* those of the run before */
  for (int32_t m = 0; m < n; m++) {
    for (int32_t i = 0; i < p->np; i++) e->theta[i] = all->theta[(ptrdiff_t)i * p->patients + m];
    trajectory(e, &all->timeline[m], y + (ptrdiff_t)m * p->sample_count * p->ny);
  }
  e->steps += steps_now(e);
  return bench_cpu_s() - begin;
}

double cvode_run(const ensemble *all, double rtol, double atol, int32_t n, int32_t tries, double *y,
                 double *steps)
{
  SUNContext sun;
  must(SUNContext_Create(NULL, &sun), "SUNContext_Create");
  engine e = {.p = all->p, .cv = CVodeCreate(CV_BDF, sun), .x = N_VNew_Serial(all->p->nx, sun)};
  N_VConst(0, e.x);
  SUNMatrix a = SUNDenseMatrix(all->p->nx, all->p->nx, sun);
  SUNLinearSolver solver = SUNLinSol_Dense(e.x, a, sun);
  first(&e, rtol, atol, solver, a);
  double best = 0;
  for (int32_t i = 0; i < tries; i++) {
    double used = once(&e, all, n, y);
    if (i == 0 || used < best) best = used;
  }
  *steps = (double)e.steps / n;
  CVodeFree(&e.cv);
  SUNLinSolFree(solver);
  SUNMatDestroy(a);
  N_VDestroy(e.x);
  SUNContext_Free(&sun);
  return best;
}
#endif
