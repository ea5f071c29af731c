/* erase.c - the end of a subject: its key is destroyed, and what was sealed under it goes; hashes
 * and a tombstone stay, so that the chain can still be checked. */
#include "base/clock.h"
#include "store/audit_internal.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { AT_ONCE = 64 }; /* bodies whose hashes are held at one time */

typedef struct {
  gm__db *d;
  gm_ctx *ctx;
  int64_t subject, records;
} eraser;

/* ---- bodies become their hashes -------------------------------------------------------------- */
typedef struct {
  int64_t seq;
  unsigned char digest[GM__HASH_BYTES];
} hashed;

/* The next records after seq that still have bodies. */
static gm_status bodies_hash(eraser *e, int64_t twin, int64_t after, hashed out[AT_ONCE],
                             int32_t *count)
{
  gm__stmt *find;
  bool row = false;
  *count = 0;
  gm_status st = gm__db_prepare(e->d, e->ctx,
                                "SELECT seq, body FROM record WHERE twin = $1 AND seq > $2"
                                " AND body IS NOT NULL ORDER BY seq LIMIT 64",
                                &find);
  if (st) return st;
  gm__db_bind_int(find, 1, twin);
  gm__db_bind_int(find, 2, after);
  while (!(st = gm__db_step(find, e->ctx, &row)) && row && *count < AT_ONCE) {
    size_t bytes = 0;
    const void *body = gm__db_bytes(find, 1, &bytes);
    hashed *h = &out[(*count)++];
    h->seq = gm__db_int(find, 0);
    gm__digest(body, bytes, h->digest);
  }
  if (row) gm__db_reset(find);
  return st;
}

static gm_status body_drop(eraser *e, int64_t twin, const hashed *h)
{
  gm__stmt *drop;
  gm_status st = gm__db_prepare(
      e->d, e->ctx, "UPDATE record SET body = NULL, digest = $1 WHERE twin = $2 AND seq = $3",
      &drop);
  if (st) return st;
  gm__db_bind_bytes(drop, 1, h->digest, sizeof h->digest);
  gm__db_bind_int(drop, 2, twin);
  gm__db_bind_int(drop, 3, h->seq);
  e->records++;
  return gm__db_run(drop, e->ctx);
}

static gm_status bodies_drop(eraser *e, int64_t twin)
{
  hashed h[AT_ONCE];
  int32_t count = AT_ONCE;
  int64_t after = 0;
  gm_status st = GM_OK;
  while (!st && count == AT_ONCE) {
    st = bodies_hash(e, twin, after, h, &count);
    for (int32_t i = 0; i < count && !st; i++) st = body_drop(e, twin, &h[i]);
    if (count) after = h[count - 1].seq;
  }
  return st;
}

static gm_status twin_next(eraser *e, int64_t after, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(
      e->d, e->ctx, "SELECT id FROM twin WHERE subject = $1 AND id > $2 ORDER BY id LIMIT 1", &q);
  *out = 0;
  if (st) return st;
  gm__db_bind_int(q, 1, e->subject);
  gm__db_bind_int(q, 2, after);
  st = gm__db_step(q, e->ctx, &row);
  if (!st && row) *out = gm__db_int(q, 0);
  if (row) gm__db_reset(q);
  return st;
}

static gm_status twins_drop(eraser *e)
{
  int64_t twin = 0;
  gm_status st = twin_next(e, 0, &twin);
  while (!st && twin) {
    st = bodies_drop(e, twin);
    if (!st) st = twin_next(e, twin, &twin);
  }
  return st;
}

/* ---- what is no history ---------------------------------------------------------------------- */
static gm_status projections_drop(eraser *e)
{
  static const char *const sql[] = {
      "DELETE FROM card WHERE twin IN (SELECT id FROM twin WHERE subject = $1)",
      "DELETE FROM page WHERE twin IN (SELECT id FROM twin WHERE subject = $1)",
      "UPDATE twin SET label = NULL WHERE subject = $1",
      "UPDATE subject SET label = NULL WHERE id = $1"};
  gm_status st = GM_OK;
  for (size_t i = 0; i < sizeof sql / sizeof sql[0] && !st; i++) {
    gm__stmt *q;
    st = gm__db_prepare(e->d, e->ctx, sql[i], &q);
    if (st) break;
    gm__db_bind_int(q, 1, e->subject);
    st = gm__db_run(q, e->ctx);
  }
  return st;
}

static gm_status tombstone(eraser *e)
{
  gm__stmt *q;
  gm_status st =
      gm__db_prepare(e->d, e->ctx, "UPDATE subject SET key = NULL, erased = $1 WHERE id = $2", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, gm__clock_us());
  gm__db_bind_int(q, 2, e->subject);
  return gm__db_run(q, e->ctx);
}

static gm_status standing(eraser *e, bool *erased)
{
  gm__stmt *q;
  bool row = false;
  gm_status st = gm__db_prepare(e->d, e->ctx, "SELECT erased FROM subject WHERE id = $1", &q);
  if (st) return st;
  gm__db_bind_int(q, 1, e->subject);
  st = gm__db_step(q, e->ctx, &row);
  if (!st && !row) return gm_fail(e->ctx, GM_ENOTFOUND, "no such subject");
  *erased = !st && gm__db_int(q, 0) != 0;
  if (row) gm__db_reset(q);
  return st;
}

/* ---- the whole ------------------------------------------------------------------------------- */
/* gm__audit_put may want the writing line, which is held here. */
static gm_status row_put(gm_session *a, const eraser *e, int64_t records, const char *detail)
{
  struct gm__audit_store *t = gm__audit_of(a->s);
  gm_audit_row row = {.session = a->number,
                      .kind = GM_AUDIT_ERASED,
                      .subject = e->subject,
                      .count = records,
                      .detail = detail,
                      .detail_bytes = strlen(detail)};
  pthread_mutex_lock(&t->lock);
  gm_status st = gm__audit_queue(t, e->ctx, &row, NULL);
  pthread_mutex_unlock(&t->lock);
  return st;
}

/* The row says which backups' keys could not be reached. */
static gm_status logged_row(gm_session *a, const eraser *e, const gm__forgotten *f)
{
  gm_text detail;
  gm_text_init(&detail, e->ctx);
  gm_text_addf(&detail, "{\"backups\":%d,\"unreached\":%s}", (int)f->reached,
               f->places.bytes ? f->places.data : "[]");
  gm_status st = detail.status ? gm_fail(e->ctx, detail.status, "a row of the audit log") : GM_OK;
  if (!st) st = row_put(a, e, e->records, detail.data);
  gm_text_free(&detail);
  return st;
}

/* The row of the log is written with the erasure: neither is there without the other. Of what is
 * erased already, the keys in backups are reached for once more. */
static gm_status erase(gm_session *a, eraser *e, bool *logged)
{
  bool erased = false;
  gm__forgotten f = {0};
  gm_status st = standing(e, &erased);
  if (!st && !erased) st = tombstone(e);
  if (!st && !erased) st = twins_drop(e);
  if (!st && !erased) st = projections_drop(e);
  if (!st) st = gm__backup_forget(a->s, e->ctx, e->subject, &f);
  if (!st) st = logged_row(a, e, &f);
  *logged = !st;
  if (!st) st = gm__audit_write(a->s, e->d, e->ctx);
  if (!st && f.unreached)
    gm_log(e->ctx, GM_LOG_WARNING,
           "keys of %d backups could not be reached, and the subject is whole in these: %.700s; "
           "destroy these files, or put them back and erase once more",
           (int)f.unreached, f.places.data);
  gm_text_free(&f.places);
  return st;
}

/* The writing line is held. */
static gm_status erase_commit(gm_session *a, eraser *e)
{
  bool logged = false;
  gm_status st = gm__db_begin(e->d, e->ctx);
  if (st) return st;
  st = erase(a, e, &logged);
  if (!st)
    st = gm__db_commit(e->d, e->ctx);
  else
    gm__db_rollback(e->d);
  if (logged) gm__audit_settle(a->s, st);
  if (!st || !logged) return st;
  /* the row still waits; one more says that it did not come about */
  char why[300];
  snprintf(why, sizeof why, "%s", gm_message(e->ctx));
  if (row_put(a, e, 0, "{\"undone\":true}")) return st;
  return gm_fail(e->ctx, st, "%s", why);
}

gm_status gm_store_erase(gm_session *a, gm_ctx *ctx, int64_t subject)
{
  assert(a && ctx);
  gm_store *s = a->s;
  eraser e = {.d = s->writing.db, .ctx = ctx, .subject = subject};
  gm_status st = gm__may_erase(a, ctx, subject);
  if (st) return st;
  pthread_mutex_lock(&s->writing.lock);
  st = erase_commit(a, &e);
  pthread_mutex_unlock(&s->writing.lock);
  if (st) return st;
  gm__subject_forget(s, subject); /* whether or not the log can be emptied now */
  pthread_mutex_lock(&s->writing.lock);
  st = gm__db_clean(s->writing.db, ctx);
  pthread_mutex_unlock(&s->writing.lock);
  return st;
}
