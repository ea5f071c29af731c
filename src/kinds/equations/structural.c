/* structural.c - local structural identifiability: the unknowns, the points, what comes of them. */
#include "gemel/structural.h"
#include "kinds/equations/structural_mixed.h"
#include <stdlib.h>
#include <string.h>

/* Primes below 2^61 that are 3 modulo 4. */
static const uint64_t prime_first = (UINT64_C(1) << 61) - 1,
                      prime_second = (UINT64_C(1) << 61) - 45;
enum { EXPONENT_MAX = 1000 };

/* ---- the model ------------------------------------------------------------------------------- */
static gm_status supported(gm_ctx *ctx, const eq_source *s)
{
  const char *what = s->event_count     ? "events"
                     : s->delay_count   ? "delays"
                     : s->uniform_count ? "random draws"
                                        : NULL;
  for (int32_t i = 0; i < s->state_count && !what; i++)
    if (s->kind[i] == EQ_STATE_ALGEBRAIC) what = "algebraic equations";
  if (!what) return GM_OK;
  return gm_fail(ctx, GM_EUNSUPPORTED, "structural identifiability: the model has %s", what);
}

static gm_status source_open(gm_ctx *ctx, const gm_structural_config *c, eq_source *out)
{
  if (c->observe_count < 1 || !c->observe)
    return gm_fail(ctx, GM_EINVAL, "structural identifiability: say what is measured");
  gm_eq_output *o = gm_alloc(ctx, c->observe_count, sizeof *o);
  if (!o) return gm_fail(ctx, GM_ENOMEM, "outputs");
  for (int32_t i = 0; i < c->observe_count; i++)
    o[i] =
        (gm_eq_output){.name = c->observe[i], .expression = c->observe[i], .where = c->observe[i]};
  gm_eq_config config = {.text = c->text,
                         .format = c->format,
                         .text_name = c->text_name,
                         .output = o,
                         .output_count = c->observe_count};
  gm_status s = eq_source_read(ctx, &config, out);
  gm_free(o);
  if (s) return s;
  s = supported(ctx, out);
  if (s) eq_source_free(out);
  return s;
}

static int32_t named(const eq_name *n, int32_t count, const char *name)
{
  for (int32_t i = 0; i < count; i++)
    if (strcmp(n[i].name, name) == 0) return i;
  return -1;
}

static gm_status unknowns_read(ss_problem *p, const eq_source *s, const gm_structural_config *c)
{
  bool some = false;
  for (int32_t i = 0; i < c->unknown_count; i++) {
    int32_t k = named(s->parameter, s->parameter_count, c->unknown[i]);
    int32_t x = k < 0 ? named(s->state, s->state_count, c->unknown[i]) : -1;
    if (k < 0 && x < 0)
      return gm_fail(p->ctx, GM_ENOTFOUND, "unknown %.100s: no parameter or state has this name",
                     c->unknown[i]);
    if (k >= 0) p->param_column[k] = 0;
    if (x >= 0) p->state_column[x] = 0;
    some = some || k >= 0;
  }
  for (int32_t i = 0; i < s->parameter_count && !some; i++) p->param_column[i] = 0;
  for (int32_t i = 0; i < s->state_count && c->start_free; i++)
    if (s->kind[i] == EQ_STATE_RATE) p->state_column[i] = 0;
  return GM_OK;
}

static gm_status knowns_read(ss_problem *p, const eq_source *s, const gm_structural_config *c)
{
  for (int32_t i = 0; i < c->known_count; i++) {
    int32_t k = named(s->parameter, s->parameter_count, c->known[i]);
    if (k < 0)
      return gm_fail(p->ctx, GM_ENOTFOUND, "known %.100s: no parameter has this name", c->known[i]);
    for (int32_t j = 0; j < c->unknown_count; j++)
      if (strcmp(c->unknown[j], c->known[i]) == 0)
        return gm_fail(p->ctx, GM_EINVAL, "%.100s is said to be known and unknown", c->known[i]);
    p->param_column[k] = -1;
  }
  return GM_OK;
}

static gm_status inputs_read(ss_problem *p, const eq_source *s, const gm_structural_config *c)
{
  for (int32_t i = 0; i < c->input_count; i++) {
    int32_t x = named(s->state, s->state_count, c->input[i]);
    if (x < 0)
      return gm_fail(p->ctx, GM_ENOTFOUND, "input %.100s: no state has this name", c->input[i]);
    p->driven[x] = true;
  }
  return GM_OK;
}

static void problem_close(ss_problem *p)
{
  gm_free(p->rate);
  gm_free(p->initial);
  gm_free(p->value);
  gm_free(p->param_column);
  gm_free(p->state_column);
  gm_free(p->param_value);
  gm_free(p->driven);
  gm_free(p->partner);
  gm_free(p->used);
}

static gm_status problem_alloc(gm_ctx *ctx, eq_source *s, const gm_structural_config *c,
                               ss_problem *p)
{
  *p = (ss_problem){.ctx = ctx,
                    .state_count = s->state_count,
                    .param_count = s->parameter_count,
                    .output_count = s->output_count,
                    .seed = c->seed,
                    .watch = c->watch};
  p->rate = gm_alloc(ctx, s->state_count, sizeof *p->rate);
  p->initial = gm_alloc(ctx, s->state_count, sizeof *p->initial);
  p->value = gm_alloc(ctx, s->output_count, sizeof *p->value);
  p->param_column = gm_alloc(ctx, s->parameter_count, sizeof *p->param_column);
  p->state_column = gm_alloc(ctx, s->state_count, sizeof *p->state_column);
  p->param_value = gm_alloc(ctx, s->parameter_count, sizeof *p->param_value);
  p->driven = gm_alloc(ctx, s->state_count, sizeof *p->driven);
  if (!p->rate || !p->initial || !p->value || !p->param_column || !p->state_column ||
      !p->param_value || !p->driven)
    return gm_fail(ctx, GM_ENOMEM, "structural identifiability");
  for (int32_t i = 0; i < s->parameter_count; i++) p->param_column[i] = -1;
  for (int32_t i = 0; i < s->state_count; i++) p->state_column[i] = -1;
  for (int32_t i = 0; i < s->parameter_count; i++) p->param_value[i] = s->parameter[i].value;
  return GM_OK;
}

static gm_status problem_open(gm_ctx *ctx, eq_source *s, const gm_structural_config *c,
                              ss_problem *p)
{
  gm_status status = problem_alloc(ctx, s, c, p);
  if (!status) status = unknowns_read(p, s, c);
  if (!status) status = knowns_read(p, s, c);
  if (!status) status = inputs_read(p, s, c);
  if (status) return status;
  for (int32_t i = 0; i < p->param_count; i++)
    if (p->param_column[i] == 0) p->param_column[i] = p->unknown_count++;
  for (int32_t i = 0; i < p->state_count; i++)
    if (p->state_column[i] == 0) p->state_column[i] = p->unknown_count++;
  if (p->unknown_count == 0) return gm_fail(ctx, GM_EINVAL, "nothing is unknown");
  return gm__series_rewrite(p, s);
}

/* ---- the points ------------------------------------------------------------------------------ */
typedef struct {
  sf_span span;        /* of the derivatives at the last point */
  sf_span still[2];    /* over all points: directions that leave the outputs, in logarithms of */
  uint64_t *value, *v; /* unknowns (0) and as they are (1); [unknown_count] each */
} walk;

static void walk_close(walk *w)
{
  gm__span_free(&w->span);
  gm__span_free(&w->still[0]);
  gm__span_free(&w->still[1]);
  gm_free(w->value);
  gm_free(w->v);
}

static gm_status walk_open(walk *w, gm_ctx *ctx, uint64_t prime, int32_t n)
{
  gm_status s = gm__span_init(&w->span, ctx, prime, n);
  for (int i = 0; i < 2 && !s; i++) s = gm__span_init(&w->still[i], ctx, prime, n);
  w->value = gm_alloc(ctx, n, sizeof *w->value);
  w->v = gm_alloc(ctx, n, sizeof *w->v);
  if (!s && (!w->value || !w->v)) s = gm_fail(ctx, GM_ENOMEM, "structural identifiability");
  return s;
}

/* Directions of this point into the sums over the points; true: something was new. */
static bool walk_gather(walk *w)
{
  int32_t n = w->span.columns;
  bool more = false;
  for (int form = 0; form < 2; form++)
    for (int32_t i = 0; i < n - w->span.count; i++) {
      gm__span_normal(&w->span, i, w->v);
      for (int32_t j = 0; j < n && form == 0; j++)
        w->v[j] = sf_mul(w->span.p, w->v[j], sf_inverse(w->span.p, w->value[j]));
      if (gm__span_add(&w->still[form], w->v)) more = true;
    }
  return more;
}

static bool found(const sf_span *s, int32_t column)
{
  for (int32_t i = 0; i < s->count; i++) {
    const uint64_t *row = s->row + (size_t)i * s->columns;
    if (s->pivot[i] != column) continue;
    for (int32_t j = 0; j < s->columns; j++)
      if (j != column && row[j]) return false;
    return true;
  }
  return false;
}

/* ---- what comes of it ------------------------------------------------------------------------ */
bool gm__structural_whole(uint64_t p, int32_t n, const uint64_t *v, int64_t *out)
{
  int64_t common = 1, num, den;
  for (int32_t j = 0; j < n; j++) {
    if (!gm__field_ratio(p, v[j], EXPONENT_MAX, &num, &den)) return false;
    int64_t a = common, b = den;
    while (b) {
      int64_t r = a % b;
      a = b;
      b = r;
    }
    common = common / a * den;
    if (common > EXPONENT_MAX) return false;
  }
  for (int32_t j = 0; j < n; j++) {
    (void)gm__field_ratio(p, v[j], EXPONENT_MAX, &num, &den);
    out[j] = num * (common / den);
  }
  int32_t lead = 0;
  while (lead < n && out[lead] == 0) lead++;
  bool turn = lead < n && out[lead] < 0; /* the first is positive */
  for (int32_t j = 0; j < n && turn; j++) out[j] = -out[j];
  return true;
}

void gm__structural_product(gm_text *t, const gm_structural *s, const int64_t *e)
{
  int first = 1;
  for (int sign = 1; sign >= -1; sign -= 2)
    for (int32_t j = 0; j < s->unknown_count; j++) {
      long long k = e[j] * sign;
      if (k <= 0) continue;
      gm_text_addf(t, "%s%s",
                   first      ? sign < 0 ? "1/" : ""
                   : sign < 0 ? "/"
                              : "*",
                   s->unknown[j].name);
      if (k > 1) gm_text_addf(t, "^%lld", k);
      first = 0;
    }
}

static void sum_text(gm_text *t, const gm_structural *s, const int64_t *e)
{
  bool first = true;
  for (int32_t j = 0; j < s->unknown_count; j++) {
    if (e[j] == 0) continue;
    gm_text_add(t, first ? e[j] < 0 ? "-" : "" : e[j] < 0 ? " - " : " + ");
    if (llabs(e[j]) != 1) gm_text_addf(t, "%lld*", llabs((long long)e[j]));
    gm_text_add(t, s->unknown[j].name);
    first = false;
  }
}

/* Vectors that no direction at any point moves: products of powers (form 0) and sums (1). Adds
 * those with two unknowns or more as texts, all of them to span, whose derivatives are natural. */
static gm_status combine(gm_structural *s, walk *w, int form, int64_t *e, sf_span *known)
{
  int32_t n = s->unknown_count;
  uint64_t p = w->span.p;
  for (int32_t i = 0; i < n - w->still[form].count; i++) {
    int32_t support = 0;
    gm__span_normal(&w->still[form], i, w->v);
    if (!gm__structural_whole(p, n, w->v, e)) continue;
    for (int32_t j = 0; j < n; j++) support += e[j] != 0;
    for (int32_t j = 0; j < n && form == 0; j++)
      w->v[j] = sf_mul(p, w->v[j], sf_inverse(p, w->value[j]));
    (void)gm__span_add(known, w->v);
    if (support < 2) continue;
    gm_text t;
    gm_text_init(&t, s->ctx);
    (form == 0 ? gm__structural_product : sum_text)(&t, s, e);
    if (t.status) {
      gm_text_free(&t);
      return gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
    }
    s->combination[s->combination_count++] = t.data;
  }
  return GM_OK;
}

static gm_status combinations(gm_structural *s, const ss_problem *p, walk *w)
{
  int32_t n = s->unknown_count;
  sf_span known;
  gm_status status = gm__span_init(&known, s->ctx, w->span.p, n);
  if (status) return status;
  int64_t *e = gm_alloc(s->ctx, n, sizeof *e);
  s->combination = gm_alloc(s->ctx, 3 * (ptrdiff_t)n, sizeof *s->combination);
  if (!e || !s->combination) status = gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  for (int form = 0; form < 2 && !status; form++) status = combine(s, w, form, e, &known);
  if (!status && known.count < s->rank) status = gm__structural_mixed(s, p, &known);
  s->other_count = s->rank - known.count;
  gm_free(e);
  gm__span_free(&known);
  return status;
}

static gm_status rows_make(gm_structural *s, const eq_source *m, const ss_problem *p)
{
  s->unknown = gm_alloc(s->ctx, p->unknown_count, sizeof *s->unknown);
  if (!s->unknown) return gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  s->unknown_count = p->unknown_count;
  for (int32_t i = 0; i < p->param_count + p->state_count; i++) {
    bool start = i >= p->param_count;
    int32_t k = start ? p->state_column[i - p->param_count] : p->param_column[i];
    if (k < 0) continue;
    gm_text t;
    gm_text_init(&t, s->ctx);
    gm_text_addf(&t, start ? "%s(0)" : "%s",
                 start ? m->state[i - p->param_count].name : m->parameter[i].name);
    s->unknown[k].name = t.data;
    if (t.status) return gm_fail(s->ctx, GM_ENOMEM, "structural identifiability");
  }
  return GM_OK;
}

/* One point modulo another prime: the same verdicts. */
static gm_status second_opinion(gm_structural *s, const ss_problem *p)
{
  walk w = {0};
  int32_t order = 0;
  gm_status status = walk_open(&w, s->ctx, prime_second, s->unknown_count);
  if (!status) status = gm__series_point(p, prime_second, s->point_count, &w.span, w.value, &order);
  bool same = !status && w.span.count == s->rank;
  for (int32_t j = 0; j < s->unknown_count && same; j++)
    same = found(&w.span, j) == s->unknown[j].identifiable;
  if (!status && !same)
    status = gm_fail(s->ctx, GM_ENUMERIC,
                     "structural identifiability: two primes disagree; "
                     "another seed is needed");
  walk_close(&w);
  s->point_count++;
  return status;
}

/* Two more points that bring nothing new end it; each of the others raises a dimension. What one
 * point says of the unknowns stands but for the chance of an unlucky point. */
static gm_status points_walk(gm_structural *s, const ss_problem *p, walk *w)
{
  gm_status status = GM_OK;
  for (int32_t idle = 0, i = 0; idle < 2 && !status; i++) {
    int32_t order = 0;
    status = gm__series_point(p, prime_first, i, &w->span, w->value, &order);
    if (status) break;
    idle = walk_gather(w) ? 0 : idle + 1;
    if (order > s->order) s->order = order;
    s->point_count = i + 1;
    s->rank = w->span.count;
    for (int32_t j = 0; j < s->unknown_count; j++) s->unknown[j].identifiable = found(&w->span, j);
  }
  return status;
}

static gm_status test_run(gm_structural *s, const ss_problem *p)
{
  walk w = {0};
  gm_status status = walk_open(&w, s->ctx, prime_first, s->unknown_count);
  if (!status) status = points_walk(s, p, &w);
  if (!status) status = combinations(s, p, &w);
  walk_close(&w);
  if (!status) status = second_opinion(s, p);
  if (status != GM_ECANCELLED || s->point_count == 0) return status;
  gm_message_clear(s->ctx);
  s->stopped = true;
  return GM_OK;
}

gm_status gm_structural_test(gm_ctx *ctx, const gm_structural_config *config, gm_structural **out)
{
  if (!config || !out) return gm_fail(ctx, GM_EINVAL, "structural identifiability: no model");
  eq_source source;
  ss_problem p;
  gm_status s = source_open(ctx, config, &source);
  if (s) return s;
  gm_structural *r = gm_alloc(ctx, 1, sizeof *r);
  s = problem_open(ctx, &source, config, &p);
  if (!r && !s) s = gm_fail(ctx, GM_ENOMEM, "structural identifiability");
  if (r) r->ctx = ctx;
  if (!s) s = rows_make(r, &source, &p);
  if (!s) s = test_run(r, &p);
  problem_close(&p);
  eq_source_free(&source);
  if (s)
    gm_structural_free(r);
  else
    *out = r;
  return s;
}

void gm_structural_free(gm_structural *s)
{
  if (!s) return;
  for (int32_t i = 0; i < s->unknown_count; i++) gm_free(s->unknown[i].name);
  for (int32_t i = 0; i < s->combination_count; i++) gm_free(s->combination[i]);
  gm_free(s->unknown);
  gm_free(s->combination);
  gm_free(s);
}
