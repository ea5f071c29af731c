/* report.c - one self-contained HTML file about a twin.
 *
 * The file loads nothing and runs nothing: style and charts are inside, and a content security
 * policy of the page forbids the rest, so that it can be opened from a hospital's file share. It
 * holds no date of its own: the same input gives the same bytes. */
#include "interop/report_internal.h"
#include <assert.h>
#include <locale.h>
#include <math.h>
#include <string.h>

/* Hours are shown as days when the whole lasts longer than this. */
#define DAYS_FROM_H 1000.0

/* ---- units of time ------------------------------------------------------------------------- */
static double last_time(const report *r)
{
  double last = gm_subject_t_last(r->s);
  const gm_forecast *f = r->in->forecast;
  if (f && f->time_count > 0) last = fmax(last, f->time[f->time_count - 1]);
  return last;
}

static void choose_time(report *r)
{
  r->time_unit = "time units";
  r->time_scale = 1;
  if (!r->t) return;
  if (r->d->model) gm_model_get_info(r->d->model, &r->info);
  if (r->info.time_unit && r->info.time_unit[0]) r->time_unit = r->info.time_unit;
  r->time_in_hours = !strcmp(r->time_unit, "h");
  if (!r->time_in_hours || last_time(r) - gm_subject_t_first(r->s) <= DAYS_FROM_H) return;
  r->time_unit = "d";
  r->time_scale = 1.0 / 24;
  r->time_in_hours = false;
}

/* ---- the page ------------------------------------------------------------------------------ */
static const char *title_of(const report *r)
{
  if (!r->t) return "Twin";
  if (r->d->title && r->d->title[0]) return r->d->title;
  return r->d->twin && r->d->twin[0] ? r->d->twin : "Twin";
}

static void page_begin(report *r)
{
  gm__put(r, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
             "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
             "<meta http-equiv=\"Content-Security-Policy\" "
             "content=\"default-src 'none';style-src 'unsafe-inline'\">\n<title>");
  gm__putf(r, "%s%s%s", title_of(r), r->t ? ", subject " : "", r->t ? gm_subject_id(r->s) : "");
  gm__put(r, "</title>\n<style>\n");
  gm__put(r, gm__report_style);
  gm__put(r, "</style>\n</head>\n<body>\n");
}

static void head_entry(report *r, const char *term, const char *text)
{
  if (!text || !text[0]) return;
  gm__put(r, "<dt>");
  gm__put(r, term);
  gm__put(r, "</dt><dd>");
  gm__html_text(r->out, text);
  gm__put(r, "</dd>\n");
}

static void page_head(report *r)
{
  gm__put(r, "<header>\n<h1>");
  gm__html_text(r->out, title_of(r));
  gm__put(r, "</h1>\n<dl>");
  if (r->t) {
    head_entry(r, "Question", r->d->question);
    head_entry(r, "Context of use",
               r->d->context_of_use && r->d->context_of_use[0] ? r->d->context_of_use
                                                               : "not stated");
  }
  head_entry(r, "Note", r->in->note);
  gm__put(r, "</dl>\n<p class=\"person\">A person decides. This report informs; it commands "
             "nothing.</p>\n");
  if (r->t)
    gm__put(r, "<nav aria-label=\"Contents\"><a href=\"#forecast\">Forecast</a> "
               "<a href=\"#proposal\">Proposal</a> <a href=\"#comparison\">Plans compared</a> "
               "<a href=\"#parameters\">Parameters</a> <a href=\"#fit\">Fit</a> "
               "<a href=\"#uncertainty\">Uncertainty</a> <a href=\"#data\">Data</a> "
               "<a href=\"#unknown\">Not known</a> <a href=\"#made\">Made by</a></nav>\n");
  gm__put(r, "</header>\n<main>\n");
}

static void page_body(report *r)
{
  gm__report_warnings(r);
  if (!r->t) {
    gm__put_paragraph(r, "Left out: no twin was given to this report, and without it there is "
                         "nothing to say about a subject.");
    return;
  }
  gm__report_brief(r);
  gm__report_subject(r);
  gm__report_charts(r);
  gm__report_proposal(r);
  gm__report_comparison(r);
  gm__report_parameters(r);
  gm__report_fit(r);
  gm__report_uncertainty(r);
  gm__report_data(r);
}

static gm_status write_page(report *r)
{
  gm_status st = gm__report_parameters_make(r);
  if (st) return st;
  page_begin(r);
  page_head(r);
  page_body(r);
  gm__put(r, "</main>\n<footer>\n");
  gm__report_foot(r);
  gm__put(r, "</footer>\n</body>\n</html>\n");
  if (!r->out->status) return GM_OK;
  return gm_fail(r->ctx, r->out->status, "report: no memory after %zu bytes", r->out->bytes);
}

gm_status gm_report_html(gm_ctx *ctx, const gm_report_input *in, gm_text *out)
{
  assert(ctx && in && out);
  gm_text page;
  gm_text_init(&page, ctx);
  gm_report_input used = *in;
  /* what is withheld is not drawn either */
  if (in->proposal && in->proposal->withheld) used.proposed = NULL;
  report r = {.ctx = ctx, .in = &used, .t = in->twin, .out = &page};
  r.c = in->comparison ? in->comparison : in->proposal ? in->proposal->comparison : NULL;
  if (r.t) {
    r.d = r.t->definition;
    r.s = r.t->subject;
  } else
    r.c = NULL;
  /* numbers with a point, whatever the program around us has set for this thread */
  locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
  if (!c_locale) return gm_fail(ctx, GM_ENOMEM, "report");
  locale_t before = uselocale(c_locale); /* lint: allow uselocale, because it is put back */
  choose_time(&r);
  gm_status st = write_page(&r);
  uselocale(before); /* lint: allow uselocale, because this puts it back */
  freelocale(c_locale);
  if (!st) {
    gm_text_addn(out, page.data, page.bytes);
    if (out->status) st = gm_fail(ctx, out->status, "report of %zu bytes", page.bytes);
  }
  gm_text_free(&page);
  gm_free(r.parameter);
  return st;
}
