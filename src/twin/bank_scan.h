/* bank_scan.h - going through the cards of a bank, and sums whose units are subjects. */
#ifndef GEMEL_TWIN_BANK_SCAN_H
#define GEMEL_TWIN_BANK_SCAN_H
#include "bank_query.h"

/* One twin that matches. Returns other than GM_OK to stop. */
typedef gm_status gm__bank_each(void *user, const gm_bank_match *m);
/* Tells of every twin that matches the query (NULL: all). totals may be NULL. Small groups are for
 * the caller to see to. */
gm_status gm__bank_go(gm_session *a, gm_ctx *ctx, const char *query, gm__bank_each *each,
                      void *user, gm_bank_totals *totals);
/* May this use be told of so few? */
bool gm__bank_may_tell(const gm_session *a, int64_t subjects);
gm_status gm__bank_too_few(gm_ctx *ctx);

/* Numbers of subjects, each once or more. */
typedef struct {
  gm_ctx *ctx;
  int64_t *number;
  int64_t count, room;
} gm__subjects;
gm_status gm__subjects_put(gm__subjects *s, int64_t subject);
int64_t gm__subjects_different(gm__subjects *s); /* sorts */

/* A subject's part of a ratio of sums. */
typedef struct {
  int64_t subject;
  double y, x;
} gm__share;
typedef struct {
  double ratio, error; /* error NaN: fewer than 2 subjects */
  int64_t subjects;
} gm__ratio;
/* sum y / sum x with the standard error over subjects, linearised (Cochran, Sampling Techniques,
 * 1977, eq. 6.13 without a finite population). Sorts share. */
gm__ratio gm__ratio_of(gm__share *share, int64_t count);
#endif
