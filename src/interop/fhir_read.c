/* fhir_read.c - a file in passes, entry by entry, and the account of each. */
#include "base/clock.h"
#include "base/json_tree.h"
#include "interop/fhir_in.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

const char *gm_fhir_outcome_name(gm_fhir_outcome o)
{
  static const char *const name[] = {
#define GM_X(id, text) text,
      GM_FHIR_OUTCOME_LIST(GM_X)
#undef GM_X
  };
  return o < GM_FHIR_OUTCOME_COUNT ? name[o] : NULL;
}

/* ---- the table ------------------------------------------------------------------------------- */
static gm_status identifiers_add(fhir_in *r, const gm_json *patient, int32_t thing)
{
  const gm_json *n = fhir_item(gm__json_find(patient, "identifier"), 0);
  char key[2 * FHIR_NAME_BYTES];
  gm_status s = GM_OK;
  for (; n && !s; n = n->next) {
    const char *system = fhir_text(n, "system"), *value = fhir_text(n, "value");
    if (!system || !value || strlen(system) + strlen(value) + 2 > FHIR_NAME_BYTES) continue;
    snprintf(key, sizeof key, "%s|%s", system, value);
    s = fhir_table_key(r->table, key, thing);
  }
  return s;
}

/* A Medication met again with other codes (a history) is none that can be told. */
static void medication_set(fhir_in *r, const gm_json *medication, int32_t number, bool fresh)
{
  fhir_thing *t = fhir_table_at(r->table, number);
  fhir_match m = {0};
  fhir_map_find(&r->map, GM_RECORD_GIVEN, gm__json_find(medication, "code"), &m);
  int32_t input = m.several ? FHIR_SEVERAL : m.count ? m.code[0]->index : FHIR_NONE;
  t->input = fresh || t->input == input ? input : FHIR_SEVERAL;
  if (m.count) t->code = m.code[0]->shown;
}

static gm_status table_entry(fhir_in *r)
{
  const fhir_entry *e = &r->e;
  bool patient = !strcmp(e->type, "Patient");
  if (!r->map.count || (!patient && strcmp(e->type, "Medication") != 0)) return GM_OK;
  if (!e->id[0] && !e->full_url[0]) return GM_OK; /* nothing can point at it */
  int32_t before = fhir_table_count(r->table), thing;
  gm_status s = fhir_table_add(r->table, patient, e->id, e->full_url, &thing);
  if (s) return s;
  if (patient) return identifiers_add(r, e->resource, thing);
  medication_set(r, e->resource, thing, fhir_table_count(r->table) > before);
  return GM_OK;
}

static const char *history_name(const fhir_entry *e, char name[FHIR_NAME_BYTES])
{
  if (e->full_url[0]) return e->full_url;
  snprintf(name, FHIR_NAME_BYTES, "%s/%s", e->type, e->id);
  return name;
}

static gm_status newest_entry(fhir_in *r)
{
  const gm_json *meta = gm__json_find(r->e.resource, "meta");
  const char *updated = fhir_text(meta, "lastUpdated"), *version = fhir_text(meta, "versionId");
  char name[FHIR_NAME_BYTES];
  gm_fhir_time t = {.begin_s = -1e300};
  if (!r->e.id[0] && !r->e.full_url[0]) return GM_OK;
  if (updated) gm_fhir_time_read(updated, &t);
  return fhir_table_newest(r->table, history_name(&r->e, name), t.begin_s,
                           version ? strtoll(version, NULL, 10) : 0, r->e.index);
}

/* ---- the account ----------------------------------------------------------------------------- */
static gm_status account(fhir_in *r)
{
  const fhir_entry *e = &r->e;
  gm_fhir_totals *t = r->totals;
  gm_fhir_outcome o = e->facts ? GM_FHIR_TAKEN : e->refused ? GM_FHIR_REFUSED : GM_FHIR_NOT_MAPPED;
  const char *why = e->why ? e->why : "it says nothing that the definition asks for";
  const gm_fhir_account a = {.index = e->index,
                             .place = e->place,
                             .resource = e->type,
                             .id = e->id[0] ? e->id : e->full_url,
                             .outcome = o,
                             .code = e->refused ? e->code : "informational",
                             .reason = e->refused                ? e->reason
                                       : o == GM_FHIR_NOT_MAPPED ? why
                                                                 : "",
                             .facts = e->facts,
                             .parts_refused = e->refused};
  t->entries++;
  t->taken += o == GM_FHIR_TAKEN;
  t->not_mapped += o == GM_FHIR_NOT_MAPPED;
  t->refused += o == GM_FHIR_REFUSED;
  t->facts += e->facts;
  t->parts_refused += e->refused;
  return r->o->account ? r->o->account(r->o->user, &a) : GM_OK;
}

/* ---- entries --------------------------------------------------------------------------------- */
static gm_status resource_facts(fhir_in *r)
{
  char name[FHIR_NAME_BYTES];
  if (r->history && (r->e.id[0] || r->e.full_url[0]) &&
      fhir_table_newest_index(r->table, history_name(&r->e, name)) != r->e.index)
    return fhir_not_mapped(r, "an older version: the newest one in the file is read");
  return fhir_entry_run(r);
}

/* What was told of an entry before a listener stopped counts as told, though it has no account. */
static gm_status resource_look(fhir_in *r, const gm_json *resource, const char *full_url)
{
  bool good = fhir_entry_begin(r, resource, full_url);
  gm_status s = GM_OK;
  if (r->pass == FHIR_TABLE) return good ? table_entry(r) : GM_OK;
  if (r->pass == FHIR_NEWEST) return good ? newest_entry(r) : GM_OK;
  if (good) s = resource_facts(r);
  if (s && r->pass == FHIR_TELL) r->totals->facts += r->e.facts;
  return !s && r->pass == FHIR_TELL ? account(r) : s;
}

/* An entry that holds no resource. */
static gm_status request_look(fhir_in *r, const gm_json *entry)
{
  const gm_json *request = gm__json_find(entry, "request");
  if (r->pass != FHIR_TELL) return GM_OK;
  fhir_entry_begin(r, entry, NULL); /* a refusal: it is no resource */
  r->e.refused = 0;
  r->e.type = "entry";
  if (gm__json_find(entry, "response") && !request)
    fhir_not_mapped(r, "a response without a resource");
  else if (fhir_is(request, "method", "GET") || fhir_is(request, "method", "HEAD"))
    fhir_not_mapped(r, "a request to read");
  else
    fhir_refuse(r, request ? "not-supported" : "required", entry, "resource",
                request ? "missing: to delete or patch is not carried out; what was wrong is sent "
                          "as entered-in-error"
                        : "missing");
  r->e.type = "";
  return account(r);
}

static gm_status line_refused(fhir_in *r, gm_status s)
{
  if (r->pass != FHIR_TELL) return GM_OK;
  fhir_entry_begin(r, NULL, NULL);
  r->e.type = "";
  r->e.refused = 1;
  r->e.code = s == GM_ERANGE ? "too-long" : "structure";
  snprintf(r->e.reason, sizeof r->e.reason, "%s", gm_message(r->ctx));
  gm_message_clear(r->ctx);
  return account(r);
}

static gm_status take(void *user, const gm_json *part, int64_t index, gm_status s)
{
  fhir_in *r = user;
  r->count++;
  r->e.index = index;
  if (r->o->lines) {
    snprintf(r->e.place, sizeof r->e.place, "line %" PRId64, index);
    return part ? resource_look(r, part, NULL) : line_refused(r, s);
  }
  snprintf(r->e.place, sizeof r->e.place, "Bundle.entry[%" PRId64 "]", index);
  const gm_json *resource = gm__json_find(part, "resource");
  return resource ? resource_look(r, resource, fhir_text(part, "fullUrl")) : request_look(r, part);
}

/* ---- passes ---------------------------------------------------------------------------------- */
/* What stood around the entries: a Bundle, or a resource by itself. */
static gm_status root_look(fhir_in *r, const gm_json *root)
{
  const gm_json *entry = gm__json_find(root, "entry");
  const char *type = fhir_text(root, "resourceType");
  if (!type)
    return gm_fail(r->ctx, GM_EPARSE,
                   "%s: no FHIR resource: an object with a resourceType was expected", r->path);
  r->bundle = !strcmp(type, "Bundle");
  r->sensitive = r->bundle && fhir_is_sensitive(root);
  r->history = r->bundle && fhir_is(root, "type", "history");
  if (r->bundle && entry && entry->kind != GM_JSON_ARRAY)
    return gm__json_node_fail(entry, GM_EPARSE, "%s; an array was expected",
                              gm__json_kind_text(entry->kind));
  return GM_OK;
}

static gm_status wanted_find(fhir_in *r)
{
  const char *patient = r->o->patient;
  r->wanted = patient && strchr(patient, '|') ? fhir_table_find(r->table, patient) : FHIR_NONE;
  return r->wanted == FHIR_SEVERAL
             ? gm_fail(r->ctx, GM_EINVAL, "%s: more than one Patient has the identifier asked for",
                       r->path)
             : GM_OK;
}

/* A resource by itself goes through all passes while it is in memory. */
static gm_status single_run(fhir_in *r, const gm_json *root)
{
  gm_status s = GM_OK;
  r->e.index = 0;
  snprintf(r->e.place, sizeof r->e.place, "%.63s", fhir_text(root, "resourceType"));
  fhir_table_free(r->table); /* of what looked like entries */
  r->table = NULL;
  s = fhir_table_new(r->ctx, &r->table);
  static const fhir_pass pass[] = {FHIR_TABLE, FHIR_FIRST, FHIR_TELL};
  for (size_t i = 0; i < 3 && !s; i++) {
    r->pass = pass[i];
    s = resource_look(r, root, NULL);
    if (!s && !i) s = wanted_find(r);
  }
  return s;
}

static gm_status pass_run(fhir_in *r, fhir_pass pass)
{
  static const char *const path[] = {"entry"};
  const gm_json_options options = {.name = r->path, .lines = r->o->lines};
  gm_json_parts *p = NULL;
  r->pass = pass;
  r->count = 0;
  gm_status s = gm__json_parts_new(r->ctx, &options, path, r->o->lines ? 0 : 1, take, r, &p);
  if (s) return s;
  s = gm__json_feed_file(gm__json_parts_reader(p), r->path);
  const gm_json *root = gm__json_parts_rest(p);
  if (!s && !r->o->lines) s = root_look(r, root);
  if (!s && !r->o->lines && !r->bundle) s = single_run(r, root);
  gm__json_parts_free(p);
  return s;
}

typedef struct {
  dev_t device;
  ino_t inode;
  off_t bytes;
  struct timespec changed;
} file_state;

static gm_status file_look(const fhir_in *r, file_state *out)
{
  struct stat st;
  if (stat(r->path, &st) != 0) return gm_fail(r->ctx, GM_EIO, "%s: %s", r->path, strerror(errno));
  if (!S_ISREG(st.st_mode))
    return gm_fail(r->ctx, GM_EIO, "%s: not a regular file; it has to be read more than once",
                   r->path);
  *out = (file_state){st.st_dev, st.st_ino, st.st_size, st.st_mtim};
  return GM_OK;
}

static gm_status unchanged(const fhir_in *r, const file_state *before, int64_t count)
{
  file_state now = {0};
  gm_status s = file_look(r, &now);
  if (s) return s;
  bool same = now.device == before->device && now.inode == before->inode &&
              now.bytes == before->bytes && now.changed.tv_sec == before->changed.tv_sec &&
              now.changed.tv_nsec == before->changed.tv_nsec && count == r->count;
  return same ? GM_OK : gm_fail(r->ctx, GM_EIO, "%s: changed while it was read", r->path);
}

static gm_status passes(fhir_in *r)
{
  file_state before;
  gm_status s = file_look(r, &before);
  if (!s) s = pass_run(r, FHIR_TABLE);
  if (s || (!r->o->lines && !r->bundle)) return s;
  int64_t count = r->count;
  s = wanted_find(r);
  if (!s && r->history && r->map.count) s = pass_run(r, FHIR_NEWEST);
  if (!s && r->map.patients) s = pass_run(r, FHIR_FIRST);
  if (!s) s = unchanged(r, &before, count);
  if (!s) s = pass_run(r, FHIR_TELL);
  return s ? s : unchanged(r, &before, count);
}

gm_status gm_fhir_read_file(gm_ctx *ctx, const char *path, const gm_fhir_options *options,
                            gm_fhir_totals *totals)
{
  fhir_in *r = gm_alloc(ctx, 1, sizeof *r);
  *totals = (gm_fhir_totals){0};
  if (!r) return gm_fail(ctx, GM_ENOMEM, "no memory to read %s", path);
  r->ctx = ctx;
  r->o = options;
  r->d = options->definition;
  r->path = path;
  r->totals = totals;
  r->wanted = FHIR_NONE;
  r->read_s = options->read_s != 0 ? options->read_s : gm__clock_s();
  gm_text_init(&r->json, ctx);
  gm_status s = gm_arena_new(ctx, 16384, &r->arena);
  if (!s) s = fhir_map_make(ctx, r->arena, r->d, &r->map);
  if (!s) s = fhir_table_new(ctx, &r->table);
  if (!s) s = passes(r);
  fhir_table_free(r->table);
  gm_arena_free(r->arena);
  gm_text_free(&r->json);
  gm_free(r);
  return s;
}
