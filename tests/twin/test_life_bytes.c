/* Saved beliefs and swarms whose bytes are not what was saved: cut, flipped, made longer, and with
 * a checksum that fits again. A typed error or a run anew; nothing is read beyond the bytes.
 * label: full */
#include "twin/twin_case.h"

/* A swarm so large that it is gone on with, and not run anew with more. */
enum { MEMBERS = 40, SWARM = 300 };
static const char twin_text[] =
    "inputs:\n  drug: {into: central, unit: mg}\n"
    "parameters:\n  CL: {typical: 1, unit: L/h, between-subjects: {lognormal: 0.3}}\n"
    "  V: {typical: 10, unit: L, between-subjects: {lognormal: 0.2}}\n"
    "observables:\n  c: {is: central/V, unit: mg/L, error: {additive: 0.3}}\n";
static const char csv[] = "ID,TIME,EVID,AMT,INPUT,DV\n1,0,1,100,drug,.\n1,1,0,.,.,9.4\n"
                          "1,3,0,.,.,7.1\n1,6,0,.,.,5.2\n1,9,0,.,.,4.4\n";
static const gm_twin_options at_mode = {.t_now = 7, .members = MEMBERS, .seed = 3};
static const gm_twin_options in_time = {.t_now = 7, .members = SWARM, .seed = 3, .follow = true};

/* The checksum at the end fits what is before it again. */
static void sum_mend(char *bytes, size_t n)
{
  uint64_t sum = gm_checksum(bytes, n - sizeof sum);
  memcpy(bytes + n - sizeof sum, &sum, sizeof sum);
}

/* ---- beliefs --------------------------------------------------------------------------------- */
/* What loads can be forecast from, or says why not. */
static void forecast_try(const gm_twin *t)
{
  static const double time[] = {8, 9, 12};
  gm_forecast *f = NULL;
  gm_forecast_request q = {.time = time, .time_count = 3, .as_recorded = true};
  gm_status st = gm_forecast_make(ctx, t, &q, &f);
  assert_true(st || f);
  gm_forecast_free(f);
  gm_message_clear(ctx);
}

static bool load(const twin_case *c, const char *bytes, size_t n)
{
  gm_twin *t = NULL;
  char *exact = gm_alloc(ctx, (ptrdiff_t)n, 1); /* so that reading beyond the end is seen */
  assert_non_null(exact);
  memcpy(exact, bytes, n);
  gm_status st = gm_twin_load(ctx, c->d, c->s, NULL, exact, n, &t);
  if (st ? st != GM_EPARSE || t : !t) fail_msg("%zu bytes: %s", n, gm_status_name(st));
  if (t) forecast_try(t);
  gm_twin_free(t);
  gm_free(exact);
  gm_message_clear(ctx);
  return !st;
}

/* Cut anywhere, longer, or with any bit flipped, a belief is refused: GM_EPARSE. */
static void belief__damaged_is_refused(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_PK, twin_text, csv, &at_mode);
  gm_text saved;
  gm_text_init(&saved, ctx);
  case_must(gm_twin_save(c.t, ctx, &saved), "save");
  assert_true(load(&c, saved.data, saved.bytes));
  for (size_t n = 0; n < saved.bytes; n++) assert_false(load(&c, saved.data, n));
  for (size_t i = 0; i < saved.bytes; i++) {
    saved.data[i] = (char)(saved.data[i] ^ (1 << i % 8));
    assert_false(load(&c, saved.data, saved.bytes));
    saved.data[i] = (char)(saved.data[i] ^ (1 << i % 8));
  }
  gm_text_add(&saved, "12345678");
  assert_false(load(&c, saved.data, saved.bytes));
  gm_text_free(&saved);
  case_close(&c);
}

static void bits_try(const twin_case *c, char *bytes, size_t n, size_t from, size_t to, size_t step)
{
  for (size_t i = from; i < to; i += step)
    for (int bit = 0; bit < 8; bit++) {
      bytes[i] = (char)(bytes[i] ^ (1 << bit));
      sum_mend(bytes, n);
      load(c, bytes, n);
      bytes[i] = (char)(bytes[i] ^ (1 << bit));
    }
}

/* A checksum is no proof: counts, sizes and numbers of the head that somebody changed are refused,
 * or make a belief of other numbers, never one that reads elsewhere. */
static void belief__made_by_hand_reads_nothing_else(void **state)
{
  (void)state;
  enum { HEAD = 400 };
  static const int32_t edge[] = {0, -1, 1, INT32_MAX, INT32_MIN, 1 << 20, MEMBERS + 1};
  const gm_twin_options *const how[] = {&at_mode, &in_time};
  for (int k = 0; k < 2; k++) {
    twin_case c = case_twin(MODEL_PK, twin_text, csv, how[k]);
    gm_text saved;
    gm_text_init(&saved, ctx);
    case_must(gm_twin_save(c.t, ctx, &saved), "save");
    assert_true(saved.bytes > HEAD);
    bits_try(&c, saved.data, saved.bytes, 0, HEAD, 1);
    bits_try(&c, saved.data, saved.bytes, HEAD, saved.bytes, 37);
    for (size_t i = 8; i + 4 <= HEAD; i += 4) {
      char kept[4];
      memcpy(kept, saved.data + i, 4);
      for (size_t e = 0; e < sizeof edge / sizeof edge[0]; e++) {
        memcpy(saved.data + i, &edge[e], 4);
        sum_mend(saved.data, saved.bytes);
        load(&c, saved.data, saved.bytes);
      }
      memcpy(saved.data + i, kept, 4);
    }
    for (size_t n = 8; n <= saved.bytes; n += 61) { /* cut, with a checksum */
      sum_mend(saved.data, n);
      load(&c, saved.data, n);
    }
    gm_text_free(&saved);
    case_close(&c);
  }
}

/* ---- swarms ---------------------------------------------------------------------------------- */
/* Learns from all data, going on from the bytes; true: it did. want: what else comes of it (NULL:
 * not looked at). */
static bool resume(const twin_case *c, const char *bytes, size_t n, const gm_members *want)
{
  gm_twin *t = NULL;
  gm_twin_options o = in_time;
  char *exact = gm_alloc(ctx, (ptrdiff_t)n, 1);
  assert_non_null(exact);
  memcpy(exact, bytes, n);
  o.t_now = NAN;
  o.resume = exact;
  o.resume_bytes = n;
  gm_status st = gm_twin_new(ctx, c->d, c->s, &o, &t);
  bool resumed = t && t->resumed;
  if (st ? st != GM_ENUMERIC && st != GM_EDOMAIN : !t)
    fail_msg("%zu bytes: %s: %s", n, gm_status_name(st), gm_message(ctx));
  size_t size = want ? (size_t)want->n * (size_t)want->dim * sizeof *want->z : 0;
  if (!resumed && want && (st || memcmp(t->posterior->z, want->z, size) != 0))
    fail_msg("%zu bytes: anew, but with other members", n);
  gm_twin_free(t);
  gm_free(exact);
  gm_message_clear(ctx);
  return resumed;
}

/* A swarm that is cut, flipped or longer is not gone on from: all is learned anew, to the bytes of
 * a run without it. With a checksum that fits, nothing is read elsewhere. */
static void swarm__damaged_is_learned_anew(void **state)
{
  (void)state;
  twin_case c = case_twin(MODEL_PK, twin_text, csv, &in_time), all = {0};
  gm_twin_options o = in_time;
  o.t_now = NAN;
  case_must(gm_twin_new(ctx, c.d, c.s, &o, &all.t), "twin");
  const gm_members *want = all.t->posterior;
  size_t n = c.t->paths.bytes;
  assert_true(n > 200);
  char *bytes = gm_alloc(ctx, (ptrdiff_t)n + 8, 1);
  assert_non_null(bytes);
  memcpy(bytes, c.t->paths.data, n);
  assert_true(resume(&c, bytes, n, want));
  assert_false(resume(&c, bytes, n + 8, want));
  for (size_t cut = 0; cut < n; cut += 101) assert_false(resume(&c, bytes, cut, want));
  for (size_t i = 0; i < n; i += i < 120 ? 1 : 199) {
    bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
    assert_false(resume(&c, bytes, n, want));
    sum_mend(bytes, n);
    resume(&c, bytes, n, NULL);
    bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
    sum_mend(bytes, n);
  }
  assert_true(resume(&c, bytes, n, want));
  gm_free(bytes);
  case_close(&all);
  case_close(&c);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(belief__damaged_is_refused),
                                     cmocka_unit_test(belief__made_by_hand_reads_nothing_else),
                                     cmocka_unit_test(swarm__damaged_is_learned_anew)};
  return cmocka_run_group_tests_name("life bytes", tests, case_begin, case_end);
}
