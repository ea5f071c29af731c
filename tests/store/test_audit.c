/* The audit log: what is in it, who may read it, heads, proofs, and that it tells no secret. */
#include "store/audit_case.h"
#include "support/fault.h"
#include <pthread.h>
#include <time.h>

static heard h;

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* ---- what is in it --------------------------------------------------------------------------- */
/* Everything a session did is there, in order and by its number: the opening with who it was,
 * subject and twin made, the consent, reads (together), a denial with its reason, a note, the heads
 * of the twins it wrote to, its end. */
static void rows__tell_a_session(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t"), other = 0;
  add(a, twin, "1", "97 mg/dL");
  assert_int_equal(2, read_all(a, twin));
  assert_int_equal(2, read_all(a, twin));
  gm_session *d = session_as(s, GM_AS_DEVICE, "pump 7", NULL);
  assert_int_equal(GM_EDENIED, gm_store_subject(d, ctx, "q", true, &other));
  gm_session_close(d);
  case_must(gm_audit_note(a, ctx, GM_AUDIT_EXPORTED, twin, 2, "{\"format\":\"fhir\"}"), "note");
  gm_session_close(a);
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "R. Evision", NULL);
  case_must(rows_heard(auditor, 1, 0, 0, &h), "rows");
  static const gm_audit_kind expected[] = {GM_AUDIT_OPEN,    GM_AUDIT_MADE,  GM_AUDIT_MADE,
                                           GM_AUDIT_CONSENT, GM_AUDIT_READ,  GM_AUDIT_OPEN,
                                           GM_AUDIT_DENIED,  GM_AUDIT_CLOSE, GM_AUDIT_EXPORTED,
                                           GM_AUDIT_ANCHOR,  GM_AUDIT_CLOSE, GM_AUDIT_OPEN};
  int n = (int)(sizeof expected / sizeof expected[0]);
  assert_int_equal(n, h.count);
  for (int i = 0; i < n; i++) {
    if (h.row[i].kind != expected[i])
      fail_msg("row %d is %s", i, gm_audit_kind_name(h.row[i].kind));
    assert_int_equal(i + 1, h.row[i].seq);
    assert_true(i == 0 || h.row[i].t_us >= h.row[i - 1].t_us);
  }
  assert_string_equal("{\"role\":\"clinician\",\"use\":\"care\",\"actor\":\"Dr. Test\"}",
                      h.row[0].detail);
  assert_true(h.row[1].twin == 0 && h.row[1].subject != 0);
  assert_true(h.row[2].twin == twin && h.row[2].subject == h.row[1].subject);
  assert_int_equal(4, h.row[4].count);
  assert_int_equal(twin, h.row[4].twin);
  assert_non_null(strstr(h.row[6].detail, "\"reason\":"));
  assert_string_equal("{\"format\":\"fhir\"}", h.row[8].detail);
  int64_t session = h.row[0].session;
  static const int own[] = {1, 2, 3, 4, 8, 9, 10};
  for (size_t i = 0; i < sizeof own / sizeof own[0]; i++)
    assert_int_equal(session, h.row[own[i]].session);
  gm_text_free(&h.text);
  nothing_found(s, NULL);
  case_close(auditor);
}

/* A head and number that the log says of a twin are those of the twin's row. */
static void anchors__are_heads(void **state)
{
  (void)state;
  char expected[64];
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t"), second = case_twin(a, "p", "u");
  for (int i = 0; i < 3; i++) add(a, twin, i == 0 ? "1" : i == 1 ? "2" : "3", "1");
  gm_session_close(a);
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "x", NULL);
  case_must(rows_heard(auditor, 1, 0, 0, &h), "rows");
  assert_int_equal(1, h.of[GM_AUDIT_ANCHOR]);
  assert_int_equal(2, h.sum[GM_AUDIT_ANCHOR]);
  for (int i = 0; i < h.count; i++) {
    if (h.row[i].kind != GM_AUDIT_ANCHOR) continue;
    snprintf(expected, sizeof expected, "[%lld,4,\"", (long long)twin);
    assert_non_null(strstr(h.row[i].detail, expected));
    snprintf(expected, sizeof expected, "[%lld,1,\"", (long long)second);
    assert_non_null(strstr(h.row[i].detail, expected));
  }
  gm_text_free(&h.text);
  nothing_found(s, NULL);
  case_close(auditor);
}

/* A session that writes to more than 1,000 twins hands their heads in as it goes: its memory stays
 * bounded, and every twin's last head is there at its end. */
static void anchors__are_bounded(void **state)
{
  (void)state;
  enum { TWINS = 1010 };
  char name[20];
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t subject = 0, twin = 0;
  gm_consent_rule all = {.permit = true, .actor = ""};
  case_must(gm_store_subject(a, ctx, "p", true, &subject), "subject");
  for (int i = 0; i < TWINS; i++) {
    snprintf(name, sizeof name, "twin %d", i);
    case_must(gm_store_twin(a, ctx, subject, name, true, &twin), "twin");
    case_must(gm_store_consent(a, ctx, twin, "all", &all), "consent");
  }
  gm_session_close(a);
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "x", NULL);
  case_must(rows_heard(auditor, 1, 0, 0, &h), "rows");
  assert_int_equal(2, h.of[GM_AUDIT_ANCHOR]);
  assert_int_equal(TWINS, h.sum[GM_AUDIT_ANCHOR]);
  assert_int_equal(TWINS + 1, h.of[GM_AUDIT_MADE]);
  gm_text_free(&h.text);
  gm_audit_finding f = found(s, NULL);
  assert_null(f.what);
  assert_int_equal(TWINS, f.records);
  case_close(auditor);
}

/* Break-glass is on the disk, with its reason, before the session can see anything. */
static void emergency__is_there_at_once(void **state)
{
  (void)state;
  gm_session *a = case_store(), *b = NULL;
  gm_store *s = gm_session_store(a);
  gm_access_who who = {.role = GM_AS_CLINICIAN,
                       .use = GM_USE_CARE,
                       .actor = "Dr. Test",
                       .emergency = "unconscious, no relatives known"};
  case_must(gm_session_open(s, ctx, &who, &b), "emergency");
  assert_int_equal(2, case_number("SELECT COUNT(*) FROM audit WHERE kind = 0"));
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "x", NULL);
  case_must(rows_heard(auditor, 2, 2, 0, &h), "row");
  assert_int_equal(1, h.count);
  assert_non_null(strstr(h.row[0].detail, "\"emergency\":\"unconscious, no relatives known\""));
  gm_text_free(&h.text);
  gm_session_close(auditor);
  gm_session_close(b);
  case_close(a);
}

/* Reads of one session and twin are put together while they wait, so that reading is not slowed to
 * a commit a call; none is lost, and they are on the disk soon although nobody writes or waits. */
static void reads__are_put_together_and_soon_there(void **state)
{
  (void)state;
  enum { READS = 2000 };
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t"), told = 0;
  add(a, twin, "1", "97 mg/dL");
  int64_t commits = gm_store_commits(s);
  double begin = now_s();
  for (int i = 0; i < READS; i++) told += read_all(a, twin);
  double took = now_s() - begin, waited = now_s();
  commits = gm_store_commits(s) - commits;
  assert_true(commits <= 2 + (int64_t)(took / 0.05)); /* one each 50 ms at most */
  while (case_number("SELECT COALESCE(SUM(records), 0) FROM audit WHERE kind = 2") < told)
    if (now_s() - waited > 10) fail_msg("reads are not in the log after 10 s");
  int64_t rows = case_number("SELECT COUNT(*) FROM audit WHERE kind = 2");
  assert_int_equal(told, case_number("SELECT SUM(records) FROM audit WHERE kind = 2"));
  assert_true(rows <= commits + 2);
  printf("%d reads: %.0f us each, %lld commits, %lld rows; the last one there %.0f ms after\n",
         READS, 1e6 * took / READS, (long long)commits, (long long)rows, 1e3 * (now_s() - waited));
  case_close(a);
}

/* ---- who may read it ------------------------------------------------------------------------- */
/* Auditors read all. A patient reads the rows of its own twins and who the sessions in them were,
 * and nothing of others. Nobody else reads any; that it was tried is in the log. */
static void reading__is_for_auditors_and_patients(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t mine = case_twin(a, "p", "t"), other = case_twin(a, "q", "u");
  gm_session *nurse = session_as(s, GM_AS_CLINICIAN, "Nurse Other", NULL);
  read_all(a, mine);
  read_all(nurse, other);
  gm_session_close(nurse);
  gm_session *p = session_as(s, GM_AS_PATIENT, "Jane Roe", "p");
  case_must(rows_heard(p, 1, 0, 0, &h), "own rows");
  bool opened = false, read = false;
  for (int i = 0; i < h.count; i++) {
    bool about = h.row[i].twin == mine;
    assert_true(about || h.row[i].kind == GM_AUDIT_OPEN);
    assert_null(strstr(h.row[i].detail, "Nurse Other"));
    opened = opened || strstr(h.row[i].detail, "Dr. Test");
    read = read || (about && h.row[i].kind == GM_AUDIT_READ);
  }
  assert_true(opened && read);
  gm_text_free(&h.text);
  case_must(rows_heard(p, 1, 0, mine, &h), "own twin");
  for (int i = 0; i < h.count; i++) assert_int_equal(mine, h.row[i].twin);
  gm_text_free(&h.text);
  int64_t denied = case_number("SELECT COUNT(*) FROM audit WHERE kind = 3");
  assert_int_equal(GM_EDENIED, rows_heard(p, 1, 0, other, &h));
  assert_int_equal(GM_EDENIED, rows_heard(p, 1, 0, 12345, &h));
  assert_int_equal(GM_EDENIED, rows_heard(a, 1, 0, 0, &h));
  static const gm_access_role role[] = {GM_AS_RESEARCHER, GM_AS_DEVICE, GM_AS_ENGINE,
                                        GM_AS_OPERATOR, GM_AS_INSURER};
  for (size_t i = 0; i < sizeof role / sizeof role[0]; i++) {
    gm_use use = role[i] == GM_AS_RESEARCHER ? GM_USE_TRAINING
                 : role[i] == GM_AS_OPERATOR ? GM_USE_OPERATION
                                             : GM_USE_CARE;
    gm_access_who who = {.role = role[i], .use = use, .actor = "x"};
    gm_session *n = NULL;
    if (gm_session_open(s, ctx, &who, &n)) continue; /* refused even earlier */
    assert_int_equal(GM_EDENIED, rows_heard(n, 1, 0, 0, &h));
    gm_session_close(n);
  }
  assert_true(case_number("SELECT COUNT(*) FROM audit WHERE kind = 3") >= denied + 3);
  gm_session_close(p);
  case_close(a);
}

/* Only rows of the caller's own kinds are added, with JSON as detail; they are on the disk when the
 * call returns. */
static void note__is_durable_and_checked(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  static const char *const bad[] = {"",     "x", "[1]", "{", "{\"a\":1} 2", "{\"a\":1,\"a\":2}",
                                    "\"a\""};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
    assert_int_equal(GM_EINVAL, gm_audit_note(a, ctx, GM_AUDIT_BACKUP, 0, 0, bad[i]));
  for (int k = 0; k < GM_AUDIT_COUNT; k++) {
    bool own = k == GM_AUDIT_EXPORTED || k == GM_AUDIT_BACKUP;
    assert_int_equal(own ? GM_OK : GM_EINVAL,
                     gm_audit_note(a, ctx, (gm_audit_kind)k, 0, 7, "{\"to\":\"x\"}"));
  }
  assert_int_equal(2, case_number("SELECT COUNT(*) FROM audit WHERE records = 7"));
  case_must(gm_audit_note(a, ctx, GM_AUDIT_BACKUP, 0, 8, NULL), "no detail");
  assert_int_equal(1, case_number("SELECT COUNT(*) FROM audit WHERE records = 8"));
  nothing_found(s, NULL);
  case_close(a);
}

/* ---- heads and proofs ------------------------------------------------------------------------ */
/* Every head goes on into every later one, across openings of the store; every row is in every head
 * since. Proofs of one row or head hold for no other. */
static void heads__grow_and_hold_their_rows(void **state)
{
  (void)state;
  enum { HEADS = 9 };
  gm_audit_head head[HEADS];
  gm_audit_proof p;
  for (int i = 0; i < HEADS; i++) {
    gm_session *a = case_store();
    gm_store *s = gm_session_store(a);
    int64_t twin = case_twin(a, "p", "t");
    for (int k = 0; k < i; k++)
      case_must(gm_audit_note(a, ctx, GM_AUDIT_EXPORTED, twin, k, NULL), "note");
    case_must(gm_audit_head_get(s, ctx, &head[i]), "head");
    assert_true(i == 0 || head[i].size > head[i - 1].size);
    for (int k = 0; k <= i; k++) {
      case_must(gm_audit_prove_growth(s, ctx, head[k].size, head[i].size, &p), "growth");
      for (int from = 0; from <= i; from++)
        for (int to = 0; to <= i; to++)
          assert_int_equal(from == k && to == i, gm_audit_growth_holds(&p, &head[from], &head[to]));
      nothing_found(s, &head[k]);
    }
    for (int64_t row = 1; row <= head[i].size; row++)
      for (int k = 0; k <= i; k++) {
        if (row > head[k].size) continue;
        case_must(gm_audit_prove(s, ctx, row, head[k].size, &p), "proof");
        assert_true(gm_audit_proof_holds(&p, &head[k]));
        assert_int_equal(k == i, gm_audit_proof_holds(&p, &head[i]));
        p.leaf[31] ^= 1;
        assert_false(gm_audit_proof_holds(&p, &head[k]));
      }
    case_close(a);
  }
  printf("%lld rows, %d heads\n", (long long)head[HEADS - 1].size, HEADS);
}

/* What cannot be proven is refused: rows and sizes that are not there. */
static void proofs__are_refused_by_name(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  gm_audit_head head;
  gm_audit_proof p = {.count = 99};
  case_must(gm_audit_head_get(s, ctx, &head), "head");
  assert_int_equal(GM_EINVAL, gm_audit_prove(s, ctx, 0, 0, &p));
  assert_int_equal(GM_EINVAL, gm_audit_prove(s, ctx, -1, 0, &p));
  assert_int_equal(GM_EINVAL, gm_audit_prove(s, ctx, head.size + 1, 0, &p));
  assert_int_equal(GM_ENOTFOUND, gm_audit_prove(s, ctx, 1, head.size + 1, &p));
  assert_int_equal(GM_EINVAL, gm_audit_prove_growth(s, ctx, -1, 0, &p));
  assert_int_equal(GM_ENOTFOUND, gm_audit_prove_growth(s, ctx, 1, head.size + 1, &p));
  assert_int_equal(99, p.count); /* untouched */
  p.count = GM_AUDIT_PATH_MAX + 1;
  assert_false(gm_audit_proof_holds(&p, &head));
  assert_false(gm_audit_growth_holds(&p, &head, &head));
  case_close(a);
}

/* ---- many at once ---------------------------------------------------------------------------- */
typedef struct {
  gm_store *s;
  int64_t twin;
  int notes, reads, appends;
} worker;

static void *work(void *user)
{
  worker *w = user;
  gm_ctx *own = NULL;
  gm_session *a = NULL;
  int64_t count = 0;
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  if (gm_ctx_child(ctx, &own) || gm_session_open(w->s, own, &who, &a)) abort();
  for (int i = 0; i < 25; i++) {
    gm_record_query q = {.twin = w->twin, .kind = GM_RECORD_CONSENT};
    char id[40];
    snprintf(id, sizeof id, "%p %d", (void *)w, i);
    gm_entry e = case_entry(1.7e9, id, "1", "1");
    w->appends += !gm_store_append(a, own, w->twin, &e, 1, NULL);
    w->notes += !gm_audit_note(a, own, GM_AUDIT_EXPORTED, w->twin, 1, NULL);
    w->reads += !gm_store_read(a, own, &q, any_record, &count);
  }
  gm_session_close(a);
  gm_ctx_free(own);
  return NULL;
}

/* Eight threads with sessions of their own on two stores opened on one database: every row is there
 * once, in one chain, and rows share commits. */
static void rows__of_many_writers_are_one_log(void **state)
{
  (void)state;
  enum { THREADS = 8 };
  pthread_t thread[THREADS];
  worker w[THREADS];
  gm_session *a = case_store(), *b = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = case_twin(a, "p", "t");
  for (int i = 0; i < THREADS; i++) {
    w[i] = (worker){.s = gm_session_store(i % 2 ? a : b), .twin = twin};
    assert_int_equal(0, pthread_create(&thread[i], NULL, work, &w[i]));
  }
  for (int i = 0; i < 20; i++) nothing_found(s, NULL); /* nor is anything while they write */
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  for (int i = 0; i < THREADS; i++)
    assert_true(w[i].notes == 25 && w[i].reads == 25 && w[i].appends == 25);
  case_close(b);
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "x", NULL);
  case_must(rows_heard(auditor, 1, 0, 0, &h), "rows");
  assert_int_equal(25 * THREADS, h.of[GM_AUDIT_EXPORTED]);
  assert_int_equal(25 * THREADS, h.sum[GM_AUDIT_READ]); /* one record each: the consent */
  assert_int_equal(THREADS + 1, h.of[GM_AUDIT_CLOSE]);
  gm_text_free(&h.text);
  nothing_found(s, NULL);
  gm_session_close(auditor);
  case_close(a);
}

/* ---- secrets --------------------------------------------------------------------------------- */
static const char *const secret[] = {"SecretPatient-4711", "SecretTwin-0815", "SecretSeries",
                                     "SecretSource",       "SecretId-42",     "SecretValue 7.31",
                                     "SecretLicence",      "SecretConsentId", "SecretActorName"};

static bool holds(const char *data, size_t bytes, const char *text)
{
  size_t n = strlen(text);
  for (size_t i = 0; i + n <= bytes; i++)
    if (data[i] == text[0] && !memcmp(data + i, text, n)) return true;
  return false;
}

/* Nothing of a patient is in the rows (nor, on SQLite, in any file of the store): not the
 * subject's id, twin's name, series, source, id, value, licence, the patient's own name. */
static void rows__tell_no_secret(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t subject = 0, twin = 0, count = 0;
  gm_consent_rule all = {.permit = true, .actor = ""};
  gm_entry e = {.kind = GM_RECORD_OBSERVATION,
                .series = secret[2],
                .t_true_s = 1.7e9,
                .source = secret[3],
                .id = secret[4],
                .version = "1",
                .body = secret[5],
                .bytes = strlen(secret[5]),
                .licence = secret[6]};
  case_must(gm_store_subject(a, ctx, secret[0], true, &subject), "subject");
  case_must(gm_store_twin(a, ctx, subject, secret[1], true, &twin), "twin");
  case_must(gm_store_consent(a, ctx, twin, secret[7], &all), "consent");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  read_all(a, twin);
  gm_session *p = session_as(s, GM_AS_PATIENT, secret[8], secret[0]);
  read_all(p, twin);
  gm_session *d = session_as(s, GM_AS_DEVICE, "pump", NULL);
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = secret[2]};
  assert_int_equal(GM_EDENIED, gm_store_read(d, ctx, &q, any_record, &count));
  gm_session_close(d);
  gm_session_close(p);
  gm_session *auditor = session_as(s, GM_AS_AUDITOR, "x", NULL);
  case_must(rows_heard(auditor, 1, 0, 0, &h), "rows");
  assert_true(h.count > 9 && h.of[GM_AUDIT_DENIED] == 1);
  assert_true(holds(h.text.data, h.text.bytes, "Dr. Test")); /* it would be found */
  for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
    if (holds(h.text.data, h.text.bytes, secret[i])) fail_msg("%s is in the log", secret[i]);
  gm_text_free(&h.text);
  for (int f = 0; f < 2 && !case_pg; f++) {
    char path[400], *data = NULL;
    size_t bytes = 0;
    snprintf(path, sizeof path, "%s%s", case_file, f ? "-wal" : "");
    case_must(gm_file_read(ctx, path, 64 << 20, &data, &bytes), path);
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++)
      if (holds(data, bytes, secret[i])) fail_msg("%s is in %s", secret[i], path);
    gm_free(data);
  }
  gm_session_close(auditor);
  case_close(a);
}

/* ---- faults ---------------------------------------------------------------------------------- */
static gm_status hear_none(void *user, const gm_audit_row *r)
{
  (void)user, (void)r;
  return GM_OK;
}

static gm_status trial(gm_ctx *c, void *user)
{
  gm_store *s = NULL;
  gm_session *a = NULL;
  gm_audit_head head;
  gm_audit_finding f;
  gm_audit_proof p;
  (void)user;
  gm_store_options o = {.url = case_url, .master = "env:GEMEL_TEST_KEY", .create = true};
  gm_access_who who = {.role = GM_AS_AUDITOR, .use = GM_USE_OPERATION, .actor = "x"};
  gm_status st = gm_store_open(c, &o, &s);
  if (!st) st = gm_session_open(s, c, &who, &a);
  if (!st) st = gm_audit_note(a, c, GM_AUDIT_BACKUP, 0, 1, "{\"a\":[1,2]}");
  if (!st) st = gm_audit_head_get(s, c, &head);
  if (!st) st = gm_audit_prove(s, c, 1, head.size, &p);
  if (!st) st = gm_audit_read(a, c, 1, 2, 0, hear_none, NULL);
  if (!st) st = gm_audit_verify(s, c, NULL, &f);
  if (!st && f.what) st = gm_fail(c, GM_EINTERNAL, "%s", f.what);
  gm_session_close(a);
  gm_store_close(s);
  return st;
}

/* Whatever allocation fails, it is GM_ENOMEM, nothing leaks, and the log is whole. */
static void faults__leave_the_log_whole(void **state)
{
  (void)state;
  if (case_pg) return; /* libpq's own memory does not fail */
  gm_session *a = case_store();
  case_twin(a, "p", "t");
  int64_t n = fault_sweep_tolerant("audit", trial, NULL);
  nothing_found(gm_session_store(a), NULL);
  printf("%lld allocations failed in turn\n", (long long)n);
  case_close(a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup(rows__tell_a_session, fresh),
      cmocka_unit_test_setup(anchors__are_heads, fresh),
      cmocka_unit_test_setup(anchors__are_bounded, fresh),
      cmocka_unit_test_setup(emergency__is_there_at_once, fresh),
      cmocka_unit_test_setup(reads__are_put_together_and_soon_there, fresh),
      cmocka_unit_test_setup(reading__is_for_auditors_and_patients, fresh),
      cmocka_unit_test_setup(note__is_durable_and_checked, fresh),
      cmocka_unit_test_setup(heads__grow_and_hold_their_rows, fresh),
      cmocka_unit_test_setup(proofs__are_refused_by_name, fresh),
      cmocka_unit_test_setup(rows__of_many_writers_are_one_log, fresh),
      cmocka_unit_test_setup(rows__tell_no_secret, fresh),
      cmocka_unit_test_setup(faults__leave_the_log_whole, fresh)};
  return case_main("audit", tests);
}
