/* lane_avx2.c - the lane kernels for one instruction set (see lane_vm.h). */
#define LANE_TABLE gm__lanes_avx2
#include "kinds/equations/lane_table.h"
