/* root.c - Brent's methods. R. P. Brent, Algorithms for Minimization without Derivatives,
 * Prentice-Hall 1973, chapters 4 (zero) and 5 (local minimum). */
#include "num/root.h"
#include <assert.h>
#include <float.h>
#include <math.h>

enum { ITERATIONS_MAX = 400, WIDENINGS_MAX = 200 };

static gm_status value_at(gm_ctx *ctx, gm_scalar_f *f, void *user, double x, double *y)
{
  gm_status s = f(user, x, y);
  if (s) return s;
  if (isnan(*y)) return gm_fail(ctx, GM_ENUMERIC, "function is NaN at %.17g", x);
  return GM_OK;
}

static bool signs_differ(double a, double b) { return (a <= 0 && b >= 0) || (a >= 0 && b <= 0); }

typedef struct {
  double a, fa; /* the iterate before b                         */
  double b, fb; /* the best so far                              */
  double c, fc; /* on the other side of the root than b         */
  double d, e;  /* the last step and the one before             */
} zero_state;

/* Makes b the better end and c the opposite one. */
static void zero_order(zero_state *z)
{
  if ((z->fb > 0) == (z->fc > 0)) {
    z->c = z->a, z->fc = z->fa;
    z->d = z->e = z->b - z->a;
  }
  if (fabs(z->fc) < fabs(z->fb)) {
    z->a = z->b, z->b = z->c, z->c = z->a;
    z->fa = z->fb, z->fb = z->fc, z->fc = z->fa;
  }
}

/* The next step: inverse quadratic or secant when it is trusted, else half the bracket. */
static void zero_step(zero_state *z, double tol)
{
  double m = 0.5 * (z->c - z->b);
  if (fabs(z->e) < tol || fabs(z->fa) <= fabs(z->fb) || isinf(z->fa) || isinf(z->fc)) {
    z->d = z->e = m;
    return;
  }
  double s = z->fb / z->fa, p, q;
  if (z->a == z->c) {
    p = 2 * m * s;
    q = 1 - s;
  } else {
    double u = z->fa / z->fc, r = z->fb / z->fc;
    p = s * (2 * m * u * (u - r) - (z->b - z->a) * (r - 1));
    q = (u - 1) * (r - 1) * (s - 1);
  }
  if (p > 0) q = -q;
  p = fabs(p);
  if (2 * p < fmin(3 * m * q - fabs(tol * q), fabs(z->e * q))) {
    z->e = z->d;
    z->d = p / q;
  } else {
    z->d = z->e = m;
  }
}

gm_status gm_root_brent(gm_ctx *ctx, gm_scalar_f *f, void *user, double a, double b,
                        double tolerance, double *x)
{
  assert(f && x && tolerance >= 0);
  zero_state z = {.a = a, .b = b};
  gm_status s = value_at(ctx, f, user, a, &z.fa);
  if (!s) s = value_at(ctx, f, user, b, &z.fb);
  if (s) return s;
  if (!signs_differ(z.fa, z.fb))
    return gm_fail(ctx, GM_ERANGE, "no change of sign: f(%.9g) = %g and f(%.9g) = %g", a, z.fa, b,
                   z.fb);
  if (z.fa == 0) {
    *x = a;
    return GM_OK;
  }
  z.c = z.b, z.fc = z.fb;
  for (int32_t i = 0; i < ITERATIONS_MAX; i++) {
    zero_order(&z);
    double tol = 2 * DBL_EPSILON * fabs(z.b) + 0.5 * tolerance + DBL_MIN;
    if (z.fb == 0 || fabs(0.5 * (z.c - z.b)) <= tol) {
      *x = z.b;
      return GM_OK;
    }
    zero_step(&z, tol);
    double m = 0.5 * (z.c - z.b);
    z.a = z.b, z.fa = z.fb;
    z.b += fabs(z.d) > tol ? z.d : copysign(tol, m);
    s = value_at(ctx, f, user, z.b, &z.fb);
    if (s) return s;
  }
  return gm_fail(ctx, GM_ENUMERIC, "no root after %d steps between %.9g and %.9g", ITERATIONS_MAX,
                 a, b);
}

typedef struct {
  double low, high;    /* limits */
  double l, fl, r, fr; /* the bracket */
} bracket;

/* Widens on the side of the smaller value, or the one with room left. *stuck: neither has. */
static gm_status widen(gm_ctx *ctx, gm_scalar_f *f, void *user, bracket *k, bool *stuck)
{
  const double golden = 1.618033988749895;
  bool left = k->r >= k->high || (fabs(k->fl) < fabs(k->fr) && k->l > k->low);
  double grow = golden * (k->r - k->l);
  *stuck = left && k->l <= k->low;
  if (*stuck) return GM_OK;
  if (left) {
    k->l = fmax(k->low, k->l - grow);
    return value_at(ctx, f, user, k->l, &k->fl);
  }
  k->r = fmin(k->high, k->r + grow);
  return value_at(ctx, f, user, k->r, &k->fr);
}

gm_status gm_root_bracket(gm_ctx *ctx, gm_scalar_f *f, void *user, double low, double high,
                          double *a, double *b)
{
  assert(f && a && b);
  if (!(low <= *a && *a < *b && *b <= high))
    return gm_fail(ctx, GM_ERANGE, "bracket [%g, %g] is not inside [%g, %g]", *a, *b, low, high);
  bracket k = {.low = low, .high = high, .l = *a, .r = *b};
  gm_status s = value_at(ctx, f, user, k.l, &k.fl);
  if (!s) s = value_at(ctx, f, user, k.r, &k.fr);
  bool stuck = false;
  for (int32_t i = 0; i < WIDENINGS_MAX && !s && !stuck && !signs_differ(k.fl, k.fr); i++)
    s = widen(ctx, f, user, &k, &stuck);
  if (s) return s;
  if (!signs_differ(k.fl, k.fr))
    return gm_fail(ctx, GM_ENOTFOUND, "no change of sign found: f(%.9g) = %g, f(%.9g) = %g", k.l,
                   k.fl, k.r, k.fr);
  *a = k.l;
  *b = k.r;
  return GM_OK;
}

typedef struct {
  double a, b;  /* the bracket                       */
  double x, fx; /* the least                         */
  double w, fw; /* the second least                  */
  double v, fv; /* the w before                      */
  double d, e;  /* the last step and the one before  */
} min_state;

/* A parabola through x, w, v when its step is trusted; else a golden section. */
static void min_step(min_state *q, double tol)
{
  const double golden = 0.3819660112501051; /* (3 - sqrt 5) / 2 */
  double middle = 0.5 * (q->a + q->b), num = 0, den = 0, e = 0;
  bool finite = isfinite(q->fx) && isfinite(q->fw) && isfinite(q->fv);
  if (fabs(q->e) > tol && finite) {
    double r = (q->x - q->w) * (q->fx - q->fv);
    den = (q->x - q->v) * (q->fx - q->fw);
    num = (q->x - q->v) * den - (q->x - q->w) * r;
    den = 2 * (den - r);
    if (den > 0) num = -num;
    den = fabs(den);
    e = q->e;
    q->e = q->d;
  }
  if (fabs(num) < fabs(0.5 * den * e) && num > den * (q->a - q->x) && num < den * (q->b - q->x)) {
    q->d = num / den;
    double u = q->x + q->d;
    if (u - q->a < 2 * tol || q->b - u < 2 * tol) q->d = q->x < middle ? tol : -tol;
  } else {
    q->e = q->x < middle ? q->b - q->x : q->a - q->x;
    q->d = golden * q->e;
  }
}

/* Takes the new point (u, fu) into the bracket and the three best. */
static void min_take(min_state *q, double u, double fu)
{
  if (fu <= q->fx) {
    if (u < q->x)
      q->b = q->x;
    else
      q->a = q->x;
    q->v = q->w, q->fv = q->fw;
    q->w = q->x, q->fw = q->fx;
    q->x = u, q->fx = fu;
    return;
  }
  if (u < q->x)
    q->a = u;
  else
    q->b = u;
  if (fu <= q->fw || q->w == q->x) {
    q->v = q->w, q->fv = q->fw;
    q->w = u, q->fw = fu;
  } else if (fu <= q->fv || q->v == q->x || q->v == q->w) {
    q->v = u, q->fv = fu;
  }
}

gm_status gm_root_minimum(gm_ctx *ctx, gm_scalar_f *f, void *user, double a, double b,
                          double tolerance, double *x, double *y)
{
  assert(f && x && y && tolerance >= 0);
  if (!(a < b)) return gm_fail(ctx, GM_ERANGE, "minimum between %g and %g: empty", a, b);
  const double golden = 0.3819660112501051;
  min_state q = {.a = a, .b = b, .x = a + golden * (b - a)};
  q.w = q.v = q.x;
  gm_status s = value_at(ctx, f, user, q.x, &q.fx);
  if (s) return s;
  q.fw = q.fv = q.fx;
  for (int32_t i = 0; i < ITERATIONS_MAX; i++) {
    double tol = 1.4901161193847656e-08 * fabs(q.x) + tolerance / 3 + 1e-300;
    if (fabs(q.x - 0.5 * (q.a + q.b)) <= 2 * tol - 0.5 * (q.b - q.a)) break;
    min_step(&q, tol);
    double u = q.x + (fabs(q.d) >= tol ? q.d : copysign(tol, q.d)), fu;
    s = value_at(ctx, f, user, u, &fu);
    if (s) return s;
    min_take(&q, u, fu);
  }
  *x = q.x;
  *y = q.fx;
  return GM_OK;
}
