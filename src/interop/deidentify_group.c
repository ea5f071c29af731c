/* deidentify_group.c - k-anonymity: quasi-identifiers are made wider step by step, and who is still
 * among fewer than k is left out. Of the steps that could come next the one is taken that leaves
 * fewest among too few (a greedy walk as Sweeney's Datafly, which widens what has most values). */
#include "interop/deidentify_internal.h"
#include "base/number.h"
#include "gemel/unit.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- cuts ------------------------------------------------------------------------------------ */
static int by_value(const void *a, const void *b)
{
  double x = *(const double *)a, y = *(const double *)b;
  return x < y ? -1 : x > y;
}

/* The double of a number of at most 15 digits, as it is printed: 7 steps of 0.1 are a little more
 * than 0.7, and a value of 0.7 would lie below a cut that says 0.7. */
static double decimal(double v)
{
  char text[40];
  snprintf(text, sizeof text, "%.15g", v);
  return gm__number_parse(gm__number_point(text), &v) && v != 0 ? v : 0;
}

/* A cut at a value of somebody would tell it: cuts are rounded to steps of the range. */
int32_t gm__deid_cuts(int32_t n, const double *x, int32_t bins, double *scratch, double *cut)
{
  int32_t m = 0, count = 0;
  for (int32_t i = 0; i < n; i++)
    if (!isnan(x[i])) scratch[m++] = x[i];
  if (m < 2) return 0;
  qsort(scratch, (size_t)m, sizeof *scratch, by_value);
  double low = scratch[0], high = scratch[m - 1];
  if (!(high > low) || !isfinite(high - low)) return 0;
  double step = pow(10, floor(log10(high - low)) - 1);
  for (int32_t b = 1; b < bins; b++) {
    double c = decimal(step * round(scratch[(int64_t)m * b / bins] / step));
    if (c > low && c <= high && (!count || c > cut[count - 1])) cut[count++] = c;
  }
  return count;
}

/* ---- codes ----------------------------------------------------------------------------------- */
/* Every 2^step-th cut is left. */
static int32_t bin_of(const gm__deid_quasi *q, double v)
{
  int32_t bin = 0, stride = (int32_t)1 << q->step;
  for (int32_t i = stride - 1; i < q->cut_count; i += stride)
    if (v >= q->cut[i]) bin++;
  return bin;
}

int32_t gm__deid_code(const gm__deid_quasi *q, int32_t subject)
{
  if (q->step >= q->step_max) return 0;
  if (!q->numeric) return q->step ? q->wide[subject] : q->level[subject];
  return isnan(q->value[subject]) ? -1 : bin_of(q, q->value[subject]);
}

/* ---- groups ---------------------------------------------------------------------------------- */
typedef struct {
  uint64_t key; /* group so far, code */
  int32_t subject;
} pair;

typedef struct {
  pair *pair;               /* [n] */
  int32_t *number;          /* [n] of the group of each */
  int32_t *size;            /* [n] */
  int32_t n, groups, below; /* below: subjects in groups of fewer than k */
} grouping;

static int by_key(const void *a, const void *b)
{
  const pair *p = a, *q = b;
  if (p->key != q->key) return p->key < q->key ? -1 : 1;
  return p->subject < q->subject ? -1 : p->subject > q->subject;
}

/* Parts every group by one quasi-identifier. */
static void part(grouping *g, const gm__deid_quasi *q)
{
  int32_t number = -1;
  for (int32_t i = 0; i < g->n; i++)
    g->pair[i] = (pair){(uint64_t)g->number[i] << 32 | (uint32_t)gm__deid_code(q, i), i};
  qsort(g->pair, (size_t)g->n, sizeof *g->pair, by_key);
  for (int32_t i = 0; i < g->n; i++) {
    if (!i || g->pair[i].key != g->pair[i - 1].key) number++;
    g->number[g->pair[i].subject] = number;
  }
  g->groups = number + 1;
}

static void group_all(grouping *g, const gm__deid_quasi *quasi, int32_t count, int32_t k)
{
  g->groups = g->n > 0;
  g->below = 0;
  memset(g->number, 0, (size_t)g->n * sizeof *g->number);
  for (int32_t i = 0; i < count && g->n; i++) part(g, &quasi[i]);
  memset(g->size, 0, (size_t)g->n * sizeof *g->size);
  for (int32_t i = 0; i < g->n; i++) g->size[g->number[i]]++;
  for (int32_t i = 0; i < g->groups; i++)
    if (g->size[i] < k) g->below += g->size[i];
}

/* The quasi-identifier to be widened next, -1: none can. */
static int32_t next_step(grouping *g, gm__deid_quasi *quasi, int32_t count, int32_t k)
{
  int32_t best = -1, below = 0, groups = 0;
  for (int32_t i = 0; i < count; i++) {
    if (quasi[i].step >= quasi[i].step_max) continue;
    quasi[i].step++;
    group_all(g, quasi, count, k);
    quasi[i].step--;
    if (best >= 0 && (g->below > below || (g->below == below && g->groups <= groups))) continue;
    best = i;
    below = g->below;
    groups = g->groups;
  }
  return best;
}

static gm_status grouping_new(gm_ctx *ctx, int32_t n, grouping *g)
{
  *g = (grouping){.n = n,
                  .pair = gm_alloc(ctx, n, sizeof *g->pair),
                  .number = gm_alloc(ctx, n, sizeof *g->number),
                  .size = gm_alloc(ctx, n, sizeof *g->size)};
  return g->pair && g->number && g->size ? GM_OK : gm_fail(ctx, GM_ENOMEM, "groups");
}

static void grouping_free(grouping *g)
{
  gm_free(g->pair);
  gm_free(g->number);
  gm_free(g->size);
}

gm_status gm__deid_group(gm_ctx *ctx, int32_t n, gm__deid_quasi *quasi, int32_t quasi_count,
                         int32_t k, double suppress_max, int32_t *group, bool *kept,
                         int32_t *smallest)
{
  grouping g;
  gm_status st = grouping_new(ctx, n, &g);
  for (int32_t next = 0; !st && next >= 0;) {
    group_all(&g, quasi, quasi_count, k);
    next = g.below > suppress_max * n ? next_step(&g, quasi, quasi_count, k) : -1;
    if (next >= 0)
      quasi[next].step++;
    else
      group_all(&g, quasi, quasi_count, k);
  }
  if (!st) *smallest = 0;
  for (int32_t i = 0; i < n && !st; i++) {
    int32_t size = g.size[g.number[i]];
    group[i] = g.number[i];
    kept[i] = size >= k;
    if (kept[i] && (!*smallest || size < *smallest)) *smallest = size;
  }
  grouping_free(&g);
  return st;
}

/* ---- from facts ------------------------------------------------------------------------------ */
/* The first of a subject's facts of it. */
static const gm__deid_row *first_of(const gm__deid *e, int32_t subject, int32_t quasi)
{
  const gm__deid_subject *s = &e->subject[subject];
  for (int32_t i = s->row; i < s->row + s->row_count; i++)
    if (e->row[i].quasi == quasi) return &e->row[i];
  return NULL;
}

static double value_of(gm__deid *e, gm__deid_quasi *q, const gm__deid_row *r)
{
  gm_unit from, to;
  double v = NAN;
  if (r->age) return r->age_a;
  if (!q->unit[0] && !q->asked->unit)
    snprintf(q->unit, sizeof q->unit, "%.*s", (int)sizeof q->unit - 1, r->unit_text);
  if (!gm__number_parse(r->text, &v) || !strcmp(q->unit, r->unit_text)) return v;
  gm_status st = gm_unit_parse(e->ctx, r->unit_text, &from);
  if (!st) st = gm_unit_parse(e->ctx, q->unit, &to);
  if (!st) st = gm_unit_convert(e->ctx, &from, &to, v, &v);
  if (!st) return v;
  gm_message_clear(e->ctx);
  return NAN;
}

/* What the caller's general levels make of a word. */
static int32_t general_of(gm__deid *e, const gm_deidentify_quasi *a, int32_t word)
{
  const char *text = gm__deid_word_tail(&e->words, word);
  for (int32_t i = 0; i < a->level_count; i++)
    if (!strcmp(text, a->level[i]))
      return gm__deid_word_of(&e->words, "value", a->name, a->general[i]);
  return word;
}

/* Numbers, or words where one of them is a word; an age in words is none. */
static gm_status form_take(gm__deid *e, gm__deid_quasi *q, int32_t which)
{
  int32_t any = 0;
  q->numeric = true;
  for (int32_t i = 0; i < e->subject_count; i++) {
    const gm__deid_row *r = first_of(e, i, which);
    if (!r) continue;
    any++;
    q->age |= r->age;
    if (r->value >= 0) q->numeric = false;
  }
  if (!any)
    return gm_fail(e->ctx, GM_ENOTFOUND, "quasi-identifier %d: no subject has such a covariate",
                   which + 1);
  if (q->age) q->numeric = true;
  if (q->asked->unit || q->age)
    snprintf(q->unit, sizeof q->unit, "%.200s", q->age ? "a" : q->asked->unit);
  return GM_OK;
}

static gm_status level_take(gm__deid *e, gm__deid_quasi *q, int32_t i, const gm__deid_row *r)
{
  q->level[i] =
      r->value >= 0 ? r->value : gm__deid_word_of(&e->words, "value", q->asked->name, r->text);
  if (q->level[i] >= 0) q->wide[i] = general_of(e, q->asked, q->level[i]);
  return q->level[i] < 0 || q->wide[i] < 0 ? gm_fail(e->ctx, GM_ENOMEM, "words") : GM_OK;
}

/* In what its cuts are, over what its values are in; 1 where nothing was said. */
static gm_status scale_take(gm__deid *e, const gm__deid_quasi *q, int32_t which, double *scale)
{
  gm_unit from, to;
  const char *said = q->asked->unit;
  *scale = 1;
  if (!said || !q->numeric) return GM_OK;
  gm_status st = gm_unit_parse(e->ctx, said, &from);
  if (!st) st = gm_unit_parse(e->ctx, q->unit, &to);
  if (!st) st = gm_unit_convert(e->ctx, &from, &to, 1, scale);
  return st ? gm_fail_at(e->ctx, st, "the cuts of quasi-identifier %d", which + 1) : GM_OK;
}

/* A unit that suits nobody would leave the column empty, which looks like data. */
static gm_status values_check(gm__deid *e, const gm__deid_quasi *q, int32_t which)
{
  bool any = !q->asked->unit || !q->numeric;
  for (int32_t i = 0; i < e->subject_count && !any; i++) any = !isnan(q->value[i]);
  return any ? GM_OK
             : gm_fail(
                   e->ctx, GM_EUNIT,
                   "quasi-identifier %d: nobody's value converts to the unit of its cuts, %.60s",
                   which + 1, q->asked->unit);
}

static gm_status values_take(gm__deid *e, gm__deid_quasi *q, int32_t which)
{
  gm_status st = form_take(e, q, which);
  for (int32_t i = 0; i < e->subject_count && !st; i++) {
    const gm__deid_row *r = first_of(e, i, which);
    q->value[i] = r && q->numeric ? value_of(e, q, r) : NAN;
    q->level[i] = q->wide[i] = -1;
    if (r && !q->numeric) st = level_take(e, q, i, r);
  }
  if (!st) st = scale_take(e, q, which, &q->scale);
  return st ? st : values_check(e, q, which);
}

enum { BINS = 16 };

/* Cuts of ages beyond 90 part nobody. */
static gm_status cuts_take(gm__deid *e, gm__deid_quasi *q)
{
  const gm_deidentify_quasi *a = q->asked;
  int32_t room = a->cut_count > BINS ? a->cut_count : BINS;
  q->cut = gm_arena_get(e->memory, room, sizeof *q->cut);
  double *scratch = gm_arena_get(e->memory, e->subject_count + 1, sizeof *scratch);
  if (!q->cut || !scratch) return gm_fail(e->ctx, GM_ENOMEM, "cuts");
  for (int32_t i = 0; i < a->cut_count; i++) {
    double cut = a->cut[i] * q->scale;
    if (!q->age || cut <= 90) q->cut[q->cut_count++] = decimal(cut);
  }
  if (!a->cut_count)
    q->cut_count = gm__deid_cuts(e->subject_count, q->value, BINS, scratch, q->cut);
  q->distinct = q->cut_count + 1;
  while ((1 << q->step_max) <= q->cut_count) q->step_max++;
  return GM_OK;
}

gm_status gm__deid_quasi_make(gm__deid *e, gm__deid_quasi *quasi)
{
  gm_status st = GM_OK;
  for (int32_t i = 0; i < e->o->quasi_count && !st; i++) {
    gm__deid_quasi *q = &quasi[i];
    *q = (gm__deid_quasi){.asked = &e->o->quasi[i]};
    q->value = gm_arena_get(e->memory, e->subject_count + 1, sizeof *q->value);
    q->level = gm_arena_get(e->memory, e->subject_count + 1, sizeof *q->level);
    q->wide = gm_arena_get(e->memory, e->subject_count + 1, sizeof *q->wide);
    if (!q->value || !q->level || !q->wide) return gm_fail(e->ctx, GM_ENOMEM, "groups");
    st = values_take(e, q, i);
    if (st) return st;
    q->step_max = q->numeric ? 0 : q->asked->level_count ? 2 : 1;
    if (q->numeric) st = cuts_take(e, q);
  }
  return st;
}

/* ---- what is shown --------------------------------------------------------------------------- */
/* All digits of a cut: who is below it is told by the number shown. */
static void number_add(gm_text *out, double v)
{
  char text[40];
  snprintf(text, sizeof text, "%.15g", v);
  gm_text_add(out, gm__number_point(text));
}

void gm__deid_label(const gm__deid *e, const gm__deid_quasi *q, int32_t subject, gm_text *out)
{
  int32_t code = gm__deid_code(q, subject);
  if (q->step >= q->step_max) {
    gm_text_add(out, "*");
    return;
  }
  if (code < 0) return;
  if (!q->numeric) {
    gm__deid_csv(out, gm__deid_word_tail(&e->words, code));
    return;
  }
  int32_t stride = (int32_t)1 << q->step, bins = q->cut_count / stride;
  int32_t low = code * stride - 1, high = (code + 1) * stride - 1;
  if (code == 0) gm_text_add(out, "<");
  if (code == 0) number_add(out, q->cut[high]);
  if (code == bins) gm_text_add(out, ">=");
  if (code > 0) number_add(out, q->cut[low]);
  if (code == 0 || code == bins) return;
  gm_text_add(out, " to <");
  number_add(out, q->cut[high]);
}
