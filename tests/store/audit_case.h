/* audit_case.h - what the tests of the audit log share: rows read back, findings. */
#ifndef GEMEL_TESTS_AUDIT_CASE_H
#define GEMEL_TESTS_AUDIT_CASE_H
#include "store/store_case.h"
#include "gemel/audit.h"

/* Before each case: no store. */
static inline int fresh(void **state)
{
  (void)state;
  case_unlink();
  return 0;
}

static inline gm_session *session_as(gm_store *s, gm_access_role role, const char *actor,
                                     const char *subject)
{
  gm_session *a = NULL;
  gm_use use = role == GM_AS_AUDITOR || role == GM_AS_OPERATOR ? GM_USE_OPERATION : GM_USE_CARE;
  gm_access_who who = {.role = role, .use = use, .actor = actor, .subject = subject};
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

enum { ROWS_MAX = 4000 };
typedef struct {
  gm_audit_row row[ROWS_MAX];
  int count;
  int64_t of[GM_AUDIT_COUNT], sum[GM_AUDIT_COUNT]; /* rows and counts by kind */
  gm_text text;                                    /* details, each ended by NUL */
} heard;

static inline gm_status hear(void *user, const gm_audit_row *r)
{
  heard *h = user;
  assert_true(h->count < ROWS_MAX && (unsigned)r->kind < GM_AUDIT_COUNT);
  assert_int_equal(strlen(r->detail), r->detail_bytes);
  h->row[h->count] = *r;
  h->row[h->count++].detail = NULL;
  h->of[r->kind]++;
  h->sum[r->kind] += r->count;
  gm_text_addn(&h->text, r->detail, r->detail_bytes + 1);
  return GM_OK;
}

/* All rows that this session may see. Free h->text. */
static inline gm_status rows_heard(gm_session *a, int64_t from, int64_t to, int64_t twin, heard *h)
{
  memset(h, 0, sizeof *h);
  gm_text_init(&h->text, ctx);
  gm_status st = gm_audit_read(a, ctx, from, to, twin, hear, h);
  const char *at = h->text.data;
  for (int i = 0; i < h->count; i++) {
    h->row[i].detail = at;
    at += h->row[i].detail_bytes + 1;
  }
  return st;
}

static inline gm_audit_finding found(gm_store *s, const gm_audit_head *earlier)
{
  gm_audit_finding f = {.what = "untouched"};
  case_must(gm_audit_verify(s, ctx, earlier, &f), "verify");
  return f;
}

static inline void nothing_found(gm_store *s, const gm_audit_head *earlier)
{
  gm_audit_finding f = found(s, earlier);
  if (f.audit_seq || f.twin || f.twin_seq || f.what)
    fail_msg("row %lld, twin %lld, record %lld: %s", (long long)f.audit_seq, (long long)f.twin,
             (long long)f.twin_seq, f.what ? f.what : "");
}

static inline gm_status any_record(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int64_t *)user;
  return GM_OK;
}

static inline int64_t read_all(gm_session *a, int64_t twin)
{
  int64_t count = 0, withheld = 0;
  gm_record_query q = {.twin = twin, .withheld = &withheld};
  case_must(gm_store_read(a, ctx, &q, any_record, &count), "read");
  return count;
}

static inline void add(gm_session *a, int64_t twin, const char *id, const char *text)
{
  gm_entry e = case_entry(1.7e9, id, "1", text);
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
}
#endif
