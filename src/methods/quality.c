/* quality.c - rules, the state of a series, and the order in which its checks are asked. */
#include "methods/quality_internal.h"
#include "gemel/math.h"
#include "num/distribution.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* Rules are compared and saved as bytes. */
_Static_assert(sizeof(gm_quality_rules) ==
                   (32 + GM_QUALITY_REASONS + 2 * GM_QUALITY_UNITS) * 8 + 4 * sizeof(int32_t),
               "rules have no padding");

/* ---- names ----------------------------------------------------------------------------------- */
typedef struct {
  const char *name, *text;
  double weight;
  gm_quality_verdict verdict;
} reason_row;

static const reason_row reasons[GM_QUALITY_REASONS] = {
#define GM_X(name, weight, verdict, text) {#name, text, weight, GM_QUALITY_##verdict},
    GM_QUALITY_LIST(GM_X)
#undef GM_X
};

const char *gm_quality_verdict_name(gm_quality_verdict v)
{
  static const char *const name[] = {"good", "suspect", "impossible", "duplicate"};
  return (unsigned)v < 4 ? name[v] : "?";
}

const char *gm_quality_reason_name(gm_quality_reason r)
{
  return (unsigned)r < GM_QUALITY_REASONS ? reasons[r].name : "?";
}

const char *gm_quality_reason_text(gm_quality_reason r)
{
  return (unsigned)r < GM_QUALITY_REASONS ? reasons[r].text : "?";
}

/* ---- rules ----------------------------------------------------------------------------------- */
gm_quality_rules gm_quality_defaults(void)
{
  gm_quality_rules r;
  memset(&r, 0, sizeof r);
  r.hard_low = r.soft_low = r.sensor_low = -INFINITY;
  r.hard_high = r.soft_high = r.sensor_high = INFINITY;
  r.typical_low = r.typical_high = r.unix_h = NAN;
  r.rise_per_h = r.fall_per_h = INFINITY;
  r.gap_factor = 3;
  r.tie_h = 1.0 / 3600;
  r.near_factor = 0.2;
  r.clock_h = r.future_h = 0.25;
  r.reset_h = 48;
  r.dip_back = 0.6;
  r.rate_rate = r.slip_rate = r.flat_rate = r.saw_rate = r.repeat_rate = r.spike_rate = 1e-4;
  for (int i = 0; i < GM_QUALITY_REASONS; i++) r.weight[i] = reasons[i].weight;
  r.relock = 3;
  r.clock_hold = 100;
  r.flat_least = 4;
  return r;
}

static gm_status refuse(gm_ctx *ctx, const char *what, double value, const char *expected)
{
  return gm_fail(ctx, GM_ERANGE, "quality rules: %s %g, expected %s", what, value, expected);
}

static gm_status check_limits(gm_ctx *ctx, const gm_quality_rules *r)
{
  if (!(r->hard_low < r->hard_high)) return refuse(ctx, "hard_low", r->hard_low, "below hard_high");
  if (!(r->soft_low < r->soft_high)) return refuse(ctx, "soft_low", r->soft_low, "below soft_high");
  if (!(r->sensor_low < r->sensor_high))
    return refuse(ctx, "sensor_low", r->sensor_low, "below sensor_high");
  if (!isnan(r->typical_low) &&
      !(r->typical_low < r->typical_high && isfinite(r->typical_low) && isfinite(r->typical_high)))
    return refuse(ctx, "typical_low", r->typical_low, "finite and below typical_high");
  if (!(r->rise_per_h > 0)) return refuse(ctx, "rise_per_h", r->rise_per_h, "above 0");
  if (!(r->fall_per_h > 0)) return refuse(ctx, "fall_per_h", r->fall_per_h, "above 0");
  return GM_OK;
}

static gm_status check_sizes(gm_ctx *ctx, const gm_quality_rules *r)
{
  const struct {
    const char *name;
    double value, most;
  } row[] = {{"noise_sd", r->noise_sd, 1e300},
             {"noise_cv", r->noise_cv, 10},
             {"resolution", r->resolution, 1e300},
             {"usual_h", r->usual_h, 1e9},
             {"tie_h", r->tie_h, 1e9},
             {"near_factor", r->near_factor, 0.9},
             {"clock_h", r->clock_h, 1e9},
             {"future_h", r->future_h, 1e9},
             {"reset_h", r->reset_h, 1e5},
             {"dip_fall", r->dip_fall, 1e300},
             {"dip_back", r->dip_back, 1},
             {"rate_rate", r->rate_rate, 0.1},
             {"slip_rate", r->slip_rate, 0.1},
             {"flat_rate", r->flat_rate, 0.1},
             {"saw_rate", r->saw_rate, 0.1},
             {"saw_least", r->saw_least, 1e300},
             {"repeat_rate", r->repeat_rate, 0.1},
             {"spike_rate", r->spike_rate, 0.1}};
  for (size_t i = 0; i < sizeof row / sizeof *row; i++)
    if (!(row[i].value >= 0 && row[i].value <= row[i].most))
      return gm_fail(ctx, GM_ERANGE, "quality rules: %s %g, expected 0 to %g", row[i].name,
                     row[i].value, row[i].most);
  if (!(r->gap_factor > 1)) return refuse(ctx, "gap_factor", r->gap_factor, "above 1");
  if (r->dip_fall > 0 && !(r->dip_fall_per_h > 0 && r->dip_h > 0))
    return refuse(ctx, "dip_fall", r->dip_fall, "dip_fall_per_h and dip_h above 0 beside it");
  if (r->dip_fall > 0 && !(r->dip_back > 0)) return refuse(ctx, "dip_back", 0, "above 0");
  return GM_OK;
}

static gm_status check_counts(gm_ctx *ctx, const gm_quality_rules *r)
{
  if (r->unit_count < 0 || r->unit_count > GM_QUALITY_UNITS)
    return refuse(ctx, "unit_count", r->unit_count, "0 to 8");
  for (int32_t i = 0; i < r->unit_count; i++)
    if (!(r->unit[i].factor != 0 && isfinite(r->unit[i].factor) && isfinite(r->unit[i].offset)))
      return refuse(ctx, "unit factor", r->unit[i].factor, "finite, not 0, with a finite offset");
  if (r->relock < 2 || r->relock > PENDING) return refuse(ctx, "relock", r->relock, "2 to 16");
  if (r->clock_hold < 1) return refuse(ctx, "clock_hold", r->clock_hold, "1 or more");
  if (r->flat_least < 3) return refuse(ctx, "flat_least", r->flat_least, "3 or more");
  for (int i = 0; i < GM_QUALITY_REASONS; i++)
    if (!(r->weight[i] >= 0 && r->weight[i] <= 1))
      return gm_fail(ctx, GM_ERANGE, "quality rules: weight of %s %g, expected 0 to 1",
                     reasons[i].name, r->weight[i]);
  return GM_OK;
}

/* ---- state ----------------------------------------------------------------------------------- */
static void start(gm_quality *q)
{
  q->s.latest_t = q->s.arrival_t = q->s.arrival_learned = q->s.dip_start = NAN;
  const gm_quality_rules *r = &q->rules;
  /* The scale is a median of n absolute errors: it knows as much as a standard deviation of 0.37 n
   * (the median's efficiency for a normal scale), hence the t law of so many degrees of freedom. */
  for (int n = 0; n <= ERRORS; n++)
    q->spike_limit[n] =
        r->spike_rate > 0 && n > 0 ? gm_dist_t_quantile(1 - r->spike_rate / 2, 0.37 * n) : INFINITY;
  q->rate_z = r->rate_rate > 0 ? gm_norm_quantile(1 - r->rate_rate) : INFINITY;
  q->slip_limit =
      r->slip_rate > 0 && r->unit_count > 0 ? log(r->unit_count / r->slip_rate) : INFINITY;
}

gm_status gm_quality_new(gm_ctx *ctx, const gm_quality_rules *rules, gm_quality **out)
{
  assert(rules && out);
  gm_status s = check_limits(ctx, rules);
  if (!s) s = check_sizes(ctx, rules);
  if (!s) s = check_counts(ctx, rules);
  if (s) return s;
  gm_quality *q = gm_alloc(ctx, 1, sizeof *q);
  if (!q) return gm_fail(ctx, GM_ENOMEM, "quality of a series");
  q->rules = *rules;
  start(q);
  *out = q;
  return GM_OK;
}

void gm_quality_free(gm_quality *q) { gm_free(q); }

static const char magic[8] = "GMQUAL1";

gm_status gm_quality_save(const gm_quality *q, gm_ctx *ctx, gm_text *out)
{
  size_t begin = out->bytes;
  gm_text_addn(out, magic, sizeof magic);
  gm_text_addn(out, (const char *)&q->rules, sizeof q->rules);
  gm_text_addn(out, (const char *)&q->s, sizeof q->s);
  if (!out->status) {
    uint64_t sum = gm_checksum(out->data + begin, out->bytes - begin);
    gm_text_addn(out, (const char *)&sum, sizeof sum);
  }
  return out->status ? gm_fail(ctx, out->status, "saving the quality of a series") : GM_OK;
}

gm_status gm_quality_load(gm_quality *q, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *at = data;
  uint64_t sum;
  size_t body = sizeof magic + sizeof q->rules + sizeof q->s;
  if (bytes != body + sizeof sum)
    return gm_fail(ctx, GM_EPARSE, "saved quality of a series: %zu bytes, expected %zu", bytes,
                   body + sizeof sum);
  memcpy(&sum, at + body, sizeof sum);
  if (memcmp(at, magic, sizeof magic) != 0 || sum != gm_checksum(at, body))
    return gm_fail(ctx, GM_EPARSE, "saved quality of a series is damaged");
  if (memcmp(at + sizeof magic, &q->rules, sizeof q->rules) != 0)
    return gm_fail(ctx, GM_EPARSE, "saved quality of a series with other rules");
  memcpy(&q->s, at + sizeof magic + sizeof q->rules, sizeof q->s);
  return GM_OK;
}

double gm_quality_silence(const gm_quality *q, double now_h)
{
  return (now_h - q->s.latest_t) / gm__quality_usual(q);
}

/* ---- findings -------------------------------------------------------------------------------- */
void gm__quality_add(gm_quality_finding *f, gm_quality_reason r, double measured)
{
  f->reasons |= GM_QUALITY_BIT(r);
  f->measured[r] = measured;
}

void gm__quality_drop(gm_quality_finding *f, gm_quality_reason r)
{
  f->reasons &= ~GM_QUALITY_BIT(r);
  f->measured[r] = NAN;
}

void gm__quality_settle(const gm_quality_rules *rules, gm_quality_finding *f)
{
  bool seen[4] = {false};
  f->weight = 1;
  for (int i = 0; i < GM_QUALITY_REASONS; i++) {
    if (!gm__quality_has(f, (gm_quality_reason)i)) continue;
    seen[reasons[i].verdict] = true;
    f->weight = fmin(f->weight, rules->weight[i]);
  }
  f->verdict = seen[GM_QUALITY_IMPOSSIBLE]  ? GM_QUALITY_IMPOSSIBLE
               : seen[GM_QUALITY_DUPLICATE] ? GM_QUALITY_DUPLICATE
               : seen[GM_QUALITY_SUSPECT]   ? GM_QUALITY_SUSPECT
                                            : GM_QUALITY_GOOD;
}

static bool any(const gm_quality_finding *f, uint32_t bits) { return (f->reasons & bits) != 0; }

static void remember(series *s, const arrival *a)
{
  s->past[s->past_count++ % PAST] = (point){a->t, a->d.value};
}

/* Checks that compare with what came before, in order of time. */
static void in_order(gm_quality *q, const arrival *a, gm_quality_finding *f)
{
  const uint32_t unbelieved =
      GM_QUALITY_BIT(GM_QUALITY_HARD_RANGE) | GM_QUALITY_BIT(GM_QUALITY_UNIT_SLIP) |
      GM_QUALITY_BIT(GM_QUALITY_RISE) | GM_QUALITY_BIT(GM_QUALITY_FALL) |
      GM_QUALITY_BIT(GM_QUALITY_SPIKE) | GM_QUALITY_BIT(GM_QUALITY_CONFLICT);
  gm__quality_change(q, a, f);
  gm__quality_flat(q, a, f);
  gm__quality_repeat(q, a, f);
  gm__quality_saw(q, a, f);
  gm__quality_dip(q, a, f);
  bool believed = !any(f, unbelieved);
  if (any(f, GM_QUALITY_BIT(GM_QUALITY_RISE) | GM_QUALITY_BIT(GM_QUALITY_FALL) |
                 GM_QUALITY_BIT(GM_QUALITY_SPIKE)))
    believed = gm__quality_relock(q, a, f);
  else if (believed)
    q->s.pending_count = 0;
  gm__quality_learn(q, a, f, believed);
}

void gm_quality_take(gm_quality *q, gm_quality_datum datum, gm_quality_finding *out)
{
  arrival a = {.d = datum, .t = datum.t_h, .usual = gm__quality_usual(q)};
  memset(out, 0, sizeof *out);
  for (int i = 0; i < GM_QUALITY_REASONS; i++) out->measured[i] = NAN;
  out->expected = out->scale = NAN;
  out->slip_unit = -1;
  out->corrected = datum.value;
  out->t_h = datum.t_h;
  if (!isfinite(datum.value) || !isfinite(datum.t_h)) {
    gm__quality_add(out, GM_QUALITY_NOT_FINITE, NAN);
    gm__quality_settle(&q->rules, out);
    return;
  }
  gm__quality_time(q, &a, out);
  out->t_h = a.t;
  gm__quality_tie(q, &a, out);
  gm__quality_range(q, &a, out);
  if (!gm__quality_has(out, GM_QUALITY_COPY)) {
    gm__quality_expect(q, &a, out);
    gm__quality_slip(q, &a, out);
    q->s.slipped = gm__quality_has(out, GM_QUALITY_UNIT_SLIP);
    if (!a.late && !a.untimed) {
      in_order(q, &a, out);
      q->s.latest_t = isnan(q->s.latest_t) ? a.t : fmax(q->s.latest_t, a.t);
    }
    if (!a.untimed) remember(&q->s, &a);
  }
  gm__quality_settle(&q->rules, out);
}
