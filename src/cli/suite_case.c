/* suite_case.c - a case of the SBML Test Suite from its files. */
#include "cli/suite.h"
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NUMBER_BYTES = 8, FILE_BYTES_MAX = 1 << 20 };

const char *const suite_class_name[SUITE_CLASS_COUNT] = {
    "plain", "event", "comp", "algebraic", "delay", "fast", "fbc", "jump", "draw"};
const char *const suite_outcome_name[SUITE_OUTCOME_COUNT] = {"skipped", "match", "refused", "wrong",
                                                             "broken"};

bool suite_list_has(const suite_list *l, const char *text)
{
  for (int32_t i = 0; i < l->count; i++)
    if (!strcmp(l->text[i], text)) return true;
  return false;
}

/* "FOLDER/NUMBER/NUMBER-end", in the arena. */
static const char *path_of(suite_case *c, const char *folder, const char *end)
{
  size_t bytes = strlen(folder) + 2 * strlen(c->number) + strlen(end) + 4;
  char *path = gm_arena_get(c->arena, (ptrdiff_t)bytes, 1);
  if (path) snprintf(path, bytes, "%s/%s/%s-%s", folder, c->number, c->number, end);
  return path;
}

/* ---- the newest model ----------------------------------------------------------------------- */
/* 10 level + version of "NNNNN-sbml-lXvY.xml"; 0: another file. */
static int32_t level_of(const char *name, const char *number)
{
  size_t n = strlen(number);
  const char *at = name + n;
  if (strncmp(name, number, n) || strlen(at) != strlen("-sbml-lXvY.xml")) return 0;
  if (strncmp(at, "-sbml-l", 7) || !isdigit((unsigned char)at[7]) || at[8] != 'v') return 0;
  if (!isdigit((unsigned char)at[9]) || strcmp(at + 10, ".xml") != 0) return 0;
  return 10 * (at[7] - '0') + at[9] - '0';
}

static gm_status model_find(suite_case *c, const char *folder)
{
  char path[4096], end[32];
  int32_t best = 0;
  snprintf(path, sizeof path, "%s/%s", folder, c->number);
  DIR *d = opendir(path);
  if (!d) return gm_fail(c->ctx, GM_EIO, "%s: %s", path, strerror(errno));
  for (struct dirent *e; (e = readdir(d));) {
    int32_t level = level_of(e->d_name, c->number);
    if (level > best) best = level;
  }
  closedir(d);
  if (best == 0)
    return gm_fail(c->ctx, GM_ENOTFOUND, "%s: no model %s-sbml-lXvY.xml", path, c->number);
  snprintf(end, sizeof end, "sbml-l%dv%d.xml", (int)best / 10, (int)best % 10);
  c->model_path = path_of(c, folder, end);
  return c->model_path ? GM_OK : gm_fail(c->ctx, GM_ENOMEM, "case");
}

/* ---- "key: value" lines --------------------------------------------------------------------- */
static bool is_key(const char *line, const char *key)
{
  size_t n = strlen(key);
  line += strspn(line, " \t");
  return !strncmp(line, key, n) && line[n] == ':';
}

/* Does a line go on with the value of the one before: indented, with words, and no key itself?
 * (Tags such as fbc:Objective have a colon too.) */
static bool goes_on(const char *line)
{
  static const char *const key[] = {"category", "synopsis", "componentTags", "testTags",
                                    "testType", "levels",   "generatedBy",   "packagesPresent"};
  if (*line != ' ' && *line != '\t') return false;
  for (size_t i = 0; i < sizeof key / sizeof key[0]; i++)
    if (is_key(line, key[i])) return false;
  return strspn(line, " \t\r") != strcspn(line, "\n");
}

/* Value behind "key:" of the first line that has it, with the lines that go on, up to its end;
 * NULL: no such line. */
static const char *value_of(const char *text, const char *key, size_t *bytes)
{
  for (const char *line = text; *line;) {
    const char *end = line + strcspn(line, "\n");
    if (is_key(line, key)) {
      const char *value = strchr(line, ':') + 1;
      while (*end && goes_on(end + 1)) end += 1 + strcspn(end + 1, "\n");
      *bytes = (size_t)(end - value);
      return value;
    }
    line = end + (*end == '\n');
  }
  return NULL;
}

typedef struct {
  suite_case *c;
  const char *path, *text;
} key_reader;

/* A number; empty: fallback. */
static gm_status number_key(const key_reader *r, const char *key, double fallback, double *out)
{
  size_t bytes = 0;
  const char *value = value_of(r->text, key, &bytes);
  *out = fallback;
  size_t blanks = value ? strspn(value, " \t\r") : 0;
  if (!value || blanks >= bytes || suite_number(value, bytes, out)) return GM_OK;
  return gm_fail(r->c->ctx, GM_EPARSE, "%s: %s: a number is expected", r->path, key);
}

static gm_status list_key(const key_reader *r, const char *key, suite_list *out)
{
  size_t bytes = 0;
  const char *value = value_of(r->text, key, &bytes);
  return suite_list_split(r->c, value ? value : "", bytes, out);
}

/* "(-3, 3)" */
static gm_status range_key(const key_reader *r, const char *key, double out[2])
{
  size_t bytes = 0;
  const char *value = value_of(r->text, key, &bytes);
  const char *open = value ? memchr(value, '(', bytes) : NULL;
  const char *comma = open ? memchr(open, ',', bytes - (size_t)(open - value)) : NULL;
  const char *shut = comma ? memchr(comma, ')', bytes - (size_t)(comma - value)) : NULL;
  if (shut && suite_number(open + 1, (size_t)(comma - open - 1), &out[0]) &&
      suite_number(comma + 1, (size_t)(shut - comma - 1), &out[1]))
    return GM_OK;
  return gm_fail(r->c->ctx, GM_EPARSE, "%s: %s: (NUMBER, NUMBER) is expected", r->path, key);
}

static gm_status text_read(suite_case *c, const char *folder, const char *end, key_reader *r,
                           char **text)
{
  size_t bytes;
  *r = (key_reader){.c = c, .path = path_of(c, folder, end)};
  if (!r->path) return gm_fail(c->ctx, GM_ENOMEM, "case");
  gm_status s = gm_file_read(c->ctx, r->path, FILE_BYTES_MAX, text, &bytes);
  r->text = *text;
  return s;
}

/* ---- settings and tags ---------------------------------------------------------------------- */
static gm_status numbers_take(const key_reader *r)
{
  suite_case *c = r->c;
  double steps = 0;
  gm_status s = number_key(r, "start", 0, &c->start);
  if (!s) s = number_key(r, "duration", NAN, &c->duration);
  if (!s) s = number_key(r, "steps", 0, &steps);
  if (!s) s = number_key(r, "absolute", 0, &c->absolute);
  if (!s) s = number_key(r, "relative", 0, &c->relative);
  if (!s && (!(steps >= 0) || steps > 1e7 || steps != floor(steps)))
    s = gm_fail(c->ctx, GM_EPARSE, "%s: steps: a whole number is expected", r->path);
  if (!s) c->steps = (int32_t)steps;
  return s;
}

static gm_status settings_take(const key_reader *r)
{
  suite_case *c = r->c;
  size_t bytes;
  gm_status s = numbers_take(r);
  if (!s) s = list_key(r, "variables", &c->variable);
  if (!s) s = list_key(r, "amount", &c->amount);
  if (!s) s = list_key(r, "concentration", &c->concentration);
  c->stochastic = value_of(r->text, "meanRange", &bytes) != NULL;
  if (!s && c->stochastic) s = range_key(r, "meanRange", c->mean_range);
  if (!s && c->stochastic) s = range_key(r, "sdRange", c->sd_range);
  if (!s && c->variable.count == 0)
    s = gm_fail(c->ctx, GM_EPARSE, "%s: variables: names are expected", r->path);
  return s;
}

static bool begins(const suite_list *l, const char *with)
{
  for (int32_t i = 0; i < l->count; i++)
    if (!strncmp(l->text[i], with, strlen(with))) return true;
  return false;
}

static suite_class class_of(const suite_case *c, const suite_list *package)
{
  const suite_list *tag[2] = {&c->component_tag, &c->test_tag};
  static const struct {
    const char *tag;
    suite_class class;
  } order[] = {{"FastReaction", SUITE_FAST},
               {"CSymbolDelay", SUITE_DELAY},
               {"AlgebraicRule", SUITE_ALGEBRAIC},
               {"comp:", SUITE_COMP},
               {"Event", SUITE_EVENT}};
  if (c->flux) return SUITE_FBC;
  for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
    if (order[i].class == SUITE_COMP && suite_list_has(package, "comp")) return SUITE_COMP;
    for (int k = 0; k < 2; k++)
      if (begins(tag[k], order[i].tag)) return order[i].class;
  }
  return SUITE_PLAIN;
}

static gm_status tags_take(const key_reader *r)
{
  suite_case *c = r->c;
  suite_list type = {0}, package = {0};
  gm_status s = list_key(r, "componentTags", &c->component_tag);
  if (!s) s = list_key(r, "testTags", &c->test_tag);
  if (!s) s = list_key(r, "testType", &type);
  if (!s) s = list_key(r, "packagesPresent", &package);
  c->flux = suite_list_has(&type, "FluxBalanceSteadyState");
  c->class = class_of(c, &package);
  return s;
}

static gm_status table_check(suite_case *c, const char *path)
{
  const suite_table *t = &c->expected;
  if (!c->flux && !(c->duration > 0 && c->steps > 0))
    return gm_fail(c->ctx, GM_EPARSE, "%s: duration and steps > 0 are expected in the settings",
                   path);
  if (!c->flux && t->row_count != c->steps + 1)
    return gm_fail(c->ctx, GM_EPARSE, "%s: %d rows for %d steps; %d are expected", path,
                   (int)t->row_count, (int)c->steps, (int)c->steps + 1);
  if (t->row_count < 1) return gm_fail(c->ctx, GM_EPARSE, "%s: a row is expected", path);
  return GM_OK;
}

gm_status suite_case_open(gm_ctx *ctx, const char *folder, const char *number, suite_case *c)
{
  *c = (suite_case){.ctx = ctx, .number = number};
  key_reader r;
  char *text = NULL;
  const char *path = NULL;
  gm_status s = gm_arena_new(ctx, 1 << 16, &c->arena);
  if (!s) s = text_read(c, folder, "settings.txt", &r, &text);
  if (!s) s = settings_take(&r);
  gm_free(text);
  text = NULL;
  if (!s && !c->stochastic) {
    s = text_read(c, folder, "model.m", &r, &text);
    if (!s) s = tags_take(&r);
    gm_free(text);
  }
  if (!s) s = model_find(c, folder);
  if (!s) path = path_of(c, folder, "results.csv");
  if (!s && !path) s = gm_fail(ctx, GM_ENOMEM, "case");
  if (!s) s = suite_table_read(c, path, &c->variable, &c->expected);
  return s ? s : table_check(c, path);
}

void suite_case_close(suite_case *c) { gm_arena_free(c->arena); }

/* ---- which cases ---------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  char *text; /* NUMBER_BYTES each */
  int32_t count, room;
} number_list;

/* Up to five digits, written with five. */
static gm_status number_add(number_list *l, const char *digits, size_t bytes)
{
  if (l->count == l->room) {
    int32_t room = l->room ? 2 * l->room : 256;
    gm_status s = gm_grow(l->ctx, &l->text, l->room, room, NUMBER_BYTES);
    if (s) return s;
    l->room = room;
  }
  char *to = l->text + (ptrdiff_t)l->count++ * NUMBER_BYTES;
  memset(to, 0, NUMBER_BYTES);
  memset(to, '0', 5);
  memcpy(to + 5 - bytes, digits, bytes);
  return GM_OK;
}

static gm_status folder_numbers(number_list *l, const char *folder)
{
  gm_status s = GM_OK;
  DIR *d = opendir(folder);
  if (!d) return gm_fail(l->ctx, GM_EIO, "%s: %s", folder, strerror(errno));
  for (struct dirent *e; !s && (e = readdir(d));)
    if (strlen(e->d_name) == 5 && strspn(e->d_name, "0123456789") == 5)
      s = number_add(l, e->d_name, 5);
  closedir(d);
  return s;
}

static gm_status file_numbers(number_list *l, const char *path)
{
  char *text = NULL;
  size_t bytes;
  int32_t line = 0;
  gm_status s = gm_file_read(l->ctx, path, FILE_BYTES_MAX, &text, &bytes);
  if (s) return s;
  for (const char *at = text; *at && !s;) {
    size_t all = strcspn(at, "\n"), digits = strspn(at, "0123456789");
    bool ends = at[digits] == 0 || isspace((unsigned char)at[digits]) || at[digits] == ',';
    line++;
    if (digits >= 1 && digits <= 5 && ends)
      s = number_add(l, at, digits);
    else if (line > 1 && strspn(at, " \t\r") != all && at[0] != '#')
      s = gm_fail(l->ctx, GM_EPARSE, "%s:%d: the number of a case is expected", path, (int)line);
    at += all + (at[all] == '\n');
  }
  gm_free(text);
  return s;
}

static int by_text(const void *a, const void *b) { return strcmp(a, b); }

gm_status suite_numbers(gm_ctx *ctx, const char *folder, const char *file, suite_list *out)
{
  number_list l = {.ctx = ctx};
  gm_status s = file ? file_numbers(&l, file) : folder_numbers(&l, folder);
  if (!s && l.count == 0)
    s = gm_fail(ctx, GM_ENOTFOUND, "%s: cases (folders NNNNN) are expected", file ? file : folder);
  size_t texts = (size_t)l.count * NUMBER_BYTES, pointers = (size_t)l.count * sizeof(char *);
  char *block = s ? NULL : gm_alloc(ctx, 1, texts + pointers);
  if (!s && !block) s = gm_fail(ctx, GM_ENOMEM, "%d cases", (int)l.count);
  if (!s) {
    if (!file) qsort(l.text, (size_t)l.count, NUMBER_BYTES, by_text);
    memcpy(block + pointers, l.text, texts);
    *out = (suite_list){(const char **)(void *)block, l.count};
    for (int32_t i = 0; i < l.count; i++)
      out->text[i] = block + pointers + (ptrdiff_t)i * NUMBER_BYTES;
  }
  gm_free(l.text);
  return s;
}
