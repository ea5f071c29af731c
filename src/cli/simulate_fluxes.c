/* simulate_fluxes.c - a model of the SBML package fbc: its best fluxes. */
#include "cli/simulate.h"
#include "kinds/equations/sbml/sbml.h"

static const char *const outcome_name[] = {[SBML_FLUX_BEST] = "best",
                                           [SBML_FLUX_INFEASIBLE] = "infeasible",
                                           [SBML_FLUX_UNBOUNDED] = "unbounded"};

static const char *const outcome_no[] = {
    [SBML_FLUX_INFEASIBLE] =
        "infeasible: no fluxes within the bounds keep every species in balance",
    [SBML_FLUX_UNBOUNDED] = "unbounded: nothing limits the objective"};

static void json_fluxes(const cli *c, const sbml_fluxes *f, gm_text *out)
{
  gm_json_writer j;
  gm_json_write_begin(&j, out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", "simulate");
  gm_json_write_text(&j, "model", c->argument[0]);
  gm_json_write_object(&j, "objective");
  gm_json_write_text(&j, "name", f->objective);
  gm_json_write_number(&j, "value", f->value);
  gm_json_write_object_end(&j);
  gm_json_write_text(&j, "outcome", outcome_name[f->outcome]);
  gm_json_write_array(&j, "fluxes");
  for (int32_t i = 0; i < f->count; i++) {
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "name", f->reaction[i]);
    gm_json_write_number(&j, "value", f->flux[i]);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

static void csv_row(gm_text *out, const char *name, const char *kind, double value)
{
  gm_text_addf(out, "%s,%s,", name, kind); /* names of SBML need no quotes */
  simulate_number(out, value);
  gm_text_add(out, "\n");
}

gm_status simulate_fluxes(simulate_table *t, const char *text)
{
  cli *c = t->c;
  static const char *const course[] = {
      "dose",       "to",        "from",           "every",      "steps",        "times",
      "set",        "variables", "rtol",           "atol",       "step-longest", "solver",
      "stochastic", "amounts",   "concentrations", "replicates", "summary",      NULL};
  sbml_fluxes f = {0};
  gm_status s = simulate_refuse(c, course, "is not for a model of flux balance: it has no course");
  if (!s) s = sbml_flux_balance(c->ctx, text, c->argument[0], &f);
  if (s) return s;
  if (c->json) {
    json_fluxes(c, &f, &c->out);
  } else {
    gm_text_add(&c->out, "name,kind,value\n");
    csv_row(&c->out, f.objective, "objective", f.value);
    for (int32_t i = 0; i < f.count; i++) csv_row(&c->out, f.reaction[i], "flux", f.flux[i]);
  }
  t->no = f.outcome == SBML_FLUX_BEST ? NULL : outcome_no[f.outcome];
  sbml_fluxes_free(&f);
  return GM_OK;
}
