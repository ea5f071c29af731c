/* db_pg.c - a store in a PostgreSQL database, by libpq: binary arguments and results, statements
 * prepared once for each connection, rows one at a time.
 * One writer at a time: a transaction for writing begins with an advisory lock of the database
 * (PostgreSQL 15, section 13.3.5), so that what is right on SQLite is right here.
 * Statements without rows are sent together with the next one that has some (pipeline mode, section
 * 34.5), since a way to the server and back costs more than the statement. */
#ifdef GEMEL_WITH_POSTGRESQL
#include "store/db_internal.h"
#include "store/db_pg_value.h"
#include <endian.h>
#include <libpq-fe.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum {
  ARGUMENTS_MAX = 24,
  PARTS = 16,
  LOCK = 0x47454d4c,     /* "GEML" */
  WAIT_MS = 30000,       /* as SQLite's */
  PENDING_MAX = 200,     /* their answers stay far below what a socket holds */
  DRAIN_MAX = 2000,      /* rows that nobody wants before the connection is given up instead */
  SERVER_LEAST = 130000, /* pg_current_xact_id */
  ASK_AGAIN_MAX = 10     /* whether a commit came through, a second between them */
};
_Static_assert(WAIT_MS == 30000, "settings below");

typedef struct stmt stmt;
typedef struct {
  gm__db base;
  PGconn *c;
  char *url;
  int64_t life; /* of the connection: grows when it is made again */
  bool tx, lost;
  bool broken;     /* a statement that was sent earlier failed: only a rollback helps */
  int32_t pending; /* sent, their answers not yet read */
  int32_t names;
  stmt *reading;   /* its rows are on their way */
  char number[24]; /* of the transaction, to ask later what came of it */
} db;

struct stmt {
  gm__stmt base;
  char *sql, name[16];
  int64_t life; /* in which it was prepared; 0: never */
  int32_t count;
  Oid type[ARGUMENTS_MAX], prepared[ARGUMENTS_MAX];
  const char *value[ARGUMENTS_MAX];
  int length[ARGUMENTS_MAX], format[ARGUMENTS_MAX];
  uint64_t number[ARGUMENTS_MAX];
  bool active;
  PGresult *row;
  int at;          /* of its rows the present one */
  PGresult **kept; /* rows taken in because another statement came between */
  int32_t kept_count, kept_at;
  gm_status kept_end;
};

/* ---- failures -------------------------------------------------------------------------------- */
static gm_status fail(db *d, gm_ctx *ctx, const PGresult *r, const char *what)
{
  const char *code = r ? PQresultErrorField(r, PG_DIAG_SQLSTATE) : NULL;
  if (PQstatus(d->c) == CONNECTION_BAD) d->lost = true;
  const char *words = NULL;
  gm_status st = code ? gm__pg_code(code, &words) : GM_OK;
  if (code && words)
    return gm_fail(ctx, st, "%s: %s: %s (SQLSTATE %s)", d->base.name, what, words, code);
  if (code) return gm_fail(ctx, st, "%s: %s: SQLSTATE %s", d->base.name, what, code);
  return gm_fail(ctx, GM_EIO, "%s: %s: %s", d->base.name, what,
                 d->lost ? "the connection was lost" : "the driver failed");
}

static void hear_nothing(void *user, const char *text) { (void)user, (void)text; }

/* ---- rows on their way ----------------------------------------------------------------------- */
/* Answers up to the end of a statement. */
static void answers_drop(db *d)
{
  for (PGresult *r; (r = PQgetResult(d->c));) PQclear(r);
}

static void kept_free(stmt *s)
{
  for (int32_t i = s->kept_at; i < s->kept_count; i++) PQclear(s->kept[i]);
  gm_free(s->kept);
  s->kept = NULL;
  s->kept_at = s->kept_count = 0;
}

/* Next answer of the statement that is being read; *row NULL: its end, and how it ended. */
static gm_status answer_next(db *d, gm_ctx *ctx, PGresult **row)
{
  PGresult *r = PQgetResult(d->c);
  gm_status st = GM_OK;
  *row = NULL;
  if (r && PQresultStatus(r) == PGRES_SINGLE_TUPLE) {
    *row = r;
    return GM_OK;
  }
  ExecStatusType how = r ? PQresultStatus(r) : PGRES_FATAL_ERROR;
  if (how != PGRES_TUPLES_OK && how != PGRES_COMMAND_OK) st = fail(d, ctx, r, "statement");
  PQclear(r);
  answers_drop(d);
  if (PQpipelineStatus(d->c) != PQ_PIPELINE_OFF) {
    PQclear(PQgetResult(d->c)); /* of the sync */
    PQexitPipelineMode(d->c);
  }
  d->reading = NULL;
  return st;
}

/* Takes what is left of the statement being read into memory: another comes between. */
static gm_status reading_keep(db *d, gm_ctx *ctx)
{
  stmt *s = d->reading;
  PGresult *row = NULL;
  gm_status st = GM_OK;
  int32_t room = 0;
  while (d->reading) {
    gm_status end = answer_next(d, ctx, &row);
    if (!row) s->kept_end = end;
    if (!row) break;
    if (!st && s->kept_count == room) {
      st = gm_grow(ctx, &s->kept, room, 2 * room + 16, sizeof *s->kept);
      room = st ? room : 2 * room + 16;
    }
    if (st)
      PQclear(row);
    else
      s->kept[s->kept_count++] = row;
  }
  return st;
}

/* Nobody wants the rest. Outside a transaction a long rest is not waited for. */
static void reading_drop(db *d)
{
  gm_ctx *none = NULL;
  PGresult *row = NULL;
  for (int32_t n = 0; d->reading; n++) {
    if (n == DRAIN_MAX && !d->tx) {
      d->reading = NULL;
      d->lost = true;
      break;
    }
    (void)answer_next(d, none, &row);
    PQclear(row);
  }
}

/* ---- what was sent earlier ------------------------------------------------------------------- */
/* Reads the answers of statements that were sent before. The first failure is told. */
static gm_status pending_read(db *d, gm_ctx *ctx)
{
  gm_status st = GM_OK;
  for (; d->pending; d->pending--) {
    PGresult *r = PQgetResult(d->c);
    ExecStatusType how = r ? PQresultStatus(r) : PGRES_FATAL_ERROR;
    if (!st && how != PGRES_COMMAND_OK && how != PGRES_TUPLES_OK)
      st = fail(d, ctx, r, "a statement before");
    PQclear(r);
    if (r) answers_drop(d);
  }
  if (st) d->broken = true;
  return st;
}

static gm_status pending_settle(db *d, gm_ctx *ctx)
{
  if (PQpipelineStatus(d->c) == PQ_PIPELINE_OFF || d->reading) return GM_OK;
  bool sent = PQpipelineSync(d->c) == 1;
  gm_status st = pending_read(d, ctx);
  if (sent) PQclear(PQgetResult(d->c));
  PQexitPipelineMode(d->c);
  return st;
}

/* The connection is free for the next command. */
static gm_status settle(db *d, gm_ctx *ctx)
{
  gm_status st = d->reading ? reading_keep(d, ctx) : GM_OK;
  return st ? st : pending_settle(d, ctx);
}

/* ---- life ------------------------------------------------------------------------------------ */
/* What was begun counts as a transaction until it is ended by rollback or commit, also when the
 * connection is lost: nothing that belongs to it may be done outside. */
static gm_status plain(db *d, gm_ctx *ctx, const char *sql, const char *what, PGresult **out)
{
  PGresult *r = PQexec(d->c, sql);
  ExecStatusType how = PQresultStatus(r);
  gm_status st = how == PGRES_COMMAND_OK || how == PGRES_TUPLES_OK || how == PGRES_EMPTY_QUERY
                     ? GM_OK
                     : fail(d, ctx, r, what);
  PGTransactionStatusType tx = PQtransactionStatus(d->c);
  d->tx |= tx == PQTRANS_INTRANS || tx == PQTRANS_INERROR;
  if (!st && out)
    *out = r;
  else
    PQclear(r);
  return st;
}

/* What libpq says of a connection that could not be made may hold parts of the URL, and so of a
 * password with a sign in it that should have been written as %xx; what the server said does not.
 */
static gm_status connect_fail(db *d, gm_ctx *ctx)
{
  const char *text = PQerrorMessage(d->c), *server = strstr(text, "FATAL:");
  const char *password = PQpass(d->c);
  bool hidden = !server || (password && password[0] && strstr(server, password));
  d->lost = true;
  if (hidden) return gm_fail(ctx, GM_EIO, "%s: no connection to a server there", d->base.name);
  return gm_fail(ctx, GM_EIO, "%s: %.*s", d->base.name, (int)strcspn(server, "\n"), server);
}

/* Plans are made once: a plan for each call (which the server prefers for a table in parts) costs
 * three times the statement itself, and ours all go by an index. They are made while a table is
 * small, when reading all of it looks cheap, and stand while it grows: that is not to be chosen. */
static const char settings[] =
    "SET plan_cache_mode = force_generic_plan; SET enable_seqscan = off; SET client_min_messages = "
    "error; SET lock_timeout = "
    "30000; SET statement_timeout = 0;"
    "SET idle_in_transaction_session_timeout = 0; SET jit = off; SET client_encoding = 'UTF8';"
    "SET default_transaction_isolation = 'read committed'; SET default_transaction_read_only = off;"
    "SELECT set_config('synchronous_commit', CASE WHEN current_setting('synchronous_commit') = "
    "'off'"
    " THEN 'on' ELSE current_setting('synchronous_commit') END, false), current_setting('fsync'),"
    " current_setting('full_page_writes'), to_regclass('gemel') IS NOT NULL,"
    " EXISTS (SELECT 1 FROM pg_class WHERE relkind IN ('r', 'p')"
    " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = current_schema()))";

/* A new connection is told what it must keep to, and whose tables lie there is looked at. */
static gm_status greet(db *d, gm_ctx *ctx, bool *ours, bool *others)
{
  PGresult *r = NULL;
  if (PQstatus(d->c) != CONNECTION_OK) return connect_fail(d, ctx);
  d->life++;
  d->lost = d->tx = d->broken = false;
  d->pending = 0;
  PQsetNoticeProcessor(d->c, hear_nothing, NULL);
  if (PQserverVersion(d->c) < SERVER_LEAST)
    return gm_fail(ctx, GM_EUNSUPPORTED, "%s: PostgreSQL 13 or newer is expected", d->base.name);
  gm_status st = plain(d, ctx, settings, "opening", &r);
  if (st) return st;
  if (strcmp(PQgetvalue(r, 0, 1), "on") != 0 || strcmp(PQgetvalue(r, 0, 2), "on") != 0)
    st = gm_fail(ctx, GM_EUNSUPPORTED,
                 "%s: the server runs with fsync or full_page_writes off and may lose what it "
                 "acknowledged",
                 d->base.name);
  *ours = PQgetvalue(r, 0, 3)[0] == 't';
  *others = PQgetvalue(r, 0, 4)[0] == 't';
  PQclear(r);
  return st;
}

/* Makes a lost connection again, but never inside a transaction: that is gone. */
static gm_status connected(db *d, gm_ctx *ctx)
{
  bool ours, others;
  if (d->tx && d->broken)
    return gm_fail(ctx, GM_EIO, "%s: the transaction had failed", d->base.name);
  if (!d->lost && PQstatus(d->c) == CONNECTION_OK) return GM_OK;
  if (d->tx) return fail(d, ctx, NULL, "transaction");
  PQreset(d->c);
  return greet(d, ctx, &ours, &others);
}

static void close_db(gm__db *base)
{
  db *d = (db *)base;
  for (gm__stmt *s = base->first, *next; s; s = next) {
    stmt *q = (stmt *)s;
    next = s->next;
    PQclear(q->row);
    kept_free(q);
    gm_free(q->sql);
    gm_free(q);
  }
  PQfinish(d->c); /* the server undoes an open transaction */
  gm_free(d->url);
  gm_free(base->name);
  gm_free(base);
}

/* "PostgreSQL DATABASE at HOST": no user, no password. */
static gm_status name_of(db *d, gm_ctx *ctx, const char *url)
{
  const char *host = "this machine", *database = "";
  char name[200];
  PQconninfoOption *o = PQconninfoParse(url, NULL);
  if (!o)
    return gm_fail(ctx, GM_EPARSE,
                   "the store's URL: postgresql://USER:PASSWORD@HOST:PORT/DATABASE is expected, "
                   "other signs as %%xx");
  for (PQconninfoOption *at = o; at->keyword; at++) {
    if (!at->val) continue;
    if (!strcmp(at->keyword, "host")) host = at->val;
    if (!strcmp(at->keyword, "dbname")) database = at->val;
  }
  /* a password with an @ or a / in it makes the rest of it the host's or the database's name */
  if (strchr(host, '@')) host = "a host";
  if (strchr(database, '@')) database = "";
  snprintf(name, sizeof name, "PostgreSQL %.60s%sat %.100s", database, database[0] ? " " : "",
           host);
  PQconninfoFree(o);
  d->base.name = gm_strdup(ctx, name);
  return d->base.name ? GM_OK : gm_fail(ctx, GM_ENOMEM, "store");
}

/* Times after which a server that is gone counts as gone; the URL may say otherwise. */
static gm_status dial(db *d, gm_ctx *ctx, bool create)
{
  static const char *const key[] = {"connect_timeout",  "keepalives_idle",
                                    "tcp_user_timeout", "fallback_application_name",
                                    "dbname",           NULL};
  const char *const value[] = {"10", "30", "30000", "gemel", d->url, NULL};
  bool ours = false, others = false;
  d->c = PQconnectdbParams(key, value, 1);
  if (!d->c) return gm_fail(ctx, GM_ENOMEM, "store");
  gm_status st = greet(d, ctx, &ours, &others);
  if (!st && !ours && others)
    st = gm_fail(ctx, GM_EPARSE, "%s: a database, but no store of Gemel", d->base.name);
  if (!st && !ours && !create)
    st = gm_fail(ctx, GM_ENOTFOUND, "%s: there is no store", d->base.name);
  return st;
}

static gm_status open_db(gm_ctx *ctx, const char *url, bool create, gm__db **out)
{
  db *d = gm_alloc(ctx, 1, sizeof *d);
  if (!d) return gm_fail(ctx, GM_ENOMEM, "store");
  d->base.type = &gm__db_pg;
  d->base.ctx = ctx;
  d->url = gm_strdup(ctx, url);
  gm_status st = d->url ? name_of(d, ctx, url) : gm_fail(ctx, GM_ENOMEM, "store");
  if (!st) st = dial(d, ctx, create);
  if (st)
    close_db(&d->base);
  else
    *out = &d->base;
  return st;
}

static const char *url_of(const gm__db *base) { return ((const db *)base)->url; }

/* ---- transactions ---------------------------------------------------------------------------- */
static gm_status exec(gm__db *base, gm_ctx *ctx, const char *sql)
{
  db *d = (db *)base;
  gm_status st = connected(d, ctx);
  if (!st) st = settle(d, ctx);
  return st ? st : plain(d, ctx, sql, "statement", NULL);
}

static gm_status begin_once(db *d, gm_ctx *ctx)
{
  char sql[160];
  PGresult *r = NULL;
  snprintf(sql, sizeof sql,
           "BEGIN; SELECT pg_advisory_xact_lock(%d, 0); SELECT pg_current_xact_id()", LOCK);
  gm_status st = connected(d, ctx);
  if (!st) st = settle(d, ctx);
  if (!st) st = plain(d, ctx, sql, "waiting to write", &r);
  if (st) return st;
  snprintf(d->number, sizeof d->number, "%s", PQgetvalue(r, 0, 0));
  PQclear(r);
  return GM_OK;
}

static void rollback(gm__db *base)
{
  db *d = (db *)base;
  reading_drop(d);
  if (PQpipelineStatus(d->c) != PQ_PIPELINE_OFF && !d->lost) (void)pending_settle(d, NULL);
  d->broken = false;
  if (d->tx && !d->lost) (void)plain(d, NULL, "ROLLBACK", "rollback", NULL);
  d->tx = false;
}

/* A server that was started anew in between is noticed here. */
static gm_status begin(gm__db *base, gm_ctx *ctx)
{
  db *d = (db *)base;
  gm_status st = begin_once(d, ctx);
  if (st && d->lost) {
    d->tx = false;
    st = begin_once(d, ctx);
  }
  if (st) rollback(base);
  return st;
}

/* The connection was lost while the server committed: it is asked what came of it (PostgreSQL 15,
 * table 9.83). */
static gm_status commit_ask(db *d, gm_ctx *ctx)
{
  char sql[80];
  snprintf(sql, sizeof sql, "SELECT pg_xact_status('%s'::xid8)", d->number);
  for (int again = 0; again < ASK_AGAIN_MAX; again++) {
    PGresult *r = NULL;
    struct timespec second = {1, 0};
    if (!connected(d, ctx) && !plain(d, ctx, sql, "commit", &r)) {
      bool done = !strcmp(PQgetvalue(r, 0, 0), "committed");
      bool going = !strcmp(PQgetvalue(r, 0, 0), "in progress");
      PQclear(r);
      if (done) return GM_OK;
      if (!going) return gm_fail(ctx, GM_EIO, "%s: commit: undone by the server", d->base.name);
    }
    nanosleep(&second, NULL);
  }
  return gm_fail(ctx, GM_EIO, "%s: commit: server lost; unknown whether it is there", d->base.name);
}

static gm_status commit(gm__db *base, gm_ctx *ctx)
{
  db *d = (db *)base;
  PGresult *r = NULL;
  gm_status st = connected(d, ctx);
  if (!st) st = settle(d, ctx);
  if (!st && PQtransactionStatus(d->c) == PQTRANS_INERROR)
    st = gm_fail(ctx, GM_EIO, "%s: the transaction had failed", d->base.name);
  if (st) {
    rollback(base);
    return st;
  }
  st = plain(d, ctx, "COMMIT", "commit", &r);
  d->tx = false;
  if (!st && strcmp(PQcmdStatus(r), "COMMIT") != 0)
    st = gm_fail(ctx, GM_EIO, "%s: commit: undone by the server", d->base.name);
  PQclear(r);
  return st && d->lost ? commit_ask(d, ctx) : st;
}

/* A dead row of the table of keys is not only marked but gone: the table is written anew. Bodies
 * are sealed under keys that are no more. Who waits for the whole table lets nobody else pass: not
 * for long, then. */
static gm_status clean(gm__db *base, gm_ctx *ctx)
{
  static const char *const sql[] = {"SET lock_timeout = 2000", "VACUUM FULL subject",
                                    "VACUUM record", "VACUUM card", "VACUUM page"};
  gm_status st = GM_OK;
  for (size_t i = 0; i < sizeof sql / sizeof sql[0] && !st; i++) st = exec(base, ctx, sql[i]);
  if (exec(base, NULL, "SET lock_timeout = 30000") != GM_OK) ((db *)base)->lost = true;
  return st;
}

static gm_status part(gm__db *base, gm_ctx *ctx, const char *table)
{
  char sql[200];
  gm_status st = GM_OK;
  for (int i = 0; i < PARTS && !st; i++) {
    snprintf(sql, sizeof sql,
             "CREATE TABLE %s_%d PARTITION OF %s FOR VALUES WITH (MODULUS %d, REMAINDER %d)", table,
             i, table, PARTS, i);
    st = exec(base, ctx, sql);
  }
  return st;
}

/* ---- statements ------------------------------------------------------------------------------ */
static gm_status prepare(gm__db *base, gm_ctx *ctx, const char *sql, gm__stmt **out)
{
  db *d = (db *)base;
  stmt *s = gm_alloc(ctx, 1, sizeof *s);
  if (s) s->sql = gm_strdup(ctx, sql);
  if (!s || !s->sql) {
    gm_free(s);
    return gm_fail(ctx, GM_ENOMEM, "statement");
  }
  snprintf(s->name, sizeof s->name, "s%d", ++d->names);
  *out = &s->base;
  return GM_OK;
}

static void argument(stmt *s, int at, Oid type, const char *value, size_t bytes)
{
  if (at < 1 || at > ARGUMENTS_MAX) return; /* the server will miss it */
  int i = at - 1;
  if (at > s->count) s->count = at;
  s->type[i] = type;
  s->value[i] = value;
  s->length[i] = (int)bytes;
  s->format[i] = 1;
}

static void bind_number(stmt *s, int at, Oid type, uint64_t bits)
{
  if (at < 1 || at > ARGUMENTS_MAX) return;
  s->number[at - 1] = htobe64(bits);
  argument(s, at, type, (const char *)&s->number[at - 1], 8);
}

static void bind_int(gm__stmt *s, int at, int64_t v)
{
  bind_number((stmt *)s, at, GM__PG_INT8, (uint64_t)v);
}

static void bind_real(gm__stmt *s, int at, double v)
{
  uint64_t bits;
  memcpy(&bits, &v, sizeof bits);
  bind_number((stmt *)s, at, GM__PG_FLOAT8, bits);
}

static void bind_bytes(gm__stmt *s, int at, const void *data, size_t bytes)
{
  stmt *q = (stmt *)s;
  bool typed = at >= 1 && at <= ARGUMENTS_MAX && q->type[at - 1]; /* a null is of any type */
  argument(q, at, data ? GM__PG_BYTEA : typed ? q->type[at - 1] : 0, data, bytes);
}

static void bind_text(gm__stmt *s, int at, const char *text)
{
  argument((stmt *)s, at, GM__PG_TEXT, text, text ? strlen(text) : 0);
}

static void reset(gm__stmt *base)
{
  stmt *s = (stmt *)base;
  db *d = (db *)base->db;
  PQclear(s->row);
  s->row = NULL;
  s->at = 0;
  kept_free(s);
  if (d && d->reading == s) reading_drop(d);
  s->active = false;
  s->kept_end = GM_OK;
  memset(s->value, 0, sizeof s->value);
  memset(s->length, 0, sizeof s->length);
}

/* Known to the server by the types of what is bound; they stay the same from call to call. */
static gm_status prepared(db *d, gm_ctx *ctx, stmt *s)
{
  char sql[40];
  bool same = s->life == d->life && !memcmp(s->type, s->prepared, sizeof s->type);
  if (same) return GM_OK;
  gm_status st = settle(d, ctx);
  if (!st && s->life == d->life) {
    snprintf(sql, sizeof sql, "DEALLOCATE %s", s->name);
    st = plain(d, ctx, sql, "statement", NULL);
  }
  if (st) return st;
  s->life = 0;
  PGresult *r = PQprepare(d->c, s->name, s->sql, s->count, s->type);
  if (PQresultStatus(r) != PGRES_COMMAND_OK)
    st = fail(d, ctx, r, "statement");
  else
    s->life = d->life;
  PQclear(r);
  memcpy(s->prepared, s->type, sizeof s->type);
  return st;
}

static gm_status send_it(db *d, gm_ctx *ctx, stmt *s)
{
  int sent = PQsendQueryPrepared(d->c, s->name, s->count, s->value, s->length, s->format, 1);
  return sent ? GM_OK : fail(d, ctx, NULL, "statement");
}

/* Sends it with what waits to be sent, and reads the answers of those. */
static gm_status start_once(db *d, gm_ctx *ctx, stmt *s)
{
  gm_status st = connected(d, ctx);
  if (!st && d->reading) st = reading_keep(d, ctx);
  if (!st) st = prepared(d, ctx, s);
  if (!st) st = send_it(d, ctx, s);
  if (st) return st;
  d->reading = s;
  if (PQpipelineStatus(d->c) != PQ_PIPELINE_OFF) {
    PQpipelineSync(d->c);
    st = pending_read(d, ctx);
  }
  if (st)
    reading_drop(d);
  else
    PQsetSingleRowMode(d->c);
  s->active = !st;
  return st;
}

/* Outside a transaction a read is asked again on a new connection. */
static bool may_ask_again(const db *d, const stmt *s)
{
  return d->lost && !d->tx && !strncmp(s->sql, "SELECT", 6);
}

static gm_status next_row(db *d, gm_ctx *ctx, stmt *s)
{
  PQclear(s->row);
  s->row = NULL;
  if (s->kept_at < s->kept_count) {
    s->row = s->kept[s->kept_at++];
    return GM_OK;
  }
  if (d->reading == s) return answer_next(d, ctx, &s->row);
  return s->kept_end ? gm_fail(ctx, s->kept_end, "%s: statement", d->base.name) : GM_OK;
}

static gm_status step(gm__stmt *base, gm_ctx *ctx, bool *row)
{
  stmt *s = (stmt *)base;
  db *d = (db *)base->db;
  bool first = !s->active;
  gm_status st = first ? start_once(d, ctx, s) : GM_OK;
  if (!st) st = next_row(d, ctx, s);
  if (st && first && may_ask_again(d, s)) {
    st = start_once(d, ctx, s);
    if (!st) st = next_row(d, ctx, s);
  }
  *row = !st && s->row;
  if (!*row) reset(base);
  return st;
}

/* Inside a transaction it is sent with the next one that is asked for rows. */
static gm_status run(gm__stmt *base, gm_ctx *ctx)
{
  stmt *s = (stmt *)base;
  db *d = (db *)base->db;
  bool row;
  gm_status st = GM_OK;
  if (!d->tx) {
    st = step(base, ctx, &row);
  } else {
    st = connected(d, ctx);
    if (!st && (d->reading || d->pending == PENDING_MAX)) st = settle(d, ctx);
    if (!st) st = prepared(d, ctx, s);
    if (!st && PQpipelineStatus(d->c) == PQ_PIPELINE_OFF && !PQenterPipelineMode(d->c))
      st = fail(d, ctx, NULL, "statement");
    if (!st) st = send_it(d, ctx, s);
    if (!st) d->pending++;
  }
  reset(base);
  return st;
}

/* ---- many at once ---------------------------------------------------------------------------- */
typedef struct {
  gm__db_ask *ask;
  gm__db_hear *hear;
  void *user;
} asker;

/* Sends times from to to-1; *sent: how many went out. */
static gm_status each_send(db *d, gm_ctx *ctx, stmt *s, const asker *a, int32_t from, int32_t to,
                           int32_t *sent)
{
  gm_status st = GM_OK;
  *sent = 0;
  for (int32_t i = from; i < to && !st; i++) {
    a->ask(a->user, &s->base, i);
    bool same = !memcmp(s->type, s->prepared, sizeof s->type);
    st = same ? send_it(d, ctx, s)
              : gm_fail(ctx, GM_EINTERNAL, "%s: arguments of another type", d->base.name);
    *sent += !st;
  }
  return st;
}

/* The answer to time i, whole: such statements have few rows. */
static gm_status each_hear(db *d, gm_ctx *ctx, stmt *s, const asker *a, int32_t i)
{
  gm_status st = GM_OK;
  s->row = PQgetResult(d->c);
  if (!s->row || PQresultStatus(s->row) != PGRES_TUPLES_OK) st = fail(d, ctx, s->row, "statement");
  for (s->at = 0; !st && s->at < PQntuples(s->row); s->at++) st = a->hear(a->user, &s->base, i);
  if (s->row) answers_drop(d);
  PQclear(s->row);
  s->row = NULL;
  s->at = 0;
  return st;
}

static gm_status each_part(db *d, gm_ctx *ctx, stmt *s, const asker *a, int32_t from, int32_t to)
{
  int32_t sent = 0;
  a->ask(a->user, &s->base, from); /* for the types */
  gm_status st = prepared(d, ctx, s);
  if (!st && !PQenterPipelineMode(d->c)) st = fail(d, ctx, NULL, "statement");
  if (st) return st;
  st = each_send(d, ctx, s, a, from, to, &sent);
  bool ends = PQpipelineSync(d->c) == 1;
  for (int32_t i = 0; i < sent; i++) {
    if (!st) {
      st = each_hear(d, ctx, s, a, from + i);
    } else { /* read all the same, up to the end */
      PGresult *r = PQgetResult(d->c);
      PQclear(r);
      if (r) answers_drop(d);
    }
  }
  if (ends) PQclear(PQgetResult(d->c));
  PQexitPipelineMode(d->c);
  return st;
}

static gm_status each(gm__stmt *base, gm_ctx *ctx, int32_t count, gm__db_ask *ask,
                      gm__db_hear *hear, void *user)
{
  stmt *s = (stmt *)base;
  db *d = (db *)base->db;
  const asker a = {ask, hear, user};
  gm_status st = connected(d, ctx);
  if (!st) st = settle(d, ctx);
  for (int32_t from = 0; from < count && !st; from += PENDING_MAX)
    st = each_part(d, ctx, s, &a, from, from + PENDING_MAX < count ? from + PENDING_MAX : count);
  reset(base);
  return st;
}

static gm_status settle_all(gm__db *base, gm_ctx *ctx)
{
  db *d = (db *)base;
  gm_status st = connected(d, ctx);
  return st ? st : settle(d, ctx);
}

/* ---- columns --------------------------------------------------------------------------------- */
static const char *cell(const gm__stmt *base, int column, Oid *type, int *bytes)
{
  const PGresult *r = ((const stmt *)base)->row;
  *bytes = 0;
  int at = ((const stmt *)base)->at;
  if (!r || column >= PQnfields(r) || PQgetisnull(r, at, column)) return NULL;
  *type = PQftype(r, column);
  *bytes = PQgetlength(r, at, column);
  return PQgetvalue(r, at, column);
}

static int64_t get_int(const gm__stmt *s, int column)
{
  Oid type = 0;
  int bytes;
  const char *at = cell(s, column, &type, &bytes);
  return at ? gm__pg_int(type, at) : 0;
}

static double get_real(const gm__stmt *s, int column)
{
  Oid type = 0;
  int bytes;
  const char *at = cell(s, column, &type, &bytes);
  return at ? gm__pg_real(type, at) : 0;
}

static const void *get_bytes(const gm__stmt *s, int column, size_t *bytes)
{
  Oid type = 0;
  int length;
  const char *at = cell(s, column, &type, &length);
  *bytes = (size_t)length;
  return at;
}

static const char *get_text(const gm__stmt *s, int column)
{
  Oid type = 0;
  int bytes;
  return cell(s, column, &type, &bytes);
}

const gm__db_type gm__db_pg = {.bytes_type = "BYTEA",
                               .parted = "PARTITION BY HASH (twin)",
                               .locks_rows = true,
                               .begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
                               .part = part,
                               .url = url_of,
                               .run = run,
                               .settle = settle_all,
                               .each = each,
                               .open = open_db,
                               .close = close_db,
                               .exec = exec,
                               .begin = begin,
                               .commit = commit,
                               .rollback = rollback,
                               .clean = clean,
                               .prepare = prepare,
                               .bind_int = bind_int,
                               .bind_real = bind_real,
                               .bind_bytes = bind_bytes,
                               .bind_text = bind_text,
                               .step = step,
                               .reset = reset,
                               .get_int = get_int,
                               .get_real = get_real,
                               .get_bytes = get_bytes,
                               .get_text = get_text};
#else
/* Built without libpq: gm__db_open refuses such URLs. */
typedef int gm__no_postgresql;
#endif
