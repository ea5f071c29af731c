/* bank.c - finding twins by their cards, and sums over them. */
#include "bank_scan.h"
#include "base/clock.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- going through the cards ------------------------------------------------------------------
 */
typedef struct {
  gm_ctx *ctx;
  gm_query *query;
  gm_arena *memory;
  gm__bank_each *each;
  void *user;
  double now_s;
  gm_bank_totals totals;
} scan;

static gm_status hear(void *user, const gm_card_found *found)
{
  scan *s = user;
  gm_card card;
  gm_bank_match m = {.found = found, .card = &card, .chance = {NAN, NAN, NAN, NAN}};
  gm_arena_mark mark = gm_arena_at(s->memory);
  gm_status st = gm_card_read(s->ctx, found->body, found->bytes, s->memory, &card);
  if (!st) {
    gm_answer answer =
        s->query ? gm_query_ask(s->query, &card, s->now_s, &m.chance) : GM_ANSWER_YES;
    s->totals.twins++;
    s->totals.unknown += answer == GM_ANSWER_UNKNOWN;
    s->totals.matched += answer == GM_ANSWER_YES;
    st = s->each(s->user, &m, answer == GM_ANSWER_YES);
  }
  gm_arena_back(s->memory, mark);
  return st;
}

gm_status gm__bank_go(gm_session *a, gm_ctx *ctx, const char *query, gm__bank_each *each,
                      void *user, gm_bank_totals *totals)
{
  scan s = {.ctx = ctx, .each = each, .user = user, .now_s = gm__clock_s()};
  gm_status st = query ? gm_query_new(ctx, query, &s.query) : GM_OK;
  if (!st) st = gm_arena_new(ctx, 16384, &s.memory);
  if (!st) st = gm_store_cards(a, ctx, hear, &s, &s.totals.withheld);
  if (!st && s.query) {
    s.totals.not_converted = s.query->not_converted;
    if (s.query->not_converted && s.query->not_converted == s.query->compared)
      st = gm_fail(ctx, GM_EUNIT, "query: no card's unit can be compared with the query's");
  }
  gm_arena_free(s.memory);
  gm_query_free(s.query);
  if (!st && totals) *totals = s.totals;
  return st;
}

bool gm__bank_may_tell(const gm_session *a, int64_t subjects)
{
  return gm_session_who(a)->use == GM_USE_CARE || subjects >= GM_BANK_LEAST;
}

bool gm__bank_may_leave(const gm_session *a, int64_t left)
{
  return left == 0 || gm__bank_may_tell(a, left);
}

gm_status gm__bank_crowd(const gm_session *a, gm_ctx *ctx, int64_t in, int64_t left)
{
  if (gm__bank_may_tell(a, in) && gm__bank_may_leave(a, left)) return GM_OK;
  return gm_fail(ctx, GM_EDENIED,
                 "for this use at least %d subjects must match, and none or as many not",
                 GM_BANK_LEAST);
}

/* ---- subjects ---------------------------------------------------------------------------------
 */
gm_status gm__subjects_put(gm__subjects *s, int64_t subject)
{
  if (s->count == s->room) {
    int64_t room = 2 * s->room + 256;
    gm_status st = gm_grow(s->ctx, &s->number, s->count, room, sizeof *s->number);
    if (st) return st;
    s->room = room;
  }
  s->number[s->count++] = subject;
  return GM_OK;
}

static int by_number(const void *a, const void *b)
{
  const int64_t *x = a, *y = b;
  return (*x > *y) - (*x < *y);
}

int64_t gm__subjects_different(gm__subjects *s)
{
  int64_t n = 0;
  if (s->count) qsort(s->number, (size_t)s->count, sizeof *s->number, by_number);
  for (int64_t i = 0; i < s->count; i++) n += i == 0 || s->number[i] != s->number[i - 1];
  return n;
}

static int by_subject(const void *a, const void *b)
{
  const gm__share *x = a, *y = b;
  return (x->subject > y->subject) - (x->subject < y->subject);
}

gm__ratio gm__ratio_of(gm__share *share, int64_t count)
{
  gm__ratio r = {.ratio = NAN, .error = NAN};
  double y = 0, x = 0, squares = 0;
  if (count) qsort(share, (size_t)count, sizeof *share, by_subject);
  for (int64_t i = 0; i < count; i++) y += share[i].y, x += share[i].x;
  r.ratio = y / x;
  r.whole = x;
  for (int64_t i = 0; i < count; r.subjects++) {
    int64_t subject = share[i].subject;
    double off = 0;
    for (; i < count && share[i].subject == subject; i++) off += share[i].y - r.ratio * share[i].x;
    squares += off * off;
  }
  double m = (double)r.subjects;
  if (r.subjects > 1) r.error = sqrt(m / (m - 1) * squares) / fabs(x);
  return r;
}

/* ---- finding ----------------------------------------------------------------------------------
 */
typedef struct {
  gm_bank_listener *listener; /* NULL: counting */
  void *user;
  bool both;                  /* those left over are counted too */
  gm__subjects matched, left; /* a subject of several twins may be in both */
} finder;

static gm_status find_each(void *user, const gm_bank_match *m, bool matches)
{
  finder *f = user;
  if (!matches) return f->both ? gm__subjects_put(&f->left, m->found->subject) : GM_OK;
  gm_status st = gm__subjects_put(&f->matched, m->found->subject);
  return st || !f->listener ? st : f->listener(f->user, m);
}

/* One time through the cards; *left: subjects of twins that do not match. */
static gm_status find_go(gm_session *a, gm_ctx *ctx, const char *query, finder *f,
                         gm_bank_totals *totals, int64_t *left)
{
  f->matched = f->left = (gm__subjects){.ctx = ctx};
  gm_status st = gm__bank_go(a, ctx, query, find_each, f, totals);
  totals->subjects = gm__subjects_different(&f->matched);
  *left = gm__subjects_different(&f->left);
  gm_free(f->matched.number);
  gm_free(f->left.number);
  return st;
}

gm_status gm_bank_find(gm_session *a, gm_ctx *ctx, const char *query, gm_bank_listener *listener,
                       void *user, gm_bank_totals *totals)
{
  assert(a && ctx && query);
  finder counting = {.both = true}, telling = {.listener = listener, .user = user};
  gm_bank_totals t = {0};
  int64_t left = 0;
  gm_status st = GM_OK;
  if (!gm__bank_may_tell(a, 0)) {
    st = find_go(a, ctx, query, &counting, &t, &left);
    if (!st) st = gm__bank_crowd(a, ctx, t.subjects, left);
  }
  if (!st) st = find_go(a, ctx, query, &telling, &t, &left);
  if (!st && totals) *totals = t;
  return st;
}
