/* lane_lu.c - order of elimination and the lane code of the factors.
 *
 * 1. Rows are matched to columns so that no diagonal entry is structurally zero: equations with a
 *    slope keep their own column (gamma stands there), algebraic ones find theirs by shortest
 *    augmenting paths (Kuhn's bipartite matching).
 * 2. Pivots are taken from this diagonal by Markowitz' rule, least (r-1)(c-1) of the rows and
 *    columns that remain (Duff, Erisman & Reid, Direct Methods for Sparse Matrices, ch. 7), the
 *    lowest state on ties. Patterns are sets of bits, so that fill is one OR a word.
 * 3. Code is made row by row (Gauss's order i, k, j), so that neighbouring operations write to
 *    different registers.
 * Signs: rows of -W = J - gamma M are eliminated, so that entries of J are read as they are; pivots
 * are kept as +W. With r = 1/pivot and l = a_ik r every update is a sum a_ij + l a_kj, and
 * W x = b is solved by y_i += y_k l_ik and x_k = r_k (y_k + sum a_kj x_j). */
#include "kinds/equations/lane_lu.h"
#include <string.h>

typedef struct {
  int32_t pivot; /* elimination of this column makes the pair */
  int32_t other; /* a row (below the pivot) or a column (right of it) */
  int32_t reg;
} lu_pair;

typedef struct {
  gm_ctx *ctx;
  const lane_machine *m;
  int32_t n, words;
  int32_t *entry_first;         /* [n + 1] Jacobian entries of a row */
  int32_t *row_of, *col_of;     /* [n] the matching; -1: none */
  uint64_t *row_set, *col_set;  /* [n][words] what remains of each row and column */
  int32_t *row_size, *col_size; /* [n] their sizes */
  int32_t *order;               /* [n] pivots in turn */
  lu_pair *below, *right;       /* by pivot, in the order of elimination */
  int32_t below_count, right_count, below_room, right_room;
  int32_t *below_first, *right_first; /* [n + 1] by pivot's turn; turn of a column: place */
  int32_t *place;                     /* [n] */
  int64_t work;                       /* operations so far */
  /* emission */
  uint8_t *fleeting; /* [reg_first] register changes after the Jacobian's code */
  int32_t *copy_of;  /* [reg_first] where it was copied to, -1: nowhere */
  int32_t *at;       /* [n] register of the row's entry in that column, -1: it is 0 */
  bool *own;         /* [n] the register belongs to the factors */
  int32_t *row_pair, *row_pair_first; /* pairs below pivots, by row */
  int32_t *col_pair, *col_pair_first; /* pairs right of pivots, by column */
  int32_t reg_first, reg_next, gamma_inverse;
  lane_op *op;
  int32_t op_count, op_room;
  lane_lu *lu;
  gm_status status;
} lu_maker;

static bool is_algebraic(const lu_maker *k, int32_t row)
{
  return k->m->kind && k->m->kind[row] == EQ_STATE_ALGEBRAIC;
}

static void no_memory(lu_maker *k)
{
  if (!k->status) k->status = gm_fail(k->ctx, GM_ENOMEM, "factors of the Jacobian");
}

static void *get(lu_maker *k, ptrdiff_t count, size_t bytes)
{
  void *p = gm_alloc(k->ctx, count, bytes);
  if (!p) no_memory(k);
  return p;
}

/* ---- 1. matching ----------------------------------------------------------------------------- */
/* Columns of row r with an entry, the diagonal of a slope included, in turn; -1 at the end. */
static int32_t row_column(const lu_maker *k, int32_t row, int32_t turn)
{
  int32_t first = k->entry_first[row], count = k->entry_first[row + 1] - first;
  if (turn < count) return k->m->jacobian.col[first + turn];
  return turn == count && !is_algebraic(k, row) ? row : -1;
}

/* Gives the path's columns to their new rows. */
static void path_apply(lu_maker *k, int32_t col, const int32_t *reached_from)
{
  while (col >= 0) {
    int32_t row = reached_from[col], next = k->col_of[row];
    k->col_of[row] = col;
    k->row_of[col] = row;
    col = next;
  }
}

/* Shortest augmenting path from one row; false: the row cannot be matched. */
static bool match_row(lu_maker *k, int32_t start, int32_t *queue, int32_t *reached_from)
{
  int32_t head = 0, tail = 0;
  for (int32_t j = 0; j < k->n; j++) reached_from[j] = -1;
  queue[tail++] = start;
  while (head < tail) {
    int32_t row = queue[head++], col;
    for (int32_t turn = 0; (col = row_column(k, row, turn)) >= 0; turn++) {
      if (reached_from[col] >= 0) continue;
      reached_from[col] = row;
      if (k->row_of[col] < 0) {
        path_apply(k, col, reached_from);
        return true;
      }
      queue[tail++] = k->row_of[col];
    }
  }
  return false;
}

static bool row_has(const lu_maker *k, int32_t row, int32_t col)
{
  for (int32_t e = k->entry_first[row]; e < k->entry_first[row + 1]; e++)
    if (k->m->jacobian.col[e] == col) return true;
  return false;
}

/* False: no matching (singular), or no memory. */
static bool match_all(lu_maker *k)
{
  bool done = true;
  int32_t *queue = get(k, k->n, sizeof *queue), *reached = get(k, k->n, sizeof *reached);
  for (int32_t i = 0; i < k->n; i++) k->row_of[i] = k->col_of[i] = -1;
  for (int32_t i = 0; i < k->n; i++)
    if (!is_algebraic(k, i) || row_has(k, i, i)) k->row_of[i] = k->col_of[i] = i;
  for (int32_t i = 0; i < k->n && !k->status && done; i++)
    if (k->col_of[i] < 0) done = match_row(k, i, queue, reached);
  gm_free(queue);
  gm_free(reached);
  return done && !k->status;
}

/* ---- 2. elimination of the pattern ----------------------------------------------------------- */
static void bit_set(uint64_t *set, int32_t i) { set[i >> 6] |= UINT64_C(1) << (i & 63); }
static void bit_clear(uint64_t *set, int32_t i) { set[i >> 6] &= ~(UINT64_C(1) << (i & 63)); }

static int32_t set_size(const uint64_t *set, int32_t words)
{
  int32_t count = 0;
  for (int32_t w = 0; w < words; w++) count += (int32_t)__builtin_popcountll(set[w]);
  return count;
}

/* Row k of the permuted matrix is the equation matched to column k. */
static void sets_fill(lu_maker *k)
{
  for (int32_t j = 0; j < k->n; j++) {
    int32_t row = k->row_of[j], col;
    for (int32_t turn = 0; (col = row_column(k, row, turn)) >= 0; turn++) {
      bit_set(k->row_set + (ptrdiff_t)j * k->words, col);
      bit_set(k->col_set + (ptrdiff_t)col * k->words, j);
    }
  }
  for (int32_t j = 0; j < k->n; j++) {
    k->row_size[j] = set_size(k->row_set + (ptrdiff_t)j * k->words, k->words);
    k->col_size[j] = set_size(k->col_set + (ptrdiff_t)j * k->words, k->words);
  }
}

static void pair_add(lu_maker *k, lu_pair **pair, int32_t *count, int32_t *room, lu_pair p)
{
  if (k->status) return;
  if (*count == *room) {
    int32_t more = 2 * *room + 256;
    k->status = gm_grow(k->ctx, pair, *room, more, sizeof **pair);
    if (k->status) return;
    *room = more;
  }
  (*pair)[(*count)++] = p;
}

/* Merges the pivot's set into those of its members and takes the pivot out of them. */
static void sets_merge(lu_maker *k, uint64_t *all, int32_t *size, const uint64_t *members,
                       const uint64_t *pivot_set, int32_t pivot)
{
  bool alone = true; /* nothing but the pivot: no fill */
  for (int32_t w = 0; w < k->words && alone; w++)
    alone = !(pivot_set[w] & ~(w == pivot >> 6 ? UINT64_C(1) << (pivot & 63) : 0));
  for (int32_t w = 0; w < k->words; w++)
    for (uint64_t rest = members[w]; rest; rest &= rest - 1) {
      int32_t i = 64 * w + __builtin_ctzll(rest);
      uint64_t *set = all + (ptrdiff_t)i * k->words;
      if (i == pivot) continue;
      for (int32_t v = 0; v < k->words && !alone; v++) set[v] |= pivot_set[v];
      bit_clear(set, pivot);
      size[i] = alone ? size[i] - 1 : set_size(set, k->words);
    }
}

static void pairs_record(lu_maker *k, int32_t pivot)
{
  const uint64_t *row = k->row_set + (ptrdiff_t)pivot * k->words;
  const uint64_t *col = k->col_set + (ptrdiff_t)pivot * k->words;
  for (int32_t w = 0; w < k->words; w++) {
    for (uint64_t rest = col[w]; rest; rest &= rest - 1) {
      lu_pair p = {pivot, 64 * w + __builtin_ctzll(rest), -1};
      if (p.other != pivot) pair_add(k, &k->below, &k->below_count, &k->below_room, p);
    }
    for (uint64_t rest = row[w]; rest; rest &= rest - 1) {
      lu_pair p = {pivot, 64 * w + __builtin_ctzll(rest), -1};
      if (p.other != pivot) pair_add(k, &k->right, &k->right_count, &k->right_room, p);
    }
  }
}

/* The pivot with the least possible fill, the lowest on ties; its row and column leave. */
static int32_t pivot_choose(const lu_maker *k, const uint8_t *done)
{
  int32_t best = -1;
  int64_t best_cost = INT64_MAX;
  for (int32_t j = 0; j < k->n; j++) {
    int64_t cost = (int64_t)(k->row_size[j] - 1) * (k->col_size[j] - 1);
    if (done[j] || cost >= best_cost) continue;
    best = j;
    best_cost = cost;
  }
  return best;
}

/* False: more than op_max operations, or no memory. */
static bool eliminate(lu_maker *k, int32_t op_max)
{
  uint8_t *done = get(k, k->n, 1);
  for (int32_t turn = 0; turn < k->n && !k->status && k->work <= op_max; turn++) {
    int32_t p = pivot_choose(k, done);
    const uint64_t *row = k->row_set + (ptrdiff_t)p * k->words;
    const uint64_t *col = k->col_set + (ptrdiff_t)p * k->words;
    int64_t r = k->row_size[p] - 1, c = k->col_size[p] - 1;
    k->work += r * c + 2 * c + 2 * r + 3; /* update, multiplier and both solves, pivot */
    done[p] = 1;
    k->order[turn] = p;
    k->place[p] = turn;
    k->below_first[turn] = k->below_count;
    k->right_first[turn] = k->right_count;
    pairs_record(k, p);
    sets_merge(k, k->row_set, k->row_size, col, row, p);
    sets_merge(k, k->col_set, k->col_size, row, col, p);
  }
  k->below_first[k->n] = k->below_count;
  k->right_first[k->n] = k->right_count;
  gm_free(done);
  return !k->status && k->work <= op_max;
}

/* ---- 3. code --------------------------------------------------------------------------------- */
static void emit(lu_maker *k, int32_t op, int32_t dst, int32_t a, int32_t b, int32_t c)
{
  if (k->status) return;
  if (k->op_count == k->op_room) {
    int32_t room = 2 * k->op_room + 256;
    k->status = gm_grow(k->ctx, &k->op, k->op_room, room, sizeof *k->op);
    if (k->status) return;
    k->op_room = room;
  }
  k->op[k->op_count++] = (lane_op){op, dst, a, b, c};
}

static lane_code code_take(lu_maker *k)
{
  lane_code code = {.op = k->op, .count = k->op_count};
  k->op = NULL;
  k->op_count = k->op_room = 0;
  return code;
}

/* Lists of pairs by their other end, each in the order of elimination. */
static void pairs_by_other(const lu_maker *k, const lu_pair *pair, int32_t count, int32_t *list,
                           int32_t *first)
{
  memset(first, 0, (size_t)(k->n + 1) * sizeof *first);
  for (int32_t i = 0; i < count; i++) first[pair[i].other + 1]++;
  for (int32_t j = 0; j < k->n; j++) first[j + 1] += first[j];
  for (int32_t i = 0; i < count; i++) list[first[pair[i].other]++] = i;
  for (int32_t j = k->n; j > 0; j--) first[j] = first[j - 1];
  first[0] = 0;
}

/* Registers that other codes change between factorisation and solution: states, time, and what the
 * Jacobian's code computes. */
static void mark_fleeting(lu_maker *k)
{
  const lane_machine *m = k->m;
  k->fleeting[0] = 1;
  for (int32_t i = 0; i < m->nx; i++) k->fleeting[m->reg_state + i] = 1;
  for (int32_t i = 0; i < m->jacobian.code.count; i++) k->fleeting[m->jacobian.code.op[i].dst] = 1;
  for (int32_t i = 0; i < k->reg_first; i++) k->copy_of[i] = -1;
}

/* A register that keeps the entry for the solves; one copy serves equal entries. */
static int32_t keep_entry(lu_maker *k, int32_t reg)
{
  if (reg >= k->reg_first || !k->fleeting[reg]) return reg;
  if (k->copy_of[reg] < 0) {
    k->copy_of[reg] = k->reg_next++;
    emit(k, IR_MUL, k->copy_of[reg], reg, k->lu->one_reg, 0);
  }
  return k->copy_of[reg];
}

/* a_ij + l a_kj */
static void update(lu_maker *k, int32_t j, int32_t l, int32_t u)
{
  int32_t from = k->at[j];
  if (!k->own[j]) {
    k->at[j] = k->reg_next++;
    k->own[j] = true;
  }
  if (from < 0)
    emit(k, IR_MUL, k->at[j], l, u, 0);
  else
    emit(k, LANE_MADD, k->at[j], l, u, from);
}

/* The pivot of +W before updates: gamma - J, gamma, -J or nothing (-1). */
static int32_t pivot_start(lu_maker *k, int32_t i, int32_t row)
{
  int32_t entry = k->at[i], gamma = !is_algebraic(k, row) && row == i ? k->lu->gamma_reg : -1;
  if (entry < 0) return gamma;
  int32_t reg = k->reg_next++;
  if (gamma >= 0)
    emit(k, IR_SUB, reg, gamma, entry, 0);
  else
    emit(k, IR_NEG, reg, entry, 0, 0);
  return reg;
}

static int32_t pivot_update(lu_maker *k, int32_t pivot, int32_t l, int32_t u)
{
  if (pivot < 0) { /* 0 - l u */
    int32_t reg = k->reg_next++;
    emit(k, IR_MUL, reg, l, u, 0);
    emit(k, IR_NEG, reg, reg, 0, 0);
    return reg;
  }
  int32_t reg = pivot == k->lu->gamma_reg ? k->reg_next++ : pivot;
  emit(k, LANE_NMADD, reg, l, u, pivot);
  return reg;
}

static int32_t pivot_inverse(lu_maker *k, int32_t pivot)
{
  if (pivot == k->lu->gamma_reg && k->gamma_inverse >= 0) return k->gamma_inverse;
  int32_t reg = pivot == k->lu->gamma_reg ? k->reg_next++ : pivot;
  emit(k, IR_DIV, reg, k->lu->one_reg, pivot, 0);
  if (pivot == k->lu->gamma_reg) k->gamma_inverse = reg;
  return reg;
}

static void row_load(lu_maker *k, int32_t row)
{
  const lane_jacobian *jac = &k->m->jacobian;
  for (int32_t e = k->entry_first[row]; e < k->entry_first[row + 1]; e++)
    k->at[jac->col[e]] = jac->reg[e];
  /* gamma off the diagonal, where a matching moved an equation with a slope: -W holds -gamma */
  if (is_algebraic(k, row) || k->col_of[row] == row) return;
  int32_t reg = k->reg_next++;
  if (k->at[row] >= 0)
    emit(k, IR_SUB, reg, k->at[row], k->lu->gamma_reg, 0);
  else
    emit(k, IR_NEG, reg, k->lu->gamma_reg, 0, 0);
  k->at[row] = reg;
  k->own[row] = true;
}

/* One row of the factors: multipliers with the earlier pivots, its pivot, what is right of it. */
static void factor_row(lu_maker *k, int32_t turn)
{
  int32_t i = k->order[turn], row = k->row_of[i];
  row_load(k, row);
  int32_t pivot = pivot_start(k, i, row);
  for (int32_t q = k->row_pair_first[i]; q < k->row_pair_first[i + 1]; q++) {
    lu_pair *p = &k->below[k->row_pair[q]];
    int32_t from = k->at[p->pivot], before = k->place[p->pivot];
    p->reg = k->own[p->pivot] ? from : k->reg_next++;
    emit(k, IR_MUL, p->reg, from, k->lu->pivot_reg[p->pivot], 0);
    k->at[p->pivot] = -1;
    k->own[p->pivot] = false;
    for (int32_t e = k->right_first[before]; e < k->right_first[before + 1]; e++) {
      const lu_pair *u = &k->right[e];
      if (u->other == i)
        pivot = pivot_update(k, pivot, p->reg, u->reg);
      else
        update(k, u->other, p->reg, u->reg);
    }
  }
  k->lu->pivot_reg[i] = pivot_inverse(k, pivot);
  for (int32_t e = k->right_first[turn]; e < k->right_first[turn + 1]; e++) {
    int32_t j = k->right[e].other;
    k->right[e].reg = keep_entry(k, k->at[j]);
    k->at[j] = -1;
    k->own[j] = false;
  }
  k->at[i] = -1;
  k->own[i] = false;
}

static void emit_solve(lu_maker *k)
{
  int32_t y = k->lu->solution_reg; /* and by column */
  for (int32_t turn = 0; turn < k->n; turn++)
    for (int32_t e = k->below_first[turn]; e < k->below_first[turn + 1]; e++) {
      const lu_pair *p = &k->below[e];
      emit(k, LANE_MADD, y + p->other, p->reg, y + p->pivot, y + p->other);
    }
  for (int32_t turn = k->n - 1; turn >= 0; turn--) {
    int32_t j = k->order[turn];
    emit(k, IR_MUL, y + j, y + j, k->lu->pivot_reg[j], 0);
    for (int32_t q = k->col_pair_first[j]; q < k->col_pair_first[j + 1]; q++) {
      const lu_pair *p = &k->right[k->col_pair[q]];
      emit(k, LANE_MADD, y + p->pivot, p->reg, y + j, y + p->pivot);
    }
  }
}

static void emit_all(lu_maker *k)
{
  lane_lu *lu = k->lu;
  lu->gamma_reg = k->reg_first;
  lu->one_reg = k->reg_first + 1;
  lu->solution_reg = k->reg_first + 2;
  for (int32_t i = 0; i < k->n; i++) lu->place[i] = k->col_of[i];
  k->reg_next = k->reg_first + 2 + k->n;
  k->gamma_inverse = -1;
  mark_fleeting(k);
  for (int32_t j = 0; j < k->n; j++) k->at[j] = -1;
  pairs_by_other(k, k->below, k->below_count, k->row_pair, k->row_pair_first);
  pairs_by_other(k, k->right, k->right_count, k->col_pair, k->col_pair_first);
  for (int32_t turn = 0; turn < k->n; turn++) factor_row(k, turn);
  lu->factor = code_take(k);
  emit_solve(k);
  lu->solve = code_take(k);
  lu->reg_end = k->reg_next;
}

/* ---- the whole ------------------------------------------------------------------------------- */
static void maker_free(lu_maker *k)
{
  void *all[] = {k->entry_first,
                 k->row_of,
                 k->col_of,
                 k->row_set,
                 k->col_set,
                 k->row_size,
                 k->col_size,
                 k->order,
                 k->below,
                 k->right,
                 k->below_first,
                 k->right_first,
                 k->place,
                 k->fleeting,
                 k->copy_of,
                 k->at,
                 k->own,
                 k->row_pair,
                 k->op,
                 k->col_pair,
                 k->row_pair_first,
                 k->col_pair_first};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) gm_free(all[i]);
}

static void maker_init(lu_maker *k, gm_ctx *ctx, const lane_machine *m)
{
  int32_t n = m->nx;
  *k = (lu_maker){.ctx = ctx, .m = m, .n = n, .words = (n + 63) / 64};
  k->entry_first = get(k, n + 1, sizeof *k->entry_first);
  k->row_of = get(k, n, sizeof *k->row_of);
  k->col_of = get(k, n, sizeof *k->col_of);
  k->row_set = get(k, (ptrdiff_t)n * k->words, sizeof *k->row_set);
  k->col_set = get(k, (ptrdiff_t)n * k->words, sizeof *k->col_set);
  k->row_size = get(k, n, sizeof *k->row_size);
  k->col_size = get(k, n, sizeof *k->col_size);
  k->order = get(k, n, sizeof *k->order);
  k->place = get(k, n, sizeof *k->place);
  k->below_first = get(k, n + 1, sizeof *k->below_first);
  k->right_first = get(k, n + 1, sizeof *k->right_first);
  if (k->status) return;
  for (int32_t e = 0; e < m->jacobian.count; e++) k->entry_first[m->jacobian.row[e] + 1]++;
  for (int32_t i = 0; i < n; i++) k->entry_first[i + 1] += k->entry_first[i];
}

static void emission_init(lu_maker *k, int32_t reg_first)
{
  int32_t n = k->n;
  k->reg_first = reg_first;
  k->fleeting = get(k, reg_first, 1);
  k->copy_of = get(k, reg_first, sizeof *k->copy_of);
  k->at = get(k, n, sizeof *k->at);
  k->own = get(k, n, sizeof *k->own);
  k->row_pair = get(k, k->below_count, sizeof *k->row_pair);
  k->row_pair_first = get(k, n + 1, sizeof *k->row_pair_first);
  k->col_pair = get(k, k->right_count, sizeof *k->col_pair);
  k->col_pair_first = get(k, n + 1, sizeof *k->col_pair_first);
  k->lu = get(k, 1, sizeof *k->lu);
  if (!k->lu) return;
  k->lu->nx = n;
  k->lu->place = get(k, n, sizeof *k->lu->place);
  k->lu->pivot_reg = get(k, n, sizeof *k->lu->pivot_reg);
}

gm_status lane_lu_new(gm_ctx *ctx, const lane_machine *m, int32_t reg_first, int32_t op_max,
                      lane_lu **out)
{
  lu_maker k;
  if (m->nx > LANE_LU_STATES_MAX) {
    *out = NULL;
    return GM_OK;
  }
  maker_init(&k, ctx, m);
  bool able = !k.status && match_all(&k);
  if (able) {
    sets_fill(&k);
    able = eliminate(&k, op_max);
  }
  if (able) emission_init(&k, reg_first);
  if (able && !k.status) emit_all(&k);
  gm_status s = k.status;
  if (s) lane_lu_free(k.lu);
  if (!s) *out = k.lu; /* NULL where it was not able */
  maker_free(&k);
  return s;
}

void lane_lu_free(lane_lu *lu)
{
  if (!lu) return;
  gm_free(lu->factor.op);
  gm_free(lu->solve.op);
  gm_free(lu->place);
  gm_free(lu->pivot_reg);
  gm_free(lu);
}
