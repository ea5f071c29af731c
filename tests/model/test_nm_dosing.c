/* The dosing scenarios of data/pharma/nm_dosing_1001_*: NONMEM 7.4 output, 5 significant digits.
 * Parameters CL 1.1, V 20, KA 1.5; CP = A2/V*1000. Also a few cases of our own, by formulas. */
#include "gemel/equations.h"
#include "gemel/schedule.h"
#include "support/data.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static const char text[] = "model pk\n"
                           "  KA = 1.5; CL = 1.1; V = 20\n"
                           "  depot = 0; cent = 0\n"
                           "  depot' = -KA*depot\n"
                           "  cent' = KA*depot - CL/V*cent\n"
                           "end\n";
static const gm_eq_output output[] = {{.name = "CP", .expression = "cent/V*1000", .where = "test"}};

enum { ROWS_MAX = 400, COLUMNS = 16 };
typedef struct {
  double v[COLUMNS]; /* ID time evid amt cmt ss ii addl rate LAGT MODE DUR2 RAT2 BIOAV */
} row;

static int read_rows(const char *path, row *rows, int room, int id, int skip_columns)
{
  FILE *f = fopen(path, "r");
  assert_non_null(f);
  char line[1024];
  int n = 0;
  assert_non_null(fgets(line, sizeof line, f));
  while (fgets(line, sizeof line, f)) {
    row r = {{0}};
    int c = 0;
    for (char *p = strtok(line, ",\n"); p; p = strtok(NULL, ",\n"), c++)
      if (c >= skip_columns && c - skip_columns < COLUMNS)
        r.v[c - skip_columns] = strcmp(p, ".") ? strtod(p, NULL) : NAN;
    if ((int)r.v[0] == id && n < room) rows[n++] = r;
  }
  fclose(f);
  return n;
}

static gm_event event_of(const row *r, int order)
{
  gm_event e = {.t = r->v[1],
                .amount = r->v[3],
                .interval = r->v[6],
                .additional = (int)r->v[7],
                .steady = (int)r->v[5],
                .port = (int)r->v[4] - 1,
                .order = order,
                .kind = (gm_event_kind)(int)r->v[2]};
  e.rate = r->v[8] > 0 ? r->v[8] : 0;
  e.mode = r->v[8] == -1 ? GM_DOSE_RATE_MODELLED : r->v[8] == -2 ? GM_DOSE_DURATION_MODELLED : 0;
  return e;
}

static void run_scenario(gm_ctx *ctx, gm_runner *runner, const char *folder, int id, int *compared)
{
  row rows[ROWS_MAX], expected[ROWS_MAX];
  char path[600];
  snprintf(path, sizeof path, "%s/pharma/nm_dosing_1001_data.csv", folder);
  int n = read_rows(path, rows, ROWS_MAX, id, 1);
  snprintf(path, sizeof path, "%s/pharma/nm_dosing_1001_nonmem.csv", folder);
  int ne = read_rows(path, expected, ROWS_MAX, id, 0);
  assert_int_equal(n, ne);
  gm_event event[ROWS_MAX];
  gm_effect effect[ROWS_MAX];
  double sample[ROWS_MAX], y[ROWS_MAX];
  int32_t order[ROWS_MAX];
  int events = 0;
  for (int i = 0; i < n; i++) {
    sample[i] = rows[i].v[1];
    order[i] = i + 1; /* a dose record shows the state after its dose */
    if (rows[i].v[2] == 0) continue;
    effect[events] = gm_effect_none(); /* the control stream sets F2, ALAG2, D2, R2 only */
    if (rows[i].v[4] == 2)
      effect[events] = (gm_effect){rows[i].v[9], rows[i].v[13], rows[i].v[11], rows[i].v[12], 0};
    event[events++] = event_of(&rows[i], i);
  }
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_begin = 0,
                           .t_end = sample[n - 1],
                           .event = event,
                           .effect = effect,
                           .sample = sample,
                           .sample_order = order,
                           .event_count = events,
                           .sample_count = n,
                           .port_count = 2};
  gm_status s = gm_timeline_build(ctx, &spec, &timeline);
  if (s) fail_msg("%s", gm_message(ctx));
  double theta[3] = {1.5, 1.1, 20};
  int8_t status;
  gm_run run = {.n = 1, .timeline = &timeline, .theta = theta, .y = y, .status = &status};
  assert_int_equal(gm_runner_run(runner, ctx, &run), GM_OK);
  assert_int_equal(status, 0);
  for (int i = 0; i < n; i++) {
    /* printed with 5 significant digits: half a unit of the fifth, and a rounding of ours */
    double want = expected[i].v[2], unit = want > 0 ? pow(10, floor(log10(want)) - 4) : 1e-9;
    if (fabs(y[i] - want) > 0.5001 * unit)
      fail_msg("scenario %d time %g: %.8g, NONMEM prints %.5g", id, sample[i], y[i], want);
    ++*compared;
  }
  gm_timeline_free(&timeline);
}

static void run_all(gm_eq_solver solver)
{
  const char *folder = data_folder();
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  if (!folder) {
    data_skip("pharma/nm_dosing_1001", 29);
    gm_ctx_free(ctx);
    return;
  }
  gm_eq_config config = {.text = text,
                         .output = output,
                         .output_count = 1,
                         .solver = solver,
                         .rtol = 1e-10,
                         .atol = 1e-10};
  gm_model *model = NULL;
  gm_status s = gm_model_new(ctx, &gm_equations, &config, &model);
  if (s) fail_msg("%s", gm_message(ctx));
  gm_runner *runner;
  assert_int_equal(gm_runner_new(ctx, model, NULL, &runner), GM_OK);
  int compared = 0;
  for (int id = 1; id <= 29; id++) run_scenario(ctx, runner, folder, id, &compared);
  print_message("%d values of 29 scenarios agree\n", compared);
  gm_runner_free(runner);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

/* Every scenario agrees with NONMEM to its 5 printed digits, in closed form. */
static void nm_dosing__closed_form_agrees(void **state)
{
  (void)state;
  run_all(GM_EQ_AUTO);
}

/* And so it does by numerical integration. */
static void nm_dosing__integrator_agrees(void **state)
{
  (void)state;
  run_all(GM_EQ_EXPLICIT);
}

/* Weight that changes at every record, next value carried backward: CL = 1.1 (WT/70)^0.75. */
static void nm_timevarying__weight_agrees(void **state)
{
  (void)state;
  const char *folder = data_folder();
  if (!folder) {
    data_skip("pharma/nm_timevarying_2001", 1);
    return;
  }
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  row rows[64], expected[64]; /* ID time WT evid amt cmt ss ii addl rate ...; ID TIME WT CL CP */
  char path[600];
  snprintf(path, sizeof path, "%s/pharma/nm_timevarying_2001_data.csv", folder);
  int n = read_rows(path, rows, 64, 1, 1);
  snprintf(path, sizeof path, "%s/pharma/nm_timevarying_2001_nonmem.csv", folder);
  assert_int_equal(read_rows(path, expected, 64, 1, 0), n);
  gm_eq_config config = {.text = text, .output = output, .output_count = 1};
  gm_model *model;
  gm_runner *runner;
  assert_int_equal(gm_model_new(ctx, &gm_equations, &config, &model), GM_OK);
  assert_int_equal(gm_runner_new(ctx, model, NULL, &runner), GM_OK);
  gm_switch change[64];
  double sample[64], y[64], theta[3] = {1.5, 0, 20};
  int32_t order[64], changes = 0;
  for (int i = 0; i < n; i++) {
    double cl = 1.1 * pow(rows[i].v[2] / 70, 0.75);
    sample[i] = rows[i].v[1];
    order[i] = i + 1;
    if (i == 0) theta[1] = cl;
    if (i) change[changes++] = (gm_switch){.t = rows[i - 1].v[1], .value = cl, .parameter = 1};
  }
  gm_event dose = {.t = 0,
                   .amount = rows[0].v[4],
                   .interval = rows[0].v[7],
                   .input = -1,
                   .additional = (int32_t)rows[0].v[8],
                   .kind = GM_EVENT_DOSE};
  gm_timeline timeline = {0};
  gm_timeline_spec spec = {.t_end = sample[n - 1],
                           .event = &dose,
                           .change = change,
                           .sample = sample,
                           .sample_order = order,
                           .event_count = 1,
                           .change_count = changes,
                           .sample_count = n,
                           .port_count = 2};
  assert_int_equal(gm_timeline_build(ctx, &spec, &timeline), GM_OK);
  int8_t status;
  gm_run run = {.n = 1, .timeline = &timeline, .theta = theta, .y = y, .status = &status};
  assert_int_equal(gm_runner_run(runner, ctx, &run), GM_OK);
  for (int i = 0; i < n; i++) {
    double want = expected[i].v[4], unit = want > 0 ? pow(10, floor(log10(want)) - 4) : 1e-9;
    if (fabs(y[i] - want) > 0.5001 * unit)
      fail_msg("time %g: %.8g, NONMEM prints %.5g", sample[i], y[i], want);
  }
  gm_timeline_free(&timeline);
  gm_runner_free(runner);
  gm_model_free(model);
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nm_dosing__closed_form_agrees),
      cmocka_unit_test(nm_dosing__integrator_agrees),
      cmocka_unit_test(nm_timevarying__weight_agrees),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
