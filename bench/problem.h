/* problem.h - one problem of the benchmark. It is said twice: as text (models/NAME.ant), which
 * Gemel runs, and in C by hand, which CVODE runs; the two must agree (check.c).
 * Order of parameters and states: that of the text. */
#ifndef BENCH_PROBLEM_H
#define BENCH_PROBLEM_H
#include "gemel/equations.h"
#include "gemel/rand.h"
#include "gemel/schedule.h"

enum { STATE_MAX = 32, PARAMETER_MAX = 64, COURSE_MAX = 64 };

/* What is done to one patient. */
typedef struct {
  gm_event event[COURSE_MAX];
  gm_switch change[COURSE_MAX];
  int32_t event_count, change_count;
} course;

typedef struct {
  const char *name, *about;
  bool stiff;       /* an explicit method is not even tried */
  int32_t patients; /* Gemel runs these */
  int32_t checked;  /* CVODE and the error measure take the first of them */
  int32_t nx, np, ny;
  const char *const *parameter; /* [np] */
  const gm_eq_output *output;   /* [ny] */
  const double *sample;         /* [sample_count]; NULL: evenly from sample_first to t_end */
  int32_t sample_count;
  double sample_first, t_end;
  /* CVODE runs at cvode_rtol and cvode_atol: the atol that serves it best at that rtol, in time
   * and error together. Gemel runs at the loosest rtol that keeps the goal, atol = rtol*atol_share.
   * goal_max > 0: no relative error is larger; 0: the rms error is not above that of CVODE. */
  double cvode_rtol, cvode_atol, atol_share, goal_max;
  double rms_without_cvode; /* the goal where CVODE is not there: its rms error as measured once */
  /* One patient; theta holds the text's values. */
  void (*patient)(gm_key key, int32_t number, double *theta, course *c);
  /* theta goes on behind np with what is worked out from it (NULL: nothing) */
  void (*derive)(double *theta);
  void (*initial)(const double *theta, double *x);
  void (*rates)(const double *theta, const double *x, double *dx);
  void (*jacobian)(const double *theta, const double *x, double *a); /* by columns; zero before */
  void (*outputs)(const double *theta, const double *x, double *y);  /* NULL: the states */
} problem;

extern const problem bench_robertson, bench_glucose, bench_bachmann, bench_pkpd;

/* theta[vary[i]] times lognormal(sd), drawn by patient and parameter. */
void bench_vary(gm_key key, int32_t number, double *theta, const int32_t *vary, int32_t count,
                double sd);

/* glucose.c: takes the values of the simulator's ten adults from the tables in a folder. Without
 * them (false) all patients vary about the text's own values. Before any patient is made. */
bool bench_glucose_adults(const char *folder);

/* The values of one of them, 0 to 9. */
void bench_glucose_adult(int32_t adult, double *theta);
#endif
