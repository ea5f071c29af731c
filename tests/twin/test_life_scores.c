/* How good forecasts were, against closed forms worked out here: members of the belief through the
 * model's solution, a normal error around each, scores of that mixture by their formulas.
 * label: full */
#include "twin/life_case.h"
#include "base/json_tree.h"

/* ---- laws, worked out here ------------------------------------------------------------------- */
enum { MEMBERS = 200 };

/* A mixture of normals of one measurement. */
typedef struct {
  int n;
  double weight[MEMBERS], mean[MEMBERS], sd[MEMBERS];
} mixture;

static double normal_cdf(double z) { return erfc(-z / sqrt(2)) / 2; }
static double normal_pdf(double z) { return exp(-z * z / 2) / sqrt(2 * acos(-1)); }

static double cdf(const mixture *m, double y)
{
  double p = 0;
  for (int i = 0; i < m->n; i++) p += m->weight[i] * normal_cdf((y - m->mean[i]) / m->sd[i]);
  return p;
}

static double density(const mixture *m, double y)
{
  double p = 0;
  for (int i = 0; i < m->n; i++)
    p += m->weight[i] * normal_pdf((y - m->mean[i]) / m->sd[i]) / m->sd[i];
  return p;
}

static double quantile(const mixture *m, double p)
{
  double low = -100, high = 200;
  for (int i = 0; i < 100; i++) {
    double middle = (low + high) / 2;
    if (cdf(m, middle) < p)
      low = middle;
    else
      high = middle;
  }
  return high;
}

/* E|X| of a normal X. */
static double size(double mean, double sd)
{
  double z = mean / sd;
  return 2 * sd * normal_pdf(z) + mean * (2 * normal_cdf(z) - 1);
}

/* Grimit, Gneiting, Berrocal & Johnson, Q. J. R. Meteorol. Soc. 132:2925 (2006), eq. 5. */
static double crps(const mixture *m, double y)
{
  double first = 0, second = 0;
  for (int i = 0; i < m->n; i++) {
    first += m->weight[i] * size(y - m->mean[i], m->sd[i]);
    for (int j = 0; j < m->n; j++)
      second +=
          m->weight[i] * m->weight[j] * size(m->mean[i] - m->mean[j], hypot(m->sd[i], m->sd[j]));
  }
  return first - second / 2;
}

/* Bracher, Ray, Gneiting & Reich, PLoS Comput. Biol. 17:e1008618 (2021): eleven intervals and the
 * median. */
static double wis(const mixture *m, double y)
{
  static const double alpha[11] = {0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9};
  double sum = 0.5 * fabs(y - quantile(m, 0.5));
  for (int k = 0; k < 11; k++) {
    double low = quantile(m, alpha[k] / 2), high = quantile(m, 1 - alpha[k] / 2);
    double outside = y < low ? low - y : y > high ? y - high : 0;
    sum += alpha[k] / 2 * (high - low + 2 / alpha[k] * outside);
  }
  return sum / 11.5;
}

static bool inside(const mixture *m, double y, double share)
{
  return y >= quantile(m, (1 - share) / 2) && y <= quantile(m, (1 + share) / 2);
}

/* Doses of 100 mg at 0 and 12 h into one compartment, of 82.5 kg; error 0.1 mg/L and 10 %. */
static mixture mixture_of(const gm_members *members, double t_h)
{
  mixture m = {.n = members->n};
  assert_int_equal(MEMBERS, members->n);
  for (int i = 0; i < m.n; i++) {
    const double *z = members->z + (ptrdiff_t)i * members->dim;
    double cl = 4 * pow(82.5 / 70, 0.75) * exp(z[0]), v = 20 * exp(z[1]), k = cl / v;
    m.weight[i] = members->weight[i];
    m.mean[i] = 100 / v * (exp(-k * t_h) + (t_h > 12 ? exp(-k * (t_h - 12)) : 0));
    m.sd[i] = hypot(0.1, 0.1 * m.mean[i]);
  }
  return m;
}

/* ---- the thread's scores --------------------------------------------------------------------- */
typedef struct {
  double crps, crps_population, crps_last, wis, log, pit, horizon_s;
  bool in50, in90, has_last;
} said;

typedef struct {
  gm_arena *memory;
  said of[20];
  int count;
} heard;

static double number(const gm_json *of, const char *key)
{
  double v = NAN;
  const gm_json *n = gm__json_find(of, key);
  assert_non_null(n);
  case_must(gm__json_double(n, &v), key);
  return v;
}

static bool holds(const gm_json *of, const char *key)
{
  const gm_json *n = gm__json_find(of, key);
  assert_non_null(n);
  return n->kind == GM_JSON_TRUE;
}

static gm_status score_hear(void *user, const gm_record_found *r)
{
  heard *h = user;
  gm_json *root = NULL;
  gm_json_options o = {.name = "score"};
  case_must(gm__json_parse(ctx, h->memory, &o, r->body, r->bytes, &root), "score");
  const gm_json *data = gm__json_find(root, "data");
  for (const gm_json *d = data->first; d; d = d->next) {
    const gm_json *twin = gm__json_find(d, "twin"), *last = gm__json_find(d, "last_value");
    h->of[h->count++] = (said){.crps = number(twin, "crps"),
                               .crps_population = number(gm__json_find(d, "population"), "crps"),
                               .crps_last = last ? number(last, "crps") : NAN,
                               .wis = number(twin, "wis"),
                               .log = gm__json_find(twin, "log") ? number(twin, "log") : INFINITY,
                               .pit = number(twin, "pit"),
                               .horizon_s = number(d, "horizon_s"),
                               .in50 = holds(twin, "in50"),
                               .in90 = holds(twin, "in90"),
                               .has_last = last != NULL};
  }
  return GM_OK;
}

static heard scores_read(gm_session *a, const gm_life *l)
{
  heard h = {.count = 0};
  gm_record_query q = {.twin = gm_life_twin(l), .kind = GM_RECORD_SCORE, .all_versions = true};
  case_must(gm_arena_new(ctx, 16384, &h.memory), "arena");
  case_must(gm_store_read(a, ctx, &q, score_hear, &h), "scores");
  gm_arena_free(h.memory);
  return h;
}

static void near(double got, double want, double tolerance, const char *what, int i)
{
  if (!(fabs(got - want) <= tolerance * (1e-3 + fabs(want))))
    fail_msg("%s of datum %d: %.10g, %.10g expected", what, i, got, want);
}

/* ---- scores of the twin and the population ------------------------------------------------------
 */
enum { NEW = 6 };
typedef struct {
  double t_h[NEW], y[NEW];
  mixture own[NEW], population[NEW];
} expected;

/* Values by the belief's own quantiles: the middle, both flanks of both intervals, far outside. */
static void values_set(expected *e, const gm_twin *t)
{
  static const double level[NEW] = {0.5, 0.7, 0.8, 0.06, 0.97, 0.5};
  for (int i = 0; i < NEW; i++) {
    char text[32];
    e->t_h[i] = 13 + i;
    e->own[i] = mixture_of(t->posterior, e->t_h[i]);
    e->population[i] = mixture_of(t->prior, e->t_h[i]);
    e->y[i] = quantile(&e->own[i], level[i]);
    if (i == NEW - 1) e->y[i] += 40;
    snprintf(text, sizeof text, "%.6f", e->y[i]);
    e->y[i] = atof(text);
  }
}

static void values_add(gm_life *l, const expected *e)
{
  gm_fact f[NEW];
  char value[NEW][32], id[NEW][8];
  for (int i = 0; i < NEW; i++) {
    snprintf(value[i], sizeof value[i], "%.6f", e->y[i]);
    snprintf(id[i], sizeof id[i], "n%d", i);
    f[i] = fact(GM_RECORD_OBSERVATION, "cp", e->t_h[i], value[i], "mg/L", id[i]);
  }
  add(l, f, NEW);
}

static void score_check(const said *s, const expected *e, int i)
{
  const mixture *m = &e->own[i];
  double y = e->y[i];
  /* the solver's tolerance stands between the members here and there */
  near(s->crps, crps(m, y), 1e-5, "CRPS", i);
  near(s->crps_population, crps(&e->population[i], y), 1e-5, "the population's CRPS", i);
  near(s->wis, wis(m, y), 1e-5, "WIS", i);
  near(s->pit, cdf(m, y), 1e-4, "PIT", i);
  if (density(m, y) > 0) near(s->log, -log(density(m, y)), 1e-3, "log score", i);
  near(s->horizon_s, (e->t_h[i] - 12) * 3600, 1e-9, "horizon", i); /* from the last dose on */
  if (s->in50 != inside(m, y, 0.5) || s->in90 != inside(m, y, 0.9)) fail_msg("datum %d", i);
}

/* Each score is its formula's; the means that are shown are means of them, and a datum far outside
 * is covered by nothing. */
static void scores__are_those_of_the_formulas(void **state)
{
  (void)state;
  static expected e;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  const gm_twin *t = NULL;
  doses_add(l);
  for (int i = 0; i < 4; i++) add(l, (gm_fact[]){datum(i)}, 1);
  renew(l);
  case_must(gm_life_belief(l, ctx, &t), "belief");
  values_set(&e, t);
  values_add(l, &e);
  assert_int_equal(NEW, renew(l).scored);
  heard h = scores_read(a, l);
  assert_int_equal(NEW, h.count);
  double sum = 0, population = 0;
  for (int i = 0; i < NEW; i++) {
    score_check(&h.of[i], &e, i);
    sum += crps(&e.own[i], e.y[i]) / NEW;
    population += crps(&e.population[i], e.y[i]) / NEW;
  }
  static const bool in50[NEW] = {true, true, false, false, false, false};
  static const bool in90[NEW] = {true, true, true, true, false, false};
  for (int i = 0; i < NEW; i++) assert_true(h.of[i].in50 == in50[i] && h.of[i].in90 == in90[i]);
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
  assert_int_equal(NEW, s.skill[0].scored);
  near(s.skill[0].crps, sum, 1e-5, "mean CRPS", -1);
  near(s.skill[0].crps_population, population, 1e-5, "mean CRPS of the population", -1);
  near(s.skill[0].covered50, 2.0 / NEW, 1e-12, "covered by 50 %", -1);
  near(s.skill[0].covered90, 4.0 / NEW, 1e-12, "covered by 90 %", -1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- the last value -------------------------------------------------------------------------- */
/* CRPS of a standard Cauchy law at z: the integral of (F - 1{y >= z})^2, with y = tan(angle). */
static double cauchy_crps(double z)
{
  enum { N = 200000 };
  double pi = acos(-1), at = atan(z), sum = 0;
  for (int side = 0; side < 2; side++) {
    double from = side ? at : -pi / 2, width = side ? pi / 2 - at : at + pi / 2;
    for (int i = 0; i < N; i++) {
      double angle = from + (i + 0.5) / N * width, f = angle / pi + 0.5 - side;
      sum += f * f / (cos(angle) * cos(angle)) * width / N;
    }
  }
  return sum;
}

/* Of Student's t with 2 degrees of freedom (Jordan, Krueger & Lerch, J. Stat. Softw. 90(12), 2019,
 * appendix A). */
static double student2_crps(double z)
{
  double f = 0.5 + z / (2 * sqrt(2 + z * z)), density = pow(2 + z * z, -1.5);
  return z * (2 * f - 1) + 2 * density * (2 + z * z) - sqrt(2) * acos(-1) / 4;
}

static gm_fact measured(double t_h, const char *value, const char *id)
{
  return fact(GM_RECORD_OBSERVATION, "cp", t_h, value, "mg/L", id);
}

/* The last value is that of the data which the belief had seen and which can be gone by: not of one
 * below the limit, of one that came late, or of a single one, which says nothing of changes. With
 * two values a Cauchy law, with three an hour apart Student's t with 2 degrees of freedom; the
 * variance grows with the lag as the mean square of past changes does. */
static void last_value__is_that_of_what_was_known(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_fact below = measured(2.2, "0.5", "below");
  below.censored = 1;
  add(l, (gm_fact[]){fact(GM_RECORD_GIVEN, "drug", 0, "100", "mg", "a")}, 1);
  add(l, (gm_fact[]){measured(1, "4.31", "m1")}, 1);
  renew(l);
  add(l, (gm_fact[]){measured(2, "3.52", "m2"), below}, 2);
  assert_int_equal(1, renew(l).scored); /* what is below the limit is not scored */
  add(l, (gm_fact[]){measured(3, "3.1", "m3")}, 1);
  assert_int_equal(1, renew(l).scored);
  add(l, (gm_fact[]){measured(2.5, "3.4", "late"), measured(6, "1.9", "m6")}, 2);
  assert_int_equal(1, renew(l).scored);
  heard h = scores_read(a, l);
  assert_int_equal(3, h.count);
  assert_true(!h.of[0].has_last && h.of[1].has_last && h.of[2].has_last);
  double first = fabs(3.52 - 4.31); /* sd of a change in an hour */
  double one = first * cauchy_crps((3.1 - 3.52) / first);
  double sd = sqrt((pow(3.52 - 4.31, 2) + pow(3.1 - 3.52, 2)) / 2 * 3); /* over 3 h */
  double two = sd * student2_crps((1.9 - 3.1) / sd);
  near(h.of[1].crps_last, one, 1e-6, "CRPS of the last value", 1);
  near(h.of[2].crps_last, two, 1e-6, "CRPS of the last value", 2);
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin + 7 * hour, &s), "look");
  assert_int_equal(3, s.skill[0].scored);
  assert_int_equal(2, s.skill[0].with_last);
  near(s.skill[0].crps_last, (one + two) / 2, 1e-6, "mean CRPS of the last value", -1);
  near(s.skill[0].crps_beside_last, (h.of[1].crps + h.of[2].crps) / 2, 1e-12, "beside it", -1);
  near(s.skill[0].crps, (h.of[0].crps + h.of[1].crps + h.of[2].crps) / 3, 1e-12, "mean", -1);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* ---- limits of quantification ---------------------------------------------------------------- */
/* Of the definition, and of the measurement itself. */
static void limits_add(gm_life *l, const double y[2])
{
  char value[2][32];
  for (int i = 0; i < 2; i++) snprintf(value[i], sizeof value[i], "%.6f", y[i]);
  gm_fact f[5] = {measured(13, value[0], "q0"), measured(14, "1.9", "q1"), measured(15, "5", "q2"),
                  measured(16, "6", "q3"), measured(17, value[1], "q4")};
  f[2].censored = 1;
  f[3].censored = -1;
  add(l, f, 5);
}

static int64_t censored_seen(gm_life *l, int32_t *scored)
{
  gm_life_state s;
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
  *scored = s.scored;
  return s.censored;
}

static gm_life *limits_life(gm_session *a, const char *twin)
{
  char text[2000];
  snprintf(text, sizeof text, "%s", definition_text);
  char *at = strstr(text, "proportional: 0.1}}") + 18;
  memmove(at + 8, at, strlen(at) + 1);
  memcpy(at, ", loq: 2", 8); /* mg/L */
  gm_life *l = life_of(a, twin, MEMBERS, model_text, text);
  doses_add(l);
  add(l, (gm_fact[]){datum(0), datum(1), datum(2)}, 3);
  renew(l);
  return l;
}

static void mixtures_set(gm_life *l, double t_h, mixture *own, mixture *population)
{
  const gm_twin *t = NULL;
  case_must(gm_life_belief(l, ctx, &t), "belief");
  *own = mixture_of(t->posterior, t_h);
  *population = mixture_of(t->prior, t_h);
}

/* What lies below the definition's limit of quantification, or is said to lie beyond one, has no
 * value to score: it is counted. The others are scored by the closed form, also after the twin has
 * learned from the censored ones. */
static void censored__are_counted_and_the_others_scored(void **state)
{
  (void)state;
  static mixture own[3], population[3];
  static const double t_h[3] = {13, 17, 19}, y[3] = {4.5, 2.75, 2.25};
  gm_session *a = case_store();
  gm_life *l = limits_life(a, "t1");
  int32_t scored = -1;
  for (int i = 0; i < 2; i++) mixtures_set(l, t_h[i], &own[i], &population[i]);
  limits_add(l, y);
  assert_int_equal(2, renew(l).scored);
  assert_int_equal(3, censored_seen(l, &scored));
  assert_int_equal(2, scored);
  add(l, (gm_fact[]){measured(18, "1.5", "q5")}, 1); /* alone: there is nothing to score */
  assert_int_equal(0, renew(l).scored);
  assert_int_equal(4, censored_seen(l, &scored));
  assert_int_equal(2, scored);
  mixtures_set(l, t_h[2], &own[2], &population[2]);
  add(l, (gm_fact[]){measured(t_h[2], "2.25", "q6")}, 1);
  assert_int_equal(1, renew(l).scored);
  assert_int_equal(4, censored_seen(l, &scored));
  heard h = scores_read(a, l);
  assert_int_equal(3, h.count);
  for (int i = 0; i < 3; i++) {
    near(h.of[i].crps, crps(&own[i], y[i]), 1e-5, "CRPS", i);
    near(h.of[i].crps_population, crps(&population[i], y[i]), 1e-5, "the population's CRPS", i);
    near(h.of[i].wis, wis(&own[i], y[i]), 1e-5, "WIS", i);
    near(h.of[i].pit, cdf(&own[i], y[i]), 1e-4, "PIT", i);
    near(h.of[i].log, -log(density(&own[i], y[i])), 1e-3, "log score", i);
  }
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* The last value and its past changes are those of data with a value: as in a life that never got
 * the censored ones. */
static void censored__are_no_last_value(void **state)
{
  (void)state;
  gm_session *a = case_store();
  double last[2];
  for (int with = 0; with < 2; with++) {
    gm_life *l = limits_life(a, with ? "t1" : "t2");
    if (with)
      limits_add(l, (const double[]){4.5, 2.75});
    else
      add(l, (gm_fact[]){measured(13, "4.5", "q0"), measured(17, "2.75", "q4")}, 2);
    renew(l);
    add(l, (gm_fact[]){measured(19, "2.25", "q6")}, 1);
    assert_int_equal(1, renew(l).scored);
    heard h = scores_read(a, l);
    assert_int_equal(3, h.count);
    assert_true(h.of[2].has_last);
    last[with] = h.of[2].crps_last;
    gm_life_free(l);
  }
  assert_true(last[0] == last[1]);
  case_close(a);
  case_unlink();
}

/* Scores are those of the present definition: under another one there are none yet, and when it is
 * put back its own count again. */
static void scores__are_of_one_definition(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_change *c = NULL;
  gm_life_state s;
  int32_t count = 0;
  char other[2000];
  doses_add(l);
  for (int i = 0; i < DATA; i++) add(l, (gm_fact[]){datum(i)}, 1), renew(l);
  case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
  int32_t scored = s.scored;
  double crps_before = s.skill[0].crps;
  assert_int_equal(2,
                   scored); /* the belief reaches to the dose at 12 h: what lies before is late */
  file_write(model_path, sizeof model_path, "model.ant", model_text);
  for (int i = 0; i < 2; i++) {
    snprintf(other, sizeof other, "%s", definition_text);
    if (i == 0) strstr(other, "CL: {typical: 4")[14] = '2';
    file_write(definition_path, sizeof definition_path, "twin.yaml", other);
    case_must(gm_life_migrate(l, ctx, definition_path, NULL, &c, &count), "migrate");
    gm_free(c);
    c = NULL;
    case_must(gm_life_look(l, ctx, origin + 21 * hour, &s), "look");
    assert_int_equal(i ? scored : 0, s.scored);
    assert_int_equal(2, s.scores); /* the records stay */
    assert_true(i ? s.skill[0].crps == crps_before : isnan(s.skill[0].crps));
  }
  unlink(model_path);
  unlink(definition_path);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

/* A proposal that was withheld proposed nothing, and an order that was withdrawn was never given:
 * neither is counted. */
static void counts__are_of_what_was_said(void **state)
{
  (void)state;
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t1");
  gm_life_state s;
  doses_add(l);
  add(l, (gm_fact[]){datum(0)}, 1);
  renew(l);
  case_must(gm_life_look(l, ctx, origin + 2 * hour, &s), "look");
  assert_int_equal(1, s.ordered);
  gm_fact order = fact(GM_RECORD_ORDERED, "drug", 15, "500", "mg", "c");
  order.version = "2";
  order.withdrawn = true;
  add(l, &order, 1);
  static const char *const body[] = {"{\"withheld\":\"lost\",\"candidates\":[]}",
                                     "{\"candidates\":[{\"reason\":\"\\\"withheld\\\":\"}]}"};
  gm_access_who engine = {.role = GM_AS_ENGINE, .use = GM_USE_CARE, .actor = "engine"};
  gm_session *own = NULL;
  case_must(gm_session_open(gm_session_store(a), ctx, &engine, &own), "session");
  for (int i = 0; i < 2; i++) {
    gm_entry e = {.kind = GM_RECORD_PROPOSAL,
                  .series = "proposal",
                  .t_true_s = origin,
                  .source = "gemel",
                  .id = i ? "one" : "none",
                  .version = "1",
                  .body = body[i],
                  .bytes = strlen(body[i]),
                  .data_class = GM_CLASS_DERIVED};
    case_must(gm_store_append(own, ctx, gm_life_twin(l), &e, 1, NULL), "append");
    case_must(gm_life_look(l, ctx, origin + 2 * hour, &s), "look");
    assert_int_equal(i, s.proposals);
    assert_int_equal(0, s.ordered);
  }
  gm_session_close(own);
  gm_life_free(l);
  case_close(a);
  case_unlink();
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(scores__are_those_of_the_formulas),
                                     cmocka_unit_test(last_value__is_that_of_what_was_known),
                                     cmocka_unit_test(censored__are_counted_and_the_others_scored),
                                     cmocka_unit_test(censored__are_no_last_value),
                                     cmocka_unit_test(scores__are_of_one_definition),
                                     cmocka_unit_test(counts__are_of_what_was_said)};
  return cmocka_run_group_tests_name("life scores", tests, case_begin, case_end);
}
