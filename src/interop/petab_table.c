/* petab_table.c - tab-separated tables of text, with the place of every cell for messages. */
#include "interop/petab.h"
#include "interop/records_line.h"
#include "interop/records_number.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

/* ---- memory --------------------------------------------------------------------------------- */
gm_status pt_get(const pt_reader *r, ptrdiff_t count, size_t bytes, void *address)
{
  void *memory = gm_arena_get(r->arena, count ? count : 1, bytes);
  memcpy(address, &memory, sizeof memory);
  return memory ? GM_OK : gm_fail(r->ctx, GM_ENOMEM, "PEtab problem");
}

gm_status pt_copy(const pt_reader *r, const char *text, const char **out)
{
  char *copy;
  size_t bytes = strlen(text) + 1;
  gm_status s = pt_get(r, (ptrdiff_t)bytes, 1, &copy);
  if (s) return s;
  memcpy(copy, text, bytes);
  *out = copy;
  return GM_OK;
}

/* ---- messages ------------------------------------------------------------------------------- */
static void place(const pt_table *t, int32_t row, int32_t column, char *text, size_t bytes)
{
  int32_t line = row >= 0 ? t->line[row] : t->head_line;
  if (column >= 0)
    snprintf(text, bytes, "%.400s:%d: %.80s", t->path, (int)line, t->head[column]);
  else
    snprintf(text, bytes, "%.400s:%d", t->path, (int)line);
}

gm_status pt_fail(const pt_reader *r, const pt_table *t, int32_t row, int32_t column, gm_status s,
                  const char *format, ...)
{
  char text[700], at[520];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  place(t, row, column, at, sizeof at);
  return gm_fail(r->ctx, s, "%s: %s", at, text);
}

gm_status pt_fail_at(const pt_reader *r, const pt_table *t, int32_t row, int32_t column,
                     gm_status s)
{
  char at[520];
  place(t, row, column, at, sizeof at);
  return gm_fail_at(r->ctx, s, "%s", at);
}

/* ---- names ---------------------------------------------------------------------------------- */
/* Open addressing; the table is grown by making it anew in the arena. */
static int32_t slot_of(const pt_index *x, const char *key)
{
  int32_t mask = x->room - 1, i = (int32_t)(gm_hash_text(key) & (uint64_t)mask);
  while (x->key[i] && strcmp(x->key[i], key) != 0) i = (i + 1) & mask;
  return i;
}

static gm_status index_grow(const pt_reader *r, pt_index *x)
{
  pt_index y = {.room = x->room ? 2 * x->room : 64};
  gm_status s = pt_get(r, y.room, sizeof *y.key, &y.key);
  if (!s) s = pt_get(r, y.room, sizeof *y.value, &y.value);
  for (int32_t i = 0; i < x->room && !s; i++) {
    if (!x->key[i]) continue;
    int32_t k = slot_of(&y, x->key[i]);
    y.key[k] = x->key[i];
    y.value[k] = x->value[i];
    y.count++;
  }
  if (!s) *x = y;
  return s;
}

gm_status pt_index_put(const pt_reader *r, pt_index *x, const char *key, int32_t value)
{
  if (2 * (x->count + 1) > x->room) {
    gm_status s = index_grow(r, x);
    if (s) return s;
  }
  int32_t i = slot_of(x, key);
  x->count += !x->key[i];
  x->key[i] = key;
  x->value[i] = value;
  return GM_OK;
}

int32_t pt_index_get(const pt_index *x, const char *key)
{
  if (!x->room) return -1;
  int32_t i = slot_of(x, key);
  return x->key[i] ? x->value[i] : -1;
}

/* ---- reading -------------------------------------------------------------------------------- */
typedef struct {
  const pt_reader *r;
  gm__line_source *source;
  pt_table *t;
  char **cell; /* [room] */
  int32_t room, count;
} scan;

static gm_status line_fail(const scan *s, gm_status st, const char *what)
{
  return gm_fail(s->r->ctx, st, "%.400s:%d: %s", s->t->path, (int)s->source->number, what);
}

static gm_status split(scan *s)
{
  switch (gm__cells_split(s->source->line, '\t', s->cell, s->room, &s->count)) {
  case GM__CELLS_OK: break;
  case GM__CELLS_TOO_MANY: return line_fail(s, GM_EPARSE, "more cells than the head has columns");
  case GM__CELLS_QUOTE_OPEN: return line_fail(s, GM_EPARSE, "a quote is opened and not closed");
  case GM__CELLS_QUOTE_TEXT: return line_fail(s, GM_EPARSE, "text behind a closing quote");
  }
  return GM_OK;
}

static bool is_blank_line(const char *line) { return !line[strspn(line, " \t")]; }

static gm_status copy_cells(const scan *s, int32_t columns, const char ***out)
{
  const char **row;
  gm_status st = pt_get(s->r, columns, sizeof *row, &row);
  for (int32_t i = 0; i < columns && !st; i++) {
    row[i] = "";
    if (i < s->count && s->cell[i][0]) st = pt_copy(s->r, s->cell[i], &row[i]);
  }
  if (!st) *out = row;
  return st;
}

static gm_status head_check(const scan *s, const char *const *required)
{
  pt_table *t = s->t;
  pt_index seen = {0};
  for (int32_t i = 0; i < t->columns; i++) {
    if (!t->head[i][0]) continue;
    if (pt_index_get(&seen, t->head[i]) >= 0)
      return pt_fail(s->r, t, -1, i, GM_EPARSE, "this column is there twice");
    gm_status st = pt_index_put(s->r, &seen, t->head[i], i);
    if (st) return st;
  }
  for (; *required; required++)
    if (pt_column(t, *required) < 0)
      return pt_fail(s->r, t, -1, -1, GM_EPARSE,
                     "the column %s is missing (columns are parted by tabs)", *required);
  return GM_OK;
}

static gm_status head_read(scan *s, const char *const *required)
{
  bool more = true;
  gm_status st;
  do {
    st = gm__line_next(s->source, &more);
    if (st) return st;
    if (!more) return gm_fail(s->r->ctx, GM_EPARSE, "%.400s: the table is empty", s->t->path);
  } while (is_blank_line(s->source->line));
  int64_t tabs = gm__cells_count(s->source->line, '\t') + 1;
  if (tabs > PT_COLUMNS_MAX) return line_fail(s, GM_ERANGE, "more than 20000 columns");
  s->room = (int32_t)tabs;
  st = pt_get(s->r, s->room, sizeof *s->cell, &s->cell);
  if (!st) st = split(s);
  if (st) return st;
  s->t->head_line = s->source->number;
  s->t->columns = s->count;
  st = copy_cells(s, s->count, &s->t->head);
  return st ? st : head_check(s, required);
}

static gm_status rows_grow(const pt_reader *r, pt_table *t)
{
  int32_t room = t->room ? 2 * t->room : 32;
  const char ***row;
  int32_t *line;
  gm_status s = pt_get(r, room, sizeof *row, &row);
  if (!s) s = pt_get(r, room, sizeof *line, &line);
  if (s) return s;
  if (t->rows) {
    memcpy(row, t->row, (size_t)t->rows * sizeof *row);
    memcpy(line, t->line, (size_t)t->rows * sizeof *line);
  }
  t->row = row;
  t->line = line;
  t->room = room;
  return GM_OK;
}

static gm_status row_read(scan *s)
{
  pt_table *t = s->t;
  if (is_blank_line(s->source->line)) return GM_OK;
  if (t->rows == PT_ROWS_MAX) return line_fail(s, GM_ERANGE, "more than 2000000 rows");
  gm_status st = t->rows == t->room ? rows_grow(s->r, t) : GM_OK;
  if (!st) st = split(s);
  if (!st) st = copy_cells(s, t->columns, &t->row[t->rows]);
  if (st) return st;
  t->line[t->rows++] = s->source->number;
  return GM_OK;
}

gm_status pt_table_parse(const pt_reader *r, const char *path, const char *text, size_t bytes,
                         const char *const *required, pt_table **out)
{
  gm__line_source source = {0};
  scan s = {.r = r, .source = &source};
  bool more = true;
  gm_status st = pt_get(r, 1, sizeof *s.t, &s.t);
  if (!st) st = pt_copy(r, path, &s.t->path);
  if (!st) st = gm__line_open(&source, r->ctx, path, NULL, text, bytes);
  if (st) return st;
  st = head_read(&s, required);
  while (!st && more) {
    st = gm__line_next(&source, &more);
    if (!st && more) st = row_read(&s);
  }
  gm__line_close(&source);
  if (!st) *out = s.t;
  return st;
}

gm_status pt_table_read(const pt_reader *r, const char *path, const char *const *required,
                        pt_table **out)
{
  char *text;
  size_t bytes;
  gm_status s = gm_file_read(r->ctx, path, (size_t)1 << 30, &text, &bytes);
  if (s) return s;
  s = pt_table_parse(r, path, text, bytes, required, out);
  gm_free(text);
  return s;
}

/* ---- cells ---------------------------------------------------------------------------------- */
int32_t pt_column(const pt_table *t, const char *name)
{
  for (int32_t i = 0; i < t->columns; i++)
    if (!strcmp(t->head[i], name)) return i;
  return -1;
}

/* What the format's own readers take for an empty cell. */
static bool says_nothing(const char *text)
{
  static const char *const word[] = {"", "NaN", "nan", "NA", "N/A", "n/a", "<NA>", "NULL", "null"};
  for (size_t i = 0; i < sizeof word / sizeof word[0]; i++)
    if (!strcmp(text, word[i])) return true;
  return false;
}

const char *pt_cell(const pt_table *t, int32_t row, int32_t column)
{
  return column < 0 || says_nothing(t->row[row][column]) ? "" : t->row[row][column];
}

bool pt_number(const pt_reader *r, const char *text, bool infinite, double *out)
{
  const char *plain = text + (text[0] == '-' || text[0] == '+');
  if (infinite && (!strcasecmp(plain, "inf") || !strcasecmp(plain, "infinity"))) {
    *out = text[0] == '-' ? -INFINITY : INFINITY;
    return true;
  }
  return !gm__cell_number(text, r->c, out);
}

gm_status pt_cell_number(const pt_reader *r, const pt_table *t, int32_t row, int32_t column,
                         bool infinite, bool may_lack, double *out)
{
  const char *text = pt_cell(t, row, column);
  double v = NAN;
  if (!text[0] && !may_lack)
    return pt_fail(r, t, row, column, GM_EPARSE, "a number is expected, the cell is empty");
  if (text[0] && !pt_number(r, text, infinite, &v))
    return pt_fail(r, t, row, column, GM_EPARSE, "\"%s\" is not a number%s", gm__show(text).text,
                   infinite ? " (or inf)" : "");
  *out = v;
  return GM_OK;
}

bool pt_is_id(const char *text)
{
  if (!text[0] || (text[0] >= '0' && text[0] <= '9')) return false;
  for (; *text; text++) {
    char c = *text;
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_'))
      return false;
  }
  return true;
}

gm_status pt_cell_word(const pt_reader *r, const pt_table *t, int32_t row, int32_t column,
                       const char *const *word, bool may_lack, int32_t *out)
{
  const char *text = pt_cell(t, row, column);
  char known[300] = "";
  size_t used = 0;
  if (!text[0] && may_lack) {
    *out = 0;
    return GM_OK;
  }
  for (int32_t i = 0; word[i]; i++) {
    if (!strcmp(text, word[i])) {
      *out = i;
      return GM_OK;
    }
    if (word[i][0] && used < sizeof known - 40)
      used +=
          (size_t)snprintf(known + used, sizeof known - used, "%s%s", used ? ", " : "", word[i]);
  }
  return pt_fail(r, t, row, column, GM_EPARSE, "\"%s\": one of %s is expected", gm__show(text).text,
                 known);
}
