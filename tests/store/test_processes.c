/* Several processes at one store: two and four of them append at once to twins of their own and to
 * one that they share; nothing is lost, the chains are whole, and GM_EBUSY comes only after the
 * stated wait of 30 s (waited for with GEMEL_TORTURE, make torture).
 * label: full */
#include "store/store_case.h"
#include "gemel/audit.h"
#include <pthread.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { PROCESSES_MAX = 4, THREADS = 4, WAIT_S = 30 };

static double now_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* In memory that all share. */
typedef struct {
  _Atomic bool go;
  _Atomic int32_t ready, done[PROCESSES_MAX][THREADS];
  _Atomic int64_t commits;
} shared;

typedef struct {
  gm_session *s;
  shared *m;
  int64_t own, common;
  int process, thread, appends;
} writer;

static void *write_on(void *user)
{
  writer *w = user;
  gm_ctx *mine = NULL;
  if (gm_ctx_child(ctx, &mine)) _exit(3);
  for (int n = 0; n < w->appends; n++) {
    char id[40];
    snprintf(id, sizeof id, "%d-%d-%d", w->process, w->thread, n);
    gm_entry e = case_entry(n, id, "1", id);
    if (gm_store_append(w->s, mine, n % 2 ? w->common : w->own, &e, 1, NULL)) {
      fprintf(stderr, "process %d: %s\n", w->process, gm_message(mine));
      _exit(4);
    }
    atomic_fetch_add(&w->m->done[w->process][w->thread], 1);
  }
  gm_ctx_free(mine);
  return NULL;
}

static void child(shared *m, int process, int appends)
{
  pthread_t thread[THREADS];
  writer w[THREADS];
  char name[20];
  gm_session *s = case_store(); /* they may all be making it */
  snprintf(name, sizeof name, "own-%d", process);
  int64_t own = case_twin(s, name, name), common = case_twin(s, "common", "common");
  atomic_fetch_add(&m->ready, 1);
  while (!atomic_load(&m->go)) usleep(1000);
  for (int i = 0; i < THREADS; i++) {
    w[i] = (writer){s, m, own, common, process, i, appends};
    if (pthread_create(&thread[i], NULL, write_on, &w[i])) _exit(5);
  }
  for (int i = 0; i < THREADS; i++) pthread_join(thread[i], NULL);
  atomic_fetch_add(&m->commits, gm_store_commits(gm_session_store(s)));
  case_close(s);
}

typedef struct {
  int32_t found[PROCESSES_MAX][THREADS];
  bool wrong;
} heard;

static gm_status hear(void *user, const gm_record_found *r)
{
  heard *h = user;
  int p = -1, t = -1, n = -1;
  if (r->kind == GM_RECORD_CONSENT) return GM_OK;
  bool good = sscanf(r->id, "%d-%d-%d", &p, &t, &n) == 3 && p >= 0 && p < PROCESSES_MAX && t >= 0 &&
              t < THREADS && r->bytes == strlen(r->id) && !memcmp(r->body, r->id, r->bytes);
  if (good) h->found[p][t]++;
  h->wrong |= !good;
  return GM_OK;
}

static void look(int processes, int appends)
{
  gm_session *s = case_store();
  heard h = {.wrong = false};
  int64_t bad_twin = 0, bad = 0;
  gm_audit_finding a = {.what = ""};
  for (int i = -1; i < processes; i++) {
    char name[20];
    snprintf(name, sizeof name, "own-%d", i);
    int64_t twin = i < 0 ? case_twin(s, "common", "common") : case_twin(s, name, name);
    case_must(gm_store_read(s, ctx, &(gm_record_query){.twin = twin}, hear, &h), "read");
  }
  assert_false(h.wrong);
  for (int p = 0; p < processes; p++)
    for (int t = 0; t < THREADS; t++) assert_int_equal(appends, h.found[p][t]);
  case_must(gm_store_verify(gm_session_store(s), ctx, 0, &bad_twin, &bad), "verify");
  assert_int_equal(0, bad);
  case_must(gm_audit_verify(gm_session_store(s), ctx, NULL, &a), "audit");
  if (a.audit_seq || a.twin) fail_msg("audit row %lld: %s", (long long)a.audit_seq, a.what);
  case_close(s);
}

static void run(int processes, int appends)
{
  pid_t pid[PROCESSES_MAX];
  shared *m = mmap(NULL, sizeof *m, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(m != MAP_FAILED);
  for (int p = 0; p < processes; p++) {
    pid[p] = fork();
    assert_true(pid[p] >= 0);
    if (pid[p] == 0) {
      setenv("CMOCKA_TEST_ABORT", "1", 1); /* what fails here ends this process */
      child(m, p, appends);
      _exit(0);
    }
  }
  while (atomic_load(&m->ready) < processes && waitpid(-1, NULL, WNOHANG) == 0) usleep(1000);
  double began = now_s();
  atomic_store(&m->go, true);
  for (int p = 0; p < processes; p++) {
    int status = -1;
    assert_int_equal(pid[p], waitpid(pid[p], &status, 0));
    assert_true(WIFEXITED(status));
    assert_int_equal(0, WEXITSTATUS(status));
  }
  double took = now_s() - began;
  int total = processes * THREADS * appends;
  printf("%d processes of %d writers: %d records, %.0f/s, %.1f a commit\n", processes, THREADS,
         total, total / took, (double)total / (double)atomic_load(&m->commits));
  look(processes, appends);
  munmap(m, sizeof *m);
  case_unlink();
}

/* Made at once by all, written at once by all. */
static void processes__share_a_store(void **state)
{
  (void)state;
  int appends = getenv("GEMEL_TORTURE") ? 1000 : 60;
  run(2, appends);
  run(4, appends);
}

/* Processes that make the store at the same moment: all get it, and it is one. */
static void processes__make_it_together(void **state)
{
  (void)state;
  int rounds = getenv("GEMEL_TORTURE") ? 300 : 20;
  for (int round = 0; round < rounds; round++) {
    for (int p = 0; p < PROCESSES_MAX; p++) {
      pid_t pid = fork();
      assert_true(pid >= 0);
      if (pid == 0) {
        setenv("CMOCKA_TEST_ABORT", "1", 1);
        gm_session *s = case_store();
        case_twin(s, "p", "t");
        case_close(s);
        _exit(0);
      }
    }
    int good = 0;
    for (int p = 0; p < PROCESSES_MAX; p++) {
      int status = -1;
      assert_true(wait(&status) > 0);
      good += WIFEXITED(status) && WEXITSTATUS(status) == 0;
    }
    assert_int_equal(PROCESSES_MAX, good);
    look(0, 0);
    case_unlink();
  }
}

/* Another process writes for a while: an append waits for it, and comes through; when it goes on
 * for longer than the stated wait, GM_EBUSY, and nothing of the append is there. */
static void busy__only_after_the_wait(void **state)
{
  (void)state;
  bool long_wait = getenv("GEMEL_TORTURE") != NULL;
  gm_session *s = case_store();
  int64_t twin = case_twin(s, "p", "t");
  gm_entry e = case_entry(1, "a", "1", "x");
  for (int again = 0; again <= long_wait; again++) {
    double hold_s = again ? WAIT_S + 8 : 1.5;
    int end[2];
    char ready;
    assert_int_equal(0, pipe(end));
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
      sqlite3 *f = NULL;
      bool held = sqlite3_open(case_file, &f) == SQLITE_OK &&
                  sqlite3_exec(f, "BEGIN IMMEDIATE", NULL, NULL, NULL) == SQLITE_OK;
      if (!held || write(end[1], "x", 1) != 1) _exit(1);
      usleep((useconds_t)(hold_s * 1e6));
      _exit(0);
    }
    assert_int_equal(1, read(end[0], &ready, 1));
    e.id = again ? "b" : "a";
    double began = now_s();
    gm_status st = gm_store_append(s, ctx, twin, &e, 1, NULL);
    double took = now_s() - began;
    assert_int_equal(again ? GM_EBUSY : GM_OK, st);
    assert_true(took > (again ? WAIT_S - 0.1 : 1.3) && took < (again ? WAIT_S + 7 : 20));
    assert_int_equal(pid, waitpid(pid, NULL, 0));
    case_must(gm_store_append(s, ctx, twin, &e, 1, NULL), "once it is free");
    close(end[0]);
    close(end[1]);
  }
  case_close(s);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(processes__share_a_store),
                                     cmocka_unit_test(processes__make_it_together),
                                     cmocka_unit_test(busy__only_after_the_wait)};
  return cmocka_run_group_tests_name("processes", tests, case_begin, case_end);
}
