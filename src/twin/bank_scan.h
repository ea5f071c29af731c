/* bank_scan.h - going through the cards of a bank, and sums whose units are subjects. */
#ifndef GEMEL_TWIN_BANK_SCAN_H
#define GEMEL_TWIN_BANK_SCAN_H
#include "bank_query.h"

/* One twin, and whether it matches. Returns other than GM_OK to stop. */
typedef gm_status gm__bank_each(void *user, const gm_bank_match *m, bool matches);
/* Tells of every twin, those left over by the query (NULL: none) as well: the caller counts both
 * sides, and sees to small ones (gm__bank_crowd). totals may be NULL. */
gm_status gm__bank_go(gm_session *a, gm_ctx *ctx, const char *query, gm__bank_each *each,
                      void *user, gm_bank_totals *totals);
/* May this use be told of so few? */
bool gm__bank_may_tell(const gm_session *a, int64_t subjects);
/* And what was told of all less what was told of these is told of those left over: they must be
 * none or as many. */
bool gm__bank_may_leave(const gm_session *a, int64_t left);
/* GM_EDENIED where there are too few on one side: of subjects that go in, and of those that would
 * but for the query. */
gm_status gm__bank_crowd(const gm_session *a, gm_ctx *ctx, int64_t in, int64_t left);

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
  double whole;        /* sum x */
  int64_t subjects;
} gm__ratio;
/* sum y / sum x with the standard error over subjects, linearised (Cochran, Sampling Techniques,
 * 1977, eq. 6.13 without a finite population). Sorts share. */
gm__ratio gm__ratio_of(gm__share *share, int64_t count);
/* 90 % interval of a ratio of sums, by Student's t; NaN with fewer than 2 subjects. */
void gm__ratio_interval(const gm__ratio *r, double *low, double *high);
/* The same where the ratio is a share (y of x outcomes): inside 0 to 1, and of some width also
 * where all or none were counted. bank_group.c */
void gm__share_interval(const gm__ratio *r, double *low, double *high);
#endif
