/* edit_distance.h - how far one word is from another, for "did you mean". */
#ifndef GEMEL_BASE_EDIT_DISTANCE_H
#define GEMEL_BASE_EDIT_DISTANCE_H
#include <stddef.h>
#include <stdint.h>

enum { GM__EDIT_BYTES_MAX = 64 }; /* of a word; a longer one is INT32_MAX from all others */

/* Letters to insert, delete, change or swap with the next to make a into b (Damerau 1964; in the
 * restricted form, where no letter is touched twice); the case of ASCII letters does not count.
 * Threads: any. */
int32_t gm__edit_distance(const char *a, const char *b);
/* The same of words that no NUL ends. */
int32_t gm__edit_distancen(const char *a, size_t a_bytes, const char *b, size_t b_bytes);
#endif
