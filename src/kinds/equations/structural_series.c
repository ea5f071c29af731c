/* structural_series.c - a model's power series in time with tangents along its unknowns, one order
 * after the other, modulo a prime (Sedoglavic 2002; the recurrences: Griewank and Walther 2008,
 * Evaluating Derivatives, table 13.2).
 *
 * A coefficient is a jet: its value, then one tangent an unknown. The value of exp, ln, tan and
 * arctan at the start is a random number, as it is independent of the operand's algebraically; the
 * tangents follow from the operand's. */
#include "kinds/equations/structural_series.h"
#include "gemel/rand.h"
#include <string.h>

enum { ORDER_MAX = 1000, TRY_MAX = 64, DRAW_PARAM = 1, DRAW_START, DRAW_INPUT, DRAW_NODE };
static const double BYTES_MAX = 2e9;

typedef struct {
  const ss_problem *p;
  uint64_t prime;
  gm_key key;
  int32_t width, slots, points; /* a jet; jets an order: nodes, then states */
  uint64_t **order;             /* [order_max + 1] each [slots * width], NULL: not yet */
  uint64_t *jet;                /* [width] the result at hand */
  sf_wide *sum;                 /* [width] */
  int32_t pending;              /* products in sum since it was reduced */
  bool bad;                     /* the series does not exist at this point */
} series;

static uint64_t *at(const series *z, int32_t k, ir_ref node)
{
  return z->order[k] + (size_t)node * (size_t)z->width;
}

static uint64_t draw(const series *z, uint32_t kind, int32_t entity, int32_t index)
{
  uint64_t out[4];
  gm_draw4(z->key, (uint64_t)z->points, (uint64_t)entity, gm_kind_draw(kind, 0), (uint64_t)index,
           out);
  return 1 + out[0] % (z->prime - 1);
}

/* ---- sums of products of jets ---------------------------------------------------------------- */
static void sum_start(series *z)
{
  memset(z->sum, 0, (size_t)z->width * sizeof *z->sum);
  z->pending = 0;
}

static void sum_reduce(series *z)
{
  for (int32_t d = 0; d < z->width; d++) z->sum[d] %= z->prime;
  z->pending = 0;
}

/* sum += f * a * b; products are below 2^122, two a turn, so 16 turns fit 128 bits. */
static void sum_add(series *z, uint64_t f, const uint64_t *a, const uint64_t *b)
{
  uint64_t a0 = f == 1 ? a[0] : sf_mul(z->prime, f, a[0]);
  uint64_t b0 = f == 1 ? b[0] : sf_mul(z->prime, f, b[0]);
  z->sum[0] += (sf_wide)a0 * b[0];
  for (int32_t d = 1; d < z->width; d++) z->sum[d] += (sf_wide)a0 * b[d] + (sf_wide)b0 * a[d];
  if (++z->pending == 16) sum_reduce(z);
}

/* jet = c - sum/k */
static void jet_rest(series *z, const uint64_t *c, int32_t k)
{
  uint64_t inverse = k == 1 ? 1 : sf_inverse(z->prime, (uint64_t)k);
  sum_reduce(z);
  for (int32_t d = 0; d < z->width; d++)
    z->jet[d] = sf_sub(z->prime, c[d], sf_mul(z->prime, (uint64_t)z->sum[d], inverse));
}

static uint64_t invert(series *z, uint64_t a)
{
  if (a == 0) z->bad = true;
  return sf_inverse(z->prime, a);
}

/* jet /= b */
static void jet_divide(series *z, const uint64_t *b)
{
  uint64_t p = z->prime, inverse = invert(z, b[0]);
  z->jet[0] = sf_mul(p, z->jet[0], inverse);
  for (int32_t d = 1; d < z->width; d++)
    z->jet[d] = sf_mul(p, sf_sub(p, z->jet[d], sf_mul(p, z->jet[0], b[d])), inverse);
}

/* ---- operators ------------------------------------------------------------------------------- */
static void leaf(series *z, ir_ref i, int32_t k)
{
  ir_node n = z->p->graph->node[i];
  memset(z->jet, 0, (size_t)z->width * sizeof *z->jet);
  if (n.op == IR_STATE) {
    memcpy(z->jet, at(z, k, z->p->graph->count + n.index), (size_t)z->width * sizeof *z->jet);
  } else if (n.op == IR_TIME) {
    z->jet[0] = k == 1; /* the start is time 0 */
  } else if (k == 0 && n.op == IR_PARAM) {
    int32_t column = z->p->param_column[n.index];
    z->jet[0] = draw(z, DRAW_PARAM, n.index, 0);
    z->jet[1 + column] = 1;
  } else if (k == 0 && !gm__field_from(z->prime, n.value, &z->jet[0])) {
    z->bad = true;
  }
}

/* The value of a transcendental function at the start: exact where the operand says it. */
static uint64_t value_at_start(const series *z, ir_ref i, ir_op op, uint64_t a)
{
  if (op == IR_EXP && a == 0) return 1;
  if (op == IR_LOG && a == 1) return 0;
  if (op != IR_EXP && op != IR_LOG && a == 0) return 0;
  return draw(z, DRAW_NODE, i, 0);
}

static void start_function(series *z, ir_ref i, ir_node n)
{
  const uint64_t *a = at(z, 0, n.a);
  uint64_t p = z->prime, slope = 1;
  if (n.op == IR_SQRT) {
    if (!gm__field_root(p, a[0], &z->jet[0])) z->bad = true;
    slope = invert(z, sf_add(p, z->jet[0], z->jet[0]));
  } else {
    z->jet[0] = value_at_start(z, i, n.op, a[0]);
    if (n.op == IR_EXP) slope = z->jet[0];
    if (n.op == IR_LOG) slope = invert(z, a[0]);
    if (n.op == IR_TAN) slope = sf_add(p, 1, sf_mul(p, z->jet[0], z->jet[0]));
    if (n.op == IR_ATAN) slope = invert(z, sf_add(p, 1, sf_mul(p, a[0], a[0])));
  }
  for (int32_t d = 1; d < z->width; d++) z->jet[d] = sf_mul(p, slope, a[d]);
}

/* z' = a' q, where q is the function itself (exp) or its partner (tan). */
static void grow_forward(series *z, ir_node n, ir_ref q, int32_t k)
{
  for (int32_t i = 1; i <= k; i++) sum_add(z, (uint64_t)i, at(z, i, n.a), at(z, k - i, q));
  sum_reduce(z);
  uint64_t inverse = sf_inverse(z->prime, (uint64_t)k);
  for (int32_t d = 0; d < z->width; d++) z->jet[d] = sf_mul(z->prime, (uint64_t)z->sum[d], inverse);
}

static void grow_function(series *z, ir_ref self, ir_node n, int32_t k)
{
  ir_ref q = n.op == IR_LOG ? n.a : n.op == IR_EXP ? self : z->p->partner[self];
  if (n.op == IR_EXP || n.op == IR_TAN) {
    grow_forward(z, n, q, k);
  } else if (n.op == IR_SQRT) { /* 2 z0 zk = ak - sum zi z(k-i) */
    for (int32_t i = 1; i < k; i++) sum_add(z, 1, at(z, i, self), at(z, k - i, self));
    jet_rest(z, at(z, k, n.a), 1);
    jet_divide(z, at(z, 0, self));
    uint64_t half = (z->prime + 1) / 2;
    for (int32_t d = 0; d < z->width; d++) z->jet[d] = sf_mul(z->prime, z->jet[d], half);
  } else { /* z' q = a' */
    for (int32_t i = 1; i < k; i++) sum_add(z, (uint64_t)i, at(z, i, self), at(z, k - i, q));
    jet_rest(z, at(z, k, n.a), k);
    jet_divide(z, at(z, 0, q));
  }
}

static void arithmetic(series *z, ir_ref self, ir_node n, int32_t k)
{
  const uint64_t *a = at(z, k, n.a), *b = n.b >= 0 ? at(z, k, n.b) : NULL;
  uint64_t p = z->prime;
  if (n.op == IR_MUL) {
    for (int32_t i = 0; i <= k; i++) sum_add(z, 1, at(z, i, n.a), at(z, k - i, n.b));
    sum_reduce(z);
    for (int32_t d = 0; d < z->width; d++) z->jet[d] = (uint64_t)z->sum[d];
  } else if (n.op == IR_DIV) {
    for (int32_t i = 0; i < k; i++) sum_add(z, 1, at(z, i, self), at(z, k - i, n.b));
    jet_rest(z, a, 1);
    jet_divide(z, at(z, 0, n.b));
  } else {
    for (int32_t d = 0; d < z->width; d++)
      z->jet[d] = n.op == IR_ADD   ? sf_add(p, a[d], b[d])
                  : n.op == IR_SUB ? sf_sub(p, a[d], b[d])
                                   : sf_sub(p, 0, a[d]);
  }
}

static bool is_function(ir_op op)
{
  return op == IR_SQRT || op == IR_EXP || op == IR_LOG || op == IR_TAN || op == IR_ATAN;
}

static void node_do(series *z, ir_ref i, int32_t k)
{
  ir_node n = z->p->graph->node[i];
  sum_start(z);
  if (ir_operands(n.op) == 0)
    leaf(z, i, k);
  else if (!is_function(n.op))
    arithmetic(z, i, n, k);
  else if (k == 0)
    start_function(z, i, n);
  else
    grow_function(z, i, n, k);
  memcpy(at(z, k, i), z->jet, (size_t)z->width * sizeof *z->jet);
}

/* ---- one point ------------------------------------------------------------------------------- */
static gm_status order_new(series *z, int32_t k)
{
  if (z->order[k]) return GM_OK;
  double bytes = (double)(k + 1) * z->slots * z->width * sizeof **z->order;
  if (bytes > BYTES_MAX)
    return gm_fail(z->p->ctx, GM_ERANGE,
                   "structural identifiability: series of order %d of %d terms along %d unknowns "
                   "need over %g GB; ask for fewer unknowns",
                   (int)k, (int)z->slots, (int)(z->width - 1), BYTES_MAX * 1e-9);
  z->order[k] = gm_alloc(z->p->ctx, (ptrdiff_t)z->slots * z->width, sizeof **z->order);
  return z->order[k] ? GM_OK : gm_fail(z->p->ctx, GM_ENOMEM, "series of order %d", (int)k);
}

/* Starts that the text gives are worked out with states at 0: they hold none. */
static void start_states(series *z)
{
  const ss_problem *p = z->p;
  for (ir_ref i = 0; i < p->graph->count; i++)
    if (p->used[i] && p->graph->node[i].op != IR_STATE) node_do(z, i, 0);
  z->bad = false; /* a rate may not exist with states at 0 */
  for (int32_t i = 0; i < p->state_count; i++) {
    uint64_t *x = at(z, 0, p->graph->count + i);
    if (p->state_column[i] < 0) {
      memcpy(x, at(z, 0, p->initial[i]), (size_t)z->width * sizeof *x);
      continue;
    }
    x[0] = draw(z, DRAW_START, i, 0);
    x[1 + p->state_column[i]] = 1;
  }
}

static void next_states(series *z, int32_t k)
{
  const ss_problem *p = z->p;
  uint64_t inverse = sf_inverse(z->prime, (uint64_t)k + 1);
  for (int32_t i = 0; i < p->state_count; i++) {
    uint64_t *x = at(z, k + 1, p->graph->count + i);
    if (p->rate[i] >= 0) memcpy(x, at(z, k, p->rate[i]), (size_t)z->width * sizeof *x);
    if (p->driven[i]) x[0] = sf_add(z->prime, x[0], draw(z, DRAW_INPUT, i, k));
    for (int32_t d = 0; d < z->width; d++) x[d] = sf_mul(z->prime, x[d], inverse);
  }
}

/* With every start free the span has its end once one order adds nothing (the derivatives of what
 * is in the span stay in it); from special starts a later order may still add. */
static bool may_stop_early(const ss_problem *p)
{
  for (int32_t i = 0; i < p->state_count; i++)
    if (p->state_column[i] < 0) return false;
  for (ir_ref i = 0; i < p->graph->count; i++)
    if (p->used[i] && p->graph->node[i].op == IR_TIME) return false; /* time 0 is special too */
  return true;
}

/* A series is squared in its order, and three points and one modulo another prime are the least. */
static void tell(const series *z, const sf_span *span)
{
  double here = span->columns ? (double)span->count / span->columns : 1;
  int32_t before = z->points / TRY_MAX < 3 ? z->points / TRY_MAX : 3;
  gm_watch_progress(z->p->watch, "power series", (before + here * here) / 4);
}

static gm_status nodes_do(series *z, int32_t k)
{
  const ss_problem *p = z->p;
  for (ir_ref i = 0; i < p->graph->count; i++) {
    if (!p->used[i]) continue;
    if (gm_watch_stop(p->watch))
      return gm_fail(p->ctx, GM_ECANCELLED, "structural identifiability: stopped");
    node_do(z, i, k);
  }
  return GM_OK;
}

static gm_status grow(series *z, sf_span *span, int32_t order_max, bool early, int32_t *order)
{
  const ss_problem *p = z->p;
  int32_t idle = 0;
  gm_status s = GM_OK;
  for (int32_t k = 0; k <= order_max && span->count < span->columns && idle < 3 && !z->bad; k++) {
    bool added = false;
    s = nodes_do(z, k);
    if (s) return s;
    for (int32_t i = 0; i < p->output_count && !z->bad; i++) {
      memcpy(z->jet, at(z, k, p->value[i]), (size_t)z->width * sizeof *z->jet);
      if (gm__span_add(span, z->jet + 1)) added = true;
    }
    *order = k;
    tell(z, span);
    idle = added || !early ? 0 : idle + 1;
    if (k < order_max) s = order_new(z, k + 1);
    if (s) return s;
    if (k < order_max) next_states(z, k);
  }
  return GM_OK;
}

static void point_values(const series *z, uint64_t *value)
{
  const ss_problem *p = z->p;
  for (int32_t i = 0; i < p->param_count; i++)
    if (p->param_column[i] >= 0) value[p->param_column[i]] = draw(z, DRAW_PARAM, i, 0);
  for (int32_t i = 0; i < p->state_count; i++)
    if (p->state_column[i] >= 0) value[p->state_column[i]] = draw(z, DRAW_START, i, 0);
}

static gm_status point_try(series *z, sf_span *span, int32_t order_max, int32_t *order)
{
  gm_status s = order_new(z, 0);
  if (s) return s;
  z->bad = false;
  span->count = 0;
  start_states(z);
  return grow(z, span, order_max, may_stop_early(z->p), order);
}

gm_status gm__series_point(const ss_problem *p, uint64_t prime, int32_t point, sf_span *span,
                           uint64_t *value, int32_t *order)
{
  int32_t order_max = 2 * (p->state_count + p->unknown_count) + 4;
  series z = {.p = p,
              .prime = prime,
              .key = gm_key_make(p->seed, 0, 0, 0),
              .width = p->unknown_count + 1,
              .slots = p->graph->count + p->state_count};
  if (order_max > ORDER_MAX)
    return gm_fail(p->ctx, GM_ERANGE,
                   "structural identifiability of %d states and %d unknowns; "
                   "at most %d together",
                   (int)p->state_count, (int)p->unknown_count, ORDER_MAX / 2 - 2);
  z.order = gm_alloc(p->ctx, order_max + 1, sizeof *z.order);
  z.jet = gm_alloc(p->ctx, z.width, sizeof *z.jet);
  z.sum = gm_alloc(p->ctx, z.width, sizeof *z.sum);
  gm_status s = z.order && z.jet && z.sum ? GM_OK : gm_fail(p->ctx, GM_ENOMEM, "power series");
  z.bad = true;
  for (int32_t i = 0; i < TRY_MAX && z.bad && !s; i++) {
    z.points = point * TRY_MAX + i;
    for (int32_t k = 0; k <= order_max && z.order[k]; k++)
      memset(z.order[k], 0, (size_t)z.slots * (size_t)z.width * sizeof **z.order);
    s = point_try(&z, span, order_max, order);
  }
  if (!s && z.bad)
    s = gm_fail(p->ctx, GM_EDOMAIN,
                "structural identifiability: no power series at the start (a "
                "division by 0, or a power, root or logarithm of 0); take the start as unknown");
  if (!s) point_values(&z, value);
  for (int32_t k = 0; z.order && k <= order_max; k++) gm_free(z.order[k]);
  gm_free(z.order);
  gm_free(z.jet);
  gm_free(z.sum);
  return s;
}
