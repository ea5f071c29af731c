/* net_lower_fast.c - reactions that are infinitely fast (SBML L2V4, section 4.13.1 and L3V1): they
 * are at rest at any time, and what they leave alone, sums of amounts called pools, moves with the
 * slow reactions.
 *
 * With N the stoichiometry of the fast reactions, its rows are reduced by elimination: r species
 * (pivots) stay unknown, and every other species s is P_s - sum of w * (pivots), where the pool
 * P_s = x_s + sum of w * (pivots) has no fast part. The pivots follow from the fast rates being 0:
 * see net_lower_fast_law.c. */
#include "kinds/equations/net/net_internal.h"
#include "kinds/equations/net/net_fast.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The matrix [N | I] grows with the square of the species. */
enum { FAST_COUNT_MAX = 300 };

/* ---- numbers that are also expressions ------------------------------------------------------ */
static nl_entry *cell(const nl_fastest *f, int32_t i, int32_t j)
{
  return &f->cell[(ptrdiff_t)i * f->columns + j];
}

/* a -= b * c, exactly 0 where it is so at the parameters as stated. */
static void subtract(lowering *l, nl_entry *a, const nl_entry *b, const nl_entry *c)
{
  if (b->value == 0 || c->value == 0) return;
  double product = b->value * c->value, size = fabs(a->value) + fabs(product);
  a->value -= product;
  a->ref = nl_bin(l, IR_SUB, a->ref, nl_bin(l, IR_MUL, b->ref, c->ref));
  if (fabs(a->value) > 1e-12 * size) return;
  a->value = 0;
  a->ref = nl_number(l, 0);
}

/* ---- stoichiometry -------------------------------------------------------------------------- */
bool nl_fast_is_still(lowering *l, ir_ref now)
{
  bool *used = ir_used(l->graph, now), still = used != NULL;
  for (ir_ref i = 0; used && i <= now && still; i++) {
    const ir_node *n = &l->graph->node[i];
    if (!used[i]) continue;
    still = n->op != IR_TIME && n->op != IR_DELAYED && n->op != IR_UNIFORM &&
            (n->op != IR_STATE || (n->index < l->count && nl_is_constant(l, n->index)));
  }
  gm_free(used);
  return still;
}

/* What the part's reaction adds to its species, at the start and for good. */
static gm_status part_by(lowering *l, const net_part *p, int32_t reaction, ir_ref *out)
{
  int32_t c = l->n->symbol[p->species].conversion;
  ir_ref by = nl_now_node(l, p->by), factor = IR_NONE;
  if (!nl_fast_is_still(l, by) || (c >= 0 && !nl_fast_is_still(l, nl_now_value(l, c)))) {
    if (l->graph->status) return l->graph->status;
    return nl_fail(l, reaction, GM_EUNSUPPORTED,
                   "fast reaction %.100s has a stoichiometry that changes (of %.100s)",
                   l->n->symbol[reaction].name, l->n->symbol[p->species].name);
  }
  gm_status s = nl_start_of(l, by, &by);
  if (!s && c >= 0) s = nl_start_of(l, nl_now_value(l, c), &factor);
  if (!s) *out = c >= 0 ? nl_bin(l, IR_MUL, factor, by) : by;
  return s;
}

/* N, its cells as expressions. place [symbols]: row of a species. */
static gm_status stoichiometry(lowering *l, nl_fastest *f, const int32_t *place)
{
  const net *n = l->n;
  for (int32_t i = 0; i < f->rows; i++)
    for (int32_t j = 0; j < f->columns; j++)
      *cell(f, i, j) = (nl_entry){nl_number(l, j - f->laws == i), j - f->laws == i};
  for (int32_t j = 0; j < f->laws; j++) {
    const net_reaction *r = &n->reaction[f->law[j]];
    for (int32_t k = r->part; k < r->part + r->part_count; k++) {
      ir_ref by = IR_NONE;
      if (!l->symbol[n->part[k].species].fast) continue; /* nothing changes it */
      gm_status s = part_by(l, &n->part[k], r->symbol, &by);
      if (s) return s;
      nl_entry *e = cell(f, place[n->part[k].species], j);
      e->ref = nl_bin(l, IR_ADD, e->ref, by);
    }
  }
  return l->graph->status;
}

static gm_status numbers(lowering *l, nl_fastest *f)
{
  ptrdiff_t all = (ptrdiff_t)f->rows * f->laws;
  ir_ref *ref = gm_alloc(l->ctx, all, sizeof *ref);
  double *value = gm_alloc(l->ctx, all, sizeof *value);
  gm_status s = ref && value ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  for (ptrdiff_t k = 0; k < all && !s; k++)
    ref[k] = cell(f, (int32_t)(k / f->laws), (int32_t)(k % f->laws))->ref;
  if (!s) s = nl_nominal(l, ref, (int32_t)all, value);
  for (ptrdiff_t k = 0; k < all && !s; k++) {
    nl_entry *e = cell(f, (int32_t)(k / f->laws), (int32_t)(k % f->laws));
    e->value = value[k];
    f->net[k] = *e;
    if (!isfinite(value[k]))
      s = nl_fail(l, l->fast[k / f->laws], GM_EUNSUPPORTED,
                  "what fast reactions add to %.100s is not a number",
                  l->n->symbol[l->fast[k / f->laws]].name);
  }
  gm_free(ref);
  gm_free(value);
  return s;
}

/* ---- elimination ---------------------------------------------------------------------------- */
/* The first largest cell of N in the rows that are no pivots yet. */
static double largest(const nl_fastest *f, int32_t column, int32_t *row_out)
{
  double best = 0;
  for (int32_t i = 0; i < f->rows; i++)
    if (!f->is_pivot[i] && fabs(cell(f, i, column)->value) > best) {
      best = fabs(cell(f, i, column)->value);
      *row_out = i;
    }
  return best;
}

/* Rows that end up without N are the pools. */
static gm_status eliminate(lowering *l, nl_fastest *f)
{
  for (int32_t j = 0; j < f->laws; j++) {
    int32_t p = -1;
    if (largest(f, j, &p) == 0) continue;
    f->is_pivot[p] = true;
    f->pivot[f->rank++] = p;
    for (int32_t i = 0; i < f->rows; i++) {
      if (f->is_pivot[i] || cell(f, i, j)->value == 0) continue;
      nl_entry *a = cell(f, i, j), *b = cell(f, p, j);
      nl_entry by = {nl_bin(l, IR_DIV, a->ref, b->ref), a->value / b->value};
      for (int32_t k = 0; k < f->columns; k++) subtract(l, cell(f, i, k), &by, cell(f, p, k));
    }
    if (l->graph->status) return l->graph->status;
  }
  return GM_OK;
}

/* ---- pools ---------------------------------------------------------------------------------- */
static gm_status pool_name(lowering *l, const nl_fastest *f, int32_t row, char **out)
{
  gm_text t;
  gm_text_init(&t, l->ctx);
  for (int32_t i = 0; i < f->rows; i++) {
    double w = cell(f, row, f->laws + i)->value;
    if (w == 0) continue;
    gm_text_add(&t, w < 0 ? "-" : t.bytes ? "+" : "");
    if (fabs(w) != 1) gm_text_addf(&t, "%g*", fabs(w));
    gm_text_add(&t, l->n->symbol[l->fast[i]].name);
  }
  if (t.status) {
    gm_text_free(&t);
    return gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  }
  *out = t.data;
  return GM_OK;
}

/* The pool of a row: its name, slope and start; and its species, solved for. */
static gm_status pool(lowering *l, const nl_fastest *f, int32_t row)
{
  int32_t p = l->pool_count, self = l->fast[row];
  gm_status s = pool_name(l, f, row, &l->pool_name[p]);
  if (s) return s;
  l->symbol[l->count + p].role = NL_POOL;
  l->symbol[l->count + p].holds_amount = true;
  l->pool_count++;
  ir_ref rate = nl_number(l, 0), start = rate, rest = ir_leaf(l->graph, IR_STATE, l->count + p);
  for (int32_t i = 0; i < f->rows; i++) {
    ir_ref w = cell(f, row, f->laws + i)->ref;
    int32_t y = l->fast[i];
    l->pool_weight[(ptrdiff_t)p * f->rows + i] = w;
    if (nl_is_number(l, w, 0)) continue;
    rate = nl_bin(l, IR_ADD, rate, nl_bin(l, IR_MUL, w, nl_now_rate(l, y)));
    start =
        nl_bin(l, IR_ADD, start, nl_bin(l, IR_MUL, w, l->start.result[l->start.node_count + y]));
    if (i != row)
      rest = nl_bin(l, IR_SUB, rest, nl_bin(l, IR_MUL, w, ir_leaf(l->graph, IR_STATE, y)));
  }
  l->pool_rate[p] = rate;
  l->pool_start[p] = start;
  l->symbol[self].role = NL_SOLVED;
  l->symbol[self].solution = rest;
  return l->graph->status;
}

/* ---- the laws ------------------------------------------------------------------------------- */
static gm_status expand_once(lowering *l, bool fast_too, ir_ref *f)
{
  int32_t all = l->count + l->pool_count;
  ir_ref *with = gm_alloc(l->ctx, all, sizeof *with);
  if (!with) return gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  for (int32_t i = 0; i < all; i++) {
    bool out = l->symbol[i].role == NL_SOLVED && (fast_too || !l->symbol[i].fast);
    with[i] = out ? l->symbol[i].solution : IR_NONE;
  }
  *f = ir_replace(l->graph, *f, IR_STATE, with);
  gm_free(with);
  return l->graph->status;
}

/* Each round takes one more layer away. */
static gm_status expand(lowering *l, bool fast_too, ir_ref *f)
{
  enum { LAYER_MAX = 1000 };
  for (int k = 0; k < LAYER_MAX; k++) {
    ir_ref before = *f;
    gm_status s = nl_worked(l, *f, l->fast[0], "fast reactions");
    if (!s) s = expand_once(l, fast_too, f);
    if (s || *f == before) return s;
  }
  return nl_fail(l, l->fast[0], GM_ERANGE, "fast reactions that are too large together");
}

gm_status nl_fast_expand(lowering *l, ir_ref *f) { return expand(l, true, f); }
gm_status nl_fast_expand_slow(lowering *l, ir_ref *f) { return expand(l, false, f); }

/* Rows to be solved: each rate by itself, or, when some hang together, as many sums of them as
 * there are unknowns. */
static gm_status rows(lowering *l, const nl_fastest *f)
{
  for (int32_t k = 0; k < f->rank; k++) {
    ir_ref sum = nl_number(l, 0);
    for (int32_t j = 0; j < f->laws; j++) {
      ir_ref law = nl_now_value(l, l->n->reaction[f->law[j]].symbol);
      const nl_entry *e = cell(f, f->pivot[k], j);
      if (f->laws > f->rank && e->value != 0)
        sum = nl_bin(l, IR_ADD, sum, nl_bin(l, IR_MUL, e->ref, law));
      else if (f->laws == f->rank && j == k)
        sum = law;
    }
    l->row[l->row_count + k] = sum;
  }
  return l->graph->status;
}

/* ---- all of it ------------------------------------------------------------------------------ */
static gm_status no_delay_of(lowering *l)
{
  for (int32_t d = 0; d < l->n->delay_count; d++) {
    ir_ref what = nl_now_node(l, l->n->delay[d].what);
    gm_status s = nl_fast_expand_slow(l, &what);
    bool *used = s ? NULL : ir_used(l->graph, what);
    if (!s && !used) s = l->graph->status;
    for (ir_ref i = 0; used && i <= what && !s; i++) {
      const ir_node *n = &l->graph->node[i];
      if (!used[i] || n->op != IR_STATE) continue;
      if (n->index >= l->count || l->symbol[n->index].fast)
        s = nl_fail(l, l->fast[0], GM_EUNSUPPORTED,
                    "a delay of something that fast reactions change (%.100s, ...)",
                    l->n->symbol[l->fast[0]].name);
    }
    gm_free(used);
    if (s) return s;
  }
  return GM_OK;
}

/* A rate that is 0 whatever happens moves nothing, however fast. */
static bool is_fast(const lowering *l, const net_reaction *r)
{
  return r->fast && r->rate >= 0 && !nl_is_number(l, nl_now_value(l, r->symbol), 0);
}

/* Species whose fast parts cancel are left as they are. */
static void drop_unmoved(lowering *l, const net *n)
{
  int32_t kept = 0;
  for (int32_t k = 0; k < l->fast_count; k++) {
    int32_t i = l->fast[k], end = i + 1 < l->count ? l->symbol[i + 1].part : n->part_count;
    bool moved = false;
    for (int32_t q = l->symbol[i].part; q < end; q++) {
      const net_reaction *r = &n->reaction[l->part_reaction[l->part_of[q]]];
      if (!is_fast(l, r)) continue;
      ir_ref sum = nl_number(l, 0);
      for (int32_t p = r->part; p < r->part + r->part_count; p++)
        if (n->part[p].species == i) sum = nl_bin(l, IR_ADD, sum, nl_now_node(l, n->part[p].by));
      moved = moved || !nl_is_number(l, sum, 0);
    }
    if (moved) l->fast[kept++] = i;
    if (!moved) l->symbol[i].fast = false;
  }
  l->fast_count = kept;
}

static gm_status fast_room(lowering *l, nl_fastest *f)
{
  f->law = gm_alloc(l->ctx, f->laws, sizeof *f->law);
  f->cell = gm_alloc(l->ctx, (ptrdiff_t)f->rows * f->columns, sizeof *f->cell);
  f->net = gm_alloc(l->ctx, (ptrdiff_t)f->rows * f->laws, sizeof *f->net);
  f->is_pivot = gm_alloc(l->ctx, f->rows, sizeof *f->is_pivot);
  f->pivot = gm_alloc(l->ctx, f->rows, sizeof *f->pivot);
  l->pool_rate = gm_alloc(l->ctx, f->rows, sizeof *l->pool_rate);
  l->pool_start = gm_alloc(l->ctx, f->rows, sizeof *l->pool_start);
  l->pool_name = gm_alloc(l->ctx, f->rows, sizeof *l->pool_name);
  l->pool_weight = gm_alloc(l->ctx, (ptrdiff_t)f->rows * f->rows, sizeof *l->pool_weight);
  bool all = f->law && f->cell && f->net && f->is_pivot && f->pivot && l->pool_rate &&
             l->pool_start && l->pool_name && l->pool_weight;
  return all ? GM_OK : gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
}

static gm_status fast_init(lowering *l, nl_fastest *f, int32_t *place)
{
  const net *n = l->n;
  for (int32_t i = 0; i < n->reaction_count; i++) f->laws += is_fast(l, &n->reaction[i]);
  f->rows = l->fast_count;
  f->columns = f->laws + f->rows;
  if (f->rows > FAST_COUNT_MAX || f->laws > FAST_COUNT_MAX)
    return nl_fail(l, l->fast[0], GM_ERANGE, "more than %d fast reactions or species of them",
                   (int)FAST_COUNT_MAX);
  gm_status s = fast_room(l, f);
  if (s) return s;
  for (int32_t i = 0, j = 0; i < n->reaction_count; i++)
    if (is_fast(l, &n->reaction[i])) f->law[j++] = i;
  for (int32_t k = 0; k < l->fast_count; k++) place[l->fast[k]] = k;
  return GM_OK;
}

static gm_status solve(lowering *l, nl_fastest *f, int32_t *place)
{
  gm_status s = fast_init(l, f, place);
  if (!s) s = stoichiometry(l, f, place);
  if (!s) s = numbers(l, f);
  if (!s) s = eliminate(l, f);
  for (int32_t i = 0; i < f->rows && !s; i++)
    if (!f->is_pivot[i]) s = pool(l, f, i);
  if (!s) s = rows(l, f);
  if (!s) s = nl_fast_laws(l, f);
  return s ? s : no_delay_of(l);
}

gm_status nl_fast(lowering *l)
{
  drop_unmoved(l, l->n);
  if (l->graph->status) return l->graph->status;
  if (l->fast_count == 0) return GM_OK;
  nl_fastest f = {0};
  int32_t *place = gm_alloc(l->ctx, l->count, sizeof *place);
  gm_status s = place ? solve(l, &f, place) : gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  gm_free(place);
  gm_free(f.law);
  gm_free(f.cell);
  gm_free(f.net);
  gm_free(f.is_pivot);
  gm_free(f.pivot);
  return s;
}
