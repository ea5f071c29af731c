/* t1d_course.h - what a person eats and is given, as edges of s2008.ant.
 * Times in min. A course is written ahead of a cursor and read off in stretches that follow each
 * other, so that a loop may decide at every stretch what comes next.
 * Conventions are those of simglucose (facts of its README and issues): a meal is eaten at 5 g a
 * minute in bites of one minute, the last one what is left; a meal that comes while one is eaten
 * lengthens it; a bolus is given evenly over one minute.
 * Threads: one call at a time on one course. */
#ifndef T1D_COURSE_H
#define T1D_COURSE_H
#include "t1d_subject.h"
#include "gemel/ensemble.h"

typedef struct t1d_course t1d_course;

/* For a member of `model` (s2008.ant, its ports by name) that weighs bw_kg, from t_min on, without
 * insulin. *out is owned by the caller. Fails: GM_EDOMAIN, GM_EINVAL (ports), GM_ENOMEM. */
GM_NODISCARD gm_status t1d_course_new(gm_ctx *ctx, const gm_model *model, double bw_kg,
                                      double t_min, t1d_course **out);
void t1d_course_free(t1d_course *c); /* NULL ok */
/* The same course at the same place: what comes next may be read off it and not be spent.
 * *out is owned by the caller. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status t1d_course_copy(const t1d_course *c, gm_ctx *ctx, t1d_course **out);

/* What is on the plate and to be eaten, or boluses that run and are to come, never happen. */
void t1d_course_clear(t1d_course *c, bool meals, bool boluses);
/* The rate that goes on when all that was told is over (behind a temporary one the rate that it
 * gives way to), U/h. */
double t1d_course_basal_last(const t1d_course *c);
/* What decides the future, added to *out as bytes (no checksum of their own; errors are
 * out->status); load: into a course of the same model and weight. Fails: GM_EPARSE, GM_ENOMEM, *c
 * as it was. */
void t1d_course_save(const t1d_course *c, gm_text *out);
GM_NODISCARD gm_status t1d_course_load(t1d_course *c, gm_ctx *ctx, const void *data, size_t bytes);

/* Carbohydrate to be eaten from t_min on, g; insulin at once, units; basal rate from t_min on,
 * units/h, in place of the one before and of those that were told for later. Fails: GM_EDOMAIN
 * (before the cursor, negative, not finite), GM_ENOMEM; the course is as it was. */
GM_NODISCARD gm_status t1d_course_meal(t1d_course *c, gm_ctx *ctx, double t_min, double carbs_g);
GM_NODISCARD gm_status t1d_course_bolus(t1d_course *c, gm_ctx *ctx, double t_min, double dose_u);
GM_NODISCARD gm_status t1d_course_basal(t1d_course *c, gm_ctx *ctx, double t_min,
                                        double rate_u_per_h);

/* Edges in [cursor, t1_min), sorted; the cursor goes to t1_min. *out: borrowed until the next call.
 * Fails: GM_EDOMAIN (t1_min before the cursor), GM_ENOMEM. */
GM_NODISCARD gm_status t1d_course_read(t1d_course *c, gm_ctx *ctx, double t1_min, gm_drive *out);
#endif
