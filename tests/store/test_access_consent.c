/* Bodies of consents: what is written is read back, what is wrong is refused by name.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/access.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;
static int64_t left, held; /* allocations until one fails; not freed yet */

static void *take(void *user, size_t bytes)
{
  (void)user;
  if (left-- == 0) return NULL;
  held++;
  return malloc(bytes);
}
static void give(void *user, void *p)
{
  (void)user;
  held--;
  free(p);
}

static uint64_t x = 2463534242u;
static int next(int n) /* xorshift64, Marsaglia 2003 */
{
  x ^= x << 13, x ^= x >> 7, x ^= x << 17;
  return (int)(x >> 33) % n;
}

/* ---- the round trip -------------------------------------------------------------------------- */
static const char *const actor[] = {"",
                                    "Ada Actor",
                                    "role:clinician",
                                    "role:insurer",
                                    "\"quoted\" \\ and\n\ttabbed",
                                    "\xc3\x84rztin \xe2\x82\xac \xf0\x9f\xa9\xba",
                                    "system|https://example.org/pump"};

static uint32_t random_set(uint32_t allowed)
{
  uint32_t set = (uint32_t)next(1 << 16) & allowed;
  return next(2) ? set : 0;
}

static gm_consent_rule random_rule(void)
{
  gm_consent_rule r = {.permit = next(2),
                       .uses = random_set(0xf), /* all but operation */
                       .kinds = random_set(0xfffe),
                       .classes = random_set(0x3f),
                       .actions = random_set(0xf), /* all but erase */
                       .actor = actor[next(7)]};
  double a = (next(2000000) - 1000000) * 1718.28182845, b = a + 0.125 + next(1000000) * 3.14159265;
  int way = next(4);
  r.from_s = way == 1 ? -INFINITY : way ? a : 0;
  r.to_s = way == 2 ? INFINITY : way ? b : 0;
  return r;
}

static bool same(const gm_consent_rule *a, const gm_consent_rule *b)
{
  return a->permit == b->permit && a->uses == b->uses && a->kinds == b->kinds &&
         a->classes == b->classes && a->actions == b->actions && !strcmp(a->actor, b->actor) &&
         a->from_s == b->from_s && a->to_s == b->to_s;
}

/* Any rule that can be said is read back as it was, to the last bit of its times. */
static void body__is_read_back(void **state)
{
  (void)state;
  gm_arena *memory = NULL;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &memory));
  for (int i = 0; i < 50000; i++) {
    gm_consent_rule r = random_rule(), back;
    gm_arena_mark mark = gm_arena_at(memory);
    gm_text t;
    gm_text_init(&t, ctx);
    assert_int_equal(GM_OK, gm_consent_body(ctx, &r, &t));
    if (gm_consent_read(ctx, t.data, t.bytes, memory, &back))
      fail_msg("%s: %s", t.data, gm_message(ctx));
    if (!same(&r, &back)) fail_msg("%s is read as another rule", t.data);
    gm_text_free(&t);
    gm_arena_back(memory, mark);
  }
  gm_arena_free(memory);
}

/* The words are those of a FHIR Consent's provision, as the page has them. */
static void body__has_the_words_of_the_page(void **state)
{
  (void)state;
  gm_consent_rule r = {.permit = true,
                       .uses = 1u << GM_USE_CARE | 1u << GM_USE_TRAINING,
                       .kinds = 1u << GM_RECORD_OBSERVATION | 1u << GM_RECORD_GIVEN,
                       .classes = 1u << GM_CLASS_CLINICAL | 1u << GM_CLASS_DEVICE,
                       .actions = 1u << GM_ACT_READ | 1u << GM_ACT_ADD,
                       .actor = "role:clinician",
                       .from_s = 1767225600,
                       .to_s = 1798761600},
                  back;
  const char *page =
      "{\"type\": \"permit\", \"purpose\": [\"care\", \"model-training\"], \"kind\": "
      "[\"observation\", \"given\"],\n \"class\": [\"clinical\", \"device\"], "
      "\"action\": [\"read\", \"add\"], \"actor\": \"role:clinician\",\n \"period\": "
      "{\"start\": 1767225600, \"end\": 1798761600}}";
  char *text = NULL;
  size_t bytes = 0;
  gm_arena *memory = NULL;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &memory));
  assert_int_equal(GM_OK, gm_file_read(ctx, "docs/access.md", 1 << 20, &text, &bytes));
  assert_non_null(strstr(text, page));
  assert_int_equal(GM_OK, gm_consent_read(ctx, page, strlen(page), memory, &back));
  assert_true(same(&r, &back));
  gm_consent_rule deny = {.actor = ""};
  gm_text t;
  gm_text_init(&t, ctx);
  assert_int_equal(GM_OK, gm_consent_body(ctx, &deny, &t));
  assert_string_equal("{\"type\":\"deny\"}", t.data);
  gm_text_free(&t);
  gm_free(text);
  gm_arena_free(memory);
}

/* ---- refusals -------------------------------------------------------------------------------- */
#define SECRET "Zacharias"
static const struct {
  const char *body, *expected;
} bad[] = {{"", "EOF"},
           {"null", "object"},
           {"[]", "object"},
           {"{}", "type"},
           {"{\"type\":\"allow\"}", "permit or deny"},
           {"{\"type\":true}", "permit or deny"},
           {"{\"type\":\"permit\\u0000\"}", "permit or deny"},
           {"{\"type\":\"Permit\"}", "permit or deny"},
           {"{\"type\":\"permit\",\"type\":\"deny\"}", "twice"},
           {"{\"type\":\"permit\",\"purposes\":[\"care\"]}", "not known"},
           {"{\"type\":\"permit\",\"purpose\\u0000x\":[\"care\"]}", "not known"},
           {"{\"type\":\"permit\",\"" SECRET "\":1}", "not known"},
           {"{\"type\":\"permit\",\"purpose\":[]}", "at least one"},
           {"{\"type\":\"permit\",\"purpose\":null}", "at least one"},
           {"{\"type\":\"permit\",\"purpose\":\"care\"}", "list"},
           {"{\"type\":\"permit\",\"purpose\":[\"" SECRET "\"]}", "one of the names"},
           {"{\"type\":\"permit\",\"purpose\":[\"operation\"]}", "one of the names"},
           {"{\"type\":\"permit\",\"purpose\":[\"care\\u0000\"]}", "one of the names"},
           {"{\"type\":\"permit\",\"purpose\":[0]}", "one of the names"},
           {"{\"type\":\"permit\",\"purpose\":[\"care\",\"care\"]}", "twice"},
           {"{\"type\":\"permit\",\"kind\":[\"observations\"]}", "kind[0]"},
           {"{\"type\":\"permit\",\"class\":[\"clinical\",\"secret\"]}", "class[1]"},
           {"{\"type\":\"permit\",\"action\":[\"erase\"]}", "action[0]"},
           {"{\"type\":\"permit\",\"actor\":\"\"}", "actor"},
           {"{\"type\":\"permit\",\"actor\":[\"" SECRET "\"]}", "actor"},
           {"{\"type\":\"permit\",\"actor\":\"role:" SECRET "\"}", "roles"},
           {"{\"type\":\"permit\",\"actor\":\"a\\u0000b\"}", "actor"},
           {"{\"type\":\"permit\",\"period\":{}}", "start, end"},
           {"{\"type\":\"permit\",\"period\":[1,2]}", "start, end"},
           {"{\"type\":\"permit\",\"period\":{\"from\":1}}", "not known"},
           {"{\"type\":\"permit\",\"period\":{\"start\":\"2026-01-01\"}}", "Unix seconds"},
           {"{\"type\":\"permit\",\"period\":{\"start\":null}}", "Unix seconds"},
           {"{\"type\":\"permit\",\"period\":{\"start\":2,\"end\":1}}", "before the end"},
           {"{\"type\":\"permit\",\"period\":{\"start\":1,\"end\":1}}", "before the end"},
           {"{\"type\":\"permit\",\"period\":{\"start\":0,\"end\":0}}", "before the end"},
           {"{\"type\":\"permit\",\"period\":{\"start\":5e9999}}", "doubles"},
           {"{\"type\":\"permit\"} x", ""},
           {"{\"type\":\"permit\",\"actor\":\"\xff\"}", ""},
           {"{\"type\":[[[[[[\"permit\"]]]]]]}", ""}};

/* What is wrong is refused with what was expected and where, and nothing of the body is quoted. */
static void read__says_what_was_expected(void **state)
{
  (void)state;
  gm_arena *memory = NULL;
  gm_consent_rule untouched = {.uses = 77}, r = untouched;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &memory));
  for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
    gm_status st = gm_consent_read(ctx, bad[i].body, strlen(bad[i].body), memory, &r);
    if (st != GM_EPARSE || !strstr(gm_message(ctx), bad[i].expected))
      fail_msg("%s: %s: %s", bad[i].body, gm_status_name(st), gm_message(ctx));
    if (strstr(gm_message(ctx), SECRET)) fail_msg("quotes: %s", gm_message(ctx));
    assert_memory_equal(&untouched, &r, sizeof r);
  }
  char *large = malloc(1 << 20);
  memset(large, ' ', 1 << 20);
  assert_int_equal(GM_EPARSE, gm_consent_read(ctx, large, 1 << 20, memory, &r));
  memcpy(large, "{\"type\":\"deny\",\"actor\":\"", 24);
  memset(large + 24, 'a', 201);
  memcpy(large + 225, "\"}", 2);
  assert_int_equal(GM_EPARSE, gm_consent_read(ctx, large, 227, memory, &r));
  assert_non_null(strstr(gm_message(ctx), "200"));
  free(large);
  gm_arena_free(memory);
}

/* A rule that says nothing, or what no consent can say, is not written. */
static void body__refuses_what_cannot_be_said(void **state)
{
  (void)state;
  static char long_name[202];
  memset(long_name, 'a', 201);
  gm_consent_rule c[] = {{.actor = long_name},
                         {.actor = "role:"},
                         {.actor = "role:doctor"},
                         {.actor = "\xc3"},
                         {.uses = 1u << GM_USE_OPERATION, .actor = ""},
                         {.uses = 1u << GM_USE_COUNT, .actor = ""},
                         {.kinds = 1, .actor = ""},
                         {.kinds = 1u << GM_RECORD_KIND_COUNT, .actor = ""},
                         {.classes = 1u << GM_CLASS_COUNT, .actor = ""},
                         {.actions = 1u << GM_ACT_ERASE, .actor = ""},
                         {.actions = 1u << 31, .actor = ""},
                         {.from_s = 5, .actor = ""}, /* ends in 1970 */
                         {.from_s = 5, .to_s = 5, .actor = ""},
                         {.from_s = NAN, .to_s = 5, .actor = ""},
                         {.from_s = 5, .to_s = NAN, .actor = ""}};
  for (size_t i = 0; i < sizeof c / sizeof c[0]; i++) {
    gm_text t;
    gm_text_init(&t, ctx);
    if (gm_consent_body(ctx, &c[i], &t) != GM_EINVAL) fail_msg("rule %d was written", (int)i);
    assert_int_equal(0, t.bytes);
    gm_text_free(&t);
  }
}

/* ---- damage ---------------------------------------------------------------------------------- */
/* Whatever bytes of a body are changed, it is refused or is a rule that can be written again; and
 * the reader never reads beyond it (seen by the sanitizers). */
static void read__survives_damage(void **state)
{
  (void)state;
  gm_arena *memory = NULL;
  int read = 0;
  assert_int_equal(GM_OK, gm_arena_new(ctx, 0, &memory));
  for (int i = 0; i < 40000; i++) {
    gm_consent_rule r = random_rule(), back;
    gm_arena_mark mark = gm_arena_at(memory);
    gm_text t, again;
    gm_text_init(&t, ctx);
    gm_text_init(&again, ctx);
    assert_int_equal(GM_OK, gm_consent_body(ctx, &r, &t));
    size_t bytes = next(3) ? t.bytes : (size_t)next((int)t.bytes);
    char *exact = malloc(bytes + 1);
    memcpy(exact, t.data, bytes);
    for (int k = 0; k < 1 + next(3) && bytes; k++)
      exact[next((int)bytes)] = next(2) ? (char)next(256) : "\"{}[],:0e"[next(9)];
    exact = realloc(exact, bytes ? bytes : 1);
    gm_status st = gm_consent_read(ctx, exact, bytes, memory, &back);
    if (st && st != GM_EPARSE) fail_msg("%s", gm_status_name(st));
    if (!st) assert_int_equal(GM_OK, gm_consent_body(ctx, &back, &again));
    read += !st;
    free(exact);
    gm_text_free(&t);
    gm_text_free(&again);
    gm_arena_back(memory, mark);
  }
  print_message("%d of 40000 damaged bodies still were rules\n", read);
  gm_arena_free(memory);
}

/* Whichever allocation fails, reading and writing say so and keep nothing. */
static void memory__that_is_short_is_said(void **state)
{
  (void)state;
  const char *body = "{\"type\":\"permit\",\"purpose\":[\"care\"],\"actor\":\"Ada\"}";
  gm_ctx *small = NULL;
  gm_ctx_options o = {.allocator = {take, give, NULL}};
  left = -1;
  assert_int_equal(GM_OK, gm_ctx_new(&o, &small));
  gm_arena *memory = NULL;
  assert_int_equal(GM_OK, gm_arena_new(small, 0, &memory));
  gm_status st = GM_ENOMEM;
  int64_t before = held;
  int64_t n = 0;
  for (; st == GM_ENOMEM && n < 200; n++) {
    gm_consent_rule r;
    left = n;
    st = gm_consent_read(small, body, strlen(body), memory, &r);
    assert_int_equal(before, held);
  }
  assert_int_equal(GM_OK, st);
  assert_true(n > 3);
  gm_consent_rule r = {.actor = "Ada"};
  gm_text t;
  gm_text_init(&t, small);
  left = 0;
  assert_int_equal(GM_ENOMEM, gm_consent_body(small, &r, &t));
  gm_text_free(&t);
  left = -1;
  gm_arena_free(memory);
  gm_ctx_free(small);
  assert_int_equal(0, held);
}

static int begin(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}
static int end(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(body__is_read_back),
                                     cmocka_unit_test(body__has_the_words_of_the_page),
                                     cmocka_unit_test(read__says_what_was_expected),
                                     cmocka_unit_test(body__refuses_what_cannot_be_said),
                                     cmocka_unit_test(read__survives_damage),
                                     cmocka_unit_test(memory__that_is_short_is_said)};
  return cmocka_run_group_tests_name("access_consent", tests, begin, end);
}
