/* label: full
 * The rules of the contract (docs/contract.md) on models of the kind `agents`: with steps, with
 * clocks, with both. Object state: the checks of the kit, by the type's functions alone. */
#include "agents/agents_case.h"
#include "agents/agents_models.h"
#include "support/fault.h"
#include "support/sir_agents.h"

enum { MEMBERS = 9, SAMPLES = 11 };

typedef struct {
  gm_agents_config config;
  bool sir;
  double t_end, dose;
} subject;

static gm_status make(gm_ctx *ctx, const subject *s, gm_model **out)
{
  static const int32_t infected = 3;
  if (s->sir) return sir_agents_make(ctx, 50, &infected, out);
  return gm_model_new(ctx, &gm_agents_type, &s->config, out);
}

static void open_case(agents_case *c, const subject *s, int32_t n)
{
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (make(ctx, s, &m)) fail_msg("%s", gm_message(ctx));
  case_open_model(c, ctx, m, n);
  for (int32_t i = 0; i < n; i++) /* members differ */
    for (int32_t k = 0; k < c->info.parameter_count; k++) c->theta[k * n + i] *= 0.9 + 0.02 * i;
}

static int32_t edges(const agents_case *c, const subject *s, int32_t member, gm_edge *e)
{
  int32_t n = 0;
  double late = 0.013 * member * s->t_end / MEMBERS;
  if (c->info.input_count) {
    e[n++] = (gm_edge){.t = s->t_end / 4 + late, .value = s->dose, .kind = GM_EDGE_BOLUS};
    int32_t last = c->info.input_count > 1 ? 1 : 0;
    e[n++] = (gm_edge){
        .t = s->t_end / 3 + late, .value = s->dose / s->t_end, .port = last, .kind = GM_EDGE_RATE};
    e[n++] = (gm_edge){.t = s->t_end / 2, .value = 4, .port = last, .kind = GM_EDGE_BOLUS};
  }
  if (c->info.parameter_count)
    e[n++] = (gm_edge){
        .t = 0.6 * s->t_end + late, .value = c->theta[member] * 1.2, .kind = GM_EDGE_PARAMETER};
  if (c->info.input_count) {
    e[n++] = (gm_edge){.t = 0.7 * s->t_end + late, .value = 5, .kind = GM_EDGE_REPLACE};
    if (member % 3 == 1) e[n++] = (gm_edge){.t = 0.8 * s->t_end, .kind = GM_EDGE_RESET};
  }
  return n;
}

/* From t0 to t1, with the edges in (t0, t1] (and at 0). */
static void run(agents_case *c, const subject *s, double t0, double t1, const double *sample,
                int32_t sample_count, double *y)
{
  gm_edge e[MEMBERS][8];
  gm_span span[MEMBERS];
  for (int32_t i = 0; i < c->n; i++) {
    int32_t member = (int32_t)c->slot[i], n = edges(c, s, member, e[i]), kept = 0;
    for (int32_t k = 0; k < n; k++)
      if (e[i][k].t > t0 && e[i][k].t <= t1) e[i][kept++] = e[i][k];
    span[i] = (gm_span){.t0 = t0,
                        .t1 = t1,
                        .edge = e[i],
                        .sample = sample,
                        .y = y ? y + (ptrdiff_t)i * sample_count * c->info.output_count : NULL,
                        .edge_count = kept,
                        .sample_count = sample_count};
  }
  c->m->type->advance(c->m, c->work, &c->b, span, c->arena);
  for (int32_t i = 0; i < c->n; i++) gm_span_apply_parameters(&span[i], c->theta + i, c->b.psx);
}

static gm_text bytes_of(agents_case *c, int32_t member)
{
  gm_text t;
  gm_text_init(&t, c->ctx);
  assert_int_equal(c->m->type->obj_save(c->m, c->obj[member], &t), GM_OK);
  return t;
}

static void must_be_same(agents_case *a, agents_case *b, int32_t i, int32_t j, const char *what)
{
  gm_text x = bytes_of(a, i), y = bytes_of(b, j);
  if (x.bytes != y.bytes || memcmp(x.data, y.data, x.bytes) != 0)
    fail_msg("%s: member %d differs", what, (int)i);
  gm_text_free(&x);
  gm_text_free(&y);
}

/* The same in one stretch, in three, saved and loaded in between, with more samples, in another
 * layout of parameters, one by one, backwards. */
static void ways_agree(const subject *s)
{
  agents_case a, b;
  double few[SAMPLES], many[3 * SAMPLES];
  open_case(&a, s, MEMBERS);
  int32_t ny = a.info.output_count;
  double *ya = calloc((size_t)(MEMBERS * SAMPLES * ny), 8);
  double *yb = calloc((size_t)(MEMBERS * SAMPLES * ny * 3), 8);
  for (int k = 0; k < SAMPLES; k++) few[k] = s->t_end * (k + 1) / SAMPLES;
  for (int k = 0; k < 3 * SAMPLES; k++) many[k] = s->t_end * (k + 1) / (3 * SAMPLES);
  for (int k = 0; k < SAMPLES; k++) many[3 * k + 2] = few[k];
  case_init(&a);
  run(&a, s, 0, s->t_end, few, SAMPLES, ya);

  open_case(&b, s, MEMBERS); /* many samples */
  case_init(&b);
  run(&b, s, 0, s->t_end, many, 3 * SAMPLES, yb);
  for (int32_t i = 0; i < MEMBERS; i++) {
    must_be_same(&a, &b, i, i, "more samples");
    assert_int_equal(a.status[i], b.status[i]);
    assert_int_equal(a.status[i] & ~GM_MEMBER_PROJECTED, 0);
    for (int k = 0; k < SAMPLES; k++)
      assert_memory_equal(ya + ((ptrdiff_t)i * SAMPLES + k) * ny,
                          yb + ((ptrdiff_t)i * 3 * SAMPLES + 3 * k + 2) * ny, (size_t)ny * 8);
  }
  case_close(&b);

  open_case(&b, s, MEMBERS); /* cut, saved and loaded */
  case_init(&b);
  const double cut[] = {0, 0.2371, 0.25, 0.6112, 0.75, 1};
  for (int k = 0; k < 5; k++) {
    run(&b, s, cut[k] * s->t_end, cut[k + 1] * s->t_end, NULL, 0, NULL);
    for (int32_t i = 0; i < MEMBERS; i++) {
      gm_text t = bytes_of(&b, i);
      b.m->type->obj_free(b.m, b.obj[i]);
      assert_int_equal(b.m->type->obj_load(b.m, b.ctx, t.data, t.bytes, &b.obj[i]), GM_OK);
      gm_text_free(&t);
    }
  }
  for (int32_t i = 0; i < MEMBERS; i++) must_be_same(&a, &b, i, i, "cut, saved and loaded");
  case_close(&b);

  open_case(&b, s, MEMBERS); /* one by one from behind, parameters in a row */
  double *row = calloc((size_t)a.info.parameter_count + 1, 8);
  for (int32_t i = MEMBERS - 1; i >= 0; i--) {
    agents_case one = b;
    for (int32_t k = 0; k < b.info.parameter_count; k++) row[k] = b.theta[k * MEMBERS + i];
    one.n = one.b.n = 1;
    one.b.obj = one.obj = b.obj + i;
    one.theta = row;
    one.b.theta = row;
    one.b.psx = 1;
    one.b.psm = 77;
    one.b.status = one.status = b.status + i;
    one.b.key = one.key = b.key + i;
    one.b.slot = NULL;
    one.b.slot0 = (uint64_t)i;
    one.slot = b.slot + i;
    double first = row[0];
    case_init(&one);
    /* edges() reads the member's first parameter by its place in a crowd */
    double *wide = calloc(MEMBERS + 1, 8);
    wide[i] = first;
    gm_edge e[8];
    agents_case asked = one;
    asked.theta = wide;
    gm_span span = {.t0 = 0, .t1 = s->t_end, .edge = e, .edge_count = edges(&asked, s, i, e)};
    one.m->type->advance(one.m, one.work, &one.b, &span, one.arena);
    free(wide);
    must_be_same(&a, &b, i, i, "one by one");
  }
  free(row);
  case_close(&b);
  free(ya);
  free(yb);
  case_close(&a);
}

/* The same bytes on every instruction set. */
static void instruction_sets_agree(const subject *s)
{
  agents_case a, b;
  open_case(&a, s, MEMBERS);
  case_init(&a);
  run(&a, s, 0, s->t_end, NULL, 0, NULL);
  const char *const isa[] = {"scalar", "avx2"};
  for (int k = 0; k < 2; k++) {
    setenv("GEMEL_ISA", isa[k], 1);
    open_case(&b, s, MEMBERS);
    case_init(&b);
    run(&b, s, 0, s->t_end, NULL, 0, NULL);
    for (int32_t i = 0; i < MEMBERS; i++) must_be_same(&a, &b, i, i, isa[k]);
    case_close(&b);
    unsetenv("GEMEL_ISA");
  }
  case_close(&a);
}

/* ---- workers --------------------------------------------------------------------------------- */
typedef struct {
  agents_case *c;
  const subject *s;
} pool_job;

static gm_status pool_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  pool_job *j = user;
  agents_case one = *j->c;
  (void)worker;
  one.n = one.b.n = 1;
  one.obj += task;
  one.b.obj += task;
  one.theta += task;
  one.b.theta += task;
  one.b.status += task;
  one.b.key += task;
  one.b.slot += task;
  gm_status st = one.m->type->work_new(one.m, ctx, &one.work);
  if (!st) st = gm_arena_new(ctx, 0, &one.arena);
  if (st) return st;
  gm_span span = {.t0 = 0, .t1 = j->s->t_end};
  one.m->type->init(one.m, one.work, &one.b, 0);
  one.m->type->advance(one.m, one.work, &one.b, &span, one.arena);
  one.m->type->work_free(one.work);
  gm_arena_free(one.arena);
  return GM_OK;
}

static void workers_agree(const subject *s)
{
  agents_case c[3];
  for (int k = 0; k < 3; k++) {
    gm_pool *pool = NULL;
    open_case(&c[k], s, MEMBERS);
    pool_job job = {&c[k], s};
    assert_int_equal(gm_pool_new(c[k].ctx, 1 << k, &pool), GM_OK);
    assert_int_equal(gm_pool_run(pool, c[k].ctx, MEMBERS, pool_task, &job), GM_OK);
    gm_pool_free(pool);
    for (int32_t i = 0; i < MEMBERS; i++) must_be_same(&c[0], &c[k], i, i, "workers");
  }
  for (int k = 0; k < 3; k++) case_close(&c[k]);
}

/* ---- copies, macro view, corners, keys ------------------------------------------------------- */
/* A copy goes its own way and leaves the first alone; with the same slot it goes the same way, with
 * another and clocks drawn anew another one. */
static void copies_are_independent(const subject *s)
{
  agents_case a;
  open_case(&a, s, 3);
  case_init(&a);
  run(&a, s, 0, s->t_end / 5, NULL, 0, NULL);
  for (int k = 1; k < 3; k++) {
    a.m->type->obj_free(a.m, a.obj[k]);
    assert_int_equal(a.m->type->obj_copy(a.m, a.ctx, a.obj[0], &a.obj[k]), GM_OK);
    for (int32_t p = 0; p < a.info.parameter_count; p++) a.theta[p * 3 + k] = a.theta[p * 3];
    a.slot[k] = k == 1 ? a.slot[0] : 12345;
  }
  gm_text before = bytes_of(&a, 0);
  must_be_same(&a, &a, 0, 1, "a copy");
  gm_batch second = a.b;
  second.n = 1;
  second.obj = a.obj + 2;
  second.slot = a.slot + 2;
  a.m->type->refresh(a.m, &second, s->t_end / 5);
  second.obj = a.obj + 1;
  gm_span span[3];
  for (int k = 0; k < 3; k++) span[k] = (gm_span){.t0 = s->t_end / 5, .t1 = s->t_end};
  gm_batch others = a.b;
  others.n = 2;
  others.obj = a.obj + 1;
  others.slot = a.slot + 1;
  others.status = a.status + 1;
  others.theta = a.theta + 1;
  a.m->type->advance(a.m, a.work, &others, span, a.arena);
  gm_text after = bytes_of(&a, 0);
  assert_int_equal(before.bytes, after.bytes);
  assert_memory_equal(before.data, after.data, before.bytes);
  gm_batch first = a.b;
  first.n = 1;
  a.m->type->advance(a.m, a.work, &first, span, a.arena);
  must_be_same(&a, &a, 0, 1, "a copy with the same slot");
  gm_text x = bytes_of(&a, 0), y = bytes_of(&a, 2);
  assert_true(x.bytes != y.bytes || memcmp(x.data, y.data, x.bytes) != 0);
  gm_text_free(&x);
  gm_text_free(&y);
  gm_text_free(&before);
  gm_text_free(&after);
  case_close(&a);
}

/* set takes any vector; what get gives then is what was asked, or the member says PROJECTED; the
 * world goes on. */
static void macro_view_is_set(const subject *s)
{
  agents_case a;
  open_case(&a, s, MEMBERS);
  case_init(&a);
  run(&a, s, 0, s->t_end / 2, NULL, 0, NULL);
  int32_t n = gm_model_macro_count(a.m);
  assert_true(n > 0 && n == a.info.state_count);
  double *ask = calloc((size_t)(n * MEMBERS), 8), *is = calloc((size_t)(n * MEMBERS), 8);
  const double wild[] = {NAN, INFINITY, -INFINITY, -5, 1e300, 0};
  for (int round = 0; round < 8; round++) {
    gm_model_get(a.m, &a.b, ask);
    for (int32_t i = 0; i < n * MEMBERS; i++) {
      if (round == 0) continue;
      ask[i] = round == 1 ? ask[i] * 1.25 + 2 : wild[(i + round) % 6];
      if (round == 2) ask[i] = 3;
    }
    /* a number out of all proportion would be millions of agents: the breed's limit is for that */
    for (int32_t i = 0; i < n * MEMBERS && !s->config.cell_max; i++)
      if (ask[i] > 1e6) ask[i] = 1000;
    gm_model_set(a.m, &a.b, ask);
    gm_model_get(a.m, &a.b, is);
    for (int32_t m = 0; m < MEMBERS; m++)
      for (int32_t i = 0; i < n; i++) {
        assert_true(isfinite(is[m * n + i]));
        if (a.status[m] == 0)
          assert_true(fabs(is[m * n + i] - ask[m * n + i]) <= 1e-9 * fabs(ask[m * n + i]));
        if (!isfinite(ask[m * n + i])) assert_true(a.status[m] & GM_MEMBER_PROJECTED);
        if (round == 0) assert_int_equal(a.status[m], 0);
      }
    for (int32_t m = 0; m < MEMBERS; m++) { /* a world that holds: it can be loaded */
      gm_text t = bytes_of(&a, m);
      void *again = NULL;
      if (a.m->type->obj_load(a.m, a.ctx, t.data, t.bytes, &again))
        fail_msg("round %d: %s", round, gm_message(a.ctx));
      a.m->type->obj_free(a.m, again);
      gm_text_free(&t);
    }
  }
  run(&a, s, s->t_end / 2, s->t_end, NULL, 0, NULL);
  free(ask);
  free(is);
  case_close(&a);
}

static void corners_have_a_status(const subject *s)
{
  const double corner[] = {0, 1e300, -1, 1e-300, NAN, INFINITY};
  agents_case a;
  open_case(&a, s, MEMBERS);
  int32_t ny = a.info.output_count, np = a.info.parameter_count;
  double *y = calloc((size_t)(MEMBERS * ny), 8), end = s->t_end;
  double *usual = malloc((size_t)(np * MEMBERS) * 8);
  memcpy(usual, a.theta, (size_t)(np * MEMBERS) * 8);
  for (int32_t p = 0; p < np; p++)
    for (int q = 0; q < 6; q++) {
      memcpy(a.theta, usual, (size_t)(np * MEMBERS) * 8);
      for (int32_t i = 0; i < MEMBERS; i++) a.theta[p * MEMBERS + i] = corner[q];
      case_init(&a);
      run(&a, s, 0, s->t_end, &end, 1, y);
      for (int32_t i = 0; i < MEMBERS; i++)
        for (int32_t k = 0; k < ny; k++)
          assert_true(isfinite(y[i * ny + k]) || (a.status[i] & ~GM_MEMBER_PROJECTED));
    }
  free(usual);
  free(y);
  case_close(&a);
}

/* Other keys, other slots: other worlds; the same again: the same. */
static void keys_have_a_meaning(const subject *s)
{
  agents_case a;
  open_case(&a, s, 4);
  for (int32_t i = 0; i < 4; i++)
    for (int32_t p = 0; p < a.info.parameter_count; p++) a.theta[p * 4 + i] = a.theta[p * 4];
  a.slot[0] = a.slot[1] = a.slot[2] = 5;
  a.key[2].v[3]++;
  case_init(&a);
  case_run(&a, 0, s->t_end, NULL, 0, NULL, 0, NULL);
  must_be_same(&a, &a, 0, 1, "the same key and slot");
  for (int k = 2; k < 4; k++) {
    gm_text x = bytes_of(&a, 0), y = bytes_of(&a, k);
    assert_true(x.bytes != y.bytes || memcmp(x.data, y.data, x.bytes) != 0);
    gm_text_free(&x);
    gm_text_free(&y);
  }
  case_close(&a);
}

/* ---- memory ---------------------------------------------------------------------------------- */
static gm_status everything(gm_ctx *ctx, void *user)
{
  const subject *s = user;
  gm_model *m = NULL;
  gm_work *work = NULL;
  void *obj = NULL, *copy = NULL, *loaded = NULL;
  gm_text t;
  gm_text_init(&t, ctx);
  gm_status st = make(ctx, s, &m);
  if (!st) st = m->type->work_new(m, ctx, &work);
  if (!st) st = m->type->obj_new(m, ctx, &obj);
  if (!st) st = m->type->obj_copy(m, ctx, obj, &copy);
  if (!st && m->type->obj_save(m, obj, &t)) st = gm_fail(ctx, GM_ENOMEM, "text");
  if (!st) st = m->type->obj_load(m, ctx, t.data, t.bytes, &loaded);
  gm_text_free(&t);
  if (loaded) m->type->obj_free(m, loaded);
  if (copy) m->type->obj_free(m, copy);
  if (obj) m->type->obj_free(m, obj);
  if (work) m->type->work_free(work);
  gm_model_free(m);
  return st;
}

/* No memory on the way is a diverged member, and nothing leaks. */
static void growing_may_fail(const subject *s)
{
  for (int64_t n = 1; n < 12; n++) {
    fault f;
    fault_init(&f);
    gm_ctx *ctx = fault_ctx(&f);
    gm_model *m = NULL;
    assert_int_equal(make(ctx, s, &m), GM_OK);
    agents_case c;
    case_open_model(&c, ctx, m, 2);
    fault_arm(&f, n, true);
    case_init(&c);
    case_run(&c, 0, s->t_end, NULL, 0, NULL, 0, NULL);
    double macro[64] = {0};
    for (int i = 0; i < 64; i++) macro[i] = 20;
    gm_model_set(m, &c.b, macro);
    fault_disarm(&f);
    case_close(&c);
    assert_int_equal(f.live, 0);
  }
}

static void rules_hold(subject s)
{
  ways_agree(&s);
  instruction_sets_agree(&s);
  workers_agree(&s);
  copies_are_independent(&s);
  macro_view_is_set(&s);
  corners_have_a_status(&s);
  keys_have_a_meaning(&s);
  fault_sweep("everything of a model of agents", everything, &s);
  growing_may_fail(&s);
}

/* Steps on a grid of time: edges move to it, samples read the last point. */
static void conformance__stepped(void **state)
{
  (void)state;
  rules_hold((subject){.config = grazers(false), .t_end = 10, .dose = 30});
}
/* Steps, and clocks that run between them. */
static void conformance__hybrid(void **state)
{
  (void)state;
  rules_hold((subject){.config = grazers(true), .t_end = 10, .dose = 30});
}
/* Clocks alone, on a graph. */
static void conformance__events(void **state)
{
  (void)state;
  rules_hold((subject){.config = line_of_cells(), .t_end = 6, .dose = 10});
}
/* A closed population, well mixed. */
static void conformance__closed(void **state)
{
  (void)state;
  rules_hold((subject){.sir = true, .t_end = 28});
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__stepped),
      cmocka_unit_test(conformance__hybrid),
      cmocka_unit_test(conformance__events),
      cmocka_unit_test(conformance__closed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
