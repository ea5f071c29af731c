/* utf8.c - characters of UTF-8 text. */
#include "base/utf8.h"

/* The grammar of RFC 3629, section 4: the second byte has bounds of its own behind some first
 * bytes (no overlong forms, no surrogates, nothing above U+10FFFF), later ones are 80..BF. */
static const struct {
  unsigned char first_min, first_max, second_min, second_max;
  int32_t bytes;
} forms[] = {{0xC2, 0xDF, 0x80, 0xBF, 2}, {0xE0, 0xE0, 0xA0, 0xBF, 3}, {0xE1, 0xEC, 0x80, 0xBF, 3},
             {0xED, 0xED, 0x80, 0x9F, 3}, {0xEE, 0xEF, 0x80, 0xBF, 3}, {0xF0, 0xF0, 0x90, 0xBF, 4},
             {0xF1, 0xF3, 0x80, 0xBF, 4}, {0xF4, 0xF4, 0x80, 0x8F, 4}};

int32_t gm__utf8_bytes(const unsigned char *p, size_t left)
{
  size_t i = 0;
  if (left == 0) return 0;
  if (p[0] < 0x80) return 1;
  while (i < sizeof forms / sizeof forms[0] && p[0] > forms[i].first_max) i++;
  if (i == sizeof forms / sizeof forms[0] || p[0] < forms[i].first_min) return 0;
  if (left < (size_t)forms[i].bytes) return 0;
  if (p[1] < forms[i].second_min || p[1] > forms[i].second_max) return 0;
  for (int32_t k = 2; k < forms[i].bytes; k++)
    if ((p[k] & 0xC0) != 0x80) return 0;
  return forms[i].bytes;
}
