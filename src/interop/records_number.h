/* records_number.h - numbers as a data file writes them: decimal, finite, whatever the locale. */
#ifndef GM_INTEROP_RECORDS_NUMBER_H
#define GM_INTEROP_RECORDS_NUMBER_H
#include <locale.h>
#include <stdbool.h>

/* "", "." and "NA" stand for no value. */
bool gm__cell_missing(const char *cell);

/* Reads `[+-] digits [. digits] [e [+-] digits]` (digits on one side of the point are enough) to
 * the nearest double. Returns NULL, or what is wrong and what was expected (static text; *out is
 * then as it was). c: the C locale. */
const char *gm__cell_number(const char *cell, locale_t c, double *out);
#endif
