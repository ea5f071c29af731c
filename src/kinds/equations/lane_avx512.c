/* lane_avx512.c - the lane kernels for one instruction set (see lane_vm.h). */
#define LANE_TABLE gm__lanes_avx512
#include "kinds/equations/lane_table.h"
