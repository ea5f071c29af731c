/* Structs from YAML maps, by tables: what is read, and what is said of what is not. */
#include "base/yaml_form.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef enum { ROUND, SQUARE, FLAT } shape;

typedef struct {
  const char *name, *note;
  double size;
} leaf;

typedef struct {
  const char *title, *note;
  double weight;
  int32_t count;
  int64_t many;
  bool green;
  shape shape;
  const char **word;
  double *number;
  int32_t *whole;
  const leaf *leaf, *branch;
  int32_t word_count, whole_count, leaf_count, branch_count;
} tree;

static gm_status leaf_check(const gm_yaml *node, void *into)
{
  const leaf *l = into;
  return l->size >= 0 ? GM_OK : gm__yaml_fail(node, "size", GM_ERANGE, "%g, below 0", l->size);
}

static const char *const shapes[] = {"round", "square", "flat", NULL};
static const gm_yaml_field leaf_fields[] = {
    {"size", gm__yaml_take_number, GM_YAML_AT(leaf, size), .needed = "a size"},
    {"note", gm__yaml_take_words, GM_YAML_AT(leaf, note)}};
static const leaf leaf_before = {.note = "none"};
static const gm_yaml_form leaf_form = {.bytes = sizeof(leaf),
                                       .field = leaf_fields,
                                       .field_count = 2,
                                       .name_at = 1 + offsetof(leaf, name),
                                       .initial = &leaf_before,
                                       .plain = &leaf_fields[0],
                                       .check = leaf_check};
static const gm_yaml_field tree_fields[] = {
    {"title", gm__yaml_take_text, GM_YAML_AT(tree, title), .needed = "a title"},
    {"note", gm__yaml_take_words, GM_YAML_AT(tree, note)},
    {"weight", gm__yaml_take_number, GM_YAML_AT(tree, weight)},
    {"count", gm__yaml_take_int, GM_YAML_AT(tree, count)},
    {"many", gm__yaml_take_int64, GM_YAML_AT(tree, many)},
    {"green", gm__yaml_take_bool, GM_YAML_AT(tree, green)},
    {"shape", gm__yaml_take_choice, GM_YAML_AT(tree, shape), .of = shapes},
    {"words", gm__yaml_take_texts, GM_YAML_LIST_AT(tree, word, word_count)},
    {"numbers", gm__yaml_take_numbers, GM_YAML_AT(tree, number)},
    {"wholes", gm__yaml_take_ints, GM_YAML_LIST_AT(tree, whole, whole_count)},
    {"leaves", gm__yaml_take_list, GM_YAML_LIST_AT(tree, leaf, leaf_count), .of = &leaf_form},
    {"branches", gm__yaml_take_named, GM_YAML_LIST_AT(tree, branch, branch_count),
     .of = &leaf_form}};
static const gm_yaml_form tree_form = {.field = tree_fields,
                                       .field_count = sizeof tree_fields / sizeof *tree_fields};

static gm_status tree_read(gm_ctx *ctx, gm_arena *arena, const char *text, tree *out)
{
  gm_yaml *root;
  gm_status s = gm__yaml_parse(ctx, arena, "t", text, strlen(text), &root);
  return s ? s : gm__yaml_read(arena, root, &tree_form, out);
}

/* Every kind of value goes where its table says, in any order of keys; what is absent stays. */
static void form__fills_the_struct(void **state)
{
  (void)state;
  gm_ctx *ctx;
  gm_arena *arena;
  tree t = {.count = 7};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 0, &arena), GM_OK);
  if (tree_read(ctx, arena,
                "shape: flat\nweight: -.inf\nmany: -1e15\ngreen: true\nnote: ''\n"
                "words: [a, 'b c']\nnumbers: [1e-3, inf]\nwholes: [-3, 4, 1e9]\n"
                "leaves: [{size: 1, note: x}, 2]\nbranches: {up: 3, down: {size: 4}}\ntitle: oak\n",
                &t))
    fail_msg("%s", gm_message(ctx));
  assert_string_equal(t.title, "oak");
  assert_string_equal(t.note, "");
  assert_true(t.weight == -INFINITY && t.many == -1000000000000000 && t.green && t.shape == FLAT);
  assert_int_equal(t.count, 7);
  assert_int_equal(t.word_count, 2);
  assert_string_equal(t.word[1], "b c");
  assert_true(t.number[0] == 1e-3 && t.number[1] == INFINITY);
  assert_true(t.whole_count == 3 && t.whole[0] == -3 && t.whole[2] == 1000000000);
  assert_true(t.leaf_count == 2 && t.leaf[0].size == 1 && t.leaf[1].size == 2);
  assert_null(t.leaf[0].name);
  assert_string_equal(t.leaf[0].note, "x");
  assert_string_equal(t.leaf[1].note, "none");
  assert_true(t.branch_count == 2 && t.branch[0].size == 3 && t.branch[1].size == 4);
  assert_string_equal(t.branch[1].name, "down");
  gm_arena_free(arena);
  gm_ctx_free(ctx);
}

/* What does not fit is refused with line, path, what it is and what is expected; with the column
 * where the line holds several values. */
static void form__says_what_is_wrong(void **state)
{
  (void)state;
  static const struct {
    const char *text, *words;
    gm_status status;
  } bad[] = {
      {"- a\n", "t:1: found a list, a map is expected", GM_EPARSE},
      {"note: x\n", "t:1: needs a title (title)", GM_EPARSE},
      {"title: a\nheight: 3\n", "t:2: height: is not known here; known are title, note", GM_EPARSE},
      {"title: a\ntitle: b\n", "t:2: title: the same key again; the first is in line 1", GM_EPARSE},
      {"title: ''\n", "t:1: title: an empty text; one with letters is expected", GM_EPARSE},
      {"title:\n", "t:1: title: found nothing, a text is expected", GM_EPARSE},
      {"title: ~\n", "t:1: title: found nothing, a text is expected", GM_EPARSE},
      {"title: [a]\n", "t:1: title: found a list, a text is expected", GM_EPARSE},
      {"weight: 1,5\n", "t:1: weight: \"1,5\" is no number", GM_EPARSE},
      {"weight: nan\n", "t:1: weight: \"nan\" is no number", GM_EPARSE},
      {"weight: 0x10\n", "t:1: weight: \"0x10\" is no number", GM_EPARSE},
      {"weight:\n", "t:1: weight: found nothing, a number is expected", GM_EPARSE},
      {"weight: {a: 1}\n", "t:1: weight: found a map, a number is expected", GM_EPARSE},
      {"count: 1.5\n", "t:1: count: \"1.5\", a whole number up to 1e+09 is expected", GM_EPARSE},
      {"count: 1000000001\n", "a whole number up to 1e+09 is expected", GM_EPARSE},
      {"count: inf\n", "a whole number up to 1e+09 is expected", GM_EPARSE},
      {"many: 1e16\n", "a whole number up to 1e+15 is expected", GM_EPARSE},
      {"green: yes\n", "t:1: green: \"yes\", true or false is expected", GM_EPARSE},
      {"shape: oval\n", "there is no shape \"oval\"; known are round, square, flat", GM_EPARSE},
      {"shape: [flat]\n", "t:1: shape: found a list, a word is expected", GM_EPARSE},
      {"words: a\n", "t:1: words: found a text, a list is expected", GM_EPARSE},
      {"numbers: [1, 2, x]\n", "t:1: numbers[3]: \"x\" is no number (column 17)", GM_EPARSE},
      {"numbers:\n  - 1\n  - x\n", "t:3: numbers[2]: \"x\" is no number", GM_EPARSE},
      {"leaves: {a: 1}\n", "t:1: leaves: found a map, a list is expected", GM_EPARSE},
      {"branches: [1]\n", "t:1: branches: found a list, a map is expected", GM_EPARSE},
      {"leaves:\n  - [1]\n", "t:2: leaves[1]: found a list, a map is expected", GM_EPARSE},
      {"branches: {up: {note: b}}\n", "branches.up: needs a size (size) (column 12)", GM_EPARSE},
      {"branches:\n  up: {size: -1}\n", "t:2: branches.up.size: -1, below 0", GM_ERANGE},
  };
  gm_ctx *ctx;
  gm_arena *arena;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 0, &arena), GM_OK);
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
    tree t = {0};
    gm_status s = tree_read(ctx, arena, bad[i].text, &t);
    if (s != bad[i].status || !strstr(gm_message(ctx), bad[i].words))
      fail_msg("%s -> %s \"%s\"; expected \"%s\"", bad[i].text, gm_status_name(s), gm_message(ctx),
               bad[i].words);
    bool block = strchr(bad[i].text, '{') == NULL && strchr(bad[i].text, '[') == NULL;
    if (block) assert_null(strstr(gm_message(ctx), "(column")); /* the line says it */
  }
  gm_arena_free(arena);
  gm_ctx_free(ctx);
}

/* Brackets that are never closed are refused before a tree is begun, at once: 33 as too deep, a
 * million as too many. Those closed again do not count. */
static void brackets__must_close(void **state)
{
  (void)state;
  enum { N = 1000000 };
  gm_ctx *ctx;
  gm_arena *arena;
  gm_yaml *root;
  char *text = calloc(N + 2, 1);
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 0, &arena), GM_OK);
  memset(text, '[', N);
  assert_int_equal(gm__yaml_parse(ctx, arena, "t", text, 33, &root), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "t:1: nested deeper than 32"));
  assert_int_equal(gm__yaml_parse(ctx, arena, "t", text, N, &root), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "t:1: more than 1000 brackets open"));
  for (int i = 0; i < 3000; i++) memcpy(text + 1 + 3 * i, "[],", 3);
  memcpy(text + 9001, "]", 2);
  assert_int_equal(gm__yaml_parse(ctx, arena, "t", text, 9002, &root), GM_OK);
  assert_int_equal(root->count, 3000);
  free(text);
  gm_arena_free(arena);
  gm_ctx_free(ctx);
}

/* The number of nodes is bounded, by the caller or by 100,000; a list of so many is a tree of one
 * more. */
static void nodes__are_limited(void **state)
{
  (void)state;
  enum { N = 100000 };
  gm_ctx *ctx;
  gm_arena *arena;
  gm_yaml *root;
  char *text = malloc(2 * N + 3);
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_arena_new(ctx, 0, &arena), GM_OK);
  text[0] = '[';
  for (int i = 0; i < N; i++) memcpy(text + 1 + 2 * i, "1,", 2);
  memcpy(text + 2 * N, "]\n", 3);
  assert_int_equal(gm__yaml_parse(ctx, arena, "t", text, 2 * N + 2, &root), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "t:1: more than 100000 values"));
  assert_int_equal(gm__yaml_parse_up_to(ctx, arena, "t", text, 2 * N + 2, N, &root), GM_ERANGE);
  assert_int_equal(gm__yaml_parse_up_to(ctx, arena, "t", text, 2 * N + 2, N + 1, &root), GM_OK);
  assert_int_equal(root->count, N);
  assert_int_equal(root->last->column, 2 * N);
  free(text);
  gm_arena_free(arena);
  gm_ctx_free(ctx);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  gm_arena *arena = NULL;
  tree t = {0};
  gm_status s = gm_arena_new(ctx, 64, &arena);
  if (!s) s = tree_read(ctx, arena, user, &t);
  gm_arena_free(arena);
  return s;
}

/* Reading survives the failure of every allocation. */
static void form__survives_failing_memory(void **state)
{
  (void)state;
  char text[] = "title: oak\nwords: [a, b]\nnumbers: [1]\nleaves: [1, 2]\nbranches: {up: 3}\n";
  assert_true(fault_sweep("a form", trial, text) > 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(form__fills_the_struct),        cmocka_unit_test(form__says_what_is_wrong),
      cmocka_unit_test(brackets__must_close),          cmocka_unit_test(nodes__are_limited),
      cmocka_unit_test(form__survives_failing_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
