/* bachmann.c - JAK2-STAT5 signalling in C (sources: models/bachmann.ant). */
#include "problem.h"

#define PARAMETERS(X)                                                                              \
  X(CISEqc)                                                                                        \
  X(CISEqcOE)                                                                                      \
  X(CISInh)                                                                                        \
  X(CISRNADelay)                                                                                   \
  X(CISRNAEqc)                                                                                     \
  X(CISRNATurn)                                                                                    \
  X(CISTurn)                                                                                       \
  X(EpoRActJAK2)                                                                                   \
  X(EpoRCISInh)                                                                                    \
  X(EpoRCISRemove)                                                                                 \
  X(JAK2ActEpo)                                                                                    \
  X(JAK2EpoRDeaSHP1)                                                                               \
  X(SHP1ActEpoR)                                                                                   \
  X(SHP1Dea)                                                                                       \
  X(SHP1ProOE)                                                                                     \
  X(SOCS3Eqc)                                                                                      \
  X(SOCS3EqcOE)                                                                                    \
  X(SOCS3Inh)                                                                                      \
  X(SOCS3RNADelay)                                                                                 \
  X(SOCS3RNAEqc)                                                                                   \
  X(SOCS3RNATurn)                                                                                  \
  X(SOCS3Turn)                                                                                     \
  X(STAT5ActEpoR)                                                                                  \
  X(STAT5ActJAK2)                                                                                  \
  X(STAT5Exp)                                                                                      \
  X(STAT5Imp)                                                                                      \
  X(init_EpoRJAK2)                                                                                 \
  X(init_SHP1)                                                                                     \
  X(init_STAT5)                                                                                    \
  X(Epo)                                                                                           \
  X(ActD)                                                                                          \
  X(CISoe)                                                                                         \
  X(SOCS3oe)                                                                                       \
  X(init_SHP1_multiplier)                                                                          \
  X(cyt)                                                                                           \
  X(nuc)

#define STATES(X)                                                                                  \
  X(EpoRJAK2)                                                                                      \
  X(EpoRpJAK2)                                                                                     \
  X(p1EpoRpJAK2)                                                                                   \
  X(p2EpoRpJAK2)                                                                                   \
  X(p12EpoRpJAK2)                                                                                  \
  X(EpoRJAK2_CIS)                                                                                  \
  X(SHP1)                                                                                          \
  X(SHP1Act)                                                                                       \
  X(STAT5)                                                                                         \
  X(pSTAT5)                                                                                        \
  X(npSTAT5)                                                                                       \
  X(CISnRNA1)                                                                                      \
  X(CISnRNA2)                                                                                      \
  X(CISnRNA3)                                                                                      \
  X(CISnRNA4)                                                                                      \
  X(CISnRNA5)                                                                                      \
  X(CISRNA)                                                                                        \
  X(CIS)                                                                                           \
  X(SOCS3nRNA1)                                                                                    \
  X(SOCS3nRNA2)                                                                                    \
  X(SOCS3nRNA3)                                                                                    \
  X(SOCS3nRNA4)                                                                                    \
  X(SOCS3nRNA5)                                                                                    \
  X(SOCS3RNA)                                                                                      \
  X(SOCS3)

#define NUMBER(name) P_##name,
enum { PARAMETERS(NUMBER) NP };
#undef NUMBER
#define NUMBER(name) S_##name,
enum { STATES(NUMBER) NX };
#undef NUMBER
#define NAME(name) #name,
static const char *const parameter[NP] = {PARAMETERS(NAME)};
#undef NAME
#define OUTPUT(state) {.name = #state, .expression = #state},
static const gm_eq_output output[NX] = {STATES(OUTPUT)};
#undef OUTPUT
#define P(name) p[P_##name]
#define S(name) x[S_##name]
#define D(name) dx[S_##name]

/* The 29 fitted values and Epo vary; what was done to the cells and their volumes do not. */
static void patient(gm_key key, int32_t number, double *theta, course *c)
{
  int32_t vary[P_Epo + 1];
  for (int32_t i = 0; i <= P_Epo; i++) vary[i] = i;
  bench_vary(key, number, theta, vary, P_Epo + 1, 0.2);
  c->event_count = c->change_count = 0;
}

static void initial(const double *p, double *x)
{
  for (int i = 0; i < NX; i++) x[i] = 0;
  S(EpoRJAK2) = P(init_EpoRJAK2);
  S(EpoRJAK2_CIS) = P(CISoe);
  S(SHP1) = P(init_SHP1) * (1 + P(SHP1ProOE) * P(init_SHP1_multiplier));
  S(STAT5) = P(init_STAT5);
  S(CIS) = P(CISoe) * P(CISEqc) * P(CISEqcOE);
  S(SOCS3) = P(SOCS3oe) * P(SOCS3Eqc) * P(SOCS3EqcOE);
}

/* ---- receptor -------------------------------------------------------------------------------- */
static void receptor(const double *p, const double *x, double *dx)
{
  double by_socs3 = 1 + P(SOCS3Inh) * S(SOCS3) / P(SOCS3Eqc);
  double act = P(EpoRActJAK2) / by_socs3;
  double act3 = 3 * act / (1 + P(EpoRCISInh) * S(EpoRJAK2_CIS));
  double off = P(JAK2EpoRDeaSHP1) * S(SHP1Act) / P(init_SHP1);
  double sites = S(p1EpoRpJAK2) + S(p12EpoRpJAK2);
  double active = S(EpoRpJAK2) + S(p2EpoRpJAK2) + sites;
  double bind = P(JAK2ActEpo) * P(Epo) * S(EpoRJAK2) / by_socs3;
  double to1 = act * S(EpoRpJAK2), to2 = act3 * S(EpoRpJAK2);
  double from1 = act3 * S(p1EpoRpJAK2), from2 = act * S(p2EpoRpJAK2);
  D(EpoRJAK2) = off * active - bind;
  D(EpoRpJAK2) = bind - to1 - to2 - off * S(EpoRpJAK2);
  D(p1EpoRpJAK2) = to1 - from1 - off * S(p1EpoRpJAK2);
  D(p2EpoRpJAK2) = to2 - from2 - off * S(p2EpoRpJAK2);
  D(p12EpoRpJAK2) = from1 + from2 - off * S(p12EpoRpJAK2);
  D(EpoRJAK2_CIS) = -P(EpoRCISRemove) * S(EpoRJAK2_CIS) * sites / P(init_EpoRJAK2);
  D(SHP1Act) = P(SHP1ActEpoR) * S(SHP1) * active / P(init_EpoRJAK2) - P(SHP1Dea) * S(SHP1Act);
  D(SHP1) = -D(SHP1Act);

  double r = sites / P(init_EpoRJAK2), by_cis = 1 + P(CISInh) * S(CIS) / P(CISEqc);
  double phos = S(STAT5) / by_socs3 *
                (P(STAT5ActJAK2) * active / P(init_EpoRJAK2) + P(STAT5ActEpoR) * r * r / by_cis);
  double in = P(STAT5Imp) * S(pSTAT5), out = P(STAT5Exp) * S(npSTAT5);
  D(STAT5) = P(nuc) / P(cyt) * out - phos;
  D(pSTAT5) = phos - in;
  D(npSTAT5) = P(cyt) / P(nuc) * in - out;
}

static void rates(const double *p, const double *x, double *dx)
{
  receptor(p, x, dx);
  double script = P(ActD) * S(npSTAT5) / P(init_STAT5), k = P(CISRNADelay);
  D(CISnRNA1) = P(CISRNAEqc) * P(CISRNATurn) * script - k * S(CISnRNA1);
  for (int i = S_CISnRNA2; i <= S_CISnRNA5; i++) dx[i] = k * (x[i - 1] - x[i]);
  D(CISRNA) = P(nuc) / P(cyt) * k * S(CISnRNA5) - P(CISRNATurn) * S(CISRNA);
  D(CIS) = P(CISTurn) *
           (P(CISEqc) * S(CISRNA) / P(CISRNAEqc) + P(CISoe) * P(CISEqcOE) * P(CISEqc) - S(CIS));
  k = P(SOCS3RNADelay);
  D(SOCS3nRNA1) = P(SOCS3RNAEqc) * P(SOCS3RNATurn) * script - k * S(SOCS3nRNA1);
  for (int i = S_SOCS3nRNA2; i <= S_SOCS3nRNA5; i++) dx[i] = k * (x[i - 1] - x[i]);
  D(SOCS3RNA) = P(nuc) / P(cyt) * k * S(SOCS3nRNA5) - P(SOCS3RNATurn) * S(SOCS3RNA);
  D(SOCS3) = P(SOCS3Turn) * (P(SOCS3Eqc) * S(SOCS3RNA) / P(SOCS3RNAEqc) +
                             P(SOCS3oe) * P(SOCS3EqcOE) * P(SOCS3Eqc) - S(SOCS3));
}

/* ---- Jacobian: what flows from one state to another, by the state it depends on -------------- */
static void flow(double *a, int from, int to, int by, double slope)
{
  a[from + NX * by] -= slope;
  a[to + NX * by] += slope;
}

static void receptor_jacobian(const double *p, const double *x, double *a)
{
  double inh = P(SOCS3Inh) / P(SOCS3Eqc), by_socs3 = 1 + inh * S(SOCS3), fall = -inh / by_socs3;
  double by_cis = 1 + P(EpoRCISInh) * S(EpoRJAK2_CIS), cis = P(EpoRCISInh) / by_cis;
  double act = P(EpoRActJAK2) / by_socs3, act3 = 3 * act / by_cis;
  double bind = P(JAK2ActEpo) * P(Epo) / by_socs3, off = P(JAK2EpoRDeaSHP1) / P(init_SHP1);
  const struct {
    int from, to;
    double k;
    bool by_cis;
  } step[] = {{S_EpoRJAK2, S_EpoRpJAK2, bind, false},
              {S_EpoRpJAK2, S_p1EpoRpJAK2, act, false},
              {S_EpoRpJAK2, S_p2EpoRpJAK2, act3, true},
              {S_p1EpoRpJAK2, S_p12EpoRpJAK2, act3, true},
              {S_p2EpoRpJAK2, S_p12EpoRpJAK2, act, false}};
  for (int i = 0; i < 5; i++) {
    flow(a, step[i].from, step[i].to, step[i].from, step[i].k);
    flow(a, step[i].from, step[i].to, S_SOCS3, step[i].k * x[step[i].from] * fall);
    if (step[i].by_cis)
      flow(a, step[i].from, step[i].to, S_EpoRJAK2_CIS, -step[i].k * x[step[i].from] * cis);
  }
  double shp1 = P(SHP1ActEpoR) / P(init_EpoRJAK2), active = 0;
  for (int i = S_EpoRpJAK2; i <= S_p12EpoRpJAK2; i++) {
    flow(a, i, S_EpoRJAK2, i, off * S(SHP1Act));
    flow(a, i, S_EpoRJAK2, S_SHP1Act, off * x[i]);
    flow(a, S_SHP1, S_SHP1Act, i, shp1 * S(SHP1));
    active += x[i];
  }
  flow(a, S_SHP1, S_SHP1Act, S_SHP1, shp1 * active);
  flow(a, S_SHP1Act, S_SHP1, S_SHP1Act, P(SHP1Dea));
  double remove = P(EpoRCISRemove) / P(init_EpoRJAK2);
  a[S_EpoRJAK2_CIS + NX * S_EpoRJAK2_CIS] = -remove * (S(p1EpoRpJAK2) + S(p12EpoRpJAK2));
  a[S_EpoRJAK2_CIS + NX * S_p1EpoRpJAK2] = -remove * S(EpoRJAK2_CIS);
  a[S_EpoRJAK2_CIS + NX * S_p12EpoRpJAK2] = -remove * S(EpoRJAK2_CIS);
}

static void stat5_jacobian(const double *p, const double *x, double *a)
{
  double inh = P(SOCS3Inh) / P(SOCS3Eqc), by_socs3 = 1 + inh * S(SOCS3);
  double cis = P(CISInh) / P(CISEqc), by_cis = 1 + cis * S(CIS), all = P(init_EpoRJAK2);
  double sites = S(p1EpoRpJAK2) + S(p12EpoRpJAK2);
  double active = S(EpoRpJAK2) + S(p2EpoRpJAK2) + sites;
  double one = P(STAT5ActJAK2) / all / by_socs3;
  double two = P(STAT5ActEpoR) / (all * all) / by_cis / by_socs3;
  double k = one * active + two * sites * sites;
  flow(a, S_STAT5, S_pSTAT5, S_STAT5, k);
  flow(a, S_STAT5, S_pSTAT5, S_SOCS3, -S(STAT5) * k * inh / by_socs3);
  flow(a, S_STAT5, S_pSTAT5, S_CIS, -S(STAT5) * two * sites * sites * cis / by_cis);
  for (int i = S_EpoRpJAK2; i <= S_p12EpoRpJAK2; i++) {
    bool site = i == S_p1EpoRpJAK2 || i == S_p12EpoRpJAK2;
    flow(a, S_STAT5, S_pSTAT5, i, S(STAT5) * (one + (site ? 2 * two * sites : 0)));
  }
  a[S_pSTAT5 + NX * S_pSTAT5] = -P(STAT5Imp);
  a[S_npSTAT5 + NX * S_pSTAT5] = P(cyt) / P(nuc) * P(STAT5Imp);
  a[S_npSTAT5 + NX * S_npSTAT5] = -P(STAT5Exp);
  a[S_STAT5 + NX * S_npSTAT5] = P(nuc) / P(cyt) * P(STAT5Exp);
}

/* A chain of five, then RNA and protein, from state `first` on. */
static void chain_jacobian(double *a, int first, double script, double delay, double volumes,
                           double rna_turn, double translate, double turn)
{
  a[first + NX * S_npSTAT5] = script;
  for (int i = first; i < first + 5; i++) {
    a[i + NX * i] = -delay;
    a[i + 1 + NX * i] = i < first + 4 ? delay : volumes * delay;
  }
  int rna = first + 5, protein = first + 6;
  a[rna + NX * rna] = -rna_turn;
  a[protein + NX * rna] = turn * translate;
  a[protein + NX * protein] = -turn;
}

static void jacobian(const double *p, const double *x, double *a)
{
  receptor_jacobian(p, x, a);
  stat5_jacobian(p, x, a);
  double script = P(ActD) / P(init_STAT5), volumes = P(nuc) / P(cyt);
  chain_jacobian(a, S_CISnRNA1, P(CISRNAEqc) * P(CISRNATurn) * script, P(CISRNADelay), volumes,
                 P(CISRNATurn), P(CISEqc) / P(CISRNAEqc), P(CISTurn));
  chain_jacobian(a, S_SOCS3nRNA1, P(SOCS3RNAEqc) * P(SOCS3RNATurn) * script, P(SOCS3RNADelay),
                 volumes, P(SOCS3RNATurn), P(SOCS3Eqc) / P(SOCS3RNAEqc), P(SOCS3Turn));
}

const problem bench_bachmann = {.name = "bachmann",
                                .about = "JAK2-STAT5 signalling",
                                .stiff = true,
                                .patients = 256,
                                .checked = 256,
                                .nx = NX,
                                .np = NP,
                                .ny = NX,
                                .parameter = parameter,
                                .output = output,
                                .sample_count = 48,
                                .sample_first = 5,
                                .t_end = 240,
                                .cvode_rtol = 1e-6,
                                .cvode_atol = 1e-8,
                                .atol_share = 1,
                                .rms_without_cvode = 3.4e-05,
                                .patient = patient,
                                .initial = initial,
                                .rates = rates,
                                .jacobian = jacobian};
