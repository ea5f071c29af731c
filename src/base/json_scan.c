/* json_scan.c - what the parser beneath does not look at, or only when it has kept it all. */
#include "base/json_scan.h"
#include "base/utf8.h"
#include <string.h>

enum {
  TOKEN,
  GAP,
  QUOTE,
  CONTROL
}; /* what a byte between strings is: part of a token, or an end of one */

/* yajl 2.1 takes form feeds and vertical tabs for space; RFC 8259, section 2 does not. */
static const unsigned char between_class[256] = {
    CONTROL,     CONTROL,     CONTROL,     CONTROL,     CONTROL,      CONTROL,     CONTROL,
    CONTROL,     CONTROL,     GAP,         GAP,         CONTROL,      CONTROL,     GAP,
    CONTROL,     CONTROL,     CONTROL,     CONTROL,     CONTROL,      CONTROL,     CONTROL,
    CONTROL,     CONTROL,     CONTROL,     CONTROL,     CONTROL,      CONTROL,     CONTROL,
    CONTROL,     CONTROL,     CONTROL,     CONTROL,     [' '] = GAP,  ['{'] = GAP, ['}'] = GAP,
    ['['] = GAP, [']'] = GAP, [':'] = GAP, [','] = GAP, ['"'] = QUOTE};

static size_t between(gm_json_scan *s, const unsigned char *p, size_t n, gm_json_fault *fault)
{
  size_t i = 0, run = s->run_bytes;
  for (; i < n; i++) {
    unsigned char c = between_class[p[i]];
    run = c == TOKEN ? run + 1 : 0;
    if (c >= QUOTE || run > s->token_bytes_max) break;
  }
  s->run_bytes = run;
  if (i == n) return n;
  if (run) *fault = GM__JSON_LONG_TOKEN;
  if (between_class[p[i]] == CONTROL) *fault = GM__JSON_CONTROL;
  if (*fault) return i;
  s->mode = GM__JSON_IN_STRING;
  return i + 1;
}

/* How many bytes at p neither end a string nor begin an escape or a longer character. Eight at a
 * time: the tricks with carries are those of "Hacker's Delight" (Warren 2012), section 6-1. */
static size_t plain_bytes(const unsigned char *p, size_t n)
{
  const uint64_t ones = 0x0101010101010101u, tops = 0x8080808080808080u;
  size_t i = 0;
  for (; i + 8 <= n; i += 8) {
    uint64_t w, quote, slash;
    memcpy(&w, p + i, 8);
    quote = w ^ ones * '"';
    slash = w ^ ones * '\\';
    if ((w | ((quote - ones) & ~quote) | ((slash - ones) & ~slash)) & tops) break;
  }
  while (i < n && p[i] < 0x80 && p[i] != '"' && p[i] != '\\') i++;
  return i;
}

/* Are the bytes behind the first all of the form of a character's later bytes? */
static bool may_go_on(const unsigned char *p, size_t left)
{
  for (size_t i = 1; i < left; i++)
    if ((p[i] & 0xC0) != 0x80) return false;
  return left < GM__UTF8_BYTES_MAX;
}

static size_t in_string(gm_json_scan *s, const unsigned char *p, size_t n, size_t left,
                        gm_json_fault *fault)
{
  size_t i = 0;
  while (i < n) {
    size_t room = s->string_bytes_max - s->run_bytes;
    size_t plain = plain_bytes(p + i, n - i);
    if (plain > room) {
      s->run_bytes += room;
      *fault = GM__JSON_LONG_STRING;
      return i + room;
    }
    s->run_bytes += plain;
    i += plain;
    if (i == n) break;
    if (p[i] == '"') {
      s->mode = GM__JSON_BETWEEN;
      s->run_bytes = 0;
      return i + 1;
    }
    size_t bytes = p[i] == '\\' ? 1 : (size_t)gm__utf8_bytes(p + i, left - i);
    if (!bytes) *fault = may_go_on(p + i, left - i) ? GM__JSON_CUT : GM__JSON_NOT_UTF8;
    if (bytes > s->string_bytes_max - s->run_bytes) *fault = GM__JSON_LONG_STRING;
    if (*fault) return i;
    s->run_bytes += bytes;
    i += bytes;
    if (bytes > 1) continue;
    s->mode = GM__JSON_IN_ESCAPE;
    break;
  }
  return i;
}

static size_t in_escape(gm_json_scan *s, unsigned char c, gm_json_fault *fault)
{
  if (s->pair && c != 'u') {
    *fault = GM__JSON_HALF_PAIR;
    return 0;
  }
  if (c >= 0x80) { /* no escape: the parser says so; the byte itself is looked at as any other */
    s->mode = GM__JSON_IN_STRING;
    return 0;
  }
  s->mode = c == 'u' ? GM__JSON_IN_HEX : GM__JSON_IN_STRING;
  s->code = 0;
  s->hex_count = 0;
  s->run_bytes++;
  return 1;
}

static int32_t hex_value(unsigned char c)
{
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* RFC 8259, section 7: a character beyond U+FFFF is written as a pair, D800-DBFF DC00-DFFF. */
static size_t in_hex(gm_json_scan *s, unsigned char c, gm_json_fault *fault)
{
  int32_t v = hex_value(c);
  if (v < 0) { /* no escape: the parser says so */
    s->mode = GM__JSON_IN_STRING;
    s->pair = false;
    return 0;
  }
  uint32_t code = s->code * 16 + (uint32_t)v;
  if (s->hex_count == 3) {
    bool high = code >= 0xD800 && code < 0xDC00, low = code >= 0xDC00 && code < 0xE000;
    if (low != s->pair) {
      *fault = GM__JSON_HALF_PAIR;
      return 0;
    }
    s->mode = high ? GM__JSON_AFTER_HIGH : GM__JSON_IN_STRING;
    s->pair = high;
  }
  s->code = code;
  s->hex_count++;
  s->run_bytes++;
  return 1;
}

static size_t after_high(gm_json_scan *s, unsigned char c, gm_json_fault *fault)
{
  if (c != '\\') {
    *fault = GM__JSON_HALF_PAIR;
    return 0;
  }
  s->mode = GM__JSON_IN_ESCAPE;
  s->run_bytes++;
  return 1;
}

size_t gm__json_scan(gm_json_scan *s, const unsigned char *p, size_t n, size_t left,
                     gm_json_fault *fault)
{
  size_t i = 0;
  *fault = GM__JSON_FINE;
  while (i < n && !*fault) {
    if (s->mode > GM__JSON_IN_STRING && s->run_bytes >= s->string_bytes_max) {
      *fault = GM__JSON_LONG_STRING;
      break;
    }
    switch (s->mode) {
    case GM__JSON_BETWEEN: i += between(s, p + i, n - i, fault); break;
    case GM__JSON_IN_STRING: i += in_string(s, p + i, n - i, left - i, fault); break;
    case GM__JSON_AFTER_HIGH: i += after_high(s, p[i], fault); break;
    case GM__JSON_IN_ESCAPE: i += in_escape(s, p[i], fault); break;
    case GM__JSON_IN_HEX: i += in_hex(s, p[i], fault); break;
    }
  }
  return i;
}
