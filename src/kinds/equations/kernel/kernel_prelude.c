/* kernel_prelude.c - the operators of lane_vm.h as C macros for one instruction set.
 *
 * V is as wide as the processor's registers, eight lanes are PARTS of it. The vector operations
 * that have no operator in C are taken from gcc's builtins (reading immintrin.h costs a tenth of
 * a second for every kernel), elsewhere from immintrin.h. x86 min and max are exactly "a < b ? a
 * : b" and "a > b ? a : b", also for NaN and signed zeros; the comparisons are those of C. */
#include "base/math_list.h"
#include "kinds/equations/kernel/kernel_parts.h"

static const char common[] = "#define NEG(a) (-(a))\n"
                             "#define ADD(a,b) ((a)+(b))\n"
                             "#define SUB(a,b) ((a)-(b))\n"
                             "#define MUL(a,b) ((a)*(b))\n"
                             "#define DIV(a,b) ((a)/(b))\n"
                             "#define MSUB(a,b,c) MADD(a,b,-(c))\n"
                             "#define NMADD(a,b,c) MADD(-(a),b,c)\n"
                             "#define R(i) r[(i)*PARTS]\n"
                             "#define D(i) ((double*)(r+(i)*PARTS))\n"
                             "#define BLOCK static __attribute__((noinline))\n"
                             "#pragma STDC FP_CONTRACT OFF\n";

/* One NaN as the result, like the table's square root (GM_NAN_BITS). */
static const char wide512[] =
    "typedef double V __attribute__((vector_size(64)));\n"
    "typedef long long I __attribute__((vector_size(64)));\n"
    "typedef unsigned char K;\n"
    "#define PARTS 1\n"
    "#define RUN(b) b(r)\n"
    "#define ALL(x) {x,x,x,x,x,x,x,x}\n"
    "static inline V one(void){return (V)ALL(1.0);}\n"
    "static inline V zero(void){return (V)ALL(0.0);}\n"
    "static inline V nan_of(void){return (V)(I)ALL(0x7ff8000000000000);}\n"
    "#if defined(__GNUC__)&&!defined(__clang__)\n"
    "#define MADD(a,b,c) ((V)__builtin_ia32_vfmaddpd512_mask(a,b,c,(K)-1,4))\n"
    "#define MIN(a,b) ((V)__builtin_ia32_minpd512_mask(a,b,zero(),(K)-1,4))\n"
    "#define MAX(a,b) ((V)__builtin_ia32_maxpd512_mask(a,b,zero(),(K)-1,4))\n"
    "#define CMP(a,b,p) ((K)__builtin_ia32_cmppd512_mask(a,b,p,(K)-1,4))\n"
    "#define SELECT(k,a,b) ((V)__builtin_ia32_blendmpd_512_mask(b,a,k))\n"
    "#define ROUND(a,p) ((V)__builtin_ia32_rndscalepd_mask(a,p,zero(),(K)-1,4))\n"
    "#define ROOT(a) ((V)__builtin_ia32_sqrtpd512_mask(a,zero(),(K)-1,4))\n"
    "#else\n"
    "#include <immintrin.h>\n"
    "#define MADD(a,b,c) ((V)_mm512_fmadd_pd(a,b,c))\n"
    "#define MIN(a,b) ((V)_mm512_min_pd(a,b))\n"
    "#define MAX(a,b) ((V)_mm512_max_pd(a,b))\n"
    "#define CMP(a,b,p) ((K)_mm512_cmp_pd_mask(a,b,p))\n"
    "#define SELECT(k,a,b) ((V)_mm512_mask_blend_pd(k,b,a))\n"
    "#define ROUND(a,p) ((V)_mm512_roundscale_pd(a,p))\n"
    "#define ROOT(a) ((V)_mm512_sqrt_pd(a))\n"
    "#endif\n"
    "#define AND(k,l) ((K)((k)&(l)))\n"
    "#define OR(k,l) ((K)((k)|(l)))\n"
    "#define NOT(k) ((K)~(k))\n"
    "#define ABS(a) ((V)((I)(a)&(I)ALL(0x7fffffffffffffff)))\n";

static const char wide256[] =
    "typedef double V __attribute__((vector_size(32)));\n"
    "typedef long long I __attribute__((vector_size(32)));\n"
    "typedef I K;\n"
    "#define PARTS 2\n"
    "#define RUN(b) b(r),b(r+1)\n"
    "#define ALL(x) {x,x,x,x}\n"
    "static inline V one(void){return (V)ALL(1.0);}\n"
    "static inline V zero(void){return (V)ALL(0.0);}\n"
    "static inline V nan_of(void){return (V)(I)ALL(0x7ff8000000000000);}\n"
    "#if defined(__GNUC__)&&!defined(__clang__)\n"
    "#define MADD(a,b,c) ((V)__builtin_ia32_vfmaddpd256(a,b,c))\n"
    "#define MIN(a,b) ((V)__builtin_ia32_minpd256(a,b))\n"
    "#define MAX(a,b) ((V)__builtin_ia32_maxpd256(a,b))\n"
    "#define CMP(a,b,p) ((K)__builtin_ia32_cmppd256(a,b,p))\n"
    "#define SELECT(k,a,b) ((V)__builtin_ia32_blendvpd256(b,a,(V)(k)))\n"
    "#define ROUND(a,p) ((V)__builtin_ia32_roundpd256(a,p))\n"
    "#define ROOT(a) ((V)__builtin_ia32_sqrtpd256(a))\n"
    "#else\n"
    "#include <immintrin.h>\n"
    "#define MADD(a,b,c) ((V)_mm256_fmadd_pd(a,b,c))\n"
    "#define MIN(a,b) ((V)_mm256_min_pd(a,b))\n"
    "#define MAX(a,b) ((V)_mm256_max_pd(a,b))\n"
    "#define CMP(a,b,p) ((K)_mm256_cmp_pd(a,b,p))\n"
    "#define SELECT(k,a,b) ((V)_mm256_blendv_pd(b,a,(V)(k)))\n"
    "#define ROUND(a,p) ((V)_mm256_round_pd(a,p))\n"
    "#define ROOT(a) ((V)_mm256_sqrt_pd(a))\n"
    "#endif\n"
    "#define AND(k,l) ((k)&(l))\n"
    "#define OR(k,l) ((k)|(l))\n"
    "#define NOT(k) (~(k))\n"
    "#define ABS(a) ((V)((I)(a)&(I)ALL(0x7fffffffffffffff)))\n";

/* Predicates: LT_OS 1, LE_OS 2, EQ_OQ 0, NEQ_UQ 4; roundings: floor 9, ceil 10, quiet. */
static const char wide[] =
    "#define LT(a,b) CMP(a,b,1)\n"
    "#define LE(a,b) CMP(a,b,2)\n"
    "#define EQ(a,b) CMP(a,b,0)\n"
    "#define NE(a,b) CMP(a,b,4)\n"
    "#define IS(a) CMP(a,zero(),4)\n"
    "#define TRUTH(k) SELECT(k,one(),zero())\n"
    "#define FLOOR(a) ROUND(a,9)\n"
    "#define CEIL(a) ROUND(a,10)\n"
    "static inline V SQRT(V a){V s=ROOT(a);return SELECT(NE(s,s),nan_of(),s);}\n";

static const char single[] =
    "typedef double V;\n"
    "typedef int K;\n"
    "#define PARTS 8\n"
    "#define RUN(b) for(int l=0;l<8;l++)b(r+l)\n"
    "#define MADD(a,b,c) __builtin_fma(a,b,c)\n"
    "static inline V MIN(V a,V b){return a<b?a:b;}\n"
    "static inline V MAX(V a,V b){return a>b?a:b;}\n"
    "#define SELECT(k,a,b) ((k)?(a):(b))\n"
    "#define LT(a,b) ((a)<(b))\n"
    "#define LE(a,b) ((a)<=(b))\n"
    "#define EQ(a,b) ((a)==(b))\n"
    "#define NE(a,b) ((a)!=(b))\n"
    "#define IS(a) ((a)!=0.0)\n"
    "#define AND(k,l) ((k)&(l))\n"
    "#define OR(k,l) ((k)|(l))\n"
    "#define NOT(k) (!(k))\n"
    "#define TRUTH(k) ((k)?1.0:0.0)\n"
    "#define ABS(a) __builtin_fabs(a)\n"
    "#define FLOOR(a) __builtin_floor(a)\n"
    "#define CEIL(a) __builtin_ceil(a)\n"
    "static inline V SQRT(V a){V s=__builtin_sqrt(a);return s!=s?__builtin_nan(\"\"):s;}\n";

void kernel__prelude(gm_text *t, gm_isa isa)
{
  gm_text_addf(t, "/* made by gemel " GEMEL_VERSION " for %s */\n", gm__isa_name(isa));
  gm_text_add(t, "typedef struct{\n");
#define GM_X(name, sleef, bound) gm_text_add(t, "void(*" #name ")(const double*,double*);\n");
  GM__MATH_UNARY(GM_X)
#undef GM_X
#define GM_X(name, sleef, bound)                                                                   \
  gm_text_add(t, "void(*" #name ")(const double*,const double*,double*);\n");
  GM__MATH_BINARY(GM_X)
#undef GM_X
  gm_text_add(t, "void(*sqrt)(const double*,double*);\n}F;\n");
  switch (isa) {
  case GM_ISA_AVX512: gm_text_add(t, wide512); break;
  case GM_ISA_AVX2: gm_text_add(t, wide256); break;
  case GM_ISA_SCALAR: gm_text_add(t, single); break;
  }
  if (isa != GM_ISA_SCALAR) gm_text_add(t, wide);
  gm_text_add(t, common);
}
