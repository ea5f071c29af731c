/* conformance.c - the checks of the conformance kit. */
#include "support/conformance.h"
#include "gemel/schedule.h"
#include "support/fault.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 13, SAMPLES = 9 };

typedef struct {
  gm_ctx *ctx;
  gm_model *m;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  const gm_var *parameter, *state;
  double t_end, dose;
} kit;

/* One set of members with everything a call needs. */
typedef struct {
  double *x, *theta, *y;
  int8_t status[MEMBERS];
  gm_batch b;
} crowd;

static double parameter_of(const kit *k, int32_t i, int32_t member)
{
  /* members differ by up to 30 % in every parameter that is a number other than 0 */
  gm_key key = gm_key_make(7, GM_PURPOSE_TEST, 0, 0);
  double v = k->parameter[i].initial;
  double u = gm_uniform(key, (uint64_t)member, (uint64_t)i, 0, 0);
  return v * (0.85 + 0.3 * u);
}

static void crowd_make(const kit *k, crowd *c, bool member_fastest)
{
  size_t nx = (size_t)k->info.state_count, np = (size_t)k->info.parameter_count;
  memset(c, 0, sizeof *c);
  c->x = calloc(nx * MEMBERS + 1, sizeof *c->x);
  c->theta = calloc(np * MEMBERS + 1, sizeof *c->theta);
  c->y = calloc((size_t)MEMBERS * 2 * SAMPLES * (size_t)k->info.output_count + 1, sizeof *c->y);
  c->b = (gm_batch){.n = MEMBERS, .x = c->x, .theta = c->theta, .status = c->status};
  c->b.sx = member_fastest ? MEMBERS : 1;
  c->b.sm = member_fastest ? 1 : (ptrdiff_t)nx;
  c->b.psx = member_fastest ? MEMBERS : 1;
  c->b.psm = member_fastest ? 1 : (ptrdiff_t)np;
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int32_t i = 0; i < k->info.parameter_count; i++)
      c->theta[i * c->b.psx + m * c->b.psm] = parameter_of(k, i, m);
}

static void crowd_free(crowd *c)
{
  free(c->x);
  free(c->theta);
  free(c->y);
}

static double state_of(const crowd *c, int32_t i, int32_t m)
{
  return c->b.x[i * c->b.sx + m * c->b.sm];
}

static bool same_bits(double a, double b) { return memcmp(&a, &b, sizeof a) == 0; }

static void states_must_be_equal(const kit *k, const crowd *a, const crowd *b, const char *what)
{
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int32_t i = 0; i < k->info.state_count; i++)
      if (!same_bits(state_of(a, i, m), state_of(b, i, m)))
        fail_msg("%s: state %d of member %d is %.17g and %.17g", what, (int)i, (int)m,
                 state_of(a, i, m), state_of(b, i, m));
}

/* The course of every member: a dose, an infusion, a parameter that changes. */
static int32_t edges(const kit *k, int32_t member, gm_edge *e)
{
  double late = 0.01 * member * k->t_end / MEMBERS; /* each has its own times */
  int32_t n = 0;
  e[n++] = (gm_edge){.t = k->t_end / 4 + late, .value = k->dose, .kind = GM_EDGE_BOLUS};
  e[n++] = (gm_edge){.t = k->t_end / 2 + late, .value = k->dose / k->t_end, .kind = GM_EDGE_RATE};
  if (k->info.parameter_count)
    e[n++] = (gm_edge){.t = 0.6 * k->t_end + late,
                       .kind = GM_EDGE_PARAMETER,
                       .value = parameter_of(k, 0, member + 100)};
  e[n++] = (gm_edge){.t = 0.7 * k->t_end + late, .value = 0, .kind = GM_EDGE_RATE};
  return k->info.input_count ? n : 0;
}

static void samples(const kit *k, int32_t count, double *t)
{
  for (int32_t i = 0; i < count; i++) t[i] = k->t_end * (i + 0.37) / count;
}

/* Runs members from init to t_end in one call; more: twice the samples. */
static void run_all(const kit *k, crowd *c, bool more)
{
  gm_edge e[MEMBERS][8];
  gm_span span[MEMBERS];
  double t[2 * SAMPLES];
  int32_t count = more ? 2 * SAMPLES : SAMPLES;
  if (more) {
    samples(k, SAMPLES, t);
    for (int32_t i = SAMPLES - 1; i >= 0; i--) {
      t[2 * i] = t[i] - 0.1 * k->t_end / SAMPLES;
      t[2 * i + 1] = k->t_end * (i + 0.37) / SAMPLES;
    }
  } else {
    samples(k, SAMPLES, t);
  }
  for (int32_t m = 0; m < MEMBERS; m++)
    span[m] = (gm_span){.t0 = 0,
                        .t1 = k->t_end,
                        .edge = e[m],
                        .edge_count = edges(k, m, e[m]),
                        .sample = t,
                        .sample_count = count,
                        .y = c->y + (ptrdiff_t)m * count * k->info.output_count};
  k->m->type->init(k->m, k->work, &c->b, 0);
  k->m->type->advance(k->m, k->work, &c->b, span, k->arena);
}

static void init_repeats(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  k->m->type->init(k->m, k->work, &a.b, 0);
  k->m->type->init(k->m, k->work, &b.b, 0);
  states_must_be_equal(k, &a, &b, "init twice");
  crowd_free(&a);
  crowd_free(&b);
}

static void get_after_set(const kit *k)
{
  crowd a;
  crowd_make(k, &a, true);
  k->m->type->init(k->m, k->work, &a.b, 0);
  int32_t count = gm_model_macro_count(k->m);
  double *macro = calloc((size_t)(count * MEMBERS) + 1, sizeof *macro);
  double *again = calloc((size_t)(count * MEMBERS) + 1, sizeof *again);
  gm_model_get(k->m, &a.b, macro);
  for (int32_t i = 0; i < count * MEMBERS; i++) macro[i] = macro[i] * 1.25 + 0.5;
  gm_model_set(k->m, &a.b, macro);
  gm_model_get(k->m, &a.b, again);
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int32_t i = 0; i < count && a.status[m] == 0; i++)
      assert_true(same_bits(macro[m * count + i], again[m * count + i]));
  macro[0] = NAN; /* any vector is accepted, and projected visibly */
  gm_model_set(k->m, &a.b, macro);
  gm_model_get(k->m, &a.b, again);
  assert_true(isfinite(again[0]));
  assert_int_equal(a.status[0] & GM_MEMBER_PROJECTED, GM_MEMBER_PROJECTED);
  free(macro);
  free(again);
  crowd_free(&a);
}

static void batch_equals_singles_and_layouts(const kit *k)
{
  crowd a, b, one;
  crowd_make(k, &a, true);
  crowd_make(k, &b, false);
  crowd_make(k, &one, true);
  run_all(k, &a, false);
  run_all(k, &b, false);
  states_must_be_equal(k, &a, &b, "the other layout");
  double t[SAMPLES];
  gm_edge e[8];
  samples(k, SAMPLES, t);
  for (int32_t m = MEMBERS - 1; m >= 0; m--) {
    gm_batch single = one.b;
    gm_span span = {.t0 = 0,
                    .t1 = k->t_end,
                    .edge = e,
                    .edge_count = edges(k, m, e),
                    .sample = t,
                    .sample_count = SAMPLES,
                    .y = one.y + (ptrdiff_t)m * SAMPLES * k->info.output_count};
    single.n = 1;
    single.x += m;
    single.theta += m;
    single.status += m;
    single.slot0 = (uint64_t)m; /* the place in the batch is part of a draw's meaning */
    k->m->type->init(k->m, k->work, &single, 0);
    k->m->type->advance(k->m, k->work, &single, &span, k->arena);
  }
  states_must_be_equal(k, &a, &one, "members one by one");
  assert_memory_equal(a.y, one.y, (size_t)MEMBERS * SAMPLES * (size_t)k->info.output_count * 8);
  assert_memory_equal(a.y, b.y, (size_t)MEMBERS * SAMPLES * (size_t)k->info.output_count * 8);
  crowd_free(&a);
  crowd_free(&b);
  crowd_free(&one);
}

static void added_samples_change_nothing(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  run_all(k, &a, false);
  run_all(k, &b, true);
  states_must_be_equal(k, &a, &b, "twice the samples");
  int32_t ny = k->info.output_count;
  for (int32_t m = 0; m < MEMBERS; m++)
    for (int32_t i = 0; i < SAMPLES; i++)
      for (int32_t o = 0; o < ny; o++)
        if (!same_bits(a.y[((ptrdiff_t)m * SAMPLES + i) * ny + o],
                       b.y[((ptrdiff_t)m * 2 * SAMPLES + 2 * i + 1) * ny + o]))
          fail_msg("sample %d of member %d differs when others are asked for", (int)i, (int)m);
  crowd_free(&a);
  crowd_free(&b);
}

/* From 0 to t_end in pieces that end at `cut` (a share of t_end), saved and loaded between. */
static void run_split(const kit *k, crowd *c, double cut)
{
  k->m->type->init(k->m, k->work, &c->b, 0);
  double t_cut = cut * k->t_end;
  for (int part = 0; part < 2; part++) {
    gm_edge e[MEMBERS][8];
    gm_span span[MEMBERS];
    for (int32_t m = 0; m < MEMBERS; m++) {
      int32_t n = edges(k, m, e[m]), kept = 0;
      for (int32_t i = 0; i < n; i++)
        if ((e[m][i].t < t_cut) == (part == 0)) e[m][kept++] = e[m][i];
      span[m] = (gm_span){
          .t0 = part ? t_cut : 0, .t1 = part ? k->t_end : t_cut, .edge = e[m], .edge_count = kept};
    }
    k->m->type->advance(k->m, k->work, &c->b, span, k->arena);
    for (int32_t m = 0; m < MEMBERS; m++)
      gm_span_apply_parameters(&span[m], c->theta + m * c->b.psm, c->b.psx);
    /* saved and loaded: the bytes of state and parameters are all there is */
    size_t bytes = (size_t)k->info.state_count * MEMBERS * sizeof(double);
    double *saved = malloc(bytes + 1);
    memcpy(saved, c->x, bytes);
    memset(c->x, 0x5a, bytes);
    memcpy(c->x, saved, bytes);
    free(saved);
  }
}

static void split_agrees(const kit *k)
{
  crowd a, b, c;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  crowd_make(k, &c, true);
  run_all(k, &a, false);
  run_split(k, &b, 0.43);
  run_split(k, &c, 0.43);
  states_must_be_equal(k, &b, &c, "saved, loaded and advanced twice");
  for (int32_t i = 0; i < k->info.state_count; i++) {
    double size = 0;
    if (!strncmp(k->state[i].name, "memory:history", 14)) continue; /* it knows the steps */
    for (int32_t m = 0; m < MEMBERS; m++) size = fmax(size, fabs(state_of(&a, i, m)));
    for (int32_t m = 0; m < MEMBERS; m++)
      if (fabs(state_of(&a, i, m) - state_of(&b, i, m)) > 1e-6 * size + 1e-9)
        fail_msg("state %d of member %d: %.12g in one stretch, %.12g in two", (int)i, (int)m,
                 state_of(&a, i, m), state_of(&b, i, m));
  }
  crowd_free(&a);
  crowd_free(&b);
  crowd_free(&c);
}

/* Parameters at 0, enormous and negative: a status, or numbers; never a NaN with status 0. */
static void corners_have_a_status(const kit *k)
{
  const double corner[] = {0, 1e300, -1, 1e-300, NAN};
  for (size_t q = 0; q < sizeof corner / sizeof *corner; q++)
    for (int32_t p = 0; p < k->info.parameter_count; p++) {
      crowd a;
      crowd_make(k, &a, true);
      for (int32_t m = 0; m < MEMBERS; m++) a.theta[p * a.b.psx + m] = corner[q];
      run_all(k, &a, false);
      for (int32_t m = 0; m < MEMBERS; m++)
        for (int32_t i = 0; i < k->info.state_count && a.status[m] == 0; i++)
          if (!isfinite(state_of(&a, i, m)))
            fail_msg("parameter %s = %g: state %d is %g, status 0", k->parameter[p].name, corner[q],
                     (int)i, state_of(&a, i, m));
      crowd_free(&a);
    }
}

static void advance_takes_no_memory(conformance_make *make, void *user, const kit *k)
{
  fault memory;
  fault_init(&memory);
  gm_ctx *ctx = fault_ctx(&memory);
  gm_model *m = NULL;
  gm_work *work = NULL;
  assert_int_equal(make(user, ctx, &m), GM_OK);
  assert_int_equal(m->type->work_new(m, ctx, &work), GM_OK);
  kit mine = *k;
  mine.m = m;
  mine.work = work;
  mine.parameter = gm_model_table(m, GM_TABLE_PARAMETER, &(int32_t){0});
  int64_t before = memory.calls;
  crowd a;
  crowd_make(&mine, &a, true);
  run_all(&mine, &a, false);
  assert_int_equal(memory.calls, before);
  crowd_free(&a);
  m->type->work_free(work);
  gm_model_free(m);
  gm_ctx_free(ctx);
}

static void kit_open(conformance_make *make, void *user, kit *k)
{
  assert_int_equal(gm_ctx_new(NULL, &k->ctx), GM_OK);
  gm_status s = make(user, k->ctx, &k->m);
  if (s) fail_msg("the model cannot be made: %s", gm_message(k->ctx));
  gm_model_get_info(k->m, &k->info);
  int32_t count;
  k->parameter = gm_model_table(k->m, GM_TABLE_PARAMETER, &count);
  k->state = gm_model_table(k->m, GM_TABLE_STATE, &count);
  assert_int_equal(k->m->type->work_new(k->m, k->ctx, &k->work), GM_OK);
  assert_int_equal(gm_arena_new(k->ctx, 0, &k->arena), GM_OK);
}

static void kit_close(kit *k)
{
  gm_arena_free(k->arena);
  k->m->type->work_free(k->work);
  gm_model_free(k->m);
  gm_ctx_free(k->ctx);
}

/* The same bytes on every instruction set. */
static void instruction_sets_agree(conformance_make *make, void *user, const kit *k)
{
  crowd a;
  crowd_make(k, &a, true);
  run_all(k, &a, true);
  const char *const isa[] = {"scalar", "avx2"};
  for (int i = 0; i < 2; i++) {
    setenv("GEMEL_ISA", isa[i], 1);
    kit other = {.t_end = k->t_end, .dose = k->dose};
    kit_open(make, user, &other);
    crowd b;
    crowd_make(&other, &b, true);
    run_all(&other, &b, true);
    states_must_be_equal(k, &a, &b, isa[i]);
    assert_memory_equal(a.y, b.y, (size_t)MEMBERS * 2 * SAMPLES * (size_t)k->info.output_count * 8);
    crowd_free(&b);
    kit_close(&other);
    unsetenv("GEMEL_ISA");
  }
  crowd_free(&a);
}

/* The same bytes with 1, 2 and 4 workers, and for n members and their first half alone. */
static void threads_agree(const kit *k)
{
  enum { N = 300 };
  int32_t np = k->info.parameter_count, ny = k->info.output_count;
  double t[SAMPLES], *y[4];
  samples(k, SAMPLES, t);
  gm_event dose = {.t = 0,
                   .amount = k->dose,
                   .interval = k->t_end / 5,
                   .additional = 3,
                   .input = -1,
                   .kind = GM_EVENT_DOSE};
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_end = k->t_end,
                           .event = &dose,
                           .sample = t,
                           .event_count = k->info.input_count ? 1 : 0,
                           .sample_count = SAMPLES,
                           .port_count = k->info.input_count};
  assert_int_equal(gm_timeline_build(k->ctx, &spec, &timeline), GM_OK);
  for (int c = 0; c < 4; c++) {
    int32_t n = c == 3 ? N / 2 : N;
    double *theta = calloc((size_t)np * N + 1, sizeof *theta);
    int8_t status[N];
    y[c] = calloc((size_t)N * SAMPLES * (size_t)ny + 1, sizeof(double));
    for (int32_t i = 0; i < np; i++)
      for (int32_t m = 0; m < n; m++) theta[(ptrdiff_t)i * n + m] = parameter_of(k, i, m);
    gm_pool *pool = NULL;
    gm_runner *runner = NULL;
    assert_int_equal(gm_pool_new(k->ctx, c == 3 ? 1 : 1 << c, &pool), GM_OK);
    assert_int_equal(gm_runner_new(k->ctx, k->m, pool, &runner), GM_OK);
    gm_run run = {.n = n,
                  .timeline = &timeline,
                  .shared_timeline = true,
                  .theta = theta,
                  .y = y[c],
                  .status = status};
    assert_int_equal(gm_runner_run(runner, k->ctx, &run), GM_OK);
    gm_runner_free(runner);
    gm_pool_free(pool);
    free(theta);
  }
  size_t bytes = (size_t)N * SAMPLES * (size_t)ny * sizeof(double);
  assert_memory_equal(y[0], y[1], bytes);
  assert_memory_equal(y[0], y[2], bytes);
  assert_memory_equal(y[0], y[3], bytes / 2);
  for (int c = 0; c < 4; c++) free(y[c]);
  gm_timeline_free(&timeline);
}

typedef struct {
  conformance_make *make;
  void *user;
} maker;

static gm_status make_trial(gm_ctx *ctx, void *user)
{
  maker *k = user;
  gm_model *m = NULL;
  gm_work *work = NULL;
  gm_status s = k->make(k->user, ctx, &m);
  if (!s) s = m->type->work_new(m, ctx, &work);
  if (work) m->type->work_free(work);
  gm_model_free(m);
  return s;
}

void conformance_run(conformance_make *make, void *user, double t_end, double dose)
{
  kit k = {.t_end = t_end, .dose = dose};
  kit_open(make, user, &k);
  init_repeats(&k);
  get_after_set(&k);
  batch_equals_singles_and_layouts(&k);
  added_samples_change_nothing(&k);
  split_agrees(&k);
  corners_have_a_status(&k);
  instruction_sets_agree(make, user, &k);
  threads_agree(&k);
  advance_takes_no_memory(make, user, &k);
  kit_close(&k);
  maker job = {make, user};
  fault_sweep("making the model", make_trial, &job);
}
