/* Trees of JSON values, the items of long arrays and of lines, and writing.
 * label: quick */
#include "base/json_tree.h"
#include "base/json_write.h"
#include "support/fault.h"
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char *const entry_path[] = {"entry"};

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
} place;

static place place_new(void)
{
  place p;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &p.ctx));
  assert_int_equal(GM_OK, gm_arena_new(p.ctx, 0, &p.arena));
  return p;
}

static void place_free(place p)
{
  gm_arena_free(p.arena);
  gm_ctx_free(p.ctx);
}

static gm_json *parse(place p, const gm_json_options *o, const char *text)
{
  gm_json *root = NULL;
  if (gm__json_parse(p.ctx, p.arena, o, text, strlen(text), &root))
    fail_msg("%s", gm_message(p.ctx));
  return root;
}

/* A value stands where it was written, its path says so, and its number keeps its text. */
static void tree__holds_what_was_written(void **state)
{
  (void)state;
  place p = place_new();
  char path[100];
  const gm_json_options o = {.name = "f", .root = "Bundle"};
  const gm_json *root = parse(p, &o,
                              "{\"type\":\"x\\u0000y\",\"entry\":[0,{\"resource\":{\"value\":6.30,"
                              "\"ok\":true,\"no\":null}}]}");
  const gm_json *type = gm__json_find(root, "type"), *entry = gm__json_find(root, "entry");
  assert_int_equal(2, root->count);
  assert_int_equal(3, type->bytes);
  assert_memory_equal("x\0y", type->text, 4);
  assert_int_equal(2, entry->count);
  const gm_json *value = gm__json_find(gm__json_find(entry->last, "resource"), "value");
  assert_string_equal("6.30", value->text);
  assert_string_equal("Bundle.entry[1].resource.value", gm__json_path(value, path, sizeof path));
  assert_string_equal("Bundle.entry", gm__json_path(value, path, 13)); /* cut */
  assert_null(gm__json_find(root, "Type"));
  assert_null(gm__json_find(value, "x"));
  assert_null(gm__json_find(NULL, "x"));
  assert_int_equal(GM_JSON_TRUE, value->next->kind);
  assert_int_equal(GM_JSON_NULL, value->next->next->kind);
  assert_int_equal(GM_EINVAL, gm__json_node_fail(value, GM_EINVAL, "too %s", "big"));
  assert_string_equal("f: Bundle.entry[1].resource.value: too big", gm_message(p.ctx));
  place_free(p);
}

/* Each of 3,000 keys is found, those of small objects as those of large ones. */
static void tree__finds_keys(void **state)
{
  (void)state;
  for (int32_t count = 1; count <= 3000; count = count * 3 / 2 + 1) {
    place p = place_new();
    gm_text t;
    gm_text_init(&t, p.ctx);
    for (int32_t i = 0; i < count; i++)
      gm_text_addf(&t, "%s\"k%d\":%d", i ? "," : "{", (int)i, (int)i);
    gm_text_add(&t, "}");
    const gm_json *root = parse(p, NULL, t.data);
    for (int32_t i = 0; i < count; i++) {
      char key[20];
      int64_t v = -1;
      snprintf(key, sizeof key, "k%d", (int)i);
      const gm_json *n = gm__json_find(root, key);
      assert_non_null(n);
      assert_int_equal(GM_OK, gm__json_int(n, &v));
      assert_int_equal(i, v);
      assert_int_equal(i, n->index);
    }
    assert_null(gm__json_find(root, "k"));
    gm_text_free(&t);
    place_free(p);
  }
}

static void expect_int(const char *text, gm_status want, int64_t value)
{
  place p = place_new();
  int64_t v = 77;
  gm_status s = gm__json_int(parse(p, NULL, text), &v);
  if (s != want || v != (want ? 77 : value))
    fail_msg("%s: %s, %lld", text, gm_status_name(s), (long long)v);
  place_free(p);
}

/* A whole number is exact or refused. */
static void number__whole_is_exact(void **state)
{
  (void)state;
  expect_int("0", GM_OK, 0);
  expect_int("-0.000e5", GM_OK, 0);
  expect_int("7.0", GM_OK, 7);
  expect_int("0.7e1", GM_OK, 7);
  expect_int("1200e-2", GM_OK, 12);
  expect_int("-105", GM_OK, -105);
  expect_int("1.5e1", GM_OK, 15);
  expect_int("9223372036854775807", GM_OK, INT64_MAX);
  expect_int("-9223372036854775808", GM_OK, INT64_MIN);
  expect_int("9223372036854775808", GM_ERANGE, 0);
  expect_int("-9223372036854775809", GM_ERANGE, 0);
  expect_int("9007199254740993", GM_OK, 9007199254740993);
  expect_int("1e18", GM_OK, 1000000000000000000);
  expect_int("1e19", GM_ERANGE, 0);
  expect_int("1e999999999999", GM_ERANGE, 0);
  expect_int("0e999999999999", GM_OK, 0);
  expect_int("1e-999999999999", GM_EINVAL, 0);
  expect_int("7.5", GM_EINVAL, 0);
  expect_int("75e-1", GM_EINVAL, 0);
  expect_int("\"7\"", GM_EINVAL, 0);
  expect_int("null", GM_EINVAL, 0);
}

/* A double is the nearest one, and what is beyond is refused. */
static void number__double_is_nearest(void **state)
{
  (void)state;
  place p = place_new();
  double v = 77;
  assert_int_equal(GM_OK, gm__json_double(parse(p, NULL, "6.30"), &v));
  assert_true(v == 6.3);
  assert_int_equal(GM_OK, gm__json_double(parse(p, NULL, "-1.7976931348623157e308"), &v));
  assert_true(v == -1.7976931348623157e308);
  v = 77;
  assert_int_equal(GM_ERANGE, gm__json_double(parse(p, NULL, "1e400"), &v));
  assert_int_equal(GM_EINVAL, gm__json_double(parse(p, NULL, "\"1\""), &v));
  assert_true(v == 77);
  place_free(p);
}

/* A tree of more memory than is allowed is refused with its place; one below is read. */
static void tree__is_bounded(void **state)
{
  (void)state;
  place p = place_new();
  gm_text t;
  gm_json *root = NULL;
  const gm_json_options o = {.name = "f", .memory_bytes_max = 100000};
  gm_text_init(&t, p.ctx);
  gm_text_add(&t, "[0");
  for (int32_t i = 0; i < 600; i++) gm_text_add(&t, ",0");
  assert_non_null(parse(p, &o, "[1,2]"));
  size_t small = t.bytes;
  for (int32_t i = 0; i < 600; i++) gm_text_add(&t, ",0");
  gm_text_add(&t, "]");
  assert_int_equal(GM_ERANGE, gm__json_parse(p.ctx, p.arena, &o, t.data, t.bytes, &root));
  assert_non_null(
      strstr(gm_message(p.ctx), "]: a value that takes more than 100000 bytes of memory"));
  assert_null(root);
  memcpy(t.data + small, "]", 1);
  assert_int_equal(GM_OK, gm__json_parse(p.ctx, p.arena, &o, t.data, small + 1, &root));
  gm_text_free(&t);
  place_free(p);
}

/* ---- parts ----------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_text seen;
  int64_t count, sum, stop_at;
} takings;

static gm_status take(void *user, const gm_json *part, int64_t index, gm_status s)
{
  takings *t = user;
  char path[100];
  gm_text_addf(&t->seen, "%lld:", (long long)index);
  if (!part) {
    gm_text_addf(&t->seen, "%d %s;", (int)s, gm_message(t->ctx));
    return GM_OK;
  }
  gm_json_writer w;
  gm_json_write_begin(&w, &t->seen, 0);
  gm__json_write_tree(&w, NULL, part);
  gm_text_addf(&t->seen, "@%s;", gm__json_path(part, path, sizeof path));
  return GM_OK;
}

static void expect_parts(const gm_json_options *o, int32_t path_count, const char *text,
                         const char *items, const char *rest, int64_t count)
{
  size_t n = strlen(text);
  for (size_t cut = 0; cut <= n; cut++) {
    place p = place_new();
    takings t = {.ctx = p.ctx};
    gm_json_parts *parts;
    gm_text left;
    gm_json_writer w;
    gm_text_init(&t.seen, p.ctx);
    gm_text_init(&left, p.ctx);
    gm_text_add(&t.seen, "");
    assert_int_equal(GM_OK, gm__json_parts_new(p.ctx, o, entry_path, path_count, take, &t, &parts));
    gm_json_reader *r = gm__json_parts_reader(parts);
    gm_status s = gm__json_feed(r, text, cut);
    if (!s) s = gm__json_feed(r, text + cut, n - cut);
    if (!s) s = gm__json_finish(r);
    if (s) fail_msg("%s", gm_message(p.ctx));
    assert_string_equal(items, t.seen.data ? t.seen.data : "");
    assert_int_equal(count, gm__json_parts_count(parts));
    gm_json_write_begin(&w, &left, 0);
    if (rest) gm__json_write_tree(&w, NULL, gm__json_parts_rest(parts));
    if (rest) assert_string_equal(rest, left.data);
    gm_text_free(&t.seen);
    gm_text_free(&left);
    gm__json_parts_free(parts);
    place_free(p);
  }
}

/* Items come one by one with their paths, and the rest is whole, before the array and behind it. */
static void parts__are_given_one_by_one(void **state)
{
  (void)state;
  const gm_json_options o = {.root = "Bundle"}, lines = {.lines = true, .name = "f"};
  expect_parts(
      &o, 1, "{\"type\":\"t\",\"a\":{\"entry\":[9]},\"entry\":[1,{\"b\":[2.0]},[],\"x\"],\"z\":3}",
      "0:1@Bundle.entry[0];1:{\"b\":[2.0]}@Bundle.entry[1];2:[]@Bundle.entry[2];"
      "3:\"x\"@Bundle.entry[3];",
      "{\"type\":\"t\",\"a\":{\"entry\":[9]},\"entry\":[],\"z\":3}", 4);
  expect_parts(&o, 0, "[1,[2,[3]]]", "0:1@Bundle[0];1:[2,[3]]@Bundle[1];", "[]", 2);
  expect_parts(&o, 1, "{\"entry\":{\"entry\":[1]}}", "", "{\"entry\":{\"entry\":[1]}}", -1);
  expect_parts(&o, 1, "[{\"entry\":[1]}]", "", "[{\"entry\":[1]}]", -1);
  char want[400];
  snprintf(want, sizeof want, "1:{\"a\":1.50}@;3:%d f:3:6: a: the line ends within a value;4:[2]@;",
           GM_EPARSE);
  expect_parts(&lines, 0, "{\"a\":1.50}\n\n{\"a\":\n[2]", want, NULL, 2);
}

/* ---- memory ---------------------------------------------------------------------------------- */
typedef struct {
  size_t now, peak;
} meter;

static void *meter_alloc(void *user, size_t bytes)
{
  meter *m = user;
  void *p = malloc(bytes);
  if (p) m->now += malloc_usable_size(p);
  if (m->now > m->peak) m->peak = m->now;
  return p;
}

static void meter_free(void *user, void *p)
{
  meter *m = user;
  if (p) m->now -= malloc_usable_size(p);
  free(p);
}

static gm_status take_sum(void *user, const gm_json *part, int64_t index, gm_status s)
{
  takings *t = user;
  int64_t v = 0;
  if (!s) s = gm__json_int(gm__json_find(gm__json_find(part, "resource"), "value"), &v);
  assert_int_equal(t->count, index);
  t->count++;
  t->sum += v;
  return s;
}

/* A bundle of 10^5 entries, some of them large, takes the memory of its largest entry: the peak is
 * that of a bundle of 100. */
static void parts__take_the_memory_of_one(void **state)
{
  (void)state;
  size_t peak[2];
  static char pad[300000];
  memset(pad, 'p', sizeof pad - 1);
  for (int32_t k = 0; k < 2; k++) {
    meter m = {0};
    gm_ctx *ctx = NULL;
    gm_ctx_options options = {.allocator = {meter_alloc, meter_free, &m}};
    gm_json_parts *parts;
    takings t = {0};
    char text[400];
    int64_t n = k ? 100000 : 100, bytes = 0;
    assert_int_equal(GM_OK, gm_ctx_new(&options, &ctx));
    assert_int_equal(GM_OK, gm__json_parts_new(ctx, NULL, entry_path, 1, take_sum, &t, &parts));
    gm_json_reader *r = gm__json_parts_reader(parts);
    gm_status s = gm__json_feed(r, "{\"entry\":[", 10);
    for (int64_t i = 0; i < n && !s; i++) {
      int length = snprintf(text, sizeof text,
                            "%s{\"fullUrl\":\"urn:uuid:%lld\",\"resource\":{\"resourceType\":"
                            "\"Observation\",\"value\":%lld,\"code\":{\"coding\":[{\"system\":"
                            "\"http://loinc.org\",\"code\":\"2345-7\"}]}},\"pad\":\"",
                            i ? "," : "", (long long)i, (long long)i);
      size_t padding = i % 50 ? (size_t)i % 100 : sizeof pad - 1;
      if (k && i > 2000) padding %= 1000;
      s = gm__json_feed(r, text, (size_t)length);
      if (!s) s = gm__json_feed(r, pad, padding);
      if (!s) s = gm__json_feed(r, "\"}", 2);
      bytes += length + (int64_t)padding + 2;
    }
    if (!s) s = gm__json_feed(r, "]}", 2);
    if (!s) s = gm__json_finish(r);
    if (s) fail_msg("%s", gm_message(ctx));
    assert_int_equal(n, t.count);
    assert_int_equal(n * (n - 1) / 2, t.sum);
    peak[k] = m.peak;
    print_message("%lld entries, %lld bytes: peak %zu bytes\n", (long long)n, (long long)bytes,
                  peak[k]);
    gm__json_parts_free(parts);
    gm_ctx_free(ctx);
    assert_true(m.now == 0);
  }
  assert_true(peak[1] <= peak[0]);
}

static gm_status take_none(void *user, const gm_json *part, int64_t index, gm_status s)
{
  (void)user;
  (void)part;
  (void)index;
  return s;
}

static gm_status trial_parts(gm_ctx *ctx, void *user)
{
  gm_json_parts *parts;
  char text[200];
  static char pad[200000];
  (void)user;
  memset(pad, 'p', sizeof pad);
  gm_status s = gm__json_parts_new(ctx, NULL, entry_path, 1, take_none, NULL, &parts);
  if (s) return s;
  gm_json_reader *r = gm__json_parts_reader(parts);
  s = gm__json_feed(r, "{\"entry\":[", 10);
  for (int32_t i = 0; i < 4 && !s; i++) {
    int n = snprintf(text, sizeof text, "%s{\"a\":[1,2,\"\\u00e9\"],\"pad\":\"", i ? "," : "");
    s = gm__json_feed(r, text, (size_t)n);
    if (!s) s = gm__json_feed(r, pad, i % 2 ? 10 : sizeof pad);
    if (!s) s = gm__json_feed(r, "\"}", 2);
  }
  if (!s) s = gm__json_feed(r, "]}", 2);
  if (!s) s = gm__json_finish(r);
  gm__json_parts_free(parts);
  return s;
}

static gm_status trial_tree(gm_ctx *ctx, void *user)
{
  static const char text[] =
      "{\"a\":1,\"b\":[{\"c\":\"\\u00e9\"},2],\"d\":1,\"e\":1,\"f\":1,\"g\":1,"
      "\"h\":1,\"i\":1,\"j\":1,\"k\":1,\"l\":1,\"m\":1,\"n\":1}";
  gm_arena *a;
  gm_json *root;
  (void)user;
  gm_status s = gm_arena_new(ctx, 64, &a);
  if (s) return s;
  s = gm__json_parse(ctx, a, NULL, text, sizeof text - 1, &root);
  gm_arena_free(a);
  return s;
}

/* Every allocation of trees and parts may fail: GM_ENOMEM and nothing left. */
static void memory__may_fail(void **state)
{
  (void)state;
  assert_true(fault_sweep("tree", trial_tree, NULL) > 10);
  assert_true(fault_sweep("parts", trial_parts, NULL) > 10);
}

/* ---- writing --------------------------------------------------------------------------------- */
/* What is read and written again is the same text, numbers to the last digit. */
static void write__gives_back_what_was_read(void **state)
{
  (void)state;
  static const char *const texts[] = {
      "6.30",
      "-0",
      "-0.0",
      "1E5",
      "1e+05",
      "0.1000000000000000055511151231257827",
      "123456789012345678901234567890",
      "[]",
      "{}",
      "[[],{},[{}],[0,[1,[2]]],3]",
      "null",
      "\"\\u0000\\u001f\\\"\\\\/\xC3\xA9\"",
      "{\"a\":{\"b\":[true,false,null]},\"c\\u0000d\":\"\",\"\":1}"};
  for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
    place p = place_new();
    gm_text t;
    gm_json_writer w;
    gm_text_init(&t, p.ctx);
    gm_json_write_begin(&w, &t, 0);
    gm__json_write_tree(&w, NULL, parse(p, NULL, texts[i]));
    assert_string_equal(texts[i], t.data);
    gm_text_free(&t);
    place_free(p);
  }
}

/* Pieces make the JSON they say; a number that is none makes the text fail. */
static void write__makes_json_of_pieces(void **state)
{
  (void)state;
  place p = place_new();
  gm_text t;
  gm_json_writer w;
  gm_text_init(&t, p.ctx);
  gm_json_write_begin(&w, &t, 1);
  gm_json_write_object(&w, NULL);
  gm_json_write_decimal(&w, "d", "6.30");
  gm_json_write_number(&w, "v", 0.1);
  gm_json_write_number(&w, "nan", 0.0 / 0.0);
  gm_json_write_text(&w, "t", "a\"\xFF\n");
  gm_json_write_text(&w, "none", NULL);
  gm_json_write_array(&w, "l");
  gm_json_write_int(&w, NULL, INT64_MIN);
  gm_json_write_bool(&w, NULL, true);
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
  assert_string_equal("{\n  \"d\": 6.30,\n  \"v\": 0.1,\n  \"nan\": null,\n"
                      "  \"t\": \"a\\\"\xEF\xBF\xBD\\u000a\",\n  \"none\": null,\n"
                      "  \"l\": [-9223372036854775808,true]\n}",
                      t.data);
  gm_text_free(&t);
  static const char *const bad[] = {"",   "-",   "01",  "1.",  ".5", "+1",
                                    "1e", "1e+", "0x1", "nan", "1 ", "1,2"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_text_init(&t, p.ctx);
    gm_json_write_begin(&w, &t, 0);
    gm_json_write_decimal(&w, NULL, bad[i]);
    assert_int_equal(GM_EINVAL, t.status);
    gm_text_free(&t);
  }
  place_free(p);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(tree__holds_what_was_written),
      cmocka_unit_test(tree__finds_keys),
      cmocka_unit_test(number__whole_is_exact),
      cmocka_unit_test(number__double_is_nearest),
      cmocka_unit_test(tree__is_bounded),
      cmocka_unit_test(parts__are_given_one_by_one),
      cmocka_unit_test(parts__take_the_memory_of_one),
      cmocka_unit_test(memory__may_fail),
      cmocka_unit_test(write__gives_back_what_was_read),
      cmocka_unit_test(write__makes_json_of_pieces),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
