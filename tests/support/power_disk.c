/* power_disk.c - what lies on the disk in memory, its log, and what a power cut leaves of it. */
#include "support/power_internal.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { SECTOR = 512 };

power_disk power__disk = {.lock = PTHREAD_MUTEX_INITIALIZER, .quota = -1};

/* ---- contents -------------------------------------------------------------------------------- */
static void *must(void *p)
{
  if (!p) abort(); /* a test's own memory */
  return p;
}

static void content_room(power_content *c, size_t bytes)
{
  if (bytes <= c->room) return;
  c->room = bytes > 2 * c->room ? bytes : 2 * c->room;
  c->data = must(realloc(c->data, c->room));
}

void power_content_write(power_content *c, size_t at, const void *data, size_t bytes)
{
  size_t end = at + bytes;
  content_room(c, end);
  if (at > c->bytes) memset(c->data + c->bytes, 0, at - c->bytes);
  memcpy(c->data + at, data, bytes);
  if (end > c->bytes) c->bytes = end;
}

void power_content_cut(power_content *c, size_t bytes)
{
  content_room(c, bytes);
  if (bytes > c->bytes) memset(c->data + c->bytes, 0, bytes - c->bytes);
  c->bytes = bytes;
}

void power_content_copy(power_content *to, const power_content *from)
{
  to->bytes = 0;
  content_room(to, from->bytes);
  if (from->bytes) memcpy(to->data, from->data, from->bytes);
  to->bytes = from->bytes;
}

void power_content_free(power_content *c)
{
  free(c->data);
  *c = (power_content){0};
}

/* ---- files ----------------------------------------------------------------------------------- */
power_node *power__find(const char *name)
{
  for (int i = 0; i < POWER_FILES; i++) {
    power_node *n = &power__disk.node[i];
    if (n->number && !strcmp(n->name, name)) return n;
  }
  return NULL;
}

static power_node *place(int32_t number, const char *name)
{
  for (int i = 0; i < POWER_FILES; i++) {
    power_node *n = &power__disk.node[i];
    if (n->number) continue;
    *n = (power_node){.number = number};
    snprintf(n->name, sizeof n->name, "%s", name ? name : "");
    return n;
  }
  return NULL;
}

power_node *power__make(const char *name)
{
  power_node *n = place(++power__disk.last_number, name);
  if (n && name) power__log(LOG_MAKE, n->number, 0, name, strlen(name) + 1);
  return n;
}

void power__drop(power_node *n)
{
  power_content_free(&n->now);
  for (int i = 0; i < POWER_REGIONS; i++) free(n->region[i]);
  *n = (power_node){0};
}

void power__files_clear(void)
{
  for (int i = 0; i < POWER_FILES; i++) {
    power_node *n = &power__disk.node[i];
    n->name[0] = 0; /* what a failed test left open stays, unseen */
    if (!n->holders) power__drop(n);
  }
}

unsigned char *power_file(const char *name, size_t *bytes)
{
  power_node *n = power__find(name);
  *bytes = n ? n->now.bytes : 0;
  return n ? n->now.data : NULL;
}

bool power_holds(const void *what, size_t bytes)
{
  for (int i = 0; i < POWER_FILES; i++) {
    const power_content *c = &power__disk.node[i].now;
    if (c->bytes && memmem(c->data, c->bytes, what, bytes)) return true;
  }
  return false;
}

static power_node kept[POWER_FILES];

void power_keep(void)
{
  for (int i = 0; i < POWER_FILES; i++) {
    const power_node *n = &power__disk.node[i];
    kept[i].number = n->number;
    memcpy(kept[i].name, n->name, sizeof n->name);
    power_content_copy(&kept[i].now, &n->now);
  }
}

void power_back(void)
{
  power__files_clear();
  for (int i = 0; i < POWER_FILES; i++)
    if (kept[i].number) {
      power_node *n = place(kept[i].number, kept[i].name);
      power_content_copy(&n->now, &kept[i].now);
    }
}

void power_dump(const char *folder)
{
  for (int i = 0; i < POWER_FILES; i++) {
    const power_node *n = &power__disk.node[i];
    if (!n->number || !n->name[0]) continue;
    char path[2 * POWER_NAME];
    const char *base = strrchr(n->name, '/');
    snprintf(path, sizeof path, "%s/%s", folder, base ? base + 1 : n->name);
    FILE *f = fopen(path, "wb");
    if (!f) continue;
    fwrite(n->now.data, 1, n->now.bytes, f);
    fclose(f);
  }
}

/* ---- log and faults -------------------------------------------------------------------------- */
void power__log(power_kind kind, int32_t node, size_t at, const void *data, size_t bytes)
{
  power_disk *d = &power__disk;
  if (!d->recording) return;
  if (d->change_count == d->change_room) {
    d->change_room = d->change_room ? 2 * d->change_room : 1024;
    d->change = must(realloc(d->change, (size_t)d->change_room * sizeof *d->change));
  }
  power_change *c = &d->change[d->change_count++];
  *c = (power_change){.kind = kind, .node = node, .at = at, .bytes = bytes};
  if (!bytes) return;
  c->data = must(malloc(bytes));
  memcpy(c->data, data, bytes);
}

static void log_clear(void)
{
  power_disk *d = &power__disk;
  for (int32_t i = 0; i < d->change_count; i++) free(d->change[i].data);
  free(d->change);
  d->change = NULL;
  d->change_count = d->change_room = 0;
}

void power_format(void)
{
  power_disk *d = &power__disk;
  power__files_clear();
  log_clear();
  d->recording = d->readonly = false;
  d->quota = -1;
  power_fault(0, 0, false);
}

void power_record(bool on)
{
  if (on) log_clear();
  power__disk.recording = on;
}

int32_t power_length(void) { return power__disk.change_count; }

void power_mark(int32_t value)
{
  pthread_mutex_lock(&power__disk.lock);
  power__log(LOG_MARK, value, 0, NULL, 0);
  pthread_mutex_unlock(&power__disk.lock);
}

void power_fault(uint32_t sorts, int64_t at, bool after)
{
  power_disk *d = &power__disk;
  pthread_mutex_lock(&d->lock);
  d->sorts = sorts;
  d->fail_at = at;
  d->fail_after = after;
  d->calls = d->failed = 0;
  pthread_mutex_unlock(&d->lock);
}

int64_t power_calls(void)
{
  pthread_mutex_lock(&power__disk.lock);
  int64_t n = power__disk.calls;
  pthread_mutex_unlock(&power__disk.lock);
  return n;
}

int64_t power_failed(void)
{
  pthread_mutex_lock(&power__disk.lock);
  int64_t n = power__disk.failed;
  pthread_mutex_unlock(&power__disk.lock);
  return n;
}

void power_quota(int64_t bytes)
{
  pthread_mutex_lock(&power__disk.lock);
  power__disk.quota = bytes;
  pthread_mutex_unlock(&power__disk.lock);
}

void power_readonly(bool only) { power__disk.readonly = only; }

/* ---- power cuts ------------------------------------------------------------------------------ */
typedef struct {
  int32_t number;
  char name[POWER_NAME]; /* as the folder on the disk has it; "": not there */
  power_content synced;
} file;

struct power_replay {
  bool deaf;
  int32_t at; /* changes gone through */
  file file[4 * POWER_FILES];
  int32_t file_count;
  int32_t pending[65536], pending_count; /* changes not yet on the disk, in order */
};

void power_replay_free(power_replay *r)
{
  for (int32_t i = 0; r && i < r->file_count; i++) power_content_free(&r->file[i].synced);
  free(r);
}

static file *file_of(power_replay *r, int32_t number)
{
  for (int32_t i = 0; i < r->file_count; i++)
    if (r->file[i].number == number) return &r->file[i];
  assert(r->file_count < (int32_t)(sizeof r->file / sizeof r->file[0]));
  r->file[r->file_count] = (file){.number = number};
  return &r->file[r->file_count++];
}

power_replay *power_replay_new(bool from_kept, bool deaf)
{
  power_replay *r = must(calloc(1, sizeof *r));
  r->deaf = deaf;
  for (int i = 0; i < POWER_FILES && from_kept; i++) {
    if (!kept[i].number) continue;
    file *f = file_of(r, kept[i].number);
    memcpy(f->name, kept[i].name, sizeof f->name);
    power_content_copy(&f->synced, &kept[i].now);
  }
  return r;
}

static void name_apply(file *f, const power_change *c)
{
  snprintf(f->name, sizeof f->name, "%s", c->kind == LOG_MAKE ? (const char *)c->data : "");
}

static void content_apply(power_content *to, const power_change *c)
{
  if (c->kind == LOG_WRITE)
    power_content_write(to, c->at, c->data, c->bytes);
  else
    power_content_cut(to, c->at);
}

static bool of_name(const power_change *c) { return c->kind == LOG_MAKE || c->kind == LOG_TAKE; }

/* What was pending of a file (number 0: of the folder) is on the disk. */
static void settle(power_replay *r, int32_t number)
{
  int32_t left = 0;
  for (int32_t i = 0; i < r->pending_count; i++) {
    const power_change *c = &power__disk.change[r->pending[i]];
    bool named = of_name(c);
    if (number ? named || c->node != number : !named)
      r->pending[left++] = r->pending[i];
    else if (named)
      name_apply(file_of(r, c->node), c);
    else
      content_apply(&file_of(r, c->node)->synced, c);
  }
  r->pending_count = left;
}

bool power_replay_next(power_replay *r, int32_t *mark)
{
  *mark = -1;
  if (r->at >= power__disk.change_count) return false;
  const power_change *c = &power__disk.change[r->at++];
  if (c->kind == LOG_MARK)
    *mark = c->node;
  else if (c->kind == LOG_SYNC && !r->deaf)
    settle(r, c->node);
  else if (c->kind == LOG_FOLDER)
    settle(r, 0);
  else if (c->kind == LOG_SYNC)
    return true;
  else {
    assert(r->pending_count < (int32_t)(sizeof r->pending / sizeof r->pending[0]));
    r->pending[r->pending_count++] = r->at - 1;
  }
  return true;
}

int32_t power_replay_pending(const power_replay *r) { return r->pending_count; }

static const power_change *pending(const power_replay *r, int32_t w)
{
  return &power__disk.change[r->pending[w]];
}

int32_t power_replay_tears(const power_replay *r, int32_t w)
{
  const power_change *c = pending(r, w);
  return c->kind == LOG_WRITE && c->bytes
             ? (int32_t)((c->at + c->bytes - 1) / SECTOR - c->at / SECTOR)
             : 0;
}

static uint64_t mix(uint64_t x) /* splitmix64, Steele et al. 2014 */
{
  x += 0x9e3779b97f4a7c15ULL;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9ULL;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebULL;
  return x ^ (x >> 31);
}

/* Each sector of a write by itself, by chance. */
static void shards_apply(power_content *to, const power_change *c, uint64_t seed)
{
  for (size_t at = c->at, end = c->at + c->bytes, next; at < end; at = next) {
    next = (at / SECTOR + 1) * SECTOR < end ? (at / SECTOR + 1) * SECTOR : end;
    if (mix(seed + at) & 1) power_content_write(to, at, c->data + (at - c->at), next - at);
  }
}

/* The files as the cut may leave them, before they get onto the disk. */
typedef struct {
  char name[POWER_NAME];
  power_content *content;
} left;

static void one_apply(left *l, const power_change *c, const power_cut *cut, int32_t w)
{
  power_change part = *c;
  bool torn = (cut->sort == POWER_TORN || cut->sort == POWER_ALONE) && w == cut->n && cut->tear > 0;
  if (of_name(c)) {
    snprintf(l->name, sizeof l->name, "%s", c->kind == LOG_MAKE ? (const char *)c->data : "");
    return;
  }
  if (torn && c->kind == LOG_WRITE)
    part.bytes = (c->at / SECTOR + (size_t)cut->tear) * SECTOR - c->at;
  if (cut->sort == POWER_SHARDS && c->kind == LOG_WRITE)
    shards_apply(l->content, c, mix(cut->seed + (uint64_t)w));
  else
    content_apply(l->content, &part);
}

static bool chosen(const power_cut *c, int32_t w)
{
  switch (c->sort) {
  case POWER_PREFIX: return w < c->n;
  case POWER_TORN: return w <= c->n;
  case POWER_ALONE: return w == c->n;
  case POWER_SOME: return mix(c->seed + (uint64_t)w) & 1;
  default: return mix(c->seed ^ (uint64_t)w) & 3; /* most, in shards */
  }
}

void power_replay_mount(const power_replay *r, const power_cut *cut)
{
  static left l[4 * POWER_FILES]; /* many names: not on the stack */
  static power_content content[4 * POWER_FILES];
  int32_t count = 0, number[4 * POWER_FILES];
  power__files_clear();
  for (; count < r->file_count; count++) {
    const file *f = &r->file[count];
    number[count] = f->number;
    l[count].content = &content[count];
    memcpy(l[count].name, f->name, sizeof f->name);
    power_content_copy(&content[count], &f->synced);
  }
  for (int32_t w = 0; w < r->pending_count; w++) {
    const power_change *c = pending(r, w);
    if (!chosen(cut, w)) continue;
    int32_t i = 0;
    while (i < count && number[i] != c->node) i++;
    if (i == count) {
      number[count] = c->node;
      l[count] = (left){.content = &content[count]};
      content[count++].bytes = 0;
    }
    one_apply(&l[i], c, cut, w);
  }
  for (int32_t i = 0; i < count; i++) {
    power_node *n = l[i].name[0] ? power__find(l[i].name) : NULL;
    /* of two files of one name (the older one's end not yet on the disk) the newer is seen */
    if (n && n->number > number[i]) continue;
    if (n) power__drop(n);
    if (l[i].name[0]) n = place(number[i], l[i].name);
    if (l[i].name[0] && n) power_content_copy(&n->now, l[i].content);
  }
}
