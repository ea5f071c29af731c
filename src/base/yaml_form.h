/* yaml_form.h - from a YAML map to a struct, by a table of its keys.
 *
 * A form is the table: each key, what takes its value, where in the struct that goes. Every key of
 * a map must be in the table (a key twice is refused by yaml.h already), so that no word of a file
 * is passed over. What the table cannot say is said by the form's check, or by a take of one's own.
 * Texts are not copied: they live as long as the tree. Lists lie in the arena.
 * Failures: GM_EPARSE with place, path and what is expected; GM_ENOMEM. A struct read in part is
 * left as it is then. Threads: no state. */
#ifndef GEMEL_BASE_YAML_FORM_H
#define GEMEL_BASE_YAML_FORM_H
#include "base/yaml.h"

typedef struct gm_yaml_field gm_yaml_field;
typedef struct gm_yaml_form gm_yaml_form;

/* Takes the value of f->key into the struct `into`. */
typedef gm_status gm_yaml_take(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                               void *into);

struct gm_yaml_field {
  const char *key;
  gm_yaml_take *take;
  size_t at;          /* offset of what take writes */
  size_t count_at;    /* lists: 1 + offset of their int32_t count; 0: it is not kept */
  const void *of;     /* records: the form of one; choice: its words, NULL behind */
  const char *needed; /* what is missing when the key is: "a rate"; NULL: it may be missing */
};

/* Where a value goes, and a list with its count. */
#define GM_YAML_AT(type, member) .at = offsetof(type, member)
#define GM_YAML_LIST_AT(type, list, count)                                                         \
  .at = offsetof(type, list), .count_at = 1 + offsetof(type, count)

struct gm_yaml_form {
  size_t bytes; /* of one struct */
  const gm_yaml_field *field;
  size_t field_count;
  size_t name_at;             /* 1 + offset of the key it stands under in a map; 0: not kept */
  const void *initial;        /* the struct before it is read; NULL: zeros */
  const gm_yaml_field *plain; /* takes a value that is no map, or every value when there are no
                                 fields; NULL: a map is expected */
  /* What holds between fields; NULL: nothing. Takes the struct as read. */
  gm_status (*check)(const gm_yaml *node, void *into);
};

GM_NODISCARD gm_status gm__yaml_is_map(const gm_yaml *node);
GM_NODISCARD gm_status gm__yaml_is_list(const gm_yaml *node);
/* A map into *into, which holds form->initial before. */
GM_NODISCARD gm_status gm__yaml_read(gm_arena *arena, const gm_yaml *node, const gm_yaml_form *form,
                                     void *into);

/* Takes, with what they write at f->at. */
gm_yaml_take gm__yaml_take_text;   /* const char *, not empty */
gm_yaml_take gm__yaml_take_words;  /* const char *, may be "" */
gm_yaml_take gm__yaml_take_number; /* double; also inf and .inf, with sign */
gm_yaml_take gm__yaml_take_int;    /* int32_t, up to 10^9 either way */
gm_yaml_take gm__yaml_take_int64;  /* int64_t, up to 10^15 either way */
gm_yaml_take gm__yaml_take_bool;   /* bool: true or false */
gm_yaml_take gm__yaml_take_choice; /* an enum (of the size of int): which of the words in f->of */
/* Lists: the address of the first, untouched when there is none, and the count. */
gm_yaml_take gm__yaml_take_texts;   /* const char ** */
gm_yaml_take gm__yaml_take_numbers; /* double * */
gm_yaml_take gm__yaml_take_ints;    /* int32_t * */
gm_yaml_take gm__yaml_take_list;    /* structs of the form f->of, from a list */
gm_yaml_take gm__yaml_take_named;   /* structs of the form f->of, from a map of names */
#endif
