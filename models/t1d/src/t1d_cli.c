/* t1d_cli.c - options, help and messages of gemel-t1d. */
#include "t1d_cli.h"
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int t1d_cli_say(const t1d_cli *c, int code, const char *format, ...)
{
  char text[2048];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  for (char *s = text; *s; s++) /* names from files must not steer the terminal */
    if ((unsigned char)*s < 0x20 && *s != '\n') *s = '?';
  (void)c;
  fprintf(stderr, "gemel t1d: %s\n", text);
  return code;
}

int t1d_cli_fail(const t1d_cli *c, gm_status s)
{
  const char *m = gm_message(c->ctx);
  int code = s == GM_ENOMEM || s == GM_EINTERNAL || s == GM_EFULL ? T1D_CLI_INTERNAL
             : s == GM_ENUMERIC || s == GM_ECANCELLED             ? T1D_CLI_NO
                                                                  : T1D_CLI_BAD;
  return t1d_cli_say(c, code, "%s", m[0] ? m : gm_status_text(s));
}

/* ---- options --------------------------------------------------------------------------------- */
static int32_t option_place(const t1d_verb *v, const char *name, size_t bytes)
{
  for (int32_t i = 0; i < T1D_CLI_OPTIONS && v->option[i].name; i++)
    if (strlen(v->option[i].name) == bytes && !strncmp(v->option[i].name, name, bytes)) return i;
  return -1;
}

const char *t1d_cli_given(const t1d_cli *c, const char *name)
{
  int32_t at = option_place(c->verb, name, strlen(name));
  return at < 0 ? NULL : c->given[at];
}

/* [-] digits [. one to three digits] */
static bool number_read(const char *text, double *out)
{
  const char *at = text + (*text == '-');
  double whole = 0, part = 0, unit = 1;
  int32_t digits = 0, decimals = 0;
  for (; *at >= '0' && *at <= '9'; at++, digits++) whole = 10 * whole + (*at - '0');
  if (*at == '.')
    for (at++; *at >= '0' && *at <= '9'; at++, decimals++, unit *= 10)
      part = 10 * part + (*at - '0');
  if (*at || digits < 1 || digits > 15 || decimals > 3 || (unit == 1 && strchr(text, '.')))
    return false;
  *out = (whole * unit + part) / unit * (*text == '-' ? -1 : 1);
  return true;
}

bool t1d_cli_number(const t1d_cli *c, const char *name, double least, double most, double standard,
                    double *out)
{
  const char *text = t1d_cli_given(c, name);
  *out = standard;
  if (!text) return true;
  if (number_read(text, out) && *out >= least && *out <= most) return true;
  t1d_cli_say(c, T1D_CLI_BAD, "--%s %s: expected a number from %g to %g", name, text, least, most);
  return false;
}

bool t1d_cli_whole(const t1d_cli *c, const char *name, int64_t least, int64_t most,
                   int64_t standard, int64_t *out)
{
  double v;
  if (!t1d_cli_number(c, name, (double)least, (double)most, (double)standard, &v)) return false;
  *out = (int64_t)v;
  if ((double)*out == v) return true;
  t1d_cli_say(c, T1D_CLI_BAD, "--%s %s: expected a whole number", name, t1d_cli_given(c, name));
  return false;
}

static bool is_store(const char *path)
{
  static const char head[] = "SQLite format 3";
  char begin[sizeof head] = "";
  int f = open(path, O_RDONLY | O_CLOEXEC);
  if (f < 0) return false;
  ssize_t n = read(f, begin, sizeof head);
  close(f);
  return n == (ssize_t)sizeof head && !memcmp(begin, head, sizeof head);
}

bool t1d_cli_may_write(const t1d_cli *c, const char *path)
{
  struct stat to, from;
  if (!path || stat(path, &to)) return true;
  for (int32_t i = 0; i < c->argument_count; i++)
    if (!stat(c->argument[i], &from) && from.st_dev == to.st_dev && from.st_ino == to.st_ino) {
      t1d_cli_say(c, T1D_CLI_BAD, "%s is what is read: a file of its own is expected", path);
      return false;
    }
  if (!S_ISREG(to.st_mode) || !is_store(path)) return true;
  t1d_cli_say(c, T1D_CLI_BAD, "%s is a store: a file of its own is expected", path);
  return false;
}

static int option_take(t1d_cli *c, int argc, char **argv, int *at)
{
  const char *name = argv[*at] + 2, *equals = strchr(name, '=');
  size_t bytes = equals ? (size_t)(equals - name) : strlen(name);
  int32_t place = option_place(c->verb, name, bytes);
  if (place < 0)
    return t1d_cli_say(c, T1D_CLI_BAD, "%s: unknown option --%.*s; see gemel t1d %s --help",
                       c->verb->name, (int)bytes, name, c->verb->name);
  if (!c->verb->option[place].value) {
    c->given[place] = "";
    return equals ? t1d_cli_say(c, T1D_CLI_BAD, "--%.*s takes no value", (int)bytes, name)
                  : T1D_CLI_DONE;
  }
  if (!equals && *at + 1 >= argc)
    return t1d_cli_say(c, T1D_CLI_BAD, "--%s: %s is missing", name, c->verb->option[place].value);
  c->given[place] = equals ? equals + 1 : argv[++*at];
  return T1D_CLI_DONE;
}

static int options_read(t1d_cli *c, int argc, char **argv)
{
  for (int i = 0; i < argc; i++) {
    if (!strncmp(argv[i], "--", 2) && argv[i][2]) {
      int code = option_take(c, argc, argv, &i);
      if (code) return code;
    } else if (c->argument_count == T1D_CLI_ARGUMENTS) {
      return t1d_cli_say(c, T1D_CLI_BAD, "more than %d arguments", T1D_CLI_ARGUMENTS);
    } else {
      c->argument[c->argument_count++] = argv[i];
    }
  }
  if (c->argument_count < c->verb->least || c->argument_count > c->verb->most)
    return t1d_cli_say(c, T1D_CLI_BAD, "use: gemel t1d %s %s", c->verb->name, c->verb->use);
  return T1D_CLI_DONE;
}

/* ---- help ------------------------------------------------------------------------------------ */
static void help_verb(const t1d_verb *v, gm_text *out)
{
  gm_text_addf(out, "gemel t1d %s - %s\n\nUse: gemel t1d %s %s\n\n%s", v->name, v->summary, v->name,
               v->use, v->details);
  gm_text_add(out, "\nOptions:\n");
  for (int32_t i = 0; i < T1D_CLI_OPTIONS && v->option[i].name; i++) {
    char left[64];
    const char *value = v->option[i].value;
    snprintf(left, sizeof left, "--%s%s%s", v->option[i].name, value ? " " : "",
             value ? value : "");
    gm_text_addf(out, "  %-22s %s\n", left, v->option[i].help);
  }
}

static void help_all(const t1d_verb *const *verb, gm_text *out)
{
  gm_text_add(out, "gemel t1d - type 1 diabetes: research on records and on virtual people; a "
                   "clinician decides, nothing\nhere commands a pump.\n\nUse: gemel t1d VERB "
                   "ARGUMENTS [--OPTION VALUE]\n\nVerbs:\n");
  for (; *verb; verb++) gm_text_addf(out, "  %-10s %s\n", (*verb)->name, (*verb)->summary);
  gm_text_add(out,
              "\nMore: gemel t1d VERB --help. Codes: 0 done, 1 a result that says no, 2 bad use "
              "or bad input,\n3 internal.\n");
}

/* ---- interruption and progress ----------------------------------------------------------------
 */
static volatile sig_atomic_t interrupted;
static void interrupt(int signal)
{
  (void)signal;
  interrupted = 1;
}
static bool stop(void *user)
{
  (void)user;
  return interrupted;
}
static void progress(void *user, const char *what, double fraction)
{
  static int last = -1;
  const int pct = (int)(100 * fraction);
  (void)user;
  if (pct == last) return;
  last = pct;
  fprintf(stderr, "\r%s %3d %%%s", what, pct, pct >= 100 ? "\n" : "");
}

/* ---- running --------------------------------------------------------------------------------- */
static int verb_run(t1d_cli *c, int argc, char **argv)
{
  for (int i = 0; i < argc; i++)
    if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h")) {
      help_verb(c->verb, &c->out);
      return T1D_CLI_DONE;
    }
  int code = options_read(c, argc, argv);
  if (code) return code;
  struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
  c->watch = (gm_watch){stop, isatty(2) ? progress : NULL, NULL};
  return c->verb->run(c);
}

static int command(t1d_cli *c, const t1d_verb *const *verb, int argc, char **argv)
{
  const char *word = argc > 1 ? argv[1] : "";
  const bool help = !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
  if (help && argc > 2 && argv[2][0] != '-') {
    static char *ask[] = {"--help"};
    word = argv[2];
    for (const t1d_verb *const *v = verb; *v; v++)
      if (!strcmp((*v)->name, word)) {
        c->verb = *v;
        return verb_run(c, 1, ask);
      }
  } else if (help || !word[0]) {
    help_all(verb, &c->out);
    if (help) return T1D_CLI_DONE;
    fputs(c->out.data ? c->out.data : "", stderr);
    return T1D_CLI_BAD;
  }
  for (const t1d_verb *const *v = verb; *v; v++)
    if (!strcmp((*v)->name, word)) {
      c->verb = *v;
      return verb_run(c, argc - 2, argv + 2);
    }
  return t1d_cli_say(c, T1D_CLI_BAD, "unknown verb \"%s\"; see gemel t1d --help", word);
}

int t1d_cli_main(const t1d_verb *const *verb, int argc, char **argv)
{
  t1d_cli c = {0};
  gm_status s = gm_ctx_new(NULL, &c.ctx);
  if (s) return t1d_cli_say(&c, T1D_CLI_INTERNAL, "%s", gm_status_text(s));
  gm_text_init(&c.out, c.ctx);
  int code = command(&c, verb, argc, argv);
  if (c.out.status) code = t1d_cli_say(&c, T1D_CLI_INTERNAL, "%s", gm_status_text(c.out.status));
  if (code <= T1D_CLI_NO && c.out.bytes) {
    bool good = fwrite(c.out.data, 1, c.out.bytes, stdout) == c.out.bytes;
    if (fflush(stdout)) good = false;
    if (!good)
      code = t1d_cli_say(&c, T1D_CLI_INTERNAL, "standard output: %s", gm_status_text(GM_EIO));
  }
  gm_text_free(&c.out);
  gm_ctx_free(c.ctx);
  return code;
}
