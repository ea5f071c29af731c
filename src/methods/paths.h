/* paths.h - inside of gm_members_paths: a swarm of coordinates and paths. */
#ifndef GEMEL_METHODS_PATHS_H
#define GEMEL_METHODS_PATHS_H
#include "gemel/infer.h"

/* Data of one time are a group; segment g of a path leads to the data of group g, the last one
 * beyond all data. Learned: groups before `done`, and of group `done` the power `power`. */
typedef struct {
  gm_ctx *ctx;
  const gm_path_problem *p;
  const gm_watch *watch;
  gm_key key;
  int32_t n, d, groups;
  int32_t *first;       /* [groups+1] datum numbers */
  double *factor;       /* [d*d] z = factor u */
  double *u, *u_new;    /* [n*d] standard normal under the prior */
  double *z;            /* [n*d] scratch */
  double *f, *f_new;    /* [n*datum_count] */
  double *log_w, *w;    /* [n] since the last resampling; scratch */
  double *cov, *step;   /* [d*d] of the moves */
  gm_lineage now, next; /* [groups+1][n] slots: of the members; of the proposals */
  int32_t *ancestor;
  int32_t *eve, *eve_next; /* [n] the member of the start that each descends from; scratch */
  int32_t done, stages;
  double power, scale, log_evidence;
  double accepted, proposed;
} gm__paths;

/* ln likelihood of member's predictions f[datum_count] for the data of group g. */
double gm__paths_loglik(const gm__paths *s, const double *f, int32_t g);
/* Predictions for coordinates u and slots. */
gm_status gm__paths_predict(gm__paths *s, const gm_lineage *slots, const double *u, double *f);
/* Copies by weight, new slots for the copies after what is learned, moves. Weights are equal then.
 */
gm_status gm__paths_renew(gm__paths *s);
/* The swarm as it is after its last datum, added to out (its status tells); and back, when it is of
 * this problem and its data are the first of the problem's: else false, and nothing changed.
 * innovation: of the data learned. */
void gm__paths_save(const gm__paths *s, gm_innovation *innovation, gm_text *out);
bool gm__paths_load(gm__paths *s, const void *data, size_t bytes, gm_innovation *innovation);
/* Would a run of this problem under this key go on from the bytes? */
bool gm__paths_fit(const gm_path_problem *p, gm_key key, const void *data, size_t bytes);
int32_t gm__paths_saved_members(const void *data, size_t bytes); /* 0: nothing saved */
/* n of the members (their number is a multiple of it), chosen by weight, of equal weight; data: how
 * many predictions each has. u in (0, 1). On failure both are as they were. */
gm_status gm__paths_thin(gm_ctx *ctx, int32_t n, int32_t data, double u, gm_members **members,
                         gm_lineage **lineage);
#endif
