/* online_rls.c - recursive least squares by the root of the information matrix.
 * Golub & Van Loan, Matrix Computations, 4th ed., 6.5.3 (adding a row by rotations); the prior that
 * is put back row by row as it fades: Gay, Proc. ICASSP 3:1597 (1996). */
#include "methods/online_internal.h"
#include <math.h>
#include <string.h>

ptrdiff_t gm__rls_room(int32_t d) { return 2 * (ptrdiff_t)d * d + 3 * (ptrdiff_t)d + 1; }

void gm__rls_place(gm__rls *s, int32_t d, double forgetting, double *room)
{
  ptrdiff_t side = (ptrdiff_t)d * d;
  s->d = d;
  s->forgetting = forgetting;
  s->r = room;
  s->r0 = s->r + side;
  s->z = s->r0 + side;
  s->z0 = s->z + d;
  s->w = s->z0 + d;
  s->turn = s->w + d;
}

static void solve(gm__rls *s)
{
  int32_t d = s->d;
  for (int32_t k = d - 1; k >= 0; k--) {
    double sum = s->z[k];
    for (int32_t j = k + 1; j < d; j++) sum -= s->r[(ptrdiff_t)k * d + j] * s->w[j];
    s->w[k] = sum / s->r[(ptrdiff_t)k * d + k];
  }
}

void gm__rls_start(gm__rls *s)
{
  memcpy(s->r, s->r0, (size_t)s->d * (size_t)s->d * sizeof *s->r);
  memcpy(s->z, s->z0, (size_t)s->d * sizeof *s->z);
  *s->turn = 0;
  solve(s);
}

/* Rotates the row (x, y), 0 before column `from`, into (R, z). */
static void add_row(gm__rls *s, int32_t from, double *x, double y)
{
  int32_t d = s->d;
  for (int32_t k = from; k < d; k++) {
    double *row = s->r + (ptrdiff_t)k * d, h = sqrt(row[k] * row[k] + x[k] * x[k]);
    if (x[k] == 0 || h == row[k]) continue; /* also a value too small to be squared */
    double c = row[k] / h, sine = x[k] / h, z = s->z[k];
    row[k] = h;
    for (int32_t j = k + 1; j < d; j++) {
      double r = row[j];
      row[j] = c * r + sine * x[j];
      x[j] = c * x[j] - sine * r;
    }
    s->z[k] = c * z + sine * y;
    y = c * y - sine * z;
  }
}

static void fade(gm__rls *s)
{
  int32_t d = s->d, k = (int32_t)*s->turn;
  double keep = sqrt(s->forgetting), back = sqrt(d * (1 - s->forgetting));
  double row[GM__ONLINE_SIDE > GM__ONLINE_SCALE_MAX ? GM__ONLINE_SIDE : GM__ONLINE_SCALE_MAX];
  for (int32_t i = 0; i < d; i++) {
    for (int32_t j = i; j < d; j++) s->r[(ptrdiff_t)i * d + j] *= keep;
    s->z[i] *= keep;
  }
  for (int32_t j = k; j < d; j++) row[j] = back * s->r0[(ptrdiff_t)k * d + j];
  add_row(s, k, row, back * s->z0[k]);
  *s->turn = (k + 1) % d;
}

void gm__rls_learn(gm__rls *s, double *x, double y, double weight)
{
  double root = sqrt(weight);
  if (s->forgetting < 1) fade(s);
  for (int32_t k = 0; k < s->d; k++) x[k] *= root;
  add_row(s, 0, x, root * y);
  solve(s);
}

double gm__rls_say(const gm__rls *s, const double *x)
{
  double sum = 0;
  for (int32_t k = 0; k < s->d; k++) sum += s->w[k] * x[k];
  return sum;
}
