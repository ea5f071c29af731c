/* life_belief.c - beliefs and forecasts as records of the thread. */
#include "base/json_tree.h"
#include "base/json_write.h"
#include "twin/life_internal.h"
#include "twin/subject.h"
#include <math.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <zlib.h>

/* ---- beliefs --------------------------------------------------------------------------------- */
/* A record BELIEF: "GMB1", the digest of what it stands on, its now, then gm_twin_save, then, of a
 * twin that follows its data, the swarm to go on from (gm_twin.paths), deflated. */
typedef struct {
  char magic[8];
  unsigned char digest[32];
  unsigned char model[32]; /* of definition, model and prior: members mean nothing under others */
  double now_s, took_s, origin_s;
  int64_t data_seq;                 /* the last record of the data it has seen */
  uint64_t twin_bytes, paths_bytes; /* as they lie here; of the paths when inflated: */
  uint64_t paths_whole;
} head;

static gm_status paths_pack(gm_ctx *ctx, const gm_text *paths, gm_text *out)
{
  uLongf bytes = compressBound((uLong)paths->bytes);
  unsigned char *packed = gm_alloc(ctx, (ptrdiff_t)bytes, 1);
  bool good = packed &&
              compress2(packed, &bytes, (const Bytef *)paths->data, (uLong)paths->bytes, 6) == Z_OK;
  if (good) gm_text_addn(out, (const char *)packed, bytes);
  gm_free(packed);
  return good && !out->status ? GM_OK : gm_fail(ctx, GM_ENOMEM, "saving a belief");
}

enum { HEX_OF = 16 }; /* bytes of a digest that are written down */

gm_status gm__belief_write(gm_life *l, gm_ctx *ctx, const unsigned char digest[32], double took_s)
{
  gm_text body;
  gm_receipt receipt = {0};
  char version[80], digest_text[2 * HEX_OF + 1];
  head h = {.magic = "GMB1",
            .now_s = gm_life_unix_s(l, l->belief->t_now),
            .took_s = took_s,
            .origin_s = l->origin_s,
            .data_seq = l->thread.seq_last};
  memcpy(h.digest, digest, sizeof h.digest);
  gm__life_model_digest(l, h.model);
  sodium_bin2hex(digest_text, sizeof digest_text, digest, HEX_OF);
  /* the same inputs may come again after others: with the belief before it is another version */
  snprintf(version, sizeof version, "%lld %s", (long long)l->belief_seq, digest_text);
  const gm_text *paths = &l->belief->paths;
  gm_text_init(&body, ctx);
  gm_text_addn(&body, (const char *)&h, sizeof h);
  gm_status st = gm_twin_save(l->belief, ctx, &body);
  h.twin_bytes = body.bytes - sizeof h;
  h.paths_whole = paths->bytes;
  if (!st && paths->bytes) st = paths_pack(ctx, paths, &body);
  h.paths_bytes = body.bytes - sizeof h - h.twin_bytes;
  if (!st && !body.status) memcpy(body.data, &h, sizeof h);
  if (!st)
    st = gm__life_put(l, ctx, GM_RECORD_BELIEF, "belief", "belief", version, h.now_s, &body,
                      &receipt);
  gm_text_free(&body);
  if (st) return st;
  l->belief_seq = receipt.seq;
  l->belief_learned = receipt.t_learned;
  l->belief_s = h.now_s;
  l->belief_data_seq = h.data_seq;
  memcpy(l->belief_digest, digest, 32);
  return GM_OK;
}

typedef struct {
  gm_life *l;
  gm_ctx *ctx;
} reader;

static gm_status head_read(gm_ctx *ctx, const gm_record_found *r, head *h)
{
  if (r->bytes >= sizeof *h && !memcmp(r->body, "GMB1", 4)) {
    memcpy(h, r->body, sizeof *h);
    if (h->twin_bytes <= r->bytes && h->paths_bytes <= r->bytes &&
        sizeof *h + h->twin_bytes + h->paths_bytes == r->bytes)
      return GM_OK;
  }
  return gm_fail(ctx, GM_EPARSE, "record %lld: no belief", (long long)r->seq);
}

static void lineage_move(gm_lineage *x, double by)
{
  for (int32_t i = 0; x && i < x->renewal_count; i++) x->renewal_t[i] += by;
}

/* Earlier data may have moved the origin of time since. */
static void clock_move(gm_life *l, const head *h)
{
  gm_twin *t = l->belief;
  double by = (h->origin_s - l->origin_s) * l->definition->hour / 3600;
  t->t_now = gm_life_model_time(l, h->now_s);
  if (by == 0) return;
  lineage_move(t->lineage, by);
  lineage_move(t->prior_lineage, by);
}

static gm_status belief_hear(void *user, const gm_record_found *r)
{
  reader *q = user;
  gm_life *l = q->l;
  head h;
  unsigned char model[32];
  gm_status st = head_read(q->ctx, r, &h);
  if (st) return st;
  gm_twin_free(l->belief);
  l->belief = NULL;
  l->belief_seq = r->seq;
  l->belief_learned = r->t_learned;
  l->belief_s = h.now_s;
  l->belief_data_seq = h.data_seq;
  memcpy(l->belief_digest, h.digest, 32);
  gm__life_model_digest(l, model);
  bool gone = memcmp(model, h.model, sizeof model) != 0; /* of a definition that is no longer */
  if (gone || !l->who) {
    memset(l->belief_digest, 0, 32);
    return GM_OK;
  }
  st = gm_twin_load(q->ctx, l->definition, l->who, l->pool, (const char *)r->body + sizeof h,
                    h.twin_bytes, &l->belief);
  if (st == GM_EPARSE) { /* of another version: it is made again */
    gm_message_clear(q->ctx);
    memset(l->belief_digest, 0, 32);
    return GM_OK;
  }
  if (!st) clock_move(l, &h);
  return st;
}

static gm_status now_hear(void *user, const gm_record_found *r)
{
  reader *q = user;
  head h;
  gm_status st = head_read(q->ctx, r, &h);
  if (!st) q->l->belief_s = h.now_s;
  return st;
}

/* Of a life whose thread was not read yet: how far its belief reaches. */
gm_status gm__belief_peek(gm_life *l, gm_ctx *ctx)
{
  reader r = {l, ctx};
  gm_record_query q = {.twin = l->twin, .kind = GM_RECORD_BELIEF, .series = "belief"};
  if (l->read || l->peeked) return GM_OK;
  l->peeked = true;
  return gm_store_read(l->reads, ctx, &q, now_hear, &r);
}

gm_status gm__belief_read(gm_life *l, gm_ctx *ctx)
{
  reader r = {l, ctx};
  gm_record_query q = {
      .twin = l->twin, .kind = GM_RECORD_BELIEF, .series = "belief", .as_of = l->as_of};
  gm_twin_free(l->belief);
  l->belief = NULL;
  l->belief_seq = l->belief_learned = l->belief_data_seq = 0;
  l->belief_s = NAN;
  return gm_store_read(l->reads, ctx, &q, belief_hear, &r);
}

/* ---- checkpoints ----------------------------------------------------------------------------- */
/* The newest swarms of the thread, those of beliefs that are true at or before a time. */
enum { SWARMS = 8, SWARM_BYTES_MAX = 1 << 30 };
typedef struct {
  gm_ctx *ctx;
  gm_text swarm[SWARMS];
  double now_s[SWARMS];
  int32_t count; /* heard; the last SWARMS are kept, one after the other */
} swarms;

static gm_status swarm_hear(void *user, const gm_record_found *r)
{
  swarms *s = user;
  head h;
  gm_status st = head_read(s->ctx, r, &h);
  bool sane = h.paths_whole / 1032 <= h.paths_bytes; /* deflate makes no more of a byte */
  if (st || !h.paths_whole || !sane || h.paths_whole > SWARM_BYTES_MAX) return st;
  unsigned char *whole = gm_alloc(s->ctx, (ptrdiff_t)h.paths_whole, 1);
  uLongf bytes = (uLongf)h.paths_whole;
  if (!whole) return gm_fail(s->ctx, GM_ENOMEM, "reading a belief");
  const Bytef *packed = (const Bytef *)r->body + sizeof h + h.twin_bytes;
  if (uncompress(whole, &bytes, packed, (uLong)h.paths_bytes) == Z_OK && bytes == h.paths_whole) {
    gm_text *into = &s->swarm[s->count % SWARMS];
    into->bytes = 0;
    gm_text_addn(into, (const char *)whole, bytes);
    s->now_s[s->count++ % SWARMS] = h.now_s;
    st = into->status ? gm_fail(s->ctx, into->status, "reading a belief") : GM_OK;
  }
  gm_free(whole);
  return st;
}

/* Tries the newest first; what does not fit the data as they are now is passed over, and the last
 * try learns from all. */
gm_status gm__belief_resume(gm_life *l, gm_ctx *ctx, const gm_twin_options *o, gm_twin **out)
{
  swarms s = {.ctx = ctx};
  gm_twin_options with = *o;
  gm_model_info info;
  gm_model_get_info(l->definition->model, &info);
  if (!o->follow && !(info.flags & GM_MODEL_STOCHASTIC))
    return gm_twin_new(ctx, l->definition, l->who, o, out);
  gm_record_query q = {.twin = l->twin,
                       .kind = GM_RECORD_BELIEF,
                       .series = "belief",
                       .from_s = -1e300,
                       .to_s = gm_life_unix_s(l, o->t_now),
                       .all_versions = true};
  for (int i = 0; i < SWARMS; i++) gm_text_init(&s.swarm[i], ctx);
  gm_status st = gm_store_read(l->reads, ctx, &q, swarm_hear, &s);
  int32_t kept = s.count < SWARMS ? s.count : SWARMS;
  *out = NULL;
  for (int32_t i = 1; i <= kept && !st && !*out; i++) {
    const gm_text *swarm = &s.swarm[(s.count - i) % SWARMS];
    if (!gm__twin_resumes(l->definition, l->who, o, swarm->data, swarm->bytes)) continue;
    with.resume = swarm->data;
    with.resume_bytes = swarm->bytes;
    st = gm_twin_new(ctx, l->definition, l->who, &with, out);
  }
  if (!st && !*out) st = gm_twin_new(ctx, l->definition, l->who, o, out);
  for (int i = 0; i < SWARMS; i++) gm_text_free(&s.swarm[i]);
  return st;
}

/* ---- forecasts ------------------------------------------------------------------------------- */
static void numbers_write(gm_json_writer *w, const char *key, const double *v, int32_t count)
{
  gm_json_write_array(w, key);
  for (int32_t i = 0; i < count; i++) gm_json_write_number(w, NULL, v[i]);
  gm_json_write_array_end(w);
}

static void observable_write(gm_json_writer *w, const gm_life *l, const gm_forecast *f, int32_t k)
{
  const gm_observable *o = &l->definition->observable[k];
  ptrdiff_t at = (ptrdiff_t)k * f->time_count;
  gm_json_write_object(w, NULL);
  gm_json_write_text(w, "name", o->name);
  gm_json_write_text(w, "unit", o->unit);
  numbers_write(w, "mean", f->mean + at, f->time_count);
  gm_json_write_array(w, "quantiles");
  for (int32_t i = 0; i < f->time_count; i++)
    numbers_write(w, NULL, f->quantile + (at + i) * GM_QUANTILE_COUNT, GM_QUANTILE_COUNT);
  gm_json_write_array_end(w);
  gm_json_write_array(w, "measurement");
  for (int32_t i = 0; i < f->time_count; i++)
    numbers_write(w, NULL, f->with_noise + (at + i) * GM_QUANTILE_COUNT, GM_QUANTILE_COUNT);
  gm_json_write_array_end(w);
  gm_json_write_object_end(w);
}

static void forecast_body(const gm_life *l, const gm_forecast *f, const char *plan, gm_text *out)
{
  gm_json_writer w;
  char digest[2 * HEX_OF + 1];
  sodium_bin2hex(digest, sizeof digest, l->belief_digest, HEX_OF);
  gm_json_write_begin(&w, out, 0);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "plan", plan);
  gm_json_write_int(&w, "belief", l->belief_seq);
  gm_json_write_text(&w, "inputs", digest);
  gm_json_write_text(&w, "model", l->model.definition[1]);
  gm_json_write_text(&w, "gemel", gm_version());
  gm_json_write_text(&w, "health", gm_health_name(l->belief->health));
  numbers_write(&w, "levels", gm_quantile_level, GM_QUANTILE_COUNT);
  gm_json_write_array(&w, "times_s");
  for (int32_t i = 0; i < f->time_count; i++)
    gm_json_write_number(&w, NULL, gm_life_unix_s(l, f->time[i]));
  gm_json_write_array_end(&w);
  gm_json_write_array(&w, "observables");
  for (int32_t k = 0; k < f->observable_count; k++) observable_write(&w, l, f, k);
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
}

/* Two plans of one name are two. */
static uint64_t plan_sum(const gm_plan *p)
{
  uint64_t h = 0;
  for (int32_t i = 0; i < p->event_count; i++) {
    const gm_event *e = &p->event[i];
    const double v[] = {e->t, e->input, e->port, e->amount, e->rate, e->interval, e->additional};
    h = h * UINT64_C(0x9E3779B97F4A7C15) + gm_checksum(v, sizeof v);
  }
  return h;
}

gm_status gm__forecast_write(gm_life *l, gm_ctx *ctx, const gm_forecast *f, const gm_plan *plan,
                             gm_receipt *receipt)
{
  gm_text body, id;
  char version[80];
  gm_text_init(&body, ctx);
  gm_text_init(&id, ctx);
  forecast_body(l, f, plan->name, &body);
  gm_text_addf(&id, "forecast %.200s", plan->name);
  double t_end = f->time_count ? f->time[f->time_count - 1] : l->belief->t_now;
  snprintf(version, sizeof version, "%lld %.6g %llx", (long long)l->belief_seq,
           t_end - l->belief->t_now, (unsigned long long)plan_sum(plan));
  gm_status st = id.status ? gm_fail(ctx, id.status, "a forecast") : GM_OK;
  if (!st)
    st = gm__life_put(l, ctx, GM_RECORD_FORECAST, "forecast", id.data, version, l->belief_s, &body,
                      receipt);
  gm_text_free(&body);
  gm_text_free(&id);
  return st;
}
