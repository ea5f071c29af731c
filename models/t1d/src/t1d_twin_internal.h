/* t1d_twin_internal.h - inside of a streaming twin. */
#ifndef T1D_TWIN_INTERNAL_H
#define T1D_TWIN_INTERNAL_H
#include "t1d_course.h"
#include "t1d_exercise.h"
#include "t1d_prior.h"
#include "t1d_twin.h"
#include "gemel/assimilate.h"
#include "gemel/quality.h"

/* Unknowns behind those of the prior. */
enum {
  TWIN_SI = T1D_PRIOR_COUNT,
  TWIN_NIGHT,
  TWIN_MORNING,
  TWIN_AFTERNOON,
  TWIN_EVENING,
  TWIN_W,
  TWIN_SHARE, /* of a meal's carbohydrate against what was announced */
  TWIN_START,
  TWIN_EFFORT, /* of exercise: there where exercise is followed */
  TWIN_UNKNOWNS
};
/* Steps that may be gone back; how far back the belief begins anew when it is lost, and edges and
 * meals are kept. */
enum {
  TWIN_TOLD = 8,
  TWIN_SEEN = 4,
  TWIN_BACK = 13,
  TWIN_BACK_MIN = 720,
  TWIN_KEEP_MIN = 1440,
  TWIN_PARAMETERS_MAX = 64
};

/* A past moment: the belief after its step, and what was read in it. */
typedef struct {
  gm_text belief;
  double t_min, cgm_mgdl; /* NaN: nothing was taken */
  double loglik;          /* of that reading */
  int64_t dropped;        /* as the twin's edges_dropped was */
} twin_past;

/* Heart rates since the last step, in pieces of 5 min; the newest one, and that of before the step;
 * a session that was announced. */
enum { TWIN_PIECES = 144 }; /* half a day; what comes later in one step goes into the last */
typedef struct {
  double sum[TWIN_PIECES], count[TWIN_PIECES];
  double last, last_min, before, before_min, from_min, to_min, rate;
} twin_heart;

/* Members that run on, [variants][members], and room for them. */
typedef struct {
  gm_ensemble *e;
  double *z;       /* [members][d] */
  double *w0;      /* [members] what is left of the present w */
  double *value;   /* [members] of one unknown */
  double *start;   /* [variants * members][macro] */
  double *y;       /* outputs of a stretch */
  double *glucose; /* [variants][members][steps] */
  double *weight;  /* [members] */
  double *mean;    /* explanation: [causes + 1][2][steps] */
  int32_t *drive_of;
  gm_key *key; /* [members / 2] of what moves them, all the same */
  int32_t members, variants, steps;
  uint64_t chance; /* number of the draws */
} twin_ahead;

struct t1d_twin {
  gm_ctx *ctx;
  t1d_twin_options o; /* o.group is NULL or &group */
  t1d_group group;
  t1d_prior prior;
  gm_model *model;
  gm_system system;
  int32_t d; /* unknowns */
  gm_unknown unknown[TWIN_UNKNOWNS];
  double theta[TWIN_PARAMETERS_MAX];
  double factor[TWIN_UNKNOWNS * TWIN_UNKNOWNS];
  gm_sensor sensor;
  gm_filter *filter;
  gm_quality *quality;
  t1d_course *course;
  gm_drive drive;
  gm_edge *edge;                             /* what happened in the last day or two */
  int32_t edge_count, edge_room, edge_first; /* those before edge_first are history */
  int64_t edges_dropped;                     /* of the drive, since it began */
  int32_t rest_port, stomach_port, insulin_port, part_row, move_row, after_row, output_cgm;
  t1d_exercise exercise;
  twin_heart heart;
  double move, after; /* as the drive has them */
  twin_past past[TWIN_BACK];
  int32_t past_count, past_next, told_next;
  double now_min;
  int32_t steps;
  double meal_min;            /* last that was told and begun, or found */
  double told_min[TWIN_TOLD]; /* the newest that were told, maybe ahead of their time */
  double found_min, found_g;  /* last meal that was found; -INFINITY: none, or it was told since */
  int32_t raised;             /* readings in a row with the alarm raised */
  bool lost;
  double seen[TWIN_SEEN], seen_min[TWIN_SEEN]; /* the newest readings, believed or not */
  double doubt_until;                          /* of the sensor, after a step */
  int32_t agreed;                              /* readings in a row that are what was expected */
  twin_ahead ahead, ahead_spare;
};

/* Edges from the course up to t_min, parts of the day and exercise, into the drive. */
GM_NODISCARD gm_status t1d__twin_drive(t1d_twin *t, gm_ctx *ctx, double t_min);
GM_NODISCARD gm_status t1d__twin_edge(t1d_twin *t, gm_ctx *ctx, gm_edge e);
/* The drive is edge[edge_first] and behind. */
void t1d__twin_drive_set(t1d_twin *t);
/* A filter of the prior from t0_min on, in place of the one before. */
GM_NODISCARD gm_status t1d__twin_begin(t1d_twin *t, gm_ctx *ctx, double t0_min);
/* Part of the day at a time, and when the next one begins. */
double t1d__twin_part(double t_min);
double t1d__twin_part_next(double t_min);

/* ---- t1d_twin_exercise.c ---- */
/* Edges of exercise from t0_min (where *e is) to t1_min, at most room; *move, *after: as they stand
 * before and then. As heard (past) or as expected (ahead). */
int32_t t1d__twin_exercise_edges(const t1d_twin *t, t1d_exercise *e, double t1_min, bool ahead,
                                 double *move, double *after, int32_t room, gm_edge *edge);
/* Such edges are so many at most. */
int32_t t1d__twin_exercise_most(const t1d_twin *t, double minutes);

/* ---- t1d_twin_meal.c ---- */
GM_NODISCARD gm_status t1d__twin_remember(t1d_twin *t, gm_ctx *ctx, double cgm_mgdl, double loglik);
void t1d__twin_forget(t1d_twin *t);
/* Is what was read better explained by a meal that nobody told? Then the twin has eaten it. */
GM_NODISCARD gm_status t1d__twin_look_back(t1d_twin *t, gm_ctx *ctx, double *meal_g);
/* A meal that is told: late, or in place of one that was found, or neither (*done false). */
GM_NODISCARD gm_status t1d__twin_told_meal(t1d_twin *t, gm_ctx *ctx, double t_min, double carbs_g,
                                           bool *done);
/* An edge that is told after its time. */
GM_NODISCARD gm_status t1d__twin_told_late(t1d_twin *t, gm_ctx *ctx, gm_edge e);

/* ---- t1d_twin_ahead.c ---- */
/* What may be taken away from what is to come: insulin on board beyond the basal rate, what is in
 * the gut and on the plate, glucose from nowhere known, exercise. */
enum { VARIANTS_MAX = 16 }; /* four causes, there or not */
enum { WITHOUT_INSULIN = 1, WITHOUT_CARBS = 2, WITHOUT_TREND = 4, WITHOUT_EXERCISE = 8 };
typedef struct {
  double unit_u, meal_g; /* given and eaten now, besides */
  uint32_t without;
} twin_variant;
/* The same members and the same chance in every variant; t->ahead.glucose. */
GM_NODISCARD gm_status t1d__twin_ahead(t1d_twin *t, gm_ctx *ctx, const t1d_outlook_options *o,
                                       int32_t variants, const twin_variant *variant);
/* Defaults in; an even number of members. Fails: GM_EDOMAIN. */
GM_NODISCARD gm_status t1d__twin_ahead_options(gm_ctx *ctx, const t1d_outlook_options *options,
                                               t1d_outlook_options *o);
void t1d__twin_ahead_free(t1d_twin *t);
#endif
