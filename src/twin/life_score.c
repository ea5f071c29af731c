/* life_score.c - what the last belief said about the data that came after it: scores, kept. */
#include "base/json_write.h"
#include "gemel/forecast.h"
#include "twin/life_internal.h"
#include "twin/subject.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  gm_life *l;
  gm_ctx *ctx;
  int32_t *row;   /* of the thread */
  double *time;   /* model time */
  int32_t *order; /* of the record, for ties with doses */
  int32_t count;
  int32_t censored; /* of which only a limit is known: no score has a value to go by */
  gm_forecast *own, *population;
  gm_json_writer w;
} scorer;

/* Below or above a limit, in words or by the definition's limit of quantification, as the belief
 * takes it. */
static bool is_censored(const gm_life *l, const gm__known *k)
{
  int32_t i = gm_definition_observable(l->definition, k->f.series);
  if (k->f.censored || i < 0) return k->f.censored != 0;
  const gm_observable *o = &l->definition->observable[i];
  return isfinite(o->loq) && (k->value < o->loq || (o->censor_zero && k->value <= 0));
}

/* Data learned after the belief and true after its now, that have a value. */
static gm_status rows_find(scorer *s)
{
  const gm_life *l = s->l;
  const gm__thread *t = &l->thread;
  s->row = gm_alloc(s->ctx, t->count, sizeof *s->row);
  s->time = gm_alloc(s->ctx, t->count, sizeof *s->time);
  s->order = gm_alloc(s->ctx, t->count, sizeof *s->order);
  if (!s->row || !s->time || !s->order) return gm_fail(s->ctx, GM_ENOMEM, "scores");
  for (int32_t i = 0; i < t->count; i++) {
    const gm__known *k = &t->known[i];
    if (k->f.kind != GM_RECORD_OBSERVATION || !(k->weight > 0)) continue;
    if (k->seq <= l->belief_data_seq || k->f.t_true_s <= l->belief_s) continue;
    if (is_censored(l, k)) {
      s->censored++;
      continue;
    }
    s->row[s->count] = i;
    s->order[s->count] = i;
    s->time[s->count++] = l->records.record[i].time;
  }
  return GM_OK;
}

/* The law of a measurement: members, each with the observable's error around it. */
static gm_datum error_of(const gm_observable *o)
{
  return (gm_datum){.additive = o->additive,
                    .proportional = o->proportional,
                    .sum = o->form == GM_ERROR_SUM,
                    .log_scale = o->log_scale,
                    .count = o->count,
                    .share = o->share,
                    .size = o->size};
}

static gm_status law_score(scorer *s, const gm_forecast *f, int32_t k, int32_t i, double y,
                           gm_score *out)
{
  gm_predicted p = {.n = f->n,
                    .f = f->member + (ptrdiff_t)k * f->time_count + i,
                    .stride = (ptrdiff_t)f->observable_count * f->time_count,
                    .error = error_of(&s->l->definition->observable[k])};
  gm_law law = gm_law_predicted(&p, f->weight);
  gm_key key = gm_key_make(s->l->model.seed, GM_PURPOSE_MEASUREMENT, gm_hash_text(s->l->name), 3);
  return gm_law_score(s->ctx, &law, y, key, (uint64_t)s->l->thread.known[s->row[i]].seq, out);
}

/* A measurement that the belief had seen, and whose value can be gone by. */
static bool was_known(const gm_life *l, const gm__known *k)
{
  return k->f.kind == GM_RECORD_OBSERVATION && !is_censored(l, k) && k->weight > 0 &&
         k->f.t_true_s <= l->belief_s && k->seq <= l->belief_data_seq;
}

/* Last value before the belief's now, with the spread of past changes; false: too few. */
static bool last_score(scorer *s, int32_t i, double y, gm_score *out)
{
  const gm__thread *t = &s->l->thread;
  const gm__known *of = &t->known[s->row[i]];
  double *at = gm_alloc(s->ctx, t->count, sizeof *at), *v = gm_alloc(s->ctx, t->count, sizeof *v);
  gm_history h = {0, at, v};
  for (int32_t j = 0; j < t->count && at && v; j++) {
    const gm__known *k = &t->known[j];
    if (!was_known(s->l, k) || strcmp(k->f.series, of->f.series) != 0 ||
        (h.n && s->l->records.record[j].time <= at[h.n - 1]))
      continue;
    at[h.n] = s->l->records.record[j].time;
    v[h.n++] = k->value;
  }
  gm_student law;
  bool good = at && v && h.n >= 2 && !gm_baseline_last(s->ctx, &h, s->time[i], &law);
  gm_key key = gm_key_make(s->l->model.seed, GM_PURPOSE_MEASUREMENT, gm_hash_text(s->l->name), 4);
  gm_law student = gm_law_student(&law);
  good = good && !gm_law_score(s->ctx, &student, y, key, (uint64_t)i, out);
  gm_message_clear(s->ctx);
  gm_free(at);
  gm_free(v);
  return good;
}

static void score_write(gm_json_writer *w, const char *key, const gm_score *x)
{
  gm_json_write_object(w, key);
  gm_json_write_number(w, "crps", x->crps);
  gm_json_write_number(w, "wis", x->wis);
  if (isfinite(x->log_score)) gm_json_write_number(w, "log", x->log_score);
  gm_json_write_number(w, "pit", x->pit);
  gm_json_write_bool(w, "in50", x->in50);
  gm_json_write_bool(w, "in90", x->in90);
  gm_json_write_object_end(w);
}

static gm_status datum_score(scorer *s, int32_t i)
{
  const gm__known *k = &s->l->thread.known[s->row[i]];
  int32_t o = gm_definition_observable(s->l->definition, k->f.series);
  gm_score own, population, last;
  gm_status st = law_score(s, s->own, o, i, k->value, &own);
  if (!st) st = law_score(s, s->population, o, i, k->value, &population);
  if (st) return gm_fail_at(s->ctx, st, "score of record %lld", (long long)k->seq);
  gm_json_writer *w = &s->w;
  gm_json_write_object(w, NULL);
  gm_json_write_text(w, "observable", k->f.series);
  gm_json_write_text(w, "unit", s->l->definition->observable[o].unit);
  gm_json_write_int(w, "record", k->seq);
  gm_json_write_number(w, "horizon_s", k->f.t_true_s - s->l->belief_s);
  score_write(w, "twin", &own);
  score_write(w, "population", &population);
  if (last_score(s, i, k->value, &last)) score_write(w, "last_value", &last);
  gm_json_write_object_end(w);
  return GM_OK;
}

static gm_status forecasts_make(scorer *s)
{
  gm_forecast_request q = {
      .as_recorded = true, .time = s->time, .time_order = s->order, .time_count = s->count};
  gm_status st = gm_forecast_make(s->ctx, s->l->belief, &q, &s->own);
  q.from_prior = true;
  return st ? st : gm_forecast_make(s->ctx, s->l->belief, &q, &s->population);
}

static gm_status scores_write(scorer *s)
{
  gm_text body;
  char id[40], version[32];
  gm_text_init(&body, s->ctx);
  gm_json_write_begin(&s->w, &body, 0);
  gm_json_write_object(&s->w, NULL);
  gm_json_write_int(&s->w, "belief", s->l->belief_seq);
  gm_json_write_text(&s->w, "definition", s->l->model.definition[0]);
  gm_json_write_text(&s->w, "model", s->l->model.definition[1]);
  gm_json_write_int(&s->w, "censored", s->censored);
  gm_json_write_array(&s->w, "data");
  gm_status st = GM_OK;
  for (int32_t i = 0; i < s->count && !st; i++) st = datum_score(s, i);
  gm_json_write_array_end(&s->w);
  gm_json_write_object_end(&s->w);
  snprintf(id, sizeof id, "score %lld", (long long)s->l->belief_seq);
  snprintf(version, sizeof version, "%lld", (long long)s->l->thread.seq_last);
  if (!st)
    st = gm__life_put(s->l, s->ctx, GM_RECORD_SCORE, "score", id, version, s->l->belief_s, &body,
                      NULL);
  gm_text_free(&body);
  return st;
}

gm_status gm__life_score(gm_life *l, gm_ctx *ctx, int32_t *scored)
{
  scorer s = {.l = l, .ctx = ctx};
  *scored = 0;
  if (!l->belief) return GM_OK;
  gm_status st = rows_find(&s);
  if (!st && s.count) st = forecasts_make(&s);
  if (!st && (s.count || s.censored)) st = scores_write(&s);
  if (!st) *scored = s.count;
  gm_forecast_free(s.own);
  gm_forecast_free(s.population);
  gm_free(s.row);
  gm_free(s.time);
  gm_free(s.order);
  return st;
}
