/* The conformance kit on models of the kind `jump`: every method, events, inputs, what flows. */
#include "support/conformance.h"
#include "gemel/jump.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static gm_status make(void *user, gm_ctx *ctx, gm_model **out)
{
  return gm_model_new(ctx, &gm_jump, user, out);
}

static void run(const char *text, gm_jump_method method, double t_end)
{
  gm_jump_config config = {
      .equations.text = text, .method = method, .hybrid_population = 200, .firing_max = 100000};
  conformance_run(make, &config, t_end, 100);
}

static const char dimers[] = "model dimers\n species P, D\n k1 = 0.001; k2 = 0.1; P = 100; D = 0\n"
                             " join: 2 P => D; k1*P*(P - 1)/2\n part: D => 2 P; k2*D\n"
                             " make: => P; 2\nend\n";
/* an event at a time, one at a count with a delay, and an input that arrives one by one */
static const char events[] =
    "model events\n species X\n A = 5; M = 0.1; X = 3; heard = 0; var heard\n"
    " birth: => X; A\n death: X => ; M*X\n"
    " E1: at (time > 7.5): X = X + 20\n"
    " E2: at 2.5 after (X >= 60), fromTrigger=false, persistent=false: X = X/2, heard = heard + 1\n"
    "end\n";
static const char waves[] =
    "model waves\n species X\n A = 5; M = 0.1; X = 3; V = 1\n V' = 0.3*(2 - V)\n"
    " birth: => X; A*(1 + 0.5*sin(time))\n death: X => ; M*X*V\n"
    " E1: at (V > 1.7): V = 0.5\nend\n";
static const char growth[] =
    "model growth\n species S, I, R\n b = 0.002; g = 0.1; S = 600; I = 5; R = 0\n"
    " infect: S + I => 2 I; b*S*I\n heal: I => R; g*I\n wane: R => S; 0.02*R\nend\n";
/* twenty steps in a row: the heap of channels */
static const char chain[] =
    "model chain\n species a, b, c, d, e, f, g, h, i\n k = 0.3; a = 80; b = 0; c = 0; d = 0; e = "
    "0\n"
    " f = 0; g = 0; h = 0; i = 0\n"
    " r1: a => b; k*a; r2: b => c; k*b; r3: c => d; k*c; r4: d => e; k*d; r5: e => f; k*e\n"
    " r6: f => g; k*f; r7: g => h; k*g; r8: h => i; k*h; r9: i => a; k*i\nend\n";

/* Every firing by itself. */
static void conformance__exact(void **state)
{
  (void)state;
  run(dimers, GM_JUMP_EXACT, 24);
}
/* Many channels, ordered by a heap. */
static void conformance__exact_heap(void **state)
{
  (void)state;
  run(chain, GM_JUMP_EXACT, 24);
}
/* Events at times and counts, with a delay: what waits is state. */
static void conformance__exact_events(void **state)
{
  (void)state;
  run(events, GM_JUMP_EXACT, 24);
}
/* Hazards that move between jumps, and a trigger on something that flows. */
static void conformance__exact_flows(void **state)
{
  (void)state;
  run(waves, GM_JUMP_EXACT, 12);
}
/* Leaps: an open leap is state, samples read it without changing it. */
static void conformance__tau(void **state)
{
  (void)state;
  run(growth, GM_JUMP_TAU, 24);
  run(events, GM_JUMP_TAU, 24);
}
/* Hybrid: some reactions flow while counts are large. */
static void conformance__hybrid(void **state)
{
  (void)state;
  run(growth, GM_JUMP_HYBRID, 12);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__exact),        cmocka_unit_test(conformance__exact_heap),
      cmocka_unit_test(conformance__exact_events), cmocka_unit_test(conformance__exact_flows),
      cmocka_unit_test(conformance__tau),          cmocka_unit_test(conformance__hybrid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
