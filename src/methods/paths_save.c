/* paths_save.c - what a swarm of paths has come to, as bytes: with later data it goes on from there
 * as if it had not stopped. */
#include "methods/paths.h"
#include <math.h>
#include <string.h>

/* "GMPATH1", counters, then arrays; a checksum of all before at the end. Little-endian. Rows of
 * slots beyond what is learned repeat the last one, and are left out. */
typedef struct {
  char magic[8];
  int32_t n, d, done, data, stages, certain;
  uint64_t key[4], data_sum;
  double scale, log_evidence, accepted, proposed;
} head;

/* Of the data learned, of the prior, and of what the predictions for them hang on. */
static uint64_t data_sum(const gm_path_problem *p, int32_t data)
{
  uint64_t h = gm_checksum(p->prior_covariance, (size_t)p->dim * (size_t)p->dim * sizeof(double));
  for (int32_t j = 0; j < data; j++) {
    const gm_datum *d = &p->datum[j];
    const double v[] = {d->t,   d->value,     d->additive, d->proportional, d->share, d->size,
                        d->sum, d->log_scale, d->censored, d->observable,   d->count, j};
    h ^= gm_checksum(v, sizeof v);
    h = h * UINT64_C(0x9E3779B97F4A7C15) + 1;
  }
  if (p->context && data) h ^= p->context(p->context_user, p->datum[data - 1].t);
  return h;
}

static head head_of(const gm__paths *s)
{
  head h;
  memset(&h, 0, sizeof h);
  memcpy(h.magic, "GMPATH1", 8);
  h.n = s->n;
  h.d = s->d;
  h.done = s->done;
  h.data = s->first[s->done];
  h.stages = s->stages;
  h.certain = s->p->certain;
  memcpy(h.key, s->key.v, sizeof h.key);
  h.data_sum = data_sum(s->p, h.data);
  h.scale = s->scale;
  h.log_evidence = s->log_evidence;
  h.accepted = s->accepted;
  h.proposed = s->proposed;
  return h;
}

enum { PIECES = 6 };
typedef struct {
  void *at;
  size_t bytes;
} piece;

static void pieces_of(const gm__paths *s, const head *h, gm_innovation *innovation, piece p[PIECES])
{
  size_t n = (size_t)s->n, done = (size_t)h->done;
  p[0] = (piece){s->log_w, n * sizeof *s->log_w};
  p[1] = (piece){s->u, n * (size_t)s->d * sizeof *s->u};
  p[2] = (piece){s->eve, n * sizeof *s->eve};
  p[3] = (piece){s->now.renewal_t, done * sizeof *s->now.renewal_t};
  p[4] = (piece){s->now.slot, (done + 1) * n * sizeof *s->now.slot};
  p[5] = (piece){innovation, (size_t)h->data * sizeof *innovation};
}

void gm__paths_save(const gm__paths *s, gm_innovation *innovation, gm_text *out)
{
  piece p[PIECES];
  size_t begin = out->bytes;
  head h = head_of(s);
  pieces_of(s, &h, innovation, p);
  gm_text_addn(out, (const char *)&h, sizeof h);
  for (int i = 0; i < PIECES; i++)
    if (p[i].bytes) gm_text_addn(out, p[i].at, p[i].bytes);
  if (out->status) return;
  uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
  gm_text_addn(out, (const char *)&sum, sizeof sum);
}

int32_t gm__paths_saved_members(const void *data, size_t bytes)
{
  head h;
  uint64_t sum;
  if (bytes < sizeof h + sizeof sum) return 0;
  memcpy(&h, data, sizeof h);
  memcpy(&sum, (const char *)data + bytes - sizeof sum, sizeof sum);
  bool whole = !memcmp(h.magic, "GMPATH1", 8) && sum == gm_checksum(data, bytes - sizeof sum);
  bool fits = h.n > 0 && h.d >= 0 && (h.d + 1.0) * h.n * sizeof(double) < (double)bytes;
  return whole && fits ? h.n : 0;
}

/* Does the saved swarm belong to this problem, and have its data come first? */
static bool belongs(const gm__paths *s, const head *h, size_t bytes)
{
  piece p[PIECES];
  size_t sum = sizeof *h + sizeof(uint64_t);
  if (memcmp(h->magic, "GMPATH1", 8) != 0 || h->n != s->n || h->d != s->d || h->done < 0 ||
      h->done > s->groups || h->data != s->first[h->done] || h->certain != s->p->certain ||
      memcmp(h->key, s->key.v, sizeof h->key) != 0)
    return false;
  pieces_of(s, h, NULL, p);
  for (int i = 0; i < PIECES; i++) sum += p[i].bytes;
  return sum == bytes && h->data_sum == data_sum(s->p, h->data);
}

/* Weights that are numbers, and members of the start that there are: a checksum is no proof. */
static bool sound(const gm__paths *s, const char *at)
{
  size_t n = (size_t)s->n, skip = n * (1 + (size_t)s->d) * sizeof(double);
  for (size_t m = 0; m < n; m++) {
    double w;
    int32_t eve;
    memcpy(&w, at + m * sizeof w, sizeof w);
    memcpy(&eve, at + skip + m * sizeof eve, sizeof eve);
    if (isnan(w) || w == INFINITY || eve < 0 || eve >= s->n) return false;
  }
  return true;
}

bool gm__paths_load(gm__paths *s, const void *data, size_t bytes, gm_innovation *innovation)
{
  head h;
  piece p[PIECES];
  uint64_t sum;
  const char *at = data;
  if (bytes < sizeof h + sizeof sum) return false;
  memcpy(&h, at, sizeof h);
  memcpy(&sum, at + bytes - sizeof sum, sizeof sum);
  if (!belongs(s, &h, bytes) || sum != gm_checksum(data, bytes - sizeof sum)) return false;
  at += sizeof h;
  if (!sound(s, at)) return false;
  pieces_of(s, &h, innovation, p);
  for (int i = 0; i < PIECES; at += p[i++].bytes)
    if (p[i].bytes && p[i].at) memcpy(p[i].at, at, p[i].bytes);
  size_t row = (size_t)s->n * sizeof *s->now.slot;
  for (int32_t g = h.done + 1; g <= s->groups; g++)
    memcpy(s->now.slot + (ptrdiff_t)g * s->n, s->now.slot + (ptrdiff_t)h.done * s->n, row);
  s->done = h.done;
  s->stages = h.stages;
  s->scale = h.scale;
  s->log_evidence = h.log_evidence;
  s->accepted = h.accepted;
  s->proposed = h.proposed;
  return true;
}

bool gm__paths_fit(const gm_path_problem *p, gm_key key, const void *data, size_t bytes)
{
  head h;
  if (!gm__paths_saved_members(data, bytes)) return false;
  memcpy(&h, data, sizeof h);
  return h.d == p->dim && h.certain == p->certain && h.data <= p->datum_count && h.data >= 0 &&
         !memcmp(h.key, key.v, sizeof h.key) && h.data_sum == data_sum(p, h.data);
}
