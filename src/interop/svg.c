/* svg.c - shapes of the report's charts. */
#include "interop/svg.h"
#include "interop/report_text.h"
#include <math.h>

double gm__svg_at(const svg_axis *a, double value)
{
  double share =
      a->log ? log(value / a->lo) / log(a->hi / a->lo) : (value - a->lo) / (a->hi - a->lo);
  if (isnan(share) && !(a->log && value <= 0)) return NAN;
  if (!(share > 0)) share = 0; /* also a value <= 0 on a log axis */
  if (share > 1) share = 1;
  return a->from + share * (a->to - a->from);
}

/* ---- ticks --------------------------------------------------------------------------------- */
static double round_step(double raw)
{
  double ten = pow(10, floor(log10(raw))), m = raw / ten;
  return ten * (m <= 1.0001 ? 1 : m <= 2.0001 ? 2 : m <= 5.0001 ? 5 : 10);
}

/* Steps that people who think in days read at a glance. */
static double hour_step(double raw)
{
  static const double step[] = {1, 2, 3, 4, 6, 12, 24, 48, 72, 96, 120, 168, 240, 336, 504, 672};
  if (raw < 1) return round_step(raw);
  for (size_t i = 0; i < sizeof step / sizeof *step; i++)
    if (raw <= step[i] * 1.0001) return step[i];
  return 24 * round_step(raw / 24);
}

static int32_t log_ticks(const svg_axis *a, double *tick)
{
  static const double part[] = {1, 2, 5};
  int32_t n = 0, first = (int32_t)floor(log10(a->lo)), last = (int32_t)ceil(log10(a->hi));
  int32_t parts = last - first > 3 ? 1 : 3, every = 1 + (last - first) / 8;
  for (int32_t e = first; e <= last; e += every)
    for (int32_t k = 0; k < parts && n < GM__SVG_TICKS_MAX; k++) {
      double v = part[k] * pow(10, e);
      if (v >= a->lo * 0.9999 && v <= a->hi * 1.0001) tick[n++] = v;
    }
  return n;
}

int32_t gm__svg_ticks(const svg_axis *a, int32_t want, bool hours, double *tick)
{
  if (!(a->hi > a->lo) || !isfinite(a->lo) || !isfinite(a->hi)) return 0;
  if (a->log) return log_ticks(a, tick);
  double raw = (a->hi - a->lo) / want, step = hours ? hour_step(raw) : round_step(raw);
  int32_t n = 0;
  for (double k = ceil(a->lo / step - 1e-9); n < GM__SVG_TICKS_MAX; k++) {
    double v = k * step;
    if (v > a->hi + 1e-9 * step) break;
    tick[n++] = v == 0 ? 0 : v; /* no minus zero */
  }
  return n;
}

svg_axis gm__svg_axis_around(double lo, double hi, double from, double to, bool log_scale)
{
  svg_axis a = {.lo = lo, .hi = hi, .from = from, .to = to, .log = log_scale && lo > 0};
  if (!isfinite(lo) || !isfinite(hi)) {
    a.lo = 0;
    a.hi = 1;
    a.log = false;
  } else if (a.log) {
    a.lo = lo / 1.3;
    a.hi = hi * 1.3;
  } else {
    double room = hi > lo ? 0.06 * (hi - lo) : fmax(fabs(hi), 1) * 0.1;
    a.lo = lo >= 0 && lo < 0.5 * hi ? 0 : lo - room;
    a.hi = hi + room;
  }
  return a;
}

/* ---- shapes -------------------------------------------------------------------------------- */
static bool point_at(const svg_axis *x, const svg_axis *y, const svg_curve *c, int32_t i,
                     double *px, double *py)
{
  double vx = c->x[i * c->x_stride] * c->x_scale, vy = c->y[i * c->y_stride];
  if (!isfinite(vx) || !isfinite(vy)) return false;
  *px = gm__svg_at(x, vx);
  *py = gm__svg_at(y, vy);
  return true;
}

void gm__svg_line(gm_text *out, const char *class_name, const svg_axis *x, const svg_axis *y,
                  const svg_curve *c)
{
  bool pen = false;
  gm_text_addf(out, "<path class=\"%s\" d=\"", class_name);
  for (int32_t i = 0; i < c->n; i++) {
    double px, py;
    bool there = point_at(x, y, c, i, &px, &py);
    if (there) gm_text_addf(out, "%c%.1f %.1f", pen ? 'L' : 'M', px, py);
    pen = there;
  }
  gm_text_add(out, "\"/>\n");
}

void gm__svg_band(gm_text *out, const char *class_name, const svg_axis *x, const svg_axis *y,
                  const svg_curve *low, const svg_curve *high)
{
  double px, py;
  bool pen = false;
  gm_text_addf(out, "<path class=\"%s\" d=\"", class_name);
  for (int32_t i = 0; i < low->n; i++) {
    if (!point_at(x, y, low, i, &px, &py)) continue;
    gm_text_addf(out, "%c%.1f %.1f", pen ? 'L' : 'M', px, py);
    pen = true;
  }
  for (int32_t i = high->n - 1; i >= 0 && pen; i--)
    if (point_at(x, y, high, i, &px, &py)) gm_text_addf(out, "L%.1f %.1f", px, py);
  gm_text_add(out, pen ? "Z\"/>\n" : "\"/>\n");
}

void gm__svg_rule(gm_text *out, const char *class_name, double x0, double y0, double x1, double y1)
{
  gm_text_addf(out, "<line class=\"%s\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n",
               class_name, x0, y0, x1, y1);
}

void gm__svg_label(gm_text *out, const char *class_name, double x, double y, const char *anchor,
                   const char *label)
{
  gm_text_addf(out, "<text class=\"%s\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", class_name, x,
               y, anchor);
  gm__html_text(out, label);
  gm_text_add(out, "</text>\n");
}
