/* fit_slopes.c - runs with tangents, eight points a task, and what each reading's density makes of
 * them. More unknowns than directions: several runs of the same points. */
#include "methods/fit_slopes.h"
#include "gemel/math.h"
#include "methods/fit.h"
#include "num/distribution.h"
#include <math.h>
#include <string.h>

enum { BLOCK = 8 };

struct gm__slopes {
  const gm_system *s;
  gm_ctx *ctx;
  int32_t nd, d, np, nx, ny, time_count, edge_count, worker_count;
  const double *time;
  gm_work **work;   /* [worker_count] made when needed */
  gm_arena **arena; /* likewise */
};

/* What is wanted of n points. */
typedef struct {
  gm__slopes *p;
  int32_t n;
  const double *z;
  double *ll, *g;  /* gradient */
  double *r, *jac; /* or these */
} wanted;

/* Scratch of a block and the directions first .. first + nd - 1 that it carries. */
typedef struct {
  int32_t first, nd, n;
  double *x, *xd, *theta, *thetad, *y, *yd;
  double *switched;               /* [np] parameters of one member on their way through the edges */
  double *last, *last_d, *last_t; /* [sensors], [sensors][nd], [sensors] */
  double *lp, *work, *theta_ll, *memory_r, *memory_t;
  gm_span *span;
  gm_key *key;
  int8_t *status;
} bench;

/* ---- making ---------------------------------------------------------------------------------- */
bool gm__slopes_possible(const gm_system *s)
{
  for (int32_t i = 0; i < s->reading_count; i++) {
    const gm_reading *r = &s->reading[i];
    gm_sense_law law = s->sensor[r->sensor].law;
    bool normal = law == GM_SENSE_NORMAL || law == GM_SENSE_LOGNORMAL;
    if (law == GM_SENSE_OWN || law == GM_SENSE_BINOMIAL || (r->censored && !normal)) return false;
  }
  return true;
}

gm_status gm__slopes_new(gm_ctx *ctx, const gm_system *s, int32_t directions, int32_t time_count,
                         const double *time, gm__slopes **out)
{
  gm_model_info info;
  gm__slopes *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "tangents of a fit");
  gm_model_get_info(s->model, &info);
  *p = (gm__slopes){.s = s,
                    .ctx = ctx,
                    .nd = directions < s->unknown_count ? directions : s->unknown_count,
                    .d = s->unknown_count,
                    .np = info.parameter_count,
                    .nx = info.state_count,
                    .ny = info.output_count,
                    .time_count = time_count,
                    .time = time,
                    .worker_count = gm_pool_workers(s->pool)};
  while (s->drive && p->edge_count < s->drive->edge_count &&
         s->drive->edge[p->edge_count].t <= time[time_count - 1])
    p->edge_count++;
  p->work = gm_alloc(ctx, p->worker_count, sizeof(gm_work *));
  p->arena = gm_alloc(ctx, p->worker_count, sizeof(gm_arena *));
  if (!p->work || !p->arena) {
    gm__slopes_free(p);
    return gm_fail(ctx, GM_ENOMEM, "tangents of a fit");
  }
  *out = p;
  return GM_OK;
}

void gm__slopes_free(gm__slopes *p)
{
  if (!p) return;
  for (int32_t i = 0; i < p->worker_count; i++) {
    if (p->work && p->work[i]) p->s->model->type->work_free(p->work[i]);
    if (p->arena) gm_arena_free(p->arena[i]);
  }
  gm_free(p->work);
  gm_free(p->arena);
  gm_free(p);
}

static gm_status worker_begin(gm__slopes *p, gm_ctx *ctx, int32_t worker)
{
  gm_status st = GM_OK;
  if (!p->arena[worker]) st = gm_arena_new(ctx, 1 << 18, &p->arena[worker]);
  if (!st && !p->work[worker]) st = p->s->model->type->work_new(p->s->model, ctx, &p->work[worker]);
  return st;
}

static bool bench_get(const gm__slopes *p, gm_arena *a, bench *b)
{
  const ptrdiff_t nd = p->nd, values = (ptrdiff_t)p->time_count * p->ny * BLOCK;
  const ptrdiff_t sensors = p->s->sensor_count, states = (ptrdiff_t)p->nx * BLOCK;
  const ptrdiff_t parameters = (ptrdiff_t)p->np * BLOCK;
  struct {
    double **to;
    ptrdiff_t count;
  } part[] = {
      {&b->x, states},
      {&b->xd, states * nd},
      {&b->theta, parameters},
      {&b->thetad, parameters * nd},
      {&b->theta_ll, parameters},
      {&b->switched, p->np},
      {&b->y, values},
      {&b->yd, values * nd},
      {&b->last, sensors},
      {&b->last_d, sensors * nd},
      {&b->last_t, sensors},
      {&b->memory_r, sensors * BLOCK},
      {&b->memory_t, sensors},
      {&b->lp, BLOCK},
      {&b->work, BLOCK},
  };
  enum { PARTS = sizeof part / sizeof *part };
  ptrdiff_t all = 0;
  for (int i = 0; i < PARTS; i++) all += part[i].count;
  double *at = gm_arena_get(a, all, sizeof *at);
  b->span = gm_arena_get(a, BLOCK, sizeof(gm_span));
  b->key = gm_arena_get(a, BLOCK, sizeof(gm_key));
  b->status = gm_arena_get(a, BLOCK, 1);
  for (int i = 0; i < PARTS && at; i++, at += part[i - 1].count) *part[i].to = at;
  return at && b->span && b->key && b->status;
}

/* ---- runs ------------------------------------------------------------------------------------ */
/* d parameter / d coordinate. */
static double parameter_slope(const gm_unknown *u, double z)
{
  double share;
  switch (u->law) {
  case GM_PRIOR_NORMAL: return u->spread;
  case GM_PRIOR_LOGNORMAL: return u->spread * gm_unknown_value(u, z);
  case GM_PRIOR_LOGIT:
    share = 1 / (1 + gm_exp(-(u->center + u->spread * z)));
    return (u->upper - u->lower) * share * (1 - share) * u->spread;
  case GM_PRIOR_UNIFORM: return (u->upper - u->lower) * gm_exp(gm_dist_normal_log_pdf(z));
  }
  return NAN;
}

static void block_fill(const gm__slopes *p, const double *z, bench *b)
{
  const gm_system *s = p->s;
  const ptrdiff_t values = (ptrdiff_t)p->time_count * p->ny;
  double point[BLOCK * GM_UNKNOWN_MAX];
  for (int32_t m = 0; m < BLOCK; m++) /* places without a point hold the first */
    memcpy(point + (ptrdiff_t)m * p->d, z + (ptrdiff_t)(m < b->n ? m : 0) * p->d,
           (size_t)p->d * sizeof *z);
  gm_system_theta(s, BLOCK, point, b->theta);
  memset(b->thetad, 0, (size_t)p->np * BLOCK * (size_t)p->nd * sizeof *b->thetad);
  for (int32_t k = 0; k < b->nd; k++) {
    const gm_unknown *u = &s->unknown[b->first + k];
    for (int32_t m = 0; m < BLOCK; m++)
      b->thetad[((ptrdiff_t)k * p->np + u->parameter) * BLOCK + m] =
          parameter_slope(u, point[(ptrdiff_t)m * p->d + b->first + k]);
  }
  for (int32_t m = 0; m < BLOCK; m++) {
    bool used = m < b->n;
    b->key[m] = gm_system_key(s, GM_PURPOSE_INTRINSIC, 0); /* nothing is drawn */
    b->span[m] = (gm_span){.t0 = s->t0,
                           .t1 = used ? p->time[p->time_count - 1] : s->t0,
                           .edge = s->drive ? s->drive->edge : NULL,
                           .edge_count = used ? p->edge_count : 0,
                           .sample = p->time,
                           .sample_count = used ? p->time_count : 0,
                           .y = b->y + m * values,
                           .yd = b->yd + m * values * b->nd};
  }
}

static void block_advance(const gm__slopes *p, int32_t worker, bench *b)
{
  gm_batch batch = {.n = BLOCK,
                    .sx = BLOCK,
                    .sm = 1,
                    .x = b->x,
                    .theta = b->theta,
                    .psx = BLOCK,
                    .psm = 1,
                    .key = b->key,
                    .nd = b->nd,
                    .xd = b->xd,
                    .thetad = b->thetad,
                    .status = b->status};
  const gm_model *m = p->s->model;
  memset(b->status, 0, BLOCK);
  m->type->init(m, p->work[worker], &batch, p->s->t0);
  m->type->advance(m, p->work[worker], &batch, b->span, p->arena[worker]);
}

/* ---- one reading ----------------------------------------------------------------------------- */
/* One reading of one member: prediction and noise parameters, and their derivatives along the
 * directions (noise: where its parameters are unknown). */
typedef struct {
  const gm_sensor *o;
  const gm_reading *r;
  double f, p0, p1;
  const double *fd;        /* [nd] */
  const double *p0d, *p1d; /* [nd] `step` apart, or NULL: they do not move */
  ptrdiff_t step;
} seen;

static double moved(const double *d, ptrdiff_t step, int32_t k) { return d ? d[k * step] : 0; }

/* ln Phi falls off to the left with this slope. */
static double tail_slope(double x) { return gm_exp(gm_dist_normal_log_pdf(x) - gm_norm_logcdf(x)); }

/* A normal or log-normal sensor's residual over its sd, and its derivatives. */
typedef struct {
  bool logs;
  double v, sd, r; /* variance, its root */
} scaled;

static scaled scaled_of(const seen *q)
{
  bool logs = q->o->law == GM_SENSE_LOGNORMAL;
  double v = q->p0 * q->p0 + (logs ? 0 : q->p1 * q->p1 * q->f * q->f), sd = sqrt(v);
  double r = (logs ? gm_ln(q->r->value / q->f) : q->r->value - q->f) / sd;
  return (scaled){logs, v, sd, r};
}

/* d r along direction k; *grow: d ln sd. */
static double scaled_slope(const seen *q, const scaled *s, int32_t k, double *grow)
{
  *grow = q->p0 * moved(q->p0d, q->step, k) / s->v;
  if (!s->logs)
    *grow += q->p1 * q->f * (q->f * moved(q->p1d, q->step, k) + q->p1 * q->fd[k]) / s->v;
  return -q->fd[k] / (s->logs ? q->f * s->sd : s->sd) - s->r * *grow;
}

/* last, last_d: the sensor's last residual (NaN: none) and its derivatives; they become this one's.
 * dt: the time since. */
static void normal_add(const seen *q, int32_t nd, double dt, double *last, double *last_d,
                       double *g)
{
  const scaled s = scaled_of(q);
  const int8_t censored = q->r->censored;
  bool colour = q->o->memory > 0 && !censored, again = colour && !isnan(*last);
  double rho = again ? exp(-dt / q->o->memory) : 0, before = again ? *last : 0;
  double rest = again ? -expm1(-2 * dt / q->o->memory) : 1;
  double e = (s.r - rho * before) / rest, sign = censored < 0 ? -1 : 1;
  double tail = censored ? sign * tail_slope(sign * s.r) : 0;
  for (int32_t k = 0; k < nd; k++) {
    double grow, rd = scaled_slope(q, &s, k, &grow);
    g[k] += censored ? tail * rd : -e * (rd - (again ? rho * last_d[k] : 0)) - grow;
    last_d[k] = rd;
  }
  *last = colour ? s.r : NAN;
}

/* d ln density / d p1 of a Student or negative binomial law, by differences of fourth order. */
static double shape_slope(const seen *q, const double *y, const double *theta)
{
  gm_sensor o = *q->o;
  double h = 1e-4 * q->p1, sum = 0;
  static const double step[4] = {-2, -1, 1, 2}, weight[4] = {1, -8, 8, -1};
  o.parameter0 = o.parameter1 = -1;
  o.p0 = q->p0;
  for (int i = 0; i < 4; i++) {
    o.p1 = q->p1 + step[i] * h;
    sum += weight[i] * gm_sense_logpdf(&o, y, theta, 1, q->r->value, 0);
  }
  return sum / (12 * h);
}

/* Student, Poisson, negative binomial: derivatives by f, p0, p1. */
static void other_add(const seen *q, int32_t nd, const double *y, const double *theta, double *g)
{
  double value = q->r->value, mean = q->p0 * q->f, by_f = 0, by_p0 = 0, by_p1 = 0;
  if (q->o->law == GM_SENSE_STUDENT) {
    double e = (value - q->f) / q->p0, pull = (q->p1 + 1) * e / (q->p1 + e * e);
    by_f = pull / q->p0;
    by_p0 = (pull * e - 1) / q->p0;
  } else {
    double by_mean = q->o->law == GM_SENSE_POISSON
                         ? (value > 0 ? value / mean : 0) - 1
                         : (value > 0 ? value / mean : 0) - (value + q->p1) / (mean + q->p1);
    by_f = by_mean * q->p0;
    by_p0 = by_mean * q->f;
  }
  if (q->p1d && q->o->law != GM_SENSE_POISSON) by_p1 = shape_slope(q, y, theta);
  for (int32_t k = 0; k < nd; k++)
    g[k] += by_f * q->fd[k] + by_p0 * moved(q->p0d, q->step, k) + by_p1 * moved(q->p1d, q->step, k);
}

/* ---- one member ------------------------------------------------------------------------------ */
static bool is_unknown(const gm_system *s, int32_t parameter)
{
  for (int32_t d = 0; d < s->unknown_count && parameter >= 0; d++)
    if (s->unknown[d].parameter == parameter) return true;
  return false;
}

/* Derivatives of a parameter of member m along the directions. */
static const double *noise_slopes(const gm__slopes *p, const bench *b, int32_t m, int32_t parameter)
{
  return is_unknown(p->s, parameter) ? b->thetad + (ptrdiff_t)parameter * BLOCK + m : NULL;
}

static seen seen_of(const gm__slopes *p, const bench *b, int32_t m, int32_t i, int32_t at)
{
  const gm_reading *r = &p->s->reading[i];
  const gm_sensor *o = &p->s->sensor[r->sensor];
  const ptrdiff_t place = ((ptrdiff_t)m * p->time_count + at) * p->ny + o->output;
  return (seen){.o = o,
                .r = r,
                .f = b->y[place],
                .fd = b->yd + place * b->nd,
                .p0 = o->parameter0 >= 0 ? b->switched[o->parameter0] : o->p0,
                .p1 = o->parameter1 >= 0 ? b->switched[o->parameter1] : o->p1,
                .p0d = noise_slopes(p, b, m, o->parameter0),
                .p1d = noise_slopes(p, b, m, o->parameter1),
                .step = (ptrdiff_t)p->np * BLOCK};
}

/* PARAMETER edges up to t. */
static void switch_to(const gm__slopes *p, bench *b, int32_t *edge, double t)
{
  for (; *edge < p->edge_count && p->s->drive->edge[*edge].t <= t; ++*edge) {
    const gm_edge *e = &p->s->drive->edge[*edge];
    if (e->kind == GM_EDGE_PARAMETER) b->switched[e->port] = e->value;
  }
}

static void member_gradient(const gm__slopes *p, bench *b, int32_t m, double *g)
{
  const gm_system *s = p->s;
  int32_t edge = 0;
  memset(g, 0, (size_t)b->nd * sizeof *g);
  for (int32_t i = 0; i < p->np; i++) b->switched[i] = b->theta[(ptrdiff_t)i * BLOCK + m];
  for (int32_t i = 0; i < s->sensor_count; i++) b->last[i] = NAN;
  for (int32_t i = 0, at = 0; i < s->reading_count; i++) {
    const gm_reading *r = &s->reading[i];
    if (i && r->t > r[-1].t) at++;
    switch_to(p, b, &edge, r->t);
    seen q = seen_of(p, b, m, i, at);
    if (q.o->law == GM_SENSE_NORMAL || q.o->law == GM_SENSE_LOGNORMAL)
      normal_add(&q, b->nd, r->t - b->last_t[r->sensor], &b->last[r->sensor],
                 b->last_d + (ptrdiff_t)r->sensor * b->nd, g);
    else
      other_add(&q, b->nd, b->y + ((ptrdiff_t)m * p->time_count + at) * p->ny, b->switched, g);
    b->last_t[r->sensor] = r->t;
  }
}

/* jac[reading][d]: the columns of the directions, and r. */
static void member_jacobian(const gm__slopes *p, bench *b, int32_t m, double *r, double *jac)
{
  for (int32_t i = 0; i < p->np; i++) b->switched[i] = b->theta[(ptrdiff_t)i * BLOCK + m];
  bool failed = GM_MEMBER_FAILED(b->status[m]);
  for (int32_t i = 0, at = 0; i < p->s->reading_count; i++) {
    if (i && p->s->reading[i].t > p->s->reading[i - 1].t) at++;
    seen q = seen_of(p, b, m, i, at);
    bool logs = q.o->law == GM_SENSE_LOGNORMAL;
    double e = logs ? (q.f > 0 ? gm_ln(q.r->value / q.f) : NAN) : q.r->value - q.f;
    r[i] = failed || !isfinite(e) ? NAN : e / q.p0;
    for (int32_t k = 0; k < b->nd; k++)
      jac[(ptrdiff_t)i * p->d + b->first + k] =
          isnan(r[i]) ? NAN : -q.fd[k] / (logs ? q.f * q.p0 : q.p0);
  }
}

/* ---- blocks ---------------------------------------------------------------------------------- */
static void block_loglik(const gm__slopes *p, bench *b)
{
  const gm_system *s = p->s;
  gm__fit_memory memory = {b->memory_r, b->memory_t};
  memcpy(b->theta_ll, b->theta, (size_t)p->np * BLOCK * sizeof *b->theta);
  gm__fit_weigh_all(s, s->reading, s->reading_count, BLOCK, b->y, p->time_count, b->theta_ll,
                    &memory, b->work, b->lp);
}

static void block_gradient(const wanted *w, int32_t first, bench *b)
{
  const gm__slopes *p = w->p;
  if (b->first == 0) block_loglik(p, b);
  for (int32_t m = 0; m < b->n; m++) {
    double *g = w->g + (ptrdiff_t)(first + m) * p->d + b->first, *ll = &w->ll[first + m];
    if (b->first == 0) *ll = GM_MEMBER_FAILED(b->status[m]) ? -INFINITY : b->lp[m];
    if (GM_MEMBER_FAILED(b->status[m])) *ll = -INFINITY; /* with other directions alone */
    if (*ll > -INFINITY)
      member_gradient(p, b, m, g);
    else
      memset(g, 0, (size_t)b->nd * sizeof *g);
  }
}

static gm_status block_task(void *user, int32_t task, int32_t worker, gm_ctx *ctx)
{
  const wanted *w = user;
  gm__slopes *p = w->p;
  const int32_t first = task * BLOCK;
  const ptrdiff_t rows = p->s->reading_count;
  gm_status st = worker_begin(p, ctx, worker);
  if (st) return st;
  gm_arena *arena = p->arena[worker];
  const gm_arena_mark mark = gm_arena_at(arena);
  bench b = {.n = w->n - first < BLOCK ? w->n - first : BLOCK};
  if (!bench_get(p, arena, &b)) st = gm_fail(ctx, GM_ENOMEM, "tangents of a fit");
  for (b.first = 0; b.first < p->d && !st; b.first += p->nd) {
    b.nd = p->d - b.first < p->nd ? p->d - b.first : p->nd;
    block_fill(p, w->z + (ptrdiff_t)first * p->d, &b);
    block_advance(p, worker, &b);
    if (w->g) block_gradient(w, first, &b);
    for (int32_t m = 0; m < b.n && w->jac; m++)
      member_jacobian(p, &b, m, w->r + (first + m) * rows, w->jac + (first + m) * rows * p->d);
  }
  gm_arena_back(arena, mark);
  return st;
}

gm_status gm__slopes_gradient(gm__slopes *p, gm_ctx *ctx, int32_t n, const double *z, double *ll,
                              double *g)
{
  wanted w = {.p = p, .n = n, .z = z, .ll = ll, .g = g};
  return n ? gm_pool_run(p->s->pool, ctx, (n - 1) / BLOCK + 1, block_task, &w) : GM_OK;
}

gm_status gm__slopes_jacobian(gm__slopes *p, gm_ctx *ctx, int32_t n, const double *z, double *r,
                              double *jac)
{
  wanted w = {.p = p, .n = n, .z = z, .r = r, .jac = jac};
  return n ? gm_pool_run(p->s->pool, ctx, (n - 1) / BLOCK + 1, block_task, &w) : GM_OK;
}
