/* compile_model.c - the lane machine of a model: which expressions become which code. */
#include "kinds/equations/compile_adjoint.h"
#include "kinds/equations/compile_tangent.h"
#include "kinds/equations/conditions.h"
#include "kinds/equations/jacobian.h"
#include "kinds/equations/kernel/kernel.h"
#include "kinds/equations/lane_lu.h"
#include "kinds/equations/schedule_code.h"
#include <math.h>
#include <string.h>

enum { LU_OP_COUNT_MAX = 4000000, HISTORY_DOUBLES = 100000, DELAY_COUNT_MAX = 200 };

typedef struct {
  gm_ctx *ctx;
  eq_source *s;
  lane_machine *m;
  eq_conditions conditions;
  eq_jacobian jacobian;
  eq_tangent tangent;
  eq_adjoint adjoint;
  ir_ref linear[LINEAR_STATES_MAX * (LINEAR_STATES_MAX + 1)];
  ir_ref *root; /* everything, for the setup code */
  int32_t root_count;
  compiler c;
} maker;

/* Has every operator of the rates a derivative? */
static bool is_differentiable(ir_graph *g, const ir_ref *rate, int32_t nx)
{
  bool *used = ir_used_by(g, rate, nx), yes = true;
  for (ir_ref i = 0; used && i < g->count && yes; i++)
    yes = !used[i] || ir_has_derivative(g->node[i].op);
  gm_free(used);
  return yes;
}

/* ---- linear systems ------------------------------------------------------------------------- */
/* Is the system x' = A(p) x + b(p)? Then root[] gets the nodes of A, row by row, and of b. */
static bool find_linear(eq_source *s, ir_ref *root)
{
  int32_t nx = s->state_count;
  ir_graph *g = &s->graph;
  ir_ref zero_state[LINEAR_STATES_MAX];
  if (nx < 1 || nx > LINEAR_STATES_MAX) return false;
  for (int32_t i = 0; i < nx; i++) zero_state[i] = ir_const(g, 0);
  for (int32_t i = 0; i < nx; i++) {
    for (int32_t j = 0; j < nx; j++) {
      ir_ref d = ir_diff(g, s->rate[i], IR_STATE, j);
      if (d < 0 || ir_depends(g, d, IR_STATE, -1) || ir_depends(g, d, IR_TIME, -1)) return false;
      root[i * nx + j] = d;
    }
    ir_ref b = ir_substitute(g, s->rate[i], zero_state, NULL);
    if (b < 0 || ir_depends(g, b, IR_STATE, -1) || ir_depends(g, b, IR_TIME, -1)) return false;
    root[nx * nx + i] = b;
  }
  return true;
}

static bool is_bend(ir_op op)
{
  return (op >= IR_LT && op <= IR_SELECT) || op == IR_FLOOR || op == IR_CEIL || op == IR_ABS ||
         op == IR_MIN || op == IR_MAX;
}

/* Does f hold an operator that jumps or bends with the state? */
static bool bends_with_state(ir_graph *g, ir_ref f)
{
  bool *used = ir_used(g, f), yes = false;
  for (ir_ref i = 0; used && i <= f && !yes; i++)
    yes = used[i] && is_bend(g->node[i].op) && ir_depends(g, i, IR_STATE, -1);
  gm_free(used);
  return yes;
}

/* find_linear looks at slopes, and a piecewise right-hand side can have constant slopes without
 * being linear: such a one is sent to the integrator. */
static bool is_linear(eq_source *s, ir_ref *root)
{
  if (!is_differentiable(&s->graph, s->rate, s->state_count)) return false;
  if (s->event_count || s->delay_count || s->uniform_count) return false;
  for (int32_t i = 0; i < s->state_count; i++)
    if (s->kind && s->kind[i] == EQ_STATE_ALGEBRAIC) return false;
  if (s->state_count > LINEAR_STATES_MAX) return false;
  for (int32_t i = 0; i < s->state_count; i++)
    if (bends_with_state(&s->graph, s->rate[i])) return false;
  return find_linear(s, root);
}

/* ---- delays of what has no state: the same expression at another time ------------------------ */
static gm_status replace_all(ir_graph *g, ir_ref *f, int32_t count, const ir_ref *with)
{
  for (int32_t i = 0; i < count; i++)
    if (f[i] >= 0 && ir_depends(g, f[i], IR_DELAYED, -1))
      f[i] = ir_replace(g, f[i], IR_DELAYED, with);
  return g->status;
}

static gm_status delays_replace(eq_source *s, const ir_ref *with)
{
  ir_graph *g = &s->graph;
  gm_status st = replace_all(g, s->rate, s->state_count, with);
  if (!st) st = replace_all(g, s->initial, s->state_count, with);
  if (!st) st = replace_all(g, s->value, s->output_count, with);
  for (int32_t i = 0; i < s->event_count && !st; i++) {
    st = replace_all(g, &s->event[i].trigger, 1, with);
    if (!st) st = replace_all(g, &s->event[i].delay, 1, with);
    if (!st) st = replace_all(g, &s->event[i].priority, 1, with);
  }
  for (int32_t i = 0; i < s->assign_count && !st; i++)
    st = replace_all(g, &s->assign[i].value, 1, with);
  for (int32_t i = 0; i < s->delay_count && !st; i++) {
    st = replace_all(g, &s->delay[i].what, 1, with);
    if (!st) st = replace_all(g, &s->delay[i].before, 1, with);
    if (!st) st = replace_all(g, &s->delay[i].lag, 1, with);
  }
  return st;
}

/* What each delay is before the start. */
static gm_status delays_before(eq_source *s)
{
  ir_graph *g = &s->graph;
  for (int32_t i = 0; i < s->delay_count && !g->status; i++) {
    eq_delay *d = &s->delay[i];
    if (d->before < 0) d->before = d->what;
    d->before = ir_replace(g, d->before, IR_STATE, s->initial);
  }
  return g->status;
}

static gm_status delays_simplify(eq_source *s)
{
  ir_graph *g = &s->graph;
  if (!s->delay_count) return GM_OK;
  ir_ref *with = gm_alloc(g->ctx, s->delay_count, sizeof *with);
  if (!with) return gm_fail(g->ctx, GM_ENOMEM, "delays");
  bool any = false;
  for (int32_t i = 0; i < s->delay_count; i++) {
    const eq_delay *d = &s->delay[i];
    with[i] = IR_NONE;
    if (ir_depends(g, d->what, IR_STATE, -1) || ir_depends(g, d->what, IR_DELAYED, -1)) continue;
    ir_ref then = ir_make(g, IR_SUB, ir_time(g), d->lag, IR_NONE);
    with[i] = ir_replace(g, d->what, IR_TIME, &then);
    any = true;
  }
  gm_status st = any ? delays_replace(s, with) : GM_OK;
  gm_free(with);
  return st ? st : g->status;
}

/* ---- all roots ------------------------------------------------------------------------------ */
static int32_t linear_count(const maker *k)
{
  return k->m->is_linear ? k->m->nx * (k->m->nx + 1) : 0;
}

static void put(maker *k, const ir_ref *r, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    if (r[i] >= 0) k->root[k->root_count++] = r[i];
}

static gm_status roots_gather(maker *k)
{
  const eq_source *s = k->s;
  int32_t n = 2 * s->state_count + s->output_count + linear_count(k) + 3 * k->conditions.count +
              3 * s->event_count + s->assign_count + 3 * s->delay_count + k->jacobian.count +
              s->state_count +
              (k->m->directions_max ? eq_tangent_root_count(k->m, s, &k->tangent) : 0) +
              eq_adjoint_root_count(&k->adjoint) + 1;
  k->root = gm_alloc(k->ctx, n, sizeof *k->root);
  if (!k->root) return gm_fail(k->ctx, GM_ENOMEM, "lane code");
  put(k, k->conditions.rate, s->state_count);
  put(k, s->value, s->output_count);
  put(k, s->initial, s->state_count);
  put(k, k->linear, linear_count(k));
  put(k, k->conditions.node, k->conditions.count);
  put(k, k->conditions.gap, k->conditions.count);
  put(k, k->conditions.size, k->conditions.count);
  for (int32_t i = 0; i < s->event_count; i++) {
    const eq_event *e = &s->event[i];
    const ir_ref three[3] = {e->trigger, e->delay, e->priority};
    put(k, three, 3);
  }
  for (int32_t i = 0; i < s->assign_count; i++) put(k, &s->assign[i].value, 1);
  for (int32_t i = 0; i < s->delay_count; i++) {
    put(k, &k->conditions.past[i], 1);
    put(k, &s->delay[i].lag, 1);
    put(k, &s->delay[i].before, 1);
  }
  put(k, k->jacobian.entry, k->jacobian.count);
  put(k, k->jacobian.time, k->jacobian.time ? s->state_count : 0);
  if (k->m->directions_max)
    k->root_count += eq_tangent_roots(k->m, s, &k->tangent, k->root + k->root_count);
  k->root_count += eq_adjoint_roots(&k->adjoint, k->root + k->root_count);
  return GM_OK;
}

/* ---- codes ---------------------------------------------------------------------------------- */
/* Code for roots with a table of their registers. */
static gm_status coded(maker *k, const ir_ref *root, int32_t count, lane_code *code, int32_t **reg)
{
  *reg = gm_alloc(k->ctx, count + 1, sizeof **reg);
  if (!*reg) return gm_fail(k->ctx, GM_ENOMEM, "lane code");
  return compiler_code(&k->c, root, count, code, *reg);
}

static gm_status event_code(maker *k, int32_t number)
{
  const eq_event *e = &k->s->event[number];
  lane_event *out = &k->m->event[number];
  int32_t n = e->assign_count + 2;
  ir_ref *root = gm_alloc(k->ctx, n, sizeof *root);
  int32_t *reg = gm_alloc(k->ctx, n, sizeof *reg);
  out->state = gm_alloc(k->ctx, n, sizeof *out->state);
  out->value_reg = gm_alloc(k->ctx, n, sizeof *out->value_reg);
  gm_status st = GM_OK;
  if (!root || !reg || !out->state || !out->value_reg)
    st = gm_fail(k->ctx, GM_ENOMEM, "code of an event");
  for (int32_t i = 0; i < e->assign_count && !st; i++) {
    root[i] = k->s->assign[e->assign + i].value;
    out->state[i] = k->s->assign[e->assign + i].state;
  }
  if (!st) {
    root[n - 2] = e->delay;
    root[n - 1] = e->priority;
    st = compiler_code(&k->c, root, n, &out->code, reg);
  }
  if (!st) {
    memcpy(out->value_reg, reg, (size_t)e->assign_count * sizeof *reg);
    out->delay_reg = reg[n - 2];
    out->priority_reg = reg[n - 1];
    out->assign_count = e->assign_count;
    out->initial = e->initial;
    out->persistent = e->persistent;
    out->at_trigger = e->at_trigger;
  }
  gm_free(root);
  gm_free(reg);
  return st;
}

static gm_status event_codes(maker *k)
{
  const eq_source *s = k->s;
  lane_machine *m = k->m;
  int32_t n = s->event_count, delayed = 0, widest = 0;
  if (!n) m->pending_max = 0;
  if (!n) return GM_OK;
  ir_ref *root = gm_alloc(k->ctx, n, sizeof *root);
  m->event = gm_alloc(k->ctx, n, sizeof *m->event);
  if (!root || !m->event) {
    gm_free(root);
    return gm_fail(k->ctx, GM_ENOMEM, "events");
  }
  m->event_count = n;
  for (int32_t i = 0; i < n; i++) {
    root[i] = s->event[i].trigger;
    delayed += s->event[i].delay >= 0;
    if (s->event[i].assign_count > widest) widest = s->event[i].assign_count;
  }
  gm_status st = coded(k, root, n, &m->trigger, &m->trigger_reg);
  gm_free(root);
  m->pending_width = 3 + widest;
  if (!delayed)
    m->pending_max = 0;
  else if (!m->pending_max)
    m->pending_max = 16 + 4 * delayed;
  for (int32_t i = 0; i < n && !st; i++) st = event_code(k, i);
  return st;
}

static gm_status delay_codes(maker *k)
{
  const eq_source *s = k->s;
  lane_machine *m = k->m;
  int32_t n = s->delay_count;
  if (!n) return GM_OK;
  if (n > DELAY_COUNT_MAX)
    return gm_fail(k->ctx, GM_ERANGE, "%d delays; at most %d can be remembered", (int)n,
                   (int)DELAY_COUNT_MAX);
  ir_ref *root = gm_alloc(k->ctx, n, sizeof *root);
  if (!root) return gm_fail(k->ctx, GM_ENOMEM, "delays");
  for (int32_t i = 0; i < n; i++) root[i] = s->delay[i].lag;
  gm_status st = coded(k, root, n, &m->lag, &m->lag_reg);
  for (int32_t i = 0; i < n; i++) root[i] = k->conditions.past[i];
  if (!st) st = coded(k, root, n, &m->past, &m->past_reg);
  for (int32_t i = 0; i < n; i++) root[i] = s->delay[i].before;
  if (!st) st = coded(k, root, n, &m->before, &m->before_reg);
  for (int32_t i = 0; i < n && !st; i++)
    m->lag_nested = m->lag_nested || ir_depends(&k->s->graph, s->delay[i].lag, IR_DELAYED, -1);
  gm_free(root);
  m->history_max = HISTORY_DOUBLES / (1 + 4 * n);
  return st ? st : k->s->graph.status;
}

/* May a code give what is not finite from states at which the rates are? */
static bool code_is_steep(const lane_code *c)
{
  for (int32_t i = 0; i < c->count; i++) {
    int32_t op = c->op[i].op;
    if (op == IR_DIV || op == IR_POW || op == IR_LOG || op == IR_LOG10 || op == IR_TAN ||
        op == IR_GAMMA)
      return true;
  }
  return false;
}

static gm_status jacobian_code(maker *k)
{
  lane_machine *m = k->m;
  lane_jacobian *j = &m->jacobian;
  eq_jacobian *from = &k->jacobian;
  int32_t n = from->count, nx = m->nx;
  if (!from->time) return GM_OK;
  ir_ref *root = gm_alloc(k->ctx, n + nx, sizeof *root);
  int32_t *reg = gm_alloc(k->ctx, n + nx, sizeof *reg);
  j->time_reg = gm_alloc(k->ctx, nx + 1, sizeof *j->time_reg);
  gm_status st = GM_OK;
  if (!root || !reg || !j->time_reg) st = gm_fail(k->ctx, GM_ENOMEM, "code of the Jacobian");
  if (!st) {
    memcpy(root, from->entry, (size_t)n * sizeof *root);
    memcpy(root + n, from->time, (size_t)nx * sizeof *root);
    st = compiler_code(&k->c, root, n + nx, &j->code, reg);
  }
  if (!st) memcpy(j->time_reg, reg + n, (size_t)nx * sizeof *reg);
  j->steep = !st && code_is_steep(&j->code);
  gm_free(root);
  if (st) {
    gm_free(reg);
    return st;
  }
  j->count = n;
  j->row = from->row;
  j->col = from->col;
  j->reg = reg;
  from->row = from->col = NULL;
  st = lane_lu_new(k->ctx, m, k->c.reg_max, LU_OP_COUNT_MAX, &m->lu);
  if (!st && !m->lu && m->directions_max)
    st = gm_fail(k->ctx, GM_EUNSUPPORTED,
                 "tangents of a model whose equations hang together too closely to be factored on "
                 "lanes (%d states)",
                 (int)nx);
  if (!st && m->lu) {
    m->lu->factor.id = m->code_count++;
    m->lu->solve.id = m->code_count++;
    k->c.reg_max = m->lu->reg_end;
  }
  return st;
}

/* Conditions, then their gaps, then the sizes of what they compare. */
static gm_status condition_code(maker *k)
{
  int32_t n = k->m->condition_count;
  const ir_ref *from[3] = {k->conditions.node, k->conditions.gap, k->conditions.size};
  ir_ref *root = gm_alloc(k->ctx, 3 * (ptrdiff_t)n, sizeof *root);
  if (!root) return gm_fail(k->ctx, GM_ENOMEM, "conditions of the model");
  for (int i = 0; i < 3; i++) memcpy(root + (ptrdiff_t)i * n, from[i], (size_t)n * sizeof *root);
  gm_status st = coded(k, root, 3 * n, &k->m->condition, &k->m->condition_reg);
  k->m->event_uses = k->conditions.event_uses;
  k->conditions.event_uses = NULL;
  gm_free(root);
  return st;
}

static gm_status codes_make(maker *k)
{
  eq_source *s = k->s;
  lane_machine *m = k->m;
  gm_status st = coded(k, k->conditions.rate, m->nx, &m->rhs, &m->rhs_reg);
  if (!st) st = coded(k, s->value, m->ny, &m->out, &m->out_reg);
  if (!st) st = coded(k, s->initial, m->nx, &m->init, &m->init_reg);
  if (!st && m->is_linear) st = coded(k, k->linear, linear_count(k), &m->linear, &m->linear_reg);
  if (!st && m->condition_count) st = condition_code(k);
  if (!st) st = event_codes(k);
  if (!st) st = delay_codes(k);
  if (!st && m->directions_max) st = eq_tangent_code(&k->c, s, &k->tangent);
  if (!st) st = eq_adjoint_code(&k->c, &k->adjoint);
  if (!st) st = jacobian_code(k); /* last: its registers come behind all others */
  if (!st) st = eq_adjoint_solve(k->ctx, m);
  m->reg_count = k->c.reg_max;
  return st;
}

/* Factors neither on lanes nor dense: only the explicit method is left. */
static gm_status stiff_possible(gm_ctx *ctx, lane_machine *m)
{
  if (m->lu || m->nx <= PIVOTED_STATES_MAX || !m->jacobian.time_reg) return GM_OK;
  if (m->solver != GM_EQ_STIFF && !m->algebraic_count) {
    m->solver = GM_EQ_EXPLICIT;
    return GM_OK;
  }
  return gm_fail(ctx, GM_EUNSUPPORTED,
                 "%d states hang together too closely to be factored, and more than %d are not "
                 "factored densely: use the explicit method",
                 (int)m->nx, (int)PIVOTED_STATES_MAX);
}

static void sizes_set(lane_machine *m)
{
  if (m->event_count) m->queue_max = m->pending_max + 2 * m->event_count + 16;
  if (m->delay_count)
    m->history_count = 3 + m->delay_count + m->history_max * (1 + 4 * m->delay_count);
  m->memory_count = m->event_count + m->history_count;
  if (m->pending_max) m->memory_count += 1 + m->pending_max * m->pending_width;
  if (m->solver == GM_EQ_STIFF || m->algebraic_count)
    m->start_method = m->lu ? LANE_STIFF : LANE_PIVOTED;
}

/* ---- the whole ------------------------------------------------------------------------------ */
static gm_status kinds_copy(maker *k)
{
  lane_machine *m = k->m;
  m->kind = gm_alloc(k->ctx, m->nx + 1, 1);
  m->algebraic = gm_alloc(k->ctx, m->nx + 1, sizeof *m->algebraic);
  if (!m->kind || !m->algebraic) return gm_fail(k->ctx, GM_ENOMEM, "kinds of state");
  for (int32_t i = 0; i < m->nx; i++) {
    m->kind[i] = k->s->kind ? k->s->kind[i] : EQ_STATE_RATE;
    if (m->kind[i] == EQ_STATE_ALGEBRAIC) m->algebraic[m->algebraic_count++] = i;
  }
  return GM_OK;
}

static gm_status jacobian_make(maker *k)
{
  const lane_machine *m = k->m;
  bool needed = m->algebraic_count || m->solver == GM_EQ_STIFF;
  if (m->solver == GM_EQ_EXPLICIT && !needed) return GM_OK;
  if (!is_differentiable(&k->s->graph, k->conditions.rate, m->nx)) {
    if (!needed) return GM_OK;
    return gm_fail(k->ctx, GM_EUNSUPPORTED,
                   "a factorial of something that varies, in equations that need derivatives");
  }
  return eq_jacobian_make(&k->s->graph, k->conditions.rate, m->nx, &k->jacobian);
}

/* Forward and backward, as far as they are asked for. */
static gm_status derivatives_make(maker *k)
{
  lane_machine *m = k->m;
  gm_status st = GM_OK;
  if (m->directions_max) st = eq_tangent_make(k->s, &k->conditions, &k->jacobian, &k->tangent);
  if (!st && m->adjoint.made) st = eq_adjoint_make(k->s, &k->conditions, &k->jacobian, &k->adjoint);
  m->adjoint.seed_count = k->adjoint.seed_count;
  return st;
}

static gm_status expressions_make(maker *k)
{
  eq_source *s = k->s;
  lane_machine *m = k->m;
  gm_status st = kinds_copy(k);
  if (!st) st = delays_before(s);
  if (!st) st = delays_simplify(s);
  m->is_linear = !st && m->solver == GM_EQ_AUTO && !m->directions_max && !m->adjoint.made &&
                 is_linear(s, k->linear);
  if (!st) st = s->graph.status;
  if (!st) st = eq_conditions_make(s, m->directions_max || m->adjoint.made, &k->conditions);
  if (st) return st;
  m->mode_count = k->conditions.mode_count;
  m->condition_count = m->is_linear ? 0 : k->conditions.count;
  st = jacobian_make(k);
  if (!st) st = derivatives_make(k);
  return st ? st : s->graph.status;
}

gm_status lane_compile(gm_ctx *ctx, eq_source *s, const lane_options *o, lane_machine *out)
{
  lane_machine m = {.nx = s->state_count,
                    .np = s->parameter_count,
                    .ny = s->output_count,
                    .delay_count = s->delay_count,
                    .uniform_count = s->uniform_count,
                    .solver = o->solver,
                    .pending_max = o->pending_max,
                    .directions_max = o->directions_max,
                    .adjoint.made = o->adjoint,
                    .step_longest = (double)INFINITY};
  maker k = {.ctx = ctx, .s = s, .m = &m};
  gm_status st = expressions_make(&k);
  if (!st) st = roots_gather(&k);
  if (!st) st = compiler_init(&k.c, ctx, &s->graph);
  if (!st) st = compiler_start(&k.c, &m, k.root, k.root_count);
  if (!st) st = codes_make(&k);
  if (!st) st = lane_programs_make(ctx, &m);
  if (!st) st = stiff_possible(ctx, &m);
  sizes_set(&m);
  compiler_free(&k.c);
  gm_free(k.root);
  eq_conditions_free(&k.conditions);
  eq_jacobian_free(&k.jacobian);
  eq_tangent_free(&k.tangent);
  eq_adjoint_free(&k.adjoint);
  if (st) {
    lane_machine_free(&m);
    return st;
  }
  m.isa = gm__isa();
  m.vmath = gm__vmath(m.isa);
  *out = m;
  return GM_OK;
}

static void event_free(lane_event *e)
{
  gm_free(e->code.op);
  gm_free(e->state);
  gm_free(e->value_reg);
}

void lane_machine_free(lane_machine *m)
{
  lane_kernel_free(m->kernel);
  lane_programs_free(m);
  lane_lu_free(m->lu);
  lane_tangent_free(m);
  lane_adjoint_free(m);
  lane_code *code[] = {&m->setup,   &m->rhs, &m->out,  &m->init,   &m->linear,       &m->condition,
                       &m->trigger, &m->lag, &m->past, &m->before, &m->jacobian.code};
  int32_t *table[] = {m->rhs_reg,       m->out_reg,          m->init_reg,     m->linear_reg,
                      m->condition_reg, m->trigger_reg,      m->lag_reg,      m->past_reg,
                      m->before_reg,    m->algebraic,        m->jacobian.row, m->jacobian.col,
                      m->jacobian.reg,  m->jacobian.time_reg};
  for (size_t i = 0; i < sizeof code / sizeof code[0]; i++) gm_free(code[i]->op);
  for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) gm_free(table[i]);
  for (int32_t i = 0; i < m->event_count; i++) event_free(&m->event[i]);
  gm_free(m->event);
  gm_free(m->constant);
  gm_free(m->event_uses);
  gm_free(m->kind);
  *m = (lane_machine){0};
}
