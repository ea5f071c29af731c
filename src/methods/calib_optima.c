/* calib_optima.c - where starts begin, and what their ends are together. */
#include "methods/calib_internal.h"
#include "gemel/math.h"
#include "num/quasi.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const double same_usual = 1e-3;

/* ---- starts ---------------------------------------------------------------------------- */
static void place(const gm_target *t, double spread, double *x)
{
  for (int32_t i = 0; i < t->dim; i++) {
    double low = t->lower ? t->lower[i] : -INFINITY, high = t->upper ? t->upper[i] : INFINITY;
    if (isfinite(low) && isfinite(high))
      x[i] = low + (high - low) * x[i];
    else
      x[i] = fmin(high, fmax(low, spread * gm_norm_quantile(x[i])));
  }
}

gm_status gm__calib_spread(gm__calib *c, const gm_multistart_options *o, int32_t starts, double *z)
{
  const gm_target *t = c->t;
  ptrdiff_t d = t->dim;
  int32_t given = o->start_given < starts ? o->start_given : starts, rest = starts - given;
  gm_key key = gm__calib_key(o->key, GM_PURPOSE_SEARCH);
  uint64_t scramble = gm_hash64(gm_hash64(key.v[0], key.v[1]), gm_hash64(key.v[2], key.v[3]));
  gm_sobol *points = NULL;
  gm_status s = GM_OK;
  if (given) memcpy(z, o->start, (size_t)given * (size_t)d * sizeof *z);
  for (int32_t m = 0; m < given; m++)
    if (!gm__target_inside(t, z + m * d))
      return gm_fail(c->ctx, GM_EDOMAIN, "start %d lies outside the bounds", (int)m + 1);
  if (!rest) return GM_OK;
  double *x = z + given * d, spread = o->spread > 0 ? o->spread : 1;
  if (d > GM_SOBOL_FEW_MAX)
    s = gm_latin_hypercube(c->ctx, rest, (int32_t)d, scramble, x);
  else
    s = gm_sobol_new(c->ctx, (int32_t)d, &scramble, &points);
  for (int32_t m = 0; points && m < rest && !s; m++)
    s = gm_sobol_point(points, (uint64_t)m, x + m * d);
  gm_sobol_free(points);
  for (int32_t m = 0; m < rest && !s; m++) place(t, spread, x + m * d);
  return s;
}

/* ---- ends ------------------------------------------------------------------------------ */
typedef struct {
  double value;
  int32_t start;
} rank;

static int by_value(const void *a, const void *b)
{
  const rank *x = a, *y = b;
  if (x->value != y->value) return x->value > y->value ? -1 : 1;
  return x->start < y->start ? -1 : x->start > y->start;
}

/* Ends with the same density at the same place. The places of two ends near one optimum whose
 * densities are low by up to `same` may lie sqrt(8 same) of its width apart; the width is unknown,
 * so that 0.1 of a unit and of the place itself is allowed. */
static bool same_end(int32_t d, const double *a, const double *b, double value_gap, double same)
{
  if (!(fabs(value_gap) <= same)) return false;
  for (int32_t i = 0; i < d; i++)
    if (fabs(a[i] - b[i]) > 0.1 * (1 + fmin(fabs(a[i]), fabs(b[i])))) return false;
  return true;
}

static bool on_bound(const gm_target *t, const double *z)
{
  for (int32_t i = 0; i < t->dim; i++) {
    if (t->lower && z[i] <= t->lower[i]) return true;
    if (t->upper && z[i] >= t->upper[i]) return true;
  }
  return false;
}

static gm_status optima_new(gm_ctx *ctx, int32_t starts, int32_t d, gm_optima **out)
{
  gm_optima *r = gm_alloc(ctx, 1, sizeof *r);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "%d optima", (int)starts);
  *r = (gm_optima){.dim = d, .start_count = starts};
  r->optimum = gm_alloc(ctx, starts, sizeof *r->optimum);
  r->end = gm_alloc(ctx, starts, sizeof *r->end);
  double *z = r->optimum && r->end ? gm_alloc(ctx, (ptrdiff_t)starts * d, sizeof *z) : NULL;
  if (!z) {
    gm_free(r->optimum);
    gm_free(r->end);
    gm_free(r);
    return gm_fail(ctx, GM_ENOMEM, "%d optima", (int)starts);
  }
  for (int32_t k = 0; k < starts; k++) r->optimum[k].z = z + (ptrdiff_t)k * d;
  *out = r;
  return GM_OK;
}

void gm_optima_free(gm_optima *o)
{
  if (!o) return;
  if (o->optimum) gm_free(o->optimum[0].z); /* all places lie in one block that begins there */
  gm_free(o->optimum);
  gm_free(o->end);
  gm_free(o);
}

/* Adds an end (they come best first) to the optimum that it is one with, or as a new one. */
static void gather(const gm_target *t, gm_optima *r, const gm__end *e, int32_t start, double same)
{
  for (int32_t k = 0; k < r->optimum_count; k++) {
    gm_optimum *o = &r->optimum[k];
    if (!same_end(r->dim, o->z, e->z, o->log_density - e->value, same)) continue;
    o->found++;
    if (start < o->first_start) o->first_start = start;
    return;
  }
  gm_optimum *o = &r->optimum[r->optimum_count++];
  memcpy(o->z, e->z, (size_t)r->dim * sizeof *o->z);
  o->log_density = e->value;
  o->loglik = e->loglik;
  o->found = 1;
  o->first_start = start;
  o->converged = e->converged;
  o->on_bound = on_bound(t, o->z);
}

/* Another place with the density of the best: two modes alike, or a ridge on which the starts end
 * where they meet it. */
static const char *verdict(const gm_optima *r, double same)
{
  const gm_optimum *o = r->optimum;
  if (!o[0].converged) return "not converged: the best start did not meet its tolerance";
  if (r->optimum_count > 1 && o[0].log_density - o[1].log_density <= same)
    return "not unique: another place is as good; look at profiles";
  if (!r->converged) return "not sure: only one start found the best optimum";
  return r->start_count == 1 ? "converged, from one start" : "converged: found more than once";
}

gm_status gm__optima_make(gm__calib *c, int32_t start_count, const gm__end *ends, double same,
                          gm_optima **out)
{
  rank *order = gm_alloc(c->ctx, start_count, sizeof *order);
  if (!order) return gm_fail(c->ctx, GM_ENOMEM, "%d ends", (int)start_count);
  gm_optima *r = NULL;
  gm_status s = optima_new(c->ctx, start_count, c->t->dim, &r);
  if (s) goto out;
  for (int32_t m = 0; m < start_count; m++) order[m] = (rank){ends[m].value, m};
  qsort(order, (size_t)start_count, sizeof *order, by_value);
  for (int32_t k = 0; k < start_count; k++) {
    r->end[k] = order[k].value;
    if (order[k].value == -INFINITY)
      r->failed++;
    else
      gather(c->t, r, &ends[order[k].start], order[k].start, same > 0 ? same : same_usual);
  }
  if (!r->optimum_count) {
    s = gm_fail(c->ctx, GM_EDOMAIN, "none of %d starts is possible", (int)start_count);
    goto out;
  }
  r->reached_best = r->optimum[0].found;
  r->evaluations = c->evaluations;
  r->gradients = c->gradients;
  r->converged = r->optimum[0].converged && (start_count == 1 || r->reached_best > 1);
  r->verdict = verdict(r, same > 0 ? same : same_usual);
out:
  gm_free(order);
  if (s)
    gm_optima_free(r);
  else
    *out = r;
  return s;
}
