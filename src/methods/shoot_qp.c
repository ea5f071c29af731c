/* shoot_qp.c - small dense convex quadratic programs: the dual active-set method of D. Goldfarb &
 * A. Idnani, Math. Program. 27 (1983) 1. J with J'GJ = I and the triangle R of the active normals
 * are kept up by Givens rotations. */
#include "methods/shoot_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

static const double TOLERANCE = 1e-11, DEPENDENT = 1e-18;

typedef struct {
  const gm__qp *q;
  int32_t n, all, count; /* count: active ones */
  double *j, *r, *x;     /* [n][n] columns of J, R upper, point */
  double *u, *d, *z, *t; /* multipliers of the active ones; scratch */
  double *normal;
  int32_t *active; /* [n + 1] number of constraint */
  double *sign;    /* [n + 1] -1: an equation met from above */
  bool *is_active; /* [all] */
} dual;

static gm_status dual_new(gm_ctx *ctx, const gm__qp *q, dual *a)
{
  int32_t n = q->n;
  *a = (dual){.q = q, .n = n, .all = 2 * n + q->row_count};
  double *mem = gm_alloc(ctx, (ptrdiff_t)2 * n * n + (ptrdiff_t)8 * (n + 1), sizeof *mem);
  a->j = mem;
  a->active = gm_alloc(ctx, n + 1, sizeof *a->active);
  a->is_active = gm_alloc(ctx, a->all, sizeof *a->is_active);
  if (!mem || !a->active || !a->is_active) return gm_fail(ctx, GM_ENOMEM, "quadratic program");
  a->r = mem + (ptrdiff_t)n * n;
  double *at = a->r + (ptrdiff_t)n * n;
  double **part[] = {&a->x, &a->u, &a->d, &a->z, &a->t, &a->normal, &a->sign};
  for (int32_t i = 0; i < 7; i++, at += n + 1) *part[i] = at;
  return GM_OK;
}

static void dual_free(dual *a)
{
  gm_free(a->j);
  gm_free(a->active);
  gm_free(a->is_active);
}

static double slack(const dual *a, int32_t k)
{
  const gm__qp *q = a->q;
  if (k < a->n) return a->x[k] - q->lower[k];
  if (k < 2 * a->n) return q->upper[k - a->n] - a->x[k - a->n];
  k -= 2 * a->n;
  return gm_la_dot(a->n, q->c + (ptrdiff_t)k * a->n, a->x) + q->v[k];
}

static bool is_equation(const dual *a, int32_t k)
{
  return k >= 2 * a->n && k < 2 * a->n + a->q->equal_count;
}

static void normal_of(const dual *a, int32_t k, double sign, double *normal)
{
  memset(normal, 0, (size_t)a->n * sizeof *normal);
  if (k < a->n)
    normal[k] = sign;
  else if (k < 2 * a->n)
    normal[k - a->n] = -sign;
  else
    for (int32_t i = 0; i < a->n; i++)
      normal[i] = sign * a->q->c[(ptrdiff_t)(k - 2 * a->n) * a->n + i];
}

/* Size against which a violation counts. */
static double row_size(const dual *a, int32_t k)
{
  if (k < 2 * a->n) return 1;
  const double *c = a->q->c + (ptrdiff_t)(k - 2 * a->n) * a->n;
  return 1 + gm_la_norm(a->n, c) + fabs(a->q->v[k - 2 * a->n]);
}

/* The most violated constraint, equations first; -1: none. */
static int32_t pick(const dual *a, double *slack_out)
{
  int32_t best = -1;
  double worst = -TOLERANCE;
  for (int32_t r = 0; r < a->all; r++) {
    int32_t k = (r + 2 * a->n) % a->all;
    if (a->is_active[k]) continue;
    double s = slack(a, k), v = (is_equation(a, k) ? -fabs(s) : s) / row_size(a, k);
    if (v < worst) {
      worst = v;
      best = k;
      *slack_out = s;
      if (is_equation(a, k)) return best;
    }
  }
  return best;
}

static void rotate(double *p, double *q, ptrdiff_t stride, int32_t count, double c, double s)
{
  for (int32_t i = 0; i < count; i++, p += stride, q += stride) {
    double x = *p, y = *q;
    *p = c * x + s * y;
    *q = c * y - s * x;
  }
}

static void add(dual *a, int32_t k, double sign)
{
  const int32_t n = a->n;
  for (int32_t i = n - 1; i > a->count; i--) {
    double h = hypot(a->d[i - 1], a->d[i]);
    if (h == 0) continue;
    double c = a->d[i - 1] / h, s = a->d[i] / h;
    a->d[i - 1] = h;
    a->d[i] = 0;
    rotate(a->j + i - 1, a->j + i, n, n, c, s);
  }
  for (int32_t i = 0; i <= a->count; i++) a->r[(ptrdiff_t)i * n + a->count] = a->d[i];
  a->active[a->count] = k;
  a->sign[a->count++] = sign;
  a->is_active[k] = true;
}

static void drop(dual *a, int32_t l)
{
  const int32_t n = a->n;
  a->is_active[a->active[l]] = false;
  a->count--;
  for (int32_t k = l; k < a->count; k++) {
    a->active[k] = a->active[k + 1];
    a->sign[k] = a->sign[k + 1];
    for (int32_t i = 0; i <= k + 1; i++)
      a->r[(ptrdiff_t)i * n + k] = a->r[(ptrdiff_t)i * n + k + 1];
  }
  for (int32_t k = l; k <= a->count; k++) a->u[k] = a->u[k + 1];
  for (int32_t k = l; k < a->count; k++) {
    double *r = a->r + (ptrdiff_t)k * n + k, h = hypot(r[0], r[n]);
    if (h == 0) continue;
    double c = r[0] / h, s = r[n] / h;
    rotate(r, r + n, 1, a->count - k, c, s);
    r[n] = 0;
    rotate(a->j + k, a->j + k + 1, n, n, c, s);
  }
}

/* d = J'normal, z the step in the null space, t = R^-1 d; the squared length of z's part. */
static double directions(dual *a)
{
  const int32_t n = a->n, count = a->count;
  gm_la_tmul_vec(n, n, a->j, a->normal, a->d);
  double inner = 0;
  for (int32_t k = count; k < n; k++) inner += a->d[k] * a->d[k];
  for (int32_t i = 0; i < n; i++) {
    a->z[i] = 0;
    for (int32_t k = count; k < n; k++) a->z[i] += a->j[(ptrdiff_t)i * n + k] * a->d[k];
  }
  for (int32_t i = count - 1; i >= 0; i--) {
    double s = a->d[i];
    for (int32_t k = i + 1; k < count; k++) s -= a->r[(ptrdiff_t)i * n + k] * a->t[k];
    a->t[i] = s / a->r[(ptrdiff_t)i * n + i];
  }
  return inner <= DEPENDENT * gm_la_dot(n, a->d, a->d) ? 0 : inner;
}

/* Brings constraint k in; false: it contradicts the others. */
static bool enter(dual *a, int32_t k, double s)
{
  const double sign = is_equation(a, k) && s > 0 ? -1 : 1;
  normal_of(a, k, sign, a->normal);
  a->u[a->count] = 0;
  for (;;) {
    double inner = directions(a), most = INFINITY;
    int32_t leaves = -1;
    for (int32_t i = 0; i < a->count; i++)
      if (!is_equation(a, a->active[i]) && a->t[i] > 0 && a->u[i] / a->t[i] < most) {
        most = a->u[i] / a->t[i];
        leaves = i;
      }
    double full = inner > 0 ? fmax(0, -sign * slack(a, k) / inner) : INFINITY;
    double step = fmin(most, full);
    if (!isfinite(step)) return false;
    if (isfinite(full))
      for (int32_t i = 0; i < a->n; i++) a->x[i] += step * a->z[i];
    for (int32_t i = 0; i < a->count; i++) a->u[i] -= step * a->t[i];
    a->u[a->count] += step;
    if (full <= most) {
      add(a, k, sign);
      return true;
    }
    drop(a, leaves);
  }
}

/* J = L^-T and the unconstrained minimum. */
static gm_status begin(gm_ctx *ctx, dual *a)
{
  const int32_t n = a->n;
  if (gm__la_cholesky(n, a->q->hessian, a->r))
    return gm_fail(ctx, GM_ENUMERIC, "quadratic program: the Hessian is not positive definite");
  for (int32_t k = 0; k < n; k++) {
    memset(a->d, 0, (size_t)n * sizeof *a->d);
    a->d[k] = 1;
    gm_la_solve_lower_t(n, a->r, a->d, a->d);
    for (int32_t i = 0; i < n; i++) a->j[(ptrdiff_t)i * n + k] = a->d[i];
  }
  gm_la_solve_cholesky(n, a->r, a->q->gradient, a->x);
  for (int32_t i = 0; i < n; i++) a->x[i] = -a->x[i];
  memset(a->r, 0, (size_t)n * (size_t)n * sizeof *a->r);
  return GM_OK;
}

gm_status gm__qp_solve(gm_ctx *ctx, const gm__qp *q, double *x, double *price, bool *infeasible)
{
  dual a;
  gm_status st = dual_new(ctx, q, &a);
  if (!st) st = begin(ctx, &a);
  bool clash = false;
  int32_t left = 20 * a.all + 100;
  while (!st && !clash) {
    double s;
    int32_t k = pick(&a, &s);
    if (k < 0) break;
    /* all n dimensions taken and still violated within rounding: directions() says so */
    if (!left--) st = gm_fail(ctx, GM_ENUMERIC, "quadratic program: no end");
    if (!st) clash = !enter(&a, k, s);
  }
  if (!st) {
    memcpy(x, a.x, (size_t)q->n * sizeof *x);
    memset(price, 0, (size_t)a.all * sizeof *price);
    for (int32_t i = 0; i < a.count; i++) price[a.active[i]] = a.sign[i] * a.u[i];
    *infeasible = clash;
  }
  dual_free(&a);
  return st;
}
