/* verb_sensitivity.c - gemel sensitivity: where the spread of an output comes from. */
#include "cli/sensitivity.h"
#include "gemel/math.h"
#include <math.h>
#include <stdio.h>
#include <time.h>

enum { POINTS_MAX = 8192, TRIAL = 16 };

/* Morris's grid keeps away from the ends of a law that has none. */
static const double edge_unbounded = 0.01;

/* ---- the model as a black box ---------------------------------------------------------------- */
static gm_status no_number(const sensitivity *a, gm_ctx *ctx, const double *z, int32_t output,
                           double value)
{
  gm_text at;
  gm_text_init(&at, ctx);
  for (int32_t d = 0; d < a->f.dim && d < 12; d++)
    gm_text_addf(&at, "%s%.60s = %.10g", d ? ", " : "", a->unknown[d].name,
                 gm_unknown_value(&a->unknown[d], z[d]));
  gm_status s =
      gm_fail(ctx, GM_ENUMERIC,
              "%s is %g with %s%s: a number is expected (--leave-out goes on without "
              "such runs)",
              a->name[output], value, at.data ? at.data : "", a->f.dim > 12 ? ", ..." : "");
  gm_text_free(&at);
  return s;
}

/* Points of the unit cube through the normal quantile to the coordinates of the system; the ends
 * of the cube are those of gm_unknown_coordinate. */
static gm_status eval(void *user, gm_ctx *ctx, int32_t n, const double *u,
                      const uint64_t *replicate, double *y)
{
  sensitivity *a = user;
  int32_t outputs = a->info.output_count;
  for (int32_t at = 0; at < n; at += a->points_max) {
    int32_t part = n - at < a->points_max ? n - at : a->points_max;
    for (ptrdiff_t i = 0; i < (ptrdiff_t)part * a->f.dim; i++)
      a->z[i] = fmin(fmax(gm_norm_quantile(u[(ptrdiff_t)at * a->f.dim + i]), -8.2), 8.2);
    gm_status s =
        gm_system_simulate(&a->system, ctx, part, a->z, replicate + at, &a->at, 1, a->y, NULL);
    if (s) return s;
    for (int32_t m = 0; m < part; m++)
      for (int32_t o = 0; o < a->f.output_count; o++) {
        double v = a->y[(ptrdiff_t)m * outputs + a->row[o]];
        y[(ptrdiff_t)(at + m) * a->f.output_count + o] = v;
        if (!isfinite(v) && !a->leave_out)
          return no_number(a, ctx, a->z + (ptrdiff_t)m * a->f.dim, o, v);
      }
  }
  return GM_OK;
}

static double seconds(void)
{
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* Points a call of about half a second, so that Ctrl-C is heard and the bar moves: a few runs in
 * the middle of the cube are timed. No number of a result depends on it. */
static gm_status batch_choose(sensitivity *a, int32_t *out)
{
  gm_ctx *ctx = a->c->ctx;
  double *u = gm_arena_get(a->arena, (ptrdiff_t)TRIAL * a->f.dim, sizeof *u);
  double *y = gm_arena_get(a->arena, (ptrdiff_t)TRIAL * a->f.output_count, sizeof *y);
  uint64_t *key = gm_arena_get(a->arena, TRIAL, sizeof *key);
  if (!u || !y || !key) return gm_fail(ctx, GM_ENOMEM, "points");
  for (ptrdiff_t i = 0; i < (ptrdiff_t)TRIAL * a->f.dim; i++) u[i] = 0.5;
  for (uint64_t m = 0; m < TRIAL; m++) key[m] = m;
  double begin = seconds();
  gm_status s = eval(a, ctx, TRIAL, u, key, y);
  double each = (seconds() - begin) / TRIAL;
  double points = each > 0 ? 0.5 / each : POINTS_MAX;
  *out = points < TRIAL ? TRIAL : points > POINTS_MAX ? POINTS_MAX : (int32_t)points;
  return s;
}

/* ---- the methods ----------------------------------------------------------------------------- */
static gm_status work(sensitivity *a, int32_t batch)
{
  const cli *c = a->c;
  if (a->method == SENSITIVITY_MORRIS) {
    gm_morris_options o = {.seed = c->seed,
                           .trajectory_count = a->trajectories,
                           .leave_out = a->leave_out,
                           .batch_max = batch,
                           .watch = &c->watch};
    for (int32_t d = 0; d < a->f.dim; d++)
      if (a->unknown[d].law != GM_PRIOR_UNIFORM) o.edge = edge_unbounded;
    return gm_morris_run(c->ctx, &a->f, &o, &a->morris);
  }
  if (a->method == SENSITIVITY_SHAPLEY) {
    gm_shapley_options o = {.seed = c->seed,
                            .log2_rows = a->log2_rows,
                            .replicate_count = a->nets,
                            .leave_out = a->leave_out,
                            .batch_max = batch,
                            .watch = &c->watch};
    return gm_shapley_run(c->ctx, &a->f, &o, &a->shapley);
  }
  gm_sobol_options o = {.seed = c->seed,
                        .second = a->pairs,
                        .log2_rows = a->log2_rows,
                        .replicate_count = a->nets,
                        .leave_out = a->leave_out,
                        .batch_max = batch,
                        .watch = &c->watch};
  return gm_sobol_run(c->ctx, &a->f, &o, &a->sobol);
}

static gm_status go(sensitivity *a)
{
  int32_t batch = 0;
  gm_status s = sensitivity_ask(a);
  if (s) return s;
  gm_ctx *ctx = a->c->ctx;
  a->points_max = POINTS_MAX;
  while (a->points_max > 64 &&
         (double)a->points_max * (a->f.dim + a->info.output_count) > 4 * 1024 * 1024)
    a->points_max /= 2;
  a->f.eval = eval;
  a->f.user = a;
  a->z = gm_alloc(ctx, (ptrdiff_t)a->points_max * a->f.dim, sizeof *a->z);
  a->y = gm_alloc(ctx, (ptrdiff_t)a->points_max * a->info.output_count, sizeof *a->y);
  if (!a->z || !a->y) return gm_fail(ctx, GM_ENOMEM, "%d runs at a time", (int)a->points_max);
  cli_progress_begin(&a->c->progress, "runs", 0);
  s = batch_choose(a, &batch);
  if (!s) s = work(a, batch);
  cli_progress_end(&a->c->progress);
  return s;
}

static int run(cli *c)
{
  sensitivity a = {.c = c};
  gm_status s = gm_arena_new(c->ctx, 1 << 14, &a.arena);
  int code = CLI_DONE;
  if (!s) s = go(&a);
  if (s) {
    code = cli_fail(c, s);
  } else {
    sensitivity_show(&a);
    const gm_sens_count *n = sensitivity_count(&a);
    if (!n->complete)
      code = cli_say(c, CLI_NO,
                     "stopped: %lld of %lld runs done; the result is that of the parts that were "
                     "complete, with wider intervals",
                     (long long)n->runs, (long long)a.runs);
  }
  gm_sobol_shares_free(a.sobol);
  gm_morris_free(a.morris);
  gm_shapley_free(a.shapley);
  gm_free(a.z);
  gm_free(a.y);
  gm_model_free(a.model);
  gm_arena_free(a.arena);
  return code;
}

static const cli_option options[] = {
    {"vary", "NAME=LAW", "a parameter and its law: LOW..HIGH, normal:M,SD, lognormal:M,SD", true},
    {"output", "EXPR", "names or expressions, with commas between; NAME=EXPR too", true},
    {"at", "T", "the time at which the outputs are taken", false},
    {"method", "WORD", "sobol, morris or shapley (default sobol)", false},
    {"pairs", NULL, "sobol: the interaction of every pair of inputs too", false},
    {"kind", "WORD", "jump: the reactions as random jumps; compiled: a shared object in C", false},
    {"runs", "N", "at most so many runs of the model", false},
    {"set", "NAME=VALUE", "a parameter that is not varied", true},
    {"leave-out", NULL, "go on without runs whose output is no number", false},
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_sensitivity = {
    .name = "sensitivity",
    .summary = "where the spread of an output comes from, noise included",
    .use = "MODEL --vary NAME=LOW..HIGH [--vary ...] --output EXPR --at T [OPTIONS]",
    .details =
        "A model is a text (.ant), SBML (.xml), or YAML of the kinds network and queue. Inputs are "
        "varied\nindependently; a model that moves by chance has its noise as one more input:\n\n"
        "  gemel sensitivity sir.ant --kind jump --vary beta=0.6..1.2 --vary gamma=0.2..0.5 \\\n"
        "    --output \"new = 47 - S\" --at 28\n"
        "  gemel sensitivity pk.ant --vary CL=lognormal:0.13,0.3 --vary V=5..10 --output C --at 24 "
        "\\\n    --method morris\n\n"
        "The SD of a lognormal law is that of the logarithm. Ctrl-C keeps what is done (code 1).\n",
    .option = options,
    .argument_count = 1,
    .argument_flags = GM_OPTION_READ,
    .run = run};
