/* options.c - reading the command's words. */
#include "cli/cli.h"
#include "base/edit_distance.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const cli_option cli_global_options[] = {
    {"json", NULL, "the result as JSON", false},
    {"seed", "N", "seed of all draws (default 1)", false},
    {"threads", "N", "workers; 0: as many as processors (default 0)", false},
    {"members", "N", "members of a belief, 10 to 1000000 (default 1000)", false},
    {"ignore", "COLUMN", "a column of the data that is left out on purpose", true},
    {"quiet", NULL, "no progress bar", false},
    {"help", NULL, "this text", false},
    {NULL, NULL, NULL, false}};

/* ---- nearest word -------------------------------------------------------------------------- */
const char *cli_nearest(const char *text, const char *const *known)
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
static const cli_option *option_in(const cli_option *o, const char *name, size_t bytes)
{
  for (; o && o->name; o++)
    if (strlen(o->name) == bytes && !memcmp(o->name, name, bytes)) return o;
  return NULL;
}

int cli_say_use(const cli *c, const char *what)
{
  const char *use = c->verb->use;
  int first = (int)strcspn(use, "\n");
  return cli_say(c, CLI_BAD, "%s: %s; use: gemel %s %.*s%s%s%s", c->verb->name, what, c->verb->name,
                 first, use, use[first] ? "; see gemel " : "", use[first] ? c->verb->name : "",
                 use[first] ? " --help" : "");
}

static int unknown_option(const cli *c, const char *text)
{
  const char *known[64];
  size_t n = 0;
  char name[GM__EDIT_BYTES_MAX + 1] = "";
  size_t bytes = strcspn(text + 2, "=");
  if (text[0] == '-' && text[1] == '-' && bytes <= GM__EDIT_BYTES_MAX)
    memcpy(name, text + 2, bytes);
  for (const cli_option *o = c->verb->option; o->name && n < 50; o++) known[n++] = o->name;
  for (const cli_option *o = cli_global_options; o->name && n < 63; o++) known[n++] = o->name;
  known[n] = NULL;
  const char *near = name[0] ? cli_nearest(name, known) : NULL;
  return cli_say(c, CLI_BAD, "%s: unknown option %s%s%s%s; see gemel %s --help", c->verb->name,
                 text, near ? "; is it --" : "", near ? near : "", near ? "?" : "", c->verb->name);
}

static void given(cli *c, const cli_option *o, const char *value)
{
  c->given[c->given_count] = o;
  c->given_value[c->given_count++] = value;
}

static int option_take(cli *c, int argc, char **argv, int *i)
{
  const char *text = argv[*i], *name = text + 2, *value = NULL;
  size_t bytes = strcspn(name, "=");
  const cli_option *o = option_in(c->verb->option, name, bytes);
  if (!o) o = option_in(cli_global_options, name, bytes);
  if (!o) return unknown_option(c, text);
  if (name[bytes] == '=') value = name + bytes + 1;
  if (!o->value && value) return cli_say(c, CLI_BAD, "--%s takes no value", o->name);
  if (o->value && !value) {
    if (*i + 1 >= argc)
      return cli_say(c, CLI_BAD, "--%s: a value is expected: --%s %s", o->name, o->name, o->value);
    value = argv[++*i];
  }
  if (!o->many && cli_has(c, o->name)) return cli_say(c, CLI_BAD, "--%s is given twice", o->name);
  given(c, o, value ? value : "");
  return CLI_DONE;
}

static int whole(const cli *c, const char *name, double least, double most, double *out)
{
  const char *text = cli_value(c, name);
  double v;
  if (!text) return CLI_DONE;
  int32_t used = gm__number_begin(text, &v);
  if (used <= 0 || text[used] || v != floor(v) || v < least || v > most)
    return cli_say(c, CLI_BAD, "--%s %s: a whole number from %.0f to %.0f is expected", name, text,
                   least, most);
  *out = v;
  return CLI_DONE;
}

static int globals_take(cli *c)
{
  double seed = 1, threads = 0, members = 1000;
  int code = whole(c, "seed", 0, 9007199254740991.0, &seed);
  if (!code) code = whole(c, "threads", 0, 1024, &threads);
  if (!code) code = whole(c, "members", 10, 1000000, &members);
  c->json = cli_has(c, "json");
  c->quiet = cli_has(c, "quiet");
  c->help = cli_has(c, "help");
  c->seed = (uint64_t)seed;
  c->threads = (int32_t)threads;
  c->members = (int32_t)members;
  return code;
}

static int too_many(const cli *c, const char *word)
{
  char what[160];
  snprintf(what, sizeof what, "\"%.100s\" is one argument too many", word);
  return cli_say_use(c, what);
}

static int word_take(cli *c, int argc, char **argv, int *i, bool *options)
{
  const char *a = argv[*i];
  if (*options && a[0] == '-' && a[1]) {
    if (!strcmp(a, "--"))
      *options = false;
    else if (!strcmp(a, "-h"))
      given(c, option_in(cli_global_options, "help", 4), "");
    else
      return a[1] == '-' ? option_take(c, argc, argv, i) : unknown_option(c, a);
    return CLI_DONE;
  }
  if (c->argument_count == c->verb->argument_count) return too_many(c, a);
  c->argument[c->argument_count++] = a;
  return CLI_DONE;
}

int cli_options_read(cli *c, int argc, char **argv)
{
  c->given = gm_alloc(c->ctx, argc + 1, sizeof *c->given);
  c->given_value = gm_alloc(c->ctx, argc + 1, sizeof *c->given_value);
  if (!c->given || !c->given_value) return cli_say(c, CLI_INTERNAL, "out of memory");
  bool options = true;
  int code = CLI_DONE;
  for (int i = 0; i < argc && !code; i++) code = word_take(c, argc, argv, &i, &options);
  if (!code) code = globals_take(c);
  if (!code && !c->help && c->argument_count < c->verb->argument_count)
    code = cli_say_use(c, "an argument is missing");
  return code;
}

const char *cli_value_at(const cli *c, const char *name, int32_t i)
{
  for (int32_t k = 0; k < c->given_count; k++)
    if (!strcmp(c->given[k]->name, name) && i-- == 0) return c->given_value[k];
  return NULL;
}

const char *cli_value(const cli *c, const char *name)
{
  const char *last = NULL, *v;
  for (int32_t i = 0; (v = cli_value_at(c, name, i)); i++) last = v;
  return last;
}

bool cli_has(const cli *c, const char *name) { return cli_value_at(c, name, 0) != NULL; }
