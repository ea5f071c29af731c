/* verb_bank_export.c - gemel bank export: de-identified data of many subjects, with a report. */
#include "cli/keep.h"
#include "base/number.h"
#include "gemel/deidentify.h"
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 64, CUTS_MAX = 64 };

/* What the options say; texts lie in memory. */
typedef struct {
  gm_arena *memory;
  gm_deidentify_quasi quasi[GM_DEIDENTIFY_QUASI_MAX];
  const char *covariate[NAMES_MAX], *age[NAMES_MAX];
  double cut[GM_DEIDENTIFY_QUASI_MAX][CUTS_MAX];
  const char *level[GM_DEIDENTIFY_QUASI_MAX][NAMES_MAX],
      *general[GM_DEIDENTIFY_QUASI_MAX][NAMES_MAX];
  gm_deidentify_options o;
  unsigned char key[GM_DEIDENTIFY_KEY_BYTES];
} asked;

/* ---- options --------------------------------------------------------------------------------- */
static char *copy(asked *q, const char *text)
{
  size_t n = text ? strlen(text) + 1 : 1;
  char *p = gm_arena_get(q->memory, (ptrdiff_t)n, 1);
  if (p && text) memcpy(p, text, n);
  return p;
}

/* Parts of a text between separators; count -1: too many, or no memory. */
static int32_t parts(asked *q, const char *text, char separator, const char **part, int32_t room)
{
  int32_t n = 0;
  if (!text || !text[0]) return 0;
  for (char *p = copy(q, text); p; n++) {
    char *end = strchr(p, separator);
    if (n == room) return -1;
    if (end) *end++ = 0;
    part[n] = p;
    p = end;
  }
  return n ? n : -1;
}

/* The quasi-identifier of NAME=..., and what is behind the sign. */
static int32_t quasi_of(const asked *q, const char *text, const char **rest)
{
  const char *sign = strchr(text, '=');
  for (int32_t i = 0; sign && i < q->o.quasi_count; i++)
    if (strlen(q->quasi[i].name) == (size_t)(sign - text) &&
        !strncmp(q->quasi[i].name, text, (size_t)(sign - text))) {
      *rest = sign + 1;
      return i;
    }
  return -1;
}

/* NAME=40,65 [UNIT] */
static int bins_read(cli *c, asked *q, const char *text)
{
  const char *rest, *part[CUTS_MAX];
  int32_t i = quasi_of(q, text, &rest);
  if (i < 0) return cli_say(c, CLI_BAD, "--bins: NAME=NUMBER,... of one of --quasi is expected");
  char *blank, *numbers = copy(q, rest);
  if (!numbers) return cli_fail(c, GM_ENOMEM);
  blank = strchr(numbers, ' ');
  if (blank) *blank = 0;
  if (blank) q->quasi[i].unit = blank + 1;
  int32_t n = parts(q, numbers, ',', part, CUTS_MAX);
  for (int32_t k = 0; k < n; k++)
    if (!gm__number_parse(part[k], &q->cut[i][k])) n = -1;
  if (n < 1)
    return cli_say(c, CLI_BAD, "--bins %s: 1 to %d numbers are expected", q->quasi[i].name,
                   (int)CUTS_MAX);
  q->quasi[i].cut = q->cut[i];
  q->quasi[i].cut_count = n;
  return CLI_DONE;
}

/* NAME=a+b:ab;c:other */
static int levels_read(cli *c, asked *q, const char *text)
{
  const char *rest, *group[NAMES_MAX];
  int32_t i = quasi_of(q, text, &rest), n = 0;
  if (i < 0) return cli_say(c, CLI_BAD, "--levels: NAME=LEVEL+...:GENERAL;... is expected");
  int32_t groups = parts(q, rest, ';', group, NAMES_MAX);
  for (int32_t k = 0; k < groups && n >= 0; k++) {
    const char *colon = strrchr(group[k], ':');
    char *levels = copy(q, group[k]);
    if (!colon || !levels) return cli_say(c, CLI_BAD, "--levels: LEVEL+...:GENERAL is expected");
    levels[colon - group[k]] = 0;
    int32_t m = parts(q, levels, '+', q->level[i] + n, NAMES_MAX - n);
    for (int32_t l = 0; l < m; l++) q->general[i][n + l] = colon + 1;
    n = m < 1 ? -1 : n + m;
  }
  if (n < 1) return cli_say(c, CLI_BAD, "--levels: 1 to %d levels are expected", (int)NAMES_MAX);
  q->quasi[i].level = q->level[i];
  q->quasi[i].general = q->general[i];
  q->quasi[i].level_count = n;
  return CLI_DONE;
}

static int number_read(cli *c, const char *name, double low, double high, double *out)
{
  const char *text = cli_value(c, name);
  if (!text) return CLI_DONE;
  if (!gm__number_parse(text, out) || !(*out >= low && *out <= high))
    return cli_say(c, CLI_BAD, "--%s: a number from %g to %g is expected", name, low, high);
  return CLI_DONE;
}

static int lists_read(cli *c, asked *q)
{
  const char *name[GM_DEIDENTIFY_QUASI_MAX];
  gm_deidentify_options *o = &q->o;
  o->quasi_count = parts(q, cli_value(c, "quasi"), ',', name, GM_DEIDENTIFY_QUASI_MAX);
  if (o->quasi_count < 1)
    return cli_say_use(c, "--quasi NAME,... is expected: 1 to 8 covariates others may know");
  for (int32_t i = 0; i < o->quasi_count; i++) q->quasi[i].name = name[i];
  o->covariate_count = parts(q, cli_value(c, "covariates"), ',', q->covariate, NAMES_MAX);
  o->age_count = parts(q, cli_value(c, "ages"), ',', q->age, NAMES_MAX);
  if (o->covariate_count < 0 || o->age_count < 0)
    return cli_say(c, CLI_BAD, "at most %d names are expected in a list", (int)NAMES_MAX);
  o->quasi = q->quasi;
  o->covariate = q->covariate;
  o->age = q->age;
  return CLI_DONE;
}

static int options_take(cli *c, asked *q)
{
  double k = 0, share = 0;
  const char *text;
  int code = lists_read(c, q);
  for (int32_t i = 0; !code && (text = cli_value_at(c, "bins", i)); i++)
    code = bins_read(c, q, text);
  for (int32_t i = 0; !code && (text = cli_value_at(c, "levels", i)); i++)
    code = levels_read(c, q, text);
  if (!code) code = number_read(c, "k", GM_DEIDENTIFY_K_LEAST, 1e5, &k);
  if (!code && floor(k) != k) code = cli_say(c, CLI_BAD, "--k: a whole number is expected");
  if (!code) code = number_read(c, "suppress", 1e-6, 1, &share);
  q->o.k = (int32_t)k;
  q->o.suppress_max = share;
  q->o.parameters = cli_has(c, "parameters");
  q->o.watch = &c->watch;
  return code;
}

/* ---- files ----------------------------------------------------------------------------------- */
static gm_status file_put(gm_ctx *ctx, const char *folder, const char *name, const gm_text *data)
{
  gm_text path;
  gm_text_init(&path, ctx);
  gm_text_addf(&path, "%s/%s", folder, name);
  gm_status s = path.status;
  if (!s) s = gm_file_write(ctx, path.data, data->data ? data->data : "", data->bytes);
  gm_text_free(&path);
  return s;
}

static const char *const file_name[] = {"subjects.csv", "facts.csv", "report.json", "report.txt",
                                        "parameters.csv"};
enum { FILES = sizeof file_name / sizeof file_name[0] };

static void part_remove(const char *folder)
{
  char path[PATH_MAX + 32];
  for (int i = 0; i < FILES; i++) {
    snprintf(path, sizeof path, "%s/%s", folder, file_name[i]);
    unlink(path);
  }
  rmdir(folder);
}

/* All in a folder beside it, which then takes its name. */
static gm_status files_put(gm_ctx *ctx, const char *out, const gm_deidentified *d, bool parameters)
{
  char part[PATH_MAX];
  const gm_text *data[FILES] = {&d->subjects, &d->facts, &d->report_json, &d->report_text,
                                &d->parameters};
  if (snprintf(part, sizeof part, "%s.XXXXXX", out) >= (int)sizeof part || !mkdtemp(part))
    return gm_fail(ctx, GM_EIO, "%s: %s", out, strerror(errno));
  gm_status s = GM_OK;
  for (int i = 0; i < (parameters ? FILES : FILES - 1) && !s; i++)
    s = file_put(ctx, part, file_name[i], data[i]);
  if (!s && cli_exists(out)) s = gm_fail(ctx, GM_EEXIST, "%s is there already", out);
  if (!s && rename(part, out)) s = gm_fail(ctx, GM_EIO, "%s: %s", out, strerror(errno));
  if (s) part_remove(part);
  return s;
}

/* A key beside the data would undo the export. */
static int key_place_check(cli *c, const char *out, const char *key)
{
  size_t n = strlen(out);
  while (n > 1 && out[n - 1] == '/') n--;
  if (!strncmp(out, key, n) && key[n] == '/')
    return cli_say(c, CLI_BAD, "--key-file: a place outside of --out is expected");
  return CLI_DONE;
}

/* ---- the verb -------------------------------------------------------------------------------- */
static void said(cli *c, const char *out, const gm_deidentified *d)
{
  const gm_deidentify_counts *n = &d->count;
  if (c->json) {
    gm_text_addn(&c->out, d->report_json.data, d->report_json.bytes);
    return;
  }
  gm_text_addf(
      &c->out,
      "%s: %lld facts of %lld subjects, each among %d or more alike; %lld subjects and %lld facts "
      "left out\nread %s/report.txt before it is given to anybody\n",
      out, (long long)n->facts, (long long)n->kept, (int)n->k_reached, (long long)n->suppressed,
      (long long)(n->rare + n->not_asked + n->not_permitted + n->unreadable), out);
}

static int export_run(cli *c, asked *q, const char *out)
{
  cli_keep k = {0};
  gm_deidentified d = {0};
  const char *key = cli_value(c, "key-file");
  int code = key ? key_place_check(c, out, key) : CLI_DONE;
  if (!code) code = cli_keep_open(c, false, &k);
  if (code) return cli_keep_close(&k), code;
  umask(077);
  gm_status s = key ? gm_deidentify_key(c->ctx, key, q->key) : GM_OK;
  if (key) q->o.key = q->key;
  if (!s) s = gm_deidentify(k.session, c->ctx, &q->o, &d);
  if (!s) s = files_put(c->ctx, out, &d, q->o.parameters);
  if (s)
    code = cli_fail(c, s);
  else
    said(c, out, &d);
  gm_deidentified_free(&d);
  cli_keep_close(&k);
  sodium_memzero(q->key, sizeof q->key);
  return code;
}

static int run(cli *c)
{
  const char *out = cli_value(c, "out");
  if (!out || !out[0]) return cli_say_use(c, "--out DIR is expected");
  if (cli_exists(out)) return cli_say(c, CLI_BAD, "%s is there already", out);
  asked *q = gm_alloc(c->ctx, 1, sizeof *q);
  if (!q) return cli_fail(c, GM_ENOMEM);
  gm_status s = gm_arena_new(c->ctx, 4096, &q->memory);
  int code = s ? cli_fail(c, s) : options_take(c, q);
  if (!code) code = export_run(c, q, out);
  gm_arena_free(q->memory);
  gm_free(q);
  return code;
}

static const cli_option options[] = {
    {"out", "DIR", "folder of the export, made by it", false},
    {"quasi", "NAME,...", "covariates that others may know: subjects are grouped by them", false},
    {"k", "N", "subjects that a group has at least (11, which is also the least)", false},
    {"bins", "NAME=N,...", "cuts of a number, a unit may follow; else quantiles", true},
    {"levels", "NAME=A+B:C;...", "what levels become, before all become one", true},
    {"suppress", "SHARE", "of subjects to leave out rather than to widen more (0.05)", false},
    {"covariates", "NAME,...", "other covariates, as they are; all others are left out", false},
    {"ages", "NAME,...", "series that are ages, beside those called or coded so", false},
    {"parameters", NULL, "means of calibrated parameters too; k does not cover them", false},
    {"key-file", "FILE", "keep the key of the pseudonyms, for later exports", GM_OPTION_READ},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_export = {
    .name = "bank export",
    .summary = "de-identified data of consenting subjects, with a report",
    .use = "--out DIR --quasi AGE,SEX --as researcher:NAME --for research-export",
    .details =
        "Files: subjects.csv, facts.csv, report.txt, report.json, parameters.csv when asked for.\n"
        "Names, ids, sources, free text and real dates are left out; each subject's times are "
        "moved\n"
        "by a number of days of its own. Only what consents permit to be exported goes out, and\n"
        "nothing when fewer than k subjects remain.\n",
    .option = options,
    .argument_count = 0,
    .run = run};
