/* unit_internal.h - what the files of the units share. */
#ifndef GM_UNIT_INTERNAL_H
#define GM_UNIT_INTERNAL_H
#include "gemel/unit.h"
#include "base/unit_dd.h"

/* The scales of special units. x is the number on the scale, r the quantity over its reference. */
typedef enum {
  GM__SCALE_NONE,
  GM__SCALE_CELSIUS,    /* r = x + 273.15               */
  GM__SCALE_FAHRENHEIT, /* r = x + 459.67, in 5/9 K     */
  GM__SCALE_REAUMUR,    /* r = x + 218.52, in 5/4 K     */
  GM__SCALE_LN,         /* x = ln r                     */
  GM__SCALE_LG,         /* x = lg r                     */
  GM__SCALE_2LG,        /* x = 2 lg r (field level)     */
  GM__SCALE_LD,         /* x = log2 r                   */
  GM__SCALE_MINUS_LG,   /* x = -lg r                    */
  GM__SCALE_MINUS_LG2,  /* x = -lg r / 2                */
  GM__SCALE_MINUS_LG3,  /* x = -lg r / 3                */
  GM__SCALE_MINUS_L50K, /* x = -ln r / ln 50,000        */
  GM__SCALE_100TAN,     /* x = 100 tan r                */
  GM__SCALE_SQRT        /* x = sqrt r                   */
} gm__scale;

enum { GM__UNIT_METRIC = 1, GM__UNIT_BASE = 2, GM__UNIT_ARBITRARY = 4, GM__UNIT_SPECIAL = 8 };
/* What a unit counts, besides its definition. */
typedef enum { GM__COUNT_NONE, GM__COUNT_MOL, GM__COUNT_EQ, GM__COUNT_OSM } gm__count;

typedef struct {
  const char *code;
  const char *value;      /* decimal, exact; NULL: 1                         */
  const char *definition; /* UCUM code; NULL: the unit 1                     */
  uint8_t flags;
  uint8_t which; /* base: its index; special: its gm__scale; else gm__count */
} gm__unit_row;

extern const gm__unit_row gm__unit_table[];
extern const int32_t gm__unit_table_count;
extern const char *const gm__unit_base_codes[GM_UNIT_DIMS];

/* The row of a code of n bytes, or -1. */
int32_t gm__unit_find(const char *code, size_t n);
/* Splits a symbol into prefix and row. False when there is no such symbol. */
typedef struct {
  int32_t row, ten, two; /* prefix is 10^ten 2^two */
} gm__unit_symbol;
bool gm__unit_split(const char *symbol, size_t n, gm__unit_symbol *out);
/* The UCUM code of an everyday word ("mmHg"), or NULL. */
const char *gm__unit_everyday(const char *word, size_t n);

gm__dd gm__unit_mantissa(const gm_unit *u);
/* Sets mantissa, ten and factor. False when the size is outside the normal doubles. */
bool gm__unit_set(gm_unit *u, gm__dd mantissa, int64_t ten);

/* Scale to quantity over reference and back. GM_EDOMAIN when outside the scale. */
gm_status gm__scale_to_ratio(gm_ctx *ctx, uint8_t scale, gm__dd x, gm__dd *r);
gm_status gm__scale_from_ratio(gm_ctx *ctx, uint8_t scale, gm__dd r, gm__dd *x);
#endif
