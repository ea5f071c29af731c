/* life_records.c - from what a twin knows to the records and the subject that models take. */
#include "base/number.h"
#include "twin/life_internal.h"
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static const double day_s = 86400;

double gm_life_model_time(const gm_life *l, double t_s)
{
  return (t_s - l->origin_s) * l->definition->hour / 3600;
}

double gm_life_unix_s(const gm_life *l, double t)
{
  return l->origin_s + t * 3600 / l->definition->hour;
}

/* What was known before the first datum or dose is taken as known then: a model does not run
 * through the years since a birth. */
static double first_s(const gm__thread *t)
{
  for (int32_t i = 0; i < t->count; i++)
    if (t->known[i].f.kind != GM_RECORD_COVARIATE) return t->known[i].f.t_true_s;
  return t->count ? t->known[t->count - 1].f.t_true_s : NAN;
}

static void origin_set(gm_life *l)
{
  double first = first_s(&l->thread);
  l->origin_s = l->model.origin_s;
  if (isnan(l->origin_s)) l->origin_s = isnan(first) ? 0 : floor(first / day_s) * day_s;
}

static void dose_make(const gm_life *l, const gm__known *k, gm_record *c)
{
  double duration = k->f.duration_s * l->definition->hour / 3600;
  c->evid = 1;
  c->input = k->f.series;
  c->amount = k->value;
  c->rate = duration > 0 ? k->value / duration : 0;
}

/* A count cannot be believed in part: it is taken or held out. */
static double weight_of(const gm_life *l, const gm__known *k)
{
  int32_t o = gm_definition_observable(l->definition, k->f.series);
  if (!l->definition->observable[o].count) return k->weight;
  return k->weight < 0.5 ? 0 : 1;
}

static void datum_make(const gm_life *l, const gm__known *k, gm_record *c)
{
  double weight = weight_of(l, k);
  c->observable = k->f.series;
  c->value = k->value;
  c->censored = k->f.censored;
  c->missing = !(weight > 0);
  c->sd_factor = weight > 0 ? 1 / sqrt(weight) : 0;
}

static gm_status text_keep(gm_life *l, gm_ctx *ctx, const char *text, char **out)
{
  size_t bytes = strlen(text) + 1;
  char *copy = gm_arena_get(l->rows, (ptrdiff_t)bytes, 1);
  if (!copy) return gm_fail(ctx, GM_ENOMEM, "records");
  memcpy(copy, text, bytes);
  *out = copy;
  return GM_OK;
}

static gm_status covariate_make(gm_life *l, gm_ctx *ctx, const gm__known *k, int32_t row)
{
  int32_t c = gm_definition_covariate(l->definition, k->f.series);
  const gm_covariate *about = &l->definition->covariate[c];
  char number[GM__NUMBER_TEXT_BYTES], *copy = NULL;
  const char *text = about->level_count ? k->f.value : gm__number_text(k->value, number);
  gm_status st = text_keep(l, ctx, text, &copy);
  if (!st) l->records.cell[(ptrdiff_t)row * l->records.covariate_count + c] = copy;
  return st;
}

/* Of several values known by the beginning the last one holds: a model does not begin with the
 * weight at birth. */
static bool is_outdated(const gm_life *l, int32_t i, double first)
{
  const gm__thread *t = &l->thread;
  for (int32_t j = i + 1; j < t->count && t->known[j].f.t_true_s <= first; j++)
    if (t->known[j].f.kind == GM_RECORD_COVARIATE &&
        !strcmp(t->known[j].f.series, t->known[i].f.series))
      return true;
  return false;
}

static gm_status row_make(gm_life *l, gm_ctx *ctx, int32_t i, double first)
{
  const gm__known *k = &l->thread.known[i];
  gm_record *c = &l->records.record[i];
  *c = (gm_record){.line = (int32_t)k->seq, .observable = "", .input = "", .occasion = -1};
  c->time = gm_life_model_time(l, fmax(k->f.t_true_s, first));
  for (int32_t j = 0; j < l->records.covariate_count; j++)
    l->records.cell[(ptrdiff_t)i * l->records.covariate_count + j] = "";
  if (k->f.kind == GM_RECORD_GIVEN) dose_make(l, k, c);
  if (k->f.kind == GM_RECORD_OBSERVATION) datum_make(l, k, c);
  if (k->f.kind != GM_RECORD_COVARIATE) return GM_OK;
  c->evid = 2;
  return is_outdated(l, i, first) ? GM_OK : covariate_make(l, ctx, k, i);
}

static gm_status rows_alloc(gm_life *l, gm_ctx *ctx)
{
  const gm_definition *d = l->definition;
  gm_records *r = &l->records;
  ptrdiff_t n = l->thread.count;
  gm_status st = gm_arena_new(ctx, 65536, &l->rows);
  if (st) return st;
  *r = (gm_records){.path = (char *)(uintptr_t)l->name,
                    .record_count = (int32_t)n,
                    .subject_count = 1,
                    .covariate_count = d->covariate_count};
  r->record = gm_arena_get(l->rows, n + 1, sizeof *r->record);
  r->subject = gm_arena_get(l->rows, 1, sizeof *r->subject);
  r->covariate = gm_arena_get(l->rows, d->covariate_count + 1, sizeof *r->covariate);
  r->cell = gm_arena_get(l->rows, n * d->covariate_count + 1, sizeof *r->cell);
  if (!r->record || !r->subject || !r->covariate || !r->cell)
    return gm_fail(ctx, GM_ENOMEM, "records");
  for (int32_t i = 0; i < d->covariate_count; i++) r->covariate[i] = d->covariate[i].name;
  r->subject[0] = (gm_record_subject){.id = l->subject_id, .count = (int32_t)n};
  return GM_OK;
}

void gm__life_subject_free(gm_life *l)
{
  gm_twin_free(l->belief);
  gm_subject_free(l->who);
  gm_arena_free(l->rows);
  l->belief = NULL;
  l->who = NULL;
  l->rows = NULL;
  l->missing = NULL;
  l->records = (gm_records){0};
}

static bool has_value(const gm_records *r, int32_t covariate)
{
  for (int32_t i = 0; i < r->record_count; i++)
    if (r->cell[(ptrdiff_t)i * r->covariate_count + covariate][0]) return true;
  return false;
}

/* A model cannot do without the value of a covariate; what is known of the twin stays to be seen.
 */
static gm_status missing_find(gm_life *l, gm_ctx *ctx)
{
  const gm_definition *d = l->definition;
  gm_text names;
  gm_text_init(&names, ctx);
  for (int32_t c = 0; c < d->covariate_count; c++)
    if (isnan(d->covariate[c].fallback) && !has_value(&l->records, c))
      gm_text_addf(&names, "%s%s", names.bytes ? ", " : "", d->covariate[c].name);
  gm_status st = names.status ? gm_fail(ctx, names.status, "records") : GM_OK;
  if (!st && names.bytes) st = text_keep(l, ctx, names.data, &l->missing);
  gm_text_free(&names);
  return st;
}

gm_status gm__life_whole(const gm_life *l, gm_ctx *ctx)
{
  if (!l->missing) return GM_OK;
  return gm_fail(ctx, GM_ENOTFOUND,
                 "twin %s has no value of covariate %s, and the definition gives no default",
                 l->name, l->missing);
}

gm_status gm__life_subject(gm_life *l, gm_ctx *ctx)
{
  gm__life_subject_free(l);
  origin_set(l);
  gm_status st = rows_alloc(l, ctx);
  double first = first_s(&l->thread);
  for (int32_t i = 0; i < l->thread.count && !st; i++) st = row_make(l, ctx, i, first);
  if (!st) st = missing_find(l, ctx);
  return st || l->missing ? st : gm_subject_new(ctx, l->definition, &l->records, 0, &l->who);
}

/* ---- what a belief stands on ----------------------------------------------------------------- */
static void hash_text(crypto_generichash_state *h, const char *text)
{
  crypto_generichash_update(h, (const unsigned char *)text, strlen(text) + 1);
}

static void hash_number(crypto_generichash_state *h, double v)
{
  crypto_generichash_update(h, (const unsigned char *)&v, sizeof v);
}

static void hash_row(crypto_generichash_state *h, const gm_life *l, int32_t i)
{
  const gm_record *c = &l->records.record[i];
  const gm__known *k = &l->thread.known[i];
  hash_number(h, c->time);
  hash_number(h, c->evid);
  hash_number(h, c->evid == 2 ? 0 : k->value);
  hash_number(h, c->rate);
  hash_number(h, c->censored);
  hash_number(h, k->weight);
  hash_text(h, k->f.series);
  for (int32_t j = 0; j < l->records.covariate_count; j++)
    hash_text(h, l->records.cell[(ptrdiff_t)i * l->records.covariate_count + j]);
}

static void hash_model(crypto_generichash_state *h, const gm_life *l)
{
  crypto_generichash_init(h, NULL, 0, 32);
  hash_text(h, gm_version());
  hash_text(h, l->model.definition[0]);
  hash_text(h, l->model.definition[1]);
  hash_text(h, l->model.prior ? l->model.prior : "");
}

void gm__life_model_digest(const gm_life *l, unsigned char out[32])
{
  crypto_generichash_state h;
  hash_model(&h, l);
  crypto_generichash_final(&h, out, 32);
}

void gm__life_digest(const gm_life *l, double t_now, unsigned char out[32])
{
  crypto_generichash_state h;
  hash_model(&h, l);
  hash_number(&h, (double)l->model.seed);
  hash_number(&h, l->model.members);
  hash_number(&h, l->model.follow);
  hash_number(&h, t_now);
  /* doses and covariates after now matter to what is forecast, not to what is believed; but with
   * covariates that hold backwards in time (nocb) they may: all are in */
  for (int32_t i = 0; i < l->records.record_count; i++)
    if (l->records.record[i].evid != 0 || l->records.record[i].time <= t_now) hash_row(&h, l, i);
  crypto_generichash_final(&h, out, 32);
}
