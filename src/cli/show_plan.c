/* show_plan.c - comparisons and proposals, for people and as JSON. */
#include "cli/cli.h"
#include <math.h>
#include <string.h>

static const char *kind_name(gm_target_kind k)
{
  static const char *const name[] = {"range", "trough", "peak", "auc24", "average"};
  return name[k];
}

/* How far a target is met, and, where it is one number, its mean. */
static void target_cell(cli_table *table, gm_target_kind kind, const gm_target_result *r)
{
  char a[32];
  if (kind == GM_TARGET_RANGE)
    cli_table_cell(table, "%.0f %%", 100 * r->attained);
  else
    cli_table_cell(table, "%.0f %%, %s", 100 * r->attained, cli_number(r->value.mean, a));
}

static void plan_row(cli_table *table, const gm_def_target *kind, const gm_comparison *k,
                     int32_t plan, int32_t rank)
{
  const gm_plan_result *r = &k->result[plan];
  char a[32], b[32], c[32];
  if (rank > 0)
    cli_table_cell(table, "%d. %s", (int)rank, k->plan[plan].name);
  else
    cli_table_cell(table, "%s", k->plan[plan].name);
  for (int32_t g = 0; g < k->target_count; g++) target_cell(table, kind[g].kind, &r->target[g]);
  cli_table_cell(table, "%s (%s to %s)", cli_number(r->utility.mean, a),
                 cli_number(r->utility.low, b), cli_number(r->utility.high, c));
  cli_table_number(table, r->regret);
  cli_table_cell(table, "%.0f %%", 100 * r->better);
  if (plan == k->as_it_is)
    cli_table_cell(table, "-");
  else if (!r->distinguishable)
    cli_table_cell(table, "no distinguishable difference");
  else
    cli_table_cell(table, "%+.2f (%.2f to %.2f)", r->gain.mean, r->gain.low, r->gain.high);
}

static void table_begin(cli_table *table, gm_ctx *ctx, const gm_twin *t, const gm_comparison *k)
{
  cli_table_init(table, ctx, 5 + k->target_count);
  cli_table_cell(table, "plan");
  for (int32_t g = 0; g < k->target_count; g++) {
    const gm_def_target *x = &t->definition->target[g];
    if (x->kind == GM_TARGET_RANGE)
      cli_table_cell(table, "%s in range", x->observable);
    else
      cli_table_cell(table, "%s %s met, mean [%s]", x->observable, kind_name(x->kind), x->unit);
  }
  cli_table_cell(table, "utility (5 to 95 %%)");
  cli_table_cell(table, "regret");
  cli_table_cell(table, "better");
  cli_table_cell(table, "gain on as it is");
}

static void show_targets(const gm_twin *t, gm_text *out)
{
  const gm_definition *d = t->definition;
  for (int32_t g = 0; g < d->target_count; g++) {
    const gm_def_target *x = &d->target[g];
    gm_text_addf(out, "  target: %s %s", x->observable, kind_name(x->kind));
    if (isfinite(x->low)) gm_text_addf(out, ", at least %g", x->low);
    if (isfinite(x->high)) gm_text_addf(out, ", at most %g", x->high);
    bool number = !strcmp(x->unit, "1");
    gm_text_addf(out, "%s%s\n", number ? "" : " ", number ? "" : x->unit);
  }
}

/* Members of a model that moves by chance have one chance for all plans. */
static void show_coupling(const gm_twin *t, gm_text *out)
{
  if (t->lineage)
    gm_text_add(out,
                "  better: every plan has the same draws here; two real futures differ in their "
                "chance too, and the probability is usually nearer to 50 %\n");
}

static void show_head(const gm_twin *t, const gm_comparison *k, gm_text *out)
{
  char a[32], b[32];
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  show_targets(t, out);
  gm_text_addf(out, "  plans from %s to %s %s, on the same %d members\n", cli_number(k->t_now, a),
               cli_number(k->t_end, b), info.time_unit, (int)t->posterior->n);
  show_coupling(t, out);
}

static void show_missing(const gm_comparison *k, gm_text *out)
{
  if (k->diverged)
    gm_text_addf(out, "  WARNING: %d members left out: they did not get through every plan\n",
                 (int)k->diverged);
  if (k->plan_count < k->asked)
    gm_text_addf(out, "  WARNING: stopped: %d of %d plans were compared\n", (int)k->plan_count,
                 (int)k->asked);
}

/* What more members would narrow, apart from what is not known of the subject. */
static void show_error(const gm_comparison *k, gm_text *out)
{
  double utility = 0, gain = 0;
  char a[32], b[32];
  for (int32_t i = 0; i < k->plan_count; i++) {
    utility = fmax(utility, k->result[i].utility.error);
    gain = fmax(gain, k->result[i].gain.error);
  }
  gm_text_addf(out, "  Monte Carlo error of a mean utility at most %s, of a mean gain %s\n",
               cli_number(utility, a), cli_number(gain, b));
}

void cli_show_comparison(gm_ctx *ctx, const gm_twin *t, const gm_comparison *k, gm_text *out)
{
  cli_table table;
  show_head(t, k, out);
  table_begin(&table, ctx, t, k);
  for (int32_t i = 0; i < k->plan_count; i++) plan_row(&table, t->definition->target, k, i, 0);
  cli_table_write(&table, true, out);
  show_error(k, out);
  show_missing(k, out);
}

void cli_show_proposal(gm_ctx *ctx, const gm_twin *t, const gm_proposal *p, gm_text *out)
{
  const gm_comparison *k = p->comparison;
  cli_table table;
  show_head(t, k, out);
  table_begin(&table, ctx, t, k);
  for (int32_t i = 0; i < p->candidate_count; i++)
    plan_row(&table, t->definition->target, k, p->rank[i], i + 1);
  plan_row(&table, t->definition->target, k, k->as_it_is, 0);
  plan_row(&table, t->definition->target, k, k->nothing, 0);
  cli_table_write(&table, true, out);
  show_error(k, out);
  show_missing(k, out);
  for (int32_t i = 0; i < p->left_out_count; i++)
    gm_text_addf(out, "  left out, %s\n", p->left_out[i]);
  gm_text_add(out, "  plans whose utilities differ by no more than the Monte Carlo error: "
                   "the smaller dose first\n");
  if (p->withheld)
    gm_text_addf(out, "  no proposal: %s\n  A person decides.\n", p->withheld);
  else if (p->candidate_count)
    gm_text_addf(out, "  proposed: %s\n    because %s\n  A person decides.\n",
                 k->plan[p->rank[0]].name, p->reason[0]);
}

/* A plan that breaks a limit is computed all the same, and said to. */
bool cli_show_limits(const gm_definition *d, const gm_plan *p, gm_text *out)
{
  for (int32_t i = 0; i < p->event_count; i++) {
    const gm_event *e = &p->event[i];
    double dose = e->amount / d->input[e->input].to_model;
    double per_day = e->interval > 0 ? dose * 24 * d->hour / e->interval : dose;
    for (int32_t k = 0; k < d->limit_count; k++) {
      const gm_limit *l = &d->limit[k];
      if (l->index != e->input) continue;
      bool close = e->interval > 0 && e->interval < l->interval_least * (1 - 1e-9);
      if (dose > l->per_dose * (1 + 1e-9) || per_day > l->per_day * (1 + 1e-9) || close) {
        gm_text_add(out, "  WARNING: beyond the definition's limits: ");
        cli_safe(out, p->name);
        gm_text_add(out, "\n");
        return true;
      }
    }
  }
  return false;
}

/* ---- JSON ---------------------------------------------------------------------------------- */
static void json_estimate(gm_json_writer *j, const char *key, const gm_estimate *e)
{
  gm_json_write_object(j, key);
  gm_json_write_number(j, "mean", e->mean);
  gm_json_write_number(j, "low", e->low);
  gm_json_write_number(j, "high", e->high);
  gm_json_write_number(j, "error", e->error);
  gm_json_write_object_end(j);
}

static void json_targets(const gm_twin *t, const gm_plan_result *r, gm_json_writer *j)
{
  gm_json_write_array(j, "targets");
  for (int32_t g = 0; g < t->definition->target_count; g++) {
    const gm_def_target *x = &t->definition->target[g];
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "observable", x->observable);
    gm_json_write_text(j, "of", kind_name(x->kind));
    gm_json_write_text(j, "unit", x->unit);
    gm_json_write_number(j, "low", x->low);
    gm_json_write_number(j, "high", x->high);
    json_estimate(j, "value", &r->target[g].value);
    gm_json_write_number(j, "attained", r->target[g].attained);
    gm_json_write_number(j, "below", r->target[g].below);
    gm_json_write_number(j, "above", r->target[g].above);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
}

void cli_json_comparison(const gm_twin *t, const gm_comparison *k, gm_json_writer *j)
{
  gm_json_write_object(j, "comparison");
  gm_json_write_number(j, "from", k->t_now);
  gm_json_write_number(j, "to", k->t_end);
  gm_json_write_int(j, "diverged", k->diverged);
  gm_json_write_int(j, "asked", k->asked);
  gm_json_write_array(j, "plans");
  for (int32_t i = 0; i < k->plan_count; i++) {
    const gm_plan_result *r = &k->result[i];
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "plan", k->plan[i].name);
    json_estimate(j, "utility", &r->utility);
    json_estimate(j, "gain", &r->gain);
    gm_json_write_number(j, "better", r->better);
    gm_json_write_number(j, "regret", r->regret);
    gm_json_write_bool(j, "distinguishable", r->distinguishable);
    json_targets(t, r, j);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}

void cli_json_proposal(const gm_twin *t, const gm_proposal *p, gm_json_writer *j)
{
  (void)t;
  gm_json_write_object(j, "proposal");
  gm_json_write_text(j, "withheld", p->withheld);
  gm_json_write_array(j, "ranked");
  for (int32_t i = 0; i < p->candidate_count; i++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "plan", p->comparison->plan[p->rank[i]].name);
    gm_json_write_text(j, "reason", p->reason[i]);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_json_write_array(j, "left_out");
  for (int32_t i = 0; i < p->left_out_count; i++) gm_json_write_text(j, NULL, p->left_out[i]);
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}
