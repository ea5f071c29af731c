/* CVODE and IDA as the last method of a member: problems that its own methods give up, against
 * closed forms and published solutions; what must not change by it. Without SUNDIALS: that such
 * members fail as they are said to.
 * label: quick */
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>
#include "support/fault.h"

enum { MEMBERS = 20, ROWS = 24, SAMPLES = 16, OUTPUTS = 12 };

/* What a test runs: members of one model over one span, from their initial values. */
typedef struct {
  gm_eq_config config;
  gm_ctx *ctx;
  gm_model *model;
  gm_work *work;
  gm_arena *arena;
  gm_model_info info;
  double x[ROWS * MEMBERS], theta[ROWS * MEMBERS], y[MEMBERS * SAMPLES * OUTPUTS];
  double sample[SAMPLES];
  int8_t status[MEMBERS];
  const gm_edge *edge;
  int32_t n, edge_count, sample_count;
} run;

static bool built_in(void) { return gm_equations_fallback_version() != NULL; }

/* What a member that only the fallback carries comes to. */
static int carried(int otherwise) { return built_in() ? GM_MEMBER_FALLBACK : otherwise; }

static gm_batch batch_of(run *r)
{
  return (gm_batch){.n = r->n,
                    .sx = 1,
                    .sm = r->info.state_count,
                    .x = r->x,
                    .theta = r->theta,
                    .psx = 1,
                    .psm = r->info.parameter_count,
                    .status = r->status};
}

static void run_open(run *r, gm_eq_config config, int32_t n)
{
  *r = (run){.config = config, .n = n};
  assert_int_equal(gm_ctx_new(NULL, &r->ctx), GM_OK);
  if (gm_model_new(r->ctx, &gm_equations, &config, &r->model)) fail_msg("%s", gm_message(r->ctx));
  gm_model_get_info(r->model, &r->info);
  assert_true(r->info.state_count <= ROWS && r->info.parameter_count <= ROWS);
  assert_true(r->info.output_count <= OUTPUTS && n <= MEMBERS);
  assert_int_equal(r->model->type->work_new(r->model, r->ctx, &r->work), GM_OK);
  assert_int_equal(gm_arena_new(r->ctx, 0, &r->arena), GM_OK);
  int32_t count;
  const gm_var *v = gm_model_table(r->model, GM_TABLE_PARAMETER, &count);
  for (int32_t m = 0; m < n; m++)
    for (int32_t i = 0; i < count; i++) r->theta[m * count + i] = v[i].initial;
}

static void run_close(run *r)
{
  gm_arena_free(r->arena);
  r->model->type->work_free(r->work);
  gm_model_free(r->model);
  gm_ctx_free(r->ctx);
}

static void run_init(run *r)
{
  gm_batch b = batch_of(r);
  r->model->type->init(r->model, r->work, &b, 0);
}

static void run_advance(run *r, double t0, double t1)
{
  gm_batch b = batch_of(r);
  gm_span span[MEMBERS];
  for (int32_t m = 0; m < r->n; m++)
    span[m] = (gm_span){.t0 = t0,
                        .t1 = t1,
                        .edge = r->edge,
                        .edge_count = r->edge_count,
                        .sample = r->sample,
                        .sample_count = r->sample_count,
                        .y = r->y + (ptrdiff_t)m * SAMPLES * r->info.output_count};
  r->model->type->advance(r->model, r->work, &b, span, r->arena);
}

static double output(run *r, int32_t member, int32_t sample, const char *name)
{
  int32_t k = gm_model_find(r->model, GM_TABLE_OUTPUT, name);
  if (k < 0) fail_msg("no output %s", name);
  return r->y[((ptrdiff_t)member * SAMPLES + sample) * r->info.output_count + k];
}

static double state(run *r, int32_t member, const char *name)
{
  int32_t k = gm_model_find(r->model, GM_TABLE_STATE, name);
  if (k < 0) fail_msg("no state %s", name);
  return r->x[member * r->info.state_count + k];
}

static void set(run *r, int32_t member, const char *name, double value)
{
  int32_t k = gm_model_find(r->model, GM_TABLE_PARAMETER, name);
  if (k < 0) fail_msg("no parameter %s", name);
  r->theta[member * r->info.parameter_count + k] = value;
}

static void near_at(double got, double wanted, double share, int line)
{
  if (!(fabs(got - wanted) <= share * fabs(wanted)))
    fail_msg("line %d: expected %.15g, got %.15g: off by %.2g", line, wanted, got,
             fabs(got - wanted) / fabs(wanted));
}
#define NEAR(got, wanted, share) near_at(got, wanted, share, __LINE__)

/* ---- a Jacobian that is infinite ------------------------------------------------------------- */
/* A' = k - V sqrt(A), A(0) = 0: with u = sqrt(A), t = -2u/V - (2k/V^2) ln(1 - V u/k). */
static double root_law_time(double k, double v, double u)
{
  return -2 * u / v - 2 * k / (v * v) * log1p(-v * u / k);
}

static double root_law(double k, double v, double t)
{
  double low = 0, high = k / v;
  for (int i = 0; i < 200; i++) {
    double u = 0.5 * (low + high);
    if (root_law_time(k, v, u) < t)
      low = u;
    else
      high = u;
  }
  return low * low;
}

static const char root_text[] = "k = 1; V = 2; A = 0; A' = k - V*A^0.5";

/* At 0 the derivative of a root is infinite, so that a Rosenbrock method has no step from there.
 * (Once the lanes' factors made 0 of it, and the member stayed at 0 with status 0.) The fallback
 * follows the closed form; switched off, the member fails. */
static void fallback_infinite_jacobian__is_passed(void **state_)
{
  (void)state_;
  for (int off = 0; off < 2; off++) {
    run *r = test_malloc(sizeof *r);
    gm_eq_config c = {.text = root_text, .solver = GM_EQ_STIFF, .fallback = off};
    run_open(r, c, 1);
    for (int i = 0; i < 8; i++) r->sample[i] = 0.01 * pow(2, i);
    r->sample_count = 8;
    run_init(r);
    run_advance(r, 0, 3);
    assert_int_equal(r->status[0], off ? GM_MEMBER_DIVERGED : carried(GM_MEMBER_DIVERGED));
    for (int i = 0; i < 8; i++) {
      double got = output(r, 0, i, "A");
      if (GM_MEMBER_FAILED(r->status[0]))
        assert_true(isnan(got));
      else
        NEAR(got, root_law(1, 2, r->sample[i]), 1e-7);
    }
    if (!GM_MEMBER_FAILED(r->status[0])) NEAR(state(r, 0, "A"), root_law(1, 2, 3), 1e-8);
    run_close(r);
    test_free(r);
  }
}

/* The same beside an algebraic equation, which makes it IDA:
 * A' = 1 - 2 u z, u = sqrt(A), z^3 + z = 1 + A. Time as an integral over u, by Simpson's rule. */
static double cubic_root(double a)
{
  double z = 0.5;
  for (int i = 0; i < 60; i++) z -= (z * z * z + z - 1 - a) / (3 * z * z + 1);
  return z;
}

static double algebraic_time(double u_end)
{
  enum { PARTS_COUNT = 4000 };
  double sum = 0, h = u_end / PARTS_COUNT;
  for (int i = 0; i <= PARTS_COUNT; i++) {
    double u = h * i, f = 2 * u / (1 - 2 * u * cubic_root(u * u));
    sum += f * (i == 0 || i == PARTS_COUNT ? 1 : i % 2 ? 4 : 2);
  }
  return sum * h / 3;
}

static void fallback_algebraic__is_carried_by_ida(void **state_)
{
  (void)state_;
  static const double u[4] = {0.1, 0.3, 0.5, 0.6};
  for (int off = 0; off < 2; off++) {
    run *r = test_malloc(sizeof *r);
    gm_eq_config c = {.text = "A = 0; z = 0.5; A' = 1 - 2*A^0.5*z; 0 = z^3 + z - 1 - A",
                      .fallback = off};
    run_open(r, c, 1);
    for (int i = 0; i < 4; i++) r->sample[i] = algebraic_time(u[i]);
    r->sample_count = 4;
    run_init(r);
    run_advance(r, 0, r->sample[3] + 1);
    assert_int_equal(r->status[0], off ? GM_MEMBER_DIVERGED : carried(GM_MEMBER_DIVERGED));
    for (int i = 0; i < 4 && !GM_MEMBER_FAILED(r->status[0]); i++) {
      NEAR(output(r, 0, i, "A"), u[i] * u[i], 1e-7);
      NEAR(output(r, 0, i, "z"), cubic_root(u[i] * u[i]), 1e-8);
    }
    run_close(r);
    test_free(r);
  }
}

/* ---- too few steps --------------------------------------------------------------------------- */
/* Problems of the Test Set for IVP Solvers (F. Mazzia & C. Magherini, release 2.4, University of
 * Bari 2008) with fewer steps allowed than the Rosenbrock method needs: van der Pol's oscillator to
 * 2000, and Robertson's kinetics to 10^11, whose states are 13 powers of ten apart. */
static void fallback_few_steps__reaches_the_published_ends(void **state_)
{
  (void)state_;
  static const struct {
    const char *text, *name[3];
    double t, end[3];
  } problem[2] = {{"x = 2; y = 0; x' = y; y' = 1e3*(1 - x*x)*y - x",
                   {"x", "y", NULL},
                   2000,
                   {0.1706167732170469e1, -0.8928097010248125e-3, 0}},
                  {"a = 1; b = 0; c = 0; a' = -0.04*a + 1e4*b*c; b' = 0.04*a - 1e4*b*c - 3e7*b*b\n"
                   "c' = 3e7*b*b",
                   {"a", "b", "c"},
                   1e11,
                   {0.2083340149701255e-7, 0.8333360770334713e-13, 0.9999999791665050}}};
  for (int p = 0; p < 2; p++)
    for (int off = 0; off < 2; off++) {
      run *r = test_malloc(sizeof *r);
      gm_eq_config c = {.text = problem[p].text,
                        .solver = GM_EQ_STIFF,
                        .rtol = 1e-8,
                        .atol = 1e-16,
                        .step_max = 60,
                        .fallback = off};
      run_open(r, c, 1);
      run_init(r);
      run_advance(r, 0, problem[p].t);
      assert_int_equal(r->status[0], off ? GM_MEMBER_STEPS : carried(GM_MEMBER_STEPS));
      for (int i = 0; i < 3 && problem[p].name[i] && !GM_MEMBER_FAILED(r->status[0]); i++)
        NEAR(state(r, 0, problem[p].name[i]), problem[p].end[i], 1e-6);
      run_close(r);
      test_free(r);
    }
}

/* ---- what happens between steps -------------------------------------------------------------- */
/* Doses, held rates, changed parameters, conditions and events meet a member of the fallback as any
 * other: B = e^(-t/10) is set back to 1 whenever it falls to 1/2, that is every 10 ln 2, found on
 * the interpolant; C gets a dose, D a rate, E' is a parameter that changes; F counts time while
 * B < 0.75. A makes the own methods fail at once. */
static const char busy_text[] =
    "k = 1; V = 2; g = 0.5; A = 0; B = 1; C = 1; D = 0; E = 0; F = 0; n = 0\n"
    "A' = k - V*A^0.5; B' = -0.1*B; C' = -0.3*C; D' = -0.2*D; E' = g\n"
    "F' = piecewise(1, B < 0.75, 0)\n"
    "at B < 0.5: B = 1, n = n + 1\n";

static void busy_checked(run *r, int32_t i, double t)
{
  double period = 10 * log(2), below = 10 * log(1 / 0.75), since = fmod(t, period);
  double times = floor(t / period);
  assert_true(output(r, 0, i, "n") == times);
  NEAR(output(r, 0, i, "B"), exp(-0.1 * since), 1e-7);
  NEAR(output(r, 0, i, "C"), exp(-0.3 * t) + (t >= 4 ? 3 * exp(-0.3 * (t - 4)) : 0), 1e-7);
  double on = fmax(fmin(t, 9) - 5, 0), left = t > 9 ? t - 9 : 0;
  NEAR(output(r, 0, i, "D"), 7 / 0.2 * (1 - exp(-0.2 * on)) * exp(-0.2 * left), 1e-7);
  NEAR(output(r, 0, i, "E"), 0.5 * fmin(t, 6) + 2 * fmax(t - 6, 0), 1e-9);
  NEAR(output(r, 0, i, "F"), times * (period - below) + fmax(since - below, 0), 1e-6);
}

static int32_t row(run *r, gm_table table, const char *name)
{
  int32_t k = gm_model_find(r->model, table, name);
  if (k < 0) fail_msg("no %s", name);
  return k;
}

static void fallback_between_steps__is_as_ever(void **state_)
{
  (void)state_;
  run *r = test_malloc(sizeof *r);
  run_open(r, (gm_eq_config){.text = busy_text, .solver = GM_EQ_STIFF}, 1);
  const gm_edge edge[] = {
      {.t = 4, .kind = GM_EDGE_BOLUS, .port = row(r, GM_TABLE_STATE, "C"), .value = 3},
      {.t = 5, .kind = GM_EDGE_RATE, .port = row(r, GM_TABLE_STATE, "D"), .value = 7},
      {.t = 6, .kind = GM_EDGE_PARAMETER, .port = row(r, GM_TABLE_PARAMETER, "g"), .value = 2},
      {.t = 9, .kind = GM_EDGE_RATE, .port = row(r, GM_TABLE_STATE, "D"), .value = 0}};
  r->edge = edge;
  r->edge_count = 4;
  r->sample_count = SAMPLES;
  for (int i = 0; i < SAMPLES; i++) r->sample[i] = 1.9 * (i + 1);
  run_init(r);
  run_advance(r, 0, 31);
  assert_int_equal(r->status[0], carried(GM_MEMBER_DIVERGED));
  for (int i = 0; i < SAMPLES && built_in(); i++) busy_checked(r, i, r->sample[i]);
  run_close(r);
  test_free(r);
}

/* ---- the contract ---------------------------------------------------------------------------- */
/* Members of which every third begins where only the fallback goes on, with parameters of their
 * own. */
static const char mixed_text[] = "k = 1; V = 2; A0 = 0; A = A0; B = 1; n = 0; w = 1; x = 1; y = 0\n"
                                 "A' = k - V*A^0.5; B' = -w*0.3*B; x' = w*y; y' = -w*x - 0.1*y*y\n"
                                 "at B < 0.5: B = 1, n = n + 1\n";

static void mixed_parameters(run *r, int32_t member, int32_t number)
{
  set(r, member, "k", 1 + 0.1 * number);
  set(r, member, "w", 1 + 0.3 * (number % 7));
  set(r, member, "A0", number % 3 == 0 ? 0 : 0.05 * number);
}

static void mixed_run(run *r, gm_eq_config c, const int32_t *number, int32_t n)
{
  run_open(r, c, n);
  for (int32_t m = 0; m < n; m++) mixed_parameters(r, m, number[m]);
  r->sample_count = 5;
  for (int i = 0; i < 5; i++) r->sample[i] = 1.5 * (i + 1);
  run_init(r);
  run_advance(r, 0, 9);
}

static void same_member(run *a, int32_t i, run *b, int32_t k)
{
  int32_t nx = a->info.state_count, ny = a->info.output_count;
  assert_int_equal(a->status[i], b->status[k]);
  assert_memory_equal(a->x + i * nx, b->x + k * nx, (size_t)nx * sizeof(double));
  assert_memory_equal(a->y + (ptrdiff_t)i * SAMPLES * ny, b->y + (ptrdiff_t)k * SAMPLES * ny,
                      5 * (size_t)ny * sizeof(double));
}

/* A member's bytes do not depend on who else is in the batch, nor where: alone, in order and
 * backward it is the same, whether it or its neighbours need the fallback. Those that do not need
 * it are those of a run without it. */
static void fallback_members__are_independent(void **state_)
{
  (void)state_;
  static const gm_eq_solver solver[2] = {GM_EQ_STIFF, GM_EQ_AUTO};
  run *all = test_malloc(sizeof *all), *back = test_malloc(sizeof *back);
  run *off = test_malloc(sizeof *off), *one = test_malloc(sizeof *one);
  for (int q = 0; q < 2; q++) {
    gm_eq_config c = {.text = mixed_text, .solver = solver[q], .step_max = q ? 150 : 0};
    int32_t up[MEMBERS], down[MEMBERS];
    int carried_count = 0, own_count = 0;
    for (int32_t m = 0; m < MEMBERS; m++) down[MEMBERS - 1 - m] = up[m] = m;
    mixed_run(all, c, up, MEMBERS);
    mixed_run(back, c, down, MEMBERS);
    c.fallback = GM_EQ_FALLBACK_OFF;
    mixed_run(off, c, up, MEMBERS);
    c.fallback = GM_EQ_FALLBACK_AUTO;
    for (int32_t m = 0; m < MEMBERS; m++) {
      same_member(all, m, back, MEMBERS - 1 - m);
      mixed_run(one, c, &m, 1);
      same_member(all, m, one, 0);
      run_close(one);
      if (all->status[m] == GM_MEMBER_OK) same_member(all, m, off, m);
      if (all->status[m] == GM_MEMBER_FALLBACK) assert_true(GM_MEMBER_FAILED(off->status[m]));
      own_count += all->status[m] == GM_MEMBER_OK;
      carried_count += all->status[m] == GM_MEMBER_FALLBACK;
    }
    print_message("%d by their own methods, %d by the fallback\n", own_count, carried_count);
    if (built_in()) assert_true(own_count + carried_count == MEMBERS && carried_count >= 4);
    if (!q) assert_true(own_count >= 10);
    run_close(all);
    run_close(back);
    run_close(off);
  }
  test_free(all);
  test_free(back);
  test_free(off);
  test_free(one);
}

/* One more sample changes no bit of the others, nor of the state. */
static void fallback_samples__are_passive(void **state_)
{
  (void)state_;
  run *few = test_malloc(sizeof *few), *many = test_malloc(sizeof *many);
  gm_eq_config c = {.text = busy_text, .solver = GM_EQ_STIFF};
  run_open(few, c, 1);
  run_open(many, c, 1);
  few->sample_count = 1;
  few->sample[0] = 7.25;
  many->sample_count = SAMPLES;
  for (int i = 0; i < SAMPLES; i++) many->sample[i] = 7.25 + 0.5 * (i - 8);
  run *both[2] = {few, many};
  for (int i = 0; i < 2; i++) {
    run_init(both[i]);
    run_advance(both[i], 0, 20);
    assert_int_equal(both[i]->status[0], carried(GM_MEMBER_DIVERGED));
  }
  assert_memory_equal(few->x, many->x, (size_t)few->info.state_count * sizeof(double));
  if (built_in())
    assert_true(output(few, 0, 0, "A") == output(many, 0, 8, "A") &&
                output(few, 0, 0, "B") == output(many, 0, 8, "B"));
  for (int i = 0; i < 2; i++) {
    run_close(both[i]);
    test_free(both[i]);
  }
}

/* A state that was kept goes on in another worker's memory with the same bytes: nothing of the
 * fallback's own is state. */
static void fallback_saved_state__goes_on(void **state_)
{
  (void)state_;
  if (!built_in()) skip();
  run *a = test_malloc(sizeof *a), *b = test_malloc(sizeof *b);
  gm_eq_config c = {.text = mixed_text, .solver = GM_EQ_STIFF, .step_max = 20};
  const int32_t number[3] = {0, 1, 6};
  mixed_run(a, c, number, 3);
  assert_int_equal(a->status[0], GM_MEMBER_FALLBACK);
  run_open(b, c, 3);
  memcpy(b->x, a->x, sizeof a->x);
  memcpy(b->theta, a->theta, sizeof a->theta);
  a->sample_count = 0;
  run_advance(a, 9, 40);
  run_advance(b, 9, 40);
  for (int i = 0; i < 3; i++) assert_int_equal(a->status[i], GM_MEMBER_FALLBACK);
  assert_memory_equal(a->x, b->x, sizeof a->x);
  assert_memory_equal(a->status, b->status, 3);
  run_close(a);
  run_close(b);
  test_free(a);
  test_free(b);
}

/* ---- what stays failed ----------------------------------------------------------------------- */
/* Where the solution itself ends (a pole, an infinite slope, a root of what is negative) there is
 * nothing to go on with: no method may step across. */
static void fallback_solution_that_ends__stays_failed(void **state_)
{
  (void)state_;
  static const char *const text[] = {"x = 1; x' = x*x",
                                     "x = 0; x' = 1 + x*x",
                                     "x = 1; x' = -1/x",
                                     "x = 6; x' = -1/(x - 5)",
                                     "x = 1; x' = x^3",
                                     "x = 1; x' = -x^0.5 - 0.1",
                                     "x = 1; y = 1; x' = x*y; y' = x*x",
                                     "x = 0; x' = exp(x)",
                                     "x = 2; x' = x*ln(x)^2",
                                     "x = 1; z = 1; x' = z*z; 0 = z^3 - x^3"};
  static const gm_eq_solver solver[2] = {GM_EQ_STIFF, GM_EQ_AUTO};
  run *r = test_malloc(sizeof *r);
  for (size_t i = 0; i < sizeof text / sizeof *text; i++)
    for (int q = 0; q < 2; q++)
      for (double t_end = 4; t_end <= 1e4; t_end *= 50) {
        gm_eq_config c = {.text = text[i], .solver = solver[q], .step_max = 20000};
        run_open(r, c, 1);
        run_init(r);
        run_advance(r, 0, t_end);
        if (!GM_MEMBER_FAILED(r->status[0]))
          fail_msg("%s to %g: status %d, x = %g", text[i], t_end, r->status[0], state(r, 0, "x"));
        run_close(r);
      }
  test_free(r);
}

/* Not taken: explicit method by force, delays, closed form; the text of the solver says who has
 * it. */
static void fallback_solver_text__says_who_has_it(void **state_)
{
  (void)state_;
  static const struct {
    const char *text;
    gm_eq_solver solver;
    gm_eq_fallback fallback;
    bool has;
  } c[] = {{root_text, GM_EQ_STIFF, GM_EQ_FALLBACK_AUTO, true},
           {root_text, GM_EQ_AUTO, GM_EQ_FALLBACK_AUTO, true},
           {root_text, GM_EQ_AUTO, GM_EQ_FALLBACK_OFF, false},
           {root_text, GM_EQ_EXPLICIT, GM_EQ_FALLBACK_AUTO, false},
           {"x = 1; x' = -delay(x, 1)^3", GM_EQ_STIFF, GM_EQ_FALLBACK_AUTO, false},
           {"x = 1; x' = -x", GM_EQ_AUTO, GM_EQ_FALLBACK_AUTO, false}};
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
    gm_eq_config config = {.text = c[i].text, .solver = c[i].solver, .fallback = c[i].fallback};
    gm_model *model = NULL;
    gm_model_info info;
    assert_int_equal(gm_model_new(ctx, &gm_equations, &config, &model), GM_OK);
    gm_model_get_info(model, &info);
    bool named = strstr(info.solver, "SUNDIALS") != NULL;
    if (named != (c[i].has && built_in())) fail_msg("%s: %s", c[i].text, info.solver);
    gm_model_free(model);
  }
  gm_ctx_free(ctx);
}

/* With directions there is no fallback: its steps have no derivatives. */
static void fallback_directions__fail_as_before(void **state_)
{
  (void)state_;
  run *r = test_malloc(sizeof *r);
  run_open(r, (gm_eq_config){.text = root_text, .solver = GM_EQ_STIFF, .directions_max = 1}, 1);
  double xd[ROWS] = {0}, thetad[ROWS] = {1};
  gm_batch b = batch_of(r);
  gm_span span = {.t1 = 3};
  b.nd = 1;
  b.xd = xd;
  b.thetad = thetad;
  r->model->type->init(r->model, r->work, &b, 0);
  r->model->type->advance(r->model, r->work, &b, &span, r->arena);
  assert_int_equal(r->status[0], GM_MEMBER_DIVERGED);
  b.nd = 0; /* the same worker, without: it does */
  r->model->type->init(r->model, r->work, &b, 0);
  r->model->type->advance(r->model, r->work, &b, &span, r->arena);
  assert_int_equal(r->status[0], carried(GM_MEMBER_DIVERGED));
  run_close(r);
  test_free(r);
}

/* A value that is neither AUTO nor OFF is refused. */
static void fallback_option__is_checked(void **state_)
{
  (void)state_;
  gm_ctx *ctx;
  gm_model *model = NULL;
  gm_eq_config c = {.text = root_text, .fallback = (gm_eq_fallback)2};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_model_new(ctx, &gm_equations, &c, &model), GM_ERANGE);
  assert_non_null(strstr(gm_message(ctx), "fallback"));
  gm_ctx_free(ctx);
}

static gm_status work_made(gm_ctx *ctx, void *user)
{
  const gm_model *m = user;
  gm_work *work = NULL;
  gm_status s = m->type->work_new(m, ctx, &work);
  if (!s) m->type->work_free(work);
  return s;
}

/* Every refused allocation of a worker's memory is GM_ENOMEM and leaves nothing behind, for CVODE
 * and for IDA. */
static void fallback_work__survives_refused_memory(void **state_)
{
  (void)state_;
  static const char *const text[2] = {root_text, "A = 1; z = 1; A' = -z; 0 = z^3 + z - 2*A"};
  run *r = test_malloc(sizeof *r);
  for (int i = 0; i < 2; i++) {
    run_open(r, (gm_eq_config){.text = text[i], .solver = GM_EQ_STIFF}, 1);
    assert_true(fault_sweep("work", work_made, r->model) > 1);
    run_close(r);
  }
  test_free(r);
}

int main(void)
{
  if (built_in())
    print_message("SUNDIALS %s\n", gm_equations_fallback_version());
  else
    print_message("SUNDIALS is not built in: 1 test skipped, results of 6 not compared\n");
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(fallback_infinite_jacobian__is_passed),
      cmocka_unit_test(fallback_algebraic__is_carried_by_ida),
      cmocka_unit_test(fallback_few_steps__reaches_the_published_ends),
      cmocka_unit_test(fallback_between_steps__is_as_ever),
      cmocka_unit_test(fallback_members__are_independent),
      cmocka_unit_test(fallback_samples__are_passive),
      cmocka_unit_test(fallback_saved_state__goes_on),
      cmocka_unit_test(fallback_solution_that_ends__stays_failed),
      cmocka_unit_test(fallback_solver_text__says_who_has_it),
      cmocka_unit_test(fallback_directions__fail_as_before),
      cmocka_unit_test(fallback_option__is_checked),
      cmocka_unit_test(fallback_work__survives_refused_memory),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
