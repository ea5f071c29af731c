/* report_html.h - a strict reader of the report's HTML, for its tests.
 * Knows just enough: tags that open and close, attributes in double quotes, references. */
#ifndef GEMEL_TESTS_REPORT_HTML_H
#define GEMEL_TESTS_REPORT_HTML_H
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum { HTML_DEPTH = 64, HTML_NAME = 16 };

typedef struct {
  char name[HTML_DEPTH][HTML_NAME];
  int depth, tables, images;
  int columns, cells; /* heads of the present table, cells of the present row */
  bool in_head, titled, described, image;
  const char *wrong; /* what was found first */
  char where[80];
} html_check;

static inline void html_wrong(html_check *c, const char *what, const char *at)
{
  if (c->wrong) return;
  c->wrong = what;
  snprintf(c->where, sizeof c->where, "%.70s", at);
}

static inline bool html_has(const char *tag, size_t bytes, const char *what)
{
  size_t n = strlen(what);
  for (size_t i = 0; i + n <= bytes; i++)
    if (!memcmp(tag + i, what, n)) return true;
  return false;
}

/* Attributes: name="value", no value with < or >, nothing that loads or runs. */
static inline void html_attributes(html_check *c, const char *tag, size_t bytes)
{
  const char *s = tag, *end = tag + bytes;
  while (s < end && *s != ' ') s++;
  while (s < end) {
    while (s < end && (*s == ' ' || *s == '/')) s++;
    if (s >= end) break;
    const char *name = s;
    while (s < end && *s != '=' && *s != ' ') s++;
    size_t n = (size_t)(s - name);
    if (s < end && *s != '=') continue; /* `open` of details */
    if (s >= end) break;
    if (s + 1 >= end || s[1] != '"') return html_wrong(c, "attribute without quotes", name);
    const char *value = s + 2;
    for (s = value; s < end && *s != '"'; s++)
      if (*s == '<') html_wrong(c, "< in an attribute", name);
    if (s >= end) return html_wrong(c, "attribute without end", name);
    if (n >= 3 && !memcmp(name, "src", 3)) html_wrong(c, "something is loaded", name);
    if (n > 2 && !memcmp(name, "on", 2)) html_wrong(c, "something is run", name);
    if (n == 4 && !memcmp(name, "href", 4) && *value != '#') html_wrong(c, "a link out", name);
    s++;
  }
}

static inline void html_open(html_check *c, const char *tag, size_t bytes, const char *name)
{
  if (!strcmp(name, "script") || !strcmp(name, "iframe") || !strcmp(name, "object") ||
      !strcmp(name, "link") || !strcmp(name, "img") || !strcmp(name, "b"))
    html_wrong(c, "a tag that must not be there", tag);
  if (!strcmp(name, "table")) {
    c->tables++;
    c->columns = 0;
  }
  if (!strcmp(name, "thead")) c->in_head = true;
  if (!strcmp(name, "tr")) c->cells = 0;
  if (!strcmp(name, "th") && !html_has(tag, bytes, c->in_head ? "scope=\"col\"" : "scope=\"row\""))
    html_wrong(c, "a head without scope", tag);
  if (!strcmp(name, "td") && c->cells == 0) html_wrong(c, "a row that does not begin with th", tag);
  if (!strcmp(name, "th") || !strcmp(name, "td")) {
    c->cells++;
    c->columns += c->in_head;
  }
  if (!strcmp(name, "svg")) {
    c->image = html_has(tag, bytes, "role=\"img\"");
    c->images += c->image;
    c->titled = c->described = false;
    if (!c->image && !html_has(tag, bytes, "aria-hidden=\"true\""))
      html_wrong(c, "a picture that is neither described nor hidden", tag);
  }
  if (!strcmp(name, "title")) c->titled = true;
  if (!strcmp(name, "desc")) c->described = true;
}

static inline void html_close(html_check *c, const char *tag, const char *name)
{
  if (c->depth == 0 || strcmp(c->name[c->depth - 1], name) != 0)
    return html_wrong(c, "a tag closed that is not the last one open", tag);
  c->depth--;
  if (!strcmp(name, "thead")) {
    c->in_head = false;
    if (c->columns == 0) html_wrong(c, "a table without heads", tag);
  }
  if (!strcmp(name, "tr") && !c->in_head && c->cells != c->columns)
    html_wrong(c, "a row with another number of cells than heads", tag);
  if (!strcmp(name, "svg") && c->image && !(c->titled && c->described))
    html_wrong(c, "a picture without title or description", tag);
}

static inline const char *html_tag(html_check *c, const char *s)
{
  const char *end = strchr(s, '>');
  if (!end) {
    html_wrong(c, "a tag without end", s);
    return s + strlen(s);
  }
  bool closes = s[1] == '/';
  const char *first = s + 1 + closes;
  size_t n = strcspn(first, " />");
  char name[HTML_NAME] = "";
  if (n == 0 || n >= HTML_NAME)
    html_wrong(c, "a < that begins no tag", s);
  else
    memcpy(name, first, n);
  if (closes)
    html_close(c, s, name);
  else {
    html_attributes(c, first, (size_t)(end - first));
    html_open(c, first, (size_t)(end - first), name);
    if (end[-1] != '/' && strcmp(name, "meta") != 0 && c->depth < HTML_DEPTH)
      memcpy(c->name[c->depth++], name, HTML_NAME);
  }
  if (!closes && !strcmp(name, "style")) { /* its content is not markup */
    end = strstr(end, "</style>");
    if (!end) return s + strlen(s);
    return end;
  }
  return end + 1;
}

/* NULL, or what is wrong. */
static inline const char *html_read(html_check *c, const char *s)
{
  static const char doctype[] = "<!DOCTYPE html>\n";
  memset(c, 0, sizeof *c);
  if (strncmp(s, doctype, sizeof doctype - 1) != 0)
    html_wrong(c, "no doctype", s);
  else
    s += sizeof doctype - 1;
  while (*s && !c->wrong) {
    if (*s == '<')
      s = html_tag(c, s);
    else {
      if (*s == '>') html_wrong(c, "a bare >", s);
      if (*s == '&' && strncmp(s, "&amp;", 5) && strncmp(s, "&lt;", 4) && strncmp(s, "&gt;", 4) &&
          strncmp(s, "&quot;", 6) && strncmp(s, "&#39;", 5))
        html_wrong(c, "a bare &", s);
      s++;
    }
  }
  if (c->depth) html_wrong(c, "a tag left open", c->name[c->depth - 1]);
  return c->wrong;
}
#endif
