/* t1d_profile_html.c - the report page around the profile. */
#include "t1d_profile_html.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { DAYS_SHOWN = 28 };

static const char page_style[] =
    "body{margin:0;background:#fff;color:#1b1b1b;font:15px/1.45 system-ui,\"Segoe UI\",Roboto,"
    "\"DejaVu Sans\",sans-serif}\n"
    "main{max-width:940px;margin:0 auto;padding:24px 16px 40px}\n"
    "h1{font-size:24px;margin:0 0 2px}h2{font-size:18px;margin:28px 0 8px}p{margin:6px 0}\n"
    ".small{color:#555;font-size:13.5px}\n"
    ".short{border-left:5px solid #b07a10;background:#fdf6e3;padding:8px 12px;margin:12px 0}\n"
    "table{border-collapse:collapse;width:100%}\n"
    "th,td{text-align:right;padding:4px 10px;border-bottom:1px solid #ddd;"
    "font-variant-numeric:tabular-nums}\n"
    "th{font-weight:600;border-bottom:2px solid #767676}\n"
    "th:first-child,td:first-child{text-align:left}\n"
    "td.no{font-weight:600;color:#8a2d0c}tr.main td{background:#eef7f4}\n"
    "svg{display:block;max-width:100%;height:auto;margin:4px 0}\n"
    "@media print{main{padding:0}h2{break-after:avoid}svg,table{break-inside:avoid}}\n";

/* Text of files and messages as text of a page. */
static void escaped(gm_text *out, const char *text)
{
  for (; *text; text++) {
    switch (*text) {
    case '<': gm_text_add(out, "&lt;"); break;
    case '>': gm_text_add(out, "&gt;"); break;
    case '&': gm_text_add(out, "&amp;"); break;
    case '"': gm_text_add(out, "&quot;"); break;
    case '\n': gm_text_add(out, "<br/>\n"); break;
    default:
      if ((unsigned char)*text >= 0x20) gm_text_addn(out, text, 1);
    }
  }
}

/* ---- dates ----------------------------------------------------------------------------------- */
static struct tm date_of(double t_min)
{
  struct tm d = {0};
  time_t t = (time_t)floor(60 * t_min);
  if (!gmtime_r(&t, &d)) d = (struct tm){0};
  return d;
}

static void date_long(gm_text *out, double t_min)
{
  const struct tm d = date_of(t_min);
  gm_text_addf(out, "%04d-%02d-%02d %02d:%02d", d.tm_year + 1900, d.tm_mon + 1, d.tm_mday,
               d.tm_hour, d.tm_min);
}

/* ---- data ------------------------------------------------------------------------------------ */
static void duration(gm_text *out, double min)
{
  if (min < 120)
    gm_text_addf(out, "%.0f min", min);
  else if (min < 2880)
    gm_text_addf(out, "%.1f h", min / 60);
  else
    gm_text_addf(out, "%.1f days", min / 1440);
}

static void head(const t1d_profile_report *r, gm_text *out)
{
  const t1d_metrics *m = r->metrics;
  gm_text_addf(out,
               "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"/>\n"
               "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"/>\n"
               "<title>Glucose report</title>\n<style>\n%s</style></head><body><main>\n"
               "<h1>Glucose report</h1>\n<p>",
               page_style);
  date_long(out, fmax(r->profile->from_min, r->readings->t_min[0]));
  gm_text_add(out, " to ");
  date_long(out, r->profile->to_min);
  gm_text_addf(out, ": the last %d days of the records, or all there is of them.%s",
               (int)r->profile->day_count, r->clock ? " Clock: " : "");
  escaped(out, r->clock ? r->clock : "");
  gm_text_add(out, "</p>\n");
  if (!m->sufficient) {
    gm_text_add(out, "<p class=\"short\"><b>Too little data for a report:</b> ");
    escaped(out, m->reason);
    gm_text_add(out, ". What follows may not stand for the weeks around it.</p>\n");
  }
  if (!r->doubts || !r->doubts[0]) return;
  gm_text_add(out, "<p class=\"short\"><b>In doubt:</b> ");
  escaped(out, r->doubts);
  gm_text_add(out, "</p>\n");
}

static void row(gm_text *out, const char *name, const char *asked)
{
  gm_text_addf(out, "</td><td>%s</td></tr>\n%s%s", asked, name ? "<tr><td>" : "", name ? name : "");
  if (name) gm_text_add(out, "</td><td>");
}

static void data(const t1d_profile_report *r, gm_text *out)
{
  const t1d_metrics *m = r->metrics;
  gm_text_addf(out,
               "<h2>Data</h2>\n<table><tr><th></th><th></th><th>asked for</th></tr>\n"
               "<tr><td>Days from the first reading to the last</td><td>%.1f",
               m->span_days);
  row(out, "Sensor active", "14 days");
  gm_text_addf(out, "%.1f %%", m->active_pct);
  row(out, "Readings", "70 %");
  gm_text_addf(out, "%d, one each ", (int)m->reading_count);
  duration(out, m->period_min);
  row(out, "Longest time without one", "");
  duration(out, m->gap_longest_min);
  row(out, NULL, "");
  gm_text_add(out, "</table>\n<p class=\"small\">Read: ");
  escaped(out, r->account);
  gm_text_add(out, "</p>\n");
}

/* ---- metrics --------------------------------------------------------------------------------- */
typedef struct {
  t1d_metric metric;
  const char *name, *unit;
  int digits;
  double limit; /* NaN: the consensus has none */
  bool least;   /* at least; else at most */
} measure;

static const measure measures[] = {{T1D_MEAN, "Mean glucose", "mg/dL", 0, NAN, false},
                                   {T1D_GMI, "Glucose management indicator", "%", 1, NAN, false},
                                   {T1D_CV, "Coefficient of variation", "%", 1, 36, false},
                                   {T1D_TAR250, "Above 250 mg/dL", "%", 1, 5, false},
                                   {T1D_TAR_LEVEL1, "181-250 mg/dL", "%", 1, NAN, false},
                                   {T1D_TAR180, "Above 180 mg/dL, all", "%", 1, 25, false},
                                   {T1D_TIR, "In range, 70-180 mg/dL", "%", 1, 70, true},
                                   {T1D_TBR_LEVEL1, "54-69 mg/dL", "%", 1, NAN, false},
                                   {T1D_TBR70, "Below 70 mg/dL, all", "%", 1, 4, false},
                                   {T1D_TBR54, "Below 54 mg/dL", "%", 1, 1, false},
                                   {T1D_TITR, "In tight range, 70-140 mg/dL", "%", 1, NAN, false},
                                   {T1D_SD, "Standard deviation", "mg/dL", 0, NAN, false},
                                   {T1D_LBGI, "Low blood glucose index", "", 1, NAN, false},
                                   {T1D_HBGI, "High blood glucose index", "", 1, NAN, false},
                                   {T1D_GRI, "Glycemia risk index", "", 0, NAN, false},
                                   {T1D_J, "J index", "", 0, NAN, false}};

static void value_cell(gm_text *out, const measure *k, const t1d_figure *f)
{
  const int both = t1d__error_digits(f->se, k->digits), digits = both < 0 ? k->digits : both;
  const char *not_seen = t1d__not_seen(k->metric, f);
  gm_text_add(out, "<td>");
  if (isnan(f->value))
    gm_text_add(out, "not known");
  else
    gm_text_addf(out, "%.*f", not_seen[0] ? 0 : digits, f->value);
  if (both >= 0) gm_text_addf(out, " \xC2\xB1 %.*f", digits, f->se);
  if (!isnan(f->value) && k->unit[0]) gm_text_addf(out, " %s", k->unit);
  if (not_seen[0]) gm_text_addf(out, ", %s", not_seen);
  gm_text_add(out, "</td>");
}

/* Met or not, and whether days like these may well have said the other (90 %). Too little data
 * meet nothing and miss nothing. */
static void target_cells(gm_text *out, const measure *k, const t1d_figure *f, bool sufficient)
{
  if (isnan(k->limit)) {
    gm_text_add(out, "<td></td><td></td>");
    return;
  }
  gm_text_addf(out, "<td>%s %g %%</td>", k->least ? "at least" : "at most", k->limit);
  if (isnan(f->value) || !sufficient) {
    gm_text_addf(out, "<td>%s</td>", sufficient ? "not known" : "too little data");
    return;
  }
  const bool met = k->least ? f->value >= k->limit : f->value <= k->limit;
  const bool near = f->se > 0 && fabs(f->value - k->limit) < 1.645 * f->se;
  gm_text_addf(out, "<td%s>%s%s</td>", met ? "" : " class=\"no\"", met ? "met" : "not met",
               near ? ", within its error" : "");
}

static void metrics(const t1d_profile_report *r, gm_text *out)
{
  gm_text_add(out, "<h2>Metrics</h2>\n<table><tr><th></th><th>by readings</th><th>by time</th>"
                   "<th>target</th><th></th></tr>\n");
  for (size_t i = 0; i < sizeof measures / sizeof measures[0]; i++) {
    const measure *k = &measures[i];
    gm_text_addf(out, "<tr%s><td>", k->metric == T1D_TIR ? " class=\"main\"" : "");
    escaped(out, k->name);
    gm_text_add(out, "</td>");
    value_cell(out, k, &r->metrics->by_reading[k->metric]);
    value_cell(out, k, &r->metrics->by_time[k->metric]);
    target_cells(out, k, &r->metrics->by_reading[k->metric], r->metrics->sufficient);
    gm_text_add(out, "</tr>\n");
  }
  gm_text_addf(
      out,
      "</table>\n<p class=\"small\">\xC2\xB1 standard error, from the days left out one by "
      "one; a share that is 0 or 100 %% on every day has none, which is no certainty. By readings: "
      "each counts once; by time: straight lines between readings up to "
      "%.0f min apart, longer gaps count for nothing. Targets: Battelino et al. 2019, "
      "adults with type 1 or 2 diabetes; others hold in pregnancy and for older people or "
      "those at high risk.</p>\n",
      r->metrics->bridge_min);
}

/* Local days from the first reading's to the last one's, as far as the profile goes. */
static int32_t days_of(const t1d_profile_report *r)
{
  const double first = fmax(r->readings->t_min[0], r->profile->from_min);
  return (int32_t)(floor(r->profile->to_min / 1440) - floor(first / 1440)) + 1;
}

void t1d_profile_html(const t1d_profile_report *r, gm_text *out)
{
  assert(r && r->profile && r->metrics && r->readings && out);
  const int32_t all = days_of(r), most = r->profile->day_count;
  const int32_t shown = most < DAYS_SHOWN ? most : DAYS_SHOWN, days = all < shown ? all : shown;
  head(r, out);
  data(r, out);
  metrics(r, out);
  gm_text_add(out, "<h2>By time of day</h2>\n");
  t1d_profile_svg(r->profile, r->metrics, r->clock, out);
  gm_text_add(out, "<h2>Days</h2>\n");
  if (all > days)
    gm_text_addf(out,
                 "<p class=\"small\">The last %d of the %d calendar days that the metrics "
                 "use, in whole or in part.</p>\n",
                 (int)days, (int)all);
  t1d_profile_days_svg(r->readings, r->profile->to_min, days, r->metrics->bridge_min, out);
  gm_text_addf(out,
               "<p class=\"small\">Made by Gemel %s, which is no medical device; what is done, a "
               "clinician and the person decide.</p>\n</main></body></html>\n",
               gm_version());
}
