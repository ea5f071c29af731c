/* lane_sundials.c - CVODE (BDF) and IDA with dense matrices (SUNDIALS 6: A. C. Hindmarsh et al.,
 * ACM Trans. Math. Softw. 31:363 (2005); D. J. Gardner et al., ACM Trans. Math. Softw. 48:31
 * (2022)). */
#include "kinds/equations/lane_sundials.h"
#include <stddef.h>
#ifndef GEMEL_WITH_SUNDIALS
const char *lane_sundials_version(void) { return NULL; }

gm_status lane_sundials_new(gm_ctx *ctx, int32_t nx, const bool *algebraic, lane_sundials **out)
{
  (void)ctx, (void)nx, (void)algebraic;
  *out = NULL;
  return GM_OK;
}

void lane_sundials_free(lane_sundials *s) { (void)s; }

double *lane_sundials_state(lane_sundials *s)
{
  (void)s;
  return NULL;
}

double *lane_sundials_atol(lane_sundials *s)
{
  (void)s;
  return NULL;
}

bool lane_sundials_begin(lane_sundials *s, const lane_sundials_model *model, double t, double first,
                         double rtol)
{
  (void)s, (void)model, (void)t, (void)first, (void)rtol;
  return false;
}

bool lane_sundials_step(lane_sundials *s, double t_stop, double *t)
{
  (void)s, (void)t_stop, (void)t;
  return false;
}

const double *lane_sundials_at(lane_sundials *s, double t)
{
  (void)s, (void)t;
  return NULL;
}
#else
#include <cvode/cvode.h>
#include <ida/ida.h>
#include <math.h>
#include <nvector/nvector_serial.h>
#include <sundials/sundials_config.h>
#include <sunlinsol/sunlinsol_dense.h>
#include <sunmatrix/sunmatrix_dense.h>
#if SUNDIALS_VERSION_MAJOR != 6 || !defined(SUNDIALS_DOUBLE_PRECISION)
#error "SUNDIALS 6 in double precision is expected; configure with -DGEMEL_SUNDIALS=OFF"
#endif

/* More patience within a step than the library's 7 to 10: there is no other method behind this. */
enum { FAILURES_IN_STEP_MAX = 20 };

struct lane_sundials {
  const lane_sundials_model *model;
  SUNContext sun;
  void *cvode, *ida; /* one of them */
  N_Vector x, slope, atol, inside;
  SUNMatrix matrix;
  SUNLinearSolver linear;
  int32_t nx;
  bool *algebraic; /* [nx] */
};

const char *lane_sundials_version(void) { return SUNDIALS_VERSION; }

static double *data(N_Vector v) { return N_VGetArrayPointer(v); }

/* ---- what the library calls ------------------------------------------------------------------ */
/* Return values: 0 good, 1 try a shorter step. */
static int rates(realtype t, N_Vector x, N_Vector f, void *user)
{
  const lane_sundials_model *model = ((lane_sundials *)user)->model;
  return model->rates(model->user, t, data(x), data(f)) ? 0 : 1;
}

/* f - M x' */
static int residual(realtype t, N_Vector x, N_Vector slope, N_Vector out, void *user)
{
  const lane_sundials *s = user;
  if (rates(t, x, out, user)) return 1;
  for (int32_t i = 0; i < s->nx; i++)
    if (!s->algebraic[i]) data(out)[i] -= data(slope)[i];
  return 0;
}

static bool column_is_finite(const double *column, int32_t n)
{
  for (int32_t i = 0; i < n; i++)
    if (!isfinite(column[i])) return false;
  return true;
}

/* Column j as differences. x comes back as it was. */
static bool column_by_differences(const lane_sundials *s, double t, double *x, int32_t j,
                                  const double *f, double *moved, double *column)
{
  const lane_sundials_model *model = s->model;
  double kept = x[j], step = fmax(1.5e-8 * fabs(kept), data(s->atol)[j]);
  x[j] = kept + step;
  step = x[j] - kept;
  bool good = model->rates(model->user, t, x, moved);
  x[j] = kept;
  for (int32_t i = 0; i < s->nx; i++) column[i] = (moved[i] - f[i]) / step;
  return good && column_is_finite(column, s->nx);
}

/* The Jacobian, by columns. A column that is not finite (x^0.5 at 0) is taken as differences: this
 * method, other than the lanes' own, needs no exact one. */
static int jacobian(lane_sundials *s, double t, N_Vector x, N_Vector f, N_Vector moved)
{
  const lane_sundials_model *model = s->model;
  int32_t n = s->nx;
  double *a = SUNDenseMatrix_Data(s->matrix);
  bool f_known = false;
  SUNMatZero(s->matrix);
  model->jacobian(model->user, t, data(x), a);
  for (int32_t j = 0; j < n; j++) {
    double *column = a + (ptrdiff_t)j * n;
    if (column_is_finite(column, n)) continue;
    if (!f_known && !model->rates(model->user, t, data(x), data(f))) return 1;
    f_known = true;
    if (!column_by_differences(s, t, data(x), j, data(f), data(moved), column)) return 1;
  }
  return 0;
}

/* 1 - gamma J. (With a function of this kind CVODE keeps no matrix of its own beside this one.) */
static int cvode_system(realtype t, N_Vector x, N_Vector f, SUNMatrix a, booleantype again,
                        booleantype *fresh, realtype gamma, void *user, N_Vector t1, N_Vector t2,
                        N_Vector t3)
{
  (void)f, (void)again, (void)t3;
  lane_sundials *s = user;
  *fresh = SUNTRUE;
  return jacobian(s, t, x, t1, t2) || SUNMatScaleAddI(-gamma, a) ? 1 : 0;
}

/* J - c M */
static int ida_system(realtype t, realtype c, N_Vector x, N_Vector slope, N_Vector f, SUNMatrix a,
                      void *user, N_Vector t1, N_Vector t2, N_Vector t3)
{
  (void)slope, (void)f, (void)t3;
  lane_sundials *s = user;
  if (jacobian(s, t, x, t1, t2)) return 1;
  for (int32_t i = 0; i < s->nx; i++)
    if (!s->algebraic[i]) SUNDenseMatrix_Data(a)[(ptrdiff_t)i * s->nx + i] -= c;
  return 0;
}

/* Its messages are of no use to anybody: what became of a member is in its status. */
static void silent(int code, const char *module, const char *function, char *message, void *user)
{
  (void)code, (void)module, (void)function, (void)message, (void)user;
}

/* ---- making ---------------------------------------------------------------------------------- */
static bool cvode_make(lane_sundials *s)
{
  s->cvode = CVodeCreate(CV_BDF, s->sun);
  return s->cvode && !CVodeSetErrHandlerFn(s->cvode, silent, NULL) &&
         !CVodeInit(s->cvode, rates, 0, s->x) && !CVodeSVtolerances(s->cvode, 1e-6, s->atol) &&
         !CVodeSetUserData(s->cvode, s) && !CVodeSetLinearSolver(s->cvode, s->linear, s->matrix) &&
         !CVodeSetLinSysFn(s->cvode, cvode_system) &&
         !CVodeSetMaxErrTestFails(s->cvode, FAILURES_IN_STEP_MAX) &&
         !CVodeSetMaxConvFails(s->cvode, FAILURES_IN_STEP_MAX);
}

static bool ida_make(lane_sundials *s)
{
  s->ida = IDACreate(s->sun);
  return s->ida && !IDASetErrHandlerFn(s->ida, silent, NULL) &&
         !IDAInit(s->ida, residual, 0, s->x, s->slope) && !IDASVtolerances(s->ida, 1e-6, s->atol) &&
         !IDASetUserData(s->ida, s) && !IDASetLinearSolver(s->ida, s->linear, s->matrix) &&
         !IDASetJacFn(s->ida, ida_system) && !IDASetMaxErrTestFails(s->ida, FAILURES_IN_STEP_MAX) &&
         !IDASetMaxConvFails(s->ida, FAILURES_IN_STEP_MAX);
}

static bool parts_make(lane_sundials *s)
{
  bool any = false;
  for (int32_t i = 0; i < s->nx; i++) any = any || s->algebraic[i];
  if (SUNContext_Create(NULL, &s->sun)) return false;
  N_Vector *vector[] = {&s->x, &s->slope, &s->atol, &s->inside};
  for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++) {
    *vector[i] = N_VNew_Serial(s->nx, s->sun);
    if (!*vector[i]) return false;
    N_VConst(i == 2 ? 1 : 0, *vector[i]);
  }
  s->matrix = SUNDenseMatrix(s->nx, s->nx, s->sun);
  if (!s->matrix) return false;
  s->linear = SUNLinSol_Dense(s->x, s->matrix, s->sun);
  return s->linear && (any ? ida_make(s) : cvode_make(s));
}

gm_status lane_sundials_new(gm_ctx *ctx, int32_t nx, const bool *algebraic, lane_sundials **out)
{
  lane_sundials *s = gm_alloc(ctx, 1, sizeof *s);
  if (s) s->algebraic = gm_alloc(ctx, nx + 1, sizeof *s->algebraic);
  bool good = s && s->algebraic;
  if (good) {
    s->nx = nx;
    for (int32_t i = 0; i < nx; i++) s->algebraic[i] = algebraic[i];
    good = parts_make(s);
  }
  if (!good) {
    lane_sundials_free(s);
    return gm_fail(ctx, GM_ENOMEM, "CVODE or IDA for %d states", (int)nx);
  }
  *out = s;
  return GM_OK;
}

void lane_sundials_free(lane_sundials *s)
{
  if (!s) return;
  if (s->cvode) CVodeFree(&s->cvode);
  if (s->ida) IDAFree(&s->ida);
  if (s->linear) SUNLinSolFree(s->linear);
  if (s->matrix) SUNMatDestroy(s->matrix);
  N_Vector vector[] = {s->x, s->slope, s->atol, s->inside};
  for (size_t i = 0; i < sizeof vector / sizeof vector[0]; i++)
    if (vector[i]) N_VDestroy(vector[i]);
  if (s->sun) SUNContext_Free(&s->sun);
  gm_free(s->algebraic);
  gm_free(s);
}

/* ---- running --------------------------------------------------------------------------------- */
double *lane_sundials_state(lane_sundials *s) { return data(s->x); }
double *lane_sundials_atol(lane_sundials *s) { return data(s->atol); }

/* Slopes of the algebraic states are not in the equations: 0 will do, until there are two steps. */
static bool ida_begin(lane_sundials *s, double t, double first, double rtol)
{
  double *slope = data(s->slope);
  if (!s->model->rates(s->model->user, t, data(s->x), slope)) return false;
  for (int32_t i = 0; i < s->nx; i++)
    if (s->algebraic[i]) slope[i] = 0;
  return !IDASVtolerances(s->ida, rtol, s->atol) && !IDAReInit(s->ida, t, s->x, s->slope) &&
         !IDASetInitStep(s->ida, first);
}

bool lane_sundials_begin(lane_sundials *s, const lane_sundials_model *model, double t, double first,
                         double rtol)
{
  s->model = model;
  if (s->ida) return ida_begin(s, t, first, rtol);
  return !CVodeSVtolerances(s->cvode, rtol, s->atol) && !CVodeReInit(s->cvode, t, s->x) &&
         !CVodeSetInitStep(s->cvode, first);
}

bool lane_sundials_step(lane_sundials *s, double t_stop, double *t)
{
  int flag;
  if (s->ida) {
    if (IDASetStopTime(s->ida, t_stop)) return false;
    flag = IDASolve(s->ida, t_stop, t, s->x, s->slope, IDA_ONE_STEP);
  } else {
    if (CVodeSetStopTime(s->cvode, t_stop)) return false;
    flag = CVode(s->cvode, t_stop, s->x, t, CV_ONE_STEP);
  }
  return flag >= 0 && column_is_finite(data(s->x), s->nx);
}

const double *lane_sundials_at(lane_sundials *s, double t)
{
  int flag = s->ida ? IDAGetDky(s->ida, t, 0, s->inside) : CVodeGetDky(s->cvode, t, 0, s->inside);
  return flag ? NULL : data(s->inside);
}
#endif
