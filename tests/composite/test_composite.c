/* The kind `composite`: against exact solutions, against children alone, and what is refused.
 */
#include "gemel/composite.h"
#include "gemel/equations.h"
#include "gemel/jump.h"
#include "gemel/network.h"
#include "support/crowd.h"

static const char decay[] = "model decay\n a = 0.8\n x = 1\n x' = -a*x\nend\n";
static const char jumps[] = "model jumps\n species X; X = 30; k = 5; m = 0.2\n"
                            " birth: => X; k\n death: X => ; m*X\nend\n";
static const char mirror[] = "model mirror\n q = 1\n z = 0\n z' = 0\n now := q + z\nend\n";

static gm_model *equations(gm_ctx *ctx, const char *text)
{
  gm_model *m = NULL;
  gm_eq_config config = {.text = text};
  if (gm_model_new(ctx, &gm_equations, &config, &m)) fail_msg("%s", gm_message(ctx));
  return m;
}

static gm_model *composite(gm_ctx *ctx, const gm_composite_config *config)
{
  gm_model *m = NULL;
  if (gm_model_new(ctx, &gm_composite, config, &m)) fail_msg("%s", gm_message(ctx));
  return m;
}

static gm_ctx *context(void)
{
  gm_ctx *ctx;
  assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
  return ctx;
}

/* ---- against exact solutions ----------------------------------------------------------------- */
/* x' = -a x + g y, y' = -b y + f x, joined at steps of h: x at time 2. */
static double coupled(double h, gm_exchange exchange)
{
  gm_ctx *ctx = context();
  crowd c;
  double t[] = {2};
  gm_composite_child child[] = {{.name = "p", .model = equations(ctx, decay)},
                                {.name = "q", .model = equations(ctx, decay)}};
  const gm_composite_link link[] = {{.to = "p.x", .kind = GM_LINK_RATE, .from = "q.x", .gain = 0.5},
                                    {.to = "q.x",
                                     .kind = GM_LINK_RATE,
                                     .expression = "0.9*level",
                                     .term = &(gm_link_term){"level", "p.x"},
                                     .term_count = 1}};
  gm_composite_config config = {.child = child,
                                .child_count = 2,
                                .link = link,
                                .link_count = 2,
                                .exchange = exchange,
                                .step = h};
  crowd_of(&c, ctx, composite(ctx, &config), 1);
  crowd_parameter(&c, "q.a", 0.3);
  crowd_init(&c);
  crowd_go(&c, 0, 2, t, 1, NULL, 0);
  double x = crowd_y(&c, 0, 0, "p.x");
  crowd_close(&c);
  return x;
}

/* Two linear systems that feed each other come to the exact solution of the joined system with an
 * error that halves with the step. */
static void composite__is_of_first_order(void **state)
{
  (void)state;
  /* eigenvalues of [[-0.8, 0.5], [0.9, -0.3]] */
  double mean = -0.55, root = sqrt(0.25 * 0.25 + 0.45), u = exp((mean + root) * 2),
         v = exp((mean - root) * 2);
  double exact = ((u + v) + ((-0.8 - mean + 0.5) / root) * (u - v)) / 2; /* x0 = y0 = 1 */
  for (int k = 0; k < 2; k++) {
    double e1 = fabs(coupled(0.1, k) - exact), e2 = fabs(coupled(0.05, k) - exact),
           e4 = fabs(coupled(0.025, k) - exact);
    print_message("errors %.3g %.3g %.3g\n", e1, e2, e4);
    assert_true(e1 / e2 > 1.85 && e1 / e2 < 2.15);
    assert_true(e2 / e4 > 1.9 && e2 / e4 < 2.1);
    assert_true(e4 < 0.02);
  }
}

static gm_model *jump_and_decay(gm_ctx *ctx)
{
  gm_jump_config jump = {.equations.text = jumps};
  gm_composite_child child[] = {{.name = "cells"},
                                {.name = "drug", .model = equations(ctx, decay)}};
  const gm_composite_link link[] = {{.to = "drug.x", .kind = GM_LINK_RATE, .from = "cells.X"}};
  gm_composite_config config = {
      .child = child, .child_count = 2, .link = link, .link_count = 1, .step = 0.5, .origin = 0.25};
  assert_int_equal(gm_model_new(ctx, &gm_jump, &jump, &child[0].model), GM_OK);
  return composite(ctx, &config);
}

/* Jumps drive an equation: between grid points it is that of a constant input, the count at the
 * grid point before; a bolus inside a step acts at its very time, a rate from outside is added. */
static void composite__holds_links_and_lets_edges_through(void **state)
{
  (void)state;
  enum { STEPS = 8, MEMBERS = 5 };
  gm_ctx *ctx = context();
  crowd c;
  double t[2 * STEPS + 1] = {0}, a = 0.8;
  for (int i = 0; i < 2 * STEPS; i++) t[i + 1] = 0.25 * (i + 1); /* grid points and middles */
  crowd_of(&c, ctx, jump_and_decay(ctx), MEMBERS);
  int32_t port = crowd_row(&c, GM_TABLE_INPUT, "drug.x");
  gm_edge edge[] = {{.t = 1.1, .value = 10, .port = port, .kind = GM_EDGE_BOLUS},
                    {.t = 2.3, .value = 3, .port = port, .kind = GM_EDGE_RATE}};
  crowd_init(&c);
  crowd_go(&c, 0, t[2 * STEPS], t, 2 * STEPS + 1, edge, 2);
  crowd_all_well(&c);
  for (int32_t k = 0; k < MEMBERS; k++) {
    double x = 1, held = 30;
    for (int i = 1; i <= 2 * STEPS; i++) {
      /* links are worked out at 0 (the start) and at 0.25 + k/2 */
      if (i - 1 == 0 || (i - 1) % 2 == 1) held = crowd_y(&c, k, i - 1, "cells.X");
      double from = t[i - 1], to = t[i];
      double rate = held + (from >= 2.3 ? 3 : 0);
      double want = x * exp(-a * (to - from)) + rate / a * -expm1(-a * (to - from));
      if (from < 1.1 && 1.1 <= to) want += 10 * exp(-a * (to - 1.1));
      if (from < 2.3 && 2.3 < to) want += 3 / a * -expm1(-a * (to - 2.3));
      x = crowd_y(&c, k, i, "drug.x");
      if (fabs(x - want) > 1e-6 * want)
        fail_msg("member %d, time %g: %.9g, %.9g", (int)k, to, x, want);
    }
  }
  crowd_close(&c);
}

/* A child's random numbers are those of its own name: beside another child or not, and unlike those
 * of the same model under another name. */
static void composite__children_have_draws_of_their_own(void **state)
{
  (void)state;
  double y[3][4], t[] = {3};
  for (int k = 0; k < 3; k++) {
    gm_ctx *ctx = context();
    crowd c;
    gm_jump_config jump = {.equations.text = jumps};
    gm_model *m = NULL;
    assert_int_equal(gm_model_new(ctx, &gm_jump, &jump, &m), GM_OK);
    gm_composite_child child[] = {{.name = k < 2 ? "one" : "two", .model = m},
                                  {.name = "other", .model = m}};
    gm_composite_config config = {.child = child, .child_count = k == 1 ? 2 : 1, .step = 1 + k};
    crowd_of(&c, ctx, composite(ctx, &config), 4);
    crowd_init(&c);
    crowd_go(&c, 0, 3, t, 1, NULL, 0);
    for (int i = 0; i < 4; i++) y[k][i] = crowd_y(&c, i, 0, k < 2 ? "one.X" : "two.X");
    if (k == 1)
      assert_true(crowd_y(&c, 0, 0, "other.X") != y[1][0] ||
                  crowd_y(&c, 1, 0, "other.X") != y[1][1]);
    crowd_close(&c);
  }
  assert_memory_equal(y[0], y[1], sizeof y[0]);
  assert_true(memcmp(y[0], y[2], sizeof y[0]) != 0);
}

/* Children in a row that pass a parameter on: all at once each is a step behind the one before it;
 * one after another the last knows the first within the same grid point. */
static void composite__schemes_differ_by_a_step_of_passing(void **state)
{
  (void)state;
  for (int k = 0; k < 2; k++) {
    gm_ctx *ctx = context();
    crowd c;
    double t[] = {0.5, 1.5, 2.5};
    gm_composite_child child[] = {{.name = "a", .model = equations(ctx, mirror)},
                                  {.name = "b", .model = equations(ctx, mirror)},
                                  {.name = "c", .model = equations(ctx, mirror)}};
    const gm_composite_link link[] = {
        {.to = "b.q", .kind = GM_LINK_PARAMETER, .from = "a.now", .offset = 10},
        {.to = "c.z", .kind = GM_LINK_REPLACE, .from = "b.now", .gain = 2}};
    gm_composite_config config = {
        .child = child, .child_count = 3, .link = link, .link_count = 2, .exchange = k, .step = 1};
    crowd_of(&c, ctx, composite(ctx, &config), 1);
    assert_int_equal(gm_model_find(c.m, GM_TABLE_PARAMETER, "b.q"), -1);
    gm_edge edge[] = {{.t = 0.7, .value = 5, .kind = GM_EDGE_PARAMETER}}; /* a.q, from 1 to 5 */
    crowd_init(&c);
    crowd_go(&c, 0, 2.5, t, 3, edge, 1);
    assert_true(crowd_y(&c, 0, 0, "b.now") == 11);
    assert_true(crowd_y(&c, 0, 1, "b.now") == 15);
    /* c = 1 + 2 b; at time 1, b still is 11 when all read at once */
    assert_true(crowd_y(&c, 0, 0, "c.now") == 1 + 2 * 11);
    assert_true(crowd_y(&c, 0, 1, "c.now") == 1 + 2 * (k ? 15 : 11));
    assert_true(crowd_y(&c, 0, 2, "c.now") == 1 + 2 * 15);
    crowd_close(&c);
  }
}

/* A reset in the middle of a step begins children anew and works links out there. */
static void composite__reset_works_links_out(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  crowd c;
  double t[] = {1.5};
  gm_composite_child child[] = {{.name = "p", .model = equations(ctx, decay)},
                                {.name = "q", .model = equations(ctx, decay)}};
  const gm_composite_link link[] = {{.to = "q.x", .kind = GM_LINK_RATE, .from = "p.x", .gain = 2}};
  gm_composite_config config = {
      .child = child, .child_count = 2, .link = link, .link_count = 1, .step = 1};
  crowd_of(&c, ctx, composite(ctx, &config), 1);
  gm_edge edge[] = {{.t = 0.6, .kind = GM_EDGE_RESET}};
  crowd_init(&c);
  crowd_go(&c, 0, 1.5, t, 1, edge, 1);
  double e4 = exp(-0.8 * 0.4), e5 = exp(-0.8 * 0.5), q = e4 + 2 / 0.8 * (1 - e4);
  q = q * e5 + 2 * e4 / 0.8 * (1 - e5);
  assert_true(fabs(crowd_y(&c, 0, 0, "q.x") - q) < 1e-7);
  crowd_close(&c);
}

/* Parameters of the same full name are one. */
static void composite__parameters_may_be_shared(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  crowd c;
  double t[] = {1};
  gm_composite_child child[] = {{.name = "p", .model = equations(ctx, decay), .prefix = ""},
                                {.name = "q", .model = equations(ctx, decay), .prefix = ""}};
  gm_composite_config config = {.child = child, .child_count = 2, .step = 0.3};
  crowd_of(&c, ctx, composite(ctx, &config), 1);
  assert_int_equal(c.info.parameter_count, 1);
  crowd_parameter(&c, "a", 2);
  crowd_init(&c);
  crowd_go(&c, 0, 1, t, 1, NULL, 0);
  assert_true(fabs(crowd_y(&c, 0, 0, "p.x") - exp(-2)) < 1e-8);
  assert_true(fabs(crowd_y(&c, 0, 0, "q.x") - exp(-2)) < 1e-8);
  crowd_close(&c);
}

/* ---- children with objects ------------------------------------------------------------------- */
/* A flat model in the dress of one with objects: its rows in a block of their own. */
typedef struct {
  gm_model base;
  gm_model *flat;
  gm_model_info info;
} dressed;
typedef struct {
  gm_work base;
  gm_work *flat;
} dressed_work;

static const gm_model *flat_of(const gm_model *m) { return ((const dressed *)m)->flat; }
static void d_destroy(gm_model *m)
{
  gm_model_free(((dressed *)m)->flat);
  gm_free(m);
}
static void d_info(const gm_model *m, gm_model_info *out)
{
  gm_model_get_info(flat_of(m), out);
  out->flags |= GM_MODEL_OBJECT;
  out->state_count = gm_model_macro_count(flat_of(m));
}
static const gm_var *d_table(const gm_model *m, gm_table which, int32_t *count)
{
  const gm_var *v = gm_model_table(flat_of(m), which, count);
  if (which == GM_TABLE_STATE) *count = gm_model_macro_count(flat_of(m));
  return v;
}
static gm_status d_work_new(const gm_model *m, gm_ctx *ctx, gm_work **out)
{
  dressed_work *w = gm_alloc(ctx, 1, sizeof *w);
  if (!w) return GM_ENOMEM;
  w->base.model = m;
  gm_status s = flat_of(m)->type->work_new(flat_of(m), ctx, &w->flat);
  if (s)
    gm_free(w);
  else
    *out = &w->base;
  return s;
}
static void d_work_free(gm_work *w)
{
  ((dressed_work *)w)->flat->model->type->work_free(((dressed_work *)w)->flat);
  gm_free(w);
}
static gm_batch d_one(const gm_model *m, const gm_batch *b, int32_t i, gm_key *key, uint64_t *slot)
{
  gm_batch one = *b;
  *key = b->key ? b->key[i] : (gm_key){{0}};
  *slot = b->slot ? b->slot[i] : b->slot0 + (uint64_t)i;
  one.n = 1;
  one.x = b->obj[i];
  one.obj = NULL;
  one.sx = 1;
  one.sm = ((const dressed *)m)->info.state_count;
  one.theta = b->theta ? b->theta + i * b->psm : NULL;
  one.key = key;
  one.slot = slot;
  one.status = b->status ? b->status + i : NULL;
  return one;
}
static void d_init(const gm_model *m, gm_work *w, const gm_batch *b, double t0)
{
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key;
    uint64_t slot;
    gm_batch one = d_one(m, b, i, &key, &slot);
    flat_of(m)->type->init(flat_of(m), ((dressed_work *)w)->flat, &one, t0);
  }
}
static void d_advance(const gm_model *m, gm_work *w, const gm_batch *b, const gm_span *span,
                      gm_arena *arena)
{
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key;
    uint64_t slot;
    gm_batch one = d_one(m, b, i, &key, &slot);
    flat_of(m)->type->advance(flat_of(m), ((dressed_work *)w)->flat, &one, &span[i], arena);
  }
}
static void d_observe(const gm_model *m, gm_work *w, const gm_batch *b, double t, double *y,
                      gm_arena *arena)
{
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key;
    uint64_t slot;
    gm_batch one = d_one(m, b, i, &key, &slot);
    flat_of(m)->type->observe(flat_of(m), ((dressed_work *)w)->flat, &one, t,
                              y + (ptrdiff_t)i * ((const dressed *)m)->info.output_count, arena);
  }
}
static int32_t d_count(const gm_model *m) { return gm_model_macro_count(flat_of(m)); }
static void d_get(const gm_model *m, const gm_batch *b, double *macro)
{
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key;
    uint64_t slot;
    gm_batch one = d_one(m, b, i, &key, &slot);
    gm_model_get(flat_of(m), &one, macro + (ptrdiff_t)i * d_count(m));
  }
}
static void d_set(const gm_model *m, const gm_batch *b, const double *macro)
{
  for (int32_t i = 0; i < b->n; i++) {
    gm_key key;
    uint64_t slot;
    gm_batch one = d_one(m, b, i, &key, &slot);
    gm_model_set(flat_of(m), &one, macro + (ptrdiff_t)i * d_count(m));
  }
}
static size_t d_bytes(const gm_model *m)
{
  return (size_t)((const dressed *)m)->info.state_count * sizeof(double);
}
static gm_status d_obj_new(const gm_model *m, gm_ctx *ctx, void **out)
{
  *out = gm_alloc(ctx, 1, d_bytes(m));
  return *out ? GM_OK : GM_ENOMEM;
}
static void d_obj_free(const gm_model *m, void *obj)
{
  (void)m;
  gm_free(obj);
}
static gm_status d_obj_load(const gm_model *m, gm_ctx *ctx, const void *data, size_t bytes,
                            void **out)
{
  if (bytes != d_bytes(m)) return gm_fail(ctx, GM_EPARSE, "bytes");
  gm_status s = d_obj_new(m, ctx, out);
  if (!s) memcpy(*out, data, bytes);
  return s;
}
static gm_status d_obj_copy(const gm_model *m, gm_ctx *ctx, const void *from, void **out)
{
  return d_obj_load(m, ctx, from, d_bytes(m), out);
}
static gm_status d_obj_save(const gm_model *m, const void *obj, gm_text *out)
{
  gm_text_addn(out, obj, d_bytes(m));
  return out->status;
}
static const gm_model_type dressed_type = {.struct_size = sizeof(gm_model_type),
                                           .abi = GM_MODEL_ABI,
                                           .name = "dressed",
                                           .destroy = d_destroy,
                                           .info = d_info,
                                           .table = d_table,
                                           .work_new = d_work_new,
                                           .work_free = d_work_free,
                                           .init = d_init,
                                           .advance = d_advance,
                                           .observe = d_observe,
                                           .obj_new = d_obj_new,
                                           .obj_free = d_obj_free,
                                           .obj_copy = d_obj_copy,
                                           .obj_save = d_obj_save,
                                           .obj_load = d_obj_load,
                                           .macro_count = d_count,
                                           .get = d_get,
                                           .set = d_set};

static gm_model *dress(gm_ctx *ctx, gm_model *flat)
{
  dressed *d = gm_alloc(ctx, 1, sizeof *d);
  d->base = (gm_model){&dressed_type, ctx};
  d->flat = flat;
  gm_model_get_info(flat, &d->info);
  return &d->base;
}

/* Jumps (dressed or not) that drive an equation and hear from it. */
static gm_model *feedback(gm_ctx *ctx, bool dress_it)
{
  gm_jump_config jump = {.equations.text = jumps};
  gm_model *m = NULL;
  assert_int_equal(gm_model_new(ctx, &gm_jump, &jump, &m), GM_OK);
  gm_composite_child child[] = {{.name = "cells", .model = dress_it ? dress(ctx, m) : m},
                                {.name = "drug", .model = equations(ctx, decay)}};
  const gm_composite_link link[] = {
      {.to = "drug.x", .kind = GM_LINK_RATE, .from = "cells.X", .gain = 0.1},
      {.to = "cells.k", .kind = GM_LINK_PARAMETER, .from = "drug.x", .offset = 3}};
  gm_composite_config config = {
      .child = child, .child_count = 2, .link = link, .link_count = 2, .step = 0.4};
  return composite(ctx, &config);
}

enum { OBJECTS = 3, ROWS = 16 };

typedef struct {
  crowd c;
  void *obj[OBJECTS];
} objects;

static void objects_open(objects *o)
{
  gm_ctx *ctx = context();
  crowd_of(&o->c, ctx, feedback(ctx, true), OBJECTS);
  for (int i = 0; i < OBJECTS; i++)
    assert_int_equal(o->c.m->type->obj_new(o->c.m, ctx, &o->obj[i]), GM_OK);
  o->c.b.obj = o->obj;
  o->c.b.x = NULL;
}

static void objects_close(objects *o)
{
  for (int i = 0; i < OBJECTS; i++) o->c.m->type->obj_free(o->c.m, o->obj[i]);
  crowd_close(&o->c);
}

/* A composite with objects runs as the same composite without; saved, loaded and copied members go
 * on with the same bytes, independent of the first; damage is refused. */
static void composite__objects_are_as_flat_ones(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  crowd flat;
  objects o;
  double t[] = {0.5, 2, 5}, late[] = {7};
  crowd_of(&flat, ctx, feedback(ctx, false), OBJECTS);
  objects_open(&o);
  assert_true(o.c.info.flags & GM_MODEL_OBJECT);
  crowd_init(&flat);
  crowd_init(&o.c);
  crowd_go(&flat, 0, 5, t, 3, NULL, 0);
  crowd_go(&o.c, 0, 5, t, 3, NULL, 0);
  size_t bytes = OBJECTS * 3 * (size_t)flat.info.output_count * sizeof(double);
  assert_memory_equal(flat.y, o.c.y, bytes);
  void *copy[OBJECTS], *kept[OBJECTS];
  for (int i = 0; i < OBJECTS; i++) {
    gm_text saved;
    gm_text_init(&saved, o.c.ctx);
    assert_int_equal(o.c.m->type->obj_save(o.c.m, o.obj[i], &saved), GM_OK);
    assert_int_equal(o.c.m->type->obj_load(o.c.m, o.c.ctx, saved.data, saved.bytes, &kept[i]),
                     GM_OK);
    assert_int_equal(o.c.m->type->obj_copy(o.c.m, o.c.ctx, o.obj[i], &copy[i]), GM_OK);
    void *none = NULL;
    for (size_t k = 0; k < saved.bytes; k += 3) {
      saved.data[k] ^= 4;
      assert_int_equal(o.c.m->type->obj_load(o.c.m, o.c.ctx, saved.data, saved.bytes, &none),
                       GM_EPARSE);
      saved.data[k] ^= 4;
      assert_int_equal(o.c.m->type->obj_load(o.c.m, o.c.ctx, saved.data, k, &none), GM_EPARSE);
    }
    gm_text_free(&saved);
  }
  double *y = calloc(bytes / 3, 1);
  crowd_go(&o.c, 5, 7, late, 1, NULL, 0);
  memcpy(y, o.c.y, bytes / 3);
  for (int which = 0; which < 2; which++) {
    o.c.b.obj = which ? copy : kept;
    crowd_go(&o.c, 5, 7, late, 1, NULL, 0);
    assert_memory_equal(y, o.c.y, bytes / 3);
    for (int i = 0; i < OBJECTS; i++) o.c.m->type->obj_free(o.c.m, o.c.b.obj[i]);
  }
  o.c.b.obj = o.obj;
  double macro[OBJECTS * ROWS], again[OBJECTS * ROWS];
  int32_t count = gm_model_macro_count(o.c.m);
  assert_true(count <= ROWS);
  gm_model_get(o.c.m, &o.c.b, macro);
  macro[0] = 55;
  gm_model_set(o.c.m, &o.c.b, macro);
  gm_model_get(o.c.m, &o.c.b, again);
  assert_memory_equal(macro, again, (size_t)(OBJECTS * count) * sizeof *macro);
  free(y);
  crowd_close(&flat);
  objects_close(&o);
}

/* ---- what is refused ------------------------------------------------------------------------- */
static void refuse(gm_status want, const char *words, gm_composite_config config,
                   const gm_composite_link *link)
{
  gm_ctx *ctx = context();
  gm_model *m = NULL, *own[3] = {equations(ctx, decay),
                                 equations(ctx, "model g\n"
                                                " k = 1\n d = 1\n d' = -k*d"
                                                "\nend\n"),
                                 equations(ctx, mirror)};
  gm_composite_child child[] = {{.name = "p", .model = own[0]},
                                {.name = "q", .model = own[1]},
                                {.name = "r", .model = own[2]}};
  if (!config.child) {
    config.child = child;
    config.child_count = 3;
  }
  config.link = link;
  config.link_count = link ? 1 : 0;
  gm_status s = gm_model_new(ctx, &gm_composite, &config, &m);
  if (s != want || !strstr(gm_message(ctx), words))
    fail_msg("status %s, \"%s\"; wanted %s, \"%s\"", gm_status_name(s), gm_message(ctx),
             gm_status_name(want), words);
  for (int i = 0; i < 3; i++) gm_model_free(own[i]);
  gm_ctx_free(ctx);
}

/* Every mistake in a config is refused by name, and the children stay the caller's. */
static void composite__mistakes_are_named(void **state)
{
  (void)state;
  const gm_composite_config plain = {.step = 1};
  gm_composite_link l = {.to = "p.x", .from = "nobody.x"};
  refuse(GM_ENOTFOUND, "no child \"nobody\"", plain, &l);
  l.from = "q.nothing";
  refuse(GM_ENOTFOUND, "child q has no output \"nothing\"", plain, &l);
  l = (gm_composite_link){.to = "p.nothing", .from = "q.d"};
  refuse(GM_ENOTFOUND, "child p has no port \"nothing\"", plain, &l);
  l = (gm_composite_link){.to = "p.b", .from = "q.d", .kind = GM_LINK_PARAMETER};
  refuse(GM_ENOTFOUND, "child p has no parameter \"b\"", plain, &l);
  l = (gm_composite_link){.to = "p", .from = "q.d"};
  refuse(GM_EINVAL, "CHILD.port", plain, &l);
  l = (gm_composite_link){.to = "p.x", .from = "q.d", .gain = NAN};
  refuse(GM_EDOMAIN, "gain", plain, &l);
  l = (gm_composite_link){.to = "p.x", .expression = "nobody + 1"};
  refuse(GM_EPARSE, "nobody", plain, &l);
  l = (gm_composite_link){.to = "p.x", .from = "q.d", .expression = "1"};
  refuse(GM_EINVAL, "expression", plain, &l);
  l = (gm_composite_link){.to = "p.x", .from = "q.d", .kind = 9};
  refuse(GM_EINVAL, "kind of link", plain, &l);
  refuse(GM_EDOMAIN, "step 0", (gm_composite_config){0}, NULL);
  refuse(GM_EDOMAIN, "origin", (gm_composite_config){.step = 1, .origin = INFINITY}, NULL);
  refuse(GM_EINVAL, "exchange", (gm_composite_config){.step = 1, .exchange = 7}, NULL);
  gm_composite_child none = {.name = "p"}, odd = {.name = "a.b"};
  refuse(GM_EINVAL, "no model", (gm_composite_config){.step = 1, .child = &none, .child_count = 1},
         NULL);
  refuse(GM_EINVAL, "cannot be a name",
         (gm_composite_config){.step = 1, .child = &odd, .child_count = 1}, NULL);
  refuse(GM_ERANGE, "0 children", (gm_composite_config){.step = 1, .child = &odd}, NULL);
}

/* Units: mg feed mg/h after conversion, length does not feed mass, and clocks must agree. */
static void composite__units_are_checked(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  gm_model *m = NULL;
  const char *const state_names[] = {"S", "I"};
  gm_network_config network = {.node_count = 1, .state = state_names, .state_count = 2};
  gm_network_output output = {"mass", "g", "2"};
  network.output = &output;
  network.output_count = 1;
  gm_network_parameter length = {.name = "w", .unit = "m", .value = 1},
                       mass = {.name = "w", .unit = "mg", .value = 1};
  gm_composite_child child[] = {{.name = "a"}, {.name = "b"}};
  gm_composite_link link = {.to = "b.w", .kind = GM_LINK_PARAMETER, .from = "a.mass"};
  gm_composite_config config = {
      .child = child, .child_count = 2, .link = &link, .link_count = 1, .step = 1};
  network.parameter = &length;
  network.parameter_count = 1;
  assert_int_equal(gm_model_new(ctx, &gm_network, &network, &child[0].model), GM_OK);
  child[1].model = child[0].model;
  assert_int_equal(gm_model_new(ctx, &gm_composite, &config, &m), GM_EUNIT);
  assert_non_null(strstr(gm_message(ctx), "link 1"));
  network.parameter = &mass;
  gm_network_output own = {"w_is", "mg", "w"};
  network.output = &own;
  gm_network_config first = network;
  first.output = &output;
  gm_model_free(child[0].model);
  assert_int_equal(gm_model_new(ctx, &gm_network, &first, &child[0].model), GM_OK);
  network.time_unit = "d";
  assert_int_equal(gm_model_new(ctx, &gm_network, &network, &child[1].model), GM_OK);
  crowd c;
  double t[] = {0.5};
  crowd_of(&c, ctx, composite(ctx, &config), 1);
  crowd_init(&c);
  crowd_go(&c, 0, 1, t, 1, NULL, 0);
  assert_true(crowd_y(&c, 0, 0, "b.w_is") == 2000); /* 2 g in mg */
  crowd_close(&c);
  ctx = context();
  assert_int_equal(gm_model_new(ctx, &gm_network, &network, &child[0].model), GM_OK);
  network.time_unit = "h";
  assert_int_equal(gm_model_new(ctx, &gm_network, &network, &child[1].model), GM_OK);
  config.link_count = 0;
  assert_int_equal(gm_model_new(ctx, &gm_composite, &config, &m), GM_EUNIT);
  assert_non_null(strstr(gm_message(ctx), "counts time in h"));
  gm_model_free(child[0].model);
  gm_model_free(child[1].model);
  gm_ctx_free(ctx);
}

/* A step that time cannot tell, and a link that becomes no number, end the member; the others go
 * on. */
static void composite__failure_is_the_members_own(void **state)
{
  (void)state;
  gm_ctx *ctx = context();
  crowd c;
  double t[] = {0.5, 2};
  gm_composite_child child[] = {{.name = "p", .model = equations(ctx, decay)},
                                {.name = "r", .model = equations(ctx, mirror)}};
  const gm_composite_link link[] = {{.to = "p.x",
                                     .kind = GM_LINK_RATE,
                                     .expression = "1/(v - 2)",
                                     .term = &(gm_link_term){"v", "r.now"},
                                     .term_count = 1}};
  gm_composite_config config = {
      .child = child, .child_count = 2, .link = link, .link_count = 1, .step = 1};
  crowd_of(&c, ctx, composite(ctx, &config), 2);
  c.theta[1 * c.info.parameter_count + crowd_row(&c, GM_TABLE_PARAMETER, "r.q")] = 2;
  crowd_init(&c);
  crowd_go(&c, 0, 2, t, 2, NULL, 0);
  assert_int_equal(c.status[0], GM_MEMBER_OK);
  assert_int_equal(c.status[1], GM_MEMBER_DIVERGED);
  assert_true(isnan(crowd_y(&c, 1, 0, "r.now")) && isfinite(crowd_y(&c, 0, 1, "p.x")));
  crowd_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(composite__is_of_first_order),
      cmocka_unit_test(composite__holds_links_and_lets_edges_through),
      cmocka_unit_test(composite__children_have_draws_of_their_own),
      cmocka_unit_test(composite__schemes_differ_by_a_step_of_passing),
      cmocka_unit_test(composite__reset_works_links_out),
      cmocka_unit_test(composite__parameters_may_be_shared),
      cmocka_unit_test(composite__objects_are_as_flat_ones),
      cmocka_unit_test(composite__mistakes_are_named),
      cmocka_unit_test(composite__units_are_checked),
      cmocka_unit_test(composite__failure_is_the_members_own),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
