/* run.h - a block of members on their way: what the children see of them.
 *
 * Members are taken block by block. Within a block each member has its own time; calls to a child
 * are made for runs of neighbours that are due for the same, never with empty stretches, so that
 * nothing of a member hangs on its neighbours. */
#ifndef GEMEL_COMPOSITE_RUN_H
#define GEMEL_COMPOSITE_RUN_H
#include "kinds/composite/machine.h"

enum { COMP_BLOCK = 64, COMP_BLOCK_SMALL = 8, COMP_ROWS_LARGE = 16384 };

typedef struct {
  gm_work *work;
  void **obj;     /* [block] */
  double *theta;  /* [parameter_count][block] */
  uint64_t *slot; /* [block] */
  int8_t *status; /* [block] */
  double *y;      /* [block][output_count] outputs */
} comp_view;

typedef struct {
  gm_work base;
  const comp_machine *m;
  comp_view *child; /* [nc] */
  double *gathered; /* [flat_count][block] rows of objects; NULL: flat */
  int32_t block;
  /* the block in hand */
  const gm_batch *b;
  int32_t first, n; /* members first .. first + n - 1 of b */
  double *x;        /* row i of member k at x[i*sx + k*sm] */
  ptrdiff_t sx, sm;
  /* of advance */
  const gm_span *span; /* [n] */
  gm_arena *arena;
  struct {
    double t, end;
    int32_t edge, edge_end, sample, sample_end;
    int8_t status;
    bool due; /* takes part in the present call */
  } at[COMP_BLOCK];
} comp_work;

extern const double comp_never; /* no grid interval: links are due */

static inline double *comp_row(const comp_work *w, int32_t row, int32_t k)
{
  return &w->x[row * w->sx + k * w->sm];
}

/* block.c */
gm_status comp_work_new(const gm_model *model, gm_ctx *ctx, gm_work **out);
void comp_work_free(gm_work *work);
void comp_block_open(comp_work *w, const gm_batch *b, int32_t first);
void comp_block_close(comp_work *w); /* gives rows of objects back */
gm_batch comp_child_batch(const comp_work *w, int32_t c, int32_t first, int32_t n);
/* Parameters of child c for all of the block, links' values where links give them. */
void comp_theta_fill(comp_work *w, int32_t c);
/* exchange.c: links worked out at time t for members first .. first + n - 1; they act. */
void comp_exchange(comp_work *w, int32_t first, int32_t n, double t);
/* Value of a link for member k, of the outputs observed last. */
double comp_link_value(const comp_work *w, const comp_link *l, int32_t k);
void comp_observe_child(comp_work *w, int32_t c, int32_t first, int32_t n, double t);
/* Rate of a fed port: given from outside and by links. */
double comp_fed_rate(const comp_work *w, int32_t fed, int32_t k);
/* advance.c */
void comp_block_advance(comp_work *w);
#endif
