/* label: quick
 * Fields of the kind `agents`: spread, decay and sources against what they are exactly. */
#include "agents_case.h"

enum { W = 21, H = 13 };
static const double pi = 3.14159265358979323846;

static gm_agents_config of_fields(const gm_agents_field *field, int32_t count, double step)
{
  static const gm_agents_quantity q = {.name = "total", .kind = GM_AGENTS_FIELD_TOTAL, .of = "a"};
  return (gm_agents_config){.space = GM_AGENTS_MOORE,
                            .width = W,
                            .height = H,
                            .step = step,
                            .field = field,
                            .output = &q,
                            .macro = &q,
                            .field_count = count,
                            .output_count = 1,
                            .macro_count = 1};
}

static void fill_mode(double *f, int kx, int ky)
{
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      f[y * W + x] = 2 + cos(2 * pi * kx * x / W) * cos(2 * pi * ky * y / H);
}

/* A cosine is an eigenvector of every spread on the torus: after n steps it is what it was times
 * the eigenvalue to the n, worked out from the discrete Fourier transform of the weights. */
static void mode__decays_by_its_eigenvalue(void **state)
{
  (void)state;
  enum { STEPS = 20 };
  const gm_agents_field field[] = {
      {.name = "a", .spread = GM_AGENTS_SHARE8, .diffusion = 0.7},
      {.name = "b", .spread = GM_AGENTS_LAPLACE, .diffusion = 0.4}, /* one pass of 0.2 */
      {.name = "c", .spread = GM_AGENTS_LAPLACE, .diffusion = 1.7}, /* four passes of 0.2125 */
      {.name = "d", .spread = GM_AGENTS_SHARE8, .diffusion = 1}};
  gm_agents_config config = of_fields(field, 4, 0.5);
  const int mode[][2] = {{0, 0}, {1, 0}, {0, 1}, {3, 2}, {10, 6}};
  for (size_t i = 0; i < sizeof mode / sizeof *mode; i++) {
    agents_case c;
    case_open(&c, &config, 1);
    case_init(&c);
    for (int f = 0; f < 4; f++) fill_mode(gm_agents_field_of(c.obj[0], f), mode[i][0], mode[i][1]);
    case_run(&c, 0, 0.5 * STEPS, NULL, 0, NULL, 0, NULL);
    double cx = cos(2 * pi * mode[i][0] / W), cy = cos(2 * pi * mode[i][1] / H);
    double ring = ((1 + 2 * cx) * (1 + 2 * cy) - 1) / 8, cross = 2 * cx + 2 * cy - 4;
    const double eigen[] = {0.3 + 0.7 * ring, 1 + 0.2 * cross, pow(1 + 0.2125 * cross, 4), ring};
    for (int f = 0; f < 4; f++) {
      const double *is = gm_agents_field_of(c.obj[0], f);
      for (int y = 0; y < H; y++)
        for (int x = 0; x < W; x++) {
          double wave = cos(2 * pi * mode[i][0] * x / W) * cos(2 * pi * mode[i][1] * y / H);
          double exact = 2 + pow(eigen[f], STEPS) * wave;
          if (!(fabs(is[y * W + x] - exact) < 1e-12))
            fail_msg("field %d, mode %d %d, cell %d %d: %.17g, exactly %.17g", f, mode[i][0],
                     mode[i][1], x, y, is[y * W + x], exact);
        }
    }
    case_close(&c);
  }
}

/* Spread moves and loses nothing; a decay and a source change the total as they say, to rounding,
 * and nothing becomes negative. */
static void total__is_kept(void **state)
{
  (void)state;
  const gm_agents_field field[] = {
      {.name = "a", .spread = GM_AGENTS_SHARE8, .diffusion = 0.9},
      {.name = "b", .spread = GM_AGENTS_LAPLACE, .diffusion = 0.5},
      {.name = "c", .spread = GM_AGENTS_SHARE8, .diffusion = 0.3, .decay = 0.2, .source = 0.4},
      {.name = "d",
       .spread = GM_AGENTS_LAPLACE,
       .diffusion = 0.25,
       .decay_law = GM_AGENTS_DECAY_RATE,
       .decay = 0.6},
      {.name = "e", .decay = 0.1, .source = 2}};
  gm_agents_config config = of_fields(field, 5, 0.5);
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  gm_key key = gm_key_make(3, GM_PURPOSE_TEST, 0, 0);
  double begin[5], total[5];
  for (int f = 0; f < 5; f++) {
    double *x = gm_agents_field_of(c.obj[0], f);
    for (int i = 0; i < W * H; i++)
      x[i] = gm_uniform(key, (uint64_t)f, (uint64_t)i, 0, 0) < 0.05 ? 1000 : 0;
    begin[f] = total[f] = gm_agents_field_total(c.obj[0], f);
  }
  for (int n = 0; n < 40; n++) {
    case_run(&c, 0.5 * n, 0.5 * (n + 1), NULL, 0, NULL, 0, NULL);
    total[2] = total[2] * 0.8 + 0.4 * 0.5 * W * H;
    total[3] *= exp(-0.3);
    total[4] = total[4] * 0.9 + W * H;
    for (int f = 0; f < 5; f++) {
      double is = gm_agents_field_total(c.obj[0], f);
      assert_true(fabs(is - total[f]) < 1e-12 * (begin[f] + total[f]) * (n + 1));
      const double *x = gm_agents_field_of(c.obj[0], f);
      for (int i = 0; i < W * H; i++) assert_true(x[i] >= 0);
    }
  }
  case_close(&c);
}

/* A plain step written down by the rule's words: each cell gives its share to eight neighbours. */
static void plain_step(double *f, double share, double decay, double least)
{
  static double g[W * H];
  for (int i = 0; i < W * H; i++) g[i] = f[i] * (1 - share);
  for (int y = 0; y < H; y++)
    for (int x = 0; x < W; x++)
      for (int dy = -1; dy <= 1; dy++)
        for (int dx = -1; dx <= 1; dx++)
          if (dx || dy) g[(y + dy + H) % H * W + (x + dx + W) % W] += share / 8 * f[y * W + x];
  for (int i = 0; i < W * H; i++) f[i] = g[i] * (1 - decay) < least ? 0 : g[i] * (1 - decay);
}

static void share__goes_to_eight_neighbours(void **state)
{
  (void)state;
  const gm_agents_field field = {
      .name = "a", .spread = GM_AGENTS_SHARE8, .diffusion = 0.6, .decay = 0.3, .least = 0.01};
  gm_agents_config config = of_fields(&field, 1, 1);
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  double plain[W * H] = {0}, *f = gm_agents_field_of(c.obj[0], 0);
  plain[0] = f[0] = 900;
  plain[5 * W + 20] = f[5 * W + 20] = 300;
  int zeros = 0;
  for (int n = 0; n < 12; n++) {
    case_run(&c, n, n + 1, NULL, 0, NULL, 0, NULL);
    plain_step(plain, 0.6, 0.3, 0.01);
    for (int i = 0; i < W * H; i++) {
      assert_true(fabs(f[i] - plain[i]) < 1e-12 * (1 + plain[i]));
      zeros += f[i] == 0;
    }
  }
  assert_true(zeros > 0 && zeros < 12 * W * H);
  case_close(&c);
}

/* Shares and coefficients may be parameters; what makes no sense ends the member, by its status. */
static void parameters__hold_the_numbers(void **state)
{
  (void)state;
  const gm_agents_field field = {.name = "a",
                                 .initial = 1,
                                 .spread = GM_AGENTS_SHARE8,
                                 .diffusion_parameter = "share",
                                 .decay_parameter = "loss",
                                 .source_parameter = "made"};
  const gm_var p[] = {{.name = "share", .initial = 0.5},
                      {.name = "loss", .initial = 0.25},
                      {.name = "made", .initial = 2}};
  gm_agents_config config = of_fields(&field, 1, 1);
  config.parameter = p;
  config.parameter_count = 3;
  agents_case c;
  case_open(&c, &config, 6);
  const double share[] = {0.5, 0.5, 1.01, -0.1, NAN, 0.5}, loss[] = {0.25, 1, 0, 0, 0, 1.5};
  for (int i = 0; i < 6; i++) {
    c.theta[i] = share[i];
    c.theta[6 + i] = loss[i];
  }
  case_init(&c);
  case_run(&c, 0, 3, NULL, 0, NULL, 0, NULL);
  double x = 1;
  for (int n = 0; n < 3; n++) x = x * 0.75 + 2;
  assert_true(fabs(gm_agents_field_of(c.obj[0], 0)[7] - x) < 1e-14);
  assert_true(gm_agents_field_of(c.obj[1], 0)[7] == 2);
  for (int i = 0; i < 6; i++)
    assert_int_equal(c.status[i], i < 2 ? GM_MEMBER_OK : GM_MEMBER_DIVERGED);
  case_close(&c);
}

/* Doses into a field: spread over the region at the next grid point, seen from there on; a level
 * flows in evenly; a parameter changed inside of a step holds from the next one. */
static void doses__move_to_the_grid(void **state)
{
  (void)state;
  const gm_agents_field field = {.name = "a", .decay_parameter = "loss"};
  static const int32_t region[] = {3, 4, 50};
  const gm_agents_port port = {
      .name = "in", .into = GM_AGENTS_INTO_FIELD, .of = "a", .cell = region, .cell_count = 3};
  const gm_var loss = {.name = "loss", .initial = 0};
  gm_agents_config config = of_fields(&field, 1, 0.5);
  config.port = &port;
  config.port_count = 1;
  config.parameter = &loss;
  config.parameter_count = 1;
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  const gm_edge e[] = {{.t = 1, .value = 6, .kind = GM_EDGE_BOLUS},   /* on the grid: at once */
                       {.t = 1.1, .value = 3, .kind = GM_EDGE_BOLUS}, /* at 1.5 */
                       {.t = 2.2, .value = 0.5, .kind = GM_EDGE_PARAMETER}, /* from 2.5 on */
                       {.t = 3.5, .value = 4, .kind = GM_EDGE_RATE},        /* 2 at each step */
                       {.t = 4.4, .value = 0, .kind = GM_EDGE_RATE},        /* until 4.5 */
                       {.t = 5, .value = 7, .kind = GM_EDGE_REPLACE}};
  const double t[] = {0.99, 1, 1, 1.4, 1.5, 2.5, 2.9, 3, 3.5, 4, 4.5, 5, 5.2};
  const uint8_t before[] = {0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  /* in each step: decay, and before it what flows in */
  const double want[] = {0, 0, 6, 6, 9, 9, 9, 4.5, 2.25, 2.125, 2.0625, 7, 7};
  double y[13];
  gm_span span = {.t0 = 0,
                  .t1 = 5.2,
                  .edge = e,
                  .sample = t,
                  .sample_before = before,
                  .y = y,
                  .edge_count = 6,
                  .sample_count = 13};
  c.m->type->advance(c.m, c.work, &c.b, &span, c.arena);
  for (int i = 0; i < 13; i++)
    if (fabs(y[i] - want[i]) > 1e-14) fail_msg("at %g: %.17g, not %g", t[i], y[i], want[i]);
  assert_int_equal(c.status[0], GM_MEMBER_PROJECTED); /* some edges moved, and it says so */
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mode__decays_by_its_eigenvalue),
      cmocka_unit_test(total__is_kept),
      cmocka_unit_test(share__goes_to_eight_neighbours),
      cmocka_unit_test(parameters__hold_the_numbers),
      cmocka_unit_test(doses__move_to_the_grid),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
