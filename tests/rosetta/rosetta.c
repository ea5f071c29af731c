/* rosetta.c - the five models, and the table. */
#include "rosetta/rosetta.h"
#include "support/sir_agents.h"
#include "support/sir_jump.h"
#include "support/sir_network.h"
#include "support/sir_queue.h"
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <cmocka.h>

const char *const rosetta_kind[KIND_COUNT] = {"jump", "agents", "queue", "network",
                                              "equations (limit)"};

gm_status rosetta_open(rosetta *r, bool full)
{
  *r = (rosetta){.infected = SIR_I0, .full = full};
  gm_status s = gm_ctx_new(NULL, &r->ctx);
  if (!s) s = gm_pool_new(r->ctx, 0, &r->pool);
  if (!s) s = sir_jump_new(r->ctx, false, &r->model[KIND_JUMP]);
  if (!s) s = sir_agents_make(r->ctx, SIR_N, &r->infected, &r->model[KIND_AGENTS]);
  if (!s) s = sir_queue_new(r->ctx, 0.9, 0.3, SIR_N, SIR_I0, &r->model[KIND_QUEUE]);
  if (!s) s = sir_network_new(r->ctx, SIR_N, SIR_I0, 0.9, 0.3, &r->model[KIND_NETWORK]);
  if (!s) s = sir_jump_new(r->ctx, true, &r->model[KIND_ODE]);
  return s;
}

void rosetta_close(rosetta *r)
{
  for (int k = 0; k < KIND_COUNT; k++) gm_model_free(r->model[k]);
  gm_pool_free(r->pool);
  gm_ctx_free(r->ctx);
}

static int32_t row_of(const gm_model *m, gm_table which, const char *name)
{
  int32_t row = gm_model_find(m, which, name);
  if (row < 0) fail_msg("no %s", name);
  return row;
}

gm_system rosetta_system(rosetta *r, int32_t kind, int32_t days, int32_t unknowns)
{
  const gm_model *m = r->model[kind];
  r->sensor = (gm_sensor){.name = "tests",
                          .output = row_of(m, GM_TABLE_OUTPUT, "I"),
                          .law = GM_SENSE_BINOMIAL,
                          .p0 = 0.6,
                          .parameter0 = -1,
                          .parameter1 = -1};
  r->unknown[0] = (gm_unknown){.name = "beta",
                               .parameter = row_of(m, GM_TABLE_PARAMETER, "beta"),
                               .law = GM_PRIOR_LOGNORMAL,
                               .center = 0.8,
                               .spread = 0.5};
  r->unknown[1] = (gm_unknown){.name = "gamma",
                               .parameter = row_of(m, GM_TABLE_PARAMETER, "gamma"),
                               .law = GM_PRIOR_LOGNORMAL,
                               .center = 0.3,
                               .spread = 0.3};
  for (int32_t i = 0; i < days; i++)
    r->reading[i] = (gm_reading){.t = i + 1, .value = sir_tests[i]};
  return (gm_system){.model = m,
                     .pool = r->pool,
                     .unknown = r->unknown,
                     .unknown_count = unknowns,
                     .sensor = &r->sensor,
                     .sensor_count = 1,
                     .reading = r->reading,
                     .reading_count = days,
                     .seed = 50};
}

/* ---- the table ------------------------------------------------------------------------------- */
void rosetta_head(void)
{
  printf("\n%-22s %-26s %12s", "method", "quantity", "exact");
  for (int k = 0; k < KIND_COUNT; k++) printf("  %20s", rosetta_kind[k]);
  printf("\n");
}

static void row_show(rosetta *r, const char *method, const char *quantity, const char *exact,
                     const answer a[KIND_COUNT], const bool off[KIND_COUNT])
{
  char text[64];
  r->rows++;
  printf("%-22s %-26s %12s", method, quantity, exact);
  for (int k = 0; k < KIND_COUNT; k++) {
    bool asked = !isnan(a[k].value);
    r->answers += asked && k != KIND_ODE;
    if (asked && a[k].error > 0)
      snprintf(text, sizeof text, "%.5g +- %.2g%s", a[k].value, a[k].error, off[k] ? " (!)" : "");
    else
      snprintf(text, sizeof text, asked ? "%.5g%s" : "-", a[k].value, off[k] ? " (!)" : "");
    printf("  %20s", text);
    r->wrong += off[k];
  }
  printf("\n");
  fflush(stdout);
}

void rosetta_row(rosetta *r, const char *method, const char *quantity, double exact,
                 const answer a[KIND_COUNT], double slack)
{
  char text[32];
  bool off[KIND_COUNT] = {false};
  for (int k = 0; k < KIND_ODE; k++)
    off[k] = !isnan(a[k].value) && !(fabs(a[k].value - exact) <= fmax(4 * a[k].error, slack));
  snprintf(text, sizeof text, "%.6g", exact);
  row_show(r, method, quantity, text, a, off);
}

void rosetta_range(rosetta *r, const char *method, const char *quantity, double low, double high,
                   const answer a[KIND_COUNT])
{
  char text[32];
  bool off[KIND_COUNT] = {false};
  for (int k = 0; k < KIND_ODE; k++)
    off[k] = !isnan(a[k].value) &&
             !(a[k].value >= low - 4 * a[k].error && a[k].value <= high + 4 * a[k].error);
  snprintf(text, sizeof text, "%.4g..%.4g", low, high);
  row_show(r, method, quantity, text, a, off);
}
