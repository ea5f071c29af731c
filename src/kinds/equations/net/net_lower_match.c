/* net_lower_match.c - which symbol each algebraic rule determines: a matching of rules and symbols
 * (SBML L3V2, section 4.9.5), by augmenting paths (Kuhn 1955), without recursion.
 *
 * A rule may determine what appears in it, or in an assignment rule it uses, and nothing else
 * determines. Where there is a choice the likeliest go first: what has no value of its own, then
 * what no event sets; a choice that is left open is refused. */
#include "kinds/equations/net/net_internal.h"
#include "kinds/equations/tables.h"
#include <math.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  lowering *l;
  int32_t *first;  /* [row_count + 1] candidates of a row in `symbol` */
  int32_t *symbol; /* candidates, rows one after the other */
  int32_t count, room;
  int32_t *stamp;   /* [nodes] row that met it last, + 1 */
  int32_t *seen;    /* [symbols] likewise */
  int32_t *stack;   /* [nodes] of the expression being looked through */
  int32_t *from;    /* [symbols] row from which a symbol was reached */
  int32_t *touched; /* [symbols] those with a `from` */
  int32_t *queue;   /* [rows] */
  int32_t depth, touched_count;
  int64_t work;
} matching;

/* Looks at a node, at most. */
enum { WORK_MAX = 200000000 };

enum { TIER_UNKNOWN, TIER_STATED, TIER_BOUNDARY, TIER_EVENT, TIER_COUNT };

static bool is_candidate(const lowering *l, int32_t i)
{
  const net_symbol *y = &l->n->symbol[i];
  return !y->constant && y->kind != NET_REACTION && y->rule < 0 && y->rate < 0 &&
         !l->symbol[i].moves;
}

static int tier(const lowering *l, int32_t i)
{
  const net_symbol *y = &l->n->symbol[i];
  if (l->symbol[i].jumps) return TIER_EVENT;
  if (isnan(y->value) && y->initial < 0) return TIER_UNKNOWN;
  return y->kind == NET_SPECIES && y->boundary ? TIER_BOUNDARY : TIER_STATED;
}

static gm_status candidate(matching *m, int32_t i)
{
  gm_status s = eq_room(m->l->ctx, &m->symbol, m->count, &m->room, sizeof *m->symbol);
  if (!s) m->symbol[m->count++] = i;
  return s;
}

static void look_at(matching *m, ir_ref node, int32_t row)
{
  if (node < 0 || m->stamp[node] == row + 1) return;
  m->stamp[node] = row + 1;
  m->stack[m->depth++] = node;
}

/* Collects the candidates of a row: names in it, and behind assignment rules. */
static gm_status candidates(matching *m, int32_t row)
{
  lowering *l = m->l;
  gm_status s = GM_OK;
  m->depth = 0;
  look_at(m, l->n->algebraic[row], row);
  while (m->depth > 0 && !s) {
    if (++m->work > WORK_MAX)
      return nl_fail(l, -1, GM_ERANGE, "algebraic rules that are too large together");
    const ir_node *n = &l->graph->node[m->stack[--m->depth]];
    if (n->op != IR_SYMBOL) {
      look_at(m, n->a, row);
      look_at(m, n->b, row);
      look_at(m, n->c, row);
      continue;
    }
    if (m->seen[n->index] == row + 1) continue;
    m->seen[n->index] = row + 1;
    look_at(m, l->n->symbol[n->index].rule, row);
    if (l->symbol[n->index].reaction >= 0)
      look_at(m, l->n->reaction[l->symbol[n->index].reaction].rate, row);
    if (is_candidate(l, n->index)) s = candidate(m, n->index);
  }
  return s;
}

/* Follows the path back from a free symbol, giving every row on it its new symbol. */
static void flip(matching *m, int32_t symbol)
{
  lowering *l = m->l;
  while (symbol >= 0) {
    int32_t row = m->from[symbol], before = l->row_unknown[row];
    l->row_unknown[row] = symbol;
    l->symbol[symbol].row = row;
    symbol = before;
  }
}

/* Tries to give the row a symbol of a tier up to tier_max; breadth first, rows that hold a symbol
 * may take another. */
static bool augment(matching *m, int32_t row, int tier_max)
{
  lowering *l = m->l;
  int32_t head = 0, tail = 0;
  while (m->touched_count > 0) m->from[m->touched[--m->touched_count]] = -1;
  m->queue[tail++] = row;
  while (head < tail) {
    int32_t r = m->queue[head++];
    for (int32_t k = m->first[r]; k < m->first[r + 1]; k++) {
      int32_t i = m->symbol[k];
      if (m->from[i] >= 0 || tier(l, i) > tier_max) continue;
      m->from[i] = r;
      m->touched[m->touched_count++] = i;
      m->work += m->first[r + 1] - m->first[r];
      if (l->symbol[i].row < 0) {
        flip(m, i);
        return true;
      }
      m->queue[tail++] = l->symbol[i].row;
    }
  }
  return false;
}

static gm_status not_matched(matching *m, int32_t row)
{
  lowering *l = m->l;
  if (m->first[row] == m->first[row + 1])
    return nl_fail(l, -1, GM_EUNSUPPORTED,
                   "algebraic rule %d: nothing in it is left for it to determine", (int)row + 1);
  return nl_fail(
      l, m->symbol[m->first[row]], GM_EUNSUPPORTED,
      "algebraic rule %d: what it could determine (%.100s, ...) is determined by another "
      "one",
      (int)row + 1, l->n->symbol[m->symbol[m->first[row]]].name);
}

/* Is there another symbol that the row could as well determine? */
static gm_status unique(matching *m, int32_t row)
{
  lowering *l = m->l;
  int32_t u = l->row_unknown[row];
  if (l->symbol[u].jumps)
    return nl_fail(l, u, GM_EUNSUPPORTED,
                   "%.100s is determined by an algebraic rule and set by an event",
                   l->n->symbol[u].name);
  for (int32_t k = m->first[row]; k < m->first[row + 1]; k++) {
    int32_t i = m->symbol[k];
    if (l->symbol[i].row < 0 && tier(l, i) <= tier(l, u))
      return nl_fail(l, u, GM_EUNSUPPORTED,
                     "algebraic rule %d could determine %.100s or %.100s: make one of them "
                     "constant",
                     (int)row + 1, l->n->symbol[u].name, l->n->symbol[i].name);
  }
  return GM_OK;
}

static int by_order(const void *a, const void *b)
{
  const int32_t *p = a, *q = b;
  return (*p > *q) - (*p < *q);
}

static gm_status match_all(matching *m)
{
  lowering *l = m->l;
  int32_t rows = l->n->algebraic_count;
  gm_status s = GM_OK;
  for (int32_t r = 0; r < rows && !s; r++) {
    m->first[r] = m->count;
    s = candidates(m, r);
    if (!s && m->count > m->first[r])
      qsort(m->symbol + m->first[r], (size_t)(m->count - m->first[r]), sizeof *m->symbol, by_order);
  }
  if (s) return s;
  m->first[rows] = m->count;
  for (int t = 0; t < TIER_COUNT; t++)
    for (int32_t r = 0; r < rows; r++)
      if (l->row_unknown[r] < 0 && m->work <= WORK_MAX) (void)augment(m, r, t);
  if (m->work > WORK_MAX)
    return nl_fail(l, -1, GM_ERANGE, "algebraic rules that are too large together");
  for (int32_t r = 0; r < rows; r++)
    if (l->row_unknown[r] < 0) return not_matched(m, r);
  for (int32_t r = 0; r < rows && !s; r++) s = unique(m, r);
  l->row_count = rows;
  return s;
}

gm_status nl_match(lowering *l)
{
  int32_t rows = l->n->algebraic_count;
  if (rows == 0) return GM_OK;
  matching m = {.l = l};
  m.first = gm_alloc(l->ctx, (ptrdiff_t)rows + 1, sizeof *m.first);
  m.queue = gm_alloc(l->ctx, rows, sizeof *m.queue);
  m.seen = gm_alloc(l->ctx, l->count, sizeof *m.seen);
  m.from = gm_alloc(l->ctx, l->count, sizeof *m.from);
  m.touched = gm_alloc(l->ctx, l->count, sizeof *m.touched);
  m.stamp = gm_alloc(l->ctx, l->graph->count, sizeof *m.stamp);
  m.stack = gm_alloc(l->ctx, l->graph->count, sizeof *m.stack);
  gm_status s = GM_OK;
  if (!m.first || !m.queue || !m.seen || !m.from || !m.touched || !m.stamp || !m.stack)
    s = gm_fail(l->ctx, GM_ENOMEM, "algebraic rules");
  for (int32_t i = 0; i < l->count && !s; i++) m.from[i] = -1;
  if (!s) s = match_all(&m);
  gm_free(m.first);
  gm_free(m.queue);
  gm_free(m.seen);
  gm_free(m.from);
  gm_free(m.touched);
  gm_free(m.stamp);
  gm_free(m.stack);
  gm_free(m.symbol);
  return s;
}
