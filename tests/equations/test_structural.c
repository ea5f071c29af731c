/* label: quick
 * test_structural.c - which unknowns the equations give away, against published answers.
 * Models and answers: the public test cases of StructuralIdentifiability.jl (Dong, Goodbrake,
 * Harrington and Pogudin 2023, SIAM J. Appl. Algebra Geometry 7:194), each also checked by hand or
 * known from the papers named beside it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "gemel/structural.h"
#include "kinds/equations/structural_field.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static gm_ctx *ctx;

static int make_ctx(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int drop_ctx(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

typedef struct {
  const char *text, *observe[3], *input;
  bool given;         /* starts as the text says */
  const char *yes;    /* identifiable, " a b "; every other unknown is not */
  const char *combos; /* "|a*b|a + b|": all of them, in order; NULL: not looked at */
  const char *known;
  int32_t rank, other; /* -1: not looked at */
} known_case;

static gm_structural *test_model(const known_case *k, uint64_t seed)
{
  gm_structural *r = NULL;
  gm_structural_config c = {.text = k->text,
                            .text_name = "m",
                            .observe = k->observe,
                            .input = &k->input,
                            .input_count = k->input != NULL,
                            .known = &k->known,
                            .known_count = k->known != NULL,
                            .start_free = !k->given,
                            .seed = seed};
  while (c.observe_count < 3 && k->observe[c.observe_count]) c.observe_count++;
  if (gm_structural_test(ctx, &c, &r)) fail_msg("%s\n%s", k->text, gm_message(ctx));
  return r;
}

static void check(const known_case *k)
{
  for (uint64_t seed = 1; seed <= 3; seed++) {
    gm_structural *r = test_model(k, seed);
    for (int32_t i = 0; i < r->unknown_count; i++) {
      char word[64];
      snprintf(word, sizeof word, " %s ", r->unknown[i].name);
      if (r->unknown[i].identifiable != (strstr(k->yes, word) != NULL))
        fail_msg("%s\n%s is said %d", k->text, word, r->unknown[i].identifiable);
    }
    if (k->rank >= 0) assert_int_equal(k->rank, r->rank);
    if (k->other >= 0) assert_int_equal(k->other, r->other_count);
    gm_text t;
    gm_text_init(&t, ctx);
    gm_text_add(&t, "|");
    for (int32_t i = 0; i < r->combination_count; i++) gm_text_addf(&t, "%s|", r->combination[i]);
    if (k->combos) assert_string_equal(k->combos, t.data);
    gm_text_free(&t);
    gm_structural_free(r);
  }
}

/* Bellman and Astrom 1970: without input only a01*a12 and the sum of the rates are to be had;
 * beside the start of x0 there is y'(0) = -sum x0 + a12 (x0 + x1), a sum of products. */
static void two_compartments__only_product_and_sum(void **state)
{
  (void)state;
  check(&(known_case){.text = "x0' = -(a01 + a21)*x0 + a12*x1; x1' = a21*x0 - a12*x1;"
                              "a01 = 1; a12 = 2; a21 = 3; x0 = 1; x1 = 2",
                      .observe = {"x0"},
                      .yes = " x0(0) ",
                      .combos = "|a01*a12|a01 + a12 + a21|a12*x0(0) + a12*x1(0)|",
                      .rank = 4,
                      .other = 0});
}

/* Two compartments with input and four rates: k1 + k2, k3 + k4 and k2*k3. */
static void two_compartments_driven__sums_and_product(void **state)
{
  (void)state;
  check(&(known_case){.text = "x1' = -(k1 + k2)*x1 + k3*x2; x2' = k2*x1 - (k3 + k4)*x2;"
                              "k1 = 1; k2 = 2; k3 = 3; k4 = 4; x1 = 0; x2 = 0",
                      .observe = {"x1"},
                      .input = "x1",
                      .given = true,
                      .yes = " ",
                      .combos = "|k2*k3|k1 + k2|k3 + k4|",
                      .rank = 3,
                      .other = 0});
}

/* x' = a x + b u, y = c x: a and b*c. The input is that of w, which is measured without delay. */
static void gain_and_scale__only_their_product(void **state)
{
  (void)state;
  check(&(known_case){.text = "w' = 0; x' = a*x + b*w; a = 1; b = 2; c = 3; x = 0; w = 0",
                      .observe = {"c*x"},
                      .input = "w",
                      .given = true,
                      .yes = " a ",
                      .combos = "|b*c|",
                      .rank = 2,
                      .other = 0});
}

/* Goodwin: b, c, sigma are globally, beta and delta locally identifiable (they may be swapped);
 * alpha and gama are not. */
static void goodwin__beta_and_delta_locally(void **state)
{
  (void)state;
  check(&(known_case){
      .text = "x1' = -b*x1 + 1/(c + x4); x2' = alpha*x1 - beta*x2; x3' = gama*x2 - delta*x3;"
              "x4' = sigma*x4*(gama*x2 - delta*x3)/x3; b = 1; c = 1; alpha = 1; beta = 1;"
              "gama = 1; delta = 1; sigma = 1; x1 = 1; x2 = 1; x3 = 1; x4 = 1",
      .observe = {"x1"},
      .yes = " b c beta delta sigma x1(0) x4(0) ",
      .rank = -1,
      .other = -1});
}

/* SIWR cholera model, measured k*I: everything, starts too. */
static void siwr__everything(void **state)
{
  (void)state;
  check(&(known_case){
      .text = "S' = mu - bi*S*I - bw*S*W - mu*S + a*R; I' = bw*S*W + bi*S*I - (gam + mu)*I;"
              "W' = xi*(I - W); R' = gam*I - (mu + a)*R; mu = 1; bi = 1; bw = 1; a = 1; gam = 1;"
              "xi = 1; k = 1; S = 1; I = 1; W = 1; R = 1",
      .observe = {"k*I"},
      .yes = " mu bi bw a gam xi k S(0) I(0) W(0) R(0) ",
      .combos = "|",
      .rank = 11,
      .other = 0});
}

/* SEIR with isolation: of the parameters only gamma, and beta/psi as a product of powers. Two more
 * functions exist (gamma psi - v - psi, gamma psi - v psi), so that v and psi are locally found. */
static void seir_isolation__published_functions(void **state)
{
  (void)state;
  known_case k = {.text =
                      "S' = -beta*S*I; E' = beta*S*I - v*E; I' = v*E - psi*I - (1 - psi)*gamma*I;"
                      "R' = gamma*Q + (1 - psi)*gamma*I; Q' = -gamma*Q + psi*I; beta = 1; v = 1;"
                      "psi = 1; gamma = 1; S = 1; E = 1; I = 1; R = 1; Q = 1",
                  .observe = {"Q"},
                  .yes = " beta v psi gamma S(0) E(0) I(0) Q(0) ",
                  .combos = "|",
                  .rank = 8,
                  .other = 0};
  check(&k);
}

/* Lotka and Volterra with an input, prey measured: the unit of the predator is free, so that b and
 * x1(0) come as a product only. */
static void predators__their_unit_is_free(void **state)
{
  (void)state;
  check(&(known_case){.text = "x0' = a*x0 - b*x0*x1; x1' = c*x1 + d*x0*x1;"
                              "a = 1; b = 1; c = 1; d = 1; x0 = 1; x1 = 1",
                      .observe = {"x0"},
                      .input = "x0",
                      .yes = " a c d x0(0) ",
                      .combos = "|b*x1(0)|",
                      .rank = 5,
                      .other = 0});
}

/* Saturation, measured up to a scale (Chappell and Godfrey 1992): k01, k_m/V_m, V_m*c; with the
 * start of x free too. */
static void saturation__ratios(void **state)
{
  (void)state;
  check(&(known_case){.text = "x' = -Vm*x/(km + x) + k01*x; Vm = 1; km = 1; k01 = 1; c = 1; x = 1",
                      .observe = {"c*x"},
                      .yes = " k01 ",
                      .combos = "|Vm/km|Vm*c|Vm/x(0)|",
                      .rank = 4,
                      .other = 0});
}

/* The closed SIR epidemic of the Rosetta table with N = 50 known starts: infected people tell both
 * rates; the share of them that is counted is a third unknown, and can be found too. With all
 * starts unknown and only a share reported, beta, the share and S come in combination.
 * Combinations are a basis: another would do as well. */
static void sir__rates_and_the_share_reported(void **state)
{
  (void)state;
  const char *text = "S' = -beta*S*I/50; I' = beta*S*I/50 - gamma*I; beta = 0.9; gamma = 0.3;"
                     "share = 0.6; S = 47; I = 3";
  check(&(known_case){.text = text,
                      .observe = {"share*I"},
                      .given = true,
                      .yes = " beta gamma share ",
                      .combos = "|",
                      .rank = 3,
                      .other = 0});
  check(&(known_case){.text = text,
                      .observe = {"share*I"},
                      .yes = " gamma ",
                      .combos = "|beta/share|beta*S(0)|beta*I(0)|",
                      .rank = 4,
                      .other = 0});
}

/* Nothing is measured that moves: nothing is found. x(t) = 0 without a dose. */
static void no_dose__nothing(void **state)
{
  (void)state;
  check(&(known_case){.text = "x' = -k*x; k = 1; x = 0",
                      .observe = {"x"},
                      .given = true,
                      .yes = " ",
                      .combos = "|",
                      .rank = 0,
                      .other = 0});
}

/* Oral dose, one compartment: concentrations tell ka, CL and V (the flip-flop is finite, so it is
 * no local freedom); with the share F absorbed unknown, only CL/F and V/F. */
static void oral_dose__bioavailability(void **state)
{
  (void)state;
  check(&(known_case){.text = "g' = -ka*g; c' = ka*g - CL/V*c; ka = 1; CL = 1; V = 1; g = 0; c = 0",
                      .observe = {"c/V"},
                      .input = "g",
                      .given = true,
                      .yes = " ka CL V ",
                      .combos = "|",
                      .rank = 3,
                      .other = 0});
  check(&(known_case){.text = "g' = -ka*g; c' = F*ka*g - CL/V*c; ka = 1; CL = 1; V = 1; F = 1;"
                              "g = 0; c = 0",
                      .observe = {"c/V"},
                      .input = "g",
                      .given = true,
                      .yes = " ka ",
                      .combos = "|CL/V|CL/F|",
                      .rank = 3,
                      .other = 0});
}

static void check_shipped(const char *path, const char *observe, const char *yes)
{
  char *text = NULL;
  size_t bytes = 0;
  if (gm_file_read(ctx, path, 1 << 20, &text, &bytes)) {
    print_message("skipped: %s is not here (1 model)\n", path);
    return;
  }
  check(&(known_case){.text = text,
                      .observe = {observe},
                      .input = "depot",
                      .given = true,
                      .yes = yes,
                      .combos = NULL,
                      .rank = -1,
                      .other = -1});
  gm_free(text);
}

/* The shipped models. Theophylline: as the oral dose above. Warfarin's activity alone, a turnover
 * whose synthesis central/V inhibits, feels the drug by CL/V and C50*V only: E0, EMAX, both
 * half-lives are found, CL, V and C50 are not (but all three together with the concentration). */
static void shipped_models__as_pharmacology_has_it(void **state)
{
  (void)state;
  check_shipped("models/theophylline/model.ant", "central/V", " KA CL V ");
  check_shipped("models/warfarin/model.ant", "E", " TABS E0 EMAX THALF ");
}

/* Powers with unknown exponents, by hand. x' = -a x^n, y = s x has the scale x -> x/s with
 * a -> a s^(n-1): nothing but n and mixtures of a, s, x(0) that are no products of constant powers
 * (two: s*x(0), and a function of a, s and n). exp, ln and sqrt undo one another. */
static void powers__by_hand(void **state)
{
  (void)state;
  check(&(known_case){.text = "x' = -a*x^n; a = 1; n = 1.5; s = 1; x = 1",
                      .observe = {"s*x"},
                      .yes = " n ",
                      .combos = "|s*x(0)|",
                      .rank = 3,
                      .other = 1});
  /* (x/K)^n and x^n/K^n are the same */
  check(&(known_case){.text = "x' = -a*((x/K)^n - x^n/K^n + x); a = 1; n = 2.5; K = 1; x = 1",
                      .observe = {"x"},
                      .yes = " a x(0) ",
                      .combos = "|",
                      .rank = 2,
                      .other = 0});
  check(&(known_case){.text = "x' = -sqrt(a*b)^2*x + exp(ln(c)) - exp(-d)*exp(d) + exp(0*d);"
                              "a = 1; b = 1; c = 1; d = 1; x = 1",
                      .observe = {"x"},
                      .yes = " c x(0) ",
                      .combos = "|a*b|",
                      .rank = 3,
                      .other = 0});
  check(&(known_case){.text = "x' = -a*(sin(w*x)^2 + cos(w*x)^2); a = 1; w = 1; x = 1",
                      .observe = {"x"},
                      .yes = " a x(0) ",
                      .combos = "|",
                      .rank = 2,
                      .other = 0});
  check(&(known_case){.text = "x' = a*cos(w*t + f); t' = 1; a = 1; w = 1; f = 1; x = 1; t = 0",
                      .observe = {"x"},
                      .given = true,
                      .yes = " a w f ",
                      .combos = "|",
                      .rank = 3,
                      .other = 0});
}

/* Sums of products and ratios, read off the equations: the rate of a decay is all it tells; what is
 * added to a rate comes apart from it once x moves. What is no such sum is counted. */
static void sums_of_products__by_hand(void **state)
{
  (void)state;
  static const struct {
    const char *text, *yes, *combos;
    int32_t rank, other;
  } one[] = {
      {"x' = -(CL/V + k)*x; CL = 1; V = 2; k = 3; x = 1", " ", "|k + CL/V|", 1, 0},
      {"x' = -(a*b + c*d)*x; a = 1; b = 2; c = 3; d = 4; x = 1", " ", "|a*b + c*d|", 1, 0},
      {"x' = -(2*a*b - 3*c/d)*x + a; a = 1; b = 2; c = 3; d = 4; x = 1", " a ", "|2*a*b - 3*c/d|",
       2, 0},
      {"x' = -(1/a + 1/b)*x; a = 1; b = 2; x = 1", " ", "|1/a + 1/b|", 1, 0},
      {"x' = (b + c)*x + 1; b = 1; c = 1; x = 1", " ", "|b + c|", 1, 0},
      {"x' = -(a^2 + b)*x; a = 1; b = 2; x = 1", " ", "|b + a^2|", 1, 0},
      {"x' = -(a*b*c + d)*x; a = 1; b = 2; c = 3; d = 4; x = 1", " ", "|", 1, 1},
      {"x' = -(exp(a) + b*c)*x; a = 1; b = 2; c = 3; x = 1", " ", "|", 1, 1},
      {"x' = -(a + sqrt(2)*b)*x; a = 1; b = 2; x = 1", " ", "|", 1, 1},
  };
  for (size_t i = 0; i < sizeof one / sizeof one[0]; i++)
    check(&(known_case){.text = one[i].text,
                        .observe = {"x"},
                        .given = true,
                        .yes = one[i].yes,
                        .combos = one[i].combos,
                        .rank = one[i].rank,
                        .other = one[i].other});
}

/* What has no series is refused by name. */
static void refusals__name_what_they_refuse(void **state)
{
  (void)state;
  static const struct {
    const char *text, *observe, *input, *message;
    gm_status status;
  } wrong[] = {
      {"x' = -max(a, x); a = 1; x = 1", "x", NULL, "structural identifiability: max",
       GM_EUNSUPPORTED},
      {"x' = piecewise(a, x > 1, 2); a = 1; x = 1", "x", NULL,
       "structural identifiability: ", GM_EUNSUPPORTED},
      {"x' = -a*x; a = 1; x = 1; at (x < 0.5): x = 1", "x", NULL,
       "structural identifiability: the model has events", GM_EUNSUPPORTED},
      {"x' = -a/x; a = 1; x = 0", "x", NULL, "structural identifiability: no power series",
       GM_EDOMAIN},
      {"x' = -a*x; a = 1; x = 1", "x", "z", "input z", GM_ENOTFOUND},
      {"x' = -a*x; a = 1; x = 1", NULL, NULL, "structural identifiability: say what", GM_EINVAL}};
  for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
    gm_structural *r = NULL;
    gm_structural_config c = {.text = wrong[i].text,
                              .observe = &wrong[i].observe,
                              .observe_count = wrong[i].observe != NULL,
                              .input = &wrong[i].input,
                              .input_count = wrong[i].input != NULL};
    gm_status s = gm_structural_test(ctx, &c, &r);
    if (s != wrong[i].status ||
        strncmp(gm_message(ctx), wrong[i].message, strlen(wrong[i].message)) != 0)
      fail_msg("%s\n%s: %s", wrong[i].text, gm_status_name(s), gm_message(ctx));
    assert_null(r);
  }
}

/* Fractions, roots and decimals come back from their residues. */
static void field__knows_fractions(void **state)
{
  (void)state;
  const uint64_t p = (UINT64_C(1) << 61) - 1;
  uint64_t tenth, minus, r;
  int64_t num, den;
  assert_true(gm__field_from(p, 0.1, &tenth));
  assert_int_equal(1, sf_mul(p, tenth, 10));
  assert_true(gm__field_from(p, -2.25, &minus));
  assert_true(gm__field_ratio(p, minus, 1000, &num, &den));
  assert_int_equal(-9, num);
  assert_int_equal(4, den);
  assert_true(gm__field_root(p, 144, &r));
  assert_true(r == 12 || r == p - 12);
  assert_false(gm__field_root(p, p - 144, &r)); /* -1 is no square: p is 3 modulo 4 */
}

typedef struct {
  int32_t left, live;
} fault;

static void *faulty_alloc(void *user, size_t bytes)
{
  fault *f = user;
  if (f->left-- == 0) return NULL;
  void *p = malloc(bytes);
  f->live += p != NULL;
  return p;
}

static void faulty_free(void *user, void *p)
{
  fault *f = user;
  f->live -= p != NULL;
  free(p);
}

static void fails_cleanly(const char *text)
{
  const char *y[] = {"x0"};
  gm_structural_config c = {.text = text, .observe = y, .observe_count = 1, .start_free = true};
  gm_status s = GM_ENOMEM;
  for (int32_t n = 1; s; n++) {
    fault f = {.left = INT32_MAX};
    gm_ctx *one = NULL;
    gm_structural *r = NULL;
    gm_ctx_options o = {.allocator = {faulty_alloc, faulty_free, &f}};
    assert_int_equal(GM_OK, gm_ctx_new(&o, &one));
    int32_t before = f.live;
    f.left = n;
    s = gm_structural_test(one, &c, &r);
    f.left = INT32_MAX;
    assert_true(s == GM_OK || s == GM_ENOMEM);
    assert_true(s == GM_OK || !r);
    gm_structural_free(r);
    assert_int_equal(before, f.live);
    gm_ctx_free(one);
  }
}

/* Whatever allocation fails, the answer is GM_ENOMEM and nothing stays behind. */
static void memory__fails_cleanly(void **state)
{
  (void)state;
  fails_cleanly("x0' = -(a + b)*x0 + c*x1; x1' = b*x0 - c*x1*exp(a);"
                "a = 1; b = 2; c = 3; x0 = 1; x1 = 2");
  fails_cleanly("x0' = -(k + a/b)*x0; k = 1; a = 2; b = 3; x0 = 1");
}

/* ---- stopped --------------------------------------------------------------------------------- */
static bool stop_after(void *user)
{
  int *left = user;
  return (*left)-- <= 0;
}

/* Stopped anywhere: nothing, or from the first point on the verdicts of the whole test. */
static void stopped__keeps_what_a_point_told(void **state)
{
  (void)state;
  const char *observe[] = {"x0"};
  gm_structural_config c = {.text = "x0' = -(a01 + a21)*x0 + a12*x1; x1' = a21*x0 - a12*x1;"
                                    "a01 = 1; a12 = 2; a21 = 3; x0 = 1; x1 = 2",
                            .text_name = "m",
                            .observe = observe,
                            .observe_count = 1,
                            .start_free = true,
                            .seed = 1};
  int kept = 0, none = 0, whole = 0;
  for (int n = 0; !whole; n++) {
    int left = n;
    gm_watch watch = {.stop = stop_after, .user = &left};
    gm_structural *r = NULL;
    c.watch = &watch;
    gm_status s = gm_structural_test(ctx, &c, &r);
    if (s) {
      assert_int_equal(GM_ECANCELLED, s);
      assert_int_equal(0, kept); /* never after a point was done */
      none++;
      continue;
    }
    assert_int_equal(4, r->rank);
    for (int32_t i = 0; i < r->unknown_count; i++)
      assert_int_equal(!strcmp(r->unknown[i].name, "x0(0)"), r->unknown[i].identifiable);
    assert_true(r->combination_count <= 3 && r->point_count >= 1);
    kept += r->stopped;
    whole = !r->stopped;
    if (whole) assert_int_equal(3, r->combination_count);
    gm_structural_free(r);
  }
  assert_true(none > 5 && kept > 5);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(two_compartments__only_product_and_sum),
      cmocka_unit_test(two_compartments_driven__sums_and_product),
      cmocka_unit_test(gain_and_scale__only_their_product),
      cmocka_unit_test(goodwin__beta_and_delta_locally),
      cmocka_unit_test(siwr__everything),
      cmocka_unit_test(seir_isolation__published_functions),
      cmocka_unit_test(predators__their_unit_is_free),
      cmocka_unit_test(saturation__ratios),
      cmocka_unit_test(sir__rates_and_the_share_reported),
      cmocka_unit_test(no_dose__nothing),
      cmocka_unit_test(oral_dose__bioavailability),
      cmocka_unit_test(shipped_models__as_pharmacology_has_it),
      cmocka_unit_test(powers__by_hand),
      cmocka_unit_test(sums_of_products__by_hand),
      cmocka_unit_test(refusals__name_what_they_refuse),
      cmocka_unit_test(field__knows_fractions),
      cmocka_unit_test(stopped__keeps_what_a_point_told),
      cmocka_unit_test(memory__fails_cleanly),
  };
  return cmocka_run_group_tests(tests, make_ctx, drop_ctx);
}
