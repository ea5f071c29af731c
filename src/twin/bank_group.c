/* bank_group.c - is the bank as good for everybody? Scores by groups of subjects. */
#include "bank_scan.h"
#include "num/distribution.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct {
  int32_t group;
  bool matches; /* else: left over by the query, for counting alone */
  int64_t subject, count;
  double crps, base, covered50, covered90;
} row;

typedef struct {
  gm_ctx *ctx;
  const gm_bank_fairness_question *q;
  char name[GM_BANK_GROUPS_MAX][80];
  int32_t groups;
  bool stretches; /* of values, in their order; else levels */
  row *row;
  int64_t count, room;
} grouping;

/* ---- which group ------------------------------------------------------------------------------
 */
static gm_status group_of_level(grouping *g, const char *level, int32_t *out)
{
  for (*out = 0; *out < g->groups; ++*out)
    if (!strncmp(g->name[*out], level, sizeof g->name[0] - 1)) return GM_OK;
  if (g->groups == GM_BANK_GROUPS_MAX)
    return gm_fail(g->ctx, GM_EFULL, "bank: more than %d groups", GM_BANK_GROUPS_MAX);
  snprintf(g->name[g->groups++], sizeof g->name[0], "%s", level);
  return GM_OK;
}

static void cuts_name(grouping *g)
{
  const gm_bank_fairness_question *q = g->q;
  g->groups = q->cut_count + 1;
  g->stretches = true;
  for (int32_t i = 0; i < g->groups; i++) {
    char *name = g->name[i];
    size_t bytes = sizeof g->name[0];
    if (!q->cut_count)
      snprintf(name, bytes, "all");
    else if (i == 0)
      snprintf(name, bytes, "< %g", q->cut[0]);
    else if (i == q->cut_count)
      snprintf(name, bytes, ">= %g", q->cut[i - 1]);
    else
      snprintf(name, bytes, "[%g, %g)", q->cut[i - 1], q->cut[i]);
  }
}

/* *out -1: in none. */
static gm_status group_of(grouping *g, const gm_card *c, int32_t *out)
{
  const gm_card_covariate *v = NULL;
  *out = -1;
  for (int32_t i = 0; i < c->covariate_count && !v; i++)
    if (!strcmp(c->covariate[i].name, g->q->covariate)) v = &c->covariate[i];
  if (!v) return GM_OK;
  if (v->level[0] && g->q->cut_count)
    return gm_fail(g->ctx, GM_EINVAL, "bank: %s has levels, not cuts", g->q->covariate);
  if (v->level[0]) return group_of_level(g, v->level, out);
  if (!g->groups) cuts_name(g);
  for (*out = 0; *out < g->q->cut_count && v->value >= g->q->cut[*out];) ++*out;
  return GM_OK;
}

static gm_status each(void *user, const gm_bank_match *m, bool matches)
{
  grouping *g = user;
  const gm_card *c = m->card;
  int32_t group;
  gm_status st = group_of(g, c, &group);
  for (int32_t i = 0; i < c->score_count && !st && group >= 0; i++) {
    const gm_card_score *s = &c->score[i];
    if (strcmp(s->observable, g->q->observable) != 0 || s->count < 1) continue;
    if (g->count == g->room) {
      int64_t room = 2 * g->room + 256;
      st = gm_grow(g->ctx, &g->row, g->count, room, sizeof *g->row);
      if (st) break;
      g->room = room;
    }
    g->row[g->count++] = (row){.group = group,
                               .matches = matches,
                               .subject = m->found->subject,
                               .count = s->count,
                               .crps = s->crps,
                               .base = s->crps_base,
                               .covered50 = s->covered50,
                               .covered90 = s->covered90};
  }
  return st;
}

/* ---- one group --------------------------------------------------------------------------------
 */
static double t_of(const gm__ratio *r)
{
  return r->subjects > 1 ? gm_dist_t_quantile(0.95, (double)(r->subjects - 1)) : NAN;
}

void gm__ratio_interval(const gm__ratio *r, double *low, double *high)
{
  double off = t_of(r) * r->error;
  *low = r->ratio - off;
  *high = r->ratio + off;
}

/* The effective number of outcomes is that of independent ones with the same variance (Kish, Survey
 * Sampling, 1965, section 8.2), at most their number; where no subject differs from another that
 * variance is not known, and each subject counts as one. With it the score interval of Wilson
 * (J. Am. Stat. Assoc. 22:209, 1927), and Student's t for the normal quantile, since the variance
 * stems from few subjects (Korn & Graubard, Surv. Methodol. 24:193, 1998). */
void gm__share_interval(const gm__ratio *r, double *low, double *high)
{
  double t = t_of(r), p = r->ratio, even = p * (1 - p);
  double n = r->error > 1e-12 ? fmin(even / (r->error * r->error), r->whole) : (double)r->subjects;
  if (!(even > 0)) n = (double)r->subjects;
  double k = t * t / n, middle = (p + k / 2) / (1 + k);
  double off = t / (1 + k) * sqrt(fmax(even, 0) / n + k / n / 4);
  *low = fmax(0, middle - off);
  *high = fmin(1, middle + off);
  if (isnan(t)) *low = *high = NAN;
}

typedef enum { SKILL, INSIDE50, INSIDE90 } figure;

/* share[count of the rows] is scratch. */
static gm__ratio ratio_of(const grouping *g, int32_t group, figure what, gm__share *share)
{
  int64_t n = 0;
  for (int64_t i = 0; i < g->count; i++) {
    const row *o = &g->row[i];
    if (o->group != group || !o->matches) continue;
    double y = what == SKILL ? o->crps : what == INSIDE50 ? o->covered50 : o->covered90;
    share[n++] = (gm__share){o->subject, y, what == SKILL ? o->base : (double)o->count};
  }
  return gm__ratio_of(share, n);
}

static void group_fill(const grouping *g, int32_t group, gm__share *share, gm_bank_group *out)
{
  snprintf(out->group, sizeof out->group, "%s", g->name[group]);
  for (int64_t i = 0; i < g->count; i++)
    if (g->row[i].group == group && g->row[i].matches) out->outcomes += g->row[i].count;
  gm__ratio r = ratio_of(g, group, SKILL, share);
  double low, high;
  out->subjects = r.subjects;
  gm__ratio_interval(&r, &low, &high);
  out->skill = 1 - r.ratio;
  out->skill_low = 1 - high;
  out->skill_high = 1 - low;
  r = ratio_of(g, group, INSIDE50, share);
  out->covered50 = r.ratio;
  gm__share_interval(&r, &out->covered50_low, &out->covered50_high);
  r = ratio_of(g, group, INSIDE90, share);
  out->covered90 = r.ratio;
  gm__share_interval(&r, &out->covered90_low, &out->covered90_high);
}

static void group_hide(gm_bank_group *o)
{
  gm_bank_group hidden = {.withheld = true,
                          .skill = NAN,
                          .skill_low = NAN,
                          .skill_high = NAN,
                          .covered50 = NAN,
                          .covered50_low = NAN,
                          .covered50_high = NAN,
                          .covered90 = NAN,
                          .covered90_low = NAN,
                          .covered90_high = NAN};
  memcpy(hidden.group, o->group, sizeof hidden.group);
  *o = hidden;
}

/* Subjects of a group, -1: of all, on one side of the query. */
static gm_status subjects_count(const grouping *g, int32_t group, bool matches, int64_t *out)
{
  gm__subjects s = {.ctx = g->ctx};
  gm_status st = GM_OK;
  for (int64_t i = 0; i < g->count && !st; i++)
    if (g->row[i].matches == matches && (group < 0 || g->row[i].group == group))
      st = gm__subjects_put(&s, g->row[i].subject);
  *out = gm__subjects_different(&s);
  gm_free(s.number);
  return st;
}

/* A group is hidden that is too small, or of which too few are left over by the query: the same
 * question without it would tell of them. Where one alone is hidden, the smallest of the others is
 * too. */
static gm_status groups_hide(const grouping *g, const gm_session *a, gm_bank_group *o)
{
  int32_t hidden = 0, least = -1;
  for (int32_t i = 0; i < g->groups; i++) {
    int64_t left;
    if (!g->stretches && !o[i].subjects) continue; /* a level that nobody who matches has */
    gm_status st = subjects_count(g, i, false, &left);
    if (st) return st;
    if (gm__bank_may_tell(a, o[i].subjects) && gm__bank_may_leave(a, left)) continue;
    group_hide(&o[i]);
    hidden++;
  }
  for (int32_t i = 0; i < g->groups && hidden == 1; i++)
    if (!o[i].withheld && (least < 0 || o[i].subjects < o[least].subjects)) least = i;
  if (least >= 0) group_hide(&o[least]);
  return GM_OK;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const gm_bank_group *)a)->group, ((const gm_bank_group *)b)->group);
}

/* Groups that only twins left over are in are none. */
static int32_t groups_drop(gm_bank_group *o, int32_t count)
{
  int32_t n = 0;
  for (int32_t i = 0; i < count; i++)
    if (o[i].subjects || o[i].withheld) o[n++] = o[i];
  return n;
}

static gm_status groups_fill(grouping *g, gm_session *a, gm_bank_group *o, int32_t *count)
{
  int64_t in, left;
  gm_status st = subjects_count(g, -1, true, &in);
  if (!st) st = subjects_count(g, -1, false, &left);
  if (!st) st = gm__bank_crowd(a, g->ctx, in, left);
  if (st) return st;
  gm__share *share = gm_alloc(g->ctx, g->count, sizeof *share);
  if (!share) return gm_fail(g->ctx, GM_ENOMEM, "bank");
  for (int32_t i = 0; i < g->groups; i++) group_fill(g, i, share, &o[i]);
  gm_free(share);
  st = groups_hide(g, a, o);
  *count = g->groups;
  if (!st && !g->stretches) {
    *count = groups_drop(o, g->groups);
    qsort(o, (size_t)*count, sizeof *o, by_name);
  }
  return st;
}

static gm_status cuts_check(gm_ctx *ctx, const gm_bank_fairness_question *q)
{
  if (q->cut_count < 0 || q->cut_count >= GM_BANK_GROUPS_MAX)
    return gm_fail(ctx, GM_EFULL, "bank: more than %d groups", GM_BANK_GROUPS_MAX);
  for (int32_t i = 1; i < q->cut_count; i++)
    if (!(q->cut[i] > q->cut[i - 1])) return gm_fail(ctx, GM_ERANGE, "bank: cuts must ascend");
  return GM_OK;
}

gm_status gm_bank_fairness(gm_session *a, gm_ctx *ctx, const gm_bank_fairness_question *q,
                           gm_bank_group group[GM_BANK_GROUPS_MAX], int32_t *count)
{
  assert(a && ctx && q && q->observable && q->covariate && group && count);
  int32_t n = 0;
  gm_status st = cuts_check(ctx, q);
  if (st) return st;
  grouping *g = gm_alloc(ctx, 1, sizeof *g);
  gm_bank_group *o = gm_alloc(ctx, GM_BANK_GROUPS_MAX, sizeof *o);
  st = g && o ? GM_OK : gm_fail(ctx, GM_ENOMEM, "bank");
  if (!st) {
    g->ctx = ctx;
    g->q = q;
    st = gm__bank_go(a, ctx, q->query, each, g, NULL);
  }
  if (!st) st = groups_fill(g, a, o, &n);
  if (!st) {
    memcpy(group, o, (size_t)n * sizeof *o);
    *count = n;
  }
  if (g) gm_free(g->row);
  gm_free(g);
  gm_free(o);
  return st;
}
