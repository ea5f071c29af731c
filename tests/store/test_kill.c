/* SIGKILL while eight threads append: what was acknowledged is there, whole, and in order.
 * 300 cycles; GEMEL_TORTURE=N (make torture): N cycles.
 * label: full */
#include "store/store_case.h"
#include "gemel/rand.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>

enum { THREADS = 8, PARTS = 3 };

/* In memory that the child shares: appends that each thread was told are on the disk. */
typedef struct {
  _Atomic int32_t done[THREADS];
} acknowledged;

typedef struct {
  gm_store *s;
  int64_t twin;
  int32_t thread, begin;
  acknowledged *a;
} writer;

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
    if (gm_store_append(w->s, own, w->twin, e, PARTS, NULL)) _exit(4);
    atomic_store(&w->a->done[w->thread], n + 1);
  }
}

static void child(acknowledged *a)
{
  gm_store *s = NULL;
  gm_store_options o = {.url = case_file, .master = "env:GEMEL_TEST_KEY", .create = true};
  pthread_t thread[THREADS];
  writer w[THREADS];
  if (gm_store_open(ctx, &o, &s)) _exit(2);
  int64_t who = 0, twin = 0;
  if (gm_store_subject(s, ctx, "p", true, &who) || gm_store_twin(s, ctx, who, "t", true, &twin))
    _exit(2);
  for (int i = 0; i < THREADS; i++) {
    w[i] = (writer){.s = s, .twin = twin, .thread = i, .begin = atomic_load(&a->done[i]), .a = a};
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
  snprintf(id, sizeof id, "%s", r->id);
  f->wrong = f->wrong || sscanf(id, "%d-%d-%d", &thread, &n, &part) != 3 || thread < 0 ||
             thread >= THREADS || r->bytes != strlen(r->id) ||
             memcmp(r->body, r->id, r->bytes) != 0 || n != (int)r->t_true_s;
  if (!f->wrong) f->part[thread]++;
  return GM_OK;
}

/* After the kill: every acknowledged append is there, and of those under way all parts or none.
 * Since a thread's appends follow each other, at most one more than acknowledged can be there. */
static void look(acknowledged *a, int cycle)
{
  gm_store *s = case_store();
  int64_t twin = case_twin(s, "p", "t"), bad_twin = 0, bad = 0;
  found f = {{0}, false};
  case_must(gm_store_read(s, ctx, &(gm_record_query){.twin = twin}, count, &f), "read");
  case_must(gm_store_verify(s, ctx, twin, &bad_twin, &bad), "verify");
  assert_false(f.wrong);
  assert_int_equal(0, bad);
  for (int i = 0; i < THREADS; i++) {
    int32_t acked = atomic_load(&a->done[i]);
    if (f.part[i] % PARTS || f.part[i] / PARTS < acked || f.part[i] / PARTS > acked + 1)
      fail_msg("cycle %d, thread %d: %d parts of %d acknowledged appends of %d", cycle, i,
               (int)f.part[i], (int)acked, PARTS);
    atomic_store(&a->done[i], f.part[i] / PARTS);
  }
  gm_store_close(s);
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
  int cycles = torture ? atoi(torture) : 300, records = 0;
  acknowledged *a =
      mmap(NULL, sizeof *a, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  assert_true(a != MAP_FAILED);
  for (int c = 0; c < cycles; c++) {
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) child(a);
    nap(2000 + (int64_t)(gm_hash64(7, (uint64_t)c) % 30000));
    kill(pid, SIGKILL);
    int status = 0;
    assert_int_equal(pid, waitpid(pid, &status, 0));
    assert_true(WIFSIGNALED(status)); /* it was writing, and had not failed */
    look(a, c);
    if (c % 50 < 49 && c + 1 < cycles) continue;
    for (int i = 0; i < THREADS; i++) records += PARTS * atomic_exchange(&a->done[i], 0);
    case_unlink(); /* so that reading them all stays short */
  }
  printf("%d cycles, %d records, none lost, none half\n", cycles, records);
  assert_true(records > cycles);
  munmap(a, sizeof *a);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(kill__loses_nothing_acknowledged)};
  return cmocka_run_group_tests_name("kill", tests, case_begin, case_end);
}
