/* main.c - gemel-t1d, which `gemel t1d ...` runs. */
#include "t1d_verbs.h"

static const gm_option general[] = {
    {"json", NULL, "the result as JSON", 0},
    {"seed", "N", "seed of all draws (default 1)", 0},
    {"threads", "N", "workers; 0: as many as processors (default 0)", 0},
    {"quiet", NULL, "no progress bar", 0},
    {"help", NULL, "this text", 0},
    {NULL, NULL, NULL, 0}};

int main(int argc, char **argv)
{
  static const gm_verb *const verb[] = {&t1d_verb_replay, &t1d_verb_profile, &t1d_verb_trial, NULL};
  const gm_program_about t1d = {
      .name = "gemel t1d",
      .about =
          "gemel t1d - type 1 diabetes: research on records and on virtual people; a clinician "
          "decides, nothing\nhere commands a pump.",
      .verb = verb,
      .general = general};
  return gm_program_main(&t1d, argc, argv);
}
