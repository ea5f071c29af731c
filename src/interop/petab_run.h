/* petab_run.h - members at work: what petab_simulate.c and petab_tangent.c share. */
#ifndef GM_INTEROP_PETAB_RUN_H
#define GM_INTEROP_PETAB_RUN_H
#include "interop/petab.h"

enum { BLOCK = 64 }; /* most members of a task */

typedef struct {
  int32_t vector, unit; /* unit: an experiment, or a place in q->before */
} job;

typedef struct {
  int32_t variant, first, count; /* of jobs */
} stack;

/* With slopes there is one vector; what counts as vectors then are chunks of its directions, so
 * that lanes are filled where there are few conditions. */
typedef struct {
  int32_t *parameter; /* [count] estimated parameters that some condition gives to the model */
  int32_t *place;     /* [parameters] in that list, -1 */
  bool *direct;       /* [count] is it in a formula too? */
  int32_t count;
  const double *lineard;      /* [parameters] of the linear value by its coordinate, 0: fixed */
  double *simulation, *sigma; /* [points][coordinates] filled */
} pt_along;

typedef struct {
  gm_petab *p;
  pt_problem *q;
  int32_t n;            /* vectors, or chunks of directions */
  const double *linear; /* [n][parameters], or [parameters] */
  double *simulation, *sigma;
  pt_variant *variant; /* those of q, or its sloped ones */
  double *start;       /* [n][before_count][moving] */
  double *startd;      /* [n][before_count][nd][moving] */
  bool *started;       /* [n][before_count] */
  int32_t moving;
  bool before;           /* which of the two runs */
  int32_t nd;            /* directions of a chunk; 0: values only */
  const pt_along *along; /* with nd */
  bool *says;            /* [n] room for pt_chunks_mark */
  job *job;
  stack *stack;
  int32_t stack_count, size; /* size: of the blocks at hand, at most BLOCK */
} run;

/* Members of one task; value i of member m at [i * n + m], and along direction d of its chunk
 * behind d * n * (count of such values) more. */
typedef struct {
  const run *r;
  const pt_variant *v;
  const job *job;
  int32_t n;
  gm_work *work;
  gm_arena *arena;
  double *x, *theta, *last, *largest, *steady; /* steady: [n][outputs] */
  double *xd, *thetad, *lastd, *steadyd;       /* steadyd: [n][outputs][nd] */
  double *y[BLOCK], *yd[BLOCK];
  gm_span span[BLOCK];
  double t[BLOCK];
  bool good[BLOCK], settled[BLOCK];
  int8_t status[BLOCK];
  gm_key key[BLOCK];
} block;

static inline const pt_condition *condition_of(const block *b, int32_t m)
{
  const pt_problem *q = b->r->q;
  int32_t unit = b->job[m].unit;
  return &q->condition[b->r->before ? q->before[unit] : q->experiment[unit].condition];
}

static inline const double *linear_of(const block *b, int32_t m)
{
  if (b->r->nd) return b->r->linear;
  return b->r->linear + (ptrdiff_t)b->job[m].vector * b->r->p->parameters.count;
}

/* ---- petab_simulate.c ----------------------------------------------------------------------- */
/* Runs all that r says, from n, linear, variant and what is to be filled. */
GM_NODISCARD gm_status pt_run(run *r, gm_pool *pool);
/* Work and scratch for the workers of a pool, kept for the next time. */
GM_NODISCARD gm_status pt_workers_ensure(gm_petab *p, gm_pool *pool);
double pt_slot_value(const block *b, int32_t m, const pt_point *k, const pt_slot *slot,
                     const double *y);

/* ---- petab_tangent.c ------------------------------------------------------------------------ */
/* The directions of member m's parameters. */
void pt_thetad_fill(block *b, int32_t m);
/* How large a parameter is by the measure of its coordinate: its linear value over the slope of
 * that; 1 where it is 0. */
double pt_size_of(const run *r, int32_t parameter);
/* The parameter of direction d of member m, -1: the chunk has no more. */
int32_t pt_direction(const block *b, int32_t m, int32_t d);
/* The slopes of a point by the directions of member m's chunk; yd: [outputs][nd]. room: [3][slots
 * of a formula]. */
void pt_point_slopes(const block *b, int32_t m, int32_t point, const double *y, const double *yd,
                     double *room);
/* Marks the chunks, [r->n], that have anything to say about a unit. */
void pt_chunks_mark(const run *r, int32_t unit, bool *says);
#endif
