/* edit_distance.c - Damerau's distance by rows. */
#include "base/edit_distance.h"
#include <stdbool.h>
#include <string.h>

typedef int32_t edit_row[GM__EDIT_BYTES_MAX + 1];

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

static int lower(char c) { return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c; }

static bool same(char a, char b) { return lower(a) == lower(b); }

/* The distance of the first i letters of a and the first j of b, i and j >= 1. row[k % 3] holds
 * that of the first k letters of a; up to here rows i, i - 1 and i - 2 are known. */
static int32_t step(edit_row *row, const char *a, size_t i, const char *b, size_t j)
{
  const int32_t *now = row[i % 3], *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
  int32_t d = before[j - 1] + !same(a[i - 1], b[j - 1]);
  d = least(d, least(before[j], now[j - 1]) + 1);
  bool swapped = i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]);
  return swapped ? least(d, earlier[j - 2] + 1) : d;
}

int32_t gm__edit_distancen(const char *a, size_t na, const char *b, size_t nb)
{
  edit_row row[3];
  if (na > GM__EDIT_BYTES_MAX || nb > GM__EDIT_BYTES_MAX) return INT32_MAX;
  for (size_t j = 0; j <= nb; j++) row[0][j] = (int32_t)j;
  for (size_t i = 1; i <= na; i++) {
    row[i % 3][0] = (int32_t)i;
    for (size_t j = 1; j <= nb; j++) row[i % 3][j] = step(row, a, i, b, j);
  }
  return row[na % 3][nb];
}

int32_t gm__edit_distance(const char *a, const char *b)
{
  return gm__edit_distancen(a, strnlen(a, GM__EDIT_BYTES_MAX + 1), b,
                            strnlen(b, GM__EDIT_BYTES_MAX + 1));
}
