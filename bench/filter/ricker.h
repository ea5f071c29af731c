/* ricker.h - Ricker's map with noise as a model type that moves once in a unit of time:
 * N' = r N exp(-N + sigma e), e standard normal keyed by member and time. Parameters r, sigma, N0.
 */
#ifndef GEMEL_BENCH_RICKER_H
#define GEMEL_BENCH_RICKER_H
#include "gemel/many.h"
#include "gemel/model.h"
#include <math.h>

typedef struct {
  gm_model base;
} ricker;

static const gm_var ricker_state[] = {
    {.name = "N", .unit = "1", .initial = 7, .upper = INFINITY, .source = "Ricker 1954"}};
static const gm_var ricker_parameter[] = {
    {.name = "r", .unit = "1", .initial = 44.7, .upper = 1e6, .source = "Wood 2010"},
    {.name = "sigma", .unit = "1", .initial = 0.3, .upper = 10, .source = "Wood 2010"},
    {.name = "N0", .unit = "1", .initial = 7, .upper = 1e6, .source = "Wood 2010"}};

static gm_status ricker_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  (void)config;
  ricker *m = gm_alloc(ctx, 1, sizeof *m);
  if (!m) return gm_fail(ctx, GM_ENOMEM, "ricker");
  *out = &m->base;
  return GM_OK;
}
static void ricker_destroy(gm_model *m) { gm_free(m); }
static void ricker_info(const gm_model *m, gm_model_info *out)
{
  (void)m;
  *out = (gm_model_info){.flags = GM_MODEL_STOCHASTIC | GM_MODEL_STEPPED,
                         .state_count = 1,
                         .parameter_count = 3,
                         .output_count = 1,
                         .step = 1,
                         .name = "ricker",
                         .solver = "map"};
}
static const gm_var *ricker_table(const gm_model *m, gm_table which, int32_t *count)
{
  (void)m;
  *count = which == GM_TABLE_PARAMETER ? 3 : which == GM_TABLE_INPUT ? 0 : 1;
  return which == GM_TABLE_PARAMETER ? ricker_parameter : ricker_state;
}
static gm_status ricker_work_new(const gm_model *m, gm_ctx *ctx, gm_work **out)
{
  *out = gm_alloc(ctx, 1, sizeof **out);
  if (!*out) return gm_fail(ctx, GM_ENOMEM, "ricker");
  (*out)->model = m;
  return GM_OK;
}
static void ricker_work_free(gm_work *w) { gm_free(w); }
static void ricker_init(const gm_model *m, gm_work *w, const gm_batch *b, double t0)
{
  (void)m;
  (void)w;
  (void)t0;
  for (int32_t k = 0; k < b->n; k++) {
    b->x[k * b->sm] = b->theta[2 * b->psx + k * b->psm];
    b->status[k] = 0;
  }
}
/* A block of members at a time, the draws and exponentials of each step in one call. */
enum { RICKER_BLOCK = 256 };

/* Everybody moves at the same whole times: spans that differ are taken one by one. */
static void ricker_step(const gm_batch *b, int32_t first, int32_t n, uint64_t t)
{
  double e[RICKER_BLOCK], *x = b->x + first * b->sm;
  const double *r = b->theta + first * b->psm, *sigma = r + b->psx;
  gm_normal_many(n, b->key + first, b->slot ? b->slot + first : NULL, b->slot0 + (uint64_t)first, 0,
                 gm_kind_draw(0, 0), t, e);
  for (int32_t k = 0; k < n; k++) e[k] = sigma[k * b->psm] * e[k] - x[k * b->sm];
  gm_exp_many(n, e, e);
  for (int32_t k = 0; k < n; k++) x[k * b->sm] = r[k * b->psm] * x[k * b->sm] * e[k];
}
static bool ricker_together(const gm_span *span, int32_t n)
{
  bool same = true;
  for (int32_t k = 1; k < n; k++)
    same = same && span[k].t0 == span[0].t0 && span[k].t1 == span[0].t1;
  return same;
}
static void ricker_advance(const gm_model *m, gm_work *w, const gm_batch *b, const gm_span *span,
                           gm_arena *arena)
{
  (void)m;
  (void)w;
  (void)arena;
  for (int32_t first = 0, n; first < b->n; first += n) {
    n = b->n - first < RICKER_BLOCK ? b->n - first : RICKER_BLOCK;
    if (!ricker_together(span + first, n)) n = 1;
    for (double t = floor(span[first].t0) + 1; t <= span[first].t1; t++)
      ricker_step(b, first, n, (uint64_t)t);
  }
  for (int32_t k = 0; k < b->n; k++) {
    double N = b->x[k * b->sm];
    b->status[k] = N < INFINITY ? GM_MEMBER_OK : GM_MEMBER_DIVERGED;
    for (int32_t q = 0; q < span[k].sample_count; q++) span[k].y[q] = N;
  }
}
static void ricker_observe(const gm_model *m, gm_work *w, const gm_batch *b, double t, double *y,
                           gm_arena *arena)
{
  (void)m;
  (void)w;
  (void)t;
  (void)arena;
  for (int32_t k = 0; k < b->n; k++) y[k] = b->x[k * b->sm];
}

static const gm_model_type ricker_type = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "ricker",
    .create = ricker_create,
    .destroy = ricker_destroy,
    .info = ricker_info,
    .table = ricker_table,
    .work_new = ricker_work_new,
    .work_free = ricker_work_free,
    .init = ricker_init,
    .advance = ricker_advance,
    .observe = ricker_observe,
};
#endif
