/* subject.c - from the records of a table to events, data and stretches of equal covariates. */
#include "twin/subject.h"
#include "base/number.h"
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DIM_MAX = 300 }; /* the Hessian by differences takes 4 dim^2 members */

static gm_status fail_record(gm_ctx *ctx, gm_status st, const gm_records *r, const gm_record *c,
                             const char *text, const char *what)
{
  return gm_fail(ctx, st, "%s:%d: %s%s%s", r->path, (int)c->line, text, what ? " " : "",
                 what ? what : "");
}

/* ---- covariates ------------------------------------------------------------------------------ */
static int32_t column_of(const gm_records *r, const char *name)
{
  for (int32_t i = 0; i < r->covariate_count; i++)
    if (!strcmp(r->covariate[i], name)) return i;
  return -1;
}

static gm_status level_number(gm_ctx *ctx, const gm_covariate *c, const gm_records *r,
                              const gm_record *rec, const char *cell, double *out)
{
  for (int32_t i = 0; i < c->level_count; i++) {
    if (strcmp(c->level[i], cell)) continue;
    *out = i;
    return GM_OK;
  }
  gm_text known;
  gm_text_init(&known, ctx);
  for (int32_t i = 0; i < c->level_count; i++)
    gm_text_addf(&known, "%s%s", i ? ", " : "", c->level[i]);
  gm_status s =
      gm_fail(ctx, GM_EPARSE,
              "%s:%d:%s: level \"%.40s\" is not known; one of %s is "
              "expected",
              r->path, (int)rec->line, c->name, cell, known.data ? known.data : "the definition's");
  gm_text_free(&known);
  return s;
}

static gm_status cell_value(gm_ctx *ctx, const gm_covariate *c, const gm_records *r,
                            const gm_record *rec, const char *cell, double *out)
{
  if (c->level_count) return level_number(ctx, c, r, rec, cell, out);
  double v;
  if (!gm__number_parse(cell, &v))
    return gm_fail(ctx, GM_EPARSE, "%s:%d:%s: \"%.40s\" is not a number", r->path, (int)rec->line,
                   c->name, cell);
  *out = v;
  return GM_OK;
}

/* Values of every record, forward filled, the first ones backward. value[record*covariates+c] */
static gm_status covariate_values(gm_ctx *ctx, const gm_subject *s, const gm_record_subject *w,
                                  double *value)
{
  const gm_definition *d = s->d;
  for (int32_t c = 0; c < d->covariate_count; c++) {
    int32_t column = column_of(s->r, d->covariate[c].name);
    double last = d->covariate[c].fallback;
    int32_t known = 0;
    for (int32_t i = 0; i < w->count; i++) {
      const char *cell =
          column < 0 ? "" : s->r->cell[(ptrdiff_t)(w->first + i) * s->r->covariate_count + column];
      gm_status st = cell[0] ? cell_value(ctx, &d->covariate[c], s->r, &s->r->record[w->first + i],
                                          cell, &last)
                             : GM_OK;
      if (st) return st;
      if (cell[0] && known++ == 0)
        for (int32_t j = 0; j < i; j++) value[(ptrdiff_t)j * d->covariate_count + c] = last;
      value[(ptrdiff_t)i * d->covariate_count + c] = last;
    }
    if (isnan(last))
      return gm_fail(ctx, GM_ENOTFOUND,
                     "%s: subject %s has no value of covariate %s, and the "
                     "definition gives no default",
                     s->r->path, s->id, d->covariate[c].name);
  }
  return GM_OK;
}

/* ---- records --------------------------------------------------------------------------------- */
static gm_status input_of(gm_ctx *ctx, const gm_subject *s, const gm_record *c, int32_t *out)
{
  const gm_definition *d = s->d;
  *out = -1;
  if (c->input[0]) *out = gm_definition_input(d, c->input);
  if (c->input[0] && *out < 0)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c, "no input of the definition is called",
                       c->input);
  for (int32_t i = 0; *out < 0 && c->compartment > 0 && i < d->input_count; i++)
    if (d->input[i].port == c->compartment - 1) *out = i;
  if (*out < 0 && c->compartment > 0)
    return gm_fail(ctx, GM_ENOTFOUND,
                   "%s:%d:CMT: no input of the definition goes into compartment "
                   "%d",
                   s->r->path, (int)c->line, (int)c->compartment);
  if (*out < 0 && d->input_count == 1) *out = 0;
  if (*out < 0)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c,
                       "a dose without compartment: a column INPUT or "
                       "CMT is expected, because the definition has several inputs",
                       NULL);
  return GM_OK;
}

/* RATE -1 and -2, and inputs whose definition gives a rate or a duration of their own. */
static gm_status mode_of(gm_ctx *ctx, const gm_subject *s, const gm_record *c,
                         const gm_def_input *in, gm_dose_mode *out)
{
  if (c->rate == -1 && !in->rate)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c,
                       "RATE is -1, but the definition gives no rate of input", in->name);
  if (c->rate == -2 && !in->duration)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c,
                       "RATE is -2, but the definition gives no duration of input", in->name);
  bool own = c->rate <= 0; /* a rate that is given stands above the definition's */
  *out = GM_DOSE_GIVEN;
  if (own && in->duration && c->rate != -1) *out = GM_DOSE_DURATION_MODELLED;
  if (own && in->rate && c->rate != -2) *out = GM_DOSE_RATE_MODELLED;
  return GM_OK;
}

static gm_status dose_take(gm_ctx *ctx, const gm_subject *s, const gm_record *c, gm_event *e)
{
  gm_status st = input_of(ctx, s, c, &e->input);
  if (st) return st;
  const gm_def_input *in = &s->d->input[e->input];
  e->port = in->port;
  e->amount = c->amount * in->to_model;
  e->interval = c->interval;
  e->additional = c->additional;
  e->steady = c->steady;
  e->rate = c->rate > 0 ? c->rate * in->to_model : 0;
  return mode_of(ctx, s, c, in, &e->mode);
}

static gm_status event_take(gm_ctx *ctx, gm_subject *s, const gm_record *c, int32_t order)
{
  if (c->evid == 0) return GM_OK;
  gm_event *e = &s->event[s->event_count];
  *e = (gm_event){.t = c->time, .order = order, .kind = (gm_event_kind)c->evid, .input = -1};
  gm_status st = GM_OK;
  if (c->evid == 1 || c->evid == 4 || c->evid == 8) st = dose_take(ctx, s, c, e);
  if (!st) s->event_count++;
  return st;
}

static gm_status observable_of(gm_ctx *ctx, const gm_subject *s, const gm_record *c, int32_t *out)
{
  *out = c->observable[0] ? gm_definition_observable(s->d, c->observable) : -1;
  if (*out < 0 && c->observable[0]) {
    char *end = NULL;
    long n = strtol(c->observable, &end, 10); /* DVID as a number: in the order of the definition */
    if (end != c->observable && !*end && n >= 1 && n <= s->d->observable_count)
      *out = (int32_t)n - 1;
  }
  if (c->observable[0] && *out < 0)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c, "no observable of the definition is called",
                       c->observable);
  if (*out < 0 && s->d->observable_count == 1) *out = 0;
  if (*out < 0)
    return fail_record(ctx, GM_ENOTFOUND, s->r, c,
                       "a value without its observable: a column "
                       "OBSERVABLE or DVID is expected, because the definition has several",
                       NULL);
  return GM_OK;
}

/* A datum that is believed less errs by more. */
static gm_status doubt_take(gm_ctx *ctx, const gm_subject *s, const gm_record *c, gm_datum *x)
{
  if (!(c->sd_factor > 0) || c->sd_factor == 1) return GM_OK;
  if (x->count)
    return fail_record(ctx, GM_EUNSUPPORTED, s->r, c,
                       "a count cannot be believed in part; it is held out or taken", NULL);
  x->additive *= c->sd_factor;
  x->proportional *= c->sd_factor;
  return GM_OK;
}

static gm_status datum_take(gm_ctx *ctx, gm_subject *s, const gm_record *c, int32_t order)
{
  if (c->evid != 0 || c->missing) return GM_OK;
  int32_t k;
  gm_status st = observable_of(ctx, s, c, &k);
  if (st) return st;
  const gm_observable *o = &s->d->observable[k];
  gm_datum x = {.t = c->time,
                .value = c->value,
                .additive = o->additive,
                .proportional = o->proportional,
                .sum = o->form == GM_ERROR_SUM,
                .log_scale = o->log_scale,
                .count = o->count,
                .share = o->share,
                .size = o->size,
                .observable = k,
                .censored = (int8_t)c->censored};
  st = doubt_take(ctx, s, c, &x);
  if (st) return st;
  bool below = isfinite(o->loq) && (c->value < o->loq || (o->censor_zero && c->value <= 0));
  if (!x.censored && below) {
    x.censored = 1;
    x.value = o->loq;
  }
  if (o->log_scale && !(x.value > 0))
    return gm_fail(ctx, GM_EDOMAIN,
                   "%s:%d:DV: %g on a logarithmic scale; a value > 0 or a limit of "
                   "quantification is expected",
                   s->r->path, (int)c->line, c->value);
  if (o->count && (!(x.value >= 0) || x.value != rint(x.value)))
    return gm_fail(ctx, GM_EDOMAIN, "%s:%d:DV: %g; a whole number >= 0 is expected of counts",
                   s->r->path, (int)c->line, c->value);
  s->datum_order[s->datum_count] = order;
  s->datum[s->datum_count++] = x;
  return GM_OK;
}

/* ---- stretches ------------------------------------------------------------------------------- */
/* Number of an occasion: 0, 1, ... in the order in which the values of OCC appear. */
static int32_t occasion_number(gm_subject *s, int32_t value)
{
  for (int32_t i = 0; i < s->occasion_count; i++)
    if (s->occasion[i] == value) return i;
  s->occasion[s->occasion_count] = value;
  return s->occasion_count++;
}

/* Records before the first OCC belong to its occasion; without any, all are occasion 1. */
static void occasion_begin(gm_subject *s, const gm_record_subject *w)
{
  s->occasion[0] = 1;
  for (int32_t i = w->count; i-- > 0;)
    if (s->r->record[w->first + i].occasion >= 0)
      s->occasion[0] = s->r->record[w->first + i].occasion;
  s->occasion_count = 1;
}

/* A new stretch when covariates or occasion of record c differ from those before. */
static void stretch_take(gm_subject *s, const gm_record *c, double t_before, int32_t order,
                         const double *value)
{
  int32_t n = s->d->covariate_count, k = s->stretch_count;
  int32_t occasion =
      c->occasion < 0 ? (k ? s->stretch[k - 1].occasion : 0) : occasion_number(s, c->occasion);
  if (k && s->stretch[k - 1].occasion == occasion &&
      !memcmp(s->stretch[k - 1].covariate, value, (size_t)n * sizeof *value))
    return;
  subject_stretch *w = &s->stretch[s->stretch_count++];
  w->covariate = s->values + (ptrdiff_t)k * n;
  memcpy(w->covariate, value, (size_t)n * sizeof *value);
  w->occasion = occasion;
  w->t_from = k == 0 ? -INFINITY : s->d->nocb ? t_before : c->time;
  w->order = s->d->nocb ? 0 : order;
}

static gm_status prior_make(gm_ctx *ctx, gm_subject *s)
{
  const gm_definition *d = s->d;
  int32_t ne = d->eta_count, no = d->occasion_effect_count;
  if (no == 0) s->occasion_count = 0;
  int64_t dim = ne + (int64_t)s->occasion_count * no;
  if (dim > DIM_MAX)
    return gm_fail(ctx, GM_ERANGE,
                   "%s: subject %s: %d occasions make %lld random effects; at most %d are expected",
                   s->r->path, s->id, (int)s->occasion_count, (long long)dim, (int)DIM_MAX);
  s->dim = (int32_t)dim;
  s->prior = gm_alloc(ctx, (ptrdiff_t)s->dim * s->dim, sizeof *s->prior);
  if (!s->prior) return gm_fail(ctx, GM_ENOMEM, "prior of a subject");
  for (int32_t i = 0; i < ne; i++)
    for (int32_t j = 0; j < ne; j++) s->prior[i * s->dim + j] = d->omega[i * ne + j];
  for (int32_t o = 0; o < s->occasion_count; o++)
    for (int32_t i = 0; i < no; i++)
      for (int32_t j = 0; j < no; j++)
        s->prior[(ne + o * no + i) * s->dim + ne + o * no + j] = d->occasion_omega[i * no + j];
  return GM_OK;
}

static gm_status take_all(gm_ctx *ctx, gm_subject *s, const gm_record_subject *w,
                          const double *value)
{
  gm_status st = GM_OK;
  if (w->count) occasion_begin(s, w);
  for (int32_t i = 0; i < w->count && !st; i++) {
    const gm_record *c = &s->r->record[w->first + i];
    double t_before = i ? s->r->record[w->first + i - 1].time : c->time;
    if (c->time < t_before)
      return gm_fail(
          ctx, GM_EUNSUPPORTED,
          "%s:%d:TIME: time %g comes after %g; a clock that starts again at a reset is not "
          "carried out, times that go on are expected",
          s->r->path, (int)c->line, c->time, t_before);
    stretch_take(s, c, t_before, i, value + (ptrdiff_t)i * s->d->covariate_count);
    st = event_take(ctx, s, c, i);
    if (!st) st = datum_take(ctx, s, c, i);
    s->t_last = c->time;
  }
  if (!st) st = gm_schedule_check(ctx, s->event, s->event_count, INT32_MAX);
  if (!st) st = gm__subject_check(ctx, s);
  return st ? st : prior_make(ctx, s);
}

static gm_status subject_alloc(gm_ctx *ctx, gm_subject *s, int32_t n)
{
  s->event = gm_alloc(ctx, n, sizeof *s->event);
  s->datum = gm_alloc(ctx, n, sizeof *s->datum);
  s->datum_order = gm_alloc(ctx, n, sizeof *s->datum_order);
  s->stretch = gm_alloc(ctx, n, sizeof *s->stretch);
  s->occasion = gm_alloc(ctx, n, sizeof *s->occasion);
  s->values = gm_alloc(ctx, (ptrdiff_t)n * s->d->covariate_count, sizeof *s->values);
  if (!s->event || !s->datum || !s->datum_order || !s->stretch || !s->occasion || !s->values)
    return gm_fail(ctx, GM_ENOMEM, "subject of %d records", (int)n);
  return GM_OK;
}

gm_status gm_subject_new(gm_ctx *ctx, const gm_definition *d, const gm_records *r, int32_t subject,
                         gm_subject **out)
{
  assert(ctx && d && r && out && subject >= 0 && subject < r->subject_count);
  const gm_record_subject *w = &r->subject[subject];
  gm_subject *s = gm_alloc(ctx, 1, sizeof *s);
  double *value = gm_alloc(ctx, (ptrdiff_t)w->count * d->covariate_count, sizeof *value);
  gm_status st = s && value ? GM_OK : gm_fail(ctx, GM_ENOMEM, "subject");
  if (st) goto out;
  *s = (gm_subject){.ctx = ctx, .d = d, .r = r, .id = w->id, .number = subject};
  s->t_first = w->count ? r->record[w->first].time : 0;
  st = subject_alloc(ctx, s, w->count);
  if (!st) st = covariate_values(ctx, s, w, value);
  if (!st) st = take_all(ctx, s, w, value);
out:
  gm_free(value);
  if (st) {
    gm_subject_free(s);
    return st;
  }
  *out = s;
  return GM_OK;
}

void gm_subject_free(gm_subject *s)
{
  if (!s) return;
  gm_free(s->event);
  gm_free(s->datum);
  gm_free(s->datum_order);
  gm_free(s->stretch);
  gm_free(s->values);
  gm_free(s->occasion);
  gm_free(s->prior);
  gm_free(s);
}

/* ---- reading --------------------------------------------------------------------------------- */
const char *gm_subject_id(const gm_subject *s) { return s->id; }
int32_t gm_subject_dim(const gm_subject *s) { return s->dim; }
const double *gm_subject_prior(const gm_subject *s) { return s->prior; }
double gm_subject_t_last(const gm_subject *s) { return s->t_last; }
double gm_subject_t_first(const gm_subject *s) { return s->t_first; }

const gm_datum *gm_subject_data(const gm_subject *s, int32_t *count_out)
{
  *count_out = s->datum_count;
  return s->datum;
}

const gm_event *gm_subject_events(const gm_subject *s, int32_t *count_out)
{
  *count_out = s->event_count;
  return s->event;
}

double gm_subject_covariate(const gm_subject *s, int32_t covariate)
{
  return s->stretch[0].covariate[covariate];
}

const subject_stretch *gm__subject_stretch_at(const gm_subject *s, double t)
{
  int32_t k = 0;
  while (k + 1 < s->stretch_count &&
         (s->d->nocb ? s->stretch[k + 1].t_from < t : s->stretch[k + 1].t_from <= t))
    k++;
  return &s->stretch[k];
}

double gm_subject_covariate_at(const gm_subject *s, int32_t covariate, double t)
{
  return gm__subject_stretch_at(s, t)->covariate[covariate];
}

void gm_subject_parameters(const gm_subject *s, const double *z, double t, double *value)
{
  gm__subject_values(s, gm__subject_stretch_at(s, t), z, value);
}
