/* t1d_limit.h - what of a controller's command may be given. Every command goes through here.
 *
 * Rules of facts known of open and commercial systems: hard limits by group (AndroidAPS), highest
 * basal as a multiple of the profile and microboluses as minutes of basal (oref0), suspension for
 * low glucose now or predicted, the age of data (Loop: 15 min; Control-IQ: 20 min), jumps and flat
 * or repeated readings (oref0, AndroidAPS). What a person would give by hand for an announced meal,
 * carbohydrate / ratio, stays possible where it is the sensor that cannot be trusted, within the
 * limit on board.
 * Whatever comes in (not a number, infinite, negative), what goes out lies inside all limits, and
 * it is never more than was asked for; only where a rate that was asked for is no finite number
 * there is the profile's. A clock that is moved makes no insulin older (t1d_iob). Threads: all
 * functions may run together. Nothing fails. */
#ifndef T1D_LIMIT_H
#define T1D_LIMIT_H
#include "t1d_control.h"

/* name, text: which rules took something away (or put the profile in place of what is no number).
 */
#define T1D_LIMIT_LIST(X)                                                                          \
  X(T1D_LIMIT_NUMBER, "the command was no number")                                                 \
  X(T1D_LIMIT_BASAL, "basal rate above its maximum")                                               \
  X(T1D_LIMIT_BOLUS, "bolus above its maximum")                                                    \
  X(T1D_LIMIT_MICRO, "microbolus above its maximum")                                               \
  X(T1D_LIMIT_IOB, "insulin on board at its maximum")                                              \
  X(T1D_LIMIT_LOW, "glucose low")                                                                  \
  X(T1D_LIMIT_FALLING, "glucose predicted low")                                                    \
  X(T1D_LIMIT_STALE, "no reading for more than 15 min: no more than the profile")                  \
  X(T1D_LIMIT_SILENT, "no reading for more than 20 min: no more than the profile")                 \
  X(T1D_LIMIT_CLOCK, "the clock was moved or readings lie in the future")                          \
  X(T1D_LIMIT_JUMP, "a reading jumped: no microbolus")                                             \
  X(T1D_LIMIT_STEP, "a reading rose as glucose cannot: no more than the profile")                  \
  X(T1D_LIMIT_FLAT, "readings do not change: no more than the profile")                            \
  X(T1D_LIMIT_DOUBLE, "a reading came twice: no more than the profile")                            \
  X(T1D_LIMIT_SENSOR, "the sensor is known to be at fault: no more than the profile")              \
  X(T1D_LIMIT_LOST, "the twin has lost its patient: no more than the profile")                     \
  X(T1D_LIMIT_MEAL_TWICE, "the same meal was announced twice")                                     \
  X(T1D_LIMIT_MEAL_SIZE, "a meal above the largest one that is believed")

typedef enum {
#define T1D_X(code, text) code,
  T1D_LIMIT_LIST(T1D_X)
#undef T1D_X
      T1D_LIMIT_COUNT
} t1d_limit;

#define T1D_LIMIT_BIT(limit) (UINT32_C(1) << (limit))
const char *t1d_limit_text(t1d_limit l); /* static text */

typedef struct {
  double basal_max_u_per_h;     /* also never above basal_now times the profile now */
  double basal_now;             /* multiple of the profile's present rate */
  double bolus_max_u;           /* at once, meals and all */
  double micro_min;             /* without a meal: so many minutes of the profile's basal at once */
  double iob_max_u;             /* nothing beyond the profile is given above it */
  double low_mgdl;              /* suspend: the newest reading below it, */
  double ahead_mgdl, ahead_min; /* or the trend below this so far ahead */
  double hold_min; /* a low, or a trend towards it, holds so long without a better reading */
  double stale_min, silent_min;
  double jump_share; /* of two neighbouring readings of the last jump_min */
  double jump_min;
  /* of two neighbouring readings: more than both step_mgdl and step_mgdl_per_min; what such steps
   * add up to over step_hold_min may be false */
  double step_mgdl, step_mgdl_per_min, step_hold_min;
  double flat_min, flat_mgdl; /* readings within flat_mgdl of each other for flat_min */
  double double_s;            /* two readings closer than so many seconds */
  double meal_max_g;          /* carbohydrate that a bolus may cover at once */
  double meal_share;          /* a meal's bolus: at most so much of carbohydrate / ratio */
  double twice_min;           /* the same carbohydrate again within so many minutes is one meal */
} t1d_limits;

/* Limits for one person: t1d_limit.c has the table with its sources. A daily dose that is no number
 * or more than anybody needs by weight is not believed: twice the basal part stands for it. */
void t1d_limits_of(const t1d_therapy *therapy, t1d_limits *out);

/* Brings command within limits in the view's present. *reasons (NULL ok): set of T1D_LIMIT_BIT that
 * applied; command->reason gets the text of the gravest one in front. The command given never has
 * a negative, infinite or absent number. */
void t1d_limit_apply(const t1d_limits *limits, const t1d_view *view, t1d_command *command,
                     uint32_t *reasons);

/* Signs of the view alone, without a command: set of T1D_LIMIT_BIT of what is wrong with readings,
 * glucose and announcements. */
uint32_t t1d_limit_signs(const t1d_limits *limits, const t1d_view *view);
#endif
