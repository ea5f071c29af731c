/* sensitivity.h - `gemel sensitivity`: what is asked for, and what came of it. */
#ifndef GM_CLI_SENSITIVITY_H
#define GM_CLI_SENSITIVITY_H
#include "cli/cli.h"
#include "gemel/sensitivity.h"
#include "gemel/system.h"

typedef enum { SENSITIVITY_SOBOL, SENSITIVITY_MORRIS, SENSITIVITY_SHAPLEY } sensitivity_method;

typedef struct {
  cli *c;
  gm_arena *arena;
  gm_model *model;
  gm_model_info info;
  gm_system system;
  gm_unknown *unknown;        /* [unknown_count] in the arena, as theta */
  const gm_eq_output *output; /* NULL: all */
  double *theta;
  int32_t *row;       /* [output_count] rows of the model's outputs */
  const char **name;  /* [output_count] */
  double *z, *y;      /* owned: [points_max] coordinates, outputs of the model */
  int32_t points_max; /* a call of eval */
  double at;
  bool leave_out, pairs; /* pairs: the second order of sobol too */
  sensitivity_method method;
  int32_t log2_rows, nets, trajectories;
  int64_t runs; /* that are asked for */
  gm_function f;
  gm_sobol_shares *sobol;
  gm_morris *morris;
  gm_shapley *shapley;
} sensitivity;

/* Reads the options and opens the model (sensitivity_ask.c). Fails: bad use, as the readers. */
gm_status sensitivity_ask(sensitivity *a);
/* The result as a table or as JSON into cli.out (sensitivity_show.c). */
void sensitivity_show(const sensitivity *a);
const gm_sens_count *sensitivity_count(const sensitivity *a);
#endif
