/* t1d_record_table.c - tables as records, through a mapping: the user's own, or one of
 * models/t1d/maps by the table's header. */
#include "t1d_record_internal.h"
#include "t1d_text.h"
#include "gemel/mapping.h"
#include <stdio.h>
#include <string.h>

/* The files of models/t1d/maps, as they are (cmake/models.cmake). */
static const struct {
  const char *header, *text; /* header: a column that no other table has */
  bool hold;                 /* the table tells changes of the basal rate */
} maps[] = {
    {"glucose_value_mg_dl", t1d_map_glucose_ml, false},
    {"basal_U_per_5min", t1d_map_hupa_events, true},
};

/* Insulin in [IU], or as twin.yaml has it. */
static gm_status mapping_of(gm_ctx *ctx, const char *path, const char *text, gm_mapping **out)
{
  const gm_definition *d[] = {t1d_record_definition(), t1d__record_definition_pmol()};
  gm_status s = GM_EUNIT;
  for (int32_t i = 0; i < 2 && s == GM_EUNIT; i++)
    s = text ? gm_mapping_parse(ctx, path, text, strlen(text), d[i], out)
             : gm_mapping_read(ctx, path, d[i], out);
  if (!s) gm_message_clear(ctx);
  return s;
}

/* The built-in one by the header; *place is its place. */
static gm_status mapping_find(gm_ctx *ctx, const char *path, const char *table, int32_t *place,
                              gm_mapping **out)
{
  const size_t head = strcspn(table, "\r\n");
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
    const char *column = strstr(table, maps[i].header);
    if (!column || (size_t)(column - table) >= head) continue;
    *place = (int32_t)i;
    return mapping_of(ctx, maps[i].header, maps[i].text, out);
  }
  return gm_fail(ctx, GM_ENOTFOUND,
                 "%s: no header that is known (glucose_value_mg_dl, basal_U_per_5min): say with "
                 "--mapping FILE how it is meant (docs/cgm.md)",
                 path);
}

typedef struct {
  t1d_record_builder *builder;
  double later_s;  /* a clock that was read as UTC is so much ahead of it */
  int32_t refused; /* by the builder, up to the row before */
  t1d_table_told *told;
} table_reader;

static gm_status fact_take(void *user, const gm_fact *fact)
{
  const table_reader *r = user;
  gm_fact f = *fact;
  f.t_true_s -= r->later_s;
  return t1d_record_take(r->builder, &f);
}

/* The first row that was refused is told by its line, column and reason. A row that the mapping
 * took whole may still hold what cannot be: the builder refuses that. */
static gm_status row_take(void *user, const gm_mapping_account *a)
{
  table_reader *r = user;
  t1d_table_told *t = r->told;
  const char *why;
  const int32_t refused = t1d_record_refused(r->builder, &why);
  const gm_mapping_refusal *by_mapping = a->refusal_count ? &a->refusal[0] : NULL;
  if (!by_mapping && refused == r->refused) return GM_OK;
  if (!by_mapping) t->refused++;
  r->refused = refused;
  if (t->first_refused[0]) return GM_OK;
  const size_t bytes = sizeof t->first_refused;
  if (by_mapping)
    snprintf(t->first_refused, bytes, "line %lld%s%s: %s", (long long)a->line,
             by_mapping->column[0] ? ", " : "", by_mapping->column, by_mapping->reason);
  else
    snprintf(t->first_refused, bytes, "line %lld, %s", (long long)a->line, why);
  return GM_OK;
}

typedef struct {
  const char *path, *text;
  size_t bytes;
} table;

static gm_status table_told(gm_ctx *ctx, const gm_mapping *m, const table *what, table_reader *r)
{
  gm_mapping_totals n = {0};
  gm_status s = gm_mapping_facts_text(ctx, m, what->path, what->text, what->bytes, fact_take,
                                      row_take, r, &n);
  r->told->rows = n.rows;
  r->told->refused += n.refused + n.partly;
  return s;
}

static gm_status by_header(gm_ctx *ctx, const table *what, int32_t zone_min, table_reader *r)
{
  gm_mapping *m = NULL;
  int32_t place = -1;
  if (zone_min < -14 * 60 || zone_min > 14 * 60)
    return gm_fail(ctx, GM_ERANGE, "zone_min beyond 14 hours");
  gm_status s = mapping_find(ctx, what->path, what->text, &place, &m);
  if (!s && maps[place].hold) t1d__record_hold_basal(r->builder);
  r->later_s = 60.0 * zone_min;
  r->told->mapping = -1;
  if (!s) s = table_told(ctx, m, what, r);
  gm_mapping_free(m);
  return s;
}

/* Through the first mapping whose columns the table has: a column that is missing is seen before
 * any fact is told. *fits: there was one, or a failure of another kind. */
static gm_status by_mapping(gm_ctx *ctx, const table *what, const t1d_csv_options *o,
                            table_reader *r, bool *fits)
{
  gm_status s = GM_ENOTFOUND;
  *fits = false;
  for (int32_t i = 0; i < o->mapping_count && !*fits; i++) {
    gm_mapping *m = NULL;
    *fits = true;
    s = mapping_of(ctx, o->mapping[i], NULL, &m);
    if (s) return s;
    r->told->mapping = i;
    s = table_told(ctx, m, what, r);
    gm_mapping_free(m);
    *fits = s != GM_ENOTFOUND || r->told->rows > 0;
    if (!*fits) snprintf(r->told->unfit, sizeof r->told->unfit, "%s", gm_message(ctx));
  }
  return s;
}

gm_status t1d_record_take_csv(t1d_record_builder *b, gm_ctx *ctx, const char *path,
                              const t1d_csv_options *options, t1d_table_told *told)
{
  static const t1d_csv_options none = {0};
  const t1d_csv_options *o = options ? options : &none;
  t1d_table_told t = {.mapping = -1};
  table_reader reader = {.builder = b, .refused = t1d_record_refused(b, NULL), .told = &t};
  char *text = NULL;
  size_t bytes = 0;
  bool fits = false;
  gm_status s = gm_file_read(ctx, path, (size_t)1 << 30, &text, &bytes);
  const table what = {path, text, bytes};
  if (!s && o->mapping_count > 0) s = by_mapping(ctx, &what, o, &reader, &fits);
  if ((!s || s == GM_ENOTFOUND) && text && !fits) {
    s = by_header(ctx, &what, o->zone_min, &reader);
    if (!s) gm_message_clear(ctx);
    if (s == GM_ENOTFOUND && t.unfit[0]) s = gm_fail(ctx, s, "%s", t.unfit);
  }
  if (!s) *told = t;
  gm_free(text);
  return s;
}

gm_status t1d_record_read_csv(gm_ctx *ctx, const char *path, const t1d_csv_options *options,
                              t1d_records *out, int64_t *rows, int64_t *rows_refused)
{
  t1d_record_builder *b = NULL;
  t1d_table_told told = {0};
  gm_status s = t1d_record_builder_new(ctx, options ? &options->records : NULL, &b);
  if (!s) s = t1d_record_take_csv(b, ctx, path, options, &told);
  if (!s) s = t1d_record_finish(b, out);
  if (!s && rows) *rows = told.rows;
  if (!s && rows_refused) *rows_refused = told.refused;
  t1d_record_builder_free(b);
  return s;
}
