/* build_formula.c - expressions of a queue model. Numbers and single names, which most are, are
 * kept as such; of the others only the names in them are handed over. */
#include "kinds/queue/machine.h"
#include <math.h>
#include <stdio.h>
#include <string.h>

static const char *scope_text(queue_scope scope)
{
  switch (scope) {
  case QUEUE_OF_FIXED: return "parameters and schedules";
  case QUEUE_OF_COUNTS: return "parameters, schedules and counts (time enters by schedules)";
  case QUEUE_OF_TIME: return "parameters, schedules, counts and t";
  case QUEUE_OF_CUSTOMER: break;
  }
  return "all names";
}

/* The names of a scope are the first so many of the values. */
static int32_t scope_count(const queue_machine *m, queue_scope scope)
{
  switch (scope) {
  case QUEUE_OF_FIXED: return m->at_count;
  case QUEUE_OF_COUNTS: return m->at_time;
  case QUEUE_OF_TIME: return m->at_time + 1;
  case QUEUE_OF_CUSTOMER: break;
  }
  return m->value_count;
}

/* A name that the model has, but this expression may not use, gets a message that says so. */
static gm_status refuse(gm_ctx *ctx, const queue_machine *m, const char *const *names,
                        queue_scope scope, const char *text, const char *where, gm_status s)
{
  gm_expr *e = NULL;
  if (s != GM_EPARSE || scope == QUEUE_OF_CUSTOMER) return s;
  char message[600];
  snprintf(message, sizeof message, "%s", gm_message(ctx));
  if (gm_expr_new(ctx, text, names, NULL, m->value_count, where, &e))
    return gm_fail(ctx, s, "%s", message);
  for (int32_t i = scope_count(m, scope); i < m->value_count; i++)
    if (gm_expr_depends(e, i)) {
      gm_expr_free(e);
      return gm_fail(ctx, GM_EUNSUPPORTED, "%s: %s cannot be used here; known are %s", where,
                     names[i], scope_text(scope));
    }
  gm_expr_free(e);
  return gm_fail(ctx, s, "%s", message);
}

/* Compiles once more with the names used alone, so that a value costs what it says. */
static gm_status narrow(gm_ctx *ctx, const char *const *names, const gm_expr *all, int32_t count,
                        const char *text, const char *where, queue_formula *f)
{
  const char *used[QUEUE_USED_MAX];
  int32_t n = 0;
  f->use = gm_alloc(ctx, QUEUE_USED_MAX, sizeof *f->use);
  if (!f->use) return gm_fail(ctx, GM_ENOMEM, "%s", where);
  for (int32_t i = 0; i < count; i++) {
    if (!gm_expr_depends(all, i)) continue;
    if (n == QUEUE_USED_MAX)
      return gm_fail(ctx, GM_ERANGE, "%s: more than %d names in an expression", where,
                     QUEUE_USED_MAX);
    f->use[n] = i;
    used[n++] = names[i];
  }
  f->use_count = n;
  gm_status s = gm_expr_new(ctx, text, used, NULL, n, where, &f->expr);
  if (s != GM_EPARSE) return s;
  /* a name that cancels out (0*x): keep it as it was written */
  f->use_count = count <= QUEUE_USED_MAX ? count : 0;
  if (!f->use_count)
    return gm_fail(ctx, GM_EUNSUPPORTED, "%s: a name in it cancels out; leave it out", where);
  for (int32_t i = 0; i < count; i++) f->use[i] = i;
  return gm_expr_new(ctx, text, names, NULL, count, where, &f->expr);
}

gm_status gm__queue_formula(gm_ctx *ctx, const queue_machine *m, const char *const *names,
                            queue_scope scope, const char *text, const char *where,
                            queue_formula *f)
{
  gm_expr *all = NULL;
  int32_t count = scope_count(m, scope);
  *f = (queue_formula){.kind = QUEUE_CONSTANT};
  if (!text || !*text) return gm_fail(ctx, GM_EINVAL, "%s: an expression was expected", where);
  for (int32_t i = 0; i < count; i++)
    if (!strcmp(text, names[i])) {
      f->kind = QUEUE_NAME;
      f->use = gm_alloc(ctx, 1, sizeof *f->use);
      if (!f->use) return gm_fail(ctx, GM_ENOMEM, "%s", where);
      f->use[0] = i;
      f->use_count = 1;
      return GM_OK;
    }
  gm_status s = gm_expr_new(ctx, text, names, NULL, count, where, &all);
  if (s) return refuse(ctx, m, names, scope, text, where, s);
  bool constant = true;
  for (int32_t i = 0; i < count; i++) constant = constant && !gm_expr_depends(all, i);
  if (constant) {
    double *zero = gm_alloc(ctx, count, sizeof *zero);
    if (zero) f->value = gm_expr_eval(all, zero);
    s = !zero             ? gm_fail(ctx, GM_ENOMEM, "%s", where)
        : isnan(f->value) ? gm_fail(ctx, GM_EDOMAIN, "%s: \"%.80s\" is no number", where, text)
                          : GM_OK;
    gm_free(zero);
  } else {
    f->kind = QUEUE_COMPILED;
    s = narrow(ctx, names, all, count, text, where, f);
  }
  gm_expr_free(all);
  return s;
}

void gm__queue_formula_free(queue_formula *f)
{
  gm_free(f->use);
  gm_expr_free(f->expr);
}

double gm__queue_eval(const queue_formula *f, const double *values)
{
  double used[QUEUE_USED_MAX];
  if (f->kind == QUEUE_CONSTANT) return f->value;
  if (f->kind == QUEUE_NAME) return values[f->use[0]];
  for (int32_t i = 0; i < f->use_count; i++) used[i] = values[f->use[i]];
  return gm_expr_eval(f->expr, used);
}
