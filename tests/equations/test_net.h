/* test_net.h - networks written in few lines, and the numbers their equations give.
 * Expressions are read here by a small descent of its own, so that these tests do not hang on the
 * readers of model texts. */
#ifndef GEMEL_TESTS_NET_H
#define GEMEL_TESTS_NET_H
#include "kinds/equations/net/net.h"
#include <assert.h>
#include <ctype.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The first failure while a network is written is kept here (tests of failing memory look). */
static gm_status net_status;

static inline void keep(gm_status s)
{
  if (s && !net_status) net_status = s;
}

/* ---- expressions ---------------------------------------------------------------------------- */
typedef struct {
  net *n;
  const char *at;
} reading;

static inline ir_ref read_sum(reading *r);

static inline void blanks(reading *r)
{
  while (*r->at == ' ') r->at++;
}

static inline bool take(reading *r, char c)
{
  blanks(r);
  if (*r->at != c) return false;
  r->at++;
  return true;
}

static inline ir_ref read_call(reading *r, const char *name)
{
  static const struct {
    const char *name;
    ir_op op;
  } known[] = {{"lt", IR_LT},   {"le", IR_LE},      {"if", IR_SELECT}, {"exp", IR_EXP},
               {"ln", IR_LOG},  {"and", IR_AND},    {"sin", IR_SIN},   {"rateOf", IR_RATE_OF},
               {"not", IR_NOT}, {"floor", IR_FLOOR}};
  ir_ref a[3] = {IR_NONE, IR_NONE, IR_NONE}, leaf;
  int count = 0;
  if (!take(r, ')')) {
    do a[count++] = read_sum(r);
    while (count < 3 && take(r, ','));
    if (!take(r, ')')) abort();
  }
  if (strcmp(name, "uniform") == 0) return net_uniform(r->n);
  if (strcmp(name, "delay") == 0) {
    gm_status s = net_delay_add(r->n, a[0], a[1], &leaf);
    keep(s);
    return s ? IR_NONE : leaf;
  }
  for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
    if (strcmp(name, known[i].name) == 0)
      return ir_make(&r->n->graph, known[i].op, a[0], a[1], a[2]);
  abort();
}

static inline ir_ref read_factor(reading *r)
{
  ir_graph *g = &r->n->graph;
  char name[100];
  int bytes = 0;
  blanks(r);
  if (take(r, '-')) return ir_make(g, IR_NEG, read_factor(r), IR_NONE, IR_NONE);
  if (take(r, '(')) {
    ir_ref v = read_sum(r);
    if (!take(r, ')')) abort();
    return v;
  }
  if (isdigit((unsigned char)*r->at)) {
    char *end;
    double v = strtod(r->at, &end);
    r->at = end;
    return ir_const(g, v);
  }
  while (isalnum((unsigned char)*r->at) || *r->at == '_') name[bytes++] = *r->at++;
  name[bytes] = 0;
  if (bytes == 0) abort();
  if (take(r, '(')) return read_call(r, name);
  if (strcmp(name, "time") == 0) return ir_time(g);
  int32_t i = net_find(r->n, name, (size_t)bytes);
  if (i < 0) abort();
  return ir_leaf(g, IR_SYMBOL, i);
}

static inline ir_ref read_power(reading *r)
{
  ir_ref a = read_factor(r);
  return take(r, '^') ? ir_make(&r->n->graph, IR_POW, a, read_factor(r), IR_NONE) : a;
}

static inline ir_ref read_product(reading *r)
{
  ir_ref a = read_power(r);
  for (;;) {
    if (take(r, '*'))
      a = ir_make(&r->n->graph, IR_MUL, a, read_power(r), IR_NONE);
    else if (take(r, '/'))
      a = ir_make(&r->n->graph, IR_DIV, a, read_power(r), IR_NONE);
    else
      return a;
  }
}

static inline ir_ref read_sum(reading *r)
{
  ir_ref a = read_product(r);
  for (;;) {
    if (take(r, '+'))
      a = ir_make(&r->n->graph, IR_ADD, a, read_product(r), IR_NONE);
    else if (take(r, '-'))
      a = ir_make(&r->n->graph, IR_SUB, a, read_product(r), IR_NONE);
    else
      return a;
  }
}

static inline ir_ref ex(net *n, const char *text)
{
  reading r = {n, text};
  ir_ref v = text ? read_sum(&r) : IR_NONE;
  blanks(&r);
  if (text && *r.at) abort();
  return v;
}

/* ---- networks ------------------------------------------------------------------------------- */
static inline net_symbol *at(net *n, const char *name)
{
  return &n->symbol[net_find(n, name, strlen(name))];
}

static net_symbol scratch_symbol;

static inline net_symbol *add_symbol(net *n, net_kind kind, const char *name, double value)
{
  int32_t i;
  gm_status s = net_symbol_add(n, kind, name, &i);
  keep(s);
  net_symbol *y = s ? &scratch_symbol : &n->symbol[i];
  y->value = value;
  return y;
}

static inline net_symbol *parameter(net *n, const char *name, double value)
{
  return add_symbol(n, NET_PARAMETER, name, value);
}

static inline net_symbol *compartment(net *n, const char *name, double value)
{
  return add_symbol(n, NET_COMPARTMENT, name, value);
}

/* A species stated by its concentration, which it also means. */
static inline net_symbol *species(net *n, const char *name, const char *in, double value)
{
  net_symbol *y = add_symbol(n, NET_SPECIES, name, value);
  y->compartment = in ? net_find(n, in, strlen(in)) : -1;
  return y;
}

/* parts: "A:-1 B:2", rate NULL: none. */
static inline net_reaction *reaction(net *n, const char *name, const char *rate, const char *parts)
{
  static net_reaction scratch;
  int32_t i;
  char word[100];
  gm_status s = net_reaction_add(n, name, &i);
  keep(s);
  if (s) return &scratch;
  n->reaction[i].rate = ex(n, rate);
  for (const char *p = parts; sscanf(p, " %99s", word) == 1; p = strstr(p, word) + strlen(word)) {
    char *colon = strchr(word, ':');
    int32_t y = net_find(n, word, (size_t)(colon - word));
    s = net_part_add(n, y, ex(n, colon + 1));
    keep(s);
    if (s) break;
  }
  return &n->reaction[i];
}

static inline net_event *event(net *n, const char *trigger)
{
  static net_event scratch;
  int32_t i;
  gm_status s = net_event_add(n, "e", &i);
  keep(s);
  if (s) return &scratch;
  n->event[i].trigger = ex(n, trigger);
  n->event[i].initial = n->event[i].persistent = true;
  return &n->event[i];
}

static inline void sets(net *n, const char *name, const char *value)
{
  keep(net_assign_add(n, net_find(n, name, strlen(name)), ex(n, value)));
}

/* ---- results -------------------------------------------------------------------------------- */
static inline int32_t row(const eq_name *n, int32_t count, const char *name)
{
  for (int32_t i = 0; i < count; i++)
    if (strcmp(n[i].name, name) == 0) return i;
  return -1;
}

/* Value of an expression at time t, states x, parameters as stated. */
static inline double value_at(const eq_source *o, ir_ref f, double t, const double *x)
{
  double *scratch = calloc((size_t)o->graph.count + 1, sizeof *scratch);
  double *theta = calloc((size_t)o->parameter_count + 1, sizeof *theta);
  for (int32_t i = 0; i < o->parameter_count; i++) theta[i] = o->parameter[i].value;
  double v = ir_eval(&o->graph, f, t, x, theta, scratch);
  free(scratch);
  free(theta);
  return v;
}

static inline double output_at(const eq_source *o, const char *name, double t, const double *x)
{
  int32_t i = row(o->output, o->output_count, name);
  assert(i >= 0);
  return value_at(o, o->value[i], t, x);
}

static inline double rate_at(const eq_source *o, const char *name, double t, const double *x)
{
  int32_t i = row(o->state, o->state_count, name);
  assert(i >= 0);
  return value_at(o, o->rate[i], t, x);
}

static inline double start_of(const eq_source *o, const char *name)
{
  int32_t i = row(o->state, o->state_count, name);
  assert(i >= 0);
  return value_at(o, o->initial[i], 0, NULL);
}
#endif
