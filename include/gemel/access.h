/* access.h - who may do what with which records, for what. room: store
 * One table decides: of a twin's records by gm_access_decide, of what is done at a store and speaks
 * of no record by gm_access_at_store. The calls of store.h that take a session ask. Default deny;
 * among consents a deny wins. docs/access.md has the table.
 * Consents follow HL7 FHIR R4 Consent (provision: type, period, actor, action, purpose, class).
 * Threads: no shared state. */
#ifndef GEMEL_ACCESS_H
#define GEMEL_ACCESS_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

/* name, what it is for people */
#define GM_AS_LIST(X)                                                                              \
  X(PATIENT, "patient")       /* the subject itself, of its own records alone */                   \
  X(CLINICIAN, "clinician")   /* treats */                                                         \
  X(RESEARCHER, "researcher") /* learns from many; sees no names */                                \
  X(DEVICE, "device")         /* a system that brings data, and reads none */                      \
  X(ENGINE, "engine")         /* Gemel's own work on a twin for whoever asked */                   \
  X(OPERATOR, "operator")     /* runs the store: backup, verify, erase on request; sees nothing */ \
  X(AUDITOR, "auditor")       /* reads the audit log, no records */                                \
  X(INSURER, "insurer")       /* nothing, whatever anybody permits */
typedef enum {
#define GM_X(name, text) GM_AS_##name,
  GM_AS_LIST(GM_X)
#undef GM_X
      GM_AS_COUNT
} gm_access_role;

#define GM_USE_LIST(X)                                                                             \
  X(CARE, "care")                                                                                  \
  X(TRAINING, "model-training")                                                                    \
  X(VIRTUAL_POPULATION, "virtual-population")                                                      \
  X(RESEARCH_EXPORT, "research-export")                                                            \
  X(OPERATION, "operation") /* of the store itself: no consent can permit or deny it */
typedef enum {
#define GM_X(name, text) GM_USE_##name,
  GM_USE_LIST(GM_X)
#undef GM_X
      GM_USE_COUNT
} gm_use;

/* ADD: a new thing; CORRECT: a newer version of one that is there. */
#define GM_ACT_LIST(X)                                                                             \
  X(READ, "read") X(ADD, "add") X(CORRECT, "correct") X(EXPORT, "export") X(ERASE, "erase")
typedef enum {
#define GM_X(name, text) GM_ACT_##name,
  GM_ACT_LIST(GM_X)
#undef GM_X
      GM_ACT_COUNT
} gm_act;

/* What is done at a store itself, of no twin's record: consents have no say. Text for people, after
 * "may". FIND tells whether there is one of that name; RULES: consents that speak of whoever asks.
 */
#define GM_STORE_ACT_LIST(X)                                                                       \
  X(FIND, "find subjects and twins by name")                                                       \
  X(NAMES, "see names and pseudonyms")                                                             \
  X(MAKE, "make subjects and twins")                                                               \
  X(RULES, "see the consents that speak of it")                                                    \
  X(DOCUMENTS, "keep and read documents")                                                          \
  X(AUDIT, "read the audit log")                                                                   \
  X(NOTE, "add to the audit log")                                                                  \
  X(BACKUP, "make and restore backups")
typedef enum {
#define GM_X(name, text) GM_STORE_##name,
  GM_STORE_ACT_LIST(GM_X)
#undef GM_X
      GM_STORE_ACT_COUNT
} gm_store_act;

/* Sort of data, in the clear beside each record. */
#define GM_CLASS_LIST(X)                                                                           \
  X(CLINICAL, "clinical")                                                                          \
  X(DEVICE, "device")                                                                              \
  X(REPORTED, "patient-reported")                                                                  \
  X(GENETIC, "genetic") X(SENSITIVE, "sensitive") X(DERIVED, "derived")
typedef enum {
#define GM_X(name, text) GM_CLASS_##name,
  GM_CLASS_LIST(GM_X)
#undef GM_X
      GM_CLASS_COUNT
} gm_data_class;

typedef enum {
  GM_RECORD_OBSERVATION = 1,
  GM_RECORD_GIVEN, /* a dose that was given; ordered and reported ones are no inputs */
  GM_RECORD_ORDERED,
  GM_RECORD_REPORTED,
  GM_RECORD_COVARIATE,
  GM_RECORD_BELIEF,
  GM_RECORD_FORECAST,
  GM_RECORD_SCORE,
  GM_RECORD_PLAN,
  GM_RECORD_PROPOSAL,
  GM_RECORD_DECISION,
  GM_RECORD_MODEL,
  GM_RECORD_CONSENT,
  GM_RECORD_QUALITY,
  GM_RECORD_NOTE,
  GM_RECORD_KIND_COUNT
} gm_record_kind;

/* Names as above ("model-training"); "observation", "given", ... for kinds. NULL beyond the list.
 * Static texts. */
GM_API const char *gm_access_role_name(gm_access_role r);
GM_API const char *gm_use_name(gm_use u);
GM_API const char *gm_act_name(gm_act a);
GM_API const char *gm_store_act_name(gm_store_act a);
GM_API const char *gm_data_class_name(gm_data_class c);
GM_API const char *gm_record_kind_name(gm_record_kind k);
/* Number of a name, -1: none of them. */
GM_API int32_t gm_access_role_of(const char *name);
GM_API int32_t gm_use_of(const char *name);
GM_API int32_t gm_act_of(const char *name);
GM_API int32_t gm_data_class_of(const char *name);
GM_API int32_t gm_record_kind_of(const char *name);

/* One rule of a subject. A set 0 means all of them; bit i stands for number i; OPERATION and ERASE
 * can stand in none. Texts are borrowed. */
typedef struct {
  bool permit; /* false: deny */
  uint32_t uses, kinds, classes, actions;
  const char *actor; /* "": anyone; "role:clinician"; else the actor of that name */
  double from_s,
      to_s; /* holds in [from_s, to_s), Unix seconds, open ends infinite; both 0: always */
} gm_consent_rule;

/* Who asks. Texts are borrowed. */
typedef struct {
  gm_access_role role;
  gm_use use;
  const char *actor;     /* name of the person or system, 1 to 200 bytes, not "role:..." */
  const char *scope;     /* NULL: all that the role may; else words "KIND.ACTION", either may be *:
                            "observation.read forecast.*" */
  const char *subject;   /* of a PATIENT: whose own records, the subject's id; else NULL */
  const char *emergency; /* break-glass: the reason, at least 10 bytes; NULL: none */
} gm_access_who;

typedef struct {
  gm_act action;
  gm_record_kind kind;
  gm_data_class data_class;
  bool own; /* the records are of the subject who asks */
  double now_s;
} gm_access_ask;

typedef struct {
  bool allowed;
  bool emergency;     /* allowed by break-glass alone */
  const char *reason; /* static text: "no consent permits this", "denied by a consent", ... */
} gm_access_decision;

/* rule[count]: those of the subject that are not withdrawn. No allocation; some 40 ns. */
GM_API gm_access_decision gm_access_decide(const gm_access_who *who, const gm_access_ask *ask,
                                           const gm_consent_rule *rule, int32_t count);

/* The same for what is done at a store itself. The scope must name model.add for MAKE and the
 * export of every kind for BACKUP; it has no word for the others. */
GM_API gm_access_decision gm_access_at_store(const gm_access_who *who, gm_store_act act);

/* Checks a session's description. Fails: GM_EINVAL with what is wrong. */
GM_API GM_NODISCARD gm_status gm_access_check(gm_ctx *ctx, const gm_access_who *who);

/* Body of a consent record: JSON {"type": "permit", "purpose": ["care"], ...}, docs/access.md. Adds
 * to out. Fails: GM_EINVAL (a rule that says nothing, or what no consent can say), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_consent_body(gm_ctx *ctx, const gm_consent_rule *rule,
                                              gm_text *out);
/* Its texts go to memory, which must live as long as the rule and is added to. Fails: GM_EPARSE
 * (what was expected; an unknown key is refused), GM_ENOMEM. */
GM_API GM_NODISCARD gm_status gm_consent_read(gm_ctx *ctx, const char *body, size_t bytes,
                                              gm_arena *memory, gm_consent_rule *out);

#ifdef __cplusplus
}
#endif
#endif
