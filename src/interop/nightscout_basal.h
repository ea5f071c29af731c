/* nightscout_basal.h - what is known of basal rates once all files were looked at: temporary rates,
 * profiles, switches between them; and the rate that a profile asks for at a time.
 *
 * A switch holds until the next one, or for its duration; without one the default profile of the
 * newest profile document counts. A switch that does not bring its own profile names one of the
 * document that holds at that time (cgm-remote-monitor, lib/profilefunctions.js). */
#ifndef GEMEL_INTEROP_NIGHTSCOUT_BASAL_H
#define GEMEL_INTEROP_NIGHTSCOUT_BASAL_H
#include "interop/nightscout_in.h"

typedef enum { TEMP_RATE, TEMP_PERCENT, TEMP_CANCEL } temp_kind;
typedef struct {
  double t_s, end_s; /* end: as it says, and after the closing at most the beginning of the next */
  int64_t order;     /* in the files */
  uint64_t key;
  temp_kind kind;
} temp_rate;

typedef struct {
  int32_t second; /* of the local day */
  double rate;    /* U/h */
} basal_step;

typedef struct {
  char name[SCOUT_NAME_BYTES];
  int64_t first; /* step */
  int32_t count;
  bool zoned;
  double zone_s; /* local time - UTC */
} basal_program;

/* A profile document (programs of its own) or a switch. */
typedef struct {
  double t_s, until_s; /* until: of a switch for a time; else infinite */
  int64_t order;
  uint64_t key;
  int32_t first, count;        /* of its programs */
  char name[SCOUT_NAME_BYTES]; /* of the one that counts */
  double scale, shift_s; /* of a switch: its share of the rates, and how much later they come */
} basal_source;

typedef struct {
  void *data; /* owned */
  int64_t count, room;
} basal_list;

struct scout_basal {
  gm_ctx *ctx;
  size_t bytes;
  int64_t order;
  basal_list temp;    /* temp_rate by time, after the closing one at a time */
  basal_list step;    /* basal_step */
  basal_list program; /* basal_program */
  basal_list doc;     /* basal_source by time */
  basal_list change;  /* basal_source by time */
};

/* One more of bytes, zeroed, at its end. Fails: GM_EFULL, GM_ENOMEM. */
gm_status scout_basal_add(scout_basal *b, basal_list *l, size_t bytes, void *out_address);

static inline const temp_rate *temp_at(const scout_basal *b, int64_t i)
{
  return (const temp_rate *)b->temp.data + i;
}
static inline const basal_source *source_at(const basal_list *l, int64_t i)
{
  return (const basal_source *)l->data + i;
}
static inline const basal_step *step_at(const scout_basal *b, int64_t i)
{
  return (const basal_step *)b->step.data + i;
}
static inline const basal_program *program_at(const scout_basal *b, int64_t i)
{
  return (const basal_program *)b->program.data + i;
}

/* What holds at a time, and until when at least. */
typedef struct {
  const basal_source *owner;    /* the switch or document that says so; NULL: none */
  const basal_program *program; /* NULL: a name that no profile has */
  double rate;                  /* U/h; NaN: no program, or one of no known zone */
  double next_s;
} basal_moment;
void scout_basal_at(const scout_basal *b, double t_s, basal_moment *out);
/* Number of sources that begin at t or before. */
int64_t scout_basal_begun(const basal_list *l, double t_s);
/* Number of the first temporary rate that begins behind t. */
int64_t scout_basal_temp_behind(const scout_basal *b, double t_s);
#endif
