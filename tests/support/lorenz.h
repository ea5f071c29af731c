/* lorenz.h - Lorenz's models of 1963 (3 states) and 1996 (40 states) as a model type of fixed
 * Runge-Kutta steps, members side by side: what filters are measured on.
 * L96: x_i' = (x_{i+1} - x_{i-2}) x_{i-1} - x_i + 8; L63: sigma 10, rho 28, beta 8/3.
 * Config: lorenz_config. Parameters: none but `forcing` of L96. */
#ifndef GEMEL_TESTS_LORENZ_H
#define GEMEL_TESTS_LORENZ_H
#include "gemel/model.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LORENZ_MOST = 40 };

typedef struct {
  int32_t states; /* 3 or 40 */
  double step;
} lorenz_config;

typedef struct {
  gm_model base;
  int32_t nx;
  double step;
  gm_var state[LORENZ_MOST], output[LORENZ_MOST], parameter;
  char name[LORENZ_MOST][8];
} lorenz;

typedef struct {
  gm_work base;
  double *k;
  int32_t room;
} lorenz_work;

static gm_status lorenz_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  const lorenz_config *c = config;
  lorenz *l = gm_alloc(ctx, 1, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "lorenz");
  l->nx = c->states;
  l->step = c->step;
  for (int32_t i = 0; i < l->nx; i++) {
    snprintf(l->name[i], sizeof l->name[i], "x%d", (int)i);
    l->state[i] = l->output[i] = (gm_var){.name = l->name[i],
                                          .unit = "1",
                                          .lower = -INFINITY,
                                          .upper = INFINITY,
                                          .initial = l->nx == 3 ? 1.509 : 8 + 0.01 * (i == 0),
                                          .source = "Lorenz"};
  }
  l->parameter = (gm_var){.name = "forcing",
                          .unit = "1",
                          .initial = 8,
                          .lower = 0,
                          .upper = 100,
                          .source = "Lorenz 1996"};
  *out = &l->base;
  return GM_OK;
}
static void lorenz_destroy(gm_model *m) { gm_free(m); }
static void lorenz_info(const gm_model *m, gm_model_info *out)
{
  const lorenz *l = (const lorenz *)m;
  *out = (gm_model_info){.state_count = l->nx,
                         .parameter_count = 1,
                         .output_count = l->nx,
                         .name = "lorenz",
                         .solver = "Runge-Kutta 4"};
}
static const gm_var *lorenz_table(const gm_model *m, gm_table which, int32_t *count)
{
  const lorenz *l = (const lorenz *)m;
  *count = which == GM_TABLE_PARAMETER ? 1 : which == GM_TABLE_INPUT ? 0 : l->nx;
  if (which == GM_TABLE_PARAMETER) return &l->parameter;
  return which == GM_TABLE_OUTPUT ? l->output : l->state;
}
static gm_status lorenz_work_new(const gm_model *m, gm_ctx *ctx, gm_work **out)
{
  lorenz_work *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "lorenz");
  w->base.model = m;
  *out = &w->base;
  return GM_OK;
}
static void lorenz_work_free(gm_work *work)
{
  lorenz_work *w = (lorenz_work *)work;
  if (w) free(w->k);
  gm_free(w);
}
static void lorenz_init(const gm_model *m, gm_work *w, const gm_batch *b, double t0)
{
  const lorenz *l = (const lorenz *)m;
  (void)w;
  (void)t0;
  for (int32_t k = 0; k < b->n; k++) {
    for (int32_t i = 0; i < l->nx; i++) b->x[i * b->sx + k * b->sm] = l->state[i].initial;
    b->status[k] = 0;
  }
}

/* rows of n members, apart by n */
static void lorenz_slope(int32_t nx, int32_t n, const double *x, const double *forcing, double *d)
{
  for (int32_t i = 0; nx != 3 && i < nx; i++) {
    const double *a = x + (ptrdiff_t)((i + 1) % nx) * n,
                 *b = x + (ptrdiff_t)((i + nx - 2) % nx) * n;
    const double *c = x + (ptrdiff_t)((i + nx - 1) % nx) * n, *s = x + (ptrdiff_t)i * n;
    double *to = d + (ptrdiff_t)i * n;
    for (int32_t m = 0; m < n; m++) to[m] = (a[m] - b[m]) * c[m] - s[m] + forcing[m];
  }
  for (int32_t m = 0; nx == 3 && m < n; m++) {
    double X = x[m], Y = x[n + m], Z = x[2 * n + m];
    d[m] = 10 * (Y - X);
    d[n + m] = X * (28 - Z) - Y;
    d[2 * n + m] = X * Y - 8.0 / 3 * Z;
  }
}

static void lorenz_step(int32_t nx, int32_t n, double h, double *x, const double *forcing,
                        double *k)
{
  ptrdiff_t all = (ptrdiff_t)nx * n;
  double *d = k, *y = k + all, *sum = y + all;
  static const double at[4] = {0.5, 0.5, 1, 0}, weight[4] = {1, 2, 2, 1};
  memset(sum, 0, (size_t)all * sizeof *sum);
  memcpy(y, x, (size_t)all * sizeof *y);
  for (int s = 0; s < 4; s++) {
    lorenz_slope(nx, n, y, forcing, d);
    for (ptrdiff_t i = 0; i < all; i++) sum[i] += weight[s] * d[i];
    for (ptrdiff_t i = 0; s < 3 && i < all; i++) y[i] = x[i] + at[s] * h * d[i];
  }
  for (ptrdiff_t i = 0; i < all; i++) x[i] += h / 6 * sum[i];
}

/* All members share the stretch; samples are read at its end. */
static void lorenz_advance(const gm_model *m, gm_work *work, const gm_batch *b, const gm_span *span,
                           gm_arena *arena)
{
  const lorenz *l = (const lorenz *)m;
  lorenz_work *w = (lorenz_work *)work;
  const int32_t nx = l->nx, n = b->n;
  (void)arena;
  if (w->room < n) {
    free(w->k);
    w->k = malloc((size_t)(4 * nx + 1) * (size_t)n * sizeof *w->k);
    w->room = n;
  }
  double *x = w->k, *forcing = x + (ptrdiff_t)nx * n, *k = forcing + n;
  int32_t steps = (int32_t)lround((span[0].t1 - span[0].t0) / l->step);
  for (int32_t i = 0; i < nx; i++)
    for (int32_t j = 0; j < n; j++) x[(ptrdiff_t)i * n + j] = b->x[i * b->sx + j * b->sm];
  for (int32_t j = 0; j < n; j++) forcing[j] = b->theta[j * b->psm];
  for (int32_t s = 0; s < steps; s++) lorenz_step(nx, n, l->step, x, forcing, k);
  for (int32_t j = 0; j < n; j++) {
    b->status[j] = GM_MEMBER_OK;
    for (int32_t i = 0; i < nx; i++) {
      double v = x[(ptrdiff_t)i * n + j];
      b->x[i * b->sx + j * b->sm] = v;
      if (!(fabs(v) < 1e6)) b->status[j] = GM_MEMBER_DIVERGED;
      for (int32_t q = 0; q < span[j].sample_count; q++) span[j].y[(ptrdiff_t)q * nx + i] = v;
    }
  }
}
static void lorenz_observe(const gm_model *m, gm_work *w, const gm_batch *b, double t, double *y,
                           gm_arena *arena)
{
  const int32_t nx = ((const lorenz *)m)->nx;
  (void)w;
  (void)t;
  (void)arena;
  for (int32_t j = 0; j < b->n; j++)
    for (int32_t i = 0; i < nx; i++) y[(ptrdiff_t)j * nx + i] = b->x[i * b->sx + j * b->sm];
}

static const gm_model_type lorenz_type = {
    .struct_size = sizeof(gm_model_type),
    .abi = GM_MODEL_ABI,
    .name = "lorenz",
    .create = lorenz_create,
    .destroy = lorenz_destroy,
    .info = lorenz_info,
    .table = lorenz_table,
    .work_new = lorenz_work_new,
    .work_free = lorenz_work_free,
    .init = lorenz_init,
    .advance = lorenz_advance,
    .observe = lorenz_observe,
};
#endif
