/* difference.c - gradients and Hessians from function values, one batch at a time.
 * Nocedal & Wright, Numerical Optimization, 2nd ed. 2006, section 8.1; Fornberg 1988 for the
 * five-point weights. */
#include "num/optimise.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { SHRINKS_GRADIENT = 4, SHRINKS_HESSIAN = 3 };

typedef struct {
  int32_t d, points; /* points a coordinate: 2 or 4 */
  const double *z;
  double value;
  double *h;     /* [d]                         */
  double *probe; /* [d * points][d]             */
  double *f;     /* [d * points]                */
  int32_t *todo; /* [d] coordinates of this batch */
  int32_t todo_count;
} probes;

static const double offset[4] = {1, -1, 2, -2};

/* h such that z + h is a number: the difference of the points is then exactly h. */
static double exact_step(double z, double h)
{
  double moved = z + h;
  return moved - z;
}

static gm_status ask(probes *p, gm_batch_f *f, void *user, int64_t *evaluations)
{
  int32_t n = 0;
  for (int32_t k = 0; k < p->todo_count; k++)
    for (int32_t j = 0; j < p->points; j++, n++) {
      double *x = p->probe + (ptrdiff_t)n * p->d;
      memcpy(x, p->z, (size_t)p->d * sizeof *x);
      x[p->todo[k]] += offset[j] * p->h[p->todo[k]];
    }
  if (evaluations) *evaluations += n;
  return f(user, n, p->probe, p->f);
}

static bool all_finite(int32_t n, const double *v)
{
  for (int32_t j = 0; j < n; j++)
    if (!isfinite(v[j])) return false;
  return true;
}

/* Derivatives along one axis from the values v at +h, -h, +2h, -2h. */
static void central(const probes *p, const double *v, double h, double *first, double *second)
{
  if (p->points == 2) {
    *first = (v[0] - v[1]) / (2 * h);
    *second = ((v[0] - p->value) + (v[1] - p->value)) / (h * h);
  } else {
    *first = (8 * (v[0] - v[1]) - (v[2] - v[3])) / (12 * h);
    *second =
        (16 * ((v[0] - p->value) + (v[1] - p->value)) - ((v[2] - p->value) + (v[3] - p->value))) /
        (12 * h * h);
  }
}

/* From one side alone; false when neither neighbour is feasible. */
static bool one_sided(const probes *p, const double *v, double h, double *first, double *second)
{
  int32_t side = isfinite(v[0]) ? 0 : 1;
  if (!isfinite(v[side])) return false;
  *first = (v[side] - p->value) / (side ? -h : h);
  *second = 0; /* unknown */
  return true;
}

/* Takes the results of a batch; leaves in todo the coordinates that want a smaller step. */
static gm_status take(gm_ctx *ctx, probes *p, bool last, double *gradient, double *curvature)
{
  int32_t left = 0;
  for (int32_t k = 0; k < p->todo_count; k++) {
    int32_t i = p->todo[k];
    const double *v = p->f + (ptrdiff_t)k * p->points;
    if (all_finite(p->points, v)) {
      central(p, v, p->h[i], &gradient[i], &curvature[i]);
    } else if (!last) {
      p->h[i] = exact_step(p->z[i], p->h[i] / 8);
      p->todo[left++] = i;
    } else if (!one_sided(p, v, p->h[i], &gradient[i], &curvature[i])) {
      return gm_fail(ctx, GM_ENUMERIC,
                     "no feasible neighbour of coordinate %d (%g) at a distance of %g", (int)i + 1,
                     p->z[i], p->h[i]);
    }
  }
  p->todo_count = left;
  return GM_OK;
}

static void steps_set(const gm_difference *how, double step, int32_t d, const double *z, double *h)
{
  for (int32_t i = 0; i < d; i++)
    h[i] = exact_step(z[i], step * (how && how->scale ? how->scale[i] : 1 + fabs(z[i])));
}

/* Order and step with their defaults. */
static gm_status choose(gm_ctx *ctx, const gm_difference *how, int32_t *order, double *step)
{
  *order = how && how->order ? how->order : 2;
  if (*order != 2 && *order != 4)
    return gm_fail(ctx, GM_EINVAL, "difference order %d is neither 2 nor 4", (int)*order);
  *step = *order == 2 ? 1e-4 : 1e-3;
  if (how && how->step > 0) *step = how->step;
  return GM_OK;
}

gm_status gm_diff_gradient(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                           const gm_difference *how, const double *z, double value,
                           double *gradient, double *curvature, int64_t *evaluations)
{
  assert(d >= 1 && f && z && gradient);
  int32_t order = 0; /* also the points of a coordinate: 2 or 4 */
  double step = 0;
  gm_status s = choose(ctx, how, &order, &step);
  if (s) return s;
  if (!isfinite(value)) return gm_fail(ctx, GM_EDOMAIN, "gradient at a point of value %g", value);
  ptrdiff_t n = (ptrdiff_t)d * order;
  double *work = gm_alloc(ctx, n * d + n + 3 * (ptrdiff_t)d, sizeof *work);
  int32_t *todo = gm_alloc(ctx, d, sizeof *todo);
  if (!work || !todo) {
    s = gm_fail(ctx, GM_ENOMEM, "difference gradient of %d coordinates", (int)d);
    goto out;
  }
  double *g = work + d + n, *c = g + d;
  probes p = {.d = d,
              .points = order,
              .z = z,
              .value = value,
              .h = work,
              .f = work + d,
              .probe = c + d,
              .todo = todo,
              .todo_count = d};
  steps_set(how, step, d, z, p.h);
  for (int32_t i = 0; i < d; i++) todo[i] = i;
  for (int32_t round = 0; p.todo_count && !s; round++) {
    s = ask(&p, f, user, evaluations);
    if (!s) s = take(ctx, &p, round == SHRINKS_GRADIENT, g, c);
  }
  if (s) goto out;
  memcpy(gradient, g, (size_t)d * sizeof *g);
  if (curvature) memcpy(curvature, c, (size_t)d * sizeof *c);
out:
  gm_free(work);
  gm_free(todo);
  return s;
}

/* ---- Hessian ------------------------------------------------------------------------------- */
/* Points: for each i: +h_i, -h_i; then for each pair i < j: ++, +-, -+, --. */
static int32_t hessian_points(int32_t d, const double *z, const double *h, double *probe)
{
  int32_t n = 0;
  for (int32_t i = 0; i < d; i++)
    for (int32_t side = 1; side >= -1; side -= 2, n++) {
      memcpy(probe + (ptrdiff_t)n * d, z, (size_t)d * sizeof *z);
      probe[(ptrdiff_t)n * d + i] += side * h[i];
    }
  for (int32_t i = 0; i < d; i++)
    for (int32_t j = i + 1; j < d; j++)
      for (int32_t k = 0; k < 4; k++, n++) {
        memcpy(probe + (ptrdiff_t)n * d, z, (size_t)d * sizeof *z);
        probe[(ptrdiff_t)n * d + i] += k < 2 ? h[i] : -h[i];
        probe[(ptrdiff_t)n * d + j] += k % 2 ? -h[j] : h[j];
      }
  return n;
}

static void hessian_fill(int32_t d, double value, const double *h, const double *f, double *out)
{
  const double *pair = f + 2 * (ptrdiff_t)d;
  for (int32_t i = 0; i < d; i++) {
    out[(ptrdiff_t)i * (d + 1)] = ((f[2 * i] - value) + (f[2 * i + 1] - value)) / (h[i] * h[i]);
    for (int32_t j = i + 1; j < d; j++, pair += 4)
      out[(ptrdiff_t)i * d + j] = out[(ptrdiff_t)j * d + i] =
          ((pair[0] - pair[1]) - (pair[2] - pair[3])) / (4 * h[i] * h[j]);
  }
}

gm_status gm_diff_hessian(gm_ctx *ctx, int32_t d, gm_batch_f *f, void *user,
                          const gm_difference *how, const double *z, double value, double *hessian,
                          int64_t *evaluations)
{
  assert(d >= 1 && f && z && hessian);
  if (!isfinite(value)) return gm_fail(ctx, GM_EDOMAIN, "Hessian at a point of value %g", value);
  ptrdiff_t n = 2 * (ptrdiff_t)d * d;
  double *work = gm_alloc(ctx, n * d + n + d, sizeof *work);
  if (!work) return gm_fail(ctx, GM_ENOMEM, "difference Hessian of %d coordinates", (int)d);
  double *h = work, *v = work + d, *probe = v + n, step = how && how->step > 0 ? how->step : 1e-3;
  gm_status s = GM_OK;
  for (int32_t round = 0;; round++, step /= 4) {
    steps_set(how, step, d, z, h);
    int32_t count = hessian_points(d, z, h, probe);
    if (evaluations) *evaluations += count;
    s = f(user, count, probe, v);
    if (s || all_finite(count, v)) break;
    if (round == SHRINKS_HESSIAN) {
      s = gm_fail(ctx, GM_ENUMERIC, "Hessian: points at a relative distance of %g are not feasible",
                  step);
      break;
    }
  }
  if (!s) hessian_fill(d, value, h, v, hessian);
  gm_free(work);
  return s;
}
