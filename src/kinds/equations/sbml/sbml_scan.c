/* sbml_scan.c - one pass over the text before a parser sees it.
 *
 * libsbml and the XML parser below it recurse over nested elements and expand entities, so a
 * hostile text is stopped here: no document type (it is the only place where entities are
 * declared), bounded nesting and count of elements, and only encodings in which '<' is the byte
 * 3C. libsbml 5.19 forgets the URL of a csymbol it does not know, so the draws of the package
 * distrib are given names here: <csymbol definitionURL=".../distrib/normal"> becomes <ci>
 * distrib.normal. */
#include "kinds/equations/sbml/sbml_internal.h"
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char distrib_space[] = "http://www.sbml.org/sbml/level3/version1/distrib/version1";
static const char distrib_symbol[] = "http://www.sbml.org/sbml/symbols/distrib/";

typedef struct {
  gm_ctx *ctx;
  const char *file, *at;
  int32_t line, depth, element_count;
  bool rewrite;
  struct {
    bool apply;
    int32_t children, height; /* height: of the formulas below, as libsbml will hold them */
  } open[SBML_XML_DEPTH_MAX + 1];
  const char *kept; /* text before here is in out */
  gm_text out;
} scan;

static gm_status scan_fail(const scan *s, gm_status status, const char *what)
{
  return gm_fail(s->ctx, status, "%.200s:%d: %s", s->file, (int)s->line, what);
}

static void go_to(scan *s, const char *end)
{
  for (; s->at < end; s->at++)
    if (*s->at == '\n') s->line++;
}

/* Goes behind the next `end`. */
static gm_status skip_past(scan *s, const char *end, const char *what)
{
  const char *stop = strstr(s->at, end);
  if (!stop) return scan_fail(s, GM_EPARSE, what);
  go_to(s, stop + strlen(end));
  return GM_OK;
}

/* The end of a tag ('>'), over quoted attribute values. NULL: there is none. */
static const char *tag_end(const char *p)
{
  char quote = 0;
  for (; *p; p++) {
    if (quote) {
      if (*p == quote) quote = 0;
    } else if (*p == '"' || *p == '\'') {
      quote = *p;
    } else if (*p == '>') {
      return p;
    }
  }
  return NULL;
}

static bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

/* The distribution a csymbol names, between its quotes; 0 bytes: none. */
static const char *draw_name(const char *tag, const char *end, size_t *bytes_out)
{
  *bytes_out = 0;
  for (const char *p = tag; p + sizeof distrib_symbol <= end; p++) {
    if (strncmp(p, distrib_symbol, sizeof distrib_symbol - 1) != 0) continue;
    if (p[-1] != '"' && p[-1] != '\'') return NULL;
    const char *name = p + sizeof distrib_symbol - 1;
    size_t n = 0;
    while (name[n] >= 'a' && name[n] <= 'z') n++;
    if (name[n] != p[-1] || n == 0 || n > 40) return NULL;
    *bytes_out = n;
    return name;
  }
  return NULL;
}

/* The tag at s->at is a csymbol that ends at `end`; goes behind its element when it is a draw. */
static gm_status draw_rewrite(scan *s, const char *name, size_t name_bytes, const char *end)
{
  size_t bytes;
  const char *draw = draw_name(s->at, end, &bytes), *close = end;
  if (!draw) return GM_OK;
  if (end[-1] != '/') {
    close = strchr(end, '<');
    if (!close || close[1] != '/' || strncmp(close + 2, name, name_bytes) != 0)
      return scan_fail(s, GM_EPARSE, "a csymbol that is not closed");
    close = strchr(close, '>');
    if (!close) return scan_fail(s, GM_EPARSE, "a csymbol that is not closed");
  }
  int prefix = (int)(name_bytes - strlen("csymbol"));
  gm_text_addn(&s->out, s->kept, (size_t)(s->at - s->kept));
  gm_text_addf(&s->out, "<%.*sci>" SBML_DRAW_PREFIX "%.*s", prefix, name, (int)bytes, draw);
  for (const char *p = s->at; p < close; p++)
    if (*p == '\n') {
      gm_text_addn(&s->out, "\n", 1); /* lines in messages stay those of the file */
      s->line++;
    }
  gm_text_addf(&s->out, "</%.*sci>", prefix, name);
  s->at = s->kept = close + 1;
  return s->out.status;
}

static bool named(const char *name, size_t bytes, const char *local)
{
  size_t n = strlen(local);
  if (bytes < n || memcmp(name + bytes - n, local, n) != 0) return false;
  return bytes == n || name[bytes - n - 1] == ':';
}

/* The value of an attribute in a tag from p to end; NULL: none. */
static const char *attribute(const char *p, const char *end, const char *name, size_t *bytes_out)
{
  size_t n = strlen(name);
  *bytes_out = 0;
  for (; p + n < end; p++) {
    if (*p == '"' || *p == '\'') { /* over a value */
      const char *close = memchr(p + 1, *p, (size_t)(end - p - 1));
      if (!close) return NULL;
      p = close;
      continue;
    }
    if (!is_space(*p) || strncmp(p + 1, name, n) != 0) continue;
    const char *q = p + 1 + n;
    while (q < end && (is_space(*q) || *q == '=')) q++;
    const char *close = q < end ? memchr(q + 1, *q, (size_t)(end - q - 1)) : NULL;
    if ((*q != '"' && *q != '\'') || !close) continue;
    *bytes_out = (size_t)(close - q - 1);
    return q + 1;
  }
  return NULL;
}

static bool value_is(const char *v, size_t bytes, const char *want)
{
  return v && strlen(want) == bytes && memcmp(v, want, bytes) == 0;
}

/* libsbml ends the process (an exception that its C functions let through) where level, version and
 * name space do not belong together. */
static bool root_known(const char *name, size_t bytes, const char *end)
{
  static const struct {
    const char *level, *version, *space;
  } known[] = {
      {"1", "1", "http://www.sbml.org/sbml/level1"},
      {"1", "2", "http://www.sbml.org/sbml/level1"},
      {"2", "1", "http://www.sbml.org/sbml/level2"},
      {"2", "2", "http://www.sbml.org/sbml/level2/version2"},
      {"2", "3", "http://www.sbml.org/sbml/level2/version3"},
      {"2", "4", "http://www.sbml.org/sbml/level2/version4"},
      {"2", "5", "http://www.sbml.org/sbml/level2/version5"},
      {"3", "1", "http://www.sbml.org/sbml/level3/version1/core"},
      {"3", "2", "http://www.sbml.org/sbml/level3/version2/core"},
  };
  char space_name[60] = "xmlns";
  size_t n_level, n_version, n_space;
  if (!named(name, bytes, "sbml") || bytes > 40) return false;
  if (bytes > 4) snprintf(space_name, sizeof space_name, "xmlns:%.*s", (int)bytes - 5, name);
  const char *level = attribute(name + bytes, end, "level", &n_level);
  const char *version = attribute(name + bytes, end, "version", &n_version);
  const char *space = attribute(name + bytes, end, space_name, &n_space);
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (value_is(level, n_level, known[i].level) && value_is(version, n_version, known[i].version))
      return value_is(space, n_space, known[i].space);
  return false;
}

/* libsbml turns a sum of n terms into n nested sums of two, and recurses over them. */
static gm_status element_done(scan *s, bool apply, int32_t children, int32_t below)
{
  int32_t height = below + (apply && children > 2 ? children : 1);
  if (height > SBML_HEIGHT_MAX)
    return scan_fail(s, GM_ERANGE, "a formula of more than 20000 operands in a row");
  if (s->open[s->depth].height < height) s->open[s->depth].height = height;
  s->open[s->depth].children++;
  return GM_OK;
}

static gm_status tag_close(scan *s)
{
  gm_status status = GM_OK;
  if (s->depth > 0) {
    s->depth--;
    status = element_done(s, s->open[s->depth + 1].apply, s->open[s->depth + 1].children,
                          s->open[s->depth + 1].height);
  }
  const char *end = tag_end(s->at);
  if (!end) return scan_fail(s, GM_EPARSE, "a tag that is not closed");
  go_to(s, end + 1);
  return status;
}

static gm_status tag_open(scan *s)
{
  const char *name = s->at + 1, *end = tag_end(name);
  if (!end) return scan_fail(s, GM_EPARSE, "a tag that is not closed");
  if (++s->element_count > SBML_ELEMENTS_MAX) return scan_fail(s, GM_ERANGE, "too many elements");
  size_t n = 0;
  while (name + n < end && !is_space(name[n]) && name[n] != '/') n++;
  if (s->element_count == 1 && !root_known(name, n, end))
    return scan_fail(s, GM_EPARSE, "<sbml> with a level, a version and their name space expected");
  if (s->rewrite && named(name, n, "csymbol")) {
    const char *before = s->at;
    gm_status status = draw_rewrite(s, name, n, end);
    if (status) return status;
    if (s->at != before) return element_done(s, false, 0, 0);
  }
  gm_status status = GM_OK;
  if (end[-1] == '/') {
    status = element_done(s, false, 0, 0);
  } else if (++s->depth > SBML_XML_DEPTH_MAX) {
    return scan_fail(s, GM_ERANGE, "elements nested more than 500 deep");
  } else {
    s->open[s->depth].apply = named(name, n, "apply");
    s->open[s->depth].children = s->open[s->depth].height = 0;
  }
  go_to(s, end + 1);
  return status;
}

/* Whether the XML declaration at p names an encoding that keeps ASCII characters as they are. */
static bool encoding_plain(const char *p)
{
  static const char *const plain[] = {"utf-8", "utf8", "us-ascii", "ascii"};
  const char *end = strstr(p, "?>");
  const char *e = end ? memmem(p, (size_t)(end - p), "encoding", 8) : NULL;
  if (!e) return true;
  e += strlen("encoding");
  while (is_space(*e) || *e == '=') e++;
  char quote = *e++;
  if (quote != '"' && quote != '\'') return false;
  for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
    size_t n = strlen(plain[i]);
    if (strncasecmp(e, plain[i], n) == 0 && e[n] == quote) return true;
  }
  return strncasecmp(e, "iso-8859-", 9) == 0 || strncasecmp(e, "windows-125", 11) == 0;
}

static gm_status markup(scan *s)
{
  if (strncmp(s->at, "<!--", 4) == 0) return skip_past(s, "-->", "a comment that is not closed");
  if (strncmp(s->at, "<![CDATA[", 9) == 0)
    return skip_past(s, "]]>", "a CDATA section that is not closed");
  if (s->at[1] == '!')
    return scan_fail(s, GM_EUNSUPPORTED, "a document type (<!DOCTYPE ...>) is not read");
  if (s->at[1] == '?') {
    if (strncmp(s->at, "<?xml", 5) == 0 && is_space(s->at[5]) && !encoding_plain(s->at))
      return scan_fail(s, GM_EUNSUPPORTED, "this encoding is not read; UTF-8 was expected");
    return skip_past(s, "?>", "a processing instruction that is not closed");
  }
  return s->at[1] == '/' ? tag_close(s) : tag_open(s);
}

/* libsbml puts a declaration of its own, and a line, before a text that has none. */
static void declare(scan *s)
{
  if (strncmp(s->at, "\xef\xbb\xbf", 3) == 0) s->at += 3; /* byte order mark */
  const char *p = s->at;
  while (is_space(*p)) p++;
  if (strncmp(p, "<?xml", 5) == 0 && is_space(p[5]))
    go_to(s, p);
  else
    gm_text_add(&s->out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>");
  s->kept = s->at;
}

gm_status sbml_scan(gm_ctx *ctx, const char *text, const char *file, gm_text *out)
{
  scan s = {.ctx = ctx, .file = file, .at = text, .line = 1};
  if (strnlen(text, (size_t)SBML_BYTES_MAX + 1) > SBML_BYTES_MAX)
    return gm_fail(ctx, GM_ERANGE, "%.200s: longer than 64 MB", file);
  gm_text_init(&s.out, ctx);
  declare(&s);
  s.rewrite = strstr(text, distrib_space) != NULL;
  gm_status status = GM_OK;
  while (*s.at && !status) {
    if (*s.at == '<') {
      status = markup(&s);
    } else {
      if (*s.at == '\n') s.line++;
      s.at++;
    }
  }
  if (!status) gm_text_add(&s.out, s.kept);
  if (!status && s.out.status) status = gm_fail(ctx, GM_ENOMEM, "%.200s: its text", file);
  if (status)
    gm_text_free(&s.out);
  else
    *out = s.out;
  return status;
}
