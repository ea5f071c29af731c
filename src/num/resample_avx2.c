/* resample_avx2.c - systematic resampling. */
#include "num/resample.h"
#include <math.h>

static int32_t last_of(int32_t n, const double *weight)
{
  int32_t last = n - 1;
  while (last > 0 && !(weight[last] > 0)) last--;
  return last;
}

/* How many points lie below the sum: those with i < n sum - u. */
static inline int32_t below(int32_t n, double sum, double u)
{
  double most = n, upto = n * sum - u;
  return (int32_t)ceil(upto < most ? upto : most);
}

void gm__resample(int32_t n, const double *weight, double u, int32_t *ancestor)
{
  const int32_t last = last_of(n, weight);
  double sum = 0;
  int32_t at = 0;
  for (int32_t m = 0; m < last; m++) {
    sum += weight[m];
    for (int32_t end = below(n, sum, u); at < end; at++) ancestor[at] = m;
  }
  while (at < n) ancestor[at++] = last; /* what rounding took from the sum is the last one's */
}

/* Who leaves a free place and who has further copies is a matter of chance: both lists are written
 * without branches, a row of three copies at a time. */
void gm__resample_still(int32_t n, const double *weight, double u, int32_t *ancestor,
                        int32_t *scratch)
{
  const int32_t last = last_of(n, weight);
  int32_t *free_place = scratch, *copy = scratch + n, places = 0, copies = 0, before = 0;
  double sum = 0;
  for (int32_t m = 0; m < n; m++) {
    sum += weight[m];
    int32_t end = m < last ? below(n, sum, u) : n, times = end - before, more = times - 1;
    before = end;
    ancestor[m] = m;
    free_place[places] = m;
    places += times == 0;
    if (copies + 3 <= n && more <= 3) {
      for (int i = 0; i < 3; i++) copy[copies + i] = m;
      copies += more > 0 ? more : 0;
    } else {
      for (int32_t i = 0; i < more; i++) copy[copies++] = m;
    }
  }
  for (int32_t i = 0; i < places; i++) ancestor[free_place[i]] = copy[i];
}
