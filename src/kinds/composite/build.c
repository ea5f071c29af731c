/* build.c - from a config to a composite that runs. */
#include "gemel/unit.h"
#include "kinds/composite/machine.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static bool is_name(const char *name)
{
  if (!name || !name[0] || strlen(name) > 200) return false;
  for (const char *p = name; *p; p++) {
    bool letter = (*p >= 'a' && *p <= 'z') || (*p >= 'A' && *p <= 'Z') || *p == '_';
    if (!letter && !(*p >= '0' && *p <= '9')) return false;
  }
  return true;
}

static gm_status child_check(comp_builder *b, int32_t i)
{
  const gm_composite_child *c = &b->c->child[i];
  if (!is_name(c->name))
    return gm_fail(b->ctx, GM_EINVAL,
                   "child %d: \"%.60s\" cannot be a name; letters, digits and _ are expected",
                   (int)i + 1, c->name ? c->name : "");
  if (!c->model) return gm_fail(b->ctx, GM_EINVAL, "child %s has no model", c->name);
  for (int32_t k = 0; k < i; k++)
    if (!strcmp(b->c->child[k].name, c->name))
      return gm_fail(b->ctx, GM_EINVAL, "two children have the name %s", c->name);
  return GM_OK;
}

/* All children count time in the same unit, where they state one. */
static gm_status time_check(comp_builder *b, const comp_child *c)
{
  gm_unit a, other;
  const char *unit = c->info.time_unit ? c->info.time_unit : "";
  if (!unit[0]) return GM_OK;
  if (!b->m->time_unit[0]) {
    b->m->time_unit = unit;
    return GM_OK;
  }
  gm_status s = gm_unit_parse(b->ctx, b->m->time_unit, &a);
  if (!s) s = gm_unit_parse(b->ctx, unit, &other);
  if (s || gm_unit_equal(&a, &other)) return s;
  return gm_fail(b->ctx, GM_EUNIT, "child %s counts time in %s, others in %s", c->name, unit,
                 b->m->time_unit);
}

static gm_status child_take(comp_builder *b, int32_t i)
{
  comp_machine *m = b->m;
  comp_child *c = &m->child[i];
  gm_status s = child_check(b, i);
  if (s) return s;
  c->name = comp_text(b, "%s", b->c->child[i].name);
  if (!c->name) return GM_ENOMEM;
  c->model = b->c->child[i].model;
  c->id = gm_hash_text(c->name);
  gm_model_get_info(c->model, &c->info);
  c->is_object = c->info.flags & GM_MODEL_OBJECT;
  m->is_object |= c->is_object;
  m->flags |= c->info.flags & (GM_MODEL_STOCHASTIC | GM_MODEL_OBJECT);
  if (c->info.parameter_count > COMP_PARAMETER_MAX)
    return gm_fail(b->ctx, GM_ERANGE, "child %s has %d parameters; up to %d are expected", c->name,
                   (int)c->info.parameter_count, COMP_PARAMETER_MAX);
  c->row = c->is_object ? -1 : m->flat_count;
  if (!c->is_object) m->flat_count += c->info.state_count;
  c->port = m->nu;
  c->output = m->ny;
  c->macro = m->macro_count;
  c->macro_count = gm_model_macro_count(c->model);
  m->nu += c->info.input_count;
  m->ny += c->info.output_count;
  m->macro_count += c->macro_count;
  c->parameter = comp_get(b, c->info.parameter_count, sizeof *c->parameter);
  return c->parameter ? time_check(b, c) : GM_ENOMEM;
}

static gm_status children_take(comp_builder *b)
{
  comp_machine *m = b->m;
  const gm_composite_config *c = b->c;
  if (c->child_count < 1 || c->child_count > COMP_CHILD_MAX || !c->child)
    return gm_fail(b->ctx, GM_ERANGE, "composite: %d children; 1 to %d are expected",
                   (int)c->child_count, COMP_CHILD_MAX);
  if (c->link_count < 0 || (c->link_count && !c->link))
    return gm_fail(b->ctx, GM_EINVAL, "composite: %d links", (int)c->link_count);
  m->nc = c->child_count;
  m->nl = c->link_count;
  m->child = comp_get(b, m->nc, sizeof *m->child);
  if (!m->child) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nc; i++) {
    gm_status s = child_take(b, i);
    if (s) return s;
  }
  m->port_child = comp_get(b, m->nu, sizeof *m->port_child);
  m->fed_of = comp_get(b, m->nu, sizeof *m->fed_of);
  if (!m->port_child || !m->fed_of) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nc; i++)
    for (int32_t p = 0; p < m->child[i].info.input_count; p++) {
      m->port_child[m->child[i].port + p] = i;
      m->fed_of[m->child[i].port + p] = -1;
    }
  return GM_OK;
}

static gm_status scheme_take(comp_builder *b)
{
  comp_machine *m = b->m;
  const gm_composite_config *c = b->c;
  if (!(isfinite(c->step) && c->step > 0) || !isfinite(c->origin))
    return gm_fail(b->ctx, GM_EDOMAIN,
                   "composite: step %g, origin %g; a finite step > 0 and origin are expected",
                   c->step, c->origin);
  if (c->exchange != GM_EXCHANGE_PARALLEL && c->exchange != GM_EXCHANGE_SEQUENTIAL)
    return gm_fail(b->ctx, GM_EINVAL, "composite: no exchange has number %d", (int)c->exchange);
  m->step = c->step;
  m->origin = c->origin;
  m->sequential = c->exchange == GM_EXCHANGE_SEQUENTIAL;
  m->keep_children = true; /* until all is made */
  m->flags = GM_MODEL_STEPPED;
  m->time_unit = "";
  m->name = comp_text(b, "%s", c->name && c->name[0] ? c->name : "composite");
  return m->name ? GM_OK : GM_ENOMEM;
}

static void own_rows_place(comp_machine *m)
{
  m->at_step = m->flat_count++;
  for (int32_t l = 0; l < m->nl; l++) m->link[l].row = m->flat_count++;
  for (int32_t f = 0; f < m->nfed; f++) m->fed[f].row = m->flat_count++;
}

static void fingerprint_make(comp_machine *m)
{
  m->fingerprint = gm_hash64((uint64_t)m->flat_count, (uint64_t)m->nc);
  for (int32_t c = 0; c < m->nc; c++) {
    m->fingerprint = gm_hash64(m->fingerprint, m->child[c].id);
    m->fingerprint = gm_hash64(m->fingerprint, gm_hash_text(m->child[c].model->type->name));
    m->fingerprint = gm_hash64(m->fingerprint, (uint64_t)m->child[c].info.state_count);
  }
}

static gm_status make(comp_builder *b)
{
  gm_status s = gm_arena_new(b->ctx, 1 << 12, &b->m->arena);
  if (!s) s = scheme_take(b);
  if (!s) s = children_take(b);
  if (!s) s = comp_links_make(b);
  if (!s) s = comp_parameters_make(b);
  if (s) return s;
  own_rows_place(b->m);
  fingerprint_make(b->m);
  return comp_tables_make(b);
}

gm_status comp_machine_make(gm_ctx *ctx, const gm_composite_config *config, comp_machine *out)
{
  assert(config);
  *out = (comp_machine){.ctx = ctx, .keep_children = true};
  comp_builder b = {.ctx = ctx, .c = config, .m = out};
  gm_status s = make(&b);
  if (s) {
    comp_machine_free(out);
    return s;
  }
  out->keep_children = config->keep_children;
  return GM_OK;
}

void comp_machine_free(comp_machine *m)
{
  for (int32_t l = 0; m->link && l < m->nl; l++) gm_expr_free(m->link[l].expr);
  for (int32_t c = 0; m->child && c < m->nc && !m->keep_children; c++) {
    bool again = false;
    for (int32_t k = c + 1; k < m->nc; k++) again |= m->child[k].model == m->child[c].model;
    if (!again) gm_model_free(m->child[c].model);
  }
  gm_arena_free(m->arena);
  *m = (comp_machine){0};
}
