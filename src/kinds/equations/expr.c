/* expr.c - one expression over given names. */
#include "gemel/expr.h"
#include "kinds/equations/parse.h"
#include "kinds/equations/text_lower.h"
#include "kinds/equations/text_resolve.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

struct gm_expr {
  ir_graph graph;
  ir_ref value;
  bool *depends; /* [count] */
  int32_t count;
  gm_unit unit;
  bool unit_known;
};

typedef struct {
  gm_ctx *ctx;
  const char *where;
  eqt_doc doc;
  eqt_text text, *other; /* other: [2*count] the names and units as texts */
  ir_ref *name_ref;      /* [count] */
  eqt_expr expr;
} builder;

static gm_status give_name(builder *b, const char *name, eqt_text *t)
{
  eqt_lexer l;
  int32_t index;
  gm_status s = eqt_text_check(b->ctx, name, b->where, false, t);
  if (!s) s = eqt_start(&l, t, 0);
  if (!s) s = eqt_new_name(&l, "a name");
  if (!s && l.now.bytes != t->bytes)
    s = gm_fail(b->ctx, GM_EINVAL, "%.200s: \"%.80s\" cannot be a name", b->where, name);
  if (s) return s == GM_EPARSE ? GM_EINVAL : s;
  int32_t before = b->doc.name.count;
  s = eqt_symbol_get(&b->doc, t, l.now, &index);
  if (!s && index != before)
    s = gm_fail(b->ctx, GM_EINVAL, "%.200s: the name %.80s is given twice", b->where, name);
  if (!s) b->doc.symbol[index].role = EQT_GIVEN;
  return s;
}

/* A unit as if it stood in quotes behind its name: an entry that is resolved already. */
static gm_status give_unit(builder *b, int32_t i, const char *unit)
{
  char code[GM_UNIT_CODE_BYTES], why[500];
  gm_unit u;
  int32_t entry;
  gm_status s = gm_unit_parse_friendly(b->ctx, unit, &u, code);
  if (s) {
    const eqt_key *k = &b->doc.name.key[i];
    snprintf(why, sizeof why, "%s", gm_message(b->ctx));
    return gm_fail(b->ctx, GM_EUNIT, "%.200s: unit \"%.80s\" of %.*s: %s", b->where, unit,
                   (int)k->bytes, k->text, why);
  }
  s = eqt_unit_formula(&b->doc, &b->text, 0, &entry);
  size_t bytes = strlen(code) + 1;
  char *copy = s ? NULL : gm_arena_get(b->doc.arena, (ptrdiff_t)bytes, 1);
  if (!s && !copy) s = gm_fail(b->ctx, GM_ENOMEM, "units of an expression");
  if (s) return s;
  memcpy(copy, code, bytes);
  eqt_unit_entry *e = &b->doc.unit[entry];
  e->unit = u;
  e->code = copy;
  e->state = EQT_UNIT_DONE;
  b->doc.symbol[i].unit = entry;
  return GM_OK;
}

static gm_status read_text(builder *b, const char *text)
{
  eqt_lexer l;
  eqt_parser p = {.doc = &b->doc, .lexer = &l};
  char found[80];
  gm_status s = eqt_text_check(b->ctx, text, b->where, false, &b->text);
  if (!s) s = eqt_start(&l, &b->text, 0);
  if (!s) s = eqt_parse_number(&p, &b->expr);
  if (!s && l.now.kind != EQT_END)
    s = eqt_fail(&b->text, l.now.at, GM_EPARSE, "found %s, expected an operator or the end",
                 eqt_token_text(&l, found));
  if (!s) s = eqt_known_only(&b->doc);
  return s ? s : eqt_units_resolve(&b->doc);
}

static gm_status compile(builder *b, gm_expr *e)
{
  eqt_lowering l;
  eqt_value v = {0};
  gm_status s = ir_graph_init(&e->graph, b->ctx);
  if (s) return s;
  eqt_lowering_init(&l, &b->doc, &e->graph);
  for (int32_t i = 0; i < e->count; i++) b->name_ref[i] = ir_param(&e->graph, i);
  l.name_ref = b->name_ref;
  l.check = true;
  s = e->graph.status;
  if (!s) s = eqt_lower(&l, &b->expr, &v);
  eqt_lowering_free(&l);
  if (!s && v.ref >= GM_EXPR_TERM_COUNT_MAX)
    s = eqt_fail(&b->text, 0, GM_ERANGE, "more than %d terms", (int)GM_EXPR_TERM_COUNT_MAX);
  if (s) return s;
  e->value = v.ref;
  e->unit_known = v.unit.kind == EQT_MEASURED && v.unit.exponent == IR_NONE;
  e->unit = e->unit_known ? v.unit.of.unit : gm_unit_one();
  return GM_OK;
}

/* One pass backwards from the value: operands come before what uses them. */
static gm_status find_depends(gm_ctx *ctx, gm_expr *e)
{
  bool *used = gm_alloc(ctx, e->value + 1, sizeof *used);
  e->depends = gm_alloc(ctx, e->count, sizeof *e->depends);
  if (!used || !e->depends) {
    gm_free(used);
    return gm_fail(ctx, GM_ENOMEM, "expression");
  }
  used[e->value] = true;
  for (ir_ref i = e->value; i >= 0; i--) {
    const ir_node *n = &e->graph.node[i];
    if (!used[i]) continue;
    if (n->op == IR_PARAM) e->depends[n->index] = true;
    if (n->a >= 0) used[n->a] = true;
    if (n->b >= 0) used[n->b] = true;
    if (n->c >= 0) used[n->c] = true;
  }
  gm_free(used);
  return GM_OK;
}

static gm_status build(builder *b, const char *text, const char *const *names,
                       const char *const *units, gm_expr *e)
{
  gm_status s = GM_OK;
  b->doc.no_time = true;
  b->other = gm_alloc(b->ctx, e->count, sizeof *b->other);
  b->name_ref = gm_alloc(b->ctx, e->count, sizeof *b->name_ref);
  if (!b->other || !b->name_ref) return gm_fail(b->ctx, GM_ENOMEM, "names of an expression");
  for (int32_t i = 0; i < e->count && !s; i++) s = give_name(b, names[i], &b->other[i]);
  for (int32_t i = 0; i < e->count && !s; i++)
    if (units && units[i] && units[i][0]) s = give_unit(b, i, units[i]);
  if (!s) s = read_text(b, text);
  if (!s) s = compile(b, e);
  return s ? s : find_depends(b->ctx, e);
}

gm_status gm_expr_new(gm_ctx *ctx, const char *text, const char *const *names,
                      const char *const *units, int32_t count, const char *where, gm_expr **out)
{
  assert(ctx && out);
  if (!text || count < 0 || (count > 0 && !names))
    return gm_fail(ctx, GM_EINVAL, "an expression needs its text and its names");
  gm_expr *e = gm_alloc(ctx, 1, sizeof *e);
  if (!e) return gm_fail(ctx, GM_ENOMEM, "expression");
  e->count = count;
  builder b = {.ctx = ctx, .where = where ? where : "expression"};
  gm_status s = eqt_doc_init(&b.doc, ctx);
  if (!s) s = build(&b, text, names, units, e);
  gm_free(b.other);
  gm_free(b.name_ref);
  eqt_doc_free(&b.doc);
  if (s)
    gm_expr_free(e);
  else
    *out = e;
  return s;
}

void gm_expr_free(gm_expr *e)
{
  if (!e) return;
  ir_graph_free(&e->graph);
  gm_free(e->depends);
  gm_free(e);
}

double gm_expr_eval(const gm_expr *e, const double *values)
{
  double scratch[GM_EXPR_TERM_COUNT_MAX];
  assert(e && (values || e->count == 0));
  return ir_eval(&e->graph, e->value, 0, NULL, values, scratch);
}

gm_unit gm_expr_unit(const gm_expr *e, bool *known_out)
{
  assert(e);
  if (known_out) *known_out = e->unit_known;
  return e->unit;
}

bool gm_expr_depends(const gm_expr *e, int32_t i)
{
  assert(e && i >= 0 && i < e->count);
  return e->depends[i];
}
