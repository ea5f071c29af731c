/* test_grid.c - the Clarke and Parkes error grids: vertices, mirrors, a second way, shares.
 * label: quick */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "t1d_grid.h"
#include "support/fault.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static gm_ctx *ctx;

static int setup(void **state)
{
  (void)state;
  return gm_ctx_new(NULL, &ctx) ? -1 : 0;
}

static int teardown(void **state)
{
  (void)state;
  gm_ctx_free(ctx);
  return 0;
}

static char zone(t1d_grid grid, double r, double e)
{
  t1d_error_zone z = T1D_ERROR_ZONES;
  if (t1d_grid_zone(ctx, grid, r, e, &z)) fail_msg("%s", gm_message(ctx));
  return t1d_error_zone_letter(z);
}

static void expect(t1d_grid grid, double r, double e, char should)
{
  char is = zone(grid, r, e);
  if (is != should) fail_msg("(%.6g, %.6g) is %c, expected %c", r, e, is, should);
}

static void near(double is, double should, double tolerance)
{
  if (!(fabs(is - should) <= tolerance)) fail_msg("%.12g, expected %.12g", is, should);
}

/* ---- Clarke -------------------------------------------------------------------------------- */
/* Each corner of the grid of Clarke 1987, figure 1, on it and just off it. */
static void clarke__corners_and_their_neighbours(void **state)
{
  (void)state;
  const struct {
    double r, e;
    char zone;
  } at[] = {
      {100, 120, 'A'},    {100, 120.1, 'B'},   {100, 80, 'A'},    {100, 79.9, 'B'},
      {69.9, 69.9, 'A'},  {20, 69.9, 'A'},     {69.9, 20, 'A'},   {20, 70, 'D'},
      {70, 84, 'A'},      {70, 84.1, 'D'},     {70.1, 84.2, 'B'}, {58.4, 70, 'A'},
      {58.3, 70, 'D'},    {70, 179.9, 'D'},    {70, 180, 'E'},    {70.1, 180, 'B'},
      {70.1, 180.1, 'C'}, {20, 180, 'E'},      {20, 179.9, 'D'},  {180, 70, 'E'},
      {180, 70.1, 'B'},   {179.9, 69.8, 'C'},  {179.9, 70, 'B'},  {400, 70, 'E'},
      {400, 70.1, 'D'},   {240, 180, 'D'},     {240, 180.1, 'B'}, {239.9, 180, 'B'},
      {130, 0, 'C'},      {130, 0.1, 'B'},     {129.9, 0, 'B'},   {180.1, 70.1, 'B'},
      {290, 400, 'C'},    {290.1, 400.2, 'B'}, {290, 399.9, 'B'}, {240, 192, 'A'},
      {70, 56, 'A'},      {70, 55.9, 'B'},     {150, 150, 'A'},   {350, 250, 'B'},
  };
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++)
    expect(T1D_CLARKE, at[i].r, at[i].e, at[i].zone);
}

/* Clarke's text describes the zones; each sentence of it, at points inside the zone. */
static void clarke__the_zones_mean_what_the_paper_says(void **state)
{
  (void)state;
  expect(T1D_CLARKE, 50, 65, 'A');   /* both low: treated alike */
  expect(T1D_CLARKE, 50, 250, 'E');  /* low taken for high */
  expect(T1D_CLARKE, 300, 50, 'E');  /* high taken for low */
  expect(T1D_CLARKE, 55, 120, 'D');  /* low not seen */
  expect(T1D_CLARKE, 300, 150, 'D'); /* high not seen */
  expect(T1D_CLARKE, 120, 300, 'C'); /* needless treatment of a good value */
  expect(T1D_CLARKE, 160, 30, 'C');
  expect(T1D_CLARKE, 200, 150, 'B'); /* beyond 20 %, harmless */
}

/* ---- Parkes -------------------------------------------------------------------------------- */
typedef struct {
  double r, e;
} point;

/* The zones as closed shapes (Pfuetzner 2013, table 1), each shut along the edge of the grid:
 * a second way to the same answer, by crossing numbers. */
typedef struct {
  char zone;
  int n;
  point p[8];
} shape;

static const shape parkes_shape[] = {
    {'E', 4, {{0, 150}, {35, 155}, {50, 550}, {0, 550}}},
    {'D', 6, {{0, 100}, {25, 100}, {50, 125}, {80, 215}, {125, 550}, {0, 550}}},
    {'D', 4, {{250, 0}, {250, 40}, {550, 150}, {550, 0}}},
    {'C', 6, {{0, 60}, {30, 60}, {50, 80}, {70, 110}, {260, 550}, {0, 550}}},
    {'C', 5, {{120, 0}, {120, 30}, {260, 130}, {550, 250}, {550, 0}}},
    {'B', 6, {{0, 50}, {30, 50}, {140, 170}, {280, 380}, {430, 550}, {0, 550}}},
    {'B', 6, {{50, 0}, {50, 30}, {170, 145}, {385, 300}, {550, 450}, {550, 0}}},
};

static bool inside(const shape *s, point a)
{
  bool in = false;
  for (int i = 0, j = s->n - 1; i < s->n; j = i++) {
    point p = s->p[i], q = s->p[j];
    if ((p.e > a.e) != (q.e > a.e) && a.r < (q.r - p.r) * (a.e - p.e) / (q.e - p.e) + p.r) in = !in;
  }
  return in;
}

/* Every half mg/dL of the whole grid (1.2 million points, none on a line): equal to the shapes. */
static void parkes__equals_its_shapes_everywhere(void **state)
{
  (void)state;
  int32_t wrong = 0, count[5] = {0};
  for (double r = 0.2137; r < 550; r += 0.5)
    for (double e = 0.3391; e < 550; e += 0.5) {
      char should = 'A';
      for (size_t k = 0; k < sizeof parkes_shape / sizeof parkes_shape[0] && should == 'A'; k++)
        if (inside(&parkes_shape[k], (point){r, e})) should = parkes_shape[k].zone;
      wrong += zone(T1D_PARKES_TYPE1, r, e) != should;
      count[should - 'A']++;
    }
  assert_int_equal(wrong, 0);
  for (int z = 0; z < 5; z++) assert_true(count[z] > 1000);
}

/* A vertex, and every point of a line, has the milder zone; a step over it, the graver. */
static void parkes__points_on_a_line_are_milder(void **state)
{
  (void)state;
  const struct {
    double r, e;
    char on, over;
    double dr, de;
  } at[] = {
      {35, 155, 'D', 'E', 0, 0.01},    {50, 550, 'D', 'E', 0, 0.01},
      {25, 100, 'C', 'D', 0, 0.01},    {50, 125, 'C', 'D', 0, 0.01},
      {80, 215, 'C', 'D', 0, 0.01},    {125, 550, 'C', 'D', 0, 0.01},
      {250, 40, 'C', 'D', 0.01, -0.1}, {550, 150, 'C', 'D', 0, -0.01},
      {250, 20, 'C', 'D', 0.01, 0},    {30, 60, 'B', 'C', 0, 0.01},
      {50, 80, 'B', 'C', 0, 0.01},     {70, 110, 'B', 'C', 0, 0.01},
      {260, 550, 'B', 'C', 0, 0.01},   {120, 30, 'B', 'C', 0.01, -.1},
      {260, 130, 'B', 'C', 0, -0.01},  {550, 250, 'B', 'C', 0, -0.01},
      {120, 10, 'B', 'C', 0.01, 0},    {30, 50, 'A', 'B', 0, 0.01},
      {140, 170, 'A', 'B', 0, 0.01},   {280, 380, 'A', 'B', 0, 0.01},
      {430, 550, 'A', 'B', 0, 0.01},   {50, 30, 'A', 'B', 0.01, -0.1},
      {170, 145, 'A', 'B', 0, -0.01},  {385, 300, 'A', 'B', 0, -0.01},
      {550, 450, 'A', 'B', 0, -0.01},  {50, 10, 'A', 'B', 0.01, 0},
      {400, 95, 'C', 'D', 0, -0.01},
  };
  for (size_t i = 0; i < sizeof at / sizeof at[0]; i++) {
    expect(T1D_PARKES_TYPE1, at[i].r, at[i].e, at[i].on);
    expect(T1D_PARKES_TYPE1, at[i].r + at[i].dr, at[i].e + at[i].de, at[i].over);
  }
}

/* Beyond 550 mg/dL the last pieces go straight on: points on them, by their slopes. */
static void parkes__lines_go_straight_on(void **state)
{
  (void)state;
  expect(T1D_PARKES_TYPE1, 880, 1060, 'A'); /* 380 + 600 * 170/150 = 1060, on the line */
  expect(T1D_PARKES_TYPE1, 880, 1060.1, 'B');
  expect(T1D_PARKES_TYPE1, 840, 370, 'B'); /* 250 + 290 * 120/290 = 370, on the line of C */
  expect(T1D_PARKES_TYPE1, 840, 369.9, 'C');
}

/* Worsening an estimate away from the reference never makes its zone milder. (Clarke's grid lacks
 * this property: known, and why Parkes' was made.) */
static void parkes__worse_estimates_are_never_milder(void **state)
{
  (void)state;
  for (double r = 5; r <= 600; r += 5) {
    char last = 'A';
    for (double e = r; e <= 1200; e += 1) {
      char z = zone(T1D_PARKES_TYPE1, r, e);
      assert_true(z >= last);
      last = z;
    }
    last = 'A';
    for (double e = r; e >= 0; e -= 1) {
      char z = zone(T1D_PARKES_TYPE1, r, e);
      assert_true(z >= last);
      last = z;
    }
  }
}

/* A perfect estimate is in A on either grid, whatever the glucose. */
static void grids__the_diagonal_is_a(void **state)
{
  (void)state;
  for (double r = 1; r <= 2000; r += 1) {
    expect(T1D_CLARKE, r, r, 'A');
    expect(T1D_PARKES_TYPE1, r, r, 'A');
  }
}

/* Clarke's E is its own mirror image: swapping reference and estimate keeps a point in E. */
static void clarke__e_is_its_own_mirror(void **state)
{
  (void)state;
  for (double r = 1; r <= 400; r += 1)
    for (double e = 1; e <= 400; e += 1)
      assert_int_equal(zone(T1D_CLARKE, r, e) == 'E', zone(T1D_CLARKE, e, r) == 'E');
}

/* ---- shares -------------------------------------------------------------------------------- */
/* Counts and shares of pairs known by hand; a NaN on either side is a missing pair. */
static void counts__by_hand(void **state)
{
  (void)state;
  const double r[] = {100, 100, 50, 300, NAN, 120, 300, 100};
  const double e[] = {100, 125, 250, 150, 100, NAN, 290, 110};
  t1d_grid_counts c;
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, r, e, NULL, 8, &c), GM_OK);
  const int32_t should[5] = {3, 1, 0, 1, 1};
  assert_memory_equal(c.count, should, sizeof should);
  assert_int_equal(c.pair_count, 6);
  assert_int_equal(c.missing_count, 2);
  near(c.share_pct[T1D_ERROR_A], 50, 1e-12);
  near(c.se_pct[T1D_ERROR_A], 100 * sqrt(0.25 / 5), 1e-12);
}

/* Wilson's interval: 0 of 10 gives an upper end of z^2/(n + z^2), 5 of 10 lies evenly about 50. */
static void counts__wilson_interval(void **state)
{
  (void)state;
  double r[10], e[10];
  t1d_grid_counts c;
  for (int i = 0; i < 10; i++) {
    r[i] = 100;
    e[i] = i < 5 ? 100 : 130;
  }
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, r, e, NULL, 10, &c), GM_OK);
  double zz = 1.6449 * 1.6449;
  near(c.high_pct[T1D_ERROR_E], 100 * zz / (10 + zz), 1e-9);
  near(c.low_pct[T1D_ERROR_E], 0, 0);
  near(c.low_pct[T1D_ERROR_A] + c.high_pct[T1D_ERROR_A], 100, 1e-9);
  assert_true(c.low_pct[T1D_ERROR_A] > 0 && c.low_pct[T1D_ERROR_A] < 50);
}

/* Blocks: pairs that all do alike within a block count as one; single pairs as blocks give the
 * formula of independent pairs. */
static void counts__blocks_widen_the_error(void **state)
{
  (void)state;
  enum { N = 200 };
  double r[N], e[N];
  int32_t day[N], own[N];
  t1d_grid_counts apart, alone, together;
  for (int i = 0; i < N; i++) {
    r[i] = 100;
    day[i] = 7 - i / 20; /* any numbers, as long as equal ones stand together */
    e[i] = i / 20 % 2 ? 100 : 130;
    own[i] = i;
  }
  assert_int_equal(t1d_grid_count(ctx, T1D_PARKES_TYPE1, r, e, NULL, N, &apart), GM_OK);
  assert_int_equal(t1d_grid_count(ctx, T1D_PARKES_TYPE1, r, e, own, N, &alone), GM_OK);
  assert_int_equal(t1d_grid_count(ctx, T1D_PARKES_TYPE1, r, e, day, N, &together), GM_OK);
  near(alone.se_pct[0], apart.se_pct[0], 1e-9);
  near(apart.se_pct[0], 100 * sqrt(0.25 / (N - 1)), 1e-9);
  near(together.se_pct[0], 100 * sqrt(0.25 / 9), 1e-9); /* ten days, half of them in A */
  assert_int_equal(together.block_count, 10);
  assert_true(together.high_pct[0] > apart.high_pct[0] + 10);
  near(together.high_pct[4], 100 * 1.6449 * 1.6449 / (10 + 1.6449 * 1.6449), 1e-9);
}

/* One block alone promises nothing. */
static void counts__one_block_promises_nothing(void **state)
{
  (void)state;
  const double r[] = {100, 110}, e[] = {100, 110};
  const int32_t day[] = {3, 3};
  t1d_grid_counts c;
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, r, e, day, 2, &c), GM_OK);
  assert_true(isnan(c.se_pct[0]));
  near(c.low_pct[0], 0, 0);
  near(c.high_pct[0], 100, 0);
}

/* ---- refusals ------------------------------------------------------------------------------ */
static void refuse(double r, double e, gm_status should)
{
  double rr[] = {100, r}, ee[] = {100, e};
  t1d_error_zone z = T1D_ERROR_C;
  t1d_grid_counts before = {.pair_count = 9}, c = before;
  assert_int_equal(t1d_grid_zone(ctx, T1D_CLARKE, r, e, &z), should);
  assert_int_equal(z, T1D_ERROR_C);
  if (isnan(r) || isnan(e)) return;
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, rr, ee, NULL, 2, &c), should);
  assert_memory_equal(&c, &before, sizeof c);
}

/* Numbers that are no glucose, no pairs, mmol/L and unknown grids are refused; nothing is written.
 */
static void refusals__each_has_its_code(void **state)
{
  (void)state;
  t1d_error_zone z;
  t1d_grid_counts c;
  refuse(INFINITY, 100, GM_EDOMAIN);
  refuse(100, -1, GM_EDOMAIN);
  refuse(0, 100, GM_EDOMAIN);
  refuse(NAN, 100, GM_EDOMAIN);
  refuse(100, 2001, GM_EDOMAIN);
  const double mmol[] = {5.5, 7}, none[] = {NAN, NAN};
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, mmol, mmol, NULL, 2, &c), GM_EUNIT);
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, none, mmol, NULL, 2, &c), GM_ENOTFOUND);
  assert_int_equal(t1d_grid_count(ctx, T1D_CLARKE, NULL, NULL, NULL, 0, &c), GM_ENOTFOUND);
  assert_int_equal(t1d_grid_zone(ctx, T1D_GRID_COUNT, 100, 100, &z), GM_EINVAL);
  assert_int_equal(t1d_grid_count(ctx, T1D_GRID_COUNT, mmol, mmol, NULL, 2, &c), GM_EINVAL);
}

/* mmol/L is told by its height alone: 33.3 (600 mg/dL) is the highest that any meter shows, and a
 * highest reference of up to 33.4 is refused; from there on it is taken for mg/dL, which only a
 * person who has nothing but extreme lows would be. */
static void refusals__mmol_up_to_its_highest(void **state)
{
  (void)state;
  static const struct {
    double highest;
    gm_status should;
  } c[] = {
      {600 / 18.0156, GM_EUNIT}, {33.3, GM_EUNIT}, {33.4, GM_EUNIT}, {33.5, GM_OK}, {40, GM_OK}};
  for (size_t i = 0; i < sizeof c / sizeof *c; i++) {
    const double r[] = {5.5, c[i].highest, 7}, e[] = {300, 300, 300}; /* estimates tell nothing */
    t1d_grid_counts before = {.pair_count = 9}, out = before;
    for (int g = 0; g < T1D_GRID_COUNT; g++)
      assert_int_equal(t1d_grid_count(ctx, (t1d_grid)g, r, e, NULL, 3, &out), c[i].should);
    if (c[i].should) assert_memory_equal(&out, &before, sizeof out);
  }
}

static gm_status trial(gm_ctx *c, void *user)
{
  (void)user;
  const double r[] = {100, 110, 120}, e[] = {100, 110, 200};
  const int32_t day[] = {1, 1, 2};
  t1d_grid_counts out;
  return t1d_grid_count(c, T1D_PARKES_TYPE1, r, e, day, 3, &out);
}

/* Any allocation may fail. */
static void faults__no_memory(void **state)
{
  (void)state;
  assert_true(fault_sweep("error grid", trial, NULL) > 0);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(clarke__corners_and_their_neighbours, setup, teardown),
      cmocka_unit_test_setup_teardown(clarke__the_zones_mean_what_the_paper_says, setup, teardown),
      cmocka_unit_test_setup_teardown(clarke__e_is_its_own_mirror, setup, teardown),
      cmocka_unit_test_setup_teardown(parkes__equals_its_shapes_everywhere, setup, teardown),
      cmocka_unit_test_setup_teardown(parkes__points_on_a_line_are_milder, setup, teardown),
      cmocka_unit_test_setup_teardown(parkes__lines_go_straight_on, setup, teardown),
      cmocka_unit_test_setup_teardown(parkes__worse_estimates_are_never_milder, setup, teardown),
      cmocka_unit_test_setup_teardown(grids__the_diagonal_is_a, setup, teardown),
      cmocka_unit_test_setup_teardown(counts__by_hand, setup, teardown),
      cmocka_unit_test_setup_teardown(counts__wilson_interval, setup, teardown),
      cmocka_unit_test_setup_teardown(counts__blocks_widen_the_error, setup, teardown),
      cmocka_unit_test_setup_teardown(counts__one_block_promises_nothing, setup, teardown),
      cmocka_unit_test_setup_teardown(refusals__each_has_its_code, setup, teardown),
      cmocka_unit_test_setup_teardown(refusals__mmol_up_to_its_highest, setup, teardown),
      cmocka_unit_test_setup_teardown(faults__no_memory, setup, teardown),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
