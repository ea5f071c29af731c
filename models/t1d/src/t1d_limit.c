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

static const hard_limit *class_of(const t1d_therapy *t)
{
  int32_t i = t->group == T1D_ADULT ? 2 : (t->group == T1D_ADOLESCENT ? 1 : 0);
  while (t->daily_dose_u > hard[i].day_u && isfinite(t->daily_dose_u)) i++;
  return &hard[i];
}

static double positive(double value, double otherwise)
{
  return value > 0 && isfinite(value) ? value : otherwise;
}

void t1d_limits_of(const t1d_therapy *t, t1d_limits *out)
{
  const hard_limit *h = class_of(t);
  double highest = 0, sum = 0;
  for (int32_t i = 0; i < 24; i++) {
    highest = fmax(highest, positive(t->basal_u_per_h[i], 0));
    sum += positive(t->basal_u_per_h[i], 0);
  }
  /* a day's insulin that is not known: twice the basal part */
  const double day = positive(t->daily_dose_u, 2 * sum);
  *out = (t1d_limits){
      .basal_max_u_per_h = fmin(h->basal_u_per_h, 3 * highest), /* oref0: 3 times the highest, */
      .basal_now = 4,                                           /* 4 times the present rate */
      .bolus_max_u = h->bolus_u,
      .micro_min = 30, /* oref0: maxSMBBasalMinutes */
      .iob_max_u = fmin(h->iob_u, 0.35 * day),
      .low_mgdl = 70,
      .ahead_mgdl = 75,
      .ahead_min = 30,
      .stale_min = 15,   /* Loop */
      .silent_min = 20,  /* Control-IQ */
      .jump_share = 0.2, /* oref0 */
      .jump_min = 20,
      .flat_min = 45, /* AndroidAPS: 45 min */
      .flat_mgdl = 1,
      .double_s = 60,
      .meal_max_g = 120, /* oref0: maxCOB */
      .meal_share = 1.5,
      .twice_min = 30,
  };
}

/* ---- signs ----------------------------------------------------------------------------------- */
static bool seen(double glucose_mgdl)
{
  return glucose_mgdl >= 20 && glucose_mgdl <= 600; /* NaN: no */
}

static uint32_t signs_of_age(const t1d_limits *l, const t1d_trace *g)
{
  if (!(g->age_min <= l->silent_min)) return T1D_LIMIT_BIT(T1D_LIMIT_SILENT);
  return g->age_min > l->stale_min ? T1D_LIMIT_BIT(T1D_LIMIT_STALE) : 0;
}

static uint32_t signs_of_level(const t1d_limits *l, const t1d_trace *g)
{
  if (!(g->age_min <= l->silent_min)) return 0;
  if (g->glucose_mgdl < l->low_mgdl) return T1D_LIMIT_BIT(T1D_LIMIT_LOW);
  const double ahead = g->smooth_mgdl + l->ahead_min * g->slope_mgdl_per_min;
  return ahead < l->ahead_mgdl ? T1D_LIMIT_BIT(T1D_LIMIT_FALLING) : 0;
}

static uint32_t signs_of_pair(const t1d_limits *l, const t1d_view *v, double t0, double g0,
                              double t1, double g1)
{
  uint32_t bits = 0;
  if (t1 < t0) return T1D_LIMIT_BIT(T1D_LIMIT_CLOCK);
  if (t0 < v->now_min - l->jump_min) return 0;
  if (60 * (t1 - t0) < l->double_s) bits |= T1D_LIMIT_BIT(T1D_LIMIT_DOUBLE);
  if (t1 - t0 <= l->jump_min && fabs(g1 - g0) > l->jump_share * fmax(g0, g1))
    bits |= T1D_LIMIT_BIT(T1D_LIMIT_JUMP);
  return bits;
}

/* Readings in order, none of the future, no jump, no pair of the same moment. Only the last
 * silent_min before now matter for order: an old jump of the clock heals. */
static uint32_t signs_of_order(const t1d_limits *l, const t1d_view *v)
{
  uint32_t bits = 0;
  int32_t last = -1;
  const int32_t from = v->cgm.count > 24 ? v->cgm.count - 24 : 0;
  for (int32_t i = from; i < v->cgm.count; i++) {
    const double t = v->cgm.t_min[i];
    if (!seen(v->cgm.glucose_mgdl[i])) continue;
    if (!(t <= v->now_min + 0.5)) bits |= T1D_LIMIT_BIT(T1D_LIMIT_CLOCK);
    if (last >= 0)
      bits |= signs_of_pair(l, v, v->cgm.t_min[last], v->cgm.glucose_mgdl[last], t,
                            v->cgm.glucose_mgdl[i]);
    last = i;
  }
  return bits;
}

static uint32_t signs_of_flat(const t1d_limits *l, const t1d_view *v, const t1d_trace *g)
{
  double low = INFINITY, high = -INFINITY, first = NAN;
  int32_t n = 0;
  for (int32_t i = v->cgm.count - 1; i >= 0; i--) {
    const double t = v->cgm.t_min[i], value = v->cgm.glucose_mgdl[i];
    if (!seen(value)) continue;
    low = fmin(low, value);
    high = fmax(high, value);
    if (high - low > l->flat_mgdl) return 0;
    n++;
    first = t;
    if (v->now_min - t >= l->flat_min) break;
  }
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
        fabs(b->carbs_g - m->carbs_g) <= 0.01 * m->carbs_g)
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
  uint32_t bits =
      signs_of_age(l, &g) | signs_of_level(l, &g) | signs_of_order(l, v) | signs_of_flat(l, v, &g);
  if (v->sensor_faults) bits |= T1D_LIMIT_BIT(T1D_LIMIT_SENSOR);
  if (v->twin_lost) bits |= T1D_LIMIT_BIT(T1D_LIMIT_LOST);
  (void)carbs_believed(l, v, &bits);
  return bits;
}

/* ---- what may be given ----------------------------------------------------------------------- */
static const uint32_t low_bits = T1D_LIMIT_BIT(T1D_LIMIT_LOW) | T1D_LIMIT_BIT(T1D_LIMIT_FALLING);
/* What makes that nothing is given beyond the profile but an announced meal's own bolus. */
static const uint32_t blind_bits = T1D_LIMIT_BIT(T1D_LIMIT_STALE) |
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
static double by_hand(const t1d_limits *l, const t1d_view *v, double carbs, uint32_t bits)
{
  if (!(carbs > 0)) return 0;
  const t1d_therapy *t = v->therapy;
  double dose = carbs / positive(t->cr_g_per_u, INFINITY);
  if (bits & low_bits) {
    const t1d_trace g = t1d_trace_of(v);
    const double ahead = g.smooth_mgdl + l->ahead_min * fmin(g.slope_mgdl_per_min, 0);
    dose -= fmax(t1d_target(t) - fmin(ahead, g.glucose_mgdl), 0) / positive(t->cf_mgdl_per_u, 1);
  }
  return fmax(dose, 0); /* NaN: 0 */
}

static ceiling ceiling_of(const t1d_limits *l, const t1d_view *v, double carbs, uint32_t *bits)
{
  const t1d_therapy *t = v->therapy;
  const double profile = positive(t1d_basal_at(t, v->now_min), 0);
  const double hand = by_hand(l, v, carbs, *bits);
  const double micro = *bits & T1D_LIMIT_BIT(T1D_LIMIT_JUMP) ? 0 : profile * l->micro_min / 60;
  ceiling c = {fmin(l->basal_max_u_per_h, l->basal_now * profile),
               carbs > 0 ? l->meal_share * carbs / positive(t->cr_g_per_u, INFINITY) + micro
                         : micro};
  if (*bits & T1D_LIMIT_BIT(T1D_LIMIT_JUMP)) c.bolus_u = hand;
  if (*bits & blind_bits) c = (ceiling){fmin(c.basal_u_per_h, profile), hand};
  if (*bits & low_bits) c = (ceiling){0, hand};
  c.bolus_u = fmax(c.bolus_u, 0);
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

static bool number(double value) { return isfinite(value) && value >= 0; }

void t1d_limit_apply(const t1d_limits *l, const t1d_view *v, t1d_command *c, uint32_t *reasons)
{
  const uint32_t signs = t1d_limit_signs(l, v);
  const double profile = positive(t1d_basal_at(v->therapy, v->now_min), 0);
  uint32_t bits = 0, told = 0, seen_signs = signs;
  if (!number(c->basal_u_per_h) || !number(c->bolus_u)) {
    bits |= T1D_LIMIT_BIT(T1D_LIMIT_NUMBER);
    if (!number(c->basal_u_per_h)) c->basal_u_per_h = profile;
    if (!number(c->bolus_u)) c->bolus_u = 0;
  }
  const double carbs = carbs_believed(l, v, &told);
  const ceiling most = ceiling_of(l, v, carbs, &seen_signs);
  const uint32_t own = signs & (low_bits | blind_bits);
  if (signs & T1D_LIMIT_BIT(T1D_LIMIT_SILENT) && !(signs & low_bits)) c->basal_u_per_h = profile;
  c->basal_u_per_h =
      cut(c->basal_u_per_h, most.basal_u_per_h, own ? own : T1D_LIMIT_BIT(T1D_LIMIT_BASAL), &bits);
  uint32_t why = own | (signs & T1D_LIMIT_BIT(T1D_LIMIT_JUMP)) | told;
  if (!why) why = T1D_LIMIT_BIT(carbs > 0 ? T1D_LIMIT_BOLUS : T1D_LIMIT_MICRO);
  c->bolus_u = cut(c->bolus_u, most.bolus_u, why, &bits);
  c->bolus_u = cut(c->bolus_u, l->bolus_max_u, T1D_LIMIT_BIT(T1D_LIMIT_BOLUS), &bits);
  keep_iob(l, v, c, &bits);
  bits |= signs & (T1D_LIMIT_BIT(T1D_LIMIT_SILENT) | low_bits);
  add_reason(c, bits);
  if (reasons) *reasons = bits;
}
