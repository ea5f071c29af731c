/* every_method.h - each method on a small case of its own, as one table: run(world) gives the bytes
 * of all that it found. Used by the tests that these bytes depend on nothing that they should not.
 * The worlds: the epidemic of 50 people as a jump process and as differential equations with normal
 * errors, and Lorenz's model of 1996 with 40 sensors. */
#ifndef GEMEL_TESTS_EVERY_METHOD_H
#define GEMEL_TESTS_EVERY_METHOD_H
#include "gemel/assimilate.h"
#include "gemel/control.h"
#include "gemel/forecast.h"
#include "gemel/infer.h"
#include "gemel/smooth.h"
#include "gemel/stochastic.h"
#include "methods/fit_cases.h"
#include "support/lorenz.h"

typedef struct world world;
struct world {
  gm_ctx *ctx;
  sir jump, smooth; /* systems of chance and without */
  gm_model *lorenz;
  gm_sensor eye[LORENZ_MOST];
  gm_reading seen[6 * LORENZ_MOST];
  double distance[LORENZ_MOST * LORENZ_MOST];
  gm_system weather;
  /* NULL: the things themselves; else what a method is given in their place. */
  const gm_target *(*target)(world *w, const gm_target *t);
  gm_objective (*objective)(world *w, gm_objective f);
  const gm_function *(*function)(world *w, const gm_function *f);
  gm_ledger *ledger; /* of methods that take one themselves */
  const gm_watch *watch;
  void *user;
};

static inline void world_pool(world *w, gm_pool *pool)
{
  w->jump.s.pool = w->smooth.s.pool = w->weather.pool = pool;
}

static inline void weather_open(world *w)
{
  lorenz_config config = {LORENZ_MOST, 0.05};
  double truth[LORENZ_MOST], k[4 * LORENZ_MOST], force = 8;
  gm_key key = gm_key_make(5, GM_PURPOSE_TEST, 0, 0);
  assert_int_equal(gm_model_new(w->ctx, &lorenz_type, &config, &w->lorenz), GM_OK);
  for (int32_t i = 0; i < LORENZ_MOST; i++) {
    truth[i] = 8 + gm_normal(key, 0, (uint64_t)i, 0, 0);
    w->eye[i] = (gm_sensor){.name = "x",
                            .output = i,
                            .law = GM_SENSE_NORMAL,
                            .p0 = 1,
                            .parameter0 = -1,
                            .parameter1 = -1};
    for (int32_t j = 0; j < LORENZ_MOST; j++) {
      int32_t d = abs(i - j);
      w->distance[i * LORENZ_MOST + j] = d < 20 ? d : 40 - d;
    }
  }
  for (int32_t s = 0; s < 500; s++) lorenz_step(LORENZ_MOST, 1, 0.05, truth, &force, k);
  for (int32_t c = 0; c < 6; c++) {
    lorenz_step(LORENZ_MOST, 1, 0.05, truth, &force, k);
    for (int32_t i = 0; i < LORENZ_MOST; i++)
      w->seen[c * LORENZ_MOST + i] = (gm_reading){
          .t = 0.05 * (c + 1),
          .sensor = i,
          .value = truth[i] + gm_normal(key, 1, (uint64_t)i, gm_kind_draw(2, 0), (uint64_t)c)};
  }
  w->weather = (gm_system){.model = w->lorenz,
                           .sensor = w->eye,
                           .sensor_count = LORENZ_MOST,
                           .reading = w->seen,
                           .reading_count = 6 * LORENZ_MOST,
                           .seed = 12};
}

static inline void world_open(world *w, gm_ctx *ctx)
{
  *w = (world){.ctx = ctx};
  sir_open(&w->jump, ctx, false);
  sir_open(&w->smooth, ctx, true);
  w->smooth.sensor.law = GM_SENSE_NORMAL;
  w->smooth.sensor.p0 = 4;
  weather_open(w);
}

static inline void world_close(world *w)
{
  gm_model_free(w->jump.model);
  gm_model_free(w->smooth.model);
  gm_model_free(w->lorenz);
}

/* ---- bytes of results ------------------------------------------------------------------------ */
static inline void put(gm_text *out, ptrdiff_t n, const double *x)
{
  gm_text_addn(out, (const char *)x, (size_t)n * sizeof *x);
}

static inline void put_whole(gm_text *out, int64_t n)
{
  gm_text_addn(out, (const char *)&n, sizeof n);
}

static inline void put_chains(gm_text *out, gm_chains *c)
{
  ptrdiff_t n = (ptrdiff_t)c->chain_count * c->draw_count;
  put(out, n * c->dim, c->z);
  put(out, n, c->loglik);
  put(out, n, c->log_posterior);
  put(out, c->dim * (ptrdiff_t)(sizeof *c->marginal / sizeof(double)), &c->marginal->mean);
  put(out, 1, &c->acceptance);
  put_whole(out, c->evaluations);
  gm_chains_free(c);
}

static inline void put_particles(gm_text *out, gm_particles *p)
{
  put(out, (ptrdiff_t)p->n * p->dim, p->z);
  put(out, p->n, p->weight);
  put(out, p->n, p->loglik);
  put(out, p->n, p->distance);
  put(out, 1, &p->log_evidence);
  put(out, 1, &p->log_evidence_sd);
  put_whole(out, p->evaluations);
  gm_particles_free(p);
}

static inline void put_optima(gm_text *out, gm_optima *o)
{
  for (int32_t i = 0; i < o->optimum_count; i++) {
    put(out, o->dim, o->optimum[i].z);
    put(out, 1, &o->optimum[i].log_density);
  }
  put(out, o->start_count, o->end);
  put_whole(out, o->evaluations);
  gm_optima_free(o);
}

static inline void put_values(gm_text *out, int32_t n, const gm_sens_value *v)
{
  for (int32_t i = 0; i < n; i++) put(out, 4, &v[i].value);
}

/* ---- filters --------------------------------------------------------------------------------- */
static inline void put_news(void *user, const gm_filter *f, const gm_filter_news *news)
{
  gm_text *out = user;
  (void)f;
  put(out, 1, &news->log_predictive);
  put(out, 1, &news->ess);
  put(out, news->count, news->mean);
  put(out, news->count, news->sd);
  put(out, news->count, news->pit);
}

static inline gm_status filter_bytes(world *w, const gm_system *s, gm_filter_options o,
                                     gm_text *out)
{
  gm_filter *f = NULL;
  gm_status st = gm_filter_new(w->ctx, s, &o, &f);
  if (st) return st;
  gm_ensemble *e = gm_filter_ensemble(f);
  const int32_t n = gm_ensemble_size(e);
  if (s == &w->weather) { /* members that differ */
    gm_key key = gm_key_make(6, GM_PURPOSE_TEST, 0, 0);
    double *x = gm_ensemble_state(e);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)n * LORENZ_MOST; i++)
      x[i] = s->reading[i / n].value + gm_normal(key, (uint64_t)i, 0, 0, 0);
  }
  st = gm_filter_run(f, w->ctx, put_news, out, NULL, NULL);
  put(out, (ptrdiff_t)n * s->unknown_count, gm_filter_coordinate(f));
  put(out, n, gm_filter_weight(f));
  gm_smooth *past = NULL;
  if (!st && o.keep_history) st = gm_filter_smooth(f, w->ctx, &past);
  if (past) put(out, (ptrdiff_t)past->time_count * past->output_count, past->mean);
  gm_smooth_free(past);
  if (!st) st = gm_ensemble_save(e, w->ctx, out);
  gm_filter_free(f);
  return st;
}

#define FILTER_ROW(name, which, ...)                                                               \
  static inline gm_status name(world *w, gm_text *out)                                             \
  {                                                                                                \
    return filter_bytes(w, &w->which, (gm_filter_options){__VA_ARGS__}, out);                      \
  }
FILTER_ROW(filter_particle, jump.s, .members = 300, .keep_history = true)
FILTER_ROW(filter_guided, jump.s, .kind = GM_FILTER_GUIDED, .members = 300)
FILTER_ROW(filter_kernel, jump.s, .members = 300, .rejuvenate = GM_REJUVENATE_KERNEL)
FILTER_ROW(filter_liu_west, jump.s, .members = 300, .rejuvenate = GM_REJUVENATE_LIU_WEST)
FILTER_ROW(filter_move, smooth.s, .members = 100, .rejuvenate = GM_REJUVENATE_MOVE)
FILTER_ROW(filter_ukf, smooth.s, .kind = GM_FILTER_UKF)
FILTER_ROW(filter_enkf, smooth.s, .kind = GM_FILTER_ENKF, .keep_history = true)
FILTER_ROW(filter_etkf, smooth.s, .kind = GM_FILTER_ETKF, .inflation = 1.02)
FILTER_ROW(filter_enkf_40, weather, .kind = GM_FILTER_ENKF, .members = 41, .inflation = 1.06)
FILTER_ROW(filter_etkf_40, weather, .kind = GM_FILTER_ETKF, .members = 41, .adaptive = 10)
FILTER_ROW(filter_letkf, weather, .kind = GM_FILTER_LETKF, .members = 7, .inflation = 1.03,
           .radius = 6, .distance = w->distance)

/* ---- fits of systems ------------------------------------------------------------------------- */
static inline gm_status fit_if2(world *w, gm_text *out)
{
  gm_if2_options o = {.particles = 80, .iterations = 6, .starts = 5, .repeats = 3};
  gm_if2 *r = NULL;
  o.ledger = w->ledger;
  o.watch = w->watch;
  gm_status st = gm_if2_run(w->ctx, &w->jump.s, &o, &r);
  if (st) return st;
  put(out, (ptrdiff_t)r->starts * r->dim, r->z);
  put(out, r->starts, r->loglik);
  put(out, r->starts, r->loglik_error);
  put(out, (ptrdiff_t)r->starts * r->iterations * (r->dim + 1), r->trace);
  put_whole(out, r->lost);
  gm_if2_free(r);
  return GM_OK;
}

static inline gm_status fit_pmmh(world *w, gm_text *out)
{
  gm_pmmh_options o = {.chain = {.chains = 3, .warmup = 20, .draws = 20, .thin = 1},
                       .particles_max = 100};
  gm_pmmh *r = NULL;
  o.ledger = w->ledger;
  o.chain.watch = w->watch;
  gm_status st = gm_pmmh_run(w->ctx, &w->jump.s, &o, &r);
  if (st) return st;
  put_whole(out, r->particles);
  put(out, 1, &r->noise);
  put_chains(out, r->chains);
  r->chains = NULL;
  gm_pmmh_free(r);
  return GM_OK;
}

static inline gm_status fit_esmda(world *w, gm_text *out)
{
  gm_esmda_options o = {.members = 60};
  gm_esmda *r = NULL;
  o.ledger = w->ledger;
  o.watch = w->watch;
  gm_status st = gm_esmda_run(w->ctx, &w->smooth.s, &o, &r);
  if (st) return st;
  put(out, r->stages + 1, r->mismatch);
  put_particles(out, r->particles);
  r->particles = NULL;
  gm_esmda_free(r);
  return GM_OK;
}

/* ---- methods on targets ---------------------------------------------------------------------- */
typedef gm_status target_method(world *w, const gm_target *t, gm_text *out);

static inline gm_status on_target(world *w, const gm_system *s, target_method *f, gm_text *out)
{
  gm_fit_target *t = NULL;
  gm_status st = gm_fit_target_new(w->ctx, s, &(gm_fit_options){.particles = 50}, &t);
  if (st) return st;
  const gm_target *target = gm_fit_target_get(t);
  st = f(w, w->target ? w->target(w, target) : target, out);
  gm_fit_target_free(t);
  return st;
}

static inline gm_status run_walk(world *w, const gm_target *t, gm_text *out)
{
  gm_chain_options o = {.chains = 5, .warmup = 40, .draws = 20, .thin = 2};
  gm_chains *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_walk(w->ctx, t, &o, &r);
  if (!st) put_chains(out, r);
  return st;
}

static inline gm_status run_stretch(world *w, const gm_target *t, gm_text *out)
{
  gm_ensemble_mcmc_options o = {.common = {.chains = 2, .warmup = 20, .draws = 10, .thin = 2},
                                .walkers = 6};
  gm_chains *r = NULL;
  o.common.watch = w->watch;
  gm_status st = gm_ensemble_mcmc(w->ctx, t, &o, &r);
  if (!st) put_chains(out, r);
  return st;
}

static inline gm_status run_nuts(world *w, const gm_target *t, gm_text *out)
{
  gm_nuts_options o = {.common = {.chains = 5, .warmup = 40, .draws = 10},
                       .differences = !t->gradient};
  gm_chains *r = NULL;
  o.common.watch = w->watch;
  gm_status st = gm_nuts(w->ctx, t, &o, &r);
  if (!st) put_chains(out, r);
  return st;
}

static inline gm_status run_smc(world *w, const gm_target *t, gm_text *out)
{
  gm_smc_options o = {.n = 60, .repeats = 2};
  gm_particles *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_smc(w->ctx, t, &o, &r);
  if (!st) put_particles(out, r);
  return st;
}

static inline gm_status run_abc(world *w, const gm_target *t, gm_text *out)
{
  gm_abc_options o = {.n = 60, .simulations_max = 1500, .adjust = true};
  gm_particles *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_abc(w->ctx, t, &o, &r);
  if (!st) put_particles(out, r);
  return st;
}

static inline gm_status run_synthetic(world *w, const gm_target *t, gm_text *out)
{
  gm_synthetic *y = NULL;
  gm_status st = gm_synthetic_new(w->ctx, t, 60, false, &y);
  if (!st) st = run_walk(w, gm_synthetic_target(y), out);
  gm_synthetic_free(y);
  return st;
}

static inline gm_status run_multistart(world *w, const gm_target *t, gm_text *out)
{
  gm_optima *r = NULL;
  gm_status st =
      gm_multistart(w->ctx, t, &(gm_multistart_options){.starts = 5, .watch = w->watch}, &r);
  if (!st) put_optima(out, r);
  return st;
}

static inline gm_status run_nlopt(world *w, const gm_target *t, gm_text *out)
{
  gm_nlopt_fit_options o = {.method = GM_CALIB_SBPLX, .common = {.starts = 2}};
  gm_optima *r = NULL;
  o.common.watch = w->watch;
  gm_status st = gm_nlopt_fit(w->ctx, t, &o, &r);
  if (!st) put_optima(out, r);
  return st;
}

static inline gm_status run_cma(world *w, const gm_target *t, gm_text *out)
{
  gm_cma_options o = {.evaluations_max = 600};
  gm_optima *r = NULL;
  o.common.watch = w->watch;
  gm_status st = gm_cma(w->ctx, t, &o, &r);
  if (!st) put_optima(out, r);
  return st;
}

#define TARGET_ROW(name, which, method)                                                            \
  static inline gm_status name(world *w, gm_text *out)                                             \
  {                                                                                                \
    return on_target(w, &w->which.s, method, out);                                                 \
  }
TARGET_ROW(chains_walk, smooth, run_walk)
TARGET_ROW(chains_walk_noisy, jump, run_walk)
TARGET_ROW(chains_stretch, smooth, run_stretch)
TARGET_ROW(chains_nuts, smooth, run_nuts)
TARGET_ROW(particles_smc, smooth, run_smc)
TARGET_ROW(particles_abc, jump, run_abc)
TARGET_ROW(chains_synthetic, jump, run_synthetic)
TARGET_ROW(optima_multistart, smooth, run_multistart)
TARGET_ROW(optima_nlopt, smooth, run_nlopt)
TARGET_ROW(optima_cma, smooth, run_cma)
TARGET_ROW(optima_cma_noisy, jump, run_cma)

/* By the tangents of the equations. */
static inline gm_status on_tangents(world *w, target_method *f, gm_text *out)
{
  gm_eq_config config = sir_equations();
  gm_model *model = NULL;
  gm_fit_target *t = NULL;
  gm_system s = w->smooth.s;
  config.directions_max = 2;
  gm_status st = gm_model_new(w->ctx, &gm_equations, &config, &model);
  if (st) return st;
  s.model = model; /* its rows are those of the model without tangents */
  st = gm_fit_target_new(w->ctx, &s, &(gm_fit_options){.directions = 2}, &t);
  const gm_target *target = st ? NULL : gm_fit_target_get(t);
  if (!st) st = f(w, w->target ? w->target(w, target) : target, out);
  gm_fit_target_free(t);
  gm_model_free(model);
  return st;
}

#define TANGENT_ROW(name, method)                                                                  \
  static inline gm_status name(world *w, gm_text *out) { return on_tangents(w, method, out); }
TANGENT_ROW(tangents_nuts, run_nuts)
TANGENT_ROW(tangents_multistart, run_multistart)

/* ---- profiles, shares ------------------------------------------------------------------------ */
static inline gm_status identify_profile(world *w, gm_text *out)
{
  gm_fit_target *t = NULL;
  gm_profile *p = NULL;
  gm_status st = gm_fit_target_new(w->ctx, &w->smooth.s, NULL, &t);
  if (st) return st;
  gm_objective f = gm_fit_objective(t);
  if (w->objective) f = w->objective(w, f);
  const double z[2] = {0.4, 0.3};
  st = gm_profile_run(w->ctx, &f, z, 0, &(gm_profile_options){.points_max = 8, .watch = w->watch},
                      &p);
  if (!st) {
    put(out, p->point_count, p->x);
    put(out, p->point_count, p->rise);
    put(out, 2 * (ptrdiff_t)p->point_count, p->z);
    put(out, 2, p->z_best);
    put_whole(out, p->evaluations);
  }
  gm_profile_free(p);
  gm_fit_target_free(t);
  return st;
}

static inline gm_status identify_mcap(world *w, gm_text *out)
{
  gm_fit_target *t = NULL;
  gm_mcap m;
  double x[16], ll[16];
  gm_status st = gm_fit_target_new(w->ctx, &w->jump.s, &(gm_fit_options){.particles = 50}, &t);
  if (st) return st;
  gm_objective f = gm_fit_objective(t);
  if (w->objective) f = w->objective(w, f);
  gm_mcap_plan plan = {
      .low = -0.5, .high = 1.5, .grid_count = 8, .repeat_count = 2, .evaluations_max = 8};
  plan.watch = w->watch;
  st = gm_mcap_run(w->ctx, &f, (const double[]){0.4, 0.3}, 0, &plan, x, ll, NULL, &m);
  if (!st) {
    put(out, 16, x);
    put(out, 16, ll);
    put(out, 1, &m.low);
    put(out, 1, &m.high);
  }
  gm_fit_target_free(t);
  return st;
}

static inline gm_status identify_fisher(world *w, gm_text *out)
{
  gm_fit_target *t = NULL;
  gm_fisher *r = NULL;
  gm_moments m;
  gm_status st = gm_fit_target_new(w->ctx, &w->smooth.s, NULL, &t);
  if (!st) st = gm_fit_moments(w->ctx, t, &m);
  if (!st) st = gm_fisher_run(w->ctx, &m, (const double[]){0.4, 0.3}, NULL, &r);
  if (!st) put(out, 4, r->information);
  gm_fisher_free(r);
  gm_fit_target_free(t);
  return st;
}

typedef gm_status function_method(world *w, const gm_function *f, gm_text *out);

static inline gm_status on_function(world *w, function_method *method, gm_text *out)
{
  static const int32_t rows[2] = {1, 2};
  static const double at[2] = {7, 28};
  gm_fit_function *f = NULL;
  gm_status st = gm_fit_function_new(w->ctx, &w->jump.s, 2, rows, 2, at, &f);
  if (st) return st;
  const gm_function *g = gm_fit_function_get(f);
  st = method(w, w->function ? w->function(w, g) : g, out);
  gm_fit_function_free(f);
  return st;
}

static inline gm_status run_morris(world *w, const gm_function *f, gm_text *out)
{
  gm_morris_options o = {.trajectory_count = 20, .edge = 0.02, .batch_max = 50};
  gm_morris *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_morris_run(w->ctx, f, &o, &r);
  if (st) return st;
  put_values(out, r->dim * r->output_count, r->mu_star);
  put_values(out, r->dim * r->output_count, r->sigma);
  gm_morris_free(r);
  return GM_OK;
}

static inline gm_status run_sobol(world *w, const gm_function *f, gm_text *out)
{
  gm_sobol_options o = {.log2_rows = 5, .replicate_count = 4, .second = true, .batch_max = 100};
  gm_sobol_shares *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_sobol_run(w->ctx, f, &o, &r);
  if (st) return st;
  put_values(out, r->inputs * r->output_count, r->first);
  put_values(out, r->inputs * r->output_count, r->total);
  put_values(out, r->pairs * r->output_count, r->second);
  put_values(out, r->output_count, r->mean);
  gm_sobol_shares_free(r);
  return GM_OK;
}

static inline gm_status run_shapley(world *w, const gm_function *f, gm_text *out)
{
  gm_shapley_options o = {.log2_rows = 5, .replicate_count = 4};
  gm_shapley *r = NULL;
  o.watch = w->watch;
  gm_status st = gm_shapley_run(w->ctx, f, &o, &r);
  if (st) return st;
  put_values(out, r->inputs * r->output_count, r->effect);
  gm_shapley_free(r);
  return GM_OK;
}

#define FUNCTION_ROW(name, method)                                                                 \
  static inline gm_status name(world *w, gm_text *out) { return on_function(w, method, out); }
FUNCTION_ROW(sense_morris, run_morris)
FUNCTION_ROW(sense_sobol, run_sobol)
FUNCTION_ROW(sense_shapley, run_shapley)

/* ---- forecasts ------------------------------------------------------------------------------- */
/* At every datum: the readings of the next four days are forecast and scored in a book. */
static inline gm_status book_bytes(world *w, gm_book *book, gm_text *out)
{
  enum { N = 200, AHEAD = 4 };
  const gm_system *s = &w->jump.s;
  gm_filter_options o = {.members = N};
  gm_filter *f = NULL;
  gm_ensemble *copy = NULL;
  int32_t same[N];
  static double y[N * AHEAD * 3];
  for (int32_t m = 0; m < N; m++) same[m] = m;
  gm_status st = gm_filter_new(w->ctx, s, &o, &f);
  if (!st) st = gm_ensemble_new(w->ctx, s->model, s->pool, N, &copy);
  for (int32_t i = 0; i + AHEAD < s->reading_count && !st; i++) {
    double at[AHEAD];
    for (int32_t k = 0; k < AHEAD; k++) at[k] = s->reading[i + 1 + k].t;
    st = gm_filter_step(f, w->ctx, s->reading[i].t, &s->reading[i], 1, NULL);
    if (!st) st = gm_ensemble_select(copy, gm_filter_ensemble(f), w->ctx, same, (uint64_t)i, true);
    if (!st) st = gm_ensemble_advance(copy, w->ctx, at[AHEAD - 1], NULL, NULL, at, AHEAD, y);
    for (int32_t k = 0; k < AHEAD && !st; k++) {
      gm_sensed d = {s->sensor, N, y + k * 3, AHEAD * 3, gm_ensemble_theta(copy)};
      gm_law law = gm_law_sensed(&d, gm_filter_weight(f));
      gm_score score;
      st = gm_law_score(w->ctx, &law, s->reading[i + 1 + k].value, gm_key_make(8, 0, 0, 0),
                        (uint64_t)(i * AHEAD + k), &score);
      if (!st) st = gm_book_add(book, "tests", k + 1, &score, 0, NULL);
      if (!st) put(out, 1, &score.crps);
    }
  }
  gm_ensemble_free(copy);
  gm_filter_free(f);
  return st;
}

static inline gm_status forecast_book(world *w, gm_text *out)
{
  gm_book *book = NULL;
  gm_status st = gm_book_new(w->ctx, 4, (const double[]){1, 2, 3, 4}, &book);
  if (!st) st = book_bytes(w, book, out);
  if (!st) gm_book_save(book, out);
  gm_book_free(book);
  return st;
}

/* ---- one subject's mode and members ---------------------------------------------------------- */
static inline gm_status infer_predict(void *user, gm_ctx *ctx, int32_t n, const double *z,
                                      double *f)
{
  const gm_system *s = user;
  double t[SIR_DAYS], *y = gm_alloc(ctx, (ptrdiff_t)n * SIR_DAYS * 3, sizeof *y);
  if (!y) return gm_fail(ctx, GM_ENOMEM, "runs");
  for (int32_t i = 0; i < SIR_DAYS; i++) t[i] = s->reading[i].t;
  gm_status st = gm_system_simulate(s, ctx, n, z, NULL, t, SIR_DAYS, y, NULL);
  for (ptrdiff_t i = 0; i < (ptrdiff_t)n * SIR_DAYS && !st; i++) f[i] = y[3 * i + 1];
  gm_free(y);
  return st;
}

static inline gm_status infer_members(world *w, gm_text *out)
{
  gm_datum datum[SIR_DAYS];
  for (int32_t i = 0; i < SIR_DAYS; i++)
    datum[i] = (gm_datum){.t = i + 1, .value = sir_tests[i], .additive = 4};
  gm_problem p = {.dim = 2,
                  .prior_covariance = (const double[]){1, 0, 0, 1},
                  .datum_count = SIR_DAYS,
                  .datum = datum,
                  .predict = infer_predict,
                  .user = &w->smooth.s};
  gm_members_options o = {.n = 50, .ess_least = 1}; /* always by tempering */
  gm_mode *mode = NULL;
  gm_members *r = NULL;
  gm_status st = gm_mode_find(w->ctx, &p, NULL, NULL, &mode);
  if (!st) st = gm_members_draw(w->ctx, &p, mode, &o, NULL, &r);
  if (!st) {
    put(out, 4, mode->covariance);
    put(out, 100, r->z);
    put(out, 50, r->weight);
    put(out, 1, &r->log_evidence);
  }
  gm_mode_free(mode);
  gm_members_free(r);
  return st;
}

/* ---- control --------------------------------------------------------------------------------- */
static inline double control_cost(void *user, int32_t decision, const double *begin,
                                  const double *end)
{
  (void)user;
  (void)decision;
  return end[2] - begin[2];
}

static inline void control_feature(void *user, const double *y, double *x)
{
  (void)user;
  x[0] = y[0];
  x[1] = sqrt(y[1]);
}

typedef gm_status control_method(world *w, const gm_control *c, gm_text *out);

static inline gm_status on_control(world *w, control_method *f, gm_text *out)
{
  gm_system s = w->jump.s;
  gm_edge open = {.kind = GM_EDGE_PARAMETER, .port = s.unknown[0].parameter, .value = 0.9};
  gm_edge closed = open;
  closed.value = 0.36;
  gm_control_choice choice[2] = {{"open", &open, 1, 0}, {"closed", &closed, 1, 3}};
  gm_control c = {.system = &s,
                  .every = 4,
                  .decisions = 4,
                  .choice = choice,
                  .choice_count = 2,
                  .cost = control_cost};
  s.unknown_count = s.reading_count = 0;
  return f(w, &c, out);
}

static inline gm_status run_search(world *w, const gm_control *c, gm_text *out)
{
  int32_t plan[4];
  gm_plan_cost cost;
  gm_search_options o = {.members = 50, .plans = 10, .rounds = 4};
  gm_status st = gm_control_search(w->ctx, c, &o, NULL, plan, &cost);
  if (st) return st;
  gm_text_addn(out, (const char *)plan, sizeof plan);
  put(out, 3, &cost.cost);
  return GM_OK;
}

static inline gm_status run_evaluate(world *w, const gm_control *c, gm_text *out)
{
  static const int32_t plan[2][4] = {{0, 0, 0, 0}, {1, 1, 0, 0}};
  gm_plan_cost cost[2];
  gm_status st = gm_control_evaluate(w->ctx, c, 300, 1, 2, plan[0], cost);
  if (!st) put(out, 6, &cost->cost);
  return st;
}

static inline gm_status run_policy(world *w, const gm_control *c, gm_text *out)
{
  gm_value_options v = {
      .members = 200, .replicates = 2, .feature = control_feature, .feature_count = 2};
  gm_episode_options o = {.episodes = 60, .look = 1, .filter = {.members = 60}};
  double each[60];
  gm_episode_result r;
  gm_policy *p = NULL;
  gm_status st = gm_policy_learn(w->ctx, c, &v, NULL, &p);
  if (!st) st = gm_policy_try(w->ctx, p, &o, NULL, each, &r);
  for (int32_t k = 0; k < 3 && !st; k++) {
    double value = gm_policy_value(p, k, 1, (const double[]){40, 5, 7});
    put(out, 1, &value);
  }
  if (!st) put(out, 60, each);
  gm_policy_free(p);
  return st;
}

#define CONTROL_ROW(name, method)                                                                  \
  static inline gm_status name(world *w, gm_text *out) { return on_control(w, method, out); }
CONTROL_ROW(control_search, run_search)
CONTROL_ROW(control_evaluate, run_evaluate)
CONTROL_ROW(control_policy, run_policy)

/* ---- the table ------------------------------------------------------------------------------- */
typedef struct {
  const char *name;
  gm_status (*run)(world *w, gm_text *out);
} method_row;

#define ROW(f)                                                                                     \
  {                                                                                                \
#f, f                                                                                          \
  }
static const method_row every_method[] = {
    ROW(filter_particle),  ROW(filter_guided),       ROW(filter_kernel),    ROW(filter_liu_west),
    ROW(filter_move),      ROW(filter_ukf),          ROW(filter_enkf),      ROW(filter_etkf),
    ROW(filter_enkf_40),   ROW(filter_etkf_40),      ROW(filter_letkf),     ROW(fit_if2),
    ROW(fit_pmmh),         ROW(fit_esmda),           ROW(chains_walk),      ROW(chains_walk_noisy),
    ROW(chains_stretch),   ROW(chains_nuts),         ROW(chains_synthetic), ROW(particles_smc),
    ROW(particles_abc),    ROW(optima_multistart),   ROW(optima_nlopt),     ROW(optima_cma),
    ROW(optima_cma_noisy), ROW(identify_profile),    ROW(identify_mcap),    ROW(identify_fisher),
    ROW(sense_morris),     ROW(sense_sobol),         ROW(sense_shapley),    ROW(forecast_book),
    ROW(infer_members),    ROW(control_search),      ROW(control_evaluate), ROW(control_policy),
    ROW(tangents_nuts),    ROW(tangents_multistart),
};
enum { METHOD_COUNT = sizeof every_method / sizeof *every_method };
#endif
