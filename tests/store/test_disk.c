/* A disk that is full, cannot be written, or fails at any call, and memory that ends at any
 * allocation: the error has its type, nothing acknowledged is lost, the store can be used again as
 * soon as the cause is gone, and nothing is leaked. GEMEL_DISK=1 (make torture): every call and
 * every allocation, else a part of them. label: full */
#include "store/disk_case.h"
#include "support/fault.h"
#include <sqlite3.h>
#include <stdatomic.h>

/* ---- SQLite's memory ------------------------------------------------------------------------- */
static sqlite3_mem_methods plain;
static _Atomic int64_t asked, fail_at, refused_count;
static _Atomic bool fail_after;

static bool memory_ends(void)
{
  int64_t call = atomic_fetch_add(&asked, 1) + 1, at = fail_at;
  bool hit = at && (call == at || (call > at && fail_after));
  if (hit) atomic_fetch_add(&refused_count, 1);
  return hit;
}

static void *get(int bytes) { return memory_ends() ? NULL : plain.xMalloc(bytes); }
static void *regrow(void *p, int bytes) { return memory_ends() ? NULL : plain.xRealloc(p, bytes); }

static void memory_arm(int64_t at, bool after)
{
  asked = refused_count = 0;
  fail_after = after;
  fail_at = at;
}

static void memory_mount(void)
{
  sqlite3_mem_methods own;
  assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_GETMALLOC, &plain));
  own = plain;
  own.xMalloc = get;
  own.xRealloc = regrow;
  assert_int_equal(SQLITE_OK, sqlite3_config(SQLITE_CONFIG_MALLOC, &own));
}

/* ---- a day of the store ---------------------------------------------------------------------- */
static const char *trial_name;
static gm_status may_be; /* what a call may fail with */
static bool any_failed;

static bool good(gm_ctx *own, gm_status st, const char *what)
{
  any_failed |= st != GM_OK;
  if (st && st != may_be)
    fail_msg("%s: %s: %s (%s), %s expected", trial_name, what, gm_status_name(st), gm_message(own),
             gm_status_name(may_be));
  if (st && !gm_message(own)[0]) fail_msg("%s: %s: no message", trial_name, what);
  return st == GM_OK;
}

static void erase_two(gm_ctx *own, gm_store *s)
{
  gm_access_who who = {.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "keeper"};
  gm_session *keeper = NULL;
  int64_t two = 0;
  gm_status st = gm_session_open(s, own, &who, &keeper);
  if (!good(own, st, "operator's session")) return;
  if (good(own, gm_store_subject(keeper, own, "two", false, &two), "subject")) {
    erase_begun = true;
    st = gm_store_erase(keeper, own, two);
    erase_told = good(own, st, "erase");
  }
  gm_session_close(keeper);
}

/* Everything that is done with a store, each call failing or not. */
static gm_session *day(gm_ctx *own)
{
  char name[GM_DOCUMENT_NAME_BYTES], text[5000];
  gm_session *s = NULL;
  int64_t twin = 0, bad_twin, bad;
  disk_found f;
  memset(text, 'x', sizeof text);
  if (!good(own, disk_open(own, false, &s), "open")) return NULL;
  if (!good(own, gm_store_twin(s, own, 0, "t1", false, &twin), "twin")) return s;
  for (int n = 10; n < 14; n++) good(own, disk_append(s, own, twin, n), "append");
  good(own, gm_store_document_put(s, own, text, sizeof text, name), "document");
  if (good(own, disk_read(s, own, twin, &f), "read")) disk_must_hold(&f, trial_name);
  gm_consent_rule rule = {.permit = true, .actor = "role:device"};
  good(own, gm_store_consent(s, own, twin, "more", &rule), "consent");
  erase_two(own, gm_session_store(s));
  good(own, gm_store_verify(gm_session_store(s), own, 0, &bad_twin, &bad), "verify");
  good(own, disk_append(s, own, twin, 14), "append");
  return s;
}

/* The cause is gone: the same store can be used on. */
static void use_on(gm_ctx *own, gm_session *s)
{
  int64_t twin = 0;
  disk_found f;
  may_be = GM_OK;
  if (!s) return;
  good(own, gm_store_twin(s, own, 0, "t1", false, &twin), "twin, later");
  good(own, disk_append(s, own, twin, 20), "append, later");
  good(own, disk_read(s, own, twin, &f), "read, later");
  disk_must_hold(&f, trial_name);
}

static void look_again(void)
{
  gm_session *s = NULL;
  int64_t twin = 0, bad_twin = 0, bad = 0, two = 0;
  disk_found f;
  gm_audit_finding a = {.what = ""};
  good(ctx, disk_open(ctx, false, &s), "open again");
  good(ctx, gm_store_twin(s, ctx, 0, "t1", false, &twin), "twin again");
  good(ctx, disk_read(s, ctx, twin, &f), "read again");
  disk_must_hold(&f, trial_name);
  good(ctx, gm_store_verify(gm_session_store(s), ctx, 0, &bad_twin, &bad), "verify again");
  good(ctx, gm_audit_verify(gm_session_store(s), ctx, NULL, &a), "audit again");
  if (bad || a.audit_seq || a.twin)
    fail_msg("%s: record %lld, row %lld: %s", trial_name, (long long)bad, (long long)a.audit_seq,
             a.what);
  gm_status st = gm_store_subject(s, ctx, "two", false, &two);
  if ((erase_told && st != GM_ENOTFOUND) || (!erase_begun && st))
    fail_msg("%s: the other subject: %s", trial_name, gm_status_name(st));
  disk_close(s);
}

static void trial_begin(const char *name, gm_status expected)
{
  trial_name = name;
  may_be = expected;
  any_failed = false;
  disk_forget();
  for (int n = 0; n < 5; n++) disk_begun[n] = disk_told[n] = true; /* of subject one */
  power_fault(0, 0, false);
  power_quota(-1);
  power_back();
}

static void trial_end(gm_session *s)
{
  use_on(ctx, s);
  disk_close(s);
  look_again();
}

static bool all_of_them(void) { return getenv("GEMEL_DISK") != NULL; }

/* ---- cases ----------------------------------------------------------------------------------- */
/* For every number of bytes left, from none to enough, in steps smaller than a page. */
static void full__is_told_and_loses_nothing(void **state)
{
  (void)state;
  char name[60];
  int trials = 0, failed = 0, ended = 0;
  disk_base();
  int64_t used = power_used(), step = all_of_them() ? 256 : 2048;
  for (int64_t more = 0; ended < 3; more += step) {
    snprintf(name, sizeof name, "%lld bytes left", (long long)more);
    trial_begin(name, GM_EFULL);
    power_quota(used + more);
    gm_session *s = day(ctx);
    failed += any_failed;
    ended += !any_failed;
    power_quota(-1);
    trial_end(s);
    trials++;
  }
  printf("full disk: %d trials, %d met the end of it\n", trials, failed);
  assert_true(failed > 10);
}

/* Making a store on a disk without room leaves something that the next try makes whole. */
static void full__while_making_can_be_tried_again(void **state)
{
  (void)state;
  char name[60];
  int trials = 0, failed = 0;
  int64_t step = all_of_them() ? 512 : 4096;
  for (int64_t room = 0;; room += step) {
    gm_session *s = NULL;
    snprintf(name, sizeof name, "a disk of %lld bytes", (long long)room);
    power_format();
    trial_name = name;
    may_be = GM_EFULL;
    power_quota(room);
    bool made = good(ctx, disk_open(ctx, true, &s), "making");
    power_quota(-1);
    if (made) disk_close(s);
    may_be = GM_OK;
    good(ctx, disk_open(ctx, true, &s), "making again");
    disk_close(s);
    trials++;
    failed += !made;
    if (made && room > 1 << 20) break;
  }
  printf("making a store: %d sizes of disk, %d too small\n", trials, failed);
  assert_true(failed > 5);
}

typedef struct {
  const char *name;
  uint32_t sorts;
} sort;

/* The n-th call of each sort fails, alone and with all behind it, n = 1, 2, ... */
static void call__that_fails_is_told_and_loses_nothing(void **state)
{
  (void)state;
  static const sort sorts[] = {
      {"open", POWER_OPEN}, {"read", POWER_READ},         {"write", POWER_WRITE},
      {"sync", POWER_SYNC}, {"truncate", POWER_TRUNCATE}, {"delete", POWER_DELETE},
      {"size", POWER_SIZE}, {"lock", POWER_LOCK},         {"shared index", POWER_SHARE}};
  char name[80];
  int64_t trials = 0, failed = 0;
  disk_base();
  for (size_t k = 0; k < sizeof sorts / sizeof sorts[0]; k++)
    for (int after = 0; after < 2; after++) {
      int64_t step = 1;
      for (int64_t n = 1;; n += step) {
        snprintf(name, sizeof name, "%s %lld fails%s", sorts[k].name, (long long)n,
                 after ? ", and all behind it" : "");
        trial_begin(name, GM_EIO);
        power_fault(sorts[k].sorts, n, after);
        gm_session *s = day(ctx);
        int64_t hit = power_failed();
        power_fault(0, 0, false);
        trial_end(s);
        trials++;
        failed += any_failed;
        if (!hit) break;
        step = all_of_them() ? 1 : 1 + n / 12;
      }
    }
  printf("failing calls: %lld trials, %lld of them told\n", (long long)trials, (long long)failed);
  assert_true(failed > trials / 4);
}

/* A disk that cannot be written: refused with its type; what is there stays. */
static void readonly__is_refused(void **state)
{
  (void)state;
  gm_session *s = NULL;
  disk_base();
  trial_begin("read-only", GM_EIO);
  power_readonly(true);
  assert_int_equal(GM_EIO, disk_open(ctx, false, &s));
  assert_null(s);
  power_readonly(false);
  look_again();
}

/* ---- memory ---------------------------------------------------------------------------------- */
/* One trial with memory that ends; the store's context is its own, so that a leak shows. */
static bool memory_trial(const char *what, int64_t n, bool after, bool of_sqlite)
{
  char name[80];
  fault f;
  fault_init(&f);
  gm_ctx *own = fault_ctx(&f);
  snprintf(name, sizeof name, "%s %lld%s", what, (long long)n, after ? " and all behind it" : "");
  trial_begin(name, GM_ENOMEM);
  if (of_sqlite)
    memory_arm(n, after);
  else
    fault_arm(&f, n, after);
  gm_session *s = day(own);
  bool hit = of_sqlite ? refused_count > 0 : f.failed > 0;
  memory_arm(0, false);
  fault_disarm(&f);
  use_on(own, s);
  disk_close(s);
  if (f.live != 1) fail_msg("%s: %lld blocks left", name, (long long)f.live - 1);
  gm_ctx_free(own);
  look_again();
  return hit;
}

static void memory_sweep(const char *what, bool of_sqlite, int64_t part)
{
  int64_t trials = 0;
  disk_base();
  for (int after = 0; after < 2; after++)
    for (int64_t n = 1; memory_trial(what, n, after, of_sqlite); trials++)
      n += all_of_them() ? 1 : 1 + n / part;
  printf("%s: %lld trials\n", what, (long long)trials);
  assert_true(trials > 20);
}

/* The n-th allocation of Gemel fails. */
static void memory__of_gemel_ends(void **state)
{
  (void)state;
  memory_sweep("allocation", false, 30);
}

/* The n-th allocation of SQLite fails. */
static void memory__of_sqlite_ends(void **state)
{
  (void)state;
  memory_sweep("SQLite's allocation", true, 30);
}

static int begin(void **state)
{
  if (case_begin(state)) return -1;
  memory_mount();
  power_mount();
  return 0;
}

static int end(void **state)
{
  power_unmount();
  return case_end(state);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(full__is_told_and_loses_nothing),
                                     cmocka_unit_test(full__while_making_can_be_tried_again),
                                     cmocka_unit_test(call__that_fails_is_told_and_loses_nothing),
                                     cmocka_unit_test(readonly__is_refused),
                                     cmocka_unit_test(memory__of_gemel_ends),
                                     cmocka_unit_test(memory__of_sqlite_ends)};
  return cmocka_run_group_tests_name("disk", tests, begin, end);
}
