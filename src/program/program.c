/* program.c - finds the verb, runs it, prints its result; messages and help. */
#include "program/program_internal.h"
#include "base/utf8.h"
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Names from files must not steer the terminal: control characters of ASCII and of U+0080 to
 * U+009F, and bytes that are no UTF-8, which some terminals take for those, become question marks.
 */
static void steer_not(char *text)
{
  unsigned char *s = (unsigned char *)text;
  while (*s) {
    const int32_t bytes = gm__utf8_bytes(s, GM__UTF8_BYTES_MAX);
    const bool ascii = (*s < 0x20 && *s != '\n') || *s == 0x7f;
    const bool second = bytes == 2 && s[0] == 0xc2 && s[1] < 0xa0;
    if (second) s[1] = '?';
    if (ascii || second || bytes == 0) *s = '?';
    s += second || bytes == 0 ? 1 : bytes;
  }
}

int gm_program_say(const gm_program *p, int code, const char *format, ...)
{
  char text[2048];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  steer_not(text);
  fprintf(stderr, "%s: %s\n", p->about->name, text);
  return code;
}

int gm_program_code(gm_status s)
{
  switch (s) {
  case GM_OK: return GM_PROGRAM_DONE;
  case GM_ENUMERIC:
  case GM_ECANCELLED: return GM_PROGRAM_NO;
  case GM_ENOMEM:
  case GM_ECPU:
  case GM_EFULL:
  case GM_EINTERNAL: return GM_PROGRAM_INTERNAL;
  default: return GM_PROGRAM_BAD;
  }
}

int gm_program_fail(const gm_program *p, gm_status s)
{
  const char *m = gm_message(p->ctx);
  const char *what = s == GM_ENOMEM && m[0] ? "out of memory: " : "";
  return gm_program_say(p, gm_program_code(s), "%s%s", what, m[0] ? m : gm_status_text(s));
}

/* ---- help ------------------------------------------------------------------------------------ */
/* Columns of a line, of an option, and where its text begins. */
enum { HELP_W = 100, OPTION_W = 20, HELP_AT = OPTION_W + 3 };

/* The text of an option, in its column; broken at blanks. */
static void help_wrapped(const char *text, gm_text *out)
{
  const size_t room = HELP_W - HELP_AT;
  while (*text) {
    size_t n = strlen(text);
    if (n > room) {
      n = room;
      while (n > 0 && text[n] != ' ') n--;
      if (n == 0) n = strcspn(text, " "); /* a word that fits in no line */
    }
    gm_text_addn(out, text, n);
    text += n + strspn(text + n, " ");
    gm_text_addf(out, "\n%*s", text[0] ? HELP_AT : 0, "");
  }
}

static void help_options(const gm_option *o, gm_text *out)
{
  for (; o && o->name; o++) {
    char left[64], text[600];
    const int n = snprintf(left, sizeof left, "--%s%s%s", o->name, o->value ? " " : "",
                           o->value ? o->value : "");
    snprintf(text, sizeof text, "%s%s", o->help,
             o->flags & GM_OPTION_MANY ? "; may be repeated" : "");
    gm_text_addf(out, "  %-*s", OPTION_W, left);
    gm_text_addf(out, n > OPTION_W ? "\n%*s" : "%*s", n > OPTION_W ? HELP_AT : 1, "");
    help_wrapped(text, out);
  }
}

void gm_program_help_verb(const gm_program *p, const gm_verb *v, gm_text *out)
{
  gm_text_addf(out, "%s %s%s%s\n\nUse: %s %s %s\n", p->about->name, v->name,
               v->summary[0] ? " - " : "", v->summary, p->about->name, v->name, v->use);
  if (v->details[0]) gm_text_addf(out, "\n%s", v->details);
  if (v->option && v->option[0].name) {
    gm_text_add(out, "\nOptions:\n");
    help_options(v->option, out);
  }
  gm_text_add(out, "\nOptions of every verb:\n");
  help_options(p->about->general, out);
}

static void help_verbs(const gm_program *p, gm_text *out)
{
  for (const gm_verb *const *v = p->about->verb; *v; v++)
    if ((*v)->summary[0]) gm_text_addf(out, "  %-15s %s\n", (*v)->name, (*v)->summary);
}

static void help_all(const gm_program *p, gm_text *out)
{
  const char *name = p->about->name;
  gm_text_addf(out, "%s\n\nUse: %s VERB ARGUMENTS [--OPTION VALUE]\n\nVerbs:\n", p->about->about,
               name);
  help_verbs(p, out);
  gm_text_addf(out, "  help            help on a verb: %s help VERB\n", name);
  if (p->about->programs) p->about->programs(out);
  gm_text_add(out, "\nOptions of every verb:\n");
  help_options(p->about->general, out);
  gm_text_add(out, "  --version            the version of Gemel\n\nCodes: 0 done, 1 a result that "
                   "says no, 2 bad use or bad input, 3 internal.\n");
}

/* ---- running --------------------------------------------------------------------------------- */
/* Verbs of two words: `gemel twin show`. */
static bool is_family(const gm_program *p, const char *word)
{
  size_t n = strlen(word);
  for (const gm_verb *const *v = p->about->verb; *v; v++)
    if (!strncmp((*v)->name, word, n) && (*v)->name[n] == ' ') return true;
  return false;
}

static void family_help(const gm_program *p, const char *word, gm_text *out)
{
  size_t n = strlen(word);
  gm_text_addf(out, "%s %s - verbs:\n\n", p->about->name, word);
  for (const gm_verb *const *v = p->about->verb; *v; v++)
    if (!strncmp((*v)->name, word, n) && (*v)->name[n] == ' ')
      gm_text_addf(out, "  %-16s %s\n", (*v)->name, (*v)->summary);
  gm_text_addf(out, "\nMore: %s help %s VERB\n", p->about->name, word);
}

static const gm_verb *verb_named(const gm_program *p, const char *name)
{
  for (const gm_verb *const *v = p->about->verb; *v; v++)
    if (!strcmp((*v)->name, name)) return *v;
  return NULL;
}

static int unknown_verb(const gm_program *p, const char *name)
{
  const char *known[64];
  size_t n = 0;
  for (const gm_verb *const *v = p->about->verb; *v && n < 63; v++) known[n++] = (*v)->name;
  known[n] = NULL;
  const char *near = gm_program_nearest(name, known);
  return gm_program_say(p, GM_PROGRAM_BAD, "unknown verb \"%s\"%s%s%s; see %s --help", name,
                        near ? "; is it " : "", near ? near : "", near ? "?" : "", p->about->name);
}

static int verb_run(gm_program *p, int argc, char **argv)
{
  int code = gm__options_read(p, argc, argv);
  if (code) return code;
  if (p->help) {
    gm_program_help_verb(p, p->verb, &p->out);
    return GM_PROGRAM_DONE;
  }
  code = gm__outputs_check(p);
  if (code) return code;
  gm_status s = gm_pool_new(p->ctx, p->threads, &p->pool);
  if (s) return gm_program_fail(p, s);
  gm__progress_init(&p->progress, isatty(2) && !p->quiet);
  p->watch = (gm_watch){gm_progress_stop, gm_progress_fraction, &p->progress};
  gm__interrupt_catch();
  code = p->verb->run(p);
  gm_progress_end(&p->progress);
  return code;
}

/* A word that is no verb, but something to the program. */
static bool other(gm_program *p, char **argv, int *code)
{
  return p->about->other && p->about->other(p, argv, code);
}

/* The verb that argv begins with, in one word or two; NULL: none, and code says what was done. */
static const gm_verb *verb_take(gm_program *p, int argc, char **argv, int *words, int *code)
{
  char two[80];
  const char *word = argv[0];
  *words = 1;
  if (is_family(p, word)) {
    const char *second = argc > 1 ? argv[1] : "";
    if (!second[0] || second[0] == '-') {
      family_help(p, word, &p->out);
      *code = GM_PROGRAM_DONE;
      return NULL;
    }
    snprintf(two, sizeof two, "%.30s %.40s", word, second);
    word = two;
    *words = 2;
  }
  const gm_verb *v = verb_named(p, word);
  if (!v && !other(p, argv, code)) *code = unknown_verb(p, word);
  return v;
}

static int command_help(gm_program *p, int argc, char **argv)
{
  int words, code = GM_PROGRAM_DONE;
  static char *ask[] = {NULL, "--help", NULL};
  ask[0] = argv[0];
  if (!is_family(p, argv[0]) && !verb_named(p, argv[0]) && other(p, ask, &code)) return code;
  p->verb = verb_take(p, argc, argv, &words, &code);
  if (p->verb) gm_program_help_verb(p, p->verb, &p->out);
  return code;
}

static int command_run(gm_program *p, int argc, char **argv)
{
  int words, code = GM_PROGRAM_DONE;
  p->verb = verb_take(p, argc, argv, &words, &code);
  return p->verb ? verb_run(p, argc - words, argv + words) : code;
}

static int command(gm_program *p, int argc, char **argv)
{
  const char *word = argc > 1 ? argv[1] : "";
  if (!strcmp(word, "--version")) {
    gm_text_addf(&p->out, "gemel %s\n", gm_version());
    return GM_PROGRAM_DONE;
  }
  bool help = !strcmp(word, "help") || !strcmp(word, "--help") || !strcmp(word, "-h");
  if (argc < 2 || (help && argc < 3)) {
    help_all(p, &p->out);
    if (argc >= 2) return GM_PROGRAM_DONE;
    fputs(p->out.data ? p->out.data : "", stderr);
    return GM_PROGRAM_BAD;
  }
  return help ? command_help(p, argc - 2, argv + 2) : command_run(p, argc - 1, argv + 1);
}

static int print(const gm_program *p, int code)
{
  if (p->out.status)
    return gm_program_say(p, GM_PROGRAM_INTERNAL, "%s", gm_status_text(p->out.status));
  if (code > GM_PROGRAM_NO || !p->out.bytes) return code;
  bool good = fwrite(p->out.data, 1, p->out.bytes, stdout) == p->out.bytes;
  if (fflush(stdout)) good = false;
  if (!good) return gm_program_say(p, GM_PROGRAM_INTERNAL, "standard output: %s", strerror(errno));
  return code;
}

/* What the library has to say beside its results; from any worker. */
static void hear(void *user, gm_log_level level, const char *text)
{
  if (level <= GM_LOG_WARNING) gm_program_say(user, GM_PROGRAM_DONE, "warning: %s", text);
}

int gm_program_main(const gm_program_about *about, int argc, char **argv)
{
  gm_program p = {.about = about, .program = argc > 0 && argv[0][0] ? argv[0] : about->name};
  gm_ctx_options o = {.logger = hear, .logger_user = &p};
  gm_status s = gm_ctx_new(&o, &p.ctx);
  if (s) return gm_program_say(&p, GM_PROGRAM_INTERNAL, "%s", gm_status_text(s));
  gm_text_init(&p.out, p.ctx);
  int code = print(&p, command(&p, argc, argv));
  gm_text_free(&p.out);
  gm_pool_free(p.pool);
  gm_free(p.argument);
  gm_free(p.given);
  gm_free(p.given_value);
  gm_ctx_free(p.ctx);
  return code;
}
