/* shoot_run.c - simulating the segments of multiple shooting, eight members a task; derivatives by
 * tangents or central differences. A member is a segment with a bundle of directions, or a segment
 * with one unknown moved. */
#include "gemel/ensemble.h"
#include "methods/shoot_internal.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 8 };

typedef struct {
  int32_t segment, moved; /* local direction that is moved by h, or -1 */
  int32_t first;          /* first local direction carried as a tangent */
  double h, *end, *y;     /* [nx], [2 intervals][ny] out */
} member;

typedef struct {
  gm__shoot *q;
  gm__shot *a;
  const member *member;
  int32_t count, nd;
  int8_t *status;
} sweep;

/* Scratch of a block. */
typedef struct {
  double *x, *theta, *xd, *thetad, *y, *yd, *valued, *sample;
  uint8_t *before;
  gm_edge *edge;
  gm_span *span;
  gm_key *key;
  int8_t *status;
} bench;

int32_t gm__shoot_local(const gm__shoot *q, int32_t segment)
{
  return q->ns + q->np + q->nu * (q->first[segment + 1] - q->first[segment]);
}

int32_t gm__shoot_local_max(const gm__shoot *q)
{
  int32_t most = 0;
  for (int32_t j = 0; j < q->m; j++)
    if (gm__shoot_local(q, j) > most) most = gm__shoot_local(q, j);
  return most;
}

static bool bench_get(const sweep *w, gm_arena *arena, int32_t edges, int32_t samples, bench *b)
{
  const gm__shoot *q = w->q;
  const int32_t pc = q->info.parameter_count, nd = w->nd;
  *b = (bench){.x = gm_arena_get(arena, (ptrdiff_t)q->nx * BLOCK, sizeof(double)),
               .theta = gm_arena_get(arena, (ptrdiff_t)pc * BLOCK, sizeof(double)),
               .xd = gm_arena_get(arena, (ptrdiff_t)q->nx * BLOCK * nd, sizeof(double)),
               .thetad = gm_arena_get(arena, (ptrdiff_t)pc * BLOCK * nd, sizeof(double)),
               .y = gm_arena_get(arena, (ptrdiff_t)BLOCK * samples * q->ny, sizeof(double)),
               .yd = gm_arena_get(arena, (ptrdiff_t)BLOCK * samples * q->ny * nd, sizeof(double)),
               .valued = gm_arena_get(arena, (ptrdiff_t)BLOCK * edges * nd, sizeof(double)),
               .sample = gm_arena_get(arena, (ptrdiff_t)BLOCK * samples, sizeof(double)),
               .before = gm_arena_get(arena, (ptrdiff_t)BLOCK * samples, 1),
               .edge = gm_arena_get(arena, (ptrdiff_t)BLOCK * edges, sizeof(gm_edge)),
               .span = gm_arena_get(arena, BLOCK, sizeof(gm_span)),
               .key = gm_arena_get(arena, BLOCK, sizeof(gm_key)),
               .status = gm_arena_get(arena, BLOCK, 1)};
  return b->x && b->theta && b->xd && b->thetad && b->y && b->yd && b->valued && b->sample &&
         b->before && b->edge && b->span && b->key && b->status;
}

/* Edges of the fixed drive before t (to t with `at_t`), from number *at on. Returns how many. */
static int32_t drive_take(const gm_shoot *p, int32_t *at, double t, bool at_t, gm_edge *edge)
{
  int32_t n = 0;
  while (p->drive && *at < p->drive->edge_count &&
         (p->drive->edge[*at].t < t || (at_t && p->drive->edge[*at].t <= t)))
    edge[n++] = p->drive->edge[(*at)++];
  return n;
}

/* Edges and samples of one segment into the places that begin at edge, sample and before. */
static void span_make(const sweep *w, const member *b, gm_edge *edge, double *valued,
                      double *sample, uint8_t *before, gm_span *out)
{
  const gm__shoot *q = w->q;
  const gm_shoot *p = q->p;
  const int32_t j = b->segment, k0 = q->first[j], k1 = q->first[j + 1];
  int32_t at = 0, n = 0;
  (void)drive_take(p, &at, p->t[k0], false, edge); /* earlier segments': written over */
  for (int32_t k = k0; k < k1; k++) {
    n += drive_take(p, &at, p->t[k], true, edge + n);
    for (int32_t c = 0; c < q->nu; c++, n++) {
      int32_t l = q->ns + q->np + (k - k0) * q->nu + c;
      double u = w->a->w[k * q->nu + c] + (l == b->moved ? b->h : 0);
      edge[n] = (gm_edge){p->t[k], u, p->control[c].port, p->control[c].kind};
      if (l >= b->first && l < b->first + w->nd) valued[(ptrdiff_t)n * w->nd + l - b->first] = 1;
    }
    n += drive_take(p, &at, p->t[k + 1], k == q->ni - 1, edge + n);
    sample[2 * (k - k0)] = p->t[k];
    sample[2 * (k - k0) + 1] = p->t[k + 1];
    before[2 * (k - k0) + 1] = 1;
  }
  *out = (gm_span){.t0 = p->t[k0],
                   .t1 = p->t[k1],
                   .edge = edge,
                   .edge_count = n,
                   .sample = sample,
                   .sample_before = before,
                   .sample_count = 2 * (k1 - k0),
                   .edge_valued = w->nd ? valued : NULL};
}

static void theta_make(const sweep *w, const member *b, int32_t m, bench *s)
{
  const gm__shoot *q = w->q;
  const gm_shoot *p = q->p;
  const int32_t pc = q->info.parameter_count;
  for (int32_t i = 0; i < pc; i++) s->theta[i * BLOCK + m] = q->theta[i];
  for (int32_t i = 0; i < q->np; i++) {
    int32_t row = p->parameter[i].parameter, l = q->ns + i;
    s->theta[row * BLOCK + m] = w->a->w[q->ni * q->nu + i] + (l == b->moved ? b->h : 0);
    if (l >= b->first && l < b->first + w->nd)
      s->thetad[((ptrdiff_t)(l - b->first) * pc + row) * BLOCK + m] = 1;
  }
  for (int32_t i = 0; p->drive && i < p->drive->edge_count; i++) {
    const gm_edge *e = &p->drive->edge[i];
    if (e->t < p->t[q->first[b->segment]] && e->kind == GM_EDGE_PARAMETER)
      s->theta[e->port * BLOCK + m] = e->value;
  }
}

/* First states of a segment that is not the first. */
static void joint_make(const sweep *w, const member *b, int32_t m, bench *s)
{
  const gm__shoot *q = w->q;
  const double *from = w->a->joint + (ptrdiff_t)b->segment * q->nx;
  for (int32_t i = 0; i < q->nx; i++) {
    s->x[i * BLOCK + m] = from[i];
    for (int32_t d = 0; d < w->nd; d++) s->xd[((ptrdiff_t)d * q->nx + i) * BLOCK + m] = 0;
  }
  for (int32_t i = 0; i < q->ns; i++) {
    if (i == b->moved) s->x[q->row[i] * BLOCK + m] += b->h;
    if (i >= b->first && i < b->first + w->nd)
      s->xd[((ptrdiff_t)(i - b->first) * q->nx + q->row[i]) * BLOCK + m] = 1;
  }
}

static void collect(const sweep *w, const member *b, int32_t m, const bench *s)
{
  const gm__shoot *q = w->q;
  const int32_t samples = s->span[m].sample_count, nl = gm__shoot_local_max(q);
  for (int32_t i = 0; i < q->nx; i++) b->end[i] = s->x[i * BLOCK + m];
  memcpy(b->y, s->span[m].y, (size_t)samples * (size_t)q->ny * sizeof *b->y);
  double *y_d = w->a->y_d + (ptrdiff_t)2 * q->first[b->segment] * q->ny * nl;
  for (int32_t d = 0; d < w->nd && b->first + d < gm__shoot_local(q, b->segment); d++) {
    const int32_t l = b->first + d;
    for (int32_t i = 0; i < q->ns; i++)
      w->a->end_d[((ptrdiff_t)b->segment * q->ns + i) * nl + l] =
          s->xd[((ptrdiff_t)d * q->nx + q->row[i]) * BLOCK + m];
    for (ptrdiff_t i = 0; i < (ptrdiff_t)samples * q->ny; i++)
      y_d[i * nl + l] = s->span[m].yd[i * w->nd + d];
  }
}

static bool values_finite(ptrdiff_t n, const double *v)
{
  for (ptrdiff_t i = 0; i < n; i++)
    if (!isfinite(v[i])) return false;
  return true;
}

static void block_fill(const sweep *w, int32_t first, int32_t n, int32_t edges, int32_t samples,
                       bench *s)
{
  const gm__shoot *q = w->q;
  for (int32_t m = 0; m < n; m++) {
    theta_make(w, &w->member[first + m], m, s);
    ptrdiff_t e0 = (ptrdiff_t)m * edges, s0 = (ptrdiff_t)m * samples;
    span_make(w, &w->member[first + m], s->edge + e0, s->valued + e0 * w->nd, s->sample + s0,
              s->before + s0, &s->span[m]);
    s->span[m].y = s->y + s0 * q->ny;
    s->span[m].yd = w->nd ? s->yd + s0 * q->ny * w->nd : NULL;
  }
  /* strides: members of a block lie BLOCK apart, so that directions need n = BLOCK too */
  for (int32_t m = n; m < BLOCK; m++) {
    for (int32_t i = 0; i < q->info.parameter_count; i++)
      s->theta[i * BLOCK + m] = s->theta[i * BLOCK];
    s->span[m] = s->span[0];
    s->span[m].edge_count = s->span[m].sample_count = 0;
    s->span[m].t1 = s->span[m].t0;
  }
}

static gm_status block_run(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  sweep *w = user;
  gm__shoot *q = w->q;
  gm_arena *arena = q->arena[worker];
  const gm_arena_mark mark = gm_arena_at(arena);
  const int32_t first = task * BLOCK, n = w->count - first < BLOCK ? w->count - first : BLOCK;
  int32_t intervals = 1;
  for (int32_t j = 0; j < q->m; j++)
    if (q->first[j + 1] - q->first[j] > intervals) intervals = q->first[j + 1] - q->first[j];
  const int32_t samples = 2 * intervals,
                edges = intervals * q->nu + (q->p->drive ? q->p->drive->edge_count : 0) + 1;
  bench s;
  if (!bench_get(w, arena, edges, samples, &s)) {
    gm_arena_back(arena, mark);
    return gm_fail(ctx, GM_ENOMEM, "segments of a shooting");
  }
  block_fill(w, first, n, edges, samples, &s);
  gm_batch batch = {.n = BLOCK,
                    .sx = BLOCK,
                    .sm = 1,
                    .x = s.x,
                    .theta = s.theta,
                    .psx = BLOCK,
                    .psm = 1,
                    .key = s.key,
                    .nd = w->nd,
                    .xd = w->nd ? s.xd : NULL,
                    .thetad = w->nd ? s.thetad : NULL,
                    .status = s.status};
  const gm_model_type *type = q->p->model->type;
  type->init(q->p->model, q->work[worker], &batch, q->p->t[0]);
  for (int32_t m = 0; m < n; m++)
    if (w->member[first + m].segment) joint_make(w, &w->member[first + m], m, &s);
  memset(s.status, 0, BLOCK);
  type->advance(q->p->model, q->work[worker], &batch, s.span, arena);
  for (int32_t m = 0; m < n; m++) {
    const member *b = &w->member[first + m];
    bool good = !GM_MEMBER_FAILED(s.status[m]) &&
                values_finite((ptrdiff_t)s.span[m].sample_count * q->ny, s.span[m].y);
    for (int32_t i = 0; i < q->nx && good; i++) good = isfinite(s.x[i * BLOCK + m]);
    w->status[first + m] = !good;
    collect(w, b, m, &s);
  }
  gm_arena_back(arena, mark);
  return GM_OK;
}

static gm_status sweep_run(gm__shoot *q, gm__shot *a, int32_t count, const member *list, int32_t nd,
                           bool *good)
{
  sweep w = {.q = q, .a = a, .member = list, .count = count, .nd = nd};
  w.status = gm_alloc(q->ctx, count, 1);
  if (!w.status) return gm_fail(q->ctx, GM_ENOMEM, "segments of a shooting");
  gm_status st = gm_pool_run(q->p->pool, q->ctx, (count - 1) / BLOCK + 1, block_run, &w);
  for (int32_t i = 0; i < count; i++) {
    const double *t = q->p->t;
    const int32_t j = list[i].segment;
    q->simulations += (1 + nd) * (t[q->first[j + 1]] - t[q->first[j]]) / (t[q->ni] - t[0]);
  }
  for (int32_t i = 0; !st && i < count; i++)
    if (w.status[i]) *good = false;
  gm_free(w.status);
  return st;
}

static member member_of(const gm__shoot *q, gm__shot *a, int32_t j)
{
  return (member){.segment = j,
                  .moved = -1,
                  .end = a->end + (ptrdiff_t)j * q->nx,
                  .y = a->y + (ptrdiff_t)2 * q->first[j] * q->ny};
}

/* What is not an unknown at a joint (held rates) goes on from the end before. */
static void carry(const gm__shoot *q, gm__shot *a, int32_t j, bool all)
{
  const double *end = a->end + (ptrdiff_t)(j - 1) * q->nx;
  double *to = a->joint + (ptrdiff_t)j * q->nx;
  for (int32_t i = 0, k = 0; i < q->nx; i++) {
    bool unknown = k < q->ns && q->row[k] == i;
    if (unknown) k++;
    if (all || !unknown) to[i] = end[i];
  }
}

gm_status gm__shoot_run(gm__shoot *q, gm__shot *a, bool roll, bool *good)
{
  gm_status st = GM_OK;
  *good = true;
  member *list = gm_alloc(q->ctx, q->m, sizeof *list);
  if (!list) return gm_fail(q->ctx, GM_ENOMEM, "segments of a shooting");
  for (int32_t j = 0; j < q->m; j++) list[j] = member_of(q, a, j);
  if (!roll) st = sweep_run(q, a, q->m, list, 0, good);
  for (int32_t j = 0; roll && j < q->m && !st; j++) {
    if (j) carry(q, a, j, true);
    st = sweep_run(q, a, 1, list + j, 0, good);
  }
  for (int32_t j = 1; j < q->m && !roll; j++) carry(q, a, j, false);
  q->evaluations++;
  gm_free(list);
  return st;
}

static double step_of(const gm__shoot *q, int32_t segment, int32_t l)
{
  if (l < q->ns) return q->o.step * q->state_size[l];
  l -= q->ns;
  int32_t i = l < q->np ? q->ni * q->nu + l : q->first[segment] * q->nu + l - q->np;
  return q->o.step * q->size[i];
}

/* Thirty times the step of differences, to the side that has room. */
double gm__shoot_nudge(const gm__shoot *q, const gm__shot *a, int32_t segment, int32_t l)
{
  const double h = 30 * step_of(q, segment, l);
  if (l < q->ns) return h;
  const int32_t k = l - q->ns,
                w = k < q->np ? q->ni * q->nu + k : q->first[segment] * q->nu + k - q->np;
  return a->w[w] + h > q->upper[w] ? -h : h;
}

/* Tangents of all segments; with moved >= 0 of those that have this local unknown, it moved. */
static gm_status by_tangents(gm__shoot *q, gm__shot *a, int32_t moved, bool *good)
{
  const int32_t nd = q->o.directions, nl = gm__shoot_local_max(q), bundles = (nl - 1) / nd + 1;
  member *list = gm_alloc(q->ctx, (ptrdiff_t)bundles * q->m, sizeof *list);
  if (!list) return gm_fail(q->ctx, GM_ENOMEM, "tangents of a shooting");
  int32_t n = 0;
  for (int32_t j = 0; j < q->m; j++) {
    if (moved >= gm__shoot_local(q, j) || (moved >= 0 && j == 0 && moved < q->ns)) continue;
    for (int32_t l = j ? 0 : q->ns; l < gm__shoot_local(q, j); l += nd) {
      list[n] = member_of(q, a, j);
      list[n].moved = moved;
      if (moved >= 0) list[n].h = gm__shoot_nudge(q, a, j, moved);
      list[n++].first = l;
    }
  }
  gm_status st = n ? sweep_run(q, a, n, list, nd < nl ? nd : nl, good) : GM_OK;
  gm_free(list);
  return st;
}

static void difference(gm__shoot *q, gm__shot *a, const member *up, const member *down)
{
  const int32_t nl = gm__shoot_local_max(q), j = up->segment, l = up->moved;
  const double width = up->h - down->h;
  for (int32_t i = 0; i < q->ns; i++)
    a->end_d[((ptrdiff_t)j * q->ns + i) * nl + l] =
        (up->end[q->row[i]] - down->end[q->row[i]]) / width;
  double *y_d = a->y_d + (ptrdiff_t)2 * q->first[j] * q->ny * nl;
  for (int32_t i = 0; i < 2 * (q->first[j + 1] - q->first[j]) * q->ny; i++)
    y_d[(ptrdiff_t)i * nl + l] = (up->y[i] - down->y[i]) / width;
}

static gm_status by_differences(gm__shoot *q, gm__shot *a, bool *good)
{
  const int32_t nl = gm__shoot_local_max(q);
  ptrdiff_t room = q->nx + (ptrdiff_t)2 * q->ni * q->ny, all = (ptrdiff_t)2 * nl * q->m;
  member *list = gm_alloc(q->ctx, all, sizeof *list);
  double *out = gm_alloc(q->ctx, all * room, sizeof *out);
  gm_status st = list && out ? GM_OK : gm_fail(q->ctx, GM_ENOMEM, "differences of a shooting");
  int32_t n = 0;
  for (int32_t j = 0; j < q->m && !st; j++)
    for (int32_t l = j ? 0 : q->ns; l < gm__shoot_local(q, j); l++)
      for (int32_t side = 0; side < 2; side++, n++) {
        double h = step_of(q, j, l);
        list[n] = (member){.segment = j,
                           .moved = l,
                           .h = side ? -h : h,
                           .end = out + n * room,
                           .y = out + n * room + q->nx};
      }
  if (!st) st = sweep_run(q, a, n, list, 0, good);
  for (int32_t i = 0; i + 1 < n && !st; i += 2) difference(q, a, &list[i], &list[i + 1]);
  gm_free(list);
  gm_free(out);
  return st;
}

gm_status gm__shoot_slopes(gm__shoot *q, gm__shot *a, bool *good)
{
  *good = true;
  q->evaluations++;
  return q->o.directions ? by_tangents(q, a, -1, good) : by_differences(q, a, good);
}

gm_status gm__shoot_slopes_moved(gm__shoot *q, gm__shot *a, int32_t l, bool *good)
{
  *good = true;
  q->evaluations++;
  return by_tangents(q, a, l, good);
}
