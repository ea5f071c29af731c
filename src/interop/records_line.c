/* records_line.c - lines with bounded memory: a window of 64 KiB moves over the file, and a line is
 * put together up to its limit, so that a file without line ends is refused after one limit. */
#include "interop/records_line.h"
#include "base/utf8.h"
#include <assert.h>
#include <errno.h>
#include <string.h>

enum { CHUNK_BYTES = 65536 };

gm__records_limits gm__records_limits_usual(void)
{
  return (gm__records_limits){.line_bytes_max = (size_t)1 << 20, .file_bytes_max = (size_t)1 << 30};
}

gm_status gm__line_open(gm__line_source *s, gm_ctx *ctx, const char *name, FILE *file,
                        const char *text, size_t bytes)
{
  *s = (gm__line_source){.ctx = ctx,
                         .name = name,
                         .limits = gm__records_limits_usual(),
                         .file = file,
                         .window = text,
                         .window_bytes = file ? 0 : bytes};
  if (!file) {
    s->total_bytes = bytes;
    return GM_OK;
  }
  s->chunk = gm_alloc(ctx, CHUNK_BYTES, 1);
  if (!s->chunk) return gm_fail(ctx, GM_ENOMEM, "%s: window of a file", name);
  return GM_OK;
}

void gm__line_close(gm__line_source *s)
{
  gm_free(s->chunk);
  gm_free(s->line);
  *s = (gm__line_source){0};
}

/* ---- bytes ----------------------------------------------------------------------------------- */
static gm_status total_check(const gm__line_source *s)
{
  if (s->total_bytes <= s->limits.file_bytes_max) return GM_OK;
  return gm_fail(s->ctx, GM_ERANGE, "%s: more than %zu bytes, at most so many are read", s->name,
                 s->limits.file_bytes_max);
}

/* Sees to it that the window holds something, or else that the source is ended. */
static gm_status window_fill(gm__line_source *s)
{
  if (s->window_bytes || s->ended) return total_check(s);
  if (s->file) {
    s->window = s->chunk;
    s->window_bytes = fread(s->chunk, 1, CHUNK_BYTES, s->file);
    s->total_bytes += s->window_bytes;
    if (!s->window_bytes && ferror(s->file))
      return gm_fail(s->ctx, GM_EIO, "%s: %s", s->name, strerror(errno));
  }
  s->ended = s->window_bytes == 0;
  return total_check(s);
}

static gm_status line_append(gm__line_source *s, size_t bytes)
{
  size_t max = s->limits.line_bytes_max, need = s->line_bytes + bytes;
  /* a byte order mark (3) and a CR are not yet taken off here, and do not count */
  if (need > max + 4)
    return gm_fail(s->ctx, GM_ERANGE,
                   "%s:%d: the line is longer than %zu bytes, a table was expected", s->name,
                   (int)s->number, max);
  if (need + 1 > s->line_room) {
    size_t room = s->line_room ? s->line_room : 256;
    while (room < need + 1) room *= 2;
    gm_status status = gm_grow(s->ctx, &s->line, (ptrdiff_t)s->line_bytes, (ptrdiff_t)room, 1);
    if (status) return gm_fail_at(s->ctx, status, "%s:%d", s->name, (int)s->number);
    s->line_room = room;
  }
  if (bytes) memcpy(s->line + s->line_bytes, s->window, bytes);
  s->line_bytes = need;
  s->line[need] = 0;
  s->window += bytes;
  s->window_bytes -= bytes;
  return GM_OK;
}

/* ---- text ------------------------------------------------------------------------------------ */
static gm_status line_check(const gm__line_source *s)
{
  const unsigned char *p = (const unsigned char *)s->line;
  int line = (int)s->number;
  for (size_t i = 0, n; i < s->line_bytes; i += n) {
    if (p[i] == '\r')
      return gm_fail(s->ctx, GM_EPARSE,
                     "%s:%d: a carriage return within the line, lines that end in LF or CR LF "
                     "were expected",
                     s->name, line);
    if ((p[i] < 0x20 && p[i] != '\t') || p[i] == 0x7F)
      return gm_fail(s->ctx, GM_EPARSE, "%s:%d: a control byte (0x%02x), text was expected",
                     s->name, line, (unsigned)p[i]);
    n = (size_t)gm__utf8_bytes(p + i, s->line_bytes - i);
    if (!n)
      return gm_fail(s->ctx, GM_EPARSE, "%s:%d: byte %zu (0x%02x) is not UTF-8, UTF-8 was expected",
                     s->name, line, i + 1, (unsigned)p[i]);
  }
  return GM_OK;
}

static gm_status line_finish(gm__line_source *s)
{
  if (s->line_bytes && s->line[s->line_bytes - 1] == '\r') s->line[--s->line_bytes] = 0;
  if (s->number == 1 && s->line_bytes >= 3 && memcmp(s->line, "\xEF\xBB\xBF", 3) == 0) {
    s->line_bytes -= 3;
    memmove(s->line, s->line + 3, s->line_bytes + 1);
  }
  if (s->number == 1 && s->line_bytes >= 2 &&
      (memcmp(s->line, "\xFF\xFE", 2) == 0 || memcmp(s->line, "\xFE\xFF", 2) == 0))
    return gm_fail(s->ctx, GM_EPARSE, "%s:1: the file is UTF-16, UTF-8 was expected", s->name);
  if (s->line_bytes > s->limits.line_bytes_max)
    return gm_fail(s->ctx, GM_ERANGE,
                   "%s:%d: the line is longer than %zu bytes, a table was expected", s->name,
                   (int)s->number, s->limits.line_bytes_max);
  return line_check(s);
}

gm_status gm__line_next(gm__line_source *s, bool *more_out)
{
  s->line_bytes = 0;
  gm_status status = window_fill(s);
  if (status) return status;
  if (s->ended) {
    *more_out = false;
    return GM_OK;
  }
  if (s->number == INT32_MAX)
    return gm_fail(s->ctx, GM_ERANGE, "%s: more than %d lines", s->name, INT32_MAX);
  s->number++;
  for (;;) {
    const char *end = memchr(s->window, '\n', s->window_bytes);
    status = line_append(s, end ? (size_t)(end - s->window) : s->window_bytes);
    if (status) return status;
    if (end) {
      s->window++;
      s->window_bytes--;
      break;
    }
    status = window_fill(s);
    if (status) return status;
    if (s->ended) break;
  }
  status = line_finish(s);
  if (!status) *more_out = true;
  return status;
}

/* ---- cells ----------------------------------------------------------------------------------- */
static bool is_blank(char c, char separator) { return (c == ' ' || c == '\t') && c != separator; }

/* Reads a quoted cell at *p (on its quote) and leaves *p behind the closing quote. The text moves
 * down onto the quote's place, so that no room is needed. */
static gm__cells quoted(char **p, char **cell)
{
  char *from = *p + 1, *to = *p;
  *cell = to;
  for (;;) {
    if (!*from) return GM__CELLS_QUOTE_OPEN;
    if (*from == '"' && *++from != '"') break;
    *to++ = *from++;
  }
  *to = 0; /* at the latest on the closing quote, which is read already */
  *p = from;
  return GM__CELLS_OK;
}

gm__cells gm__cells_split(char *line, char separator, char **cell, int32_t cell_max,
                          int32_t *count_out)
{
  int32_t count = 0;
  gm__cells result = GM__CELLS_OK;
  for (char *p = line;; p++) {
    char *text, *end = NULL;
    while (is_blank(*p, separator)) p++;
    if (*p == '"') {
      gm__cells q = quoted(&p, &text);
      if (q) return q;
      while (is_blank(*p, separator)) p++;
      if (*p && *p != separator) return GM__CELLS_QUOTE_TEXT;
    } else {
      text = p;
      while (*p && *p != separator) p++;
      end = p;
      while (end > text && is_blank(end[-1], separator)) end--;
    }
    bool last = !*p;
    if (end) *end = 0;
    if (count < cell_max)
      cell[count] = text;
    else
      result = GM__CELLS_TOO_MANY;
    count++;
    if (last) break;
  }
  *count_out = count;
  return result;
}

int64_t gm__cells_count(const char *line, char c)
{
  int64_t n = 0;
  bool inside = false;
  for (; *line; line++) {
    if (*line == '"') inside = !inside;
    n += !inside && *line == c;
  }
  return n;
}

gm__shown gm__show(const char *text)
{
  gm__shown s;
  size_t n = strlen(text);
  if (n <= 32) {
    memcpy(s.text, text, n + 1);
    return s;
  }
  n = 29;
  while (n && ((unsigned char)text[n] & 0xC0) == 0x80) n--; /* not within a character */
  memcpy(s.text, text, n);
  memcpy(s.text + n, "...", 4);
  return s;
}
