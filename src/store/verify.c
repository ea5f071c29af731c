/* verify.c - whether any record of a thread was changed, taken away, put in or moved. No key is
 * needed. Others may read and write meanwhile: the reading line is held for one question at a time,
 * and each question is about what cannot change any more. */
#include "store/audit_internal.h"
#include <assert.h>
#include <string.h>

/* ---- one twin's records ---------------------------------------------------------------------- */
typedef struct {
  int64_t twin, subject, seq, learned;
  unsigned char head[GM__HASH_BYTES];
  bool there; /* false: records of a twin that is not known */
} twin_row;

typedef struct {
  gm_store *s;
  gm_ctx *ctx;
  twin_row t;
  /* the records so far */
  int64_t seq, learned; /* expected next; of the last */
  unsigned char head[GM__HASH_BYTES];
  int64_t bodiless; /* the first one whose body is gone, 0: none */
  int64_t bad;
  const char *what;
} chain;

static void chain_bad(chain *c, int64_t seq, const char *what)
{
  if (c->bad) return;
  c->bad = seq > 0 ? seq : 1;
  c->what = what;
}

/* Does the row follow from the one before? head goes on. */
static bool row_follows(chain *c, const gm__stmt *row)
{
  gm__sealed e = {.kind = gm__db_int(row, 1),
                  .data_class = gm__db_int(row, 10),
                  .t_true_s = gm__db_real(row, 3)};
  unsigned char digest[GM__HASH_BYTES], stored[GM__HASH_BYTES], chained[GM__CHAINED_BYTES];
  size_t bytes = 0, digest_bytes = 0;
  bool good = gm__db_int(row, 0) == c->seq && gm__bytes_take(row, 2, e.series, GM__INDEX_BYTES) &&
              gm__bytes_take(row, 5, e.thing, GM__INDEX_BYTES) &&
              gm__bytes_take(row, 6, e.version, GM__INDEX_BYTES) &&
              gm__bytes_take(row, 9, stored, GM__HASH_BYTES);
  const void *body = gm__db_bytes(row, 7, &bytes);
  if (body) {
    gm__digest(body, bytes, digest);
    good = good && !gm__db_bytes(row, 8, &digest_bytes);
  } else {
    good = good && gm__bytes_take(row, 8, digest, GM__HASH_BYTES);
    if (!c->bodiless) c->bodiless = c->seq;
  }
  if (!good) return false;
  c->learned = gm__db_int(row, 4);
  gm__chained(c->t.twin, c->seq, c->learned, gm__db_int(row, 11), &e, digest, chained);
  gm__chain(c->head, chained, sizeof chained, c->head);
  c->seq++;
  return !memcmp(c->head, stored, sizeof stored);
}

/* The next records up to the one that the twin's row names. */
static gm_status records_look(chain *c, gm__db *d, bool *more)
{
  enum { BATCH = 1024 };
  gm__stmt *q;
  bool row = false;
  int32_t count = 0;
  gm_status st =
      gm__db_prepare(d, c->ctx,
                     "SELECT seq, kind, series, t_true, learned, thing, version, body,"
                     " digest, chain, class, session FROM record WHERE twin = $1 AND seq >= $2"
                     " AND seq <= $3 ORDER BY seq LIMIT 1024",
                     &q);
  if (st) return st;
  gm__db_bind_int(q, 1, c->t.twin);
  gm__db_bind_int(q, 2, c->seq == 1 ? INT64_MIN : c->seq);
  gm__db_bind_int(q, 3, c->t.seq);
  for (; !c->bad && !(st = gm__db_step(q, c->ctx, &row)) && row; count++) {
    int64_t seq = c->seq;
    if (!row_follows(c, q))
      chain_bad(c, seq, "a record was changed, removed, put in or moved, or one before it");
  }
  if (row) gm__db_reset(q);
  *more = !st && !c->bad && count == BATCH;
  return st;
}

/* A question with one number for an answer, about a twin; 0: nothing is wrong. */
static gm_status ask(gm_store *s, gm_ctx *ctx, const char *sql, int64_t twin, int64_t *out)
{
  gm__stmt *q;
  bool row = false;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = gm__db_prepare(s->reading.db, ctx, sql, &q);
  if (!st) {
    gm__db_bind_int(q, 1, twin);
    st = gm__db_step(q, ctx, &row);
  }
  *out = !st && row ? gm__db_int(q, 0) : 0;
  if (row) gm__db_reset(q);
  pthread_mutex_unlock(&s->reading.lock);
  return st;
}

typedef struct {
  const char *sql, *what;
} question;

static const question about_twin[] = {
    {"SELECT COALESCE(MIN(r.seq), 0) FROM record r JOIN twin t ON t.id = r.twin"
     " WHERE r.twin = $1 AND r.seq > t.seq",
     "a record was put in behind the last one"},
    /* each record but the last of a thing has in table newer when the next one was learned */
    {"SELECT COALESCE(MIN(r.seq), 0) FROM (SELECT seq, LEAD(learned) OVER (PARTITION BY thing"
     " ORDER BY seq) AS later FROM record WHERE twin = $1) r"
     " LEFT JOIN newer n ON n.twin = $1 AND n.seq = r.seq"
     " WHERE (n.learned IS NULL) <> (r.later IS NULL) OR n.learned <> r.later",
     "which version of a record is the newest was changed"},
    {"SELECT COALESCE(MIN(n.seq), 0) FROM newer n LEFT JOIN record r ON r.twin = n.twin"
     " AND r.seq = n.seq WHERE n.twin = $1 AND r.seq IS NULL",
     "which version of a record is the newest was changed"},
};
static const question about_sessions = {
    "SELECT COALESCE(MIN(r.seq), 0) FROM record r WHERE r.twin = $1 AND NOT EXISTS"
    " (SELECT 1 FROM audit a WHERE a.session = r.session AND a.kind = 0)",
    "a record of a session that the audit log does not know"};
static const char body_gone[] = "a record's body was taken away, and its subject was not erased";
static const char alive[] = "SELECT COUNT(*) FROM twin t JOIN subject s ON s.id = t.subject"
                            " WHERE t.id = $1 AND s.erased IS NULL";
static const char not_logged[] = "SELECT COUNT(*) FROM twin t WHERE t.id = $1 AND NOT EXISTS"
                                 " (SELECT 1 FROM audit a WHERE a.subject = t.subject AND"
                                 " a.kind = 8)";
_Static_assert(GM_AUDIT_OPEN == 0 && GM_AUDIT_ERASED == 8, "kinds in the statements");

static gm_status chain_ask(chain *c, const question *k)
{
  int64_t seq = 0;
  gm_status st = c->bad ? GM_OK : ask(c->s, c->ctx, k->sql, c->t.twin, &seq);
  if (!st && seq) chain_bad(c, seq, k->what);
  return st;
}

/* Bodies go when their subject is erased, as the log then says, and at no other time. */
static gm_status bodies_look(chain *c, bool logged)
{
  int64_t wrong = 0;
  if (!c->bodiless || c->bad) return GM_OK;
  gm_status st = ask(c->s, c->ctx, alive, c->t.twin, &wrong);
  if (!st && !wrong && logged) st = ask(c->s, c->ctx, not_logged, c->t.twin, &wrong);
  if (!st && wrong) chain_bad(c, c->bodiless, body_gone);
  return st;
}

static gm_status twin_look(chain *c, bool logged)
{
  gm_status st = GM_OK;
  c->seq = 1;
  for (bool more = c->t.there; more && !st;) {
    pthread_mutex_lock(&c->s->reading.lock);
    st = records_look(c, c->s->reading.db, &more);
    pthread_mutex_unlock(&c->s->reading.lock);
  }
  if (st) return st;
  if (!c->t.there) chain_bad(c, 1, "records of a twin that is not there");
  if (c->seq != c->t.seq + 1) chain_bad(c, c->seq, "records are missing at the end");
  if (memcmp(c->head, c->t.head, sizeof c->head) != 0 || c->learned != c->t.learned)
    chain_bad(c, c->seq, "the twin's own row was changed, or its last records");
  for (size_t i = 0; i < sizeof about_twin / sizeof about_twin[0] && !st; i++)
    st = chain_ask(c, &about_twin[i]);
  if (!st) st = bodies_look(c, logged);
  return st || !logged ? st : chain_ask(c, &about_sessions);
}

/* ---- all twins ------------------------------------------------------------------------------- */
static gm_status row_of_twin(gm__db *d, gm_ctx *ctx, int64_t from, twin_row *t)
{
  gm__stmt *q;
  gm_status st = gm__db_prepare(d, ctx,
                                "SELECT id, subject, seq, learned, head FROM twin WHERE id >= $1"
                                " ORDER BY id LIMIT 1",
                                &q);
  if (st) return st;
  gm__db_bind_int(q, 1, from);
  st = gm__db_step(q, ctx, &t->there);
  if (st || !t->there) return st;
  t->twin = gm__db_int(q, 0);
  t->subject = gm__db_int(q, 1);
  t->seq = gm__db_int(q, 2);
  t->learned = gm__db_int(q, 3);
  if (!gm__bytes_take(q, 4, t->head, sizeof t->head)) memset(t->head, 0xff, sizeof t->head);
  gm__db_reset(q);
  return GM_OK;
}

/* The twin with the least number from `from` on, or records of one that is not there.
 * *any false: there is none. */
static gm_status twin_next(gm_store *s, gm_ctx *ctx, int64_t from, twin_row *t, bool *any)
{
  gm__stmt *q;
  bool row = false, recorded = false;
  int64_t stray = 0;
  *t = (twin_row){0};
  pthread_mutex_lock(&s->reading.lock);
  /* records first: a twin's row is older than its records */
  gm_status st = gm__db_prepare(
      s->reading.db, ctx, "SELECT twin FROM record WHERE twin >= $1 ORDER BY twin LIMIT 1", &q);
  if (!st) {
    gm__db_bind_int(q, 1, from);
    st = gm__db_step(q, ctx, &row);
    recorded = !st && row;
    if (recorded) stray = gm__db_int(q, 0);
    if (row) gm__db_reset(q);
  }
  if (!st) st = row_of_twin(s->reading.db, ctx, from, t);
  pthread_mutex_unlock(&s->reading.lock);
  if (recorded && (!t->there || stray < t->twin)) *t = (twin_row){.twin = stray};
  *any = recorded || t->there;
  return st;
}

gm_status gm__twins_look(gm_store *s, gm_ctx *ctx, int64_t twin, bool logged, gm_audit_finding *f)
{
  twin_row t = {0};
  bool any = false;
  gm_status st = twin_next(s, ctx, twin ? twin : INT64_MIN, &t, &any);
  if (!st && twin && (!any || t.twin != twin)) st = gm_fail(ctx, GM_ENOTFOUND, "no such twin");
  while (!st && any) {
    chain c = {.s = s, .ctx = ctx, .t = t};
    st = twin_look(&c, logged);
    f->records += c.seq - 1;
    if (!st && c.bad) {
      f->twin = t.twin;
      f->twin_seq = c.bad;
      f->what = c.what;
    }
    if (twin || c.bad || t.twin == INT64_MAX) break;
    if (!st) st = twin_next(s, ctx, t.twin + 1, &t, &any);
  }
  return st;
}

/* A damaged index can hide records from readers that their table, and so the chain, still has. */
gm_status gm__file_look(gm_store *s, gm_ctx *ctx)
{
  bool whole = true;
  pthread_mutex_lock(&s->reading.lock);
  gm_status st = gm__db_check(s->reading.db, ctx, &whole);
  pthread_mutex_unlock(&s->reading.lock);
  return st || whole
             ? st
             : gm_fail(ctx, GM_EPARSE, "%s: a page or an index is damaged; restore a backup",
                       gm__db_name(s->reading.db));
}

gm_status gm_store_verify(gm_store *s, gm_ctx *ctx, int64_t twin, int64_t *twin_out,
                          int64_t *seq_out)
{
  assert(s && ctx && twin_out && seq_out);
  gm_audit_finding f = {0};
  gm_status st = gm__twins_look(s, ctx, twin, false, &f);
  if (!st && !f.twin_seq) st = gm__file_look(s, ctx);
  if (st) return st;
  *twin_out = f.twin;
  *seq_out = f.twin_seq;
  return GM_OK;
}
