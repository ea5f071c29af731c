/* control_value.c - a value function learned backwards from simulations. */
#include "methods/control_value.h"
#include "num/linalg.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- polynomials ----------------------------------------------------------------------------- */
/* Exponents of all monomials of d features up to a total degree, the constant first. */
static int32_t terms_count(int32_t d, int32_t degree)
{
  double count = 1;
  for (int32_t i = 1; i <= d; i++) count = count * (degree + i) / i;
  return count < 5000 ? (int32_t)rint(count) : -1;
}

static void terms_fill(gm_policy *p)
{
  uint8_t power[GM_FEATURES_MAX] = {0};
  int32_t at = 0, sum = 0;
  while (at < p->terms) {
    memcpy(p->power + (ptrdiff_t)at++ * p->d, power, (size_t)p->d);
    int32_t i = 0;
    power[0]++;
    sum++;
    while (sum > p->o.degree && i < p->d - 1) {
      sum -= power[i];
      power[i++] = 0;
      power[i]++;
      sum++;
    }
  }
}

static void features_of(const gm_policy *p, const double *y, double *x)
{
  if (p->o.feature)
    p->o.feature(p->c->user, y, x);
  else
    memcpy(x, y, (size_t)p->d * sizeof *x);
}

/* Values of the monomials at features x, standardised for a decision and kept within what was seen
 * there. */
static void basis(const gm_policy *p, int32_t k, const double *x, double *b)
{
  const double *scale = p->scale + (ptrdiff_t)k * 4 * p->d;
  double power[GM_FEATURES_MAX][GM_DEGREE_MAX + 1];
  for (int32_t i = 0; i < p->d; i++) {
    double v = fmin(fmax(x[i], scale[2 * p->d + i]), scale[3 * p->d + i]);
    double u = (v - scale[i]) / scale[p->d + i];
    power[i][0] = 1;
    for (int32_t j = 1; j <= p->o.degree; j++) power[i][j] = power[i][j - 1] * u;
  }
  for (int32_t t = 0; t < p->terms; t++) {
    double v = 1;
    for (int32_t i = 0; i < p->d; i++) v *= power[i][p->power[(ptrdiff_t)t * p->d + i]];
    b[t] = v;
  }
}

/* Mean, sd, least and most of each feature at decision k. */
static void scale_set(gm_policy *p, int32_t k, const double *x, int32_t n)
{
  double *scale = p->scale + (ptrdiff_t)k * 4 * p->d;
  for (int32_t i = 0; i < p->d; i++) {
    double sum = 0, square = 0, least = INFINITY, most = -INFINITY;
    for (int32_t m = 0; m < n; m++) sum += x[(ptrdiff_t)m * p->d + i];
    for (int32_t m = 0; m < n; m++) {
      double v = x[(ptrdiff_t)m * p->d + i], e = v - sum / n;
      square += e * e;
      least = fmin(least, v);
      most = fmax(most, v);
    }
    scale[i] = sum / n;
    scale[p->d + i] = square > 0 ? sqrt(square / n) : 1;
    scale[2 * p->d + i] = least;
    scale[3 * p->d + i] = most;
  }
}

double gm_policy_value(const gm_policy *p, int32_t decision, int32_t choice, const double *y)
{
  if (p->grid) return gm__grid_value(p, decision, choice, y);
  double x[GM_FEATURES_MAX], b[GM_TERMS_MAX], sum = 0;
  const double *c = p->coefficient + ((ptrdiff_t)decision * p->c->choice_count + choice) * p->terms;
  features_of(p, y, x);
  basis(p, decision, x, b);
  for (int32_t t = 0; t < p->terms; t++) sum += c[t] * b[t];
  return sum;
}

static double least_value(const gm_policy *p, int32_t decision, const double *y)
{
  double x[GM_FEATURES_MAX], b[GM_TERMS_MAX], best = INFINITY;
  features_of(p, y, x);
  basis(p, decision, x, b);
  for (int32_t a = 0; a < p->c->choice_count; a++) {
    const double *c = p->coefficient + ((ptrdiff_t)decision * p->c->choice_count + a) * p->terms;
    double sum = 0;
    if (p->c->allowed && !p->c->allowed(p->c->user, decision, NULL, a)) continue;
    for (int32_t t = 0; t < p->terms; t++) sum += c[t] * b[t];
    best = fmin(best, sum);
  }
  return best;
}

int32_t gm_policy_choose(const gm_policy *p, int32_t decision, int32_t n, const double *y,
                         const double *weight, double *value_out)
{
  const int32_t ny = p->ny;
  int32_t best = -1;
  double least = INFINITY;
  for (int32_t a = 0; a < p->c->choice_count; a++) {
    double sum = 0, all = 0;
    for (int32_t m = 0; m < n; m++) {
      double w = weight ? weight[m] : 1;
      if (!(w > 0) || !isfinite(y[(ptrdiff_t)m * ny])) continue;
      sum += w * gm_policy_value(p, decision, a, y + (ptrdiff_t)m * ny);
      all += w;
    }
    if (value_out) value_out[a] = sum / all;
    if (p->c->allowed && !p->c->allowed(p->c->user, decision, NULL, a)) continue;
    if (sum / all < least) {
      least = sum / all;
      best = a;
    }
  }
  return best;
}

/* ---- learning -------------------------------------------------------------------------------- */
typedef struct {
  gm_policy *p;
  gm_ensemble **at; /* [decisions] members at each decision */
  gm_ensemble *many, *base;
  control_drives drives;
  int32_t *index;             /* [members * replicates * choices] */
  double *y, *y0, *x;         /* outputs after, before; features */
  double *target;             /* [members] */
  double *normal, *right, *b; /* normal equations */
} learner;

static void learner_free(learner *l)
{
  for (int32_t k = 0; l->at && k < l->p->c->decisions; k++) gm_ensemble_free(l->at[k]);
  gm_free(l->at);
  gm_ensemble_free(l->many);
  gm_ensemble_free(l->base);
  gm__control_drives_free(&l->drives);
  gm_free(l->index);
  gm_free(l->y);
  gm_free(l->y0);
  gm_free(l->x);
  gm_free(l->target);
  gm_free(l->normal);
  gm_free(l->right);
  gm_free(l->b);
}

static gm_status learner_new(gm_ctx *ctx, gm_policy *p, learner *l)
{
  const gm_control *c = p->c;
  ptrdiff_t n = p->o.members, all = n * p->o.replicates * c->choice_count;
  *l = (learner){.p = p};
  if (all > INT32_MAX / 2)
    return gm_fail(ctx, GM_ERANGE, "control: too many members to learn from");
  l->at = gm_alloc(ctx, c->decisions, sizeof(gm_ensemble *));
  l->index = gm_alloc(ctx, all, sizeof *l->index);
  l->y = gm_alloc(ctx, all * p->ny, sizeof *l->y);
  l->y0 = gm_alloc(ctx, n * p->ny, sizeof *l->y0);
  l->x = gm_alloc(ctx, n * p->d, sizeof *l->x);
  l->target = gm_alloc(ctx, n, sizeof *l->target);
  l->normal = gm_alloc(ctx, (ptrdiff_t)p->terms * p->terms, sizeof *l->normal);
  l->right = gm_alloc(ctx, p->terms, sizeof *l->right);
  l->b = gm_alloc(ctx, n * p->terms, sizeof *l->b);
  if (!l->at || !l->index || !l->y || !l->y0 || !l->x || !l->target || !l->normal || !l->right ||
      !l->b)
    return gm_fail(ctx, GM_ENOMEM, "learning a value");
  gm_status s = gm__control_drives_new(ctx, c, &l->drives);
  if (!s)
    s = gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)(n * p->o.replicates),
                        &l->base);
  if (!s) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, (int32_t)all, &l->many);
  return s;
}

/* Members at every decision, led there by chance and, from the second round on, half of them by
 * what was learned. */
static gm_status explore(gm_ctx *ctx, learner *l, int32_t round)
{
  const gm_policy *p = l->p;
  const gm_control *c = p->c;
  const int32_t n = p->o.members;
  gm_key key =
      gm_system_key(c->system, GM_PURPOSE_SEARCH, gm_hash64(p->o.replicate, (uint64_t)round));
  gm_ensemble *e = NULL;
  gm_status s = gm__control_begin(ctx, c->system, c->t_first, n,
                                  gm_hash64(p->o.replicate, (uint64_t)round), &e);
  for (int32_t k = 0; k < c->decisions && !s; k++) {
    for (int32_t m = 0; m < n; m++) l->index[m] = m;
    if (!l->at[k]) s = gm_ensemble_new(ctx, c->system->model, c->system->pool, n, &l->at[k]);
    if (!s) s = gm_ensemble_select(l->at[k], e, ctx, l->index, 0, true);
    if (!s) s = gm_ensemble_observe(e, ctx, l->y0);
    if (s || k == c->decisions - 1) break;
    for (int32_t m = 0; m < n; m++) {
      double u = gm_uniform(key, (uint64_t)m, 1, 0, (uint64_t)k);
      const double *y = l->y0 + (ptrdiff_t)m * p->ny;
      l->index[m] = (int32_t)(u * c->choice_count);
      if (round && m % 2) l->index[m] = gm_policy_choose(p, k, 1, y, NULL, NULL);
      if (l->index[m] < 0 || (c->allowed && !c->allowed(c->user, k, NULL, l->index[m])))
        l->index[m] = 0;
    }
    gm__control_drives_at(c, &l->drives, k);
    s = gm_ensemble_advance(e, ctx, gm__control_time(c, k + 1), l->drives.drive, l->index, NULL, 0,
                            NULL);
  }
  gm_ensemble_free(e);
  return s;
}

/* Every member of decision k, replicated, under every choice, one period on: outputs in l->y at
 * [(choice*n + m)*replicates + r]. Choices share the draws of a replicate. */
static gm_status one_period(gm_ctx *ctx, learner *l, int32_t k, uint64_t generation)
{
  const gm_policy *p = l->p;
  const gm_control *c = p->c;
  const int32_t n = p->o.members, runs = n * p->o.replicates;
  for (int32_t i = 0; i < runs; i++) l->index[i] = i / p->o.replicates;
  gm_status s = gm_ensemble_select(l->base, l->at[k], ctx, l->index, 0, true);
  if (s) return s;
  gm_ensemble_renew(l->base, generation);
  for (int32_t i = 0; i < runs * c->choice_count; i++) l->index[i] = i % runs;
  s = gm_ensemble_select(l->many, l->base, ctx, l->index, 0, true);
  for (int32_t i = 0; i < runs * c->choice_count; i++) l->index[i] = i / runs;
  gm__control_drives_at(c, &l->drives, k);
  if (!s)
    s = gm_ensemble_advance(l->many, ctx, gm__control_time(c, k + 1), l->drives.drive, l->index,
                            NULL, 0, NULL);
  return s ? s : gm_ensemble_observe(l->many, ctx, l->y);
}

static double cost_to_go(const learner *l, int32_t k, int32_t choice, int32_t m)
{
  const gm_policy *p = l->p;
  const gm_control *c = p->c;
  double sum = 0;
  for (int32_t r = 0; r < p->o.replicates; r++) {
    ptrdiff_t at = ((ptrdiff_t)choice * p->o.members + m) * p->o.replicates + r;
    const double *y = l->y + at * p->ny;
    sum += c->cost(c->user, k, l->y0 + (ptrdiff_t)m * p->ny, y);
    if (k + 1 < c->decisions) sum += least_value(p, k + 1, y);
  }
  return c->choice[choice].cost + sum / p->o.replicates;
}

/* Least squares with a trace of a ridge, so that features that depend on each other are no harm. */
static gm_status fit(gm_ctx *ctx, learner *l, int32_t k, int32_t choice)
{
  gm_policy *p = l->p;
  const int32_t n = p->o.members, q = p->terms;
  double *out = p->coefficient + ((ptrdiff_t)k * p->c->choice_count + choice) * q;
  memset(l->normal, 0, (size_t)q * (size_t)q * sizeof *l->normal);
  memset(l->right, 0, (size_t)q * sizeof *l->right);
  for (int32_t m = 0; m < n; m++) {
    const double *b = l->b + (ptrdiff_t)m * q;
    if (!isfinite(l->target[m]))
      return gm_fail(ctx, GM_ENUMERIC, "control: the cost of member %d is not a number", (int)m);
    for (int32_t i = 0; i < q; i++) {
      l->right[i] += b[i] * l->target[m];
      for (int32_t j = 0; j <= i; j++) l->normal[(ptrdiff_t)i * q + j] += b[i] * b[j];
    }
  }
  for (int32_t i = 0; i < q; i++) l->normal[(ptrdiff_t)i * (q + 1)] *= 1 + 1e-9;
  for (int32_t i = 0; i < q; i++) l->normal[(ptrdiff_t)i * (q + 1)] += 1e-9 * n;
  gm_status s = gm_la_cholesky(ctx, q, l->normal, l->normal);
  if (!s) gm_la_solve_cholesky(q, l->normal, l->right, out);
  return s;
}

static gm_status learn_decision(gm_ctx *ctx, learner *l, int32_t k, uint64_t generation)
{
  gm_policy *p = l->p;
  const int32_t n = p->o.members;
  gm_status s = gm_ensemble_observe(l->at[k], ctx, l->y0);
  if (!s) s = one_period(ctx, l, k, generation);
  if (s) return s;
  for (int32_t m = 0; m < n; m++)
    features_of(p, l->y0 + (ptrdiff_t)m * p->ny, l->x + (ptrdiff_t)m * p->d);
  scale_set(p, k, l->x, n);
  for (int32_t m = 0; m < n; m++)
    basis(p, k, l->x + (ptrdiff_t)m * p->d, l->b + (ptrdiff_t)m * p->terms);
  for (int32_t a = 0; a < p->c->choice_count && !s; a++) {
    for (int32_t m = 0; m < n; m++) l->target[m] = cost_to_go(l, k, a, m);
    s = fit(ctx, l, k, a);
  }
  return s;
}

static void defaults_set(gm_value_options *o)
{
  if (o->members == 0) o->members = 4000;
  if (o->replicates == 0) o->replicates = 4;
  if (o->degree == 0) o->degree = 4;
  if (o->rounds == 0) o->rounds = 2;
}

static gm_status options_take(gm_ctx *ctx, gm_policy *p, const gm_value_options *options)
{
  gm_model_info info;
  gm_model_get_info(p->c->system->model, &info);
  p->ny = info.output_count;
  p->np = info.parameter_count;
  if (options) p->o = *options;
  defaults_set(&p->o);
  p->d = p->o.feature ? p->o.feature_count : p->ny;
  if (p->c->risk != GM_RISK_MEAN || p->c->breach)
    return gm_fail(ctx, GM_EUNSUPPORTED,
                   "control: a learned value stands for mean cost; search plans for other risks");
  if (p->d < 1 || p->d > GM_FEATURES_MAX || p->o.degree < 1 || p->o.degree > GM_DEGREE_MAX)
    return gm_fail(ctx, GM_ERANGE, "control: %d features of degree %d", (int)p->d,
                   (int)p->o.degree);
  p->terms = terms_count(p->d, p->o.degree);
  if (p->terms < 0 || p->terms > GM_TERMS_MAX || p->o.members < 2 * p->terms)
    return gm_fail(
        ctx, GM_ERANGE,
        "control: %d features of degree %d make more terms than %d members can tell apart",
        (int)p->d, (int)p->o.degree, (int)p->o.members);
  return GM_OK;
}

static gm_status policy_new(gm_ctx *ctx, const gm_value_options *options, gm_policy *p)
{
  const gm_control *c = p->c;
  gm_status s = options_take(ctx, p, options);
  if (s) return s;
  p->power = gm_alloc(ctx, (ptrdiff_t)p->terms * p->d, 1);
  p->scale = gm_alloc(ctx, (ptrdiff_t)c->decisions * 4 * p->d, sizeof *p->scale);
  p->coefficient =
      gm_alloc(ctx, (ptrdiff_t)c->decisions * c->choice_count * p->terms, sizeof(double));
  if (!p->power || !p->scale || !p->coefficient) return gm_fail(ctx, GM_ENOMEM, "policy");
  terms_fill(p);
  return GM_OK;
}

static gm_status learn_round(gm_ctx *ctx, learner *l, int32_t round, const gm_watch *watch)
{
  const gm_policy *p = l->p;
  gm_status s = explore(ctx, l, round);
  for (int32_t k = p->c->decisions - 1; k >= 0 && !s; k--) {
    s = learn_decision(ctx, l, k, gm_hash64((uint64_t)round, (uint64_t)k));
    gm_watch_progress(watch, "learning a policy",
                      (round + 1 - (double)k / p->c->decisions) / p->o.rounds);
    if (!s && gm_watch_stop(watch)) s = gm_fail(ctx, GM_ECANCELLED, "control: stopped");
  }
  return s;
}

gm_status gm_policy_learn(gm_ctx *ctx, const gm_control *c, const gm_value_options *options,
                          const gm_watch *watch, gm_policy **out)
{
  gm_status s = gm__control_check(ctx, c);
  if (s) return s;
  gm_policy *p = gm_alloc(ctx, 1, sizeof *p);
  learner l = {.p = p};
  if (!p) return gm_fail(ctx, GM_ENOMEM, "policy");
  p->c = c;
  p->discount = 1;
  s = policy_new(ctx, options, p);
  if (!s) s = learner_new(ctx, p, &l);
  for (int32_t round = 0; round < p->o.rounds && !s; round++)
    s = learn_round(ctx, &l, round, watch);
  learner_free(&l);
  if (s)
    gm_policy_free(p);
  else
    *out = p;
  return s;
}

void gm_policy_free(gm_policy *p)
{
  if (!p) return;
  gm__grid_free(p->grid);
  gm_free(p->power);
  gm_free(p->scale);
  gm_free(p->coefficient);
  gm_free(p);
}
