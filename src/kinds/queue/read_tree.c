/* read_tree.c - maps, lists and scalars of a YAML text; what is not one of them is refused. */
#include "base/number.h"
#include "kinds/queue/read.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

gm_status gm__queue_read_fail(queue_reader *r, gm_status s, const char *format, ...)
{
  char message[500];
  va_list ap;
  va_start(ap, format);
  vsnprintf(message, sizeof message, format, ap);
  va_end(ap);
  return gm_fail(r->ctx, s, "%.200s:%d: %s%s%s", r->name, (int)r->line, r->path,
                 r->path[0] ? ": " : "", message);
}

/* "a.b" + ".c"; returns the length before, for path_back. */
static size_t path_add(queue_reader *r, const char *key)
{
  size_t n = strlen(r->path);
  snprintf(r->path + n, sizeof r->path - n, "%s%.60s", n ? "." : "", key);
  return n;
}

static gm_status copy(queue_reader *r, struct fy_node *node, const char **out)
{
  size_t bytes = 0;
  struct fy_token *token = fy_node_get_scalar_token(node);
  const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
  if (mark) r->line = mark->line + 1;
  if (!fy_node_is_scalar(node) || fy_node_is_alias(node))
    return gm__queue_read_fail(r, GM_EINVAL, "a text or number was expected");
  const char *text = fy_node_get_scalar(node, &bytes);
  char *mine = gm_arena_get(r->arena, (ptrdiff_t)bytes + 1, 1);
  if (!mine) return gm_fail(r->ctx, GM_ENOMEM, "%s", r->name);
  if (text && bytes) memcpy(mine, text, bytes);
  if (memchr(mine, 0, bytes)) return gm__queue_read_fail(r, GM_EPARSE, "a text with a NUL");
  *out = mine;
  return GM_OK;
}

gm_status gm__queue_read_text(queue_reader *r, struct fy_node *value, void *text)
{
  const char *t = NULL;
  gm_status s = copy(r, value, &t);
  if (!s && !*t) s = gm__queue_read_fail(r, GM_EINVAL, "is empty");
  if (!s) *(const char **)text = t;
  return s;
}

gm_status gm__queue_read_number(queue_reader *r, struct fy_node *value, void *number)
{
  const char *t = NULL;
  gm_status s = copy(r, value, &t);
  if (s) return s;
  if (!strcmp(t, "inf") || !strcmp(t, ".inf"))
    *(double *)number = INFINITY;
  else if (!strcmp(t, "-inf") || !strcmp(t, "-.inf"))
    *(double *)number = -INFINITY;
  else if (!gm__number_parse(t, number))
    return gm__queue_read_fail(r, GM_EINVAL, "\"%.60s\" is no number", t);
  return GM_OK;
}

static gm_status whole(queue_reader *r, struct fy_node *value, double most, double *out)
{
  gm_status s = gm__queue_read_number(r, value, out);
  if (!s && !(*out == floor(*out) && fabs(*out) <= most))
    s = gm__queue_read_fail(r, GM_ERANGE, "%g, a whole number up to %g was expected", *out, most);
  return s;
}

gm_status gm__queue_read_int(queue_reader *r, struct fy_node *value, void *number)
{
  double v = 0;
  gm_status s = whole(r, value, 1e9, &v);
  if (!s) *(int32_t *)number = (int32_t)v;
  return s;
}

gm_status gm__queue_read_int64(queue_reader *r, struct fy_node *value, void *number)
{
  double v = 0;
  gm_status s = whole(r, value, 1e15, &v);
  if (!s) *(int64_t *)number = (int64_t)v;
  return s;
}

gm_status gm__queue_read_bool(queue_reader *r, struct fy_node *value, void *flag)
{
  const char *t = NULL;
  gm_status s = copy(r, value, &t);
  if (s) return s;
  if (strcmp(t, "true") != 0 && strcmp(t, "false") != 0)
    return gm__queue_read_fail(r, GM_EINVAL, "\"%.60s\", true or false was expected", t);
  *(bool *)flag = !strcmp(t, "true");
  return GM_OK;
}

gm_status gm__queue_read_map(queue_reader *r, struct fy_node *map, const queue_key *key,
                             int32_t count, void *into)
{
  uint64_t seen = 0;
  void *at = NULL;
  struct fy_node_pair *pair;
  if (!fy_node_is_mapping(map)) return gm__queue_read_fail(r, GM_EINVAL, "a map was expected");
  while ((pair = fy_node_mapping_iterate(map, &at))) {
    const char *name = NULL;
    gm_status s = copy(r, fy_node_pair_key(pair), &name);
    if (s) return s;
    int32_t k = 0;
    while (k < count && strcmp(key[k].key, name) != 0) k++;
    size_t before = path_add(r, name);
    if (k == count) return gm__queue_read_fail(r, GM_EINVAL, "is not known here");
    if (seen >> k & 1) return gm__queue_read_fail(r, GM_EINVAL, "is there twice");
    seen |= UINT64_C(1) << k;
    s = key[k].take(r, fy_node_pair_value(pair), (char *)into + key[k].offset);
    if (s) return s;
    r->path[before] = 0;
  }
  return GM_OK;
}

gm_status gm__queue_read_named(queue_reader *r, struct fy_node *map, size_t bytes, void **out,
                               int32_t *count, queue_entry_taker *take)
{
  void *at = NULL;
  struct fy_node_pair *pair;
  if (!fy_node_is_mapping(map)) return gm__queue_read_fail(r, GM_EINVAL, "a map was expected");
  int32_t n = fy_node_mapping_item_count(map), i = 0;
  char *all = gm_arena_get(r->arena, n, bytes);
  if (!all) return gm_fail(r->ctx, GM_ENOMEM, "%s", r->name);
  for (; i < n && (pair = fy_node_mapping_iterate(map, &at)); i++) {
    const char *name = NULL;
    gm_status s = copy(r, fy_node_pair_key(pair), &name);
    if (s) return s;
    size_t before = path_add(r, name);
    s = take(r, name, fy_node_pair_value(pair), all + (size_t)i * bytes);
    if (s) return s;
    r->path[before] = 0;
  }
  *out = all;
  *count = i;
  return GM_OK;
}

gm_status gm__queue_read_list(queue_reader *r, struct fy_node *list, size_t bytes, void **out,
                              int32_t *count, queue_entry_taker *take)
{
  void *at = NULL;
  struct fy_node *value;
  if (!fy_node_is_sequence(list)) return gm__queue_read_fail(r, GM_EINVAL, "a list was expected");
  int32_t n = fy_node_sequence_item_count(list), i = 0;
  char *all = gm_arena_get(r->arena, n, bytes);
  if (!all) return gm_fail(r->ctx, GM_ENOMEM, "%s", r->name);
  for (; i < n && (value = fy_node_sequence_iterate(list, &at)); i++) {
    char number[16];
    snprintf(number, sizeof number, "%d", (int)i + 1);
    size_t before = path_add(r, number);
    gm_status s = take(r, NULL, value, all + (size_t)i * bytes);
    if (s) return s;
    r->path[before] = 0;
  }
  *out = all;
  *count = i;
  return GM_OK;
}
