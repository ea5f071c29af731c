/* text_lower.c - expressions of a text made into the internal form, their units checked. */
#include "kinds/equations/text_lower.h"
#include "kinds/equations/parse.h"
#include <assert.h>
#include <stdio.h>

void eqt_lowering_init(eqt_lowering *l, eqt_doc *d, ir_graph *g)
{
  *l = (eqt_lowering){.doc = d, .graph = g};
  eqt_units_init(&l->units, d->ctx);
}

void eqt_lowering_free(eqt_lowering *l)
{
  eqt_units_free(&l->units);
  gm_free(l->stack);
  l->stack = NULL;
}

gm_status eqt_entry_unit(eqt_lowering *l, int32_t entry, eqt_unit *out)
{
  *out = eqt_unit_unknown();
  if (entry < 0) return GM_OK;
  const eqt_unit_entry *u = &l->doc->unit[entry];
  return eqt_unit_known(&l->units, &u->unit, u->code, out);
}

gm_status eqt_symbol_unit(eqt_lowering *l, int32_t symbol, eqt_unit *out)
{
  return eqt_entry_unit(l, l->doc->symbol[symbol].unit, out);
}

static gm_status push(eqt_lowering *l, eqt_value v)
{
  gm_status s = eqt_room(l->doc->ctx, &l->stack, l->count, &l->room, sizeof *l->stack);
  if (!s) l->stack[l->count++] = v;
  return s;
}

/* ---- operators ------------------------------------------------------------------------------- */
static gm_status power(eqt_lowering *l, int32_t at, eqt_value *a, const eqt_value *b)
{
  const ir_node *e = b->ref >= 0 ? &l->graph->node[b->ref] : NULL;
  const double *value = e && e->op == IR_CONST ? &e->value : NULL;
  gm_status s = GM_OK;
  if (l->check) s = eqt_unit_power(&l->units, at, &a->unit, &b->unit, b->ref, value, &a->unit);
  a->ref = ir_make(l->graph, IR_POW, a->ref, b->ref, IR_NONE);
  return s;
}

/* a becomes `a op b`. */
static gm_status binary(eqt_lowering *l, ir_op op, bool swap, int32_t at, eqt_value *a,
                        const eqt_value *b)
{
  if (op == IR_POW) return power(l, at, a, b);
  gm_status s = GM_OK;
  if (l->check) s = eqt_unit_binary(&l->units, op, at, &a->unit, &b->unit, &a->unit);
  a->ref = swap ? ir_make(l->graph, op, b->ref, a->ref, IR_NONE)
                : ir_make(l->graph, op, a->ref, b->ref, IR_NONE);
  return s;
}

static gm_status unary(eqt_lowering *l, ir_op op, const char *name, int32_t at, eqt_value *a)
{
  gm_status s = GM_OK;
  if (l->check && op == IR_SQRT) {
    const double half = 0.5;
    eqt_unit number = eqt_unit_number();
    s = eqt_unit_power(&l->units, at, &a->unit, &number, IR_NONE, &half, &a->unit);
  } else if (l->check && op != IR_NOT) {
    s = eqt_unit_function(&l->units, op, name, at, &a->unit, &a->unit);
  }
  a->ref = ir_make(l->graph, op, a->ref, IR_NONE, IR_NONE);
  return s;
}

static gm_status run_op(eqt_lowering *l, const eqt_item *i)
{
  int n = ir_operands((ir_op)i->a);
  assert(n >= 1 && n <= 2 && l->count >= n);
  eqt_value *a = &l->stack[l->count - n];
  l->count -= n - 1;
  return n == 1 ? unary(l, (ir_op)i->a, "-", i->at, a)
                : binary(l, (ir_op)i->a, i->swap, i->at, a, a + 1);
}

/* ---- functions ------------------------------------------------------------------------------- */
/* piecewise(v1, c1, v2, c2, ..., otherwise): built from its end. */
static gm_status piecewise(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  eqt_value r = arg[i->n - 1];
  gm_status s = GM_OK;
  for (int32_t k = i->n - 3; k >= 0 && !s; k -= 2) {
    r.ref = ir_make(l->graph, IR_SELECT, arg[k + 1].ref, arg[k].ref, r.ref);
    if (l->check)
      s = eqt_unit_alike(&l->units, "piecewise has values in", i->at, &arg[k].unit, &r.unit,
                         &r.unit);
  }
  arg[0] = r;
  return s;
}

static eqt_value constant(eqt_lowering *l, double value)
{
  return (eqt_value){ir_const(l->graph, value), eqt_unit_number()};
}

/* log(base, x) = ln x / ln base */
static gm_status log_base(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  gm_status s = unary(l, IR_LOG, "log", i->at, &arg[1]);
  if (!s) s = unary(l, IR_LOG, "log", i->at, &arg[0]);
  eqt_value base = arg[0];
  arg[0] = arg[1];
  return s ? s : binary(l, IR_DIV, false, i->at, &arg[0], &base);
}

/* root(n, x) = x^(1/n) */
static gm_status root(eqt_lowering *l, const eqt_item *i, eqt_value *arg)
{
  eqt_value one = constant(l, 1);
  gm_status s = binary(l, IR_DIV, false, i->at, &one, &arg[0]);
  arg[0] = arg[1];
  return s ? s : power(l, i->at, &arg[0], &one);
}

static gm_status run_builtin(eqt_lowering *l, const eqt_item *i)
{
  const eqt_builtin *f = &eqt_builtins[i->a];
  assert(l->count >= i->n && i->n >= 1);
  eqt_value *arg = &l->stack[l->count - i->n], two;
  gm_status s = GM_OK;
  l->count -= i->n - 1;
  switch ((eqt_fn_kind)f->kind) {
  case EQT_FN_PIECEWISE: return piecewise(l, i, arg);
  case EQT_FN_LOG: return log_base(l, i, arg);
  case EQT_FN_ROOT: return root(l, i, arg);
  case EQT_FN_SQR: two = constant(l, 2); return power(l, i->at, arg, &two);
  case EQT_FN_OP:
  case EQT_FN_FOLD:
  case EQT_FN_COMPARE:
  case EQT_FN_LOGIC:
    if (ir_operands((ir_op)f->op) == 1) return unary(l, (ir_op)f->op, f->name, i->at, arg);
    for (int32_t k = 1; k < i->n && !s; k++)
      s = binary(l, (ir_op)f->op, f->swap, i->at, arg, &arg[k]);
    return s;
  case EQT_FN_REFUSED: break;
  }
  return gm_fail(l->doc->ctx, GM_EINTERNAL, "function %s was let through", f->name);
}

static gm_status run(eqt_lowering *l, const eqt_expr *e, int32_t arg_base);

/* Writes a function of the text out in place of its call. Depth: EQT_FUNCTION_NEST_MAX. */
static gm_status run_user(eqt_lowering *l, const eqt_item *i)
{
  const eqt_function *f = &l->doc->function[i->a];
  const eqt_text *around = l->units.text;
  int32_t base = l->count - i->n, line, column;
  gm_status s = run(l, &f->body, base);
  l->units.text = around;
  if (s) {
    char why[900];
    eqt_place(around, i->at, &line, &column);
    snprintf(why, sizeof why, "%s", gm_message(l->doc->ctx));
    return gm_fail(l->doc->ctx, s, "%s (in the call at %d:%d)", why, (int)line, (int)column);
  }
  l->stack[base] = l->stack[l->count - 1]; /* the arguments go, the value stays */
  l->count = base + 1;
  return GM_OK;
}

/* ---- items ----------------------------------------------------------------------------------- */
static gm_status run_leaf(eqt_lowering *l, const eqt_item *i, int32_t arg_base)
{
  eqt_value v = {IR_NONE, eqt_unit_number()};
  gm_status s = GM_OK;
  switch ((eqt_item_kind)i->kind) {
  case EQT_ITEM_NUMBER:
    v.ref = ir_const(l->graph, i->value);
    if (l->check && i->a >= 0) s = eqt_entry_unit(l, i->a, &v.unit);
    break;
  case EQT_ITEM_LOGICAL: v.ref = ir_const(l->graph, i->value); break;
  case EQT_ITEM_TIME:
    v.ref = ir_time(l->graph);
    if (l->check) s = eqt_entry_unit(l, l->doc->time_unit, &v.unit);
    break;
  case EQT_ITEM_ARG: v = l->stack[arg_base + i->a]; break;
  default:
    v.ref = l->name_ref[i->a];
    if (l->check) s = eqt_symbol_unit(l, i->a, &v.unit);
  }
  return s ? s : push(l, v);
}

static gm_status run(eqt_lowering *l, const eqt_expr *e, int32_t arg_base)
{
  gm_status s = GM_OK;
  l->units.text = e->text;
  l->steps += e->count;
  if (l->steps > EQT_STEP_COUNT_MAX)
    return eqt_fail(e->text, e->at, GM_ERANGE, "more than %d terms once functions are written out",
                    (int)EQT_STEP_COUNT_MAX);
  for (int32_t k = 0; k < e->count && !s; k++) {
    const eqt_item *i = &l->doc->item[e->first + k];
    if (i->kind == EQT_ITEM_OP)
      s = run_op(l, i);
    else if (i->kind == EQT_ITEM_BUILTIN)
      s = run_builtin(l, i);
    else if (i->kind == EQT_ITEM_USER)
      s = run_user(l, i);
    else
      s = run_leaf(l, i, arg_base);
    if (!s && l->graph->status) s = l->graph->status; /* its message is already there */
  }
  return s;
}

gm_status eqt_lower(eqt_lowering *l, const eqt_expr *e, eqt_value *out)
{
  l->count = 0;
  gm_status s = run(l, e, 0);
  if (s && s == l->graph->status) gm_fail_at(l->doc->ctx, s, "%.200s", e->text->where);
  if (!s) *out = l->stack[0];
  return s;
}
