/* fhir_check_bundle.c - what holds between the parts of a resource: contained resources and what
 * names them; the entries of a Bundle (bundle.html of R4: bdl-1 to bdl-12, full URLs, references of
 * documents and messages). */
#include "base/json_keys.h"
#include "interop/fhir_check_internal.h"
#include "interop/fhir_check_value.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static uint64_t hash(const gm_json *node, const void *data, size_t bytes)
{
  return gm__json_hash(node->doc->hash_key, data, bytes) | 1; /* 0 says: none */
}

/* ---- contained ------------------------------------------------------------------------------- */
static int64_t holder_slot(const gm__fhir_holder *h, const char *id, size_t bytes)
{
  if (!h->slot_count) return -1;
  uint32_t i = (uint32_t)(hash(h->resource, id, bytes) >> 1) & (h->slot_count - 1);
  for (; h->contained[i]; i = (i + 1) & (h->slot_count - 1)) {
    const gm_json *n = gm__json_find(h->contained[i], "id");
    if (n->bytes == bytes && memcmp(n->text, id, bytes) == 0) return i;
  }
  return -1 - (int64_t)i;
}

/* dom-2, dom-4, dom-5. */
static void contained_rules(gm__fhir_check *c, const gm_json *n)
{
  const gm_json *meta = gm__json_find(n, "meta");
  gm__fhir_demand(c, !gm__json_find(n, "contained"), n,
                  "dom-2: a contained resource contains no other");
  gm__fhir_demand(c, !gm__fhir_has(meta, "versionId") && !gm__fhir_has(meta, "lastUpdated"), n,
                  "dom-4: a contained resource has no version and no time of change");
  gm__fhir_demand(c, !gm__json_find(meta, "security"), n,
                  "dom-5: a contained resource has no security label");
}

static void holder_add(gm__fhir_check *c, gm__fhir_holder *h, const gm_json *n)
{
  const gm_json *id = gm__json_find(n, "id");
  if (n->kind != GM_JSON_OBJECT) return;
  contained_rules(c, n);
  if (!id || id->kind != GM_JSON_TEXT) return;
  int64_t i = holder_slot(h, id->text, id->bytes);
  if (i >= 0)
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", n, "another contained resource has the same id");
  else
    h->contained[-1 - i] = n;
}

void gm__fhir_holder_begin(gm__fhir_check *c, gm__fhir_holder *h, const gm_json *resource)
{
  const gm_json *list = gm__json_find(resource, "contained");
  *h = (gm__fhir_holder){.resource = resource};
  if (!list || list->kind != GM_JSON_ARRAY || !list->count) return;
  uint32_t count = 4;
  while (count < 2 * (uint32_t)list->count) count *= 2;
  h->contained = gm_arena_get(c->scratch, count, sizeof h->contained[0]);
  h->used = gm_arena_get(c->scratch, count, sizeof h->used[0]);
  if (!h->contained || !h->used) {
    gm__fhir_no_memory(c);
    return;
  }
  h->slot_count = count;
  for (const gm_json *n = list->first; n; n = n->next) holder_add(c, h, n);
}

/* Does a contained resource refer to what contains it ("#")? Looks at references only. */
static bool refers_out(const gm_json *root)
{
  for (const gm_json *n = root;;) {
    if (n->kind == GM_JSON_TEXT && n->bytes == 1 && n->text[0] == '#') return true;
    if (n->first) {
      n = n->first;
      continue;
    }
    while (n != root && !n->next) n = n->parent;
    if (n == root) return false;
    n = n->next;
  }
}

/* dom-3, of each contained resource. */
void gm__fhir_holder_end(gm__fhir_check *c, gm__fhir_holder *h)
{
  const gm_json *list = gm__json_find(h->resource, "contained");
  if (!list || list->kind != GM_JSON_ARRAY) return;
  for (const gm_json *n = list->first; n; n = n->next) {
    const gm_json *id = gm__json_find(n, "id");
    int64_t i = id && id->kind == GM_JSON_TEXT ? holder_slot(h, id->text, id->bytes) : -1;
    if (n->kind != GM_JSON_OBJECT || (i >= 0 && (h->used[i] || h->contained[i] != n))) continue;
    gm__fhir_demand(c, refers_out(n), n,
                    "dom-3: nothing in the resource refers to this contained one, nor it to that");
  }
}

void gm__fhir_fragment(gm__fhir_check *c, const gm_json *node, bool must)
{
  if (node->text[0] != '#' || !c->holder) return;
  int64_t i = holder_slot(c->holder, node->text + 1, node->bytes - 1);
  if (i >= 0)
    c->holder->used[i] = true;
  else if (must && node->bytes > 1)
    gm__fhir_demand(c, false, node, "ref-1: no contained resource has this id");
}

/* ---- references ------------------------------------------------------------------------------ */
typedef struct {
  size_t type_bytes, id_at, id_bytes, bytes; /* bytes: without /_history/... */
  const char *version;                       /* "" none */
} relative;

/* "Patient/1", "Patient/1/_history/2": takes it apart. */
static bool relative_read(const gm_fhir_rules *rules, const char *text, relative *out)
{
  size_t type_bytes = strcspn(text, "/");
  int32_t type = gm__fhir_type_find(rules, text, type_bytes);
  if (text[type_bytes] != '/' || type < 0 || !gm__fhir_is_resource(rules, type)) return false;
  *out = (relative){.type_bytes = type_bytes, .id_at = type_bytes + 1, .version = ""};
  out->id_bytes = strcspn(text + out->id_at, "/");
  out->bytes = out->id_at + out->id_bytes;
  if (!gm__fhir_is_id(text + out->id_at, out->id_bytes)) return false;
  if (!text[out->bytes]) return true;
  if (strncmp(text + out->bytes, "/_history/", 10) != 0) return false;
  out->version = text + out->bytes + 10;
  return gm__fhir_is_id(out->version, strlen(out->version));
}

/* The last "TYPE/ID" of an absolute URL, or NULL. */
static const char *restful_end(const gm_fhir_rules *rules, const char *url, relative *out)
{
  const char *end = url + strlen(url), *p = end;
  for (int32_t slashes = 0; p > url && slashes < 2; p--) slashes += p[-1] == '/';
  if (p == url || strstr(url, "://") == NULL) return NULL;
  p++;
  return relative_read(rules, p, out) ? p : NULL;
}

void gm__fhir_reference(gm__fhir_check *c, const gm_json *node)
{
  const gm_json *r = gm__json_find(node, "reference");
  relative apart;
  if (!r || r->kind != GM_JSON_TEXT || !r->bytes) return;
  gm__fhir_fragment(c, r, true);
  if (r->text[0] == '#' || gm__fhir_is_absolute(r->text)) return;
  size_t type_bytes = strcspn(r->text, "?");
  if (r->text[type_bytes] && gm__fhir_type_find(c->rules, r->text, type_bytes) >= 0) return;
  if (!relative_read(c->rules, r->text, &apart))
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", r,
                   "a relative reference is TYPE/ID, with a type and an id of FHIR");
}

/* ---- Bundles --------------------------------------------------------------------------------- */
void gm__fhir_bundle_begin(gm__fhir_check *c, gm__fhir_bundle *b, const gm_json *node)
{
  *b = (gm__fhir_bundle){.above = c->bundle, .first = {-1, -1, -1, -1, -1, -1, -1}};
  if (node) gm__json_path(node, b->path, sizeof b->path);
  c->bundle = b;
}

static const char *under(const gm__fhir_bundle *b, char *path, int64_t index, const char *what)
{
  snprintf(path, GM__FHIR_PATH_BYTES, "%.400s%sentry[%lld]%s%s", b->path, b->path[0] ? "." : "",
           (long long)index, what[0] ? "." : "", what);
  return path;
}

static void first_set(int64_t *first, bool is, int64_t index)
{
  if (is && *first < 0) *first = index;
}

/* bdl-5, bdl-8 and the form of the full URL. */
static void entry_rules(gm__fhir_check *c, const gm_json *e, const gm_json *resource)
{
  relative apart;
  const char *url = gm__fhir_text(e, "fullUrl");
  gm__fhir_demand(c, resource || gm__json_find(e, "request") || gm__json_find(e, "response"), e,
                  "bdl-5: an entry has a resource unless it has a request or response");
  if (!url[0]) return;
  gm__fhir_demand(c, !strstr(url, "/_history/"), e, "bdl-8: a full URL names no version");
  if (!gm__fhir_is_absolute(url)) {
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", e, "a full URL is absolute");
    return;
  }
  const char *end = restful_end(c->rules, url, &apart);
  const char *id = gm__fhir_text(resource, "id");
  if (!end || !id[0]) return;
  const char *type = gm__fhir_text(resource, "resourceType");
  bool same = strlen(type) == apart.type_bytes && !strncmp(type, end, apart.type_bytes) &&
              strlen(id) == apart.id_bytes && !strncmp(id, end + apart.id_at, apart.id_bytes);
  if (!same)
    gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", e,
                   "a full URL that ends in TYPE/ID has type and id of the resource");
}

static void place_add(gm__fhir_check *c, gm__fhir_bundle *b, const gm_json *e, const char *url)
{
  if (b->place_count >= c->options.entry_count_max) return;
  if (b->place_count == b->place_room) {
    int32_t room = b->place_room ? 2 * b->place_room : 64;
    if (gm_grow(c->ctx, &b->place, b->place_room, room, sizeof b->place[0])) {
      gm__fhir_no_memory(c);
      return;
    }
    b->place_room = room;
  }
  const gm_json *meta = gm__json_find(gm__json_find(e, "resource"), "meta");
  const char *version = gm__fhir_text(meta, "versionId");
  uint64_t pair[2] = {hash(e, url, strlen(url)), hash(e, version, strlen(version))};
  gm__fhir_place *p = &b->place[b->place_count++];
  *p = (gm__fhir_place){
      .url = pair[0], .version = hash(e, pair, sizeof pair), .index = b->entry_count};
}

/* A reference that a document or message must resolve within itself. */
static void wanted_add(gm__fhir_check *c, const gm_json *reference, const char *url)
{
  gm__fhir_bundle *b = c->bundle;
  char whole[1500], path[GM__FHIR_PATH_BYTES];
  relative apart = {.version = ""};
  const gm_json *r = gm__json_find(reference, "reference");
  if (!r || r->kind != GM_JSON_TEXT || r->text[0] == '#') return;
  size_t bytes = r->bytes;
  if (gm__fhir_is_absolute(r->text))
    snprintf(whole, sizeof whole, "%s", r->text);
  else {
    relative base;
    const char *end = restful_end(c->rules, url, &base);
    if (!end || !relative_read(c->rules, r->text, &apart)) return;
    bytes = (size_t)(end - url) + apart.bytes;
    snprintf(whole, sizeof whole, "%.*s%.*s", (int)(end - url), url, (int)apart.bytes, r->text);
  }
  if (bytes >= sizeof whole || b->wanted_count >= 10000) return;
  if (b->wanted_count == b->wanted_room) {
    int32_t room = b->wanted_room ? 2 * b->wanted_room : 16;
    if (gm_grow(c->ctx, &b->wanted, b->wanted_room, room, sizeof b->wanted[0])) {
      gm__fhir_no_memory(c);
      return;
    }
    b->wanted_room = room;
  }
  gm__json_path(reference, path, sizeof path);
  size_t path_bytes = strlen(path) + 1;
  char *kept = gm_arena_get(c->report->arena, (ptrdiff_t)path_bytes, 1);
  if (!kept) {
    gm__fhir_no_memory(c);
    return;
  }
  memcpy(kept, path, path_bytes);
  gm__fhir_wanted *w = &b->wanted[b->wanted_count++];
  *w = (gm__fhir_wanted){.url = hash(r, whole, strlen(whole)), .expression = kept};
  if (apart.version[0]) {
    uint64_t pair[2] = {w->url, hash(r, apart.version, strlen(apart.version))};
    w->version = hash(r, pair, sizeof pair);
  }
}

/* One reference or an array of them. */
static void wanted_all(gm__fhir_check *c, const gm_json *n, const char *url)
{
  if (!n || c->status) return;
  if (n->kind == GM_JSON_OBJECT) wanted_add(c, n, url);
  if (n->kind != GM_JSON_ARRAY) return;
  for (const gm_json *i = n->first; i && !c->status; i = i->next)
    if (i->kind == GM_JSON_OBJECT) wanted_add(c, i, url);
}

static void wanted_sections(gm__fhir_check *c, const gm_json *list, const char *url)
{
  if (!list || list->kind != GM_JSON_ARRAY) return;
  for (const gm_json *s = list->first; s; s = s->next) {
    wanted_all(c, gm__json_find(s, "author"), url);
    wanted_all(c, gm__json_find(s, "focus"), url);
    wanted_all(c, gm__json_find(s, "entry"), url);
    wanted_sections(c, gm__json_find(s, "section"), url);
  }
}

/* documents.html: the resources that a document must hold; messaging.html: the focus. */
static void wanted_of(gm__fhir_check *c, const gm_json *resource, const char *url)
{
  if (gm__fhir_is(resource, "resourceType", "Composition")) {
    static const char *const name[] = {"subject", "encounter", "author", "custodian"};
    for (size_t i = 0; i < sizeof name / sizeof name[0]; i++)
      wanted_all(c, gm__json_find(resource, name[i]), url);
    wanted_sections(c, gm__json_find(resource, "section"), url);
  }
  if (gm__fhir_is(resource, "resourceType", "MessageHeader"))
    wanted_all(c, gm__json_find(resource, "focus"), url);
}

void gm__fhir_bundle_entry(gm__fhir_check *c, const gm_json *e)
{
  gm__fhir_bundle *b = c->bundle;
  const gm_json *resource = gm__json_find(e, "resource");
  const char *url = gm__fhir_text(e, "fullUrl");
  int64_t k = b->entry_count;
  entry_rules(c, e, resource);
  first_set(&b->first.search, gm__json_find(e, "search"), k);
  first_set(&b->first.request, gm__json_find(e, "request"), k);
  first_set(&b->first.response, gm__json_find(e, "response"), k);
  first_set(&b->first.no_request, !gm__json_find(e, "request"), k);
  first_set(&b->first.no_response, !gm__json_find(e, "response"), k);
  first_set(&b->first.no_url, resource && !gm__fhir_has(e, "fullUrl"), k);
  first_set(&b->first.no_id,
            resource && !gm__fhir_has(resource, "id") &&
                !gm__fhir_is(gm__json_find(e, "search"), "mode", "outcome"),
            k);
  if (url[0]) place_add(c, b, e, url);
  if (k == 0) {
    b->composition_first = gm__fhir_is(resource, "resourceType", "Composition");
    b->message_first = gm__fhir_is(resource, "resourceType", "MessageHeader");
    if (b->composition_first || b->message_first) wanted_of(c, resource, url);
  }
  b->entry_count++;
}

/* ---- the end of a Bundle -----------------------------------------------------------------------
 */
static int by_url(const void *a, const void *b)
{
  const gm__fhir_place *x = a, *y = b;
  if (x->url != y->url) return x->url < y->url ? -1 : 1;
  if (x->version != y->version) return x->version < y->version ? -1 : 1;
  return x->index < y->index ? -1 : x->index > y->index;
}

static int by_index(const void *a, const void *b)
{
  const gm__fhir_place *x = a, *y = b;
  return x->index < y->index ? -1 : x->index > y->index;
}

/* bdl-7; places are sorted by hash, which differs from run to run: those that come again are put
 * back into the order of the Bundle. Overwrites the places. */
static void places_unique(gm__fhir_check *c, gm__fhir_bundle *b)
{
  char path[GM__FHIR_PATH_BYTES];
  gm__fhir_place last = {0};
  int32_t again = 0;
  for (int32_t i = 0; i < b->place_count; i++) {
    const gm__fhir_place p = b->place[i];
    if (i && p.version == last.version && p.url == last.url) b->place[again++] = p;
    last = p;
  }
  if (again) qsort(b->place, (size_t)again, sizeof b->place[0], by_index);
  for (int32_t i = 0; i < again; i++)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "invariant", under(b, path, b->place[i].index, ""),
                        "bdl-7: an entry before has the same full URL and version");
}

static void wanted_found(gm__fhir_check *c, const gm__fhir_bundle *b)
{
  for (int32_t i = 0; i < b->wanted_count; i++) {
    const gm__fhir_wanted *w = &b->wanted[i];
    int32_t low = 0, high = b->place_count, found = 0;
    while (low < high) {
      int32_t mid = low + (high - low) / 2;
      if (b->place[mid].url < w->url)
        low = mid + 1;
      else
        high = mid;
    }
    for (; low < b->place_count && b->place[low].url == w->url; low++)
      found += !w->version || b->place[low].version == w->version;
    if (found != 1)
      gm__fhir_issue_path(c, GM_FHIR_ERROR, found ? "multiple-matches" : "not-found", w->expression,
                          found ? "more than one entry is meant"
                                : "no entry has the full URL that this refers to");
  }
}

/* bdl-1 to bdl-4: what entries have goes with the kind of Bundle. */
static void kind_rules(gm__fhir_check *c, const gm__fhir_bundle *b, const gm_json *node)
{
  const char *t = gm__fhir_text(node, "type");
  char path[GM__FHIR_PATH_BYTES];
  bool search = !strcmp(t, "searchset"), history = !strcmp(t, "history");
  bool ask = !strcmp(t, "batch") || !strcmp(t, "transaction") || history;
  bool answer = !strcmp(t, "batch-response") || !strcmp(t, "transaction-response") || history;
  gm__fhir_demand(c, search || history || !gm__fhir_has(node, "total"), node,
                  "bdl-1: only searches and histories have a total");
  if (!search && b->first.search >= 0)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "invariant", under(b, path, b->first.search, "search"),
                        "bdl-2: only entries of searches have this");
  int64_t wrong = ask ? b->first.no_request : b->first.request;
  if (wrong >= 0)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "invariant", under(b, path, wrong, ""),
                        "bdl-3: every entry of a batch, transaction or history has a request, and "
                        "no other");
  wrong = answer ? b->first.no_response : b->first.response;
  if (wrong >= 0)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "invariant", under(b, path, wrong, ""),
                        "bdl-4: every entry of a response or history has a response, and no other");
}

/* bdl-9 to bdl-12, and where full URLs and ids must be. */
static void document_rules(gm__fhir_check *c, const gm__fhir_bundle *b, const gm_json *node)
{
  const char *t = gm__fhir_text(node, "type");
  char path[GM__FHIR_PATH_BYTES];
  bool document = !strcmp(t, "document"), message = !strcmp(t, "message");
  const gm_json *id = gm__json_find(node, "identifier");
  if (document) {
    gm__fhir_demand(c, gm__fhir_has(id, "system") && gm__fhir_has(id, "value"), node,
                    "bdl-9: a document has an identifier with system and value");
    gm__fhir_demand(c, gm__fhir_has(node, "timestamp"), node, "bdl-10: a document has a timestamp");
    gm__fhir_demand(c, b->composition_first, node,
                    "bdl-11: the first entry of a document is a Composition");
  }
  if (message)
    gm__fhir_demand(c, b->message_first, node,
                    "bdl-12: the first entry of a message is a MessageHeader");
  if ((document || message) && b->entry_count <= c->options.entry_count_max) wanted_found(c, b);
  if ((document || message || !strcmp(t, "collection") || !strcmp(t, "searchset")) &&
      b->first.no_url >= 0)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "required", under(b, path, b->first.no_url, ""),
                        "an entry of this kind of Bundle has a full URL");
  if (!strcmp(t, "searchset") && b->first.no_id >= 0)
    gm__fhir_issue_path(c, GM_FHIR_ERROR, "invalid", under(b, path, b->first.no_id, "resource"),
                        "what a search finds has an id");
}

/* A link of one kind stands once. */
static void links_rule(gm__fhir_check *c, const gm_json *node)
{
  static const char *const kind[] = {"self", "first", "previous", "prev", "next", "last"};
  const gm_json *list = gm__json_find(node, "link");
  int32_t seen[6] = {0};
  for (const gm_json *n = list ? list->first : NULL; n; n = n->next)
    for (int32_t i = 0; i < 6; i++)
      if (gm__fhir_is(n, "relation", kind[i]) && seen[i]++)
        gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", n, "a link of this relation was there before");
}

void gm__fhir_bundle_drop(gm__fhir_check *c)
{
  gm_free(c->bundle->place);
  gm_free(c->bundle->wanted);
  c->bundle = c->bundle->above;
}

void gm__fhir_bundle_end(gm__fhir_check *c, const gm_json *node)
{
  gm__fhir_bundle *b = c->bundle;
  if (b->place_count) qsort(b->place, (size_t)b->place_count, sizeof b->place[0], by_url);
  if (!c->status) {
    kind_rules(c, b, node);
    document_rules(c, b, node);
    links_rule(c, node);
    places_unique(c, b);
  }
  gm__fhir_bundle_drop(c);
}
