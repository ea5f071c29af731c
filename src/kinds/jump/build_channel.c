/* build_channel.c - reactions into channels: what they change, what they need, and reversible ones
 * taken apart. */
#include "kinds/jump/build.h"
#include <math.h>
#include <stdint.h>
#include <string.h>

enum { SPLIT_DEPTH_MAX = 64, LOOKS_MAX = 4096 };

gm_status jump_reads_state(jump_builder *b, ir_ref f, bool *out)
{
  gm_status s = jump_walk(&b->coder, f, false);
  if (s) return s;
  *out = false;
  for (int32_t i = 0; i < b->coder.list_count; i++)
    if (b->coder.g->node[b->coder.list[i]].op == IR_STATE) *out = true;
  return GM_OK;
}

/* ---- a difference of two rates --------------------------------------------------------------- */
/* f = plus - minus; minus IR_NONE: nothing to take apart. */
typedef struct {
  ir_ref plus, minus;
} parts;

static ir_ref sum(ir_graph *g, ir_ref a, ir_ref b)
{
  if (a < 0) return b;
  return b < 0 ? a : ir_make(g, IR_ADD, a, b, IR_NONE);
}

static parts scaled(ir_graph *g, ir_op op, parts p, ir_ref by)
{
  return (parts){ir_make(g, op, p.plus, by, IR_NONE), ir_make(g, op, p.minus, by, IR_NONE)};
}

static gm_status take_apart(jump_builder *b, ir_ref f, int depth, parts *out);

/* a + b, a - b. X - 1 is left: it belongs to the X*(X - 1) of two alike. */
static gm_status sum_apart(jump_builder *b, ir_node n, int depth, parts *out)
{
  bool left = false, right = false;
  parts p, q;
  gm_status s = jump_reads_state(b, n.a, &left);
  if (!s) s = jump_reads_state(b, n.b, &right);
  if (s || !left || !right) return s;
  s = take_apart(b, n.a, depth + 1, &p);
  if (!s) s = take_apart(b, n.b, depth + 1, &q);
  if (s) return s;
  bool minus = n.op == IR_SUB;
  out->plus = sum(b->coder.g, p.plus, minus ? q.minus : q.plus);
  out->minus = sum(b->coder.g, p.minus, minus ? q.plus : q.minus);
  return GM_OK;
}

static gm_status product_apart(jump_builder *b, ir_node n, int depth, parts *out)
{
  parts p, q = {n.b, IR_NONE};
  gm_status s = take_apart(b, n.a, depth + 1, &p);
  if (!s && n.op == IR_MUL) s = take_apart(b, n.b, depth + 1, &q);
  if (s) return s;
  if (p.minus >= 0 && q.minus < 0) *out = scaled(b->coder.g, n.op, p, n.b);
  if (p.minus < 0 && q.minus >= 0) *out = scaled(b->coder.g, n.op, q, n.a);
  return GM_OK;
}

static gm_status take_apart(jump_builder *b, ir_ref f, int depth, parts *out)
{
  ir_node n = b->coder.g->node[f]; /* a copy: the graph grows */
  *out = (parts){f, IR_NONE};
  if (depth > SPLIT_DEPTH_MAX || --b->looks < 0) return GM_OK;
  if (n.op == IR_ADD || n.op == IR_SUB) return sum_apart(b, n, depth, out);
  if (n.op == IR_MUL || n.op == IR_DIV) return product_apart(b, n, depth, out);
  return GM_OK;
}

/* Does f still hold a difference of two things that move, or the negative of one? */
static gm_status may_be_negative(jump_builder *b, ir_ref f, bool *out)
{
  ir_graph *g = b->coder.g;
  gm_status s = jump_walk(&b->coder, f, false);
  int32_t count = b->coder.list_count;
  ir_ref *list = s ? NULL : gm_alloc(b->ctx, count, sizeof *list);
  *out = false;
  if (s) return s;
  if (!list) return gm_fail(b->ctx, GM_ENOMEM, "reaction");
  memcpy(list, b->coder.list, (size_t)count * sizeof *list);
  for (int32_t i = 0; i < count && !s && !*out; i++) {
    ir_node n = g->node[list[i]];
    bool left = true, right = false;
    if (n.op == IR_SUB) s = jump_reads_state(b, n.a, &left);
    if (!s && n.op == IR_SUB) s = jump_reads_state(b, n.b, &right);
    if (!s && n.op == IR_NEG) s = jump_reads_state(b, n.a, &right);
    *out = left && right;
  }
  gm_free(list);
  return s;
}

/* ---- channels -------------------------------------------------------------------------------- */
static gm_status channel_add(jump_builder *b, const char *name, const char *suffix, ir_ref law)
{
  jump_machine *m = b->m;
  jump_channel *c = &m->channel[m->channel_count];
  gm_text t;
  gm_text_init(&t, b->ctx);
  gm_text_addf(&t, "%s%s", name, suffix);
  if (t.status) return gm_fail(b->ctx, GM_ENOMEM, "channel %.80s", name);
  *c = (jump_channel){
      .name = t.data, .id = gm_hash_text(t.data), .change = m->change_count, .need = m->need_count};
  m->channel_count++;
  return jump_refs_add(b->ctx, &b->law, law);
}

static gm_status change_add(jump_builder *b, int32_t state, double by, ir_ref code)
{
  jump_machine *m = b->m;
  jump_channel *c = &m->channel[m->channel_count - 1];
  for (int32_t i = c->change; i < m->change_count && code < 0; i++)
    if (m->change[i].state == state && b->by.ref[i] < 0) {
      m->change[i].by += by; /* X -> 2 X: once taken, twice given */
      return GM_OK;
    }
  gm_status s = eq_room(b->ctx, &m->change, m->change_count, &m->change_room, sizeof *m->change);
  if (!s) s = jump_refs_add(b->ctx, &b->by, code);
  if (s) return s;
  m->change[m->change_count++] = (jump_change){.state = state, .by = by, .code.count = -1};
  return GM_OK;
}

/* Is the state a factor of the propensity, which then is 0 when there is none? false: or too much
 * to look at. */
static bool is_factor(const ir_graph *g, ir_ref f, int32_t state, int32_t *looks)
{
  while (--*looks >= 0) {
    const ir_node *n = &g->node[f];
    if (n->op == IR_STATE) return n->index == state;
    if (n->op != IR_MUL && n->op != IR_DIV) return false;
    if (n->op == IR_MUL && is_factor(g, n->b, state, looks)) return true;
    f = n->a;
  }
  return false;
}

/* Drops what comes to nothing, checks whole numbers, and notes what must be there to be taken. */
static gm_status changes_close(jump_builder *b, ir_ref law)
{
  jump_machine *m = b->m;
  jump_channel *c = &m->channel[m->channel_count - 1];
  int32_t kept = c->change;
  bool whole = m->method != GM_JUMP_HYBRID;
  for (int32_t i = c->change; i < m->change_count; i++) {
    jump_change *h = &m->change[i];
    bool coded = b->by.ref[i] >= 0;
    if (!coded && h->by == 0) continue;
    if (!coded && (whole ? rint(h->by) != h->by || fabs(h->by) > 0x1p53 : !isfinite(h->by)))
      return gm_fail(b->ctx, GM_EUNSUPPORTED,
                     "reaction %.80s changes %.80s by %g: jumps of counts need whole numbers",
                     c->name, b->s->state[h->state].name, h->by);
    int32_t looks = SPLIT_DEPTH_MAX;
    bool is_safe = whole && h->by == -1 && is_factor(b->coder.g, law, h->state, &looks);
    if (!coded && h->by < 0 && !is_safe) {
      gm_status s = eq_room(b->ctx, &m->need, m->need_count, &m->need_room, sizeof *m->need);
      if (s) return s;
      m->need[m->need_count++] = (jump_need){h->state, -h->by};
    }
    b->by.ref[kept] = b->by.ref[i];
    m->change[kept++] = *h;
  }
  m->change_count = b->by.count = kept;
  c->change_count = kept - c->change;
  c->need_count = m->need_count - c->need;
  return GM_OK;
}

static gm_status channel_make(jump_builder *b, const eq_channel *e, const char *suffix, ir_ref law,
                              bool backward)
{
  ir_graph *g = b->coder.g;
  gm_status s = channel_add(b, e->name, suffix, law);
  for (int32_t i = 0; i < e->change_count && !s; i++) {
    const eq_assign *a = &b->s->change[e->change + i];
    ir_ref by = backward ? ir_make(g, IR_NEG, a->value, IR_NONE, IR_NONE) : a->value;
    if (by < 0) return gm_fail(b->ctx, g->status, "reaction %.80s", e->name);
    bool number = g->node[by].op == IR_CONST;
    s = change_add(b, a->state, number ? g->node[by].value : 0, number ? IR_NONE : by);
  }
  return s ? s : changes_close(b, law);
}

static gm_status reaction_make(jump_builder *b, const eq_channel *e)
{
  parts p = {e->propensity, IR_NONE};
  bool bad = false;
  gm_status s = GM_OK;
  if (e->propensity < 0) return GM_OK; /* no kinetic law: it never happens */
  b->looks = LOOKS_MAX;
  if (e->reversible) s = take_apart(b, e->propensity, 0, &p);
  if (!s && b->coder.g->status) s = b->coder.g->status;
  if (!s && e->reversible) s = may_be_negative(b, p.plus, &bad);
  if (!s && p.minus >= 0 && !bad) s = may_be_negative(b, p.minus, &bad);
  if (!s && bad)
    s = gm_fail(b->ctx, GM_EUNSUPPORTED,
                "reaction %.80s is reversible, and its rate is not a difference of a forward and "
                "a backward rate: write them as two reactions to let them jump",
                e->name);
  if (!s) s = channel_make(b, e, "", p.plus, false);
  if (!s && p.minus >= 0) s = channel_make(b, e, " (backward)", p.minus, true);
  return s;
}

/* The channel of single arrivals from the input of a count. */
static gm_status entry_make(jump_builder *b, int32_t state)
{
  jump_machine *m = b->m;
  gm_text t;
  gm_text_init(&t, b->ctx);
  gm_text_addf(&t, "input:%s", b->s->state[state].name);
  if (t.status) return gm_fail(b->ctx, GM_ENOMEM, "input of %.80s", b->s->state[state].name);
  m->entry[state] = m->channel_count;
  jump_channel *c = &m->channel[m->channel_count++];
  *c = (jump_channel){
      .name = t.data, .id = gm_hash_text(t.data), .change = m->change_count, .need = m->need_count};
  c->propensity = (jump_code){.result = m->reg_rate + state};
  gm_status s = change_add(b, state, 1, IR_NONE);
  c->change_count = 1;
  return s;
}

static gm_status counts_mark(jump_builder *b)
{
  jump_machine *m = b->m;
  for (int32_t i = 0; i < m->change_count; i++) m->is_count[m->change[i].state] = 1;
  for (int32_t i = 0; i < m->nx; i++)
    if (m->is_count[i] && jump_slow_of(b->s, i) >= 0)
      return gm_fail(b->ctx, GM_EUNSUPPORTED,
                     "%.80s is changed by reactions and by a rate rule: a count can only jump",
                     b->s->state[i].name);
  return GM_OK;
}

gm_status jump_build_channels(jump_builder *b)
{
  jump_machine *m = b->m;
  ptrdiff_t room = 2 * (ptrdiff_t)b->s->channel_count + m->nx;
  m->channel = gm_alloc(b->ctx, room, sizeof *m->channel);
  m->is_count = gm_alloc(b->ctx, m->nx, sizeof *m->is_count);
  m->entry = gm_alloc(b->ctx, m->nx, sizeof *m->entry);
  if (!m->channel || !m->is_count || !m->entry) return gm_fail(b->ctx, GM_ENOMEM, "channels");
  gm_status s = GM_OK;
  for (int32_t i = 0; i < b->s->channel_count && !s; i++) s = reaction_make(b, &b->s->channel[i]);
  m->reaction_count = m->channel_count;
  if (!s) s = counts_mark(b);
  for (int32_t i = 0; i < m->nx && !s; i++) {
    m->entry[i] = -1;
    if (m->is_count[i]) s = entry_make(b, i);
  }
  return s;
}
