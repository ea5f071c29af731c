/* card.c - cards: what is asked of many twins at once. Callers seal side by side; whoever comes
 * first takes all that wait and writes them in one commit. */
#include "base/clock.h"
#include "store/scan.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- what a card stands on ------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm__db *d;
  gm__keys *keys;
  gm_arena *memory;
  gm_text name, subject_id;
  gm__card_bound bound;
  gm__card card;
  int64_t created; /* of the twin */
} maker;

/* Names of the twin and its subject, state of its consents. The state is asked before the rules are
 * read: a consent that comes in between makes the card old, never wrong. */
static gm_status twin_read(maker *m)
{
  gm__stmt *q;
  bool row = false;
  size_t bytes = 0;
  gm_status st = gm__db_prepare(m->d, m->ctx,
                                "SELECT t.seq, t.consents, t.subject, t.label, s.label,"
                                " t.created FROM twin t"
                                " JOIN subject s ON s.id = t.subject WHERE t.id = $1",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->bound.twin);
  st = gm__db_step(q, m->ctx, &row);
  if (st) return st;
  if (!row) return gm_fail(m->ctx, GM_ENOTFOUND, "no such twin");
  m->bound.consents = gm__db_int(q, 1);
  m->created = gm__db_int(q, 5);
  if (m->bound.seq < 0 || m->bound.seq > gm__db_int(q, 0))
    st = gm_fail(m->ctx, GM_EINVAL, "a card that stands on a record that is not there");
  const void *label = gm__db_bytes(q, 3, &bytes);
  if (!st)
    st = gm__label_open(m->ctx, m->keys, m->bound.twin, label, bytes, &m->name, &m->card.name);
  label = gm__db_bytes(q, 4, &bytes);
  if (!st)
    st = gm__label_open(m->ctx, m->keys, gm__db_int(q, 2), label, bytes, &m->subject_id,
                        &m->card.subject_id);
  gm__db_reset(q);
  return st;
}

/* Classes so far, of the card before, which stood on *seq. */
static gm_status classes_before(maker *m, int64_t *seq)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(m->d, m->ctx, "SELECT seq, classes FROM card WHERE twin = $1", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->bound.twin);
  st = gm__db_step(q, m->ctx, &row);
  *seq = 0;
  m->bound.classes = gm__card_class(GM_RECORD_BELIEF, GM_CLASS_DERIVED) |
                     gm__card_class(GM_RECORD_FORECAST, GM_CLASS_DERIVED);
  if (st || !row) return st;
  *seq = gm__db_int(q, 0);
  m->bound.classes |= gm__db_int(q, 1);
  gm__db_reset(q);
  return GM_OK;
}

/* Of which classes the twin's covariates, beliefs and forecasts are: all that ever were, since
 * what is on the card may stand on any of them. */
static gm_status classes_read(maker *m)
{
  gm__stmt *q;
  bool row = false;
  int64_t from = 0;
  gm_status st = classes_before(m, &from);
  if (!st)
    st = gm__db_prepare(m->d, m->ctx,
                        "SELECT kind, class FROM record WHERE twin = $1 AND seq > $2"
                        " AND kind + 0 >= $3 AND kind + 0 <= $4",
                        &q);
  if (st) return st;
  gm__db_bind_int(q, 1, m->bound.twin);
  gm__db_bind_int(q, 2, from);
  gm__db_bind_int(q, 3, GM_RECORD_COVARIATE);
  gm__db_bind_int(q, 4, GM_RECORD_FORECAST);
  while (!(st = gm__db_step(q, m->ctx, &row)) && row) {
    int64_t class = gm__db_int(q, 1);
    if (class >= 0 && class < GM_CLASS_COUNT)
      m->bound.classes |= gm__card_class(gm__db_int(q, 0), class);
  }
  return st;
}

static gm_status card_seal(gm_store *s, gm_ctx *ctx, maker *m, gm_text *out)
{
  m->ctx = ctx;
  m->d = s->reading.db;
  gm_text_init(&m->name, ctx);
  gm_text_init(&m->subject_id, ctx);
  gm_status st = gm_arena_new(ctx, 1024, &m->memory);
  pthread_mutex_lock(&s->reading.lock);
  if (!st) st = twin_read(m);
  if (!st)
    st = gm__rules_of(m->d, ctx, m->keys, m->bound.twin, m->memory, &m->card.rule,
                      &m->card.rule_count);
  if (!st) st = classes_read(m);
  pthread_mutex_unlock(&s->reading.lock);
  if (!st) st = gm__card_seal(ctx, m->keys, &m->bound, &m->card, out);
  gm__text_wipe(&m->name);
  gm__text_wipe(&m->subject_id);
  gm__rules_wipe(m->card.rule, m->card.rule_count);
  gm_arena_free(m->memory);
  return st;
}

/* ---- writing ----------------------------------------------------------------------------------
 */
typedef struct gm__card_wait gm__card_wait;
struct gm__card_wait {
  gm__card_wait *next;
  const gm__card_bound *bound;
  int64_t created; /* of the twin */
  const gm_text *body;
  gm_status status;
  char message[200];
  bool done, gone; /* gone: there is no such twin any more */
  pthread_cond_t finished;
};

/* The subject's row is held against an erasure until the commit. */
static gm_status twin_there(gm__db *d, gm_ctx *ctx, int64_t twin, bool *there)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT s.erased FROM subject s JOIN twin t ON s.id = t.subject"
                                " WHERE t.id = $1 FOR UPDATE OF s",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, twin);
  st = gm__db_step(q, ctx, &row);
  *there = !st && row && !gm__db_int(q, 0);
  if (row) gm__db_reset(q);
  return st;
}

/* A card never takes the place of one that stands on more. */
static gm_status card_write(gm__db *d, gm_ctx *ctx, gm__card_wait *w)
{
  gm__stmt *q;
  bool there = false;
  gm_status st = twin_there(d, ctx, w->bound->twin, &there);
  w->gone = !st && !there;
  if (st || !there) return st;
  st = gm__db_prepare(d, ctx,
                      "INSERT INTO card (twin, seq, consents, classes, created, body)"
                      " VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (twin) DO UPDATE SET"
                      " seq = excluded.seq, consents = excluded.consents,"
                      " classes = excluded.classes, body = excluded.body"
                      " WHERE card.seq <= excluded.seq",
                      &q);
  if (st) return st;
  gm__db_bind_int(q, 1, w->bound->twin);
  gm__db_bind_int(q, 2, w->bound->seq);
  gm__db_bind_int(q, 3, w->bound->consents);
  gm__db_bind_int(q, 4, w->bound->classes);
  gm__db_bind_int(q, 5, w->created);
  gm__db_bind_bytes(q, 6, w->body->data, w->body->bytes);
  return gm__db_run(q, ctx);
}

static gm__card_wait *all_take(gm_store *s)
{
  pthread_mutex_lock(&s->queue_lock);
  gm__card_wait *all = s->cards;
  s->cards = NULL;
  pthread_mutex_unlock(&s->queue_lock);
  return all;
}

static gm_status all_write(gm_store *s, gm_ctx *ctx, gm__card_wait *all)
{
  gm__db *d = s->writing.db;
  gm_status st = gm__db_begin(d, ctx);
  if (st) return st;
  for (gm__card_wait *w = all; w && !st; w = w->next) st = card_write(d, ctx, w);
  if (!st) return gm__db_commit(d, ctx);
  gm__db_rollback(d);
  return st;
}

static void all_finish(gm_store *s, gm_ctx *ctx, gm__card_wait *all, gm_status st)
{
  pthread_mutex_lock(&s->queue_lock);
  for (gm__card_wait *w = all, *next; w; w = next) {
    next = w->next; /* w is its caller's as soon as it is done */
    w->status = st ? st : w->gone ? GM_ENOTFOUND : GM_OK;
    snprintf(w->message, sizeof w->message, "%s", st ? gm_message(ctx) : "no such twin");
    w->done = true;
    pthread_cond_signal(&w->finished);
  }
  pthread_mutex_unlock(&s->queue_lock);
}

/* While one writes, others wait in the queue; when it is done, the first of them finds all of them
 * there. */
static gm_status card_commit(gm_store *s, gm_ctx *ctx, gm__card_wait *w)
{
  pthread_cond_init(&w->finished, NULL);
  pthread_mutex_lock(&s->queue_lock);
  bool first = !s->cards;
  w->next = s->cards;
  s->cards = w;
  while (!first && !w->done) pthread_cond_wait(&w->finished, &s->queue_lock);
  pthread_mutex_unlock(&s->queue_lock);
  if (first) {
    pthread_mutex_lock(&s->writing.lock);
    gm__card_wait *all = all_take(s); /* this one is among them */
    gm_status st = all_write(s, ctx, all);
    pthread_mutex_unlock(&s->writing.lock);
    all_finish(s, ctx, all, st);
  }
  pthread_cond_destroy(&w->finished);
  return w->status ? gm_fail(ctx, w->status, "%s", w->message) : GM_OK;
}

static gm_status may_write(gm_session *a, gm_ctx *ctx, int64_t twin)
{
  gm_access_decision d;
  int64_t state;
  gm_status st =
      gm__right_at_hand(a, ctx, twin, GM_ACT_ADD, GM_RECORD_FORECAST, GM_CLASS_DERIVED, &d, &state);
  if (st || d.allowed) return st;
  return gm__denied(a, ctx, GM_ACT_ADD, twin, GM_RECORD_FORECAST, d.reason);
}

gm_status gm_store_card_put(gm_session *a, gm_ctx *ctx, int64_t twin, int64_t seq, const void *body,
                            size_t bytes)
{
  assert(a && ctx && (body || !bytes));
  gm_store *s = a->s;
  maker m = {.bound = {.twin = twin, .seq = seq}, .card = {.body = body, .bytes = bytes}};
  gm_text sealed;
  gm__card_wait w = {.bound = &m.bound, .body = &sealed};
  if (bytes > GM__BODY_MAX)
    return gm_fail(ctx, GM_EINVAL, "a card of %zu bytes; at most %d", bytes, GM__BODY_MAX);
  gm_text_init(&sealed, ctx);
  gm_status st = may_write(a, ctx, twin);
  if (!st) st = gm__twin_keys(s, ctx, twin, &m.keys);
  if (!st) st = card_seal(s, ctx, &m, &sealed);
  w.created = m.created;
  if (!st) st = card_commit(s, ctx, &w);
  gm__keys_free(m.keys);
  gm_text_free(&sealed);
  return st;
}

/* ---- all cards ---------------------------------------------------------------------------------
 */
typedef struct {
  const gm_session *a;
  gm_card_listener *listener;
  void *user;
  double now_s;
  int64_t told, withheld;
} bank;

static bool may_read(const bank *b, const gm__scanned *t)
{
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT; kind++)
    for (int c = 0; c < GM_CLASS_COUNT; c++)
      if ((t->card_classes & gm__card_class(kind, c)) &&
          !gm__scan_may(b->a, t, (gm_record_kind)kind, (gm_data_class)c, b->now_s))
        return false;
  return true;
}

static gm_status hear(void *user, const gm__scanned *t)
{
  bank *b = user;
  if (!may_read(b, t)) {
    b->withheld++;
    return GM_OK;
  }
  gm_card_found f = {.twin = t->twin,
                     .subject = t->subject,
                     .seq = t->card_seq,
                     .name = t->name,
                     .subject_id = t->subject_id,
                     .body = t->card->body,
                     .bytes = t->card->bytes};
  b->told++;
  return b->listener(b->user, &f);
}

gm_status gm_store_cards(gm_session *a, gm_ctx *ctx, gm_card_listener *listener, void *user,
                         int64_t *withheld)
{
  assert(a && ctx && listener);
  bank b = {.a = a, .listener = listener, .user = user, .now_s = gm__clock_s()};
  gm_status st = gm__scan(a, ctx, 0, true, hear, &b);
  gm_status logged = gm__audit_put(a, ctx, GM_AUDIT_READ, 0, 0, b.told,
                                   "{\"what\":\"cards of all twins\"}", false);
  if (!st) st = logged;
  if (!st && withheld) *withheld = b.withheld;
  return st;
}
