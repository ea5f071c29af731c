/* jacobian.c - the sparse Jacobian of the rates, as nodes of the graph.
 *
 * Forward over the nodes that are not linear in states and time, backward over the linear ones
 * between them: a rate c1 v1 + c2 v2 + ... of reactions v is swept once from its root with the
 * factors c (which mostly hold parameters alone, so that they are computed once a member), and the
 * slopes of every v are made once and shared by all rates. A node's slopes are a sparse row:
 * pairs of column and expression; column nx is time. */
#include "kinds/equations/jacobian.h"
#include <string.h>

enum {
  SWEEP_MAX = 200000000, /* nodes visited: a bound on time for hostile graphs */
  ENTRIES_MAX = 30000000,
  READERS_SHARED = 16 /* a linear node with so many readers gets a row of its own */
};

enum { ROLE_NONE = 0, ROLE_PART = 1, ROLE_ROW = 2 }; /* of a node: inside a sweep; own row wanted */

typedef struct {
  int32_t first, count; /* in pool_col and pool_slope */
} row_span;

typedef struct {
  ir_graph *g;
  gm_ctx *ctx;
  int32_t nx, node_count; /* nodes of the rates: those made here come after them */
  uint8_t *moving;        /* [node_count] depends on states or time */
  uint8_t *role;          /* [node_count] */
  int32_t *reader_count;  /* [node_count] */
  row_span *row;          /* [node_count] */
  ir_ref *factor;         /* [node_count] IR_NONE, or d root / d node in the sweep under way */
  int32_t *heap;          /* [node_count] nodes of the sweep that wait, largest on top */
  int32_t heap_count;
  ir_ref *sum;      /* [nx + 1] the row being made, IR_NONE where nothing is */
  int32_t *touched; /* [nx + 1] its columns */
  int32_t touched_count;
  int32_t *pool_col;
  ir_ref *pool_slope;
  int32_t pool_count, pool_room;
  int64_t work;
  ir_graph rule;                 /* partial derivatives of each operator, in states 0, 1, 2 */
  ir_ref rule_self[IR_OP_COUNT]; /* IR_NONE: not made yet */
  ir_ref rule_slope[IR_OP_COUNT][3];
  gm_status status;
} maker;

static void stop_with(maker *k, gm_status s, const char *why)
{
  if (!k->status) k->status = gm_fail(k->ctx, s, "Jacobian of the model: %s", why);
}

/* ---- partial derivatives of one operator ----------------------------------------------------- */
/* d op / d operand[j] as nodes of k->rule, made once an operator by ir_diff. */
static void rule_make(maker *k, ir_op op)
{
  ir_ref leaf[3] = {IR_NONE, IR_NONE, IR_NONE};
  int n = ir_operands(op);
  for (int j = 0; j < n; j++) leaf[j] = ir_state(&k->rule, j);
  k->rule_self[op] = ir_make(&k->rule, op, leaf[0], leaf[1], leaf[2]);
  for (int j = 0; j < n; j++)
    k->rule_slope[op][j] = ir_diff(&k->rule, k->rule_self[op], IR_STATE, j);
  if (k->rule.status) k->status = k->rule.status;
}

/* The rule's expression with the operands of node `self` in the place of its states. Rules are a
 * few nodes deep. */
static ir_ref rule_apply(maker *k, ir_ref rule, ir_ref rule_self, ir_ref self)
{
  if (rule == rule_self) return self;
  const ir_node n = k->rule.node[rule], at = k->g->node[self];
  const ir_ref operand[3] = {at.a, at.b, at.c};
  if (n.op == IR_CONST) return ir_const(k->g, n.value);
  if (n.op == IR_STATE) return operand[n.index];
  ir_ref part[3] = {IR_NONE, IR_NONE, IR_NONE};
  const ir_ref inner[3] = {n.a, n.b, n.c};
  for (int j = 0; j < ir_operands(n.op); j++) part[j] = rule_apply(k, inner[j], rule_self, self);
  return ir_make(k->g, n.op, part[0], part[1], part[2]);
}

static ir_ref partial(maker *k, ir_ref self, int operand)
{
  ir_op op = k->g->node[self].op;
  if (k->rule_self[op] == IR_NONE) rule_make(k, op);
  if (k->status) return IR_NONE;
  return rule_apply(k, k->rule_slope[op][operand], k->rule_self[op], self);
}

/* ---- which nodes matter, and how ------------------------------------------------------------- */
static bool is_branch(ir_op op) { return op == IR_SELECT || op == IR_MIN || op == IR_MAX; }

static bool is_moving(const maker *k, ir_ref f) { return f >= 0 && k->moving[f]; }

/* Is the node linear in its moving operands, with factors that do not move? */
static bool is_linear(const maker *k, const ir_node *n)
{
  switch (n->op) {
  case IR_STATE:
  case IR_TIME:
  case IR_NEG:
  case IR_ADD:
  case IR_SUB: return true;
  case IR_MUL: return !(is_moving(k, n->a) && is_moving(k, n->b));
  case IR_DIV: return !is_moving(k, n->b);
  default: return false;
  }
}

static bool has_row(const maker *k, ir_ref f)
{
  const ir_node *n = &k->g->node[f];
  if (n->op == IR_STATE || n->op == IR_TIME) return false;
  return !is_linear(k, n) || (k->role[f] & ROLE_ROW);
}

/* Logical operators have no slope anywhere. */
static bool is_flat(ir_op op)
{
  return (op >= IR_LT && op <= IR_NOT) || op == IR_FLOOR || op == IR_CEIL;
}

static void mark_moving(maker *k)
{
  for (ir_ref i = 0; i < k->node_count; i++) {
    const ir_node *n = &k->g->node[i];
    if (n->op == IR_STATE || n->op == IR_TIME)
      k->moving[i] = 1;
    else if (!is_flat(n->op))
      k->moving[i] = (uint8_t)(is_moving(k, n->a) || is_moving(k, n->b) || is_moving(k, n->c));
  }
}

/* One pass from the rates down: nodes inside a linear sweep, and nodes that need a row. */
static void mark_roles(maker *k, const ir_ref *rate)
{
  for (int32_t i = 0; i < k->nx; i++) {
    k->role[rate[i]] |= ROLE_PART;
    k->reader_count[rate[i]]++;
  }
  for (ir_ref i = k->node_count - 1; i >= 0; i--) {
    if (!k->role[i] || !k->moving[i]) continue;
    const ir_node *n = &k->g->node[i];
    bool linear = is_linear(k, n);
    if (k->reader_count[i] >= READERS_SHARED) k->role[i] |= ROLE_ROW;
    const ir_ref operand[3] = {n->a, n->b, n->c};
    for (int j = 0; j < ir_operands(n->op); j++) {
      k->role[operand[j]] |= linear ? ROLE_PART : ROLE_ROW;
      k->reader_count[operand[j]]++;
    }
  }
}

/* ---- a row under construction ---------------------------------------------------------------- */
static void row_add(maker *k, int32_t col, ir_ref slope)
{
  if (k->sum[col] == IR_NONE) {
    k->sum[col] = slope;
    k->touched[k->touched_count++] = col;
  } else {
    k->sum[col] = ir_make(k->g, IR_ADD, k->sum[col], slope, IR_NONE);
  }
  if (k->g->status) k->status = k->g->status;
  k->work++;
}

static bool slope_is_zero(const maker *k, ir_ref f)
{
  return k->g->node[f].op == IR_CONST && k->g->node[f].value == 0;
}

static int by_number(const int32_t *a, const int32_t *b) { return (*a > *b) - (*a < *b); }

/* Columns in order: insertion for the few of a common row, heap sort for long ones. */
static void sift(int32_t *a, int32_t root, int32_t count)
{
  for (int32_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && by_number(&a[child], &a[child + 1]) < 0) child++;
    if (by_number(&a[root], &a[child]) >= 0) return;
    int32_t t = a[root];
    a[root] = a[child];
    a[child] = t;
  }
}

static void sort_columns(int32_t *a, int32_t count)
{
  for (int32_t i = count / 2 - 1; i >= 0; i--) sift(a, i, count);
  for (int32_t i = count - 1; i > 0; i--) {
    int32_t t = a[0];
    a[0] = a[i];
    a[i] = t;
    sift(a, 0, i);
  }
}

/* Moves the row from the accumulators to the pool; what is 0 falls away. */
static row_span row_take(maker *k)
{
  row_span r = {k->pool_count, 0};
  sort_columns(k->touched, k->touched_count);
  if (k->pool_count + k->touched_count > k->pool_room && !k->status) {
    int32_t room = 2 * (k->pool_room + k->touched_count) + 64;
    if (k->pool_count > ENTRIES_MAX) stop_with(k, GM_ERANGE, "too many entries");
    if (!k->status)
      k->status = gm_grow(k->ctx, &k->pool_col, k->pool_room, room, sizeof *k->pool_col);
    if (!k->status)
      k->status = gm_grow(k->ctx, &k->pool_slope, k->pool_room, room, sizeof *k->pool_slope);
    if (!k->status) k->pool_room = room;
  }
  for (int32_t i = 0; i < k->touched_count; i++) {
    int32_t col = k->touched[i];
    ir_ref slope = k->sum[col];
    k->sum[col] = IR_NONE;
    if (k->status || slope < 0 || slope_is_zero(k, slope)) continue;
    k->pool_col[k->pool_count] = col;
    k->pool_slope[k->pool_count++] = slope;
    r.count++;
  }
  k->touched_count = 0;
  return r;
}

/* ---- the linear sweep ------------------------------------------------------------------------ */
static void heap_push(maker *k, ir_ref f)
{
  int32_t *h = k->heap, i = k->heap_count++;
  for (; i > 0 && h[(i - 1) / 2] < f; i = (i - 1) / 2) h[i] = h[(i - 1) / 2];
  h[i] = f;
}

static ir_ref heap_pop(maker *k)
{
  ir_ref top = k->heap[0];
  k->heap[0] = k->heap[--k->heap_count];
  sift(k->heap, 0, k->heap_count);
  return top;
}

static void sweep_give(maker *k, ir_ref to, ir_ref factor)
{
  if (!is_moving(k, to) || k->status) return;
  if (k->factor[to] == IR_NONE) {
    k->factor[to] = factor;
    heap_push(k, to);
  } else {
    k->factor[to] = ir_make(k->g, IR_ADD, k->factor[to], factor, IR_NONE);
  }
  if (k->g->status) k->status = k->g->status;
}

/* The factor goes on from a linear node to its operands. */
static void sweep_linear(maker *k, ir_node n, ir_ref factor)
{
  ir_graph *g = k->g;
  switch (n.op) {
  case IR_NEG: sweep_give(k, n.a, ir_make(g, IR_NEG, factor, IR_NONE, IR_NONE)); break;
  case IR_ADD:
    sweep_give(k, n.a, factor);
    sweep_give(k, n.b, factor);
    break;
  case IR_SUB:
    sweep_give(k, n.a, factor);
    sweep_give(k, n.b, ir_make(g, IR_NEG, factor, IR_NONE, IR_NONE));
    break;
  case IR_MUL:
    sweep_give(k, is_moving(k, n.a) ? n.a : n.b,
               ir_make(g, IR_MUL, factor, is_moving(k, n.a) ? n.b : n.a, IR_NONE));
    break;
  case IR_DIV: sweep_give(k, n.a, ir_make(g, IR_DIV, factor, n.b, IR_NONE)); break;
  case IR_STATE: row_add(k, n.index, factor); break;
  default: row_add(k, k->nx, factor); break; /* time */
  }
}

/* Adds factor * (slopes of the node) to the row. The root itself is taken apart even when it has a
 * row of its own. */
static row_span sweep(maker *k, ir_ref root)
{
  sweep_give(k, root, ir_const(k->g, 1));
  while (k->heap_count > 0) {
    ir_ref f = heap_pop(k), factor = k->factor[f];
    k->factor[f] = IR_NONE;
    if (k->status) continue; /* empties the heap */
    if (++k->work > SWEEP_MAX) stop_with(k, GM_ERANGE, "too much work");
    const ir_node n = k->g->node[f];
    if (!has_row(k, f) || (f == root && is_linear(k, &n))) {
      sweep_linear(k, n, factor);
      continue;
    }
    row_span r = k->row[f];
    for (int32_t e = r.first; e < r.first + r.count && !k->status; e++)
      row_add(k, k->pool_col[e], ir_make(k->g, IR_MUL, factor, k->pool_slope[e], IR_NONE));
  }
  return row_take(k);
}

/* ---- nodes that are not linear --------------------------------------------------------------- */
/* Slope of an operand in column col; the row of a leaf is itself. */
static ir_ref operand_slope(const maker *k, ir_ref f, int32_t col)
{
  if (!is_moving(k, f)) return IR_NONE;
  const ir_node *n = &k->g->node[f];
  if (n->op == IR_STATE || n->op == IR_TIME) {
    int32_t own = n->op == IR_STATE ? n->index : k->nx;
    return own == col ? ir_const(k->g, 1) : IR_NONE;
  }
  int32_t low = k->row[f].first, high = low + k->row[f].count;
  while (low < high) {
    int32_t middle = low + (high - low) / 2;
    if (k->pool_col[middle] < col)
      low = middle + 1;
    else
      high = middle;
  }
  bool found = low < k->row[f].first + k->row[f].count && k->pool_col[low] == col;
  return found ? k->pool_slope[low] : IR_NONE;
}

/* What each column gets from one operand: weight * slope, or for a branch (the weight is its
 * condition) a choice between both slopes, since the branch not taken may be no number. */
static void row_of_operand(maker *k, ir_ref operand, ir_ref weight)
{
  const ir_node n = k->g->node[operand];
  if (n.op == IR_STATE || n.op == IR_TIME) {
    row_add(k, n.op == IR_STATE ? n.index : k->nx, weight);
    return;
  }
  row_span r = k->row[operand];
  for (int32_t e = r.first; e < r.first + r.count && !k->status; e++)
    row_add(k, k->pool_col[e], ir_make(k->g, IR_MUL, weight, k->pool_slope[e], IR_NONE));
}

static void row_of_branch(maker *k, ir_ref self)
{
  const ir_node n = k->g->node[self];
  ir_graph *g = k->g;
  ir_ref zero = ir_const(g, 0), yes = n.a, no = n.b, condition = n.a;
  if (n.op == IR_SELECT) {
    yes = n.b;
    no = n.c;
  } else if (n.op == IR_MIN) {
    condition = ir_make(g, IR_LT, n.a, n.b, IR_NONE);
  } else {
    condition = ir_make(g, IR_LT, n.b, n.a, IR_NONE);
  }
  if (is_moving(k, yes)) row_of_operand(k, yes, zero); /* finds the columns */
  if (is_moving(k, no)) row_of_operand(k, no, zero);
  for (int32_t i = 0; i < k->touched_count && !k->status; i++) {
    int32_t col = k->touched[i];
    ir_ref a = operand_slope(k, yes, col), b = operand_slope(k, no, col);
    k->sum[col] =
        ir_make(g, IR_SELECT, condition, a == IR_NONE ? zero : a, b == IR_NONE ? zero : b);
    if (g->status) k->status = g->status;
  }
}

static row_span row_of_function(maker *k, ir_ref self)
{
  const ir_node n = k->g->node[self];
  if (is_branch(n.op)) {
    row_of_branch(k, self);
    return row_take(k);
  }
  const ir_ref operand[3] = {n.a, n.b, n.c};
  for (int j = 0; j < ir_operands(n.op) && !k->status; j++) {
    if (!is_moving(k, operand[j])) continue;
    ir_ref weight = partial(k, self, j);
    if (k->g->status) k->status = k->g->status;
    if (!k->status) row_of_operand(k, operand[j], weight);
  }
  return row_take(k);
}

static void make_rows(maker *k)
{
  for (ir_ref i = 0; i < k->node_count && !k->status; i++) {
    if (!k->role[i] || !k->moving[i] || !has_row(k, i)) continue;
    k->row[i] = is_linear(k, &k->g->node[i]) ? sweep(k, i) : row_of_function(k, i);
    if (k->work > SWEEP_MAX) stop_with(k, GM_ERANGE, "too much work");
  }
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status maker_init(maker *k, ir_graph *g, int32_t nx)
{
  int32_t n = g->count;
  *k = (maker){.g = g, .ctx = g->ctx, .nx = nx, .node_count = n};
  gm_status s = ir_graph_init(&k->rule, g->ctx);
  if (s) return s;
  k->moving = gm_alloc(k->ctx, n, sizeof *k->moving);
  k->role = gm_alloc(k->ctx, n, sizeof *k->role);
  k->reader_count = gm_alloc(k->ctx, n, sizeof *k->reader_count);
  k->row = gm_alloc(k->ctx, n, sizeof *k->row);
  k->factor = gm_alloc(k->ctx, n, sizeof *k->factor);
  k->heap = gm_alloc(k->ctx, n, sizeof *k->heap);
  k->sum = gm_alloc(k->ctx, nx + 1, sizeof *k->sum);
  k->touched = gm_alloc(k->ctx, nx + 1, sizeof *k->touched);
  if (!k->moving || !k->role || !k->reader_count || !k->row || !k->factor || !k->heap || !k->sum ||
      !k->touched)
    return gm_fail(k->ctx, GM_ENOMEM, "Jacobian of the model");
  for (int32_t i = 0; i < n; i++) k->factor[i] = IR_NONE;
  for (int32_t i = 0; i <= nx; i++) k->sum[i] = IR_NONE;
  for (int op = 0; op < IR_OP_COUNT; op++) k->rule_self[op] = IR_NONE;
  return GM_OK;
}

static void maker_free(maker *k)
{
  ir_graph_free(&k->rule);
  gm_free(k->moving);
  gm_free(k->role);
  gm_free(k->reader_count);
  gm_free(k->row);
  gm_free(k->factor);
  gm_free(k->heap);
  gm_free(k->sum);
  gm_free(k->touched);
  gm_free(k->pool_col);
  gm_free(k->pool_slope);
}

/* The rows of the rates lie one behind the other in the pool, from `first` on. */
static gm_status rows_out(const maker *k, const row_span *row, eq_jacobian *out)
{
  int32_t nx = k->nx, count = 0;
  eq_jacobian j = {0};
  for (int32_t i = 0; i < nx; i++) count += row[i].count;
  j.row = gm_alloc(k->ctx, count, sizeof *j.row);
  j.col = gm_alloc(k->ctx, count, sizeof *j.col);
  j.entry = gm_alloc(k->ctx, count, sizeof *j.entry);
  j.time = gm_alloc(k->ctx, nx, sizeof *j.time);
  if (!j.row || !j.col || !j.entry || !j.time) {
    eq_jacobian_free(&j);
    return gm_fail(k->ctx, GM_ENOMEM, "Jacobian of the model");
  }
  for (int32_t i = 0; i < nx; i++) {
    j.time[i] = IR_NONE;
    for (int32_t e = row[i].first; e < row[i].first + row[i].count; e++) {
      if (k->pool_col[e] == nx) {
        j.time[i] = k->pool_slope[e];
        continue;
      }
      j.row[j.count] = i;
      j.col[j.count] = k->pool_col[e];
      j.entry[j.count++] = k->pool_slope[e];
    }
  }
  *out = j;
  return GM_OK;
}

gm_status eq_jacobian_make(ir_graph *g, const ir_ref *rate, int32_t nx, eq_jacobian *out)
{
  maker k;
  row_span *row = NULL;
  if (g->status) return g->status;
  gm_status s = maker_init(&k, g, nx);
  if (s) goto out;
  row = gm_alloc(g->ctx, nx, sizeof *row);
  if (!row) {
    s = gm_fail(g->ctx, GM_ENOMEM, "Jacobian of the model");
    goto out;
  }
  mark_moving(&k);
  mark_roles(&k, rate);
  make_rows(&k);
  for (int32_t i = 0; i < nx && !k.status; i++) row[i] = sweep(&k, rate[i]);
  s = k.status ? k.status : g->status;
  if (!s) s = rows_out(&k, row, out);
out:
  gm_free(row);
  maker_free(&k);
  return s;
}

void eq_jacobian_free(eq_jacobian *j)
{
  gm_free(j->row);
  gm_free(j->col);
  gm_free(j->entry);
  gm_free(j->time);
  *j = (eq_jacobian){0};
}
