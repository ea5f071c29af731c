/* records.h - tables of what was done to subjects and what was measured (NM-TRAN-style CSV).
 * room: num (plain data; the reader lives in interop)
 * docs/data.md says which columns are known. */
#ifndef GEMEL_RECORDS_H
#define GEMEL_RECORDS_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  int32_t line; /* in the file, from 1 */
  double time;  /* as the column says; NaN is refused */
  int32_t evid; /* 0 observation, 1..4, 8; worked out from AMT/MDV when there is no column */
  double amount, rate, interval; /* 0 when absent; rate -1, -2 as in NM-TRAN */
  int32_t additional, steady;
  int32_t compartment;    /* CMT from 1; 0 not given */
  const char *observable; /* DVID or OBSERVABLE cell, "" not given */
  const char *input;      /* INPUT cell, "" not given */
  double value;           /* DV; NaN: missing */
  bool missing;           /* MDV = 1, or no value on an observation record */
  int32_t censored;       /* CENS/BLQ: 1 below value (value holds the limit), -1 above, 0 none */
  int32_t occasion;       /* OCC; -1 not given */
  double sd_factor;       /* > 0: the datum errs so many times as much as its error model says (a
                             weight of 1 / factor^2); 0: as it says */
} gm_record;

typedef struct {
  const char *id;
  int32_t first, count; /* records of the subject, in file order */
} gm_record_subject;

typedef struct {
  char *path;
  gm_record *record;
  gm_record_subject *subject;
  char **covariate;  /* names of the columns that are not known ones */
  const char **cell; /* [record_count * covariate_count] texts, "" missing ("." and "NA" too) */
  int32_t record_count, subject_count, covariate_count;
  void *memory; /* private */
} gm_records;

/* Reads a file. Times of one subject must not fall unless a reset (EVID 3, 4) lies between.
 * Fails with "file:line:column-name: what, what was expected": GM_EPARSE, GM_EIO, GM_ERANGE,
 * GM_ENOMEM. *out is owned by the caller. */
GM_API GM_NODISCARD gm_status gm_records_read(gm_ctx *ctx, const char *path, gm_records **out);
/* The same from memory; name is used in messages. */
GM_API GM_NODISCARD gm_status gm_records_parse(gm_ctx *ctx, const char *name, const char *text,
                                               size_t bytes, gm_records **out);
GM_API void gm_records_free(gm_records *r); /* NULL ok */
/* Subject number with this id, or -1. */
GM_API int32_t gm_records_subject(const gm_records *r, const char *id);

#ifdef __cplusplus
}
#endif
#endif
