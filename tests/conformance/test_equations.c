/* The conformance kit on models of the kind `equations`: linear, nonlinear, stiff, with time,
 * events, delays, algebraic equations. */
#include "support/conformance.h"
#include "gemel/equations.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

static gm_status make(void *user, gm_ctx *ctx, gm_model **out)
{
  return gm_model_new(ctx, &gm_equations, user, out);
}

static void run(const char *text, gm_eq_solver solver)
{
  gm_eq_config config = {.text = text, .solver = solver};
  conformance_run(make, &config, 48, 100);
}

static const char two_compartments[] =
    "model two\n KA = 1.1; CL = 4; V = 30; Q = 6; V2 = 70\n depot = 0; c = 0; p = 0\n"
    " depot' = -KA*depot\n c' = KA*depot - (CL + Q)/V*c + Q/V2*p\n p' = Q/V*c - Q/V2*p\n"
    " cp := c/V\nend\n";
static const char response[] =
    "model pd\n KA = 1; CL = 3; V = 20; KIN = 10; KOUT = 0.1; IC50 = 1; IMAX = 0.9\n"
    " depot = 0; c = 0; r = KIN/KOUT\n cp := c/V\n"
    " depot' = -KA*depot\n c' = KA*depot - CL/V*c\n"
    " r' = KIN*(1 - IMAX*cp/(IC50 + cp)) - KOUT*r\nend\n";
static const char with_time[] = "model clock\n A = 2; k = 0.3\n x = 1\n"
                                " x' = A*sin(time/4) - k*x + piecewise(0.5, time > 20, 0)\nend\n";

static const char stiff[] = "model rober\n k1 = 0.04; k2 = 3e3; k3 = 1e4\n a = 1; b = 0; c = 0\n"
                            " a' = -k1*a + k3*b*c\n b' = k1*a - k3*b*c - k2*b^2\n c' = k2*b^2\n"
                            " y := 1e4*b\nend\n";
static const char events[] =
    "model switching\n k = 0.2; low = 0.7; gain = 2; wait = 1.5\n x = 1; n = 0; last = 0\n"
    " x' = -k*x\n n' = 0\n last' = 0\n"
    " at (x < low): x = x + gain, n = n + 1\n"
    " at wait after (x > 2*low), fromTrigger=true, persistent=false: last = x\n"
    " at 2*wait after (x > 2*low), fromTrigger=false: last = 10*x\nend\n";
static const char delays[] = "model delayed\n k = 0.3; lag = 2.5; top = 4\n x = 1; x' = "
                             "top/(1 + delay(x, lag)^4) - k*x\n slow := delay(x, 2*lag)\nend\n";
static const char algebra[] =
    "model dae\n const k, a; k = 0.2; a = 2\n x = 1; z = 0.5\n x' = -k*x*z + 0.1\n"
    " var z\n 0 = z^3 + a*z - x\nend\n";

/* A linear model in closed form keeps every rule of the contract. */
static void conformance__linear_closed_form(void **state)
{
  (void)state;
  run(two_compartments, GM_EQ_AUTO);
}
/* So does the same model by integration. */
static void conformance__linear_integrated(void **state)
{
  (void)state;
  run(two_compartments, GM_EQ_EXPLICIT);
}
/* So does a nonlinear model with an initial value that depends on parameters. */
static void conformance__nonlinear(void **state)
{
  (void)state;
  run(response, GM_EQ_AUTO);
}
/* So does a model whose right-hand side depends on time and jumps. */
static void conformance__time_dependent(void **state)
{
  (void)state;
  run(with_time, GM_EQ_AUTO);
}

/* So do the stiff method, and a model that turns out to be stiff. */
static void conformance__stiff(void **state)
{
  (void)state;
  run(stiff, GM_EQ_STIFF);
  run(stiff, GM_EQ_AUTO);
}
/* So do events, with some that wait while the state is saved. */
static void conformance__events(void **state)
{
  (void)state;
  run(events, GM_EQ_AUTO);
}
/* So does a history of delays. */
static void conformance__delays(void **state)
{
  (void)state;
  run(delays, GM_EQ_AUTO);
}
/* So do algebraic equations. */
static void conformance__algebraic(void **state)
{
  (void)state;
  run(algebra, GM_EQ_AUTO);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__linear_closed_form),
      cmocka_unit_test(conformance__linear_integrated),
      cmocka_unit_test(conformance__nonlinear),
      cmocka_unit_test(conformance__time_dependent),
      cmocka_unit_test(conformance__stiff),
      cmocka_unit_test(conformance__events),
      cmocka_unit_test(conformance__delays),
      cmocka_unit_test(conformance__algebraic),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
