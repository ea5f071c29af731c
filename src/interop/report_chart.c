/* report_chart.c - one fan chart for each observable: what was, will be, should be. */
#include "interop/report_internal.h"
#include "interop/svg.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum {
  CHART_W = 640,
  CHART_H = 316,
  PLOT_LEFT = 58,
  PLOT_RIGHT = 628,
  PLOT_TOP = 26,
  PLOT_BOTTOM = 248,
  LANE_TOP = 255, /* of the doses */
  LANE_BOTTOM = 268,
  DOSE_MARKS_MAX = 1000,
  TABLE_ROWS = 24
};

/* Numbers of quantile levels: see gm_quantile_level. */
enum { Q05 = 1, Q25 = 2, Q50 = 3, Q75 = 4, Q95 = 5 };

typedef struct {
  report *r;
  int32_t k; /* observable */
  const gm_observable *o;
  const gm_datum *datum;
  int32_t datum_count;
  svg_axis x, y;
} chart;

static svg_curve curve(const chart *c, const gm_forecast *f, const double *table, int32_t q)
{
  return (svg_curve){.n = f->time_count,
                     .x = f->time,
                     .x_stride = 1,
                     .x_scale = c->r->time_scale,
                     .y = table + (ptrdiff_t)c->k * f->time_count * GM_QUANTILE_COUNT + q,
                     .y_stride = GM_QUANTILE_COUNT};
}

/* ---- axes ---------------------------------------------------------------------------------- */
/* What an axis must hold; positive: of a log axis, which knows no zero. */
typedef struct {
  double lo, hi;
  bool positive;
} extent;

static void widen(double v, extent *e)
{
  if (!isfinite(v) || (e->positive && v <= 0)) return;
  e->lo = fmin(e->lo, v);
  e->hi = fmax(e->hi, v);
}

static void widen_by(const gm_forecast *f, int32_t k, const double *table, int32_t q0, int32_t q1,
                     extent *e)
{
  const double *q = table + (ptrdiff_t)k * f->time_count * GM_QUANTILE_COUNT;
  for (int32_t i = 0; i < f->time_count; i++) {
    widen(q[i * GM_QUANTILE_COUNT + q0], e);
    widen(q[i * GM_QUANTILE_COUNT + q1], e);
  }
}

/* Targets that live on the observable's own axis: all but areas. */
static bool target_on_axis(const gm_def_target *g, int32_t k)
{
  return g->index == k && g->kind != GM_TARGET_AUC24;
}

/* More decades than this below the top are nobody's question. */
#define LOG_AXIS_LEAST 1e-5

static void axis_y(chart *c)
{
  const report *r = c->r;
  const gm_forecast *f = r->in->forecast, *p = r->in->population;
  extent e = {INFINITY, -INFINITY, c->o->log_scale};
  widen_by(f, c->k, f->quantile, Q05, Q95, &e);
  widen_by(f, c->k, f->with_noise, Q05, Q95, &e);
  if (r->in->proposed) widen_by(r->in->proposed, c->k, r->in->proposed->quantile, Q05, Q95, &e);
  for (int32_t j = 0; j < c->datum_count; j++)
    if (c->datum[j].observable == c->k) widen(c->datum[j].value, &e);
  for (int32_t g = 0; g < r->d->target_count; g++) {
    if (!target_on_axis(&r->d->target[g], c->k)) continue;
    widen(r->d->target[g].low, &e);
    widen(r->d->target[g].high, &e);
  }
  extent wide = e;
  if (p) widen_by(p, c->k, p->quantile, Q05, Q95, &wide);
  /* the population may be far wider than the subject: it must not press the twin flat */
  if (!e.positive) {
    wide.lo = fmax(wide.lo, e.lo - 0.5 * (e.hi - e.lo));
    wide.hi = fmin(wide.hi, e.hi + 0.5 * (e.hi - e.lo));
  } else
    wide.lo = fmax(wide.lo, LOG_AXIS_LEAST * wide.hi);
  c->y = gm__svg_axis_around(wide.lo, wide.hi, PLOT_BOTTOM, PLOT_TOP, e.positive);
}

static void axis_x(chart *c)
{
  const report *r = c->r;
  extent e = {r->in->forecast->time[0], r->in->forecast->time[r->in->forecast->time_count - 1],
              false};
  for (int32_t j = 0; j < c->datum_count; j++) widen(c->datum[j].t, &e);
  if (!(e.hi > e.lo)) e.hi = e.lo + 1;
  c->x = (svg_axis){e.lo * r->time_scale, e.hi * r->time_scale, PLOT_LEFT, PLOT_RIGHT, false};
}

static void draw_axes(const chart *c)
{
  report *r = c->r;
  double tick[GM__SVG_TICKS_MAX];
  char n[GM__NUMBER_BYTES], title[2 * GM__INTERVAL_BYTES], unit[GM__INTERVAL_BYTES];
  int32_t count = gm__svg_ticks(&c->y, 5, false, tick);
  for (int32_t i = 0; i < count; i++) {
    double y = gm__svg_at(&c->y, tick[i]);
    gm__svg_rule(r->out, "grid", PLOT_LEFT, y, PLOT_RIGHT, y);
    gm__svg_label(r->out, "tick", PLOT_LEFT - 6, y + 4.5, "end", gm__number_given(tick[i], n));
  }
  count = gm__svg_ticks(&c->x, 8, r->time_in_hours, tick);
  for (int32_t i = 0; i < count; i++) {
    double x = gm__svg_at(&c->x, tick[i]);
    gm__svg_rule(r->out, "axis", x, PLOT_BOTTOM, x, PLOT_BOTTOM + 4);
    gm__svg_label(r->out, "tick", x, 285, "middle", gm__number_given(tick[i], n));
  }
  gm__svg_rule(r->out, "axis", PLOT_LEFT, PLOT_BOTTOM, PLOT_RIGHT, PLOT_BOTTOM);
  gm__svg_rule(r->out, "axis", PLOT_LEFT, PLOT_TOP, PLOT_LEFT, PLOT_BOTTOM);
  gm__unit_after(c->o->unit, unit);
  snprintf(title, sizeof title, "%.100s%s%.60s%s", c->o->name, unit[0] ? " [" : "",
           unit[0] ? unit + 1 : "", unit[0] ? "]" : "");
  gm__svg_label(r->out, "label", 6, 15, "start", title);
  snprintf(title, sizeof title, "time [%.60s]", r->time_unit);
  gm__svg_label(r->out, "label", 0.5 * (PLOT_LEFT + PLOT_RIGHT), 307, "middle", title);
}

/* ---- what lies in the plot ----------------------------------------------------------------- */
static void draw_targets(const chart *c)
{
  report *r = c->r;
  for (int32_t g = 0; g < r->d->target_count; g++) {
    const gm_def_target *t = &r->d->target[g];
    if (!target_on_axis(t, c->k)) continue;
    double top = isfinite(t->high) ? gm__svg_at(&c->y, t->high) : PLOT_TOP;
    double bottom = isfinite(t->low) ? gm__svg_at(&c->y, t->low) : PLOT_BOTTOM;
    gm_text_addf(r->out,
                 "<rect class=\"target\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n",
                 PLOT_LEFT, top, PLOT_RIGHT - PLOT_LEFT, fmax(0, bottom - top));
    if (isfinite(t->high)) gm__svg_rule(r->out, "target-edge", PLOT_LEFT, top, PLOT_RIGHT, top);
    if (isfinite(t->low))
      gm__svg_rule(r->out, "target-edge", PLOT_LEFT, bottom, PLOT_RIGHT, bottom);
  }
}

/* Which target is which; there may be several, one for each kind. Written over the lines. */
static void name_targets(const chart *c)
{
  for (int32_t g = 0; g < c->r->d->target_count; g++) {
    const gm_def_target *t = &c->r->d->target[g];
    if (!target_on_axis(t, c->k) || t->kind == GM_TARGET_RANGE) continue;
    double top = isfinite(t->high) ? gm__svg_at(&c->y, t->high) : gm__svg_at(&c->y, t->low);
    gm__svg_label(c->r->out, "target-name", PLOT_RIGHT - 3,
                  top < PLOT_TOP + 14 ? top + 13 : top - 3, "end", gm__target_short(t->kind));
  }
}

static void draw_band(const chart *c, const gm_forecast *f, const char *class_name, int32_t q0,
                      int32_t q1)
{
  svg_curve low = curve(c, f, f->quantile, q0), high = curve(c, f, f->quantile, q1);
  gm__svg_band(c->r->out, class_name, &c->x, &c->y, &low, &high);
}

static void draw_line(const chart *c, const gm_forecast *f, const double *table, int32_t q,
                      const char *class_name)
{
  svg_curve line = curve(c, f, table, q);
  gm__svg_line(c->r->out, class_name, &c->x, &c->y, &line);
}

static void draw_forecasts(const chart *c)
{
  const gm_report_input *in = c->r->in;
  if (in->population) draw_band(c, in->population, "population", Q05, Q95);
  draw_targets(c);
  draw_band(c, in->forecast, "twin90", Q05, Q95);
  draw_band(c, in->forecast, "twin50", Q25, Q75);
  draw_line(c, in->forecast, in->forecast->with_noise, Q05, "measured");
  draw_line(c, in->forecast, in->forecast->with_noise, Q95, "measured");
  if (in->proposed) {
    draw_line(c, in->proposed, in->proposed->quantile, Q05, "proposed-edge");
    draw_line(c, in->proposed, in->proposed->quantile, Q95, "proposed-edge");
    draw_line(c, in->proposed, in->proposed->quantile, Q50, "proposed");
  }
  draw_line(c, in->forecast, in->forecast->quantile, Q50, "median");
  name_targets(c);
}

static void draw_datum(const chart *c, const gm_datum *d)
{
  double x = gm__svg_at(&c->x, d->t * c->r->time_scale), y = gm__svg_at(&c->y, d->value);
  const char *kind = d->t <= c->r->t->t_now ? "learned" : "later";
  if (!isfinite(x) || !isfinite(y)) return;
  if (d->censored == 0)
    gm_text_addf(c->r->out, "<circle class=\"%s\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n", kind, x, y);
  else { /* a triangle that points to where the value lies */
    double tip = d->censored > 0 ? 8 : -8;
    gm_text_addf(c->r->out, "<path class=\"%s\" d=\"M%.1f %.1fL%.1f %.1fL%.1f %.1fZ\"/>\n", kind,
                 x - 5, y, x + 5, y, x, y + tip);
  }
}

static void draw_now(const chart *c)
{
  char when[GM__NUMBER_BYTES * 2], text[GM__NUMBER_BYTES * 3];
  double now = c->r->t->t_now * c->r->time_scale;
  if (!(now >= c->x.lo && now <= c->x.hi)) return;
  double x = gm__svg_at(&c->x, now);
  bool left = x > PLOT_RIGHT - 110;
  gm__svg_rule(c->r->out, "now", x, PLOT_TOP - 4, x, LANE_BOTTOM);
  snprintf(text, sizeof text, "now, %s", gm__time_text(c->r, c->r->t->t_now, when));
  gm__svg_label(c->r->out, "now-text", left ? x - 4 : x + 4, PLOT_TOP - 8, left ? "end" : "start",
                text);
}

/* ---- doses below the plot ------------------------------------------------------------------ */
/* Ticks of one list of events within (after, until]. Returns how many more marks may be drawn. */
static int32_t draw_doses(const chart *c, const gm_event *e, int32_t count, double after,
                          double until, const char *class_name, int32_t room)
{
  for (int32_t i = 0; i < count; i++) {
    if (e[i].kind != GM_EVENT_DOSE && e[i].kind != GM_EVENT_RESET_DOSE) continue;
    for (int32_t n = 0; n <= e[i].additional && room > 0; n++) {
      double t = e[i].t + n * e[i].interval, x = t * c->r->time_scale;
      if (t > until || x > c->x.hi) break;
      if (t < after || x < c->x.lo) continue;
      x = gm__svg_at(&c->x, x);
      gm__svg_rule(c->r->out, class_name, x, LANE_TOP, x, LANE_BOTTOM);
      room--;
    }
  }
  return room;
}

static void draw_lane(const chart *c)
{
  const report *r = c->r;
  int32_t count = 0;
  const gm_event *e = gm_subject_events(r->s, &count);
  gm__svg_label(r->out, "lane", PLOT_LEFT - 6, LANE_BOTTOM - 2, "end", "doses");
  double until = r->in->as_recorded ? (double)INFINITY : r->t->t_now;
  int32_t room = draw_doses(c, e, count, -INFINITY, until, "dose", DOSE_MARKS_MAX);
  if (!r->c || r->in->as_recorded) return;
  const gm_plan *p = &r->c->plan[r->c->as_it_is];
  draw_doses(c, p->event, p->event_count, r->t->t_now, INFINITY, "dose-later", room);
}

/* ---- words around it ----------------------------------------------------------------------- */
static void describe(const chart *c)
{
  report *r = c->r;
  const gm_forecast *f = r->in->forecast;
  char when[GM__NUMBER_BYTES * 2], value[GM__INTERVAL_BYTES], unit[GM__INTERVAL_BYTES];
  int32_t i = f->time_count - 1;
  gm_text_addf(r->out, "<title id=\"chart-%d-title\">", (int)c->k);
  gm__putf(r, "%s of subject %s: data and forecast", gm__observable_title(c->o),
           gm_subject_id(r->s));
  gm_text_addf(r->out, "</title>\n<desc id=\"chart-%d-desc\">", (int)c->k);
  gm__interval(gm__forecast_quantile(f, c->k, i, Q50), gm__forecast_quantile(f, c->k, i, Q05),
               gm__forecast_quantile(f, c->k, i, Q95), value);
  gm__putf(r,
           "A fan of the twin's forecast over time. At %s its median with the central 90 %% is "
           "%s%s. The numbers are in the table below the chart.",
           gm__grid_time_text(r, f->time[i], when), value, gm__unit_after(c->o->unit, unit));
  gm__put(r, "</desc>\n");
}

static void legend_item(report *r, const char *shape, const char *words)
{
  gm__put(r, "<span class=\"key\"><svg width=\"26\" height=\"14\" aria-hidden=\"true\">");
  gm__put(r, shape);
  gm__put(r, "</svg> ");
  gm__put(r, words);
  gm__put(r, "</span>\n");
}

static bool has_datum(const chart *c, bool later)
{
  for (int32_t j = 0; j < c->datum_count; j++)
    if (c->datum[j].observable == c->k && (c->datum[j].t > c->r->t->t_now) == later) return true;
  return false;
}

static bool has_target(const chart *c)
{
  for (int32_t g = 0; g < c->r->d->target_count; g++)
    if (target_on_axis(&c->r->d->target[g], c->k)) return true;
  return false;
}

#define SWATCH(class_name)                                                                         \
  "<rect class=\"" class_name "\" x=\"1\" y=\"1\" width=\"24\" height=\"12\"/>"
#define STROKE(class_name) "<line class=\"" class_name "\" x1=\"1\" y1=\"7\" x2=\"25\" y2=\"7\"/>"
#define UPRIGHT(class_name)                                                                        \
  "<line class=\"" class_name "\" x1=\"13\" y1=\"1\" x2=\"13\" y2=\"13\"/>"
#define DOT(class_name) "<circle class=\"" class_name "\" cx=\"13\" cy=\"7\" r=\"4\"/>"

static void legend(const chart *c)
{
  report *r = c->r;
  gm__put(r, "<figcaption>");
  legend_item(r, STROKE("median"), "the twin's median");
  legend_item(r, SWATCH("twin50"), "central 50 %");
  legend_item(r, SWATCH("twin90"), "central 90 %");
  legend_item(r, STROKE("measured"), "90 % of measurements");
  if (r->in->population) legend_item(r, SWATCH("population"), "90 % of the population");
  if (r->in->proposed) {
    legend_item(r, STROKE("proposed"), "median under the first proposal");
    legend_item(r, STROKE("proposed-edge"), "its central 90 %");
  }
  if (has_datum(c, false)) legend_item(r, DOT("learned"), "data learned from");
  if (has_datum(c, true)) legend_item(r, DOT("later"), "later data, not learned from");
  if (has_target(c)) legend_item(r, SWATCH("target") STROKE("target-edge"), "target");
  legend_item(r, UPRIGHT("dose"), "dose given");
  if (r->c && !r->in->as_recorded && r->c->plan[r->c->as_it_is].event_count > 0)
    legend_item(r, UPRIGHT("dose-later"), "dose to come as it is");
  gm__put(r, "</figcaption>\n");
}

static void chart_row(const chart *c, int32_t i)
{
  report *r = c->r;
  const gm_forecast *f = r->in->forecast, *p = r->in->population;
  char when[GM__NUMBER_BYTES * 2], text[GM__INTERVAL_BYTES];
  const double *q = f->quantile + ((ptrdiff_t)c->k * f->time_count + i) * GM_QUANTILE_COUNT;
  const double *w = f->with_noise + ((ptrdiff_t)c->k * f->time_count + i) * GM_QUANTILE_COUNT;
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", gm__grid_time_text(r, f->time[i], when));
  gm__cell(r, "%s", gm__interval(q[Q50], q[Q05], q[Q95], text));
  gm__interval(q[Q50], q[Q25], q[Q75], text);
  gm__cell(r, "%.*s", (int)strlen(strchr(text, '(')) - 2, strchr(text, '(') + 1);
  gm__interval(w[Q50], w[Q05], w[Q95], text);
  gm__cell(r, "%.*s", (int)strlen(strchr(text, '(')) - 2, strchr(text, '(') + 1);
  if (p && p->time_count > 0) {
    int32_t j = gm__forecast_near(p, f->time[i]);
    gm__cell(r, "%s",
             gm__interval(gm__forecast_quantile(p, c->k, j, Q50),
                          gm__forecast_quantile(p, c->k, j, Q05),
                          gm__forecast_quantile(p, c->k, j, Q95), text));
  }
  gm__row_close(r);
}

static void chart_table(const chart *c)
{
  report *r = c->r;
  const gm_forecast *f = r->in->forecast;
  char unit[GM__INTERVAL_BYTES], caption[3 * GM__INTERVAL_BYTES];
  snprintf(caption, sizeof caption, "Forecast of %.150s%s%s", c->o->name,
           gm__unit_after(c->o->unit, unit)[0] ? ", in" : "", unit);
  const char *heads[] = {"Time",
                         "Twin: median (90\xC2\xA0%)",
                         "Twin: 50 %",
                         "Measurement: 90 %",
                         r->in->population ? "Population: median (90\xC2\xA0%)" : NULL,
                         NULL};
  gm__put(r, "<details><summary>The numbers behind this chart</summary>\n");
  gm__table_open(r, caption, heads);
  int32_t rows = f->time_count < TABLE_ROWS ? f->time_count : TABLE_ROWS;
  for (int32_t i = 0; i < rows; i++)
    chart_row(c, rows > 1 ? (int32_t)((int64_t)i * (f->time_count - 1) / (rows - 1)) : 0);
  gm__table_close(r);
  gm__put(r, "</details>\n");
}

static void draw(const chart *c)
{
  report *r = c->r;
  gm__put(r,
          "<figure>\n<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"chart\">");
  gm_text_addf(r->out,
               "<svg class=\"chart\" viewBox=\"0 0 %d %d\" role=\"img\" "
               "aria-labelledby=\"chart-%d-title chart-%d-desc\">\n",
               CHART_W, CHART_H, (int)c->k, (int)c->k);
  describe(c);
  draw_axes(c);
  draw_forecasts(c);
  draw_lane(c);
  draw_now(c);
  for (int32_t j = 0; j < c->datum_count; j++)
    if (c->datum[j].observable == c->k) draw_datum(c, &c->datum[j]);
  gm__put(r, "</svg></div>\n");
  legend(c);
  gm__put(r, "</figure>\n");
  chart_table(c);
}

void gm__report_charts(report *r)
{
  const gm_forecast *f = r->in->forecast;
  gm__put(r, "<section id=\"forecast\"><h2>Forecast</h2>\n");
  if (!r->t || !f || f->time_count < 1) {
    gm__put_paragraph(r, "Left out: no forecast was given to this report.");
    gm__put(r, "</section>\n");
    return;
  }
  gm__put_paragraph(r, r->in->as_recorded
                           ? "Under the doses that were given, also after now: the records go on. "
                             "The plans below begin now, without these."
                           : "Treatment going on as it is.");
  gm__put_paragraph(r, "Bands hold the observable itself; the dotted lines hold what a measurement "
                       "of it would show.");
  for (int32_t k = 0; k < f->observable_count; k++) {
    chart c = {.r = r, .k = k, .o = &r->d->observable[k]};
    c.datum = gm_subject_data(r->s, &c.datum_count);
    axis_x(&c);
    axis_y(&c);
    gm__put(r, "<h3>");
    gm__html_text(r->out, gm__observable_title(c.o));
    gm__put(r, "</h3>\n");
    draw(&c);
  }
  if (!r->in->population) gm__put_paragraph(r, "Left out: the population's forecast.");
  gm__put(r, "</section>\n");
}
