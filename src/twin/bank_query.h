/* bank_query.h - a query as a tree in an array. */
#ifndef GEMEL_TWIN_BANK_QUERY_H
#define GEMEL_TWIN_BANK_QUERY_H
#include "gemel/bank.h"

enum { GM__QUERY_NODES = 200, GM__QUERY_DEPTH = 50, GM__QUERY_BYTES = 4000 };

typedef enum {
  GM__ASK_AND,
  GM__ASK_OR,
  GM__ASK_NOT,
  GM__ASK_CHANCE,
  GM__ASK_MEAN,
  GM__ASK_SD,
  GM__ASK_MEDIAN,
  GM__ASK_COVARIATE,
  GM__ASK_HEALTH,
  GM__ASK_LEVEL,
  GM__ASK_DATA_AGE
} gm__ask;
typedef enum { GM__LESS, GM__LESS_EQUAL, GM__MORE, GM__MORE_EQUAL, GM__EQUAL, GM__OTHER } gm__sign;

/* A number in the query, and in the unit of the last card it was compared with. */
typedef struct {
  double value;
  bool has_unit;
  gm_unit unit;
  char last[GM_UNIT_CODE_BYTES]; /* the card's unit of last time */
  double in_last;                /* NaN: does not convert */
} gm__quantity;

typedef struct {
  gm__ask ask;
  int32_t a, b; /* AND, OR, NOT: nodes */
  const char *name;
  bool measured;
  double after_s; /* NaN: the farthest forecast */
  gm__sign inner; /* CHANCE: inside the brackets */
  gm__quantity x;
  gm__sign sign;
  gm__quantity against;
  const char *word; /* compared with a word; NULL: a number */
  int32_t number;   /* of that word: health, level */
} gm__query_node;

struct gm_query {
  gm_arena *memory;
  gm_ctx *ctx;
  gm__query_node *node;
  int32_t count, root;
  int64_t compared, not_converted; /* cards' numbers with a unit of the query */
};

/* The number in a card's unit. False: it does not convert. */
bool gm__quantity_in(gm_query *q, gm__quantity *x, const char *unit, double *out);
/* The forecast that is meant; NULL: none. */
const gm_card_forecast *gm__card_forecast_at(const gm_card *c, const char *observable,
                                             double after_s);
/* P(X > x), P(X >= x), P(X < x) or P(X <= x), each counted for itself: what is one less another is
 * a rounding off. bank_card.c */
gm_chance gm__card_chance(const gm_card_forecast *f, bool measured, double x, gm__sign sign);
#endif
