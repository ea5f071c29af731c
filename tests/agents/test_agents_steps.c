/* label: full
 * Orders of turns within a step, and a particle filter whose answer is known exactly. */
#include "agents_case.h"
#include "support/sir_agents.h"

/* ---- orders ---------------------------------------------------------------------------------- */
enum { PEOPLE = 4, ORDERS = 24, STEPS = 12000 };

/* Each writes its number behind those of the ones before it. */
static void sign(gm_agents_turn *t)
{
  gm_agents_shared(t->world)[0] = gm_agents_shared(t->world)[0] * 10 + t->agent + 1;
}

static void new_page(gm_agents_turn *t) { gm_agents_shared(t->world)[0] = 0; }

static double *signatures(gm_agents_order order)
{
  const gm_agents_breed breed = {.name = "people", .step = sign, .order = order, .initial = PEOPLE};
  const gm_agents_attribute page = {.name = "page"};
  const gm_agents_quantity q = {.name = "page", .kind = GM_AGENTS_SHARED, .of = "page"};
  const gm_agents_config config = {.step = 1,
                                   .breed = &breed,
                                   .shared = &page,
                                   .output = &q,
                                   .breed_count = 1,
                                   .shared_count = 1,
                                   .output_count = 1,
                                   .before = new_page};
  double *t = calloc(STEPS, sizeof *t), *y = calloc(STEPS, sizeof *y);
  for (int i = 0; i < STEPS; i++) t[i] = i + 1;
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  case_run(&c, 0, STEPS, NULL, 0, t, STEPS, y);
  case_close(&c);
  free(t);
  return y;
}

/* A shuffled breed takes its turns in every order alike often, and one step tells nothing about the
 * next; a fixed one always in the order of places. */
static void order__is_shuffled_uniformly(void **state)
{
  (void)state;
  double *y = signatures(GM_AGENTS_FIXED);
  for (int i = 0; i < STEPS; i++) assert_true(y[i] == 1234);
  free(y);
  y = signatures(GM_AGENTS_SHUFFLED);
  double name[ORDERS], count[ORDERS] = {0}, same = 0;
  int kinds = 0;
  for (int i = 0; i < STEPS; i++) {
    int k = 0;
    while (k < kinds && name[k] != y[i]) k++;
    assert_true(k < ORDERS);
    if (k == kinds) name[kinds++] = y[i];
    count[k]++;
    same += i && y[i] == y[i - 1];
  }
  double chi2 = 0, expected = (double)STEPS / ORDERS;
  for (int k = 0; k < ORDERS; k++) chi2 += (count[k] - expected) * (count[k] - expected) / expected;
  if (!(chi2 > 5 && chi2 < 57)) fail_msg("chi square %.1f with 23 degrees of freedom", chi2);
  must_be_near("twice the same order", same, expected, sqrt(expected));
  free(y);
}

/* ---- together -------------------------------------------------------------------------------- */
enum { W = 11, H = 8 };

/* The parity of a cell and its four neighbours (Fredkin's rule), from what all were before. */
static void parity(gm_agents_turn *t)
{
  gm_agents *w = t->world;
  const int32_t *was = gm_agents_whole_was(t, 0);
  int32_t cell = gm_agents_cell(w, 0, t->agent), sum = was[t->agent];
  for (int32_t k = 0; k < 4; k++)
    sum += was[gm_agents_first(w, 0, gm_agents_neighbour(w, cell, k))];
  gm_agents_whole(w, 0, 0)[t->agent] = sum & 1;
}

/* Agents that act together follow a cellular automaton, cell for cell. */
static void together__is_a_cellular_automaton(void **state)
{
  (void)state;
  const gm_agents_attribute on = {.name = "on", .upper = 1, .whole = true};
  const gm_agents_breed breed = {.name = "cell",
                                 .attribute = &on,
                                 .attribute_count = 1,
                                 .step = parity,
                                 .order = GM_AGENTS_TOGETHER,
                                 .initial = GM_AGENTS_EVERY_CELL};
  const gm_agents_config config = {.step = 1,
                                   .space = GM_AGENTS_VON_NEUMANN,
                                   .width = W,
                                   .height = H,
                                   .breed = &breed,
                                   .breed_count = 1};
  agents_case c;
  case_open(&c, &config, 1);
  case_init(&c);
  int32_t *is = gm_agents_whole(c.obj[0], 0, 0), plain[W * H] = {0}, next[W * H];
  plain[13] = is[13] = plain[40] = is[40] = plain[87] = is[87] = 1;
  for (int n = 0; n < 30; n++) {
    case_run(&c, n, n + 1, NULL, 0, NULL, 0, NULL);
    for (int y = 0; y < H; y++)
      for (int x = 0; x < W; x++)
        next[y * W + x] =
            (plain[y * W + x] + plain[y * W + (x + 1) % W] + plain[y * W + (x + W - 1) % W] +
             plain[(y + 1) % H * W + x] + plain[(y + H - 1) % H * W + x]) &
            1;
    memcpy(plain, next, sizeof plain);
    assert_memory_equal(is, plain, sizeof plain);
  }
  case_close(&c);
}

/* ---- a filter -------------------------------------------------------------------------------- */
/* Daily test counts of the Rosetta SIR, y ~ Binomial(I, 0.6) (data/methods/rosetta_sir_y.csv). */
enum { DAYS = 12, PARTICLES = 8000 };
static const int tests[DAYS] = {6, 5, 12, 10, 6, 9, 7, 4, 6, 3, 2, 2};

static double binomial(int y, int n, double p)
{
  if (y > n) return 0;
  return exp(lgamma(n + 1.0) - lgamma(y + 1.0) - lgamma(n - y + 1.0) + y * log(p) +
             (n - y) * log(1 - p));
}

/* Copies of the chosen take the place of all; further copies of one get fresh slots, and what is
 * memoryless in those is drawn anew (an old slot would give a clock its old number again). */
static void resample(agents_case *c, const double *weight, double sum, int day)
{
  void **next = calloc(PARTICLES, sizeof *next);
  uint64_t *slot = calloc(PARTICLES, sizeof *slot);
  bool *fresh = calloc(PARTICLES, sizeof *fresh);
  double at = gm_uniform(gm_key_make(5, GM_PURPOSE_RESAMPLE, 0, 0), 0, 0, 0, (uint64_t)day);
  double before = 0;
  for (int i = 0, k = 0, last = -1; i < PARTICLES; i++) {
    double u = (i + at) / PARTICLES * sum;
    while (before + weight[k] < u && k < PARTICLES - 1) before += weight[k++];
    assert_int_equal(c->m->type->obj_copy(c->m, c->ctx, c->obj[k], &next[i]), GM_OK);
    fresh[i] = k == last;
    slot[i] = c->slot[k];
    if (fresh[i]) slot[i] = gm_hash64(c->slot[k], (uint64_t)day * PARTICLES + (uint64_t)i);
    last = k;
  }
  for (int i = 0; i < PARTICLES; i++) c->m->type->obj_free(c->m, c->obj[i]);
  memcpy(c->obj, next, PARTICLES * sizeof *next);
  for (int i = 0; i < PARTICLES; i++) {
    gm_batch one = c->b;
    one.n = 1;
    one.obj += i;
    one.slot = &slot[i];
    if (fresh[i]) c->m->type->refresh(c->m, &one, day);
  }
  memcpy(c->slot, slot, PARTICLES * sizeof *slot);
  free(fresh);
  free(next);
  free(slot);
}

/* The bootstrap filter's log-likelihood at the truth is -25.916247, the means of S and I after day
 * 12 are 5.578125 and 3.326049 (rosetta_sir_expected.json, by enumeration). The errors allowed
 * are four standard deviations over filters of this size, about 0.03, 0.06 and 0.04. */
static void filter__finds_the_exact_likelihood(void **state)
{
  (void)state;
  static const int32_t infected = 3;
  enum { RUNS = 5 };
  double ll[RUNS], s[RUNS], in[RUNS];
  for (int run = 0; run < RUNS; run++) {
    gm_ctx *ctx = NULL;
    gm_model *m = NULL;
    assert_int_equal(gm_ctx_new(NULL, &ctx), GM_OK);
    assert_int_equal(sir_agents_make(ctx, 50, &infected, &m), GM_OK);
    agents_case c;
    case_open_model(&c, ctx, m, PARTICLES);
    for (int i = 0; i < PARTICLES; i++) c.key[i].v[0] = (uint64_t)(100 + run);
    case_init(&c);
    double *weight = calloc(PARTICLES, sizeof *weight);
    ll[run] = 0;
    for (int day = 1; day <= DAYS; day++) {
      case_run(&c, day - 1, day, NULL, 0, NULL, 0, NULL);
      double *y = case_outputs(&c), sum = 0;
      s[run] = in[run] = 0;
      for (int i = 0; i < PARTICLES; i++) {
        weight[i] = binomial(tests[day - 1], (int)y[3 * i + 1], 0.6);
        sum += weight[i];
        s[run] += weight[i] * y[3 * i];
        in[run] += weight[i] * y[3 * i + 1];
      }
      ll[run] += log(sum / PARTICLES);
      s[run] /= sum;
      in[run] /= sum;
      resample(&c, weight, sum, day);
      free(y);
    }
    free(weight);
    case_close(&c);
  }
  case_moments l = moments_of(ll, RUNS, 1), ms = moments_of(s, RUNS, 1),
               mi = moments_of(in, RUNS, 1);
  /* what is claimed of single filters: P(chi2 > 25) = 5e-5 with 4 degrees of freedom */
  assert_true(l.variance < 5 * 0.03 * 0.03 && ms.variance < 5 * 0.06 * 0.06);
  assert_true(mi.variance < 5 * 0.04 * 0.04);
  must_be_near("log-likelihood", l.mean, -25.916247, 0.03 / sqrt(RUNS));
  must_be_near("S after day 12", ms.mean, 5.578125, 0.06 / sqrt(RUNS));
  must_be_near("I after day 12", mi.mean, 3.326049, 0.04 / sqrt(RUNS));
}

int main(void)
{
  const struct CMUnitTest all[] = {
      cmocka_unit_test(order__is_shuffled_uniformly),
      cmocka_unit_test(together__is_a_cellular_automaton),
      cmocka_unit_test(filter__finds_the_exact_likelihood),
  };
  return cmocka_run_group_tests(all, NULL, NULL);
}
