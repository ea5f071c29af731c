/* nightscout_profile.c - profiles and the switches between them: what the pump was set to give. */
#include "base/number.h"
#include "interop/nightscout_basal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const double SPAN_S_MAX = 20 * 366 * 86400.0; /* a clock once wrong makes no endless basal */

/* ---- time zones ------------------------------------------------------------------------------ */
/* "UTC", "Etc/GMT+5" (five hours west: POSIX's sign). Other names need a table of zones and the
 * law of each year: they are not guessed. */
static bool zone_fixed(const char *name, double *zone_s)
{
  static const char *const zero[] = {"UTC", "GMT", "Etc/UTC", "Etc/GMT", "Z"};
  double hours;
  for (size_t i = 0; i < sizeof zero / sizeof zero[0]; i++)
    if (!strcasecmp(name, zero[i])) {
      *zone_s = 0;
      return true;
    }
  if (strncasecmp(name, "Etc/GMT", 7) != 0 || !gm__number_parse(name + 7, &hours)) return false;
  if (!(fabs(hours) <= 14) || hours != rint(hours)) return false;
  *zone_s = -3600 * hours;
  return true;
}

static bool zone_find(const scout_in *r, const gm_json *program, double *zone_s)
{
  double minutes;
  const char *name = scout_text(program, "timezone");
  if (!name) name = scout_text(r->d.node, "timezone");
  if (name && zone_fixed(name, zone_s)) return true;
  if (scout_number(scout_value(r->d.node, "utcOffset"), &minutes) && fabs(minutes) <= 14 * 60) {
    *zone_s = 60 * minutes;
    return true;
  }
  *zone_s = 60.0 * r->o->zone_min;
  return r->o->zone_known;
}

/* ---- programs -------------------------------------------------------------------------------- */
/* "06:30" or timeAsSeconds. */
static bool second_read(const gm_json *step, int32_t *second)
{
  const char *t = scout_text(step, "time");
  double v;
  if (t && strlen(t) >= 5 && t[2] == ':' && strspn(t, "0123456789:") == strlen(t)) {
    int32_t h = 10 * (t[0] - '0') + t[1] - '0', m = 10 * (t[3] - '0') + t[4] - '0';
    *second = 3600 * h + 60 * m;
    return t[0] != ':' && t[1] != ':' && t[3] != ':' && t[4] != ':' && h < 24 && m < 60;
  }
  if (!scout_number(scout_value(step, "timeAsSeconds"), &v) || !(v >= 0 && v < 86400)) return false;
  *second = (int32_t)v;
  return true;
}

static gm_status step_note(scout_in *r, basal_program *p, int32_t second, double rate)
{
  basal_step *n;
  gm_status s = scout_basal_add(r->basal, &r->basal->step, sizeof *n, &n);
  if (s) return s;
  *n = (basal_step){second, rate};
  p->count++;
  return GM_OK;
}

/* NULL, or what is wrong with a step. */
static const char *step_read(const gm_json *step, int32_t before, int32_t *second, double *rate)
{
  bool first = before < 0;
  if (!second_read(step, second) || *second <= before || (first && *second))
    return "times that do not rise from 00:00";
  bool good = scout_number(scout_value(step, "value"), rate) && *rate >= 0;
  return good ? NULL : "a value that is no number >= 0";
}

/* *why: NULL, or what is wrong with it. */
static gm_status steps_read(scout_in *r, const gm_json *basal, basal_program *p, const char **why)
{
  double v;
  int32_t second = 0, before = -1;
  bool array = basal && basal->kind == GM_JSON_ARRAY;
  if (!array && scout_number(basal, &v) && v >= 0) return step_note(r, p, 0, v);
  const gm_json *n = array ? basal->first : NULL;
  *why = n ? NULL : "missing; rates and the times they begin at were expected";
  if (array && basal->count > SCOUT_STEPS_MAX) *why = "more than 1,440 rates";
  gm_status s = GM_OK;
  for (; n && !*why && !s; n = n->next) {
    *why = step_read(n, before, &second, &v);
    if (!*why) s = step_note(r, p, second, v);
    before = second;
  }
  return s;
}

/* A program of the document or switch at hand goes into the table; one that is wrong does not. */
static gm_status program_note(scout_in *r, const gm_json *program, const char *name,
                              basal_source *of, const char **why)
{
  scout_basal *b = r->basal;
  basal_program p = {.first = b->step.count}, *n;
  snprintf(p.name, sizeof p.name, "%s", name);
  p.zoned = zone_find(r, program, &p.zone_s);
  *why = NULL;
  gm_status s = steps_read(r, gm__json_find(program, "basal"), &p, why);
  if (s || *why) {
    b->step.count = p.first;
    return s;
  }
  s = scout_basal_add(b, &b->program, sizeof *n, &n);
  if (s) return s;
  *n = p;
  of->count++;
  return GM_OK;
}

/* ---- what is told of it ---------------------------------------------------------------------- */
static gm_status segment_tell(scout_in *r, double t_s, double end_s, double rate)
{
  char suffix[60], version[SCOUT_ID_BYTES + 40], number[GM__NUMBER_TEXT_BYTES];
  gm_fact f = {.kind = r->o->profile_given ? GM_RECORD_GIVEN : GM_RECORD_ORDERED,
               .t_true_s = t_s,
               .duration_s = end_s - t_s,
               .value = gm__number_text(rate, number),
               .unit = r->rate,
               .version = version,
               .data_class = GM_CLASS_DEVICE};
  snprintf(suffix, sizeof suffix, "#basal %.0f", t_s);
  snprintf(version, sizeof version, "%s/%.0f", r->d.version, end_s - t_s);
  return scout_tell(r, SCOUT_BASAL, NULL, &f, suffix, "basal");
}

/* The parts of a segment in which no temporary rate runs. */
static gm_status between_tell(scout_in *r, double t_s, double end_s, double rate)
{
  const scout_basal *b = r->basal;
  gm_status s = GM_OK;
  int64_t i = scout_basal_temp_behind(b, t_s) - 1;
  if (i >= 0) t_s = fmax(t_s, temp_at(b, i)->end_s);
  for (i++; t_s < end_s && !s; i++) {
    double next = i < b->temp.count ? fmin(end_s, temp_at(b, i)->t_s) : end_s;
    if (next > t_s) s = segment_tell(r, t_s, next, rate);
    if (next >= end_s) break;
    t_s = temp_at(b, i)->end_s;
  }
  return s;
}

/* Where the source at hand may hold: to the next of its sort that lasts. */
static double reach(const basal_list *l, const basal_source *own)
{
  double end = own->until_s;
  for (const basal_source *n = own + 1; n < source_at(l, l->count) && n->t_s < end; n++)
    if (isinf(n->until_s)) end = n->t_s;
  return end;
}

static const basal_source *own_find(const scout_in *r, const basal_list *l)
{
  int64_t i = scout_basal_begun(l, r->d.t_s) - 1;
  const basal_source *own = i >= 0 ? source_at(l, i) : NULL;
  return own && own->t_s == r->d.t_s && own->key == r->d.key ? own : NULL;
}

static bool window_find(scout_in *r, double *from_s, double *to_s)
{
  bool stated = r->o->from_s != 0 || r->o->to_s != 0;
  *from_s = stated ? r->o->from_s : r->first_s;
  *to_s = stated ? r->o->to_s : r->last_s;
  if (*to_s - *from_s > SPAN_S_MAX)
    return scout_refuse(r, "startDate", "the data span more than 20 years; a span is to be stated");
  return true;
}

static gm_status source_tell(scout_in *r, const basal_list *l)
{
  const basal_source *own = own_find(r, l);
  double from, to;
  basal_moment m;
  gm_status s = GM_OK;
  r->d.why = "it holds at no time of the data";
  if (!own) return GM_OK;
  if (!window_find(r, &from, &to)) return GM_OK;
  to = fmin(to, reach(l, own));
  for (double at = fmax(from, own->t_s); at < to && !s; at = m.next_s) {
    scout_basal_at(r->basal, at, &m);
    m.next_s = fmin(m.next_s, to);
    if (m.owner != own) continue;
    if (isnan(m.rate)) {
      scout_refuse(r, m.program ? "timezone" : "profile",
                   m.program ? "a name, or missing; the offset from UTC is not known"
                             : "no profile of this name, or one that was refused");
      return GM_OK;
    }
    s = r->o->profile_given ? between_tell(r, at, m.next_s, m.rate)
                            : segment_tell(r, at, m.next_s, m.rate);
  }
  return s;
}

/* ---- documents ------------------------------------------------------------------------------- */
/* Of a document without `store` (before 2015) the whole is the one profile. */
static gm_status programs_note(scout_in *r, basal_source *d)
{
  const gm_json *n = r->d.node, *store = gm__json_find(n, "store");
  const char *why, *name = scout_text(n, "defaultProfile");
  gm_status s = GM_OK;
  snprintf(d->name, sizeof d->name, "%s", name ? name : "Default");
  if (!store) return program_note(r, n, d->name, d, &why);
  const gm_json *p = store->kind == GM_JSON_OBJECT ? store->first : NULL;
  for (; p && !s; p = p->next) s = program_note(r, p, p->key, d, &why);
  return s;
}

gm_status scout_profile(scout_in *r)
{
  scout_basal *b = r->basal;
  basal_source d = {.until_s = INFINITY, .scale = 1}, *n;
  if (!r->series[SCOUT_BASAL]) return scout_not_mapped(r, "nothing asks for nightscout|basal");
  if (r->d.withdrawn) return scout_not_mapped(r, "deleted");
  if (!r->d.timed) r->d.t_s = SCOUT_TIME_FIRST_S; /* startDate 1970: since ever */
  if (r->pass == SCOUT_TELL) return source_tell(r, &b->doc);
  d.t_s = r->d.t_s;
  d.key = r->d.key;
  d.order = b->order++;
  d.first = (int32_t)b->program.count;
  gm_status s = programs_note(r, &d);
  if (!s) s = scout_basal_add(b, &b->doc, sizeof *n, &n);
  if (!s) *n = d;
  return s;
}

/* AndroidAPS writes the profile into the switch, as a text of JSON. */
static gm_status own_program(scout_in *r, basal_source *d)
{
  const gm_json_options options = {.name = "profileJson"};
  const char *text = scout_text(r->d.node, "profileJson"), *why;
  gm_json *root = NULL;
  if (!text) return GM_OK;
  gm_arena_mark mark = gm_arena_at(r->work);
  gm_status s = gm__json_parse(r->ctx, r->work, &options, text, strlen(text), &root);
  if (!s) s = program_note(r, root, d->name, d, &why);
  if (s && s != GM_ENOMEM && s != GM_EFULL) {
    gm_message_clear(r->ctx);
    s = GM_OK;
  }
  gm_arena_back(r->work, mark);
  return s;
}

/* False: refused. */
static bool switch_read(scout_in *r, basal_source *d)
{
  double minutes, percent, hours;
  const char *name = scout_text(r->d.node, "profile");
  if (!scout_read(r, "duration", &minutes) || !scout_read(r, "percentage", &percent) ||
      !scout_read(r, "timeshift", &hours))
    return false;
  if (!name) return scout_refuse(r, "profile", "missing; the name of a profile was expected");
  if (percent <= 0 || percent > 1000) return scout_refuse(r, "percentage", "not in 1 to 1,000");
  if (fabs(hours) > 24) return scout_refuse(r, "timeshift", "more than 24 hours");
  *d = (basal_source){.t_s = r->d.t_s,
                      .until_s = minutes > 0 ? r->d.t_s + 60 * minutes : INFINITY,
                      .key = r->d.key,
                      .scale = isnan(percent) ? 1 : percent / 100,
                      .shift_s = isnan(hours) ? 0 : 3600 * hours};
  snprintf(d->name, sizeof d->name, "%s", name);
  return true;
}

gm_status scout_switch(scout_in *r)
{
  scout_basal *b = r->basal;
  basal_source d, *n;
  if (!r->series[SCOUT_BASAL]) return scout_not_mapped(r, "nothing asks for nightscout|basal");
  if (r->d.withdrawn) return scout_not_mapped(r, "deleted");
  if (!switch_read(r, &d)) return GM_OK;
  if (r->pass == SCOUT_TELL) return source_tell(r, &b->change);
  d.order = b->order++;
  d.first = (int32_t)b->program.count;
  gm_status s = own_program(r, &d);
  if (!s) s = scout_basal_add(b, &b->change, sizeof *n, &n);
  if (!s) *n = d;
  return s;
}
