/* db.c - which database a URL means; everything else is the database's own. */
#include "store/db_internal.h"
#include <assert.h>
#include <string.h>

static bool is_pg(const char *url)
{
  return !strncmp(url, "postgresql://", 13) || !strncmp(url, "postgres://", 11);
}

static gm_status open_by(const gm__db_type *type, gm_ctx *ctx, const char *url, bool create,
                         gm__db **out)
{
  gm_ctx *own = NULL;
  gm_status st = gm_ctx_child(ctx, &own);
  if (!st) st = type->open(ctx, url, create, out);
  if (st)
    gm_ctx_free(own);
  else
    (*out)->own = own;
  return st;
}

gm_status gm__db_open(gm_ctx *ctx, const char *url, bool create, gm__db **out)
{
  assert(ctx && url && out);
  if (!is_pg(url)) return open_by(&gm__db_sqlite, ctx, url, create, out);
#ifdef GEMEL_WITH_POSTGRESQL
  return open_by(&gm__db_pg, ctx, url, create, out);
#else
  return gm_fail(ctx, GM_EUNSUPPORTED,
                 "PostgreSQL is not built in (libpq was not there); a file's path is expected");
#endif
}

gm_status gm__db_again(const gm__db *d, gm_ctx *ctx, gm__db **out)
{
  return open_by(d->type, ctx, d->type->url ? d->type->url(d) : d->name, false, out);
}

void gm__db_close(gm__db *d)
{
  if (!d) return;
  gm_ctx *own = d->own;
  d->type->close(d);
  gm_ctx_free(own);
}

const char *gm__db_name(const gm__db *d) { return d->name; }

/* The database's own words for those of the seam. */
static gm_status spell(gm__db *d, gm_ctx *ctx, const char *sql, gm_text *out)
{
  static const char lock[] = " FOR UPDATE";
  const gm__db_type *t = d->type;
  gm_text_init(out, ctx);
  for (const char *at = sql; *at;) {
    size_t plain = strcspn(at, "BP ");
    gm_text_addn(out, at, plain);
    at += plain;
    if (!strncmp(at, lock, sizeof lock - 1) && !t->locks_rows) break;
    if (!strncmp(at, "BYTES", 5)) {
      gm_text_add(out, t->bytes_type);
      at += 5;
    } else if (!strncmp(at, "PARTED", 6)) {
      gm_text_add(out, t->parted ? t->parted : "");
      at += 6;
    } else if (*at) {
      gm_text_addn(out, at++, 1);
    }
  }
  if (!out->status) return GM_OK;
  gm_text_free(out);
  return gm_fail(ctx, GM_ENOMEM, "%s: statement", d->name);
}

gm_status gm__db_exec(gm__db *d, gm_ctx *ctx, const char *sql)
{
  gm_text text;
  gm_status s = spell(d, ctx, sql, &text);
  if (s) return s;
  s = d->type->exec(d, ctx, text.data);
  gm_text_free(&text);
  return s;
}

gm_status gm__db_part(gm__db *d, gm_ctx *ctx, const char *table)
{
  return d->type->part ? d->type->part(d, ctx, table) : GM_OK;
}

gm_status gm__db_begin_read(gm__db *d, gm_ctx *ctx)
{
  return d->type->exec(d, ctx, d->type->begin_read ? d->type->begin_read : "BEGIN");
}

gm_status gm__db_begin(gm__db *d, gm_ctx *ctx) { return d->type->begin(d, ctx); }
gm_status gm__db_commit(gm__db *d, gm_ctx *ctx) { return d->type->commit(d, ctx); }
void gm__db_rollback(gm__db *d) { d->type->rollback(d); }
gm_status gm__db_check(gm__db *d, gm_ctx *ctx, bool *whole)
{
  *whole = true;
  return d->type->check ? d->type->check(d, ctx, whole) : GM_OK;
}

gm_status gm__db_clean(gm__db *d, gm_ctx *ctx) { return d->type->clean(d, ctx); }

gm_status gm__db_prepare(gm__db *d, gm_ctx *ctx, const char *sql, gm__stmt **out)
{
  for (gm__stmt *s = d->first; s; s = s->next)
    if (s->sql == sql) {
      d->type->reset(s);
      *out = s;
      return GM_OK;
    }
  gm_text text;
  gm_status st = spell(d, ctx, sql, &text);
  if (st) return st;
  st = d->type->prepare(d, d->own, text.data, out);
  gm_text_free(&text);
  if (st) {
    gm_message_copy(ctx, d->own);
    return st;
  }
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
  if (s->db->type->run) return s->db->type->run(s, ctx);
  gm_status st = gm__db_step(s, ctx, &row);
  gm__db_reset(s);
  return st;
}

gm_status gm__db_settle(gm__db *d, gm_ctx *ctx)
{
  return d->type->settle ? d->type->settle(d, ctx) : GM_OK;
}

gm_status gm__db_each(gm__stmt *s, gm_ctx *ctx, int32_t count, gm__db_ask *ask, gm__db_hear *hear,
                      void *user)
{
  gm_status st = GM_OK;
  if (s->db->type->each) return s->db->type->each(s, ctx, count, ask, hear, user);
  for (int32_t i = 0; i < count && !st; i++) {
    bool row = false;
    ask(user, s, i);
    while (!st && !(st = gm__db_step(s, ctx, &row)) && row) st = hear(user, s, i);
    gm__db_reset(s);
  }
  return st;
}

int64_t gm__db_int(const gm__stmt *s, int column) { return s->db->type->get_int(s, column); }
double gm__db_real(const gm__stmt *s, int column) { return s->db->type->get_real(s, column); }

const void *gm__db_bytes(const gm__stmt *s, int column, size_t *bytes)
{
  return s->db->type->get_bytes(s, column, bytes);
}

const char *gm__db_text(const gm__stmt *s, int column) { return s->db->type->get_text(s, column); }
