/* scan.c - all twins of a store, some hundred rows at a time: what is read under the lock is copied
 * and opened without it, while a thread beside reads the next. A card of the present consents says
 * what they are; else they are read. */
#include "store/scan.h"
#include <assert.h>
#include <string.h>

/* ---- cards as text --------------------------------------------------------------------------- */
enum { CARD_VERSION = 1, CLASS_BITS = 8 };
_Static_assert((int)GM_CLASS_COUNT <= (int)CLASS_BITS, "classes of a kind");

static const gm_record_kind on_card[] = {GM_RECORD_COVARIATE, GM_RECORD_BELIEF, GM_RECORD_FORECAST};
enum { ON_CARD = sizeof on_card / sizeof on_card[0] };

int64_t gm__card_class(int64_t kind, int64_t data_class)
{
  for (int i = 0; i < ON_CARD; i++)
    if ((int64_t)on_card[i] == kind) return (int64_t)1 << (i * CLASS_BITS + data_class);
  return 0;
}

/* The same bytes on every machine that Gemel runs on (little-endian, IEC 60559). */
typedef struct {
  double from_s, to_s;
  uint32_t uses, kinds, classes, actions, permit, spare;
} packed_rule;

static void text_put(gm_text *t, const char *text) { gm_text_addn(t, text, strlen(text) + 1); }

static void card_put(gm_text *t, const gm__card *c)
{
  int32_t head[] = {CARD_VERSION, c->rule_count};
  size_t room = sizeof head + c->bytes + 2 * (GM__NAME_MAX + 1);
  for (int32_t i = 0; i < c->rule_count; i++)
    room += sizeof(packed_rule) + strlen(c->rule[i].actor ? c->rule[i].actor : "") + 1;
  gm__text_reserve(t, room);
  gm_text_addn(t, (const char *)head, sizeof head);
  for (int32_t i = 0; i < c->rule_count; i++) {
    const gm_consent_rule *r = &c->rule[i];
    packed_rule p = {.from_s = r->from_s,
                     .to_s = r->to_s,
                     .uses = r->uses,
                     .kinds = r->kinds,
                     .classes = r->classes,
                     .actions = r->actions,
                     .permit = r->permit};
    gm_text_addn(t, (const char *)&p, sizeof p);
    text_put(t, r->actor ? r->actor : "");
  }
  text_put(t, c->name);
  text_put(t, c->subject_id);
  gm_text_addn(t, c->body, c->bytes);
}

static bool bytes_take(const char **at, const char *end, void *out, size_t bytes)
{
  if ((size_t)(end - *at) < bytes) return false;
  memcpy(out, *at, bytes);
  *at += bytes;
  return true;
}

static bool text_take(const char **at, const char *end, const char **out)
{
  const char *nul = memchr(*at, 0, (size_t)(end - *at));
  if (!nul) return false;
  *out = *at;
  *at = nul + 1;
  return true;
}

static bool card_take(const char *at, const char *end, gm_arena *memory, gm__card *c)
{
  int32_t head[2];
  if (!bytes_take(&at, end, head, sizeof head) || head[0] != CARD_VERSION || head[1] < 0 ||
      (size_t)head[1] > (size_t)(end - at) / sizeof(packed_rule))
    return false;
  *c = (gm__card){.rule_count = head[1]};
  c->rule = gm_arena_get(memory, head[1], sizeof *c->rule);
  for (int32_t i = 0; i < head[1]; i++) {
    packed_rule p;
    const char *actor;
    if (!c->rule || !bytes_take(&at, end, &p, sizeof p) || !text_take(&at, end, &actor))
      return false;
    c->rule[i] = (gm_consent_rule){.permit = p.permit != 0,
                                   .uses = p.uses,
                                   .kinds = p.kinds,
                                   .classes = p.classes,
                                   .actions = p.actions,
                                   .actor = actor,
                                   .from_s = p.from_s,
                                   .to_s = p.to_s};
  }
  if (!text_take(&at, end, &c->name) || !text_take(&at, end, &c->subject_id)) return false;
  c->body = at;
  c->bytes = (size_t)(end - at);
  return true;
}

enum { BOUND_BYTES = 8 + sizeof(gm__card_bound) };

static void bound_put(const gm__card_bound *b, unsigned char out[BOUND_BYTES])
{
  memcpy(out, "\0card\0\0\1", 8); /* no record and no page is bound to this */
  memcpy(out + 8, b, sizeof *b);
}

gm_status gm__card_seal(gm_ctx *ctx, const gm__keys *k, const gm__card_bound *bound,
                        const gm__card *card, gm_text *out)
{
  unsigned char b[BOUND_BYTES];
  gm_text plain;
  gm_text_init(&plain, ctx);
  card_put(&plain, card);
  bound_put(bound, b);
  gm_status st = plain.status ? gm_fail(ctx, plain.status, "a card") : GM_OK;
  if (!st) st = gm__seal(ctx, k, plain.data, plain.bytes, b, sizeof b, out);
  gm__text_wipe(&plain);
  return st;
}

static gm_status card_open(gm_ctx *ctx, const gm__keys *k, const gm__card_bound *bound,
                           const void *sealed, size_t bytes, gm_arena *memory, gm_text *plain,
                           gm__card *out)
{
  unsigned char b[BOUND_BYTES];
  bound_put(bound, b);
  plain->bytes = 0;
  gm_status st = gm__unseal(ctx, k, sealed, bytes, b, sizeof b, plain);
  if (!st && !card_take(plain->data, plain->data + plain->bytes, memory, out))
    st = gm_fail(ctx, GM_EPARSE, "a card is damaged");
  return st;
}

gm_status gm__label_open(gm_ctx *ctx, const gm__keys *k, int64_t id, const void *sealed,
                         size_t bytes, gm_text *plain, const char **out)
{
  plain->bytes = 0;
  gm_status st = sealed ? gm__unseal(ctx, k, sealed, bytes, &id, sizeof id, plain)
                        : gm_fail(ctx, GM_EPARSE, "a name is missing");
  if (!st) *out = plain->data;
  return st;
}

/* ---- rules ----------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_arena *memory;
  gm_consent_rule *rule;
  int32_t count, room;
} rules;

static gm_status rule_hear(void *user, const gm_record_found *r)
{
  rules *q = user;
  if (!r->bytes) return GM_OK; /* withdrawn */
  if (q->count == q->room) {
    int32_t room = 2 * q->room + 2;
    gm_consent_rule *more = gm_arena_get(q->memory, room, sizeof *more);
    if (!more) return gm_fail(q->ctx, GM_ENOMEM, "consents");
    if (q->count) memcpy(more, q->rule, (size_t)q->count * sizeof *more);
    q->rule = more;
    q->room = room;
  }
  gm_status st = gm_consent_read(q->ctx, r->body, r->bytes, q->memory, &q->rule[q->count]);
  if (!st) q->count++;
  return st ? gm_fail_at(q->ctx, st, "a consent") : GM_OK;
}

gm_status gm__rules_of(gm__db *d, gm_ctx *ctx, gm__keys *k, int64_t twin, gm_arena *memory,
                       gm_consent_rule **rule, int32_t *count)
{
  rules r = {.ctx = ctx, .memory = memory};
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_CONSENT};
  gm_status st = gm__records_read(d, ctx, k, &q, rule_hear, &r);
  if (st) return st;
  *rule = r.rule;
  *count = r.count;
  return GM_OK;
}

/* ---- rows ------------------------------------------------------------------------------------ */
enum { ROWS = 256 };
#define COLUMNS                                                                                    \
  "SELECT t.id, t.subject, t.seq, t.created, t.consents, s.key, t.label, s.label, c.seq,"          \
  " c.consents, c.classes, c.body FROM"
static const char cards_sql[] = COLUMNS " card c JOIN twin t ON t.id = c.twin"
                                        " JOIN subject s ON s.id = t.subject"
                                        " WHERE c.created >= $1 AND (c.created > $1 OR c.twin > $2)"
                                        " AND s.erased IS NULL"
                                        " ORDER BY c.created, c.twin LIMIT $3";
static const char twins_sql[] = COLUMNS " twin t JOIN subject s ON s.id = t.subject"
                                        " LEFT JOIN card c ON c.twin = t.id"
                                        " WHERE t.created >= $1 AND (t.created > $1 OR t.id > $2)"
                                        " AND s.erased IS NULL"
                                        " ORDER BY t.created, t.id LIMIT $3";
static const char subject_sql[] = COLUMNS " twin t JOIN subject s ON s.id = t.subject"
                                          " LEFT JOIN card c ON c.twin = t.id"
                                          " WHERE t.created >= $1 AND (t.created > $1 OR t.id > $2)"
                                          " AND s.erased IS NULL AND t.subject = $3"
                                          " ORDER BY t.created, t.id LIMIT $4";

typedef struct {
  size_t at, bytes; /* in the batch's text */
  bool there;
} part;
typedef struct {
  int64_t twin, subject, seq, created, consents;
  gm__card_bound card;
  part key, label, subject_label, body;
} row;

typedef struct {
  row row[ROWS];
  int32_t count;
  gm_text held; /* bytes of the rows, sealed */
} batch;

typedef struct {
  gm_session *a;
  gm_ctx *ctx;
  int64_t subject;
  bool cards, names;
  gm__scan_listener *listener;
  void *user;
  batch batch[2], *now; /* of the two the one that is told of */
  gm_text plain, name, subject_id;
  gm_arena *memory;
  gm__keys *keys;
  /* of whoever reads, which is one thread at a time */
  gm_ctx *read_ctx;
  batch *next;
  int64_t after_created, after; /* the last row that was read */
  gm_status read;
  /* the thread beside, if there is one; wanted, ends: under lock */
  pthread_t beside;
  pthread_mutex_t lock;
  pthread_cond_t changed;
  bool started, wanted, ends;
} scan;

static part part_take(batch *b, const gm__stmt *q, int column)
{
  part p = {.at = b->held.bytes};
  const void *data = gm__db_bytes(q, column, &p.bytes);
  p.there = data != NULL;
  if (data) gm_text_addn(&b->held, data, p.bytes);
  return p;
}

static const void *part_of(const scan *s, part p)
{
  return p.there ? s->now->held.data + p.at : NULL;
}

static void row_take(batch *b, const gm__stmt *q)
{
  row *r = &b->row[b->count++];
  *r = (row){.twin = gm__db_int(q, 0),
             .subject = gm__db_int(q, 1),
             .seq = gm__db_int(q, 2),
             .created = gm__db_int(q, 3),
             .consents = gm__db_int(q, 4)};
  r->card = (gm__card_bound){.twin = r->twin,
                             .seq = gm__db_int(q, 8),
                             .consents = gm__db_int(q, 9),
                             .classes = gm__db_int(q, 10)};
  r->key = part_take(b, q, 5);
  r->label = part_take(b, q, 6);
  r->subject_label = part_take(b, q, 7);
  r->body = part_take(b, q, 11);
}

static gm_status rows_read(scan *s, batch *b)
{
  gm__db *d = s->a->s->reading.db;
  gm__stmt *q;
  bool there = false;
  b->count = 0;
  b->held.bytes = 0;
  gm_status st = gm__db_prepare(d, s->read_ctx,
                                s->cards     ? cards_sql
                                : s->subject ? subject_sql
                                             : twins_sql,
                                &q);
  if (st) return st;
  bool of_one = !s->cards && s->subject;
  gm__db_bind_int(q, 1, s->after_created);
  gm__db_bind_int(q, 2, s->after);
  if (of_one) gm__db_bind_int(q, 3, s->subject);
  gm__db_bind_int(q, of_one ? 4 : 3, ROWS);
  while (b->count < ROWS && !(st = gm__db_step(q, s->read_ctx, &there)) && there) row_take(b, q);
  if (there) gm__db_reset(q);
  if (b->count) {
    s->after = b->row[b->count - 1].twin;
    s->after_created = b->row[b->count - 1].created;
  }
  if (!st && b->held.status) st = gm_fail(s->read_ctx, b->held.status, "a list of twins");
  return st;
}

static void next_read(scan *s)
{
  gm__line *line = &s->a->s->reading;
  pthread_mutex_lock(&line->lock);
  s->read = rows_read(s, s->next);
  pthread_mutex_unlock(&line->lock);
}

static void *read_beside(void *user)
{
  scan *s = user;
  pthread_mutex_lock(&s->lock);
  while (!s->ends) {
    if (s->wanted) {
      pthread_mutex_unlock(&s->lock);
      next_read(s);
      pthread_mutex_lock(&s->lock);
      s->wanted = false;
      pthread_cond_signal(&s->changed);
    } else {
      pthread_cond_wait(&s->changed, &s->lock);
    }
  }
  pthread_mutex_unlock(&s->lock);
  return NULL;
}

/* The next rows are read while the caller does something else; where no thread can be had, when
 * they are awaited. A scan of few rows starts none. */
static void next_begin(scan *s)
{
  if (!s->started) s->started = pthread_create(&s->beside, NULL, read_beside, s) == 0;
  if (!s->started) return;
  pthread_mutex_lock(&s->lock);
  s->wanted = true;
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->lock);
}

static void next_await(scan *s)
{
  if (!s->started) {
    next_read(s);
    return;
  }
  pthread_mutex_lock(&s->lock);
  while (s->wanted) pthread_cond_wait(&s->changed, &s->lock);
  pthread_mutex_unlock(&s->lock);
}

static void beside_end(scan *s)
{
  if (!s->started) return;
  pthread_mutex_lock(&s->lock);
  s->ends = true;
  pthread_cond_signal(&s->changed);
  pthread_mutex_unlock(&s->lock);
  pthread_join(s->beside, NULL);
}

/* ---- one twin -------------------------------------------------------------------------------- */
static gm_status rules_read(scan *s, const row *r, gm__scanned *t)
{
  gm_store *store = s->a->s;
  gm_consent_rule *rule = NULL;
  pthread_mutex_lock(&store->reading.lock);
  gm_status st =
      gm__rules_of(store->reading.db, s->ctx, s->keys, r->twin, s->memory, &rule, &t->rule_count);
  pthread_mutex_unlock(&store->reading.lock);
  t->rule = rule;
  return st;
}

static gm_status names_read(scan *s, const row *r, gm__scanned *t)
{
  gm_status st = gm__label_open(s->ctx, s->keys, r->twin, part_of(s, r->label), r->label.bytes,
                                &s->name, &t->name);
  if (!st)
    st = gm__label_open(s->ctx, s->keys, r->subject, part_of(s, r->subject_label),
                        r->subject_label.bytes, &s->subject_id, &t->subject_id);
  return st;
}

/* The card, if the row has one that is of use: for a list only one of the present consents is, and
 * a list can do without. */
static gm_status card_read(scan *s, const row *r, bool fresh, gm__card *card, gm__scanned *t)
{
  if (!r->body.there || !(fresh || s->cards)) return GM_OK;
  gm_status st = card_open(s->ctx, s->keys, &r->card, part_of(s, r->body), r->body.bytes, s->memory,
                           &s->plain, card);
  if (!st) t->card = card;
  return st == GM_EPARSE && !s->cards ? GM_OK
         : st                         ? gm_fail_at(s->ctx, st, "the card of a twin")
                                      : GM_OK;
}

static gm_status known_read(scan *s, const row *r, gm__card *card, gm__scanned *t)
{
  bool fresh = r->card.consents == r->consents;
  gm_status st = card_read(s, r, fresh, card, t);
  if (st) return st;
  if (t->card && fresh) {
    t->rule = card->rule;
    t->rule_count = card->rule_count;
  } else {
    st = rules_read(s, r, t);
  }
  if (st || !s->names) return st;
  if (!t->card) return names_read(s, r, t);
  t->name = card->name;
  t->subject_id = card->subject_id;
  return GM_OK;
}

static gm_status row_tell(scan *s, const row *r)
{
  gm__card card;
  gm__scanned t = {.twin = r->twin,
                   .subject = r->subject,
                   .seq = r->seq,
                   .created_us = r->created,
                   .keys = s->keys,
                   .card_seq = r->card.seq,
                   .card_classes = r->card.classes,
                   .name = "",
                   .subject_id = ""};
  gm_status st = known_read(s, r, &card, &t);
  if (!st)
    st = s->listener(s->user, &t);
  else if (st == GM_ENOTFOUND)
    st = GM_OK;                              /* erased meanwhile */
  bool own = !t.card || t.rule != card.rule; /* a card's texts go with its plain text */
  if (own) gm__rules_wipe(t.rule, t.rule_count);
  return st;
}

static gm_status rows_tell(scan *s)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < s->now->count && !st; i++) {
    const row *r = &s->now->row[i];
    gm_arena_mark mark = gm_arena_at(s->memory);
    st = gm__keys_renew(s->ctx, s->a->s->master, r->subject, part_of(s, r->key), r->key.bytes,
                        &s->keys);
    if (!st) st = row_tell(s, r);
    gm_arena_back(s->memory, mark);
  }
  return st;
}

/* What was read is now told of, and the other batch is free for the next. */
static gm_status next_take(scan *s)
{
  batch *told = s->now;
  s->now = s->next;
  s->next = told;
  if (s->read) gm_message_copy(s->ctx, s->read_ctx);
  return s->read;
}

static gm_status scan_go(scan *s)
{
  gm_status st = gm_arena_new(s->ctx, 4096, &s->memory);
  if (!st) st = gm_ctx_child(s->ctx, &s->read_ctx);
  if (st) return st;
  s->now = &s->batch[0];
  s->next = &s->batch[1];
  for (int i = 0; i < 2; i++) gm_text_init(&s->batch[i].held, s->read_ctx);
  next_read(s);
  for (bool more = true; more && !st;) {
    st = next_take(s);
    more = !st && s->now->count == ROWS;
    if (more) next_begin(s);
    if (!st) st = rows_tell(s);
    if (more) next_await(s);
  }
  beside_end(s);
  for (int i = 0; i < 2; i++) gm__text_wipe(&s->batch[i].held);
  return st;
}

gm_status gm__scan(gm_session *a, gm_ctx *ctx, int64_t subject, bool cards,
                   gm__scan_listener *listener, void *user)
{
  scan *s = gm_alloc(ctx, 1, sizeof *s);
  if (!s) return gm_fail(ctx, GM_ENOMEM, "a list of twins");
  s->a = a;
  s->ctx = ctx;
  s->subject = subject;
  s->cards = cards;
  s->names = gm__knows_names(a);
  s->listener = listener;
  s->user = user;
  gm_text *text[] = {&s->plain, &s->name, &s->subject_id};
  for (int i = 0; i < 3; i++) gm_text_init(text[i], ctx);
  pthread_mutex_init(&s->lock, NULL);
  pthread_cond_init(&s->changed, NULL);
  gm_status st = scan_go(s);
  pthread_cond_destroy(&s->changed);
  pthread_mutex_destroy(&s->lock);
  for (int i = 0; i < 3; i++) gm__text_wipe(text[i]);
  gm__keys_free(s->keys);
  gm_arena_free(s->memory);
  gm_ctx_free(s->read_ctx);
  gm_free(s);
  return st;
}

bool gm__scan_may(const gm_session *a, const gm__scanned *t, gm_record_kind kind,
                  gm_data_class data_class, double now_s)
{
  gm_access_ask ask = {.action = GM_ACT_READ,
                       .kind = kind,
                       .data_class = data_class,
                       .own = a->subject && a->subject == t->subject,
                       .now_s = now_s};
  gm_access_decision d = gm_access_decide(&a->who, &ask, t->rule, t->rule_count);
  return d.allowed && !d.emergency;
}
