/* fit_cases.h - systems whose fits are known: the epidemic of 50 people, and linear models of known
 * likelihood as a small model type. */
#ifndef GEMEL_TESTS_FIT_CASES_H
#define GEMEL_TESTS_FIT_CASES_H
#include "gemel/system.h"
#include "support/sir_exact.h"
#include "support/sir_jump.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>

/* ---- the epidemic ----  */
typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_sensor sensor;
  gm_reading reading[SIR_DAYS];
  gm_unknown unknown[2];
  gm_system s;
} sir;

static inline void sir_open(sir *q, gm_ctx *ctx, bool deterministic)
{
  *q = (sir){.ctx = ctx};
  if (sir_jump_new(ctx, deterministic, &q->model)) fail_msg("%s", gm_message(ctx));
  q->sensor = (gm_sensor){.name = "tests",
                          .output = 1,
                          .law = GM_SENSE_BINOMIAL,
                          .p0 = 0.6,
                          .parameter0 = -1,
                          .parameter1 = -1};
  for (int32_t i = 0; i < SIR_DAYS; i++)
    q->reading[i] = (gm_reading){.t = i + 1, .value = sir_tests[i]};
  int32_t beta = gm_model_find(q->model, GM_TABLE_PARAMETER, "beta");
  int32_t gamma = gm_model_find(q->model, GM_TABLE_PARAMETER, "gamma");
  q->unknown[0] = (gm_unknown){
      .name = "beta", .parameter = beta, .law = GM_PRIOR_LOGNORMAL, .center = 0.8, .spread = 0.5};
  q->unknown[1] = (gm_unknown){
      .name = "gamma", .parameter = gamma, .law = GM_PRIOR_LOGNORMAL, .center = 0.3, .spread = 0.3};
  q->s = (gm_system){.model = q->model,
                     .unknown = q->unknown,
                     .unknown_count = 2,
                     .sensor = &q->sensor,
                     .sensor_count = 1,
                     .reading = q->reading,
                     .reading_count = SIR_DAYS,
                     .seed = 41};
}

/* ---- linear chain in discrete time ----  */
/* x(k+1) = A x(k) + S e, two states; outputs x1, x2, exp(x1). `scale` (parameter 0) multiplies S,
 * `start` (parameter 1) is added to the first state at t0. Unit steps from t0 on. */
typedef struct {
  double a[4], s[4], x0[2];
} chain_config;

typedef struct {
  gm_model base;
  chain_config c;
} chain;

static gm_status chain_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  chain *c = gm_alloc(ctx, 1, sizeof *c);
  if (!c) return gm_fail(ctx, GM_ENOMEM, "chain");
  c->c = *(const chain_config *)config;
  *out = &c->base;
  return GM_OK;
}
static void chain_destroy(gm_model *m) { gm_free(m); }
static void chain_info(const gm_model *m, gm_model_info *out)
{
  (void)m;
  *out = (gm_model_info){.flags = GM_MODEL_STOCHASTIC | GM_MODEL_STEPPED,
                         .state_count = 2,
                         .parameter_count = 2,
                         .output_count = 3,
                         .step = 1,
                         .name = "chain",
                         .solver = "exact"};
}
static const gm_var *chain_table(const gm_model *m, gm_table which, int32_t *count)
{
  static const gm_var state[2] = {
      {.name = "x1", .unit = "1", .lower = -INFINITY, .upper = INFINITY, .source = "test"},
      {.name = "x2", .unit = "1", .lower = -INFINITY, .upper = INFINITY, .source = "test"}};
  static const gm_var parameter[2] = {
      {.name = "scale", .unit = "1", .initial = 1, .lower = 0, .upper = 10, .source = "test"},
      {.name = "start", .unit = "1", .lower = -100, .upper = 100, .source = "test"}};
  static const gm_var output[3] = {
      {.name = "x1", .unit = "1", .lower = -INFINITY, .upper = INFINITY, .source = "test"},
      {.name = "x2", .unit = "1", .lower = -INFINITY, .upper = INFINITY, .source = "test"},
      {.name = "exp_x1", .unit = "1", .lower = 0, .upper = INFINITY, .source = "test"}};
  (void)m;
  *count = which == GM_TABLE_OUTPUT ? 3 : which == GM_TABLE_INPUT ? 0 : 2;
  if (which == GM_TABLE_STATE) return state;
  return which == GM_TABLE_OUTPUT ? output : parameter;
}
static gm_status chain_work_new(const gm_model *m, gm_ctx *ctx, gm_work **out)
{
  gm_work *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "chain");
  w->model = m;
  *out = w;
  return GM_OK;
}
static void chain_work_free(gm_work *w) { gm_free(w); }
static void chain_init(const gm_model *m, gm_work *w, const gm_batch *b, double t0)
{
  const chain_config *c = &((const chain *)m)->c;
  (void)w;
  (void)t0;
  for (int32_t k = 0; k < b->n; k++) {
    b->x[k * b->sm] = c->x0[0] + b->theta[b->psx + k * b->psm];
    b->x[b->sx + k * b->sm] = c->x0[1];
    b->status[k] = GM_MEMBER_OK;
  }
}
static void chain_read(double x1, double x2, double *y)
{
  y[0] = x1;
  y[1] = x2;
  y[2] = exp(x1);
}
static void chain_advance(const gm_model *m, gm_work *w, const gm_batch *b, const gm_span *span,
                          gm_arena *arena)
{
  const chain_config *c = &((const chain *)m)->c;
  (void)w;
  (void)arena;
  for (int32_t k = 0; k < b->n; k++) {
    double x1 = b->x[k * b->sm], x2 = b->x[b->sx + k * b->sm], scale = b->theta[k * b->psm];
    uint64_t slot = b->slot ? b->slot[k] : b->slot0 + (uint64_t)k;
    int64_t step = llround(span[k].t0), end = llround(span[k].t1);
    int32_t next = 0;
    b->status[k] = GM_MEMBER_OK;
    for (;; step++) {
      for (; next < span[k].sample_count && span[k].sample[next] < (double)step + 0.5; next++)
        chain_read(x1, x2, span[k].y + 3 * next);
      if (step >= end) break;
      double e[4];
      gm_normal4(b->key[k], slot, 0, gm_kind_draw(0, 0), (uint64_t)step, e);
      double u1 = c->a[0] * x1 + c->a[1] * x2 + scale * (c->s[0] * e[0] + c->s[1] * e[1]);
      double u2 = c->a[2] * x1 + c->a[3] * x2 + scale * (c->s[2] * e[0] + c->s[3] * e[1]);
      x1 = u1;
      x2 = u2;
    }
    b->x[k * b->sm] = x1;
    b->x[b->sx + k * b->sm] = x2;
  }
}
static void chain_observe(const gm_model *m, gm_work *w, const gm_batch *b, double t, double *y,
                          gm_arena *arena)
{
  (void)m;
  (void)w;
  (void)t;
  (void)arena;
  for (int32_t k = 0; k < b->n; k++)
    chain_read(b->x[k * b->sm], b->x[b->sx + k * b->sm], y + 3 * (ptrdiff_t)k);
}

static const gm_model_type chain_type = {.struct_size = sizeof(gm_model_type),
                                         .abi = GM_MODEL_ABI,
                                         .name = "chain",
                                         .create = chain_create,
                                         .destroy = chain_destroy,
                                         .info = chain_info,
                                         .table = chain_table,
                                         .work_new = chain_work_new,
                                         .work_free = chain_work_free,
                                         .init = chain_init,
                                         .advance = chain_advance,
                                         .observe = chain_observe};

/* The model of ou2_y.csv (statespace_expected.json). */
static inline chain_config chain_ou2(void)
{
  return (chain_config){{0.8, 0.3, -0.5, 0.9}, {3, 0, -0.5, 2}, {-3, 4}};
}
#endif
