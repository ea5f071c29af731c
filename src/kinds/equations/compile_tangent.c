/* compile_tangent.c - directions of everything a lane machine computes. */
#include "kinds/equations/compile_tangent.h"
#include <string.h>

ir_ref eq_gap_of(ir_graph *g, ir_ref condition)
{
  ir_node n = g->node[condition];
  return n.op == IR_FLOOR || n.op == IR_CEIL ? n.a : ir_make(g, IR_SUB, n.a, n.b, IR_NONE);
}

static gm_status refuse(const eq_source *s)
{
  gm_ctx *ctx = s->graph.ctx;
  if (s->delay_count)
    return gm_fail(ctx, GM_EUNSUPPORTED, "tangents of a model with delays are not supported");
  for (ir_ref i = 0; i < s->graph.count; i++)
    if (!ir_has_derivative(s->graph.node[i].op) && s->graph.node[i].op != IR_Q_NORMAL)
      return gm_fail(ctx, GM_EUNSUPPORTED,
                     "tangents of a model with factorials or draws other than normal ones are not "
                     "supported");
  return GM_OK;
}

static gm_status directions(eq_source *s, const ir_ref *root, int32_t count, ir_ref **out)
{
  *out = gm_alloc(s->graph.ctx, count + 1, sizeof **out);
  if (!*out) return gm_fail(s->graph.ctx, GM_ENOMEM, "tangents");
  ir_tangent(&s->graph, root, count, *out);
  return s->graph.status;
}

gm_status eq_tangent_make(eq_source *s, const eq_conditions *c, const eq_jacobian *j,
                          eq_tangent *out)
{
  gm_ctx *ctx = s->graph.ctx;
  int32_t n = s->event_count + s->assign_count + c->count + j->count + s->state_count;
  *out = (eq_tangent){0};
  gm_status st = refuse(s);
  if (st) return st;
  ir_ref *root = gm_alloc(ctx, n + 1, sizeof *root);
  if (!root) return gm_fail(ctx, GM_ENOMEM, "tangents");
  for (int32_t i = 0; i < s->event_count; i++) root[i] = s->event[i].delay;
  for (int32_t i = 0; i < s->assign_count; i++) root[s->event_count + i] = s->assign[i].value;
  st = directions(s, root, s->event_count + s->assign_count, &out->event);
  for (int32_t i = 0; i < c->count; i++) root[i] = eq_gap_of(&s->graph, c->node[i]);
  if (!st) st = directions(s, root, c->count, &out->gap);
  if (!st) st = directions(s, c->rate, s->state_count, &out->rate);
  if (!st) st = directions(s, s->value, s->output_count, &out->value);
  if (!st) st = directions(s, s->initial, s->state_count, &out->initial);
  out->jacobian_count = j->count;
  for (int32_t i = 0; i < j->count; i++) root[i] = j->entry[i];
  for (int32_t i = 0; i < s->state_count && j->time; i++) root[j->count + i] = j->time[i];
  if (!st && j->time) st = directions(s, root, j->count + s->state_count, &out->jacobian);
  gm_free(root);
  return st;
}

void eq_tangent_free(eq_tangent *t)
{
  gm_free(t->rate);
  gm_free(t->value);
  gm_free(t->initial);
  gm_free(t->gap);
  gm_free(t->event);
  gm_free(t->jacobian);
  *t = (eq_tangent){0};
}

int32_t eq_tangent_root_count(const lane_machine *m, const eq_source *s, const eq_tangent *t)
{
  return 3 * m->nx + m->ny + m->condition_count + s->event_count + s->assign_count +
         t->jacobian_count;
}

int32_t eq_tangent_roots(const lane_machine *m, const eq_source *s, const eq_tangent *t,
                         ir_ref *root)
{
  const ir_ref *from[] = {t->rate, t->value, t->initial, t->gap, t->event, t->jacobian};
  const int32_t count[] = {m->nx,
                           m->ny,
                           m->nx,
                           m->condition_count,
                           s->event_count + s->assign_count,
                           t->jacobian ? t->jacobian_count + m->nx : 0};
  int32_t n = 0;
  for (int k = 0; k < 6; k++)
    for (int32_t i = 0; i < count[k]; i++)
      if (from[k][i] >= 0) root[n++] = from[k][i];
  return n;
}

static gm_status coded(compiler *c, const ir_ref *root, int32_t count, lane_code *code,
                       int32_t **reg)
{
  *reg = gm_alloc(c->ctx, count + 1, sizeof **reg);
  if (!*reg) return gm_fail(c->ctx, GM_ENOMEM, "code of tangents");
  return compiler_code(c, root, count, code, *reg);
}

/* One code an event: its delay's direction, then its values'. */
static gm_status event_codes(compiler *c, const eq_source *s, const eq_tangent *t)
{
  lane_tangent *out = &c->m->tangent;
  int32_t n = s->event_count;
  if (!n) return GM_OK;
  ir_ref *root = gm_alloc(c->ctx, s->assign_count + 1, sizeof *root);
  out->event = gm_alloc(c->ctx, n, sizeof *out->event);
  out->event_reg = gm_alloc(c->ctx, n, sizeof *out->event_reg);
  gm_status st = GM_OK;
  if (!root || !out->event || !out->event_reg) st = gm_fail(c->ctx, GM_ENOMEM, "code of tangents");
  for (int32_t i = 0; i < n && !st; i++) {
    const eq_event *e = &s->event[i];
    root[0] = t->event[i];
    memcpy(root + 1, t->event + n + e->assign, (size_t)e->assign_count * sizeof *root);
    st = coded(c, root, e->assign_count + 1, &out->event[i], &out->event_reg[i]);
  }
  gm_free(root);
  return st;
}

gm_status eq_tangent_code(compiler *c, const eq_source *s, const eq_tangent *t)
{
  lane_machine *m = c->m;
  lane_tangent *out = &m->tangent;
  gm_status st = coded(c, t->rate, m->nx, &out->rhs, &out->rhs_reg);
  if (!st) st = coded(c, t->value, m->ny, &out->out, &out->out_reg);
  if (!st) st = coded(c, t->initial, m->nx, &out->init, &out->init_reg);
  if (!st && m->condition_count)
    st = coded(c, t->gap, m->condition_count, &out->gap, &out->gap_reg);
  if (!st && t->jacobian)
    st = coded(c, t->jacobian, t->jacobian_count + m->nx, &out->jacobian, &out->jacobian_reg);
  return st ? st : event_codes(c, s, t);
}

void lane_tangent_free(lane_machine *m)
{
  lane_tangent *t = &m->tangent;
  for (int32_t i = 0; i < m->event_count; i++) {
    if (t->event) gm_free(t->event[i].op);
    if (t->event_reg) gm_free(t->event_reg[i]);
  }
  gm_free(t->event);
  gm_free(t->event_reg);
  gm_free(t->rhs.op);
  gm_free(t->out.op);
  gm_free(t->init.op);
  gm_free(t->gap.op);
  gm_free(t->jacobian.op);
  gm_free(t->jacobian_reg);
  gm_free(t->rhs_reg);
  gm_free(t->out_reg);
  gm_free(t->init_reg);
  gm_free(t->gap_reg);
}
