/* progress.c - the bar, and Ctrl-C. */
#include "cli/progress.h"
#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_bool interrupted;

static void on_interrupt(int signal)
{
  (void)signal;
  atomic_store(&interrupted, true);
}

void cli_interrupt_catch(void)
{
  struct sigaction a = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&a.sa_mask);
  sigaction(SIGINT, &a, NULL);
}

bool cli_interrupted(void) { return atomic_load(&interrupted); }

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void cli_progress_init(cli_progress *p, bool shown)
{
  memset(p, 0, sizeof *p);
  p->shown = shown;
  atomic_flag_clear(&p->drawing);
}

void cli_progress_begin(cli_progress *p, const char *what, int32_t total)
{
  p->what = what;
  p->total = total;
  atomic_store(&p->done, 0);
  p->begin_ms = now_ms();
}

/* At most ten times a second, by one thread at a time; others that come meanwhile go on. */
static void draw(cli_progress *p, const char *what, double fraction)
{
  enum { CELLS = 24 };
  if (!p->shown || atomic_flag_test_and_set(&p->drawing)) return;
  int64_t now = now_ms(), gone = now - p->begin_ms;
  if (gone > 300 && now - atomic_load(&p->drawn_ms) >= 100) {
    char bar[CELLS + 1];
    int full = (int)lround(CELLS * fmin(fmax(fraction, 0), 1));
    memset(bar, '#', (size_t)full);
    memset(bar + full, '.', (size_t)(CELLS - full));
    bar[CELLS] = 0;
    fprintf(stderr, "\r\033[K[%s] %3.0f %% %s", bar, 100 * fraction, what);
    double left = fraction > 0.02 ? (double)gone / 1000 * (1 - fraction) / fraction : NAN;
    if (isfinite(left)) fprintf(stderr, ", %.0f s left", ceil(left));
    fflush(stderr);
    atomic_store(&p->drawn_ms, now);
    atomic_store(&p->on_screen, true);
  }
  atomic_flag_clear(&p->drawing);
}

void cli_progress_step(cli_progress *p)
{
  int done = atomic_fetch_add(&p->done, 1) + 1;
  if (p->total > 1) draw(p, p->what, (double)done / p->total);
}

void cli_progress_end(cli_progress *p)
{
  if (atomic_exchange(&p->on_screen, false)) fputs("\r\033[K", stderr);
}

bool cli_progress_stop(void *user)
{
  (void)user;
  return cli_interrupted();
}

void cli_progress_fraction(void *user, const char *what, double fraction)
{
  cli_progress *p = user;
  if (p->total <= 1) draw(p, what, fraction);
}
