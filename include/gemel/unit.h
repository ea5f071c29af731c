/* unit.h - units of measure by their UCUM codes: reading, dimension, algebra, conversion.
 *
 * Codes are the case-sensitive ones of the Unified Code for Units of Measure (https://ucum.org,
 * version 2.x): "mg/dL", "mm[Hg]", "10*3/uL", "Cel", "{beats}/min". What to know about them:
 *  - "/" and "." are read from left to right: "L/h.kg" is L.kg/h, "L/h/kg" is L per h and kg,
 *    and a "/" at the beginning inverts what stands next to it.
 *  - an annotation in braces has no meaning for arithmetic: "g{creat}" is g.
 *  - "[IU]", "[arb'U]" and other arbitrary units convert to nothing but themselves; "U" is the
 *    enzyme unit umol/min.
 *  - mol, eq and osm are numbers of things, without dimension, so mmol/L converts to /L; and eq and
 *    osm are 1 mol in UCUM, although an ion of valence 2 has 2 eq to the mol. Dimensions are
 *    compared as UCUM does; values are not converted so: 4.8 meq/L of Ca2+ are 2.4 mmol/L, and
 *    between eq, osm and anything else every conversion here fails with GM_EUNIT.
 *  - "pH" is a picohenry (acidity is "[pH]"); "a" is the Julian year, "mo" a twelfth of it.
 *  - Cel, [degF], [pH], dB and the like are points on a scale. They stand alone: a product with
 *    them is refused; a difference of temperatures is written in K.
 *
 * A gm_unit is a plain value: no function here allocates, all may run in any number of threads. */
#ifndef GEMEL_UNIT_H
#define GEMEL_UNIT_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define GM_UNIT_DIMS          7   /* m s g rad K C cd: the base units of UCUM, in this order   */
#define GM_UNIT_ARBITRARY_MAX 4   /* different arbitrary units in one unit                     */
#define GM_UNIT_CODE_BYTES    256 /* longest code read or written, with its NUL                */
#define GM_UNIT_TEXT_BYTES    160 /* enough for gm_unit_dimension_text                         */

/* One unit. Made by gm_unit_one or a function below, never by hand; the ids of arbitrary units
 * hold within one run of the program and are not for storing. */
typedef struct {
  double factor;                 /* one of this unit in base units; of the reference if special */
  double mantissa, mantissa_low; /* the same to twice the digits: (mantissa + low) 10^ten       */
  int32_t ten;
  int8_t dim[GM_UNIT_DIMS]; /* powers of the base units                                     */
  int8_t amount;            /* power of mol, with eq and osm counted as mol                 */
  int8_t equivalent;        /* power of eq                                                  */
  int8_t osmole;            /* power of osm                                                 */
  uint8_t special;          /* which scale (Cel, [pH], ...); 0: proportional                */
  int8_t special_ten;       /* prefix of a special unit: -1 for dB                          */
  struct {
    uint16_t id; /* 0: free; used ones come first, by rising id */
    int16_t power;
  } arbitrary[GM_UNIT_ARBITRARY_MAX];
} gm_unit;

/* The unit 1. */
GM_API gm_unit gm_unit_one(void);

/* Reads a UCUM code. The empty text is refused (a missing unit is never a 1). The message names the
 * column and what was expected. Fails: GM_EINVAL (code NULL), GM_EPARSE (not a UCUM code),
 * GM_ERANGE (too long, nested too deep, an exponent or factor out of range), GM_EUNIT (product with
 * a special unit), GM_EUNSUPPORTED (more than GM_UNIT_ARBITRARY_MAX arbitrary units). */
GM_API GM_NODISCARD gm_status gm_unit_parse(gm_ctx *ctx, const char *code, gm_unit *out);

/* Reads everyday spellings and UCUM codes alike: "mcg", "mmHg", "ug·h/L", "m^2", "hours", "IU/mL",
 * "mM", "×10⁹/L", "mL/min/1.73 m²". A word that is a UCUM symbol means what UCUM says, with two
 * exceptions: "pH" is acidity and "ft" the foot. Ambiguous words ("unit", "gr") are refused.
 * code_out: NULL or room for GM_UNIT_CODE_BYTES; receives the UCUM code that was understood.
 * Fails as gm_unit_parse. */
GM_API GM_NODISCARD gm_status gm_unit_parse_friendly(gm_ctx *ctx, const char *text, gm_unit *out,
                                                     char *code_out);

/* Whether values convert in the sense of UCUM: same powers of base and arbitrary units. */
GM_API bool gm_unit_same_dimension(const gm_unit *a, const gm_unit *b);
/* The same, and the same power of mol: what may be added in an equation (mmol/L and /L may not). */
GM_API bool gm_unit_same_kind(const gm_unit *a, const gm_unit *b);
/* Same kind (eq and osm apart from mol), same scale, and the same size to 4 ulp: a value in a needs
 * no change to be in b. */
GM_API bool gm_unit_equal(const gm_unit *a, const gm_unit *b);
/* A pure number of whatever size (1, %, 10*3, g/g): no base or arbitrary unit, no mol, no scale. */
GM_API bool gm_unit_is_dimensionless(const gm_unit *a);

/* Algebra; out may be a or b. Fails: GM_EUNIT (a special unit, unless the other one is 1),
 * GM_ERANGE (power beyond -128..127, or size beyond the doubles), GM_EUNSUPPORTED (as parse). */
GM_API GM_NODISCARD gm_status gm_unit_multiply(gm_ctx *ctx, const gm_unit *a, const gm_unit *b,
                                               gm_unit *out);
GM_API GM_NODISCARD gm_status gm_unit_divide(gm_ctx *ctx, const gm_unit *a, const gm_unit *b,
                                             gm_unit *out);
GM_API GM_NODISCARD gm_status gm_unit_power(gm_ctx *ctx, const gm_unit *a, int32_t n, gm_unit *out);
/* The n-th root, 1 <= n <= 127. Also fails with GM_EUNIT when a power is not a multiple of n. */
GM_API GM_NODISCARD gm_status gm_unit_root(gm_ctx *ctx, const gm_unit *a, int32_t n, gm_unit *out);
GM_API GM_NODISCARD gm_status gm_unit_sqrt(gm_ctx *ctx, const gm_unit *a, gm_unit *out);

/* How many `to` one `from` is, correct to 1 ulp. Fails: GM_EUNIT when the dimensions differ,
 * one is of eq or osm and the other is not, or either is special (then there is no such number),
 * GM_ERANGE. */
GM_API GM_NODISCARD gm_status gm_unit_factor(gm_ctx *ctx, const gm_unit *from, const gm_unit *to,
                                             double *out);

/* Converts a value. Proportional units and temperatures are right to 1 ulp; logarithmic scales as
 * far as exp and log of libm are. Fails: GM_EUNIT (dimensions differ; the message gives both, and
 * says so when it would take a molar mass; eq or osm against mol or a number), GM_EDOMAIN (value
 * not finite; below absolute zero; the logarithm of what is not positive), GM_ERANGE (result beyond
 * the doubles). */
GM_API GM_NODISCARD gm_status gm_unit_convert(gm_ctx *ctx, const gm_unit *from, const gm_unit *to,
                                              double value, double *out);

/* Converts as above, and also between mass and amount of one substance (mg/dL to mmol/L) by its
 * molar mass in g/mol. Where mass and mol do not change, the molar mass is not looked at. Fails as
 * gm_unit_convert, and with GM_EUNIT when the molar mass is needed but is not a positive finite
 * number (0 and NaN say "not known"). */
GM_API GM_NODISCARD gm_status gm_unit_convert_substance(gm_ctx *ctx, const gm_unit *from,
                                                        const gm_unit *to,
                                                        double molar_mass_g_per_mol, double value,
                                                        double *out);

/* Writes the dimension for people ("mol.m-3", "[iU].s-1", "1"), cut to bytes - 1. Returns text. */
GM_API const char *gm_unit_dimension_text(const gm_unit *a, char *text, size_t bytes);

#ifdef __cplusplus
}
#endif
#endif
