/* paths_thin.c - fewer members that say the same: every k-th of the systematic choice by weight. */
#include "methods/paths.h"
#include "num/resample.h"
#include <string.h>

static gm_status members_alloc(gm_ctx *ctx, const gm_members *from, int32_t n, int32_t data,
                               gm_members **out)
{
  ptrdiff_t cells = (ptrdiff_t)n * (from->dim + 1 + data);
  gm_members *m = gm_alloc(ctx, 1, sizeof *m + (size_t)cells * sizeof(double));
  if (!m) return gm_fail(ctx, GM_ENOMEM, "%d members", (int)n);
  *m = *from;
  m->n = n;
  m->z = (double *)(m + 1);
  m->weight = m->z + (ptrdiff_t)n * m->dim;
  m->f = m->weight + n;
  m->ess = from->ess < n ? from->ess : n;
  *out = m;
  return GM_OK;
}

static gm_status lineage_alloc(gm_ctx *ctx, const gm_lineage *from, int32_t n, gm_lineage **out)
{
  gm_lineage *l = gm_alloc(ctx, 1, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "paths");
  *l = (gm_lineage){.key = from->key, .n = n, .renewal_count = from->renewal_count};
  l->renewal_t = gm_alloc(ctx, l->renewal_count, sizeof *l->renewal_t);
  l->slot = gm_alloc(ctx, (ptrdiff_t)(l->renewal_count + 1) * n, sizeof *l->slot);
  *out = l;
  return l->renewal_t && l->slot ? GM_OK : gm_fail(ctx, GM_ENOMEM, "paths of %d members", (int)n);
}

static void copy(const gm_members *m, const gm_lineage *l, int32_t data, int32_t from, int32_t to,
                 gm_members *fewer, gm_lineage *paths)
{
  memcpy(fewer->z + (ptrdiff_t)to * m->dim, m->z + (ptrdiff_t)from * m->dim,
         (size_t)m->dim * sizeof *m->z);
  memcpy(fewer->f + (ptrdiff_t)to * data, m->f + (ptrdiff_t)from * data,
         (size_t)data * sizeof *m->f);
  fewer->weight[to] = 1.0 / fewer->n;
  for (int32_t i = 0; i <= l->renewal_count; i++)
    paths->slot[(ptrdiff_t)i * fewer->n + to] = l->slot[(ptrdiff_t)i * m->n + from];
}

gm_status gm__paths_thin(gm_ctx *ctx, int32_t n, int32_t data, double u, gm_members **members,
                         gm_lineage **lineage)
{
  gm_members *m = *members, *fewer = NULL;
  gm_lineage *l = *lineage, *paths = NULL;
  int32_t *ancestor = gm_alloc(ctx, m->n, sizeof *ancestor), step = m->n / n;
  gm_status s = ancestor ? GM_OK : gm_fail(ctx, GM_ENOMEM, "%d members", (int)m->n);
  if (!s) s = members_alloc(ctx, m, n, data, &fewer);
  if (!s) s = lineage_alloc(ctx, l, n, &paths);
  if (!s) {
    gm__resample(m->n, m->weight, u, ancestor);
    for (int32_t i = 0; i < n; i++) copy(m, l, data, ancestor[i * step], i, fewer, paths);
    for (int32_t i = 0; i < l->renewal_count; i++) paths->renewal_t[i] = l->renewal_t[i];
    *members = fewer;
    *lineage = paths;
    gm_members_free(m);
    gm_lineage_free(l);
  } else {
    gm_members_free(fewer);
    gm_lineage_free(paths);
  }
  gm_free(ancestor);
  return s;
}
