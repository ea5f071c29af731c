/* text_doc.h - a model text as it was written: names, their statements, reactions, events,
 * functions and units.
 *
 * A text may hold several models. Each has names and statements of its own (eqt_body); a sub-model
 * is copied into the model that holds it, name by name, when it is met (text_model.c). Items,
 * functions and units belong to the whole text.
 *
 * Expressions are kept as the parser meets them, operands before operators (a list to be run on a
 * stack), so that no walk over them recurses and a sum of half a million terms is no danger.
 * Life of a document: init; parse texts into it; resolve units; resolve names; lower expressions.
 * After parsing, name, symbol and body are those of the main model.
 * One thread at a time. */
#ifndef GEMEL_EQUATIONS_TEXT_DOC_H
#define GEMEL_EQUATIONS_TEXT_DOC_H
#include "gemel/unit.h"
#include "kinds/equations/ir.h"
#include "kinds/equations/lexer.h"
#include "kinds/equations/tables.h"

enum {
  EQT_NEST_MAX = 200,           /* brackets, signs and powers inside each other */
  EQT_ITEM_COUNT_MAX = 1000000, /* numbers, names and operators of a text */
  EQT_NAME_COUNT_MAX = 32768,
  EQT_NAME_TOTAL_MAX = 262144, /* names of all models of a text together */
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
  bool past; /* inside delay() */
} eqt_item;

/* A run of items; text NULL: there is none. Its value is what its last item leaves. */
typedef struct {
  const eqt_text *text;
  int32_t first, count;
  int32_t at;     /* where it begins */
  int32_t order;  /* which one it is, in the order of the text; sub-models where they are used */
  bool inherited; /* of a sub-model: may be given anew */
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

typedef enum {
  EQT_OPEN,
  EQT_GIVEN, /* by the caller, not by the text */
  EQT_PARAMETER,
  EQT_DERIVED, /* a parameter worked out from others */
  EQT_STATE,   /* has a rate rule */
  EQT_RULE,
  EQT_MOVED, /* by reactions, events or an equation 0 = ... */
  EQT_LAW,   /* the rate of a reaction */
  EQT_GONE   /* has no value: a label, a second name, deleted, an interface nobody uses */
} eqt_role;

/* What a name is said to be, or is by its place in a reaction. */
typedef enum {
  EQT_PLAIN,
  EQT_SPECIES,
  EQT_COMPARTMENT,
  EQT_REACTION,
  EQT_EVENT,
  EQT_SUBMODEL,
  EQT_EQUATION
} eqt_thing;

typedef struct {
  eqt_expr initial, rule, rate; /* x = ...; x := ...; x' = ...; initial of a reaction: its rate */
  const eqt_text *text;         /* where it is first met, */
  int32_t seen_at;              /* at this place */
  const eqt_text *used_text;    /* first use in an expression, NULL: none */
  int32_t used_at;
  int32_t defined_at; /* first statement that gives it something, -1 none */
  int32_t unit;       /* unit entry, -1 none stated */
  int32_t unit_at;
  bool unit_inherited, own;        /* own: the model being read has given it something */
  int32_t source_at, source_bytes; /* words after `# source:` in the model's text; 0 bytes: none */
  int32_t alias;                   /* `this is other`: the other symbol, -1 none */
  int32_t place;       /* species: its place among all that has an order, see eqt_expr.order */
  int32_t compartment; /* symbol it is said to be in, -1 none; else that of the last reaction */
  int32_t of_reaction; /* with `in`, else that of the last sub-model with `in` */
  int32_t of_submodel;
  uint8_t constant, variable; /* said to be const, var */
  uint8_t thing;              /* eqt_thing */
  uint8_t role;               /* eqt_role, set when names are resolved */
  bool boundary;              /* $S: reactions do not change it */
  bool amount_only;           /* substanceOnly: its name means its amount */
  bool argument;              /* stands in the model's brackets */
  bool shown;                 /* has a name for display */
  bool deleted;
  bool reacts, changed, solved; /* set when names are resolved: moved by a reaction, by an event,
                                   stands in an equation 0 = ... */
  int32_t index;                /* in eqt_names.list */
} eqt_symbol;

/* ---- reactions, events, equations ------------------------------------------------------------ */
typedef struct {
  int32_t species;
  int32_t factor; /* symbol, -1: it is count */
  double count;
  int32_t at;
  bool product;
} eqt_part;

typedef struct {
  int32_t symbol; /* its `initial` is the rate */
  int32_t part, part_count;
  int32_t at;
  bool irreversible;
  bool gone, inherited;
} eqt_reaction;

typedef struct {
  int32_t symbol;
  eqt_expr value;
  int32_t at;
  bool gone;
} eqt_assignment;

typedef struct {
  int32_t symbol;
  eqt_expr trigger, delay, priority; /* text NULL: no delay, no priority */
  int32_t assign, assign_count;
  bool initial, persistent, at_trigger;
  bool gone, inherited;
} eqt_event;

typedef struct {
  int32_t symbol;
  eqt_expr zero;
  bool gone, inherited;
} eqt_equation;

typedef struct {
  eqt_reaction *reaction;
  eqt_part *part;
  eqt_event *event;
  eqt_assignment *assign;
  eqt_equation *equation;
  int32_t reaction_count, part_count, event_count, assign_count, equation_count;
  int32_t reaction_room, part_room, event_room, assign_room, equation_room;
} eqt_body;

/* A model that is read to its end. */
typedef struct {
  eqt_key key;
  eqt_table name;
  eqt_symbol *symbol;
  int32_t symbol_room;
  eqt_body body;
  int32_t *argument; /* symbols in its brackets */
  int32_t argument_count;
  int32_t order_first, order_count; /* its share of eqt_expr.order */
  bool starred;
} eqt_model;

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
  int32_t scope; /* eqt_doc.scope of its definition */
  uint8_t state; /* eqt_unit_state */
  gm_unit unit;
  const char *code; /* UCUM, in the arena */
} eqt_unit_entry;

/* Two entries that belong to one thing. */
typedef struct {
  const eqt_text *text;
  int32_t at, a, b;
} eqt_same_unit;

typedef enum { EQT_UNIT_OPEN, EQT_UNIT_BUSY, EQT_UNIT_DONE } eqt_unit_state;

typedef struct eqt_doc {
  gm_ctx *ctx;
  gm_arena *arena; /* owned */
  eqt_table name, unit_name, function_name;
  eqt_symbol *symbol; /* one a name */
  eqt_body body;
  eqt_model *model; /* those that have ended */
  eqt_table model_key;
  int32_t model_count, model_room;
  eqt_unit_entry *unit;
  eqt_function *function;
  eqt_item *item;
  int32_t symbol_room, unit_room, function_room;
  int32_t item_count, item_room;
  int32_t unit_count;    /* entries; those with a name come from unit_name and others have none */
  int32_t *unit_of_name; /* [unit_name.count] entry */
  int32_t unit_of_name_room;
  eqt_same_unit *same_unit;
  int32_t same_unit_count, same_unit_room;
  eqt_key model_name;
  int32_t time_unit;  /* unit entry, -1 none */
  int32_t time_scope; /* where it was given */
  int32_t scope;      /* 0 outside of models, else the number of the model being read, from 1 */
  bool no_time;       /* `time` is not known in this text */
  bool in_model;      /* it is the text of a model that is read now */
  bool dots_known;    /* a name with a dot must be one of a sub-model */
  int32_t order;      /* next eqt_expr.order */
  int32_t name_total; /* names of all models */
} eqt_doc;

GM_NODISCARD gm_status eqt_doc_init(eqt_doc *d, gm_ctx *ctx);
void eqt_doc_free(eqt_doc *d);
int32_t eqt_table_find(const eqt_table *t, const char *text, int32_t bytes); /* -1: not there */
/* Number of a name, which is added when it is not there. Fails: GM_ENOMEM, GM_ERANGE. */
GM_NODISCARD gm_status eqt_table_add(eqt_table *t, const char *text, int32_t bytes,
                                     int32_t *index_out);
/* Symbol of a name met at a place; of a second name, that which it stands for. Fails: GM_EPARSE (a
 * dotted name that no sub-model has), GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_symbol_get(eqt_doc *d, const eqt_text *t, eqt_token name,
                                      int32_t *index_out);
/* A symbol with a name of its own making (key: not borrowed from the text but from the arena). */
GM_NODISCARD gm_status eqt_symbol_new(eqt_doc *d, const eqt_text *t, eqt_token place, eqt_key key,
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

/* ---- text_model.c ---------------------------------------------------------------------------- */
/* The symbol a symbol stands for: itself, unless it has been made a second name. */
int32_t eqt_root(const eqt_doc *d, int32_t symbol);
/* Makes `symbol` (met at a place) a thing of this kind. Fails: GM_EPARSE when it is another. */
GM_NODISCARD gm_status eqt_make_thing(eqt_doc *d, const eqt_text *t, int32_t at, int32_t symbol,
                                      eqt_thing thing);
/* From now on one symbol is a second name of another. What the second has of its own stays; what
 * comes from a sub-model gives way to what is stated outside, and left gives way to right.
 * Fails: GM_EPARSE (both have a value of their own), GM_EUNIT later. */
GM_NODISCARD gm_status eqt_same_thing(eqt_doc *d, const eqt_text *t, int32_t at, int32_t symbol,
                                      int32_t other);
/* Copies a model that has ended into the one being read; names get "PREFIX." in front. map_out:
 * [names of the model] their symbols here, the caller frees it. */
GM_NODISCARD gm_status eqt_copy_model(eqt_doc *d, const eqt_text *t, int32_t at, int32_t model,
                                      eqt_key prefix, int32_t **map_out);
/* At the end of a model: second names are replaced everywhere, what was deleted goes.
 * Fails: GM_EPARSE (something deleted is used), GM_ENOMEM. */
GM_NODISCARD gm_status eqt_settle(eqt_doc *d);
void eqt_body_free(eqt_body *b);
void eqt_model_free(eqt_model *m);
/* Two stated units of one thing (-1: none) must be the same: seen once units are resolved. */
GM_NODISCARD gm_status eqt_note_same_unit(eqt_doc *d, int32_t a, int32_t b, const eqt_text *t,
                                          int32_t at);
/* `x = 5 "mg"` gives x the unit mg, when it has no other. */
void eqt_take_unit(const eqt_doc *d, eqt_symbol *y);
/* The expression a name is worked out by: its rule, or its value at the start. */
const eqt_expr *eqt_definition(const eqt_symbol *y);

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
