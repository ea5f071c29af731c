/* filter_kalman.c - Kalman filters on the macro view. */
#include "methods/filter.h"

gm_status gm__kalman_new(gm_filter *f, gm_ctx *ctx)
{
  (void)f;
  return gm_fail(ctx, GM_EUNSUPPORTED, "Kalman filters are not there yet");
}
void gm__kalman_free(gm_filter *f) { (void)f; }
gm_status gm__kalman_take(gm_filter *f, gm_ctx *ctx, const gm_reading *r, int32_t count,
                          gm_filter_news *news)
{
  (void)f;
  (void)r;
  (void)count;
  (void)news;
  return gm_fail(ctx, GM_EUNSUPPORTED, "Kalman filters are not there yet");
}
