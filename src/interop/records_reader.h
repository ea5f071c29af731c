/* records_reader.h - what the parts of the reader share: header, rows, the growing table. */
#ifndef GM_INTEROP_RECORDS_READER_H
#define GM_INTEROP_RECORDS_READER_H
#include "gemel/records.h"
#include "interop/records_intern.h"
#include "interop/records_line.h"
#include <locale.h>

/* What a column holds. docs/data.md says it for users. */
typedef enum {
  GM__COL_ID,
  GM__COL_TIME,
  GM__COL_AMT,
  GM__COL_RATE,
  GM__COL_DUR,
  GM__COL_II,
  GM__COL_ADDL,
  GM__COL_SS,
  GM__COL_EVID,
  GM__COL_CMT,
  GM__COL_DV,
  GM__COL_OBSERVABLE,
  GM__COL_MDV,
  GM__COL_CENS,
  GM__COL_BLQ,
  GM__COL_LIMIT,
  GM__COL_OCC,
  GM__COL_INPUT,
  GM__COL_COMMENT,
  GM__COL_KNOWN_COUNT,
  GM__COL_COVARIATE = GM__COL_KNOWN_COUNT
} gm__column_kind;

enum { GM__COLUMNS_MAX = 4096 };

typedef struct {
  gm_records pub;   /* first: what the user holds */
  gm__intern texts; /* all texts of the cells; the mark of an id is the number of its subject */
} gm__records;

typedef struct {
  gm_ctx *ctx;
  const char *name; /* of the file */
  gm__line_source source;
  locale_t c_locale;
  gm__records *table;
  char separator;
  int32_t column_count;
  const char **column;             /* [column_count] names as the header has them */
  char **cell;                     /* [column_count] of the present row */
  int32_t *covariate;              /* [covariate_count] columns */
  int32_t at[GM__COL_KNOWN_COUNT]; /* column of a kind, -1 none */
  int64_t record_room, subject_room;
  int64_t comment_count; /* rows left out because they say that they are comments */
} gm__reader;

/* Refuses the present line: "file:line:column: what, what was expected". column: a number of a
 * column, or -1 for the line as a whole. Returns GM_EPARSE. */
gm_status gm__reader_fail(gm__reader *r, int32_t column, const char *format, ...) GM_PRINTF(3, 4);
/* As above for a column of a known kind that is there. */
#define gm__reader_refuse(r, kind, ...) gm__reader_fail((r), (r)->at[kind], __VA_ARGS__)

/* Kind of a column's name, whatever its case. *synonym_out: not its main name. *refusal_out: NULL,
 * or why a column of this name is refused. */
gm__column_kind gm__column_find(const char *name, bool *synonym_out, const char **refusal_out);
const char *gm__column_name(gm__column_kind kind); /* the main name */
const char *gm__column_known(int32_t i);           /* i-th of all names, or NULL behind the last */

/* Reads lines up to and with the header. Fails: GM_EPARSE, GM_ERANGE, GM_EIO, GM_ENOMEM. */
GM_NODISCARD gm_status gm__header_read(gm__reader *r);

/* Makes a record of the cells of the present row (all of it but id and order of times). */
GM_NODISCARD gm_status gm__row_read(gm__reader *r, gm_record *out);
/* The cell of a kind, "" when it is missing or there is no such column. */
const char *gm__row_cell(const gm__reader *r, gm__column_kind kind);
/* A text that lives as long as the table; NULL (with message) when there is no memory. */
const char *gm__row_text(gm__reader *r, const char *text);

/* gm_records_read and gm_records_parse with other limits, for tests. path or text is NULL. */
GM_NODISCARD gm_status gm__records_read_within(gm_ctx *ctx, const char *name, const char *text,
                                               size_t bytes, gm__records_limits limits,
                                               gm_records **out);
#endif
