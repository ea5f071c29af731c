/* test_definition_yaml.c - the YAML under a definition: its tree and lines; what is hostile ends
 * with a message; the published schema and the reader know the same keys.
 * label: quick */
#include "twin/test_definition_case.h"
#include "base/number.h"
#include "support/fault.h"
#include "twin/definition_internal.h"
#include <locale.h>
#include <math.h>
#include <time.h>

/* ---- the tree -------------------------------------------------------------------------------- */
static gm_arena *arena;

static gm_yaml *tree(const char *text)
{
  gm_yaml *root = NULL;
  if (gm__yaml_parse(ctx, arena, "t", text, strlen(text), &root)) fail_msg("%s", gm_message(ctx));
  return root;
}

static int make_arena(void **state)
{
  (void)state;
  return gm_arena_new(ctx, 0, &arena) ? -1 : 0;
}

static int drop_arena(void **state)
{
  (void)state;
  gm_arena_free(arena);
  return 0;
}

/* Blocks, flows, quotes and folded texts give the same tree; lines are those of the keys. */
static void yaml__tree_and_lines(void **state)
{
  (void)state;
  gm_yaml *r = tree("# head\na: 1\nb:\n  - x\n  - {c: 'q', \"d\": \"e\\tf\"}\nlong: >\n  two\n"
                    "  lines\nempty:\nnothing: ~\nsaid: \"\"\n");
  assert_int_equal(GM_YAML_MAP, r->kind);
  assert_int_equal(6, r->count);
  gm_yaml *a = gm__yaml_find(r, "a"), *b = gm__yaml_find(r, "b");
  assert_string_equal("1", a->text);
  assert_int_equal(2, a->line);
  assert_int_equal(GM_YAML_LIST, b->kind);
  assert_int_equal(3, b->line);
  assert_int_equal(4, b->first->line);
  gm_yaml *d = gm__yaml_find(b->last, "d");
  assert_string_equal("e\tf", d->text);
  assert_true(d->quoted && !a->quoted);
  char path[100];
  assert_string_equal("b[2].d", gm__yaml_path(d, path, sizeof path));
  assert_string_equal("two lines\n", gm__yaml_find(r, "long")->text);
  assert_true(gm__yaml_is_null(gm__yaml_find(r, "empty")));
  assert_true(gm__yaml_is_null(gm__yaml_find(r, "nothing")));
  assert_false(gm__yaml_is_null(gm__yaml_find(r, "said")));
  assert_null(gm__yaml_find(r, "A"));
  assert_null(gm__yaml_find(a, "a"));
}

/* A byte order mark and lines that end in CR LF change nothing. */
static void yaml__marks_and_line_ends(void **state)
{
  (void)state;
  gm_yaml *r = tree("\xEF\xBB\xBF"
                    "a: 1\r\nb: \xC2\xB5g\r\n");
  assert_string_equal("1", gm__yaml_find(r, "a")->text);
  assert_string_equal("\xC2\xB5g", gm__yaml_find(r, "b")->text);
  assert_int_equal(2, gm__yaml_find(r, "b")->line);
}

/* What is refused says so with its line. */
static void yaml__refusals(void **state)
{
  (void)state;
  static const struct {
    const char *text, *message;
    gm_status status;
  } w[] = {
      {"", "t:1: the file is empty", GM_EPARSE},
      {"# only a comment\n", "t:1: the file is empty", GM_EPARSE},
      {"a: 1\nb: 2\na: 3\n", "t:3: a: the same key again; the first is in line 1", GM_EPARSE},
      {"x:\n  {a: 1, \"a\": 2}\n", "t:2: x.a: the same key again; the first is in line 2",
       GM_EPARSE},
      {"a: &b [1]\nc: *b\n", "t:1: an anchor (&name) is not supported", GM_EPARSE},
      {"a: 1\nc: *b\n", "t:2: an alias (*name); write the value out", GM_EPARSE},
      {"a: !!int 1\n", "t:1: a tag (!name) is not supported", GM_EPARSE},
      {"a: 1\n--- \nb: 2\n", "t:2: a second document; one was expected", GM_EPARSE},
      {"? [a, b]\n: 1\n", "t:1: a map or list as a key; a plain key was expected", GM_EPARSE},
      {"? {a: b}\n: 1\n", "t:1: a map or list as a key; a plain key was expected", GM_EPARSE},
      {"\"\": 1\n", "t:1: an empty key", GM_EPARSE},
      {"a: 1\nb: \"\\0\"\n", "t:2: a text holds a control character", GM_EPARSE},
      {"a: 1\nb: \x01\n", "t:2: byte 1 is a control character; a YAML text was expected",
       GM_EPARSE},
      {"a: \xFF\n", "t:1: byte 255 is not UTF-8", GM_EPARSE},
      {"a: \xC0\x80\n", "t:1: byte 192 is not UTF-8", GM_EPARSE},
      {"a: \xED\xA0\x80\n", "t:1: byte 237 is not UTF-8", GM_EPARSE},
      {"a: [1, 2\nb: 3\n", "t:", GM_EPARSE},
      {"a: 1\n\tb: 2\n", "t:1: not YAML: ", GM_EPARSE},
      {"a: 1\nb: ''''''''\n", "t:2: more than 6 ' in a row", GM_EPARSE},
      {"a: 'open\n", "t:", GM_EPARSE},
      {"a: 1\n b: 2\n", "t:", GM_EPARSE},
      {"%YAML 9.9\n---\na: 1\n", "t:1: not YAML", GM_EPARSE},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    gm_yaml *root = NULL;
    gm_status s = gm__yaml_parse(ctx, arena, "t", w[i].text, strlen(w[i].text), &root);
    if (s != w[i].status || strncmp(gm_message(ctx), w[i].message, strlen(w[i].message)) != 0)
      fail_msg("%s\n  gave %s \"%s\", expected \"%s\"", w[i].text, gm_status_name(s),
               gm_message(ctx), w[i].message);
    assert_null(root);
  }
}

/* Numbers as YAML's core schema writes them, whatever the locale: value and bytes used. */
static void yaml__numbers(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    int32_t used;
    double value;
  } w[] = {
      {"0", 1, 0},      {"7.5", 3, 7.5},   {"-1e-3", 5, -0.001},
      {"+.5", 3, 0.5},  {"5.", 2, 5},      {"24 h", 2, 24},
      {"1e5x", 3, 1e5}, {"5 e3", 1, 5},    {"5eq", 1, 5},
      {"0x10", 1, 0},   {"1,5", 1, 1},     {".", 0, 0},
      {"-", 0, 0},      {"", 0, 0},        {".inf", 0, 0},
      {"nan", 0, 0},    {"inf", 0, 0},     {"e5", 0, 0},
      {"1e400", -1, 0}, {"-1e999", -1, 0}, {"4.9e-324", 8, 4.9e-324},
      {"1e-999", 6, 0},
  };
  setlocale(LC_NUMERIC, "de_DE.UTF-8"); /* where it is there, its decimal sign is a comma */
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    double v = 0;
    assert_int_equal(w[i].used, gm__number_begin(w[i].text, &v));
    assert_true(v == w[i].value);
  }
  setlocale(LC_NUMERIC, "C");
  char many[600];
  memset(many, '1', sizeof many - 1);
  many[sizeof many - 1] = 0;
  double v = 0;
  assert_int_equal(-1, gm__number_begin(many, &v));
}

/* ---- hostile files --------------------------------------------------------------------------- */
enum { MEGABYTE = 1 << 20 };

/* Reads a text of a definition that must be refused; says how long it took. */
static void refused(const char *what, const char *text, size_t bytes, gm_status expected)
{
  gm_definition *d = NULL;
  clock_t begin = clock();
  gm_status s = case_read_bytes(text, bytes, &d);
  double took_s = (double)(clock() - begin) / CLOCKS_PER_SEC;
  assert_null(d);
  if (s == GM_OK || (expected && s != expected))
    fail_msg("%s: %s \"%s\"", what, gm_status_name(s), gm_message(ctx));
  assert_true(strlen(gm_message(ctx)) > 0);
  if (took_s > 20) fail_msg("%s: took %g s", what, took_s);
}

/* A text of one piece again and again. */
static char *repeated(const char *piece, size_t bytes)
{
  size_t n = strlen(piece);
  char *text = malloc(bytes + n);
  assert_non_null(text);
  for (size_t at = 0; at < bytes; at += n) memcpy(text + at, piece, n);
  return text;
}

/* A megabyte of nesting, keys, garbage or one endless text ends with a message, in bounded time. */
static void hostile__large_texts_end(void **state)
{
  (void)state;
  static const struct {
    const char *piece;
    gm_status status;
  } w[] = {
      {"[", 0},
      {"{a: ", 0},
      {"- ", 0},
      {"? ", 0},
      {"a", 0},
      {"a: 1\n", GM_EPARSE},
      {"- 1\n", GM_ERANGE},
      {"\x7F", GM_EPARSE},
      {"\"", 0},
      {"'", 0},
      {"{", 0},
      {"&a ", 0},
      {"!", 0},
      {"|\n", 0},
      {"a: |\n", 0},
      {"# c\n", GM_EPARSE},
      {"---\n", 0},
      {"%TAG ! a\n", 0},
      {"[[],", 0},
      {"a: {b: [", 0},
      {"\xF0\x9F\x98\x80", 0},
      {"]", 0},
      {": ", 0},
      {"\n", GM_EPARSE},
      {"*a ", 0},
  };
  for (size_t i = 0; i < sizeof w / sizeof w[0]; i++) {
    char *text = repeated(w[i].piece, MEGABYTE);
    refused(w[i].piece, text, MEGABYTE, w[i].status);
    free(text);
  }
  gm_definition *d = NULL;
  char *big = repeated("# c\n", 5 * MEGABYTE);
  assert_int_equal(GM_ERANGE, case_read_bytes(big, 5 * MEGABYTE, &d));
  free(big);
}

/* A block text of a million lines is refused before its text is made; 60,000 bytes are read. */
static void hostile__long_texts(void **state)
{
  (void)state;
  char *text = repeated(" x\n", 3 * MEGABYTE);
  memcpy(text, "a: |\n", 5);
  refused("block", text, 3 * MEGABYTE, GM_ERANGE);
  gm_yaml *root = NULL;
  assert_int_equal(GM_OK, gm__yaml_parse(ctx, arena, "t", text, 59999, &root));
  assert_true(strlen(root->first->text) > 30000);
  memcpy(text, "a: >\n", 5);
  refused("folded", text, 3 * MEGABYTE, GM_ERANGE);
  free(text);
}

/* Many keys in one map, and many values in one list, meet their limits. */
static void hostile__too_many(void **state)
{
  (void)state;
  char *text = malloc(MEGABYTE);
  assert_non_null(text);
  size_t at = 0;
  for (int i = 0; i < 3000; i++) at += (size_t)snprintf(text + at, 40, "k%d: 1\n", i);
  refused("keys", text, at, GM_ERANGE);
  at = (size_t)snprintf(text, 40, "subject:\n");
  for (int i = 0; i < 300; i++) at += (size_t)snprintf(text + at, 40, "  k%d: {unit: kg}\n", i);
  at += (size_t)snprintf(text + at, 200, "twin: a\nquestion: b\ncontext-of-use: c\nmodel: m\n");
  refused("covariates", text, at, GM_ERANGE);
  free(text);
}

static uint64_t next_random(uint64_t *s) /* xorshift64, Marsaglia 2003 */
{
  *s ^= *s << 13;
  *s ^= *s >> 7;
  *s ^= *s << 17;
  return *s;
}

/* 2,000 definitions with a few bytes changed, dropped or doubled: each is read or refused with a
 * message, under the sanitizers; and the first half of every length ends as well. */
static void hostile__broken_definitions(void **state)
{
  (void)state;
  static const char odd[] = "{}[]:,#&*!|>'\"%@`-?\n\t 019.eE+\\~<=";
  uint64_t seed = 0x9E3779B97F4A7C15u;
  char text[sizeof CASE_TWIN];
  for (int i = 0; i < 2000; i++) {
    memcpy(text, CASE_TWIN, sizeof text);
    size_t bytes = sizeof CASE_TWIN - 1;
    for (uint64_t k = 1 + next_random(&seed) % 3; k > 0; k--) {
      size_t at = next_random(&seed) % bytes;
      text[at] = odd[next_random(&seed) % (sizeof odd - 1)];
    }
    if (i % 4 == 0) bytes = next_random(&seed) % bytes;
    gm_definition *d = NULL;
    gm_status s = case_read_bytes(text, bytes, &d);
    assert_true((s == GM_OK) == (d != NULL));
    assert_true(s == GM_OK || gm_message(ctx)[0]);
    assert_int_not_equal(GM_EINTERNAL, s);
    gm_definition_free(d);
  }
}

/* Garbage of all bytes ends with a message too. */
static void hostile__garbage(void **state)
{
  (void)state;
  uint64_t seed = 88172645463325252u;
  char *text = malloc(MEGABYTE);
  assert_non_null(text);
  for (size_t i = 0; i < MEGABYTE; i++) text[i] = (char)(next_random(&seed) >> 24);
  refused("bytes", text, MEGABYTE, GM_EPARSE);
  for (size_t i = 0; i < MEGABYTE; i++) text[i] = (char)(32 + (next_random(&seed) >> 24) % 95);
  refused("letters", text, MEGABYTE, 0);
  free(text);
}

/* ---- the schema ------------------------------------------------------------------------------ */
static gm_yaml *root_of_schema;

/* Follows "$ref": "#/$defs/NAME". */
static const gm_yaml *follow(const gm_yaml *n)
{
  for (const gm_yaml *ref; n && (ref = gm__yaml_find(n, "$ref"));) {
    assert_int_equal(0, strncmp(ref->text, "#/$defs/", 8));
    n = gm__yaml_find(gm__yaml_find(root_of_schema, "$defs"), ref->text + 8);
    if (!n) fail_msg("the schema has no %s", ref->text);
  }
  return n;
}

/* The alternative of a node (itself, or one of oneOf) that has a key. */
static const gm_yaml *with_key(const gm_yaml *n, const char *key)
{
  n = follow(n);
  if (!n || gm__yaml_find(n, key)) return n;
  const gm_yaml *one = gm__yaml_find(n, "oneOf");
  for (const gm_yaml *a = one ? one->first : NULL; a; a = a->next)
    if (gm__yaml_find(follow(a), key)) return follow(a);
  return NULL;
}

static const gm_yaml *place_of(const char *path)
{
  const gm_yaml *n = root_of_schema;
  char copy[100], *rest = copy;
  snprintf(copy, sizeof copy, "%s", path);
  for (char *part; n && rest && *rest;) {
    part = strsep(&rest, ".");
    const char *how = !strcmp(part, "*")    ? "additionalProperties"
                      : !strcmp(part, "[]") ? "items"
                                            : "properties";
    n = with_key(n, how);
    if (n) n = gm__yaml_find(n, how);
    if (n && !strcmp(how, "properties")) n = gm__yaml_find(n, part);
  }
  return n ? with_key(n, "properties") : NULL;
}

static void same_keys(const gm_def_keys *k)
{
  const gm_yaml *place = place_of(k->path);
  if (!place) fail_msg("the schema has no place \"%s\"", k->path);
  const gm_yaml *properties = gm__yaml_find(place, "properties");
  const gm_yaml *more = gm__yaml_find(place, "additionalProperties");
  if (!more || strcmp(more->text, "false") != 0) fail_msg("\"%s\" lets any key pass", k->path);
  int32_t count = 0;
  for (; k->key[count]; count++)
    if (!gm__yaml_find(properties, k->key[count]))
      fail_msg("the schema does not know %s.%s", k->path, k->key[count]);
  for (const gm_yaml *n = properties->first; n; n = n->next) {
    int32_t i = 0;
    while (i < count && strcmp(n->key, k->key[i]) != 0) i++;
    if (i == count) fail_msg("the reader does not know %s.%s", k->path, n->key);
  }
}

static int32_t maps_named_properties(const gm_yaml *n)
{
  int32_t count = n->key && n->kind == GM_YAML_MAP && !strcmp(n->key, "properties");
  for (const gm_yaml *c = n->first; c; c = c->next) count += maps_named_properties(c);
  return count;
}

/* Every key that the reader knows at a place is in the schema there, the other way round, and
 * neither has a place that the other has not. (JSON is YAML: the same reader reads it.) */
static void schema__has_the_keys_of_the_reader(void **state)
{
  (void)state;
  char *text = NULL;
  size_t bytes = 0;
  if (gm_file_read(ctx, "docs/twin.schema.json", MEGABYTE, &text, &bytes))
    fail_msg("%s", gm_message(ctx));
  gm_status s = gm__yaml_parse(ctx, arena, "schema", text, bytes, &root_of_schema);
  gm_free(text);
  if (s) fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < GM_DEF_PLACE_COUNT; i++) same_keys(&gm__def_keys[i]);
  assert_int_equal(GM_DEF_PLACE_COUNT, maps_named_properties(root_of_schema));
}

/* The guide shows every key. */
static void schema__guide_names_every_key(void **state)
{
  (void)state;
  char *text = NULL, quoted[100];
  size_t bytes = 0;
  if (gm_file_read(ctx, "docs/definition.md", MEGABYTE, &text, &bytes))
    fail_msg("%s", gm_message(ctx));
  for (int32_t i = 0; i < GM_DEF_PLACE_COUNT; i++)
    for (const char *const *key = gm__def_keys[i].key; *key; key++) {
      snprintf(quoted, sizeof quoted, "`%s`", *key);
      if (!strstr(text, quoted)) fail_msg("docs/definition.md does not explain %s", quoted);
    }
  gm_free(text);
}

/* ---- words that are near --------------------------------------------------------------------- */
/* A misspelling finds its word, case does not count, and what is far away finds none. */
static void nearest__finds_misspellings(void **state)
{
  (void)state;
  static const char *const known[] = {"clearance", "volume", "CL", "V"};
  assert_int_equal(0, gm__def_nearest("clearence", known, 4));
  assert_int_equal(1, gm__def_nearest("volum", known, 4));
  assert_int_equal(2, gm__def_nearest("cl", known, 4));
  assert_int_equal(-1, gm__def_nearest("temperature", known, 4));
  assert_int_equal(-1, gm__def_nearest("x", known, 0));
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status trial(gm_ctx *c, void *user)
{
  gm_arena *a = NULL;
  gm_yaml *root = NULL;
  gm_status s = gm_arena_new(c, 64, &a);
  if (!s) s = gm__yaml_parse(c, a, "t", user, strlen(user), &root);
  gm_arena_free(a);
  return s;
}

/* Any allocation for the tree may fail. */
static void yaml__out_of_memory(void **state)
{
  (void)state;
  char text[] = "a: {b: [1, 2, three], c: \"four\"}\nd: a longer text that needs a block\n";
  assert_true(fault_sweep("gm__yaml_parse", trial, text) > 5);
}

int main(void)
{
#define WITH_ARENA(f) cmocka_unit_test_setup_teardown(f, make_arena, drop_arena)
  const struct CMUnitTest tests[] = {
      WITH_ARENA(yaml__tree_and_lines),
      WITH_ARENA(yaml__marks_and_line_ends),
      WITH_ARENA(yaml__refusals),
      cmocka_unit_test(yaml__numbers),
      cmocka_unit_test(hostile__large_texts_end),
      WITH_ARENA(hostile__long_texts),
      cmocka_unit_test(hostile__too_many),
      cmocka_unit_test(hostile__broken_definitions),
      cmocka_unit_test(hostile__garbage),
      WITH_ARENA(schema__has_the_keys_of_the_reader),
      cmocka_unit_test(schema__guide_names_every_key),
      cmocka_unit_test(nearest__finds_misspellings),
      cmocka_unit_test(yaml__out_of_memory),
  };
  return cmocka_run_group_tests(tests, case_begin, case_end);
}
