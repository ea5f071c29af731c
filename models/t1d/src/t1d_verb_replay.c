/* t1d_verb_replay.c - `gemel t1d replay`, `gemel t1d profile`: a person's records. */
#include "t1d_cli.h"
#include "t1d_profile.h"
#include "t1d_replay.h"
#include "gemel/nightscout.h"
#include <math.h>
#include <string.h>

/* ---- reading --------------------------------------------------------------------------------- */
static bool ends(const char *path, const char *end)
{
  size_t n = strlen(path), m = strlen(end);
  return n >= m && !strcmp(path + n - m, end);
}

static gm_status read_nightscout(t1d_cli *c, t1d_records *out)
{
  t1d_record_builder *b = NULL;
  gm_nightscout_totals totals;
  gm_status s = t1d_record_builder_new(c->ctx, NULL, &b);
  const gm_nightscout_options o = {.definition = t1d_record_definition(),
                                   .subject = "person",
                                   .insulin_unit = T1D_INSULIN_UNIT,
                                   .fact = t1d_record_take,
                                   .user = b};
  if (!s) s = gm_nightscout_read(c->ctx, c->argument, c->argument_count, &o, &totals);
  if (!s) s = t1d_record_finish(b, out);
  t1d_record_builder_free(b);
  return s;
}

static gm_status read_records(t1d_cli *c, double zone_h, t1d_records *out)
{
  if (ends(c->argument[0], ".json")) return read_nightscout(c, out);
  if (c->argument_count > 1)
    return gm_fail(c->ctx, GM_EINVAL, "%s: of tables one file is read at a time", c->argument[1]);
  int64_t rows, refused;
  const t1d_csv_options o = {.mapping = t1d_cli_given(c, "mapping"),
                             .zone_min = (int32_t)lround(60 * zone_h)};
  return t1d_record_read_csv(c->ctx, c->argument[0], &o, out, &rows, &refused);
}

/* ---- replay ---------------------------------------------------------------------------------- */
static void table_head(gm_text *out)
{
  gm_text_add(out, "t_s,cgm_mgdl,weight,glucose_mgdl,glucose_sd_mgdl,hidden_meal_g,lost");
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

static void table_row(void *user, const t1d_replay_moment *m)
{
  enum { LEVEL90 = 2 };
  gm_text *out = user;
  gm_text_addf(out, "%.0f", m->t_s);
  cell(out, m->cgm_mgdl);
  cell(out, m->news.weight);
  cell(out, m->news.glucose_mgdl);
  cell(out, m->news.glucose_sd_mgdl);
  cell(out, m->news.hidden_meal_g);
  gm_text_addf(out, ",%d", m->news.lost);
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    cell(out, m->law ? m->law[h].median : NAN);
    cell(out, m->law ? m->law[h].low[LEVEL90] : NAN);
    cell(out, m->law ? m->law[h].high[LEVEL90] : NAN);
  }
  gm_text_add(out, "\n");
}

static void scores_show(const t1d_replay *r, bool twin, gm_text *out)
{
  gm_text_addf(out,
               "\nForecasts against the readings that came, mg/dL\n"
               "  ahead      RMSE  last hour %s  within 90 %%   WIS     forecasts\n",
               twin ? "    twin" : "");
  for (int32_t h = 0; h < T1D_FORECAST_HORIZONS; h++) {
    const gm_online_score *s = &r->score[h];
    gm_text_addf(out, "  %3.0f min %8.1f %9.1f", t1d_forecast_min[h], s->rmse, s->expert_rmse[0]);
    if (twin) gm_text_addf(out, " %8.1f", s->expert_rmse[2]);
    gm_text_addf(out, " %9.1f %% %8.1f %12lld\n", 100 * s->covered[2], s->wis, (long long)s->count);
  }
  gm_text_addf(out, "RMSE: %s; last hour: an autoregression alone, learned on the way%s.\n",
               twin ? "twin and readings together" : "all that the readings tell",
               twin ? "; twin: alone" : "");
}

/* What the twin made of the records. */
static void twin_show(const t1d_replay *r, gm_text *out)
{
  gm_text_addf(out, "%lld told meals, %lld boluses; %lld meals found that nobody told\n",
               (long long)r->meals_told, (long long)r->boluses, (long long)r->meals_found);
  gm_text_addf(out, "%lld readings held out of the twin; it was lost for %.1f h\n",
               (long long)r->held_out, (double)r->lost / 12);
  for (int32_t i = 0; i < GM_QUALITY_REASONS; i++)
    if (r->fault[i])
      gm_text_addf(out, "  %-11s %6lld readings\n", gm_quality_reason_name((gm_quality_reason)i),
                   (long long)r->fault[i]);
}

static void replay_show(const t1d_replay *r, bool twin, gm_text *out)
{
  gm_text_addf(out, "%.1f days, %lld readings\n", r->days, (long long)r->readings);
  if (twin) twin_show(r, out);
  scores_show(r, twin, out);
  if (!r->complete) gm_text_add(out, "STOPPED: these are the readings so far.\n");
}

static bool replay_options(const t1d_cli *c, t1d_replay_options *o)
{
  int64_t seed;
  *o = (t1d_replay_options){.no_twin = t1d_cli_given(c, "no-twin") != NULL};
  if (!t1d_cli_number(c, "zone", -14, 14, 0, &o->zone_h) ||
      !t1d_cli_number(c, "weight", 5, 300, 70, &o->bw_kg) ||
      !t1d_cli_number(c, "basal", 0, 20, 0, &o->basal_u_per_h) ||
      !t1d_cli_whole(c, "seed", 0, INT32_MAX, 0, &seed))
    return false;
  o->seed = (uint64_t)seed;
  return true;
}

static int replay(t1d_cli *c)
{
  t1d_replay_options o;
  const char *path = t1d_cli_given(c, "out");
  if (!replay_options(c, &o) || !t1d_cli_may_write(c, path)) return T1D_CLI_BAD;
  t1d_records records = {0};
  t1d_replay r;
  gm_text table;
  gm_text_init(&table, c->ctx);
  table_head(&table);
  gm_status s = read_records(c, o.zone_h, &records);
  if (!s) s = t1d_replay_run(c->ctx, &records, &o, path ? table_row : NULL, &table, &c->watch, &r);
  if (!s && path && table.status) s = gm_fail(c->ctx, table.status, "%s", path);
  if (!s && path) s = gm_file_write(c->ctx, path, table.data, table.bytes);
  if (!s) replay_show(&r, !o.no_twin, &c->out);
  t1d_records_free(&records);
  gm_text_free(&table);
  if (s) return t1d_cli_fail(c, s);
  return r.complete ? T1D_CLI_DONE : T1D_CLI_NO;
}

const t1d_verb t1d_verb_replay = {
    .name = "replay",
    .use = "FILE... [--OPTION VALUE]",
    .summary = "a person's records as a stream: forecasts, scores, faults",
    .details =
        "Reads a sensor's export (a table, or Nightscout's JSON files) and goes through it as if "
        "it "
        "came live: the twin\nlearns from each reading, meals and insulin are told to it where "
        "the records have them, forecasts of 30 to\n360 min are made and scored.\n",
    .least = 1,
    .most = T1D_CLI_ARGUMENTS,
    .option = {{"mapping", "FILE", "how to read the table (docs/mapping.md)"},
               {"zone", "H", "local time less UTC, hours [0]"},
               {"weight", "KG", "body weight [70]"},
               {"basal", "U/H", "basal rate where the records tell none [what the prior needs]"},
               {"no-twin", NULL, "readings alone, without the twin"},
               {"out", "FILE", "each step and its forecasts as a table"},
               {"seed", "N", "of all draws [0]"}},
    .run = replay};

/* ---- profile --------------------------------------------------------------------------------- */
/* Readings of the sensor in minutes of local time. */
static gm_status readings_of(gm_ctx *ctx, const t1d_records *r, double zone_h, double **t,
                             double **g, t1d_readings *out)
{
  *t = gm_alloc(ctx, r->count + 1, sizeof **t);
  *g = gm_alloc(ctx, r->count + 1, sizeof **g);
  if (!*t || !*g) return gm_fail(ctx, GM_ENOMEM, "readings");
  int32_t n = 0;
  for (int32_t i = 0; i < r->count; i++) {
    if (r->record[i].kind != T1D_RECORD_GLUCOSE) continue;
    (*t)[n] = r->record[i].t_s / 60 + 60 * zone_h;
    (*g)[n++] = r->record[i].value;
  }
  *out = (t1d_readings){*t, *g, n};
  return n ? GM_OK : gm_fail(ctx, GM_EINVAL, "records: no reading of a glucose sensor");
}

static void metrics_show(const t1d_metrics *m, gm_text *out)
{
  gm_text_addf(out, "%d readings on %d days, %.0f %% of those expected%s%s\n\n",
               (int)m->reading_count, (int)m->day_count, m->active_pct,
               m->sufficient ? "" : "; NOT ENOUGH for a report: ", m->reason);
  for (int32_t i = 0; i < T1D_METRIC_COUNT; i++) {
    const t1d_figure *f = &m->by_reading[i];
    const char *unit = t1d_metric_unit((t1d_metric)i);
    gm_text_addf(out, "  %-9s %8.2f %-6s", t1d_metric_name((t1d_metric)i), f->value,
                 strcmp(unit, "1") != 0 ? unit : "");
    if (!isnan(f->se)) gm_text_addf(out, " standard error %.2f (between days)", f->se);
    gm_text_add(out, "\n");
  }
}

static gm_status profile_write(t1d_cli *c, const t1d_readings *r, const t1d_metrics *m,
                               const char *path)
{
  t1d_profile *p = NULL;
  gm_text svg;
  gm_text_init(&svg, c->ctx);
  const t1d_profile_options o = {.same_time = T1D_SAME_TIME_FIRST};
  gm_status s = t1d_profile_new(c->ctx, r, &o, &p);
  if (!s) t1d_profile_svg(p, m, &svg);
  if (!s && svg.status) s = gm_fail(c->ctx, svg.status, "%s", path);
  if (!s) s = gm_file_write(c->ctx, path, svg.data, svg.bytes);
  t1d_profile_free(p);
  gm_text_free(&svg);
  return s;
}

static int profile(t1d_cli *c)
{
  double zone_h, days, *t = NULL, *g = NULL;
  if (!t1d_cli_number(c, "zone", -14, 14, 0, &zone_h) ||
      !t1d_cli_number(c, "days", 1, 3650, 14, &days))
    return T1D_CLI_BAD;
  const char *path = t1d_cli_given(c, "svg");
  if (!t1d_cli_may_write(c, path)) return T1D_CLI_BAD;
  t1d_records records = {0};
  t1d_readings r = {0};
  t1d_metrics m;
  gm_status s = read_records(c, zone_h, &records);
  if (!s) s = readings_of(c->ctx, &records, zone_h, &t, &g, &r);
  if (!s) {
    const double end = r.t_min[r.count - 1] + 1e-6;
    const t1d_metrics_options o = {.from_min = fmax(end - 1440 * days, r.t_min[0]),
                                   .to_min = end,
                                   .same_time = T1D_SAME_TIME_FIRST};
    s = t1d_metrics_of(c->ctx, &r, &o, &m);
  }
  if (!s && path) s = profile_write(c, &r, &m, path);
  if (!s) metrics_show(&m, &c->out);
  gm_free(t);
  gm_free(g);
  t1d_records_free(&records);
  return s ? t1d_cli_fail(c, s) : T1D_CLI_DONE;
}

const t1d_verb t1d_verb_profile = {
    .name = "profile",
    .use = "FILE... [--OPTION VALUE]",
    .summary = "time in ranges and the ambulatory glucose profile",
    .details =
        "Consensus metrics (Battelino 2019) of the last days of a sensor's export, with their "
        "standard errors between\ndays, and the ambulatory glucose profile as a picture.\n",
    .least = 1,
    .most = T1D_CLI_ARGUMENTS,
    .option = {{"mapping", "FILE", "how to read the table (docs/mapping.md)"},
               {"zone", "H", "local time less UTC, hours [0]"},
               {"days", "N", "the last so many days [14]"},
               {"svg", "FILE", "the profile as a picture"}},
    .run = profile};
