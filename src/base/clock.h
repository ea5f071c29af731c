/* clock.h - what time it is, for the stamps of records; the system's clock can be set back.
 * Time that is only measured (deadlines, rates) asks CLOCK_MONOTONIC instead. */
#ifndef GEMEL_BASE_CLOCK_H
#define GEMEL_BASE_CLOCK_H
#include <stdint.h>

/* Now [s] since 1970-01-01T00:00:00 UTC, leap seconds not counted. Threads: any. */
double gm__clock_s(void);

/* The same in whole microseconds, cut off and not rounded. Threads: any. */
int64_t gm__clock_us(void);
#endif
