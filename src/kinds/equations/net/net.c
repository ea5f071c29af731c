/* net.c - the tables of a network and its names. */
#include "kinds/equations/net/net.h"
#include "kinds/equations/tables.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *const kind_name[] = {[NET_PARAMETER] = "a parameter",
                                        [NET_COMPARTMENT] = "a compartment",
                                        [NET_SPECIES] = "a species",
                                        [NET_REACTION] = "a reaction",
                                        [NET_STOICHIOMETRY] = "a stoichiometry"};

gm_status net_fail(const net *n, int32_t line, gm_status s, const char *format, ...)
{
  char text[800];
  const char *file = n->file ? n->file : "model";
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  if (line > 0) return gm_fail(n->ctx, s, "%.200s:%d: %s", file, (int)line, text);
  return gm_fail(n->ctx, s, "%.200s: %s", file, text);
}

/* ---- life ------------------------------------------------------------------------------------ */
enum { SLOTS_AT_FIRST = 64 };

gm_status net_init(net *n, gm_ctx *ctx, const char *file)
{
  assert(n && ctx);
  net r = {.ctx = ctx, .file = file, .slot_count = SLOTS_AT_FIRST};
  gm_status s = ir_graph_init(&r.graph, ctx);
  r.name = gm_strdup(ctx, "");
  r.time_unit = gm_strdup(ctx, "");
  r.slot = gm_alloc(ctx, r.slot_count, sizeof *r.slot);
  if (!s && (!r.name || !r.time_unit || !r.slot)) s = gm_fail(ctx, GM_ENOMEM, "a network");
  if (s) {
    net_free(&r);
    return s;
  }
  memset(r.slot, -1, (size_t)r.slot_count * sizeof *r.slot);
  *n = r;
  return GM_OK;
}

void net_free(net *n)
{
  if (!n) return;
  gm_ctx *ctx = n->ctx;
  for (int32_t i = 0; i < n->symbol_count; i++) {
    gm_free(n->symbol[i].name);
    gm_free(n->symbol[i].unit);
    gm_free(n->symbol[i].source);
  }
  for (int32_t i = 0; i < n->event_count; i++) gm_free(n->event[i].name);
  gm_free(n->symbol);
  gm_free(n->reaction);
  gm_free(n->part);
  gm_free(n->event);
  gm_free(n->assign);
  gm_free(n->delay);
  gm_free(n->algebraic);
  gm_free(n->name);
  gm_free(n->time_unit);
  gm_free(n->slot);
  ir_graph_free(&n->graph);
  *n = (net){.ctx = ctx, .graph.ctx = ctx};
}

/* ---- names ----------------------------------------------------------------------------------- */
/* The slot of a name, or the empty one where it would go. */
static int32_t *slot_of(const net *n, const char *name, size_t bytes)
{
  uint64_t h = eq_name_hash(name, bytes);
  for (;; h++) {
    int32_t *slot = &n->slot[h & (uint64_t)(n->slot_count - 1)];
    const char *is = *slot >= 0 ? n->symbol[*slot].name : NULL;
    if (!is || (strlen(is) == bytes && memcmp(is, name, bytes) == 0)) return slot;
  }
}

int32_t net_find(const net *n, const char *name, size_t bytes) { return *slot_of(n, name, bytes); }

static gm_status slots_grow(net *n)
{
  if (2 * (int64_t)(n->symbol_count + 1) < n->slot_count) return GM_OK;
  int32_t *slot = gm_alloc(n->ctx, 2 * (ptrdiff_t)n->slot_count, sizeof *slot);
  if (!slot) return gm_fail(n->ctx, GM_ENOMEM, "names of a model");
  gm_free(n->slot);
  n->slot = slot;
  n->slot_count *= 2;
  memset(slot, -1, (size_t)n->slot_count * sizeof *slot);
  for (int32_t i = 0; i < n->symbol_count; i++)
    *slot_of(n, n->symbol[i].name, strlen(n->symbol[i].name)) = i;
  return GM_OK;
}

gm_status net_symbol_add(net *n, net_kind kind, const char *name, int32_t *index_out)
{
  assert(n && name && index_out);
  int32_t there = net_find(n, name, strlen(name));
  if (there >= 0)
    return net_fail(n, n->symbol[there].line, GM_EPARSE, "the name %.200s is taken by %s", name,
                    kind_name[n->symbol[there].kind]);
  gm_status s = eq_room(n->ctx, &n->symbol, n->symbol_count, &n->symbol_room, sizeof *n->symbol);
  if (!s) s = slots_grow(n);
  if (s) return s;
  net_symbol y = {.kind = kind,
                  .compartment = -1,
                  .conversion = -1,
                  .dimensions = 3,
                  .value = NAN,
                  .initial = IR_NONE,
                  .rule = IR_NONE,
                  .rate = IR_NONE};
  y.name = gm_strdup(n->ctx, name);
  y.unit = gm_strdup(n->ctx, "");
  y.source = gm_strdup(n->ctx, "");
  if (!y.name || !y.unit || !y.source) {
    gm_free(y.name);
    gm_free(y.unit);
    gm_free(y.source);
    return gm_fail(n->ctx, GM_ENOMEM, "a name of the model");
  }
  n->symbol[n->symbol_count] = y;
  *slot_of(n, name, strlen(name)) = n->symbol_count;
  *index_out = n->symbol_count++;
  return GM_OK;
}

/* ---- reactions, events ----------------------------------------------------------------------- */
gm_status net_reaction_add(net *n, const char *name, int32_t *index_out)
{
  int32_t symbol;
  gm_status s =
      eq_room(n->ctx, &n->reaction, n->reaction_count, &n->reaction_room, sizeof *n->reaction);
  if (!s) s = net_symbol_add(n, NET_REACTION, name, &symbol);
  if (s) return s;
  n->reaction[n->reaction_count] =
      (net_reaction){.symbol = symbol, .rate = IR_NONE, .part = n->part_count};
  *index_out = n->reaction_count++;
  return GM_OK;
}

gm_status net_part_add(net *n, int32_t species, ir_ref by)
{
  assert(n->reaction_count > 0);
  gm_status s = eq_room(n->ctx, &n->part, n->part_count, &n->part_room, sizeof *n->part);
  if (s) return s;
  n->part[n->part_count++] = (net_part){species, by};
  n->reaction[n->reaction_count - 1].part_count++;
  return GM_OK;
}

gm_status net_event_add(net *n, const char *name, int32_t *index_out)
{
  gm_status s = eq_room(n->ctx, &n->event, n->event_count, &n->event_room, sizeof *n->event);
  char *own = s ? NULL : gm_strdup(n->ctx, name);
  if (!s && !own) s = gm_fail(n->ctx, GM_ENOMEM, "an event");
  if (s) return s;
  n->event[n->event_count] = (net_event){.name = own,
                                         .trigger = IR_NONE,
                                         .delay = IR_NONE,
                                         .priority = IR_NONE,
                                         .assign = n->assign_count};
  *index_out = n->event_count++;
  return GM_OK;
}

gm_status net_assign_add(net *n, int32_t symbol, ir_ref value)
{
  assert(n->event_count > 0);
  gm_status s = eq_room(n->ctx, &n->assign, n->assign_count, &n->assign_room, sizeof *n->assign);
  if (s) return s;
  n->assign[n->assign_count++] = (net_assign){symbol, value};
  n->event[n->event_count - 1].assign_count++;
  return GM_OK;
}

gm_status net_delay_add(net *n, ir_ref what, ir_ref lag, ir_ref *leaf_out)
{
  gm_status s = eq_room(n->ctx, &n->delay, n->delay_count, &n->delay_room, sizeof *n->delay);
  if (s) return s;
  ir_ref leaf = ir_leaf(&n->graph, IR_DELAYED, n->delay_count);
  if (leaf < 0) return n->graph.status;
  n->delay[n->delay_count++] = (net_delay){what, lag, what};
  *leaf_out = leaf;
  return GM_OK;
}

gm_status net_algebraic_add(net *n, ir_ref zero)
{
  gm_status s =
      eq_room(n->ctx, &n->algebraic, n->algebraic_count, &n->algebraic_room, sizeof *n->algebraic);
  if (!s) n->algebraic[n->algebraic_count++] = zero;
  return s;
}

ir_ref net_uniform(net *n)
{
  ir_ref r = ir_leaf(&n->graph, IR_UNIFORM, n->uniform_count);
  if (r >= 0) n->uniform_count++;
  return r;
}
