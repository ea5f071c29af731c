/* suite_stochastic.c - a case of the stochastic suite: means and standard deviations of many runs.
 *
 * With n runs, mean X and standard deviation S, and mu and sigma expected,
 *   Z = sqrt(n) (X - mu) / sigma,   Y = sqrt(n/2) (S^2 / sigma^2 - 1)
 * shall lie in the ranges of the settings (README.md of cases/stochastic). That file says that a
 * good simulator now and then has a point outside: one is let pass, with more the case is run anew
 * with another seed, up to three in all. (Where the distribution has a long tail, as for births and
 * deaths near their critical rates, Y has a far wider spread than the ranges allow for.) */
#include "cli/suite.h"
#include "gemel/jump.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { CHUNK = 512, SEEDS_MAX = 3, OUTSIDE_MAX = 1 };

typedef struct {
  suite_case *c;
  const gm_model *model;
  const double *time;
  suite_list name;   /* columns without -mean and -sd */
  double *mean, *m2; /* [rows * names] running mean and sum of squares about it */
  double *y;         /* [CHUNK][rows * names] */
  int8_t *status;
  int32_t n, failed;
} moments;

/* Name before "-mean" or "-sd" of a column; bytes 0: neither. */
static size_t stem(const char *column, bool *mean)
{
  size_t n = strlen(column);
  *mean = n > 5 && !strcmp(column + n - 5, "-mean");
  if (*mean) return n - 5;
  return n > 3 && !strcmp(column + n - 3, "-sd") ? n - 3 : 0;
}

static int32_t name_at(const suite_list *l, const char *text, size_t bytes)
{
  for (int32_t i = 0; i < l->count; i++)
    if (strlen(l->text[i]) == bytes && !memcmp(l->text[i], text, bytes)) return i;
  return -1;
}

static gm_status names_take(moments *m)
{
  suite_case *c = m->c;
  const suite_list *column = &c->expected.column;
  m->name.text = gm_arena_get(c->arena, column->count, sizeof *m->name.text);
  if (!m->name.text) return gm_fail(c->ctx, GM_ENOMEM, "case");
  for (int32_t k = 0; k < column->count; k++) {
    bool mean;
    size_t n = stem(column->text[k], &mean);
    if (n == 0)
      return gm_fail(c->ctx, GM_EPARSE, "%s: column %s: NAME-mean or NAME-sd is expected",
                     c->number, column->text[k]);
    if (name_at(&m->name, column->text[k], n) >= 0) continue;
    char *copy = gm_arena_get(c->arena, (ptrdiff_t)n + 1, 1);
    if (!copy) return gm_fail(c->ctx, GM_ENOMEM, "case");
    memcpy(copy, column->text[k], n);
    m->name.text[m->name.count++] = copy;
  }
  return GM_OK;
}

/* ---- running -------------------------------------------------------------------------------- */
/* B. P. Welford, Technometrics 4:419 (1962). */
static void add(moments *m, const double *y)
{
  ptrdiff_t cells = (ptrdiff_t)(m->c->steps + 1) * m->name.count;
  m->n++;
  for (ptrdiff_t i = 0; i < cells; i++) {
    double d = y[i] - m->mean[i];
    m->mean[i] += d / m->n;
    m->m2[i] += d * (y[i] - m->mean[i]);
  }
}

static gm_status run_all(moments *m, uint64_t seed, int32_t replicates)
{
  ptrdiff_t cells = (ptrdiff_t)(m->c->steps + 1) * m->name.count;
  gm_status s = GM_OK;
  m->n = m->failed = 0;
  memset(m->mean, 0, (size_t)cells * sizeof *m->mean);
  memset(m->m2, 0, (size_t)cells * sizeof *m->m2);
  for (int32_t first = 0; first < replicates && !s; first += CHUNK) {
    int32_t n = replicates - first < CHUNK ? replicates - first : CHUNK;
    if (cli_interrupted()) return gm_fail(m->c->ctx, GM_ECANCELLED, "stopped");
    s = suite_members(m->c, m->model, m->time, seed, first, n, m->y, m->status);
    for (int32_t k = 0; k < n && !s; k++) {
      if (m->status[k] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) m->failed++;
      add(m, m->y + k * cells);
    }
  }
  return s;
}

/* ---- the verdict ---------------------------------------------------------------------------- */
/* Column of what is expected, or -1. */
static int32_t column_of(const suite_case *c, const char *name, bool mean)
{
  for (int32_t k = 0; k < c->expected.column.count; k++) {
    bool is_mean;
    size_t n = stem(c->expected.column.text[k], &is_mean);
    if (is_mean == mean && n == strlen(name) && !memcmp(c->expected.column.text[k], name, n))
      return k;
  }
  return -1;
}

/* How far outside its range a point lies; where nothing varies the values must agree to the digits
 * that results are written with. */
static bool inside(double score, double got, double expected, double sigma, const double range[2])
{
  if (sigma > 0) return score > range[0] && score < range[1];
  return fabs(got - expected) <= 1e-5 * (1 + fabs(expected));
}

typedef struct {
  const moments *m;
  suite_result *r;
  int32_t outside;
} judge;

static void point(judge *j, int32_t row, const char *name, bool mean, double mu, double sigma)
{
  const moments *m = j->m;
  int32_t k = name_at(&m->name, name, strlen(name));
  ptrdiff_t cell = (ptrdiff_t)row * m->name.count + k;
  double sd = sqrt(m->m2[cell] / (m->n - 1)), got = mean ? m->mean[cell] : sd;
  double spread = isnan(sigma) ? sd : sigma; /* only the mean is expected: over the runs' own */
  double score = mean ? sqrt(m->n) * (got - mu) / spread
                      : sqrt(m->n / 2.0) * (got * got / (sigma * sigma) - 1);
  const double *range = mean ? m->c->mean_range : m->c->sd_range;
  if (inside(score, got, mean ? mu : sigma, spread, range)) return;
  if (j->outside++ == 0)
    snprintf(j->r->why, sizeof j->r->why, "%.100s-%s at %g: expected %g, got %g (%s = %.2f)", name,
             mean ? "mean" : "sd", m->time[row], mean ? mu : sigma, got, mean ? "Z" : "Y", score);
}

static void judge_all(const moments *m, suite_result *r)
{
  const suite_table *t = &m->c->expected;
  judge j = {.m = m, .r = r};
  r->why[0] = 0;
  for (int32_t i = 0; i < t->row_count; i++)
    for (int32_t k = 0; k < m->name.count; k++) {
      const char *name = m->name.text[k];
      const double *row = t->value + (ptrdiff_t)i * t->column.count;
      int32_t mean = column_of(m->c, name, true), sd = column_of(m->c, name, false);
      double sigma = sd >= 0 ? row[sd] : NAN;
      if (mean >= 0) point(&j, i, name, true, row[mean], sigma);
      if (sd >= 0) point(&j, i, name, false, NAN, sigma);
    }
  r->outcome = j.outside > OUTSIDE_MAX || m->failed ? SUITE_WRONG : SUITE_MATCH;
  size_t n = strlen(r->why);
  if (m->failed)
    snprintf(r->why, sizeof r->why, "%d of %d runs diverged or took too many steps", (int)m->failed,
             (int)m->n);
  else if (j.outside)
    snprintf(r->why + n, sizeof r->why - n, "; %d outside", (int)j.outside);
}

static gm_status write_moments(const moments *m, const suite_options *o)
{
  suite_table got = m->c->expected;
  ptrdiff_t columns = got.column.count;
  got.value = gm_arena_get(m->c->arena, got.row_count * columns, sizeof(double));
  if (!got.value) return gm_fail(m->c->ctx, GM_ENOMEM, "case");
  for (int32_t k = 0; k < columns; k++) {
    bool mean;
    size_t n = stem(got.column.text[k], &mean);
    int32_t from = name_at(&m->name, got.column.text[k], n);
    for (ptrdiff_t i = 0; i < got.row_count; i++) {
      ptrdiff_t cell = i * m->name.count + from;
      got.value[i * columns + k] = mean ? m->mean[cell] : sqrt(m->m2[cell] / (m->n - 1));
    }
  }
  return suite_write(m->c, o, &got, m->time);
}

static gm_status moments_room(moments *m)
{
  ptrdiff_t cells = (ptrdiff_t)(m->c->steps + 1) * m->name.count;
  m->mean = gm_arena_get(m->c->arena, cells, sizeof *m->mean);
  m->m2 = gm_arena_get(m->c->arena, cells, sizeof *m->m2);
  m->y = gm_arena_get(m->c->arena, CHUNK * cells, sizeof *m->y);
  m->status = gm_arena_get(m->c->arena, CHUNK, 1);
  if (m->mean && m->m2 && m->y && m->status) return GM_OK;
  return gm_fail(m->c->ctx, GM_ENOMEM, "case");
}

static gm_status model_make(moments *m, const suite_options *o, const char *text, gm_model **out)
{
  gm_eq_config config;
  gm_status s = suite_config(m->c, o, text, &m->name, &config);
  if (s) return s;
  if (m->c->class == SUITE_DRAW) return gm_model_new(m->c->ctx, &gm_equations, &config, out);
  gm_jump_config jump = {.equations = config, .method = GM_JUMP_EXACT};
  return gm_model_new(m->c->ctx, &gm_jump, &jump, out);
}

gm_status suite_run_stochastic(suite_case *c, const suite_options *o, const char *text,
                               suite_result *r)
{
  double *time;
  gm_model *model = NULL;
  moments m = {.c = c};
  c->class = strstr(text, "/distrib/version1") ? SUITE_DRAW : SUITE_JUMP;
  gm_status s = names_take(&m);
  if (!s) s = suite_times(c, &time);
  if (!s) s = moments_room(&m);
  if (s) return s;
  s = model_make(&m, o, text, &model);
  if (s) return suite_refused(c, s, r);
  m.model = model;
  m.time = time;
  do {
    s = run_all(&m, o->seed + (uint64_t)r->runs++, o->replicates);
    if (!s) judge_all(&m, r);
  } while (!s && r->outcome == SUITE_WRONG && !m.failed && r->runs < SEEDS_MAX);
  if (!s) s = write_moments(&m, o);
  gm_model_free(model);
  return s;
}
