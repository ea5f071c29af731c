/* prior_learn.c - which twins of a store teach, and their members. */
#include "gemel/bank.h"
#include "twin/life_internal.h"
#include "twin/prior_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { ESS_LEAST = 10 };

typedef struct {
  int64_t twin, subject;
} pupil;

typedef struct {
  gm_ctx *ctx;
  gm_session *a;
  const gm_watch *watch;
  gm_arena *memory;
  gm__model_record model;
  pupil *known; /* all twins of the store that may be known of */
  int32_t known_count, known_room;
  gm__learner *learner;
  int32_t count, other, eta_count;
} school;

static gm_status name_hear(void *user, const gm_twin_found *t)
{
  school *s = user;
  if (s->known_count == s->known_room) {
    int32_t room = s->known_room ? 2 * s->known_room : 64;
    pupil *more = gm_arena_get(s->memory, room, sizeof *more);
    if (!more) return gm_fail(s->ctx, GM_ENOMEM, "twins");
    if (s->known_count) memcpy(more, s->known, (size_t)s->known_count * sizeof *more);
    s->known = more;
    s->known_room = room;
  }
  s->known[s->known_count++] = (pupil){t->twin, t->subject};
  return GM_OK;
}

/* Copies the members' effects between subjects, and the prior they were made with. */
static gm_status members_take(school *s, const gm_twin *t, int64_t subject)
{
  const gm_definition *d = t->definition;
  const gm_members *m = t->posterior;
  int32_t k = d->eta_count, n = m->n;
  double *a = gm_arena_get(s->memory, (ptrdiff_t)n * (k + 2) + k + (ptrdiff_t)k * k, sizeof *a);
  if (!a) return gm_fail(s->ctx, GM_ENOMEM, "members");
  gm__learner *l = &s->learner[s->count];
  *l = (gm__learner){.n = n, .subject = subject, .eta = a, .weight = a + (ptrdiff_t)n * k};
  l->log_prior = l->weight + n;
  l->mean = l->log_prior + n;
  l->omega = l->mean + k;
  for (int32_t i = 0; i < k; i++) l->mean[i] = d->eta_mean ? d->eta_mean[i] : 0;
  memcpy(l->omega, d->omega, (size_t)k * (size_t)k * sizeof *l->omega);
  memcpy(l->weight, m->weight, (size_t)n * sizeof *l->weight);
  for (int32_t j = 0; j < n; j++)
    for (int32_t i = 0; i < k; i++)
      l->eta[(ptrdiff_t)j * k + i] = m->z[(ptrdiff_t)j * m->dim + i] + l->mean[i];
  s->count++;
  return GM_OK;
}

static gm_status twin_take(school *s, int32_t i)
{
  gm_life_options o = {.session = s->a, .number = s->known[i].twin};
  gm_life *l = NULL;
  const gm_twin *t = NULL;
  gm_status st = gm_life_open(s->ctx, &o, &l);
  bool same = !st && !strcmp(l->model.definition[0], s->model.definition[0]) &&
              !strcmp(l->model.definition[1], s->model.definition[1]);
  if (!st && same) st = gm_life_belief(l, s->ctx, &t);
  bool teaches = !st && t && t->learned > 0 && t->health != GM_HEALTH_LOST;
  if (teaches) st = members_take(s, t, s->known[i].subject);
  gm_life_free(l);
  bool stops = st == GM_ENOMEM || st == GM_ECANCELLED || st == GM_EIO || st == GM_EBUSY;
  if (stops || (!st && teaches)) return st; /* one twin that cannot be read stops no other */
  gm_message_clear(s->ctx);
  s->other++;
  return GM_OK;
}

/* Several twins of one subject would count it more than once: the first one teaches. */
static bool is_known(const school *s, int64_t subject)
{
  for (int32_t i = 0; i < s->count; i++)
    if (s->learner[i].subject == subject) return true;
  return false;
}

static gm_status twins_take(school *s)
{
  s->learner = gm_arena_get(s->memory, s->known_count + 1, sizeof *s->learner);
  gm_status st = s->learner ? GM_OK : gm_fail(s->ctx, GM_ENOMEM, "twins");
  for (int32_t i = 0; i < s->known_count && !st; i++) {
    if (gm_watch_stop(s->watch)) return gm_fail(s->ctx, GM_ECANCELLED, "stopped");
    gm_watch_progress(s->watch, "reading twins", (double)i / s->known_count);
    if (!is_known(s, s->known[i].subject)) st = twin_take(s, i);
  }
  if (!st && s->count < GM_BANK_LEAST)
    st = gm_fail(s->ctx, GM_EDENIED,
                 "%d subjects with a belief of this definition permit it; at least %d are expected",
                 (int)s->count, GM_BANK_LEAST);
  return st;
}

static gm_status learn(school *s, const gm_definition *d, gm_prior **out)
{
  gm_prior *p = gm__prior_new(s->ctx, d->eta_count);
  if (!p) return gm_fail(s->ctx, GM_ENOMEM, "prior");
  memcpy(p->omega, d->omega, (size_t)d->eta_count * (size_t)d->eta_count * sizeof *p->omega);
  p->twins = p->subjects = s->count;
  p->other = s->other;
  gm_status st = gm__prior_describe(s->ctx, p, d, s->model.definition[0], s->model.definition[1]);
  if (!st) st = gm__prior_em(s->ctx, s->learner, s->count, s->watch, p);
  if (!st && p->ess_least < ESS_LEAST)
    st = gm_fail(s->ctx, GM_ENUMERIC,
                 "the members of a twin do not reach what was learned (%.1f effective, %d are "
                 "expected): the twins lie outside their prior, or hardly differ",
                 p->ess_least, ESS_LEAST);
  if (st)
    gm_prior_free(p);
  else
    *out = p;
  return st;
}

gm_status gm_prior_learn(gm_ctx *ctx, gm_session *a, const char *definition, const gm_watch *watch,
                         gm_prior **out)
{
  assert(ctx && a && definition && out);
  school s = {.ctx = ctx, .a = a, .watch = watch};
  gm_definition *d = NULL;
  int64_t withheld = 0;
  if (gm_session_who(a)->use != GM_USE_TRAINING)
    return gm_fail(ctx, GM_EINVAL, "learning from twins is for the purpose %s",
                   gm_use_name(GM_USE_TRAINING));
  gm_status st = gm_definition_read(ctx, definition, &d);
  if (!st && !d->eta_count)
    st = gm_fail(ctx, GM_EINVAL, "%s: no parameter varies between subjects", definition);
  if (!st) st = gm_arena_new(ctx, 65536, &s.memory);
  if (!st) st = gm__model_store(a, ctx, definition, d, s.memory, &s.model);
  if (!st) st = gm_store_twins(a, ctx, 0, name_hear, &s, &withheld);
  if (!st) st = twins_take(&s);
  if (!st) st = learn(&s, d, out);
  gm_definition_free(d);
  gm_arena_free(s.memory);
  return st;
}
