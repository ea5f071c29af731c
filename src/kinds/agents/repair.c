/* repair.c - the macro view set: agents are added, taken and converted, at random and no more than
 * is needed, so that the counts come out as asked and everything else stays (macro-state update
 * with micro-state repair: Knapp, Cruz, Mehrad & Laubenbacher, J. R. Soc. Interface, 2025,
 * rsif.2025.0055). Draws: (member, number of the set, agent's id). */
#include "kinds/agents/engine.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { PARTS_MAX = 256 };

typedef struct {
  const agents_quantity *q[PARTS_MAX];
  int64_t is[PARTS_MAX], want[PARTS_MAX];
  double asked[PARTS_MAX];
  int32_t count;
} parts;

static uint64_t set_index(const agents_run *r) { return agents_head_of(r->w)->sets; }

static int64_t whole(double x, int64_t max)
{
  x = rint(x);
  return !(x > 0) ? 0 : x < (double)max ? (int64_t)x : max;
}

static gm_agents_turn turn_of(agents_run *r, const agents_quantity *q, int32_t agent)
{
  gm_agents_turn t = agents_world_turn(r, q->meaning, set_index(r));
  t.breed = q->of;
  t.agent = agent;
  t.entity = gm_agents_id(r->w, q->of, agent);
  return t;
}

/* ---- adding ---------------------------------------------------------------------------------- */
static void attributes_copy(gm_agents *w, int32_t breed, int32_t from, int32_t to)
{
  const agents_breed *b = &w->m->breed[breed];
  for (int32_t a = 0; a < b->attribute_count; a++) {
    if (b->attribute[a].whole)
      gm_agents_whole(w, breed, a)[to] = gm_agents_whole(w, breed, a)[from];
    else
      gm_agents_real(w, breed, a)[to] = gm_agents_real(w, breed, a)[from];
  }
}

static void become(agents_run *r, const agents_quantity *q, int32_t agent)
{
  if (q->attribute >= 0) gm_agents_whole(r->w, q->of, q->attribute)[agent] = q->q.value;
  if (!q->q.become) return;
  gm_agents_turn turn = turn_of(r, q, agent);
  q->q.become(&turn);
}

/* A new agent is like one of the donors (those of the value, or else of the breed), in its cell if
 * there is room, or else in a cell drawn. */
static bool add_one(agents_run *r, const agents_quantity *q, const agents_rank *donor, int64_t n,
                    bool alike, int64_t k)
{
  gm_agents *w = r->w;
  uint64_t id = gm_hash64(gm_hash64(q->meaning, set_index(r)), (uint64_t)k);
  int32_t from = -1, cell = -1;
  if (n) {
    double u = gm_uniform(r->key, r->slot, id, gm_kind_draw(q->meaning, 4), set_index(r));
    from = donor[(int64_t)(u * (double)n)].agent;
    cell = gm_agents_cell(w, q->of, from);
  }
  if (w->m->cells && (cell < 0 || !agents_fits(w, q->of, cell)))
    cell = agents_cell_draw(r, q->of, NULL, id, q->meaning, set_index(r));
  if (w->m->cells && cell < 0) return false;
  int32_t i = agents_add(r, q->of, cell, id);
  if (i < 0) return false;
  if (from >= 0) attributes_copy(w, q->of, from, i);
  if (from < 0 || !alike) become(r, q, i);
  return true;
}

static void add(agents_run *r, const agents_quantity *q, int64_t count)
{
  agents_filter f = {.breed = q->of, .attribute = q->attribute, .value = q->q.value};
  agents_rank *donor = NULL;
  int64_t n = agents_ranked(r, &f, q->meaning, set_index(r), &donor);
  bool alike = n > 0;
  if (n == 0 && f.attribute >= 0) {
    gm_free(donor);
    f.attribute = -1;
    n = agents_ranked(r, &f, q->meaning, set_index(r), &donor);
  }
  if (n < 0) return;
  for (int64_t k = 0; k < count; k++)
    if (!add_one(r, q, donor, n, alike, k)) break;
  gm_free(donor);
}

/* ---- taking and converting ------------------------------------------------------------------- */
static void take(agents_run *r, const agents_quantity *q, int64_t count)
{
  agents_filter f = {.breed = q->of, .attribute = q->attribute, .value = q->q.value};
  agents_rank *who = NULL;
  int64_t n = agents_ranked(r, &f, q->meaning, set_index(r), &who);
  if (n < 0) return;
  gm_agents_turn turn = agents_world_turn(r, q->meaning, set_index(r));
  for (int64_t k = 0; k < n && k < count; k++) gm_agents_death(&turn, q->of, who[k].agent);
  gm_free(who);
}

/* Those too many of every part, in one random order. *out for gm_free; -1: no memory. */
static int64_t surplus(agents_run *r, const parts *p, agents_rank **out)
{
  int64_t room = 0, n = 0;
  for (int32_t i = 0; i < p->count; i++)
    if (p->is[i] > p->want[i]) room += p->is[i] - p->want[i];
  agents_rank *all = gm_alloc(r->m->base.ctx, 2 * room + 1, sizeof *all);
  if (!all) r->status |= GM_MEMBER_DIVERGED;
  for (int32_t i = 0; all && i < p->count; i++) {
    const agents_quantity *q = p->q[i];
    agents_filter f = {.breed = q->of, .attribute = q->attribute, .value = q->q.value};
    agents_rank *who = NULL;
    if (p->is[i] <= p->want[i]) continue;
    int64_t found = agents_ranked(r, &f, q->meaning, set_index(r), &who);
    for (int64_t k = 0; k < found && k < p->is[i] - p->want[i]; k++) {
      all[n] = who[k];
      all[n++].from = i;
    }
    gm_free(who);
  }
  if (!all) return -1;
  agents_rank_sort(all, all + room, n);
  *out = all;
  return n;
}

/* Surplus turns into what is missing, as far as it goes; the rest is taken or added. */
static void convert(agents_run *r, parts *p)
{
  agents_rank *spare = NULL;
  int64_t n = surplus(r, p, &spare), k = 0;
  if (n < 0) return;
  for (int32_t i = 0; i < p->count; i++)
    for (; p->is[i] < p->want[i] && k < n; k++, p->is[i]++) {
      p->is[spare[k].from]--;
      become(r, p->q[i], spare[k].agent);
    }
  gm_free(spare);
  for (int32_t i = 0; i < p->count; i++)
    if (p->is[i] > p->want[i]) take(r, p->q[i], p->is[i] - p->want[i]);
  for (int32_t i = 0; i < p->count; i++)
    if (p->is[i] < p->want[i]) add(r, p->q[i], p->want[i] - p->is[i]);
}

/* A closed breed: the asked counts are brought to its number by largest remainders. */
static void close_sum(parts *p)
{
  int64_t total = 0, given = 0;
  double asked = 0, rest[PARTS_MAX];
  for (int32_t i = 0; i < p->count; i++) {
    total += p->is[i];
    p->asked[i] = p->asked[i] > 0 ? fmin(p->asked[i], 1e15) : 0;
    asked += p->asked[i];
  }
  for (int32_t i = 0; i < p->count; i++) {
    double share = asked > 0 ? p->asked[i] / asked * (double)total : (double)p->is[i];
    if (asked == (double)total) share = p->asked[i]; /* as it was asked */
    p->want[i] = (int64_t)floor(share);
    rest[i] = share - floor(share);
    given += p->want[i];
  }
  while (given < total) {
    int32_t best = 0;
    for (int32_t i = 1; i < p->count; i++)
      if (rest[i] > rest[best]) best = i;
    p->want[best]++;
    rest[best] -= 1;
    given++;
  }
  for (int32_t i = 0; given > total; i = (i + 1) % p->count) /* by rounding only */
    if (p->want[i] > 0) {
      p->want[i]--;
      given--;
    }
}

void agents_repair_counts(agents_run *r, int32_t breed, const double *want)
{
  const agents_model *m = r->m;
  const agents_breed *b = &m->breed[breed];
  parts p = {.count = 0};
  for (int32_t k = 0; k < m->macro_count; k++) {
    const agents_quantity *q = &m->macro[k];
    if (q->q.kind != GM_AGENTS_COUNT || q->of != breed || p.count == PARTS_MAX) continue;
    p.q[p.count] = q;
    p.asked[p.count] = want[k];
    p.is[p.count] = (int64_t)agents_quantity_of(r->w, q);
    p.want[p.count++] = whole(want[k], b->count_max);
  }
  if (!p.count) return;
  if (b->closed) close_sum(&p);
  convert(r, &p);
}

/* ---- sums ------------------------------------------------------------------------------------ */
typedef struct {
  double *a;
  int64_t n;
  double lower, upper;
  bool scale; /* by a factor, or else by a shift */
} column;

static double moved(const column *c, double a, double by)
{
  a = c->scale ? a * by : a + by;
  return a < c->lower ? c->lower : a > c->upper ? c->upper : a;
}

static double sum_moved(const column *c, double by)
{
  double sum = 0;
  for (int64_t i = 0; i < c->n; i++) sum += moved(c, c->a[i], by);
  return sum;
}

/* The factor or shift that gives the sum, by doubling and halving: the sum grows with it. */
static double found(const column *c, double sum, double first)
{
  double low, high, width = 1;
  if (fabs(sum_moved(c, first) - sum) <= 1e-12 * fabs(sum)) return first; /* no bound is met */
  if (c->scale) {
    low = 0;
    high = first > 1 ? first : 1;
    while (sum_moved(c, high) < sum && high < 1e200) high *= 4;
  } else {
    low = high = first;
    while (sum_moved(c, low) > sum && width < 1e200) low -= (width *= 4);
    width = 1;
    while (sum_moved(c, high) < sum && width < 1e200) high += (width *= 4);
  }
  for (int k = 0; k < 1100 && low < high; k++) {
    double middle = low + (high - low) / 2;
    if (!(low < middle && middle < high)) break;
    if (sum_moved(c, middle) < sum)
      low = middle;
    else
      high = middle;
  }
  return high;
}

void agents_repair_sum(agents_run *r, int32_t breed, int32_t attribute, double sum)
{
  const gm_agents_attribute *a = &r->m->breed[breed].attribute[attribute];
  column c = {.a = gm_agents_real(r->w, breed, attribute),
              .n = r->w->size[breed],
              .lower = a->lower,
              .upper = a->upper};
  double is = 0, least = INFINITY;
  for (int64_t i = 0; i < c.n; i++) {
    is += c.a[i];
    least = c.a[i] < least ? c.a[i] : least;
  }
  if (!c.n || !isfinite(is)) return;
  c.scale = least >= 0 && is > 0 && sum >= 0 && a->lower >= 0;
  if (c.scale && isfinite(a->upper)) { /* zeros stay zero: can the others give it? */
    double most = 0;
    for (int64_t i = 0; i < c.n; i++) most += c.a[i] > 0 ? a->upper : 0;
    if (most < sum) c.scale = false;
  }
  double by = found(&c, sum, c.scale ? sum / is : (sum - is) / (double)c.n);
  for (int64_t i = 0; i < c.n; i++) c.a[i] = moved(&c, c.a[i], by);
}
