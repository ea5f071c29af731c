/* The contract (docs/contract.md) on models of the kind `queue`: object state, by the bytes of
 * save.
 * label: full */
#include "queue/ward_case.h"
#include "support/fault.h"
#include "support/sir_queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { MEMBERS = 11, SAMPLES = 9, PARAMETERS = 8, EDGES = 8, OUTPUTS = 24 };

typedef gm_status maker(gm_ctx *ctx, gm_model **out);

typedef struct {
  gm_ctx *ctx;
  gm_model *m;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  double t_end;
} kit;

typedef struct {
  void *obj[MEMBERS];
  double theta[PARAMETERS * MEMBERS];
  gm_key key[MEMBERS];
  int8_t status[MEMBERS];
  double y[MEMBERS * 2 * SAMPLES * OUTPUTS];
  gm_batch b;
} crowd;

static gm_status make_sir(gm_ctx *ctx, gm_model **out)
{
  return sir_queue_new(ctx, 0.9, 0.3, 50, 3, out);
}

static double parameter_of(const kit *k, int32_t i, int32_t member)
{
  int32_t n;
  double v = gm_model_table(k->m, GM_TABLE_PARAMETER, &n)[i].initial;
  double u = gm_uniform(gm_key_make(7, GM_PURPOSE_TEST, 0, 0), (uint64_t)member, (uint64_t)i, 0, 0);
  return v == floor(v) ? v : v * (0.85 + 0.3 * u); /* whole numbers are counts */
}

static void crowd_make(const kit *k, crowd *c, bool member_fastest)
{
  memset(c, 0, sizeof *c);
  int32_t np = k->info.parameter_count;
  assert_true(np <= PARAMETERS && k->info.output_count <= OUTPUTS);
  c->b = (gm_batch){
      .n = MEMBERS, .obj = c->obj, .theta = c->theta, .key = c->key, .status = c->status};
  c->b.psx = member_fastest ? MEMBERS : 1;
  c->b.psm = member_fastest ? 1 : np;
  for (int32_t m = 0; m < MEMBERS; m++) {
    assert_int_equal(k->m->type->obj_new(k->m, k->ctx, &c->obj[m]), GM_OK);
    c->key[m] = gm_key_make(3, GM_PURPOSE_INTRINSIC, 5, 0);
    for (int32_t i = 0; i < np; i++) c->theta[i * c->b.psx + m * c->b.psm] = parameter_of(k, i, m);
  }
}

static void crowd_free(const kit *k, crowd *c)
{
  for (int32_t m = 0; m < MEMBERS; m++) k->m->type->obj_free(k->m, c->obj[m]);
}

static gm_text bytes_of(const kit *k, const void *obj)
{
  gm_text t;
  gm_text_init(&t, k->ctx);
  assert_int_equal(k->m->type->obj_save(k->m, obj, &t), GM_OK);
  return t;
}

static void objects_must_be_equal(const kit *k, const void *a, const void *b, const char *what)
{
  gm_text x = bytes_of(k, a), y = bytes_of(k, b);
  size_t i = 0;
  while (i < x.bytes && i < y.bytes && x.data[i] == y.data[i]) i++;
  if (x.bytes != y.bytes || i < x.bytes)
    fail_msg("%s: %zu and %zu bytes, the first that differs is %zu", what, x.bytes, y.bytes, i);
  gm_text_free(&x);
  gm_text_free(&y);
}

static void crowds_must_be_equal(const kit *k, const crowd *a, const crowd *b, const char *what)
{
  for (int32_t m = 0; m < MEMBERS; m++) {
    objects_must_be_equal(k, a->obj[m], b->obj[m], what);
    assert_int_equal(a->status[m], b->status[m]);
  }
}

/* Doses, an input rate, a parameter that changes, a number replaced. */
static int32_t edges(const kit *k, int32_t member, gm_edge *e)
{
  double late = 0.01 * member * k->t_end / MEMBERS;
  int32_t n = 0;
  e[n++] = (gm_edge){.t = k->t_end / 4 + late, .value = 3, .kind = GM_EDGE_BOLUS};
  e[n++] = (gm_edge){.t = k->t_end / 2 + late, .value = 2, .kind = GM_EDGE_RATE, .port = 1};
  e[n++] = (gm_edge){.t = 0.6 * k->t_end + late,
                     .kind = GM_EDGE_PARAMETER,
                     .value = 1.1 * parameter_of(k, 1, member),
                     .port = 1};
  e[n++] = (gm_edge){.t = 0.65 * k->t_end + late, .value = 5, .kind = GM_EDGE_REPLACE, .port = 1};
  e[n++] = (gm_edge){.t = 0.7 * k->t_end + late, .value = 0, .kind = GM_EDGE_RATE, .port = 1};
  if (member == 2) e[n++] = (gm_edge){.t = 0.8 * k->t_end, .kind = GM_EDGE_RESET};
  return n;
}

static void samples(const kit *k, bool more, double *t)
{
  for (int32_t i = 0; i < SAMPLES; i++) {
    double at = k->t_end * (i + 0.37) / SAMPLES;
    if (more) {
      t[2 * i] = at - 0.1 * k->t_end / SAMPLES;
      t[2 * i + 1] = at;
    } else {
      t[i] = at;
    }
  }
}

static void run_all(const kit *k, crowd *c, bool more)
{
  gm_edge e[MEMBERS][EDGES];
  gm_span span[MEMBERS];
  double t[2 * SAMPLES];
  int32_t count = more ? 2 * SAMPLES : SAMPLES;
  samples(k, more, t);
  for (int32_t m = 0; m < MEMBERS; m++)
    span[m] = (gm_span){.t1 = k->t_end,
                        .edge = e[m],
                        .edge_count = edges(k, m, e[m]),
                        .sample = t,
                        .sample_count = count,
                        .y = c->y + (ptrdiff_t)m * count * k->info.output_count};
  k->m->type->init(k->m, k->work, &c->b, 0);
  k->m->type->advance(k->m, k->work, &c->b, span, k->arena);
  for (int32_t m = 0; m < MEMBERS; m++) assert_int_equal(c->status[m] & ~GM_MEMBER_PROJECTED, 0);
}

static void batch_equals_singles_and_layouts(const kit *k)
{
  crowd a, b, one;
  crowd_make(k, &a, true);
  crowd_make(k, &b, false);
  crowd_make(k, &one, true);
  run_all(k, &a, false);
  run_all(k, &b, false);
  crowds_must_be_equal(k, &a, &b, "the other layout");
  double t[SAMPLES];
  samples(k, false, t);
  for (int32_t m = MEMBERS - 1; m >= 0; m--) {
    gm_edge e[EDGES];
    gm_batch single = one.b;
    gm_span span = {.t1 = k->t_end,
                    .edge = e,
                    .edge_count = edges(k, m, e),
                    .sample = t,
                    .sample_count = SAMPLES,
                    .y = one.y + (ptrdiff_t)m * SAMPLES * k->info.output_count};
    single.n = 1;
    single.obj += m;
    single.theta += m;
    single.key += m;
    single.status += m;
    single.slot0 = (uint64_t)m;
    k->m->type->init(k->m, k->work, &single, 0);
    k->m->type->advance(k->m, k->work, &single, &span, k->arena);
  }
  crowds_must_be_equal(k, &a, &one, "members one by one");
  assert_memory_equal(a.y, one.y, sizeof a.y);
  assert_memory_equal(a.y, b.y, sizeof a.y);
  crowd_free(k, &a);
  crowd_free(k, &b);
  crowd_free(k, &one);
}

static void added_samples_change_nothing(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  run_all(k, &a, false);
  run_all(k, &b, true);
  crowds_must_be_equal(k, &a, &b, "twice the samples");
  size_t row = (size_t)k->info.output_count;
  for (size_t i = 0; i < (size_t)MEMBERS * SAMPLES; i++)
    assert_memory_equal(a.y + i * row, b.y + (2 * i + 1) * row, row * sizeof(double));
  crowd_free(k, &a);
  crowd_free(k, &b);
}

/* In three parts, every member saved, freed and loaded between them: the same bytes. */
static void split_and_saved(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  run_all(k, &a, false);
  const double cut[] = {0, 0.43, 0.6501, 1};
  k->m->type->init(k->m, k->work, &b.b, 0);
  for (int32_t m = 0; m < MEMBERS; m++) {
    gm_batch one = b.b;
    one.n = 1;
    one.obj += m;
    one.theta += m;
    one.key += m;
    one.status += m;
    one.slot0 = (uint64_t)m;
    for (int part = 0; part < 3; part++) {
      gm_edge e[EDGES], kept[EDGES];
      gm_span span = {.t0 = cut[part] * k->t_end, .t1 = cut[part + 1] * k->t_end, .edge = kept};
      int32_t n = edges(k, m, e);
      for (int32_t i = 0; i < n; i++)
        if (e[i].t >= span.t0 && e[i].t < span.t1) kept[span.edge_count++] = e[i];
      k->m->type->advance(k->m, k->work, &one, &span, k->arena);
      gm_span_apply_parameters(&span, b.theta + m * b.b.psm, b.b.psx);
      gm_text t = bytes_of(k, b.obj[m]);
      k->m->type->obj_free(k->m, b.obj[m]);
      b.obj[m] = NULL;
      if (k->m->type->obj_load(k->m, k->ctx, t.data, t.bytes, &b.obj[m]))
        fail_msg("load: %s", gm_message(k->ctx));
      gm_text_free(&t);
    }
    objects_must_be_equal(k, a.obj[m], b.obj[m], "in three parts");
  }
  crowd_free(k, &a);
  crowd_free(k, &b);
}

/* A copy goes its own way, and the same way when nothing differs. */
static void copy_is_independent(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  gm_span span[MEMBERS], rest[MEMBERS];
  for (int32_t m = 0; m < MEMBERS; m++) {
    span[m] = (gm_span){.t1 = k->t_end / 2};
    rest[m] = (gm_span){.t0 = k->t_end / 2, .t1 = k->t_end};
  }
  k->m->type->init(k->m, k->work, &a.b, 0);
  k->m->type->advance(k->m, k->work, &a.b, span, k->arena);
  for (int32_t m = 0; m < MEMBERS; m++) {
    k->m->type->obj_free(k->m, b.obj[m]);
    assert_int_equal(k->m->type->obj_copy(k->m, k->ctx, a.obj[m], &b.obj[m]), GM_OK);
  }
  gm_text before = bytes_of(k, a.obj[0]);
  k->m->type->advance(k->m, k->work, &b.b, rest, k->arena);
  gm_text after = bytes_of(k, a.obj[0]);
  assert_memory_equal(before.data, after.data, before.bytes);
  gm_text_free(&before);
  gm_text_free(&after);
  k->m->type->advance(k->m, k->work, &a.b, rest, k->arena);
  crowds_must_be_equal(k, &a, &b, "a copy");
  crowd_free(k, &a);
  crowd_free(k, &b);
}

static void set_and_get(const kit *k)
{
  crowd a, b;
  int32_t n = gm_model_macro_count(k->m);
  double macro[MEMBERS * 8], again[MEMBERS * 8];
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  run_all(k, &a, false);
  run_all(k, &b, false);
  gm_model_get(k->m, &a.b, macro);
  gm_model_set(k->m, &a.b, macro); /* what is there already changes nothing */
  for (int32_t m = 0; m < MEMBERS; m++)
    objects_must_be_equal(k, a.obj[m], b.obj[m], "set to what is there");
  for (int32_t i = 0; i < MEMBERS * n; i++) macro[i] = i % 3 ? macro[i] + 2 : floor(macro[i] / 2);
  gm_model_set(k->m, &a.b, macro);
  gm_model_set(k->m, &b.b, macro);
  crowds_must_be_equal(k, &a, &b, "set is keyed");
  gm_model_get(k->m, &a.b, again);
  for (int32_t m = 0; m < MEMBERS; m++) {
    for (int32_t i = 0; i < n; i++) {
      double is = again[m * n + i], want = macro[m * n + i];
      assert_true(is == want || ((a.status[m] & GM_MEMBER_PROJECTED) && is >= 0));
    }
    gm_text t = bytes_of(k, a.obj[m]); /* all places still hang together */
    void *o = NULL;
    assert_int_equal(k->m->type->obj_load(k->m, k->ctx, t.data, t.bytes, &o), GM_OK);
    k->m->type->obj_free(k->m, o);
    gm_text_free(&t);
  }
  macro[0] = NAN;
  macro[1] = -1e300;
  macro[n] = 1e300;
  macro[n + 1] = 2.25;
  gm_model_set(k->m, &a.b, macro);
  gm_model_get(k->m, &a.b, again);
  assert_true(again[0] >= 0 && again[1] == 0 && isfinite(again[n]) && again[n + 1] <= 2);
  assert_true(a.status[0] & a.status[1] & GM_MEMBER_PROJECTED);
  crowd_free(k, &a);
  crowd_free(k, &b);
}

/* Parameters at 0, enormous, negative and no number: a status or numbers. */
static void corners_have_a_status(const kit *k)
{
  const double corner[] = {0, -1, 1e-300, NAN, INFINITY, 1e300};
  for (size_t q = 0; q < sizeof corner / sizeof *corner; q++)
    for (int32_t p = 0; p < k->info.parameter_count; p++) {
      crowd a;
      crowd_make(k, &a, true);
      for (int32_t m = 0; m < MEMBERS; m++) a.theta[p * a.b.psx + m] = corner[q];
      gm_span span[MEMBERS];
      for (int32_t m = 0; m < MEMBERS; m++)
        span[m] =
            (gm_span){.t1 = 0.02, .sample = &span[m].t1, .sample_count = 1, .y = a.y + m * OUTPUTS};
      a.b.n = 2;
      k->m->type->init(k->m, k->work, &a.b, 0);
      k->m->type->advance(k->m, k->work, &a.b, span, k->arena);
      for (int32_t m = 0; m < 2; m++)
        for (int32_t i = 0; i < k->info.output_count; i++)
          if (!(a.status[m] & ~GM_MEMBER_PROJECTED) && !isfinite(a.y[m * OUTPUTS + i]))
            fail_msg("parameter %d = %g: output %d is no number, status %d", (int)p, corner[q],
                     (int)i, a.status[m]);
      crowd_free(k, &a);
    }
}

/* Other slot, other key: another course. Same: the same. */
static void draws_have_their_meaning(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  b.b.slot0 = 1000;
  run_all(k, &a, false);
  run_all(k, &b, false);
  assert_memory_not_equal(a.y, b.y, sizeof a.y);
  crowd_free(k, &b);
  crowd_make(k, &b, true);
  for (int32_t m = 0; m < MEMBERS; m++) b.key[m].v[3] = 1;
  run_all(k, &b, false);
  assert_memory_not_equal(a.y, b.y, sizeof a.y);
  crowd_free(k, &b);
  crowd_make(k, &b, true);
  run_all(k, &b, false);
  assert_memory_equal(a.y, b.y, sizeof a.y);
  crowd_free(k, &a);
  crowd_free(k, &b);
}

/* Copies with fresh slots: the same now, another future. */
static void refreshed_copies_differ_later(const kit *k)
{
  crowd a, b;
  crowd_make(k, &a, true);
  crowd_make(k, &b, true);
  run_all(k, &a, false);
  run_all(k, &b, false);
  uint64_t slot[MEMBERS];
  double before[MEMBERS * 8], after[MEMBERS * 8];
  for (int32_t m = 0; m < MEMBERS; m++) slot[m] = gm_hash64(99, (uint64_t)m);
  b.b.slot = slot;
  gm_model_get(k->m, &b.b, before);
  k->m->type->refresh(k->m, &b.b, k->t_end);
  gm_model_get(k->m, &b.b, after);
  int32_t n = gm_model_macro_count(k->m);
  assert_memory_equal(before, after, sizeof(double) * (size_t)(n * MEMBERS));
  gm_text x = bytes_of(k, a.obj[0]), y = bytes_of(k, b.obj[0]);
  assert_true(x.bytes == y.bytes && memcmp(x.data, y.data, x.bytes) != 0);
  gm_text_free(&x);
  gm_text_free(&y);
  crowd_free(k, &a);
  crowd_free(k, &b);
}

/* Every byte that is changed is noticed, and so is every cut. */
static void damage_is_refused(const kit *k)
{
  crowd a;
  crowd_make(k, &a, true);
  run_all(k, &a, false);
  gm_text t = bytes_of(k, a.obj[1]);
  void *o = NULL;
  for (size_t i = 0; i < t.bytes; i += i < 200 ? 1 : 7) {
    t.data[i] ^= 0x10;
    assert_int_equal(k->m->type->obj_load(k->m, k->ctx, t.data, t.bytes, &o), GM_EPARSE);
    t.data[i] ^= 0x10;
  }
  for (size_t i = 0; i < t.bytes; i += 97)
    assert_int_equal(k->m->type->obj_load(k->m, k->ctx, t.data, i, &o), GM_EPARSE);
  assert_null(o);
  gm_text_free(&t);
  crowd_free(k, &a);
}

/* The checksum set anew, as one who means harm would. */
static void forge(gm_text *t)
{
  uint64_t sum = gm_checksum(t->data, t->bytes - 8);
  memcpy(t->data + t->bytes - 8, &sum, 8);
}

/* Bytes changed on purpose, with a good checksum: refused, or a member that runs, but no harm. */
static void forged_bytes_do_no_harm(const kit *k)
{
  crowd a;
  int32_t taken = 0;
  crowd_make(k, &a, true);
  run_all(k, &a, false);
  gm_text t = bytes_of(k, a.obj[1]);
  char *good = malloc(t.bytes);
  memcpy(good, t.data, t.bytes);
  static const uint64_t odd[] = {0, 1, UINT64_MAX, INT32_MAX, UINT64_C(0x7ff8000000000000), 7};
  for (uint64_t n = 0; n < 3000; n++) {
    uint64_t h = gm_hash64(n, 1);
    size_t at = 32 + h % (t.bytes - 32 - 16);
    if (n % 2) memcpy(t.data + at / 4 * 4, &odd[h >> 32 & 3], 4);
    if (n % 2 == 0) memcpy(t.data + at / 8 * 8, &odd[(h >> 32) % 6], 8);
    forge(&t);
    void *o = NULL;
    if (!k->m->type->obj_load(k->m, k->ctx, t.data, t.bytes, &o)) {
      gm_batch one = a.b;
      int8_t status = 0;
      gm_span span = {.t0 = k->t_end, .t1 = k->t_end + 2};
      one.n = 1;
      one.obj = &o;
      one.status = &status;
      k->m->type->advance(k->m, k->work, &one, &span, k->arena);
      k->m->type->obj_free(k->m, o);
      taken++;
    }
    memcpy(t.data, good, t.bytes);
  }
  print_message("  forged bytes: %d of 3000 taken as a member\n", (int)taken);
  free(good);
  gm_text_free(&t);
  crowd_free(k, &a);
}

/* ---- threads --------------------------------------------------------------------------------- */
typedef struct {
  const kit *k;
  crowd *c;
  gm_work *work[8];
  gm_arena *arena[8];
} parallel;

static gm_status one_member(void *user, int32_t m, int32_t worker, gm_ctx *ctx)
{
  parallel *p = user;
  const kit *k = p->k;
  gm_edge e[EDGES];
  double t[SAMPLES];
  (void)ctx;
  samples(k, false, t);
  gm_batch b = p->c->b;
  gm_span span = {.t1 = k->t_end,
                  .edge = e,
                  .edge_count = edges(k, m, e),
                  .sample = t,
                  .sample_count = SAMPLES,
                  .y = p->c->y + (ptrdiff_t)m * SAMPLES * k->info.output_count};
  b.n = 1;
  b.obj += m;
  b.theta += m;
  b.key += m;
  b.status += m;
  b.slot0 = (uint64_t)m;
  k->m->type->init(k->m, p->work[worker], &b, 0);
  k->m->type->advance(k->m, p->work[worker], &b, &span, p->arena[worker]);
  return GM_OK;
}

static void threads_agree(const kit *k)
{
  crowd a;
  crowd_make(k, &a, true);
  run_all(k, &a, false);
  for (int32_t workers = 1; workers <= 4; workers *= 2) {
    crowd b;
    parallel p = {.k = k, .c = &b};
    gm_pool *pool = NULL;
    crowd_make(k, &b, true);
    assert_int_equal(gm_pool_new(k->ctx, workers, &pool), GM_OK);
    for (int32_t w = 0; w < workers; w++) {
      assert_int_equal(k->m->type->work_new(k->m, k->ctx, &p.work[w]), GM_OK);
      assert_int_equal(gm_arena_new(k->ctx, 0, &p.arena[w]), GM_OK);
    }
    assert_int_equal(gm_pool_run(pool, k->ctx, MEMBERS, one_member, &p), GM_OK);
    crowds_must_be_equal(k, &a, &b, "threads");
    assert_memory_equal(a.y, b.y, sizeof a.y);
    for (int32_t w = 0; w < workers; w++) {
      k->m->type->work_free(p.work[w]);
      gm_arena_free(p.arena[w]);
    }
    gm_pool_free(pool);
    crowd_free(k, &b);
  }
  crowd_free(k, &a);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status everything(gm_ctx *ctx, void *user)
{
  maker *make = *(maker **)user;
  gm_model *m = NULL;
  gm_work *work = NULL;
  void *a = NULL, *b = NULL, *c = NULL;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status s = make(ctx, &m);
  if (!s) s = m->type->work_new(m, ctx, &work);
  if (!s) s = m->type->obj_new(m, ctx, &a);
  if (!s) s = m->type->obj_copy(m, ctx, a, &b);
  if (!s) s = m->type->obj_save(m, a, &t);
  if (!s) s = m->type->obj_load(m, ctx, t.data, t.bytes, &c);
  gm_text_free(&t);
  if (m) {
    m->type->obj_free(m, a);
    m->type->obj_free(m, b);
    m->type->obj_free(m, c);
    m->type->work_free(work);
  }
  gm_model_free(m);
  return s;
}

/* A member that cannot grow ends as diverged, and nothing is lost. */
static void growing_without_memory(maker *make)
{
  fault memory;
  fault_init(&memory);
  gm_ctx *ctx = fault_ctx(&memory);
  kit k = {.ctx = ctx, .t_end = 10};
  assert_int_equal(make(ctx, &k.m), GM_OK);
  gm_model_get_info(k.m, &k.info);
  assert_int_equal(k.m->type->work_new(k.m, ctx, &k.work), GM_OK);
  crowd a;
  crowd_make(&k, &a, true);
  k.m->type->init(k.m, k.work, &a.b, 0);
  gm_edge e = {.t = 0.1, .value = 1000, .kind = GM_EDGE_BOLUS};
  gm_span span[MEMBERS];
  for (int32_t m = 0; m < MEMBERS; m++) span[m] = (gm_span){.t1 = 1, .edge = &e, .edge_count = 1};
  fault_arm(&memory, 2, true);
  k.m->type->advance(k.m, k.work, &a.b, span, NULL);
  fault_disarm(&memory);
  int32_t ended = 0;
  for (int32_t m = 0; m < MEMBERS; m++) ended += (a.status[m] & GM_MEMBER_DIVERGED) != 0;
  assert_true(ended >= MEMBERS - 1);
  crowd_free(&k, &a);
  k.m->type->work_free(k.work);
  gm_model_free(k.m);
  gm_ctx_free(ctx);
  assert_int_equal(memory.live, 0);
}

static void run(maker *make, double t_end)
{
  kit k = {.t_end = t_end};
  assert_int_equal(gm_ctx_new(NULL, &k.ctx), GM_OK);
  if (make(k.ctx, &k.m)) fail_msg("the model cannot be made: %s", gm_message(k.ctx));
  gm_model_get_info(k.m, &k.info);
  assert_int_equal(k.m->type->work_new(k.m, k.ctx, &k.work), GM_OK);
  assert_int_equal(gm_arena_new(k.ctx, 0, &k.arena), GM_OK);
  batch_equals_singles_and_layouts(&k);
  added_samples_change_nothing(&k);
  split_and_saved(&k);
  copy_is_independent(&k);
  set_and_get(&k);
  corners_have_a_status(&k);
  draws_have_their_meaning(&k);
  refreshed_copies_differ_later(&k);
  damage_is_refused(&k);
  forged_bytes_do_no_harm(&k);
  threads_agree(&k);
  gm_arena_free(k.arena);
  k.m->type->work_free(k.work);
  gm_model_free(k.m);
  gm_ctx_free(k.ctx);
  fault_sweep("a queue model and its members", everything, &make);
  growing_without_memory(make);
}

/* A hospital with everything. */
static void conformance__ward(void **state)
{
  (void)state;
  run(ward_new, 60);
}
/* An epidemic: hazards that follow counts. */
static void conformance__sir(void **state)
{
  (void)state;
  run(make_sir, 20);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(conformance__ward),
                                     cmocka_unit_test(conformance__sir)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
