/* t1d_twin_save.c - a twin as bytes, and back. */
#include "t1d_twin_internal.h"
#include <string.h>

/* "GMT1DTW1", what it belongs to, numbers, edges, then pieces (their length before each): course,
 * readings' quality, the belief, past beliefs; a checksum of all at the end. Little-endian. */
typedef struct {
  char magic[8];
  double option[12];
  uint64_t seed, subject;
  double now_min, meal_min, move, after, doubt_until, found_min, found_g;
  double seen[TWIN_SEEN], seen_min[TWIN_SEEN], told_min[TWIN_TOLD];
  t1d_exercise exercise;
  twin_heart heart;
  double t0;
  int64_t edges_dropped, lost;
  int32_t steps, raised, past_count, past_next, edge_count, edge_first, agreed, told_next;
} head;

static head head_of(const t1d_twin *t)
{
  const t1d_twin_options *o = &t->o;
  head h;
  memset(&h, 0, sizeof h);
  memcpy(h.magic, "GMT1DTW1", 8);
  const double option[12] = {
      o->t0_min,     o->bw_kg,      o->basal_u_per_h,   o->group ? (double)*o->group : -1,
      o->daily_u,    o->cr_g_per_u, o->cf_mgdl_per_u,   o->is_virtual,
      o->first_mgdl, o->population, o->no_hidden_meals, o->rest_heart_rate};
  memcpy(h.option, option, sizeof option);
  h.seed = o->seed;
  h.subject = o->subject;
  h.now_min = t->now_min;
  h.meal_min = t->meal_min;
  h.move = t->move;
  h.after = t->after;
  h.doubt_until = t->doubt_until;
  h.found_min = t->found_min;
  h.found_g = t->found_g;
  memcpy(h.seen, t->seen, sizeof h.seen);
  memcpy(h.seen_min, t->seen_min, sizeof h.seen_min);
  memcpy(h.told_min, t->told_min, sizeof h.told_min);
  h.told_next = t->told_next;
  h.agreed = t->agreed;
  h.exercise = t->exercise;
  h.heart = t->heart;
  h.t0 = t->system.t0;
  h.edges_dropped = t->edges_dropped;
  h.lost = t->lost;
  h.steps = t->steps;
  h.raised = t->raised;
  h.past_count = t->past_count;
  h.past_next = t->past_next;
  h.edge_count = t->edge_count;
  h.edge_first = t->edge_first;
  return h;
}

/* ---- writing --------------------------------------------------------------------------------- */
static void piece_add(gm_text *out, const gm_text *piece)
{
  const uint64_t bytes = piece->bytes;
  gm_text_addn(out, (const char *)&bytes, sizeof bytes);
  if (bytes) gm_text_addn(out, piece->data, piece->bytes);
}

static gm_status pieces_save(const t1d_twin *t, gm_ctx *ctx, gm_text *piece, gm_text *out)
{
  t1d_course_save(t->course, piece);
  piece_add(out, piece);
  piece->bytes = 0;
  gm_status s = gm_quality_save(t->quality, ctx, piece);
  piece_add(out, piece);
  piece->bytes = 0;
  if (!s) s = gm_filter_save(t->filter, ctx, piece);
  piece_add(out, piece);
  if (!s) s = piece->status;
  for (int32_t i = 0; i < t->past_count && !s; i++) {
    const twin_past *p = &t->past[i];
    const double v[4] = {p->t_min, p->cgm_mgdl, p->loglik, (double)p->dropped};
    gm_text_addn(out, (const char *)v, sizeof v);
    piece_add(out, &p->belief);
  }
  return s;
}

gm_status t1d_twin_save(const t1d_twin *t, gm_ctx *ctx, gm_text *out)
{
  const size_t begin = out->bytes;
  const head h = head_of(t);
  gm_text piece;
  gm_text_init(&piece, ctx);
  gm_text_addn(out, (const char *)&h, sizeof h);
  if (t->edge_count)
    gm_text_addn(out, (const char *)t->edge, (size_t)t->edge_count * sizeof *t->edge);
  gm_status s = pieces_save(t, ctx, &piece, out);
  gm_text_free(&piece);
  if (!s && !out->status) {
    const uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  if (!s) s = out->status;
  return s ? gm_fail(ctx, s, "saving a twin") : GM_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */
typedef struct {
  const char *at, *end;
} cursor;

/* NULL: there are not so many bytes left. */
static const char *take(cursor *c, size_t bytes)
{
  if ((size_t)(c->end - c->at) < bytes) return NULL;
  const char *at = c->at;
  c->at += bytes;
  return at;
}

static const char *piece_take(cursor *c, size_t *bytes)
{
  uint64_t n;
  const char *at = take(c, sizeof n);
  if (!at) return NULL;
  memcpy(&n, at, sizeof n);
  *bytes = (size_t)n;
  return n <= (uint64_t)(c->end - c->at) ? take(c, *bytes) : NULL;
}

static gm_status cut(gm_ctx *ctx)
{
  return gm_fail(ctx, GM_EPARSE, "a saved twin is cut short or damaged");
}

static gm_status head_take(t1d_twin *t, gm_ctx *ctx, cursor *c, head *h)
{
  const head own = head_of(t);
  const char *at = take(c, sizeof *h);
  if (!at) return cut(ctx);
  memcpy(h, at, sizeof *h);
  if (memcmp(own.magic, h->magic, sizeof own.magic) != 0) return cut(ctx);
  if (memcmp(own.option, h->option, sizeof own.option) != 0 || own.seed != h->seed ||
      own.subject != h->subject)
    return gm_fail(ctx, GM_EPARSE, "a saved twin of other options");
  if (h->edge_count < 0 || h->edge_first < 0 || h->edge_first > h->edge_count ||
      h->past_count < 0 || h->past_count > TWIN_BACK || h->past_next < 0 ||
      h->past_next >= TWIN_BACK || h->told_next < 0 || h->told_next >= TWIN_TOLD)
    return cut(ctx);
  return GM_OK;
}

static gm_status edges_take(t1d_twin *t, gm_ctx *ctx, cursor *c, const head *h)
{
  const size_t bytes = (size_t)h->edge_count * sizeof *t->edge;
  const char *at = take(c, bytes);
  if (!at) return cut(ctx);
  if (h->edge_count > t->edge_room) {
    gm_status s = gm_grow(ctx, &t->edge, t->edge_room, h->edge_count, sizeof *t->edge);
    if (s) return s;
    t->edge_room = h->edge_count;
  }
  if (bytes) memcpy(t->edge, at, bytes);
  t->edge_count = h->edge_count;
  t->edge_first = h->edge_first;
  t->edges_dropped = h->edges_dropped;
  t1d__twin_drive_set(t);
  return GM_OK;
}

static gm_status past_take(t1d_twin *t, gm_ctx *ctx, cursor *c, const head *h)
{
  t1d__twin_forget(t);
  for (int32_t i = 0; i < h->past_count; i++) {
    twin_past *p = &t->past[i];
    double v[4];
    size_t bytes;
    const char *number = take(c, sizeof v), *belief = piece_take(c, &bytes);
    if (!number || !belief) return cut(ctx);
    memcpy(v, number, sizeof v);
    p->t_min = v[0], p->cgm_mgdl = v[1], p->loglik = v[2], p->dropped = (int64_t)v[3];
    p->belief.bytes = 0, p->belief.status = GM_OK;
    gm_text_addn(&p->belief, belief, bytes);
    if (p->belief.status) return gm_fail(ctx, p->belief.status, "twin");
  }
  t->past_count = h->past_count;
  t->past_next = h->past_next;
  return GM_OK;
}

static gm_status twin_take(t1d_twin *t, gm_ctx *ctx, cursor *c)
{
  head h;
  size_t bytes = 0;
  const char *at = NULL;
  gm_status s = head_take(t, ctx, c, &h);
  if (!s && h.t0 != t->system.t0) s = t1d__twin_begin(t, ctx, h.t0);
  if (!s) s = edges_take(t, ctx, c, &h);
  if (!s) s = (at = piece_take(c, &bytes)) ? t1d_course_load(t->course, ctx, at, bytes) : cut(ctx);
  if (!s) s = (at = piece_take(c, &bytes)) ? gm_quality_load(t->quality, ctx, at, bytes) : cut(ctx);
  if (!s) s = (at = piece_take(c, &bytes)) ? gm_filter_load(t->filter, ctx, at, bytes) : cut(ctx);
  if (!s) s = past_take(t, ctx, c, &h);
  if (s) return s;
  t->now_min = h.now_min;
  t->meal_min = h.meal_min;
  t->move = h.move;
  t->after = h.after;
  t->doubt_until = h.doubt_until;
  t->found_min = h.found_min;
  t->found_g = h.found_g;
  memcpy(t->seen, h.seen, sizeof h.seen);
  memcpy(t->seen_min, h.seen_min, sizeof h.seen_min);
  memcpy(t->told_min, h.told_min, sizeof h.told_min);
  t->told_next = h.told_next;
  t->agreed = h.agreed;
  t->exercise = h.exercise;
  t->heart = h.heart;
  t->lost = h.lost != 0;
  t->steps = h.steps;
  t->raised = h.raised;
  return GM_OK;
}

gm_status t1d_twin_load(gm_ctx *ctx, const t1d_twin_options *options, const void *data,
                        size_t bytes, t1d_twin **out)
{
  uint64_t sum;
  t1d_twin *t;
  if (bytes < sizeof sum) return cut(ctx);
  cursor c = {data, (const char *)data + bytes - sizeof sum};
  memcpy(&sum, c.end, sizeof sum);
  if (sum != gm_checksum(data, bytes - sizeof sum)) return cut(ctx);
  gm_status s = t1d_twin_new(ctx, options, &t);
  if (s) return s;
  s = twin_take(t, ctx, &c);
  if (!s && c.at != c.end) s = cut(ctx);
  if (s) {
    t1d_twin_free(t);
    return s;
  }
  *out = t;
  return GM_OK;
}
