/* checksum.h - finds damage in saved bytes; no protection against forgery. */
#ifndef GEMEL_BASE_CHECKSUM_H
#define GEMEL_BASE_CHECKSUM_H
#include <stddef.h>
#include <stdint.h>

/* FNV-1a by words of eight bytes, mixed with the length at the end. Little-endian, as every machine
 * that Gemel runs on. Threads: no state. */
uint64_t gm__checksum(const void *data, size_t bytes);
#endif
