/* t1d_json.h - JSON text, written in order: what verbs print with --json.
 * keys are static names; NULL inside an array. Failures stay in the text's status.
 * Threads: no shared state. */
#ifndef T1D_JSON_H
#define T1D_JSON_H
#include "gemel/base.h"

typedef struct {
  gm_text *out; /* borrowed */
  bool more;    /* something stands before on this level */
} t1d_json;

void t1d_json_open(t1d_json *j, const char *key, char bracket); /* '{' or '[' */
void t1d_json_close(t1d_json *j, char bracket);                 /* '}' or ']' */
void t1d_json_text(t1d_json *j, const char *key, const char *text);
void t1d_json_number(t1d_json *j, const char *key, double v); /* 12 digits; NaN, inf: null */
void t1d_json_whole(t1d_json *j, const char *key, int64_t v);
void t1d_json_bool(t1d_json *j, const char *key, bool v);
#endif
