/* schema.c - the tables, and how each version became the next. Forward only. */
#include "store/store_internal.h"
#include <time.h>

/* Step i brings version i to i + 1. A step is never edited once it was released. */
static const char *const step[] = {
    "CREATE TABLE subject (id BIGINT PRIMARY KEY, name BYTES NOT NULL UNIQUE, key BYTES,"
    " created BIGINT NOT NULL, erased BIGINT);"
    "CREATE TABLE twin (id BIGINT PRIMARY KEY, subject BIGINT NOT NULL REFERENCES subject (id),"
    " name BYTES NOT NULL UNIQUE, created BIGINT NOT NULL, seq BIGINT NOT NULL,"
    " learned BIGINT NOT NULL, head BYTES NOT NULL);"
    /* body NULL: erased, then digest holds its hash; newer: number of the version after this one
     * and when it was learned are in table newer */
    "CREATE TABLE record (twin BIGINT NOT NULL, seq BIGINT NOT NULL, kind BIGINT NOT NULL,"
    " series BYTES NOT NULL, t_true DOUBLE PRECISION NOT NULL, learned BIGINT NOT NULL,"
    " thing BYTES NOT NULL, version BYTES NOT NULL, body BYTES, digest BYTES, chain BYTES NOT NULL,"
    " PRIMARY KEY (twin, seq));"
    "CREATE UNIQUE INDEX record_thing ON record (twin, thing, version);"
    "CREATE INDEX record_series ON record (twin, kind, series, t_true);"
    "CREATE TABLE newer (twin BIGINT NOT NULL, seq BIGINT NOT NULL, learned BIGINT NOT NULL,"
    " PRIMARY KEY (twin, seq));"
    "CREATE TABLE own (id BIGINT PRIMARY KEY, key BYTES NOT NULL);",
};
enum { VERSION = sizeof step / sizeof step[0] };

int64_t gm__now_us(void)
{
  struct timespec t;
  clock_gettime(CLOCK_REALTIME, &t);
  return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

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
  for (; !st && version < VERSION; version++) st = gm__db_exec(d, ctx, step[version]);
  if (!st && old) st = version_write(d, ctx, VERSION);
  if (!st) return gm__db_commit(d, ctx);
  gm__db_rollback(d);
  return st;
}
