/* test_report_pipeline.c - the report of a twin made from a shipped model and published data.
 * label: full */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/report.h"
#include "interop/test_report_html.h"
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

enum { TIMES = 60 };

typedef struct {
  gm_ctx *ctx;
  gm_definition *d;
  gm_records *r;
  gm_subject *s;
  gm_twin *t;
  gm_forecast *f, *population, *proposed;
  gm_plan as_it_is;
  gm_proposal *p;
} pipeline;

static void must(const pipeline *k, gm_status s)
{
  if (s) fail_msg("%s", gm_message(k->ctx));
}

static gm_forecast *forecast(pipeline *k, const gm_plan *plan, double from, double to, bool prior)
{
  double time[TIMES];
  gm_forecast *f = NULL;
  for (int i = 0; i < TIMES; i++) time[i] = from + (to - from) * i / (TIMES - 1);
  gm_forecast_request q = {.plan = plan->event,
                           .plan_count = plan->event_count,
                           .time = time,
                           .time_count = TIMES,
                           .from_prior = prior};
  must(k, gm_forecast_make(k->ctx, k->t, &q, &f));
  return f;
}

static void run(pipeline *k)
{
  gm_twin_options o = {.t_now = 72, .members = 200, .seed = 1};
  must(k, gm_definition_read(k->ctx, "models/warfarin/twin.yaml", &k->d));
  must(k, gm_records_read(k->ctx, "examples/warfarin/warfarin.csv", &k->r));
  must(k, gm_subject_new(k->ctx, k->d, k->r, 0, &k->s));
  must(k, gm_twin_new(k->ctx, k->d, k->s, &o, &k->t));
  double end = 72 + gm_plan_horizon(k->d);
  must(k, gm_plan_as_it_is(k->ctx, k->t, end, &k->as_it_is));
  must(k, gm_propose(k->ctx, k->t, end, NULL, &k->p));
  k->f = forecast(k, &k->as_it_is, 0, end, false);
  k->population = forecast(k, &k->as_it_is, 0, end, true);
  k->proposed = forecast(k, &k->p->comparison->plan[k->p->rank[0]], 72, end, false);
}

static void drop(pipeline *k)
{
  gm_forecast_free(k->f);
  gm_forecast_free(k->population);
  gm_forecast_free(k->proposed);
  gm_proposal_free(k->p);
  gm_plan_free(&k->as_it_is);
  gm_twin_free(k->t);
  gm_subject_free(k->s);
  gm_records_free(k->r);
  gm_definition_free(k->d);
  gm_ctx_free(k->ctx);
}

/* Warfarin, first subject: a sound page with a chart for each observable, the title, the question
 * and every parameter of the definition, every plan compared and every limit. */
static void report__of_a_real_twin_is_whole(void **state)
{
  (void)state;
  if (access("models/warfarin/twin.yaml", R_OK) || access("examples/warfarin/warfarin.csv", R_OK)) {
    fprintf(stderr, "skipped 1 check: models/warfarin or examples/warfarin is not there\n");
    return;
  }
  pipeline k = {0};
  html_check c;
  gm_text out;
  assert_int_equal(gm_ctx_new(NULL, &k.ctx), GM_OK);
  run(&k);
  gm_report_input in = {.twin = k.t,
                        .forecast = k.f,
                        .population = k.population,
                        .proposal = k.p,
                        .proposed = k.proposed,
                        .data_path = "examples/warfarin/warfarin.csv"};
  gm_text_init(&out, k.ctx);
  must(&k, gm_report_html(k.ctx, &in, &out));
  if (html_read(&c, out.data)) fail_msg("%s: %s", c.wrong, c.where);
  assert_int_equal(c.images, k.d->observable_count + 1);
  assert_non_null(strstr(out.data, k.d->title));
  assert_non_null(strstr(out.data, k.d->question));
  for (int32_t i = 0; i < k.d->parameter_count; i++) {
    char cell[200];
    snprintf(cell, sizeof cell, "<th scope=\"row\">%s</th>", k.d->parameter[i].name);
    assert_non_null(strstr(out.data, cell));
  }
  for (int32_t i = 0; i < k.p->comparison->plan_count; i++)
    assert_non_null(strstr(out.data, k.p->comparison->plan[i].name));
  assert_non_null(strstr(out.data, "time [h]"));
  gm_text_free(&out);
  drop(&k);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(report__of_a_real_twin_is_whole)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
