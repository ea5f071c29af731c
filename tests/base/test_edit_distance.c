/* test_edit_distance.c - how far words are apart.
 * label: quick */
#include "base/edit_distance.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

/* The definition by recursion: the last letters are the same or changed, or one of them goes, or
 * the last two change places (Damerau 1964, restricted: then nothing else happens to these). */
static int32_t by_recursion(const char *a, int na, const char *b, int nb)
{
  if (!na || !nb) return na + nb;
  int32_t change = by_recursion(a, na - 1, b, nb - 1) + (a[na - 1] != b[nb - 1]);
  int32_t less = by_recursion(a, na - 1, b, nb) + 1, more = by_recursion(a, na, b, nb - 1) + 1;
  int32_t best = less < more ? less : more;
  if (change < best) best = change;
  if (na < 2 || nb < 2 || a[na - 1] != b[nb - 2] || a[na - 2] != b[nb - 1]) return best;
  int32_t swapped = by_recursion(a, na - 2, b, nb - 2) + 1;
  return swapped < best ? swapped : best;
}

/* Every pair of words of up to four letters out of two, the empty word among them. */
static void distance__is_the_definition(void **state)
{
  (void)state;
  char word[31][5] = {""};
  int count = 1;
  for (int n = 1; n <= 4; n++)
    for (int bits = 0; bits < 1 << n; bits++, count++)
      for (int i = 0; i < n; i++) word[count][i] = bits >> i & 1 ? 'b' : 'a';
  assert_int_equal(count, 31);
  for (int i = 0; i < count; i++)
    for (int j = 0; j < count; j++) {
      const char *a = word[i], *b = word[j];
      assert_int_equal(gm__edit_distance(a, b), by_recursion(a, (int)strlen(a), b, (int)strlen(b)));
    }
}

/* The textbook's pair: kitten, sitting: 3. Capitals are the same letters; other bytes are not. */
static void distance__known_words(void **state)
{
  (void)state;
  assert_int_equal(gm__edit_distance("kitten", "sitting"), 3);
  assert_int_equal(gm__edit_distance("dtaa", "data"), 1);
  assert_int_equal(gm__edit_distance("ca", "abc"), 3); /* restricted; the full form has 2 */
  assert_int_equal(gm__edit_distancen("WTx", 2, "wty", 2), 0);
  assert_int_equal(gm__edit_distance("Clearance", "clearANCE"), 0);
  assert_int_equal(gm__edit_distance("@", "`"), 1); /* 32 apart as A and a are */
  assert_int_equal(gm__edit_distance("[", "{"), 1);
}

/* Words of the greatest length are measured; beyond it any pair is infinitely far, either way. */
static void distance__long_words(void **state)
{
  (void)state;
  char most[GM__EDIT_BYTES_MAX + 1] = "", over[GM__EDIT_BYTES_MAX + 2] = "";
  memset(most, 'x', GM__EDIT_BYTES_MAX);
  memset(over, 'x', GM__EDIT_BYTES_MAX + 1);
  assert_int_equal(gm__edit_distance(most, ""), GM__EDIT_BYTES_MAX);
  assert_int_equal(gm__edit_distance(most, most), 0);
  assert_int_equal(gm__edit_distance(over, most), INT32_MAX);
  assert_int_equal(gm__edit_distance(most, over), INT32_MAX);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(distance__is_the_definition),
      cmocka_unit_test(distance__known_words),
      cmocka_unit_test(distance__long_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
