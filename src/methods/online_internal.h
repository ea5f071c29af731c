/* online_internal.h - parts of the forecaster that learns online (gemel/online.h).
 * All state is one array of doubles (counts too: exact up to 2^53), so that saving is a copy; what
 * is here only points into it. Threads: as the forecaster. */
#ifndef GM_METHODS_ONLINE_INTERNAL_H
#define GM_METHODS_ONLINE_INTERNAL_H
#include "gemel/online.h"

enum {
  GM__ONLINE_SIDE = GM_ONLINE_FEATURES + 1,    /* most coefficients of an expert */
  GM__ONLINE_PROBS = 2 * GM_ONLINE_LEVELS + 1, /* tails of all levels, and the median */
  GM__ONLINE_OWN = 7,                          /* features of the scale that are its own */
  GM__ONLINE_SCALE_MAX = GM_ONLINE_FEATURES + GM__ONLINE_OWN
};

/* Sums of scores; from GM__SCORE_LEVEL on for each level: within, below, above, width; then the
 * squares of each expert. */
enum {
  GM__SCORE_COUNT,
  GM__SCORE_MISSED,
  GM__SCORE_KNOWN, /* of those with an interval */
  GM__SCORE_SQUARE,
  GM__SCORE_SUM,
  GM__SCORE_ABSOLUTE,
  GM__SCORE_MEDIAN,
  GM__SCORE_WIS,
  GM__SCORE_LEVEL
};

/* ---- recursive least squares ---------------------------------------------------------------- */
/* R upper triangular and z with R'R = sum of rows' squares and R'z = that with y: an information
 * matrix by its root, which rotations keep accurate to the last bits however long the stream. */
typedef struct {
  int32_t d;
  double forgetting;
  double *r, *z, *w; /* [d][d], [d], [d] coefficients */
  double *r0, *z0;   /* root of the prior */
  double *turn;      /* which of its rows is put back next */
} gm__rls;

ptrdiff_t gm__rls_room(int32_t d); /* doubles */
void gm__rls_place(gm__rls *s, int32_t d, double forgetting, double *room);
void gm__rls_start(gm__rls *s); /* at the prior */
/* Takes x[d] with y; x is overwritten. */
void gm__rls_learn(gm__rls *s, double *x, double y, double weight);
double gm__rls_say(const gm__rls *s, const double *x);

/* ---- weights of experts --------------------------------------------------------------------- */
/* Least w'Aw - 2 b'w over w >= 0 with sum 1, from w on; a[n][n] positive semidefinite. */
void gm__online_mix(int32_t n, const double *a, const double *b, double *w);
/* Weights from mean products of errors square[n][n] of so many independent data. */
void gm__online_weigh(int32_t n, const double *square, double data, double hold, double *w);

/* ---- quantiles of scaled residuals ------------------------------------------------------------
 * Probabilities in the order: lower tails of the levels, upper tails, the median. */
typedef struct {
  int32_t window, probs, gains;
  const double *prob, *gain;
  double *ring, *sorted; /* [window] as they came; ascending */
  double *count, *head;
  double *level;  /* [probs][gains] tracked probability of each gain */
  double *weight; /* [probs][gains] sum 1 */
  double *loss;   /* [probs] mean square of the loss */
} gm__tails;

ptrdiff_t gm__tails_room(int32_t window, int32_t probs, int32_t gains);
void gm__tails_place(gm__tails *s, double *room);
void gm__tails_start(gm__tails *s);
/* As start, with quantiles of another's residuals. */
void gm__tails_adopt(gm__tails *s, const gm__tails *from);
/* Quantiles q[probs], and those of each gain with their probabilities [probs][gains]. */
void gm__tails_say(const gm__tails *s, double *q, double *each_q, double *each_level);
/* Takes a scaled residual with what was said before it; share in (0, 1] of its steps is made. */
void gm__tails_learn(gm__tails *s, double r, double share, const double *each_q,
                     const double *each_level);

/* ---- the whole ------------------------------------------------------------------------------ */
typedef struct {               /* of the newest data */
  double t, y, y_t;            /* newest time; newest datum and its time; NaN: none */
  double fast, slow, changes;  /* mean |dy/dt|, short and long memory; their count */
  double step;                 /* mean time between data */
  double mean, variance, seen; /* of y; count */
} gm__online_head;

typedef struct { /* of one horizon: pointers into the state */
  gm__rls expert[GM_ONLINE_EXPERTS];
  gm__rls scale;
  gm__tails tails;
  double *product;  /* [experts][experts] discounted mean products of errors */
  double *products; /* their count */
  double *weight;   /* [experts] */
  double *base;     /* [2] mean |residual| and its count */
  double *near;     /* [1] the same of short memory */
  double *apart;    /* [2] mean distances: forecast to newest datum, experts */
  double *moment; /* [scale_count][3] mean, variance, count of the caller's features of the scale */
  double *fill;   /* [features][4] last value, times missing in a row, mean, count */
  double *queue;  /* [3] first record, count; settled so far */
  double *record; /* [pending][stride] */
  double *score;  /* sums, see online_score.c */
  double *pooled; /* [2] sum of |residual| over all data, and their count */
} gm__online_cell;

/* A waiting forecast: offsets into its record. */
typedef struct {
  int32_t target, mean, median, scale;
  int32_t wider;              /* factor of the scale because the newest datum was old */
  int32_t known;              /* 1: it has an interval */
  int32_t apart;              /* [2] */
  int32_t expert;             /* [experts] */
  int32_t learns;             /* [experts] 1: none of its features was missing */
  int32_t low, high;          /* [levels] */
  int32_t each_q, each_level; /* [probs][gains] */
  int32_t x, g;               /* [features], [scale_side] */
  int32_t stride;
} gm__online_record;

struct gm_online {
  gm_online_options o; /* arrays: in `held` */
  gm_online_expert expert[GM_ONLINE_EXPERTS];
  void *held;
  double prob[GM__ONLINE_PROBS];
  int32_t probs, scale_side, score_count;
  uint64_t identity; /* of the options */
  double *state;
  ptrdiff_t state_count;
  gm__online_head *head;
  gm__online_cell *cell; /* [horizons] */
  double *scratch;       /* [stride] of a look; no part of the state */
  gm__online_record at;
};

/* Adds what came to the sums. */
void gm__online_score_add(gm_online *o, int32_t horizon, const double *record, double y);
/* Features g[scale_side] of the scale; apart[2]: the distances they use. */
void gm__online_scale_features(const gm_online *o, int32_t horizon, const double *x, double mean,
                               double spread, double *g, double *apart);
/* How much larger errors are because the newest datum is older than the forecast's origin. */
double gm__online_wider(const gm_online *o, int32_t horizon);
/* Typical |residual|; NaN: nothing known yet. */
double gm__online_scale(const gm_online *o, int32_t horizon, const double *g, double mean);
void gm__online_scale_learn(gm_online *o, int32_t horizon, const double *record, double residual,
                            double weight, double share);
#endif
