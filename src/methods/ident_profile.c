/* ident_profile.c - profile likelihood that grades itself.
 * Venzon & Moolgavkar, Appl. Statist. 37 (1988) 87; Raue et al., Bioinformatics 25 (2009) 1923. The
 * walk controls sqrt(rise), which a quadratic profile lets grow in a straight line. */
#include "gemel/rand.h"
#include "methods/ident_internal.h"
#include "num/distribution.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { POINTS = 60, HALVINGS = 30, REFINEMENTS = 40, PARTS = 8, STARTS = 4 };

typedef struct {
  gm_ctx *ctx;
  gm__refit refit;
  gm_profile_options o;
  int32_t d, j;
  double x0, value0, threshold;
  int32_t room, count; /* points, in the order of the walk */
  double *x, *value, *z;
  double *trial; /* [dim] */
  gm_profile *out;
} walk;

typedef struct {
  int32_t sign;
  int32_t first, last;    /* rows of this side, last: the outermost before the crossing's ones */
  int32_t here;           /* row of the outermost point so far; -1: the optimum */
  int32_t before;         /* the one before it */
  double step, end, edge; /* edge: where the interval ends, infinite if it does not */
  double rise;            /* highest */
} side;

static double rise_at(const walk *w, double value) { return 2 * (value - w->value0); }
static double root(double rise) { return rise > 0 ? sqrt(rise) : 0; }
static double row_x(const walk *w, int32_t row) { return row < 0 ? w->x0 : w->x[row]; }
static double row_root(const walk *w, int32_t row)
{
  return row < 0 ? 0 : root(rise_at(w, w->value[row]));
}
static const double *row_z(const walk *w, int32_t row)
{
  return w->z + (ptrdiff_t)(row + 1) * w->d; /* row -1: the optimum */
}

/* ---- one point ---------------------------------------------------------------------------- */
static void note_best(walk *w, double value, const double *z)
{
  if (!(value < w->out->best)) return;
  w->out->best = value;
  memcpy(w->out->z_best, z, (size_t)w->d * sizeof *z);
}

/* A refit at x from z (in and out). *good: there is a value, converged. */
static gm_status fit(walk *w, double x, double *z, double *value, bool *good)
{
  bool converged = false;
  *value = INFINITY;
  *good = false;
  gm_status s = gm__refit_run(&w->refit, x, z, value, &converged);
  if (s == GM_EDOMAIN && !w->refit.broken) return GM_OK;
  if (s) return s;
  *good = converged && isfinite(*value);
  note_best(w, *value, z);
  return GM_OK;
}

/* Start of a refit at x on a side: the line through the two outermost fits, or the last of them. */
static void warm_start(const walk *w, const side *p, double x, bool line, double *z)
{
  const double *a = row_z(w, p->here), *b = row_z(w, p->before);
  double run = row_x(w, p->here) - row_x(w, p->before);
  double t = line && run != 0 ? (x - row_x(w, p->here)) / run : 0;
  for (int32_t i = 0; i < w->d; i++) z[i] = a[i] + t * (a[i] - b[i]);
}

static gm_status fit_on_side(walk *w, const side *p, double x, double *value, bool *good)
{
  warm_start(w, p, x, true, w->trial);
  gm_status s = fit(w, x, w->trial, value, good);
  if (s || *good) return s;
  warm_start(w, p, x, false, w->trial);
  return fit(w, x, w->trial, value, good);
}

static void keep(walk *w, double x, double value)
{
  w->x[w->count] = x;
  w->value[w->count] = value;
  memcpy(w->z + (ptrdiff_t)(w->count + 1) * w->d, w->trial, (size_t)w->d * sizeof *w->z);
  w->count++;
}

/* ---- one side ----------------------------------------------------------------------------- */
/* The next point outward: steps are halved until sqrt(rise) grows by no more than a third of the
 * way to the threshold. A step that cannot be made small enough is a jump. *end: nothing came. */
static gm_status next_point(walk *w, side *p, bool *end)
{
  double from = row_x(w, p->here), r0 = row_root(w, p->here), top = sqrt(w->threshold);
  double shortest = 1e-6 * (1 + fabs(from)), value = INFINITY;
  bool good = false;
  for (int32_t k = 0; k < HALVINGS; k++) {
    double x = from + p->sign * p->step;
    if (p->sign * (x - p->end) >= 0) x = p->end;
    gm_status s = fit_on_side(w, p, x, &value, &good);
    if (s) return s;
    double grown = root(rise_at(w, value)) - r0;
    bool small = fabs(x - from) <= 1.001 * shortest; /* x - from is rounded */
    if (isfinite(value) && (grown <= top / 3 || small) && (good || small)) {
      if (grown > top / 3) w->out->reasons |= GM_IDENT_NOT_SMOOTH;
      if (!good) w->out->reasons |= GM_IDENT_REFIT_FAILED;
      keep(w, x, value);
      p->before = p->here;
      p->here = w->count - 1;
      double wish = top / PARTS / fmax(fabs(grown), top / PARTS / 4);
      p->step = fabs(x - from) * fmin(fmax(wish, 0.5), 2);
      return GM_OK;
    }
    if (small) break;
    p->step = fabs(x - from) / (isfinite(value) && good ? fmax(2, grown * PARTS / top) : 2);
    if (p->step < shortest) p->step = shortest;
  }
  w->out->reasons |= GM_IDENT_REFIT_FAILED;
  *end = true;
  return GM_OK;
}

/* The threshold lies between rows before (a, below) and here (b, not below): false position on
 * sqrt(rise), the weight of an end that stays twice halved (Illinois; Dowell & Jarratt 1971). */
static gm_status refine(walk *w, side *p)
{
  double top = sqrt(w->threshold), a = row_x(w, p->before), b = row_x(w, p->here);
  double fa = row_root(w, p->before) - top, fb = row_root(w, p->here) - top;
  int32_t stays = 0;
  p->edge = b;
  if (fb <= 1e-5 * top) return GM_OK;
  for (int32_t k = 0; k < REFINEMENTS && fabs(b - a) > 1e-10 * (1 + fabs(b)); k++) {
    double x = b - fb * (b - a) / (fb - fa), value;
    bool good;
    gm_status s = fit_on_side(w, p, x, &value, &good);
    if (s) return s;
    if (!good) {
      w->out->reasons |= GM_IDENT_REFIT_FAILED;
      return GM_OK;
    }
    double f = root(rise_at(w, value)) - top;
    p->edge = x;
    if (fabs(f) <= 1e-5 * top) {
      keep(w, x, value);
      return GM_OK;
    }
    if (f > 0) {
      b = x, fb = f;
      if (stays == 1) fa /= 2;
    } else {
      a = x, fa = f;
      if (stays == -1) fb /= 2;
    }
    stays = f > 0 ? 1 : -1;
  }
  return GM_OK;
}

static gm_status walk_side(walk *w, side *p)
{
  bool end = false;
  gm_status s = GM_OK;
  while (!s && !end && p->sign * (row_x(w, p->here) - p->end) < 0) {
    if (gm_watch_stop(w->o.watch)) {
      w->out->reasons |= GM_IDENT_STOPPED;
      return GM_OK;
    }
    if (w->count - p->first >= w->o.points_max) {
      w->out->reasons |= GM_IDENT_LIMIT;
      return GM_OK;
    }
    s = next_point(w, p, &end);
    if (s || end) break;
    double rise = rise_at(w, w->value[p->here]);
    p->last = p->here;
    p->rise = fmax(p->rise, rise);
    if (rise >= w->threshold) {
      s = refine(w, p);
      break;
    }
  }
  return s;
}

/* From outside in: each refit starts from its outer neighbour. A fit that comes out better than the
 * first pass had it means that one of the two passes followed a wrong valley. */
static gm_status check_side(walk *w, const side *p)
{
  for (int32_t k = p->last - 1; k >= p->first; k--) {
    double value;
    bool good;
    if (gm_watch_stop(w->o.watch)) {
      w->out->reasons |= GM_IDENT_STOPPED;
      return GM_OK;
    }
    memcpy(w->trial, row_z(w, k + 1), (size_t)w->d * sizeof *w->trial);
    gm_status s = fit(w, w->x[k], w->trial, &value, &good);
    if (s) return s;
    if (!(value < w->value[k])) continue;
    if (2 * (w->value[k] - value) > 0.01 * w->threshold) w->out->reasons |= GM_IDENT_REFIT_FAILED;
    w->value[k] = value;
    memcpy(w->z + (ptrdiff_t)(k + 1) * w->d, w->trial, (size_t)w->d * sizeof *w->z);
  }
  return GM_OK;
}

/* The outermost point again from scattered starts: a valley of the others that the walk could not
 * see may lie lower. */
static gm_status scatter_side(walk *w, const side *p)
{
  gm_key key = gm_key_make(0, GM_PURPOSE_SEARCH, (uint64_t)w->j, (uint64_t)(p->sign > 0));
  for (uint64_t k = 0; k < STARTS && p->last >= p->first && w->d > 1; k++) {
    const double *z = row_z(w, p->last);
    for (int32_t i = 0; i < w->d; i++) {
      double low = gm__refit_low(&w->refit, i), high = gm__refit_high(&w->refit, i);
      low = fmax(low, z[i] - 3 * (1 + fabs(z[i]))), high = fmin(high, z[i] + 3 * (1 + fabs(z[i])));
      w->trial[i] = low + (high - low) * gm_uniform(key, 0, (uint64_t)i, gm_kind_draw(0, 0), k);
    }
    double value;
    bool good;
    gm_status s = fit(w, w->x[p->last], w->trial, &value, &good);
    if (s) return s;
    if (2 * (w->value[p->last] - value) > 0.01 * w->threshold)
      w->out->reasons |= GM_IDENT_REFIT_FAILED;
  }
  return GM_OK;
}

/* What the finished side says about itself. */
static void grade_side(walk *w, const side *p)
{
  double highest = 0;
  for (int32_t k = p->first; k <= p->last; k++) {
    double rise = rise_at(w, w->value[k]);
    if (rise < highest - 0.02 * w->threshold) w->out->reasons |= GM_IDENT_NOT_SMOOTH;
    highest = fmax(highest, rise);
    int32_t other = rise <= 1.1 * w->threshold ? gm__refit_on_bound(&w->refit, row_z(w, k)) : -1;
    if (other < 0) continue;
    w->out->on_bound = other;
    w->out->reasons |= GM_IDENT_OTHER_ON_BOUND;
  }
}

static gm_status do_side(walk *w, int32_t sign, double *edge, double *rise)
{
  double scale = 1 + fabs(w->x0), bound;
  side p = {.sign = sign, .first = w->count, .last = w->count - 1, .here = -1, .before = -1};
  bound = sign < 0 ? gm__refit_low(&w->refit, w->j) : gm__refit_high(&w->refit, w->j);
  p.end = w->x0 + sign * (w->o.range > 0 ? w->o.range : 16 * scale);
  if (sign * (p.end - bound) > 0) p.end = bound;
  p.step = w->o.step > 0 ? w->o.step : 0.1 * scale;
  p.edge = sign * INFINITY;
  gm_status s = walk_side(w, &p);
  if (!s && !w->o.no_check) s = check_side(w, &p);
  if (!s && !w->o.no_check) s = scatter_side(w, &p);
  if (s == GM_ECANCELLED && !w->refit.broken && gm_watch_stop(w->o.watch)) {
    w->out->reasons |= GM_IDENT_STOPPED;
    s = GM_OK;
  }
  if (s) return s;
  grade_side(w, &p);
  *edge = p.edge;
  *rise = p.rise;
  return GM_OK;
}

/* ---- the whole ---------------------------------------------------------------------------- */
const char *gm_ident_verdict_text(gm_ident_verdict v)
{
  static const char *const text[] = {"identified", "one-sided", "flat", "not trusted"};
  return v >= 0 && v <= GM_IDENT_NOT_TRUSTED ? text[v] : "?";
}

static void put_text(const walk *w)
{
  static const char *const why[] = {"another unknown is on its bound",
                                    "a refit failed or depends on its start",
                                    "the profile jumps or falls again",
                                    "a better optimum was found",
                                    "it was stopped",
                                    "the points did not suffice"};
  gm_profile *p = w->out;
  char name[24], other[24];
  size_t room = sizeof p->text, used = 0;
  used += (size_t)snprintf(p->text, room, "%.60s: %s", gm__ident_name(w->refit.f->name, w->j, name),
                           gm_ident_verdict_text(p->verdict));
  if (p->reasons)
    used += (size_t)snprintf(p->text + used, room - used, " (looks %s)",
                             gm_ident_verdict_text(p->seen));
  for (int32_t k = 0, n = 0; k < 6; k++)
    if (p->reasons >> k & 1)
      used += (size_t)snprintf(p->text + used, room - used, "%s%s", n++ ? "; " : ": ", why[k]);
  if (p->on_bound >= 0)
    snprintf(p->text + used, room - used, " (%.60s on its bound)",
             gm__ident_name(w->refit.f->name, p->on_bound, other));
}

static void conclude(walk *w)
{
  gm_profile *p = w->out;
  if (p->best < w->value0 - 0.005) p->reasons |= GM_IDENT_BETTER_OPTIMUM;
  int32_t ends = (isfinite(p->low) != 0) + (isfinite(p->high) != 0);
  p->seen = ends == 2 ? GM_IDENT_IDENTIFIED : ends ? GM_IDENT_ONE_SIDED : GM_IDENT_FLAT;
  p->verdict = p->reasons ? GM_IDENT_NOT_TRUSTED : p->seen;
  p->evaluations = w->refit.evaluations;
  /* sorted by x, the optimum among them: few points, so insertion will do */
  int32_t n = 0;
  for (int32_t row = -1; row < w->count; row++, n++) {
    int32_t k = n;
    for (; k > 0 && p->x[k - 1] > row_x(w, row); k--) {
      p->x[k] = p->x[k - 1], p->rise[k] = p->rise[k - 1];
      memcpy(p->z + (ptrdiff_t)k * w->d, p->z + (ptrdiff_t)(k - 1) * w->d,
             (size_t)w->d * sizeof *p->z);
    }
    p->x[k] = row_x(w, row);
    p->rise[k] = row < 0 ? 0 : rise_at(w, w->value[row]);
    memcpy(p->z + (ptrdiff_t)k * w->d, row_z(w, row), (size_t)w->d * sizeof *p->z);
  }
  p->point_count = n;
  put_text(w);
}

static gm_status options_check(walk *w)
{
  gm_profile_options *o = &w->o;
  if (o->level == 0) o->level = 0.95;
  if (o->points_max == 0) o->points_max = POINTS;
  if (!(o->level > 0 && o->level < 1) || !(o->step >= 0) || !(o->range >= 0) || o->points_max < 2 ||
      o->evaluations_max < 0)
    return gm_fail(w->ctx, GM_ERANGE, "profile: level %g, step %g, range %g, %d points, %d runs",
                   o->level, o->step, o->range, (int)o->points_max, (int)o->evaluations_max);
  w->threshold = gm_dist_chi_square_quantile(o->level, 1);
  w->refit.evaluations_max = o->evaluations_max ? o->evaluations_max : 400 + 200 * w->d;
  w->refit.watch = o->watch;
  return GM_OK;
}

static gm_status memory(walk *w, const double *z)
{
  ptrdiff_t d = w->d, n = 2 * (ptrdiff_t)(w->o.points_max + 2), rows = n + 1;
  w->room = (int32_t)n;
  w->x = gm_alloc(w->ctx, 2 * n, sizeof *w->x);
  w->z = gm_alloc(w->ctx, (rows + 1) * d, sizeof *w->z);
  w->out = gm_alloc(w->ctx, 1, sizeof *w->out + (size_t)(2 * rows + (rows + 1) * d) * sizeof *z);
  if (!w->x || !w->z || !w->out)
    return gm_fail(w->ctx, GM_ENOMEM, "profile of %lld points", (long long)n);
  w->value = w->x + n;
  w->trial = w->z + rows * d;
  memcpy(w->z, z, (size_t)d * sizeof *z);
  gm_profile *p = w->out;
  p->x = (double *)(p + 1);
  p->rise = p->x + rows;
  p->z_best = p->rise + rows;
  p->z = p->z_best + d;
  p->dim = w->d, p->parameter = w->j;
  p->at = z[w->j], p->low = -INFINITY, p->high = INFINITY;
  p->threshold = w->threshold;
  p->on_bound = -1;
  memcpy(p->z_best, z, (size_t)d * sizeof *z);
  return GM_OK;
}

gm_status gm_profile_run(gm_ctx *ctx, const gm_objective *f, const double *z, int32_t parameter,
                         const gm_profile_options *options, gm_profile **out)
{
  walk w = {.ctx = ctx, .d = f->dim, .j = parameter};
  if (options) w.o = *options;
  gm_status s = gm__refit_new(ctx, f, parameter, z, &w.refit);
  if (!s) s = options_check(&w);
  if (!s) s = memory(&w, z);
  if (!s) s = gm__refit_value(&w.refit, 1, z, &w.value0);
  if (!s && !isfinite(w.value0))
    s = gm_fail(ctx, GM_EDOMAIN, "profile: the value at the optimum is %g", w.value0);
  if (!s) {
    w.x0 = z[parameter];
    w.out->best = w.value0;
    int32_t other = gm__refit_on_bound(&w.refit, z);
    if (other >= 0) w.out->on_bound = other, w.out->reasons |= GM_IDENT_OTHER_ON_BOUND;
    s = do_side(&w, -1, &w.out->low, &w.out->rise_low);
  }
  if (!s) s = do_side(&w, 1, &w.out->high, &w.out->rise_high);
  if (!s) {
    conclude(&w);
    gm_message_clear(ctx); /* of refits that failed and were graded */
    *out = w.out;
    w.out = NULL;
  }
  gm__refit_free(&w.refit);
  gm_free(w.x), gm_free(w.z), gm_free(w.out);
  return s;
}

void gm_profile_free(gm_profile *p) { gm_free(p); }
