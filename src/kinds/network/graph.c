/* graph.c - layers of contacts: listed, regular, or random by key. */
#include "kinds/network/graph.h"
#include "gemel/math.h"
#include <math.h>
#include <string.h>

/* Third word of the draws' counters (gm_kind_draw). Never renumbered. */
enum { DRAW_REWIRE = 48, DRAW_TARGET = 49, DRAW_SKIP = 50, DRAW_ATTACH = 51 };

typedef struct {
  gm_ctx *ctx;
  const gm_network_layer *layer;
  const char *where;
  int32_t n;
  gm_key key;
  gm_network_edge *edge; /* every one once: both ways unless directed */
  int32_t count, room;
} maker;

static gm_status put(maker *k, int32_t from, int32_t to, double weight)
{
  if (k->count == k->room) {
    if (k->count >= NET_EDGE_MAX / 2)
      return gm_fail(k->ctx, GM_ERANGE, "%s: more than %d edges", k->where, NET_EDGE_MAX / 2);
    int32_t room = k->room ? 2 * k->room : 64;
    gm_status s = gm_grow(k->ctx, &k->edge, k->count, room, sizeof *k->edge);
    if (s) return s;
    k->room = room;
  }
  k->edge[k->count++] = (gm_network_edge){from, to, weight};
  return GM_OK;
}

static double uniform(const maker *k, uint32_t kind, uint64_t entity, uint64_t index)
{
  return gm_uniform(k->key, 0, entity, gm_kind_draw(kind, 0), index);
}

/* A whole number 0 .. n-1. */
static int32_t below(const maker *k, uint32_t kind, uint64_t entity, uint64_t index, int32_t n)
{
  int32_t i = (int32_t)(uniform(k, kind, entity, index) * n);
  return i < n ? i : n - 1;
}

/* ---- the kinds ------------------------------------------------------------------------------- */
static gm_status listed(maker *k)
{
  const gm_network_layer *l = k->layer;
  if (l->edge_count < 0 || (l->edge_count > 0 && !l->edge))
    return gm_fail(k->ctx, GM_EINVAL, "%s: a list of edges is expected", k->where);
  for (int32_t i = 0; i < l->edge_count; i++) {
    gm_network_edge e = l->edge[i];
    if (e.from < 0 || e.from >= k->n || e.to < 0 || e.to >= k->n)
      return gm_fail(k->ctx, GM_ERANGE, "%s: edge %d joins nodes %d and %d; 0 to %d are expected",
                     k->where, (int)i, (int)e.from, (int)e.to, (int)k->n - 1);
    if (e.from == e.to)
      return gm_fail(k->ctx, GM_EINVAL, "%s: edge %d joins node %d with itself", k->where, (int)i,
                     (int)e.from);
    if (!isfinite(e.weight) || e.weight < 0)
      return gm_fail(k->ctx, GM_EDOMAIN, "%s: edge %d has weight %g; a finite one >= 0 is expected",
                     k->where, (int)i, e.weight);
    gm_status s = put(k, e.from, e.to, e.weight == 0 ? 1 : e.weight);
    if (s) return s;
  }
  return GM_OK;
}

static gm_status lattice_check(const maker *k)
{
  const gm_network_layer *l = k->layer;
  int32_t w = l->width, h = l->height;
  if (w < 1 || h < 1 || (int64_t)w * h != k->n)
    return gm_fail(k->ctx, GM_ERANGE, "%s: a lattice of %d x %d; %d nodes are expected", k->where,
                   (int)w, (int)h, (int)k->n);
  if (l->torus && (w < 3 || h < 3))
    return gm_fail(k->ctx, GM_ERANGE, "%s: a torus of %d x %d; at least 3 x 3 is expected",
                   k->where, (int)w, (int)h);
  return GM_OK;
}

static gm_status lattice(maker *k)
{
  const gm_network_layer *l = k->layer;
  gm_status bad = lattice_check(k);
  if (bad) return bad;
  const int32_t across[] = {1, 0, 1, 1}, down[] = {0, 1, 1, -1};
  int32_t w = l->width, h = l->height, ways = l->diagonal ? 4 : 2;
  for (int32_t i = 0; i < k->n; i++)
    for (int32_t way = 0; way < ways; way++) {
      int32_t x = i % w + across[way], y = i / w + down[way];
      if (l->torus) {
        x = (x + w) % w;
        y = (y + h) % h;
      }
      if (x < 0 || x >= w || y < 0 || y >= h) continue;
      gm_status s = put(k, i, y * w + x, 1);
      if (s) return s;
    }
  return GM_OK;
}

/* Nodes joined to each node, as the ring is rewired: a row of `room` places a node. */
typedef struct {
  int32_t *count, *row; /* [n] [n][room] */
  int32_t room;
} ring;

static bool ring_has(const ring *r, int32_t a, int32_t b)
{
  const int32_t *row = r->row + (ptrdiff_t)a * r->room;
  for (int32_t i = 0; i < r->count[a]; i++)
    if (row[i] == b) return true;
  return false;
}

static bool ring_full(const ring *r, int32_t a) { return r->count[a] == r->room; }

static void ring_join(ring *r, int32_t a, int32_t b)
{
  r->row[(ptrdiff_t)a * r->room + r->count[a]++] = b;
  r->row[(ptrdiff_t)b * r->room + r->count[b]++] = a;
}

static void ring_part(ring *r, int32_t a, int32_t b)
{
  for (int way = 0; way < 2; way++) {
    int32_t from = way ? b : a, other = way ? a : b, *row = r->row + (ptrdiff_t)from * r->room;
    for (int32_t i = 0; i < r->count[from]; i++)
      if (row[i] == other) {
        row[i] = row[--r->count[from]];
        break;
      }
  }
}

/* Rewires the edge of node i to its j-th follower: another end, neither itself nor joined already.
 * When no such end is found in 1,000 draws the edge stays. */
static void rewire(const maker *k, ring *r, int32_t i, int32_t j)
{
  uint64_t entity = (uint64_t)i * (uint64_t)k->n + (uint64_t)j;
  int32_t end = (i + j) % k->n;
  if (!(uniform(k, DRAW_REWIRE, entity, 0) < k->layer->rewire)) return;
  for (uint64_t attempt = 0; attempt < 1000; attempt++) {
    int32_t other = below(k, DRAW_TARGET, entity, attempt, k->n);
    if (other == i || ring_has(r, i, other) || ring_full(r, other)) continue;
    ring_part(r, i, end);
    ring_join(r, i, other);
    return;
  }
}

static gm_status ring_to_edges(maker *k, const ring *r)
{
  for (int32_t i = 0; i < k->n; i++)
    for (int32_t q = 0; q < r->count[i]; q++) {
      int32_t to = r->row[(ptrdiff_t)i * r->room + q];
      gm_status s = to > i ? put(k, i, to, 1) : GM_OK;
      if (s) return s;
    }
  return GM_OK;
}

static gm_status small_world_check(const maker *k)
{
  int32_t near = k->layer->neighbours, n = k->n;
  if (near < 2 || near % 2 || near >= n)
    return gm_fail(k->ctx, GM_ERANGE,
                   "%s: %d neighbours; an even number from 2 to below %d is expected", k->where,
                   (int)near, (int)n);
  if (!(k->layer->rewire >= 0 && k->layer->rewire <= 1))
    return gm_fail(k->ctx, GM_EDOMAIN, "%s: rewired with probability %g; 0 to 1 is expected",
                   k->where, k->layer->rewire);
  return GM_OK;
}

/* The ring with its rewired edges. */
static void ring_make(const maker *k, ring *r)
{
  int32_t half = k->layer->neighbours / 2, n = k->n;
  for (int32_t i = 0; i < n; i++)
    for (int32_t j = 1; j <= half; j++)
      if (!ring_has(r, i, (i + j) % n)) ring_join(r, i, (i + j) % n);
  for (int32_t j = 1; j <= half; j++)
    for (int32_t i = 0; i < n; i++)
      if (ring_has(r, i, (i + j) % n)) rewire(k, r, i, j);
}

static gm_status small_world(maker *k)
{
  int32_t near = k->layer->neighbours, n = k->n;
  gm_status s = small_world_check(k);
  if (s) return s;
  /* degrees after rewiring stay far below: each end is taken with probability 1/n */
  int32_t room = near + 64 < n ? near + 64 : n;
  ring r = {gm_alloc(k->ctx, n, sizeof(int32_t)),
            gm_alloc(k->ctx, (ptrdiff_t)n * room, sizeof(int32_t)), room};
  if (!r.count || !r.row) s = gm_fail(k->ctx, GM_ENOMEM, "%s: ring of %d nodes", k->where, (int)n);
  if (!s) ring_make(k, &r);
  if (!s) s = ring_to_edges(k, &r);
  gm_free(r.count);
  gm_free(r.row);
  return s;
}

/* Pairs in order, skipping a geometric number of them (Batagelj & Brandes, Phys. Rev. E 71:036113,
 * 2005). */
static gm_status random_pairs(maker *k)
{
  double p = k->layer->probability, last = p < 1 ? gm_log1p(-p) : 0;
  if (!(p >= 0 && p <= 1))
    return gm_fail(k->ctx, GM_EDOMAIN, "%s: edges with probability %g; 0 to 1 is expected",
                   k->where, p);
  int64_t v = 1, w = -1;
  for (uint64_t draw = 0; p > 0 && v < k->n; draw++) {
    double skip = p < 1 ? floor(gm_ln(uniform(k, DRAW_SKIP, 0, draw)) / last) : 0;
    if (!(skip < 0x1p52)) break;
    w += 1 + (int64_t)skip;
    while (v < k->n && w >= v) {
      w -= v;
      v++;
    }
    gm_status s = v < k->n ? put(k, (int32_t)w, (int32_t)v, 1) : GM_OK;
    if (s) return s;
  }
  return GM_OK;
}

static bool is_chosen(const maker *k, int32_t first, int32_t target)
{
  for (int32_t e = first; e < k->count; e++)
    if (k->edge[e].to == target) return true;
  return false;
}

/* A node is chosen by its degree: as an end of an edge chosen at random. Begins with attach + 1
 * nodes joined to each other. */
static gm_status preferential(maker *k)
{
  int32_t m = k->layer->attach;
  if (m < 1 || m >= k->n)
    return gm_fail(k->ctx, GM_ERANGE, "%s: newcomers attach to %d; 1 to %d are expected", k->where,
                   (int)m, (int)k->n - 1);
  gm_status s = GM_OK;
  for (int32_t i = 1; i <= m; i++)
    for (int32_t j = 0; j < i && !s; j++) s = put(k, i, j, 1);
  for (int32_t i = m + 1; i < k->n && !s; i++) {
    int32_t first = k->count;
    for (uint64_t draw = 0; k->count < first + m && !s; draw++) {
      int32_t end = below(k, DRAW_ATTACH, (uint64_t)i, draw, 2 * first);
      int32_t target = end % 2 ? k->edge[end / 2].to : k->edge[end / 2].from;
      if (!is_chosen(k, first, target)) s = put(k, i, target, 1);
    }
  }
  return s;
}

/* Of listed groups: chains of nodes, one a group; groups are numbered below n. */
static gm_status groups_listed(maker *k)
{
  const int32_t *group = k->layer->group;
  int32_t *last = gm_alloc(k->ctx, k->n, sizeof *last);   /* [group] its last node + 1 */
  int32_t *before = gm_alloc(k->ctx, k->n, sizeof *last); /* [node] the one before it + 1 */
  gm_status s = GM_OK;
  if (!last || !before) s = gm_fail(k->ctx, GM_ENOMEM, "%s: groups", k->where);
  for (int32_t i = 0; i < k->n && !s; i++) {
    if (group[i] < 0) continue;
    if (group[i] >= k->n) {
      s = gm_fail(k->ctx, GM_ERANGE, "%s: node %d is in group %d; 0 to %d, or -1, is expected",
                  k->where, (int)i, (int)group[i], (int)k->n - 1);
      break;
    }
    before[i] = last[group[i]];
    last[group[i]] = i + 1;
    for (int32_t j = before[i]; j && !s; j = before[j - 1]) s = put(k, j - 1, i, 1);
  }
  gm_free(last);
  gm_free(before);
  return s;
}

static gm_status groups(maker *k)
{
  if (k->layer->group) return groups_listed(k);
  int32_t size = k->layer->group_size;
  if (size < 1)
    return gm_fail(k->ctx, GM_ERANGE, "%s: groups of %d; 1 or more are expected", k->where,
                   (int)size);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < k->n; i++)
    for (int32_t j = i - i % size; j < i && !s; j++) s = put(k, j, i, 1);
  return s;
}

/* ---- rows ------------------------------------------------------------------------------------ */
static void degrees(const maker *k, net_graph *g)
{
  bool both = !k->layer->directed;
  memset(g->degree, 0, (size_t)k->n * sizeof *g->degree);
  for (int32_t e = 0; e < k->count; e++) {
    g->degree[k->edge[e].to] += k->edge[e].weight;
    if (both) g->degree[k->edge[e].from] += k->edge[e].weight;
  }
}

/* Multiples of 2^-51 of the next power of two above the largest sum. */
static gm_status to_grid(maker *k, net_graph *g)
{
  double largest = 0;
  int power;
  for (int32_t i = 0; i < k->n; i++) largest = fmax(largest, g->degree[i]);
  if (!isfinite(largest))
    return gm_fail(k->ctx, GM_ERANGE, "%s: summed weights beyond the doubles", k->where);
  (void)frexp(largest, &power);
  double unit = ldexp(1, power - 51);
  if (unit == 0 || largest == 0) return GM_OK;
  for (int32_t e = 0; e < k->count; e++) k->edge[e].weight = rint(k->edge[e].weight / unit) * unit;
  degrees(k, g);
  return GM_OK;
}

static void row_put(net_graph *g, int32_t from, int32_t to, double w)
{
  int32_t at = g->first[from + 1]++; /* filled from the place of the row before */
  g->to[at] = to;
  g->w[at] = w;
}

static void rows_fill(const maker *k, net_graph *g)
{
  bool both = !k->layer->directed;
  for (int32_t e = 0; e < k->count; e++) {
    if (k->edge[e].from + 2 <= k->n) g->first[k->edge[e].from + 2]++;
    if (both && k->edge[e].to + 2 <= k->n) g->first[k->edge[e].to + 2]++;
  }
  for (int32_t i = 2; i <= k->n; i++) g->first[i] += g->first[i - 1];
  for (int32_t e = 0; e < k->count; e++) {
    row_put(g, k->edge[e].from, k->edge[e].to, k->edge[e].weight);
    if (both) row_put(g, k->edge[e].to, k->edge[e].from, k->edge[e].weight);
  }
}

static gm_status rows_make(maker *k, net_graph *g)
{
  ptrdiff_t edges = (ptrdiff_t)k->count * (k->layer->directed ? 1 : 2);
  g->first = gm_alloc(k->ctx, (ptrdiff_t)k->n + 1, sizeof *g->first);
  g->to = gm_alloc(k->ctx, edges, sizeof *g->to);
  g->w = gm_alloc(k->ctx, edges, sizeof *g->w);
  g->degree = gm_alloc(k->ctx, k->n, sizeof *g->degree);
  if (!g->first || !g->to || !g->w || !g->degree)
    return gm_fail(k->ctx, GM_ENOMEM, "%s: %d edges", k->where, (int)k->count);
  for (int32_t e = 0; e < k->count; e++) k->edge[e].weight *= g->weight;
  degrees(k, g);
  gm_status s = to_grid(k, g);
  if (!s) rows_fill(k, g);
  return s;
}

static gm_status edges_make(maker *k)
{
  switch (k->layer->kind) {
  case GM_GRAPH_EDGES: return listed(k);
  case GM_GRAPH_LATTICE: return lattice(k);
  case GM_GRAPH_SMALL_WORLD: return small_world(k);
  case GM_GRAPH_RANDOM: return random_pairs(k);
  case GM_GRAPH_PREFERENTIAL: return preferential(k);
  case GM_GRAPH_GROUPS: return groups(k);
  case GM_GRAPH_COMPLETE: break;
  }
  return gm_fail(k->ctx, GM_EINVAL, "%s: no kind of graph has number %d", k->where,
                 (int)k->layer->kind);
}

gm_status net_graph_make(gm_ctx *ctx, const gm_network_layer *layer, int32_t n, const char *where,
                         net_graph *out)
{
  net_graph g = {.weight = layer->weight == 0 ? 1 : layer->weight};
  uint64_t name = gm_hash_text(layer->name ? layer->name : "");
  maker k = {.ctx = ctx,
             .layer = layer,
             .where = where,
             .n = n,
             .key = gm_key_make(layer->seed, GM_PURPOSE_POPULATION, name, 0)};
  if (!isfinite(g.weight) || g.weight < 0)
    return gm_fail(ctx, GM_EDOMAIN, "%s: weight %g; a finite one >= 0 is expected", where,
                   layer->weight);
  if (layer->directed && layer->kind != GM_GRAPH_EDGES)
    return gm_fail(ctx, GM_EUNSUPPORTED, "%s: only listed edges may be directed", where);
  if (layer->kind == GM_GRAPH_COMPLETE) {
    g.complete = true;
    *out = g;
    return GM_OK;
  }
  gm_status s = edges_make(&k);
  if (!s) s = rows_make(&k, &g);
  gm_free(k.edge);
  if (s)
    net_graph_free(&g);
  else
    *out = g;
  return s;
}

void net_graph_free(net_graph *g)
{
  gm_free(g->first);
  gm_free(g->to);
  gm_free(g->w);
  gm_free(g->degree);
  *g = (net_graph){0};
}
