/* filter_save.c - a belief as bytes, and back: what comes after is the same to the bit. */
#include "methods/kalman.h"
#include <string.h>

/* "GMFILT2", what it belongs to, counters, then arrays and the ensemble's own bytes (which have a
 * checksum); a checksum of all before at the end. Little-endian. */
typedef struct {
  char magic[8];
  int32_t kind, n, d, sensors, edge, rejuvenate;
  uint64_t replicate, seed, subject, step, generation;
  double loglik, spread;
  gm_alarm alarm;
} head;

static head head_of(const gm_filter *f)
{
  const kalman *k = f->kalman;
  head h;
  memset(&h, 0, sizeof h); /* padding too: it is part of the checksum */
  memcpy(h.magic, "GMFILT2", 8);
  h.kind = (int32_t)f->o.kind;
  h.n = f->n;
  h.d = f->d;
  h.sensors = f->s->sensor_count;
  h.edge = f->edge;
  h.rejuvenate = (int32_t)f->o.rejuvenate;
  h.replicate = f->o.replicate;
  h.seed = f->s->seed;
  h.subject = f->s->subject;
  h.step = f->step;
  h.generation = f->generation;
  h.loglik = f->loglik;
  h.spread = k ? k->spread : 1;
  h.alarm = f->alarm;
  return h;
}

/* Is it a save of a filter of this system and these options? */
static bool belongs(const gm_filter *f, const head *h)
{
  head own = head_of(f);
  return !memcmp(own.magic, h->magic, sizeof own.magic) && own.kind == h->kind && own.n == h->n &&
         own.d == h->d && own.sensors == h->sensors && own.rejuvenate == h->rejuvenate &&
         own.replicate == h->replicate && own.seed == h->seed && own.subject == h->subject;
}

typedef struct {
  double *at;
  size_t bytes;
} piece;

enum { PIECES = 5 };

static void pieces_of(const gm_filter *f, piece p[PIECES])
{
  size_t n = (size_t)f->n, sensors = (size_t)f->s->sensor_count;
  p[0] = (piece){f->z, n * (size_t)f->d * sizeof *f->z};
  p[1] = (piece){f->weight, n * sizeof *f->weight};
  p[2] = (piece){f->residual, n * sensors * sizeof *f->residual};
  p[3] = (piece){f->residual_t, sensors * sizeof *f->residual_t};
  p[4] = (piece){f->drift, (size_t)f->d * sizeof *f->drift};
}

static gm_status history_refused(const gm_filter *f, gm_ctx *ctx)
{
  if (!f->o.keep_history && f->o.rejuvenate != GM_REJUVENATE_MOVE) return GM_OK;
  return gm_fail(ctx, GM_EUNSUPPORTED,
                 "filter: a belief that keeps its history is not saved; run it again");
}

gm_status gm_filter_save(const gm_filter *f, gm_ctx *ctx, gm_text *out)
{
  gm_status s = history_refused(f, ctx);
  if (s) return s;
  size_t begin = out->bytes;
  piece p[PIECES];
  pieces_of(f, p);
  head h = head_of(f);
  gm_text_addn(out, (const char *)&h, sizeof h);
  for (int i = 0; i < PIECES; i++)
    if (p[i].bytes) gm_text_addn(out, (const char *)p[i].at, p[i].bytes);
  s = gm_ensemble_save(f->e, ctx, out);
  if (s) return s;
  if (!out->status) {
    uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  return out->status ? gm_fail(ctx, out->status, "saving a filter") : GM_OK;
}

gm_status gm_filter_load(gm_filter *f, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *at = data;
  gm_status s = history_refused(f, ctx);
  if (s) return s;
  piece p[PIECES];
  head h;
  uint64_t sum;
  pieces_of(f, p);
  size_t fixed = sizeof h;
  for (int i = 0; i < PIECES; i++) fixed += p[i].bytes;
  if (bytes < fixed + sizeof sum) return gm_fail(ctx, GM_EPARSE, "a saved filter is cut short");
  memcpy(&sum, at + bytes - sizeof sum, sizeof sum);
  if (sum != gm_checksum(at, bytes - sizeof sum))
    return gm_fail(ctx, GM_EPARSE, "a saved filter is damaged");
  memcpy(&h, at, sizeof h);
  if (!belongs(f, &h))
    return gm_fail(ctx, GM_EPARSE, "a saved filter of another system or with other options");
  s = gm_ensemble_load(f->e, ctx, at + fixed, bytes - fixed - sizeof sum);
  if (s) return s;
  at += sizeof h;
  for (int i = 0; i < PIECES; i++) {
    if (p[i].bytes) memcpy(p[i].at, at, p[i].bytes);
    at += p[i].bytes;
  }
  f->edge = h.edge;
  f->step = h.step;
  f->generation = h.generation;
  f->loglik = h.loglik;
  f->alarm = h.alarm;
  if (f->kalman) ((kalman *)f->kalman)->spread = h.spread;
  return GM_OK;
}
