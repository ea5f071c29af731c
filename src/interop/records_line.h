/* records_line.h - lines of a text file, had one by one with bounded memory, and their cells. */
#ifndef GM_INTEROP_RECORDS_LINE_H
#define GM_INTEROP_RECORDS_LINE_H
#include "gemel/base.h"
#include <stdio.h>

typedef struct {
  size_t line_bytes_max; /* of one line without its end */
  size_t file_bytes_max;
} gm__records_limits;
gm__records_limits gm__records_limits_usual(void); /* 1 MiB and 1 GiB */

/* Where lines come from: an open file, or a text in memory. */
typedef struct {
  gm_ctx *ctx;      /* borrowed */
  const char *name; /* for messages, borrowed */
  gm__records_limits limits;
  FILE *file;         /* borrowed; NULL: from memory */
  const char *window; /* what was had and not yet given out */
  size_t window_bytes;
  char *chunk; /* owned: where the window of a file lies */
  size_t total_bytes;
  char *line; /* owned: the present line, NUL at its end; the caller may write on it */
  size_t line_bytes, line_room;
  int32_t number; /* of the present line, from 1 */
  bool ended;
} gm__line_source;

/* file NULL: reads text, which is borrowed until the source is freed. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__line_open(gm__line_source *s, gm_ctx *ctx, const char *name, FILE *file,
                                     const char *text, size_t bytes);
void gm__line_close(gm__line_source *s); /* a source of zeros is ok */

/* Goes to the next line; *more_out is false when there is none. The byte order mark and CR LF are
 * taken off. Fails: GM_EPARSE (not UTF-8 text), GM_ERANGE (a limit), GM_EIO, GM_ENOMEM. */
GM_NODISCARD gm_status gm__line_next(gm__line_source *s, bool *more_out);

typedef enum {
  GM__CELLS_OK,
  GM__CELLS_TOO_MANY,
  GM__CELLS_QUOTE_OPEN,
  GM__CELLS_QUOTE_TEXT
} gm__cells;

/* Cuts a line, in place, into at most cell_max cells without the blanks and quotes around them
 * ("" within quotes is one quote). *count_out: cells, also those beyond cell_max. */
gm__cells gm__cells_split(char *line, char separator, char **cell, int32_t cell_max,
                          int32_t *count_out);
/* How often c stands outside quotes. */
int64_t gm__cells_count(const char *line, char c);

/* A text as a message may show it: at most 32 bytes of whole characters, "..." when cut. */
typedef struct {
  char text[40];
} gm__shown;
gm__shown gm__show(const char *text);
#endif
