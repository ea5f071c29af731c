/* The kind `network`: ports, the macro view, the text form, and what is refused. */
#include "gemel/network.h"
#include "support/crowd.h"
#include "support/fault.h"
#include "support/sir_network.h"

static const char sir_text[] = "network: sir\n"
                               "time_unit: d\n"
                               "nodes: 50\n"
                               "states: [S, I, R]\n"
                               "parameters:\n"
                               "  beta: {value: 0.9, lower: 0, upper: 1e6}\n"
                               "  gamma: {value: 0.3, lower: 0, upper: 1e6}\n"
                               "layers:\n"
                               "  - {kind: complete}\n"
                               "transitions:\n"
                               "  - {from: S, to: I, rate: beta*near_I/population, "
                               "counter: new_infections}\n"
                               "  - {from: I, to: R, rate: gamma}\n"
                               "start:\n"
                               "  - {state: I, count: 3}\n";

static const char rich_text[] =
    "network: rich\n"
    "nodes: 9\n"
    "states: [S, I]\n"
    "parameters: {b: 0.4, g: {value: 0.2, unit: 1/d, source: \"none\"}}\n"
    "time_unit: d\n"
    "profiles: {open: {times: [0, 2], values: [1, 0.5], period: 7}}\n"
    "attributes: {age: [1, 2, 3, 4, 5, 6, 7, 8, 9]}\n"
    "layers:\n"
    "  - {name: grid, kind: lattice, width: 3, height: 3, torus: true, diagonal: true}\n"
    "  - {name: tie, kind: edges, edges: [[0, 1], [1, 2, 0.5]], directed: true, weight: 2}\n"
    "  - {name: ring, kind: small-world, neighbours: 2, rewire: 0.1, seed: 4}\n"
    "  - {name: any, kind: random, probability: 0.3}\n"
    "  - {name: hub, kind: preferential, attach: 2}\n"
    "  - {name: home, kind: groups, groups: [0, 0, 0, 1, 1, 1, -1, 2, 2]}\n"
    "  - {name: pair, kind: groups, group_size: 2, weight: 0.25}\n"
    "transitions:\n"
    "  - {from: S, to: I, rate: b*open*near_I + 0.01*age*near_tie_I/degree_grid, counter: n}\n"
    "  - {from: I, to: S, rate: g}\n"
    "start: [{state: I, nodes: [4, 5]}, {state: I, count: 2*b}]\n"
    "ports: [{name: seed, from: S, to: I}]\n"
    "watch: [{name: middle, node: 4, state: I}]\n"
    "outputs: [{name: share, unit: \"%\", is: 100*I/population}]\n"
    "firing_max: 5000\n";

static const char toggle_text[] = "parameters: {u: 1, d: 2}\n"
                                  "rules:\n"
                                  "  - {node: A, logic: \"!B\", up: u, down: d, start: 0.5}\n"
                                  "  - {node: B, logic: not A, up: u*(1 + A), down: d}\n";

static gm_model *from_text(gm_ctx *ctx, const char *text)
{
  gm_model *m = NULL;
  if (gm_network_read_text(ctx, text, "test.yaml", &m)) fail_msg("%s", gm_message(ctx));
  return m;
}

static void sir_open(crowd *c, int32_t n)
{
  gm_ctx *ctx;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(sir_network_new(ctx, 50, 3, 0.9, 0.3, &m), GM_OK);
  crowd_of(c, ctx, m, n);
  crowd_init(c);
}

/* ---- ports and the macro view ---------------------------------------------------------------- */
/* A bolus moves so many nodes, a replacement as many as it takes; more than there are moves all and
 * says so; a reset begins anew. */
static void port__moves_as_many_as_asked(void **state)
{
  (void)state;
  crowd c;
  double t[] = {0};
  sir_open(&c, 4);
  crowd_parameter(&c, "beta", 0);
  crowd_parameter(&c, "gamma", 0);
  int32_t in = crowd_row(&c, GM_TABLE_INPUT, "I"), out = crowd_row(&c, GM_TABLE_INPUT, "R");
  gm_edge e[] = {{.t = 1, .value = 10, .port = in, .kind = GM_EDGE_BOLUS},
                 {.t = 2, .value = 5, .port = in, .kind = GM_EDGE_REPLACE},
                 {.t = 2, .value = 2, .port = out, .kind = GM_EDGE_BOLUS}};
  double at[] = {1, 1.5, 2};
  crowd_go(&c, 0, 3, at, 3, e, 3);
  crowd_all_well(&c);
  assert_true(crowd_y(&c, 0, 0, "I") == 13 && crowd_y(&c, 0, 1, "S") == 37);
  assert_true(crowd_y(&c, 0, 2, "I") == 3 && crowd_y(&c, 0, 2, "R") == 2);
  assert_true(crowd_y(&c, 0, 2, "S") == 45);
  gm_edge many = {.t = 3, .value = 1e9, .port = in, .kind = GM_EDGE_BOLUS};
  t[0] = 3;
  crowd_go(&c, 3, 3, t, 1, &many, 1);
  assert_true(crowd_y(&c, 2, 0, "I") == 48 && c.status[2] == GM_MEMBER_PROJECTED);
  gm_edge part = {.t = 3, .value = 1.5, .port = out, .kind = GM_EDGE_BOLUS};
  crowd_go(&c, 3, 3, t, 1, &part, 1);
  assert_true(crowd_y(&c, 2, 0, "R") == 4 && c.status[2] == GM_MEMBER_PROJECTED);
  gm_edge reset = {.t = 3, .kind = GM_EDGE_RESET};
  crowd_go(&c, 3, 3, t, 1, &reset, 1);
  assert_true(crowd_y(&c, 1, 0, "S") == 47 && crowd_y(&c, 1, 0, "I") == 3);
  gm_edge wrong = {.t = 3, .value = -1, .port = in, .kind = GM_EDGE_RATE};
  crowd_go(&c, 3, 4, t, 1, &wrong, 1);
  assert_int_equal(c.status[0], GM_MEMBER_DIVERGED);
  crowd_close(&c);
}

/* Setting counts reaches them exactly when they can be, moves no node that need not move, and comes
 * to the nearest counts when they cannot. */
static void macro__set_reaches_the_counts(void **state)
{
  (void)state;
  enum { M = 5 };
  crowd c;
  const double wish[M][3] = {
      {40, 6, 4}, {47, 3, 0}, {20, 20, 20}, {-5, 30, 25}, {NAN, 1e300, INFINITY}};
  double macro[M * 3], again[M * 3], *before;
  sir_open(&c, M);
  before = malloc(sizeof(double) * (size_t)(M * c.info.state_count));
  memcpy(before, c.x, sizeof(double) * (size_t)(M * c.info.state_count));
  memcpy(macro, wish, sizeof macro);
  gm_model_set(c.m, &c.b, macro);
  gm_model_get(c.m, &c.b, again);
  assert_memory_equal(again, macro, 6 * sizeof(double));
  assert_int_equal(c.status[0] | c.status[1], 0);
  for (int k = 2; k < M; k++) assert_int_equal(c.status[k], GM_MEMBER_PROJECTED);
  assert_true(fabs(again[6] - 50 / 3.0) < 1 && again[6] + again[7] + again[8] == 50);
  assert_true(again[9] == 0 && fabs(again[10] - 27.5) < 1 && again[10] + again[11] == 50);
  assert_true(again[13] == 50);
  assert_memory_equal(before + c.info.state_count, c.x + c.info.state_count,
                      sizeof(double) * (size_t)c.info.state_count); /* nothing to do */
  int32_t node = crowd_row(&c, GM_TABLE_STATE, "node:0"), moved = 0, count[3] = {0};
  for (int32_t i = 0; i < 50; i++) {
    moved += before[node + i] != c.x[node + i];
    count[(int)c.x[node + i]]++;
  }
  assert_int_equal(moved, 7);
  assert_true(count[0] == 40 && count[1] == 6 && count[2] == 4);
  double t[] = {1};
  crowd_go(&c, 0, 1, t, 1, NULL, 0);
  assert_true(crowd_y(&c, 0, 0, "R") >= 4);
  free(before);
  crowd_close(&c);
}

/* Copies with fresh slots part ways, and those that keep theirs do not; after fresh draws the time
 * to the next event is exponential again. */
static void refresh__draws_what_has_no_memory(void **state)
{
  (void)state;
  enum { N = 4000 };
  gm_network_transition transition[] = {{"off", "on", "0.5", NULL}};
  const char *const two[] = {"off", "on"};
  gm_network_config config = {.node_count = 1,
                              .state = two,
                              .state_count = 2,
                              .transition = transition,
                              .transition_count = 1};
  uint64_t slot[N];
  double t[] = {2}, later[] = {3};
  int32_t off = 0, still = 0;
  crowd c;
  crowd_open(&c, &gm_network, &config, N);
  crowd_init(&c);
  crowd_go(&c, 0, 2, t, 1, NULL, 0);
  bool was_off[N];
  for (int32_t i = 0; i < N; i++) {
    was_off[i] = crowd_y(&c, i, 0, "off") == 1;
    slot[i] = 1000000 + (uint64_t)i;
  }
  c.b.slot = slot;
  c.m->type->refresh(c.m, &c.b, 2);
  crowd_go(&c, 2, 3, later, 1, NULL, 0);
  for (int32_t i = 0; i < N; i++) {
    off += was_off[i];
    still += was_off[i] && crowd_y(&c, i, 0, "off") == 1;
  }
  within("off at 2", off, N * exp(-1), sqrt(N * exp(-1) * (1 - exp(-1))));
  within("still off", still, off * exp(-0.5), sqrt(off * exp(-0.5) * (1 - exp(-0.5))));
  crowd_close(&c);
}

/* What the caller changes between two stretches acts from there on: with beta at 0 from day 5
 * nobody is infected after it. */
static void parameters__may_change_between_stretches(void **state)
{
  (void)state;
  crowd c;
  double t[] = {5}, end[] = {30};
  sir_open(&c, 50);
  crowd_go(&c, 0, 5, t, 1, NULL, 0);
  double *day5 = malloc(50 * sizeof *day5);
  for (int i = 0; i < 50; i++) day5[i] = crowd_y(&c, i, 0, "new_infections");
  crowd_parameter(&c, "beta", 0);
  crowd_go(&c, 5, 30, end, 1, NULL, 0);
  for (int i = 0; i < 50; i++) assert_true(crowd_y(&c, i, 0, "new_infections") == day5[i]);
  free(day5);
  crowd_close(&c);
}

/* Too many firings end a member with a status, not the program. */
static void firings__are_limited(void **state)
{
  (void)state;
  const char *const two[] = {"off", "on"};
  double t[] = {1};
  gm_network_transition transition[] = {{"off", "on", "1e300", NULL}, {"on", "off", "1e300", NULL}};
  gm_network_config config = {.node_count = 2,
                              .state = two,
                              .state_count = 2,
                              .transition = transition,
                              .transition_count = 2,
                              .firing_max = 1000};
  crowd c;
  crowd_open(&c, &gm_network, &config, 1);
  crowd_init(&c);
  crowd_go(&c, 0, 1, t, 1, NULL, 0);
  assert_int_equal(c.status[0], GM_MEMBER_STEPS);
  assert_true(isnan(crowd_y(&c, 0, 0, "on")));
  crowd_close(&c);
}

/* ---- text form ------------------------------------------------------------------------------- */
/* The text form gives the same model as the structs, to the byte. */
static void text__is_the_same_model(void **state)
{
  (void)state;
  crowd a, b;
  gm_ctx *ctx;
  double t[] = {3, 10};
  sir_open(&a, 20);
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  crowd_of(&b, ctx, from_text(ctx, sir_text), 20);
  crowd_init(&b);
  crowd_go(&a, 0, 10, t, 2, NULL, 0);
  crowd_go(&b, 0, 10, t, 2, NULL, 0);
  assert_int_equal(a.info.output_count, b.info.output_count);
  assert_memory_equal(a.y, b.y, 20 * 2 * 4 * sizeof(double));
  assert_string_equal(b.info.time_unit, "d");
  crowd_close(&a);
  crowd_close(&b);
}

/* The network of rich_text in structs. */
static gm_model *rich_new(gm_ctx *ctx)
{
  static const char *const states[] = {"S", "I"};
  static const double times[] = {0, 2}, open[] = {1, 0.5}, age[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};
  static const int32_t group[] = {0, 0, 0, 1, 1, 1, -1, 2, 2}, pair[] = {4, 5};
  static const gm_network_parameter parameter[] = {
      {.name = "b", .value = 0.4}, {.name = "g", .unit = "1/d", .value = 0.2, .source = "none"}};
  static const gm_network_profile profile = {"open", times, open, 2, 7};
  static const gm_network_attribute attribute = {"age", age};
  static const gm_network_edge edge[] = {{0, 1, 1}, {1, 2, 0.5}};
  static const gm_network_layer layer[] = {
      {.name = "grid",
       .kind = GM_GRAPH_LATTICE,
       .width = 3,
       .height = 3,
       .torus = true,
       .diagonal = true},
      {.name = "tie",
       .kind = GM_GRAPH_EDGES,
       .edge = edge,
       .edge_count = 2,
       .directed = true,
       .weight = 2},
      {.name = "ring", .kind = GM_GRAPH_SMALL_WORLD, .neighbours = 2, .rewire = 0.1, .seed = 4},
      {.name = "any", .kind = GM_GRAPH_RANDOM, .probability = 0.3},
      {.name = "hub", .kind = GM_GRAPH_PREFERENTIAL, .attach = 2},
      {.name = "home", .kind = GM_GRAPH_GROUPS, .group = group},
      {.name = "pair", .kind = GM_GRAPH_GROUPS, .group_size = 2, .weight = 0.25}};
  static const gm_network_transition transition[] = {
      {"S", "I", "b*open*near_I + 0.01*age*near_tie_I/degree_grid", "n"}, {"I", "S", "g", NULL}};
  static const gm_network_start start[] = {{.state = "I", .node = pair, .node_count = 2},
                                           {.state = "I", .count = "2*b"}};
  static const gm_network_port port = {"seed", "S", "I"};
  static const gm_network_watch watch = {"middle", 4, "I"};
  static const gm_network_output output = {"share", "%", "100*I/population"};
  static const gm_network_config config = {.name = "rich",
                                           .time_unit = "d",
                                           .parameter = parameter,
                                           .profile = &profile,
                                           .output = &output,
                                           .parameter_count = 2,
                                           .profile_count = 1,
                                           .output_count = 1,
                                           .node_count = 9,
                                           .state_count = 2,
                                           .state = states,
                                           .attribute = &attribute,
                                           .layer = layer,
                                           .transition = transition,
                                           .start = start,
                                           .port = &port,
                                           .watch = &watch,
                                           .attribute_count = 1,
                                           .layer_count = 7,
                                           .transition_count = 2,
                                           .start_count = 2,
                                           .port_count = 1,
                                           .watch_count = 1,
                                           .firing_max = 5000};
  gm_model *m = NULL;
  if (gm_model_new(ctx, &gm_network, &config, &m)) fail_msg("%s", gm_message(ctx));
  return m;
}

/* Every key is read, and means what the struct means: profiles, attributes, all kinds of graph,
 * starts, ports, watches, outputs give the same bytes from text and from structs. */
static void text__has_every_part(void **state)
{
  (void)state;
  crowd c[2];
  double t[] = {0, 4, 20};
  for (int k = 0; k < 2; k++) {
    gm_ctx *ctx;
    assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
    crowd_of(&c[k], ctx, k ? rich_new(ctx) : from_text(ctx, rich_text), 50);
    gm_edge seed = {.t = 3, .value = 2, .kind = GM_EDGE_BOLUS};
    seed.port = crowd_row(&c[k], GM_TABLE_INPUT, "seed");
    crowd_init(&c[k]);
    crowd_go(&c[k], 0, 20, t, 3, &seed, 1);
  }
  assert_int_equal(c[0].info.state_count, c[1].info.state_count);
  assert_int_equal(c[0].info.output_count, c[1].info.output_count);
  assert_memory_equal(c[0].y, c[1].y, 50 * 3 * (size_t)c[0].info.output_count * sizeof(double));
  assert_memory_equal(c[0].x, c[1].x, 50 * (size_t)c[0].info.state_count * sizeof(double));
  assert_string_equal(c[0].info.name, "rich");
  int32_t count;
  const gm_var *g = &gm_model_table(c[0].m, GM_TABLE_PARAMETER, &count)[1];
  assert_string_equal(g->unit, gm_model_table(c[1].m, GM_TABLE_PARAMETER, &count)[1].unit);
  assert_string_equal(g->source, "none");
  assert_true(crowd_y(&c[0], 7, 0, "I") == 3 && crowd_y(&c[0], 7, 0, "middle") == 1); /* 2 + 0.8 */
  assert_true(crowd_y(&c[0], 7, 0, "share") == 100 * 3 / 9.0);
  assert_true(crowd_mean(&c[0], 1, "n") > 0);
  crowd_close(&c[0]);
  crowd_close(&c[1]);
}

/* Edges may be many: every pair of 300 nodes listed, 134,551 values, is the complete graph. */
static void text__may_list_many_edges(void **state)
{
  (void)state;
  enum { NODES = 300 };
  static const char rest[] = "transitions: [{from: S, to: I, rate: 0.01*near_I}]\n"
                             "start: [{state: I, count: 2}]\n";
  crowd c[2];
  double t[] = {1, 3};
  for (int k = 0; k < 2; k++) {
    gm_ctx *ctx;
    gm_text text;
    assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
    gm_text_init(&text, ctx);
    gm_text_addf(&text, "nodes: %d\nstates: [S, I]\n%s", NODES, rest);
    gm_text_addf(&text, k ? "layers: [{kind: complete}]\n" : "layers: [{kind: edges, edges: [");
    for (int32_t i = 0; i < NODES && !k; i++)
      for (int32_t j = 0; j < i; j++) gm_text_addf(&text, "[%d, %d],\n  ", (int)i, (int)j);
    if (!k) gm_text_addf(&text, "]}]\n");
    crowd_of(&c[k], ctx, from_text(ctx, text.data), 3);
    gm_text_free(&text);
    crowd_init(&c[k]);
    crowd_go(&c[k], 0, 3, t, 2, NULL, 0);
  }
  assert_memory_equal(c[0].y, c[1].y, 3 * 2 * 2 * sizeof(double));
  assert_true(crowd_y(&c[0], 0, 1, "I") > 100);
  crowd_close(&c[0]);
  crowd_close(&c[1]);
}

/* A Boolean network from text follows its rules: of two that hold each other down one stays on for
 * ever, each as likely when both begin off. */
static void text__has_rules(void **state)
{
  (void)state;
  enum { MEMBERS = 2000 };
  crowd c;
  gm_ctx *ctx;
  double t[] = {0, 50};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  crowd_of(&c, ctx, from_text(ctx, toggle_text), MEMBERS);
  assert_int_equal(c.info.output_count, 2);
  crowd_init(&c);
  crowd_go(&c, 0, 50, t, 2, NULL, 0);
  share_is("A at the start", &c, 0, "A", 1, 0.5);
  share_is("B at the start", &c, 0, "B", 1, 0);
  for (int32_t i = 0; i < MEMBERS; i++)
    assert_true(crowd_y(&c, i, 1, "A") + crowd_y(&c, i, 1, "B") == 1);
  /* half begin with A on; of the others half, since both rise at the rate u while A is off */
  share_is("A in the end", &c, 1, "A", 1, 0.5 + 0.5 * 0.5);
  crowd_close(&c);
}

static void text_refuse(gm_status want, const char *words, const char *text)
{
  gm_ctx *ctx;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_status s = gm_network_read_text(ctx, text, "bad.yaml", &m);
  if (s != want || !strstr(gm_message(ctx), words))
    fail_msg("%s\nstatus %s, \"%s\"; wanted %s, \"%s\"", text, gm_status_name(s), gm_message(ctx),
             gm_status_name(want), words);
  gm_ctx_free(ctx);
}

#define HEAD "nodes: 4\nstates: [S, I]\nparameters: {b: 1}\n"

/* Every mistake is refused with a message that names it. */
static void text__mistakes_are_named(void **state)
{
  (void)state;
  const struct {
    gm_status status;
    const char *words, *text;
  } bad[] = {
      {GM_EPARSE, "bad.yaml:1: the file is empty", ""},
      {GM_EPARSE, "bad.yaml:1: found a list, a map is expected", "- 1"},
      {GM_EPARSE, "bad.yaml:1: noodes: is not known here", "noodes: 3"},
      {GM_EPARSE, "bad.yaml:2: nodes: \"3.5\", a whole number", "network: x\nnodes: 3.5"},
      {GM_EPARSE, "nodes: \"2e9\", a whole number", "nodes: 2e9"},
      {GM_ERANGE, "0 nodes", "nodes: 0\nstates: [A]"},
      {GM_ERANGE, "0 states", "nodes: 2"},
      {GM_EPARSE, "bad.yaml:1: an anchor (&name) is not supported", "nodes: &a 3"},
      {GM_EPARSE, "bad.yaml:2: nodes: the same key again; the first is in line 1",
       "nodes: 3\nnodes: 3"},
      {GM_EPARSE, "parameters.b.value: \"x\" is no number (column 18)",
       "parameters: {b: {value: x}}"},
      {GM_EINVAL, "cannot be a name", "nodes: 1\nstates: [\"a b\"]"},
      {GM_EINVAL, "S is there twice", "nodes: 1\nstates: [S, S]"},
      {GM_EINVAL, "b is there twice", HEAD "profiles: {b: {times: [0], values: [1]}}"},
      {GM_EPARSE, "bad.yaml:3: parameters.b: needs a value",
       "nodes: 1\nstates: [S]\nparameters: {b: {unit: g}}"},
      {GM_EDOMAIN, "within its bounds",
       "nodes: 1\nstates: [S]\nparameters: {b: {value: 3, upper: 2}}"},
      {GM_EPARSE, "lower and upper are both 3",
       "nodes: 1\nstates: [S]\nparameters: {b: {value: 3, lower: 3, upper: 3}}"},
      {GM_EPARSE, "bad.yaml", "nodes: 1\nstates: [S]\nparameters: {b: {value: 1, unit: floops}}"},
      {GM_ENOTFOUND, "no state \"X\"", HEAD "transitions: [{from: X, to: I, rate: b}]"},
      {GM_EINVAL, "two different states", HEAD "transitions: [{from: S, to: S, rate: b}]"},
      {GM_EINVAL, "an expression is expected", HEAD "transitions: [{from: S, to: I}]"},
      {GM_EPARSE, "nobody", HEAD "transitions: [{from: S, to: I, rate: nobody}]"},
      {GM_EUNSUPPORTED, "profile", HEAD "transitions: [{from: S, to: I, rate: b*sin(time)}]"},
      {GM_EUNIT, "unit of the rate",
       "time_unit: d\nnodes: 1\nstates: [S, I]\nparameters: {b: {value: 1, unit: 1/h}}\n"
       "transitions: [{from: S, to: I, rate: b}]"},
      {GM_EPARSE, "layers[1].kind: there is no kind \"star\"; known are complete, edges",
       HEAD "layers: [{kind: star}]"},
      {GM_EPARSE, "layers[1]: needs a kind of graph", HEAD "layers: [{seed: 1}]"},
      {GM_EPARSE, "0 or more", HEAD "layers: [{kind: random, seed: -1}]"},
      {GM_EPARSE, "true or false", HEAD "layers: [{kind: lattice, torus: yes}]"},
      {GM_EPARSE, "layers[1].edges[2]: [from, to]",
       HEAD "layers: [{kind: edges, edges: [[0, 1], 2]}]"},
      {GM_EDOMAIN, "edges[1][3]: a weight of 0",
       HEAD "layers: [{kind: edges, edges: [[0, 1, 0]]}]"},
      {GM_EDOMAIN, "weight: a weight of 0", HEAD "layers: [{kind: complete, weight: 0}]"},
      {GM_EPARSE, "groups: 2 numbers; one a node", HEAD "layers: [{kind: groups, groups: [0, 1]}]"},
      {GM_EPARSE, "attributes.age: 1 numbers; one a node", HEAD "attributes: {age: [1]}"},
      {GM_EPARSE, "profiles.p: 2 times and 1 values",
       HEAD "profiles: {p: {times: [0, 1], values: [1]}}"},
      {GM_ERANGE, "edge 0", HEAD "layers: [{kind: edges, edges: [[0, 4]]}]"},
      {GM_EINVAL, "with itself", HEAD "layers: [{kind: edges, edges: [[2, 2]]}]"},
      {GM_EDOMAIN, "weight", HEAD "layers: [{kind: edges, edges: [[0, 1, -2]]}]"},
      {GM_ERANGE, "4 nodes are expected", HEAD "layers: [{kind: lattice, width: 3, height: 2}]"},
      {GM_ERANGE, "even number", HEAD "layers: [{kind: small-world, neighbours: 3}]"},
      {GM_EDOMAIN, "probability", HEAD "layers: [{kind: random, probability: 1.5}]"},
      {GM_ERANGE, "attach", HEAD "layers: [{kind: preferential, attach: 4}]"},
      {GM_ERANGE, "groups of 0", HEAD "layers: [{kind: groups}]"},
      {GM_EUNSUPPORTED, "directed", HEAD "layers: [{kind: complete, directed: true}]"},
      {GM_ERANGE, "node 9", HEAD "start: [{state: I, nodes: [9]}]"},
      {GM_EINVAL, "named twice", HEAD "start: [{state: I, nodes: [1, 1]}]"},
      {GM_EDOMAIN, "rising times", HEAD "profiles: {p: {times: [1, 1], values: [1, 2]}}"},
      {GM_EDOMAIN, "period", HEAD "profiles: {p: {times: [0, 9], values: [1, 2], period: 7}}"},
      {GM_ERANGE, "node 7", HEAD "watch: [{name: w, node: 7, state: S}]"},
      {GM_EINVAL, "output S is there twice", HEAD "watch: [{name: S, node: 1, state: S}]"},
      {GM_EINVAL, "beside", HEAD "rules: [{node: A, up: 1, down: 1}]"},
      {GM_ENOTFOUND, "name of a node", "rules: [{node: A, logic: B, up: 1, down: 1}]"},
      {GM_EPARSE, "\")\" was expected", "rules: [{node: A, logic: (A, up: 1, down: 1}]"},
      {GM_EPARSE, "or the end", "rules: [{node: A, logic: A A, up: 1, down: 1}]"},
      {GM_EPARSE, "column 3", "rules: [{node: A, logic: A 7, up: 1, down: 1}]"},
  };
  for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
    text_refuse(bad[i].status, bad[i].words, bad[i].text);
  char deep[400] = "rules: [{node: A, up: 1, down: 1, logic: \"";
  for (int i = 0; i < 60; i++) strcat(deep, "(");
  strcat(deep, "A\"}]");
  text_refuse(GM_ERANGE, "deeper than 50", deep);
}

/* Texts cut short or with a byte changed end with a model or a message, and leak nothing. */
static void text__hostile_bytes_end_whole(void **state)
{
  (void)state;
  fault memory;
  fault_init(&memory);
  gm_ctx *ctx = fault_ctx(&memory);
  int64_t before = memory.live;
  const char *const whole[] = {sir_text, rich_text, toggle_text};
  const gm_key key = {{1, 2, 3, 4}};
  for (int k = 0; k < 3; k++) {
    size_t bytes = strlen(whole[k]);
    for (uint64_t i = 0; i < 600; i++) {
      uint64_t r[4];
      char *text = malloc(bytes + 1);
      gm_model *m = NULL;
      memcpy(text, whole[k], bytes + 1);
      gm_draw4(key, (uint64_t)k, 0, 0, i, r);
      if (i % 2)
        text[r[0] % bytes] = 0;
      else
        text[r[0] % bytes] = "{}[]:,-'\"#&*!|> 0\n"[r[1] % 18];
      gm_status s = gm_network_read_text(ctx, text, "x", &m);
      assert_true(s == GM_OK || gm_message(ctx)[0]);
      gm_model_free(m);
      assert_int_equal(memory.live, before);
      free(text);
    }
  }
  gm_ctx_free(ctx);
}

static gm_status text_trial(gm_ctx *ctx, void *user)
{
  gm_model *m = NULL;
  gm_status s = gm_network_read_text(ctx, user, "x", &m);
  gm_model_free(m);
  return s;
}

/* Reading survives the failure of every allocation. */
static void text__survives_failing_memory(void **state)
{
  (void)state;
  fault_sweep("a rich network", text_trial, (void *)(uintptr_t)rich_text);
  fault_sweep("a Boolean network", text_trial, (void *)(uintptr_t)toggle_text);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(port__moves_as_many_as_asked),
      cmocka_unit_test(macro__set_reaches_the_counts),
      cmocka_unit_test(refresh__draws_what_has_no_memory),
      cmocka_unit_test(parameters__may_change_between_stretches),
      cmocka_unit_test(firings__are_limited),
      cmocka_unit_test(text__is_the_same_model),
      cmocka_unit_test(text__has_every_part),
      cmocka_unit_test(text__may_list_many_edges),
      cmocka_unit_test(text__has_rules),
      cmocka_unit_test(text__mistakes_are_named),
      cmocka_unit_test(text__hostile_bytes_end_whole),
      cmocka_unit_test(text__survives_failing_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
