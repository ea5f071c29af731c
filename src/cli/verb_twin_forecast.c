/* verb_twin_forecast.c - gemel twin forecast: what will be under a plan, kept in the thread. */
#include "cli/keep.h"
#include <math.h>
#include <string.h>

static const char *time_unit(const gm_twin *t)
{
  gm_model_info info;
  gm_model_get_info(t->definition->model, &info);
  return info.time_unit;
}

/* "5 mg every 24 h; ..." from now on; NULL: as it is. */
static gm_status plan_read(cli *c, const gm_twin *t, double horizon, gm_plan *p)
{
  const char *text = cli_value(c, "plan");
  cli_dose *dose = NULL;
  int32_t count = 0;
  *p = (gm_plan){.action = -1};
  if (!text) return GM_OK;
  double *last = gm_alloc(c->ctx, t->definition->input_count, sizeof *last);
  if (!last) return gm_fail(c->ctx, GM_ENOMEM, "plan");
  cli_last_doses(t->subject, t->definition, t->t_now, last);
  gm_status s = cli_doses_read(c->ctx, "--plan", text, time_unit(t), &dose, &count);
  if (!s)
    s = cli_dose_events(c->ctx, "--plan", t->definition, dose, count, t->t_now, t->t_now + horizon,
                        last, &p->event);
  gm_free(dose);
  gm_free(last);
  if (s) return s;
  p->event_count = count;
  for (int32_t i = 0; i < count && !s; i++)
    if (p->event[i].t < t->t_now)
      s = gm_fail(c->ctx, GM_EDOMAIN, "--plan: a dose before the belief's now");
  p->name = gm_strdup(c->ctx, text);
  return s || p->name ? s : gm_fail(c->ctx, GM_ENOMEM, "plan");
}

static gm_status show(cli *c, const gm_life *l, const gm_twin *t, const gm_forecast *f,
                      const gm_receipt *r)
{
  char when[40];
  gm_forecast *population = NULL;
  gm_forecast_request q = {.time = f->time, .time_count = f->time_count, .from_prior = true};
  gm_status s = gm_forecast_make(c->ctx, t, &q, &population);
  if (s) return s;
  if (c->json) {
    gm_json_writer j;
    gm__json_write_begin(&j, &c->out, 1);
    gm__json_write_object(&j, NULL);
    gm__json_write_int(&j, "record", r->seq);
    gm__json_write_number(&j, "now_s", gm_life_unix_s(l, t->t_now));
    gm__json_write_text(&j, "health", gm_health_name(t->health));
    cli_json_forecast(t, f, population, &j);
    gm__json_write_object_end(&j);
    gm_text_add(&c->out, "\n");
  } else {
    gm_text_addf(&c->out, "twin %s, forecast from %s (model time %.6g), health %s", c->argument[0],
                 cli_unix_text(gm_life_unix_s(l, t->t_now), when), t->t_now,
                 gm_health_name(t->health));
    gm_text_addf(&c->out, "; plan: %s\n", cli_value(c, "plan") ? cli_value(c, "plan") : "as it is");
    cli_show_forecast(c->ctx, t, f, population, &c->out);
    if (r->seq) gm_text_addf(&c->out, "  kept as record %lld\n", (long long)r->seq);
    cli_warn_twin(c, t, &c->out);
  }
  gm_forecast_free(population);
  return GM_OK;
}

static gm_status forecast(cli *c, cli_keep *k)
{
  const gm_twin *t = NULL;
  gm_plan plan = {.action = -1};
  gm_forecast *f = NULL;
  gm_receipt r = {0};
  double horizon = NAN;
  gm_status s = gm_life_belief(k->life, c->ctx, &t);
  if (!s && !t) s = gm_fail(c->ctx, GM_ENOTFOUND, "twin %s has no belief yet", c->argument[0]);
  if (!s && cli_value(c, "horizon"))
    s = cli_time(c->ctx, "--horizon", cli_value(c, "horizon"), time_unit(t), &horizon);
  if (!s) s = plan_read(c, t, isnan(horizon) ? gm_plan_horizon(t->definition) : horizon, &plan);
  if (!s) s = gm_life_forecast(k->life, c->ctx, plan.name ? &plan : NULL, horizon, &f, &r);
  if (!s) s = show(c, k->life, t, f, &r);
  gm_forecast_free(f);
  gm_plan_free(&plan);
  return s;
}

static int run(cli *c)
{
  cli_keep k = {0};
  int code = cli_keep_life(c, &k);
  gm_status s = code ? GM_OK : forecast(c, &k);
  if (s) code = cli_fail(c, s);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"horizon", "T", "how far to look (the definition's)", false},
    {"plan", "DOSES", "what is given from now on: \"5 mg every 24 h\"; else as it is", false},
    {"as-of", "TIME", "by what was known then; nothing is kept", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_forecast = {
    .name = "twin forecast",
    .summary = "forecast from a twin's belief, and keep it",
    .use = "NAME [--horizon T] [--plan DOSES]",
    .details = "Forecasts stay in the thread as they were issued, and are scored when what they "
               "spoke of arrives.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
