/* fhir_check_internal.h - what the parts of the checker share. */
#ifndef GEMEL_INTEROP_FHIR_CHECK_INTERNAL_H
#define GEMEL_INTEROP_FHIR_CHECK_INTERNAL_H
#include "base/json_tree.h"
#include "interop/fhir_check_rules.h"

enum { GM__FHIR_PATH_BYTES = 500 };

typedef struct {
  gm_fhir_report report; /* first: the public pointer is of this */
  gm_arena *arena;
  gm_fhir_issue *issue; /* owned; report.issue */
  int32_t issue_room;
} gm__fhir_report;

/* A resource and what is contained in it, to find what "#id" names. */
typedef struct gm__fhir_holder gm__fhir_holder;
struct gm__fhir_holder {
  const gm_json *resource;
  const gm_json **contained; /* in a hash table by id */
  bool *used;                /* somebody refers to it; by slot */
  uint32_t slot_count;       /* a power of two; 0: nothing contained */
};

/* Entries whose full URLs are compared at the end; references that must be found among them. */
typedef struct {
  uint64_t url, version; /* hashes of fullUrl, and of fullUrl and meta.versionId; 0: none */
  int64_t index;
} gm__fhir_place;

typedef struct {
  uint64_t url, version; /* version 0: any */
  const char *expression;
} gm__fhir_wanted;

/* The first entry that has, or lacks, something; -1: none does. */
typedef struct {
  int64_t search, request, response, no_request, no_response, no_url, no_id;
} gm__fhir_firsts;

typedef struct gm__fhir_bundle gm__fhir_bundle;
struct gm__fhir_bundle {
  gm__fhir_bundle *above;
  char path[GM__FHIR_PATH_BYTES]; /* of the Bundle, "" for the outermost */
  gm__fhir_place *place;          /* owned */
  int32_t place_count, place_room;
  gm__fhir_wanted *wanted; /* owned */
  int32_t wanted_count, wanted_room;
  int64_t entry_count;
  gm__fhir_firsts first;
  bool composition_first, message_first;
  const gm_json *entry; /* the present one, or NULL */
};

typedef struct {
  gm_ctx *ctx;
  const gm_fhir_rules *rules;
  gm_fhir_check_options options;
  gm__fhir_report *report;
  gm_arena *scratch;
  gm_status status; /* the first failure of the checking itself */
  gm__fhir_holder *holder;
  gm__fhir_bundle *bundle;
  bool streamed; /* the entries of the outermost Bundle were checked one by one */
} gm__fhir_check;

/* An issue at a node (NULL: the outermost), or at a path. The path is cut to what fits. */
void gm__fhir_issue(gm__fhir_check *c, gm_fhir_severity severity, const char *code,
                    const gm_json *at, const char *format, ...) GM_PRINTF(5, 6);
void gm__fhir_issue_path(gm__fhir_check *c, gm_fhir_severity severity, const char *code,
                         const char *path, const char *format, ...) GM_PRINTF(5, 6);
/* Notes that memory ran out. */
void gm__fhir_no_memory(gm__fhir_check *c);

/* Structure and values of a resource; contained in holder, or of its own. */
void gm__fhir_check_resource(gm__fhir_check *c, const gm_json *node, bool contained);
/* The entry of a Bundle that is read in parts, and an element of the outermost. */
void gm__fhir_check_entry(gm__fhir_check *c, const gm_json *node);

/* ---- invariants ------------------------------------------------------------------------------ */
/* Of an object of a type whose structure has been checked. */
void gm__fhir_invariants(gm__fhir_check *c, const gm_json *node, int32_t type);
void gm__fhir_resource_invariants(gm__fhir_check *c, const gm_json *node, const char *type);
void gm__fhir_form_invariants(gm__fhir_check *c, const gm_json *node, const char *type);

typedef void gm__fhir_rule(gm__fhir_check *c, const gm_json *node);
typedef struct {
  const char *type;
  gm__fhir_rule *check;
} gm__fhir_rule_row;
/* The rule of a type among rows sorted by name, or NULL. */
gm__fhir_rule *gm__fhir_rule_find(const gm__fhir_rule_row *row, int32_t count, const char *type);

/* name or _name is there */
bool gm__fhir_has(const gm_json *node, const char *name);
/* one way of a choice is there: "value" and a capital letter */
bool gm__fhir_has_way(const gm_json *node, const char *choice);
/* how many items an array has; 0 for all else */
int32_t gm__fhir_count(const gm_json *node, const char *name);
/* The text of an element, "" when it is not there or no text. */
const char *gm__fhir_text(const gm_json *node, const char *name);
bool gm__fhir_is(const gm_json *node, const char *name, const char *text);
/* Fails the invariant (an error of code "invariant") unless good. */
void gm__fhir_demand(gm__fhir_check *c, bool good, const gm_json *node, const char *text);

/* ---- contained and referenced ------------------------------------------------------------------
 */
void gm__fhir_holder_begin(gm__fhir_check *c, gm__fhir_holder *h, const gm_json *resource);
void gm__fhir_holder_end(gm__fhir_check *c, gm__fhir_holder *h);
/* A text that may be a reference within the resource: "#id". */
void gm__fhir_fragment(gm__fhir_check *c, const gm_json *node, bool must);
void gm__fhir_reference(gm__fhir_check *c, const gm_json *node);

/* ---- Bundles -----------------------------------------------------------------------------------
 */
void gm__fhir_bundle_begin(gm__fhir_check *c, gm__fhir_bundle *b, const gm_json *node);
void gm__fhir_bundle_entry(gm__fhir_check *c, const gm_json *entry);
/* Ends the present Bundle without a verdict. */
void gm__fhir_bundle_drop(gm__fhir_check *c);
/* The whole Bundle but perhaps its entries; ends it. */
void gm__fhir_bundle_end(gm__fhir_check *c, const gm_json *node);
#endif
