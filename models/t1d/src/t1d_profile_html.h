/* t1d_profile_html.h - a person's glucose over some days as one page: no network, no script.
 * Order and targets as the consensus has them (Battelino et al., Diabetes Care 42:1593, 2019,
 * tables 1 and 2; type 1 and 2, not pregnant, not older or at high risk). */
#ifndef T1D_PROFILE_HTML_H
#define T1D_PROFILE_HTML_H
#include "t1d_profile.h"

/* All borrowed. */
typedef struct {
  const t1d_profile *profile;
  const t1d_metrics *metrics; /* of the same days */
  /* The readings that both were made of, in minutes of local time since 1970: dates are theirs */
  const t1d_readings *readings;
  const char *account; /* lines on what was read and refused */
  const char *clock;   /* of those minutes: "UTC+2", without markup; NULL: not said */
  const char *doubts;  /* lines on why they may be no series of one person; "" or NULL: none */
} t1d_profile_report;

/* Adds the page to out: head, what data there are and whether they suffice, the metrics with their
 * targets, the profile, the days one by one: of the calendar days in the window the last day_count
 * of the profile and at most 28, so that a day of which the window holds the end alone is not shown
 * as if it were whole. Failure: in out->status. */
void t1d_profile_html(const t1d_profile_report *r, gm_text *out);

/* Adds the days one by one as one SVG: the last day_count local days behind to_min of the readings,
 * a curve each, broken where readings are further apart than bridge_min. The cells end at 350
 * mg/dL; a bar at their upper edge stands where readings are above it. */
void t1d_profile_days_svg(const t1d_readings *r, double to_min, int32_t day_count,
                          double bridge_min, gm_text *out);
#endif
