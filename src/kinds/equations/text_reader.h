/* text_reader.h - the statements of a model text while they are read; internal to
 * text_statement.c, text_reaction.c and text_submodel.c. */
#ifndef GEMEL_EQUATIONS_TEXT_READER_H
#define GEMEL_EQUATIONS_TEXT_READER_H
#include "kinds/equations/parse.h"

enum { EQT_ARGUMENT_MAX = 64 };

typedef enum { EQT_NO_REACTION, EQT_NO_EVENT, EQT_NO_EQUATION, EQT_NO_MODEL } eqt_nameless;

typedef struct {
  eqt_doc *doc;
  const eqt_text *text;
  eqt_lexer lexer;
  int32_t model_at;   /* place of the `model` that is open, -1 none */
  int32_t outside_at; /* first statement outside a model, -1 none */
  bool outside_uses;  /* one of those is a sub-model */
  eqt_model outside;  /* while a model is read: what stands around it */
  eqt_model now;      /* the model being read: key, argument, order_first, starred */
  int32_t *defined;   /* symbols defined on this line, for its `# source:` */
  int32_t defined_count, defined_room;
  int32_t unnamed[4];         /* things without a name so far: eqt_nameless */
  int32_t outside_unnamed[4]; /* while a model is read */
} eqt_reader;

/* text_statement.c */
gm_status eqt_expected(const eqt_reader *r, const char *what);
GM_NODISCARD gm_status eqt_take(eqt_reader *r, int kind, const char *what);
bool eqt_at_end(const eqt_reader *r); /* of the statement */
int32_t eqt_line_of(const eqt_reader *r, int32_t at);
GM_NODISCARD gm_status eqt_skip_lines(eqt_reader *r);
GM_NODISCARD gm_status eqt_note_defined(eqt_reader *r, int32_t symbol);
/* `= ...`, `:= ...` or `' = ...` (which: '=', ':' or '\'') from the sign on. */
GM_NODISCARD gm_status eqt_define(eqt_reader *r, int32_t symbol, eqt_token name, int which);
/* The name of a quantity (perhaps with dots and a $ in front), perhaps new; moves behind it. */
GM_NODISCARD gm_status eqt_quantity(eqt_reader *r, const char *what, int32_t *symbol_out,
                                    eqt_token *name_out);
/* A name for something that has none: "_J0", "_J1", ... for reactions, "_E0", ... for events. */
GM_NODISCARD gm_status eqt_unnamed(eqt_reader *r, eqt_nameless kind, int32_t at,
                                   int32_t *symbol_out);
/* `in NAME`, if it stands here: the symbol, else -1. */
GM_NODISCARD gm_status eqt_maybe_in(eqt_reader *r, int32_t *compartment_out);
/* ( NAME, NAME, ... ) of a function; tokens go to arg. */
GM_NODISCARD gm_status eqt_name_list(eqt_reader *r, eqt_token *arg, int32_t *count_out);

/* text_reaction.c. label: a symbol or -1, at: where the statement begins. */
GM_NODISCARD gm_status eqt_read_reaction(eqt_reader *r);
GM_NODISCARD gm_status eqt_read_event(eqt_reader *r, int32_t label, int32_t at);
GM_NODISCARD gm_status eqt_read_equation(eqt_reader *r, int32_t label, int32_t at);

/* text_submodel.c */
GM_NODISCARD gm_status eqt_read_model_head(eqt_reader *r);
GM_NODISCARD gm_status eqt_read_model_end(eqt_reader *r);
GM_NODISCARD gm_status eqt_read_submodel(eqt_reader *r, int32_t label, eqt_token label_name,
                                         int32_t compartment);
GM_NODISCARD gm_status eqt_read_delete(eqt_reader *r);
/* Chooses the main model once all is read, and puts it into the document. */
GM_NODISCARD gm_status eqt_choose_main(eqt_reader *r);
#endif
