/* disk_case.h - a store on the disk in memory (support/power_vfs.h), what was acknowledged of it,
 * and whether that is there. */
#ifndef GEMEL_TESTS_DISK_CASE_H
#define GEMEL_TESTS_DISK_CASE_H
#include "store/store_case.h"
#include "gemel/audit.h"
#include "support/power_vfs.h"

enum { DISK_APPENDS = 64, DISK_PARTS = 2, DISK_BODY_MAX = 9500 };

static const char disk_file[] = "/disk/store.db";
static bool disk_begun[DISK_APPENDS], disk_told[DISK_APPENDS];
static bool erase_begun, erase_told; /* of subject "two" */

static inline gm_status disk_open(gm_ctx *own, bool create, gm_session **out)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = disk_file, .master = "env:GEMEL_TEST_KEY", .create = create};
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  gm_status st = gm_store_open(own, &o, &s);
  if (!st) st = gm_session_open(s, own, &who, out);
  if (st) gm_store_close(s);
  return st;
}

static inline void disk_close(gm_session *a)
{
  gm_store *s = a ? gm_session_store(a) : NULL;
  gm_session_close(a);
  gm_store_close(s);
}

/* The body of a part of append n; each seventh needs more than a page. */
static inline size_t disk_body(int n, int part, char out[DISK_BODY_MAX])
{
  size_t bytes = n % 7 == 3 ? 9000 : 100 + 10 * (size_t)n;
  size_t used = (size_t)snprintf(out, DISK_BODY_MAX, "%d-%d:", n, part);
  for (; used < bytes; used++) out[used] = (char)('a' + (used * 5 + (size_t)n) % 26);
  return used;
}

static inline gm_status disk_append(gm_session *s, gm_ctx *own, int64_t twin, int n)
{
  static char body[DISK_PARTS][DISK_BODY_MAX];
  gm_entry e[DISK_PARTS];
  char id[DISK_PARTS][40];
  for (int i = 0; i < DISK_PARTS; i++) {
    snprintf(id[i], sizeof id[i], "%d-%d", n, i);
    e[i] = case_entry(n, id[i], "1", "");
    e[i].body = body[i];
    e[i].bytes = disk_body(n, i, body[i]);
  }
  disk_begun[n] = true;
  gm_status st = gm_store_append(s, own, twin, e, DISK_PARTS, NULL);
  if (!st) disk_told[n] = true;
  return st;
}

typedef struct {
  int part[DISK_APPENDS];
  int wrong; /* records that are not as they were written */
} disk_found;

static inline gm_status disk_hear(void *user, const gm_record_found *r)
{
  static char body[DISK_BODY_MAX];
  disk_found *f = user;
  int n = -1, part = -1;
  if (r->kind == GM_RECORD_CONSENT) return GM_OK;
  bool known = sscanf(r->id, "%d-%d", &n, &part) == 2 && n >= 0 && n < DISK_APPENDS && part >= 0 &&
               part < DISK_PARTS;
  if (known && r->bytes == disk_body(n, part, body) && !memcmp(body, r->body, r->bytes) &&
      !strcmp(r->series, "glucose") && !strcmp(r->source, "sensor") && !strcmp(r->version, "1"))
    f->part[n]++;
  else
    f->wrong++;
  return GM_OK;
}

static inline gm_status disk_read(gm_session *s, gm_ctx *own, int64_t twin, disk_found *f)
{
  *f = (disk_found){.wrong = 0};
  return gm_store_read(s, own, &(gm_record_query){.twin = twin}, disk_hear, f);
}

/* All that was acknowledged, whole; nothing else but what was under way, whole too. */
static inline void disk_must_hold(const disk_found *f, const char *when)
{
  if (f->wrong) fail_msg("%s: %d records are not as they were written", when, f->wrong);
  for (int n = 0; n < DISK_APPENDS; n++) {
    bool whole = f->part[n] == DISK_PARTS;
    if ((!whole && f->part[n]) || (disk_told[n] && !whole) || (!disk_begun[n] && f->part[n]))
      fail_msg("%s: append %d: %d of %d parts, acknowledged: %d", when, n, f->part[n], DISK_PARTS,
               disk_told[n]);
  }
}

static inline void disk_forget(void)
{
  memset(disk_begun, 0, sizeof disk_begun);
  memset(disk_told, 0, sizeof disk_told);
  erase_begun = erase_told = false;
}

/* A small store: subject one with five appends, subject two with one; closed, and kept. */
static inline void disk_base(void)
{
  gm_session *s = NULL;
  gm_consent_rule all = {.permit = true, .actor = ""};
  power_format();
  disk_forget();
  case_must(disk_open(ctx, true, &s), "open");
  for (int i = 0; i < 2; i++) {
    int64_t who = 0, twin = 0;
    case_must(gm_store_subject(s, ctx, i ? "two" : "one", true, &who), "subject");
    case_must(gm_store_twin(s, ctx, who, i ? "t2" : "t1", true, &twin), "twin");
    case_must(gm_store_consent(s, ctx, twin, "all", &all), "consent");
    for (int n = i ? 5 : 0; n < (i ? 6 : 5); n++) case_must(disk_append(s, ctx, twin, n), "append");
  }
  disk_close(s);
  power_keep();
}
#endif
