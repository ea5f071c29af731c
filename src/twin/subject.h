/* subject.h - inside of a subject. */
#ifndef GEMEL_TWIN_SUBJECT_H
#define GEMEL_TWIN_SUBJECT_H
#include "gemel/twin.h"

/* A stretch with the same covariates and occasion. Values hold from t_from (the time of the record
 * before, or -infinity) on. */
typedef struct {
  double t_from;
  int32_t order; /* of the record it begins with; 0: after everything of t_from */
  int32_t occasion;
  double *covariate; /* [covariate_count], into the subject's memory */
} subject_stretch;

struct gm_subject {
  gm_ctx *ctx;
  const gm_definition *d;
  const gm_records *r;
  const char *id;
  int32_t number;
  gm_event *event;
  gm_datum *datum;
  int32_t *datum_order; /* record order of the datum, for ties with doses */
  subject_stretch *stretch;
  double *values;    /* covariates of the stretches */
  int32_t *occasion; /* OCC of each occasion, in the order they appear */
  double *prior;
  int32_t event_count, datum_count, stretch_count, occasion_count, dim;
  double t_first, t_last;
};

const subject_stretch *gm__subject_stretch_at(const gm_subject *s, double t);
/* Do typical values make sense with the covariates of every stretch? Fails: GM_EDOMAIN. */
gm_status gm__subject_check(gm_ctx *ctx, const gm_subject *s);
/* Individual values in one stretch; value[parameter_count]. */
void gm__subject_values(const gm_subject *s, const subject_stretch *w, const double *z,
                        double *value);
/* Would a twin by these options go on from the saved bytes (gm_twin.paths)? */
bool gm__twin_resumes(const gm_definition *d, const gm_subject *s, const gm_twin_options *o,
                      const void *data, size_t bytes);
/* Sets mode, members, lineage, residuals, fit and alarm of a twin. Fails: as gm_twin_new. */
gm_status gm__twin_learn(gm_ctx *ctx, gm_twin *t, const gm_twin_options *o);
#endif
