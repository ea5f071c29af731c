/* net_lower_walk.c - things that need each other worked out, each once and in their order. */
#include "kinds/equations/net/net_internal.h"
#include "kinds/equations/tables.h"
#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { UNSEEN, OPEN, DONE };

gm_status nl_walk_init(nl_walk *w, gm_ctx *ctx, const ir_graph *graph, int32_t node_count,
                       int32_t count, nl_visit *visit, const char *what)
{
  *w = (nl_walk){.ctx = ctx,
                 .visit = visit,
                 .what = what,
                 .graph = graph,
                 .node_count = node_count,
                 .count = count,
                 .closing = -1};
  w->result = gm_alloc(ctx, count, sizeof *w->result);
  w->mark = gm_alloc(ctx, count, sizeof *w->mark);
  if (!w->result || !w->mark) return gm_fail(ctx, GM_ENOMEM, "equations of a network");
  return GM_OK;
}

void nl_walk_free(nl_walk *w)
{
  gm_free(w->result);
  gm_free(w->mark);
  gm_free(w->stack);
  *w = (nl_walk){.ctx = w->ctx};
}

static void push(nl_walk *w, int32_t thing)
{
  if (w->status) return;
  w->status = eq_room(w->ctx, &w->stack, w->depth, &w->room, sizeof *w->stack);
  if (!w->status) w->stack[w->depth++] = thing;
}

ir_ref nl_need(nl_walk *w, int32_t thing)
{
  assert(thing >= 0 && thing < w->count);
  if (w->mark[thing] == DONE) return w->result[thing];
  w->waiting = true;
  if (w->mark[thing] == OPEN) {
    if (w->closing < 0) w->closing = thing;
  } else {
    push(w, thing);
  }
  return IR_NONE;
}

/* The symbol a thing stands for, or -1. */
static int32_t symbol_of(const lowering *l, const nl_walk *w, int32_t thing)
{
  if (thing >= w->node_count) return (thing - w->node_count) % l->count;
  return -1;
}

/* The things being worked out lie on the stack from its bottom, with others between them that wait
 * (and that may be there a second time, further up, being worked out): from the top down, the first
 * place of each open thing counts. The last ones, down to the one asked for again, are the circle.
 * Uses the marks up. */
static gm_status circle(const lowering *l, nl_walk *w)
{
  enum { TAKEN = 3, SHOWN_MAX = 10 };
  char text[600] = "";
  int32_t from = w->depth - 1, shown = 0, first = -1, last = -1;
  for (; from >= 0; from--) {
    int32_t thing = w->stack[from];
    if (w->mark[thing] != OPEN) w->stack[from] = -1;
    if (w->mark[thing] == OPEN) w->mark[thing] = TAKEN;
    if (thing == w->closing && w->stack[from] >= 0) break;
  }
  for (int32_t i = from < 0 ? 0 : from; i < w->depth; i++) {
    int32_t y = w->stack[i] >= 0 ? symbol_of(l, w, w->stack[i]) : -1;
    size_t n = strlen(text);
    if (y < 0 || y == last) continue;
    if (first < 0) first = y;
    last = y;
    if (shown < SHOWN_MAX)
      snprintf(text + n, sizeof text - n, "%.50s -> ", l->n->symbol[y].name);
    else if (shown == SHOWN_MAX)
      snprintf(text + n, sizeof text - n, "... -> ");
    shown++;
  }
  if (first < 0) return gm_fail(l->ctx, GM_EINTERNAL, "a circle without names");
  return nl_fail(l, first, GM_EPARSE, "%s go in a circle: %s%.50s", w->what, text,
                 l->n->symbol[first].name);
}

gm_status nl_walk_run(lowering *l, nl_walk *w, int32_t thing, ir_ref *out)
{
  assert(thing >= 0 && thing < w->count);
  w->depth = 0;
  push(w, thing);
  while (w->depth > 0 && !w->status) {
    int32_t top = w->stack[w->depth - 1];
    ir_ref r = IR_NONE;
    if (w->mark[top] == DONE) {
      w->depth--;
      continue;
    }
    w->mark[top] = OPEN;
    w->waiting = false;
    gm_status s = w->visit(l, top, &r);
    if (!s) s = w->status;
    if (!s && w->closing >= 0) s = circle(l, w);
    if (!s && !w->waiting && w->graph->status) s = w->graph->status;
    if (s) return s;
    if (w->waiting) continue;
    w->result[top] = r;
    w->mark[top] = DONE;
    w->depth--;
  }
  if (w->status) return w->status;
  *out = w->result[thing];
  return GM_OK;
}

ir_ref nl_remake(nl_walk *w, const ir_graph *from, int32_t node, ir_graph *to)
{
  ir_node n = from->node[node]; /* a copy: the graph may grow */
  ir_ref operand[3] = {n.a, n.b, n.c}, r[3] = {IR_NONE, IR_NONE, IR_NONE};
  int count = ir_operands(n.op);
  assert(count > 0);
  for (int i = 0; i < count; i++) r[i] = nl_need(w, operand[i]);
  return w->waiting ? IR_NONE : ir_make(to, n.op, r[0], r[1], r[2]);
}
