/* cli.h - what the verbs of the command share: options, results, messages, subjects.
 *
 * A verb reads its options, does its work and leaves its result in cli.out (gemel/program.h). Files
 * are written at the end of a verb, so that bad input leaves nothing behind.
 * Codes: 0 done, 1 a result that says no, 2 bad use or bad input, 3 internal. */
#ifndef GM_CLI_CLI_H
#define GM_CLI_CLI_H
#include "gemel/equations.h"
#include "gemel/plan.h"
#include "gemel/program.h"
#include "base/json_write.h"

/* The command's own names of what gemel/program.h has. */
enum {
  CLI_DONE = GM_PROGRAM_DONE,
  CLI_NO = GM_PROGRAM_NO,
  CLI_BAD = GM_PROGRAM_BAD,
  CLI_INTERNAL = GM_PROGRAM_INTERNAL
};
typedef gm_program cli;
typedef gm_verb cli_verb;
typedef gm_option cli_option;
#define cli_value          gm_program_value
#define cli_value_at       gm_program_value_at
#define cli_has            gm_program_has
#define cli_nearest        gm_program_nearest
#define cli_say            gm_program_say
#define cli_say_use        gm_program_say_use
#define cli_fail           gm_program_fail
#define cli_code           gm_program_code
#define cli_write          gm_program_write
#define cli_folder_make    gm_program_folder
#define cli_same_file      gm_program_same_file
#define cli_same_place     gm_program_same_place
#define cli_interrupted    gm_program_interrupted
#define cli_progress_begin gm_progress_begin
#define cli_progress_step  gm_progress_step
#define cli_progress_end   gm_progress_end
#define cli_progress_stop  gm_progress_stop
struct net;

extern const cli_verb cli_verb_run, cli_verb_fit, cli_verb_simulate, cli_verb_compare,
    cli_verb_propose, cli_verb_check, cli_verb_new, cli_verb_demo, cli_verb_export, cli_verb_suite,
    cli_verb_sensitivity, cli_verb_store_new, cli_verb_audit_verify, cli_verb_audit_head,
    cli_verb_audit_prove, cli_verb_audit_list, cli_verb_twin_new, cli_verb_twin_add,
    cli_verb_twin_show, cli_verb_twin_forecast, cli_verb_twin_propose, cli_verb_twin_decide,
    cli_verb_twin_history, cli_verb_twin_consent, cli_verb_twin_fork, cli_verb_twin_migrate,
    cli_verb_twin_export, cli_verb_twin_erase, cli_verb_bank_list, cli_verb_bank_find,
    cli_verb_bank_aggregate, cli_verb_bank_fairness, cli_verb_bank_learn, cli_verb_bank_export,
    cli_verb_store_backup, cli_verb_store_restore;

/* ---- messages (main.c) --------------------------------------------------------------------- */
/* Prints a message about one subject, with its name when the message has it not; returns code. */
int cli_say_subject(const cli *c, int code, const char *id, const char *message);
/* ---- programs (program.c) ---- */
/* Becomes the program gemel-argv[0], where there is one beside gemel; argv ends in NULL. False:
 * there is none. True: it could not be run, and *code says so. */
bool cli_program_run(cli *c, char **argv, int *code);
void cli_program_list(gm_text *out);

/* ---- quantities and doses in text (quantity.c) --------------------------------------------- */
/* "48", "48 h", "2 d": a time in the model's unit. what goes in front of messages. */
gm_status cli_time(gm_ctx *ctx, const char *what, const char *text, const char *time_unit,
                   double *out);
/* A plain number, whole when whole. */
gm_status cli_number_read(gm_ctx *ctx, const char *what, const char *text, double *out);

/* One dose as text: AMOUNT [UNIT] [into NAME] [at T] [over T] [every T] [times N]. */
typedef struct {
  double amount, at, over, every; /* NaN: not said; times in the model's unit */
  int32_t times;                  /* 0: not said */
  char unit[64], into[64];        /* "" not said */
} cli_dose;
/* Doses parted by `;`. *out is owned by the caller (gm_free). */
gm_status cli_doses_read(gm_ctx *ctx, const char *what, const char *text, const char *time_unit,
                         cli_dose **out, int32_t *count);
/* The same as events under a definition. A dose without `at` begins at t_first (or one interval
 * after the last dose of last[input_count] when that is later; last may be NULL); one with `every`
 * and without `times` goes on to t_end. *out is owned by the caller. */
gm_status cli_dose_events(gm_ctx *ctx, const char *what, const gm_definition *d,
                          const cli_dose *dose, int32_t count, double t_first, double t_end,
                          const double *last, gm_event **out);
void cli_events_sort(gm_event *event, int32_t count);
/* Time of the last dose of each input at or before t, NaN none. last[input_count] */
void cli_last_doses(const gm_subject *s, const gm_definition *d, double t, double *last);
double cli_hour(const char *time_unit); /* one hour in this unit; NaN when it is not a time */

/* ---- subjects (study.c) -------------------------------------------------------------------- */
typedef struct {
  gm_definition *definition;
  gm_records *records;
  gm_subject **subject; /* those asked for that fit the definition */
  int32_t count;
  int32_t refused;       /* asked for, but their records do not fit: said at once */
  double t_now, horizon; /* NaN: all data; the definition's own horizon. After now. */
} cli_study;
/* Reads the definition of the first argument, --data, --subject, --now, --learn, --horizon. Returns
 * an exit code, the message printed. Closed also after a failure. */
int cli_study_open(cli *c, cli_study *s);
void cli_study_close(cli_study *s);
/* Fails when a file to be written is the definition, its model or the data: GM_EINVAL. */
gm_status cli_output_check(gm_ctx *ctx, const char *path, const cli_study *s);

/* What came of one subject. */
typedef struct {
  gm_text text, json, html;
  gm_status status;
  bool done;
  bool partial; /* set by the work: it was stopped, and kept what it had */
  char message[512];
} cli_result;
typedef struct cli_batch cli_batch;
struct cli_batch {
  cli *c;
  const cli_study *study;
  /* One subject's work; t is freed by the caller. Called from any worker. */
  gm_status (*work)(cli_batch *b, gm_ctx *ctx, int32_t index, const gm_twin *t, cli_result *r);
  void *user;
  const char *what;      /* for the progress bar */
  cli_result *result;    /* [study->count] */
  const gm_watch *inner; /* for the work of a single subject: with progress; else stop only */
  gm_pool *inner_pool;
  gm_watch stop_only;
};
/* Makes the twin of every subject and does the work. Returns an exit code: CLI_NO when it was
 * stopped or when a subject failed, with messages printed. What was done is in result. */
int cli_batch_run(cli_batch *b);
void cli_batch_free(cli_batch *b);
/* The texts (or with --json the objects) of the subjects that were done, into the result. */
void cli_batch_write(const cli_batch *b);
/* A verb that is nothing but such a batch over the subjects asked for. Returns its exit code. */
int cli_batch_verb(cli *c, gm_status (*work)(cli_batch *b, gm_ctx *ctx, int32_t index,
                                             const gm_twin *t, cli_result *r));
/* End of the horizon of a twin. */
double cli_t_end(const cli_study *s, const gm_twin *t);

/* ---- columns (columns.c) -------------------------------------------------------------------- */
/* Adds a line for each column that nobody uses, with the name that may have been meant, and for
 * each covariate without a column, whose default is used. */
void cli_columns(const cli *c, const gm_definition *d, const gm_records *r, gm_text *unused,
                 gm_text *fallback);
/* Refuses the first column that nobody uses and --ignore does not name (GM_EPARSE), and says the
 * covariates without a column on stderr. Fails also: GM_ENOMEM. */
gm_status cli_columns_say(const cli *c, const gm_definition *d, const gm_records *r);

/* ---- showing results (show_*.c) ------------------------------------------------------------ */
/* Three significant digits, no exponent between 1e-3 and 1e5. Returns text [32]. */
const char *cli_number(double v, char *text);
/* Text from a file as it may go to a terminal: control characters become `?`. Adds to out. */
void cli_safe(gm_text *out, const char *text);

/* A table for people: cells of a row one after the other, columns as wide as needed. */
typedef struct {
  gm_text cell; /* cells parted by NUL */
  int32_t columns, count;
} cli_table;
void cli_table_init(cli_table *t, gm_ctx *ctx, int32_t columns);
void cli_table_cell(cli_table *t, const char *format, ...) GM_PRINTF(2, 3);
void cli_table_number(cli_table *t, double v);
/* First column to the left, others to the right; left_last: the last one too. Adds and frees. */
void cli_table_write(cli_table *t, bool left_last, gm_text *out);

gm_status cli_show_twin(gm_ctx *ctx, const gm_twin *t, gm_text *out);
gm_status cli_show_parameters(gm_ctx *ctx, const gm_twin *t, gm_text *out);
void cli_show_forecast(gm_ctx *ctx, const gm_twin *t, const gm_forecast *f, const gm_forecast *p,
                       gm_text *out);
void cli_show_comparison(gm_ctx *ctx, const gm_twin *t, const gm_comparison *k, gm_text *out);
void cli_show_proposal(gm_ctx *ctx, const gm_twin *t, const gm_proposal *p, gm_text *out);
/* A warning when a plan is beyond the definition's limits; whether it is. */
bool cli_show_limits(const gm_definition *d, const gm_plan *p, gm_text *out);
/* The same as members of the JSON object at hand. */
gm_status cli_json_twin(gm_ctx *ctx, const gm_twin *t, gm_json_writer *j);
gm_status cli_json_parameters(gm_ctx *ctx, const gm_twin *t, gm_json_writer *j);
void cli_json_forecast(const gm_twin *t, const gm_forecast *f, const gm_forecast *p,
                       gm_json_writer *j);
void cli_json_comparison(const gm_twin *t, const gm_comparison *k, gm_json_writer *j);
void cli_json_proposal(const gm_twin *t, const gm_proposal *p, gm_json_writer *j);
/* Warnings about a twin that a person must see (lost, uncertain, few members). */
void cli_warn_twin(const cli *c, const gm_twin *t, gm_text *out);

/* ---- one subject's course (course.c) ------------------------------------------------------- */
/* Forecast over history and what comes, as it is and for the population; comparison and proposal
 * when the definition has targets and actions; forecast under the first proposal, if any. */
typedef struct {
  gm_forecast *forecast, *population, *proposed;
  gm_comparison *comparison;
  gm_proposal *proposal;
  bool as_recorded; /* forecast and population: under what was given after now, not as it is */
} cli_course;
gm_status cli_course_make(gm_ctx *ctx, const gm_twin *t, double t_end, const gm_watch *watch,
                          cli_course *out);
void cli_course_free(cli_course *k);
gm_status cli_course_report(gm_ctx *ctx, const gm_twin *t, const cli_course *k,
                            const char *data_path, const char *note, gm_text *html);

/* ---- folders (folder.c) -------------------------------------------------------------------- */
bool cli_exists(const char *path);
/* A folder that has the shipped file `has`: GEMEL_HOME, else the working directory, else
 * ../share/gemel from the command. Adds "folder/" to out. */
gm_status cli_home(gm_ctx *ctx, const char *has, gm_text *out);
bool cli_ends_with(const char *text, const char *end);

/* ---- files that are written (output.c) ------------------------------------------------------ */
/* Whether a file that is asked for is not the store, its log or its key (gm_program_about). */
int cli_may_write(const cli *c, const char *asked, const char *path);
/* Fails when path is the definition or its model: GM_EINVAL. */
gm_status cli_definition_apart(gm_ctx *ctx, const char *path, const gm_definition *d);
void cli_private(void); /* what is written from now on is its owner's alone to read */

/* ---- model text (model_text.c) ------------------------------------------------------------- */
/* A model file, text or SBML, by its name or its first byte; else a definition. */
bool cli_is_model(const char *path);
/* gm_definition_read of the verb's first argument; a model in its place is refused as such. */
gm_status cli_definition_read(const cli *c, gm_definition **out);
/* Its text, owned by the caller. Fails: GM_EIO, GM_EPARSE (a byte 0), GM_ERANGE, GM_ENOMEM. */
gm_status cli_model_text(gm_ctx *ctx, const char *path, char **out);
gm_status cli_model_read(gm_ctx *ctx, const char *path, gm_model **out);
/* The network (kinds/equations/net/net.h) of a text or an SBML document; freed with net_free. */
gm_status cli_net_read(gm_ctx *ctx, const char *text, const char *path, struct net *out);
/* What --solver says: auto, explicit, stiff. Fails: GM_EINVAL. */
gm_status cli_solver(const cli *c, gm_eq_solver *out);
/* Whether it is a model of the SBML package fbc that has an objective. */
bool cli_is_flux_balance(gm_ctx *ctx, const char *text, const char *path);
/* A definition's subject without records, with covariates as --set NAME=VALUE says. */
gm_status cli_set_records(cli *c, const gm_definition *d, gm_records **out);
/* NAME=VALUE apart. name[64] */
gm_status cli_set_split(gm_ctx *ctx, const char *text, char *name, const char **value);

#endif
