/* t1d_verb_records.c - tables, Nightscout's and FHIR's JSON as one person's records. */
#include "t1d_verb_records.h"
#include "t1d_unit.h"
#include "gemel/fhir.h"
#include "gemel/nightscout.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef enum { TABLE, NIGHTSCOUT, FHIR } file_sort;

static bool ends(const char *path, const char *end)
{
  size_t n = strlen(path), m = strlen(end);
  return n >= m && !strcmp(path + n - m, end);
}

/* Every FHIR resource names its type; its first one does so near the beginning. */
static bool is_fhir(const char *path)
{
  char head[4096];
  FILE *f = fopen(path, "rb");
  if (!f) return false;
  size_t n = fread(head, 1, sizeof head - 1, f);
  fclose(f);
  head[n] = 0;
  return strstr(head, "\"resourceType\"") != NULL;
}

static file_sort sort_of(const char *path)
{
  if (ends(path, ".ndjson")) return FHIR;
  if (!ends(path, ".json")) return TABLE;
  return is_fhir(path) ? FHIR : NIGHTSCOUT;
}

enum { MAPPINGS_MAX = 16 };

typedef struct {
  t1d_record_builder *builder;
  t1d_input *in;
  const gm_program *program;
  const char *path; /* of the table or FHIR file that is read */
  const char *mapping[MAPPINGS_MAX];
  bool mapping_used[MAPPINGS_MAX];
  int32_t mapping_count;
  int32_t refused;  /* by the builder, up to the document or entry before */
  bool of_its_zone; /* a table was read by a mapping, which has a zone of its own */
  double zone_h;
  char unfit[240]; /* why the last mapping that did not fit a table does not */
} input_reader;

static gm_status fact_take(void *user, const gm_fact *f)
{
  return t1d_record_take(((input_reader *)user)->builder, f);
}

static void refused(t1d_input *in, const char *path, const char *place, const char *reason)
{
  if (!in->first_refused[0])
    snprintf(in->first_refused, sizeof in->first_refused, "%.240s, %.100s: %.280s", path, place,
             reason);
}

/* A document or entry of so many facts that was taken may still hold what cannot be: the builder
 * refuses that. */
static void facts_heard(input_reader *r, const char *path, const char *place, int64_t facts)
{
  const char *why;
  const int32_t all = t1d_record_refused(r->builder, &why), less = all - r->refused;
  if (!less) return;
  r->refused = all;
  r->in->parts += less;
  r->in->refused += less >= facts;
  refused(r->in, path, place, why);
}

/* ---- the three sorts ------------------------------------------------------------------------- */
static gm_status table_read(input_reader *r)
{
  const t1d_csv_options o = {.mapping = r->mapping,
                             .mapping_count = r->mapping_count,
                             .zone_min = (int32_t)lround(60 * r->zone_h)};
  t1d_table_told told;
  gm_status s = t1d_record_take_csv(r->builder, r->program->ctx, r->path, &o, &told);
  if (s) return s;
  r->in->read += told.rows;
  r->in->refused += told.refused;
  if (told.mapping >= 0) r->mapping_used[told.mapping] = r->of_its_zone = true;
  if (told.unfit[0]) snprintf(r->unfit, sizeof r->unfit, "%s", told.unfit);
  if (told.first_refused[0] && !r->in->first_refused[0])
    snprintf(r->in->first_refused, sizeof r->in->first_refused, "%.240s: %s", r->path,
             told.first_refused);
  return GM_OK;
}

/* A mapping that no table takes would be left out in silence. */
static gm_status mappings_check(const input_reader *r)
{
  for (int32_t i = 0; i < r->mapping_count; i++)
    if (!r->mapping_used[i])
      return gm_fail(r->program->ctx, GM_EINVAL, "--mapping %.200s: %s", r->mapping[i],
                     r->unfit[0] ? r->unfit : "every table fits another mapping");
  return GM_OK;
}

static gm_status document_heard(void *user, const gm_nightscout_account *a)
{
  input_reader *r = user;
  facts_heard(r, r->program->argument[a->file], a->place, a->facts);
  if (a->outcome != GM_NIGHTSCOUT_REFUSED && !a->parts_refused) return GM_OK;
  if (strstr(a->reason, "zone") && !gm_program_has(r->program, "zone")) r->in->zone_needed = true;
  refused(r->in, r->program->argument[a->file], a->place, a->reason);
  return GM_OK;
}

static gm_status nightscout_read(input_reader *r)
{
  const gm_program *p = r->program;
  const gm_nightscout_options o = {.definition = t1d_record_definition(),
                                   .subject = "person",
                                   .zone_known = gm_program_has(p, "zone"),
                                   .zone_min = (int32_t)lround(60 * r->zone_h),
                                   .fact = fact_take,
                                   .account = document_heard,
                                   .user = r};
  gm_nightscout_totals n = {0};
  gm_status s = gm_nightscout_read(p->ctx, p->argument, p->argument_count, &o, &n);
  r->in->what = "documents";
  r->in->read = n.documents;
  r->in->refused += n.refused;
  r->in->parts += n.parts_refused;
  r->in->not_mapped = n.not_mapped;
  return s;
}

static gm_status entry_heard(void *user, const gm_fhir_account *a)
{
  input_reader *r = user;
  facts_heard(r, r->path, a->place, a->facts);
  if (a->outcome == GM_FHIR_REFUSED || a->parts_refused)
    refused(r->in, r->path, a->place, a->reason);
  return GM_OK;
}

static gm_status fhir_read(input_reader *r)
{
  const gm_fhir_options o = {.definition = t1d_record_definition(),
                             .lines = ends(r->path, ".ndjson"),
                             .fact = fact_take,
                             .account = entry_heard,
                             .user = r};
  gm_fhir_totals n = {0};
  gm_status s = gm_fhir_read_file(r->program->ctx, r->path, &o, &n);
  r->in->what = "entries";
  r->in->read += n.entries;
  r->in->refused += n.refused;
  r->in->parts += n.parts_refused;
  r->in->not_mapped += n.not_mapped;
  return s;
}

/* ---- what goes with them --------------------------------------------------------------------- */
static gm_status mappings_take(input_reader *r, file_sort sort)
{
  const char *path;
  while ((path = gm_program_value_at(r->program, "mapping", r->mapping_count)) != NULL) {
    if (r->mapping_count == MAPPINGS_MAX)
      return gm_fail(r->program->ctx, GM_ERANGE, "--mapping: more than %d", MAPPINGS_MAX);
    r->mapping[r->mapping_count++] = path;
  }
  return !r->mapping_count || sort == TABLE
             ? GM_OK
             : gm_fail(r->program->ctx, GM_EINVAL,
                       "--mapping is for tables: %s is read without one", r->program->argument[0]);
}

/* A table whose clock has no zone is shown by that clock, with or without --zone. */
static void clock_name(const input_reader *r, file_sort sort, t1d_input *out)
{
  const int minutes = (int)lround(60 * fabs(r->zone_h));
  const bool given = gm_program_has(r->program, "zone");
  out->utc_taken = !given && (sort != TABLE || r->of_its_zone);
  if (!given && !out->utc_taken)
    snprintf(out->clock, sizeof out->clock, "as in the tables");
  else if (!minutes)
    snprintf(out->clock, sizeof out->clock, "UTC");
  else if (minutes % 60)
    snprintf(out->clock, sizeof out->clock, "UTC%c%d:%02d", r->zone_h < 0 ? '-' : '+', minutes / 60,
             minutes % 60);
  else
    snprintf(out->clock, sizeof out->clock, "UTC%c%d", r->zone_h < 0 ? '-' : '+', minutes / 60);
}

/* ---- readings as a whole --------------------------------------------------------------------- */
typedef struct {
  int32_t count; /* of the sensor */
  int32_t low;   /* as low as mmol/L, and not for being marked as the sensor's end */
} readings;

static readings readings_of(const t1d_records *r)
{
  readings n = {0};
  for (int32_t i = 0; i < r->count; i++) {
    const t1d_record *x = &r->record[i];
    if (x->kind != T1D_RECORD_GLUCOSE) continue;
    n.count++;
    n.low += x->value <= T1D_MMOL_L_MOST && !x->flags;
  }
  return n;
}

/* No readings, or such as are none. */
static gm_status readings_check(gm_ctx *ctx, file_sort sort, const t1d_input *in)
{
  const readings n = readings_of(&in->records);
  if (!n.count)
    return gm_fail(ctx, GM_EINVAL,
                   "records: no reading of a glucose sensor: %lld %s read, %lld refused, %d "
                   "records%s%s%s",
                   (long long)in->read, in->what, (long long)in->refused, (int)in->records.count,
                   sort == TABLE && in->refused
                       ? "; tables of another form need --mapping FILE (docs/cgm.md)"
                       : "",
                   in->first_refused[0] ? "; refused first: " : "", in->first_refused);
  if (n.low > n.count - n.low)
    return gm_fail(ctx, GM_EUNIT,
                   "%d of %d readings are not above %g: mg/dL is expected, not mmol/L%s",
                   (int)n.low, (int)n.count, T1D_MMOL_L_MOST,
                   sort == TABLE ? ", which --mapping FILE can say (docs/cgm.md has one)" : "");
  return GM_OK;
}

/* ---- all of them ----------------------------------------------------------------------------- */
static gm_status files_read(input_reader *r, file_sort sort)
{
  const gm_program *p = r->program;
  if (sort == NIGHTSCOUT) return nightscout_read(r);
  gm_status s = GM_OK;
  for (int32_t i = 0; i < p->argument_count && !s; i++) {
    r->path = p->argument[i];
    s = sort == FHIR ? fhir_read(r) : table_read(r);
  }
  return s;
}

gm_status t1d_input_read(gm_program *p, double zone_h, t1d_input *out)
{
  *out = (t1d_input){.what = "rows"};
  input_reader r = {.in = out, .program = p, .zone_h = zone_h};
  const file_sort sort = sort_of(p->argument[0]);
  for (int32_t i = 1; i < p->argument_count; i++)
    if (sort_of(p->argument[i]) != sort)
      return gm_fail(p->ctx, GM_EINVAL,
                     "%s is of another sort than %s: tables, Nightscout's and FHIR's files are "
                     "not read together",
                     p->argument[i], p->argument[0]);
  gm_status s = mappings_take(&r, sort);
  if (!s) s = t1d_record_builder_new(p->ctx, NULL, &r.builder);
  if (!s) s = files_read(&r, sort);
  if (!s) s = mappings_check(&r);
  if (!s) s = t1d_record_finish(r.builder, &out->records);
  if (!s) s = readings_check(p->ctx, sort, out);
  t1d_record_builder_free(r.builder);
  clock_name(&r, sort, out);
  return s;
}

void t1d_input_free(t1d_input *in) { t1d_records_free(&in->records); }

/* ---- what became of it ----------------------------------------------------------------------- */
/* Of so many readings, and such a share of them, more than chance or a slip. */
enum { WARNED_LEAST = 12, WARNINGS_MAX = 2 };
static const double conflicts_warned = 0.05, low_warned = 0.01;

typedef struct {
  int32_t count;
  char text[WARNINGS_MAX][160];
} warnings;

static bool is_much(int32_t n, int32_t of, double share)
{
  return n >= WARNED_LEAST && n > share * of;
}

static warnings warnings_of(const t1d_records *r)
{
  warnings w = {0};
  const readings n = readings_of(r);
  const int32_t told = n.count + r->conflicts;
  if (is_much(r->conflicts, told, conflicts_warned))
    snprintf(w.text[w.count++], sizeof w.text[0],
             "%d of %d readings stand against another one of the same time: two people, or two "
             "sensors?",
             (int)r->conflicts, (int)told);
  if (is_much(n.low, n.count, low_warned))
    snprintf(w.text[w.count++], sizeof w.text[0],
             "%d of %d readings are below %g mg/dL: some may be mmol/L", (int)n.low, (int)n.count,
             T1D_MMOL_L_MOST);
  return w;
}

void t1d_input_doubts(const t1d_input *in, gm_text *out)
{
  const warnings w = warnings_of(&in->records);
  for (int32_t i = 0; i < w.count; i++) gm_text_addf(out, "%s%s", i ? "\n" : "", w.text[i]);
}

void t1d_input_show(const t1d_input *in, gm_text *out)
{
  const t1d_records *r = &in->records;
  const struct {
    int64_t n;
    const char *what;
  } less[] = {{in->not_mapped, "not asked for"},   {in->parts, "parts refused"},
              {r->of_others, "of another person"}, {r->not_taken, "ordered or of no use here"},
              {r->implausible, "implausible"},     {r->withdrawn, "withdrawn"},
              {r->duplicates, "told before"},      {r->conflicts, "conflicts"}};
  const warnings w = warnings_of(r);
  gm_text_addf(out, "%lld %s, %lld refused, %d records", (long long)in->read, in->what,
               (long long)in->refused, (int)r->count);
  for (size_t i = 0; i < sizeof less / sizeof less[0]; i++)
    if (less[i].n) gm_text_addf(out, ", %lld %s", (long long)less[i].n, less[i].what);
  gm_text_add(out, "\n");
  for (int32_t i = 0; i < w.count; i++) gm_text_addf(out, "WARNING: %s\n", w.text[i]);
  if (in->first_refused[0]) gm_text_addf(out, "refused first: %s\n", in->first_refused);
  if (in->zone_needed)
    gm_text_add(out,
                "BASAL REFUSED: of a profile whose time zone is only a name; --zone H says it\n");
  gm_text_addf(out, "times of day: %s%s\n", in->clock,
               in->utc_taken ? ", which --zone H makes the person's own" : "");
}

static void by_series_json(const t1d_records *r, gm_json_writer *j)
{
  int32_t count[T1D_RECORD_KINDS] = {0};
  for (int32_t i = 0; i < r->count; i++) count[r->record[i].kind]++;
  gm_json_write_array(j, "series");
  for (int32_t k = 0; k < T1D_RECORD_KINDS; k++) {
    gm_json_write_object(j, NULL);
    gm_json_write_text(j, "name", t1d_record_series((t1d_record_kind)k));
    gm_json_write_text(j, "unit", t1d_record_unit((t1d_record_kind)k));
    gm_json_write_int(j, "records", count[k]);
    gm_json_write_object_end(j);
  }
  gm_json_write_array_end(j);
}

void t1d_input_json(const t1d_input *in, gm_json_writer *j)
{
  const t1d_records *r = &in->records;
  const warnings w = warnings_of(r);
  gm_json_write_object(j, "input");
  gm_json_write_text(j, "of", in->what);
  gm_json_write_int(j, "read", in->read);
  gm_json_write_int(j, "refused", in->refused);
  gm_json_write_int(j, "parts_refused", in->parts);
  gm_json_write_int(j, "not_mapped", in->not_mapped);
  gm_json_write_text(j, "first_refused", in->first_refused);
  gm_json_write_text(j, "clock", in->clock);
  gm_json_write_bool(j, "zone_needed", in->zone_needed);
  gm_json_write_int(j, "records", r->count);
  by_series_json(r, j);
  gm_json_write_int(j, "of_others", r->of_others);
  gm_json_write_int(j, "not_taken", r->not_taken);
  gm_json_write_int(j, "without_value", r->refused);
  gm_json_write_int(j, "implausible", r->implausible);
  gm_json_write_int(j, "withdrawn", r->withdrawn);
  gm_json_write_int(j, "duplicates", r->duplicates);
  gm_json_write_int(j, "conflicts", r->conflicts);
  gm_json_write_array(j, "warnings");
  for (int32_t i = 0; i < w.count; i++) gm_json_write_text(j, NULL, w.text[i]);
  gm_json_write_array_end(j);
  gm_json_write_object_end(j);
}
