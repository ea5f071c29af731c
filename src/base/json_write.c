/* json_write.c - JSON from pieces. */
#include "base/json_write.h"
#include "base/number.h"
#include "base/utf8.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

void gm_json_write_begin(gm_json_writer *w, gm_text *out, int32_t line_depth)
{
  *w = (gm_json_writer){.out = out, .line_depth = line_depth};
}

static bool is_plain(unsigned char c) { return c >= 0x20 && c < 0x7F && c != '"' && c != '\\'; }

static void quoted(gm_text *out, const char *text, size_t bytes)
{
  const unsigned char *p = (const unsigned char *)text, *end = p + bytes;
  gm_text_add(out, "\"");
  while (p < end) {
    const unsigned char *from = p;
    while (p < end && is_plain(*p)) p++;
    gm_text_addn(out, (const char *)from, (size_t)(p - from));
    if (p == end) break;
    int32_t n = gm__utf8_bytes(p, (size_t)(end - p));
    if (n == 0)
      gm_text_add(out, "\xEF\xBF\xBD");
    else if (*p == '"' || *p == '\\')
      gm_text_addf(out, "\\%c", *p);
    else if (n == 1)
      gm_text_addf(out, "\\u%04x", *p);
    else
      gm_text_addn(out, (const char *)p, (size_t)n);
    p += n ? n : 1;
  }
  gm_text_add(out, "\"");
}

static void line_begin(gm_json_writer *w)
{
  gm_text_add(w->out, "\n");
  for (int32_t i = 0; i < w->depth; i++) gm_text_add(w->out, "  ");
}

static void place(gm_json_writer *w, const char *key, size_t key_bytes)
{
  if (w->comma) gm_text_add(w->out, ",");
  if (w->depth > 0 && w->depth <= w->line_depth) line_begin(w);
  if (key) {
    quoted(w->out, key, key_bytes);
    gm_text_add(w->out, w->line_depth ? ": " : ":");
  }
  w->comma = true;
}

static void place_z(gm_json_writer *w, const char *key) { place(w, key, key ? strlen(key) : 0); }

static void level_open(gm_json_writer *w, const char *bracket)
{
  gm_text_add(w->out, bracket);
  w->comma = false;
  w->depth++;
}

static void level_close(gm_json_writer *w, const char *bracket)
{
  assert(w->depth > 0);
  w->depth--;
  if (w->depth < w->line_depth) line_begin(w);
  gm_text_add(w->out, bracket);
  w->comma = true;
}

void gm_json_write_object(gm_json_writer *w, const char *key)
{
  place_z(w, key);
  level_open(w, "{");
}

void gm_json_write_array(gm_json_writer *w, const char *key)
{
  place_z(w, key);
  level_open(w, "[");
}

void gm_json_write_object_end(gm_json_writer *w) { level_close(w, "}"); }
void gm_json_write_array_end(gm_json_writer *w) { level_close(w, "]"); }

void gm_json_write_textn(gm_json_writer *w, const char *key, const char *text, size_t bytes)
{
  place_z(w, key);
  quoted(w->out, text, bytes);
}

void gm_json_write_text(gm_json_writer *w, const char *key, const char *text)
{
  if (text)
    gm_json_write_textn(w, key, text, strlen(text));
  else
    gm_json_write_null(w, key);
}

void gm_json_write_number(gm_json_writer *w, const char *key, double v)
{
  char text[64] = "null"; /* room for a decimal sign of several bytes */
  double back = NAN;
  for (int digits = 15; isfinite(v) && digits <= 17; digits++) {
    snprintf(text, sizeof text, "%.*g", digits, v);
    gm__number_point(text);
    if (gm__number_parse(text, &back) && back == v) break;
  }
  gm_json_write_raw(w, key, text);
}

void gm_json_write_numbers(gm_json_writer *w, const char *key, int32_t n, const double *v)
{
  gm_json_write_array(w, key);
  for (int32_t i = 0; i < n; i++) gm_json_write_number(w, NULL, v[i]);
  gm_json_write_array_end(w);
}

static size_t digits(const char *p) { return strspn(p, "0123456789"); }

/* RFC 8259, section 6. */
static bool is_number(const char *p)
{
  p += *p == '-';
  size_t n = digits(p);
  if (!n || (*p == '0' && n > 1)) return false;
  p += n;
  if (*p == '.') {
    n = digits(++p);
    if (!n) return false;
    p += n;
  }
  if (*p == 'e' || *p == 'E') {
    p++;
    p += *p == '+' || *p == '-';
    n = digits(p);
    if (!n) return false;
    p += n;
  }
  return !*p;
}

void gm_json_write_decimal(gm_json_writer *w, const char *key, const char *number)
{
  if (!is_number(number)) {
    if (!w->out->status)
      w->out->status = gm_fail(w->out->ctx, GM_EINVAL, "a number that JSON cannot hold");
    return;
  }
  gm_json_write_raw(w, key, number);
}

void gm_json_write_int(gm_json_writer *w, const char *key, int64_t v)
{
  place_z(w, key);
  gm_text_addf(w->out, "%lld", (long long)v);
}

void gm_json_write_bool(gm_json_writer *w, const char *key, bool v)
{
  gm_json_write_raw(w, key, v ? "true" : "false");
}

void gm_json_write_null(gm_json_writer *w, const char *key) { gm_json_write_raw(w, key, "null"); }

void gm_json_write_rawn(gm_json_writer *w, const char *key, const char *json, size_t bytes)
{
  place_z(w, key);
  gm_text_addn(w->out, json, bytes);
}

void gm_json_write_raw(gm_json_writer *w, const char *key, const char *json)
{
  gm_json_write_rawn(w, key, json, strlen(json));
}

static void node_begin(gm_json_writer *w, const gm_json *n)
{
  switch (n->kind) {
  case GM_JSON_OBJECT: level_open(w, "{"); break;
  case GM_JSON_ARRAY: level_open(w, "["); break;
  case GM_JSON_TEXT: quoted(w->out, n->text, n->bytes); break;
  case GM_JSON_NUMBER: gm_text_addn(w->out, n->text, n->bytes); break;
  case GM_JSON_TRUE: gm_text_add(w->out, "true"); break;
  case GM_JSON_FALSE: gm_text_add(w->out, "false"); break;
  default: gm_text_add(w->out, "null"); break;
  }
}

void gm__json_write_tree(gm_json_writer *w, const char *key, const gm_json *node)
{
  const gm_json *n = node;
  place_z(w, key);
  node_begin(w, n);
  while (n) { /* in the order of writing, without recursion: trees may be deep */
    bool group = n->kind == GM_JSON_OBJECT || n->kind == GM_JSON_ARRAY;
    if (group && n->first) {
      n = n->first;
    } else {
      if (group) level_close(w, n->kind == GM_JSON_OBJECT ? "}" : "]");
      while (n != node && !n->next) {
        n = n->parent;
        level_close(w, n->kind == GM_JSON_OBJECT ? "}" : "]");
      }
      n = n == node ? NULL : n->next;
    }
    if (!n) break;
    place(w, n->key, n->key_bytes);
    node_begin(w, n);
  }
}
