/* report_parameters.c - the subject's parameters before and after the data. */
#include "interop/report_internal.h"
#include "num/stats.h"
#include <math.h>
#include <string.h>

/* Above this share of the prior's spread the data have said next to nothing. */
#define SHRINK_UNIDENTIFIED 0.9

/* ---- making -------------------------------------------------------------------------------- */
/* Median and central 90 % of every parameter over the members. value: scratch [n*parameters]. */
static gm_status summarise(report *r, const gm_members *m, double *value, double *x, bool posterior)
{
  static const double level[] = {0.5, 0.05, 0.95};
  int32_t count = r->d->parameter_count;
  gm_status st = GM_OK;
  for (int32_t i = 0; i < m->n; i++)
    gm_subject_parameters(r->s, m->z + (ptrdiff_t)i * m->dim, r->t->t_now,
                          value + (ptrdiff_t)i * count);
  for (int32_t p = 0; p < count && !st; p++) {
    double *q = posterior ? r->parameter[p].posterior : r->parameter[p].prior;
    bool finite = true;
    for (int32_t i = 0; i < m->n; i++) {
      x[i] = value[(ptrdiff_t)i * count + p];
      finite = finite && isfinite(x[i]);
    }
    q[0] = q[1] = q[2] = NAN; /* shown as not known */
    if (finite) st = gm_stats_quantiles(r->ctx, m->n, x, m->weight, 3, level, q);
  }
  return st;
}

/* Posterior sd of each parameter's random effect over its prior sd. */
static gm_status shrinks(report *r, const gm_members *m, double *x)
{
  const double *prior = gm_subject_prior(r->s);
  for (int32_t p = 0; p < r->d->parameter_count; p++) {
    int32_t eta = r->d->parameter[p].eta;
    double mean, variance, before;
    r->parameter[p].shrink = NAN;
    if (eta < 0 || eta >= m->dim) continue;
    before = prior[(ptrdiff_t)eta * m->dim + eta];
    for (int32_t i = 0; i < m->n; i++) x[i] = m->z[(ptrdiff_t)i * m->dim + eta];
    gm_status st = gm_stats_mean(r->ctx, m->n, x, m->weight, &mean, &variance);
    if (st) return st;
    if (!(before > 0)) continue;
    r->parameter[p].shrink = sqrt(variance / before);
    r->parameter[p].unidentified = r->parameter[p].shrink > SHRINK_UNIDENTIFIED;
  }
  return GM_OK;
}

/* The population's value without the covariate factor (occasion 1). */
static void typicals(report *r, double *argument)
{
  const gm_definition *d = r->d;
  for (int32_t i = 0; i < d->covariate_count; i++) argument[i] = gm_subject_covariate(r->s, i);
  argument[d->covariate_count] = 1;
  for (int32_t p = 0; p < d->parameter_count; p++)
    r->parameter[p].typical =
        d->parameter[p].typical ? gm_expr_eval(d->parameter[p].typical, argument) : NAN;
}

gm_status gm__report_parameters_make(report *r)
{
  if (!r->t || !r->t->posterior || !r->t->prior) return GM_OK;
  const gm_members *a = r->t->prior, *b = r->t->posterior;
  int32_t n = a->n > b->n ? a->n : b->n, count = r->d->parameter_count;
  double *value = gm_alloc(r->ctx, (ptrdiff_t)n * count, sizeof *value);
  double *x = gm_alloc(r->ctx, n, sizeof *x);
  double *argument = gm_alloc(r->ctx, (ptrdiff_t)r->d->covariate_count + 1, sizeof *argument);
  r->parameter = gm_alloc(r->ctx, count, sizeof *r->parameter);
  gm_status st = GM_OK;
  if (!value || !x || !argument || !r->parameter)
    st = gm_fail(r->ctx, GM_ENOMEM, "report: parameters of %d members", (int)n);
  if (!st) typicals(r, argument);
  if (!st) st = summarise(r, a, value, x, false);
  if (!st) st = summarise(r, b, value, x, true);
  if (!st) st = shrinks(r, b, x);
  gm_free(value);
  gm_free(x);
  gm_free(argument);
  return st;
}

/* ---- showing ------------------------------------------------------------------------------- */
static const char *remark(const report *r, int32_t p)
{
  const gm_def_parameter *d = &r->d->parameter[p];
  if (d->eta < 0 && d->occasion < 0) return "the same for everybody";
  if (d->eta < 0) return "varies by occasion only";
  if (r->t->learned == 0) return "no data yet";
  return r->parameter[p].unidentified ? "not identified by the data" : "";
}

/* A source that is that of the row above is not said again. */
static const char *source_text(const report *r, int32_t p)
{
  const char *source = r->d->parameter[p].source;
  const char *above = p > 0 ? r->d->parameter[p - 1].source : NULL;
  if (!source || !source[0]) return "not stated";
  return above && !strcmp(source, above) ? "as above" : source;
}

static void parameter_row(report *r, int32_t p)
{
  const gm_def_parameter *d = &r->d->parameter[p];
  const report_parameter *v = &r->parameter[p];
  char n[GM__NUMBER_BYTES], text[GM__INTERVAL_BYTES], unit[GM__INTERVAL_BYTES];
  bool fixed = d->eta < 0 && d->occasion < 0;
  gm__unit_after(d->unit, unit);
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", d->name);
  gm__cell(r, "%s", unit[0] ? unit + 1 : "1");
  gm__cell(r, "%s", gm__number(v->typical, n));
  if (fixed) {
    gm__cell(r, "%s", gm__number(v->prior[0], n));
    gm__cell(r, "%s", gm__number(v->posterior[0], n));
  } else {
    gm__cell(r, "%s", gm__interval(v->prior[0], v->prior[1], v->prior[2], text));
    gm__cell(r, "%s", gm__interval(v->posterior[0], v->posterior[1], v->posterior[2], text));
  }
  gm__cell(r, "%s", isnan(v->shrink) ? "\xE2\x80\x93" : gm__percent(v->shrink, false, n));
  gm__cell(r, "%s", remark(r, p));
  gm__cell(r, "%s", source_text(r, p));
  gm__row_close(r);
}

void gm__report_parameters(report *r)
{
  static const char *const heads[] = {"Parameter",
                                      "Unit",
                                      "Typical",
                                      "Before the data (90\xC2\xA0%)",
                                      "After the data (90\xC2\xA0%)",
                                      "Spread left",
                                      "Remark",
                                      "Source",
                                      NULL};
  gm__put(r, "<section id=\"parameters\"><h2>Parameters</h2>\n");
  if (!r->parameter)
    gm__put_paragraph(r, "Left out: the twin has no members.");
  else {
    gm__put_paragraph(r, "Typical: of the population. Before the data: for this subject's "
                         "covariates. After the data: learned. Spread left: standard deviation of "
                         "the random effect after the data over that before.");
    gm__table_open(r, "Medians with the central 90 % of the members", heads);
    for (int32_t p = 0; p < r->d->parameter_count; p++) parameter_row(r, p);
    gm__table_close(r);
  }
  gm__put(r, "</section>\n");
}
