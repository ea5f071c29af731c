/* online_score.c - how good the settled forecasts were. */
#include "methods/online_internal.h"
#include <assert.h>
#include <math.h>
#include <string.h>

/* Weighted interval score: Bracher et al., PLoS Comput. Biol. 17:e1008618 (2021), eq. 1 and 2. */
static void add_intervals(gm_online *o, const double *record, double y, double *score)
{
  int32_t levels = o->o.level_count;
  double sum = fabs(y - record[o->at.median]) / 2;
  for (int32_t i = 0; i < levels; i++) {
    double *at = score + GM__SCORE_LEVEL + 4 * i;
    double low = record[o->at.low + i], high = record[o->at.high + i];
    double half = (1 - o->o.level[i]) / 2; /* alpha / 2 */
    at[0] += y >= low && y <= high;
    at[1] += y < low;
    at[2] += y > high;
    at[3] += high - low;
    sum += half * (high - low) + fmax(low - y, 0) + fmax(y - high, 0);
  }
  score[GM__SCORE_KNOWN]++;
  score[GM__SCORE_WIS] += sum / (levels + 0.5);
}

void gm__online_score_add(gm_online *o, int32_t horizon, const double *record, double y)
{
  double *score = o->cell[horizon].score, e = record[o->at.mean] - y;
  double *squares = score + GM__SCORE_LEVEL + 4 * o->o.level_count;
  score[GM__SCORE_COUNT]++;
  score[GM__SCORE_SQUARE] += e * e;
  score[GM__SCORE_SUM] += e;
  score[GM__SCORE_ABSOLUTE] += fabs(e);
  score[GM__SCORE_MEDIAN] += fabs(record[o->at.median] - y);
  for (int32_t i = 0; i < o->o.expert_count; i++) {
    double off = record[o->at.expert + i] - y;
    squares[i] += off * off;
  }
  if (record[o->at.known] > 0) add_intervals(o, record, y, score);
}

gm_online_score gm_online_scored(const gm_online *o, int32_t horizon)
{
  assert(horizon >= 0 && horizon < o->o.horizon_count);
  const double *score = o->cell[horizon].score;
  const double *squares = score + GM__SCORE_LEVEL + 4 * o->o.level_count;
  double n = score[GM__SCORE_COUNT], known = score[GM__SCORE_KNOWN];
  gm_online_score s = {.count = (int64_t)n, .missed = (int64_t)score[GM__SCORE_MISSED]};
  s.rmse = sqrt(score[GM__SCORE_SQUARE] / n); /* NaN of none */
  s.bias = score[GM__SCORE_SUM] / n;
  s.mae = score[GM__SCORE_ABSOLUTE] / n;
  s.mae_median = score[GM__SCORE_MEDIAN] / n;
  s.wis = score[GM__SCORE_WIS] / known;
  for (int32_t i = 0; i < o->o.level_count; i++) {
    const double *at = score + GM__SCORE_LEVEL + 4 * i;
    s.covered[i] = at[0] / known;
    s.below[i] = at[1] / known;
    s.above[i] = at[2] / known;
    s.width[i] = at[3] / known;
  }
  for (int32_t i = 0; i < o->o.expert_count; i++) s.expert_rmse[i] = sqrt(squares[i] / n);
  return s;
}

void gm_online_score_clear(gm_online *o)
{
  for (int32_t h = 0; h < o->o.horizon_count; h++)
    memset(o->cell[h].score, 0, (size_t)o->score_count * sizeof(double));
}
