/* sbml_internal.h - what the parts of the SBML reader share. */
#ifndef GEMEL_EQUATIONS_SBML_INTERNAL_H
#define GEMEL_EQUATIONS_SBML_INTERNAL_H
#include "kinds/equations/sbml/sbml.h"
#include <sbml/SBMLTypes.h>

enum {
  SBML_BYTES_MAX = 64 << 20,   /* of a document */
  SBML_XML_DEPTH_MAX = 500,    /* libsbml recurses over the elements */
  SBML_HEIGHT_MAX = 20000,     /* and over formulas, where n operands may be n levels */
  SBML_ELEMENTS_MAX = 4000000, /* of a document */
  SBML_UNFOLDED_MAX =
      50000, /* of what a hierarchy of models unfolds to: libsbml takes the square */
  SBML_ARGUMENTS_MAX = 1000, /* of a function; libsbml finds the i-th in i steps */
  SBML_NESTING_MAX = 3000,   /* levels of formulas, functions unfolded */
  SBML_WORK_MAX = 20000000,  /* terms visited, functions unfolded */
  SBML_SMALL = 8             /* operands held without allocation */
};

/* Names of draws as sbml_scan writes them into the document: no user's id has a full stop. */
#define SBML_DRAW_PREFIX "distrib."

typedef struct {
  const char *id; /* borrowed from libsbml, like all texts here */
  ASTNode_t *body;
  const char **argument; /* [argument_count] owned array */
  int32_t argument_count;
  int32_t line;
  const char *draw; /* name of the distribution it draws from, NULL none */
  bool open;        /* being unfolded: a call of it now is a circle */
} sbml_function;

typedef struct {
  const char *id;
  UnitDefinition_t *definition;
  char *code; /* owned; NULL: not worked out yet */
} sbml_unit;

/* What names mean inside a function's body. */
typedef struct {
  const sbml_function *function;
  const ir_ref *argument;
} sbml_scope;

typedef struct {
  gm_ctx *ctx;
  const char *file;
  SBMLDocument_t *document;
  bool locked; /* from sbml_document_open to sbml_document_close no other thread has one open */
  Model_t *model;
  unsigned level, version;
  net net;
  sbml_function *function; /* sorted by id */
  int32_t function_count;
  sbml_unit *unit; /* sorted by id */
  int32_t unit_count;
  bool *assigned;   /* [symbols] has an initial assignment of its own */
  gm_status status; /* first failure; later calls do nothing */
  /* the formula at work */
  const char *what, *id; /* for messages: "the rule of", "x" */
  int32_t line;
  const char *reaction; /* names are looked up as REACTION.NAME first; NULL none */
  bool draws;           /* may draw */
  int64_t work;
  int32_t depth;
} sbml_reader;

/* Records the first failure of r, with the line of the formula or element at work. */
gm_status sbml_fail(sbml_reader *r, gm_status s, const char *format, ...) GM_PRINTF(3, 4);
/* Says what is read now. */
void sbml_at(sbml_reader *r, const void *element, const char *what, const char *id);

/* A value the document states. A stated NaN is not a missing value: it becomes an initial
 * assignment. */
void sbml_value(sbml_reader *r, net_symbol *s, bool stated, double value);

/* sbml_scan.c: refuses what must not reach the parser (document types, deep nesting, encodings
 * that hide them), names the csymbols of distrib and adds an XML declaration. *out: freed by the
 * caller. */
GM_NODISCARD gm_status sbml_scan(gm_ctx *ctx, const char *text, const char *file, gm_text *out);

/* sbml_document.c: parses, checks libsbml's errors and the packages, flattens; fills document,
 * model, level, version. flux: the package fbc may be there. Waits until no other thread has a
 * document open; sbml_document_close has to follow in the same thread, after failure too, before
 * that thread opens another. */
GM_NODISCARD gm_status sbml_document_open(sbml_reader *r, const char *text, bool flux);
void sbml_document_close(sbml_reader *r); /* not open: does nothing */

/* sbml_function.c */
void sbml_functions_read(sbml_reader *r);
void sbml_functions_free(sbml_reader *r);
sbml_function *sbml_function_find(sbml_reader *r, const char *id);

/* The document is ours, so its trees may be written to (see child() in sbml_math.c). */
static inline ASTNode_t *sbml_own(const ASTNode_t *a)
{
  union {
    const ASTNode_t *read;
    ASTNode_t *write;
  } u = {.read = a};
  return u.write;
}

/* sbml_math.c: the expression of a formula, IR_NONE when r->status is set. a NULL or without
 * content: IR_NONE and no failure. */
ir_ref sbml_formula(sbml_reader *r, const ASTNode_t *a);
/* sbml_operator.c: operators and functions of MathML over operands that are there.
 * known_out false: a type that is none of these. */
ir_ref sbml_operator(sbml_reader *r, ASTNodeType_t type, const ir_ref *operand, int32_t count,
                     bool *known_out);
ir_ref sbml_truncated(ir_graph *g, ir_ref a); /* towards 0 */
/* sbml_draw.c: a draw from a distribution by its name in distrib. */
ir_ref sbml_draw(sbml_reader *r, const char *name, const ir_ref *operand, int32_t count);

/* sbml_units.c */
void sbml_units_read(sbml_reader *r);
void sbml_units_free(sbml_reader *r);
/* UCUM codes, "" where there is none. code: room for GM_UNIT_CODE_BYTES. */
void sbml_unit_code(sbml_reader *r, const char *unit, char *code);
void sbml_unit_of_compartment(sbml_reader *r, Compartment_t *c, char *code);
void sbml_unit_of_species(sbml_reader *r, Species_t *s, char *code);
void sbml_unit_of_time(sbml_reader *r, char *code);

/* sbml_read.c: fills r->net from r->model. */
void sbml_model_read(sbml_reader *r);
void sbml_reader_free(sbml_reader *r); /* all but r->net */

/* sbml_reaction.c, sbml_rule.c: parts of the model. Symbols come first, then formulas. */
void sbml_reactions_add(sbml_reader *r);
void sbml_reactions_read(sbml_reader *r);
void sbml_assignments_read(sbml_reader *r);
void sbml_rules_read(sbml_reader *r);
void sbml_events_read(sbml_reader *r);
#endif
