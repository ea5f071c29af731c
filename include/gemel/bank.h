/* bank.h - questions to all twins of a store at once, answered from their cards.
 * room: twin
 * A card is what the last renewal of a twin left for such questions: covariates, parameters,
 * forecasts, scores. Reading a card is no reading of the thread; cards the session may not read
 * are not looked at (gm_store_cards), and counted. Times: Unix seconds.
 * Threads: no shared state; texts of a card that was read are borrowed from its bytes. */
#ifndef GEMEL_BANK_H
#define GEMEL_BANK_H
#include "gemel/life.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- cards ----------------------------------------------------------------------------------- */
enum { GM_CARD_DRAWS_MAX = 64, GM_CARD_QUANTILES = 5 };
GM_API extern const double gm_card_level[GM_CARD_QUANTILES]; /* .05 .25 .5 .75 .95 */

typedef struct {
  const char *name, *unit; /* UCUM; "" for levels and pure numbers */
  const char *level;       /* name of the level; "": a number */
  double value;            /* number of the level, or the value */
} gm_card_covariate;

typedef struct {
  const char *name, *unit;
  double mean, sd, quantile[GM_CARD_QUANTILES];
} gm_card_parameter;

/* Of one observable at one time. */
typedef struct {
  const char *observable, *unit;
  double t_s, mean, sd;                 /* of the observable itself */
  double quantile[GM_QUANTILE_COUNT];   /* at gm_quantile_level, of the observable itself */
  double with_noise[GM_QUANTILE_COUNT]; /* of a measurement of it */
  const double *draw;                   /* [draw_count] of the observable, ascending */
  int32_t draw_count;                   /* 0 to GM_CARD_DRAWS_MAX */
} gm_card_forecast;

/* Sums over what was forecast and then measured. */
typedef struct {
  const char *observable;
  int64_t count;
  double crps, crps_base;      /* sums; base: of what the twin must beat (the population) */
  double covered50, covered90; /* how many fell inside the intervals */
} gm_card_score;

typedef struct {
  gm_health health;
  gm_level level;
  double t_made_s;  /* when it was made: `at +12 h` counts from there */
  double t_datum_s; /* of the newest datum; NaN: none */
  const gm_card_covariate *covariate;
  const gm_card_parameter *parameter;
  const gm_card_forecast *forecast; /* of each observable by rising time */
  const gm_card_score *score;
  int32_t covariate_count, parameter_count, forecast_count, score_count;
} gm_card;

/* Adds the card as bytes (docs/bank.md has the form). Draws are kept as floats where nothing
 * is lost, else as doubles. Fails: GM_EDOMAIN (a number not finite, draws or quantiles not
 * ascending), GM_ERANGE (draw_count), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_card_write(gm_ctx *ctx, const gm_card *c, gm_text *out);
/* Texts are borrowed from data, arrays lie in memory. Fails: GM_EPARSE, GM_EUNSUPPORTED (made by a
 * newer Gemel), GM_ENOMEM. What gm_card_write refuses is damaged (GM_EPARSE). */
GM_API GM_NODISCARD gm_status gm_card_read(gm_ctx *ctx, const void *data, size_t bytes,
                                           gm_arena *memory, gm_card *out);
/* Chooses at most GM_CARD_DRAWS_MAX of n members, ascending: at levels (i + 1/2) / count of the
 * weighted sample (weight NULL: equal). Returns their count, 0 where there is none. scratch[2 n].
 */
GM_API int32_t gm_card_thin(int32_t n, const double *x, const double *weight, double *scratch,
                            double draw[GM_CARD_DRAWS_MAX]);

/* ---- questions ------------------------------------------------------------------------------- */
/* P(HbA1c > 8 % at +12 h) > 0.6 and age > 40 and not (health = lost or sex = female)
 *   P(NAME > 8 UNIT), P(measured NAME < ...)  chance under the forecast, of the observable itself
 *                            or of a measurement; at +DURATION: the forecast nearest to that time
 *                            after the card was made, if within a tenth of it; without `at` the
 *                            farthest one
 *   mean(NAME), sd(NAME), median(NAME)        of a parameter, or of a forecast (at +DURATION)
 *   NAME                                      a covariate; its level where the other side is a word
 *   health = tracking, level = shadow, data_age < 7 d (since the newest datum)
 *   < <= > >= = !=, and, or, not, ( ); names with blanks in double quotes; units by UCUM or
 *   everyday spelling, converted; a number without unit is in the unit on the card.
 * What a card does not say is unknown; `and`, `or`, `not` follow Kleene, and a twin is found where
 * the answer is true. A chance beyond the outer quantiles is only known to a bound; where the bound
 * does not settle a comparison that is unknown too. */
typedef struct gm_query gm_query;
/* Fails: GM_EPARSE ("query: column N: what, what was expected"), GM_EUNIT, GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_query_new(gm_ctx *ctx, const char *text, gm_query **out);
GM_API void gm_query_free(gm_query *q); /* NULL ok */

typedef enum { GM_ANSWER_NO, GM_ANSWER_UNKNOWN, GM_ANSWER_YES } gm_answer;
/* What was worked out of the query's first P(...) on the way; NaN: there is none, or unknown. */
typedef struct {
  double p, low, high; /* low = high = p inside the outer quantiles; else the bound */
  double error;        /* standard error by the draws' number; NaN: by quantiles alone */
} gm_chance;
/* now_s: for data_age. A query is used by one thread at a time. chance may be NULL. */
GM_API gm_answer gm_query_ask(gm_query *q, const gm_card *c, double now_s, gm_chance *chance);
/* P(observable > x) under a forecast, measured: of a measurement. x in the forecast's unit. */
GM_API gm_chance gm_card_chance(const gm_card_forecast *f, bool measured, double x);

/* ---- finding --------------------------------------------------------------------------------- */
/* Fewer subjects than this are not told of for uses other than care: whoever asks for few asks for
 * somebody. */
enum { GM_BANK_LEAST = 11 };

typedef struct {
  int64_t twins, matched, unknown; /* cards looked at; twins found; for which it cannot be said */
  int64_t subjects;                /* of the twins found */
  int64_t withheld;                /* cards the session may not read */
  int64_t not_converted;           /* a unit on the card cannot be compared with the query's */
} gm_bank_totals;
typedef struct {
  const gm_card_found *found;
  const gm_card *card;
  gm_chance chance;
} gm_bank_match;
typedef gm_status gm_bank_listener(void *user, const gm_bank_match *m);

/* Twins for which the answer is yes, in order of their making. For uses other than care the cards
 * are gone through twice, and nobody is told of where fewer than GM_BANK_LEAST subjects match, or
 * fewer than that have twins that do not: GM_EDENIED. listener NULL: counting alone. Fails also:
 * GM_EPARSE (a query that is none; a card was changed), GM_EUNIT (no card's unit can be compared),
 * as gm_store_cards. */
GM_API GM_NODISCARD gm_status gm_bank_find(gm_session *a, gm_ctx *ctx, const char *query,
                                           gm_bank_listener *listener, void *user,
                                           gm_bank_totals *totals);

typedef struct {
  const char *query;      /* NULL: all twins */
  const char *observable; /* or a parameter: then of its mean, without capacity */
  const char *unit;       /* of the results; NULL: that of the first card */
  double after_s;         /* forecast so long after the card was made, as `at`; NaN: the farthest */
  uint64_t seed;          /* of the draws of the sum */
} gm_bank_question;
typedef struct {
  gm_bank_totals totals;
  int64_t subjects, twins; /* that went in; matched ones without such a forecast did not */
  char unit[GM_UNIT_CODE_BYTES];
  double mean;              /* over twins of the forecast's mean */
  double mean_error;        /* standard error over subjects: who happens to be in the bank */
  double mean_belief_error; /* sd of the mean by what is not known of each twin */
  double quantile[GM_CARD_QUANTILES]; /* at gm_card_level: of a twin drawn from them and then a
                                         value of its forecast */
  /* the sum over all twins (beds, millilitres): its mean, and levels .05 .25 .5 .75 .95 of sums
   * of one draw of each, twins being independent of each other given their beliefs; NaN without
   * draws */
  double sum, sum_quantile[GM_CARD_QUANTILES];
} gm_bank_sum;
/* Both sides of the query are those who have such a forecast or parameter: what is told of all less
 * what is told of these would be told of those left over. Fails as gm_bank_find; GM_ENOTFOUND (no
 * twin has such a forecast or parameter). */
GM_API GM_NODISCARD gm_status gm_bank_aggregate(gm_session *a, gm_ctx *ctx,
                                                const gm_bank_question *q, gm_bank_sum *out);

/* ---- fairness -------------------------------------------------------------------------------- */
typedef struct {
  const char *query;      /* NULL: all twins */
  const char *observable; /* whose forecasts were scored */
  const char *covariate;  /* groups are its levels, or stretches of its values between cuts */
  const double *cut;      /* [cut_count] ascending, in the card's unit */
  int32_t cut_count;
} gm_bank_fairness_question;
typedef struct {
  char group[80]; /* "female", "[40, 65)" */
  bool withheld;  /* too few subjects for this use: nothing else is told */
  int64_t subjects, outcomes;
  /* With 90 % intervals over subjects, NaN with fewer than 2: ratios of sums, linearised (Cochran,
   * Sampling Techniques, 1977, section 6.4), Student's t with subjects - 1 degrees of freedom. Of
   * shares: Wilson's interval by as many outcomes as have that variance, at most those there are;
   * where no subject differs from another, as many as there are subjects. */
  double skill, skill_low, skill_high; /* 1 - own CRPS / that of the population's forecast */
  double covered50, covered50_low, covered50_high; /* share inside the 50 % interval */
  double covered90, covered90_low, covered90_high;
} gm_bank_group;
enum { GM_BANK_GROUPS_MAX = 64 };
/* *count groups, in order of cuts or of the levels' names; the twins without that covariate or
 * without scores are in none. Where one group alone is too small the next smallest is withheld as
 * well, so that it cannot be had from the rest. A group is too small also where the query leaves
 * over too few of it who were scored. On failure nothing is written. Fails as gm_bank_find;
 * GM_EFULL (more groups), GM_ERANGE (cuts that do not ascend), GM_EINVAL (cuts of levels). */
GM_API GM_NODISCARD gm_status gm_bank_fairness(gm_session *a, gm_ctx *ctx,
                                               const gm_bank_fairness_question *q,
                                               gm_bank_group group[GM_BANK_GROUPS_MAX],
                                               int32_t *count);

#ifdef __cplusplus
}
#endif
#endif
