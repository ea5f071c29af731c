/* test_same_life.c - one life, lived on SQLite and then on PostgreSQL by the same clock: every
 * record and what was known at every moment are the same, to the byte. label: full */
#include "twin/life_case.h"
#include <stdatomic.h>
#include <sys/syscall.h>
#include <unistd.h>

/* What time it is, is in the script's hand: it stands still between two of its steps. */
static _Atomic int64_t script_us;

int clock_gettime(clockid_t clock, struct timespec *t)
{
  int64_t us = atomic_load(&script_us);
  if (clock != CLOCK_REALTIME || !us) return (int)syscall(SYS_clock_gettime, clock, t);
  *t = (struct timespec){us / 1000000, us % 1000000 * 1000};
  return 0;
}

static void next_minute(void) { atomic_fetch_add(&script_us, INT64_C(60000000)); }

/* ---- the life -------------------------------------------------------------------------------- */
static void tell(gm_life *l, gm_fact f)
{
  next_minute();
  add(l, &f, 1);
}

static void renew_now(gm_life *l)
{
  next_minute();
  renew(l);
}

/* Data in and out of order, corrected, taken back and sent twice; beliefs, forecasts and their
 * scores, a proposal and a decision; consents given, replaced and withdrawn; a fork. */
static void live(gm_session *a, gm_life *l)
{
  gm_proposal *p = NULL;
  gm_receipt made;
  gm_life_intake in;
  gm_consent_rule deny = {.permit = false, .actor = "Dr. Other"};
  next_minute();
  doses_add(l);
  for (int i = 0; i < 3; i++) tell(l, datum(i));
  renew_now(l);
  tell(l, datum(4)); /* before datum 3, which comes late */
  renew_now(l);
  tell(l, datum(3));
  tell(l, datum(3)); /* again: adds nothing */
  renew_now(l);
  gm_fact corrected = datum(1), back = datum(0);
  corrected.value = "3.25";
  corrected.version = back.version = "2";
  back.withdrawn = true;
  tell(l, corrected);
  tell(l, back);
  renew_now(l);
  tell(l, fact(GM_RECORD_OBSERVATION, "cp", 22, "-7", "mg/L", "odd"));
  tell(l, datum(5));
  renew_now(l);
  next_minute();
  case_must(gm_life_propose(l, ctx, NAN, &p, &made), "propose");
  gm_proposal_free(p);
  next_minute();
  case_must(gm_life_decide(l, ctx, made.seq, "accepted", "trough below 2", NULL), "decide");
  next_minute();
  case_must(gm_store_consent(a, ctx, gm_life_twin(l), "other", &deny), "consent");
  next_minute();
  case_must(gm_store_consent(a, ctx, gm_life_twin(l), "other", NULL), "withdrawal");
  next_minute();
  case_must(gm_life_fork(l, ctx, "fork", &in), "fork");
}

/* ---- what is known of it ----------------------------------------------------------------------
 */
typedef struct {
  gm_text text;
  int64_t learned[400];
  int32_t count;
  bool bodies; /* whole; else their hash */
} heard;

static uint64_t hash_of(const void *data, size_t bytes) /* FNV-1a */
{
  const unsigned char *at = data;
  uint64_t h = UINT64_C(14695981039346656037);
  for (size_t i = 0; i < bytes; i++) h = (h ^ at[i]) * UINT64_C(1099511628211);
  return h;
}

/* All that a record says but what is random: its session's number, and the end of a consent's
 * version. */
static gm_status hear(void *user, const gm_record_found *r)
{
  heard *h = user;
  bool consent = r->kind == GM_RECORD_CONSENT;
  int version = (int)(consent ? strcspn(r->version, "-") : strlen(r->version));
  gm_text_addf(&h->text, "%lld %lld %s %.17g '%s' '%s' '%s' '%.*s' %d '%s' %zu %016llx\n",
               (long long)r->seq, (long long)r->t_learned, gm_record_kind_name(r->kind),
               r->t_true_s, r->series, r->source, r->id, version, r->version, (int)r->data_class,
               r->licence, r->bytes, (unsigned long long)hash_of(r->body, r->bytes));
  if (h->bodies) gm_text_addn(&h->text, r->body, r->bytes);
  if (h->bodies) assert_true(h->count < 400);
  if (h->bodies) h->learned[h->count++] = r->t_learned;
  return GM_OK;
}

static void twin_tell(gm_session *a, const char *name, heard *h)
{
  gm_record_query q = {.all_versions = true};
  case_must(gm_store_twin(a, ctx, 0, name, false, &q.twin), "twin");
  h->count = 0;
  h->bodies = true;
  gm_text_addf(&h->text, "%s\n", name);
  case_must(gm_store_read(a, ctx, &q, hear, h), "read");
  h->bodies = false;
  for (int32_t i = 0; i < h->count; i++)
    for (int32_t k = 0; k < 3; k++) { /* just before, then, and just after; the newest alone */
      q.all_versions = false;
      q.as_of = h->learned[i] + k - 1;
      gm_text_addf(&h->text, "as of %lld\n", (long long)q.as_of);
      case_must(gm_store_read(a, ctx, &q, hear, h), "read");
    }
}

static int32_t lived_on(bool pg, gm_ctx *own, gm_text *out)
{
  void *none = NULL;
  heard h = {0};
  gm_text_init(&h.text, own);
  case_pg = pg;
  assert_int_equal(0, case_begin(&none));
  atomic_store(&script_us, (int64_t)(origin + 30 * hour) * 1000000);
  gm_session *a = case_store();
  gm_life *l = life_new(a, "t");
  live(a, l);
  gm_life_free(l);
  twin_tell(a, "t", &h);
  int32_t records = h.count;
  twin_tell(a, "fork", &h);
  assert_int_equal(GM_OK, h.text.status);
  case_close(a);
  atomic_store(&script_us, 0);
  case_end(&none);
  *out = h.text;
  return records;
}

static void life__is_the_same_on_both(void **state)
{
  (void)state;
  gm_ctx *own = NULL;
  gm_text one, two;
  assert_int_equal(GM_OK, gm_ctx_new(NULL, &own));
  int32_t records = lived_on(false, own, &one);
  assert_true(records > 30);
  bool both = postgres_url() != NULL;
  if (both) {
    lived_on(true, own, &two);
    size_t at = 0;
    while (at < one.bytes && at < two.bytes && one.data[at] == two.data[at]) at++;
    if (one.bytes != two.bytes || at < one.bytes) {
      size_t from = at > 200 ? at - 200 : 0;
      fail_msg("they differ at byte %zu:\n%.400s\n----\n%.400s", at, one.data + from,
               two.data + from);
    }
    gm_text_free(&two);
    printf("%d records, as they were known at %d moments: the same on both, %zu bytes\n",
           (int)records, 3 * (int)records, one.bytes);
  } else {
    fprintf(stderr, "skipped: the same life on PostgreSQL\n");
  }
  gm_text_free(&one);
  gm_ctx_free(own);
}

int main(void)
{
  const struct CMUnitTest tests[] = {cmocka_unit_test(life__is_the_same_on_both)};
  return cmocka_run_group_tests_name("same life", tests, NULL, NULL);
}
