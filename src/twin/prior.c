/* prior.c - a learned prior: kept as JSON, put into a definition. */
#include "gemel/prior.h"
#include "base/json_tree.h"
#include "base/json_write.h"
#include "twin/prior_internal.h"
#include <assert.h>
#include <string.h>

void gm_prior_free(gm_prior *p) { gm_free(p); }

gm_prior *gm__prior_new(gm_ctx *ctx, int32_t eta_count)
{
  _Static_assert(sizeof(gm_prior) % sizeof(double) == 0, "the numbers lie behind the struct");
  size_t k = (size_t)eta_count;
  gm_prior *p = gm_alloc(ctx, 1, sizeof *p + (k * k + 2 * k) * sizeof(double));
  if (!p) return NULL;
  p->eta_count = eta_count;
  p->mean = (double *)(p + 1);
  p->mean_error = p->mean + k;
  p->omega = p->mean_error + k;
  return p;
}

static void numbers_write(gm_json_writer *w, const char *key, const double *v, int32_t n)
{
  gm__json_write_array(w, key);
  for (int32_t i = 0; i < n; i++) gm__json_write_number(w, NULL, v[i]);
  gm__json_write_array_end(w);
}

void gm_prior_write(const gm_prior *p, gm_text *out)
{
  gm_json_writer w;
  int32_t k = p->eta_count;
  gm__json_write_begin(&w, out, 1);
  gm__json_write_object(&w, NULL);
  gm__json_write_text(&w, "gemel", "prior of random effects");
  gm__json_write_int(&w, "twins", p->twins);
  gm__json_write_int(&w, "subjects", p->subjects);
  gm__json_write_number(&w, "ess_least", p->ess_least);
  gm__json_write_bool(&w, "converged", p->converged);
  numbers_write(&w, "mean", p->mean, k);
  numbers_write(&w, "mean_error", p->mean_error, k);
  numbers_write(&w, "omega", p->omega, k * k);
  gm__json_write_object_end(&w);
}

static gm_status numbers_read(gm_ctx *ctx, const gm_json *root, const char *key, int32_t n,
                              double *out)
{
  const gm_json *a = gm__json_find(root, key), *v = a ? a->first : NULL;
  if (!a || a->kind != GM_JSON_ARRAY || a->count != n)
    return gm_fail(ctx, GM_EPARSE, "%s: `%s`: %d numbers are expected", root->doc->name, key,
                   (int)n);
  gm_status st = GM_OK;
  for (int32_t i = 0; i < n && !st; i++, v = v->next) st = gm__json_double(v, &out[i]);
  return st == GM_EINVAL
             ? gm_fail(ctx, GM_EPARSE, "%s: `%s`: numbers are expected", root->doc->name, key)
             : st;
}

static gm_status count_read(const gm_json *root, const char *key, int32_t *out)
{
  int64_t v = 0;
  const gm_json *n = gm__json_find(root, key);
  gm_status st =
      n ? gm__json_int(n, &v) : gm__json_node_fail(root, GM_EPARSE, "`%s` is missing", key);
  if (!st && (v < 0 || v > INT32_MAX)) st = gm__json_node_fail(n, GM_EPARSE, "a count is expected");
  *out = (int32_t)v;
  return st;
}

static gm_status tree_read(gm_ctx *ctx, const gm_json *root, gm_prior **out)
{
  const gm_json *mean = gm__json_find(root, "mean");
  if (!mean || mean->kind != GM_JSON_ARRAY || mean->count < 1 || mean->count > 200)
    return gm_fail(ctx, GM_EPARSE, "%s: no learned prior", root->doc->name);
  gm_prior *p = gm__prior_new(ctx, mean->count);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "prior");
  int32_t k = p->eta_count;
  gm_status st = numbers_read(ctx, root, "mean", k, p->mean);
  if (!st) st = numbers_read(ctx, root, "mean_error", k, p->mean_error);
  if (!st) st = numbers_read(ctx, root, "omega", k * k, p->omega);
  if (!st) st = count_read(root, "twins", &p->twins);
  if (!st) st = count_read(root, "subjects", &p->subjects);
  if (st)
    gm_prior_free(p);
  else
    *out = p;
  return st;
}

gm_status gm_prior_read(gm_ctx *ctx, const char *name, const char *text, size_t bytes,
                        gm_prior **out)
{
  assert(ctx && name && text && out);
  gm_json_options o = {.name = name};
  gm_json *root = NULL;
  gm_arena *memory = NULL;
  gm_status st = gm_arena_new(ctx, 4096, &memory);
  if (!st) st = gm__json_parse(ctx, memory, &o, text, bytes, &root);
  if (!st) st = tree_read(ctx, root, out);
  gm_arena_free(memory);
  return st;
}

gm_status gm_prior_apply(gm_ctx *ctx, const gm_prior *p, gm_definition *d)
{
  assert(ctx && p && d);
  size_t k = (size_t)d->eta_count;
  if (p->eta_count != d->eta_count)
    return gm_fail(ctx, GM_EINVAL, "a prior of %d random effects; the definition has %d",
                   (int)p->eta_count, (int)d->eta_count);
  double *mean = gm_arena_get(d->memory, d->eta_count, sizeof *mean);
  if (!mean) return gm_fail(ctx, GM_ENOMEM, "prior");
  memcpy(mean, p->mean, k * sizeof *mean);
  memcpy(d->omega, p->omega, k * k * sizeof *d->omega);
  d->eta_mean = mean;
  return GM_OK;
}
