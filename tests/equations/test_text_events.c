/* test_text_events.c - events of a model text: when, what, and in which manner.
 * label: quick */
#include "equations/text_case.h"

/* Without options an event is as in Antimony: not at the start, persistent, values from when it was
 * triggered; it has no delay and no priority. */
static void defaults__are_those_of_antimony(void **state)
{
  (void)state;
  eq_source s = read_model("x' = 1; x = 0; y = 2; k = 7\nat x > 5: y = k + x, x = 0.5");
  assert_int_equal(1, s.event_count);
  const eq_event *e = &s.event[0];
  assert_string_equal("_E0", e->name);
  assert_true(e->initial && e->persistent && e->at_trigger);
  assert_int_equal(IR_NONE, e->delay);
  assert_int_equal(IR_NONE, e->priority);
  assert_int_equal(2, e->assign_count);
  double at[2], *x = at;
  x[state_named(&s, "x")] = 5.5;
  x[state_named(&s, "y")] = 2;
  NEAR(1, work_out(&s, e->trigger, 0, x));
  assert_int_equal(state_named(&s, "y"), s.assign[e->assign].state);
  NEAR(12.5, work_out(&s, s.assign[e->assign].value, 0, x));
  NEAR(0.5, work_out(&s, s.assign[e->assign + 1].value, 0, x));
  x[state_named(&s, "x")] = 4.5;
  NEAR(0, work_out(&s, e->trigger, 0, x));
  assert_int_equal(EQ_STATE_HELD, s.kind[state_named(&s, "y")]);
  assert_int_equal(1, s.parameter_count); /* y is none: it changes */
  eq_source_free(&s);
}

/* Every option is taken; the delay stands before `after`; lines may break behind : and a comma. */
static void options__are_taken(void **state)
{
  (void)state;
  eq_source s =
      read_model("x' = 1; x = 0; y = 2; d = 3\n"
                 "E1: at 2*d + y after (x > 5 && y < 9), t0 = false, persistent=false, \\\n"
                 "  fromTrigger = false, priority = 10 - y:\n"
                 "     y = 1,\n     x = 2:\n  d = 4 # a comment\n");
  const eq_event *e = &s.event[0];
  assert_string_equal("E1", e->name);
  assert_false(e->initial || e->persistent || e->at_trigger);
  NEAR(8, work_out(&s, e->delay, 0, NULL));
  NEAR(8, work_out(&s, e->priority, 0, NULL));
  NEAR(0, work_out(&s, e->trigger, 0, NULL));
  assert_int_equal(3, e->assign_count);
  eq_source_free(&s);
}

/* What is given to a species is its concentration; the amount follows from the compartment. */
static void species__are_given_concentrations(void **state)
{
  (void)state;
  eq_source s = read_model("compartment V = 4; S in V; S = 1; S -> ; k*S*V; k = 0.1\n"
                           "at time > 3: S = S + 2");
  NEAR(12, work_out(&s, s.assign[0].value, 3, NULL));
  eq_source_free(&s);
}

/* The condition is one, the delay is a time, values fit the units, and nothing is given twice. */
static void errors__have_a_place(void **state)
{
  (void)state;
#define X "time has \"h\"; x' = 1; x = 0 \"mg\"; y = 2 \"L\"\n"
  const wrong w[] = {
      {X "at x: y = 1", "m:2:4: an event needs a condition", GM_EPARSE},
      {X "at x > 1 after x < 3: y = 1", "m:2:4: a condition stands where the delay", GM_EPARSE},
      {X "at x > 1",
       "m:2:9: found the end of the text, expected a comma and an option, or :", GM_EPARSE},
      {X "at x > 1:", "m:2:10: found the end of the text, expected the name of what", GM_EPARSE},
      {X "at x > 1: 3 = 4", "m:2:11: found \"3\", expected the name of what the event changes",
       GM_EPARSE},
      {X "at x > 1: y := 4", "m:2:13: found \":=\", expected = and the new value", GM_EPARSE},
      {X "at x > 1, when=3: y = 4", "m:2:11: found \"when\", expected priority, t0", GM_EPARSE},
      {X "at x > 1, t0=3: y = 4", "m:2:14: found \"3\", expected true or false", GM_EPARSE},
      {X "at x > 1: y = 4, y = 5", "m:2:18: the event changes y twice", GM_EPARSE},
      {X "E: at x > 1: y = 4\nE: at x > 2: y = 5", "m:3:1: this event is there already", GM_EPARSE},
      {X "z := 2*x; at x > 1: z = 4", "m:2:1: z has a rule (:=), but an event gives it a value",
       GM_EPARSE},
      {X "const y; at x > 1: y = 4", "m:1:35: y is const, but an event gives it a value",
       GM_EPARSE},
      {X "J: -> S; 1; S = 1; at x > 1: J = 4", "m:2:1: J is a reaction: an event cannot",
       GM_EPARSE},
      {X "at x > 1: q = 4", "m:2:11: q is never given a value", GM_EPARSE},
      {X "z := E; E: at x > 1: y = 4",
       "m:2:6: E has no value: it is the name of a sub-model, event", GM_EPARSE},
      {X "at x > 1 \"mg\": y = 4 \"mg\"", "m:2:20: y is in L, but what the event gives it is in mg",
       GM_EUNIT},
      {X "at x > 1 \"L\": y = 4", "m:2:6: cannot compare mg and L", GM_EUNIT},
      {X "at 3 \"min\" after x > 1: y = 4", "m:2:4: time is in h, but the delay is in min",
       GM_EUNIT},
  };
  CHECK(w);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(defaults__are_those_of_antimony),
      cmocka_unit_test(options__are_taken),
      cmocka_unit_test(species__are_given_concentrations),
      cmocka_unit_test(errors__have_a_place),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
