/* choose_shrink.c - members' gains without the noise of their few replicates.
 * The means of replicates vary more between members than what they estimate: S = B + N, S their
 * covariance over members, N that of a mean's noise (method of moments; Searle, Casella &
 * McCulloch, Variance Components, 1992, ch. 3). All options are shrunk together, about their
 * model's mean, by the map T = L V (1 - lambda)^(1/2) V' L^-1, where S = L L' and lambda, V are the
 * eigenvalues (above 1: 1) and vectors of L^-1 N L^-T: then T S T' = S - N. T follows a change of
 * the base option, so that regrets do not depend on which option was taken for it; a factor for
 * each option alone would leave the noise that two options share with neither. */
#include "methods/choose_internal.h"
#include "num/linalg.h"
#include <math.h>
#include <string.h>

typedef struct {
  const gm__gains *g;
  int32_t p, rank;         /* options besides the base; directions in which members differ */
  int32_t *option;         /* [p]; owned */
  double *mean, *rest;     /* [p]; all in one block */
  double *between, *noise; /* [p][p] S, N */
  double *value, *vector;  /* [p], [p][p] eigenvalues and vectors */
  double *out, *in;        /* [p][rank] L, [rank][p] its inverse */
  double *work, *map;      /* [p][p] */
  double *block;
} shrink;

static gm_status seat(gm_ctx *ctx, const gm__gains *g, shrink *w)
{
  ptrdiff_t p = g->c->option_count - 1, square = p * p;
  *w = (shrink){.g = g, .p = (int32_t)p};
  w->option = gm_alloc(ctx, p, sizeof *w->option);
  w->block = gm_alloc(ctx, 3 * p + 7 * square, sizeof *w->block);
  if (!w->option || !w->block)
    return gm_fail(ctx, GM_ENOMEM, "choice of %d options", (int)g->c->option_count);
  w->mean = w->block;
  w->rest = w->mean + p;
  w->value = w->rest + p;
  double **square_of[] = {&w->between, &w->noise, &w->vector, &w->out, &w->in, &w->work, &w->map};
  for (int32_t k = 0; k < 7; k++) *square_of[k] = w->value + p + k * square;
  for (int32_t o = 0, i = 0; o < g->c->option_count; o++)
    if (o != g->base) w->option[i++] = o;
  return GM_OK;
}

static bool of_model(const gm__gains *g, int32_t m, int32_t k)
{
  return g->weight[m] > 0 && (!g->c->model || g->c->model[m] == k);
}

static double gain(const shrink *w, int32_t i, int32_t m)
{
  return w->g->gain[(ptrdiff_t)w->option[i] * w->g->c->member_count + m];
}

static double member_mean(const gm_choice *c, int32_t o, int32_t m)
{
  double sum = 0;
  for (int32_t r = 0; r < c->replicate_count; r++) sum += gm__choice_value(c, o, m, r);
  return sum / c->replicate_count;
}

/* Adds size * a a' to the lower triangle of sum. */
static void add_square(const shrink *w, double size, double *sum)
{
  for (int32_t i = 0; i < w->p; i++)
    for (int32_t j = 0; j <= i; j++) sum[i * w->p + j] += size * w->rest[i] * w->rest[j];
}

/* Noise of the mean gains of member m. Replicates that are not coupled are independent from option
 * to option: what two gains share is the noise of the base. */
static void add_noise(const shrink *w, int32_t m, double size)
{
  const gm_choice *c = w->g->c;
  int32_t count = c->replicate_count;
  double *own = w->value, base_mean = member_mean(c, w->g->base, m);
  for (int32_t i = 0; i < w->p; i++) own[i] = member_mean(c, w->option[i], m);
  for (int32_t r = 0; r < count; r++) {
    double part = size / count / (count - 1);
    double base = gm__choice_value(c, w->g->base, m, r) - base_mean;
    for (int32_t i = 0; i < w->p; i++) {
      double above = gm__choice_value(c, w->option[i], m, r) - own[i];
      w->rest[i] = c->coupled ? above - base : base;
      if (!c->coupled) w->noise[i * w->p + i] += part * above * above;
    }
    add_square(w, part, w->noise);
  }
}

/* Means, S and N of the members of model k; false: there is nothing to shrink. */
static bool moments(const shrink *w, int32_t k)
{
  const gm__gains *g = w->g;
  double share = 0, square = 0;
  memset(w->mean, 0, (size_t)w->p * sizeof *w->mean);
  memset(w->between, 0, (size_t)w->p * (size_t)w->p * sizeof *w->between);
  memset(w->noise, 0, (size_t)w->p * (size_t)w->p * sizeof *w->noise);
  for (int32_t m = 0; m < g->c->member_count; m++) {
    if (!of_model(g, m, k)) continue;
    share += g->weight[m];
    square += g->weight[m] * g->weight[m];
    for (int32_t i = 0; i < w->p; i++) w->mean[i] += g->weight[m] * gain(w, i, m);
  }
  if (!(share > 0)) return false;
  square /= share * share; /* 1 / effective number of members */
  for (int32_t i = 0; i < w->p; i++) w->mean[i] /= share;
  for (int32_t m = 0; m < g->c->member_count && square < 1; m++) {
    if (!of_model(g, m, k)) continue;
    for (int32_t i = 0; i < w->p; i++) w->rest[i] = gain(w, i, m) - w->mean[i];
    add_square(w, g->weight[m] / share / (1 - square), w->between);
    add_noise(w, m, g->weight[m] / share);
  }
  for (int32_t i = 0; i < w->p; i++) /* scaled, so that units of options do not matter below */
    w->rest[i] = sqrt(w->between[i * w->p + i]);
  return square < 1;
}

/* L and its inverse in the directions in which the members differ beyond rounding. */
static gm_status whiten(gm_ctx *ctx, shrink *w)
{
  int32_t p = w->p;
  const double *scale = w->rest;
  for (int32_t i = 0; i < p; i++)
    for (int32_t j = 0; j <= i; j++) {
      double both = scale[i] * scale[j];
      w->work[i * p + j] = both > 0 ? w->between[i * p + j] / both : 0;
    }
  gm_status s = gm_la_eigen(ctx, p, w->work, w->value, w->vector);
  if (s) return s;
  w->rank = 0;
  for (int32_t k = 0; k < p; k++) w->rank += w->value[k] > 1e-10 * p;
  int32_t first = p - w->rank; /* values ascend */
  for (int32_t k = 0; k < w->rank; k++)
    for (int32_t i = 0; i < p; i++) {
      double v = w->vector[i * p + first + k], root = sqrt(w->value[first + k]);
      w->out[i * w->rank + k] = scale[i] * v * root;
      w->in[k * p + i] = scale[i] > 0 ? v / (root * scale[i]) : 0;
    }
  return GM_OK;
}

/* L^-1 N L^-T into work[rank][rank], lower triangle. */
static void noise_white(const shrink *w)
{
  int32_t p = w->p, rank = w->rank;
  for (int32_t i = 0; i < p; i++)
    for (int32_t j = 0; j < i; j++) w->noise[j * p + i] = w->noise[i * p + j];
  for (int32_t a = 0; a < rank; a++) {
    gm_la_mul_vec(p, p, w->noise, w->in + (ptrdiff_t)a * p, w->rest);
    for (int32_t b = 0; b <= a; b++)
      w->work[a * rank + b] = gm_la_dot(p, w->in + (ptrdiff_t)b * p, w->rest);
  }
}

/* T of the moments, [p][p]. */
static gm_status map_of(gm_ctx *ctx, shrink *w)
{
  gm_status s = whiten(ctx, w);
  int32_t p = w->p, rank = w->rank;
  memset(w->map, 0, (size_t)p * (size_t)p * sizeof *w->map);
  if (s || !rank) return s;
  noise_white(w);
  s = gm_la_eigen(ctx, rank, w->work, w->value, w->vector);
  for (int32_t k = 0; k < rank && !s; k++) {
    double keep = sqrt(fmax(0, 1 - w->value[k]));
    for (int32_t i = 0; i < p; i++) {
      double to = 0;
      for (int32_t a = 0; a < rank; a++) to += w->out[i * rank + a] * w->vector[a * rank + k];
      for (int32_t j = 0; j < p; j++) {
        double from = 0;
        for (int32_t a = 0; a < rank; a++) from += w->vector[a * rank + k] * w->in[a * p + j];
        w->map[i * p + j] += keep * to * from;
      }
    }
  }
  return s;
}

static void apply(const shrink *w, int32_t k)
{
  const gm__gains *g = w->g;
  ptrdiff_t n = g->c->member_count;
  for (int32_t m = 0; m < n; m++) {
    if (!of_model(g, m, k)) continue;
    for (int32_t i = 0; i < w->p; i++) w->rest[i] = gain(w, i, m) - w->mean[i];
    for (int32_t i = 0; i < w->p; i++)
      g->shrunk[w->option[i] * n + m] =
          w->mean[i] + gm_la_dot(w->p, w->map + (ptrdiff_t)i * w->p, w->rest);
  }
}

gm_status gm__gains_shrink(gm_ctx *ctx, gm__gains *g)
{
  shrink w;
  ptrdiff_t cells = (ptrdiff_t)g->c->option_count * g->c->member_count;
  memcpy(g->shrunk, g->gain, (size_t)cells * sizeof *g->gain);
  if (g->c->replicate_count < 2 || g->c->option_count < 2) return GM_OK;
  gm_status s = seat(ctx, g, &w);
  for (int32_t k = 0; k < (g->c->model ? g->c->model_count : 1) && !s; k++) {
    if (!moments(&w, k)) continue;
    s = map_of(ctx, &w);
    if (!s) apply(&w, k);
  }
  gm_free(w.option);
  gm_free(w.block);
  return s;
}
