/* number.h - numbers in text, the same in every locale. */
#ifndef GEMEL_BASE_NUMBER_H
#define GEMEL_BASE_NUMBER_H
#include <stdbool.h>

/* The whole text as one decimal number, correctly rounded: [sign] digits [. digits] [e [sign]
 * digits], no spaces, no hexadecimal, no nan or inf, at most 63 characters. False: *out is left. */
bool gm__number_parse(const char *text, double *out);
#endif
