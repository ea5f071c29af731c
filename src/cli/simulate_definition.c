/* simulate_definition.c - a definition: the typical subject, a file's subjects, a population. */
#include "cli/simulate.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { DOSES_MAX = 256 };

typedef struct {
  simulate_table *s;
  cli *c;
  gm_definition *d;
  gm_records *records;
  bool data;
  gm_model_info info;
  int32_t n; /* members; 1 and population false: the typical one */
  bool population;
  gm_event *event; /* of --dose, or NULL: as recorded */
  int32_t event_count;
  gm_runner *runner;
} definition_run;

static gm_status doses_take(definition_run *r, double t_end)
{
  const char *text;
  gm_status s = GM_OK;
  if (!cli_has(r->c, "dose")) return GM_OK;
  r->event = gm_alloc(r->c->ctx, DOSES_MAX, sizeof *r->event);
  if (!r->event) return gm_fail(r->c->ctx, GM_ENOMEM, "doses");
  for (int32_t i = 0; (text = cli_value_at(r->c, "dose", i)) && !s; i++) {
    cli_dose *dose = NULL;
    gm_event *e = NULL;
    int32_t count = 0;
    char what[160];
    snprintf(what, sizeof what, "--dose \"%.120s\"", text);
    s = cli_doses_read(r->c->ctx, what, text, r->info.time_unit, &dose, &count);
    if (!s && r->event_count + count > DOSES_MAX)
      s = gm_fail(r->c->ctx, GM_ERANGE, "more than %d doses", DOSES_MAX);
    if (!s) s = cli_dose_events(r->c->ctx, what, r->d, dose, count, 0, t_end, NULL, &e);
    if (!s) memcpy(r->event + r->event_count, e, (size_t)count * sizeof *e);
    if (!s) r->event_count += count;
    gm_free(e);
    gm_free(dose);
  }
  cli_events_sort(r->event, r->event_count);
  return s;
}

/* Draws of the population's random effects: predictions are not needed for them. */
static gm_status no_predictions(void *user, gm_ctx *ctx, int32_t n, const double *z, double *f)
{
  (void)user;
  (void)ctx;
  (void)n;
  (void)z;
  (void)f;
  return GM_OK;
}

static gm_status effects(const definition_run *r, const gm_subject *w, double *z)
{
  int32_t dim = gm_subject_dim(w);
  if (!r->population || dim == 0) return GM_OK;
  gm_problem p = {.dim = dim, .prior_covariance = gm_subject_prior(w), .predict = no_predictions};
  gm_members_options o = {.n = r->n,
                          .key = gm_key_make(r->c->seed, 0, gm_hash_text(gm_subject_id(w)), 0)};
  gm_members *m = NULL;
  gm_status s = gm_members_prior(r->c->ctx, &p, &o, &m);
  if (!s) memcpy(z, m->z, (size_t)r->n * (size_t)dim * sizeof *z);
  gm_members_free(m);
  return s;
}

static void rows(definition_run *r, const gm_subject *w, const double *y, const int8_t *status)
{
  simulate_table *s = r->s;
  const char *id = r->data ? gm_subject_id(w) : NULL;
  s->rows += (int64_t)r->n * s->time_count;
  for (int32_t m = 0; m < r->n; m++) {
    if (status[m] & (GM_MEMBER_DIVERGED | GM_MEMBER_STEPS)) s->failed++;
    for (int32_t i = 0; i < s->time_count; i++) {
      simulate_row(s, id, r->population ? m : -1, s->time[i]);
      for (int32_t k = 0; k < r->d->observable_count; k++) {
        ptrdiff_t cell = ((ptrdiff_t)m * s->time_count + i) * r->info.output_count;
        simulate_cell(s, y[cell + r->d->observable[k].output]);
      }
      simulate_row_end(s);
    }
  }
}

static gm_status subject_go(definition_run *r, const gm_subject *w)
{
  gm_ctx *ctx = r->c->ctx;
  const simulate_table *s = r->s;
  gm_course course = {.event = r->event,
                      .event_count = r->event_count,
                      .sample = s->time,
                      .sample_count = s->time_count};
  if (!r->event) course.event = gm_subject_events(w, &course.event_count);
  ptrdiff_t cells = (ptrdiff_t)r->n * s->time_count * r->info.output_count;
  double *z = gm_alloc(ctx, (ptrdiff_t)r->n * gm_subject_dim(w), sizeof *z);
  double *y = gm_alloc(ctx, cells, sizeof *y);
  int8_t *status = gm_alloc(ctx, r->n, 1);
  gm_status st = z && y && status ? GM_OK : gm_fail(ctx, GM_ENOMEM, "simulation");
  if (!st) st = effects(r, w, z);
  gm_lineage chance = {
      .n = r->n,
      .key = gm_key_make(r->c->seed, GM_PURPOSE_INTRINSIC, gm_hash_text(gm_subject_id(w)), 0)};
  if (!st) st = gm_subject_run(w, ctx, r->runner, &course, r->n, z, &chance, y, status);
  if (!st) rows(r, w, y, status);
  gm_free(z);
  gm_free(y);
  gm_free(status);
  return st;
}

/* ---- taking the options -------------------------------------------------------------------- */
static gm_status population_take(definition_run *r)
{
  const char *text = cli_value(r->c, "population");
  double n = 1;
  gm_status s = text ? cli_number_read(r->c->ctx, "--population", text, &n) : GM_OK;
  if (!s && (n != floor(n) || n < 1 || n > 1e6))
    s = gm_fail(r->c->ctx, GM_ERANGE,
                "--population %s: a whole number from 1 to 1000000 is expected", text);
  r->n = s ? 1 : (int32_t)n;
  r->population = text != NULL;
  return s;
}

static gm_status records_take(definition_run *r)
{
  const char *data = cli_value(r->c, "data");
  r->data = data != NULL;
  if (data && cli_has(r->c, "set"))
    return gm_fail(r->c->ctx, GM_EINVAL,
                   "--set is for use without --data: the data have covariates");
  if (!data && cli_has(r->c, "subject"))
    return gm_fail(r->c->ctx, GM_EINVAL, "--subject needs --data");
  if (!data) return cli_set_records(r->c, r->d, &r->records);
  gm_status s = gm_records_read(r->c->ctx, data, &r->records);
  return s ? s : cli_columns_say(r->c, r->d, r->records);
}

/* Beginning and end over all records. */
static void stretch(const gm_records *r, double *begin, double *end)
{
  *begin = 0;
  *end = 0;
  for (int32_t i = 0; i < r->record_count; i++) {
    *begin = fmin(*begin, r->record[i].time);
    *end = fmax(*end, r->record[i].time);
  }
}

static bool wanted(const cli *c, const char *id)
{
  const char *v;
  for (int32_t i = 0; (v = cli_value_at(c, "subject", i)); i++)
    if (!strcmp(v, id)) return true;
  return !cli_has(c, "subject");
}

static gm_status subjects_go(definition_run *r)
{
  gm_status st = GM_OK;
  simulate_table *s = r->s;
  const char *id;
  for (int32_t i = 0; (id = cli_value_at(r->c, "subject", i)); i++)
    if (gm_records_subject(r->records, id) < 0)
      return gm_fail(r->c->ctx, GM_ENOTFOUND, "%s: no subject is called \"%.60s\"",
                     r->records->path, id);
  if ((double)r->n * s->time_count * r->records->subject_count > SIMULATE_CELLS_MAX)
    return gm_fail(r->c->ctx, GM_ERANGE, "more than %d rows: take a longer --every",
                   SIMULATE_CELLS_MAX);
  simulate_head(s, r->data, r->population ? "member" : NULL, r->info.time_unit);
  for (int32_t k = 0; k < r->d->observable_count; k++)
    simulate_column(s, r->d->observable[k].name, r->d->observable[k].unit);
  simulate_head_end(s);
  for (int32_t i = 0; i < r->records->subject_count && !st; i++) {
    gm_subject *w = NULL;
    if (!wanted(r->c, r->records->subject[i].id)) continue;
    s->rows_asked += (int64_t)r->n * s->time_count;
    if (cli_interrupted()) continue;
    st = gm_subject_new(r->c->ctx, r->d, r->records, i, &w);
    if (!st) st = subject_go(r, w);
    gm_subject_free(w);
  }
  return st;
}

gm_status simulate_definition(simulate_table *s)
{
  definition_run r = {.s = s, .c = s->c};
  double begin, end;
  gm_status st = cli_definition_read(s->c, &r.d);
  if (st) return st;
  gm_model_get_info(r.d->model, &r.info);
  st = population_take(&r);
  if (!st) st = records_take(&r);
  if (st) goto out;
  stretch(r.records, &begin, &end);
  if (!r.data) end = 240 * r.d->hour;
  st = simulate_times(s, r.info.time_unit, begin, end);
  if (!st) st = doses_take(&r, s->time[s->time_count - 1]);
  if (!st) st = gm_runner_new(s->c->ctx, r.d->model, s->c->pool, &r.runner);
  if (!st) st = subjects_go(&r);
out:
  gm_runner_free(r.runner);
  gm_free(r.event);
  gm_records_free(r.records);
  gm_definition_free(r.d);
  return st;
}
