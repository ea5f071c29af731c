/* sbml.h - reading the Systems Biology Markup Language, levels 1 to 3.
 *
 * libsbml parses; what is here turns its document into a network (net.h), with the meaning of the
 * Level 3 Version 2 core specification and, for older levels, of their own. The package comp is
 * flattened, draws of the package distrib become quantiles of uniform numbers, fbc is solved as a
 * linear programme. Anything else that a document requires is refused by name. Not used, because it
 * changes no number: constraints, layouts, annotations, units (kept as UCUM codes where they have
 * one).
 *
 * libsbml's own memory does not come from the context. Threads: calls may be made together; they
 * wait for each other, because libsbml is not safe with threads. */
#ifndef GEMEL_EQUATIONS_SBML_H
#define GEMEL_EQUATIONS_SBML_H
#include "kinds/equations/net/net.h"

/* Reads a document (NUL-terminated, at most 64 MB) into a new network, freed by the caller with
 * net_free. name is for messages and borrowed by *out (NULL: "model"). Parameters inside a kinetic
 * law are called REACTION.NAME, elements of a sub-model SUB__NAME.
 * Fails, *out untouched: GM_EPARSE ("name:line: what"), GM_EUNSUPPORTED (a feature, by name),
 * GM_ERANGE (too long, nested too deep, too many terms), GM_ENOMEM. */
GM_NODISCARD gm_status sbml_read(gm_ctx *ctx, const char *text, const char *name, net *out);

typedef enum { SBML_FLUX_BEST, SBML_FLUX_INFEASIBLE, SBML_FLUX_UNBOUNDED } sbml_flux_outcome;

/* The best fluxes of a document of the package fbc, versions 1 and 2. */
typedef struct {
  sbml_flux_outcome outcome;
  char *objective; /* id of the active objective */
  double value;    /* of it; NaN infeasible, an infinity unbounded */
  int32_t count;   /* reactions, in the order of the document */
  char **reaction; /* [count] ids */
  double *flux;    /* [count] amount / time; NaN unless there is a best one */
} sbml_fluxes;

/* Whether the document asks for flux balance: it has an objective. False when it cannot be read. */
bool sbml_is_flux_balance(gm_ctx *ctx, const char *text, const char *name);
/* Solves: fluxes within their bounds, every species that reactions change in balance, the active
 * objective at its maximum or minimum. *out is freed by the caller with sbml_fluxes_free. Where
 * several flux vectors are best, one of them is given.
 * Fails: as sbml_read (GM_EUNSUPPORTED when there is no objective), GM_ENUMERIC (the solver gave
 * up). */
GM_NODISCARD gm_status sbml_flux_balance(gm_ctx *ctx, const char *text, const char *name,
                                         sbml_fluxes *out);
void sbml_fluxes_free(sbml_fluxes *f); /* NULL ok; leaves it empty */
#endif
