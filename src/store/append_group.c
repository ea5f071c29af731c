/* append_group.c - a group of appends in one transaction. First all that they stand on is asked for
 * together: the ends of their threads, and the versions of their things that are there. Then each
 * is decided in memory, in the order in which they came, so that one that may not be has written
 * nothing; what may be is sent without waiting for answers. */
#include "base/clock.h"
#include "store/append_group.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The end of a thread: on the disk, then with what the group adds. */
typedef struct {
  int64_t id, seq, learned, consents;
  unsigned char head[GM__HASH_BYTES];
  gm_status status; /* why nothing can be added, and in words */
  const char *why;
  bool changed;
} thread;

/* A version of a thing that is there, or that the group adds. */
typedef struct {
  int64_t twin, seq, learned;
  unsigned char thing[GM__INDEX_BYTES], version[GM__INDEX_BYTES];
  int32_t next; /* of the same place, -1: none */
} version;

typedef struct {
  const gm__append *a;
  const gm__sealed *e;
  int64_t before; /* number of the version before it, 0: none */
  unsigned char chain[GM__HASH_BYTES];
} wanted;

typedef struct {
  gm_ctx *ctx;
  gm__db *d;
  thread *thread; /* by id */
  wanted *wanted; /* entries of all appends, in their order */
  version *version;
  int32_t *place; /* first version of each place, -1: none */
  int32_t thread_count, wanted_count, version_count, version_room, places;
} group;

/* ---- versions -------------------------------------------------------------------------------- */
/* The names of things are keyed hashes: any part of one is as good as a hash. */
static int32_t *place_of(const group *g, const unsigned char thing[GM__INDEX_BYTES])
{
  uint32_t part;
  memcpy(&part, thing, sizeof part);
  return &g->place[part & (uint32_t)(g->places - 1)];
}

static gm_status version_add(group *g, const version *v)
{
  if (g->version_count == g->version_room) {
    gm_status st =
        gm_grow(g->ctx, &g->version, g->version_room, 2 * g->version_room + 16, sizeof *g->version);
    if (st) return st;
    g->version_room = 2 * g->version_room + 16;
  }
  int32_t *place = place_of(g, v->thing);
  g->version[g->version_count] = *v;
  g->version[g->version_count].next = *place;
  *place = g->version_count++;
  return GM_OK;
}

/* Those that were added last go first. */
static void versions_back(group *g, int32_t count)
{
  while (g->version_count > count) {
    const version *v = &g->version[--g->version_count];
    *place_of(g, v->thing) = v->next;
  }
}

/* This version, if it is there; *newest: number of the thing's last version, 0: none. */
static const version *version_find(const group *g, int64_t twin, const gm__sealed *e,
                                   int64_t *newest)
{
  const version *found = NULL;
  *newest = 0;
  for (int32_t i = *place_of(g, e->thing); i >= 0; i = g->version[i].next) {
    const version *v = &g->version[i];
    if (v->twin != twin || memcmp(v->thing, e->thing, GM__INDEX_BYTES) != 0) continue;
    if (v->seq > *newest) *newest = v->seq;
    if (!memcmp(v->version, e->version, GM__INDEX_BYTES)) found = v;
  }
  return found;
}

/* ---- what is there --------------------------------------------------------------------------- */
static int by_id(const void *a, const void *b)
{
  int64_t x = ((const thread *)a)->id, y = ((const thread *)b)->id;
  return (x > y) - (x < y);
}

static thread *thread_of(const group *g, int64_t id)
{
  thread key = {.id = id};
  return bsearch(&key, g->thread, (size_t)g->thread_count, sizeof key, by_id);
}

static void threads_list(group *g, const gm__append *first)
{
  int32_t count = 0, kept = 0;
  for (const gm__append *a = first; a; a = a->next)
    g->thread[count++] = (thread){.id = a->twin, .status = GM_ENOTFOUND, .why = "no such twin"};
  qsort(g->thread, (size_t)count, sizeof *g->thread, by_id);
  for (int32_t i = 0; i < count; i++)
    if (!kept || g->thread[kept - 1].id != g->thread[i].id) g->thread[kept++] = g->thread[i];
  g->thread_count = kept;
}

static gm_status group_new(group *g, const gm__append *first)
{
  int32_t appends = 0, entries = 0, at = 0;
  for (const gm__append *a = first; a; a = a->next) appends++, entries += a->count;
  for (g->places = 16; g->places < entries;) g->places *= 2;
  g->thread = gm_alloc(g->ctx, appends, sizeof *g->thread);
  g->wanted = gm_alloc(g->ctx, entries, sizeof *g->wanted);
  g->place = gm_alloc(g->ctx, g->places, sizeof *g->place);
  if (!g->thread || !g->wanted || !g->place)
    return gm_fail(g->ctx, GM_ENOMEM, "%d records", (int)entries);
  for (int32_t i = 0; i < g->places; i++) g->place[i] = -1;
  for (const gm__append *a = first; a; a = a->next)
    for (int32_t i = 0; i < a->count; i++) g->wanted[at++] = (wanted){.a = a, .e = &a->entry[i]};
  g->wanted_count = at;
  threads_list(g, first);
  return GM_OK;
}

static void group_free(group *g)
{
  gm_free(g->thread);
  gm_free(g->wanted);
  gm_free(g->place);
  gm_free(g->version);
}

static void thread_ask(void *user, gm__stmt *q, int32_t i)
{
  const group *g = user;
  gm__db_bind_int(q, 1, g->thread[i].id);
}

static gm_status thread_hear(void *user, const gm__stmt *q, int32_t i)
{
  const group *g = user;
  thread *t = &g->thread[i];
  size_t bytes = 0;
  const void *head = gm__db_bytes(q, 2, &bytes);
  t->seq = gm__db_int(q, 0);
  t->learned = gm__db_int(q, 1);
  t->consents = gm__db_int(q, 4);
  bool good = head && bytes == sizeof t->head, erased = gm__db_int(q, 3) != 0;
  if (good) memcpy(t->head, head, sizeof t->head);
  t->status = !good ? GM_EPARSE : erased ? GM_ENOTFOUND : GM_OK;
  t->why = !good ? "a twin's row is damaged" : "this subject was erased";
  return GM_OK;
}

static void version_ask(void *user, gm__stmt *q, int32_t i)
{
  const group *g = user;
  gm__db_bind_int(q, 1, g->wanted[i].a->twin);
  gm__db_bind_bytes(q, 2, g->wanted[i].e->thing, GM__INDEX_BYTES);
}

static gm_status version_hear(void *user, const gm__stmt *q, int32_t i)
{
  group *g = user;
  version v = {.twin = g->wanted[i].a->twin, .seq = gm__db_int(q, 0), .learned = gm__db_int(q, 1)};
  size_t bytes = 0;
  const void *name = gm__db_bytes(q, 2, &bytes);
  memcpy(v.thing, g->wanted[i].e->thing, sizeof v.thing);
  if (name && bytes == sizeof v.version) memcpy(v.version, name, bytes);
  return version_add(g, &v);
}

static gm_status group_read(group *g)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(g->d, g->ctx,
                                "SELECT t.seq, t.learned, t.head, s.erased, t.consents FROM twin t"
                                " JOIN subject s ON s.id = t.subject WHERE t.id = $1",
                                &q);
  if (!st) st = gm__db_each(q, g->ctx, g->thread_count, thread_ask, thread_hear, g);
  if (!st)
    st = gm__db_prepare(g->d, g->ctx,
                        "SELECT seq, learned, version FROM record WHERE twin = $1 AND thing = $2"
                        " ORDER BY version", /* an index has this order: the server takes it */
                        &q);
  if (!st) st = gm__db_each(q, g->ctx, g->wanted_count, version_ask, version_hear, g);
  return st;
}

/* ---- what may be ----------------------------------------------------------------------------- */
/* Time of learning grows, also when the clock is set back. */
static int64_t learned_now(const thread *t)
{
  int64_t now = gm__clock_us();
  return now > t->learned ? now : t->learned + 1;
}

static gm_status entry_decide(group *g, thread *t, wanted *w, gm_receipt *r)
{
  const gm__append *a = w->a;
  const gm__sealed *e = w->e;
  unsigned char digest[GM__HASH_BYTES], chained[GM__CHAINED_BYTES];
  const version *there = version_find(g, t->id, e, &w->before);
  if (there) {
    *r = (gm_receipt){.seq = there->seq, .t_learned = there->learned, .already = true};
    return GM_OK;
  }
  const char *why = w->before ? e->correct : e->add;
  if (why) return gm_fail(g->ctx, GM_EDENIED, "%s", why);
  t->seq++;
  t->learned = learned_now(t);
  gm__digest(a->body.data + e->at, e->bytes, digest);
  gm__chained(t->id, t->seq, t->learned, a->session, e, digest, chained);
  gm__chain(t->head, chained, sizeof chained, t->head);
  memcpy(w->chain, t->head, sizeof w->chain);
  *r = (gm_receipt){.seq = t->seq, .t_learned = t->learned};
  version v = {.twin = t->id, .seq = t->seq, .learned = t->learned};
  memcpy(v.thing, e->thing, sizeof v.thing);
  memcpy(v.version, e->version, sizeof v.version);
  return version_add(g, &v);
}

static gm_status entries_decide(group *g, thread *t, gm__append *a, wanted *w)
{
  if (t->status) return gm_fail(g->ctx, t->status, "%s", t->why);
  a->stale = t->consents != a->consents;
  if (a->stale) return gm_fail(g->ctx, GM_EBUSY, "the consents changed meanwhile");
  gm_status st = GM_OK;
  for (int32_t i = 0; i < a->count && !st; i++) st = entry_decide(g, t, &w[i], &a->receipt[i]);
  return st;
}

/* All entries of one append, or none: then what stood before stands. */
static void append_decide(group *g, gm__append *a, wanted *w)
{
  thread *t = thread_of(g, a->twin), before = *t;
  int32_t versions = g->version_count;
  a->seq = 0;
  a->stale = false;
  memset(a->receipt, 0, (size_t)a->count * sizeof *a->receipt);
  a->status = entries_decide(g, t, a, w);
  if (a->status) {
    snprintf(a->message, sizeof a->message, "%s", gm_message(g->ctx));
    versions_back(g, versions);
    *t = before;
    return;
  }
  t->consents += a->consenting;
  t->changed |= t->seq > before.seq || a->consenting;
  a->seq = t->seq > before.seq ? t->seq : 0;
  memcpy(a->head, t->head, sizeof a->head);
}

/* ---- writing --------------------------------------------------------------------------------- */
static gm_status newer_put(group *g, const wanted *w, const gm_receipt *r)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(g->d, g->ctx,
                                "INSERT INTO newer (twin, seq, learned) VALUES ($1, $2, $3)", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, w->a->twin);
  gm__db_bind_int(q, 2, w->before);
  gm__db_bind_int(q, 3, r->t_learned);
  return gm__db_run(q, g->ctx);
}

static gm_status record_put(group *g, const wanted *w, const gm_receipt *r)
{
  const gm__sealed *e = w->e;
  gm__stmt *q;
  gm_status st = gm__db_prepare(g->d, g->ctx,
                                "INSERT INTO record (twin, seq, kind, series, t_true, learned,"
                                " thing, version, class, session, body, chain)"
                                " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, w->a->twin);
  gm__db_bind_int(q, 2, r->seq);
  gm__db_bind_int(q, 3, e->kind);
  gm__db_bind_bytes(q, 4, e->series, GM__INDEX_BYTES);
  gm__db_bind_real(q, 5, e->t_true_s);
  gm__db_bind_int(q, 6, r->t_learned);
  gm__db_bind_bytes(q, 7, e->thing, GM__INDEX_BYTES);
  gm__db_bind_bytes(q, 8, e->version, GM__INDEX_BYTES);
  gm__db_bind_int(q, 9, e->data_class);
  gm__db_bind_int(q, 10, w->a->session);
  gm__db_bind_bytes(q, 11, w->a->body.data + e->at, e->bytes);
  gm__db_bind_bytes(q, 12, w->chain, sizeof w->chain);
  return gm__db_run(q, g->ctx);
}

static gm_status append_put(group *g, const gm__append *a, const wanted *w)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < a->count && !st && !a->status; i++) {
    if (a->receipt[i].already) continue;
    if (w[i].before) st = newer_put(g, &w[i], &a->receipt[i]);
    if (!st) st = record_put(g, &w[i], &a->receipt[i]);
  }
  return st;
}

static gm_status thread_put(group *g, const thread *t)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(
      g->d, g->ctx,
      "UPDATE twin SET seq = $1, learned = $2, consents = $3, head = $4 WHERE id = $5", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, t->seq);
  gm__db_bind_int(q, 2, t->learned);
  gm__db_bind_int(q, 3, t->consents);
  gm__db_bind_bytes(q, 4, t->head, sizeof t->head);
  gm__db_bind_int(q, 5, t->id);
  return gm__db_run(q, g->ctx);
}

static gm_status appends_put(gm_ctx *ctx, gm__db *d, gm__append *first)
{
  group g = {.ctx = ctx, .d = d};
  if (!first) return GM_OK; /* rows of the log alone */
  gm_status st = group_new(&g, first);
  if (!st) st = group_read(&g);
  wanted *w = g.wanted;
  for (gm__append *a = first; a && !st; w += a->count, a = a->next) {
    append_decide(&g, a, w);
    st = append_put(&g, a, w);
  }
  for (int32_t i = 0; i < g.thread_count && !st; i++)
    if (g.thread[i].changed) st = thread_put(&g, &g.thread[i]);
  group_free(&g);
  return st;
}

gm_status gm__group_write(gm_store *s, gm_ctx *ctx, gm__append *first, gm__group_stage *reached)
{
  gm__db *d = s->writing.db;
  *reached = GM__GROUP_BEGIN;
  gm_status st = gm__db_begin(d, ctx);
  if (!st) {
    *reached = GM__GROUP_WRITE;
    st = appends_put(ctx, d, first);
    if (!st) st = gm__audit_write(s, d, ctx);
    if (!st) st = gm__db_settle(d, ctx);
    if (!st) *reached = GM__GROUP_COMMIT;
    if (!st)
      st = gm__db_commit(d, ctx);
    else
      gm__db_rollback(d);
  }
  gm__audit_settle(s, st);
  for (gm__append *a = first; a && !st; a = a->next) /* of what is on the disk, no sooner */
    if (!a->status && a->seq) gm__audit_wrote(s, a->session, a->twin, a->seq, a->head);
  return st;
}
