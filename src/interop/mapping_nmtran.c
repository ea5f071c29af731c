/* mapping_nmtran.c - NM-TRAN data files as facts. Rows are read by the rules of docs/data.md
 * (records_row.c); what a row says and a fact cannot (resets, replacements, modelled rates) is
 * refused with the reason. */
#include "interop/mapping_internal.h"
#include "interop/records_number.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { ADDITIONAL_MAX = 100000, NAMES_MAX = 10000, ID_BYTES_MAX = 900 };

typedef struct {
  gm__map_run *run;
  gm__reader q;
  int32_t *at; /* [columns.count] of the mapping's covariates in the row, -1 none */
  bool dosed;  /* this subject had a dose before */
} reading;

/* ---- rows that are refused ------------------------------------------------------------------- */
/* Takes the quoted value out of a message of the reader of rows: `"2,5" has a decimal comma`. */
static void value_take_out(char *text)
{
  char *first = strchr(text, '"'), *last = strrchr(text, '"');
  if (!first) return;
  char *rest = last > first ? last + 1 : first + strlen(first);
  while (first == text && (*rest == ' ' || *rest == ',')) rest++;
  memmove(first, rest, strlen(rest) + 1);
}

/* "file:12:DV: what is wrong" becomes the refusal of column DV. */
static gm_status row_refuse(reading *t, gm_status s)
{
  gm__map_run *r = t->run;
  if (s != GM_EPARSE) return s;
  char *text = gm__map_text(r, "%s", gm_message(r->ctx));
  if (!text) return GM_ENOMEM;
  gm_message_clear(r->ctx);
  size_t n = strlen(r->name);
  if (!strncmp(text, r->name, n) && text[n] == ':') text += n + 1;
  while (isdigit((unsigned char)*text)) text++;
  if (*text == ':') text++;
  const char *column = "";
  char *end = *text == ' ' ? NULL : strstr(text, ": ");
  if (end) {
    *end = 0;
    column = text;
    text = end + 1;
  }
  while (*text == ' ') text++;
  value_take_out(text);
  return gm__map_refuse(r, column, GM_EPARSE, "%s", text);
}

static gm_status refuse(reading *t, gm__column_kind kind, const char *reason)
{
  return gm__map_refuse(t->run, gm__column_name(kind), GM_EUNSUPPORTED, "%s", reason);
}

/* ---- what a name becomes --------------------------------------------------------------------- */
static const gm__map_target *among(const gm__map_targets *list, const char *name)
{
  for (int32_t i = 0; i < list->count; i++)
    if (!strcmp(list->target[i].key, name)) return &list->target[i];
  return NULL;
}

/* By the name in the row, else by its compartment, else `any`. NULL: it maps to nothing. */
static const gm__map_target *target_of(const gm__map_targets *list, const char *name,
                                       int32_t compartment)
{
  char number[16];
  if (name[0]) {
    const gm__map_target *t = among(list, name);
    return t ? t : among(list, "any");
  }
  snprintf(number, sizeof number, "%d", (int)compartment);
  const gm__map_target *t = compartment ? among(list, number) : NULL;
  return t ? t : among(list, "any");
}

/* ---- facts ----------------------------------------------------------------------------------- */
static gm_status value_tell(reading *t, const gm_record *rec)
{
  gm__map_run *r = t->run;
  const gm__map_target *to = target_of(&r->m->measured, rec->observable, rec->compartment);
  if (rec->missing || !to) return GM_OK;
  const char *cell = gm__row_cell(&t->q, GM__COL_DV);
  gm_fact f = {
      .value = cell, .unit = to->unit_code, .censored = (int8_t)rec->censored, .t_true_s = r->t_s};
  if (gm__map_missing(r->m, cell)) return GM_OK;
  return gm__map_tell(r, to, &f, "", "DV");
}

/* What keeps a dose from being told; NULL: nothing. */
static const char *dose_wrong(const reading *t, const gm_record *rec, const gm__map_target *to,
                              gm__column_kind *kind)
{
  const gm_mapping *m = t->run->m;
  int32_t i = gm_definition_input(m->definition, to->series);
  *kind = GM__COL_RATE;
  if (rec->rate < 0) return "a modelled rate or duration, which a fact does not have";
  if (rec->rate > 0 && m->definition->input[i].availability)
    return "an infusion by its rate into an input with `bioavailability`, which changes how long "
           "it lasts";
  *kind = GM__COL_SS;
  if (rec->steady && rec->amount == 0)
    return "a constant infusion without beginning, which a fact does not have";
  if (rec->steady && !m->steady_doses)
    return "steady state; `steady-doses` in the mapping can say how many doses stand for it";
  if (rec->steady == 1 && t->dosed)
    return "steady state that takes the place of earlier doses, which facts cannot take back";
  *kind = GM__COL_ADDL;
  if (rec->additional > ADDITIONAL_MAX) return "more than 100,000 doses in one row";
  return NULL;
}

static gm_status doses_tell(reading *t, const gm_record *rec, const gm__map_target *to)
{
  gm__map_run *r = t->run;
  const gm_mapping *m = r->m;
  int32_t before = rec->steady ? m->steady_doses : 0;
  gm_status s = GM_OK;
  for (int32_t k = -before; k <= rec->additional && !s; k++) {
    char part[16] = "";
    if (k) snprintf(part, sizeof part, "%+d", (int)k);
    gm_fact f = {.value = gm__row_cell(&t->q, GM__COL_AMT),
                 .unit = to->unit_code,
                 .t_true_s = r->t_s + k * rec->interval * m->tick_s,
                 .duration_s = rec->rate > 0 ? rec->amount / rec->rate * m->tick_s : 0};
    s = gm__map_tell(r, to, &f, part, "AMT");
    if (r->refusal_count) break; /* the others would be refused for the same reason */
  }
  t->dosed = t->dosed || rec->amount > 0;
  return s;
}

static gm_status dose_tell(reading *t, const gm_record *rec)
{
  const gm__map_target *to = target_of(&t->run->m->doses, rec->input, rec->compartment);
  gm__column_kind kind = GM__COL_AMT;
  if (!to) {
    t->dosed = true; /* of what is not asked for, but there all the same */
    return GM_OK;
  }
  const char *wrong = dose_wrong(t, rec, to, &kind);
  return wrong ? refuse(t, kind, wrong) : doses_tell(t, rec, to);
}

static gm_status event_tell(reading *t, const gm_record *rec)
{
  switch (rec->evid) {
  case 0: return value_tell(t, rec);
  case 1: return dose_tell(t, rec);
  case 2: return GM_OK;
  case 8: return refuse(t, GM__COL_EVID, "a replacement (EVID 8), which a fact does not have");
  default: return refuse(t, GM__COL_EVID, "a reset (EVID 3, 4), which a fact does not have");
  }
}

static gm_status covariates_tell(reading *t)
{
  gm__map_run *r = t->run;
  const gm__map_targets *list = &r->m->columns;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < list->count && !s; i++) {
    const gm__map_target *to = &list->target[i];
    const char *cell = t->q.cell[t->at[i]];
    bool changed = false, good = false;
    int32_t refused = r->refusal_count;
    if (gm__map_missing(r->m, cell)) continue;
    s = gm__map_changed(r, i, cell, &changed);
    if (s || !changed) continue;
    gm_fact f = {.value = "", .unit = to->unit_code, .t_true_s = r->t_s};
    s = gm__map_value(r, to, cell, to->key, &f, &good);
    if (!s && good) s = gm__map_tell(r, to, &f, to->key, to->key);
    if (r->refusal_count > refused) r->said[i].bytes = 0;
  }
  return s;
}

/* ---- rows ------------------------------------------------------------------------------------ */
static gm_status subject_read(reading *t, bool *good_out)
{
  gm__map_run *r = t->run;
  const char *cell = gm__row_cell(&t->q, GM__COL_ID);
  *good_out = cell[0] && strlen(cell) <= ID_BYTES_MAX;
  if (!*good_out)
    return gm__map_refuse(r, "ID", GM_EPARSE, "missing or too long, the subject's id is expected");
  if (!r->said_subject.data || strcmp(r->said_subject.data, cell) != 0) t->dosed = false;
  return gm__map_subject(r, cell);
}

static gm_status row_take(reading *t)
{
  gm__map_run *r = t->run;
  gm__reader *q = &t->q;
  gm_record rec;
  bool good = false;
  gm_status s = subject_read(t, &good);
  if (s || !good) return s;
  s = gm__row_read(q, &rec);
  if (s) return row_refuse(t, s);
  if (q->table->texts.count > NAMES_MAX)
    return gm_fail(r->ctx, GM_ERANGE, "%s: more than %d names of observables and inputs", r->name,
                   NAMES_MAX);
  r->id = r->version = r->hash;
  r->t_s = r->m->time.origin_s + rec.time * r->m->tick_s;
  s = covariates_tell(t);
  return s ? s : event_tell(t, &rec);
}

static gm_status row_split(reading *t, bool *good_out)
{
  gm__reader *q = &t->q;
  int32_t count = 0;
  gm__cells how = gm__cells_split(q->source.line, q->separator, q->cell, q->column_count, &count);
  *good_out = false;
  if (how == GM__CELLS_QUOTE_OPEN || how == GM__CELLS_QUOTE_TEXT)
    return gm__map_refuse(t->run, "", GM_EPARSE, "a quote that does not end with its cell");
  if (count != q->column_count)
    return gm__map_refuse(t->run, "", GM_EPARSE, "%d cells, %d as in the header are expected",
                          (int)count, (int)q->column_count);
  *good_out = true;
  return GM_OK;
}

/* A line that is no text: it is had whole, and what is behind it can be read. */
static gm_status line_broken(reading *t, bool *more)
{
  gm__map_run *r = t->run;
  gm_message_clear(r->ctx);
  *more = true;
  gm_status s = gm__map_row_begin(r, &t->q.source);
  if (!s) s = gm__map_refuse(r, "", GM_EPARSE, "not text in UTF-8 without control characters");
  return s ? s : gm__map_row_end(r);
}

static gm_status row_next(reading *t, bool *more)
{
  gm__map_run *r = t->run;
  gm__reader *q = &t->q;
  bool good = false;
  gm_status s = gm__line_next(&q->source, more);
  if (s == GM_EPARSE) return line_broken(t, more);
  if (s || !*more) return s;
  const char *p = q->source.line + strspn(q->source.line, " \t");
  r->totals->comments += *p == '#';
  if (!*p || *p == '#') return GM_OK;
  s = gm__map_row_begin(r, &q->source);
  if (!s) s = row_split(t, &good);
  if (!s && good && !strcmp(gm__row_cell(q, GM__COL_COMMENT), "C")) {
    r->totals->comments++;
    return GM_OK;
  }
  if (!s && good) s = row_take(t);
  return s ? s : gm__map_row_end(r);
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status covariates_find(reading *t)
{
  gm__map_run *r = t->run;
  const gm__map_targets *list = &r->m->columns;
  t->at = gm_alloc(r->ctx, list->count, sizeof *t->at);
  if (!t->at) return gm_fail(r->ctx, GM_ENOMEM, "%s: covariates", r->name);
  for (int32_t i = 0; i < list->count; i++) {
    t->at[i] = -1;
    for (int32_t k = 0; k < t->q.column_count; k++)
      if (!strcmp(t->q.column[k], list->target[i].key)) t->at[i] = k;
    if (t->at[i] < 0)
      return gm_fail(r->ctx, GM_ENOTFOUND, "%s: there is no column \"%.80s\", which %s names",
                     r->name, list->target[i].key, r->m->path);
  }
  return GM_OK;
}

static gm_status reading_open(reading *t)
{
  gm__map_run *r = t->run;
  gm__reader *q = &t->q;
  q->table = gm_alloc(r->ctx, 1, sizeof *q->table);
  if (!q->table) return gm_fail(r->ctx, GM_ENOMEM, "%s: reading", r->name);
  q->table->pub.memory = q->table;
  q->c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!q->c_locale) return gm_fail(r->ctx, GM_ENOMEM, "%s: reading", r->name);
  gm_status s = gm__intern_open(&q->table->texts, r->ctx);
  if (!s) s = gm__line_open(&q->source, r->ctx, r->name, r->file, r->text, r->bytes);
  q->source.limits.file_bytes_max = SIZE_MAX;
  if (!s) s = gm__header_read(q);
  r->totals->comments = q->comment_count;
  return s ? s : covariates_find(t);
}

static void reading_close(reading *t)
{
  gm__reader *q = &t->q;
  gm__line_close(&q->source);
  gm_free(q->column);
  gm_free(q->cell);
  gm_free(q->covariate);
  if (q->c_locale) freelocale(q->c_locale);
  if (q->table) gm_records_free(&q->table->pub);
  gm_free(t->at);
}

gm_status gm__map_nmtran(gm__map_run *r)
{
  reading t = {.run = r, .q = {.ctx = r->ctx, .name = r->name}};
  bool more = true;
  gm_status s = reading_open(&t);
  while (!s && more) s = row_next(&t, &more);
  reading_close(&t);
  return s;
}
