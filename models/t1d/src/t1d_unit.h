/* t1d_unit.h - the two units of glucose, for all of this model's code. */
#ifndef T1D_UNIT_H
#define T1D_UNIT_H

#define T1D_MGDL_PER_MMOL_L 18.0156 /* glucose, 180.156 g/mol */
/* The highest number of a glucose in mmol/L: 600 mg/dL, where meters end, are 33.3. In mg/dL no
 * sensor says so little. */
#define T1D_MMOL_L_MOST 33.4

#endif
