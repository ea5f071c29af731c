/* schema.c - the tables, and how each version became the next. Forward only. */
#include "store/store_internal.h"
#include <stdio.h>
#include <string.h>

/* Step i brings version i to i + 1. A step is never edited once it was released. Backups read the
 * tables and their columns out of these texts (gm__schema_tables): one more column is told there
 * too. */
static const char *const step[] = {
    "CREATE TABLE subject (id BIGINT PRIMARY KEY, name BYTES NOT NULL UNIQUE, key BYTES,"
    " label BYTES, created BIGINT NOT NULL, erased BIGINT);"
    "CREATE TABLE twin (id BIGINT PRIMARY KEY, subject BIGINT NOT NULL REFERENCES subject (id),"
    " name BYTES NOT NULL UNIQUE, label BYTES, created BIGINT NOT NULL, seq BIGINT NOT NULL,"
    " learned BIGINT NOT NULL, consents BIGINT NOT NULL, head BYTES NOT NULL);"
    /* body NULL: erased, then digest holds its hash; newer: number of the version after this one
     * and when it was learned are in table newer */
    "CREATE TABLE record (twin BIGINT NOT NULL, seq BIGINT NOT NULL, kind BIGINT NOT NULL,"
    " series BYTES NOT NULL, t_true DOUBLE PRECISION NOT NULL, learned BIGINT NOT NULL,"
    " thing BYTES NOT NULL, version BYTES NOT NULL, class BIGINT NOT NULL,"
    " session BIGINT NOT NULL, body BYTES, digest BYTES, chain BYTES NOT NULL,"
    " PRIMARY KEY (twin, seq)) PARTED;"
    "CREATE UNIQUE INDEX record_thing ON record (twin, thing, version);"
    "CREATE INDEX record_series ON record (twin, kind, series, t_true);"
    "CREATE TABLE newer (twin BIGINT NOT NULL, seq BIGINT NOT NULL, learned BIGINT NOT NULL,"
    " PRIMARY KEY (twin, seq));"
    "CREATE TABLE own (id BIGINT PRIMARY KEY, key BYTES NOT NULL);",
    /* chain: hash of the row as a leaf of RFC 6962; audit_node: full subtrees from level 1 up */
    "CREATE TABLE audit (seq BIGINT PRIMARY KEY, t BIGINT NOT NULL, session BIGINT NOT NULL,"
    " kind BIGINT NOT NULL, twin BIGINT NOT NULL, subject BIGINT NOT NULL, records BIGINT NOT NULL,"
    " detail BYTES NOT NULL, chain BYTES NOT NULL);"
    "CREATE INDEX audit_twin ON audit (twin, seq);"
    "CREATE UNIQUE INDEX audit_open ON audit (session) WHERE kind = 0;"
    "CREATE INDEX audit_erased ON audit (subject) WHERE kind = 8;"
    "CREATE TABLE audit_node (level BIGINT NOT NULL, place BIGINT NOT NULL, hash BYTES NOT NULL,"
    " PRIMARY KEY (level, place));"
    "CREATE TABLE document (name BYTES PRIMARY KEY, body BYTES NOT NULL);"
    /* consents: their state when the card was made; classes: of what is on it (card.c); created: of
     * the twin, so that lists go along with how the rows lie */
    "CREATE TABLE card (twin BIGINT PRIMARY KEY, seq BIGINT NOT NULL, consents BIGINT NOT NULL,"
    " classes BIGINT NOT NULL, created BIGINT NOT NULL, body BYTES NOT NULL);"
    "CREATE INDEX card_created ON card (created, twin);"
    "CREATE INDEX twin_created ON twin (created, id);"
    "DROP INDEX record_series;"
    "CREATE INDEX record_series ON record (twin, kind, series, t_true, seq);"
    "CREATE INDEX twin_subject ON twin (subject);"
    /* many records of a series in one sealed body, made again at any time from the records */
    "CREATE TABLE page (twin BIGINT NOT NULL, kind BIGINT NOT NULL, series BYTES NOT NULL,"
    " first BIGINT NOT NULL, last BIGINT NOT NULL, t_least DOUBLE PRECISION NOT NULL,"
    " t_most DOUBLE PRECISION NOT NULL, mark BYTES NOT NULL, body BYTES NOT NULL,"
    " PRIMARY KEY (twin, kind, series, first));"
    /* where copies of the keys were put: an erasure reaches for them */
    "CREATE TABLE backup (id BIGINT PRIMARY KEY, made BIGINT NOT NULL, path TEXT NOT NULL);",
};
enum { VERSION = sizeof step / sizeof step[0] };

/* ---- what the steps say ---------------------------------------------------------------------- */
/* The text of one column, or a rule of the table, which is none. */
static bool column_read(const char *at, size_t bytes, gm__column *out)
{
  static const char *const rule[] = {"PRIMARY KEY", "UNIQUE (", "FOREIGN", "CHECK"};
  char text[160];
  while (bytes && *at == ' ') at++, bytes--;
  for (size_t i = 0; i < sizeof rule / sizeof rule[0]; i++)
    if (!strncmp(at, rule[i], strlen(rule[i]))) return false;
  snprintf(text, sizeof text, "%.*s", (int)bytes, at);
  *out = (gm__column){.name = at, .bytes = strcspn(text, " ")};
  const char *type = text + out->bytes;
  out->nullable = !strstr(type, "NOT NULL") && !strstr(type, "PRIMARY KEY");
  out->sort = !strncmp(type, " BIGINT", 7) ? 'i' : !strncmp(type, " DOUBLE", 7) ? 'r' : 'b';
  if (!strncmp(type, " TEXT", 5)) out->sort = 't';
  return true;
}

/* at: behind the opening bracket. */
static int32_t columns_read(const char *at, gm__column out[GM__COLUMNS_MAX])
{
  int32_t count = 0, depth = 0;
  for (const char *begin = at; depth >= 0 && count < GM__COLUMNS_MAX; at++) {
    depth += (*at == '(') - (*at == ')');
    if (depth > 0 || (*at != ',' && depth == 0)) continue;
    count += column_read(begin, (size_t)(at - begin), &out[count]);
    begin = at + 1;
  }
  return count;
}

gm_status gm__schema_tables(gm_ctx *ctx, gm__table_listener *listener, void *user)
{
  static const char make[] = "CREATE TABLE ";
  gm_status st = GM_OK;
  for (int version = 0; version < VERSION; version++)
    for (const char *at = step[version]; !st && (at = strstr(at, make));) {
      gm__column column[GM__COLUMNS_MAX];
      char name[40];
      at += sizeof make - 1;
      size_t bytes = strcspn(at, " ");
      snprintf(name, sizeof name, "%.*s", (int)bytes, at);
      st = listener(user, name, column, columns_read(at + bytes + 2, column));
    }
  return st ? gm_fail_at(ctx, st, "schema") : GM_OK;
}

/* ---- versions -------------------------------------------------------------------------------- */
static gm_status version_read(gm__db *d, gm_ctx *ctx, int64_t *out)
{
  gm__stmt *s;
  bool row = false;
  gm_status st = gm__db_exec(
      d, ctx, "CREATE TABLE IF NOT EXISTS gemel (name TEXT PRIMARY KEY, value BIGINT NOT NULL)");
  if (!st) st = gm__db_prepare(d, ctx, "SELECT value FROM gemel WHERE name = 'schema'", &s);
  if (!st) st = gm__db_step(s, ctx, &row);
  *out = row ? gm__db_int(s, 0) : 0;
  if (row) gm__db_reset(s);
  return st;
}

static gm_status version_write(gm__db *d, gm_ctx *ctx, int64_t version)
{
  gm__stmt *s;
  gm_status st = gm__db_exec(d, ctx, "DELETE FROM gemel WHERE name = 'schema'");
  if (!st) st = gm__db_prepare(d, ctx, "INSERT INTO gemel VALUES ('schema', $1)", &s);
  if (st) return st;
  gm__db_bind_int(s, 1, version);
  return gm__db_run(s, ctx);
}

static gm_status step_take(gm__db *d, gm_ctx *ctx, int64_t version)
{
  gm_status st = gm__db_exec(d, ctx, step[version]);
  return st || version ? st : gm__db_part(d, ctx, "record");
}

gm_status gm__schema_settle(gm__db *d, gm_ctx *ctx)
{
  int64_t version = 0;
  gm_status st = gm__db_begin(d, ctx);
  if (st) return st;
  st = version_read(d, ctx, &version);
  if (!st && version > VERSION)
    st = gm_fail(ctx, GM_EUNSUPPORTED, "%s: made by a newer Gemel (schema %lld, this one knows %d)",
                 gm__db_name(d), (long long)version, VERSION);
  bool old = version < VERSION;
  for (; !st && version < VERSION; version++) st = step_take(d, ctx, version);
  if (!st && old) st = version_write(d, ctx, VERSION);
  if (!st) return gm__db_commit(d, ctx);
  gm__db_rollback(d);
  return st;
}
