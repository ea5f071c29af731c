/* simulate.h - the two ways of `gemel simulate`: a model file alone, or a definition. */
#ifndef GM_CLI_SIMULATE_H
#define GM_CLI_SIMULATE_H
#include "cli/cli.h"

/* The table at hand. A cell that is not finite (a member that diverged) stays empty. */
typedef struct {
  cli *c;
  cli_json j;     /* with --json: inside the array of rows */
  int32_t failed; /* members that did not get through */
  double *time;   /* owned */
  int32_t time_count;
} simulate_table;

enum { SIMULATE_TIMES_MAX = 1000000, SIMULATE_CELLS_MAX = 50000000 };

/* Times from begin to --to (otherwise t_end) by --every (otherwise a hundredth). */
gm_status simulate_times(simulate_table *s, const char *time_unit, double begin, double t_end);
void simulate_head(simulate_table *s, bool id, bool member, const char *time_unit);
void simulate_column(simulate_table *s, const char *name, const char *unit);
void simulate_head_end(simulate_table *s);
/* id NULL and member < 0: no such column. */
void simulate_row(simulate_table *s, const char *id, int32_t member, double time);
void simulate_cell(simulate_table *s, double v);
void simulate_row_end(simulate_table *s);

gm_status simulate_model(simulate_table *s);      /* simulate_model.c */
gm_status simulate_definition(simulate_table *s); /* simulate_definition.c */
#endif
