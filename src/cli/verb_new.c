/* verb_new.c - gemel new: a folder with a model, a definition and data to begin with. */
#include "cli/cli.h"
#include <ctype.h>
#include <stdio.h>
#include <string.h>

static const char model_text[] =
    "// NAME: a drug by mouth, one compartment. Replace this by your model; docs/model-text.md "
    "says\n"
    "// how. Every number needs a unit and, behind `source:`, where it comes from.\n"
    "model NAME\n"
    "  time has \"h\"\n\n"
    "  CL = 3   \"L/h\"   # source: an example, not a drug\n"
    "  V  = 35  \"L\"     # source: an example, not a drug\n"
    "  ka = 1.2 \"1/h\"   # source: an example, not a drug\n\n"
    "  depot   = 0 \"mg\"\n"
    "  central = 0 \"mg\"\n\n"
    "  C := central/V\n"
    "  C has \"mg/L\"\n\n"
    "  depot'   = -ka*depot\n"
    "  central' = ka*depot - CL*C\n"
    "end\n";

static const char definition_text[] =
    "twin: NAME\n"
    "title: NAME, an example to begin with\n"
    "question: Which dose every 12 h keeps the trough between 4 and 8 mg/L?\n"
    "context-of-use: research; a clinician decides\n"
    "model: model.ant\n"
    "subject:\n"
    "  WT: {unit: kg, range: [40, 120]}\n"
    "inputs:\n"
    "  drug: {into: depot, unit: mg}\n"
    "parameters:\n"
    "  CL:\n"
    "    typical: 3\n"
    "    unit: L/h\n"
    "    between-subjects: {lognormal: 0.3} # standard deviation of the log\n"
    "    covariate: (WT/70)^0.75\n"
    "    source: an example, not a drug\n"
    "  V:\n"
    "    typical: 35\n"
    "    unit: L\n"
    "    between-subjects: {lognormal: 0.2}\n"
    "    covariate: WT/70\n"
    "    source: an example, not a drug\n"
    "  ka:\n"
    "    typical: 1.2\n"
    "    unit: 1/h\n"
    "    between-subjects: {lognormal: 0.5}\n"
    "    source: an example, not a drug\n"
    "observables:\n"
    "  conc: {is: C, unit: mg/L, label: Drug in plasma, error: {additive: 0.2, proportional: "
    "0.1}}\n"
    "targets:\n"
    "  conc: {low: 4, high: 8, of: trough}\n"
    "actions:\n"
    "  drug: {doses: [100, 150, 200, 250, 300, 400], every: 12 h}\n"
    "limits:\n"
    "  drug: {per-day: 800 mg}\n"
    "assumptions:\n"
    "  - {text: all of the dose reaches the blood, on: CL}\n"
    "sources:\n"
    "  - an example, not a drug\n";

static const char data_text[] = "ID,TIME,AMT,EVID,DV,WT\n"
                                "1,0,200,1,.,70\n"
                                "1,1,.,0,4.1,70\n"
                                "1,4,.,0,4.2,70\n"
                                "1,11.5,.,0,2.2,70\n"
                                "1,12,200,1,.,70\n"
                                "1,23.5,.,0,3,70\n"
                                "1,24,200,1,.,70\n";

static const char readme_text[] =
    "# NAME\n\n"
    "- **Question**: which dose every 12 h keeps the trough between 4 and 8 mg/L?\n"
    "- **Context of use**: research; a clinician decides.\n"
    "- **Assumptions**: see twin.yaml.\n"
    "- **Sources**: none: the numbers are an example, not a drug. Cite yours here in full.\n"
    "- **Limits**: say which population was studied.\n\n"
    "| file | holds |\n|---|---|\n"
    "| model.ant | the equations, with units |\n"
    "| twin.yaml | the definition: what is measured, given, aimed at |\n"
    "| data.csv | what was given and measured (NM-TRAN-style) |\n\n"
    "    gemel check twin.yaml --data data.csv\n"
    "    gemel fit twin.yaml --data data.csv\n"
    "    gemel run twin.yaml --data data.csv --report report.html\n";

static const struct {
  const char *name, *text;
} files[] = {{"model.ant", model_text},
             {"twin.yaml", definition_text},
             {"data.csv", data_text},
             {"README.md", readme_text}};

/* Every NAME of a template becomes the twin's name. */
static void fill(const char *text, const char *name, gm_text *out)
{
  for (const char *next; (next = strstr(text, "NAME")); text = next + 4) {
    gm_text_addn(out, text, (size_t)(next - text));
    gm_text_add(out, name);
  }
  gm_text_add(out, text);
}

static bool name_is_good(const char *name)
{
  if (!isalpha((unsigned char)name[0])) return false;
  for (const char *s = name; *s; s++)
    if (!isalnum((unsigned char)*s) && *s != '_') return false;
  return strlen(name) <= 64 && strcmp(name, "model") != 0 && strcmp(name, "end") != 0;
}

static gm_status write_all(cli *c, const char *folder, const char *name)
{
  gm_status s = cli_folder_make(c->ctx, folder);
  for (size_t i = 0; i < sizeof files / sizeof files[0] && !s; i++) {
    gm_text path, text;
    gm_text_init(&path, c->ctx);
    gm_text_init(&text, c->ctx);
    gm_text_addf(&path, "%s/%s", folder, files[i].name);
    fill(files[i].text, name, &text);
    s = path.status ? path.status : cli_write(c->ctx, path.data, &text);
    gm_text_free(&path);
    gm_text_free(&text);
  }
  return s;
}

static int run(cli *c)
{
  const char *folder = c->argument[0], *slash = strrchr(folder, '/');
  const char *name = slash ? slash + 1 : folder;
  if (!name_is_good(name))
    return cli_say(c, CLI_BAD,
                   "new %s: a name of letters, digits and _ is expected, beginning with "
                   "a letter",
                   folder);
  if (cli_exists(folder))
    return cli_say(c, CLI_BAD, "new %s: it is there already, and is left as it is", folder);
  gm_status s = write_all(c, folder, name);
  if (s) return cli_fail(c, s);
  if (c->json) {
    gm_json_writer j;
    gm_json_write_begin(&j, &c->out, 1);
    gm_json_write_object(&j, NULL);
    gm_json_write_text(&j, "gemel", gm_version());
    gm_json_write_text(&j, "verb", "new");
    gm_json_write_text(&j, "folder", folder);
    gm_json_write_array(&j, "files");
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
      gm_json_write_text(&j, NULL, files[i].name);
    gm_json_write_array_end(&j);
    gm_json_write_object_end(&j);
    gm_text_add(&c->out, "\n");
  } else {
    gm_text_addf(&c->out,
                 "%s: model.ant, twin.yaml, data.csv, README.md\nnext: %s check "
                 "%s/twin.yaml --data %s/data.csv\n",
                 folder, c->program, folder, folder);
  }
  return CLI_DONE;
}

static const cli_option options[] = {{NULL, NULL, NULL, false}};

const cli_verb cli_verb_new = {
    .name = "new",
    .summary = "begin a model of your own: a folder that works",
    .use = "NAME",
    .details =
        "Makes the folder NAME with model.ant, twin.yaml, data.csv and README.md; refuses to "
        "touch one\nthat is there.\n",
    .option = options,
    .argument_count = 1,
    .run = run};
