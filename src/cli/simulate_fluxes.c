/* simulate_fluxes.c - a model of the SBML package fbc: its best fluxes. */
#include "cli/simulate.h"
#include "kinds/equations/sbml/sbml.h"

static void json_fluxes(const cli *c, const sbml_fluxes *f, gm_text *out)
{
  cli_json j;
  cli_json_begin(&j, out);
  cli_json_object(&j, NULL);
  cli_json_text(&j, "gemel", gm_version());
  cli_json_text(&j, "verb", "simulate");
  cli_json_text(&j, "model", c->argument[0]);
  cli_json_object(&j, "objective");
  cli_json_text(&j, "name", f->objective);
  cli_json_number(&j, "value", f->value);
  cli_json_end_object(&j);
  cli_json_array(&j, "fluxes");
  for (int32_t i = 0; i < f->count; i++) {
    cli_json_object(&j, NULL);
    cli_json_text(&j, "name", f->reaction[i]);
    cli_json_number(&j, "value", f->flux[i]);
    cli_json_end_object(&j);
  }
  cli_json_end_array(&j);
  cli_json_end_object(&j);
  gm_text_add(out, "\n");
}

gm_status simulate_fluxes(cli *c, const char *text)
{
  static const char *const course[] = {
      "dose",       "to",      "from", "every",  "steps",      "times",   "set",
      "variables",  "rtol",    "atol", "solver", "stochastic", "amounts", "concentrations",
      "replicates", "summary", NULL};
  sbml_fluxes f = {0};
  gm_status s = simulate_refuse(c, course, "is not for a model of flux balance: it has no course");
  if (!s) s = sbml_flux_balance(c->ctx, text, c->argument[0], &f);
  if (s) return s;
  if (c->json) {
    json_fluxes(c, &f, &c->out);
  } else {
    gm_text_addf(&c->out, "name,kind,value\n%s,objective,%.10g\n", f.objective, f.value);
    for (int32_t i = 0; i < f.count; i++)
      gm_text_addf(&c->out, "%s,flux,%.10g\n", f.reaction[i], f.flux[i]);
  }
  sbml_fluxes_free(&f);
  return GM_OK;
}
