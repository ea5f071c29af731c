/* verb_bank_fairness.c - gemel bank fairness: how good forecasts were for whom. */
#include "cli/keep.h"
#include "base/number.h"
#include "gemel/bank.h"
#include <math.h>

enum { CUTS_MAX = 63, SUBJECTS_FEW = 5 };

static int cuts_read(cli *c, double cut[CUTS_MAX], int32_t *count)
{
  const char *text;
  for (*count = 0; (text = cli_value_at(c, "cut", *count)); ++*count)
    if (*count == CUTS_MAX || !gm__number_parse(text, &cut[*count]) ||
        (*count && !(cut[*count] > cut[*count - 1])))
      return cli_say(c, CLI_BAD, "--cut: rising numbers are expected, at most %d", CUTS_MAX);
  return CLI_DONE;
}

static void cell(cli_table *t, double v, double low, double high)
{
  char a[32], b[32], d[32];
  cli_table_cell(t, "%s (%s to %s)", cli_number(v, a), cli_number(low, b), cli_number(high, d));
}

static void share_cell(cli_table *t, double v, double low, double high)
{
  if (isnan(low) || isnan(high))
    cli_table_cell(t, "%.0f %%", 100 * v);
  else
    cli_table_cell(t, "%.0f %% (%.0f to %.0f)", 100 * v, 100 * low, 100 * high);
}

static void text_show(cli *c, const gm_bank_group *g, int32_t count)
{
  cli_table t;
  bool small = false;
  cli_table_init(&t, c->ctx, 6);
  static const char *const head[] = {"group",        "subjects",         "data",
                                     "skill (90 %)", "in 50 % interval", "in 90 % interval"};
  for (int i = 0; i < 6; i++) cli_table_cell(&t, "%s", head[i]);
  for (int32_t i = 0; i < count; i++, g++) {
    cli_table_cell(&t, "%s", g->group);
    if (g->withheld) {
      cli_table_cell(&t, "too few");
      for (int k = 0; k < 4; k++) cli_table_cell(&t, "-");
      continue;
    }
    cli_table_cell(&t, "%lld", (long long)g->subjects);
    cli_table_cell(&t, "%lld", (long long)g->outcomes);
    cell(&t, g->skill, g->skill_low, g->skill_high);
    share_cell(&t, g->covered50, g->covered50_low, g->covered50_high);
    share_cell(&t, g->covered90, g->covered90_low, g->covered90_high);
    small |= g->subjects < SUBJECTS_FEW;
  }
  cli_table_write(&t, true, &c->out);
  if (small)
    gm_text_addf(&c->out, "  WARNING: a group of fewer than %d subjects says little of its kind\n",
                 SUBJECTS_FEW);
  gm_text_add(&c->out, "Groups whose intervals overlap show no distinguishable difference.\n");
}

static void json_show(cli *c, const gm_bank_group *g, int32_t count)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_array(&j, NULL);
  for (int32_t i = 0; i < count; i++, g++) {
    const double skill[3] = {g->skill_low, g->skill, g->skill_high};
    const double in50[3] = {g->covered50_low, g->covered50, g->covered50_high};
    const double in90[3] = {g->covered90_low, g->covered90, g->covered90_high};
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "group", g->group);
    gm_json_write_bool(&j, "withheld", g->withheld);
    if (!g->withheld) {
      gm_json_write_int(&j, "subjects", g->subjects);
      gm_json_write_int(&j, "data", g->outcomes);
      gm_json_write_numbers(&j, "skill", 3, skill);
      gm_json_write_numbers(&j, "covered50", 3, in50);
      gm_json_write_numbers(&j, "covered90", 3, in90);
    }
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_text_add(&c->out, "\n");
}

static int run(cli *c)
{
  cli_keep k = {0};
  double cut[CUTS_MAX];
  static gm_bank_group group[GM_BANK_GROUPS_MAX];
  int32_t count = 0;
  gm_bank_fairness_question q = {.query = cli_value(c, "where"),
                                 .observable = c->argument[0],
                                 .covariate = cli_value(c, "by"),
                                 .cut = cut};
  if (!q.covariate) return cli_say_use(c, "--by is missing");
  int code = cuts_read(c, cut, &q.cut_count);
  if (!code) code = cli_keep_open(c, false, &k);
  gm_status s = code ? GM_OK : gm_bank_fairness(k.session, c->ctx, &q, group, &count);
  if (s) code = cli_fail(c, s);
  if (!code && c->json) json_show(c, group, count);
  if (!code && !c->json) text_show(c, group, count);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"by", "COVARIATE", "whose levels, or stretches of whose values, are the groups", false},
    {"cut", "VALUE", "between two groups of a number", true},
    {"where", "QUERY", "of the twins alone for which it is true", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_fairness = {
    .name = "bank fairness",
    .summary = "how good the forecasts of an observable were, by subgroup",
    .use = "OBSERVABLE --by COVARIATE [--cut VALUE]",
    .details = "Skill: 1 - CRPS / CRPS of the population's forecast. Intervals of 90 % over "
               "subjects.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
