/* machine.h - a composite ready to run: children, links, and where the state's parts lie. */
#ifndef GEMEL_COMPOSITE_MACHINE_H
#define GEMEL_COMPOSITE_MACHINE_H
#include "gemel/composite.h"
#include "gemel/expr.h"

enum { COMP_PARAMETER_MAX = 1024, COMP_TERM_MAX = 64, COMP_CHILD_MAX = 100000 };

typedef struct {
  const char *name; /* arena */
  gm_model *model;
  gm_model_info info;
  uint64_t id; /* hash of the name: its member slots */
  bool is_object;
  int32_t row;                 /* first of its flat rows; object: -1 */
  int32_t port, output, macro; /* first of the composite's rows that are its own */
  int32_t macro_count;
  int32_t *parameter;       /* [parameter_count] row of the composite, or -1 - link that gives it */
  int32_t link, link_count; /* in machine->into: links that lead to it */
  bool is_source;           /* some link reads it */
} comp_child;

typedef struct {
  int32_t child, output;
} comp_term;

typedef struct {
  gm_link_kind kind;
  int32_t child, to; /* to: the child's port or parameter */
  comp_term *term;   /* [term_count] */
  int32_t term_count;
  double gain, offset, factor; /* factor: to the unit of what it leads to */
  gm_expr *expr;               /* NULL: gain and offset */
  int32_t row;                 /* flat row of the value held */
  int32_t fed;                 /* RATE: which of machine->fed */
} comp_link;

/* A port that links feed: the rate given from outside is kept apart. */
typedef struct {
  int32_t child, port, row;
} comp_fed;

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const char *name, *time_unit;
  comp_child *child;
  comp_link *link;
  int32_t *into; /* [nl] links by the child they lead to */
  comp_fed *fed;
  int32_t *fed_of;     /* [ports] which of fed, -1 */
  int32_t *port_child; /* [ports] whose port it is */
  int32_t nc, nl, nfed, np, nu, ny, macro_count;
  int32_t flat_count; /* rows in x: of flat children, then own */
  int32_t at_step;    /* own row: number of the grid interval whose links hold */
  int32_t state_count;
  uint32_t flags;
  bool sequential, keep_children, is_object;
  double step, origin;
  uint64_t fingerprint; /* of names: saved objects of another composite are refused */
  gm_var *table_state, *table_parameter, *table_input, *table_output;
} comp_machine;

/* The member's object, where some child has one. */
typedef struct {
  double *x; /* [flat_count] */
  void *child[];
} comp_object;

typedef struct {
  gm_model base;
  comp_machine machine;
} comp_model;

static inline const comp_machine *comp_machine_of(const gm_model *model)
{
  return &((const comp_model *)model)->machine;
}

/* build.c. Fails as gm_composite says; the children stay the caller's then. */
GM_NODISCARD gm_status comp_machine_make(gm_ctx *ctx, const gm_composite_config *config,
                                         comp_machine *out);
void comp_machine_free(comp_machine *m);

typedef struct {
  gm_ctx *ctx;
  const gm_composite_config *c;
  comp_machine *m;
  char where[200];
} comp_builder;

/* tables.c. Fails: GM_EINVAL, GM_EUNIT, GM_ENOMEM. */
GM_NODISCARD gm_status comp_parameters_make(comp_builder *b);
GM_NODISCARD gm_status comp_tables_make(comp_builder *b);
/* links.c */
GM_NODISCARD gm_status comp_links_make(comp_builder *b);
/* A number of things from the arena; NULL sets the message. */
void *comp_get(comp_builder *b, ptrdiff_t count, size_t bytes);
const char *comp_text(comp_builder *b, const char *format, ...) GM_PRINTF(2, 3);
/* object.c */
gm_status comp_obj_new(const gm_model *model, gm_ctx *ctx, void **out);
void comp_obj_free(const gm_model *model, void *obj);
gm_status comp_obj_copy(const gm_model *model, gm_ctx *ctx, const void *from, void **out);
gm_status comp_obj_save(const gm_model *model, const void *obj, gm_text *out);
gm_status comp_obj_load(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                        void **out);
#endif
