/* deidentify_report.c - what was done, identifier by identifier, and what is not promised. */
#include "base/json_write.h"
#include "base/number.h"
#include "interop/deidentify_internal.h"
#include <stdio.h>
#include <string.h>

/* 45 CFR 164.514(b)(2)(i), (A) to (R). */
typedef struct {
  const char *letter, *what, *where, *done;
} identifier;
static const identifier safe_harbor[] = {
    {"A", "names", "the subject's id, who wrote a record, notes",
     "left out; subjects have pseudonyms: keyed hashes of random numbers"},
    {"B", "places smaller than a state", "covariates, source names",
     "sources left out; a covariate goes out only when asked for, and then grouped or as given"},
    {"C", "dates except the year, ages over 89", "the times of all facts; ages",
     "each subject's times moved by a whole number of days, 1 to 365 either way; ages over 89, "
     "and those that would be by the last fact, are 90"},
    {"D", "telephone numbers", "free text", "no free text goes out"},
    {"E", "fax numbers", "free text", "no free text goes out"},
    {"F", "e-mail addresses", "free text, who wrote a record", "left out"},
    {"G", "social security numbers", "ids of sources, free text", "left out"},
    {"H", "medical record numbers", "ids of records and subjects", "left out"},
    {"I", "health plan numbers", "ids of sources", "left out"},
    {"J", "account numbers", "ids of sources", "left out"},
    {"K", "certificate and licence numbers", "ids of sources; licences of data", "left out"},
    {"L", "vehicle numbers", "free text", "no free text goes out"},
    {"M", "device identifiers and serial numbers", "source and id of device data",
     "left out; that it came from a device (class) stays"},
    {"N", "web addresses", "source names, code systems", "left out"},
    {"O", "IP addresses", "source names", "left out"},
    {"P", "biometric identifiers", "measurements of a definition that are such",
     "none is known to Gemel: a definition that has one is not to be exported"},
    {"Q", "photographs", "none: a thread holds no images", "nothing to do"},
    {"R", "any other unique number, characteristic or code",
     "twin names, versions, numbers of records, covariates",
     "left out; words that fewer than k subjects share are left out; covariates only when asked "
     "for"},
};
enum { IDENTIFIERS = sizeof safe_harbor / sizeof safe_harbor[0] };

static const char *const not_promised[] = {
    ("Dates that were moved are dates: the letter of (C) wants the year alone. Where Safe Harbor "
     "is "
     "to be met by the letter, use the intervals, not the dates; else an expert decides under "
     "164.514(b)(1)."),
    ("k counts the quasi-identifiers that were named, at their first value. Whoever knows some of "
     "a subject's measurements and their intervals may find it by these, and whoever knows that it "
     "is in a group learns what all of the group have in common: nothing is claimed on l-diversity "
     "or t-closeness."),
    "Whether a number is itself an identifier cannot be seen from it.",
    ("Under the GDPR these are pseudonymous data of persons (recital 26) as long as somebody has "
     "the store and the key."),
};
enum { NOT_PROMISED = sizeof not_promised / sizeof not_promised[0] };
static const char parameters_said[] =
    "Means of calibrated parameters were asked for: a vector of them is nearly unique to its "
    "subject, also in 3 digits, and k does not cover it.";

/* ---- JSON ------------------------------------------------------------------------------------ */
static void cuts_json(gm_json_writer *w, const gm__deid_quasi *q)
{
  char text[40];
  int32_t stride = (int32_t)1 << q->step;
  gm_json_write_array(w, "cuts");
  for (int32_t i = stride - 1; i < q->cut_count && q->step < q->step_max; i += stride) {
    snprintf(text, sizeof text, "%.15g", q->cut[i]);
    gm_json_write_decimal(w, NULL, gm__number_point(text));
  }
  gm_json_write_array_end(w);
}

static const char *form_of(const gm__deid_quasi *q)
{
  if (q->step >= q->step_max) return "all in one";
  if (q->numeric) return q->asked->cut_count ? "bins of the caller" : "bins by quantiles, rounded";
  return q->step ? "levels made general by the caller" : "levels as they are";
}

/* The unit of numbers where whoever asks said it, or it is years: one that a source wrote stays
 * out, as all of its words do. */
static const char *unit_of(const gm__deid_quasi *q)
{
  return q->numeric && (q->age || q->asked->unit) ? q->unit : "";
}

static void quasi_json(gm_json_writer *w, const gm__deid_quasi *q)
{
  gm_json_write_object(w, NULL);
  gm_json_write_text(w, "name", q->asked->name);
  gm_json_write_text(w, "form", form_of(q));
  gm_json_write_int(w, "steps", q->step);
  gm_json_write_int(w, "steps_of", q->step_max);
  if (unit_of(q)[0]) gm_json_write_text(w, "unit", unit_of(q));
  if (q->numeric) cuts_json(w, q);
  gm_json_write_object_end(w);
}

typedef struct {
  const char *key, *said;
  int64_t n;
} counted;

static void counts_list(const gm__deid *e, counted out[14])
{
  const gm_deidentify_counts *c = &e->count;
  counted list[14] = {
      {"subjects", "subjects in the export", c->kept},
      {"subjects_suppressed", "subjects left out: too few like them", c->suppressed},
      {"twins", "twins exported", c->twins},
      {"twins_withheld", "twins that consents do not permit", c->withheld},
      {"twins_empty", "twins without a fact to export", c->empty},
      {"facts", "facts exported", c->facts},
      {"facts_withdrawn", "facts left out: withdrawn", c->withdrawn},
      {"facts_again", "facts left out: the same thing in another twin of the subject", c->again},
      {"facts_not_permitted", "facts left out: consents do not permit them", c->not_permitted},
      {"facts_not_asked", "facts left out: covariates that were not asked for", c->not_asked},
      {"facts_rare", "facts left out: a word that fewer than k subjects share", c->rare},
      {"facts_unreadable", "facts left out: not readable as a fact", c->unreadable},
      {"parameter_sets", "sets of parameters", c->parameter_sets},
      {"parameter_sets_withheld", "sets of parameters that consents do not permit",
       c->parameters_withheld}};
  memcpy(out, list, sizeof list);
}

static void json_write(gm__deid *e, const gm__deid_quasi *q, gm_text *out)
{
  gm_json_writer w;
  counted n[14];
  counts_list(e, n);
  gm_json_write_begin(&w, out, 3);
  gm_json_write_object(&w, NULL);
  gm_json_write_text(&w, "form", "gemel-deidentified-1");
  gm_json_write_int(&w, "k", e->k);
  gm_json_write_int(&w, "k_reached", e->count.k_reached);
  gm_json_write_number(&w, "suppress_max", e->suppress_max);
  gm_json_write_object(&w, "counts");
  for (int i = 0; i < (e->o->parameters ? 14 : 12); i++) gm_json_write_int(&w, n[i].key, n[i].n);
  gm_json_write_object_end(&w);
  gm_json_write_array(&w, "quasi_identifiers");
  for (int32_t i = 0; i < e->o->quasi_count; i++) quasi_json(&w, &q[i]);
  gm_json_write_array_end(&w);
  gm_json_write_array(&w, "covariates_as_they_are");
  for (int32_t i = 0; i < e->o->covariate_count; i++)
    gm_json_write_text(&w, NULL, e->o->covariate[i]);
  gm_json_write_array_end(&w);
  gm_json_write_bool(&w, "parameters", e->o->parameters);
  gm_json_write_bool(&w, "key_kept", e->o->key != NULL);
  gm_json_write_array(&w, "safe_harbor");
  for (int i = 0; i < IDENTIFIERS; i++) {
    gm_json_write_object(&w, NULL);
    gm_json_write_text(&w, "class", safe_harbor[i].letter);
    gm_json_write_text(&w, "identifier", safe_harbor[i].what);
    gm_json_write_text(&w, "in_a_thread", safe_harbor[i].where);
    gm_json_write_text(&w, "done", safe_harbor[i].done);
    gm_json_write_object_end(&w);
  }
  gm_json_write_array_end(&w);
  gm_json_write_array(&w, "not_promised");
  for (int i = 0; i < NOT_PROMISED; i++) gm_json_write_text(&w, NULL, not_promised[i]);
  if (e->o->parameters) gm_json_write_text(&w, NULL, parameters_said);
  gm_json_write_array_end(&w);
  gm_json_write_object_end(&w);
  gm_text_add(out, "\n");
}

/* ---- text ------------------------------------------------------------------------------------ */
static void quasi_text(const gm__deid_quasi *q, gm_text *out)
{
  char text[40];
  int32_t stride = (int32_t)1 << q->step;
  gm_text_addf(out, "  %s: %s; %d of %d steps of generalisation", q->asked->name, form_of(q),
               (int)q->step, (int)q->step_max);
  for (int32_t i = stride - 1; i < q->cut_count && q->step < q->step_max; i += stride) {
    snprintf(text, sizeof text, "%.15g", q->cut[i]);
    gm_text_addf(out, "%s%s", i == stride - 1 ? "; cuts " : ", ", gm__number_point(text));
  }
  if (unit_of(q)[0]) gm_text_addf(out, " [%s]", unit_of(q));
  gm_text_add(out, "\n");
}

static void text_write(const gm__deid *e, const gm__deid_quasi *q, gm_text *out)
{
  counted n[14];
  counts_list(e, n);
  gm_text_addf(out,
               "De-identified export\n\nk-anonymity: %d asked for, %d reached (subjects in the "
               "smallest group)\n\n",
               (int)e->k, (int)e->count.k_reached);
  for (int i = 0; i < (e->o->parameters ? 14 : 12); i++)
    gm_text_addf(out, "%10lld  %s\n", (long long)n[i].n, n[i].said);
  gm_text_add(out, "\nQuasi-identifiers\n");
  for (int32_t i = 0; i < e->o->quasi_count; i++) quasi_text(&q[i], out);
  if (e->o->covariate_count) gm_text_add(out, "\nCovariates as they are:");
  for (int32_t i = 0; i < e->o->covariate_count; i++)
    gm_text_addf(out, "%s %s", i ? "," : "", e->o->covariate[i]);
  if (e->o->covariate_count) gm_text_add(out, "\n");
  gm_text_addf(out, "\nThe key of pseudonyms and shifts: %s\n",
               e->o->key ? "kept by whoever made the export" : "made for this export and wiped");
  gm_text_add(out, "\nIdentifiers of 45 CFR 164.514(b)(2)(i)\n");
  for (int i = 0; i < IDENTIFIERS; i++)
    gm_text_addf(out, "  (%s) %s\n      where: %s\n      done: %s\n", safe_harbor[i].letter,
                 safe_harbor[i].what, safe_harbor[i].where, safe_harbor[i].done);
  gm_text_add(out, "\nNot promised\n");
  for (int i = 0; i < NOT_PROMISED; i++) gm_text_addf(out, "  - %s\n", not_promised[i]);
  if (e->o->parameters) gm_text_addf(out, "  - %s\n", parameters_said);
}

gm_status gm__deid_report_write(gm__deid *e, const gm__deid_quasi *q, gm_text *json, gm_text *text)
{
  json_write(e, q, json);
  text_write(e, q, text);
  gm_status st = json->status ? json->status : text->status;
  return st ? gm_fail(e->ctx, st, "report") : GM_OK;
}
