/* t1d_record.h - what was measured, given and eaten, as one series in order of time: made of facts
 * (Nightscout, FHIR, tables), whatever their units and their order.
 *
 * Facts are taken by the names of their series: glucose, meter, bolus, basal, carbs, heart_rate,
 * exercise (twin.yaml). What is done with them is in docs/cgm.md: withdrawn facts go, of two
 * versions of one thing the later one told counts, the same thing twice is one, mmol/L becomes
 * mg/dL, basal becomes steps that do not overlap.
 * Threads: a builder belongs to one thread at a time; finished records are immutable. */
#ifndef T1D_RECORD_H
#define T1D_RECORD_H
#include "gemel/fact.h"

/* kind, series, unit of value */
#define T1D_RECORD_LIST(X)                                                                         \
  X(T1D_RECORD_GLUCOSE, "glucose", "mg/dL") /* of a sensor */                                      \
  X(T1D_RECORD_METER, "meter", "mg/dL")     /* of a finger */                                      \
  X(T1D_RECORD_BOLUS, "bolus", "U")         /* over duration_min; 0: at once */                    \
  X(T1D_RECORD_BASAL, "basal", "U/h")       /* for duration_min; 0: no end is known */             \
  X(T1D_RECORD_CARBS, "carbs", "g")         /* over duration_min; 0: not said */                   \
  X(T1D_RECORD_HEART_RATE, "heart_rate", "1/min")                                                  \
  X(T1D_RECORD_EXERCISE, "exercise", "1") /* 1, for duration_min; 0: no end is known */
typedef enum {
#define T1D_X(code, series, unit) code,
  T1D_RECORD_LIST(T1D_X)
#undef T1D_X
      T1D_RECORD_KINDS
} t1d_record_kind;
const char *t1d_record_series(t1d_record_kind k); /* static text */
const char *t1d_record_unit(t1d_record_kind k);

enum {
  T1D_FLAG_CALIBRATION = 1, /* of a finger: what a sensor is calibrated by */
  T1D_FLAG_NOISY = 2,       /* the source calls the sensor noisy */
  T1D_FLAG_LOW = 4,         /* below value, which is the sensor's lower end */
  T1D_FLAG_HIGH = 8,        /* above value */
  T1D_FLAG_SCHEDULED = 16   /* basal by the profile, not told as given */
};

typedef struct {
  double t_s; /* Unix seconds */
  double value;
  double duration_min;
  t1d_record_kind kind;
  uint32_t flags;
} t1d_record;

/* Owned by the caller; in order of time, of one time in the order of the kinds. */
typedef struct {
  t1d_record *record;
  int32_t count;
  int32_t of_others; /* facts left out: of another subject, */
  int32_t not_taken; /*   of another series, or ordered or reported insulin but for a profile's, */
  int32_t refused;   /*   of no value (unit, number), */
  int32_t implausible; /*  of a value or time that cannot be: docs/cgm.md, */
  int32_t withdrawn;   /*   taken back, */
  int32_t duplicates;  /*   the same again or an older version, */
  int32_t conflicts; /*   another value of the same sensor at the same time: the last one counts */
} t1d_records;
void t1d_records_free(t1d_records *r); /* NULL ok; also of zeroed records */

typedef struct t1d_record_builder t1d_record_builder;
typedef struct {
  const char *subject; /* only facts of this one; NULL: of the subject that the first fact names */
  bool hold_basal; /* a basal rate holds to the next one, the last one to the end of the records:
                      the source tells changes only */
} t1d_record_options;

/* options may be NULL; texts are copied. *out is owned by the caller. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status t1d_record_builder_new(gm_ctx *ctx, const t1d_record_options *options,
                                              t1d_record_builder **out);
void t1d_record_builder_free(t1d_record_builder *b); /* NULL ok */
/* A gm_fact_listener: user is the builder. Facts that are left out are counted. Fails: GM_ENOMEM,
 * GM_EFULL (more than 100 million). */
gm_status t1d_record_take(void *builder, const gm_fact *f);
/* How many facts were refused so far (no value, or one that cannot be); *why (NULL ok): series and
 * reason of the last one, without its value; borrowed until the next fact. */
int32_t t1d_record_refused(const t1d_record_builder *b, const char **why);
/* Sorts all that was taken. The builder is only to be freed then. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status t1d_record_finish(t1d_record_builder *b, t1d_records *out);

/* A table: through the first of the mapping files whose columns it has, or where none fits as one
 * of those in models/t1d/maps, by its header: timestamp,glucose_value_mg_dl or
 * time,basal_U_per_5min,bolus_U,carb_servings_10g (which tells changes: all basal of the builder is
 * held then). zone_min: minutes east of UTC of a clock without zone, of the built-in mappings; one
 * of the user's own has its zone. Fails: as gm_mapping_read, gm_mapping_facts, and GM_ENOTFOUND (no
 * mapping fits and the header is none that is known). */
typedef struct {
  t1d_record_options records; /* of t1d_record_read_csv */
  const char *const *mapping; /* [mapping_count]; borrowed */
  int32_t mapping_count, zone_min;
} t1d_csv_options;
typedef struct {
  int64_t rows, refused;   /* refused: wholly or in part, by the mapping or as a record */
  int32_t mapping;         /* the place of the one that was taken; -1: by its header */
  char unfit[240];         /* which column the last mapping misses that did not fit; "" none */
  char first_refused[240]; /* line, column, why; "" none */
} t1d_table_told;
/* Several tables of one person go into one builder. options may be NULL. */
GM_NODISCARD gm_status t1d_record_take_csv(t1d_record_builder *b, gm_ctx *ctx, const char *path,
                                           const t1d_csv_options *options, t1d_table_told *told);
/* A single table. rows, rows_refused: NULL, or what became of the rows. */
GM_NODISCARD gm_status t1d_record_read_csv(gm_ctx *ctx, const char *path,
                                           const t1d_csv_options *options, t1d_records *out,
                                           int64_t *rows, int64_t *rows_refused);

/* The definition that records are held against: series and units alone, without a model, for
 * readers that need one. It has the codes of twin.yaml. Static. */
const gm_definition *t1d_record_definition(void);
/* What facts may write a unit of insulin as, besides [IU]: see twin.yaml. */
#define T1D_INSULIN_UNIT "6000.pmol/kg"
#endif
