/* simulate_outputs.c - what is asked for of a model: outputs, tolerances, solver. */
#include "cli/simulate.h"
#include "kinds/equations/net/net.h"
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

typedef struct {
  const cli *c;
  gm_arena *a;
  const char *where; /* the option that is read, with its dashes */
  const char *as;    /* "amount", "concentration", or NULL: as the model has it */
  net net;           /* when as */
  gm_eq_output *out; /* in the arena */
  int32_t count, room;
} outputs;

static gm_status no_memory(const outputs *o) { return gm_fail(o->c->ctx, GM_ENOMEM, "outputs"); }

static char *copy(gm_arena *a, const char *text, size_t bytes)
{
  char *to = gm_arena_get(a, (ptrdiff_t)bytes + 1, 1);
  if (to) memcpy(to, text, bytes);
  return to;
}

/* A name that the model calls a species, in the way asked for; anything else as it is. */
static gm_status wrap(const outputs *o, const char *expression, const char **out)
{
  *out = expression;
  if (!o->as) return GM_OK;
  int32_t k = net_find(&o->net, expression, strlen(expression));
  if (k < 0 || o->net.symbol[k].kind != NET_SPECIES) return GM_OK;
  size_t bytes = strlen(expression) + 20;
  char *text = gm_arena_get(o->a, (ptrdiff_t)bytes, 1);
  if (!text) return no_memory(o);
  snprintf(text, bytes, "%s(%s)", o->as, expression);
  *out = text;
  return GM_OK;
}

static gm_status output_add(outputs *o, const char *name, const char *expression)
{
  for (int32_t i = 0; i < o->count; i++)
    if (!strcmp(o->out[i].name, name))
      return gm_fail(o->c->ctx, GM_EINVAL, "%s: %.80s is given twice", o->where, name);
  if (o->count == o->room) {
    int32_t more = o->room ? 2 * o->room : 32;
    gm_eq_output *grown = gm_arena_get(o->a, more, sizeof *grown);
    if (!grown) return no_memory(o);
    if (o->count) memcpy(grown, o->out, (size_t)o->count * sizeof *grown);
    o->out = grown;
    o->room = more;
  }
  gm_eq_output *e = &o->out[o->count];
  *e = (gm_eq_output){.name = name, .where = o->where};
  gm_status s = wrap(o, expression, &e->expression);
  if (!s) o->count++;
  return s;
}

/* The `=` of "NAME = EXPRESSION", not one of `==`, `<=`, `>=`, `!=`; NULL: there is none. */
static const char *equal_sign(const char *s)
{
  for (const char *e = strchr(s, '='); e; e = strchr(e + 1, '=')) {
    if (e == s || e[1] == '=' || strchr("<>!=", e[-1])) continue;
    return e;
  }
  return NULL;
}

static gm_status item_take(outputs *o, const char *text, size_t bytes)
{
  while (bytes && isspace((unsigned char)*text)) {
    text++;
    bytes--;
  }
  while (bytes && isspace((unsigned char)text[bytes - 1])) bytes--;
  if (bytes == 0)
    return gm_fail(o->c->ctx, GM_EPARSE,
                   "%s: a name or an expression is expected between the commas", o->where);
  char *name = copy(o->a, text, bytes);
  if (!name) return no_memory(o);
  const char *expression = name, *equal = equal_sign(name);
  if (equal) {
    size_t n = (size_t)(equal - name);
    while (n && isspace((unsigned char)name[n - 1])) n--;
    expression = equal + 1 + strspn(equal + 1, " \t");
    name = copy(o->a, name, n);
    if (!name) return no_memory(o);
  }
  return output_add(o, name, expression);
}

/* Names and expressions parted by commas outside of brackets. */
static gm_status list_take(outputs *o, const char *list)
{
  gm_status s = GM_OK;
  int depth = 0;
  const char *begin = list;
  for (const char *at = list; !s; at++) {
    depth += (*at == '(') - (*at == ')');
    if (*at && (*at != ',' || depth > 0)) continue;
    s = item_take(o, begin, (size_t)(at - begin));
    begin = at + 1;
    if (!*at) break;
  }
  return s;
}

/* What the model gives when it is not asked for anything. */
static gm_status all_take(outputs *o, const gm_eq_config *config)
{
  gm_model *m = NULL;
  int32_t count;
  gm_status s = gm_model_new(o->c->ctx, &gm_equations, config, &m);
  if (s) return s;
  const gm_var *v = gm_model_table(m, GM_TABLE_OUTPUT, &count);
  for (int32_t i = 0; i < count && !s; i++) {
    const char *name = copy(o->a, v[i].name, strlen(v[i].name));
    s = name ? output_add(o, name, name) : no_memory(o);
  }
  gm_model_free(m);
  return s;
}

static gm_status outputs_take(const cli *c, gm_arena *a, gm_eq_config *config)
{
  static const char *const option[] = {"--variables", "--output"};
  outputs o = {.c = c, .a = a, .where = option[0]};
  bool amounts = cli_has(c, "amounts"), concentrations = cli_has(c, "concentrations");
  if (amounts && concentrations)
    return gm_fail(c->ctx, GM_EINVAL,
                   "--amounts or --concentrations is expected, not both; "
                   "amount(S) and concentration(S) in --variables may be mixed");
  gm_status s = GM_OK;
  if (amounts || concentrations) {
    s = cli_net_read(c->ctx, config->text, config->text_name, &o.net);
    if (s) return s;
    o.as = amounts ? "amount" : "concentration";
  }
  for (int k = 0; k < 2; k++) {
    const char *list = NULL;
    o.where = option[k];
    for (int32_t i = 0; !s && (list = cli_value_at(c, o.where + 2, i)); i++)
      s = list_take(&o, list);
  }
  if (!s && o.as && o.count == 0) s = all_take(&o, config);
  if (o.as) net_free(&o.net);
  config->output = o.out;
  config->output_count = o.count;
  return s;
}

static gm_status above_zero(const cli *c, const char *name, double below, double *out)
{
  const char *text = cli_value(c, name);
  char what[24];
  snprintf(what, sizeof what, "--%s", name);
  gm_status s = text ? cli_number_read(c->ctx, what, text, out) : GM_OK;
  if (!s && text && !(*out > 0 && *out < below))
    s = gm_fail(c->ctx, GM_ERANGE, "%s %s: a number %s is expected", what, text,
                isinf(below) ? "above 0" : "between 0 and 1");
  return s;
}

/* Names of --set NAME(0)=VALUE and --vary NAME(0)=LAW: values at the start become parameters. */
static gm_status starts_take(const cli *c, gm_arena *a, gm_eq_config *config)
{
  int32_t count = 0;
  const char **name = gm_arena_get(a, c->given_count + 1, sizeof *name);
  if (!name) return gm_fail(c->ctx, GM_ENOMEM, "names");
  for (int32_t i = 0; i < c->given_count; i++) {
    const char *option = c->given[i]->name, *text = c->given_value[i], *end = strstr(text, "(0)=");
    bool values = !strcmp(option, "set") || !strcmp(option, "vary");
    if (!values || !end || end == text) continue;
    name[count] = copy(a, text, (size_t)(end - text));
    if (!name[count++]) return gm_fail(c->ctx, GM_ENOMEM, "names");
  }
  config->free_initial = count ? name : NULL;
  config->free_initial_count = count;
  return GM_OK;
}

gm_status simulate_config(const cli *c, gm_arena *a, const char *text, gm_eq_config *out)
{
  *out = (gm_eq_config){.text = text, .text_name = c->argument[0]};
  gm_status s = cli_solver(c, &out->solver);
  if (!s) s = above_zero(c, "rtol", 1, &out->rtol);
  if (!s) s = above_zero(c, "atol", 1, &out->atol);
  if (!s) s = above_zero(c, "step-longest", INFINITY, &out->step_longest);
  if (!s) s = starts_take(c, a, out);
  return s ? s : outputs_take(c, a, out);
}
