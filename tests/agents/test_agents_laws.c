/* label: full
 * Laws that agents must follow, against closed forms and exact enumerations. */
#include "agents_case.h"
#include "support/sir_agents.h"

/* The infected of the Rosetta SIR by day 28 have the exact mean, and the exact probability of few
 * new cases in the end (data/methods/rosetta_sir_expected.json: control.never; final size). */
static void sir__has_the_exact_mean(void **state)
{
  (void)state;
  enum { N = 20000 };
  static const int32_t infected = 3;
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(sir_agents_make(ctx, 50, &infected, &m), GM_OK);
  agents_case c;
  case_open_model(&c, ctx, m, N);
  case_init(&c);
  case_run(&c, 0, 28, NULL, 0, NULL, 0, NULL);
  double *y = case_outputs(&c);
  case_moments w = moments_of(y + 2, N, 3);
  must_be_near("new infections by day 28", w.mean, 41.23907407, w.se);
  case_run(&c, 28, 400, NULL, 0, NULL, 0, NULL); /* to the end */
  free(y);
  y = case_outputs(&c);
  double few = 0;
  for (int32_t i = 0; i < N; i++) few += y[3 * i + 2] <= 5;
  few /= N;
  must_be_near("P(at most 5 new cases)", few, 0.0451186, sqrt(0.0451 * 0.955 / N));
  w = moments_of(y + 2, N, 3);
  must_be_near("final size", w.mean, 41.2799868, w.se);
  for (int32_t i = 0; i < N; i++) {
    assert_int_equal(c.status[i], 0);
    assert_true(y[3 * i + 1] == 0 && y[3 * i] + y[3 * i + 2] == 47);
  }
  free(y);
  case_close(&c);
}

/* ---- birth and death ------------------------------------------------------------------------- */
enum { SOURCE, THING };

static double birth_rate(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)w;
  (void)agent;
  return theta[0];
}

static double death_rate(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)w;
  (void)agent;
  return theta[1];
}

static void bear(gm_agents_turn *t) { (void)gm_agents_birth(t, THING, -1); }

static void die(gm_agents_turn *t) { gm_agents_death(t, t->breed, t->agent); }

static const gm_var bd_parameter[] = {{.name = "birth", .initial = 7},
                                      {.name = "death", .initial = 0.4}};

static gm_agents_config birth_death(void)
{
  static const gm_agents_event born = {.name = "bear", .hazard = birth_rate, .fire = bear};
  static const gm_agents_event dies = {.name = "die", .hazard = death_rate, .fire = die};
  static const gm_agents_breed breed[] = {
      {.name = "source", .event = &born, .event_count = 1, .initial = 1},
      {.name = "thing", .event = &dies, .event_count = 1, .initial = 5}};
  static const gm_agents_quantity q = {.name = "things", .of = "thing"};
  return (gm_agents_config){.name = "birth_death",
                            .breed = breed,
                            .parameter = bd_parameter,
                            .output = &q,
                            .macro = &q,
                            .breed_count = 2,
                            .parameter_count = 2,
                            .output_count = 1,
                            .macro_count = 1};
}

/* Immigration and death: n(t) is a binomial of those there at the start plus a Poisson number of
 * mean b/d (1 - exp(-d t)): mean and variance in closed form, and P(n = 0). */
static void counts__follow_immigration_and_death(void **state)
{
  (void)state;
  enum { N = 20000 };
  gm_agents_config config = birth_death();
  agents_case c;
  case_open(&c, &config, N);
  case_init(&c);
  double t = 0;
  const double at[] = {0.5, 2, 8};
  for (int k = 0; k < 3; k++) {
    case_run(&c, t, at[k], NULL, 0, NULL, 0, NULL);
    t = at[k];
    double *y = case_outputs(&c), p = exp(-0.4 * t), poisson = 7 / 0.4 * (1 - p), none = 0;
    case_moments w = moments_of(y, N, 1);
    must_be_near("mean", w.mean, 5 * p + poisson, w.se);
    must_be_near("variance", w.variance, 5 * p * (1 - p) + poisson, w.variance_se);
    for (int32_t i = 0; i < N; i++) none += y[i] <= 3;
    double exact = 0; /* P(B + P <= 3), summed */
    for (int b = 0; b <= 3; b++)
      for (int q = 0; b + q <= 3; q++)
        exact += tgamma(6) / (tgamma(b + 1) * tgamma(6 - b)) * pow(p, b) * pow(1 - p, 5 - b) *
                 exp(-poisson) * pow(poisson, q) / tgamma(q + 1);
    must_be_near("P(n <= 3)", none / N, exact, sqrt(exact * (1 - exact) / N) + 1e-9);
    free(y);
  }
  case_close(&c);
}

/* A change of parameters and copies with fresh slots do not change the law: the death rate is
 * doubled on the way, and halfway everyone's clocks are drawn anew. */
static void counts__follow_changes_on_the_way(void **state)
{
  (void)state;
  enum { N = 20000 };
  gm_agents_config config = birth_death();
  agents_case c;
  case_open(&c, &config, N);
  case_init(&c);
  const gm_edge faster = {.t = 1, .value = 0.8, .port = 1, .kind = GM_EDGE_PARAMETER};
  case_run(&c, 0, 1.5, &faster, 1, NULL, 0, NULL);
  for (int32_t i = 0; i < N; i++) {
    c.theta[N + i] = 0.8;
    c.slot[i] += 1000000;
  }
  c.m->type->refresh(c.m, &c.b, 1.5);
  case_run(&c, 1.5, 3, NULL, 0, NULL, 0, NULL);
  double p1 = exp(-0.4), p2 = exp(-0.8 * 2);
  double mean1 = 5 * p1 + 7 / 0.4 * (1 - p1), mean = mean1 * p2 + 7 / 0.8 * (1 - p2);
  double *y = case_outputs(&c);
  case_moments w = moments_of(y, N, 1);
  must_be_near("mean", w.mean, mean, w.se);
  double still = 5 * p1 * p2; /* binomial part, the rest is Poisson */
  must_be_near("variance", w.variance, still * (1 - p1 * p2) + mean - still, w.variance_se);
  free(y);
  case_close(&c);
}

/* ---- shared hazards -------------------------------------------------------------------------- */
static double one(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)w;
  (void)theta;
  (void)agent;
  return 1;
}

static double crowded(const gm_agents *w, const double *theta)
{
  return theta[0] * gm_agents_count(w, 0);
}

/* Everyone dies at rate a n, n how many there are: from n to n-1 at rate a n^2. The time to the
 * last death is a sum of exponentials with means 1 / (a n^2), whose mean is known. */
static void shared_speed__gives_exact_times(void **state)
{
  (void)state;
  enum { N = 10000, START = 12 };
  static const gm_agents_event dies = {.name = "die", .hazard = one, .speed = "crowd", .fire = die};
  static const gm_agents_breed breed = {
      .name = "one", .event = &dies, .event_count = 1, .initial = START};
  static const gm_agents_speed speed = {.name = "crowd", .speed = crowded};
  static const gm_agents_quantity q = {.name = "n", .of = "one"};
  const gm_var a = {.name = "a", .initial = 0.05};
  const gm_agents_config config = {.breed = &breed,
                                   .speed = &speed,
                                   .parameter = &a,
                                   .output = &q,
                                   .breed_count = 1,
                                   .speed_count = 1,
                                   .parameter_count = 1,
                                   .output_count = 1};
  agents_case c;
  case_open(&c, &config, N);
  case_init(&c);
  enum { GRID = 400 };
  double t[GRID], *y = calloc(N * GRID, sizeof *y), *time = calloc(N, sizeof *time);
  for (int k = 0; k < GRID; k++) t[k] = 0.5 * (k + 1);
  case_run(&c, 0, t[GRID - 1], NULL, 0, t, GRID, y);
  /* E[n(t)] against the master equation of the pure death process, solved here in small steps */
  double p[START + 1] = {0}, h = 1e-4;
  p[START] = 1;
  for (int k = 0; k < 40000; k++) { /* to t = 4 by the midpoint rule */
    double mid[START + 1], slope[2][START + 1] = {{0}};
    for (int n = 0; n <= START; n++) {
      double in = n < START ? 0.05 * (n + 1) * (n + 1) * p[n + 1] : 0;
      slope[0][n] = in - 0.05 * n * n * p[n];
    }
    for (int n = 0; n <= START; n++) mid[n] = p[n] + h / 2 * slope[0][n];
    for (int n = 0; n <= START; n++) {
      double in = n < START ? 0.05 * (n + 1) * (n + 1) * mid[n + 1] : 0;
      slope[1][n] = in - 0.05 * n * n * mid[n];
    }
    for (int n = 0; n <= START; n++) p[n] += h * slope[1][n];
  }
  double mean = 0;
  for (int n = 0; n <= START; n++) mean += n * p[n];
  case_moments w = moments_of(y + 7, N, GRID); /* t = 4 */
  must_be_near("mean at t = 4", w.mean, mean, w.se);
  /* The last death, rounded down to the grid, is grid width times the number of grid points that
   * it comes after: P(T > t) = sum_n w_n exp(-a n^2 t), w_n = product_{j != n} j^2/(j^2 - n^2). */
  double expected = 0;
  for (int n = 1; n <= START; n++) {
    double weight = 1;
    for (int j = 1; j <= START; j++) weight *= j == n ? 1 : (double)j * j / (j * j - n * n);
    for (int k = 0; k < GRID; k++) expected += 0.5 * weight * exp(-0.05 * n * n * t[k]);
  }
  for (int32_t i = 0; i < N; i++)
    for (int k = 0; k < GRID; k++) time[i] += y[i * GRID + k] > 0 ? 0.5 : 0;
  w = moments_of(time, N, 1);
  must_be_near("time of the last death", w.mean, expected, w.se);
  free(y);
  free(time);
  case_close(&c);
}

/* ---- alarms ---------------------------------------------------------------------------------- */
static void wake(gm_agents_turn *t)
{
  gm_agents_shared(t->world)[0] += 1;
  gm_agents_shared(t->world)[1] = t->t;
  gm_agents_alarm(t, 0, 0, t->agent, 0.75);
}

static void set_alarm(gm_agents_turn *t) { gm_agents_alarm(t, 0, 0, 0, 0.5); }

/* Fixed delays are exact: an alarm that rings at 0.5 and each 0.75 after. */
static void alarm__rings_when_it_should(void **state)
{
  (void)state;
  static const gm_agents_event ring = {.name = "ring", .fire = wake};
  static const gm_agents_breed breed = {
      .name = "clock", .event = &ring, .event_count = 1, .initial = 1};
  static const gm_agents_attribute shared[] = {{.name = "rings"}, {.name = "last"}};
  static const gm_agents_quantity q[] = {{.name = "rings", .kind = GM_AGENTS_SHARED, .of = "rings"},
                                         {.name = "last", .kind = GM_AGENTS_SHARED, .of = "last"}};
  const gm_agents_config config = {.breed = &breed,
                                   .shared = shared,
                                   .output = q,
                                   .breed_count = 1,
                                   .shared_count = 2,
                                   .output_count = 2,
                                   .start = set_alarm};
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  const double t[] = {0.49, 0.5, 1.24, 1.25, 7.9, 8};
  double y[12];
  case_run(&c, 0, 8, NULL, 0, t, 6, y);
  const double rings[] = {0, 1, 1, 2, 10, 11};
  for (int i = 0; i < 6; i++) assert_true(y[2 * i] == rings[i]);
  assert_true(y[11] == 8);
  case_close(&c);
}

/* ---- a walk on the torus --------------------------------------------------------------------- */
enum { W = 5, H = 7 };

static double walk_rate(const gm_agents *w, const double *theta, int32_t agent)
{
  (void)w;
  (void)agent;
  return theta[0];
}

static void walk(gm_agents_turn *t)
{
  const gm_agents *w = t->world;
  int32_t cell = gm_agents_cell(w, 0, t->agent);
  int32_t k = gm_agents_below(t, 0, gm_agents_degree(w, cell));
  assert_true(gm_agents_move(t, 0, t->agent, gm_agents_neighbour(w, cell, k)));
}

static void all_to_origin(gm_agents_turn *t)
{
  for (int32_t i = 0; i < gm_agents_count(t->world, 0); i++)
    assert_true(gm_agents_move(t, 0, i, 0));
}

/* The probability to be d cells east and e south of the start after time t at rate r is a product
 * (von Neumann) of two walks on circles, each a sum over the circle's modes. */
static double circle(int n, int d, double rt)
{
  double p = 0;
  for (int k = 0; k < n; k++) {
    double a = 2 * 3.14159265358979323846 * k / n;
    p += cos(a * d) * exp(-rt * (1 - cos(a)));
  }
  return p / n;
}

static void walk__has_the_law_of_the_torus(void **state)
{
  (void)state;
  enum { AGENTS = 20000 };
  static const gm_agents_event event = {.name = "walk", .hazard = walk_rate, .fire = walk};
  static const gm_agents_breed breed = {
      .name = "walker", .event = &event, .event_count = 1, .initial = AGENTS};
  const gm_var rate = {.name = "rate", .initial = 1.3};
  for (int moore = 0; moore < 2; moore++) {
    const gm_agents_config config = {.space = moore ? GM_AGENTS_MOORE : GM_AGENTS_VON_NEUMANN,
                                     .width = W,
                                     .height = H,
                                     .breed = &breed,
                                     .parameter = &rate,
                                     .breed_count = 1,
                                     .parameter_count = 1,
                                     .start = all_to_origin};
    agents_case c;
    case_open(&c, &config, 1);
    case_init(&c);
    case_run(&c, 0, 1.7, NULL, 0, NULL, 0, NULL);
    assert_int_equal(c.status[0], 0);
    double chi2 = 0, total = 0;
    for (int32_t cell = 0; cell < W * H; cell++) {
      int dx = cell % W, dy = cell / W;
      double p = 0;
      if (!moore) {
        p = circle(W, dx, 1.3 * 1.7 / 2) * circle(H, dy, 1.3 * 1.7 / 2);
      } else { /* modes of the torus: eigenvalue of the eight-neighbour walk */
        for (int a = 0; a < W; a++)
          for (int b = 0; b < H; b++) {
            double x = 2 * 3.14159265358979323846 * a / W, z = 2 * 3.14159265358979323846 * b / H;
            double e = ((1 + 2 * cos(x)) * (1 + 2 * cos(z)) - 1) / 8;
            p += cos(x * dx + z * dy) * exp(-1.3 * 1.7 * (1 - e)) / (W * H);
          }
      }
      double n = gm_agents_here(c.obj[0], 0, cell), np = p * AGENTS;
      chi2 += (n - np) * (n - np) / np;
      total += n;
    }
    assert_true(total == AGENTS);
    /* 34 degrees of freedom: P(chi2 > 73) = 1e-4, P(chi2 < 11) = 1e-4 */
    if (!(chi2 > 11 && chi2 < 73)) fail_msg("chi square %.1f with 34 degrees of freedom", chi2);
    case_close(&c);
  }
}

/* ---- arrivals -------------------------------------------------------------------------------- */
/* A rate into a count is a Poisson stream, in a world with a grid in time and without one. */
static void stream__is_poisson(void **state)
{
  (void)state;
  enum { N = 20000 };
  static const gm_agents_breed breed = {.name = "guest"};
  static const gm_agents_port port = {
      .name = "arrivals", .into = GM_AGENTS_INTO_COUNT, .of = "guest"};
  static const gm_agents_quantity q = {.name = "guests", .of = "guest"};
  for (int stepped = 0; stepped < 2; stepped++) {
    const gm_agents_config config = {.breed = &breed,
                                     .port = &port,
                                     .output = &q,
                                     .breed_count = 1,
                                     .port_count = 1,
                                     .output_count = 1,
                                     .step = stepped ? 0.5 : 0};
    agents_case c;
    case_open(&c, &config, N);
    case_init(&c);
    const gm_edge e[] = {{.t = 1, .value = 3, .kind = GM_EDGE_RATE},
                         {.t = 2, .value = 0.5, .kind = GM_EDGE_RATE},
                         {.t = 4, .value = 0, .kind = GM_EDGE_RATE}};
    case_run(&c, 0, 6, e, 3, NULL, 0, NULL);
    double *y = case_outputs(&c);
    case_moments w = moments_of(y, N, 1);
    must_be_near("mean arrivals", w.mean, 4, w.se);
    must_be_near("variance of arrivals", w.variance, 4, w.variance_se);
    free(y);
    case_close(&c);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sir__has_the_exact_mean),
      cmocka_unit_test(counts__follow_immigration_and_death),
      cmocka_unit_test(counts__follow_changes_on_the_way),
      cmocka_unit_test(shared_speed__gives_exact_times),
      cmocka_unit_test(alarm__rings_when_it_should),
      cmocka_unit_test(walk__has_the_law_of_the_torus),
      cmocka_unit_test(stream__is_poisson),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
