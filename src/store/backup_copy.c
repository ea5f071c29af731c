/* backup_copy.c - the rows of all tables from one database into another, by the columns that the
 * schema names. */
#include "store/backup_internal.h"
#include <string.h>

typedef struct {
  gm__db *from, *to;
  gm_ctx *ctx;
  gm_arena *memory;
  gm__row_change *change;
  void *user;
} copier;

static const char *keep(copier *k, const gm_text *t)
{
  char *copy = t->status ? NULL : gm_arena_get(k->memory, (ptrdiff_t)t->bytes + 1, 1);
  if (copy) memcpy(copy, t->data, t->bytes);
  return copy;
}

/* SELECT a, b FROM t ORDER BY a; INSERT INTO t (a, b) VALUES ($1, $2) */
static gm_status texts(copier *k, const char *table, const gm__column *c, int32_t count,
                       const char **select, const char **insert)
{
  gm_text names, values, all;
  gm_text_init(&names, k->ctx);
  gm_text_init(&values, k->ctx);
  gm_text_init(&all, k->ctx);
  for (int32_t i = 0; i < count; i++) {
    gm_text_addf(&names, "%s%.*s", i ? ", " : "", (int)c[i].bytes, c[i].name);
    gm_text_addf(&values, "%s$%d", i ? ", " : "", (int)i + 1);
  }
  if (!names.status) gm_text_addf(&all, "SELECT %s FROM %s ORDER BY 1", names.data, table);
  *select = names.status ? NULL : keep(k, &all);
  all.bytes = 0;
  if (!names.status && !values.status)
    gm_text_addf(&all, "INSERT INTO %s (%s) VALUES (%s)", table, names.data, values.data);
  *insert = names.status || values.status ? NULL : keep(k, &all);
  gm_text_free(&names);
  gm_text_free(&values);
  gm_text_free(&all);
  return *select && *insert ? GM_OK : gm_fail(k->ctx, GM_ENOMEM, "copying");
}

static void cells_read(const gm__stmt *q, const gm__column *c, gm__cell *cell, int32_t count)
{
  for (int32_t i = 0; i < count; i++) {
    cell[i] = (gm__cell){0};
    if (c[i].sort == 'b' || c[i].sort == 't' || c[i].nullable) {
      cell[i].data = gm__db_bytes(q, i, &cell[i].bytes);
      cell[i].null = !cell[i].data;
    }
    if (c[i].sort == 't') cell[i].data = gm__db_text(q, i);
    if (c[i].sort == 'i') cell[i].whole = gm__db_int(q, i);
    if (c[i].sort == 'r') cell[i].real = gm__db_real(q, i);
  }
}

static void cells_bind(gm__stmt *q, const gm__column *c, const gm__cell *cell, int32_t count)
{
  for (int32_t i = 0; i < count; i++) {
    if (cell[i].null)
      gm__db_bind_bytes(q, i + 1, NULL, 0);
    else if (c[i].sort == 'i')
      gm__db_bind_int(q, i + 1, cell[i].whole);
    else if (c[i].sort == 'r')
      gm__db_bind_real(q, i + 1, cell[i].real);
    else if (c[i].sort == 't')
      gm__db_bind_text(q, i + 1, cell[i].data);
    else
      gm__db_bind_bytes(q, i + 1, cell[i].data, cell[i].bytes);
  }
}

static gm_status table_copy(void *user, const char *table, const gm__column *c, int32_t count)
{
  copier *k = user;
  gm__cell cell[GM__COLUMNS_MAX];
  const char *select, *insert;
  gm__stmt *out = NULL, *in = NULL;
  bool row = false;
  gm_status st = texts(k, table, c, count, &select, &insert);
  if (!st) st = gm__db_prepare(k->from, k->ctx, select, &out);
  if (!st) st = gm__db_prepare(k->to, k->ctx, insert, &in);
  while (!st && !(st = gm__db_step(out, k->ctx, &row)) && row) {
    bool leave_out = false;
    cells_read(out, c, cell, count);
    st = k->change(k->user, table, c, cell, count, &leave_out);
    if (st || leave_out) continue;
    cells_bind(in, c, cell, count);
    st = gm__db_run(in, k->ctx);
  }
  if (row) gm__db_reset(out);
  return st ? gm_fail_at(k->ctx, st, "copying table %s", table) : GM_OK;
}

gm_status gm__tables_copy(gm__db *from, gm__db *to, gm_ctx *ctx, gm_arena *memory,
                          gm__row_change *change, void *user)
{
  copier k = {.from = from, .to = to, .ctx = ctx, .memory = memory, .change = change, .user = user};
  return gm__schema_tables(ctx, table_copy, &k);
}
