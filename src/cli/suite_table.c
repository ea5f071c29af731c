/* suite_table.c - lists and tables of the suite's files, and its rule of what is the same. */
#include "cli/suite.h"
#include "base/number.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static gm_status no_memory(suite_case *c) { return gm_fail(c->ctx, GM_ENOMEM, "case"); }

/* Narrows [*text, *text + *bytes) to what lies between blanks. */
static void trim(const char **text, size_t *bytes)
{
  while (*bytes && isspace((unsigned char)**text)) {
    ++*text;
    --*bytes;
  }
  while (*bytes && isspace((unsigned char)(*text)[*bytes - 1])) --*bytes;
}

gm_status suite_list_split(suite_case *c, const char *text, size_t bytes, suite_list *out)
{
  int32_t room = 1;
  for (size_t i = 0; i < bytes; i++) room += text[i] == ',';
  suite_list l = {.text = gm_arena_get(c->arena, room, sizeof *l.text)};
  if (!l.text) return no_memory(c);
  for (const char *at = text, *end = text + bytes; at <= end;) {
    const char *comma = memchr(at, ',', (size_t)(end - at));
    const char *word = at;
    size_t n = (size_t)((comma ? comma : end) - at);
    at = comma ? comma + 1 : end + 1;
    trim(&word, &n);
    if (n == 0) continue;
    char *copy = gm_arena_get(c->arena, (ptrdiff_t)n + 1, 1);
    if (!copy) return no_memory(c);
    memcpy(copy, word, n);
    l.text[l.count++] = copy;
  }
  *out = l;
  return GM_OK;
}

bool suite_number(const char *text, size_t bytes, double *out)
{
  char copy[64];
  trim(&text, &bytes);
  if (bytes == 0 || bytes >= sizeof copy) return false;
  memcpy(copy, text, bytes);
  copy[bytes] = 0;
  const char *word = copy + (copy[0] == '-' || copy[0] == '+');
  double sign = copy[0] == '-' ? -1 : 1;
  if (!strcasecmp(word, "nan"))
    *out = NAN;
  else if (!strcasecmp(word, "inf") || !strcasecmp(word, "infinity"))
    *out = sign * (double)INFINITY;
  else
    return gm__number_parse(copy, out);
  return true;
}

bool suite_close(double expected, double got, double absolute, double relative)
{
  if (isnan(expected) || isnan(got)) return isnan(expected) && isnan(got);
  if (isinf(expected) || isinf(got)) return expected == got;
  return fabs(expected - got) <= absolute + relative * fabs(expected);
}

/* ---- reading -------------------------------------------------------------------------------- */
typedef struct {
  suite_case *c;
  const char *path;
  suite_table t;
  int32_t line, fields; /* fields of a row, time included */
  bool time;
} table_reader;

static gm_status header_take(table_reader *r, const char *line, size_t bytes,
                             const suite_list *names)
{
  suite_list l;
  double v;
  const char *comma = memchr(line, ',', bytes);
  size_t first = comma ? (size_t)(comma - line) : bytes;
  if (suite_number(line, first, &v)) { /* no header */
    r->time = true;
    r->t.column = *names;
    r->fields = names->count + 1;
    return GM_OK;
  }
  gm_status s = suite_list_split(r->c, line, bytes, &l);
  if (s) return s;
  r->time = l.count > 0 && !strcasecmp(l.text[0], "time");
  r->fields = l.count;
  r->t.column = (suite_list){l.text + r->time, l.count - r->time};
  return GM_OK;
}

static gm_status row_take(table_reader *r, const char *line, size_t bytes)
{
  double *row = r->t.value + (ptrdiff_t)r->t.row_count * r->t.column.count;
  const char *at = line, *end = line + bytes;
  for (int32_t i = 0; i < r->fields; i++) {
    const char *comma = at <= end ? memchr(at, ',', (size_t)(end - at)) : NULL;
    double v = NAN;
    if (at > end || !suite_number(at, (size_t)((comma ? comma : end) - at), &v) ||
        (i == r->fields - 1 && comma))
      return gm_fail(r->c->ctx, GM_EPARSE, "%s:%d: field %d: %d numbers are expected", r->path,
                     (int)r->line, (int)i + 1, (int)r->fields);
    if (i >= r->time) row[i - r->time] = v;
    at = (comma ? comma : end) + 1;
  }
  r->t.row_count++;
  return GM_OK;
}

static gm_status rows_take(table_reader *r, const char *text, const suite_list *names)
{
  gm_status s = GM_OK;
  int32_t lines = 1;
  for (const char *at = text; *at; at++) lines += *at == '\n';
  for (const char *line = text; *line && !s;) {
    size_t bytes = strcspn(line, "\n");
    const char *next = line + bytes + (line[bytes] == '\n'), *at = line;
    r->line++;
    trim(&at, &bytes);
    line = next;
    if (bytes == 0) continue;
    bool first = r->fields == 0;
    if (first) {
      s = header_take(r, at, bytes, names);
      if (s) break;
      r->t.value =
          gm_arena_get(r->c->arena, (ptrdiff_t)lines * (r->t.column.count + 1), sizeof(double));
      if (!r->t.value) return no_memory(r->c);
    }
    if (!first || r->t.column.text == names->text) s = row_take(r, at, bytes);
  }
  return s;
}

gm_status suite_table_read(suite_case *c, const char *path, const suite_list *names,
                           suite_table *out)
{
  enum { BYTES_MAX = 1 << 28 };
  table_reader r = {.c = c, .path = path};
  char *text = NULL;
  size_t bytes;
  gm_status s = gm_file_read(c->ctx, path, BYTES_MAX, &text, &bytes);
  if (s) return s;
  s = rows_take(&r, text, names);
  gm_free(text);
  if (!s && r.t.column.count == 0)
    s = gm_fail(c->ctx, GM_EPARSE, "%s: a table of results is expected", path);
  if (!s) *out = r.t;
  return s;
}

/* ---- writing -------------------------------------------------------------------------------- */
static void number_text(double v, gm_text *out)
{
  if (isnan(v))
    gm_text_add(out, "NaN");
  else if (isinf(v))
    gm_text_add(out, v > 0 ? "INF" : "-INF");
  else
    gm_text_addf(out, "%.15g", v);
}

void suite_table_text(const suite_table *t, const double *time, gm_text *out)
{
  if (time) gm_text_add(out, "time");
  for (int32_t k = 0; k < t->column.count; k++)
    gm_text_addf(out, "%s%s", k || time ? "," : "", t->column.text[k]);
  for (int32_t i = 0; i < t->row_count; i++) {
    gm_text_add(out, "\n");
    if (time) number_text(time[i], out);
    for (int32_t k = 0; k < t->column.count; k++) {
      if (k || time) gm_text_add(out, ",");
      number_text(t->value[(ptrdiff_t)i * t->column.count + k], out);
    }
  }
  gm_text_add(out, "\n");
}
