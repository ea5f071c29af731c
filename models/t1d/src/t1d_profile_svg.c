/* t1d_profile_svg.c - the profile as a picture.
 * Colours after Okabe & Ito (2008); nothing is told by colour alone: bands differ in place, lines
 * in their dashes, ranges carry their names and numbers. One style for light paper, plain enough
 * for every SVG reader. */
#include "t1d_profile.h"
#include "t1d_unit.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>

enum {
  PICTURE_W = 920,
  PICTURE_H = 520,
  PLOT_LEFT = 62,
  PLOT_RIGHT = 640,
  PLOT_TOP = 96,
  PLOT_BOTTOM = 410,
  STRIP_TOP = 418, /* days behind each bin */
  STRIP_BOTTOM = 440,
  BAR_LEFT = 712,
  BAR_RIGHT = 740
};
enum { Q05, Q25, Q50, Q75, Q95 };

#define AXIS_MGDL 350.0

static const char style[] =
    ".agp text{fill:#1b1b1b;font:13px system-ui,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
    ".agp .tick{fill:#555;font-size:12.5px}\n"
    ".agp .head{font-size:17px;font-weight:600}\n"
    ".agp .label{font-weight:600}\n"
    ".agp .warn{fill:#503300;font-weight:600}\n"
    ".agp line,.agp path{fill:none;stroke-linejoin:round}\n"
    ".agp .page{fill:#fff}\n"
    ".agp .axis{stroke:#767676}.agp .grid{stroke:#d4d4d4}\n"
    ".agp .target{fill:#00795a;fill-opacity:.13}\n"
    ".agp .target-edge{stroke:#00795a;stroke-width:1.4;stroke-dasharray:10 3 2 3}\n"
    ".agp .limit{stroke:#a84300;stroke-width:1;stroke-dasharray:3 3}\n"
    ".agp .band90{fill:#0072b2;fill-opacity:.2;stroke:none}\n"
    ".agp .band50{fill:#0072b2;fill-opacity:.32;stroke:none}\n"
    ".agp .sure{stroke:#0072b2;stroke-width:1;stroke-dasharray:1.5 3}\n"
    ".agp .median{stroke:#0b3c5d;stroke-width:2.6}\n"
    ".agp .days{fill:#7d7d7d;stroke:none}\n"
    ".agp .r0{fill:#8a2d0c}.agp .r1{fill:#d5713f}.agp .r2{fill:#00795a}.agp .r3{fill:#e0b040}"
    ".agp .r4{fill:#b07a10}\n";

typedef struct {
  const t1d_profile *p;
  gm_text *out;
  double top_mgdl;
} picture;

static double at_x(double hour) { return PLOT_LEFT + (PLOT_RIGHT - PLOT_LEFT) * hour / 24; }

static double at_y(const picture *v, double mgdl)
{
  return PLOT_BOTTOM - (PLOT_BOTTOM - PLOT_TOP) * fmin(mgdl, v->top_mgdl) / v->top_mgdl;
}

static double bin_x(const picture *v, int32_t b) { return at_x((b + 0.5) * v->p->bin_min / 60.0); }

static void rule(const picture *v, const char *class_name, double x1, double y1, double x2,
                 double y2)
{
  gm_text_addf(v->out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
               class_name, x1, y1, x2, y2);
}

/* text: letters, digits and no markup. */
static void label(const picture *v, const char *class_name, double x, double y, const char *anchor,
                  const char *text)
{
  gm_text_addf(v->out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n",
               class_name, x, y, anchor, text);
}

/* ---- curves -------------------------------------------------------------------------------- */
static void point(const picture *v, char command, double x, double mgdl)
{
  gm_text_addf(v->out, "%c%.1f %.1f", command, x, at_y(v, mgdl));
}

static double edge_x(const picture *v, int32_t b, bool right)
{
  return at_x((b + right) * v->p->bin_min / 60.0);
}

/* End of the stretch of numbers in table[.][q] that begins at bin b. */
static int32_t stretch(const picture *v, const double *table, int q, int32_t b)
{
  while (b < v->p->bin_count && isfinite(table[(ptrdiff_t)b * T1D_LEVEL_COUNT + q])) b++;
  return b;
}

/* The first and the last value go on to the edges of their bins, so that the curves fill the day
 * from 0 to 24 h. */
static void along(const picture *v, const double *table, int q, int32_t from, int32_t to,
                  char command)
{
  point(v, command, edge_x(v, from, false), table[(ptrdiff_t)from * T1D_LEVEL_COUNT + q]);
  for (int32_t b = from; b < to; b++)
    point(v, 'L', bin_x(v, b), table[(ptrdiff_t)b * T1D_LEVEL_COUNT + q]);
  point(v, 'L', edge_x(v, to - 1, true), table[(ptrdiff_t)(to - 1) * T1D_LEVEL_COUNT + q]);
}

static void back(const picture *v, const double *table, int q, int32_t from, int32_t to)
{
  point(v, 'L', edge_x(v, to - 1, true), table[(ptrdiff_t)(to - 1) * T1D_LEVEL_COUNT + q]);
  for (int32_t b = to - 1; b >= from; b--)
    point(v, 'L', bin_x(v, b), table[(ptrdiff_t)b * T1D_LEVEL_COUNT + q]);
  point(v, 'L', edge_x(v, from, false), table[(ptrdiff_t)from * T1D_LEVEL_COUNT + q]);
}

/* Line of one quantile; with high >= 0 the band between two. Broken where there is no number. */
static void curve(const picture *v, const char *class_name, const double *table, int low, int high)
{
  for (int32_t b = 0; b < v->p->bin_count; b++) {
    int32_t end = stretch(v, table, low, b);
    if (end == b) continue;
    gm_text_addf(v->out, "<path class=\"%s\" d=\"", class_name);
    along(v, table, low, b, end, 'M');
    if (high >= 0) {
      back(v, table, high, b, end);
      gm_text_add(v->out, "Z");
    }
    gm_text_add(v->out, "\"/>\n");
    b = end;
  }
}

/* ---- the plot -------------------------------------------------------------------------------- */
static void draw_range(const picture *v)
{
  gm_text_addf(v->out,
               "<rect class=\"target\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n",
               PLOT_LEFT, at_y(v, 180), PLOT_RIGHT - PLOT_LEFT, at_y(v, 70) - at_y(v, 180));
  rule(v, "target-edge", PLOT_LEFT, at_y(v, 180), PLOT_RIGHT, at_y(v, 180));
  rule(v, "target-edge", PLOT_LEFT, at_y(v, 70), PLOT_RIGHT, at_y(v, 70));
  rule(v, "limit", PLOT_LEFT, at_y(v, 250), PLOT_RIGHT, at_y(v, 250));
  rule(v, "limit", PLOT_LEFT, at_y(v, 54), PLOT_RIGHT, at_y(v, 54));
}

/* Limits as ticks on the left in mg/dL and on the right, at the same heights, in mmol/L. */
static void draw_heights(const picture *v)
{
  const double named[] = {0, 54, 70, 140, 180, 250, 350, 450, 550};
  char text[32];
  for (size_t i = 0; i < sizeof named / sizeof named[0] && named[i] <= v->top_mgdl; i++) {
    double y = at_y(v, named[i]);
    if (i == 3 || i > 5) rule(v, "grid", PLOT_LEFT, y, PLOT_RIGHT, y);
    snprintf(text, sizeof text, "%g", named[i]);
    label(v, "tick", PLOT_LEFT - 6, y + (i == 1 ? 7 : 4), "end", text);
    snprintf(text, sizeof text, "%.1f", named[i] / T1D_MGDL_PER_MMOL_L);
    label(v, "tick", PLOT_RIGHT + 6, y + (i == 1 ? 7 : 4), "start", i ? text : "0");
  }
  rule(v, "axis", PLOT_LEFT, PLOT_TOP, PLOT_LEFT, PLOT_BOTTOM);
  rule(v, "axis", PLOT_RIGHT, PLOT_TOP, PLOT_RIGHT, PLOT_BOTTOM);
  label(v, "label", PLOT_LEFT - 6, PLOT_TOP - 8, "end", "mg/dL");
  label(v, "label", PLOT_RIGHT + 6, PLOT_TOP - 8, "start", "mmol/L");
}

static void draw_hours(const picture *v, const char *clock)
{
  char text[80];
  rule(v, "axis", PLOT_LEFT, PLOT_BOTTOM, PLOT_RIGHT, PLOT_BOTTOM);
  for (int hour = 0; hour <= 24; hour += 3) {
    if (hour > 0 && hour < 24) rule(v, "grid", at_x(hour), PLOT_TOP, at_x(hour), PLOT_BOTTOM);
    rule(v, "axis", at_x(hour), STRIP_BOTTOM, at_x(hour), STRIP_BOTTOM + 4);
    snprintf(text, sizeof text, "%d", hour);
    label(v, "tick", at_x(hour), STRIP_BOTTOM + 18, "middle", text);
  }
  snprintf(text, sizeof text, "time of day [h]%s%.40s", clock ? ", clock: " : "",
           clock ? clock : "");
  label(v, "label", 0.5 * (PLOT_LEFT + PLOT_RIGHT), STRIP_BOTTOM + 36, "middle", text);
}

/* How many days lie behind each time of day, as a strip of bars under the plot. */
static void draw_days(const picture *v)
{
  const t1d_profile *p = v->p;
  int32_t least = p->day_count, most = 0;
  char text[64];
  gm_text_add(v->out, "<path class=\"days\" d=\"");
  for (int32_t b = 0; b < p->bin_count; b++) {
    double height = (STRIP_BOTTOM - STRIP_TOP) * (double)p->days_behind[b] / p->day_count;
    gm_text_addf(v->out, "M%.1f %dV%.1fH%.1fV%dZ", edge_x(v, b, false), STRIP_BOTTOM,
                 STRIP_BOTTOM - height, edge_x(v, b, true), STRIP_BOTTOM);
    least = p->days_behind[b] < least ? p->days_behind[b] : least;
    most = p->days_behind[b] > most ? p->days_behind[b] : most;
  }
  gm_text_add(v->out, "\"/>\n");
  rule(v, "axis", PLOT_LEFT, STRIP_BOTTOM, PLOT_RIGHT, STRIP_BOTTOM);
  label(v, "tick", PLOT_LEFT - 6, STRIP_BOTTOM - 6, "end", "days");
  if (least == most)
    snprintf(text, sizeof text, "%d of %d", (int)most, (int)p->day_count);
  else
    snprintf(text, sizeof text, "%d-%d of %d", (int)least, (int)most, (int)p->day_count);
  label(v, "tick", PLOT_RIGHT + 6, STRIP_BOTTOM - 6, "start", text);
}

static void draw_curves(const picture *v)
{
  curve(v, "band90", v->p->quantile_mgdl, Q05, Q95);
  curve(v, "band50", v->p->quantile_mgdl, Q25, Q75);
  curve(v, "sure", v->p->low_mgdl, Q50, -1);
  curve(v, "sure", v->p->high_mgdl, Q50, -1);
  curve(v, "median", v->p->quantile_mgdl, Q50, -1);
}

/* ---- words --------------------------------------------------------------------------------- */
static void draw_key(const picture *v)
{
  const double y = PICTURE_H - 20;
  gm_text_addf(v->out, "<rect class=\"band90\" x=\"62\" y=\"%.1f\" width=\"24\" height=\"12\"/>\n",
               y - 11);
  label(v, "tick", 91, y, "start", "5-95 %");
  gm_text_addf(v->out,
               "<rect class=\"band90\" x=\"150\" y=\"%.1f\" width=\"24\" height=\"12\"/>\n"
               "<rect class=\"band50\" x=\"150\" y=\"%.1f\" width=\"24\" height=\"12\"/>\n",
               y - 11, y - 11);
  label(v, "tick", 179, y, "start", "25-75 %");
  rule(v, "median", 246, y - 5, 270, y - 5);
  label(v, "tick", 275, y, "start", "median");
  rule(v, "sure", 334, y - 5, 358, y - 5);
  label(v, "tick", 363, y, "start", "its 90 % interval");
  rule(v, "target-edge", 480, y - 5, 504, y - 5);
  label(v, "tick", 509, y, "start", "range 70-180");
}

/* "mean 141 +- 3 mg/dL"; without an error where there is none. */
static void figure(t1d_metric m, const t1d_figure *f, const char *name, int digits,
                   const char *unit, char *text, size_t room)
{
  const int both = t1d__error_digits(f->se, digits);
  const char *not_seen = t1d__not_seen(m, f);
  if (isnan(f->value))
    snprintf(text, room, "%s not known", name);
  else if (not_seen[0])
    snprintf(text, room, "%s %.0f%s, %s", name, f->value, unit, not_seen);
  else if (both < 0) /* one day, or the same on every day: not certain, unknown */
    snprintf(text, room, "%s %.*f%s", name, digits, f->value, unit);
  else
    snprintf(text, room, "%s %.*f \xC2\xB1 %.*f%s", name, both, f->value, both, f->se, unit);
}

static void draw_head(const picture *v, const t1d_metrics *m)
{
  const struct {
    t1d_metric metric;
    const char *name;
    int digits;
    const char *unit;
    int x;
  } shown[] = {{T1D_MEAN, "mean", 0, " mg/dL", 16}, {T1D_GMI, "GMI", 1, " %", 190},
               {T1D_CV, "CV", 1, " %", 348},        {T1D_GRI, "GRI", 0, "", 486},
               {T1D_LBGI, "LBGI", 1, "", 596},      {T1D_HBGI, "HBGI", 1, "", 736}};
  char text[160];
  const bool less = m && m->span_days < v->p->day_count - 0.05;
  if (less)
    snprintf(text, sizeof text, "Ambulatory glucose profile, %.1f of %d days", m->span_days,
             (int)v->p->day_count);
  else
    snprintf(text, sizeof text, "Ambulatory glucose profile, %d days", (int)v->p->day_count);
  label(v, "head", 16, 26, "start", text);
  if (!m) return;
  for (size_t i = 0; i < sizeof shown / sizeof shown[0]; i++) {
    figure(shown[i].metric, &m->by_reading[shown[i].metric], shown[i].name, shown[i].digits,
           shown[i].unit, text, sizeof text);
    label(v, "value", shown[i].x, 52, "start", text);
  }
  snprintf(text, sizeof text, "sensor active %.0f %%", m->active_pct);
  label(v, "tick", PICTURE_W - 16, 26, "end", text);
  label(v, "tick", PICTURE_W - 16, PICTURE_H - 20, "end", "\xC2\xB1 standard error over days");
  if (m->sufficient) return;
  snprintf(text, sizeof text, "Too little data: %s.", m->reason);
  label(v, "warn", 16, 73, "start", text);
}

/* The stacked times in ranges, highest at the top; a name stands beside its part, pushed apart
 * where parts are thin. */
static void draw_bar(const picture *v, const t1d_metrics *m)
{
  const struct {
    t1d_metric metric;
    const char *name, *class_name;
  } part[] = {{T1D_TAR250, "&gt;250", "r4"},
              {T1D_TAR_LEVEL1, "181-250", "r3"},
              {T1D_TIR, "70-180", "r2"},
              {T1D_TBR_LEVEL1, "54-69", "r1"},
              {T1D_TBR54, "&lt;54", "r0"}};
  enum { PARTS = sizeof part / sizeof part[0], LINE = 18 };
  double y = PLOT_TOP, last = -INFINITY;
  label(v, "label", BAR_LEFT, PLOT_TOP - 8, "start", "time in ranges");
  for (int i = 0; i < PARTS; i++) {
    const t1d_figure *f = &m->by_reading[part[i].metric];
    double height = (PLOT_BOTTOM - PLOT_TOP) * f->value / 100;
    char text[96];
    gm_text_addf(v->out, "<rect class=\"%s\" x=\"%d\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n",
                 part[i].class_name, BAR_LEFT, y, BAR_RIGHT - BAR_LEFT, height);
    figure(part[i].metric, f, part[i].name, 1, " %", text, sizeof text);
    double at = fmax(fmax(y + 0.5 * height + 4, PLOT_TOP + 10), last + LINE);
    at = fmin(at, PLOT_BOTTOM - LINE * (PARTS - 1 - i));
    label(v, i == 2 ? "label" : "value", BAR_RIGHT + 8, at, "start", text);
    last = at;
    y += height;
  }
}

/* Said in words too, for those who do not see the picture. */
static void describe(const picture *v, const t1d_metrics *m)
{
  gm_text_add(v->out, "<title id=\"agp-title\">Ambulatory glucose profile</title>\n"
                      "<desc id=\"agp-desc\">");
  gm_text_addf(v->out, "Quantiles of glucose by time of day over %d days.", (int)v->p->day_count);
  for (int hour = 0; hour < 24; hour += 6) {
    int32_t b = hour * 60 / v->p->bin_min;
    const double *q = v->p->quantile_mgdl + (ptrdiff_t)b * T1D_LEVEL_COUNT;
    if (isfinite(q[Q50]))
      gm_text_addf(v->out, " At %d h the median is %.0f mg/dL, 90 %% lie in %.0f to %.0f.", hour,
                   q[Q50], q[Q05], q[Q95]);
  }
  if (m)
    gm_text_addf(v->out, " %.1f %% of readings are in 70-180 mg/dL.", m->by_reading[T1D_TIR].value);
  gm_text_add(v->out, "</desc>\n");
}

void t1d_profile_svg(const t1d_profile *p, const t1d_metrics *m, const char *clock, gm_text *out)
{
  assert(p && out);
  picture v = {p, out, AXIS_MGDL};
  for (int32_t i = 0; i < p->bin_count; i++) {
    double most = p->quantile_mgdl[(ptrdiff_t)i * T1D_LEVEL_COUNT + Q95];
    while (most > v.top_mgdl) v.top_mgdl += 50;
  }
  gm_text_addf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"agp\" viewBox=\"0 0 %d %d\" "
               "width=\"%d\" height=\"%d\" role=\"img\" aria-labelledby=\"agp-title agp-desc\">\n",
               PICTURE_W, PICTURE_H, PICTURE_W, PICTURE_H);
  describe(&v, m);
  gm_text_add(out, "<style>\n");
  gm_text_add(out, style);
  gm_text_addf(out, "</style>\n<rect class=\"page\" width=\"%d\" height=\"%d\"/>\n", PICTURE_W,
               PICTURE_H);
  draw_head(&v, m);
  draw_hours(&v, clock);
  draw_range(&v);
  draw_heights(&v);
  draw_curves(&v);
  draw_days(&v);
  if (m) draw_bar(&v, m);
  draw_key(&v);
  gm_text_add(out, "</svg>\n");
}
