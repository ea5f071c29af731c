/* quality_time.c - clocks, order, missing stretches, duplicates. */
#include "methods/quality_internal.h"
#include <math.h>

/* 1970-01-01, 1980-01-06 (GPS) and 2000-01-01 in hours of Unix time. */
static const double zeros_h[] = {0, 87768, 262968};

static bool reset_at(const gm_quality_rules *r, const arrival *a, double *since)
{
  if (isnan(r->unix_h) || !(r->reset_h > 0)) return false;
  for (size_t i = 0; i < sizeof zeros_h / sizeof *zeros_h; i++) {
    *since = a->d.t_h + r->unix_h - zeros_h[i];
    if (*since >= 0 && *since <= r->reset_h) return true;
  }
  return false;
}

static double clock_tolerance(const gm_quality *q, const arrival *a)
{
  return fmax(q->rules.clock_h, isnan(a->usual) ? 0 : a->usual / 2);
}

/* Two data learned one usual interval apart that were true much more or less apart: the clock of
 * the source moved. A silence of the line moves when data are learned, not when they were true. */
static double jump_learned(const gm_quality *q, const arrival *a)
{
  const series *s = &q->s;
  double was = a->d.t_h - s->arrival_t, learned = a->d.learned_h - s->arrival_learned;
  bool steady = fabs(learned - a->usual) <= a->usual / 2;
  double jump = was - learned;
  return steady && fabs(jump) > clock_tolerance(q, a) ? was - a->usual : 0;
}

/* Not known when learned: the one move that shows is the hour back at the end of summer time,
 * between data that come much more often than that. */
static double jump_back(const gm_quality *q, const arrival *a)
{
  double jump = a->d.t_h - (q->s.arrival_t + a->usual);
  return a->usual <= 0.25 && fabs(jump + 1) <= a->usual / 2 ? jump : 0;
}

static void find_clock(gm_quality *q, arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  bool known = isfinite(a->d.learned_h) && isfinite(s->arrival_learned);
  if (q->rules.clock_h > 0 && !isnan(s->arrival_t) && !isnan(a->usual)) {
    double jump = known ? jump_learned(q, a) : jump_back(q, a);
    if (jump != 0) s->offset_data = 0;
    s->offset += jump;
    if (fabs(s->offset) <= clock_tolerance(q, a) / 2) s->offset = 0; /* it was set right */
    if (!known && s->offset != 0 && a->d.t_h > s->latest_t) s->offset = 0;
  }
  if (s->offset == 0) return;
  if (s->offset_data++ >= q->rules.clock_hold) {
    s->offset = 0; /* the new clock is the clock */
    return;
  }
  a->t = a->d.t_h - s->offset;
  gm__quality_add(f, GM_QUALITY_CLOCK, s->offset);
}

static void find_gap(gm_quality *q, arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  if (isnan(s->latest_t)) return;
  double dt = a->t - s->latest_t;
  if (dt < -q->rules.tie_h) {
    a->late = true;
    gm__quality_add(f, GM_QUALITY_LATE, -dt);
    return;
  }
  if (!isnan(a->usual) && dt > q->rules.gap_factor * a->usual)
    gm__quality_add(f, GM_QUALITY_GAP, dt);
  if (dt > q->rules.tie_h && !(a->usual > 0 && dt <= q->rules.near_factor * a->usual))
    s->interval[s->interval_count++ % ERRORS] = dt;
}

void gm__quality_time(gm_quality *q, arrival *a, gm_quality_finding *f)
{
  series *s = &q->s;
  double since, ahead = a->d.t_h - a->d.learned_h;
  if (ahead > q->rules.future_h) gm__quality_add(f, GM_QUALITY_FUTURE, ahead);
  bool reset = reset_at(&q->rules, a, &since);
  if (reset) gm__quality_add(f, GM_QUALITY_CLOCK_RESET, since);
  if (!reset || !isnan(s->arrival_t)) find_clock(q, a, f);
  if (reset && !gm__quality_has(f, GM_QUALITY_CLOCK)) {
    a->untimed = true; /* when it was true cannot be told */
    return;
  }
  s->arrival_t = a->d.t_h;
  s->arrival_learned = a->d.learned_h;
  find_gap(q, a, f);
}

/* The same datum again, or another one of the same time. */
void gm__quality_tie(const gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const series *s = &q->s;
  const gm_quality_rules *r = &q->rules;
  double near_h = isnan(a->usual) ? r->tie_h : fmax(r->tie_h, r->near_factor * a->usual);
  double same = fmax(r->resolution / 2, 1e-9 * fabs(a->d.value)), differs = 0;
  bool tied = false;
  if (a->untimed) return;
  for (int64_t i = 0; i < s->past_count && i < PAST; i++) {
    const point *p = gm__quality_past(s, i);
    double dt = fabs(p->t - a->t), dv = a->d.value - p->value;
    if (dt <= near_h && fabs(dv) <= same) {
      gm__quality_drop(f, GM_QUALITY_CONFLICT);
      gm__quality_add(f, GM_QUALITY_COPY, dt);
      return;
    }
    if (dt <= r->tie_h && !tied) {
      tied = true;
      differs = dv;
    }
  }
  if (tied) gm__quality_add(f, GM_QUALITY_CONFLICT, differs);
}
