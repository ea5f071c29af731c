/* SIGKILL while threads append, note and read: every row of the log that was acknowledged is there,
 * the log and all chains fit, and there is no record of a session that the log does not know.
 * 60 cycles; GEMEL_TORTURE=N: N cycles.
 * label: full */
#include "store/audit_case.h"
#include "gemel/rand.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS = 6 };

/* In memory that the child shares. */
typedef struct {
  _Atomic int64_t notes;
  gm_audit_head head[THREADS]; /* the last one that each thread was told */
  _Atomic int32_t whole[THREADS];
} acknowledged;

typedef struct {
  gm_store *s;
  int64_t twin;
  int thread;
  acknowledged *a;
} writer;

static void need(gm_status st, gm_ctx *own, const char *what)
{
  if (!st) return;
  fprintf(stderr, "%s: %s: %s\n", what, gm_status_name(st), gm_message(own));
  _exit(4);
}

/* Sessions come and go, so that the kill meets their openings and ends too. */
static void *write_on(void *user)
{
  writer *w = user;
  gm_ctx *own = NULL;
  if (gm_ctx_child(ctx, &own)) _exit(3);
  for (int64_t n = 0;; n++) {
    gm_access_who who = {.role = GM_AS_CLINICIAN, .use = GM_USE_CARE, .actor = "Dr. Test"};
    gm_session *a = NULL;
    char id[60];
    int64_t count = 0;
    gm_record_query q = {.twin = w->twin, .from_s = 1, .to_s = 2};
    snprintf(id, sizeof id, "%d-%d-%lld", (int)getpid(), w->thread, (long long)n);
    gm_entry e = case_entry(1.7e9, id, "1", id);
    need(gm_session_open(w->s, own, &who, &a), own, "session_open");
    need(gm_store_append(a, own, w->twin, &e, 1, NULL), own, "store_append");
    need(gm_store_read(a, own, &q, any_record, &count), own, "store_read");
    need(gm_audit_note(a, own, GM_AUDIT_EXPORTED, w->twin, 1, NULL), own, "audit_note");
    atomic_fetch_add(&w->a->notes, 1);
    if (n % 8 == 7) {
      atomic_store(&w->a->whole[w->thread], 0);
      need(gm_audit_head_get(w->s, own, &w->a->head[w->thread]), own, "audit_head_get");
      atomic_store(&w->a->whole[w->thread], 1);
    }
    gm_session_close(a);
  }
}

static void child(acknowledged *k)
{
  pthread_t thread[THREADS];
  writer w[THREADS];
  gm_session *a = case_store();
  int64_t twin = case_twin(a, "p", "t");
  gm_consent_rule all = {.permit = true, .actor = ""};
  /* the last kill may have come between the twin and its consent */
  need(gm_store_consent(a, ctx, twin, "all", &all), ctx, "consent");
  for (int i = 0; i < THREADS; i++) {
    w[i] = (writer){.s = gm_session_store(a), .twin = twin, .thread = i, .a = k};
    if (pthread_create(&thread[i], NULL, write_on, &w[i])) _exit(9);
  }
  for (;;) pause();
}

static void look(acknowledged *k)
{
  gm_session *a = case_store();
  gm_store *s = gm_session_store(a);
  nothing_found(s, NULL);
  for (int i = 0; i < THREADS; i++)
    if (atomic_load(&k->whole[i])) nothing_found(s, &k->head[i]);
  int64_t notes = case_number("SELECT COUNT(*) FROM audit WHERE kind = 9"),
          told = atomic_load(&k->notes);
  if (notes < told) fail_msg("%lld rows of %lld", (long long)notes, (long long)told);
  assert_true(notes <= told + THREADS); /* one more of each thread may have been on its way */
  atomic_store(&k->notes, notes);
  case_close(a);
}

static void kill__loses_no_row(void **state)
{
  (void)state;
  const char *torture = getenv("GEMEL_TORTURE");
  int cycles = torture ? atoi(torture) : case_pg ? 10 : 60;
  int64_t rows = 0, records = 0;
  acknowledged *k =
      mmap(NULL, sizeof *k, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(k != MAP_FAILED);
  for (int c = 0; c < cycles; c++) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) child(k);
    int64_t us = (case_pg ? 200000 : 4000) + (int64_t)(gm_hash64(11, (uint64_t)c) % 60000);
    struct timespec t = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&t, NULL);
    kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFSIGNALED(status)); /* it was writing, and had not failed */
    look(k);
    if (c % 20 < 19 && c + 1 < cycles) continue;
    rows += case_number("SELECT COUNT(*) FROM audit");
    records += case_number("SELECT COUNT(*) FROM record");
    memset(k, 0, sizeof *k);
    case_unlink(); /* so that looking stays short */
  }
  printf("%d kills, %lld rows of the log, %lld records: none lost, none without its session\n",
         cycles, (long long)rows, (long long)records);
  assert_true(rows > cycles && records > cycles);
  munmap(k, sizeof *k);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(kill__loses_no_row)};
  return case_main("audit kill", tests);
}
