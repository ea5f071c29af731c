/* ledger.c - a file of answers: read from its begin, then written at its end. */
#include "methods/ledger.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* "GMLEDG1\n" and the subject; then one after the other a head, the answer, and the checksum of
 * both. Little-endian. */
typedef struct {
  char magic[8];
  uint64_t subject;
} front;

typedef struct {
  uint64_t kind, question, bytes;
} head;

struct gm_ledger {
  gm_ctx *ctx;
  char *path;
  FILE *f;
  char *room; /* a whole entry */
  size_t room_bytes;
  int64_t place, end; /* of the entries that were read or written; of the file when opened */
  int64_t number, replayed, added;
  bool writing; /* the entries have ended */
  bool witness; /* the first answer was asked for and waits to be compared */
};

static gm_status trouble(const gm_ledger *l, gm_ctx *ctx, const char *what)
{
  return gm_fail(ctx, GM_EIO, "ledger %s: %s: %s", l->path, what, strerror(errno));
}

static gm_status room_for(gm_ledger *l, gm_ctx *ctx, size_t bytes)
{
  if (bytes <= l->room_bytes) return GM_OK;
  char *more = gm_alloc(l->ctx, (ptrdiff_t)bytes, 1);
  if (!more) return gm_fail(ctx, GM_ENOMEM, "ledger: an answer of %zu bytes", bytes);
  gm_free(l->room);
  l->room = more;
  l->room_bytes = bytes;
  return GM_OK;
}

/* ---- opening --------------------------------------------------------------------------------- */
static gm_status front_write(gm_ledger *l, uint64_t subject)
{
  front a = {.subject = subject};
  memcpy(a.magic, "GMLEDG1\n", sizeof a.magic);
  rewind(l->f);
  if (ftruncate(fileno(l->f), 0) || fwrite(&a, sizeof a, 1, l->f) != 1 || fflush(l->f))
    return trouble(l, l->ctx, "writing");
  return GM_OK;
}

static gm_status front_read(gm_ledger *l, uint64_t subject)
{
  front a;
  memset(&a, 0, sizeof a);
  size_t got = fread(&a, 1, sizeof a, l->f);
  if (ferror(l->f)) return trouble(l, l->ctx, "reading");
  size_t told = got < sizeof a.magic ? got : sizeof a.magic;
  if (memcmp(a.magic, "GMLEDG1\n", told) != 0)
    return gm_fail(l->ctx, GM_EPARSE, "%s is no ledger", l->path);
  if (got < sizeof a) return front_write(l, subject); /* new, or died while it was made */
  if (a.subject != subject)
    return gm_fail(l->ctx, GM_EINVAL,
                   "ledger %s: kept for another subject (other data, model or options)", l->path);
  return GM_OK;
}

/* The file, this process's alone. */
static gm_status file_open(gm_ledger *l)
{
  int fd = open(l->path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return trouble(l, l->ctx, "opening");
  gm_status s = GM_OK;
  if (flock(fd, LOCK_EX | LOCK_NB))
    s = trouble(l, l->ctx, "another process has it open");
  else if (!(l->f = fdopen(fd, "r+b")))
    s = trouble(l, l->ctx, "opening");
  if (s) close(fd);
  return s;
}

static gm_status entries_begin(gm_ledger *l)
{
  struct stat state;
  if (fstat(fileno(l->f), &state)) return trouble(l, l->ctx, "reading");
  l->place = sizeof(front);
  l->end = (int64_t)state.st_size;
  return GM_OK;
}

gm_status gm_ledger_open(gm_ctx *ctx, const char *path, uint64_t subject, gm_ledger **out)
{
  gm_ledger *l = gm_alloc(ctx, 1, sizeof *l);
  if (!l) return gm_fail(ctx, GM_ENOMEM, "ledger");
  l->ctx = ctx;
  l->path = gm_strdup(ctx, path);
  gm_status s = l->path ? file_open(l) : gm_fail(ctx, GM_ENOMEM, "ledger");
  if (!s) s = front_read(l, subject);
  if (!s) s = entries_begin(l);
  if (s)
    gm_ledger_close(l);
  else
    *out = l;
  return s;
}

void gm_ledger_close(gm_ledger *l)
{
  if (!l) return;
  if (l->f) fclose(l->f);
  gm_free(l->room);
  gm_free(l->path);
  gm_free(l);
}

int64_t gm_ledger_replayed(const gm_ledger *l) { return l->replayed; }
int64_t gm_ledger_added(const gm_ledger *l) { return l->added; }

/* ---- entries --------------------------------------------------------------------------------- */
/* From here on entries are added: what lies behind the last whole one is cut off. */
static gm_status write_on(gm_ledger *l, gm_ctx *ctx)
{
  l->writing = true;
  if (fseek(l->f, (long)l->place, SEEK_SET) || ftruncate(fileno(l->f), (off_t)l->place))
    return trouble(l, ctx, "cutting off a torn end");
  return GM_OK;
}

/* The next whole entry into room; without one the ledger goes over to writing. */
static gm_status entry_read(gm_ledger *l, gm_ctx *ctx)
{
  uint64_t sum;
  head h;
  if (fread(&h, sizeof h, 1, l->f) != 1) return write_on(l, ctx);
  if (h.bytes > (uint64_t)(l->end - l->place)) return write_on(l, ctx); /* torn, or damaged */
  size_t body = sizeof h + (size_t)h.bytes;
  gm_status s = room_for(l, ctx, body + sizeof sum);
  if (s) return s;
  memcpy(l->room, &h, sizeof h);
  if (fread(l->room + sizeof h, 1, (size_t)h.bytes + sizeof sum, l->f) != h.bytes + sizeof sum)
    return write_on(l, ctx);
  memcpy(&sum, l->room + body, sizeof sum);
  if (sum != gm_checksum(l->room, body)) return write_on(l, ctx);
  l->place += (int64_t)(body + sizeof sum);
  l->number++;
  return GM_OK;
}

static size_t size_of(const gm__piece *piece, int32_t count)
{
  size_t bytes = 0;
  for (int32_t i = 0; i < count; i++) bytes += piece[i].bytes;
  return bytes;
}

/* A method that was stopped may have asked at its end what an unbroken run does not ask: a last
 * answer that does not fit is dropped. */
static gm_status asked_otherwise(gm_ledger *l, gm_ctx *ctx, size_t entry)
{
  if (l->number > 1 && l->place == l->end) {
    l->place -= (int64_t)entry;
    l->number--;
    return write_on(l, ctx);
  }
  return gm_fail(ctx, GM_EINVAL,
                 "ledger %s: answer %lld was to another question (another method, other options)",
                 l->path, (long long)l->number);
}

gm_status gm__ledger_take(gm_ledger *l, gm_ctx *ctx, gm__asked kind, uint64_t question,
                          const gm__piece *piece, int32_t count, bool *found)
{
  *found = false;
  if (!l || l->writing) return GM_OK;
  size_t bytes = size_of(piece, count);
  gm_status s = entry_read(l, ctx);
  if (s || l->writing) return s;
  head h;
  memcpy(&h, l->room, sizeof h);
  if (h.kind != kind || h.question != question || h.bytes != bytes)
    return asked_otherwise(l, ctx, sizeof h + (size_t)h.bytes + sizeof(uint64_t));
  if (l->number == 1) { /* the first is worked out anew: see keep */
    l->witness = true;
    return GM_OK;
  }
  const char *from = l->room + sizeof h;
  for (int32_t i = 0; i < count; i++) {
    memcpy(piece[i].at, from, piece[i].bytes);
    from += piece[i].bytes;
  }
  l->replayed++;
  *found = true;
  return GM_OK;
}

static gm_status witness_compare(gm_ledger *l, gm_ctx *ctx, const gm__piece *piece, int32_t count)
{
  const char *from = l->room + sizeof(head);
  l->witness = false;
  for (int32_t i = 0; i < count; i++) {
    if (memcmp(piece[i].at, from, piece[i].bytes) != 0)
      return gm_fail(ctx, GM_EINVAL,
                     "ledger %s: its first answer is not what the model gives now (another model, "
                     "other data)",
                     l->path);
    from += piece[i].bytes;
  }
  return GM_OK;
}

gm_status gm__ledger_keep(gm_ledger *l, gm_ctx *ctx, gm__asked kind, uint64_t question,
                          const gm__piece *piece, int32_t count)
{
  if (!l) return GM_OK;
  if (l->witness) return witness_compare(l, ctx, piece, count);
  head h = {kind, question, size_of(piece, count)};
  size_t body = sizeof h + (size_t)h.bytes;
  uint64_t sum;
  gm_status s = room_for(l, ctx, body + sizeof sum);
  if (s) return s;
  char *to = l->room;
  memcpy(to, &h, sizeof h);
  to += sizeof h;
  for (int32_t i = 0; i < count; i++) {
    if (piece[i].bytes) memcpy(to, piece[i].at, piece[i].bytes);
    to += piece[i].bytes;
  }
  sum = gm_checksum(l->room, body);
  memcpy(to, &sum, sizeof sum);
  if (fwrite(l->room, body + sizeof sum, 1, l->f) != 1 || fflush(l->f))
    return trouble(l, ctx, "writing");
  l->place += (int64_t)(body + sizeof sum);
  l->number++;
  l->added++;
  return GM_OK;
}

/* ---- targets --------------------------------------------------------------------------------- */
static uint64_t question_of(int32_t n, ptrdiff_t wide, const double *z, const uint64_t *replicate)
{
  uint64_t h = gm_checksum(z, (size_t)(n * wide) * sizeof *z);
  h = gm_hash64(h, (uint64_t)n);
  return replicate ? gm_hash64(h, gm_checksum(replicate, (size_t)n * sizeof *replicate)) : h;
}

static gm__piece doubles(double *at, ptrdiff_t count)
{
  return (gm__piece){at, (size_t)count * sizeof *at};
}

static gm_status kept_loglik(void *user, gm_ctx *ctx, int32_t n, const double *z,
                             const uint64_t *replicate, double *out)
{
  gm_kept_target *k = user;
  gm__piece p = doubles(out, n);
  uint64_t q = question_of(n, k->target.dim, z, replicate);
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, GM__ASKED_LOGLIK, q, &p, 1, &found);
  if (s || found) return s;
  s = k->of->loglik(k->of->user, ctx, n, z, replicate, out);
  return s ? s : gm__ledger_keep(k->ledger, ctx, GM__ASKED_LOGLIK, q, &p, 1);
}

static gm_status kept_gradient(void *user, gm_ctx *ctx, int32_t n, const double *z, double *ll,
                               double *g)
{
  gm_kept_target *k = user;
  gm__piece p[2] = {doubles(ll, n), doubles(g, (ptrdiff_t)n * k->target.dim)};
  uint64_t q = question_of(n, k->target.dim, z, NULL);
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, GM__ASKED_GRADIENT, q, p, 2, &found);
  if (s || found) return s;
  s = k->of->gradient(k->of->user, ctx, n, z, ll, g);
  return s ? s : gm__ledger_keep(k->ledger, ctx, GM__ASKED_GRADIENT, q, p, 2);
}

static gm_status kept_residual(void *user, gm_ctx *ctx, int32_t n, const double *z, double *r,
                               double *jac)
{
  gm_kept_target *k = user;
  ptrdiff_t rows = (ptrdiff_t)n * k->target.residual_count;
  gm__piece p[2] = {doubles(r, rows), doubles(jac, rows * k->target.dim)};
  uint64_t q = question_of(n, k->target.dim, z, NULL);
  gm__asked kind = jac ? GM__ASKED_JACOBIAN : GM__ASKED_RESIDUAL;
  int32_t count = jac ? 2 : 1;
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, kind, q, p, count, &found);
  if (s || found) return s;
  s = k->of->residual(k->of->user, ctx, n, z, r, jac);
  return s ? s : gm__ledger_keep(k->ledger, ctx, kind, q, p, count);
}

static gm_status kept_simulate(void *user, gm_ctx *ctx, int32_t n, const double *z,
                               const uint64_t *replicate, double *summary)
{
  gm_kept_target *k = user;
  gm__piece p = doubles(summary, (ptrdiff_t)n * k->target.summary_count);
  uint64_t q = question_of(n, k->target.dim, z, replicate);
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, GM__ASKED_SIMULATE, q, &p, 1, &found);
  if (s || found) return s;
  s = k->of->simulate(k->of->user, ctx, n, z, replicate, summary);
  return s ? s : gm__ledger_keep(k->ledger, ctx, GM__ASKED_SIMULATE, q, &p, 1);
}

static double kept_prior(void *user, const double *z)
{
  const gm_kept_target *k = user;
  return k->of->log_prior(k->of->user, z);
}

static void kept_prior_gradient(void *user, const double *z, double *g)
{
  const gm_kept_target *k = user;
  k->of->log_prior_gradient(k->of->user, z, g);
}

static void kept_draw(void *user, gm_key key, uint64_t slot, double *z)
{
  const gm_kept_target *k = user;
  k->of->prior_draw(k->of->user, key, slot, z);
}

void gm_ledger_target(gm_ledger *l, const gm_target *of, gm_kept_target *out)
{
  *out = (gm_kept_target){.target = *of, .of = of, .ledger = l};
  gm_target *t = &out->target;
  t->user = out;
  if (of->loglik) t->loglik = kept_loglik;
  if (of->gradient) t->gradient = kept_gradient;
  if (of->residual) t->residual = kept_residual;
  if (of->simulate) t->simulate = kept_simulate;
  if (of->log_prior) t->log_prior = kept_prior;
  if (of->log_prior_gradient) t->log_prior_gradient = kept_prior_gradient;
  if (of->prior_draw) t->prior_draw = kept_draw;
}

/* ---- objectives, functions ------------------------------------------------------------------- */
static gm_status kept_objective(void *user, gm_ctx *ctx, int32_t n, const double *z,
                                const uint64_t *key, double *value)
{
  gm_kept_objective *k = user;
  gm__piece p = doubles(value, n);
  uint64_t q = question_of(n, k->of.dim, z, key);
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, GM__ASKED_OBJECTIVE, q, &p, 1, &found);
  if (s || found) return s;
  s = k->of.eval(k->of.user, ctx, n, z, key, value);
  return s ? s : gm__ledger_keep(k->ledger, ctx, GM__ASKED_OBJECTIVE, q, &p, 1);
}

void gm_ledger_objective(gm_ledger *l, gm_objective of, gm_kept_objective *out)
{
  *out = (gm_kept_objective){.objective = of, .of = of, .ledger = l};
  out->objective.user = out;
  out->objective.eval = kept_objective;
}

static gm_status kept_function(void *user, gm_ctx *ctx, int32_t n, const double *u,
                               const uint64_t *replicate, double *y)
{
  gm_kept_function *k = user;
  gm__piece p = doubles(y, (ptrdiff_t)n * k->of->output_count);
  uint64_t q = question_of(n, k->of->dim, u, replicate);
  bool found;
  gm_status s = gm__ledger_take(k->ledger, ctx, GM__ASKED_FUNCTION, q, &p, 1, &found);
  if (s || found) return s;
  s = k->of->eval(k->of->user, ctx, n, u, replicate, y);
  return s ? s : gm__ledger_keep(k->ledger, ctx, GM__ASKED_FUNCTION, q, &p, 1);
}

void gm_ledger_function(gm_ledger *l, const gm_function *of, gm_kept_function *out)
{
  *out = (gm_kept_function){.function = *of, .of = of, .ledger = l};
  out->function.user = out;
  out->function.eval = kept_function;
}
