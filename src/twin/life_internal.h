/* life_internal.h - inside of a twin's life: its facts, and the records made of them. */
#ifndef GEMEL_TWIN_LIFE_INTERNAL_H
#define GEMEL_TWIN_LIFE_INTERNAL_H
#include "gemel/life.h"

/* A fact as it is known, with the verdict of its quality. */
typedef struct {
  gm_fact f; /* texts in the thread's memory */
  int64_t seq, t_learned;
  double value;  /* in the definition's unit */
  double weight; /* 1 as it is, 0 held out */
} gm__known;

/* What a twin knows: facts that are not withdrawn, by (t_true_s, seq). */
typedef struct {
  gm_arena *memory;
  gm__known *known;
  int32_t count, room;
  int64_t seq_last, t_learned_last; /* of all facts read, withdrawn ones too */
} gm__thread;

/* A source and whom it has spoken of, as hashes. */
typedef struct {
  uint64_t source, subject;
} gm__spoken;

typedef struct {
  gm__spoken *pair; /* each once */
  int32_t count, room;
  int64_t seq; /* of the twin's last record when they were read, or written; 0: not yet */
} gm__whose;

/* One life's description, in its record MODEL. */
typedef struct {
  char *definition[2]; /* documents: twin.yaml, the model's file ("" when it is compiled) */
  char *file[2];       /* their names */
  char *compiled;      /* path of a compiled model, "" */
  char *prior;         /* document of a learned prior, NULL or "" */
  double origin_s;     /* NaN: from the data */
  uint64_t seed;
  int32_t members;
  bool follow;
} gm__model_record;

/* A definition as a record MODEL names it, its learned prior in it. */
typedef struct {
  gm__model_record record;
  gm_definition *definition;
  int32_t prior_subjects; /* who taught the prior; 0: the definition's own */
} gm__model;

struct gm_life {
  gm_ctx *ctx;
  gm_session *session; /* of whoever asks: facts in, decisions, consents */
  gm_session *engine;  /* our own work for the same purpose: derived records */
  gm_session *reads;   /* that which reads: the engine, or a patient, who may see all of its own
                          whether or not we may work on it */
  gm_pool *pool;
  const gm_watch *watch;
  char *name;
  char *subject_id; /* draws are keyed by it, so it is known to whoever asks */
  bool names;       /* whoever asks may see it */
  int64_t twin, subject, as_of;
  gm_arena *memory;
  gm__model_record model;
  int64_t model_seq;
  int32_t prior_subjects; /* as in gm__model */
  gm_definition *definition;
  gm__thread thread;
  gm__whose whose;
  bool peeked; /* belief_s was looked at */
  bool read;   /* the thread is as the store has it */
  double origin_s;
  gm_records records; /* made of the thread; they and the subject below live until it changes */
  gm_arena *rows;
  gm_subject *who; /* NULL also of a settled life, when covariates lack a value: */
  char *missing;   /* their names, in rows; NULL: none */
  gm_twin *belief;
  int64_t belief_seq, belief_learned;
  int64_t belief_data_seq;         /* the last record of data that it has seen */
  int64_t seq_seen;                /* of the twin, when the thread was read */
  unsigned char belief_digest[32]; /* of what it stands on */
  double belief_s;                 /* its now */
  bool unissued;                   /* what it says could not be kept */
  gm_life_skill *skill;            /* of the last gm_life_look; our own looks have theirs */
};

/* ---- thread.c -------------------------------------------------------------------------------- */
/* Reads the facts known as of the life's time. */
gm_status gm__thread_read(gm_life *l, gm_ctx *ctx);
void gm__thread_free(gm__thread *t);

/* ---- life_whose.c ---------------------------------------------------------------------------- */
/* Of whom sources have spoken in the thread as it is now. */
gm_status gm__whose_read(gm_life *l, gm_ctx *ctx);
/* Does a source that has spoken of one subject speak of another now, or a new one of another
 * subject of the store? Adds the pairs of the facts, which the caller takes back (whose.count) when
 * they are not written. o may be NULL. Fails: GM_EINVAL. */
gm_status gm__whose_check(gm_life *l, gm_ctx *ctx, const gm_fact *fact, int32_t count,
                          const gm_life_add_options *o);
/* Records that this life wrote itself need not be read again. */
void gm__whose_wrote(gm_life *l, const gm_receipt *receipt, int32_t count);

/* ---- life_records.c -------------------------------------------------------------------------- */
/* Makes records and subject of the thread, and the origin of time. Without a subject, and GM_OK,
 * where a covariate has neither value nor default. */
gm_status gm__life_subject(gm_life *l, gm_ctx *ctx);
/* For what needs the subject. Fails: GM_ENOTFOUND, which covariates lack a value. */
gm_status gm__life_whole(const gm_life *l, gm_ctx *ctx);
void gm__life_subject_free(gm_life *l);
/* Digest of what a belief up to t_now stands on: definition, settings, rows and weights. */
void gm__life_digest(const gm_life *l, double t_now, unsigned char out[32]);
/* Of the definition, the model and the learned prior. */
void gm__life_model_digest(const gm_life *l, unsigned char out[32]);

/* ---- life_model.c ---------------------------------------------------------------------------- */
gm_status gm__model_store(gm_session *a, gm_ctx *ctx, const char *path, gm_definition *d,
                          gm_arena *memory, gm__model_record *out);
gm_status gm__prior_store(gm_session *a, gm_ctx *ctx, const char *path, gm_arena *memory,
                          gm__model_record *out);
/* before: the record that it replaces, 0 none */
gm_status gm__model_write(gm_session *a, gm_ctx *ctx, int64_t twin, const gm__model_record *m,
                          int64_t before, double t_s, gm_receipt *receipt);
/* The newest record MODEL, and the definition it names. */
gm_status gm__model_open(gm_life *l, gm_ctx *ctx);
/* What a record names, beside that which the life has; *out's definition is the caller's. */
gm_status gm__model_load(gm_life *l, gm_ctx *ctx, const gm__model_record *m, gm__model *out);
/* From now on the life has this one; cannot fail. Subject and belief go, the thread is read again.
 */
void gm__model_take(gm_life *l, const gm__model *m, int64_t seq);
/* What a store calls the files of a definition: their hashes. */
gm_status gm__model_names(gm_ctx *ctx, const char *path, const gm_definition *d,
                          char definition[GM_DOCUMENT_NAME_BYTES],
                          char model[GM_DOCUMENT_NAME_BYTES]);

/* ---- life_belief.c --------------------------------------------------------------------------- */
/* The newest belief, into l->belief when there is one. */
gm_status gm__belief_read(gm_life *l, gm_ctx *ctx);
/* A twin by these options, gone on with from a saved swarm where one fits. */
gm_status gm__belief_resume(gm_life *l, gm_ctx *ctx, const gm_twin_options *o, gm_twin **out);
gm_status gm__belief_peek(gm_life *l, gm_ctx *ctx);
gm_status gm__belief_write(gm_life *l, gm_ctx *ctx, const unsigned char digest[32], double took_s);
/* The present belief's forecast, as a record. */
gm_status gm__forecast_write(gm_life *l, gm_ctx *ctx, const gm_forecast *f, const gm_plan *plan,
                             gm_receipt *receipt);

/* ---- life_quality.c -------------------------------------------------------------------------- */
/* Judges observations of the thread anew and sets weights; keep: verdicts that changed are
 * written. */
gm_status gm__life_judge(gm_life *l, gm_ctx *ctx, bool keep);

/* ---- life_score.c ---------------------------------------------------------------------------- */
/* Scores what the present belief said about data learned after it and true after its now. */
gm_status gm__life_score(gm_life *l, gm_ctx *ctx, int32_t *scored);

/* ---- life_make.c ----------------------------------------------------------------------------- */
/* Fails: GM_EUNSUPPORTED, what of a definition a life cannot carry out. */
gm_status gm__life_takes(gm_ctx *ctx, const gm_definition *d);
/* Our own session beside somebody's: same purpose, role ENGINE. */
gm_status gm__engine_open(gm_session *user, gm_ctx *ctx, gm_session **out);
typedef struct {
  gm_session *user, *engine;
  int64_t subject;
  const char *twin; /* its name */
  const gm_consent_rule *rule;
  int32_t rule_count;
} gm__beginning;
/* The twin of that name with these consents, still without a model: a new one, or one whose making
 * was cut short. Fails: GM_EEXIST (a whole one, or another subject's), as store.h. */
gm_status gm__life_begin(gm_ctx *ctx, const gm__beginning *b, int64_t *twin);

/* ---- life.c ---------------------------------------------------------------------------------- */
/* Facts, verdicts, subject and the newest belief, unless the store has nothing newer. keep:
 * verdicts that changed are written (whoever only looks writes nothing). */
gm_status gm__life_settle(gm_life *l, gm_ctx *ctx, bool keep);
/* Number of the twin's last record in the store. */
gm_status gm__life_seq(gm_life *l, gm_ctx *ctx, int64_t *out);
/* May whoever asks read records of this kind? */
gm_status gm__life_may_read(gm_life *l, gm_ctx *ctx, gm_record_kind kind);

/* ---- life_look.c ----------------------------------------------------------------------------- */
/* gm_life_look of a settled life, whoever asks; skill[the definition's observables]. */
gm_status gm__life_look(gm_life *l, gm_ctx *ctx, double now_s, gm_life_skill *skill,
                        gm_life_state *out);

/* ---- life_card.c ----------------------------------------------------------------------------- */
/* The twin's card for questions to the bank, from its belief and this forecast. */
gm_status gm__life_card(gm_life *l, gm_ctx *ctx, const gm_forecast *f);

/* ---- shared ---------------------------------------------------------------------------------- */
/* One record of Gemel's own: source "gemel". A DECISION is the user's. */
gm_status gm__life_put(gm_life *l, gm_ctx *ctx, gm_record_kind kind, const char *series,
                       const char *id, const char *version, double t_s, const gm_text *body,
                       gm_receipt *receipt);
#endif
