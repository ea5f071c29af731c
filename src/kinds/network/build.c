/* build.c - from a config to a network that runs. */
#include "kinds/network/machine.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static gm_status fail(net_builder *b, gm_status s, const char *what)
{
  return gm_fail(b->ctx, s, "%s: %s", b->where, what);
}

static int32_t state_of(net_builder *b, const char *name)
{
  for (int32_t i = 0; i < b->m->ns; i++)
    if (name && !strcmp(b->c->state[i], name)) return i;
  return -1;
}

static gm_status state_find(net_builder *b, const char *name, int32_t *out)
{
  *out = state_of(b, name);
  if (*out >= 0) return GM_OK;
  return gm_fail(b->ctx, GM_ENOTFOUND, "%s: there is no state \"%.60s\"", b->where,
                 name ? name : "");
}

/* ---- what both forms have -------------------------------------------------------------------- */
static gm_status counts_check(net_builder *b)
{
  const gm_network_config *c = b->c;
  const int32_t count[] = {c->parameter_count, c->profile_count,    c->output_count,
                           c->node_count,      c->state_count,      c->attribute_count,
                           c->layer_count,     c->transition_count, c->start_count,
                           c->port_count,      c->watch_count,      c->rule_count};
  for (size_t i = 0; i < sizeof count / sizeof *count; i++)
    if (count[i] < 0) return fail(b, GM_EINVAL, "a negative number of things");
  return GM_OK;
}

static void sizes_take(net_builder *b)
{
  const gm_network_config *c = b->c;
  net_machine *m = b->m;
  m->boolean = c->rule_count > 0;
  m->np = c->parameter_count;
  m->nf = c->profile_count;
  m->noutput = c->output_count;
  m->n = m->boolean ? c->rule_count : c->node_count;
  m->ns = m->boolean ? 2 : c->state_count;
  m->na = c->attribute_count;
  m->nl = c->layer_count;
  m->nt = c->transition_count;
  m->nstart = c->start_count;
  m->nport = m->boolean ? m->n : c->port_count;
  m->nwatch = c->watch_count;
  m->firing_max = c->firing_max > 0 ? c->firing_max : 100000000;
}

static gm_status sizes_check(net_builder *b)
{
  const gm_network_config *c = b->c;
  const net_machine *m = b->m;
  bool alike = c->node_count || c->state_count || m->na || m->nl || m->nt || m->nstart ||
               c->port_count || m->nwatch;
  if (m->boolean && alike)
    return fail(b, GM_EINVAL, "rules of a Boolean network beside states, layers or transitions");
  if (m->n < 1 || m->n > NET_NODE_MAX)
    return gm_fail(b->ctx, GM_ERANGE, "%s: %d nodes; 1 to %d are expected", b->where, (int)m->n,
                   NET_NODE_MAX);
  if (m->ns < 1 || m->ns > NET_STATE_MAX)
    return gm_fail(b->ctx, GM_ERANGE, "%s: %d states; 1 to %d are expected", b->where, (int)m->ns,
                   NET_STATE_MAX);
  return GM_OK;
}

static gm_status names_take(net_builder *b)
{
  char code[GM_UNIT_CODE_BYTES] = "";
  gm_unit unit;
  const char *time = b->c->time_unit;
  gm_status s = time && time[0] ? gm_unit_parse_friendly(b->ctx, time, &unit, code) : GM_OK;
  if (s) return gm_fail_at(b->ctx, s, "%s: unit of time", b->where);
  b->m->time_unit = net_text(b, "%s", code);
  b->m->name = net_text(b, "%s", b->c->name && b->c->name[0] ? b->c->name : "network");
  return b->m->time_unit && b->m->name ? GM_OK : GM_ENOMEM;
}

static gm_status profile_check(net_builder *b, const gm_network_profile *p)
{
  if (p->count < 1 || !p->t || !p->value)
    return fail(b, GM_EINVAL, "times and values are expected");
  for (int32_t i = 0; i < p->count; i++)
    if (!isfinite(p->t[i]) || !isfinite(p->value[i]) || (i && !(p->t[i] > p->t[i - 1])))
      return fail(b, GM_EDOMAIN, "rising times and finite values are expected");
  if (p->period == 0) return GM_OK;
  if (!(isfinite(p->period) && p->period > 0) || p->t[0] != 0 || !(p->t[p->count - 1] < p->period))
    return fail(b, GM_EDOMAIN, "a period > 0, the first time 0 and the last below it are expected");
  return GM_OK;
}

static gm_status profiles_take(net_builder *b)
{
  net_machine *m = b->m;
  m->profile = net_get(b, m->nf, sizeof *m->profile);
  if (!m->profile) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nf; i++) {
    const gm_network_profile *p = &b->c->profile[i];
    snprintf(b->where, sizeof b->where, "profile %.80s", p->name);
    gm_status s = profile_check(b, p);
    if (s) return s;
    size_t bytes = (size_t)p->count * sizeof(double);
    double *t = net_get(b, p->count, sizeof *t), *value = net_get(b, p->count, sizeof *value);
    if (!t || !value) return GM_ENOMEM;
    memcpy(t, p->t, bytes);
    memcpy(value, p->value, bytes);
    m->profile[i] = (net_profile){t, value, p->count, p->period};
  }
  return GM_OK;
}

static gm_status outputs_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->output = net_get(b, m->noutput, sizeof *m->output);
  if (!m->output) return GM_ENOMEM;
  for (int32_t i = 0; i < m->noutput && !s; i++) {
    snprintf(b->where, sizeof b->where, "output %.80s",
             b->c->output[i].name ? b->c->output[i].name : "");
    s = net_formula_make(b, b->c->output[i].expression,
                         NET_MAY_PARAMETER | NET_MAY_TIME | NET_MAY_TOTAL | NET_MAY_NODE, false,
                         &m->output[i]);
  }
  return s;
}

/* ---- nodes alike ----------------------------------------------------------------------------- */
static gm_status attributes_take(net_builder *b)
{
  net_machine *m = b->m;
  m->attribute = net_get(b, m->na, sizeof *m->attribute);
  if (!m->attribute) return GM_ENOMEM;
  for (int32_t i = 0; i < m->na; i++) {
    const double *value = b->c->attribute[i].value;
    double *copy = net_get(b, m->n, sizeof *copy);
    if (!copy) return GM_ENOMEM;
    snprintf(b->where, sizeof b->where, "attribute %.80s", b->c->attribute[i].name);
    if (!value) return fail(b, GM_EINVAL, "one value a node is expected");
    for (int32_t j = 0; j < m->n; j++)
      if (!isfinite(copy[j] = value[j])) return fail(b, GM_EDOMAIN, "finite values are expected");
    m->attribute[i] = copy;
  }
  return GM_OK;
}

static gm_status layers_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->graph = net_get(b, m->nl, sizeof *m->graph);
  m->stored = net_get(b, m->nl, sizeof *m->stored);
  if (!m->graph || !m->stored) return GM_ENOMEM;
  for (int32_t l = 0; l < m->nl && !s; l++) {
    const char *name = b->c->layer[l].name;
    snprintf(b->where, sizeof b->where, "layer %d%s%.80s", (int)l + 1, name ? " " : "",
             name ? name : "");
    s = net_graph_make(b->ctx, &b->c->layer[l], m->n, b->where, &m->graph[l]);
    if (!s) m->stored[l] = m->graph[l].complete ? -1 : m->nstored++;
  }
  if (!s && (int64_t)m->n * m->nstored * m->ns > INT32_MAX)
    return fail(b, GM_ERANGE, "nodes x layers x states is too large");
  return s;
}

/* Notes which states the rates from a state read, by way of the layers the formula names. */
static void reads_note(net_machine *m, const net_transition *t)
{
  for (int32_t i = 0; i < t->rate.count; i++) {
    int32_t state, layer;
    if (!net_slot_near(m, t->rate.slot[i], &state, &layer)) continue;
    for (int32_t l = 0; l < m->nl; l++) {
      if (layer >= 0 && layer != l) continue;
      uint64_t *reads = m->graph[l].complete ? m->reads_all : m->reads;
      reads[t->from] |= (uint64_t)1 << state;
    }
  }
}

static gm_status transition_take(net_builder *b, int32_t i, net_transition *t)
{
  net_machine *m = b->m;
  const gm_network_transition *c = &b->c->transition[i];
  snprintf(b->where, sizeof b->where, "transition %d (%.40s -> %.40s)", (int)i + 1,
           c->from ? c->from : "", c->to ? c->to : "");
  gm_status s = state_find(b, c->from, &t->from);
  if (!s) s = state_find(b, c->to, &t->to);
  if (!s && t->from == t->to) s = fail(b, GM_EINVAL, "two different states are expected");
  if (!s)
    s = net_formula_make(b, c->rate, NET_MAY_PARAMETER | NET_MAY_TIME | NET_MAY_NEAR, true,
                         &t->rate);
  t->counter = -1;
  for (int32_t k = 0; c->counter && k < m->nc; k++)
    if (!strcmp(b->slot_name[m->slot_counter + k], c->counter)) t->counter = k;
  return s;
}

/* By rising state they leave, else in the order given. */
static gm_status transitions_take(net_builder *b)
{
  net_machine *m = b->m;
  int32_t at = 0;
  m->transition = net_get(b, m->nt, sizeof *m->transition);
  m->leave = net_get(b, m->ns + 1, sizeof *m->leave);
  m->reads = net_get(b, m->ns, sizeof *m->reads);
  m->reads_all = net_get(b, m->ns, sizeof *m->reads_all);
  if (!m->transition || !m->leave || !m->reads || !m->reads_all) return GM_ENOMEM;
  for (int32_t q = 0; q < m->ns; q++) {
    m->leave[q] = at;
    for (int32_t i = 0; i < m->nt; i++) {
      if (state_of(b, b->c->transition[i].from) != q) continue;
      gm_status s = transition_take(b, i, &m->transition[at]);
      if (s) return s;
      reads_note(m, &m->transition[at++]);
    }
  }
  m->leave[m->ns] = at;
  for (int32_t i = 0; i < m->nt && at < m->nt; i++) { /* one that leaves no state that is there */
    net_transition none;
    if (state_of(b, b->c->transition[i].from) < 0) return transition_take(b, i, &none);
  }
  return GM_OK;
}

static gm_status start_take(net_builder *b, const gm_network_start *c, net_start *out)
{
  net_machine *m = b->m;
  gm_status s = state_find(b, c->state, &out->state);
  if (s) return s;
  if (c->node_count == 0)
    return net_formula_make(b, c->count, NET_MAY_PARAMETER, false, &out->count);
  if (c->node_count < 0 || !c->node || c->count)
    return fail(b, GM_EINVAL, "either nodes or a count is expected");
  out->node_count = c->node_count;
  out->node = net_get(b, c->node_count, sizeof *out->node);
  if (!out->node) return GM_ENOMEM;
  for (int32_t i = 0; i < c->node_count; i++) {
    int32_t node = c->node[i];
    if (node < 0 || node >= m->n)
      return gm_fail(b->ctx, GM_ERANGE, "%s: node %d; 0 to %d are expected", b->where, (int)node,
                     (int)m->n - 1);
    if (m->given[node])
      return gm_fail(b->ctx, GM_EINVAL, "%s: node %d is named twice", b->where, (int)node);
    m->given[node] = 1;
    out->node[i] = node;
  }
  return GM_OK;
}

static gm_status starts_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->start = net_get(b, m->nstart, sizeof *m->start);
  m->given = net_get(b, m->n, 1);
  if (!m->start || !m->given) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nstart && !s; i++) {
    snprintf(b->where, sizeof b->where, "start %d", (int)i + 1);
    s = start_take(b, &b->c->start[i], &m->start[i]);
  }
  return s;
}

/* Without ports of its own a network has one a pair of states with a transition; where several lead
 * to the same state they are named FROM_TO. */
static gm_status ports_by_transition(net_builder *b)
{
  net_machine *m = b->m;
  gm_network_port *port = net_get(b, m->nt, sizeof *port);
  gm_network_config *c = net_get(b, 1, sizeof *c);
  if (!port || !c) return GM_ENOMEM;
  m->port = net_get(b, m->nt, sizeof *m->port);
  if (!m->port) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nt; i++) {
    const net_transition *t = &m->transition[i];
    bool twice = false, shared = false;
    for (int32_t k = 0; k < m->nt; k++) {
      const net_transition *o = &m->transition[k];
      twice |= k < i && o->from == t->from && o->to == t->to;
      shared |= o->to == t->to && o->from != t->from;
    }
    if (twice) continue;
    const char *from = b->c->state[t->from], *to = b->c->state[t->to];
    port[m->nport].name = shared ? net_text(b, "%s_%s", from, to) : to;
    if (!port[m->nport].name) return GM_ENOMEM;
    m->port[m->nport++] = (net_port){t->from, t->to, -1};
  }
  *c = *b->c;
  c->port = port;
  c->port_count = m->nport;
  b->c = c;
  return GM_OK;
}

static gm_status ports_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  if (m->nport == 0) return ports_by_transition(b);
  m->port = net_get(b, m->nport, sizeof *m->port);
  if (!m->port) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nport && !s; i++) {
    const gm_network_port *p = &b->c->port[i];
    snprintf(b->where, sizeof b->where, "port %d", (int)i + 1);
    m->port[i].node = -1;
    s = state_find(b, p->from, &m->port[i].from);
    if (!s) s = state_find(b, p->to, &m->port[i].to);
    if (!s && m->port[i].from == m->port[i].to)
      s = fail(b, GM_EINVAL, "two different states are expected");
  }
  return s;
}

static gm_status watches_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->watch = net_get(b, m->nwatch, sizeof *m->watch);
  if (!m->watch) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nwatch && !s; i++) {
    const gm_network_watch *w = &b->c->watch[i];
    snprintf(b->where, sizeof b->where, "watch %d", (int)i + 1);
    s = state_find(b, w->state, &m->watch[i].state);
    m->watch[i].node = w->node;
    if (!s && (w->node < 0 || w->node >= m->n))
      s = gm_fail(b->ctx, GM_ERANGE, "%s: node %d; 0 to %d are expected", b->where, (int)w->node,
                  (int)m->n - 1);
  }
  return s;
}

/* ---- Boolean networks ------------------------------------------------------------------------ */
static gm_status rule_take(net_builder *b, int32_t i, net_rule *r)
{
  const gm_network_rule *c = &b->c->rule[i];
  const uint32_t may = NET_MAY_PARAMETER | NET_MAY_TIME | NET_MAY_NODE;
  gm_status s = GM_OK;
  snprintf(b->where, sizeof b->where, "rule of %.80s", c->name);
  if (c->logic && c->logic[0])
    s = net_logic_read(b->ctx, c->logic, b->slot_name + b->m->slot_node, b->m->n, b->where,
                       &r->logic);
  if (!s) s = net_formula_make(b, c->up, may, true, &r->up);
  if (!s) s = net_formula_make(b, c->down, may, true, &r->down);
  if (!s && c->start && c->start[0])
    s = net_formula_make(b, c->start, NET_MAY_PARAMETER, false, &r->start);
  return s;
}

/* Marks the nodes that rule i reads. */
static void rule_reads(const net_machine *m, int32_t i, uint8_t *mark)
{
  const net_rule *r = &m->rule[i];
  memset(mark, 0, (size_t)m->n);
  for (int32_t k = 0; k < r->logic.count; k++)
    if (r->logic.code[k] >= 0) mark[r->logic.code[k]] = 1;
  for (int32_t k = 0; k < r->up.count; k++)
    if (r->up.slot[k] >= m->slot_node) mark[r->up.slot[k] - m->slot_node] = 1;
  for (int32_t k = 0; k < r->down.count; k++)
    if (r->down.slot[k] >= m->slot_node) mark[r->down.slot[k] - m->slot_node] = 1;
}

static gm_status reacts_make(net_builder *b)
{
  net_machine *m = b->m;
  uint8_t *mark = net_get(b, m->n, 1);
  m->reach = net_get(b, m->n + 2, sizeof *m->reach);
  if (!mark || !m->reach) return GM_ENOMEM;
  for (int32_t pass = 0; pass < 2; pass++) {
    for (int32_t i = 0; i < m->n; i++) {
      rule_reads(m, i, mark);
      for (int32_t j = 0; j < m->n; j++) {
        if (!mark[j]) continue;
        if (pass == 0)
          m->reach[j + 2]++;
        else
          m->reacts[m->reach[j + 1]++] = i;
      }
    }
    if (pass) break;
    for (int32_t j = 2; j <= m->n + 1; j++) m->reach[j] += m->reach[j - 1];
    m->reacts = net_get(b, m->reach[m->n + 1], sizeof *m->reacts);
    if (!m->reacts) return GM_ENOMEM;
  }
  return GM_OK;
}

static gm_status rules_take(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->rule = net_get(b, m->n, sizeof *m->rule);
  m->port = net_get(b, m->n, sizeof *m->port);
  if (!m->rule || !m->port) return GM_ENOMEM;
  for (int32_t i = 0; i < m->n && !s; i++) {
    s = rule_take(b, i, &m->rule[i]);
    m->port[i] = (net_port){0, 1, i};
  }
  return s ? s : reacts_make(b);
}

static gm_status alike_take(net_builder *b)
{
  gm_status s = attributes_take(b);
  if (!s) s = layers_take(b);
  if (!s) s = transitions_take(b);
  if (!s) s = starts_take(b);
  if (!s) s = ports_take(b);
  return s ? s : watches_take(b);
}

static gm_status make(net_builder *b)
{
  snprintf(b->where, sizeof b->where, "network");
  gm_status s = gm_arena_new(b->ctx, 1 << 14, &b->m->arena);
  if (!s) s = counts_check(b);
  if (!s) sizes_take(b);
  if (!s) s = sizes_check(b);
  if (!s && b->m->boolean && b->m->n > NET_RULE_MAX) s = fail(b, GM_ERANGE, "more than 4096 rules");
  if (!s) s = names_take(b);
  if (!s) s = net_slots_make(b);
  if (!s) s = profiles_take(b);
  if (!s) s = b->m->boolean ? rules_take(b) : alike_take(b);
  if (!s) s = outputs_take(b);
  return s ? s : net_tables_make(b);
}

gm_status net_machine_make(gm_ctx *ctx, const gm_network_config *config, net_machine *out)
{
  assert(config);
  *out = (net_machine){.ctx = ctx};
  net_builder b = {.ctx = ctx, .c = config, .m = out};
  gm_status s = make(&b);
  if (s) net_machine_free(out);
  return s;
}

static void formula_free(net_formula *f) { gm_expr_free(f->expr); }

void net_machine_free(net_machine *m)
{
  for (int32_t i = 0; m->transition && i < m->nt; i++) formula_free(&m->transition[i].rate);
  for (int32_t i = 0; m->start && i < m->nstart; i++) formula_free(&m->start[i].count);
  for (int32_t i = 0; m->output && i < m->noutput; i++) formula_free(&m->output[i]);
  for (int32_t i = 0; m->rule && i < m->n; i++) {
    net_logic_free(&m->rule[i].logic);
    formula_free(&m->rule[i].up);
    formula_free(&m->rule[i].down);
    formula_free(&m->rule[i].start);
  }
  for (int32_t i = 0; m->graph && i < m->nl; i++) net_graph_free(&m->graph[i]);
  gm_arena_free(m->arena);
  *m = (net_machine){0};
}
