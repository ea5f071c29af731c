/* The laws of networks: what the kind `network` draws, against laws in closed form or master
 * equations solved here.
 * label: full */
#include "gemel/network.h"
#include "support/crowd.h"
#include "support/sir_network.h"

enum { N = 20000 };

static void binomial(int32_t n, double q, double *p)
{
  for (int32_t k = 0; k <= n; k++)
    p[k] = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) + k * log(q) +
               (n - k) * log1p(-q));
}

/* ---- the shared epidemic --------------------------------------------------------------------- */
/* Joint law of (S, I) of the closed epidemic of 50 at a time, by Runge-Kutta's fourth order on the
 * master equation. */
enum { PEOPLE = 50, SIDE = PEOPLE + 1 };

static void sir_slope(double beta, double gamma, const double *p, double *d)
{
  memset(d, 0, SIDE * SIDE * sizeof *d);
  for (int s = 0; s <= PEOPLE; s++)
    for (int i = 1; i + s <= PEOPLE; i++) {
      double w = p[s * SIDE + i], infect = beta * s * i / PEOPLE * w, heal = gamma * i * w;
      d[s * SIDE + i] -= infect + heal;
      if (s) d[(s - 1) * SIDE + i + 1] += infect;
      d[s * SIDE + i - 1] += heal;
    }
}

static void sir_solve(double beta, double gamma, double t, double *p)
{
  static double k[4][SIDE * SIDE], q[SIDE * SIDE];
  int steps = (int)(t * 60);
  double h = t / steps;
  memset(p, 0, SIDE * SIDE * sizeof *p);
  p[47 * SIDE + 3] = 1;
  for (int n = 0; n < steps; n++) {
    sir_slope(beta, gamma, p, k[0]);
    for (int stage = 1; stage < 4; stage++) {
      for (int j = 0; j < SIDE * SIDE; j++)
        q[j] = p[j] + h * (stage < 3 ? 0.5 : 1) * k[stage - 1][j];
      sir_slope(beta, gamma, q, k[stage]);
    }
    for (int j = 0; j < SIDE * SIDE; j++)
      p[j] += h / 6 * (k[0][j] + 2 * k[1][j] + 2 * k[2][j] + k[3][j]);
  }
}

/* On the complete graph with beta/N an edge, new infections have the mean of the jump process
 * (41.2391 by day 28), and infected and susceptible on day 8 its law. */
static void sir__complete_graph_is_the_jump_process(void **state)
{
  (void)state;
  static double p[SIDE * SIDE];
  double t[] = {8, 28};
  gm_ctx *ctx;
  gm_model *m = NULL;
  crowd c;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (sir_network_new(ctx, 50, 3, 0.9, 0.3, &m)) fail_msg("%s", gm_message(ctx));
  crowd_of(&c, ctx, m, N);
  crowd_init(&c);
  crowd_go(&c, 0, 28, t, 2, NULL, 0);
  crowd_all_well(&c);
  double mean = crowd_mean(&c, 1, "new_infections");
  print_message("new infections by day 28: %.4f (exact 41.2391, s.e. %.4f)\n", mean,
                sqrt(crowd_variance(&c, 1, "new_infections") / N));
  within("new infections", mean, 41.2391, sqrt(crowd_variance(&c, 1, "new_infections") / N));
  sir_solve(0.9, 0.3, 8, p);
  for (int i = 0; i <= 30; i += 3) {
    double of_i = 0, of_s = 0;
    for (int j = 0; j <= PEOPLE; j++) {
      of_i += p[j * SIDE + i];
      of_s += p[i * SIDE + j];
    }
    share_is("infected on day 8", &c, 0, "I", i, of_i);
    share_is("susceptible on day 8", &c, 0, "S", i, of_s);
  }
  crowd_close(&c);
}

/* The same epidemic with every pair listed as an edge of weight 1 draws the same bytes. */
static void sir__listed_edges_are_the_complete_graph(void **state)
{
  (void)state;
  gm_network_edge edge[PEOPLE * (PEOPLE - 1) / 2];
  const char *const states[] = {"S", "I", "R"};
  int32_t count = 0;
  for (int32_t i = 0; i < PEOPLE; i++)
    for (int32_t j = 0; j < i; j++) edge[count++] = (gm_network_edge){i, j, 0};
  gm_network_parameter parameter[] = {{.name = "beta", .value = 0.9},
                                      {.name = "gamma", .value = 0.3}};
  gm_network_transition transition[] = {{"S", "I", "beta*near_I/population", "new_infections"},
                                        {"I", "R", "gamma", NULL}};
  gm_network_start start[] = {{.state = "I", .count = "3"}};
  gm_network_layer layer[] = {{.kind = GM_GRAPH_COMPLETE},
                              {.kind = GM_GRAPH_EDGES, .edge = edge, .edge_count = count},
                              {.kind = GM_GRAPH_GROUPS, .group_size = PEOPLE}};
  gm_network_config config = {.parameter = parameter,
                              .parameter_count = 2,
                              .node_count = PEOPLE,
                              .state = states,
                              .state_count = 3,
                              .layer_count = 1,
                              .transition = transition,
                              .transition_count = 2,
                              .start = start,
                              .start_count = 1};
  double t[] = {3, 9, 28};
  crowd c[3];
  for (int k = 0; k < 3; k++) {
    config.layer = &layer[k];
    crowd_open(&c[k], &gm_network, &config, 200);
    crowd_init(&c[k]);
    crowd_go(&c[k], 0, 28, t, 3, NULL, 0);
    if (k) assert_memory_equal(c[0].y, c[k].y, 200 * 3 * 4 * sizeof(double));
  }
  for (int k = 0; k < 3; k++) crowd_close(&c[k]);
}

/* ---- nodes by themselves --------------------------------------------------------------------- */
static const char *const two[] = {"off", "on"};

/* Nodes that switch each by itself: a binomial number is on, with the probability of one. */
static void two_state__is_binomial(void **state)
{
  (void)state;
  enum { NODES = 12 };
  double p[NODES + 1], t[] = {0.4, 3};
  gm_network_parameter parameter[] = {{.name = "a", .value = 0.7}, {.name = "b", .value = 0.4}};
  gm_network_transition transition[] = {{"off", "on", "a", NULL}, {"on", "off", "b", NULL}};
  gm_network_config config = {.parameter = parameter,
                              .parameter_count = 2,
                              .node_count = NODES,
                              .state = two,
                              .state_count = 2,
                              .transition = transition,
                              .transition_count = 2};
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 2);
  for (int k = 0; k < 2; k++) {
    binomial(NODES, 0.7 / 1.1 * (1 - exp(-1.1 * t[k])), p);
    for (int i = 0; i <= NODES; i++) share_is("nodes on", &c, k, "on", i, p[i]);
  }
  crowd_close(&c);
}

/* Of several ways out of a state each is taken with its share of the rate. */
static void competing__ways_out_share_by_rate(void **state)
{
  (void)state;
  const char *const states[] = {"A", "B", "C", "D"};
  double t[] = {0.5, 50};
  gm_network_transition transition[] = {
      {"A", "B", "0.5", "to_b"}, {"A", "C", "1.2", "to_c"}, {"A", "D", "0.3", NULL}};
  gm_network_config config = {.node_count = 1,
                              .state = states,
                              .state_count = 4,
                              .transition = transition,
                              .transition_count = 3};
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 2);
  share_is("still there", &c, 0, "A", 1, exp(-1));
  share_is("B early", &c, 0, "B", 1, 0.25 * (1 - exp(-1)));
  share_is("B", &c, 1, "to_b", 1, 0.25);
  share_is("C", &c, 1, "to_c", 1, 0.6);
  share_is("D", &c, 1, "D", 1, 0.15);
  crowd_close(&c);
}

/* A profile is met exactly: survival is exp(- integral of the rate), however it repeats. */
static void profile__is_integrated_exactly(void **state)
{
  (void)state;
  double at[] = {0, 0.3, 0.5}, value[] = {0.2, 3, 0.1}, t[] = {0.25, 0.45, 0.9, 1.4, 2.35};
  gm_network_profile profile[] = {{"season", at, value, 3, 1}};
  gm_network_transition transition[] = {{"off", "on", "k*season", NULL}};
  gm_network_parameter parameter[] = {{.name = "k", .value = 0.6}};
  gm_network_config config = {.parameter = parameter,
                              .parameter_count = 1,
                              .profile = profile,
                              .profile_count = 1,
                              .node_count = 1,
                              .state = two,
                              .state_count = 2,
                              .transition = transition,
                              .transition_count = 1};
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 5);
  for (int k = 0; k < 5; k++) {
    double part = t[k] - floor(t[k]), whole = 0.3 * 0.2 + 0.2 * 3 + 0.5 * 0.1;
    double integral = floor(t[k]) * whole + fmin(part, 0.3) * 0.2 +
                      fmin(fmax(part - 0.3, 0), 0.2) * 3 + fmax(part - 0.5, 0) * 0.1;
    share_is("still off", &c, k, "off", 1, exp(-0.6 * integral));
  }
  crowd_close(&c);
}

/* An input rate moves single nodes at random times: Poisson numbers while there are enough. */
static void port__rate_is_a_poisson_stream(void **state)
{
  (void)state;
  double t[] = {2, 5};
  gm_network_port port[] = {{"arrive", "off", "on"}};
  gm_network_config config = {
      .node_count = 60, .state = two, .state_count = 2, .port = port, .port_count = 1};
  gm_edge edge[] = {{.t = 1, .value = 3, .kind = GM_EDGE_RATE},
                    {.t = 4, .value = 0, .kind = GM_EDGE_RATE}};
  crowd c;
  crowd_open(&c, &gm_network, &config, N);
  crowd_init(&c);
  crowd_go(&c, 0, 5, t, 2, edge, 2);
  for (int k = 0; k < 12; k++) {
    share_is("by 2", &c, 0, "on", k, exp(k * log(3) - 3 - lgamma(k + 1.0)));
    share_is("by 5", &c, 1, "on", k, exp(k * log(9) - 9 - lgamma(k + 1.0)));
  }
  crowd_close(&c);
}

/* ---- small graphs against the master equation ------------------------------------------------ */
/* All 2^n states of a contact process with rates inwards w[j][i]. */
static void contact_chain(int32_t n, const double *w, double beta, double gamma, double *q)
{
  int32_t size = 1 << n;
  memset(q, 0, (size_t)(size * size) * sizeof *q);
  for (int32_t s = 0; s < size; s++)
    for (int32_t i = 0; i < n; i++) {
      double rate = gamma;
      if (!(s >> i & 1)) {
        rate = 0;
        for (int32_t j = 0; j < n; j++)
          if (s >> j & 1) rate += beta * w[j * n + i];
      }
      q[s * size + (s ^ 1 << i)] += rate;
      q[s * size + s] -= rate;
    }
}

/* n nodes in S or I on a layer, the first in I; w0, w1, ... tell who is in I. */
static gm_network_config contacts(int32_t n, const gm_network_layer *layer,
                                  const gm_network_transition *transition, int32_t transitions)
{
  static const char *const states[] = {"S", "I"};
  static const int32_t first = 0;
  static const gm_network_start start = {.state = "I", .node = &first, .node_count = 1};
  static const gm_network_watch watch[] = {
      {"w0", 0, "I"}, {"w1", 1, "I"}, {"w2", 2, "I"}, {"w3", 3, "I"}};
  return (gm_network_config){.node_count = n,
                             .state = states,
                             .state_count = 2,
                             .layer = layer,
                             .layer_count = 1,
                             .transition = transition,
                             .transition_count = transitions,
                             .start = &start,
                             .start_count = 1,
                             .watch = watch,
                             .watch_count = n};
}

static void contact_case(int32_t n, const gm_network_edge *edge, int32_t edges, bool directed)
{
  static const char *const who[] = {"w0", "w1", "w2", "w3"};
  double w[16] = {0}, q[256], p[16] = {0}, t[] = {0.5, 2};
  for (int32_t e = 0; e < edges; e++) {
    w[edge[e].from * n + edge[e].to] += edge[e].weight;
    if (!directed) w[edge[e].to * n + edge[e].from] += edge[e].weight;
  }
  const gm_network_parameter parameter[] = {{.name = "beta", .value = 1.1},
                                            {.name = "gamma", .value = 0.8}};
  const gm_network_layer layer = {.name = "tie",
                                  .kind = GM_GRAPH_EDGES,
                                  .edge = edge,
                                  .edge_count = edges,
                                  .directed = directed};
  const gm_network_transition transition[] = {{"S", "I", "beta*near_tie_I", NULL},
                                              {"I", "S", "gamma", NULL}};
  gm_network_config config = contacts(n, &layer, transition, 2);
  config.parameter = parameter;
  config.parameter_count = 2;
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 2);
  contact_chain(n, w, 1.1, 0.8, q);
  for (int k = 0; k < 2; k++) {
    memset(p, 0, sizeof p);
    p[1] = 1;
    chain_solve(q, 1 << n, t[k], p);
    for (int32_t s = 0; s < 1 << n; s++) {
      int32_t seen = 0;
      for (int32_t i = 0; i < N; i++) {
        int32_t is = 0;
        for (int32_t j = 0; j < n; j++) is |= (crowd_y(&c, i, k, who[j]) == 1) << j;
        seen += is == s;
      }
      within("state of the graph", (double)seen / N, p[s], sqrt(p[s] * (1 - p[s]) / N) + 1e-9);
    }
  }
  crowd_close(&c);
}

/* A contact process on a pair, on a triangle with uneven weights, and along directed edges follows
 * its master equation, state by state. */
static void sis__follows_the_master_equation(void **state)
{
  (void)state;
  gm_network_edge pair[] = {{0, 1, 1}};
  gm_network_edge triangle[] = {{0, 1, 0.3}, {1, 2, 1.7}, {2, 0, 0.9}};
  gm_network_edge arrows[] = {{0, 1, 2}, {1, 2, 1}, {2, 3, 0.4}, {3, 0, 1.3}, {0, 1, 0.5}};
  contact_case(2, pair, 1, false);
  contact_case(3, triangle, 3, false);
  contact_case(4, arrows, 5, true);
}

/* ---- Boolean networks ------------------------------------------------------------------------ */
/* A toggle of two nodes that hold each other down, with a third that reads both: all eight states
 * follow the chain of asynchronous updates. */
static void boolean__toggle_follows_its_chain(void **state)
{
  (void)state;
  double q[64] = {0}, t[] = {0.3, 1.5, 6};
  gm_network_parameter parameter[] = {{.name = "up", .value = 0.9},
                                      {.name = "down", .value = 1.4},
                                      {.name = "leak", .value = 0.05}};
  gm_network_rule rule[] = {{"A", "not B", "up", "down", "0.5"},
                            {"B", "!A", "up*2", "down", NULL},
                            {"C", "A xor (B & true)", "up + leak*A", "down/3", NULL}};
  gm_network_config config = {
      .parameter = parameter, .parameter_count = 3, .rule = rule, .rule_count = 3};
  for (int32_t s = 0; s < 8; s++) {
    int a = s & 1, b = s >> 1 & 1, c = s >> 2 & 1;
    double rate[] = {a ? (b ? 1.4 : 0) : (b ? 0 : 0.9), b ? (a ? 1.4 : 0) : (a ? 0 : 1.8),
                     c ? (a != b ? 0 : 1.4 / 3) : (a != b ? 0.9 + 0.05 * a : 0)};
    for (int i = 0; i < 3; i++) {
      q[s * 8 + (s ^ 1 << i)] += rate[i];
      q[s * 8 + s] -= rate[i];
    }
  }
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 3);
  for (int k = 0; k < 3; k++) {
    double p[8] = {0.5, 0.5};
    chain_solve(q, 8, t[k], p);
    for (int32_t s = 0; s < 8; s++) {
      int32_t seen = 0;
      for (int32_t i = 0; i < N; i++)
        seen +=
            crowd_y(&c, i, k, "A") + 2 * crowd_y(&c, i, k, "B") + 4 * crowd_y(&c, i, k, "C") == s;
      within("state of the toggle", (double)seen / N, p[s], sqrt(p[s] * (1 - p[s]) / N) + 1e-9);
    }
  }
  crowd_close(&c);
}

/* ---- graphs ---------------------------------------------------------------------------------- */
enum { NODES_MAX = 300 };

/* What `of` (a name of rates) is at every node, with one node on (-1: none) and the others off. */
static void read_nodes(gm_network_layer layer, int32_t nodes, const char *of, int32_t on,
                       double *out)
{
  gm_network_transition transition[] = {{"off", "on", of, NULL}};
  gm_network_start start[] = {{.state = "on", .node = &on, .node_count = 1}};
  gm_network_config config = {.node_count = nodes,
                              .state = two,
                              .state_count = 2,
                              .layer = &layer,
                              .layer_count = 1,
                              .transition = transition,
                              .transition_count = 1,
                              .start = start,
                              .start_count = on >= 0};
  crowd c;
  crowd_open(&c, &gm_network, &config, 1);
  crowd_init(&c);
  for (int32_t i = 0; i < nodes; i++) { /* the rate of every node that is off is in its state */
    char name[40];
    snprintf(name, sizeof name, "memory:rate:%d", (int)i);
    out[i] = crowd_x(&c, 0, name);
  }
  crowd_close(&c);
}

static double edges_of(gm_network_layer layer, int32_t nodes)
{
  double degree[NODES_MAX], sum = 0;
  read_nodes(layer, nodes, "degree", -1, degree);
  for (int32_t i = 0; i < nodes; i++) sum += degree[i];
  return sum / 2;
}

/* Erdos and Renyi's graph has about p n(n-1)/2 edges; the others have theirs exactly. */
static void graph__numbers_of_edges(void **state)
{
  (void)state;
  gm_network_layer l = {.kind = GM_GRAPH_RANDOM, .probability = 0.02, .seed = 3};
  double pairs = 300.0 * 299 / 2;
  within("random pairs", edges_of(l, 300), 0.02 * pairs, sqrt(0.02 * 0.98 * pairs));
  l.probability = 1;
  assert_true(edges_of(l, 40) == 40 * 39 / 2.0);
  l = (gm_network_layer){.kind = GM_GRAPH_SMALL_WORLD, .neighbours = 6, .rewire = 0.3, .seed = 5};
  assert_true(edges_of(l, 200) == 600);
  l = (gm_network_layer){.kind = GM_GRAPH_PREFERENTIAL, .attach = 3, .seed = 5};
  assert_true(edges_of(l, 200) == 6 + 196 * 3);
  l = (gm_network_layer){.kind = GM_GRAPH_LATTICE, .width = 7, .height = 5};
  assert_true(edges_of(l, 35) == 6 * 5 + 7 * 4);
  l.torus = true;
  assert_true(edges_of(l, 35) == 70);
  l.diagonal = true;
  assert_true(edges_of(l, 35) == 140);
  l.torus = false;
  assert_true(edges_of(l, 35) == 6 * 5 + 7 * 4 + 2 * 6 * 4);
  l = (gm_network_layer){.kind = GM_GRAPH_GROUPS, .group_size = 4};
  assert_true(edges_of(l, 10) == 6 + 6 + 1);
  int32_t group[] = {2, 0, 2, -1, 0, 2, -1};
  l = (gm_network_layer){.kind = GM_GRAPH_GROUPS, .group = group};
  assert_true(edges_of(l, 7) == 3 + 1);
}

/* The lattice joins the cells that lie side by side, with `diagonal` corner to corner too, with
 * `torus` across the borders too. */
static void graph__lattice_joins_neighbours(void **state)
{
  (void)state;
  enum { W = 5, H = 4 };
  for (int kind = 0; kind < 4; kind++) {
    bool torus = kind & 1, diagonal = kind & 2;
    gm_network_layer l = {
        .kind = GM_GRAPH_LATTICE, .width = W, .height = H, .torus = torus, .diagonal = diagonal};
    for (int32_t on = 0; on < W * H; on++) {
      double near[NODES_MAX];
      read_nodes(l, W * H, "near_on", on, near);
      for (int32_t i = 0; i < W * H; i++) {
        int dx = abs(i % W - on % W), dy = abs(i / W - on / W);
        if (torus) dx = dx > W - dx ? W - dx : dx;
        if (torus) dy = dy > H - dy ? H - dy : dy;
        bool joined = diagonal ? (dx > dy ? dx : dy) == 1 : dx + dy == 1;
        assert_true(near[i] == joined);
      }
    }
  }
}

/* Edges of a small world that do not lie in the ring: each of them is moved with the probability
 * said, to a node it is not joined to yet. */
static int32_t edges_off_the_ring(double rewire, int32_t nodes, int32_t half)
{
  gm_network_layer l = {
      .kind = GM_GRAPH_SMALL_WORLD, .neighbours = 2 * half, .rewire = rewire, .seed = 8};
  int32_t off = 0;
  for (int32_t on = 0; on < nodes; on++) {
    double near[NODES_MAX];
    read_nodes(l, nodes, "near_on", on, near);
    for (int32_t i = 0; i < on; i++) {
      int32_t away = on - i < nodes - on + i ? on - i : nodes - on + i;
      off += near[i] == 1 && away > half;
    }
  }
  return off;
}

static void graph__small_world_moves_its_share(void **state)
{
  (void)state;
  enum { NODES = 80, HALF = 3, EDGES = NODES * HALF };
  assert_int_equal(edges_off_the_ring(0, NODES, HALF), 0);
  within("edges moved", edges_off_the_ring(0.3, NODES, HALF), 0.3 * EDGES, sqrt(0.21 * EDGES));
}

/* With one edge a newcomer the degree of the first two grows by d/(2 edges) a step on average: to
 * the product of 1 + 1/(2t), 6.26 at 32 nodes; to 4.03 if degrees did not count. */
static void graph__preferential_follows_degrees(void **state)
{
  (void)state;
  enum { NODES = 32, GRAPHS = 300 };
  double want = 1, sum = 0, square = 0;
  for (int t = 1; t < NODES - 1; t++) want *= 1 + 0.5 / t;
  for (uint64_t g = 0; g < GRAPHS; g++) {
    double d[NODES_MAX], mean;
    gm_network_layer l = {.kind = GM_GRAPH_PREFERENTIAL, .attach = 1, .seed = g};
    read_nodes(l, NODES, "degree", -1, d);
    mean = (d[0] + d[1]) / 2;
    sum += mean / GRAPHS;
    square += mean * mean / GRAPHS;
  }
  within("degree of the first", sum, want, sqrt((square - sum * sum) / GRAPHS));
}

/* An epidemic that spreads in households only stays in them: of two households, one with the first
 * case, the other is never reached, and the pair inside follows its own law. */
static void households__do_not_leak(void **state)
{
  (void)state;
  const double t[] = {1};
  const gm_network_layer layer = {.name = "home", .kind = GM_GRAPH_GROUPS, .group_size = 2};
  const gm_network_transition transition = {"S", "I", "0.7*near_home_I", NULL};
  gm_network_config config = contacts(4, &layer, &transition, 1);
  crowd c;
  crowd_run(&c, &gm_network, &config, N, t, 1);
  share_is("kin", &c, 0, "w1", 1, 1 - exp(-0.7));
  assert_true(crowd_mean(&c, 0, "w2") == 0 && crowd_mean(&c, 0, "w3") == 0);
  crowd_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sir__complete_graph_is_the_jump_process),
      cmocka_unit_test(sir__listed_edges_are_the_complete_graph),
      cmocka_unit_test(two_state__is_binomial),
      cmocka_unit_test(competing__ways_out_share_by_rate),
      cmocka_unit_test(profile__is_integrated_exactly),
      cmocka_unit_test(port__rate_is_a_poisson_stream),
      cmocka_unit_test(sis__follows_the_master_equation),
      cmocka_unit_test(boolean__toggle_follows_its_chain),
      cmocka_unit_test(graph__numbers_of_edges),
      cmocka_unit_test(graph__lattice_joins_neighbours),
      cmocka_unit_test(graph__small_world_moves_its_share),
      cmocka_unit_test(graph__preferential_follows_degrees),
      cmocka_unit_test(households__do_not_leak),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
