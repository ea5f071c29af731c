/* t1d_verb_records.c - tables, Nightscout's and FHIR's JSON as one person's records. */
#include "t1d_verb_records.h"
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

typedef struct {
  t1d_record_builder *builder;
  t1d_input *in;
} input_reader;

static gm_status fact_take(void *user, const gm_fact *f)
{
  return t1d_record_take(((input_reader *)user)->builder, f);
}

static void refused(t1d_input *in, const char *place, const char *reason)
{
  if (!in->first_refused[0])
    snprintf(in->first_refused, sizeof in->first_refused, "%s: %s", place, reason);
}

/* ---- the three sorts ------------------------------------------------------------------------- */
static gm_status table_read(input_reader *r, const gm_program *p, const char *path, double zone_h)
{
  const t1d_csv_options o = {.mapping = gm_program_value(p, "mapping"),
                             .zone_min = (int32_t)lround(60 * zone_h)};
  t1d_table_told told;
  gm_status s = t1d_record_take_csv(r->builder, p->ctx, path, &o, &told);
  if (s) return s;
  r->in->read += told.rows;
  r->in->refused += told.refused;
  if (told.first_refused[0]) refused(r->in, path, told.first_refused);
  return GM_OK;
}

static gm_status document_heard(void *user, const gm_nightscout_account *a)
{
  const input_reader *r = user;
  if (a->outcome == GM_NIGHTSCOUT_REFUSED || a->parts_refused) refused(r->in, a->place, a->reason);
  return GM_OK;
}

static gm_status nightscout_read(input_reader *r, const gm_program *p)
{
  const gm_nightscout_options o = {.definition = t1d_record_definition(),
                                   .subject = "person",
                                   .fact = fact_take,
                                   .account = document_heard,
                                   .user = r};
  gm_nightscout_totals n = {0};
  gm_status s = gm_nightscout_read(p->ctx, p->argument, p->argument_count, &o, &n);
  r->in->what = "documents";
  r->in->read = n.documents;
  r->in->refused = n.refused;
  r->in->parts = n.parts_refused;
  r->in->not_mapped = n.not_mapped;
  return s;
}

static gm_status entry_heard(void *user, const gm_fhir_account *a)
{
  const input_reader *r = user;
  if (a->outcome == GM_FHIR_REFUSED || a->parts_refused) refused(r->in, a->place, a->reason);
  return GM_OK;
}

static gm_status fhir_read(input_reader *r, const gm_program *p, const char *path)
{
  const gm_fhir_options o = {.definition = t1d_record_definition(),
                             .lines = ends(path, ".ndjson"),
                             .fact = fact_take,
                             .account = entry_heard,
                             .user = r};
  gm_fhir_totals n = {0};
  gm_status s = gm_fhir_read_file(p->ctx, path, &o, &n);
  r->in->what = "entries";
  r->in->read += n.entries;
  r->in->refused += n.refused;
  r->in->parts += n.parts_refused;
  r->in->not_mapped += n.not_mapped;
  return s;
}

gm_status t1d_input_read(gm_program *p, double zone_h, t1d_input *out)
{
  *out = (t1d_input){.what = "rows"};
  input_reader r = {.in = out};
  const file_sort sort = sort_of(p->argument[0]);
  for (int32_t i = 1; i < p->argument_count; i++)
    if (sort_of(p->argument[i]) != sort)
      return gm_fail(p->ctx, GM_EINVAL,
                     "%s is of another sort than %s: tables, Nightscout's and FHIR's files are "
                     "not read together",
                     p->argument[i], p->argument[0]);
  gm_status s = t1d_record_builder_new(p->ctx, NULL, &r.builder);
  if (!s && sort == NIGHTSCOUT) s = nightscout_read(&r, p);
  for (int32_t i = 0; i < p->argument_count && sort != NIGHTSCOUT && !s; i++)
    s = sort == FHIR ? fhir_read(&r, p, p->argument[i]) : table_read(&r, p, p->argument[i], zone_h);
  if (!s) s = t1d_record_finish(r.builder, &out->records);
  t1d_record_builder_free(r.builder);
  return s;
}

void t1d_input_free(t1d_input *in) { t1d_records_free(&in->records); }

/* ---- what became of it ----------------------------------------------------------------------- */
void t1d_input_show(const t1d_input *in, gm_text *out)
{
  const t1d_records *r = &in->records;
  const struct {
    int64_t n;
    const char *what;
  } less[] = {{in->not_mapped, "not asked for"},   {in->parts, "parts refused"},
              {r->of_others, "of another person"}, {r->not_taken, "ordered or of no use here"},
              {r->refused, "without a value"},     {r->withdrawn, "withdrawn"},
              {r->duplicates, "told before"},      {r->conflicts, "conflicts"}};
  gm_text_addf(out, "%lld %s, %lld refused, %d records", (long long)in->read, in->what,
               (long long)in->refused, (int)r->count);
  for (size_t i = 0; i < sizeof less / sizeof less[0]; i++)
    if (less[i].n) gm_text_addf(out, ", %lld %s", (long long)less[i].n, less[i].what);
  gm_text_add(out, "\n");
  if (in->first_refused[0]) gm_text_addf(out, "refused first: %s\n", in->first_refused);
}

static void by_series_json(const t1d_records *r, t1d_json *j)
{
  int32_t count[T1D_RECORD_KINDS] = {0};
  for (int32_t i = 0; i < r->count; i++) count[r->record[i].kind]++;
  t1d_json_open(j, "series", '[');
  for (int32_t k = 0; k < T1D_RECORD_KINDS; k++) {
    t1d_json_open(j, NULL, '{');
    t1d_json_text(j, "name", t1d_record_series((t1d_record_kind)k));
    t1d_json_text(j, "unit", t1d_record_unit((t1d_record_kind)k));
    t1d_json_whole(j, "records", count[k]);
    t1d_json_close(j, '}');
  }
  t1d_json_close(j, ']');
}

void t1d_input_json(const t1d_input *in, t1d_json *j)
{
  const t1d_records *r = &in->records;
  t1d_json_open(j, "input", '{');
  t1d_json_text(j, "of", in->what);
  t1d_json_whole(j, "read", in->read);
  t1d_json_whole(j, "refused", in->refused);
  t1d_json_whole(j, "parts_refused", in->parts);
  t1d_json_whole(j, "not_mapped", in->not_mapped);
  t1d_json_text(j, "first_refused", in->first_refused);
  t1d_json_whole(j, "records", r->count);
  by_series_json(r, j);
  t1d_json_whole(j, "of_others", r->of_others);
  t1d_json_whole(j, "not_taken", r->not_taken);
  t1d_json_whole(j, "without_value", r->refused);
  t1d_json_whole(j, "withdrawn", r->withdrawn);
  t1d_json_whole(j, "duplicates", r->duplicates);
  t1d_json_whole(j, "conflicts", r->conflicts);
  t1d_json_close(j, '}');
}
