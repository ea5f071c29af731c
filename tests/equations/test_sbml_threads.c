/* test_sbml_threads.c - documents read by several threads of a process at once, from its first one
 * on: libsbml alone then crashed in some processes of a hundred.
 * label: quick */
#include "sbml_case.h"
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { PROCESSES = 200, THREADS = 4, READS = 3 };

static const char text[] = SBML_L3
    "<model id=\"m\"><listOfParameters><parameter id=\"x\" value=\"2\" constant=\"false\"/>"
    "</listOfParameters><listOfRules><rateRule variable=\"x\">" SBML_MATHML
    "<apply><minus/><csymbol encoding=\"text\" "
    "definitionURL=\"http://www.sbml.org/sbml/symbols/time\">t</csymbol><ci>x</ci></apply></math>"
    "</rateRule></listOfRules></model>" SBML_END;

static pthread_barrier_t together;

/* NULL, or what was wrong. */
static void *reads(void *user)
{
  (void)user;
  gm_ctx *ctx;
  const char *fault = NULL;
  if (gm_ctx_new(NULL, &ctx)) return "a context";
  pthread_barrier_wait(&together);
  for (int i = 0; i < READS && !fault; i++) {
    net n;
    if (sbml_read(ctx, text, "case.xml", &n)) {
      fault = "reading";
    } else {
      if (net_find(&n, "x", 1) < 0) fault = "there is no x";
      net_free(&n);
    }
  }
  gm_ctx_free(ctx);
  return (void *)fault;
}

/* In a process that has read nothing yet. A crash is not cmocka's to catch; one that hangs ends. */
static int process(void)
{
  signal(SIGSEGV, SIG_DFL);
  signal(SIGABRT, SIG_DFL);
  alarm(60);
  pthread_t thread[THREADS];
  int bad = pthread_barrier_init(&together, NULL, THREADS) != 0;
  for (int i = 0; i < THREADS; i++) bad |= pthread_create(&thread[i], NULL, reads, NULL) != 0;
  for (int i = 0; i < THREADS && !bad; i++) {
    void *fault = NULL;
    bad |= pthread_join(thread[i], &fault) != 0 || fault;
  }
  return bad;
}

static void reading__by_threads_at_once(void **state)
{
  (void)state;
  int crashed = 0, wrong = 0;
  for (int i = 0; i < PROCESSES; i++) {
    int how = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(process());
    assert_int_equal(pid, waitpid(pid, &how, 0));
    crashed += WIFSIGNALED(how);
    wrong += WIFEXITED(how) && WEXITSTATUS(how) != 0;
  }
  print_message("%d processes of %d threads: %d ended by a signal, %d wrong\n", PROCESSES, THREADS,
                crashed, wrong);
  assert_int_equal(crashed + wrong, 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(reading__by_threads_at_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
