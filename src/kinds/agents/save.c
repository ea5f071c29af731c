/* save.c - a world as bytes, and back. Little-endian, as the processors this runs on.
 *
 * Format: head (below), sizes [cap_count] int32, then every section's elements in use, section by
 * section, and at the end 8 bytes of checksum over all before. Nothing is believed on loading: the
 * checksum tells damage, the model's fingerprint another model, and every number that is used as a
 * place is looked at. */
#include "kinds/agents/engine.h"
#include <math.h>
#include <string.h>

enum { VERSION = 1 };
static const char magic[8] = {'G', 'M', 'A', 'G', 'E', 'N', 'T', 'S'};

typedef struct {
  char magic[8];
  uint64_t version, fingerprint, bytes; /* of all, with the checksum */
} save_head;

gm_status agents_obj_save(const gm_model *model, const void *obj, gm_text *out)
{
  const agents_model *m = (const agents_model *)model;
  const gm_agents *w = obj;
  size_t sizes = (size_t)m->cap_count * sizeof(int32_t), bytes = sizeof(save_head) + sizes + 8;
  for (int32_t i = 0; i < m->section_count; i++)
    bytes += (size_t)agents_in_use(w, i) * m->section[i].bytes;
  save_head head = {.version = VERSION, .fingerprint = m->fingerprint, .bytes = bytes};
  memcpy(head.magic, magic, sizeof magic);
  size_t begin = out->bytes;
  gm_text_addn(out, (const char *)&head, sizeof head);
  gm_text_addn(out, (const char *)w->size, sizes);
  for (int32_t i = 0; i < m->section_count; i++)
    gm_text_addn(out, w->at[i], (size_t)agents_in_use(w, i) * m->section[i].bytes);
  if (out->status) return out->status;
  uint64_t sum = gm_checksum(out->data + begin, bytes - 8);
  gm_text_addn(out, (const char *)&sum, sizeof sum);
  return out->status;
}

/* ---- is it a world? -------------------------------------------------------------------------- */
static bool in(int64_t x, int64_t count) { return x >= 0 && x < count; }

/* The agents of each cell form one chain, and all of them are in one. */
static bool chains_hold(const gm_agents *w, int32_t b)
{
  const int32_t *first = agents_column(w, b, AGENTS_FIRST),
                *here = agents_column(w, b, AGENTS_HERE);
  const int32_t *next = agents_column(w, b, AGENTS_NEXT), *prev = agents_column(w, b, AGENTS_PREV);
  const int32_t *cell = agents_column(w, b, AGENTS_CELL);
  int64_t seen = 0;
  for (int32_t c = 0; c < w->m->cells; c++) {
    int32_t count = 0, before = -1;
    for (int32_t a = first[c]; a != -1; a = next[a]) {
      if (!in(a, w->size[b]) || cell[a] != c || prev[a] != before) return false;
      before = a;
      if (++seen > w->size[b]) return false;
      count++;
    }
    if (count != here[c]) return false;
  }
  return !w->m->cells || seen == w->size[b];
}

static bool breed_holds(const gm_agents *w, int32_t b)
{
  const uint8_t *live = agents_column(w, b, AGENTS_LIVE);
  for (int32_t i = 0; i < w->size[b]; i++)
    if (live[i] != 1) return false;
  return chains_hold(w, b);
}

static bool occupied_holds(const gm_agents *w)
{
  const int32_t *all = w->at[AGENTS_OCCUPIED];
  for (int32_t c = 0; c < w->m->cells; c++) {
    int64_t n = 0;
    for (int32_t b = 0; b < w->m->breed_count; b++)
      n += ((const int32_t *)agents_column(w, b, AGENTS_HERE))[c];
    if (n != all[c]) return false;
  }
  return true;
}

static bool heap_holds(const gm_agents *w, int32_t group)
{
  const agents_group *g = w->at[AGENTS_GROUP];
  const agents_due *due = w->at[AGENTS_HEAP + group];
  for (int64_t i = 0; i < g[group].heap_count; i++) {
    if (!in(due[i].event, w->m->event_count)) return false;
    const agents_event *e = &w->m->event[due[i].event];
    if (e->group != group || !in(due[i].agent, w->size[e->breed])) return false;
    if (agents_clocks(w, due[i].event)[due[i].agent].place != i) return false;
    if (i && !(due[i].when >= due[(i - 1) / 2].when)) return false;
  }
  return true;
}

static bool clocks_hold(const gm_agents *w)
{
  const agents_group *g = w->at[AGENTS_GROUP];
  for (int32_t e = 0; e < w->m->event_count; e++) {
    const agents_clock *c = agents_clocks(w, e);
    for (int32_t i = 0; i < w->size[w->m->event[e].breed]; i++)
      if (c[i].place < -1 || c[i].place >= g[w->m->event[e].group].heap_count) return false;
  }
  for (int32_t i = 0; i < w->m->group_count; i++)
    if (!heap_holds(w, i)) return false;
  return true;
}

static bool pending_holds(const gm_agents *w)
{
  const agents_edge *e = w->at[AGENTS_PENDING];
  for (int32_t i = 0; i < w->size[w->m->breed_count]; i++)
    if (e[i].kind < GM_EDGE_BOLUS || e[i].kind > GM_EDGE_RESET ||
        (e[i].kind != GM_EDGE_RESET && !in(e[i].port, w->m->port_count)))
      return false;
  return true;
}

static bool holds(const gm_agents *w)
{
  for (int32_t b = 0; b < w->m->breed_count; b++)
    if (!breed_holds(w, b)) return false;
  return occupied_holds(w) && clocks_hold(w) && pending_holds(w);
}

/* ---- loading --------------------------------------------------------------------------------- */
typedef struct {
  const char *at, *end;
} reader;

static bool take(reader *r, void *to, size_t bytes)
{
  if ((size_t)(r->end - r->at) < bytes) return false;
  if (bytes) memcpy(to, r->at, bytes);
  r->at += bytes;
  return true;
}

/* Group sections come before the heaps, so that their counts are known when these are read. */
static bool take_sections(reader *r, gm_agents *w)
{
  const agents_model *m = w->m;
  for (int32_t i = 0; i < m->section_count; i++) {
    int64_t n = agents_in_use(w, i);
    if (m->section[i].grows < -1) {
      int64_t room = 0;
      for (int32_t e = 0; e < m->event_count; e++)
        if (m->event[e].group == -2 - m->section[i].grows) room += w->cap[m->event[e].breed];
      if (n < 0 || n > room) return false;
    }
    if (!take(r, w->at[i], (size_t)n * m->section[i].bytes)) return false;
  }
  return r->at == r->end;
}

/* Sizes that the bytes can hold, so that a damaged one asks for no memory. */
static bool take_sizes(reader *r, const agents_model *m, int32_t *size)
{
  if (!take(r, size, (size_t)m->cap_count * sizeof *size)) return false;
  for (int32_t i = 0; i < m->cap_count; i++) {
    size_t least = i < m->breed_count ? sizeof(uint64_t) : sizeof(agents_edge);
    if (size[i] < 0 || (size_t)size[i] * least > (size_t)(r->end - r->at)) return false;
  }
  return true;
}

gm_status agents_obj_load(const gm_model *model, gm_ctx *ctx, const void *data, size_t bytes,
                          void **out)
{
  const agents_model *m = (const agents_model *)model;
  save_head head;
  uint64_t sum;
  if (bytes < sizeof head + 8 || (memcpy(&head, data, sizeof head), head.bytes != bytes) ||
      memcmp(head.magic, magic, sizeof magic) != 0)
    return gm_fail(ctx, GM_EPARSE, "model %s: these bytes are no saved world", m->name);
  memcpy(&sum, (const char *)data + bytes - 8, sizeof sum);
  if (sum != gm_checksum(data, bytes - 8))
    return gm_fail(ctx, GM_EPARSE, "model %s: the saved world is damaged", m->name);
  if (head.version != VERSION || head.fingerprint != m->fingerprint)
    return gm_fail(ctx, GM_EPARSE, "model %s: the saved world is of another model or version",
                   m->name);
  int32_t *size = gm_alloc(ctx, m->cap_count, sizeof *size);
  if (!size) return gm_fail(ctx, GM_ENOMEM, "loading a world of model %s", m->name);
  reader r = {(const char *)data + sizeof head, (const char *)data + bytes - 8};
  gm_agents *w = NULL;
  bool good = take_sizes(&r, m, size);
  if (good) w = agents_world_new(m, ctx, size);
  if (w) memcpy(w->size, size, (size_t)m->cap_count * sizeof *size);
  gm_free(size);
  if (good && !w) return gm_fail(ctx, GM_ENOMEM, "loading a world of model %s", m->name);
  if (!good || !take_sections(&r, w) || !holds(w)) {
    agents_obj_free(model, w);
    return gm_fail(ctx, GM_EPARSE, "model %s: the saved world contradicts itself", m->name);
  }
  *out = w;
  return GM_OK;
}
