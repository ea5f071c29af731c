/* killed.h - a piece of work in processes that are killed at times of no meaning (SIGKILL from a
 * timer), one after the other, until one comes to its end. */
#ifndef GEMEL_TESTS_KILLED_H
#define GEMEL_TESTS_KILLED_H
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

/* A folder of the test's own; "" before. */
static char killed_folder[64];

static inline int killed_folder_make(void **state)
{
  const char *where = getenv("TMPDIR");
  (void)state;
  snprintf(killed_folder, sizeof killed_folder, "%s/gemel-killed-XXXXXX",
           where && strlen(where) < 30 ? where : "/tmp");
  return mkdtemp(killed_folder) ? 0 : -1;
}

static inline void killed_path(char path[128], const char *name)
{
  snprintf(path, 128, "%s/%s", killed_folder, name);
}

static void killed_now(int signal)
{
  (void)signal;
  kill(getpid(), SIGKILL);
}

/* A process that does the work and is killed after so many microseconds; its status. */
static inline int killed_once(int64_t after_us, int (*work)(void *user), void *user)
{
  fflush(stdout);
  fflush(stderr);
  pid_t child = fork();
  assert_true(child >= 0);
  if (!child) {
    struct itimerval when = {.it_value = {after_us / 1000000, after_us % 1000000}};
    signal(SIGALRM, killed_now);
    setitimer(ITIMER_REAL, &when, NULL);
    _exit(work(user));
  }
  int status;
  assert_int_equal(waitpid(child, &status, 0), child);
  return status;
}

/* Number of processes that were killed before one came to its end. The times begin at first_us and
 * grow by a third, so that work which goes on where the last one was comes to its end. */
static inline int32_t killed_until_done(int64_t first_us, int (*work)(void *user), void *user)
{
  double after = (double)first_us;
  for (int32_t kills = 0; kills < 60; kills++, after *= 1.3) {
    int status = killed_once((int64_t)after, work, user);
    if (WIFEXITED(status)) {
      assert_int_equal(WEXITSTATUS(status), 0);
      return kills;
    }
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
  }
  fail_msg("60 processes were killed and none came to its end");
  return -1;
}
#endif
