/* formula.c - formulas of rates, counts and outputs, over the names they use and no others. */
#include "kinds/network/machine.h"
#include <stdio.h>
#include <string.h>

void *net_get(net_builder *b, ptrdiff_t count, size_t bytes)
{
  void *p = gm_arena_get(b->m->arena, count ? count : 1, bytes);
  if (!p) (void)gm_fail(b->ctx, GM_ENOMEM, "network of %d nodes", (int)b->m->n);
  return p;
}

const char *net_text(net_builder *b, const char *format, ...)
{
  va_list ap, again;
  va_start(ap, format);
  va_copy(again, ap);
  int bytes = vsnprintf(NULL, 0, format, ap);
  char *p = net_get(b, (ptrdiff_t)bytes + 1, 1);
  if (p) (void)vsnprintf(p, (size_t)bytes + 1, format, again);
  va_end(ap);
  va_end(again);
  return p;
}

static bool is_letter(char c)
{
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || (c & 0x80);
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

gm_status net_name_check(net_builder *b, const char *name)
{
  bool good = name && is_letter(name[0]) && strlen(name) <= 200;
  for (const char *p = name; good && *p; p++) good = is_letter(*p) || is_digit(*p);
  if (good) return GM_OK;
  return gm_fail(b->ctx, GM_EINVAL,
                 "%s: \"%.60s\" cannot be a name; letters, digits and _ are expected", b->where,
                 name ? name : "");
}

/* ---- slots ----------------------------------------------------------------------------------- */
static gm_status slot_named(net_builder *b, int32_t slot, const char *name)
{
  if (!name) return GM_ENOMEM;
  b->slot_name[slot] = name;
  return GM_OK;
}

static gm_status near_names(net_builder *b)
{
  const net_machine *m = b->m;
  gm_status s = GM_OK;
  for (int32_t l = 0; l <= m->nl && !s; l++) {
    const char *layer = l ? b->c->layer[l - 1].name : NULL;
    if (l && (!layer || !layer[0])) continue;
    const char *bar = l ? "_" : "";
    layer = l ? layer : "";
    s = slot_named(b, m->slot_degree + l, net_text(b, "degree%s%s", bar, layer));
    for (int32_t q = 0; q < m->ns && !s; q++)
      s = slot_named(b, m->slot_near + l * m->ns + q,
                     net_text(b, "near_%s%s%s", layer, bar, b->c->state[q]));
  }
  return s;
}

/* Which of the NET_MAY_ sets a slot is in. */
static uint32_t slot_set(const net_machine *m, int32_t slot)
{
  if (slot < m->slot_profile) return NET_MAY_PARAMETER;
  if (slot <= m->slot_population) return NET_MAY_TIME;
  if (slot < m->slot_count) return NET_MAY_NEAR;
  return slot < m->slot_node ? NET_MAY_TOTAL : NET_MAY_NODE;
}

/* Names that may meet in one formula must differ; counts and near ones never do. */
static gm_status names_differ(net_builder *b)
{
  const net_machine *m = b->m;
  for (int32_t i = 0; i < m->slot_end; i++) {
    if (!b->slot_name[i]) continue;
    uint32_t a = slot_set(m, i);
    for (int32_t k = 0; k < i; k++) {
      uint32_t c = slot_set(m, k);
      bool apart =
          (a == NET_MAY_NEAR && c == NET_MAY_TOTAL) || (a == NET_MAY_TOTAL && c == NET_MAY_NEAR);
      if (!apart && b->slot_name[k] && !strcmp(b->slot_name[i], b->slot_name[k]))
        return gm_fail(b->ctx, GM_EINVAL, "network: the name %s is there twice", b->slot_name[i]);
    }
  }
  return GM_OK;
}

static void slots_place(net_machine *m)
{
  bool alike = !m->boolean;
  m->slot_profile = m->np;
  m->slot_population = m->slot_profile + m->nf;
  m->slot_attribute = m->slot_population + 1;
  m->slot_degree = m->slot_attribute + m->na;
  m->slot_near = m->slot_degree + (alike ? 1 + m->nl : 0);
  m->slot_count = m->slot_near + (alike ? (1 + m->nl) * m->ns : 0);
  m->slot_counter = m->slot_count + (alike ? m->ns : 0);
  m->slot_node = m->slot_counter + m->nc;
  m->slot_end = m->slot_node + (alike ? 0 : m->n);
}

static gm_status simple_names(net_builder *b, const char *const *counter)
{
  const net_machine *m = b->m;
  const gm_network_config *c = b->c;
  gm_status s = slot_named(b, m->slot_population, "population");
  for (int32_t i = 0; i < m->np && !s; i++) {
    s = net_name_check(b, c->parameter[i].name);
    b->slot_name[i] = c->parameter[i].name;
    b->slot_unit[i] = c->parameter[i].unit;
  }
  for (int32_t i = 0; i < m->nf && !s; i++) {
    s = net_name_check(b, c->profile[i].name);
    b->slot_name[m->slot_profile + i] = c->profile[i].name;
  }
  for (int32_t i = 0; i < m->na && !s; i++) {
    s = net_name_check(b, c->attribute[i].name);
    b->slot_name[m->slot_attribute + i] = c->attribute[i].name;
  }
  for (int32_t i = 0; i < m->nc; i++) b->slot_name[m->slot_counter + i] = counter[i];
  for (int32_t i = 0; m->boolean && i < m->n && !s; i++) {
    s = net_name_check(b, c->rule[i].name);
    b->slot_name[m->slot_node + i] = c->rule[i].name;
  }
  return s;
}

/* Counters by their names, in order of appearance. */
static gm_status counters_find(net_builder *b, const char **counter)
{
  net_machine *m = b->m;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < m->nt && !s; i++) {
    const char *name = b->c->transition[i].counter;
    if (!name || !name[0]) continue;
    s = net_name_check(b, name);
    int32_t k = 0;
    while (k < m->nc && strcmp(counter[k], name)) k++;
    if (k == m->nc) counter[m->nc++] = name;
  }
  return s;
}

gm_status net_slots_make(net_builder *b)
{
  net_machine *m = b->m;
  const char **counter = net_get(b, m->nt, sizeof *counter);
  if (!counter) return GM_ENOMEM;
  snprintf(b->where, sizeof b->where, "network");
  gm_status s = counters_find(b, counter);
  if (s) return s;
  slots_place(m);
  b->slot_name = net_get(b, m->slot_end, sizeof *b->slot_name);
  b->slot_unit = net_get(b, m->slot_end, sizeof *b->slot_unit);
  if (!b->slot_name || !b->slot_unit) return GM_ENOMEM;
  s = simple_names(b, counter);
  for (int32_t q = 0; !m->boolean && q < m->ns && !s; q++) {
    s = net_name_check(b, b->c->state[q]);
    b->slot_name[m->slot_count + q] = b->c->state[q];
  }
  for (int32_t l = 0; l < m->nl && !s; l++)
    if (b->c->layer[l].name && b->c->layer[l].name[0]) s = net_name_check(b, b->c->layer[l].name);
  if (!s && !m->boolean) s = near_names(b);
  return s ? s : names_differ(b);
}

bool net_slot_near(const net_machine *m, int32_t slot, int32_t *state, int32_t *layer)
{
  if (m->boolean || slot < m->slot_near || slot >= m->slot_count) return false;
  *state = (slot - m->slot_near) % m->ns;
  *layer = (slot - m->slot_near) / m->ns - 1;
  return true;
}

/* ---- formulas -------------------------------------------------------------------------------- */
/* Does the text have the name as a word of its own? */
static bool uses(const char *text, const char *name)
{
  size_t bytes = strlen(name);
  for (const char *p = strstr(text, name); p; p = strstr(p + 1, name)) {
    bool begins = p == text || !(is_letter(p[-1]) || is_digit(p[-1]));
    if (begins && !is_letter(p[bytes]) && !is_digit(p[bytes])) return true;
  }
  return false;
}

static bool slot_used(const net_builder *b, int32_t slot, uint32_t may, const char *text)
{
  const char *name = b->slot_name[slot];
  return name && slot_set(b->m, slot) & may && uses(text, name);
}

static gm_status rate_unit_check(net_builder *b, const net_formula *f)
{
  bool known;
  gm_unit time, unit = gm_expr_unit(f->expr, &known);
  char found[200];
  if (!known || !b->m->time_unit[0]) return GM_OK;
  gm_status s = gm_unit_parse(b->ctx, b->m->time_unit, &time);
  if (!s) s = gm_unit_power(b->ctx, &time, -1, &time);
  if (s || gm_unit_equal(&unit, &time)) return s;
  return gm_fail(b->ctx, GM_EUNIT, "%s: the unit of the rate is %s; 1/%s is expected", b->where,
                 gm_unit_same_kind(&unit, &time) ? "another size of 1/time"
                                                 : gm_unit_dimension_text(&unit, found, 200),
                 b->m->time_unit);
}

gm_status net_formula_make(net_builder *b, const char *text, uint32_t may, bool rate,
                           net_formula *out)
{
  net_machine *m = b->m;
  int32_t count = 0;
  if (!text || !text[0])
    return gm_fail(b->ctx, GM_EINVAL, "%s: an expression is expected", b->where);
  if (uses(text, "time"))
    return gm_fail(b->ctx, GM_EUNSUPPORTED,
                   "%s: `time` in a rate; a profile (values from given times on) is expected",
                   b->where);
  for (int32_t i = 0; i < m->slot_end; i++) count += slot_used(b, i, may, text);
  int32_t *slot = net_get(b, count, sizeof *slot);
  const char **name = net_get(b, count, sizeof *name), **unit = net_get(b, count, sizeof *unit);
  if (!slot || !name || !unit) return GM_ENOMEM;
  count = 0;
  for (int32_t i = 0; i < m->slot_end; i++) {
    if (!slot_used(b, i, may, text)) continue;
    slot[count] = i;
    name[count] = b->slot_name[i];
    unit[count++] = b->slot_unit[i];
  }
  net_formula f = {.slot = slot, .count = count, .memory = m->memory};
  gm_status s = gm_expr_new(b->ctx, text, name, unit, count, b->where, &f.expr);
  if (s) return s;
  *out = f;
  m->memory += count + 1;
  if (count > m->formula_most) m->formula_most = count;
  return rate ? rate_unit_check(b, out) : GM_OK;
}
