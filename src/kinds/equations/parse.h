/* parse.h - expressions of a model text.
 *
 * Operators from loose to tight: && and || (not mixed without brackets); < <= > >= == != (not
 * chained); + -; * /; - + ! in front; ^ (from the right). So -x^2 is -(x^2) and 2^-x is 2^(-x), as
 * SBML's Level 3 infix parser and Antimony read them.
 * A condition is not a number and a number is no condition; the parser refuses either in place of
 * the other. */
#ifndef GEMEL_EQUATIONS_PARSE_H
#define GEMEL_EQUATIONS_PARSE_H
#include "kinds/equations/text_doc.h"

typedef enum {
  EQT_FN_OP,        /* one operator of as many arguments */
  EQT_FN_FOLD,      /* two or more arguments, from the left: min, max */
  EQT_FN_COMPARE,   /* lt(a, b), ... */
  EQT_FN_LOGIC,     /* and(...), or(...), not(a) */
  EQT_FN_PIECEWISE, /* value, condition, ..., otherwise */
  EQT_FN_LOG,       /* log(base, x) */
  EQT_FN_ROOT,      /* root(n, x) */
  EQT_FN_SQR,
  EQT_FN_RECIPROCAL,    /* 1/op(x): sec(x) */
  EQT_FN_OF_RECIPROCAL, /* op(1/x): arcsec(x) */
  EQT_FN_REMAINDER,     /* a - b*quotient(a, b): has the sign of a */
  EQT_FN_QUOTIENT,      /* a/b without what is behind the point */
  EQT_FN_FACTORIAL,
  EQT_FN_IMPLIES,
  EQT_FN_DELAY,   /* delay(x, tau); these need a network, see eqt_lowering.net */
  EQT_FN_RATE_OF, /* rateOf(name) */
  EQT_FN_AMOUNT,  /* amount(species), concentration(species): outputs only */
  EQT_FN_CONCENTRATION,
  EQT_FN_REFUSED
} eqt_fn_kind;

typedef struct {
  const char *name;
  uint8_t kind, op; /* eqt_fn_kind, ir_op */
  int8_t arg_min, arg_max;
  bool swap;
  const char *refused; /* what to say instead */
  bool soft;           /* its name may be that of a quantity, too */
} eqt_builtin;

extern const eqt_builtin eqt_builtins[];
extern const int32_t eqt_builtin_count;

typedef struct {
  eqt_doc *doc;
  eqt_lexer *lexer;
  const eqt_token *arg; /* names of the arguments of the function being read */
  int32_t arg_count;
  bool in_function;
  int32_t depth; /* brackets, signs and powers now open */
  int32_t nest;  /* deepest function called so far, 0 none */
  bool logical;  /* is what was just read a condition? */
} eqt_parser;

/* Reads one expression and stops at the token that does not belong to it.
 * Fails: GM_EPARSE, GM_EUNSUPPORTED, GM_ERANGE, GM_ENOMEM. */
GM_NODISCARD gm_status eqt_parse(eqt_parser *p, eqt_expr *out);
/* The same, and it must be a number. */
GM_NODISCARD gm_status eqt_parse_number(eqt_parser *p, eqt_expr *out);
/* A text that is one expression and nothing else, a number; its names and units are added to d.
 * where: in front of messages, with a column. *t (which *out refers to) and what it borrows must
 * outlive *out. */
GM_NODISCARD gm_status eqt_parse_alone(eqt_doc *d, const char *expression, const char *where,
                                       eqt_text *t, eqt_expr *out);
#endif
