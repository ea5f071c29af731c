/* definition_internal.h - the parts of the reader of twin.yaml.
 *
 * Order of reading: texts, subject, observables, model, parameters, inputs, and what is built on
 * them. Everything but the model and the expressions lies in one arena, so that a failure anywhere
 * is undone by gm_definition_free. */
#ifndef GEMEL_TWIN_DEFINITION_INTERNAL_H
#define GEMEL_TWIN_DEFINITION_INTERNAL_H
#include "gemel/definition.h"
#include "base/yaml.h"

/* The places of a definition that are maps with fixed keys. */
typedef enum {
  GM_DEF_TOP,
  GM_DEF_SOLVER,
  GM_DEF_COVARIATE,
  GM_DEF_INPUT,
  GM_DEF_PARAMETER,
  GM_DEF_SPREAD,
  GM_DEF_VARIANCE,
  GM_DEF_CORRELATION,
  GM_DEF_OBSERVABLE,
  GM_DEF_ERROR,
  GM_DEF_QUALITY,
  GM_DEF_DIP,
  GM_DEF_TARGET,
  GM_DEF_ACTION,
  GM_DEF_LIMIT,
  GM_DEF_NEED,
  GM_DEF_ASSUMPTION,
  GM_DEF_PLACE_COUNT
} gm_def_place;

/* A place: path in the file (`*` any name, `[]` any item of a list) and its keys, NULL behind. */
typedef struct {
  const char *path;
  const char *const *key;
} gm_def_keys;
extern const gm_def_keys gm__def_keys[GM_DEF_PLACE_COUNT];

/* A model's or definition's quantity: a unit read, and its UCUM code (in the arena). */
typedef struct {
  gm_unit unit;
  char *code; /* NULL: none stated */
} gm_def_unit;

typedef struct {
  gm_ctx *ctx;
  gm_definition *d;
  gm_arena *keep; /* lives with the definition */
  gm_arena *work; /* lives as long as the reading */
  gm_yaml *root;
  const char *model_path; /* NULL: as the file says */
  gm_model_info info;
  gm_def_unit time;
  gm_def_unit *covariate, *parameter, *input, *observable; /* units of d's arrays */
  bool *measured; /* [observable_count] has an error model */
} gm_def;

/* ---- definition_value.c ---------------------------------------------------------------------- */
/* Zeroed memory of the definition. Fails: GM_ENOMEM. */
GM_NODISCARD gm_status gm__def_get(gm_def *r, ptrdiff_t count, size_t bytes, void *p_address);
GM_NODISCARD gm_status gm__def_keep(gm_def *r, const char *text, char **out);
/* The place in an array of names nearest to a word by letters to change; -1: none is near. */
int32_t gm__def_nearest(const char *word, const char *const *name, int32_t count);
/* Fails: "unknown KIND; nearest is 'X'; known are: ..." (GM_ENOTFOUND, at node or its key). */
gm_status gm__def_unknown(const gm_yaml *node, const char *key, gm_status s, const char *what,
                          const char *word, const char *const *name, int32_t count);
/* Checks that node is a map with keys of the place only, or a map of free names (place < 0). */
GM_NODISCARD gm_status gm__def_map(const gm_yaml *node, int32_t place);
GM_NODISCARD gm_status gm__def_list(const gm_yaml *node); /* a list with at least one item */
/* The value of a mandatory key; expected describes it for the message. */
GM_NODISCARD gm_status gm__def_need(const gm_yaml *map, const char *key, const char *expected,
                                    gm_yaml **out);
GM_NODISCARD gm_status gm__def_text(gm_def *r, const gm_yaml *node, char **out);
/* The text of an optional key; *out is "" when it is not there. */
GM_NODISCARD gm_status gm__def_text_of(gm_def *r, const gm_yaml *map, const char *key, char **out);
/* The keys `code` (one or a list) and `molar-mass`. */
GM_NODISCARD gm_status gm__def_coding(gm_def *r, const gm_yaml *map, gm_coding *out);
/* Is the node's key a name: a letter, then letters, digits, _ (and - . unless for formulas)? */
GM_NODISCARD gm_status gm__def_name(gm_def *r, const gm_yaml *node, bool formula, char **out);
GM_NODISCARD gm_status gm__def_choice(const gm_yaml *node, const char *const *name, int32_t count,
                                      int32_t *out);
GM_NODISCARD gm_status gm__def_bool(const gm_yaml *node, bool *out);
GM_NODISCARD gm_status gm__def_number(const gm_yaml *node, double *out);
GM_NODISCARD gm_status gm__def_unit(gm_def *r, const gm_yaml *map, const char *example,
                                    gm_def_unit *out);
/* Reads a unit that a model states; *out.code is NULL for "". */
GM_NODISCARD gm_status gm__def_model_unit(gm_def *r, const char *code, gm_def_unit *out);
/* How many `to` one `from` is: one kind, no silent step between mass and amount of substance.
 * Fails at the node: GM_EUNIT; whose (NULL: not said) names what has the unit `to`. */
GM_NODISCARD gm_status gm__def_factor(gm_def *r, const gm_yaml *node, const gm_def_unit *from,
                                      const gm_def_unit *to, const char *whose, double *out);

typedef enum {
  GM_DEF_BARE = 1,  /* a number without unit is in the unit expected */
  GM_DEF_POINT = 2, /* a point on a scale (37 Cel), not a difference or size */
  GM_DEF_POSITIVE = 4,
  GM_DEF_NOT_NEGATIVE = 8
} gm_def_amount_flags;
/* Reads "15 mg" or, if allowed, 15, into the unit `to`. */
GM_NODISCARD gm_status gm__def_amount(gm_def *r, const gm_yaml *node, const gm_def_unit *to,
                                      uint32_t flags, double *out);
/* Reads a span of time (its unit is mandatory) into the model's unit of time. */
GM_NODISCARD gm_status gm__def_time(gm_def *r, const gm_yaml *node, uint32_t flags, double *out);
/* Reads 0.1 or "10 %". */
GM_NODISCARD gm_status gm__def_share(gm_def *r, const gm_yaml *node, double *out);
/* Splits "15 mg" into 15 and its unit; unit_out->code is NULL when there is none. GM_EPARSE when
 * the text does not begin with a number or goes on with something that is no unit. */
GM_NODISCARD gm_status gm__def_quantity(gm_def *r, const gm_yaml *node, double *out,
                                        gm_def_unit *unit_out);
/* "twin.yaml:12: parameters.CL.typical" in the work arena, for readers that add it themselves. */
GM_NODISCARD gm_status gm__def_where(gm_def *r, const gm_yaml *node, char **out);
/* Number of the item named, or an error that names the nearest one. */
GM_NODISCARD gm_status gm__def_observable(gm_def *r, const gm_yaml *node, const char *name,
                                          int32_t *out);
GM_NODISCARD gm_status gm__def_input(gm_def *r, const gm_yaml *node, const char *name,
                                     int32_t *out);

/* ---- the parts ------------------------------------------------------------------------------- */
GM_NODISCARD gm_status gm__def_read_subject(gm_def *r);
GM_NODISCARD gm_status gm__def_read_observables(gm_def *r); /* names, units, formulas */
GM_NODISCARD gm_status gm__def_read_model(gm_def *r);
GM_NODISCARD gm_status gm__def_read_errors(gm_def *r);  /* of the observables */
GM_NODISCARD gm_status gm__def_read_quality(gm_def *r); /* after the errors */
GM_NODISCARD gm_status gm__def_read_parameters(gm_def *r);
GM_NODISCARD gm_status gm__def_read_correlations(gm_def *r);
GM_NODISCARD gm_status gm__def_read_inputs(gm_def *r);
GM_NODISCARD gm_status gm__def_read_targets(gm_def *r);
GM_NODISCARD gm_status gm__def_read_actions(gm_def *r);
GM_NODISCARD gm_status gm__def_read_limits(gm_def *r);
GM_NODISCARD gm_status gm__def_read_need(gm_def *r);
GM_NODISCARD gm_status gm__def_read_notes(gm_def *r); /* assumptions, sources */
#endif
