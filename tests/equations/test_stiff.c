/* The stiff method: its coefficients against the order conditions, published solutions, models with
 * algebraic equations, with bad pivots, with many states. */
#include "gemel/equations.h"
#include "gemel/schedule.h"
#include "kinds/equations/rodas.h"
#include "num/linalg.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* ---- coefficients ---------------------------------------------------------------------------- */
enum { S = RODAS_STAGES };

/* The method in its first form: alpha, gamma (lower triangles), b; from a, C and the last row
 * (Hairer & Wanner II, IV.7, (7.24) ff.): Gamma^-1 = 1/gamma on the diagonal minus C,
 * alpha = a Gamma, b = m Gamma. */
typedef struct {
  double alpha[S][S], gamma[S][S], beta[S][S], b[S], at[S], bt[S]; /* at, bt: sums of alpha, beta */
} method;

static double full_a(int s, int j)
{
  if (s < RODAS_FREE) return j < s ? rodas_a[s][j] : 0;
  return j < RODAS_FREE - 1 ? rodas_a[RODAS_FREE - 1][j] : j < s ? 1 : 0;
}

static void method_make(gm_ctx *ctx, method *m)
{
  double inverse[S * S] = {0}, unit[S * S] = {0}, gamma[S * S];
  *m = (method){0};
  for (int i = 0; i < S; i++) {
    unit[i * S + i] = 1;
    inverse[i * S + i] = 1 / rodas_gamma;
    for (int j = 0; j < i; j++) inverse[i * S + j] = -rodas_C[i][j];
  }
  assert_int_equal(gm_la_solve(ctx, S, inverse, S, unit, gamma), GM_OK);
  for (int i = 0; i < S; i++)
    for (int j = 0; j < S; j++) {
      m->gamma[i][j] = gamma[i * S + j];
      for (int k = 0; k < S; k++) {
        m->alpha[i][j] += full_a(i, k) * gamma[k * S + j];
        if (i == S - 1) m->b[j] += (k < S - 1 ? full_a(i, k) : 1) * gamma[k * S + j];
      }
      m->beta[i][j] = m->alpha[i][j] + m->gamma[i][j];
      m->at[i] += m->alpha[i][j];
      m->bt[i] += m->beta[i][j];
    }
}

static void product(const double a[S][S], const double *v, double *out)
{
  for (int i = 0; i < S; i++) {
    out[i] = 0;
    for (int j = 0; j < S; j++) out[i] += a[i][j] * v[j];
  }
}

static double dot(const double *b, const double *v)
{
  double sum = 0;
  for (int i = 0; i < S; i++) sum += b[i] * v[i];
  return sum;
}

static void times(const double *a, const double *b, double *out)
{
  for (int i = 0; i < S; i++) out[i] = a[i] * b[i];
}

/* Largest violation of the conditions of orders 1 to `order` by weights b(theta), which ask for
 * theta^order / density (trees of Hairer & Wanner II, table IV.7.1, order 5 by the same rule). */
static double violation(const method *m, const double *b, double theta, int order)
{
  double one[S], a2[S], a3[S], a4[S], bb[S], bbb[S], bbbb[S], ba2[S], ba3[S], bba2[S], v[S], w[S];
  for (int i = 0; i < S; i++) one[i] = 1;
  times(m->at, m->at, a2);
  times(a2, m->at, a3);
  times(a3, m->at, a4);
  product(m->beta, m->bt, bb); /* beta beta 1 */
  product(m->beta, bb, bbb);
  product(m->beta, bbb, bbbb);
  product(m->beta, a2, ba2);
  product(m->beta, a3, ba3);
  product(m->beta, ba2, bba2);
  double worst = 0;
  struct {
    int order;
    double density, got;
  } tree[17] = {{1, 1, dot(b, one)},   {2, 2, dot(b, m->bt)}, {3, 3, dot(b, a2)},
                {3, 6, dot(b, bb)},    {4, 4, dot(b, a3)},    {4, 12, dot(b, ba2)},
                {4, 24, dot(b, bbb)},  {5, 5, dot(b, a4)},    {5, 20, dot(b, ba3)},
                {5, 60, dot(b, bba2)}, {5, 120, dot(b, bbbb)}};
  int n = 11;
  product(m->alpha, m->bt, v); /* alpha beta 1 */
  times(m->at, v, w);
  tree[n].order = 4, tree[n].density = 8, tree[n++].got = dot(b, w);
  double bw[S], aa[S], square[S], inner[S];
  product(m->beta, w, bw);
  tree[n].order = 5, tree[n].density = 40, tree[n++].got = dot(b, bw);
  times(a2, v, aa);
  tree[n].order = 5, tree[n].density = 10, tree[n++].got = dot(b, aa);
  times(v, v, square);
  tree[n].order = 5, tree[n].density = 20, tree[n++].got = dot(b, square);
  product(m->alpha, a2, inner);
  times(m->at, inner, inner);
  tree[n].order = 5, tree[n].density = 15, tree[n++].got = dot(b, inner);
  product(m->alpha, bb, inner);
  times(m->at, inner, inner);
  tree[n].order = 5, tree[n].density = 30, tree[n++].got = dot(b, inner);
  for (int i = 0; i < n; i++) {
    if (tree[i].order > order) continue;
    worst = fmax(worst, fabs(tree[i].got - pow(theta, tree[i].order) / tree[i].density));
  }
  return worst;
}

/* The numbers of the method fulfil all 17 conditions of order 5, the embedded ones those of
 * order 4, and c and d are the row sums they must be: a slip in any digit would show. */
static void rodas_coefficients__have_order_five(void **state)
{
  (void)state;
  gm_ctx *ctx;
  method m;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  method_make(ctx, &m);
  for (int i = 0; i < S; i++) {
    double sum = 0;
    for (int j = 0; j < S; j++) sum += m.gamma[i][j];
    assert_true(fabs(m.at[i] - rodas_c[i]) < 1e-12);
    assert_true(fabs(sum - rodas_d[i]) < 1e-12);
  }
  assert_true(violation(&m, m.b, 1, 5) < 1e-12);
  /* without the last stage: the argument of its right-hand side */
  assert_true(violation(&m, m.alpha[S - 1], 1, 4) < 1e-12);
  assert_true(violation(&m, m.alpha[S - 1], 1, 5) > 1e-4);
  for (int j = 0; j < S; j++) /* stiffly accurate: b is the last row of alpha + gamma */
    assert_true(fabs(m.b[j] - m.beta[S - 1][j]) < 1e-12);
  gm_ctx_free(ctx);
}

/* The interpolant has order 4 at every theta, and ends in the two ends of the step. */
static void rodas_interpolant__has_order_four(void **state)
{
  (void)state;
  gm_ctx *ctx;
  method m;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  method_make(ctx, &m);
  for (int step = 0; step <= 10; step++) {
    double theta = step / 10.0, b[S] = {0};
    for (int s = 0; s < S; s++) {
      double end = s < S - 1 ? full_a(S - 1, s) : 1; /* x1 = x0 + sum of these times u */
      double k = rodas_H[0][s] + theta * (rodas_H[1][s] + theta * rodas_H[2][s]);
      double weight = theta * (end + (1 - theta) * k);
      for (int j = 0; j < S; j++) b[j] += weight * m.gamma[s][j];
    }
    assert_true(violation(&m, b, theta, 4) < 1e-11);
    if (step == 5) assert_true(violation(&m, b, theta, 5) > 1e-6);
  }
  gm_ctx_free(ctx);
}

/* ---- models ---------------------------------------------------------------------------------- */
typedef struct {
  const char *text;
  gm_eq_solver solver;
  double rtol, atol;
  const double *t;
  int32_t count;
  gm_event event; /* amount 0: none */
} question;

enum { OUTPUT_MAX = 16 };

/* y[count][names]: the names asked for, "a b c". Returns the member's status. */
static int ask(const question *q, const char *names, double *y)
{
  char list[256], *rest = NULL;
  gm_eq_output output[OUTPUT_MAX];
  int32_t output_count = 0;
  snprintf(list, sizeof list, "%s", names);
  for (char *name = strtok_r(list, " ", &rest); name; name = strtok_r(NULL, " ", &rest)) {
    assert_true(output_count < OUTPUT_MAX);
    output[output_count++] = (gm_eq_output){.name = name, .expression = name, .where = "test"};
  }
  gm_ctx *ctx;
  gm_model *model;
  gm_runner *runner;
  gm_timeline timeline = {0};
  gm_model_info info;
  int8_t status = -1;
  gm_eq_config config = {.text = q->text,
                         .output = output,
                         .output_count = output_count,
                         .solver = q->solver,
                         .rtol = q->rtol,
                         .atol = q->atol};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (gm_model_new(ctx, &gm_equations, &config, &model)) fail_msg("%s", gm_message(ctx));
  gm_model_get_info(model, &info);
  assert_int_equal(gm_runner_new(ctx, model, NULL, &runner), GM_OK);
  double *theta = calloc((size_t)info.parameter_count + 1, sizeof *theta);
  assert_non_null(theta);
  int32_t np;
  const gm_var *v = gm_model_table(model, GM_TABLE_PARAMETER, &np);
  for (int32_t i = 0; i < np; i++) theta[i] = v[i].initial;
  gm_timeline_spec spec = {.t_end = q->t[q->count - 1],
                           .event = &q->event,
                           .event_count = q->event.amount != 0,
                           .sample = q->t,
                           .sample_count = q->count,
                           .port_count = info.input_count};
  if (gm_timeline_build(ctx, &spec, &timeline)) fail_msg("%s", gm_message(ctx));
  gm_run job = {.n = 1, .timeline = &timeline, .theta = theta, .y = y, .status = &status};
  assert_int_equal(gm_runner_run(runner, ctx, &job), GM_OK);
  gm_timeline_free(&timeline);
  free(theta);
  gm_runner_free(runner);
  gm_model_free(model);
  gm_ctx_free(ctx);
  return status;
}

static double off(double got, double wanted) { return fabs(got - wanted) / fabs(wanted); }

/* The classical problems at their ends, against the solutions that the Test Set for IVP Solvers
 * lists (F. Mazzia & C. Magherini, release 2.4, University of Bari 2008): ROBER to 10^11. */
static void stiff_robertson__reaches_the_published_end(void **state)
{
  (void)state;
  const double t = 1e11;
  double y[3];
  question q = {.text = "k1 = 0.04; k2 = 3e7; k3 = 1e4\n A = 1; B = 0; C = 0\n"
                        "A' = -k1*A + k3*B*C\n B' = k1*A - k3*B*C - k2*B^2\n C' = k2*B^2\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-9,
                .atol = 1e-20,
                .t = &t,
                .count = 1};
  assert_int_equal(ask(&q, "A B C", y), GM_MEMBER_OK);
  assert_true(off(y[0], 0.2083340149701255e-07) < 1e-7);
  assert_true(off(y[1], 0.8333360770334713e-13) < 1e-7);
  assert_true(off(y[2], 0.9999999791665050) < 1e-9);
}

/* VDPOL: van der Pol's equation with mu = 1000 over a little more than two turns. */
static void stiff_van_der_pol__reaches_the_published_end(void **state)
{
  (void)state;
  const double t = 2000;
  double y[2];
  question q = {.text = "mu = 1000\n x = 2; v = 0\n x' = v\n v' = mu*(1 - x^2)*v - x\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-10,
                .atol = 1e-12,
                .t = &t,
                .count = 1};
  assert_int_equal(ask(&q, "x v", y), GM_MEMBER_OK);
  assert_true(off(y[0], 0.1706167732170469e1) < 1e-6);
  assert_true(off(y[1], -0.8928097010248125e-3) < 1e-6);
}

static const char hires[] = "a = 1; b = 0; c = 0; d = 0; e = 0; f = 0; g = 0; h = 0.0057\n"
                            "a' = -1.71*a + 0.43*b + 8.32*c + 0.0007\n b' = 1.71*a - 8.75*b\n"
                            "c' = -10.03*c + 0.43*d + 0.035*e\n d' = 8.32*b + 1.71*c - 1.12*d\n"
                            "e' = -1.745*e + 0.43*f + 0.43*g\n"
                            "f' = -280*f*h + 0.69*d + 1.71*e - 0.43*f + 0.69*g\n"
                            "g' = 280*f*h - 1.81*g\n h' = -280*f*h + 1.81*g\n";
static const double hires_end[8] = {
    0.7371312573325668e-3, 0.1442485726316185e-3, 0.5888729740967575e-4, 0.1175651343283149e-2,
    0.2386356198831331e-2, 0.6238968252742796e-2, 0.2849998395185769e-2, 0.2850001604814231e-2};

/* HIRES, and that the error follows the tolerance over eight decades. */
static void stiff_hires__error_follows_the_tolerance(void **state)
{
  (void)state;
  const double t = 321.8122;
  for (double rtol = 1e-3; rtol > 3e-12; rtol /= 10) {
    double y[8], worst = 0;
    question q = {.text = hires,
                  .solver = GM_EQ_STIFF,
                  .rtol = rtol,
                  .atol = rtol * 1e-4,
                  .t = &t,
                  .count = 1};
    assert_int_equal(ask(&q, "a b c d e f g h", y), GM_MEMBER_OK);
    for (int i = 0; i < 8; i++) worst = fmax(worst, off(y[i], hires_end[i]));
    print_message("rtol %.0e: %.1e\n", rtol, worst);
    assert_true(worst < 50 * rtol + 1e-11);
  }
}

/* CHEMAKZO: six equations, one of them algebraic. */
static void stiff_chemakzo__carries_the_algebraic_equation(void **state)
{
  (void)state;
  static const double end[6] = {0.1150794920661702,    0.1203831471567715e-2,
                                0.1611562887407974,    0.3656156421249283e-3,
                                0.1708010885264404e-1, 0.4873531310307455e-2};
  const double t = 180;
  double y[6];
  question q = {.text = "k1 = 18.7; k2 = 0.58; k3 = 0.09; k4 = 0.42; K = 34.4; kla = 3.3\n"
                        "Ks = 115.83; p = 0.9; H = 737\n"
                        "a = 0.444; b = 0.00123; c = 0; d = 0.007; e = 0; const Ks; f = 0.36\n"
                        "r1 := k1*a^4*sqrt(b); r2 := k2*c*d; r3 := k2/K*a*e; r4 := k3*a*d^2\n"
                        "r5 := k4*f^2*sqrt(b); F := kla*(p/H - b)\n"
                        "a' = -2*r1 + r2 - r3 - r4\n b' = -0.5*r1 - r4 - 0.5*r5 + F\n"
                        "c' = r1 - r2 + r3\n d' = -r2 + r3 - 2*r4\n e' = r2 - r3 + r5\n"
                        "0 = Ks*a*d - f\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-9,
                .atol = 1e-12,
                .t = &t,
                .count = 1};
  assert_int_equal(ask(&q, "a b c d e f", y), GM_MEMBER_OK);
  for (int i = 0; i < 6; i++) assert_true(off(y[i], end[i]) < 1e-6);
}

/* Prothero and Robinson's problem, x' = -L (x - cos t) - sin t, x = cos t: time moves the
 * right-hand side and L = 10^6 makes it stiff. At the ends of steps and between them (samples
 * never cut a step) the solution is right. */
static void stiff_moving_side__is_followed_between_steps(void **state)
{
  (void)state;
  enum { COUNT = 500 };
  double t[COUNT], y[COUNT], worst = 0;
  for (int i = 0; i < COUNT; i++) t[i] = 10.0 * (i + 1) / COUNT;
  question q = {.text = "L = 1e6\n x = 1\n x' = -L*(x - cos(time)) - sin(time)\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-7,
                .atol = 1e-9,
                .t = t,
                .count = COUNT};
  assert_int_equal(ask(&q, "x", y), GM_MEMBER_OK);
  for (int i = 0; i < COUNT; i++) worst = fmax(worst, fabs(y[i] - cos(t[i])));
  print_message("largest error %.1e\n", worst);
  assert_true(worst < 1e-6);
}

/* An infusion adds to the slope: x' = -k x + R while it runs. Nonlinear beside it, so that the
 * closed form is not taken. */
static void stiff_infusion__adds_to_the_slope(void **state)
{
  (void)state;
  const double t[2] = {2, 5}, k = 3, rate = 7;
  double y[4];
  question q = {.text = "k = 3\n x = 0; n = 1\n x' = -k*x\n n' = -1000*n^3\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-9,
                .atol = 1e-12,
                .t = t,
                .count = 2,
                .event = {.kind = GM_EVENT_DOSE, .amount = 4 * 7, .rate = 7, .input = -1}};
  assert_int_equal(ask(&q, "x n", y), GM_MEMBER_OK);
  double at4 = rate / k * (1 - exp(-k * 4));
  assert_true(off(y[0], rate / k * (1 - exp(-k * 2))) < 1e-7);
  assert_true(off(y[2], at4 * exp(-k * 1)) < 1e-7);
  assert_true(off(y[1], 1 / sqrt(1 + 2000 * 2)) < 1e-7); /* n = (1 + 2000 t)^-1/2 */
}

/* e^z + p tanh w = 2 x, p tanh z + e^w = x, by Newton's method. */
static void algebra(double p, double x, double *z_out, double *w_out)
{
  double z = log(2 * x), w = log(x);
  for (int k = 0; k < 50; k++) {
    double f = exp(z) + p * tanh(w) - 2 * x, g = p * tanh(z) + exp(w) - x;
    double fz = exp(z), fw = p / (cosh(w) * cosh(w)), gz = p / (cosh(z) * cosh(z)), gw = exp(w);
    double det = fz * gw - fw * gz;
    z -= (f * gw - g * fw) / det;
    w -= (g * fz - f * gz) / det;
  }
  *z_out = z;
  *w_out = w;
}

/* Two algebraic equations, in both orders, for two unknowns, in both orders: in half of the cases
 * what comes to lie on the diagonal is p or less. The order of elimination is fixed without looking
 * at p; members that it would rob of digits must be carried by pivoting. */
static void stiff_small_pivots__lose_no_digits(void **state)
{
  (void)state;
  static const char *const form[2] = {
      "0 = exp(z) + p*tanh(w) - 2*x\n 0 = p*tanh(z) + exp(w) - x\n",
      "0 = p*tanh(z) + exp(w) - x\n 0 = exp(z) + p*tanh(w) - 2*x\n"};
  static const double size[] = {0, 1e-300, 1e-16, 1e-13, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2};
  const double t = 2;
  for (int f = 0; f < 2; f++)
    for (size_t i = 0; i < sizeof size / sizeof *size; i++)
      for (int flip = 0; flip < 2; flip++) {
        char text[400];
        double y[3], z, w;
        snprintf(text, sizeof text, "p = %g; const p\n x = 1; %s = 1; %s = 1\n x' = -x\n %s",
                 size[i], flip ? "w" : "z", flip ? "z" : "w", form[f]);
        question q = {
            .text = text, .solver = GM_EQ_STIFF, .rtol = 1e-8, .atol = 1e-10, .t = &t, .count = 1};
        assert_int_equal(ask(&q, "x z w", y), GM_MEMBER_OK);
        algebra(size[i], exp(-t), &z, &w);
        assert_true(off(y[0], exp(-t)) < 1e-7);
        assert_true(off(y[1], z) < 1e-7);
        assert_true(off(y[2], w) < 1e-7);
      }
}

/* Algebraic equations that leave a value open end the member, and only it. */
static void stiff_singular__ends_the_member(void **state)
{
  (void)state;
  const double t = 1;
  double y[1];
  question q = {.text = "p = 1; q = 1; const p, q\n x = 1; z = -0.7; w = -0.7\n x' = -x\n"
                        "0 = p*exp(z) + q*exp(w) - x\n 0 = exp(z) + exp(w) - x\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-6,
                .atol = 1e-8,
                .t = &t,
                .count = 1};
  int status = ask(&q, "x", y);
  assert_true(status & GM_MEMBER_DIVERGED);
  assert_true(isnan(y[0]));
}

/* Text with names x1..xn, each line printed by the caller's format. */
typedef struct {
  char *text;
  size_t bytes, room;
} builder;

__attribute__((format(printf, 2, 3))) static void put(builder *b, const char *format, ...)
{
  va_list list;
  va_start(list, format);
  if (b->room - b->bytes < 400) {
    b->room = 2 * b->room + 4096;
    b->text = realloc(b->text, b->room);
    assert_non_null(b->text);
  }
  b->bytes += (size_t)vsnprintf(b->text + b->bytes, b->room - b->bytes, format, list);
  va_end(list);
}

/* 1,000 states with neighbours (diffusion along a line, rates 10^4) run, and the slowest mode
 * decays as it must: exp(-k (2 - 2 cos(pi/(n+1))) t). */
static void stiff_thousand_states__run(void **state)
{
  (void)state;
  enum { N = 1000 };
  const double pi = 3.14159265358979323846, t = 10, k = 1e4;
  builder b = {0};
  double y[2];
  put(&b, "k = 1e4\n");
  for (int i = 1; i <= N; i++) put(&b, "x%d = %.17g\n", i, sin(pi * i / (N + 1)));
  for (int i = 1; i <= N; i++) {
    put(&b, "x%d' = k*(-2*x%d", i, i);
    if (i > 1) put(&b, " + x%d", i - 1);
    if (i < N) put(&b, " + x%d", i + 1);
    put(&b, ")\n");
  }
  question q = {
      .text = b.text, .solver = GM_EQ_STIFF, .rtol = 1e-6, .atol = 1e-9, .t = &t, .count = 1};
  assert_int_equal(ask(&q, "x1 x500", y), GM_MEMBER_OK);
  double decay = exp(-k * (2 - 2 * cos(pi / (N + 1))) * t);
  assert_true(off(y[0], sin(pi / (N + 1)) * decay) < 1e-4);
  assert_true(off(y[1], sin(pi * 500 / (N + 1)) * decay) < 1e-5);
  free(b.text);
}

/* 240 states that all depend on each other: the factors would be too long as lane code (n^3/3
 * operations), so the member is carried by pivoting. x_i' = -a x_i - b mean(x): the mean decays
 * with a + b, what is left with a. */
static void stiff_dense__is_carried_by_pivoting(void **state)
{
  (void)state;
  enum { N = 240 };
  const double t = 0.5, rate_a = 2, rate_b = 1e4;
  builder b = {0};
  double y[2], mean = 0;
  put(&b, "a = 2; b = 1e4\n m := (0");
  for (int i = 1; i <= N; i++) put(&b, " + x%d", i);
  put(&b, ")/%d\n", N);
  for (int i = 1; i <= N; i++) {
    put(&b, "x%d = %d\n x%d' = -a*x%d - b*m\n", i, i % 7, i, i);
    mean += (double)(i % 7) / N;
  }
  question q = {
      .text = b.text, .solver = GM_EQ_STIFF, .rtol = 1e-5, .atol = 1e-7, .t = &t, .count = 1};
  assert_int_equal(ask(&q, "x3 x8", y), GM_MEMBER_OK);
  double fast = mean * exp(-(rate_a + rate_b) * t), slow = exp(-rate_a * t);
  assert_true(fabs(y[0] - (fast + (3 - mean) * slow)) < 1e-4);
  assert_true(fabs(y[1] - (fast + (1 - mean) * slow)) < 1e-4);
  free(b.text);
}

/* All of it (algebraic equations, lost pivots, time that moves, interpolation) gives the same
 * bytes on every instruction set, with and without a compiled kernel. */
static void stiff_bytes__are_those_of_every_instruction_set(void **state)
{
  (void)state;
  enum { COUNT = 20, OUTPUTS = 5 };
  static const char *const isa[] = {"scalar", "avx2", "avx512"}, *const kernel[] = {"off", "now"};
  double t[COUNT], first[COUNT * OUTPUTS], y[COUNT * OUTPUTS];
  for (int i = 0; i < COUNT; i++) t[i] = 0.37 * (i + 1);
  question q = {.text =
                    "p = 1e-12; const p; k = 1e4\n x = 1; w = 1; z = 1; a = 1; b = 0\n x' = -x\n"
                    "0 = exp(z) + p*tanh(w) - 2*x\n 0 = p*tanh(z) + exp(w) - x\n"
                    "a' = -k*(a - 2 - cos(time))\n b' = k*a*(1 - b) - 3*k*b^2*x\n",
                .solver = GM_EQ_STIFF,
                .rtol = 1e-6,
                .atol = 1e-8,
                .t = t,
                .count = COUNT};
  const char *old_isa = getenv("GEMEL_ISA"), *old_kernel = getenv("GEMEL_KERNEL");
  char *keep_isa = old_isa ? strdup(old_isa) : NULL,
       *keep_kernel = old_kernel ? strdup(old_kernel) : NULL;
  for (int i = 0; i < 6; i++) {
    setenv("GEMEL_ISA", isa[i % 3], 1);
    setenv("GEMEL_KERNEL", kernel[i / 3], 1);
    assert_int_equal(ask(&q, "x w z a b", i ? y : first), GM_MEMBER_OK);
    if (i) assert_memory_equal(y, first, sizeof first);
  }
  unsetenv("GEMEL_ISA");
  unsetenv("GEMEL_KERNEL");
  if (keep_isa) setenv("GEMEL_ISA", keep_isa, 1);
  if (keep_kernel) setenv("GEMEL_KERNEL", keep_kernel, 1);
  free(keep_isa);
  free(keep_kernel);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rodas_coefficients__have_order_five),
      cmocka_unit_test(rodas_interpolant__has_order_four),
      cmocka_unit_test(stiff_robertson__reaches_the_published_end),
      cmocka_unit_test(stiff_van_der_pol__reaches_the_published_end),
      cmocka_unit_test(stiff_hires__error_follows_the_tolerance),
      cmocka_unit_test(stiff_chemakzo__carries_the_algebraic_equation),
      cmocka_unit_test(stiff_moving_side__is_followed_between_steps),
      cmocka_unit_test(stiff_infusion__adds_to_the_slope),
      cmocka_unit_test(stiff_small_pivots__lose_no_digits),
      cmocka_unit_test(stiff_singular__ends_the_member),
      cmocka_unit_test(stiff_thousand_states__run),
      cmocka_unit_test(stiff_dense__is_carried_by_pivoting),
      cmocka_unit_test(stiff_bytes__are_those_of_every_instruction_set),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
