/* json_tree.c - trees of JSON values: growing them, and reading in them. */
#include "base/json_tree.h"
#include "base/json_build.h"
#include "base/json_keys.h"
#include "base/number.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum {
  TAIL_BYTES = 4096,    /* short texts share blocks of this size */
  TABLE_COUNT_MIN = 12, /* objects of fewer keys are looked through one by one */
  EXPONENT_MAX = 100000
};

/* ---- growing --------------------------------------------------------------------------------- */
static void *get(gm_json_build *b, size_t count, size_t bytes)
{
  void *p = NULL;
  if (count * bytes <= b->used_max - b->used) {
    p = gm_arena_get(b->arena, (ptrdiff_t)count, bytes);
    if (p) b->used += count * bytes;
    if (!p) gm__json_fail(b->reader, GM_ENOMEM, "no memory for a value of JSON");
  } else {
    gm__json_fail(b->reader, GM_ERANGE, "a value that takes more than %zu bytes of memory",
                  b->used_max);
  }
  return p;
}

/* What get has failed for. */
static gm_status why(const gm_json_build *b, size_t bytes)
{
  return bytes <= b->used_max - b->used ? GM_ENOMEM : GM_ERANGE;
}

static gm_status copy(gm_json_build *b, const char *text, size_t bytes, const char **out)
{
  size_t need = bytes + 1;
  char *p;
  if (need > TAIL_BYTES / 4) {
    p = get(b, need, 1);
    if (!p) return why(b, need);
  } else {
    if (need > b->tail_bytes) {
      char *tail = get(b, TAIL_BYTES, 1);
      if (!tail) return why(b, TAIL_BYTES);
      b->tail = tail;
      b->tail_bytes = TAIL_BYTES;
    }
    p = b->tail;
    b->tail += need;
    b->tail_bytes -= need;
  }
  if (bytes) memcpy(p, text, bytes);
  p[bytes] = 0;
  *out = p;
  return GM_OK;
}

static gm_status node_add(gm_json_build *b, const gm_json_event *e, gm_json **out)
{
  gm_json *n = get(b, 1, sizeof *n), *parent = b->open ? b->open : b->above;
  if (!n) return why(b, sizeof *n);
  *n = (gm_json){.doc = b->doc,
                 .kind = e->token,
                 .byte_at = e->byte_at,
                 .key = b->key,
                 .key_bytes = b->key_bytes,
                 .hash = b->hash,
                 .text = "",
                 .parent = parent};
  if (e->token == GM_JSON_NUMBER || e->token == GM_JSON_TEXT) {
    gm_status s = copy(b, e->text, e->bytes, &n->text);
    if (s) return s;
    n->bytes = e->bytes;
  }
  b->key = NULL;
  if (!b->open) {
    b->root = n;
  } else {
    n->index = parent->count++;
    if (parent->last) parent->last->next = n;
    if (!parent->first) parent->first = n;
    parent->last = n;
  }
  *out = n;
  return GM_OK;
}

/* The table of an object that has many keys, made when it closes. */
static gm_status table_make(gm_json_build *b, gm_json *object)
{
  if (object->kind != GM_JSON_OBJECT || object->count < TABLE_COUNT_MIN) return GM_OK;
  uint32_t count = 32;
  while (count < 2 * (uint32_t)object->count) count *= 2;
  gm_json **slot = get(b, count, sizeof *slot);
  if (!slot) return why(b, count * sizeof *slot);
  for (gm_json *n = object->first; n; n = n->next) {
    uint32_t i = (uint32_t)n->hash & (count - 1);
    while (slot[i]) i = (i + 1) & (count - 1);
    slot[i] = n;
  }
  object->slot = slot;
  object->slot_count = count;
  return GM_OK;
}

static gm_status node_close(gm_json_build *b)
{
  gm_json *n = b->open;
  gm_status s = table_make(b, n);
  if (s) return s;
  b->open = n == b->root ? NULL : n->parent;
  b->whole = !b->open;
  return GM_OK;
}

gm_status gm__json_build(gm_json_build *b, const gm_json_event *e)
{
  gm_json *n = NULL;
  gm_status s;
  switch (e->token) {
  case GM_JSON_KEY:
    b->key_bytes = e->bytes;
    b->hash = e->hash;
    return copy(b, e->text, e->bytes, &b->key);
  case GM_JSON_OBJECT_END:
  case GM_JSON_ARRAY_END: return node_close(b);
  case GM_JSON_LINE_END: return GM_OK;
  case GM_JSON_NULL:
  case GM_JSON_FALSE:
  case GM_JSON_TRUE:
  case GM_JSON_NUMBER:
  case GM_JSON_TEXT:
  case GM_JSON_ARRAY:
  case GM_JSON_OBJECT: break;
  }
  s = node_add(b, e, &n);
  if (s) return s;
  if (e->token == GM_JSON_ARRAY || e->token == GM_JSON_OBJECT)
    b->open = n;
  else
    b->whole = !b->open;
  return GM_OK;
}

void gm__json_build_reset(gm_json_build *b)
{
  b->used = b->tail_bytes = b->key_bytes = 0;
  b->tail = NULL;
  b->key = NULL;
  b->root = b->open = NULL;
  b->hash = 0;
  b->whole = false;
}

void gm__json_doc_init(gm_json_doc *doc, gm_ctx *ctx, const gm_json_options *options,
                       const gm_json_reader *r)
{
  *doc = (gm_json_doc){.ctx = ctx,
                       .name = options && options->name ? options->name : "JSON",
                       .root = options ? options->root : NULL};
  memcpy(doc->hash_key, gm__json_hash_key(r), sizeof doc->hash_key);
}

static gm_status parse_event(void *user, const gm_json_event *e) { return gm__json_build(user, e); }

gm_status gm__json_parse(gm_ctx *ctx, gm_arena *arena, const gm_json_options *options,
                         const char *text, size_t bytes, gm_json **out)
{
  assert(ctx && arena && out && !(options && options->lines));
  gm_json_doc *doc = gm_arena_get(arena, 1, sizeof *doc);
  gm_json_build b = {.doc = doc, .arena = arena};
  if (!doc) return gm_fail(ctx, GM_ENOMEM, "no memory to read JSON");
  gm_status s = gm__json_reader_new(ctx, options, parse_event, &b, &b.reader);
  if (s) return s;
  gm__json_doc_init(doc, ctx, options, b.reader);
  b.used_max = gm__json_memory_max(b.reader);
  s = gm__json_feed(b.reader, text, bytes);
  if (!s) s = gm__json_finish(b.reader);
  gm__json_reader_free(b.reader);
  if (!s) *out = b.root;
  return s;
}

/* ---- reading in trees ------------------------------------------------------------------------ */
static bool has_key(const gm_json *n, const char *key, size_t bytes)
{
  return n->key_bytes == bytes && memcmp(n->key, key, bytes) == 0;
}

const gm_json *gm__json_find(const gm_json *node, const char *key)
{
  if (!node || node->kind != GM_JSON_OBJECT) return NULL;
  size_t bytes = strlen(key);
  const gm_json *n = node->first;
  if (!node->slot_count) {
    while (n && !has_key(n, key, bytes)) n = n->next;
    return n;
  }
  uint32_t mask = node->slot_count - 1;
  uint32_t i = (uint32_t)gm__json_hash(node->doc->hash_key, key, bytes) & mask;
  while ((n = node->slot[i]) && !has_key(n, key, bytes)) i = (i + 1) & mask;
  return n;
}

static size_t path_put(const gm_json *n, char *text, size_t bytes)
{
  if (!n->parent) return n->doc->root ? (size_t)snprintf(text, bytes, "%s", n->doc->root) : 0;
  size_t at = path_put(n->parent, text, bytes);
  if (at + 2 >= bytes) return at;
  if (!n->key) return at + (size_t)snprintf(text + at, bytes - at, "[%lld]", (long long)n->index);
  if (at) text[at++] = '.';
  return at + gm__json_key_shown(n->key, n->key_bytes, text + at, bytes - at);
}

const char *gm__json_path(const gm_json *node, char *text, size_t bytes)
{
  text[0] = 0;
  path_put(node, text, bytes);
  return text;
}

const char *gm__json_kind_text(gm_json_token kind)
{
  switch (kind) {
  case GM_JSON_NULL: return "null";
  case GM_JSON_FALSE:
  case GM_JSON_TRUE: return "true or false";
  case GM_JSON_NUMBER: return "a number";
  case GM_JSON_TEXT: return "a text";
  case GM_JSON_ARRAY: return "an array";
  case GM_JSON_OBJECT: return "an object";
  default: return "no value";
  }
}

gm_status gm__json_node_fail(const gm_json *node, gm_status s, const char *format, ...)
{
  char what[600], path[400];
  va_list ap;
  va_start(ap, format);
  vsnprintf(what, sizeof what, format, ap);
  va_end(ap);
  gm__json_path(node, path, sizeof path);
  return gm_fail(node->doc->ctx, s, "%.300s: %s%s%s", node->doc->name, path, path[0] ? ": " : "",
                 what);
}

/* ---- numbers --------------------------------------------------------------------------------- */
static gm_status not_number(const gm_json *n)
{
  return gm__json_node_fail(n, GM_EINVAL, "%s; a number was expected", gm__json_kind_text(n->kind));
}

gm_status gm__json_double(const gm_json *node, double *out)
{
  double v;
  if (node->kind != GM_JSON_NUMBER) return not_number(node);
  int32_t took = gm__number_begin(node->text, &v);
  if (took == -2) return gm__json_node_fail(node, GM_ENOMEM, "no memory to read a number");
  if (took != (int64_t)node->bytes)
    return gm__json_node_fail(node, GM_ERANGE, "a number beyond the doubles");
  *out = v;
  return GM_OK;
}

/* A number taken apart: sign, digits (without the point), and ten to what. */
typedef struct {
  bool minus;
  const char *text;
  size_t digits_end; /* of the digits and the point */
  int64_t exponent;
  size_t last; /* place of the last digit that is not 0; digits_end: there is none */
} apart;

static apart take_apart(const gm_json *n)
{
  apart a = {.minus = n->text[0] == '-', .text = n->text};
  size_t i = a.minus, after = 0, zeros = 0;
  bool point = false, any = false;
  for (; i < n->bytes && n->text[i] != 'e' && n->text[i] != 'E'; i++) {
    if (n->text[i] == '.') {
      point = true;
      continue;
    }
    after += point;
    zeros = n->text[i] == '0' ? zeros + 1 : 0;
    any = any || n->text[i] != '0';
    if (n->text[i] != '0') a.last = i;
  }
  a.digits_end = i;
  if (!any) a.last = i;
  if (i < n->bytes) {
    bool less = n->text[++i] == '-';
    if (n->text[i] == '-' || n->text[i] == '+') i++;
    for (; i < n->bytes; i++)
      if (a.exponent < EXPONENT_MAX) a.exponent = a.exponent * 10 + (n->text[i] - '0');
    if (less) a.exponent = -a.exponent;
  }
  a.exponent += (int64_t)zeros - (int64_t)after; /* of the last digit that counts */
  return a;
}

/* v * 10 - digit, below 0 throughout, since -2^63 has no counterpart. */
static bool digit_add(int64_t *v, int32_t digit)
{
  return !__builtin_mul_overflow(*v, 10, v) && !__builtin_sub_overflow(*v, digit, v);
}

gm_status gm__json_int(const gm_json *node, int64_t *out)
{
  if (node->kind != GM_JSON_NUMBER) return not_number(node);
  apart a = take_apart(node);
  int64_t v = 0;
  bool good = true;
  if (a.last == a.digits_end) {
    *out = 0;
    return GM_OK;
  }
  if (a.exponent < 0)
    return gm__json_node_fail(node, GM_EINVAL, "not a whole number; one was expected");
  for (size_t i = a.minus; i <= a.last && good; i++)
    if (a.text[i] != '.') good = digit_add(&v, a.text[i] - '0');
  for (int64_t i = 0; i < a.exponent && good; i++) good = digit_add(&v, 0);
  if (good && !a.minus) good = !__builtin_sub_overflow((int64_t)0, v, &v);
  if (!good) return gm__json_node_fail(node, GM_ERANGE, "a whole number beyond 64 bits");
  *out = v;
  return GM_OK;
}
