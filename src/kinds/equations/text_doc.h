/* text_doc.h - a model text as it was written: names, their statements, functions and units.
 *
 * Expressions are kept as the parser meets them, operands before operators (a list to be run on a
 * stack), so that no walk over them recurses and a sum of half a million terms is no danger.
 * Life of a document: init; parse texts into it; resolve units; resolve names; lower expressions.
 * One thread at a time. */
#ifndef GEMEL_EQUATIONS_TEXT_DOC_H
#define GEMEL_EQUATIONS_TEXT_DOC_H
#include "gemel/unit.h"
#include "kinds/equations/ir.h"
#include "kinds/equations/lexer.h"

enum {
  EQT_NEST_MAX = 200,           /* brackets, signs and powers inside each other */
  EQT_ITEM_COUNT_MAX = 1000000, /* numbers, names and operators of a text */
  EQT_NAME_COUNT_MAX = 32768,
  EQT_FUNCTION_NEST_MAX = 64,  /* functions that call functions */
  EQT_STEP_COUNT_MAX = 8000000 /* items run, functions written out */
};

/* ---- expressions --------------------------------------------------------------------------- */
typedef enum {
  EQT_ITEM_NUMBER, /* value; a: unit entry or -1 */
  EQT_ITEM_NAME,   /* a: symbol */
  EQT_ITEM_ARG,    /* a: argument of the function around it */
  EQT_ITEM_TIME,
  EQT_ITEM_LOGICAL, /* value 0 or 1: false, true */
  EQT_ITEM_OP,      /* a: operator ir_op; swap: operands change places (a > b is b < a) */
  EQT_ITEM_BUILTIN, /* a: row of the table of functions; n arguments */
  EQT_ITEM_USER     /* a: function of the text; n arguments */
} eqt_item_kind;

typedef struct {
  double value;
  int32_t at; /* place in the text: of the name, number or operator */
  int32_t a, n;
  uint8_t kind;
  bool swap;
} eqt_item;

/* A run of items; text NULL: there is none. Its value is what its last item leaves. */
typedef struct {
  const eqt_text *text;
  int32_t first, count;
  int32_t at; /* where it begins */
} eqt_expr;

/* ---- names --------------------------------------------------------------------------------- */
typedef struct {
  const char *text; /* borrowed */
  int32_t bytes;
} eqt_key;

/* Names numbered in order of first appearance. */
typedef struct {
  gm_ctx *ctx;
  eqt_key *key;
  int32_t count, room;
  int32_t *slot;
  int32_t slot_count;
} eqt_table;

typedef enum { EQT_OPEN, EQT_GIVEN, EQT_PARAMETER, EQT_DERIVED, EQT_STATE, EQT_RULE } eqt_role;

typedef struct {
  eqt_expr initial, rule, rate; /* x = ...; x := ...; x' = ... */
  const eqt_text *text;         /* where it is first met, */
  int32_t seen_at;              /* at this place */
  const eqt_text *used_text;    /* first use in an expression, NULL: none */
  int32_t used_at;
  int32_t defined_at; /* first statement that gives it something, -1 none */
  int32_t unit;       /* unit entry, -1 none stated */
  int32_t unit_at;
  int32_t source_at, source_bytes; /* words after `# source:` in the model's text; 0 bytes: none */
  uint8_t constant, variable;      /* said to be const, var */
  uint8_t role;                    /* eqt_role, set when names are resolved */
  int32_t index;                   /* within its role */
} eqt_symbol;

typedef struct {
  int32_t arg_count;
  int32_t nest; /* functions inside it, 1: none */
  bool logical;
  eqt_expr body;
} eqt_function;

/* A unit: a UCUM code in quotes, a word (with or without `unit WORD = ...`), or a formula behind
 * `has`. */
typedef struct {
  const eqt_text *text;
  int32_t at, bytes; /* first place it is met; bytes of a word or code, 0 for a formula */
  int32_t from;      /* its formula begins here, -1: none given */
  bool quoted;
  uint8_t state; /* eqt_unit_state */
  gm_unit unit;
  const char *code; /* UCUM, in the arena */
} eqt_unit_entry;

typedef enum { EQT_UNIT_OPEN, EQT_UNIT_BUSY, EQT_UNIT_DONE } eqt_unit_state;

typedef struct eqt_doc {
  gm_ctx *ctx;
  gm_arena *arena; /* owned */
  eqt_table name, unit_name, function_name;
  eqt_symbol *symbol; /* one a name */
  eqt_unit_entry *unit;
  eqt_function *function;
  eqt_item *item;
  int32_t symbol_room, unit_room, function_room;
  int32_t item_count, item_room;
  int32_t unit_count;    /* entries; those with a name come from unit_name and others have none */
  int32_t *unit_of_name; /* [unit_name.count] entry */
  int32_t unit_of_name_room;
  eqt_key model_name;
  int32_t time_unit; /* unit entry, -1 none */
  bool no_time;      /* `time` is not known in this text */
} eqt_doc;

GM_NODISCARD gm_status eqt_doc_init(eqt_doc *d, gm_ctx *ctx);
void eqt_doc_free(eqt_doc *d);
/* Makes room for one more in an array of room items. */
GM_NODISCARD gm_status eqt_room(gm_ctx *ctx, void *array_address, int32_t count, int32_t *room,
                                size_t bytes);
int32_t eqt_table_find(const eqt_table *t, const char *text, int32_t bytes); /* -1: not there */
/* Number of a name, which is added when it is not there. Fails: GM_ENOMEM, GM_ERANGE. */
GM_NODISCARD gm_status eqt_table_add(eqt_table *t, const char *text, int32_t bytes,
                                     int32_t *index_out);
/* Symbol of a name met at a place. */
GM_NODISCARD gm_status eqt_symbol_get(eqt_doc *d, const eqt_text *t, eqt_token name,
                                      int32_t *index_out);
/* Entry of a unit met at a place: a name, or a UCUM code in quotes. */
GM_NODISCARD gm_status eqt_unit_get(eqt_doc *d, const eqt_text *t, eqt_token name,
                                    int32_t *index_out);
/* An entry without a name for the formula that begins at a place. */
GM_NODISCARD gm_status eqt_unit_formula(eqt_doc *d, const eqt_text *t, int32_t from,
                                        int32_t *index_out);
/* The known name nearest to one that is not known, by letters to change; NULL when none is near.
 * usable says which of the table's names count (NULL: all). */
const eqt_key *eqt_nearest(const eqt_table *t, const char *text, int32_t bytes,
                           bool (*usable)(const eqt_doc *d, int32_t index), const eqt_doc *d);

/* ---- text_statement.c ------------------------------------------------------------------------ */
/* Reads the statements of a model. Fails: GM_EPARSE, GM_EUNSUPPORTED, GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_read_model(eqt_doc *d, const eqt_text *t);
/* Words that cannot be names of the model's quantities. */
bool eqt_reserved(const eqt_text *t, eqt_token name);
/* The present token as a new name: a word, not reserved, no built-in function.
 * Fails: GM_EPARSE, saying what was expected. */
GM_NODISCARD gm_status eqt_new_name(const eqt_lexer *l, const char *what);

/* ---- text_unit.c ----------------------------------------------------------------------------- */
/* Moves the lexer over a unit formula, checking its grammar only. */
GM_NODISCARD gm_status eqt_unit_skip(eqt_lexer *l);
/* Gives every entry its unit and UCUM code. Fails: GM_EPARSE, GM_EUNIT, GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_units_resolve(eqt_doc *d);
#endif
