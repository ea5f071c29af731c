/* mapping.h - tables of others (CSV, NM-TRAN data files) as facts, by a file that says how their
 * columns are meant. room: interop
 * docs/mapping.md has every field of the file. A table is read row by row: its size never decides
 * how much memory is taken. Every row is accounted for; what is wrong with one is said with its
 * line and column, never with its value, and the rows behind it are read all the same.
 * Threads: a mapping is immutable after reading and may be shared; each reading has one thread. */
#ifndef GEMEL_MAPPING_H
#define GEMEL_MAPPING_H
#include "gemel/fact.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_mapping gm_mapping;

/* Reads a mapping and holds it against the definition (borrowed until gm_mapping_free): names,
 * units, levels. *out is owned by the caller. Fails with "file:line: field: what, what is
 * expected": GM_EPARSE, GM_ENOTFOUND, GM_EUNIT, GM_ERANGE, GM_EUNSUPPORTED, GM_EIO, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_mapping_read(gm_ctx *ctx, const char *path, const gm_definition *d,
                                              gm_mapping **out);
/* The same from memory; name is used in messages. */
GM_API GM_NODISCARD gm_status gm_mapping_parse(gm_ctx *ctx, const char *name, const char *text,
                                               size_t bytes, const gm_definition *d,
                                               gm_mapping **out);
GM_API void gm_mapping_free(gm_mapping *m); /* NULL ok */

typedef enum {
  GM_MAPPING_TAKEN,   /* all that the mapping asks of the row became facts */
  GM_MAPPING_PARTLY,  /* some did, some was refused */
  GM_MAPPING_NOTHING, /* the mapping asks for nothing that is in it */
  GM_MAPPING_REFUSED  /* no facts, for the reasons told */
} gm_mapping_outcome;
GM_API const char *gm_mapping_outcome_name(gm_mapping_outcome o); /* "taken"; static text */

typedef struct {
  const char *column; /* "" for the row as a whole */
  gm_status status;
  const char *reason; /* what is wrong, what was expected; no value of the table */
} gm_mapping_refusal;

/* One row. All is borrowed for the call. */
typedef struct {
  int64_t line; /* in the table, from 1 */
  gm_mapping_outcome outcome;
  int64_t facts;
  const gm_mapping_refusal *refusal;
  int32_t refusal_count;
} gm_mapping_account;
/* Returns other than GM_OK to stop, which the reading then returns. */
typedef gm_status gm_mapping_listener(void *user, const gm_mapping_account *a);

typedef struct {
  int64_t rows; /* taken + partly + nothing + refused; the header, comments and blank lines apart */
  int64_t taken, partly, nothing, refused;
  int64_t comments;
  int64_t facts, refusals;
} gm_mapping_totals;

/* Reads a table. Each fact is told (texts borrowed for the call) and then its row; either listener
 * may be NULL. *totals says what was told, also when reading fails in the middle: GM_EIO, GM_EPARSE
 * (not a table of text, no column of a name), GM_ERANGE (a line beyond 1 MiB), GM_ENOMEM, or what a
 * listener returned. */
GM_API GM_NODISCARD gm_status gm_mapping_facts(gm_ctx *ctx, const gm_mapping *m, const char *path,
                                               gm_fact_listener *fact, gm_mapping_listener *account,
                                               void *user, gm_mapping_totals *totals);
/* The same of a table in memory; name is used in messages. */
GM_API GM_NODISCARD gm_status gm_mapping_facts_text(gm_ctx *ctx, const gm_mapping *m,
                                                    const char *name, const char *text,
                                                    size_t bytes, gm_fact_listener *fact,
                                                    gm_mapping_listener *account, void *user,
                                                    gm_mapping_totals *totals);

#ifdef __cplusplus
}
#endif
#endif
