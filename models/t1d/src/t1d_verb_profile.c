/* t1d_verb_profile.c - `gemel t1d profile`: times in ranges, the ambulatory profile, a report. */
#include "t1d_profile_html.h"
#include "t1d_verb_records.h"
#include <math.h>

/* Readings of the sensor, of which t1d_input_read found some, in minutes of local time. */
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
  return GM_OK;
}

static void metrics_show(const t1d_metrics *m, gm_text *out)
{
  gm_text_addf(out, "%d reading%s on %d day%s, %.0f %% of those expected%s%s\n\n",
               (int)m->reading_count, m->reading_count == 1 ? "" : "s", (int)m->day_count,
               m->day_count == 1 ? "" : "s", m->active_pct,
               m->sufficient ? "" : "; NOT ENOUGH for a report: ", m->reason);
  for (int32_t i = 0; i < T1D_METRIC_COUNT; i++) {
    const t1d_figure *f = &m->by_reading[i];
    const char *unit = t1d_metric_unit((t1d_metric)i);
    const char *not_seen = t1d__not_seen((t1d_metric)i, f);
    const int digits = t1d__error_digits(f->se, 2);
    if (isnan(f->value)) {
      gm_text_addf(out, "  %-9s%9s\n", t1d_metric_name((t1d_metric)i), "not known");
      continue;
    }
    gm_text_addf(out, "  %-9s %8.2f %-6s", t1d_metric_name((t1d_metric)i), f->value,
                 unit[0] != '1' ? unit : "");
    if (digits >= 0)
      gm_text_addf(out, " standard error %.*f (between days)", digits, f->se);
    else if (not_seen[0])
      gm_text_addf(out, " %s", not_seen);
    gm_text_add(out, "\n");
  }
}

/* An error of 0 is none: a share that is 0 or 100 % on every day is not certain. */
static double known_error(double se) { return se > 0 ? se : NAN; }

static void metrics_json(const t1d_metrics *m, const t1d_input *in, gm_text *out)
{
  gm_json_writer j;
  gm_json_write_begin(&j, out, 3);
  gm_json_write_object(&j, NULL);
  t1d_input_json(in, &j);
  gm_json_write_int(&j, "readings", m->reading_count);
  gm_json_write_int(&j, "days", m->day_count);
  gm_json_write_number(&j, "active_pct", m->active_pct);
  gm_json_write_number(&j, "longest_gap_min", m->gap_longest_min);
  gm_json_write_bool(&j, "sufficient", m->sufficient);
  gm_json_write_text(&j, "why_not", m->reason);
  gm_json_write_array(&j, "metrics");
  for (int32_t i = 0; i < T1D_METRIC_COUNT; i++) {
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "name", t1d_metric_name((t1d_metric)i));
    gm_json_write_text(&j, "unit", t1d_metric_unit((t1d_metric)i));
    gm_json_write_number(&j, "by_reading", m->by_reading[i].value);
    gm_json_write_number(&j, "by_reading_se", known_error(m->by_reading[i].se));
    gm_json_write_number(&j, "by_time", m->by_time[i].value);
    gm_json_write_number(&j, "by_time_se", known_error(m->by_time[i].se));
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

/* The picture and the page, as they are asked for. */
static gm_status files_write(gm_program *p, const t1d_profile_report *r, const char *svg,
                             const char *html)
{
  gm_text picture, page;
  gm_text_init(&picture, p->ctx);
  gm_text_init(&page, p->ctx);
  if (svg) t1d_profile_svg(r->profile, r->metrics, r->clock, &picture);
  if (html) t1d_profile_html(r, &page);
  gm_status s = svg ? gm_program_write(p->ctx, svg, &picture) : GM_OK;
  if (!s && html) s = gm_program_write(p->ctx, html, &page);
  gm_text_free(&picture);
  gm_text_free(&page);
  return s;
}

/* Metrics and profile of the same days. */
static gm_status profile_make(gm_program *p, const t1d_readings *r, const t1d_input *in,
                              int32_t days, t1d_metrics *m)
{
  const char *svg = gm_program_value(p, "svg"), *html = gm_program_value(p, "html");
  const double end = r->t_min[r->count - 1] + 1e-6;
  const t1d_metrics_options mo = {.from_min = fmax(end - 1440.0 * days, r->t_min[0]),
                                  .to_min = end,
                                  .same_time = T1D_SAME_TIME_FIRST};
  const t1d_profile_options po = {.day_count = days, .same_time = T1D_SAME_TIME_FIRST};
  t1d_profile *made = NULL;
  gm_text account, doubts;
  gm_status s = t1d_metrics_of(p->ctx, r, &mo, m);
  if (!s && (svg || html)) s = t1d_profile_new(p->ctx, r, &po, &made);
  gm_text_init(&account, p->ctx);
  gm_text_init(&doubts, p->ctx);
  if (made) {
    t1d_input_show(in, &account);
    t1d_input_doubts(in, &doubts);
    const t1d_profile_report report = {.profile = made,
                                       .metrics = m,
                                       .readings = r,
                                       .account = account.data ? account.data : "",
                                       .doubts = doubts.data,
                                       .clock = in->clock};
    s = files_write(p, &report, svg, html);
  }
  t1d_profile_free(made);
  gm_text_free(&account);
  gm_text_free(&doubts);
  return s;
}

static int profile(gm_program *p)
{
  double zone_h, *t = NULL, *g = NULL;
  int64_t days;
  int code = gm_program_number(p, "zone", -14, 14, 0, &zone_h);
  if (!code) code = gm_program_whole(p, "days", 1, 3650, 14, &days);
  if (code) return code;
  t1d_input in = {0};
  t1d_readings r = {0};
  t1d_metrics m;
  gm_status s = t1d_input_read(p, zone_h, &in);
  if (!s) s = readings_of(p->ctx, &in.records, zone_h, &t, &g, &r);
  if (!s) s = profile_make(p, &r, &in, (int32_t)days, &m);
  if (!s && p->json) {
    metrics_json(&m, &in, &p->out);
  } else if (!s) {
    t1d_input_show(&in, &p->out);
    metrics_show(&m, &p->out);
  }
  gm_free(t);
  gm_free(g);
  t1d_input_free(&in);
  return s ? gm_program_fail(p, s) : GM_PROGRAM_DONE;
}

static const gm_option options[] = {
    {"mapping", "FILE", "how to read tables (docs/cgm.md)", GM_OPTION_READ | GM_OPTION_MANY},
    {"zone", "H", "local time less UTC, hours [0]", 0},
    {"days", "N", "the last so many days [14]", 0},
    {"svg", "FILE", "the profile as a picture", GM_OPTION_WRITTEN},
    {"html", "FILE", "a report: data, metrics and their targets, profile, days", GM_OPTION_WRITTEN},
    {NULL, NULL, NULL, 0}};

const gm_verb t1d_verb_profile = {
    .name = "profile",
    .use = "FILE... [--OPTION VALUE]",
    .summary = "time in ranges and the ambulatory glucose profile",
    .details =
        "Consensus metrics (Battelino 2019) of the last days of a sensor's export, with their "
        "standard\nerrors between days, and the ambulatory glucose profile as a picture or in a "
        "report.\n",
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .argument_more = T1D_FILES_MORE,
    .option = options,
    .run = profile};
