/* bank_ask.c - the answer of one card to a query. */
#include "bank_query.h"
#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

/* ---- what a card holds ------------------------------------------------------------------------
 */
const gm_card_forecast *gm__card_forecast_at(const gm_card *c, const char *observable,
                                             double after_s)
{
  const gm_card_forecast *best = NULL;
  double t = c->t_made_s + after_s;
  for (int32_t i = 0; i < c->forecast_count; i++) {
    const gm_card_forecast *f = &c->forecast[i];
    if (strcmp(f->observable, observable) != 0) continue;
    bool better =
        !best || (isnan(after_s) ? f->t_s > best->t_s : fabs(f->t_s - t) < fabs(best->t_s - t));
    if (better) best = f;
  }
  bool near = best && (isnan(after_s) || fabs(best->t_s - t) <= 0.1 * fabs(after_s));
  return near ? best : NULL;
}

static const gm_card_parameter *parameter_of(const gm_card *c, const char *name)
{
  for (int32_t i = 0; i < c->parameter_count; i++)
    if (!strcmp(c->parameter[i].name, name)) return &c->parameter[i];
  return NULL;
}

static const gm_card_covariate *covariate_of(const gm_card *c, const char *name)
{
  for (int32_t i = 0; i < c->covariate_count; i++)
    if (!strcmp(c->covariate[i].name, name)) return &c->covariate[i];
  return NULL;
}

/* ---- comparing --------------------------------------------------------------------------------
 */
/* The same units come card after card: what was worked out last time is kept. */
static void convert(gm_query *q, gm__quantity *x, const char *unit)
{
  gm_unit to;
  snprintf(x->last, sizeof x->last, "%s", unit);
  x->in_last = NAN;
  if (gm_unit_parse(q->ctx, unit[0] ? unit : "1", &to)) return;
  if (gm_unit_convert(q->ctx, &x->unit, &to, x->value, &x->in_last)) x->in_last = NAN;
}

bool gm__quantity_in(gm_query *q, gm__quantity *x, const char *unit, double *out)
{
  *out = x->value;
  if (!x->has_unit) return true;
  bool first = !x->last[0] && isnan(x->in_last);
  if (first || strcmp(x->last, unit) != 0) convert(q, x, unit);
  q->compared++;
  q->not_converted += isnan(x->in_last);
  *out = x->in_last;
  return !isnan(x->in_last);
}

static bool holds(double v, gm__sign sign, double w)
{
  switch (sign) {
  case GM__LESS: return v < w;
  case GM__LESS_EQUAL: return v <= w;
  case GM__MORE: return v > w;
  case GM__MORE_EQUAL: return v >= w;
  case GM__EQUAL: return v == w;
  case GM__OTHER: return v != w;
  }
  return false;
}

static gm_answer answer(bool yes) { return yes ? GM_ANSWER_YES : GM_ANSWER_NO; }

static gm_answer compare(gm_query *q, gm__query_node *n, double v, const char *unit)
{
  double w;
  if (isnan(v) || !gm__quantity_in(q, &n->against, unit, &w)) return GM_ANSWER_UNKNOWN;
  return answer(holds(v, n->sign, w));
}

/* A spread is a difference: of units whose scale has a zero point of its own only the same one can
 * be compared. */
static gm_answer compare_spread(gm_query *q, gm__query_node *n, double v, const char *unit)
{
  gm_unit to;
  double factor = 1;
  if (!n->against.has_unit) return compare(q, n, v, unit);
  gm_status st = gm_unit_parse(q->ctx, unit[0] ? unit : "1", &to);
  q->compared++;
  if (!st && !gm_unit_equal(&n->against.unit, &to))
    st = gm_unit_factor(q->ctx, &n->against.unit, &to, &factor);
  if (st) {
    gm_message_clear(q->ctx);
    q->not_converted++;
    return GM_ANSWER_UNKNOWN;
  }
  return answer(holds(v, n->sign, n->against.value * factor));
}

/* A comparison of what is known to a bound holds, or does not, only if it does all over it. */
static gm_answer chance_compare(const gm__query_node *n, const gm_chance *c)
{
  double w = n->against.value;
  if (c->low == c->high) return answer(holds(c->p, n->sign, w));
  bool at_low = holds(c->low, n->sign, w), at_high = holds(c->high, n->sign, w);
  bool inside = w >= c->low && w <= c->high;
  if (n->sign == GM__EQUAL || n->sign == GM__OTHER)
    return inside ? GM_ANSWER_UNKNOWN : answer(n->sign == GM__OTHER);
  return at_low == at_high ? answer(at_low) : GM_ANSWER_UNKNOWN;
}

static gm_answer ask_chance(gm_query *q, gm__query_node *n, const gm_card *c, gm_chance *out)
{
  double x;
  const gm_card_forecast *f = gm__card_forecast_at(c, n->name, n->after_s);
  if (!f || !gm__quantity_in(q, &n->x, f->unit, &x)) return GM_ANSWER_UNKNOWN;
  gm_chance p = gm__card_chance(f, n->measured, x, n->inner);
  if (out && isnan(out->p)) *out = p;
  return chance_compare(n, &p);
}

static gm_answer ask_moment(gm_query *q, gm__query_node *n, const gm_card *c)
{
  const gm_card_parameter *p = isnan(n->after_s) ? parameter_of(c, n->name) : NULL;
  const gm_card_forecast *f = p ? NULL : gm__card_forecast_at(c, n->name, n->after_s);
  if (!p && !f) return GM_ANSWER_UNKNOWN;
  double v = n->ask == GM__ASK_MEAN ? (p ? p->mean : f->mean)
             : n->ask == GM__ASK_SD
                 ? (p ? p->sd : f->sd)
                 : (p ? p->quantile[GM_CARD_QUANTILES / 2] : f->quantile[GM_QUANTILE_COUNT / 2]);
  const char *unit = p ? p->unit : f->unit;
  return n->ask == GM__ASK_SD ? compare_spread(q, n, v, unit) : compare(q, n, v, unit);
}

static gm_answer ask_covariate(gm_query *q, gm__query_node *n, const gm_card *c)
{
  const gm_card_covariate *v = covariate_of(c, n->name);
  if (!v || (v->level[0] != 0) != (n->word != NULL)) return GM_ANSWER_UNKNOWN;
  if (n->word) return answer((strcmp(v->level, n->word) == 0) == (n->sign == GM__EQUAL));
  return compare(q, n, v->value, v->unit);
}

static gm_answer ask_leaf(gm_query *q, gm__query_node *n, const gm_card *c, double now_s,
                          gm_chance *chance)
{
  switch (n->ask) {
  case GM__ASK_CHANCE: return ask_chance(q, n, c, chance);
  case GM__ASK_MEAN:
  case GM__ASK_SD:
  case GM__ASK_MEDIAN: return ask_moment(q, n, c);
  case GM__ASK_COVARIATE: return ask_covariate(q, n, c);
  case GM__ASK_HEALTH: return answer(holds((double)c->health, n->sign, n->number));
  case GM__ASK_LEVEL: return answer(holds((double)c->level, n->sign, n->number));
  case GM__ASK_DATA_AGE: return compare(q, n, now_s - c->t_datum_s, "s");
  default: return GM_ANSWER_UNKNOWN;
  }
}

/* Kleene: the answers are ordered no, unknown, yes. */
static gm_answer ask(gm_query *q, int32_t at, const gm_card *c, double now_s, gm_chance *chance)
{
  gm__query_node *n = &q->node[at];
  if (n->ask > GM__ASK_NOT) return ask_leaf(q, n, c, now_s, chance);
  gm_answer a = ask(q, n->a, c, now_s, chance);
  if (n->ask == GM__ASK_NOT) return (gm_answer)(GM_ANSWER_YES - a);
  if (a == (n->ask == GM__ASK_AND ? GM_ANSWER_NO : GM_ANSWER_YES)) return a;
  gm_answer b = ask(q, n->b, c, now_s, chance);
  return n->ask == GM__ASK_AND ? (a < b ? a : b) : a > b ? a : b;
}

gm_answer gm_query_ask(gm_query *q, const gm_card *c, double now_s, gm_chance *chance)
{
  assert(q && c);
  if (chance) *chance = (gm_chance){NAN, NAN, NAN, NAN};
  return ask(q, q->root, c, now_s, chance);
}
