/* net_lower_fast_law.c - where infinitely fast reactions come to rest.
 *
 * A rate that is a product, c * x_1 * x_2 * ... * (something positive), of a reaction that shares
 * no species with other fast ones, runs until the first of the x_i that it uses up is gone: that is
 * written down. Any other rate is set to 0 and solved for an unknown in which it is linear with a
 * coefficient that never changes, or left as an algebraic row. What cannot be right is refused: a
 * rate that drives itself away from rest, that stands still, or that has several places to rest. */
#include "kinds/equations/net/net_fast.h"
#include <math.h>

typedef struct {
  lowering *l;
  nl_fastest *f;
  int32_t base; /* first row of l->row */
} laws;

static const char *law_name(const laws *a, int32_t j)
{
  return a->l->n->symbol[a->l->n->reaction[a->f->law[j]].symbol].name;
}

static gm_status refuse(const laws *a, int32_t j, const char *why)
{
  return nl_fail(a->l, a->l->n->reaction[a->f->law[j]].symbol, GM_EUNSUPPORTED,
                 "fast reaction %.100s %s", law_name(a, j), why);
}

static const nl_entry *net_of(const nl_fastest *f, int32_t i, int32_t j)
{
  return &f->net[(ptrdiff_t)i * f->laws + j];
}

/* The number an expression of "now" is at the start, before fast reactions move anything. */
static gm_status number_at_start(lowering *l, ir_ref now, double *out)
{
  int32_t all = l->count + l->pool_count;
  gm_status s = nl_fast_expand_slow(l, &now);
  ir_ref *with = s ? NULL : gm_alloc(l->ctx, all, sizeof *with);
  if (!s && !with) s = gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  if (s) return s;
  for (int32_t i = 0; i < all; i++)
    with[i] = i < l->count ? l->start.result[l->start.node_count + i] : l->pool_start[i - l->count];
  ir_ref at = ir_replace(l->graph, now, IR_STATE, with);
  gm_free(with);
  return l->graph->status ? l->graph->status : nl_nominal(l, &at, 1, out);
}

/* ---- products ------------------------------------------------------------------------------- */
typedef struct {
  ir_ref coefficient; /* factors on which no species of the reaction has a hold */
  ir_ref holds;       /* condition on parameters under which the rest is as written */
  bool *member;       /* [rows] species that are factors */
  int32_t law;
  bool is_product;
} product;

/* Is it a species of the reaction? */
static bool is_own(const laws *a, int32_t law, int32_t state)
{
  for (int32_t i = 0; i < a->f->rows; i++)
    if (a->l->fast[i] == state) return net_of(a->f, i, law)->value != 0;
  return false;
}

static gm_status has_own(const laws *a, int32_t law, ir_ref f, bool *out)
{
  bool *used = ir_used(a->l->graph, f), has = false;
  if (!used) return a->l->graph->status;
  for (ir_ref i = 0; i <= f && !has; i++) {
    const ir_node *n = &a->l->graph->node[i];
    has = used[i] && n->op == IR_STATE && is_own(a, law, n->index);
  }
  gm_free(used);
  *out = has;
  return GM_OK;
}

static bool positive_node(const laws *a, const ir_node *n, const bool *positive)
{
  const lowering *l = a->l;
  switch (n->op) {
  case IR_CONST: return n->value > 0;
  case IR_EXP: return true;
  case IR_ADD:
  case IR_MUL:
  case IR_DIV: return positive[n->a] && positive[n->b];
  case IR_POW:
  case IR_SQRT: return positive[n->a];
  case IR_STATE:
    if (n->index >= l->count) return false;
    if (l->symbol[n->index].role == NL_PARAMETER) return l->n->symbol[n->index].value > 0;
    return l->symbol[n->index].moves && l->symbol[n->index].role != NL_RULE;
  default: return false;
  }
}

/* Made of sums, products and quotients of amounts and positive constants only? */
static gm_status is_positive(const laws *a, ir_ref f, bool *out)
{
  lowering *l = a->l;
  bool *positive = gm_alloc(l->ctx, (ptrdiff_t)f + 1, sizeof *positive);
  if (!positive) return gm_fail(l->ctx, GM_ENOMEM, "fast reactions");
  for (ir_ref i = 0; i <= f; i++) positive[i] = positive_node(a, &l->graph->node[i], positive);
  *out = positive[f];
  gm_free(positive);
  return GM_OK;
}

/* What is_positive took from stated values must hold for every member: without it there is no
 * answer. */
static gm_status positive_parameters(const laws *a, ir_ref f, product *p)
{
  lowering *l = a->l;
  bool *used = ir_used(l->graph, f);
  for (ir_ref i = 0; used && i <= f; i++) {
    ir_node n = l->graph->node[i];
    if (!used[i] || n.op != IR_STATE || n.index >= l->count) continue;
    if (l->symbol[n.index].role != NL_PARAMETER) continue;
    p->holds = nl_bin(l, IR_AND, p->holds, nl_bin(l, IR_LT, nl_number(l, 0), i));
  }
  gm_free(used);
  return l->graph->status;
}

/* Takes one factor that is no product itself into the product. */
static gm_status take_factor(const laws *a, ir_ref f, bool below, product *p)
{
  lowering *l = a->l;
  ir_node n = l->graph->node[f];
  bool own = false, positive = false;
  gm_status s = has_own(a, p->law, f, &own);
  if (s) return s;
  if (!own) {
    p->coefficient = nl_bin(l, below ? IR_DIV : IR_MUL, p->coefficient, f);
    return GM_OK;
  }
  if (n.op == IR_POW && l->graph->node[n.b].op == IR_CONST && l->graph->node[n.b].value > 0)
    n = l->graph->node[n.a];
  if (n.op == IR_STATE && !below) {
    for (int32_t i = 0; i < a->f->rows; i++)
      if (l->fast[i] == n.index) p->member[i] = true;
    return GM_OK;
  }
  s = is_positive(a, f, &positive);
  if (!s && !positive) p->is_product = false;
  return s ? s : positive_parameters(a, f, p);
}

/* Takes a rate apart. Depth of what is not yet looked at: PENDING_MAX, else it is no product. */
static gm_status factors(const laws *a, ir_ref f, product *p)
{
  enum { PENDING_MAX = 200 };
  struct {
    ir_ref f;
    bool below;
  } pending[PENDING_MAX + 2] = {{f, false}};
  int32_t count = 1;
  lowering *l = a->l;
  gm_status s = GM_OK;
  p->coefficient = p->holds = nl_number(l, 1);
  p->is_product = true;
  while (count > 0 && !s && p->is_product) {
    ir_ref now = pending[--count].f;
    bool below = pending[count].below;
    ir_node n = l->graph->node[now];
    if (count >= PENDING_MAX) {
      p->is_product = false;
    } else if (n.op == IR_MUL || n.op == IR_DIV) {
      pending[count].f = n.a;
      pending[count++].below = below;
      pending[count].f = n.b;
      pending[count++].below = below != (n.op == IR_DIV);
    } else if (n.op == IR_NEG) {
      p->coefficient = nl_un(l, IR_NEG, p->coefficient);
      pending[count].f = n.a;
      pending[count++].below = below;
    } else {
      s = take_factor(a, now, below, p);
    }
  }
  return s ? s : l->graph->status;
}

/* The pivot's amount once the reaction has run on (up) or back (not up) until a factor is gone;
 * *none_out: nothing stops it. With the pivot at 0 as the point to count from, the extent is the
 * least of x_i / |N_i| over the factors that are used up. */
static ir_ref gone(const laws *a, const product *p, int32_t pivot, bool up, bool *none_out)
{
  lowering *l = a->l;
  int32_t unknown = l->fast[pivot];
  ir_ref least = IR_NONE, zero = nl_number(l, 0);
  for (int32_t i = 0; i < a->f->rows; i++) {
    const nl_entry *by = net_of(a->f, i, p->law);
    if (!p->member[i] || by->value == 0 || (by->value < 0) != up) continue;
    ir_ref from = i == pivot ? zero : nl_put(l, l->symbol[l->fast[i]].solution, unknown, zero);
    ir_ref size = up ? nl_un(l, IR_NEG, by->ref) : by->ref;
    ir_ref extent = nl_bin(l, IR_DIV, from, size);
    least = least < 0 ? extent : nl_bin(l, IR_MIN, least, extent);
  }
  *none_out = least < 0;
  if (least < 0) return nl_number(l, NAN);
  ir_ref by = net_of(a->f, pivot, p->law)->ref;
  return nl_bin(l, IR_MUL, up ? by : nl_un(l, IR_NEG, by), least);
}

/* A factor that is not used up, but 0 at the start, holds the reaction still. */
static gm_status no_still_factor(const laws *a, const product *p, bool up)
{
  lowering *l = a->l;
  for (int32_t i = 0; i < a->f->rows; i++) {
    double v = 0;
    if (!p->member[i] || (net_of(a->f, i, p->law)->value < 0) == up) continue;
    gm_status s = nl_nominal(l, &l->start.result[l->start.node_count + l->fast[i]], 1, &v);
    if (!s && v == 0)
      s = refuse(a, p->law, "cannot begin: one of the species in its rate is 0 at the start");
    if (s) return s;
  }
  return GM_OK;
}

/* alone: the product is the whole rate, not a piece of a piecewise one. */
static gm_status product_rest(const laws *a, product *p, int32_t pivot, bool alone, ir_ref *out)
{
  lowering *l = a->l;
  double c = 0;
  bool none_up = false, none_down = false;
  gm_status s = number_at_start(l, p->coefficient, &c);
  if (!s && (c == 0 || !isfinite(c)))
    return refuse(a, p->law, "stands still at the start: where it would come to rest is not known");
  if (!s) s = no_still_factor(a, p, c > 0);
  if (s) return s;
  ir_ref up = gone(a, p, pivot, true, &none_up), down = gone(a, p, pivot, false, &none_down);
  if (alone && (c > 0 ? none_up : none_down))
    return refuse(a, p->law, "never comes to rest: its rate uses up nothing it hangs on");
  ir_ref zero = nl_number(l, 0), still = nl_number(l, NAN);
  ir_ref back = nl_bin(l, IR_LT, p->coefficient, zero), on = nl_bin(l, IR_LT, zero, p->coefficient);
  ir_ref rest =
      ir_make(l->graph, IR_SELECT, on, up, ir_make(l->graph, IR_SELECT, back, down, still));
  *out = ir_make(l->graph, IR_SELECT, p->holds, rest, still);
  return l->graph->status;
}

static gm_status rest_of(const laws *a, int32_t j, ir_ref law, int32_t pivot, bool alone,
                         bool *found_out, ir_ref *out)
{
  product p = {.law = j, .member = gm_alloc(a->l->ctx, a->f->rows, sizeof *p.member)};
  gm_status s = p.member ? factors(a, law, &p) : gm_fail(a->l->ctx, GM_ENOMEM, "fast reactions");
  bool any = false;
  for (int32_t i = 0; i < a->f->rows && !s; i++) any = any || p.member[i];
  *found_out = !s && p.is_product && any;
  if (!s && *found_out) s = product_rest(a, &p, pivot, alone, out);
  gm_free(p.member);
  return s;
}

/* A rate that is a product, or is chosen among products by a condition that is not in the
 * reaction's hands (piecewise with up to PIECE_MAX conditions, one after the other). */
static gm_status piecewise_rest(const laws *a, int32_t j, ir_ref law, int32_t pivot,
                                bool *found_out, ir_ref *out)
{
  enum { PIECE_MAX = 16 };
  lowering *l = a->l;
  ir_ref condition[PIECE_MAX], piece[PIECE_MAX + 1], rest = law;
  int32_t count = 0;
  gm_status s = GM_OK;
  *found_out = false;
  while (l->graph->node[rest].op == IR_SELECT) {
    bool own = false;
    if (count == PIECE_MAX) return GM_OK;
    ir_node n = l->graph->node[rest];
    s = has_own(a, j, n.a, &own);
    if (s || own) return s;
    condition[count] = n.a;
    piece[count++] = n.b;
    rest = n.c;
  }
  piece[count] = rest;
  for (int32_t k = count; k >= 0; k--) {
    ir_ref one = IR_NONE;
    s = rest_of(a, j, piece[k], pivot, count == 0, found_out, &one);
    if (s || !*found_out) return s;
    *out = k == count ? one : ir_make(l->graph, IR_SELECT, condition[k], one, *out);
  }
  return l->graph->status;
}

/* Does the reaction share no species with another fast one? Then it has one pivot. */
static bool is_isolated(const nl_fastest *f, int32_t j, int32_t *pivot_out)
{
  for (int32_t i = 0; i < f->rows; i++) {
    if (net_of(f, i, j)->value == 0) continue;
    for (int32_t k = 0; k < f->laws; k++)
      if (k != j && net_of(f, i, k)->value != 0) return false;
    if (f->is_pivot[i]) *pivot_out = i;
  }
  return true;
}

static gm_status products(const laws *a)
{
  lowering *l = a->l;
  const nl_fastest *f = a->f;
  for (int32_t j = 0; j < f->laws && f->laws == f->rank; j++) {
    int32_t pivot = -1;
    bool found = false;
    ir_ref at = IR_NONE, law = l->row[a->base + j];
    if (!is_isolated(f, j, &pivot) || pivot < 0) continue;
    gm_status s = nl_fast_expand_slow(l, &law);
    if (!s) s = piecewise_rest(a, j, law, pivot, &found, &at);
    if (s) return s;
    if (!found) continue;
    l->symbol[l->fast[pivot]].role = NL_SOLVED;
    l->symbol[l->fast[pivot]].solution = at;
    l->row[a->base + j] = IR_NONE;
  }
  return GM_OK;
}

/* ---- other rates ---------------------------------------------------------------------------- */
/* A rate that grows with its own extent runs away; one that is 0 as soon as either of two species
 * is has two places to rest. */
static gm_status check_law(const laws *a, int32_t j)
{
  lowering *l = a->l;
  ir_ref law = nl_now_value(l, l->n->reaction[a->f->law[j]].symbol), sum = nl_number(l, 0);
  int32_t roots = 0;
  double v = 0;
  gm_status s = nl_fast_expand_slow(l, &law);
  for (int32_t i = 0; i < a->f->rows && !s; i++) {
    const nl_entry *by = net_of(a->f, i, j);
    int degree = 0;
    s = nl_degree(l, law, l->fast[i], &degree);
    if (s || degree == 0) continue;
    roots += nl_is_number(l, nl_put(l, law, l->fast[i], nl_number(l, 0)), 0);
    if (by->value != 0)
      sum = nl_bin(l, IR_ADD, sum,
                   nl_bin(l, IR_MUL, by->ref, ir_diff(l->graph, law, IR_STATE, l->fast[i])));
    s = l->graph->status;
  }
  if (!s && roots > 1) return refuse(a, j, "has several places where it could come to rest");
  if (!s) s = number_at_start(l, sum, &v);
  if (!s && v > 0) return refuse(a, j, "drives itself away from rest");
  if (!s && v == 0) return refuse(a, j, "does not slow down by what it changes");
  return s;
}

/* Solves a row for a pivot in which it is linear with a coefficient that stays as it is, not 0. */
static gm_status solve_row(const laws *a, int32_t k, bool *done_out)
{
  lowering *l = a->l;
  gm_status s = nl_fast_expand(l, &l->row[a->base + k]);
  ir_ref row = l->row[a->base + k];
  for (int32_t q = 0; q < a->f->rank && !s; q++) {
    int32_t unknown = l->fast[a->f->pivot[q]];
    int degree = 0;
    double v = 0;
    if (l->symbol[unknown].role == NL_SOLVED) continue;
    s = nl_degree(l, row, unknown, &degree);
    if (s || degree != 1) continue;
    ir_ref by = ir_diff(l->graph, row, IR_STATE, unknown);
    if (l->graph->status) return l->graph->status;
    if (!nl_fast_is_still(l, by)) continue;
    s = number_at_start(l, by, &v);
    if (s || !isfinite(v) || v == 0) continue;
    ir_ref rest = nl_put(l, row, unknown, nl_number(l, 0));
    l->symbol[unknown].solution = nl_bin(l, IR_DIV, rest, nl_un(l, IR_NEG, by));
    l->symbol[unknown].role = NL_SOLVED;
    l->row[a->base + k] = IR_NONE;
    *done_out = true;
    return l->graph->status;
  }
  return s;
}

/* Rows and unknowns that are left are solved for when the model runs, in any order. */
static gm_status leave(const laws *a)
{
  lowering *l = a->l;
  int32_t q = 0;
  for (int32_t k = 0; k < a->f->rank; k++) {
    ir_ref row = l->row[a->base + k];
    bool hangs = false;
    if (row < 0) continue;
    while (l->symbol[l->fast[a->f->pivot[q]]].role == NL_SOLVED) q++;
    for (int32_t p = 0; p < a->f->rank && !hangs; p++) {
      int degree = 0;
      if (l->symbol[l->fast[a->f->pivot[p]]].role == NL_SOLVED) continue;
      gm_status s = nl_degree(l, row, l->fast[a->f->pivot[p]], &degree);
      if (s) return s;
      hangs = degree > 0;
    }
    int32_t unknown = l->fast[a->f->pivot[q++]];
    if (!hangs)
      return nl_fail(l, unknown, GM_EUNSUPPORTED,
                     "fast reactions do not tell where %.100s comes to rest",
                     l->n->symbol[unknown].name);
    l->symbol[unknown].row = l->row_count;
    l->row_unknown[l->row_count] = unknown;
    l->row[l->row_count++] = row; /* not beyond base + k */
  }
  for (int32_t k = 0; k < l->row_count - a->base; k++)
    l->symbol[l->row_unknown[a->base + k]].role = NL_ALGEBRAIC;
  return GM_OK;
}

gm_status nl_fast_laws(lowering *l, nl_fastest *f)
{
  laws a = {l, f, l->row_count};
  gm_status s = products(&a);
  for (int32_t j = 0; j < f->laws && !s; j++) {
    bool written = f->laws == f->rank && l->row[a.base + j] < 0;
    if (!written) s = check_law(&a, j);
  }
  for (bool again = true; again && !s;) {
    again = false;
    for (int32_t k = 0; k < f->rank && !s; k++)
      if (l->row[a.base + k] >= 0) s = solve_row(&a, k, &again);
  }
  return s ? s : leave(&a);
}
