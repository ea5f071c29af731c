/* links.c - from names to links: what they read, what they act on, in which units. */
#include "gemel/unit.h"
#include "kinds/composite/machine.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

/* The child and row a dotted name means. kind: "output", "port", "parameter". */
static gm_status find(comp_builder *b, const char *name, gm_table which, const char *kind,
                      int32_t *child_out, int32_t *row_out)
{
  const comp_machine *m = b->m;
  const char *dot = name ? strchr(name, '.') : NULL;
  if (!dot)
    return gm_fail(b->ctx, GM_EINVAL, "%s: \"%.80s\"; CHILD.%s is expected", b->where,
                   name ? name : "", kind);
  size_t bytes = (size_t)(dot - name);
  for (int32_t c = 0; c < m->nc; c++) {
    if (strncmp(m->child[c].name, name, bytes) || m->child[c].name[bytes]) continue;
    *child_out = c;
    *row_out = gm_model_find(m->child[c].model, which, dot + 1);
    if (*row_out >= 0) return GM_OK;
    return gm_fail(b->ctx, GM_ENOTFOUND, "%s: child %s has no %s \"%.80s\"", b->where,
                   m->child[c].name, kind, dot + 1);
  }
  return gm_fail(b->ctx, GM_ENOTFOUND, "%s: there is no child \"%.*s\"", b->where, (int)bytes,
                 name);
}

static gm_status term_find(comp_builder *b, const char *name, comp_term *t)
{
  gm_status s = find(b, name, GM_TABLE_OUTPUT, "output", &t->child, &t->output);
  if (!s) b->m->child[t->child].is_source = true;
  return s;
}

static const gm_var *row_of(const comp_machine *m, int32_t child, gm_table which, int32_t row)
{
  int32_t count;
  return &gm_model_table(m->child[child].model, which, &count)[row];
}

/* ---- what it reads --------------------------------------------------------------------------- */
static gm_status expression_take(comp_builder *b, const gm_composite_link *c, comp_link *l)
{
  const char *name[COMP_TERM_MAX], *unit[COMP_TERM_MAX];
  if (c->from || c->gain != 0 || c->offset != 0)
    return gm_fail(b->ctx, GM_EINVAL, "%s: an expression, or from with gain and offset", b->where);
  if (c->term_count < 0 || c->term_count > COMP_TERM_MAX || (c->term_count && !c->term))
    return gm_fail(b->ctx, GM_ERANGE, "%s: %d terms; up to %d are expected", b->where,
                   (int)c->term_count, COMP_TERM_MAX);
  l->term = comp_get(b, c->term_count, sizeof *l->term);
  if (!l->term) return GM_ENOMEM;
  l->term_count = c->term_count;
  for (int32_t i = 0; i < c->term_count; i++) {
    gm_status s = term_find(b, c->term[i].from, &l->term[i]);
    if (s) return s;
    name[i] = c->term[i].name;
    unit[i] = row_of(b->m, l->term[i].child, GM_TABLE_OUTPUT, l->term[i].output)->unit;
  }
  return gm_expr_new(b->ctx, c->expression, name, unit, c->term_count, b->where, &l->expr);
}

static gm_status source_take(comp_builder *b, const gm_composite_link *c, comp_link *l)
{
  if (c->expression) return expression_take(b, c, l);
  l->term = comp_get(b, 1, sizeof *l->term);
  if (!l->term) return GM_ENOMEM;
  l->term_count = 1;
  l->gain = c->gain == 0 ? 1 : c->gain;
  l->offset = c->offset;
  if (!isfinite(l->gain) || !isfinite(l->offset))
    return gm_fail(b->ctx, GM_EDOMAIN, "%s: gain %g, offset %g; finite ones are expected", b->where,
                   l->gain, l->offset);
  return term_find(b, c->from, &l->term[0]);
}

/* ---- units ----------------------------------------------------------------------------------- */
static gm_status unit_of(comp_builder *b, const char *code, gm_unit *out, bool *known)
{
  *known = code && code[0];
  if (!*known) return GM_OK;
  gm_status s = gm_unit_parse(b->ctx, code, out);
  return s ? gm_fail_at(b->ctx, s, "%s", b->where) : GM_OK;
}

static gm_status value_unit(comp_builder *b, const gm_composite_link *c, const comp_link *l,
                            gm_unit *out, bool *known)
{
  if (c->unit) return unit_of(b, c->unit, out, known);
  if (l->expr) {
    *out = gm_expr_unit(l->expr, known);
    return GM_OK;
  }
  *known = false;
  if (c->gain != 0) return GM_OK;
  return unit_of(b, row_of(b->m, l->term[0].child, GM_TABLE_OUTPUT, l->term[0].output)->unit, out,
                 known);
}

static gm_status target_unit(comp_builder *b, const comp_link *l, gm_unit *out, bool *known)
{
  gm_table which = l->kind == GM_LINK_PARAMETER ? GM_TABLE_PARAMETER : GM_TABLE_INPUT;
  gm_unit time;
  bool timed;
  gm_status s = unit_of(b, row_of(b->m, l->child, which, l->to)->unit, out, known);
  if (s || !*known || l->kind != GM_LINK_RATE) return s;
  s = unit_of(b, b->m->time_unit, &time, &timed);
  if (!s && timed) s = gm_unit_divide(b->ctx, out, &time, out);
  *known = timed;
  return s;
}

static gm_status units_check(comp_builder *b, const gm_composite_link *c, comp_link *l)
{
  gm_unit value, target;
  bool value_known, target_known;
  char is[100], want[100];
  l->factor = 1;
  gm_status s = value_unit(b, c, l, &value, &value_known);
  if (!s) s = target_unit(b, l, &target, &target_known);
  if (s || !value_known || !target_known) return s;
  if (!gm_unit_same_kind(&value, &target))
    return gm_fail(b->ctx, GM_EUNIT, "%s: the value is in %s, %s is expected", b->where,
                   gm_unit_dimension_text(&value, is, sizeof is),
                   gm_unit_dimension_text(&target, want, sizeof want));
  if (gm_unit_equal(&value, &target)) return GM_OK;
  s = gm_unit_factor(b->ctx, &value, &target, &l->factor);
  return s ? gm_fail_at(b->ctx, s, "%s", b->where) : GM_OK;
}

/* ---- where it leads -------------------------------------------------------------------------- */
static gm_status one_giver(comp_builder *b, int32_t i)
{
  const comp_link *l = &b->m->link[i];
  for (int32_t k = 0; k < i && l->kind != GM_LINK_RATE; k++) {
    const comp_link *o = &b->m->link[k];
    if (o->kind == l->kind && o->child == l->child && o->to == l->to)
      return gm_fail(b->ctx, GM_EINVAL, "%s: link %d gives a value to the same already", b->where,
                     (int)k + 1);
  }
  return GM_OK;
}

static void feed(comp_machine *m, comp_link *l)
{
  l->fed = -1;
  if (l->kind != GM_LINK_RATE) return;
  int32_t port = m->child[l->child].port + l->to;
  if (m->fed_of[port] < 0) {
    m->fed_of[port] = m->nfed;
    m->fed[m->nfed++] = (comp_fed){.child = l->child, .port = l->to};
  }
  l->fed = m->fed_of[port];
}

static gm_status link_take(comp_builder *b, int32_t i)
{
  comp_machine *m = b->m;
  const gm_composite_link *c = &b->c->link[i];
  comp_link *l = &m->link[i];
  bool parameter = c->kind == GM_LINK_PARAMETER;
  snprintf(b->where, sizeof b->where, "link %d (to %.60s)", (int)i + 1, c->to ? c->to : "");
  if (c->kind < GM_LINK_RATE || c->kind > GM_LINK_PARAMETER)
    return gm_fail(b->ctx, GM_EINVAL, "%s: no kind of link has number %d", b->where, (int)c->kind);
  l->kind = c->kind;
  gm_status s = find(b, c->to, parameter ? GM_TABLE_PARAMETER : GM_TABLE_INPUT,
                     parameter ? "parameter" : "port", &l->child, &l->to);
  if (!s) s = source_take(b, c, l);
  if (!s) s = units_check(b, c, l);
  if (!s) s = one_giver(b, i);
  if (s) return s;
  if (parameter) m->child[l->child].parameter[l->to] = -1 - i;
  feed(m, l);
  return GM_OK;
}

gm_status comp_links_make(comp_builder *b)
{
  comp_machine *m = b->m;
  m->link = comp_get(b, m->nl, sizeof *m->link);
  m->into = comp_get(b, m->nl, sizeof *m->into);
  m->fed = comp_get(b, m->nl, sizeof *m->fed);
  if (!m->link || !m->into || !m->fed) return GM_ENOMEM;
  for (int32_t i = 0; i < m->nl; i++) {
    gm_status s = link_take(b, i);
    if (s) return s;
  }
  int32_t at = 0;
  for (int32_t c = 0; c < m->nc; c++) {
    m->child[c].link = at;
    for (int32_t i = 0; i < m->nl; i++)
      if (m->link[i].child == c) m->into[at++] = i;
    m->child[c].link_count = at - m->child[c].link;
  }
  return GM_OK;
}
