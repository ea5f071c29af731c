/* tables.c - the rows of a composite: those of its children, under the children's names. */
#include "gemel/unit.h"
#include "kinds/composite/machine.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

void *comp_get(comp_builder *b, ptrdiff_t count, size_t bytes)
{
  void *p = gm_arena_get(b->m->arena, count ? count : 1, bytes);
  if (!p) (void)gm_fail(b->ctx, GM_ENOMEM, "composite of %d children", (int)b->m->nc);
  return p;
}

const char *comp_text(comp_builder *b, const char *format, ...)
{
  va_list ap, again;
  va_start(ap, format);
  va_copy(again, ap);
  int bytes = vsnprintf(NULL, 0, format, ap);
  char *p = comp_get(b, (ptrdiff_t)bytes + 1, 1);
  if (p) (void)vsnprintf(p, (size_t)bytes + 1, format, again);
  va_end(ap);
  va_end(again);
  return p;
}

/* ---- parameters ------------------------------------------------------------------------------ */
/* A parameter of a name that is there already: the same unit and value, or an error. */
static gm_status same_parameter(comp_builder *b, const gm_var *is, const gm_var *v)
{
  bool unit = !is->unit[0] || !v->unit[0] || !strcmp(is->unit, v->unit);
  if (unit && is->initial == v->initial) return GM_OK;
  return gm_fail(b->ctx, unit ? GM_EINVAL : GM_EUNIT,
                 "parameter %s is shared, but is %g %s in one child and %g %s in another", is->name,
                 is->initial, is->unit, v->initial, v->unit);
}

static gm_status parameter_put(comp_builder *b, comp_child *c, int32_t first, const gm_var *v,
                               const char *prefix, int32_t *row_out)
{
  comp_machine *m = b->m;
  const char *name =
      prefix ? comp_text(b, "%s%s", prefix, v->name) : comp_text(b, "%s.%s", c->name, v->name);
  if (!name) return GM_ENOMEM;
  for (int32_t i = 0; i < m->np; i++) {
    if (strcmp(m->table_parameter[i].name, name)) continue;
    if (i >= first)
      return gm_fail(b->ctx, GM_EINVAL, "child %s: parameter %s is there twice", c->name, name);
    *row_out = i;
    return same_parameter(b, &m->table_parameter[i], v);
  }
  m->table_parameter[m->np] = *v;
  m->table_parameter[m->np].name = name;
  *row_out = m->np++;
  return GM_OK;
}

gm_status comp_parameters_make(comp_builder *b)
{
  comp_machine *m = b->m;
  int32_t most = 0;
  for (int32_t c = 0; c < m->nc; c++) most += m->child[c].info.parameter_count;
  m->table_parameter = comp_get(b, most, sizeof *m->table_parameter);
  if (!m->table_parameter) return GM_ENOMEM;
  for (int32_t c = 0; c < m->nc; c++) {
    comp_child *child = &m->child[c];
    int32_t count, first = m->np;
    const gm_var *v = gm_model_table(child->model, GM_TABLE_PARAMETER, &count);
    for (int32_t i = 0; i < count; i++) {
      if (child->parameter[i] < 0) continue; /* a link gives it */
      gm_status s =
          parameter_put(b, child, first, &v[i], b->c->child[c].prefix, &child->parameter[i]);
      if (s) return s;
    }
  }
  return GM_OK;
}

/* ---- the rest -------------------------------------------------------------------------------- */
static gm_status rows_copy(comp_builder *b, const comp_child *c, gm_table which, int32_t count,
                           gm_var *to)
{
  int32_t given;
  const gm_var *v = gm_model_table(c->model, which, &given);
  for (int32_t i = 0; i < count; i++) {
    if (i < given)
      to[i] = v[i];
    else
      to[i] = (gm_var){.unit = "", .lower = -INFINITY, .upper = INFINITY, .source = ""};
    to[i].name = i < given ? comp_text(b, "%s.%s", c->name, v[i].name)
                           : comp_text(b, "%s.macro%d", c->name, (int)i);
    if (!to[i].name) return GM_ENOMEM;
    if (which == GM_TABLE_INPUT && (c->is_object || b->m->is_object))
      to[i].initial = -1;
    else if (which == GM_TABLE_INPUT && to[i].initial >= 0)
      to[i].initial += c->row;
  }
  return GM_OK;
}

static gm_status memory_row(comp_builder *b, int32_t row, const char *name)
{
  if (!name) return GM_ENOMEM;
  b->m->table_state[row] = (gm_var){.name = name,
                                    .unit = "",
                                    .role = GM_ROLE_MEMORY,
                                    .lower = -INFINITY,
                                    .upper = INFINITY,
                                    .source = ""};
  return GM_OK;
}

/* Objects show their macro view, flat composites their state. */
static gm_status state_rows(comp_builder *b)
{
  comp_machine *m = b->m;
  gm_status s = GM_OK;
  m->state_count = m->is_object ? m->macro_count : m->flat_count;
  m->table_state = comp_get(b, m->state_count, sizeof *m->table_state);
  if (!m->table_state) return GM_ENOMEM;
  for (int32_t c = 0; c < m->nc && !s; c++) {
    const comp_child *child = &m->child[c];
    s = m->is_object
            ? rows_copy(b, child, GM_TABLE_STATE, child->macro_count, m->table_state + child->macro)
            : rows_copy(b, child, GM_TABLE_STATE, child->info.state_count,
                        m->table_state + child->row);
  }
  if (s || m->is_object) return s;
  s = memory_row(b, m->at_step, "memory:step");
  for (int32_t l = 0; l < m->nl && !s; l++)
    s = memory_row(b, m->link[l].row, comp_text(b, "memory:link:%d", (int)l));
  for (int32_t f = 0; f < m->nfed && !s; f++)
    s = memory_row(b, m->fed[f].row, comp_text(b, "memory:given:%d", (int)f));
  return s;
}

gm_status comp_tables_make(comp_builder *b)
{
  comp_machine *m = b->m;
  gm_status s = GM_OK;
  m->table_input = comp_get(b, m->nu, sizeof *m->table_input);
  m->table_output = comp_get(b, m->ny, sizeof *m->table_output);
  if (!m->table_input || !m->table_output) return GM_ENOMEM;
  for (int32_t c = 0; c < m->nc && !s; c++) {
    const comp_child *child = &m->child[c];
    s = rows_copy(b, child, GM_TABLE_INPUT, child->info.input_count, m->table_input + child->port);
    if (!s)
      s = rows_copy(b, child, GM_TABLE_OUTPUT, child->info.output_count,
                    m->table_output + child->output);
  }
  return s ? s : state_rows(b);
}
