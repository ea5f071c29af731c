/* access.c - who may do what: one decision. docs/access.md says why each line is as it is; a test
 * holds both together. */
#include "gemel/access.h"
#include "store/store_internal.h"
#include <string.h>

/* ---- names ----------------------------------------------------------------------------------- */
static const char *const role_name[] = {
#define GM_X(name, text) text,
    GM_AS_LIST(GM_X)
#undef GM_X
};
static const char *const use_name[] = {
#define GM_X(name, text) text,
    GM_USE_LIST(GM_X)
#undef GM_X
};
static const char *const act_name[] = {
#define GM_X(name, text) text,
    GM_ACT_LIST(GM_X)
#undef GM_X
};
static const char *const store_act_name[] = {
#define GM_X(name, text) text,
    GM_STORE_ACT_LIST(GM_X)
#undef GM_X
};
static const char *const class_name[] = {
#define GM_X(name, text) text,
    GM_CLASS_LIST(GM_X)
#undef GM_X
};
static const char *const kind_name[] = {
    NULL,    "observation", "given",    "ordered",  "reported", "covariate", "belief",  "forecast",
    "score", "plan",        "proposal", "decision", "model",    "consent",   "quality", "note"};
_Static_assert(sizeof kind_name / sizeof kind_name[0] == GM_RECORD_KIND_COUNT, "a kind's name");

#define NAME(array, i)                                                                             \
  ((i) >= 0 && (size_t)(i) < sizeof(array) / sizeof(array)[0] ? (array)[i] : NULL)
const char *gm_access_role_name(gm_access_role r) { return NAME(role_name, (int)r); }
const char *gm_use_name(gm_use u) { return NAME(use_name, (int)u); }
const char *gm_act_name(gm_act a) { return NAME(act_name, (int)a); }
const char *gm_store_act_name(gm_store_act a) { return NAME(store_act_name, (int)a); }
const char *gm_data_class_name(gm_data_class c) { return NAME(class_name, (int)c); }
const char *gm_record_kind_name(gm_record_kind k) { return NAME(kind_name, (int)k); }

static int32_t number_of_n(const char *const *list, int32_t count, const char *name, size_t bytes)
{
  for (int32_t i = 0; i < count; i++)
    if (list[i] && strlen(list[i]) == bytes && !memcmp(list[i], name, bytes)) return i;
  return -1;
}
static int32_t number_of(const char *const *list, int32_t count, const char *name)
{
  return number_of_n(list, count, name, strlen(name));
}
int32_t gm_access_role_of(const char *name) { return number_of(role_name, GM_AS_COUNT, name); }
int32_t gm_use_of(const char *name) { return number_of(use_name, GM_USE_COUNT, name); }
int32_t gm_act_of(const char *name) { return number_of(act_name, GM_ACT_COUNT, name); }
int32_t gm_data_class_of(const char *name) { return number_of(class_name, GM_CLASS_COUNT, name); }
int32_t gm_record_kind_of(const char *name)
{
  return number_of(kind_name, GM_RECORD_KIND_COUNT, name);
}

/* ---- what a role may do ---------------------------------------------------------------------- */
#define BIT(i)  (1u << (i))
#define K(name) BIT(GM_RECORD_##name)
enum {
  EVERY_KIND = BIT(GM_RECORD_KIND_COUNT) - 2,
  DERIVED = K(BELIEF) | K(FORECAST) | K(SCORE) | K(PLAN) | K(PROPOSAL) | K(QUALITY) | K(MODEL),
  NAMELESS = EVERY_KIND & ~(K(CONSENT) | K(NOTE)), /* no free text, no names of people */
  CARE = BIT(GM_USE_CARE),
  OPERATION = BIT(GM_USE_OPERATION),
  RESEARCH = BIT(GM_USE_TRAINING) | BIT(GM_USE_VIRTUAL_POPULATION) | BIT(GM_USE_RESEARCH_EXPORT),
  OF_RECORDS = CARE | RESEARCH,
  READ = BIT(GM_ACT_READ),
  ADD = BIT(GM_ACT_ADD),
  CORRECT = BIT(GM_ACT_CORRECT),
  EXPORT = BIT(GM_ACT_EXPORT),
  ERASE = BIT(GM_ACT_ERASE)
};
/* Acts at the store itself are of no kind: the number 0, which no kind of record has. */
#define AT(name) BIT(GM_ACT_COUNT + GM_STORE_##name)
enum { NO_KIND = BIT(0) };
_Static_assert((int)GM_ACT_COUNT + (int)GM_STORE_ACT_COUNT <= 32, "acts of a line");

typedef enum {
  IF_PERMITTED,  /* a consent must permit it, and none deny it */
  UNLESS_DENIED, /* none may deny it */
  ALWAYS         /* consents have no say */
} basis;

typedef struct {
  gm_access_role role;
  uint32_t acts, uses, kinds;
  basis basis;
} grant;

/* What is not here is denied. The first line that fits counts. */
static const grant list[] = {
    {GM_AS_PATIENT, READ | EXPORT | ERASE, OF_RECORDS, EVERY_KIND, ALWAYS},
    {GM_AS_PATIENT, ADD, OF_RECORDS, K(OBSERVATION) | K(REPORTED) | K(CONSENT) | K(NOTE), ALWAYS},
    {GM_AS_PATIENT, CORRECT, OF_RECORDS,
     K(OBSERVATION) | K(GIVEN) | K(REPORTED) | K(COVARIATE) | K(CONSENT) | K(NOTE), ALWAYS},
    {GM_AS_CLINICIAN, READ | ADD | CORRECT, CARE, K(CONSENT), ALWAYS},
    {GM_AS_CLINICIAN, ADD, CARE, K(NOTE), UNLESS_DENIED},
    {GM_AS_CLINICIAN, READ | ADD | CORRECT | EXPORT, CARE, EVERY_KIND, IF_PERMITTED},
    {GM_AS_RESEARCHER, READ, RESEARCH, NAMELESS, IF_PERMITTED},
    {GM_AS_RESEARCHER, EXPORT, BIT(GM_USE_RESEARCH_EXPORT), NAMELESS, IF_PERMITTED},
    {GM_AS_DEVICE, ADD | CORRECT, CARE, K(OBSERVATION) | K(GIVEN), IF_PERMITTED},
    {GM_AS_ENGINE, READ, OF_RECORDS, NAMELESS, IF_PERMITTED},
    {GM_AS_ENGINE, ADD | CORRECT, OF_RECORDS, DERIVED, IF_PERMITTED},
    {GM_AS_OPERATOR, ERASE, OPERATION, EVERY_KIND, ALWAYS},
    {GM_AS_PATIENT, AT(FIND) | AT(NAMES) | AT(DOCUMENTS) | AT(AUDIT) | AT(NOTE), OF_RECORDS,
     NO_KIND, ALWAYS},
    {GM_AS_CLINICIAN, AT(FIND) | AT(NAMES) | AT(MAKE) | AT(DOCUMENTS) | AT(NOTE), CARE, NO_KIND,
     ALWAYS},
    {GM_AS_RESEARCHER, AT(FIND) | AT(RULES) | AT(DOCUMENTS) | AT(NOTE), RESEARCH, NO_KIND, ALWAYS},
    {GM_AS_RESEARCHER, AT(MAKE), BIT(GM_USE_VIRTUAL_POPULATION), NO_KIND, ALWAYS},
    {GM_AS_DEVICE, AT(FIND) | AT(RULES), CARE, NO_KIND, ALWAYS},
    {GM_AS_ENGINE, AT(FIND) | AT(RULES) | AT(DOCUMENTS) | AT(NOTE), OF_RECORDS, NO_KIND, ALWAYS},
    {GM_AS_ENGINE, AT(NAMES), CARE, NO_KIND, ALWAYS},
    {GM_AS_OPERATOR, AT(FIND) | AT(NOTE) | AT(BACKUP), OPERATION, NO_KIND, ALWAYS},
    {GM_AS_AUDITOR, AT(AUDIT) | AT(NOTE), OPERATION, NO_KIND, ALWAYS}};

static const char allowed[] = "allowed", no_insurer[] = "an insurer gets nothing, whoever permits",
                  no_role[] = "never for this role", no_use[] = "not for this purpose",
                  not_own[] = "not the patient's own records",
                  no_scope[] = "beyond the session's scope", denied[] = "denied by a consent",
                  absent[] = "no consent permits this",
                  unknown[] = "no such kind, class, action or purpose";

static bool has(uint32_t set, int i) { return set >> i & 1; }

/* The line that fits, or NULL and why. */
static const grant *grant_for(const gm_access_who *who, int act, int kind, const char **why)
{
  *why = no_role;
  for (size_t i = 0; i < sizeof list / sizeof list[0]; i++) {
    const grant *g = &list[i];
    if (g->role != who->role || !has(g->acts, act) || !has(g->kinds, kind)) continue;
    if (has(g->uses, who->use)) return g;
    *why = no_use;
  }
  return NULL;
}

/* ---- scope ----------------------------------------------------------------------------------- */
typedef struct {
  int32_t kind, act; /* -1: any */
} scope_word;

/* The next word; *at goes on. 0: there is none, 1: a word, -1: no word of ours. */
static int scope_next(const char **at, scope_word *out)
{
  const char *word = *at + strspn(*at, " ");
  size_t bytes = strcspn(word, " ");
  *at = word + bytes;
  if (!bytes) return 0;
  const char *dot = memchr(word, '.', bytes);
  if (!dot) return -1;
  size_t kind = (size_t)(dot - word), act = bytes - kind - 1;
  bool any_kind = kind == 1 && word[0] == '*', any_act = act == 1 && dot[1] == '*';
  out->kind = any_kind ? -1 : number_of_n(kind_name, GM_RECORD_KIND_COUNT, word, kind);
  out->act = any_act ? -1 : number_of_n(act_name, GM_ACT_COUNT, dot + 1, act);
  return (any_kind || out->kind >= 0) && (any_act || out->act >= 0) ? 1 : -1;
}

bool gm__scope_allows(const char *scope, gm_act act, gm_record_kind kind)
{
  scope_word w;
  if (!scope) return true;
  while (scope_next(&scope, &w) > 0)
    if ((w.kind < 0 || w.kind == (int32_t)kind) && (w.act < 0 || w.act == (int32_t)act))
      return true;
  return false;
}

/* ---- consents -------------------------------------------------------------------------------- */
static bool names_actor(const gm_consent_rule *r, const gm_access_who *who)
{
  enum { PREFIX = sizeof GM__ACTOR_ROLE - 1 };
  if (!r->actor || !r->actor[0]) return true;
  if (!strncmp(r->actor, GM__ACTOR_ROLE, PREFIX))
    return gm_access_role_of(r->actor + PREFIX) == (int32_t)who->role;
  return who->actor && !strcmp(r->actor, who->actor);
}

bool gm__consent_speaks_of(const gm_consent_rule *r, const gm_access_who *who)
{
  return names_actor(r, who) && (!r->uses || has(r->uses, who->use));
}

static bool applies(const gm_consent_rule *r, const gm_access_who *who, const gm_access_ask *ask)
{
  bool always = r->from_s == 0 && r->to_s == 0;
  return (always || (r->from_s <= ask->now_s && ask->now_s < r->to_s)) &&
         (!r->kinds || has(r->kinds, ask->kind)) &&
         (!r->classes || has(r->classes, ask->data_class)) &&
         (!r->actions || has(r->actions, ask->action)) && gm__consent_speaks_of(r, who);
}

static const char *by_consents(const gm_access_who *who, const gm_access_ask *ask,
                               const gm_consent_rule *rule, int32_t count, basis b)
{
  const char *result = b == UNLESS_DENIED ? allowed : absent;
  for (int32_t i = 0; i < count; i++) {
    if (!applies(&rule[i], who, ask)) continue;
    if (!rule[i].permit) return denied;
    result = allowed;
  }
  return result;
}

/* Break-glass: reading for care. What a consent denies of the class "sensitive" stays closed. */
static bool breaks_glass(const gm_access_who *who, const gm_access_ask *ask, const char *why)
{
  return who->emergency && who->role == GM_AS_CLINICIAN && who->use == GM_USE_CARE &&
         ask->action == GM_ACT_READ && !(why == denied && ask->data_class == GM_CLASS_SENSITIVE);
}

static bool known(const gm_access_who *who, const gm_access_ask *ask)
{
  return gm_use_name(who->use) && gm_record_kind_name(ask->kind) && gm_act_name(ask->action) &&
         gm_data_class_name(ask->data_class);
}

gm_access_decision gm_access_decide(const gm_access_who *who, const gm_access_ask *ask,
                                    const gm_consent_rule *rule, int32_t count)
{
  const char *why = unknown;
  if (who->role == GM_AS_INSURER) return (gm_access_decision){.reason = no_insurer};
  const grant *g = known(who, ask) ? grant_for(who, (int)ask->action, (int)ask->kind, &why) : NULL;
  if (!g) return (gm_access_decision){.reason = why};
  if (who->role == GM_AS_PATIENT && !ask->own) return (gm_access_decision){.reason = not_own};
  if (!gm__scope_allows(who->scope, ask->action, ask->kind))
    return (gm_access_decision){.reason = no_scope};
  if (g->basis == ALWAYS) return (gm_access_decision){.allowed = true, .reason = allowed};
  why = by_consents(who, ask, rule, count, g->basis);
  bool emergency = why != allowed && breaks_glass(who, ask, why);
  return (gm_access_decision){
      .allowed = why == allowed || emergency, .emergency = emergency, .reason = why};
}

/* ---- at the store itself ----------------------------------------------------------------------*/
/* A backup holds all there is. */
static bool scope_covers(const char *scope, gm_store_act act)
{
  bool all = act != GM_STORE_MAKE || gm__scope_allows(scope, GM_ACT_ADD, GM_RECORD_MODEL);
  for (int kind = 1; kind < GM_RECORD_KIND_COUNT && act == GM_STORE_BACKUP; kind++)
    all = all && gm__scope_allows(scope, GM_ACT_EXPORT, (gm_record_kind)kind);
  return all;
}

gm_access_decision gm_access_at_store(const gm_access_who *who, gm_store_act act)
{
  const char *why = unknown;
  bool there = gm_use_name(who->use) && gm_store_act_name(act);
  if (who->role == GM_AS_INSURER) return (gm_access_decision){.reason = no_insurer};
  if (!there || !grant_for(who, (int)GM_ACT_COUNT + (int)act, 0, &why))
    return (gm_access_decision){.reason = why};
  if (!scope_covers(who->scope, act)) return (gm_access_decision){.reason = no_scope};
  return (gm_access_decision){.allowed = true, .reason = allowed};
}

/* ---- a session's description ----------------------------------------------------------------- */
enum { ACTOR_MAX = GM__NAME_MAX, SCOPE_MAX = 1000, REASON_MIN = 10, REASON_MAX = 1000 };

static bool between(const char *text, size_t least, size_t most)
{
  size_t n = text ? strlen(text) : 0;
  return n >= least && n <= most;
}

static gm_status scope_check(gm_ctx *ctx, const char *scope)
{
  scope_word w;
  int more, words = 0;
  const char *at = scope;
  if (!between(scope, 1, SCOPE_MAX))
    return gm_fail(ctx, GM_EINVAL, "a session's scope: 1 to %d bytes are expected", SCOPE_MAX);
  while ((more = scope_next(&at, &w)) > 0) words++;
  if (!more && words) return GM_OK;
  return gm_fail(ctx, GM_EINVAL,
                 "a session's scope, word %d: KIND.ACTION is expected, as in observation.read;"
                 " * stands for any",
                 words + 1);
}

static gm_status emergency_check(gm_ctx *ctx, const gm_access_who *who)
{
  if (who->role != GM_AS_CLINICIAN || who->use != GM_USE_CARE)
    return gm_fail(ctx, GM_EINVAL, "an emergency: only a clinician, for care, may break the glass");
  return between(who->emergency, REASON_MIN, REASON_MAX)
             ? GM_OK
             : gm_fail(ctx, GM_EINVAL, "an emergency: a reason of %d to %d bytes is expected",
                       REASON_MIN, REASON_MAX);
}

gm_status gm_access_check(gm_ctx *ctx, const gm_access_who *who)
{
  bool patient = who->role == GM_AS_PATIENT;
  gm_status st = GM_OK;
  if (!gm_access_role_name(who->role) || !gm_use_name(who->use))
    return gm_fail(ctx, GM_EINVAL, "a session's role or purpose is none of those there are");
  if (!between(who->actor, 1, ACTOR_MAX))
    return gm_fail(ctx, GM_EINVAL, "a session's actor: 1 to %d bytes are expected", ACTOR_MAX);
  if (!strncmp(who->actor, GM__ACTOR_ROLE, strlen(GM__ACTOR_ROLE)))
    return gm_fail(ctx, GM_EINVAL, "a session's actor: no name begins with " GM__ACTOR_ROLE);
  if (patient != (who->subject != NULL))
    return gm_fail(ctx, GM_EINVAL, "a session's subject: %s",
                   patient ? "a patient's own id is expected" : "only a patient's session has one");
  if (patient && !between(who->subject, 1, GM__NAME_MAX))
    return gm_fail(ctx, GM_EINVAL, "a session's subject: 1 to %d bytes are expected", GM__NAME_MAX);
  if (who->scope) st = scope_check(ctx, who->scope);
  if (!st && who->emergency) st = emergency_check(ctx, who);
  return st;
}
