/* t1d_cli.h - the command line of gemel-t1d: options, messages, progress, interruption. */
#ifndef T1D_CLI_H
#define T1D_CLI_H
#include "gemel/base.h"

enum { T1D_CLI_DONE, T1D_CLI_NO, T1D_CLI_BAD, T1D_CLI_INTERNAL }; /* exit codes of the house */
enum { T1D_CLI_ARGUMENTS = 64, T1D_CLI_OPTIONS = 24 };

typedef struct {
  const char *name;  /* without -- */
  const char *value; /* what it takes, as help has it; NULL: nothing */
  const char *help;
} t1d_cli_option;

typedef struct t1d_cli t1d_cli;
typedef struct {
  const char *name, *use, *summary, *details;
  int32_t least, most; /* arguments */
  t1d_cli_option option[T1D_CLI_OPTIONS];
  int (*run)(t1d_cli *c);
} t1d_verb;

struct t1d_cli {
  gm_ctx *ctx;
  const t1d_verb *verb;
  const char *argument[T1D_CLI_ARGUMENTS];
  const char *given[T1D_CLI_OPTIONS]; /* by place in verb->option; "" of one without a value */
  int32_t argument_count;
  gm_text out; /* printed at the end unless the code is 2 or 3 */
  gm_watch watch;
};

extern const t1d_verb t1d_verb_replay, t1d_verb_profile, t1d_verb_trial;

/* One line on stderr; returns code. */
int t1d_cli_say(const t1d_cli *c, int code, const char *format, ...) GM_PRINTF(3, 4);
int t1d_cli_fail(const t1d_cli *c, gm_status s);
/* The option's value, NULL: not given. */
const char *t1d_cli_given(const t1d_cli *c, const char *name);
/* A whole number in [least, most], standard where it is not given; false: said already. */
bool t1d_cli_whole(const t1d_cli *c, const char *name, int64_t least, int64_t most,
                   int64_t standard, int64_t *out);
/* A number with at most three decimals, likewise. */
bool t1d_cli_number(const t1d_cli *c, const char *name, double least, double most, double standard,
                    double *out);
/* May the file be written? Not over an argument of the command, nor over a store. False: said
 * already. path NULL: nothing is to be written. */
bool t1d_cli_may_write(const t1d_cli *c, const char *path);
int t1d_cli_main(const t1d_verb *const *verb, int argc, char **argv);
#endif
