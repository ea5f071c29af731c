/* main.c - the ensemble benchmark: every problem by CVODE and by Gemel in the same run, one core.
 * usage: ensemble [--json FILE] [--only NAME] [--check] [--data FOLDER]
 * Times are CPU time of the process, the least of three passes. The tolerance of Gemel is found by
 * search: the loosest at which the error goal of the problem is kept (problem.h). Which of Gemel's
 * methods is used is found likewise: the faster one. */
#include "ensemble.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TRIES = 3, ROWS_MAX = 64, ISAS = 3 };
static const char *const isa_names[ISAS] = {"avx512", "avx2", "scalar"};

typedef struct {
  char engine[32], isa[16], code[16];
  double us, rtol, steps; /* a trajectory; steps 0: not known */
  bench_error error;
} row;

typedef struct {
  const problem *p;
  row row[ROWS_MAX];
  int32_t row_count;
  bool same_bytes;
  double latency_ms, overhead;               /* of two threads, in CPU time */
  double goal_rms, goal_max, automatic_rtol; /* rtol 0: the automatic choice never kept the goal */
  double bytecode_cost;                      /* against the kernel, widest instruction set */
  int32_t failed;
  const char *solver;
} result;

static bool has_avx512(void)
{
  __builtin_cpu_init();
  return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
         __builtin_cpu_supports("avx512vl");
}

static double *doubles(size_t count)
{
  double *p = calloc(count, sizeof *p);
  if (!p) abort();
  return p;
}

/* ---- tolerance ------------------------------------------------------------------------------- */
typedef struct {
  double rtol, us;
  bool found;
} setting;

static bool good_enough(const result *r, bench_error e)
{
  return r->p->goal_max > 0 ? e.max <= r->goal_max : e.rms <= r->goal_rms;
}

/* Loosest rtol, in steps of an eighth of a decade, at which the goal is kept. A method that takes
 * seconds on the way (an explicit one on a stiff problem) is given up. */
static setting search(gm_ctx *ctx, const ensemble *e, const result *r, gm_eq_solver solver,
                      const char *isa, const double *reference)
{
  int32_t n = e->p->checked, failed = 0;
  double *y = doubles(ensemble_values(e, n));
  setting out = {0, 0, false};
  for (int32_t i = 12; i < 90 && !out.found; i++) {
    variant v = {.solver = solver, .isa = isa, .rtol = pow(10, -0.125 * i), .threads = 1};
    double used = gemel_run(ctx, e, &v, n, 1, 1, y, &failed);
    if (used > 5) break;
    if (failed) continue;
    if (good_enough(r, ensemble_error(e, n, y, reference))) {
      out = (setting){v.rtol, 0, true};
      v.kernel = true;
      out.us = 1e6 / n * gemel_run(ctx, e, &v, n, 1, TRIES, NULL, &failed);
    }
  }
  free(y);
  return out;
}

static variant choose(gm_ctx *ctx, const ensemble *e, result *r, const double *reference)
{
  static const struct {
    gm_eq_solver solver;
    const char *name;
  } method[] = {{GM_EQ_AUTO, "automatic"}, {GM_EQ_STIFF, "stiff"}, {GM_EQ_EXPLICIT, "explicit"}};
  const char *isa = has_avx512() ? "avx512" : "avx2";
  variant best = {.isa = isa, .threads = 1, .rtol = 1e-6};
  double best_us = INFINITY;
  r->solver = "none kept the goal";
  for (int i = 0; i < 3; i++) {
    if (method[i].solver == GM_EQ_EXPLICIT && e->p->stiff) continue;
    setting s = search(ctx, e, r, method[i].solver, isa, reference);
    fprintf(stderr, "bench: %s: %s: rtol %.1e, %.1f us%s\n", e->p->name, method[i].name, s.rtol,
            s.us, s.found ? "" : " (goal not kept)");
    if (method[i].solver == GM_EQ_AUTO) r->automatic_rtol = s.rtol;
    if (!s.found || s.us >= best_us) continue;
    best_us = s.us;
    best.solver = method[i].solver;
    best.rtol = s.rtol;
    r->solver = method[i].name;
  }
  return best;
}

/* ---- one problem ----------------------------------------------------------------------------- */
static row *new_row(result *r, const char *engine, const char *isa, const char *code)
{
  row *to = &r->row[r->row_count++];
  snprintf(to->engine, sizeof to->engine, "%s", engine);
  snprintf(to->isa, sizeof to->isa, "%s", isa);
  snprintf(to->code, sizeof to->code, "%s", code);
  return to;
}

/* The reference, and CVODE's row. Without CVODE the reference is Gemel's own, tight. */
static double *by_cvode(gm_ctx *ctx, const ensemble *e, result *r)
{
  const problem *p = e->p;
  int32_t n = p->checked;
  double *reference = doubles(ensemble_values(e, n)), steps;
  r->goal_max = p->goal_max;
  if (!cvode_there()) {
    variant tight = {.isa = "avx512", .rtol = 1e-12, .threads = 1};
    gemel_run(ctx, e, &tight, n, 1, 1, reference, &r->failed);
    r->goal_rms = p->rms_without_cvode;
    return reference;
  }
  double *y = doubles(ensemble_values(e, n));
  cvode_run(e, 1e-12, 1e-6 * p->cvode_atol, n, 1, reference, &steps);
  row *to = new_row(r, "CVODE BDF", "x86-64", "C -O2");
  to->us = 1e6 / n * cvode_run(e, p->cvode_rtol, p->cvode_atol, n, TRIES, y, &to->steps);
  to->rtol = p->cvode_rtol;
  to->error = ensemble_error(e, n, y, reference);
  r->goal_rms = to->error.rms;
  free(y);
  return reference;
}

/* What a user gets who names no method, where another one is faster. */
static void by_default(gm_ctx *ctx, const ensemble *e, result *r, variant v,
                       const double *reference)
{
  if (v.solver == GM_EQ_AUTO || r->automatic_rtol == 0) return;
  int32_t n = e->p->checked, failed;
  double *y = doubles(ensemble_values(e, n));
  v.solver = GM_EQ_AUTO;
  v.kernel = true;
  v.rtol = r->automatic_rtol;
  row *to = new_row(r, "Gemel auto", v.isa, "kernel");
  to->us = 1e6 / n * gemel_run(ctx, e, &v, n, 1, TRIES, y, &failed);
  to->rtol = v.rtol;
  to->error = ensemble_error(e, n, y, reference);
  r->failed += failed;
  free(y);
}

/* Gemel's rows: every instruction set of this processor, kernel and bytecode. */
static void by_gemel(gm_ctx *ctx, const ensemble *e, result *r, variant v, const double *reference)
{
  const problem *p = e->p;
  size_t values = ensemble_values(e, p->patients);
  double *first = doubles(values), *y = doubles(values);
  r->same_bytes = true;
  for (int i = has_avx512() ? 0 : 1; i < ISAS; i++)
    for (int kernel = 1; kernel >= 0; kernel--) {
      int32_t n = strcmp(isa_names[i], "scalar") ? p->patients : p->checked, failed;
      v.isa = isa_names[i];
      v.kernel = kernel;
      row *to = new_row(r, "Gemel", v.isa, kernel ? "kernel" : "bytecode");
      to->us = 1e6 / n * gemel_run(ctx, e, &v, n, 1, TRIES, y, &failed);
      to->rtol = v.rtol;
      to->error = ensemble_error(e, p->checked, y, reference);
      r->failed += failed;
      if (r->row_count == 1 + cvode_there()) memcpy(first, y, values * sizeof *y);
      r->same_bytes &= !memcmp(first, y, ensemble_values(e, n) * sizeof *y);
    }
  free(first);
  free(y);
}

/* CPU time of two threads against one: the patients over and over, so that one pass takes a good
 * part of a second; the two are measured in turn. */
static double two_threads(gm_ctx *ctx, const ensemble *e, variant v, double us)
{
  int32_t n = e->p->patients, failed;
  double wanted = 3e5 / (us * n);
  int32_t repeats = wanted < 1 ? 1 : wanted > 64 ? 64 : (int32_t)wanted;
  double least[2] = {INFINITY, INFINITY};
  v.kernel = true;
  for (int i = 0; i < TRIES; i++)
    for (int k = 0; k < 2; k++) {
      v.threads = 1 + k;
      least[k] = fmin(least[k], gemel_run(ctx, e, &v, n, repeats, 1, NULL, &failed));
    }
  return least[1] / least[0] - 1;
}

static void measure(gm_ctx *ctx, const problem *p, const char *folder, result *r)
{
  ensemble e;
  ensemble_make(ctx, p, folder, &e);
  fprintf(stderr, "bench: %s: reference and CVODE\n", p->name);
  r->p = p;
  double *reference = by_cvode(ctx, &e, r);
  variant v = choose(ctx, &e, r, reference);
  by_gemel(ctx, &e, r, v, reference);
  v.isa = has_avx512() ? "avx512" : "avx2";
  const row *widest = &r->row[cvode_there()];
  r->bytecode_cost = widest[1].us / widest[0].us;
  by_default(ctx, &e, r, v, reference);
  r->overhead = two_threads(ctx, &e, v, widest->us);
  r->latency_ms = gemel_latency_ms(ctx, &e, &v);
  free(reference);
  ensemble_free(&e);
}

/* ---- what is shown --------------------------------------------------------------------------- */
static void print(const result *r)
{
  const problem *p = r->p;
  double cvode_us = cvode_there() ? r->row[0].us : NAN;
  printf("\n%s: %s; %d patients, %d states, %d rows to %g; method: %s\n", p->name, p->about,
         (int)p->patients, (int)p->nx, (int)p->sample_count, p->t_end, r->solver);
  printf("  %-10s %-7s %-9s %13s %8s %8s %10s %10s %8s %6s\n", "engine", "isa", "code",
         "us/trajectory", "all, s", "gain", "rms error", "max error", "rtol", "steps");
  for (int32_t i = 0; i < r->row_count; i++) {
    const row *w = &r->row[i];
    printf("  %-10s %-7s %-9s %13.2f %8.3f ", w->engine, w->isa, w->code, w->us,
           1e-6 * w->us * p->patients);
    if (cvode_there())
      printf("%7.1fx ", cvode_us / w->us);
    else
      printf("%8s ", "-");
    printf("%10.2e %10.2e %8.1e ", w->error.rms, w->error.max, w->rtol);
    if (w->steps > 0)
      printf("%6.0f\n", w->steps);
    else
      printf("%6s\n", "-");
  }
  printf("  the same bytes on every instruction set, with and without kernel: %s\n",
         r->same_bytes ? "yes" : "NO");
  printf("  from file to first trajectory without a compiler: %.2f ms; two threads: %+.1f %% CPU; "
         "bytecode: %.1f times the kernel\n",
         r->latency_ms, 100 * r->overhead, r->bytecode_cost);
  if (r->failed) printf("  NOT CARRIED TO THE END: %d members\n", (int)r->failed);
}

static void number(FILE *f, const char *name, double value, const char *behind)
{
  if (isfinite(value))
    fprintf(f, "\"%s\": %.6g%s", name, value, behind);
  else
    fprintf(f, "\"%s\": null%s", name, behind);
}

static void json_row(FILE *f, const row *w, double cvode_us, bool last)
{
  fprintf(f, "      {\"engine\": \"%s\", \"isa\": \"%s\", \"code\": \"%s\", ", w->engine, w->isa,
          w->code);
  number(f, "us_per_trajectory", w->us, ", ");
  number(f, "gain", cvode_us / w->us, ", ");
  number(f, "rms_error", w->error.rms, ", ");
  number(f, "max_error", w->error.max, ", ");
  number(f, "rtol", w->rtol, ", ");
  number(f, "steps", w->steps > 0 ? w->steps : NAN, last ? "}\n" : "},\n");
}

static bool json(const char *path, const result *r, int32_t count, bool adults)
{
  FILE *f = fopen(path, "w");
  if (!f) return false;
  fprintf(f, "{\"cvode\": \"%s\", \"avx512\": %s, \"glucose_adults\": \"%s\",\n \"problems\": [\n",
          cvode_version(), has_avx512() ? "true" : "false", adults ? "table" : "text");
  for (int32_t i = 0; i < count; i++) {
    const problem *p = r[i].p;
    fprintf(f, "   {\"name\": \"%s\", \"patients\": %d, \"checked\": %d, \"states\": %d,\n",
            p->name, (int)p->patients, (int)p->checked, (int)p->nx);
    fprintf(f, "    \"rows\": %d, \"method\": \"%s\", \"same_bytes\": %s, \"failed\": %d,\n    ",
            (int)p->sample_count, r[i].solver, r[i].same_bytes ? "true" : "false",
            (int)r[i].failed);
    number(f, "latency_ms", r[i].latency_ms, ", ");
    number(f, "bytecode_to_kernel", r[i].bytecode_cost, ", ");
    number(f, "two_thread_cpu_overhead", r[i].overhead, ",\n    \"runs\": [\n");
    for (int32_t k = 0; k < r[i].row_count; k++)
      json_row(f, &r[i].row[k], cvode_there() ? r[i].row[0].us : NAN, k + 1 == r[i].row_count);
    fprintf(f, "    ]}%s\n", i + 1 < count ? "," : "");
  }
  fprintf(f, " ]}\n");
  bool good = !ferror(f);
  return fclose(f) == 0 && good;
}

typedef struct {
  const char *json, *only, *data, *models;
  bool check;
} options;

static bool read_options(int argc, char **argv, options *o)
{
  const char *data = getenv("GEMEL_DATA");
  *o = (options){.data = data ? data : "../shared/data", .models = "bench/models"};
  for (int i = 1; i < argc; i++) {
    const char **to = !strcmp(argv[i], "--json")     ? &o->json
                      : !strcmp(argv[i], "--only")   ? &o->only
                      : !strcmp(argv[i], "--data")   ? &o->data
                      : !strcmp(argv[i], "--models") ? &o->models
                                                     : NULL;
    if (!strcmp(argv[i], "--check"))
      o->check = true;
    else if (to && i + 1 < argc)
      *to = argv[++i];
    else
      return false;
  }
  return true;
}

int main(int argc, char **argv)
{
  static const problem *const all[] = {&bench_robertson, &bench_glucose, &bench_bachmann,
                                       &bench_pkpd};
  static result r[4];
  options o;
  gm_ctx *ctx;
  if (!read_options(argc, argv, &o)) {
    fprintf(stderr, "use: ensemble [--check] [--json FILE] [--only NAME] [--data FOLDER] "
                    "[--models FOLDER]\n");
    return 2;
  }
  if (gm_ctx_new(NULL, &ctx)) return 3;
  int code = 0;
  int32_t count = 0;
  bool adults = bench_glucose_adults(o.data);
  if (o.check) {
    code = bench_check(ctx, o.models, o.data) > 0;
  } else {
    printf("Ensembles on one core; CVODE: %s; error: relative to %s at rtol 1e-12, floor 1e-6 of "
           "the largest value\nglucose: %s\n",
           cvode_version(), cvode_there() ? "CVODE" : "Gemel itself",
           adults ? "the simulator's ten adults" : "variations of the text's own values");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
      if (!o.only || !strcmp(o.only, all[i]->name)) {
        measure(ctx, all[i], o.models, &r[count]);
        print(&r[count++]);
        fflush(stdout);
      }
    if (count == 0) {
      fprintf(stderr, "bench: --only %s: robertson, glucose, bachmann or pkpd is expected\n",
              o.only);
      code = 2;
    }
    for (int32_t i = 0; i < count; i++) code |= r[i].failed > 0 || !r[i].same_bytes;
    if (o.json && !json(o.json, r, count, adults)) {
      fprintf(stderr, "bench: cannot write %s\n", o.json);
      code = 2;
    }
  }
  gm_ctx_free(ctx);
  return code;
}
