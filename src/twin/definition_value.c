/* definition_value.c - texts, numbers and quantities of a definition, and what is said when they
 * are not what they should be. */
#include "twin/definition_internal.h"
#include "base/edit_distance.h"
#include "base/number.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_BYTES = 100 };

gm_status gm__def_get(gm_def *r, ptrdiff_t count, size_t bytes, void *p_address)
{
  void *p = gm_arena_get(r->keep, count, bytes);
  if (!p) return gm_fail(r->ctx, GM_ENOMEM, "%s: definition", r->d->path);
  memcpy(p_address, &p, sizeof p);
  return GM_OK;
}

gm_status gm__def_keep(gm_def *r, const char *text, char **out)
{
  size_t bytes = strlen(text) + 1;
  gm_status s = gm__def_get(r, (ptrdiff_t)bytes, 1, out);
  if (!s) memcpy(*out, text, bytes);
  return s;
}

/* ---- names that are not known ---------------------------------------------------------------- */
int32_t gm__def_nearest(const char *word, const char *const *name, int32_t count)
{
  int32_t best = -1, length = (int32_t)strlen(word);
  if (length > GM__EDIT_BYTES_MAX) return -1;
  int32_t limit = length < 3 ? 1 : length / 3 + 1; /* further away is no misspelling */
  for (int32_t i = 0; i < count; i++) {
    int32_t away = gm__edit_distance(word, name[i]);
    if (away > limit || (away == limit && best >= 0)) continue;
    best = i;
    limit = away;
  }
  return best;
}

gm_status gm__def_unknown(const gm_yaml *node, const char *key, gm_status s, const char *what,
                          const char *word, const char *const *name, int32_t count)
{
  char list[480] = "", near_text[120] = "";
  size_t at = 0;
  for (int32_t i = 0; i < count && at < sizeof list - 110; i++)
    at += (size_t)snprintf(list + at, sizeof list - at, "%s%.90s", i ? ", " : "", name[i]);
  if (count && at >= sizeof list - 110) snprintf(list + at, sizeof list - at, ", ...");
  int32_t near = gm__def_nearest(word, name, count);
  if (near >= 0) snprintf(near_text, sizeof near_text, "did you mean '%.80s'? ", name[near]);
  return gm__yaml_fail(node, key, s, "'%.80s' is not %s; %sknown: %s", word, what, near_text,
                       count ? list : "none");
}

/* ---- shapes ---------------------------------------------------------------------------------- */
gm_status gm__def_map(const gm_yaml *node, int32_t place)
{
  if (node->kind != GM_YAML_MAP)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "%s; a map (key: value) is expected",
                         gm__yaml_kind_text(node));
  if (place < 0) return GM_OK;
  const char *const *key = gm__def_keys[place].key;
  int32_t count = 0;
  while (key[count]) count++;
  for (const gm_yaml *n = node->first; n; n = n->next) {
    int32_t i = 0;
    while (i < count && strcmp(n->key, key[i]) != 0) i++;
    if (i == count) return gm__def_unknown(n, NULL, GM_EPARSE, "a key here", n->key, key, count);
  }
  return GM_OK;
}

gm_status gm__def_list(const gm_yaml *node)
{
  if (node->kind == GM_YAML_LIST && node->count) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "%s; a list [...] is expected",
                       node->kind == GM_YAML_LIST ? "an empty list" : gm__yaml_kind_text(node));
}

gm_status gm__def_need(const gm_yaml *map, const char *key, const char *expected, gm_yaml **out)
{
  gm_yaml *n = gm__yaml_find(map, key);
  if (!n) return gm__yaml_fail(map, key, GM_EPARSE, "missing; %s is expected", expected);
  if (gm__yaml_is_null(n))
    return gm__yaml_fail(n, NULL, GM_EPARSE, "empty; %s is expected", expected);
  *out = n;
  return GM_OK;
}

/* ---- texts ----------------------------------------------------------------------------------- */
static gm_status is_text(const gm_yaml *node, const char *expected)
{
  if (node->kind == GM_YAML_TEXT && !gm__yaml_is_null(node) && node->text[0]) return GM_OK;
  const char *found = node->kind == GM_YAML_TEXT ? "nothing" : gm__yaml_kind_text(node);
  return gm__yaml_fail(node, NULL, GM_EPARSE, "%s; %s is expected", found, expected);
}

gm_status gm__def_text(gm_def *r, const gm_yaml *node, char **out)
{
  gm_status s = is_text(node, "a text");
  return s ? s : gm__def_keep(r, node->text, out);
}

gm_status gm__def_text_of(gm_def *r, const gm_yaml *map, const char *key, char **out)
{
  const gm_yaml *n = gm__yaml_find(map, key);
  return n ? gm__def_text(r, n, out) : gm__def_keep(r, "", out);
}

static gm_status code_read(gm_def *r, const gm_yaml *n, char **out)
{
  gm_status s = gm__def_text(r, n, out);
  if (s) return s;
  const char *bar = strchr(n->text, '|');
  if (!bar || bar == n->text || !bar[1] || strchr(n->text, ' '))
    return gm__yaml_fail(n, NULL, GM_EPARSE,
                         "'%.80s'; SYSTEM|CODE such as loinc|29463-7 is "
                         "expected",
                         n->text);
  return GM_OK;
}

static gm_status codes_read(gm_def *r, const gm_yaml *n, gm_coding *out)
{
  bool list = n->kind == GM_YAML_LIST;
  gm_status s = list ? gm__def_list(n) : GM_OK;
  if (!s) s = gm__def_get(r, list ? n->count : 1, sizeof *out->code, &out->code);
  for (const gm_yaml *item = list ? n->first : n; item && !s; item = list ? item->next : NULL) {
    s = code_read(r, item, &out->code[out->count]);
    if (!s) out->count++;
  }
  return s;
}

gm_status gm__def_coding(gm_def *r, const gm_yaml *map, gm_coding *out)
{
  const gm_yaml *n = gm__yaml_find(map, "code"), *mass = gm__yaml_find(map, "molar-mass");
  gm_def_unit unit = {0};
  *out = (gm_coding){.molar_mass_g_per_mol = NAN};
  gm_status s = n ? codes_read(r, n, out) : GM_OK;
  if (s || !mass) return s;
  s = gm__def_model_unit(r, "g/mol", &unit);
  if (s) return gm__yaml_fail_at(mass, NULL, s);
  return gm__def_amount(r, mass, &unit, GM_DEF_POSITIVE, &out->molar_mass_g_per_mol);
}

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

gm_status gm__def_name(gm_def *r, const gm_yaml *node, bool formula, char **out)
{
  const char *k = node->key;
  bool good = is_letter(k[0]) || k[0] == '_';
  for (const char *c = k; *c && good; c++)
    good = is_letter(*c) || (*c >= '0' && *c <= '9') || *c == '_' ||
           (!formula && (*c == '-' || *c == '.'));
  if (!good || strlen(k) > NAME_MAX_BYTES)
    return gm__yaml_fail(node, NULL, GM_EPARSE,
                         "not a name; a letter, then letters, digits%s is "
                         "expected, at most %d",
                         formula ? " and _" : ", _, - and .", NAME_MAX_BYTES);
  return gm__def_keep(r, k, out);
}

gm_status gm__def_choice(const gm_yaml *node, const char *const *name, int32_t count, int32_t *out)
{
  gm_status s = is_text(node, "a word");
  if (s) return s;
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(node->text, name[i])) {
      *out = i;
      return GM_OK;
    }
  return gm__def_unknown(node, NULL, GM_EPARSE, "a choice here", node->text, name, count);
}

gm_status gm__def_bool(const gm_yaml *node, bool *out)
{
  static const char *const word[] = {"false", "true"};
  int32_t which = 0;
  gm_status s = gm__def_choice(node, word, 2, &which);
  if (!s) *out = which == 1;
  return s;
}

gm_status gm__def_where(gm_def *r, const gm_yaml *node, char **out)
{
  char path[400];
  gm__yaml_path(node, path, sizeof path);
  size_t bytes = strlen(path) + strlen(node->doc->name) + 32;
  char *text = gm_arena_get(r->work, (ptrdiff_t)bytes, 1);
  if (!text) return gm_fail(r->ctx, GM_ENOMEM, "%s: definition", r->d->path);
  snprintf(text, bytes, "%s:%d: %s", node->doc->name, (int)node->line, path);
  *out = text;
  return GM_OK;
}

/* ---- numbers and units ----------------------------------------------------------------------- */
/* What the text begins with: the number, and in *rest what stands behind it. */
static gm_status leading_number(const gm_yaml *node, const char *expected, double *out,
                                const char **rest)
{
  gm_status s = is_text(node, expected);
  if (s) return s;
  int32_t n = gm__number_begin(node->text, out);
  if (n == -1)
    return gm__yaml_fail(node, NULL, GM_ERANGE, "'%.40s' is too large for a number", node->text);
  if (n == -2) return gm__yaml_fail(node, NULL, GM_ENOMEM, "reading a number");
  *rest = node->text + n;
  if (n > 0) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "'%.80s'; %s is expected", node->text, expected);
}

gm_status gm__def_number(const gm_yaml *node, double *out)
{
  double v = 0;
  const char *rest = "";
  gm_status s = leading_number(node, "a finite number", &v, &rest);
  if (s) return s;
  if (rest[0] == ',')
    return gm__yaml_fail(node, NULL, GM_EPARSE, "'%.80s'; the decimal sign is a point", node->text);
  if (rest[0])
    return gm__yaml_fail(node, NULL, GM_EPARSE, "'%.80s'; a number alone is expected", node->text);
  *out = v;
  return GM_OK;
}

static gm_status unit_read(gm_def *r, const char *text, gm_def_unit *out)
{
  char code[GM_UNIT_CODE_BYTES];
  gm_unit unit;
  gm_status s = gm_unit_parse_friendly(r->ctx, text, &unit, code);
  if (s) return s;
  s = gm__def_keep(r, code, &out->code);
  if (!s) out->unit = unit;
  return s;
}

gm_status gm__def_unit(gm_def *r, const gm_yaml *map, const char *example, gm_def_unit *out)
{
  char expected[120];
  gm_yaml *n = NULL;
  snprintf(expected, sizeof expected, "a UCUM code such as %.60s", example);
  gm_status s = gm__def_need(map, "unit", expected, &n);
  if (s == GM_EPARSE) return GM_EUNIT; /* a missing unit is told apart from other gaps */
  if (!s) s = is_text(n, expected);
  if (s) return s;
  s = unit_read(r, n->text, out);
  return s ? gm__yaml_fail_at(n, NULL, s) : GM_OK;
}

gm_status gm__def_model_unit(gm_def *r, const char *code, gm_def_unit *out)
{
  *out = (gm_def_unit){0};
  return code[0] ? unit_read(r, code, out) : GM_OK;
}

gm_status gm__def_factor(gm_def *r, const gm_yaml *node, const gm_def_unit *from,
                         const gm_def_unit *to, const char *whose, double *out)
{
  if (gm_unit_equal(&from->unit, &to->unit)) {
    *out = 1;
    return GM_OK;
  }
  if (!gm_unit_same_kind(&from->unit, &to->unit))
    return gm__yaml_fail(node, NULL, GM_EUNIT, "%.80s does not convert to %.80s%s%.100s",
                         from->code, to->code, whose ? ", the unit of " : "", whose ? whose : "");
  gm_status s = gm_unit_factor(r->ctx, &from->unit, &to->unit, out);
  return s ? gm__yaml_fail_at(node, NULL, s) : GM_OK;
}

gm_status gm__def_quantity(gm_def *r, const gm_yaml *node, double *out, gm_def_unit *unit_out)
{
  const char *rest = "";
  double v = 0;
  gm_status s = leading_number(node, "a number and its unit, such as 15 mg,", &v, &rest);
  if (s) return s;
  while (*rest == ' ' || *rest == '\t') rest++;
  gm_def_unit unit = {0};
  if (rest[0] == ',')
    return gm__yaml_fail(node, NULL, GM_EPARSE, "'%.80s'; the decimal sign is a point", node->text);
  if (rest[0]) s = unit_read(r, rest, &unit);
  if (s) return gm__yaml_fail_at(node, NULL, s);
  *out = v;
  *unit_out = unit;
  return GM_OK;
}

static gm_status sign_check(const gm_yaml *node, uint32_t flags, double v)
{
  if ((flags & GM_DEF_POSITIVE) && !(v > 0))
    return gm__yaml_fail(node, NULL, GM_ERANGE, "'%.80s'; more than 0 is expected", node->text);
  if ((flags & GM_DEF_NOT_NEGATIVE) && !(v >= 0))
    return gm__yaml_fail(node, NULL, GM_ERANGE, "'%.80s'; 0 or more is expected", node->text);
  return GM_OK;
}

gm_status gm__def_amount(gm_def *r, const gm_yaml *node, const gm_def_unit *to, uint32_t flags,
                         double *out)
{
  double v = 0, factor = 1;
  gm_def_unit unit = {0};
  gm_status s = gm__def_quantity(r, node, &v, &unit);
  if (s) return s;
  if (!unit.code && !(flags & GM_DEF_BARE)) {
    bool time = r->time.code && gm_unit_same_kind(&to->unit, &r->time.unit);
    return gm__yaml_fail(node, NULL, GM_EUNIT,
                         "'%.80s' has no unit; one that converts to %.80s is "
                         "expected, as in '%s %.80s'",
                         node->text, to->code, time ? "24" : "2", time ? "h" : to->code);
  }
  if (unit.code && (flags & GM_DEF_POINT) && gm_unit_same_kind(&unit.unit, &to->unit)) {
    s = gm_unit_convert(r->ctx, &unit.unit, &to->unit, v, &v);
    if (s) return gm__yaml_fail_at(node, NULL, s);
  } else if (unit.code) {
    s = gm__def_factor(r, node, &unit, to, NULL, &factor);
    if (s) return s;
    v *= factor;
  }
  if (!isfinite(v)) return gm__yaml_fail(node, NULL, GM_ERANGE, "'%.80s' is too large", node->text);
  s = sign_check(node, flags, v);
  if (!s) *out = v;
  return s;
}

gm_status gm__def_time(gm_def *r, const gm_yaml *node, uint32_t flags, double *out)
{
  return gm__def_amount(r, node, &r->time, flags, out);
}

gm_status gm__def_share(gm_def *r, const gm_yaml *node, double *out)
{
  gm_def_unit one = {gm_unit_one(), (char[]){"1"}};
  return gm__def_amount(r, node, &one, GM_DEF_BARE | GM_DEF_NOT_NEGATIVE, out);
}

/* ---- what is named elsewhere in the file ----------------------------------------------------- */
static gm_status unknown_among(gm_def *r, const gm_yaml *node, const char *what, const char *name,
                               char *const *first, size_t stride, int32_t count)
{
  const char **list = gm_arena_get(r->work, count, sizeof *list);
  if (!list) return gm_fail(r->ctx, GM_ENOMEM, "%s: definition", r->d->path);
  for (int32_t i = 0; i < count; i++)
    memcpy(&list[i], (const char *)first + (size_t)i * stride, sizeof list[i]);
  return gm__def_unknown(node, NULL, GM_ENOTFOUND, what, name, list, count);
}

gm_status gm__def_observable(gm_def *r, const gm_yaml *node, const char *name, int32_t *out)
{
  const gm_definition *d = r->d;
  int32_t i = gm_definition_observable(d, name);
  if (i < 0)
    return unknown_among(r, node, "an observable of this definition", name, &d->observable->name,
                         sizeof *d->observable, d->observable_count);
  *out = i;
  return GM_OK;
}

gm_status gm__def_input(gm_def *r, const gm_yaml *node, const char *name, int32_t *out)
{
  const gm_definition *d = r->d;
  int32_t i = gm_definition_input(d, name);
  if (i < 0)
    return unknown_among(r, node, "an input of this definition", name,
                         d->input ? &d->input->name : NULL, sizeof *d->input, d->input_count);
  *out = i;
  return GM_OK;
}
