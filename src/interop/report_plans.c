/* report_plans.c - plans side by side, and what is proposed. */
#include "interop/report_internal.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { PROPOSALS_SHOWN = 5 };

/* ---- comparison ---------------------------------------------------------------------------- */
/* "low 20 %, high 40 %" */
static void target_text(const gm_def_target *g, char out[3 * GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES];
  size_t room = 3 * GM__INTERVAL_BYTES;
  gm__unit_after(g->unit, unit);
  gm__number_given(g->low, a);
  gm__number_given(g->high, b);
  if (isfinite(g->low) && isfinite(g->high))
    snprintf(out, room, "%.100s %s, %s to %s%s", g->observable, gm__target_words(g->kind), a, b,
             unit);
  else if (isfinite(g->low))
    snprintf(out, room, "%.100s %s, at least %s%s", g->observable, gm__target_words(g->kind), a,
             unit);
  else if (isfinite(g->high))
    snprintf(out, room, "%.100s %s, at most %s%s", g->observable, gm__target_words(g->kind), b,
             unit);
  else
    snprintf(out, room, "%.100s %s, near %s%s", g->observable, gm__target_words(g->kind),
             gm__number_given(g->best, a), unit);
}

/* An interval of shares: "63 % (41 % to 80 %)". */
static void share_interval(const gm_estimate *e, char out[GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], c[GM__NUMBER_BYTES];
  snprintf(out, GM__INTERVAL_BYTES, "%s (%s\xC2\xA0to\xC2\xA0%s)", gm__percent(e->mean, true, a),
           gm__percent(e->low, true, b), gm__percent(e->high, true, c));
}

static void target_cells(report *r, const gm_def_target *g, const gm_target_result *t)
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], c[GM__NUMBER_BYTES], text[GM__INTERVAL_BYTES],
      unit[GM__INTERVAL_BYTES];
  if (g->kind == GM_TARGET_RANGE)
    share_interval(&t->value, text);
  else
    gm__interval(t->value.mean, t->value.low, t->value.high, text);
  gm__cell(r, "%s%s", text, g->kind == GM_TARGET_RANGE ? "" : gm__unit_after(g->unit, unit));
  gm__cell(r, "%s %s; %s below, %s above", gm__percent(t->attained, false, a),
           g->kind == GM_TARGET_RANGE ? "inside" : "met", gm__percent(t->below, false, b),
           gm__percent(t->above, false, c));
}

/* Members that fare the same are counted half to either side, as in gm_plan_result. */
const char *gm__better_text(const gm_plan_result *p, char out[GM__INTERVAL_BYTES])
{
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES];
  snprintf(out, GM__INTERVAL_BYTES, "better with probability %s, worse with %s",
           gm__percent(p->better, false, a), gm__percent(1 - p->better, false, b));
  return out;
}

const char *gm__report_course(const report *r)
{
  return r->in->as_recorded ? "under the doses that were given" : "as it is";
}

int32_t gm__first_proposal(const gm_proposal *p)
{
  return p && !p->withheld && p->candidate_count > 0 ? p->rank[0] : -1;
}

static void gain_cell(report *r, const gm_plan_result *p, bool base)
{
  char text[GM__INTERVAL_BYTES];
  if (base) {
    gm__cell(r, "the yardstick");
    return;
  }
  gm__utility_interval(p->gain.mean, p->gain.low, p->gain.high, text);
  gm__cell(r, "%s%s", text, p->distinguishable ? "" : "; no distinguishable difference");
}

static void plan_row(report *r, int32_t i)
{
  const gm_comparison *c = r->c;
  const gm_plan_result *p = &c->result[i];
  char n[GM__NUMBER_BYTES], text[GM__INTERVAL_BYTES], odds[GM__INTERVAL_BYTES];
  bool base = i == c->as_it_is, marked = base || i == c->nothing;
  gm__report_row_open(r, marked ? "mark" : NULL);
  gm__row_head(r, "%s%s", c->plan[i].name,
               base              ? " (going on)"
               : i == c->nothing ? " (no more doses)"
               : r->in->proposal && r->in->proposal->comparison == c &&
                       gm__first_proposal(r->in->proposal) == i
                   ? " (first proposal)"
                   : "");
  gm__cell(r, "%s", gm__utility_interval(p->utility.mean, p->utility.low, p->utility.high, text));
  for (int32_t g = 0; g < c->target_count; g++) target_cells(r, &r->d->target[g], &p->target[g]);
  gain_cell(r, p, base);
  gm__cell(r, "%s", base ? "\xE2\x80\x93" : gm__better_text(p, odds));
  gm__cell(r, "%s", gm__utility(p->regret, n));
  gm__row_close(r);
}

/* Heads of a table with two columns for each target; text holds the targets' names. */
static gm_status comparison_table(report *r)
{
  const gm_comparison *c = r->c;
  int32_t heads_count = 6 + 2 * c->target_count, n = 0;
  const char **head = gm_alloc(r->ctx, heads_count, sizeof *head);
  char(*text)[3 * GM__INTERVAL_BYTES] = gm_alloc(r->ctx, c->target_count, sizeof *text);
  if (!head || !text) {
    gm_free(head);
    gm_free(text);
    return gm_fail(r->ctx, GM_ENOMEM, "report: %d targets", (int)c->target_count);
  }
  head[n++] = "Plan";
  head[n++] = "Utility (90\xC2\xA0%)";
  for (int32_t g = 0; g < c->target_count; g++) {
    target_text(&r->d->target[g], text[g]);
    head[n++] = text[g];
    head[n++] = r->d->target[g].kind == GM_TARGET_RANGE ? "Share of time" : "Probability";
  }
  head[n++] = "Gain over as it is (90\xC2\xA0%)";
  head[n++] = "Against as it is";
  head[n++] = "Expected regret";
  gm__table_open(r, "Utility and targets of each plan", head);
  plan_row(r, c->as_it_is);
  if (c->nothing != c->as_it_is) plan_row(r, c->nothing);
  for (int32_t i = 0; i < c->plan_count; i++)
    if (i != c->as_it_is && i != c->nothing) plan_row(r, i);
  gm__table_close(r);
  gm_free(head);
  gm_free(text);
  return GM_OK;
}

void gm__report_comparison(report *r)
{
  char from[GM__NUMBER_BYTES * 2], to[GM__NUMBER_BYTES * 2];
  gm__put(r, "<section id=\"comparison\"><h2>Plans compared</h2>\n");
  if (!r->c)
    gm__put_paragraph(r, "Left out: no comparison was given to this report.");
  else {
    gm__put(r, "<p>");
    gm__putf(r, "From %s to %s. ", gm__time_text(r, r->c->t_now, from),
             gm__time_text(r, r->c->t_end, to));
    gm__put(r, "All plans were run on the same members, so that differences are paired. Utility: "
               "mean attainment of the targets, 0 to 1. Gain: utility minus that of going on as it "
               "is; members that fare the same are counted half as better, half as worse. No "
               "distinguishable difference: more than 5 % of the members would fare the other way "
               "round, or the mean gain is within twice its Monte Carlo error. Expected regret: "
               "utility lost on average against the plan that is best for "
               "each member. Utility, gain and regret have no unit.");
    if (r->t->lineage)
      gm__put(r,
              " The model moves by chance: every plan has the same draws, so that what differs is "
              "the plan; between real futures, which do not share their chance, the probability "
              "of faring better is usually nearer to one half.");
    gm__put(r, "</p>\n");
    gm_status st = comparison_table(r);
    if (st) r->out->status = st;
  }
  gm__put(r, "</section>\n");
}

/* ---- proposal ------------------------------------------------------------------------------ */
static void proposal_items(report *r, int32_t from, int32_t to)
{
  const gm_proposal *p = r->in->proposal;
  gm_text_addf(r->out, "<ol start=\"%d\">\n", (int)from + 1);
  for (int32_t i = from; i < to; i++) {
    const gm_plan *plan = &p->comparison->plan[p->rank[i]];
    char when[GM__NUMBER_BYTES * 2], odds[GM__INTERVAL_BYTES];
    gm__put(r, "<li><strong>");
    gm__putf(r, "%s", plan->name);
    gm__put(r, "</strong>");
    if (plan->event_count > 0)
      gm__putf(r, ", first at %s", gm__time_text(r, plan->event[0].t, when));
    gm__putf(r, ". %s.", p->reason[i]);
    if (p->rank[i] != p->comparison->as_it_is)
      gm__putf(r, " Against as it is: %s.",
               gm__better_text(&p->comparison->result[p->rank[i]], odds));
    gm__put(r, "</li>\n");
  }
  gm__put(r, "</ol>\n");
}

static void left_out(report *r)
{
  const gm_proposal *p = r->in->proposal;
  if (p->left_out_count == 0) {
    gm__put_paragraph(r, "No candidate was left out by a limit.");
    return;
  }
  gm__put(r, "<h3>Left out by limits</h3><ul>\n");
  for (int32_t i = 0; i < p->left_out_count; i++) {
    gm__put(r, "<li>");
    gm__putf(r, "%s", p->left_out[i]);
    gm__put(r, "</li>\n");
  }
  gm__put(r, "</ul>\n");
}

/* The first candidates, the others folded; or why none is put first, and all of them folded. */
static void candidates(report *r)
{
  const gm_proposal *p = r->in->proposal;
  int32_t shown = p->candidate_count < PROPOSALS_SHOWN ? p->candidate_count : PROPOSALS_SHOWN;
  if (p->withheld) {
    gm__put(r, "<p class=\"person\">Nothing is proposed: ");
    gm__putf(r, "%s", p->withheld);
    gm__put(r, ". A person decides.</p>\n");
    shown = 0;
  } else {
    gm__put(r,
            "<p class=\"person\">A person decides. These are suggestions, ranked by utility; among "
            "plans that cannot be told apart the smaller dose comes first.</p>\n");
    if (shown > 0)
      proposal_items(r, 0, shown);
    else
      gm__put_paragraph(r, "There is no candidate.");
  }
  if (p->candidate_count <= shown) return;
  gm__put(r, p->withheld ? "<details><summary>The candidates that were compared, not proposed"
                         : "<details><summary>The other candidates");
  gm__put(r, "</summary>\n");
  proposal_items(r, shown, p->candidate_count);
  gm__put(r, "</details>\n");
}

void gm__report_proposal(report *r)
{
  gm__put(r, "<section id=\"proposal\"><h2>Proposal</h2>\n");
  if (r->in->proposal) {
    candidates(r);
    left_out(r);
  } else
    gm__put_paragraph(r, "Left out: no proposal was given to this report.");
  gm__put(r, "</section>\n");
}
