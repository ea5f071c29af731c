/* A damaged file: every page of a store is spoilt in turn, in several ways. Whatever is asked then
 * gives the right answer or an error of its type: never another body, never a crash; and what is
 * missing or changed is found by verify. GEMEL_DISK=1 (make torture): more places of each page.
 * label: full */
#include "store/disk_case.h"
#include "gemel/rand.h"
#include <sqlite3.h>

enum { PAGE = 4096 };

typedef enum { BYTE, BYTES, ZERO, NOISE, OTHER_PAGE, CUT_OFF, DAMAGES } damage;
static const char *const damage_name[DAMAGES] = {"a byte", "16 bytes",      "zeros",
                                                 "noise",  "its neighbour", "the end missing"};

static char where[120];
static int64_t spoilt, noticed, harmless, by_file;

/* Spoils page `page` (from 0 on) of the file as it lies on the disk. */
static void spoil(damage how, size_t page, uint64_t seed)
{
  size_t bytes = 0, at = page * PAGE;
  unsigned char *all = power_file(disk_file, &bytes), *p = all + at;
  size_t pages = bytes / PAGE, place = gm_hash64(seed, page) % PAGE;
  switch (how) {
  case BYTE: p[place] ^= (unsigned char)(1U << (gm_hash64(seed, 3) & 7)); break;
  case BYTES:
    for (size_t i = place; i < place + 16 && i < PAGE; i++)
      p[i] = (unsigned char)gm_hash64(seed, i);
    break;
  case ZERO: memset(p, 0, PAGE); break;
  case NOISE:
    for (size_t i = 0; i < PAGE; i++) p[i] = (unsigned char)gm_hash64(seed, i);
    break;
  case OTHER_PAGE: memcpy(p, all + (page + 1) % pages * PAGE, PAGE); break;
  default: memset(p, 0, bytes - at); break; /* as a file system that lost the end of a file */
  }
}

/* Errors that damage may be told by: damaged, not there (a name that is not found any more), or, of
 * what a session may do, denied, since a consent is gone. */
static bool typed(gm_status st, const char *what)
{
  if (st && st != GM_EPARSE && st != GM_ENOTFOUND && st != GM_EDENIED && st != GM_EEXIST &&
      st != GM_EIO && st != GM_EUNSUPPORTED && st != GM_EFULL)
    fail_msg("%s: %s: %s: %s", where, what, gm_status_name(st), gm_message(ctx));
  return st == GM_OK;
}

/* SQLite's own look at the file: pages, order, and indexes against tables. */
static bool file_whole(void)
{
  sqlite3 *f = NULL;
  sqlite3_stmt *s = NULL;
  bool whole = sqlite3_open(disk_file, &f) == SQLITE_OK &&
               sqlite3_prepare_v2(f, "PRAGMA integrity_check(1)", -1, &s, NULL) == SQLITE_OK &&
               sqlite3_step(s) == SQLITE_ROW &&
               !strcmp((const char *)sqlite3_column_text(s, 0), "ok");
  sqlite3_finalize(s);
  sqlite3_close(f);
  return whole;
}

typedef struct {
  bool failed;   /* some call said so */
  bool lacking;  /* a record is not told though no call said so */
  bool verified; /* verify found nothing */
} outcome;

static void ask(gm_session *s, outcome *o)
{
  int64_t twin = 0, bad_twin = 0, bad = 0, two = 0;
  disk_found f = {.wrong = 0};
  gm_audit_finding a = {.what = ""};
  gm_store *store = gm_session_store(s);
  bool all = typed(gm_store_subject(s, ctx, "two", false, &two), "subject");
  all &= typed(gm_store_twin(s, ctx, 0, "t1", false, &twin), "twin");
  if (twin) all &= typed(disk_read(s, ctx, twin, &f), "read");
  if (f.wrong) fail_msg("%s: %d records are not as they were written", where, f.wrong);
  for (int n = 0; n < 5; n++) o->lacking |= all && f.part[n] != DISK_PARTS;
  bool checked = typed(gm_store_verify(store, ctx, 0, &bad_twin, &bad), "verify");
  checked &= typed(gm_audit_verify(store, ctx, NULL, &a), "audit");
  o->verified = checked && !bad && !a.audit_seq && !a.twin;
  o->failed |= !all || !o->verified;
  if (twin) o->failed |= !typed(disk_append(s, ctx, twin, 30), "append");
}

static void erase(gm_session *s, outcome *o)
{
  gm_access_who who = {.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "keeper"};
  gm_session *keeper = NULL;
  int64_t two = 0;
  if (!typed(gm_session_open(gm_session_store(s), ctx, &who, &keeper), "operator")) return;
  bool all = typed(gm_store_subject(keeper, ctx, "two", false, &two), "subject") &&
             typed(gm_store_erase(keeper, ctx, two), "erase");
  o->failed |= !all;
  gm_session_close(keeper);
}

static void trial(damage how, size_t page, uint64_t seed)
{
  gm_session *s = NULL;
  outcome o = {.verified = false};
  snprintf(where, sizeof where, "page %zu, %s, seed %llu", page + 1, damage_name[how],
           (unsigned long long)seed);
  power_back();
  spoil(how, page, seed);
  bool whole = file_whole();
  o.failed = !typed(disk_open(ctx, false, &s), "open");
  if (s) {
    ask(s, &o);
    erase(s, &o);
    disk_close(s);
  }
  spoilt++;
  noticed += o.failed || o.lacking;
  harmless += !o.failed && !o.lacking;
  by_file += o.lacking && o.verified && !whole;
  if (o.lacking && o.verified && whole)
    fail_msg("%s: a record is missing and nothing notices", where);
}

static void damage__is_noticed(void **state)
{
  (void)state;
  size_t bytes = 0;
  uint64_t places = getenv("GEMEL_DISK") ? 200 : 6;
  power_mount();
  disk_base();
  power_file(disk_file, &bytes);
  assert_int_equal(0, bytes % PAGE);
  for (size_t page = 0; page < bytes / PAGE; page++)
    for (int how = 0; how < DAMAGES; how++)
      for (uint64_t seed = 0; seed < (how <= BYTES ? places : 1); seed++)
        trial((damage)how, page, gm_hash64(seed, (uint64_t)how));
  power_unmount();
  printf("%zu pages, %lld damages: %lld noticed by a call, %lld without effect; "
         "%lld by the file's own check alone; no wrong body\n",
         bytes / PAGE, (long long)spoilt, (long long)noticed, (long long)harmless,
         (long long)by_file);
  assert_true(noticed > spoilt / 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(damage__is_noticed)};
  return cmocka_run_group_tests_name("damage", tests, case_begin, case_end);
}
