/* tables.c - the rows of a network: parameters, ports, outputs, states. */
#include "kinds/network/machine.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* A unit as UCUM code in the arena; "" when none is stated. */
static gm_status unit_code(net_builder *b, const char *text, const char **out)
{
  char code[GM_UNIT_CODE_BYTES];
  gm_unit unit;
  *out = "";
  if (!text || !text[0]) return GM_OK;
  gm_status s = gm_unit_parse_friendly(b->ctx, text, &unit, code);
  if (s) return gm_fail_at(b->ctx, s, "%s", b->where);
  *out = net_text(b, "%s", code);
  return *out ? GM_OK : GM_ENOMEM;
}

static gm_status parameter_rows(net_builder *b)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  m->table_parameter = net_get(b, m->np, sizeof *m->table_parameter);
  if (!m->table_parameter) return GM_ENOMEM;
  for (int32_t i = 0; i < m->np && !s; i++) {
    const gm_network_parameter *p = &b->c->parameter[i];
    bool open = p->lower == p->upper;
    snprintf(b->where, sizeof b->where, "parameter %.80s", p->name);
    gm_var v = {.name = net_text(b, "%s", p->name),
                .initial = p->value,
                .lower = open ? -INFINITY : p->lower,
                .upper = open ? INFINITY : p->upper,
                .source = net_text(b, "%s", p->source ? p->source : "")};
    if (!v.name || !v.source) return GM_ENOMEM;
    if (v.lower >= 0 && v.upper == INFINITY) v.transform = GM_TRANSFORM_LOG;
    if (!isfinite(v.initial) || !(v.initial >= v.lower && v.initial <= v.upper))
      return gm_fail(b->ctx, GM_EDOMAIN, "%s: value %g; one within its bounds %g to %g is expected",
                     b->where, v.initial, v.lower, v.upper);
    s = unit_code(b, p->unit, &v.unit);
    m->table_parameter[i] = v;
  }
  return s;
}

static gm_var row(const char *name, gm_role role, double upper)
{
  return (gm_var){.name = name, .unit = "", .role = role, .lower = 0, .upper = upper, .source = ""};
}

static gm_status port_rows(net_builder *b)
{
  net_machine *m = b->m;
  m->table_input = net_get(b, m->nport, sizeof *m->table_input);
  if (!m->table_input) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nport; i++) {
    const char *given = i < b->c->port_count ? b->c->port[i].name : NULL;
    const char *name = m->boolean          ? b->c->rule[i].name
                       : given && given[0] ? given
                                           : b->c->state[m->port[i].to];
    gm_var v = row(net_text(b, "%s", name), GM_ROLE_COUNT, INFINITY);
    if (!v.name) return GM_ENOMEM;
    v.initial = m->boolean ? i : m->port[i].to;
    m->table_input[i] = v;
    for (int32_t k = 0; k < i && !m->boolean; k++)
      if (!strcmp(m->table_input[k].name, v.name))
        return gm_fail(b->ctx, GM_EINVAL, "port %s is there twice; names of their own are expected",
                       v.name);
  }
  return GM_OK;
}

static gm_status output_put(net_builder *b, int32_t *k, const char *name, const char *unit)
{
  net_machine *m = b->m;
  gm_var v = row(net_text(b, "%s", name), GM_ROLE_CONTINUOUS, INFINITY);
  if (!v.name) return GM_ENOMEM;
  v.lower = -INFINITY;
  gm_status s = unit_code(b, unit, &v.unit);
  if (s) return s;
  for (int32_t i = 0; i < *k; i++)
    if (!strcmp(m->table_output[i].name, v.name))
      return gm_fail(b->ctx, GM_EINVAL, "output %s is there twice", v.name);
  m->table_output[(*k)++] = v;
  return GM_OK;
}

static gm_status output_rows(net_builder *b)
{
  net_machine *m = b->m;
  int32_t k = 0, first = m->boolean ? m->n : m->ns + m->nc;
  gm_status s = GM_OK;
  m->ny = first + m->nwatch + m->noutput;
  m->table_output = net_get(b, m->ny, sizeof *m->table_output);
  if (!m->table_output) return GM_ENOMEM;
  for (int32_t i = 0; i < first && !s; i++) /* counters lie behind counts, and no nodes then */
    s = output_put(b, &k, b->slot_name[(m->boolean ? m->slot_node : m->slot_count) + i], "1");
  for (int32_t i = 0; i < m->nwatch && !s; i++) {
    snprintf(b->where, sizeof b->where, "watch %d", (int)i + 1);
    s = net_name_check(b, b->c->watch[i].name);
    if (!s) s = output_put(b, &k, b->c->watch[i].name, "1");
  }
  for (int32_t i = 0; i < m->noutput && !s; i++) {
    snprintf(b->where, sizeof b->where, "output %d", (int)i + 1);
    s = net_name_check(b, b->c->output[i].name);
    if (!s) s = output_put(b, &k, b->c->output[i].name, b->c->output[i].unit);
  }
  return s;
}

static void rows_place(net_machine *m)
{
  m->macro_count = m->boolean ? m->n : m->ns;
  m->at_counter = m->macro_count;
  m->at_node = m->boolean ? 0 : m->at_counter + m->nc; /* Boolean: the nodes are the macro view */
  m->at_time = m->boolean ? m->n : m->at_node + m->n;
  m->at_done = m->at_time + 1;
  m->at_clock = m->at_done + m->nport + 1;
  m->row_count = m->at_clock + NET_CLOCK_ROWS * (m->n + m->nport);
}

static gm_status clock_rows(net_builder *b)
{
  static const char *const part[NET_CLOCK_ROWS] = {"left", "since", "rate", "number"};
  net_machine *m = b->m;
  for (int32_t c = 0; c < m->n + m->nport; c++)
    for (int32_t i = 0; i < NET_CLOCK_ROWS; i++) {
      bool port = c >= m->n;
      gm_var v = row(
          net_text(b, "memory:%s:%s%d", part[i], port ? "port" : "", (int)(port ? c - m->n : c)),
          GM_ROLE_MEMORY, INFINITY);
      if (!v.name) return GM_ENOMEM;
      if (i == 1) v.lower = -INFINITY;
      m->table_state[m->at_clock + NET_CLOCK_ROWS * c + i] = v;
    }
  return GM_OK;
}

static gm_status state_rows(net_builder *b)
{
  net_machine *m = b->m;
  rows_place(m);
  m->table_state = net_get(b, m->row_count, sizeof *m->table_state);
  if (!m->table_state) return GM_ENOMEM;
  for (int32_t i = 0; i < m->at_time; i++) {
    const char *name = m->boolean          ? b->c->rule[i].name
                       : i < m->ns + m->nc ? b->slot_name[m->slot_count + i]
                                           : net_text(b, "node:%d", (int)(i - m->at_node));
    gm_var v = row(name ? net_text(b, "%s", name) : NULL, GM_ROLE_COUNT, m->n);
    if (!v.name) return GM_ENOMEM;
    v.unit = "1"; /* counts, flags, numbers of states */
    if (m->boolean) {
      v.role = GM_ROLE_FLAG;
      v.upper = 1;
    } else if (i >= m->at_node) {
      v.upper = m->ns - 1;
    } else if (i >= m->at_counter) {
      v.upper = INFINITY;
    }
    if (!m->boolean && i == 0) v.initial = m->n;
    m->table_state[i] = v;
  }
  m->table_state[m->at_time] = row("memory:time", GM_ROLE_MEMORY, INFINITY);
  m->table_state[m->at_time].lower = -INFINITY;
  for (int32_t i = 0; i <= m->nport; i++) {
    const char *name = i < m->nport ? net_text(b, "memory:done:%d", (int)i) : "memory:sets";
    if (!name) return GM_ENOMEM;
    m->table_state[m->at_done + i] = row(name, GM_ROLE_MEMORY, INFINITY);
  }
  return clock_rows(b);
}

gm_status net_tables_make(net_builder *b)
{
  gm_status s = parameter_rows(b);
  if (!s) s = port_rows(b);
  if (!s) s = output_rows(b);
  return s ? s : state_rows(b);
}
