/* petab.h - what the files of the PEtab reader share.
 *
 * Reading: the problem file (petab_yaml.c) names tables (petab_table.c); the parameter table
 * (petab_parameter.c) is shared by all problems of the file; each problem (petab_problem.c) has a
 * model, conditions, observables (petab_formula.c) and measurements. Conditions that give the same
 * names share one model (petab_variant.c). Everything lies in the arena of gm_petab but models and
 * expressions.
 * Working: petab_simulate.c runs members, petab_tangent.c with tangents; petab_objective.c makes
 * numbers of what they give, petab_slopes.c and petab_fit.c use those. */
#ifndef GM_INTEROP_PETAB_H
#define GM_INTEROP_PETAB_H
#include "gemel/expr.h"
#include "gemel/petab.h"
#include "gemel/rand.h"
#include "kinds/equations/net/net.h"
#include <locale.h>

/* ---- tables (petab_table.c) ----------------------------------------------------------------- */
typedef struct pt_table pt_table;
struct pt_table {
  const char *path;
  int32_t columns, rows, room;
  const char **head; /* [columns] */
  const char ***row; /* [rows][columns]; cells that are not there are "" */
  int32_t *line;     /* [rows] */
  int32_t head_line;
  pt_table *next; /* the next file of the same kind */
};

enum { PT_COLUMNS_MAX = 20000, PT_ROWS_MAX = 2000000, PT_DIRECTIONS_MAX = 16 };

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena; /* borrowed */
  locale_t c;      /* the C locale */
} pt_reader;

/* Memory of the reader's arena, zeroed: address is that of a pointer, NULL after GM_ENOMEM. */
GM_NODISCARD gm_status pt_get(const pt_reader *r, ptrdiff_t count, size_t bytes, void *address);
GM_NODISCARD gm_status pt_copy(const pt_reader *r, const char *text, const char **out);
/* Reads a tab-separated file whose name is `path`, needs the columns of `required` (ends with
 * NULL). */
GM_NODISCARD gm_status pt_table_read(const pt_reader *r, const char *path,
                                     const char *const *required, pt_table **out);
/* The same from text in memory. */
GM_NODISCARD gm_status pt_table_parse(const pt_reader *r, const char *path, const char *text,
                                      size_t bytes, const char *const *required, pt_table **out);
int32_t pt_column(const pt_table *t, const char *name); /* -1 */
/* The cell, "" where the column is -1 or the cell says that there is nothing (NA, NaN, ...). */
const char *pt_cell(const pt_table *t, int32_t row, int32_t column);
/* "file:line: column: message"; row -1: the head; column -1: none. Returns s. */
gm_status pt_fail(const pt_reader *r, const pt_table *t, int32_t row, int32_t column, gm_status s,
                  const char *format, ...) GM_PRINTF(6, 7);
gm_status pt_fail_at(const pt_reader *r, const pt_table *t, int32_t row, int32_t column,
                     gm_status s);
/* A finite number, or with `infinite` also inf and -inf. False: it is none. */
bool pt_number(const pt_reader *r, const char *text, bool infinite, double *out);
/* The same of a cell, with the failure. An empty cell fails unless empty is finite or NaN is
 * allowed by may_lack: then *out is NaN. */
GM_NODISCARD gm_status pt_cell_number(const pt_reader *r, const pt_table *t, int32_t row,
                                      int32_t column, bool infinite, bool may_lack, double *out);
/* Letters, digits and _, the first no digit. */
bool pt_is_id(const char *text);
/* Which of the words (ends with NULL) it is; an empty cell is word 0 when may_lack. */
GM_NODISCARD gm_status pt_cell_word(const pt_reader *r, const pt_table *t, int32_t row,
                                    int32_t column, const char *const *word, bool may_lack,
                                    int32_t *out);

/* ---- names (petab_table.c) ------------------------------------------------------------------ */
/* From a name to a number. */
typedef struct {
  const char **key;
  int32_t *value;
  int32_t count, room;
} pt_index;
GM_NODISCARD gm_status pt_index_put(const pt_reader *r, pt_index *x, const char *key,
                                    int32_t value);
int32_t pt_index_get(const pt_index *x, const char *key); /* -1 */

/* ---- parameters (petab_parameter.c, petab_prior.c) ------------------------------------------ */
typedef enum {
  PT_PRIOR_NONE,
  PT_UNIFORM,
  PT_NORMAL,
  PT_LAPLACE,
  PT_LOG_NORMAL,
  PT_LOG_LAPLACE,
  PT_SCALE_UNIFORM,
  PT_SCALE_NORMAL,
  PT_SCALE_LAPLACE
} pt_prior_kind;

typedef struct {
  uint8_t kind;
  double a, b;
} pt_prior;

typedef struct {
  gm_petab_parameter *row;
  pt_prior *start, *objective; /* [count] */
  double *low, *high;          /* [count] bounds on the scale */
  int32_t count;
  int32_t *estimated;  /* [d] */
  int32_t *coordinate; /* [count] in z, -1 fixed */
  int32_t d;
  bool *used; /* [count] by a problem */
  const pt_table **table;
  int32_t *table_row;
  pt_index index;
  pt_table *first;
} pt_parameters;

GM_NODISCARD gm_status pt_parameters_make(const pt_reader *r, pt_table *t, pt_parameters *out);
/* Log density at a value on the scale s. */
double pt_prior_log(const pt_prior *p, gm_petab_scale s, double scaled);
/* The quantile q in (0, 1), as a value on the scale s (NaN where it has none). */
double pt_prior_quantile(const pt_prior *p, gm_petab_scale s, double q);

/* ---- a problem ------------------------------------------------------------------------------ */
typedef enum { PT_NOTHING, PT_NUMBER, PT_PARAMETER } pt_value_kind;
typedef struct {
  uint8_t kind;
  int32_t index; /* PT_PARAMETER: row of the parameter table */
  double number;
} pt_value;

/* A column of the condition table. */
typedef struct {
  const char *id;
  int32_t symbol;  /* in the network, -1: it is known to formulas only */
  bool worked_out; /* without a value here its start depends on others: see petab_variant.c */
} pt_column_of;

typedef struct {
  const char *id;
  pt_value *cell; /* [column_count] */
  const pt_table *table;
  int32_t row;
  int32_t variant; /* -1: not used */
} pt_condition;

typedef enum {
  PT_SLOT_OUTPUT,
  PT_SLOT_TIME,
  PT_SLOT_PARAMETER,
  PT_SLOT_COLUMN,
  PT_SLOT_OBSERVABLE,
  PT_SLOT_NOISE
} pt_slot_kind;
typedef struct {
  uint8_t kind;
  int32_t index; /* placeholders count from 0 */
} pt_slot;

typedef struct {
  gm_expr *expr; /* owned */
  pt_slot *slot;
  int32_t slot_count;
} pt_formula;

typedef struct {
  const char *id;
  gm_petab_scale scale; /* of the comparison */
  bool laplace;
  pt_formula formula, noise;
  int32_t observable_parameters, noise_parameters;
} pt_observable;

typedef struct {
  int32_t observable, experiment, sample; /* sample -1: at the steady state */
  double value;
  pt_value *observable_parameter, *noise_parameter;
  const pt_table *table;
  int32_t row, table_row_number;
} pt_point;

/* What is simulated: a condition, after another one or not. */
typedef struct {
  int32_t before, condition; /* before -1: none */
  double *time;              /* [time_count] increasing */
  int32_t time_count;
  bool steady;
  int32_t *point; /* [point_count] */
  int32_t point_count;
} pt_experiment;

/* A name of the model that tables give a value to. */
typedef struct {
  const char *id;
  int32_t column;    /* of the condition table, -1 */
  int32_t parameter; /* of the parameter table, -1 */
} pt_given;

/* The model with some of the given names free. */
typedef struct {
  bool *free; /* [given_count] */
  gm_model *model;
  gm_model_info info;
  double *theta;  /* [parameter_count] as stated in the model */
  int32_t *row;   /* [given_count] parameter row of NAME(0), -1 */
  int32_t *state; /* [given_count] state row of the name, -1 */
  int32_t moving; /* states at the front: the others are held rates and memory */
  gm_work **work; /* [workers] owned, made when needed */
  int32_t workers;
} pt_variant;

typedef struct {
  net names; /* while reading */
  bool names_open;
  char *text; /* the model; owned */
  const char *model_path;
  pt_column_of *column;
  int32_t column_count;
  pt_condition *condition;
  int32_t condition_count;
  pt_observable *observable;
  int32_t observable_count;
  const char **output; /* names the formulas need of the model */
  int32_t output_count, output_room;
  pt_point *point;
  int32_t point_count, first_point; /* among those of all problems */
  pt_experiment *experiment;
  int32_t experiment_count;
  int32_t *before; /* conditions to be brought to a steady state first */
  int32_t before_count;
  pt_given *given;
  int32_t given_count;
  pt_variant *variant;
  int32_t variant_count;
  pt_variant *sloped; /* [variant_count] the same with tangents, made when needed; NULL */
  bool no_slopes;     /* they have none */
  double time_scale;  /* the longest time asked for, or 1 */
  pt_index condition_of, observable_of, column_index;
  pt_table *conditions, *observables, *measurements;
} pt_problem;

struct gm_petab {
  gm_ctx *ctx;
  gm_arena *arena;
  pt_reader reader;
  gm_petab_options options;
  const char **file; /* [file_count] all that was read */
  int32_t file_count;
  pt_parameters parameters;
  pt_problem *problem;
  int32_t problem_count, point_count;
  gm_arena **scratch; /* [workers] owned, made when needed */
  int32_t workers;
  int64_t vectors_run; /* vectors so far; tangents at one count as one */
};

/* ---- reading -------------------------------------------------------------------------------- */
/* The files of one problem. */
typedef struct {
  const char *model;
  const char **conditions, **observables, **measurements; /* paths, end with NULL */
} pt_files;
typedef struct {
  const char **parameters; /* end with NULL */
  pt_files *problem;
  int32_t problem_count;
} pt_document;
GM_NODISCARD gm_status pt_document_parse(const pt_reader *r, const char *path, const char *text,
                                         size_t bytes, pt_document *out);

/* Makes problem from its open tables and model text. */
GM_NODISCARD gm_status pt_problem_make(gm_petab *p, pt_problem *q);
void pt_problem_free(pt_problem *q);

GM_NODISCARD gm_status pt_conditions_make(gm_petab *p, pt_problem *q);
GM_NODISCARD gm_status pt_observables_make(gm_petab *p, pt_problem *q);
GM_NODISCARD gm_status pt_measurements_make(gm_petab *p, pt_problem *q);
GM_NODISCARD gm_status pt_variants_make(gm_petab *p, pt_problem *q);
/* Makes q->sloped, once. Fails: GM_EUNSUPPORTED (a model without tangents), GM_ENOMEM. */
GM_NODISCARD gm_status pt_variants_slope(gm_petab *p, pt_problem *q);
void pt_variant_free(pt_variant *v);
/* Reads number, parameter id, or id of a constant of the model. */
GM_NODISCARD gm_status pt_value_read(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row,
                                     int32_t column, const char *text, pt_value *out);

/* A formula of a cell. place: how many placeholders of each kind there are, raised. */
typedef struct {
  int32_t observable, noise;
} pt_places;
GM_NODISCARD gm_status pt_formula_read(gm_petab *p, pt_problem *q, const pt_table *t, int32_t row,
                                       int32_t column, const char *id, pt_places *places,
                                       pt_formula *out);

/* ---- working -------------------------------------------------------------------------------- */
/* linear: [n][parameters]; simulation, sigma: [n][points], NaN where it failed. */
GM_NODISCARD gm_status pt_simulate(gm_petab *p, gm_pool *pool, int32_t n, const double *linear,
                                   double *simulation, double *sigma);
/* Slopes of both by the coordinates, [points][coordinates], at one vector: linear as above, lineard
 * [parameters] the slopes of linear values by their coordinates. NaN where a run failed.
 * Fails: GM_EUNSUPPORTED (a model without tangents), GM_ENOMEM. */
GM_NODISCARD gm_status pt_tangents(gm_petab *p, gm_pool *pool, const double *linear,
                                   const double *lineard, double *simulation, double *sigma);
/* The linear values of z[n][coordinates]. */
void pt_linear_fill(const gm_petab *p, int32_t n, const double *z, double *linear);
const pt_point *pt_point_at(const gm_petab *p, int32_t point, const pt_problem **problem_out);
/* What one point says: its log density, and with r the residual over sigma. -inf: impossible. */
double pt_point_log(const pt_observable *o, double measured, double simulated, double sigma,
                    double *r);
double pt_prior_sum(const gm_petab *p, const double *z);
double pt_value_of(const pt_value *v, const double *linear);
#endif
