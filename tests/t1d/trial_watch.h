/* trial_watch.h - commands of a trial judged by the truth: by the glucose in the body, the insulin
 * that arrived and the true time, whatever the loop was told. Unsafe is a command that
 *   WATCH_NUMBER  is no number or beyond the limits of the person at once;
 *   WATCH_BOARD   gives more than the profile while the insulin truly on board, with it, is above
 *                 the limit on board (own account: of what arrived, not of what was reported);
 *   WATCH_LOW     gives basal insulin, or a bolus without a meal announced, while glucose is below
 *                 70 mg/dL and the last reading, at most 15 min old by its own time, says so too;
 *   WATCH_BLIND   gives more than the profile, meals announced aside, when for more than 20 min no
 *                 reading came that is one (20 to 600 mg/dL);
 *   WATCH_TWICE   doses a meal announced twice for more than one meal may get (1.5 times
 *                 carbohydrate / ratio, and half an hour of basal).
 * Not unsafe but told: `misled`, more than the profile without a meal while glucose is below 70 and
 * the reading is not. */
#ifndef GEMEL_TESTS_T1D_TRIAL_WATCH_H
#define GEMEL_TESTS_T1D_TRIAL_WATCH_H
#include "t1d_effect.h"
#include "t1d_trial.h"
#include <math.h>

enum { WATCH_NUMBER, WATCH_BOARD, WATCH_LOW, WATCH_BLIND, WATCH_TWICE, WATCH_KINDS };
enum { WATCH_ARMS = 4, WATCH_GIVEN = 80 }; /* 400 min: longer than insulin acts */

typedef struct {
  double beyond_u[WATCH_GIVEN]; /* arrived beyond the profile; ring by moment */
  int64_t moments;
  double read_min;      /* when the last reading came; true time */
  double own_min, mgdl; /* the last one, by its own time */
} watch_person;

typedef struct {
  int64_t moments, misled, lost;
  int64_t unsafe[WATCH_KINDS];
  uint32_t faults;
} watch_arm;

typedef struct {
  t1d_therapy therapy[T1D_SUBJECT_COUNT];
  t1d_limits limits[T1D_SUBJECT_COUNT];
  t1d_insulin_model curve[T1D_SUBJECT_COUNT];
  watch_person person[T1D_SUBJECT_COUNT][WATCH_ARMS];
  watch_arm arm[WATCH_ARMS];
} watch;

/* Of a trial with one replicate. */
static inline void watch_begin(watch *w, const t1d_subject *const *subject, int32_t count)
{
  *w = (watch){0};
  for (int32_t i = 0; i < count; i++) {
    t1d_therapy_of(subject[i], &w->therapy[i]);
    t1d_limits_of(&w->therapy[i], &w->limits[i]);
    w->curve[i] =
        t1d_insulin_of(w->therapy[i].group == T1D_ADULT ? T1D_INSULIN_ADULT : T1D_INSULIN_CHILD);
    for (int32_t a = 0; a < WATCH_ARMS; a++)
      w->person[i][a].read_min = w->person[i][a].own_min = -INFINITY;
  }
}

/* Each entry is taken as given at its start; nothing is older than what acts. */
static inline double watch_on_board(const watch_person *p, const t1d_insulin_model *curve)
{
  double u = 0;
  for (int64_t k = 0; k < WATCH_GIVEN && k < p->moments; k++)
    u += p->beyond_u[(p->moments - 1 - k) % WATCH_GIVEN] *
         t1d_insulin_left(curve, 5.0 * (double)(k + 1));
  return u;
}

static inline void watch_judge(watch_arm *arm, const watch_person *p, const t1d_therapy *t,
                               const t1d_limits *l, double on_board, const t1d_moment *m)
{
  static const double eps = 1e-6, board_eps = 0.05; /* U: the account above is coarser */
  const t1d_command *c = &m->given;
  const double profile = t1d_basal_at(t, m->t_min), more = fmax(c->basal_u_per_h - profile, 0);
  const bool told = m->told_g[0] > 0 || m->told_g[1] > 0;
  const bool beyond = c->bolus_u > eps || more > eps, low = m->glucose_mgdl < 70;
  const bool reads_low = p->mgdl < 70 && fabs(m->t_min - p->own_min) <= 15;
  arm->unsafe[WATCH_NUMBER] += !(c->bolus_u >= 0 && c->bolus_u <= l->bolus_max_u + eps) ||
                               !(c->basal_u_per_h >= 0) ||
                               !(c->basal_u_per_h <= fmin(l->basal_max_u_per_h, 4 * profile) + eps);
  arm->unsafe[WATCH_BOARD] +=
      beyond && on_board + c->bolus_u + more / 12 > l->iob_max_u + board_eps;
  arm->unsafe[WATCH_LOW] +=
      low && reads_low && (c->basal_u_per_h > eps || (c->bolus_u > eps && !told));
  arm->unsafe[WATCH_BLIND] +=
      m->t_min - p->read_min > 20 && (more > eps || (c->bolus_u > eps && !told));
  arm->unsafe[WATCH_TWICE] +=
      m->told_g[1] > 0 && c->bolus_u > 1.5 * m->told_g[0] / t->cr_g_per_u + profile / 2 + eps;
  arm->misled += low && !reads_low && !told && beyond;
}

/* t1d_trial_options.listen; user: the watch. */
static inline void watch_moment(void *user, const t1d_moment *m)
{
  watch *w = user;
  watch_person *p = &w->person[m->person][m->arm];
  watch_arm *arm = &w->arm[m->arm];
  const t1d_therapy *t = &w->therapy[m->person];
  if (m->reading_mgdl >= 20 && m->reading_mgdl <= 600) {
    p->read_min = m->t_min;
    p->own_min = m->reading_min;
    p->mgdl = m->reading_mgdl;
  }
  watch_judge(arm, p, t, &w->limits[m->person], watch_on_board(p, &w->curve[m->person]), m);
  arm->moments++;
  arm->lost += m->lost;
  arm->faults |= m->faults;
  p->beyond_u[p->moments++ % WATCH_GIVEN] =
      m->delivery.bolus_u + (m->delivery.basal_u_per_h - t1d_basal_at(t, m->t_min)) / 12;
}

static inline int64_t watch_unsafe(const watch_arm *a)
{
  int64_t sum = 0;
  for (int32_t i = 0; i < WATCH_KINDS; i++) sum += a->unsafe[i];
  return sum;
}
#endif
