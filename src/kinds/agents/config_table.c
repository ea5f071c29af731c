/* config_table.c - the tables of a configuration: parameters, shared numbers, speeds, ports,
 * outputs and the macro view. */
#include "kinds/agents/config.h"
#include <math.h>
#include <string.h>

/* ---- parameters, shared numbers, speeds ------------------------------------------------------ */
gm_status agents_make_parameters(agents_maker *k)
{
  int32_t n = k->c->parameter_count;
  k->m->parameter = agents_get_memory(k, n, sizeof *k->m->parameter);
  if (!k->m->parameter) return agents_no_memory(k);
  k->m->parameter_count = n;
  for (int32_t i = 0; i < n; i++) {
    gm_var *v = &k->m->parameter[i];
    *v = k->c->parameter[i];
    gm_status s = agents_name(k, "parameter", i, v->name, &v->name);
    if (!s) s = agents_text(k, v->unit, &v->unit);
    if (!s) s = agents_text(k, v->source, &v->source);
    if (s) return s;
    for (int32_t j = 0; j < i; j++)
      if (!strcmp(k->m->parameter[j].name, v->name))
        return gm_fail(k->ctx, GM_EINVAL, "agents: two parameters named %s", v->name);
    if (v->lower == 0 && v->upper == 0) {
      v->lower = -INFINITY;
      v->upper = INFINITY;
    }
    if (!(isfinite(v->initial) && v->initial >= v->lower && v->initial <= v->upper))
      return gm_fail(k->ctx, GM_EDOMAIN, "agents: parameter %s: value %g outside its bounds",
                     v->name, v->initial);
    agents_print(k, v->name, 7);
  }
  return GM_OK;
}

static gm_status speeds(agents_maker *k)
{
  int32_t n = k->c->speed_count;
  k->m->speed = agents_get_memory(k, n, sizeof *k->m->speed);
  if (!k->m->speed) return agents_no_memory(k);
  k->m->speed_count = n;
  for (int32_t i = 0; i < n; i++) {
    gm_agents_speed *v = &k->m->speed[i];
    *v = k->c->speed[i];
    gm_status s = agents_name(k, "speed", i, v->name, &v->name);
    if (s) return s;
    if (!v->speed) return gm_fail(k->ctx, GM_EINVAL, "agents: speed %s has no function", v->name);
    for (int32_t j = 0; j < i; j++)
      if (!strcmp(k->m->speed[j].name, v->name))
        return gm_fail(k->ctx, GM_EINVAL, "agents: two speeds named %s", v->name);
  }
  return GM_OK;
}

gm_status agents_make_shared(agents_maker *k)
{
  int32_t n = k->c->shared_count;
  k->m->shared = agents_get_memory(k, n, sizeof *k->m->shared);
  if (!k->m->shared) return agents_no_memory(k);
  k->m->shared_count = n;
  for (int32_t i = 0; i < n; i++) {
    gm_status s = agents_attribute_copy(k, "shared number", i, &k->c->shared[i], &k->m->shared[i]);
    if (s) return s;
    for (int32_t j = 0; j < i; j++)
      if (!strcmp(k->m->shared[j].name, k->m->shared[i].name))
        return gm_fail(k->ctx, GM_EINVAL, "agents: two shared numbers named %s",
                       k->m->shared[i].name);
  }
  return speeds(k);
}

/* ---- what a name means ----------------------------------------------------------------------- */
static int32_t find_breed(const agents_maker *k, const char *name)
{
  for (int32_t i = 0; name && i < k->m->breed_count; i++)
    if (!strcmp(k->m->breed[i].name, name)) return i;
  return -1;
}

static int32_t find_field(const agents_maker *k, const char *name)
{
  for (int32_t i = 0; name && i < k->m->field_count; i++)
    if (!strcmp(k->m->field[i].f.name, name)) return i;
  return -1;
}

static int32_t find_shared(const agents_maker *k, const char *name)
{
  for (int32_t i = 0; name && i < k->m->shared_count; i++)
    if (!strcmp(k->m->shared[i].name, name)) return i;
  return -1;
}

static int32_t find_attribute(const agents_breed *b, const char *name)
{
  for (int32_t i = 0; name && i < b->attribute_count; i++)
    if (!strcmp(b->attribute[i].name, name)) return i;
  return -1;
}

/* ---- ports ----------------------------------------------------------------------------------- */
static gm_status region(agents_maker *k, agents_port *to)
{
  if (!to->p.cell) return GM_OK;
  if (to->p.cell_count < 1)
    return gm_fail(k->ctx, GM_ERANGE, "agents: port %s: a region of %d cells", to->p.name,
                   (int)to->p.cell_count);
  for (int32_t i = 0; i < to->p.cell_count; i++)
    if (to->p.cell[i] < 0 || to->p.cell[i] >= k->m->cells)
      return gm_fail(k->ctx, GM_ERANGE, "agents: port %s: cell %d is not in 0..%d", to->p.name,
                     (int)to->p.cell[i], (int)k->m->cells - 1);
  for (int32_t i = 1; i < to->p.cell_count; i++)
    if (to->p.cell[i] <= to->p.cell[i - 1])
      return gm_fail(k->ctx, GM_EINVAL, "agents: port %s: the cells of its region must grow",
                     to->p.name);
  to->cell = agents_get_memory(k, to->p.cell_count, sizeof *to->cell);
  if (!to->cell) return agents_no_memory(k);
  memcpy(to->cell, to->p.cell, (size_t)to->p.cell_count * sizeof *to->cell);
  to->cell_count = to->p.cell_count;
  return GM_OK;
}

static gm_status port_target(agents_maker *k, agents_port *to)
{
  switch (to->p.into) {
  case GM_AGENTS_INTO_FIELD: to->of = find_field(k, to->p.of); break;
  case GM_AGENTS_INTO_COUNT: to->of = find_breed(k, to->p.of); break;
  case GM_AGENTS_INTO_SHARED: to->of = find_shared(k, to->p.of); break;
  case GM_AGENTS_INTO_RULE:
    to->of = -1;
    if (to->p.dose) return GM_OK;
    return gm_fail(k->ctx, GM_EINVAL, "agents: port %s has no dose", to->p.name);
  default:
    return gm_fail(k->ctx, GM_EINVAL, "agents: port %s: target %d is unknown", to->p.name,
                   (int)to->p.into);
  }
  if (to->of >= 0) return GM_OK;
  return gm_fail(k->ctx, GM_EINVAL, "agents: port %s: nothing named %s", to->p.name,
                 to->p.of ? to->p.of : "(none)");
}

gm_status agents_make_ports(agents_maker *k)
{
  int32_t n = k->c->port_count;
  k->m->port = agents_get_memory(k, n, sizeof *k->m->port);
  k->m->port_row = agents_get_memory(k, n, sizeof *k->m->port_row);
  if (!k->m->port || !k->m->port_row) return agents_no_memory(k);
  k->m->port_count = n;
  for (int32_t i = 0; i < n; i++) {
    agents_port *to = &k->m->port[i];
    to->p = k->c->port[i];
    gm_status s = agents_name(k, "port", i, to->p.name, &to->p.name);
    for (int32_t j = 0; j < i && !s; j++)
      if (!strcmp(k->m->port[j].p.name, to->p.name))
        s = gm_fail(k->ctx, GM_EINVAL, "agents: two ports named %s", to->p.name);
    if (!s) s = agents_text(k, to->p.unit, &to->p.unit);
    if (!s) s = port_target(k, to);
    if (!s) s = region(k, to);
    if (!s) s = agents_meaning(k, "port", to->p.name, &to->meaning);
    if (s) return s;
    agents_print(k, to->p.name, 5);
    k->m->port_row[i] = (gm_var){.name = to->p.name,
                                 .unit = to->p.unit,
                                 .source = "",
                                 .initial = -1,
                                 .lower = -INFINITY,
                                 .upper = INFINITY};
  }
  return GM_OK;
}

/* ---- outputs and the macro view -------------------------------------------------------------- */
static gm_status quantity_attribute(agents_maker *k, agents_quantity *to)
{
  const gm_agents_quantity *q = &to->q;
  const agents_breed *b = &k->m->breed[to->of];
  to->attribute = find_attribute(b, q->attribute);
  if (!q->attribute) {
    if (q->kind == GM_AGENTS_COUNT) return GM_OK;
    return gm_fail(k->ctx, GM_EINVAL, "agents: quantity %s: no attribute", q->name);
  }
  if (to->attribute < 0)
    return gm_fail(k->ctx, GM_EINVAL, "agents: quantity %s: breed %s has no attribute %s", q->name,
                   b->name, q->attribute);
  const gm_agents_attribute *a = &b->attribute[to->attribute];
  if (q->kind != GM_AGENTS_COUNT) return GM_OK;
  if (!a->whole)
    return gm_fail(k->ctx, GM_EINVAL, "agents: quantity %s counts by %s, which is not whole",
                   q->name, q->attribute);
  if (q->value < a->lower || q->value > a->upper)
    return gm_fail(k->ctx, GM_ERANGE, "agents: quantity %s: value %d outside the bounds of %s",
                   q->name, (int)q->value, q->attribute);
  return GM_OK;
}

static gm_status quantity_target(agents_maker *k, agents_quantity *to, bool macro)
{
  const gm_agents_quantity *q = &to->q;
  to->attribute = -1;
  to->of = -1;
  switch (q->kind) {
  case GM_AGENTS_COUNT:
  case GM_AGENTS_SUM:
  case GM_AGENTS_MEAN: to->of = find_breed(k, q->of); break;
  case GM_AGENTS_FIELD_TOTAL:
  case GM_AGENTS_FIELD_MEAN: to->of = find_field(k, q->of); break;
  case GM_AGENTS_SHARED: to->of = find_shared(k, q->of); break;
  case GM_AGENTS_NUMBER:
    if (macro)
      return gm_fail(k->ctx, GM_EUNSUPPORTED, "agents: macro %s: a function cannot be set",
                     q->name);
    if (q->number) return GM_OK;
    return gm_fail(k->ctx, GM_EINVAL, "agents: output %s has no function", q->name);
  default:
    return gm_fail(k->ctx, GM_EINVAL, "agents: quantity %s: kind %d is unknown", q->name,
                   (int)q->kind);
  }
  if (to->of < 0)
    return gm_fail(k->ctx, GM_EINVAL, "agents: quantity %s: nothing named %s", q->name,
                   q->of ? q->of : "(none)");
  return q->kind <= GM_AGENTS_MEAN ? quantity_attribute(k, to) : GM_OK;
}

/* Rows of the macro view that would contradict each other, or that hide what others change. */
static gm_status macro_agrees(agents_maker *k, const agents_quantity *a, const agents_quantity *b)
{
  bool fields = a->q.kind == GM_AGENTS_FIELD_TOTAL || a->q.kind == GM_AGENTS_FIELD_MEAN;
  bool fields_b = b->q.kind == GM_AGENTS_FIELD_TOTAL || b->q.kind == GM_AGENTS_FIELD_MEAN;
  bool clash = a->of == b->of && fields && fields_b;
  clash |= a->of == b->of && a->q.kind == GM_AGENTS_SHARED && b->q.kind == GM_AGENTS_SHARED;
  if (a->of == b->of && a->q.kind <= GM_AGENTS_MEAN && b->q.kind <= GM_AGENTS_MEAN) {
    bool counts = a->q.kind == GM_AGENTS_COUNT && b->q.kind == GM_AGENTS_COUNT;
    if (counts) /* all of a breed's counts are parts of it, by one attribute */
      clash |= a->attribute != b->attribute || a->attribute < 0 || a->q.value == b->q.value;
    else
      clash |= a->attribute == b->attribute;
  }
  if (!clash) return GM_OK;
  return gm_fail(k->ctx, GM_EINVAL, "agents: macro %s and %s speak of the same", a->q.name,
                 b->q.name);
}

static gm_status macro_possible(agents_maker *k, const agents_quantity *q)
{
  if (q->q.kind == GM_AGENTS_SUM || q->q.kind == GM_AGENTS_MEAN) {
    const agents_breed *b = &k->m->breed[q->of];
    if (b->attribute[q->attribute].whole)
      return gm_fail(k->ctx, GM_EUNSUPPORTED, "agents: macro %s: %s is whole; count it by value",
                     q->q.name, q->q.attribute);
  }
  if (q->q.kind == GM_AGENTS_COUNT && q->attribute < 0 && k->m->breed[q->of].closed)
    return gm_fail(k->ctx, GM_EINVAL, "agents: macro %s: breed %s is closed", q->q.name,
                   k->m->breed[q->of].name);
  return GM_OK;
}

static gm_var quantity_row(const agents_maker *k, const agents_quantity *q)
{
  gm_var v = {.name = q->q.name,
              .unit = q->q.unit,
              .source = "",
              .transform = q->q.transform,
              .initial = NAN,
              .lower = -INFINITY,
              .upper = INFINITY};
  if (q->q.kind == GM_AGENTS_COUNT) {
    v.role = GM_ROLE_COUNT;
    v.lower = 0;
    v.upper = k->m->breed[q->of].count_max;
  } else if (q->q.kind == GM_AGENTS_FIELD_TOTAL || q->q.kind == GM_AGENTS_FIELD_MEAN) {
    v.lower = 0;
  } else if (q->q.kind == GM_AGENTS_SHARED) {
    const gm_agents_attribute *a = &k->m->shared[q->of];
    v.lower = a->lower;
    v.upper = a->upper;
    if (a->whole) v.role = GM_ROLE_COUNT;
  } else if (q->q.kind == GM_AGENTS_MEAN) {
    v.lower = k->m->breed[q->of].attribute[q->attribute].lower;
    v.upper = k->m->breed[q->of].attribute[q->attribute].upper;
  }
  return v;
}

static gm_status one_quantity(agents_maker *k, int32_t i, bool macro, agents_quantity *to)
{
  const char *what = macro ? "macro" : "output", *unit = to[i].q.unit;
  gm_status s = agents_name(k, what, i, to[i].q.name, &to[i].q.name);
  if (!s) s = agents_text(k, unit, &to[i].q.unit);
  for (int32_t j = 0; j < i && !s; j++)
    if (!strcmp(to[j].q.name, to[i].q.name))
      s = gm_fail(k->ctx, GM_EINVAL, "agents: two %ss named %s", what, to[i].q.name);
  return s ? s : quantity_target(k, &to[i], macro);
}

static gm_status one_macro(agents_maker *k, int32_t i, agents_quantity *to)
{
  gm_status s = macro_possible(k, &to[i]);
  if (!s) s = agents_meaning(k, "macro", to[i].q.name, &to[i].meaning);
  for (int32_t j = 0; j < i && !s; j++) s = macro_agrees(k, &to[j], &to[i]);
  return s;
}

static gm_status quantities(agents_maker *k, const gm_agents_quantity *from, int32_t n, bool macro,
                            agents_quantity *to, gm_var *row)
{
  for (int32_t i = 0; i < n; i++) {
    to[i].q = from[i];
    gm_status s = one_quantity(k, i, macro, to);
    if (!s && macro) s = one_macro(k, i, to);
    if (s) return s;
    row[i] = quantity_row(k, &to[i]);
  }
  return GM_OK;
}

gm_status agents_make_quantities(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  agents_model *m = k->m;
  m->output = agents_get_memory(k, c->output_count, sizeof *m->output);
  m->output_row = agents_get_memory(k, c->output_count, sizeof *m->output_row);
  m->macro = agents_get_memory(k, c->macro_count, sizeof *m->macro);
  m->macro_row = agents_get_memory(k, c->macro_count, sizeof *m->macro_row);
  if (!m->output || !m->output_row || !m->macro || !m->macro_row) return agents_no_memory(k);
  m->output_count = c->output_count;
  m->macro_count = c->macro_count;
  gm_status s = quantities(k, c->output, c->output_count, false, m->output, m->output_row);
  return s ? s : quantities(k, c->macro, c->macro_count, true, m->macro, m->macro_row);
}
