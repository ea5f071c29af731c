/* t1d_verb_replay.c - `gemel t1d replay`: a person's records as a stream. */
#include "t1d_replay.h"
#include "t1d_verb_records.h"
#include <math.h>

/* What the last reading's outlook is made of, at the forecasts' horizons. */
typedef struct {
  bool there;
  double t_s, now_mgdl;
  double mean[T1D_CAUSES][T1D_FORECAST_HORIZONS], sd[T1D_CAUSES][T1D_FORECAST_HORIZONS];
  double total[T1D_FORECAST_HORIZONS], total_sd[T1D_FORECAST_HORIZONS];
} reasons;

typedef struct {
  gm_text *table; /* NULL: not asked for */
  bool twin;
  reasons why;
  bool forecast; /* of the newest step */
  double median[T1D_FORECAST_HORIZONS], low[T1D_FORECAST_HORIZONS], high[T1D_FORECAST_HORIZONS];
} heard;

static void reasons_take(reasons *w, double t_s, const t1d_explanation *e)
{
  w->there = true;
  w->t_s = t_s;
  w->now_mgdl = e->now_mgdl;
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    const int32_t k = (int32_t)lround(t1d_forecast_min[h] / e->step_min) - 1;
    w->total[h] = e->total_mean[k];
    w->total_sd[h] = e->total_sd[k];
    for (int32_t c = 0; c < T1D_CAUSES; c++) {
      w->mean[c][h] = e->mean[c * e->steps + k];
      w->sd[c][h] = e->sd[c * e->steps + k];
    }
  }
}

/* ---- steps as a table ------------------------------------------------------------------------ */
static void table_head(gm_text *out)
{
  gm_text_add(out, "t_s,cgm_mgdl,believed,glucose_mgdl,glucose_sd_mgdl,hidden_meal_g,lost");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++)
    gm_text_addf(out, ",median_%.0f_min,low90_%.0f_min,high90_%.0f_min", t1d_forecast_min[h],
                 t1d_forecast_min[h], t1d_forecast_min[h]);
  gm_text_add(out, "\n");
}

static void cell(gm_text *out, double v)
{
  if (isnan(v))
    gm_text_add(out, ",");
  else
    gm_text_addf(out, ",%.4g", v);
}

/* A cell of what nobody measured or judged is empty. */
static void table_row(gm_text *out, const t1d_replay_moment *m, bool twin)
{
  gm_text_addf(out, "%.0f", m->t_s);
  cell(out, m->cgm_mgdl);
  cell(out, twin && !isnan(m->cgm_mgdl) ? m->news.weight : NAN);
  cell(out, m->news.glucose_mgdl);
  cell(out, m->news.glucose_sd_mgdl);
  cell(out, m->news.hidden_meal_g);
  cell(out, twin ? m->news.lost : NAN);
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    cell(out, m->law ? m->law[h].median : NAN);
    cell(out, m->law ? m->law[h].low[T1D_FORECAST_LEVEL90] : NAN);
    cell(out, m->law ? m->law[h].high[T1D_FORECAST_LEVEL90] : NAN);
  }
  gm_text_add(out, "\n");
}

static void listen(void *user, const t1d_replay_moment *m)
{
  heard *q = user;
  if (q->table) table_row(q->table, m, q->twin);
  if (m->why) reasons_take(&q->why, m->t_s, m->why);
  q->forecast = m->law != NULL;
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && m->law; h++) {
    q->median[h] = m->law[h].median;
    q->low[h] = m->law[h].low[T1D_FORECAST_LEVEL90];
    q->high[h] = m->law[h].high[T1D_FORECAST_LEVEL90];
  }
}

/* ---- what came of it ------------------------------------------------------------------------- */
static void scores_show(const t1d_replay *r, bool twin, gm_text *out)
{
  gm_text_addf(out,
               "\nForecasts against the readings that came, mg/dL\n"
               "  ahead      RMSE  last hour %s  within 90 %%   WIS     forecasts\n",
               twin ? "    twin" : "");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    const gm_online_score *s = &r->score[h];
    gm_text_addf(out, "  %3.0f min", t1d_forecast_min[h]);
    if (!s->count) {
      gm_text_add(out, "        -  no reading came when it was due\n");
      continue;
    }
    gm_text_addf(out, " %8.1f %9.1f", s->rmse, s->expert_rmse[T1D_FORECAST_LAST_HOUR]);
    if (twin) gm_text_addf(out, " %8.1f", s->expert_rmse[T1D_FORECAST_TWIN]);
    gm_text_addf(out, " %9.1f %% %8.1f %12lld\n", 100 * s->covered[T1D_FORECAST_LEVEL90], s->wis,
                 (long long)s->count);
  }
  gm_text_addf(out,
               "Scored from the second day on (a shorter record whole). RMSE: %s; last hour: an "
               "autoregression alone, learned on the way%s.\n",
               twin ? "twin and readings together" : "all that the readings tell",
               twin ? "; twin: alone" : "");
}

/* What was told, and what was not. */
static void told_show(const t1d_replay *r, bool twin, gm_text *out)
{
  gm_text_addf(out, "%lld meals, %lld boluses, %lld basal rates%s\n", (long long)r->meals_told,
               (long long)r->boluses, (long long)r->basal_rates,
               twin ? "" : ": not used, as the twin is left out");
  if (r->before || r->after)
    gm_text_addf(
        out, "LEFT OUT: %lld meals and boluses before the first reading, %lld behind the last\n",
        (long long)r->before, (long long)r->after);
  if (r->heart_rates || r->sessions)
    gm_text_addf(out, "%lld heart rates, %lld sessions of exercise\n", (long long)r->heart_rates,
                 (long long)r->sessions);
  if (r->unused)
    gm_text_addf(out, "%lld records of a finger, heart rate or exercise: not used\n",
                 (long long)r->unused);
}

/* What the twin made of the records. */
static void twin_show(const t1d_replay *r, gm_text *out)
{
  gm_text_addf(out, "%lld meals found that nobody told\n", (long long)r->meals_found);
  gm_text_addf(out,
               "%lld readings held out of the twin; it was lost for %.1f h; faults, several of one "
               "reading too:\n",
               (long long)r->held_out, (double)r->lost / 12);
  for (int32_t i = 0; i < GM_QUALITY_REASONS; i++)
    if (r->fault[i])
      gm_text_addf(out, "  %-11s %6lld readings\n", gm_quality_reason_name((gm_quality_reason)i),
                   (long long)r->fault[i]);
}

static void replay_show(const t1d_replay *r, bool twin, gm_text *out)
{
  gm_text_addf(out, "%.1f ", r->days);
  if (!r->complete) gm_text_addf(out, "of %.1f ", r->days_recorded);
  gm_text_addf(out, "days, %lld readings", (long long)(r->readings + r->between));
  if (r->between)
    gm_text_addf(out, ", %lld of them between steps of 5 min: not used", (long long)r->between);
  gm_text_add(out, "\n");
  told_show(r, twin, out);
  if (twin) twin_show(r, out);
  scores_show(r, twin, out);
  if (!r->complete) gm_text_add(out, "STOPPED: these are the readings so far.\n");
}

static void score_json(const t1d_replay *r, int32_t h, bool twin, gm_json_writer *j)
{
  const gm_online_score *s = &r->score[h];
  const bool any = s->count > 0;
  gm_json_write_object(j, NULL);
  gm_json_write_number(j, "ahead_min", t1d_forecast_min[h]);
  gm_json_write_int(j, "forecasts", s->count);
  gm_json_write_number(j, "rmse_mgdl", any ? s->rmse : NAN);
  gm_json_write_object(j, "rmse_of_experts_mgdl");
  for (int32_t k = 0; k < (twin ? T1D_FORECAST_EXPERTS : T1D_FORECAST_TWIN); k++)
    gm_json_write_number(j, t1d_forecast_expert[k], any ? s->expert_rmse[k] : NAN);
  gm_json_write_object_end(j);
  gm_json_write_number(j, "bias_mgdl", any ? s->bias : NAN);
  gm_json_write_number(j, "within_90", any ? s->covered[T1D_FORECAST_LEVEL90] : NAN);
  gm_json_write_number(j, "wis_mgdl", any ? s->wis : NAN);
  gm_json_write_object_end(j);
}

static void twin_json(const t1d_replay *r, gm_json_writer *j)
{
  gm_json_write_object(j, "twin");
  gm_json_write_int(j, "meals_found", r->meals_found);
  gm_json_write_int(j, "held_out", r->held_out);
  gm_json_write_number(j, "lost_h", (double)r->lost / 12);
  gm_json_write_object(j, "faults");
  for (int32_t i = 0; i < GM_QUALITY_REASONS; i++)
    if (r->fault[i])
      gm_json_write_int(j, gm_quality_reason_name((gm_quality_reason)i), r->fault[i]);
  gm_json_write_object_end(j);
  gm_json_write_object_end(j);
}

/* ---- now ------------------------------------------------------------------------------------- */
static void now_show(const heard *q, bool twin, gm_text *out)
{
  if (!q->forecast) return;
  gm_text_addf(
      out,
      "\nForecast of the readings from the last one on, %s: median and 90 %% interval, mg/dL\n",
      twin ? "twin and readings together" : "of the readings alone");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    gm_text_addf(out, "  %3.0f min", t1d_forecast_min[h]);
    if (isfinite(q->low[h]))
      gm_text_addf(out, " %8.0f  %.0f to %.0f\n", q->median[h], q->low[h], q->high[h]);
    else
      gm_text_add(out, "        -  not enough is learned yet\n");
  }
}

static void now_json(const heard *q, gm_json_writer *j)
{
  gm_json_write_array(j, "forecast");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS && q->forecast; h++) {
    gm_json_write_object(j, NULL);
    gm_json_write_number(j, "ahead_min", t1d_forecast_min[h]);
    gm_json_write_number(j, "median_mgdl", q->median[h]);
    gm_json_write_number(j, "low90_mgdl", q->low[h]);
    gm_json_write_number(j, "high90_mgdl", q->high[h]);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
}

/* ---- why ------------------------------------------------------------------------------------- */
static void why_show(const reasons *w, bool complete, gm_text *out)
{
  gm_text_addf(out,
               "\nWhy, %s: the twin has glucose at %.0f mg/dL; mean and sd of what is "
               "to come, mg/dL\n  ahead     expected",
               complete ? "at the last reading" : "where it was stopped", w->now_mgdl);
  for (int32_t c = 0; c < T1D_CAUSES; c++) gm_text_addf(out, "  %16s", t1d_cause_name[c]);
  gm_text_add(out, "\n");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    gm_text_addf(out, "  %3.0f min %5.0f+-%-3.0f", t1d_forecast_min[h], w->total[h],
                 w->total_sd[h]);
    for (int32_t c = 0; c < T1D_CAUSES; c++)
      gm_text_addf(out, "  %+10.1f+-%-4.1f", w->mean[c][h], w->sd[c][h]);
    gm_text_add(out, "\n");
  }
  gm_text_add(out,
              "The causes and glucose now sum to what is expected. No known cause: glucose that no "
              "meal, dose or exercise\nin the records explains.\n");
}

static void why_json(const reasons *w, gm_json_writer *j)
{
  gm_json_write_object(j, "why");
  gm_json_write_number(j, "t_s", w->t_s);
  gm_json_write_number(j, "now_mgdl", w->now_mgdl);
  gm_json_write_array(j, "ahead");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    gm_json_write_object(j, NULL);
    gm_json_write_number(j, "ahead_min", t1d_forecast_min[h]);
    gm_json_write_number(j, "mean_mgdl", w->total[h]);
    gm_json_write_number(j, "sd_mgdl", w->total_sd[h]);
    gm_json_write_object(j, "change_mgdl");
    for (int32_t c = 0; c < T1D_CAUSES; c++)
      gm_json_write_number(j, t1d_cause_name[c], w->mean[c][h]);
    gm_json_write_object_end(j);
    gm_json_write_object(j, "change_sd_mgdl");
    for (int32_t c = 0; c < T1D_CAUSES; c++)
      gm_json_write_number(j, t1d_cause_name[c], w->sd[c][h]);
    gm_json_write_object_end(j);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}

static void replay_json(const t1d_replay *r, const t1d_input *in, bool twin, const heard *q,
                        gm_text *out)
{
  gm_json_writer j;
  gm_json_write_begin(&j, out, 3);
  gm_json_write_object(&j, NULL);
  t1d_input_json(in, &j);
  gm_json_write_bool(&j, "complete", r->complete);
  gm_json_write_number(&j, "days", r->days);
  gm_json_write_number(&j, "days_recorded", r->days_recorded);
  gm_json_write_int(&j, "readings", r->readings + r->between);
  gm_json_write_int(&j, "readings_between_steps", r->between);
  gm_json_write_int(&j, "meals", r->meals_told);
  gm_json_write_int(&j, "boluses", r->boluses);
  gm_json_write_int(&j, "basal_rates", r->basal_rates);
  gm_json_write_int(&j, "before_first_reading", r->before);
  gm_json_write_int(&j, "behind_last_reading", r->after);
  gm_json_write_int(&j, "heart_rates", r->heart_rates);
  gm_json_write_int(&j, "exercise_sessions", r->sessions);
  gm_json_write_int(&j, "unused", r->unused);
  if (twin) twin_json(r, &j);
  gm_json_write_array(&j, "scores");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) score_json(r, h, twin, &j);
  gm_json_write_array_end(&j);
  now_json(q, &j);
  if (q->why.there) why_json(&q->why, &j);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

/* ---- the verb -------------------------------------------------------------------------------- */
static int replay_options(const gm_program *p, t1d_replay_options *o)
{
  *o = (t1d_replay_options){.no_twin = gm_program_has(p, "no-twin"),
                            .explain = gm_program_has(p, "explain"),
                            .seed = p->seed};
  int code = gm_program_number(p, "zone", -14, 14, 0, &o->zone_h);
  if (!code) code = gm_program_number(p, "weight", 5, 300, 70, &o->bw_kg);
  if (!code) code = gm_program_number(p, "basal", 0, 20, 0, &o->basal_u_per_h);
  if (!code) code = gm_program_number(p, "rest-heart-rate", 20, 150, 0, &o->rest_heart_rate);
  if (!code && o->explain && o->no_twin)
    code = gm_program_say_use(p, "--explain needs the twin: not with --no-twin");
  return code;
}

static int replay(gm_program *p)
{
  t1d_replay_options o;
  const char *path = gm_program_value(p, "out");
  int code = replay_options(p, &o);
  if (code) return code;
  t1d_input in = {0};
  t1d_replay r;
  gm_text table;
  gm_text_init(&table, p->ctx);
  table_head(&table);
  heard q = {.table = path ? &table : NULL, .twin = !o.no_twin};
  gm_status s = t1d_input_read(p, o.zone_h, &in);
  if (!s) s = t1d_replay_run(p->ctx, &in.records, &o, listen, &q, &p->watch, &r);
  if (!s && path) s = gm_program_write(p->ctx, path, &table);
  if (!s && p->json) {
    replay_json(&r, &in, !o.no_twin, &q, &p->out);
  } else if (!s) {
    t1d_input_show(&in, &p->out);
    replay_show(&r, !o.no_twin, &p->out);
    now_show(&q, !o.no_twin, &p->out);
    if (q.why.there) why_show(&q.why, r.complete, &p->out);
  }
  t1d_input_free(&in);
  gm_text_free(&table);
  if (s) return gm_program_fail(p, s);
  return r.complete ? GM_PROGRAM_DONE : GM_PROGRAM_NO;
}

static const gm_option options[] = {
    {"mapping", "FILE", "how to read tables (docs/cgm.md)", GM_OPTION_READ | GM_OPTION_MANY},
    {"zone", "H", "local time less UTC, hours [0]", 0},
    {"weight", "KG", "body weight [70]", 0},
    {"basal", "U/H", "basal rate where the records tell none [what the prior needs]", 0},
    {"rest-heart-rate", "BPM",
     "heart rate at rest [of the records: a tenth are below it; too few: exercise is not followed]",
     0},
    {"explain", NULL, "what the outlook at the last reading is made of", 0},
    {"no-twin", NULL, "readings alone, without the twin", 0},
    {"out", "FILE", "each step and its forecasts as a table", GM_OPTION_WRITTEN},
    {NULL, NULL, NULL, 0}};

const gm_verb t1d_verb_replay = {
    .name = "replay",
    .use = "FILE... [--OPTION VALUE]",
    .summary = "a person's records as a stream: forecasts, scores, faults",
    .details =
        "Reads what a sensor, a pump and an app export (tables; Nightscout's or FHIR's JSON; "
        "several\n"
        "files of one person) and goes through it as if it came live: the twin learns from each\n"
        "reading, meals and insulin are told to it where the records have them, forecasts of 30 "
        "to\n"
        "360 min are made and scored.\n",
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .argument_more = T1D_FILES_MORE,
    .option = options,
    .run = replay};
