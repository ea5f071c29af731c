/* fuzz_json.c - any bytes as JSON: a value, the items of an array, lines.
 *
 * Whatever they are, reading ends: with a message, or with a tree that is written and read again as
 * the same bytes; and wherever the input is cut, the outcome is the same. libFuzzer calls the
 * function below; tests/base/test_json_corpus.c runs it over fuzz/corpus/json. */
#include "base/json_tree.h"
#include "base/json_write.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

/* Small, so that short inputs reach them. */
static const gm_json_options limits = {.name = "fuzz",
                                       .depth_max = 20,
                                       .string_bytes_max = 300,
                                       .number_bytes_max = 60,
                                       .key_count_max = 40,
                                       .key_bytes_max = 400,
                                       .memory_bytes_max = 30000};

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_json: %s\n", what);
  abort();
}

static void demand_message(gm_ctx *ctx)
{
  const unsigned char *m = (const unsigned char *)gm_message(ctx);
  demand(m[0] != 0, "a failure without a message");
  for (; *m; m++) demand(*m >= 0x20 && *m != 0x7F, "a control character in a message");
}

static void demand_node(const gm_json *n)
{
  char path[50];
  double v;
  int64_t whole;
  gm__json_path(n, path, sizeof path);
  demand(strlen(path) < sizeof path, "a path too long");
  if (n->kind == GM_JSON_NUMBER) {
    gm_status s = gm__json_double(n, &v);
    demand(s == GM_OK || s == GM_ERANGE, "a number that is none");
    s = gm__json_int(n, &whole);
    demand(s == GM_OK || s == GM_ERANGE || s == GM_EINVAL, "a whole number that is neither");
  }
  if (n->key && strlen(n->key) == n->key_bytes)
    demand(gm__json_find(n->parent, n->key) == n, "a key that is not found");
}

static void demand_tree(const gm_json *root)
{
  for (const gm_json *n = root; n;) {
    demand_node(n);
    if (n->first) {
      n = n->first;
      continue;
    }
    while (n != root && !n->next) n = n->parent;
    n = n == root ? NULL : n->next;
  }
}

static void as_value(gm_ctx *ctx, gm_arena *arena, const char *text, size_t bytes)
{
  gm_json *root, *back;
  gm_text t, again;
  gm_json_writer w;
  gm_message_clear(ctx);
  if (gm__json_parse(ctx, arena, &limits, text, bytes, &root)) {
    demand_message(ctx);
    return;
  }
  demand_tree(root);
  gm_text_init(&t, ctx);
  gm_text_init(&again, ctx);
  gm_json_write_begin(&w, &t, 0);
  gm__json_write_tree(&w, NULL, root);
  demand(gm__json_parse(ctx, arena, NULL, t.data, t.bytes, &back) == GM_OK,
         "what was written cannot be read");
  gm_json_write_begin(&w, &again, 0);
  gm__json_write_tree(&w, NULL, back);
  demand(t.bytes == again.bytes && memcmp(t.data, again.data, t.bytes) == 0,
         "what was read again differs");
  gm_text_free(&t);
  gm_text_free(&again);
}

static gm_status note(void *user, const gm_json *part, int64_t index, gm_status s)
{
  gm_text *t = user;
  gm_json_writer w;
  gm_text_addf(t, "%lld %d ", (long long)index, (int)s);
  if (!part) gm_text_add(t, gm_message(t->ctx));
  if (part) demand_tree(part);
  gm_json_write_begin(&w, t, 0);
  if (part) gm__json_write_tree(&w, NULL, part);
  return t->status;
}

/* In pieces of so many bytes; all that can be said of the outcome as a text. */
static void in_pieces(gm_ctx *ctx, bool lines, const char *text, size_t bytes, size_t piece,
                      gm_text *seen)
{
  static const char *const path[] = {"entry"};
  gm_json_options o = limits;
  gm_json_parts *p;
  o.lines = lines;
  gm_text_init(seen, ctx);
  gm_message_clear(ctx);
  if (gm__json_parts_new(ctx, &o, path, lines ? 0 : 1, note, seen, &p)) return;
  gm_json_reader *r = gm__json_parts_reader(p);
  gm_status s = GM_OK;
  for (size_t at = 0; at < bytes && !s; at += piece)
    s = gm__json_feed(r, text + at, bytes - at < piece ? bytes - at : piece);
  if (!s) s = gm__json_finish(r);
  if (s) demand_message(ctx);
  gm_text_addf(seen, "%d %lld", (int)s, (long long)gm__json_parts_count(p));
  if (s) gm_text_add(seen, gm_message(ctx));
  gm__json_parts_free(p);
}

static void as_parts(gm_ctx *ctx, bool lines, const char *text, size_t bytes)
{
  static const size_t piece[] = {1, 3, 7};
  gm_text whole, cut;
  in_pieces(ctx, lines, text, bytes, bytes + 1, &whole);
  for (size_t i = 0; i < sizeof piece / sizeof piece[0]; i++) {
    in_pieces(ctx, lines, text, bytes, piece[i], &cut);
    if (strcmp(whole.data, cut.data) != 0) fprintf(stderr, "%s\n%s\n", whole.data, cut.data);
    demand(strcmp(whole.data, cut.data) == 0, "a cut changes the outcome");
    gm_text_free(&cut);
  }
  gm_text_free(&whole);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx;
  gm_arena *arena;
  if (gm_ctx_new(NULL, &ctx)) return 0;
  if (gm_arena_new(ctx, 0, &arena) == GM_OK) {
    as_value(ctx, arena, (const char *)data, bytes);
    as_parts(ctx, false, (const char *)data, bytes);
    as_parts(ctx, true, (const char *)data, bytes);
    gm_arena_free(arena);
  }
  gm_ctx_free(ctx);
  return 0;
}
