/* equations.h - the kind `equations`: models written as text (a subset of Antimony) that run as
 * ordinary differential equations on eight lanes, or in closed form when they are linear.
 * docs/model-text.md describes the text. */
#ifndef GEMEL_EQUATIONS_H
#define GEMEL_EQUATIONS_H
#include "gemel/model.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An output asked for beside the text: an expression over the model's names. */
typedef struct {
  const char *name, *expression;
  const char *unit;  /* UCUM or friendly; NULL or "" : not checked */
  const char *where; /* put in front of messages, for example "twin.yaml:12: observables.cp.is" */
} gm_eq_output;

/* AUTO: closed form where the model is recognised as linear; else the explicit pair, with a change
 * to the stiff method where a member turns out to be stiff. */
typedef enum { GM_EQ_AUTO, GM_EQ_EXPLICIT, GM_EQ_STIFF } gm_eq_solver;

/* A member whose own methods make no step any more, or used up step_max of them, goes on by CVODE
 * (or IDA, where equations are algebraic) of SUNDIALS if that is built in, and has the bit
 * GM_MEMBER_FALLBACK. AUTO: so. OFF: it fails, as it does where SUNDIALS is not built in: the same
 * bytes everywhere. Not for GM_EQ_EXPLICIT, models with delays or in closed form, batches with
 * directions, vjp. gm_model_info.solver says whether a model has it. */
typedef enum { GM_EQ_FALLBACK_AUTO, GM_EQ_FALLBACK_OFF } gm_eq_fallback;

/* AUTO: SBML when the text begins with '<' (after blanks and a byte order mark). */
typedef enum { GM_EQ_FORMAT_AUTO, GM_EQ_FORMAT_TEXT, GM_EQ_FORMAT_SBML } gm_eq_format;

typedef struct {
  const char *text; /* model text or SBML, NUL-terminated */
  gm_eq_format format;
  const char *text_name; /* file name for messages; NULL: "model" */
  const gm_eq_output
      *output;          /* NULL and 0: every variable that has an assignment rule, and every */
  int32_t output_count; /* state, is an output */
  gm_eq_solver solver;
  /* Names (states, constants with an initial assignment) whose value at the start is a parameter
   * too, called NAME(0), after the other parameters in this order. NULL and 0: none. */
  const char *const *free_initial;
  int32_t free_initial_count;
  int32_t pending_max;    /* delayed events waiting at once in a member; 0: 16 and 4 an event */
  int32_t directions_max; /* most tangent directions a batch may have; 0: no tangents */
  /* gm_model_type.vjp is wanted: its codes take time to compile. Its derivatives are those of the
   * very steps: members that rest for long while they are stiff need GM_EQ_STIFF, as explicit steps
   * then grow beyond what derivatives bear. */
  bool adjoint;
  double rtol, atol; /* 0: 1e-8 and 1e-10 (atol scaled by each state's own size, see docs) */
  int32_t step_max;  /* steps of a member in a span; 0: 1,000,000. The fallback has as many more */
  gm_eq_fallback fallback;
  /* No step is longer than this; 0: no limit. Steps grow tenfold while nothing happens, so that
   * what time brings later, smoothly and for a short while only (a Gaussian pulse of width 1 on a
   * state that has been at rest for 50), may lie between the points that are looked at: give a
   * third of its width. Conditions on time (piecewise, events) need no limit. Not for models in
   * closed form, which have no steps. */
  double step_longest;
} gm_eq_config;

/* Parameters of the model: every name of the text that has a constant value and no rule, in order
 * of appearance. Input ports: one a state, in the order of the states. State: the states, then the
 * held input rate of every port. */
GM_API extern const gm_model_type gm_equations;

/* Version of SUNDIALS that is built in as the fallback ("6.4.1"); NULL: none. Any thread. */
GM_API const char *gm_equations_fallback_version(void);

/* Compiled kernels are made in the background and taken into use when they are ready; results do
 * not change by it. Environment: GEMEL_KERNEL (off, now), GEMEL_CC, GEMEL_CACHE; see docs/cli.md.
 */
/* Waits until the kernel of a model of this type is ready or given up; true: ready. Any thread. */
GM_API bool gm_equations_kernel_wait(const gm_model *m);
/* The C text of the kernel, appended to out. Fails: GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_equations_kernel_source(const gm_model *m, gm_text *out);

#ifdef __cplusplus
}
#endif
#endif
