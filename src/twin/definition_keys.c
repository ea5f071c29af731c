/* definition_keys.c - every key a definition may have. docs/twin.schema.json says the same, and a
 * test holds the two together. */
#include "twin/definition_internal.h"

static const char *const top[] = {"twin",           "title",         "question",
                                  "context-of-use", "model",         "kind",
                                  "solver",         "subject",       "covariates-between-records",
                                  "inputs",         "parameters",    "correlations",
                                  "observables",    "targets",       "actions",
                                  "limits",         "need",          "assumptions",
                                  "sources",        "update-within", NULL};
static const char *const solver[] = {"rtol", "atol", "method", "step-longest", NULL};
static const char *const covariate[] = {"unit",  "levels",  "code", "molar-mass",
                                        "range", "default", NULL};
static const char *const input[] = {
    "into",     "unit", "code",   "molar-mass", "lag", "bioavailability",
    "duration", "rate", "clears", NULL};
static const char *const parameter[] = {"typical",   "unit",  "between-subjects", "occasion",
                                        "covariate", "fixed", "source",           NULL};
static const char *const spread[] = {"lognormal", "normal", "logit", NULL};
static const char *const variance[] = {"variance", NULL};
static const char *const correlation[] = {"between", "is", NULL};
static const char *const observable[] = {"is",         "unit",        "error",   "scale",
                                         "loq",        "censor-zero", "label",   "code",
                                         "molar-mass", "sensor",      "quality", NULL};
static const char *const error[] = {"additive", "proportional", "form", "counts",
                                    "share",    "size",         NULL};
static const char *const quality[] = {"possible", "plausible",  "sensor",   "typical", "rise",
                                      "fall",     "resolution", "every",    "gap",     "dip",
                                      "units",    "weights",    "hold-out", NULL};
static const char *const dip[] = {"depth", "rate", "within", "back", NULL};
static const char *const target[] = {"low", "high", "best", "of", "unit", NULL};
static const char *const action[] = {"doses", "every", "duration", NULL};
static const char *const limit[] = {"per-day", "per-dose", "interval-least", NULL};
static const char *const need[] = {"within", "within-absolute", "at", "against", NULL};
static const char *const assumption[] = {"text", "on", NULL};

const gm_def_keys gm__def_keys[GM_DEF_PLACE_COUNT] = {
    [GM_DEF_TOP] = {"", top},
    [GM_DEF_SOLVER] = {"solver", solver},
    [GM_DEF_COVARIATE] = {"subject.*", covariate},
    [GM_DEF_INPUT] = {"inputs.*", input},
    [GM_DEF_PARAMETER] = {"parameters.*", parameter},
    [GM_DEF_SPREAD] = {"parameters.*.between-subjects", spread},
    [GM_DEF_VARIANCE] = {"parameters.*.between-subjects.lognormal", variance},
    [GM_DEF_CORRELATION] = {"correlations.[]", correlation},
    [GM_DEF_OBSERVABLE] = {"observables.*", observable},
    [GM_DEF_ERROR] = {"observables.*.error", error},
    [GM_DEF_QUALITY] = {"observables.*.quality", quality},
    [GM_DEF_DIP] = {"observables.*.quality.dip", dip},
    [GM_DEF_TARGET] = {"targets.*", target},
    [GM_DEF_ACTION] = {"actions.*", action},
    [GM_DEF_LIMIT] = {"limits.*", limit},
    [GM_DEF_NEED] = {"need.*", need},
    [GM_DEF_ASSUMPTION] = {"assumptions.[]", assumption},
};
