/* Ensembles of flat (jump) and object (queue) members: the same claims for both. */
#include "gemel/ensemble.h"
#include "support/sir_jump.h"
#include "support/sir_queue.h"
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

enum { N = 300 };

typedef struct {
  gm_ctx *ctx;
  gm_model *model;
  gm_ensemble *e;
  int32_t ny;
} subject;

static void fill(gm_ensemble *e)
{
  int32_t np;
  const gm_var *p = gm_model_table(gm_ensemble_model(e), GM_TABLE_PARAMETER, &np);
  for (int32_t i = 0; i < np; i++)
    for (int32_t m = 0; m < gm_ensemble_size(e); m++)
      gm_ensemble_theta(e)[i * gm_ensemble_size(e) + m] = p[i].initial;
  gm_ensemble_seat(e, gm_key_make(5, GM_PURPOSE_INTRINSIC, 0, 0), 0);
}

static void subject_open(subject *s, bool object, gm_pool *pool)
{
  *s = (subject){0};
  assert_int_equal(gm_ctx_new(NULL, &s->ctx), GM_OK);
  if (object)
    assert_int_equal(sir_queue_new(s->ctx, 0.9, 0.3, 50, 3, &s->model), GM_OK);
  else
    assert_int_equal(sir_jump_new(s->ctx, false, &s->model), GM_OK);
  (void)gm_model_table(s->model, GM_TABLE_OUTPUT, &s->ny);
  assert_int_equal(gm_ensemble_new(s->ctx, s->model, pool, N, &s->e), GM_OK);
  fill(s->e);
  assert_int_equal(gm_ensemble_init(s->e, s->ctx, 0), GM_OK);
}

static void subject_close(subject *s)
{
  gm_ensemble_free(s->e);
  gm_model_free(s->model);
  gm_ctx_free(s->ctx);
}

static void to(subject *s, double t, double *y)
{
  assert_int_equal(gm_ensemble_advance(s->e, s->ctx, t, NULL, NULL, NULL, 0, NULL), GM_OK);
  assert_int_equal(gm_ensemble_observe(s->e, s->ctx, y), GM_OK);
}

/* Saved and loaded, members go on with the same bytes; every cut and many changed bytes of the save
 * are refused and leave the ensemble as it was. */
static void save__goes_on_with_the_same_bytes(void **state)
{
  (void)state;
  for (int object = 0; object < 2; object++) {
    subject a, b;
    static double ya[N * 8], yb[N * 8];
    gm_text text;
    subject_open(&a, object, NULL);
    subject_open(&b, object, NULL);
    to(&a, 5, ya);
    gm_text_init(&text, a.ctx);
    assert_int_equal(gm_ensemble_save(a.e, a.ctx, &text), GM_OK);
    for (size_t cut = 0; cut < text.bytes; cut += 1 + text.bytes / 50)
      assert_int_equal(gm_ensemble_load(b.e, b.ctx, text.data, cut), GM_EPARSE);
    for (size_t at = 0; at < text.bytes; at += 1 + text.bytes / 200) {
      text.data[at] = (char)(text.data[at] ^ 0x10);
      assert_int_equal(gm_ensemble_load(b.e, b.ctx, text.data, text.bytes), GM_EPARSE);
      text.data[at] = (char)(text.data[at] ^ 0x10);
    }
    assert_true(gm_ensemble_time(b.e) == 0);
    assert_int_equal(gm_ensemble_load(b.e, b.ctx, text.data, text.bytes), GM_OK);
    gm_text_free(&text);
    to(&a, 9, ya);
    to(&b, 9, yb);
    assert_memory_equal(ya, yb, sizeof(double) * (size_t)(N * a.ny));
    subject_close(&a);
    subject_close(&b);
  }
}

/* With slots kept all copies of a member have one future; with fresh slots the first goes on as
 * before and the others differ from it, in law not: the mean stays that of the uncopied. */
static void select__copies(void **state)
{
  (void)state;
  for (int object = 0; object < 2; object++) {
    subject a, b;
    static double ya[N * 8], yb[N * 8];
    int32_t same[N];
    for (int m = 0; m < N; m++) same[m] = m < 10 ? m : 9;
    subject_open(&a, object, NULL);
    subject_open(&b, object, NULL);
    to(&a, 3, ya);
    to(&b, 3, yb);
    assert_int_equal(gm_ensemble_select(a.e, a.e, a.ctx, same, 1, true), GM_OK);
    assert_int_equal(gm_ensemble_select(b.e, b.e, b.ctx, same, 1, false), GM_OK);
    to(&a, 8, ya);
    to(&b, 8, yb);
    assert_memory_equal(ya, yb, sizeof(double) * (size_t)(10 * a.ny));
    int other = 0;
    for (int m = 10; m < N; m++) {
      assert_memory_equal(ya + m * a.ny, ya + 9 * a.ny, sizeof(double) * (size_t)a.ny);
      other += memcmp(yb + m * a.ny, yb + 9 * a.ny, sizeof(double) * (size_t)a.ny) != 0;
    }
    assert_true(other > (N - 10) / 2);
    subject_close(&a);
    subject_close(&b);
  }
}

/* Where every member that is chosen stays in its place, only the others change: those that stay go
 * on as if nothing had been, wherever their copies lie; a copy's first value is its ancestor's. */
static void select__in_place(void **state)
{
  (void)state;
  for (int object = 0; object < 2; object++) {
    subject a, b;
    static double ya[N * 8], yb[N * 8];
    int32_t from[N];
    uint64_t slot[N];
    for (int m = 0; m < N; m++) from[m] = m % 3 == 1 ? m : m / 3 * 3 + 1 < N ? m / 3 * 3 + 1 : 1;
    subject_open(&a, object, NULL);
    subject_open(&b, object, NULL);
    to(&a, 3, ya);
    to(&b, 3, yb);
    memcpy(slot, gm_ensemble_slot(b.e), sizeof slot);
    assert_int_equal(gm_ensemble_select(b.e, b.e, b.ctx, from, 1, false), GM_OK);
    assert_int_equal(gm_ensemble_observe(b.e, b.ctx, yb), GM_OK);
    const size_t row = sizeof(double) * (size_t)a.ny;
    for (int m = 0; m < N; m++) {
      assert_memory_equal(yb + m * a.ny, ya + from[m] * a.ny, row);
      assert_int_equal(gm_ensemble_slot(b.e)[m] == slot[m], from[m] == m);
    }
    to(&a, 8, ya);
    to(&b, 8, yb);
    int other = 0;
    for (int m = 0; m < N; m++) {
      if (from[m] == m)
        assert_memory_equal(yb + m * a.ny, ya + m * a.ny, row);
      else
        other += memcmp(yb + m * a.ny, ya + from[m] * a.ny, row) != 0;
    }
    assert_true(other > N / 3);
    subject_close(&a);
    subject_close(&b);
  }
}

/* Copies with fresh slots are as random as members that were never copied: 300 copies of one
 * member, a day on, have the mean number of new infections that theory gives a member in that
 * state for a short time, beta S I / N dt. */
static void select__redraws_clocks(void **state)
{
  (void)state;
  enum { MANY = 20000 };
  for (int object = 0; object < 2; object++) {
    subject a;
    static double y[MANY * 8], y0[N * 8];
    static int32_t one[MANY];
    gm_ensemble *many;
    subject_open(&a, object, NULL);
    to(&a, 2, y0);
    int32_t pick = 0;
    while (y0[pick * a.ny + 1] < 5) pick++;
    for (int m = 0; m < MANY; m++) one[m] = pick;
    assert_int_equal(gm_ensemble_new(a.ctx, a.model, NULL, MANY, &many), GM_OK);
    assert_int_equal(gm_ensemble_select(many, a.e, a.ctx, one, 3, false), GM_OK);
    const double dt = 0.02;
    assert_int_equal(gm_ensemble_advance(many, a.ctx, 2 + dt, NULL, NULL, NULL, 0, NULL), GM_OK);
    assert_int_equal(gm_ensemble_observe(many, a.ctx, y), GM_OK);
    double sum = 0, s = y0[pick * a.ny], i = y0[pick * a.ny + 1];
    for (int m = 0; m < MANY; m++) sum += y[m * a.ny + 2] - y0[pick * a.ny + 2];
    double want = MANY * 0.9 * s * i / 50 * dt;
    /* Poisson error, and 5 % for the change of the rate within dt */
    assert_true(fabs(sum - want) < 4 * sqrt(want) + 0.05 * want);
    gm_ensemble_free(many);
    subject_close(&a);
  }
}

/* Any number of workers gives the same bytes. */
static void workers__change_nothing(void **state)
{
  (void)state;
  for (int object = 0; object < 2; object++) {
    static double y[3][N * 8];
    int ny = 0;
    for (int k = 0; k < 3; k++) {
      gm_ctx *ctx;
      gm_pool *pool;
      subject a;
      assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
      assert_int_equal(gm_pool_new(ctx, 1 << k, &pool), GM_OK);
      subject_open(&a, object, pool);
      to(&a, 12, y[k]);
      ny = a.ny;
      subject_close(&a);
      gm_pool_free(pool);
      gm_ctx_free(ctx);
    }
    assert_memory_equal(y[0], y[1], sizeof(double) * (size_t)(N * ny));
    assert_memory_equal(y[0], y[2], sizeof(double) * (size_t)(N * ny));
  }
}

/* A parameter switched by a drive holds from then on, for the members of that drive alone. */
static void drives__go_to_their_members(void **state)
{
  (void)state;
  for (int object = 0; object < 2; object++) {
    subject a;
    static double y[N * 8];
    static int32_t of[N];
    subject_open(&a, object, NULL);
    int32_t beta = gm_model_find(a.model, GM_TABLE_PARAMETER, "beta");
    gm_edge off = {.t = 0, .kind = GM_EDGE_PARAMETER, .port = beta, .value = 0};
    gm_drive drive[2] = {{NULL, 0}, {&off, 1}};
    for (int m = 0; m < N; m++) of[m] = m % 2;
    assert_int_equal(gm_ensemble_advance(a.e, a.ctx, 20, drive, of, NULL, 0, NULL), GM_OK);
    assert_int_equal(gm_ensemble_observe(a.e, a.ctx, y), GM_OK);
    double sum[2] = {0};
    for (int m = 0; m < N; m++) sum[m % 2] += y[m * a.ny + 2];
    assert_true(sum[1] == 0 && sum[0] > 10 * N / 2);
    for (int m = 0; m < N; m++)
      assert_true(gm_ensemble_theta(a.e)[beta * N + m] == (m % 2 ? 0 : 0.9));
    subject_close(&a);
  }
}

int main(void)
{
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(save__goes_on_with_the_same_bytes),
      cmocka_unit_test(select__copies),
      cmocka_unit_test(select__in_place),
      cmocka_unit_test(select__redraws_clocks),
      cmocka_unit_test(workers__change_nothing),
      cmocka_unit_test(drives__go_to_their_members),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
