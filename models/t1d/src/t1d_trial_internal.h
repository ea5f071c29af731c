/* t1d_trial_internal.h - one person of one arm of a trial. Internal to t1d_trial*.c. */
#ifndef T1D_TRIAL_INTERNAL_H
#define T1D_TRIAL_INTERNAL_H
#include "t1d_course.h"
#include "t1d_trial.h"

/* What a view shows: given and told of the last eight hours at least (t1d_control.h; 96 steps and
 * some more; a meal every quarter of an hour), readings of 6.7 h. */
enum { T1D__READINGS = 80, T1D__GIVEN = 104, T1D__TOLD = 32, T1D__STEP_MIN = 5 };

typedef struct {
  const t1d_trial_options *o;
  const t1d_arm *arm;
  t1d_therapy therapy;
  t1d_limits limits;
  t1d_meal_plan meals;
  t1d_sensor sensor;
  t1d_pump pump;
  t1d_fault_script script;
  t1d_course *course; /* owned */
  void *belief;       /* owned; NULL: none */
  void *memory;       /* owned: of the controller */
  double *glucose;    /* borrowed: [moments] of the record */
  double reading_t[T1D__READINGS], reading_g[T1D__READINGS];
  uint32_t reading_fault[T1D__READINGS]; /* what the belief found wrong with each */
  t1d_given given[T1D__GIVEN];
  t1d_told_meal told[T1D__TOLD];
  int32_t reading_count, given_count, told_count;
  bool dead; /* the belief has failed for good */
  t1d_moment now;
  int64_t limited[T1D_LIMIT_COUNT], lost_count;
  double insulin_u, eaten_at_min; /* delivered behind the dropped days; when eaten_g is eaten */
  double kept_from_min;
} t1d__person;

/* Everything from the truth in p->now (t_min, glucose, interstitial) to what flows until the next
 * moment; *drive: until then. Fails: as t1d_trial_run. */
GM_NODISCARD gm_status t1d__person_live(t1d__person *p, gm_ctx *ctx, gm_drive *drive);
#endif
