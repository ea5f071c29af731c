/* fhir_check.c - reading a resource to be checked, the report, and the report as JSON. */
#include "interop/fhir_check_internal.h"
#include "base/json_write.h"
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const severity_name[] = {"fatal", "error", "warning", "information"};

const char *gm_fhir_severity_name(gm_fhir_severity s) { return severity_name[s]; }

/* ---- issues ---------------------------------------------------------------------------------- */
void gm__fhir_no_memory(gm__fhir_check *c)
{
  if (!c->status) c->status = gm_fail(c->ctx, GM_ENOMEM, "no memory to check a resource");
}

static char *kept(gm__fhir_check *c, const char *text)
{
  size_t bytes = strlen(text) + 1;
  char *t = gm_arena_get(c->report->arena, (ptrdiff_t)bytes, 1);
  if (t)
    memcpy(t, text, bytes);
  else
    gm__fhir_no_memory(c);
  return t;
}

/* Counts an issue; false: it is not to be kept. */
static bool counted(gm__fhir_check *c, gm_fhir_severity severity)
{
  gm_fhir_report *r = &c->report->report;
  r->errors += severity <= GM_FHIR_ERROR;
  r->warnings += severity == GM_FHIR_WARNING;
  if (c->status) return false;
  if (r->issue_count < c->options.issue_count_max) return true;
  r->left_out++;
  return false;
}

static void add(gm__fhir_check *c, gm_fhir_severity severity, const char *code, const char *path,
                const char *format, va_list ap) GM_PRINTF(5, 0);
static void add(gm__fhir_check *c, gm_fhir_severity severity, const char *code, const char *path,
                const char *format, va_list ap)
{
  gm__fhir_report *r = c->report;
  char reason[400];
  if (r->report.issue_count == r->issue_room) {
    int32_t room = r->issue_room ? 2 * r->issue_room : 16;
    if (gm_grow(c->ctx, &r->issue, r->issue_room, room, sizeof r->issue[0])) {
      gm__fhir_no_memory(c);
      return;
    }
    r->issue_room = room;
  }
  vsnprintf(reason, sizeof reason, format, ap);
  gm_fhir_issue i = {.severity = severity, .code = code};
  i.expression = kept(c, path);
  i.reason = kept(c, reason);
  if (i.expression && i.reason) r->issue[r->report.issue_count++] = i;
}

void gm__fhir_issue(gm__fhir_check *c, gm_fhir_severity severity, const char *code,
                    const gm_json *at, const char *format, ...)
{
  char path[GM__FHIR_PATH_BYTES] = "";
  va_list ap;
  if (!counted(c, severity)) return;
  if (at) gm__json_path(at, path, sizeof path);
  va_start(ap, format);
  add(c, severity, code, path, format, ap);
  va_end(ap);
}

void gm__fhir_issue_path(gm__fhir_check *c, gm_fhir_severity severity, const char *code,
                         const char *path, const char *format, ...)
{
  va_list ap;
  if (!counted(c, severity)) return;
  va_start(ap, format);
  add(c, severity, code, path, format, ap);
  va_end(ap);
}

/* What reading says of JSON that is none: the message in the context, without the input's name. */
static void fatal(gm__fhir_check *c, gm_status s)
{
  gm__fhir_issue(c, GM_FHIR_FATAL, s == GM_ERANGE ? "too-long" : "structure", NULL, "%.380s",
                 gm_message(c->ctx));
  gm_message_clear(c->ctx);
}

/* ---- the type of the outermost -----------------------------------------------------------------
 */
typedef struct {
  char name[80];
  bool next; /* the value of resourceType comes */
  bool found;
} type_search;

static gm_status type_event(void *user, const gm_json_event *e)
{
  static const char key[] = "resourceType";
  type_search *t = user;
  if (t->next && e->token == GM_JSON_TEXT) {
    size_t bytes = e->bytes < sizeof t->name ? e->bytes : sizeof t->name - 1;
    memcpy(t->name, e->text, bytes);
    t->name[bytes] = 0;
    t->found = true;
    return GM_ECANCELLED; /* only this was wanted */
  }
  t->next = e->token == GM_JSON_KEY && e->depth == 1 && e->bytes == sizeof key - 1 &&
            memcmp(e->text, key, e->bytes) == 0;
  return GM_OK;
}

/* Feeds a reader from text, or from a file. */
typedef struct {
  const char *text, *path;
  size_t bytes;
} input;

static gm_status feed(gm_json_reader *r, const input *in)
{
  if (in->path) return gm__json_feed_file(r, in->path);
  gm_status s = gm__json_feed(r, in->text, in->bytes);
  return s ? s : gm__json_finish(r);
}

/* Finds the outermost resourceType, "" when there is none before the JSON goes wrong. */
static gm_status find_type(gm__fhir_check *c, const input *in, const gm_json_options *o,
                           type_search *t)
{
  gm_json_reader *r;
  gm_status s = gm__json_reader_new(c->ctx, o, type_event, t, &r);
  if (s) return s;
  s = feed(r, in);
  gm__json_reader_free(r);
  if (s == GM_ENOMEM || s == GM_EIO) return s;
  gm_message_clear(c->ctx);
  return GM_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status take_entry(void *user, const gm_json *part, int64_t index, gm_status s)
{
  gm__fhir_check *c = user;
  gm_arena_mark mark = gm_arena_at(c->scratch);
  (void)index;
  (void)s;
  gm__fhir_check_entry(c, part);
  gm_arena_back(c->scratch, mark);
  return c->status;
}

static gm_status take_whole(void *user, const gm_json *part, int64_t index, gm_status s)
{
  (void)user, (void)part, (void)index, (void)s;
  return GM_OK;
}

/* The rest of what was read in parts; of a Bundle all but its entries. */
static void check_rest(gm__fhir_check *c, const gm_json *rest, int64_t entries)
{
  const gm_json *entry = gm__json_find(rest, "entry");
  if (!c->streamed) {
    gm__fhir_check_resource(c, rest, false);
    return;
  }
  if (entries == 0 && entry) gm__fhir_issue(c, GM_FHIR_ERROR, "invalid", entry, "an empty array");
  gm__fhir_check_resource(c, rest, false);
}

static gm_status read_parts(gm__fhir_check *c, const input *in, const gm_json_options *o)
{
  static const char *const entry[] = {"entry"}, *const nowhere[] = {""};
  gm_json_parts *p;
  gm__fhir_bundle b;
  gm_status s = gm__json_parts_new(c->ctx, o, c->streamed ? entry : nowhere, 1,
                                   c->streamed ? take_entry : take_whole, c, &p);
  if (s) return s;
  if (c->streamed) gm__fhir_bundle_begin(c, &b, NULL);
  s = feed(gm__json_parts_reader(p), in);
  if (!s) check_rest(c, gm__json_parts_rest(p), gm__json_parts_count(p));
  if (c->bundle) gm__fhir_bundle_drop(c); /* it did not come to its end */
  gm__json_parts_free(p);
  if (s && s != GM_ENOMEM && s != GM_EIO && !c->status) {
    fatal(c, s);
    s = GM_OK;
  }
  return c->status ? c->status : s;
}

/* "Patient" before what was found in it. */
static void put_type_first(gm__fhir_check *c, const char *type)
{
  gm__fhir_report *r = c->report;
  char path[GM__FHIR_PATH_BYTES + 100];
  for (int32_t i = 0; i < r->report.issue_count && !c->status; i++) {
    const char *old = r->issue[i].expression;
    const char *point = type[0] && old[0] ? "." : "";
    snprintf(path, sizeof path, "%s%s%s", type, point, old);
    r->issue[i].expression = kept(c, path);
  }
  r->report.issue = r->issue;
  r->report.type = kept(c, type);
}

static gm_status check(gm__fhir_check *c, const input *in)
{
  const gm_json_options o = {.name = c->options.name,
                             .memory_bytes_max = c->options.memory_bytes_max,
                             .string_bytes_max = c->options.memory_bytes_max};
  type_search t = {0};
  gm_status s = find_type(c, in, &o, &t);
  if (s) return s;
  c->streamed = strcmp(t.name, "Bundle") == 0;
  s = read_parts(c, in, &o);
  int32_t type = gm__fhir_type_find(c->rules, t.name, strlen(t.name));
  bool known = type >= 0 && gm__fhir_is_resource(c->rules, type);
  if (!s) put_type_first(c, known ? t.name : "");
  return s ? s : c->status;
}

static gm_status check_input(gm_ctx *ctx, const gm_fhir_rules *rules,
                             const gm_fhir_check_options *options, const input *in,
                             gm_fhir_report **out)
{
  gm__fhir_check c = {.ctx = ctx, .rules = rules};
  if (options) c.options = *options;
  if (c.options.issue_count_max < 0 || c.options.entry_count_max < 0)
    return gm_fail(ctx, GM_EINVAL, "a negative limit for checking a resource");
  if (!c.options.name) c.options.name = "resource";
  if (!c.options.issue_count_max) c.options.issue_count_max = 1000;
  if (!c.options.memory_bytes_max) c.options.memory_bytes_max = (size_t)64 << 20;
  if (!c.options.entry_count_max) c.options.entry_count_max = 1000000;
  c.report = gm_alloc(ctx, 1, sizeof *c.report);
  if (!c.report) return gm_fail(ctx, GM_ENOMEM, "no memory for a report");
  gm_status s = gm_arena_new(ctx, 4096, &c.report->arena);
  if (!s) s = gm_arena_new(ctx, 4096, &c.scratch);
  if (!s) s = check(&c, in);
  gm_arena_free(c.scratch);
  if (s) {
    gm_fhir_report_free(&c.report->report);
    return s;
  }
  *out = &c.report->report;
  return GM_OK;
}

gm_status gm_fhir_check(gm_ctx *ctx, const gm_fhir_rules *rules,
                        const gm_fhir_check_options *options, const char *json, size_t bytes,
                        gm_fhir_report **out)
{
  assert(ctx && rules && (json || !bytes) && out);
  return check_input(ctx, rules, options, &(input){.text = json, .bytes = bytes}, out);
}

gm_status gm_fhir_check_file(gm_ctx *ctx, const gm_fhir_rules *rules,
                             const gm_fhir_check_options *options, const char *path,
                             gm_fhir_report **out)
{
  assert(ctx && rules && path && out);
  return check_input(ctx, rules, options, &(input){.path = path}, out);
}

void gm_fhir_report_free(gm_fhir_report *r)
{
  gm__fhir_report *own = (gm__fhir_report *)r;
  if (!own) return;
  gm_arena_free(own->arena);
  gm_free(own->issue);
  gm_free(own);
}

/* ---- as OperationOutcome -----------------------------------------------------------------------
 */
static void issue_write(gm_json_writer *w, const char *severity, const char *code,
                        const char *reason, const char *expression)
{
  gm_json_write_object(w, NULL);
  gm_json_write_text(w, "severity", severity);
  gm_json_write_text(w, "code", code);
  gm_json_write_object(w, "details");
  gm_json_write_text(w, "text", reason);
  gm_json_write_object_end(w);
  if (expression[0]) {
    gm_json_write_array(w, "expression");
    gm_json_write_text(w, NULL, expression);
    gm_json_write_array_end(w);
  }
  gm_json_write_object_end(w);
}

gm_status gm_fhir_report_json(gm_ctx *ctx, const gm_fhir_report *r, gm_text *out)
{
  gm_json_writer w;
  char text[100];
  gm_json_write_begin(&w, out, 3);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "resourceType", "OperationOutcome");
  gm_json_write_array(&w, "issue");
  for (int32_t i = 0; i < r->issue_count; i++) {
    const gm_fhir_issue *k = &r->issue[i];
    issue_write(&w, gm_fhir_severity_name(k->severity), k->code, k->reason, k->expression);
  }
  if (!r->issue_count && !r->left_out)
    issue_write(&w, "information", "informational", "nothing is wrong", "");
  if (r->left_out) {
    snprintf(text, sizeof text, "%lld more issues are not listed", (long long)r->left_out);
    issue_write(&w, r->errors ? "error" : "information", "too-long", text, "");
  }
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
  return out->status ? gm_fail(ctx, out->status, "no memory for an OperationOutcome") : GM_OK;
}
