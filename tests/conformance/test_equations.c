/* The conformance kit on models of the kind `equations`: linear, nonlinear, with time, empty. */
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

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(conformance__linear_closed_form),
      cmocka_unit_test(conformance__linear_integrated),
      cmocka_unit_test(conformance__nonlinear),
      cmocka_unit_test(conformance__time_dependent),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
