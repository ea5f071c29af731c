/* config.c - a configuration checked and copied into a model: breeds, events, fields, space. */
#include "kinds/agents/config.h"
#include "base/isa.h"
#include <math.h>
#include <string.h>

/* ---- names and copies ------------------------------------------------------------------------ */
void *agents_get_memory(agents_maker *k, int64_t count, size_t bytes)
{
  return gm_arena_get(k->m->own, count > 0 ? (ptrdiff_t)count : 1, bytes);
}

gm_status agents_no_memory(agents_maker *k)
{
  return gm_fail(k->ctx, GM_ENOMEM, "model %s of agents", k->c->name ? k->c->name : "");
}

gm_status agents_text(agents_maker *k, const char *from, const char **to)
{
  if (!from) from = "";
  size_t bytes = strlen(from) + 1;
  char *copy = agents_get_memory(k, (int64_t)bytes, 1);
  if (!copy) return agents_no_memory(k);
  memcpy(copy, from, bytes);
  *to = copy;
  return GM_OK;
}

gm_status agents_name(agents_maker *k, const char *what, int32_t i, const char *from,
                      const char **to)
{
  if (!from || !from[0])
    return gm_fail(k->ctx, GM_EINVAL, "agents: %s number %d has no name", what, (int)i);
  return agents_text(k, from, to);
}

/* The rule's own 24 bits of the draws' counters: a hash, so that adding a rule moves no other's
 * draws. Two that agree are refused by name. */
gm_status agents_meaning(agents_maker *k, const char *what, const char *of, uint32_t *out)
{
  char text[256];
  int n = snprintf(text, sizeof text, "agents:%s:%s", what, of);
  if (n < 0 || (size_t)n >= sizeof text)
    return gm_fail(k->ctx, GM_ERANGE, "agents: the name %.40s... is longer than 200 bytes", of);
  uint32_t h = (uint32_t)(gm_hash_text(text) & 0xffffffu);
  for (int32_t i = 0; i < k->meaning_count; i++)
    if (k->meaning[i] == h)
      return gm_fail(k->ctx, GM_EINVAL,
                     "agents: the draws of %s '%s' are those of another rule: "
                     "rename it",
                     what, of);
  if (k->meaning_count == k->meaning_room)
    return gm_fail(k->ctx, GM_EINTERNAL, "agents: too many rules");
  k->meaning[k->meaning_count++] = h;
  *out = h;
  return GM_OK;
}

/* Mixes what a saved world must fit into the model's fingerprint. */
void agents_print(agents_maker *k, const char *name, uint64_t number)
{
  k->m->fingerprint = gm_hash64(k->m->fingerprint, gm_hash64(gm_hash_text(name), number));
}

int32_t agents_find_parameter(const agents_maker *k, const char *name)
{
  for (int32_t i = 0; i < k->c->parameter_count; i++)
    if (k->c->parameter[i].name && !strcmp(k->c->parameter[i].name, name)) return i;
  return -1;
}

gm_status agents_attribute_copy(agents_maker *k, const char *what, int32_t i,
                                const gm_agents_attribute *a, gm_agents_attribute *to)
{
  *to = *a;
  gm_status s = agents_name(k, what, i, a->name, &to->name);
  if (!s) s = agents_text(k, a->unit, &to->unit);
  if (s) return s;
  if (a->lower == 0 && a->upper == 0) {
    to->lower = a->whole ? INT32_MIN : -INFINITY;
    to->upper = a->whole ? INT32_MAX : INFINITY;
  }
  if (!(to->lower <= to->upper))
    return gm_fail(k->ctx, GM_ERANGE, "agents: %s %s: bounds %g and %g", what, a->name, to->lower,
                   to->upper);
  if (!(isfinite(a->initial) && a->initial >= to->lower && a->initial <= to->upper))
    return gm_fail(k->ctx, GM_EDOMAIN, "agents: %s %s: initial value %g outside its bounds", what,
                   a->name, a->initial);
  if (a->whole && rint(a->initial) != a->initial)
    return gm_fail(k->ctx, GM_EDOMAIN, "agents: %s %s: initial value %g is no whole number", what,
                   a->name, a->initial);
  agents_print(k, to->name, a->whole);
  return GM_OK;
}

/* ---- breeds ---------------------------------------------------------------------------------- */
static gm_status one_event(agents_maker *k, const agents_breed *b, const gm_agents_event *e,
                           agents_event *to)
{
  char full[200];
  if (!e->name || !e->name[0])
    return gm_fail(k->ctx, GM_EINVAL, "agents: an event of breed %s has no name", b->name);
  if (!e->fire) return gm_fail(k->ctx, GM_EINVAL, "agents: event %s has no fire", e->name);
  (void)snprintf(full, sizeof full, "%.80s.%.80s", b->name, e->name);
  to->hazard = e->hazard;
  to->fire = e->fire;
  to->group = 0;
  if (e->speed) {
    if (!e->hazard)
      return gm_fail(k->ctx, GM_EINVAL, "agents: event %s is an alarm and cannot have a speed",
                     full);
    to->group = -1;
    for (int32_t i = 0; i < k->c->speed_count; i++)
      if (k->c->speed[i].name && !strcmp(k->c->speed[i].name, e->speed)) to->group = 1 + i;
    if (to->group < 0)
      return gm_fail(k->ctx, GM_EINVAL, "agents: event %s: no speed named %s", full, e->speed);
  }
  gm_status s = agents_meaning(k, "fire", full, &to->meaning_fire);
  if (!s) s = agents_meaning(k, "clock", full, &to->meaning_clock);
  agents_print(k, full, (uint64_t)to->group * 2 + (e->hazard != NULL));
  return s;
}

static gm_status breed_tables(agents_maker *k, const gm_agents_breed *b)
{
  if (b->attribute_count < 0 || b->attribute_count > AGENTS_ATTRIBUTES_MAX ||
      (b->attribute_count && !b->attribute))
    return gm_fail(k->ctx, GM_ERANGE, "agents: breed %s: %d attributes, at most %d", b->name,
                   (int)b->attribute_count, (int)AGENTS_ATTRIBUTES_MAX);
  if (b->event_count < 0 || b->event_count > 4096 || (b->event_count && !b->event))
    return gm_fail(k->ctx, GM_ERANGE, "agents: breed %s: %d events", b->name, (int)b->event_count);
  if ((unsigned)b->order > GM_AGENTS_TOGETHER)
    return gm_fail(k->ctx, GM_EINVAL, "agents: breed %s: order %d is unknown", b->name,
                   (int)b->order);
  if (b->step && !(k->c->step > 0))
    return gm_fail(k->ctx, GM_EINVAL, "agents: breed %s has a rule for steps, the model no step",
                   b->name);
  return GM_OK;
}

/* How many there can be by all limits. */
static int64_t breed_room(const agents_maker *k, const gm_agents_breed *b)
{
  int64_t max = b->count_max ? b->count_max : AGENTS_COUNT_USUAL, each = b->cell_max;
  if (k->c->cell_max && (!each || k->c->cell_max < each)) each = k->c->cell_max;
  return each && each * k->m->cells < max ? each * k->m->cells : max;
}

static gm_status breed_limits(agents_maker *k, const gm_agents_breed *b)
{
  if (b->count_max < 0 || b->count_max > AGENTS_COUNT_MAX || b->cell_max < 0)
    return gm_fail(k->ctx, GM_ERANGE, "agents: breed %s: count_max %d, cell_max %d", b->name,
                   (int)b->count_max, (int)b->cell_max);
  if (b->cell_max && k->c->space == GM_AGENTS_MIXED)
    return gm_fail(k->ctx, GM_EINVAL, "agents: breed %s: cell_max without cells", b->name);
  int64_t initial = b->initial;
  if (initial == GM_AGENTS_EVERY_CELL) {
    if (!k->m->cells)
      return gm_fail(k->ctx, GM_EINVAL, "agents: breed %s: one in every cell without cells",
                     b->name);
    initial = k->m->cells;
  }
  if (initial < 0 || initial > breed_room(k, b))
    return gm_fail(k->ctx, GM_ERANGE, "agents: breed %s: %d at the start, room for %lld", b->name,
                   (int)b->initial, (long long)breed_room(k, b));
  return GM_OK;
}

static gm_status breed_attributes(agents_maker *k, const gm_agents_breed *b, agents_breed *to)
{
  to->attribute_count = b->attribute_count;
  to->attribute = agents_get_memory(k, b->attribute_count, sizeof *to->attribute);
  if (!to->attribute) return agents_no_memory(k);
  gm_status s = GM_OK;
  for (int32_t a = 0; a < b->attribute_count && !s; a++) {
    s = agents_attribute_copy(k, "attribute", a, &b->attribute[a], &to->attribute[a]);
    for (int32_t j = 0; j < a && !s; j++)
      if (!strcmp(to->attribute[j].name, to->attribute[a].name))
        s = gm_fail(k->ctx, GM_EINVAL, "agents: breed %s: two attributes named %s", to->name,
                    to->attribute[a].name);
  }
  return s;
}

static gm_status one_breed(agents_maker *k, int32_t i, int32_t *event_at)
{
  const gm_agents_breed *b = &k->c->breed[i];
  agents_breed *to = &k->m->breed[i];
  gm_status s = agents_name(k, "breed", i, b->name, &to->name);
  if (s) return s;
  for (int32_t j = 0; j < i; j++)
    if (!strcmp(k->m->breed[j].name, to->name))
      return gm_fail(k->ctx, GM_EINVAL, "agents: two breeds named %s", to->name);
  s = breed_tables(k, b);
  if (!s) s = breed_limits(k, b);
  if (s) return s;
  to->id = gm_hash_text(to->name);
  to->step = b->step;
  to->order = b->order;
  to->initial = b->initial;
  to->cell_max = b->cell_max;
  to->count_max = b->count_max ? b->count_max : AGENTS_COUNT_USUAL;
  to->closed = b->closed;
  to->event_first = *event_at;
  to->event_count = b->event_count;
  agents_print(k, to->name, (uint64_t)to->count_max);
  s = breed_attributes(k, b, to);
  for (int32_t e = 0; e < b->event_count && !s; e++) {
    k->m->event[*event_at].breed = i;
    s = one_event(k, to, &b->event[e], &k->m->event[(*event_at)++]);
  }
  if (!s) s = agents_meaning(k, "step", to->name, &to->meaning_step);
  if (!s) s = agents_meaning(k, "order", to->name, &to->meaning_order);
  return s ? s : agents_meaning(k, "place", to->name, &to->meaning_place);
}

static gm_status breeds(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  agents_model *m = k->m;
  int64_t events = 0;
  for (int32_t i = 0; i < c->breed_count; i++)
    if (c->breed[i].event_count > 0) events += c->breed[i].event_count;
  m->breed = agents_get_memory(k, c->breed_count, sizeof *m->breed);
  m->event = agents_get_memory(k, events, sizeof *m->event);
  if (!m->breed || !m->event) return agents_no_memory(k);
  m->breed_count = c->breed_count;
  m->event_count = (int32_t)events;
  gm_status s = GM_OK;
  int32_t at = 0;
  for (int32_t i = 0; i < c->breed_count && !s; i++) s = one_breed(k, i, &at);
  return s;
}

/* ---- space ----------------------------------------------------------------------------------- */
static gm_status graph_makes_sense(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  if (c->node_count < 1 || c->node_count > AGENTS_COUNT_MAX || !c->edge_first)
    return gm_fail(k->ctx, GM_EINVAL, "agents: graph with node_count %d", (int)c->node_count);
  for (int32_t i = 0; i <= c->node_count; i++)
    if (c->edge_first[i] < (i ? c->edge_first[i - 1] : 0) || (!i && c->edge_first[0]))
      return gm_fail(k->ctx, GM_EINVAL, "agents: graph: edge_first[%d] is %d, must grow from 0",
                     (int)i, (int)c->edge_first[i]);
  int32_t n = c->node_count, edges = c->edge_first[n];
  if (edges && !c->edge_to) return gm_fail(k->ctx, GM_EINVAL, "agents: graph without edge_to");
  for (int32_t i = 0; i < edges; i++)
    if (c->edge_to[i] < 0 || c->edge_to[i] >= n)
      return gm_fail(k->ctx, GM_ERANGE, "agents: graph: edge_to[%d] is %d, not in 0..%d", (int)i,
                     (int)c->edge_to[i], (int)n - 1);
  return GM_OK;
}

static gm_status graph(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  agents_model *m = k->m;
  gm_status s = graph_makes_sense(k);
  if (s) return s;
  int32_t n = c->node_count, edges = c->edge_first[n];
  int32_t *first = agents_get_memory(k, (int64_t)n + 1, sizeof *first);
  int32_t *to = agents_get_memory(k, edges, sizeof *to);
  if (!first || !to) return agents_no_memory(k);
  memcpy(first, c->edge_first, ((size_t)n + 1) * sizeof *first);
  if (edges) memcpy(to, c->edge_to, (size_t)edges * sizeof *to);
  m->edge_first = first;
  m->edge_to = to;
  m->cells = n;
  return GM_OK;
}

static gm_status space(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  agents_model *m = k->m;
  m->space = c->space;
  m->cell_max = c->cell_max;
  if (c->cell_max < 0)
    return gm_fail(k->ctx, GM_ERANGE, "agents: cell_max %d < 0", (int)c->cell_max);
  switch (c->space) {
  case GM_AGENTS_MIXED:
    if (c->cell_max) return gm_fail(k->ctx, GM_EINVAL, "agents: cell_max without cells");
    return GM_OK;
  case GM_AGENTS_MOORE:
  case GM_AGENTS_VON_NEUMANN:
    if (c->width < 3 || c->height < 3 || (int64_t)c->width * c->height > 1 << 28)
      return gm_fail(k->ctx, GM_ERANGE, "agents: grid of %d x %d, each side must be 3 or more",
                     (int)c->width, (int)c->height);
    m->width = c->width;
    m->height = c->height;
    m->cells = c->width * c->height;
    return GM_OK;
  case GM_AGENTS_GRAPH: return graph(k);
  default: return gm_fail(k->ctx, GM_EINVAL, "agents: space %d is unknown", (int)c->space);
  }
}

/* ---- fields ---------------------------------------------------------------------------------- */
static gm_status number_at(agents_maker *k, const char *field, const char *parameter, int32_t *at)
{
  *at = -1;
  if (!parameter) return GM_OK;
  *at = agents_find_parameter(k, parameter);
  if (*at >= 0) return GM_OK;
  return gm_fail(k->ctx, GM_EINVAL, "agents: field %s: no parameter named %s", field, parameter);
}

static gm_status field_spread(agents_maker *k, const gm_agents_field *f)
{
  if ((unsigned)f->spread > GM_AGENTS_LAPLACE || (unsigned)f->decay_law > GM_AGENTS_DECAY_RATE)
    return gm_fail(k->ctx, GM_EINVAL, "agents: field %s: spread %d or decay law %d is unknown",
                   f->name, (int)f->spread, (int)f->decay_law);
  bool share = f->spread == GM_AGENTS_SHARE8;
  if (!(f->diffusion >= 0 && isfinite(f->diffusion) && (!share || f->diffusion <= 1)))
    return gm_fail(k->ctx, GM_ERANGE, "agents: field %s: diffusion %g", f->name, f->diffusion);
  if (f->spread == GM_AGENTS_LAPLACE && f->diffusion * k->c->step > 2500)
    return gm_fail(k->ctx, GM_ERANGE,
                   "agents: field %s: diffusion %g over a step of %g needs too many sub-steps",
                   f->name, f->diffusion, k->c->step);
  return GM_OK;
}

static gm_status field_numbers(agents_maker *k, const gm_agents_field *f)
{
  gm_status s = field_spread(k, f);
  if (s) return s;
  bool share = f->decay_law == GM_AGENTS_DECAY_SHARE;
  if (!(f->decay >= 0 && isfinite(f->decay)) || (share && f->decay > 1))
    return gm_fail(k->ctx, GM_ERANGE, "agents: field %s: decay %g", f->name, f->decay);
  if (!isfinite(f->source) || !isfinite(f->initial) || isnan(f->least))
    return gm_fail(k->ctx, GM_EDOMAIN, "agents: field %s: initial %g, source %g, least %g", f->name,
                   f->initial, f->source, f->least);
  return GM_OK;
}

static gm_status one_field(agents_maker *k, int32_t i)
{
  agents_field *to = &k->m->field[i];
  to->f = k->c->field[i];
  gm_status s = agents_name(k, "field", i, to->f.name, &to->f.name);
  for (int32_t j = 0; j < i && !s; j++)
    if (!strcmp(k->m->field[j].f.name, to->f.name))
      s = gm_fail(k->ctx, GM_EINVAL, "agents: two fields named %s", to->f.name);
  if (!s) s = agents_text(k, to->f.unit, &to->f.unit);
  if (!s) s = field_numbers(k, &to->f);
  if (!s) s = number_at(k, to->f.name, to->f.diffusion_parameter, &to->diffusion_at);
  if (!s) s = number_at(k, to->f.name, to->f.decay_parameter, &to->decay_at);
  if (!s) s = number_at(k, to->f.name, to->f.source_parameter, &to->source_at);
  if (!s) agents_print(k, to->f.name, 3);
  return s;
}

static gm_status fields(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  if (c->field_count && c->space != GM_AGENTS_MOORE && c->space != GM_AGENTS_VON_NEUMANN)
    return gm_fail(k->ctx, GM_EUNSUPPORTED, "agents: fields need a grid");
  if (c->field_count && !(c->step > 0))
    return gm_fail(k->ctx, GM_EUNSUPPORTED, "agents: fields need a step");
  k->m->field = agents_get_memory(k, c->field_count, sizeof *k->m->field);
  if (!k->m->field) return agents_no_memory(k);
  k->m->field_count = c->field_count;
  gm_status s = GM_OK;
  for (int32_t i = 0; i < c->field_count && !s; i++) s = one_field(k, i);
  switch (gm__isa()) {
  case GM_ISA_AVX512: k->m->kernel = &agents_kernel_avx512; break;
  case GM_ISA_AVX2: k->m->kernel = &agents_kernel_avx2; break;
  default: k->m->kernel = &agents_kernel_scalar; break;
  }
  return s;
}

/* ---- sections -------------------------------------------------------------------------------- */
static void section(agents_maker *k, size_t bytes, int32_t grows, int64_t count)
{
  k->m->section[k->m->section_count++] =
      (agents_section){.bytes = bytes, .grows = grows, .count = count};
}

static void breed_sections(agents_maker *k, int32_t i)
{
  agents_model *m = k->m;
  agents_breed *b = &m->breed[i];
  b->section = m->section_count;
  section(k, sizeof(uint64_t), i, 0); /* id */
  section(k, sizeof(int32_t), i, 0);  /* cell, next, prev */
  section(k, sizeof(int32_t), i, 0);
  section(k, sizeof(int32_t), i, 0);
  section(k, sizeof(uint64_t), i, 0); /* born */
  section(k, sizeof(uint8_t), i, 0);  /* live */
  section(k, sizeof(int32_t), -1, m->cells);
  section(k, sizeof(int32_t), -1, m->cells);
  for (int32_t a = 0; a < b->attribute_count; a++)
    section(k, b->attribute[a].whole ? sizeof(int32_t) : sizeof(double), i, 0);
  for (int32_t e = 0; e < b->event_count; e++) {
    m->event[b->event_first + e].section = m->section_count;
    section(k, sizeof(agents_clock), i, 0);
  }
}

static gm_status sections(agents_maker *k)
{
  agents_model *m = k->m;
  m->group_count = 1 + m->speed_count;
  m->cap_count = m->breed_count + 1;
  int64_t n = AGENTS_HEAP + m->group_count;
  for (int32_t i = 0; i < m->breed_count; i++)
    n += AGENTS_COLUMNS + m->breed[i].attribute_count + m->breed[i].event_count;
  m->section = agents_get_memory(k, n, sizeof *m->section);
  if (!m->section) return agents_no_memory(k);
  section(k, sizeof(agents_head), -1, 1);
  section(k, sizeof(double), -1, m->parameter_count);
  section(k, sizeof(double), -1, m->shared_count);
  section(k, sizeof(agents_stream), -1, m->port_count);
  section(k, sizeof(agents_group), -1, m->group_count);
  section(k, sizeof(double), -1, (int64_t)m->field_count * m->cells);
  section(k, sizeof(int32_t), -1, m->cells);
  section(k, sizeof(agents_edge), m->breed_count, 0);
  for (int32_t g = 0; g < m->group_count; g++) section(k, sizeof(agents_due), -2 - g, 0);
  for (int32_t i = 0; i < m->breed_count; i++) breed_sections(k, i);
  return GM_OK;
}

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status counts_make_sense(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  const struct {
    const char *what;
    int32_t count;
    const void *at;
  } table[] = {{"breed", c->breed_count, c->breed},
               {"field", c->field_count, c->field},
               {"shared", c->shared_count, c->shared},
               {"speed", c->speed_count, c->speed},
               {"parameter", c->parameter_count, c->parameter},
               {"output", c->output_count, c->output},
               {"macro", c->macro_count, c->macro},
               {"port", c->port_count, c->port}};
  for (size_t i = 0; i < sizeof table / sizeof *table; i++)
    if (table[i].count < 0 || table[i].count > 4096 || (table[i].count && !table[i].at))
      return gm_fail(k->ctx, GM_ERANGE, "agents: %s_count is %d, or its table is missing",
                     table[i].what, (int)table[i].count);
  if (!(isfinite(c->step) && c->step >= 0 && isfinite(c->origin)))
    return gm_fail(k->ctx, GM_ERANGE, "agents: step %g from origin %g", c->step, c->origin);
  if (!(c->step > 0) && (c->before || c->after))
    return gm_fail(k->ctx, GM_EINVAL, "agents: rules before or after a step, but no step");
  if (c->firing_max < 0)
    return gm_fail(k->ctx, GM_ERANGE, "agents: firing_max %lld", (long long)c->firing_max);
  return GM_OK;
}

static gm_status head(agents_maker *k)
{
  const gm_agents_config *c = k->c;
  agents_model *m = k->m;
  int64_t room = 16;
  for (int32_t i = 0; i < c->breed_count; i++)
    room += 3 + 2 * (int64_t)(c->breed[i].event_count > 0 ? c->breed[i].event_count : 0);
  room += (int64_t)c->port_count + c->macro_count;
  k->meaning = agents_get_memory(k, room, sizeof *k->meaning);
  if (!k->meaning) return agents_no_memory(k);
  k->meaning_room = (int32_t)room;
  gm_status s = agents_text(k, c->name ? c->name : "agents", &m->name);
  if (!s) s = agents_text(k, c->time_unit, &m->time_unit);
  if (!s) s = agents_meaning(k, "world", "start", &m->meaning_start);
  if (!s) s = agents_meaning(k, "world", "before", &m->meaning_before);
  if (!s) s = agents_meaning(k, "world", "after", &m->meaning_after);
  if (!s) s = agents_meaning(k, "world", "set", &m->meaning_set);
  if (!s) s = agents_meaning(k, "world", "add", &m->meaning_add);
  m->step = c->step;
  m->origin = c->origin;
  m->start = c->start;
  m->before = c->before;
  m->after = c->after;
  m->fields_last = c->fields_last;
  m->firing_max = c->firing_max ? c->firing_max : 100000000;
  m->user = c->user;
  return s;
}

/* Name, space and grid of time belong to what a saved world means. */
static void print_grid(agents_maker *k)
{
  uint64_t bits[2];
  memcpy(&bits[0], &k->m->step, sizeof bits[0]);
  memcpy(&bits[1], &k->m->origin, sizeof bits[1]);
  agents_print(k, k->m->name, gm_hash64(bits[0], bits[1]));
  agents_print(k, "space", (uint64_t)k->m->cells * 8 + (uint64_t)k->m->space);
  agents_print(k, "width", (uint64_t)k->m->width);
  agents_print(k, "speeds", (uint64_t)k->c->speed_count);
}

static gm_status make(agents_maker *k)
{
  gm_status s = counts_make_sense(k);
  if (!s) s = head(k);
  if (!s) s = space(k);
  if (!s) print_grid(k);
  if (!s) s = agents_make_parameters(k);
  if (!s) s = agents_make_shared(k);
  if (!s) s = breeds(k);
  if (!s) s = fields(k);
  if (!s) s = agents_make_ports(k);
  if (!s) s = agents_make_quantities(k);
  return s ? s : sections(k);
}

gm_status agents_create(gm_ctx *ctx, const void *config, gm_model **out)
{
  agents_maker k = {.ctx = ctx, .c = config};
  if (!config) return gm_fail(ctx, GM_EINVAL, "agents: no configuration");
  k.m = gm_alloc(ctx, 1, sizeof *k.m);
  if (!k.m) return gm_fail(ctx, GM_ENOMEM, "model of agents");
  k.m->base = (gm_model){.type = &gm_agents_type, .ctx = ctx};
  gm_status s = gm_arena_new(ctx, 1 << 13, &k.m->own);
  if (!s) s = make(&k);
  if (s) {
    agents_destroy(&k.m->base);
    return s;
  }
  *out = &k.m->base;
  return GM_OK;
}

void agents_destroy(gm_model *model)
{
  agents_model *m = (agents_model *)model;
  gm_arena_free(m->own);
  gm_free(m);
}
