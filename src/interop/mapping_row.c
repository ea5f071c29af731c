/* mapping_row.c - tables: a header, then rows whose cells the mapping asks for. */
#include "base/number.h"
#include "interop/mapping_internal.h"
#include <math.h>
#include <string.h>

enum { COLUMNS_MAX = GM__COLUMNS_MAX, NAME_BYTES_MAX = 900 };

static const char *cell_of(const gm__map_run *r, const gm__map_column *c)
{
  if (!c->name) return "";
  const char *cell = r->cell[r->at[c->at]];
  return gm__map_missing(r->m, cell) ? "" : cell;
}

/* ---- values ---------------------------------------------------------------------------------- */
/* "<", "<=", "≤" and their mirror images, with the blanks behind them: which, and how long. */
static int8_t limit_sign(const char *text, size_t *bytes)
{
  static const struct {
    const char *sign;
    int8_t censored;
  } row[] = {{"<=", 1}, {">=", -1}, {"<", 1}, {">", -1}, {"\xE2\x89\xA4", 1}, {"\xE2\x89\xA5", -1}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++) {
    size_t n = strlen(row[i].sign);
    if (strncmp(text, row[i].sign, n) != 0) continue;
    *bytes = n + strspn(text + n, " \t");
    return row[i].censored;
  }
  *bytes = 0;
  return 0;
}

/* A number with a decimal point; *out NULL: it was refused. */
static gm_status number_text(gm__map_run *r, const char *text, const char *column, const char **out)
{
  bool comma = r->m->file.decimal == 1;
  *out = NULL;
  if (comma && strchr(text, '.'))
    return gm__map_refuse(r, column, GM_EPARSE,
                          "a point in a number, where the mapping states a decimal comma");
  if (!comma && strchr(text, ','))
    return gm__map_refuse(r, column, GM_EPARSE,
                          "a comma in a number, where the mapping states a decimal point");
  if (!comma || !strchr(text, ',')) {
    *out = text;
    return GM_OK;
  }
  char *copy = gm__map_text(r, "%s", text);
  if (!copy) return GM_ENOMEM;
  *strchr(copy, ',') = '.';
  *out = copy;
  return GM_OK;
}

/* A cell that must be a number. */
static gm_status number_of(gm__map_run *r, const gm__map_column *c, double *out, bool *good_out)
{
  const char *text = NULL;
  *good_out = false;
  gm_status s = number_text(r, cell_of(r, c), c->name, &text);
  if (s || !text) return s;
  *good_out = gm__number_parse(text, out);
  return *good_out ? GM_OK : gm__map_refuse(r, c->name, GM_EPARSE, "no number");
}

gm_status gm__map_value(gm__map_run *r, const gm__map_target *t, const char *cell,
                        const char *column, gm_fact *f, bool *good_out)
{
  const char *word = gm__map_word_of(&t->marks, cell), *text = word ? word : cell;
  size_t sign = 0;
  *good_out = false;
  if (!word) word = gm__map_word_of(&t->values, cell);
  if (t->levels && t->values.count && !word)
    return gm__map_refuse(r, column, GM_ENOTFOUND,
                          "a word that `values` of the mapping does not have");
  f->value = word ? word : text;
  *good_out = true;
  if (t->levels) return GM_OK;
  if (t->kind == GM_RECORD_OBSERVATION) f->censored = limit_sign(f->value, &sign);
  f->value += sign;
  if (word) return GM_OK; /* of the mapping, with a decimal point */
  gm_status s = number_text(r, f->value, column, &f->value);
  *good_out = !s && f->value;
  return s;
}

/* ---- units ----------------------------------------------------------------------------------- */
/* UCUM of a cell's unit, remembered since the next row has the same one most often. */
static gm_status unit_code(gm__map_run *r, const char *cell, const char *column, const char **out)
{
  gm_unit unit;
  char code[GM_UNIT_CODE_BYTES];
  *out = NULL;
  if (!strcmp(cell, r->unit_text)) {
    *out = r->unit_code;
    return GM_OK;
  }
  const char *word = gm__map_word_of(&r->m->units, cell);
  gm_status s = gm_unit_parse_friendly(r->ctx, word ? word : cell, &unit, code);
  if (s) {
    gm_message_clear(r->ctx);
    return gm__map_refuse(r, column, s,
                          "a unit that is not known; `units` of the mapping can say "
                          "what it is");
  }
  if (strlen(cell) >= sizeof r->unit_text) { /* too long to be remembered */
    *out = gm__map_text(r, "%s", code);
    return *out ? GM_OK : GM_ENOMEM;
  }
  memcpy(r->unit_text, cell, strlen(cell) + 1);
  memcpy(r->unit_code, code, sizeof code);
  *out = r->unit_code;
  return GM_OK;
}

/* *out NULL: it was refused. */
static gm_status unit_of(gm__map_run *r, const gm__map_target *t, const gm__map_column *column,
                         const char **out)
{
  const char *cell = cell_of(r, column);
  *out = t->unit_code;
  if (t->levels) return GM_OK;
  if (cell[0]) return unit_code(r, cell, column->name, out);
  if (t->unit_code[0]) return GM_OK;
  *out = NULL;
  return gm__map_refuse(r, column->name, GM_EUNIT, "no unit; a UCUM code is expected");
}

/* ---- how long a dose took -------------------------------------------------------------------- */
static gm_status time_cell(gm__map_run *r, const gm__map_time *t, const char *text,
                           const char *column, double origin_s, double *out, bool *good_out)
{
  const char *number = text;
  bool counts = t->kind == GM__MAP_UNIX || t->kind == GM__MAP_ELAPSED;
  *good_out = false;
  gm_status s = counts ? number_text(r, text, column, &number) : GM_OK;
  if (s || !number) return s;
  const char *wrong = gm__map_time_of(t, number, origin_s, out);
  *good_out = !wrong;
  return wrong ? gm__map_refuse(r, column, GM_EPARSE, "%s", wrong) : GM_OK;
}

/* When time 0 of the row was. */
static gm_status origin_of(gm__map_run *r, double *out, bool *good_out)
{
  const gm__map_time *t = &r->m->time;
  const char *column = t->origin_column.name, *wrong = NULL;
  bool zoned = false;
  *out = t->origin_s;
  *good_out = true;
  if (!column) return GM_OK;
  const char *cell = cell_of(r, &t->origin_column);
  *good_out = false;
  if (!cell[0]) return gm__map_refuse(r, column, GM_EPARSE, "no time, when time 0 was is expected");
  wrong = gm__map_time_iso(cell, out, &zoned);
  if (!wrong && !zoned && !t->zone)
    wrong = "a time without zone; `zone` of the mapping can state it";
  if (wrong) return gm__map_refuse(r, column, GM_EPARSE, "%s", wrong);
  if (!zoned) *out -= t->zone_s;
  *good_out = true;
  return GM_OK;
}

static gm_status end_read(gm__map_run *r, const gm__map_target *t, double *out, bool *good_out)
{
  const char *cell = cell_of(r, &t->end);
  double origin = 0, end = 0;
  *good_out = false;
  if (!cell[0])
    return gm__map_refuse(r, t->end.name, GM_EPARSE, "no end, the time when it ended is expected");
  gm_status s = origin_of(r, &origin, good_out);
  if (s || !*good_out) return s;
  s = time_cell(r, &r->m->time, cell, t->end.name, origin, &end, good_out);
  if (s || !*good_out) return s;
  *out = end - r->t_s;
  if (*out >= 0) return GM_OK;
  *good_out = false;
  return gm__map_refuse(r, t->end.name, GM_ERANGE, "an end before its beginning");
}

/* amount / rate, for an amount in f's unit. A rate of 0: at once. */
static gm_status rate_read(gm__map_run *r, const gm__map_target *t, const gm_fact *f, double *out,
                           bool *good_out)
{
  const gm__map_quantity *q = &t->rate;
  const char *column = q->column.name ? q->column.name : t->key;
  double rate = 1, amount = 0, factor = 1;
  gm_unit unit;
  *good_out = true;
  gm_status s = GM_OK;
  if (q->column.name && cell_of(r, &q->column)[0]) s = number_of(r, &q->column, &rate, good_out);
  if (q->column.name && !cell_of(r, &q->column)[0]) rate = 0;
  if (s || !*good_out || rate == 0) return s;
  *good_out = false;
  if (rate < 0) return gm__map_refuse(r, column, GM_ERANGE, "below 0, a rate is expected");
  if (!gm__number_parse(f->value, &amount))
    return gm__map_refuse(r, t->key, GM_EPARSE, "no number");
  s = gm_unit_parse(r->ctx, f->unit, &unit);
  if (!s) s = gm_unit_factor(r->ctx, &unit, &q->made, &factor);
  if (s) return gm__map_refuse_message(r, column, s);
  *out = amount * factor / (rate * q->number);
  *good_out = true;
  return GM_OK;
}

static gm_status lasting_read(gm__map_run *r, const gm__map_target *t, gm_fact *f, bool *good_out)
{
  const gm__map_quantity *q = &t->duration;
  double v = 1;
  *good_out = true;
  if (t->end.name) return end_read(r, t, &f->duration_s, good_out);
  if (t->rate.node) return rate_read(r, t, f, &f->duration_s, good_out);
  if (!q->node) return GM_OK;
  if (q->column.name) {
    if (!cell_of(r, &q->column)[0]) return GM_OK;
    gm_status s = number_of(r, &q->column, &v, good_out);
    if (s || !*good_out) return s;
    *good_out = v >= 0;
    if (v < 0)
      return gm__map_refuse(r, q->column.name, GM_ERANGE, "below 0, a duration is expected");
  }
  f->duration_s = v * q->number * q->seconds;
  return GM_OK;
}

/* Given, ordered or reported, where a column says it; refused when it does not. */
static gm_status kind_read(gm__map_run *r, const gm__map_target *t, gm_fact *f, bool *good_out)
{
  *good_out = true;
  if (!t->as_column.name) return GM_OK;
  const char *word = gm__map_word_of(&t->as_values, cell_of(r, &t->as_column));
  *good_out = word != NULL;
  if (!word)
    return gm__map_refuse(r, t->as_column.name, GM_ENOTFOUND,
                          "a word that `as` of the mapping does not have");
  f->kind = (gm_record_kind)gm_record_kind_of(word);
  return GM_OK;
}

/* ---- facts of a row -------------------------------------------------------------------------- */
static gm_status cell_take(gm__map_run *r, const gm__map_target *t, const char *cell,
                           const gm__map_column *unit, const char *part, const char *column)
{
  gm_fact f = {.value = "", .unit = "", .t_true_s = r->t_s};
  bool good = true;
  gm_status s = kind_read(r, t, &f, &good);
  if (!s && good && !r->withdrawn) s = gm__map_value(r, t, cell, column, &f, &good);
  if (s || !good) return s;
  if (!r->withdrawn) {
    s = unit_of(r, t, unit, &f.unit);
    if (s || !f.unit) return s;
    s = lasting_read(r, t, &f, &good);
    if (s || !good) return s;
  }
  return gm__map_tell(r, t, &f, part, column);
}

static gm_status wide_take(gm__map_run *r)
{
  const gm__map_targets *list = &r->m->columns;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < list->count && !s; i++) {
    const gm__map_target *t = &list->target[i];
    const char *cell = cell_of(r, &t->own);
    bool tell = cell[0] || r->withdrawn;
    int32_t refused = r->refusal_count;
    if (tell && t->covariate && !r->withdrawn) s = gm__map_changed(r, i, cell, &tell);
    if (!s && tell) s = cell_take(r, t, cell, &t->unit_column, t->key, t->key);
    if (r->refusal_count > refused) r->said[i].bytes = 0; /* to be refused again */
  }
  return s;
}

static gm_status long_take(gm__map_run *r)
{
  const gm__map_long *l = &r->m->rows;
  const char *name = cell_of(r, &l->name), *cell = cell_of(r, &l->value);
  if (!l->node || (!cell[0] && !r->withdrawn)) return GM_OK;
  for (int32_t i = 0; i < l->is.count; i++) {
    const gm__map_target *t = &l->is.target[i];
    if (strcmp(t->key, name) != 0) continue;
    const gm__map_column *unit = t->unit_column.name ? &t->unit_column : &l->unit;
    return cell_take(r, t, cell, unit, "", l->value.name);
  }
  return GM_OK;
}

/* ---- what a row is called -------------------------------------------------------------------- */
/* The cells of the columns, joined; *out NULL: refused. */
static gm_status joined(gm__map_run *r, const gm__map_column *column, int32_t count,
                        const char *between, const char *what, const char **out)
{
  const char *text = "";
  *out = NULL;
  for (int32_t i = 0; i < count; i++) {
    const char *cell = cell_of(r, &column[i]);
    if (!cell[0])
      return gm__map_refuse(r, column[i].name, GM_EPARSE, "missing, %s is expected", what);
    text = i ? gm__map_text(r, "%s%s%s", text, between, cell) : cell;
    if (!text) return GM_ENOMEM;
  }
  if (strlen(text) > NAME_BYTES_MAX)
    return gm__map_refuse(r, column[0].name, GM_ERANGE, "more than %d bytes", NAME_BYTES_MAX);
  *out = text;
  return GM_OK;
}

static gm_status named(gm__map_run *r, const gm__map_name *n, const char *what, const char **out)
{
  if (n->is && !strcmp(n->is, "line"))
    *out = gm__map_text(r, "%lld", (long long)r->line);
  else if (!n->column_count)
    *out = r->hash;
  else {
    gm_status s = joined(r, n->column, n->column_count, "|", what, out);
    if (s || !*out) return s;
  }
  if (*out && n->prefix) *out = gm__map_text(r, "%s%s", n->prefix, *out);
  return *out ? GM_OK : GM_ENOMEM;
}

static gm_status subject_read(gm__map_run *r, bool *good_out)
{
  const gm__map_name *n = &r->m->subject;
  const char *subject = n->is;
  gm_status s = GM_OK;
  if (n->column_count) s = joined(r, n->column, n->column_count, "|", "whose it is", &subject);
  *good_out = !s && subject;
  if (s || !subject) return s;
  if (n->prefix) subject = gm__map_text(r, "%s%s", n->prefix, subject);
  return subject ? gm__map_subject(r, subject) : GM_ENOMEM;
}

static gm_status time_read(gm__map_run *r, bool *good_out)
{
  const gm__map_time *t = &r->m->time;
  const char *text = "", *column = t->column_count ? t->column[0].name : "";
  double origin = 0;
  gm_status s = GM_OK;
  if (t->column_count) s = joined(r, t->column, t->column_count, " ", "when it was", &text);
  *good_out = !s && text;
  if (s || !text) return s;
  s = origin_of(r, &origin, good_out);
  if (s || !*good_out) return s;
  return time_cell(r, t, text, column, origin, &r->t_s, good_out);
}

static void withdrawn_read(gm__map_run *r)
{
  const gm__map_name *n = &r->m->withdrawn;
  for (int32_t i = 0; i < n->column_count; i++)
    for (int32_t j = 0; j < n->among_count; j++)
      if (!strcmp(r->cell[r->at[n->column[i].at]], n->among[j])) r->withdrawn = true;
}

/* Is anything in the row asked for at all? Then it must say whose and when. */
static bool is_asked(const gm__map_run *r)
{
  const gm_mapping *m = r->m;
  for (int32_t i = 0; i < m->columns.count; i++)
    if (cell_of(r, &m->columns.target[i].own)[0]) return true;
  const char *name = cell_of(r, &m->rows.name);
  for (int32_t i = 0; i < m->rows.is.count; i++)
    if (!strcmp(m->rows.is.target[i].key, name))
      return cell_of(r, &m->rows.value)[0] || r->withdrawn;
  return r->withdrawn && m->columns.count;
}

static gm_status cells_take(gm__map_run *r)
{
  bool good = false;
  withdrawn_read(r);
  if (!is_asked(r)) return GM_OK;
  gm_status s = subject_read(r, &good);
  if (!s && good) s = time_read(r, &good);
  if (s || !good) return s;
  s = named(r, &r->m->id, "the id", &r->id);
  if (s || !r->id) return s;
  s = named(r, &r->m->version, "the version", &r->version);
  if (s || !r->version) return s;
  s = wide_take(r);
  return s ? s : long_take(r);
}

static gm_status row_take(gm__map_run *r)
{
  int32_t count = 0;
  switch (gm__cells_split(r->source.line, r->separator, r->cell, r->cell_count, &count)) {
  case GM__CELLS_QUOTE_OPEN:
    return gm__map_refuse(r, "", GM_EPARSE, "a quote that does not end on its line");
  case GM__CELLS_QUOTE_TEXT: return gm__map_refuse(r, "", GM_EPARSE, "text behind a closing quote");
  default: break;
  }
  if (count != r->cell_count)
    return gm__map_refuse(r, "", GM_EPARSE, "%d cells, %d as in the header are expected",
                          (int)count, (int)r->cell_count);
  return cells_take(r);
}

/* ---- the header ------------------------------------------------------------------------------ */
static char separator_find(const gm__map_run *r, const char *line)
{
  static const char candidate[] = {',', ';', '\t', '|'};
  char best = ',';
  int64_t most = 0;
  if (r->m->delimiter) return r->m->delimiter;
  for (size_t i = 0; i < sizeof candidate; i++) {
    int64_t n = gm__cells_count(line, candidate[i]);
    if (n <= most) continue;
    most = n;
    best = candidate[i];
  }
  return best;
}

/* Where each column that the mapping names stands. */
static gm_status columns_find(gm__map_run *r, const char *const *name, int32_t count)
{
  const gm_mapping *m = r->m;
  for (int32_t k = 0; k < m->column_count; k++) {
    r->at[k] = -1;
    for (int32_t i = 0; i < count; i++) {
      if (strcmp(name[i], m->column[k]) != 0) continue;
      if (r->at[k] >= 0)
        return gm_fail(r->ctx, GM_EPARSE, "%s: column \"%.80s\" is there twice", r->name,
                       m->column[k]);
      r->at[k] = i;
    }
    if (r->at[k] < 0)
      return gm_fail(r->ctx, GM_ENOTFOUND, "%s: there is no column \"%.80s\", which %s names",
                     r->name, m->column[k], m->path);
  }
  r->cell_count = count;
  r->cell = gm_alloc(r->ctx, count, sizeof *r->cell);
  return r->cell ? GM_OK : gm_fail(r->ctx, GM_ENOMEM, "%s: %d columns", r->name, (int)count);
}

static gm_status header_split(gm__map_run *r)
{
  int32_t count = 0;
  char **cell = gm_alloc(r->ctx, COLUMNS_MAX, sizeof *cell);
  if (!cell) return gm_fail(r->ctx, GM_ENOMEM, "%s: header", r->name);
  r->separator = separator_find(r, r->source.line);
  gm__cells how = gm__cells_split(r->source.line, r->separator, cell, COLUMNS_MAX, &count);
  gm_status s;
  if (how == GM__CELLS_TOO_MANY)
    s = gm_fail(r->ctx, GM_ERANGE, "%s: more than %d columns", r->name, COLUMNS_MAX);
  else if (how)
    s = gm_fail(r->ctx, GM_EPARSE, "%s: a quote in the header that does not end with its name",
                r->name);
  else
    s = columns_find(r, (const char *const *)cell, count);
  gm_free(cell);
  return s;
}

/* Blank, or a comment? */
static bool is_passed(gm__map_run *r)
{
  const char *comments = r->m->file.comments, *line = r->source.line;
  bool comment = comments && !strncmp(line, comments, strlen(comments));
  r->totals->comments += comment;
  return comment || !line[strspn(line, " \t")];
}

static gm_status header_read(gm__map_run *r)
{
  const gm__map_file *f = &r->m->file;
  r->separator = r->m->delimiter;
  if (f->name_count) return columns_find(r, f->names, f->name_count);
  for (bool more = false;;) {
    gm_status s = gm__line_next(&r->source, &more);
    if (s) return s;
    if (!more)
      return gm_fail(r->ctx, GM_EPARSE, "%s: no header, names of columns are expected", r->name);
    if (!is_passed(r)) break;
  }
  gm_status s = header_split(r);
  if (!s && f->decimal == 1 && r->separator == ',')
    s = gm_fail(r->ctx, GM_EPARSE,
                "%s: a comma between cells, and %s states a decimal comma; another delimiter is "
                "expected",
                r->name, r->m->path);
  return s;
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status row_next(gm__map_run *r, bool *more)
{
  gm_status s = gm__line_next(&r->source, more);
  if (s == GM_EPARSE) { /* the line is had whole: what is behind it can be read */
    gm_message_clear(r->ctx);
    *more = true;
    s = gm__map_row_begin(r, &r->source);
    if (!s) s = gm__map_refuse(r, "", GM_EPARSE, "not text in UTF-8 without control characters");
    return s ? s : gm__map_row_end(r);
  }
  if (s || !*more || is_passed(r)) return s;
  s = gm__map_row_begin(r, &r->source);
  if (!s) s = row_take(r);
  return s ? s : gm__map_row_end(r);
}

gm_status gm__map_table(gm__map_run *r)
{
  bool more = true;
  gm_status s = gm__line_open(&r->source, r->ctx, r->name, r->file, r->text, r->bytes);
  r->source.limits.file_bytes_max = SIZE_MAX;
  if (!s) s = header_read(r);
  while (!s && more) s = row_next(r, &more);
  return s;
}
