/* access_table.h - who may do what, written down a second time from docs/access.md for the tests:
 * nothing of it is taken from the code that decides. */
#ifndef GEMEL_TESTS_STORE_ACCESS_TABLE_H
#define GEMEL_TESTS_STORE_ACCESS_TABLE_H
#include "gemel/access.h"
#include <math.h>
#include <string.h>

enum { ROLES = GM_AS_COUNT, USES = GM_USE_COUNT, ACTS = GM_ACT_COUNT, CLASSES = GM_CLASS_COUNT };

/* For read, add, correct, export, erase: y always, d unless a consent denies it, c if a consent
 * permits it and none denies it, . never. Kinds that are not named: the first line. */
typedef struct {
  const char *rest;
  const char *kind[8][2]; /* a kind's name and its line */
  const char *uses[ACTS]; /* care, training, virtual population, research export, operation */
} table_role;

static const table_role table[ROLES] = {
    [GM_AS_PATIENT] = {"y..yy",
                       {{"observation", "yyyyy"},
                        {"given", "y.yyy"},
                        {"reported", "yyyyy"},
                        {"covariate", "y.yyy"},
                        {"consent", "yyyyy"},
                        {"note", "yyyyy"}},
                       {"yyyy.", "yyyy.", "yyyy.", "yyyy.", "yyyy."}},
    [GM_AS_CLINICIAN] = {"cccc.",
                         {{"consent", "yyyc."}, {"note", "cdcc."}},
                         {"y....", "y....", "y....", "y....", "....."}},
    [GM_AS_RESEARCHER] = {"c..c.",
                          {{"consent", "....."}, {"note", "....."}},
                          {".yyy.", ".....", ".....", "...y.", "....."}},
    [GM_AS_DEVICE] = {".....",
                      {{"observation", ".cc.."}, {"given", ".cc.."}},
                      {".....", "y....", "y....", ".....", "....."}},
    [GM_AS_ENGINE] = {"ccc..",
                      {{"observation", "c...."},
                       {"given", "c...."},
                       {"ordered", "c...."},
                       {"reported", "c...."},
                       {"covariate", "c...."},
                       {"decision", "c...."},
                       {"consent", "....."},
                       {"note", "....."}},
                      {"yyyy.", "yyyy.", "yyyy.", ".....", "....."}},
    [GM_AS_OPERATOR] = {"....y", {{NULL}}, {".....", ".....", ".....", ".....", "....y"}},
    [GM_AS_AUDITOR] = {".....", {{NULL}}, {".....", ".....", ".....", ".....", "....."}},
    [GM_AS_INSURER] = {".....", {{NULL}}, {".....", ".....", ".....", ".....", "....."}}};

static inline char table_letter(int role, int use, int kind, int act)
{
  const table_role *t = &table[role];
  const char *line = t->rest;
  for (int i = 0; i < 8 && t->kind[i][0]; i++)
    if (!strcmp(t->kind[i][0], gm_record_kind_name((gm_record_kind)kind))) line = t->kind[i][1];
  return t->uses[act][use] == 'y' ? line[act] : '.';
}

/* What the consents say of the cell, by however the test knows it. */
typedef struct {
  bool own, in_scope, emergency, permitted, denied, sensitive;
} table_case;

static inline bool table_allows(int role, int use, int kind, int act, table_case c,
                                bool *by_emergency)
{
  char letter = table_letter(role, use, kind, act);
  *by_emergency = false;
  if (letter == '.' || !c.in_scope || (role == GM_AS_PATIENT && !c.own)) return false;
  if (letter == 'y') return true;
  if (!c.denied && (letter == 'd' || c.permitted)) return true;
  *by_emergency = c.emergency && role == GM_AS_CLINICIAN && use == GM_USE_CARE &&
                  act == GM_ACT_READ && !(c.denied && c.sensitive);
  return *by_emergency;
}
#endif
