/* rosetta_watch.c - following the epidemic: likelihood, state, forecast, belief on the rates. */
#include "gemel/forecast.h"
#include "rosetta/rosetta.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <cmocka.h>

typedef struct {
  double sum, square;
  int32_t n;
} moments;

static void moments_add(moments *m, double x)
{
  m->sum += x;
  m->square += x * x;
  m->n++;
}

static answer moments_answer(const moments *m)
{
  double mean = m->sum / m->n, variance = fmax(0, m->square / m->n - mean * mean);
  return (answer){mean, sqrt(variance / (m->n - 1))};
}

/* One particle filter over the data. */
static gm_filter *follow(rosetta *r, const gm_system *s, int32_t members, int32_t run, double *ll)
{
  gm_filter *f = NULL;
  gm_filter_options o = {.members = members, .replicate = (uint64_t)run};
  if (gm_filter_new(r->ctx, s, &o, &f) || gm_filter_run(f, r->ctx, NULL, NULL, NULL, ll))
    fail_msg("%s", gm_message(r->ctx));
  return f;
}

/* ln of the mean likelihood over runs; its error by the delta method. Likelihoods are unbiased,
 * their logarithms are not. */
static answer log_mean(const moments *m, double base)
{
  answer a = moments_answer(m);
  return (answer){base + log(a.value), a.error / a.value};
}

/* The limit never has whole people: six found on day 1 are impossible in it. */
static const answer not_asked = {NAN, 0};

void rosetta_filter(rosetta *r)
{
  static const double exact[2] = {-25.91624729399206, -29.96933802323857};
  answer ll[2][KIND_COUNT], state[2][KIND_COUNT];
  const int32_t runs = r->full ? 100 : 12, members = r->full ? 4000 : 1000;
  for (int part = 0; part < 2; part++) ll[part][KIND_ODE] = state[part][KIND_ODE] = not_asked;
  for (int32_t k = 0; k < KIND_ODE; k++)
    for (int part = 0; part < 2; part++) {
      const int32_t days = part ? 20 : 12;
      moments m = {0}, mean[2] = {{0}};
      for (int32_t i = 0; i < runs; i++) {
        gm_system s = rosetta_system(r, k, days, 0);
        double one, sd;
        gm_filter *f = follow(r, &s, members, i, &one);
        moments_add(&m, exp(one - exact[part]));
        for (int o = 0; o < 2 && !part; o++) {
          double x;
          int32_t row = gm_model_find(s.model, GM_TABLE_OUTPUT, o ? "I" : "S");
          assert_int_equal(gm_filter_output(f, r->ctx, row, &x, &sd), GM_OK);
          moments_add(&mean[o], x);
        }
        gm_filter_free(f);
      }
      ll[part][k] = log_mean(&m, exact[part]);
      for (int o = 0; o < 2 && !part; o++) state[o][k] = moments_answer(&mean[o]);
    }
  rosetta_row(r, "particle filter", "ln likelihood, 12 days", exact[0], ll[0], 0);
  rosetta_row(r, "particle filter", "ln likelihood, 20 days", exact[1], ll[1], 0);
  rosetta_row(r, "particle filter", "mean S on day 12", 5.578125, state[0], 0);
  rosetta_row(r, "particle filter", "mean I on day 12", 3.326049, state[1], 0);
}

/* ---- forecast -------------------------------------------------------------------------------- */
enum { E_I13, CRPS13, LOG13, GONE20, FORECASTS };

static void forecast_once(rosetta *r, int32_t k, int32_t run, moments m[FORECASTS])
{
  gm_system s = rosetta_system(r, k, 12, 0);
  double ll;
  const int32_t n = r->full ? 8000 : 2000;
  gm_filter *f = follow(r, &s, n, 500 + run, &ll);
  gm_ensemble *e = gm_filter_ensemble(f);
  const double *w = gm_filter_weight(f), day[2] = {13, 20};
  gm_model_info info;
  gm_model_get_info(s.model, &info);
  double *y = calloc((size_t)n * 2 * (size_t)info.output_count, sizeof *y), gone = 0, mean = 0;
  assert_non_null(y);
  assert_int_equal(gm_ensemble_advance(e, r->ctx, 20, NULL, NULL, day, 2, y), GM_OK);
  for (int32_t i = 0; i < n; i++) {
    const double *at = y + (ptrdiff_t)i * 2 * info.output_count;
    mean += w[i] * at[r->sensor.output];
    gone += w[i] * (at[info.output_count + r->sensor.output] == 0);
  }
  gm_sensed d = {&r->sensor, n, y, 2 * (ptrdiff_t)info.output_count, gm_ensemble_theta(e)};
  gm_law law = gm_law_sensed(&d, w);
  gm_score score;
  if (gm_law_score(r->ctx, &law, 1, gm_key_make(1, GM_PURPOSE_TEST, 0, 0), 0, &score))
    fail_msg("%s", gm_message(r->ctx));
  moments_add(&m[E_I13], mean);
  moments_add(&m[CRPS13], score.crps);
  moments_add(&m[LOG13], score.log_score);
  moments_add(&m[GONE20], gone);
  free(y);
  gm_filter_free(f);
}

void rosetta_forecast(rosetta *r)
{
  static const double exact[FORECASTS] = {2.71277124225081, 0.32091929846262757, 1.0652519115469243,
                                          0.6213262024595427};
  static const char *const name[FORECASTS] = {"mean I on day 13", "CRPS of day 13",
                                              "log score of day 13", "P(over by day 20)"};
  answer a[FORECASTS][KIND_COUNT];
  const int32_t runs = r->full ? 40 : 8;
  for (int32_t k = 0; k < KIND_COUNT; k++) {
    moments m[FORECASTS] = {{0}};
    for (int32_t i = 0; i < runs && k != KIND_ODE; i++) forecast_once(r, k, i, m);
    for (int q = 0; q < FORECASTS; q++)
      a[q][k] = k == KIND_ODE ? (answer){NAN, 0} : moments_answer(&m[q]);
  }
  for (int q = 0; q < FORECASTS; q++)
    rosetta_row(r, "forecast after day 12", name[q], exact[q], a[q], 0);
}

/* ---- belief on the rates --------------------------------------------------------------------- */
enum { BETA, GAMMA, R0, EVIDENCE, BELIEFS };

void rosetta_belief(rosetta *r)
{
  static const double exact[BELIEFS] = {1.12743685, 0.35240856, 3.24539117, -30.585478501040193};
  static const char *const name[BELIEFS] = {"mean beta", "mean gamma", "mean beta/gamma",
                                            "ln evidence"};
  answer a[BELIEFS][KIND_COUNT];
  const int32_t runs = r->full ? 40 : 8, n = r->full ? 20000 : 4000;
  for (int q = 0; q < BELIEFS; q++) a[q][KIND_ODE] = not_asked;
  for (int32_t k = 0; k < KIND_ODE; k++) {
    moments m[BELIEFS] = {{0}};
    for (int32_t i = 0; i < runs; i++) {
      gm_system s = rosetta_system(r, k, 20, 2);
      double ll, sum[3] = {0};
      gm_filter *f = follow(r, &s, n, 900 + i, &ll);
      const double *w = gm_filter_weight(f), *z = gm_filter_coordinate(f);
      for (int32_t j = 0; j < n; j++) {
        double beta = gm_unknown_value(&s.unknown[0], z[2 * j]);
        double gamma = gm_unknown_value(&s.unknown[1], z[2 * j + 1]);
        sum[0] += w[j] * beta;
        sum[1] += w[j] * gamma;
        sum[2] += w[j] * beta / gamma;
      }
      for (int q = 0; q < 3; q++) moments_add(&m[q], sum[q]);
      moments_add(&m[EVIDENCE], exp(ll - exact[EVIDENCE]));
      gm_filter_free(f);
    }
    for (int q = 0; q < 3; q++) a[q][k] = moments_answer(&m[q]);
    a[EVIDENCE][k] = log_mean(&m[EVIDENCE], exact[EVIDENCE]);
  }
  /* a filter's mean is a ratio of estimates: its bias is of order 1/ESS, below 0.01 here */
  for (int q = 0; q < BELIEFS; q++)
    rosetta_row(r, "belief, all 20 days", name[q], exact[q], a[q], q < 3 ? 0.02 : 0);
}
