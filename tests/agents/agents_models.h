/* agents_models.h - small models that use everything the kind `agents` has. */
#ifndef GEMEL_TESTS_AGENTS_MODELS_H
#define GEMEL_TESTS_AGENTS_MODELS_H
#include "gemel/agents.h"
#include "gemel/math.h"

/* ---- grazers on a torus: two fields, tissue in every cell, grazers that move, eat, multiply and
 * die; with clocks (hybrid) or without (stepped) ---------------------------------------------- */
enum { TISSUE, GRAZER };                              /* breeds */
enum { FOOD, SMELL };                                 /* fields */
enum { HEALTH };                                      /* attributes of the tissue */
enum { STORE, MOOD };                                 /* attributes of grazers: real, whole */
enum { P_GROWTH, P_COST, P_SPREAD, P_CALM, P_COUNT }; /* parameters */

static inline void tissue_step(gm_agents_turn *t)
{
  gm_agents *w = t->world;
  const double *was = gm_agents_real_was(t, HEALTH);
  double *health = gm_agents_real(w, TISSUE, HEALTH), *food = gm_agents_field_of(w, FOOD);
  int32_t cell = gm_agents_cell(w, TISSUE, t->agent);
  double around = 0;
  for (int32_t k = 0; k < gm_agents_degree(w, cell); k++)
    around += was[gm_agents_first(w, TISSUE, gm_agents_neighbour(w, cell, k))];
  health[t->agent] = 0.8 * was[t->agent] + 0.2 * around / gm_agents_degree(w, cell);
  food[cell] += t->theta[P_GROWTH] * health[t->agent] * gm_agents_uniform(t, 0);
}

static inline void grazer_move(gm_agents_turn *t, int32_t cell)
{
  gm_agents *w = t->world;
  const double *smell = gm_agents_field_of(w, SMELL);
  int32_t best = cell;
  double least = smell[cell] * (1 + 0.3 * gm_agents_normal(t, 1));
  for (int32_t k = 0; k < gm_agents_degree(w, cell); k++) {
    int32_t there = gm_agents_neighbour(w, cell, k);
    if (smell[there] < least) {
      least = smell[there];
      best = there;
    }
  }
  (void)gm_agents_move(t, GRAZER, t->agent, best);
}

static inline void grazer_step(gm_agents_turn *t)
{
  gm_agents *w = t->world;
  double *food = gm_agents_field_of(w, FOOD);
  grazer_move(t, gm_agents_cell(w, GRAZER, t->agent));
  int32_t cell = gm_agents_cell(w, GRAZER, t->agent);
  double bite = food[cell] * 0.5;
  food[cell] -= bite;
  gm_agents_field_of(w, SMELL)[cell] += 1;
  double *store = gm_agents_real(w, GRAZER, STORE);
  store[t->agent] += bite - t->theta[P_COST];
  if (store[t->agent] > 2) {
    store[t->agent] /= 2;
    int32_t child = gm_agents_birth(t, GRAZER, cell);
    store = gm_agents_real(w, GRAZER, STORE); /* the columns may have moved */
    if (child >= 0) store[child] = store[t->agent];
    gm_agents_shared(w)[0] += child >= 0;
  } else if (store[t->agent] < 0) {
    gm_agents_death(t, GRAZER, t->agent);
  }
}

static inline double grazer_calms(const gm_agents *w, const double *theta, int32_t agent)
{
  return gm_agents_whole(w, GRAZER, MOOD)[agent] > 0 ? theta[P_CALM] : 0;
}

static inline double grazer_wakes(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)theta;
  return gm_agents_field_of(w, FOOD)[gm_agents_cell(w, GRAZER, agent)];
}

static inline void grazer_calm(gm_agents_turn *t)
{
  gm_agents_whole(t->world, GRAZER, MOOD)[t->agent]--;
  gm_agents_alarm(t, GRAZER, 2, t->agent, 0.1 + gm_agents_exponential(t, 0));
}

static inline void grazer_wake(gm_agents_turn *t)
{
  int32_t other = gm_agents_pick(t, 0, GRAZER), *mood = gm_agents_whole(t->world, GRAZER, MOOD);
  if (mood[other] < 3) mood[other]++;
  gm_agents_touch(t, GRAZER, other);
}

static inline void grazer_tire(gm_agents_turn *t)
{
  int32_t cell = gm_agents_cell(t->world, GRAZER, t->agent); /* the dead have none */
  if (gm_agents_uniform(t, 0) < 0.2) gm_agents_death(t, GRAZER, t->agent);
  if (gm_agents_uniform(t, 1) < 0.15) (void)gm_agents_birth(t, GRAZER, cell);
}

static inline double crowding(const gm_agents *w, const double *theta)
{
  (void)theta;
  return 20.0 / (10 + gm_agents_count(w, GRAZER));
}

static inline void grazers_start(gm_agents_turn *t)
{
  double *store = gm_agents_real(t->world, GRAZER, STORE);
  for (int32_t i = 0; i < gm_agents_count(t->world, GRAZER); i++)
    store[i] = gm_agents_uniform(t, (uint32_t)i);
}

static inline void grazers_after(gm_agents_turn *t) { gm_agents_shared(t->world)[1] += 0.5; }

static inline void grazers_dose(gm_agents_turn *t, double value, gm_edge_kind kind)
{
  double *x = gm_agents_shared(t->world);
  x[1] = kind == GM_EDGE_REPLACE ? value : x[1] + value;
}

static inline void grazer_place(gm_agents_turn *t)
{
  gm_agents_real(t->world, GRAZER, STORE)[t->agent] = gm_agents_uniform(t, 7);
}

static inline double grazers_number(const gm_agents *w, const double *theta)
{
  return theta[P_CALM] * gm_agents_count(w, GRAZER);
}

/* hybrid: clocks run between the steps. */
static inline gm_agents_config grazers(bool hybrid)
{
  static const gm_agents_attribute tissue[] = {{.name = "health", .initial = 0.7, .upper = 1}};
  static const gm_agents_attribute grazer[] = {{.name = "store", .initial = 0.5, .upper = 100},
                                               {.name = "mood", .upper = 3, .whole = true}};
  static const gm_agents_event event[] = {
      {.name = "calm", .hazard = grazer_calms, .fire = grazer_calm},
      {.name = "wake", .hazard = grazer_wakes, .speed = "crowding", .fire = grazer_wake},
      {.name = "tire", .fire = grazer_tire}};
  static const gm_agents_breed breed[2][2] = {{{.name = "tissue",
                                                .attribute = tissue,
                                                .attribute_count = 1,
                                                .step = tissue_step,
                                                .order = GM_AGENTS_TOGETHER,
                                                .initial = GM_AGENTS_EVERY_CELL},
                                               {.name = "grazer",
                                                .attribute = grazer,
                                                .attribute_count = 2,
                                                .step = grazer_step,
                                                .order = GM_AGENTS_SHUFFLED,
                                                .initial = 20,
                                                .cell_max = 4,
                                                .count_max = 400}},
                                              {{.name = "tissue",
                                                .attribute = tissue,
                                                .attribute_count = 1,
                                                .step = tissue_step,
                                                .order = GM_AGENTS_TOGETHER,
                                                .initial = GM_AGENTS_EVERY_CELL},
                                               {.name = "grazer",
                                                .attribute = grazer,
                                                .event = event,
                                                .attribute_count = 2,
                                                .event_count = 3,
                                                .step = grazer_step,
                                                .order = GM_AGENTS_SHUFFLED,
                                                .initial = 20,
                                                .cell_max = 4,
                                                .count_max = 400}}};
  static const gm_agents_field field[] = {
      {.name = "food",
       .initial = 0.3,
       .spread = GM_AGENTS_LAPLACE,
       .diffusion_parameter = "spread",
       .decay_law = GM_AGENTS_DECAY_RATE,
       .decay = 0.1},
      {.name = "smell", .spread = GM_AGENTS_SHARE8, .diffusion = 0.6, .decay = 0.3, .least = 0.01}};
  static const gm_agents_attribute shared[] = {{.name = "born", .upper = 1e9, .whole = true},
                                               {.name = "age", .lower = -1e9, .upper = 1e9}};
  static const gm_agents_speed speed = {.name = "crowding", .speed = crowding};
  static const gm_var parameter[] = {{.name = "growth", .initial = 0.15},
                                     {.name = "cost", .initial = 0.12},
                                     {.name = "spread", .initial = 1.5},
                                     {.name = "calm", .initial = 0.9}};
  static const gm_agents_quantity macro[] = {
      {.name = "grazers", .unit = "1", .of = "grazer"},
      {.name = "food", .unit = "1", .kind = GM_AGENTS_FIELD_TOTAL, .of = "food"},
      {.name = "smell", .unit = "1", .kind = GM_AGENTS_FIELD_MEAN, .of = "smell"},
      {.name = "store", .unit = "1", .kind = GM_AGENTS_MEAN, .of = "grazer", .attribute = "store"},
      {.name = "health", .unit = "1", .kind = GM_AGENTS_SUM, .of = "tissue", .attribute = "health"},
      {.name = "born", .unit = "1", .kind = GM_AGENTS_SHARED, .of = "born"}};
  static const gm_agents_quantity output[] = {
      {.name = "grazers", .unit = "1", .of = "grazer"},
      {.name = "food", .unit = "1", .kind = GM_AGENTS_FIELD_TOTAL, .of = "food"},
      {.name = "store", .unit = "1", .kind = GM_AGENTS_SUM, .of = "grazer", .attribute = "store"},
      {.name = "moody", .unit = "1", .of = "grazer", .attribute = "mood", .value = 1},
      {.name = "number", .unit = "1", .kind = GM_AGENTS_NUMBER, .number = grazers_number}};
  static const int32_t corner[] = {0, 1, 9, 10};
  static const gm_agents_port port[] = {
      {.name = "feed", .into = GM_AGENTS_INTO_FIELD, .of = "food", .cell = corner, .cell_count = 4},
      {.name = "send", .into = GM_AGENTS_INTO_COUNT, .of = "grazer", .place = grazer_place},
      {.name = "born", .into = GM_AGENTS_INTO_SHARED, .of = "born"},
      {.name = "age", .into = GM_AGENTS_INTO_RULE, .dose = grazers_dose}};
  return (gm_agents_config){.name = hybrid ? "grazers_hybrid" : "grazers",
                            .time_unit = "h",
                            .step = 0.25,
                            .space = GM_AGENTS_MOORE,
                            .width = 9,
                            .height = 7,
                            .cell_max = 5,
                            .breed = breed[hybrid],
                            .field = field,
                            .shared = shared,
                            .speed = &speed,
                            .parameter = parameter,
                            .output = output,
                            .macro = macro,
                            .port = port,
                            .breed_count = 2,
                            .field_count = 2,
                            .shared_count = 2,
                            .speed_count = hybrid,
                            .parameter_count = P_COUNT,
                            .output_count = 5,
                            .macro_count = 6,
                            .port_count = 4,
                            .start = grazers_start,
                            .after = grazers_after};
}

/* ---- cells that divide, walk a graph and die, without a grid in time ------------------------- */
static inline double line_divides(const gm_agents *w, const double *theta, int32_t agent)
{
  int32_t here = gm_agents_here(w, 0, gm_agents_cell(w, 0, agent));
  return here < 6 ? theta[0] : 0;
}

static inline double line_walks(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)agent;
  (void)w;
  return theta[1];
}

static inline double line_dies(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)w;
  (void)agent;
  return theta[2];
}

static inline double line_speed(const gm_agents *w, const double *theta)
{
  (void)theta;
  return gm_agents_count(w, 0) / 20.0;
}

static inline void line_divide(gm_agents_turn *t)
{
  (void)gm_agents_birth(t, 0, gm_agents_cell(t->world, 0, t->agent));
}

/* The hazards of those it leaves and those it joins hang on how many share their cell. */
static inline void line_touch_cell(gm_agents_turn *t, int32_t cell)
{
  for (int32_t i = gm_agents_first(t->world, 0, cell); i >= 0; i = gm_agents_next(t->world, 0, i))
    gm_agents_touch(t, 0, i);
}

static inline void line_walk(gm_agents_turn *t)
{
  gm_agents *w = t->world;
  int32_t from = gm_agents_cell(w, 0, t->agent);
  int32_t to = gm_agents_neighbour(w, from, gm_agents_below(t, 0, gm_agents_degree(w, from)));
  if (!gm_agents_move(t, 0, t->agent, to)) return;
  line_touch_cell(t, from);
  line_touch_cell(t, to);
}

static inline void line_die(gm_agents_turn *t)
{
  int32_t cell = gm_agents_cell(t->world, 0, t->agent);
  gm_agents_death(t, 0, t->agent);
  line_touch_cell(t, cell);
}

static inline gm_agents_config line_of_cells(void)
{
  static const gm_agents_event event[] = {
      {.name = "divide", .hazard = line_divides, .fire = line_divide},
      {.name = "walk", .hazard = line_walks, .fire = line_walk},
      {.name = "die", .hazard = line_dies, .speed = "crowd", .fire = line_die}};
  static const gm_agents_attribute kind = {.name = "kind", .upper = 2, .whole = true};
  static const gm_agents_breed breed = {.name = "cell",
                                        .attribute = &kind,
                                        .attribute_count = 1,
                                        .event = event,
                                        .event_count = 3,
                                        .initial = 15,
                                        .cell_max = 9};
  static const gm_agents_speed speed = {.name = "crowd", .speed = line_speed};
  static const int32_t first[] = {0, 1, 3, 5, 6}, to[] = {1, 0, 2, 1, 3, 2}, ends[] = {0, 3};
  static const gm_var parameter[] = {{.name = "divide", .initial = 0.7},
                                     {.name = "walk", .initial = 1},
                                     {.name = "die", .initial = 0.6}};
  static const gm_agents_quantity macro[] = {
      {.name = "zero", .of = "cell", .attribute = "kind", .value = 0},
      {.name = "one", .of = "cell", .attribute = "kind", .value = 1},
      {.name = "two", .of = "cell", .attribute = "kind", .value = 2}};
  static const gm_agents_quantity output[] = {
      {.name = "cells", .of = "cell"},
      {.name = "zero", .of = "cell", .attribute = "kind", .value = 0}};
  static const gm_agents_port port = {
      .name = "come", .into = GM_AGENTS_INTO_COUNT, .of = "cell", .cell = ends, .cell_count = 2};
  return (gm_agents_config){.name = "line",
                            .space = GM_AGENTS_GRAPH,
                            .node_count = 4,
                            .edge_first = first,
                            .edge_to = to,
                            .breed = &breed,
                            .speed = &speed,
                            .parameter = parameter,
                            .output = output,
                            .macro = macro,
                            .port = &port,
                            .breed_count = 1,
                            .speed_count = 1,
                            .parameter_count = 3,
                            .output_count = 2,
                            .macro_count = 3,
                            .port_count = 1,
                            .firing_max = 20000};
}
#endif
