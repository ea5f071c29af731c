/* online_prior.c - what one forecaster learned as the beginning of another; the state as bytes. */
#include "methods/online_internal.h"
#include "num/linalg.h"
#include <assert.h>
#include <math.h>
#include <string.h>

static gm__rls *rls_of(const gm_online *o, int32_t horizon, int32_t expert)
{
  assert(horizon >= 0 && horizon < o->o.horizon_count);
  assert(expert >= 0 && expert < o->o.expert_count);
  return &o->cell[horizon].expert[expert];
}

void gm_online_coefficients(const gm_online *o, int32_t horizon, int32_t expert, double *mean,
                            double *precision)
{
  const gm__rls *s = rls_of(o, horizon, expert);
  int32_t d = s->d;
  memcpy(mean, s->w, (size_t)d * sizeof *mean);
  for (int32_t i = 0; precision && i < d; i++)
    for (int32_t j = 0; j <= i; j++) {
      double sum = 0;
      for (int32_t k = 0; k <= j; k++)
        sum += s->r[(ptrdiff_t)k * d + i] * s->r[(ptrdiff_t)k * d + j];
      precision[(ptrdiff_t)i * d + j] = precision[(ptrdiff_t)j * d + i] = sum;
    }
}

gm_status gm_online_prior(gm_online *o, gm_ctx *ctx, int32_t horizon, int32_t expert,
                          const double *mean, const double *precision, double factor)
{
  gm__rls *s = rls_of(o, horizon, expert);
  int32_t d = s->d;
  ptrdiff_t side = (ptrdiff_t)d * d;
  if (!(factor > 0 && factor < INFINITY))
    return gm_fail(ctx, GM_ERANGE, "online: prior times %g, expected above 0", factor);
  for (int32_t i = 0; i < d; i++) {
    bool fine = fabs(mean[i]) < 1e100;
    for (int32_t j = 0; j <= i; j++)
      fine = fine && fabs(factor * precision[(ptrdiff_t)i * d + j]) < 1e200;
    if (!fine) return gm_fail(ctx, GM_EDOMAIN, "online: prior of coefficient %d", (int)i);
  }
  double *l = gm_alloc(ctx, side, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "online: prior");
  for (ptrdiff_t i = 0; i < side; i++) l[i] = i % d <= i / d ? factor * precision[i] : 0;
  int32_t bad = gm__la_cholesky(d, l, l);
  if (bad) {
    gm_free(l);
    return gm_fail(ctx, GM_ENUMERIC, "online: precision of a prior is not positive definite at %d",
                   (int)bad - 1);
  }
  for (int32_t i = 0; i < d; i++) {
    double sum = 0;
    for (int32_t j = 0; j < d; j++) {
      s->r0[(ptrdiff_t)i * d + j] = j < i ? 0 : l[(ptrdiff_t)j * d + i];
      if (j >= i) sum += l[(ptrdiff_t)j * d + i] * mean[j];
    }
    s->z0[i] = sum;
  }
  gm__rls_start(s);
  gm_free(l);
  return GM_OK;
}

static void adopt_cell(gm_online *o, gm__online_cell *c, const gm__online_cell *f)
{
  enum { BASE_WORTH = 20, WORTH = 100 };
  static const double scale_worth = 0.1; /* of its information */
  int32_t n = o->o.expert_count, d = o->scale_side;
  for (ptrdiff_t i = 0; i < (ptrdiff_t)d * d; i++)
    c->scale.r[i] = sqrt(scale_worth) * f->scale.r[i];
  for (int32_t i = 0; i < d; i++) c->scale.z[i] = sqrt(scale_worth) * f->scale.z[i];
  memcpy(c->scale.w, f->scale.w, (size_t)d * sizeof *c->scale.w);
  gm__tails_adopt(&c->tails, &f->tails);
  memcpy(c->product, f->product, (size_t)n * (size_t)n * sizeof *c->product);
  memcpy(c->weight, f->weight, (size_t)n * sizeof *c->weight);
  *c->products = fmin(*f->products, WORTH);
  if (f->pooled[1] > 0) {
    c->base[0] = *c->near = f->pooled[0] / f->pooled[1];
    c->base[1] = BASE_WORTH;
  }
  memcpy(c->apart, f->apart, 2 * sizeof *c->apart);
  for (int32_t i = 0; i < 3 * o->o.scale_count; i++)
    c->moment[i] = i % 3 == 2 ? fmin(f->moment[i], WORTH) : f->moment[i];
}

gm_status gm_online_adopt(gm_online *o, gm_ctx *ctx, const gm_online *from)
{
  assert(o != from);
  if (o->identity != from->identity)
    return gm_fail(ctx, GM_EINVAL, "online: to adopt from a forecaster of other options");
  for (int32_t h = 0; h < o->o.horizon_count; h++) adopt_cell(o, &o->cell[h], &from->cell[h]);
  return GM_OK;
}

/* ---- bytes ---------------------------------------------------------------------------------- */
/* "GMONLIN1", options, size, the state; a checksum of all before. Little-endian. */
typedef struct {
  char magic[8];
  uint64_t identity, count;
} saved;

static saved saved_of(const gm_online *o)
{
  saved h = {.identity = o->identity, .count = (uint64_t)o->state_count};
  memcpy(h.magic, "GMONLIN1", 8);
  return h;
}

gm_status gm_online_save(const gm_online *o, gm_ctx *ctx, gm_text *out)
{
  size_t begin = out->bytes;
  saved h = saved_of(o);
  gm_text_addn(out, (const char *)&h, sizeof h);
  gm_text_addn(out, (const char *)o->state, (size_t)o->state_count * sizeof *o->state);
  if (!out->status) {
    uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  return out->status ? gm_fail(ctx, out->status, "saving an online forecaster") : GM_OK;
}

static bool whole(double x, double low, double high)
{
  return x >= low && x <= high && x == floor(x);
}

/* Every number that is used as an index is one: a checksum does not see a forged one. */
static bool indexable(const gm_online *o, const double *state)
{
  for (int32_t h = 0; h < o->o.horizon_count; h++) {
    const gm__online_cell *c = &o->cell[h];
    const double *count = state + (c->tails.count - o->state);
    const double *head = state + (c->tails.head - o->state);
    const double *queue = state + (c->queue - o->state);
    bool fine = whole(*count, 1, o->o.window) && whole(*head, 0, o->o.window) &&
                whole(queue[0], 0, o->o.pending - 1) && whole(queue[1], 0, o->o.pending) &&
                whole(state[c->scale.turn - o->state], 0, c->scale.d - 1);
    for (int32_t i = 0; i < o->o.expert_count; i++)
      fine = fine && whole(state[c->expert[i].turn - o->state], 0, c->expert[i].d - 1);
    if (!fine) return false;
  }
  return true;
}

gm_status gm_online_load(gm_online *o, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *at = data;
  saved h, own = saved_of(o);
  uint64_t sum;
  if (bytes < sizeof h + sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "a saved online forecaster is cut short");
  memcpy(&sum, at + bytes - sizeof sum, sizeof sum);
  if (sum != gm_checksum(at, bytes - sizeof sum))
    return gm_fail(ctx, GM_EPARSE, "a saved online forecaster is damaged");
  memcpy(&h, at, sizeof h);
  size_t room = (size_t)o->state_count * sizeof *o->state;
  if (memcmp(&h, &own, sizeof h) != 0 || bytes != sizeof h + room + sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "a saved online forecaster of other options");
  double *state = gm_alloc(ctx, o->state_count, sizeof *state);
  if (!state) return gm_fail(ctx, GM_ENOMEM, "loading an online forecaster");
  memcpy(state, at + sizeof h, room);
  bool fine = indexable(o, state);
  if (fine) memcpy(o->state, state, room);
  gm_free(state);
  return fine ? GM_OK : gm_fail(ctx, GM_EPARSE, "a saved online forecaster has no such state");
}
