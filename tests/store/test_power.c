/* The power fails at any moment of a store's life: whatever the disk kept of what was not synced,
 * every acknowledged record is there, none is half, the chain is whole, an erased subject stays
 * erased, and the store goes on. GEMEL_POWER=N (make torture): lives until N disks were looked at.
 * label: full */
#include "store/store_case.h"
#include "gemel/audit.h"
#include "gemel/rand.h"
#include "support/power_vfs.h"
#include <pthread.h>
#include <sqlite3.h>
#include <time.h>

enum { ACTS = 128, TWINS = 4, THREADS = 4, BODY_MAX = 70000, QUICK = 3000 };

static const char file[] = "/disk/store.db";

/* What the life does; begun and told are marks in the disk's log. */
typedef enum { OPEN, SUBJECT, TWIN, CONSENT, APPEND, DOCUMENT, ERASE, WITHDRAW } sort;
typedef struct {
  sort sort;
  int32_t who;     /* number of the twin or subject */
  int32_t of;      /* act whose things these are versions of: itself, or a corrected one */
  int32_t version; /* 1, then 2 */
  int32_t count, bytes;
} act;
static act acts[ACTS];
static int32_t act_count;
static bool begun[ACTS], told[ACTS];

static gm_session *session;
static int64_t subject[2], twin[TWINS];
static const int32_t whose[TWINS] = {0, 0, 1, 0};
static unsigned char wrapped[72]; /* key of subject 1 as it lies in the file */
static char document[GM_DOCUMENT_NAME_BYTES];
static uint64_t life_seed;

static int32_t act_new(act a)
{
  assert_true(act_count < ACTS);
  acts[act_count] = a;
  if (a.of < 0) acts[act_count].of = act_count;
  return act_count++;
}

static void begin(int32_t a) { power_mark(2 * a); }
static void tell(int32_t a) { power_mark(2 * a + 1); }

static gm_status open_at(gm_session **out)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = file, .master = "env:GEMEL_TEST_KEY", .create = true};
  gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
  gm_status st = gm_store_open(ctx, &o, &s);
  if (!st) st = gm_session_open(s, ctx, &who, out);
  if (st) gm_store_close(s);
  return st;
}

static void close_all(gm_session *a)
{
  gm_store *s = gm_session_store(a);
  gm_session_close(a);
  gm_store_close(s);
}

/* ---- what is written ------------------------------------------------------------------------- */
/* The body of a part of an act is known from its name alone. */
static size_t body_of(int32_t a, int32_t part, char out[BODY_MAX])
{
  size_t bytes = (size_t)acts[a].bytes;
  size_t used = (size_t)snprintf(out, BODY_MAX, "%d/%d/%d:", (int)acts[a].of, (int)part,
                                 (int)acts[a].version);
  for (; used < bytes; used++) out[used] = (char)('a' + (used * 7 + (size_t)a) % 26);
  return used;
}

static gm_status append(gm_ctx *own, int32_t a)
{
  enum { PARTS = 4 };
  static _Thread_local char body[PARTS][BODY_MAX];
  gm_entry e[PARTS];
  char id[PARTS][40], version[20];
  snprintf(version, sizeof version, "%d", (int)acts[a].version);
  for (int32_t i = 0; i < acts[a].count; i++) {
    snprintf(id[i], sizeof id[i], "%d/%d", (int)acts[a].of, (int)i);
    e[i] = case_entry(a, id[i], version, "");
    e[i].body = body[i];
    e[i].bytes = body_of(a, i, body[i]);
  }
  begin(a);
  gm_status st = gm_store_append(session, own, twin[acts[a].who], e, acts[a].count, NULL);
  if (!st) tell(a);
  return st;
}

static int32_t pick(int32_t what, int32_t below)
{
  return (int32_t)(gm_hash64(life_seed, (uint64_t)(act_count * 16 + what)) % (uint64_t)below);
}

static int32_t append_new(int32_t t)
{
  int32_t bytes = pick(1, 8) ? 20 + pick(2, 400) : 3000 + pick(3, 9000);
  return act_new((act){
      .sort = APPEND, .who = t, .of = -1, .version = 1, .count = 1 + pick(4, 4), .bytes = bytes});
}

static void append_now(int32_t t) { case_must(append(ctx, append_new(t)), "append"); }

typedef struct {
  int32_t act[3];
  gm_status status;
} caller;

static void *call(void *user)
{
  caller *c = user;
  gm_ctx *own = NULL;
  c->status = gm_ctx_child(ctx, &own);
  for (int i = 0; i < 3 && !c->status; i++) c->status = append(own, c->act[i]);
  gm_ctx_free(own);
  return NULL;
}

/* Callers at once, whose appends share commits. */
static void callers(void)
{
  pthread_t thread[THREADS];
  caller c[THREADS];
  for (int t = 0; t < THREADS; t++)
    for (int i = 0; i < 3; i++) c[t].act[i] = append_new(t % 3);
  for (int t = 0; t < THREADS; t++)
    assert_int_equal(0, pthread_create(&thread[t], NULL, call, &c[t]));
  for (int t = 0; t < THREADS; t++) {
    pthread_join(thread[t], NULL);
    assert_int_equal(GM_OK, c[t].status);
  }
}

static void correct(int32_t of)
{
  act a = acts[of];
  a.version = 2;
  a.bytes += 30;
  case_must(append(ctx, act_new(a)), "correction");
}

/* Another connection to the file, as a backup program would have it. */
static void sql(const char *text)
{
  sqlite3 *f = NULL;
  assert_int_equal(SQLITE_OK, sqlite3_open(file, &f));
  assert_int_equal(SQLITE_OK, sqlite3_exec(f, text, NULL, NULL, NULL));
  sqlite3_close(f);
}

static void wrapped_read(int64_t who)
{
  sqlite3 *f = NULL;
  sqlite3_stmt *s = NULL;
  assert_int_equal(SQLITE_OK, sqlite3_open(file, &f));
  assert_int_equal(SQLITE_OK,
                   sqlite3_prepare_v2(f, "SELECT key FROM subject WHERE id = ?", -1, &s, NULL));
  sqlite3_bind_int64(s, 1, who);
  assert_int_equal(SQLITE_ROW, sqlite3_step(s));
  assert_int_equal(sizeof wrapped, sqlite3_column_bytes(s, 0));
  memcpy(wrapped, sqlite3_column_blob(s, 0), sizeof wrapped);
  sqlite3_finalize(s);
  sqlite3_close(f);
}

/* ---- the life -------------------------------------------------------------------------------- */
static const gm_consent_rule all = {.permit = true, .actor = ""};

static void twin_begin(int32_t t)
{
  char name[20];
  int32_t a = act_new((act){.sort = TWIN, .who = t}), c = act_new((act){.sort = CONSENT, .who = t});
  snprintf(name, sizeof name, "twin-%d", (int)t);
  begin(a);
  case_must(gm_store_twin(session, ctx, subject[whose[t]], name, true, &twin[t]), "twin");
  tell(a);
  begin(c);
  case_must(gm_store_consent(session, ctx, twin[t], "all", &all), "consent");
  tell(c);
}

static void life_open(void)
{
  int32_t a = act_new((act){.sort = OPEN});
  begin(a);
  case_must(open_at(&session), "open");
  tell(a);
}

static void life_start(void)
{
  life_open();
  for (int32_t i = 0; i < 2; i++) {
    int32_t a = act_new((act){.sort = SUBJECT, .who = i});
    begin(a);
    case_must(gm_store_subject(session, ctx, i ? "one" : "zero", true, &subject[i]), "subject");
    tell(a);
  }
  for (int32_t t = 0; t < TWINS; t++) twin_begin(t);
}

static void erase_now(void)
{
  int32_t a = act_new((act){.sort = ERASE, .who = 1});
  wrapped_read(subject[1]);
  gm_access_who who = {.role = GM_AS_OPERATOR, .use = GM_USE_OPERATION, .actor = "keeper"};
  gm_session *keeper = NULL;
  case_must(gm_session_open(gm_session_store(session), ctx, &who, &keeper), "operator");
  begin(a);
  case_must(gm_store_erase(keeper, ctx, subject[1]), "erase");
  tell(a);
  gm_session_close(keeper);
}

static void withdraw_now(int32_t t)
{
  int32_t a = act_new((act){.sort = WITHDRAW, .who = t});
  begin(a);
  case_must(gm_store_consent(session, ctx, twin[t], "all", NULL), "withdrawal");
  tell(a);
}

static void document_now(void)
{
  char text[6000];
  int32_t a = act_new((act){.sort = DOCUMENT});
  memset(text, 'd', sizeof text);
  begin(a);
  case_must(gm_store_document_put(session, ctx, text, sizeof text, document), "document");
  tell(a);
}

static void life(uint64_t seed)
{
  act_count = 0;
  life_seed = seed;
  power_format();
  power_record(true);
  life_start();
  int32_t first = act_count;
  for (int32_t i = 0; i < 3; i++) append_now(i);
  document_now();
  callers();
  correct(first);
  sql("PRAGMA wal_checkpoint(RESTART)"); /* the log is written over from its beginning */
  append_now(0);
  append_now(3);
  erase_now();
  append_now(1);
  withdraw_now(3);
  sql("PRAGMA wal_checkpoint(PASSIVE)");
  append_now(0);
  close_all(session);
  life_open();
  append_now(1);
  correct(first + 1);
  int32_t big = append_new(0);
  acts[big].bytes = 60000;
  case_must(append(ctx, big), "append");
  close_all(session);
  power_record(false);
}

/* ---- what is left ---------------------------------------------------------------------------- */
static bool any(sort s, int32_t who, const bool *of)
{
  for (int32_t a = 0; a < act_count; a++)
    if (acts[a].sort == s && acts[a].who == who && of[a]) return true;
  return false;
}

typedef struct {
  int32_t part[ACTS];
  int32_t twin;
  bool wrong;
} found;

static gm_status hear(void *user, const gm_record_found *r)
{
  static char body[BODY_MAX];
  found *f = user;
  int of = -1, part = -1, version = atoi(r->version);
  if (r->kind == GM_RECORD_CONSENT) return GM_OK;
  sscanf(r->id, "%d/%d", &of, &part);
  for (int32_t a = 0; a < act_count; a++) {
    if (acts[a].sort != APPEND || acts[a].of != of || acts[a].version != version) continue;
    bool good = acts[a].who == f->twin && part >= 0 && part < acts[a].count &&
                r->bytes == body_of(a, part, body) && !memcmp(r->body, body, r->bytes) &&
                r->t_true_s == a;
    f->wrong |= !good;
    f->part[a]++;
    return GM_OK;
  }
  f->wrong = true;
  return GM_OK;
}

static char finding[600];
#define WRONG(...) (snprintf(finding, sizeof finding, __VA_ARGS__), false)

static bool parts_good(const found *f, int32_t t)
{
  for (int32_t a = 0; a < act_count; a++) {
    if (acts[a].sort != APPEND || acts[a].who != t) continue;
    if (f->part[a] != 0 && f->part[a] != acts[a].count)
      return WRONG("append %d: %d of %d parts", a, f->part[a], acts[a].count);
    if (told[a] && !f->part[a]) return WRONG("append %d was acknowledged and is lost", a);
    if (!begun[a] && f->part[a]) return WRONG("append %d is there before it was made", a);
  }
  return true;
}

static bool twin_good(gm_session *s, int32_t t)
{
  char name[20];
  found f = {.twin = t};
  int64_t id = 0;
  snprintf(name, sizeof name, "twin-%d", (int)t);
  gm_status st = gm_store_twin(s, ctx, 0, name, false, &id);
  bool gone = any(ERASE, whose[t], begun), must_go = any(ERASE, whose[t], told);
  if (st == GM_ENOTFOUND && any(TWIN, t, told) && !gone) return WRONG("twin %d is lost", t);
  if (st == GM_ENOTFOUND) return true;
  if (st) return WRONG("twin %d: %s: %s", t, gm_status_name(st), gm_message(ctx));
  st = gm_store_read(s, ctx, &(gm_record_query){.twin = id, .all_versions = true}, hear, &f);
  if (must_go && st != GM_ENOTFOUND)
    return WRONG("twin %d of an erased subject: %s", t, gm_status_name(st));
  if (gone && st == GM_ENOTFOUND) return true;
  if (any(WITHDRAW, t, told) && st != GM_EDENIED)
    return WRONG("a withdrawal is lost: %s", gm_status_name(st));
  bool may_be_denied = !any(CONSENT, t, told) || any(WITHDRAW, t, begun);
  if (st == GM_EDENIED && may_be_denied) return true;
  if (st) return WRONG("reading twin %d: %s: %s", t, gm_status_name(st), gm_message(ctx));
  if (f.wrong) return WRONG("twin %d has a record that is not its own or not as it was", t);
  return parts_good(&f, t);
}

/* It goes on: what is added now can be read. */
static bool goes_on(gm_session *s)
{
  int64_t who = 0, id = 0;
  gm_receipt r = {0};
  gm_entry e = case_entry(1, "after", "1", "after the cut");
  gm_status st = gm_store_subject(s, ctx, "after", true, &who);
  if (!st) st = gm_store_twin(s, ctx, who, "after", true, &id);
  if (!st) st = gm_store_consent(s, ctx, id, "all", &all);
  if (!st) st = gm_store_append(s, ctx, id, &e, 1, &r);
  return st ? WRONG("going on: %s: %s", gm_status_name(st), gm_message(ctx)) : true;
}

static bool store_good(gm_session *s)
{
  int64_t bad_twin = 0, bad = 0, who = 0;
  for (int32_t i = 0; i < 2; i++) {
    gm_status st = gm_store_subject(s, ctx, i ? "one" : "zero", false, &who);
    bool gone = any(ERASE, i, begun);
    if (st && (st != GM_ENOTFOUND || (any(SUBJECT, i, told) && !gone)))
      return WRONG("subject %d: %s", i, gm_status_name(st));
    if (!st && any(ERASE, i, told)) return WRONG("subject %d came back", i);
  }
  for (int32_t t = 0; t < TWINS; t++)
    if (!twin_good(s, t)) return false;
  if (any(DOCUMENT, 0, told)) {
    char *text = NULL;
    size_t bytes = 0;
    gm_status st = gm_store_document_get(s, ctx, document, &text, &bytes);
    gm_free(text);
    if (st) return WRONG("document: %s", gm_status_name(st));
  }
  gm_status st = gm_store_verify(gm_session_store(s), ctx, 0, &bad_twin, &bad);
  if (st || bad)
    return WRONG("verify: %s, record %lld does not fit", gm_status_name(st), (long long)bad);
  gm_audit_finding f = {.what = ""};
  st = gm_audit_verify(gm_session_store(s), ctx, NULL, &f);
  if (st || f.audit_seq || f.twin)
    return WRONG("audit: %s, row %lld: %s", gm_status_name(st), (long long)f.audit_seq, f.what);
  return goes_on(s);
}

static bool disk_good(void)
{
  gm_session *s = NULL;
  if (any(ERASE, 1, told) && power_holds(wrapped, sizeof wrapped))
    return WRONG("the key of an erased subject is on the disk");
  gm_status st = open_at(&s);
  if (st) return WRONG("open: %s: %s", gm_status_name(st), gm_message(ctx));
  bool good = store_good(s);
  close_all(s);
  return good;
}

/* ---- cuts ------------------------------------------------------------------------------------ */
typedef struct {
  power_replay *r;
  uint64_t seed;
  int32_t at, keep_one_in; /* of the disks, to stay quick */
  bool again;              /* a life that began after a cut; what was told of by then: */
  bool begun[ACTS], told[ACTS];
  int64_t points, disks, looked, bad;
  bool stop_at_bad;
} cutter;

static void look(cutter *c, power_cut cut)
{
  c->disks++;
  if (gm_hash64(c->seed, (uint64_t)c->disks) % (uint64_t)c->keep_one_in) return;
  c->looked++;
  power_replay_mount(c->r, &cut);
  if (disk_good()) return;
  c->bad++;
  if (!c->stop_at_bad) return;
  power_replay_mount(c->r, &cut);
  power_dump(case_folder);
  fail_msg("life %llu%s, change %d, cut %d/%d/%d: %s (the disk: %s)", (unsigned long long)c->seed,
           c->again ? ", gone on" : "", (int)c->at, (int)cut.sort, (int)cut.n, (int)cut.tear,
           finding, case_folder);
}

/* All that one moment may leave: any first changes; every pending write torn at each sector, after
 * those before it and alone; random parts of the changes and of their sectors. Since the moment
 * before, only what the last change brought is new, unless something was told or synced. */
static void moment(cutter *c, bool all_new)
{
  int32_t pending = power_replay_pending(c->r), first = all_new || !pending ? 0 : pending - 1;
  if (all_new) look(c, (power_cut){.sort = POWER_PREFIX, .n = 0});
  for (int32_t n = first; n < pending; n++) {
    look(c, (power_cut){.sort = POWER_PREFIX, .n = n + 1});
    if (n) look(c, (power_cut){.sort = POWER_ALONE, .n = n});
    for (int32_t t = 1; t <= power_replay_tears(c->r, n); t++) {
      look(c, (power_cut){.sort = POWER_TORN, .n = n, .tear = t});
      if (n) look(c, (power_cut){.sort = POWER_ALONE, .n = n, .tear = t});
    }
  }
  for (uint64_t i = 0; i < 12 && pending > 1; i++) {
    uint64_t seed = gm_hash64(c->seed + i, (uint64_t)c->at);
    look(c, (power_cut){.sort = POWER_SOME, .seed = seed});
    look(c, (power_cut){.sort = POWER_SHARDS, .seed = seed});
  }
}

static void marked(int32_t mark)
{
  if (mark >= 0) (mark % 2 ? told : begun)[mark / 2] = true;
}

static void cut_everywhere(cutter *c, bool deaf)
{
  int32_t mark = -1, before = 0;
  memcpy(begun, c->begun, sizeof begun);
  memcpy(told, c->told, sizeof told);
  c->r = power_replay_new(c->again, deaf);
  for (c->at = 0; power_replay_next(c->r, &mark); c->at++) {
    marked(mark);
    c->points++;
    moment(c, power_replay_pending(c->r) != before + 1);
    before = power_replay_pending(c->r);
  }
  power_replay_free(c->r);
}

/* The disk is as some cut of the life left it, at a moment after the twins were made: from there
 * the store is opened, used, and its power cut again. What is to be found of the first life is what
 * it had been told by then. */
static void go_on_after_a_cut(cutter *c, uint64_t turn)
{
  int32_t mark = -1, acts_before = act_count, length = power_length();
  uint64_t chance = gm_hash64(c->seed + 77, turn);
  power_cut cut = {.sort = turn % 2 ? POWER_SHARDS : POWER_SOME, .seed = chance};
  power_replay *r = power_replay_new(false, false);
  memset(begun, 0, sizeof begun);
  memset(told, 0, sizeof told);
  int32_t until = length / 3 + (int32_t)(chance % (uint64_t)(length * 2 / 3));
  for (int32_t at = 0; power_replay_next(r, &mark); at++) {
    marked(mark);
    if (at >= until && any(CONSENT, TWINS - 1, told) && power_replay_pending(r) > 2) break;
  }
  power_replay_mount(r, &cut);
  power_replay_free(r);
  power_keep();
  c->again = true;
  memcpy(c->begun, begun, sizeof begun);
  memcpy(c->told, told, sizeof told);
  power_record(true);
  life_open();
  append_now(0);
  append_now(0);
  sql("PRAGMA wal_checkpoint(RESTART)");
  append_now(0);
  close_all(session);
  power_record(false);
  cut_everywhere(c, false);
  act_count = acts_before;
}

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Whatever a power cut leaves of a disk that keeps its promises, nothing acknowledged is lost. */
static void cut__loses_nothing_acknowledged(void **state)
{
  (void)state;
  const char *wish = getenv("GEMEL_POWER");
  int64_t want = wish ? atoll(wish) : QUICK;
  int64_t lives = 0, points = 0, disks = 0, looked = 0;
  double began = now_s();
  power_mount();
  while (looked < want) {
    cutter c = {.seed = (uint64_t)lives, .keep_one_in = wish ? 1 : 12, .stop_at_bad = true};
    life(c.seed);
    cut_everywhere(&c, false);
    for (uint64_t turn = 0; turn < (wish ? 4 : 1); turn++) {
      if (turn) life(c.seed); /* its log is needed again */
      go_on_after_a_cut(&c, turn);
    }
    lives++;
    points += c.points, disks += c.disks, looked += c.looked;
    if (wish) {
      printf("life %lld: %lld moments, %lld disks so far, %.0f s\n", (long long)lives,
             (long long)points, (long long)looked, now_s() - began);
      fflush(stdout);
    }
  }
  power_unmount();
  printf("%lld lives, %lld moments of a cut, %lld disks it may leave, %lld of them looked at: "
         "none lost, none half (%.0f s)\n",
         (long long)lives, (long long)points, (long long)disks, (long long)looked, now_s() - began);
}

/* The same look at a disk whose syncs do nothing finds what it loses: the test can fail. */
static void cut__of_a_disk_that_lies_is_found(void **state)
{
  (void)state;
  cutter c = {.keep_one_in = 400};
  power_mount();
  life(1);
  cut_everywhere(&c, true);
  power_unmount();
  printf("a disk that lies: %lld of %lld are found\n", (long long)c.bad, (long long)c.looked);
  assert_true(c.bad > c.looked / 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(cut__loses_nothing_acknowledged),
                                     cmocka_unit_test(cut__of_a_disk_that_lies_is_found)};
  return cmocka_run_group_tests_name("power", tests, case_begin, case_end);
}
