/* fhir_account.c - the account of a reading as a Bundle of type batch-response. */
#include "base/json_write.h"
#include "gemel/fhir.h"
#include <inttypes.h>
#include <stdio.h>

void gm_fhir_account_begin(gm_fhir_account_writer *w, gm_text *out)
{
  *w = (gm_fhir_account_writer){.out = out};
  gm_text_add(out, "{\"resourceType\":\"Bundle\",\"type\":\"batch-response\"");
}

/* One issue for the outcome, one more for parts that were refused beside others that were taken. */
static void issue_write(gm_json_writer *w, const gm_fhir_account *a, const char *severity,
                        const char *code, const char *text)
{
  gm_json_write_object(w, NULL);
  gm_json_write_text(w, "severity", severity);
  gm_json_write_text(w, "code", code);
  gm_json_write_text(w, "diagnostics", text);
  gm_json_write_array(w, "expression");
  gm_json_write_text(w, NULL, a->place);
  gm_json_write_array_end(w);
  gm_json_write_object_end(w);
}

static void issues_write(gm_json_writer *w, const gm_fhir_account *a)
{
  char text[80];
  snprintf(text, sizeof text, "taken: %" PRId64 " fact%s", a->facts, a->facts == 1 ? "" : "s");
  if (a->outcome == GM_FHIR_TAKEN) issue_write(w, a, "information", "informational", text);
  if (a->outcome == GM_FHIR_NOT_MAPPED) issue_write(w, a, "information", a->code, a->reason);
  if (a->outcome == GM_FHIR_REFUSED) issue_write(w, a, "error", a->code, a->reason);
  if (a->outcome == GM_FHIR_TAKEN && a->parts_refused)
    issue_write(w, a, "warning", a->code, a->reason);
}

void gm_fhir_account_json(gm_fhir_account_writer *w, const gm_fhir_account *a)
{
  static const char *const status[] = {"201 Created", "200 OK", "422 Unprocessable Entity"};
  gm_json_writer j;
  gm_text_add(w->out, w->count++ ? ",\n" : ",\"entry\":[\n");
  gm_json_write_begin(&j, w->out, 0);
  gm_json_write_object(&j, NULL);
  gm_json_write_object(&j, "response");
  gm_json_write_text(&j, "status", status[a->outcome]);
  gm_json_write_object(&j, "outcome");
  gm_json_write_text(&j, "resourceType", "OperationOutcome");
  gm_json_write_array(&j, "issue");
  issues_write(&j, a);
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_json_write_object_end(&j);
  gm_json_write_object_end(&j);
}

void gm_fhir_account_end(gm_fhir_account_writer *w)
{
  gm_text_add(w->out, w->count ? "]}\n" : "}\n");
}
