/* simulate.h - the ways of `gemel simulate`: a model file alone, or a definition. */
#ifndef GM_CLI_SIMULATE_H
#define GM_CLI_SIMULATE_H
#include "cli/cli.h"
#include "gemel/equations.h"

/* The table at hand. In CSV a cell that is no number (a member that diverged) stays empty. */
typedef struct {
  cli *c;
  gm_json_writer j;         /* with --json: inside the array of rows */
  int32_t failed;           /* members that did not get through */
  int64_t rows, rows_asked; /* those done; fewer when the work was stopped */
  double *time;             /* owned */
  int32_t time_count;
  const char *no; /* what to say when the result says no (code 1), NULL: nothing; borrowed */
} simulate_table;

enum { SIMULATE_TIMES_MAX = 1000000, SIMULATE_CELLS_MAX = 50000000 };

/* Rows by --times, or from --from (otherwise begin) to --to (otherwise t_end) by --every or --steps
 * (otherwise a hundredth). */
gm_status simulate_times(simulate_table *s, const char *time_unit, double begin, double t_end);
/* Refuses the options of the list (it ends with NULL) that were given: "--NAME why". */
gm_status simulate_refuse(const cli *c, const char *const *name, const char *why);
/* A whole number of an option, from least to most; not given: *out is left. */
gm_status simulate_whole(const cli *c, const char *name, double least, double most, int32_t *out);

/* member: heading of the column of members, NULL: none. */
void simulate_head(simulate_table *s, bool id, const char *member, const char *time_unit);
void simulate_column(simulate_table *s, const char *name, const char *unit);
void simulate_head_end(simulate_table *s);
/* id NULL and member < 0: no such column. */
void simulate_row(simulate_table *s, const char *id, int32_t member, double time);
void simulate_cell(simulate_table *s, double v);
/* A cell of CSV: ten digits, INF, -INF, nothing for what is no number. */
void simulate_number(gm_text *out, double v);
void simulate_row_end(simulate_table *s);

/* ---- simulate_outputs.c --------------------------------------------------------------------- */
/* What is asked for of a model: --variables or --output, --amounts, --concentrations, --rtol,
 * --atol, --solver, and the names of --set NAME(0)=... and --vary NAME(0)=... . text may be NULL
 * where a file is opened by its name (not with --amounts, --concentrations). Names and expressions
 * live in the arena. Fails: GM_EPARSE, GM_ERANGE, GM_EINVAL, GM_ENOMEM, and as the reader of the
 * model. */
gm_status simulate_config(const cli *c, gm_arena *a, const char *text, gm_eq_config *out);

/* ---- simulate_run.c ------------------------------------------------------------------------- */
/* Replicates of a model through the rows, all with the same parameters and edges; they differ by
 * what they draw. Nothing is borrowed after the call; the last three are owned by the caller. */
typedef struct {
  const gm_model *model;
  const double *time; /* sorted */
  const gm_edge *edge;
  const double *theta;
  double begin;
  int32_t time_count, edge_count, replicates;
  double *y;      /* [replicates][time_count][outputs] */
  int32_t *rows;  /* [replicates] done: fewer than time_count when the work was stopped */
  int8_t *status; /* [replicates] */
} simulate_runs;
/* Runs them on the pool, in blocks of members and pieces of time; between two pieces it may be
 * stopped, and moves the progress bar. The pieces depend on the rows alone, so that the results do
 * not depend on workers or on being watched. Fails: GM_ENOMEM. */
gm_status simulate_run(cli *c, simulate_runs *r);
void simulate_run_free(simulate_runs *r);

gm_status simulate_model(simulate_table *s);      /* simulate_model.c */
gm_status simulate_definition(simulate_table *s); /* simulate_definition.c */
/* The best fluxes of a model of the package fbc, as a table of names and values. */
gm_status simulate_fluxes(simulate_table *s, const char *text); /* simulate_fluxes.c */
#endif
