/* verb_bank_aggregate.c - gemel bank aggregate: a forecast or parameter over many twins. */
#include "cli/keep.h"
#include "gemel/bank.h"
#include <math.h>

static void text_show(cli *c, const gm_bank_sum *s, bool sums)
{
  char a[32], b[32], d[32], e[32];
  const char *unit = s->unit;
  gm_text_addf(&c->out, "%lld twins of %lld subjects\n", (long long)s->twins,
               (long long)s->subjects);
  gm_text_addf(&c->out,
               "mean        %s %s +- %s (who is in the bank), +- %s (what is not known of "
               "them)\n",
               cli_number(s->mean, a), unit, cli_number(s->mean_error, b),
               cli_number(s->mean_belief_error, d));
  if (isfinite(s->quantile[2])) /* cards hold draws of forecasts, of parameters none */
    gm_text_addf(&c->out, "one of them %s %s (5 to 95 %%: %s to %s)\n",
                 cli_number(s->quantile[2], a), unit, cli_number(s->quantile[0], b),
                 cli_number(s->quantile[4], d));
  if (sums && isfinite(s->sum_quantile[0]))
    gm_text_addf(&c->out, "all of them %s %s (5 to 95 %%: %s to %s)\n", cli_number(s->sum, a), unit,
                 cli_number(s->sum_quantile[0], d), cli_number(s->sum_quantile[4], e));
}

static void json_show(cli *c, const gm_bank_sum *s)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, "twins", s->twins);
  gm_json_write_int(&j, "subjects", s->subjects);
  gm_json_write_text(&j, "unit", s->unit);
  gm_json_write_number(&j, "mean", s->mean);
  gm_json_write_number(&j, "mean_error", s->mean_error);
  gm_json_write_number(&j, "mean_belief_error", s->mean_belief_error);
  gm_json_write_numbers(&j, "levels", GM_CARD_QUANTILES, gm_card_level);
  gm_json_write_numbers(&j, "quantiles", GM_CARD_QUANTILES, s->quantile);
  gm_json_write_number(&j, "sum", s->sum);
  gm_json_write_numbers(&j, "sum_quantiles", GM_CARD_QUANTILES, s->sum_quantile);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

static int run(cli *c)
{
  cli_keep k = {0};
  gm_bank_sum sum;
  double at_h = NAN;
  gm_bank_question q = {.observable = c->argument[0],
                        .query = cli_value(c, "where"),
                        .unit = cli_value(c, "unit"),
                        .after_s = NAN,
                        .seed = c->seed};
  gm_status s = GM_OK;
  if (cli_value(c, "at")) s = cli_time(c->ctx, "--at", cli_value(c, "at"), "h", &at_h);
  if (s) return cli_fail(c, s);
  q.after_s = at_h * 3600;
  int code = cli_keep_open(c, false, &k);
  if (!code) s = gm_bank_aggregate(k.session, c->ctx, &q, &sum);
  if (!code && s) code = cli_fail(c, s);
  if (!code && c->json) json_show(c, &sum);
  if (!code && !c->json) text_show(c, &sum, true);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"where", "QUERY", "of the twins alone for which it is true (gemel bank find)", false},
    {"at", "T", "forecast so long after it was made (the farthest)", false},
    {"unit", "UNIT", "of the result", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_bank_aggregate = {
    .name = "bank aggregate",
    .summary = "a forecast or a parameter over many twins: mean, spread, sum",
    .use = "NAME [--where QUERY] [--at T]",
    .details = "The sum answers what a ward needs: beds, doses, millilitres.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
