/* json_write.h - writes JSON (RFC 8259) piece by piece; commas and escapes are its care.
 * room: base
 * Failures stay in the gm_text (gm_text.status), to be looked at once at the end.
 * Threads: no shared state; one writer is one thread's. */
#ifndef GEMEL_JSON_WRITE_H
#define GEMEL_JSON_WRITE_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct {
  gm_text *out;       /* borrowed */
  int32_t line_depth; /* values down to this depth begin a line of their own; 0: all in one line */
  bool comma;         /* something stands before on this level */
  int32_t depth;
} gm_json_writer;

/* In everything below key NULL is an element of an array, or the whole. */
GM_API void gm_json_write_begin(gm_json_writer *w, gm_text *out, int32_t line_depth);
GM_API void gm_json_write_object(gm_json_writer *w, const char *key);
GM_API void gm_json_write_array(gm_json_writer *w, const char *key);
GM_API void gm_json_write_object_end(gm_json_writer *w);
GM_API void gm_json_write_array_end(gm_json_writer *w);
/* Bytes that are not UTF-8 become U+FFFD; text NULL becomes null. */
GM_API void gm_json_write_text(gm_json_writer *w, const char *key, const char *text);
GM_API void gm_json_write_textn(gm_json_writer *w, const char *key, const char *text, size_t bytes);
/* The fewest of 15, 16 and 17 digits that read back as the same double; not finite: null. */
GM_API void gm_json_write_number(gm_json_writer *w, const char *key, double v);
GM_API void gm_json_write_numbers(gm_json_writer *w, const char *key, int32_t n, const double *v);
/* A number as it was written; what is no number of RFC 8259 makes the text fail with GM_EINVAL. */
GM_API void gm_json_write_decimal(gm_json_writer *w, const char *key, const char *number);
GM_API void gm_json_write_int(gm_json_writer *w, const char *key, int64_t v);
GM_API void gm_json_write_bool(gm_json_writer *w, const char *key, bool v);
GM_API void gm_json_write_null(gm_json_writer *w, const char *key);
/* JSON made elsewhere. */
GM_API void gm_json_write_raw(gm_json_writer *w, const char *key, const char *json);
GM_API void gm_json_write_rawn(gm_json_writer *w, const char *key, const char *json, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
