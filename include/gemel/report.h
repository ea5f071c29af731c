/* report.h - one self-contained HTML file about a twin: no network, no script.
 * room: interop */
#ifndef GEMEL_REPORT_H
#define GEMEL_REPORT_H
#include "gemel/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

/* All borrowed. Parts that are NULL are left out of the report, and the report says so. */
typedef struct {
  const gm_twin *twin;
  const gm_forecast *forecast;   /* of the twin, over history and horizon, plan as_it_is, or: */
  bool as_recorded;              /* it is made under the doses that the records have after now */
  const gm_forecast *population; /* the same from the prior */
  const gm_comparison *comparison;
  const gm_proposal *proposal;
  const gm_forecast *proposed; /* forecast under the first proposal, from t_now on */
  const char *data_path;       /* shown as the source of the data */
  const char *note;            /* a sentence at the top, for example where the prior stems from */
} gm_report_input;

/* Fails: GM_ENOMEM. html is added to out. */
GM_API GM_NODISCARD gm_status gm_report_html(gm_ctx *ctx, const gm_report_input *in, gm_text *out);

#ifdef __cplusplus
}
#endif
#endif
