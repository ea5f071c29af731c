/* isa.h - which instruction set the kernels run on.
 * All give the same bytes (docs/decisions/0002-bits.md); only speed differs. */
#ifndef GEMEL_BASE_ISA_H
#define GEMEL_BASE_ISA_H
#include <stdbool.h>

typedef enum { GM_ISA_SCALAR, GM_ISA_AVX2, GM_ISA_AVX512 } gm_isa;

bool gm__isa_supported(void); /* x86-64-v3: AVX2, FMA, BMI2 */
/* The widest this processor has, or a narrower one named in GEMEL_ISA (scalar, avx2, avx512). */
gm_isa gm__isa(void);
const char *gm__isa_name(gm_isa isa);
#endif
