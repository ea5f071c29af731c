/* t1d_twin_internal.h - inside of a streaming twin. */
#ifndef T1D_TWIN_INTERNAL_H
#define T1D_TWIN_INTERNAL_H
#include "t1d_course.h"
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
  TWIN_UNKNOWNS
};
enum { TWIN_BACK = 13, TWIN_PARAMETERS_MAX = 64 }; /* steps that may be gone back */

/* A past moment: the belief after its step, and what was read in it. */
typedef struct {
  gm_text belief;
  double t_min, cgm_mgdl; /* NaN: nothing was taken */
  double loglik;          /* of that reading */
} twin_past;

struct t1d_twin {
  gm_ctx *ctx;
  t1d_twin_options o;
  t1d_prior prior;
  gm_model *model;
  gm_system system;
  gm_unknown unknown[TWIN_UNKNOWNS];
  double theta[TWIN_PARAMETERS_MAX];
  double factor[TWIN_UNKNOWNS * TWIN_UNKNOWNS];
  gm_sensor sensor;
  gm_filter *filter;
  gm_quality *quality;
  t1d_course *course;
  gm_drive drive;
  gm_edge *edge;                             /* all that happened since t0 */
  int32_t edge_count, edge_room, edge_first; /* those before edge_first are history */
  int32_t rest_port, stomach_port, part_row, output_cgm;
  twin_past past[TWIN_BACK];
  int32_t past_count, past_next;
  double now_min;
  int32_t steps;
  double meal_min; /* last announced or hidden meal */
  int32_t raised;  /* readings in a row with the alarm raised */
  bool lost;
  /* outlook */
  gm_ensemble *ahead;
  double *ahead_z, *macro, *ahead_macro, *draw, *y, *glucose, *per_unit, *weight;
  int32_t ahead_room, ahead_steps_room;
};

/* Edges from the course up to t_min, and the parts of the day, into the drive. */
GM_NODISCARD gm_status t1d__twin_drive(t1d_twin *t, gm_ctx *ctx, double t_min);
GM_NODISCARD gm_status t1d__twin_edge(t1d_twin *t, gm_ctx *ctx, gm_edge e);
/* A filter of the prior from t0_min on, in place of the one before. */
GM_NODISCARD gm_status t1d__twin_begin(t1d_twin *t, gm_ctx *ctx, double t0_min);
double t1d__twin_part(double t_min);

/* ---- t1d_twin_meal.c ---- */
GM_NODISCARD gm_status t1d__twin_remember(t1d_twin *t, gm_ctx *ctx, double cgm_mgdl, double loglik);
void t1d__twin_forget(t1d_twin *t);
/* Is what was read better explained by a meal that nobody told? Then the twin has eaten it. */
GM_NODISCARD gm_status t1d__twin_look_back(t1d_twin *t, gm_ctx *ctx, double *meal_g);

/* ---- t1d_twin_outlook.c ---- */
void t1d__twin_outlook_free(t1d_twin *t);
#endif
