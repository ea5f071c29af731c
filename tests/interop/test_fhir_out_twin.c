/* A real twin as FHIR: warfarin, first subject of the published data.
 * label: quick */
#include "gemel/fhir_out.h"
#include "gemel/fhir_check.h"
#include "test_fhir_schema_case.h"
#include <setjmp.h>
#include <stdarg.h>
#include <unistd.h>
#include <cmocka.h>

enum { TIMES = 61 };

typedef struct {
  gm_ctx *ctx;
  gm_definition *d;
  gm_records *r;
  gm_subject *s;
  gm_twin *t;
  gm_plan as_it_is;
  gm_forecast *f;
  gm_proposal *p;
} world;

static void must(const world *k, gm_status s)
{
  if (s) fail_msg("%s", gm_message(k->ctx));
}

static void world_make(world *k)
{
  double time[TIMES];
  gm_twin_options o = {.t_now = 72, .members = 200, .seed = 1};
  must(k, gm_definition_read(k->ctx, "models/warfarin/twin.yaml", &k->d));
  must(k, gm_records_read(k->ctx, "examples/warfarin/warfarin.csv", &k->r));
  must(k, gm_subject_new(k->ctx, k->d, k->r, 0, &k->s));
  must(k, gm_twin_new(k->ctx, k->d, k->s, &o, &k->t));
  double end = 72 + gm_plan_horizon(k->d);
  for (int i = 0; i < TIMES; i++) time[i] = 72 + (end - 72) * i / (TIMES - 1);
  must(k, gm_plan_as_it_is(k->ctx, k->t, end, &k->as_it_is));
  gm_forecast_request q = {.plan = k->as_it_is.event,
                           .plan_count = k->as_it_is.event_count,
                           .time = time,
                           .time_count = TIMES};
  must(k, gm_forecast_make(k->ctx, k->t, &q, &k->f));
  must(k, gm_propose(k->ctx, k->t, end, NULL, &k->p));
}

static void world_free(world *k)
{
  gm_proposal_free(k->p);
  gm_forecast_free(k->f);
  gm_plan_free(&k->as_it_is);
  gm_twin_free(k->t);
  gm_subject_free(k->s);
  gm_records_free(k->r);
  gm_definition_free(k->d);
}

/* Its document passes the checker and the schema; 61 even times of two observables are one stretch
 * each. */
static void twin__as_a_document_is_right(void **state)
{
  world k = {0};
  schema s;
  gm_fhir_out *w;
  gm_text t;
  gm_fhir_rules *rules;
  gm_fhir_report *r;
  gm_json *tree;
  (void)state;
  if (access("models/warfarin/twin.yaml", R_OK) || access("examples/warfarin/warfarin.csv", R_OK)) {
    fprintf(stderr, "skipped 1 check: models/warfarin or examples/warfarin is not there\n");
    return;
  }
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &k.ctx));
  world_make(&k);
  gm_text_init(&t, k.ctx);
  const gm_fhir_out_options o = {.base = "https://a.b/fhir",
                                 .patient = gm_subject_id(k.s),
                                 .twin = "warfarin-1",
                                 .definition = k.d,
                                 .t0_s = 1600000000,
                                 .now_s = 1600300000,
                                 .document = true};
  const gm_fhir_out_forecast f = {
      .forecast = k.f, .t_now = 72, .issued_s = 1600300000, .seed = 1, .measured = true};
  const gm_fhir_out_proposal p = {.proposal = k.p, .issued_s = 1600300000};
  const gm_fhir_out_device d = {.health = gm_health_name(k.t->health)};
  must(&k, gm_fhir_out_new(k.ctx, &o, &t, &w));
  must(&k, gm_fhir_out_twin(w, &d));
  must(&k, gm_fhir_out_forecast_add(w, &f));
  must(&k, gm_fhir_out_proposal_add(w, &p));
  must(&k, gm_fhir_out_end(w));
  must(&k, gm_fhir_rules_new(k.ctx, &rules));
  must(&k, gm_fhir_check(k.ctx, rules, NULL, t.data, t.bytes, &r));
  if (r->errors) fail_msg("%s: %s", r->issue[0].expression, r->issue[0].reason);
  bool there = schema_open(&s, k.ctx);
  if (!there) data_skip("schema of a real twin's document", 1);
  if (there) {
    must(&k, gm__json_parse(k.ctx, s.arena, NULL, t.data, t.bytes, &tree));
    if (!schema_resource(&s, tree)) fail_msg("%s", s.fault);
    /* Composition, Patient, Device, RiskAssessment, two observables, Provenance, CarePlan, and
     * RequestGroup with its candidates unless the proposal is withheld */
    int32_t candidates = k.p->candidate_count < 10 ? k.p->candidate_count : 10;
    assert_int_equal(8 + (k.p->withheld ? 0 : 1 + candidates), gm__json_find(tree, "entry")->count);
    schema_close(&s);
  }
  printf("a document of %zu bytes, %s\n", t.bytes,
         k.p->withheld ? k.p->withheld : "with a proposal");
  gm_fhir_report_free(r);
  gm_fhir_rules_free(rules);
  gm_fhir_out_free(w);
  gm_text_free(&t);
  world_free(&k);
  gm_ctx_free(k.ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(twin__as_a_document_is_right)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
