/* main.c - the gemel command: finds the verb, runs it, prints its result. */
#include "cli/cli.h"
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

const cli_verb *const cli_verbs[] = {&cli_verb_demo,
                                     &cli_verb_run,
                                     &cli_verb_fit,
                                     &cli_verb_simulate,
                                     &cli_verb_sensitivity,
                                     &cli_verb_compare,
                                     &cli_verb_propose,
                                     &cli_verb_check,
                                     &cli_verb_new,
                                     &cli_verb_export,
                                     &cli_verb_suite,
                                     &cli_verb_store_new,
                                     &cli_verb_store_backup,
                                     &cli_verb_store_restore,
                                     &cli_verb_audit_verify,
                                     &cli_verb_audit_head,
                                     &cli_verb_audit_prove,
                                     &cli_verb_audit_list,
                                     &cli_verb_twin_new,
                                     &cli_verb_twin_add,
                                     &cli_verb_twin_show,
                                     &cli_verb_twin_forecast,
                                     &cli_verb_twin_propose,
                                     &cli_verb_twin_decide,
                                     &cli_verb_twin_history,
                                     &cli_verb_twin_consent,
                                     &cli_verb_twin_fork,
                                     &cli_verb_twin_migrate,
                                     &cli_verb_twin_export,
                                     &cli_verb_twin_erase,
                                     &cli_verb_bank_list,
                                     &cli_verb_bank_find,
                                     &cli_verb_bank_aggregate,
                                     &cli_verb_bank_fairness,
                                     &cli_verb_bank_learn,
                                     &cli_verb_bank_export,
                                     NULL};

int cli_say(const cli *c, int code, const char *format, ...)
{
  char text[2048];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  for (char *s = text; *s; s++) /* names from files must not steer the terminal */
    if ((unsigned char)*s < 0x20 && *s != '\n') *s = '?';
  (void)c;
  fprintf(stderr, "gemel: %s\n", text);
  return code;
}

int cli_code(gm_status s)
{
  switch (s) {
  case GM_OK: return CLI_DONE;
  case GM_ENUMERIC:
  case GM_ECANCELLED: return CLI_NO;
  case GM_ENOMEM:
  case GM_ECPU:
  case GM_EFULL:
  case GM_EINTERNAL: return CLI_INTERNAL;
  default: return CLI_BAD;
  }
}

int cli_fail(const cli *c, gm_status s)
{
  const char *m = gm_message(c->ctx);
  const char *what = s == GM_ENOMEM && m[0] ? "out of memory: " : "";
  return cli_say(c, cli_code(s), "%s%s", what, m[0] ? m : gm_status_text(s));
}

/* Does a message name this subject? "subject 1" in "subject 12 has ..." is another one. */
static bool names(const char *message, const char *subject)
{
  const char *at = strstr(message, subject);
  if (!at) return false;
  char behind = at[strlen(subject)];
  return !isalnum((unsigned char)behind) && behind != '_' && behind != '-';
}

int cli_say_subject(const cli *c, int code, const char *id, const char *message)
{
  char subject[128];
  snprintf(subject, sizeof subject, "subject %.100s", id);
  if (names(message, subject)) return cli_say(c, code, "%s", message);
  return cli_say(c, code, "%s: %s", subject, message);
}

/* ---- help ---------------------------------------------------------------------------------- */
static void help_options(const cli_option *o, gm_text *out)
{
  for (; o->name; o++) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
    gm_text_addf(out, "  %-20s %s%s\n", left, o->help, o->many ? "; may be repeated" : "");
  }
}

void cli_help_verb(const cli_verb *v, gm_text *out)
{
  gm_text_addf(out, "gemel %s%s%s\n\nUse: gemel %s %s\n", v->name, v->summary[0] ? " - " : "",
               v->summary, v->name, v->use);
  if (v->details[0]) gm_text_addf(out, "\n%s", v->details);
  if (v->option[0].name) {
    gm_text_add(out, "\nOptions:\n");
    help_options(v->option, out);
  }
  gm_text_add(out, "\nOptions of every verb:\n");
  help_options(cli_global_options, out);
}

static void help_verbs(gm_text *out)
{
  for (const cli_verb *const *v = cli_verbs; *v; v++)
    if ((*v)->summary[0]) gm_text_addf(out, "  %-15s %s\n", (*v)->name, (*v)->summary);
}

static void help_all(gm_text *out)
{
  gm_text_add(out,
              "gemel - medical digital twins: from a model and a patient's data to a forecast, "
              "a comparison\nof treatments and a proposal. A person decides.\n\n"
              "Use: gemel VERB ARGUMENTS [--OPTION VALUE]\n\nVerbs:\n");
  help_verbs(out);
  gm_text_add(out, "  help            help on a verb: gemel help VERB\n");
  cli_program_list(out);
  gm_text_add(out, "\nOptions of every verb:\n");
  help_options(cli_global_options, out);
  gm_text_add(out, "  --version            the version of Gemel\n\nCodes: 0 done, 1 a result that "
                   "says no, 2 bad use or bad input, 3 internal.\n");
}

/* ---- running ------------------------------------------------------------------------------- */
/* Verbs of two words: `gemel twin show`. */
static bool is_family(const char *word)
{
  size_t n = strlen(word);
  for (const cli_verb *const *v = cli_verbs; *v; v++)
    if (!strncmp((*v)->name, word, n) && (*v)->name[n] == ' ') return true;
  return false;
}

static int family_help(const cli *c, const char *word, gm_text *out)
{
  size_t n = strlen(word);
  gm_text_addf(out, "gemel %s - verbs:\n\n", word);
  for (const cli_verb *const *v = cli_verbs; *v; v++)
    if (!strncmp((*v)->name, word, n) && (*v)->name[n] == ' ')
      gm_text_addf(out, "  %-16s %s\n", (*v)->name, (*v)->summary);
  gm_text_addf(out, "\nMore: gemel help %s VERB\n", word);
  (void)c;
  return CLI_DONE;
}

static const cli_verb *verb_named(const char *name)
{
  for (const cli_verb *const *v = cli_verbs; *v; v++)
    if (!strcmp((*v)->name, name)) return *v;
  return NULL;
}

static int unknown_verb(const cli *c, const char *name)
{
  const char *known[64];
  size_t n = 0;
  for (const cli_verb *const *v = cli_verbs; *v && n < 63; v++) known[n++] = (*v)->name;
  known[n] = NULL;
  const char *near = cli_nearest(name, known);
  return cli_say(c, CLI_BAD, "unknown verb \"%s\"%s%s%s; see gemel --help", name,
                 near ? "; is it " : "", near ? near : "", near ? "?" : "");
}

static int verb_run(cli *c, int argc, char **argv)
{
  int code = cli_options_read(c, argc, argv);
  if (code) return code;
  if (c->help) {
    cli_help_verb(c->verb, &c->out);
    return CLI_DONE;
  }
  code = cli_outputs_check(c);
  if (code) return code;
  gm_status s = gm_pool_new(c->ctx, c->threads, &c->pool);
  if (s) return cli_fail(c, s);
  cli_progress_init(&c->progress, isatty(2) && !c->quiet);
  c->watch = (gm_watch){cli_progress_stop, cli_progress_fraction, &c->progress};
  cli_interrupt_catch();
  code = c->verb->run(c);
  cli_progress_end(&c->progress);
  return code;
}

/* The verb that argv begins with, in one word or two; NULL: none, and code says what was done. */
static const cli_verb *verb_take(cli *c, int argc, char **argv, int *words, int *code)
{
  char two[80];
  const char *word = argv[0];
  *words = 1;
  if (is_family(word)) {
    const char *second = argc > 1 ? argv[1] : "";
    if (!second[0] || second[0] == '-') {
      *code = family_help(c, word, &c->out);
      return NULL;
    }
    snprintf(two, sizeof two, "%.30s %.40s", word, second);
    word = two;
    *words = 2;
  }
  const cli_verb *v = verb_named(word);
  if (!v && !cli_program_run(c, argv, code)) *code = unknown_verb(c, word);
  return v;
}

static int command_help(cli *c, int argc, char **argv)
{
  int words, code = CLI_DONE;
  static char *ask[] = {NULL, "--help", NULL};
  ask[0] = argv[0];
  if (!is_family(argv[0]) && !verb_named(argv[0]) && cli_program_run(c, ask, &code)) return code;
  c->verb = verb_take(c, argc, argv, &words, &code);
  if (c->verb) cli_help_verb(c->verb, &c->out);
  return code;
}

static int command_run(cli *c, int argc, char **argv)
{
  int words, code = CLI_DONE;
  c->verb = verb_take(c, argc, argv, &words, &code);
  return c->verb ? verb_run(c, argc - words, argv + words) : code;
}

static int command(cli *c, int argc, char **argv)
{
  const char *word = argc > 1 ? argv[1] : "";
  if (!strcmp(word, "--version")) {
    gm_text_addf(&c->out, "gemel %s\n", gm_version());
    return CLI_DONE;
  }
  bool help = !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
  if (argc < 2 || (help && argc < 3)) {
    help_all(&c->out);
    if (argc >= 2) return CLI_DONE;
    fputs(c->out.data ? c->out.data : "", stderr);
    return CLI_BAD;
  }
  return help ? command_help(c, argc - 2, argv + 2) : command_run(c, argc - 1, argv + 1);
}

static int print(const cli *c, int code)
{
  if (c->out.status) return cli_say(c, CLI_INTERNAL, "%s", gm_status_text(c->out.status));
  if (code > CLI_NO || !c->out.bytes) return code;
  bool good = fwrite(c->out.data, 1, c->out.bytes, stdout) == c->out.bytes;
  if (fflush(stdout)) good = false;
  if (!good) return cli_say(c, CLI_INTERNAL, "standard output: %s", strerror(errno));
  return code;
}

/* What the library has to say beside its results; from any worker. */
static void hear(void *user, gm_log_level level, const char *text)
{
  if (level <= GM_LOG_WARNING) cli_say(user, CLI_DONE, "warning: %s", text);
}

int main(int argc, char **argv)
{
  cli c = {.program = argc > 0 && argv[0][0] ? argv[0] : "gemel"};
  gm_ctx_options o = {.logger = hear, .logger_user = &c};
  gm_status s = gm_ctx_new(&o, &c.ctx);
  if (s) return cli_say(&c, CLI_INTERNAL, "%s", gm_status_text(s));
  gm_text_init(&c.out, c.ctx);
  int code = print(&c, command(&c, argc, argv));
  gm_text_free(&c.out);
  gm_pool_free(c.pool);
  gm_free(c.given);
  gm_free(c.given_value);
  gm_ctx_free(c.ctx);
  return code;
}
