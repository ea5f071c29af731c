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
  int64_t subject, count;
  double crps, base, covered50, covered90;
} row;

typedef struct {
  gm_ctx *ctx;
  const gm_bank_fairness_question *q;
  char name[GM_BANK_GROUPS_MAX][80];
  int32_t groups;
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

static gm_status each(void *user, const gm_bank_match *m)
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
    g->row[g->count++] = (row){group,        m->found->subject, s->count,    s->crps,
                               s->crps_base, s->covered50,      s->covered90};
  }
  return st;
}

/* ---- one group --------------------------------------------------------------------------------
 */
static void interval(gm__ratio r, double *mid, double *low, double *high)
{
  double t = r.subjects > 1 ? gm_dist_t_quantile(0.95, (double)(r.subjects - 1)) : NAN;
  *mid = r.ratio;
  *low = r.ratio - t * r.error;
  *high = r.ratio + t * r.error;
}

static void share_bounds(double *low, double *high)
{
  if (*low < 0) *low = 0;
  if (*high > 1) *high = 1;
}

/* share[count of the rows of the group] is scratch. */
static void group_fill(const grouping *g, int32_t group, gm__share *share, gm_bank_group *out)
{
  double ratio, low, high;
  int64_t n = 0;
  snprintf(out->group, sizeof out->group, "%s", g->name[group]);
  for (int64_t i = 0; i < g->count; i++)
    if (g->row[i].group == group) {
      out->outcomes += g->row[i].count;
      share[n++] = (gm__share){g->row[i].subject, g->row[i].crps, g->row[i].base};
    }
  gm__ratio r = gm__ratio_of(share, n);
  out->subjects = r.subjects;
  interval(r, &ratio, &low, &high);
  out->skill = 1 - ratio;
  out->skill_low = 1 - high;
  out->skill_high = 1 - low;
  n = 0;
  for (int64_t i = 0; i < g->count; i++)
    if (g->row[i].group == group)
      share[n++] = (gm__share){g->row[i].subject, g->row[i].covered50, (double)g->row[i].count};
  interval(gm__ratio_of(share, n), &out->covered50, &out->covered50_low, &out->covered50_high);
  n = 0;
  for (int64_t i = 0; i < g->count; i++)
    if (g->row[i].group == group)
      share[n++] = (gm__share){g->row[i].subject, g->row[i].covered90, (double)g->row[i].count};
  interval(gm__ratio_of(share, n), &out->covered90, &out->covered90_low, &out->covered90_high);
  share_bounds(&out->covered50_low, &out->covered50_high);
  share_bounds(&out->covered90_low, &out->covered90_high);
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

/* Where one group alone is hidden, the smallest of the others is too. */
static void groups_hide(const gm_session *a, gm_bank_group *o, int32_t count)
{
  int32_t hidden = 0, least = -1;
  for (int32_t i = 0; i < count; i++)
    if (!gm__bank_may_tell(a, o[i].subjects)) group_hide(&o[i]), hidden++;
  if (hidden != 1) return;
  for (int32_t i = 0; i < count; i++)
    if (!o[i].withheld && (least < 0 || o[i].subjects < o[least].subjects)) least = i;
  if (least >= 0) group_hide(&o[least]);
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const gm_bank_group *)a)->group, ((const gm_bank_group *)b)->group);
}

static gm_status groups_fill(grouping *g, gm_session *a, gm_ctx *ctx, gm_bank_group *group,
                             int32_t *count)
{
  gm__share *share = gm_alloc(ctx, g->count, sizeof *share);
  if (!share) return gm_fail(ctx, GM_ENOMEM, "bank");
  int64_t subjects = 0;
  for (int32_t i = 0; i < g->groups; i++) {
    group[i] = (gm_bank_group){.subjects = 0};
    group_fill(g, i, share, &group[i]);
    subjects += group[i].subjects;
  }
  gm_free(share);
  if (!gm__bank_may_tell(a, subjects)) return gm__bank_too_few(ctx);
  groups_hide(a, group, g->groups);
  bool levels = !g->q->cut_count && !(g->groups == 1 && !strcmp(group[0].group, "all"));
  if (levels) qsort(group, (size_t)g->groups, sizeof *group, by_name);
  *count = g->groups;
  return GM_OK;
}

gm_status gm_bank_fairness(gm_session *a, gm_ctx *ctx, const gm_bank_fairness_question *q,
                           gm_bank_group group[GM_BANK_GROUPS_MAX], int32_t *count)
{
  assert(a && ctx && q && q->observable && q->covariate && group && count);
  if (q->cut_count < 0 || q->cut_count >= GM_BANK_GROUPS_MAX)
    return gm_fail(ctx, GM_EFULL, "bank: more than %d groups", GM_BANK_GROUPS_MAX);
  for (int32_t i = 1; i < q->cut_count; i++)
    if (!(q->cut[i] > q->cut[i - 1])) return gm_fail(ctx, GM_ERANGE, "bank: cuts must ascend");
  grouping *g = gm_alloc(ctx, 1, sizeof *g);
  if (!g) return gm_fail(ctx, GM_ENOMEM, "bank");
  g->ctx = ctx;
  g->q = q;
  gm_status st = gm__bank_go(a, ctx, q->query, each, g, NULL);
  if (!st) st = groups_fill(g, a, ctx, group, count);
  gm_free(g->row);
  gm_free(g);
  return st;
}
