/* mode_curvature.h - derivatives of the energy of a posterior around one point.
 * room: methods
 * Around the point u they are taken in coordinates v with u + K^-T v, where K K' is about the
 * Hessian: there every direction has about unit curvature, so that one step size fits all and
 * ridges cost no digits. */
#ifndef GM_METHODS_MODE_CURVATURE_H
#define GM_METHODS_MODE_CURVATURE_H
#include "methods/infer_posterior.h"

/* Slope of the energy and its Gauss-Newton Hessian in u, I + sum of gm__datum_information(f)
 * (df/du)(df/du)', from one batch of predictions: central differences of step 1e-3. The Hessian is
 * positive definite. u[d] -> gradient[d], hessian[d*d]. Fails: GM_ENUMERIC (a prediction at u or
 * beside it is not finite), GM_ENOMEM, GM_ECANCELLED, as predict. */
GM_NODISCARD gm_status gm__mode_slopes(gm__posterior *q, const double *u, double *gradient,
                                       double *hessian);

typedef struct {
  gm__posterior *q;
  const double *u; /* [d] the point       */
  const double *k; /* [d*d] lower factor  */
  double *at;      /* [d * at_room] owned */
  int32_t at_room;
} gm__local;

void gm__local_close(gm__local *a);
/* out = a->u + K^-T v; out may be v but not a->u */
void gm__local_point(const gm__local *a, const double *v, double *out);
/* A gm_batch_f of a gm__local: the energy at v[n*d]. */
gm_status gm__local_energy(void *local, int32_t n, const double *v, double *value);
/* gradient[d] by v at v = 0, five-point differences of step 0.003. value: the energy there. */
GM_NODISCARD gm_status gm__local_gradient(gm__local *a, double value, double *gradient);
/* hessian[d*d] by v at v = 0, differences of fourth order along the axes and the diagonals of every
 * pair of axes: 4d + 4d(d-1) points. Step 0.1; when a point is impossible, 4 times smaller, three
 * times. Fails: GM_ENUMERIC, GM_ENOMEM, as predict. */
GM_NODISCARD gm_status gm__local_hessian(gm__local *a, double value, double *hessian);
#endif
