/* lane_pivoted.h - the step of lane_stiff.h for one lane, with a dense factorisation of its own and
 * pivoting: for steps in which the fixed order of elimination loses digits, and for models whose
 * factors would be too long as lane code. Slow and safe. Part of lane_stiff.h. */
#ifndef GEMEL_EQUATIONS_LANE_PIVOTED_H
#define GEMEL_EQUATIONS_LANE_PIVOTED_H

typedef struct {
  int32_t n;
  double *a;         /* [n][n] W, then its factors */
  double *scale;     /* [n] 1 / largest entry of the row */
  double *right, *y; /* [n] */
  int32_t *order;    /* [n] equations in the order of the pivots */
} pivoted_lu;

static pivoted_lu pivoted_of(const lane_run *r)
{
  ptrdiff_t n = r->m->nx;
  double *tail = r->w->dense + n * n;
  return (pivoted_lu){.n = r->m->nx,
                      .a = r->w->dense,
                      .scale = tail,
                      .right = tail + n,
                      .y = tail + 2 * n,
                      .order = (int32_t *)(tail + 3 * n)};
}

/* W = gamma M - J of one lane, out of the Jacobian's registers. */
static void pivoted_fill(const lane_run *r, pivoted_lu *p, int lane, double gamma)
{
  const lane_jacobian *j = &r->m->jacobian;
  ptrdiff_t n = p->n;
  memset(p->a, 0, (size_t)(n * n) * sizeof *p->a);
  for (int32_t e = 0; e < j->count; e++)
    p->a[j->row[e] * n + j->col[e]] = -r->w->reg[j->reg[e]][lane];
  for (int32_t i = 0; i < p->n; i++)
    if (r->m->kind[i] != EQ_STATE_ALGEBRAIC) p->a[i * n + i] += gamma;
}

static void pivoted_swap(pivoted_lu *p, int32_t i, int32_t k)
{
  if (i == k) return;
  double *row_i = p->a + i * (ptrdiff_t)p->n, *row_k = p->a + k * (ptrdiff_t)p->n, t;
  for (int32_t j = 0; j < p->n; j++) {
    t = row_i[j];
    row_i[j] = row_k[j];
    row_k[j] = t;
  }
  t = p->scale[i];
  p->scale[i] = p->scale[k];
  p->scale[k] = t;
  int32_t o = p->order[i];
  p->order[i] = p->order[k];
  p->order[k] = o;
}

/* Gaussian elimination, pivots by size relative to their rows (Golub & Van Loan, Matrix
 * Computations, 4th ed., 3.4.3), the first on ties. False: singular, or not numbers. */
static bool pivoted_factor(pivoted_lu *p)
{
  ptrdiff_t n = p->n;
  for (int32_t i = 0; i < n; i++) {
    double largest = 0;
    for (int32_t j = 0; j < n; j++) largest = fmax(largest, fabs(p->a[i * n + j]));
    if (!(largest > 0 && largest <= 1.7976931348623157e308)) return false;
    p->scale[i] = 1 / largest;
    p->order[i] = i;
  }
  for (int32_t k = 0; k < n; k++) {
    int32_t best = -1;
    double size = 0;
    for (int32_t i = k; i < n; i++) {
      double v = fabs(p->a[i * n + k]) * p->scale[i];
      if (v > size) {
        size = v;
        best = i;
      }
    }
    if (best < 0) return false;
    pivoted_swap(p, best, k);
    const double *pivot = p->a + k * n;
    for (int32_t i = k + 1; i < n; i++) {
      double *row = p->a + i * n, l = row[k] / pivot[k];
      if (row[k] == 0) continue;
      row[k] = l;
      for (int32_t j = k + 1; j < n; j++) row[j] = __builtin_fma(-l, pivot[j], row[j]);
    }
  }
  return true;
}

/* p->right in, the solution in p->y. */
static void pivoted_solve(pivoted_lu *p)
{
  ptrdiff_t n = p->n;
  double *y = p->y;
  for (int32_t i = 0; i < n; i++) {
    double sum = p->right[p->order[i]];
    for (int32_t j = 0; j < i; j++) sum = __builtin_fma(-p->a[i * n + j], y[j], sum);
    y[i] = sum;
  }
  for (int32_t i = p->n - 1; i >= 0; i--) {
    double sum = y[i];
    for (int32_t j = i + 1; j < n; j++) sum = __builtin_fma(-p->a[i * n + j], y[j], sum);
    y[i] = sum / p->a[i * n + i];
  }
}

/* The argument of stage s into the lane's registers. */
static void pivoted_argument(const lane_run *r, int lane, int s)
{
  for (int32_t i = 0; i < r->m->nx && s; i++) {
    double *argument = (double *)&r->w->reg[r->m->reg_state + i] + lane;
    if (s >= RODAS_FREE) {
      *argument += stiff_vector(r, s - 1)[i][lane];
      continue;
    }
    double sum = r->w->x[i][lane];
    for (int j = 0; j < s; j++)
      sum = __builtin_fma(rodas_a[s][j], stiff_vector(r, j)[i][lane], sum);
    *argument = sum;
  }
}

static void pivoted_right_side(const lane_run *r, pivoted_lu *p, int lane, int s, double h,
                               bool moves)
{
  const lane_machine *m = r->m;
  for (int32_t i = 0; i < m->nx; i++) {
    double f = r->w->reg[m->rhs_reg[i]][lane], sum = 0;
    if (m->kind[i] != EQ_STATE_ALGEBRAIC) {
      for (int j = 0; j < s; j++)
        sum = __builtin_fma(rodas_C[s][j], stiff_vector(r, j)[i][lane], sum);
      f += r->w->rate[i][lane] + sum / h;
    }
    if (moves) f = __builtin_fma(rodas_d[s], stiff_vector(r, STIFF_TIME)[i][lane], f);
    p->right[i] = f;
  }
}

/* (v / scale of state i)^2 */
static double pivoted_square(const lane_run *r, int lane, int32_t i, double v)
{
  double x = fabs(r->w->x[i][lane]), x_new = fabs(stiff_vector(r, STIFF_END)[i][lane]);
  double q = v / __builtin_fma(r->m->rtol, x > x_new ? x : x_new, r->w->atol[i][lane]);
  return q * q;
}

static double pivoted_norm(const lane_run *r, double sum)
{
  double error = gm_sqrt(sum / (r->m->nx ? r->m->nx : 1));
  return error <= 1.7976931348623157e308 ? error : INFINITY;
}

static double pivoted_end(const lane_run *r, int lane)
{
  const lane_machine *m = r->m;
  double sum = 0;
  for (int32_t i = 0; i < m->nx; i++) {
    double e = stiff_vector(r, RODAS_STAGES - 1)[i][lane];
    double x_new = r->w->reg[m->reg_state + i][lane] + e;
    stiff_vector(r, STIFF_END)[i][lane] = r->w->x_new[i][lane] = x_new;
    sum += pivoted_square(r, lane, i, e) + x_new * 0; /* infinity times 0 is no number */
  }
  return pivoted_norm(r, sum);
}

static double pivoted_middle(const lane_run *r, pivoted_lu *p, int lane, double h)
{
  double sum = 0;
  middle_right_side(r, v8_set(h));
  for (int32_t i = 0; i < p->n; i++) p->right[i] = stiff_vector(r, STIFF_SUM)[i][lane];
  pivoted_solve(p);
  for (int32_t i = 0; i < p->n; i++) sum += pivoted_square(r, lane, i, middle_share * p->y[i]);
  return pivoted_norm(r, sum);
}

/* One attempt of a step h of one lane; results lie where stiff_step puts them, and no other lane is
 * changed. Returns the scaled error, infinite where W is singular or anything is not finite; always
 * so with more than PIVOTED_STATES_MAX states. */
static double stiff_pivoted_step(const lane_run *r, int lane, double h)
{
  const lane_machine *m = r->m;
  lane_work *w = r->w;
  w->pivoted |= 1u << lane;
  if (!w->dense) return INFINITY;
  pivoted_lu p = pivoted_of(r);
  w->reg[0] = w->t;
  state_to_registers(m, w, w->x);
  delays_load(r, 1u << lane);
  vm_run(m, w, &m->jacobian.code);
  pivoted_fill(r, &p, lane, 1 / (rodas_gamma * h));
  bool moves = time_slopes(r, v8_set(h));
  if (m->delay_count) time_differences(r, v8_set(h));
  if (!pivoted_factor(&p)) return INFINITY;
  for (int s = 0; s < RODAS_STAGES; s++) {
    pivoted_argument(r, lane, s);
    stage_slopes(r, v8_fma(v8_set(rodas_c[s]), v8_set(h), w->t));
    pivoted_right_side(r, &p, lane, s, h, moves);
    pivoted_solve(&p);
    for (int32_t i = 0; i < m->nx; i++) stiff_vector(r, s)[i][lane] = p.y[i];
  }
  double error = pivoted_end(r, lane);
  return moves ? fmax(error, pivoted_middle(r, &p, lane, h)) : error;
}
#endif
