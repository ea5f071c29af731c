/* The kind `jump` beside its laws: keys, events, inputs, what is refused and what ends a member. */
#include "jump_case.h"
#include "kinds/equations/source.h"
#include "kinds/jump/machine.h"

static const char two_worlds[] = "species X, Y; X = 5; Y = 5; a = 3; b = 0.4; c = 2; d = 0.3\n"
                                 "inx: => X; a; outx: X => ; b*X; iny: => Y; c; outy: Y => ; d*Y";

/* ---- keys ------------------------------------------------------------------------------------ */
/* Two runs that differ in one channel's rate share every clock: what does not hang on that channel
 * is the same to the bit, and what does is close (common random numbers). */
static void keys__a_changed_rate_leaves_other_channels(void **state)
{
  (void)state;
  enum { N = 2000 };
  crowd p, q;
  double t[] = {1, 5, 10}, cov = 0;
  jump_open(&p, two_worlds, GM_JUMP_EXACT, N);
  jump_open(&q, two_worlds, GM_JUMP_EXACT, N);
  crowd_parameter(&q, "c", 2.2);
  crowd_init(&p);
  crowd_init(&q);
  crowd_go(&p, 0, 10, t, 3, NULL, 0);
  crowd_go(&q, 0, 10, t, 3, NULL, 0);
  for (int32_t i = 0; i < N; i++)
    for (int32_t k = 0; k < 3; k++) assert_true(crowd_y(&p, i, k, "X") == crowd_y(&q, i, k, "X"));
  double mean_p = crowd_mean(&p, 2, "Y"), v_p = crowd_variance(&p, 2, "Y");
  double mean_q = crowd_mean(&q, 2, "Y"), v_q = crowd_variance(&q, 2, "Y");
  for (int32_t i = 0; i < N; i++)
    cov += (crowd_y(&p, i, 2, "Y") - mean_p) * (crowd_y(&q, i, 2, "Y") - mean_q) / N;
  print_message("correlation of paired runs %.3f\n", cov / sqrt(v_p * v_q));
  assert_true(mean_q > mean_p);
  assert_true(cov / sqrt(v_p * v_q) > 0.5); /* independent runs: 0 +- 0.1 */
  crowd_close(&p);
  crowd_close(&q);
}

/* Another key, another slot: another path; the same: the same, wherever the member stands. */
static void keys__meaning_decides(void **state)
{
  (void)state;
  crowd p;
  double t[] = {10};
  uint64_t slot[4] = {0, 0, 1, 0};
  jump_open(&p, two_worlds, GM_JUMP_EXACT, 4);
  p.b.slot = slot;
  p.key[1] = p.key[2] = p.key[0];
  crowd_init(&p);
  crowd_go(&p, 0, 10, t, 1, NULL, 0);
  size_t bytes = (size_t)p.info.state_count * sizeof(double);
  const double *x = p.x;
  assert_memory_equal(x, x + p.info.state_count, bytes);
  assert_memory_not_equal(x, x + 2 * p.info.state_count, bytes);
  assert_memory_not_equal(x, x + 3 * p.info.state_count, bytes);
  crowd_close(&p);
}

/* Channels that never fire change nothing, also when there are so many that a heap orders them. */
static void keys__idle_channels_change_nothing(void **state)
{
  (void)state;
  char text[2048];
  crowd p, q;
  double t[] = {3, 10};
  size_t at = (size_t)snprintf(text, sizeof text, "%s; z = 0", two_worlds);
  for (int k = 0; k < 30; k++)
    at += (size_t)snprintf(text + at, sizeof text - at, "; idle%d: X => Y; z*X", k);
  jump_open(&p, two_worlds, GM_JUMP_EXACT, 50);
  jump_open(&q, text, GM_JUMP_EXACT, 50);
  crowd_init(&p);
  crowd_init(&q);
  crowd_go(&p, 0, 10, t, 2, NULL, 0);
  crowd_go(&q, 0, 10, t, 2, NULL, 0);
  for (int32_t i = 0; i < 50; i++)
    for (int32_t k = 0; k < 2; k++) {
      assert_true(crowd_y(&p, i, k, "X") == crowd_y(&q, i, k, "X"));
      assert_true(crowd_y(&p, i, k, "Y") == crowd_y(&q, i, k, "Y"));
    }
  crowd_close(&p);
  crowd_close(&q);
}

/* A parameter that the caller changes between two stretches acts from there on: the same bytes as
 * an edge of the same change. The clocks kept what they had run until then. */
static void clocks__parameters_changed_from_outside(void **state)
{
  (void)state;
  const gm_jump_method method[] = {GM_JUMP_EXACT, GM_JUMP_TAU};
  for (int k = 0; k < 2; k++) {
    crowd p, q;
    double t[] = {10};
    jump_open(&p, two_worlds, method[k], 50);
    jump_open(&q, two_worlds, method[k], 50);
    gm_edge edge = {.t = 4,
                    .kind = GM_EDGE_PARAMETER,
                    .value = 30,
                    .port = crowd_row(&p, GM_TABLE_PARAMETER, "a")};
    crowd_init(&p);
    crowd_init(&q);
    crowd_go(&p, 0, 10, t, 1, &edge, 1);
    crowd_go(&q, 0, 4, NULL, 0, NULL, 0);
    crowd_parameter(&q, "a", 30);
    crowd_go(&q, 4, 10, t, 1, NULL, 0);
    assert_memory_equal(p.y, q.y, 50 * (size_t)p.info.output_count * sizeof(double));
    crowd_close(&p);
    crowd_close(&q);
  }
}

/* Counts set from outside take the clocks as they are, and a leap that was open ends there. */
static void clocks__counts_set_from_outside(void **state)
{
  (void)state;
  enum { N = 4000 };
  crowd c;
  double t[] = {6}, macro[N];
  jump_open(&c, "species X; X = 0; A = 200; enter: => X; A", GM_JUMP_TAU, N);
  crowd_init(&c);
  crowd_go(&c, 0, 2.5, NULL, 0, NULL, 0);
  gm_model_get(c.m, &c.b, macro);
  for (int32_t i = 0; i < N; i++) macro[i] = 1000;
  gm_model_set(c.m, &c.b, macro);
  crowd_go(&c, 2.5, 6, t, 1, NULL, 0);
  crowd_all_well(&c);
  within("mean", crowd_mean(&c, 0, "X"), 1000 + 700, sqrt(700.0 / N));
  within("variance", crowd_variance(&c, 0, "X"), 700, 700 * sqrt(2.0 / N));
  macro[0] = -3;
  macro[1] = 2.6;
  gm_model_set(c.m, &c.b, macro);
  assert_true(crowd_x(&c, 0, "X") == 0 && crowd_x(&c, 1, "X") == 3);
  assert_int_equal(c.status[0], GM_MEMBER_PROJECTED);
  assert_int_equal(c.status[1], GM_MEMBER_PROJECTED);
  assert_int_equal(c.status[2], GM_MEMBER_OK);
  crowd_close(&c);
}

/* A stretch cut in two, wherever, gives the same bytes of all state: single firings, events that
 * wait, and leaps that are open at the cut. */
static void clocks__a_cut_stretch_is_the_same(void **state)
{
  (void)state;
  static const char many[] =
      "species S, I, R; S = 900; I = 40; R = 0; b = 0.001; g = 0.2; w = 0.3\n"
      "f: S + I => 2 I; b*S*I; h: I => R; g*I; r: R => S; w*R";
  static const char waiting[] = "species X; X = 3; A = 4; enter: => X; A; leave: X => ; 0.2*X\n"
                                "at 1.5 after (X >= 15): X = X - 5; at (time > 4.2): X = X + 8";
  const struct {
    const char *text;
    gm_jump_method method;
  } run[] = {{two_worlds, GM_JUMP_EXACT}, {waiting, GM_JUMP_EXACT}, {many, GM_JUMP_EXACT},
             {waiting, GM_JUMP_TAU},      {many, GM_JUMP_TAU},      {many, GM_JUMP_TAU}};
  for (size_t k = 0; k < sizeof run / sizeof *run; k++)
    for (double cut = 0.3; cut < 10; cut += 1.37) {
      crowd p, q;
      double t[] = {10};
      jump_open(&p, run[k].text, run[k].method, 20);
      jump_open(&q, run[k].text, run[k].method, 20);
      crowd_init(&p);
      crowd_init(&q);
      crowd_go(&p, 0, 10, t, 1, NULL, 0);
      crowd_go(&q, 0, cut, NULL, 0, NULL, 0);
      crowd_go(&q, cut, 10, t, 1, NULL, 0);
      assert_memory_equal(p.x, q.x, 20 * (size_t)p.info.state_count * sizeof(double));
      crowd_close(&p);
      crowd_close(&q);
    }
}

/* What observe shows at the end of a stretch is what a sample there shows, inside of a leap too. */
static void clocks__observe_agrees_with_a_sample(void **state)
{
  (void)state;
  for (int method = GM_JUMP_EXACT; method <= GM_JUMP_HYBRID; method++) {
    crowd c;
    double t[] = {1.7}, y[10 * 4];
    jump_open(&c, "species X; X = 3000; A = 500; enter: => X; A; leave: X => ; 0.1*X; d := 2*X + A",
              (gm_jump_method)method, 10);
    crowd_init(&c);
    crowd_go(&c, 0, 1.7, t, 1, NULL, 0);
    c.m->type->observe(c.m, c.work, &c.b, 1.7, y, c.arena);
    assert_memory_equal(y, c.y, 10 * (size_t)c.info.output_count * sizeof(double));
    crowd_close(&c);
  }
}

/* ---- events ---------------------------------------------------------------------------------- */
static void course(const char *text, const char *output, const double *t, const double *want,
                   int32_t count)
{
  crowd c;
  jump_open(&c, text, GM_JUMP_EXACT, 1);
  crowd_init(&c);
  crowd_go(&c, 0, t[count - 1], t, count, NULL, 0);
  crowd_all_well(&c);
  for (int32_t k = 0; k < count; k++)
    if (crowd_y(&c, 0, k, output) != want[k])
      fail_msg("%s at %g: %g, expected %g\n%s", output, t[k], crowd_y(&c, 0, k, output), want[k],
               text);
  crowd_close(&c);
}

/* time >= 5 acts at 5 exactly, and a sample there sees it; time > 5 acts just after. */
static void events__at_their_time(void **state)
{
  (void)state;
  const double t[] = {0, 5 - 1e-9, 5, 5 + 1e-9, 8}, from[] = {1, 1, 7, 7, 7},
               after[] = {1, 1, 1, 7, 7};
  course("x = 1; var x; at (time >= 5): x = 7", "x", t, from, 5);
  course("x = 1; var x; at (time > 5): x = 7", "x", t, after, 5);
  course("x = 1; var x; s = 2.5; at (2*time - 4 >= s + 3.5): x = 7", "x", t, from, 5);
}

/* Delays, values from the trigger or from the execution, priorities, and events that are taken
 * back; expected values by hand from SBML's rules. */
static void events__follow_sbml(void **state)
{
  (void)state;
  const double t[] = {1.5, 3, 4, 6};
  const double late[] = {1, 1, 3, 3}, trigger_value[] = {5, 5, 2, 2}, now_value[] = {5, 5, 10, 10};
  course("x = 1; var x; at 2 after (time >= 2): x = 3", "x", t, late, 4);
  static const char both[] = "x = 1; var x; at (time >= 1): x = 5\n"
                             " at 3 after (time >= 0.5), fromTrigger=";
  char text[200];
  snprintf(text, sizeof text, "%strue: x = 2*x", both);
  course(text, "x", t, trigger_value, 4);
  snprintf(text, sizeof text, "%sfalse: x = 2*x", both);
  course(text, "x", t, now_value, 4);
  const double high_first[] = {30, 30, 30, 30}, other[] = {12, 12, 12, 12};
  course("x = 1; var x; at (time >= 1), priority=1, fromTrigger=false: x = 10*x\n"
         " at (time >= 1), priority=2, fromTrigger=false: x = x + 2",
         "x", t, high_first, 4);
  course("x = 1; var x; at (time >= 1), priority=3, fromTrigger=false: x = 10*x\n"
         " at (time >= 1), priority=2, fromTrigger=false: x = x + 2",
         "x", t, other, 4);
  const double kept[] = {0, 0, 1, 1}, gone[] = {0, 0, 0, 0};
  course("x = 0; var x; at 3 after (time > 0.5 && time < 2): x = 1", "x", t, kept, 4);
  course("x = 0; var x; at 3 after (time > 0.5 && time < 2), persistent=false: x = 1", "x", t, gone,
         4);
}

/* Events at the start: a trigger that holds then fires only if it is said to have been false. */
static void events__at_the_start(void **state)
{
  (void)state;
  const double t[] = {0, 1}, fired[] = {4, 4}, idle[] = {0, 0};
  course("x = 0; var x; at (time >= 0), t0=false: x = 4", "x", t, fired, 2);
  course("x = 0; var x; at (time >= 0), t0=true: x = 4", "x", t, idle, 2);
}

/* A trigger on a count fires at the firing that makes it true; events chain at one time. */
static void events__on_counts(void **state)
{
  (void)state;
  enum { N = 200, ROWS = 40 };
  crowd c;
  double t[ROWS], events = 0, arrivals = 0;
  for (int32_t k = 0; k < ROWS; k++) t[k] = k + 1;
  jump_run(&c,
           "species X; X = 0; k = 0; m = 0; var k, m; A = 3; enter: => X; A\n"
           " E1: at (X >= 10): X = 0, k = k + 1\n E2: at (k - m >= 1): m = k",
           GM_JUMP_EXACT, N, t, ROWS);
  for (int32_t i = 0; i < N; i++) {
    for (int32_t k = 0; k < ROWS; k++) {
      assert_true(crowd_y(&c, i, k, "X") < 10);
      assert_true(crowd_y(&c, i, k, "k") == crowd_y(&c, i, k, "m"));
    }
    events += crowd_y(&c, i, ROWS - 1, "k");
    arrivals += 10 * crowd_y(&c, i, ROWS - 1, "k") + crowd_y(&c, i, ROWS - 1, "X");
    assert_true(crowd_x(&c, i, "triggered:E1") == crowd_y(&c, i, ROWS - 1, "k"));
  }
  assert_true(events > 0);
  within("arrivals, reset or not", arrivals, 3.0 * ROWS * N, sqrt(3.0 * ROWS * N));
  crowd_close(&c);
}

/* An event that triggers itself without end is stopped, with a status. */
static void events__without_end_are_stopped(void **state)
{
  (void)state;
  crowd c;
  double t[] = {2};
  gm_jump_config config = {.firing_max = 1000};
  config.equations.text = "x = 0; var x; E1: at (x < 1 && time >= 1): x = 2; E2: at (x > 1): x = 0";
  crowd_open(&c, &gm_jump, &config, 1);
  crowd_init(&c);
  crowd_go(&c, 0, 2, t, 1, NULL, 0);
  assert_int_equal(c.status[0], GM_MEMBER_STEPS);
  assert_true(isnan(crowd_y(&c, 0, 0, "x")));
  crowd_close(&c);
}

/* ---- what ends a member, what is brought to a whole number ----------------------------------- */
/* Growth without bound ends with a status, not with the patience of the caller. */
static void limits__firings(void **state)
{
  (void)state;
  crowd c;
  double t[] = {1, 1000};
  gm_jump_config config = {.firing_max = 5000};
  config.equations.text = "species X; X = 1; grow: X => 2 X; X";
  crowd_open(&c, &gm_jump, &config, 3);
  crowd_init(&c);
  crowd_go(&c, 0, 1000, t, 2, NULL, 0);
  for (int32_t i = 0; i < 3; i++) {
    assert_int_equal(c.status[i], GM_MEMBER_STEPS);
    assert_false(isnan(crowd_y(&c, i, 0, "X")));
    assert_true(isnan(crowd_y(&c, i, 1, "X")));
  }
  crowd_close(&c);
}

/* A negative rate has no meaning as a jump: the member is marked, its later samples are no
 * numbers. */
static void limits__a_negative_rate_diverges(void **state)
{
  (void)state;
  crowd c;
  double t[] = {1, 9};
  jump_open(&c, "species X; X = 3; k = 1; f: X => ; k*(5 - time)*X", GM_JUMP_EXACT, 1);
  crowd_init(&c);
  crowd_go(&c, 0, 1, t, 1, NULL, 0);
  assert_int_equal(c.status[0], GM_MEMBER_OK);
  crowd_close(&c);
  jump_open(&c, "species X; X = 3; k = 1; f: => X; k", GM_JUMP_EXACT, 1);
  crowd_parameter(&c, "k", -1);
  crowd_init(&c);
  crowd_go(&c, 0, 9, t, 2, NULL, 0);
  assert_int_equal(c.status[0] & GM_MEMBER_DIVERGED, GM_MEMBER_DIVERGED);
  assert_true(isnan(crowd_y(&c, 0, 1, "X")));
  crowd_close(&c);
  gm_edge edge = {.t = 1, .kind = GM_EDGE_RATE, .value = -2};
  jump_open(&c, "species X; X = 3; k = 1; f: => X; k", GM_JUMP_EXACT, 1);
  crowd_init(&c);
  crowd_go(&c, 0, 9, t, 2, &edge, 1);
  assert_int_equal(c.status[0] & GM_MEMBER_DIVERGED, GM_MEMBER_DIVERGED);
  crowd_close(&c);
}

/* A channel waits while there is less than it takes, whatever its rate says. */
static void limits__nothing_is_taken_that_is_not_there(void **state)
{
  (void)state;
  crowd c;
  double t[] = {100};
  jump_run(&c, "species X, Y; X = 9; Y = 0; pair: 2 X => Y; 3*X*X", GM_JUMP_EXACT, 20, t, 1);
  for (int32_t i = 0; i < 20; i++) {
    assert_true(crowd_y(&c, i, 0, "X") == 1);
    assert_true(crowd_y(&c, i, 0, "Y") == 4);
  }
  crowd_close(&c);
}

/* Boluses and replacements into counts become whole numbers, and say so. */
static void limits__doses_become_whole(void **state)
{
  (void)state;
  crowd c;
  double t[] = {1, 2, 3};
  gm_edge edge[] = {{.t = 1, .kind = GM_EDGE_BOLUS, .value = 2.4},
                    {.t = 2, .kind = GM_EDGE_REPLACE, .value = 7},
                    {.t = 3, .kind = GM_EDGE_BOLUS, .value = -20}};
  jump_open(&c, "species X; X = 5; z = 0; f: X => ; z*X", GM_JUMP_EXACT, 1);
  crowd_init(&c);
  crowd_go(&c, 0, 3, t, 3, edge, 3);
  assert_int_equal(c.status[0], GM_MEMBER_PROJECTED);
  assert_true(crowd_y(&c, 0, 0, "X") == 7);
  assert_true(crowd_y(&c, 0, 1, "X") == 7);
  assert_true(crowd_y(&c, 0, 2, "X") == 0);
  crowd_close(&c);
}

/* ---- reversible reactions, refusals ---------------------------------------------------------- */
/* A -> B with the rate k A - j B is two channels; in balance each of 20 is in B with probability
 * k/(k + j) = 2/3. */
static void reversible__is_taken_apart(void **state)
{
  (void)state;
  enum { N = 5000 };
  crowd c;
  double t[] = {30}, p[21];
  const char *text[] = {
      "species A, B; A = 20; B = 0; k = 0.4; j = 0.2; r: A -> B; k*A - j*B",
      "species A, B; A = 20; B = 0; k = 0.4; j = 2; r: A -> B; k*(A - B/j)",
      "species A, B; A = 0; B = 20; k = 0.4; j = 2; r: A -> B; (A - B/j)*k/1.5*2"};
  for (int which = 0; which < 3; which++) {
    jump_open(&c, text[which], GM_JUMP_EXACT, N);
    (void)crowd_row(&c, GM_TABLE_STATE, "left:r (backward)");
    crowd_init(&c);
    crowd_go(&c, 0, 30, t, 1, NULL, 0);
    crowd_all_well(&c);
    for (int k = 0; k <= 20; k++)
      p[k] = exp(lgamma(21) - lgamma(k + 1.0) - lgamma(21.0 - k) + k * log(2.0 / 3) +
                 (20 - k) * log(1.0 / 3));
    distributed("B in balance", &c, 0, "B", p, 21);
    crowd_close(&c);
  }
}

static void refused(const gm_jump_config *config, gm_status want, const char *word)
{
  gm_ctx *ctx;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  gm_status s = gm_model_new(ctx, &gm_jump, config, &m);
  if (s != want || !strstr(gm_message(ctx), word))
    fail_msg("status %d, message %s; expected %d with %s", (int)s, gm_message(ctx), (int)want,
             word);
  assert_null(m);
  gm_ctx_free(ctx);
}

static void refused_text(const char *text, gm_jump_method method, const char *word)
{
  gm_jump_config config = {.equations.text = text, .method = method};
  refused(&config, GM_EUNSUPPORTED, word);
}

/* What cannot jump is refused by name; settings out of range, too. */
static void refusals__name_what(void **state)
{
  (void)state;
  refused_text("species A, B; A = 9; B = 1; r7: A -> B; (A - B)^2", GM_JUMP_EXACT, "r7");
  refused_text("species A; A = 9; r7: 0.5 A => ; A", GM_JUMP_EXACT, "r7");
  refused_text("species A; A = 9; r7: A => ; A*delay(A, 1)", GM_JUMP_EXACT, "delay");
  refused_text("species A; A = 9; r7: A => ; A*(1 + sin(time))", GM_JUMP_TAU, "r7");
  refused_text("species A; A = 9; v = 1; v' = -v; r7: A => ; A", GM_JUMP_TAU, "exact");
  gm_jump_config config = {.equations.text = "species A; A = 9; r: A => ; A", .tau_epsilon = 1};
  refused(&config, GM_ERANGE, "tau_epsilon");
  config = (gm_jump_config){.equations.text = config.equations.text, .hybrid_population = -1};
  refused(&config, GM_ERANGE, "hybrid_population");
  config = (gm_jump_config){.equations.text = config.equations.text, .firing_max = -1};
  refused(&config, GM_ERANGE, "firing_max");
  config = (gm_jump_config){.equations.text = config.equations.text, .method = (gm_jump_method)7};
  refused(&config, GM_ERANGE, "method");
}

/* The table says which states are counts; every channel, event and waiting event has its rows. */
static void table__names_every_row(void **state)
{
  (void)state;
  crowd c;
  int32_t count;
  jump_open(&c, "species X; X = 5; v = 1; v' = -v; f: X => ; X; E: at 2 after (v < 0.5): v = 1",
            GM_JUMP_EXACT, 1);
  const gm_var *row = gm_model_table(c.m, GM_TABLE_STATE, &count);
  assert_int_equal(count, c.info.state_count);
  for (int32_t i = 0; i < count; i++) {
    assert_non_null(row[i].name);
    assert_int_equal(gm_model_find(c.m, GM_TABLE_STATE, row[i].name), i);
  }
  assert_int_equal(row[crowd_row(&c, GM_TABLE_STATE, "X")].role, GM_ROLE_COUNT);
  assert_int_equal(row[crowd_row(&c, GM_TABLE_STATE, "v")].role, GM_ROLE_CONTINUOUS);
  assert_int_equal(row[crowd_row(&c, GM_TABLE_STATE, "left:f")].role, GM_ROLE_MEMORY);
  assert_int_equal(gm_model_macro_count(c.m), 2);
  crowd_close(&c);
}

/* The code of an expression gives the bytes of ir_eval. */
static void code__is_ir_eval(void **state)
{
  (void)state;
  gm_ctx *ctx;
  eq_source s;
  jump_machine m;
  gm_jump_config config = {
      .equations.text =
          "species X, Y; X = 3; Y = 11; k = 0.7; n = 3; p := k*X^n/(2 + X^n) + exp(-k*Y)*ln(Y + "
          "1)\n"
          " q := piecewise(sqrt(Y), X > 2 && Y <= k, abs(sin(time)) + min(X, Y, n)) - floor(Y/2)\n"
          " f: X => Y; p"};
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(eq_source_read(ctx, &config.equations, &s), GM_OK);
  assert_int_equal(jump_machine_make(ctx, &config, &s, &m), GM_OK);
  double *reg = calloc((size_t)m.reg_count + 1, sizeof *reg);
  double *scratch = calloc((size_t)m.source.graph.count, sizeof *scratch);
  for (int i = 0; i < m.constant_count; i++) reg[m.reg_constant + i] = m.constant[i];
  for (int i = 0; i < m.np; i++) reg[m.reg_param + i] = m.source.parameter[i].value;
  (void)jump_code_run(&m, &m.setup, reg);
  for (int trial = 0; trial < 100; trial++) {
    double t = reg[0] = 0.37 * trial;
    for (int i = 0; i < m.nx; i++) reg[m.reg_state + i] = (trial * (i + 3)) % 17;
    (void)jump_code_run(&m, &m.out, reg);
    for (int k = 0; k < m.ny; k++) {
      double want = ir_eval(&m.source.graph, m.source.value[k], t, reg + m.reg_state,
                            reg + m.reg_param, scratch);
      assert_memory_equal(&reg[m.out_reg[k]], &want, sizeof want);
    }
  }
  free(reg);
  free(scratch);
  jump_machine_free(&m);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(keys__a_changed_rate_leaves_other_channels),
      cmocka_unit_test(keys__meaning_decides),
      cmocka_unit_test(keys__idle_channels_change_nothing),
      cmocka_unit_test(clocks__parameters_changed_from_outside),
      cmocka_unit_test(clocks__counts_set_from_outside),
      cmocka_unit_test(clocks__a_cut_stretch_is_the_same),
      cmocka_unit_test(clocks__observe_agrees_with_a_sample),
      cmocka_unit_test(events__at_their_time),
      cmocka_unit_test(events__follow_sbml),
      cmocka_unit_test(events__at_the_start),
      cmocka_unit_test(events__on_counts),
      cmocka_unit_test(events__without_end_are_stopped),
      cmocka_unit_test(limits__firings),
      cmocka_unit_test(limits__a_negative_rate_diverges),
      cmocka_unit_test(limits__nothing_is_taken_that_is_not_there),
      cmocka_unit_test(limits__doses_become_whole),
      cmocka_unit_test(reversible__is_taken_apart),
      cmocka_unit_test(refusals__name_what),
      cmocka_unit_test(table__names_every_row),
      cmocka_unit_test(code__is_ir_eval),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
