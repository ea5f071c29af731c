/* steady.c - the periodic state under repeated dosing, for any flat model.
 *
 * P maps the state just before a dose to the state just before the next one. Its fixed point is
 * found by Newton's method, (I - P') d = P(x) - x, with P' by differences: one batch of nx + 1
 * members a round. For a linear model one round is exact up to rounding. A round that does not make
 * the residual smaller is replaced by plain cycles, which converge for every model that forgets. */
#include "model/run.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

enum { ROUNDS_MAX = 200, PLAIN_CYCLES = 8 };

typedef struct {
  gm_ctx *ctx;
  run_block *b;
  const gm_leg *leg;
  const gm_edge *edge; /* of the cycle */
  int32_t nx, n;       /* all rows; rows that are unknowns */
  int32_t *row;        /* [n] */
  run_block cycle;     /* n + 1 members with the same parameters */
  double *x0, *best, *fixed, *jacobian, *step;
  gm_status status; /* only for want of memory; a search without success is a member's status */
} steady;

static double *numbers(steady *s, ptrdiff_t count)
{
  return gm_arena_get(s->b->arena, count ? count : 1, sizeof(double));
}

static gm_status steady_begin(steady *s, int32_t member)
{
  run_block *b = s->b, *c = &s->cycle;
  int32_t count;
  const gm_var *v = gm_model_table(b->model, GM_TABLE_STATE, &count);
  s->row = gm_arena_get(b->arena, s->nx + 1, sizeof *s->row);
  if (!s->row) return gm_fail(s->ctx, GM_ENOMEM, "steady state");
  s->n = 0;
  for (int32_t i = 0; i < s->nx; i++)
    if (v[i].role != GM_ROLE_MEMORY) s->row[s->n++] = i;
  int32_t np = b->info.parameter_count, room = s->n + 1;
  *c = *b;
  c->n = c->room = room;
  c->key = NULL;
  c->slot = NULL;
  c->x = numbers(s, (ptrdiff_t)s->nx * room);
  c->theta = numbers(s, (ptrdiff_t)np * room);
  c->call_status = gm_arena_get(b->arena, room, 1);
  s->x0 = numbers(s, s->nx);
  s->best = numbers(s, s->nx);
  s->fixed = numbers(s, s->nx);
  s->jacobian = numbers(s, (ptrdiff_t)s->n * s->n);
  s->step = numbers(s, 2 * (ptrdiff_t)s->n);
  if (!c->x || !c->theta || !c->call_status || !s->x0 || !s->best || !s->fixed || !s->jacobian ||
      !s->step)
    return gm_fail(s->ctx, GM_ENOMEM, "steady state");
  for (int32_t i = 0; i < np; i++)
    for (int32_t m = 0; m < room; m++)
      c->theta[(ptrdiff_t)i * room + m] = b->theta[(ptrdiff_t)i * b->room + member];
  gm_batch one = gm__run_batch(c);
  one.n = 1;
  b->model->type->init(b->model, b->work, &one, s->leg->t0);
  for (int32_t i = 0; i < s->nx; i++) s->x0[i] = c->x[(ptrdiff_t)i * room];
  return GM_OK;
}

/* Member m of the cycle block takes state x, one unknown (j >= 0) moved by h. */
static void place(const steady *s, int32_t m, const double *x, int32_t j, double h)
{
  for (int32_t i = 0; i < s->nx; i++) s->cycle.x[(ptrdiff_t)i * s->cycle.room + m] = x[i];
  if (j >= 0) s->cycle.x[(ptrdiff_t)s->row[j] * s->cycle.room + m] += h;
}

/* Advances the first n members over [0, until] of a cycle, edges later than that left out. */
static bool flow(const steady *s, int32_t n, double until)
{
  gm_span span[1 + 64];
  gm_edge edge[4];
  int32_t edges = 0;
  for (int32_t i = 0; i < s->leg->edge_count; i++)
    if (s->edge[i].t - s->leg->t0 < until) edge[edges++] = s->edge[i];
  gm_batch batch = gm__run_batch(&s->cycle);
  bool good = true;
  for (int32_t first = 0; first < n; first += 64) {
    gm_batch part = batch;
    part.n = n - first < 64 ? n - first : 64;
    part.x += first;
    part.theta += first;
    part.status += first;
    for (int32_t m = 0; m < part.n; m++)
      span[m] =
          (gm_span){.t0 = s->leg->t0, .t1 = s->leg->t0 + until, .edge = edge, .edge_count = edges};
    s->cycle.model->type->advance(s->cycle.model, s->cycle.work, &part, span, s->cycle.arena);
    for (int32_t m = 0; m < part.n; m++) good = good && !GM_MEMBER_FAILED(part.status[m]);
  }
  return good;
}

static double result(const steady *s, int32_t i, int32_t m)
{
  return s->cycle.x[(ptrdiff_t)i * s->cycle.room + m];
}

/* Largest change of an unknown over a cycle relative to the size of the state. */
static double residual(const steady *s, const double *x, double size)
{
  double worst = 0;
  for (int32_t j = 0; j < s->n; j++) {
    double d = fabs(result(s, s->row[j], 0) - x[s->row[j]]);
    double r = d / fmax(fabs(x[s->row[j]]), 1e-6 * size);
    if (!(r <= worst)) worst = r;
  }
  return worst;
}

static double state_size(const steady *s, const double *x)
{
  double size = 1e-30;
  for (int32_t j = 0; j < s->n; j++) size = fmax(size, fabs(x[s->row[j]]));
  for (int32_t i = 0; i < s->leg->edge_count; i++)
    if (s->edge[i].kind == GM_EDGE_BOLUS) size = fmax(size, fabs(s->edge[i].value));
  return size;
}

/* One Newton round at x: x_new in s->fixed. False when it gives nothing usable. */
static bool newton(steady *s, const double *x, double size)
{
  double *right = s->step, *d = s->step + s->n;
  place(s, 0, x, -1, 0);
  for (int32_t j = 0; j < s->n; j++)
    place(s, j + 1, x, j, 1e-4 * fmax(fabs(x[s->row[j]]), 1e-3 * size));
  if (!flow(s, s->n + 1, s->leg->interval)) return false;
  for (int32_t i = 0; i < s->n; i++) {
    double base = result(s, s->row[i], 0);
    right[i] = base - x[s->row[i]];
    for (int32_t j = 0; j < s->n; j++) {
      double h = 1e-4 * fmax(fabs(x[s->row[j]]), 1e-3 * size);
      s->jacobian[i * s->n + j] = (i == j) - (result(s, s->row[i], j + 1) - base) / h;
    }
  }
  gm_status st = gm_la_solve(s->ctx, s->n, s->jacobian, 1, right, d);
  if (st == GM_ENOMEM) s->status = st;
  if (st) return false;
  memcpy(s->fixed, x, (size_t)s->nx * sizeof *x);
  for (int32_t i = 0; i < s->n; i++) s->fixed[s->row[i]] += d[i];
  for (int32_t i = 0; i < s->n; i++)
    if (!isfinite(s->fixed[s->row[i]])) return false;
  return true;
}

static bool cycles(steady *s, double *x, int32_t count)
{
  place(s, 0, x, -1, 0);
  for (int32_t k = 0; k < count; k++)
    if (!flow(s, 1, s->leg->interval)) return false;
  for (int32_t j = 0; j < s->n; j++) x[s->row[j]] = result(s, s->row[j], 0);
  return true;
}

/* Residual of x over one cycle; INFINITY when the model does not get through it. */
static double residual_of(steady *s, const double *x, double size)
{
  place(s, 0, x, -1, 0);
  return flow(s, 1, s->leg->interval) ? residual(s, x, size) : INFINITY;
}

/* x0 -> the fixed point, in s->best. Converged at 1e-11, or 1e-6 where that is all it gives. */
static bool iterate(steady *s)
{
  memcpy(s->best, s->x0, (size_t)s->nx * sizeof *s->best);
  if (!cycles(s, s->best, 2)) return false;
  double size = state_size(s, s->best), now = residual_of(s, s->best, size);
  for (int32_t round = 0; round < ROUNDS_MAX && now > 1e-13 && !s->status; round++) {
    size = state_size(s, s->best);
    double next = INFINITY;
    if (newton(s, s->best, size)) next = residual_of(s, s->fixed, size);
    if (next < 0.5 * now) {
      memcpy(s->best, s->fixed, (size_t)s->nx * sizeof *s->best);
      now = next;
      continue;
    }
    if (now < 1e-9) break; /* as good as the integrator lets it be */
    if (!cycles(s, s->best, PLAIN_CYCLES)) return false;
    now = residual_of(s, s->best, size);
  }
  return now < 1e-6;
}

static void finish(steady *s, int32_t member, const double *before)
{
  run_block *b = s->b;
  place(s, 0, s->best, -1, 0);
  if (s->leg->phase > 0) flow(s, 1, s->leg->phase);
  for (int32_t i = 0; i < s->nx; i++) b->x[(ptrdiff_t)i * b->room + member] = 0;
  for (int32_t j = 0; j < s->n; j++) {
    int32_t i = s->row[j];
    double v = result(s, i, 0);
    if (s->leg->add) v += before[i] - s->x0[i];
    b->x[(ptrdiff_t)i * b->room + member] = v;
  }
}

static gm_status member_steady(gm_ctx *ctx, run_block *b, int32_t member, const gm_leg *leg,
                               const gm_timeline *t)
{
  gm_arena_mark mark = gm_arena_at(b->arena);
  steady s = {
      .ctx = ctx, .b = b, .leg = leg, .edge = t->edge + leg->edge, .nx = b->info.state_count};
  gm_status st = steady_begin(&s, member);
  double *before = st ? NULL : numbers(&s, s.nx);
  if (!st && !before) st = gm_fail(ctx, GM_ENOMEM, "steady state");
  if (!st) {
    for (int32_t i = 0; i < s.nx; i++) before[i] = b->x[(ptrdiff_t)i * b->room + member];
    if (iterate(&s))
      finish(&s, member, before);
    else
      b->status[member] |= GM_MEMBER_STEPS;
    st = s.status;
  }
  gm_arena_back(b->arena, mark);
  return st;
}

gm_status gm__steady_find(gm_ctx *ctx, run_block *b, const gm_leg *const *leg,
                          const gm_timeline *const *timeline)
{
  if (b->info.flags & GM_MODEL_STOCHASTIC)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "a steady state (SS) of model %s, which moves by chance, "
                   "has no single value",
                   b->info.name);
  gm_status s = GM_OK;
  for (int32_t m = 0; m < b->n && !s; m++)
    if (leg[m] && !(b->status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)))
      s = member_steady(ctx, b, m, leg[m], timeline[m]);
  return s;
}
