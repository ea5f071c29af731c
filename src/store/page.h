/* page.h - pages: many records of one series of a twin in one sealed body, so that a long stretch
 * is read with few rows and few seals. Records never change, so a page never does; what is newer
 * than a page's records is still in table newer. Pages are copies: made by whoever meets a long
 * stretch without them, ignored and made again when they are damaged.
 *
 * The pages of a series lie side by side: page.first is the last of the page before + 1, and a page
 * holds all of the series' records whose numbers are in first..last. A number in no page is read
 * from table record. */
#ifndef GEMEL_STORE_PAGE_H
#define GEMEL_STORE_PAGE_H
#include "store/store_internal.h"

enum {
  GM__PAGE_RECORDS = 1024,   /* in a page */
  GM__PAGE_LEAST = 64,       /* where bodies are so large that fewer fit, pages gain nothing */
  GM__SHEET_BYTES = 1 << 20, /* of plain text that a page may have */
  GM__SERIES_WANTED = 8
};

/* A series of a twin: kind and keyed hash of its name. */
typedef struct {
  int64_t twin, kind;
  unsigned char index[GM__INDEX_BYTES];
} gm__series;

typedef struct {
  int64_t first, last;    /* numbers of records */
  double t_least, t_most; /* of its records; an empty one: t_least > t_most */
} gm__page;

/* damaged: first of those that are not as they were written, which are in no other list. */
typedef struct {
  gm_ctx *ctx;
  gm__page *page; /* ascending, apart from each other */
  int64_t *damaged;
  int32_t count, room, damaged_count, damaged_room;
} gm__page_list;
/* The page that begins at `but` (0: none) counts as damaged. *out is empty on failure. */
gm_status gm__pages_list(gm__db *d, gm_ctx *ctx, const gm__keys *k, const gm__series *s,
                         int64_t but, gm__page_list *out);
void gm__page_list_free(gm__page_list *l);
/* The sheet of a page, into an empty text. Fails: GM_EPARSE (damaged), GM_ENOTFOUND (gone). */
gm_status gm__page_open(gm__db *d, gm_ctx *ctx, const gm__keys *k, const gm__series *s,
                        const gm__page *p, gm_text *sheet);

/* Shows that a page's columns are as they were written, without opening its body. */
void gm__page_mark(const gm__keys *k, const gm__series *s, const gm__page *p,
                   unsigned char out[GM__INDEX_BYTES]);
/* Adds the sealed sheet to out. */
gm_status gm__page_seal(gm_ctx *ctx, const gm__keys *k, const gm__series *s, const gm__page *p,
                        const gm_text *sheet, gm_text *out);

/* ---- sheets: records side by side, in the order in which they are told ------------------------
 */
/* Adds one to those of the same series. before: the one before, whose texts need not be written
 * again; NULL: all are. Fails: sheet->status. */
void gm__sheet_add(gm_text *sheet, const gm_record_found *before, const gm_record_found *r);
/* The next one. r: the one before, or only kind given. *at: 0 at the beginning. False: it ends
 * (*at == bytes), or is damaged. Texts lie in the sheet. */
bool gm__sheet_next(const gm_text *sheet, size_t *at, gm_record_found *r);

/* A row of table record: seq, kind, t_true, learned, thing, version, class, session, body. plain is
 * emptied first; texts lie in it. Fails: GM_EPARSE (damaged), GM_ENOMEM. */
gm_status gm__row_open(gm_ctx *ctx, const gm__keys *k, int64_t twin, const gm__stmt *row,
                       gm_text *plain, gm_record_found *out);

/* Number and time of learning of a twin's last record; 0: it has none. What was learned later than
 * that, or has a greater number, came after this was asked. */
gm_status gm__twin_state(gm__db *d, gm_ctx *ctx, int64_t twin, int64_t *seq, int64_t *learned);

/* ---- making -----------------------------------------------------------------------------------
 */
/* Series that would be read faster with pages, or have damaged ones. */
typedef struct {
  gm__series series[GM__SERIES_WANTED];
  int64_t damaged[GM__SERIES_WANTED]; /* first of a page whose body cannot be opened; 0: none */
  int32_t count;
} gm__pages_wanted;
/* Makes them, unless somebody is at it or it failed a short while ago. No failure: it is as it was
 * then. No lock is held by the caller. */
void gm__pages_make(gm_store *s, gm_ctx *ctx, const gm__keys *k, const gm__pages_wanted *w);
#endif
