/* program.h - a command of verbs: its words, options, help and messages, files that it writes,
 * progress, Ctrl-C. room: program
 * gemel is one, and a model with verbs of its own is another (docs/decisions/0010-programs.md), so
 * that all speak alike. Not in the library that is installed: a program links gemel_program.
 * A verb reads its options, does its work and leaves its result in gm_program.out, which is printed
 * at the end. Files are written at the end of a verb, so that bad input leaves nothing behind.
 * Codes: 0 done, 1 a result that says no, 2 bad use or bad input, 3 internal.
 * Threads: a gm_program belongs to the thread that runs the verb; gm_program_say, progress and
 * watch may be used by any. */
#ifndef GEMEL_PROGRAM_H
#define GEMEL_PROGRAM_H
#include "gemel/base.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { GM_PROGRAM_DONE, GM_PROGRAM_NO, GM_PROGRAM_BAD, GM_PROGRAM_INTERNAL };
enum {
  GM_OPTION_MANY = 1,   /* may be given more than once */
  GM_OPTION_READ = 2,   /* its value is a file that is read */
  GM_OPTION_WRITTEN = 4 /* one that is written: none that is read, looked at before the verb runs */
};

typedef struct gm_program gm_program;

/* All texts are static. */
typedef struct {
  const char *name;  /* without the dashes */
  const char *value; /* what stands for its value in help; NULL: a flag */
  const char *help;
  uint32_t flags; /* GM_OPTION_... */
} gm_option;

typedef struct {
  const char *name, *summary; /* name: one word or two; summary "": not listed in the help */
  const char *use;            /* the arguments, behind the name */
  const char *details;        /* more help, may be "" */
  const gm_option *option;    /* ends with a name NULL; NULL: none */
  int32_t argument_count;     /* so many, */
  int32_t argument_more;      /* and at most so many more */
  uint32_t argument_flags;    /* all of them are files: GM_OPTION_READ or _WRITTEN; 0: not files */
  int (*run)(gm_program *p);  /* returns the exit code */
} gm_verb;

typedef struct {
  const char *name;           /* "gemel", "gemel t1d": in front of messages and in help */
  const char *about;          /* how help begins */
  const char *more;           /* how the list of verbs ends, "" */
  const gm_verb *const *verb; /* ends with NULL */
  /* Options of every verb; ends with a name NULL; NULL: none. Of these json, quiet, help, seed,
   * threads and members are read into the fields of gm_program; -h is help, if that is one. */
  const gm_option *general;
  /* May be NULL. other: argv begins with a word that is no verb, ends with NULL; false: it is
   * nothing, true: *code is the exit code. programs: adds to the help what `other` knows.
   * may_write: whether the program writes the file that is asked for as `asked` ("--out"); an exit
   * code, the message printed. */
  bool (*other)(gm_program *p, char **argv, int *code);
  void (*programs)(gm_text *out);
  int (*may_write)(const gm_program *p, const char *asked, const char *path);
} gm_program_about;

/* A bar with the time left, on stderr where that is a terminal. The fields are its own. */
typedef struct {
  const char *what;
  int64_t begin_ms, drawn_ms;
  int32_t total, done; /* pieces of work; 0: one, shown by its fraction */
  bool shown, on_screen, drawing;
} gm_progress;

struct gm_program {
  gm_ctx *ctx;
  const gm_program_about *about;
  const char *program; /* as it was called */
  const gm_verb *verb;
  const char **argument; /* [argument_count], borrowed from argv; NULL behind them */
  int32_t argument_count;
  const gm_option **given; /* in the order of the words, with values beside them */
  const char **given_value;
  int32_t given_count;
  bool json, quiet, help;
  uint64_t seed;            /* 1 where it is not given */
  int32_t members, threads; /* 1000; 0: as many as processors */
  gm_pool *pool;            /* NULL: one worker */
  gm_progress progress;
  gm_watch watch; /* Ctrl-C stops, progress goes to the bar */
  gm_text out;    /* the result */
};

/* Finds the verb, runs it, prints its result. Returns the exit code. */
int gm_program_main(const gm_program_about *about, int argc, char **argv);

/* ---- options --------------------------------------------------------------------------------- */
const char *gm_program_value(const gm_program *p, const char *name); /* the last given, or NULL */
const char *gm_program_value_at(const gm_program *p, const char *name, int32_t i); /* or NULL */
bool gm_program_has(const gm_program *p, const char *name);
/* The option's number in [least, most], `standard` where it is not given; whole: without a
 * fraction. Returns an exit code, the message printed; *out is left then. */
int gm_program_number(const gm_program *p, const char *name, double least, double most,
                      double standard, double *out);
int gm_program_whole(const gm_program *p, const char *name, int64_t least, int64_t most,
                     int64_t standard, int64_t *out);
/* The known word nearest to text whatever the case, or NULL when none is near. Ends with NULL. */
const char *gm_program_nearest(const char *text, const char *const *known);

/* ---- messages -------------------------------------------------------------------------------- */
/* Prints "NAME: ..." to stderr, control characters and bytes that are no UTF-8 as question marks,
 * and returns code. */
int gm_program_say(const gm_program *p, int code, const char *format, ...) GM_PRINTF(3, 4);
/* Says what is wrong and how the verb is used, on one line. Returns GM_PROGRAM_BAD. */
int gm_program_say_use(const gm_program *p, const char *what);
/* Prints the context's message, and returns the exit code of s. */
int gm_program_fail(const gm_program *p, gm_status s);
int gm_program_code(gm_status s);
void gm_program_help_verb(const gm_program *p, const gm_verb *v, gm_text *out);

/* ---- files ----------------------------------------------------------------------------------- */
/* Makes the folder of path and writes it whole, under a name of its own that path then gets. Fails,
 * nothing written: GM_EINVAL (a store, a backup or a key stands there), GM_EIO, GM_ENOMEM. */
GM_NODISCARD gm_status gm_program_write(gm_ctx *ctx, const char *path, const gm_text *data);
/* Makes a folder and those above it. Fails: GM_EIO, GM_ENOMEM. */
GM_NODISCARD gm_status gm_program_folder(gm_ctx *ctx, const char *path);
bool gm_program_same_file(const char *a, const char *b); /* both are there, whatever their names */
/* One place under two names or one, be a file there or not. */
bool gm_program_same_place(const char *a, const char *b);
/* The one name of a place, be a file there or not: links are followed as far as there is anything.
 * bytes: room of out. False: it has none. */
bool gm_program_place(const char *path, char *out, size_t bytes);
/* "--out FILE: this is WHAT; another file is expected for the result". Returns GM_PROGRAM_BAD. */
int gm_program_refuse(const gm_program *p, const char *asked, const char *path, const char *what);

/* ---- progress, Ctrl-C ------------------------------------------------------------------------ */
bool gm_program_interrupted(void);
void gm_progress_begin(gm_progress *p, const char *what, int32_t total);
void gm_progress_step(gm_progress *p); /* one more piece is done */
void gm_progress_end(gm_progress *p);  /* clears the bar */
/* For gm_watch: user is the gm_progress. */
bool gm_progress_stop(void *user);
void gm_progress_fraction(void *user, const char *what, double fraction);

#ifdef __cplusplus
}
#endif
#endif
