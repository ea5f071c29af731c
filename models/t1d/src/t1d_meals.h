/* t1d_meals.h - what virtual people eat, and what they say of it.
 * Times in min since a midnight; a day is 1440 min; carbohydrate in g.
 * A plan is plain data and a day's meals are a pure function of plan and day: two arms of a trial
 * with one seed eat the same, and any stretch of any day can be asked for in any order.
 * Threads: immutable; all calls may run together. */
#ifndef T1D_MEALS_H
#define T1D_MEALS_H
#include "gemel/base.h"

enum { T1D_MEALS_A_DAY = 6 };

typedef enum {
  T1D_MEALS_STANDARD, /* 45, 70, 80 g at 420, 720, 1080 min: the scenario of the reference */
  T1D_MEALS_DRAWN     /* breakfast, lunch, dinner and three snacks, drawn for each day */
} t1d_meals_kind;

typedef enum {
  T1D_ANNOUNCE_EXACT,
  T1D_ANNOUNCE_FACTOR,    /* factor times what is eaten                                   */
  T1D_ANNOUNCE_LOGNORMAL, /* factor times e^(s z - s^2/2): the mean factor is factor, its
                             coefficient of variation cv                                  */
  T1D_ANNOUNCE_NORMAL,    /* factor + cv z times, at least 0 (counting errors so simulated: mean
                             0.9 to 1.1, sd up to 0.5, doi 10.1177/19322968211012392)     */
  T1D_ANNOUNCE_NONE       /* meals are eaten unannounced                                  */
} t1d_announce;

typedef struct {
  t1d_meals_kind kind;
  uint64_t seed, subject;
  double scale;          /* all sizes times this; 1 */
  t1d_announce announce; /* exact */
  double factor, cv;     /* 1; 0.2 */
  double missed;         /* share of meals never announced, drawn; 0 */
  double late_min;       /* announced so much after eating begins; < 0: before; within a day; 0 */
  double late_sd_min;    /* the same, drawn for each meal (normal, added to late_min); 0 */
} t1d_meal_plan;
t1d_meal_plan t1d_meals_defaults(t1d_meals_kind kind);
/* Fails: GM_EINVAL (kind, law), GM_EDOMAIN (a number). The functions below take a plan that passed.
 */
GM_NODISCARD gm_status t1d_meals_check(gm_ctx *ctx, const t1d_meal_plan *plan);

typedef struct {
  double t_min;   /* eating begins; whole minutes */
  double carbs_g; /* eaten; 0 for a meal that was announced and not eaten (t1d_fault.h) */
  bool announced;
  double told_min; /* when it is announced; NaN: never */
  double told_g;   /* what is announced; NaN: nothing */
  int32_t slot;    /* 0 .. 5: breakfast, snack, lunch, snack, dinner, snack; standard: 0, 2, 4 */
  int64_t day;
} t1d_meal;

/* The meals of a day (that begin in it), in order of time; returns how many. */
int32_t t1d_meals_day(const t1d_meal_plan *plan, int64_t day, t1d_meal out[T1D_MEALS_A_DAY]);

/* Meals eaten from t0_min on and before t1_min, and meals announced in that stretch, in order of
 * (eating, announcing) time. out: room for out_max; *count: how many were written.
 * Fails: GM_EDOMAIN (times not in order, beyond 1e12), GM_EFULL (out is full then; count as it
 * was). */
GM_NODISCARD gm_status t1d_meals_eaten(gm_ctx *ctx, const t1d_meal_plan *plan, double t0_min,
                                       double t1_min, t1d_meal *out, int32_t out_max,
                                       int32_t *count);
GM_NODISCARD gm_status t1d_meals_told(gm_ctx *ctx, const t1d_meal_plan *plan, double t0_min,
                                      double t1_min, t1d_meal *out, int32_t out_max,
                                      int32_t *count);

/* Units by carbohydrate ratio: times * told_g / cr_g_per_u (times: 0.7 for a bolus 30 % too small).
 * 0 for a meal that was not announced. */
double t1d_meal_bolus_u(const t1d_meal *meal, double cr_g_per_u, double times);
#endif
