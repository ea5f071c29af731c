/* fhir_covariate.c - what is true of a subject for a while: Condition, Procedure, Encounter, and
 * the properties of a Patient. */
#include "base/number.h"
#include "interop/fhir_in.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static gm_fact fact_of(const fhir_in *r, const fhir_code *c, double t_s)
{
  return (gm_fact){.kind = GM_RECORD_COVARIATE,
                   .series = r->d->covariate[c->index].name,
                   .t_true_s = t_s,
                   .value = "",
                   .unit = "",
                   .code = c->shown};
}

/* Yes or no of every covariate of the match, from a time on. */
static gm_status truth_tell(fhir_in *r, const fhir_match *m, bool yes, double t_s,
                            const char *suffix, const gm_json *at)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < m->count && !s; i++) {
    const gm_covariate *c = &r->d->covariate[m->code[i]->index];
    char name[FHIR_SUFFIX_BYTES];
    gm_fact f = fact_of(r, m->code[i], t_s);
    const char *level = fhir_level_yes(c, yes);
    if (level) f.value = level;
    snprintf(name, sizeof name, "%s%s%s", suffix, i ? "#" : "", i ? c->name : "");
    if (level || r->e.withdrawn)
      s = fhir_tell(r, &f, name, at);
    else
      fhir_refuse(r, "code-invalid", r->e.resource, "code", "'%.80s' has no level '%s'", c->name,
                  yes ? "yes" : "no");
  }
  return s;
}

static bool code_asked(fhir_in *r, fhir_match *m)
{
  *m = (fhir_match){0};
  fhir_map_find(&r->map, GM_RECORD_COVARIATE, gm__json_find(r->e.resource, "code"), m);
  if (m->count) return fhir_gate(r, "subject");
  fhir_not_mapped(r, "no coding of code is a covariate's");
  return false;
}

/* ---- Condition ------------------------------------------------------------------------------- */
#define TERMS "http://terminology.hl7.org/CodeSystem/"
static bool has_any(const gm_json *concept, const char *system, const char *const *code)
{
  for (; *code; code++)
    if (fhir_has_coding(concept, system, *code)) return true;
  return false;
}

typedef enum { HOLDS, REFUTED, NOTHING } verification;

static verification verify(fhir_in *r)
{
  static const char *const good[] = {"confirmed", NULL},
                           *const wrong[] = {"entered-in-error", NULL},
                           *const no[] = {"refuted", NULL};
  const char *system = TERMS "condition-ver-status";
  const gm_json *n = gm__json_find(r->e.resource, "verificationStatus");
  r->e.withdrawn = has_any(n, system, wrong);
  if (!n || r->e.withdrawn || has_any(n, system, good)) return HOLDS;
  if (has_any(n, system, no)) return REFUTED;
  fhir_refuse(r, "business-rule", n, NULL, "not confirmed");
  return NOTHING;
}

/* When it began: onset, else when it was first recorded. False: refused. */
static bool onset_read(fhir_in *r, double *out)
{
  const gm_json *x = r->e.resource, *recorded = gm__json_find(x, "recordedDate");
  fhir_when w;
  gm_fhir_time t;
  if (!fhir_when_read(r, x, "onset", &w)) return false;
  *out = w.start.begin_s;
  if (w.has_start) return true;
  *out = 0;
  if (recorded && !r->e.withdrawn) {
    if (!fhir_time_of(r, recorded, &t)) return false;
    *out = t.begin_s;
  }
  return recorded || r->e.withdrawn ||
         fhir_refuse(r, "required", x, "onset[x]",
                     "missing, and recordedDate too: when it began, is not said");
}

static bool is_over(const fhir_in *r)
{
  static const char *const over[] = {"inactive", "remission", "resolved", NULL};
  return has_any(gm__json_find(r->e.resource, "clinicalStatus"), TERMS "condition-clinical", over);
}

/* Is there, or may there be, an earlier version? */
static bool was_changed(const fhir_in *r)
{
  const char *version = fhir_text(gm__json_find(r->e.resource, "meta"), "versionId");
  return r->e.withdrawn || (version && strcmp(version, "1") != 0);
}

gm_status fhir_condition(fhir_in *r)
{
  fhir_match m;
  fhir_when end;
  double t_s;
  if (!code_asked(r, &m)) return GM_OK;
  verification v = verify(r);
  if (v == NOTHING || !onset_read(r, &t_s)) return GM_OK;
  if (!fhir_when_read(r, r->e.resource, "abatement", &end)) return GM_OK;
  bool over = is_over(r), ended = end.has_end && v == HOLDS;
  if (over && !ended && v == HOLDS && !r->e.withdrawn) {
    fhir_refuse(r, "required", r->e.resource, "abatement[x]",
                "missing: clinicalStatus says that it is over, and not since when");
    return GM_OK;
  }
  gm_status s = truth_tell(r, &m, v == HOLDS, t_s, "", NULL);
  if (s || (!ended && !was_changed(r))) return s;
  r->e.withdrawn |= !ended; /* an end that an earlier version may have told */
  return truth_tell(r, &m, false, end.has_end ? end.end.end_s : t_s, "#abatement", end.at);
}

/* ---- Procedure ------------------------------------------------------------------------------- */
static const fhir_status procedures[] = {
    {"completed", FHIR_TAKE, ""},
    {"in-progress", FHIR_TAKE, ""},
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"preparation", FHIR_REFUSE, "in preparation: nothing was done yet"},
    {"not-done", FHIR_REFUSE, "not done"},
    {"on-hold", FHIR_REFUSE, "on hold: whether it was done, is not known yet"},
    {"stopped", FHIR_REFUSE, "stopped before it was done"},
    {"unknown", FHIR_REFUSE, "unknown: whether it was done, is not said"},
    {NULL, FHIR_REFUSE, ""},
};

gm_status fhir_procedure(fhir_in *r)
{
  fhir_match m;
  fhir_when w;
  if (!code_asked(r, &m) || !fhir_status_read(r, procedures)) return GM_OK;
  if (!fhir_when_read(r, r->e.resource, "performed", &w)) return GM_OK;
  if (!w.has_start && !r->e.withdrawn) {
    fhir_refuse(r, "required", r->e.resource, "performed[x]", "missing: when it was done");
    return GM_OK;
  }
  return truth_tell(r, &m, true, w.has_start ? w.start.begin_s : 0, "", w.at);
}

/* ---- Encounter ------------------------------------------------------------------------------- */
static const fhir_status encounters[] = {
    {"in-progress", FHIR_TAKE, ""},
    {"onleave", FHIR_TAKE, ""},
    {"finished", FHIR_TAKE, ""},
    {"entered-in-error", FHIR_WITHDRAW, ""},
    {"planned", FHIR_REFUSE, "planned: it has not begun"},
    {"arrived", FHIR_REFUSE, "arrived: it has not begun"},
    {"triaged", FHIR_REFUSE, "triaged: it has not begun"},
    {"cancelled", FHIR_REFUSE, "cancelled: it did not take place"},
    {"unknown", FHIR_REFUSE, "unknown: whether it took place, is not said"},
    {NULL, FHIR_REFUSE, ""},
};

/* After the end the covariate has the level "none", where the definition knows one. */
static gm_status encounter_end(fhir_in *r, gm_fact *f, const gm_covariate *c, const gm_json *end)
{
  const char *none = fhir_level(c, "none");
  gm_fhir_time t;
  if (!end || !none || (!r->e.withdrawn && !fhir_time_of(r, end, &t))) return GM_OK;
  f->value = none;
  if (!r->e.withdrawn) f->t_true_s = t.end_s;
  return fhir_tell(r, f, "#end", end);
}

static bool encounter_read(fhir_in *r, const gm_covariate *c, const gm_json *start, gm_fact *f)
{
  const gm_json *x = r->e.resource;
  const char *code = fhir_text(gm__json_find(x, "class"), "code");
  const char *level = code ? fhir_level(c, code) : NULL;
  gm_fhir_time t;
  if (r->e.withdrawn) return true;
  if (!start) return fhir_refuse(r, "required", x, "period.start", "missing: when it began");
  if (!level)
    return fhir_refuse(r, code ? "code-invalid" : "required", x, "class.code",
                       "not a level of '%.80s'", c->name);
  if (!fhir_time_of(r, start, &t)) return false;
  f->t_true_s = t.begin_s;
  f->value = level;
  return true;
}

gm_status fhir_encounter(fhir_in *r)
{
  const fhir_code *code = fhir_map_own(&r->map, "Encounter.class");
  const gm_json *period = gm__json_find(r->e.resource, "period");
  if (!code) return fhir_not_mapped(r, "no covariate has the code fhir|Encounter.class");
  if (!fhir_gate(r, "subject") || !fhir_status_read(r, encounters)) return GM_OK;
  const gm_covariate *c = &r->d->covariate[code->index];
  gm_fact f = fact_of(r, code, 0);
  if (!encounter_read(r, c, gm__json_find(period, "start"), &f)) return GM_OK;
  gm_status s = fhir_tell(r, &f, "", gm__json_find(r->e.resource, "class"));
  return s ? s : encounter_end(r, &f, c, gm__json_find(period, "end"));
}

/* ---- Patient --------------------------------------------------------------------------------- */
/* Gender and age are told as of the first datum of the Patient in the file, or of the reading when
 * there is none: a birth date is no time to keep in the clear. */
static double patient_time(const fhir_in *r)
{
  if (r->e.thing < 0) return r->read_s;
  const fhir_thing *t = fhir_table_at(r->table, r->e.thing);
  return t->dated ? t->first_s : r->read_s;
}

static gm_status gender_tell(fhir_in *r, const fhir_code *c)
{
  const gm_json *n = gm__json_find(r->e.resource, "gender");
  const char *text = fhir_text(r->e.resource, "gender");
  gm_fact f = fact_of(r, c, patient_time(r));
  const char *level = text ? fhir_level(&r->d->covariate[c->index], text) : NULL;
  if (level) {
    f.value = level;
    return fhir_tell(r, &f, "#gender", n);
  }
  fhir_refuse(r, n ? "code-invalid" : "required", r->e.resource, "gender",
              n ? "not a level of '%.80s'" : "missing; '%.80s' needs it", f.series);
  return GM_OK;
}

/* Of a year or month known alone its middle. The age has six digits, in the covariate's unit. */
static gm_status age_tell(fhir_in *r, const fhir_code *c)
{
  const gm_json *n = gm__json_find(r->e.resource, "birthDate");
  const gm_covariate *cov = &r->d->covariate[c->index];
  gm_fhir_time born;
  gm_unit second, unit;
  double age;
  char text[32];
  gm_fact f = fact_of(r, c, patient_time(r));
  if (!n) {
    fhir_refuse(r, "required", r->e.resource, "birthDate", "missing; '%.80s' needs it", f.series);
    return GM_OK;
  }
  if (!fhir_time_of(r, n, &born)) return GM_OK;
  double begin = born.precision == GM_FHIR_DAY ? born.begin_s : (born.begin_s + born.end_s) / 2;
  gm_status s = gm_unit_parse(r->ctx, "s", &second);
  if (!s) s = gm_unit_parse(r->ctx, cov->level_count ? "1" : cov->unit, &unit);
  if (!s) s = gm_unit_convert(r->ctx, &second, &unit, f.t_true_s - begin, &age);
  gm_message_clear(r->ctx);
  if (s || age < 0) {
    fhir_refuse(r, "value", n, NULL,
                s ? "'%.80s' is no number with a unit of time"
                  : "after the first datum, so '%.80s' would be negative",
                f.series);
    return GM_OK;
  }
  snprintf(text, sizeof text, "%.6g", age);
  f.value = gm__number_point(text);
  f.unit = cov->unit;
  return fhir_tell(r, &f, "#birthDate", n);
}

static gm_status deceased_tell(fhir_in *r, const fhir_code *c)
{
  const gm_json *x = r->e.resource, *truth = gm__json_find(x, "deceasedBoolean");
  const gm_json *when = gm__json_find(x, "deceasedDateTime"), *at = when ? when : truth;
  gm_fact f = fact_of(r, c, r->read_s);
  gm_fhir_time t;
  if (!at) return GM_OK; /* most Patients say nothing of it */
  if (when && !fhir_time_of(r, when, &t)) return GM_OK;
  if (when) f.t_true_s = t.begin_s;
  const char *level =
      fhir_level_yes(&r->d->covariate[c->index], when || truth->kind == GM_JSON_TRUE);
  if (level) {
    f.value = level;
    return fhir_tell(r, &f, "#deceased", at);
  }
  fhir_refuse(r, "code-invalid", at, NULL, "'%.80s' has no levels 'yes' and 'no'", f.series);
  return GM_OK;
}

gm_status fhir_patient(fhir_in *r)
{
  const fhir_code *gender = fhir_map_own(&r->map, "Patient.gender");
  const fhir_code *birth = fhir_map_own(&r->map, "Patient.birthDate");
  const fhir_code *deceased = fhir_map_own(&r->map, "Patient.deceased");
  if (!r->map.patients)
    return fhir_not_mapped(r, "no covariate has a code such as fhir|Patient.birthDate");
  if (r->pass == FHIR_FIRST || !fhir_gate(r, NULL)) return GM_OK;
  gm_status s = gender ? gender_tell(r, gender) : GM_OK;
  if (!s && birth) s = age_tell(r, birth);
  return !s && deceased ? deceased_tell(r, deceased) : s;
}
