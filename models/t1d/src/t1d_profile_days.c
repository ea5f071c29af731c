/* t1d_profile_days.c - the days one by one as small pictures on one sheet, seven in a row. */
#include "t1d_profile_html.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <time.h>

enum {
  SHEET_W = 920,
  COLUMNS = 7,
  CELL_W = 124,
  CELL_H = 78,
  LEFT = 44, /* the first cell's; scale in front of it */
  TOP = 20,  /* within a row: the day's name, and at the right its share in range */
  ROW_H = TOP + CELL_H + 12,
  MOST_MGDL = 350
};
static const double day_min = 1440;

static const char sheet_style[] =
    ".days text{fill:#1b1b1b;font:12px system-ui,\"Segoe UI\",Roboto,\"DejaVu Sans\",sans-serif}\n"
    ".days .tick{fill:#555;font-size:11.5px}\n"
    ".days .box{fill:none;stroke:#b5b5b5}\n"
    ".days .noon{stroke:#dcdcdc}\n"
    ".days .target{fill:#00795a;fill-opacity:.13;stroke:none}\n"
    ".days .curve{fill:none;stroke:#0b3c5d;stroke-width:1.5;stroke-linejoin:round}\n"
    ".days .over{fill:none;stroke:#8a2d0c;stroke-width:4}\n";

typedef struct {
  gm_text *out;
  const t1d_readings *r;
  double bridge_min, from_min; /* from: the midnight at which the first day begins */
} sheet;

static double cell_x(int32_t day) { return LEFT + (double)(day % COLUMNS) * CELL_W; }
static double cell_y(int32_t day) { return TOP + (double)(day / COLUMNS) * ROW_H; }

static double height(double mgdl) { return CELL_H * (1 - fmin(mgdl, MOST_MGDL) / MOST_MGDL); }

static void frame(const sheet *s, int32_t day, int32_t in_range, int32_t count)
{
  static const char *const week[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  static const char *const month[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                      "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  const double x = cell_x(day), y = cell_y(day);
  struct tm d = {.tm_mday = 1};
  time_t t = (time_t)floor(60 * (s->from_min + day * day_min) + 0.5);
  if (!gmtime_r(&t, &d)) d = (struct tm){.tm_mday = 1};
  gm_text_addf(s->out,
               "<rect class=\"target\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%.1f\"/>\n"
               "<line class=\"noon\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>\n"
               "<rect class=\"box\" x=\"%.1f\" y=\"%.1f\" width=\"%d\" height=\"%d\"/>\n"
               "<text x=\"%.1f\" y=\"%.1f\">%s %d %s</text>\n",
               x, y + height(180), CELL_W, height(70) - height(180), x + CELL_W / 2.0, y,
               x + CELL_W / 2.0, y + CELL_H, x, y, CELL_W, CELL_H, x + 2, y - 5, week[d.tm_wday],
               d.tm_mday, month[d.tm_mon]);
  if (count)
    gm_text_addf(s->out,
                 "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%.0f %%</text>\n",
                 x + CELL_W - 10, y - 5, 100.0 * in_range / count);
  if (day % COLUMNS) return;
  for (int k = 0; k < 2; k++)
    gm_text_addf(s->out,
                 "<text class=\"tick\" x=\"%.1f\" y=\"%.1f\" text-anchor=\"end\">%d</text>\n",
                 x - 5, y + height(k ? 180 : 70) + 4, k ? 180 : 70);
}

/* Readings from the first at or behind midnight on; the place of the next day's first. */
static int32_t curve(const sheet *s, int32_t day, int32_t from, int32_t *in_range, int32_t *count)
{
  const t1d_readings *r = s->r;
  const double begin = s->from_min + day * day_min, x = cell_x(day), y = cell_y(day);
  double last = -INFINITY;
  int32_t i = from;
  *in_range = *count = 0;
  gm_text_add(s->out, "<path class=\"curve\" d=\"");
  for (; i < r->count && r->t_min[i] < begin + day_min; i++) {
    const double g = r->glucose_mgdl[i], t = r->t_min[i];
    if (isnan(g)) continue;
    gm_text_addf(s->out, "%c%.1f %.1f", t - last <= s->bridge_min ? 'L' : 'M',
                 x + CELL_W * (t - begin) / day_min, y + height(g));
    *in_range += g >= 70 && g <= 180;
    ++*count;
    last = t;
  }
  gm_text_add(s->out, *count ? "\"/>\n" : "M0 0\"/>\n");
  return i;
}

/* Where the curve is cut off: a bar at the upper edge, of the readings in [from, to). */
static void over(const sheet *s, int32_t day, int32_t from, int32_t to)
{
  enum { BAR_W = 2 };
  const t1d_readings *r = s->r;
  const double begin = s->from_min + day * day_min, x = cell_x(day), y = cell_y(day) + 2;
  bool any = false;
  for (int32_t i = from; i < to; i++) {
    if (!(r->glucose_mgdl[i] > MOST_MGDL)) continue;
    gm_text_add(s->out, any ? "" : "<path class=\"over\" d=\"");
    gm_text_addf(s->out, "M%.1f %.1fh%d",
                 x + fmin(CELL_W * (r->t_min[i] - begin) / day_min, CELL_W - BAR_W), y, BAR_W);
    any = true;
  }
  if (any) gm_text_add(s->out, "\"/>\n");
}

void t1d_profile_days_svg(const t1d_readings *r, double to_min, int32_t day_count,
                          double bridge_min, gm_text *out)
{
  assert(r && out && day_count > 0);
  sheet s = {out, r, bridge_min, (floor(to_min / day_min) - (day_count - 1)) * day_min};
  const int32_t rows = (day_count + COLUMNS - 1) / COLUMNS;
  int32_t at = 0, in_range, count;
  while (at < r->count && r->t_min[at] < s.from_min) at++;
  gm_text_addf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"days\" viewBox=\"0 0 %d %d\" "
               "width=\"%d\" height=\"%d\" role=\"img\" aria-label=\"Glucose day by day\">\n"
               "<style>\n%s</style>\n",
               SHEET_W, rows * ROW_H + 4, SHEET_W, rows * ROW_H + 4, sheet_style);
  for (int32_t day = 0; day < day_count; day++) {
    const int32_t from = at;
    at = curve(&s, day, from, &in_range, &count);
    over(&s, day, from, at);
    frame(&s, day, in_range, count);
  }
  gm_text_add(out,
              "</svg>\n<p class=\"small\">Midnight to midnight, 0 to 350 mg/dL; the band is 70 to "
              "180, a bar at the upper edge stands for readings above 350. Beside each day the "
              "share of its readings in range.</p>\n");
}
