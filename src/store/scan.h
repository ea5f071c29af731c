/* scan.h - all twins of a store, one after the other, with what may be done with them. */
#ifndef GEMEL_STORE_SCAN_H
#define GEMEL_STORE_SCAN_H
#include "store/store_internal.h"

/* A card, opened: the consents it was made under (which need not be read then), the names, and what
 * its maker put on it. Texts are the arena's and the plain text's. */
typedef struct {
  gm_consent_rule *rule;
  int32_t rule_count;
  const char *name, *subject_id;
  const void *body;
  size_t bytes;
} gm__card;

/* What a card is bound to: its columns. */
typedef struct {
  int64_t twin, seq;
  int64_t consents; /* state of the twin's consents when it was made */
  int64_t classes;  /* gm__card_class of what the twin's covariates, beliefs, forecasts are */
} gm__card_bound;
/* The bit of a class of a kind on cards; 0: of a kind that is not on cards. */
int64_t gm__card_class(int64_t kind, int64_t data_class);

/* Adds the sealed card to out. */
gm_status gm__card_seal(gm_ctx *ctx, const gm__keys *k, const gm__card_bound *bound,
                        const gm__card *card, gm_text *out);

/* A name that subject.c sealed for lists. plain is emptied first; *out lies in it. */
gm_status gm__label_open(gm_ctx *ctx, const gm__keys *k, int64_t id, const void *sealed,
                         size_t bytes, gm_text *plain, const char **out);
/* The rules in force for a twin, by any line that the caller has locked. */
gm_status gm__rules_of(gm__db *d, gm_ctx *ctx, gm__keys *k, int64_t twin, gm_arena *memory,
                       gm_consent_rule **rule, int32_t *count);

typedef struct {
  int64_t twin, subject, seq, created_us;
  gm__keys *keys;       /* borrowed */
  const gm__card *card; /* NULL: it has none that is whole and of the present consents, and none
                            was asked for */
  int64_t card_seq, card_classes;
  const gm_consent_rule *rule; /* in force now */
  int32_t rule_count;
  const char *name, *subject_id; /* "" where the session may not know them */
} gm__scanned;
typedef gm_status gm__scan_listener(void *user, const gm__scanned *t);

/* Every twin that is not erased, in order of their making; cards: those that have one. subject 0:
 * of all. No lock is held while it calls back. */
gm_status gm__scan(gm_session *a, gm_ctx *ctx, int64_t subject, bool cards,
                   gm__scan_listener *listener, void *user);
/* May the session read records of that sort of that twin, without breaking glass? One emergency
 * opens one twin, not all of a list. */
bool gm__scan_may(const gm_session *a, const gm__scanned *t, gm_record_kind kind,
                  gm_data_class data_class, double now_s);
#endif
