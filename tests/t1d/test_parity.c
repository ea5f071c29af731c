/* The model text and its meals against an independent simulation, for any meal, bolus and basal
 * rate; and, where the data are there, against simglucose's own trajectories.
 * label: full */
#include "t1d_rivals.h"
#include "support/data.h"

enum { ROWS = 288, MEALS = RIVAL_MEALS, BW = 6 };
/* The bar: 0.02 mg/dL over 24 h (the reference's own error is 1.5e-4, facts of its solver). */
static const double bar_mgdl = 0.02;

/* ---- the equations again --------------------------------------------------------------------- */
typedef struct {
  double kmax, kmin, kabs, b, d, f, bw, gb, egpb, vg, k1, k2, kp2, kp3, fcns, vmx, km0, ke1, ke2,
      ksc, ib, vi, m1, m2, m4, heb, ki, p2u, kd, ka1, ka2;
} numbers;

static void slopes(const void *of, const rival_moment *now, const double *x, double *o)
{
  const numbers *p = of;
  const double eaten = now->eaten_mg, dose = now->dose_mg, u = now->insulin_u * 6000 / p->bw;
  const double gpb = p->gb * p->vg, gtb = (p->fcns - p->egpb + p->k1 * gpb) / p->k2,
               vm0 = (p->egpb - p->fcns) * (p->km0 + gtb) / gtb,
               kp1 = p->egpb + p->kp2 * gpb + p->kp3 * p->ib, m3 = p->heb * p->m1 / (1 - p->heb),
               stomach = x[0] + x[1];
  double empty = p->kmax;
  if (dose > 0)
    empty = p->kmin + (p->kmax - p->kmin) / 2 *
                          (tanh(5 / (2 * dose * (1 - p->b)) * (stomach - p->b * dose)) -
                           tanh(5 / (2 * dose * p->d) * (stomach - p->d * dose)) + 2);
  o[0] = eaten - p->kmax * x[0];
  o[1] = p->kmax * x[0] - empty * x[1];
  o[2] = empty * x[1] - p->kabs * x[2];
  o[3] = fmax(kp1 - p->kp2 * x[3] - p->kp3 * x[8], 0) + p->f * p->kabs * x[2] / p->bw - p->fcns -
         (x[3] > p->ke2 ? p->ke1 * (x[3] - p->ke2) : 0) - p->k1 * x[3] + p->k2 * x[4];
  o[4] = p->k1 * x[3] - p->k2 * x[4] - (vm0 + p->vmx * x[6]) * x[4] / (p->km0 + x[4]);
  o[5] = p->m1 * x[9] - (p->m2 + p->m4) * x[5] + p->ka1 * x[10] + p->ka2 * x[11];
  o[6] = p->p2u * (x[5] / p->vi - p->ib - x[6]);
  o[7] = p->ki * (x[5] / p->vi - x[7]);
  o[8] = p->ki * (x[7] - x[8]);
  o[9] = p->m2 * x[5] - (p->m1 + m3) * x[9];
  o[10] = u - (p->kd + p->ka1) * x[10];
  o[11] = p->kd * x[10] - p->ka2 * x[11];
  o[12] = p->ksc * (x[3] - x[12]);
}

static double start(const numbers *p, double *x)
{
  const double gpb = p->gb * p->vg, ipb = p->ib * p->vi, m3 = p->heb * p->m1 / (1 - p->heb),
               ilb = p->m2 * ipb / (p->m1 + m3), u = (p->m2 + p->m4) * ipb - p->m1 * ilb;
  memset(x, 0, 13 * sizeof *x);
  x[3] = x[12] = gpb;
  x[4] = (p->fcns - p->egpb + p->k1 * gpb) / p->k2;
  x[5] = ipb;
  x[7] = x[8] = p->ib;
  x[9] = ilb;
  x[10] = u / (p->kd + p->ka1);
  x[11] = p->kd / p->ka2 * x[10];
  return u;
}

/* Glucose every 5 min; the basal rate is that of the equilibrium, U/h. */
static void expected(const t1d_subject *s, const rival_day *q, double *g)
{
  numbers p;
  double x[13];
  memcpy(&p, s->theta, sizeof p);
  rival_day day = *q;
  day.basal_u_per_h = start(&p, x) * p.bw * 60 / 6000;
  const rival_equations e = {.slopes = slopes, .p = &p, .n = 13, .glucose = 3, .scale = 1 / p.vg};
  rival_independent(&e, &day, x, g);
}

/* ---- Gemel ---------------------------------------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *e;
  t1d_course *course[T1D_SUBJECT_COUNT];
} bed;

static void bed_open(bed *b)
{
  if (gm_ctx_new(NULL, &b->ctx) || t1d_s2008_new(b->ctx, NULL, &b->model) ||
      gm_ensemble_new(b->ctx, b->model, NULL, T1D_SUBJECT_COUNT, &b->e))
    fail_msg("%s", gm_message(b->ctx));
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++)
    if (t1d_subject_theta(b->ctx, t1d_subject_at(m), b->model, gm_ensemble_theta(b->e) + m,
                          T1D_SUBJECT_COUNT) ||
        t1d_course_new(b->ctx, b->model, t1d_subject_at(m)->theta[BW], 0, &b->course[m]))
      fail_msg("%s", gm_message(b->ctx));
}

static void bed_close(bed *b)
{
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++) t1d_course_free(b->course[m]);
  gm_ensemble_free(b->e);
  gm_model_free(b->model);
  gm_ctx_free(b->ctx);
}

static void course_fill(bed *b, int32_t m, const rival_day *q)
{
  if (rival_course(b->ctx, b->course[m], q)) fail_msg("%s", gm_message(b->ctx));
}

/* y[m][ROWS][2] */
static void simulated(bed *b, double *y)
{
  gm_drive drive[T1D_SUBJECT_COUNT];
  int32_t of[T1D_SUBJECT_COUNT];
  double at[ROWS];
  for (int i = 0; i < ROWS; i++) at[i] = 5 * i;
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++) {
    of[m] = m;
    if (t1d_course_read(b->course[m], b->ctx, 1440, &drive[m])) fail_msg("%s", gm_message(b->ctx));
  }
  if (gm_ensemble_init(b->e, b->ctx, 0) ||
      gm_ensemble_advance(b->e, b->ctx, 1440, drive, of, at, ROWS, y))
    fail_msg("%s", gm_message(b->ctx));
}

/* Days of the kinds that trip up: a last bite of less than 5 g, a meal into a full stomach, two
 * meals at once, a snack while eating, boluses in the same minute, no basal for hours. */
static rival_day day_of(int32_t m)
{
  const double cr = t1d_subject_at(m)->cr_g_per_u;
  const int k = m % 5;
  rival_day q = {.meal_t = {420, k == 1 ? 450 : 720, k == 2 ? 426 : 1080},
                 .meal_g = {43.7, 62, k == 3 ? 121 : 3},
                 .bolus_t = {415, k == 4 ? 415 : 733, 1080},
                 .basal_u_per_h = t1d_subject_at(m)->basal_u_per_h,
                 .basal_t = {200, 600 + 10 * k},
                 .basal_factor = {k == 0 ? 0 : 1.4, 0.8},
                 .basal_count = 2};
  for (int i = 0; i < MEALS; i++) q.bolus_u[i] = q.meal_g[i] / cr * (k == 3 ? 0 : 0.8);
  if (k == 4) q.meal_t[1] = q.meal_t[0];
  return q;
}

static void meals__as_an_independent_simulation(void **state)
{
  (void)state;
  static double y[T1D_SUBJECT_COUNT][ROWS][2], g[RIVAL_ROWS];
  bed b;
  bed_open(&b);
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++) {
    rival_day q = day_of(m);
    course_fill(&b, m, &q);
  }
  simulated(&b, &y[0][0][0]);
  double worst = 0, lowest = INFINITY;
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++) {
    rival_day q = day_of(m);
    expected(t1d_subject_at(m), &q, g);
    for (int i = 0; i < ROWS; i++) {
      worst = fmax(worst, fabs(y[m][i][0] - g[i]));
      lowest = fmin(lowest, g[i]);
    }
  }
  print_message("worst difference %.4f mg/dL, lowest glucose %.0f mg/dL\n", worst, lowest);
  assert_true(worst < bar_mgdl);
  bed_close(&b);
}

/* ---- simglucose ------------------------------------------------------------------------------ */
static bool reference(const char *scenario, double g[ROWS][T1D_SUBJECT_COUNT])
{
  char file[100], path[1024], line[8192];
  snprintf(file, sizeof file, "t1d/reference/all30_%s_G_mgdl.csv", scenario);
  if (!data_path(file, path, sizeof path)) {
    data_skip(file, 1);
    return false;
  }
  FILE *f = fopen(path, "r");
  if (!f) fail_msg("%s cannot be read", path);
  int32_t row = -1;
  for (; row < ROWS && fgets(line, sizeof line, f); row++) {
    char *at = line;
    if (row < 0) continue; /* the head */
    for (int i = 0; i < T1D_SUBJECT_COUNT; i++) {
      at = strchr(at, ',');
      assert_non_null(at);
      g[row][i] = strtod(++at, NULL);
    }
  }
  fclose(f);
  assert_int_equal(row, ROWS);
  return true;
}

static void parity(const char *scenario, double factor)
{
  static double y[T1D_SUBJECT_COUNT][ROWS][2], g[ROWS][T1D_SUBJECT_COUNT];
  if (!reference(scenario, g)) return;
  bed b;
  bed_open(&b);
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++) {
    const t1d_subject *s = t1d_subject_at(m);
    const double cr = s->cr_g_per_u;
    const rival_day q = {.meal_t = {420, 720, 1080},
                         .meal_g = {45, 70, 80},
                         .bolus_t = {420, 720, 1080},
                         .bolus_u = {45 / cr, 70 / cr, 80 / cr},
                         .basal_u_per_h = factor * s->basal_u_per_h};
    course_fill(&b, m, &q);
  }
  simulated(&b, &y[0][0][0]);
  double worst = 0;
  for (int32_t m = 0; m < T1D_SUBJECT_COUNT; m++)
    for (int i = 0; i < ROWS; i++) worst = fmax(worst, fabs(y[m][i][0] - g[i][m]));
  print_message("%s: 30 subjects, worst difference %.4f mg/dL\n", scenario, worst);
  assert_true(worst < bar_mgdl);
  bed_close(&b);
}

static void subjects__as_simglucose(void **state)
{
  (void)state;
  parity("std", 1);
  parity("basal150", 1.5);
}

/* ---- courses --------------------------------------------------------------------------------- */
/* Reading in stretches of any length gives the edges of one reading, time, port and value. */
static void course__stretches_add_up(void **state)
{
  (void)state;
  bed b;
  bed_open(&b);
  gm_edge whole[256];
  gm_drive part;
  t1d_course *same;
  const rival_day q = day_of(4);
  course_fill(&b, 4, &q);
  if (t1d_course_new(b.ctx, b.model, t1d_subject_at(4)->theta[BW], 0, &same) ||
      rival_course(b.ctx, same, &q) || t1d_course_read(b.course[4], b.ctx, 1440, &part))
    fail_msg("%s", gm_message(b.ctx));
  const int32_t count = part.edge_count;
  assert_true(count > 40 && count < 256);
  memcpy(whole, part.edge, (size_t)count * sizeof *whole);
  int32_t seen = 0;
  for (double t = 0.7; t < 1440.7; t += 0.7) {
    if (t1d_course_read(same, b.ctx, fmin(t, 1440), &part)) fail_msg("%s", gm_message(b.ctx));
    for (int32_t i = 0; i < part.edge_count; i++, seen++) {
      const gm_edge *e = &part.edge[i];
      assert_true(seen < count && e->t == whole[seen].t);
      assert_int_equal(e->kind, whole[seen].kind);
      assert_int_equal(e->port, whole[seen].port);
      assert_true(e->value == whole[seen].value);
    }
  }
  assert_int_equal(seen, count);
  t1d_course_free(same);
  bed_close(&b);
}

/* What lies behind the cursor, is negative or no number is refused and changes nothing. */
static void course__refuses(void **state)
{
  (void)state;
  bed b;
  bed_open(&b);
  gm_drive part;
  t1d_course *c = b.course[0];
  assert_int_equal(t1d_course_read(c, b.ctx, 100, &part), GM_OK);
  assert_int_equal(t1d_course_meal(c, b.ctx, 99, 10), GM_EDOMAIN);
  assert_int_equal(t1d_course_bolus(c, b.ctx, 100, -1), GM_EDOMAIN);
  assert_int_equal(t1d_course_basal(c, b.ctx, NAN, 1), GM_EDOMAIN);
  assert_int_equal(t1d_course_read(c, b.ctx, 99, &part), GM_EDOMAIN);
  assert_int_equal(t1d_course_read(c, b.ctx, 1000, &part), GM_OK);
  assert_int_equal(part.edge_count, 0);
  bed_close(&b);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(meals__as_an_independent_simulation),
      cmocka_unit_test(subjects__as_simglucose),
      cmocka_unit_test(course__stretches_add_up),
      cmocka_unit_test(course__refuses),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
