/* The token stream of JSON: the grammar, UTF-8, limits, places in messages, memory.
 * label: quick */
#include "base/json.h"
#include "base/json_keys.h"
#include "base/json_tree.h"
#include "support/data.h"
#include "support/fault.h"
#include <dirent.h>
#include <malloc.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* An allocator that knows how many bytes are out. */
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

static gm_ctx *meter_ctx(meter *m)
{
  gm_ctx *ctx = NULL;
  gm_ctx_options o = {.allocator = {meter_alloc, meter_free, m}};
  *m = (meter){0};
  assert_int_equal(GM_OK, gm_ctx_new(&o, &ctx));
  return ctx;
}

static gm_ctx *plain_ctx(void)
{
  gm_ctx *ctx = NULL;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &ctx));
  return ctx;
}

/* Tokens as one line: the form "{k(a)n(1)}". */
static gm_status note(void *user, const gm_json_event *e)
{
  static const char mark[] = "zftns[{k]}L";
  gm_text *t = user;
  gm_text_addn(t, &mark[e->token], 1);
  if (e->token == GM_JSON_KEY || e->token == GM_JSON_TEXT || e->token == GM_JSON_NUMBER) {
    gm_text_add(t, "(");
    gm_text_addn(t, e->text, e->bytes);
    gm_text_add(t, ")");
  }
  if (e->token == GM_JSON_LINE_END) gm_text_addf(t, "%d", (int)e->status);
  return t->status;
}

/* Feeds n bytes with a cut at one place. */
static gm_status read_cut(gm_ctx *ctx, const gm_json_options *o, const char *text, size_t n,
                          size_t cut, gm_text *t)
{
  gm_json_reader *r;
  gm_status s = gm__json_reader_new(ctx, o, note, t, &r);
  if (s) return s;
  s = gm__json_feed(r, text, cut);
  if (!s) s = gm__json_feed(r, text + cut, n - cut);
  if (!s) s = gm__json_finish(r);
  gm__json_reader_free(r);
  return s;
}

static void expect_tokens(const gm_json_options *o, const char *text, const char *tokens)
{
  gm_ctx *ctx = plain_ctx();
  size_t n = strlen(text);
  for (size_t cut = 0; cut <= n; cut++) {
    gm_text t;
    gm_text_init(&t, ctx);
    if (read_cut(ctx, o, text, n, cut, &t)) fail_msg("%s: %s", text, gm_message(ctx));
    assert_string_equal(tokens, t.data);
    gm_text_free(&t);
  }
  gm_ctx_free(ctx);
}

static void expect_refused(const gm_json_options *o, const char *text, size_t n, gm_status want,
                           const char *message)
{
  gm_ctx *ctx = plain_ctx();
  for (size_t cut = 0; cut <= n; cut++) {
    gm_text t;
    gm_text_init(&t, ctx);
    gm_status s = read_cut(ctx, o, text, n, cut, &t);
    if (s != want || (message && strcmp(message, gm_message(ctx)) != 0))
      fail_msg("cut at %zu: %s, \"%s\"; expected \"%s\"", cut, gm_status_name(s), gm_message(ctx),
               message ? message : gm_status_name(want));
    gm_text_free(&t);
  }
  gm_ctx_free(ctx);
}

/* The two words of the published vectors (Aumasson and Bernstein 2012, appendix A: key 00..0f,
 * message 00..0e) and of its reference code (vectors.h: the empty message). */
static void hash__is_siphash(void **state)
{
  (void)state;
  const uint64_t key[2] = {0x0706050403020100u, 0x0f0e0d0c0b0a0908u};
  unsigned char m[15];
  for (int32_t i = 0; i < 15; i++) m[i] = (unsigned char)i;
  assert_true(gm__json_hash(key, m, 15) == 0xa129ca6149be45e5u);
  assert_true(gm__json_hash(key, m, 0) == 0x726fdb47dd0e0e31u);
}

/* Tokens come in order, numbers as written and escapes resolved, wherever the input is cut. */
static void stream__gives_tokens(void **state)
{
  (void)state;
  expect_tokens(NULL, " {\"a\" : [1, -2.50e+03, true,false,null, {}, []],\n\"b\":\"x\"}\r\n",
                "{k(a)[n(1)n(-2.50e+03)tfz{}[]]k(b)s(x)}");
  expect_tokens(NULL, "6.30", "n(6.30)");
  expect_tokens(NULL, "\"\\u00e9\\ud834\\udd1e\\n\\\\\\\"\\/\"",
                "s(\xC3\xA9\xF0\x9D\x84\x9E\n\\\"/)");
  expect_tokens(NULL, "[\"\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\"]",
                "[s(\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E)]");
  expect_tokens(NULL, "\xEF\xBB\xBF{}", "{}");
  expect_tokens(NULL, "{\"a\":{\"a\":{\"a\":0}},\"b\":[{\"a\":1},{\"a\":1}]}",
                "{k(a){k(a){k(a)n(0)}}k(b)[{k(a)n(1)}{k(a)n(1)}]}");
}

/* What is wrong is named with its place, the same wherever the input is cut. */
static void stream__says_where(void **state)
{
  (void)state;
  const gm_json_options o = {.name = "f", .root = "Bundle"};
#define REFUSED(text, status, message)                                                             \
  expect_refused(&o, text, sizeof text - 1, status, "f:" message)
  REFUSED("{\"a\": 1,\n \"entry\": [0, {\"b\": 1, \"b\": 2}]}", GM_EPARSE,
          "2:26: Bundle.entry[1].b: key \"b\" twice in one object");
  REFUSED("[1]\n 2", GM_EPARSE, "2:2: Bundle: parse error: trailing garbage");
  REFUSED("{\"a\":\n\"\\ud834\"}", GM_EPARSE,
          "2:8: Bundle.a: half of a surrogate pair; \\u escapes of characters expected");
  REFUSED("[\"\xC3\"]", GM_EPARSE, "1:3: Bundle: a byte that is not UTF-8");
  REFUSED("[\f1]", GM_EPARSE, "1:2: Bundle: a control character between values");
  REFUSED("[1] \"a", GM_EPARSE, "1:7: Bundle: the input ends within a value");
#undef REFUSED
}

/* Every way in which UTF-8 can be broken (RFC 3629) is refused at every place of a cut, in texts
 * and in keys; so are halves of pairs. */
static void stream__takes_only_utf8(void **state)
{
  (void)state;
  static const char *const bad[] = {"\x80",
                                    "\xBF",
                                    "\xC0\x80",
                                    "\xC1\xBF",
                                    "\xC3",
                                    "\xE0\x80\x80",
                                    "\xE2\x82",
                                    "\xED\xA0\x80",
                                    "\xED\xBF\xBF",
                                    "\xF0\x80\x80\x80",
                                    "\xF0\x9D\x84",
                                    "\xF4\x90\x80\x80",
                                    "\xF5\x80\x80\x80",
                                    "\xFF",
                                    "\xFE",
                                    "\xC3(",
                                    "\xE2(\xA1",
                                    "\xF0\x9D(\x9E",
                                    "\\uD834",
                                    "\\uDD1E",
                                    "\\uD834x",
                                    "\\uD834\\n",
                                    "\\uD834\\u0041",
                                    "\\uD834\\uD834\\uDD1E"};
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    char text[64];
    for (int32_t form = 0; form < 4; form++) {
      static const char *const forms[][2] = {
          {"[\"", "\"]"}, {"{\"ab", "\":1}"}, {"{\"a\":\"", " cd\"}"}, {"\"", ""}};
      int n = snprintf(text, sizeof text, "%s%s%s", forms[form][0], bad[i], forms[form][1]);
      expect_refused(NULL, text, (size_t)n, GM_EPARSE, NULL);
    }
  }
}

/* Limits hold exactly: what reaches them is read, one more is refused. */
static void stream__keeps_limits(void **state)
{
  (void)state;
  const gm_json_options o = {.name = "f",
                             .depth_max = 2,
                             .string_bytes_max = 5,
                             .number_bytes_max = 4,
                             .key_count_max = 3,
                             .key_bytes_max = 6};
#define REFUSED(text, message) expect_refused(&o, text, sizeof text - 1, GM_ERANGE, "f:" message)
  expect_tokens(&o, "[[1234,\"12345\"],[]]", "[[n(1234)s(12345)][]]");
  expect_tokens(&o, "[{\"ab\":1,\"cd\":2,\"ef\":3},{\"gh\":1}]",
                "[{k(ab)n(1)k(cd)n(2)k(ef)n(3)}{k(gh)n(1)}]");
  REFUSED("[[[]]]", "1:3: [0][0]: nested deeper than 2");
  REFUSED("[\"123456\"]", "1:8: a string of more than 5 bytes");
  REFUSED("[\"1234\xC3\xA9\"]", "1:7: a string of more than 5 bytes");
  REFUSED("[\"12\\u0041\"]", "1:8: a string of more than 5 bytes");
  REFUSED("[12345]", "1:6: a number of more than 4 bytes");
  REFUSED("{\"a\":1,\"b\":{\"c\":1,\"d\":1}}",
          "1:21: b.c: more than 3 keys, or 6 bytes of keys, in open objects");
  REFUSED("{\"abc\":1,\"defg\":1}",
          "1:15: abc: more than 3 keys, or 6 bytes of keys, in open objects");
#undef REFUSED
  const gm_json_options tokens = {.name = "f", .token_count_max = 4};
  expect_tokens(&tokens, "[1,2]", "[n(1)n(2)]");
  expect_refused(&tokens, "[1,2,3]", 7, GM_ERANGE, "f:1:7: more than 4 tokens");
}

/* In lines a refused line costs no other one. */
static void lines__are_read_one_by_one(void **state)
{
  (void)state;
  const gm_json_options o = {.lines = true};
  char want[64];
  snprintf(want, sizeof want, "{k(a)n(1)}L0[L%dn(12)L0{}L%ds(x)L0", GM_EPARSE, GM_EPARSE);
  expect_tokens(&o, "{\"a\":1}\n\n \r\n[\"\n12\r\n{}{}\n\"x\"", want);
  snprintf(want, sizeof want, "[n(1)L%dL%d{k(b)L%d[]L0", GM_EPARSE, GM_EPARSE, GM_EPARSE);
  expect_tokens(&o, "[1\n\"\xC3\n{\"b\":tru e}\n[]\n", want);
}

/* 10^5 keys in one object are held and told apart, and the last of them twice is found. */
static void keys__are_told_apart(void **state)
{
  (void)state;
  enum { N = 99999 };
  gm_ctx *ctx = plain_ctx();
  gm_text t;
  gm_json_reader *r;
  gm_text_init(&t, ctx);
  for (int32_t i = 0; i < N; i++) gm_text_addf(&t, "%s\"k%d\":{\"k0\":1}", i ? "," : "{", (int)i);
  for (int32_t twice = 0; twice < 2; twice++) {
    assert_int_equal(GM_OK, gm__json_reader_new(ctx, NULL, NULL, NULL, &r));
    assert_int_equal(GM_OK, gm__json_feed(r, t.data, t.bytes));
    gm_status s = gm__json_feed(r, twice ? ",\"k99998\":1}" : "}", twice ? 12 : 1);
    if (!s) s = gm__json_finish(r);
    assert_int_equal(twice ? GM_EPARSE : GM_OK, s);
    gm__json_reader_free(r);
  }
  assert_non_null(strstr(gm_message(ctx), "k99998: key \"k99998\" twice in one object"));
  gm_text_free(&t);
  gm_ctx_free(ctx);
}

/* A string of 1 GB is refused with no more memory than the limit of strings asks for; so are
 * 1 GB of digits and of open brackets, and 128 MB of spaces behind a number that has no end. */
static void memory__is_bounded(void **state)
{
  (void)state;
  enum { CHUNK = 1 << 20 };
  static char chunk[CHUNK];
  static const struct {
    const char *first;
    char fill;
    gm_status want;
    size_t peak_max;
    int32_t chunks;
  } cases[] = {{"[\"", 'x', GM_ERANGE, (size_t)64 << 20, 1024},
               {"[1", '1', GM_ERANGE, 200000, 1024},
               {"[1", ' ', GM_EPARSE, 200000, 128},
               {"[", '[', GM_ERANGE, 200000, 1024}};
  for (size_t k = 0; k < sizeof cases / sizeof cases[0]; k++) {
    meter m;
    gm_ctx *ctx = meter_ctx(&m);
    gm_json_reader *r;
    memset(chunk, cases[k].fill, CHUNK);
    assert_int_equal(GM_OK, gm__json_reader_new(ctx, NULL, NULL, NULL, &r));
    gm_status s = gm__json_feed(r, cases[k].first, strlen(cases[k].first));
    for (int32_t i = 0; i < cases[k].chunks && !s; i++) s = gm__json_feed(r, chunk, CHUNK);
    if (!s) s = gm__json_finish(r);
    assert_int_equal(cases[k].want, s);
    assert_true(gm_message(ctx)[0] != 0);
    assert_true(m.peak < cases[k].peak_max);
    print_message("%d MiB of '%c': peak %zu bytes\n", (int)cases[k].chunks, cases[k].fill, m.peak);
    gm__json_reader_free(r);
    gm_ctx_free(ctx);
    assert_true(m.now == 0);
  }
}

/* JSONTestSuite (N. Seriot, MIT): y_ is read, n_ is not. Two y_ files have a key twice, which
 * is refused here on purpose. */
static void suite__is_answered(void **state)
{
  (void)state;
  char folder[1000], path[2000];
  int32_t count[3] = {0};
  gm_ctx *ctx = plain_ctx();
  if (!data_path("platform/json-parsing", folder, sizeof folder)) {
    data_skip("JSONTestSuite", 283);
    gm_ctx_free(ctx);
    return;
  }
  DIR *d = opendir(folder);
  for (struct dirent *e = d ? readdir(d) : NULL; e; e = readdir(d)) {
    size_t n, length = strlen(e->d_name);
    char *data, kind = e->d_name[0];
    if (length < 6 || strcmp(e->d_name + length - 5, ".json") != 0) continue;
    snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
    if (gm_file_read(ctx, path, 1 << 24, &data, &n)) fail_msg("%s", gm_message(ctx));
    for (size_t cut = 0; cut <= n; cut += n > 400 ? n / 7 + 1 : 1) {
      gm_text t;
      gm_text_init(&t, ctx);
      gm_status s = read_cut(ctx, NULL, data, n, cut, &t);
      bool twice = strncmp(e->d_name, "y_object_duplicated_key", 23) == 0;
      if ((kind == 'y' && !twice && s) || ((kind == 'n' || twice) && !s))
        fail_msg("%s: %s", e->d_name, s ? gm_message(ctx) : "read");
      gm_text_free(&t);
    }
    count[kind == 'y' ? 0 : kind == 'n' ? 1 : 2]++;
    gm_free(data);
  }
  if (d) closedir(d);
  assert_int_equal(95, count[0]);
  assert_int_equal(186, count[1]);
  print_message("JSONTestSuite: %d read, %d refused, %d free\n", (int)count[0], (int)count[1],
                (int)count[2]);
  gm_ctx_free(ctx);
}

static gm_status trial(gm_ctx *ctx, void *user)
{
  const gm_json_options *o = user;
  gm_json_reader *r;
  char text[400];
  gm_status s = gm__json_reader_new(ctx, o, NULL, NULL, &r);
  for (int32_t i = 0; i < 80 && !s; i++) {
    int n = snprintf(text, sizeof text, "%s\"a%d\":{\"b\":\"\\u00e9 long enough\"}%s",
                     i ? "," : "{", (int)i, i == 79 ? "}" : "");
    s = gm__json_feed(r, text, (size_t)n / 2);
    if (!s) s = gm__json_feed(r, text + n / 2, (size_t)(n - n / 2));
    if (i == 79 && !s) s = gm__json_finish(r);
    if (s || i == 79) gm__json_reader_free(r);
  }
  return s;
}

/* Two files of that suite are too long to be kept: 100,000 times [ and 50,000 times [{"":. */
static void suite__deep_nesting_is_refused(void **state)
{
  (void)state;
  static const char *const unit[] = {"[", "[{\"\":"};
  for (int32_t k = 0; k < 2; k++) {
    gm_ctx *ctx = plain_ctx();
    gm_text t;
    gm_json_reader *r;
    gm_text_init(&t, ctx);
    for (int32_t i = 0; i < (k ? 50000 : 100000); i++) gm_text_add(&t, unit[k]);
    assert_int_equal(GM_OK, gm__json_reader_new(ctx, NULL, NULL, NULL, &r));
    assert_int_equal(GM_ERANGE, gm__json_feed(r, t.data, t.bytes));
    assert_non_null(strstr(gm_message(ctx), "nested deeper than 100"));
    gm__json_reader_free(r);
    gm_text_free(&t);
    gm_ctx_free(ctx);
  }
}

/* Every allocation of the reader, yajl's among them, may fail: GM_ENOMEM and nothing left. */
static void memory__may_fail(void **state)
{
  (void)state;
  gm_json_options o = {.lines = false}, lines = {.lines = true};
  assert_true(fault_sweep("reader", trial, &o) > 10);
  assert_true(fault_sweep("lines", trial, &lines) > 10);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(hash__is_siphash),
      cmocka_unit_test(stream__gives_tokens),
      cmocka_unit_test(stream__says_where),
      cmocka_unit_test(stream__takes_only_utf8),
      cmocka_unit_test(stream__keeps_limits),
      cmocka_unit_test(lines__are_read_one_by_one),
      cmocka_unit_test(keys__are_told_apart),
      cmocka_unit_test(memory__is_bounded),
      cmocka_unit_test(suite__is_answered),
      cmocka_unit_test(memory__may_fail),
      cmocka_unit_test(suite__deep_nesting_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
