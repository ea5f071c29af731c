/* model.c - two models joined: the ward by chance (jump), and staff who get tired as more people
 * are ill (equations); tired staff keep less distance. Built by: cc -shared -fPIC -I
 * INCLUDE_OF_GEMEL -o model.so model.c */
#include "gemel/composite.h"
#include "gemel/jump.h"

const uint32_t gemel_model_abi = GM_MODEL_ABI;
gm_status gemel_model(gm_ctx *ctx, gm_model **out);

static const char ward[] =
    "time has \"d\"\nspecies S, I, R, V, C\n"
    "S has \"1\"; I has \"1\"; R has \"1\"; V has \"1\"; C has \"1\"\n"
    "S = 47; I = 3; R = 0; V = 0; C = 0\n"
    "beta = 0.9; gamma = 0.3; speed = 2; care = 1\n"
    "beta has \"1/d\"; gamma has \"1/d\"; speed has \"1/d\"; care has \"1\"\n"
    "infect: S + I => 2 I + C; beta*care*S*I/50\n"
    "recover: I => R; gamma*I\n"
    "vaccinate: S + V => R; speed*V*S/(S + 1)\n";
static const char staff[] = "time has \"d\"\nload = 0; load has \"1\"\n"
                            "tired = 0; tired has \"1\"\npace = 0.5; pace has \"1/d\"\n"
                            "tired' = pace*(load/50 - tired)\n";

gm_status gemel_model(gm_ctx *ctx, gm_model **out)
{
  const gm_eq_output of_ward[] = {{.name = "ill", .expression = "I", .unit = "1"},
                                  {.name = "cases", .expression = "C", .unit = "1"}};
  const gm_eq_output of_staff = {.name = "tired", .expression = "tired", .unit = "1"};
  const gm_jump_config jump = {
      .equations = {.text = ward, .text_name = "ward", .output = of_ward, .output_count = 2}};
  const gm_eq_config equations = {
      .text = staff, .text_name = "staff", .output = &of_staff, .output_count = 1};
  gm_composite_child child[] = {{.name = "ward", .prefix = ""}, {.name = "staff", .prefix = ""}};
  const gm_composite_link link[] = {
      {.to = "staff.load", .kind = GM_LINK_PARAMETER, .from = "ward.ill"},
      {.to = "ward.care", .kind = GM_LINK_PARAMETER, .from = "staff.tired", .offset = 1}};
  const gm_composite_config c = {.name = "outbreak",
                                 .child = child,
                                 .link = link,
                                 .child_count = 2,
                                 .link_count = 2,
                                 .step = 0.25};
  gm_status s = gm_model_new(ctx, &gm_jump, &jump, &child[0].model);
  if (!s) s = gm_model_new(ctx, &gm_equations, &equations, &child[1].model);
  if (!s) s = gm_model_new(ctx, &gm_composite, &c, out);
  for (int i = 0; s && i < 2; i++) gm_model_free(child[i].model);
  return s;
}
