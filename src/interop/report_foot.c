/* report_foot.c - data and doses, what the twin does not know, and what made the report. */
#include "interop/report_internal.h"
#include <math.h>
#include <stdio.h>

enum { ROWS_OPEN = 30 }; /* longer tables are folded */

/* ---- data and doses ------------------------------------------------------------------------ */
static void fold_open(report *r, int32_t rows, const char *words)
{
  gm__put(r, rows <= ROWS_OPEN ? "<details open><summary>" : "<details><summary>");
  gm__putf(r, "%s (%d)", words, (int)rows);
  gm__put(r, "</summary>\n");
}

static void datum_row(report *r, const gm_datum *d, bool learned)
{
  const gm_observable *o = &r->d->observable[d->observable];
  char n[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES];
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", gm__number_given(d->t * r->time_scale, n));
  gm__cell(r, "%s", o->name);
  gm__cell(r, "%s%s%s",
           d->censored > 0   ? "below "
           : d->censored < 0 ? "above "
                             : "",
           gm__number_given(d->value, n), gm__unit_after(o->unit, unit));
  gm__cell(r, "%s", learned ? "learned from" : "after now, not learned from");
  gm__row_close(r);
}

static void data_table(report *r, const char *time)
{
  const char *heads[] = {time, "Observable", "Value", "Use", NULL};
  int32_t count = 0;
  const gm_datum *d = gm_subject_data(r->s, &count);
  fold_open(r, count, "Measurements");
  if (count == 0)
    gm__put_paragraph(r, "None.");
  else {
    gm__table_open(r, "Measurements", heads);
    for (int32_t j = 0; j < count; j++) datum_row(r, &d[j], j < r->t->learned);
    gm__table_close(r);
  }
  gm__put(r, "</details>\n");
}

static const char *event_words(gm_event_kind kind)
{
  switch (kind) {
  case GM_EVENT_DOSE: return "dose";
  case GM_EVENT_OTHER: return "other";
  case GM_EVENT_RESET: return "reset";
  case GM_EVENT_RESET_DOSE: return "reset and dose";
  case GM_EVENT_REPLACE: return "replaced";
  }
  return "";
}

/* How it is given: at once, over a time, at a rate; repeats; steady state. */
static void event_manner(report *r, const gm_event *e, double to_model, const char *unit)
{
  char n[GM__NUMBER_BYTES], when[GM__NUMBER_BYTES * 2];
  gm__put(r, "<td>");
  if (e->mode != GM_DOSE_GIVEN)
    gm__putf(r, "infusion, its %s modelled",
             e->mode == GM_DOSE_RATE_MODELLED ? "rate" : "duration");
  else if (e->rate > 0)
    gm__putf(r, "infusion of %s%s per %s", gm__number_given(e->rate / to_model / r->time_scale, n),
             unit, r->time_unit);
  else if (e->duration > 0)
    gm__putf(r, "infusion over %s", gm__time_text(r, e->duration, when));
  else
    gm__put(r, "at once");
  if (e->additional > 0)
    gm__putf(r, ", then %d more every %s", (int)e->additional, gm__time_text(r, e->interval, when));
  if (e->steady)
    gm__putf(r, ", at steady state of one every %s", gm__time_text(r, e->interval, when));
  gm__put(r, "</td>");
}

static void event_row(report *r, const gm_event *e)
{
  bool amount = e->input >= 0 && e->input < r->d->input_count;
  const gm_def_input *in = amount ? &r->d->input[e->input] : NULL;
  char n[GM__NUMBER_BYTES], unit[GM__INTERVAL_BYTES] = "";
  gm__report_row_open(r, NULL);
  gm__row_head(r, "%s", gm__number_given(e->t * r->time_scale, n));
  gm__cell(r, "%s", event_words(e->kind));
  gm__cell(r, "%s", in ? in->name : "\xE2\x80\x93");
  if (in) {
    gm__unit_after(in->unit, unit);
    gm__cell(r, "%s%s", gm__number_given(e->amount / in->to_model, n), unit);
    event_manner(r, e, in->to_model, unit);
  } else {
    gm__cell(r, "\xE2\x80\x93");
    gm__cell(r, "\xE2\x80\x93");
  }
  gm__cell(r, "%s", e->t > r->t->t_now ? "after now" : "");
  gm__row_close(r);
}

static void dose_table(report *r, const char *time)
{
  const char *heads[] = {time, "What", "Input", "Amount", "How", "Remark", NULL};
  int32_t count = 0, shown = 0;
  const gm_event *e = gm_subject_events(r->s, &count);
  for (int32_t i = 0; i < count; i++) shown += e[i].kind != GM_EVENT_OTHER;
  fold_open(r, shown, "Doses and other events");
  if (shown == 0)
    gm__put_paragraph(r, "None.");
  else {
    gm__table_open(r, "Doses and other events", heads);
    for (int32_t i = 0; i < count; i++)
      if (e[i].kind != GM_EVENT_OTHER) event_row(r, &e[i]);
    gm__table_close(r);
  }
  gm__put(r, "</details>\n");
}

void gm__report_data(report *r)
{
  char time[GM__INTERVAL_BYTES];
  gm__head_time(r, time);
  gm__put(r, "<section id=\"data\"><h2>Data</h2>\n");
  if (r->in->data_path) {
    gm__put(r, "<p>");
    gm__putf(r, "Source: %s", r->in->data_path);
    gm__put(r, "</p>\n");
  } else
    gm__put_paragraph(r, "The source of the data was not given to this report.");
  data_table(r, time);
  dose_table(r, time);
  gm__put(r, "</section>\n");
}

/* ---- what it does not know ----------------------------------------------------------------- */
static void item(report *r, const char *text)
{
  gm__put(r, "<li>");
  gm__html_text(r->out, text);
  gm__put(r, "</li>\n");
}

static void needs(report *r)
{
  for (int32_t i = 0; i < r->d->need_count; i++) {
    const gm_need *n = &r->d->need[i];
    char a[GM__NUMBER_BYTES], when[GM__NUMBER_BYTES * 2], unit[GM__INTERVAL_BYTES] = " %";
    bool share = isfinite(n->within);
    if (!share && n->index >= 0) gm__unit_after(r->d->observable[n->index].unit, unit);
    gm__put(r, "<li>");
    gm__putf(r,
             "Whether it is accurate enough: %s within %s%s at %s, against %s, is needed; one "
             "report cannot judge that.",
             n->observable, gm__number_given(share ? 100 * n->within : n->within_absolute, a), unit,
             gm__time_text(r, n->at, when), n->against && n->against[0] ? n->against : "nothing");
    gm__put(r, "</li>\n");
  }
}

static void unknowns(report *r)
{
  gm__put(r, "<section id=\"unknown\"><h2>What the twin does not know</h2><ul>\n");
  item(r, "Anything that is not in the model or not in the data above: other illnesses, other "
          "medicines, doses not taken, mistakes in measuring or recording.");
  item(r,
       "Whether the structure of the model is right: the intervals hold the spread of parameters "
       "and measurements under this model, not the error of the model itself.");
  item(r, "Whether the population that the prior stems from holds people like this one.");
  if (r->in->forecast && r->in->forecast->var_state) {
    bool still = true;
    const gm_forecast *f = r->in->forecast;
    for (int32_t i = 0; i < f->observable_count * f->time_count; i++)
      still = still && !(f->var_state[i] > 0) && !(f->var_intrinsic[i] > 0);
    if (still)
      item(r,
           "Change within the subject: given its parameters, this model leaves nothing to chance, "
           "so a change of the illness over time shows only as a poor fit.");
  }
  for (int32_t p = 0; r->parameter && r->t->learned > 0 && p < r->d->parameter_count; p++) {
    if (!r->parameter[p].unidentified) continue;
    gm__put(r, "<li>");
    gm__putf(r, "The subject's own %s: the data do not identify it.", r->d->parameter[p].name);
    gm__put(r, "</li>\n");
  }
  needs(r);
  gm__put(r, "</ul></section>\n");
}

static void assumptions(report *r)
{
  gm__put(r, "<section id=\"assumptions\"><h2>Assumptions</h2>\n");
  if (r->d->assumption_count == 0)
    gm__put_paragraph(r, "The definition states none. That does not mean there are none.");
  else {
    gm__put(r, "<ul>\n");
    for (int32_t i = 0; i < r->d->assumption_count; i++) {
      const gm_assumption *a = &r->d->assumption[i];
      gm__put(r, "<li>");
      gm__putf(r, a->on && a->on[0] ? "%s (rests on %s)" : "%s%s", a->text, a->on ? a->on : "");
      gm__put(r, "</li>\n");
    }
    gm__put(r, "</ul>\n");
  }
  gm__put(r, "</section>\n<section id=\"sources\"><h2>Sources</h2>\n");
  if (r->d->source_count == 0)
    gm__put_paragraph(r, "The definition names none.");
  else {
    gm__put(r, "<ol>\n");
    for (int32_t i = 0; i < r->d->source_count; i++) item(r, r->d->source[i]);
    gm__put(r, "</ol>\n");
  }
  gm__put(r, "</section>\n");
}

/* ---- what made it -------------------------------------------------------------------------- */
static void entry(report *r, const char *term, const char *format, ...) GM_PRINTF(3, 4);
static void entry(report *r, const char *term, const char *format, ...)
{
  char text[1024];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  gm__put(r, "<dt>");
  gm__html_text(r->out, term);
  gm__put(r, "</dt><dd>");
  gm__html_text(r->out, text);
  gm__put(r, "</dd>\n");
}

static const char *or_unknown(const char *text) { return text && text[0] ? text : "not stated"; }

static void belief_entries(report *r)
{
  const gm_members *m = r->t->posterior;
  char a[GM__NUMBER_BYTES], b[GM__NUMBER_BYTES], c[GM__NUMBER_BYTES];
  entry(r, "Seed", "%llu", (unsigned long long)r->t->seed);
  if (m) {
    entry(r, "Members", "%d; effective sample size %s (%s of the raw importance weights)",
          (int)m->n, gm__number(m->ess, a), gm__number(m->ess_raw, b));
    entry(r, "Method", "%s%s; Pareto shape k %s", or_unknown(m->method),
          m->stages > 0 ? ", tempered" : "", gm__number(m->khat, c));
    if (m->stages > 0)
      entry(r, "Tempering", "%d stages, %s of the moves accepted", (int)m->stages,
            gm__percent(m->acceptance, false, a));
    if (r->t->learned > 0)
      entry(r, "Log evidence", "%s, Monte Carlo error %s", gm__number(m->log_evidence, a),
            gm__number(m->log_evidence_sd, b));
  }
  if (r->t->mode)
    entry(r, "Rung", "%s; search %s after %d steps (%s)", or_unknown(r->t->mode->rung),
          r->t->mode->converged ? "converged" : "did not converge", (int)r->t->mode->iterations,
          or_unknown(r->t->mode->stopped));
}

static void versions(report *r)
{
  gm__put(r, "<section id=\"made\"><h2>What made this report</h2><dl>\n");
  entry(r, "Gemel", "%s", gm_version());
  if (r->t) {
    entry(r, "Definition", "%.400s (%.400s)", or_unknown(r->d->twin), or_unknown(r->d->path));
    entry(r, "Model", "%.400s, file %.400s", or_unknown(r->info.name),
          or_unknown(r->d->model_file));
    entry(r, "Solver", "%.400s", or_unknown(r->info.solver));
    belief_entries(r);
  }
  gm__put(r, "</dl></section>\n");
}

void gm__report_foot(report *r)
{
  if (r->t) {
    unknowns(r);
    assumptions(r);
  }
  versions(r);
}
