/* audit.c - the log of who did what: rows that wait, and how they get to the disk. Whoever commits
 * next takes all that wait along; a row that nobody waits for is written by the committer soon. */
#include "base/clock.h"
#include "store/audit_internal.h"
#include "base/json_write.h"
#include <assert.h>
#include <string.h>
#include <time.h>

typedef struct gm__audit_store audit_store;
typedef struct gm__audit_session audit_session;

static const char *const kind_text[] = {
#define GM_X(name, text) text,
    GM_AUDIT_LIST(GM_X)
#undef GM_X
};

const char *gm_audit_kind_name(gm_audit_kind k)
{
  return (unsigned)k < GM_AUDIT_COUNT ? kind_text[k] : "unknown";
}

int64_t gm__audit_clock_us(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

audit_store *gm__audit_of(gm_store *s)
{
  pthread_mutex_lock(&s->queue_lock);
  audit_store *t = s->audit;
  pthread_mutex_unlock(&s->queue_lock);
  return t;
}

/* ---- rows that wait -------------------------------------------------------------------------- */
static int bucket_of(int64_t session, int64_t twin)
{
  return (int)((session ^ twin) & (GM__AUDIT_BUCKETS - 1));
}

static bool is_added_to(const gm_audit_row *r)
{
  return r->kind == GM_AUDIT_READ && !r->detail_bytes;
}

gm_status gm__audit_queue(audit_store *t, gm_ctx *ctx, const gm_audit_row *row, int64_t *ticket)
{
  gm__audit_waiting *w = gm_alloc(t->s->ctx, 1, sizeof *w + row->detail_bytes + 1);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "a row of the audit log");
  char *detail = (char *)(w + 1); /* ends in NUL: the memory is zeroed */
  if (row->detail_bytes) memcpy(detail, row->detail, row->detail_bytes);
  w->row = *row;
  w->row.detail = detail;
  if (!w->row.t_us) w->row.t_us = gm__clock_us();
  w->ticket = ++t->handed;
  *t->last = w;
  t->last = &w->next;
  t->waiting++;
  if (is_added_to(row)) {
    gm__audit_waiting **bucket = &t->read[bucket_of(row->session, row->twin)];
    w->same = *bucket;
    *bucket = w;
  }
  if (!t->due_us) {
    t->due_us = gm__audit_clock_us() + GM__AUDIT_DELAY_US;
    pthread_cond_signal(&t->changed);
  }
  if (ticket) *ticket = w->ticket;
  return GM_OK;
}

/* Adds to a read of the same session and twin that still waits. */
static bool read_add(audit_store *t, const gm_audit_row *row)
{
  gm__audit_waiting *w = t->read[bucket_of(row->session, row->twin)];
  while (w && (w->row.session != row->session || w->row.twin != row->twin)) w = w->same;
  if (w) w->row.count += row->count;
  return w != NULL;
}

/* The keyed hash that a subject or twin is found by, so that two names cannot be exchanged unseen.
 */
static gm_status made_text(gm_store *s, gm_ctx *ctx, int64_t twin, int64_t subject, char *out)
{
  static const char of_twin[] = "SELECT name FROM twin WHERE id = $1";
  static const char of_subject[] = "SELECT name FROM subject WHERE id = $1";
  unsigned char name[GM__INDEX_BYTES] = {0};
  gm__stmt *q;
  bool row = false;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = gm__db_prepare(s->reading.db, ctx, twin ? of_twin : of_subject, &q);
  if (!st) {
    gm__db_bind_int(q, 1, twin ? twin : subject);
    st = gm__db_step(q, ctx, &row);
  }
  if (!st && !(row && gm__bytes_take(q, 0, name, sizeof name)))
    st = gm_fail(ctx, GM_EPARSE, "what was made is not there");
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  if (!st) gm__made_detail(name, out);
  return st;
}

static gm_status put(gm_session *a, gm_ctx *ctx, gm_audit_kind kind, int64_t twin, int64_t subject,
                     int64_t count, const char *detail, bool wait)
{
  audit_store *t = gm__audit_of(a->s);
  gm_audit_row row = {.session = a->number,
                      .kind = kind,
                      .twin = twin,
                      .subject = subject,
                      .count = count,
                      .detail = detail ? detail : "",
                      .detail_bytes = detail ? strlen(detail) : 0};
  int64_t ticket = 0;
  gm_status st = GM_OK;
  assert(t && a->audit);
  pthread_mutex_lock(&t->lock);
  bool added = !wait && is_added_to(&row) && read_add(t, &row);
  if (!added) st = gm__audit_queue(t, ctx, &row, &ticket);
  wait = !added && (wait || t->waiting > GM__AUDIT_ROWS_MAX);
  pthread_mutex_unlock(&t->lock);
  return st || !wait ? st : gm__audit_flush(a->s, ctx, ticket);
}

gm_status gm__audit_put(gm_session *a, gm_ctx *ctx, gm_audit_kind kind, int64_t twin,
                        int64_t subject, int64_t count, const char *detail, bool wait)
{
  char made[GM__MADE_BYTES];
  bool named = kind == GM_AUDIT_MADE && !detail;
  gm_status st = named ? made_text(a->s, ctx, twin, subject, made) : GM_OK;
  return st ? st : put(a, ctx, kind, twin, subject, count, named ? made : detail, wait);
}

/* JSON, one object; nothing of it is quoted. */
static gm_status detail_check(gm_ctx *ctx, const char *detail)
{
  enum { BYTES_MAX = 65536 };
  gm_json_options o = {.name = "the detail of a row of the audit log"};
  gm_json_reader *r = NULL;
  if (!detail) return GM_OK;
  if (detail[0] != '{' || strlen(detail) > BYTES_MAX)
    return gm_fail(ctx, GM_EINVAL, "%s: a JSON object of at most %d bytes is expected", o.name,
                   BYTES_MAX);
  gm_status st = gm__json_reader_new(ctx, &o, NULL, NULL, &r);
  if (!st) st = gm__json_feed(r, detail, strlen(detail));
  if (!st) st = gm__json_finish(r);
  gm__json_reader_free(r);
  return st == GM_EPARSE || st == GM_ERANGE ? gm_fail(ctx, GM_EINVAL, "%s", gm_message(ctx)) : st;
}

gm_status gm_audit_note(gm_session *a, gm_ctx *ctx, gm_audit_kind kind, int64_t twin, int64_t count,
                        const char *detail)
{
  assert(a && ctx);
  if (kind != GM_AUDIT_EXPORTED && kind != GM_AUDIT_BACKUP)
    return gm_fail(ctx, GM_EINVAL, "rows of this kind are the store's own");
  gm_status st = gm__may(a, ctx, GM_STORE_NOTE);
  if (!st) st = detail_check(ctx, detail);
  return st ? st : gm__audit_put(a, ctx, kind, twin, 0, count, detail, true);
}

/* ---- onto the disk --------------------------------------------------------------------------- */
gm_status gm__audit_write(gm_store *s, gm__db *d, gm_ctx *ctx)
{
  audit_store *t = gm__audit_of(s);
  if (!t) return GM_OK;
  pthread_mutex_lock(&s->queue_lock);
  int32_t group = s->last_group;
  pthread_mutex_unlock(&s->queue_lock);
  pthread_mutex_lock(&t->lock);
  gm_status st = gm__anchors_settle(t, ctx, group);
  gm__audit_waiting *first = t->first;
  int64_t taken = t->taken = t->handed;
  memset(t->read, 0, sizeof t->read);
  pthread_mutex_unlock(&t->lock);
  return st || !first ? st : gm__log_write(t, d, ctx, first, taken);
}

void gm__audit_settle(gm_store *s, gm_status st)
{
  audit_store *t = gm__audit_of(s);
  if (!t) return;
  if (st) t->edge.size = -1; /* what was added is undone: read again */
  if (st) return;
  pthread_mutex_lock(&t->lock);
  for (gm__audit_waiting *w; (w = t->first) && w->ticket <= t->taken; t->waiting--) {
    t->first = w->next;
    gm_free(w);
  }
  if (!t->first) {
    t->last = &t->first;
    t->due_us = 0;
  }
  t->written = t->taken;
  pthread_mutex_unlock(&t->lock);
}

void gm__audit_wrote(gm_store *s, int64_t session, int64_t twin, int64_t seq,
                     const unsigned char head[GM__HASH_BYTES])
{
  audit_store *t = gm__audit_of(s);
  if (!t) return;
  pthread_mutex_lock(&t->lock);
  assert(t->notes < t->note_room); /* gm__audit_write made it for the whole group */
  if (t->notes < t->note_room) {
    gm__audit_note *n = &t->note[t->notes++];
    *n = (gm__audit_note){.session = session, .to = {.twin = twin, .seq = seq}};
    memcpy(n->to.head, head, GM__HASH_BYTES);
  }
  pthread_mutex_unlock(&t->lock);
}

static gm_status flush(gm_store *s, gm_ctx *ctx)
{
  gm__db *d = s->writing.db;
  gm_status st = gm__db_begin(d, ctx);
  if (!st) {
    st = gm__audit_write(s, d, ctx);
    if (!st)
      st = gm__db_commit(d, ctx);
    else
      gm__db_rollback(d);
  }
  gm__audit_settle(s, st);
  pthread_mutex_lock(&s->queue_lock);
  s->commits += st == GM_OK;
  pthread_mutex_unlock(&s->queue_lock);
  return st;
}

gm_status gm__audit_flush(gm_store *s, gm_ctx *ctx, int64_t ticket)
{
  audit_store *t = gm__audit_of(s);
  pthread_mutex_lock(&s->writing.lock);
  pthread_mutex_lock(&t->lock);
  bool written = t->written >= ticket; /* by whoever had the line until now */
  pthread_mutex_unlock(&t->lock);
  gm_status st = written ? GM_OK : flush(s, ctx);
  pthread_mutex_unlock(&s->writing.lock);
  return st;
}

/* ---- soon ------------------------------------------------------------------------------------ */
static void wait_until(audit_store *t, int64_t us)
{
  struct timespec until = {us / 1000000, us % 1000000 * 1000};
  pthread_cond_timedwait(&t->changed, &t->lock, &until);
}

/* Rows that nobody waits for; heads of twins of sessions that stay open. */
static void *tick(void *user)
{
  audit_store *t = user;
  pthread_mutex_lock(&t->lock);
  while (!t->stop) {
    int64_t now = gm__audit_clock_us(), due = t->due_us;
    if (!due || (t->anchor_due_us && t->anchor_due_us < due)) due = t->anchor_due_us;
    if (!due) {
      pthread_cond_wait(&t->changed, &t->lock);
      continue;
    }
    if (now < due) {
      wait_until(t, due);
      continue;
    }
    if (t->anchor_due_us && t->anchor_due_us <= now && gm__anchors_put(t, t->ctx, 0))
      t->anchor_due_us = now + GM__ANCHOR_DELAY_US; /* no memory: later */
    bool wake = t->waiting > 0;
    t->due_us = wake ? now + GM__AUDIT_DELAY_US : 0; /* again, should it fail */
    pthread_mutex_unlock(&t->lock);
    if (wake) gm__committer_wake(t->s);
    pthread_mutex_lock(&t->lock);
  }
  pthread_mutex_unlock(&t->lock);
  return NULL;
}

/* ---- life ------------------------------------------------------------------------------------ */
static void store_free(audit_store *t)
{
  for (gm__audit_waiting *w = t->first, *next; w; w = next) {
    next = w->next;
    gm_free(w);
  }
  pthread_cond_destroy(&t->changed);
  pthread_mutex_destroy(&t->lock);
  gm_ctx_free(t->ctx);
  gm_free(t->note);
  gm_free(t);
}

static gm_status store_new(gm_store *s, gm_ctx *ctx, audit_store **out)
{
  pthread_condattr_t clock;
  audit_store *t = gm_alloc(s->ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "audit log");
  t->s = s;
  t->last = &t->first;
  pthread_mutex_init(&t->lock, NULL);
  pthread_condattr_init(&clock);
  pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
  pthread_cond_init(&t->changed, &clock);
  pthread_condattr_destroy(&clock);
  gm_status st = gm_ctx_child(s->ctx, &t->ctx);
  if (st)
    st = gm_fail(ctx, st, "audit log");
  else if (pthread_create(&t->ticker, NULL, tick, t) != 0)
    st = gm_fail(ctx, GM_EIO, "no thread for the audit log");
  if (st)
    store_free(t);
  else
    *out = t;
  return st;
}

/* The store's part, made by the first session. */
static gm_status store_settle(gm_store *s, gm_ctx *ctx, audit_store **out)
{
  gm_status st = GM_OK;
  pthread_mutex_lock(&s->queue_lock);
  if (!s->audit) st = store_new(s, ctx, &s->audit);
  *out = s->audit;
  pthread_mutex_unlock(&s->queue_lock);
  return st;
}

void gm__audit_free(gm_store *s)
{
  audit_store *t = s->audit;
  if (!t) return;
  pthread_mutex_lock(&t->lock);
  t->stop = true;
  pthread_cond_signal(&t->changed);
  pthread_mutex_unlock(&t->lock);
  pthread_join(t->ticker, NULL);
  store_free(t);
  s->audit = NULL;
}

/* ---- sessions -------------------------------------------------------------------------------- */
/* Who it is. A patient is its subject's number: names of patients are not for the log. */
static gm_status who_text(const gm_session *a, gm_ctx *ctx, gm_text *out)
{
  gm_json_writer w;
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "role", gm_access_role_name(a->who.role));
  gm_json_write_text(&w, "use", gm_use_name(a->who.use));
  if (a->who.role != GM_AS_PATIENT) gm_json_write_text(&w, "actor", a->who.actor);
  if (a->who.scope) gm_json_write_text(&w, "scope", a->who.scope);
  if (a->who.emergency) gm_json_write_text(&w, "emergency", a->who.emergency);
  gm_json_write_object_end(&w);
  return out->status ? gm_fail(ctx, out->status, "session") : GM_OK;
}

static void session_free(audit_session *n)
{
  if (!n) return;
  gm_ctx_free(n->ctx);
  gm_free(n->slot);
  gm_free(n);
}

static void unlink_session(audit_store *t, const audit_session *n)
{
  audit_session **at = &t->session[n->number & (GM__AUDIT_BUCKETS - 1)];
  while (*at && *at != n) at = &(*at)->next;
  if (*at) *at = n->next;
  t->sessions--;
}

/* The opening's row, and the session among those that write. */
static gm_status session_put(audit_store *t, gm_session *a, gm_ctx *ctx, audit_session *n,
                             const gm_text *detail)
{
  int64_t ticket = 0;
  gm_audit_row row = {.session = a->number,
                      .kind = GM_AUDIT_OPEN,
                      .subject = a->subject,
                      .detail = detail->data,
                      .detail_bytes = detail->bytes};
  audit_session **bucket = &t->session[a->number & (GM__AUDIT_BUCKETS - 1)];
  pthread_mutex_lock(&t->lock);
  gm_status st = gm__audit_queue(t, ctx, &row, &ticket);
  n->number = a->number;
  n->next = *bucket;
  if (!st) *bucket = n;
  t->sessions += !st;
  pthread_mutex_unlock(&t->lock);
  if (st || !a->who.emergency) return st;
  st = gm__audit_flush(a->s, ctx, ticket); /* break-glass is on the disk before anything is seen */
  if (!st) return GM_OK;
  pthread_mutex_lock(&t->lock);
  unlink_session(t, n);
  pthread_mutex_unlock(&t->lock);
  return st;
}

gm_status gm__audit_begin(gm_session *a, gm_ctx *ctx)
{
  audit_store *t = NULL;
  gm_text detail;
  gm_text_init(&detail, ctx);
  audit_session *n = gm_alloc(a->s->ctx, 1, sizeof *n);
  gm_status st = n ? gm_ctx_child(a->s->ctx, &n->ctx) : GM_ENOMEM;
  if (st) st = gm_fail(ctx, st, "session");
  if (!st) st = who_text(a, ctx, &detail);
  if (!st) st = store_settle(a->s, ctx, &t);
  if (!st) st = session_put(t, a, ctx, n, &detail);
  if (st)
    session_free(n);
  else
    a->audit = n;
  gm_text_free(&detail);
  return st;
}

/* The last session waits for the disk: whatever was handed in is there when the store closes. */
void gm__audit_end(gm_session *a)
{
  audit_session *n = a->audit;
  if (!n) return;
  audit_store *t = gm__audit_of(a->s);
  gm_audit_row row = {.session = a->number, .kind = GM_AUDIT_CLOSE, .subject = a->subject};
  pthread_mutex_lock(&t->lock);
  gm_status st = gm__anchors_put(t, n->ctx, a->number);
  if (!st) st = gm__audit_queue(t, n->ctx, &row, NULL);
  unlink_session(t, n);
  int64_t ticket = t->handed;
  bool last = !t->sessions;
  pthread_mutex_unlock(&t->lock);
  if (last) {
    gm_status flushed = gm__audit_flush(a->s, n->ctx, ticket);
    if (flushed) gm__committer_wake(a->s); /* once more, at the store's closing at the latest */
    if (!st) st = flushed;
  }
  if (st) gm_log(n->ctx, GM_LOG_ERROR, "the end of a session: %s", gm_message(n->ctx));
  session_free(n);
  a->audit = NULL;
}
