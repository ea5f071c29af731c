/* ctx.c - the context: memory through one allocator, one message buffer, the log. */
#include "gemel/base.h"
#include "base/isa.h"
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_BYTES = 1024 };

struct gm_ctx {
  gm_allocator allocator;
  gm_logger *logger;
  void *logger_user;
  char message[MESSAGE_BYTES];
};

/* Every block carries its allocator in front, so that it can be freed without its context. */
typedef union {
  struct {
    gm_allocator allocator;
  } h;
  max_align_t align[2];
} block_head;

static const char *const status_name[] = {
#define GM_X(code, text) #code,
    GM_STATUS_LIST(GM_X)
#undef GM_X
};
static const char *const status_text[] = {
#define GM_X(code, text) text,
    GM_STATUS_LIST(GM_X)
#undef GM_X
};

const char *gm_status_name(gm_status s)
{
  return (unsigned)s < GM_STATUS_COUNT ? status_name[s] : "GM_?";
}

const char *gm_status_text(gm_status s)
{
  return (unsigned)s < GM_STATUS_COUNT ? status_text[s] : "unknown status";
}

const char *gm_version(void) { return GEMEL_VERSION; }

static void *system_alloc(void *user, size_t bytes)
{
  (void)user;
  return malloc(bytes); /* gm_alloc zeroes */
}

static void system_free(void *user, void *p)
{
  (void)user;
  free(p);
}

static gm_ctx *ctx_make(gm_allocator a, gm_logger *logger, void *logger_user)
{
  gm_ctx *c = a.alloc(a.user, sizeof *c);
  if (!c) return NULL;
  memset(c, 0, sizeof *c);
  c->allocator = a;
  c->logger = logger;
  c->logger_user = logger_user;
  return c;
}

gm_status gm_ctx_new(const gm_ctx_options *options, gm_ctx **out)
{
  assert(out);
  if (!gm__isa_supported()) return GM_ECPU;
  gm_allocator a = {system_alloc, system_free, NULL};
  if (options && options->allocator.alloc) {
    assert(options->allocator.free);
    a = options->allocator;
  }
  gm_ctx *c = ctx_make(a, options ? options->logger : NULL, options ? options->logger_user : NULL);
  if (!c) return GM_ENOMEM;
  *out = c;
  return GM_OK;
}

gm_status gm_ctx_child(gm_ctx *parent, gm_ctx **out)
{
  assert(parent && out);
  gm_ctx *c = ctx_make(parent->allocator, parent->logger, parent->logger_user);
  if (!c) return gm_fail(parent, GM_ENOMEM, "context of a worker");
  *out = c;
  return GM_OK;
}

void gm_ctx_free(gm_ctx *ctx)
{
  if (!ctx) return;
  gm_allocator a = ctx->allocator;
  a.free(a.user, ctx);
}

gm_status gm_fail(gm_ctx *ctx, gm_status s, const char *format, ...)
{
  if (!ctx) return s;
  va_list ap;
  va_start(ap, format);
  char text[MESSAGE_BYTES]; /* the old message may be one of the arguments */
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  memcpy(ctx->message, text, sizeof text);
  return s;
}

gm_status gm_fail_at(gm_ctx *ctx, gm_status s, const char *format, ...)
{
  if (!ctx) return s;
  va_list ap;
  va_start(ap, format);
  char where[MESSAGE_BYTES / 2];
  vsnprintf(where, sizeof where, format, ap);
  va_end(ap);
  char text[2 * MESSAGE_BYTES];
  snprintf(text, sizeof text, "%s: %s", where, ctx->message[0] ? ctx->message : gm_status_text(s));
  text[MESSAGE_BYTES - 1] = 0;
  memcpy(ctx->message, text, MESSAGE_BYTES);
  return s;
}

const char *gm_message(const gm_ctx *ctx) { return ctx ? ctx->message : ""; }

void gm_message_clear(gm_ctx *ctx)
{
  if (ctx) ctx->message[0] = 0;
}

void gm_message_copy(gm_ctx *to, const gm_ctx *from)
{
  if (to && from && to != from) memcpy(to->message, from->message, MESSAGE_BYTES);
}

void gm_log(gm_ctx *ctx, gm_log_level level, const char *format, ...)
{
  if (!ctx || !ctx->logger) return;
  char text[MESSAGE_BYTES];
  va_list ap;
  va_start(ap, format);
  vsnprintf(text, sizeof text, format, ap);
  va_end(ap);
  ctx->logger(ctx->logger_user, level, text);
}

void *gm_alloc(gm_ctx *ctx, ptrdiff_t count, size_t bytes)
{
  assert(ctx);
  if (count < 0 || (bytes && (size_t)count > (PTRDIFF_MAX - sizeof(block_head)) / bytes))
    return NULL;
  size_t total = (size_t)count * bytes;
  block_head *b = ctx->allocator.alloc(ctx->allocator.user, sizeof *b + total);
  if (!b) return NULL;
  memset(b, 0, sizeof *b + total);
  b->h.allocator = ctx->allocator;
  return b + 1;
}

gm_status gm_grow(gm_ctx *ctx, void *p_address, ptrdiff_t count_old, ptrdiff_t count_new,
                  size_t bytes)
{
  assert(ctx && p_address && count_new >= count_old);
  void *old;
  memcpy(&old, p_address, sizeof old);
  void *p = gm_alloc(ctx, count_new, bytes);
  if (!p) return gm_fail(ctx, GM_ENOMEM, "%td items of %zu bytes", count_new, bytes);
  if (old) memcpy(p, old, (size_t)count_old * bytes);
  gm_free(old);
  memcpy(p_address, &p, sizeof p);
  return GM_OK;
}

char *gm_strndup(gm_ctx *ctx, const char *text, ptrdiff_t bytes)
{
  char *p = gm_alloc(ctx, bytes + 1, 1);
  if (p && bytes) memcpy(p, text, (size_t)bytes);
  return p;
}

char *gm_strdup(gm_ctx *ctx, const char *text)
{
  return gm_strndup(ctx, text, (ptrdiff_t)strlen(text));
}

void gm_free(void *p)
{
  if (!p) return;
  block_head *b = (block_head *)p - 1;
  gm_allocator a = b->h.allocator;
  a.free(a.user, b);
}

bool gm_watch_stop(const gm_watch *w) { return w && w->stop && w->stop(w->user); }

void gm_watch_progress(const gm_watch *w, const char *what, double fraction)
{
  if (w && w->progress) w->progress(w->user, what, fraction);
}
