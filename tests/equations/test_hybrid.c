/* What happens between steps: events, conditions, delays, algebraic equations, against what theory
 * says. Texts are in the subset of docs/model-text.md. */
#include "gemel/equations.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_work *work;
  gm_model_info info;
  double *x, *theta;
  gm_arena *arena;
} subject;

static void open_subject(subject *s, const char *text, const char *expression, double rtol)
{
  gm_eq_output out = {.name = "y", .expression = expression, .where = "test"};
  gm_eq_config config = {.text = text,
                         .output = &out,
                         .output_count = 1,
                         .rtol = rtol,
                         .atol = rtol * 1e-3,
                         .step_max = 200000};
  memset(s, 0, sizeof *s);
  assert_int_equal(gm_ctx_new(NULL, &s->ctx), GM_OK);
  gm_status st = gm_model_new(s->ctx, &gm_equations, &config, &s->model);
  if (st) fail_msg("%s", gm_message(s->ctx));
  assert_int_equal(s->model->type->work_new(s->model, s->ctx, &s->work), GM_OK);
  gm_model_get_info(s->model, &s->info);
  s->x = calloc((size_t)s->info.state_count + 1, sizeof *s->x);
  s->theta = calloc((size_t)s->info.parameter_count + 1, sizeof *s->theta);
  int32_t n;
  const gm_var *p = gm_model_table(s->model, GM_TABLE_PARAMETER, &n);
  for (int32_t i = 0; i < n; i++) s->theta[i] = p[i].initial;
  assert_int_equal(gm_arena_new(s->ctx, 0, &s->arena), GM_OK);
}

static void close_subject(subject *s)
{
  gm_arena_free(s->arena);
  s->model->type->work_free(s->work);
  gm_model_free(s->model);
  gm_ctx_free(s->ctx);
  free(s->x);
  free(s->theta);
}

static gm_batch batch_of(subject *s, int8_t *status)
{
  return (gm_batch){.n = 1,
                    .sx = 1,
                    .sm = s->info.state_count,
                    .x = s->x,
                    .theta = s->theta,
                    .psx = 1,
                    .psm = s->info.parameter_count,
                    .status = status};
}

static void begin(subject *s, double t0)
{
  int8_t status;
  gm_batch b = batch_of(s, &status);
  s->model->type->init(s->model, s->work, &b, t0);
  assert_int_equal(status, GM_MEMBER_OK);
}

/* On from t0 to t1 with samples at t; returns the member's status. */
static int go_on(subject *s, double t0, double t1, const double *t, int32_t count, double *y)
{
  int8_t status;
  gm_batch b = batch_of(s, &status);
  gm_span span = {.t0 = t0, .t1 = t1, .sample = t, .sample_count = count, .y = y};
  s->model->type->advance(s->model, s->work, &b, &span, s->arena);
  return status;
}

static void all_close(const double *y, const double *want, const double *t, int32_t n, double tol)
{
  for (int32_t i = 0; i < n; i++)
    if (!(fabs(y[i] - want[i]) <= tol * (1 + fabs(want[i]))))
      fail_msg("at %g: %.15g, expected %.15g", t[i], y[i], want[i]);
}

static void check(const char *text, const char *what, double t1, const double *t,
                  const double *want, int32_t n, double tol)
{
  subject s;
  double y[64];
  assert_true(n <= 64);
  open_subject(&s, text, what, 1e-10);
  begin(&s, 0);
  assert_int_equal(go_on(&s, 0, t1, t, n, y), GM_MEMBER_OK);
  all_close(y, want, t, n, tol);
  close_subject(&s);
}

/* A ball dropped from 1 m that keeps 0.8 of its speed: impacts at t1 = sqrt(2/g), then every
 * 2 * 0.8^n t1; between them height is v t - g t^2/2. */
static void event__bouncing_ball(void **state)
{
  (void)state;
  const char *text = "h = 1; v = 0; g = 9.81; h' = v; v' = -g\n at (h < 0): v = -0.8*v, h = 0\n";
  double g = 9.81, first = sqrt(2 / g), t[30], want[30];
  for (int i = 0; i < 30; i++) {
    double begin_t = first, speed = 0.8 * g * first;
    t[i] = 0.05 + 0.07 * i;
    want[i] = 1 - g * t[i] * t[i] / 2;
    if (t[i] <= first) continue;
    while (t[i] > begin_t + 2 * speed / g) {
      begin_t += 2 * speed / g;
      speed *= 0.8;
    }
    want[i] = speed * (t[i] - begin_t) - g * (t[i] - begin_t) * (t[i] - begin_t) / 2;
  }
  check(text, "h", 3, t, want, 30, 2e-8);
}

/* `time >= 2` happens at 2 to the last bit, so that a sample there is read after it; a sample at
 * the double before it is not. */
static void event__time_is_exact(void **state)
{
  (void)state;
  double before = nextafter(2, 0), t[3] = {before, 2, 3}, want[3] = {0, 7, 7};
  check("x = 0; x' = 0*time\n at (time >= 2): x = 7\n", "x", 4, t, want, 3, 0);
}

/* With values from the trigger, x is what it was then; without, what it is after the delay. */
static void event__delay_and_when_values_are_taken(void **state)
{
  (void)state;
  double t[3] = {1.9, 3.6, 5}, then[3] = {0, 2, 2}, now[3] = {0, 3.5, 3.5};
  check("x = 0; y = 0; x' = 1; y' = 0\n at 1.5 after (time >= 2), fromTrigger=true: y = x\n", "y",
        6, t, then, 3, 1e-9);
  check("x = 0; y = 0; x' = 1; y' = 0\n at 1.5 after (time >= 2), fromTrigger=false: y = x\n", "y",
        6, t, now, 3, 1e-9);
}

/* Of two events at once the one of higher priority goes first; the other sees what it did. */
static void event__priority_orders(void **state)
{
  (void)state;
  double t[1] = {2}, first[1] = {30}, second[1] = {12};
  check("x = 1; x' = 0\n at (time >= 1), priority=1, fromTrigger=false: x = x + 2\n"
        " at (time >= 1), priority=2, fromTrigger=false: x = 10*x\n",
        "x", 3, t, second, 1, 0);
  check("x = 1; x' = 0\n at (time >= 1), priority=2, fromTrigger=false: x = x + 2\n"
        " at (time >= 1), priority=1, fromTrigger=false: x = 10*x\n",
        "x", 3, t, first, 1, 0);
}

/* A trigger that falls back before the delay is over takes a non-persistent event along. */
static void event__persistence(void **state)
{
  (void)state;
  double t[1] = {5}, kept[1] = {9}, gone[1] = {0};
  check("x = 0; x' = 0\n at 2 after (time >= 1 && time < 2), persistent=true: x = 9\n", "x", 6, t,
        kept, 1, 0);
  check("x = 0; x' = 0\n at 2 after (time >= 1 && time < 2), persistent=false: x = 9\n", "x", 6, t,
        gone, 1, 0);
}

/* A trigger that holds at the start fires there only when it is said to have been false before. */
static void event__at_the_start(void **state)
{
  (void)state;
  double t[2] = {0, 1}, fired[2] = {4, 4}, not_fired[2] = {0, 0};
  check("x = 0; x' = 0\n at (time >= 0), t0=false: x = 4\n", "x", 2, t, fired, 2, 0);
  check("x = 0; x' = 0\n at (time >= 0), t0=true: x = 4\n", "x", 2, t, not_fired, 2, 0);
}

/* Pulses far shorter than the steps are not stepped over: the integral of 50 pulses of width 1e-3.
 */
static void condition__short_pulses_are_seen(void **state)
{
  (void)state;
  double t[2] = {50.5, 100}, want[2] = {1, 1};
  check("x = 0; x' = piecewise(1000, time >= 50 && time < 50.001, 0)\n", "x", 101, t, want, 2,
        1e-9);
}

/* x' = -x(t - 1), x = 1 before 0: by the method of steps x = sum (-1)^k (t - k + 1)^k / k!. */
static void delay__method_of_steps(void **state)
{
  (void)state;
  double t[20], want[20];
  for (int i = 0; i < 20; i++) {
    double term = 1;
    t[i] = 0.25 * (i + 1);
    want[i] = 1;
    for (int k = 1; k <= (int)floor(t[i]) + 1; k++) {
      term = -1.0 / k;
      for (int j = 1; j < k; j++) term *= -1.0 / j;
      want[i] += term * pow(t[i] - k + 1, k);
    }
  }
  check("x = 1; x' = -delay(x, 1)\n", "x", 6, t, want, 20, 1e-8);
}

/* Halves of a run joined at a time when an event waits give what one run gives. */
static void memory__waiting_events_and_history_survive(void **state)
{
  (void)state;
  const char *text = "x = 1; y = 0; x' = -delay(x, 1); y' = 0\n at 3 after (x < 0.5): y = x\n";
  subject s;
  double t[1] = {6}, whole[1], half[1];
  open_subject(&s, text, "y", 1e-11);
  begin(&s, 0);
  assert_int_equal(go_on(&s, 0, 6, t, 1, whole), GM_MEMBER_OK);
  begin(&s, 0);
  assert_int_equal(go_on(&s, 0, 2, NULL, 0, NULL), GM_MEMBER_OK);
  double *saved = malloc((size_t)s.info.state_count * sizeof *saved);
  memcpy(saved, s.x, (size_t)s.info.state_count * sizeof *saved);
  assert_int_equal(go_on(&s, 2, 6, t, 1, half), GM_MEMBER_OK);
  double first = half[0];
  memcpy(s.x, saved, (size_t)s.info.state_count * sizeof *saved);
  assert_int_equal(go_on(&s, 2, 6, t, 1, half), GM_MEMBER_OK);
  assert_memory_equal(&first, half, sizeof first); /* save, load, go on: the same bytes */
  if (!(fabs(first - whole[0]) < 1e-7)) fail_msg("in halves %.15g, in one %.15g", first, whole[0]);
  assert_true(fabs(whole[0]) > 1e-3);
  free(saved);
  close_subject(&s);
}

/* Events without end at one time, and a state that is pushed back for ever from a threshold, use up
 * their steps: the member says so, and what was not reached is no number. */
static void hostile__endless_events_end(void **state)
{
  (void)state;
  const char *text[] = {"x = 0; x' = 0\n at (x < 0.5 && time >= 1): x = 1\n"
                        " at (x > 0.5 && time >= 1): x = 0\n",
                        "x = 1; x' = piecewise(-1, x > 0, 1)\n"};
  for (int i = 0; i < 2; i++) {
    subject s;
    double t[2] = {0.5, 5}, y[2], before[2] = {0, 0.5};
    open_subject(&s, text[i], "x", 1e-8);
    begin(&s, 0);
    assert_int_equal(go_on(&s, 0, 5, t, 2, y), GM_MEMBER_STEPS);
    assert_true(fabs(y[0] - before[i]) < 1e-9);
    assert_true(isnan(y[1]));
    close_subject(&s);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(event__bouncing_ball),
      cmocka_unit_test(event__time_is_exact),
      cmocka_unit_test(event__delay_and_when_values_are_taken),
      cmocka_unit_test(event__priority_orders),
      cmocka_unit_test(event__persistence),
      cmocka_unit_test(event__at_the_start),
      cmocka_unit_test(condition__short_pulses_are_seen),
      cmocka_unit_test(delay__method_of_steps),
      cmocka_unit_test(memory__waiting_events_and_history_survive),
      cmocka_unit_test(hostile__endless_events_end),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
