/* t1d_control_zone.c - Newton steps within bounds, then the share that risk leaves. */
#include "t1d_control_zone.h"
#include <math.h>
#include <string.h>

enum { BLOCKS = T1D_ZONE_BLOCKS, PER_POINT = 2 }; /* steps of the outlook */
const int32_t t1d_zone_length[BLOCKS] = {1, 2, 3, 6, 6, 6};

static int32_t least(int32_t a, int32_t b) { return a < b ? a : b; }

/* ---- the problem ----------------------------------------------------------------------------- */
static void take_members(const t1d_outlook *o, t1d_zone_room *r)
{
  const int32_t every = (o->members + T1D_ZONE_MEMBERS - 1) / T1D_ZONE_MEMBERS;
  double sum = 0;
  r->members = 0;
  for (int32_t m = 0; m < o->members; m += every) {
    r->member[r->members] = m;
    r->weight[r->members++] = o->weight[m];
    sum += o->weight[m];
  }
  for (int32_t m = 0; m < r->members; m++)
    r->weight[m] = sum > 0 ? r->weight[m] / sum : 1.0 / r->members;
}

/* Numbers in all that is used of member m? */
static bool is_sound(const t1d_outlook *o, int32_t m)
{
  static const double most = 1e5; /* ours: squares and their sums stay far from overflow */
  const int32_t steps = least(o->steps, PER_POINT * T1D_ZONE_POINTS);
  const ptrdiff_t row = (ptrdiff_t)m * o->steps;
  for (int32_t k = 0; k < steps; k++)
    if (!(fabs(o->glucose_mgdl[row + k]) <= most) || !(fabs(o->per_unit_mgdl[row + k]) <= most))
      return false;
  return true;
}

static const double least_number = 1e-6; /* in place of 0 under a fraction */

static void judge_members(const t1d_outlook *o, t1d_zone_room *r)
{
  r->sound_weight = 0;
  for (int32_t m = 0; m < r->members; m++) {
    r->sound[m] = is_sound(o, r->member[m]);
    if (r->sound[m]) r->sound_weight += r->weight[m];
  }
  r->scale = 1 / fmax(r->sound_weight, least_number);
}

static void sum_units(const t1d_outlook *o, t1d_zone_room *r)
{
  const int32_t steps = least(o->steps, PER_POINT * T1D_ZONE_POINTS);
  r->unit_mgdl = 0;
  for (int32_t m = 0; m < r->members; m++) {
    const double *p = o->per_unit_mgdl + (ptrdiff_t)r->member[m] * o->steps;
    double strongest = 0, sum = 0;
    for (int32_t k = 0; k < steps; k++) {
      r->sum[m][k] = sum;
      const double effect = r->sound[m] ? fmin(p[k], 0) : 0; /* a unit never raises */
      sum += effect;
      strongest = fmax(strongest, -effect);
    }
    r->sum[m][steps] = sum;
    r->unit_mgdl += r->weight[m] * strongest;
  }
  r->unit_mgdl = fmax(r->scale * r->unit_mgdl, least_number);
}

/* Effect at step k of one unit in each of the steps first .. first + count - 1. */
static double effect(const double *sum, int32_t k, int32_t first, int32_t count)
{
  if (k < first) return 0;
  return sum[k - first + 1] - (k - first - count + 1 > 0 ? sum[k - first - count + 1] : 0);
}

static void fill(const t1d_outlook *o, const t1d_zone_task *t, t1d_zone_room *r)
{
  take_members(o, r);
  judge_members(o, r);
  sum_units(o, r);
  const int32_t have = least(o->steps / PER_POINT, T1D_ZONE_POINTS);
  r->points = least(have, t->points > t->risk_points ? t->points : t->risk_points);
  for (int32_t p = 0; p < r->points; p++)
    for (int32_t m = 0; m < r->members; m++) {
      const int32_t k = PER_POINT * p + PER_POINT - 1, n = p * r->members + m;
      r->glucose[n] = o->glucose_mgdl[(ptrdiff_t)r->member[m] * o->steps + k];
      for (int32_t b = 0, first = 0; b < BLOCKS; first += t1d_zone_length[b++])
        r->response[n][b] = effect(r->sum[m], k, first, t1d_zone_length[b]);
    }
}

/* ---- Newton ---------------------------------------------------------------------------------- */
typedef struct {
  double value, g[BLOCKS], h[BLOCKS][BLOCKS];
} quadratic;

static double at(const t1d_zone_room *r, int32_t n, const double *u)
{
  double g = r->glucose[n];
  for (int32_t b = 0; b < BLOCKS; b++) g += u[b] * r->response[n][b];
  return g;
}

static void add_inputs(const t1d_zone_task *t, const t1d_zone_room *r, const double *u,
                       quadratic *q)
{
  for (int32_t b = 0; b < BLOCKS; b++) {
    const double c =
        r->unit_mgdl * r->unit_mgdl * t1d_zone_length[b] * (u[b] > 0 ? t->more : t->less);
    q->value += c * u[b] * u[b];
    q->g[b] += 2 * c * u[b];
    q->h[b][b] += 2 * c;
  }
}

/* Value alone with slopes false. */
static void expand(const t1d_zone_task *t, const t1d_zone_room *r, const double *u, bool slopes,
                   quadratic *q)
{
  memset(q, 0, sizeof *q);
  const int32_t points = least(t->points, r->points);
  for (int32_t p = 0, n = 0; p < points; p++)
    for (int32_t m = 0; m < r->members; m++, n++) {
      if (!r->sound[m]) continue;
      const double g = at(r, n, u);
      const double over = g - t->high_mgdl[p], under = g - t->low_mgdl[p];
      const double off = over > 0 ? over : (under < 0 ? under : 0);
      if (off == 0) continue;
      const double w = r->scale * r->weight[m] * (off < 0 ? t->low_weight : 1);
      q->value += w * off * off;
      if (!slopes) continue;
      const double *a = r->response[n];
      for (int32_t b = 0; b < BLOCKS; b++) {
        const double wa = 2 * w * a[b];
        q->g[b] += wa * off;
        for (int32_t c = 0; c <= b; c++) q->h[b][c] += wa * a[c];
      }
    }
  for (int32_t b = 0; b < BLOCKS; b++)
    for (int32_t c = b + 1; c < BLOCKS; c++) q->h[b][c] = q->h[c][b];
  add_inputs(t, r, u, q);
}

/* Least of the quadratic within the bounds, by coordinates: 40 sweeps over 6 unknowns (ours: an
 * error left by an early end is made good by the next Newton step). */
static void minimise(const quadratic *q, const double *lower, const double *upper, const double *u,
                     double *to)
{
  double g[BLOCKS];
  memcpy(g, q->g, sizeof g);
  memcpy(to, u, BLOCKS * sizeof *to);
  for (int32_t sweep = 0; sweep < 40; sweep++)
    for (int32_t b = 0; b < BLOCKS; b++) {
      const double want = to[b] - g[b] / fmax(q->h[b][b], 1e-12);
      const double next = fmin(fmax(want, lower[b]), upper[b]), by = next - to[b];
      if (by == 0) continue;
      to[b] = next;
      for (int32_t c = 0; c < BLOCKS; c++) g[c] += q->h[c][b] * by;
    }
}

static int32_t newton(const t1d_zone_task *t, const t1d_zone_room *r, const double *lower,
                      double *u)
{
  quadratic q, next;
  double to[BLOCKS], try[BLOCKS];
  int32_t i = 0;
  for (; i < T1D_ZONE_STEPS; i++) {
    expand(t, r, u, true, &q);
    minimise(&q, lower, t->upper_u, u, to);
    double s = 1;
    for (int32_t half = 0; half < 4; half++, s /= 2) {
      for (int32_t b = 0; b < BLOCKS; b++) try[b] = u[b] + s * (to[b] - u[b]);
      expand(t, r, try, false, &next);
      if (next.value < q.value) break;
    }
    if (!(next.value < q.value)) break;
    memcpy(u, try, sizeof try);
    if (q.value - next.value < 1e-6 * q.value) break; /* ours: as good as the least */
  }
  return i;
}

/* ---- risk ------------------------------------------------------------------------------------ */
typedef struct {
  double share, weight;
} bearer;

/* Largest share of the plan with which member m stays above. */
static double borne(const t1d_zone_task *t, const t1d_zone_room *r, int32_t m, const double *u,
                    double basal_u)
{
  static const int32_t first_point = 3; /* before half an hour insulin of now does nothing */
  const int32_t points = least(t->risk_points, r->points);
  double share = INFINITY;
  if (!r->sound[m]) return 0; /* what is no number is not safe */
  for (int32_t p = first_point; p < points; p++) {
    const int32_t k = PER_POINT * p + PER_POINT - 1;
    /* at share 0 basal is off from now on */
    const double none = r->glucose[p * r->members + m] - basal_u * effect(r->sum[m], k, 0, k + 1);
    double more = 0;
    for (int32_t b = 0, from = 0; b < BLOCKS && from < t->reply_steps; from += t1d_zone_length[b++])
      more += (u[b] + basal_u) *
              effect(r->sum[m], k, from, least(t1d_zone_length[b], t->reply_steps - from));
    if (!(none >= t->risk_mgdl)) return 0;
    if (more < 0) share = fmin(share, (t->risk_mgdl - none) / more);
  }
  return share;
}

static void bound_risk(const t1d_zone_task *t, const t1d_zone_room *r, double basal_u,
                       t1d_zone_plan *out)
{
  bearer a[T1D_ZONE_MEMBERS];
  for (int32_t m = 0; m < r->members; m++) {
    const bearer x = {borne(t, r, m, out->u, basal_u), r->weight[m]};
    int32_t i = m;
    for (; i > 0 && a[i - 1].share > x.share; i--) a[i] = a[i - 1];
    a[i] = x;
  }
  double below = 0;
  out->share = 1;
  out->risk = 0;
  for (int32_t i = 0; i < r->members; i++) {
    if (!(a[i].share < 1)) break;
    if (below + a[i].weight > t->risk) {
      out->share = fmax(a[i].share, 0);
      break;
    }
    below += a[i].weight;
  }
  out->risk = below;
  for (int32_t b = 0; b < BLOCKS; b++) out->u[b] = out->share * (out->u[b] + basal_u) - basal_u;
}

void t1d_zone_solve(const t1d_outlook *o, const t1d_zone_task *task, t1d_zone_room *room,
                    t1d_zone_plan *out)
{
  double lower[BLOCKS];
  const double basal_u = o->basal_u_per_h * o->step_min / 60;
  fill(o, task, room);
  for (int32_t b = 0; b < BLOCKS; b++) {
    lower[b] = -basal_u;
    out->u[b] = 0;
  }
  out->iterations = newton(task, room, lower, out->u);
  out->unsound = 1 - room->sound_weight;
  bound_risk(task, room, basal_u, out);
}
