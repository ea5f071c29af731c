/* shoot_newton.c - multiple shooting: the Hessian of the Lagrangian by differences of tangents,
 * segment by segment. The Lagrangian is a sum over segments (Bock & Plitt 1984), so one local
 * unknown of every segment is moved at a time, all segments side by side; the blocks are condensed
 * like the constraints, and directions of negative curvature turned round (Dauphin et al., NIPS
 * 2014). */
#include "methods/shoot_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm__shoot *q;
  const gm__shot *at;
  gm__shot moved;
  const double *price; /* [rows] */
  double *joint_price; /* [m][ns] of continuity at the begin of a segment */
  double *base, *now;  /* [nl] gradients of one segment's Lagrangian */
  double *block;       /* [m][nl][nl] */
  double *row, *wide; /* [nl], [nl][nw]: local unknowns, block times them, by the scaled unknowns */
} curve;

static void add(int32_t n, double weight, const double *x, double *out)
{
  for (int32_t i = 0; weight != 0 && i < n; i++) out[i] += weight * x[i];
}

static bool inside(const gm__shoot *q, const gm__place *at, int32_t j)
{
  return at->sample >= 2 * q->first[j] && at->sample < 2 * q->first[j + 1];
}

/* Gradient of segment j's part of the Lagrangian by its local unknowns, from the derivatives that
 * lie in a: terms, rows at their prices, its end at the next joint's. Efforts and totals are added
 * to the Hessian as they are. */
static void gradient(const curve *v, const gm__shot *a, int32_t j, double *out)
{
  const gm__shoot *q = v->q;
  const int32_t nl = gm__shoot_local_max(q);
  memset(out, 0, (size_t)nl * sizeof *out);
  for (int32_t i = 0; i < q->terms; i++) {
    const gm__place *at = &q->term[i];
    const gm_shoot_term *t = &q->p->term[at->item];
    const ptrdiff_t y = (ptrdiff_t)at->sample * q->ny + at->output;
    if (inside(q, at, j))
      add(nl, t->weight * (t->square ? a->y[y] - t->target : 1), a->y_d + y * nl, out);
  }
  for (int32_t r = 0; r < q->rows; r++) {
    if (q->row_of[r] < 0 || v->price[r] == 0) continue;
    const gm__place *at = &q->bound[q->row_of[r]];
    const ptrdiff_t y = (ptrdiff_t)at->sample * q->ny + at->output;
    if (inside(q, at, j))
      add(nl, -v->price[r] * q->row_sign[r] / q->row_scale[r], a->y_d + y * nl, out);
  }
  for (int32_t i = 0; i < q->ns && j + 1 < q->m; i++)
    add(nl, v->joint_price[(ptrdiff_t)(j + 1) * q->ns + i],
        a->end_d + ((ptrdiff_t)j * q->ns + i) * nl, out);
}

/* Prices of continuity, backwards: what a joint's state is worth to all that follows. */
static void joint_prices(curve *v)
{
  const gm__shoot *q = v->q;
  for (int32_t j = q->m - 1; j > 0; j--) {
    gradient(v, v->at, j, v->base);
    memcpy(v->joint_price + (ptrdiff_t)j * q->ns, v->base, (size_t)q->ns * sizeof *v->base);
  }
}

/* block[j][l] for every segment that has a local unknown l. */
static gm_status column(curve *v, int32_t l, bool *good)
{
  gm__shoot *q = v->q;
  const int32_t nl = gm__shoot_local_max(q);
  gm_status st = gm__shoot_slopes_moved(q, &v->moved, l, good);
  for (int32_t j = 0; j < q->m && !st && *good; j++) {
    if (l >= gm__shoot_local(q, j) || (j == 0 && l < q->ns)) continue;
    const double h = gm__shoot_nudge(q, &v->moved, j, l);
    double *out = v->block + ((ptrdiff_t)j * nl + l) * nl;
    gradient(v, v->at, j, v->base);
    gradient(v, &v->moved, j, v->now);
    for (int32_t i = 0; i < gm__shoot_local(q, j); i++) out[i] = (v->now[i] - v->base[i]) / h;
  }
  return st;
}

static void symmetric(int32_t n, ptrdiff_t stride, double *a)
{
  for (int32_t i = 0; i < n; i++)
    for (int32_t k = 0; k < i; k++)
      a[i * stride + k] = a[k * stride + i] = (a[i * stride + k] + a[k * stride + i]) / 2;
}

static void condense(curve *v, double *hessian)
{
  gm__shoot *q = v->q;
  const int32_t nl = gm__shoot_local_max(q), n = q->nw;
  memset(hessian, 0, (size_t)n * (size_t)n * sizeof *hessian);
  for (int32_t j = 0; j < q->m; j++) {
    double *b = v->block + (ptrdiff_t)j * nl * nl;
    const int32_t own = gm__shoot_local(q, j);
    symmetric(own, nl, b);
    memset(v->wide, 0, (size_t)nl * (size_t)n * sizeof *v->wide);
    for (int32_t l = j ? 0 : q->ns; l < own; l++)
      gm__shoot_expand(q, v->at, j, b + (ptrdiff_t)l * nl, v->wide + (ptrdiff_t)l * n);
    for (int32_t l = j ? 0 : q->ns; l < own; l++) {
      memset(v->row, 0, (size_t)(nl + n) * sizeof *v->row);
      v->row[l] = 1;
      gm__shoot_expand(q, v->at, j, v->row, v->row + nl);
      for (int32_t i = 0; i < n; i++)
        add(n, v->row[nl + i], v->wide + (ptrdiff_t)l * n, hessian + (ptrdiff_t)i * n);
    }
  }
  gm__shoot_effort(q, hessian);
  symmetric(n, n, hessian);
}

/* |eigenvalues|, none below 1e-8 of the largest and `least`. */
static gm_status turn(gm_ctx *ctx, int32_t n, double least, double *a)
{
  double *value = gm_alloc(ctx, (ptrdiff_t)n * (n + 1), sizeof *value);
  if (!value) return gm_fail(ctx, GM_ENOMEM, "curvature of a shooting");
  double *vector = value + n, most = 0;
  gm_status st = gm_la_eigen(ctx, n, a, value, vector);
  for (int32_t i = 0; i < n && !st; i++) most = fmax(most, fabs(value[i]));
  if (!st) memset(a, 0, (size_t)n * (size_t)n * sizeof *a);
  for (int32_t k = 0; k < n && !st; k++)
    for (int32_t i = 0; i < n; i++) {
      const double size = fmax(fabs(value[k]), fmax(1e-8 * most, least) + 1e-300);
      for (int32_t l = 0; l < n; l++)
        a[(ptrdiff_t)i * n + l] +=
            size * vector[(ptrdiff_t)i * n + k] * vector[(ptrdiff_t)l * n + k];
    }
  gm_free(value);
  return st;
}

static gm_status curve_new(curve *v)
{
  gm__shoot *q = v->q;
  const ptrdiff_t nl = gm__shoot_local_max(q), n = q->nw, m = q->m;
  double *at = gm_alloc(q->ctx, m * q->ns + 2 * nl + m * nl * nl + nl + n + nl * n, sizeof *at);
  v->joint_price = at;
  if (!at) return gm_fail(q->ctx, GM_ENOMEM, "curvature of a shooting");
  v->base = at + m * q->ns;
  v->now = v->base + nl;
  v->block = v->now + nl;
  v->row = v->block + m * nl * nl;
  v->wide = v->row + nl + n;
  gm_status st = gm__shot_new(q, &v->moved);
  if (!st) gm__shot_copy(q, &v->moved, v->at);
  return st;
}

gm_status gm__shoot_newton(gm__shoot *q, const gm__shot *a, const double *price, double *hessian,
                           bool *good)
{
  curve v = {.q = q, .at = a, .price = price};
  gm_status st = curve_new(&v);
  *good = true;
  if (!st) joint_prices(&v);
  for (int32_t l = 0; l < gm__shoot_local_max(q) && !st && *good; l++) st = column(&v, l, good);
  if (!st && *good) {
    condense(&v, hessian);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)q->nw * q->nw; i++) *good = *good && isfinite(hessian[i]);
  }
  if (!st && *good) st = turn(q->ctx, q->nw, 1e-6 * gm__shoot_steepest(q, a), hessian);
  gm__shot_free(&v.moved);
  gm_free(v.joint_price);
  return st;
}
