/* lane_scalar.c - the lane kernels for one instruction set (see lane_vm.h). */
#define LANE_TABLE gm__lanes_scalar
#include "kinds/equations/lane_table.h"
