/* The conformance kit on models of the kind `composite`: equations with equations, jumps and a
 * network with equations, both schemes of exchange, a composite within a composite. */
#include "gemel/composite.h"
#include "gemel/equations.h"
#include "gemel/jump.h"
#include "support/conformance.h"
#include "support/sir_network.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static const char drug[] = "model drug\n KA = 1.1; CL = 4; V = 30\n depot = 0; c = 0\n"
                           " depot' = -KA*depot\n c' = KA*depot - CL/V*c\n cp := c/V\nend\n";
static const char effect[] = "model effect\n KIN = 2; KOUT = 0.3; drive = 0\n r = KIN/KOUT\n"
                             " r' = KIN/(1 + drive) - KOUT*r\nend\n";
static const char births[] = "model births\n species X; X = 20; k = 0.4; m = 0.1\n"
                             " birth: => X; 8*k\n death: X => ; m*X\nend\n";

static gm_status equations(gm_ctx *ctx, const char *text, gm_model **out)
{
  gm_eq_config config = {.text = text};
  return gm_model_new(ctx, &gm_equations, &config, out);
}

static gm_status joined(gm_ctx *ctx, gm_composite_config *config, gm_composite_child *child,
                        gm_status s, gm_model **out)
{
  config->child = child;
  if (!s) s = gm_model_new(ctx, &gm_composite, config, out);
  for (int32_t i = 0; s && i < config->child_count; i++) gm_model_free(child[i].model);
  return s;
}

static gm_status drug_and_effect(gm_ctx *ctx, gm_exchange exchange, gm_model **out)
{
  gm_composite_child child[] = {{.name = "drug"}, {.name = "effect"}};
  const gm_composite_link link[] = {
      {.to = "effect.drive", .kind = GM_LINK_PARAMETER, .from = "drug.cp", .gain = 0.7},
      {.to = "drug.depot", .kind = GM_LINK_RATE, .from = "effect.r", .gain = 0.05, .offset = 0.1}};
  gm_composite_config config = {.child_count = 2,
                                .link = link,
                                .link_count = 2,
                                .exchange = exchange,
                                .step = 0.7,
                                .origin = -0.1};
  gm_status s = equations(ctx, drug, &child[0].model);
  if (!s) s = equations(ctx, effect, &child[1].model);
  return joined(ctx, &config, child, s, out);
}

static gm_status make_parallel(void *user, gm_ctx *ctx, gm_model **out)
{
  (void)user;
  return drug_and_effect(ctx, GM_EXCHANGE_PARALLEL, out);
}

static gm_status make_sequential(void *user, gm_ctx *ctx, gm_model **out)
{
  (void)user;
  return drug_and_effect(ctx, GM_EXCHANGE_SEQUENTIAL, out);
}

static gm_status make_mixed(void *user, gm_ctx *ctx, gm_model **out)
{
  (void)user;
  gm_composite_child child[] = {{.name = "cells"}, {.name = "drug"}, {.name = "town"}};
  const gm_composite_link link[] = {
      {.to = "drug.c", .kind = GM_LINK_RATE, .from = "cells.X", .gain = 0.1},
      {.to = "drug.c", .kind = GM_LINK_RATE, .from = "town.I", .gain = 0.2},
      {.to = "cells.k", .kind = GM_LINK_PARAMETER, .from = "drug.cp", .gain = 0.1, .offset = 0.2},
      {.to = "town.I", .kind = GM_LINK_RATE, .from = "drug.cp", .gain = 0.01}};
  gm_composite_config config = {
      .child_count = 3, .link = link, .link_count = 4, .step = 1.3, .origin = 5};
  gm_jump_config jump = {.equations.text = births, .firing_max = 3000};
  gm_status s = gm_model_new(ctx, &gm_jump, &jump, &child[0].model);
  if (!s) s = equations(ctx, drug, &child[1].model);
  if (!s) s = sir_network_new(ctx, 20, 2, 0.9, 0.3, &child[2].model);
  return joined(ctx, &config, child, s, out);
}

static gm_status make_nested(void *user, gm_ctx *ctx, gm_model **out)
{
  (void)user;
  gm_composite_child child[] = {{.name = "inner"}, {.name = "outer"}};
  const gm_composite_link link[] = {
      {.to = "outer.drive", .kind = GM_LINK_PARAMETER, .from = "inner.effect.r", .gain = 0.2},
      {.to = "inner.drug.c", .kind = GM_LINK_RATE, .from = "outer.r", .gain = 0.3}};
  gm_composite_config config = {.child_count = 2, .link = link, .link_count = 2, .step = 1.9};
  gm_status s = drug_and_effect(ctx, GM_EXCHANGE_PARALLEL, &child[0].model);
  if (!s) s = equations(ctx, effect, &child[1].model);
  return joined(ctx, &config, child, s, out);
}

/* Two systems of equations that feed each other. */
static void conformance__equations(void **state)
{
  (void)state;
  conformance_run(make_parallel, NULL, 24, 100);
}
/* The same, one after the other. */
static void conformance__sequential(void **state)
{
  (void)state;
  conformance_run(make_sequential, NULL, 24, 100);
}
/* Jumps, equations and a network. */
static void conformance__mixed(void **state)
{
  (void)state;
  conformance_run(make_mixed, NULL, 24, 5);
}
/* A composite is a child like any other. */
static void conformance__nested(void **state)
{
  (void)state;
  conformance_run(make_nested, NULL, 24, 100);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__equations),
      cmocka_unit_test(conformance__sequential),
      cmocka_unit_test(conformance__mixed),
      cmocka_unit_test(conformance__nested),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
