/* fuzz_fhir.c - any bytes as FHIR: a Bundle, a resource, lines.
 *
 * Whatever they are, reading ends: with a message, or with an account of every entry that adds up
 * and facts that the definition takes; and it ends the same way when it is done again. libFuzzer
 * calls the function below; tests/interop/test_fhir_in_fuzz.c runs it over fuzz/corpus/fhir. */
#include "gemel/fhir.h"
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char *codes[][2] = {{"fhir|Patient.gender", NULL},    {"fhir|Patient.birthDate", NULL},
                           {"fhir|Patient.deceased", NULL},  {"fhir|Encounter.class", NULL},
                           {"snomed|44054006", "icd10|E11"}, {"loinc|29463-7", NULL},
                           {"rxnorm|11124", "atc|J01XA01"},  {"loinc|2345-7", "ieee11073|150452"},
                           {"loinc|8480-6", "loinc|29463-7"}};
static char *sexes[] = {"female", "male"}, *truths[] = {"no", "yes"}, *classes[] = {"AMB", "IMP"};

#define CODING(i, n)                                                                               \
  {                                                                                                \
    .code = codes[i], .count = n, .molar_mass_g_per_mol = 180.156                                  \
  }
static gm_covariate covariates[] = {
    {.name = "SEX", .unit = "", .coding = CODING(0, 1), .level = sexes, .level_count = 2},
    {.name = "AGE", .unit = "a", .coding = CODING(1, 1)},
    {.name = "DEAD", .unit = "", .coding = CODING(2, 1), .level = truths, .level_count = 2},
    {.name = "CLASS", .unit = "", .coding = CODING(3, 1), .level = classes, .level_count = 2},
    {.name = "DIAB", .unit = "", .coding = CODING(4, 2), .level = truths, .level_count = 2},
    {.name = "WT", .unit = "kg", .coding = CODING(5, 1)},
};
static gm_def_input inputs[] = {{.name = "drug", .unit = "mg", .coding = CODING(6, 2)}};
static gm_observable observables[] = {
    {.name = "glucose", .unit = "mmol/L", .coding = CODING(7, 2)},
    {.name = "sbp", .unit = "mm[Hg]", .coding = CODING(8, 2)},
};
static const gm_definition definition = {.covariate = covariates,
                                         .covariate_count = 6,
                                         .input = inputs,
                                         .input_count = 1,
                                         .observable = observables,
                                         .observable_count = 2};

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_fhir: %s\n", what);
  abort();
}

static void demand_text(const char *text, size_t most)
{
  demand(strlen(text) <= most, "a text too long");
  for (const unsigned char *p = (const unsigned char *)text; *p; p++)
    demand(*p >= 0x20 && *p != 0x7F, "a control character in a text of ours");
}

typedef struct {
  gm_ctx *ctx;
  gm_text seen;
  int64_t facts, accounts, of_entry;
} told;

static gm_status take_fact(void *user, const gm_fact *f)
{
  told *t = user;
  double v;
  t->facts++;
  t->of_entry++;
  demand(f->series && f->value && f->unit && f->subject && f->id && f->version && f->code,
         "a text that is NULL");
  demand(strlen(f->id) < 1000 && strlen(f->version) < 1000 && f->id[0] && f->version[0],
         "an id that a store does not take");
  demand(isfinite(f->t_true_s) && isfinite(f->duration_s) && f->duration_s >= 0, "a time");
  demand(f->withdrawn || gm_fact_value(t->ctx, &definition, f, &v) == GM_OK, "a value");
  gm_text_addf(&t->seen, "%d %s %s %s %.17g %.17g %d %s %s\n", (int)f->kind, f->series, f->value,
               f->unit, f->t_true_s, f->duration_s, f->censored, f->id, f->version);
  return GM_OK;
}

static gm_status take_account(void *user, const gm_fhir_account *a)
{
  told *t = user;
  t->accounts++;
  demand_text(a->reason, 1100);
  demand_text(a->resource, 64);
  demand(a->facts == t->of_entry, "facts of an entry that were not told");
  demand((a->outcome == GM_FHIR_TAKEN) == (a->facts > 0), "taken without a fact");
  demand(a->outcome != GM_FHIR_REFUSED || a->parts_refused > 0, "refused without a part");
  demand(a->outcome == GM_FHIR_TAKEN || a->reason[0], "no reason");
  demand(a->code[0] && a->place[0], "no code or place");
  t->of_entry = 0;
  gm_text_addf(&t->seen, "%s %d %s %s\n", a->place, (int)a->outcome, a->code, a->reason);
  return GM_OK;
}

static void read_once(gm_ctx *ctx, const char *path, bool lines, const char *patient, told *t)
{
  gm_fhir_totals n;
  const gm_fhir_options o = {.definition = &definition,
                             .patient = patient,
                             .lines = lines,
                             .read_s = 1600000000,
                             .fact = take_fact,
                             .account = take_account,
                             .user = t};
  *t = (told){.ctx = ctx};
  gm_text_init(&t->seen, ctx);
  gm_message_clear(ctx);
  gm_status s = gm_fhir_read_file(ctx, path, &o, &n);
  demand(s != GM_EINTERNAL && s != GM_EIO, "a status that no input makes");
  if (s) demand_text(gm_message(ctx), 1023);
  demand(!s == !gm_message(ctx)[0], "a message");
  demand(!s || t->accounts == 0, "half of a file was told");
  demand(n.entries == n.taken + n.not_mapped + n.refused, "totals do not add up");
  demand(n.entries == t->accounts && n.facts == t->facts, "totals are not what was told");
}

static void read_as(gm_ctx *ctx, const char *path, bool lines, const char *patient, bool twice)
{
  told a, b;
  read_once(ctx, path, lines, patient, &a);
  if (twice) {
    read_once(ctx, path, lines, patient, &b);
    demand(a.seen.bytes == b.seen.bytes &&
               (!a.seen.bytes || memcmp(a.seen.data, b.seen.data, a.seen.bytes) == 0),
           "read again it says something else");
    gm_text_free(&b.seen);
  }
  gm_text_free(&a.seen);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  static int fd = -1;
  static char path[64];
  gm_ctx *ctx;
  if (fd < 0) fd = memfd_create("fuzz_fhir", 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, bytes, 0) != (ssize_t)bytes) return 0;
  if (gm_ctx_new(NULL, &ctx)) return 0;
  read_as(ctx, path, false, NULL, bytes % 3 == 0);
  read_as(ctx, path, true, "p1", bytes % 3 == 1);
  read_as(ctx, path, false, "http://a.org|1", bytes % 3 == 2);
  gm_ctx_free(ctx);
  return 0;
}
