/* mapping_check.c - a mapping held against its definition: what it names is there, its units
 * convert, its words are levels. */
#include "base/number.h"
#include "interop/mapping_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 4096 };

/* ---- names ----------------------------------------------------------------------------------- */
static gm_status column_add(gm_mapping *m, gm__map_column *c)
{
  if (!c->name) return GM_OK;
  for (c->at = 0; c->at < m->column_count; c->at++)
    if (!strcmp(m->column[c->at], c->name)) return GM_OK;
  if (m->column_count == COLUMNS_MAX)
    return gm__yaml_fail(c->node, NULL, GM_ERANGE, "more than %d columns", COLUMNS_MAX);
  m->column[m->column_count++] = c->name;
  return GM_OK;
}

static gm_status columns_add(gm_mapping *m, gm__map_column *c, int32_t count)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) s = column_add(m, &c[i]);
  return s;
}

static gm_status class_find(const gm_yaml *node, const char *name, gm_data_class *out)
{
  char known[200] = "";
  size_t at = 0;
  int32_t i = gm_data_class_of(name);
  if (i >= 0) {
    *out = (gm_data_class)i;
    return GM_OK;
  }
  for (i = 0; i < GM_CLASS_COUNT && at < sizeof known; i++)
    at += (size_t)snprintf(known + at, sizeof known - at, "%s%s", i ? ", " : "",
                           gm_data_class_name((gm_data_class)i));
  return gm__yaml_fail(node, "class", GM_EPARSE, "there is no class \"%.60s\"; known are %s", name,
                       known);
}

/* ---- the table ------------------------------------------------------------------------------- */
static gm_status file_check(gm_ctx *ctx, gm_mapping *m)
{
  const gm__map_file *f = &m->file;
  static const char *const usual[] = {"", ".", "NA"};
  if (m->file.missing_count < 0) {
    m->file.missing = (const char **)gm_arena_get(m->keep, 3, sizeof *usual);
    if (!m->file.missing) return gm_fail(ctx, GM_ENOMEM, "%s: mapping", m->path);
    memcpy(m->file.missing, usual, sizeof usual);
    m->file.missing_count = 3;
  }
  if (f->delimiter) {
    bool tab = !strcmp(f->delimiter, "tab");
    m->delimiter = tab ? '\t' : f->delimiter[0];
    if (!tab && (f->delimiter[1] || !strchr(",;|\t", f->delimiter[0])))
      return gm__yaml_fail(f->node, "delimiter", GM_EPARSE,
                           "\",\", \";\", \"|\" or tab is expected");
  }
  if (f->name_count && !f->delimiter)
    return gm__yaml_fail(f->node, "delimiter", GM_EPARSE,
                         "missing; without a header it must be stated");
  if (f->decimal == 1 && m->delimiter == ',')
    return gm__yaml_fail(f->node, "decimal", GM_EPARSE,
                         "a comma in numbers and between cells; another delimiter is expected");
  return GM_OK;
}

static gm_status name_check(gm_mapping *m, gm__map_name *n, const char *key, bool constant)
{
  if (!n->node) return GM_OK;
  if (n->is && !constant && strcmp(n->is, "row") != 0 && strcmp(n->is, "line") != 0)
    return gm__yaml_fail(n->node, "is", GM_EPARSE, "row, line or `column` is expected");
  if ((n->is != NULL) == (n->column_count > 0))
    return gm__yaml_fail(n->node, NULL, GM_EPARSE,
                         "one of column, columns and is, is expected for the %s", key);
  return columns_add(m, n->column, n->column_count);
}

/* ---- what a column becomes ------------------------------------------------------------------- */
static gm_status unknown_series(const gm_mapping *m, const gm__map_target *t, const char *key,
                                const char *name)
{
  const gm_definition *d = m->definition;
  char known[400] = "";
  size_t at = 0;
  bool input = t->input != NULL, covariate = t->covariate != NULL;
  int32_t count = input ? d->input_count : covariate ? d->covariate_count : d->observable_count;
  for (int32_t i = 0; i < count && at < sizeof known; i++)
    at += (size_t)snprintf(known + at, sizeof known - at, "%s%.80s", i ? ", " : "",
                           input       ? d->input[i].name
                           : covariate ? d->covariate[i].name
                                       : d->observable[i].name);
  return gm__yaml_fail(t->node, key, GM_ENOTFOUND,
                       "\"%.80s\" is no %s of the definition; known are %s", name, key,
                       count ? known : "none");
}

/* The series, its kind, and the definition's own unit of it. */
static gm_status series_find(const gm_mapping *m, gm__map_target *t, const char **unit_out)
{
  const gm_definition *d = m->definition;
  int32_t i = -1;
  if ((t->observable != NULL) + (t->input != NULL) + (t->covariate != NULL) != 1)
    return gm__yaml_fail(t->node, NULL, GM_EPARSE,
                         "one of observable, input and covariate is expected");
  if (t->observable) {
    t->kind = GM_RECORD_OBSERVATION;
    i = gm_definition_observable(d, t->observable);
    if (i < 0) return unknown_series(m, t, "observable", t->observable);
    t->series = d->observable[i].name;
    *unit_out = d->observable[i].unit;
  } else if (t->input) {
    i = gm_definition_input(d, t->input);
    if (i < 0) return unknown_series(m, t, "input", t->input);
    t->series = d->input[i].name;
    *unit_out = d->input[i].unit;
  } else {
    t->kind = GM_RECORD_COVARIATE;
    i = gm_definition_covariate(d, t->covariate);
    if (i < 0) return unknown_series(m, t, "covariate", t->covariate);
    t->series = d->covariate[i].name;
    t->levels = d->covariate[i].level_count > 0;
    *unit_out = d->covariate[i].unit;
  }
  return GM_OK;
}

/* given, ordered, reported; 0: none of them. */
static gm_record_kind kind_of(const char *word)
{
  static const gm_record_kind kind[] = {GM_RECORD_GIVEN, GM_RECORD_ORDERED, GM_RECORD_REPORTED};
  for (size_t i = 0; i < 3; i++)
    if (!strcmp(word, gm_record_kind_name(kind[i]))) return kind[i];
  return 0;
}

static gm_status as_find(gm_mapping *m, gm__map_target *t)
{
  static const char expected[] = "given, ordered or reported is expected (they are never mixed)";
  bool said = t->as || t->as_column.name;
  if (!t->input) return said ? gm__yaml_fail(t->node, "as", GM_EPARSE, "is of inputs") : GM_OK;
  t->kind = t->as ? kind_of(t->as) : GM_RECORD_GIVEN; /* of a column: told by each row */
  if (!said || !t->kind)
    return gm__yaml_fail(t->node, "as", GM_EPARSE, "%s; %s", said ? "no such word" : "missing",
                         expected);
  for (int32_t i = 0; i < t->as_values.count; i++)
    if (!kind_of(t->as_values.word[i].to))
      return gm__yaml_fail(t->as_values.word[i].node, NULL, GM_EPARSE, "%s", expected);
  return column_add(m, &t->as_column);
}

/* "5 min" into its number and unit. */
static gm_status quantity_split(gm_ctx *ctx, const gm__map_target *t, const char *key,
                                gm__map_quantity *q, gm_unit *unit)
{
  const char *text = q->unit;
  q->number = 1;
  if (q->text) {
    int32_t n = gm__number_begin(q->text, &q->number);
    if (n <= 0 || !(q->number > 0))
      return gm__yaml_fail(
          t->node, key, GM_EPARSE,
          "a number above 0 and its unit, or {column: ..., unit: ...} is expected");
    text = q->text + n + strspn(q->text + n, " ");
  }
  gm_status s = gm_unit_parse_friendly(ctx, text, unit, NULL);
  return s ? gm__yaml_fail_at(t->node, key, s) : GM_OK;
}

static gm_status lasting_check(gm_ctx *ctx, gm_mapping *m, gm__map_target *t)
{
  gm_unit unit, second;
  int32_t ways = (t->duration.node != NULL) + (t->rate.node != NULL) + (t->end.name != NULL);
  if (ways && !t->input)
    return gm__yaml_fail(t->node, NULL, GM_EPARSE, "duration, rate and end are of inputs");
  if (ways > 1)
    return gm__yaml_fail(t->node, NULL, GM_EPARSE, "one of duration, rate and end is expected");
  gm_status s = gm_unit_parse(ctx, "s", &second);
  if (!s && t->duration.node) {
    s = quantity_split(ctx, t, "duration", &t->duration, &unit);
    if (s) return s;
    s = gm_unit_factor(ctx, &unit, &second, &t->duration.seconds);
    if (s) return gm__yaml_fail_at(t->node, "duration", s);
  }
  if (!s && t->rate.node) {
    s = quantity_split(ctx, t, "rate", &t->rate, &unit);
    if (s) return s;
    s = gm_unit_multiply(ctx, &unit, &second, &t->rate.made);
    if (s) return gm__yaml_fail_at(t->node, "rate", s);
  }
  if (!s) s = column_add(m, &t->duration.column);
  if (!s) s = column_add(m, &t->rate.column);
  return s ? s : column_add(m, &t->end);
}

/* Does a value in this unit convert? Asked of 1, as gm_fact_value will be of each datum. */
static gm_status unit_probe(gm_ctx *ctx, const gm_mapping *m, const gm__map_target *t)
{
  double v = 0, factor = 0;
  bool lasts = t->duration.node || t->end.name;
  gm_fact f = {.kind = t->kind,
               .series = t->series,
               .value = "1",
               .unit = t->unit_code,
               .duration_s = lasts ? 1 : 0};
  gm_status s = gm_fact_value(ctx, m->definition, &f, &v);
  if (s) return gm__yaml_fail_at(t->node, "unit", s);
  if (!t->rate.node) return GM_OK;
  gm_unit amount;
  s = gm_unit_parse(ctx, t->unit_code, &amount);
  if (!s) s = gm_unit_factor(ctx, &amount, &t->rate.made, &factor);
  return s ? gm__yaml_fail_at(t->node, "rate", s) : GM_OK;
}

/* own: the definition's unit where none is stated (NM-TRAN), NULL: it must be. */
static gm_status unit_check(gm_ctx *ctx, gm_mapping *m, gm__map_target *t, const char *own,
                            bool column)
{
  char code[GM_UNIT_CODE_BYTES];
  gm_unit unit;
  const char *text = t->unit ? t->unit : own ? own : "";
  t->unit_code = "";
  if (t->levels) {
    if (!t->unit && !t->unit_column.name) return GM_OK;
    return gm__yaml_fail(t->node, "unit", GM_EPARSE, "%.80s has levels, and no unit", t->series);
  }
  gm_status s = column_add(m, &t->unit_column);
  if (s || (!text[0] && (t->unit_column.name || column))) return s;
  if (!text[0])
    return gm__yaml_fail(t->node, "unit", GM_EUNIT,
                         "missing; a UCUM code or {column: ...} is expected");
  s = gm_unit_parse_friendly(ctx, text, &unit, code);
  if (s) return gm__yaml_fail_at(t->node, "unit", s);
  size_t bytes = strlen(code) + 1;
  char *keep = gm_arena_get(m->keep, (ptrdiff_t)bytes, 1);
  if (!keep) return gm_fail(ctx, GM_ENOMEM, "%s: mapping", m->path);
  memcpy(keep, code, bytes);
  t->unit_code = keep;
  return unit_probe(ctx, m, t);
}

static gm_status word_check(gm_ctx *ctx, const gm_mapping *m, const gm__map_target *t,
                            const gm__map_word *w)
{
  double v = 0;
  gm_fact f = {.kind = t->kind, .series = t->series, .value = w->to, .unit = ""};
  if (!t->levels) {
    if (gm__number_parse(w->to, &v)) return GM_OK;
    return gm__yaml_fail(w->node, NULL, GM_EPARSE, "a number is expected (%.80s has no levels)",
                         t->series);
  }
  gm_status s = gm_fact_value(ctx, m->definition, &f, &v);
  return s ? gm__yaml_fail_at(w->node, NULL, s) : GM_OK;
}

static gm_status words_check(gm_ctx *ctx, const gm_mapping *m, const gm__map_target *t)
{
  gm_status s = GM_OK;
  double v = 0;
  for (int32_t i = 0; i < t->values.count && !s; i++) s = word_check(ctx, m, t, &t->values.word[i]);
  if (s || !t->marks.count) return s;
  if (!t->observable) return gm__yaml_fail(t->node, "marks", GM_EPARSE, "is of observables");
  for (int32_t i = 0; i < t->marks.count && !s; i++) {
    const gm__map_word *w = &t->marks.word[i];
    if ((w->to[0] != '<' && w->to[0] != '>') || !gm__number_parse(w->to + 1, &v))
      s = gm__yaml_fail(w->node, NULL, GM_EPARSE,
                        "a limit such as \"<40\" or \">400\" in the unit is expected");
  }
  return s;
}

static gm_status remarks_check(const gm__map_target *t)
{
  if (t->unit && t->unit_column.name)
    return gm__yaml_fail(t->node, "unit", GM_EPARSE, "one is expected");
  if (gm__yaml_find(t->node, "zeros") && !t->input)
    return gm__yaml_fail(t->node, "zeros", GM_EPARSE, "is of inputs");
  if (t->code && !strchr(t->code, '|'))
    return gm__yaml_fail(t->node, "code", GM_EPARSE, "SYSTEM|CODE is expected");
  return GM_OK;
}

static gm_status target_check(gm_ctx *ctx, gm_mapping *m, gm__map_target *t, bool unit_column)
{
  const char *own = NULL;
  gm_status s = series_find(m, t, &own);
  if (!s) s = as_find(m, t);
  if (!s) s = remarks_check(t);
  if (!s) s = lasting_check(ctx, m, t);
  if (!s) s = unit_check(ctx, m, t, m->form == 1 ? own : NULL, unit_column);
  if (!s) s = words_check(ctx, m, t);
  t->class_number = m->class_number;
  return !s && t->data_class ? class_find(t->node, t->data_class, &t->class_number) : s;
}

static gm_status targets_check(gm_ctx *ctx, gm_mapping *m, gm__map_targets *list, bool unit_column)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < list->count && !s; i++)
    s = target_check(ctx, m, &list->target[i], unit_column);
  return s;
}

/* ---- the two forms --------------------------------------------------------------------------- */
/* Refuses fields that are of the other form. */
static gm_status not_here(const gm_mapping *m, const char *const *key, const char *why)
{
  for (; *key; key++) {
    const gm_yaml *n = gm__yaml_find(m->root, *key);
    if (n) return gm__yaml_fail(n, NULL, GM_EPARSE, "%s", why);
  }
  return GM_OK;
}

static gm_status table_fields(const gm_mapping *m)
{
  static const char *const other[] = {"doses", "measured", "steady-doses", NULL};
  gm_status s = not_here(m, other, "is of `form: nm-tran`");
  if (s) return s;
  if (!m->subject.node)
    return gm__yaml_fail(
        m->root, "subject", GM_EPARSE,
        "missing; the column of the subject, or is: NAME for all rows is expected");
  if (!m->columns.count && !m->rows.node)
    return gm__yaml_fail(m->root, NULL, GM_EPARSE,
                         "nothing is asked of the table; `columns` or `rows` is expected");
  if (m->withdrawn.node && !m->id.column_count)
    return gm__yaml_fail(m->withdrawn.node, NULL, GM_EPARSE,
                         "needs `id` of columns: which thing it is that was said in error");
  return GM_OK;
}

static gm_status long_check(gm_ctx *ctx, gm_mapping *m)
{
  gm_status s = column_add(m, &m->rows.name);
  if (!s) s = column_add(m, &m->rows.value);
  if (!s) s = column_add(m, &m->rows.unit);
  return s ? s : targets_check(ctx, m, &m->rows.is, m->rows.unit.name != NULL);
}

static gm_status table_check(gm_ctx *ctx, gm_mapping *m)
{
  gm_status s = table_fields(m);
  if (!s) s = gm__map_time_check(ctx, &m->time);
  if (!s) s = columns_add(m, m->time.column, m->time.column_count);
  if (!s) s = column_add(m, &m->time.origin_column);
  for (int32_t i = 0; i < m->columns.count && !s; i++) {
    gm__map_target *t = &m->columns.target[i];
    t->own = (gm__map_column){t->key, t->node, -1};
    s = column_add(m, &t->own);
  }
  if (!s) s = targets_check(ctx, m, &m->columns, false);
  return !s && m->rows.node ? long_check(ctx, m) : s;
}

/* What a target of an NM-TRAN file may not have: its items have columns of their own there. */
static gm_status nmtran_target(const gm__map_target *t, const char *word, bool fits)
{
  if (!fits) return gm__yaml_fail(t->node, NULL, GM_EPARSE, "%s is expected here", word);
  if (t->duration.node || t->rate.node || t->end.name || t->marks.count || t->unit_column.name ||
      t->as_column.name)
    return gm__yaml_fail(
        t->node, NULL, GM_EPARSE,
        "duration, rate, end, marks, units and kinds in columns are not of NM-TRAN files, "
        "which have RATE and CENS");
  if (t->values.count && !t->covariate)
    return gm__yaml_fail(t->node, "values", GM_EPARSE, "is of covariates here");
  return GM_OK;
}

static gm_status nmtran_time(gm_ctx *ctx, gm_mapping *m)
{
  gm__map_time *t = &m->time;
  gm_unit unit, second;
  if (t->column_count || t->format || t->fixed || t->zone || t->origin_column.name || !t->origin)
    return gm__yaml_fail(t->node, NULL, GM_EPARSE,
                         "{origin: when TIME 0 was, unit: of TIME} is expected for NM-TRAN files");
  bool zoned = false;
  const char *wrong = gm__map_time_iso(t->origin, &t->origin_s, &zoned);
  if (wrong || !zoned)
    return gm__yaml_fail(t->node, "origin", GM_EPARSE,
                         "a time with zone such as 2024-05-01T08:00:00Z is expected");
  m->tick_s = 3600 / m->definition->hour;
  if (!t->unit) return GM_OK;
  gm_status s = gm_unit_parse_friendly(ctx, t->unit, &unit, NULL);
  if (!s) s = gm_unit_parse(ctx, "s", &second);
  if (!s) s = gm_unit_factor(ctx, &unit, &second, &m->tick_s);
  return s ? gm__yaml_fail_at(t->node, "unit", s) : GM_OK;
}

static gm_status nmtran_fields(const gm_mapping *m)
{
  static const char *const other[] = {"subject", "id",    "version", "withdrawn",
                                      "rows",    "units", NULL};
  gm_status s = not_here(m, other, "is of `form: table`; an NM-TRAN file has columns of its own");
  if (s) return s;
  if (m->file.delimiter || m->file.name_count || m->file.decimal || m->file.comments)
    return gm__yaml_fail(m->file.node, NULL, GM_EPARSE,
                         "only `missing` is expected for NM-TRAN files, which docs/data.md "
                         "describes");
  if (!m->doses.count && !m->measured.count)
    return gm__yaml_fail(m->root, NULL, GM_EPARSE, "`doses` or `measured` is expected");
  if (m->steady_doses < 0 || m->steady_doses > 10000)
    return gm__yaml_fail(m->root, "steady-doses", GM_ERANGE, "0 to 10,000 is expected");
  return GM_OK;
}

static gm_status nmtran_targets(gm_ctx *ctx, gm_mapping *m, gm__map_targets *list, const char *word)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < list->count && !s; i++) {
    const gm__map_target *t = &list->target[i];
    const char *fits = word[0] == 'i' ? t->input : word[0] == 'o' ? t->observable : t->covariate;
    s = nmtran_target(t, word, fits != NULL);
  }
  return s ? s : targets_check(ctx, m, list, false);
}

static gm_status nmtran_check(gm_ctx *ctx, gm_mapping *m)
{
  gm_status s = nmtran_fields(m);
  if (!s) s = nmtran_time(ctx, m);
  if (!s) s = nmtran_targets(ctx, m, &m->doses, "input");
  if (!s) s = nmtran_targets(ctx, m, &m->measured, "observable");
  return s ? s : nmtran_targets(ctx, m, &m->columns, "covariate");
}

static gm_status length_check(const gm_yaml *root, const char *key, const char *text)
{
  if (!text || strlen(text) <= 1000) return GM_OK;
  return gm__yaml_fail(root, key, GM_ERANGE, "at most 1,000 bytes are expected");
}

/* Units as the table spells them: each names a unit. */
static gm_status spellings_check(gm_ctx *ctx, const gm_mapping *m)
{
  gm_unit unit;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < m->units.count && !s; i++) {
    s = gm_unit_parse_friendly(ctx, m->units.word[i].to, &unit, NULL);
    if (s) return gm__yaml_fail_at(m->units.word[i].node, NULL, s);
  }
  return s;
}

gm_status gm__map_check(gm_ctx *ctx, gm_mapping *m)
{
  m->column = (const char **)gm_arena_get(m->keep, COLUMNS_MAX, sizeof *m->column);
  if (!m->column) return gm_fail(ctx, GM_ENOMEM, "%s: mapping", m->path);
  gm_status s = file_check(ctx, m);
  if (!s && m->data_class) s = class_find(m->root, m->data_class, &m->class_number);
  if (!s) s = length_check(m->root, "source", m->source);
  if (!s) s = length_check(m->root, "licence", m->licence);
  if (!s) s = name_check(m, &m->subject, "subject", true);
  if (!s) s = name_check(m, &m->id, "id", false);
  if (!s) s = name_check(m, &m->version, "version", false);
  if (!s) s = columns_add(m, m->withdrawn.column, m->withdrawn.column_count);
  if (!s) s = spellings_check(ctx, m);
  if (s) return s;
  return m->form == 1 ? nmtran_check(ctx, m) : table_check(ctx, m);
}
