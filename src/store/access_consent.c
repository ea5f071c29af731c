/* access_consent.c - the body of a consent record: strict JSON in the words of a FHIR Consent's
 * provision. What would be without effect, or would permit more than was meant (an empty list, a
 * key that is not known), is refused. */
#include "base/json_write.h"
#include "base/utf8.h"
#include "gemel/access.h"
#include "store/store_internal.h"
#include <math.h>
#include <sodium.h>
#include <string.h>

enum { BODY_MAX = 65536, MEMORY_MAX = 1 << 20, DEPTH_MAX = 3 };

/* Key of a set, how many there are, what no consent can speak of. */
typedef const char *name_of_number(int32_t i);
static const char *use_text(int32_t i)
{
  return i == GM_USE_OPERATION ? NULL : gm_use_name((gm_use)i);
}
static const char *kind_text(int32_t i) { return gm_record_kind_name((gm_record_kind)i); }
static const char *class_text(int32_t i) { return gm_data_class_name((gm_data_class)i); }
static const char *act_text(int32_t i) { return i == GM_ACT_ERASE ? NULL : gm_act_name((gm_act)i); }

typedef struct {
  const char *key;
  name_of_number *name; /* NULL: not in consents */
  int32_t count;
} set_form;
enum { USES, KINDS, CLASSES, ACTIONS, SETS };
static const set_form form[SETS] = {{"purpose", use_text, GM_USE_COUNT},
                                    {"kind", kind_text, GM_RECORD_KIND_COUNT},
                                    {"class", class_text, GM_CLASS_COUNT},
                                    {"action", act_text, GM_ACT_COUNT}};

static bool always(const gm_consent_rule *r)
{
  return (r->from_s == 0 && r->to_s == 0) || (r->from_s == -INFINITY && r->to_s == INFINITY);
}

/* ---- checks of both ways --------------------------------------------------------------------- */
static bool set_known(const set_form *f, uint32_t set)
{
  for (int32_t i = 0; i < 32; i++)
    if (set >> i & 1 && (i >= f->count || !f->name(i))) return false;
  return true;
}

/* NULL: good; else what was expected. */
static const char *actor_fault(const char *actor)
{
  size_t n = strlen(actor), prefix = sizeof GM__ACTOR_ROLE - 1;
  if (n > GM__NAME_MAX) return "actor: a name of at most 200 bytes is expected";
  for (size_t i = 0; i < n;) {
    int32_t wide = gm__utf8_bytes((const unsigned char *)actor + i, n - i);
    if (wide < 1) return "actor: UTF-8 is expected";
    i += (size_t)wide;
  }
  if (strncmp(actor, GM__ACTOR_ROLE, prefix) != 0) return NULL;
  return gm_access_role_of(actor + prefix) >= 0 ? NULL
                                                : "actor: after " GM__ACTOR_ROLE
                                                  " one of the roles is expected";
}

static const char *period_fault(const gm_consent_rule *r)
{
  return always(r) || r->from_s < r->to_s
             ? NULL
             : "period: a start before the end is expected, in Unix seconds";
}

/* ---- writing --------------------------------------------------------------------------------- */
static void set_write(gm_json_writer *w, const set_form *f, uint32_t set)
{
  if (!set) return;
  gm_json_write_array(w, f->key);
  for (int32_t i = 0; i < f->count; i++)
    if (set >> i & 1) gm_json_write_text(w, NULL, f->name(i));
  gm_json_write_array_end(w);
}

static void period_write(gm_json_writer *w, const gm_consent_rule *r)
{
  if (always(r)) return;
  gm_json_write_object(w, "period");
  if (r->from_s != -INFINITY) gm_json_write_number(w, "start", r->from_s);
  if (r->to_s != INFINITY) gm_json_write_number(w, "end", r->to_s);
  gm_json_write_object_end(w);
}

gm_status gm_consent_body(gm_ctx *ctx, const gm_consent_rule *rule, gm_text *out)
{
  const uint32_t set[SETS] = {rule->uses, rule->kinds, rule->classes, rule->actions};
  const char *actor = rule->actor ? rule->actor : "", *fault = actor_fault(actor);
  gm_json_writer w;
  if (!fault) fault = period_fault(rule);
  if (fault) return gm_fail(ctx, GM_EINVAL, "a consent: %s", fault);
  for (int i = 0; i < SETS; i++)
    if (!set_known(&form[i], set[i]))
      return gm_fail(ctx, GM_EINVAL, "a consent: %s holds what no consent can speak of",
                     form[i].key);
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "type", rule->permit ? "permit" : "deny");
  for (int i = 0; i < SETS; i++) set_write(&w, &form[i], set[i]);
  if (actor[0]) gm_json_write_text(&w, "actor", actor);
  period_write(&w, rule);
  gm_json_write_object_end(&w);
  return out->status ? gm_fail(ctx, out->status, "a consent") : GM_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status type_read(const gm_json *n, gm_consent_rule *out)
{
  bool text = n && n->kind == GM_JSON_TEXT && strlen(n->text) == n->bytes;
  out->permit = text && !strcmp(n->text, "permit");
  if (out->permit || (text && !strcmp(n->text, "deny"))) return GM_OK;
  return GM_EPARSE;
}

static gm_status set_read(const set_form *f, const gm_json *n, uint32_t *out)
{
  *out = 0;
  if (!n) return GM_OK;
  if (n->kind != GM_JSON_ARRAY || !n->count)
    return gm__json_node_fail(n, GM_EPARSE,
                              "a list of at least one name is expected;"
                              " leave the key out for all of them");
  for (const gm_json *e = n->first; e; e = e->next) {
    int32_t i = 0;
    bool text = e->kind == GM_JSON_TEXT && strlen(e->text) == e->bytes;
    while (i < f->count && !(text && f->name(i) && !strcmp(f->name(i), e->text))) i++;
    if (i == f->count)
      return gm__json_node_fail(e, GM_EPARSE, "one of the names of docs/access.md is expected");
    if (*out >> i & 1) return gm__json_node_fail(e, GM_EPARSE, "a name that stands there twice");
    *out |= 1u << i;
  }
  return GM_OK;
}

static gm_status actor_read(gm_ctx *ctx, const gm_json *n, gm_arena *memory, const char **out)
{
  *out = "";
  if (!n) return GM_OK;
  if (n->kind != GM_JSON_TEXT || !n->bytes || strlen(n->text) != n->bytes)
    return gm__json_node_fail(n, GM_EPARSE,
                              "a name, or " GM__ACTOR_ROLE "ROLE, is expected;"
                              " leave the key out for anyone");
  const char *fault = actor_fault(n->text);
  if (fault) return gm__json_node_fail(n, GM_EPARSE, "%s", fault);
  char *copy = gm_arena_get(memory, (ptrdiff_t)n->bytes + 1, 1);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "a consent");
  memcpy(copy, n->text, n->bytes + 1);
  *out = copy;
  return GM_OK;
}

static gm_status time_read(const gm_json *period, const char *key, double none, double *out)
{
  const gm_json *n = gm__json_find(period, key);
  *out = none;
  if (!n) return GM_OK;
  gm_status st = n->kind == GM_JSON_NUMBER ? gm__json_double(n, out) : GM_EINVAL;
  return st == GM_EINVAL ? gm__json_node_fail(n, GM_EPARSE, "Unix seconds are expected") : st;
}

static gm_status keys_check(const gm_json *n, const char *const *key, const char *expected)
{
  for (const gm_json *e = n->first; e; e = e->next) {
    int i = 0;
    while (key[i] && (strlen(key[i]) != e->key_bytes || memcmp(key[i], e->key, e->key_bytes) != 0))
      i++;
    if (!key[i]) return gm__json_node_fail(n, GM_EPARSE, "a key that is not known: %s", expected);
  }
  return GM_OK;
}

static gm_status period_read(const gm_json *n, gm_consent_rule *out)
{
  static const char *const key[] = {"start", "end", NULL};
  out->from_s = out->to_s = 0;
  if (!n) return GM_OK;
  if (n->kind != GM_JSON_OBJECT || !n->count)
    return gm__json_node_fail(n, GM_EPARSE, "an object with start, end or both is expected");
  gm_status st = keys_check(n, key, "start and end are expected");
  if (!st) st = time_read(n, "start", -INFINITY, &out->from_s);
  if (!st) st = time_read(n, "end", INFINITY, &out->to_s);
  const char *fault = st ? NULL : period_fault(out);
  bool zeros = !st && out->from_s == 0 && out->to_s == 0; /* would mean always */
  return fault || zeros ? gm__json_node_fail(n, GM_EPARSE, "a start before the end is expected")
                        : st;
}

static gm_status rule_read(gm_ctx *ctx, const gm_json *n, gm_arena *memory, gm_consent_rule *out)
{
  static const char *const key[] = {"type",   "purpose", "kind",   "class",
                                    "action", "actor",   "period", NULL};
  uint32_t set[SETS] = {0};
  if (n->kind != GM_JSON_OBJECT) return gm__json_node_fail(n, GM_EPARSE, "an object is expected");
  gm_status st =
      keys_check(n, key, "type, purpose, kind, class, action, actor and period are expected");
  if (!st && type_read(gm__json_find(n, "type"), out))
    st = gm__json_node_fail(n, GM_EPARSE, "type: permit or deny is expected");
  for (int i = 0; i < SETS && !st; i++)
    st = set_read(&form[i], gm__json_find(n, form[i].key), &set[i]);
  if (!st) st = period_read(gm__json_find(n, "period"), out);
  if (!st) st = actor_read(ctx, gm__json_find(n, "actor"), memory, &out->actor);
  out->uses = set[USES];
  out->kinds = set[KINDS];
  out->classes = set[CLASSES];
  out->actions = set[ACTIONS];
  return st;
}

/* A tree's texts may be names of people. */
static void tree_wipe(gm_json *n)
{
  for (gm_json *e = n ? n->first : NULL; e; e = e->next)
    if (e->kind == GM_JSON_TEXT && e->bytes) sodium_memzero((char *)(uintptr_t)e->text, e->bytes);
}

gm_status gm_consent_read(gm_ctx *ctx, const char *body, size_t bytes, gm_arena *memory,
                          gm_consent_rule *out)
{
  gm_json_options o = {.name = "a consent",
                       .depth_max = DEPTH_MAX,
                       .string_bytes_max = 6 * GM__NAME_MAX,
                       .memory_bytes_max = MEMORY_MAX};
  gm_arena *scratch = NULL;
  gm_json *tree = NULL;
  gm_consent_rule r = {0};
  if (bytes > BODY_MAX)
    return gm_fail(ctx, GM_EPARSE, "a consent: at most %d bytes are expected", BODY_MAX);
  gm_status st = gm_arena_new(ctx, 4096, &scratch);
  if (!st) st = gm__json_parse(ctx, scratch, &o, body, bytes, &tree);
  if (st == GM_ERANGE) st = gm_fail_at(ctx, GM_EPARSE, "too long, too deep or beyond numbers");
  if (!st) st = rule_read(ctx, tree, memory, &r);
  if (st == GM_ERANGE) st = GM_EPARSE; /* a number beyond the doubles */
  if (!st) *out = r;
  tree_wipe(tree);
  gm_arena_free(scratch);
  return st;
}
