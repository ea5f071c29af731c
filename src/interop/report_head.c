/* report_head.c - what a reader must know first: warnings, the short of it, the subject. */
#include "interop/report_internal.h"
#include "num/stats.h"
#include <math.h>
#include <stdio.h>

/* Fewer effective members than this leave the 5 % and 95 % quantiles to a handful of them. */
enum { ESS_LEAST = 100 };

/* ---- warnings ------------------------------------------------------------------------------ */
typedef struct {
  report *r;
  int32_t count;
} warnings;

static void warn(warnings *w, const char *format, ...) GM_PRINTF(2, 3);
static void warn(warnings *w, const char *format, ...)
{
  char text[1024];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  if (w->count++ == 0)
    gm__put(w->r, "<section id=\"warnings\" class=\"card warn\"><h2>Warnings</h2><ul>\n");
  gm__put(w->r, "<li>");
  gm__html_text(w->r->out, text);
  gm__put(w->r, "</li>\n");
}

static void warn_health(warnings *w)
{
  const gm_twin *t = w->r->t;
  char n[GM__NUMBER_BYTES];
  switch (t->health) {
  case GM_HEALTH_LOST:
    warn(w, "The twin has lost this subject: the model no longer follows the data. Do not rely on "
            "the forecasts below.");
    break;
  case GM_HEALTH_UNCERTAIN:
    warn(w, "The twin is uncertain: its forecasts deserve little trust.");
    break;
  case GM_HEALTH_STALE: warn(w, "The twin is stale: its last datum is old."); break;
  case GM_HEALTH_WARMING:
    warn(w, "The twin is warming up: it has no or too little data of this subject, and its "
            "forecast is that of the population with these covariates.");
    break;
  case GM_HEALTH_TRACKING: break;
  }
  if (t->learned > 0 && t->fit_p < 0.01)
    warn(w, "Poor fit: residuals this large would come up with probability %s if the model held.",
         gm__number(t->fit_p, n));
}

static bool outside(const gm_covariate *c, double v)
{
  return c->level_count == 0 && (v < c->lower || v > c->upper);
}

/* "40 to 100 kg", "at least 18 a" */
static void range_text(const gm_covariate *c, char out[3 * GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES];
  size_t room = 3 * GM__INTERVAL_BYTES;
  gm__unit_after(c->unit, unit);
  gm__number_given(c->lower, a);
  gm__number_given(c->upper, b);
  if (isfinite(c->lower) && isfinite(c->upper))
    snprintf(out, room, "%s to %s%s", a, b, unit);
  else if (isfinite(c->lower))
    snprintf(out, room, "at least %s%s", a, unit);
  else if (isfinite(c->upper))
    snprintf(out, room, "at most %s%s", b, unit);
  else
    snprintf(out, room, "not stated");
}

static void warn_population(warnings *w)
{
  const report *r = w->r;
  for (int32_t i = 0; i < r->d->covariate_count; i++) {
    const gm_covariate *c = &r->d->covariate[i];
    char n[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES], range[3 * GM__INTERVAL_BYTES];
    double v = gm_subject_covariate(r->s, i);
    if (!outside(c, v)) continue;
    range_text(c, range);
    warn(w, "Outside the population studied: %.200s is %s%s, the population's range is %s.",
         c->name, gm__number_given(v, n), gm__unit_after(c->unit, unit), range);
  }
}

static void warn_parameters(warnings *w)
{
  const report *r = w->r;
  if (!r->parameter || r->t->learned == 0) return;
  for (int32_t i = 0; i < r->d->parameter_count; i++)
    if (r->parameter[i].unidentified)
      warn(w, "Not identified by the data: %.200s still has the spread of the population.",
           r->d->parameter[i].name);
}

static void warn_sampling(warnings *w)
{
  const report *r = w->r;
  const gm_members *m = r->t->posterior;
  char n[GM__NUMBER_BYTES];
  if (r->t->mode && !r->t->mode->converged && r->t->learned > 0)
    warn(w, "The search for the most likely parameters did not converge.");
  if (!m) return;
  if (m->ess < ESS_LEAST)
    warn(w,
         "Low effective sample size: %s of %d members carry the belief; the ends of the "
         "intervals are rough.",
         gm__number(m->ess, n), (int)m->n);
  if (m->stages == 0 && m->khat > gm_stats_psis_limit(m->n))
    warn(w, "The importance weights cannot be trusted: Pareto shape k = %s.",
         gm__number(m->khat, n));
}

static void warn_diverged(warnings *w)
{
  const report *r = w->r;
  const gm_report_input *in = r->in;
  const gm_forecast *f[] = {in->forecast, in->population, in->proposed};
  static const char *const name[] = {"the forecast", "the population's forecast",
                                     "the forecast under the first proposal"};
  for (int i = 0; i < 3; i++)
    if (f[i] && f[i]->diverged > 0)
      warn(w, "%d of %d members diverged and are left out of %s.", (int)f[i]->diverged,
           (int)f[i]->n, name[i]);
  if (r->c && r->c->diverged > 0)
    warn(w, "%d members diverged and are left out of the comparison.", (int)r->c->diverged);
}

void gm__report_warnings(report *r)
{
  warnings w = {.r = r};
  if (r->t) {
    warn_health(&w);
    warn_population(&w);
    warn_parameters(&w);
    warn_sampling(&w);
  }
  warn_diverged(&w);
  if (w.count > 0)
    gm__put(r, "</ul></section>\n");
  else if (r->t)
    gm__put(r, "<section id=\"warnings\" class=\"card\"><h2>Warnings</h2><p>None: the fit, the "
               "sampling and the subject's covariates gave no reason for one.</p></section>\n");
}

/* ---- in brief ------------------------------------------------------------------------------ */
static void brief_forecast(report *r, const gm_forecast *f, const char *plan)
{
  int32_t i = f->time_count - 1;
  char when[GM__NUMBER_BYTES * 2], value[GM__INTERVAL_BYTES], unit[GM__INTERVAL_BYTES];
  for (int32_t k = 0; k < f->observable_count && i >= 0; k++) {
    const gm_observable *o = &r->d->observable[k];
    gm__put(r, "<li>");
    gm__putf(r, "%s at %s, %s: %s%s.", gm__observable_title(o),
             gm__grid_time_text(r, f->time[i], when), plan,
             gm__interval(gm__forecast_quantile(f, k, i, 3), gm__forecast_quantile(f, k, i, 1),
                          gm__forecast_quantile(f, k, i, 5), value),
             gm__unit_after(o->unit, unit));
    gm__put(r, "</li>\n");
  }
}

static void brief_proposal(report *r, const gm_proposal *p)
{
  int32_t first = gm__first_proposal(p);
  char odds[GM__INTERVAL_BYTES];
  if (first < 0 && !p->withheld) return;
  gm__put(r, "<li>");
  if (p->withheld)
    gm__putf(r, "Nothing is proposed: %s.", p->withheld);
  else
    gm__putf(r, "First proposal: %s. %s.", p->comparison->plan[first].name, p->reason[0]);
  if (first >= 0 && first != p->comparison->as_it_is)
    gm__putf(r, " Against as it is: %s.", gm__better_text(&p->comparison->result[first], odds));
  gm__put(r, "</li>\n");
  if (first >= 0 && r->in->proposed) brief_forecast(r, r->in->proposed, "under the first proposal");
}

void gm__report_brief(report *r)
{
  gm__put(r, "<section id=\"brief\" class=\"card\"><h2>In brief</h2><ul>\n<li>");
  gm__putf(r, "Health of the twin: %s; it has learned from %d data.", gm_health_name(r->t->health),
           (int)r->t->learned);
  gm__put(r, "</li>\n");
  if (r->in->forecast) brief_forecast(r, r->in->forecast, gm__report_course(r));
  if (r->in->proposal) brief_proposal(r, r->in->proposal);
  gm__put(r, "</ul><p class=\"soft\">Values are medians with the central 90 % of the members in "
             "brackets.</p></section>\n");
}

/* ---- subject ------------------------------------------------------------------------------- */
static void covariate_row(report *r, int32_t i)
{
  const gm_covariate *c = &r->d->covariate[i];
  double v = gm_subject_covariate(r->s, i);
  char n[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES], range[3 * GM__INTERVAL_BYTES];
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", c->name);
  if (c->level_count && v >= 0 && v < c->level_count) {
    gm__cell(r, "%s", c->level[(int32_t)v]);
    gm__cell(r, "one of %d levels", (int)c->level_count);
  } else {
    gm__cell(r, "%s%s", gm__number_given(v, n), gm__unit_after(c->unit, unit));
    range_text(c, range);
    gm__cell(r, "%s", range);
  }
  gm__cell(r, "%s", outside(c, v) ? "outside the population studied" : "");
  gm__row_close(r);
}

static const char *health_words(gm_health h)
{
  switch (h) {
  case GM_HEALTH_WARMING: return "no or too little data yet";
  case GM_HEALTH_TRACKING: return "the model follows the data";
  case GM_HEALTH_UNCERTAIN: return "the model follows the data badly, or the search was hard";
  case GM_HEALTH_STALE: return "the last datum is old";
  case GM_HEALTH_LOST: return "the model does not follow this subject";
  }
  return "";
}

void gm__report_subject(report *r)
{
  static const char *const heads[] = {"Covariate", "Value", "Population studied", "Remark", NULL};
  char when[GM__NUMBER_BYTES * 2];
  gm__put(r, "<section id=\"subject\"><h2>Subject</h2>\n<dl><dt>Pseudonymous id</dt><dd><bdi>");
  gm__putf(r, "%s", gm_subject_id(r->s));
  gm__put(r, "</bdi></dd><dt>Records from</dt><dd>");
  gm__putf(r, "%s", gm__time_text(r, gm_subject_t_first(r->s), when));
  gm__putf(r, " to %s", gm__time_text(r, gm_subject_t_last(r->s), when));
  gm__put(r, "</dd><dt>Now</dt><dd>");
  gm__putf(r, "%s", gm__time_text(r, r->t->t_now, when));
  double age = r->t->t_now - gm_subject_t_last(r->s);
  if (age >= 0)
    gm__putf(r, "; the last record is %s old", gm__time_text(r, age, when));
  else
    gm__put(r, "; records after it are shown, not learned from");
  gm__put(r, "</dd><dt>Health</dt><dd>");
  gm__putf(r, "%s: %s", gm_health_name(r->t->health), health_words(r->t->health));
  gm__put(r, "</dd></dl>\n");
  if (r->d->covariate_count > 0) {
    gm__table_open(r, "Covariates at the first record", heads);
    for (int32_t i = 0; i < r->d->covariate_count; i++) covariate_row(r, i);
    gm__table_close(r);
  } else
    gm__put_paragraph(r, "The definition has no covariates.");
  gm__put(r, "</section>\n");
}
