/* course.c - everything `run` and `demo` find out about one subject. */
#include "cli/cli.h"
#include "gemel/report.h"
#include <math.h>
#include <string.h>

enum { HISTORY_POINTS = 81, FUTURE_POINTS = 121 };

static int32_t grid(const gm_twin *t, double t_end, double *time)
{
  int32_t n = 0;
  double t0 = gm_subject_t_first(t->subject), now = t->t_now;
  if (now > t0)
    for (int32_t i = 0; i < HISTORY_POINTS; i++) time[n++] = t0 + (now - t0) * i / HISTORY_POINTS;
  for (int32_t i = 0; i < FUTURE_POINTS; i++)
    time[n++] = now + (t_end - now) * i / (FUTURE_POINTS - 1);
  return n;
}

static gm_status forecasts(gm_ctx *ctx, const gm_twin *t, double t_end, cli_course *k)
{
  double time[HISTORY_POINTS + FUTURE_POINTS];
  gm_plan plan = {.action = -1};
  /* records after now: what was really done is compared; otherwise things go on as they are */
  gm_forecast_request q = {.as_recorded = gm_subject_t_last(t->subject) > t->t_now,
                           .time = time,
                           .time_count = grid(t, t_end, time)};
  gm_status s = gm_plan_as_it_is(ctx, t, t_end, &plan);
  if (s) return s;
  k->as_recorded = q.as_recorded;
  q.plan = plan.event;
  q.plan_count = plan.event_count;
  s = gm_forecast_make(ctx, t, &q, &k->forecast);
  q.from_prior = true;
  if (!s) s = gm_forecast_make(ctx, t, &q, &k->population);
  gm_plan_free(&plan);
  return s;
}

static gm_status proposed(gm_ctx *ctx, const gm_twin *t, double t_end, cli_course *k)
{
  const gm_proposal *p = k->proposal;
  if (p->withheld || p->candidate_count == 0) return GM_OK;
  const gm_plan *first = &p->comparison->plan[p->rank[0]];
  double time[FUTURE_POINTS];
  for (int32_t i = 0; i < FUTURE_POINTS; i++)
    time[i] = t->t_now + (t_end - t->t_now) * i / (FUTURE_POINTS - 1);
  gm_forecast_request q = {.plan = first->event,
                           .plan_count = first->event_count,
                           .time = time,
                           .time_count = FUTURE_POINTS};
  return gm_forecast_make(ctx, t, &q, &k->proposed);
}

gm_status cli_course_make(gm_ctx *ctx, const gm_twin *t, double t_end, const gm_watch *watch,
                          cli_course *out)
{
  cli_course k = {0};
  const gm_definition *d = t->definition;
  gm_status s = forecasts(ctx, t, t_end, &k);
  if (!s && d->target_count && d->action_count) {
    s = gm_propose(ctx, t, t_end, watch, &k.proposal);
    if (!s) s = proposed(ctx, t, t_end, &k);
  } else if (!s && d->target_count) {
    s = gm_compare(ctx, t, NULL, 0, t_end, watch, &k.comparison);
  }
  if (s) {
    cli_course_free(&k);
    return s;
  }
  *out = k;
  return GM_OK;
}

void cli_course_free(cli_course *k)
{
  gm_forecast_free(k->forecast);
  gm_forecast_free(k->population);
  gm_forecast_free(k->proposed);
  gm_comparison_free(k->comparison);
  gm_proposal_free(k->proposal);
  *k = (cli_course){0};
}

gm_status cli_course_report(gm_ctx *ctx, const gm_twin *t, const cli_course *k,
                            const char *data_path, const char *note, gm_text *html)
{
  gm_report_input in = {.twin = t,
                        .forecast = k->forecast,
                        .as_recorded = k->as_recorded,
                        .population = k->population,
                        .comparison = k->proposal ? k->proposal->comparison : k->comparison,
                        .proposal = k->proposal,
                        .proposed = k->proposed,
                        .data_path = data_path,
                        .note = note};
  return gm_report_html(ctx, &in, html);
}
