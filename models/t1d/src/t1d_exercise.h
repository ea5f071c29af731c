/* t1d_exercise.h - what the heart rate does to glucose: the handles `moving` and `moved` of
 * s2008.ant. Equations and numbers as s2013.ant has them: J. Deichmann and others, Front.
 * Endocrinol. 12:723812 (2021), after M. Breton, J. Diabetes Sci. Technol. 2:169 (2008). Times in
 * min, heart rates per min. Threads: plain data. */
#ifndef T1D_EXERCISE_H
#define T1D_EXERCISE_H
#include <stdbool.h>

enum { T1D_HEART_RATE_LEAST = 20, T1D_HEART_RATE_MOST = 250 }; /* beyond: no reading */

typedef struct {
  double t_min, rest; /* heart rate at rest */
  double active_min;  /* when it was last clearly above rest */
  double y, z, beats; /* smoothed beats above rest; of the long effect, in [0, 1]; of the session */
} t1d_exercise;

/* At rest from t_min on. */
void t1d_exercise_begin(t1d_exercise *e, double t_min, double rest);
/* To t_min with one heart rate on the way. Less than 20 above rest is rest (ours: daily life is no
 * session; s2013.ant counts every beat). A session that begins an hour or more after the one before
 * begins anew in what it leaves behind. */
void t1d_exercise_go(t1d_exercise *e, double t_min, double heart_rate);
bool t1d_exercise_is(const t1d_exercise *e, double heart_rate); /* is it above rest by so much? */
/* Share of plasma glucose that muscle takes without more insulin, 1/min; how much more is taken
 * with insulin, against 1. */
double t1d_exercise_move(const t1d_exercise *e);
double t1d_exercise_after(const t1d_exercise *e);
#endif
