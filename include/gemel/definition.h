/* definition.h - a model put to use: what twin.yaml says, checked and compiled.
 * room: twin
 * The meaning of every field is in docs/definition.md. All texts and arrays are owned by the
 * definition; it is immutable after reading and may be shared by threads. */
#ifndef GEMEL_DEFINITION_H
#define GEMEL_DEFINITION_H
#include "gemel/expr.h"
#include "gemel/infer.h"
#include "gemel/model.h"
#include "gemel/quality.h"
#include "gemel/unit.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What a thing is called elsewhere. */
typedef struct {
  char **code; /* "loinc|29463-7": SYSTEM|CODE, the system a URL or a short name (docs/fhir.md) */
  int32_t count;
  double molar_mass_g_per_mol; /* NaN: not stated; mass and amount do not convert then */
} gm_coding;

typedef struct {
  char *name, *unit; /* unit: canonical UCUM, "" for levels */
  gm_coding coding;
  char **level;        /* categorical: the value is the number of its level, 0, 1, ... */
  int32_t level_count; /* 0: a number */
  double lower, upper; /* where the population was studied (`range`); infinite: not stated */
  double fallback;     /* `default`; NaN: none, a subject without it is refused */
} gm_covariate;

typedef enum { GM_SPREAD_NONE, GM_SPREAD_LOGNORMAL, GM_SPREAD_NORMAL, GM_SPREAD_LOGIT } gm_spread;

/* Individual value = typical * covariate * exp(eta + kappa) for lognormal, typical * covariate +
 * eta + kappa for normal, expit(logit(typical * covariate) + eta + kappa) for logit. */
typedef struct {
  char *name, *unit, *source;
  gm_expr *typical;   /* over covariates, then `occasion`; a number is a constant expression */
  gm_expr *covariate; /* factor, NULL: 1 */
  gm_spread spread;   /* between subjects */
  double spread_sd;
  gm_spread occasion_spread; /* NONE or the same kind as spread */
  double occasion_sd;
  int32_t eta;       /* number of its random effect, -1 none */
  int32_t occasion;  /* number of its effect by occasion, -1 none */
  int32_t parameter; /* row of the model's parameter table; -1: known to the definition only */
  double to_model;   /* model value = individual value * to_model (units) */
} gm_def_parameter;

typedef struct {
  char *name, *into, *unit;
  gm_coding coding;
  int32_t port;
  double to_model; /* amount in the model's unit = amount * to_model */
  int32_t clears;  /* port + 1 whose state becomes 0 when a dose arrives; 0: none */
  /* over the definition's parameters, then its covariates; NULL: 0, 1, not modelled */
  gm_expr *lag, *availability, *duration, *rate;
} gm_def_input;

typedef enum { GM_ERROR_ROOT_SUM_SQUARE, GM_ERROR_SUM } gm_error_form;

typedef struct {
  char *name, *unit, *is, *label;
  gm_coding coding;
  int32_t output;                /* row of the model's output table */
  double additive, proportional; /* standard deviations: sd^2 = a^2 + (b f)^2, or sd = a + b f */
  gm_error_form form;
  bool log_scale;     /* `scale: log`: ln(value) has error sd `additive`, no proportional part */
  double loq;         /* lower limit of quantification; NaN none */
  bool censor_zero;   /* values at or below 0 are taken as below loq */
  gm_count_law count; /* `error: {counts: ...}`: then share and size, and no additive part */
  double share, size;
  gm_quality_rules *quality; /* `quality`: how its data are checked, noise as `error` says;
                                NULL: not stated. unix_h is for the caller to set on a copy. */
} gm_observable;

typedef enum {
  GM_TARGET_RANGE,  /* the observable itself, at every time of the horizon: time in range */
  GM_TARGET_TROUGH, /* just before the next dose */
  GM_TARGET_PEAK,   /* highest within an interval */
  GM_TARGET_AUC24,  /* area under the curve over 24 h at the end of the horizon */
  GM_TARGET_AVERAGE /* mean over the last interval */
} gm_target_kind;

typedef struct {
  char *observable, *unit;
  int32_t index; /* of the observable */
  gm_target_kind kind;
  double low, high, best; /* best NaN: the middle, or the bound where only one is finite */
} gm_def_target;

typedef struct {
  char *input;
  int32_t index;
  double *dose; /* in the input's unit, ascending */
  int32_t dose_count;
  double *every; /* in the model's unit of time, ascending */
  int32_t every_count;
  double duration; /* of an infusion, in the model's unit of time; 0: as the input says */
} gm_action;

typedef struct {
  char *input;
  int32_t index;
  double per_day, per_dose; /* in the input's unit; infinite: none */
  double interval_least;    /* in the model's unit of time; 0: none */
} gm_limit;

typedef struct {
  char *observable, *against; /* against: "population", "last-value", ... */
  int32_t index;
  double within; /* share, for example 0.1 for `10 %`; NaN when absolute */
  double within_absolute;
  double at; /* in the model's unit of time */
} gm_need;

typedef struct {
  char *text, *on; /* on: the parameter or term it rests on, "" */
} gm_assumption;

typedef struct {
  char *path, *folder;
  char *twin, *question, *context_of_use, *title;
  char *model_file;
  gm_model *model;
  double hour; /* one hour in the model's unit of time (24 h a day: 24*hour) */
  double
      update_within_s; /* `update-within`: a datum must change the belief by then [s]; NaN none */
  bool nocb;           /* covariates between records: next value (true) or last value */
  gm_covariate *covariate;
  gm_def_parameter *parameter;
  gm_def_input *input;
  gm_observable *observable;
  gm_def_target *target;
  gm_action *action;
  gm_limit *limit;
  gm_need *need;
  gm_assumption *assumption;
  char **source; /* literature, in order */
  int32_t covariate_count, parameter_count, input_count, observable_count, target_count,
      action_count, limit_count, need_count, assumption_count, source_count;
  int32_t eta_count, occasion_effect_count;
  double *omega;          /* [eta_count^2] covariance between subjects */
  double *eta_mean;       /* [eta_count] of a learned prior (prior.h); NULL: 0 */
  double *occasion_omega; /* [occasion_effect_count^2] */
  void *memory;           /* private */
} gm_definition;

/* Reads twin.yaml and the model it names (a path relative to the file's folder). *out is owned by
 * the caller. Fails with "file:line: field: what, what was expected": GM_EPARSE, GM_EUNIT,
 * GM_ENOTFOUND, GM_ERANGE, GM_EIO, GM_EUNSUPPORTED (a field known but not yet carried out),
 * GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_definition_read(gm_ctx *ctx, const char *path,
                                                 gm_definition **out);
/* The same with the model from another path than the file names. */
GM_API GM_NODISCARD gm_status gm_definition_read_as(gm_ctx *ctx, const char *path,
                                                    const char *model_path, gm_definition **out);
GM_API void gm_definition_free(gm_definition *d);                                  /* NULL ok */
GM_API int32_t gm_definition_observable(const gm_definition *d, const char *name); /* or -1 */
GM_API int32_t gm_definition_input(const gm_definition *d, const char *name);
GM_API int32_t gm_definition_covariate(const gm_definition *d, const char *name);
GM_API int32_t gm_definition_parameter(const gm_definition *d, const char *name);

#ifdef __cplusplus
}
#endif
#endif
