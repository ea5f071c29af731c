/* petab.c - reading a PEtab problem as a whole, and what is asked of it. */
#include "interop/petab.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { YAML_BYTES_MAX = 16 << 20, MODEL_BYTES_MAX = 64 << 20 };

/* ---- files ---------------------------------------------------------------------------------- */
/* The tables of one kind, one after the other. */
static gm_status tables_read(const pt_reader *r, const char *const *path,
                             const char *const *required, pt_table **out)
{
  pt_table *first = NULL, **last = &first;
  gm_status s = GM_OK;
  for (; *path && !s; path++) {
    s = pt_table_read(r, *path, required, last);
    if (!s) last = &(*last)->next;
  }
  if (!s) *out = first;
  return s;
}

static gm_status problem_read(gm_petab *p, const pt_files *f, pt_problem *q)
{
  static const char *const condition[] = {"conditionId", NULL};
  static const char *const observable[] = {"observableId", "observableFormula", "noiseFormula",
                                           NULL};
  static const char *const measurement[] = {"observableId", "simulationConditionId", "measurement",
                                            "time", NULL};
  const pt_reader *r = &p->reader;
  size_t bytes;
  q->model_path = f->model;
  gm_status s = gm_file_read(p->ctx, f->model, MODEL_BYTES_MAX, &q->text, &bytes);
  if (s) return s;
  if (strlen(q->text) != bytes)
    return gm_fail(p->ctx, GM_EPARSE, "%.400s: a byte 0 in the text; SBML is expected", f->model);
  s = tables_read(r, f->conditions, condition, &q->conditions);
  if (!s) s = tables_read(r, f->observables, observable, &q->observables);
  if (!s) s = tables_read(r, f->measurements, measurement, &q->measurements);
  return s ? s : pt_problem_make(p, q);
}

/* Every row of the parameter table must mean something. */
static gm_status used_check(const gm_petab *p)
{
  const pt_parameters *all = &p->parameters;
  for (int32_t i = 0; i < all->count; i++)
    if (!all->used[i])
      return pt_fail(&p->reader, all->table[i], all->table_row[i],
                     pt_column(all->table[i], "parameterId"), GM_EPARSE,
                     "%.80s is not in the model, and no table or formula uses it", all->row[i].id);
  return GM_OK;
}

static gm_status document_read(gm_petab *p, const char *path, pt_document *out)
{
  char *text;
  size_t bytes;
  gm_status s = gm_file_read(p->ctx, path, YAML_BYTES_MAX, &text, &bytes);
  if (s) return s;
  s = pt_document_parse(&p->reader, path, text, bytes, out);
  gm_free(text);
  return s;
}

static int32_t list_count(const char *const *list)
{
  int32_t n = 0;
  while (list[n]) n++;
  return n;
}

static void files_add(gm_petab *p, const char *const *list)
{
  for (; *list; list++) p->file[p->file_count++] = *list;
}

static gm_status files_keep(gm_petab *p, const char *path, const pt_document *d)
{
  int32_t count = 1 + list_count(d->parameters);
  for (int32_t i = 0; i < d->problem_count; i++)
    count += 1 + list_count(d->problem[i].conditions) + list_count(d->problem[i].observables) +
             list_count(d->problem[i].measurements);
  gm_status s = pt_get(&p->reader, count, sizeof *p->file, &p->file);
  if (s) return s;
  p->file[p->file_count++] = path;
  files_add(p, d->parameters);
  for (int32_t i = 0; i < d->problem_count; i++) {
    p->file[p->file_count++] = d->problem[i].model;
    files_add(p, d->problem[i].conditions);
    files_add(p, d->problem[i].observables);
    files_add(p, d->problem[i].measurements);
  }
  return GM_OK;
}

static gm_status read_all(gm_petab *p, const char *path)
{
  static const char *const parameter[] = {"parameterId", "parameterScale", "estimate", NULL};
  pt_document d;
  pt_table *t;
  const char *copy;
  gm_status s = pt_copy(&p->reader, path, &copy);
  if (!s) s = document_read(p, copy, &d);
  if (!s) s = files_keep(p, copy, &d);
  if (!s) s = tables_read(&p->reader, d.parameters, parameter, &t);
  if (!s) s = pt_parameters_make(&p->reader, t, &p->parameters);
  if (!s) s = pt_get(&p->reader, d.problem_count, sizeof *p->problem, &p->problem);
  for (int32_t i = 0; !s && i < d.problem_count; i++) {
    pt_problem *q = &p->problem[p->problem_count++]; /* freed with p, also when half made */
    q->first_point = p->point_count;
    s = problem_read(p, &d.problem[i], q);
    p->point_count += q->point_count;
  }
  return s ? s : used_check(p);
}

gm_status gm_petab_read(gm_ctx *ctx, const char *path, const gm_petab_options *options,
                        gm_petab **out)
{
  assert(path && out);
  gm_petab *p = gm_alloc(ctx, 1, sizeof *p);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "PEtab problem");
  p->ctx = ctx;
  if (options) p->options = *options;
  if (!(p->options.rtol > 0)) p->options.rtol = 1e-9;
  if (!(p->options.atol > 0)) p->options.atol = 1e-12;
  gm_status s = gm_arena_new(ctx, 1 << 16, &p->arena);
  p->reader = (pt_reader){.ctx = ctx, .arena = p->arena};
  if (!s) p->reader.c = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!s && !p->reader.c) s = gm_fail(ctx, GM_ENOMEM, "locale");
  if (!s) s = read_all(p, path);
  if (s)
    gm_petab_free(p);
  else
    *out = p;
  return s;
}

void gm_petab_free(gm_petab *p)
{
  if (!p) return;
  for (int32_t i = 0; i < p->problem_count; i++) pt_problem_free(&p->problem[i]);
  for (int32_t w = 0; w < p->workers; w++) gm_arena_free(p->scratch[w]);
  if (p->reader.c) freelocale(p->reader.c);
  gm_arena_free(p->arena);
  gm_free(p);
}

/* ---- what is asked -------------------------------------------------------------------------- */
const gm_petab_parameter *gm_petab_parameters(const gm_petab *p, int32_t *count_out)
{
  *count_out = p->parameters.count;
  return p->parameters.row;
}

const int32_t *gm_petab_estimated(const gm_petab *p, int32_t *count_out)
{
  *count_out = p->parameters.d;
  return p->parameters.estimated;
}

const char *gm_petab_file(const gm_petab *p, int32_t i)
{
  return i >= 0 && i < p->file_count ? p->file[i] : NULL;
}

int32_t gm_petab_point_count(const gm_petab *p) { return p->point_count; }

int32_t gm_petab_condition_count(const gm_petab *p)
{
  int32_t count = 0;
  for (int32_t i = 0; i < p->problem_count; i++) count += p->problem[i].experiment_count;
  return count;
}

const pt_point *pt_point_at(const gm_petab *p, int32_t point, const pt_problem **problem_out)
{
  int32_t i = 0;
  while (point >= p->problem[i].first_point + p->problem[i].point_count) i++;
  *problem_out = &p->problem[i];
  return &p->problem[i].point[point - p->problem[i].first_point];
}

gm_status gm_petab_nominal(const gm_petab *p, double *z)
{
  const pt_parameters *all = &p->parameters;
  for (int32_t k = 0; k < all->d; k++) {
    const gm_petab_parameter *row = &all->row[all->estimated[k]];
    if (!isfinite(gm_petab_to_scale(row->scale, row->nominal)))
      return pt_fail(&p->reader, all->table[all->estimated[k]], all->table_row[all->estimated[k]],
                     pt_column(all->table[all->estimated[k]], "nominalValue"), GM_EDOMAIN,
                     "%.80s has no nominal value on its scale", row->id);
  }
  for (int32_t k = 0; k < all->d; k++) {
    const gm_petab_parameter *row = &all->row[all->estimated[k]];
    z[k] = gm_petab_to_scale(row->scale, row->nominal);
  }
  return GM_OK;
}

/* One coordinate from u in (0, 1). */
static double draw_one(const pt_parameters *all, int32_t i, double u)
{
  pt_prior prior = all->start[i];
  if (prior.kind == PT_PRIOR_NONE) prior = (pt_prior){PT_SCALE_UNIFORM, all->low[i], all->high[i]};
  double z = pt_prior_quantile(&prior, all->row[i].scale, u);
  if (isnan(z)) z = all->low[i]; /* a value below 0 on a logarithmic scale */
  return fmin(fmax(z, all->low[i]), all->high[i]);
}

gm_status gm_petab_draw(const gm_petab *p, uint64_t seed, uint64_t number, double *z)
{
  const pt_parameters *all = &p->parameters;
  const gm_key key = gm_key_make(seed, GM_PURPOSE_SEARCH, 0, 0);
  for (int32_t pass = 0; pass < 2; pass++)
    for (int32_t k = 0; k < all->d; k++) {
      int32_t i = all->estimated[k];
      double v = draw_one(all, i, gm_uniform(key, number, (uint64_t)k, 0, 0));
      if (pass) z[k] = v;
      if (!isfinite(v))
        return pt_fail(&p->reader, all->table[i], all->table_row[i], -1, GM_EDOMAIN,
                       "%.80s: no start can be drawn; finite bounds on its scale or an "
                       "initialization prior are expected",
                       all->row[i].id);
    }
  return GM_OK;
}
