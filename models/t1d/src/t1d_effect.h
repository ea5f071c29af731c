/* t1d_effect.h - why a glucose forecast is what it is: a sum of effects, each apart.
 *
 *   glucose(t) = last reading + boluses + basal imbalance + carbohydrate + trend + recent misfit
 *
 * This is the decomposition that users of Loop know. Its formulas and constants are those of
 * LoopKit/LoopAlgorithm (MIT, 2f5c630). Its published test vectors are reproduced
 * (tests/t1d/test_effect_loop.c), all but one: where two forecasts of a meal end was stated with an
 * earlier decay of the misfit, 0.14 mg/dL lower than with today's, which this is. Ours: basal
 * imbalance apart from boluses, bounds on forecasts. A forecast explains; it doses nobody.
 *
 * Times (_s) are seconds since any epoch that is a whole multiple of the step, so that steps fall
 * on round minutes. An effect is a change of glucose [mg/dL] since before the first dose or meal,
 * one value for each time of a grid; only its differences matter. Arrays belong to the caller and
 * may not overlap. On failure counts, notes and rows are untouched, an array to be filled may be
 * partly filled, and ctx (NULL ok) has the message. Threads: everything is a function of its
 * arguments; calls may run together. */
#ifndef T1D_EFFECT_H
#define T1D_EFFECT_H
#include "gemel/base.h"

/* ---- what was done and seen ------------------------------------------------------------------ */
typedef struct {
  double start_s, end_s; /* end_s >= start_s; a bolus at once: equal */
  double dose_u;         /* delivered in all, >= 0 */
  bool basal;            /* what the pump gave as basal, to be set against the schedule */
} t1d_effect_dose;

typedef struct {
  double start_s;
  double carb_g;   /* >= 0 */
  double absorb_s; /* expected time of absorption; 0: the option's */
} t1d_effect_meal;

typedef struct {
  double time_s, glucose_mgdl;
  int32_t source;   /* which sensor or meter; readings of two sources give no trend together */
  bool calibration; /* shown only, not measured by the sensor */
} t1d_effect_reading;

/* One setting that held from start_s to end_s: basal [U/h], sensitivity [mg/dL per U] or
 * carbohydrate ratio [g/U]. */
typedef struct {
  double start_s, end_s, value;
} t1d_effect_span;

/* In order of time, without overlap. */
typedef struct {
  const t1d_effect_span *span;
  int32_t count;
} t1d_effect_schedule;
/* The span that began last at or before t_s and had not ended; NULL if there is none. */
const t1d_effect_span *t1d_effect_span_at(t1d_effect_schedule s, double t_s);

typedef struct {
  double start_s, step_s;
  int32_t count;
} t1d_effect_grid;

/* Times from start_s rounded down to end_s rounded up, on whole multiples of step_s.
 * Fails: GM_EDOMAIN (not finite, end before start, step not above 0), GM_ERANGE (> 1e6 times). */
GM_NODISCARD gm_status t1d_effect_grid_over(gm_ctx *ctx, double start_s, double end_s,
                                            double step_s, t1d_effect_grid *out);
double t1d_effect_grid_at(const t1d_effect_grid *g, int32_t index); /* [s] */

/* ---- insulin --------------------------------------------------------------------------------- */
/* Exponential activity: share left at t = 1 - S (1-a) [(t^2/(tau td (1-a)) - t/tau - 1) e^(-t/tau)
 * + 1], tau = tp (1 - tp/td) / (1 - 2 tp/td), a = 2 tau/td, S = 1/(1 - a + (1+a) e^(-td/tau)), t
 * counted from the end of the delay (LoopKit/Loop issue 388; the same curve in oref0). */
typedef struct {
  double peak_min, duration_min, delay_min; /* tp, td; action begins after the delay */
  double tau_min, a, s;                     /* derived */
} t1d_insulin_model;

typedef enum {
  T1D_INSULIN_ADULT, /* rapid analogue: peak 75 min, 360 min, delay 10 min */
  T1D_INSULIN_CHILD, /* peak 65 min */
  T1D_INSULIN_FIASP  /* peak 55 min */
} t1d_insulin_preset;
t1d_insulin_model t1d_insulin_of(t1d_insulin_preset preset);
/* Fails: GM_EDOMAIN unless 0 < peak < duration/2 and delay >= 0, all finite. */
GM_NODISCARD gm_status t1d_insulin_model_of(gm_ctx *ctx, double peak_min, double duration_min,
                                            double delay_min, t1d_insulin_model *out);
double t1d_insulin_left(const t1d_insulin_model *m, double t_min);     /* share, 1 .. 0 */
double t1d_insulin_activity(const t1d_insulin_model *m, double t_min); /* share per min, >= 0 */

/* A dose against the basal schedule: insulin above (below: negative) what was scheduled. */
typedef struct {
  double start_s, end_s, net_u;
  bool basal;
} t1d_effect_net_dose;

/* Splits basal doses where the schedule changes. net: room for net_max, GM_EFULL when more are
 * needed (dose_count + basal.count - 1 always suffice if basal doses do not overlap).
 * Fails: GM_EDOMAIN (a dose or span out of its domain), GM_EINVAL (schedule not in order),
 * GM_ENOTFOUND (a basal dose not wholly covered by the schedule), GM_EFULL. */
GM_NODISCARD gm_status t1d_effect_net(gm_ctx *ctx, const t1d_effect_dose *dose, int32_t dose_count,
                                      t1d_effect_schedule basal, t1d_effect_net_dose *net,
                                      int32_t net_max, int32_t *net_count);

/* Insulin on board at t_s [U], boluses and basal imbalance apart (the latter may be negative).
 * A dose longer than 1.05 steps acts in pieces of step_s, each from its beginning. */
void t1d_effect_iob(const t1d_insulin_model *m, const t1d_effect_net_dose *net, int32_t net_count,
                    double step_s, double t_s, double *bolus_u, double *basal_u);

typedef enum {
  T1D_ISF_OF_DOSE, /* a dose acts with the sensitivity of the time it was begun */
  T1D_ISF_OF_TIME  /* insulin acts with the sensitivity of the time it acts at; the last span goes
                      on, the first reaches back */
} t1d_isf_rule;

/* Effects bolus[grid->count], basal[grid->count].
 * Fails: GM_ENOTFOUND (no sensitivity at a dose's start; of time: none at all), GM_EDOMAIN,
 * GM_EINVAL. */
GM_NODISCARD gm_status t1d_effect_insulin(gm_ctx *ctx, const t1d_insulin_model *m,
                                          const t1d_effect_net_dose *net, int32_t net_count,
                                          t1d_effect_schedule isf, t1d_isf_rule rule,
                                          const t1d_effect_grid *grid, double *bolus,
                                          double *basal);

/* ---- what insulin does not explain ----------------------------------------------------------- */
typedef struct {
  double start_s, end_s, mgdl_s; /* mean rate of glucose beyond the insulin effect */
} t1d_effect_velocity;
/* From pairs of readings more than 4 minutes apart of one source, none a calibration. insulin: the
 * whole insulin effect on the grid. velocity: room for reading_count - 1. readings in order of
 * time. Fails: GM_EDOMAIN (a reading not finite or not above 0), GM_EINVAL (not in order). */
GM_NODISCARD gm_status t1d_effect_counteraction(gm_ctx *ctx, const t1d_effect_reading *reading,
                                                int32_t reading_count, const t1d_effect_grid *grid,
                                                const double *insulin,
                                                t1d_effect_velocity *velocity,
                                                int32_t *velocity_count);

/* ---- carbohydrate ---------------------------------------------------------------------------- */
typedef enum {
  T1D_ABSORB_PIECEWISE, /* rate rises to 15 %, stays to 50 %, falls to 100 % of the time */
  T1D_ABSORB_PARABOLIC, /* rate rises to 50 % and falls (Scheiner) */
  T1D_ABSORB_LINEAR     /* constant rate */
} t1d_absorb_shape;

/* Share absorbed at a share of the time, its inverse, and its slope. */
double t1d_absorb_share(t1d_absorb_shape shape, double time_share);
double t1d_absorb_time(t1d_absorb_shape shape, double share);
double t1d_absorb_rate(t1d_absorb_shape shape, double time_share);

typedef struct {
  t1d_absorb_shape shape;   /* piecewise */
  double absorb_s, delay_s; /* 3 h; 10 min */
  double assumed_overrun;   /* 1.5: assumed time / time stated, before anything is seen */
  double longest_overrun;   /* 1.5: the longest time / time stated; sets the least absorption */
  bool adaptive;            /* false; true: what is left follows the rate seen ... */
  double adaptive_after;    /* ... once this share of the assumed time (0.2) has passed */
} t1d_carb_options;
t1d_carb_options t1d_carb_defaults(void);

/* What is known of one meal's absorption. */
typedef struct {
  double start_s, carb_g, mgdl_per_g;
  double assumed_s, longest_s;
  double seen_until_s;         /* last observation that can be this meal's */
  double seen_mgdl, done_s;    /* credited; when all of it was, NAN before */
  double observed_g;           /* credited; may exceed carb_g (more was eaten than entered) */
  double clamped_g;            /* between the least that must have been absorbed and carb_g */
  double used_s, left_s;       /* time that clamped_g stands for, time the rest will take */
  double observed_s;           /* from start_s to done_s or seen_until_s */
  bool timeline;               /* observation is used (false: less was seen than the least) */
  int32_t first, credit_count; /* velocities first .. first + credit_count - 1 were credited */
} t1d_effect_absorption;
/* Credits what insulin does not explain to the meals that can be active, by the rates at which they
 * should absorb. Glucose falling beyond insulin is credited to no meal: absorption is never
 * negative. meals in order of time. state[meal_count]; credit_g[meal_count * velocity_count],
 * row by meal. Fails: GM_EDOMAIN, GM_EINVAL (order; options), GM_ENOTFOUND (no sensitivity or ratio
 * at a meal's start; only the start is looked at). */
GM_NODISCARD gm_status t1d_effect_absorb(gm_ctx *ctx, const t1d_effect_meal *meal,
                                         int32_t meal_count, const t1d_effect_velocity *velocity,
                                         int32_t velocity_count, t1d_effect_schedule isf,
                                         t1d_effect_schedule ratio, const t1d_carb_options *options,
                                         t1d_effect_absorption *state, double *credit_g);

/* Grams of all meals on board at t_s, a meal from one step before its start: 0 .. entered. */
double t1d_effect_cob(const t1d_effect_absorption *state, int32_t meal_count,
                      const t1d_effect_velocity *velocity, int32_t velocity_count,
                      const double *credit_g, const t1d_carb_options *options, double step_s,
                      double t_s);
/* Effect carb[grid->count]: never falls, never above mgdl_per_g * carb_g of all meals. */
void t1d_effect_carbs(const t1d_effect_absorption *state, int32_t meal_count,
                      const t1d_effect_velocity *velocity, int32_t velocity_count,
                      const double *credit_g, const t1d_carb_options *options,
                      const t1d_effect_grid *grid, double *carb);

/* ---- trend and recent misfit ----------------------------------------------------------------- */
typedef enum {
  T1D_TREND_USED,
  T1D_TREND_FEW,         /* less than three readings */
  T1D_TREND_GAP,         /* they span 5 min times their number or more */
  T1D_TREND_CALIBRATION, /* one is a calibration */
  T1D_TREND_SOURCES,     /* of more than one source */
  T1D_TREND_JUMP,        /* two neighbours differ by more than jump_max_mgdl */
  T1D_TREND_NO_SLOPE,    /* all at one time */
  T1D_TREND_OFF          /* not asked for */
} t1d_trend_state;

typedef struct {
  t1d_trend_state state;
  double mgdl_s;  /* slope of the regression line, a rise limited */
  bool limited;   /* the rise was faster */
  double last_s;  /* of the last reading: the effect is (t - last_s) mgdl_s after it */
  double start_s; /* last_s rounded down to a step */
  int32_t count;  /* steps: up to last_s + duration rounded up; 0 unless used */
} t1d_effect_trend;

/* Slope of the readings given (Loop: those of the last 15 min, duration_s 900), never failing: what
 * cannot be used says why. rise_max_mgdl_min: 4 in Loop. jump_max_mgdl: 40 in Loop. */
t1d_effect_trend t1d_effect_momentum(const t1d_effect_reading *reading, int32_t reading_count,
                                     double duration_s, double step_s, double rise_max_mgdl_min,
                                     double jump_max_mgdl);
double t1d_effect_momentum_at(const t1d_effect_trend *m, double t_s); /* [mg/dL] */

typedef struct {
  bool used;               /* false: nothing seen, or the last of it more than 15 min before */
  double discrepancy_mgdl; /* seen minus expected over the last 30 min */
  double mgdl_s;           /* over those (at least) 30 min, a rise limited */
  bool limited;
  double last_s;        /* the reading from which the decay is counted */
  double end_s, step_s; /* the effect stays from the last step before end_s on */
} t1d_effect_retro;

/* Counteraction minus carbohydrate effect, summed over the last 30.3 minutes of it (retrospective
 * correction). last_s: of the last reading. since_s: earlier observations are not compared (Loop:
 * 180 min before). */
t1d_effect_retro t1d_effect_retrospective(const t1d_effect_velocity *velocity,
                                          int32_t velocity_count, const t1d_effect_grid *grid,
                                          const double *carb, double since_s, double last_s,
                                          double rise_max_mgdl_min);
/* Effect at t_s: the rate decays linearly to 0 over the 60 min after the last reading. */
double t1d_effect_retrospective_at(const t1d_effect_retro *r, double t_s); /* [mg/dL] */

/* ---- the forecast ---------------------------------------------------------------------------- */
typedef struct {
  const t1d_effect_reading *reading; /* in order of time; at least one */
  const t1d_effect_dose *dose;       /* any order; future ones are what-ifs */
  const t1d_effect_meal *meal;       /* in order of time */
  int32_t reading_count, dose_count, meal_count;
  t1d_effect_schedule basal, isf, carb_ratio;
  double now_s; /* at or after the last reading */
} t1d_effect_record;

typedef struct {
  t1d_insulin_model insulin;     /* adult */
  t1d_carb_options carb;         /* t1d_carb_defaults */
  t1d_isf_rule isf_rule;         /* of the dose */
  bool trend, retrospective;     /* both */
  double step_s, horizon_s;      /* 5 min; 6 h 10 min from now_s */
  double stale_s;                /* 15 min: an older last reading is refused */
  double rise_max_mgdl_min;      /* 4, of trend and of misfit; a fall is not limited, since to
                                      believe too low a forecast only withholds insulin */
  double jump_max_mgdl;          /* 40: no trend and no misfit from readings that jump */
  double lower_mgdl, upper_mgdl; /* 20 .. 600 (our choice): beyond, a row is flagged */
} t1d_effect_options;
t1d_effect_options t1d_effect_defaults(void);

enum {
  T1D_EFFECT_LOW = 1,           /* total below lower_mgdl */
  T1D_EFFECT_HIGH = 2,          /* total above upper_mgdl */
  T1D_EFFECT_TREND_LIMITED = 4, /* of the note only, from here */
  T1D_EFFECT_RETRO_LIMITED = 8,
  T1D_EFFECT_JUMP = 16,      /* readings jump: trend and misfit left out */
  T1D_EFFECT_MORE_CARB = 32, /* more absorption seen than entered: missing or too small a meal */
  T1D_EFFECT_LESS_CARB = 64  /* less seen than the least assumed: a meal is too large or slow */
};

/* total = start + bolus + basal + carb + trend + retro, to rounding. */
typedef struct {
  double time_s, total_mgdl;
  double start_mgdl;             /* the last reading, the same in all rows */
  double bolus_mgdl, basal_mgdl; /* insulin on board: boluses; basal above or below schedule */
  double carb_mgdl;              /* carbohydrate on board */
  double trend_mgdl, retro_mgdl; /* momentum; retrospective correction */
  double held_mgdl;              /* total held between lower and upper */
  uint32_t flags;                /* T1D_EFFECT_LOW or _HIGH */
} t1d_effect_row;

typedef struct {
  uint32_t flags;                         /* of all rows, and of the note */
  double bolus_iob_u, basal_iob_u, cob_g; /* on board at now_s */
  t1d_effect_trend trend;
  t1d_effect_retro retro;
} t1d_effect_note;

/* Forecast from the last reading (row 0) on the steps after it up to now_s + horizon_s rounded up,
 * with all parts in step. While the trend lasts it takes the place of a falling share of the other
 * effects (1 on the first step, 0 on the last), so every part is what it adds after that blending.
 * scratch is wound back. Every call reads the whole record anew: an edited meal changes credit,
 * effect and misfit together. note may be NULL.
 * Fails: GM_EINVAL (no reading, order, options), GM_EDOMAIN (a value; last reading stale or after
 * now), GM_ENOTFOUND (a setting is missing), GM_EFULL (row_max), GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status t1d_effect_sum(gm_ctx *ctx, const t1d_effect_record *record,
                                      const t1d_effect_options *options, gm_arena *scratch,
                                      t1d_effect_row *row, int32_t row_max, int32_t *row_count,
                                      t1d_effect_note *note);
#endif
