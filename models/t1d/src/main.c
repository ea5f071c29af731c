/* main.c - gemel-t1d, which `gemel t1d ...` runs. */
#include "t1d_cli.h"

int main(int argc, char **argv)
{
  static const t1d_verb *const verb[] = {&t1d_verb_replay, &t1d_verb_profile, &t1d_verb_trial,
                                         NULL};
  return t1d_cli_main(verb, argc, argv);
}
