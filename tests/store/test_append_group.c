/* Many at once: a statement that is asked many times in few ways to the server; and appends that
 * are committed together, of which one may not be, one fails, or the connection is lost under them.
 * label: quick */
#include "store/store_case.h"
#include "store/store_internal.h"
#include <pthread.h>
#include <time.h>

/* ---- a statement many times ------------------------------------------------------------------ */
enum { TIMES = 500, STOP = 250 };

static gm__stmt *prepared(gm__db *d, const char *sql)
{
  gm__stmt *q = NULL;
  case_must(gm__db_prepare(d, ctx, sql, &q), sql);
  return q;
}

static gm__db *with_numbers(int64_t count)
{
  gm__db *d = NULL;
  case_must(gm__db_open(ctx, case_url, true, &d), "open");
  case_must(gm__db_exec(d, ctx, "CREATE TABLE gemel (name TEXT PRIMARY KEY, value BIGINT)"),
            "ours");
  case_must(gm__db_exec(d, ctx, "CREATE TABLE t (k BIGINT PRIMARY KEY)"), "table");
  for (int64_t k = 0; k < count; k++) {
    gm__stmt *in = prepared(d, "INSERT INTO t (k) VALUES ($1)");
    gm__db_bind_int(in, 1, k);
    case_must(gm__db_run(in, ctx), "insert");
  }
  return d;
}

typedef struct {
  int32_t last;     /* the time that was heard last */
  int64_t rows, of; /* heard; of this time */
  int32_t stop;     /* hear fails at this time; 0: never */
  bool wrong;
} heard;

static void ask_below(void *user, gm__stmt *q, int32_t i)
{
  (void)user;
  gm__db_bind_int(q, 1, i % 4);
}

static gm_status hear_below(void *user, const gm__stmt *q, int32_t i)
{
  heard *h = user;
  if (i != h->last) h->of = 0;
  h->wrong |= i < h->last || gm__db_int(q, 0) != h->of || h->of >= i % 4;
  h->last = i;
  h->of++;
  h->rows++;
  return h->stop && i >= h->stop ? GM_EFULL : GM_OK;
}

static gm_status each_below(gm__db *d, heard *h)
{
  gm__stmt *q = prepared(d, "SELECT k FROM t WHERE k < $1 ORDER BY k");
  return gm__db_each(q, ctx, TIMES, ask_below, hear_below, h);
}

static void commit_one(gm__db *d, int64_t k)
{
  gm__stmt *in = prepared(d, "INSERT INTO t (k) VALUES ($1)");
  case_must(gm__db_begin(d, ctx), "begin");
  gm__db_bind_int(in, 1, k);
  case_must(gm__db_run(in, ctx), "insert");
  case_must(gm__db_commit(d, ctx), "commit");
}

/* Each time its rows come, none, one or several, in the order of asking; also inside a transaction,
 * behind statements whose answers are not there yet. */
static void each__tells_all_in_order(void **state)
{
  (void)state;
  gm__db *d = with_numbers(2);
  heard h = {.last = -1};
  case_must(each_below(d, &h), "each");
  assert_false(h.wrong);
  assert_int_equal(TIMES / 4 * (0 + 1 + 2 + 2), h.rows);
  h = (heard){.last = -1};
  case_must(gm__db_begin(d, ctx), "begin");
  gm__stmt *in = prepared(d, "INSERT INTO t (k) VALUES ($1)");
  gm__db_bind_int(in, 1, 2);
  case_must(gm__db_run(in, ctx), "insert");
  case_must(each_below(d, &h), "each");
  case_must(gm__db_commit(d, ctx), "commit");
  assert_false(h.wrong);
  assert_int_equal(TIMES / 4 * (0 + 1 + 2 + 3), h.rows);
  case_must(gm__db_each(prepared(d, "SELECT k FROM t"), ctx, 0, ask_below, hear_below, &h), "none");
  assert_int_equal(TIMES / 4 * 6, h.rows);
  gm__db_close(d);
  case_unlink();
}

/* What hear fails with is told, nothing behind it is heard, and the connection goes on. */
static void each__ends_when_hear_fails(void **state)
{
  (void)state;
  gm__db *d = with_numbers(3);
  heard h = {.last = -1, .stop = STOP};
  case_must(gm__db_begin(d, ctx), "begin");
  assert_int_equal(GM_EFULL, each_below(d, &h));
  assert_int_equal(STOP, h.last);
  gm__db_rollback(d);
  commit_one(d, 3);
  assert_int_equal(4, case_number("SELECT COUNT(*) FROM t"));
  gm__db_close(d);
  case_unlink();
}

/* A statement that fails one time, and a connection that is lost: the transaction is undone and the
 * next one works. */
static void each__fails_like_others(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm__db *d = with_numbers(3), *killer = NULL;
  heard h = {.last = -1};
  gm__stmt *q = prepared(d, "SELECT 1 / ($1 - 3) WHERE $1 >= 0");
  case_must(gm__db_begin(d, ctx), "begin");
  assert_int_equal(GM_EINTERNAL, gm__db_each(q, ctx, TIMES, ask_below, hear_below, &h));
  gm__db_rollback(d);
  case_must(gm__db_again(d, ctx, &killer), "again");
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(gm__db_exec(killer, ctx,
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                        " WHERE pid <> pg_backend_pid() AND application_name = 'gemel'"),
            "kill");
  assert_int_equal(GM_EIO, each_below(d, &h));
  gm__db_rollback(d);
  h = (heard){.last = -1};
  commit_one(d, 3);
  case_must(each_below(d, &h), "each");
  assert_false(h.wrong);
  gm__db_close(killer);
  gm__db_close(d);
  case_unlink();
}

/* ---- appends together ------------------------------------------------------------------------ */
enum { CALLERS = 12 };
typedef struct {
  gm_session *s;
  int64_t twin;
  gm_entry entry[2];
  int32_t count;
  gm_receipt receipt[2];
  gm_status status;
  char message[200];
} caller;
static caller callers[CALLERS];

static void *call(void *user)
{
  caller *c = user;
  gm_ctx *own = NULL;
  c->status = gm_ctx_child(ctx, &own);
  if (!c->status) c->status = gm_store_append(c->s, own, c->twin, c->entry, c->count, c->receipt);
  snprintf(c->message, sizeof c->message, "%s", own ? gm_message(own) : "");
  gm_ctx_free(own);
  return NULL;
}

/* So many are with the committer or wait behind it. */
static void await_calls(gm_store *s, int32_t count)
{
  const struct timespec nap = {0, 1000000};
  for (int i = 0; i < 20000; i++) {
    pthread_mutex_lock(&s->queue_lock);
    bool there = s->waiting + s->last_group == count;
    pthread_mutex_unlock(&s->queue_lock);
    if (there) return;
    nanosleep(&nap, NULL);
  }
  fail_msg("%d callers never waited", (int)count);
}

/* All call in their order while another process writes: the committer takes the first (or rows of
 * the log) and waits; the others gather behind it and go together. */
static void call_together(gm_session *a, int32_t count)
{
  pthread_t thread[CALLERS];
  gm_store *s = gm_session_store(a);
  gm__db *other = NULL;
  case_must(gm__db_open(ctx, case_url, false, &other), "other");
  case_must(gm__db_begin(other, ctx), "begin");
  pthread_mutex_lock(&s->queue_lock);
  s->last_group = 0; /* none of these is taken yet */
  pthread_mutex_unlock(&s->queue_lock);
  for (int32_t i = 0; i < count; i++) {
    assert_int_equal(0, pthread_create(&thread[i], NULL, call, &callers[i]));
    await_calls(s, i + 1);
  }
  gm__db_rollback(other);
  gm__db_close(other);
  for (int32_t i = 0; i < count; i++) pthread_join(thread[i], NULL);
}

static void caller_set(int32_t i, gm_session *s, int64_t twin, const char *id, const char *version)
{
  callers[i] = (caller){.s = s, .twin = twin, .count = 1};
  callers[i].entry[0] = case_entry(i, id, version, "5");
}

static void must_be(int32_t i, gm_status st)
{
  if (callers[i].status != st)
    fail_msg("caller %d: %s (%s)", (int)i, gm_status_name(callers[i].status), callers[i].message);
}

static void must_be_whole(gm_session *a)
{
  int64_t twin = 0, seq = 0;
  case_must(gm_store_verify(gm_session_store(a), ctx, 0, &twin, &seq), "verify");
  assert_int_equal(0, seq);
}

/* In one commit: the same version twice is there once, and both are told its number; versions of
 * one thing follow each other; one that may not correct leaves nothing, its other entry neither. */
static void group__decides_each_by_those_before(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t"), who = 0, narrow = 0;
  gm_consent_rule adds = {.permit = true, .actor = "", .actions = 1u << GM_ACT_ADD};
  case_must(gm_store_subject(a, ctx, "q", true, &who), "subject");
  case_must(gm_store_twin(a, ctx, who, "narrow", true, &narrow), "twin");
  case_must(gm_store_consent(a, ctx, narrow, "adds", &adds), "consent");
  caller_set(0, a, twin, "first", "1");
  caller_set(1, a, twin, "a", "1");
  caller_set(2, a, twin, "a", "1"); /* the same */
  caller_set(3, a, twin, "a", "2");
  caller_set(4, a, twin, "a", "3");
  caller_set(5, a, narrow, "a", "1");
  caller_set(6, a, narrow, "b", "1");
  callers[6].entry[1] = case_entry(6, "a", "2", "6"); /* of what is on its way */
  callers[6].count = 2;
  caller_set(7, a, narrow, "b", "1"); /* is new: the one before left nothing */
  caller_set(8, a, twin, "b", "1");
  callers[8].entry[1] = callers[8].entry[0]; /* twice in one call */
  callers[8].count = 2;
  int64_t commits = gm_store_commits(gm_session_store(a));
  call_together(a, 9);
  commits = gm_store_commits(gm_session_store(a)) - commits;
  assert_true(commits >= 2 && commits <= 4); /* rows of the log may have one of their own */
  for (int32_t i = 0; i < 9; i++) must_be(i, i == 6 ? GM_EDENIED : GM_OK);
  assert_true(callers[2].receipt[0].already && !callers[1].receipt[0].already);
  assert_int_equal(callers[1].receipt[0].seq, callers[2].receipt[0].seq);
  assert_int_equal(callers[1].receipt[0].t_learned, callers[2].receipt[0].t_learned);
  assert_int_equal(callers[3].receipt[0].seq + 1, callers[4].receipt[0].seq);
  assert_true(callers[3].receipt[0].t_learned < callers[4].receipt[0].t_learned);
  assert_false(callers[7].receipt[0].already);
  assert_int_equal(callers[5].receipt[0].seq + 1, callers[7].receipt[0].seq);
  assert_true(callers[8].receipt[1].already && !callers[8].receipt[0].already);
  assert_int_equal(callers[8].receipt[0].seq, callers[8].receipt[1].seq);
  must_be_whole(a);
  /* the consents, first, three of a, two of b; in narrow a and b */
  assert_int_equal(2 + 1 + 3 + 1 + 2, case_number("SELECT COUNT(*) FROM record"));
  assert_int_equal(2, case_number("SELECT COUNT(*) FROM newer"));
  case_close(a);
  case_unlink();
}

static void callers_of_three(gm_session *a, int64_t twin)
{
  caller_set(0, a, twin, "first", "1");
  caller_set(1, a, twin, "a", "1");
  caller_set(2, a, twin, "first", "2"); /* the only one that writes table newer */
  caller_set(3, a, twin, "b", "1");
}

/* One that the database refuses does not take the others down with it. */
static void group__goes_one_by_one_when_one_fails(void **state)
{
  (void)state;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  case_sql(case_pg
               ? "CREATE FUNCTION no() RETURNS trigger LANGUAGE plpgsql AS"
                 " 'BEGIN RAISE EXCEPTION ''no''; END';"
                 "CREATE TRIGGER no BEFORE INSERT ON newer EXECUTE FUNCTION no()"
               : "CREATE TRIGGER no BEFORE INSERT ON newer BEGIN SELECT RAISE(ABORT, 'no'); END");
  callers_of_three(a, twin);
  call_together(a, 4);
  for (int32_t i = 0; i < 4; i++) must_be(i, i != 2 ? GM_OK : case_pg ? GM_EINTERNAL : GM_EEXIST);
  must_be_whole(a);
  assert_int_equal(1 + 3, case_number("SELECT COUNT(*) FROM record"));
  case_close(a);
  case_unlink();
}

/* The connection is lost while a group is written: all of it is there in the end, once. */
static void group__outlives_its_connection(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  case_sql("CREATE SEQUENCE cuts;" /* counts on, whatever is undone */
           "CREATE FUNCTION cut() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN"
           " IF nextval(''cuts'') = 1 THEN PERFORM pg_terminate_backend(pg_backend_pid()); END IF;"
           " RETURN NEW; END';"
           "CREATE TRIGGER cut BEFORE INSERT ON newer FOR EACH ROW EXECUTE FUNCTION cut()");
  callers_of_three(a, twin);
  call_together(a, 4);
  for (int32_t i = 0; i < 4; i++) {
    must_be(i, GM_OK);
    assert_false(callers[i].receipt[0].already);
  }
  must_be_whole(a);
  assert_int_equal(1 + 4, case_number("SELECT COUNT(*) FROM record"));
  assert_int_equal(2, case_number("SELECT last_value FROM cuts"));
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(each__tells_all_in_order),
                                     cmocka_unit_test(each__ends_when_hear_fails),
                                     cmocka_unit_test(each__fails_like_others),
                                     cmocka_unit_test(group__decides_each_by_those_before),
                                     cmocka_unit_test(group__goes_one_by_one_when_one_fails),
                                     cmocka_unit_test(group__outlives_its_connection)};
  return case_main("append group", tests);
}
