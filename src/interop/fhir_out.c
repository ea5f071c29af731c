/* fhir_out.c - the Bundle: names that stay the same, entries, the Patient, the Composition. */
#include "base/json_keys.h"
#include "base/number.h"
#include "gemel/fhir.h"
#include "interop/fhir_check_value.h"
#include "interop/fhir_out_internal.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *or_empty(const char *text) { return text ? text : ""; }

/* ---- names ----------------------------------------------------------------------------------- */
/* 128 bits of a text, the same everywhere and always: two SipHashes under fixed keys. */
static void hash_text(const char *text, uint64_t out[2])
{
  static const uint64_t key[2][2] = {{0x67656d656c2e6f75, 0x742e666869722e31},
                                     {0x67656d656c2e6f75, 0x742e666869722e32}};
  for (int i = 0; i < 2; i++) out[i] = gm__json_hash(key[i], text, strlen(text));
}

void fhir_out_id(const char *text, char out[FHIR_OUT_ID_BYTES])
{
  uint64_t h[2];
  size_t bytes = strlen(text);
  if (gm__fhir_is_id(text, bytes)) {
    memcpy(out, text, bytes + 1);
    return;
  }
  hash_text(text, h);
  snprintf(out, FHIR_OUT_ID_BYTES, "%016llx%016llx", (unsigned long long)h[0],
           (unsigned long long)h[1]);
}

void fhir_out_id_of(const char *name, const char *suffix, char out[FHIR_OUT_ID_BYTES])
{
  char whole[600];
  snprintf(whole, sizeof whole, "%.400s-%.180s", name, suffix);
  fhir_out_id(whole, out);
}

/* A UUID of version 8 (RFC 9562): the bits are ours. */
static void uuid_of(const gm_fhir_out *w, const char *type, const char *id, const char *version,
                    char out[FHIR_OUT_URL_BYTES])
{
  char whole[300];
  uint64_t h[2];
  snprintf(whole, sizeof whole, "%s|%s|%s|%.64s", w->patient_id, type, id, version);
  hash_text(whole, h);
  h[0] = (h[0] & ~0xf000ull) | 0x8000ull;
  h[1] = (h[1] & ~(3ull << 62)) | (2ull << 62);
  snprintf(out, FHIR_OUT_URL_BYTES, "urn:uuid:%08x-%04x-%04x-%04x-%012llx", (unsigned)(h[0] >> 32),
           (unsigned)(h[0] >> 16 & 0xffff), (unsigned)(h[0] & 0xffff), (unsigned)(h[1] >> 48),
           (unsigned long long)(h[1] & 0xffffffffffffull));
}

void fhir_out_ref(const gm_fhir_out *w, const char *type, const char *id, const char *version,
                  char out[FHIR_OUT_URL_BYTES])
{
  if (w->o.base)
    snprintf(out, FHIR_OUT_URL_BYTES, "%s/%s", type, id);
  else
    uuid_of(w, type, id, version, out);
}

static void full_url(const gm_fhir_out *w, const char *type, const char *id, const char *version,
                     char out[FHIR_OUT_URL_BYTES])
{
  const char *base = or_empty(w->o.base);
  size_t n = strlen(base);
  while (n && base[n - 1] == '/') n--;
  if (w->o.base)
    snprintf(out, FHIR_OUT_URL_BYTES, "%.*s/%s/%s", (int)n, base, type, id);
  else
    uuid_of(w, type, id, version, out);
}

/* ---- times and numbers -------------------------------------------------------------------------
 */
/* Date of a day since 1970-01-01 (Hinnant, chrono-compatible low-level date algorithms, 2013:
 * civil_from_days). */
static void civil(int64_t day, int64_t *y, int32_t *m, int32_t *d)
{
  int64_t z = day + 719468, era = (z >= 0 ? z : z - 146096) / 146097;
  int32_t doe = (int32_t)(z - era * 146097);
  int32_t yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
  int32_t doy = doe - (365 * yoe + yoe / 4 - yoe / 100), mp = (5 * doy + 2) / 153;
  *d = doy - (153 * mp + 2) / 5 + 1;
  *m = mp < 10 ? mp + 3 : mp - 9;
  *y = yoe + era * 400 + (*m <= 2);
}

gm_status fhir_out_time(gm_ctx *ctx, double unix_s, char out[FHIR_OUT_TIME_BYTES])
{
  int64_t y;
  int32_t m, d;
  if (!(fabs(unix_s) < 1e12)) return gm_fail(ctx, GM_ERANGE, "a time that FHIR cannot hold");
  int64_t second = (int64_t)floor(unix_s);
  int64_t micro = (int64_t)floor((unix_s - (double)second) * 1e6 + 0.5);
  if (micro == 1000000) micro = 0, second++;
  int64_t day = second >= 0 ? second / 86400 : -((86399 - second) / 86400);
  int32_t s = (int32_t)(second - day * 86400);
  civil(day, &y, &m, &d);
  if (y < 1 || y > 9999) return gm_fail(ctx, GM_ERANGE, "a time that FHIR cannot hold");
  int32_t n = snprintf(out, FHIR_OUT_TIME_BYTES, "%04d-%02d-%02dT%02d:%02d:%02d", (int)y, (int)m,
                       (int)d, (int)(s / 3600), (int)(s / 60 % 60), (int)(s % 60));
  if (micro) {
    n += snprintf(out + n, (size_t)(FHIR_OUT_TIME_BYTES - n), ".%06d", (int)micro);
    while (out[n - 1] == '0') n--;
  }
  out[n] = 'Z';
  out[n + 1] = 0;
  return GM_OK;
}

double fhir_out_unix(const gm_fhir_out *w, double t)
{
  return w->o.t0_s + t / w->o.definition->hour * 3600;
}

/* v without an exponent, which SampledData.data does not have. Digits before the point all stay. */
static const char *plain(double v, int digits, char out[FHIR_OUT_NUMBER_BYTES])
{
  char rounded[40];
  snprintf(rounded, sizeof rounded, "%.*e", digits - 1, v == 0 ? 0 : v);
  long ten = strtol(strchr(rounded, 'e') + 1, NULL, 10);
  int decimals = digits - 1 > ten ? (int)(digits - 1 - ten) : 0;
  snprintf(out, FHIR_OUT_NUMBER_BYTES, "%.*f", decimals, v == 0 ? 0 : v);
  gm__number_point(out);
  size_t n = strlen(out);
  if (!strchr(out, '.')) return out;
  while (out[n - 1] == '0') n--;
  if (out[n - 1] == '.') n--;
  out[n] = 0;
  return out;
}

const char *fhir_out_number(double v, char out[FHIR_OUT_NUMBER_BYTES]) { return plain(v, 6, out); }

const char *fhir_out_exact(double v, char out[FHIR_OUT_NUMBER_BYTES]) { return plain(v, 15, out); }

/* ---- elements -------------------------------------------------------------------------------- */
void fhir_out_reference(gm_json_writer *j, const char *key, const char *reference)
{
  gm_json_write_object(j, key);
  gm_json_write_text(j, "reference", reference);
  gm_json_write_object_end(j);
}

void fhir_out_subject(const gm_fhir_out *w, gm_json_writer *j, const char *key)
{
  fhir_out_reference(j, key, w->patient_ref);
}

/* The system of "loinc|4548-4" as a URL, or NULL where it has none; *code: behind the bar. */
static const char *system_of(const char *both, char *text, size_t room, const char **code)
{
  const char *bar = strchr(both, '|');
  size_t n = bar ? (size_t)(bar - both) : 0;
  if (!bar || !bar[1] || !n || n >= room) return NULL;
  memcpy(text, both, n);
  text[n] = 0;
  *code = bar + 1;
  const char *url = gm_fhir_system_url(text);
  return url ? url : gm__fhir_is_absolute(text) && !strpbrk(text, " \t\r\n") ? text : NULL;
}

static bool is_code(const char *text)
{
  const gm_json n = {.kind = GM_JSON_TEXT, .text = text, .bytes = strlen(text)};
  return !gm__fhir_value_fault(GM__FHIR_CODE, &n);
}

void fhir_out_concept(gm_json_writer *j, const char *key, const char *code, const char *text)
{
  char room[300];
  const char *value = "", *system = system_of(code, room, sizeof room, &value);
  gm_json_write_object(j, key);
  if (system && is_code(value)) {
    gm_json_write_array(j, "coding");
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "system", system);
    gm_json_write_text(j, "code", value);
    gm_json_write_object_end(j);
    gm_json_write_array_end(j);
  }
  fhir_out_text(j, "text", text[0] ? text : code[0] ? code : "not named");
  gm_json_write_object_end(j);
}

void fhir_out_own(gm_json_writer *j, const char *key, const char *system, const char *code,
                  const char *text)
{
  char both[300];
  snprintf(both, sizeof both, FHIR_OUT_OWN "%.100s|%.150s", system, code);
  fhir_out_concept(j, key, both, text);
}

void fhir_out_quantity(gm_json_writer *j, const char *key, const char *number,
                       const char *comparator, const char *unit)
{
  gm_json_write_object(j, key);
  gm_json_write_decimal(j, "value", number);
  if (comparator[0]) gm_json_write_text(j, "comparator", comparator);
  gm_json_write_text(j, "unit", unit[0] ? unit : "1");
  gm_json_write_text(j, "system", "http://unitsofmeasure.org");
  gm_json_write_text(j, "code", unit[0] ? unit : "1");
  gm_json_write_object_end(j);
}

gm_status fhir_out_period(gm_fhir_out *w, gm_json_writer *j, const char *key, double begin_s,
                          double end_s)
{
  char begin[FHIR_OUT_TIME_BYTES], end[FHIR_OUT_TIME_BYTES];
  gm_status s = fhir_out_time(w->ctx, begin_s, begin);
  if (!s) s = fhir_out_time(w->ctx, end_s < begin_s ? begin_s : end_s, end);
  if (s) return s;
  gm_json_write_object(j, key);
  gm_json_write_text(j, "start", begin);
  gm_json_write_text(j, "end", end);
  gm_json_write_object_end(j);
  return GM_OK;
}

void fhir_out_text(gm_json_writer *j, const char *key, const char *text)
{
  char clean[1001];
  size_t n = 0;
  if (!text || !text[0]) return;
  for (; text[n] && n + 1 < sizeof clean; n++) {
    bool control = (unsigned char)text[n] < 0x20 && text[n] != '\n' && text[n] != '\t';
    clean[n] = control ? ' ' : text[n];
  }
  clean[n] = 0;
  gm_json_write_text(j, key, clean);
}

void fhir_out_identifier(gm_json_writer *j, const char *system, const char *value)
{
  if (!value[0]) return;
  gm_json_write_array(j, "identifier");
  gm_json_write_object(j, NULL);
  if (system) gm_json_write_text(j, "system", system);
  fhir_out_text(j, "value", value);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
}

void fhir_out_note(gm_json_writer *j, const char *text)
{
  gm_json_write_array(j, "note");
  gm_json_write_object(j, NULL);
  fhir_out_text(j, "text", text);
  gm_json_write_object_end(j);
  gm_json_write_array_end(j);
}

const char *fhir_out_first_code(const gm_coding *c) { return c->count ? c->code[0] : ""; }

/* ---- entries --------------------------------------------------------------------------------- */
void fhir_out_begin(gm_fhir_out *w, gm_json_writer *j, const char *type, const char *id)
{
  w->resource.bytes = 0;
  gm_json_write_begin(j, &w->resource, 0);
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "resourceType", type);
  gm_json_write_text(j, "id", id);
}

/* Its place among those written; free: room for it. */
static uint64_t *seen_slot(uint64_t *seen, int32_t room, uint64_t key)
{
  uint32_t i = (uint32_t)key & (uint32_t)(room - 1);
  while (seen[i] && seen[i] != key) i = (i + 1) & (uint32_t)(room - 1);
  return &seen[i];
}

static gm_status seen_grow(gm_fhir_out *w)
{
  int32_t room = w->seen_room ? 2 * w->seen_room : 256;
  uint64_t *more = gm_alloc(w->ctx, room, sizeof more[0]);
  if (!more) return gm_fail(w->ctx, GM_ENOMEM, "no memory to write FHIR");
  for (int32_t i = 0; i < w->seen_room; i++)
    if (w->seen[i] > 2) *seen_slot(more, room, w->seen[i]) = w->seen[i];
  gm_free(w->seen);
  w->seen = more;
  w->seen_room = room;
  return GM_OK;
}

/* Notes a full URL and version of the present call. */
static gm_status seen_add(gm_fhir_out *w, const char *url, const char *version)
{
  char whole[FHIR_OUT_URL_BYTES + 80];
  uint64_t h[2];
  snprintf(whole, sizeof whole, "%s|%.64s", url, version);
  hash_text(whole, h);
  uint64_t key = h[0] | 1;
  gm_status s = 2 * (w->seen_count + 1) > w->seen_room ? seen_grow(w) : GM_OK;
  if (s) return s;
  uint64_t *slot = seen_slot(w->seen, w->seen_room, key);
  if (*slot) return gm_fail(w->ctx, GM_EEXIST, "the same thing in the same version, twice in FHIR");
  gm_text_addn(&w->seen_pending, (const char *)&key, sizeof key);
  if (w->seen_pending.status) return gm_fail(w->ctx, GM_ENOMEM, "no memory to write FHIR");
  *slot = key;
  w->seen_count++;
  return GM_OK;
}

/* The present call failed: what it wrote is not written. */
static void seen_take_back(gm_fhir_out *w)
{
  uint64_t key;
  for (size_t at = 0; at + sizeof key <= w->seen_pending.bytes; at += sizeof key) {
    memcpy(&key, w->seen_pending.data + at, sizeof key);
    *seen_slot(w->seen, w->seen_room, key) = 2;
  }
}

static void entry_write(gm_text *to, const char *url, const char *resource)
{
  gm_json_writer e;
  if (to->bytes) gm_text_add(to, ",\n");
  gm_json_write_begin(&e, to, 0);
  gm_json_write_object(&e, NULL);
  gm_json_write_text(&e, "fullUrl", url);
  gm_json_write_raw(&e, "resource", resource);
  gm_json_write_object_end(&e);
}

gm_status fhir_out_take(gm_fhir_out *w, gm_json_writer *j, const char *type, const char *id,
                        const char *version)
{
  char url[FHIR_OUT_URL_BYTES], reference[FHIR_OUT_URL_BYTES];
  gm_json_writer r;
  gm_json_write_object_end(j);
  if (w->resource.status)
    return gm_fail(w->ctx, w->resource.status, "%s cannot be written: %s", type,
                   gm_status_text(w->resource.status));
  full_url(w, type, id, version, url);
  gm_status s = seen_add(w, url, version);
  if (s) return s;
  entry_write(&w->pending, url, w->resource.data);
  if (w->o.document) {
    fhir_out_ref(w, type, id, version, reference);
    if (w->o.base && version[0]) /* two versions have the same full URL */
      snprintf(reference, sizeof reference, "%s/%s/_history/%s", type, id, version);
    if (w->section_pending.bytes) gm_text_add(&w->section_pending, ",");
    gm_json_write_begin(&r, &w->section_pending, 0);
    fhir_out_reference(&r, NULL, reference);
  }
  s = w->pending.status ? w->pending.status : w->section_pending.status;
  return s ? gm_fail(w->ctx, s, "no memory to write FHIR") : GM_OK;
}

/* A text that failed takes nothing more: it begins anew. */
static void text_reset(gm_text *t)
{
  gm_ctx *ctx = t->ctx;
  if (t->status) {
    gm_text_free(t);
    gm_text_init(t, ctx);
  }
  t->bytes = 0;
  if (t->data) t->data[0] = 0;
}

static gm_status append(gm_fhir_out *w, gm_text *to, const gm_text *from, const char *between)
{
  size_t bytes = to->bytes;
  if (!from->bytes) return GM_OK;
  if (between[0]) gm_text_add(to, between);
  gm_text_addn(to, from->data, from->bytes);
  if (!to->status) return GM_OK;
  gm_status s = to->status; /* what was there stays; the next call may find memory */
  to->status = GM_OK;
  to->bytes = bytes;
  if (to->data) to->data[bytes] = 0;
  return gm_fail(w->ctx, s, "no memory to write FHIR");
}

gm_status fhir_out_commit(gm_fhir_out *w, gm_status s, fhir_out_section section)
{
  gm_text *list = &w->section[section];
  size_t listed = list->bytes;
  if (!s && w->o.document) s = append(w, list, &w->section_pending, listed ? "," : "");
  if (!s && w->o.document) s = append(w, &w->body, &w->pending, w->body.bytes ? ",\n" : "");
  if (!s && !w->o.document) {
    const char *comma = w->bundle.comma ? ",\n" : "\n";
    s = append(w, w->out, &w->pending, comma);
    if (!s && w->pending.bytes) w->bundle.comma = true;
  }
  if (s && list->data) {
    list->bytes = listed;
    list->data[listed] = 0;
  }
  if (s) seen_take_back(w);
  text_reset(&w->seen_pending);
  text_reset(&w->pending);
  text_reset(&w->resource);
  text_reset(&w->section_pending);
  return s;
}

/* ---- the Patient ----------------------------------------------------------------------------- */
static void identifier_write(gm_json_writer *j, const char *text)
{
  char room[300];
  const char *value = text, *system = system_of(text, room, sizeof room, &value);
  fhir_out_identifier(j, system, system ? value : text);
}

static gm_status patient_write(gm_fhir_out *w)
{
  gm_json_writer j;
  const gm_fhir_out_options *o = &w->o;
  fhir_out_begin(w, &j, "Patient", w->patient_id);
  if (o->identifier && o->identifier[0]) identifier_write(&j, o->identifier);
  if (o->gender) gm_json_write_text(&j, "gender", o->gender);
  if (o->birth_date) gm_json_write_text(&j, "birthDate", o->birth_date);
  gm_status s = fhir_out_take(w, &j, "Patient", w->patient_id, "");
  return fhir_out_commit(w, s, FHIR_OUT_HELD);
}

static gm_status options_check(gm_ctx *ctx, const gm_fhir_out_options *o)
{
  static const char genders[] = "|female|male|other|unknown|";
  char gender[20], time[FHIR_OUT_TIME_BYTES];
  if (!o->patient || !o->patient[0]) return gm_fail(ctx, GM_EINVAL, "FHIR out: no patient's id");
  snprintf(gender, sizeof gender, "|%.16s|", or_empty(o->gender));
  if (o->gender && (strlen(o->gender) > 7 || !strstr(genders, gender)))
    return gm_fail(ctx, GM_EINVAL, "FHIR out: gender is female, male, other or unknown");
  if (o->birth_date) {
    const gm_json n = {.kind = GM_JSON_TEXT, .text = o->birth_date, .bytes = strlen(o->birth_date)};
    const char *fault = gm__fhir_value_fault(GM__FHIR_DATE, &n);
    if (fault) return gm_fail(ctx, GM_EINVAL, "FHIR out: birth date: %s", fault);
  }
  if (o->base && (!gm__fhir_is_absolute(o->base) || strlen(o->base) > 200 ||
                  strpbrk(o->base, " \t\r\n") || strstr(o->base, "/_history/")))
    return gm_fail(ctx, GM_EINVAL, "FHIR out: the base is no absolute URL of at most 200 bytes");
  if (o->definition && !(o->definition->hour > 0))
    return gm_fail(ctx, GM_EINVAL, "FHIR out: the definition has no unit of time");
  return fhir_out_time(ctx, o->now_s, time);
}

/* ---- beginning and end -------------------------------------------------------------------------
 */
static void head_write(gm_fhir_out *w, gm_json_writer *j)
{
  char time[FHIR_OUT_TIME_BYTES], url[FHIR_OUT_URL_BYTES];
  gm_status s = fhir_out_time(w->ctx, w->o.now_s, time);
  assert(!s); /* options_check */
  (void)s;
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "resourceType", "Bundle");
  if (w->o.document) {
    uuid_of(w, "Bundle", time, "", url);
    gm_json_write_object(j, "identifier");
    gm_json_write_text(j, "system", "urn:ietf:rfc:3986");
    gm_json_write_text(j, "value", url);
    gm_json_write_object_end(j);
  }
  gm_json_write_text(j, "type", w->o.document ? "document" : "collection");
  gm_json_write_text(j, "timestamp", time);
  gm_json_write_array(j, "entry");
}

gm_status gm_fhir_out_new(gm_ctx *ctx, const gm_fhir_out_options *o, gm_text *out, gm_fhir_out **w)
{
  assert(ctx && o && out && w);
  gm_status s = options_check(ctx, o);
  if (s) return s;
  gm_fhir_out *n = gm_alloc(ctx, 1, sizeof *n);
  if (!n) return gm_fail(ctx, GM_ENOMEM, "no memory to write FHIR");
  size_t bytes = out->bytes;
  n->ctx = ctx;
  n->o = *o;
  n->out = out;
  gm_text_init(&n->pending, ctx);
  gm_text_init(&n->seen_pending, ctx);
  gm_text_init(&n->resource, ctx);
  gm_text_init(&n->body, ctx);
  gm_text_init(&n->section_pending, ctx);
  for (int i = 0; i < FHIR_OUT_SECTIONS; i++) gm_text_init(&n->section[i], ctx);
  fhir_out_id(o->patient, n->patient_id);
  fhir_out_id(or_empty(o->twin), n->twin_id);
  fhir_out_ref(n, "Patient", n->patient_id, "", n->patient_ref);
  fhir_out_ref(n, "Device", n->twin_id, "", n->twin_ref);
  if (!o->document) {
    gm_json_write_begin(&n->bundle, out, 2);
    head_write(n, &n->bundle);
    s = out->status ? gm_fail(ctx, out->status, "no memory to write FHIR") : GM_OK;
  }
  if (!s) s = patient_write(n);
  if (s) {
    out->bytes = bytes;
    if (out->data) out->data[bytes] = 0;
    gm_fhir_out_free(n);
    return s;
  }
  *w = n;
  return GM_OK;
}

void gm_fhir_out_free(gm_fhir_out *w)
{
  if (!w) return;
  gm_text_free(&w->pending);
  gm_text_free(&w->seen_pending);
  gm_text_free(&w->resource);
  gm_text_free(&w->body);
  gm_text_free(&w->section_pending);
  for (int i = 0; i < FHIR_OUT_SECTIONS; i++) gm_text_free(&w->section[i]);
  gm_free(w->seen);
  gm_free(w);
}

/* The table of contents of a document, as the entry that stands first. */
static gm_status composition_write(gm_fhir_out *w, gm_text *to)
{
  static const char *const title[] = {"What is held", "The twin", "Forecasts", "Proposals"};
  char time[FHIR_OUT_TIME_BYTES], id[FHIR_OUT_ID_BYTES], url[FHIR_OUT_URL_BYTES];
  gm_json_writer j;
  gm_status s = fhir_out_time(w->ctx, w->o.now_s, time);
  if (s) return s;
  fhir_out_id_of("record", time, id);
  fhir_out_begin(w, &j, "Composition", id);
  gm_json_write_text(&j, "status", "final");
  fhir_out_own(&j, "type", "document", "record", "Record of a digital twin");
  fhir_out_subject(w, &j, "subject");
  gm_json_write_text(&j, "date", time);
  gm_json_write_array(&j, "author");
  fhir_out_reference(&j, NULL, w->twin_written ? w->twin_ref : w->patient_ref);
  gm_json_write_array_end(&j);
  fhir_out_text(&j, "title", w->o.title && w->o.title[0] ? w->o.title : "Record of a digital twin");
  gm_json_write_array(&j, "section");
  for (int i = 0; i < FHIR_OUT_SECTIONS; i++) {
    if (!w->section[i].bytes) continue;
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "title", title[i]);
    gm_json_write_array(&j, "entry");
    gm_json_write_raw(&j, NULL, w->section[i].data);
    gm_json_write_array_end(&j);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  if (w->resource.status) return gm_fail(w->ctx, w->resource.status, "no memory to write FHIR");
  full_url(w, "Composition", id, "", url);
  entry_write(to, url, w->resource.data);
  return to->status ? gm_fail(w->ctx, to->status, "no memory to write FHIR") : GM_OK;
}

gm_status gm_fhir_out_end(gm_fhir_out *w)
{
  gm_status s = GM_OK;
  size_t bytes = w->out->bytes;
  assert(!w->ended);
  if (w->o.document) {
    s = composition_write(w, &w->pending);
    if (!s) {
      gm_json_write_begin(&w->bundle, w->out, 2);
      head_write(w, &w->bundle);
      gm_text_add(w->out, "\n");
      gm_text_addn(w->out, w->pending.data, w->pending.bytes);
      gm_text_add(w->out, ",\n");
      gm_text_addn(w->out, w->body.data, w->body.bytes);
    }
  }
  if (!s) gm_text_add(w->out, "]}\n");
  if (!s && w->out->status) s = gm_fail(w->ctx, w->out->status, "no memory to write FHIR");
  if (s && w->out->data && bytes <= w->out->bytes) {
    w->out->bytes = bytes;
    w->out->data[bytes] = 0;
  }
  if (!s) w->ended = true;
  return s;
}
