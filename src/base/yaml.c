/* yaml.c - from the events of libfyaml to a tree in an arena. Events are used, not libfyaml's own
 * documents: hostile texts are refused as they are met, and nothing is ever expanded. */
#include "base/utf8.h"
#include "base/yaml.h"
#include <assert.h>
#include <libfyaml.h>
#include <stdio.h>
#include <string.h>

enum {
  DEPTH_MAX = 32,
  NODE_MAX = 100000,
  KEY_MAX = 2000,
  TEXT_BYTES_MAX = 65536, /* libfyaml takes 8 bytes of stack for each line of a block text */
  OPEN_MAX = 1000,        /* it reads all of an open [ before it gives the first event */
  QUOTE_RUN_MAX = 6       /* it loses memory where a text has four '' in a row (its issue 233) */
};

typedef struct {
  int32_t line, column; /* from 1 */
} place;

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const gm_yaml_doc *doc;
  gm_yaml *root, *open; /* open: the map or list being filled */
  const char *key;      /* of the value to come, NULL when a key is to come */
  place key_at;
  int32_t depth, node_count, node_max, document_count;
  bool done;
} reader;

/* ---- messages -------------------------------------------------------------------------------- */
const char *gm__yaml_kind_text(const gm_yaml *node)
{
  if (gm__yaml_is_null(node)) return "nothing";
  return node->kind == GM_YAML_MAP ? "a map" : node->kind == GM_YAML_LIST ? "a list" : "a text";
}

static size_t path_put(const gm_yaml *node, char *text, size_t bytes)
{
  if (!node->parent) return 0;
  size_t at = path_put(node->parent, text, bytes);
  if (at >= bytes) return at;
  int n = node->key ? snprintf(text + at, bytes - at, "%s%.60s", at ? "." : "", node->key)
                    : snprintf(text + at, bytes - at, "[%d]", (int)node->index + 1);
  return at + (size_t)n;
}

const char *gm__yaml_path(const gm_yaml *node, char *text, size_t bytes)
{
  text[0] = 0;
  path_put(node, text, bytes);
  return text;
}

static void where_text(const gm_yaml *node, const char *key, char *text, size_t bytes)
{
  char path[400];
  gm__yaml_path(node, path, sizeof path);
  bool both = path[0] && key;
  snprintf(text, bytes, "%.300s:%d%s%s%s%s", node->doc->name, (int)node->line,
           path[0] || key ? ": " : "", path, both ? "." : "", key ? key : "");
}

/* Is the line alone not enough to find it? */
static bool shares_line(const gm_yaml *node)
{
  const gm_yaml *above = node->parent;
  if (!above) return false;
  for (const gm_yaml *n = above->first; n; n = n->next)
    if (n != node && n->line == node->line) return true;
  return above->parent && above->line == node->line;
}

gm_status gm__yaml_fail(const gm_yaml *node, const char *key, gm_status s, const char *format, ...)
{
  char message[900], where[800], column[32] = "";
  va_list ap;
  va_start(ap, format);
  vsnprintf(message, sizeof message, format, ap);
  va_end(ap);
  where_text(node, key, where, sizeof where);
  if (shares_line(node)) snprintf(column, sizeof column, " (column %d)", (int)node->column);
  return gm_fail(node->doc->ctx, s, "%s: %s%s", where, message, column);
}

gm_status gm__yaml_fail_at(const gm_yaml *node, const char *key, gm_status s)
{
  char where[800];
  where_text(node, key, where, sizeof where);
  return gm_fail_at(node->doc->ctx, s, "%s", where);
}

/* ---- the bytes ------------------------------------------------------------------------------- */
static bool is_control(unsigned char c)
{
  return (c < 0x20 && c != '\n' && c != '\r' && c != '\t') || c == 0x7F;
}

/* Brackets that stay open, wherever they stand: many more than may be nested. */
static void brackets_count(unsigned char c, int32_t *open)
{
  if (c == '[' || c == '{') ++*open;
  if ((c == ']' || c == '}') && *open > 0) --*open;
}

static gm_status bytes_check(gm_ctx *ctx, const char *name, const char *text, size_t bytes)
{
  const unsigned char *p = (const unsigned char *)text, *end = p + bytes;
  int32_t line = 1, quotes = 0, open = 0;
  while (p < end) {
    if (is_control(*p))
      return gm_fail(ctx, GM_EPARSE,
                     "%s:%d: byte %d is a control character; a YAML text was expected", name,
                     (int)line, (int)*p);
    size_t n = (size_t)gm__utf8_bytes(p, (size_t)(end - p));
    if (!n)
      return gm_fail(ctx, GM_EPARSE,
                     "%s:%d: byte %d is not UTF-8; a YAML text in UTF-8 was expected", name,
                     (int)line, (int)*p);
    quotes = *p == '\'' ? quotes + 1 : 0;
    if (quotes > QUOTE_RUN_MAX)
      return gm_fail(ctx, GM_EPARSE, "%s:%d: more than %d ' in a row", name, (int)line,
                     QUOTE_RUN_MAX);
    brackets_count(*p, &open);
    if (open > OPEN_MAX)
      return gm_fail(ctx, GM_ERANGE, "%s:%d: more than %d brackets open; nested deeper than %d",
                     name, (int)line, OPEN_MAX, DEPTH_MAX);
    line += *p == '\n';
    p += n;
  }
  return GM_OK;
}

/* ---- building the tree ----------------------------------------------------------------------- */
static gm_status fail_place(const reader *r, place p, gm_status s, const char *what)
{
  return gm_fail(r->ctx, s, "%s:%d: %s (column %d)", r->doc->name, (int)p.line, what,
                 (int)p.column);
}

static place place_of(struct fy_event *e)
{
  const struct fy_mark *mark = fy_event_start_mark(e);
  return mark ? (place){mark->line + 1, mark->column + 1} : (place){1, 1};
}

static gm_status copy_text(reader *r, struct fy_token *token, place at, const char **out)
{
  size_t bytes = 0;
  const char *text = token ? fy_token_get_text(token, &bytes) : NULL;
  char *copy = gm_arena_get(r->arena, (ptrdiff_t)bytes + 1, 1);
  if (!copy) return gm_fail(r->ctx, GM_ENOMEM, "%s: text of %zu bytes", r->doc->name, bytes);
  if (text && bytes) memcpy(copy, text, bytes);
  for (size_t i = 0; i < bytes; i++)
    if (is_control((unsigned char)copy[i]))
      return fail_place(r, at, GM_EPARSE, "a text holds a control character");
  *out = copy;
  return GM_OK;
}

/* The bytes it takes in the file, looked at before libfyaml makes the text of them. */
static gm_status size_check(const reader *r, struct fy_event *e, place at)
{
  const struct fy_mark *begin = fy_event_start_mark(e), *end = fy_event_end_mark(e);
  if (!begin || !end || end->input_pos - begin->input_pos <= TEXT_BYTES_MAX) return GM_OK;
  return gm_fail(r->ctx, GM_ERANGE, "%s:%d: a text of more than %d bytes", r->doc->name,
                 (int)at.line, TEXT_BYTES_MAX);
}

static gm_status key_take(reader *r, struct fy_event *e, place at)
{
  if (e->type != FYET_SCALAR)
    return fail_place(r, at, GM_EPARSE, "a map or list as a key; a plain key was expected");
  const char *key = NULL;
  gm_status s = size_check(r, e, at);
  if (!s) s = copy_text(r, e->scalar.value, at, &key);
  if (s) return s;
  if (!key[0]) return fail_place(r, at, GM_EPARSE, "an empty key");
  if (r->open->count >= KEY_MAX)
    return gm__yaml_fail(r->open, NULL, GM_ERANGE, "more than %d keys", KEY_MAX);
  const gm_yaml *twice = gm__yaml_find(r->open, key);
  if (twice) {
    char path[400];
    return gm_fail(r->ctx, GM_EPARSE, "%s:%d: %s: the same key again; the first is in line %d",
                   r->doc->name, (int)at.line, gm__yaml_path(twice, path, sizeof path),
                   (int)twice->line);
  }
  r->key = key;
  r->key_at = at;
  return GM_OK;
}

static gm_status node_add(reader *r, gm_yaml_kind kind, place at, gm_yaml **out)
{
  if (++r->node_count > r->node_max)
    return gm_fail(r->ctx, GM_ERANGE, "%s:%d: more than %d values", r->doc->name, (int)at.line,
                   (int)r->node_max);
  gm_yaml *n = gm_arena_get(r->arena, 1, sizeof *n);
  if (!n) return gm_fail(r->ctx, GM_ENOMEM, "%s: tree of the text", r->doc->name);
  *n = (gm_yaml){.doc = r->doc,
                 .kind = kind,
                 .line = r->key ? r->key_at.line : at.line,
                 .column = r->key ? r->key_at.column : at.column,
                 .key = r->key,
                 .text = "",
                 .parent = r->open};
  gm_yaml *above = r->open;
  if (above) {
    n->index = above->count++;
    if (above->last)
      above->last->next = n;
    else
      above->first = n;
    above->last = n;
  } else {
    r->root = n;
  }
  r->key = NULL;
  *out = n;
  return GM_OK;
}

static gm_status open_take(reader *r, gm_yaml_kind kind, place at)
{
  gm_yaml *n = NULL;
  gm_status s = node_add(r, kind, at, &n);
  if (s) return s;
  if (++r->depth > DEPTH_MAX)
    return gm_fail(r->ctx, GM_ERANGE, "%s:%d: nested deeper than %d", r->doc->name, (int)at.line,
                   DEPTH_MAX);
  r->open = n;
  return GM_OK;
}

static void close_take(reader *r)
{
  r->open = r->open->parent;
  r->depth--;
}

static gm_status text_take(reader *r, struct fy_event *e, place at)
{
  gm_yaml *n = NULL;
  gm_status s = node_add(r, GM_YAML_TEXT, at, &n);
  if (s) return s;
  s = size_check(r, e, at);
  if (s) return s;
  n->quoted = e->scalar.value && fy_token_scalar_style(e->scalar.value) != FYSS_PLAIN;
  return copy_text(r, e->scalar.value, at, &n->text);
}

static gm_status document_take(reader *r, place at)
{
  if (++r->document_count > 1)
    return fail_place(r, at, GM_EPARSE, "a second document; one was expected");
  return GM_OK;
}

/* Every token here is refused: what it stands for would change what later texts mean. */
static gm_status plain_check(const reader *r, struct fy_event *e, place at)
{
  if (e->type == FYET_ALIAS)
    return fail_place(r, at, GM_EPARSE, "an alias (*name); write the value out");
  if (e->type != FYET_SCALAR && e->type != FYET_MAPPING_START && e->type != FYET_SEQUENCE_START)
    return GM_OK;
  if (fy_event_get_anchor_token(e))
    return fail_place(r, at, GM_EPARSE,
                      "an anchor (&name) is not supported; quote the text if "
                      "the & belongs to it");
  if (fy_event_get_tag_token(e))
    return fail_place(r, at, GM_EPARSE,
                      "a tag (!name) is not supported; quote the text if the ! "
                      "belongs to it");
  return GM_OK;
}

static gm_status event_take(reader *r, struct fy_event *e)
{
  place at = place_of(e);
  gm_status s = plain_check(r, e, at);
  if (s) return s;
  bool value =
      e->type == FYET_SCALAR || e->type == FYET_MAPPING_START || e->type == FYET_SEQUENCE_START;
  if (value && r->open && r->open->kind == GM_YAML_MAP && !r->key) return key_take(r, e, at);
  switch (e->type) {
  case FYET_DOCUMENT_START: return document_take(r, at);
  case FYET_SCALAR: return text_take(r, e, at);
  case FYET_MAPPING_START: return open_take(r, GM_YAML_MAP, at);
  case FYET_SEQUENCE_START: return open_take(r, GM_YAML_LIST, at);
  case FYET_MAPPING_END:
  case FYET_SEQUENCE_END: close_take(r); return GM_OK;
  case FYET_STREAM_END: r->done = true; return GM_OK;
  default: return GM_OK;
  }
}

/* ---- running libfyaml ------------------------------------------------------------------------ */
static gm_status library_error(const reader *r, struct fy_diag *diag)
{
  void *at = NULL;
  const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
  if (!e || !e->msg) return gm_fail(r->ctx, GM_EPARSE, "%s:1: not YAML", r->doc->name);
  return gm_fail(r->ctx, GM_EPARSE, "%s:%d: not YAML: %.300s (column %d)", r->doc->name,
                 e->line > 0 ? e->line : 1, e->msg, e->column > 0 ? e->column : 1);
}

static gm_status run(reader *r, struct fy_parser *parser, struct fy_diag *diag)
{
  while (!r->done) {
    struct fy_event *e = fy_parser_parse(parser);
    if (!e) return library_error(r, diag);
    gm_status s = event_take(r, e);
    fy_parser_event_free(parser, e);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status parse(reader *r, const char *text, size_t bytes)
{
  gm_status s = GM_ENOMEM;
  struct fy_parser *parser = NULL;
  struct fy_diag_cfg diag_cfg;
  fy_diag_cfg_default(&diag_cfg);
  diag_cfg.fp = NULL;
  struct fy_diag *diag = fy_diag_create(&diag_cfg);
  if (!diag) goto out;
  fy_diag_set_collect_errors(diag, true);
  struct fy_parse_cfg cfg = {.search_path = "", .flags = FYPCF_QUIET, .diag = diag};
  parser = fy_parser_create(&cfg);
  if (!parser || fy_parser_set_string(parser, text, bytes)) goto out;
  s = run(r, parser, diag);
out:
  if (s == GM_ENOMEM) gm_fail(r->ctx, s, "%s: reading YAML", r->doc->name);
  if (parser) fy_parser_destroy(parser);
  fy_diag_destroy(diag);
  return s;
}

gm_status gm__yaml_parse_up_to(gm_ctx *ctx, gm_arena *arena, const char *name, const char *text,
                               size_t bytes, int32_t node_max, gm_yaml **out)
{
  assert(ctx && arena && name && text && out);
  if (bytes >= 3 && !memcmp(text, "\xEF\xBB\xBF", 3)) { /* a byte order mark */
    text += 3;
    bytes -= 3;
  }
  gm_status s = bytes_check(ctx, name, text, bytes);
  if (s) return s;
  gm_yaml_doc *doc = gm_arena_get(arena, 1, sizeof *doc);
  if (!doc) return gm_fail(ctx, GM_ENOMEM, "%s: tree of the text", name);
  *doc = (gm_yaml_doc){ctx, name};
  reader r = {.ctx = ctx, .arena = arena, .doc = doc, .node_max = node_max};
  if (bytes) {
    s = parse(&r, text, bytes);
    if (s) return s;
  }
  if (!r.root) return gm_fail(ctx, GM_EPARSE, "%s:1: the file is empty", name);
  *out = r.root;
  return GM_OK;
}

gm_status gm__yaml_parse(gm_ctx *ctx, gm_arena *arena, const char *name, const char *text,
                         size_t bytes, gm_yaml **out)
{
  return gm__yaml_parse_up_to(ctx, arena, name, text, bytes, NODE_MAX, out);
}

gm_yaml *gm__yaml_find(const gm_yaml *map, const char *key)
{
  if (!map || map->kind != GM_YAML_MAP) return NULL;
  for (gm_yaml *n = map->first; n; n = n->next)
    if (!strcmp(n->key, key)) return n;
  return NULL;
}

bool gm__yaml_is_null(const gm_yaml *node)
{
  static const char *const nothing[] = {"", "~", "null", "Null", "NULL"};
  if (node->kind != GM_YAML_TEXT || node->quoted) return false;
  for (size_t i = 0; i < sizeof nothing / sizeof nothing[0]; i++)
    if (!strcmp(node->text, nothing[i])) return true;
  return false;
}
