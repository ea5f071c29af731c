/* t1d_subject.h - virtual people with type 1 diabetes, and the model they are members of.
 * The thirty subjects are those of the UVA/Padova simulator of 2008 in the numbers that simglucose
 * publishes under the MIT licence (README.md says what is known of where they come from): test
 * people, not a population. Threads: immutable. */
#ifndef T1D_SUBJECT_H
#define T1D_SUBJECT_H
#include "gemel/equations.h"

enum { T1D_SUBJECT_COUNT = 30, T1D_PARAMETER_COUNT = 31 };

typedef enum { T1D_ADOLESCENT, T1D_ADULT, T1D_CHILD } t1d_group;

typedef struct {
  const char *id; /* "adult001"; static text */
  double age_a;
  double cr_g_per_u;    /* carbohydrate ratio that comes with the subject, g a unit of insulin */
  double cf_mgdl_per_u; /* correction factor, mg/dL a unit */
  double tdi_u_per_day; /* total daily insulin */
  double basal_u_per_h; /* rate that keeps it at its fasting glucose Gb */
  double theta[T1D_PARAMETER_COUNT]; /* in the order of t1d_parameter_name, units as in s2008.ant */
} t1d_subject;

/* Names of the parameters of s2008.ant that a subject has; static text. */
extern const char *const t1d_parameter_name[T1D_PARAMETER_COUNT];

const t1d_subject *t1d_subject_at(int32_t index); /* from 0; NULL: there is none */
const t1d_subject *t1d_subject_find(const char *id);
t1d_group t1d_subject_group(const t1d_subject *s);

/* Tolerances 0: those with which all thirty subjects stay within 0.02 mg/dL of the reference
 * (tests/t1d/test_parity.c). output NULL and 0: glucose in plasma G and under the skin CGM, mg/dL.
 * The model of models/t1d/s2008.ant, which is part of the program. *out is owned by the caller.
 * Fails: as gm_model_new. */
GM_NODISCARD gm_status t1d_s2008_new(gm_ctx *ctx, const gm_eq_config *config, gm_model **out);

/* A subject's parameters as a member of that model, the rest at the model's own values:
 * theta[i*stride]. Fails: GM_EINVAL (a model without one of the parameters), theta as it was. */
GM_NODISCARD gm_status t1d_subject_theta(gm_ctx *ctx, const t1d_subject *s, const gm_model *model,
                                         double *theta, ptrdiff_t stride);
#endif
