/* composite.h - the kind `composite`: models of any kind joined by named ports at a macro step.
 * room: kinds/composite
 * docs/composite.md says what happens when, and what is refused. */
#ifndef GEMEL_COMPOSITE_H
#define GEMEL_COMPOSITE_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* One model may be the child of several names: one for each of many agents. */
typedef struct {
  const char *name; /* letters, digits, _ */
  gm_model *model;
  /* Put before the names of its parameters; NULL: "name.". Parameters that come to the same name
   * are one parameter (then unit and value must agree). */
  const char *prefix;
} gm_composite_child;

/* What a link's value becomes at the child it leads to. */
typedef enum {
  GM_LINK_RATE,     /* the port's input rate, added to the one given from outside */
  GM_LINK_REPLACE,  /* the port's state, at every grid point */
  GM_LINK_PARAMETER /* the parameter, which then is no parameter of the composite */
} gm_link_kind;

typedef struct {
  const char *name, *from; /* name in the expression; "child.output" */
} gm_link_term;

/* value = offset + gain * from, or the expression over its terms. */
typedef struct {
  const char *to; /* "child.port", or "child.parameter" by the child's own name for it */
  gm_link_kind kind;
  const char *from;       /* "child.output" */
  double gain;            /* 0: 1 */
  double offset;          /* in the unit of the value */
  const char *expression; /* NULL: by from, gain and offset */
  const gm_link_term *term;
  int32_t term_count;
  /* Unit of the value (UCUM). NULL: of a link without gain and expression that of the output; else
   * it is not stated. Where it and the unit of what it leads to are known, they must be of the same
   * kind, and the value is converted. The unit of a rate: that of the port / time unit. */
  const char *unit;
} gm_composite_link;

/* Which outputs links read at a grid point. */
typedef enum {
  GM_EXCHANGE_PARALLEL,  /* those before any link acts there (Jacobi) */
  GM_EXCHANGE_SEQUENTIAL /* child after child, those after the links of children before it have
                            acted (Gauss-Seidel) */
} gm_exchange;

typedef struct {
  const char *name; /* NULL: "composite" */
  const gm_composite_child *child;
  const gm_composite_link *link;
  int32_t child_count, link_count;
  gm_exchange exchange;
  double step, origin; /* links are worked out at origin + k*step, and held until the next */
  bool keep_children;  /* the caller frees the children, after the composite */
} gm_composite_config;

/* Children are taken over when creation succeeds (unless keep_children).
 * Parameters, ports, outputs and states: those of the children in order, named CHILD.NAME (for
 * parameters: prefix and name). State: those of the children, then memory of the links; an object
 * where some child has one. The macro view is the children's, one after another.
 * Draws: each child has member slots of its own, by the hash of its name.
 * A stretch for which there is no scratch memory ends the member (GM_MEMBER_DIVERGED).
 * create fails, naming what: GM_EINVAL, GM_ENOTFOUND (no such child, output, port or parameter),
 * GM_EUNIT, GM_ERANGE, GM_EDOMAIN, GM_EPARSE, GM_ENOMEM. */
GM_API extern const gm_model_type gm_composite;

#ifdef __cplusplus
}
#endif
#endif
