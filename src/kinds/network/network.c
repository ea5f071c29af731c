/* network.c - the kind `network` under the model contract. */
#include "kinds/network/run.h"
#include "model/cutter.h"
#include <assert.h>
#include <math.h>
#include <string.h>

typedef struct {
  gm_model base;
  net_machine machine;
} net_model;

static const net_machine *machine_of(const gm_model *model)
{
  return &((const net_model *)model)->machine;
}

static gm_status network_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  net_model *n = gm_alloc(ctx, 1, sizeof *n);
  if (!n) return gm_fail(ctx, GM_ENOMEM, "network");
  gm_status s = net_machine_make(ctx, config, &n->machine);
  if (s) {
    gm_free(n);
    return s;
  }
  n->base.type = &gm_network;
  n->base.ctx = ctx;
  *out = &n->base;
  return GM_OK;
}

static void network_destroy(gm_model *model)
{
  net_machine_free(&((net_model *)model)->machine);
  gm_free(model);
}

static void network_info(const gm_model *model, gm_model_info *out)
{
  const net_machine *m = machine_of(model);
  *out = (gm_model_info){.flags = GM_MODEL_STOCHASTIC,
                         .state_count = m->row_count,
                         .parameter_count = m->np,
                         .input_count = m->nport,
                         .output_count = m->ny,
                         .time_unit = m->time_unit,
                         .name = m->name,
                         .solver = "next reaction (exact), one unit-rate clock a node"};
}

static const gm_var *network_table(const gm_model *model, gm_table which, int32_t *count_out)
{
  const net_machine *m = machine_of(model);
  switch (which) {
  case GM_TABLE_STATE: *count_out = m->row_count; return m->table_state;
  case GM_TABLE_PARAMETER: *count_out = m->np; return m->table_parameter;
  case GM_TABLE_INPUT: *count_out = m->nport; return m->table_input;
  case GM_TABLE_OUTPUT: *count_out = m->ny; return m->table_output;
  }
  *count_out = 0;
  return NULL;
}

/* ---- work: one block of memory --------------------------------------------------------------- */
static void work_cut(gm_cutter *c, void *work, const void *machine)
{
  net_run *r = work;
  const net_machine *m = machine;
  ptrdiff_t n = m->n, clocks = n + m->nport;
  double **clock[] = {&r->left, &r->since, &r->rate, &r->when, &r->number};
  for (size_t i = 0; i < sizeof clock / sizeof *clock; i++)
    *clock[i] = gm__cut(c, clocks, sizeof(double));
  r->theta = gm__cut(c, m->np, sizeof(double));
  r->profile = gm__cut(c, m->nf, sizeof(double));
  r->x = gm__cut(c, n, sizeof(int32_t));
  r->count = gm__cut(c, m->ns, sizeof(double));
  r->counter = gm__cut(c, m->nc, sizeof(double));
  r->near = gm__cut(c, n * m->nstored * m->ns, sizeof(double));
  r->done = gm__cut(c, m->nport + 1, sizeof(double));
  r->heap = gm__cut(c, clocks, sizeof(int32_t));
  r->place = gm__cut(c, clocks, sizeof(int32_t));
  r->value = gm__cut(c, m->formula_most, sizeof(double));
  r->memory = gm__cut(c, m->memory, sizeof(double));
  r->pick_u = gm__cut(c, n, sizeof(double));
  r->pick = gm__cut(c, n, sizeof(int32_t));
  r->stamp = gm__cut(c, n, sizeof(int32_t));
}

static gm_status network_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out)
{
  const net_machine *m = machine_of(model);
  net_run sizes, *r = gm__cut_work(ctx, sizeof *r, work_cut, m, &sizes);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "work of %d nodes", (int)m->n);
  r->base.model = model;
  r->m = m;
  r->clock_count = m->n + m->nport;
  *out = &r->base;
  return GM_OK;
}

static void network_work_free(gm_work *work) { gm_free(work); }

/* ---- members --------------------------------------------------------------------------------- */
static void network_init(const gm_model *model, gm_work *work, const gm_batch *b, double t0)
{
  (void)model;
  net_run *r = (net_run *)work;
  assert(b->nd == 0); /* a jump has no tangent */
  for (int32_t i = 0; i < b->n; i++) {
    net_member_take(r, b, i);
    net_member_init(r, t0);
    net_member_store(r);
    if (b->status) b->status[i] = r->status;
  }
}

static void network_advance(const gm_model *model, gm_work *work, const gm_batch *b,
                            const gm_span *span, gm_arena *arena)
{
  (void)model;
  (void)arena;
  net_run *r = (net_run *)work;
  assert(b->nd == 0);
  for (int32_t i = 0; i < b->n; i++) {
    net_member_take(r, b, i);
    net_member_advance(r, &span[i]);
  }
}

static void network_observe(const gm_model *model, gm_work *work, const gm_batch *b, double t,
                            double *y, gm_arena *arena)
{
  (void)arena;
  net_run *r = (net_run *)work;
  for (int32_t i = 0; i < b->n; i++) {
    net_member_take(r, b, i);
    net_member_load(r, t);
    net_outputs(r, y + (ptrdiff_t)i * machine_of(model)->ny);
  }
}

/* ---- macro view ------------------------------------------------------------------------------ */
static int32_t network_macro_count(const gm_model *model) { return machine_of(model)->macro_count; }

static void network_get(const gm_model *model, const gm_batch *b, double *macro)
{
  int32_t count = network_macro_count(model);
  for (int32_t i = 0; i < b->n; i++)
    for (int32_t k = 0; k < count; k++) macro[(ptrdiff_t)i * count + k] = *gm__row_of(b, i, k);
}

/* The nearest point of the simplex {c >= 0, sum c = n} (Held, Wolfe & Crowder, Math. Program. 6:62,
 * 1974), then whole numbers by largest remainder. wish: finite. */
static void counts_near(const double *wish, int32_t ns, int32_t n, int32_t *target)
{
  double sorted[NET_STATE_MAX], rest[NET_STATE_MAX], sum = 0, shift = 0;
  int32_t left = n;
  for (int32_t i = 0; i < ns; i++) {
    int32_t k = i;
    for (; k > 0 && sorted[k - 1] < wish[i]; k--) sorted[k] = sorted[k - 1];
    sorted[k] = wish[i];
  }
  for (int32_t i = 0; i < ns; i++) {
    sum += sorted[i];
    double next = (sum - n) / (i + 1);
    if (sorted[i] - next > 0) shift = next;
  }
  for (int32_t i = 0; i < ns; i++) {
    double is = fmax(wish[i] - shift, 0), low = fmin(floor(is), left);
    target[i] = (int32_t)low;
    rest[i] = is - low;
    left -= target[i];
  }
  for (; left > 0; left--) {
    int32_t most = 0;
    for (int32_t i = 1; i < ns; i++)
      if (rest[i] > rest[most]) most = i;
    target[most]++;
    rest[most] -= 1;
  }
}

/* Which of the states that lack nodes takes the next one, by a number u in (0, 1). */
static int32_t lacking(const int32_t *excess, int32_t ns, double u)
{
  double total = 0, seen = 0;
  int32_t last = -1;
  for (int32_t q = 0; q < ns; q++) total += excess[q] < 0 ? -excess[q] : 0;
  for (int32_t q = 0; q < ns; q++) {
    if (excess[q] >= 0) continue;
    last = q;
    seen += -excess[q];
    if (u * total < seen) break;
  }
  return last;
}

/* Moves nodes until the counts are the targets: each set of nodes of a state is as likely as any
 * other (Knuth, The Art of Computer Programming 2, 3.4.2, algorithm S). */
static void nodes_move(const net_machine *m, const gm_batch *b, int32_t member, int32_t *excess,
                       int32_t *remaining)
{
  gm_key key = gm__key_of(b, member);
  uint64_t slot = gm__slot_of(b, member);
  double *sets = gm__row_of(b, member, m->at_done + m->nport);
  uint64_t index = *sets > 0 && *sets < 0x1p53 ? (uint64_t)*sets : 0;
  for (int32_t i = 0; i < m->n; i++) {
    double *x = gm__row_of(b, member, m->at_node + i), u[4];
    int32_t state = (int32_t)*x;
    if (excess[state] <= 0) continue;
    gm_uniform4(key, slot, (uint64_t)i, gm_kind_draw(NET_KIND_SET, 0), index, u);
    bool chosen = u[0] * remaining[state]-- < excess[state];
    int32_t to = chosen ? lacking(excess, m->ns, u[1]) : -1;
    if (to < 0) continue;
    excess[state]--;
    excess[to]++;
    *x = to;
  }
  *sets = (double)(index + 1);
}

static int8_t counts_set(const net_machine *m, const gm_batch *b, int32_t member,
                         const double *macro)
{
  int32_t count[NET_STATE_MAX] = {0}, excess[NET_STATE_MAX], target[NET_STATE_MAX];
  double wish[NET_STATE_MAX];
  bool moves = false, projected = false;
  for (int32_t i = 0; i < m->n; i++) {
    double *x = gm__row_of(b, member, m->at_node + i);
    *x = *x >= 0 && *x < m->ns ? floor(*x) : 0;
    count[(int32_t)*x]++;
  }
  for (int32_t q = 0; q < m->ns; q++) {
    wish[q] = isfinite(macro[q]) ? macro[q] : count[q];
    wish[q] = fmax(-(double)m->n, fmin(2.0 * m->n, wish[q]));
  }
  counts_near(wish, m->ns, m->n, target);
  for (int32_t q = 0; q < m->ns; q++) {
    excess[q] = count[q] - target[q];
    moves |= excess[q] != 0;
    projected |= !(target[q] == macro[q]);
    *gm__row_of(b, member, q) = target[q];
  }
  if (moves) nodes_move(m, b, member, excess, count);
  return projected ? GM_MEMBER_PROJECTED : GM_MEMBER_OK;
}

static int8_t nodes_set(const net_machine *m, const gm_batch *b, int32_t member,
                        const double *macro)
{
  int8_t status = GM_MEMBER_OK;
  for (int32_t i = 0; i < m->n; i++) {
    double *x = gm__row_of(b, member, i);
    if (isfinite(macro[i])) *x = macro[i] >= 0.5;
    if (!(*x == macro[i])) status = GM_MEMBER_PROJECTED;
  }
  return status;
}

static void network_set(const gm_model *model, const gm_batch *b, const double *macro)
{
  const net_machine *m = machine_of(model);
  for (int32_t i = 0; i < b->n; i++) {
    const double *mine = macro + (ptrdiff_t)i * m->macro_count;
    b->status[i] = m->boolean ? nodes_set(m, b, i, mine) : counts_set(m, b, i, mine);
  }
}

/* What is left of each exponential clock has no memory: it is drawn anew by the member's slot. */
static void network_refresh(const gm_model *model, const gm_batch *b, double t)
{
  const net_machine *m = machine_of(model);
  (void)t; /* the state knows its time */
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key = gm__key_of(b, i);
    uint64_t slot = gm__slot_of(b, i);
    for (int32_t c = 0; c < m->n + m->nport; c++) {
      int32_t row = m->at_clock + NET_CLOCK_ROWS * c;
      double number = *gm__row_of(b, i, row + 3);
      *gm__row_of(b, i, row) =
          gm_exponential(key, slot, (uint64_t)c, gm_kind_draw(NET_KIND_CLOCK, 0),
                         number > 0 && number < 0x1p53 ? (uint64_t)number : 0);
      *gm__row_of(b, i, row + 1) = *gm__row_of(b, i, m->at_time);
    }
  }
}

const gm_model_type gm_network = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "network",
    .create = network_create,
    .destroy = network_destroy,
    .info = network_info,
    .table = network_table,
    .work_new = network_work_new,
    .work_free = network_work_free,
    .init = network_init,
    .advance = network_advance,
    .observe = network_observe,
    .macro_count = network_macro_count,
    .get = network_get,
    .set = network_set,
    .refresh = network_refresh,
};
