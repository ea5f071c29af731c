/* t1d_limit.c - the rules that stand between a controller and the pump. */
#include "t1d_limit.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const char *t1d_limit_text(t1d_limit l)
{
  static const char *const text[] = {
#define T1D_X(code, text) text,
      T1D_LIMIT_LIST(T1D_X)
#undef T1D_X
  };
  return l >= 0 && l < T1D_LIMIT_COUNT ? text[l] : "";
}

/* ---- limits of a person ---------------------------------------------------------------------- */
typedef struct {
  double bolus_u, iob_u, basal_u_per_h;
  double day_u; /* a daily dose above it is of the next class */
} hard_limit;

/* AndroidAPS, hard limits of a child, a teenager, an adult, an adult resistant to insulin. There
 * the user chooses the class; here it is that of the person's group, or a higher one where the
 * daily dose is above what is usual for it (bounds chosen). */
static const hard_limit hard[] = {
    {5, 7, 2, 30}, {10, 13, 5, 60}, {17, 22, 10, 90}, {25, 30, 12, INFINITY}};

static double positive(double value, double otherwise)
{
  return value > 0 && isfinite(value) ? value : otherwise;
}

/* Insulin of a day by weight that is still believed, U/kg: in puberty up to 2 (ISPAD guidelines on
 * insulin treatment; 0.5 to 1.8 measured, Kerouz et al., Diabetes Res. Clin. Pract. 29:113, 1995);
 * more is called severe resistance. INFINITY where the weight is not known. */
static double most_a_day(const t1d_therapy *t) { return 2 * positive(t->bw_kg, INFINITY); }

/* The daily dose; 0: none that can be believed (450 typed for 45.0). */
static double dose_believed(const t1d_therapy *t)
{
  const double day = positive(t->daily_dose_u, 0);
  return day <= most_a_day(t) ? day : 0;
}

static const hard_limit *class_of(const t1d_therapy *t)
{
  int32_t i = t->group == T1D_ADULT ? 2 : (t->group == T1D_ADOLESCENT ? 1 : 0);
  while (dose_believed(t) > hard[i].day_u) i++;
  return &hard[i];
}

void t1d_limits_of(const t1d_therapy *t, t1d_limits *out)
{
  const hard_limit *h = class_of(t);
  double highest = 0, sum = 0;
  for (int32_t i = 0; i < 24; i++) {
    highest = fmax(highest, positive(t->basal_u_per_h[i], 0));
    sum += positive(t->basal_u_per_h[i], 0);
  }
  /* basal is about half of a day's insulin (ISPAD: 30 to 50 %) */
  const double day = positive(dose_believed(t), fmin(2 * sum, most_a_day(t)));
  *out = (t1d_limits){
      .basal_max_u_per_h = fmin(h->basal_u_per_h, 3 * highest), /* oref0: 3 times the highest, */
      .basal_now = 4,                                           /* 4 times the present rate */
      .bolus_max_u = h->bolus_u,
      .micro_min = 30, /* oref0: maxSMBBasalMinutes */
      /* ours: two of a day's three meals (a sixth of the day's insulin each) within one another's
       * action; oref0's own default is 0, AndroidAPS leaves it to the user */
      .iob_max_u = fmin(h->iob_u, 0.35 * day),
      .low_mgdl = 70,    /* consensus: Battelino et al., Diabetes Care 42:1593 (2019) */
      .ahead_mgdl = 75,  /* ours: 70 and half of a sensor's error (sd 11 mg/dL), */
      .ahead_min = 30,   /* over the half hour before insulin withheld shows (Control-IQ: 30 min) */
      .hold_min = 60,    /* ours: half of the two hours for which a pump that suspends by itself was
                         * safe without more readings, Bergenstal et al., NEJM 369:224 (2013) */
      .stale_min = 15,   /* Loop */
      .silent_min = 20,  /* Control-IQ */
      .jump_share = 0.2, /* oref0 */
      .jump_min = 20,    /* ours: as long as a jump is in the trend (t1d_trace) */
      .step_mgdl = 40,   /* Loop: no trend from readings that jump by 40 */
      .step_mgdl_per_min = 8, /* ours: twice the fastest rise that Loop believes, 4 */
      .step_hold_min = 360,   /* ours: as long as the insulin given for it acts */
      .flat_min = 45,         /* AndroidAPS: 45 min */
      .flat_mgdl = 1,         /* AndroidAPS: 1 mg/dL */
      .double_s = 60,         /* ours: below the fastest sensors' step of a minute */
      .meal_max_g = 120,      /* oref0: maxCOB */
      .meal_share = 1.5,      /* ours: a ratio that is a third off, or a correction on top */
      .twice_min = 30,        /* ours: longer than anybody waits for an answer to a button */
  };
}

/* ---- signs ----------------------------------------------------------------------------------- */
static bool holds(uint32_t bits, t1d_limit sign) { return (bits & T1D_LIMIT_BIT(sign)) != 0; }

/* The reading that came in last, whatever is known to be wrong with it. */
typedef struct {
  double age_min; /* distance from now, also of a reading of the future; INFINITY: there is none */
  double glucose_mgdl;
  bool faulty;
} last_reading;

static last_reading last_of(const t1d_view *v)
{
  for (int32_t i = v->cgm.count - 1; i >= 0; i--) {
    const double t = v->cgm.t_min[i], g = v->cgm.glucose_mgdl[i];
    if (!t1d_reading_usable(g) || isnan(t)) continue;
    return (last_reading){fabs(v->now_min - t), g, v->reading_faults && v->reading_faults[i]};
  }
  return (last_reading){INFINITY, NAN, false};
}

static uint32_t signs_of_age(const t1d_limits *l, const t1d_trace *g)
{
  if (!(g->age_min <= l->silent_min)) return T1D_LIMIT_BIT(T1D_LIMIT_SILENT);
  return g->age_min > l->stale_min ? T1D_LIMIT_BIT(T1D_LIMIT_STALE) : 0;
}

/* Where glucose is in the worst case: the last reading even if it is at fault (to withhold insulin
 * for a low that is none costs an hour of basal at most), or the last good one; *ahead: where the
 * trend goes. INFINITY: nothing is known for hold_min. */
static double level_of(const t1d_limits *l, const t1d_view *v, const t1d_trace *g, double *ahead)
{
  const last_reading last = last_of(v);
  double level = last.age_min <= l->hold_min ? last.glucose_mgdl : INFINITY;
  *ahead = INFINITY;
  if (!(g->age_min <= l->hold_min)) return level;
  *ahead = g->smooth_mgdl + l->ahead_min * g->slope_mgdl_per_min;
  return fmin(level, g->glucose_mgdl);
}

static uint32_t signs_of_level(const t1d_limits *l, const t1d_view *v, const t1d_trace *g)
{
  double ahead;
  if (level_of(l, v, g, &ahead) < l->low_mgdl) return T1D_LIMIT_BIT(T1D_LIMIT_LOW);
  return ahead < l->ahead_mgdl ? T1D_LIMIT_BIT(T1D_LIMIT_FALLING) : 0;
}

static uint32_t signs_of_pair(const t1d_limits *l, const t1d_view *v, double t0, double g0,
                              double t1, double g1)
{
  uint32_t bits = 0;
  if (t0 < v->now_min - l->jump_min) return 0;
  if (60 * (t1 - t0) < l->double_s) bits |= T1D_LIMIT_BIT(T1D_LIMIT_DOUBLE);
  if (t1 - t0 <= l->jump_min && fabs(g1 - g0) > l->jump_share * fmax(g0, g1))
    bits |= T1D_LIMIT_BIT(T1D_LIMIT_JUMP);
  return bits;
}

/* From the newest reading back over silent_min, of which a trend is made: in order, none of the
 * future, no jump, no pair of the same moment. So a clock that was moved heals in silent_min. */
static uint32_t signs_of_order(const t1d_limits *l, const t1d_view *v)
{
  uint32_t bits = 0;
  double newest = NAN, later = NAN, later_g = NAN;
  for (int32_t i = v->cgm.count - 1; i >= 0; i--) {
    const double t = v->cgm.t_min[i], g = v->cgm.glucose_mgdl[i];
    if (!t1d_reading_usable(g) || isnan(t)) continue;
    if (t > v->now_min + 0.5 || t > later) return bits | T1D_LIMIT_BIT(T1D_LIMIT_CLOCK);
    if (later >= t) bits |= signs_of_pair(l, v, t, g, later, later_g);
    if (isnan(newest)) newest = t;
    if (newest - t >= l->silent_min) break;
    later = t;
    later_g = g;
  }
  return bits;
}

/* By how much a level may be false after another step of readings. A fall takes back what rose; a
 * rise behind a fall is the way back but for what exceeds it, and one from where readings stood
 * still is the way back to where glucose has gone since: it adds nothing, and clears nothing. */
static double after_step(double false_by, double step, bool stood_still)
{
  if (step > 0 && stood_still) return fmax(false_by, 0);
  if (step > 0) return false_by < 0 ? fmax(false_by + step, 0) : false_by + step;
  return false_by > 0 ? fmax(false_by + step, 0) : false_by + step;
}

/* A rise that is none of glucose (a sensor that sticks, is knocked, is set anew) leaves a level
 * that may be false for hours, and nothing in the readings behind it tells. */
static uint32_t signs_of_step(const t1d_limits *l, const t1d_view *v)
{
  double false_by = 0, t0 = NAN, g0 = NAN, still_t = NAN, still_g = NAN; /* where a run began */
  for (int32_t i = 0; i < v->cgm.count; i++) {
    const double t = v->cgm.t_min[i], g = v->cgm.glucose_mgdl[i], apart = t - t0, by = g - g0;
    if (!t1d_reading_usable(g) || isnan(t)) continue;
    if (apart >= 0 && apart <= l->jump_min && v->now_min - t <= l->step_hold_min &&
        fabs(by) > fmax(l->step_mgdl, l->step_mgdl_per_min * apart))
      false_by = after_step(false_by, by, t0 - still_t >= l->flat_min - l->jump_min / 2);
    if (!(fabs(g - still_g) <= l->flat_mgdl)) {
      still_t = t;
      still_g = g;
    }
    t0 = t;
    g0 = g;
  }
  return false_by > l->step_mgdl / 2 ? T1D_LIMIT_BIT(T1D_LIMIT_STEP) : 0;
}

static uint32_t signs_of_flat(const t1d_limits *l, const t1d_view *v, const t1d_trace *g)
{
  double low = INFINITY, high = -INFINITY, first = NAN;
  int32_t n = 0;
  for (int32_t i = v->cgm.count - 1; i >= 0; i--) {
    const double t = v->cgm.t_min[i], value = v->cgm.glucose_mgdl[i];
    if (!t1d_reading_usable(value) || isnan(t)) continue;
    low = fmin(low, value);
    high = fmax(high, value);
    if (high - low > l->flat_mgdl) return 0;
    n++;
    first = t;
    if (v->now_min - t >= l->flat_min) break;
  }
  /* five readings, over flat_min less a step of a sensor of 5 min and its jitter */
  const bool long_enough = n >= 5 && v->now_min - g->age_min - first >= l->flat_min - 5.5;
  return long_enough ? T1D_LIMIT_BIT(T1D_LIMIT_FLAT) : 0;
}

/* Has what is announced now been announced before? */
static bool told_before(const t1d_limits *l, const t1d_view *v, int32_t i)
{
  const t1d_told_meal *m = &v->meal[i];
  for (int32_t k = 0; k < i; k++) {
    const t1d_told_meal *b = &v->meal[k];
    if (fabs(b->t_min - m->t_min) <= l->twice_min && m->told_min - b->told_min <= l->twice_min &&
        fabs(b->carbs_g - m->carbs_g) <= 0.01 * m->carbs_g) /* ours: rounding between programs */
      return true;
  }
  return false;
}

/* Carbohydrate announced since the last decision that a bolus may cover, g. */
static double carbs_believed(const t1d_limits *l, const t1d_view *v, uint32_t *bits)
{
  double g = 0;
  for (int32_t i = 0; i < v->meal_count; i++) {
    t1d_view one = *v;
    one.meal = &v->meal[i];
    one.meal_count = 1;
    const double carbs = t1d_carbs_told(&one);
    if (!(carbs > 0)) continue;
    if (told_before(l, v, i))
      *bits |= T1D_LIMIT_BIT(T1D_LIMIT_MEAL_TWICE);
    else
      g += carbs;
  }
  if (!(g <= l->meal_max_g)) {
    *bits |= T1D_LIMIT_BIT(T1D_LIMIT_MEAL_SIZE);
    g = l->meal_max_g;
  }
  return g;
}

uint32_t t1d_limit_signs(const t1d_limits *l, const t1d_view *v)
{
  const t1d_trace g = t1d_trace_of(v);
  uint32_t bits = signs_of_age(l, &g) | signs_of_level(l, v, &g) | signs_of_order(l, v) |
                  signs_of_step(l, v) | signs_of_flat(l, v, &g);
  if (t1d_clock_moved_min(v) < l->silent_min) bits |= T1D_LIMIT_BIT(T1D_LIMIT_CLOCK);
  if (v->sensor_faults || last_of(v).faulty) bits |= T1D_LIMIT_BIT(T1D_LIMIT_SENSOR);
  if (v->twin_lost) bits |= T1D_LIMIT_BIT(T1D_LIMIT_LOST);
  (void)carbs_believed(l, v, &bits);
  return bits;
}

/* ---- what may be given ----------------------------------------------------------------------- */
static const uint32_t low_bits = T1D_LIMIT_BIT(T1D_LIMIT_LOW) | T1D_LIMIT_BIT(T1D_LIMIT_FALLING);
/* What makes that nothing is given beyond the profile but an announced meal's own bolus. */
static const uint32_t blind_bits = T1D_LIMIT_BIT(T1D_LIMIT_STALE) | T1D_LIMIT_BIT(T1D_LIMIT_STEP) |
                                   T1D_LIMIT_BIT(T1D_LIMIT_SILENT) |
                                   T1D_LIMIT_BIT(T1D_LIMIT_CLOCK) | T1D_LIMIT_BIT(T1D_LIMIT_FLAT) |
                                   T1D_LIMIT_BIT(T1D_LIMIT_DOUBLE) |
                                   T1D_LIMIT_BIT(T1D_LIMIT_SENSOR) | T1D_LIMIT_BIT(T1D_LIMIT_LOST);

typedef struct {
  double basal_u_per_h, bolus_u; /* at most */
} ceiling;

static double cut(double value, double most, uint32_t bit, uint32_t *bits)
{
  if (value <= most) return value;
  *bits |= bit;
  return most;
}

/* An announced meal by hand: carbohydrate / ratio; with low glucose less what would bring glucose
 * up to the target. */
static double by_hand(const t1d_limits *l, const t1d_view *v, double carbs, uint32_t signs)
{
  if (!(carbs > 0)) return 0;
  const t1d_therapy *t = v->therapy;
  double dose = carbs / positive(t->cr_g_per_u, INFINITY);
  if (signs & low_bits) {
    const t1d_trace g = t1d_trace_of(v);
    double ahead;
    const double level = level_of(l, v, &g, &ahead);
    dose -= fmax(t1d_target(t) - fmin(level, ahead), 0) / positive(t->cf_mgdl_per_u, 1);
  }
  return fmax(dose, 0); /* NaN: 0 */
}

static ceiling ceiling_of(const t1d_limits *l, const t1d_view *v, double carbs, uint32_t signs)
{
  const t1d_therapy *t = v->therapy;
  const bool jump = holds(signs, T1D_LIMIT_JUMP);
  const double profile = positive(t1d_basal_at(t, v->now_min), 0);
  const double hand = by_hand(l, v, carbs, signs);
  const double micro = profile * l->micro_min / 60;
  const double meal = carbs > 0 ? l->meal_share * carbs / positive(t->cr_g_per_u, INFINITY) : 0;
  ceiling c = {fmin(l->basal_max_u_per_h, l->basal_now * profile), jump ? hand : meal + micro};
  if (signs & blind_bits) c = (ceiling){fmin(c.basal_u_per_h, profile), hand};
  if (signs & low_bits) c = (ceiling){0, hand};
  return c;
}

/* Nothing beyond the profile above iob_max_u: first the bolus gives way, then the basal rate. */
static void keep_iob(const t1d_limits *l, const t1d_view *v, t1d_command *c, uint32_t *bits)
{
  const double profile = positive(t1d_basal_at(v->therapy, v->now_min), 0), iob = t1d_iob(v);
  const double room = isfinite(iob) ? fmax(l->iob_max_u - iob, 0) : 0;
  const uint32_t bit = T1D_LIMIT_BIT(T1D_LIMIT_IOB);
  c->bolus_u = cut(c->bolus_u, room, bit, bits);
  const double hours = positive(v->step_min, 5) / 60;
  c->basal_u_per_h = cut(c->basal_u_per_h, profile + (room - c->bolus_u) / hours, bit, bits);
}

static void add_reason(t1d_command *c, uint32_t bits)
{
  char before[T1D_REASON_BYTES];
  for (int32_t i = 0; i < T1D_LIMIT_COUNT; i++) {
    if (!(bits & T1D_LIMIT_BIT(i))) continue;
    c->reason[sizeof c->reason - 1] = 0;
    memcpy(before, c->reason, sizeof before);
    snprintf(c->reason, sizeof c->reason, "%.70s; %.80s", t1d_limit_text((t1d_limit)i), before);
    return;
  }
}

/* What was asked for, as it may be given: below 0 is 0; what is not finite is otherwise. */
static double number(double value, double otherwise, uint32_t *bits)
{
  if (isfinite(value) && value >= 0) return value;
  *bits |= T1D_LIMIT_BIT(T1D_LIMIT_NUMBER);
  return isfinite(value) ? 0 : otherwise;
}

/* Why a bolus was cut at its ceiling. */
static uint32_t why_bolus(uint32_t signs, double carbs)
{
  const uint32_t why =
      signs & (low_bits | blind_bits | T1D_LIMIT_BIT(T1D_LIMIT_JUMP) |
               T1D_LIMIT_BIT(T1D_LIMIT_MEAL_TWICE) | T1D_LIMIT_BIT(T1D_LIMIT_MEAL_SIZE));
  return why ? why : T1D_LIMIT_BIT(carbs > 0 ? T1D_LIMIT_BOLUS : T1D_LIMIT_MICRO);
}

void t1d_limit_apply(const t1d_limits *l, const t1d_view *v, t1d_command *c, uint32_t *reasons)
{
  uint32_t bits = 0, signs = t1d_limit_signs(l, v);
  const double carbs = carbs_believed(l, v, &signs);
  const ceiling most = ceiling_of(l, v, carbs, signs);
  const uint32_t own = signs & (low_bits | blind_bits);
  c->basal_u_per_h =
      number(c->basal_u_per_h, positive(t1d_basal_at(v->therapy, v->now_min), 0), &bits);
  c->bolus_u = number(c->bolus_u, 0, &bits);
  c->basal_u_per_h =
      cut(c->basal_u_per_h, most.basal_u_per_h, own ? own : T1D_LIMIT_BIT(T1D_LIMIT_BASAL), &bits);
  c->bolus_u = cut(c->bolus_u, most.bolus_u, why_bolus(signs, carbs), &bits);
  c->bolus_u = cut(c->bolus_u, l->bolus_max_u, T1D_LIMIT_BIT(T1D_LIMIT_BOLUS), &bits);
  keep_iob(l, v, c, &bits);
  bits |= signs & (T1D_LIMIT_BIT(T1D_LIMIT_SILENT) | low_bits);
  add_reason(c, bits);
  if (reasons) *reasons = bits;
}
