/* progress.h - a bar with the time left, on stderr when that is a terminal; Ctrl-C stops the work.
 * Threads: all but begin and end may be called by any worker. */
#ifndef GM_CLI_PROGRESS_H
#define GM_CLI_PROGRESS_H
#include "gemel/base.h"
#include <stdatomic.h>

typedef struct {
  bool shown; /* stderr is a terminal, and not --quiet */
  const char *what;
  int32_t total; /* pieces of work; 0: one, shown by its fraction */
  atomic_int done;
  atomic_flag drawing;
  atomic_llong drawn_ms;
  int64_t begin_ms;
  atomic_bool on_screen;
} cli_progress;

void cli_progress_init(cli_progress *p, bool shown);
void cli_progress_begin(cli_progress *p, const char *what, int32_t total);
void cli_progress_step(cli_progress *p); /* one more piece is done */
void cli_progress_end(cli_progress *p);  /* clears the bar */
/* For gm_watch: user is the cli_progress. */
bool cli_progress_stop(void *user);
void cli_progress_fraction(void *user, const char *what, double fraction);
/* From now on Ctrl-C sets the stop; a second one ends the program as usual. */
void cli_interrupt_catch(void);
bool cli_interrupted(void);
#endif
