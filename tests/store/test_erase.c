/* Erasure: what stays, what goes, and that neither disk nor memory nor another process holds a
 * subject's data or key afterwards.
 * label: quick */
#include "store/byte_search.h"
#include "store/store_case.h"
#include "gemel/audit.h"
#include <signal.h>
#include <sodium.h>
#include <sys/wait.h>

/* ---- secrets --------------------------------------------------------------------------------- */
/* Texts that only who has the seed can make, so that a process can forget them. */
enum { SECRET_BYTES = 48 };
typedef enum {
  S_SUBJECT,
  S_TWIN,
  S_SERIES,
  S_SOURCE,
  S_ID,
  S_VERSION,
  S_BODY,
  S_LARGE,
  S_LICENCE,
  S_CONSENT,
  S_ACTOR,
  S_PATIENT,
  S_NOTE,
  S_CARD,
  S_COUNT,
  S_DECOY
} secret_name;
static const char *const secret_text[] = {"subject", "twin",    "series", "source",  "id",
                                          "version", "body",    "large",  "licence", "consent",
                                          "actor",   "patient", "note",   "card"};
static uint64_t seed;

static void secret(int which, char out[SECRET_BYTES + 1])
{
  unsigned char hash[SECRET_BYTES / 2];
  uint64_t input[2] = {seed, (uint64_t)which};
  crypto_generichash(hash, sizeof hash, (unsigned char *)input, sizeof input, NULL, 0);
  sodium_bin2hex(out, SECRET_BYTES + 1, hash, sizeof hash);
  sodium_memzero(hash, sizeof hash);
}

/* The middle and the end of each: what is left of a text in memory that was freed. */
static void secrets_seek(search *s, bool actors)
{
  char text[SECRET_BYTES + 1];
  for (int i = 0; i < S_COUNT; i++) {
    if (i == S_ACTOR && !actors) continue;
    secret(i, text);
    search_add(s, secret_text[i], text + 16, 16);
    search_add(s, secret_text[i], text + 32, 16);
  }
}

/* ---- keys ------------------------------------------------------------------------------------ */
typedef struct {
  unsigned char wrapped[72], raw[32], body[32], index[32];
} subject_key;

/* As the store does it, by libsodium alone: key 3 of the master's wraps, keys 1 and 2 of the
 * subject's seal and index. */
static void key_learn(const char *sql, subject_key *out)
{
  unsigned char master[32], wrap[32];
  gm__db *d = NULL;
  gm__stmt *q = NULL;
  bool row = false;
  size_t bytes = 0;
  unsigned long long used = 0;
  case_must(gm__db_open(ctx, case_url, false, &d), "key");
  case_must(gm__db_prepare(d, ctx, sql, &q), "key");
  case_must(gm__db_step(q, ctx, &row), "key");
  assert_true(row);
  int64_t subject = gm__db_int(q, 0);
  const void *wrapped = gm__db_bytes(q, 1, &bytes);
  assert_int_equal(sizeof out->wrapped, bytes);
  memcpy(out->wrapped, wrapped, bytes);
  gm__db_close(d);
  for (int i = 0; i < 32; i++) master[i] = (unsigned char)i;
  crypto_kdf_derive_from_key(wrap, 32, 3, "gemelkey", master);
  assert_int_equal(0, crypto_aead_xchacha20poly1305_ietf_decrypt(
                          out->raw, &used, NULL, out->wrapped + 24, 48, (unsigned char *)&subject,
                          sizeof subject, out->wrapped, wrap));
  crypto_kdf_derive_from_key(out->body, 32, 1, "gemelkey", out->raw);
  crypto_kdf_derive_from_key(out->index, 32, 2, "gemelkey", out->raw);
}

static void keys_seek(search *s, const subject_key *k)
{
  search_add(s, "the raw key", k->raw, 32);
  search_add(s, "the key of bodies", k->body, 32);
  search_add(s, "the key of names", k->index, 32);
}

static const char one_key[] = "SELECT id, key FROM subject WHERE key IS NOT NULL ORDER BY id";

/* ---- a life in another process --------------------------------------------------------------- */
static gm_session *session_as(gm_store *s, gm_access_who who)
{
  gm_session *a = NULL;
  case_must(gm_session_open(s, ctx, &who, &a), "session");
  return a;
}

static gm_status nothing(void *user, const gm_record_found *r)
{
  (void)r;
  ++*(int *)user;
  return GM_OK;
}
static gm_status no_card(void *user, const gm_card_found *c)
{
  (void)c;
  ++*(int *)user;
  return GM_OK;
}
static gm_status no_twin(void *user, const gm_twin_found *t)
{
  (void)t;
  ++*(int *)user;
  return GM_OK;
}

static int64_t life_twin(gm_session *a)
{
  char subject[SECRET_BYTES + 1], twin[SECRET_BYTES + 1], id[SECRET_BYTES + 1],
      actor[SECRET_BYTES + 1];
  int64_t who = 0, out = 0;
  secret(S_SUBJECT, subject), secret(S_TWIN, twin), secret(S_CONSENT, id), secret(S_ACTOR, actor);
  gm_consent_rule all = {.permit = true, .actor = ""}, named = {.permit = true, .actor = actor};
  case_must(gm_store_subject(a, ctx, subject, true, &who), "subject");
  case_must(gm_store_twin(a, ctx, who, twin, true, &out), "twin");
  case_must(gm_store_consent(a, ctx, out, "all", &all), "consent");
  case_must(gm_store_consent(a, ctx, out, id, &named), "consent");
  sodium_memzero(subject, sizeof subject), sodium_memzero(twin, sizeof twin);
  sodium_memzero(id, sizeof id), sodium_memzero(actor, sizeof actor);
  return out;
}

/* 200 records of a few hundred bytes, one of a megabyte, a note, a correction. */
static void life_records(gm_session *a, int64_t twin)
{
  enum { LARGE = 1 << 20, SMALL = 700 };
  char t[S_COUNT][SECRET_BYTES + 1], id[2 * SECRET_BYTES], *body = malloc(LARGE);
  for (int i = 0; i < S_COUNT; i++) secret(i, t[i]);
  for (int i = 0; i < 203; i++) {
    size_t bytes = i == 200 ? LARGE : SMALL;
    const char *value = t[i == 200 ? S_LARGE : i == 201 ? S_NOTE : S_BODY];
    for (size_t at = 0; at + SECRET_BYTES <= bytes; at += 100) {
      memcpy(body + at, value, SECRET_BYTES);
      memset(body + at + SECRET_BYTES, '0' + i % 10, bytes - at < 100 ? 0 : 100 - SECRET_BYTES);
    }
    memcpy(id, t[S_ID], SECRET_BYTES + 1);
    id[0] = (char)('A' + i / 26 % 26), id[1] = (char)('A' + i % 26);
    gm_entry e = {.kind = i == 201 ? GM_RECORD_NOTE : GM_RECORD_OBSERVATION,
                  .series = t[S_SERIES],
                  .t_true_s = i,
                  .source = t[S_SOURCE],
                  .id = i == 202 ? t[S_ID] : id,
                  .version = t[S_VERSION],
                  .body = body,
                  .bytes = bytes,
                  .licence = t[S_LICENCE]};
    case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  }
  sodium_memzero(body, LARGE);
  free(body);
  sodium_memzero(t, sizeof t), sodium_memzero(id, sizeof id);
}

static void life_reads(gm_session *a, int64_t twin)
{
  char series[SECRET_BYTES + 1], card[SECRET_BYTES + 1];
  int n = 0;
  int64_t withheld = 0;
  gm_arena *memory = NULL;
  gm_consent_rule *rule = NULL;
  int32_t rules = 0;
  secret(S_SERIES, series), secret(S_CARD, card);
  gm_record_query q = {.twin = twin, .kind = GM_RECORD_OBSERVATION, .series = series};
  case_must(gm_store_read(a, ctx, &(gm_record_query){.twin = twin}, nothing, &n), "read");
  case_must(gm_store_read(a, ctx, &q, nothing, &n), "read");
  case_must(gm_store_card_put(a, ctx, twin, 100, card, SECRET_BYTES), "card");
  case_must(gm_store_cards(a, ctx, no_card, &n, &withheld), "cards");
  case_must(gm_store_twins(a, ctx, 0, no_twin, &n, &withheld), "twins");
  case_must(gm_arena_new(ctx, 0, &memory), "arena");
  case_must(gm_store_consents(a, ctx, twin, memory, &rule, &rules), "consents");
  for (int32_t i = 0; i < rules; i++) /* the caller's own copy */
    sodium_memzero((char *)(uintptr_t)rule[i].actor, strlen(rule[i].actor));
  gm_arena_free(memory);
  sodium_memzero(series, sizeof series), sodium_memzero(card, sizeof card);
}

static void life_backup(gm_store *s)
{
  char path[340];
  gm_session *o = session_as(
      s, (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "root"});
  snprintf(path, sizeof path, "%s/backup", case_folder);
  case_must(gm_store_backup(o, ctx, path, NULL), "backup");
  gm_session_close(o);
}

static void life_ends(gm_store *s)
{
  char subject[SECRET_BYTES + 1], patient[SECRET_BYTES + 1];
  int64_t who = 0;
  secret(S_SUBJECT, subject), secret(S_PATIENT, patient);
  gm_session *p = session_as(
      s, (gm_access_who){
             .role = GM_AS_PATIENT, .use = GM_USE_CARE, .actor = patient, .subject = subject});
  case_must(gm_store_subject(p, ctx, subject, false, &who), "subject");
  case_must(gm_store_erase(p, ctx, who), "erase");
  gm_session_close(p);
  sodium_memzero(subject, sizeof subject), sodium_memzero(patient, sizeof patient);
}

/* Tells where it is, and waits. */
static void stop_at(int up, int down, char where)
{
  char go;
  if (write(up, &where, 1) != 1 || read(down, &go, 1) != 1) _exit(3);
}

static void life(int up, int down)
{
  char *decoy = malloc(SECRET_BYTES + 1); /* what is not forgotten is found */
  secret(S_DECOY, decoy);
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  int64_t twin = life_twin(a);
  life_records(a, twin);
  life_reads(a, twin);
  life_backup(s);
  stop_at(up, down, 'r');
  life_ends(s);
  stop_at(up, down, 'e');
  gm_session_close(a);
  gm_store_close(s);
  stop_at(up, down, 'c');
  _exit(decoy[0] ? 0 : 4);
}

typedef struct {
  pid_t process;
  int up, down;
} other;

static void met_at(const other *o, char where)
{
  char got = 0;
  if (read(o->up, &got, 1) != 1 || got != where) fail_msg("the other process did not get there");
}

static void go_on(const other *o) { assert_int_equal(1, write(o->down, "g", 1)); }

static other begin_other(void (*live)(int up, int down))
{
  int down[2], up[2];
  assert_int_equal(0, pipe(down) | pipe(up));
  other o = {.process = fork(), .up = up[0], .down = down[1]};
  if (!o.process) {
    close(down[1]);
    close(up[0]);
    setenv("CMOCKA_TEST_ABORT", "1", 1); /* a failure there ends that process, not its case */
    live(up[1], down[0]);
    _exit(2);
  }
  close(down[0]);
  close(up[1]);
  return o;
}

static void end_other(const other *o)
{
  int code = 0;
  waitpid(o->process, &code, 0);
  close(o->up);
  close(o->down);
  assert_int_equal(0, code);
}

static void not_found(const search *s, const char *when)
{
  if (s->found) fail_msg("%s: %s", when, s->where);
  assert_true(s->bytes > 0);
}

static void backup_unlink(void)
{
  char path[360];
  snprintf(path, sizeof path, "%s/backup", case_folder);
  unlink(path);
  snprintf(path, sizeof path, "%s/backup.keys", case_folder);
  unlink(path);
}

/* After an erasure no byte of the subject's values, ids, names and series, and none of its keys, is
 * in the files (database, log, shared memory, backup and its keys) or in the memory of the process
 * that had them all, with the store still open. What was there before is found, so that the
 * search can find. */
static void erase__leaves_nothing_in_files_or_memory(void **state)
{
  (void)state;
  static search process, files, before, decoy, held;
  char text[SECRET_BYTES + 1];
  subject_key k;
  memset(&process, 0, sizeof process), memset(&files, 0, sizeof files);
  memset(&before, 0, sizeof before), memset(&decoy, 0, sizeof decoy), memset(&held, 0, sizeof held);
  randombytes_buf(&seed, sizeof seed);
  other o = begin_other(life);
  met_at(&o, 'r');
  key_learn(one_key, &k);
  search_add(&before, "the raw key", k.raw, 32);
  search_process(&before, o.process);
  assert_true(before.found > 0);
  search_add(&held, "the wrapped key", k.wrapped, sizeof k.wrapped);
  search_folder(&held, case_folder);
  assert_true(held.found > (case_pg ? 0 : 1)); /* the backup's keys, the database */
  secrets_seek(&files, true);
  keys_seek(&files, &k);
  search_folder(&files, case_pg ? postgres_folder() : case_folder);
  not_found(&files, "files, before");
  go_on(&o);
  met_at(&o, 'e');
  secret(S_DECOY, text);
  search_add(&decoy, "decoy", text, SECRET_BYTES);
  search_process(&decoy, o.process);
  assert_true(decoy.found > 0);
  secrets_seek(&process, true);
  keys_seek(&process, &k);
  search_process(&process, o.process);
  not_found(&process, "memory");
  if (!case_pg) search_add(&files, "the wrapped key", k.wrapped, sizeof k.wrapped);
  search_folder(&files, case_pg ? postgres_folder() : case_folder);
  not_found(&files, "files");
  go_on(&o);
  met_at(&o, 'c');
  if (case_pg) search_add(&files, "the wrapped key", k.wrapped, sizeof k.wrapped);
  search_folder(&files, case_folder); /* backups */
  not_found(&files, "files, closed");
  go_on(&o);
  end_other(&o);
  print_message("%.0f MB of memory and %.0f MB of files searched for %d pieces\n",
                (double)process.bytes / 1e6, (double)files.bytes / 1e6, process.count);
  backup_unlink();
  case_unlink();
}

/* ---- other processes ------------------------------------------------------------------------- */
static void other_reads(int up, int down)
{
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  int n = 0;
  gm_record_query q = {.twin = twin};
  case_must(gm_store_read(a, ctx, &q, nothing, &n), "read");
  stop_at(up, down, 'r');
  if (gm_store_read(a, ctx, &q, nothing, &n) != GM_ENOTFOUND) _exit(5);
  stop_at(up, down, 'e');
  case_close(a);
  _exit(0);
}

static void other_appends(int up, int down)
{
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  gm_entry e = case_entry(1, "a", "1", "1");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  stop_at(up, down, 'r');
  e.id = "b";
  if (gm_store_append(a, ctx, twin, &e, 1, NULL) != GM_ENOTFOUND) _exit(5);
  int64_t subject;
  if (gm_store_subject(a, ctx, "p", true, &subject) != GM_ENOTFOUND) _exit(6);
  if (gm_store_may(a, ctx, twin, GM_ACT_ADD, GM_RECORD_OBSERVATION, 0) != GM_ENOTFOUND) _exit(7);
  stop_at(up, down, 'e');
  case_close(a);
  _exit(0);
}

static void erase_as_operator(const char *subject)
{
  gm_session *a = case_store();
  gm_session *o =
      session_as(gm_session_store(a),
                 (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "root"});
  int64_t who = 0;
  case_must(gm_store_subject(o, ctx, subject, false, &who), "subject");
  case_must(gm_store_erase(o, ctx, who), "erase");
  gm_session_close(o);
  case_close(a);
}

/* A process that had the subject's key at hand can neither read nor append after another one
 * erased the subject; with its next reading or question the key is gone from its memory. */
static void erase__holds_in_other_processes(void **state)
{
  (void)state;
  void (*const live[])(int up, int down) = {other_reads, other_appends};
  for (int i = 0; i < 2; i++) {
    static search before, after;
    subject_key k;
    memset(&before, 0, sizeof before), memset(&after, 0, sizeof after);
    other o = begin_other(live[i]);
    met_at(&o, 'r');
    key_learn(one_key, &k);
    keys_seek(&before, &k);
    search_process(&before, o.process);
    assert_true(before.found >= 3);
    erase_as_operator("p");
    go_on(&o);
    met_at(&o, 'e');
    keys_seek(&after, &k);
    search_process(&after, o.process);
    not_found(&after, i ? "memory of who appends" : "memory of who reads");
    go_on(&o);
    end_other(&o);
    assert_int_equal(0, case_number("SELECT COUNT(*) FROM record WHERE body IS NOT NULL"));
    case_unlink();
  }
}

/* ---- what stays ------------------------------------------------------------------------------ */
typedef struct {
  int erased, undone;
  int64_t records, subject;
} logged;

static gm_status log_hear(void *user, const gm_audit_row *r)
{
  logged *l = user;
  if (r->kind != GM_AUDIT_ERASED) return GM_OK;
  l->erased++;
  l->undone += strstr(r->detail, "undone") != NULL;
  if (r->count) l->records = r->count;
  l->subject = r->subject;
  return GM_OK;
}

static logged log_of(gm_store *s)
{
  logged l = {0};
  gm_session *auditor = session_as(
      s, (gm_access_who){.role = GM_AS_AUDITOR, .use = GM_USE_OPERATION, .actor = "auditor"});
  case_must(gm_audit_read(auditor, ctx, 1, 0, 0, log_hear, &l), "log");
  gm_session_close(auditor);
  return l;
}

static void fill(gm_session *a, int64_t twin, int records)
{
  enum { AT_ONCE = 100 };
  static char id[AT_ONCE][20];
  gm_entry e[AT_ONCE];
  for (int i = 0; i < records; i += AT_ONCE) {
    for (int k = 0; k < AT_ONCE; k++) {
      snprintf(id[k], sizeof id[k], "%d", i + k);
      e[k] = case_entry(i + k, id[k], "1", "7.5");
    }
    case_must(gm_store_append(a, ctx, twin, e, AT_ONCE, NULL), "append");
  }
}

/* Of an erased subject no body, label, card or page and no key stays; chains hold; its name is not
 * given again; the row of the log counts the records; others' twins are as they were. Once more
 * changes nothing; who is not there cannot be erased. */
static void erase__leaves_a_tombstone(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  gm_session *o = session_as(
      s, (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "root"});
  int64_t one = case_twin(a, "one", "t1"), two = 0, other_twin = case_twin(a, "two", "t3"), who = 0,
          bad_twin = 0, bad = 0;
  int n = 0;
  case_must(gm_store_subject(a, ctx, "one", false, &who), "subject");
  case_must(gm_store_twin(a, ctx, who, "t2", true, &two), "twin");
  fill(a, one, 2000);
  fill(a, other_twin, 100);
  case_must(gm_store_card_put(a, ctx, one, 5, "card", 4), "card");
  case_must(gm_store_card_put(a, ctx, other_twin, 5, "card", 4), "card");
  case_must(gm_store_read(a, ctx, &(gm_record_query){.twin = one}, nothing, &n), "read");
  assert_int_equal(GM_EDENIED, gm_store_erase(a, ctx, who));
  assert_int_equal(GM_ENOTFOUND, gm_store_erase(o, ctx, 12345));
  case_must(gm_store_erase(o, ctx, who), "erase");
  assert_int_equal(101, case_number("SELECT COUNT(*) FROM record WHERE body IS NOT NULL"));
  assert_int_equal(2001, case_number("SELECT COUNT(*) FROM record WHERE digest IS NOT NULL"));
  assert_int_equal(1, case_number("SELECT COUNT(*) FROM subject WHERE key IS NULL AND label IS NULL"
                                  " AND erased IS NOT NULL"));
  assert_int_equal(2, case_number("SELECT COUNT(*) FROM twin WHERE label IS NULL"));
  assert_int_equal(1, case_number("SELECT COUNT(*) FROM card"));
  assert_int_equal(0, case_number("SELECT COUNT(*) FROM page"));
  case_must(gm_store_verify(s, ctx, 0, &bad_twin, &bad), "verify");
  assert_int_equal(0, bad);
  assert_int_equal(GM_ENOTFOUND, gm_store_subject(a, ctx, "one", true, &bad));
  assert_int_equal(GM_ENOTFOUND,
                   gm_store_consent(a, ctx, two, "c", &(gm_consent_rule){.actor = ""}));
  assert_int_equal(GM_ENOTFOUND,
                   gm_store_read(a, ctx, &(gm_record_query){.twin = one}, nothing, &n));
  n = 0;
  case_must(gm_store_read(a, ctx, &(gm_record_query){.twin = other_twin}, nothing, &n), "read");
  assert_int_equal(101, n);
  logged l = log_of(s);
  assert_int_equal(1, l.erased);
  assert_int_equal(2001, l.records);
  assert_true(l.subject == who);
  /* whoever erases once more finds it by its id, and nobody that was never there */
  bad = 0;
  assert_int_equal(GM_ENOTFOUND, gm_store_subject_known(o, ctx, "three", &bad));
  assert_int_equal(0, bad);
  case_must(gm_store_subject_known(o, ctx, "one", &bad), "subject");
  assert_true(bad == who);
  case_must(gm_store_erase(o, ctx, bad), "erase again");
  assert_int_equal(101, case_number("SELECT COUNT(*) FROM record WHERE body IS NOT NULL"));
  gm_session_close(o);
  case_close(a);
  case_unlink();
}

/* An erasure whose row cannot be written does not come about, and the log says so later. */
static void erase__needs_its_row(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  gm_session *o = session_as(
      s, (gm_access_who){.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "root"});
  int64_t twin = case_twin(a, "one", "t1"), who = 0;
  int n = 0;
  gm_entry e = case_entry(1, "a", "1", "1");
  case_must(gm_store_append(a, ctx, twin, &e, 1, NULL), "append");
  case_must(gm_store_subject(o, ctx, "one", false, &who), "subject");
  log_of(s);
  case_sql("ALTER TABLE audit RENAME TO elsewhere");
  assert_int_not_equal(GM_OK, gm_store_erase(o, ctx, who));
  case_sql("ALTER TABLE elsewhere RENAME TO audit");
  case_must(gm_store_read(a, ctx, &(gm_record_query){.twin = twin}, nothing, &n), "read");
  assert_int_equal(2, n);
  case_must(gm_store_erase(o, ctx, who), "erase");
  logged l = log_of(s);
  assert_int_equal(3, l.erased);
  assert_int_equal(1, l.undone);
  gm_session_close(o);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(erase__leaves_a_tombstone),
                                     cmocka_unit_test(erase__needs_its_row),
                                     cmocka_unit_test(erase__leaves_nothing_in_files_or_memory),
                                     cmocka_unit_test(erase__holds_in_other_processes)};
  return case_main("erase", tests);
}
