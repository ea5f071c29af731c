/* fit_if2.c - iterated filtering: the likelihood of a model that moves by chance is climbed by
 * particle filters whose unknowns are perturbed less and less (Ionides, Nguyen, Atchade, Stoev &
 * King, PNAS 112:719, 2015, algorithm IF2). Starts run side by side. */
#include "methods/fit.h"
#include "methods/ledger.h"
#include <math.h>
#include <string.h>

typedef struct {
  gm_if2_options o;
  const gm_system *s;
  gm_ctx *ctx;
  int32_t d, worker_count, iteration;
  double *z;                    /* [starts][particles][d] */
  double *sd;                   /* [d] */
  double *trace;                /* [starts][iterations][d + 1], in the order of the starts */
  double *end, *loglik, *error; /* [starts][d], [starts] */
  int64_t *lost;                /* [starts] */
  uint64_t question;            /* hash of all that the iterations depend on, for the ledger */
  int32_t *order;               /* [starts] */
  gm__swarm **swarm, **check;   /* [worker_count] */
} climb;

static gm_status options_take(gm_ctx *ctx, const gm_if2_options *options, gm_if2_options *o)
{
  *o = options ? *options : (gm_if2_options){0};
  if (!o->particles) o->particles = 1000;
  if (!o->iterations) o->iterations = 50;
  if (!o->starts) o->starts = 10;
  if (o->cooling == 0) o->cooling = 0.02;
  if (!o->repeats) o->repeats = 10;
  if (!o->check_particles) o->check_particles = o->particles;
  if (o->particles < 2 || o->iterations < 1 || o->starts < 1 || o->repeats < 2 ||
      o->check_particles < 2)
    return gm_fail(ctx, GM_ERANGE,
                   "iterated filtering: %d particles (2 or more), %d iterations, %d starts, %d "
                   "repeats (2 or more) of %d particles",
                   (int)o->particles, (int)o->iterations, (int)o->starts, (int)o->repeats,
                   (int)o->check_particles);
  if (!(o->cooling > 0 && o->cooling <= 1))
    return gm_fail(ctx, GM_ERANGE, "iterated filtering: cooling %g, expected in (0, 1]",
                   o->cooling);
  return GM_OK;
}

static gm_status climb_open(climb *c)
{
  const ptrdiff_t n = c->o.starts, d = c->d;
  c->worker_count = gm_pool_workers(c->s->pool);
  c->z = gm_alloc(c->ctx, n * c->o.particles * d, sizeof *c->z);
  c->sd = gm_alloc(c->ctx, d, sizeof *c->sd);
  c->trace = gm_alloc(c->ctx, n * c->o.iterations * (d + 1), sizeof *c->trace);
  c->end = gm_alloc(c->ctx, n * (d + 2), sizeof *c->end);
  c->lost = gm_alloc(c->ctx, n, sizeof *c->lost);
  c->order = gm_alloc(c->ctx, n, sizeof *c->order);
  c->swarm = gm_alloc(c->ctx, c->worker_count, sizeof(gm__swarm *));
  c->check = gm_alloc(c->ctx, c->worker_count, sizeof(gm__swarm *));
  if (!c->z || !c->sd || !c->trace || !c->end || !c->lost || !c->order || !c->swarm || !c->check)
    return gm_fail(c->ctx, GM_ENOMEM, "%d starts of iterated filtering", (int)n);
  c->loglik = c->end + n * d;
  c->error = c->loglik + n;
  return GM_OK;
}

static void climb_close(climb *c)
{
  for (int32_t i = 0; i < c->worker_count; i++) {
    if (c->swarm) gm__swarm_free(c->swarm[i]);
    if (c->check) gm__swarm_free(c->check[i]);
  }
  gm_free(c->z);
  gm_free(c->sd);
  gm_free(c->trace);
  gm_free(c->end);
  gm_free(c->lost);
  gm_free(c->order);
  gm_free(c->swarm);
  gm_free(c->check);
}

/* All particles of a start begin at its point. */
static gm_status begin(climb *c)
{
  const gm_system *s = c->s;
  const size_t bytes = (size_t)c->d * sizeof(double);
  int32_t times = 0;
  for (int32_t i = 0; i < s->reading_count; i++)
    times += !i || s->reading[i].t > s->reading[i - 1].t;
  for (int32_t i = 0; i < c->d; i++) {
    c->sd[i] = c->o.sd ? c->o.sd[i] : 0.5 / sqrt(times);
    if (!(c->sd[i] >= 0 && isfinite(c->sd[i])))
      return gm_fail(c->ctx, GM_ERANGE, "iterated filtering: sd %g of unknown %d, expected >= 0",
                     c->sd[i], (int)i);
  }
  if (c->o.start) {
    memcpy(c->end, c->o.start, (size_t)c->o.starts * bytes);
  } else {
    gm_key key = gm_system_key(s, GM_PURPOSE_SEARCH, c->o.replicate);
    gm_system_prior_draw(s, key, c->o.starts, c->end);
  }
  for (ptrdiff_t k = 0; k < c->o.starts; k++)
    for (ptrdiff_t m = 0; m < c->o.particles; m++)
      memcpy(c->z + (k * c->o.particles + m) * c->d, c->end + k * c->d, bytes);
  return GM_OK;
}

static void question_set(climb *c)
{
  const size_t d = (size_t)c->d, n = (size_t)c->o.starts;
  uint64_t number[] = {n,
                       (uint64_t)c->o.particles,
                       (uint64_t)c->o.iterations,
                       (uint64_t)c->o.repeats,
                       (uint64_t)c->o.check_particles,
                       c->o.replicate,
                       gm_checksum(&c->o.cooling, sizeof c->o.cooling),
                       gm_checksum(c->end, n * d * sizeof *c->end),
                       gm_checksum(c->sd, d * sizeof *c->sd),
                       c->o.initial ? gm_checksum(c->o.initial, d * sizeof *c->o.initial) : 0};
  c->question = gm_checksum(number, sizeof number);
}

/* One iteration of one start: a sweep from where the swarm is. */
static gm_status start_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  climb *c = user;
  const ptrdiff_t d = c->d, n = c->o.particles;
  gm_status st = GM_OK;
  if (!c->swarm[worker]) st = gm__swarm_new(ctx, c->s, c->o.particles, &c->swarm[worker]);
  if (st) return st;
  gm__swarm *w = c->swarm[worker];
  double *z = c->z + task * n * d, *mean = c->end + task * d;
  memcpy(w->z, z, (size_t)(n * d) * sizeof *z);
  double m = c->o.iterations;
  gm__shake shake = {c->sd, c->o.initial, pow(c->o.cooling, c->iteration / m),
                     pow(c->o.cooling, (c->iteration + 1) / m)};
  uint64_t number = gm_hash64(gm_hash64(c->o.replicate, (uint64_t)task), (uint64_t)c->iteration);
  double *trace = c->trace + ((ptrdiff_t)task * c->o.iterations + c->iteration) * (d + 1);
  st = gm__swarm_sweep(w, ctx, &shake, number, &trace[d], &c->lost[task]);
  if (st) return st;
  memcpy(z, w->z, (size_t)(n * d) * sizeof *z);
  memset(mean, 0, (size_t)d * sizeof *mean);
  for (ptrdiff_t k = 0; k < n; k++)
    for (ptrdiff_t i = 0; i < d; i++) mean[i] += z[k * d + i] / (double)n;
  memcpy(trace, mean, (size_t)d * sizeof *mean);
  return GM_OK;
}

/* One iteration of all starts, by work or from the ledger. */
static gm_status iterate(climb *c)
{
  const size_t d = (size_t)c->d, n = (size_t)c->o.starts;
  const gm__piece piece[] = {
      {c->z, n * (size_t)c->o.particles * d * sizeof *c->z},
      {c->end, n * d * sizeof *c->end},
      {c->trace, n * (size_t)c->o.iterations * (d + 1) * sizeof *c->trace},
      {c->lost, n * sizeof *c->lost},
  };
  uint64_t question = gm_hash64(c->question, (uint64_t)c->iteration);
  bool found;
  gm_status st = gm__ledger_take(c->o.ledger, c->ctx, GM__ASKED_SWARM, question, piece, 4, &found);
  if (!st && !found) {
    st = gm_pool_run(c->s->pool, c->ctx, c->o.starts, start_task, c);
    if (!st) st = gm__ledger_keep(c->o.ledger, c->ctx, GM__ASKED_SWARM, question, piece, 4);
  }
  c->iteration++;
  return st;
}

/* Likelihood of the ends: repeated filters without perturbation, with draws of their own. */
static gm_status check_ends(climb *c)
{
  const ptrdiff_t d = c->d, all = (ptrdiff_t)c->o.starts * c->o.repeats;
  double *z = gm_alloc(c->ctx, all * (d + 1), sizeof *z);
  uint64_t *replicate = gm_alloc(c->ctx, all, sizeof *replicate);
  gm_status st = z && replicate ? GM_OK : gm_fail(c->ctx, GM_ENOMEM, "iterated filtering");
  for (ptrdiff_t k = 0; k < all && !st; k++) {
    memcpy(z + k * d, c->end + k / c->o.repeats * d, (size_t)d * sizeof *z);
    replicate[k] = (uint64_t)k;
  }
  double *ll = z ? z + all * d : NULL;
  uint64_t family = gm_hash64(c->o.replicate, UINT64_C(0xc4ec)); /* apart from the iterations */
  const gm__piece piece = {ll, (size_t)all * sizeof *ll};
  /* stopped: these are not the ends that the ledger goes on to */
  uint64_t question = gm_hash64(c->question, (uint64_t)c->iteration);
  gm_ledger *ledger = c->iteration < c->o.iterations ? NULL : c->o.ledger;
  bool found = false;
  if (!st) st = gm__ledger_take(ledger, c->ctx, GM__ASKED_LOGLIK, question, &piece, 1, &found);
  if (!st && !found) {
    st = gm__fit_loglik(c->s, c->ctx, c->check, c->o.check_particles, family, (int32_t)all, z,
                        replicate, ll);
    if (!st) st = gm__ledger_keep(ledger, c->ctx, GM__ASKED_LOGLIK, question, &piece, 1);
  }
  for (ptrdiff_t k = 0; k < c->o.starts && !st; k++)
    c->loglik[k] = gm_log_mean_exp(c->o.repeats, ll + k * c->o.repeats, &c->error[k]);
  gm_free(z);
  gm_free(replicate);
  return st;
}

static void order_ends(climb *c)
{
  for (int32_t k = 0; k < c->o.starts; k++) {
    int32_t at = k;
    for (; at > 0 && c->loglik[c->order[at - 1]] < c->loglik[k]; at--)
      c->order[at] = c->order[at - 1];
    c->order[at] = k;
  }
}

static const char *verdict_of(const gm_if2 *r)
{
  if (r->cancelled) return "stopped before its end";
  if (!isfinite(r->loglik[0])) return "failed: no end can have given the data";
  if (!(r->loglik_error[0] < 1)) return "not to be trusted: the likelihood is too noisy";
  if (r->starts > 1 && r->agree < 2) return "not to be trusted: one start alone found the best end";
  return r->starts > 1 ? "starts agree" : "one start: nothing to compare with";
}

static gm_status result(climb *c, gm_if2 **out)
{
  const ptrdiff_t d = c->d, n = c->o.starts, wide = c->iteration * (d + 1);
  gm_if2 *r = gm_alloc(c->ctx, 1, sizeof *r);
  if (!r) return gm_fail(c->ctx, GM_ENOMEM, "iterated filtering");
  *r = (gm_if2){.starts = c->o.starts, .dim = c->d, .iterations = c->iteration};
  r->z = gm_alloc(c->ctx, n * d, sizeof *r->z);
  r->loglik = gm_alloc(c->ctx, n, sizeof *r->loglik);
  r->loglik_error = gm_alloc(c->ctx, n, sizeof *r->loglik_error);
  r->trace = gm_alloc(c->ctx, n * wide, sizeof *r->trace);
  r->from = gm_alloc(c->ctx, n, sizeof *r->from);
  if (!r->z || !r->loglik || !r->loglik_error || !r->trace || !r->from) {
    gm_if2_free(r);
    return gm_fail(c->ctx, GM_ENOMEM, "iterated filtering");
  }
  for (ptrdiff_t k = 0; k < n; k++) {
    ptrdiff_t from = c->order[k];
    r->from[k] = (int32_t)from;
    memcpy(r->z + k * d, c->end + from * d, (size_t)d * sizeof *r->z);
    r->loglik[k] = c->loglik[from];
    r->loglik_error[k] = c->error[from];
    memcpy(r->trace + k * wide, c->trace + from * c->o.iterations * (d + 1),
           (size_t)wide * sizeof *r->trace);
    r->lost += c->lost[from];
    double error =
        sqrt(r->loglik_error[0] * r->loglik_error[0] + r->loglik_error[k] * r->loglik_error[k]);
    r->agree += r->loglik[0] - r->loglik[k] <= 2 * error + 0.5;
  }
  r->cancelled = c->iteration < c->o.iterations;
  r->verdict = verdict_of(r);
  *out = r;
  return GM_OK;
}

gm_status gm_if2_run(gm_ctx *ctx, const gm_system *s, const gm_if2_options *options, gm_if2 **out)
{
  climb c = {.s = s, .ctx = ctx};
  gm_status st = gm__fit_check(ctx, s, "iterated filtering");
  if (!st) st = options_take(ctx, options, &c.o);
  if (st) return st;
  c.d = s->unknown_count;
  st = climb_open(&c);
  if (!st) st = begin(&c);
  if (!st) question_set(&c);
  while (!st && c.iteration < c.o.iterations && !gm_watch_stop(c.o.watch)) {
    st = iterate(&c);
    gm_watch_progress(c.o.watch, "iterated filtering", (double)c.iteration / c.o.iterations);
  }
  if (!st && !c.iteration)
    st = gm_fail(ctx, GM_ECANCELLED, "iterated filtering: stopped before an iteration");
  if (!st) st = check_ends(&c);
  if (!st) {
    order_ends(&c);
    st = result(&c, out);
  }
  climb_close(&c);
  return st;
}

void gm_if2_free(gm_if2 *r)
{
  if (!r) return;
  gm_free(r->z);
  gm_free(r->loglik);
  gm_free(r->loglik_error);
  gm_free(r->trace);
  gm_free(r->from);
  gm_free(r);
}
