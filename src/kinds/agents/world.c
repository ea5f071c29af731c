/* world.c - the memory of a world: sections in two blocks. */
#include "kinds/agents/engine.h"
#include <math.h>
#include <string.h>

enum { ALIGN = 64 };

/* ---- layout ---------------------------------------------------------------------------------- */
static int64_t heap_room(const agents_model *m, const int32_t *cap, int32_t group)
{
  int64_t n = 0;
  for (int32_t e = 0; e < m->event_count; e++)
    if (m->event[e].group == group) n += cap[m->event[e].breed];
  return n;
}

static int64_t room(const agents_model *m, const int32_t *cap, int32_t section)
{
  const agents_section *s = &m->section[section];
  if (s->grows == -1) return s->count;
  return s->grows >= 0 ? cap[s->grows] : heap_room(m, cap, -2 - s->grows);
}

int64_t agents_in_use(const gm_agents *w, int32_t section)
{
  const agents_section *s = &w->m->section[section];
  if (s->grows == -1) return s->count;
  if (s->grows >= 0) return w->size[s->grows];
  const agents_group *g = w->at[AGENTS_GROUP];
  return g[-2 - s->grows].heap_count;
}

/* Of the sections that grow, or of the others. */
static size_t bytes_of(const agents_model *m, const int32_t *cap, bool growing)
{
  size_t n = 0;
  for (int32_t i = 0; i < m->section_count; i++)
    if ((m->section[i].grows != -1) == growing)
      n += ((size_t)room(m, cap, i) * m->section[i].bytes + ALIGN - 1) / ALIGN * ALIGN;
  return n;
}

static void point(gm_agents *w)
{
  char *p[2] = {w->still, w->block};
  for (int32_t i = 0; i < w->m->section_count; i++) {
    char **at = &p[w->m->section[i].grows != -1];
    w->at[i] = *at;
    *at += ((size_t)room(w->m, w->cap, i) * w->m->section[i].bytes + ALIGN - 1) / ALIGN * ALIGN;
  }
}

/* ---- making ---------------------------------------------------------------------------------- */
/* The struct and its small arrays in one piece, without a block. */
static gm_agents *shell(const agents_model *m, gm_ctx *ctx)
{
  size_t pointers = (size_t)m->section_count * sizeof(void *);
  size_t numbers = (size_t)(2 * m->cap_count + 2 * m->breed_count) * sizeof(int32_t);
  char *p = gm_alloc(ctx, 1, sizeof(gm_agents) + pointers + numbers);
  if (!p) return NULL;
  gm_agents *w = (gm_agents *)(void *)p;
  w->m = m;
  w->at = (void **)(void *)(p + sizeof *w);
  w->cap = (int32_t *)(void *)(p + sizeof *w + pointers);
  w->size = w->cap + m->cap_count;
  w->dead = w->size + m->cap_count;
  w->gone = w->dead + m->breed_count;
  for (int32_t i = 0; i < m->breed_count; i++) w->dead[i] = -1;
  return w;
}

/* Memory for the capacities of w; frees w where there is none. */
static bool blocks(gm_agents *w, gm_ctx *ctx)
{
  w->still_bytes = bytes_of(w->m, w->cap, false);
  w->bytes = bytes_of(w->m, w->cap, true);
  w->still = gm_alloc(ctx, 1, w->still_bytes);
  w->block = w->still ? gm_alloc(ctx, 1, w->bytes) : NULL;
  if (w->block) return true;
  gm_free(w->still);
  gm_free(w);
  return false;
}

gm_agents *agents_world_new(const agents_model *m, gm_ctx *ctx, const int32_t *size)
{
  gm_agents *w = shell(m, ctx);
  if (!w) return NULL;
  for (int32_t i = 0; i < m->cap_count; i++)
    w->cap[i] = size[i] > AGENTS_CAP_LEAST ? size[i] : AGENTS_CAP_LEAST;
  if (!blocks(w, ctx)) return NULL;
  point(w);
  agents_clear(w);
  return w;
}

gm_status agents_obj_new(const gm_model *model, gm_ctx *ctx, void **out)
{
  const agents_model *m = (const agents_model *)model;
  gm_agents *w = NULL;
  int32_t *size = gm_alloc(ctx, m->cap_count, sizeof *size);
  if (size) {
    for (int32_t i = 0; i < m->breed_count; i++)
      size[i] = m->breed[i].initial < 0 ? m->cells : m->breed[i].initial;
    w = agents_world_new(m, ctx, size);
  }
  gm_free(size);
  if (!w) return gm_fail(ctx, GM_ENOMEM, "a world of model %s", m->name);
  *out = w;
  return GM_OK;
}

void agents_obj_free(const gm_model *model, void *obj)
{
  (void)model;
  gm_agents *w = obj;
  if (!w) return;
  gm_free(w->still);
  gm_free(w->block);
  gm_free(w);
}

gm_status agents_obj_copy(const gm_model *model, gm_ctx *ctx, const void *from, void **out)
{
  const agents_model *m = (const agents_model *)model;
  const gm_agents *w = from;
  gm_agents *to = shell(m, ctx);
  if (to) memcpy(to->cap, w->cap, (size_t)(2 * m->cap_count) * sizeof *w->cap);
  if (!to || !blocks(to, ctx))
    return gm_fail(ctx, GM_ENOMEM, "a copy of a world of model %s", m->name);
  memcpy(to->still, w->still, w->still_bytes);
  memcpy(to->block, w->block, w->bytes);
  point(to);
  *out = to;
  return GM_OK;
}

/* ---- growing --------------------------------------------------------------------------------- */
bool agents_grow(gm_agents *w, int32_t c)
{
  const agents_model *m = w->m;
  if (w->size[c] < w->cap[c]) return true;
  gm_agents *to = shell(m, m->base.ctx);
  if (!to) return false;
  memcpy(to->cap, w->cap, (size_t)(2 * m->cap_count) * sizeof *w->cap);
  to->cap[c] = w->cap[c] > AGENTS_COUNT_MAX / 2 ? AGENTS_COUNT_MAX : 2 * w->cap[c];
  to->still = w->still;
  to->bytes = bytes_of(m, to->cap, true);
  to->block = to->cap[c] > w->cap[c] ? gm_alloc(m->base.ctx, 1, to->bytes) : NULL;
  if (!to->block) {
    gm_free(to);
    return false;
  }
  point(to);
  for (int32_t i = 0; i < m->section_count; i++)
    if (m->section[i].grows != -1)
      memcpy(to->at[i], w->at[i], (size_t)agents_in_use(w, i) * m->section[i].bytes);
  gm_free(w->block);
  w->block = to->block;
  w->bytes = to->bytes;
  memcpy(w->cap, to->cap, (size_t)m->cap_count * sizeof *w->cap);
  point(w);
  gm_free(to);
  return true;
}

void agents_clear(gm_agents *w)
{
  const agents_model *m = w->m;
  memset(w->still, 0, w->still_bytes);
  memset(w->block, 0, w->bytes);
  memset(w->size, 0, (size_t)m->cap_count * sizeof *w->size);
  for (int32_t b = 0; b < m->breed_count; b++) {
    int32_t *first = agents_column(w, b, AGENTS_FIRST);
    for (int32_t c = 0; c < m->cells; c++) first[c] = -1;
    w->dead[b] = -1;
    w->gone[b] = 0;
  }
  agents_group *g = w->at[AGENTS_GROUP];
  g[0].speed = 1; /* real time */
  agents_stream *stream = w->at[AGENTS_PORT];
  for (int32_t i = 0; i < m->port_count; i++) stream[i].left = NAN;
}
