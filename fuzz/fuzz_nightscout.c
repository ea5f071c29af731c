/* fuzz_nightscout.c - any bytes as an export of Nightscout: documents, API v3, lines.
 *
 * Whatever they are, reading ends: with a message, or with an account of every document that adds
 * up and facts that the definition takes; and it ends the same way when it is done again. libFuzzer
 * calls the function below. Corpus: fuzz/corpus/nightscout. */
#include "gemel/nightscout.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

static char *codes[] = {"nightscout|sgv",   "nightscout|mbg",   "nightscout|insulin",
                        "nightscout|basal", "nightscout|carbs", "nightscout|exercise"};
static char *levels[] = {"no", "yes"};

#define CODING(i)                                                                                  \
  {                                                                                                \
    .code = codes + i, .count = 1, .molar_mass_g_per_mol = 180.156                                 \
  }
static gm_observable observables[] = {
    {.name = "glucose", .unit = "mg/dL", .coding = CODING(0), .loq = NAN},
    {.name = "meter", .unit = "mmol/L", .coding = CODING(1), .loq = NAN},
};
static gm_def_input inputs[] = {{.name = "bolus", .unit = "[IU]", .coding = CODING(2)},
                                {.name = "basal", .unit = "[IU]", .coding = CODING(3)},
                                {.name = "carbs", .unit = "g", .coding = CODING(4)}};
static gm_covariate covariates[] = {
    {.name = "exercise", .unit = "", .coding = CODING(5), .level = levels, .level_count = 2}};
static const gm_definition definition = {.observable = observables,
                                         .observable_count = 2,
                                         .input = inputs,
                                         .input_count = 3,
                                         .covariate = covariates,
                                         .covariate_count = 1};

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "%s\n", what);
  abort();
}

typedef struct {
  gm_ctx *ctx;
  gm_text seen;
  int64_t facts, accounts, since;
} told;

static gm_status take(void *user, const gm_fact *f)
{
  told *t = user;
  double v;
  demand(f->subject && f->series && f->value && f->unit && f->licence && f->source && f->id &&
             f->version && f->code,
         "a text that is NULL");
  demand(f->id[0] && f->version[0], "a fact without name");
  demand(isfinite(f->t_true_s) && isfinite(f->duration_s) && f->duration_s >= 0, "a time");
  demand(f->withdrawn || !gm_fact_value(t->ctx, &definition, f, &v), "a value not taken");
  if (t->seen.bytes < 1 << 20)
    gm_text_addf(&t->seen, "%s %s %s %.17g %.17g\n", f->id, f->value, f->unit, f->t_true_s,
                 f->duration_s);
  t->facts++;
  t->since++;
  return GM_OK;
}

static gm_status note(void *user, const gm_nightscout_account *a)
{
  told *t = user;
  demand(a->facts == t->since, "facts of another document");
  demand((a->outcome == GM_NIGHTSCOUT_TAKEN) == (a->facts > 0), "an outcome without facts");
  demand((a->outcome != GM_NIGHTSCOUT_REFUSED) || a->reason[0], "a refusal without reason");
  gm_text_addf(&t->seen, "%s %s\n", a->place, a->reason);
  t->since = 0;
  t->accounts++;
  return GM_OK;
}

static void read_once(gm_ctx *ctx, const char *path, bool lines, bool given, told *t)
{
  gm_nightscout_totals n;
  const gm_nightscout_options o = {.definition = &definition,
                                   .lines = lines,
                                   .profile_given = given,
                                   .zone_known = given,
                                   .zone_min = 90,
                                   .fact = take,
                                   .account = note,
                                   .user = t};
  *t = (told){.ctx = ctx};
  gm_text_init(&t->seen, ctx);
  gm_message_clear(ctx);
  gm_status s = gm_nightscout_read(ctx, &path, 1, &o, &n);
  demand(s != GM_EINTERNAL && s != GM_EIO && s != GM_EINVAL, "a status that no input makes");
  demand(!s || gm_message(ctx)[0], "a failure without message");
  demand(!s || t->accounts == 0, "half of a file was told");
  demand(n.documents == n.taken + n.not_mapped + n.refused, "totals do not add up");
  demand(n.documents == t->accounts && n.facts == t->facts, "totals are not what was told");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  static int fd = -1;
  char path[64];
  gm_ctx *ctx;
  told a, b;
  if (fd < 0) fd = memfd_create("fuzz_nightscout", 0);
  snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  if (fd < 0 || ftruncate(fd, 0) || pwrite(fd, data, bytes, 0) != (ssize_t)bytes) return 0;
  if (gm_ctx_new(NULL, &ctx)) return 0;
  read_once(ctx, path, false, bytes % 2, &a);
  read_once(ctx, path, false, bytes % 2, &b);
  demand(a.seen.bytes == b.seen.bytes &&
             (!a.seen.bytes || !memcmp(a.seen.data, b.seen.data, a.seen.bytes)),
         "read again it says something else");
  gm_text_free(&a.seen);
  gm_text_free(&b.seen);
  read_once(ctx, path, true, bytes % 3 == 0, &a);
  gm_text_free(&a.seen);
  gm_ctx_free(ctx);
  return 0;
}
