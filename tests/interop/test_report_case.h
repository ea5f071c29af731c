/* report_case.h - a small twin built by hand, for the tests of the report. */
#ifndef GEMEL_TESTS_REPORT_CASE_H
#define GEMEL_TESTS_REPORT_CASE_H
#include "gemel/report.h"
#include "twin/subject.h"
#include <math.h>
#include <string.h>

enum { CASE_TIMES = 9, CASE_OBS = 2, CASE_MEMBERS = 4, CASE_PLANS = 3 };

/* Everything a report is made of, with the values that the tests expect of it:
 *   CL = 2 exp(z0), V = 10 exp(z1), KA fixed at 0.5; covariate WT = 130 kg, studied 40 to 100 kg;
 *   dose 100 mg at 0 h, then 3 more every 24 h; now at 48 h; data at 12, 36 (learned), 60 h. */
typedef struct {
  gm_ctx *ctx;
  gm_definition d;
  gm_covariate covariate[2];
  gm_def_parameter parameter[3];
  gm_def_input input;
  gm_observable observable[CASE_OBS];
  gm_def_target target[2];
  gm_need need;
  gm_assumption assumption;
  char *source[1];
  char *level[2];
  gm_subject s;
  subject_stretch stretch;
  int32_t occasion;
  double covariates[2], prior_covariance[4];
  gm_event event, plan_event;
  gm_datum datum[4];
  gm_twin t;
  gm_mode mode;
  gm_members posterior, prior;
  double mode_z[2], z[CASE_MEMBERS * 2], weight[CASE_MEMBERS], prior_z[CASE_MEMBERS * 2],
      prior_weight[CASE_MEMBERS], fitted[4], residual[4];
  gm_forecast f, population;
  double time[CASE_TIMES], quantile[CASE_OBS * CASE_TIMES * GM_QUANTILE_COUNT],
      wide[CASE_OBS * CASE_TIMES * GM_QUANTILE_COUNT], mean[CASE_OBS * CASE_TIMES],
      part[4][CASE_OBS * CASE_TIMES];
  gm_comparison c;
  gm_plan plan[CASE_PLANS];
  gm_plan_result result[CASE_PLANS];
  gm_target_result attained[CASE_PLANS][2];
  gm_proposal p;
  int32_t rank[1];
  char *reason[1], *left_out[1];
  gm_report_input in;
} report_case;

static inline char *text_of(const char *t) { return (char *)(uintptr_t)t; }

static inline gm_expr *case_expr(gm_ctx *ctx, const char *text)
{
  gm_expr *e = NULL;
  static const char *const name[] = {"WT", "SEX", "occasion"};
  if (gm_expr_new(ctx, text, name, NULL, 3, NULL, &e)) return NULL;
  return e;
}

static inline void case_definition(report_case *k, const char *name)
{
  gm_definition *d = &k->d;
  k->level[0] = text_of("female");
  k->level[1] = text_of(name);
  k->covariate[0] =
      (gm_covariate){.name = text_of("WT"), .unit = text_of("kg"), .lower = 40, .upper = 100};
  k->covariate[1] = (gm_covariate){
      .name = text_of("SEX"), .unit = text_of(""), .level = k->level, .level_count = 2};
  k->parameter[0] = (gm_def_parameter){.name = text_of("CL"),
                                       .unit = text_of("L/h"),
                                       .typical = case_expr(k->ctx, "2"),
                                       .spread = GM_SPREAD_LOGNORMAL,
                                       .eta = 0,
                                       .occasion = -1};
  k->parameter[1] = (gm_def_parameter){.name = text_of(name),
                                       .unit = text_of("L"),
                                       .source = text_of(name),
                                       .typical = case_expr(k->ctx, "10"),
                                       .spread = GM_SPREAD_LOGNORMAL,
                                       .eta = 1,
                                       .occasion = -1};
  k->parameter[2] = (gm_def_parameter){.name = text_of("KA"),
                                       .unit = text_of("/h"),
                                       .typical = case_expr(k->ctx, "0.5"),
                                       .eta = -1,
                                       .occasion = -1};
  k->input = (gm_def_input){.name = text_of(name), .unit = text_of("mg"), .to_model = 1};
  k->observable[0] =
      (gm_observable){.name = text_of("cp"), .unit = text_of("mg/L"), .label = text_of(name)};
  k->observable[1] =
      (gm_observable){.name = text_of(name), .unit = text_of("%"), .log_scale = true};
  k->target[0] = (gm_def_target){.observable = text_of("cp"),
                                 .unit = text_of("mg/L"),
                                 .kind = GM_TARGET_RANGE,
                                 .low = 2,
                                 .high = 5,
                                 .best = NAN};
  k->target[1] = (gm_def_target){.observable = text_of("cp"),
                                 .unit = text_of("mg/L"),
                                 .kind = GM_TARGET_TROUGH,
                                 .low = -INFINITY,
                                 .high = 3,
                                 .best = NAN};
  k->need = (gm_need){.observable = text_of("cp"),
                      .against = text_of("population"),
                      .within = 0.1,
                      .within_absolute = NAN,
                      .at = 72};
  k->assumption = (gm_assumption){.text = text_of(name), .on = text_of("CL")};
  k->source[0] = text_of(name);
  *d = (gm_definition){.path = text_of(name),
                       .twin = text_of("case"),
                       .title = text_of(name),
                       .question = text_of(name),
                       .context_of_use = text_of(name),
                       .hour = 1,
                       .covariate = k->covariate,
                       .covariate_count = 2,
                       .parameter = k->parameter,
                       .parameter_count = 3,
                       .input = &k->input,
                       .input_count = 1,
                       .observable = k->observable,
                       .observable_count = CASE_OBS,
                       .target = k->target,
                       .target_count = 2,
                       .need = &k->need,
                       .need_count = 1,
                       .assumption = &k->assumption,
                       .assumption_count = 1,
                       .source = k->source,
                       .source_count = 1,
                       .eta_count = 2};
}

static inline void case_subject(report_case *k, const char *name)
{
  k->covariates[0] = 130;
  k->covariates[1] = 1;
  k->prior_covariance[0] = 0.25;
  k->prior_covariance[3] = 0.04;
  k->occasion = 1;
  k->stretch = (subject_stretch){.t_from = -INFINITY, .covariate = k->covariates};
  k->event = (gm_event){.amount = 100, .interval = 24, .additional = 3, .kind = GM_EVENT_DOSE};
  k->datum[0] = (gm_datum){.t = 12, .value = 4.25, .additive = 1};
  k->datum[1] = (gm_datum){.t = 36, .value = 0.5, .additive = 1, .censored = 1};
  k->datum[2] = (gm_datum){.t = 36, .value = 80, .additive = 1, .observable = 1};
  k->datum[3] = (gm_datum){.t = 60, .value = 3.5, .additive = 1};
  k->s = (gm_subject){.ctx = k->ctx,
                      .d = &k->d,
                      .id = name,
                      .event = &k->event,
                      .event_count = 1,
                      .datum = k->datum,
                      .datum_count = 4,
                      .stretch = &k->stretch,
                      .occasion = &k->occasion,
                      .stretch_count = 1,
                      .values = k->covariates,
                      .prior = k->prior_covariance,
                      .occasion_count = 1,
                      .dim = 2,
                      .t_first = 0,
                      .t_last = 60};
}

/* Four members stand for many: ess says 400, so that nothing is warned of.
 * Prior z: (-0.5, 0.5) and (-0.2, 0.2) twice; posterior: z0 all but ln 1.5, z1 as in the prior. */
static inline void case_twin(report_case *k)
{
  for (int i = 0; i < CASE_MEMBERS; i++) {
    k->prior_z[2 * i] = i % 2 ? 0.5 : -0.5;
    k->prior_z[2 * i + 1] = i / 2 ? 0.2 : -0.2;
    k->z[2 * i] = log(1.5);
    k->z[2 * i + 1] = k->prior_z[2 * i + 1];
    k->weight[i] = k->prior_weight[i] = 0.25;
  }
  k->posterior = (gm_members){.n = CASE_MEMBERS,
                              .dim = 2,
                              .z = k->z,
                              .weight = k->weight,
                              .ess = 400,
                              .ess_raw = 300,
                              .khat = NAN,
                              .acceptance = NAN,
                              .method = "importance sampling"};
  k->prior = k->posterior;
  k->prior.z = k->prior_z;
  k->prior.weight = k->prior_weight;
  k->mode = (gm_mode){.dim = 2,
                      .z = k->mode_z,
                      .converged = true,
                      .rung = "differences",
                      .stopped = "small step",
                      .iterations = 9};
  k->fitted[0] = 4;
  k->fitted[1] = 0.4;
  k->fitted[2] = 82;
  k->residual[0] = 0.25;
  k->residual[1] = NAN;
  k->residual[2] = -2;
  k->t = (gm_twin){.definition = &k->d,
                   .subject = &k->s,
                   .t_now = 48,
                   .seed = 77,
                   .learned = 3,
                   .mode = &k->mode,
                   .posterior = &k->posterior,
                   .prior = &k->prior,
                   .fitted = k->fitted,
                   .residual = k->residual,
                   .fit_p = 0.4,
                   .health = GM_HEALTH_TRACKING};
}

static inline void case_forecast(report_case *k)
{
  static const double step[GM_QUANTILE_COUNT] = {0.5, 0.6, 0.8, 1, 1.2, 1.5, 1.7};
  for (int i = 0; i < CASE_TIMES; i++) k->time[i] = 12.0 * i; /* 0 .. 96 */
  for (int o = 0; o < CASE_OBS; o++)
    for (int i = 0; i < CASE_TIMES; i++)
      for (int q = 0; q < GM_QUANTILE_COUNT; q++) {
        int at = (o * CASE_TIMES + i) * GM_QUANTILE_COUNT + q;
        k->quantile[at] = (o ? 80 : 4) * step[q];
        k->wide[at] = (o ? 80 : 4) * step[q] * (q < 3 ? 0.8 : q > 3 ? 1.3 : 1);
      }
  for (int i = 0; i < CASE_OBS * CASE_TIMES; i++) {
    k->mean[i] = 4;
    k->part[0][i] = 3; /* parameters: 75 %; measurement: 25 %; sd in all 2 */
    k->part[3][i] = 1;
  }
  k->f = (gm_forecast){.time_count = CASE_TIMES,
                       .observable_count = CASE_OBS,
                       .n = CASE_MEMBERS,
                       .time = k->time,
                       .quantile = k->quantile,
                       .with_noise = k->wide,
                       .mean = k->mean,
                       .var_parameter = k->part[0],
                       .var_state = k->part[1],
                       .var_intrinsic = k->part[2],
                       .var_measurement = k->part[3],
                       .weight = k->weight};
  k->population = k->f;
  k->population.quantile = k->wide;
}

static inline void case_plans(report_case *k, const char *name)
{
  k->plan_event = (gm_event){.t = 96, .amount = 100, .kind = GM_EVENT_DOSE};
  k->plan[0] = (gm_plan){.name = text_of("nothing"), .action = -1};
  k->plan[1] = (gm_plan){
      .name = text_of("as it is"), .event = &k->plan_event, .event_count = 1, .action = -1};
  k->plan[2] = (gm_plan){.name = text_of(name), .event = &k->plan_event, .event_count = 1};
  for (int i = 0; i < CASE_PLANS; i++) {
    k->result[i] = (gm_plan_result){.utility = {0.5, 0.25, 0.75, 0.01},
                                    .better = 0.5,
                                    .gain = {0.125, -0.25, 0.5, 0.01},
                                    .regret = 0.0625,
                                    .target = k->attained[i]};
    k->attained[i][0] = (gm_target_result){{0.5, 0.4, 0.6, 0.01}, 0.5, 0.2, 0.3};
    k->attained[i][1] = (gm_target_result){{2.5, 2.0, 3.0, 0.01}, 0.87, 0, 0.13};
  }
  k->result[2].distinguishable = true;
  k->result[2].better = 0.97;
  k->result[2].gain = (gm_estimate){0.25, 0.125, 0.375, 0.01};
  k->c = (gm_comparison){.plan_count = CASE_PLANS,
                         .target_count = 2,
                         .plan = k->plan,
                         .result = k->result,
                         .nothing = 0,
                         .as_it_is = 1,
                         .t_now = 48,
                         .t_end = 96};
  k->rank[0] = 2;
  k->reason[0] = text_of(name);
  k->left_out[0] = text_of("500 mg every 24 h: more than 300 mg in one dose");
  k->p = (gm_proposal){.comparison = &k->c,
                       .rank = k->rank,
                       .reason = k->reason,
                       .left_out = k->left_out,
                       .candidate_count = 1,
                       .left_out_count = 1};
}

/* name is put in every place where a name of others stands. */
static inline void case_make(report_case *k, gm_ctx *ctx, const char *name)
{
  memset(k, 0, sizeof *k);
  k->ctx = ctx;
  case_definition(k, name);
  case_subject(k, name);
  case_twin(k);
  case_forecast(k);
  case_plans(k, name);
  k->in = (gm_report_input){.twin = &k->t,
                            .forecast = &k->f,
                            .population = &k->population,
                            .comparison = &k->c,
                            .proposal = &k->p,
                            .proposed = &k->f,
                            .data_path = name,
                            .note = name};
}

static inline void case_drop(report_case *k)
{
  for (int i = 0; i < 3; i++) gm_expr_free(k->parameter[i].typical);
}
#endif
