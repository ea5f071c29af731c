/* What a queue model does, by hand-made courses and conditional laws; what is refused.
 * label: quick */
#include "queue/queue_case.h"
#include "gemel/ensemble.h"
#include "queue/ward_case.h"
#include "support/fault.h"
#include "support/sir_queue.h"

static void text_open(queue_case *c, const char *text)
{
  gm_queue_config *config = NULL;
  *c = (queue_case){0};
  assert_int_equal(gm_ctx_new(NULL, &c->ctx), GM_OK);
  if (gm_queue_read(c->ctx, "text", text, strlen(text), &config))
    fail_msg("cannot be read: %s", gm_message(c->ctx));
  if (gm_model_new(c->ctx, &gm_queue, config, &c->m))
    fail_msg("cannot be made: %s", gm_message(c->ctx));
  gm_queue_config_free(config);
  case_ready(c);
}

static void outputs_at(queue_case *c, const double *t, int32_t n, double *y)
{
  gm_span span = {.t1 = t[n - 1], .sample = t, .sample_count = n, .y = y};
  case_init(c, 0);
  case_span(c, 0, &span);
  assert_int_equal(c->status, 0);
}

/* Gaps of 1, service of 1.5, two servers from 4 on, one before: lines by hand. Arrivals at 1, 2, 3,
 * 4, 5; served 1-2.5, 2.5-4, 4-5.5 and (second server) 4-5.5. */
static void capacity__grows_by_schedule(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c, "queue: line\ntime: h\nschedules: {n: {at: [0, 4], value: [1, 2]}}\n"
                "streams: {in: {to: q, gap: {fixed: 1}}}\n"
                "stations: {q: {servers: n, service: {fixed: 1.5}}}\n"
                "outputs:\n  w: {measure: waiting, of: q}\n  b: {measure: in-service, of: q}\n"
                "  g: {measure: departures, of: q}\n  t: {measure: wait-total, of: q}\n"
                "  u: {measure: utilisation, of: q}\n");
  const double at[] = {0.5, 2.2, 3.9, 4.5};
  double y[4 * 5];
  outputs_at(&c, at, 4, y);
  const double expected[4 * 5] = {
      0, 0, 0, 0,   0,                            /* nobody */
      1, 1, 0, 0,   1.2 / 2.2,                    /* the second waits */
      1, 1, 1, 0.5, 2.9 / 3.9,                    /* the third waits, the second began at 2.5 */
      0, 2, 2, 1.5, (3 + 2 * 0.5) / (4 + 2 * 0.5) /* third and fourth begin at 4 */
  };
  for (int i = 0; i < 20; i++)
    if (fabs(y[i] - expected[i]) > 1e-12)
      fail_msg("row %d, output %d: %.12g, expected %.12g", i / 5, i % 5, y[i], expected[i]);
  case_close(&c);
}

/* A bed kept from ward through rehab, one bed: the second waits until the first has left rehab. */
static void resource__is_kept_until_released(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c,
            "time: h\nresources: {bed: 1}\nstreams: {in: {to: ward, gap: {fixed: 1}}}\n"
            "stations:\n  ward: {service: {fixed: 0.5}, needs: {bed: {keep: true}},\n"
            "         next: {rehab: 1}}\n"
            "  rehab: {service: {fixed: 2}, releases: [bed], next: {home: 1}}\n"
            "  home: {service: {fixed: 100}}\n"
            "outputs:\n  q: {measure: waiting, of: ward}\n  r: {measure: in-station, of: rehab}\n"
            "  f: {measure: resource-free, of: bed}\n  h: home\n");
  const double at[] = {1.2, 1.6, 3.4, 3.6, 4.1};
  double y[5 * 4];
  outputs_at(&c, at, 5, y);
  const double expected[5 * 4] = {0, 0, 0, 0, 0, 1, 0, 0, 2, 1, 0, 0, 1, 0, 0, 1, 2, 1, 0, 1};
  for (int i = 0; i < 20; i++)
    if (y[i] != expected[i])
      fail_msg("row %d, output %d: %g, expected %g", i / 4, i % 4, y[i], expected[i]);
  case_close(&c);
}

/* The urgent interrupts at 2, the other goes on at 2.5 with the 2 that are left of its 3. */
static void preemptive__resumes(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c, "time: h\nstreams:\n  slow: {to: q, gap: {fixed: 1}, priority: 1, group: 1}\n"
                "  fast: {to: q, gap: {fixed: 2}}\n"
                "stations:\n  q: {servers: 1, discipline: preemptive,\n"
                "      service: {fixed: 'piecewise(3, group > 0.5, 0.5)'}, room: 1}\n"
                "outputs:\n  w: {measure: waiting, of: q}\n  b: {measure: balked, of: q}\n"
                "  d: {measure: departures, of: q}\n"
                "  s: {measure: sojourn-total, of: q, priority: 1}\n");
  /* slow 1 begins at 1; at 2 first slow 2 (its time was set earlier) waits, then fast interrupts;
   * fast ends 2.5; slow 1 resumes; slow 3 at 3 finds one waiting: no room; at 4 slow 4 too, fast 2
   * interrupts; slow 1 ends at 5 = 1 + 3 + 0.5 + 0.5, before slow 5 comes and finds room */
  const double at[] = {1.5, 2.2, 2.7, 3.5, 4.2, 4.99, 5.2};
  double y[7 * 4];
  outputs_at(&c, at, 7, y);
  const double departures[] = {0, 0, 1, 1, 1, 2, 3}, waiting[] = {0, 2, 1, 1, 2, 1, 1};
  const double balked[] = {0, 0, 0, 1, 2, 2, 2};
  for (int i = 0; i < 7; i++) {
    assert_float_equal(y[4 * i + 2], departures[i], 0);
    assert_float_equal(y[4 * i], waiting[i], 0);
    assert_float_equal(y[4 * i + 1], balked[i], 0);
  }
  assert_float_equal(y[4 * 6 + 3], 4, 1e-12); /* the sojourn of slow 1: from 1 to 5 */
  case_close(&c);
}

/* No room: on to the second station; patience of 1: on to the third. */
static void balking_and_reneging__lead_elsewhere(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c,
            "time: h\nstreams: {in: {to: a, gap: {fixed: 1}}}\n"
            "stations:\n  a: {servers: 1, room: 1, service: {fixed: 10}, patience: {fixed: 1.5},\n"
            "      balk: b, renege: c}\n"
            "  b: {service: {fixed: 100}}\n  c: {service: {fixed: 100}}\n");
  const double at[] = {2.5, 3.2, 3.6, 4.2};
  double y[4 * 3];
  outputs_at(&c, at, 4, y);
  const double expected[] = {2, 0, 0, 2, 1, 0, 1, 1, 1, 2, 1, 1};
  for (int i = 0; i < 12; i++) assert_float_equal(y[i], expected[i], 0);
  case_close(&c);
}

/* ---- conditional laws ------------------------------------------------------------------------ */
static void share_must_be(const char *what, double count, double n, double p)
{
  double error = sqrt(p * (1 - p) / n);
  print_message("  %-30s %.4f theory %.4f\n", what, count / n, p);
  if (!(fabs(count / n - p) <= 4 * error))
    fail_msg("%s: %g of %g, expected the share %g +- %g", what, count, n, p, error);
}

/* Of those in service since 1.5 a share S(1.5 + t)/S(1.5) is still there at t. */
static void census__residual_law(void **state)
{
  (void)state;
  static const char *const law[] = {"exponential: 2",
                                    "weibull: {scale: 2, shape: 1.5}",
                                    "lognormal: {median: 1, sd: 0.8}",
                                    "gamma: {mean: 2, shape: 2}",
                                    "gamma: {mean: 1, shape: 0.5}",
                                    "uniform: {least: 1, most: 4}",
                                    "gamma: {mean: 0.25, shape: 2}",
                                    "lognormal: {median: 0.01, sd: 0.1}"};
  const double e = 1.5, t = 0.4;
  for (size_t i = 0; i < sizeof law / sizeof *law; i++) {
    char text[400];
    double s[2], x[2] = {e, e + t};
    for (int k = 0; k < 2; k++) switch (i) {
      case 0: s[k] = exp(-x[k] / 2); break;
      case 1: s[k] = exp(-pow(x[k] / 2, 1.5)); break;
      case 2: s[k] = erfc(log(x[k]) / 0.8 / sqrt(2)); break;
      case 3: s[k] = (1 + x[k]) * exp(-x[k]); break;
      case 4: s[k] = erfc(sqrt(x[k] / 2)); break;
      case 5: s[k] = (4 - x[k]) / 3; break;
      case 6: s[k] = (1 + 8 * x[k]) * exp(-8 * x[k]); break;
      default: s[k] = k ? 0 : 1; break;
      }
    snprintf(text, sizeof text,
             "time: h\nstations: {q: {service: {%s}}}\ncensus: [{station: q, count: 4000, elapsed: "
             "1.5}]\n",
             law[i]);
    queue_case c;
    double y;
    text_open(&c, text);
    c.key.v[3] = i; /* other draws for every law */
    outputs_at(&c, &t, 1, &y);
    if (i < 7)
      share_must_be(law[i], y, 4000, s[1] / s[0]);
    else
      assert_true(y == 0); /* 50 sd out: what is left is less than a hundredth */
    case_close(&c);
  }
}

/* Exponential services follow their mean, clocks their rate: mean 2 until 1, then 0.5. */
static void parameter__acts_at_once(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c, "time: h\nparameters: {m: 2}\nstations: {q: {service: {exponential: m}}}\n"
                "census: [{station: q, count: 4000}]\n");
  gm_edge e = {.t = 1, .value = 0.5, .kind = GM_EDGE_PARAMETER};
  const double at[] = {1, 1.5};
  double y[2];
  gm_span span = {.t1 = 1.5, .edge = &e, .edge_count = 1, .sample = at, .sample_count = 2, .y = y};
  case_init(&c, 0);
  case_span(&c, 0, &span);
  share_must_be("before", y[0], 4000, exp(-0.5));
  share_must_be("after", y[1], 4000, exp(-0.5 - 1));
  case_close(&c);
}

/* Fresh slots: what is left of exponential times is drawn anew, of others it stays. */
static void refresh__memoryless_only(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c, "time: h\nstations:\n  q: {service: {exponential: 2}}\n"
                "  w: {service: {weibull: {scale: 2, shape: 3}}}\n"
                "census: [{station: q, count: 4000}, {station: w, count: 4000}]\n");
  double y[2], z[2], before[2];
  void *copy = NULL;
  case_init(&c, 0);
  case_run(&c, 0, 0, 1, before);
  assert_int_equal(c.m->type->obj_copy(c.m, c.ctx, c.obj, &copy), GM_OK);
  case_run(&c, 0, 1, 2, y);
  void *first = c.obj;
  c.obj = copy;
  gm_batch b = case_batch(&c, 77);
  c.m->type->refresh(c.m, &b, 1);
  case_run(&c, 77, 1, 2, z);
  assert_true(y[0] < before[0] && y[1] < before[1]);
  assert_true(z[0] != y[0] && z[1] == y[1]);
  share_must_be("exponential, fresh", z[0], before[0], exp(-0.5));
  c.m->type->obj_free(c.m, first);
  case_close(&c);
}

/* Where nobody may be lost the wishes of set, doses and input rates are met. */
static void ports__doses_rates_and_replacement(void **state)
{
  (void)state;
  queue_case c;
  text_open(&c, "time: h\nstations: {a: {service: {fixed: 1000}}, b: {servers: 1, room: 2,\n"
                " service: {fixed: 1000}}}\n");
  gm_edge e[] = {{.t = 1, .value = 5, .kind = GM_EDGE_BOLUS},
                 {.t = 2, .value = 3, .kind = GM_EDGE_REPLACE},
                 {.t = 3, .value = 100, .kind = GM_EDGE_RATE},
                 {.t = 43, .value = 0, .kind = GM_EDGE_RATE},
                 {.t = 44, .value = 7, .kind = GM_EDGE_REPLACE, .port = 1},
                 {.t = 50, .kind = GM_EDGE_RESET}};
  const double at[] = {1, 2, 43, 44, 50};
  const uint8_t before[] = {0, 0, 0, 0, 0};
  double y[10];
  gm_span span = {.t1 = 51,
                  .edge = e,
                  .edge_count = 6,
                  .sample = at,
                  .sample_before = before,
                  .sample_count = 5,
                  .y = y};
  case_init(&c, 0);
  case_span(&c, 0, &span);
  assert_int_equal(c.status, GM_MEMBER_PROJECTED); /* b has room for 3 */
  assert_true(y[0] == 5 && y[2] == 3 && y[7] == 3 && y[8] == 0 && y[9] == 0);
  assert_true(fabs(y[4] - 3 - 4000) < 4 * sqrt(4000.0));
  case_close(&c);
}

/* Too many customers, a circle without time and too many events end a member, and say so. */
static void limits__end_a_member(void **state)
{
  (void)state;
  static const char *const text[] = {
      "time: h\ncustomer-max: 50\nstreams: {in: {to: q, rate: 100}}\n"
      "stations: {q: {service: {fixed: 9}}}\n",
      "time: h\nstreams: {in: {to: q, rate: 100}}\n"
      "stations: {q: {service: {fixed: 0}, next: {q: 1}}}\n",
      "time: h\nevent-max: 1000\nstreams: {in: {to: q, rate: 1e6}}\n"
      "stations: {q: {servers: 1, room: 3, service: {fixed: 9}}}\n",
      "time: h\nstreams: {in: {to: q, gap: {fixed: 0}}}\nstations: {q: {service: {fixed: 1}}}\n"};
  for (int i = 0; i < 4; i++) {
    queue_case c;
    double y;
    text_open(&c, text[i]);
    case_init(&c, 0);
    case_run(&c, 0, 0, 10, &y);
    assert_int_equal(c.status & GM_MEMBER_STEPS, GM_MEMBER_STEPS);
    assert_true(isnan(y));
    case_run(&c, 0, 10, 11, &y); /* and it stays ended */
    assert_true(isnan(y) && (c.status & GM_MEMBER_STEPS));
    case_close(&c);
  }
}

/* ---- an ensemble ----------------------------------------------------------------------------- */
enum { N = 60 };

static void ensemble_make(gm_ctx *ctx, const gm_model *m, gm_pool *pool, gm_ensemble **e)
{
  assert_int_equal(gm_ensemble_new(ctx, m, pool, N, e), GM_OK);
  double *theta = gm_ensemble_theta(*e);
  int32_t np;
  const gm_var *p = gm_model_table(m, GM_TABLE_PARAMETER, &np);
  for (int32_t i = 0; i < np; i++)
    for (int32_t k = 0; k < N; k++) theta[i * N + k] = p[i].initial;
  gm_ensemble_seat(*e, gm_key_make(5, GM_PURPOSE_INTRINSIC, 0, 0), 0);
  assert_int_equal(gm_ensemble_init(*e, ctx, 0), GM_OK);
}

/* One member chosen by all: the same now, other futures but for the first; one and two threads, and
 * members saved and loaded on the way, give the same bytes. */
static void ensemble__copies_threads_and_resume(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  gm_model *m = NULL;
  gm_pool *two = NULL;
  gm_ensemble *a = NULL, *b = NULL;
  int32_t ancestor[N] = {0};
  static double y[N * 3], x[N * 3], z[N * 3];
  const double five = 5, twenty = 20;
  gm_text t;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(sir_queue_new(ctx, 0.9, 0.3, 50, 3, &m), GM_OK);
  assert_int_equal(gm_pool_new(ctx, 2, &two), GM_OK);
  ensemble_make(ctx, m, NULL, &a);
  ensemble_make(ctx, m, two, &b);
  assert_int_equal(gm_ensemble_advance(a, ctx, 5, NULL, NULL, &five, 1, y), GM_OK);
  assert_int_equal(gm_ensemble_select(a, a, ctx, ancestor, 1, false), GM_OK);
  gm_text_init(&t, ctx);
  assert_int_equal(gm_ensemble_save(a, ctx, &t), GM_OK);
  assert_int_equal(gm_ensemble_observe(a, ctx, x), GM_OK);
  for (int32_t k = 0; k < N; k++) assert_memory_equal(x + 3 * k, y, 3 * sizeof *y);
  if (gm_ensemble_load(b, ctx, t.data, t.bytes)) fail_msg("load: %s", gm_message(ctx));
  assert_int_equal(gm_ensemble_advance(a, ctx, 20, NULL, NULL, &twenty, 1, y), GM_OK);
  assert_int_equal(gm_ensemble_advance(b, ctx, 20, NULL, NULL, &twenty, 1, z), GM_OK);
  assert_memory_equal(y, z, sizeof y);
  int32_t other = 0;
  for (int32_t k = 1; k < N; k++) other += memcmp(y + 3 * k, y, 3 * sizeof *y) != 0;
  assert_true(other > N / 2);
  gm_text_free(&t);
  gm_ensemble_free(a);
  gm_ensemble_free(b);
  gm_pool_free(two);
  gm_model_free(m);
  gm_ctx_free(ctx);
}

/* ---- refusals -------------------------------------------------------------------------------- */
#define Q "time: h\nstations: {q: {service: {fixed: 1}}}\n"
static const struct {
  const char *text;
  gm_status status;
  const char *part;
} refused[] = {
    {"", GM_EPARSE, "empty"},
    {"a: [", GM_EPARSE, "not YAML"},
    {"stations: {q: {service: {fixed: 1}}}\n", GM_EPARSE, "unit of time"},
    {"time: h\n", GM_EINVAL, "without a station"},
    {"time: h\nward: 1\n", GM_EPARSE, "ward: is not known here"},
    {Q "parameters: {p: {value: x}}\n", GM_EPARSE,
     "text:3: parameters.p.value: \"x\" is no number"},
    {Q "parameters: {p: {unit: h}}\n", GM_EPARSE, "needs a value"},
    {Q "parameters: {p: {value: 3, upper: 2}}\n", GM_ERANGE, "parameter p: value 3 lies outside"},
    {Q "parameters: {q: 1}\n", GM_EINVAL, "station q: the name q is there already"},
    {Q "parameters: {q_busy: 1}\n", GM_EINVAL, "the name q_busy is there already"},
    {Q "parameters: {'a b': 1}\n", GM_EINVAL, "cannot be a name"},
    {Q "parameters: {t: 1}\n", GM_EINVAL, "the name t is there already"},
    {Q "streams: {in: {to: x, rate: 1}}\n", GM_ENOTFOUND, "stream in: there is no station \"x\""},
    {Q "streams: {in: {to: q}}\n", GM_EINVAL, "needs a rate or a law of its gaps"},
    {Q "streams: {in: {to: q, rate: -1}}\n", GM_ERANGE, "stream in: rate: -1"},
    {Q "streams: {in: {to: q, rate: 1 + t}}\n", GM_EUNSUPPORTED, "t cannot be used here"},
    {Q "streams: {in: {to: q, rate: mu}}\n", GM_EPARSE, "mu"},
    {Q "streams: {in: {to: q, rate: 1, priority: 16}}\n", GM_ERANGE, "priority 16"},
    {Q "streams: {in: {to: q, gap: {normal: 1}}}\n", GM_EPARSE, "no law of this name"},
    {Q "streams: {in: {to: q, gap: {gamma: {mean: 1, shape: 0}}}}\n", GM_ERANGE, "shape"},
    {Q "streams: {in: {to: q, gap: {gamma: {mean: 1}}}}\n", GM_EPARSE, "needs mean and shape"},
    {Q "schedules: {d: {period: 24, at: [0, 0], value: [1, 2]}}\n", GM_ERANGE, "must rise"},
    {Q "schedules: {d: {period: 24, at: [0, 30], value: [1, 2]}}\n", GM_ERANGE, "outside of its"},
    {Q "schedules: {d: {at: [0], value: [1, 2]}}\n", GM_EPARSE, "1 times and 2 values"},
    {Q "census: [{station: w}]\n", GM_ENOTFOUND, "census 1: there is no station"},
    {Q "census: [{station: q, count: -2}]\n", GM_ERANGE, "census 1 (q): count"},
    {Q "census: [{station: q, count: q}]\n", GM_EUNSUPPORTED, "q cannot be used here"},
    {Q "outputs: {u: {measure: utilisation, of: q}}\n", GM_EUNSUPPORTED, "no limit of servers"},
    {Q "outputs: {u: {measure: speed, of: q}}\n", GM_EPARSE, "no measure \"speed\""},
    {Q "outputs: {u: {measure: waiting, of: w}}\n", GM_ENOTFOUND, "output u: \"w\""},
    {Q "outputs: {u: {measure: waiting}}\n", GM_EPARSE, "needs a measure and of"},
    {Q "outputs: {u: {measure: waiting, of: q, priority: 0}}\n", GM_EUNSUPPORTED, "by priority"},
    {"time: h\nstations: {q: {}}\n", GM_EINVAL, "needs a law of service or a hazard"},
    {"time: h\nstations: {q: {hazard: 1, service: {fixed: 1}}}\n", GM_EINVAL, "one of them"},
    {"time: h\nstations: {q: {hazard: 1, discipline: preemptive}}\n", GM_EUNSUPPORTED, "hazard"},
    {"time: h\nstations: {q: {service: {fixed: 1}, servers: q}}\n", GM_EUNSUPPORTED, "servers"},
    {"time: h\nstations: {q: {service: {fixed: 1}, discipline: random}}\n", GM_EPARSE, "random"},
    {"time: h\nstations: {q: {service: {fixed: 1}, next: {q: 0.7, w: 0.1}}}\n", GM_ENOTFOUND, "w"},
    {"time: h\nstations: {q: {service: {fixed: 1}, next: {q: 1.5}}}\n", GM_ERANGE, "add up to 1.5"},
    {"time: h\nstations: {q: {service: {fixed: 1}, needs: {bed: 1}}}\n", GM_ENOTFOUND, "bed"},
    {"time: h\nresources: {bed: 1}\nstations: {q: {service: {fixed: 1}, needs: {bed: 0}}}\n",
     GM_ERANGE, "0 units"},
    {"time: h\nstations: {q: {service: {fixed: 1}, balk: w}}\n", GM_ENOTFOUND, "balk"},
    {"time: h\nstations: {q: {service: {fixed: 1/0}}}\n", GM_ERANGE, "service"},
    {"time: h\nstations: {q: &a {service: {fixed: 1}}, w: *a}\n", GM_EPARSE,
     "text:2: an anchor (&name) is not supported"},
    {"time: h\nstations: {q: {service: {fixed: 1}}, q: {service: {fixed: 2}}}\n", GM_EPARSE,
     "text:2: stations.q: the same key again"},
    {Q "parameters: {p: {value: 3, lower: 3, upper: 3}}\n", GM_EPARSE, "lower and upper are both"},
    {Q "streams: {in: {to: q, gap: {fixed: 1, uniform: 2}}}\n", GM_EPARSE, "one law is expected"},
    {Q "streams: {in: {to: q, rate: 1, group: 1.5}}\n", GM_EPARSE, "a whole number"},
    {Q "census: {station: q}\n", GM_EPARSE, "census: found a map, a list is expected"},
    {Q "streams: {in: {to: , rate: 1}}\n", GM_EPARSE, "found nothing, a text is expected"},
};

/* Everything wrong is refused, with the place and what it is. */
static void config__refused_by_name(void **state)
{
  (void)state;
  gm_ctx *ctx = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
    gm_queue_config *c = NULL;
    gm_model *m = NULL;
    gm_message_clear(ctx);
    gm_status s = gm_queue_read(ctx, "text", refused[i].text, strlen(refused[i].text), &c);
    if (!s) s = gm_model_new(ctx, &gm_queue, c, &m);
    if (s != refused[i].status || !strstr(gm_message(ctx), refused[i].part))
      fail_msg("%s\n -> %s: %s; expected %s with \"%s\"", refused[i].text, gm_status_name(s),
               gm_message(ctx), gm_status_name(refused[i].status), refused[i].part);
    assert_null(m);
    gm_queue_config_free(c);
  }
  gm_ctx_free(ctx);
}

/* ward_case.h, with everything that the kind has, as text. */
static const char ward_text[] =
    "queue: ward\ntime: h\n"
    "parameters:\n"
    "  lambda: {value: 3, unit: h-1}\n"
    "  quick: {value: 0.2, unit: h}\n"
    "  beds: {value: 6, unit: '1'}\n"
    "  stay: {value: 8, unit: h}\n"
    "schedules:\n"
    "  day: {period: 24, at: [0, 8, 20], value: [0.5, 1.5, 1]}\n"
    "  shift: {period: 24, at: [0, 8, 20], value: [2, 4, 3]}\n"
    "resources: {nurse: shift, bed: beds}\n"
    "streams:\n"
    "  walk_in: {to: triage, rate: lambda*day, group: 1, priority: 2}\n"
    "  ambulance: {to: triage, rate: 0.3*lambda/(1 + 0.1*triage_waiting), group: 2}\n"
    "  elective: {to: ward, gap: {lognormal: {median: 4, sd: 0.3}}, group: 3, priority: 1}\n"
    "stations:\n"
    "  triage:\n"
    "    servers: shift\n"
    "    discipline: preemptive\n"
    "    service: {exponential: quick*(1 + 0.2*group)}\n"
    "    patience: {exponential: {mean: 2}}\n"
    "    needs: {nurse: 1}\n"
    "    next: {ward: 'piecewise(0.5, group > 1.5, 0.1)', clinic: 0.4}\n"
    "    priority: 2\n"
    "  ward:\n"
    "    servers: inf\n"
    "    room: 4\n"
    "    discipline: priority\n"
    "    service: {gamma: {shape: 2, mean: stay/8}}\n"
    "    patience: {weibull: {scale: 12, shape: 2}}\n"
    "    needs: {bed: {units: 1, keep: true}, nurse: {units: 1, keep: false}}\n"
    "    next: {rehab: 1}\n"
    "    balk: clinic\n"
    "    renege: clinic\n"
    "  rehab: {service: {lognormal: {median: stay, sd: 0.5}}, releases: [bed]}\n"
    "  clinic: {servers: 3, room: 20, discipline: lifo, hazard: 2*clinic_busy*(1 + 0.1*ward),\n"
    "    next: {triage: 0.1}}\n"
    "census:\n"
    "  - {station: rehab, count: 2, elapsed: 3, group: 3, priority: 1}\n"
    "  - {station: ward, count: 2, elapsed: 0.5, group: 2}\n"
    "  - {station: ward, count: 3, elapsed: 1, waiting: true, priority: 1}\n"
    "  - {station: clinic, count: 4}\n"
    "outputs:\n"
    "  n_triage: {measure: in-station, of: triage}\n"
    "  n_ward: {measure: in-station, of: ward}\n"
    "  n_rehab: {measure: in-station, of: rehab}\n"
    "  q_triage: {measure: waiting, of: triage}\n"
    "  b_clinic: {measure: in-service, of: clinic}\n"
    "  servers: {measure: servers, of: triage}\n"
    "  came: {measure: arrivals, of: triage}\n"
    "  came_first: {measure: arrivals, of: triage, priority: 0}\n"
    "  lost_patience: {measure: reneged, of: triage}\n"
    "  no_room: {measure: balked, of: ward}\n"
    "  wait: {measure: mean-wait, of: triage}\n"
    "  sojourn: {measure: mean-sojourn, of: ward}\n"
    "  mean_ward: {measure: mean-in-station, of: ward}\n"
    "  use: {measure: utilisation, of: triage}\n"
    "  bed_use: {measure: resource-utilisation, of: bed}\n"
    "  nurses_free: {measure: resource-free, of: nurse}\n"
    "  electives: {measure: stream-arrivals, of: elective}\n"
    "  load: (ward + rehab)/beds + 0*t\n";

/* The text form gives the same model as the structs, to the byte, over three days. */
static void text__is_the_same_model(void **state)
{
  (void)state;
  enum { SAMPLES = 36, ROOM = 32 * SAMPLES };
  queue_case c[2] = {{0}};
  static double y[2][ROOM];
  double t[SAMPLES];
  for (int i = 0; i < SAMPLES; i++) t[i] = 2 * (i + 1);
  assert_int_equal(gm_ctx_new(NULL, &c[0].ctx), GM_OK);
  assert_int_equal(ward_new(c[0].ctx, &c[0].m), GM_OK);
  case_ready(&c[0]);
  text_open(&c[1], ward_text);
  int32_t outputs = c[0].info.output_count;
  assert_int_equal(c[1].info.output_count, outputs);
  assert_string_equal(c[1].info.name, c[0].info.name);
  for (uint64_t slot = 0; slot < 20; slot++)
    for (int k = 0; k < 2; k++) {
      gm_span span = {.t1 = 72, .sample = t, .sample_count = SAMPLES, .y = y[k]};
      case_init(&c[k], slot);
      case_span(&c[k], slot, &span);
      assert_int_equal(c[k].status & ~GM_MEMBER_PROJECTED, 0);
      if (k) assert_memory_equal(y[0], y[1], sizeof(double) * SAMPLES * (size_t)outputs);
    }
  const double *last = y[0] + (SAMPLES - 1) * outputs; /* and something happened in it */
  for (int32_t k = 6; k < 15; k++) assert_true(last[k] > 0);
  for (int k = 0; k < 2; k++) case_close(&c[k]);
}

/* The examples of docs/queue.md are models, and run. */
static void guide__examples_run(void **state)
{
  (void)state;
  char *text = NULL;
  size_t bytes;
  gm_ctx *ctx = NULL;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  assert_int_equal(gm_file_read(ctx, "docs/queue.md", 1 << 20, &text, &bytes), GM_OK);
  int examples = 0;
  for (char *at = text; (at = strstr(at, "```yaml\n")); examples++) {
    at += strlen("```yaml\n");
    char *end = strstr(at, "```");
    assert_non_null(end);
    *end = 0;
    queue_case c;
    double y[32];
    text_open(&c, at);
    case_init(&c, 0);
    case_run(&c, 0, 0, 48, y);
    assert_int_equal(c.status & ~GM_MEMBER_PROJECTED, 0);
    case_close(&c);
    at = end + 1;
  }
  assert_true(examples >= 2);
  gm_free(text);
  gm_ctx_free(ctx);
}

static gm_status read_trial(gm_ctx *ctx, void *user)
{
  gm_queue_config *c = NULL;
  gm_status s = gm_queue_read(ctx, "text", user, strlen(user), &c);
  gm_queue_config_free(c);
  return s;
}

/* Reading survives the failure of every allocation of the context. */
static void read__memory_faults(void **state)
{
  (void)state;
  char text[] = Q "parameters: {p: 1}\nstreams: {in: {to: q, rate: p}}\n";
  fault_sweep("reading a queue model", read_trial, text);
}

/* Pieces of texts, with bytes changed, are read or refused with words; nothing leaks. */
static void read__hostile_texts(void **state)
{
  (void)state;
  fault memory;
  fault_init(&memory);
  gm_ctx *ctx = fault_ctx(&memory);
  int64_t before = memory.live;
  static const char bad[] = "{}[]:,&*!|>'\"%@`#-? \n\t~0x";
  for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
    for (uint64_t k = 0; k < 20; k++) {
      char text[400];
      snprintf(text, sizeof text, "%s", refused[i].text);
      size_t n = strlen(text);
      uint64_t h = gm_hash64(i, k);
      if (n) text[h % n] = bad[(h >> 32) % (sizeof bad - 1)];
      gm_queue_config *c = NULL;
      gm_model *m = NULL;
      gm_message_clear(ctx);
      gm_status s = gm_queue_read(ctx, "text", text, strlen(text), &c);
      if (!s) s = gm_model_new(ctx, &gm_queue, c, &m);
      assert_true(s == GM_OK || gm_message(ctx)[0]);
      gm_model_free(m);
      gm_queue_config_free(c);
      assert_int_equal(memory.live, before);
    }
  gm_ctx_free(ctx);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(capacity__grows_by_schedule),
      cmocka_unit_test(resource__is_kept_until_released),
      cmocka_unit_test(preemptive__resumes),
      cmocka_unit_test(balking_and_reneging__lead_elsewhere),
      cmocka_unit_test(census__residual_law),
      cmocka_unit_test(parameter__acts_at_once),
      cmocka_unit_test(refresh__memoryless_only),
      cmocka_unit_test(ports__doses_rates_and_replacement),
      cmocka_unit_test(limits__end_a_member),
      cmocka_unit_test(ensemble__copies_threads_and_resume),
      cmocka_unit_test(config__refused_by_name),
      cmocka_unit_test(text__is_the_same_model),
      cmocka_unit_test(guide__examples_run),
      cmocka_unit_test(read__memory_faults),
      cmocka_unit_test(read__hostile_texts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
