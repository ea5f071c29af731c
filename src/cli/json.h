/* json.h - writes JSON (RFC 8259) piece by piece; commas and escapes are its care. */
#ifndef GM_CLI_JSON_H
#define GM_CLI_JSON_H
#include "gemel/base.h"

typedef struct {
  gm_text *out; /* borrowed */
  bool comma;   /* something stands before on this level */
  int32_t depth;
} cli_json;

void cli_json_begin(cli_json *j, gm_text *out);
/* key NULL: an element of an array, or the whole. */
void cli_json_object(cli_json *j, const char *key);
void cli_json_array(cli_json *j, const char *key);
void cli_json_end_object(cli_json *j);
void cli_json_end_array(cli_json *j);
/* Bytes that are not UTF-8 become U+FFFD; text NULL becomes null. */
void cli_json_text(cli_json *j, const char *key, const char *text);
void cli_json_number(cli_json *j, const char *key, double v); /* not finite: null */
void cli_json_int(cli_json *j, const char *key, int64_t v);
void cli_json_bool(cli_json *j, const char *key, bool v);
/* JSON made elsewhere. */
void cli_json_raw(cli_json *j, const char *key, const char *json);
void cli_json_numbers(cli_json *j, const char *key, int32_t n, const double *v);
#endif
