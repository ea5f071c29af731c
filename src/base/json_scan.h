/* json_scan.h - a look at bytes of JSON before the parser has them: is it UTF-8, are its escapes
 * characters, does any token grow too long to be kept. All else is left to the grammar. */
#ifndef GEMEL_BASE_JSON_SCAN_H
#define GEMEL_BASE_JSON_SCAN_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum {
  GM__JSON_FINE,
  GM__JSON_CUT,     /* a character goes on behind the end of what is there */
  GM__JSON_CONTROL, /* between strings */
  GM__JSON_NOT_UTF8,
  GM__JSON_HALF_PAIR,
  GM__JSON_LONG_STRING,
  GM__JSON_LONG_TOKEN
} gm_json_fault;

typedef enum {
  GM__JSON_BETWEEN, /* strings */
  GM__JSON_IN_STRING,
  GM__JSON_AFTER_HIGH, /* half of a pair was read, the other must follow */
  GM__JSON_IN_ESCAPE,
  GM__JSON_IN_HEX
} gm_json_scan_mode;

/* Begins as zeros but for the limits. */
typedef struct {
  size_t string_bytes_max, token_bytes_max;
  gm_json_scan_mode mode;
  size_t run_bytes; /* of the present string or other token */
  uint32_t code;    /* of a \u escape */
  int32_t hex_count;
  bool pair; /* the second half is being read */
} gm_json_scan;

/* Looks at n of left bytes, n <= left. Returns how many are in order, which may be up to 3 more
 * than n where a character goes on; fewer than n: *fault tells of the byte that follows. */
size_t gm__json_scan(gm_json_scan *s, const unsigned char *p, size_t n, size_t left,
                     gm_json_fault *fault);
#endif
