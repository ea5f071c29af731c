/* The seam to the databases: the same calls give the same on SQLite and on PostgreSQL; what a
 * server can do besides (go away, come back, be set up wrongly) ends in typed errors.
 * label: quick */
#include "store/store_case.h"
#include "gemel/audit.h"
#include "support/fault.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

static gm__db *opened(void)
{
  gm__db *d = NULL;
  case_must(gm__db_open(ctx, case_url, true, &d), "open");
  return d;
}

static gm__stmt *prepared(gm__db *d, const char *sql)
{
  gm__stmt *q = NULL;
  case_must(gm__db_prepare(d, ctx, sql, &q), sql);
  return q;
}

/* First column of the first row. */
static int64_t one(gm__db *d, const char *sql)
{
  bool row = false;
  gm__stmt *q = prepared(d, sql);
  case_must(gm__db_step(q, ctx, &row), sql);
  assert_true(row);
  int64_t v = gm__db_int(q, 0);
  gm__db_reset(q);
  return v;
}

/* So that it counts as a store of ours. */
static gm__db *with_table(const char *table)
{
  gm__db *d = opened();
  case_must(gm__db_exec(d, ctx, "CREATE TABLE gemel (name TEXT PRIMARY KEY, value BIGINT)"),
            "ours");
  case_must(gm__db_exec(d, ctx, table), table);
  return d;
}

static gm_status put(gm__db *d, int64_t k, int64_t v)
{
  gm__stmt *q = prepared(d, "INSERT INTO t (k, v) VALUES ($1, $2)");
  gm__db_bind_int(q, 1, k);
  gm__db_bind_int(q, 2, v);
  return gm__db_run(q, ctx);
}

static const char table_kv[] = "CREATE TABLE t (k BIGINT PRIMARY KEY, v BIGINT NOT NULL)";

/* Every sort of value comes back as it went in, to the bit: ends of the ranges, nothing and no
 * bytes, bytes that are zero, a megabyte. */
static void values__come_back(void **state)
{
  (void)state;
  static const int64_t whole[] = {INT64_MIN, -1, 0, 1, 4294967296, INT64_MAX};
  static const double real[] = {0, -1e-300, 1e-308, -1.5, 1e308, INFINITY};
  static char big[1 << 20];
  gm__db *d = with_table("CREATE TABLE t (i BIGINT, r DOUBLE PRECISION, b BYTES, s TEXT)");
  gm__stmt *in = prepared(d, "INSERT INTO t (i, r, b, s) VALUES ($1, $2, $3, $4)");
  memset(big, 0xa5, sizeof big);
  for (int i = 0; i < 6; i++) {
    gm__db_bind_int(in, 1, whole[i]);
    gm__db_bind_real(in, 2, real[i]);
    gm__db_bind_bytes(in, 3, i == 0 ? NULL : big, i == 1 ? 0 : i == 2 ? 3 : sizeof big);
    gm__db_bind_text(in, 4, i ? "h\xc3\xa9 'x'" : "");
    case_must(gm__db_run(in, ctx), "insert");
  }
  gm__stmt *out = prepared(d, "SELECT i, r, b, s FROM t WHERE i = $1");
  for (int i = 0; i < 6; i++) {
    bool row = false;
    size_t bytes = 7;
    gm__db_bind_int(out, 1, whole[i]);
    case_must(gm__db_step(out, ctx, &row), "select");
    assert_true(row);
    double r = gm__db_real(out, 1);
    const void *b = gm__db_bytes(out, 2, &bytes);
    assert_true(gm__db_int(out, 0) == whole[i]);
    assert_memory_equal(&r, &real[i], sizeof r);
    assert_true((b == NULL) == (i == 0));
    assert_int_equal(i <= 1 ? 0 : i == 2 ? 3 : sizeof big, bytes);
    if (bytes) assert_memory_equal(b, big, bytes);
    assert_string_equal(i ? "h\xc3\xa9 'x'" : "", gm__db_text(out, 3));
    case_must(gm__db_step(out, ctx, &row), "end");
    assert_false(row);
  }
  assert_int_equal(-17, one(d, "SELECT SUM(v) FROM (SELECT -10 AS v UNION SELECT -7) x"));
  assert_int_equal(1, one(d, "SELECT COUNT(*) > 5 FROM t"));
  gm__db_close(d);
  case_unlink();
}

/* A statement is read on where it was after others ran between; one that is reset begins anew. */
static void statements__may_be_interleaved(void **state)
{
  (void)state;
  gm__db *d = with_table(table_kv);
  for (int64_t k = 0; k < 100; k++) case_must(put(d, k, k * k), "put");
  for (int inside = 0; inside < 2; inside++) {
    if (inside) case_must(gm__db_begin(d, ctx), "begin");
    gm__stmt *q = prepared(d, "SELECT k, v FROM t WHERE k < 100 ORDER BY k");
    bool row = false;
    int64_t n = 0;
    for (; !gm__db_step(q, ctx, &row) && row; n++) {
      assert_int_equal(n, gm__db_int(q, 0));
      assert_int_equal(100, one(d, "SELECT COUNT(*) FROM t WHERE k < 100"));
      if (n % 10 == 0) case_must(put(d, 1000 + 1000 * inside + n, 0), "put");
      assert_int_equal(n * n, gm__db_int(q, 1));
    }
    assert_int_equal(100, n);
    case_must(gm__db_step(q, ctx, &row), "again");
    assert_true(row && gm__db_int(q, 0) == 0);
    gm__db_reset(q);
    if (inside) case_must(gm__db_commit(d, ctx), "commit");
  }
  assert_int_equal(120, one(d, "SELECT COUNT(*) FROM t"));
  gm__db_close(d);
  case_unlink();
}

/* A key that is there: GM_EEXIST. A savepoint saves what was before; without one nothing of the
 * transaction stays, and its commit says so. */
static void failures__undo(void **state)
{
  (void)state;
  gm__db *d = with_table(table_kv);
  case_must(put(d, 1, 1), "put");
  assert_int_equal(GM_EEXIST, put(d, 1, 2));
  assert_null(strstr(gm_message(ctx), "(k)"));
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 2, 2), "put");
  gm_status st = put(d, 1, 3);
  if (!st) st = gm__db_commit(d, ctx); /* told then at the latest */
  assert_int_equal(GM_EEXIST, st);
  gm__db_rollback(d);
  assert_int_equal(1, one(d, "SELECT COUNT(*) FROM t"));
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 3, 3), "put");
  case_must(gm__db_exec(d, ctx, "SAVEPOINT a"), "savepoint");
  assert_int_equal(GM_EEXIST, gm__db_exec(d, ctx, "INSERT INTO t VALUES (3, 3)"));
  case_must(gm__db_exec(d, ctx, "ROLLBACK TO a"), "rollback to");
  case_must(put(d, 4, 4), "put");
  case_must(gm__db_commit(d, ctx), "commit");
  assert_int_equal(3, one(d, "SELECT COUNT(*) FROM t"));
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 5, 5), "put");
  gm__db_rollback(d);
  assert_int_equal(3, one(d, "SELECT COUNT(*) FROM t"));
  gm__db_close(d);
  case_unlink();
}

/* A transaction for reading sees one state, however much is committed meanwhile. */
static void read__sees_one_state(void **state)
{
  (void)state;
  gm__db *d = with_table(table_kv), *r = NULL;
  case_must(put(d, 1, 1), "put");
  case_must(gm__db_again(d, ctx, &r), "again");
  case_must(gm__db_begin_read(r, ctx), "begin");
  assert_int_equal(1, one(r, "SELECT COUNT(*) FROM t"));
  for (int64_t k = 2; k < 20; k++) case_must(put(d, k, k), "put");
  assert_int_equal(1, one(r, "SELECT COUNT(*) FROM t"));
  gm__db_rollback(r);
  assert_int_equal(19, one(r, "SELECT COUNT(*) FROM t"));
  gm__db_close(r);
  gm__db_close(d);
  case_unlink();
}

/* Two processes that read a number and write one more, 100 times each: none is lost. */
static void writers__take_turns(void **state)
{
  (void)state;
  enum { TIMES = 100, CHILDREN = 2 };
  gm__db *d = with_table(table_kv);
  case_must(put(d, 1, 0), "put");
  pid_t pid[CHILDREN];
  for (int c = 0; c < CHILDREN; c++) {
    pid[c] = fork();
    if (pid[c]) continue;
    gm__db *own = NULL;
    if (gm__db_open(ctx, case_url, false, &own)) _exit(2);
    for (int i = 0; i < TIMES; i++) {
      if (gm__db_begin(own, ctx)) _exit(3);
      gm__stmt *q = prepared(own, "UPDATE t SET v = $1 WHERE k = 1");
      gm__db_bind_int(q, 1, one(own, "SELECT v FROM t WHERE k = 1 FOR UPDATE") + 1);
      if (gm__db_run(q, ctx) || gm__db_commit(own, ctx)) _exit(4);
    }
    gm__db_close(own);
    _exit(0);
  }
  for (int c = 0; c < CHILDREN; c++) {
    int status = 1;
    waitpid(pid[c], &status, 0);
    assert_int_equal(0, status);
  }
  assert_int_equal(CHILDREN * TIMES, one(d, "SELECT v FROM t WHERE k = 1"));
  gm__db_close(d);
  case_unlink();
}

enum { PROCESSES = 4, APPENDS = 40 };

/* A process of its own: to a twin that all share, and to one of its own. */
static void append_alone(int number)
{
  char name[20];
  gm_session *a = case_store();
  snprintf(name, sizeof name, "own%d", number);
  int64_t twin[2] = {case_twin(a, "shared", "shared"), case_twin(a, name, name)};
  for (int i = 0; i < APPENDS; i++) {
    char id[40];
    snprintf(id, sizeof id, "%d-%d", number, i);
    gm_entry e = case_entry(i, id, "1", "5");
    if (gm_store_append(a, ctx, twin[i % 2], &e, 1, NULL)) _exit(2);
    e = case_entry(i, "of-all", id, id); /* a thing that all correct */
    if (i % 10 == 0 && gm_store_append(a, ctx, twin[0], &e, 1, NULL)) _exit(3);
  }
  case_close(a);
  _exit(0);
}

static gm_status count_one(void *user, const gm_record_found *r)
{
  *(int *)user += r->kind == GM_RECORD_OBSERVATION;
  return GM_OK;
}

/* Four processes append to one store, to one thing even: none is lost, each chain is whole, of the
 * thing one version is the newest, and so is the log. */
static void processes__share_a_store(void **state)
{
  (void)state;
  pid_t pid[PROCESSES];
  gm_session *a = case_store();
  case_twin(a, "shared", "shared");
  case_close(a);
  for (int i = 0; i < PROCESSES; i++) {
    pid[i] = fork();
    if (pid[i] == 0) append_alone(i);
  }
  for (int i = 0; i < PROCESSES; i++) {
    int status = 1;
    waitpid(pid[i], &status, 0);
    assert_int_equal(0, status);
  }
  a = case_store();
  int found[2] = {0, 0};
  int64_t twin = 0, seq = 0;
  gm_record_query q = {.twin = case_twin(a, "shared", "shared")};
  case_must(gm_store_read(a, ctx, &q, count_one, &found[0]), "read");
  q.all_versions = true;
  case_must(gm_store_read(a, ctx, &q, count_one, &found[1]), "read");
  assert_int_equal(PROCESSES * APPENDS / 2 + 1, found[0]);
  assert_int_equal(PROCESSES * (APPENDS / 2 + APPENDS / 10), found[1]);
  case_must(gm_store_verify(gm_session_store(a), ctx, 0, &twin, &seq), "verify");
  assert_int_equal(0, seq);
  gm_audit_finding f;
  case_must(gm_audit_verify(gm_session_store(a), ctx, NULL, &f), "verify");
  if (f.audit_seq || f.twin_seq) fail_msg("%s", f.what);
  case_close(a);
  case_unlink();
}

#ifdef __SANITIZE_ADDRESS__
enum { GROWTH_KB_MAX = 400 * 1024 }; /* it holds back what was freed */
#else
enum { GROWTH_KB_MAX = 24 * 1024 }; /* SQLite's own cache takes 16 MB */
#endif

static int64_t resident_kb(void)
{
  char text[200] = "";
  long long all = 0, resident = 0;
  FILE *f = fopen("/proc/self/statm", "r");
  if (f && fgets(text, sizeof text, f)) sscanf(text, "%lld %lld", &all, &resident);
  if (f) fclose(f);
  return resident * sysconf(_SC_PAGESIZE) / 1024;
}

/* 100,000 rows of 500 bytes are read in memory that does not grow with them, and left off at any
 * row at once. */
static void read__needs_little_memory(void **state)
{
  (void)state;
  enum { ROWS = 100000, BYTES = 500 };
  static char body[BYTES];
  gm__db *d = with_table("CREATE TABLE t (k BIGINT PRIMARY KEY, b BYTES)");
  gm__stmt *in = prepared(d, "INSERT INTO t (k, b) VALUES ($1, $2)");
  bool row = false;
  case_must(gm__db_begin(d, ctx), "begin");
  for (int64_t k = 0; k < ROWS; k++) {
    gm__db_bind_int(in, 1, k);
    gm__db_bind_bytes(in, 2, body, sizeof body);
    case_must(gm__db_run(in, ctx), "put");
  }
  case_must(gm__db_commit(d, ctx), "commit");
  gm__stmt *q = prepared(d, "SELECT k, b FROM t");
  int64_t before = resident_kb(), most = 0;
  for (int64_t n = 0; !gm__db_step(q, ctx, &row) && row; n++)
    if (n % 5000 == 0 && resident_kb() > most) most = resident_kb();
  assert_true(most - before < GROWTH_KB_MAX); /* of 50 MB */
  for (int stop = 1; stop <= 10001; stop += 5000) {
    for (int n = 0; n < stop; n++) case_must(gm__db_step(q, ctx, &row), "step");
    gm__db_reset(q);
    assert_int_equal(ROWS, one(d, "SELECT COUNT(*) FROM t"));
  }
  gm__db_close(d);
  case_unlink();
}

/* What is no store is told from one that is not there. */
static void open__tells_whose_it_is(void **state)
{
  (void)state;
  gm__db *d = NULL;
  assert_int_equal(GM_ENOTFOUND, gm__db_open(ctx, case_url, false, &d));
  case_sql("CREATE TABLE theirs (x BIGINT)");
  assert_int_equal(GM_EPARSE, gm__db_open(ctx, case_url, true, &d));
  case_unlink();
}

static gm_status trial(gm_ctx *own, void *user)
{
  gm__db *d = NULL;
  gm__stmt *q = NULL;
  bool row = false;
  (void)user;
  gm_status st = gm__db_open(own, case_url, false, &d);
  if (!st) st = gm__db_prepare(d, own, "SELECT k FROM t WHERE k > $1 ORDER BY k", &q);
  if (!st) gm__db_bind_int(q, 1, 0);
  if (!st) st = gm__db_step(q, own, &row);
  if (!st) st = gm__db_exec(d, own, "SELECT COUNT(*) FROM t"); /* rows are kept meanwhile */
  if (!st) st = gm__db_step(q, own, &row);
  gm__db_close(d);
  return st;
}

/* Whichever allocation fails: GM_ENOMEM, and no block stays. */
static void faults__leave_nothing(void **state)
{
  (void)state;
  gm__db *d = with_table(table_kv);
  for (int64_t k = 0; k < 50; k++) case_must(put(d, k, k), "put");
  gm__db_close(d);
  assert_true(fault_sweep("connection", trial, NULL) > 3);
  case_unlink();
}

/* ---- PostgreSQL alone ------------------------------------------------------------------------ */
/* The server's codes: PostgreSQL 15, appendix A. */
static void server__codes_are_typed(void **state)
{
  (void)state;
  static const struct {
    const char *code;
    gm_status status;
  } c[] = {{"53100", GM_EFULL},    {"40001", GM_EBUSY},  {"40P01", GM_EBUSY},  {"55P03", GM_EBUSY},
           {"23505", GM_EEXIST},   {"25006", GM_EIO},    {"42P01", GM_EPARSE}, {"58030", GM_EIO},
           {"57014", GM_EBUSY},    {"XX001", GM_EPARSE}, {"53300", GM_EBUSY},  {"57P01", GM_EIO},
           {"22003", GM_EINTERNAL}};
  if (!case_pg) return;
  gm__db *d = opened();
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    char sql[120];
    snprintf(sql, sizeof sql, "DO $$ BEGIN RAISE EXCEPTION 'SECRET' USING ERRCODE = '%s'; END $$",
             c[i].code);
    gm_status st = gm__db_exec(d, ctx, sql);
    if (st != c[i].status) fail_msg("%s: %s", c[i].code, gm_status_name(st));
    assert_null(strstr(gm_message(ctx), "SECRET"));
    assert_non_null(strstr(gm_message(ctx), c[i].code));
  }
  gm__db_close(d);
}

/* No part of a URL that may be a password is ever said again. */
static void messages__hold_no_password(void **state)
{
  (void)state;
  static const char *const url[] = {"postgresql://u:SECRET@127.0.0.1:1/db",
                                    "postgresql://u:pa@SECRET@127.0.0.1:1/db",
                                    "postgresql://u:pa/SECRET@127.0.0.1:1/db",
                                    "postgresql://u:SECRET%zz@127.0.0.1:1/db",
                                    "postgresql://u:SECRET@nosuchhost.invalid/db",
                                    "postgresql://u:pa#SECRET:x@127.0.0.1:1/db",
                                    "postgresql://u:SECRET@[::1/db",
                                    "postgresql://u@127.0.0.1:1/db?password=SECRET",
                                    "postgresql://u@127.0.0.1:1/db?SECRET=1",
                                    "postgresql://u:pa?SECRET@127.0.0.1:1/db"};
  if (!case_pg) return;
  for (size_t i = 0; i < sizeof url / sizeof url[0]; i++) {
    gm__db *d = NULL;
    gm_status st = gm__db_open(ctx, url[i], true, &d);
    if (st != GM_EIO && st != GM_EPARSE) fail_msg("%s: %s", url[i], gm_status_name(st));
    if (strstr(gm_message(ctx), "SECRET")) fail_msg("%s: %s", url[i], gm_message(ctx));
  }
}

#define OTHERS " FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND application_name = 'gemel'"
enum {
  TRIES_MAX = 3000,
  NAP_US = 20000
}; /* what is waited for comes: this ends a test that hangs */

/* Until none of them is there any more. */
static void others_end(gm__db *by)
{
  case_must(gm__db_exec(by, ctx, "SELECT pg_terminate_backend(pid)" OTHERS), "terminate");
  int tries = 0;
  while (one(by, "SELECT COUNT(*)" OTHERS) > 0 && tries++ < TRIES_MAX) usleep(NAP_US);
  assert_true(tries <= TRIES_MAX);
}

/* A lost connection undoes its transaction, which says so until its end; the next one, and a read
 * outside, go on with a new connection and the same statements. */
static void server__may_drop_the_connection(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm__db *d = with_table(table_kv), *killer = opened();
  case_must(put(d, 1, 1), "put");
  others_end(killer);
  assert_int_equal(1, one(d, "SELECT COUNT(*) FROM t"));
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 2, 2), "put");
  assert_int_equal(2, one(d, "SELECT COUNT(*) FROM t"));
  others_end(killer);
  gm_status st = put(d, 3, 3);
  bool row = false;
  gm__stmt *q = prepared(d, "SELECT COUNT(*) FROM t");
  if (!st) st = gm__db_step(q, ctx, &row);
  assert_int_equal(GM_EIO, st);
  assert_int_equal(GM_EIO, put(d, 4, 4));
  assert_int_equal(GM_EIO, gm__db_commit(d, ctx));
  case_must(gm__db_begin(d, ctx), "begin");
  assert_int_equal(1, one(d, "SELECT COUNT(*) FROM t"));
  case_must(put(d, 5, 5), "put");
  case_must(gm__db_commit(d, ctx), "commit");
  others_end(killer);
  case_must(gm__db_begin(d, ctx), "begin"); /* where it first notices */
  case_must(put(d, 6, 6), "put");
  case_must(gm__db_commit(d, ctx), "commit");
  assert_int_equal(3, one(d, "SELECT COUNT(*) FROM t"));
  gm__db_close(d);
  gm__db_close(killer);
  case_unlink();
}

typedef struct {
  gm__db *d;
  gm_ctx *own;
  _Atomic bool stop;
  _Atomic int begun; /* transactions */
} killing;

/* One kill, somewhere in the next transactions, for each time that one has begun: who is cut off
 * comes back before the next, however slow the machine is. */
static void *kill_on(void *user)
{
  killing *k = user;
  for (int before = 0, kills = 0; !atomic_load(&k->stop); kills++) {
    while (atomic_load(&k->begun) == before && !atomic_load(&k->stop)) usleep(100);
    usleep((useconds_t)(kills * 37 % 23) * 100);
    if (gm__db_exec(k->d, k->own, "SELECT pg_terminate_backend(pid)" OTHERS)) return NULL;
    before = atomic_load(&k->begun);
  }
  return k;
}

/* Connections die all the time: what a commit said is what is there. Some come through, and some
 * are cut: it goes on until there are both. */
static void server__commit_says_what_is_there(void **state)
{
  (void)state;
  enum { TIMES = 300, TIMES_MAX = 30000 };
  static bool said[TIMES_MAX];
  int done = 0, times = 0;
  pthread_t thread;
  void *well = NULL;
  if (!case_pg) return;
  gm__db *d = with_table(table_kv);
  killing k = {.d = opened()};
  case_must(gm_ctx_child(ctx, &k.own), "context");
  assert_int_equal(0, pthread_create(&thread, NULL, kill_on, &k));
  for (; times < TIMES || (times < TIMES_MAX && (!done || done == times)); times++) {
    int i = times;
    gm_status st = gm__db_begin(d, ctx);
    if (st) continue;
    atomic_fetch_add(&k.begun, 1);
    st = put(d, i, i);
    if (st)
      gm__db_rollback(d);
    else
      st = gm__db_commit(d, ctx);
    said[i] = !st;
    done += said[i];
  }
  atomic_store(&k.stop, true);
  pthread_join(thread, &well);
  assert_non_null(well);
  gm__stmt *q = prepared(d, "SELECT COUNT(*) FROM t WHERE k = $1");
  for (int i = 0; i < times; i++) {
    bool row = false;
    gm__db_bind_int(q, 1, i);
    case_must(gm__db_step(q, ctx, &row), "look");
    if (gm__db_int(q, 0) != said[i]) fail_msg("commit %d said %d", i, (int)said[i]);
    gm__db_reset(q);
  }
  printf("%d of %d transactions came through a connection that was cut again and again\n", done,
         times);
  assert_true(done > 0 && done < times);
  gm__db_close(d);
  gm__db_close(k.d);
  gm_ctx_free(k.own);
  case_unlink();
}

/* The server is killed while it holds a transaction: what was committed is there when it is back.
 */
static void server__may_die(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm__db *d = with_table(table_kv);
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 1, 1), "put");
  case_must(gm__db_commit(d, ctx), "commit");
  case_must(gm__db_begin(d, ctx), "begin");
  case_must(put(d, 2, 2), "put");
  kill(postgres_pid(), SIGQUIT); /* no shutdown: recovery from its log */
  assert_true(postgres_again());
  assert_int_equal(GM_EIO, gm__db_commit(d, ctx));
  assert_int_equal(1, one(d, "SELECT COUNT(*) FROM t"));
  gm__db_close(d);
  case_unlink();
}

/* A server that does not keep what it acknowledged is refused; a session's setting is put right. */
static void server__must_be_durable(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm__db *d = with_table(table_kv), *e = NULL;
  case_must(gm__db_exec(d, ctx, "ALTER ROLE gemel SET synchronous_commit = off"), "role");
  case_must(gm__db_again(d, ctx, &e), "again");
  assert_int_equal(1, one(e, "SELECT CASE current_setting('synchronous_commit') WHEN 'on' THEN 1"
                             " ELSE 0 END"));
  gm__db_close(e);
  case_must(gm__db_exec(d, ctx, "ALTER ROLE gemel RESET synchronous_commit"), "role");
  case_must(gm__db_exec(d, ctx, "ALTER SYSTEM SET fsync = off"), "system");
  case_must(gm__db_exec(d, ctx, "SELECT pg_reload_conf()"), "reload");
  gm_status st = GM_OK;
  for (int i = 0; i < TRIES_MAX && !st; i++) { /* until the server has read it */
    usleep(NAP_US);
    st = gm__db_again(d, ctx, &e);
    if (!st) gm__db_close(e);
  }
  assert_int_equal(GM_EUNSUPPORTED, st);
  case_must(gm__db_exec(d, ctx, "ALTER SYSTEM RESET fsync"), "system");
  case_must(gm__db_exec(d, ctx, "SELECT pg_reload_conf()"), "reload");
  e = NULL;
  for (int i = 0; i < TRIES_MAX && gm__db_again(d, ctx, &e); i++) usleep(NAP_US);
  assert_non_null(e);
  gm__db_close(e);
  gm__db_close(d);
  case_unlink();
}

/* Who waits too long for another writer is told that it is busy, and may try again. */
static void server__waits_for_a_time(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm__db *d = with_table(table_kv), *e = opened();
  case_must(gm__db_exec(e, ctx, "SET lock_timeout = 100"), "less");
  case_must(gm__db_begin(d, ctx), "begin");
  assert_int_equal(GM_EBUSY, gm__db_begin(e, ctx));
  case_must(gm__db_commit(d, ctx), "commit");
  case_must(gm__db_begin(e, ctx), "begin");
  case_must(gm__db_commit(e, ctx), "commit");
  gm__db_close(e);
  gm__db_close(d);
  case_unlink();
}

/* The wrapped key of the only subject. */
static void wrapped_of(const char *url, unsigned char out[72])
{
  gm__db *d = NULL;
  size_t bytes = 0;
  bool row = false;
  case_must(gm__db_open(ctx, url, false, &d), "look");
  gm__stmt *q = prepared(d, "SELECT key FROM subject");
  case_must(gm__db_step(q, ctx, &row), "look");
  const void *key = gm__db_bytes(q, 0, &bytes);
  assert_int_equal(72, bytes);
  memcpy(out, key, bytes);
  gm__db_close(d);
}

/* In any file of a table or index; the server's log of changes may hold it. */
static bool tables_hold(const void *data, size_t bytes)
{
  char folder[200];
  case_sql("CHECKPOINT");
  snprintf(folder, sizeof folder, "%s/data/base", postgres_folder());
  case_sought = data;
  case_sought_bytes = bytes;
  return nftw(folder, case_look, 16, FTW_PHYS) == 1;
}

/* An erased key is in no table any more; a reader that holds the table is waited for briefly, and
 * the next time it works. */
static void server__cleans_the_keys(void **state)
{
  (void)state;
  unsigned char wrapped[72];
  if (!case_pg) return;
  gm_session *a = case_store();
  int64_t who = 0;
  case_twin(a, "p", "t");
  case_must(gm_store_subject(a, ctx, "p", false, &who), "subject");
  wrapped_of(case_url, wrapped);
  assert_true(tables_hold(wrapped, sizeof wrapped));
  gm__db *r = NULL;
  case_must(gm__db_open(ctx, case_url, false, &r), "reader");
  case_must(gm__db_begin_read(r, ctx), "begin");
  assert_int_equal(1, one(r, "SELECT COUNT(*) FROM subject"));
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  assert_int_equal(GM_EBUSY, gm_store_erase(by, ctx, who));
  assert_int_equal(GM_ENOTFOUND, gm_store_subject(a, ctx, "p", false, &who));
  gm__db_rollback(r);
  gm__db_close(r);
  case_must(gm_store_erase(by, ctx, who), "erase");
  assert_false(tables_hold(wrapped, sizeof wrapped));
  gm_session_close(by);
  case_close(a);
  case_unlink();
}

/* The records of a store are parted by twin. */
static void server__parts_the_records(void **state)
{
  (void)state;
  if (!case_pg) return;
  gm_session *s = case_store();
  for (int i = 0; i < 40; i++) {
    char name[20];
    snprintf(name, sizeof name, "t%d", i);
    case_twin(s, "p", name);
  }
  case_close(s);
  assert_int_equal(16, case_number("SELECT COUNT(*) FROM pg_inherits"
                                   " WHERE inhparent = 'record'::regclass"));
  assert_true(case_number("SELECT COUNT(DISTINCT tableoid) FROM record") > 8);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(values__come_back),
                                     cmocka_unit_test(statements__may_be_interleaved),
                                     cmocka_unit_test(failures__undo),
                                     cmocka_unit_test(read__sees_one_state),
                                     cmocka_unit_test(writers__take_turns),
                                     cmocka_unit_test(processes__share_a_store),
                                     cmocka_unit_test(read__needs_little_memory),
                                     cmocka_unit_test(open__tells_whose_it_is),
                                     cmocka_unit_test(faults__leave_nothing),
                                     cmocka_unit_test(server__codes_are_typed),
                                     cmocka_unit_test(messages__hold_no_password),
                                     cmocka_unit_test(server__may_drop_the_connection),
                                     cmocka_unit_test(server__commit_says_what_is_there),
                                     cmocka_unit_test(server__waits_for_a_time),
                                     cmocka_unit_test(server__must_be_durable),
                                     cmocka_unit_test(server__parts_the_records),
                                     cmocka_unit_test(server__cleans_the_keys),
                                     cmocka_unit_test(server__may_die)};
  return case_main("backend", tests);
}
