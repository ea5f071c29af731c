/* field_avx512.c - the step of a field and its total, compiled for one instruction set. */
#include "kinds/agents/field_kernel.h"

static void step(double *f, const agents_spread *s, double *scratch) { field_step(f, s, scratch); }
static double total(const double *x, int64_t n) { return field_total(x, n); }

const agents_kernel agents_kernel_avx512 = {step, total};
