/* adjoint_case.h - a crowd of members with parameters of their own, gone forward with directions
 * and backward with weights: for the tests of adjoints. */
#ifndef GEMEL_TESTS_ADJOINT_CASE_H
#define GEMEL_TESTS_ADJOINT_CASE_H
#include "gemel/equations.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 11, DIRECTIONS = 3, TIMES = 7, EDGES_MAX = 6, OUTPUTS_MAX = 2 };

/* A model, what is given to it, and when it is looked at. */
typedef struct {
  const char *text;
  const char *output[OUTPUTS_MAX]; /* expressions, NULL: none */
  gm_eq_solver solver;
  double t[TIMES];
  gm_edge edge[EDGES_MAX];
  int32_t edge_count;
  double spread; /* parameters of member m are those stated times 1 + spread m; 0: 0.01 */
  double rtol;   /* 0: 1e-9 */
  bool alone;    /* without directions forward */
} problem;

typedef struct {
  const problem *p;
  gm_ctx *ctx;
  gm_model *model;
  gm_work *work;
  gm_arena *arena;
  int32_t nx, np, ny;
  double *x, *xd, *xbar, *theta, *thetad, *thetabar;
  double *y, *yd, *ybar; /* [MEMBERS][TIMES][ny]([DIRECTIONS]) */
  double edge_td[EDGES_MAX][DIRECTIONS], edge_valued[EDGES_MAX][DIRECTIONS];
  double edge_tbar[MEMBERS][EDGES_MAX], edge_valuebar[MEMBERS][EDGES_MAX];
  gm_span span[MEMBERS];
  gm_pull pull[MEMBERS];
  int8_t status[MEMBERS];
} crowd;

/* Numbers in [-1, 1) that only depend on what was drawn before. */
static uint64_t random_state = 1;
static inline double some(void)
{
  random_state = random_state * 6364136223846793005u + 1442695040888963407u;
  return (double)(random_state >> 11) * 0x1p-52 - 1;
}

static inline double *room(size_t count)
{
  double *p = calloc(count + 1, sizeof *p);
  assert_non_null(p);
  return p;
}

static inline gm_status make_model(gm_ctx *ctx, const problem *p, gm_model **out)
{
  gm_eq_output output[OUTPUTS_MAX] = {{.name = "y0", .where = "test"},
                                      {.name = "y1", .where = "test"}};
  gm_eq_config config = {.text = p->text,
                         .output = output,
                         .solver = p->solver,
                         .rtol = p->rtol > 0 ? p->rtol : 1e-9,
                         .atol = 1e-12,
                         .adjoint = true,
                         .directions_max = p->alone ? 0 : DIRECTIONS};
  for (int i = 0; i < OUTPUTS_MAX && p->output[i]; i++) {
    output[i].expression = p->output[i];
    config.output_count++;
  }
  return gm_model_new(ctx, &gm_equations, &config, out);
}

static inline void spans_fill(crowd *c)
{
  for (int32_t m = 0; m < MEMBERS; m++) {
    ptrdiff_t at = (ptrdiff_t)m * TIMES * c->ny;
    c->span[m] = (gm_span){.t1 = c->p->t[TIMES - 1],
                           .edge = c->p->edge,
                           .edge_count = c->p->edge_count,
                           .edge_td = c->edge_td[0],
                           .edge_valued = c->edge_valued[0],
                           .sample = c->p->t,
                           .sample_count = TIMES,
                           .y = c->y + at,
                           .yd = c->yd + at * DIRECTIONS};
    c->pull[m] = (gm_pull){
        .ybar = c->ybar + at, .edge_tbar = c->edge_tbar[m], .edge_valuebar = c->edge_valuebar[m]};
  }
}

/* Parameters as the problem says; all directions and weights are some numbers. */
static inline void numbers_fill(crowd *c)
{
  int32_t n;
  const gm_var *v = gm_model_table(c->model, GM_TABLE_PARAMETER, &n);
  double spread = c->p->spread > 0 ? c->p->spread : 0.01;
  random_state = 1;
  for (int32_t i = 0; i < n; i++)
    for (int32_t m = 0; m < MEMBERS; m++) {
      c->theta[i * MEMBERS + m] = v[i].initial * (1 + spread * m);
      for (int32_t d = 0; d < DIRECTIONS; d++)
        c->thetad[(d * n + i) * MEMBERS + m] = some() * v[i].initial;
    }
  for (int32_t i = 0; i < MEMBERS * TIMES * c->ny; i++) c->ybar[i] = some();
  for (int32_t i = 0; i < EDGES_MAX * DIRECTIONS; i++) {
    c->edge_td[i / DIRECTIONS][i % DIRECTIONS] = some();
    c->edge_valued[i / DIRECTIONS][i % DIRECTIONS] = some();
  }
}

static inline void crowd_open(crowd *c, const problem *p)
{
  gm_model_info info;
  memset(c, 0, sizeof *c);
  c->p = p;
  assert_int_equal(gm_ctx_new(NULL, &c->ctx), GM_OK);
  if (make_model(c->ctx, p, &c->model)) fail_msg("%s", gm_message(c->ctx));
  assert_int_equal(c->model->type->work_new(c->model, c->ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(c->ctx, 0, &c->arena), GM_OK);
  gm_model_get_info(c->model, &info);
  assert_true(info.flags & GM_MODEL_ADJOINT);
  c->nx = info.state_count;
  c->np = info.parameter_count;
  c->ny = info.output_count;
  size_t nx = (size_t)c->nx * MEMBERS, np = (size_t)c->np * MEMBERS;
  size_t ny = (size_t)c->ny * MEMBERS * TIMES;
  c->x = room(nx);
  c->xd = room(nx * DIRECTIONS);
  c->xbar = room(nx);
  c->theta = room(np);
  c->thetad = room(np * DIRECTIONS);
  c->thetabar = room(np);
  c->y = room(ny);
  c->yd = room(ny * DIRECTIONS);
  c->ybar = room(ny);
  numbers_fill(c);
  spans_fill(c);
}

static inline void crowd_close(crowd *c)
{
  double *all[] = {c->x, c->xd, c->xbar, c->theta, c->thetad, c->thetabar, c->y, c->yd, c->ybar};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++) free(all[i]);
  gm_arena_free(c->arena);
  c->model->type->work_free(c->work);
  gm_model_free(c->model);
  gm_ctx_free(c->ctx);
}

/* Members first..first+n-1. */
static inline gm_batch batch_of(crowd *c, int32_t first, int32_t n)
{
  return (gm_batch){.n = n,
                    .sx = MEMBERS,
                    .sm = 1,
                    .psx = MEMBERS,
                    .psm = 1,
                    .x = c->x + first,
                    .theta = c->theta + first,
                    .slot0 = (uint64_t)first,
                    .status = c->status + first};
}

static inline void run_back(crowd *c, int32_t first, int32_t n, uint32_t flags)
{
  gm_batch b = batch_of(c, first, n);
  gm_status s = c->model->type->vjp(c->model, c->work, &b, c->span + first, c->pull + first, flags,
                                    c->xbar + first, c->thetabar + first, c->arena);
  assert_int_equal(s, GM_OK);
  for (int32_t m = 0; m < n; m++) assert_int_equal(b.status[m], GM_MEMBER_OK);
}

static inline void run_forward(crowd *c, bool init)
{
  gm_batch b = batch_of(c, 0, MEMBERS);
  b.nd = DIRECTIONS;
  b.xd = c->xd;
  b.thetad = c->thetad;
  if (init) c->model->type->init(c->model, c->work, &b, c->span[0].t0);
  c->model->type->advance(c->model, c->work, &b, c->span, c->arena);
  for (int32_t m = 0; m < MEMBERS; m++)
    if (c->status[m]) fail_msg("%s: member %d: status %d", c->p->text, (int)m, c->status[m]);
}

static inline void close_to(double got, double want, const char *what)
{
  if (!(fabs(got - want) <= 1e-7 * (1 + fabs(want))))
    fail_msg("%s: %.12g, by hand %.12g", what, got, want);
}
#endif
