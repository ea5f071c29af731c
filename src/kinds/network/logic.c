/* logic.c - reads and works out rules of Boolean networks. */
#include "kinds/network/logic.h"
#include <string.h>

enum { DEPTH_MAX = 50, STACK_MAX = 4 * DEPTH_MAX + 8, WORD_BYTES = 80 };

typedef enum {
  WORD_END,
  WORD_NAME,
  WORD_NOT,
  WORD_AND,
  WORD_OR,
  WORD_XOR,
  WORD_OPEN,
  WORD_CLOSE,
  WORD_TRUE,
  WORD_FALSE,
  WORD_BAD
} word_kind;

typedef struct {
  gm_ctx *ctx;
  const char *text, *where, *at, *next; /* the present word: at .. next */
  const char *const *names;
  int32_t name_count, room, depth;
  word_kind kind;
  net_logic out;
} reader;

/* ---- words ----------------------------------------------------------------------------------- */
static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_word(const char *at, size_t bytes, const char *lower)
{
  if (strlen(lower) != bytes) return false;
  for (size_t i = 0; i < bytes; i++) {
    char c = at[i] >= 'A' && at[i] <= 'Z' ? (char)(at[i] + 32) : at[i];
    if (c != lower[i]) return false;
  }
  return true;
}

static word_kind name_kind(const char *at, size_t bytes)
{
  static const struct {
    const char *text;
    word_kind kind;
  } known[] = {{"not", WORD_NOT}, {"and", WORD_AND},   {"or", WORD_OR},
               {"xor", WORD_XOR}, {"true", WORD_TRUE}, {"false", WORD_FALSE}};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++)
    if (is_word(at, bytes, known[i].text)) return known[i].kind;
  return WORD_NAME;
}

static word_kind sign_kind(reader *r)
{
  char c = *r->at;
  r->next = r->at + 1;
  if ((c == '&' || c == '|') && *r->next == c) r->next++;
  switch (c) {
  case '!':
  case '~': return WORD_NOT;
  case '&': return WORD_AND;
  case '|': return WORD_OR;
  case '^': return WORD_XOR;
  case '(': return WORD_OPEN;
  case ')': return WORD_CLOSE;
  case '1': return WORD_TRUE;
  case '0': return WORD_FALSE;
  default: return WORD_BAD;
  }
}

static void take(reader *r)
{
  const char *p = r->next;
  while (*p == ' ' || *p == '\t' || *p == '\n' || *p == '\r') p++;
  r->at = r->next = p;
  if (!*p) {
    r->kind = WORD_END;
  } else if (is_letter(*p)) {
    while (is_letter(*r->next) || is_digit(*r->next)) r->next++;
    r->kind = name_kind(p, (size_t)(r->next - p));
  } else {
    r->kind = sign_kind(r);
    if (is_digit(*p) && (is_letter(*r->next) || is_digit(*r->next))) r->kind = WORD_BAD;
  }
}

static gm_status fail(const reader *r, gm_status s, const char *expected)
{
  int bytes = (int)(r->next - r->at);
  if (bytes > WORD_BYTES) bytes = WORD_BYTES;
  return gm_fail(r->ctx, s, "%s: column %d of the rule: found \"%.*s\", %s", r->where,
                 (int)(r->at - r->text) + 1, bytes, r->at, expected);
}

static gm_status emit(reader *r, int32_t code)
{
  if (r->out.count == r->room) {
    int32_t room = r->room ? 2 * r->room : 16;
    gm_status s = gm_grow(r->ctx, &r->out.code, r->out.count, room, sizeof *r->out.code);
    if (s) return s;
    r->room = room;
  }
  r->out.code[r->out.count++] = code;
  return GM_OK;
}

/* ---- grammar --------------------------------------------------------------------------------- */
static gm_status read_level(reader *r, int level);

static gm_status read_name(reader *r)
{
  size_t bytes = (size_t)(r->next - r->at);
  for (int32_t i = 0; i < r->name_count; i++)
    if (!strncmp(r->names[i], r->at, bytes) && !r->names[i][bytes]) {
      take(r);
      return emit(r, i);
    }
  return fail(r, GM_ENOTFOUND, "the name of a node was expected");
}

static gm_status read_one(reader *r)
{
  gm_status s = GM_OK;
  if (++r->depth > DEPTH_MAX) return fail(r, GM_ERANGE, "nested deeper than 50");
  word_kind kind = r->kind;
  if (kind == WORD_NAME) {
    s = read_name(r);
  } else if (kind == WORD_NOT) {
    take(r);
    s = read_one(r);
    if (!s) s = emit(r, NET_NOT);
  } else if (kind == WORD_TRUE || kind == WORD_FALSE) {
    take(r);
    s = emit(r, kind == WORD_TRUE ? NET_TRUE : NET_FALSE);
  } else if (kind == WORD_OPEN) {
    take(r);
    s = read_level(r, 0);
    if (!s && r->kind != WORD_CLOSE) s = fail(r, GM_EPARSE, "\")\" was expected");
    if (!s) take(r);
  } else {
    s = fail(r, GM_EPARSE, "a node, not or \"(\" was expected");
  }
  r->depth--;
  return s;
}

/* level 0: or, 1: xor, 2: and */
static gm_status read_level(reader *r, int level)
{
  static const word_kind word[] = {WORD_OR, WORD_XOR, WORD_AND};
  static const int32_t code[] = {NET_OR, NET_XOR, NET_AND};
  if (level == 3) return read_one(r);
  gm_status s = read_level(r, level + 1);
  while (!s && r->kind == word[level]) {
    take(r);
    s = read_level(r, level + 1);
    if (!s) s = emit(r, code[level]);
  }
  return s;
}

gm_status net_logic_read(gm_ctx *ctx, const char *text, const char *const *names, int32_t count,
                         const char *where, net_logic *out)
{
  reader r = {
      .ctx = ctx, .text = text, .where = where, .next = text, .names = names, .name_count = count};
  take(&r);
  gm_status s = read_level(&r, 0);
  if (!s && r.kind != WORD_END) s = fail(&r, GM_EPARSE, "and, or, xor or the end was expected");
  if (s)
    gm_free(r.out.code);
  else
    *out = r.out;
  return s;
}

void net_logic_free(net_logic *l)
{
  gm_free(l->code);
  *l = (net_logic){0};
}

bool net_logic_eval(const net_logic *l, const int32_t *value)
{
  /* each open parenthesis holds at most three operands back */
  bool stack[STACK_MAX];
  int32_t top = 0;
  for (int32_t i = 0; i < l->count; i++) {
    int32_t c = l->code[i];
    if (c >= 0) {
      stack[top++] = value[c] != 0;
    } else if (c <= NET_TRUE) {
      stack[top++] = c == NET_TRUE;
    } else if (c == NET_NOT) {
      stack[top - 1] = !stack[top - 1];
    } else {
      bool b = stack[--top], a = stack[top - 1];
      stack[top - 1] = c == NET_AND ? a && b : c == NET_OR ? a || b : a != b;
    }
  }
  return stack[0];
}
