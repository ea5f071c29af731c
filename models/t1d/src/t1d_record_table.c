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

/* *place: the built-in one that was taken, -1 none. */
static gm_status mapping_find(gm_ctx *ctx, const char *path, const char *table,
                              const t1d_csv_options *o, int32_t *place, gm_mapping **out)
{
  const size_t head = strcspn(table, "\r\n");
  *place = -1;
  if (o && o->mapping) return mapping_of(ctx, o->mapping, NULL, out);
  if (o && (o->zone_min < -14 * 60 || o->zone_min > 14 * 60))
    return gm_fail(ctx, GM_ERANGE, "zone_min beyond 14 hours");
  for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
    const char *column = strstr(table, maps[i].header);
    if (!column || (size_t)(column - table) >= head) continue;
    *place = (int32_t)i;
    return mapping_of(ctx, maps[i].header, maps[i].text, out);
  }
  return gm_fail(ctx, GM_ENOTFOUND,
                 "%s: no header that is known (glucose_value_mg_dl, basal_U_per_5min); a mapping "
                 "is needed",
                 path);
}

typedef struct {
  t1d_record_builder *builder;
  double later_s; /* a clock that was read as UTC is so much ahead of it */
  t1d_table_told *told;
} table_reader;

static gm_status fact_take(void *user, const gm_fact *fact)
{
  const table_reader *r = user;
  gm_fact f = *fact;
  f.t_true_s -= r->later_s;
  return t1d_record_take(r->builder, &f);
}

/* The first row that was refused is told by its line, column and reason. */
static gm_status row_take(void *user, const gm_mapping_account *a)
{
  t1d_table_told *t = ((table_reader *)user)->told;
  if (!a->refusal_count || t->first_refused[0]) return GM_OK;
  const gm_mapping_refusal *r = &a->refusal[0];
  snprintf(t->first_refused, sizeof t->first_refused, "line %lld%s%s: %s", (long long)a->line,
           r->column[0] ? ", " : "", r->column, r->reason);
  return GM_OK;
}

gm_status t1d_record_take_csv(t1d_record_builder *b, gm_ctx *ctx, const char *path,
                              const t1d_csv_options *options, t1d_table_told *told)
{
  t1d_table_told t = {0};
  table_reader reader = {.builder = b, .told = &t};
  gm_mapping_totals n = {0};
  char *table = NULL;
  size_t bytes = 0;
  int32_t place = -1;
  gm_mapping *m = NULL;
  gm_status s = gm_file_read(ctx, path, (size_t)1 << 30, &table, &bytes);
  if (!s) s = mapping_find(ctx, path, table, options, &place, &m);
  if (!s && place >= 0) {
    if (maps[place].hold) t1d__record_hold_basal(b);
    reader.later_s = options ? 60.0 * options->zone_min : 0;
  }
  if (!s) s = gm_mapping_facts_text(ctx, m, path, table, bytes, fact_take, row_take, &reader, &n);
  t.rows = n.rows;
  t.refused = n.refused + n.partly;
  if (!s) *told = t;
  gm_mapping_free(m);
  gm_free(table);
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
