/* json_parts.c - a long array, or lines, item by item. Tokens go to one of two trees: the rest,
 * kept to the end, and the item, dropped when it was given. */
#include "base/json_build.h"
#include "base/json_tree.h"
#include <assert.h>
#include <string.h>

enum { REST_BLOCK_BYTES = 16384, ITEM_BLOCK_BYTES = 262144 };

struct gm_json_parts {
  gm_ctx *ctx;
  gm_json_reader *reader;
  gm_json_doc doc;
  const char *const *path; /* borrowed */
  int32_t path_count;
  bool lines;
  gm_json_take *take;
  void *user;
  gm_arena *rest_arena, *item_arena;
  gm_arena_mark item_mark;
  gm_json_build rest, item;
  gm_json *into; /* the array whose items are given; NULL before it is met */
  int64_t count;
};

/* An arena that had to grow is given back: its blocks would be kept, and of mixed sizes pile up. */
static gm_status item_drop(gm_json_parts *p)
{
  bool grown = p->item.used > ITEM_BLOCK_BYTES / 2;
  gm__json_build_reset(&p->item);
  if (!grown) {
    gm_arena_back(p->item_arena, p->item_mark);
    return GM_OK;
  }
  gm_arena *fresh = NULL;
  gm_arena_free(p->item_arena);
  p->item_arena = p->item.arena = NULL;
  gm_status s = gm_arena_new(p->ctx, ITEM_BLOCK_BYTES, &fresh);
  if (s) return s;
  p->item_arena = p->item.arena = fresh;
  p->item_mark = gm_arena_at(fresh);
  return GM_OK;
}

static gm_status item_give(gm_json_parts *p)
{
  p->item.root->index = p->count++;
  gm_status s = p->take(p->user, p->item.root, p->item.root->index, GM_OK);
  return s ? s : item_drop(p);
}

static gm_status line_give(gm_json_parts *p, gm_status s)
{
  int64_t line = gm__json_line(p->reader);
  const gm_json *root = s ? NULL : p->item.root;
  p->count += !s;
  s = p->take(p->user, root, line, s);
  return s ? s : item_drop(p);
}

/* Is the node that the rest has just opened the array of the path? */
static bool is_array_of_path(const gm_json_parts *p, const gm_json *n)
{
  if (n->kind != GM_JSON_ARRAY) return false;
  for (int32_t i = p->path_count - 1; i >= 0; i--, n = n->parent)
    if (!n->key || n->key_bytes != strlen(p->path[i]) ||
        memcmp(n->key, p->path[i], n->key_bytes) != 0)
      return false;
  return !n->parent;
}

static gm_status event(void *user, const gm_json_event *e)
{
  gm_json_parts *p = user;
  gm_status s;
  if (e->token == GM_JSON_LINE_END) return line_give(p, e->status);
  if (p->lines) return gm__json_build(&p->item, e);
  bool inside = p->into && p->rest.open == p->into;
  if (inside && (p->item.open || e->token != GM_JSON_ARRAY_END)) {
    s = gm__json_build(&p->item, e);
    return !s && p->item.whole ? item_give(p) : s;
  }
  s = gm__json_build(&p->rest, e);
  if (!s && e->token == GM_JSON_ARRAY && !p->into && is_array_of_path(p, p->rest.open)) {
    p->into = p->rest.open;
    p->item.above = p->into;
    p->count = 0;
  }
  return s;
}

static gm_status arenas_new(gm_json_parts *p)
{
  gm_status s = gm_arena_new(p->ctx, ITEM_BLOCK_BYTES, &p->item_arena);
  if (!s) s = gm_arena_new(p->ctx, REST_BLOCK_BYTES, &p->rest_arena);
  if (!s) p->item_mark = gm_arena_at(p->item_arena);
  return s;
}

gm_status gm__json_parts_new(gm_ctx *ctx, const gm_json_options *options, const char *const *path,
                             int32_t path_count, gm_json_take *take, void *user,
                             gm_json_parts **out)
{
  assert(ctx && take && out && path_count >= 0 && (path || !path_count));
  bool lines = options && options->lines;
  if (lines && path_count) return gm_fail(ctx, GM_EINVAL, "a path to an array, and lines");
  gm_json_parts *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "no memory to read JSON in parts");
  p->ctx = ctx;
  p->path = path;
  p->path_count = path_count;
  p->lines = lines;
  p->take = take;
  p->user = user;
  p->count = lines ? 0 : -1;
  gm_status s = gm__json_reader_new(ctx, options, event, p, &p->reader);
  if (!s) s = arenas_new(p);
  if (s) {
    gm__json_parts_free(p);
    return s;
  }
  gm__json_doc_init(&p->doc, ctx, options, p->reader);
  p->rest = (gm_json_build){.doc = &p->doc,
                            .reader = p->reader,
                            .arena = p->rest_arena,
                            .used_max = gm__json_memory_max(p->reader)};
  p->item = p->rest;
  p->item.arena = p->item_arena;
  *out = p;
  return GM_OK;
}

void gm__json_parts_free(gm_json_parts *p)
{
  if (!p) return;
  gm__json_reader_free(p->reader);
  gm_arena_free(p->item_arena);
  gm_arena_free(p->rest_arena);
  gm_free(p);
}

gm_json_reader *gm__json_parts_reader(gm_json_parts *p) { return p->reader; }
const gm_json *gm__json_parts_rest(const gm_json_parts *p) { return p->rest.root; }
int64_t gm__json_parts_count(const gm_json_parts *p) { return p->count; }
