/* lexer.h - model text cut into tokens, and messages that say where.
 *
 * A token is a place in the text, not a copy. Lines and columns are counted only for a message;
 * a column is a character (not a byte) from 1. */
#ifndef GEMEL_EQUATIONS_LEXER_H
#define GEMEL_EQUATIONS_LEXER_H
#include "gemel/base.h"

enum {
  EQT_TEXT_BYTES_MAX = 1 << 20,
  EQT_NAME_BYTES_MAX = 255,
  EQT_NUMBER_BYTES_MAX = 400, /* more digits than any double needs to be written out */
  EQT_COMMENT_BYTES_MAX = 1000
};

/* A text being read. All borrowed. */
typedef struct {
  gm_ctx *ctx;
  const char *data;
  int32_t bytes;
  const char *where; /* put in front of messages */
  bool file;         /* messages: "where:line:column: ..."; otherwise "where: column n: ..." */
} eqt_text;

/* Kinds of token; a single character stands for itself. */
typedef enum {
  EQT_END = 0,
  EQT_LINE = '\n',
  EQT_NUMBER = 256,
  EQT_NAME,   /* may have dots inside: A.x */
  EQT_STRING, /* at and bytes include the quotes */
  EQT_LE,
  EQT_GE,
  EQT_EQ,
  EQT_NE,
  EQT_AND,
  EQT_OR,
  EQT_BECOMES, /* := */
  EQT_ARROW    /* -> or => */
} eqt_kind;

typedef struct {
  int kind;
  int32_t at, bytes;
  double value; /* EQT_NUMBER */
} eqt_token;

/* The reading head. now is the present token. comment: the last one-line comment passed. */
typedef struct {
  const eqt_text *text;
  int32_t at;
  eqt_token now;
  int32_t comment_at, comment_bytes; /* comment_at -1: none since it was last set to -1 */
} eqt_lexer;

/* Records "where:line:column: message" and returns s. */
gm_status eqt_fail(const eqt_text *t, int32_t at, gm_status s, const char *format, ...)
    GM_PRINTF(4, 5);
/* Line and column, from 1, of a place in the text. */
void eqt_place(const eqt_text *t, int32_t at, int32_t *line_out, int32_t *column_out);
/* Takes data as a text. Fails: GM_ERANGE (longer than 1 MB), GM_EPARSE (control characters, bytes
 * that are not UTF-8). */
GM_NODISCARD gm_status eqt_text_check(gm_ctx *ctx, const char *data, const char *where, bool file,
                                      eqt_text *out);

/* Starts at a place and reads the first token. */
GM_NODISCARD gm_status eqt_start(eqt_lexer *l, const eqt_text *t, int32_t at);
GM_NODISCARD gm_status eqt_next(eqt_lexer *l);
bool eqt_is(const eqt_lexer *l, const char *name); /* is the present token this word? */
/* For messages: `"x"`, "the end of the line", ... Written into text, which is returned. */
const char *eqt_token_text(const eqt_lexer *l, char text[80]);
bool eqt_dotted(const eqt_text *t, eqt_token name); /* A.x */
bool eqt_same(const eqt_text *t, eqt_token token, const char *word);
#endif
