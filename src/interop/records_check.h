/* records_check.h - what holds for every outcome of reading a data file, for fuzzing and tests. */
#ifndef GM_INTEROP_RECORDS_CHECK_H
#define GM_INTEROP_RECORDS_CHECK_H
#include "gemel/records.h"

/* Checks the status, message and table of one reading (r NULL on failure). Returns what is wrong
 * (static text), or NULL. */
const char *gm__records_wrong(const gm_ctx *ctx, gm_status s, const gm_records *r);
#endif
