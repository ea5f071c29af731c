/* ensemble.h - the patients of a problem, and the two engines that run them. */
#ifndef BENCH_ENSEMBLE_H
#define BENCH_ENSEMBLE_H
#include "problem.h"

typedef struct {
  const problem *p;
  char *path, *text;     /* owned: by malloc, by gm_file_read */
  double *theta;         /* [np][patients]; owned */
  gm_timeline *timeline; /* [patients]; owned */
} ensemble;

/* All failures end the program with a message. */
void ensemble_make(gm_ctx *ctx, const problem *p, const char *folder, ensemble *out);
void ensemble_free(ensemble *e);
size_t ensemble_values(const ensemble *e, int32_t patients); /* doubles of their results */
double bench_cpu_s(void);                                    /* of the process, all its threads */
/* The caller frees it with gm_free. */
char *bench_read_file(gm_ctx *ctx, const char *path);

/* ---- Gemel ----------------------------------------------------------------------------------- */
typedef struct {
  gm_eq_solver solver;
  const char *isa; /* GEMEL_ISA: "avx512", "avx2", "scalar" */
  bool kernel;     /* false: bytecode only */
  double rtol;
  int32_t threads;
} variant;

/* Runs the first n patients repeats times over, tries times; y[n][samples][outputs] or NULL: not
 * wanted. Returns the least CPU seconds of one pass over the patients. *failed: members that were
 * not carried to the end. */
double gemel_run(gm_ctx *ctx, const ensemble *e, const variant *v, int32_t n, int32_t repeats,
                 int32_t tries, double *y, int32_t *failed);
/* Milliseconds of wall clock from the file to the first patient's results, least of five; no
 * compiler. */
double gemel_latency_ms(gm_ctx *ctx, const ensemble *e, const variant *v);

/* ---- CVODE: one problem a patient, its memory used again, a restart at every edge ------------ */
/* Whether the program has it. */
bool cvode_there(void);
const char *cvode_version(void);
/* As gemel_run. *steps: mean of a trajectory. */
double cvode_run(const ensemble *e, double rtol, double atol, int32_t n, int32_t tries, double *y,
                 double *steps);

/* ---- error ----------------------------------------------------------------------------------- */
typedef struct {
  double max, rms;
} bench_error;
/* Relative, with a floor of 1e-6 of the largest value of that output in that patient. */
bench_error ensemble_error(const ensemble *e, int32_t n, const double *y, const double *reference);

/* check.c: the texts against the C code and published values. Returns how many claims fail. */
int32_t bench_check(gm_ctx *ctx, const char *folder, const char *data);
#endif
