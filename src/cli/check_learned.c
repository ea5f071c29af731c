/* check_learned.c - gemel check DEFINITION --identify --data FILE: how much narrower the data make
 * the belief about each random effect, and which effects they tell only together. */
#include "cli/check_learned.h"
#include "num/stats.h"
#include <math.h>

/* Our own words: less than a fifth of the variance gone is little more than nothing, and above 0.95
 * the data speak of a combination of two. */
static const double told_least = 0.2, bound_least = 0.95;

typedef struct {
  char *told; /* [subjects][parameters] */
} learned;

typedef struct {
  gm_ctx *ctx;
  const gm_twin *t;
  double *mean, *cov; /* of the belief */
  char *told;
  cli_table table;
  gm_json_writer j;
} one;

static int32_t strongest(const one *k, int32_t effect, double *r)
{
  const gm_definition *d = k->t->definition;
  int32_t dim = k->t->posterior->dim, best = -1;
  *r = 0;
  for (int32_t i = 0; i < d->parameter_count; i++) {
    int32_t e = d->parameter[i].eta;
    if (e < 0 || e == effect) continue;
    double scale = sqrt(k->cov[e * dim + e] * k->cov[effect * dim + effect]);
    double other = scale > 0 ? k->cov[effect * dim + e] / scale : 0;
    if (fabs(other) <= fabs(*r)) continue;
    *r = other;
    best = i;
  }
  return best;
}

static const char is_told[] = "told", undecided[] = "undecided: take more members";

/* A share within two of its errors from the limit is on neither side of it. */
static const char *verdict_of(double gone, double error, double r)
{
  if (gone + 2 * error < told_least) return "hardly told";
  if (gone - 2 * error < told_least) return undecided;
  return fabs(r) > bound_least ? "told only together" : is_told;
}

static void row(one *k, int32_t parameter)
{
  const gm_def_parameter *p = &k->t->definition->parameter[parameter];
  int32_t dim = k->t->posterior->dim, e = p->eta;
  double prior = gm_subject_prior(k->t->subject)[e * dim + e], left = k->cov[e * dim + e] / prior;
  double error = left * sqrt(2 / fmax(1, k->t->posterior->ess)), r;
  int32_t with = strongest(k, e, &r);
  const char *name = with >= 0 ? k->t->definition->parameter[with].name : "";
  const char *verdict = verdict_of(1 - left, error, r);
  k->told[parameter] = verdict == is_told || verdict == undecided;
  cli_table_cell(&k->table, "%s", p->name);
  cli_table_cell(&k->table, "%.0f %% +- %.0f", 100 * fmax(0, 1 - left), 100 * error);
  if (with >= 0)
    cli_table_cell(&k->table, "%s (%+.2f)", name, r);
  else
    cli_table_cell(&k->table, "-");
  cli_table_cell(&k->table, "%s", verdict);
  gm_json_write_object(&k->j, NULL);
  gm_json_write_text(&k->j, "name", p->name);
  gm_json_write_number(&k->j, "learned", 1 - left);
  gm_json_write_number(&k->j, "error", error);
  gm_json_write_text(&k->j, "with", name);
  gm_json_write_number(&k->j, "correlation", r);
  gm_json_write_text(&k->j, "verdict", verdict);
  gm_json_write_object_end(&k->j);
}

static void rows(one *k, cli_result *r)
{
  static const char *const head[] = {"parameter", "variance gone", "most bound to",
                                     "from these data"};
  const gm_definition *d = k->t->definition;
  cli_table_init(&k->table, k->ctx, 4);
  for (int i = 0; i < 4; i++) cli_table_cell(&k->table, "%s", head[i]);
  gm_json_write_begin(&k->j, &r->json, 1);
  gm_json_write_object(&k->j, NULL);
  gm_json_write_text(&k->j, "subject", gm_subject_id(k->t->subject));
  gm_json_write_int(&k->j, "learned", k->t->learned);
  gm_json_write_text(&k->j, "health", gm_health_name(k->t->health));
  gm_json_write_array(&k->j, "parameters");
  for (int32_t i = 0; i < d->parameter_count; i++)
    if (d->parameter[i].eta >= 0) row(k, i);
  gm_json_write_array_end(&k->j);
  gm_json_write_object_end(&k->j);
  cli_table_write(&k->table, false, &r->text);
  gm_text_add(&r->text, "\n");
}

static gm_status learned_one(cli_batch *b, gm_ctx *ctx, int32_t i, const gm_twin *t, cli_result *r)
{
  learned *all = b->user;
  const gm_members *m = t->posterior;
  ptrdiff_t d = m->dim;
  double *work = gm_alloc(ctx, d * (d + 1), sizeof *work);
  one k = {.ctx = ctx, .t = t, .mean = work, .cov = work ? work + d : NULL};
  k.told = all->told + (ptrdiff_t)i * t->definition->parameter_count;
  gm_status s = work ? cli_show_twin(ctx, t, &r->text) : gm_fail(ctx, GM_ENOMEM, "parameters");
  if (!s && d) s = gm_stats_covariance(ctx, m->n, m->dim, m->z, m->weight, k.mean, k.cov);
  if (!s) rows(&k, r);
  gm_free(work);
  return s ? s : r->text.status ? r->text.status : r->json.status;
}

/* Parameters with an effect that the data of no subject tell. */
static int verdict(const cli_batch *b, const learned *all)
{
  const gm_definition *d = b->study->definition;
  int code = CLI_DONE;
  for (int32_t i = 0; i < d->parameter_count; i++) {
    int32_t told = 0;
    for (int32_t k = 0; k < b->study->count; k++) told += all->told[k * d->parameter_count + i];
    if (d->parameter[i].eta < 0 || told) continue;
    code = CLI_NO;
    if (!b->c->json)
      gm_text_addf(&b->c->out, "%s: told by the data of no subject\n", d->parameter[i].name);
  }
  return code;
}

int cli_check_learned(cli *c)
{
  cli_study study;
  learned all = {0};
  cli_batch b = {.c = c, .study = &study, .work = learned_one, .user = &all, .what = "subjects"};
  int code = cli_study_open(c, &study);
  if (!code) {
    all.told = gm_alloc(c->ctx, (ptrdiff_t)study.count * study.definition->parameter_count, 1);
    if (!all.told) code = cli_say(c, CLI_INTERNAL, "out of memory");
  }
  if (!code) {
    code = cli_batch_run(&b);
    if (code <= CLI_NO) cli_batch_write(&b);
    if (!code) code = verdict(&b, &all);
  }
  gm_free(all.told);
  cli_batch_free(&b);
  cli_study_close(&study);
  return code;
}
