/* t1d_verbs.h - the verbs of `gemel t1d`. Each is run by one thread. */
#ifndef T1D_VERBS_H
#define T1D_VERBS_H
#include "gemel/program.h"

enum { T1D_FILES_MORE = 63 }; /* of one person, besides the first */
extern const gm_verb t1d_verb_replay, t1d_verb_profile, t1d_verb_trial;
#endif
