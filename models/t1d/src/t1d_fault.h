/* t1d_fault.h - what goes wrong in a loop of sensor, person and pump, scripted by name and time.
 * Times in min, glucose in mg/dL. A script is plain data without pointers, copied by assignment. It
 * changes readings itself; what it does to meals and the pump the runner asks for.
 * Threads: one call at a time on one script. */
#ifndef T1D_FAULT_H
#define T1D_FAULT_H
#include "t1d_meals.h"
#include "t1d_sensor.h"

/* What `size` means stands behind the name. A fault holds from start_min on and before end_min. */
typedef enum {
  T1D_FAULT_STUCK_LOW,   /* every reading is size */
  T1D_FAULT_STUCK_HIGH,  /* every reading is size */
  T1D_FAULT_COMPRESSION, /* someone lies on the sensor: a dip of size at its deepest, fast down,
                            fast back after the end */
  T1D_FAULT_DROPOUT,     /* no readings */
  T1D_FAULT_SAWTOOTH,    /* a sawtooth of 15 min is added; size from its lowest to its highest */
  T1D_FAULT_FLAT,        /* the last reading from before goes on */
  T1D_FAULT_JUMP,        /* size is added (it may be negative) */
  T1D_FAULT_MMOL,        /* the number is that of mmol/L, taken for mg/dL */
  T1D_FAULT_CLOCK,       /* time stamps are size min late (< 0: early) */
  T1D_FAULT_DOUBLE_MEAL, /* meals eaten meanwhile are announced twice */
  T1D_FAULT_NOT_EATEN,   /* they are announced and not eaten */
  T1D_FAULT_MISSED,      /* they are eaten and not announced */
  T1D_FAULT_OCCLUSION,   /* the infusion set is blocked */
  T1D_FAULT_KINDS
} t1d_fault_kind;
#define T1D_FAULT_BIT(kind) (UINT32_C(1) << (kind))
#define T1D_FAULT_ALL       (T1D_FAULT_BIT(T1D_FAULT_KINDS) - 1)

const char *t1d_fault_name(t1d_fault_kind kind); /* "stuck-low"; static text; NULL: no such kind */
/* Fails: GM_ENOTFOUND. */
GM_NODISCARD gm_status t1d_fault_find(gm_ctx *ctx, const char *name, t1d_fault_kind *out);

typedef enum { T1D_FAULT_MILD, T1D_FAULT_MODERATE, T1D_FAULT_SEVERE, T1D_FAULT_DRAWN } t1d_severity;

typedef struct {
  t1d_fault_kind kind;
  double start_min, end_min, size;
} t1d_fault;

/* The fault of a kind and severity (table in t1d_fault.c) from start_min on. DRAWN: as MODERATE. */
t1d_fault t1d_fault_make(t1d_fault_kind kind, t1d_severity severity, double start_min);

enum { T1D_FAULTS_MAX = 128 };
typedef struct {
  t1d_fault fault[T1D_FAULTS_MAX];
  int32_t count;
  double low_mgdl, high_mgdl; /* what the sensor can show; 40 and 400 */
  double held_mgdl;           /* last reading let through while none was flat; NaN: none */
} t1d_fault_script;
t1d_fault_script t1d_fault_none(void); /* an empty script */
/* Fails: GM_EINVAL (kind), GM_EDOMAIN (times or size not finite, end before start), GM_EFULL. */
GM_NODISCARD gm_status t1d_fault_add(gm_ctx *ctx, t1d_fault_script *s, t1d_fault fault);

/* ---- at run time ----------------------------------------------------------------------------- */
/* Kinds that hold at t_min: T1D_FAULT_BIT of each. The runner asks for OCCLUSION. */
uint32_t t1d_fault_active(const t1d_fault_script *s, double t_min);

/* A reading at its true time becomes what the loop is told: value, flags, and under CLOCK the time.
 * Readings come in order of true time (FLAT repeats an earlier one). A missing one stays missing.
 * What the sensor cannot show is cut to its range and flagged, but for MMOL. */
t1d_sample t1d_fault_reading(t1d_fault_script *s, t1d_sample reading);

/* What becomes of a meal, by the time it is eaten; changes *meal and returns how often it is
 * announced: 0, 1, 2. */
int32_t t1d_fault_meal(const t1d_fault_script *s, t1d_meal *meal);

/* ---- random scripts -------------------------------------------------------------------------- */
typedef struct {
  uint64_t seed, subject;
  uint32_t kinds;        /* T1D_FAULT_BIT of those that may come */
  double per_day;        /* of each kind, expected; at most 2 */
  t1d_severity severity; /* DRAWN: size and length by published laws where there are any, else one
                            of the three */
} t1d_fault_law;

/* One fault: number `index` of its kind in the law, beginning at a minute of [t0_min, t1_min). A
 * pure function of its arguments. */
t1d_fault t1d_fault_draw(const t1d_fault_law *law, t1d_fault_kind kind, int64_t index,
                         double t0_min, double t1_min);

/* Adds the faults that begin on a day (1440 min from day * 1440 on): of each kind a Poisson number.
 * Faults that ended a day before it or earlier are forgotten, so that a run of any length goes on
 * with one script (a meal may be announced half a day after it was eaten). What happens before its
 * day is added meets none of its faults. What is added is a pure function of law and day.
 * Fails: GM_EDOMAIN (law), GM_EFULL; the script is as it was. */
GM_NODISCARD gm_status t1d_fault_add_day(gm_ctx *ctx, t1d_fault_script *s, const t1d_fault_law *law,
                                         int64_t day);
#endif
