/* unit_table.c - the units and prefixes Gemel knows.
 *
 * Written by hand from the sources named at each group. The symbols are those of UCUM, so that
 * codes in messages and records mean the same here as elsewhere. Sources:
 *  [SI]    BIPM, The International System of Units, 9th ed. (2019)
 *  [811]   NIST Special Publication 811 (2008), appendix B: factors to SI units
 *  [44]    NIST Handbook 44, appendix C: customary units of the United States
 *  [WMA]   Weights and Measures Act 1963 and 1985 (United Kingdom): imperial units
 *  [COD]   CODATA recommended values 2018, Rev. Mod. Phys. 93 (2021) 025010
 *  [IAU]   IAU 1976 and 2012 resolutions: year, parsec, astronomical unit
 *  [IEC]   IEC 60027-3 (levels), IEC 80000-13 (information) */
#include "base/unit_internal.h"
#include <stdlib.h>
#include <string.h>
#include <threads.h>

const char *const gm__unit_base_codes[GM_UNIT_DIMS] = {"m", "s", "g", "rad", "K", "C", "cd"};

/* clang-format off */
#define METRIC GM__UNIT_METRIC
#define BASE(code, i)              {code, NULL, NULL, METRIC | GM__UNIT_BASE, i}
#define UNIT(code, value, def)     {code, value, def, 0, 0}
#define PREF(code, value, def)     {code, value, def, METRIC, 0} /* takes prefixes */
#define COUNT(code, value, def, c) {code, value, def, METRIC, c}
#define SCALE(code, value, def, s, metric) {code, value, def, GM__UNIT_SPECIAL | (metric), s}
#define ARB(code)                  {code, NULL, NULL, GM__UNIT_ARBITRARY, 0}
#define ARBPREF(code)              {code, NULL, NULL, GM__UNIT_ARBITRARY | METRIC, 0}

const gm__unit_row gm__unit_table[] = {
  UNIT("", NULL, NULL), /* row 0 is no unit: the ids of arbitrary units start at 1 */

  /* base units; charge, not current, and plane angle are base quantities in UCUM */
  BASE("m", 0), BASE("s", 1), BASE("g", 2), BASE("rad", 3), BASE("K", 4), BASE("C", 5),
  BASE("cd", 6),

  /* numbers */
  UNIT("10*", "10", "1"), UNIT("10^", "10", "1"),
  UNIT("[pi]", "3.1415926535897932384626433832795", "1"), UNIT("%", "0.01", "1"),
  UNIT("[ppth]", "0.001", "1"), UNIT("[ppm]", "0.000001", "1"), UNIT("[ppb]", "0.000000001", "1"),
  UNIT("[pptr]", "0.000000000001", "1"),

  /* [SI] units with names; the mole by the fixed Avogadro number */
  COUNT("mol", "6.02214076", "10*23", GM__COUNT_MOL), PREF("sr", "1", "rad2"),
  PREF("Hz", "1", "s-1"), PREF("N", "1", "kg.m/s2"), PREF("Pa", "1", "N/m2"), PREF("J", "1", "N.m"),
  PREF("W", "1", "J/s"), PREF("A", "1", "C/s"), PREF("V", "1", "J/C"), PREF("F", "1", "C/V"),
  PREF("Ohm", "1", "V/A"), PREF("S", "1", "A/V"), PREF("Wb", "1", "V.s"), PREF("T", "1", "Wb/m2"),
  PREF("H", "1", "Wb/A"), PREF("lm", "1", "cd.sr"), PREF("lx", "1", "lm/m2"),
  PREF("Bq", "1", "s-1"), PREF("Gy", "1", "J/kg"), PREF("Sv", "1", "J/kg"),
  PREF("kat", "1", "mol/s"),

  /* [SI] units used beside the SI; time */
  PREF("l", "1", "dm3"), PREF("L", "1", "dm3"), PREF("t", "1000", "kg"), PREF("ar", "100", "m2"),
  UNIT("min", "60", "s"), UNIT("h", "60", "min"), UNIT("d", "24", "h"), UNIT("wk", "7", "d"),
  UNIT("deg", "2", "[pi].rad/360"), UNIT("gon", "0.9", "deg"), UNIT("'", "1", "deg/60"),
  UNIT("''", "1", "'/60"), UNIT("circ", "2", "[pi].rad"), UNIT("sph", "4", "[pi].sr"),
  PREF("bar", "100000", "Pa"), UNIT("atm", "101325", "Pa"), PREF("st", "1", "m3"),
  PREF("g%", "1", "g/dl"), PREF("mho", "1", "S"),
  /* [IAU] the Julian year is the year of UCUM; tropical year 1900, Gregorian mean year, and the
   * synodical month */
  UNIT("a_j", "365.25", "d"), UNIT("a", "1", "a_j"), UNIT("a_t", "365.24219", "d"),
  UNIT("a_g", "365.2425", "d"), UNIT("mo_j", "1", "a_j/12"), UNIT("mo", "1", "mo_j"),
  UNIT("mo_s", "29.53059", "d"), UNIT("mo_g", "1", "a_g/12"), UNIT("AU", "149597.870691", "Mm"),
  PREF("pc", "30856780", "Gm"), PREF("[ly]", "1", "[c].a_j"),

  /* natural constants: [SI] exact ones, [COD] measured ones; mu_0 is the 4 pi 10^-7 N/A2 that held
   * exactly before 2019 (relative change 2e-10), and eps_0 goes with it */
  PREF("[c]", "299792458", "m/s"), PREF("[h]", "6.62607015", "10*-34.J.s"),
  PREF("[k]", "1.380649", "10*-23.J/K"), PREF("[e]", "1.602176634", "10*-19.C"),
  PREF("[mu_0]", "4", "[pi].10*-7.N/A2"), PREF("[eps_0]", "8.854187817", "10*-12.F/m"),
  PREF("[m_e]", "9.1093837015", "10*-28.g"), PREF("[m_p]", "1.67262192369", "10*-24.g"),
  PREF("[G]", "6.67430", "10*-11.m3.kg-1.s-2"), PREF("[g]", "9.80665", "m/s2"),
  PREF("eV", "1", "[e].V"), PREF("u", "1.66053906660", "10*-24.g"),

  /* [SI], [811] centimetre-gram-second units, and other older metric ones. The phot is 1 lm/cm2;
   * the UCUM definitions (2.2) have its reciprocal, 10^-4 lx, which no source supports */
  PREF("dyn", "1", "g.cm/s2"), PREF("erg", "1", "dyn.cm"), PREF("P", "1", "dyn.s/cm2"),
  PREF("St", "1", "cm2/s"), PREF("Bi", "10", "A"), PREF("Mx", "1", "10*-8.Wb"),
  PREF("G", "0.0001", "T"), PREF("Oe", "250", "A/m/[pi]"), PREF("Gb", "1", "Oe.cm"),
  PREF("sb", "1", "cd/cm2"), PREF("Lmb", "1", "cd/cm2/[pi]"), PREF("ph", "10000", "lx"),
  PREF("Ky", "1", "cm-1"), PREF("Gal", "1", "cm/s2"), PREF("gf", "1", "g.[g]"),
  UNIT("att", "1", "kgf/cm2"), UNIT("Ao", "0.1", "nm"), UNIT("b", "100", "fm2"),
  PREF("tex", "1", "g/km"), UNIT("[den]", "1", "g/(9.km)"), PREF("Ci", "37", "GBq"),
  PREF("R", "0.000258", "C/kg"), PREF("RAD", "100", "erg/g"), PREF("REM", "1", "RAD"),
  PREF("m[H2O]", "9.80665", "kPa"), PREF("m[Hg]", "133.3220", "kPa"), UNIT("[car_m]", "0.2", "g"),
  UNIT("[car_Au]", "1", "1/24"), PREF("bit", "1", "1"), PREF("By", "8", "bit"),
  PREF("Bd", "1", "s-1"), UNIT("[smoot]", "67", "[in_i]"), UNIT("[hd_i]", "4", "[in_i]"),

  /* [811] heat: calories and British thermal units by temperature or agreement */
  PREF("cal_[15]", "4.18580", "J"), PREF("cal_[20]", "4.18190", "J"), PREF("cal_m", "4.19002", "J"),
  PREF("cal_IT", "4.1868", "J"), PREF("cal_th", "4.184", "J"), PREF("cal", "1", "cal_th"),
  UNIT("[Cal]", "1", "kcal_th"), UNIT("[Btu_39]", "1.05967", "kJ"),
  UNIT("[Btu_59]", "1.05480", "kJ"), UNIT("[Btu_60]", "1.05468", "kJ"),
  UNIT("[Btu_m]", "1.05587", "kJ"), UNIT("[Btu_IT]", "1.05505585262", "kJ"),
  UNIT("[Btu_th]", "1.054350", "kJ"), UNIT("[Btu]", "1", "[Btu_th]"),
  UNIT("[HP]", "550", "[ft_i].[lbf_av]/s"), UNIT("[degR]", "5", "K/9"),

  /* [811] international yard of 1959 */
  UNIT("[in_i]", "2.54", "cm"), UNIT("[ft_i]", "12", "[in_i]"), UNIT("[yd_i]", "3", "[ft_i]"),
  UNIT("[mi_i]", "5280", "[ft_i]"), UNIT("[fth_i]", "6", "[ft_i]"), UNIT("[nmi_i]", "1852", "m"),
  UNIT("[kn_i]", "1", "[nmi_i]/h"), UNIT("[sin_i]", "1", "[in_i]2"),
  UNIT("[sft_i]", "1", "[ft_i]2"), UNIT("[syd_i]", "1", "[yd_i]2"), UNIT("[cin_i]", "1", "[in_i]3"),
  UNIT("[cft_i]", "1", "[ft_i]3"), UNIT("[cyd_i]", "1", "[yd_i]3"),
  UNIT("[bf_i]", "144", "[in_i]3"), UNIT("[cr_i]", "128", "[ft_i]3"),
  UNIT("[mil_i]", "0.001", "[in_i]"), UNIT("[cml_i]", "1", "[pi]/4.[mil_i]2"),
  UNIT("[mesh_i]", "1", "[in_i]-1"), UNIT("[in_i'H2O]", "1", "m[H2O].[in_i]/m"),
  UNIT("[in_i'Hg]", "1", "m[Hg].[in_i]/m"),

  /* [44] survey measures of the United States: the foot of 1893 is 1200/3937 m */
  UNIT("[ft_us]", "1200", "m/3937"), UNIT("[yd_us]", "3", "[ft_us]"),
  UNIT("[in_us]", "1", "[ft_us]/12"), UNIT("[rd_us]", "16.5", "[ft_us]"),
  UNIT("[ch_us]", "4", "[rd_us]"), UNIT("[lk_us]", "1", "[ch_us]/100"),
  UNIT("[rch_us]", "100", "[ft_us]"), UNIT("[rlk_us]", "1", "[rch_us]/100"),
  UNIT("[fth_us]", "6", "[ft_us]"), UNIT("[fur_us]", "40", "[rd_us]"),
  UNIT("[mi_us]", "8", "[fur_us]"), UNIT("[acr_us]", "160", "[rd_us]2"),
  UNIT("[srd_us]", "1", "[rd_us]2"), UNIT("[smi_us]", "1", "[mi_us]2"),
  UNIT("[sct]", "1", "[mi_us]2"), UNIT("[twp]", "36", "[sct]"),
  UNIT("[mil_us]", "0.001", "[in_us]"),

  /* [WMA] imperial lengths by the Imperial Standard Yard as measured in 1922 */
  UNIT("[in_br]", "2.539998", "cm"), UNIT("[ft_br]", "12", "[in_br]"),
  UNIT("[yd_br]", "3", "[ft_br]"), UNIT("[rd_br]", "16.5", "[ft_br]"),
  UNIT("[ch_br]", "4", "[rd_br]"), UNIT("[lk_br]", "1", "[ch_br]/100"),
  UNIT("[fth_br]", "6", "[ft_br]"), UNIT("[pc_br]", "2.5", "[ft_br]"),
  UNIT("[mi_br]", "5280", "[ft_br]"), UNIT("[nmi_br]", "6080", "[ft_br]"),
  UNIT("[kn_br]", "1", "[nmi_br]/h"), UNIT("[acr_br]", "4840", "[yd_br]2"),

  /* [44] liquid and dry volumes of the United States; kitchen and metric label measures */
  UNIT("[gal_us]", "231", "[in_i]3"), UNIT("[bbl_us]", "42", "[gal_us]"),
  UNIT("[qt_us]", "1", "[gal_us]/4"), UNIT("[pt_us]", "1", "[qt_us]/2"),
  UNIT("[gil_us]", "1", "[pt_us]/4"), UNIT("[foz_us]", "1", "[gil_us]/4"),
  UNIT("[fdr_us]", "1", "[foz_us]/8"), UNIT("[min_us]", "1", "[fdr_us]/60"),
  UNIT("[crd_us]", "128", "[ft_i]3"), UNIT("[bu_us]", "2150.42", "[in_i]3"),
  UNIT("[gal_wi]", "1", "[bu_us]/8"), UNIT("[pk_us]", "1", "[bu_us]/4"),
  UNIT("[dqt_us]", "1", "[pk_us]/8"), UNIT("[dpt_us]", "1", "[dqt_us]/2"),
  UNIT("[tbs_us]", "1", "[foz_us]/2"), UNIT("[tsp_us]", "1", "[tbs_us]/3"),
  UNIT("[cup_us]", "16", "[tbs_us]"), UNIT("[foz_m]", "30", "mL"), UNIT("[cup_m]", "240", "mL"),
  UNIT("[tsp_m]", "5", "mL"), UNIT("[tbs_m]", "15", "mL"),

  /* [WMA] imperial volumes */
  UNIT("[gal_br]", "4.54609", "l"), UNIT("[pk_br]", "2", "[gal_br]"),
  UNIT("[bu_br]", "4", "[pk_br]"), UNIT("[qt_br]", "1", "[gal_br]/4"),
  UNIT("[pt_br]", "1", "[qt_br]/2"), UNIT("[gil_br]", "1", "[pt_br]/4"),
  UNIT("[foz_br]", "1", "[gil_br]/5"), UNIT("[fdr_br]", "1", "[foz_br]/8"),
  UNIT("[min_br]", "1", "[fdr_br]/60"),

  /* [811] mass: avoirdupois, troy and apothecaries' systems share the grain */
  UNIT("[gr]", "64.79891", "mg"), UNIT("[lb_av]", "7000", "[gr]"),
  UNIT("[oz_av]", "1", "[lb_av]/16"), UNIT("[dr_av]", "1", "[oz_av]/16"),
  UNIT("[scwt_av]", "100", "[lb_av]"), UNIT("[lcwt_av]", "112", "[lb_av]"),
  UNIT("[ston_av]", "20", "[scwt_av]"), UNIT("[lton_av]", "20", "[lcwt_av]"),
  UNIT("[stone_av]", "14", "[lb_av]"), UNIT("[pwt_tr]", "24", "[gr]"),
  UNIT("[oz_tr]", "20", "[pwt_tr]"), UNIT("[lb_tr]", "12", "[oz_tr]"),
  UNIT("[sc_ap]", "20", "[gr]"), UNIT("[dr_ap]", "3", "[sc_ap]"), UNIT("[oz_ap]", "8", "[dr_ap]"),
  UNIT("[lb_ap]", "12", "[oz_ap]"), UNIT("[oz_m]", "28", "g"), UNIT("[lbf_av]", "1", "[lb_av].[g]"),
  UNIT("[psi]", "1", "[lbf_av]/[sin_i]"),

  /* [811] typesetting: line, point and pica of the computer, the printer, and Didot */
  UNIT("[lne]", "1", "[in_i]/12"), UNIT("[pnt]", "1", "[lne]/6"), UNIT("[pca]", "12", "[pnt]"),
  UNIT("[pnt_pr]", "0.013837", "[in_i]"), UNIT("[pca_pr]", "12", "[pnt_pr]"),
  UNIT("[pied]", "32.48", "cm"), UNIT("[pouce]", "1", "[pied]/12"),
  UNIT("[ligne]", "1", "[pouce]/12"), UNIT("[didot]", "1", "[ligne]/6"),
  UNIT("[cicero]", "12", "[didot]"),

  /* medicine. Peripheral and pulmonary resistance (Wood 1958), metabolic equivalent (Jette 1990),
   * French catheter gauge, drop of 20 to the mL, Svedberg, microscope fields (low to high: 100) */
  COUNT("osm", "1", "mol", GM__COUNT_OSM), COUNT("eq", "1", "mol", GM__COUNT_EQ),
  PREF("U", "1", "umol/min"), UNIT("[diop]", "1", "m-1"), UNIT("[Ch]", "1", "mm/3"),
  UNIT("[drp]", "1", "ml/20"), UNIT("[PRU]", "1", "mm[Hg].s/ml"),
  UNIT("[wood'U]", "1", "mm[Hg].min/L"), UNIT("[MET]", "3.5", "mL/min/kg"),
  UNIT("[S]", "1", "10*-13.s"), UNIT("[HPF]", "1", "1"), UNIT("[LPF]", "100", "1"),
  UNIT("[hnsf'U]", "1", "1"), UNIT("[NTU]", "1", "1"), UNIT("[FNU]", "1", "1"),

  /* arbitrary units: each is what its assay says, and nothing else */
  ARBPREF("[iU]"), PREF("[IU]", "1", "[iU]"), ARB("[arb'U]"), ARB("[USP'U]"), ARB("[GPL'U]"),
  ARB("[MPL'U]"), ARB("[APL'U]"), ARB("[beth'U]"), ARB("[anti'Xa'U]"), ARB("[todd'U]"),
  ARB("[smgy'U]"), UNIT("[dye'U]", "1", "[smgy'U]"), ARB("[bdsk'U]"), ARB("[ka'U]"), ARB("[knk'U]"),
  ARB("[mclg'U]"), ARB("[tb'U]"), ARB("[CCID_50]"), ARB("[TCID_50]"), ARB("[EID_50]"), ARB("[PFU]"),
  ARB("[FFU]"), ARB("[CFU]"), ARB("[IR]"), ARB("[BAU]"), ARB("[AU]"), ARB("[Amb'a'1'U]"),
  ARB("[PNU]"), ARB("[Lf]"), ARB("[D'ag'U]"), ARB("[FEU]"), ARB("[ELU]"), ARB("[EU]"),
  ARB("[hp_X]"), ARB("[hp_C]"), ARB("[hp_M]"), ARB("[hp_Q]"), ARB("[kp_X]"), ARB("[kp_C]"),
  ARB("[kp_M]"), ARB("[kp_Q]"),

  /* scales: temperature [811]; acidity (IUPAC); levels [IEC]; homeopathic potencies, which are
   * powers of ten, a hundred, a thousand and fifty thousand; grade and prism of an angle */
  SCALE("Cel", "1", "K", GM__SCALE_CELSIUS, METRIC),
  SCALE("[degF]", "5", "K/9", GM__SCALE_FAHRENHEIT, 0),
  SCALE("[degRe]", "1.25", "K", GM__SCALE_REAUMUR, 0),
  SCALE("[pH]", "1", "mol/l", GM__SCALE_MINUS_LG, 0), SCALE("Np", "1", "1", GM__SCALE_LN, METRIC),
  SCALE("B", "1", "1", GM__SCALE_LG, METRIC), SCALE("B[SPL]", "20", "uPa", GM__SCALE_2LG, METRIC),
  SCALE("B[V]", "1", "V", GM__SCALE_2LG, METRIC), SCALE("B[mV]", "1", "mV", GM__SCALE_2LG, METRIC),
  SCALE("B[uV]", "1", "uV", GM__SCALE_2LG, METRIC),
  SCALE("B[10.nV]", "10", "nV", GM__SCALE_2LG, METRIC),
  SCALE("B[W]", "1", "W", GM__SCALE_LG, METRIC), SCALE("B[kW]", "1", "kW", GM__SCALE_LG, METRIC),
  SCALE("bit_s", "1", "1", GM__SCALE_LD, 0), SCALE("[p'diop]", "1", "rad", GM__SCALE_100TAN, 0),
  SCALE("%[slope]", "1", "rad", GM__SCALE_100TAN, 0),
  SCALE("[hp'_X]", "1", "1", GM__SCALE_MINUS_LG, 0),
  SCALE("[hp'_C]", "1", "1", GM__SCALE_MINUS_LG2, 0),
  SCALE("[hp'_M]", "1", "1", GM__SCALE_MINUS_LG3, 0),
  SCALE("[hp'_Q]", "1", "1", GM__SCALE_MINUS_L50K, 0),
  SCALE("[m/s2/Hz^(1/2)]", "1", "m2/s4/Hz", GM__SCALE_SQRT, 0),
};
/* clang-format on */
#define ROWS ((int32_t)(sizeof gm__unit_table / sizeof gm__unit_table[0]))
const int32_t gm__unit_table_count = ROWS;

/* The table stands by topic, for people; the search goes through an index in order of code. */
static uint16_t index_by_code[ROWS];
static once_flag index_once = ONCE_FLAG_INIT;

static int compare_rows(const void *a, const void *b)
{
  return strcmp(gm__unit_table[*(const uint16_t *)a].code,
                gm__unit_table[*(const uint16_t *)b].code);
}

static void make_index(void)
{
  for (int32_t i = 0; i < ROWS; i++) index_by_code[i] = (uint16_t)i;
  qsort(index_by_code, ROWS, sizeof index_by_code[0], compare_rows);
}

int32_t gm__unit_find(const char *code, size_t n)
{
  if (n == 0) return -1;
  call_once(&index_once, make_index);
  int32_t low = 0, high = ROWS - 1;
  while (low <= high) {
    int32_t middle = low + (high - low) / 2, row = index_by_code[middle];
    const char *c = gm__unit_table[row].code;
    int order = strncmp(code, c, n);
    if (order == 0 && c[n] == 0) return row;
    if (order > 0)
      low = middle + 1;
    else
      high = middle - 1; /* also when code is only the beginning of c: c sorts after it */
  }
  return -1;
}

/* [SI] prefixes of UCUM, and the binary ones of [IEC]. */
static const struct {
  char text[3];
  int8_t ten, two;
} prefixes[] = {{"Ki", 0, 10}, {"Mi", 0, 20}, {"Gi", 0, 30}, {"Ti", 0, 40}, {"da", 1, 0},
                {"Y", 24, 0},  {"Z", 21, 0},  {"E", 18, 0},  {"P", 15, 0},  {"T", 12, 0},
                {"G", 9, 0},   {"M", 6, 0},   {"k", 3, 0},   {"h", 2, 0},   {"d", -1, 0},
                {"c", -2, 0},  {"m", -3, 0},  {"u", -6, 0},  {"n", -9, 0},  {"p", -12, 0},
                {"f", -15, 0}, {"a", -18, 0}, {"z", -21, 0}, {"y", -24, 0}};

bool gm__unit_split(const char *symbol, size_t n, gm__unit_symbol *out)
{
  int32_t row = gm__unit_find(symbol, n);
  if (row >= 0) {
    *out = (gm__unit_symbol){row, 0, 0};
    return true;
  }
  for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
    size_t k = strlen(prefixes[i].text);
    if (n <= k || memcmp(symbol, prefixes[i].text, k) != 0) continue;
    row = gm__unit_find(symbol + k, n - k);
    if (row < 0 || !(gm__unit_table[row].flags & GM__UNIT_METRIC)) continue;
    /* a level or temperature takes its prefix as a power of ten */
    if ((gm__unit_table[row].flags & GM__UNIT_SPECIAL) && prefixes[i].two) continue;
    *out = (gm__unit_symbol){row, prefixes[i].ten, prefixes[i].two};
    return true;
  }
  return false;
}
