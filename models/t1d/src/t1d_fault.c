/* t1d_fault.c - faults of sensors, people and pumps (t1d_fault.h). */
#include "t1d_fault.h"
#include "t1d_unit.h"
#include "gemel/math.h"
#include "gemel/rand.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* ---- kinds ----------------------------------------------------------------------------------- */
/* Length and size of mild, moderate and severe ones. From records: compression 45 (30-70) min and
 * 24 (10-48) mg/dL, median (5-95 %), nine of ten disconnections below 20 min (Facchinetti et al.,
 * Diabetes Technol. Ther. 18:264, 2016); a sawtooth of 15 min and 30 mg/dL (HUPA-UCM 0001P); a
 * sensor above 300 at a true 90 mg/dL (xDrip issue 191). The rest is ours: chosen to be seen. */
static const struct {
  const char *name;
  double length_min[3], size[3];
} row[T1D_FAULT_KINDS] = {
    [T1D_FAULT_STUCK_LOW] = {"stuck-low", {30, 120, 360}, {65, 50, 40}},
    [T1D_FAULT_STUCK_HIGH] = {"stuck-high", {30, 120, 360}, {250, 320, 400}},
    [T1D_FAULT_COMPRESSION] = {"compression", {30, 45, 70}, {24, 48, 80}},
    [T1D_FAULT_DROPOUT] = {"dropout", {20, 120, 360}, {0, 0, 0}},
    [T1D_FAULT_SAWTOOTH] = {"sawtooth", {180, 360, 720}, {15, 30, 60}},
    [T1D_FAULT_FLAT] = {"flat", {30, 120, 360}, {0, 0, 0}},
    [T1D_FAULT_JUMP] = {"jump", {60, 120, 360}, {30, 60, 100}},
    [T1D_FAULT_MMOL] = {"mmol", {5, 60, 360}, {0, 0, 0}},
    [T1D_FAULT_CLOCK] = {"clock", {60, 360, 1440}, {60, 60, 60}},
    [T1D_FAULT_DOUBLE_MEAL] = {"double-meal", {360, 720, 1440}, {0, 0, 0}},
    [T1D_FAULT_NOT_EATEN] = {"not-eaten", {360, 720, 1440}, {0, 0, 0}},
    [T1D_FAULT_MISSED] = {"missed", {360, 720, 1440}, {0, 0, 0}},
    [T1D_FAULT_OCCLUSION] = {"occlusion", {60, 180, 360}, {0, 0, 0}},
};
static const double tooth_min = 15;
/* A dip goes down and comes back as a first-order system does (Facchinetti et al. 2016); its time
 * constant is ours. */
static const double dip_min = 10, remembered_min = 1440;

const char *t1d_fault_name(t1d_fault_kind kind)
{
  return (unsigned)kind < T1D_FAULT_KINDS ? row[kind].name : NULL;
}

gm_status t1d_fault_find(gm_ctx *ctx, const char *name, t1d_fault_kind *out)
{
  assert(name && out);
  for (int k = 0; k < T1D_FAULT_KINDS; k++) {
    if (strcmp(name, row[k].name) != 0) continue;
    *out = (t1d_fault_kind)k;
    return GM_OK;
  }
  return gm_fail(ctx, GM_ENOTFOUND, "fault '%.40s': none of that name", name);
}

t1d_fault t1d_fault_make(t1d_fault_kind kind, t1d_severity severity, double start_min)
{
  assert((unsigned)kind < T1D_FAULT_KINDS && (unsigned)severity <= T1D_FAULT_DRAWN);
  int s = severity == T1D_FAULT_DRAWN ? T1D_FAULT_MODERATE : (int)severity;
  return (t1d_fault){kind, start_min, start_min + row[kind].length_min[s], row[kind].size[s]};
}

t1d_fault_script t1d_fault_none(void)
{
  return (t1d_fault_script){.low_mgdl = 40, .high_mgdl = 400, .held_mgdl = NAN};
}

gm_status t1d_fault_add(gm_ctx *ctx, t1d_fault_script *s, t1d_fault f)
{
  assert(s);
  if ((unsigned)f.kind >= T1D_FAULT_KINDS)
    return gm_fail(ctx, GM_EINVAL, "fault: no kind %d", (int)f.kind);
  if (!isfinite(f.start_min) || !isfinite(f.end_min) || f.end_min < f.start_min ||
      !isfinite(f.size))
    return gm_fail(ctx, GM_EDOMAIN, "fault %s: from %g to %g min, size %g", row[f.kind].name,
                   f.start_min, f.end_min, f.size);
  if (s->count == T1D_FAULTS_MAX)
    return gm_fail(ctx, GM_EFULL, "fault: more than %d in one script", T1D_FAULTS_MAX);
  s->fault[s->count++] = f;
  return GM_OK;
}

/* ---- at run time ----------------------------------------------------------------------------- */
static bool holds(const t1d_fault *f, double t_min)
{
  return f->start_min <= t_min && t_min < f->end_min;
}

uint32_t t1d_fault_active(const t1d_fault_script *s, double t_min)
{
  assert(s);
  uint32_t set = 0;
  for (int32_t i = 0; i < s->count; i++)
    if (holds(&s->fault[i], t_min)) set |= T1D_FAULT_BIT(s->fault[i].kind);
  return set;
}

/* Response of a first-order system to a rectangle from start to end, its greatest value being size.
 */
static double dip(const t1d_fault *f, double t_min)
{
  double on = f->end_min - f->start_min, since = t_min - f->start_min;
  if (since <= 0 || on <= 0) return 0;
  double down = gm_expm1(-fmin(since, on) / dip_min) / gm_expm1(-on / dip_min);
  return f->size * down * gm_exp(-fmax(since - on, 0) / dip_min);
}

static double sawtooth(const t1d_fault *f, double t_min)
{
  double x = (t_min - f->start_min) / tooth_min;
  return f->size * (x - floor(x) - 0.5);
}

/* What is added to a reading by all faults together. */
static double added(const t1d_fault_script *s, double t_min)
{
  double sum = 0;
  for (int32_t i = 0; i < s->count; i++) {
    const t1d_fault *f = &s->fault[i];
    if (f->kind == T1D_FAULT_COMPRESSION) sum -= dip(f, t_min);
    if (f->kind == T1D_FAULT_SAWTOOTH && holds(f, t_min)) sum += sawtooth(f, t_min);
    if (f->kind == T1D_FAULT_JUMP && holds(f, t_min)) sum += f->size;
  }
  return sum;
}

static const t1d_fault *found(const t1d_fault_script *s, t1d_fault_kind kind, double t_min)
{
  for (int32_t i = 0; i < s->count; i++)
    if (s->fault[i].kind == kind && holds(&s->fault[i], t_min)) return &s->fault[i];
  return NULL;
}

static void cut(const t1d_fault_script *s, t1d_sample *r)
{
  if (r->mgdl < s->low_mgdl) r->mgdl = s->low_mgdl, r->flags |= T1D_SAMPLE_LOW;
  if (r->mgdl > s->high_mgdl) r->mgdl = s->high_mgdl, r->flags |= T1D_SAMPLE_HIGH;
}

/* Stuck before flat before what is added; units and clock are faults of what passes it on. */
static void change_value(t1d_fault_script *s, t1d_sample *r)
{
  const double t = r->t_min;
  const t1d_fault *stuck = found(s, T1D_FAULT_STUCK_LOW, t);
  if (!stuck) stuck = found(s, T1D_FAULT_STUCK_HIGH, t);
  double sum = added(s, t);
  if (stuck) {
    *r = (t1d_sample){t, stuck->size, 0};
  } else if (sum != 0) {
    r->mgdl += sum;
    r->flags &= ~(uint32_t)(T1D_SAMPLE_LOW | T1D_SAMPLE_HIGH);
  }
  if (stuck || sum != 0) cut(s, r);
  if (found(s, T1D_FAULT_FLAT, t) && isfinite(s->held_mgdl)) r->mgdl = s->held_mgdl;
  s->held_mgdl = r->mgdl;
  if (found(s, T1D_FAULT_MMOL, t)) r->mgdl /= T1D_MGDL_PER_MMOL_L;
}

t1d_sample t1d_fault_reading(t1d_fault_script *s, t1d_sample reading)
{
  assert(s);
  const double t = reading.t_min;
  t1d_sample r = reading;
  if (!isfinite(r.mgdl) || found(s, T1D_FAULT_DROPOUT, t))
    r = (t1d_sample){t, NAN, T1D_SAMPLE_MISSING};
  else
    change_value(s, &r);
  const t1d_fault *clock = found(s, T1D_FAULT_CLOCK, t);
  if (clock) r.t_min += clock->size;
  return r;
}

int32_t t1d_fault_meal(const t1d_fault_script *s, t1d_meal *meal)
{
  assert(s && meal);
  if (meal->announced && found(s, T1D_FAULT_MISSED, meal->t_min)) {
    meal->announced = false;
    meal->told_min = meal->told_g = NAN;
  }
  if (!meal->announced) return 0;
  if (found(s, T1D_FAULT_NOT_EATEN, meal->t_min)) meal->carbs_g = 0;
  return found(s, T1D_FAULT_DOUBLE_MEAL, meal->t_min) ? 2 : 1;
}

/* ---- random scripts -------------------------------------------------------------------------- */
enum { KIND = 0x743103 }; /* of rand.h: this file's own */
enum { DRAW_COUNT, DRAW_START, DRAW_SEVERITY, DRAW_SIGN, DRAW_LENGTH, DRAW_SIZE };

static double uniform(const t1d_fault_law *l, uint32_t draw, t1d_fault_kind kind, int64_t index)
{
  gm_key key = gm_key_make(l->seed, GM_PURPOSE_DESIGN, l->subject, 0);
  return gm_uniform(key, 0, (uint64_t)kind, gm_kind_draw(KIND, draw), (uint64_t)index);
}

/* e^(spread z) times the median: spread from the 5th and 95th percentile, (ln p95 - ln p5) / 3.29.
 */
static double lognormal(double median, double spread, double u)
{
  return median * gm_exp(spread * gm_norm_quantile(u));
}

/* By the laws of the records: compression 45 (30-70) min, 24 (10-48) mg/dL; disconnections with
 * nine of ten below 20 min, exponential. */
static void published(const t1d_fault_law *l, int64_t index, t1d_fault *f)
{
  double u = uniform(l, DRAW_LENGTH, f->kind, index), length = f->end_min - f->start_min;
  if (f->kind == T1D_FAULT_COMPRESSION) {
    length = lognormal(45, 0.258, u);
    f->size = lognormal(24, 0.477, uniform(l, DRAW_SIZE, f->kind, index));
  }
  if (f->kind == T1D_FAULT_DROPOUT) length = -20 / gm_ln(10) * gm_ln(u);
  f->end_min = f->start_min + length;
}

t1d_fault t1d_fault_draw(const t1d_fault_law *law, t1d_fault_kind kind, int64_t index,
                         double t0_min, double t1_min)
{
  assert(law && (unsigned)kind < T1D_FAULT_KINDS);
  double start = floor(t0_min + (t1_min - t0_min) * uniform(law, DRAW_START, kind, index));
  t1d_severity s = law->severity;
  if (s == T1D_FAULT_DRAWN) s = (t1d_severity)(3 * uniform(law, DRAW_SEVERITY, kind, index));
  t1d_fault f = t1d_fault_make(kind, s, fmax(start, t0_min));
  if (law->severity == T1D_FAULT_DRAWN) published(law, index, &f);
  bool two_sided = kind == T1D_FAULT_JUMP || kind == T1D_FAULT_CLOCK;
  if (two_sided && uniform(law, DRAW_SIGN, kind, index) < 0.5) f.size = -f.size;
  return f;
}

static void forget(t1d_fault_script *s, double before_min)
{
  int32_t kept = 0;
  for (int32_t i = 0; i < s->count; i++)
    if (s->fault[i].end_min > before_min) s->fault[kept++] = s->fault[i];
  s->count = kept;
}

gm_status t1d_fault_add_day(gm_ctx *ctx, t1d_fault_script *s, const t1d_fault_law *law, int64_t day)
{
  assert(s && law);
  if (!(law->per_day >= 0 && law->per_day <= 2) || (law->kinds & ~T1D_FAULT_ALL) ||
      (unsigned)law->severity > T1D_FAULT_DRAWN)
    return gm_fail(ctx, GM_EDOMAIN, "faults: %g a day of kinds %x, severity %d", law->per_day,
                   (unsigned)law->kinds, (int)law->severity);
  enum { A_DAY = 64 }; /* of one kind: beyond any draw of a mean of 2 */
  const double t0 = (double)day * 1440;
  const gm_key key = gm_key_make(law->seed, GM_PURPOSE_DESIGN, law->subject, 0);
  t1d_fault_script more = *s;
  forget(&more, t0 - remembered_min);
  for (int k = 0; k < T1D_FAULT_KINDS; k++) {
    if (!(law->kinds & T1D_FAULT_BIT(k))) continue;
    int64_t n = gm_poisson(key, 0, (uint64_t)k, gm_kind_draw(KIND, DRAW_COUNT), (uint64_t)day,
                           law->per_day);
    for (int64_t i = 0; i < n && i < A_DAY; i++) {
      gm_status status = t1d_fault_add(
          ctx, &more, t1d_fault_draw(law, (t1d_fault_kind)k, day * A_DAY + i, t0, t0 + 1440));
      if (status != GM_OK) return status;
    }
  }
  *s = more;
  return GM_OK;
}
