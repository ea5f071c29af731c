/* fuzz_petab.c - any bytes as the files of a PEtab problem.
 *
 * The bytes are parted at lines "%%NAME" into files (model, conditions, observables, measurements,
 * parameters, problem); those that are missing are small good ones. Whatever they are, reading
 * ends: with a message, or with a problem that can be worked out and written. libFuzzer calls the
 * function below; tests/interop/test_petab_fuzz.c runs it over fuzz/corpus/petab. */
#include "gemel/petab.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes);

enum { FILES = 6, POINTS_MAX = 200, MODEL_BYTES_MAX = 20000 };

static const char *const fuzz_name[FILES] = {"model",        "conditions", "observables",
                                             "measurements", "parameters", "problem"};
static const char *const fuzz_default[FILES] = {
    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<sbml "
    "xmlns=\"http://www.sbml.org/sbml/level3/version1/core\" level=\"3\" version=\"1\"><model "
    "id=\"m\"><listOfParameters><parameter id=\"A\" value=\"1\" constant=\"false\"/><parameter "
    "id=\"k1\" value=\"1\" constant=\"true\"/><parameter id=\"k2\" value=\"1\" "
    "constant=\"true\"/></listOfParameters><listOfRules><rateRule variable=\"A\"><math "
    "xmlns=\"http://www.w3.org/1998/Math/MathML\"><apply><minus/><ci>k2</ci><apply><times/>"
    "<ci>k1</ci><ci>A</ci></apply></apply></math></rateRule></listOfRules></model></sbml>\n",
    "conditionId\tA\nc0\t2\nc1\tNaN\n",
    "observableId\tobservableFormula\tnoiseFormula\nobs\tA\tnoiseParameter1_obs\n",
    "observableId\tpreequilibrationConditionId\tsimulationConditionId\ttime\tmeasurement\t"
    "noiseParameters\nobs\t\tc0\t1\t0.7\t0.5\nobs\tc0\tc1\tinf\t0.7\tk1\n",
    "parameterId\tparameterScale\tlowerBound\tupperBound\tnominalValue\testimate\n"
    "k1\tlog10\t0.01\t10\t0.8\t1\nk2\tlin\t0\t10\t0.6\t0\n",
    "format_version: 1\nparameter_file: parameters\nproblems:\n- sbml_files: [model]\n"
    "  condition_files: [conditions]\n  observable_files: [observables]\n"
    "  measurement_files: [measurements]\n"};

static void demand(bool good, const char *what)
{
  if (good) return;
  fprintf(stderr, "fuzz_petab: %s\n", what);
  abort();
}

/* The folder of the files, made once and taken away at the end. */
static char fuzz_folder[64];

static void fuzz_path(int i, char path[128])
{
  snprintf(path, 128, "%s/%s", fuzz_folder, fuzz_name[i]);
}

static void fuzz_end(void)
{
  char path[128];
  for (int i = 0; i < FILES; i++) {
    fuzz_path(i, path);
    unlink(path);
  }
  rmdir(fuzz_folder);
}

static bool fuzz_begin(void)
{
  if (fuzz_folder[0]) return true;
  snprintf(fuzz_folder, sizeof fuzz_folder, "/tmp/gemel-fuzz-XXXXXX");
  if (!mkdtemp(fuzz_folder)) return false;
  atexit(fuzz_end);
  return true;
}

static void fuzz_write(int i, const char *text, size_t bytes)
{
  char path[128];
  fuzz_path(i, path);
  FILE *f = fopen(path, "wb");
  if (!f) return;
  if (bytes) (void)!fwrite(text, 1, bytes, f);
  fclose(f);
}

/* Which file a line "%%NAME" begins; -1: none. */
static int fuzz_begins(const char *line, size_t bytes)
{
  for (int i = 0; i < FILES; i++) {
    size_t n = strlen(fuzz_name[i]);
    if (bytes == n + 2 && !memcmp(line, "%%", 2) && !memcmp(line + 2, fuzz_name[i], n)) return i;
  }
  return -1;
}

static void fuzz_part(const char *text, size_t bytes)
{
  int file = -1;
  size_t from = 0;
  for (size_t at = 0; at < bytes;) {
    const char *end = memchr(text + at, '\n', bytes - at);
    size_t n = end ? (size_t)(end - text) - at : bytes - at;
    int begins = fuzz_begins(text + at, n);
    if (begins >= 0) {
      if (file >= 0) fuzz_write(file, text + from, at - from);
      file = begins;
      from = at + n + (end != NULL);
    }
    at += n + 1;
  }
  if (file >= 0 && from <= bytes) fuzz_write(file, text + from, bytes - from);
}

/* What was read can be asked everything. */
static void demand_whole(gm_ctx *ctx, gm_petab *p)
{
  int32_t count, d;
  gm_petab_value v;
  gm_text text;
  const gm_petab_parameter *row = gm_petab_parameters(p, &count);
  const int32_t *estimated = gm_petab_estimated(p, &d);
  for (int32_t i = 0; i < count; i++) demand(row[i].id && row[i].name, "a row is not whole");
  for (int32_t i = 0; i < d; i++) demand(row[estimated[i]].estimate, "a row is not estimated");
  int32_t points = gm_petab_point_count(p);
  demand(points > 0 && gm_petab_condition_count(p) > 0, "nothing to compare");
  double *z = calloc((size_t)d + 1, sizeof *z), *y = calloc((size_t)points, sizeof *y);
  if (z && y && points <= POINTS_MAX && gm_petab_nominal(p, z) == GM_OK) {
    demand(gm_petab_evaluate(p, NULL, 1, z, &v, y, NULL, NULL) == GM_OK, "no value");
    demand(!isnan(v.llh) && (v.bad_point >= 0) == !isfinite(v.llh), "a value of no kind");
    gm_text_init(&text, ctx);
    demand(gm_petab_write_parameters(p, z, &text) == GM_OK && text.bytes, "parameters");
    demand(gm_petab_write_simulation(p, y, &text) == GM_OK, "simulations");
    gm_text_free(&text);
  }
  if (z && gm_petab_draw(p, 1, 1, z)) demand(gm_message(ctx)[0] != 0, "a draw without a message");
  free(z);
  free(y);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t bytes)
{
  gm_ctx *ctx;
  gm_petab *p = NULL;
  char path[128];
  if (bytes > MODEL_BYTES_MAX || !fuzz_begin() || gm_ctx_new(NULL, &ctx)) return 0;
  for (int i = 0; i < FILES; i++) fuzz_write(i, fuzz_default[i], strlen(fuzz_default[i]));
  fuzz_part((const char *)data, bytes);
  fuzz_path(FILES - 1, path);
  if (gm_petab_read(ctx, path, NULL, &p) == GM_OK) {
    demand_whole(ctx, p);
    gm_petab_free(p);
  } else {
    demand(gm_message(ctx)[0] != 0, "a failure without a message");
    demand(p == NULL, "a failure with a result");
  }
  gm_ctx_free(ctx);
  return 0;
}
