/* store_case.h - stores of a test's own, with a master key of the test: first each case of a suite
 * on SQLite, then each on PostgreSQL (case_main). */
#ifndef GEMEL_TESTS_STORE_CASE_H
#define GEMEL_TESTS_STORE_CASE_H
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/store.h"
#include "store/db.h"
#include "support/postgres.h"
#include <ftw.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static gm_ctx *ctx;
static char case_folder[300], case_file[340]; /* of the store on SQLite */
static char case_url[500];                    /* of the store, on either */
static bool case_pg;                          /* it is on PostgreSQL */

static inline void case_must(gm_status s, const char *what)
{
  if (s) fail_msg("%s: %s: %s", what, gm_status_name(s), gm_message(ctx));
}

/* Statements at the store itself, behind Gemel's back. zeroblob(N) is known to both. */
static inline void case_sql(const char *text)
{
  gm__db *d = NULL;
  sqlite3 *f = NULL;
  if (case_pg) { /* without a path to look at, so that it does not matter whose tables are there */
    char url[600];
    snprintf(url, sizeof url, "%s&options=-csearch_path%%3D", case_url);
    case_must(gm__db_open(ctx, url, true, &d), "sql");
    case_must(gm__db_exec(d, ctx, "SET search_path = public"), "sql");
    case_must(gm__db_exec(d, ctx, text), text);
    gm__db_close(d);
    return;
  }
  assert_int_equal(SQLITE_OK, sqlite3_open(case_file, &f));
  sqlite3_busy_timeout(f, 30000);
  char *why = NULL;
  if (sqlite3_exec(f, text, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s: %s", text, why);
  sqlite3_close(f);
}

/* A first number out of the store, behind Gemel's back. */
static inline int64_t case_number(const char *sql)
{
  gm__db *d = NULL;
  gm__stmt *q = NULL;
  bool row = false;
  case_must(gm__db_open(ctx, case_url, false, &d), "sql");
  case_must(gm__db_prepare(d, ctx, sql, &q), sql);
  case_must(gm__db_step(q, ctx, &row), sql);
  assert_true(row);
  int64_t v = gm__db_int(q, 0);
  gm__db_close(d);
  return v;
}

static inline bool case_file_holds(const char *path, const void *data, size_t bytes)
{
  static char part[(1 << 20) + 4096];
  size_t kept = 0, got;
  bool found = false;
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  while (!found && (got = fread(part + kept, 1, 1 << 20, f)) > 0) {
    found = memmem(part, kept + got, data, bytes) != NULL;
    size_t all = kept + got;
    kept = all < bytes - 1 ? all : bytes - 1; /* it may lie across two parts */
    memmove(part, part + all - kept, kept);
  }
  fclose(f);
  return found;
}

/* What is searched for in a server's folder: nftw takes no argument of ours. */
static const void *case_sought;
static size_t case_sought_bytes;
static inline int case_look(const char *path, const struct stat *info, int kind, struct FTW *at)
{
  (void)info, (void)at;
  return kind == FTW_F && case_file_holds(path, case_sought, case_sought_bytes);
}

/* Is this (at most 4,096 bytes) in any file of the store: on PostgreSQL, in any of the server's,
 * its logs and what it deleted but has not written over among them? */
static inline bool case_bytes_hold(const void *data, size_t bytes)
{
  static const char *const end[] = {"", "-wal", "-shm"};
  char path[360];
  bool found = false;
  if (case_pg) {
    case_sql("CHECKPOINT");
    case_sought = data;
    case_sought_bytes = bytes;
    return nftw(postgres_folder(), case_look, 16, FTW_PHYS) == 1;
  }
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s%s", case_file, end[i]);
    found = found || case_file_holds(path, data, bytes);
  }
  return found;
}

/* There is no store (any more). */
static inline void case_unlink(void)
{
  static const char *const end[] = {"", "-wal", "-shm"};
  char path[360];
  if (case_pg)
    case_sql("DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;"
             "CREATE FUNCTION zeroblob(n INTEGER) RETURNS BYTEA LANGUAGE SQL IMMUTABLE"
             " RETURN decode(repeat('00', n), 'hex')");
  for (int i = 0; i < 3; i++) {
    snprintf(path, sizeof path, "%s%s", case_file, end[i]);
    unlink(path);
  }
}

static int case_begin(void **state)
{
  (void)state;
  const char *where = getenv("TMPDIR");
  snprintf(case_folder, sizeof case_folder, "%s/gemel-store-XXXXXX",
           where && where[0] ? where : "/tmp");
  if (!mkdtemp(case_folder)) return -1;
  snprintf(case_file, sizeof case_file, "%s/store.db", case_folder);
  setenv("GEMEL_TEST_KEY", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  snprintf(case_url, sizeof case_url, "%s", case_pg ? postgres_url() : case_file);
  if (gm_ctx_new(NULL, &ctx)) return -1;
  case_unlink();
  return 0;
}

static int case_end(void **state)
{
  (void)state;
  case_unlink();
  rmdir(case_folder);
  gm_ctx_free(ctx);
  return 0;
}

/* Somebody else at the same store; closed by gm_session_close. */
static inline gm_session *case_session(gm_session *a, gm_access_role role, gm_use use)
{
  gm_session *other = NULL;
  gm_access_who who = {.role = role, .use = use, .actor = "Somebody"};
  case_must(gm_session_open(gm_session_store(a), ctx, &who, &other), "session");
  return other;
}

/* An operator erases the subject, at its request. */
static inline void case_erase(gm_session *a, int64_t subject)
{
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  case_must(gm_store_erase(by, ctx, subject), "erase");
  gm_session_close(by);
}

/* A clinician at the store, who treats. */
static inline gm_session *case_store(void)
{
  gm_store *s = NULL;
  gm_session *a = NULL;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY", .create = true};
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  case_must(gm_store_open(ctx, &o, &s), "open");
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

static inline void case_close(gm_session *a)
{
  gm_store *s = gm_session_store(a);
  gm_session_close(a);
  gm_store_close(s);
}

/* Everything is permitted: the first record of its thread says so. */
static inline int64_t case_twin(gm_session *a, const char *subject, const char *twin)
{
  int64_t who = 0, id = 0;
  gm_consent_rule all = {.permit = true, .actor = ""};
  case_must(gm_store_subject(a, ctx, subject, true, &who), "subject");
  gm_status there = gm_store_twin(a, ctx, who, twin, false, &id);
  if (!there) return id;
  case_must(gm_store_twin(a, ctx, who, twin, true, &id), "twin");
  case_must(gm_store_consent(a, ctx, id, "all", &all), "consent");
  return id;
}

/* An observation of glucose; its body is the text. */
static inline gm_entry case_entry(double t, const char *id, const char *version, const char *text)
{
  return (gm_entry){.kind = GM_RECORD_OBSERVATION,
                    .series = "glucose",
                    .t_true_s = t,
                    .source = "sensor",
                    .id = id,
                    .version = version,
                    .body = text,
                    .bytes = strlen(text)};
}

/* Runs the suite on SQLite, then on PostgreSQL where there is one; for main to return. */
static inline int case_run(const char *name, const struct CMUnitTest *tests, size_t count,
                           CMFixtureFunction begin, CMFixtureFunction end)
{
  char second[80];
  case_pg = false;
  int failed = _cmocka_run_group_tests(name, tests, count, begin, end);
  if (!postgres_url()) {
    fprintf(stderr, "skipped: %zu cases of %s on PostgreSQL\n", count, name);
    return failed;
  }
  case_pg = true;
  snprintf(second, sizeof second, "%s on PostgreSQL", name);
  return failed + _cmocka_run_group_tests(second, tests, count, begin, end);
}
#define case_main(name, tests) case_main_with(name, tests, case_begin, case_end)
#define case_main_with(name, tests, begin, end)                                                    \
  case_run(name, tests, sizeof(tests) / sizeof((tests)[0]), begin, end)
#endif
