/* Queues with known answers: every mean within 4 standard errors over independent replicates.
 * label: full */
#include "queue/queue_case.h"
#include "support/sir_queue.h"

/* ---- theory, written here ------------------------------------------------------------------- */
/* Erlang's loss and waiting probabilities for c servers offered a erlangs (recursion of B). */
static double erlang_b(int c, double a)
{
  double b = 1;
  for (int k = 1; k <= c; k++) b = a * b / (k + a * b);
  return b;
}
static double erlang_c(int c, double a)
{
  double b = erlang_b(c, a);
  return c * b / (c - a * (1 - b));
}

/* Stationary law of a birth-death chain on 0..n. */
static void birth_death(int n, const double *up, const double *down, double *p)
{
  double sum = p[0] = 1;
  for (int k = 1; k <= n; k++) sum += p[k] = p[k - 1] * up[k - 1] / down[k];
  for (int k = 0; k <= n; k++) p[k] /= sum;
}

/* The rates of one replicate are taken between warm and end: y has totals. */
typedef struct {
  double at_warm[24], at_end[24], change[24];
} window;

static void run_window(queue_case *c, uint64_t slot, double warm, double end, window *w)
{
  case_init(c, slot);
  case_run(c, slot, 0, warm, w->at_warm);
  case_run(c, slot, warm, end, w->at_end);
  assert_int_equal(c->status, 0);
  for (int32_t i = 0; i < c->info.output_count; i++) w->change[i] = w->at_end[i] - w->at_warm[i];
}

#define STATION_OUTPUTS(name_)                                                                     \
  {.name = "started", .measure = GM_QUEUE_STARTED, .of = name_},                                   \
      {.name = "delayed", .measure = GM_QUEUE_DELAYED, .of = name_},                               \
      {.name = "wait", .measure = GM_QUEUE_WAIT_TOTAL, .of = name_},                               \
      {.name = "gone", .measure = GM_QUEUE_DEPARTURES, .of = name_},                               \
      {.name = "sojourn", .measure = GM_QUEUE_SOJOURN_TOTAL, .of = name_},                         \
      {.name = "came", .measure = GM_QUEUE_ARRIVALS, .of = name_},                                 \
      {.name = "balked", .measure = GM_QUEUE_BALKED, .of = name_},                                 \
      {.name = "reneged", .measure = GM_QUEUE_RENEGED, .of = name_},                               \
      {.name = "mean_n", .measure = GM_QUEUE_MEAN_IN_STATION, .of = name_},                        \
  {                                                                                                \
    .name = "mean_q", .measure = GM_QUEUE_MEAN_WAITING, .of = name_                                \
  }
enum { STARTED, DELAYED, WAIT, GONE, SOJOURN, CAME, BALKED, RENEGED, MEAN_N, MEAN_Q, OUTPUTS };

static const gm_queue_output outputs[] = {STATION_OUTPUTS("q")};

/* Time average of an output that is a time average since 0, over the window. */
static double area(const window *w, int which, double warm, double end)
{
  return (w->at_end[which] * end - w->at_warm[which] * warm) / (end - warm);
}

typedef struct {
  tally delayed, wait, sojourn, n, q, balked, reneged;
} results;

static results one_queue(const char *rate, const gm_queue_station *station, int replicates,
                         double warm, double end)
{
  gm_queue_stream stream = {.name = "in", .to = "q", .rate = rate};
  gm_queue_config config = {.stream = &stream,
                            .stream_count = 1,
                            .station = station,
                            .station_count = 1,
                            .output = outputs,
                            .output_count = OUTPUTS};
  queue_case c;
  results r = {0};
  case_open(&c, &config);
  for (int k = 0; k < replicates; k++) {
    window w;
    run_window(&c, (uint64_t)k, warm, end, &w);
    tally_add(&r.delayed, w.change[DELAYED] / w.change[STARTED]);
    tally_add(&r.wait, w.change[WAIT] / w.change[STARTED]);
    tally_add(&r.sojourn, w.change[SOJOURN] / w.change[GONE]);
    tally_add(&r.n, area(&w, MEAN_N, warm, end));
    tally_add(&r.q, area(&w, MEAN_Q, warm, end));
    tally_add(&r.balked, w.change[BALKED] / w.change[CAME]);
    tally_add(&r.reneged, w.change[RENEGED] / w.change[CAME]);
  }
  case_close(&c);
  return r;
}

#define EXPONENTIAL(mean)                                                                          \
  {                                                                                                \
    .kind = GM_QUEUE_EXPONENTIAL, .a = mean                                                        \
  }

/* M/M/1, rho = 0.7: number rho/(1-rho), P(wait) rho, sojourn 1/(mu-lambda). 400 replicates. */
static void mm1__number_wait_and_sojourn(void **state)
{
  (void)state;
  gm_queue_station q = {.name = "q", .servers = "1", .service = EXPONENTIAL("1")};
  results r = one_queue("0.7", &q, 400, 100, 2100);
  tally_must_be(&r.delayed, 0.7, "M/M/1 P(wait)");
  tally_must_be(&r.wait, 0.7 / 0.3, "M/M/1 mean wait");
  tally_must_be(&r.sojourn, 1 / 0.3, "M/M/1 mean sojourn");
  tally_must_be(&r.n, 0.7 / 0.3, "M/M/1 mean number");
}

/* M/M/10 with lambda 9 (P(wait) = Wq = 0.668731524) and Erlang C(20, 16) = 0.256077794. LIFO serves
 * other customers first, but the means are those of any order. */
static void mmc__erlang_c(void **state)
{
  (void)state;
  gm_queue_station q = {.name = "q", .servers = "10", .service = EXPONENTIAL("1")};
  double c = erlang_c(10, 9);
  assert_float_equal(c, 0.668731524, 1e-8);
  results r = one_queue("9", &q, 200, 200, 2200);
  tally_must_be(&r.delayed, c, "M/M/10 P(wait)");
  tally_must_be(&r.wait, c / (10 - 9), "M/M/10 mean wait");
  gm_queue_station many = {
      .name = "q", .servers = "20", .discipline = GM_QUEUE_LIFO, .service = EXPONENTIAL("1")};
  assert_float_equal(erlang_c(20, 16), 0.256077794, 1e-8);
  r = one_queue("16", &many, 200, 100, 1100);
  tally_must_be(&r.delayed, erlang_c(20, 16), "M/M/20 LIFO P(wait)");
  tally_must_be(&r.wait, erlang_c(20, 16) / 4, "M/M/20 LIFO mean wait");
}

/* No waiting room: Erlang B(20, 16) = 0.064410925, for any law of service; and with room for 5 the
 * birth-death law. */
static void mmck__losses(void **state)
{
  (void)state;
  double b = erlang_b(20, 16), up[26], down[26], p[26];
  assert_float_equal(b, 0.064410925, 1e-8);
  gm_queue_station q = {.name = "q", .servers = "20", .room = "0", .service = EXPONENTIAL("1")};
  results r = one_queue("16", &q, 200, 50, 1050);
  tally_must_be(&r.balked, b, "M/M/20/20 lost");
  q.service = (gm_queue_law){GM_QUEUE_LOGNORMAL, "exp(-0.5)", "1"}; /* mean 1 */
  r = one_queue("16", &q, 200, 50, 1050);
  tally_must_be(&r.balked, b, "M/lognormal/20/20 lost");
  gm_queue_station some = {.name = "q", .servers = "4", .room = "5", .service = EXPONENTIAL("1")};
  for (int k = 0; k <= 9; k++) {
    up[k] = 5;
    down[k] = k < 4 ? k : 4;
  }
  birth_death(9, up, down, p);
  r = one_queue("5", &some, 200, 50, 1050);
  tally_must_be(&r.balked, p[9], "M/M/4/9 lost");
}

/* M/G/1: mean wait lambda E[S^2] / (2 (1 - rho)) (Pollaczek, Khinchine), mean service 1. */
static void mg1__pollaczek_khinchine(void **state)
{
  (void)state;
  const struct {
    gm_queue_law law;
    double second;
    const char *what;
  } g[] = {
      {{GM_QUEUE_FIXED, "1", NULL}, 1, "M/D/1 mean wait"},
      {{GM_QUEUE_GAMMA, "1", "0.5"}, 3, "M/gamma(1/2)/1 mean wait"},
      {{GM_QUEUE_LOGNORMAL, "exp(-0.125)", "0.5"}, exp(0.25), "M/lognormal/1 mean wait"},
      {{GM_QUEUE_UNIFORM, "0", "2"}, 4.0 / 3, "M/uniform/1 mean wait"},
      {{GM_QUEUE_WEIBULL, "0.5", "0.5"}, 0.25 * 24, "M/Weibull(1/2)/1 mean wait"},
  };
  for (size_t i = 0; i < sizeof g / sizeof *g; i++) {
    gm_queue_station q = {.name = "q", .servers = "1", .service = g[i].law};
    results r = one_queue("0.6", &q, 300, 200, 3200);
    tally_must_be(&r.wait, 0.6 * g[i].second / (2 * 0.4), g[i].what);
  }
}

/* M/M/c+M (Erlang A): the chain has death rates min(k,c) mu + (k-c)+ theta. */
static void erlang_a__reneging(void **state)
{
  (void)state;
  double up[121], down[121], p[121], q = 0;
  for (int k = 0; k <= 120; k++) {
    up[k] = 12;
    down[k] = (k < 10 ? k : 10) + (k > 10 ? (k - 10) * 0.5 : 0);
  }
  birth_death(120, up, down, p);
  for (int k = 11; k <= 120; k++) q += (k - 10) * p[k];
  gm_queue_station s = {
      .name = "q", .servers = "10", .service = EXPONENTIAL("1"), .patience = EXPONENTIAL("2")};
  results r = one_queue("12", &s, 200, 50, 1050);
  tally_must_be(&r.reneged, 0.5 * q / 12, "M/M/10+M lost patience");
  tally_must_be(&r.q, q, "M/M/10+M mean line");
}

/* Priorities without interruption (Cobham 1954): W_k = W0 / ((1 - s_{k-1}) (1 - s_k)); with
 * preemptive resume the sojourn of class k is 1/mu/(1-s_{k-1}) + R_k / ((1-s_{k-1})(1-s_k)). */
static void priorities__cobham_and_preemptive(void **state)
{
  (void)state;
  enum { CLASSES = 3, N = 300 };
  const double lambda[CLASSES] = {0.2, 0.25, 0.3};
  gm_queue_stream stream[CLASSES] = {{.name = "a", .to = "q", .rate = "0.2", .priority = 0},
                                     {.name = "b", .to = "q", .rate = "0.25", .priority = 1},
                                     {.name = "c", .to = "q", .rate = "0.3", .priority = 2}};
  gm_queue_output out[4 * CLASSES];
  static const char *const name[] = {"s0", "w0", "g0", "t0", "s1", "w1",
                                     "g1", "t1", "s2", "w2", "g2", "t2"};
  const gm_queue_measure what[] = {GM_QUEUE_STARTED, GM_QUEUE_WAIT_TOTAL, GM_QUEUE_DEPARTURES,
                                   GM_QUEUE_SOJOURN_TOTAL};
  for (int k = 0; k < 4 * CLASSES; k++)
    out[k] = (gm_queue_output){.name = name[k],
                               .measure = what[k % 4],
                               .of = "q",
                               .one_priority = true,
                               .priority = k / 4};
  for (int kind = 0; kind < 2; kind++) {
    gm_queue_station q = {.name = "q",
                          .servers = "1",
                          .service = EXPONENTIAL("1"),
                          .discipline = kind ? GM_QUEUE_PREEMPTIVE : GM_QUEUE_PRIORITY};
    gm_queue_config config = {.stream = stream,
                              .stream_count = CLASSES,
                              .station = &q,
                              .station_count = 1,
                              .output = out,
                              .output_count = 4 * CLASSES};
    queue_case c;
    tally t[CLASSES] = {{0}};
    case_open(&c, &config);
    for (int k = 0; k < N; k++) {
      window w;
      run_window(&c, (uint64_t)k, 200, 3200, &w);
      for (int i = 0; i < CLASSES; i++)
        tally_add(&t[i], kind ? w.change[4 * i + 3] / w.change[4 * i + 2]
                              : w.change[4 * i + 1] / w.change[4 * i]);
    }
    double before = 0;
    for (int i = 0; i < CLASSES; i++) {
      double to = before + lambda[i], all = 0.75, part = to;
      double cobham = all / ((1 - before) * (1 - to));
      double resume = 1 / (1 - before) + part / ((1 - before) * (1 - to));
      char text[64];
      snprintf(text, sizeof text, "priority %d, %s", i, kind ? "preemptive sojourn" : "wait");
      tally_must_be(&t[i], kind ? resume : cobham, text);
      before = to;
    }
    case_close(&c);
  }
}

/* M/G/inf from empty: the number at t is Poisson with mean lambda times the integral of the
 * survival of service to t. Uniform service on (0, 4): lambda (t - t^2/8). */
static void mginf__transient(void **state)
{
  (void)state;
  gm_queue_stream stream = {.name = "in", .to = "q", .rate = "5"};
  gm_queue_station q = {.name = "q", .service = {GM_QUEUE_UNIFORM, "0", "4"}};
  gm_queue_output out = {.name = "n", .measure = GM_QUEUE_IN_STATION, .of = "q"};
  gm_queue_config config = {.stream = &stream,
                            .stream_count = 1,
                            .station = &q,
                            .station_count = 1,
                            .output = &out,
                            .output_count = 1};
  const double at[] = {0.5, 1, 2, 3, 8};
  tally t[5] = {{0}}, squares[5] = {{0}};
  queue_case c;
  case_open(&c, &config);
  for (int k = 0; k < 20000; k++) {
    double y[5];
    gm_span span = {.t1 = 8, .sample = at, .sample_count = 5, .y = y};
    case_init(&c, (uint64_t)k);
    case_span(&c, (uint64_t)k, &span);
    for (int i = 0; i < 5; i++) {
      double u = at[i] < 4 ? at[i] : 4, mean = 5 * (u - u * u / 8);
      tally_add(&t[i], y[i]);
      tally_add(&squares[i], (y[i] - mean) * (y[i] - mean));
    }
  }
  for (int i = 0; i < 5; i++) {
    double u = at[i] < 4 ? at[i] : 4, mean = 5 * (u - u * u / 8);
    tally_must_be(&t[i], mean, "M/U/inf mean");
    tally_must_be(&squares[i], mean, "M/U/inf variance");
  }
  case_close(&c);
}

/* Arrivals by a daily profile: the mean count over [0, t] is the integral of the rate. */
static void profile__integral_of_the_rate(void **state)
{
  (void)state;
  const double at[] = {0, 8, 20}, value[] = {1, 4, 2};
  gm_queue_parameter p = {.name = "scale", .value = 0.5};
  gm_queue_schedule day = {.name = "day", .period = 24, .at = at, .value = value, .count = 3};
  gm_queue_stream stream = {.name = "in", .to = "q", .rate = "scale*day"};
  gm_queue_station q = {.name = "q", .service = EXPONENTIAL("1")};
  gm_queue_output out = {.name = "n", .measure = GM_QUEUE_STREAM_ARRIVALS, .of = "in"};
  gm_queue_config config = {.parameter = &p,
                            .parameter_count = 1,
                            .schedule = &day,
                            .schedule_count = 1,
                            .stream = &stream,
                            .stream_count = 1,
                            .station = &q,
                            .station_count = 1,
                            .output = &out,
                            .output_count = 1};
  tally t[3] = {{0}};
  queue_case c;
  case_open(&c, &config);
  for (int k = 0; k < 4000; k++) {
    const double when[] = {6, 22, 24 + 10};
    double y[3];
    gm_span span = {.t1 = 34, .sample = when, .sample_count = 3, .y = y};
    case_init(&c, (uint64_t)k);
    case_span(&c, (uint64_t)k, &span);
    for (int i = 0; i < 3; i++) tally_add(&t[i], y[i]);
  }
  tally_must_be(&t[0], 0.5 * 6, "profile, 6 h");
  tally_must_be(&t[1], 0.5 * (8 + 12 * 4 + 2 * 2), "profile, 22 h");
  tally_must_be(&t[2], 0.5 * (8 + 48 + 8 + 8 + 8), "profile, 34 h");
  case_close(&c);
}

/* A Jackson network with feedback: traffic equations, then every station as if alone. */
static void jackson__stations_as_if_alone(void **state)
{
  (void)state;
  /* a: 1 from outside + 0.2 of c; b: 0.6 of a; c: 0.4 of a + 0.5 of b */
  double la = 1 / (1 - 0.2 * (0.4 + 0.5 * 0.6)), lb = 0.6 * la, lc = 0.4 * la + 0.5 * lb;
  const gm_queue_route from_a[] = {{"b", "0.6"}, {"c", "0.4"}}, from_b[] = {{"c", "0.5"}},
                       from_c[] = {{"a", "0.2"}};
  gm_queue_station s[] = {
      {.name = "a", .servers = "1", .service = EXPONENTIAL("0.6"), .next = from_a, .next_count = 2},
      {.name = "b", .servers = "2", .service = EXPONENTIAL("2"), .next = from_b, .next_count = 1},
      {.name = "c", .service = EXPONENTIAL("3"), .next = from_c, .next_count = 1}};
  gm_queue_stream stream = {.name = "in", .to = "a", .rate = "1"};
  gm_queue_output out[] = {{.name = "na", .measure = GM_QUEUE_MEAN_IN_STATION, .of = "a"},
                           {.name = "nb", .measure = GM_QUEUE_MEAN_IN_STATION, .of = "b"},
                           {.name = "nc", .measure = GM_QUEUE_MEAN_IN_STATION, .of = "c"}};
  gm_queue_config config = {.stream = &stream,
                            .stream_count = 1,
                            .station = s,
                            .station_count = 3,
                            .output = out,
                            .output_count = 3};
  tally t[3] = {{0}};
  queue_case c;
  case_open(&c, &config);
  for (int k = 0; k < 300; k++) {
    window w;
    run_window(&c, (uint64_t)k, 200, 2200, &w);
    for (int i = 0; i < 3; i++) tally_add(&t[i], area(&w, i, 200, 2200));
  }
  double ra = 0.6 * la, rb = 2 * lb;
  tally_must_be(&t[0], ra / (1 - ra), "Jackson, M/M/1");
  tally_must_be(&t[1], rb + erlang_c(2, rb) * rb / (2 - rb), "Jackson, M/M/2");
  tally_must_be(&t[2], 3 * lc, "Jackson, M/M/inf");
  case_close(&c);
}

/* Renewal arrivals: E2/M/1 has a geometric number found on arrival with sigma the root of
 * sigma = (a / (a + mu (1 - sigma)))^2, a the rate of the stages; mean wait sigma/(mu(1-sigma)). */
static void gm1__renewal_arrivals(void **state)
{
  (void)state;
  double sigma = 0.5, a = 1.6;
  for (int k = 0; k < 200; k++) sigma = pow(a / (a + 1 - sigma), 2);
  gm_queue_stream stream = {.name = "in", .to = "q", .gap = {GM_QUEUE_GAMMA, "1.25", "2"}};
  gm_queue_station q = {.name = "q", .servers = "1", .service = EXPONENTIAL("1")};
  gm_queue_config config = {.stream = &stream,
                            .stream_count = 1,
                            .station = &q,
                            .station_count = 1,
                            .output = outputs,
                            .output_count = OUTPUTS};
  tally wait = {0}, delayed = {0};
  queue_case c;
  case_open(&c, &config);
  for (int k = 0; k < 300; k++) {
    window w;
    run_window(&c, (uint64_t)k, 200, 3200, &w);
    tally_add(&wait, w.change[WAIT] / w.change[STARTED]);
    tally_add(&delayed, w.change[DELAYED] / w.change[STARTED]);
  }
  tally_must_be(&wait, sigma / (1 - sigma), "E2/M/1 mean wait");
  tally_must_be(&delayed, sigma, "E2/M/1 P(wait)");
  case_close(&c);
}

/* The Rosetta SIR: 41.23907407 new infections by day 28 (exact, by enumeration); 20,000 replicates.
 * Final size alone with gamma and beta doubled: 41.279987 for both. */
static void sir__new_infections(void **state)
{
  (void)state;
  const double rate[2][2] = {{0.9, 0.3}, {1.8, 0.6}};
  for (int which = 0; which < 2; which++) {
    queue_case c = {0};
    tally by28 = {0}, final = {0}, small = {0};
    assert_int_equal(gm_ctx_new(NULL, &c.ctx), GM_OK);
    assert_int_equal(sir_queue_new(c.ctx, rate[which][0], rate[which][1], 50, 3, &c.m), GM_OK);
    case_ready(&c);
    for (int k = 0; k < 20000; k++) {
      const double at[] = {28, 400};
      double y[6];
      gm_span span = {.t1 = 400, .sample = at, .sample_count = 2, .y = y};
      case_init(&c, (uint64_t)k);
      case_span(&c, (uint64_t)k, &span);
      assert_int_equal(c.status, 0);
      assert_true(y[0] + y[2] == 47 && y[4] == 0);
      tally_add(&by28, y[2]);
      tally_add(&final, y[5]);
      tally_add(&small, y[5] <= 5);
    }
    if (!which) tally_must_be(&by28, 41.23907407, "SIR new infections by day 28");
    tally_must_be(&final, 41.2799868, "SIR final size");
    tally_must_be(&small, 0.0451186, "SIR P(at most 5 new)");
    case_close(&c);
  }
}

/* Treatment changes a parameter while clocks run: beta times 0.4 in four-day periods. New
 * infections by day 28, exact by enumeration (cost of the plan less 3 for each treated period):
 * all seven periods 33.41715464 - 21, the first four 28.81655888 - 12. */
static void sir__treated(void **state)
{
  (void)state;
  const int treated[2] = {7, 4};
  const double expected[2] = {12.41715464, 16.81655888};
  queue_case c = {0};
  assert_int_equal(gm_ctx_new(NULL, &c.ctx), GM_OK);
  assert_int_equal(sir_queue_new(c.ctx, 0.9, 0.3, 50, 3, &c.m), GM_OK);
  case_ready(&c);
  for (int plan = 0; plan < 2; plan++) {
    tally t = {0};
    gm_edge e[2] = {{.t = 0, .value = 0.36, .kind = GM_EDGE_PARAMETER},
                    {.t = 4.0 * treated[plan], .value = 0.9, .kind = GM_EDGE_PARAMETER}};
    for (int k = 0; k < 20000; k++) {
      const double at = 28;
      double y[3];
      gm_span span = {
          .t1 = 28, .edge = e, .edge_count = 2, .sample = &at, .sample_count = 1, .y = y};
      case_init(&c, (uint64_t)k);
      case_span(&c, (uint64_t)k, &span);
      tally_add(&t, y[2]);
    }
    tally_must_be(&t, expected[plan], plan ? "SIR, first four periods treated" : "SIR, always");
  }
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(mm1__number_wait_and_sojourn),
      cmocka_unit_test(mmc__erlang_c),
      cmocka_unit_test(mmck__losses),
      cmocka_unit_test(mg1__pollaczek_khinchine),
      cmocka_unit_test(erlang_a__reneging),
      cmocka_unit_test(priorities__cobham_and_preemptive),
      cmocka_unit_test(mginf__transient),
      cmocka_unit_test(profile__integral_of_the_rate),
      cmocka_unit_test(jackson__stations_as_if_alone),
      cmocka_unit_test(gm1__renewal_arrivals),
      cmocka_unit_test(sir__new_infections),
      cmocka_unit_test(sir__treated),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
