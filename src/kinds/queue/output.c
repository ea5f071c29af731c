/* output.c - what is read of a member. Reading changes nothing. */
#include "kinds/queue/run.h"
#include <math.h>

static double sum_of(const queue_machine *m, const queue_object *o, const queue_output *q,
                     int32_t which)
{
  const double *all = o->sum + (ptrdiff_t)q->of * m->priority_count * QUEUE_SUMS;
  if (q->priority >= 0) return all[q->priority * QUEUE_SUMS + which];
  double sum = 0;
  for (int32_t p = 0; p < m->priority_count; p++) sum += all[p * QUEUE_SUMS + which];
  return sum;
}

static double ratio(double a, double b) { return b > 0 ? a / b : 0; }

static double of_sums(const queue_machine *m, const queue_object *o, const queue_output *q)
{
  switch (q->measure) {
  case GM_QUEUE_ARRIVALS: return sum_of(m, o, q, QUEUE_SUM_ARRIVALS);
  case GM_QUEUE_STARTED: return sum_of(m, o, q, QUEUE_SUM_STARTED);
  case GM_QUEUE_DELAYED: return sum_of(m, o, q, QUEUE_SUM_DELAYED);
  case GM_QUEUE_DEPARTURES: return sum_of(m, o, q, QUEUE_SUM_DEPARTURES);
  case GM_QUEUE_BALKED: return sum_of(m, o, q, QUEUE_SUM_BALKED);
  case GM_QUEUE_RENEGED: return sum_of(m, o, q, QUEUE_SUM_RENEGED);
  case GM_QUEUE_WAIT_TOTAL: return sum_of(m, o, q, QUEUE_SUM_WAIT);
  case GM_QUEUE_SOJOURN_TOTAL: return sum_of(m, o, q, QUEUE_SUM_SOJOURN);
  case GM_QUEUE_MEAN_WAIT:
    return ratio(sum_of(m, o, q, QUEUE_SUM_WAIT), sum_of(m, o, q, QUEUE_SUM_STARTED));
  case GM_QUEUE_MEAN_SOJOURN:
    return ratio(sum_of(m, o, q, QUEUE_SUM_SOJOURN), sum_of(m, o, q, QUEUE_SUM_DEPARTURES));
  default: break;
  }
  return NAN;
}

static double of_resource(const queue_resource_state *q, gm_queue_measure what, double t)
{
  double dt = t - q->since;
  if (what == GM_QUEUE_RESOURCE_USED) return q->used;
  if (what == GM_QUEUE_RESOURCE_FREE) return q->units - q->used;
  return ratio(q->area_used + q->used * dt, q->area_units + q->units * dt);
}

static double of_station(const queue_object *o, const queue_output *q, double t)
{
  const queue_station_state *st = &o->station[q->of];
  double dt = t - st->since, all = t - o->head->start;
  switch (q->measure) {
  case GM_QUEUE_IN_STATION: return st->count;
  case GM_QUEUE_WAITING: return st->waiting;
  case GM_QUEUE_IN_SERVICE: return st->busy;
  case GM_QUEUE_SERVERS: return st->servers;
  case GM_QUEUE_MEAN_IN_STATION: return ratio(st->area_count + st->count * dt, all);
  case GM_QUEUE_MEAN_WAITING: return ratio(st->area_waiting + st->waiting * dt, all);
  case GM_QUEUE_MEAN_IN_SERVICE: return ratio(st->area_busy + st->busy * dt, all);
  case GM_QUEUE_UTILISATION:
    return ratio(st->area_busy + st->busy * dt, st->area_servers + st->servers * dt);
  default: break;
  }
  return NAN;
}

bool gm__queue_outputs(const queue_machine *m, queue_object *o, double t, double *y)
{
  bool all = true;
  for (int32_t i = 0; i < m->output_count; i++) {
    const queue_output *q = &m->output[i];
    if (q->measure == GM_QUEUE_EXPRESSION) {
      o->value[m->at_time] = t;
      y[i] = gm__queue_eval(&q->expression, o->value);
      o->value[m->at_time] = 0;
      if (!isfinite(y[i])) {
        y[i] = NAN;
        all = false;
      }
    } else if (q->measure == GM_QUEUE_STREAM_ARRIVALS) {
      y[i] = o->streamed[q->of];
    } else if (q->measure >= GM_QUEUE_RESOURCE_USED) {
      y[i] = of_resource(&o->resource[q->of], q->measure, t);
    } else if (q->measure >= GM_QUEUE_ARRIVALS && q->measure <= GM_QUEUE_MEAN_SOJOURN) {
      y[i] = of_sums(m, o, q);
    } else {
      y[i] = of_station(o, q, t);
    }
  }
  return all;
}
