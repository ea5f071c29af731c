/* build.c - the equations made into a machine: what is refused, code, who follows whom, layout. */
#include "kinds/jump/build.h"
#include <assert.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

gm_status jump_refs_add(gm_ctx *ctx, jump_refs *l, ir_ref r)
{
  gm_status s = eq_room(ctx, &l->ref, l->count, &l->room, sizeof *l->ref);
  if (!s) l->ref[l->count++] = r;
  return s;
}

ir_ref jump_slow_of(const eq_source *s, int32_t i)
{
  ir_ref r = s->slow ? s->slow[i] : s->channel_count ? IR_NONE : s->rate[i];
  if (r < 0 || s->kind[i] == EQ_STATE_HELD) return IR_NONE;
  const ir_node *n = &s->graph.node[r];
  return n->op == IR_CONST && n->value == 0 ? IR_NONE : r;
}

/* ---- what is refused ------------------------------------------------------------------------- */
static gm_status check_source(gm_ctx *ctx, const eq_source *s)
{
  if (s->delay_count)
    return gm_fail(ctx, GM_EUNSUPPORTED, "model %.80s: delay() is not carried out by kind jump",
                   s->model_name);
  for (int32_t i = 0; i < s->state_count; i++)
    if (s->initial[i] < 0)
      return gm_fail(ctx, GM_EINTERNAL, "%.80s without an initial value", s->state[i].name);
  for (int32_t i = 0; i < s->output_count; i++)
    if (s->value[i] < 0)
      return gm_fail(ctx, GM_EINTERNAL, "output %.80s without a value", s->output[i].name);
  for (int32_t i = 0; i < s->state_count; i++)
    if (s->kind[i] == EQ_STATE_ALGEBRAIC)
      return gm_fail(ctx, GM_EUNSUPPORTED,
                     "model %.80s: %.80s follows from an algebraic rule, which kind jump does not "
                     "carry out",
                     s->model_name, s->state[i].name);
  return GM_OK;
}

static gm_status check_equations(gm_ctx *ctx, const gm_eq_config *e)
{
  bool good = e->rtol >= 0 && e->rtol < 1 && e->atol >= 0 && isfinite(e->atol);
  if (e->step_longest != 0)
    return gm_fail(ctx, GM_EUNSUPPORTED, "step_longest %g: kind jump has no such limit",
                   e->step_longest);
  if (good && e->step_max >= 0 && e->pending_max >= 0) return GM_OK;
  return gm_fail(ctx, GM_ERANGE,
                 "rtol %g, atol %g, step_max %d, pending_max %d; 0 <= rtol < 1 and the others >= 0 "
                 "are expected",
                 e->rtol, e->atol, (int)e->step_max, (int)e->pending_max);
}

static gm_status check_config(gm_ctx *ctx, const gm_jump_config *c)
{
  if (c->method < GM_JUMP_EXACT || c->method > GM_JUMP_HYBRID)
    return gm_fail(
        ctx, GM_ERANGE,
        "method %d of kind jump; GM_JUMP_EXACT, GM_JUMP_TAU or GM_JUMP_HYBRID is expected",
        (int)c->method);
  if (!(c->tau_epsilon >= 0 && c->tau_epsilon < 1))
    return gm_fail(ctx, GM_ERANGE, "tau_epsilon %g; 0 <= tau_epsilon < 1 is expected",
                   c->tau_epsilon);
  if (!(c->hybrid_population >= 0 && isfinite(c->hybrid_population)) ||
      !(c->hybrid_rate >= 0 && isfinite(c->hybrid_rate)))
    return gm_fail(ctx, GM_ERANGE, "hybrid_population %g, hybrid_rate %g; >= 0 is expected",
                   c->hybrid_population, c->hybrid_rate);
  if (c->firing_max < 0)
    return gm_fail(ctx, GM_ERANGE, "firing_max %lld; >= 0 is expected", (long long)c->firing_max);
  return check_equations(ctx, &c->equations);
}

static gm_status check_tau(const jump_builder *b)
{
  if (b->m->method != GM_JUMP_TAU || !b->m->flows) return GM_OK;
  for (int32_t k = 0; k < b->m->reaction_count; k++)
    if (b->m->channel[k].motion == JUMP_VARYING)
      return gm_fail(b->ctx, GM_EUNSUPPORTED,
                     "reaction %.80s: its rate moves with time, and leaps need rates that are "
                     "constant between jumps; use the exact or the hybrid method",
                     b->m->channel[k].name);
  return gm_fail(b->ctx, GM_EUNSUPPORTED,
                 "model %.80s has rate rules or triggers that follow time; leaps need what is "
                 "constant between jumps; use the exact or the hybrid method",
                 b->s->model_name);
}

static void settings(jump_machine *m, const gm_jump_config *c)
{
  const gm_eq_config *e = &c->equations;
  m->method = c->method;
  m->tau_epsilon = c->tau_epsilon > 0 ? c->tau_epsilon : 0.03; /* Cao, Gillespie & Petzold 2006 */
  m->hybrid_population = c->hybrid_population > 0 ? c->hybrid_population : 1000;
  m->hybrid_rate = c->hybrid_rate;
  m->firing_max = c->firing_max ? c->firing_max : 100000000;
  m->rtol = e->rtol > 0 ? e->rtol : 1e-8;
  m->atol = e->atol > 0 ? e->atol : 1e-10;
  m->step_max = e->step_max ? e->step_max : 1000000;
  m->pending_max = e->pending_max;
}

/* ---- derivatives for leaps ------------------------------------------------------------------- */
static gm_status reads_make(jump_builder *b)
{
  jump_machine *m = b->m;
  gm_status s = GM_OK;
  if (m->method != GM_JUMP_TAU) return GM_OK;
  for (int32_t k = 0; k < m->reaction_count && !s; k++) {
    jump_channel *c = &m->channel[k];
    c->read = m->read_count;
    s = jump_walk(&b->coder, b->law.ref[k], false);
    for (int32_t i = 0; i < b->coder.list_count && !s; i++) {
      const ir_node *n = &b->coder.g->node[b->coder.list[i]];
      if (n->op != IR_STATE) continue;
      s = eq_room(b->ctx, &m->read, m->read_count, &m->read_room, sizeof *m->read);
      if (!s) m->read[m->read_count++] = (jump_read){.state = n->index};
    }
    c->read_count = m->read_count - c->read;
    for (int32_t i = 0; i < c->read_count && !s; i++)
      s = jump_refs_add(b->ctx, &b->read,
                        ir_diff(b->coder.g, b->law.ref[k], IR_STATE, m->read[c->read + i].state));
  }
  return s ? s : b->coder.g->status;
}

/* ---- code ------------------------------------------------------------------------------------ */
static gm_status all_roots(jump_builder *b, jump_refs *out)
{
  const eq_source *e = b->s;
  const jump_refs *part[] = {&b->law, &b->by, &b->read, &b->condition, &b->bend};
  gm_status s = GM_OK;
  for (size_t p = 0; p < sizeof part / sizeof *part; p++)
    for (int32_t i = 0; i < part[p]->count && !s; i++)
      s = jump_refs_add(b->ctx, out, part[p]->ref[i]);
  for (int32_t i = 0; i < e->state_count && !s; i++) {
    s = jump_refs_add(b->ctx, out, e->initial[i]);
    if (!s) s = jump_refs_add(b->ctx, out, jump_slow_of(e, i));
  }
  for (int32_t i = 0; i < e->output_count && !s; i++) s = jump_refs_add(b->ctx, out, e->value[i]);
  for (int32_t i = 0; i < e->event_count && !s; i++) {
    const eq_event *v = &e->event[i];
    s = jump_refs_add(b->ctx, out, v->trigger);
    if (!s) s = jump_refs_add(b->ctx, out, v->delay);
    if (!s) s = jump_refs_add(b->ctx, out, v->priority);
    for (int32_t k = 0; k < v->assign_count && !s; k++)
      s = jump_refs_add(b->ctx, out, e->assign[v->assign + k].value);
  }
  return s;
}

static gm_status code_one(jump_builder *b, ir_ref f, jump_code *out)
{
  int32_t reg;
  *out = (jump_code){.count = -1};
  return f < 0 ? GM_OK : jump_code_make(&b->coder, &f, 1, &reg, out);
}

static gm_status code_lists(jump_builder *b)
{
  jump_machine *m = b->m;
  const eq_source *e = b->s;
  m->init_reg = gm_alloc(b->ctx, m->nx, sizeof *m->init_reg);
  m->out_reg = gm_alloc(b->ctx, m->ny, sizeof *m->out_reg);
  m->slope_reg = gm_alloc(b->ctx, m->nx, sizeof *m->slope_reg);
  int32_t *reg = gm_alloc(b->ctx, m->nx, sizeof *reg);
  ir_ref *slow = gm_alloc(b->ctx, m->nx, sizeof *slow);
  gm_status s = GM_OK;
  int32_t count = 0;
  if (!m->init_reg || !m->out_reg || !m->slope_reg || !reg || !slow)
    s = gm_fail(b->ctx, GM_ENOMEM, "code");
  for (int32_t i = 0; i < m->nx && !s; i++)
    if (jump_slow_of(e, i) >= 0) slow[count++] = jump_slow_of(e, i);
  if (!s) s = jump_code_make(&b->coder, e->initial, m->nx, m->init_reg, &m->init);
  if (!s) s = jump_code_make(&b->coder, e->value, m->ny, m->out_reg, &m->out);
  if (!s) s = jump_code_make(&b->coder, slow, count, reg, &m->slope);
  count = 0;
  for (int32_t i = 0; i < m->nx && !s; i++)
    m->slope_reg[i] = jump_slow_of(e, i) >= 0 ? reg[count++] : -1;
  gm_free(reg);
  gm_free(slow);
  return s;
}

static gm_status code_channels(jump_builder *b)
{
  jump_machine *m = b->m;
  gm_status s = GM_OK;
  for (int32_t k = 0; k < m->reaction_count && !s; k++)
    s = code_one(b, b->law.ref[k], &m->channel[k].propensity);
  for (int32_t i = 0; i < m->change_count && !s; i++)
    s = code_one(b, b->by.ref[i], &m->change[i].code);
  for (int32_t i = 0; i < m->read_count && !s; i++)
    s = code_one(b, b->read.ref[i], &m->read[i].slope);
  for (int32_t i = 0; i < m->condition_count && !s; i++) {
    s = code_one(b, b->condition.ref[2 * i], &m->condition[i].value);
    if (!s) s = code_one(b, b->condition.ref[2 * i + 1], &m->condition[i].slope);
  }
  m->bend_count = b->bend.count;
  m->bend = gm_alloc(b->ctx, m->bend_count, sizeof *m->bend);
  if (!m->bend) return gm_fail(b->ctx, GM_ENOMEM, "conditions");
  for (int32_t i = 0; i < m->bend_count && !s; i++) s = code_one(b, b->bend.ref[i], &m->bend[i]);
  return s;
}

static gm_status event_make(jump_builder *b, const eq_event *v, jump_event *out)
{
  gm_status s = GM_OK;
  int32_t n = v->assign_count;
  *out = (jump_event){.name = v->name ? v->name : "",
                      .id = gm_hash_text(v->name ? v->name : ""),
                      .assign_count = n,
                      .initial = v->initial,
                      .persistent = v->persistent,
                      .at_trigger = v->at_trigger};
  out->state = gm_alloc(b->ctx, n, sizeof *out->state);
  out->value_reg = gm_alloc(b->ctx, n, sizeof *out->value_reg);
  ir_ref *value = gm_alloc(b->ctx, n, sizeof *value);
  if (!out->state || !out->value_reg || !value) s = gm_fail(b->ctx, GM_ENOMEM, "event");
  for (int32_t i = 0; i < n && !s; i++) {
    out->state[i] = b->s->assign[v->assign + i].state;
    value[i] = b->s->assign[v->assign + i].value;
  }
  if (!s) s = code_one(b, v->trigger, &out->trigger);
  if (!s) s = code_one(b, v->delay, &out->delay);
  if (!s) s = code_one(b, v->priority, &out->priority);
  if (!s) s = jump_code_make(&b->coder, value, n, out->value_reg, &out->value);
  gm_free(value);
  return s;
}

static gm_status code_events(jump_builder *b)
{
  jump_machine *m = b->m;
  gm_status s = GM_OK;
  int32_t widest = 0;
  m->event = gm_alloc(b->ctx, b->s->event_count, sizeof *m->event);
  if (!m->event) return gm_fail(b->ctx, GM_ENOMEM, "events");
  for (int32_t i = 0; i < b->s->event_count && !s; i++) {
    const eq_event *v = &b->s->event[i];
    m->event_count = i + 1;
    s = event_make(b, v, &m->event[i]);
    if (v->assign_count > widest) widest = v->assign_count;
    m->delayed |= v->delay >= 0;
  }
  m->queue_width = JUMP_QUEUE_HEAD + widest;
  if (!m->pending_max) m->pending_max = 16 + 4 * m->event_count;
  m->queue_max = m->pending_max + m->event_count;
  return s;
}

/* ---- who follows whom ------------------------------------------------------------------------ */
/* For every state the things that read it: item[first[i] .. first[i + 1]]. */
typedef struct {
  int32_t *first, *item;
} readers;

static void readers_free(readers *r)
{
  gm_free(r->first);
  gm_free(r->item);
}

static gm_status pair_add(jump_builder *b, jump_refs *pair, int32_t state, int32_t thing)
{
  gm_status s = jump_refs_add(b->ctx, pair, state);
  return s ? s : jump_refs_add(b->ctx, pair, thing);
}

/* state, thing, state, thing ... of the states that thing k with the expression f reads. */
static gm_status pairs_add(jump_builder *b, ir_ref f, int32_t k, bool needs, jump_refs *pair)
{
  gm_status s = f >= 0 ? jump_walk(&b->coder, f, false) : GM_OK;
  for (int32_t i = 0; f >= 0 && i < b->coder.list_count && !s; i++) {
    const ir_node *node = &b->coder.g->node[b->coder.list[i]];
    if (node->op == IR_STATE) s = pair_add(b, pair, node->index, k);
  }
  if (!needs) return s;
  const jump_channel *c = &b->m->channel[k];
  for (int32_t i = 0; i < c->need_count && !s; i++)
    s = pair_add(b, pair, b->m->need[c->need + i].state, k);
  return s;
}

/* Things 0..n-1 with their expressions (IR_NONE: none). Channels read what they need, too. */
static gm_status readers_make(jump_builder *b, const ir_ref *f, int32_t n, bool needs, readers *out)
{
  int32_t nx = b->m->nx;
  jump_refs pair = {0};
  gm_status s = GM_OK;
  for (int32_t k = 0; k < n && !s; k++) s = pairs_add(b, f[k], k, needs, &pair);
  if (!s) out->first = gm_alloc(b->ctx, nx + 1, sizeof *out->first);
  if (!s) out->item = gm_alloc(b->ctx, pair.count / 2, sizeof *out->item);
  if (!s && (!out->first || !out->item)) s = gm_fail(b->ctx, GM_ENOMEM, "dependencies");
  if (!s) { /* counting sort by state */
    for (int32_t i = 0; i < pair.count; i += 2) out->first[pair.ref[i] + 1]++;
    for (int32_t i = 0; i < nx; i++) out->first[i + 1] += out->first[i];
    for (int32_t i = pair.count - 2; i >= 0; i -= 2) /* ends become beginnings */
      out->item[--out->first[pair.ref[i] + 1]] = pair.ref[i + 1];
    memmove(out->first, out->first + 1, (size_t)nx * sizeof *out->first);
    out->first[nx] = pair.count / 2;
  }
  gm_free(pair.ref);
  return s;
}

/* Readers of what channel k changes, each once, into a list of the machine. */
static gm_status followers_add(jump_builder *b, const jump_channel *c, const readers *r,
                               int32_t *seen, int32_t **list, int32_t *count, int32_t *room)
{
  gm_status s = GM_OK;
  int32_t tag = (int32_t)(c - b->m->channel) + 1;
  for (int32_t i = 0; i < c->change_count && !s; i++) {
    int32_t state = b->m->change[c->change + i].state;
    for (int32_t q = r->first[state]; q < r->first[state + 1] && !s; q++) {
      if (seen[r->item[q]] == tag) continue;
      seen[r->item[q]] = tag;
      s = eq_room(b->ctx, list, *count, room, sizeof **list);
      if (!s) (*list)[(*count)++] = r->item[q];
    }
  }
  return s;
}

static gm_status follow(jump_builder *b, const readers *channels, const readers *events,
                        const readers *conditions, int32_t *seen)
{
  jump_machine *m = b->m;
  gm_status s = GM_OK;
  for (int32_t k = 0; k < m->channel_count && !s; k++) {
    jump_channel *c = &m->channel[k];
    int32_t *seen_event = seen + m->channel_count;
    c->next = m->next_count;
    c->watch = m->watch_count;
    seen[k] = k + 1; /* itself is looked at anyway */
    s = followers_add(b, c, channels, seen, &m->next, &m->next_count, &m->next_room);
    if (!s) s = followers_add(b, c, events, seen_event, &m->watch, &m->watch_count, &m->watch_room);
    c->next_count = m->next_count - c->next;
    c->watch_count = m->watch_count - c->watch;
    for (int32_t i = 0; i < c->change_count; i++) {
      int32_t state = m->change[c->change + i].state;
      c->moves_condition |= conditions->first[state] < conditions->first[state + 1];
    }
  }
  return s;
}

static gm_status dependencies(jump_builder *b)
{
  jump_machine *m = b->m;
  readers channel = {0}, event = {0}, condition = {0};
  jump_refs trigger = {0};
  gm_status s = GM_OK;
  int32_t *seen = gm_alloc(b->ctx, (ptrdiff_t)m->channel_count + m->event_count, sizeof *seen);
  if (!seen) return gm_fail(b->ctx, GM_ENOMEM, "dependencies");
  for (int32_t i = 0; i < m->event_count && !s; i++)
    s = jump_refs_add(b->ctx, &trigger, b->s->event[i].trigger);
  if (!s) s = readers_make(b, b->law.ref, m->reaction_count, true, &channel);
  if (!s) s = readers_make(b, trigger.ref, m->event_count, false, &event);
  if (!s) s = readers_make(b, b->condition.ref, b->condition.count, false, &condition);
  if (!s) s = follow(b, &channel, &event, &condition, seen);
  readers_free(&channel);
  readers_free(&event);
  readers_free(&condition);
  gm_free(trigger.ref);
  gm_free(seen);
  return s;
}

/* ---- layout ---------------------------------------------------------------------------------- */
static gm_status layout(jump_builder *b)
{
  jump_machine *m = b->m;
  int64_t at = m->nx;
  m->at_rate = (int32_t)at;
  m->at_time = (int32_t)(at += m->nx);
  m->at_clock = (int32_t)(at += 1);
  at += JUMP_CLOCK_ROWS * (int64_t)m->channel_count;
  m->at_event = (int32_t)at;
  at += JUMP_EVENT_ROWS * (int64_t)m->event_count;
  m->at_queue = (int32_t)at;
  at += m->delayed ? (int64_t)m->pending_max * m->queue_width : 0;
  m->at_leap = (int32_t)at;
  at += m->method == GM_JUMP_TAU ? JUMP_LEAP_ROWS + (int64_t)m->nx : 0;
  m->at_fast = (int32_t)at;
  at += m->method == GM_JUMP_HYBRID ? m->channel_count : 0;
  m->row_count = (int32_t)at;
  return at > INT32_MAX / 8 ? gm_fail(b->ctx, GM_ERANGE, "state of %lld numbers", (long long)at)
                            : GM_OK;
}

static gm_status build(jump_builder *b)
{
  jump_refs root = {0};
  gm_status s = jump_build_channels(b);
  if (!s) s = jump_build_time(b);
  if (!s) s = check_tau(b);
  if (!s) s = reads_make(b);
  if (!s) s = all_roots(b, &root);
  if (!s) s = jump_setup_make(&b->coder, root.ref, root.count);
  if (!s) s = code_lists(b);
  if (!s) s = code_channels(b);
  if (!s) s = code_events(b);
  if (!s) s = dependencies(b);
  if (!s) s = layout(b);
  gm_free(root.ref);
  return s;
}

gm_status jump_machine_make(gm_ctx *ctx, const gm_jump_config *config, eq_source *s,
                            jump_machine *out)
{
  jump_builder b = {.ctx = ctx, .m = out, .s = &out->source};
  *out = (jump_machine){.ctx = ctx, .source = *s};
  *s = (eq_source){0};
  s = &out->source;
  out->nx = s->state_count;
  out->np = s->parameter_count;
  out->ny = s->output_count;
  out->nu = s->uniform_count;
  out->reg_state = 1;
  out->reg_rate = out->reg_state + out->nx;
  out->reg_param = out->reg_rate + out->nx;
  out->reg_uniform = out->reg_param + out->np;
  out->reg_constant = out->reg_uniform + out->nu;
  settings(out, config);
  gm_status st = check_config(ctx, config);
  if (!st) st = check_source(ctx, s);
  if (!st) st = jump_coder_begin(&b.coder, ctx, out);
  if (!st) st = build(&b);
  jump_coder_end(&b.coder);
  gm_free(b.law.ref);
  gm_free(b.by.ref);
  gm_free(b.read.ref);
  gm_free(b.condition.ref);
  gm_free(b.bend.ref);
  gm_free(b.flows);
  if (st) jump_machine_free(out);
  return st;
}

void jump_machine_free(jump_machine *m)
{
  for (int32_t k = 0; m->channel && k < m->channel_count; k++) gm_free(m->channel[k].name);
  for (int32_t i = 0; m->event && i < m->event_count; i++) {
    gm_free(m->event[i].state);
    gm_free(m->event[i].value_reg);
  }
  void *owned[] = {m->op,      m->constant,  m->init_reg, m->out_reg, m->slope_reg, m->is_count,
                   m->channel, m->change,    m->need,     m->read,    m->next,      m->watch,
                   m->entry,   m->condition, m->bend,     m->event};
  for (size_t i = 0; i < sizeof owned / sizeof *owned; i++) gm_free(owned[i]);
  eq_source_free(&m->source);
  *m = (jump_machine){0};
}
