/* rest.c - where a member comes to rest: simulation over horizons that grow tenfold.
 *
 * On a stiff method the steps grow with the horizon, and a Rosenbrock step without limit is a step
 * of Newton's method that keeps every linear invariant of the equations (pseudo-transient
 * continuation: C. T. Kelley & D. E. Keyes, SIAM J. Numer. Anal. 35 (1998) 508-523); tangents end
 * at those of the point of rest. It works on every kind of flat model. */
#include "gemel/model.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { STILL_HORIZONS = 3 };

typedef struct {
  const gm_model *m;
  const gm_batch *b;
  gm_rest_options o;
  int32_t nx;
  double *before;  /* states at the end of the last horizon, [n][nx] */
  double *tangent; /* and their tangents, [nd][n][nx] */
  bool *memory;    /* [nx] rows that are not looked at */
  bool *moved;     /* [n] members that moved on the last horizon */
} rest;

static double state_of(const rest *r, int32_t member, int32_t i)
{
  return r->b->x[i * r->b->sx + member * r->b->sm];
}

static double largest_of(const rest *r, int32_t member)
{
  double largest = 0;
  for (int32_t i = 0; i < r->nx; i++)
    if (!r->memory[i]) largest = fmax(largest, fabs(state_of(r, member, i)));
  return largest;
}

static double tangent_of(const rest *r, int32_t d, int32_t member, int32_t i)
{
  return r->b->xd[((ptrdiff_t)d * r->b->n) * r->nx + i * r->b->sx + member * r->b->sm];
}

/* A tangent may be on its way where the state is at rest from the start. */
static bool tangents_are_still(const rest *r, int32_t member)
{
  for (int32_t d = 0; d < r->b->nd; d++) {
    double largest = 0;
    for (int32_t i = 0; i < r->nx; i++)
      if (!r->memory[i]) largest = fmax(largest, fabs(tangent_of(r, d, member, i)));
    for (int32_t i = 0; i < r->nx; i++) {
      double now = tangent_of(r, d, member, i);
      double then = r->tangent[((ptrdiff_t)d * r->b->n + member) * r->nx + i];
      if (!r->memory[i] && !(fabs(now - then) <= r->o.rtol * fmax(fabs(now), 1e-4 * largest)))
        return false;
    }
  }
  return true;
}

/* Is the member where it was when states were last remembered? */
static bool is_still(const rest *r, int32_t member)
{
  double atol = r->o.atol > 0 ? r->o.atol : 1e-12 * largest_of(r, member);
  for (int32_t i = 0; i < r->nx; i++) {
    double x = state_of(r, member, i), x0 = r->before[(ptrdiff_t)member * r->nx + i];
    if (!r->memory[i] && !(fabs(x - x0) <= r->o.rtol * fabs(x) + atol)) return false;
  }
  return tangents_are_still(r, member);
}

/* Marks members that are not where they were; is there none? */
static bool all_still(const rest *r)
{
  bool still = true;
  for (int32_t m = 0; m < r->b->n; m++) {
    bool failed = GM_MEMBER_FAILED(r->b->status[m]);
    r->moved[m] = r->moved[m] || !(failed || is_still(r, m));
    still = still && !r->moved[m];
  }
  return still;
}

static void remember(rest *r)
{
  for (int32_t m = 0; m < r->b->n; m++)
    for (int32_t i = 0; i < r->nx; i++) r->before[(ptrdiff_t)m * r->nx + i] = state_of(r, m, i);
  for (int32_t d = 0; d < r->b->nd; d++)
    for (int32_t m = 0; m < r->b->n; m++)
      for (int32_t i = 0; i < r->nx; i++)
        r->tangent[((ptrdiff_t)d * r->b->n + m) * r->nx + i] = tangent_of(r, d, m, i);
}

/* From t on to t_end. Are all where they were at t, on the way (what swings need not be back then
 * too) and at the end? */
static bool stretch(const rest *r, gm_work *work, double t, double t_end, gm_span *span,
                    gm_arena *arena)
{
  const double way = t + 0.381966 * (t_end - t);
  bool still = true;
  memset(r->moved, 0, (size_t)r->b->n);
  for (int part = 0; part < 2; part++) {
    for (int32_t m = 0; m < r->b->n; m++)
      span[m] = (gm_span){.t0 = part ? way : t, .t1 = part ? t_end : way};
    r->m->type->advance(r->m, work, r->b, span, arena);
    still = all_still(r);
  }
  return still;
}

static gm_status rest_open(rest *r, gm_arena *arena)
{
  gm_model_info info;
  gm_model_get_info(r->m, &info);
  if (info.flags & (GM_MODEL_OBJECT | GM_MODEL_STOCHASTIC))
    return gm_fail(r->m->ctx, GM_EUNSUPPORTED, "a model with %s does not come to rest",
                   info.flags & GM_MODEL_OBJECT ? "object state" : "random events");
  r->nx = info.state_count;
  r->before = gm_arena_get(arena, (ptrdiff_t)r->b->n * r->nx + 1, sizeof *r->before);
  r->tangent = gm_arena_get(arena, (ptrdiff_t)r->b->nd * r->b->n * r->nx + 1, sizeof(double));
  r->memory = gm_arena_get(arena, r->nx + 1, sizeof *r->memory);
  r->moved = gm_arena_get(arena, r->b->n + 1, sizeof *r->moved);
  if (!r->before || !r->tangent || !r->memory || !r->moved)
    return gm_fail(r->m->ctx, GM_ENOMEM, "states at rest");
  int32_t n;
  const gm_var *v = gm_model_table(r->m, GM_TABLE_STATE, &n);
  for (int32_t i = 0; i < r->nx; i++) r->memory[i] = v[i].role == GM_ROLE_MEMORY;
  return GM_OK;
}

static void options_set(rest *r, const gm_rest_options *options)
{
  if (options) r->o = *options;
  if (!(r->o.horizon > 0)) r->o.horizon = 1;
  if (!(r->o.horizon_max > 0)) r->o.horizon_max = 1e12 * r->o.horizon;
  if (!(r->o.rtol > 0)) r->o.rtol = 1e-8;
}

gm_status gm_model_rest(const gm_model *m, gm_work *work, const gm_batch *b,
                        const gm_rest_options *options, gm_arena *arena)
{
  assert(m && b && arena);
  rest r = {.m = m, .b = b};
  options_set(&r, options);
  gm_status s = rest_open(&r, arena);
  gm_span *span = s ? NULL : gm_arena_get(arena, b->n, sizeof *span);
  if (!s && !span) s = gm_fail(m->ctx, GM_ENOMEM, "states at rest");
  if (s) return s;
  double t = r.o.t0, horizon = r.o.horizon;
  int still = 0; /* horizons in a row */
  while (horizon <= r.o.horizon_max && still < STILL_HORIZONS) {
    remember(&r);
    still = stretch(&r, work, t, t + horizon, span, arena) ? still + 1 : 0;
    t += horizon;
    horizon *= 10;
  }
  for (int32_t i = 0; i < b->n && still < STILL_HORIZONS; i++)
    if (r.moved[i]) b->status[i] = (int8_t)(b->status[i] | GM_MEMBER_MOVING);
  return GM_OK;
}
