/* control.h - inside of control: members led through periods by their own choices. */
#ifndef GEMEL_METHODS_CONTROL_H
#define GEMEL_METHODS_CONTROL_H
#include "gemel/control.h"

gm_status gm__control_check(gm_ctx *ctx, const gm_control *c);
double gm__control_time(const gm_control *c, int32_t decision);

/* Drives of every choice, shifted to one decision's time. Zero before the first use. */
typedef struct {
  gm_edge *edge;
  gm_drive *drive; /* [choice_count] */
} control_drives;
gm_status gm__control_drives_new(gm_ctx *ctx, const gm_control *c, control_drives *d);
void gm__control_drives_free(control_drives *d);
void gm__control_drives_at(const gm_control *c, control_drives *d, int32_t decision);

/* An ensemble at t_first: the system's prior with keys replicate..., led along the system's own
 * drive. slot_same: every member the same slot, its key number replicate + m (episodes). */
gm_status gm__control_begin(gm_ctx *ctx, const gm_control *c, int32_t n, uint64_t replicate,
                            gm_ensemble **out);
#endif
