/* options.c - reading the command's words. */
#include "program/program_internal.h"
#include "base/edit_distance.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- nearest word -------------------------------------------------------------------------- */
const char *gm_program_nearest(const char *text, const char *const *known)
{
  const char *best = NULL;
  int32_t least = strlen(text) >= 4 ? 3 : 2; /* fewer changes than this are near */
  for (; *known; known++) {
    int32_t d = gm__edit_distance(text, *known);
    if (d < least) {
      least = d;
      best = *known;
    }
  }
  return best;
}

/* ---- reading ------------------------------------------------------------------------------- */
static const gm_option *option_in(const gm_option *o, const char *name, size_t bytes)
{
  for (; o && o->name; o++)
    if (strlen(o->name) == bytes && !memcmp(o->name, name, bytes)) return o;
  return NULL;
}

int gm_program_say_use(const gm_program *p, const char *what)
{
  const char *use = p->verb->use;
  int first = (int)strcspn(use, "\n");
  const char *more = use[first] ? "; see " : "", *name = use[first] ? p->about->name : "",
             *verb = use[first] ? p->verb->name : "", *help = use[first] ? " --help" : "";
  return gm_program_say(p, GM_PROGRAM_BAD, "%s: %s; use: %s %s %.*s%s%s%s%s%s", p->verb->name, what,
                        p->about->name, p->verb->name, first, use, more, name,
                        use[first] ? " " : "", verb, help);
}

static int unknown_option(const gm_program *p, const char *text)
{
  const char *known[64];
  size_t n = 0;
  char name[GM__EDIT_BYTES_MAX + 1] = "";
  size_t bytes = strcspn(text + 2, "=");
  if (text[0] == '-' && text[1] == '-' && bytes <= GM__EDIT_BYTES_MAX)
    memcpy(name, text + 2, bytes);
  for (const gm_option *o = p->verb->option; o && o->name && n < 50; o++) known[n++] = o->name;
  for (const gm_option *o = p->about->general; o && o->name && n < 63; o++) known[n++] = o->name;
  known[n] = NULL;
  const char *near = name[0] ? gm_program_nearest(name, known) : NULL;
  return gm_program_say(p, GM_PROGRAM_BAD, "%s: unknown option %s%s%s%s; see %s %s --help",
                        p->verb->name, text, near ? "; is it --" : "", near ? near : "",
                        near ? "?" : "", p->about->name, p->verb->name);
}

static void given(gm_program *p, const gm_option *o, const char *value)
{
  p->given[p->given_count] = o;
  p->given_value[p->given_count++] = value;
}

static int option_take(gm_program *p, int argc, char **argv, int *i)
{
  const char *text = argv[*i], *name = text + 2, *value = NULL;
  size_t bytes = strcspn(name, "=");
  const gm_option *o = option_in(p->verb->option, name, bytes);
  if (!o) o = option_in(p->about->general, name, bytes);
  if (!o) return unknown_option(p, text);
  if (name[bytes] == '=') value = name + bytes + 1;
  if (!o->value && value) return gm_program_say(p, GM_PROGRAM_BAD, "--%s takes no value", o->name);
  if (o->value && !value) {
    if (*i + 1 >= argc)
      return gm_program_say(p, GM_PROGRAM_BAD, "--%s: a value is expected: --%s %s", o->name,
                            o->name, o->value);
    value = argv[++*i];
  }
  if (!(o->flags & GM_OPTION_MANY) && gm_program_has(p, o->name))
    return gm_program_say(p, GM_PROGRAM_BAD, "--%s is given twice", o->name);
  given(p, o, value ? value : "");
  return GM_PROGRAM_DONE;
}

int gm_program_number(const gm_program *p, const char *name, double least, double most,
                      double standard, double *out)
{
  const char *text = gm_program_value(p, name);
  double v = standard;
  const int32_t used = text ? gm__number_begin(text, &v) : 0;
  if (text && (used <= 0 || text[used] || !(v >= least && v <= most)))
    return gm_program_say(p, GM_PROGRAM_BAD, "--%s %s: a number from %.15g to %.15g is expected",
                          name, text, least, most);
  *out = v;
  return GM_PROGRAM_DONE;
}

int gm_program_whole(const gm_program *p, const char *name, int64_t least, int64_t most,
                     int64_t standard, int64_t *out)
{
  const char *text = gm_program_value(p, name);
  double v = (double)standard;
  const int32_t used = text ? gm__number_begin(text, &v) : 0;
  if (text && (used <= 0 || text[used] || v != floor(v) || v < (double)least || v > (double)most))
    return gm_program_say(p, GM_PROGRAM_BAD,
                          "--%s %s: a whole number from %lld to %lld is expected", name, text,
                          (long long)least, (long long)most);
  *out = (int64_t)v;
  return GM_PROGRAM_DONE;
}

/* Options of every verb that have a field; those that the program does not have keep the standard.
 */
static int general_take(gm_program *p)
{
  int64_t seed = 1, threads = 0, members = 1000;
  int code = gm_program_whole(p, "seed", 0, 9007199254740991, 1, &seed);
  if (!code) code = gm_program_whole(p, "threads", 0, 1024, 0, &threads);
  if (!code) code = gm_program_whole(p, "members", 10, 1000000, 1000, &members);
  p->json = gm_program_has(p, "json");
  p->quiet = gm_program_has(p, "quiet");
  p->help = gm_program_has(p, "help");
  p->seed = (uint64_t)seed;
  p->threads = (int32_t)threads;
  p->members = (int32_t)members;
  return code;
}

static int too_many(const gm_program *p, const char *word)
{
  char what[160];
  snprintf(what, sizeof what, "\"%.100s\" is one argument too many", word);
  return gm_program_say_use(p, what);
}

static int word_take(gm_program *p, int argc, char **argv, int *i, bool *options)
{
  const char *a = argv[*i];
  if (*options && a[0] == '-' && a[1]) {
    const gm_option *help = strcmp(a, "-h") ? NULL : option_in(p->about->general, "help", 4);
    if (!strcmp(a, "--"))
      *options = false;
    else if (help)
      given(p, help, "");
    else
      return a[1] == '-' ? option_take(p, argc, argv, i) : unknown_option(p, a);
    return GM_PROGRAM_DONE;
  }
  if (p->argument_count == p->verb->argument_count + p->verb->argument_more) return too_many(p, a);
  p->argument[p->argument_count++] = a;
  return GM_PROGRAM_DONE;
}

int gm__options_read(gm_program *p, int argc, char **argv)
{
  p->given = gm_alloc(p->ctx, argc + 1, sizeof *p->given);
  p->given_value = gm_alloc(p->ctx, argc + 1, sizeof *p->given_value);
  p->argument = gm_alloc(p->ctx, argc + 2, sizeof *p->argument);
  if (!p->given || !p->given_value || !p->argument)
    return gm_program_say(p, GM_PROGRAM_INTERNAL, "out of memory");
  bool options = true;
  int code = GM_PROGRAM_DONE;
  for (int i = 0; i < argc && !code; i++) code = word_take(p, argc, argv, &i, &options);
  if (!code) code = general_take(p);
  if (!code && !p->help && p->argument_count < p->verb->argument_count)
    code = gm_program_say_use(p, "an argument is missing");
  return code;
}

const char *gm_program_value_at(const gm_program *p, const char *name, int32_t i)
{
  for (int32_t k = 0; k < p->given_count; k++)
    if (!strcmp(p->given[k]->name, name) && i-- == 0) return p->given_value[k];
  return NULL;
}

const char *gm_program_value(const gm_program *p, const char *name)
{
  const char *last = NULL, *v;
  for (int32_t i = 0; (v = gm_program_value_at(p, name, i)); i++) last = v;
  return last;
}

bool gm_program_has(const gm_program *p, const char *name)
{
  return gm_program_value_at(p, name, 0) != NULL;
}
