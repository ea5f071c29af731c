/* crowd.c - members of a flat model, run together. */
#include "support/crowd.h"

void crowd_of(crowd *c, gm_ctx *ctx, gm_model *m, int32_t n)
{
  int32_t count;
  *c = (crowd){.n = n, .ctx = ctx, .m = m};
  assert_int_equal(c->m->type->work_new(c->m, c->ctx, &c->work), GM_OK);
  assert_int_equal(gm_arena_new(c->ctx, 0, &c->arena), GM_OK);
  gm_model_get_info(c->m, &c->info);
  const gm_var *p = gm_model_table(c->m, GM_TABLE_PARAMETER, &count);
  c->x = calloc((size_t)n * (size_t)c->info.state_count + 1, sizeof *c->x);
  c->theta = calloc((size_t)n * (size_t)count + 1, sizeof *c->theta);
  c->status = calloc((size_t)n, 1);
  c->key = calloc((size_t)n, sizeof *c->key);
  for (int32_t i = 0; i < n; i++) {
    c->key[i] = gm_key_make(11, GM_PURPOSE_INTRINSIC, 0, (uint64_t)i);
    for (int32_t k = 0; k < count; k++) c->theta[(ptrdiff_t)i * count + k] = p[k].initial;
  }
  c->b = (gm_batch){.n = n,
                    .sx = 1,
                    .sm = c->info.state_count,
                    .x = c->x,
                    .theta = c->theta,
                    .psx = 1,
                    .psm = count,
                    .key = c->key,
                    .status = c->status};
}

void crowd_open(crowd *c, const gm_model_type *type, const void *config, int32_t n)
{
  gm_ctx *ctx;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_model_new(ctx, type, config, &m)) fail_msg("%s", gm_message(ctx));
  crowd_of(c, ctx, m, n);
}

void crowd_close(crowd *c)
{
  c->m->type->work_free(c->work);
  gm_arena_free(c->arena);
  gm_model_free(c->m);
  gm_ctx_free(c->ctx);
  free(c->x);
  free(c->theta);
  free(c->y);
  free(c->status);
  free(c->key);
}

int32_t crowd_row(const crowd *c, gm_table which, const char *name)
{
  int32_t i = gm_model_find(c->m, which, name);
  if (i < 0) fail_msg("no row %s", name);
  return i;
}

void crowd_parameter(crowd *c, const char *name, double value)
{
  int32_t p = crowd_row(c, GM_TABLE_PARAMETER, name);
  for (int32_t i = 0; i < c->n; i++) c->theta[(ptrdiff_t)i * c->info.parameter_count + p] = value;
}

void crowd_init(crowd *c) { c->m->type->init(c->m, c->work, &c->b, 0); }

void crowd_go(crowd *c, double t0, double t1, const double *sample, int32_t samples,
              const gm_edge *edge, int32_t edges)
{
  gm_span *span = calloc((size_t)c->n, sizeof *span);
  ptrdiff_t each = (ptrdiff_t)samples * c->info.output_count;
  free(c->y);
  c->samples = samples;
  c->y = calloc((size_t)(c->n * each) + 1, sizeof *c->y);
  for (int32_t i = 0; i < c->n; i++)
    span[i] = (gm_span){.t0 = t0,
                        .t1 = t1,
                        .sample = sample,
                        .sample_count = samples,
                        .edge = edge,
                        .edge_count = edges,
                        .y = c->y + i * each};
  c->m->type->advance(c->m, c->work, &c->b, span, c->arena);
  free(span);
}

void crowd_run(crowd *c, const gm_model_type *type, const void *config, int32_t n, const double *t,
               int32_t samples)
{
  crowd_open(c, type, config, n);
  crowd_init(c);
  crowd_go(c, 0, t[samples - 1], t, samples, NULL, 0);
  crowd_all_well(c);
}

double crowd_y(const crowd *c, int32_t member, int32_t sample, const char *output)
{
  int32_t k = crowd_row(c, GM_TABLE_OUTPUT, output);
  return c->y[((ptrdiff_t)member * c->samples + sample) * c->info.output_count + k];
}

double crowd_x(const crowd *c, int32_t member, const char *row)
{
  return c->x[(ptrdiff_t)member * c->info.state_count + crowd_row(c, GM_TABLE_STATE, row)];
}

void crowd_all_well(const crowd *c)
{
  for (int32_t i = 0; i < c->n; i++)
    if (c->status[i]) fail_msg("member %d has status %d", (int)i, (int)c->status[i]);
}

double crowd_mean(const crowd *c, int32_t sample, const char *output)
{
  double sum = 0;
  for (int32_t i = 0; i < c->n; i++) sum += crowd_y(c, i, sample, output);
  return sum / c->n;
}

double crowd_variance(const crowd *c, int32_t sample, const char *output)
{
  double mean = crowd_mean(c, sample, output), square = 0;
  for (int32_t i = 0; i < c->n; i++) square += pow(crowd_y(c, i, sample, output) - mean, 2);
  return square / (c->n - 1);
}

/* ---- laws ------------------------------------------------------------------------------------ */
void within(const char *what, double value, double want, double standard_error)
{
  if (!(fabs(value - want) <= 4 * standard_error))
    fail_msg("%s: %.6g, theory %.6g, %.2f standard errors away", what, value, want,
             (value - want) / standard_error);
}

void share_is(const char *what, const crowd *c, int32_t sample, const char *output, double v,
              double p)
{
  int32_t seen = 0;
  for (int32_t i = 0; i < c->n; i++) seen += crowd_y(c, i, sample, output) == v;
  within(what, (double)seen / c->n, p, sqrt(p * (1 - p) / c->n) + 1e-9);
}

void distributed(const char *what, const crowd *c, int32_t sample, const char *output,
                 const double *p, int32_t count)
{
  int32_t *seen = calloc((size_t)count + 1, sizeof *seen);
  for (int32_t i = 0; i < c->n; i++) {
    double v = crowd_y(c, i, sample, output);
    assert_true(v >= 0 && v == rint(v));
    seen[v < count ? (int32_t)v : count]++;
  }
  double chi = 0, class_p = 0, used = 0;
  int32_t classes = 0, class_seen = 0, left = c->n;
  for (int32_t k = 0; k < count; k++) {
    class_p += p[k];
    class_seen += seen[k];
    if (class_p * c->n < 10 || (1 - used - class_p) * c->n < 10) continue;
    chi += pow(class_seen - class_p * c->n, 2) / (class_p * c->n);
    used += class_p;
    left -= class_seen;
    classes++;
    class_p = 0;
    class_seen = 0;
  }
  chi += pow(left - (1 - used) * c->n, 2) / ((1 - used) * c->n);
  free(seen);
  assert_true(classes >= 3);
  within(what, chi, classes, sqrt(2.0 * classes));
}

void chain_solve(const double *q, int32_t n, double t, double *p)
{
  size_t size = (size_t)(n * n);
  double *e = calloc(3 * size, sizeof *e), *term = e + size, *next = e + 2 * size, largest = 0;
  int squarings = 0;
  for (size_t i = 0; i < size; i++) largest = fmax(largest, fabs(q[i] * t));
  for (; ldexp(1, squarings) < 16 * n * largest; squarings++) {}
  double scale = ldexp(t, -squarings);
  for (int32_t i = 0; i < n; i++) e[i * n + i] = term[i * n + i] = 1;
  for (int k = 1; k < 20; k++) {
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) {
        double sum = 0;
        for (int32_t l = 0; l < n; l++) sum += term[i * n + l] * q[l * n + j];
        next[i * n + j] = sum * scale / k;
      }
    for (size_t i = 0; i < size; i++) e[i] += term[i] = next[i];
  }
  for (; squarings > 0; squarings--) {
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = 0; j < n; j++) {
        double sum = 0;
        for (int32_t l = 0; l < n; l++) sum += e[i * n + l] * e[l * n + j];
        next[i * n + j] = sum;
      }
    memcpy(e, next, size * sizeof *e);
  }
  for (int32_t j = 0; j < n; j++) {
    next[j] = 0;
    for (int32_t l = 0; l < n; l++) next[j] += p[l] * e[l * n + j];
  }
  memcpy(p, next, (size_t)n * sizeof *p);
  free(e);
}
