/* definition_use.c - what a definition is for: targets, actions, limits, needs, and what it rests
 * on. */
#include "twin/definition_internal.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- targets --------------------------------------------------------------------------------- */
static const char *const target_kind[] = {"range", "trough", "peak", "auc24", "average"};

/* The unit a target is kept in: the observable's, times the model's time under the curve. A unit
 * stated that is the same keeps its spelling. */
static gm_status target_unit(gm_def *r, const gm_yaml *n, gm_def_target *t, gm_def_unit *stated,
                             gm_def_unit *kept)
{
  const gm_yaml *u = gm__yaml_find(n, "unit");
  gm_status s = GM_OK;
  char code[2 * GM_UNIT_CODE_BYTES];
  *kept = r->observable[t->index];
  if (t->kind == GM_TARGET_AUC24) {
    s = gm_unit_multiply(r->ctx, &kept->unit, &r->time.unit, &kept->unit);
    if (s) return gm__yaml_fail_at(n, "of", s);
    snprintf(code, sizeof code, "%s.%s", kept->code, r->time.code);
    s = gm__def_keep(r, code, &kept->code);
    if (!s && !u)
      s = gm__yaml_fail(n, "unit", GM_EUNIT,
                        "missing; the unit of an area, such as %.80s, is "
                        "expected",
                        kept->code);
  }
  if (!s) *stated = *kept;
  if (!s && u) s = gm__def_unit(r, n, kept->code, stated);
  if (s) return s;
  double factor = 1;
  if (gm_unit_same_kind(&stated->unit, &kept->unit) && t->kind != GM_TARGET_AUC24) {
    if (gm_unit_equal(&stated->unit, &kept->unit)) kept->code = stated->code;
    return GM_OK;
  }
  s = gm__def_factor(r, u, stated, kept, NULL, &factor);
  if (!s && factor == 1) kept->code = stated->code;
  return s;
}

/* A bound, in the unit stated, brought into the unit kept. */
static gm_status bound_read(gm_def *r, const gm_yaml *map, const char *key,
                            const gm_def_unit *stated, const gm_def_unit *kept, double *out)
{
  const gm_yaml *n = gm__yaml_find(map, key);
  double v = 0;
  if (!n) return GM_OK;
  gm_status s = gm__def_amount(r, n, stated, GM_DEF_BARE | GM_DEF_POINT, &v);
  if (!s && !gm_unit_equal(&stated->unit, &kept->unit)) {
    s = gm_unit_convert(r->ctx, &stated->unit, &kept->unit, v, &v);
    if (s) return gm__yaml_fail_at(n, NULL, s);
  }
  if (!s) *out = v;
  return s;
}

static gm_status target_check(const gm_yaml *n, const gm_def_target *t)
{
  if (isinf(t->low) && isinf(t->high) && isnan(t->best))
    return gm__yaml_fail(n, NULL, GM_EPARSE, "no bound; low, high or best is expected");
  if (!(t->low < t->high))
    return gm__yaml_fail(n, NULL, GM_ERANGE, "low %g is not below high %g", t->low, t->high);
  if (t->best < t->low || t->best > t->high)
    return gm__yaml_fail(n, "best", GM_ERANGE, "%g lies outside %g to %g", t->best, t->low,
                         t->high);
  return GM_OK;
}

static gm_status target_read(gm_def *r, const gm_yaml *n, int32_t index, gm_def_target *t)
{
  gm_def_unit stated = {0}, kept = {0};
  int32_t kind = 0;
  *t = (gm_def_target){.index = index,
                       .low = -INFINITY,
                       .high = INFINITY,
                       .best = NAN,
                       .observable = r->d->observable[index].name};
  gm_status s = gm__def_map(n, GM_DEF_TARGET);
  if (s) return s;
  const gm_yaml *of = gm__yaml_find(n, "of");
  if (of) s = gm__def_choice(of, target_kind, 5, &kind);
  t->kind = (gm_target_kind)kind;
  if (!s) s = target_unit(r, n, t, &stated, &kept);
  if (!s) s = bound_read(r, n, "low", &stated, &kept, &t->low);
  if (!s) s = bound_read(r, n, "high", &stated, &kept, &t->high);
  if (!s) s = bound_read(r, n, "best", &stated, &kept, &t->best);
  t->unit = kept.code;
  return s ? s : target_check(n, t);
}

gm_status gm__def_read_targets(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "targets");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (s) return s;
  int32_t count = 0;
  for (const gm_yaml *n = map->first; n; n = n->next)
    count += n->kind == GM_YAML_LIST ? n->count : 1;
  s = gm__def_get(r, count, sizeof *d->target, &d->target);
  for (const gm_yaml *n = map->first; n && !s; n = n->next) {
    int32_t index = 0;
    s = gm__def_observable(r, n, n->key, &index);
    if (!s && n->kind == GM_YAML_LIST) s = gm__def_list(n);
    const gm_yaml *one = n->kind == GM_YAML_LIST ? n->first : n;
    for (; one && !s; one = n->kind == GM_YAML_LIST ? one->next : NULL)
      s = target_read(r, one, index, &d->target[d->target_count++]);
  }
  return s;
}

/* ---- actions and limits ---------------------------------------------------------------------- */
static int ascending(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

/* One amount or a list of them, sorted; the same twice is refused. */
static gm_status amounts_read(gm_def *r, const gm_yaml *n, const gm_def_unit *unit, uint32_t flags,
                              double **out, int32_t *count_out)
{
  bool list = n->kind == GM_YAML_LIST;
  double *v = NULL;
  int32_t count = 0;
  gm_status s = list ? gm__def_list(n) : GM_OK;
  if (!s) s = gm__def_get(r, list ? n->count : 1, sizeof *v, &v);
  for (const gm_yaml *one = list ? n->first : n; one && !s; one = list ? one->next : NULL)
    s = gm__def_amount(r, one, unit, flags, &v[count++]);
  if (s) return s;
  qsort(v, (size_t)count, sizeof *v, ascending);
  for (int32_t i = 1; i < count; i++)
    if (v[i] == v[i - 1])
      return gm__yaml_fail(n, NULL, GM_EPARSE, "%g %.80s is there twice", v[i], unit->code);
  *out = v;
  *count_out = count;
  return GM_OK;
}

static gm_status action_read(gm_def *r, const gm_yaml *n, gm_action *a)
{
  gm_yaml *doses = NULL, *every = NULL;
  gm_status s = gm__def_input(r, n, n->key, &a->index);
  if (!s) s = gm__def_map(n, GM_DEF_ACTION);
  if (!s) s = gm__def_need(n, "doses", "a list of amounts", &doses);
  if (!s) s = gm__def_need(n, "every", "an interval such as 24 h", &every);
  if (s) return s;
  a->input = r->d->input[a->index].name;
  s = amounts_read(r, doses, &r->input[a->index], GM_DEF_BARE | GM_DEF_NOT_NEGATIVE, &a->dose,
                   &a->dose_count);
  if (!s) s = amounts_read(r, every, &r->time, GM_DEF_POSITIVE, &a->every, &a->every_count);
  const gm_yaml *duration = gm__yaml_find(n, "duration");
  if (!s && duration) s = gm__def_time(r, duration, GM_DEF_POSITIVE, &a->duration);
  return s;
}

gm_status gm__def_read_actions(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "actions");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->action, &d->action);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next)
    s = action_read(r, n, &d->action[d->action_count++]);
  return s;
}

static gm_status limit_read(gm_def *r, const gm_yaml *n, gm_limit *l)
{
  static const uint32_t flags = GM_DEF_BARE | GM_DEF_POSITIVE;
  const gm_yaml *v;
  *l = (gm_limit){.per_day = INFINITY, .per_dose = INFINITY};
  gm_status s = gm__def_input(r, n, n->key, &l->index);
  if (!s) s = gm__def_map(n, GM_DEF_LIMIT);
  if (!s && !n->count)
    s = gm__yaml_fail(n, NULL, GM_EPARSE, "empty; per-day, per-dose or interval-least is expected");
  if (s) return s;
  const gm_def_unit *unit = &r->input[l->index];
  l->input = r->d->input[l->index].name;
  if ((v = gm__yaml_find(n, "per-day"))) s = gm__def_amount(r, v, unit, flags, &l->per_day);
  if (!s && (v = gm__yaml_find(n, "per-dose"))) s = gm__def_amount(r, v, unit, flags, &l->per_dose);
  if (!s && (v = gm__yaml_find(n, "interval-least")))
    s = gm__def_time(r, v, GM_DEF_POSITIVE, &l->interval_least);
  return s;
}

gm_status gm__def_read_limits(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "limits");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->limit, &d->limit);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next)
    s = limit_read(r, n, &d->limit[d->limit_count++]);
  return s;
}

/* ---- need ------------------------------------------------------------------------------------ */
static const char *const rival[] = {"population", "last-value"};

/* `within: 10 %` is a share of the value, even for an observable in %; `2 mg/L` is absolute. */
static gm_status within_read(gm_def *r, const gm_yaml *n, gm_need *need)
{
  const gm_yaml *share = gm__yaml_find(n, "within"), *most = gm__yaml_find(n, "within-absolute");
  const gm_def_unit *unit = &r->observable[need->index];
  double v = 0;
  gm_def_unit stated = {0};
  need->within = need->within_absolute = NAN;
  if (share && most)
    return gm__yaml_fail(most, NULL, GM_EPARSE, "not together with `within`; one is expected");
  if (most)
    return gm__def_amount(r, most, unit, GM_DEF_BARE | GM_DEF_POSITIVE, &need->within_absolute);
  if (!share)
    return gm__yaml_fail(n, "within", GM_EPARSE,
                         "missing; a share such as 10 %% or an amount such "
                         "as 2 %.80s is expected",
                         unit->code);
  gm_status s = gm__def_quantity(r, share, &v, &stated);
  if (s) return s;
  if (!stated.code)
    return gm__yaml_fail(share, NULL, GM_EUNIT,
                         "'%.80s' has no unit; a share such as 10 %% or an "
                         "amount such as 2 %.80s is expected",
                         share->text, unit->code);
  if (!gm_unit_is_dimensionless(&stated.unit))
    return gm__def_amount(r, share, unit, GM_DEF_POSITIVE, &need->within_absolute);
  s = gm__def_share(r, share, &need->within);
  if (!s && !(need->within > 0))
    s = gm__yaml_fail(share, NULL, GM_ERANGE, "'%.80s'; more than 0 is expected", share->text);
  return s;
}

static gm_status need_read(gm_def *r, const gm_yaml *n, gm_need *need)
{
  gm_yaml *at = NULL;
  int32_t which = 0;
  gm_status s = gm__def_observable(r, n, n->key, &need->index);
  if (!s) s = gm__def_map(n, GM_DEF_NEED);
  if (s) return s;
  need->observable = r->d->observable[need->index].name;
  s = within_read(r, n, need);
  if (!s) s = gm__def_need(n, "at", "how far ahead, such as 72 h,", &at);
  if (!s) s = gm__def_time(r, at, GM_DEF_POSITIVE, &need->at);
  const gm_yaml *against = gm__yaml_find(n, "against");
  if (!s && against) s = gm__def_choice(against, rival, 2, &which);
  return s ? s : gm__def_keep(r, rival[which], &need->against);
}

gm_status gm__def_read_need(gm_def *r)
{
  gm_definition *d = r->d;
  const gm_yaml *map = gm__yaml_find(r->root, "need");
  if (!map) return GM_OK;
  gm_status s = gm__def_map(map, -1);
  if (!s) s = gm__def_get(r, map->count, sizeof *d->need, &d->need);
  if (s) return s;
  for (const gm_yaml *n = map->first; n && !s; n = n->next)
    s = need_read(r, n, &d->need[d->need_count++]);
  return s;
}

/* ---- assumptions and sources ----------------------------------------------------------------- */
static gm_status assumption_read(gm_def *r, const gm_yaml *n, gm_assumption *a)
{
  gm_yaml *text = NULL;
  if (n->kind != GM_YAML_MAP) {
    gm_status s = gm__def_text(r, n, &a->text);
    return s ? s : gm__def_keep(r, "", &a->on);
  }
  gm_status s = gm__def_map(n, GM_DEF_ASSUMPTION);
  if (!s) s = gm__def_need(n, "text", "what is assumed", &text);
  if (!s) s = gm__def_text(r, text, &a->text);
  return s ? s : gm__def_text_of(r, n, "on", &a->on);
}

static gm_status assumptions_read(gm_def *r, const gm_yaml *list)
{
  gm_definition *d = r->d;
  gm_status s = gm__def_list(list);
  if (!s) s = gm__def_get(r, list->count, sizeof *d->assumption, &d->assumption);
  if (s) return s;
  for (const gm_yaml *n = list->first; n && !s; n = n->next)
    s = assumption_read(r, n, &d->assumption[d->assumption_count++]);
  return s;
}

static gm_status sources_read(gm_def *r, const gm_yaml *list)
{
  gm_definition *d = r->d;
  gm_status s = gm__def_list(list);
  if (!s) s = gm__def_get(r, list->count, sizeof *d->source, &d->source);
  if (s) return s;
  for (const gm_yaml *n = list->first; n && !s; n = n->next)
    s = gm__def_text(r, n, &d->source[d->source_count++]);
  return s;
}

gm_status gm__def_read_notes(gm_def *r)
{
  const gm_yaml *assumptions = gm__yaml_find(r->root, "assumptions");
  const gm_yaml *sources = gm__yaml_find(r->root, "sources");
  const gm_yaml *within = gm__yaml_find(r->root, "update-within");
  gm_status s = assumptions ? assumptions_read(r, assumptions) : GM_OK;
  if (!s && sources) s = sources_read(r, sources);
  r->d->update_within_s = NAN;
  if (s || !within) return s;
  s = gm__def_time(r, within, GM_DEF_POSITIVE, &r->d->update_within_s);
  if (!s) r->d->update_within_s *= 3600 / r->d->hour;
  return s;
}
