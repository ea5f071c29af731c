/* paths.c - belief of one subject under a model that moves by chance: data taken one time after the
 * other by members that are coordinates and paths. */
#include "methods/paths.h"
#include "gemel/math.h"
#include "methods/infer_posterior.h"
#include "num/linalg.h"
#include "num/stats.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { MEMBERS_USUAL = 1000, MEMBERS_MAX = 10000000, HALVINGS = 40 };
/* Members are copied when the effective share falls below `share_least`; a time that would leave
 * less than `share_poor` is taken in parts. */
static const double share_least = 0.5, share_poor = 0.15;

/* ---- memory ---------------------------------------------------------------------------------- */
void gm_lineage_free(gm_lineage *l)
{
  if (!l) return;
  gm_free(l->renewal_t);
  gm_free(l->slot);
  gm_free(l);
}

static gm_status lineage_alloc(gm_ctx *ctx, int32_t n, int32_t renewals, gm_lineage *l)
{
  *l = (gm_lineage){.n = n, .renewal_count = renewals};
  l->renewal_t = gm_alloc(ctx, renewals, sizeof *l->renewal_t);
  l->slot = gm_alloc(ctx, (ptrdiff_t)(renewals + 1) * n, sizeof *l->slot);
  return l->renewal_t && l->slot ? GM_OK : gm_fail(ctx, GM_ENOMEM, "paths of %d members", (int)n);
}

static void paths_free(gm__paths *s)
{
  gm_free(s->now.renewal_t);
  gm_free(s->now.slot);
  gm_free(s->next.renewal_t);
  gm_free(s->next.slot);
  gm_free(s->first);
  gm_free(s->ancestor);
  gm_free(s->eve);
  gm_free(s->eve_next);
  gm_free(s->factor); /* and all numbers behind it */
}

static gm_status paths_alloc(gm__paths *s)
{
  ptrdiff_t n = s->n, d = s->d, data = s->p->datum_count;
  s->first = gm_alloc(s->ctx, s->groups + 1, sizeof *s->first);
  s->ancestor = gm_alloc(s->ctx, n, sizeof *s->ancestor);
  s->eve = gm_alloc(s->ctx, n, sizeof *s->eve);
  s->eve_next = gm_alloc(s->ctx, n, sizeof *s->eve_next);
  double *a = gm_alloc(s->ctx, 3 * d * d + 3 * n * d + 2 * n * data + 2 * n, sizeof *a);
  s->factor = a;
  if (!s->first || !s->ancestor || !s->eve || !s->eve_next || !a)
    return gm_fail(s->ctx, GM_ENOMEM, "paths of %d members, %d data", (int)n, (int)data);
  s->cov = a + d * d;
  s->step = s->cov + d * d;
  s->u = s->step + d * d;
  s->u_new = s->u + n * d;
  s->z = s->u_new + n * d;
  s->f = s->z + n * d;
  s->f_new = s->f + n * data;
  s->log_w = s->f_new + n * data;
  s->w = s->log_w + n;
  gm_status st = lineage_alloc(s->ctx, s->n, s->groups, &s->now);
  return st ? st : lineage_alloc(s->ctx, s->n, s->groups, &s->next);
}

/* Draws of the prior, each with a slot of its own for all segments. */
static gm_status paths_begin(gm__paths *s)
{
  const gm_path_problem *p = s->p;
  gm_key prior = s->key;
  s->now.key = s->next.key = s->key;
  s->now.key.v[1] = s->next.key.v[1] = GM_PURPOSE_INTRINSIC;
  prior.v[1] = GM_PURPOSE_PRIOR;
  gm_status st = s->d ? gm_la_cholesky(s->ctx, s->d, p->prior_covariance, s->factor) : GM_OK;
  if (st) return gm_fail_at(s->ctx, st, "covariance of the prior");
  for (int32_t g = 0, j = 0; g < s->groups; g++) {
    s->first[g] = j;
    s->now.renewal_t[g] = s->next.renewal_t[g] = p->datum[j].t;
    while (j < p->datum_count && p->datum[j].t == s->now.renewal_t[g]) j++;
    s->first[g + 1] = j;
  }
  for (int32_t m = 0; m < s->n; m++) {
    s->eve[m] = m;
    for (int32_t i = 0; i < s->d; i++)
      s->u[(ptrdiff_t)m * s->d + i] =
          gm_normal(prior, (uint64_t)m, 0, gm_kind_draw(1, 0), (uint64_t)i);
    for (int32_t g = 0; g <= s->groups; g++) s->now.slot[(ptrdiff_t)g * s->n + m] = (uint64_t)m;
  }
  return GM_OK;
}

/* ---- predictions ----------------------------------------------------------------------------- */
static void to_z(const gm__paths *s, const double *u, double *z)
{
  for (int32_t m = 0; m < s->n; m++)
    gm_la_mul_vec(s->d, s->d, s->factor, u + (ptrdiff_t)m * s->d, z + (ptrdiff_t)m * s->d);
}

/* Rows of slots that repeat the row before bring no renewal: they are left out. */
static void lineage_pack(const gm_lineage *from, gm_lineage *to)
{
  size_t row = (size_t)from->n * sizeof *from->slot;
  int32_t kept = 0;
  memmove(to->slot, from->slot, row);
  for (int32_t i = 0; i < from->renewal_count; i++) {
    const uint64_t *next = from->slot + (ptrdiff_t)(i + 1) * from->n;
    if (!memcmp(next, to->slot + (ptrdiff_t)kept * from->n, row)) continue;
    to->renewal_t[kept++] = from->renewal_t[i];
    memmove(to->slot + (ptrdiff_t)kept * from->n, next, row);
  }
  to->key = from->key;
  to->n = from->n;
  to->renewal_count = kept;
}

gm_status gm__paths_predict(gm__paths *s, const gm_lineage *slots, const double *u, double *f)
{
  gm_lineage packed = {0};
  if (gm_watch_stop(s->watch)) return gm_fail(s->ctx, GM_ECANCELLED, "learning stopped");
  gm_status st = lineage_alloc(s->ctx, s->n, slots->renewal_count, &packed);
  if (!st) {
    to_z(s, u, s->z);
    lineage_pack(slots, &packed);
    st = s->p->predict(s->p->user, s->ctx, &packed, s->z, f);
  }
  gm_free(packed.renewal_t);
  gm_free(packed.slot);
  return st;
}

double gm__paths_loglik(const gm__paths *s, const double *f, int32_t g)
{
  double sum = 0;
  for (int32_t j = s->first[g]; j < s->first[g + 1]; j++)
    sum += gm_datum_loglik(&s->p->datum[j], f[j]);
  return sum;
}

/* ---- one time after the other ---------------------------------------------------------------- */
/* Where the datum lies under the members' mixture: of a count, anywhere between P(Y < value) and
 * P(Y <= value), by a draw (Czado, Gneiting & Held, Biometrics 65:1254, 2009). */
static double chance_of(const gm__paths *s, int32_t j, double upto, double below)
{
  gm_key key = s->key;
  key.v[1] = GM_PURPOSE_MEASUREMENT;
  if (!s->p->datum[j].count) return upto;
  return below + gm_uniform(key, 0, 0, gm_kind_draw(7, 0), (uint64_t)j) * (upto - below);
}

/* How far the nearest member is from the datum, in standard deviations: a value that falls between
 * members all of which are far is no likely one, wherever its place among them. */
static double distance(const gm_datum *d, double f)
{
  double mean, sd = gm_datum_sd(d, f);
  if (d->count) gm_datum_moments(d, f, &mean, &sd);
  double r = d->count ? d->value - mean : d->log_scale ? gm_ln(d->value / f) : d->value - f;
  return d->count ? fmax(0, fabs(r) - 0.5) / sd : fabs(r) / sd;
}

static void innovation_of(const gm__paths *s, int32_t j, gm_innovation *out)
{
  const gm_datum *d = &s->p->datum[j];
  double mean = 0, upto = 0, below = 0, weight = 0, nearest = INFINITY;
  for (int32_t m = 0; m < s->n; m++) {
    double f = s->f[(ptrdiff_t)m * s->p->datum_count + j], under = 0;
    if (!isfinite(f) || !(s->w[m] > 0)) continue;
    mean += s->w[m] * f;
    upto += s->w[m] * gm_datum_cdf(d, f, d->value, &under);
    below += s->w[m] * under;
    weight += s->w[m];
    if (!d->censored) nearest = fmin(nearest, distance(d, f));
  }
  double pit = chance_of(s, j, upto / weight, below / weight);
  out->mean = mean / weight;
  out->score = gm_norm_quantile(fmin(fmax(pit, 1e-16), 1 - 1e-16));
  if (isfinite(nearest) && nearest > fabs(out->score)) out->score = copysign(nearest, out->score);
  if (d->censored) out->score = NAN;
  out->ess = gm_stats_ess(s->n, s->w);
}

/* The weights hear of datum j, so that the next one of its time is judged by what it leaves. */
static void weights_hear(gm__paths *s, int32_t j)
{
  double top = -INFINITY, sum = 0;
  const gm_datum *d = &s->p->datum[j];
  for (int32_t m = 0; m < s->n; m++)
    if (s->w[m] > 0)
      top = fmax(top, gm_datum_loglik(d, s->f[(ptrdiff_t)m * s->p->datum_count + j]));
  if (!(top > -INFINITY)) return;
  for (int32_t m = 0; m < s->n; m++) {
    double l = gm_datum_loglik(d, s->f[(ptrdiff_t)m * s->p->datum_count + j]);
    s->w[m] *= gm_exp(l - top);
    sum += s->w[m];
  }
  for (int32_t m = 0; m < s->n; m++) s->w[m] /= sum;
}

static gm_status innovations(gm__paths *s, int32_t g, gm_innovation *out)
{
  gm_status st = gm_stats_normalise_log(s->ctx, s->n, s->log_w, s->w, NULL);
  for (int32_t j = s->first[g]; j < s->first[g + 1] && !st; j++) {
    innovation_of(s, j, &out[j]);
    weights_hear(s, j);
  }
  return st;
}

/* Effective share when group g comes in with this power; the weights stay in s->w. */
static double share_with(gm__paths *s, int32_t g, double power)
{
  double top = -INFINITY, sum = 0, square = 0;
  for (int32_t m = 0; m < s->n; m++) {
    double l = gm__paths_loglik(s, s->f + (ptrdiff_t)m * s->p->datum_count, g);
    s->w[m] = power > 0 ? s->log_w[m] + power * l : s->log_w[m];
    top = fmax(top, s->w[m]);
  }
  for (int32_t m = 0; m < s->n && top > -INFINITY; m++) {
    double e = gm_exp(s->w[m] - top);
    sum += e;
    square += e * e;
  }
  return square > 0 ? sum * sum / square / s->n : 0;
}

/* Closes a stage: what its weights add to the evidence. */
static gm_status stage_close(gm__paths *s)
{
  double log_sum;
  gm_status st = gm_stats_normalise_log(s->ctx, s->n, s->log_w, s->w, &log_sum);
  if (st) return st;
  s->log_evidence += log_sum - gm_ln(s->n);
  return GM_OK;
}

static gm_status impossible(const gm__paths *s, int32_t g)
{
  return gm_fail(s->ctx, GM_ENUMERIC,
                 "no member of the population can have given the data at time %g; values and error "
                 "model should be checked",
                 s->p->datum[s->first[g]].t);
}

/* The largest part of group `done` that leaves share_least, then copies and moves. */
static gm_status part_take(gm__paths *s)
{
  double low = 0, high = 1 - s->power;
  for (int i = 0; i < HALVINGS; i++) {
    double half = 0.5 * (low + high);
    if (share_with(s, s->done, half) >= share_least)
      low = half;
    else
      high = half;
  }
  /* a share that no power reaches: most members are impossible, the rest is copied */
  double part = low > 1e-9 ? low : high;
  if (share_with(s, s->done, part) <= 0) return impossible(s, s->done);
  memcpy(s->log_w, s->w, (size_t)s->n * sizeof *s->w);
  s->power += part;
  gm_status st = stage_close(s);
  return st ? st : gm__paths_renew(s);
}

static gm_status group_take(gm__paths *s, gm_innovation *innovation)
{
  gm_status st = innovation ? innovations(s, s->done, innovation) : GM_OK;
  while (!st) {
    double share = share_with(s, s->done, 1 - s->power);
    if (share >= share_poor) {
      memcpy(s->log_w, s->w, (size_t)s->n * sizeof *s->w);
      s->done++;
      s->power = 0;
      if (share >= share_least || s->done == s->groups) return GM_OK;
      st = stage_close(s);
      return st ? st : gm__paths_renew(s);
    }
    if (s->stages >= 500) return impossible(s, s->done);
    st = part_take(s);
  }
  return st;
}

/* ---- result ---------------------------------------------------------------------------------- */
/* Chance that two members drawn by their weights descend from one member of the start: they share
 * its luck, and moves part them slowly (Chan & Lai, Ann Stat 41:2877, 2013; Lee & Whiteley,
 * Biometrika 105:609, 2018). Without resampling it is the sum of squared weights. */
static double kinship(gm__paths *s)
{
  double *share = s->log_w, same = 0;
  memset(share, 0, (size_t)s->n * sizeof *share);
  for (int32_t m = 0; m < s->n; m++) share[s->eve[m]] += s->w[m];
  for (int32_t m = 0; m < s->n; m++) same += share[m] * share[m];
  return same;
}

/* Lee & Whiteley: the chance of strangers, made up for the draws, estimates (evidence/estimate)^2,
 * for a lognormal error exp(-sd^2). Not taken below 1/n: all are kin, and nothing is known. */
static double evidence_sd(const gm__paths *s, double same)
{
  double n = s->n;
  if (s->n < 2) return 0;
  double others = (1 - same) * gm_exp((s->stages + 1) * gm_ln(n / (n - 1)));
  return sqrt(-gm_ln(fmin(fmax(others, 1 / n), 1)));
}

static gm_status members_make(gm__paths *s, gm_members **out)
{
  ptrdiff_t data = s->p->datum_count, cells = (ptrdiff_t)s->n * (s->d + 1 + data);
  gm_members *m = gm_alloc(s->ctx, 1, sizeof *m + (size_t)cells * sizeof(double));
  if (!m) return gm_fail(s->ctx, GM_ENOMEM, "%d members", (int)s->n);
  m->n = s->n;
  m->dim = s->d;
  m->z = (double *)(m + 1);
  m->weight = m->z + (ptrdiff_t)s->n * s->d;
  m->f = m->weight + s->n;
  to_z(s, s->u, m->z);
  memcpy(m->f, s->f, (size_t)(s->n * data) * sizeof *m->f);
  gm_status st = stage_close(s);
  memcpy(m->weight, s->w, (size_t)s->n * sizeof *m->weight);
  m->ess_raw = st ? 0 : gm_stats_ess(s->n, m->weight);
  double same = st ? 1 : kinship(s);
  m->ess = s->d && !s->p->certain ? 1 / same : m->ess_raw;
  m->khat = NAN;
  m->log_evidence = s->p->datum_count ? s->log_evidence : 0;
  m->log_evidence_sd = s->p->datum_count ? evidence_sd(s, same) : 0;
  m->stages = s->stages;
  m->acceptance = s->proposed > 0 ? s->accepted / s->proposed : NAN;
  m->method = s->p->datum_count ? "paths by sequential Monte Carlo with moves" : "prior draws";
  *out = m;
  return st;
}

static gm_status lineage_make(gm__paths *s, gm_lineage **out)
{
  gm_lineage *l = gm_alloc(s->ctx, 1, sizeof *l);
  if (!l) return gm_fail(s->ctx, GM_ENOMEM, "paths");
  gm_status st = lineage_alloc(s->ctx, s->n, s->groups, l);
  if (!st) lineage_pack(&s->now, l);
  if (st) {
    gm_lineage_free(l);
    return st;
  }
  *out = l;
  return GM_OK;
}

/* The last datum of a run leaves the copying to whoever goes on. */
static gm_status share_restore(gm__paths *s)
{
  if (!s->done || share_with(s, s->done, 0) >= share_least) return GM_OK;
  gm_status st = stage_close(s);
  return st ? st : gm__paths_renew(s);
}

/* From the start, or from where an earlier run had come to. */
static gm_status paths_start(gm__paths *s, gm_innovation *innovation)
{
  const gm_path_problem *p = s->p;
  gm_status st = paths_alloc(s);
  if (!st) st = paths_begin(s);
  if (st) return st;
  bool on = p->resume && gm__paths_load(s, p->resume, p->resume_bytes, innovation);
  if (p->resumed) *p->resumed = on;
  st = gm__paths_predict(s, &s->now, s->u, s->f);
  return !st && on && s->done < s->groups ? share_restore(s) : st;
}

static gm_status paths_run(gm__paths *s, gm_innovation *innovation)
{
  gm_text *saved = s->p->saved;
  gm_status st = paths_start(s, innovation);
  while (!st && s->done < s->groups) {
    st = group_take(s, innovation);
    gm_watch_progress(s->watch, "learning paths", (double)s->done / s->groups);
  }
  if (st || !saved || !innovation) return st;
  gm__paths_save(s, innovation, saved);
  return saved->status ? gm_fail(s->ctx, saved->status, "paths") : GM_OK;
}

static gm_status problem_check(gm_ctx *ctx, const gm_path_problem *p, int32_t members)
{
  gm_status st = GM_OK;
  if (members < 1 || members > MEMBERS_MAX)
    return gm_fail(ctx, GM_ERANGE, "%d members, expected 1 to %d", (int)members, MEMBERS_MAX);
  for (int32_t j = 0; j < p->datum_count && !st; j++) st = gm__datum_check(ctx, j, &p->datum[j]);
  return st;
}

static int32_t groups_of(const gm_path_problem *p)
{
  int32_t groups = 0;
  for (int32_t j = 0; j < p->datum_count; j++)
    groups += j == 0 || p->datum[j].t != p->datum[j - 1].t;
  return groups;
}

gm_status gm_members_paths(gm_ctx *ctx, const gm_path_problem *p, const gm_members_options *options,
                           const gm_watch *watch, gm_innovation *innovation, gm_members **out,
                           gm_lineage **lineage)
{
  assert(ctx && p && p->predict && out && lineage);
  gm_members_options o = options ? *options : (gm_members_options){0};
  if (o.n == 0) o.n = MEMBERS_USUAL;
  if (p->resume && gm__paths_saved_members(p->resume, p->resume_bytes) > 0)
    o.n = gm__paths_saved_members(p->resume, p->resume_bytes);
  gm__paths s = {.ctx = ctx, .p = p, .watch = watch, .key = o.key, .n = o.n, .d = p->dim};
  s.scale = 1;
  s.groups = groups_of(p);
  gm_members *m = NULL;
  gm_status st = problem_check(ctx, p, o.n);
  if (!st) st = paths_run(&s, innovation);
  if (!st) st = members_make(&s, &m);
  if (!st) st = lineage_make(&s, lineage);
  paths_free(&s);
  if (st) {
    gm_members_free(m);
    return st;
  }
  *out = m;
  return GM_OK;
}
