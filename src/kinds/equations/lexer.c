/* lexer.c - model text cut into tokens. */
#include "kinds/equations/lexer.h"
#include "base/number.h"
#include "base/utf8.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

/* ---- places -------------------------------------------------------------------------------- */
static int32_t byte_order_mark(const eqt_text *t)
{
  return t->bytes >= 3 && memcmp(t->data, "\xEF\xBB\xBF", 3) == 0 ? 3 : 0;
}

void eqt_place(const eqt_text *t, int32_t at, int32_t *line_out, int32_t *column_out)
{
  int32_t line = 1, column = 1;
  for (int32_t i = byte_order_mark(t); i < at && i < t->bytes; i++) {
    if (t->data[i] == '\n') {
      line++;
      column = 1;
    } else if (((unsigned char)t->data[i] & 0xC0) != 0x80) { /* not inside a character */
      column++;
    }
  }
  *line_out = line;
  *column_out = column;
}

gm_status eqt_fail(const eqt_text *t, int32_t at, gm_status s, const char *format, ...)
{
  char text[800];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  int32_t line, column;
  eqt_place(t, at, &line, &column);
  if (t->file)
    return gm_fail(t->ctx, s, "%.200s:%d:%d: %s", t->where, (int)line, (int)column, text);
  return gm_fail(t->ctx, s, "%.200s: column %d: %s", t->where, (int)column, text);
}

/* ---- a text fit to be read ----------------------------------------------------------------- */
gm_status eqt_text_check(gm_ctx *ctx, const char *data, const char *where, bool file, eqt_text *out)
{
  size_t bytes = strnlen(data, (size_t)EQT_TEXT_BYTES_MAX + 1);
  if (bytes > (size_t)EQT_TEXT_BYTES_MAX)
    return gm_fail(ctx, GM_ERANGE, "%.200s: longer than %d bytes", where, (int)EQT_TEXT_BYTES_MAX);
  eqt_text t = {.ctx = ctx, .data = data, .bytes = (int32_t)bytes, .where = where, .file = file};
  const unsigned char *p = (const unsigned char *)data;
  for (int32_t i = 0; i < t.bytes;) {
    int32_t n = gm__utf8_bytes(p + i, (size_t)(t.bytes - i));
    bool control = (p[i] < 32 && p[i] != '\n' && p[i] != '\r' && p[i] != '\t') || p[i] == 127;
    if (n == 0) return eqt_fail(&t, i, GM_EPARSE, "byte 0x%02X is not UTF-8 text", p[i]);
    if (control) return eqt_fail(&t, i, GM_EPARSE, "control character 0x%02X", p[i]);
    i += n;
  }
  *out = t;
  return GM_OK;
}

/* ---- tokens -------------------------------------------------------------------------------- */
static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
static bool is_digit(char c) { return c >= '0' && c <= '9'; }

/* Length of the line end (or of the spaces and the line end) that a backslash at p hides, or 0. */
static int32_t continuation(const char *p)
{
  int32_t n = 1;
  while (p[n] == ' ' || p[n] == '\t' || p[n] == '\r') n++;
  return p[n] == '\n' ? n + 1 : 0;
}

static gm_status skip_block(eqt_lexer *l)
{
  const char *end = strstr(l->text->data + l->at + 2, "*/");
  if (!end) return eqt_fail(l->text, l->at, GM_EPARSE, "comment without its */");
  l->at = (int32_t)(end - l->text->data) + 2;
  return GM_OK;
}

static void skip_line_comment(eqt_lexer *l)
{
  const char *p = l->text->data;
  l->comment_at = l->at;
  while (p[l->at] && p[l->at] != '\n') l->at++;
  l->comment_bytes = l->at - l->comment_at;
}

static gm_status skip_blank(eqt_lexer *l)
{
  const char *p = l->text->data;
  for (;;) {
    char c = p[l->at];
    if (c == ' ' || c == '\t' || c == '\r') {
      l->at++;
    } else if (c == '\\' && continuation(p + l->at) > 0) {
      l->at += continuation(p + l->at);
    } else if (c == '#' || (c == '/' && p[l->at + 1] == '/')) {
      skip_line_comment(l);
    } else if (c == '/' && p[l->at + 1] == '*') {
      gm_status s = skip_block(l);
      if (s) return s;
    } else {
      return GM_OK;
    }
  }
}

static gm_status too_long(const eqt_lexer *l)
{
  return eqt_fail(l->text, l->at, GM_ERANGE, "number longer than %d characters",
                  (int)EQT_NUMBER_BYTES_MAX);
}

/* Digits with at most one point among them; *nonzero_out tells whether one of them is not 0. */
static gm_status lex_digits(const eqt_lexer *l, int32_t *bytes_out, bool *nonzero_out)
{
  const char *p = l->text->data + l->at;
  int32_t n = 0;
  bool nonzero = false;
  while (is_digit(p[n]) || p[n] == '.') {
    if (p[n] == '.' && memchr(p, '.', (size_t)n)) break;
    nonzero = nonzero || (p[n] >= '1' && p[n] <= '9');
    n++;
    if (n > EQT_NUMBER_BYTES_MAX) return too_long(l);
  }
  *bytes_out = n;
  *nonzero_out = nonzero;
  return GM_OK;
}

/* Where the exponent at p[n] ends; n when there is none: in `2e` the e begins a name. */
static int32_t exponent_end(const char *p, int32_t n)
{
  if (p[n] != 'e' && p[n] != 'E') return n;
  int32_t sign = p[n + 1] == '+' || p[n + 1] == '-';
  if (!is_digit(p[n + 1 + sign])) return n;
  n += 1 + sign;
  while (is_digit(p[n]) && n <= EQT_NUMBER_BYTES_MAX) n++;
  return n;
}

static gm_status lex_number(eqt_lexer *l)
{
  const char *p = l->text->data + l->at;
  int32_t n = 0;
  bool nonzero = false;
  gm_status s = lex_digits(l, &n, &nonzero);
  if (s) return s;
  n = exponent_end(p, n);
  if (n > EQT_NUMBER_BYTES_MAX) return too_long(l);
  char digits[EQT_NUMBER_BYTES_MAX + 1];
  double v = 0;
  memcpy(digits, p, (size_t)n);
  digits[n] = 0;
  int32_t taken = gm__number_begin(digits, &v);
  if (taken == -2) return gm_fail(l->text->ctx, GM_ENOMEM, "number %.40s", digits);
  if (taken != n) return eqt_fail(l->text, l->at, GM_ERANGE, "number %.40s is too large", digits);
  if (v == 0 && nonzero)
    return eqt_fail(l->text, l->at, GM_ERANGE, "number %.40s is too small", digits);
  l->now = (eqt_token){EQT_NUMBER, l->at, n, v};
  l->at += n;
  return GM_OK;
}

static gm_status lex_name(eqt_lexer *l)
{
  const char *p = l->text->data + l->at;
  int32_t n = 0; /* a dot joins two names: what is inside a sub-model */
  while (is_letter(p[n]) || is_digit(p[n]) || (p[n] == '.' && is_letter(p[n + 1]))) n++;
  if (n > EQT_NAME_BYTES_MAX)
    return eqt_fail(l->text, l->at, GM_ERANGE, "name longer than %d characters",
                    (int)EQT_NAME_BYTES_MAX);
  l->now = (eqt_token){EQT_NAME, l->at, n, 0};
  l->at += n;
  return GM_OK;
}

static gm_status lex_string(eqt_lexer *l)
{
  const char *p = l->text->data + l->at;
  int32_t n = 1;
  while (p[n] && p[n] != '"' && p[n] != '\n') n++;
  if (p[n] != '"') return eqt_fail(l->text, l->at, GM_EPARSE, "text without its closing quote");
  l->now = (eqt_token){EQT_STRING, l->at, n + 1, 0};
  l->at += n + 1;
  return GM_OK;
}

static const struct {
  char text[3];
  int kind;
} two_characters[] = {{"<=", EQT_LE},      {">=", EQT_GE},    {"==", EQT_EQ},
                      {"!=", EQT_NE},      {"&&", EQT_AND},   {"||", EQT_OR},
                      {":=", EQT_BECOMES}, {"->", EQT_ARROW}, {"=>", EQT_ARROW}};

static gm_status lex_sign(eqt_lexer *l)
{
  const char *p = l->text->data + l->at;
  for (size_t i = 0; i < sizeof two_characters / sizeof two_characters[0]; i++) {
    if (p[0] != two_characters[i].text[0] || p[1] != two_characters[i].text[1]) continue;
    l->now = (eqt_token){two_characters[i].kind, l->at, 2, 0};
    l->at += 2;
    return GM_OK;
  }
  if (!strchr("+-*/^%()=<>!,;:'$.[]{}@&|?", p[0])) {
    if ((unsigned char)p[0] >= 0x80)
      return eqt_fail(l->text, l->at, GM_EPARSE, "character \"%.*s\" outside quotes and comments",
                      (int)gm__utf8_bytes((const unsigned char *)p, GM__UTF8_BYTES_MAX), p);
    return eqt_fail(l->text, l->at, GM_EPARSE, "character \"%c\" has no meaning here", p[0]);
  }
  l->now = (eqt_token){p[0], l->at, 1, 0};
  l->at++;
  return GM_OK;
}

gm_status eqt_next(eqt_lexer *l)
{
  gm_status s = skip_blank(l);
  if (s) return s;
  const char *p = l->text->data + l->at;
  if (!p[0]) {
    l->now = (eqt_token){EQT_END, l->at, 0, 0};
    return GM_OK;
  }
  if (is_digit(p[0]) || (p[0] == '.' && is_digit(p[1]))) return lex_number(l);
  if (is_letter(p[0])) return lex_name(l);
  if (p[0] == '"') return lex_string(l);
  if (p[0] == '\n') {
    l->now = (eqt_token){EQT_LINE, l->at, 1, 0};
    l->at++;
    return GM_OK;
  }
  return lex_sign(l);
}

gm_status eqt_start(eqt_lexer *l, const eqt_text *t, int32_t at)
{
  *l = (eqt_lexer){.text = t, .at = at, .comment_at = -1};
  if (at == 0) l->at = byte_order_mark(t);
  return eqt_next(l);
}

bool eqt_same(const eqt_text *t, eqt_token token, const char *word)
{
  return strlen(word) == (size_t)token.bytes &&
         memcmp(t->data + token.at, word, (size_t)token.bytes) == 0;
}

bool eqt_dotted(const eqt_text *t, eqt_token name)
{
  return memchr(t->data + name.at, '.', (size_t)name.bytes) != NULL;
}

bool eqt_is(const eqt_lexer *l, const char *name)
{
  return l->now.kind == EQT_NAME && eqt_same(l->text, l->now, name);
}

const char *eqt_token_text(const eqt_lexer *l, char text[80])
{
  if (l->now.kind == EQT_END)
    snprintf(text, 80, "the end of the text");
  else if (l->now.kind == EQT_LINE)
    snprintf(text, 80, "the end of the line");
  else if (l->now.kind == EQT_STRING)
    snprintf(text, 80, "a text in quotes");
  else
    snprintf(text, 80, "\"%.*s\"", l->now.bytes < 60 ? (int)l->now.bytes : 60,
             l->text->data + l->now.at);
  return text;
}
