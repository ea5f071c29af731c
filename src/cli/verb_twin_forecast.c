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

/* The population under the same plan; plan without a name: as it is. */
static gm_status population_make(cli *c, const gm_twin *t, const gm_plan *plan,
                                 const gm_forecast *f, gm_forecast **out)
{
  gm_plan own = {.action = -1};
  double t_end = f->time[f->time_count - 1];
  gm_status s = plan->name ? GM_OK : gm_plan_as_it_is(c->ctx, t, t_end, &own);
  if (!plan->name) plan = &own;
  gm_forecast_request q = {.plan = plan->event,
                           .plan_count = plan->event_count,
                           .time = f->time,
                           .time_count = f->time_count,
                           .from_prior = true};
  if (!s) s = gm_forecast_make(c->ctx, t, &q, out);
  gm_plan_free(&own);
  return s;
}

typedef struct {
  cli_keep *k;
  cli_age age;
  const gm_twin *t;
  const gm_plan *plan;
  const gm_forecast *f, *population;
  const gm_receipt *r;
} shown;

static void json_show(cli *c, const shown *x)
{
  gm_json_writer j;
  gm_text beyond;
  gm_text_init(&beyond, c->ctx);
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, "record", x->r->seq);
  cli_age_json(c, x->k, &x->age, &j);
  if (!x->age.may) gm_json_write_text(&j, "health", gm_health_name(x->t->health));
  gm_json_write_number(&j, "now_s", gm_life_unix_s(x->k->life, x->t->t_now));
  gm_json_write_number(&j, "now", x->t->t_now);
  gm_json_write_text(&j, "time_unit", time_unit(x->t));
  gm_json_write_text(&j, "plan", x->plan->name ? x->plan->name : "as it is");
  gm_json_write_bool(&j, "beyond_limits", cli_show_limits(x->t->definition, x->plan, &beyond));
  cli_json_forecast(x->t, x->f, x->population, &j);
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
  gm_text_free(&beyond);
}

static void text_show(cli *c, const shown *x)
{
  char when[40];
  gm_text *out = &c->out;
  const gm_twin *t = x->t;
  cli_age_show(c, x->k, &x->age, out);
  gm_text_addf(out, "forecast from %s (model time %.6g %s), plan: ",
               cli_unix_text(gm_life_unix_s(x->k->life, t->t_now), when), t->t_now, time_unit(t));
  cli_safe(out, x->plan->name ? x->plan->name : "as it is");
  gm_text_add(out, "\n");
  cli_show_limits(t->definition, x->plan, out);
  cli_show_forecast(c->ctx, t, x->f, x->population, out);
  gm_text_addf(out, "  time 0 is %s\n", cli_unix_text(gm_life_unix_s(x->k->life, 0), when));
  if (x->r->seq) gm_text_addf(out, "  kept as record %lld\n", (long long)x->r->seq);
  cli_warn_twin(c, t, out);
}

static gm_status make(cli *c, cli_keep *k, gm_plan *plan, gm_forecast **f, gm_receipt *r)
{
  const gm_twin *t = NULL;
  double horizon = NAN;
  gm_status s = gm_life_belief(k->life, c->ctx, &t);
  if (!s && !t) s = gm_fail(c->ctx, GM_ENOTFOUND, "twin %s has no belief yet", c->argument[0]);
  if (!s && cli_value(c, "horizon"))
    s = cli_time(c->ctx, "--horizon", cli_value(c, "horizon"), time_unit(t), &horizon);
  if (!s) s = plan_read(c, t, isnan(horizon) ? gm_plan_horizon(t->definition) : horizon, plan);
  if (!s) s = gm_life_forecast(k->life, c->ctx, plan->name ? plan : NULL, horizon, f, r);
  return s;
}

static int forecast(cli *c, cli_keep *k)
{
  gm_plan plan = {.action = -1};
  gm_forecast *f = NULL, *population = NULL;
  gm_receipt r = {0};
  shown x = {.k = k, .plan = &plan, .r = &r};
  int code = cli_age_look(c, k, &x.age);
  gm_status s = code ? GM_OK : make(c, k, &plan, &f, &r);
  if (!code && !s) s = gm_life_belief(k->life, c->ctx, &x.t);
  if (!code && !s) s = population_make(c, x.t, &plan, f, &population);
  x.f = f;
  x.population = population;
  if (s)
    code = cli_fail(c, s);
  else if (!code && c->json)
    json_show(c, &x);
  else if (!code)
    text_show(c, &x);
  gm_forecast_free(population);
  gm_forecast_free(f);
  gm_plan_free(&plan);
  return code;
}

static int run(cli *c)
{
  cli_keep k = {0};
  int code = cli_keep_life(c, &k);
  if (!code) code = forecast(c, &k);
  cli_keep_close(&k);
  return code;
}

static const cli_option options[] = {
    {"horizon", "T", "how far to look (the definition's)", false},
    {"plan", "DOSES", "what is given from now on: \"5 mg every 24 h\"; else as it is", false},
    {"as-of", "TIME", "by what was known then; nothing is kept", false},
    {"now", "TIME", "ages are counted from then (the clock)", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_forecast = {
    .name = "twin forecast",
    .summary = "forecast from a twin's belief, and keep it",
    .use = "NAME [--horizon T] [--plan DOSES] [--now TIME]",
    .details = "Forecasts stay in the thread as they were issued, and are scored when what they "
               "spoke of arrives.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
