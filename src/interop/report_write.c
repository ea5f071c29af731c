/* report_write.c - how the parts of the report write. */
#include "interop/report_internal.h"
#include <math.h>
#include <stdio.h>

void gm__put(report *r, const char *html) { gm_text_add(r->out, html); }

static void put_escaped(report *r, const char *format, va_list ap) GM_PRINTF(2, 0);
static void put_escaped(report *r, const char *format, va_list ap)
{
  char near_text[512], *text = near_text; /* most texts are short */
  va_list again;
  va_copy(again, ap);
  int n = vsnprintf(near_text, sizeof near_text, format, again);
  va_end(again);
  if (n < 0 || r->out->status) return;
  if (n >= (int)sizeof near_text) {
    text = gm_alloc(r->ctx, n + 1, 1);
    if (!text) {
      r->out->status = GM_ENOMEM;
      return;
    }
    vsnprintf(text, (size_t)n + 1, format, ap);
  }
  gm__html_text(r->out, text);
  if (text != near_text) gm_free(text);
}

void gm__putf(report *r, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  put_escaped(r, format, ap);
  va_end(ap);
}

void gm__put_paragraph(report *r, const char *text)
{
  if (!text || !text[0]) return;
  gm__put(r, "<p>");
  gm__html_text(r->out, text);
  gm__put(r, "</p>\n");
}

void gm__table_open(report *r, const char *caption, const char *const *heads)
{
  gm__put(r, "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"");
  gm__html_text(r->out, caption ? caption : "table");
  gm__put(r, "\"><table>");
  if (caption) {
    gm__put(r, "<caption>");
    gm__html_text(r->out, caption);
    gm__put(r, "</caption>");
  }
  gm__put(r, "<thead><tr>");
  for (; *heads; heads++) {
    gm__put(r, "<th scope=\"col\">");
    gm__html_text(r->out, *heads);
    gm__put(r, "</th>");
  }
  gm__put(r, "</tr></thead>\n<tbody>\n");
}

void gm__table_close(report *r) { gm__put(r, "</tbody></table></div>\n"); }

void gm__report_row_open(report *r, const char *class_name)
{
  if (class_name)
    gm_text_addf(r->out, "<tr class=\"%s\">", class_name);
  else
    gm__put(r, "<tr>");
}

void gm__row_close(report *r) { gm__put(r, "</tr>\n"); }

void gm__row_head(report *r, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  gm__put(r, "<th scope=\"row\">");
  put_escaped(r, format, ap);
  gm__put(r, "</th>");
  va_end(ap);
}

void gm__cell(report *r, const char *format, ...)
{
  va_list ap;
  va_start(ap, format);
  gm__put(r, "<td>");
  put_escaped(r, format, ap);
  gm__put(r, "</td>");
  va_end(ap);
}

void gm__head_time(report *r, char out[GM__INTERVAL_BYTES])
{
  snprintf(out, GM__INTERVAL_BYTES, "Time [%s]", r->time_unit);
}

const char *gm__time_text(const report *r, double t, char out[GM__NUMBER_BYTES * 2])
{
  char n[GM__NUMBER_BYTES];
  snprintf(out, GM__NUMBER_BYTES * 2, "%s %s", gm__number_given(t * r->time_scale, n),
           r->time_unit);
  return out;
}

const char *gm__grid_time_text(const report *r, double t, char out[GM__NUMBER_BYTES * 2])
{
  double v = t * r->time_scale;
  double unit = v != 0 && isfinite(v) ? pow(10, floor(log10(fabs(v))) - 3) : 1;
  double rounded = unit < 1 ? round(v / unit) * unit : round(v); /* whole units are kept */
  return gm__time_text(r, rounded / r->time_scale, out);
}

const char *gm__target_words(gm_target_kind kind)
{
  switch (kind) {
  case GM_TARGET_RANGE: return "time in range";
  case GM_TARGET_TROUGH: return "trough";
  case GM_TARGET_PEAK: return "peak";
  case GM_TARGET_AUC24: return "area under the curve over 24 h";
  case GM_TARGET_AVERAGE: return "average over the last interval";
  }
  return "target";
}

const char *gm__target_short(gm_target_kind kind)
{
  static const char *const word[] = {"range", "trough", "peak", "AUC24", "average"};
  return word[kind];
}

const char *gm__observable_title(const gm_observable *o)
{
  return o->label && o->label[0] ? o->label : o->name;
}

int32_t gm__forecast_near(const gm_forecast *f, double t)
{
  int32_t best = 0;
  for (int32_t i = 1; i < f->time_count; i++)
    if (fabs(f->time[i] - t) < fabs(f->time[best] - t)) best = i;
  return best;
}

double gm__forecast_quantile(const gm_forecast *f, int32_t k, int32_t i, int32_t q)
{
  return f->quantile[((ptrdiff_t)k * f->time_count + i) * GM_QUANTILE_COUNT + q];
}
