/* number.h - numbers in text, the same in every locale. */
#ifndef GEMEL_BASE_NUMBER_H
#define GEMEL_BASE_NUMBER_H
#include <stdbool.h>
#include <stdint.h>

enum { GM__NUMBER_TEXT_BYTES = 32 };

/* The whole text as one decimal number, correctly rounded: [sign] digits [. digits] [e [sign]
 * digits], no spaces, no hexadecimal, no nan or inf, at most 63 characters. False: *out is left. */
bool gm__number_parse(const char *text, double *out);
/* The decimal number that a text begins with: the longest beginning of the form above. Returns how
 * many bytes it takes, 0 when there is none, -1 when it is beyond the doubles or takes more than
 * 400 bytes, -2 when there is no memory; *out is left unless there is one. */
int32_t gm__number_begin(const char *text, double *out);

/* v in 17 significant digits with a decimal point, so that gm__number_parse gives the same double
 * back; inf and nan as printf has them. Returns out. */
const char *gm__number_text(double v, char out[GM__NUMBER_TEXT_BYTES]);
/* Puts one '.' for whatever a locale wrote between the digits of text, in place; the decimal sign
 * of a locale may take several bytes. Returns text. */
char *gm__number_point(char *text);
#endif
