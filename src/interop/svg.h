/* svg.h - the few shapes that the report's charts are made of, as inline SVG text.
 *
 * Colours are left to the style sheet of the page (class names); here are only shapes. Numbers are
 * written with one decimal: a tenth of a pixel. Everything goes to a gm_text, whose status tells of
 * a lack of memory. Threads: no state. */
#ifndef GEMEL_INTEROP_SVG_H
#define GEMEL_INTEROP_SVG_H
#include "gemel/base.h"

enum { GM__SVG_TICKS_MAX = 16 };

/* From values to pixels. from and to are the pixels of lo and hi. log: lo > 0, decades. */
typedef struct {
  double lo, hi, from, to;
  bool log;
} svg_axis;

/* n points: x[i * x_stride] * x_scale, y[i * y_stride]. A point not finite breaks a line. */
typedef struct {
  int32_t n;
  const double *x, *y;
  ptrdiff_t x_stride, y_stride;
  double x_scale;
} svg_curve;

/* Pixel of a value, kept between the axis' ends; NaN stays NaN. */
double gm__svg_at(const svg_axis *a, double value);
/* Round ticks inside [lo, hi], at most GM__SVG_TICKS_MAX, about `want` of them: steps of 1, 2 or 5
 * times a power of ten; whole decades (with 2 and 5 between when there are few) on a log axis.
 * hours: steps that divide or multiply a day. Returns their count (0 when the axis is empty). */
int32_t gm__svg_ticks(const svg_axis *a, int32_t want, bool hours, double *tick);
/* An axis that holds lo..hi with a little room, beginning at 0 when lo is near it and not under. */
svg_axis gm__svg_axis_around(double lo, double hi, double from, double to, bool log);

void gm__svg_line(gm_text *out, const char *class_name, const svg_axis *x, const svg_axis *y,
                  const svg_curve *c);
/* The area between two curves of the same x. */
void gm__svg_band(gm_text *out, const char *class_name, const svg_axis *x, const svg_axis *y,
                  const svg_curve *low, const svg_curve *high);
void gm__svg_rule(gm_text *out, const char *class_name, double x0, double y0, double x1, double y1);
/* anchor: "start", "middle" or "end". label is escaped. */
void gm__svg_label(gm_text *out, const char *class_name, double x, double y, const char *anchor,
                   const char *label);
#endif
