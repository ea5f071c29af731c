/* report_internal.h - what the parts of the report share.
 * Every part writes to r->out; a lack of memory stays in its status and is looked at once, at the
 * end. Functions that can fail otherwise return a status. */
#ifndef GEMEL_INTEROP_REPORT_INTERNAL_H
#define GEMEL_INTEROP_REPORT_INTERNAL_H
#include "gemel/report.h"
#include "interop/report_text.h"

/* One parameter before and after the data. Quantiles: median, 5 %, 95 %. */
typedef struct {
  double typical, prior[3], posterior[3];
  double shrink;     /* posterior sd of its random effect over the prior's; NaN: it has none */
  bool unidentified; /* shrink > 0.9: the data say next to nothing about it */
} report_parameter;

typedef struct {
  gm_ctx *ctx;
  const gm_report_input *in;
  const gm_twin *t; /* NULL: no twin, then d and s are NULL too */
  const gm_definition *d;
  const gm_subject *s;
  const gm_comparison *c;      /* of the input, or the proposal's; may be NULL */
  report_parameter *parameter; /* [d->parameter_count] owned; NULL: no twin */
  gm_text *out;
  gm_model_info info;
  const char *time_unit; /* in which times are shown */
  double time_scale;     /* shown = model's time * time_scale */
  bool time_in_hours;
} report;

/* ---- writing (report_write.c) -------------------------------------------------------------- */
void gm__put(report *r, const char *html);                         /* as it is */
void gm__putf(report *r, const char *format, ...) GM_PRINTF(2, 3); /* formatted, then escaped */
void gm__put_paragraph(report *r, const char *text);               /* escaped; nothing if empty */
/* A table in a box of its own that scrolls sideways. heads: NULL-terminated; caption or NULL. */
void gm__table_open(report *r, const char *caption, const char *const *heads);
void gm__table_close(report *r);
void gm__report_row_open(report *r, const char *class_name); /* NULL: none */
void gm__row_close(report *r);
void gm__row_head(report *r, const char *format, ...) GM_PRINTF(2, 3);
void gm__cell(report *r, const char *format, ...) GM_PRINTF(2, 3);
void gm__head_time(report *r, char out[GM__INTERVAL_BYTES]); /* "Time [h]" */
/* "144 h" */
const char *gm__time_text(const report *r, double t, char out[GM__NUMBER_BYTES * 2]);
/* The same of a time that was computed, such as a grid's: four digits are enough. */
const char *gm__grid_time_text(const report *r, double t, char out[GM__NUMBER_BYTES * 2]);
const char *gm__target_words(gm_target_kind kind);
const char *gm__target_short(gm_target_kind kind); /* for inside a chart */
const char *gm__observable_title(const gm_observable *o);
/* "better with probability 63 %, worse with 37 %", of a plan that is not "as it is" itself. */
const char *gm__better_text(const gm_plan_result *p, char out[GM__INTERVAL_BYTES]);
/* The plan a proposal puts first, -1: it proposes none. */
int32_t gm__first_proposal(const gm_proposal *p);
/* Under what the forecast is made: "as it is", or the doses that the records have after now. */
const char *gm__report_course(const report *r);
/* Index into the forecast's arrays; the time nearest to t. */
int32_t gm__forecast_near(const gm_forecast *f, double t);
/* The quantile (number of gm_quantile_level) of observable k at time i. */
double gm__forecast_quantile(const gm_forecast *f, int32_t k, int32_t i, int32_t q);

/* ---- parts, in the order of the page ------------------------------------------------------- */
gm_status gm__report_parameters_make(report *r); /* fills r->parameter */
void gm__report_warnings(report *r);
void gm__report_brief(report *r);
void gm__report_subject(report *r);
void gm__report_charts(report *r);
void gm__report_proposal(report *r);
void gm__report_comparison(report *r);
void gm__report_parameters(report *r);
void gm__report_fit(report *r);
void gm__report_uncertainty(report *r);
void gm__report_data(report *r);
void gm__report_foot(report *r);
extern const char gm__report_style[]; /* the style sheet */
#endif
