/* bank_query.c - reading a query: what it asks of each card. */
#include "bank_query.h"
#include "base/number.h"
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  gm_ctx *ctx;
  gm_query *q;
  const char *text, *at;
  int32_t depth;
} parser;

/* ---- words ------------------------------------------------------------------------------------
 */
static gm_status bad(const parser *p, const char *at, const char *expected)
{
  return gm_fail(p->ctx, GM_EPARSE, "query: column %d: %s", (int)(at - p->text) + 1, expected);
}

static void blanks(parser *p) { p->at += strspn(p->at, " \t\r\n"); }

static bool is_name(char c) { return isalnum((unsigned char)c) || c == '_'; }

/* Bytes of the word here, 0: none. */
static size_t word_bytes(const char *at)
{
  size_t n = 0;
  if (!isalpha((unsigned char)*at) && *at != '_') return 0;
  while (is_name(at[n]) || (n && at[n] == '-' && is_name(at[n + 1]))) n++;
  return n;
}

/* Takes the word if it is here. */
static bool take_word(parser *p, const char *word)
{
  blanks(p);
  size_t n = strlen(word);
  if (word_bytes(p->at) != n || strncmp(p->at, word, n) != 0) return false;
  p->at += n;
  return true;
}

static bool take_sign(parser *p, const char *sign)
{
  blanks(p);
  if (strncmp(p->at, sign, strlen(sign)) != 0) return false;
  p->at += strlen(sign);
  return true;
}

static gm_status copy(parser *p, const char *text, size_t bytes, const char **out)
{
  char *t = gm_arena_get(p->q->memory, (ptrdiff_t)bytes + 1, 1);
  if (!t) return gm_fail(p->ctx, GM_ENOMEM, "query");
  memcpy(t, text, bytes);
  *out = t;
  return GM_OK;
}

/* A word, or a name in double quotes. */
static gm_status name_take(parser *p, const char *expected, const char **out)
{
  blanks(p);
  const char *begin = p->at;
  if (*begin == '"') {
    const char *end = strchr(begin + 1, '"');
    if (!end || end == begin + 1) return bad(p, begin, "a name between double quotes is expected");
    p->at = end + 1;
    return copy(p, begin + 1, (size_t)(end - begin - 1), out);
  }
  size_t n = word_bytes(begin);
  if (!n) return bad(p, begin, expected);
  p->at += n;
  return copy(p, begin, n, out);
}

/* ---- numbers ----------------------------------------------------------------------------------
 */
/* Bytes of the unit here: up to a blank or a bracket that was not opened in it. */
static size_t unit_bytes(const char *at)
{
  size_t n = 0;
  for (int open = 0; at[n] && !isspace((unsigned char)at[n]); n++) {
    open += at[n] == '(';
    if (at[n] == ')' && open-- == 0) break;
  }
  size_t word = word_bytes(at);
  bool joins = word == n && ((n == 3 && !strncmp(at, "and", 3)) ||
                             (n == 2 && (!strncmp(at, "or", 2) || !strncmp(at, "at", 2))));
  return joins ? 0 : n;
}

static bool number_here(const char *at)
{
  size_t sign = *at == '-' || *at == '+';
  return isdigit((unsigned char)at[sign]) ||
         (at[sign] == '.' && isdigit((unsigned char)at[sign + 1]));
}

static gm_status quantity_take(parser *p, gm__quantity *x)
{
  char unit[GM_UNIT_CODE_BYTES];
  blanks(p);
  const char *begin = p->at;
  if (!number_here(begin)) return bad(p, begin, "a number is expected");
  *x = (gm__quantity){.in_last = NAN};
  int32_t bytes = gm__number_begin(begin, &x->value);
  if (bytes == -2) return gm_fail(p->ctx, GM_ENOMEM, "query");
  if (bytes < 1) return bad(p, begin, "a finite number is expected");
  p->at += bytes;
  blanks(p);
  size_t n = unit_bytes(p->at);
  if (!n) return GM_OK;
  if (n >= sizeof unit) return bad(p, p->at, "a unit is expected");
  memcpy(unit, p->at, n);
  unit[n] = 0;
  x->has_unit = true;
  gm_status st = gm_unit_parse_friendly(p->ctx, unit, &x->unit, NULL);
  if (st) return gm_fail_at(p->ctx, st, "query: column %d", (int)(p->at - p->text) + 1);
  p->at += n;
  return GM_OK;
}

/* `at +12 h`; *out NaN: it is not here. */
static gm_status after_take(parser *p, double *out)
{
  gm__quantity x;
  gm_unit second;
  *out = NAN;
  if (!take_word(p, "at")) return GM_OK;
  blanks(p);
  const char *begin = p->at;
  if (*begin != '+') return bad(p, begin, "a time from the making of the card on, as +12 h");
  p->at++;
  gm_status st = quantity_take(p, &x);
  if (!st && !x.has_unit) st = bad(p, begin, "a unit of time is missing, as in +12 h");
  if (!st) st = gm_unit_parse(p->ctx, "s", &second);
  if (!st) st = gm_unit_convert(p->ctx, &x.unit, &second, x.value, out);
  return st == GM_EUNIT ? bad(p, begin, "a unit of time is expected, as in +12 h") : st;
}

static gm_status sign_take(parser *p, gm__sign *out)
{
  static const struct {
    const char *text;
    gm__sign sign;
  } list[] = {{"<=", GM__LESS_EQUAL}, {">=", GM__MORE_EQUAL}, {"!=", GM__OTHER},
              {"<", GM__LESS},        {">", GM__MORE},        {"=", GM__EQUAL}};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++)
    if (take_sign(p, list[i].text)) {
      *out = list[i].sign;
      return GM_OK;
    }
  return bad(p, p->at, "one of < <= > >= = != is expected");
}

/* ---- comparisons ------------------------------------------------------------------------------
 */
static gm_status close_take(parser *p)
{
  return take_sign(p, ")") ? GM_OK : bad(p, p->at, "a closing bracket is expected");
}

/* P( ... */
static gm_status chance_take(parser *p, gm__query_node *n)
{
  n->ask = GM__ASK_CHANCE;
  n->measured = take_word(p, "measured");
  gm_status st = name_take(p, "the name of an observable is expected", &n->name);
  blanks(p);
  const char *begin = p->at;
  if (!st) st = sign_take(p, &n->inner);
  if (!st && (n->inner == GM__EQUAL || n->inner == GM__OTHER))
    st = bad(p, begin, "a chance is of being below or above: < or > is expected");
  if (!st) st = quantity_take(p, &n->x);
  if (!st) st = after_take(p, &n->after_s);
  return st ? st : close_take(p);
}

static gm_status moment_take(parser *p, gm__query_node *n, gm__ask ask)
{
  n->ask = ask;
  gm_status st = name_take(p, "the name of a parameter or an observable is expected", &n->name);
  if (!st) st = after_take(p, &n->after_s);
  return st ? st : close_take(p);
}

static bool followed_by_bracket(const parser *p, const char *word)
{
  size_t n = strlen(word);
  const char *at = p->at;
  return word_bytes(at) == n && !strncmp(at, word, n) && at[n + strspn(at + n, " \t")] == '(';
}

static gm_status value_take(parser *p, gm__query_node *n)
{
  static const struct {
    const char *word;
    gm__ask ask;
  } list[] = {{"P", GM__ASK_CHANCE},
              {"mean", GM__ASK_MEAN},
              {"sd", GM__ASK_SD},
              {"median", GM__ASK_MEDIAN}};
  blanks(p);
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    if (!followed_by_bracket(p, list[i].word)) continue;
    p->at += strlen(list[i].word);
    take_sign(p, "(");
    return list[i].ask == GM__ASK_CHANCE ? chance_take(p, n) : moment_take(p, n, list[i].ask);
  }
  bool quoted = *p->at == '"';
  gm_status st =
      name_take(p, "P(...), mean(...), sd(...), median(...) or a name is expected", &n->name);
  if (st) return st;
  n->ask = quoted                         ? GM__ASK_COVARIATE
           : !strcmp(n->name, "health")   ? GM__ASK_HEALTH
           : !strcmp(n->name, "level")    ? GM__ASK_LEVEL
           : !strcmp(n->name, "data_age") ? GM__ASK_DATA_AGE
                                          : GM__ASK_COVARIATE;
  return GM_OK;
}

static int32_t number_of(const gm__query_node *n)
{
  int32_t count = n->ask == GM__ASK_HEALTH ? GM_HEALTH_LOST : GM_LEVEL_INTELLIGENT;
  for (int32_t i = 0; i <= count; i++) {
    const char *name =
        n->ask == GM__ASK_HEALTH ? gm_health_name((gm_health)i) : gm_level_name((gm_level)i);
    if (!strcmp(name, n->word)) return i;
  }
  return -1;
}

/* What a value is compared with. */
static gm_status against_word(parser *p, gm__query_node *n, const char *begin)
{
  bool state = n->ask == GM__ASK_HEALTH || n->ask == GM__ASK_LEVEL;
  if (!state && n->ask != GM__ASK_COVARIATE) return bad(p, begin, "a number is expected");
  if (n->ask != GM__ASK_LEVEL && n->sign != GM__EQUAL && n->sign != GM__OTHER)
    return bad(p, begin, "a word is compared by = or !=");
  gm_status st = name_take(p, "a number or a word is expected", &n->word);
  if (st || !state) return st;
  n->number = number_of(n);
  if (n->number < 0)
    return bad(p, begin,
               n->ask == GM__ASK_HEALTH
                   ? "warming-up, tracking, uncertain, stale or lost is expected"
                   : "static, mirror, shadow or intelligent is expected");
  return GM_OK;
}

static bool is_sized(gm__ask ask) { return ask != GM__ASK_HEALTH && ask != GM__ASK_LEVEL; }

static gm_status compare_take(parser *p, gm__query_node *n)
{
  n->after_s = NAN;
  gm_status st = value_take(p, n);
  if (!st) st = sign_take(p, &n->sign);
  if (st) return st;
  blanks(p);
  const char *begin = p->at;
  if (!number_here(begin)) return against_word(p, n, begin);
  if (!is_sized(n->ask)) return bad(p, begin, "a word is expected");
  st = quantity_take(p, &n->against);
  if (st || n->ask != GM__ASK_CHANCE) return st;
  gm_unit one = gm_unit_one();
  if (n->against.has_unit)
    st = gm_unit_convert(p->ctx, &n->against.unit, &one, n->against.value, &n->against.value);
  if (st) return bad(p, begin, "a chance is a number from 0 to 1, or in %");
  return n->against.value >= 0 && n->against.value <= 1
             ? GM_OK
             : bad(p, begin, "a chance from 0 to 1 is expected");
}

/* ---- and, or, not -----------------------------------------------------------------------------
 */
static gm_status node_new(parser *p, gm__query_node n, int32_t *out)
{
  if (p->q->count == GM__QUERY_NODES) return bad(p, p->at, "a shorter query is expected");
  *out = p->q->count;
  p->q->node[p->q->count++] = n;
  return GM_OK;
}

static gm_status or_take(parser *p, int32_t *out);

static gm_status not_take(parser *p, int32_t *out)
{
  gm__query_node n = {.ask = GM__ASK_NOT};
  gm_status st;
  if (++p->depth > GM__QUERY_DEPTH) return bad(p, p->at, "fewer brackets are expected");
  if (take_word(p, "not")) {
    st = not_take(p, &n.a);
    if (!st) st = node_new(p, n, out);
  } else if (take_sign(p, "(")) {
    st = or_take(p, out);
    if (!st) st = close_take(p);
  } else {
    st = compare_take(p, &n);
    if (!st) st = node_new(p, n, out);
  }
  p->depth--;
  return st;
}

static gm_status and_take(parser *p, int32_t *out)
{
  gm_status st = not_take(p, out);
  while (!st && take_word(p, "and")) {
    gm__query_node n = {.ask = GM__ASK_AND, .a = *out};
    st = not_take(p, &n.b);
    if (!st) st = node_new(p, n, out);
  }
  return st;
}

static gm_status or_take(parser *p, int32_t *out)
{
  gm_status st = and_take(p, out);
  while (!st && take_word(p, "or")) {
    gm__query_node n = {.ask = GM__ASK_OR, .a = *out};
    st = and_take(p, &n.b);
    if (!st) st = node_new(p, n, out);
  }
  return st;
}

gm_status gm_query_new(gm_ctx *ctx, const char *text, gm_query **out)
{
  assert(ctx && text && out);
  if (strlen(text) > GM__QUERY_BYTES)
    return gm_fail(ctx, GM_EPARSE, "query: longer than %d bytes", GM__QUERY_BYTES);
  gm_query *q = gm_alloc(ctx, 1, sizeof *q);
  if (!q) return gm_fail(ctx, GM_ENOMEM, "query");
  parser p = {.ctx = ctx, .q = q, .text = text, .at = text};
  gm_status st = gm_arena_new(ctx, 4096, &q->memory);
  if (!st) st = gm_ctx_child(ctx, &q->ctx); /* what does not convert leaves no message behind */
  if (!st) {
    q->node = gm_arena_get(q->memory, GM__QUERY_NODES, sizeof *q->node);
    if (!q->node) st = gm_fail(ctx, GM_ENOMEM, "query");
  }
  if (!st) st = or_take(&p, &q->root);
  blanks(&p);
  if (!st && *p.at) st = bad(&p, p.at, "`and`, `or` or the end is expected");
  if (st)
    gm_query_free(q);
  else
    *out = q;
  return st;
}

void gm_query_free(gm_query *q)
{
  if (!q) return;
  gm_arena_free(q->memory);
  gm_ctx_free(q->ctx);
  gm_free(q);
}
