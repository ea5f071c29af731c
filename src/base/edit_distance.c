/* edit_distance.c - Levenshtein's distance by rows. */
#include "base/edit_distance.h"
#include <string.h>

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

int32_t gm__edit_distance(const char *a, const char *b)
{
  int32_t row[GM__EDIT_BYTES_MAX + 1]; /* from the first i letters of a to the first j of b */
  size_t na = strnlen(a, GM__EDIT_BYTES_MAX + 1), nb = strnlen(b, GM__EDIT_BYTES_MAX + 1);
  if (na > GM__EDIT_BYTES_MAX || nb > GM__EDIT_BYTES_MAX) return INT32_MAX;
  for (size_t j = 0; j <= nb; j++) row[j] = (int32_t)j;
  for (size_t i = 1; i <= na; i++) {
    int32_t diagonal = row[0];
    row[0] = (int32_t)i;
    for (size_t j = 1; j <= nb; j++) {
      int32_t change = diagonal + (lower(a[i - 1]) != lower(b[j - 1]));
      diagonal = row[j];
      row[j] = least(change, least(row[j], row[j - 1]) + 1);
    }
  }
  return row[nb];
}
