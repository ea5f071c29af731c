/* source.c - a model, text or SBML, made into states, parameters, rates and outputs. */
#include "kinds/equations/source.h"
#include "kinds/equations/sbml/sbml.h"
#include "kinds/equations/text_net.h"
#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool eq_looks_like_sbml(const char *text)
{
  if (strncmp(text, "\xEF\xBB\xBF", 3) == 0) text += 3;
  return text[strspn(text, " \t\r\n")] == '<';
}

/* ---- outputs asked for ----------------------------------------------------------------------- */
const char *eq_output_where(const gm_eq_output *o)
{
  return o->where ? o->where : o->name ? o->name : "output";
}

static int by_name(const void *a, const void *b)
{
  const gm_eq_output *const *x = a, *const *y = b;
  return strcmp((*x)->name, (*y)->name);
}

/* Every one has a name of its own and an expression. */
static gm_status outputs_check(gm_ctx *ctx, const gm_eq_output *o, int32_t count)
{
  for (int32_t i = 0; i < count; i++)
    if (!o[i].name || !o[i].name[0] || !o[i].expression)
      return gm_fail(ctx, GM_EINVAL, "%.200s: an output needs a name and an expression",
                     eq_output_where(&o[i]));
  const gm_eq_output **sorted = gm_alloc(ctx, count, sizeof *sorted);
  if (!sorted) return gm_fail(ctx, GM_ENOMEM, "%d outputs", (int)count);
  for (int32_t i = 0; i < count; i++) sorted[i] = &o[i];
  qsort(sorted, (size_t)count, sizeof *sorted, by_name);
  gm_status s = GM_OK;
  for (int32_t i = 1; i < count && !s; i++)
    if (strcmp(sorted[i - 1]->name, sorted[i]->name) == 0)
      s = gm_fail(ctx, GM_EINVAL, "%.200s: output %.80s is there twice", eq_output_where(sorted[i]),
                  sorted[i]->name);
  gm_free(sorted);
  return s;
}

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status lower_text(gm_ctx *ctx, const gm_eq_config *c, const char *name, net *n,
                            ir_ref *asked, eq_source *out)
{
  eqt_reading r;
  gm_status s = net_init(n, ctx, name);
  if (s) return s;
  s = eqt_reading_open(&r, ctx, c->text, name, n);
  if (!s) s = eqt_reading_outputs(&r, c->output, c->output_count, asked);
  if (!s && r.names.moving_count + c->output_count == 0)
    s = eqt_fail(&r.text, 0, GM_EPARSE,
                 "nothing to compute: no rate rule (x' = ...), no rule, no reaction");
  eqt_reading_close(&r);
  return s ? s : net_lower(n, c, asked, out);
}

static gm_status lower_sbml(gm_ctx *ctx, const gm_eq_config *c, const char *name, net *n,
                            ir_ref *asked, eq_source *out)
{
  gm_status s = sbml_read(ctx, c->text, name, n);
  for (int32_t i = 0; i < c->output_count && !s; i++)
    s = net_output_read(n, &c->output[i], &asked[i]);
  return s ? s : net_lower(n, c, asked, out);
}

gm_status eq_source_read(gm_ctx *ctx, const gm_eq_config *config, eq_source *out)
{
  assert(ctx && out);
  if (!config || !config->text || config->output_count < 0 ||
      (config->output_count > 0 && !config->output))
    return gm_fail(ctx, GM_EINVAL, "a model needs its text, and outputs when they are counted");
  const char *name = config->text_name ? config->text_name : "model";
  bool sbml = config->format == GM_EQ_FORMAT_SBML ||
              (config->format == GM_EQ_FORMAT_AUTO && eq_looks_like_sbml(config->text));
  gm_status s = outputs_check(ctx, config->output, config->output_count);
  if (s) return s;
  net n = {.ctx = ctx, .graph.ctx = ctx};
  eq_source r = {.graph.ctx = ctx};
  ir_ref *asked = gm_alloc(ctx, config->output_count, sizeof *asked);
  if (!asked) return gm_fail(ctx, GM_ENOMEM, "outputs");
  s = sbml ? lower_sbml(ctx, config, name, &n, asked, &r)
           : lower_text(ctx, config, name, &n, asked, &r);
  gm_free(asked);
  net_free(&n);
  if (s)
    eq_source_free(&r);
  else
    *out = r;
  return s;
}

static void free_names(eq_name *n, int32_t count)
{
  for (int32_t i = 0; n && i < count; i++) {
    gm_free(n[i].name);
    gm_free(n[i].unit);
    gm_free(n[i].source);
  }
  gm_free(n);
}

void eq_source_free(eq_source *s)
{
  if (!s) return;
  gm_ctx *ctx = s->graph.ctx;
  gm_free(s->model_name);
  gm_free(s->time_unit);
  gm_free(s->no_unit);
  free_names(s->state, s->state_count);
  free_names(s->parameter, s->parameter_count + s->derived_count);
  free_names(s->output, s->output_count);
  gm_free(s->rate);
  gm_free(s->initial);
  gm_free(s->derived);
  gm_free(s->value);
  gm_free(s->kind);
  gm_free(s->slow);
  for (int32_t i = 0; i < s->event_count; i++) gm_free(s->event[i].name);
  for (int32_t i = 0; i < s->channel_count; i++) gm_free(s->channel[i].name);
  gm_free(s->event);
  gm_free(s->assign);
  gm_free(s->delay);
  gm_free(s->channel);
  gm_free(s->change);
  ir_graph_free(&s->graph);
  *s = (eq_source){.graph.ctx = ctx};
}
