/* test_bank.c - cards, questions to them, and sums over many twins.
 * Expected values from theory (normal distributions, sums of independent values, ratio estimates
 * worked out here by their formulas). */
#include "store/store_case.h"
#include "gemel/bank.h"
#include "gemel/rand.h"
#include "twin/bank_scan.h"
#include <math.h>

static const double z7[7] = {-1.959964, -1.644854, -0.674490, 0, 0.674490, 1.644854, 1.959964};

/* Standard normal quantile by bisection of the C library's erfc. */
static double z_of(double p)
{
  double low = -9, high = 9;
  for (int i = 0; i < 80; i++) {
    double middle = (low + high) / 2;
    if (erfc(-middle / sqrt(2)) / 2 < p)
      low = middle;
    else
      high = middle;
  }
  return low;
}

static double normal_draw[GM_CARD_DRAWS_MAX]; /* mean 0, sd 1 */

static int prepare(void **state)
{
  (void)state;
  for (int i = 0; i < GM_CARD_DRAWS_MAX; i++) normal_draw[i] = z_of((i + 0.5) / GM_CARD_DRAWS_MAX);
  return 0;
}

/* A card of a normal forecast; noise doubles the variance. */
typedef struct {
  gm_card card;
  gm_card_covariate covariate[3];
  gm_card_parameter parameter[1];
  gm_card_forecast forecast[3];
  gm_card_score score[1];
  double draw[GM_CARD_DRAWS_MAX];
} made;

static void make(made *m, double mean, double sd, double age, const char *sex, bool draws)
{
  *m = (made){.card = {.health = GM_HEALTH_TRACKING,
                       .level = GM_LEVEL_SHADOW,
                       .t_made_s = 1.7e9,
                       .t_datum_s = 1.7e9 - 3600}};
  m->covariate[0] = (gm_card_covariate){"age", "a", "", age};
  m->covariate[1] = (gm_card_covariate){"sex", "", sex, sex[0] == 'f'};
  m->covariate[2] = (gm_card_covariate){"body weight", "kg", "", 70};
  m->parameter[0] = (gm_card_parameter){"CL", "L/h", 3, 1, {1.5, 2.3, 2.9, 3.7, 4.5}};
  for (int k = 0; k < GM_CARD_DRAWS_MAX; k++) m->draw[k] = mean + sd * normal_draw[k];
  for (int i = 0; i < 3; i++) {
    gm_card_forecast *f = &m->forecast[i];
    *f = (gm_card_forecast){.observable = i < 2 ? "HbA1c" : "C",
                            .unit = i < 2 ? "%" : "mg/L",
                            .t_s = 1.7e9 + (i == 0 ? 12 * 3600 : 24 * 3600),
                            .mean = mean + (i == 0),
                            .sd = sd,
                            .draw = m->draw,
                            .draw_count = draws && i != 0 ? GM_CARD_DRAWS_MAX : 0};
    for (int k = 0; k < 7; k++) {
      f->quantile[k] = f->mean + sd * z7[k];
      f->with_noise[k] = f->mean + sqrt(2) * sd * z7[k];
    }
  }
  m->score[0] = (gm_card_score){"HbA1c", 10, 5, 10, 5, 9};
  m->card.covariate = m->covariate;
  m->card.parameter = m->parameter;
  m->card.forecast = m->forecast;
  m->card.score = m->score;
  m->card.covariate_count = 3;
  m->card.parameter_count = 1;
  m->card.forecast_count = 3;
  m->card.score_count = 1;
}

/* ---- cards -------------------------------------------------------------------------------------
 */
static void same(const gm_card *a, const gm_card *b)
{
  assert_int_equal(a->health, b->health);
  assert_int_equal(a->level, b->level);
  assert_true(a->t_made_s == b->t_made_s && a->t_datum_s == b->t_datum_s);
  assert_int_equal(a->covariate_count, b->covariate_count);
  assert_int_equal(a->forecast_count, b->forecast_count);
  for (int i = 0; i < a->covariate_count; i++) {
    assert_string_equal(a->covariate[i].name, b->covariate[i].name);
    assert_string_equal(a->covariate[i].unit, b->covariate[i].unit);
    assert_string_equal(a->covariate[i].level, b->covariate[i].level);
    assert_true(a->covariate[i].value == b->covariate[i].value);
  }
  assert_memory_equal(a->parameter[0].quantile, b->parameter[0].quantile, 5 * sizeof(double));
  for (int i = 0; i < a->forecast_count; i++) {
    const gm_card_forecast *f = &a->forecast[i], *g = &b->forecast[i];
    assert_string_equal(f->observable, g->observable);
    assert_string_equal(f->unit, g->unit);
    assert_true(f->t_s == g->t_s && f->mean == g->mean && f->sd == g->sd);
    assert_memory_equal(f->quantile, g->quantile, sizeof f->quantile);
    assert_memory_equal(f->with_noise, g->with_noise, sizeof f->with_noise);
    assert_int_equal(f->draw_count, g->draw_count);
    for (int k = 0; k < f->draw_count; k++) {
      double off = fabs(f->draw[k] - g->draw[k]);
      assert_true(off <= 6e-8 * fabs(f->draw[k]));
    }
  }
  assert_int_equal(a->score[0].count, b->score[0].count);
  assert_true(a->score[0].crps_base == b->score[0].crps_base);
}

/* A card comes back as it was; cut anywhere, or longer, it is refused; of a newer form as well. */
static void card__comes_back_whole(void **state)
{
  (void)state;
  made m;
  gm_card back;
  gm_text text;
  gm_arena *memory;
  case_must(gm_arena_new(ctx, 4096, &memory), "arena");
  for (int wide = 0; wide < 2; wide++) {
    make(&m, wide ? 1e300 : 7, wide ? 1e290 : 1, 50, "female", true);
    gm_text_init(&text, ctx);
    case_must(gm_card_write(ctx, &m.card, &text), "write");
    case_must(gm_card_read(ctx, text.data, text.bytes, memory, &back), "read");
    same(&m.card, &back);
    for (size_t n = 0; n < text.bytes; n++)
      assert_int_equal(GM_EPARSE, gm_card_read(ctx, text.data, n, memory, &back));
    gm_text_addn(&text, "x", 1);
    assert_int_equal(GM_EPARSE, gm_card_read(ctx, text.data, text.bytes, memory, &back));
    text.data[4] = 9;
    assert_int_equal(GM_EUNSUPPORTED, gm_card_read(ctx, text.data, text.bytes, memory, &back));
    gm_text_free(&text);
  }
  gm_text_init(&text, ctx);
  make(&m, 7, 1, NAN, "male", true);
  assert_int_equal(GM_EDOMAIN, gm_card_write(ctx, &m.card, &text));
  make(&m, 7, 1, 50, "male", true);
  m.forecast[1].quantile[3] = 100;
  assert_int_equal(GM_EDOMAIN, gm_card_write(ctx, &m.card, &text));
  m.forecast[1].draw_count = 65;
  m.forecast[1].quantile[3] = 7;
  assert_int_equal(GM_ERANGE, gm_card_write(ctx, &m.card, &text));
  assert_int_equal(0, text.bytes);
  gm_text_free(&text);
  gm_arena_free(memory);
}

/* Thinning keeps the levels (i + 1/2) / count of the weighted sample; members of weight 0 and those
 * that diverged are never kept. */
static void card__thins_by_levels(void **state)
{
  (void)state;
  double x[1000], w[1000], scratch[2000], draw[GM_CARD_DRAWS_MAX];
  for (int i = 0; i < 1000; i++) x[i] = (i * 367) % 1000; /* each of 0..999 once */
  assert_int_equal(64, gm_card_thin(1000, x, NULL, scratch, draw));
  for (int i = 0; i < 64; i++) assert_true(fabs(draw[i] - (i + 0.5) / 64 * 1000) <= 1);
  for (int i = 0; i < 1000; i++) w[i] = x[i] < 500 ? 3 : x[i] < 900 ? 1 : 0;
  for (int i = 0; i < 1000; i++)
    if (x[i] == 600) x[i] = NAN;
  assert_int_equal(64, gm_card_thin(1000, x, w, scratch, draw));
  for (int i = 0; i < 64; i++) {
    double mass = (i + 0.5) / 64 * (500 * 3 + 399);
    double want = mass < 1500 ? mass / 3 : 500 + (mass - 1500) + (mass - 1500 >= 100);
    assert_true(fabs(draw[i] - want) <= 1.5);
  }
  assert_int_equal(2, gm_card_thin(2, x, NULL, scratch, draw));
  assert_int_equal(0, gm_card_thin(0, x, NULL, scratch, draw));
}

/* Of a normal forecast: by draws to their resolution, by quantiles as a straight line between them
 * allows (0.03 for a normal law), and beyond the outer ones a bound that holds. */
static void chance__of_a_normal_forecast(void **state)
{
  (void)state;
  made m;
  make(&m, 7, 2, 50, "male", true);
  for (double z = -3; z <= 3; z += 0.05) {
    double truth = erfc(z / sqrt(2)) / 2, noisy = erfc(z / 2) / 2;
    gm_chance d = gm_card_chance(&m.forecast[1], false, 7 + 2 * z);
    gm_chance q = gm_card_chance(&m.forecast[0], false, 8 + 2 * z);
    gm_chance n = gm_card_chance(&m.forecast[1], true, 7 + 2 * z);
    assert_true(d.low <= truth + 1.0 / 64 && truth - 1.0 / 64 <= d.high);
    if (d.low == d.high) {
      assert_true(fabs(d.p - truth) <= 1.0 / 64);
      if (!isnan(d.error)) assert_true(fabs(d.error - sqrt(d.p * (1 - d.p) / 64)) < 1e-12);
    }
    assert_true(q.low <= truth + 0.03 && truth - 0.03 <= q.high && isnan(q.error));
    assert_true(n.low <= noisy + 0.03 && noisy - 0.03 <= n.high);
    if (fabs(z) > 1.97) {
      assert_true(d.low < d.high && q.low < q.high);
      assert_true(q.low <= truth && truth <= q.high);
    }
  }
}

/* Members on a few values, as of a limit or a count: 10 % at 0, 50 % at an atom, 40 % at 1. What is
 * asked of the atom itself is answered by those on its side, before the card is written and after,
 * whether the atom is a float or lies above or below the nearest one. Truth: the shares. */
static void chance__at_an_atom(void **state)
{
  (void)state;
  static const double atom[] = {0.1, 0.7, 0.5, 1e-50};
  static const struct {
    const char *sign;
    double low, high; /* of the chance; the draws' resolution is 1/64 */
  } list[] = {{">", 0.38, 0.42}, {">=", 0.88, 0.92}, {"<", 0.08, 0.12}, {"<=", 0.58, 0.62}};
  gm_arena *memory;
  gm_text text;
  case_must(gm_arena_new(ctx, 4096, &memory), "arena");
  gm_text_init(&text, ctx);
  for (int i = 0; i < 4; i++) {
    double x[1000], scratch[2000], draw[GM_CARD_DRAWS_MAX], a = atom[i];
    for (int k = 0; k < 1000; k++) x[k] = k < 100 ? 0 : k < 600 ? a : 1;
    gm_card_forecast f = {.observable = "y",
                          .unit = "1",
                          .draw = draw,
                          .quantile = {0, 0, a, a, 1, 1, 1},
                          .with_noise = {0, 0, a, a, 1, 1, 1}};
    gm_card c = {.forecast = &f, .forecast_count = 1}, back;
    f.draw_count = gm_card_thin(1000, x, NULL, scratch, draw);
    text.bytes = 0;
    case_must(gm_card_write(ctx, &c, &text), "write");
    case_must(gm_card_read(ctx, text.data, text.bytes, memory, &back), "read");
    for (int k = 0; k < 8; k++) {
      char ask[80];
      gm_query *q = NULL;
      gm_chance chance = {NAN, NAN, NAN, NAN};
      snprintf(ask, sizeof ask, "P(y %s %.17g) > 0.5", list[k / 2].sign, a);
      case_must(gm_query_new(ctx, ask, &q), ask);
      gm_query_ask(q, k % 2 ? &back : &c, 0, &chance);
      if (!(chance.p > list[k / 2].low && chance.p < list[k / 2].high))
        fail_msg("%s: %g", ask, chance.p);
      gm_query_free(q);
    }
  }
  gm_text_free(&text);
  gm_arena_free(memory);
}

/* k of 20 members below, 20 - k above: each share is the nearest double of k/20, and holds with >=
 * and <= against that number, also in per cent; so do the levels at the quantiles themselves. */
static void chance__is_counted(void **state)
{
  (void)state;
  double draw[20];
  char ask[80];
  for (int k = 1; k < 20; k++) {
    for (int i = 0; i < 20; i++) draw[i] = i >= k;
    gm_card_forecast f = {.observable = "y", .unit = "1", .draw = draw, .draw_count = 20};
    for (int j = 0; j < 7; j++) f.quantile[j] = gm_quantile_level[j] < k / 20.0 ? 0 : 1;
    f.quantile[0] = 0;
    f.quantile[6] = 1;
    for (int j = 0; j < 7; j++) f.with_noise[j] = j;
    gm_card c = {.forecast = &f, .forecast_count = 1};
    for (int way = 0; way < 8; way++) {
      int n = way % 2 ? k : 20 - k;
      const char *sign = way % 2 ? "<" : ">", *than = way / 2 % 2 ? "<=" : ">=";
      if (way < 4)
        snprintf(ask, sizeof ask, "P(y %s 0.5) %s %.2f", sign, than, n / 20.0);
      else
        snprintf(ask, sizeof ask, "P(y %s 0.5) %s %d %%", sign, than, 5 * n);
      gm_query *q = NULL;
      case_must(gm_query_new(ctx, ask, &q), ask);
      if (gm_query_ask(q, &c, 0, NULL) != GM_ANSWER_YES) fail_msg("%s", ask);
      gm_query_free(q);
    }
    for (int j = 1; j < 6; j++) {
      gm_chance up = gm_card_chance(&f, true, j);
      assert_true(up.p == gm_quantile_level[6 - j] && up.low == up.high);
    }
  }
}

/* ---- questions ---------------------------------------------------------------------------------
 */
static const struct {
  const char *text;
  gm_answer want;
} questions[] = {
    /* forecast N(7, 1) at 24 h, N(8, 1) at 12 h; CL 3 (1) L/h; age 50 a, female, 70 kg */
    {"P(HbA1c > 6 %) > 0.6", GM_ANSWER_YES},
    {"P(HbA1c > 8 %) > 0.6", GM_ANSWER_NO},
    {"P(HbA1c > 80 [ppth]) < 20 %", GM_ANSWER_YES},
    {"P(HbA1c > 0.08) < 20 %", GM_ANSWER_NO},
    {"P(HbA1c < 8 %) > 0.8", GM_ANSWER_YES},
    {"P(HbA1c > 7.8 % at +12 h) > 0.5", GM_ANSWER_YES},
    {"P(HbA1c > 7.8 % at +1 d) > 0.5", GM_ANSWER_NO},
    {"P(HbA1c > 7.8 % at +13 h) > 0.5", GM_ANSWER_YES},
    {"P(HbA1c > 7.8 % at +18 h) > 0.5", GM_ANSWER_UNKNOWN},
    {"P(measured HbA1c > 8.5 %) > 0.12", GM_ANSWER_YES},
    {"P(HbA1c > 8.5 %) > 0.12", GM_ANSWER_NO},
    /* beyond the outer quantiles: 9.5 is 2.5 sd above */
    {"P(HbA1c > 9.5 %) > 0.03", GM_ANSWER_NO},
    {"P(HbA1c > 9.5 %) > 0.01", GM_ANSWER_UNKNOWN},
    {"P(HbA1c < 9.5 %) >= 0.95", GM_ANSWER_YES},
    {"not P(HbA1c > 9.5 %) > 0.01", GM_ANSWER_UNKNOWN},
    {"P(weight > 8) > 0.5", GM_ANSWER_UNKNOWN},
    {"P(C > 6900 ug/L) > 0.5", GM_ANSWER_YES},
    {"P(C > 6.9 mmol/L) > 0.5", GM_ANSWER_UNKNOWN},
    {"mean(CL) < 51 mL/min", GM_ANSWER_YES},
    {"mean(CL) < 49 mL/min", GM_ANSWER_NO},
    {"sd(CL) = 1 L/h", GM_ANSWER_YES},
    {"median(CL) < 3", GM_ANSWER_YES},
    {"mean(HbA1c at +12 h) >= 8", GM_ANSWER_YES},
    {"sd(HbA1c) <= 1", GM_ANSWER_YES},
    {"age > 40", GM_ANSWER_YES},
    {"age > 700 mo", GM_ANSWER_NO},
    {"\"body weight\" > 69999 g and \"body weight\" < 71 kg", GM_ANSWER_YES},
    {"sex = female", GM_ANSWER_YES},
    {"sex != female", GM_ANSWER_NO},
    {"sex = 1", GM_ANSWER_UNKNOWN},
    {"age = old", GM_ANSWER_UNKNOWN},
    {"health = tracking and level >= mirror", GM_ANSWER_YES},
    {"health = lost or level > shadow", GM_ANSWER_NO},
    {"data_age < 2 h", GM_ANSWER_YES},
    {"data_age < 30 min", GM_ANSWER_NO},
    {"height > 1 or age > 40", GM_ANSWER_YES},
    {"height > 1 and age > 40", GM_ANSWER_UNKNOWN},
    {"height > 1 and age < 40", GM_ANSWER_NO},
    {"not (height > 1)", GM_ANSWER_UNKNOWN},
    {"age < 40 or age > 45 and sex = male", GM_ANSWER_NO},
    {"(age < 40 or age > 45) and not sex = male", GM_ANSWER_YES}};

static void query__answers(void **state)
{
  (void)state;
  made m;
  make(&m, 7, 1, 50, "female", true);
  for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++) {
    gm_query *q = NULL;
    case_must(gm_query_new(ctx, questions[i].text, &q), questions[i].text);
    for (int again = 0; again < 2; again++)
      if (gm_query_ask(q, &m.card, 1.7e9, NULL) != questions[i].want)
        fail_msg("%s", questions[i].text);
    gm_query_free(q);
  }
  printf("%zu questions\n", sizeof questions / sizeof questions[0]);
}

/* What is wrong is said with its column and what was expected. */
static void query__refused_by_column(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    gm_status status;
    const char *message;
  } list[] = {{"", GM_EPARSE, "column 1: P(...)"},
              {"age", GM_EPARSE, "column 4: one of <"},
              {"age >", GM_EPARSE, "column 6: a word"},
              {"age > 40 and", GM_EPARSE, "column 13: P(...)"},
              {"age > 40 kg or", GM_EPARSE, "column 15:"},
              {"age > 40 sex", GM_EPARSE, "column 10"},
              {"(age > 40", GM_EPARSE, "column 10: a closing bracket"},
              {"age > 40)", GM_EPARSE, "column 9: `and`, `or` or the end"},
              {"P(HbA1c = 8) > 0.5", GM_EPARSE, "column 9: a chance is of being below or above"},
              {"P(HbA1c > 8) > 2", GM_EPARSE, "column 16: a chance from 0 to 1"},
              {"P(HbA1c > 8 at 12 h) > 0.5", GM_EPARSE, "column 16: a time from"},
              {"P(HbA1c > 8 at +12 kg) > 0.5", GM_EPARSE, "a unit of time"},
              {"P(HbA1c > 8 at +12) > 0.5", GM_EPARSE, "a unit of time is missing"},
              {"mean(CL < 3", GM_EPARSE, "column 9: a closing bracket"},
              {"mean(CL) < wide", GM_EPARSE, "column 12: a number"},
              {"health = ill", GM_EPARSE, "column 10: warming-up"},
              {"health = 3", GM_EPARSE, "column 10: a word"},
              {"sex < female", GM_EPARSE, "column 7: a word is compared"},
              {"\"body", GM_EPARSE, "column 1: a name between"},
              {"age > 1e999", GM_EPARSE, "column 7: a finite"}};
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    gm_query *q = NULL;
    gm_status st = gm_query_new(ctx, list[i].text, &q);
    if (st != list[i].status || !strstr(gm_message(ctx), list[i].message))
      fail_msg("%s: %s: %s", list[i].text, gm_status_name(st), gm_message(ctx));
    assert_null(q);
  }
  char deep[200] = "";
  gm_query *q = NULL;
  for (int i = 0; i < 100; i++) deep[i] = '(';
  assert_int_equal(GM_EPARSE, gm_query_new(ctx, deep, &q));
}

/* ---- banks -------------------------------------------------------------------------------------
 */
static void twin_put(gm_session *a, int number, const made *m)
{
  char name[20];
  gm_text text;
  snprintf(name, sizeof name, "t%d", number);
  int64_t twin = case_twin(a, name, name);
  gm_text_init(&text, ctx);
  case_must(gm_card_write(ctx, &m->card, &text), "write");
  case_must(gm_store_card_put(a, ctx, twin, 1, text.data, text.bytes), "card");
  gm_text_free(&text);
}

static gm_session *researcher(gm_session *a)
{
  gm_session *b = NULL;
  gm_access_who who = {
      .role = GM_AS_RESEARCHER, .use = GM_USE_VIRTUAL_POPULATION, .actor = "somebody"};
  case_must(gm_session_open(gm_session_store(a), ctx, &who, &b), "session");
  return b;
}

static gm_status hear(void *user, const gm_bank_match *m)
{
  int *seen = user;
  seen[atoi(m->found->name[0] ? m->found->name + 1 : "0")]++;
  assert_true(m->chance.p > 0.6);
  return GM_OK;
}

/* Exactly the twins whose forecasts say so are found, each once; who learns from many finds nobody
 * among fewer than 11, nor where fewer than 11 are left over, and no names. */
static void bank__finds(void **state)
{
  (void)state;
  static const char query[] = "P(HbA1c > 8 %) > 0.6 and age > 40";
  gm_session *a = case_store(), *r = researcher(a);
  int seen[40] = {0}, nameless[40] = {0};
  made m;
  for (int i = 0; i < 30; i++) {
    make(&m, i % 2 ? 9 : 7, 1, i < 10 ? 30 : 60, i % 3 ? "female" : "male", true);
    twin_put(a, i, &m);
  }
  gm_bank_totals t;
  case_must(gm_bank_find(a, ctx, query, hear, seen, &t), "find");
  for (int i = 0; i < 30; i++) assert_int_equal(i % 2 && i >= 10, seen[i]);
  assert_int_equal(30, t.twins);
  assert_int_equal(10, t.matched);
  assert_int_equal(10, t.subjects);
  assert_int_equal(0, t.unknown + t.withheld + t.not_converted);
  /* 10 match; 15 match; 20 match, and 10 are left over */
  assert_int_equal(GM_EDENIED, gm_bank_find(r, ctx, query, NULL, NULL, &t));
  case_must(gm_bank_find(r, ctx, "P(HbA1c > 8 %) > 0.6", hear, nameless, &t), "find");
  assert_int_equal(15, nameless[0]);
  assert_int_equal(GM_EDENIED, gm_bank_find(r, ctx, "age > 40", NULL, NULL, &t));
  assert_int_equal(GM_EUNIT, gm_bank_find(a, ctx, "age > 40 kg", NULL, NULL, &t));
  assert_int_equal(GM_EPARSE, gm_bank_find(a, ctx, "age >", NULL, NULL, &t));
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

/* Sums over 60 normal forecasts: mean and its two errors by their formulas; the sum of one draw of
 * each is normal with the variances added; the mixture's quantiles are those of the mixture. */
static void bank__sums(void **state)
{
  (void)state;
  enum { N = 60 };
  gm_session *a = case_store(), *r = researcher(a);
  made m;
  double sum = 0, squares = 0, variance = 0;
  for (int i = 0; i < N; i++) {
    double mean = 6 + 0.05 * i, sd = 0.5 + 0.01 * i;
    make(&m, mean, sd, 50, "male", true);
    sum += mean;
    squares += mean * mean;
    variance += sd * sd;
    twin_put(a, i, &m);
  }
  gm_bank_sum o;
  gm_bank_question q = {.observable = "C", .after_s = NAN, .unit = "ug/L"};
  case_must(gm_bank_aggregate(a, ctx, &q, &o), "sum");
  assert_string_equal("ug/L", o.unit);
  assert_int_equal(N, o.twins);
  assert_int_equal(N, o.subjects);
  double error = sqrt((squares - sum * sum / N) / (N - 1) / N);
  assert_true(fabs(o.mean - 1000 * sum / N) < 1e-6);
  assert_true(fabs(o.mean_error - 1000 * error) < 1e-6);
  assert_true(fabs(o.mean_belief_error - 1000 * sqrt(variance) / N) < 1e-6);
  assert_true(fabs(o.sum - 1000 * sum) < 1e-5);
  /* 256 sums: a quantile's standard error is below 0.13 sd at levels .05, .95 (0.08 in between);
   * four of them */
  for (int k = 0; k < 5; k++) {
    double want = 1000 * (sum + sqrt(variance) * z_of(gm_card_level[k]));
    assert_true(fabs(o.sum_quantile[k] - want) < 4 * 130 * sqrt(variance));
  }
  for (int k = 0; k < 5; k++) {
    double p = 0;
    for (int i = 0; i < N; i++)
      p += erfc(-(o.quantile[k] / 1000 - 6 - 0.05 * i) / (0.5 + 0.01 * i) / sqrt(2)) / 2 / N;
    assert_true(fabs(p - gm_card_level[k]) < 0.01);
  }
  gm_bank_question cl = {.observable = "CL", .after_s = NAN};
  case_must(gm_bank_aggregate(r, ctx, &cl, &o), "sum");
  assert_true(fabs(o.mean - 3) < 1e-12 && isnan(o.quantile[2]) && isnan(o.sum_quantile[2]));
  cl.observable = "nothing";
  assert_int_equal(GM_ENOTFOUND, gm_bank_aggregate(a, ctx, &cl, &o));
  gm_bank_question few = {.observable = "C", .after_s = NAN, .query = "mean(C) < 6.3"};
  case_must(gm_bank_aggregate(a, ctx, &few, &o), "sum");
  assert_int_equal(6, o.twins);
  assert_int_equal(GM_EDENIED, gm_bank_aggregate(r, ctx, &few, &o));
  /* 6 are left over, then 12: what is told of all less what is told of these is told of them */
  few.query = "mean(C) >= 6.29";
  assert_int_equal(GM_EDENIED, gm_bank_aggregate(r, ctx, &few, &o));
  few.query = "mean(C) >= 6.59";
  case_must(gm_bank_aggregate(r, ctx, &few, &o), "sum");
  assert_int_equal(48, o.twins);
  few.query = NULL;
  few.unit = "mmol/L";
  assert_int_equal(GM_EUNIT, gm_bank_aggregate(a, ctx, &few, &o));
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

/* Skill and coverage of groups are ratios of sums, with the linearised error over subjects; a small
 * group is kept from who learns from many, and one more, so that it cannot be had from the rest. */
static void bank__fairness(void **state)
{
  (void)state;
  gm_session *a = case_store(), *r = researcher(a);
  made m;
  double y[2][40], x[2][40], c90[2][40], n[2][40];
  int count[2] = {0};
  for (int i = 0; i < 36; i++) {
    int female = i % 3 != 0, k = count[female]++;
    make(&m, 7, 1, 20 + 2 * i, female ? "female" : "male", false);
    m.score[0] = (gm_card_score){"HbA1c", 10 + i, 2 + 0.1 * i, 6 + 0.2 * (i % 5), 5, 8 + i % 3};
    y[female][k] = m.score[0].crps;
    x[female][k] = m.score[0].crps_base;
    c90[female][k] = m.score[0].covered90;
    n[female][k] = (double)m.score[0].count;
    twin_put(a, i, &m);
  }
  gm_bank_group g[GM_BANK_GROUPS_MAX];
  int32_t groups = 0;
  gm_bank_fairness_question q = {.observable = "HbA1c", .covariate = "sex"};
  case_must(gm_bank_fairness(a, ctx, &q, g, &groups), "fairness");
  assert_int_equal(2, groups);
  assert_string_equal("female", g[0].group);
  assert_string_equal("male", g[1].group);
  static const double t95[2] = {1.795885, 1.713872}; /* Student, 11 and 23 degrees of freedom */
  for (int s = 0; s < 2; s++) {
    double sy = 0, sx = 0, sc = 0, sn = 0, off = 0, off90 = 0, k = count[s];
    for (int i = 0; i < count[s]; i++) sy += y[s][i], sx += x[s][i], sc += c90[s][i], sn += n[s][i];
    for (int i = 0; i < count[s]; i++) {
      off += pow(y[s][i] - sy / sx * x[s][i], 2);
      off90 += pow(c90[s][i] - sc / sn * n[s][i], 2);
    }
    const gm_bank_group *o = &g[1 - s];
    double e = t95[s] * sqrt(k / (k - 1) * off) / sx;
    assert_int_equal(count[s], o->subjects);
    assert_int_equal(sn, o->outcomes);
    assert_true(fabs(o->skill - (1 - sy / sx)) < 1e-12);
    assert_true(fabs(o->skill_low - (1 - sy / sx - e)) < 1e-5);
    assert_true(fabs(o->skill_high - (1 - sy / sx + e)) < 1e-5);
    assert_true(fabs(o->covered90 - sc / sn) < 1e-12);
    /* ends of Wilson's interval: p is t standard errors from them, by as many outcomes as have the
     * variance over subjects */
    double p = sc / sn, error = sqrt(k / (k - 1) * off90) / sn;
    double effective = fmin(p * (1 - p) / (error * error), sn);
    const double end[2] = {o->covered90_low, o->covered90_high};
    for (int i = 0; i < 2; i++)
      assert_true(fabs(fabs(p - end[i]) - t95[s] * sqrt(end[i] * (1 - end[i]) / effective)) < 1e-5);
    assert_true(end[0] < p && p < end[1]);
  }
  case_must(gm_bank_fairness(r, ctx, &q, g, &groups), "fairness");
  assert_true(!g[0].withheld && !g[1].withheld);
  static const double cut[] = {30, 60};
  gm_bank_fairness_question by_age = {
      .observable = "HbA1c", .covariate = "age", .cut = cut, .cut_count = 2};
  case_must(gm_bank_fairness(a, ctx, &by_age, g, &groups), "fairness");
  assert_int_equal(3, groups);
  assert_string_equal("[30, 60)", g[1].group);
  assert_int_equal(5, g[0].subjects);
  assert_int_equal(15, g[1].subjects);
  assert_int_equal(16, g[2].subjects);
  case_must(gm_bank_fairness(r, ctx, &by_age, g, &groups), "fairness");
  assert_true(g[0].withheld && g[1].withheld && !g[2].withheld);
  assert_true(isnan(g[1].skill) && g[1].subjects == 0);
  /* too few match; two are left over: nothing is written */
  static const char *const refused[] = {"sex = male and age < 50", "age < 87"};
  gm_bank_group before[GM_BANK_GROUPS_MAX];
  memset(g, 0x5a, sizeof g);
  memcpy(before, g, sizeof g);
  groups = -7;
  for (int i = 0; i < 2; i++) {
    by_age.query = refused[i];
    assert_int_equal(GM_EDENIED, gm_bank_fairness(r, ctx, &by_age, g, &groups));
    assert_memory_equal(before, g, sizeof g);
    assert_int_equal(-7, groups);
  }
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

/* Who is left over is counted as what was asked of: twins, not subjects who have another one that
 * matches; with the forecast that is summed; of each group. */
static void bank__counts_those_left_over(void **state)
{
  (void)state;
  gm_session *a = case_store(), *r = researcher(a);
  gm_bank_totals totals;
  gm_bank_sum o;
  made m;
  for (int i = 0; i < 90; i++) {
    /* of three ages, 30 each, light and so left over are 3, 12 and 12, of whom 6 have CL */
    int place = i % 30, left = place < (i < 30 ? 3 : 12);
    make(&m, 7, 1, i < 30 ? 30 : i < 60 ? 50 : 70, "male", false);
    m.covariate[2].value = left ? 50 : 90;
    m.parameter[0].name = left && place > 1 ? "other" : "CL";
    m.forecast[2].observable = "D";
    twin_put(a, i, &m);
  }
  gm_bank_question q = {.observable = "D", .after_s = NAN, .query = "\"body weight\" > 70"};
  case_must(gm_bank_aggregate(r, ctx, &q, &o), "sum"); /* 63 of 90, 27 left over */
  assert_int_equal(63, o.twins);
  q.observable = "CL"; /* 63 of 69: 6 left over who have it */
  assert_int_equal(GM_EDENIED, gm_bank_aggregate(r, ctx, &q, &o));
  case_must(gm_bank_aggregate(a, ctx, &q, &o), "sum");
  static const double cut[] = {40, 60};
  gm_bank_group g[GM_BANK_GROUPS_MAX];
  int32_t groups = 0;
  gm_bank_fairness_question by_age = {.observable = "HbA1c",
                                      .covariate = "age",
                                      .cut = cut,
                                      .cut_count = 2,
                                      .query = "\"body weight\" > 70"};
  case_must(gm_bank_fairness(a, ctx, &by_age, g, &groups), "fairness");
  assert_true(g[0].subjects == 27 && g[1].subjects == 18 && g[2].subjects == 18);
  case_must(gm_bank_fairness(r, ctx, &by_age, g, &groups), "fairness");
  assert_true(g[0].withheld && g[1].withheld && !g[2].withheld);
  /* a second twin of one subject alone does not match */
  case_must(gm_bank_find(r, ctx, "age < 75", NULL, NULL, &totals), "find");
  gm_text text;
  make(&m, 7, 1, 80, "male", false);
  gm_text_init(&text, ctx);
  case_must(gm_card_write(ctx, &m.card, &text), "write");
  int64_t twin = case_twin(a, "t0", "second");
  case_must(gm_store_card_put(a, ctx, twin, 1, text.data, text.bytes), "card");
  gm_text_free(&text);
  assert_int_equal(GM_EDENIED, gm_bank_find(r, ctx, "age < 75", NULL, NULL, &totals));
  gm_session_close(r);
  case_close(a);
  case_unlink();
}

/* Nine in ten forecasts cover, alike for all subjects, or always for half of them and four times in
 * five for the others: a 90 % interval holds the truth in at least 87.5 % of 4,000 banks (Monte
 * Carlo error 0.5 %), and is never a point, though often all are covered. */
static void share__interval_covers(void **state)
{
  (void)state;
  enum { BANKS = 4000 };
  static const int subjects[] = {5, 11, 20, 40}, each[] = {1, 5};
  gm_key key = gm_key_make(11, GM_PURPOSE_TEST, 0, 0);
  for (int cell = 0; cell < 16; cell++) {
    int m = subjects[cell % 4], n = each[cell / 4 % 2], alike = cell < 8, held = 0, points = 0;
    for (int b = 0; b < BANKS; b++) {
      gm__share share[40];
      double low, high;
      for (int i = 0; i < m; i++) {
        uint64_t slot = (uint64_t)(b * 40 + i);
        double p = alike ? 0.9 : gm_uniform(key, slot, 9, gm_kind_draw(1, 0), 0) < 0.5 ? 1 : 0.8;
        share[i] = (gm__share){i, 0, n};
        for (int k = 0; k < n; k++)
          share[i].y += gm_uniform(key, slot, k, gm_kind_draw(1, 0), (uint64_t)cell + 1) < p;
      }
      gm__ratio r = gm__ratio_of(share, m);
      gm__share_interval(&r, &low, &high);
      held += low <= 0.9 && 0.9 <= high;
      points += !(high - low > 1e-3);
    }
    printf("%d subjects of %d, %s: %.3f\n", m, n, alike ? "alike" : "not alike",
           held / (double)BANKS);
    assert_true(held >= 0.875 * BANKS);
    assert_int_equal(0, points);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(card__comes_back_whole),
                                     cmocka_unit_test(card__thins_by_levels),
                                     cmocka_unit_test(chance__of_a_normal_forecast),
                                     cmocka_unit_test(query__answers),
                                     cmocka_unit_test(query__refused_by_column),
                                     cmocka_unit_test(bank__finds),
                                     cmocka_unit_test(bank__sums),
                                     cmocka_unit_test(bank__fairness),
                                     cmocka_unit_test(chance__at_an_atom),
                                     cmocka_unit_test(chance__is_counted),
                                     cmocka_unit_test(bank__counts_those_left_over),
                                     cmocka_unit_test(share__interval_covers)};
  prepare(NULL);
  return case_main("bank", tests);
}
