/* report_fit.c - how well the model fits what was learned, and where the uncertainty stems from. */
#include "interop/report_internal.h"
#include "interop/svg.h"
#include <math.h>
#include <stdio.h>

/* ---- goodness of fit ----------------------------------------------------------------------- */
static void fit_words(report *r)
{
  double p = r->t->fit_p;
  char n[GM__NUMBER_BYTES];
  const char *words = p < 1e-3   ? "The model does not follow these data"
                      : p < 0.01 ? "The residuals are larger than the model expects"
                      : p < 0.05 ? "The residuals are somewhat larger than the model expects"
                                 : "The residuals are no larger than the model expects";
  gm__put(r, "<p>");
  gm__putf(r,
           "%s: if it holds, residuals at least this large come up with probability %s "
           "(chi-square of the standardised residuals %s).",
           words, gm__number(p, n),
           r->t->mode ? "at the most likely parameters"
                      : "of each datum under the forecast made before it was learned");
  gm__put(r, "</p>\n");
}

static void fit_row(report *r, const gm_datum *d, int32_t j)
{
  const gm_observable *o = &r->d->observable[d->observable];
  char n[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES];
  gm__unit_after(o->unit, unit);
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", gm__number_given(d->t * r->time_scale, n));
  gm__cell(r, "%s", o->name);
  gm__cell(r, "%s%s%s",
           d->censored > 0   ? "below "
           : d->censored < 0 ? "above "
                             : "",
           gm__number_given(d->value, n), unit);
  gm__cell(r, "%s%s", gm__number(r->t->fitted[j], n), unit);
  if (d->censored)
    gm__cell(r, "none (censored)");
  else
    gm__cell(r, "%s sd%s", gm__number(r->t->residual[j], n),
             fabs(r->t->residual[j]) > 3 ? ", far off" : "");
  gm__row_close(r);
}

/* Standardised residuals over time, with the lines of two standard deviations. */
static void residual_plot(report *r, const gm_datum *d, int32_t count)
{
  double most = 3, tick[GM__SVG_TICKS_MAX], last = d[count - 1].t;
  char n[GM__NUMBER_BYTES], title[GM__INTERVAL_BYTES];
  for (int32_t j = 0; j < count; j++)
    if (isfinite(r->t->residual[j])) most = fmax(most, 1.1 * fabs(r->t->residual[j]));
  double first = fmin(d[0].t, gm_subject_t_first(r->s));
  svg_axis x = {first * r->time_scale, (last > first ? last : first + 1) * r->time_scale, 58, 620,
                false};
  svg_axis y = {-most, most, 170, 26, false};
  gm__put(r,
          "<figure><div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"chart\">"
          "<svg class=\"chart small\" viewBox=\"0 0 640 222\" role=\"img\" "
          "aria-labelledby=\"residual-title residual-desc\"><title id=\"residual-title\">"
          "Standardised residuals over time</title><desc id=\"residual-desc\">One point for "
          "each datum; about 95 % should lie between the dashed lines at minus 2 and 2.</desc>\n");
  for (int i = -2; i <= 2; i += 2)
    gm__svg_rule(r->out, i ? "now" : "axis", x.from, gm__svg_at(&y, i), x.to, gm__svg_at(&y, i));
  int32_t ticks = gm__svg_ticks(&y, 5, false, tick);
  for (int32_t i = 0; i < ticks; i++)
    gm__svg_label(r->out, "tick", 52, gm__svg_at(&y, tick[i]) + 4.5, "end",
                  gm__number_given(tick[i], n));
  ticks = gm__svg_ticks(&x, 8, r->time_in_hours, tick);
  for (int32_t i = 0; i < ticks; i++)
    gm__svg_label(r->out, "tick", gm__svg_at(&x, tick[i]), 190, "middle",
                  gm__number_given(tick[i], n));
  for (int32_t j = 0; j < count; j++)
    if (isfinite(r->t->residual[j]))
      gm_text_addf(r->out, "<circle class=\"learned\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>\n",
                   gm__svg_at(&x, d[j].t * r->time_scale), gm__svg_at(&y, r->t->residual[j]));
  gm__svg_label(r->out, "label", 6, 15, "start", "residual [standard deviations]");
  snprintf(title, sizeof title, "time [%.60s]", r->time_unit);
  gm__svg_label(r->out, "label", 339, 212, "middle", title);
  gm__put(r, "</svg></div></figure>\n");
}

void gm__report_fit(report *r)
{
  int32_t count = 0;
  const gm_datum *d = gm_subject_data(r->s, &count);
  char time[GM__INTERVAL_BYTES];
  gm__head_time(r, time);
  const char *heads[] = {time, "Observable", "Measured", "Model", "Residual", NULL};
  gm__put(r, "<section id=\"fit\"><h2>Goodness of fit</h2>\n");
  if (r->t->learned < 1 || !r->t->fitted || !r->t->residual) {
    gm__put_paragraph(r, "Left out: nothing was learned from yet.");
  } else {
    fit_words(r);
    residual_plot(r, d, r->t->learned);
    gm__put(r, "<details><summary>The residuals one by one</summary>\n");
    gm__table_open(r,
                   r->t->mode ? "Data learned from, and the model at its most likely parameters"
                              : "Data learned from, and the mean forecast of each before it was",
                   heads);
    for (int32_t j = 0; j < r->t->learned; j++) fit_row(r, &d[j], j);
    gm__table_close(r);
    gm__put(r, "</details>\n");
  }
  gm__put(r, "</section>\n");
}

/* ---- where the uncertainty stems from ------------------------------------------------------ */
static void share_row(report *r, int32_t k, int32_t i)
{
  const gm_forecast *f = r->in->forecast;
  ptrdiff_t cell = (ptrdiff_t)k * f->time_count + i;
  const double part[] = {f->var_parameter[cell], f->var_state[cell], f->var_intrinsic[cell],
                         f->var_measurement[cell]};
  double sum = part[0] + part[1] + part[2] + part[3];
  const gm_observable *o = &r->d->observable[k];
  char n[GM__NUMBER_BYTES], when[GM__NUMBER_BYTES * 2], unit[GM__INTERVAL_BYTES];
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", o->name);
  gm__cell(r, "%s", gm__grid_time_text(r, f->time[i], when));
  for (int p = 0; p < 4; p++)
    gm__cell(r, "%s", sum > 0 ? gm__percent(part[p] / sum, true, n) : "\xE2\x80\x93");
  gm__cell(r, "%s%s", gm__number(sqrt(sum), n), gm__unit_after(o->unit, unit));
  gm__row_close(r);
}

void gm__report_uncertainty(report *r)
{
  static const char *const heads[] = {"Observable",
                                      "Time",
                                      "Parameters",
                                      "State",
                                      "Chance within",
                                      "Measurement",
                                      "Standard deviation in all",
                                      NULL};
  const gm_forecast *f = r->in->forecast;
  gm__put(r, "<section id=\"uncertainty\"><h2>Where the uncertainty stems from</h2>\n");
  if (!f || f->time_count < 1) {
    gm__put_paragraph(r, "Left out: no forecast was given to this report.");
  } else {
    double end = f->time[f->time_count - 1], begin = fmin(fmax(r->t->t_now, f->time[0]), end);
    gm__put_paragraph(r, "Shares of the variance of a future measurement (law of total variance).");
    gm__table_open(r, "At a third, two thirds and the end of the horizon", heads);
    for (int32_t k = 0; k < f->observable_count; k++)
      for (int32_t i = 1, before = -1; i <= 3; i++) {
        int32_t near_time = gm__forecast_near(f, begin + (end - begin) * i / 3);
        if (near_time != before) share_row(r, k, near_time);
        before = near_time;
      }
    gm__table_close(r);
  }
  gm__put(r, "</section>\n");
}
