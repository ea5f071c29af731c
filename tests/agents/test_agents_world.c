/* label: quick
 * Worlds of agents: the macro view set and repaired; damaged bytes and configurations refused. */
#include "agents/agents_models.h"
#include "agents_case.h"
#include "kinds/agents/engine.h"
#include "support/sir_agents.h"

static void open_sir(agents_case *c, const int32_t *infected, int32_t n)
{
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(sir_agents_make(ctx, 50, infected, &m), GM_OK);
  case_open_model(c, ctx, m, n);
}

/* The asked counts come out exactly, no more people than needed change, and everyone is as likely
 * to be chosen. */
static void repair__converts_no_more_than_needed(void **state)
{
  (void)state;
  enum { N = 4000 };
  static const int32_t infected = 3;
  agents_case c;
  open_sir(&c, &infected, N);
  case_init(&c);
  double *ask = calloc(4 * N, 8), *is = calloc(4 * N, 8), hit[50] = {0};
  for (int i = 0; i < N; i++) {
    const double want[] = {39, 8, 3, 8}; /* 8 of 47 leave S, none leaves I */
    memcpy(ask + 4 * i, want, sizeof want);
  }
  gm_model_set(c.m, &c.b, ask);
  gm_model_get(c.m, &c.b, is);
  assert_memory_equal(ask, is, 4 * N * 8);
  for (int i = 0; i < N; i++) {
    const int32_t *s = gm_agents_whole(c.obj[i], 0, 0);
    assert_int_equal(c.status[i], GM_MEMBER_OK);
    assert_int_equal(gm_agents_count(c.obj[i], 0), 50);
    for (int k = 0; k < 50; k++) {
      if (k < 3) assert_int_equal(s[k], SIR_AGENTS_I);
      hit[k] += s[k] == SIR_AGENTS_R;
    }
  }
  double chi2 = 0, expected = N * 3.0 / 47;
  for (int k = 3; k < 50; k++) chi2 += (hit[k] - expected) * (hit[k] - expected) / expected;
  chi2 *= 46.0 / (47 * (1 - 3.0 / 47)); /* 3 of 47 without replacement */
  if (!(chi2 > 18 && chi2 < 95)) fail_msg("chi square %.1f with 46 degrees of freedom", chi2);
  free(ask);
  free(is);
  case_close(&c);
}

/* A world whose counts were set goes on by the law of a world that began with them. */
static void repair__goes_on_by_the_law(void **state)
{
  (void)state;
  enum { N = 6000 };
  static const int32_t three = 3, ten = 10;
  agents_case c;
  case_moments m[2];
  for (int k = 0; k < 2; k++) {
    open_sir(&c, k ? &ten : &three, N);
    case_init(&c);
    double *ask = calloc(4 * N, 8);
    for (int i = 0; i < N; i++) {
      const double want[] = {40, 10, 0, 0};
      memcpy(ask + 4 * i, want, sizeof want);
    }
    gm_model_set(c.m, &c.b, ask);
    for (int i = 0; i < N; i++) assert_int_equal(c.status[i], GM_MEMBER_OK);
    for (int i = 0; i < N && k; i++) c.key[i].v[0] = 77; /* two independent samples */
    case_run(&c, 0, 6, NULL, 0, NULL, 0, NULL);
    double *y = case_outputs(&c);
    m[k] = moments_of(y + 2, N, 3);
    free(y);
    free(ask);
    case_close(&c);
  }
  must_be_near("new infections", m[0].mean, m[1].mean, hypot(m[0].se, m[1].se));
}

/* A closed population keeps its number: what does not add up is brought in proportion, and said. */
static void repair__keeps_a_closed_number(void **state)
{
  (void)state;
  static const int32_t infected = 3;
  agents_case c;
  open_sir(&c, &infected, 1);
  case_init(&c);
  const double ask[][4] = {{10, 10, 10, 4}, {-3, 50, 1e300, 4}, {0, 0, 0, 4}, {20.4, 20.3, 9.3, 4}};
  const double want[][3] = {{17, 17, 16}, {0, 0, 50}, {0, 0, 50}, {21, 20, 9}};
  for (int i = 0; i < 4; i++) {
    double is[4];
    gm_model_set(c.m, &c.b, ask[i]);
    gm_model_get(c.m, &c.b, is);
    assert_int_equal(c.status[0], GM_MEMBER_PROJECTED);
    for (int k = 0; k < 3; k++)
      if (is[k] != want[i][k]) fail_msg("asked %d, row %d: %g, not %g", i, k, is[k], want[i][k]);
  }
  case_close(&c);
}

/* An open breed gains copies of its own and loses some; sums and fields keep their shape. */
static void repair__adds_takes_and_scales(void **state)
{
  (void)state;
  gm_agents_config config = grazers(true);
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  case_run(&c, 0, 2, NULL, 0, NULL, 0, NULL);
  double macro[6], is[6];
  gm_model_get(c.m, &c.b, macro);
  double *food = gm_agents_field_of(c.obj[0], FOOD), first = food[5], second = food[40];
  int32_t had = (int32_t)macro[0];
  macro[0] = had + 60;
  macro[1] *= 3;
  macro[3] = 1.5;
  macro[4] *= 1.1; /* health is at most 1 */
  macro[5] = 12;
  gm_model_set(c.m, &c.b, macro);
  gm_model_get(c.m, &c.b, is);
  assert_int_equal(c.status[0], GM_MEMBER_OK);
  assert_true(is[0] == macro[0] && is[5] == 12);
  for (int k = 1; k < 5; k++) assert_true(fabs(is[k] - macro[k]) < 1e-9 * macro[k]);
  assert_true(fabs(food[5] / food[40] - first / second) < 1e-12 * first / second);
  for (int32_t i = 0; i < 63; i++) { /* limits of cells hold */
    assert_true(gm_agents_here(c.obj[0], GRAZER, i) <= 4);
    assert_true(gm_agents_here(c.obj[0], GRAZER, i) + gm_agents_here(c.obj[0], TISSUE, i) <= 5);
  }
  const double *health = gm_agents_real(c.obj[0], TISSUE, HEALTH);
  for (int32_t i = 0; i < 63; i++) assert_true(health[i] >= 0 && health[i] <= 1);
  macro[0] = 1000; /* 63 cells with room for 4 */
  gm_model_set(c.m, &c.b, macro);
  gm_model_get(c.m, &c.b, is);
  assert_int_equal(c.status[0], GM_MEMBER_PROJECTED);
  assert_true(is[0] == 252);
  macro[0] = 0;
  macro[3] = 0;
  gm_model_set(c.m, &c.b, macro);
  gm_model_get(c.m, &c.b, is);
  assert_int_equal(c.status[0], GM_MEMBER_OK);
  assert_true(is[0] == 0);
  macro[0] = 3; /* from nobody: initial attributes */
  macro[3] = 0.5;
  gm_model_set(c.m, &c.b, macro);
  gm_model_get(c.m, &c.b, is);
  assert_int_equal(c.status[0], GM_MEMBER_OK);
  assert_true(is[0] == 3);
  case_close(&c);
}

/* ---- saved bytes ----------------------------------------------------------------------------- */
static void must_refuse(agents_case *c, const char *data, size_t bytes, const char *what)
{
  void *out = NULL;
  if (c->m->type->obj_load(c->m, c->ctx, data, bytes, &out) != GM_EPARSE || out)
    fail_msg("%s was not refused", what);
}

/* Every byte changed, every cut, another model's bytes: refused, nothing made. */
static void load__refuses_damage(void **state)
{
  (void)state;
  gm_agents_config config = line_of_cells(), other = grazers(false);
  agents_case c, d;
  case_open(&c, &config, 1);
  case_open(&d, &other, 1);
  case_init(&c);
  case_init(&d);
  case_run(&c, 0, 3, NULL, 0, NULL, 0, NULL);
  gm_text t;
  gm_text_init(&t, c.ctx);
  assert_int_equal(c.m->type->obj_save(c.m, c.obj[0], &t), GM_OK);
  for (size_t i = 0; i < t.bytes; i++) {
    t.data[i] ^= 0x10;
    must_refuse(&c, t.data, t.bytes, "a changed byte");
    t.data[i] ^= 0x10;
    must_refuse(&c, t.data, i, "a cut");
  }
  must_refuse(&d, t.data, t.bytes, "another model");
  gm_text_free(&t);
  case_close(&c);
  case_close(&d);
}

static void must_refuse_world(agents_case *c, const char *what)
{
  gm_text t;
  gm_text_init(&t, c->ctx);
  assert_int_equal(c->m->type->obj_save(c->m, c->obj[0], &t), GM_OK);
  must_refuse(c, t.data, t.bytes, what);
  gm_text_free(&t);
}

/* Bytes with a good checksum whose numbers contradict each other are refused as well: each number
 * that is a place is made a wrong one in turn. */
static void load__refuses_contradictions(void **state)
{
  (void)state;
  gm_agents_config config = line_of_cells();
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  case_run(&c, 0, 1, NULL, 0, NULL, 0, NULL);
  gm_agents *w = c.obj[0];
  static const int32_t column[] = {AGENTS_CELL, AGENTS_NEXT, AGENTS_PREV, AGENTS_FIRST,
                                   AGENTS_HERE};
  for (size_t i = 0; i < sizeof column / sizeof *column; i++)
    for (int32_t k = 0; k < 4; k++) {
      int32_t *x = agents_column(w, 0, column[i]), keep = x[k];
      const int32_t wrong[] = {keep + 1, -2, 1 << 29};
      for (int q = 0; q < 3; q++) {
        x[k] = wrong[q];
        must_refuse_world(&c, "a wrong place");
      }
      x[k] = keep;
    }
  agents_due *heap = w->at[AGENTS_HEAP];
  heap[1].agent += 1;
  must_refuse_world(&c, "a wrong agent in the heap");
  heap[1].agent = -1;
  must_refuse_world(&c, "no agent in the heap");
  heap[1].event = 99;
  must_refuse_world(&c, "a wrong event in the heap");
  case_close(&c);
}

/* ---- configurations -------------------------------------------------------------------------- */
typedef struct {
  gm_agents_config c;
  gm_agents_breed breed[2];
  gm_agents_attribute attribute[2], shared[2];
  gm_agents_event event[2];
  gm_agents_field field[2];
  gm_agents_speed speed[2];
  gm_var parameter[2];
  gm_agents_quantity output[2], macro[3];
  gm_agents_port port[2];
  int32_t cell[3], first[4], to[3];
} bench_config;

static double zero(const gm_agents *w, const double *theta)
{
  (void)w;
  (void)theta;
  return 0;
}

static void nothing(gm_agents_turn *t) { (void)t; }

static void usual(bench_config *b)
{
  memset(b, 0, sizeof *b);
  b->attribute[0] = (gm_agents_attribute){.name = "kind", .upper = 3, .whole = true};
  b->attribute[1] = (gm_agents_attribute){.name = "load", .upper = 3};
  b->shared[0] = (gm_agents_attribute){.name = "s"};
  b->shared[1] = (gm_agents_attribute){.name = "r"};
  b->event[0] = (gm_agents_event){.name = "e", .hazard = line_walks, .fire = nothing};
  b->event[1] = (gm_agents_event){.name = "f", .fire = nothing};
  b->breed[0] = (gm_agents_breed){.name = "x",
                                  .attribute = b->attribute,
                                  .attribute_count = 2,
                                  .event = b->event,
                                  .event_count = 2,
                                  .initial = 3};
  b->breed[1] = (gm_agents_breed){.name = "y"};
  b->field[0] = (gm_agents_field){.name = "f"};
  b->field[1] = (gm_agents_field){.name = "g"};
  b->speed[0] = (gm_agents_speed){.name = "v", .speed = zero};
  b->speed[1] = (gm_agents_speed){.name = "w", .speed = zero};
  b->parameter[0] = (gm_var){.name = "p", .initial = 1};
  b->parameter[1] = (gm_var){.name = "q", .initial = 1};
  b->output[0] = (gm_agents_quantity){.name = "xs", .of = "x"};
  b->output[1] = (gm_agents_quantity){.name = "n", .kind = GM_AGENTS_NUMBER, .number = zero};
  b->macro[0] = (gm_agents_quantity){.name = "k0", .of = "x", .attribute = "kind", .value = 0};
  b->macro[1] = (gm_agents_quantity){.name = "k1", .of = "x", .attribute = "kind", .value = 1};
  b->macro[2] = (gm_agents_quantity){.name = "f", .kind = GM_AGENTS_FIELD_TOTAL, .of = "f"};
  b->port[0] = (gm_agents_port){
      .name = "a", .into = GM_AGENTS_INTO_FIELD, .of = "f", .cell = b->cell, .cell_count = 3};
  b->port[1] = (gm_agents_port){.name = "b", .into = GM_AGENTS_INTO_COUNT, .of = "x"};
  for (int32_t i = 0; i < 3; i++) b->cell[i] = i;
  const int32_t first[] = {0, 1, 2, 3}, to[] = {1, 2, 0};
  memcpy(b->first, first, sizeof first);
  memcpy(b->to, to, sizeof to);
  b->c = (gm_agents_config){.step = 1,
                            .space = GM_AGENTS_MOORE,
                            .width = 5,
                            .height = 4,
                            .node_count = 3,
                            .edge_first = b->first,
                            .edge_to = b->to,
                            .breed = b->breed,
                            .field = b->field,
                            .shared = b->shared,
                            .speed = b->speed,
                            .parameter = b->parameter,
                            .output = b->output,
                            .macro = b->macro,
                            .port = b->port,
                            .breed_count = 2,
                            .field_count = 2,
                            .shared_count = 2,
                            .speed_count = 2,
                            .parameter_count = 2,
                            .output_count = 2,
                            .macro_count = 3,
                            .port_count = 2};
}

/* Makes the model of b; it must be refused with a message that has the word in it. */
static void refused(gm_ctx *ctx, bench_config *b, const char *word, int line)
{
  gm_model *m = NULL;
  gm_status s = gm_model_new(ctx, &gm_agents_type, &b->c, &m);
  if (!s || s == GM_EINTERNAL || m || !strstr(gm_message(ctx), word))
    fail_msg("line %d: status %s, message \"%s\", not with \"%s\"", line, gm_status_name(s),
             gm_message(ctx), word);
}

#define REFUSED(word, ...)                                                                         \
  do {                                                                                             \
    bench_config b;                                                                                \
    usual(&b);                                                                                     \
    __VA_ARGS__;                                                                                   \
    refused(ctx, &b, word, __LINE__);                                                              \
  } while (0)

/* Space, breeds, events. */
static void refuse_breeds(gm_ctx *ctx)
{
  REFUSED("breed", b.breed[0].name = NULL);
  REFUSED("two breeds", b.breed[1].name = "x");
  REFUSED("attributes", b.breed[0].attribute_count = 65);
  REFUSED("two attributes", b.attribute[1].name = "kind");
  REFUSED("kind", b.attribute[0].initial = 4);
  REFUSED("kind", b.attribute[0].initial = 0.5);
  REFUSED("load", b.attribute[1].lower = 5);
  REFUSED("load", b.attribute[1].initial = NAN);
  REFUSED("order", b.breed[0].order = (gm_agents_order)7);
  REFUSED("cell_max", b.breed[0].cell_max = -1);
  REFUSED("room for", b.breed[0].initial = -2);
  REFUSED("room for", (b.breed[0].initial = 41, b.breed[0].cell_max = 2));
  REFUSED("room for", (b.breed[0].initial = 41, b.c.cell_max = 2));
  REFUSED("every cell", (b.breed[0].initial = GM_AGENTS_EVERY_CELL, b.c.space = GM_AGENTS_MIXED));
  REFUSED("step", (b.breed[0].step = nothing, b.c.step = 0));
  REFUSED("event", b.event[0].name = "");
  REFUSED("no fire", b.event[0].fire = NULL);
  REFUSED("no speed named z", b.event[0].speed = "z");
  REFUSED("alarm", b.event[1].speed = "v");
  REFUSED("rename", b.event[1].name = "e");
  REFUSED("two speeds", b.speed[1].name = "v");
  REFUSED("speed v", b.speed[0].speed = NULL);
  REFUSED("grid", b.c.width = 2);
  REFUSED("space", b.c.space = (gm_agents_space)9);
  REFUSED("cell_max", b.c.cell_max = -1);
  REFUSED("node_count", (b.c.space = GM_AGENTS_GRAPH, b.c.node_count = 0));
  REFUSED("edge_first[2]", (b.c.space = GM_AGENTS_GRAPH, b.first[2] = 0));
  REFUSED("edge_to[1]", (b.c.space = GM_AGENTS_GRAPH, b.to[1] = 3));
}

/* Fields, numbers, tables. */
static void refuse_tables(gm_ctx *ctx)
{
  REFUSED("need a grid", b.c.space = GM_AGENTS_GRAPH);
  REFUSED("need a step", b.c.step = 0);
  REFUSED("two fields", b.field[1].name = "f");
  REFUSED("diffusion", (b.field[0].spread = GM_AGENTS_SHARE8, b.field[0].diffusion = 1.1));
  REFUSED("diffusion", b.field[0].diffusion = -1);
  REFUSED("sub-steps", (b.field[0].spread = GM_AGENTS_LAPLACE, b.field[0].diffusion = 1e5));
  REFUSED("decay", b.field[0].decay = 1.5);
  REFUSED("field f", b.field[0].initial = INFINITY);
  REFUSED("no parameter named z", b.field[0].decay_parameter = "z");
  REFUSED("spread", b.field[0].spread = (gm_agents_spread)5);
  REFUSED("step", b.c.step = -1);
  REFUSED("step", b.c.step = NAN);
  REFUSED("before or after", (b.c.step = 0, b.c.after = nothing));
  REFUSED("firing_max", b.c.firing_max = -1);
  REFUSED("breed_count", b.c.breed_count = -1);
  REFUSED("port_count", b.c.port = NULL);
  REFUSED("two parameters", b.parameter[1].name = "p");
  REFUSED("parameter p", b.parameter[0].initial = NAN);
  REFUSED("two shared", b.shared[1].name = "s");
  REFUSED("two outputs", b.output[1].name = "xs");
  REFUSED("nothing named", b.output[0].of = "z");
  REFUSED("no function", b.output[1].number = NULL);
  REFUSED("no attribute z", b.macro[0].attribute = "z");
  REFUSED("not whole", b.macro[0].attribute = "load");
  REFUSED("bounds", b.macro[0].value = 4);
  REFUSED("speak of the same", b.macro[1].value = 0);
  REFUSED("speak of the same", b.macro[1].attribute = NULL);
  REFUSED("speak of the same", (b.macro[1] = b.macro[2], b.macro[1].name = "z"));
  REFUSED("cannot be set", b.macro[0] = b.output[1]);
  REFUSED("no attribute", (b.macro[0].kind = GM_AGENTS_SUM, b.macro[0].attribute = NULL));
  REFUSED("count it by value", b.macro[0].kind = GM_AGENTS_SUM);
  REFUSED("closed", (b.c.macro = b.output, b.c.macro_count = 1, b.breed[0].closed = true));
  REFUSED("two ports", b.port[1].name = "a");
  REFUSED("nothing named", b.port[0].of = NULL);
  REFUSED("no dose", b.port[0].into = GM_AGENTS_INTO_RULE);
  REFUSED("target", b.port[0].into = (gm_agents_into)8);
  REFUSED("region", b.port[0].cell_count = 0);
  REFUSED("cell 20", b.cell[2] = 20);
  REFUSED("must grow", b.cell[1] = 0);
}

/* Each mistake is named; without one the model is made. */
static void config__is_refused_by_name(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  bench_config b;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  usual(&b);
  if (gm_model_new(ctx, &gm_agents_type, &b.c, &m)) fail_msg("%s", gm_message(ctx));
  gm_model_free(m);
  refuse_breeds(ctx);
  refuse_tables(ctx);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(repair__converts_no_more_than_needed),
      cmocka_unit_test(repair__goes_on_by_the_law),
      cmocka_unit_test(repair__keeps_a_closed_number),
      cmocka_unit_test(repair__adds_takes_and_scales),
      cmocka_unit_test(load__refuses_damage),
      cmocka_unit_test(load__refuses_contradictions),
      cmocka_unit_test(config__is_refused_by_name),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
