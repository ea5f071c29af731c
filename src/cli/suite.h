/* suite.h - running a copy of the SBML Test Suite: its cases, their expected results, the verdicts.
 *
 * A case is a folder NNNNN with NNNNN-settings.txt, NNNNN-results.csv, models
 * NNNNN-sbml-lXvY.xml and, in the semantic suite, NNNNN-model.m with its tags (README.md of
 * cases/semantic and cases/stochastic of github.com/sbmlteam/sbml-test-suite). A case of the
 * stochastic suite is one whose settings have a meanRange. */
#ifndef GM_CLI_SUITE_H
#define GM_CLI_SUITE_H
#include "cli/cli.h"
#include "gemel/equations.h"
#include "gemel/schedule.h"

/* One class a case: the first that holds from FBC upwards in this list, else PLAIN. */
typedef enum {
  SUITE_PLAIN,
  SUITE_EVENT,
  SUITE_COMP,
  SUITE_ALGEBRAIC,
  SUITE_DELAY,
  SUITE_FAST,
  SUITE_FBC,
  SUITE_JUMP, /* stochastic: reactions as random jumps */
  SUITE_DRAW, /* stochastic: draws of the package distrib */
  SUITE_CLASS_COUNT
} suite_class;

typedef enum {
  SUITE_SKIPPED, /* not run: stopped before */
  SUITE_MATCH,
  SUITE_REFUSED,
  SUITE_WRONG,
  SUITE_BROKEN, /* the case's own files cannot be read */
  SUITE_OUTCOME_COUNT
} suite_outcome;

typedef struct {
  const char **text;
  int32_t count;
} suite_list;

/* value[row * column.count + column]; a column of time, if there is one, is left out. */
typedef struct {
  suite_list column;
  double *value;
  int32_t row_count;
} suite_table;

/* All memory is in the arena. */
typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const char *number, *model_path;
  double start, duration, absolute, relative;
  int32_t steps;
  suite_list variable, amount, concentration, component_tag, test_tag;
  double mean_range[2], sd_range[2]; /* of Z and Y, see suite_stochastic.c */
  bool flux, stochastic;
  suite_class class;
  suite_table expected;
} suite_case;

typedef struct {
  const char *number; /* borrowed */
  char *tags;         /* owned; ",TAG,TAG," or NULL */
  suite_class class;
  suite_outcome outcome;
  int32_t runs; /* with how many seeds */
  char why[512];
} suite_result;

typedef struct {
  uint64_t seed;
  int32_t replicates;
  gm_eq_solver solver;
  const char *out; /* folder for what was computed, or NULL */
} suite_options;

extern const char *const suite_class_name[SUITE_CLASS_COUNT];
extern const char *const suite_outcome_name[SUITE_OUTCOME_COUNT];

/* ---- suite_case.c --------------------------------------------------------------------------- */
/* Reads folder/number/number-*. Closed also after a failure. Fails: GM_EIO, GM_EPARSE (file, line,
 * what was expected), GM_ENOTFOUND, GM_ENOMEM. */
GM_NODISCARD gm_status suite_case_open(gm_ctx *ctx, const char *folder, const char *number,
                                       suite_case *c);
void suite_case_close(suite_case *c);
bool suite_list_has(const suite_list *l, const char *text);
/* Numbers of the cases in a folder, sorted, or those in the first column of a file. *out and its
 * texts are one block owned by the caller. */
GM_NODISCARD gm_status suite_numbers(gm_ctx *ctx, const char *folder, const char *file,
                                     suite_list *out);

/* ---- suite_table.c -------------------------------------------------------------------------- */
/* "a, b ,c" apart. */
GM_NODISCARD gm_status suite_list_split(suite_case *c, const char *text, size_t bytes,
                                        suite_list *out);
/* A number, NaN, INF, -INF in any case. */
bool suite_number(const char *text, size_t bytes, double *out);
/* Reads comma-separated values; names: of the columns when there is no header. */
GM_NODISCARD gm_status suite_table_read(suite_case *c, const char *path, const suite_list *names,
                                        suite_table *out);
void suite_table_text(const suite_table *t, const double *time, gm_text *out);
/* The suite's rule: |C-U| <= absolute + relative |C|; NaN, INF, -INF match themselves alone. */
bool suite_close(double expected, double got, double absolute, double relative);

/* ---- suite_run.c, suite_stochastic.c -------------------------------------------------------- */
/* Runs a case and says what came of it. Fails only: GM_ENOMEM, and GM_EIO writing to o->out. */
GM_NODISCARD gm_status suite_run(suite_case *c, const suite_options *o, suite_result *r);
GM_NODISCARD gm_status suite_run_stochastic(suite_case *c, const suite_options *o, const char *text,
                                            suite_result *r);
/* The equations of a case: text, its columns name as outputs, in
 * amounts or concentrations as the settings say; tolerances. Borrows text and the arena. */
GM_NODISCARD gm_status suite_config(suite_case *c, const suite_options *o, const char *text,
                                    const suite_list *name, gm_eq_config *out);
/* n members from time 0 (or the start, when that is earlier) through times; keys by member, first
 * is the number of the first one. y[n][steps + 1][outputs], status[n]. */
GM_NODISCARD gm_status suite_members(suite_case *c, const gm_model *m, const double *time,
                                     uint64_t seed, int32_t first, int32_t n, double *y,
                                     int8_t *status);
/* Times of the rows: start + duration i / steps. In the arena. */
GM_NODISCARD gm_status suite_times(suite_case *c, double **out);
/* Writes t to folder/NUMBER.csv, when a folder is asked for. */
GM_NODISCARD gm_status suite_write(suite_case *c, const suite_options *o, const suite_table *t,
                                   const double *time);
/* A failure of the engine: says in r that the case is refused; memory failures are given back. */
GM_NODISCARD gm_status suite_refused(suite_case *c, gm_status s, suite_result *r);

/* ---- suite_show.c --------------------------------------------------------------------------- */
/* A line a case, then totals per class and per tag; or JSON. */
GM_NODISCARD gm_status suite_show(cli *c, const suite_result *r, int32_t count);
#endif
