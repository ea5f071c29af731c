/* text_start.c - values at the start of a model text: parameters must be finite and free of time,
 * values of states finite. What needs the slope of something (rateOf) is left to the lowering of
 * the network, which knows slopes. */
#include "kinds/equations/text_net.h"
#include <math.h>
#include <string.h>

typedef struct {
  eqt_reading *r;
  ir_graph graph;
  eqt_lowering lower;
  ir_ref *start;   /* [names] */
  uint8_t *needed; /* [names] is `start` of this rule needed? */
  double *nominal; /* [parameter_count] */
  int32_t parameter_count;
} starter;

/* Which rules do values at the start need? Those behind come first, so one pass backwards. */
static void mark_needed(starter *b)
{
  const eqt_names *n = &b->r->names;
  const eqt_doc *d = &b->r->doc;
  for (int32_t k = n->count - 1; k >= 0; k--) {
    const eqt_symbol *y = &d->symbol[n->order[k]];
    const eqt_expr *e = eqt_definition(y);
    bool rule = y->role == EQT_RULE || y->role == EQT_LAW;
    if (y->role == EQT_GONE || (rule && !b->needed[n->order[k]])) continue;
    for (int32_t i = 0; i < e->count; i++) {
      const eqt_item *item = &d->item[e->first + i];
      if (item->kind == EQT_ITEM_NAME) b->needed[item->a] = 1;
    }
  }
}

static gm_status not_finite(const starter *b, int32_t symbol, const char *how)
{
  const eqt_symbol *y = &b->r->doc.symbol[symbol];
  const eqt_key *k = &b->r->doc.name.key[symbol];
  return eqt_fail(y->initial.text, y->initial.at, GM_EDOMAIN,
                  "the value of %.*s is not a finite number%s", (int)k->bytes, k->text, how);
}

static gm_status on_time(const starter *b, int32_t symbol)
{
  const eqt_symbol *y = &b->r->doc.symbol[symbol];
  const eqt_key *k = &b->r->doc.name.key[symbol];
  return eqt_fail(y->initial.text, y->initial.at, GM_EPARSE,
                  "%.*s is a parameter and cannot depend on time: write %.*s := ...", (int)k->bytes,
                  k->text, (int)k->bytes, k->text);
}

static gm_status parameter(starter *b, int32_t symbol)
{
  ir_ref f = b->start[symbol];
  const ir_node *n = &b->graph.node[f];
  if (n->op != IR_CONST && ir_depends(&b->graph, f, IR_TIME, -1)) return on_time(b, symbol);
  if (b->graph.status) return b->graph.status;
  if (n->op != IR_CONST) /* the graph folds whatever is finite */
    return not_finite(b, symbol, "");
  b->nominal[b->parameter_count] = n->value;
  b->start[symbol] = ir_param(&b->graph, b->parameter_count++);
  return GM_OK;
}

static gm_status one_name(starter *b, int32_t symbol)
{
  const eqt_symbol *y = &b->r->doc.symbol[symbol];
  const eqt_expr *e = eqt_definition(y);
  bool rule = y->role == EQT_RULE || y->role == EQT_LAW;
  eqt_value v;
  if (y->role == EQT_GONE || (rule && !b->needed[symbol])) return GM_OK;
  b->start[symbol] = b->lower.unknown;
  if (!e->text) return GM_OK; /* an equation 0 = ... gives it */
  gm_status s = eqt_lower(&b->lower, e, &v);
  if (s) return s;
  b->start[symbol] = v.ref;
  return y->role == EQT_PARAMETER ? parameter(b, symbol) : GM_OK;
}

/* Does node i hang on time (timed), on what is not known (open)? Operands come before operators. */
static void mark_open(const ir_graph *g, bool *timed, bool *open)
{
  for (int32_t i = 0; i < g->count; i++) {
    const ir_node *n = &g->node[i];
    const ir_ref o[3] = {n->a, n->b, n->c};
    timed[i] = n->op == IR_TIME;
    open[i] = n->op == IR_STATE;
    for (int k = 0; k < 3; k++) {
      timed[i] = timed[i] || (o[k] >= 0 && timed[o[k]]);
      open[i] = open[i] || (o[k] >= 0 && open[o[k]]);
    }
  }
}

static gm_status check_values(starter *b, const double *value, const bool *timed, const bool *open)
{
  const eqt_names *n = &b->r->names;
  for (int32_t i = 0; i < n->list_count; i++) {
    int32_t symbol = n->list[i];
    const eqt_symbol *y = &b->r->doc.symbol[symbol];
    ir_ref f = b->start[symbol];
    if (y->role == EQT_RULE || y->role == EQT_LAW || y->role == EQT_PARAMETER) continue;
    if (y->role == EQT_DERIVED && timed[f]) return on_time(b, symbol);
    if (!timed[f] && !open[f] && !isfinite(value[f]))
      return not_finite(b, symbol, " with the parameters as given");
  }
  return GM_OK;
}

/* One pass over the graph at nominal parameters gives every value. */
static gm_status evaluate(starter *b)
{
  const ir_graph *g = &b->graph;
  double *value = gm_alloc(b->r->ctx, g->count, sizeof *value);
  bool *timed = gm_alloc(b->r->ctx, g->count, sizeof *timed);
  bool *open = gm_alloc(b->r->ctx, g->count, sizeof *open);
  gm_status s = GM_OK;
  if (!value || !timed || !open) s = gm_fail(b->r->ctx, GM_ENOMEM, "values at the start");
  if (!s) {
    mark_open(g, timed, open);
    ir_eval(g, g->count - 1, 0, NULL, b->nominal, value);
    s = check_values(b, value, timed, open);
  }
  gm_free(value);
  gm_free(timed);
  gm_free(open);
  return s;
}

static gm_status start_all(starter *b)
{
  const eqt_names *n = &b->r->names;
  gm_ctx *ctx = b->r->ctx;
  b->start = gm_alloc(ctx, n->count, sizeof *b->start);
  b->needed = gm_alloc(ctx, n->count, sizeof *b->needed);
  b->nominal = gm_alloc(ctx, n->parameter_count, sizeof *b->nominal);
  if (!b->start || !b->needed || !b->nominal)
    return gm_fail(ctx, GM_ENOMEM, "start of %d names", (int)n->count);
  for (int32_t i = 0; i < n->count; i++) b->start[i] = IR_NONE;
  b->lower.name_ref = b->start;
  b->lower.unknown = ir_state(&b->graph, 0); /* stands for any number */
  mark_needed(b);
  gm_status s = b->graph.status;
  for (int32_t i = 0; i < n->count && !s; i++) s = one_name(b, n->order[i]);
  return s ? s : evaluate(b);
}

gm_status eqt_check_start(eqt_reading *r)
{
  starter b = {.r = r};
  gm_status s = ir_graph_init(&b.graph, r->ctx);
  if (s) return s;
  eqt_lowering_init(&b.lower, &r->doc, &b.graph);
  s = start_all(&b);
  eqt_lowering_free(&b.lower);
  gm_free(b.start);
  gm_free(b.needed);
  gm_free(b.nominal);
  ir_graph_free(&b.graph);
  return s;
}
