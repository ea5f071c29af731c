/* fact.h - what sources tell of a subject, on its way into a thread: one measurement, one dose, one
 * property. room: twin
 * Readers of FHIR, CSV and NM-TRAN make facts; a twin's thread keeps them as records whose body is
 * the JSON of docs/thread.md. Numbers stay as they were written. Times are Unix seconds (UTC).
 * Threads: no shared state. */
#ifndef GEMEL_FACT_H
#define GEMEL_FACT_H
#include "gemel/definition.h"
#include "gemel/store.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Texts are borrowed, "" where there is none, never NULL. */
typedef struct {
  gm_record_kind kind; /* OBSERVATION, GIVEN, ORDERED, REPORTED or COVARIATE */
  const char *subject; /* whom it speaks of, as the source names it ("Patient/p1"); "" not said */
  const char *series;  /* the definition's name of the observable, input or covariate */
  double t_true_s;     /* when it was true; of a dose when it began */
  double duration_s;   /* of a dose: how long it took; 0: at once, or not said */
  const char *value;   /* a decimal as it was written, or the name of a level */
  const char *unit;    /* UCUM; "" for levels and pure numbers */
  int8_t censored;     /* 1: below value, -1: above it, 0: measured */
  bool withdrawn;      /* entered in error: the thing is as if it had never been said */
  gm_data_class data_class;
  const char *licence; /* of the data, "" not said */
  const char *source;  /* who says so: a system, a device, a file */
  const char *id;      /* names the thing within the source; the same in all its versions */
  const char *version;
  const char *code; /* "loinc|4548-4" as the source had it */
} gm_fact;

/* Returns other than GM_OK to stop, which the reader then returns. */
typedef gm_status gm_fact_listener(void *user, const gm_fact *f);

/* The value in the definition's unit (a level: its number): of an observation, a dose (an amount;
 * of a rate, which needs duration_s, what it makes) or a covariate. Fails with what is wrong and
 * what was expected, without quoting the value: GM_ENOTFOUND (series or level not of the
 * definition), GM_EUNIT (does not convert; a molar mass is missing), GM_EPARSE (no number),
 * GM_ERANGE. */
GM_API GM_NODISCARD gm_status gm_fact_value(gm_ctx *ctx, const gm_definition *d, const gm_fact *f,
                                            double *out);

/* Body of the record of a fact (kind, series, time, source, id, version stand in the record).
 * Adds to out. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_fact_body(gm_ctx *ctx, const gm_fact *f, gm_text *out);
/* A fact from a record; texts not in the record lie in memory. Fails: GM_EPARSE (no body of a
 * fact), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_fact_read(gm_ctx *ctx, const gm_record_found *r, gm_arena *memory,
                                           gm_fact *out);

#ifdef __cplusplus
}
#endif
#endif
