/* report_text.h - numbers and words as the report shows them. Threads: no state. */
#ifndef GEMEL_INTEROP_REPORT_TEXT_H
#define GEMEL_INTEROP_REPORT_TEXT_H
#include "gemel/base.h"

enum { GM__NUMBER_BYTES = 48, GM__INTERVAL_BYTES = 160 };

/* text with & < > " ' as references, control characters (but tab and line feed) left out and bytes
 * that are not UTF-8 as U+FFFD, so that nobody's name can become markup. */
void gm__html_text(gm_text *out, const char *text);

/* Three significant digits, no exponent from 1e-3 up to 1e5; NaN: an en dash. Returns out. */
const char *gm__number(double v, char out[GM__NUMBER_BYTES]);
/* As recorded: up to six significant digits, no zeros behind. */
const char *gm__number_given(double v, char out[GM__NUMBER_BYTES]);
/* "0.133 (0.090 to 0.196)", with no-break spaces in the brackets: as many decimals for all three
 * as the largest one has. */
const char *gm__interval(double v, double low, double high, char out[GM__INTERVAL_BYTES]);
/* A utility, gain or regret, which lie within -1..1: three decimals; "<0.001" is not nothing. */
const char *gm__utility(double v, char out[GM__NUMBER_BYTES]);
const char *gm__utility_interval(double v, double low, double high, char out[GM__INTERVAL_BYTES]);
/* A probability or share: "63 %", "<1 %", ">99 %". Exactly 0 or 1 is shown so only when certain. */
const char *gm__percent(double p, bool certain, char out[GM__NUMBER_BYTES]);
/* The unit with a space in front of it, "" for a pure number ("1" or none). Returns out, cut to its
 * size. */
const char *gm__unit_after(const char *unit, char out[GM__INTERVAL_BYTES]);
#endif
