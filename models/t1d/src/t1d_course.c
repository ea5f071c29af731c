/* t1d_course.c - meals, boluses and basal rates become edges. */
#include "t1d_course.h"
#include <math.h>
#include <string.h>

typedef enum { MEAL, BOLUS, BASAL } item_kind;

typedef struct {
  double t_min, value; /* mg; pmol/kg; pmol/kg/min */
  item_kind kind;
} item;

struct t1d_course {
  item *item; /* sorted by time */
  gm_edge *edge;
  int32_t item_count, item_room, next; /* next: the first item not met yet */
  int32_t edge_count, edge_room;
  int32_t bite_port, rest_port, insulin_port;
  double now_min, pmol_kg_per_u;
  double basal;                /* pmol/kg/min, its own part of the rate */
  double plate_mg, bite_until; /* not eaten yet; end of the present bite */
  bool eating;
};

static const double bite_mg = 5000, minute = 1;

gm_status t1d_course_new(gm_ctx *ctx, const gm_model *model, double bw_kg, double t_min,
                         t1d_course **out)
{
  if (!(bw_kg > 0) || !isfinite(bw_kg) || !isfinite(t_min))
    return gm_fail(ctx, GM_EDOMAIN, "course: weight %g kg from %g min", bw_kg, t_min);
  const int32_t bite = gm_model_find(model, GM_TABLE_INPUT, "bite"),
                rest = gm_model_find(model, GM_TABLE_INPUT, "rest"),
                insulin = gm_model_find(model, GM_TABLE_INPUT, "Isc1");
  if (bite < 0 || rest < 0 || insulin < 0)
    return gm_fail(ctx, GM_EINVAL, "course: a model without the ports bite, rest and Isc1");
  t1d_course *c = gm_alloc(ctx, 1, sizeof *c);
  if (!c) return gm_fail(ctx, GM_ENOMEM, "course");
  *c = (t1d_course){.bite_port = bite,
                    .rest_port = rest,
                    .insulin_port = insulin,
                    .now_min = t_min,
                    .pmol_kg_per_u = 6000 / bw_kg}; /* 1 unit of insulin: 6000 pmol */
  *out = c;
  return GM_OK;
}

void t1d_course_free(t1d_course *c)
{
  if (!c) return;
  gm_free(c->item);
  gm_free(c->edge);
  gm_free(c);
}

/* The first item that still counts: boluses run for a minute, and their end is not read before it.
 */
static int32_t unspent(const t1d_course *c)
{
  int32_t first = c->next;
  while (first > 0 && c->item[first - 1].t_min + minute >= c->now_min) first--;
  return first;
}

gm_status t1d_course_copy(const t1d_course *c, gm_ctx *ctx, t1d_course **out)
{
  const int32_t first = unspent(c), count = c->item_count - first;
  t1d_course *n = gm_alloc(ctx, 1, sizeof *n);
  item *all = gm_alloc(ctx, count + 1, sizeof *all);
  if (!n || !all) {
    gm_free(n);
    gm_free(all);
    return gm_fail(ctx, GM_ENOMEM, "course");
  }
  *n = *c;
  n->edge = NULL;
  n->edge_count = n->edge_room = 0;
  n->item = all;
  n->item_room = count + 1;
  n->item_count = count;
  n->next = c->next - first;
  if (count) memcpy(all, c->item + first, (size_t)count * sizeof *all);
  *out = n;
  return GM_OK;
}

void t1d_course_clear(t1d_course *c, bool meals, bool boluses)
{
  int32_t kept = 0, next = 0;
  for (int32_t i = 0; i < c->item_count; i++) {
    const item *a = &c->item[i];
    if ((a->kind == MEAL && meals) || (a->kind == BOLUS && boluses)) continue;
    next += i < c->next;
    c->item[kept++] = *a;
  }
  c->item_count = kept;
  c->next = next;
  if (!meals) return;
  c->plate_mg = 0;
  c->eating = false;
}

double t1d_course_basal_last(const t1d_course *c)
{
  double rate = c->basal;
  for (int32_t i = c->next; i < c->item_count; i++)
    if (c->item[i].kind == BASAL) rate = c->item[i].value;
  return 60 * rate / c->pmol_kg_per_u;
}

/* What decides the future: numbers, then the items. */
typedef struct {
  double now_min, basal, plate_mg, bite_until;
  int32_t count, next, eating, spare;
} course_head;

void t1d_course_save(const t1d_course *c, gm_text *out)
{
  const int32_t first = unspent(c);
  const course_head h = {
      c->now_min, c->basal, c->plate_mg, c->bite_until, c->item_count - first, c->next - first,
      c->eating,  0};
  gm_text_addn(out, (const char *)&h, sizeof h);
  for (int32_t i = first; i < c->item_count; i++) {
    const double v[3] = {c->item[i].t_min, c->item[i].value, c->item[i].kind};
    gm_text_addn(out, (const char *)v, sizeof v);
  }
}

gm_status t1d_course_load(t1d_course *c, gm_ctx *ctx, const void *data, size_t bytes)
{
  const char *at = data;
  course_head h;
  if (bytes >= sizeof h) memcpy(&h, at, sizeof h);
  if (bytes < sizeof h || h.count < 0 || h.next < 0 || h.next > h.count ||
      bytes != sizeof h + (size_t)h.count * 3 * sizeof(double))
    return gm_fail(ctx, GM_EPARSE, "a saved course is cut short or damaged");
  item *all = gm_alloc(ctx, h.count + 1, sizeof *all);
  if (!all) return gm_fail(ctx, GM_ENOMEM, "course");
  for (int32_t i = 0; i < h.count; i++) {
    double v[3];
    memcpy(v, at + sizeof h + (size_t)i * sizeof v, sizeof v);
    all[i] = (item){v[0], v[1], (item_kind)v[2]};
  }
  gm_free(c->item);
  c->item = all;
  c->item_count = h.count;
  c->item_room = h.count + 1;
  c->next = h.next;
  c->now_min = h.now_min;
  c->basal = h.basal;
  c->plate_mg = h.plate_mg;
  c->bite_until = h.bite_until;
  c->eating = h.eating != 0;
  return GM_OK;
}

/* ---- writing --------------------------------------------------------------------------------- */
static gm_status add(t1d_course *c, gm_ctx *ctx, double t_min, double given, double value,
                     item_kind kind, const char *what)
{
  if (!isfinite(t_min) || !isfinite(given) || given < 0)
    return gm_fail(ctx, GM_EDOMAIN, "course: %s of %g at %g min", what, given, t_min);
  if (t_min < c->now_min)
    return gm_fail(ctx, GM_EDOMAIN, "course: %s at %g min, expected at or after %g", what, t_min,
                   c->now_min);
  const int32_t first = unspent(c);
  if (first > c->item_room / 2) { /* what is spent makes room */
    memmove(c->item, c->item + first, (size_t)(c->item_count - first) * sizeof *c->item);
    c->item_count -= first;
    c->next -= first;
  }
  if (c->item_count == c->item_room) {
    int32_t room = c->item_room ? 2 * c->item_room : 32;
    gm_status s = gm_grow(ctx, &c->item, c->item_room, room, sizeof *c->item);
    if (s) return s;
    c->item_room = room;
  }
  int32_t at = c->item_count++;
  for (; at > c->next && c->item[at - 1].t_min > t_min; at--) c->item[at] = c->item[at - 1];
  c->item[at] = (item){t_min, value, kind};
  return GM_OK;
}

gm_status t1d_course_meal(t1d_course *c, gm_ctx *ctx, double t_min, double carbs_g)
{
  return add(c, ctx, t_min, carbs_g, 1000 * carbs_g, MEAL, "a meal (g)");
}

gm_status t1d_course_bolus(t1d_course *c, gm_ctx *ctx, double t_min, double dose_u)
{
  return add(c, ctx, t_min, dose_u, dose_u * c->pmol_kg_per_u, BOLUS, "a bolus (U)");
}

/* Basal rates that were told before for t_min and later; item `added` stays. */
static void basal_supersede(t1d_course *c, double t_min, int32_t added)
{
  int32_t kept = c->next;
  for (int32_t i = c->next; i < c->item_count; i++)
    if (c->item[i].kind != BASAL || c->item[i].t_min < t_min || i == added)
      c->item[kept++] = c->item[i];
  c->item_count = kept;
}

gm_status t1d_course_basal(t1d_course *c, gm_ctx *ctx, double t_min, double rate_u_per_h)
{
  gm_status s = add(c, ctx, t_min, rate_u_per_h, rate_u_per_h * c->pmol_kg_per_u / 60, BASAL,
                    "a basal rate (U/h)");
  if (s) return s;
  int32_t added = c->item_count - 1; /* the last of that time */
  while (c->item[added].t_min > t_min || c->item[added].kind != BASAL) added--;
  basal_supersede(c, t_min, added);
  return GM_OK;
}

/* ---- reading --------------------------------------------------------------------------------- */
static gm_status edge_add(t1d_course *c, gm_ctx *ctx, gm_edge e)
{
  if (c->edge_count == c->edge_room) {
    int32_t room = c->edge_room ? 2 * c->edge_room : 64;
    gm_status s = gm_grow(ctx, &c->edge, c->edge_room, room, sizeof *c->edge);
    if (s) return s;
    c->edge_room = room;
  }
  c->edge[c->edge_count++] = e;
  return GM_OK;
}

/* Of the boluses that run at t: the sum of their rates, and when the first of them ends. */
static double boluses_at(const t1d_course *c, double t_min, double *end_min)
{
  double rate = 0;
  *end_min = INFINITY;
  for (int32_t i = c->next - 1; i >= 0 && c->item[i].t_min + minute > t_min; i--)
    if (c->item[i].kind == BOLUS) {
      rate += c->item[i].value / minute;
      *end_min = c->item[i].t_min + minute;
    }
  return rate;
}

/* The next bite, or the end of the meal. D of the model is what the stomach holds and `rest`. */
static gm_status bite(t1d_course *c, gm_ctx *ctx, double t)
{
  const bool first = !c->eating;
  const double mg = fmin(c->plate_mg, bite_mg);
  gm_status s = GM_OK;
  if (mg > 0)
    s = edge_add(c, ctx, (gm_edge){t, mg, c->rest_port, first ? GM_EDGE_REPLACE : GM_EDGE_BOLUS});
  if (!s) s = edge_add(c, ctx, (gm_edge){t, mg / minute, c->bite_port, GM_EDGE_REPLACE});
  c->plate_mg -= mg;
  c->bite_until = t + minute;
  c->eating = mg > 0;
  return s;
}

/* Everything that happens at t. */
static gm_status moment(t1d_course *c, gm_ctx *ctx, double t, double *insulin)
{
  for (; c->next < c->item_count && c->item[c->next].t_min <= t; c->next++) {
    const item *i = &c->item[c->next];
    if (i->kind == MEAL) c->plate_mg += i->value;
    if (i->kind == BASAL) c->basal = i->value;
  }
  gm_status s = GM_OK;
  if (c->eating ? c->bite_until <= t : c->plate_mg > 0) s = bite(c, ctx, t);
  double end, rate = c->basal + boluses_at(c, t, &end);
  if (!s && rate != *insulin)
    s = edge_add(c, ctx, (gm_edge){t, rate, c->insulin_port, GM_EDGE_RATE});
  *insulin = rate;
  return s;
}

static double next_moment(const t1d_course *c, double now)
{
  double t;
  (void)boluses_at(c, now, &t);
  if (c->eating) t = fmin(t, c->bite_until);
  if (c->next < c->item_count) t = fmin(t, c->item[c->next].t_min);
  return t;
}

gm_status t1d_course_read(t1d_course *c, gm_ctx *ctx, double t1_min, gm_drive *out)
{
  if (!(t1_min >= c->now_min))
    return gm_fail(ctx, GM_EDOMAIN, "course: read to %g min, expected at or after %g", t1_min,
                   c->now_min);
  gm_status s = GM_OK;
  double end, last = nextafter(c->now_min, -INFINITY);
  double insulin = c->basal + boluses_at(c, last, &end);
  c->edge_count = 0;
  for (double t = next_moment(c, last); t < t1_min && !s; t = next_moment(c, t))
    s = moment(c, ctx, t, &insulin);
  if (s) return s;
  c->now_min = t1_min;
  *out = (gm_drive){c->edge, c->edge_count};
  return GM_OK;
}
