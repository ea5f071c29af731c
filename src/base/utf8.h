/* utf8.h - the one place that knows what UTF-8 is. */
#ifndef GEMEL_BASE_UTF8_H
#define GEMEL_BASE_UTF8_H
#include <stddef.h>
#include <stdint.h>

enum { GM__UTF8_BYTES_MAX = 4 }; /* of one character */

/* Bytes of the UTF-8 character at p, of which `left` bytes may be read; 0 when there is none:
 * a byte that begins no character, one cut short, an overlong form, a surrogate, or beyond
 * U+10FFFF (RFC 3629, section 4). NUL is a character of one byte; left 0 gives 0.
 * A byte is looked at only when all before it are in order, so in a text that ends in NUL left may
 * be GM__UTF8_BYTES_MAX everywhere. Threads: any. */
int32_t gm__utf8_bytes(const unsigned char *p, size_t left);
#endif
