/* belief.c - a twin's belief as bytes, and back. */
#include "twin/subject.h"
#include <assert.h>
#include <string.h>
#include <zlib.h>

/* "GMTWIN1", the numbers below, then by turns the doubles of mode, members, lineages, residuals:
 * bytes of the same place in a double lie together (they compress better), deflated; a checksum of
 * all before at the end. Little-endian, as every machine that Gemel runs on. */
typedef struct {
  char magic[8];
  int32_t dim, n, prior_n, learned, renewals, prior_renewals;
  int32_t has_mode, has_lineage, health, alarm, stages, prior_stages;
  int32_t method, prior_method, rung, stopped; /* lengths of texts behind the head */
  int32_t iterations, evaluations, converged, repaired;
  uint64_t seed, key[4], prior_key[4], doubles, packed;
  double t_now, fit_p, objective, log_posterior;
  double ess, ess_raw, khat, log_evidence, log_evidence_sd, acceptance;
} head;

/* ---- what is saved, in order ----------------------------------------------------------------- */
typedef struct {
  void *at;
  ptrdiff_t count; /* of eight bytes each */
} piece;

enum { PIECES = 13 };

static void members_pieces(gm_members *m, piece *p)
{
  p[0] = (piece){m->z, (ptrdiff_t)m->n * m->dim};
  p[1] = (piece){m->weight, m->n};
}

static void lineage_pieces(gm_lineage *l, piece *p)
{
  p[0] = l ? (piece){l->renewal_t, l->renewal_count} : (piece){NULL, 0};
  p[1] = l ? (piece){l->slot, (ptrdiff_t)(l->renewal_count + 1) * l->n} : (piece){NULL, 0};
}

static ptrdiff_t pieces_of(const gm_twin *t, piece p[PIECES])
{
  ptrdiff_t d = t->posterior->dim, sum = 0;
  gm_mode *m = t->mode;
  memset(p, 0, PIECES * sizeof *p);
  members_pieces(t->posterior, p);
  members_pieces(t->prior, p + 2);
  lineage_pieces(t->lineage, p + 4);
  lineage_pieces(t->prior_lineage, p + 6);
  p[8] = (piece){t->fitted, t->learned};
  p[9] = (piece){t->residual, t->learned};
  if (m) {
    p[10] = (piece){m->z, d};
    p[11] = (piece){m->covariance, d * d};
    p[12] = (piece){m->hessian, d * d};
  }
  for (int i = 0; i < PIECES; i++) sum += p[i].count;
  return sum;
}

static head head_of(const gm_twin *t)
{
  head h;
  const gm_members *m = t->posterior;
  memset(&h, 0, sizeof h); /* padding too: it is part of the checksum */
  memcpy(h.magic, "GMTWIN1", 8);
  h.dim = m->dim;
  h.n = m->n;
  h.prior_n = t->prior->n;
  h.learned = t->learned;
  h.health = (int32_t)t->health;
  h.alarm = (int32_t)t->alarm;
  h.seed = t->seed;
  h.t_now = t->t_now;
  h.fit_p = t->fit_p;
  h.stages = m->stages;
  h.prior_stages = t->prior->stages;
  h.ess = m->ess;
  h.ess_raw = m->ess_raw;
  h.khat = m->khat;
  h.log_evidence = m->log_evidence;
  h.log_evidence_sd = m->log_evidence_sd;
  h.acceptance = m->acceptance;
  h.method = (int32_t)strlen(m->method);
  h.prior_method = (int32_t)strlen(t->prior->method);
  if (t->lineage && t->prior_lineage) {
    h.has_lineage = 1;
    h.renewals = t->lineage->renewal_count;
    h.prior_renewals = t->prior_lineage->renewal_count;
    memcpy(h.key, &t->lineage->key, sizeof h.key);
    memcpy(h.prior_key, &t->prior_lineage->key, sizeof h.prior_key);
  }
  if (!t->mode) return h;
  h.has_mode = 1;
  h.objective = t->mode->objective;
  h.log_posterior = t->mode->log_posterior;
  h.iterations = t->mode->iterations;
  h.evaluations = t->mode->evaluations;
  h.converged = t->mode->converged;
  h.repaired = t->mode->repaired;
  h.rung = (int32_t)strlen(t->mode->rung);
  h.stopped = (int32_t)strlen(t->mode->stopped);
  return h;
}

/* ---- saving ---------------------------------------------------------------------------------- */
/* Byte k of every number to row k, or back. */
static void turn(unsigned char *rows, unsigned char *numbers, ptrdiff_t count, ptrdiff_t at,
                 ptrdiff_t all, bool back)
{
  for (ptrdiff_t i = 0; i < count; i++)
    for (int k = 0; k < 8; k++) {
      unsigned char *row = rows + (ptrdiff_t)k * all + at + i, *number = numbers + 8 * i + k;
      if (back)
        *number = *row;
      else
        *row = *number;
    }
}

static gm_status pack(gm_ctx *ctx, const piece *p, ptrdiff_t all, unsigned char **out,
                      uLongf *bytes)
{
  unsigned char *rows = gm_alloc(ctx, all, 8);
  *bytes = compressBound((uLong)all * 8);
  *out = gm_alloc(ctx, (ptrdiff_t)*bytes, 1);
  gm_status st = rows && *out ? GM_OK : gm_fail(ctx, GM_ENOMEM, "saving a belief");
  ptrdiff_t at = 0;
  for (int i = 0; i < PIECES && !st; at += p[i++].count)
    turn(rows, p[i].at, p[i].count, at, all, false);
  if (!st && compress2(*out, bytes, rows, (uLong)all * 8, 6) != Z_OK)
    st = gm_fail(ctx, GM_ENOMEM, "saving a belief");
  gm_free(rows);
  return st;
}

gm_status gm_twin_save(const gm_twin *t, gm_ctx *ctx, gm_text *out)
{
  assert(t && ctx && out);
  piece p[PIECES];
  unsigned char *packed = NULL;
  uLongf bytes = 0;
  size_t begin = out->bytes;
  head h = head_of(t);
  h.doubles = (uint64_t)pieces_of(t, p);
  gm_status st = pack(ctx, p, (ptrdiff_t)h.doubles, &packed, &bytes);
  h.packed = bytes;
  if (!st) {
    gm_text_addn(out, (const char *)&h, sizeof h);
    gm_text_add(out, t->posterior->method);
    gm_text_add(out, t->prior->method);
    if (t->mode) gm_text_add(out, t->mode->rung);
    if (t->mode) gm_text_add(out, t->mode->stopped);
    gm_text_addn(out, (const char *)packed, bytes);
  }
  if (!st && !out->status) {
    uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  gm_free(packed);
  return !st && out->status ? gm_fail(ctx, out->status, "saving a belief") : st;
}

/* ---- loading --------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  const head *h;
  const char *texts;
} loader;

/* Static texts of a struct live behind its numbers. */
static const char *text_put(char **at, const char **from, int32_t bytes)
{
  char *text = *at;
  memcpy(text, *from, (size_t)bytes);
  *from += bytes;
  *at += bytes + 1;
  return text;
}

static gm_members *members_new(loader *l, int32_t n, int32_t method)
{
  size_t cells = (size_t)n * (size_t)(l->h->dim + 1);
  gm_members *m = gm_alloc(l->ctx, 1, sizeof *m + cells * sizeof(double) + (size_t)method + 1);
  if (!m) return NULL;
  m->n = n;
  m->dim = l->h->dim;
  m->z = (double *)(m + 1);
  m->weight = m->z + (ptrdiff_t)n * m->dim;
  char *at = (char *)(m->weight + n);
  m->method = text_put(&at, &l->texts, method);
  m->khat = m->acceptance = m->ess = m->ess_raw = n;
  return m;
}

static gm_lineage *lineage_new(loader *l, int32_t n, int32_t renewals, const uint64_t key[4])
{
  gm_lineage *x = gm_alloc(l->ctx, 1, sizeof *x);
  if (!x) return NULL;
  x->n = n;
  x->renewal_count = renewals;
  memcpy(&x->key, key, sizeof x->key);
  x->renewal_t = gm_alloc(l->ctx, renewals, sizeof *x->renewal_t);
  x->slot = gm_alloc(l->ctx, (ptrdiff_t)(renewals + 1) * n, sizeof *x->slot);
  if (x->renewal_t && x->slot) return x;
  gm_lineage_free(x);
  return NULL;
}

static gm_mode *mode_new(loader *l)
{
  const head *h = l->h;
  size_t d = (size_t)h->dim;
  gm_mode *m = gm_alloc(l->ctx, 1,
                        sizeof *m + sizeof(double) * (d + 2 * d * d) + (size_t)h->rung +
                            (size_t)h->stopped + 2);
  if (!m) return NULL;
  *m = (gm_mode){.dim = h->dim,
                 .objective = h->objective,
                 .log_posterior = h->log_posterior,
                 .iterations = h->iterations,
                 .evaluations = h->evaluations,
                 .converged = h->converged,
                 .repaired = h->repaired};
  m->z = (double *)(m + 1);
  m->covariance = m->z + d;
  m->hessian = m->covariance + d * d;
  char *at = (char *)(m->hessian + d * d);
  m->rung = text_put(&at, &l->texts, h->rung);
  m->stopped = text_put(&at, &l->texts, h->stopped);
  return m;
}

static void members_numbers(gm_members *m, const head *h)
{
  m->stages = h->stages;
  m->ess = h->ess;
  m->ess_raw = h->ess_raw;
  m->khat = h->khat;
  m->log_evidence = h->log_evidence;
  m->log_evidence_sd = h->log_evidence_sd;
  m->acceptance = h->acceptance;
}

static gm_status twin_alloc(loader *l, gm_twin *t)
{
  const head *h = l->h;
  t->posterior = members_new(l, h->n, h->method);
  t->prior = members_new(l, h->prior_n, h->prior_method);
  bool good = t->posterior && t->prior;
  if (good && h->has_mode) good = (t->mode = mode_new(l)) != NULL;
  if (good && h->has_lineage) {
    t->lineage = lineage_new(l, h->n, h->renewals, h->key);
    t->prior_lineage = lineage_new(l, h->prior_n, h->prior_renewals, h->prior_key);
    good = t->lineage && t->prior_lineage;
  }
  t->fitted = gm_alloc(l->ctx, h->learned, sizeof *t->fitted);
  t->residual = gm_alloc(l->ctx, h->learned, sizeof *t->residual);
  if (!good || !t->fitted || !t->residual) return gm_fail(l->ctx, GM_ENOMEM, "reading a belief");
  members_numbers(t->posterior, h);
  t->prior->stages = h->prior_stages;
  return GM_OK;
}

/* What the pieces come to; deflate makes a byte of at most 1,032 (zlib's own bound). */
static bool sizes_good(const head *h)
{
  const double n = h->n, prior = h->prior_n, d = h->dim;
  double sum = (n + prior) * (d + 1) + 2.0 * h->learned + (h->has_mode ? d + 2 * d * d : 0);
  if (h->has_lineage)
    sum += h->renewals + (h->renewals + 1.0) * n + h->prior_renewals +
           (h->prior_renewals + 1.0) * prior;
  return sum == (double)h->doubles && sum * 8 <= 1032.0 * (double)h->packed + 64 &&
         h->renewals < INT32_MAX && h->prior_renewals < INT32_MAX;
}

/* Sizes that fit together, and texts within the bytes: then what follows cannot run over. */
static bool head_good(const head *h, const gm_subject *s, size_t bytes)
{
  const int32_t least0[] = {h->dim,    h->learned,      h->renewals, h->prior_renewals,
                            h->method, h->prior_method, h->rung,     h->stopped};
  int64_t texts = (int64_t)h->method + h->prior_method + h->rung + h->stopped;
  for (size_t i = 0; i < sizeof least0 / sizeof least0[0]; i++)
    if (least0[i] < 0) return false;
  return h->n >= 1 && h->prior_n >= 1 && h->dim == s->dim && texts < 4096 && h->health >= 0 &&
         h->health <= GM_HEALTH_LOST && h->packed <= bytes &&
         bytes == sizeof *h + (size_t)texts + h->packed + sizeof(uint64_t) && sizes_good(h);
}

static gm_status unpack(gm_ctx *ctx, const head *h, const char *packed, const gm_twin *t)
{
  piece p[PIECES];
  ptrdiff_t all = pieces_of(t, p), at = 0;
  if ((uint64_t)all != h->doubles) return gm_fail(ctx, GM_EPARSE, "a belief of other sizes");
  unsigned char *rows = gm_alloc(ctx, all, 8);
  uLongf bytes = (uLongf)all * 8;
  if (!rows) return gm_fail(ctx, GM_ENOMEM, "reading a belief");
  bool good = uncompress(rows, &bytes, (const Bytef *)packed, (uLong)h->packed) == Z_OK &&
              bytes == (uLongf)all * 8;
  for (int i = 0; i < PIECES && good; at += p[i++].count)
    turn(rows, p[i].at, p[i].count, at, all, true);
  gm_free(rows);
  return good ? GM_OK : gm_fail(ctx, GM_EPARSE, "a belief that is damaged");
}

/* Data may have been withdrawn since. */
static void learned_bound(gm_twin *t)
{
  int32_t known = 0;
  while (known < t->subject->datum_count && t->subject->datum[known].t <= t->t_now) known++;
  if (t->learned > known) t->learned = known;
}

gm_status gm_twin_load(gm_ctx *ctx, const gm_definition *d, const gm_subject *s, gm_pool *pool,
                       const void *data, size_t bytes, gm_twin **out)
{
  assert(ctx && d && s && data && out);
  head h;
  uint64_t sum;
  if (bytes < sizeof h + sizeof sum) return gm_fail(ctx, GM_EPARSE, "no saved belief");
  memcpy(&h, data, sizeof h);
  memcpy(&sum, (const char *)data + bytes - sizeof sum, sizeof sum);
  if (memcmp(h.magic, "GMTWIN1", 8) != 0)
    return gm_fail(ctx, GM_EPARSE, "no belief saved by this version");
  if (sum != gm_checksum(data, bytes - sizeof sum) || !head_good(&h, s, bytes))
    return gm_fail(ctx, GM_EPARSE, "a belief that is damaged, or of another definition");
  gm_twin *t = gm_alloc(ctx, 1, sizeof *t);
  if (!t) return gm_fail(ctx, GM_ENOMEM, "twin");
  *t = (gm_twin){.definition = d,
                 .subject = s,
                 .t_now = h.t_now,
                 .seed = h.seed,
                 .learned = h.learned,
                 .fit_p = h.fit_p,
                 .alarm = (gm_alarm_state)h.alarm,
                 .health = (gm_health)h.health};
  loader l = {ctx, &h, (const char *)data + sizeof h};
  gm_status st = twin_alloc(&l, t);
  if (!st) st = unpack(ctx, &h, l.texts, t);
  learned_bound(t);
  if (!st) st = gm_runner_new(ctx, d->model, pool, &t->runner);
  if (st) {
    gm_twin_free(t);
    return st;
  }
  *out = t;
  return GM_OK;
}
