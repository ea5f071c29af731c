/* verb_twin_add.c - gemel twin add: data of a subject into its twin's thread, and the belief kept
 * true. */
#include "cli/keep.h"
#include "gemel/fhir.h"
#include "gemel/mapping.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* Facts are added all or none, so many at a time: a file of fewer, which most are, is too. */
enum { BATCH = 16384, REFUSALS_SHOWN = 20, WAITS_BYTES = 400 };

/* Facts on their way into the thread. */
typedef struct {
  cli *c;
  cli_keep *k;
  gm_arena *memory;
  gm_arena_mark mark;
  gm_fact *fact; /* [room], owned */
  int32_t count, room;
  gm_life_intake sum;
  char subject[200];       /* of the facts so far */
  bool several;            /* they speak of more than one */
  bool dry;                /* only looked at */
  int64_t refused, others; /* others: facts of other subjects */
  int64_t mine;            /* facts to be taken */
  gm_text refusals;
  gm_fhir_account_writer writer;
  gm_text report;
} inlet;

static gm_status flush(inlet *in)
{
  gm_life_intake got;
  if (!in->count) return GM_OK;
  gm_life_add_options o = {.same_person = cli_has(in->c, "patient"), .named = true};
  gm_status s = gm_life_add(in->k->life, in->c->ctx, in->fact, in->count, &o, &got);
  in->count = 0;
  gm_arena_back(in->memory, in->mark);
  if (s) return s;
  in->sum.taken += got.taken;
  in->sum.already += got.already;
  in->sum.late += got.late;
  return GM_OK;
}

static bool keep(inlet *in, const char **text)
{
  size_t bytes = strlen(*text) + 1;
  char *copy = gm_arena_get(in->memory, (ptrdiff_t)bytes, 1);
  if (!copy) return false;
  memcpy(copy, *text, bytes);
  *text = copy;
  return true;
}

static gm_status room_make(inlet *in)
{
  int32_t room = in->room ? 4 * in->room : 256;
  if (in->count < in->room) return GM_OK;
  gm_status s = gm_grow(in->c->ctx, &in->fact, in->count, room, sizeof *in->fact);
  if (s) return gm_fail(in->c->ctx, s, "facts");
  in->room = room;
  return GM_OK;
}

static gm_status take(void *user, const gm_fact *f)
{
  inlet *in = user;
  if (gm_watch_stop(&in->c->watch)) return gm_fail(in->c->ctx, GM_ECANCELLED, "stopped");
  const char *whose = cli_value(in->c, "map") ? cli_value(in->c, "patient") : NULL;
  if (whose && strcmp(f->subject, whose) != 0) { /* the FHIR reader looks itself */
    in->others += !in->dry;
    return GM_OK;
  }
  if (!in->subject[0]) snprintf(in->subject, sizeof in->subject, "%.190s", f->subject);
  in->several |= strncmp(in->subject, f->subject, 190) != 0;
  in->mine += in->dry;
  if (in->dry) return GM_OK;
  gm_status s = room_make(in);
  if (s) return s;
  gm_fact *own = &in->fact[in->count];
  *own = *f;
  const char **const text[] = {&own->subject, &own->series,  &own->value,
                               &own->unit,    &own->licence, &own->source,
                               &own->id,      &own->version, &own->code};
  for (size_t i = 0; i < sizeof text / sizeof text[0]; i++)
    if (!keep(in, text[i])) return gm_fail(in->c->ctx, GM_ENOMEM, "a fact");
  return ++in->count == BATCH ? flush(in) : GM_OK;
}

static void refusal_show(inlet *in, const char *place, const char *reason)
{
  if (in->dry || in->refused++ >= REFUSALS_SHOWN) return;
  gm_text_add(&in->refusals, "  ");
  cli_safe(&in->refusals, place);
  gm_text_add(&in->refusals, ": ");
  cli_safe(&in->refusals, reason);
  gm_text_add(&in->refusals, "\n");
}

static gm_status fhir_account(void *user, const gm_fhir_account *a)
{
  inlet *in = user;
  if (a->outcome == GM_FHIR_REFUSED || a->parts_refused) refusal_show(in, a->place, a->reason);
  if (!in->dry && in->writer.out) gm_fhir_account_json(&in->writer, a);
  return GM_OK;
}

static gm_status row_account(void *user, const gm_mapping_account *a)
{
  inlet *in = user;
  char place[160];
  for (int32_t i = 0; i < a->refusal_count; i++) {
    snprintf(place, sizeof place, "line %lld%s%.100s", (long long)a->line,
             a->refusal[i].column[0] ? ", column " : "", a->refusal[i].column);
    refusal_show(in, place, a->refusal[i].reason);
  }
  return GM_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */
typedef struct {
  int64_t entries, taken, not_mapped, refused, facts;
} totals;

static gm_status fhir_read(inlet *in, const char *path, totals *t)
{
  gm_fhir_totals got = {0};
  gm_fhir_options o = {.definition = gm_life_definition(in->k->life),
                       .source = cli_value(in->c, "source"),
                       .licence = cli_value(in->c, "licence"),
                       .patient = cli_value(in->c, "patient"),
                       .lines = cli_ends_with(path, ".ndjson"),
                       .fact = take,
                       .account = fhir_account,
                       .user = in};
  gm_status s = gm_fhir_read_file(in->c->ctx, path, &o, &got);
  *t = (totals){got.entries, got.taken, got.not_mapped, got.refused, got.facts};
  return s;
}

static gm_status table_read(inlet *in, const char *path, totals *t)
{
  gm_mapping *m = NULL;
  gm_mapping_totals got = {0};
  gm_status s =
      gm_mapping_read(in->c->ctx, cli_value(in->c, "map"), gm_life_definition(in->k->life), &m);
  if (!s) s = gm_mapping_facts(in->c->ctx, m, path, take, row_account, in, &got);
  gm_mapping_free(m);
  *t = (totals){got.rows, got.taken + got.partly, got.nothing, got.refused, got.facts};
  return s;
}

static gm_status pass(inlet *in, const char *path, totals *t)
{
  return cli_value(in->c, "map") ? table_read(in, path, t) : fhir_read(in, path, t);
}

/* JSON begins with a bracket; what does not is said to be a table, rather than bad JSON. */
static int form_check(const cli *c, const char *path)
{
  char head[64];
  FILE *f = cli_value(c, "map") ? NULL : fopen(path, "rb");
  if (!f) return CLI_DONE; /* the reader says why */
  size_t bytes = fread(head, 1, sizeof head - 1, f);
  fclose(f);
  head[bytes] = 0;
  const char *text = head + (memcmp(head, "\xEF\xBB\xBF", 3) ? 0 : 3);
  text += strspn(text, " \t\r\n");
  if (!*text || *text == '{' || *text == '[') return CLI_DONE;
  return cli_say(c, CLI_BAD,
                 "%s: no JSON, in which FHIR is read; a table needs --map FILE (docs/mapping.md)",
                 path);
}

/* All is looked at first, so that a file that ends in the middle leaves nothing behind. */
static int data_read(inlet *in, const char *path, totals *t)
{
  cli *c = in->c;
  int code = form_check(c, path);
  if (code) return code;
  in->dry = true;
  gm_status s = pass(in, path, t);
  if (s) return cli_fail(c, s);
  if (in->several && !cli_value(c, "patient"))
    return cli_say(c, CLI_BAD, "%s speaks of several subjects; --patient says whose data to take",
                   path);
  if (cli_has(c, "strict") && t->refused)
    return cli_say(c, CLI_BAD, "%s: %lld of %lld entries are refused; nothing was added", path,
                   (long long)t->refused, (long long)t->entries);
  in->dry = false;
  s = pass(in, path, t);
  if (!s) s = flush(in);
  bool whose = s == GM_EINVAL && strstr(gm_message(c->ctx), "must say so");
  if (whose) return cli_say(c, CLI_BAD, "%s: --patient ID, if it is", gm_message(c->ctx));
  return s ? cli_fail(c, s) : CLI_DONE;
}

/* ---- showing --------------------------------------------------------------------------------- */
static void intake_show(const inlet *in, const totals *t, gm_text *out)
{
  gm_text_addf(out, "%lld entries: %lld taken, %lld map to nothing here, %lld refused\n",
               (long long)t->entries, (long long)t->taken, (long long)t->not_mapped,
               (long long)t->refused);
  gm_text_addf(out, "%lld facts: %lld new, %lld known already\n", (long long)t->facts,
               (long long)in->sum.taken, (long long)in->sum.already);
  if (in->others)
    gm_text_addf(out, "%lld facts of other subjects were left out\n", (long long)in->others);
  if (in->sum.late)
    gm_text_addf(out, "%lld came late: what the twin believes was worked out again\n",
                 (long long)in->sum.late);
  if (in->refusals.bytes) gm_text_addf(out, "Refused:\n%s", in->refusals.data);
  if (in->refused > REFUSALS_SHOWN)
    gm_text_addf(out, "  ... and %lld more (--report FILE has all)\n",
                 (long long)(in->refused - REFUSALS_SHOWN));
}

static void update_show(cli *c, const gm_life *l, const gm_life_update *u, const gm_twin *t)
{
  char when[40];
  if (!u->renewed) {
    gm_text_add(&c->out, "Nothing new: the belief stands.\n");
    return;
  }
  gm_text_addf(&c->out, "Learned from %d data up to %s in %.2g s; health: %s\n", (int)u->learned,
               cli_unix_text(gm_life_unix_s(l, t->t_now), when), u->took_s,
               gm_health_name(t->health));
  if (u->held_out || u->down_weighted)
    gm_text_addf(&c->out, "Data quality: %d held out, %d believed less\n", (int)u->held_out,
                 (int)u->down_weighted);
  if (u->scored)
    gm_text_addf(&c->out, "%d data were scored against what had been forecast\n", (int)u->scored);
  cli_warn_twin(c, t, &c->out);
}

/* waits: why nothing was learned, "". */
static void json_show(cli *c, const inlet *in, const totals *t, const gm_life_update *u,
                      const gm_twin *twin, const char *waits)
{
  gm_json_writer j;
  gm_json_write_begin(&j, &c->out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_int(&j, "entries", t->entries);
  gm_json_write_int(&j, "taken", t->taken);
  gm_json_write_int(&j, "not_mapped", t->not_mapped);
  gm_json_write_int(&j, "refused", t->refused);
  gm_json_write_int(&j, "facts", t->facts);
  gm_json_write_int(&j, "new", in->sum.taken);
  gm_json_write_int(&j, "already", in->sum.already);
  gm_json_write_int(&j, "late", in->sum.late);
  gm_json_write_int(&j, "of_others", in->others);
  gm_json_write_bool(&j, "renewed", u->renewed);
  if (waits[0]) gm_json_write_text(&j, "waits", waits);
  gm_json_write_int(&j, "learned", u->learned);
  gm_json_write_int(&j, "held_out", u->held_out);
  gm_json_write_int(&j, "down_weighted", u->down_weighted);
  gm_json_write_int(&j, "scored", u->scored);
  if (twin) gm_json_write_text(&j, "health", gm_health_name(twin->health));
  gm_json_write_object_end(&j);
  gm_text_add(&c->out, "\n");
}

/* Learns; *twin: what is believed now, where whoever asks may see it. waits: why nothing can be
 * learned yet: the data are there all the same. */
static gm_status learn(cli *c, const inlet *in, double now, gm_life_update *u, const gm_twin **twin,
                       char waits[WAITS_BYTES])
{
  gm_life *l = in->k->life;
  gm_status s = gm_life_renew(l, c->ctx, now, u);
  if (s == GM_EDOMAIN && !in->sum.taken) return GM_OK; /* no record at all: nothing to learn from */
  if (s == GM_ENOTFOUND) {                             /* a covariate has no value */
    snprintf(waits, WAITS_BYTES, "%s", gm_message(c->ctx));
    gm_message_clear(c->ctx);
    return GM_OK;
  }
  if (!s) s = gm_life_belief(l, c->ctx, twin);
  return s == GM_EDENIED ? GM_OK : s; /* who brings data need not see what is made of them */
}

/* A misspelt --patient would leave everything out without a word. */
static int verdict(const inlet *in)
{
  const char *patient = cli_value(in->c, "patient");
  if (!patient || in->mine) return CLI_DONE;
  return cli_say(in->c, CLI_DONE, "warning: nothing that this twin takes is of --patient %.80s",
                 patient);
}

static int renew(cli *c, inlet *in, const totals *t)
{
  gm_life_update u = {0};
  const gm_twin *twin = NULL;
  double now = NAN;
  char waits[WAITS_BYTES] = "";
  bool learns = !cli_has(c, "no-update");
  int code = cli_unix_option(c, "now", &now);
  if (code) return code;
  gm_status s = learns ? learn(c, in, now, &u, &twin, waits) : GM_OK;
  if (s) return cli_fail(c, s);
  if (c->json) {
    json_show(c, in, t, &u, twin, waits);
    return verdict(in);
  }
  intake_show(in, t, &c->out);
  if (waits[0])
    gm_text_addf(&c->out, "WARNING: nothing was learned yet: %s\n", waits);
  else if (learns && (twin || !u.renewed))
    update_show(c, in->k->life, &u, twin);
  return verdict(in);
}

static int run(cli *c)
{
  cli_keep k = {0};
  inlet in = {.c = c, .k = &k};
  totals t = {0};
  const char *path = cli_value(c, "data"), *report = cli_value(c, "report");
  if (!path) return cli_say_use(c, "--data is missing");
  gm_text_init(&in.refusals, c->ctx);
  gm_text_init(&in.report, c->ctx);
  if (report) gm_fhir_account_begin(&in.writer, &in.report);
  gm_status s = gm_arena_new(c->ctx, 65536, &in.memory);
  int code = s ? cli_fail(c, s) : cli_keep_life(c, &k);
  if (!code) in.mark = gm_arena_at(in.memory);
  if (!code) code = data_read(&in, path, &t);
  if (report) gm_fhir_account_end(&in.writer);
  if (!code) code = renew(c, &in, &t);
  if (!code && report && (s = cli_write(c->ctx, report, &in.report))) code = cli_fail(c, s);
  cli_keep_close(&k);
  gm_free(in.fact);
  gm_arena_free(in.memory);
  gm_text_free(&in.refusals);
  gm_text_free(&in.report);
  return code;
}

static const cli_option options[] = {
    {"data", "FILE", "FHIR R4 JSON (Bundle, resource; .ndjson: lines), or a table with --map",
     GM_OPTION_READ},
    {"map", "FILE", "how a table's columns become facts (docs/mapping.md)", GM_OPTION_READ},
    {"patient", "ID", "whose data to take; it says that this ID too is the twin's subject", false},
    {"source", "NAME", "who sent it", false},
    {"licence", "TEXT", "under which licence", false},
    {"strict", NULL, "add nothing when an entry is refused", false},
    {"report", "FILE", "write what became of every entry, as a FHIR batch-response",
     GM_OPTION_WRITTEN},
    {"now", "TIME", "learn from data true at or before this time", false},
    {"no-update", NULL, "add without learning", false},
    CLI_KEEP_OPTIONS,
    {NULL, NULL, NULL, false}};

const cli_verb cli_verb_twin_add = {
    .name = "twin add",
    .summary = "add data to a twin and keep it true",
    .use = "NAME --data FILE [--map FILE]",
    .details = "Every entry is accounted for: taken, mapped to nothing, or refused with a reason. "
               "The same data\nagain add nothing; corrections and late data make the twin learn "
               "again.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
