/* A store as an earlier version made it is brought up to date whole, or stays as it was.
 * label: quick */
#include "store/store_case.h"
#include "store/store_internal.h"
#include "gemel/rand.h"
#include <signal.h>
#include <sys/wait.h>
#include <time.h>

/* The tables of schema 1 as they were released: never edited. */
static const char step_1[] =
    "CREATE TABLE subject (id BIGINT PRIMARY KEY, name BYTES NOT NULL UNIQUE, key BYTES,"
    " label BYTES, created BIGINT NOT NULL, erased BIGINT);"
    "CREATE TABLE twin (id BIGINT PRIMARY KEY, subject BIGINT NOT NULL REFERENCES subject (id),"
    " name BYTES NOT NULL UNIQUE, label BYTES, created BIGINT NOT NULL, seq BIGINT NOT NULL,"
    " learned BIGINT NOT NULL, consents BIGINT NOT NULL, head BYTES NOT NULL);"
    "CREATE TABLE record (twin BIGINT NOT NULL, seq BIGINT NOT NULL, kind BIGINT NOT NULL,"
    " series BYTES NOT NULL, t_true DOUBLE PRECISION NOT NULL, learned BIGINT NOT NULL,"
    " thing BYTES NOT NULL, version BYTES NOT NULL, class BIGINT NOT NULL,"
    " session BIGINT NOT NULL, body BYTES, digest BYTES, chain BYTES NOT NULL,"
    " PRIMARY KEY (twin, seq)) PARTED;"
    "CREATE UNIQUE INDEX record_thing ON record (twin, thing, version);"
    "CREATE INDEX record_series ON record (twin, kind, series, t_true);"
    "CREATE TABLE newer (twin BIGINT NOT NULL, seq BIGINT NOT NULL, learned BIGINT NOT NULL,"
    " PRIMARY KEY (twin, seq));"
    "CREATE TABLE own (id BIGINT PRIMARY KEY, key BYTES NOT NULL);";
static const struct {
  const char *table, *columns;
} old[] = {{"subject", "id, name, key, label, created, erased"},
           {"twin", "id, subject, name, label, created, seq, learned, consents, head"},
           {"record", "twin, seq, kind, series, t_true, learned, thing, version, class, session,"
                      " body, digest, chain"},
           {"newer", "twin, seq, learned"},
           {"own", "id, key"}};
enum { OLD = sizeof old / sizeof old[0], KILLS = 24 };

GM_PRINTF(2, 3) static void exec(gm__db *d, const char *format, ...)
{
  char sql[600];
  va_list list;
  va_start(list, format);
  vsnprintf(sql, sizeof sql, format, list);
  va_end(list);
  case_must(gm__db_exec(d, ctx, sql), sql);
}

typedef struct {
  char name[40][40];
  int count;
} tables;

static gm_status table_name(void *user, const char *table, const gm__column *column, int32_t count)
{
  tables *t = user;
  (void)column, (void)count;
  snprintf(t->name[t->count++], sizeof t->name[0], "%s", table);
  return GM_OK;
}

/* The store becomes one of schema 1 with the same rows. */
static void make_old(void)
{
  gm__db *d = NULL;
  tables t = {.count = 0};
  case_must(gm__db_open(ctx, case_url, false, &d), "open");
  case_must(gm__schema_tables(ctx, table_name, &t), "tables");
  case_must(gm__db_begin(d, ctx), "begin");
  for (int i = 0; i < OLD; i++)
    exec(d, "CREATE TABLE keep_%s AS SELECT %s FROM %s", old[i].table, old[i].columns,
         old[i].table);
  for (int i = t.count - 1; i >= 0; i--) exec(d, "DROP TABLE %s", t.name[i]);
  case_must(gm__db_exec(d, ctx, step_1), "step 1");
  case_must(gm__db_part(d, ctx, "record"), "step 1");
  for (int i = 0; i < OLD; i++) {
    exec(d, "INSERT INTO %s (%s) SELECT * FROM keep_%s", old[i].table, old[i].columns,
         old[i].table);
    exec(d, "DROP TABLE keep_%s", old[i].table);
  }
  case_must(gm__db_exec(d, ctx, "UPDATE gemel SET value = 1 WHERE name = 'schema'"), "version");
  case_must(gm__db_commit(d, ctx), "commit");
  gm__db_close(d);
}

static gm_status listen(void *user, const gm_record_found *r)
{
  gm_text_addf(user, "%lld %lld %d %.17g %s %s %s %s %d %s %.*s\n", (long long)r->seq,
               (long long)r->t_learned, (int)r->kind, r->t_true_s, r->series, r->source, r->id,
               r->version, (int)r->data_class, r->licence, (int)r->bytes, (const char *)r->body);
  return GM_OK;
}

/* All that can be read of both living twins, and that the chains and the log fit. */
static void contents(gm_session *a, gm_text *out)
{
  static const char *const name[] = {"one", "two"};
  int64_t twin = 0, seq = 0;
  gm_text_init(out, ctx);
  for (int i = 0; i < 2; i++) {
    gm_record_query q = {.twin = case_twin(a, name[i], name[i]), .all_versions = true};
    case_must(gm_store_read(a, ctx, &q, listen, out), "read");
    q.all_versions = false;
    case_must(gm_store_read(a, ctx, &q, listen, out), "read");
  }
  case_must(gm_store_verify(gm_session_store(a), ctx, 0, &twin, &seq), "verify");
  assert_int_equal(0, seq);
}

static void add(gm_session *a, int64_t twin, double t, const char *id, const char *version)
{
  gm_entry e = case_entry(t, id, version, "5.5 mmol/L");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
}

/* Two twins with corrections and late data, and a third whose subject was erased. */
static void fill(gm_text *out)
{
  static const char *const name[] = {"one", "two", "three"};
  gm_session *a = case_store();
  int64_t who = 0;
  for (int i = 0; i < 3; i++) {
    int64_t twin = case_twin(a, name[i], name[i]);
    for (int k = 0; k < 10; k++) {
      char id[20];
      snprintf(id, sizeof id, "id-%d", k);
      add(a, twin, 10 - k, id, "1");
      if (k % 3 == 0) add(a, twin, k, id, "2");
    }
  }
  case_must(gm_store_subject(a, ctx, "three", false, &who), "subject");
  case_erase(a, who);
  contents(a, out);
  case_close(a);
}

static int64_t version_now(void)
{
  return case_number("SELECT value FROM gemel WHERE name = 'schema'");
}

static bool table_there(const char *name)
{
  char sql[120]; /* of another address each time it is asked: a connection of its own */
  snprintf(sql, sizeof sql,
           case_pg ? "SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'public'"
                     " AND tablename = '%s'"
                   : "SELECT COUNT(*) FROM sqlite_master WHERE name = '%s'",
           name);
  return case_number(sql) != 0;
}

/* Every row of a store of schema 1 is read afterwards as it was before; its chains fit; it takes
 * new records; the erased subject stays erased. */
static void migrate__keeps_everything(void **state)
{
  (void)state;
  gm_text before, after;
  int64_t who = 0;
  fill(&before);
  int64_t newest = version_now(), records = case_number("SELECT COUNT(*) FROM record");
  make_old();
  assert_int_equal(1, version_now());
  assert_false(table_there("audit"));
  gm_session *a = case_store();
  contents(a, &after);
  assert_string_equal(before.data, after.data);
  assert_int_equal(newest, version_now());
  assert_int_equal(records, case_number("SELECT COUNT(*) FROM record"));
  assert_int_equal(GM_ENOTFOUND, gm_store_subject(a, ctx, "three", false, &who));
  add(a, case_twin(a, "one", "one"), 100, "new", "1");
  case_close(a);
  gm_text_free(&before);
  gm_text_free(&after);
  case_unlink();
}

/* A store that a newer Gemel made is refused and not touched. */
static void migrate__refuses_newer(void **state)
{
  (void)state;
  gm_text before;
  gm_store *s = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY", .create = true};
  fill(&before);
  int64_t newest = version_now();
  char sql[80];
  snprintf(sql, sizeof sql, "UPDATE gemel SET value = %d WHERE name = 'schema'", (int)newest + 1);
  case_sql(sql);
  assert_int_equal(GM_EUNSUPPORTED, gm_store_open(ctx, &o, &s));
  assert_non_null(strstr(gm_message(ctx), "newer"));
  assert_int_equal(newest + 1, version_now());
  gm_text_free(&before);
  case_unlink();
}

/* A step that fails in its middle leaves the old store whole; once what was in the way is gone, it
 * is brought up to date. */
static void migrate__is_all_or_nothing(void **state)
{
  (void)state;
  gm_text before, after;
  gm_store *s = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY", .create = true};
  fill(&before);
  make_old();
  case_sql("CREATE TABLE document (in_the_way BIGINT)");
  assert_true(gm_store_open(ctx, &o, &s) != GM_OK);
  assert_int_equal(1, version_now());
  assert_false(table_there("audit")); /* which comes before it */
  case_sql("DROP TABLE document");
  gm_session *a = case_store();
  contents(a, &after);
  assert_string_equal(before.data, after.data);
  case_close(a);
  gm_text_free(&before);
  gm_text_free(&after);
  case_unlink();
}

/* A server goes on with what a client asked for that is no more: wait until it is done. */
static void wait_for_others(void)
{
  gm__db *d = NULL;
  case_must(gm__db_open(ctx, case_url, false, &d), "open");
  case_must(gm__db_begin(d, ctx), "begin");
  gm__db_rollback(d);
  gm__db_close(d);
}

static void open_and_wait(void)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY"};
  if (gm_store_open(ctx, &o, &s)) _exit(3);
  for (;;) pause();
}

/* Killed at any moment of it, the store is the old one or the new one, and whole. */
static void migrate__may_be_killed(void **state)
{
  (void)state;
  gm_text before, after;
  int found_old = 0;
  fill(&before);
  for (int i = 0; i < KILLS; i++) {
    int64_t newest = version_now();
    make_old();
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) open_and_wait();
    struct timespec nap = {0, (long)(gm_hash64(11, (uint64_t)i) % (case_pg ? 200 : 40)) * 1000000};
    nanosleep(&nap, NULL);
    kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFSIGNALED(status));
    wait_for_others();
    int64_t version = version_now();
    assert_true(version == 1 || version == newest);
    bool is_old = version == 1;
    assert_true(table_there("audit") == !is_old);
    found_old += is_old;
    gm_session *a = case_store();
    contents(a, &after);
    assert_string_equal(before.data, after.data);
    case_close(a);
    gm_text_free(&after);
  }
  printf("%d kills: %d left the old store, %d the new one\n", KILLS, found_old, KILLS - found_old);
  gm_text_free(&before);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(migrate__keeps_everything), cmocka_unit_test(migrate__refuses_newer),
      cmocka_unit_test(migrate__is_all_or_nothing), cmocka_unit_test(migrate__may_be_killed)};
  return case_main("migrate", tests);
}
