/* append_group.h - what the committer writes: the appends of a group in one transaction. */
#ifndef GEMEL_STORE_APPEND_GROUP_H
#define GEMEL_STORE_APPEND_GROUP_H
#include "store/store_internal.h"

/* How far a group came. */
typedef enum { GM__GROUP_BEGIN, GM__GROUP_WRITE, GM__GROUP_COMMIT } gm__group_stage;

/* Writes the group, and the rows of the log that wait, by the store's connection for writing, whose
 * lock the caller holds. Each append gets its status and message, receipts, last number and head of
 * the chain: one that may not be is left out whole, and the others go on. A failure that is
 * returned is that of the whole group: nothing of it is there (gm__db_commit), and *reached says
 * where it came from. */
gm_status gm__group_write(gm_store *s, gm_ctx *ctx, gm__append *group, gm__group_stage *reached);
#endif
