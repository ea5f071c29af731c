/* life.h - a twin that lives in a store: facts in, belief kept true, forecasts issued and scored.
 * room: twin
 *     facts -> thread -> quality -> belief -> forecast -> score
 * Everything a twin was told, believed and said is in its thread (docs/thread.md), and can be seen
 * as it was at any time. Times here are Unix seconds, times of learning microseconds (store.h).
 * Threads: one call at a time on one gm_life. */
#ifndef GEMEL_LIFE_H
#define GEMEL_LIFE_H
#include "gemel/fact.h"
#include "gemel/plan.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gm_life gm_life;

typedef struct {
  gm_session *session;   /* borrowed as long as the life */
  const char *twin;      /* its name; NULL: by */
  int64_t number;        /* its number in the store (gm_twin_found): names are not for everybody */
  int64_t as_of;         /* as it was known then; nothing can be added; 0: now */
  gm_pool *pool;         /* borrowed as long as the life; NULL: one worker */
  const gm_watch *watch; /* borrowed as long as the life; NULL: none */
} gm_life_options;

typedef struct {
  const char *subject;    /* pseudonymous id; made when it is not there */
  const char *definition; /* path of twin.yaml; it and its model are copied into the store */
  double origin_s;        /* time 0 of the model; NaN: midnight (UTC) before the first datum */
  uint64_t seed;
  int32_t members;                /* 0: 1000 */
  bool follow;                    /* gm_twin_options.follow */
  const gm_consent_rule *consent; /* the subject's, from the beginning; may be none */
  int32_t consent_count;          /* they must let Gemel do its work for the session's purpose */
} gm_life_new;

/* Every call that reads or writes the store also fails as store.h says (GM_EDENIED, GM_EIO,
 * GM_EBUSY, GM_EFULL, GM_EPARSE, GM_ENOMEM); only what a call adds to these is said below. A call
 * that fails leaves what its out pointers point to as it was. */

/* Makes a twin in the store. Its model is written last: a twin whose making was cut short before
 * that cannot be opened, and is finished by making it again with the same consents. Fails:
 * GM_EEXIST (a twin of that name is there, or is another subject's), GM_EDENIED (also consents that
 * do not let Gemel work), GM_EINVAL (a consent), GM_EUNSUPPORTED (effects by occasion), as
 * gm_definition_read. */
GM_API GM_NODISCARD gm_status gm_life_make(gm_ctx *ctx, const gm_life_options *o,
                                           const gm_life_new *n);
/* Opens one: its definition as it was stored, its facts as of then. *out: owned by the caller.
 * Fails: GM_ENOTFOUND (no such twin, or nothing was known then), GM_EINVAL (a compiled model that
 * is no longer the file that was stored), as gm_definition_read. */
GM_API GM_NODISCARD gm_status gm_life_open(gm_ctx *ctx, const gm_life_options *o, gm_life **out);
GM_API void gm_life_free(gm_life *l); /* NULL ok */

/* The life's, until gm_life_migrate or gm_life_free. */
GM_API const gm_definition *gm_life_definition(const gm_life *l);
/* "" for whoever may not see names (GM_STORE_NAMES). The life's. */
GM_API const char *gm_life_subject_id(const gm_life *l);
GM_API int64_t gm_life_twin(const gm_life *l); /* its number in the store */
/* Between the model's time and Unix seconds; by the data as they were last read, where the origin
 * follows from these. */
GM_API double gm_life_origin_s(const gm_life *l);
GM_API double gm_life_model_time(const gm_life *l, double t_s);
GM_API double gm_life_unix_s(const gm_life *l, double t);

/* ---- facts in -------------------------------------------------------------------------------- */
typedef struct {
  int64_t taken, already; /* already: this version was there */
  int64_t late;           /* true before what the belief had seen: assimilation runs again */
} gm_life_intake;

typedef struct {
  bool same_person; /* the caller knows that all these facts are of the twin's subject, by whatever
                       ids a source calls it: also by one that it has not used here so far */
  bool named;       /* a source that is new here must call the subject as the store does, "s1" or
                       "Patient/s1", unless same_person */
} gm_life_add_options;

/* Adds facts of the twin's subject (their texts are copied), in one commit, all or none. options
 * NULL: none. Whose facts are: within a source, all that name a subject must name the same one, or
 * one that was vouched for (same_person) before; sources differ in what they call a person, so they
 * are not compared with each other. The first id that a source uses may not be that of another
 * subject of the store, by itself or behind its last '/'. Two programs that each add a source's
 * first facts at one moment are not compared either. Fails: GM_EINVAL (no fact; a source that
 * speaks of another subject; a life as it was), as gm_fact_value (what the definition cannot take).
 */
GM_API GM_NODISCARD gm_status gm_life_add(gm_life *l, gm_ctx *ctx, const gm_fact *fact,
                                          int32_t count, const gm_life_add_options *options,
                                          gm_life_intake *intake);

/* ---- keeping it true -------------------------------------------------------------------------
 * Fails: GM_ENOTFOUND (a covariate has neither value nor default; of a forecast or proposal: no
 * belief yet), GM_EINVAL (what is to be written, of a life as it was), GM_EDOMAIN (no record at or
 * before now), GM_ENUMERIC (the model, or learning, diverges), GM_ECANCELLED. */
typedef struct {
  bool renewed;    /* the belief changed; else everything was known already */
  int32_t learned; /* data the belief stands on */
  int32_t held_out, down_weighted;
  int32_t scored;           /* data that came after the last belief, scored against it */
  int64_t belief, forecast; /* numbers of their records */
  bool from_checkpoint;     /* assimilation went on from a saved belief */
  double took_s;
} gm_life_update;

/* Scores what the last belief had said about the data that came since, learns from all data true at
 * or before t_now_s (NaN: all), issues a forecast, and writes all that, one record after the other:
 * after a failure some of them may be there, and the next call goes on. Nothing new: nothing is
 * written, unless the forecast is what could not be. */
GM_API GM_NODISCARD gm_status gm_life_renew(gm_life *l, gm_ctx *ctx, double t_now_s,
                                            gm_life_update *out);
/* The twin of the newest belief; NULL before there is one. The life's, until the next call that is
 * given the life and is not const: any of these may read the thread anew. */
GM_API GM_NODISCARD gm_status gm_life_belief(gm_life *l, gm_ctx *ctx, const gm_twin **out);

/* A forecast to be kept: over `horizon` (model's unit; NaN: the definition's) from the belief on,
 * under a plan (borrowed; NULL: as it is). A life as it was keeps nothing, and *receipt stays as it
 * was. *out: the caller's (gm_forecast_free). receipt: NULL ok. Fails also: GM_ERANGE (a horizon
 * not above 0), as gm_forecast_make. */
GM_API GM_NODISCARD gm_status gm_life_forecast(gm_life *l, gm_ctx *ctx, const gm_plan *plan,
                                               double horizon, gm_forecast **out,
                                               gm_receipt *receipt);
/* A proposal, kept with its reasons. *out: the caller's (gm_proposal_free). horizon and receipt as
 * above. Fails also: as gm_propose. */
GM_API GM_NODISCARD gm_status gm_life_propose(gm_life *l, gm_ctx *ctx, double horizon,
                                              gm_proposal **out, gm_receipt *receipt);
/* What a person decided on a proposal (its record; 0: none), and why. receipt: NULL ok. Fails also:
 * GM_EINVAL (no decision or no reason), GM_ENOTFOUND (no such proposal). */
GM_API GM_NODISCARD gm_status gm_life_decide(gm_life *l, gm_ctx *ctx, int64_t proposal,
                                             const char *decision, const char *why,
                                             gm_receipt *receipt);

/* ---- what it is ------------------------------------------------------------------------------ */
typedef enum { GM_LEVEL_STATIC, GM_LEVEL_MIRROR, GM_LEVEL_SHADOW, GM_LEVEL_INTELLIGENT } gm_level;
GM_API const char *gm_level_name(gm_level level); /* "shadow"; static text */

/* How good forecasts of one observable were; means over the data that came later, in its unit. */
typedef struct {
  int32_t scored, with_last;          /* data; those for which the last value could say something */
  double crps, crps_population;       /* NaN: none */
  double crps_last, crps_beside_last; /* of the last value, and the twin's on the same data */
  double covered50, covered90;
} gm_life_skill;

/* One of what makes a twin: individualised, interconnected, interactive, informative, impactful. */
enum { GM_LIFE_MARKS = 5 };
typedef struct {
  const char *name; /* static text */
  bool holds;
  char evidence[200];
} gm_life_mark;

typedef struct {
  gm_level level;
  char next[200];    /* what is missing for the next level, "" at the highest */
  char missing[200]; /* covariates without value or default, without which there is no belief: their
                        names, ", " between; "": none */
  bool is_twin;      /* false: "a model, not a twin": no link to a patient */
  char link[200];    /* the link, or what is missing of it */
  gm_life_mark mark[GM_LIFE_MARKS];
  gm_health health;
  int64_t observations, given, ordered, reported, covariates, beliefs, forecasts, scores, proposals,
      decisions, suspect;
  double t_last_s, age_s; /* of the newest datum; NaN none */
  double belief_s;        /* when the belief was made, NaN none */
  int32_t scored;         /* data scored so far, under this definition */
  int32_t censored;       /* and those of which only a limit is known: no value to score */
  /* [the observables of the definition at this look]; the life's, until the next gm_life_look that
   * succeeds, or gm_life_free */
  const gm_life_skill *skill;
} gm_life_state;
/* Whatever is missing, the rest is looked at. now_s: the time that ages are counted from; NaN: the
 * clock, and in a life as it was, then. */
GM_API GM_NODISCARD gm_status gm_life_look(gm_life *l, gm_ctx *ctx, double now_s,
                                           gm_life_state *out);

/* ---- other lives ----------------------------------------------------------------------------- */
/* A new twin of the same subject that knows what this one knew (as_of of the opening), under the
 * consents of now. intake: the facts it knows. One that was cut short is finished by forking again.
 * Fails: GM_EEXIST (a twin of that name is there; or it was begun with other facts). */
GM_API GM_NODISCARD gm_status gm_life_fork(gm_life *l, gm_ctx *ctx, const char *name,
                                           gm_life_intake *intake);

/* Of one observable at one time. */
typedef struct {
  int32_t observable; /* of the new definition */
  double t_s;
  double before[3], after[3]; /* quantiles 0.05, 0.5, 0.95 of a measurement */
  bool distinguishable;       /* the 90 % intervals of before and after do not overlap */
} gm_life_change;
/* Puts another definition in place (a new version of the record MODEL), runs the thread again and
 * says what changed: for each observable of both definitions, the forecast before and after at the
 * same times. *change [*count]: the caller's (gm_free); none where there was no belief, or none
 * that the old definition could still make (GM_ENUMERIC, GM_ENOTFOUND). prior: file of a learned
 * one (gemel/prior.h), NULL: the definition's. Fails, the old definition in place: GM_EINVAL (a
 * life as it was), GM_EUNSUPPORTED, as gm_definition_read, gm_prior_read and gm_prior_apply, and as
 * the thread does that does not run under it. When the store or memory fails after the record was
 * written, the new definition is in place, here and in the store (gm_life_definition), and
 * gm_life_renew goes on from there. */
GM_API GM_NODISCARD gm_status gm_life_migrate(gm_life *l, gm_ctx *ctx, const char *definition,
                                              const char *prior, gm_life_change **change,
                                              int32_t *count);

#ifdef __cplusplus
}
#endif
#endif
