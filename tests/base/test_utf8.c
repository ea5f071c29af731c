/* test_utf8.c - which bytes are a character of UTF-8.
 * label: quick
 * Expected: an encoder within the test, made from the rule of RFC 3629, section 3, which fills the
 * set of all good sequences; the function under test is built from the grammar of section 4. */
#include "base/utf8.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { CODE_COUNT = 0x110000, CONTINUATIONS = 64 };

/* RFC 3629, section 3: the shortest of the four forms into which the code fits. */
static int32_t encode(uint32_t code, unsigned char out[4])
{
  int32_t n = code < 0x80 ? 1 : code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
  static const unsigned char mark[] = {0, 0, 0xC0, 0xE0, 0xF0};
  for (int32_t i = n - 1; i > 0; i--, code >>= 6) out[i] = (unsigned char)(0x80 | (code & 0x3F));
  out[0] = (unsigned char)(mark[n] | code);
  return n;
}

static bool is_surrogate(uint32_t code) { return code >= 0xD800 && code <= 0xDFFF; }

static void expect(const char *bytes, size_t left, int32_t wanted)
{
  int32_t n = gm__utf8_bytes((const unsigned char *)bytes, left);
  if (n != wanted)
    fail_msg("%02X %02X ..., %zu left: %d, expected %d", (unsigned char)bytes[0],
             left > 1 ? (unsigned char)bytes[1] : 0, left, (int)n, (int)wanted);
}

/* Every code of Unicode but the surrogates is a character of the length its encoder gives. */
static void utf8_bytes__every_code_is_taken(void **state)
{
  (void)state;
  for (uint32_t code = 0; code < CODE_COUNT; code++) {
    unsigned char text[5];
    int32_t n = encode(code, text);
    int32_t wanted = is_surrogate(code) ? 0 : n;
    text[n] = 'x';
    if (gm__utf8_bytes(text, (size_t)n) != wanted || gm__utf8_bytes(text, (size_t)n + 1) != wanted)
      fail_msg("U+%04X: expected %d bytes", (unsigned)code, (int)wanted);
  }
}

/* A character cut short is none, at every length before its own. */
static void utf8_bytes__a_cut_character_is_none(void **state)
{
  (void)state;
  for (uint32_t code = 0; code < CODE_COUNT; code++) {
    unsigned char text[4];
    int32_t n = encode(code, text);
    unsigned char *cut = malloc((size_t)n); /* exactly: a sanitizer sees a byte read too many */
    assert_non_null(cut);
    for (int32_t left = 0; left < n; left++) {
      memcpy(cut + n - left, text, (size_t)left);
      if (gm__utf8_bytes(cut + n - left, (size_t)left) != 0)
        fail_msg("U+%04X cut to %d bytes was taken", (unsigned)code, (int)left);
    }
    free(cut);
  }
}

/* How many of the sequences first second * * with continuation bytes behind are characters. */
static int32_t taken(int first, int second)
{
  int32_t count = 0;
  for (int third = 0; third < CONTINUATIONS; third++)
    for (int fourth = 0; fourth < CONTINUATIONS; fourth++) {
      unsigned char text[] = {(unsigned char)first, (unsigned char)second,
                              (unsigned char)(0x80 | third), (unsigned char)(0x80 | fourth)};
      count += gm__utf8_bytes(text, 4) > 1;
    }
  return count;
}

/* Of all beginnings of two bytes just those are taken that the encoder writes: no overlong form,
 * no surrogate, nothing beyond U+10FFFF, no stray continuation byte. */
static void utf8_bytes__nothing_else_is_taken(void **state)
{
  static bool good[256][256];
  (void)state;
  for (uint32_t code = 0x80; code < CODE_COUNT; code++) {
    unsigned char text[4];
    encode(code, text);
    if (!is_surrogate(code)) good[text[0]][text[1]] = true;
  }
  for (int first = 0; first < 256; first++)
    for (int second = 0; second < 256; second++) {
      int32_t wanted = good[first][second] ? CONTINUATIONS * CONTINUATIONS : 0;
      if (taken(first, second) != wanted)
        fail_msg("%02X %02X: %d of %d sequences taken", (unsigned)first, (unsigned)second,
                 (int)taken(first, second), (int)wanted);
    }
}

/* A byte behind the second that does not continue spoils the character. */
static void utf8_bytes__later_bytes_must_continue(void **state)
{
  (void)state;
  for (int b = 0; b < 256; b++) {
    bool continues = b >= 0x80 && b <= 0xBF;
    char three[] = {'\xE2', '\x82', (char)b}, third[] = {'\xF0', '\x9F', (char)b, '\xBF'},
         fourth[] = {'\xF0', '\x9F', '\xBF', (char)b};
    expect(three, 3, continues ? 3 : 0);
    expect(third, 4, continues ? 4 : 0);
    expect(fourth, 4, continues ? 4 : 0);
  }
}

/* In a text that ends in NUL the longest character may be named as left: nothing behind is read. */
static void utf8_bytes__stops_at_the_end_of_a_text(void **state)
{
  static const char *const texts[] = {"",     "\xC3",     "\xE2",        "\xE2\x82",
                                      "\xF0", "\xF0\x9F", "\xF0\x9F\xBF"};
  (void)state;
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    size_t bytes = strlen(texts[i]) + 1;
    char *text = malloc(bytes); /* exactly: a sanitizer sees a byte read too many */
    assert_non_null(text);
    memcpy(text, texts[i], bytes);
    expect(text, GM__UTF8_BYTES_MAX, i == 0 ? 1 : 0);
    free(text);
  }
}

/* The examples of RFC 3629, section 7, and its section 10 (the attack "/../" in overlong form). */
static void utf8_bytes__examples_of_the_standard(void **state)
{
  (void)state;
  expect("\xE2\x89\xA2\xCE\x91.", 6, 3); /* U+2262, then U+0391, then "." */
  expect("\xCE\x91.", 3, 2);
  expect("\xED\x95\x9C\xEA\xB5\xAD", 6, 3); /* U+D55C: just below the surrogates */
  expect("\xEF\xBB\xBF\xF0\xA3\x8E\xB4", 7, 3);
  expect("\xF0\xA3\x8E\xB4", 4, 4); /* U+233B4 */
  expect("\xC0\x80", 2, 0);         /* NUL overlong */
  expect("\xC0\xAE", 2, 0);         /* "." overlong */
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(utf8_bytes__every_code_is_taken),
                                     cmocka_unit_test(utf8_bytes__a_cut_character_is_none),
                                     cmocka_unit_test(utf8_bytes__nothing_else_is_taken),
                                     cmocka_unit_test(utf8_bytes__later_bytes_must_continue),
                                     cmocka_unit_test(utf8_bytes__stops_at_the_end_of_a_text),
                                     cmocka_unit_test(utf8_bytes__examples_of_the_standard)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
