/* t1d_model.c - the model's text, made part of the program by cmake/models.cmake. */
#include "t1d_subject.h"
#include "t1d_text.h"

/* Relative tolerance of the explicit pair and its absolute one: measured, see bench/t1d. */
static const double rtol_parity = 2e-5, atol_parity = 2e-7;

gm_status t1d_s2008_new(gm_ctx *ctx, const gm_eq_config *config, gm_model **out)
{
  static const gm_eq_output glucose[] = {
      {.name = "G", .expression = "G", .unit = "mg/dL"},
      {.name = "CGM", .expression = "CGM", .unit = "mg/dL"},
  };
  gm_eq_config c = config ? *config : (gm_eq_config){.solver = GM_EQ_EXPLICIT};
  c.text = t1d_s2008_text;
  c.text_name = "s2008.ant";
  if (!c.output_count) {
    c.output = glucose;
    c.output_count = 2;
  }
  if (c.rtol == 0) c.rtol = rtol_parity;
  if (c.atol == 0) c.atol = atol_parity;
  return gm_model_new(ctx, &gm_equations, &c, out);
}
