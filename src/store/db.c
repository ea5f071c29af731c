/* db.c - which database a URL means; everything else is the database's own. */
#include "store/db_internal.h"
#include <assert.h>
#include <string.h>

gm_status gm__db_open(gm_ctx *ctx, const char *url, bool create, gm__db **out)
{
  assert(ctx && url && out);
  if (!strncmp(url, "postgresql://", 13) || !strncmp(url, "postgres://", 11))
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "PostgreSQL is not built in; a file's path is expected as store");
  return gm__db_sqlite.open(ctx, url, create, out);
}

void gm__db_close(gm__db *d)
{
  if (d) d->type->close(d);
}

const char *gm__db_name(const gm__db *d) { return d->name; }

/* BYTES by the database's own name for it. */
static gm_status spell(gm__db *d, gm_ctx *ctx, const char *sql, gm_text *out)
{
  gm_text_init(out, ctx);
  for (const char *at = sql, *hit;; at = hit + 5) {
    hit = strstr(at, "BYTES");
    gm_text_addn(out, at, hit ? (size_t)(hit - at) : strlen(at));
    if (!hit) break;
    gm_text_add(out, d->type->bytes_type);
  }
  return out->status ? gm_fail(ctx, out->status, "%s: statement", d->name) : GM_OK;
}

gm_status gm__db_exec(gm__db *d, gm_ctx *ctx, const char *sql)
{
  gm_text text;
  gm_status s = spell(d, ctx, sql, &text);
  if (!s) s = d->type->exec(d, ctx, text.data);
  gm_text_free(&text);
  return s;
}

gm_status gm__db_begin(gm__db *d, gm_ctx *ctx) { return d->type->begin(d, ctx); }
gm_status gm__db_commit(gm__db *d, gm_ctx *ctx) { return d->type->commit(d, ctx); }
void gm__db_rollback(gm__db *d) { d->type->rollback(d); }
gm_status gm__db_clean(gm__db *d, gm_ctx *ctx) { return d->type->clean(d, ctx); }

gm_status gm__db_prepare(gm__db *d, gm_ctx *ctx, const char *sql, gm__stmt **out)
{
  for (gm__stmt *s = d->first; s; s = s->next)
    if (s->sql == sql) {
      d->type->reset(s);
      *out = s;
      return GM_OK;
    }
  gm_status st = d->type->prepare(d, ctx, sql, out);
  if (st) return st;
  (*out)->db = d;
  (*out)->sql = sql;
  (*out)->next = d->first;
  d->first = *out;
  return GM_OK;
}

void gm__db_bind_int(gm__stmt *s, int at, int64_t v) { s->db->type->bind_int(s, at, v); }
void gm__db_bind_real(gm__stmt *s, int at, double v) { s->db->type->bind_real(s, at, v); }

void gm__db_bind_bytes(gm__stmt *s, int at, const void *data, size_t bytes)
{
  s->db->type->bind_bytes(s, at, data, bytes);
}

void gm__db_bind_text(gm__stmt *s, int at, const char *text)
{
  s->db->type->bind_text(s, at, text);
}

gm_status gm__db_step(gm__stmt *s, gm_ctx *ctx, bool *row)
{
  return s->db->type->step(s, ctx, row);
}
void gm__db_reset(gm__stmt *s) { s->db->type->reset(s); }

gm_status gm__db_run(gm__stmt *s, gm_ctx *ctx)
{
  bool row;
  gm_status st = gm__db_step(s, ctx, &row);
  gm__db_reset(s);
  return st;
}

int64_t gm__db_int(const gm__stmt *s, int column) { return s->db->type->get_int(s, column); }
double gm__db_real(const gm__stmt *s, int column) { return s->db->type->get_real(s, column); }

const void *gm__db_bytes(const gm__stmt *s, int column, size_t *bytes)
{
  return s->db->type->get_bytes(s, column, bytes);
}

const char *gm__db_text(const gm__stmt *s, int column) { return s->db->type->get_text(s, column); }
