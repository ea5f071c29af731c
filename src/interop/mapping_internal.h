/* mapping_internal.h - the parts of a mapping: the file as read, and what a reading holds.
 *
 * The file goes through the tables of yaml_form.h into the structs below, nodes kept for messages;
 * mapping_check.c holds them against the definition. Columns are numbered as the mapping names
 * them; a reading finds each of them in the header of its table. */
#ifndef GEMEL_INTEROP_MAPPING_INTERNAL_H
#define GEMEL_INTEROP_MAPPING_INTERNAL_H
#include "gemel/mapping.h"
#include "base/yaml_form.h"
#include "interop/records_reader.h"

/* A column that the mapping names; at: its number among all that are named, -1 none. */
typedef struct {
  const char *name; /* NULL: not stated */
  const gm_yaml *node;
  int32_t at;
} gm__map_column;

/* One text for another: `values`, `marks`, `units`. */
typedef struct {
  const char *from;
  const char *to;
  const gm_yaml *node;
} gm__map_word;
typedef struct {
  gm__map_word *word;
  int32_t count;
} gm__map_words;

typedef enum {
  GM__MAP_ISO,     /* date and time of day with zone */
  GM__MAP_LOCAL,   /* date and time of day, in the zone that the mapping states */
  GM__MAP_PATTERN, /* the same, written another way */
  GM__MAP_UNIX,    /* number of units since 1970-01-01 UTC */
  GM__MAP_ELAPSED, /* number of units since an origin */
  GM__MAP_CLOCK,   /* hours:minutes[:seconds] since an origin */
  GM__MAP_FIXED    /* no column: one time for all rows */
} gm__map_time_kind;

typedef struct {
  const gm_yaml *node;
  gm__map_column *column; /* joined by a blank */
  int32_t column_count;
  const char *format, *unit, *zone, *fixed, *origin;
  gm__map_column origin_column;
  gm__map_time_kind kind; /* from here on: worked out */
  double unit_s, zone_s, origin_s, fixed_s;
  bool zoned;
} gm__map_time;

/* A number with its unit, in a column or for all rows: `duration: 5 min`. */
typedef struct {
  const gm_yaml *node; /* NULL: not stated */
  const char *text;    /* for all rows, NULL: in the column */
  gm__map_column column;
  const char *unit;
  double number;  /* from here on worked out: 1, or that of text */
  double seconds; /* of a duration: size of its unit */
  gm_unit made;   /* of a rate: what its unit makes in a second */
} gm__map_quantity;

/* What a column (or a name in a column) becomes. */
typedef struct {
  const gm_yaml *node;
  const char *key; /* it stands under: the column, or the name in the column of names */
  const char *observable, *input, *covariate, *unit, *as, *data_class, *code;
  gm__map_column unit_column, as_column, end;
  gm__map_words values, marks, as_values;
  gm__map_quantity duration, rate;
  int32_t zeros;       /* 1: an amount of 0 is a dose; 0: it is none */
  gm_record_kind kind; /* from here on: worked out */
  const char *series;
  gm_data_class class_number;
  const char *unit_code; /* UCUM; "": levels, or only from a column */
  gm__map_column own;    /* wide: the column it stands for */
  bool levels;
} gm__map_target;
typedef struct {
  gm__map_target *target;
  int32_t count;
} gm__map_targets;

typedef struct {
  const gm_yaml *node;
  gm__map_column name, value, unit;
  gm__map_targets is;
} gm__map_long;

typedef struct {
  const gm_yaml *node;
  const char *delimiter, *comments;
  int32_t decimal; /* 0 point, 1 comma */
  const char **missing;
  int32_t missing_count; /* -1: not stated */
  const char **names;    /* there is no header; the columns are these */
  int32_t name_count;
} gm__map_file;

/* Whose a row is, what it is called: a column or more, or one text for all. */
typedef struct {
  const gm_yaml *node;
  gm__map_column *column;
  int32_t column_count;
  const char *is, *prefix;
  const char **among; /* withdrawn: the texts that say so */
  int32_t among_count;
} gm__map_name;

struct gm_mapping {
  gm_arena *keep; /* tree, texts, lists */
  const gm_definition *definition;
  char *path;
  const gm_yaml *root;
  const char *name, *source, *licence, *data_class;
  int32_t form; /* 0 table, 1 nm-tran */
  gm__map_file file;
  gm__map_name subject, id, version, withdrawn;
  gm__map_time time;
  gm__map_targets columns;
  gm__map_long rows;
  gm__map_words units;
  /* nm-tran */
  gm__map_targets doses, measured;
  int32_t steady_doses;
  /* worked out */
  char delimiter; /* 0: found in the header */
  double tick_s;  /* nm-tran: the unit of TIME */
  gm_data_class class_number;
  const char **column; /* every column named, each once */
  int32_t column_count;
};

/* ---- mapping_form.c: the file's fields ------------------------------------------------------- */
extern const gm_yaml_form gm__map_form;
/* Every form, for tests: docs/mapping.schema.json and docs/mapping.md know the same keys. */
typedef struct {
  const char *path;
  const gm_yaml_form *form;
} gm__map_place;
extern const gm__map_place gm__map_places[];
extern const int32_t gm__map_place_count;

/* ---- mapping_check.c ------------------------------------------------------------------------- */
GM_NODISCARD gm_status gm__map_check(gm_ctx *ctx, gm_mapping *m);

/* ---- mapping_time.c -------------------------------------------------------------------------- */
/* Works out kind, unit, zone and origin. */
GM_NODISCARD gm_status gm__map_time_check(gm_ctx *ctx, gm__map_time *t);
/* Each returns NULL, or what is wrong and what was expected (static text; *out is then as it was).
 * zoned_out: whether the text has a zone; without one the time is as if in UTC. */
const char *gm__map_time_iso(const char *text, double *out, bool *zoned_out);
/* A pattern: YYYY MM DD hh mm ss AP (AM, PM) zz (Z, +01:00), anything else stands for itself. */
const char *gm__map_time_pattern(const char *pattern, const char *text, double *out,
                                 bool *zoned_out);
const char *gm__map_zone(const char *text, double *seconds_out); /* "+01:00", "-0730", "Z" */
/* A cell's time by t, counted from origin_s where it is elapsed. */
const char *gm__map_time_of(const gm__map_time *t, const char *text, double origin_s, double *out);

/* ---- mapping_run.c: what a reading holds ----------------------------------------------------- */
typedef struct {
  gm_ctx *ctx;
  const gm_mapping *m;
  const char *name; /* of the table */
  FILE *file;       /* NULL: text */
  const char *text;
  size_t bytes;
  gm_fact_listener *fact;
  gm_mapping_listener *account;
  void *user;
  gm_mapping_totals *totals;
  gm_arena *memory; /* of the present row */
  gm_arena_mark mark;
  /* the table */
  gm__line_source source;
  char separator;
  char **cell;
  int32_t cell_count; /* as the header has it */
  int32_t *at;        /* [m->column_count] place in the row */
  /* the present row */
  int64_t line;
  const char *subject, *id, *version;
  double t_s;
  bool withdrawn;
  bool asked; /* it says again what the row before said, and was asked for */
  int64_t facts;
  gm_mapping_refusal *refusal;
  int32_t refusal_count, refusal_room;
  char hash[33]; /* of its bytes, BLAKE2b-128 */
  /* the rows before */
  gm_text said_subject, *said; /* [m->columns.count] covariates of this subject, "" none */
  char unit_text[64];          /* the last unit of a cell, and its code */
  char unit_code[GM_UNIT_CODE_BYTES];
} gm__map_run;

/* Refuses a cell or (column "") the row. Returns GM_OK, or GM_ENOMEM. */
GM_NODISCARD gm_status gm__map_refuse(gm__map_run *r, const char *column, gm_status s,
                                      const char *format, ...) GM_PRINTF(4, 5);
/* Refuses with the present message of the context, unless it is of memory: returns that then. */
GM_NODISCARD gm_status gm__map_refuse_message(gm__map_run *r, const char *column, gm_status s);
bool gm__map_missing(const gm_mapping *m, const char *cell);
const char *gm__map_word_of(const gm__map_words *w, const char *text); /* or NULL */
/* A text that lives as long as the present row; NULL (with message): no memory. */
char *gm__map_text(gm__map_run *r, const char *format, ...) GM_PRINTF(2, 3);
/* Begins a row (line number, hash of its bytes) and ends it with its account. */
GM_NODISCARD gm_status gm__map_row_begin(gm__map_run *r, const gm__line_source *source);
GM_NODISCARD gm_status gm__map_row_end(gm__map_run *r);
/* Whose the row is; forgets what was said of another. */
GM_NODISCARD gm_status gm__map_subject(gm__map_run *r, const char *subject);
/* Has the covariate's text changed since the row before of the same subject? Keeps it. */
GM_NODISCARD gm_status gm__map_changed(gm__map_run *r, int32_t i, const char *text, bool *out);
/* Fills in what all facts of the row have in common (kind: unless f has one), checks the value
 * against the definition, tells it or refuses it under the column. f has value, unit, censored,
 * duration_s; part stands behind
 * '#' in its id, "" none. */
GM_NODISCARD gm_status gm__map_tell(gm__map_run *r, const gm__map_target *t, gm_fact *f,
                                    const char *part, const char *column);

/* ---- mapping_row.c, mapping_nmtran.c --------------------------------------------------------- */
/* A cell as a fact's value: marks, words, limits, decimal sign. *good_out false: it was refused. */
GM_NODISCARD gm_status gm__map_value(gm__map_run *r, const gm__map_target *t, const char *cell,
                                     const char *column, gm_fact *f, bool *good_out);
GM_NODISCARD gm_status gm__map_table(gm__map_run *r);
GM_NODISCARD gm_status gm__map_nmtran(gm__map_run *r);
#endif
