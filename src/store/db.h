/* db.h - one seam to both databases: SQLite (a file) and PostgreSQL (a URL).
 *
 * SQL is written once: `$1`, `$2`, ... are the arguments, in order of their first appearance; types
 * are BIGINT, DOUBLE PRECISION, BYTES and TEXT (BYTES is replaced by what the database calls it).
 * `FOR UPDATE ...` stands last in its statement: it locks rows on PostgreSQL, and is left out on
 * SQLite. `PARTED` after CREATE TABLE (...) parts it by twin (gm__db_part). What else differs is
 * not used: no OR REPLACE (ON CONFLICT is understood by both), no functions of one of them.
 * Errors are typed, so that callers can tell a full disk from a damaged page:
 *   GM_EIO (read-only, unreachable, connection lost), GM_EFULL (disk full), GM_EPARSE (damaged, no
 *   database of ours), GM_EBUSY (another holds it for longer than the wait), GM_EEXIST (a key is
 *   there).
 * After a failure inside a transaction nothing but a rollback may follow.
 * Messages name the database and the reason, never an argument: those are patients' data.
 * Threads: one connection belongs to one thread at a time. */
#ifndef GEMEL_STORE_DB_H
#define GEMEL_STORE_DB_H
#include "gemel/base.h"

typedef struct gm__db gm__db;
typedef struct gm__stmt gm__stmt; /* lives as long as its connection */

/* url: "postgresql://..." or a file's path. create: a file that is not there is made; a PostgreSQL
 * database must be there, and may be without tables. */
gm_status gm__db_open(gm_ctx *ctx, const char *url, bool create, gm__db **out);
/* One more connection to the same database. */
gm_status gm__db_again(const gm__db *d, gm_ctx *ctx, gm__db **out);
void gm__db_close(gm__db *d);             /* NULL ok; an open transaction is undone */
const char *gm__db_name(const gm__db *d); /* for messages, without a password */

/* Statements without arguments, `;` between them. */
gm_status gm__db_exec(gm__db *d, gm_ctx *ctx, const char *sql);
/* Makes the parts of a table that was made PARTED; on SQLite there are none. */
gm_status gm__db_part(gm__db *d, gm_ctx *ctx, const char *table);
/* For writing. One writer at a time, whatever process and connection it is of: what it reads stays
 * so until its end. Waits for others, at most 30 s (GM_EBUSY). A lost connection is made again. */
gm_status gm__db_begin(gm__db *d, gm_ctx *ctx);
/* For reading: everything is seen as it was when the transaction began to read. */
gm_status gm__db_begin_read(gm__db *d, gm_ctx *ctx);
/* Durable when it returns GM_OK. Any failure: nothing of the transaction is there; but GM_EIO with
 * "unknown whether" in it, when the server is lost at that very moment and stays so. */
gm_status gm__db_commit(gm__db *d, gm_ctx *ctx);
void gm__db_rollback(gm__db *d);
/* What was deleted is not left in files beside the database (SQLite: a log that is read no more)
 * nor in its tables (PostgreSQL: VACUUM FULL of the table of keys, VACUUM of the sealed ones; its
 * own logs and archives keep what they hold). Not inside a transaction. */
gm_status gm__db_clean(gm__db *d, gm_ctx *ctx);
/* Is it whole, as the database itself can see: its pages, and indexes against tables? */
gm_status gm__db_check(gm__db *d, gm_ctx *ctx, bool *whole);

/* The statement for this text: prepared once for each connection. sql must stay (a literal). */
gm_status gm__db_prepare(gm__db *d, gm_ctx *ctx, const char *sql, gm__stmt **out);
/* Arguments from 1 on; bytes and texts are borrowed until the next reset. bytes NULL: null, for a
 * column of any type. */
void gm__db_bind_int(gm__stmt *s, int at, int64_t v);
void gm__db_bind_real(gm__stmt *s, int at, double v);
void gm__db_bind_bytes(gm__stmt *s, int at, const void *data, size_t bytes);
void gm__db_bind_text(gm__stmt *s, int at, const char *text);
/* Next row. *row false: there is none (any more), and the statement is ready for new arguments. */
gm_status gm__db_step(gm__stmt *s, gm_ctx *ctx, bool *row);
void gm__db_reset(gm__stmt *s);
/* A statement that gives no rows. On PostgreSQL several are sent at once: inside a transaction its
 * failure may be told by a later call, the commit at the latest. */
gm_status gm__db_run(gm__stmt *s, gm_ctx *ctx);
/* Waits for what was sent, and tells its failure. */
gm_status gm__db_settle(gm__db *d, gm_ctx *ctx);
/* Runs a statement count times: ask binds the arguments of time i, all of the same types, and hear
 * is told each of its rows, in this order. On PostgreSQL many are asked at once, so that the ways
 * to the server and back are few. Neither may use the connection. What hear fails with ends it. */
typedef void gm__db_ask(void *user, gm__stmt *s, int32_t i);
typedef gm_status gm__db_hear(void *user, const gm__stmt *s, int32_t i);
gm_status gm__db_each(gm__stmt *s, gm_ctx *ctx, int32_t count, gm__db_ask *ask, gm__db_hear *hear,
                      void *user);
/* Of the present row, columns from 0 on; bytes and texts are borrowed until the next step. */
int64_t gm__db_int(const gm__stmt *s, int column);
double gm__db_real(const gm__stmt *s, int column);
const void *gm__db_bytes(const gm__stmt *s, int column, size_t *bytes); /* NULL: null */
const char *gm__db_text(const gm__stmt *s, int column);
#endif
