/* Backup while the store is in use, restoring on either database, and that an erasure reaches into
 * backups.
 * label: quick */
#include "store/store_case.h"
#include "store/backup_internal.h"
#include "support/fault.h"
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

enum { WRITERS = 4 };
static char copy_path[360], keys_path[370], list_path[370], two_path[360];
static char two_pg[600]; /* a second store in the server's database */

static const gm_access_who keeper = {
    .role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "Keeper"};

static void remove_all(const char *path)
{
  static const char *const end[] = {"", "-wal", "-shm", "-journal"};
  char name[400];
  for (int i = 0; i < 4; i++) {
    snprintf(name, sizeof name, "%s%s", path, end[i]);
    unlink(name);
  }
}

static int backup_begin(void **state)
{
  bool memory = !getenv("GEMEL_TEST_DISK") && access("/dev/shm", W_OK) == 0;
  if (memory) setenv("TMPDIR", "/dev/shm", 1); /* hundreds of files, each synced */
  int code = case_begin(state);
  snprintf(copy_path, sizeof copy_path, "%s/copy", case_folder);
  snprintf(keys_path, sizeof keys_path, "%s/copy.keys", case_folder);
  snprintf(list_path, sizeof list_path, "%s/tombstones", case_folder);
  snprintf(two_path, sizeof two_path, "%s/two.db", case_folder);
  if (postgres_url())
    snprintf(two_pg, sizeof two_pg, "%s&options=-csearch_path%%3Dtwo", postgres_url());
  return code;
}

/* Nothing of a case before is there. */
static void clean(void)
{
  remove_all(copy_path);
  remove_all(two_path);
  unlink(keys_path);
  unlink(list_path);
  case_unlink();
  if (!two_pg[0]) return;
  gm__db *d = NULL;
  char url[600];
  snprintf(url, sizeof url, "%s&options=-csearch_path%%3D", postgres_url());
  case_must(gm__db_open(ctx, url, true, &d), "server");
  case_must(gm__db_exec(d, ctx, "DROP SCHEMA IF EXISTS two CASCADE; CREATE SCHEMA two"), "schema");
  gm__db_close(d);
}

static int backup_end(void **state)
{
  clean();
  return case_end(state);
}

static gm_status make(gm_session *a)
{
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  gm_status st = gm_store_backup(by, ctx, copy_path, NULL);
  gm_session_close(by);
  return st;
}

static gm_status restored(const char *url, const char *tombstones, gm_restore_report *r)
{
  gm_restore_options o = {.path = copy_path,
                          .tombstones = tombstones,
                          .to = {.url = url, .master = "env:GEMEL_TEST_KEY", .create = true}};
  return gm_store_restore(ctx, &o, &keeper, r);
}

/* The places to restore to: a file, and a server when there is one. */
static const char *target(int i) { return i == 0 ? two_path : i == 1 && two_pg[0] ? two_pg : NULL; }

static gm_session *opened(const char *url)
{
  gm_store *s = NULL;
  gm_session *a = NULL;
  gm_store_options o = {.url = url, .master = "env:GEMEL_TEST_KEY"};
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  case_must(gm_store_open(ctx, &o, &s), "open");
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

typedef struct {
  gm_text all;
  int32_t count, next[WRITERS];
  bool gap;
} heard;

/* Everything a record says, in one line. */
static gm_status listen(void *user, const gm_record_found *r)
{
  heard *h = user;
  int writer = 0, n = 0;
  h->count++;
  if (h->all.ctx)
    gm_text_addf(&h->all, "%lld %lld %d %.17g %s %s %s %s %d %s %lld %.*s\n", (long long)r->seq,
                 (long long)r->t_learned, (int)r->kind, r->t_true_s, r->series, r->source, r->id,
                 r->version, (int)r->data_class, r->licence, (long long)r->session, (int)r->bytes,
                 (const char *)r->body);
  if (sscanf(r->id, "w%d-%d", &writer, &n) != 2) return GM_OK; /* lint: allow sscanf, own text */
  if (n != h->next[writer]++) h->gap = true;
  return GM_OK;
}

static void add(gm_session *a, int64_t twin, double t, const char *id, const char *version,
                const char *text)
{
  gm_entry e = case_entry(t, id, version, text);
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
}

static void fill(gm_session *a)
{
  int64_t one = case_twin(a, "patient-one", "twin-one"),
          two = case_twin(a, "patient-two", "twin-2");
  for (int i = 0; i < 30; i++) {
    char id[20];
    snprintf(id, sizeof id, "id-%d", i);
    add(a, one, i, id, "1", "VALUE-OF-ONE");
    add(a, two, 0.1 - 0.3 * i, id, "1", i % 2 ? "" : "VALUE-OF-TWO");
    if (i % 5 == 0) add(a, two, i, id, "2", "CORRECTED");
  }
  char name[GM_DOCUMENT_NAME_BYTES];
  case_must(gm_store_document_put(a, ctx, "definition", 10, name), "document");
}

static void read_all(gm_session *a, const char *subject, const char *twin, heard *h)
{
  int64_t who = 0, id = 0;
  *h = (heard){0};
  gm_text_init(&h->all, ctx);
  case_must(gm_store_subject(a, ctx, subject, false, &who), "subject");
  case_must(gm_store_twin(a, ctx, who, twin, false, &id), "twin");
  gm_record_query q = {.twin = id, .all_versions = true};
  case_must(gm_store_read(a, ctx, &q, listen, h), "read");
}

static gm_status count_table(void *user, const char *table, const gm__column *column, int32_t count)
{
  gm__db **d = user;
  int64_t n[2] = {0};
  (void)column, (void)count;
  if (!strcmp(table, "page") || !strcmp(table, "audit") || !strcmp(table, "audit_node"))
    return GM_OK; /* made again; goes on with the restoring */
  for (int i = 0; i < 2; i++) {
    static char sql[64][80];
    static int used;
    gm__stmt *q = NULL;
    bool row = false;
    char *text = sql[used++ % 64]; /* a text of its own: its address is the statement's name */
    snprintf(text, sizeof sql[0], "SELECT COUNT(*) FROM %s", table);
    case_must(gm__db_prepare(d[i], ctx, text, &q), table);
    case_must(gm__db_step(q, ctx, &row), table);
    n[i] = gm__db_int(q, 0);
    gm__db_reset(q);
  }
  if (n[0] != n[1]) fail_msg("table %s: %d rows of %d", table, (int)n[1], (int)n[0]);
  return GM_OK;
}

/* What is read from a restored store is to the byte what is read from the first, on whichever
 * database either is; every table has as many rows; the chains fit; and it goes on living. */
static void restore__gives_the_same(void **state)
{
  (void)state;
  clean();
  gm_session *a = case_store(), *b;
  heard h[2];
  gm_restore_report r;
  fill(a);
  case_must(make(a), "backup");
  for (int i = 0; target(i); i++) {
    case_must(restored(target(i), NULL, &r), "restore");
    assert_int_equal(2, r.subjects);
    assert_int_equal(2, r.twins);
    assert_int_equal(30 + 36 + 2, r.records);
    assert_int_equal(0, r.erased);
    assert_int_equal(0, r.bad_seq);
    gm__db *d[2];
    case_must(gm__db_open(ctx, case_url, false, &d[0]), "first");
    case_must(gm__db_open(ctx, target(i), false, &d[1]), "second");
    case_must(gm__schema_tables(ctx, count_table, d), "tables");
    gm__db_close(d[0]);
    gm__db_close(d[1]);
    b = opened(target(i));
    for (int k = 0; k < 2; k++) {
      read_all(a, k ? "patient-two" : "patient-one", k ? "twin-2" : "twin-one", &h[0]);
      read_all(b, k ? "patient-two" : "patient-one", k ? "twin-2" : "twin-one", &h[1]);
      assert_int_equal(k ? 37 : 31, h[0].count);
      assert_string_equal(h[0].all.data, h[1].all.data);
      gm_text_free(&h[0].all);
      gm_text_free(&h[1].all);
    }
    gm_audit_finding f;
    case_must(gm_audit_verify(gm_session_store(b), ctx, NULL, &f), "verify");
    if (f.audit_seq || f.twin_seq) fail_msg("after restoring: %s", f.what);
    add(b, case_twin(b, "patient-two", "twin-2"), 99, "later", "1", "LATER");
    case_twin(b, "patient-three", "twin-three");
    case_close(b);
  }
  case_close(a);
  clean();
}

typedef struct {
  gm_session *a;
  int64_t twin;
  int number;
  _Atomic bool *stop;
  _Atomic int32_t *done;
} writer;

static void *write_on(void *user)
{
  writer *w = user;
  gm_ctx *own = NULL;
  if (gm_ctx_child(ctx, &own)) return NULL;
  gm_status st = GM_OK;
  for (int n = 0; !st && !atomic_load(w->stop); n++) {
    char id[40];
    snprintf(id, sizeof id, "w%d-%d", w->number, n);
    gm_entry e = case_entry(n, id, "1", "5.5");
    st = gm_store_append(w->a, own, w->twin, &e, 1, NULL);
    if (!st) atomic_fetch_add(&w->done[w->number], 1);
  }
  gm_ctx_free(own);
  return st ? NULL : w;
}

/* Four writers never stop: of each the backup holds the first n records without a gap, at least
 * those acknowledged before it began and at most those after it ended. */
static void backup__holds_one_moment(void **state)
{
  (void)state;
  clean();
  gm_session *a = case_store(), *b;
  _Atomic bool stop = false;
  _Atomic int32_t done[WRITERS] = {0};
  int32_t before[WRITERS], after[WRITERS];
  pthread_t thread[WRITERS];
  writer w[WRITERS];
  gm_restore_report r;
  for (int i = 0; i < WRITERS; i++) {
    char name[20];
    snprintf(name, sizeof name, "t%d", i % 2); /* two writers share a twin */
    w[i] = (writer){a, case_twin(a, name, name), i, &stop, done};
    assert_int_equal(0, pthread_create(&thread[i], NULL, write_on, &w[i]));
  }
  struct timespec nap = {0, 300000000};
  nanosleep(&nap, NULL);
  for (int i = 0; i < WRITERS; i++) before[i] = atomic_load(&done[i]);
  case_must(make(a), "backup");
  for (int i = 0; i < WRITERS; i++) after[i] = atomic_load(&done[i]) + 1;
  nanosleep(&nap, NULL);
  atomic_store(&stop, true);
  for (int i = 0; i < WRITERS; i++) {
    void *well = NULL;
    pthread_join(thread[i], &well);
    assert_non_null(well);
  }
  case_close(a);
  case_must(restored(two_path, NULL, &r), "restore");
  assert_int_equal(0, r.bad_seq);
  b = opened(two_path);
  heard h = {0};
  for (int i = 0; i < 2; i++) {
    char name[20];
    snprintf(name, sizeof name, "t%d", i);
    gm_record_query q = {.twin = case_twin(b, name, name)};
    case_must(gm_store_read(b, ctx, &q, listen, &h), "read");
  }
  assert_false(h.gap);
  for (int i = 0; i < WRITERS; i++)
    if (h.next[i] < before[i] || h.next[i] > after[i])
      fail_msg("writer %d: %d records, %d before, %d after", i, (int)h.next[i], (int)before[i],
               (int)after[i]);
  printf("%d records in a backup while four wrote\n", (int)h.count);
  case_close(b);
  clean();
}

static void wrapped_of(gm_session *a, const char *subject, unsigned char out[GM__WRAP_BYTES])
{
  gm__db *d = NULL;
  gm__stmt *q = NULL;
  bool row = false;
  size_t bytes = 0;
  int64_t id = 0;
  case_must(gm_store_subject(a, ctx, subject, false, &id), "subject");
  case_must(gm__db_open(ctx, case_url, false, &d), "look");
  case_must(gm__db_prepare(d, ctx, "SELECT key FROM subject WHERE id = $1", &q), "look");
  gm__db_bind_int(q, 1, id);
  case_must(gm__db_step(q, ctx, &row), "look");
  const void *key = gm__db_bytes(q, 0, &bytes);
  assert_int_equal(GM__WRAP_BYTES, bytes);
  memcpy(out, key, bytes);
  gm__db_close(d);
}

/* The rows' file holds no key, and neither file a word in the clear. An erasure takes the key out
 * of the keys' file; restoring gives the subject back as erased, the other one whole. */
static void erase__reaches_into_backups(void **state)
{
  (void)state;
  static const char *const secret[] = {"VALUE-OF-ONE", "patient-one", "twin-one", "glucose"};
  clean();
  gm_session *a = case_store(), *b;
  unsigned char one[GM__WRAP_BYTES], two[GM__WRAP_BYTES];
  gm_restore_report r;
  heard h;
  int64_t who = 0;
  fill(a);
  wrapped_of(a, "patient-one", one);
  wrapped_of(a, "patient-two", two);
  case_must(make(a), "backup");
  for (int i = 0; i < 4; i++) {
    assert_false(case_file_holds(copy_path, secret[i], strlen(secret[i])));
    assert_false(case_file_holds(keys_path, secret[i], strlen(secret[i])));
  }
  assert_false(case_file_holds(copy_path, one, sizeof one));
  assert_true(case_file_holds(keys_path, one, sizeof one));
  case_must(gm_store_subject(a, ctx, "patient-one", false, &who), "subject");
  case_erase(a, who);
  assert_false(case_file_holds(keys_path, one, sizeof one));
  assert_false(case_file_holds(keys_path, one + 8, 16));
  assert_true(case_file_holds(keys_path, two, sizeof two));
  case_close(a);
  for (int i = 0; target(i); i++) {
    case_must(restored(target(i), NULL, &r), "restore");
    assert_int_equal(1, r.erased);
    assert_int_equal(0, r.bad_seq);
    b = opened(target(i));
    assert_int_equal(GM_ENOTFOUND, gm_store_subject(b, ctx, "patient-one", false, &who));
    read_all(b, "patient-two", "twin-2", &h);
    assert_int_equal(37, h.count);
    gm_text_free(&h.all);
    case_close(b);
  }
  clean();
}

/* Keys that were carried off are told by their place; the list of tombstones keeps the subject out
 * of a store restored from them, and without it the subject would be back. */
static void erase__tells_what_it_could_not_reach(void **state)
{
  (void)state;
  clean();
  gm_session *a = case_store();
  gm_restore_report r;
  char away[400];
  int64_t who = 0;
  fill(a);
  case_must(make(a), "backup");
  snprintf(away, sizeof away, "%s/away", case_folder);
  assert_int_equal(0, rename(keys_path, away));
  case_must(gm_store_subject(a, ctx, "patient-one", false, &who), "subject");
  gm_store *s = gm_session_store(a);
  gm__forgotten f;
  pthread_mutex_lock(&s->writing.lock);
  case_must(gm__db_begin(s->writing.db, ctx), "begin");
  case_must(gm__backup_forget(s, ctx, who, &f), "forget");
  case_must(gm__db_commit(s->writing.db, ctx), "commit");
  pthread_mutex_unlock(&s->writing.lock);
  assert_int_equal(0, f.reached);
  assert_int_equal(1, f.unreached);
  assert_non_null(strstr(f.places.data, "/copy.keys\""));
  gm_text_free(&f.places);
  case_erase(a, who);
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  case_must(gm_store_tombstones(by, ctx, list_path), "list");
  gm_session_close(by);
  case_close(a);
  assert_int_equal(0, rename(away, keys_path));
  case_must(restored(two_path, NULL, &r), "restore");
  assert_int_equal(0, r.erased);
  remove_all(two_path);
  case_must(restored(two_path, list_path, &r), "restore");
  assert_int_equal(1, r.erased);
  a = opened(two_path);
  assert_int_equal(GM_ENOTFOUND, gm_store_subject(a, ctx, "patient-one", false, &who));
  case_close(a);
  clean();
}

/* What does not belong together is refused by name, and leaves nothing behind. */
static void backup__refuses_by_name(void **state)
{
  (void)state;
  clean();
  gm_session *a = case_store();
  gm_restore_report r;
  char other[400];
  fill(a);
  assert_int_equal(GM_EDENIED, gm_store_backup(a, ctx, copy_path, NULL));
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  assert_int_equal(GM_EIO, gm_store_backup(by, ctx, "/nowhere/at/all", NULL));
  snprintf(other, sizeof other, "%s/nowhere/keys", case_folder);
  assert_int_equal(GM_EIO, gm_store_backup(by, ctx, copy_path, other));
  assert_int_not_equal(0, access(copy_path, F_OK));
  assert_int_equal(0, case_number("SELECT COUNT(*) FROM backup"));
  case_must(gm_store_backup(by, ctx, copy_path, NULL), "backup");
  assert_int_equal(GM_EEXIST, gm_store_backup(by, ctx, copy_path, NULL));
  snprintf(other, sizeof other, "%s/other", case_folder);
  case_must(gm_store_backup(by, ctx, other, NULL), "another");
  assert_int_equal(2, case_number("SELECT COUNT(*) FROM backup"));
  gm_session_close(by);
  case_close(a);
  gm_access_who clinician = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  gm_store_options to = {.url = two_path, .master = "env:GEMEL_TEST_KEY", .create = true};
  gm_restore_options o = {.path = copy_path, .to = to};
  assert_int_equal(GM_EDENIED, gm_store_restore(ctx, &o, &clinician, &r));
  char other_keys[420];
  snprintf(other_keys, sizeof other_keys, "%s.keys", other);
  o.keys = other_keys;
  assert_int_equal(GM_EPARSE, gm_store_restore(ctx, &o, &keeper, &r));
  assert_non_null(strstr(gm_message(ctx), "another backup"));
  o.keys = copy_path;
  assert_int_equal(GM_EPARSE, gm_store_restore(ctx, &o, &keeper, &r));
  unlink(other_keys);
  o.keys = other_keys;
  assert_int_equal(GM_EIO, gm_store_restore(ctx, &o, &keeper, &r));
  o.keys = NULL;
  setenv("GEMEL_TEST_OTHER", "ff0102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f", 1);
  o.to.master = "env:GEMEL_TEST_OTHER";
  assert_int_equal(GM_EPARSE, gm_store_restore(ctx, &o, &keeper, &r));
  o.to.master = to.master;
  if (!case_pg) {
    o.path = case_file; /* a store, no backup */
    assert_int_equal(GM_EPARSE, gm_store_restore(ctx, &o, &keeper, &r));
    o.path = copy_path;
  }
  case_must(gm_store_restore(ctx, &o, &keeper, &r), "restore");
  assert_int_equal(GM_EEXIST, gm_store_restore(ctx, &o, &keeper, &r));
  remove_all(other);
  clean();
}

/* How many tables lie at a place on a server. */
static int64_t tables_at(const char *url)
{
  gm__db *d = NULL;
  gm__stmt *q;
  bool row = false;
  case_must(gm__db_open(ctx, url, true, &d), "server");
  case_must(gm__db_prepare(d, ctx,
                           "SELECT COUNT(*) FROM pg_class WHERE relkind IN ('r', 'p') AND"
                           " relnamespace = (SELECT oid FROM pg_namespace WHERE nspname ="
                           " current_schema())",
                           &q),
            "tables");
  case_must(gm__db_step(q, ctx, &row), "tables");
  int64_t count = gm__db_int(q, 0);
  gm__db_close(d);
  return count;
}

static void copy_sql(const char *text)
{
  sqlite3 *f = NULL;
  assert_int_equal(SQLITE_OK, sqlite3_open(copy_path, &f));
  assert_int_equal(SQLITE_OK, sqlite3_exec(f, text, NULL, NULL, NULL));
  sqlite3_close(f);
}

/* A restoring that fails on its way leaves its place as it was, a file's or a server's; where there
 * was a store before, that stays. */
static void restore__that_fails_leaves_nothing(void **state)
{
  (void)state;
  for (int i = 0; target(i); i++) {
    clean();
    gm_session *a = case_store();
    gm_restore_report r;
    fill(a);
    case_must(make(a), "backup");
    case_close(a);
    copy_sql("ALTER TABLE page RENAME TO elsewhere");
    assert_int_not_equal(GM_OK, restored(target(i), NULL, &r));
    assert_non_null(strstr(gm_message(ctx), "page")); /* of the failure, not of the clearing */
    if (i == 0) assert_int_not_equal(0, access(two_path, F_OK));
    if (i == 1) assert_int_equal(0, tables_at(two_pg));
    copy_sql("ALTER TABLE elsewhere RENAME TO page");
    case_must(restored(target(i), NULL, &r), "restore");
    assert_int_equal(GM_EEXIST, restored(target(i), NULL, &r));
    gm_session *b = opened(target(i));
    case_close(b);
  }
  clean();
}

static gm_status trial(gm_ctx *own, void *user)
{
  gm_restore_options o = {.path = copy_path,
                          .to = {.url = two_path, .master = "env:GEMEL_TEST_KEY", .create = true}};
  gm_restore_report r;
  gm_status st = gm_store_backup(user, own, copy_path, NULL);
  if (!st) st = gm_store_restore(own, &o, &keeper, &r);
  remove_all(copy_path);
  remove_all(two_path);
  unlink(keys_path);
  return st;
}

/* Whichever allocation fails, no block stays, and the backup works the next time. (On SQLite alone:
 * connections to a server are tried so in test_backend.) */
static void faults__leave_nothing(void **state)
{
  (void)state;
  if (case_pg) return;
  clean();
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  add(a, twin, 1, "a", "1", "x");
  gm_session *by = case_session(a, GM_AS_OPERATOR, GM_USE_OPERATION);
  case_must(trial(ctx, by), "without faults"); /* what the store keeps from then on is there */
  assert_true(fault_sweep_tolerant("backup and restoring", trial, by) > 20);
  gm_session_close(by);
  case_close(a);
  clean();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(restore__gives_the_same),
                                     cmocka_unit_test(backup__holds_one_moment),
                                     cmocka_unit_test(erase__reaches_into_backups),
                                     cmocka_unit_test(erase__tells_what_it_could_not_reach),
                                     cmocka_unit_test(backup__refuses_by_name),
                                     cmocka_unit_test(restore__that_fails_leaves_nothing),
                                     cmocka_unit_test(faults__leave_nothing)};
  return case_main_with("backup", tests, backup_begin, backup_end);
}
