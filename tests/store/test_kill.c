/* SIGKILL while eight threads append, file documents, change consents, write cards and erase
 * subjects: what was acknowledged is there, whole, and in order.
 * 300 cycles; GEMEL_TORTURE=N (make torture): N cycles.
 * label: full */
#include "store/store_case.h"
#include "gemel/audit.h"
#include "gemel/rand.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS = 8, PARTS = 3, CARDS = 2, EVERY = 16 };

/* In memory that the child shares: what each thread was told is on the disk. */
typedef struct {
  _Atomic int32_t done[THREADS];     /* appends */
  _Atomic int32_t consents[THREADS]; /* number of the last consent, 0: none */
  _Atomic int32_t cards[CARDS];      /* of the card of the thread's own twin */
  _Atomic int32_t erased;            /* subjects */
  _Atomic bool filed[THREADS];
  char document[THREADS][GM_DOCUMENT_NAME_BYTES];
} acknowledged;

typedef struct {
  gm_session *s, *engine, *keeper;
  int64_t twin, own; /* own: the thread's twin, for its card */
  int32_t thread, begin, erased;
  acknowledged *a;
} writer;

static void needs(gm_status st, gm_ctx *own, int code)
{
  if (!st) return;
  fprintf(stderr, "%s: %s\n", gm_status_name(st), gm_message(own));
  _exit(code);
}

static void file_document(writer *w, gm_ctx *own, int32_t n)
{
  char text[60], name[GM_DOCUMENT_NAME_BYTES];
  snprintf(text, sizeof text, "document %d of thread %d", (int)n, (int)w->thread);
  needs(gm_store_document_put(w->s, own, text, strlen(text), name), own, 6);
  atomic_store(&w->a->filed[w->thread], false);
  memcpy(w->a->document[w->thread], name, sizeof name);
  atomic_store(&w->a->filed[w->thread], true);
}

/* A rule about somebody who is named by the number of the change. */
static void change_consent(writer *w, gm_ctx *own, int32_t n)
{
  char id[20], actor[40];
  snprintf(id, sizeof id, "c%d", (int)w->thread);
  snprintf(actor, sizeof actor, "%d %d", (int)w->thread, (int)n + 1);
  gm_consent_rule rule = {.permit = true, .actor = actor};
  needs(gm_store_consent(w->s, own, w->twin, id, &rule), own, 7);
  atomic_store(&w->a->consents[w->thread], n + 1);
}

static void write_card(writer *w, gm_ctx *own, int32_t n)
{
  char text[40];
  snprintf(text, sizeof text, "card %d", (int)n + 1);
  needs(gm_store_card_put(w->engine, own, w->own, 1, text, strlen(text)), own, 8);
  atomic_store(&w->a->cards[w->thread], n + 1);
}

static void erase_one(writer *w, gm_ctx *own)
{
  char name[20];
  int64_t who = 0, twin = 0;
  int32_t n = w->erased++;
  gm_consent_rule all = {.permit = true, .actor = ""};
  snprintf(name, sizeof name, "e%d", (int)n);
  gm_status st = gm_store_subject(w->s, own, name, true, &who);
  if (st == GM_ENOTFOUND) return; /* erased before the kill, and that was not told */
  if (!st) st = gm_store_twin(w->s, own, who, name, true, &twin);
  if (!st) st = gm_store_consent(w->s, own, twin, "all", &all);
  gm_entry e = case_entry(n, "a", "1", "x");
  if (!st) st = gm_store_append(w->s, own, twin, &e, 1, NULL);
  if (!st) st = gm_store_erase(w->keeper, own, who);
  needs(st, own, 9);
  atomic_store(&w->a->erased, n + 1);
}

static void others(writer *w, gm_ctx *own, int32_t n)
{
  int32_t turn = (n + 3 * w->thread) % EVERY;
  if (turn == 2) file_document(w, own, n);
  if (turn == 6) change_consent(w, own, n);
  if (turn == 10 && w->thread < CARDS) write_card(w, own, n);
  if (turn == 4 && w->thread == 0) erase_one(w, own);
}

static void *write_on(void *user)
{
  writer *w = user;
  gm_ctx *own = NULL;
  if (gm_ctx_child(ctx, &own)) _exit(3);
  for (int32_t n = w->begin;; n++) {
    gm_entry e[PARTS];
    char id[PARTS][40];
    for (int i = 0; i < PARTS; i++) {
      snprintf(id[i], sizeof id[i], "%d-%d-%d", (int)w->thread, (int)n, i);
      e[i] = case_entry(n, id[i], "1", id[i]);
    }
    needs(gm_store_append(w->s, own, w->twin, e, PARTS, NULL), own, 4);
    atomic_store(&w->a->done[w->thread], n + 1);
    others(w, own, n);
  }
}

/* The kill may have come between the twin and its consent. */
static int64_t twin_of(gm_session *s, const char *name)
{
  gm_consent_rule all = {.permit = true, .actor = ""};
  int64_t twin = case_twin(s, "p", name);
  gm_status st = gm_store_may(s, ctx, twin, GM_ACT_ADD, GM_RECORD_OBSERVATION, GM_CLASS_CLINICAL);
  if (st == GM_EDENIED) st = gm_store_consent(s, ctx, twin, "all", &all);
  needs(st, ctx, 10);
  return twin;
}

static void child(acknowledged *a)
{
  pthread_t thread[THREADS];
  writer w[THREADS];
  gm_session *s = case_store();
  gm_session *engine = case_session(s, GM_AS_ENGINE, GM_USE_CARE);
  gm_session *keeper = case_session(s, GM_AS_OPERATOR, GM_USE_OPERATION);
  int64_t twin = twin_of(s, "t");
  for (int i = 0; i < THREADS; i++) {
    char name[20];
    snprintf(name, sizeof name, "card-%d", i);
    w[i] = (writer){.s = s,
                    .engine = engine,
                    .keeper = keeper,
                    .twin = twin,
                    .own = i < CARDS ? twin_of(s, name) : 0,
                    .thread = i,
                    .begin = atomic_load(&a->done[i]),
                    .erased = atomic_load(&a->erased),
                    .a = a};
    if (pthread_create(&thread[i], NULL, write_on, &w[i])) _exit(5);
  }
  for (;;) pause();
}

typedef struct {
  int32_t part[THREADS]; /* parts found of each thread's appends */
  bool wrong;
} found;

static gm_status count(void *user, const gm_record_found *r)
{
  found *f = user;
  int thread = -1, n = -1, part = -1;
  char id[40];
  if (r->kind == GM_RECORD_CONSENT) return GM_OK;
  snprintf(id, sizeof id, "%s", r->id);
  f->wrong = f->wrong || sscanf(id, "%d-%d-%d", &thread, &n, &part) != 3 || thread < 0 ||
             thread >= THREADS || r->bytes != strlen(r->id) ||
             memcmp(r->body, r->id, r->bytes) != 0 || n != (int)r->t_true_s;
  if (!f->wrong) f->part[thread]++;
  return GM_OK;
}

/* Every acknowledged append is there, and of those under way all parts or none. Since a thread's
 * appends follow each other, at most one more than acknowledged can be there. */
static void look_records(gm_session *s, int64_t twin, acknowledged *a, int cycle)
{
  found f = {{0}, false};
  case_must(gm_store_read(s, ctx, &(gm_record_query){.twin = twin}, count, &f), "read");
  assert_false(f.wrong);
  for (int i = 0; i < THREADS; i++) {
    int32_t acked = atomic_load(&a->done[i]);
    if (f.part[i] % PARTS || f.part[i] / PARTS < acked || f.part[i] / PARTS > acked + 1)
      fail_msg("cycle %d, thread %d: %d parts of %d acknowledged appends of %d", cycle, i,
               (int)f.part[i], (int)acked, PARTS);
    atomic_store(&a->done[i], f.part[i] / PARTS);
  }
}

/* The last consent of each thread, or the one that was on its way. */
static void look_consents(gm_session *s, int64_t twin, acknowledged *a, int cycle)
{
  gm_arena *memory = NULL;
  gm_consent_rule *rule = NULL;
  int32_t rules = 0, last[THREADS] = {0};
  case_must(gm_arena_new(ctx, 4096, &memory), "arena");
  case_must(gm_store_consents(s, ctx, twin, memory, &rule, &rules), "consents");
  for (int32_t i = 0; i < rules; i++) {
    int thread = 0, n = 0;
    if (sscanf(rule[i].actor, "%d %d", &thread, &n) == 2 && thread >= 0 && thread < THREADS)
      last[thread] = n;
  }
  gm_arena_free(memory);
  for (int i = 0; i < THREADS; i++) {
    int32_t acked = atomic_load(&a->consents[i]);
    if (last[i] < acked || (last[i] > acked && last[i] > atomic_load(&a->done[i])))
      fail_msg("cycle %d, thread %d: consent %d, %d was acknowledged", cycle, i, (int)last[i],
               (int)acked);
    atomic_store(&a->consents[i], last[i]);
  }
}

static gm_status card_hear(void *user, const gm_card_found *c)
{
  int32_t *last = user;
  char text[40];
  int thread = -1, n = 0;
  snprintf(text, sizeof text, "%.*s", (int)c->bytes, (const char *)c->body);
  assert_int_equal(1, sscanf(text, "card %d", &n));
  assert_int_equal(1, sscanf(c->name, "card-%d", &thread));
  assert_true(thread >= 0 && thread < CARDS);
  last[thread] = n;
  return GM_OK;
}

static void look_others(gm_session *s, acknowledged *a, int cycle)
{
  int32_t card[CARDS] = {0}, erased = atomic_load(&a->erased);
  int64_t who = 0;
  char name[20];
  case_must(gm_store_cards(s, ctx, card_hear, card, NULL), "cards");
  for (int i = 0; i < CARDS; i++) {
    if (card[i] < atomic_load(&a->cards[i]))
      fail_msg("cycle %d, thread %d: card %d, %d was acknowledged", cycle, i, (int)card[i],
               (int)atomic_load(&a->cards[i]));
    atomic_store(&a->cards[i], card[i]);
  }
  for (int i = 0; i < THREADS; i++) {
    char *text = NULL;
    size_t bytes = 0;
    if (!atomic_load(&a->filed[i])) continue;
    case_must(gm_store_document_get(s, ctx, a->document[i], &text, &bytes), "document");
    gm_free(text);
  }
  for (int32_t n = erased > 3 ? erased - 3 : 0; n < erased; n++) {
    snprintf(name, sizeof name, "e%d", (int)n);
    assert_int_equal(GM_ENOTFOUND, gm_store_subject(s, ctx, name, false, &who));
  }
}

/* After the kill. */
static void look(acknowledged *a, int cycle)
{
  gm_session *s = case_store();
  int64_t twin = twin_of(s, "t"), bad_twin = 0, bad = 0;
  gm_audit_finding f = {.what = ""};
  look_records(s, twin, a, cycle);
  look_consents(s, twin, a, cycle);
  look_others(s, a, cycle);
  case_must(gm_store_verify(gm_session_store(s), ctx, 0, &bad_twin, &bad), "verify");
  assert_int_equal(0, bad);
  case_must(gm_audit_verify(gm_session_store(s), ctx, NULL, &f), "audit");
  if (f.audit_seq || f.twin)
    fail_msg("cycle %d: audit row %lld, twin's record %lld: %s", cycle, (long long)f.audit_seq,
             (long long)f.twin_seq, f.what);
  case_close(s);
}

static void nap(int64_t us)
{
  struct timespec t = {us / 1000000, (us % 1000000) * 1000};
  nanosleep(&t, NULL);
}

static void kill__loses_nothing_acknowledged(void **state)
{
  (void)state;
  const char *torture = getenv("GEMEL_TORTURE");
  int cycles = torture ? atoi(torture) : 300, records = 0, consents = 0, erased = 0;
  acknowledged *a =
      mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(a != MAP_FAILED);
  for (int c = 0; c < cycles; c++) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      setenv("CMOCKA_TEST_ABORT", "1", 1); /* what fails here ends this process */
      child(a);
    }
    nap(2000 + (int64_t)(gm_hash64(7, (uint64_t)c) % 30000) + (c % 8 == 7 ? 80000 : 0));
    kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFSIGNALED(status) &&
                WTERMSIG(status) == SIGKILL); /* it was writing, and had not failed */
    look(a, c);
    if (c % 50 < 49 && c + 1 < cycles) continue;
    for (int i = 0; i < THREADS; i++) records += PARTS * atomic_load(&a->done[i]);
    for (int i = 0; i < THREADS; i++) consents += atomic_load(&a->consents[i]) > 0;
    erased += atomic_load(&a->erased);
    memset((void *)a, 0, sizeof *a);
    case_unlink(); /* so that reading them all stays short */
  }
  printf("%d cycles, %d records, %d subjects erased: none lost, none half, none back\n", cycles,
         records, erased);
  assert_true(consents > 0);
  assert_true(records > cycles);
  munmap(a, sizeof *a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(kill__loses_nothing_acknowledged)};
  return cmocka_run_group_tests_name("kill", tests, case_begin, case_end);
}
