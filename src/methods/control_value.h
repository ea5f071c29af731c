/* control_value.h - inside of a learned policy. */
#ifndef GEMEL_METHODS_CONTROL_VALUE_H
#define GEMEL_METHODS_CONTROL_VALUE_H
#include "methods/control.h"

enum { GM_DEGREE_MAX = 8, GM_TERMS_MAX = 512 };

typedef struct control_grid control_grid; /* control_grid.c */

struct gm_policy {
  const gm_control *c;
  control_grid *grid; /* instead of all that is fitted; or NULL */
  double discount;    /* a decision */
  gm_value_options o;
  int32_t ny, np, d, terms; /* outputs, parameters, features, monomials */
  uint8_t *power;           /* [terms][d] exponents */
  double *scale;            /* [decision][4][d] mean, sd, least, most of each feature */
  double *coefficient;      /* [decision][choice][terms] */
};

void gm__grid_free(control_grid *g);
double gm__grid_value(const gm_policy *p, int32_t decision, int32_t choice, const double *y);
#endif
