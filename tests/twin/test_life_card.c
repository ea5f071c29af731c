/* Cards that were made by hand, and spreads in other units than the card's. */
#include "store/store_case.h"
#include "gemel/bank.h"
#include <math.h>

/* Every number of the card is another, so that it can be found in its bytes. */
enum { DRAWS = 20 };
typedef struct {
  gm_card card;
  gm_card_covariate covariate;
  gm_card_parameter parameter[2];
  gm_card_forecast forecast;
  gm_card_score score;
  double draw[DRAWS];
} made;

static void make(made *m)
{
  *m = (made){.card = {.health = GM_HEALTH_TRACKING,
                       .level = GM_LEVEL_SHADOW,
                       .t_made_s = 1.7e9 + 1,
                       .t_datum_s = 1.7e9 + 2,
                       .covariate = &m->covariate,
                       .covariate_count = 1,
                       .parameter = m->parameter,
                       .parameter_count = 2,
                       .forecast = &m->forecast,
                       .forecast_count = 1,
                       .score = &m->score,
                       .score_count = 1},
              .covariate = {"WT", "kg", "", 70.25},
              .parameter = {{"CL", "L/h", 3.125, 1, {1.5, 2.25, 2.875, 3.75, 4.5}},
                            {"T", "Cel", 37, 1.0625, {35, 36, 36.75, 37.75, 38.5}}},
              .forecast = {.observable = "cp",
                           .unit = "mg/L",
                           .t_s = 1.7e9 + 3,
                           .mean = 6.5,
                           .sd = 0.75,
                           .quantile = {5.125, 5.25, 6.0625, 6.375, 7.0625, 7.75, 8.125},
                           .with_noise = {4.125, 4.25, 5.0625, 6.4375, 7.5625, 8.75, 9.125},
                           .draw = m->draw,
                           .draw_count = DRAWS},
              .score = {"cp", 11, 5.5, 6.625, 5, 9}};
  for (int i = 0; i < DRAWS; i++) m->draw[i] = 1e300 * (1 + i / 64.0); /* kept as doubles */
}

static size_t find(const gm_text *t, double v)
{
  for (size_t i = 0; i + sizeof v <= t->bytes; i++)
    if (!memcmp(t->data + i, &v, sizeof v)) return i;
  fail_msg("%g is not on the card", v);
  return 0;
}

/* Reads the card with a number in the place of another. */
static gm_status read_with(const gm_text *t, double at, double v, gm_arena *memory)
{
  gm_card back;
  size_t i = find(t, at);
  memcpy(t->data + i, &v, sizeof v);
  gm_status st = gm_card_read(ctx, t->data, t->bytes, memory, &back);
  memcpy(t->data + i, &at, sizeof at);
  gm_message_clear(ctx);
  return st;
}

/* What is not finite, or does not ascend, is refused on the way in as on the way out: one card made
 * by hand would turn sums over all twins into nonsense. Only the time of the newest datum may be
 * NaN: there was none. */
static void card__by_hand_is_refused(void **state)
{
  (void)state;
  made m;
  gm_text t;
  gm_arena *memory = NULL;
  make(&m);
  gm_text_init(&t, ctx);
  case_must(gm_arena_new(ctx, 4096, &memory), "arena");
  case_must(gm_card_write(ctx, &m.card, &t), "write");
  const double number[] = {m.card.t_made_s,
                           m.covariate.value,
                           3.125,
                           m.parameter[1].sd,
                           m.parameter[0].quantile[2],
                           m.forecast.t_s,
                           m.forecast.mean,
                           m.forecast.sd,
                           m.forecast.quantile[0],
                           m.forecast.quantile[3],
                           m.forecast.quantile[6],
                           m.forecast.with_noise[3],
                           m.draw[0],
                           m.draw[7],
                           m.draw[DRAWS - 1],
                           11,
                           m.score.crps,
                           m.score.crps_base,
                           m.score.covered50,
                           m.score.covered90};
  for (size_t i = 0; i < sizeof number / sizeof number[0]; i++) {
    case_must(read_with(&t, number[i], number[i], memory), "read");
    assert_int_equal(GM_EPARSE, read_with(&t, number[i], NAN, memory));
    assert_int_equal(GM_EPARSE, read_with(&t, number[i], INFINITY, memory));
    assert_int_equal(GM_EPARSE, read_with(&t, number[i], -INFINITY, memory));
  }
  case_must(read_with(&t, m.card.t_datum_s, NAN, memory), "read");
  assert_int_equal(GM_EPARSE, read_with(&t, m.card.t_datum_s, INFINITY, memory));
  assert_int_equal(GM_EPARSE, read_with(&t, 2.25, 1.25, memory)); /* a parameter's quantile */
  assert_int_equal(GM_EPARSE, read_with(&t, 6.375, 8, memory));
  assert_int_equal(GM_EPARSE, read_with(&t, 6.4375, 5, memory));
  assert_int_equal(GM_EPARSE, read_with(&t, m.draw[7], 1e299, memory));
  assert_int_equal(GM_EPARSE, read_with(&t, 11, -1, memory));         /* data scored */
  case_must(read_with(&t, 6.375, 6.0625, memory), "equal quantiles"); /* of values in lumps */
  gm_arena_free(memory);
  gm_text_free(&t);
}

/* A spread is a difference: it converts by the factor alone. 1 L/h is 1000/60 mL/min. 1.0625 Cel is
 * not 33.9125 degrees Fahrenheit, though the temperature 1.0625 Cel is; which it is does not follow
 * from a scale with a zero point of its own, so the answer is that it is not known. A mean is a
 * temperature, and converts with the offset. */
static void spread__converts_by_its_factor(void **state)
{
  (void)state;
  static const struct {
    const char *text;
    gm_answer want;
  } list[] = {{"sd(CL) > 16.66 mL/min", GM_ANSWER_YES}, {"sd(CL) < 16.66 mL/min", GM_ANSWER_NO},
              {"sd(CL) < 16.67 mL/min", GM_ANSWER_YES}, {"sd(cp) < 751 ug/L", GM_ANSWER_YES},
              {"sd(cp) < 749 ug/L", GM_ANSWER_NO},      {"sd(cp) < 1 mmol/L", GM_ANSWER_UNKNOWN},
              {"sd(T) < 1.07 Cel", GM_ANSWER_YES},      {"sd(T) < 1.06 Cel", GM_ANSWER_NO},
              {"sd(T) < 34 [degF]", GM_ANSWER_UNKNOWN}, {"sd(T) > 34 [degF]", GM_ANSWER_UNKNOWN},
              {"sd(T) < 275 K", GM_ANSWER_UNKNOWN},     {"mean(T) > 98.5 [degF]", GM_ANSWER_YES},
              {"mean(T) < 98.7 [degF]", GM_ANSWER_YES}, {"median(T) > 98.2 [degF]", GM_ANSWER_NO}};
  made m;
  make(&m);
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    gm_query *q = NULL;
    case_must(gm_query_new(ctx, list[i].text, &q), list[i].text);
    if (gm_query_ask(q, &m.card, 1.7e9, NULL) != list[i].want) fail_msg("%s", list[i].text);
    gm_query_free(q);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(card__by_hand_is_refused),
                                     cmocka_unit_test(spread__converts_by_its_factor)};
  return cmocka_run_group_tests_name("life card", tests, case_begin, case_end);
}
