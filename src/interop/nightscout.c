/* nightscout.c - files in two passes, document by document, and the account of each. */
#include "gemel/nightscout.h"
#include "interop/nightscout_in.h"
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

const char *gm_nightscout_outcome_name(gm_nightscout_outcome o)
{
  static const char *const name[] = {
#define GM_X(id, text) text,
      GM_NIGHTSCOUT_OUTCOME_LIST(GM_X)
#undef GM_X
  };
  return o < GM_NIGHTSCOUT_OUTCOME_COUNT ? name[o] : NULL;
}

/* ---- what the definition asks for ------------------------------------------------------------ */
static const struct {
  const char *name;
  gm_record_kind kind;
} codes[] = {
#define GM_X(code, name, kind) {name, kind},
    SCOUT_CODE_LIST(GM_X)
#undef GM_X
};

static gm_status code_take(scout_in *r, const char *code, gm_record_kind kind, const char *series)
{
  static const char prefix[] = "nightscout|";
  if (strncmp(code, prefix, strlen(prefix)) != 0) return GM_OK;
  const char *name = code + strlen(prefix);
  size_t i = 0;
  while (i < SCOUT_CODE_COUNT && strcmp(codes[i].name, name) != 0) i++;
  if (i == SCOUT_CODE_COUNT || codes[i].kind != kind)
    return gm_fail(
        r->ctx, GM_EINVAL,
        "definition: %.80s: code '%.80s': %s; sgv and mbg of observables, insulin, basal "
        "and carbs of inputs, exercise of covariates are known",
        series, code, i == SCOUT_CODE_COUNT ? "not known" : "of another sort of series");
  if (r->series[i] && strcmp(r->series[i], series) != 0)
    return gm_fail(r->ctx, GM_EINVAL, "definition: '%.80s' and '%.80s' have the same code %.80s",
                   r->series[i], series, code);
  r->series[i] = series;
  return GM_OK;
}

static gm_status coding_take(scout_in *r, const gm_coding *c, gm_record_kind kind,
                             const char *series)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < c->count && !s; i++) s = code_take(r, c->code[i], kind, series);
  return s;
}

static gm_status series_find(scout_in *r)
{
  const gm_definition *d = r->o->definition;
  gm_status s = GM_OK;
  if (!d) return GM_OK;
  for (int32_t i = 0; i < d->observable_count && !s; i++)
    s = coding_take(r, &d->observable[i].coding, GM_RECORD_OBSERVATION, d->observable[i].name);
  for (int32_t i = 0; i < d->input_count && !s; i++)
    s = coding_take(r, &d->input[i].coding, GM_RECORD_GIVEN, d->input[i].name);
  for (int32_t i = 0; i < d->covariate_count && !s; i++)
    s = coding_take(r, &d->covariate[i].coding, GM_RECORD_COVARIATE, d->covariate[i].name);
  return s;
}

/* ---- documents ------------------------------------------------------------------------------- */
static gm_status account(scout_in *r)
{
  static const char *const kind[] = {"entry", "treatment", "profile", ""};
  const scout_doc *d = &r->d;
  gm_nightscout_totals *t = r->totals;
  gm_nightscout_outcome o = d->facts     ? GM_NIGHTSCOUT_TAKEN
                            : d->refused ? GM_NIGHTSCOUT_REFUSED
                                         : GM_NIGHTSCOUT_NOT_MAPPED;
  const char *why = d->why ? d->why : "it says nothing that the definition asks for";
  const gm_nightscout_account a = {.file = r->file,
                                   .index = d->index,
                                   .place = d->place,
                                   .kind = kind[d->kind],
                                   .id = d->id,
                                   .outcome = o,
                                   .reason = d->refused                      ? d->reason
                                             : o == GM_NIGHTSCOUT_NOT_MAPPED ? why
                                                                             : "",
                                   .facts = d->facts,
                                   .parts_refused = d->refused};
  t->documents++;
  t->taken += o == GM_NIGHTSCOUT_TAKEN;
  t->not_mapped += o == GM_NIGHTSCOUT_NOT_MAPPED;
  t->refused += o == GM_NIGHTSCOUT_REFUSED;
  t->facts += d->facts;
  t->parts_refused += d->refused;
  return r->o->account ? r->o->account(r->o->user, &a) : GM_OK;
}

static gm_status run(scout_in *r)
{
  const scout_doc *d = &r->d;
  if (d->kind == SCOUT_OTHER)
    return scout_not_mapped(r, "neither an entry nor a treatment nor a profile");
  if (!r->o->definition) return scout_not_mapped(r, "no definition was given");
  if (r->pass == SCOUT_TABLE && d->timed && d->kind != SCOUT_PROFILE) {
    r->first_s = fmin(r->first_s, d->t_s);
    r->last_s = fmax(r->last_s, d->t_s);
  }
  if (d->kind == SCOUT_PROFILE) return scout_profile(r);
  return d->kind == SCOUT_ENTRY ? scout_entry(r) : scout_treatment(r);
}

/* What was told of a document before a listener stopped counts as told, though it has no account.
 */
static gm_status doc_look(scout_in *r, const gm_json *node, int64_t index)
{
  r->count++;
  r->d.index = index;
  gm_status s = scout_doc_begin(r, node) ? run(r) : GM_OK;
  if (!s) s = r->stop;
  if (s && r->pass == SCOUT_TELL) r->totals->facts += r->d.facts;
  return !s && r->pass == SCOUT_TELL ? account(r) : s;
}

static gm_status line_refused(scout_in *r, int64_t line)
{
  scout_doc *d = &r->d;
  r->count++;
  if (r->pass == SCOUT_TABLE) {
    gm_message_clear(r->ctx);
    return GM_OK;
  }
  *d = (scout_doc){.kind = SCOUT_OTHER, .index = line, .refused = 1};
  snprintf(d->place, sizeof d->place, "line %" PRId64, line);
  snprintf(d->reason, sizeof d->reason, "%.400s", gm_message(r->ctx));
  gm_message_clear(r->ctx);
  return account(r);
}

static gm_status take(void *user, const gm_json *part, int64_t index, gm_status s)
{
  scout_in *r = user;
  (void)s;
  if (!part) return line_refused(r, index);
  if (r->o->lines)
    snprintf(r->d.place, sizeof r->d.place, "line %" PRId64, index);
  else
    snprintf(r->d.place, sizeof r->d.place, "%s[%" PRId64 "]", part->parent->key ? "result" : "",
             index);
  return doc_look(r, part, index);
}

/* ---- files ----------------------------------------------------------------------------------- */
/* What is no array of documents: an object with arrays of each sort, or one document. */
static gm_status object_look(scout_in *r, const gm_json *root)
{
  static const char *const list[] = {"entries", "treatments", "profile", "profiles",
                                     "devicestatus"};
  const gm_json *result = gm__json_find(root, "result");
  gm_status s = GM_OK;
  bool listed = false;
  if (!root || root->kind != GM_JSON_OBJECT)
    return gm_fail(r->ctx, GM_EPARSE, "%s: %s; an array of documents or an object was expected",
                   r->path, root ? gm__json_kind_text(root->kind) : "nothing");
  for (size_t i = 0; i < sizeof list / sizeof list[0] && !s; i++) {
    const gm_json *a = gm__json_find(root, list[i]);
    if (!a || a->kind != GM_JSON_ARRAY) continue;
    listed = true;
    for (const gm_json *n = a->first; n && !s; n = n->next) {
      snprintf(r->d.place, sizeof r->d.place, "%s[%" PRId64 "]", list[i], n->index);
      s = doc_look(r, n, n->index);
    }
  }
  if (listed || s) return s;
  snprintf(r->d.place, sizeof r->d.place, "%s", result ? "result" : "document");
  return doc_look(r, result ? result : root, 0);
}

/* Does it begin with '['? Behind a byte order mark and blanks. */
static gm_status array_find(scout_in *r, bool *is_array)
{
  FILE *f = fopen(r->path, "rb");
  int c;
  if (!f) return gm_fail(r->ctx, GM_EIO, "%s: %s", r->path, strerror(errno));
  do c = fgetc(f);
  while (c == ' ' || c == '\t' || c == '\r' || c == '\n' || c == 0xEF || c == 0xBB || c == 0xBF);
  *is_array = c == '[';
  fclose(f);
  return GM_OK;
}

static gm_status file_run(scout_in *r)
{
  static const char *const path[] = {"result"};
  const gm_json_options options = {.name = r->path, .lines = r->o->lines};
  gm_json_parts *p = NULL;
  bool is_array = false;
  gm_status s = r->o->lines ? GM_OK : array_find(r, &is_array);
  if (!s)
    s = gm__json_parts_new(r->ctx, &options, path, r->o->lines || is_array ? 0 : 1, take, r, &p);
  if (s) return s;
  s = gm__json_feed_file(gm__json_parts_reader(p), r->path);
  if (!s && !r->o->lines && gm__json_parts_count(p) < 0) s = object_look(r, gm__json_parts_rest(p));
  gm__json_parts_free(p);
  return s;
}

typedef struct {
  dev_t device;
  ino_t inode;
  off_t bytes;
  struct timespec changed;
  int64_t count;
} file_state;

static gm_status file_look(scout_in *r, file_state *out)
{
  struct stat st;
  if (stat(r->path, &st) != 0) return gm_fail(r->ctx, GM_EIO, "%s: %s", r->path, strerror(errno));
  if (!S_ISREG(st.st_mode))
    return gm_fail(r->ctx, GM_EIO, "%s: not a regular file; it has to be read twice", r->path);
  *out = (file_state){st.st_dev, st.st_ino, st.st_size, st.st_mtim, r->count};
  return GM_OK;
}

static bool same_state(const file_state *a, const file_state *b)
{
  return a->device == b->device && a->inode == b->inode && a->bytes == b->bytes &&
         a->changed.tv_sec == b->changed.tv_sec && a->changed.tv_nsec == b->changed.tv_nsec &&
         a->count == b->count;
}

static gm_status pass_run(scout_in *r, scout_pass pass, const char *const *path, int32_t count,
                          file_state *state)
{
  gm_status s = GM_OK;
  r->pass = pass;
  for (int32_t i = 0; i < count && !s; i++) {
    file_state now;
    r->path = path[i];
    r->file = i;
    r->count = 0;
    s = file_look(r, &now);
    if (!s) s = file_run(r);
    now.count = r->count;
    if (!s && pass == SCOUT_TELL && !same_state(&now, &state[i]))
      s = gm_fail(r->ctx, GM_EIO, "%s: changed while it was read", r->path);
    state[i] = now;
  }
  return s;
}

static gm_status units_find(scout_in *r)
{
  const char *u = r->o->insulin_unit ? r->o->insulin_unit : "[IU]";
  gm_unit unit;
  int put = snprintf(r->insulin, sizeof r->insulin, "%s", u);
  int put_rate = snprintf(r->rate, sizeof r->rate, "%s/h", u);
  if (put < 0 || put_rate >= (int)sizeof r->rate || gm_unit_parse(r->ctx, u, &unit) ||
      gm_unit_parse(r->ctx, r->rate, &unit))
    return gm_fail(r->ctx, GM_EUNIT, "insulin_unit: not a UCUM code");
  return GM_OK;
}

static gm_status options_check(const scout_in *r)
{
  const gm_nightscout_options *o = r->o;
  bool window = isfinite(o->from_s) && isfinite(o->to_s) && o->from_s <= o->to_s;
  bool zone = o->zone_min >= -14 * 60 && o->zone_min <= 14 * 60;
  return window && zone ? GM_OK
                        : gm_fail(r->ctx, GM_EINVAL, "%s: %s", window ? "zone_min" : "from_s, to_s",
                                  window ? "beyond 14 hours" : "no span of time");
}

static gm_status read_all(scout_in *r, const char *const *path, int32_t count)
{
  file_state *state = gm_alloc(r->ctx, count, sizeof *state);
  if (!state) return gm_fail(r->ctx, GM_ENOMEM, "no memory to read an export");
  gm_status s = gm_arena_new(r->ctx, 16384, &r->work);
  if (!s) s = scout_basal_new(r->ctx, &r->basal);
  if (!s) s = pass_run(r, SCOUT_TABLE, path, count, state);
  if (!s) {
    scout_basal_close(r->basal);
    s = pass_run(r, SCOUT_TELL, path, count, state);
  }
  scout_basal_free(r->basal);
  gm_arena_free(r->work);
  gm_free(state);
  return s;
}

gm_status gm_nightscout_read(gm_ctx *ctx, const char *const *path, int32_t path_count,
                             const gm_nightscout_options *options, gm_nightscout_totals *totals)
{
  *totals = (gm_nightscout_totals){0};
  if (path_count < 1) return gm_fail(ctx, GM_EINVAL, "no file of an export");
  scout_in *r = gm_alloc(ctx, 1, sizeof *r);
  if (!r) return gm_fail(ctx, GM_ENOMEM, "no memory to read %s", path[0]);
  r->ctx = ctx;
  r->o = options;
  r->totals = totals;
  r->first_s = INFINITY;
  r->last_s = -INFINITY;
  gm_text_init(&r->json, ctx);
  gm_status s = options_check(r);
  if (!s) s = units_find(r);
  if (!s) s = series_find(r);
  if (!s) s = read_all(r, path, path_count);
  gm_text_free(&r->json);
  gm_free(r);
  return s;
}
