/* days.c - patient-days a second on one core, in the very run whose glucose is held against
 * simglucose's trajectories: 30 subjects x COPIES, a day of three meals with their boluses.
 * Use: days FOLDER (with t1d/reference in it) */
#include "t1d_course.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { ROWS = 288, COPIES = 32, MEMBERS = T1D_SUBJECT_COUNT * COPIES, BW = 6, PASSES = 7 };
static double y[MEMBERS][ROWS][2], reference[ROWS][T1D_SUBJECT_COUNT];

static void must(gm_status s, gm_ctx *ctx)
{
  if (!s) return;
  fprintf(stderr, "bench: %s\n", gm_message(ctx));
  exit(3);
}

static double cpu_s(void)
{
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static bool reference_read(const char *folder, const char *scenario)
{
  char path[1024], line[8192];
  snprintf(path, sizeof path, "%s/t1d/reference/all30_%s_G_mgdl.csv", folder, scenario);
  FILE *f = fopen(path, "r");
  if (!f) return false;
  int row = -1;
  for (; row < ROWS && fgets(line, sizeof line, f); row++) {
    char *at = line;
    for (int i = 0; i < T1D_SUBJECT_COUNT && row >= 0; i++) {
      at = strchr(at, ',');
      if (!at) break;
      reference[row][i] = strtod(++at, NULL);
    }
  }
  fclose(f);
  return row == ROWS;
}

static void course_fill(gm_ctx *ctx, t1d_course *c, const t1d_subject *s, double factor)
{
  static const double at_min[] = {420, 720, 1080}, size_g[] = {45, 70, 80};
  must(t1d_course_basal(c, ctx, 0, factor * s->basal_u_per_h), ctx);
  for (int i = 0; i < 3; i++) {
    must(t1d_course_meal(c, ctx, at_min[i], size_g[i]), ctx);
    must(t1d_course_bolus(c, ctx, at_min[i], size_g[i] / s->cr_g_per_u), ctx);
  }
}

static void run(const char *isa, const char *scenario, double factor, bool known)
{
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *e;
  t1d_course *course[T1D_SUBJECT_COUNT];
  gm_drive drive[T1D_SUBJECT_COUNT];
  static int32_t of[MEMBERS];
  double at[ROWS], best = INFINITY, worst = 0;
  setenv("GEMEL_ISA", isa, 1);
  setenv("GEMEL_KERNEL", "now", 1);
  must(gm_ctx_new(NULL, &ctx), NULL);
  must(t1d_s2008_new(ctx, NULL, &model), ctx);
  bool kernel = gm_equations_kernel_wait(model);
  must(gm_ensemble_new(ctx, model, NULL, MEMBERS, &e), ctx);
  for (int i = 0; i < ROWS; i++) at[i] = 5 * i;
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++) {
    const t1d_subject *s = t1d_subject_at(i);
    must(t1d_course_new(ctx, model, s->theta[BW], 0, &course[i]), ctx);
    course_fill(ctx, course[i], s, factor);
    must(t1d_course_read(course[i], ctx, 1440, &drive[i]), ctx);
  }
  for (int32_t m = 0; m < MEMBERS; m++) {
    of[m] = m % T1D_SUBJECT_COUNT;
    must(t1d_subject_theta(ctx, t1d_subject_at(of[m]), model, gm_ensemble_theta(e) + m, MEMBERS),
         ctx);
  }
  for (int pass = 0; pass < PASSES; pass++) {
    double begin = cpu_s();
    must(gm_ensemble_init(e, ctx, 0), ctx);
    must(gm_ensemble_advance(e, ctx, 1440, drive, of, at, ROWS, &y[0][0][0]), ctx);
    best = fmin(best, cpu_s() - begin);
  }
  for (int32_t m = 0; m < MEMBERS && known; m++)
    for (int i = 0; i < ROWS; i++) worst = fmax(worst, fabs(y[m][i][0] - reference[i][of[m]]));
  printf("%-8s %-7s %-9s %8.1f us a patient-day %9.0f a second", scenario, isa,
         kernel ? "kernel" : "bytecode", 1e6 * best / MEMBERS, MEMBERS / best);
  if (known)
    printf("   worst difference %.4f mg/dL\n", worst);
  else
    printf("   (no reference at hand)\n");
  for (int32_t i = 0; i < T1D_SUBJECT_COUNT; i++) t1d_course_free(course[i]);
  gm_ensemble_free(e);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

int main(int argc, char **argv)
{
  static const char *const isa[] = {"avx512", "avx2"};
  const char *folder = argc > 1 ? argv[1] : "../shared/data";
  for (int k = 0; k < 2; k++) {
    const char *scenario = k ? "basal150" : "std";
    bool known = reference_read(folder, scenario);
    for (int i = 0; i < 2; i++) run(isa[i], scenario, k ? 1.5 : 1, known);
  }
  return 0;
}
