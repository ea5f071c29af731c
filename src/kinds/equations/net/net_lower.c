/* net_lower.c - the equations of a network (SBML L3V2 core, sections 3.4 and 4.4 to 4.11). */
#include "kinds/equations/net/net_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static gm_status lowering_init(lowering *l)
{
  const net *n = l->n;
  l->symbol = gm_alloc(l->ctx, 2 * (ptrdiff_t)l->count, sizeof *l->symbol);
  l->part_of = gm_alloc(l->ctx, n->part_count, sizeof *l->part_of);
  l->part_reaction = gm_alloc(l->ctx, n->part_count, sizeof *l->part_reaction);
  l->fast = gm_alloc(l->ctx, l->count, sizeof *l->fast);
  l->row = gm_alloc(l->ctx, n->algebraic_count + (ptrdiff_t)l->count, sizeof *l->row);
  l->row_unknown =
      gm_alloc(l->ctx, n->algebraic_count + (ptrdiff_t)l->count, sizeof *l->row_unknown);
  l->delay_index = gm_alloc(l->ctx, n->delay_count, sizeof *l->delay_index);
  l->delay_live = gm_alloc(l->ctx, n->delay_count, sizeof *l->delay_live);
  l->free_symbol = gm_alloc(l->ctx, l->config->free_initial_count, sizeof *l->free_symbol);
  l->free_value = gm_alloc(l->ctx, l->config->free_initial_count, sizeof *l->free_value);
  if (!l->symbol || !l->part_of || !l->part_reaction || !l->fast || !l->row || !l->row_unknown ||
      !l->delay_index || !l->delay_live || !l->free_symbol || !l->free_value)
    return gm_fail(l->ctx, GM_ENOMEM, "equations of a network");
  for (int32_t i = 0; i < 2 * l->count; i++) {
    nl_symbol *m = &l->symbol[i];
    m->reaction = m->row = m->free = m->state = m->parameter = -1;
    m->solution = IR_NONE;
  }
  for (int32_t i = 0; i < n->algebraic_count + l->count; i++) l->row_unknown[i] = -1;
  for (int32_t i = 0; i < n->delay_count; i++) l->delay_index[i] = -1;
  return GM_OK;
}

static void lowering_free(lowering *l)
{
  nl_walk_free(&l->now);
  nl_walk_free(&l->start);
  nl_walk_free(&l->final);
  for (int32_t i = 0; i < l->pool_count; i++) gm_free(l->pool_name[i]);
  gm_free(l->symbol);
  gm_free(l->part_of);
  gm_free(l->part_reaction);
  gm_free(l->fast);
  gm_free(l->row);
  gm_free(l->row_unknown);
  gm_free(l->pool_rate);
  gm_free(l->pool_start);
  gm_free(l->pool_name);
  gm_free(l->pool_weight);
  gm_free(l->delay_index);
  gm_free(l->delay_live);
  gm_free(l->free_symbol);
  gm_free(l->free_value);
}

static gm_status free_name(lowering *l, int32_t k)
{
  const char *name = l->config->free_initial[k];
  int32_t i = net_find(l->n, name, strlen(name));
  if (i < 0)
    return net_fail(l->n, 0, GM_EPARSE,
                    "%.100s is to have a free value at the start, but there is "
                    "no such name in the model",
                    name);
  uint8_t r = l->symbol[i].role;
  if (r == NL_RULE || r == NL_REACTION || r == NL_ALGEBRAIC)
    return nl_fail(l, i, GM_EPARSE,
                   "%.100s is to have a free value at the start, but rules give its value", name);
  if (l->symbol[i].free >= 0)
    return nl_fail(l, i, GM_EPARSE, "%.100s is among the free values at the start twice", name);
  l->symbol[i].free = k;
  l->free_symbol[k] = i;
  return GM_OK;
}

static gm_status free_names(lowering *l)
{
  gm_status s = GM_OK;
  for (int32_t k = 0; k < l->config->free_initial_count && !s; k++) s = free_name(l, k);
  return s;
}

static gm_status lower(lowering *l)
{
  gm_status s = lowering_init(l);
  if (!s) s = nl_roles(l);
  if (!s) s = free_names(l);
  if (!s) s = nl_before(l);
  if (!s) s = nl_now(l);
  if (!s) s = nl_algebraic(l, 0);
  if (!s) s = nl_start_free(l);
  if (!s) s = nl_start(l);
  if (!s) s = nl_fast(l);
  if (!s) s = nl_out(l);
  if (!s && l->out->state_count + l->out->output_count == 0)
    s = net_fail(l->n, 0, GM_EPARSE, "nothing to compute: no rule, no reaction, no event");
  return s;
}

gm_status net_lower(net *n, const gm_eq_config *config, const ir_ref *asked, eq_source *out)
{
  static const gm_eq_config none;
  assert(n && out);
  if (!config) config = &none;
  if (config->output_count < 0 || (config->output_count > 0 && (!asked || !config->output)) ||
      config->free_initial_count < 0 || (config->free_initial_count > 0 && !config->free_initial))
    return gm_fail(n->ctx, GM_EINVAL, "outputs or free initial values are counted, but not given");
  if (n->graph.status) return n->graph.status;
  eq_source r = {.graph.ctx = n->ctx};
  lowering l = {.ctx = n->ctx,
                .n = n,
                .graph = &n->graph,
                .config = config,
                .asked = asked,
                .out = &r,
                .count = n->symbol_count};
  gm_status s = lower(&l);
  lowering_free(&l);
  if (s)
    eq_source_free(&r);
  else
    *out = r;
  return s;
}
