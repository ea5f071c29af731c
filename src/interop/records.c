/* records.c - tables of records: rows in, subjects made of them, out. */
#include "gemel/records.h"
#include "interop/records_number.h"
#include "interop/records_reader.h"
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

gm_status gm__reader_fail(gm__reader *r, int32_t column, const char *format, ...)
{
  char text[512];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  int line = (int)r->source.number;
  if (column < 0) return gm_fail(r->ctx, GM_EPARSE, "%s:%d: %s", r->name, line, text);
  return gm_fail(r->ctx, GM_EPARSE, "%s:%d:%s: %s", r->name, line, gm__show(r->column[column]).text,
                 text);
}

/* ---- the growing table --------------------------------------------------------------------- */
static gm_status records_room(gm__reader *r)
{
  gm_records *p = &r->table->pub;
  if (p->record_count < r->record_room) return GM_OK;
  if (p->record_count == INT32_MAX)
    return gm_fail(r->ctx, GM_ERANGE, "%s: more than %d records", r->name, INT32_MAX);
  int64_t room = r->record_room ? r->record_room + r->record_room / 2 : 64;
  gm_status s = gm_grow(r->ctx, &p->record, p->record_count, room, sizeof *p->record);
  int64_t n = p->covariate_count; /* at most 4,096, so that these products have room */
  if (!s) s = gm_grow(r->ctx, &p->cell, p->record_count * n, room * n, sizeof *p->cell);
  if (s) return gm_fail_at(r->ctx, s, "%s:%d", r->name, (int)r->source.number);
  r->record_room = room;
  return GM_OK;
}

static gm_status subject_begin(gm__reader *r, gm__interned *id)
{
  gm_records *p = &r->table->pub;
  if (p->subject_count == r->subject_room) {
    int64_t room = r->subject_room ? 2 * r->subject_room : 16;
    gm_status s = gm_grow(r->ctx, &p->subject, p->subject_count, room, sizeof *p->subject);
    if (s) return gm_fail_at(r->ctx, s, "%s:%d", r->name, (int)r->source.number);
    r->subject_room = room;
  }
  id->mark = p->subject_count;
  p->subject[p->subject_count++] = (gm_record_subject){.id = id->text, .first = p->record_count};
  return GM_OK;
}

/* Finds or begins the subject of the present row. */
static gm_status subject_read(gm__reader *r)
{
  gm_records *p = &r->table->pub;
  const char *cell = gm__row_cell(r, GM__COL_ID);
  if (!cell[0]) return gm__reader_refuse(r, GM__COL_ID, "missing, the subject's id was expected");
  gm__interned *id = gm__intern_add(&r->table->texts, cell);
  if (!id)
    return gm_fail(r->ctx, GM_ENOMEM, "%s:%d: id of a subject", r->name, (int)r->source.number);
  if (id->mark < 0) return subject_begin(r, id);
  if (id->mark == p->subject_count - 1) return GM_OK;
  const gm_record_subject *s = &p->subject[id->mark];
  return gm__reader_refuse(r, GM__COL_ID,
                           "\"%s\" again after another subject (its rows ended on line %d), all "
                           "rows of a subject together were expected",
                           gm__show(cell).text, (int)p->record[s->first + s->count - 1].line);
}

static gm_status order_check(gm__reader *r, const gm_record *now)
{
  const gm_records *p = &r->table->pub;
  const gm_record_subject *s = &p->subject[p->subject_count - 1];
  if (s->count == 0 || now->evid == 3 || now->evid == 4) return GM_OK;
  const gm_record *before = &p->record[p->record_count - 1];
  if (now->time >= before->time) return GM_OK;
  return gm__reader_refuse(r, GM__COL_TIME,
                           "\"%s\" is earlier than line %d of the subject, times that do not fall "
                           "were expected (or a reset, EVID 3 or 4)",
                           gm__show(r->cell[r->at[GM__COL_TIME]]).text, (int)before->line);
}

static gm_status covariates_read(gm__reader *r)
{
  gm_records *p = &r->table->pub;
  const char **cell = p->cell + (int64_t)p->record_count * p->covariate_count;
  for (int32_t i = 0; i < p->covariate_count; i++) {
    const char *text = r->cell[r->covariate[i]];
    cell[i] = gm__row_text(r, gm__cell_missing(text) ? "" : text);
    if (!cell[i]) return GM_ENOMEM;
  }
  return GM_OK;
}

static gm_status record_add(gm__reader *r)
{
  gm_records *p = &r->table->pub;
  gm_record rec;
  gm_status s = records_room(r);
  if (!s) s = subject_read(r);
  if (!s) s = gm__row_read(r, &rec);
  if (!s) s = order_check(r, &rec);
  if (!s) s = covariates_read(r);
  if (s) return s;
  p->record[p->record_count++] = rec;
  p->subject[p->subject_count - 1].count++;
  return GM_OK;
}

/* ---- rows ---------------------------------------------------------------------------------- */
static gm_status row_split(gm__reader *r)
{
  int32_t count = 0;
  gm__cells how = gm__cells_split(r->source.line, r->separator, r->cell, r->column_count, &count);
  if (how == GM__CELLS_QUOTE_OPEN)
    return gm__reader_fail(r, -1, "a quote is not closed, its end on the same line was expected");
  if (how == GM__CELLS_QUOTE_TEXT)
    return gm__reader_fail(r, -1, "text behind a closing quote, a separator was expected");
  if (count != r->column_count)
    return gm__reader_fail(r, -1, "%d cells, %d as in the header were expected%s", (int)count,
                           (int)r->column_count,
                           count > r->column_count && r->separator == ','
                               ? " (a decimal comma? a decimal point is read)"
                               : "");
  return GM_OK;
}

/* Whether column C says that the present row is a comment. */
static gm_status comment_read(gm__reader *r, bool *comment)
{
  const char *mark = gm__row_cell(r, GM__COL_COMMENT);
  *comment = strcmp(mark, "C") == 0;
  if (*comment || !mark[0]) return GM_OK;
  return gm__reader_refuse(r, GM__COL_COMMENT,
                           "\"%s\", C for a comment or . was expected (a covariate needs another "
                           "name)",
                           gm__show(mark).text);
}

static gm_status rows_read(gm__reader *r)
{
  for (;;) {
    bool more, comment = false;
    gm_status s = gm__line_next(&r->source, &more);
    if (s) return s;
    if (!more) return GM_OK;
    const char *p = r->source.line + strspn(r->source.line, " \t");
    if (!*p) continue;
    if (*p == '#') {
      r->comment_count++;
      continue;
    }
    s = row_split(r);
    if (!s) s = comment_read(r, &comment);
    if (!s && !comment) s = record_add(r);
    if (s) return s;
    r->comment_count += comment;
  }
}

static void reader_close(gm__reader *r)
{
  gm__line_close(&r->source);
  gm_free(r->column);
  gm_free(r->cell);
  gm_free(r->covariate);
  if (r->c_locale) freelocale(r->c_locale);
}

static gm_status read_stream(gm_ctx *ctx, const char *name, FILE *file, const char *text,
                             size_t bytes, gm__records_limits limits, gm_records **out)
{
  gm__reader r = {.ctx = ctx, .name = name};
  gm_status s = GM_OK;
  r.table = gm_alloc(ctx, 1, sizeof *r.table);
  if (!r.table) return gm_fail(ctx, GM_ENOMEM, "%s: table", name);
  r.table->pub.memory = r.table;
  r.table->pub.path = gm_strdup(ctx, name);
  r.c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!r.table->pub.path || !r.c_locale) s = gm_fail(ctx, GM_ENOMEM, "%s: table", name);
  if (!s) s = gm__intern_open(&r.table->texts, ctx);
  if (!s) s = gm__line_open(&r.source, ctx, name, file, text, bytes);
  r.source.limits = limits;
  if (!s) s = gm__header_read(&r);
  if (!s) s = rows_read(&r);
  if (!s && !r.table->pub.record_count)
    s = gm_fail(ctx, GM_EPARSE, "%s: no records, rows after the header were expected", name);
  if (!s && r.comment_count)
    gm_log(ctx, GM_LOG_INFO, "%s: %lld comment lines left out", name, (long long)r.comment_count);
  reader_close(&r);
  if (s)
    gm_records_free(&r.table->pub);
  else
    *out = &r.table->pub;
  return s;
}

gm_status gm__records_read_within(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                                  gm__records_limits limits, gm_records **out)
{
  if (text) return read_stream(ctx, name, NULL, text, bytes, limits, out);
  FILE *f = fopen(name, "rb");
  if (!f) return gm_fail(ctx, GM_EIO, "%s: %s", name, strerror(errno));
  struct stat st;
  gm_status s;
  if (fstat(fileno(f), &st) == 0 && S_ISDIR(st.st_mode))
    s = gm_fail(ctx, GM_EIO, "%s: is a folder, a file was expected", name);
  else
    s = read_stream(ctx, name, f, NULL, 0, limits, out);
  fclose(f);
  return s;
}

gm_status gm_records_read(gm_ctx *ctx, const char *path, gm_records **out)
{
  assert(ctx && path && out);
  return gm__records_read_within(ctx, path, NULL, 0, gm__records_limits_usual(), out);
}

gm_status gm_records_parse(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                           gm_records **out)
{
  assert(ctx && name && (text || !bytes) && out);
  return gm__records_read_within(ctx, name, text ? text : "", bytes, gm__records_limits_usual(),
                                 out);
}

void gm_records_free(gm_records *r)
{
  if (!r) return;
  gm__records *t = r->memory;
  gm__intern_close(&t->texts);
  for (int32_t i = 0; i < r->covariate_count; i++) gm_free(r->covariate[i]);
  gm_free(r->covariate);
  gm_free(r->record);
  gm_free(r->subject);
  gm_free(r->cell);
  gm_free(r->path);
  gm_free(t);
}

int32_t gm_records_subject(const gm_records *r, const char *id)
{
  assert(r && id);
  const gm__records *t = r->memory;
  const gm__interned *e = gm__intern_find(&t->texts, id);
  return e ? e->mark : -1;
}
