/* compile_adjoint.c - backward codes of everything a lane machine computes. */
#include "kinds/equations/compile_adjoint.h"
#include "kinds/equations/compile_tangent.h"
#include "kinds/equations/lane_lu.h"

static gm_status refuse(const eq_source *s)
{
  gm_ctx *ctx = s->graph.ctx;
  if (s->delay_count)
    return gm_fail(ctx, GM_EUNSUPPORTED, "the adjoint of a model with delays is not supported");
  for (ir_ref i = 0; i < s->graph.count; i++)
    if (!ir_has_derivative(s->graph.node[i].op) && s->graph.node[i].op != IR_Q_NORMAL)
      return gm_fail(ctx, GM_EUNSUPPORTED,
                     "the adjoint of a model with factorials or draws other than normal ones is "
                     "not supported");
  return GM_OK;
}

/* ---- expressions ----------------------------------------------------------------------------- */
static gm_status gradient(eq_source *s, eq_adjoint *a, const ir_ref *root, int32_t count,
                          bool guarded, eq_gradient *out)
{
  if (count > a->seed_count) a->seed_count = count;
  return ir_gradient(&s->graph, root, count, guarded, &out->slope, &out->count);
}

/* Weights of outputs, conditions and values of events are 0 more often than not, and may then meet
 * a slope that is no number: these are guarded. */
static gm_status event_gradients(eq_source *s, eq_adjoint *a, ir_ref *root)
{
  if (!s->event_count) return GM_OK;
  a->event = gm_alloc(s->graph.ctx, s->event_count, sizeof *a->event);
  if (!a->event) return gm_fail(s->graph.ctx, GM_ENOMEM, "events of the adjoint");
  a->event_count = s->event_count;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < s->event_count && !st; i++) {
    const eq_event *e = &s->event[i];
    root[0] = e->delay;
    for (int32_t k = 0; k < e->assign_count; k++) root[1 + k] = s->assign[e->assign + k].value;
    st = gradient(s, a, root, 1 + e->assign_count, true, &a->event[i]);
  }
  return st;
}

gm_status eq_adjoint_make(eq_source *s, const eq_conditions *c, const eq_jacobian *j,
                          eq_adjoint *out)
{
  int32_t n = s->assign_count + c->count + j->count + s->state_count + 2;
  *out = (eq_adjoint){0};
  gm_status st = refuse(s);
  if (st) return st;
  ir_ref *root = gm_alloc(s->graph.ctx, n, sizeof *root);
  if (!root) return gm_fail(s->graph.ctx, GM_ENOMEM, "adjoint");
  st = event_gradients(s, out, root);
  for (int32_t i = 0; i < c->count; i++) root[i] = eq_gap_of(&s->graph, c->node[i]);
  if (!st) st = gradient(s, out, root, c->count, true, &out->gap);
  if (!st) st = gradient(s, out, c->rate, s->state_count, false, &out->rate);
  if (!st) st = gradient(s, out, s->value, s->output_count, true, &out->value);
  if (!st) st = gradient(s, out, s->initial, s->state_count, false, &out->initial);
  for (int32_t i = 0; i < j->count; i++) root[i] = j->entry[i];
  for (int32_t i = 0; i < s->state_count && j->time; i++) root[j->count + i] = j->time[i];
  if (!st && j->time) st = gradient(s, out, root, j->count + s->state_count, false, &out->jacobian);
  gm_free(root);
  return st;
}

void eq_adjoint_free(eq_adjoint *a)
{
  eq_gradient *const all[] = {&a->rate, &a->value, &a->initial, &a->gap, &a->jacobian};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) gm_free(all[i]->slope);
  for (int32_t i = 0; i < a->event_count; i++) gm_free(a->event[i].slope);
  gm_free(a->event);
  *a = (eq_adjoint){0};
}

/* ---- roots ----------------------------------------------------------------------------------- */
int32_t eq_adjoint_root_count(const eq_adjoint *a)
{
  int32_t n = a->rate.count + a->value.count + a->initial.count + a->gap.count + a->jacobian.count;
  for (int32_t i = 0; i < a->event_count; i++) n += a->event[i].count;
  return n;
}

static int32_t put(const eq_gradient *from, ir_ref *root)
{
  for (int32_t i = 0; i < from->count; i++) root[i] = from->slope[i].value;
  return from->count;
}

int32_t eq_adjoint_roots(const eq_adjoint *a, ir_ref *root)
{
  const eq_gradient *const all[] = {&a->rate, &a->value, &a->initial, &a->gap, &a->jacobian};
  int32_t n = 0;
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) n += put(all[i], root + n);
  for (int32_t i = 0; i < a->event_count; i++) n += put(&a->event[i], root + n);
  return n;
}

/* ---- codes ----------------------------------------------------------------------------------- */
static int32_t row_of(const lane_machine *m, const ir_slope *s)
{
  if (s->kind == IR_STATE) return s->index;
  return s->kind == IR_PARAM ? m->nx + s->index : m->nx + m->np;
}

static gm_status coded(compiler *c, const eq_gradient *from, lane_gradient *out)
{
  int32_t n = from->count;
  ir_ref *root = gm_alloc(c->ctx, n + 1, sizeof *root);
  out->row = gm_alloc(c->ctx, n + 1, sizeof *out->row);
  out->reg = gm_alloc(c->ctx, n + 1, sizeof *out->reg);
  gm_status st = GM_OK;
  if (!root || !out->row || !out->reg) st = gm_fail(c->ctx, GM_ENOMEM, "code of the adjoint");
  if (!st) {
    out->count = put(from, root);
    for (int32_t i = 0; i < n; i++) out->row[i] = row_of(c->m, &from->slope[i]);
    st = compiler_code(c, root, n, &out->code, out->reg);
  }
  gm_free(root);
  return st;
}

gm_status eq_adjoint_code(compiler *c, const eq_adjoint *a)
{
  lane_adjoint *out = &c->m->adjoint;
  if (!out->made) return GM_OK;
  gm_status st = coded(c, &a->rate, &out->rhs);
  if (!st) st = coded(c, &a->value, &out->out);
  if (!st) st = coded(c, &a->initial, &out->init);
  if (!st) st = coded(c, &a->gap, &out->gap);
  if (!st) st = coded(c, &a->jacobian, &out->jacobian);
  if (st || !a->event_count) return st;
  out->event = gm_alloc(c->ctx, a->event_count, sizeof *out->event);
  if (!out->event) return gm_fail(c->ctx, GM_ENOMEM, "code of the adjoint");
  for (int32_t i = 0; i < a->event_count && !st; i++) st = coded(c, &a->event[i], &out->event[i]);
  return st;
}

/* Both triangles are solved by y_a += c y_b and y_j *= c, one after the other. So W^T is solved by
 * y_b += c y_a and y_j *= c in the opposite order. */
gm_status eq_adjoint_solve(gm_ctx *ctx, lane_machine *m)
{
  const lane_lu *lu = m->lu;
  lane_code *code = &m->adjoint.solve;
  if (!m->adjoint.made || !lu) return GM_OK;
  int32_t n = lu->solve.count;
  code->op = gm_alloc(ctx, n + 1, sizeof *code->op);
  if (!code->op) return gm_fail(ctx, GM_ENOMEM, "code of the adjoint");
  for (int32_t i = 0; i < n; i++) {
    lane_op o = lu->solve.op[n - 1 - i];
    bool known = o.op == LANE_MADD ? o.c == o.dst : o.op == IR_MUL && o.a == o.dst;
    if (!known) return gm_fail(ctx, GM_EINTERNAL, "adjoint: operation %d in a solution", (int)o.op);
    code->op[i] = o.op == LANE_MADD ? (lane_op){o.op, o.b, o.a, o.dst, o.b} : o;
  }
  code->count = n;
  code->id = m->code_count++;
  return GM_OK;
}

static void gradient_free(lane_gradient *g)
{
  gm_free(g->code.op);
  gm_free(g->row);
  gm_free(g->reg);
}

void lane_adjoint_free(lane_machine *m)
{
  lane_adjoint *a = &m->adjoint;
  lane_gradient *const all[] = {&a->rhs, &a->out, &a->init, &a->gap, &a->jacobian};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) gradient_free(all[i]);
  for (int32_t i = 0; a->event && i < m->event_count; i++) gradient_free(&a->event[i]);
  gm_free(a->event);
  gm_free(a->solve.op);
}
