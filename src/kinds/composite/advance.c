/* advance.c - members of a block from grid point to grid point.
 *
 * A member's stretch is cut where links are worked out: at grid points and after a reset. What is
 * given from outside at a time acts before the links of that time, and samples of that time are
 * read before them too, so a stretch cut in two is the same as one. */
#include "kinds/composite/run.h"
#include <math.h>

enum { FAILED = GM_MEMBER_DIVERGED | GM_MEMBER_STEPS };

/* ---- the grid -------------------------------------------------------------------------------- */
/* Number of the interval [origin + k step, origin + (k+1) step) that t is in; comp_never when the
 * grid is finer than time can tell. */
static double interval_of(const comp_machine *m, double t)
{
  double k = floor((t - m->origin) / m->step);
  if (m->origin + (k + 1) * m->step <= t) k++;
  if (m->origin + k * m->step > t) k--;
  bool inside = m->origin + k * m->step <= t && t < m->origin + (k + 1) * m->step;
  return inside ? k : comp_never;
}

/* What lies up to `end`: edges and samples that come next. */
static void piece_until(comp_work *w, int32_t k, double end)
{
  const gm_span *s = &w->span[k];
  int32_t e = w->at[k].edge, q = w->at[k].sample;
  while (e < s->edge_count && s->edge[e].t <= end) e++;
  while (q < s->sample_count && s->sample[q] <= end) q++;
  w->at[k].end = end;
  w->at[k].edge_end = e;
  w->at[k].sample_end = q;
}

/* The next piece of member k: to the next grid point, to a reset, or to the end. */
static void piece_plan(comp_work *w, int32_t k)
{
  const gm_span *s = &w->span[k];
  double number = interval_of(w->m, w->at[k].t);
  double end = fmin(s->t1, w->m->origin + (number + 1) * w->m->step);
  for (int32_t e = w->at[k].edge; e < s->edge_count && s->edge[e].t < end; e++)
    if (s->edge[e].kind == GM_EDGE_RESET) {
      end = s->edge[e].t;
      break;
    }
  piece_until(w, k, end);
}

/* ---- one child over one piece ---------------------------------------------------------------- */
static int32_t parameter_at(const comp_child *c, int32_t row)
{
  for (int32_t i = 0; i < c->info.parameter_count; i++)
    if (c->parameter[i] == row) return i;
  return -1;
}

/* The edge as child c sees it; false: it does not concern it. */
static bool edge_for(comp_work *w, int32_t c, int32_t k, const gm_edge *e, gm_edge *out)
{
  const comp_machine *m = w->m;
  const comp_child *child = &m->child[c];
  *out = *e;
  if (e->kind == GM_EDGE_RESET) {
    for (int32_t f = 0; f < m->nfed; f++)
      if (m->fed[f].child == c) *comp_row(w, m->fed[f].row, k) = 0;
    out->port = 0;
    return true;
  }
  if (e->kind == GM_EDGE_PARAMETER) {
    out->port = parameter_at(child, e->port);
    return out->port >= 0;
  }
  if (m->port_child[e->port] != c) return false;
  out->port = e->port - child->port;
  int32_t fed = m->fed_of[e->port];
  if (e->kind == GM_EDGE_RATE && fed >= 0) {
    *comp_row(w, m->fed[fed].row, k) = e->value;
    out->value = comp_fed_rate(w, fed, k);
  }
  return true;
}

/* The stretch of member k for child c; false: no memory. */
static bool child_span(comp_work *w, int32_t c, int32_t k, gm_span *out)
{
  const gm_span *s = &w->span[k];
  int32_t edges = w->at[k].edge_end - w->at[k].edge, count = 0, q = w->at[k].sample;
  int32_t samples = w->at[k].sample_end - q;
  ptrdiff_t ny = w->m->child[c].info.output_count;
  gm_edge *e = edges ? gm_arena_get(w->arena, edges, sizeof *e) : NULL;
  double *y = samples ? gm_arena_get(w->arena, samples * ny + 1, sizeof *y) : NULL;
  if ((edges && !e) || (samples && !y)) return false;
  for (int32_t i = 0; i < edges; i++)
    count += edge_for(w, c, k, &s->edge[w->at[k].edge + i], &e[count]);
  *out = (gm_span){.t0 = w->at[k].t,
                   .t1 = w->at[k].end,
                   .edge = e,
                   .edge_count = count,
                   .sample = samples ? s->sample + q : NULL,
                   .sample_before = samples && s->sample_before ? s->sample_before + q : NULL,
                   .sample_count = samples,
                   .y = y};
  return true;
}

/* Outputs of child c into those of the member; all of a sample is NaN once a child failed. */
static void outputs_take(comp_work *w, int32_t c, int32_t k, const gm_span *span)
{
  const comp_machine *m = w->m;
  int32_t ny = m->child[c].info.output_count;
  for (int32_t i = 0; i < span->sample_count; i++) {
    double *to = w->span[k].y + (ptrdiff_t)(w->at[k].sample + i) * m->ny + m->child[c].output;
    for (int32_t o = 0; o < ny; o++) to[o] = span->y[(ptrdiff_t)i * ny + o];
  }
}

static void child_move(comp_work *w, int32_t c, int32_t first, int32_t n)
{
  const comp_child *child = &w->m->child[c];
  gm_arena_mark mark = gm_arena_at(w->arena);
  gm_span *span = gm_arena_get(w->arena, n, sizeof *span);
  bool got = span;
  for (int32_t k = 0; got && k < n; k++) got = child_span(w, c, first + k, &span[k]);
  if (got) {
    gm_batch b = comp_child_batch(w, c, first, n);
    child->model->type->advance(child->model, w->child[c].work, &b, span, w->arena);
  }
  for (int32_t k = 0; k < n; k++) {
    w->at[first + k].status |= got ? w->child[c].status[first + k] : GM_MEMBER_DIVERGED;
    if (!got) continue;
    outputs_take(w, c, first + k, &span[k]);
    gm_span_apply_parameters(&span[k], w->child[c].theta + first + k, w->block);
  }
  gm_arena_back(w->arena, mark);
}

/* ---- rounds ---------------------------------------------------------------------------------- */
static void samples_blank(const comp_work *w, int32_t k, int32_t from, int32_t to)
{
  ptrdiff_t ny = w->m->ny;
  for (ptrdiff_t i = from * ny; i < to * ny; i++) w->span[k].y[i] = NAN;
}

/* Of a member that failed: a sample of which any output is NaN is NaN altogether. */
static void samples_even(const comp_work *w, int32_t k)
{
  int32_t ny = w->m->ny;
  for (int32_t i = w->at[k].sample; i < w->at[k].sample_end; i++) {
    bool blank = false;
    for (int32_t o = 0; o < ny; o++) blank |= isnan(w->span[k].y[(ptrdiff_t)i * ny + o]);
    if (blank) samples_blank(w, k, i, i + 1);
  }
}

/* Members first .. first + n - 1 over the pieces planned. */
static void run_move(comp_work *w, int32_t first, int32_t n)
{
  for (int32_t c = 0; c < w->m->nc; c++) child_move(w, c, first, n);
  for (int32_t k = first; k < first + n; k++) {
    for (int32_t e = w->at[k].edge; e < w->at[k].edge_end; e++)
      if (w->span[k].edge[e].kind == GM_EDGE_RESET) *comp_row(w, w->m->at_step, k) = comp_never;
    if (w->at[k].status & FAILED) samples_even(w, k);
    w->at[k].t = w->at[k].end;
    w->at[k].edge = w->at[k].edge_end;
    w->at[k].sample = w->at[k].sample_end;
  }
}

static void run_exchange(comp_work *w, int32_t first, int32_t n)
{
  comp_exchange(w, first, n, w->at[first].t);
  for (int32_t k = first; k < first + n; k++)
    *comp_row(w, w->m->at_step, k) = interval_of(w->m, w->at[k].t);
}

/* Calls f on runs of neighbours that are due, with same_time of the same time. */
static void for_runs(comp_work *w, bool same_time, void (*f)(comp_work *, int32_t, int32_t))
{
  for (int32_t k = 0; k < w->n;) {
    int32_t first = k;
    if (!w->at[k++].due) continue;
    while (k < w->n && w->at[k].due && (!same_time || w->at[k].t == w->at[first].t)) k++;
    f(w, first, k - first);
  }
}

static bool is_under_way(const comp_work *w, int32_t k)
{
  return !(w->at[k].status & FAILED) && w->at[k].t < w->span[k].t1;
}

static bool exchange_is_due(comp_work *w, int32_t k)
{
  if (!is_under_way(w, k)) return false;
  double number = interval_of(w->m, w->at[k].t);
  if (number == comp_never) w->at[k].status |= GM_MEMBER_STEPS;
  return number != comp_never && number != *comp_row(w, w->m->at_step, k);
}

/* What happens at the beginning itself. */
static void round_begin(comp_work *w)
{
  for (int32_t k = 0; k < w->n; k++) {
    w->at[k].t = w->span[k].t0;
    w->at[k].edge = w->at[k].sample = 0;
    w->at[k].status = GM_MEMBER_OK;
    piece_until(w, k, w->at[k].t);
    w->at[k].due = w->at[k].edge_end > 0 || w->at[k].sample_end > 0;
  }
  for_runs(w, false, run_move);
}

static bool round_next(comp_work *w)
{
  bool any = false;
  for (int32_t k = 0; k < w->n; k++) w->at[k].due = exchange_is_due(w, k);
  for_runs(w, true, run_exchange);
  for (int32_t k = 0; k < w->n; k++) {
    w->at[k].due = is_under_way(w, k);
    if (w->at[k].due) piece_plan(w, k);
    any |= w->at[k].due;
  }
  for_runs(w, false, run_move);
  return any;
}

void comp_block_advance(comp_work *w)
{
  round_begin(w);
  while (round_next(w)) {}
  for (int32_t k = 0; k < w->n; k++) {
    samples_blank(w, k, w->at[k].sample, w->span[k].sample_count);
    w->b->status[w->first + k] = w->at[k].status;
  }
}
