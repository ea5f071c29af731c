/* Derivatives backward through members' steps against directions forward: the dot product. */
#include "adjoint_case.h"

typedef struct {
  double sum, size;
} total;

static void add(total *t, double a, double b)
{
  t->sum += a * b;
  t->size += fabs(a * b);
}

static double xd_at(const crowd *c, const double *xd, int32_t d, int32_t m, int32_t i)
{
  return xd[((ptrdiff_t)d * c->nx + i) * MEMBERS + m];
}

/* The objective along direction d, out of the outputs' and the last states' directions. */
static total forward_total(const crowd *c, int32_t d, int32_t m, const double *weight)
{
  total t = {0};
  for (int32_t i = 0; i < TIMES * c->ny; i++) {
    ptrdiff_t at = (ptrdiff_t)m * TIMES * c->ny + i;
    add(&t, c->ybar[at], c->yd[at * DIRECTIONS + d]);
  }
  for (int32_t i = 0; i < c->nx; i++)
    add(&t, weight[(ptrdiff_t)i * MEMBERS + m], xd_at(c, c->xd, d, m, i));
  return t;
}

/* The same out of what was pulled back; xd: directions of the first states, NULL: through init. */
static total backward_total(const crowd *c, int32_t d, int32_t m, const double *xd)
{
  total t = {0};
  for (int32_t i = 0; i < c->np; i++)
    add(&t, c->thetabar[i * MEMBERS + m], c->thetad[(d * c->np + i) * MEMBERS + m]);
  for (int32_t i = 0; i < c->p->edge_count; i++) {
    add(&t, c->edge_tbar[m][i], c->edge_td[i][d]);
    add(&t, c->edge_valuebar[m][i], c->edge_valued[i][d]);
  }
  for (int32_t i = 0; i < c->nx && xd; i++)
    add(&t, c->xbar[i * MEMBERS + m], xd_at(c, xd, d, m, i));
  return t;
}

/* To rounding where both ways made the same steps, that is where outputs are the same to the byte.
 * Where an explicit step is beyond the border of stability for a direction, it is made shorter:
 * there they agree as far as steps are exact. */
static void totals_agree(const crowd *c, const double *y, const double *weight, const double *xd)
{
  ptrdiff_t width = (ptrdiff_t)TIMES * c->ny;
  double rtol = c->p->rtol > 0 ? c->p->rtol : 1e-9;
  for (int32_t d = 0; d < DIRECTIONS; d++)
    for (int32_t m = 0; m < MEMBERS; m++) {
      bool same = !memcmp(y + m * width, c->y + m * width, (size_t)width * sizeof *y);
      total f = forward_total(c, d, m, weight), b = backward_total(c, d, m, xd);
      double size = f.size + b.size, share = same ? 1e-10 : 100 * rtol;
      if (!(fabs(f.sum - b.sum) <= share * size) || !(size > 0))
        fail_msg("%s: member %d, direction %d: forward %.17g, backward %.17g, of size %g, %s steps",
                 c->p->text, (int)m, (int)d, f.sum, b.sum, size, same ? "the same" : "other");
    }
}

/* Weights of the last states: of every state and input rate, and of waiting events' times and
 * values (those of other memory mean nothing). */
static double *weights_make(const crowd *c)
{
  double *weight = room((size_t)c->nx * MEMBERS);
  int32_t n;
  const gm_var *v = gm_model_table(c->model, GM_TABLE_STATE, &n);
  for (int32_t i = 0; i < n; i++)
    for (int32_t m = 0; m < MEMBERS; m++)
      if (v[i].role == GM_ROLE_CONTINUOUS || !strncmp(v[i].name, "rate:", 5) ||
          !strcmp(v[i].name, "memory:waiting event"))
        weight[i * MEMBERS + m] = some();
  return weight;
}

/* ybar . y' + xbar . x' = thetabar . theta' + edges, through init; and, from the states at the
 * end of that on, with directions of their own for the first states. */
static void agrees(const problem *p)
{
  crowd c;
  crowd_open(&c, p);
  double *weight = weights_make(&c);
  size_t bytes = (size_t)c.nx * MEMBERS * sizeof *weight;
  size_t y_bytes = (size_t)c.ny * MEMBERS * TIMES * sizeof *c.y;
  double *y = room((size_t)c.ny * MEMBERS * TIMES);
  run_forward(&c, true);
  memcpy(y, c.y, y_bytes);
  memcpy(c.xbar, weight, bytes);
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  totals_agree(&c, y, weight, NULL);
  /* once more, from the initial states: they now move by themselves */
  gm_batch b = batch_of(&c, 0, MEMBERS);
  double *xd = room((size_t)c.nx * MEMBERS * DIRECTIONS);
  c.model->type->init(c.model, c.work, &b, c.span[0].t0);
  double *x = room((size_t)c.nx * MEMBERS);
  memcpy(x, c.x, bytes);
  for (int32_t i = 0; i < c.nx * MEMBERS * DIRECTIONS; i++)
    xd[i] = weight[i % (c.nx * MEMBERS)] != 0 ? some() : 0;
  memcpy(c.xd, xd, bytes * DIRECTIONS);
  run_forward(&c, false);
  memcpy(y, c.y, y_bytes);
  memcpy(c.x, x, bytes);
  memcpy(c.xbar, weight, bytes);
  memset(c.thetabar, 0, (size_t)c.np * MEMBERS * sizeof *c.thetabar);
  run_back(&c, 0, MEMBERS, 0);
  totals_agree(&c, y, weight, xd);
  free(weight);
  free(y);
  free(xd);
  free(x);
  crowd_close(&c);
}

/* Doses, a rate, a parameter and a replaced state, all of them moving, into a linear model. */
static void adjoint__linear_with_edges(void **state)
{
  (void)state;
  const problem p = {.text = "ka = 1.1; ke = 0.3; V = 4; A0 = 2; A = A0; C = 0\n"
                             " A' = -ka*A; C' = ka*A/V - ke*C",
                     .output = {"C", "A*V"},
                     .t = {0, 0.5, 1, 2.2, 3, 5, 8},
                     .edge = {{0, 1.5, 0, GM_EDGE_BOLUS},
                              {1, 2, 1, GM_EDGE_RATE},
                              {2, 0.5, 1, GM_EDGE_PARAMETER},
                              {2.5, 0, 1, GM_EDGE_RATE},
                              {2.7, 0.9, 0, GM_EDGE_REPLACE},
                              {2.7, 0.3, 1, GM_EDGE_BOLUS}},
                     .edge_count = 6};
  agrees(&p);
}

/* The state begins anew in the middle. */
static void adjoint__reset(void **state)
{
  (void)state;
  const problem p = {.text = "k = 0.7; x0 = 2; x = x0^2 + exp(-x0); x' = -k*x^1.5 + sin(time)^2",
                     .output = {"ln(x + 3)"},
                     .t = {0, 0.5, 1, 2.2, 3, 4, 5},
                     .edge = {{1.2, 0, 0, GM_EDGE_RESET}, {2, 1, 0, GM_EDGE_BOLUS}},
                     .edge_count = 2};
  agrees(&p);
}

/* Every kind of function, and branches whose other side has no slope. */
static void adjoint__nonlinear(void **state)
{
  (void)state;
  const problem a = {
      .text = "vm = 2; km = 0.6; n = 2.3; b = 0.2; x = 1.5; z = 0.4\n"
              " x' = b - vm*x^n/(km^n + x^n) + 0.1*tanh(z); z' = exp(-x) - z*sqrt(x) + cos(b*time)",
      .output = {"piecewise(sqrt(x - 1), x > 1, 3*x)", "max(x, z)*min(x*z, b) + arctan(z)/ln(3+x)"},
      .t = {0, 0.1, 0.7, 1.5, 3, 6, 9}};
  agrees(&a);
  const problem b = {.text = "p = 0.4; q = 1.2; x = 0.1; z = 1\n"
                             " x' = sinh(p) - log10(1 + x)*q^z + abs(z - x); z' = -p*arcsin(0.3*z)",
                     .output = {"x/z - floor(x)", "x^p"},
                     .t = {0, 0.3, 0.9, 1.5, 2, 3, 4}};
  agrees(&b);
}

/* The right side jumps at a time and at a state, both of them moving. */
static void adjoint__switches(void **state)
{
  (void)state;
  const problem p = {
      .text = "a = 1.3; s = 1.1; k = 0.5; c = 0.8; x = 0.1; z = 0\n"
              " x' = piecewise(a, time < s, -k*x); z' = piecewise(x^2, x > c, sin(x) - 0.1*z)",
      .output = {"x", "x*z"},
      .t = {0, 0.3, 1, 2.5, 3, 5, 6},
      .edge = {{0.35, 0.4, 0, GM_EDGE_BOLUS}},
      .edge_count = 1};
  agrees(&p);
}

/* Events at once, later with values of before or of then, withdrawn, and one after the other. */
static void adjoint__events(void **state)
{
  (void)state;
  const problem a = {.text = "k = 0.3; c = 1; b = 4; w = 1.2; x = 2; n = 0; x' = -k*x; n' = 0\n"
                             " at w after (x < c), fromTrigger=true: x = x + b*k, n = n + x",
                     .output = {"x", "n*x"},
                     .t = {0, 1, 2, 4, 6, 8, 9.5}};
  agrees(&a);
  const problem b = {.text =
                         "k = 0.3; c = 1; b = 4; w = 0.6; x = 2; n = 0; x' = -k*x; n' = -0.01*n\n"
                         " at w*x after (x < c), fromTrigger=false: x = b*x^2, n = n + time\n"
                         " at (x > 1.5*c), priority = 2: n = 2*n + x",
                     .output = {"x", "n*x"},
                     .t = {0, 1, 2, 4, 6, 8, 9.5},
                     .edge = {{3.1, 0.2, 0, GM_EDGE_BOLUS}},
                     .edge_count = 1};
  agrees(&b);
  const problem c = {.text = "k = 1; g = 9.81; e = 0.8; x = 1; v = 0; x' = v; v' = -g*k\n"
                             " at (x < 0): v = -e*v, x = 0",
                     .output = {"x", "v"},
                     .t = {0, 0.2, 0.4, 0.7, 0.9, 1.1, 1.3}};
  agrees(&c);
  /* a dose at a moving time sets off an event, which waits at the end */
  const problem d = {.text = "k = 0.2; w = 3; b = 0.7; c = 3; x = 1; x' = -k*x\n"
                             " at w*k after (x > c): x = b*x\n at 10*w after (x < 1.5): x = x + w",
                     .output = {"x"},
                     .t = {0, 0.5, 1, 2, 3, 4, 5},
                     .edge = {{1.1, 4, 0, GM_EDGE_BOLUS}},
                     .edge_count = 1};
  agrees(&d);
}

/* Several switches and events at one instant, each at a moving time of its own. */
static void adjoint__several_at_once(void **state)
{
  (void)state;
  const problem a = {.text = "p = 2; q = 2; k = 0.3; y = 0.5\n"
                             " y' = piecewise(1, time < p, 0) - k*y*piecewise(1, time < q, 0.2)",
                     .output = {"y", "y^2"},
                     .t = {0, 1, 1.9, 3, 4, 5, 6}};
  agrees(&a);
  const problem b = {.text = "s = 2; u = 2; k = 0.7; x = 1; y = 0.3; x' = -k*x; y' = -y*k^2\n"
                             " at time > s: x = x + k\n at time > u: y = 2*y + k",
                     .output = {"x", "x*y"},
                     .t = {0, 1, 1.9, 3, 4, 5, 6}};
  agrees(&b);
  const problem c = {
      .text = "l = 0.5; m = 0.5; u = 0.5; k = 0.7; x = 1; y = 0.3; x' = -k*x; y' = -y*k^2\n"
              " at l after time > 1.5*u, fromTrigger=false: x = x + k\n"
              " at m*k after time > 2*u*k: y = 2*y + x\n"
              " at 0*l after x < 0.4: x = x + l",
      .output = {"x", "x*y"},
      .t = {0, 0.4, 1.9, 3, 4, 5, 6}};
  agrees(&c);
  const problem d = {.text = "s = 2; u = 2; k = 0.7; x = 1; y = 0.3; x' = -k*x\n"
                             " y' = piecewise(x, time < u, -y)\n at time > s: x = 2*x + k",
                     .output = {"x", "x*y"},
                     .t = {0, 1, 1.9, 3, 4, 5, 6},
                     .edge = {{1, 0.2, 0, GM_EDGE_BOLUS}, {2.0, 0.2, 1, GM_EDGE_BOLUS}},
                     .edge_count = 2};
  agrees(&d);
}

/* The stiff method throughout, chosen on the way, and where time moves fast states. */
static void adjoint__stiff(void **state)
{
  (void)state;
  const problem robertson = {.text =
                                 "k1 = 0.04; k2 = 3e7; k3 = 1e4; a = 1; b = 0; c = 0\n"
                                 " a' = -k1*a + k3*b*c; b' = k1*a - k3*b*c - k2*b^2; c' = k2*b^2",
                             .output = {"c", "1e4*b"},
                             .solver = GM_EQ_STIFF,
                             .rtol = 1e-6,
                             .t = {0, 0.4, 4, 40, 100, 250, 400}};
  agrees(&robertson);
  problem chosen = robertson;
  chosen.solver = GM_EQ_AUTO;
  agrees(&chosen);
  const problem forced = {.text = "a = 2000; w = 1.4; x = 3; z = 0\n"
                                  " x' = -a*(x - cos(w*time)); z' = x - z*w",
                          .output = {"z", "x"},
                          .solver = GM_EQ_STIFF,
                          .rtol = 1e-6,
                          .t = {0, 0.2, 0.4, 1, 2, 3, 4},
                          .edge = {{0.9, 1, 1, GM_EDGE_BOLUS},
                                   {1.5, 0.4, 0, GM_EDGE_RATE},
                                   {2.5, 1.9, 1, GM_EDGE_PARAMETER}},
                          .edge_count = 3};
  agrees(&forced);
  const problem jumps = {.text =
                             "a = 900; c = 0.5; w = 0.3; x = 1; z = 0; x' = -a*(x - z); z' = c\n"
                             " at w after (x > c), fromTrigger=true: z = z - 0.4*x",
                         .output = {"z", "x"},
                         .rtol = 1e-6,
                         .t = {0, 0.2, 0.4, 1, 2, 3, 4}};
  agrees(&jumps);
}

/* Algebraic states, lifted by a moving dose, changed by events. */
static void adjoint__algebraic(void **state)
{
  (void)state;
  const problem a = {.text = "const k, x0; k = 0.8; x0 = 4; x = x0; var z; z = 2; x' = -k*z\n"
                             " 0 = z^2 - x",
                     .output = {"z", "x*z"},
                     .t = {0, 0.5, 1, 1.4, 1.5, 2.5, 3},
                     .edge = {{1.45, 2, 0, GM_EDGE_BOLUS}},
                     .edge_count = 1};
  agrees(&a);
  const problem b = {.text = "const k, c; k = 0.8; c = 1.5; x = 4; n = 1; var z, u; z = 2; u = 1\n"
                             " x' = -k*z + u; n' = -0.1*n; 0 = z^2 - x*n; 0 = u + k*z - sin(time)\n"
                             " at (z < c): x = x + 3*z, n = n + 0.1*u",
                     .output = {"z", "u"},
                     .t = {0, 0.5, 1, 1.4, 1.5, 2.5, 3}};
  agrees(&b);
}

/* A draw between bounds that move: its derivatives against differences, at one and the same
 * uniform number. */
static void adjoint__draws(void **state)
{
  (void)state;
  const problem p = {
      .text = "<sbml xmlns='http://www.sbml.org/sbml/level3/version1/core' level='3' version='1' "
              "xmlns:distrib='http://www.sbml.org/sbml/level3/version1/distrib/version1' "
              "distrib:required='true'><model id='m'><listOfParameters>"
              "<parameter id='x' constant='false'/><parameter id='mu' value='1' constant='true'/>"
              "<parameter id='sd' value='2' constant='true'/>"
              "<parameter id='low' value='0.5' constant='true'/></listOfParameters>"
              "<listOfInitialAssignments><initialAssignment symbol='x'>"
              "<math xmlns='http://www.w3.org/1998/Math/MathML'><apply><csymbol encoding='text' "
              "definitionURL='http://www.sbml.org/sbml/symbols/distrib/normal'>n</csymbol>"
              "<ci>mu</ci><ci>sd</ci><ci>low</ci><cn>4</cn></apply></math></initialAssignment>"
              "</listOfInitialAssignments><listOfRules><rateRule variable='x'>"
              "<math xmlns='http://www.w3.org/1998/Math/MathML'><apply><minus/><ci>x</ci></apply>"
              "</math></rateRule></listOfRules></model></sbml>",
      .output = {"x"},
      .t = {0, 0.5, 1, 1.5, 2, 2.5, 3}};
  agrees(&p);
  crowd c;
  crowd_open(&c, &p);
  run_back(&c, 0, MEMBERS, GM_VJP_INIT);
  double *slope = room(MEMBERS), *first = room(MEMBERS), h = 1e-4;
  gm_batch b = batch_of(&c, 0, MEMBERS);
  for (int32_t i = 0; i < 3; i++) {
    for (int side = 1; side >= -1; side -= 2) {
      for (int32_t m = 0; m < MEMBERS; m++) c.theta[i * MEMBERS + m] += side * h;
      c.model->type->init(c.model, c.work, &b, 0);
      for (int32_t m = 0; m < MEMBERS; m++) {
        slope[m] = (first[m] - c.x[m]) / (2 * h);
        first[m] = c.x[m];
        c.theta[i * MEMBERS + m] -= side * h;
      }
    }
    for (int32_t m = 0; m < MEMBERS; m++)
      assert_true(fabs(c.thetabar[i * MEMBERS + m] - c.xbar[m] * slope[m]) < 1e-5);
  }
  free(slope);
  free(first);
  crowd_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(adjoint__linear_with_edges),
      cmocka_unit_test(adjoint__reset),
      cmocka_unit_test(adjoint__nonlinear),
      cmocka_unit_test(adjoint__switches),
      cmocka_unit_test(adjoint__events),
      cmocka_unit_test(adjoint__several_at_once),
      cmocka_unit_test(adjoint__stiff),
      cmocka_unit_test(adjoint__algebraic),
      cmocka_unit_test(adjoint__draws),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
