/* The hash tree against RFC 6962's recursive definition, written anew here, and its example. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
#include "store/merkle.h"
#include <sodium.h>
#include <stdio.h>
#include <string.h>

enum { BYTES = GM__MERKLE_BYTES, MOST = 70 };
typedef unsigned char hash[BYTES];
static gm_ctx *ctx;

/* ---- section 2.1 as it is written ------------------------------------------------------------ */
static void digest(const unsigned char *data, size_t bytes, unsigned char *out)
{
  crypto_generichash(out, BYTES, data, bytes, NULL, 0);
}

/* Row i of the log is the text of i. */
static void leaf_of(int i, unsigned char *out)
{
  unsigned char text[20] = {0};
  int n = snprintf((char *)text + 1, sizeof text - 1, "row %d", i);
  digest(text, 1 + (size_t)n, out);
}

static void join(const unsigned char *a, const unsigned char *b, unsigned char *out)
{
  unsigned char both[1 + 2 * BYTES] = {1};
  memcpy(both + 1, a, BYTES);
  memcpy(both + 1 + BYTES, b, BYTES);
  digest(both, sizeof both, out);
}

static int below(int n) /* k < n <= 2k */
{
  int k = 1;
  while (2 * k < n) k *= 2;
  return k;
}

static void mth(int a, int b, unsigned char *out)
{
  hash l, r;
  if (a == b) {
    digest((const unsigned char *)"", 0, out);
  } else if (b - a == 1) {
    leaf_of(a, out);
  } else {
    mth(a, a + below(b - a), l);
    mth(a + below(b - a), b, r);
    join(l, r, out);
  }
}

typedef struct {
  hash h[MOST];
  int count;
} list;

static void path_of(int m, int a, int b, list *p)
{
  int k = below(b - a);
  if (b - a == 1) return;
  if (m < k) {
    path_of(m, a, a + k, p);
    mth(a + k, b, p->h[p->count++]);
  } else {
    path_of(m - k, a + k, b, p);
    mth(a, a + k, p->h[p->count++]);
  }
}

static void subproof(int m, int a, int b, int whole, list *p)
{
  int n = b - a, k = below(n);
  if (m == n) {
    if (!whole) mth(a, b, p->h[p->count++]);
  } else if (m <= k) {
    subproof(m, a, a + k, whole, p);
    mth(a + k, b, p->h[p->count++]);
  } else {
    subproof(m - k, a + k, b, 0, p);
    mth(a, a + k, p->h[p->count++]);
  }
}

/* ---- full subtrees, kept as they become full ------------------------------------------------- */
typedef struct {
  hash node[8][MOST + 1];
  bool there[8][MOST + 1];
  int64_t kept, fetched;
} nodes;

static gm_status keep(void *user, gm_ctx *c, int32_t level, int64_t place,
                      const unsigned char h[BYTES])
{
  nodes *n = user;
  (void)c;
  assert_false(n->there[level][place]); /* once */
  memcpy(n->node[level][place], h, BYTES);
  n->there[level][place] = true;
  n->kept++;
  return GM_OK;
}

static gm_status fetch(void *user, gm_ctx *c, int32_t level, int64_t place,
                       unsigned char out[BYTES])
{
  nodes *n = user;
  (void)c;
  if (level)
    assert_true(n->there[level][place]);
  else
    leaf_of((int)place, n->node[0][place]);
  memcpy(out, n->node[level][place], BYTES);
  n->fetched++;
  return GM_OK;
}

static nodes grown;
static gm__merkle_edge edge;
static void grow(int to)
{
  hash h;
  memset(&grown, 0, sizeof grown);
  memset(&edge, 0, sizeof edge);
  for (int i = 0; i < to; i++) {
    leaf_of(i, h);
    assert_int_equal(GM_OK, gm__merkle_add(&edge, ctx, h, keep, &grown));
  }
}

static const unsigned char (*read_only(const gm__merkle_path *p))[BYTES]
{
  return (const unsigned char(*)[BYTES])p->hash;
}

/* The leaf hash is that of 0x00 and the row, whatever the two pieces. */
static void leaf__has_its_own_prefix(void **state)
{
  (void)state;
  hash expected, got;
  leaf_of(12, expected);
  gm__merkle_leaf("row 12", 6, "", 0, got);
  assert_memory_equal(expected, got, BYTES);
  gm__merkle_leaf("row", 3, " 12", 3, got);
  assert_memory_equal(expected, got, BYTES);
  /* no node can be passed off as a leaf: a leaf over two children's hashes is another hash */
  hash l, r, node;
  leaf_of(0, l);
  leaf_of(1, r);
  gm__merkle_node(l, r, node);
  gm__merkle_leaf(l, BYTES, r, BYTES, got);
  assert_memory_not_equal(node, got, BYTES);
}

/* The root is that of the definition for every size, also from kept nodes alone, and every full
 * subtree is kept once: n less the bits of n. */
static void root__is_that_of_the_definition(void **state)
{
  (void)state;
  for (int n = 0; n <= MOST; n++) {
    hash expected, got;
    gm__merkle_edge again;
    memset(&again, 0, sizeof again);
    grow(n);
    mth(0, n, expected);
    gm__merkle_root(&edge, got);
    assert_memory_equal(expected, got, BYTES);
    assert_int_equal(n - __builtin_popcount((unsigned)n), grown.kept);
    assert_int_equal(GM_OK, gm__merkle_edge_fetch(ctx, n, fetch, &grown, &again));
    assert_int_equal(__builtin_popcount((unsigned)n), grown.fetched);
    gm__merkle_root(&again, got);
    assert_memory_equal(expected, got, BYTES);
  }
}

/* Every proof with one bit changed, one hash too few or too many, another place, size, leaf or
 * root is refused. */
static int inclusion_refused(const gm__merkle_path *p, const unsigned char *leaf, int m, int n,
                             const unsigned char *root)
{
  int tried = 0;
  hash other;
  gm__merkle_path q = *p;
  for (int i = 0; i < p->count; i++) {
    q.hash[i][i % BYTES] ^= 1;
    assert_false(gm__merkle_holds(leaf, m, n, read_only(&q), q.count, root));
    q = *p;
    tried++;
  }
  leaf_of(m + 1, other);
  assert_false(gm__merkle_holds(other, m, n, read_only(p), p->count, root));
  assert_false(gm__merkle_holds(leaf, m, n, read_only(p), p->count + 1, root));
  if (p->count) assert_false(gm__merkle_holds(leaf, m, n, read_only(p), p->count - 1, root));
  for (int at = -1; at <= n; at++)
    if (at != m) {
      assert_false(gm__merkle_holds(leaf, at, n, read_only(p), p->count, root));
      tried++;
    }
  memcpy(other, root, BYTES);
  other[5] ^= 128;
  assert_false(gm__merkle_holds(leaf, m, n, read_only(p), p->count, other));
  return tried + 4;
}

static void inclusion__is_that_of_the_definition(void **state)
{
  (void)state;
  int proofs = 0, refused = 0;
  grow(MOST);
  for (int n = 1; n <= MOST; n++)
    for (int m = 0; m < n; m++) {
      gm__merkle_path p;
      list expected = {.count = 0};
      hash leaf, root;
      grown.fetched = 0;
      assert_int_equal(GM_OK, gm__merkle_prove(ctx, m, n, fetch, &grown, &p));
      path_of(m, 0, n, &expected);
      assert_int_equal(expected.count, p.count);
      assert_memory_equal(expected.h, p.hash, (size_t)p.count * BYTES);
      assert_true(grown.fetched <= 2 * 7); /* levels of a tree of 70 */
      leaf_of(m, leaf);
      mth(0, n, root);
      assert_true(gm__merkle_holds(leaf, m, n, read_only(&p), p.count, root));
      refused += inclusion_refused(&p, leaf, m, n, root);
      proofs++;
    }
  printf("%d inclusion proofs hold, %d changed ones are refused\n", proofs, refused);
}

static int growth_refused(const gm__merkle_path *p, int m, const unsigned char *from, int n,
                          const unsigned char *to)
{
  int tried = 0;
  hash other;
  for (int i = 0; i < p->count; i++) {
    gm__merkle_path q = *p;
    q.hash[i][(3 * i) % BYTES] ^= 16;
    assert_false(gm__merkle_growth_holds(m, from, n, to, read_only(&q), q.count));
    tried++;
  }
  memcpy(other, from, BYTES);
  other[0] ^= 1;
  assert_false(gm__merkle_growth_holds(m, other, n, to, read_only(p), p->count));
  if (m) { /* from nothing everything grows */
    memcpy(other, to, BYTES);
    other[0] ^= 1;
    assert_false(gm__merkle_growth_holds(m, from, n, other, read_only(p), p->count));
  }
  assert_false(gm__merkle_growth_holds(m, from, n, to, read_only(p), p->count + 1));
  if (p->count) assert_false(gm__merkle_growth_holds(m, from, n, to, read_only(p), p->count - 1));
  return tried + 3;
}

static void growth__is_that_of_the_definition(void **state)
{
  (void)state;
  int proofs = 0, refused = 0;
  grow(MOST);
  for (int n = 0; n <= MOST; n++)
    for (int m = 0; m <= n; m++) {
      gm__merkle_path p;
      list expected = {.count = 0};
      hash from, to;
      assert_int_equal(GM_OK, gm__merkle_prove_growth(ctx, m, n, fetch, &grown, &p));
      if (m) subproof(m, 0, n, 1, &expected);
      assert_int_equal(expected.count, p.count);
      assert_memory_equal(expected.h, p.hash, (size_t)p.count * BYTES);
      mth(0, m, from);
      mth(0, n, to);
      assert_true(gm__merkle_growth_holds(m, from, n, to, read_only(&p), p.count));
      assert_true(m == n || !gm__merkle_growth_holds(n, to, m, from, read_only(&p), p.count));
      refused += growth_refused(&p, m, from, n, to);
      proofs++;
    }
  printf("%d growth proofs hold, %d changed ones are refused\n", proofs, refused);
}

/* RFC 6962 section 2.1.3: the tree of seven leaves, its nodes by their letters there. */
static void example__is_that_of_the_rfc(void **state)
{
  (void)state;
  hash node['m'];
  for (int i = 0; i < 6; i++) leaf_of(i, node['a' + i]);
  leaf_of(6, node['j']);
  join(node['a'], node['b'], node['g']);
  join(node['c'], node['d'], node['h']);
  join(node['e'], node['f'], node['i']);
  join(node['g'], node['h'], node['k']);
  join(node['i'], node['j'], node['l']);
  static const struct {
    int from, index;
    const char *path;
  } proof[] = {{0, 0, "bhl"},  {0, 3, "cgl"}, {0, 4, "fjk"}, {0, 6, "ik"},
               {3, 0, "cdgl"}, {4, 0, "l"},   {6, 0, "ijk"}};
  grow(7);
  for (size_t i = 0; i < sizeof proof / sizeof proof[0]; i++) {
    gm__merkle_path p;
    gm_status st = proof[i].from ? gm__merkle_prove_growth(ctx, proof[i].from, 7, fetch, &grown, &p)
                                 : gm__merkle_prove(ctx, proof[i].index, 7, fetch, &grown, &p);
    assert_int_equal(GM_OK, st);
    assert_int_equal(strlen(proof[i].path), p.count);
    for (int k = 0; k < p.count; k++)
      assert_memory_equal(node[(int)proof[i].path[k]], p.hash[k], BYTES);
  }
}

/* A failure on the way is passed on: no proof is made of what was not read. */
static gm_status fails(void *user, gm_ctx *c, int32_t level, int64_t place,
                       unsigned char out[BYTES])
{
  (void)level, (void)place;
  memset(out, 0, BYTES);
  return --*(int *)user ? GM_OK : gm_fail(c, GM_EIO, "gone");
}

static void proofs__pass_failures_on(void **state)
{
  (void)state;
  gm__merkle_path p;
  gm__merkle_edge e;
  for (int n = 1; n <= 4; n++) {
    int left = n;
    assert_int_equal(GM_EIO, gm__merkle_prove(ctx, 5, 23, fails, &left, &p));
    left = n;
    assert_int_equal(GM_EIO, gm__merkle_prove_growth(ctx, 5, 23, fails, &left, &p));
    left = n;
    assert_int_equal(GM_EIO, gm__merkle_edge_fetch(ctx, 23, fails, &left, &e));
  }
}

/* The length of a proof grows by the logarithm: of a log of 2^40 rows it takes at most 80. */
static gm_status counts(void *user, gm_ctx *c, int32_t level, int64_t place,
                        unsigned char out[BYTES])
{
  (void)c;
  memset(out, 0, BYTES);
  out[0] = (unsigned char)level;
  memcpy(out + 1, &place, sizeof place);
  ++*(int64_t *)user;
  return GM_OK;
}

static void proofs__need_few_rows(void **state)
{
  (void)state;
  int64_t n = ((int64_t)1 << 40) - 3, most = 0;
  for (int64_t m = 0; m < n; m = m * 3 + 1) {
    gm__merkle_path p;
    int64_t count = 0;
    assert_int_equal(GM_OK, gm__merkle_prove(ctx, m, n, counts, &count, &p));
    assert_true(p.count <= 40 && count <= 80);
    if (count > most) most = count;
    count = 0;
    assert_int_equal(GM_OK, gm__merkle_prove_growth(ctx, m, n, counts, &count, &p));
    assert_true(p.count <= 41 && count <= 80);
    if (count > most) most = count;
  }
  printf("2^40 rows: at most %lld nodes for a proof\n", (long long)most);
}

int main(void)
{
  if (sodium_init() < 0 || gm_ctx_new(NULL, &ctx)) return 1;
  const struct CMUnitTest tests[] = {cmocka_unit_test(leaf__has_its_own_prefix),
                                     cmocka_unit_test(root__is_that_of_the_definition),
                                     cmocka_unit_test(inclusion__is_that_of_the_definition),
                                     cmocka_unit_test(growth__is_that_of_the_definition),
                                     cmocka_unit_test(example__is_that_of_the_rfc),
                                     cmocka_unit_test(proofs__pass_failures_on),
                                     cmocka_unit_test(proofs__need_few_rows)};
  int failed = cmocka_run_group_tests_name("merkle", tests, NULL, NULL);
  gm_ctx_free(ctx);
  return failed;
}
