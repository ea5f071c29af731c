/* t1d_record_definition.c - what facts are held against: series, units and codes without a model.
 */
#include "t1d_record_internal.h"
#include <math.h>

static char *glucose_code[] = {"loinc|99504-3", "loinc|105272-9", "nightscout|sgv"};
static char *meter_code[] = {"loinc|2339-0", "loinc|15074-8", "loinc|41653-7", "loinc|14743-9",
                             "nightscout|mbg"};
static char *bolus_code[] = {"nightscout|insulin"}, *basal_code[] = {"nightscout|basal"};
static char *carbs_code[] = {"nightscout|carbs"}, *exercise_code[] = {"nightscout|exercise"};
static char *heart_code[] = {"loinc|8867-4"};
static char *exercise_level[] = {"no", "yes"};
static const double MOLAR_MASS = 180.156; /* of glucose, g/mol */

#define CODES(list) (int32_t)(sizeof list / sizeof list[0])
static gm_observable observables[] = {
    {.name = "glucose",
     .unit = "mg/dL",
     .coding = {glucose_code, CODES(glucose_code), MOLAR_MASS},
     .loq = NAN},
    {.name = "meter",
     .unit = "mg/dL",
     .coding = {meter_code, CODES(meter_code), MOLAR_MASS},
     .loq = NAN},
};
/* code, unit of insulin */
#define INPUTS(insulin_unit)                                                                       \
  {                                                                                                \
    {.name = "bolus", .unit = insulin_unit, .coding = {bolus_code, 1, NAN}},                       \
        {.name = "basal", .unit = insulin_unit, .coding = {basal_code, 1, NAN}},                   \
        {.name = "carbs", .unit = "g", .coding = {carbs_code, 1, NAN}},                            \
  }
static gm_def_input inputs[] = INPUTS("[IU]"), inputs_pmol[] = INPUTS(T1D_INSULIN_UNIT);
static gm_covariate covariates[] = {
    {.name = "heart_rate",
     .unit = "/min",
     .coding = {heart_code, 1, NAN},
     .lower = -INFINITY,
     .upper = INFINITY,
     .fallback = NAN},
    {.name = "exercise",
     .unit = "",
     .coding = {exercise_code, 1, NAN},
     .level = exercise_level,
     .level_count = 2,
     .fallback = 0},
};

#define DEFINITION(inputs_of_it)                                                                   \
  {                                                                                                \
    .observable = observables, .observable_count = 2, .input = inputs_of_it, .input_count = 3,     \
    .covariate = covariates, .covariate_count = 2, .hour = 1                                       \
  }
static const gm_definition definition = DEFINITION(inputs),
                           definition_pmol = DEFINITION(inputs_pmol);

const gm_definition *t1d_record_definition(void) { return &definition; }
const gm_definition *t1d__record_definition_pmol(void) { return &definition_pmol; }
