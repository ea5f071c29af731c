/* progress.c - the bar, and Ctrl-C. The bar is a plain struct for programs in C++ too: what several
 * threads touch goes through the compiler's atomic operations. */
#include "program/program_internal.h"
#include <math.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

static atomic_bool interrupted;

static void on_interrupt(int signal)
{
  (void)signal;
  atomic_store(&interrupted, true);
}

void gm__interrupt_catch(void)
{
  struct sigaction a = {.sa_handler = on_interrupt, .sa_flags = (int)SA_RESETHAND};
  sigemptyset(&a.sa_mask);
  sigaction(SIGINT, &a, NULL);
}

bool gm_program_interrupted(void) { return atomic_load(&interrupted); }

static int64_t now_ms(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

void gm__progress_init(gm_progress *p, bool shown)
{
  *p = (gm_progress){.shown = shown, .begin_ms = now_ms()};
}

void gm_progress_begin(gm_progress *p, const char *what, int32_t total)
{
  p->what = what;
  p->total = total;
  __atomic_store_n(&p->done, 0, __ATOMIC_SEQ_CST);
  p->begin_ms = now_ms();
}

/* At most ten times a second, by one thread at a time; others that come meanwhile go on. */
static void draw(gm_progress *p, const char *what, double fraction)
{
  enum { CELLS = 24 };
  if (!p->shown || __atomic_test_and_set(&p->drawing, __ATOMIC_SEQ_CST)) return;
  int64_t now = now_ms(), gone = now - p->begin_ms;
  if (gone > 300 && now - __atomic_load_n(&p->drawn_ms, __ATOMIC_SEQ_CST) >= 100) {
    char bar[CELLS + 1];
    int full = (int)lround(CELLS * fmin(fmax(fraction, 0), 1));
    memset(bar, '#', (size_t)full);
    memset(bar + full, '.', (size_t)(CELLS - full));
    bar[CELLS] = 0;
    fprintf(stderr, "\r\033[K[%s] %3.0f %% %s", bar, 100 * fraction, what);
    double left = fraction > 0.02 ? (double)gone / 1000 * (1 - fraction) / fraction : NAN;
    if (isfinite(left)) fprintf(stderr, ", %.0f s left", ceil(left));
    fflush(stderr);
    __atomic_store_n(&p->drawn_ms, now, __ATOMIC_SEQ_CST);
    __atomic_store_n(&p->on_screen, true, __ATOMIC_SEQ_CST);
  }
  __atomic_clear(&p->drawing, __ATOMIC_SEQ_CST);
}

void gm_progress_step(gm_progress *p)
{
  int done = __atomic_add_fetch(&p->done, 1, __ATOMIC_SEQ_CST);
  if (p->total > 1) draw(p, p->what, (double)done / p->total);
}

void gm_progress_end(gm_progress *p)
{
  if (__atomic_exchange_n(&p->on_screen, false, __ATOMIC_SEQ_CST)) fputs("\r\033[K", stderr);
}

bool gm_progress_stop(void *user)
{
  (void)user;
  return gm_program_interrupted();
}

void gm_progress_fraction(void *user, const char *what, double fraction)
{
  gm_progress *p = user;
  if (p->total <= 1) draw(p, what, fraction);
}
