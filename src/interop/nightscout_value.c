/* nightscout_value.c - texts, numbers and times as Nightscout, its uploaders and mongoexport write
 * them. */
#include "base/number.h"
#include "gemel/fhir.h"
#include "interop/nightscout_in.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

const gm_json *scout_value(const gm_json *object, const char *key)
{
  const gm_json *n = gm__json_find(object, key);
  bool none = !n || n->kind == GM_JSON_NULL || (n->kind == GM_JSON_TEXT && !n->bytes);
  return none ? NULL : n;
}

const char *scout_text(const gm_json *object, const char *key)
{
  const gm_json *n = scout_value(object, key);
  return n && n->kind == GM_JSON_TEXT && strlen(n->text) == n->bytes ? n->text : NULL;
}

bool scout_is(const gm_json *object, const char *key, const char *text)
{
  const char *t = scout_text(object, key);
  return t && !strcmp(t, text);
}

/* {"$numberLong": "1525383610088"}, {"$date": ...}: MongoDB Extended JSON v2. */
static const gm_json *unwrap(const gm_json *n)
{
  bool wrapped = n && n->kind == GM_JSON_OBJECT && n->count == 1 && n->first->key[0] == '$';
  return wrapped && n->first->kind != GM_JSON_OBJECT ? n->first : n;
}

const char *scout_number(const gm_json *n, double *v)
{
  n = unwrap(n);
  bool text = n && n->kind == GM_JSON_TEXT && strlen(n->text) == n->bytes;
  if (!n || (n->kind != GM_JSON_NUMBER && !text)) return NULL;
  return gm__number_parse(n->text, v) && isfinite(*v) ? n->text : NULL;
}

bool scout_read(scout_in *r, const char *key, double *v)
{
  const gm_json *n = scout_value(r->d.node, key);
  *v = NAN;
  return !n || scout_number(n, v) ? true : scout_refuse(r, key, "not a number");
}

/* ---- times ----------------------------------------------------------------------------------- */
/* Into the form that R4 has: "2018-05-03 21:40+0200" becomes 2018-05-03T21:40:00+02:00. */
static bool iso_form(const char *text, char out[80])
{
  size_t n = strlen(text), clock, zone;
  if (n < 16 || n > 60 || (text[10] != 'T' && text[10] != ' ')) return false;
  clock = 11 + strspn(text + 11, "0123456789:.");
  const char *z = text + clock;
  zone = strlen(z);
  bool seconds = clock > 16, plain = zone == 5 && (z[0] == '+' || z[0] == '-') && !strchr(z, ':');
  int put =
      snprintf(out, 80, "%.10sT%.*s%s", text, (int)(clock - 11), text + 11, seconds ? "" : ":00");
  snprintf(out + put, 80 - (size_t)put, plain ? "%.3s:%.2s" : "%s%s", z, plain ? z + 3 : "");
  return true;
}

static bool iso_read(const char *text, const gm_json *offset, double *out)
{
  char form[80];
  gm_fhir_time t;
  double minutes = 0;
  if (!iso_form(text, form) || !gm_fhir_time_read(form, &t) || t.precision != GM_FHIR_INSTANT)
    return false;
  if (!t.zone && (!scout_number(offset, &minutes) || fabs(minutes) > 14 * 60)) return false;
  *out = t.begin_s - 60 * minutes;
  return true;
}

bool scout_time_of(const gm_json *n, const gm_json *offset, double *out)
{
  double v = 0;
  const gm_json *inner = unwrap(n);
  if (!inner) return false;
  /* a number below 1e11 can only be seconds: as milliseconds it would lie before 1973 */
  if (scout_number(inner, &v))
    v = fabs(v) < 1e11 ? v : v / 1000;
  else if (inner->kind != GM_JSON_TEXT || strlen(inner->text) != inner->bytes ||
           !iso_read(inner->text, offset, &v))
    return false;
  if (!(v >= SCOUT_TIME_FIRST_S && v < SCOUT_TIME_LAST_S)) return false;
  *out = v;
  return true;
}
