/* tables.h - what the tables of names and parts of a model are made with. */
#ifndef GEMEL_EQUATIONS_TABLES_H
#define GEMEL_EQUATIONS_TABLES_H
#include "gemel/base.h"

/* Makes room for one more in an array that holds count things of `bytes` each and has *room places:
 * when it is full, the array whose address is given is doubled, and what is new is zeroed. One
 * thread at a time. Fails, array and *room as they were: GM_ERANGE (beyond int32_t), GM_ENOMEM. */
GM_NODISCARD gm_status eq_room(gm_ctx *ctx, void *array_address, int32_t count, int32_t *room,
                               size_t bytes);

/* Hash of a name for tables of a power of two of slots; its low bits may be taken as they are. */
uint64_t eq_name_hash(const char *name, size_t bytes);
#endif
