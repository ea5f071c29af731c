/* suite_show.c - what came of the cases: a line each, totals per class and tag. */
#include "cli/suite.h"
#include <stdlib.h>
#include <string.h>

typedef struct {
  char name[64];
  int32_t count[SUITE_OUTCOME_COUNT];
} total;

typedef struct {
  gm_ctx *ctx;
  total *tag; /* owned, sorted by name once all is counted */
  int32_t tag_count, tag_room;
  total class[SUITE_CLASS_COUNT], all;
} totals;

static gm_status tag_count_one(totals *t, const char *tag, size_t bytes, suite_outcome outcome)
{
  char name[sizeof t->tag->name] = "";
  if (bytes == 0) return GM_OK;
  memcpy(name, tag, bytes < sizeof name ? bytes : sizeof name - 1);
  int32_t k = 0;
  while (k < t->tag_count && strcmp(t->tag[k].name, name) != 0) k++;
  if (k == t->tag_room) {
    int32_t room = t->tag_room ? 2 * t->tag_room : 64;
    gm_status s = gm_grow(t->ctx, &t->tag, t->tag_room, room, sizeof *t->tag);
    if (s) return s;
    t->tag_room = room;
  }
  if (k == t->tag_count) memcpy(t->tag[t->tag_count++].name, name, sizeof name);
  t->tag[k].count[outcome]++;
  return GM_OK;
}

static int by_name(const void *a, const void *b)
{
  return strcmp(((const total *)a)->name, ((const total *)b)->name);
}

static gm_status count_all(totals *t, const suite_result *r, int32_t count)
{
  gm_status s = GM_OK;
  for (int32_t i = 0; i < count && !s; i++) {
    t->all.count[r[i].outcome]++;
    t->class[r[i].class].count[r[i].outcome]++;
    for (const char *tag = r[i].tags; tag && *tag && !s;) {
      size_t n = strcspn(tag, ",");
      s = tag_count_one(t, tag, n, r[i].outcome);
      tag += n + (tag[n] == ',');
    }
  }
  if (t->tag_count) qsort(t->tag, (size_t)t->tag_count, sizeof *t->tag, by_name);
  return s;
}

static int32_t sum(const total *t)
{
  int32_t n = 0;
  for (int i = 0; i < SUITE_OUTCOME_COUNT; i++) n += t->count[i];
  return n;
}

static double share(const total *t) { return sum(t) ? 100.0 * t->count[SUITE_MATCH] / sum(t) : 0; }

/* ---- for people ----------------------------------------------------------------------------- */
static void lines(const suite_result *r, int32_t count, gm_text *out)
{
  for (int32_t i = 0; i < count; i++) {
    gm_text_addf(out, "%s %s", r[i].number, suite_outcome_name[r[i].outcome]);
    if (r[i].outcome != SUITE_MATCH && r[i].why[0]) {
      gm_text_add(out, ": ");
      cli_safe(out, r[i].why);
    } else if (r[i].outcome == SUITE_MATCH && r[i].runs > 1) {
      gm_text_addf(out, " with seed %d", (int)r[i].runs);
    }
    gm_text_add(out, "\n");
  }
}

static void table_begin(cli_table *table, gm_ctx *ctx, const char *what)
{
  cli_table_init(table, ctx, SUITE_OUTCOME_COUNT + 2);
  cli_table_cell(table, "%s", what);
  cli_table_cell(table, "cases");
  for (int k = SUITE_MATCH; k < SUITE_OUTCOME_COUNT; k++)
    cli_table_cell(table, "%s", suite_outcome_name[k]);
  cli_table_cell(table, "match");
}

static void table_row(cli_table *table, const char *name, const total *t)
{
  if (sum(t) == 0) return;
  cli_table_cell(table, "%s", name);
  cli_table_cell(table, "%d", (int)sum(t));
  for (int k = SUITE_MATCH; k < SUITE_OUTCOME_COUNT; k++)
    cli_table_cell(table, "%d", (int)t->count[k]);
  cli_table_cell(table, "%.2f %%", share(t));
}

static void show_text(const totals *t, const suite_result *r, int32_t count, gm_text *out)
{
  cli_table table;
  lines(r, count, out);
  if (t->tag_count) {
    gm_text_add(out, "\n");
    table_begin(&table, t->ctx, "tag");
    for (int32_t i = 0; i < t->tag_count; i++) table_row(&table, t->tag[i].name, &t->tag[i]);
    cli_table_write(&table, false, out);
  }
  gm_text_add(out, "\n");
  table_begin(&table, t->ctx, "class");
  for (int i = 0; i < SUITE_CLASS_COUNT; i++) table_row(&table, suite_class_name[i], &t->class[i]);
  table_row(&table, "all", &t->all);
  cli_table_write(&table, false, out);
}

/* ---- JSON ----------------------------------------------------------------------------------- */
static void json_total(gm_json_writer *j, const char *name, const total *t)
{
  if (sum(t) == 0) return;
  gm_json_write_object(j, NULL);
  gm_json_write_text(j, "name", name);
  gm_json_write_int(j, "cases", sum(t));
  for (int k = SUITE_MATCH; k < SUITE_OUTCOME_COUNT; k++)
    gm_json_write_int(j, suite_outcome_name[k], t->count[k]);
  gm_json_write_number(j, "match_percent", share(t));
  gm_json_write_object_end(j);
}

static void show_json(const cli *c, const totals *t, const suite_result *r, int32_t count,
                      gm_text *out)
{
  gm_json_writer j;
  gm_json_write_begin(&j, out, 1);
  gm_json_write_object(&j, NULL);
  gm_json_write_text(&j, "gemel", gm_version());
  gm_json_write_text(&j, "verb", "suite");
  gm_json_write_int(&j, "seed", (int64_t)c->seed);
  gm_json_write_array(&j, "cases");
  for (int32_t i = 0; i < count; i++) {
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "case", r[i].number);
    gm_json_write_text(&j, "class", suite_class_name[r[i].class]);
    gm_json_write_text(&j, "outcome", suite_outcome_name[r[i].outcome]);
    gm_json_write_text(&j, "why", r[i].why[0] ? r[i].why : NULL);
    gm_json_write_int(&j, "runs", r[i].runs);
    gm_json_write_object_end(&j);
  }
  gm_json_write_array_end(&j);
  gm_json_write_array(&j, "tags");
  for (int32_t i = 0; i < t->tag_count; i++) json_total(&j, t->tag[i].name, &t->tag[i]);
  gm_json_write_array_end(&j);
  gm_json_write_array(&j, "classes");
  for (int i = 0; i < SUITE_CLASS_COUNT; i++) json_total(&j, suite_class_name[i], &t->class[i]);
  json_total(&j, "all", &t->all);
  gm_json_write_array_end(&j);
  gm_json_write_object_end(&j);
  gm_text_add(out, "\n");
}

gm_status suite_show(cli *c, const suite_result *r, int32_t count)
{
  totals t = {.ctx = c->ctx};
  gm_status s = count_all(&t, r, count);
  if (!s && c->json) show_json(c, &t, r, count, &c->out);
  if (!s && !c->json) show_text(&t, r, count, &c->out);
  gm_free(t.tag);
  return s;
}
