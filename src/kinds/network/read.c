/* read.c - the text form of a network (docs/network.md), by tables of its keys. */
#include "base/yaml_form.h"
#include "gemel/network.h"
#include <assert.h>
#include <math.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 24, VALUE_MAX = 4000000 };

#define COUNT(a)  (sizeof(a) / sizeof *(a))
#define FIELDS(a) .field = (a), .field_count = COUNT(a)

/* ---- numbers --------------------------------------------------------------------------------- */
/* In a config equal bounds are none. */
static gm_status parameter_check(const gm_yaml *node, void *into)
{
  const gm_network_parameter *p = into;
  if (p->lower != p->upper) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "lower and upper are both %g", p->lower);
}

#define AT(member) GM_YAML_AT(gm_network_parameter, member)
static const gm_yaml_field parameter_fields[] = {
    {"value", gm__yaml_take_number, AT(value), .needed = "a value"},
    {"unit", gm__yaml_take_words, AT(unit)},
    {"lower", gm__yaml_take_number, AT(lower)},
    {"upper", gm__yaml_take_number, AT(upper)},
    {"source", gm__yaml_take_words, AT(source)}};
static const gm_yaml_form parameter_form = {
    .bytes = sizeof(gm_network_parameter),
    FIELDS(parameter_fields),
    .name_at = 1 + offsetof(gm_network_parameter, name),
    .initial = &(const gm_network_parameter){.lower = -INFINITY, .upper = INFINITY},
    .plain = &parameter_fields[0],
    .check = parameter_check};
#undef AT

static gm_status profile_check(const gm_yaml *node, void *into)
{
  (void)into;
  const gm_yaml *times = gm__yaml_find(node, "times"), *values = gm__yaml_find(node, "values");
  if (times->count == values->count) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EPARSE, "%d times and %d values", (int)times->count,
                       (int)values->count);
}

#define LIST_AT(list) GM_YAML_LIST_AT(gm_network_profile, list, count)
static const gm_yaml_field profile_fields[] = {
    {"times", gm__yaml_take_numbers, LIST_AT(t), .needed = "times"},
    {"values", gm__yaml_take_numbers, LIST_AT(value), .needed = "values"},
    {"period", gm__yaml_take_number, GM_YAML_AT(gm_network_profile, period)}};
#undef LIST_AT
static const gm_yaml_form profile_form = {.bytes = sizeof(gm_network_profile),
                                          FIELDS(profile_fields),
                                          .name_at = 1 + offsetof(gm_network_profile, name),
                                          .check = profile_check};

static const gm_yaml_field attribute_value = {NULL, gm__yaml_take_numbers,
                                              GM_YAML_AT(gm_network_attribute, value)};
static const gm_yaml_form attribute_form = {.bytes = sizeof(gm_network_attribute),
                                            .name_at = 1 + offsetof(gm_network_attribute, name),
                                            .plain = &attribute_value};

/* ---- layers ---------------------------------------------------------------------------------- */
static const char *const graphs[] = {
    [GM_GRAPH_COMPLETE] = "complete", [GM_GRAPH_EDGES] = "edges",
    [GM_GRAPH_LATTICE] = "lattice",   [GM_GRAPH_SMALL_WORLD] = "small-world",
    [GM_GRAPH_RANDOM] = "random",     [GM_GRAPH_PREFERENTIAL] = "preferential",
    [GM_GRAPH_GROUPS] = "groups",     NULL,
};

/* In a config 0 stands for 1; whoever writes 0 does not mean that. */
static gm_status weight_check(const gm_yaml *node, double weight)
{
  if (weight != 0) return GM_OK;
  return gm__yaml_fail(node, NULL, GM_EDOMAIN, "a weight of 0; leave out what has none");
}

/* [from, to] or [from, to, weight] */
static gm_status take_edge(gm_arena *arena, const gm_yaml *node, gm_network_edge *e)
{
  static const gm_yaml_field part[] = {
      {NULL, gm__yaml_take_int, GM_YAML_AT(gm_network_edge, from)},
      {NULL, gm__yaml_take_int, GM_YAML_AT(gm_network_edge, to)},
      {NULL, gm__yaml_take_number, GM_YAML_AT(gm_network_edge, weight)}};
  gm_status s = GM_OK;
  if (node->kind != GM_YAML_LIST || node->count < 2 || node->count > 3)
    return gm__yaml_fail(node, NULL, GM_EPARSE, "[from, to] or [from, to, weight] is expected");
  e->weight = 1;
  for (const gm_yaml *n = node->first; n && !s; n = n->next)
    s = part[n->index].take(arena, n, &part[n->index], e);
  return s ? s : weight_check(node->last, e->weight);
}

static gm_status take_edges(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                            void *into)
{
  (void)f;
  gm_network_layer *l = into;
  gm_status s = gm__yaml_is_list(node);
  if (s) return s;
  gm_network_edge *e = gm_arena_get(arena, node->count, sizeof *e);
  if (!e) return gm_fail(node->doc->ctx, GM_ENOMEM, "%s: edges", node->doc->name);
  for (const gm_yaml *n = node->first; n && !s; n = n->next) s = take_edge(arena, n, &e[n->index]);
  l->edge = e;
  l->edge_count = node->count;
  return s;
}

static gm_status take_weight(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f,
                             void *into)
{
  gm_status s = gm__yaml_take_number(arena, node, f, into);
  return s ? s : weight_check(node, ((gm_network_layer *)into)->weight);
}

static gm_status take_seed(gm_arena *arena, const gm_yaml *node, const gm_yaml_field *f, void *into)
{
  gm_status s = gm__yaml_take_int64(arena, node, f, into);
  if (!s && ((gm_network_layer *)into)->seed > INT64_MAX)
    s = gm__yaml_fail(node, NULL, GM_EPARSE, "%s, 0 or more is expected", node->text);
  return s;
}

#define AT(member) GM_YAML_AT(gm_network_layer, member)
static const gm_yaml_field layer_fields[] = {
    {"name", gm__yaml_take_words, AT(name)},
    {"kind", gm__yaml_take_choice, AT(kind), .of = graphs, .needed = "a kind of graph"},
    {"weight", take_weight, AT(weight)},
    {"seed", take_seed, AT(seed)},
    {"edges", take_edges, .at = 0},
    {"directed", gm__yaml_take_bool, AT(directed)},
    {"width", gm__yaml_take_int, AT(width)},
    {"height", gm__yaml_take_int, AT(height)},
    {"torus", gm__yaml_take_bool, AT(torus)},
    {"diagonal", gm__yaml_take_bool, AT(diagonal)},
    {"neighbours", gm__yaml_take_int, AT(neighbours)},
    {"rewire", gm__yaml_take_number, AT(rewire)},
    {"probability", gm__yaml_take_number, AT(probability)},
    {"attach", gm__yaml_take_int, AT(attach)},
    {"groups", gm__yaml_take_ints, AT(group)},
    {"group_size", gm__yaml_take_int, AT(group_size)}};
static const gm_yaml_form layer_form = {.bytes = sizeof(gm_network_layer),
                                        FIELDS(layer_fields),
                                        .initial = &(const gm_network_layer){.weight = 1}};
#undef AT

/* ---- what happens, what is seen -------------------------------------------------------------- */
#define AT(member) GM_YAML_AT(gm_network_transition, member)
static const gm_yaml_field transition_fields[] = {{"from", gm__yaml_take_text, AT(from)},
                                                  {"to", gm__yaml_take_text, AT(to)},
                                                  {"rate", gm__yaml_take_text, AT(rate)},
                                                  {"counter", gm__yaml_take_text, AT(counter)}};
static const gm_yaml_form transition_form = {.bytes = sizeof(gm_network_transition),
                                             FIELDS(transition_fields)};
#undef AT

static const gm_yaml_field start_fields[] = {
    {"state", gm__yaml_take_text, GM_YAML_AT(gm_network_start, state)},
    {"nodes", gm__yaml_take_ints, GM_YAML_LIST_AT(gm_network_start, node, node_count)},
    {"count", gm__yaml_take_text, GM_YAML_AT(gm_network_start, count)}};
static const gm_yaml_form start_form = {.bytes = sizeof(gm_network_start), FIELDS(start_fields)};

static const gm_yaml_field port_fields[] = {
    {"name", gm__yaml_take_text, GM_YAML_AT(gm_network_port, name)},
    {"from", gm__yaml_take_text, GM_YAML_AT(gm_network_port, from)},
    {"to", gm__yaml_take_text, GM_YAML_AT(gm_network_port, to)}};
static const gm_yaml_form port_form = {.bytes = sizeof(gm_network_port), FIELDS(port_fields)};

static const gm_yaml_field watch_fields[] = {
    {"name", gm__yaml_take_text, GM_YAML_AT(gm_network_watch, name)},
    {"node", gm__yaml_take_int, GM_YAML_AT(gm_network_watch, node)},
    {"state", gm__yaml_take_text, GM_YAML_AT(gm_network_watch, state)}};
static const gm_yaml_form watch_form = {.bytes = sizeof(gm_network_watch),
                                        FIELDS(watch_fields),
                                        .initial = &(const gm_network_watch){.node = -1}};

static const gm_yaml_field output_fields[] = {
    {"name", gm__yaml_take_text, GM_YAML_AT(gm_network_output, name)},
    {"unit", gm__yaml_take_words, GM_YAML_AT(gm_network_output, unit)},
    {"is", gm__yaml_take_text, GM_YAML_AT(gm_network_output, expression)}};
static const gm_yaml_form output_form = {.bytes = sizeof(gm_network_output), FIELDS(output_fields)};

#define AT(member) GM_YAML_AT(gm_network_rule, member)
static const gm_yaml_field rule_fields[] = {{"node", gm__yaml_take_text, AT(name)},
                                            {"logic", gm__yaml_take_text, AT(logic)},
                                            {"up", gm__yaml_take_text, AT(up)},
                                            {"down", gm__yaml_take_text, AT(down)},
                                            {"start", gm__yaml_take_text, AT(start)}};
static const gm_yaml_form rule_form = {.bytes = sizeof(gm_network_rule), FIELDS(rule_fields)};
#undef AT

/* ---- the whole ------------------------------------------------------------------------------- */
static gm_status one_a_node(const gm_yaml *list, int32_t node_count)
{
  if (!list || list->count == node_count) return GM_OK;
  return gm__yaml_fail(list, NULL, GM_EPARSE, "%d numbers; one a node is expected, %d",
                       (int)list->count, (int)node_count);
}

static gm_status whole_check(const gm_yaml *root, void *into)
{
  const gm_network_config *c = into;
  const gm_yaml *attributes = gm__yaml_find(root, "attributes");
  const gm_yaml *layers = gm__yaml_find(root, "layers");
  gm_status s = GM_OK;
  for (const gm_yaml *n = attributes ? attributes->first : NULL; n && !s; n = n->next)
    s = one_a_node(n, c->node_count);
  for (const gm_yaml *n = layers ? layers->first : NULL; n && !s; n = n->next)
    s = one_a_node(gm__yaml_find(n, "groups"), c->node_count);
  return s;
}

#define AT(member)    GM_YAML_AT(gm_network_config, member)
#define LIST_AT(list) GM_YAML_LIST_AT(gm_network_config, list, list##_count)
static const gm_yaml_field fields[] = {
    {"network", gm__yaml_take_words, AT(name)},
    {"time_unit", gm__yaml_take_words, AT(time_unit)},
    {"nodes", gm__yaml_take_int, AT(node_count)},
    {"states", gm__yaml_take_texts, LIST_AT(state)},
    {"parameters", gm__yaml_take_named, LIST_AT(parameter), .of = &parameter_form},
    {"profiles", gm__yaml_take_named, LIST_AT(profile), .of = &profile_form},
    {"attributes", gm__yaml_take_named, LIST_AT(attribute), .of = &attribute_form},
    {"layers", gm__yaml_take_list, LIST_AT(layer), .of = &layer_form},
    {"transitions", gm__yaml_take_list, LIST_AT(transition), .of = &transition_form},
    {"start", gm__yaml_take_list, LIST_AT(start), .of = &start_form},
    {"ports", gm__yaml_take_list, LIST_AT(port), .of = &port_form},
    {"watch", gm__yaml_take_list, LIST_AT(watch), .of = &watch_form},
    {"outputs", gm__yaml_take_list, LIST_AT(output), .of = &output_form},
    {"rules", gm__yaml_take_list, LIST_AT(rule), .of = &rule_form},
    {"firing_max", gm__yaml_take_int64, AT(firing_max)}};
static const gm_yaml_form form = {FIELDS(fields), .check = whole_check};
#undef AT
#undef LIST_AT

static gm_status read_bytes(gm_ctx *ctx, const char *text, size_t bytes, const char *name,
                            gm_model **out)
{
  gm_arena *arena = NULL;
  gm_yaml *root;
  gm_network_config c = {0};
  if (bytes > TEXT_BYTES_MAX) return gm_fail(ctx, GM_ERANGE, "%s: more than 16 MiB", name);
  gm_status s = gm_arena_new(ctx, 1 << 14, &arena);
  if (!s) s = gm__yaml_parse_up_to(ctx, arena, name, text, bytes, VALUE_MAX, &root);
  if (!s) s = gm__yaml_read(arena, root, &form, &c);
  if (!s) {
    s = gm_model_new(ctx, &gm_network, &c, out);
    if (s) (void)gm_fail_at(ctx, s, "%s", name);
  }
  gm_arena_free(arena);
  return s;
}

gm_status gm_network_read_text(gm_ctx *ctx, const char *text, const char *name, gm_model **out)
{
  assert(ctx && text && out);
  return read_bytes(ctx, text, strlen(text), name ? name : "network", out);
}

gm_status gm_network_read(gm_ctx *ctx, const char *path, gm_model **out)
{
  char *text = NULL;
  size_t bytes;
  gm_status s = gm_file_read(ctx, path, TEXT_BYTES_MAX, &text, &bytes);
  if (!s) s = read_bytes(ctx, text, bytes, path, out);
  gm_free(text);
  return s;
}
