/* structural_mixed.c - sums of products. A function f of the unknowns can be found where no
 * direction v that leaves the outputs as they are moves it: v . grad f = 0 at every point. With f a
 * sum of c_m m over terms m (a, a*b, a/b, 1/a) that is one linear equation for the constants c a
 * direction and point; points are added until the solutions stay the same. */
#include "kinds/equations/structural_mixed.h"
#include <stdlib.h>
#include <string.h>

enum { TERMS_MAX = 400, POINTS_MAX = 500 };
static const double WORK_MAX = 5e9; /* products of numbers: some seconds */

/* A term is the product of two unknowns to the powers 1 or -1; index -1: no factor. */
typedef struct {
  int32_t a, b;
  int8_t power_a, power_b;
} term;

typedef struct {
  gm_structural *s;
  const ss_problem *p;
  int32_t count;
  term term[TERMS_MAX];
  sf_span point, still; /* derivatives at one point; equations for the constants */
  uint64_t *value, *v;  /* unknowns; a direction */
  uint64_t *row;        /* [count] */
  int64_t *whole, *e;   /* [count] constants; [unknown_count] exponents */
} mixed;

/* Simple terms first: the solutions are written by the terms that come first. */
static bool terms_make(mixed *x, int32_t n, const bool *in)
{
  static const int8_t power[4][2] = {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}};
  for (int sign = 1; sign >= -1; sign -= 2)
    for (int32_t i = 0; i < n; i++) {
      if (!in[i]) continue;
      if (x->count == TERMS_MAX) return false;
      x->term[x->count++] = (term){i, -1, (int8_t)sign, 0};
    }
  for (int k = 0; k < 3; k++) /* 1/(a*b) is left out: rare, and many */
    for (int32_t i = 0; i < n; i++)
      for (int32_t j = i; j < n; j++) {
        if (!in[i] || !in[j] || (i == j && k > 0)) continue;
        if (x->count == TERMS_MAX) return false;
        x->term[x->count++] = (term){i, j, power[k][0], power[k][1]};
      }
  return true;
}

/* Terms of all unknowns, or if those are too many of the ones that cannot be found themselves. */
static bool terms_choose(mixed *x, bool *in)
{
  int32_t n = x->s->unknown_count;
  for (int32_t j = 0; j < n; j++) in[j] = true;
  if (terms_make(x, n, in)) return true;
  for (int32_t j = 0; j < n; j++) in[j] = !x->s->unknown[j].identifiable;
  x->count = 0;
  return terms_make(x, n, in);
}

/* Products that the series at all the points need. */
static double work(const mixed *x)
{
  int32_t n = x->s->unknown_count;
  double points = 3 + (double)x->count / (n - x->s->rank), orders = x->s->order + 1;
  return points * orders * orders / 2 * x->p->graph->count * (n + 1);
}

static uint64_t power_of(uint64_t p, uint64_t a, int power)
{
  return power < 0 ? sf_inverse(p, a) : a;
}

/* dm/dunknown j at the point, for a term m. */
static uint64_t slope(const mixed *x, const term *m, int32_t j)
{
  uint64_t p = x->point.p, value = power_of(p, x->value[m->a], m->power_a), sum = 0;
  int32_t power = (m->a == j ? m->power_a : 0) + (m->b == j ? m->power_b : 0);
  if (power == 0) return 0;
  if (m->b >= 0) value = sf_mul(p, value, power_of(p, x->value[m->b], m->power_b));
  value = sf_mul(p, value, sf_inverse(p, x->value[j]));
  for (int32_t k = 0; k < abs(power); k++) sum = sf_add(p, sum, value);
  return power < 0 ? sf_sub(p, 0, sum) : sum;
}

/* Equations of the point at hand; true: some were new. */
static bool equations_add(mixed *x)
{
  uint64_t p = x->point.p;
  bool more = false;
  for (int32_t i = 0; i < x->point.columns - x->point.count; i++) {
    gm__span_normal(&x->point, i, x->v);
    for (int32_t m = 0; m < x->count; m++) {
      const term *t = &x->term[m];
      uint64_t sum = sf_mul(p, x->v[t->a], slope(x, t, t->a));
      if (t->b >= 0 && t->b != t->a) sum = sf_add(p, sum, sf_mul(p, x->v[t->b], slope(x, t, t->b)));
      x->row[m] = sum;
    }
    if (gm__span_add(&x->still, x->row)) more = true;
  }
  return more;
}

static void mixed_text(mixed *x, gm_text *t)
{
  bool first = true;
  for (int32_t m = 0; m < x->count; m++) {
    int64_t c = x->whole[m];
    const term *at = &x->term[m];
    if (c == 0) continue;
    gm_text_add(t, first ? c < 0 ? "-" : "" : c < 0 ? " - " : " + ");
    if (llabs(c) != 1) gm_text_addf(t, "%lld*", llabs((long long)c));
    memset(x->e, 0, (size_t)x->s->unknown_count * sizeof *x->e);
    x->e[at->a] += at->power_a;
    if (at->b >= 0) x->e[at->b] += at->power_b;
    gm__structural_product(t, x->s, x->e);
    first = false;
  }
}

/* The i-th solution, if what it says was not known. */
static gm_status solution_take(mixed *x, int32_t i, sf_span *known)
{
  uint64_t p = known->p;
  gm_structural *s = x->s;
  gm_text t;
  gm__span_normal(&x->still, i, x->row);
  memset(x->v, 0, (size_t)s->unknown_count * sizeof *x->v);
  for (int32_t m = 0; m < x->count; m++) {
    const term *at = &x->term[m];
    if (x->row[m] == 0) continue;
    x->v[at->a] = sf_add(p, x->v[at->a], sf_mul(p, x->row[m], slope(x, at, at->a)));
    if (at->b >= 0 && at->b != at->a)
      x->v[at->b] = sf_add(p, x->v[at->b], sf_mul(p, x->row[m], slope(x, at, at->b)));
  }
  if (!gm__structural_whole(p, x->count, x->row, x->whole) || !gm__span_add(known, x->v))
    return GM_OK;
  gm_text_init(&t, s->ctx);
  mixed_text(x, &t);
  if (t.status) {
    gm_text_free(&t);
    return gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  }
  s->combination[s->combination_count++] = t.data;
  return GM_OK;
}

static gm_status solutions_find(mixed *x, sf_span *known)
{
  gm_status status = GM_OK;
  int32_t order, idle = 0, i = 0, last = x->s->point_count - 1;
  for (; idle < 2 && i < POINTS_MAX && !status; i++) {
    status = gm__series_point(x->p, known->p, i, &x->point, x->value, &order);
    if (!status) idle = equations_add(x) ? 0 : idle + 1;
  }
  if (status || idle < 2) return status;
  status = gm__series_point(x->p, known->p, last, &x->point, x->value, &order);
  if (i > x->s->point_count) x->s->point_count = i;
  for (i = 0; i < x->count - x->still.count && !status; i++) {
    if (known->count == x->s->rank) break;
    status = solution_take(x, i, known);
  }
  return status;
}

gm_status gm__structural_mixed(gm_structural *s, const ss_problem *p, sf_span *known)
{
  int32_t n = s->unknown_count;
  mixed *x = gm_alloc(s->ctx, 1, sizeof *x);
  bool *in = gm_alloc(s->ctx, n, sizeof *in);
  gm_status status = x && in ? GM_OK : gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  if (status) goto out;
  x->s = s;
  x->p = p;
  if (!terms_choose(x, in) || !(work(x) <= WORK_MAX)) goto out;
  x->value = gm_alloc(s->ctx, n, sizeof *x->value);
  x->v = gm_alloc(s->ctx, n, sizeof *x->v);
  x->e = gm_alloc(s->ctx, n, sizeof *x->e);
  x->row = gm_alloc(s->ctx, x->count, sizeof *x->row);
  x->whole = gm_alloc(s->ctx, x->count, sizeof *x->whole);
  status = gm__span_init(&x->point, s->ctx, known->p, n);
  if (!status) status = gm__span_init(&x->still, s->ctx, known->p, x->count);
  if (!status && (!x->value || !x->v || !x->e || !x->row || !x->whole))
    status = gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  if (!status) status = solutions_find(x, known);
  gm_free(x->value);
  gm_free(x->v);
  gm_free(x->e);
  gm_free(x->row);
  gm_free(x->whole);
  gm__span_free(&x->point);
  gm__span_free(&x->still);
out:
  gm_free(x);
  gm_free(in);
  return status;
}
