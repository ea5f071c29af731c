/* edit_distance.h - how far one word is from another, for "did you mean". */
#ifndef GEMEL_BASE_EDIT_DISTANCE_H
#define GEMEL_BASE_EDIT_DISTANCE_H
#include <stdint.h>

enum { GM__EDIT_BYTES_MAX = 64 }; /* of a word; a longer one is INT32_MAX from all others */

/* Letters to insert, delete or change to make a into b (Levenshtein 1966); the case of ASCII
 * letters does not count. Threads: any. */
int32_t gm__edit_distance(const char *a, const char *b);
#endif
