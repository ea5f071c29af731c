/* read.c - the text form of a network: YAML to a config. docs/network.md describes the keys.
 * Aliases, anchors and tags are refused, so that no text grows by expansion. */
#include "base/number.h"
#include "base/utf8.h"
#include "gemel/network.h"
#include <libfyaml.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

enum { TEXT_BYTES_MAX = 1 << 24, NESTED_MAX = 8, VALUE_BYTES_MAX = 65536 };

typedef struct {
  gm_ctx *ctx;
  gm_arena *arena;
  const char *name;
  gm_status status; /* of the first failure; later steps do nothing */
  gm_network_config c;
} reader;

/* ---- nodes ----------------------------------------------------------------------------------- */
static int32_t line_of(struct fy_node *n)
{
  struct fy_token *t = n ? fy_node_get_scalar_token(n) : NULL;
  const struct fy_mark *mark = t ? fy_token_start_mark(t) : NULL;
  return mark ? mark->line + 1 : 0;
}

static void fail(reader *r, struct fy_node *n, gm_status s, const char *key, const char *what)
{
  int32_t line = line_of(n);
  if (r->status) return;
  if (line)
    r->status = gm_fail(r->ctx, s, "%s:%d: %s: %s", r->name, (int)line, key, what);
  else
    r->status = gm_fail(r->ctx, s, "%s: %s: %s", r->name, key, what);
}

static void *get(reader *r, ptrdiff_t count, size_t bytes)
{
  void *p = r->status ? NULL : gm_arena_get(r->arena, count > 0 ? count : 1, bytes);
  if (!p && !r->status) r->status = gm_fail(r->ctx, GM_ENOMEM, "%s: network", r->name);
  return p;
}

static const char *text_of(reader *r, struct fy_node *n, const char *key)
{
  size_t bytes = 0;
  if (!n) return NULL;
  const char *text = fy_node_is_scalar(n) ? fy_node_get_scalar(n, &bytes) : NULL;
  if (!text || bytes > VALUE_BYTES_MAX || memchr(text, 0, bytes)) {
    fail(r, n, GM_EPARSE, key, "a text is expected");
    return NULL;
  }
  char *copy = get(r, (ptrdiff_t)bytes + 1, 1);
  if (copy) memcpy(copy, text, bytes);
  return copy;
}

static double number_of(reader *r, struct fy_node *n, const char *key, double otherwise)
{
  double value = otherwise;
  const char *text = text_of(r, n, key);
  if (text && !gm__number_parse(text, &value)) fail(r, n, GM_EPARSE, key, "a number is expected");
  return value;
}

static int32_t whole_of(reader *r, struct fy_node *n, const char *key, int32_t otherwise)
{
  double value = number_of(r, n, key, otherwise);
  if (value == rint(value) && fabs(value) <= 1e9) return (int32_t)value;
  fail(r, n, GM_EPARSE, key, "a whole number is expected");
  return otherwise;
}

static bool flag_of(reader *r, struct fy_node *n, const char *key)
{
  const char *text = text_of(r, n, key);
  if (!text) return false;
  bool yes = !strcmp(text, "true");
  if (!yes && strcmp(text, "false") != 0) fail(r, n, GM_EPARSE, key, "true or false is expected");
  return yes;
}

static struct fy_node *at(struct fy_node *map, const char *key)
{
  return fy_node_mapping_lookup_by_string(map, key, FY_NT);
}

/* Number of entries of a list (or map); 0 when there is none. */
static int32_t list_count(reader *r, struct fy_node *n, const char *key, bool map)
{
  if (!n || r->status) return 0;
  if (map ? !fy_node_is_mapping(n) : !fy_node_is_sequence(n)) {
    fail(r, n, GM_EPARSE, key, map ? "a map is expected" : "a list is expected");
    return 0;
  }
  return map ? fy_node_mapping_item_count(n) : fy_node_sequence_item_count(n);
}

/* A map all of whose keys are among those named (a list parted by blanks). */
static bool keys_known(reader *r, struct fy_node *map, const char *where, const char *known)
{
  void *next = NULL;
  if (r->status) return false;
  if (!map || !fy_node_is_mapping(map)) {
    fail(r, map, GM_EPARSE, where, "a map is expected");
    return false;
  }
  for (struct fy_node_pair *p = fy_node_mapping_iterate(map, &next); p;
       p = fy_node_mapping_iterate(map, &next)) {
    char word[80];
    const char *key = text_of(r, fy_node_pair_key(p), where);
    if (!key) return false;
    snprintf(word, sizeof word, " %.60s ", key);
    if (strchr(key, ' ') || strlen(key) > 60 || !strstr(known, word)) {
      char what[120];
      snprintf(what, sizeof what, "\"%.60s\" is not a key here", key);
      fail(r, fy_node_pair_key(p), GM_EPARSE, where, what);
      return false;
    }
  }
  return true;
}

static double *numbers_of(reader *r, struct fy_node *n, const char *key, int32_t *count_out)
{
  int32_t count = list_count(r, n, key, false);
  double *value = get(r, count, sizeof *value);
  for (int32_t i = 0; value && i < count; i++)
    value[i] = number_of(r, fy_node_sequence_get_by_index(n, i), key, 0);
  *count_out = count;
  return value;
}

static int32_t *wholes_of(reader *r, struct fy_node *n, const char *key, int32_t *count_out)
{
  int32_t count = list_count(r, n, key, false);
  int32_t *value = get(r, count, sizeof *value);
  for (int32_t i = 0; value && i < count; i++)
    value[i] = whole_of(r, fy_node_sequence_get_by_index(n, i), key, 0);
  *count_out = count;
  return value;
}

/* ---- parts ----------------------------------------------------------------------------------- */
static void read_parameters(reader *r, struct fy_node *map)
{
  int32_t count = list_count(r, map, "parameters", true), i = 0;
  gm_network_parameter *p = get(r, count, sizeof *p);
  void *next = NULL;
  for (struct fy_node_pair *q = p && count ? fy_node_mapping_iterate(map, &next) : NULL; q;
       q = fy_node_mapping_iterate(map, &next), i++) {
    struct fy_node *n = fy_node_pair_value(q);
    p[i].name = text_of(r, fy_node_pair_key(q), "parameters");
    if (n && fy_node_is_scalar(n)) {
      p[i].value = number_of(r, n, p[i].name ? p[i].name : "", 0);
      continue;
    }
    if (!keys_known(r, n, "parameters", " value unit lower upper source ")) return;
    p[i].value = number_of(r, at(n, "value"), "value", NAN);
    p[i].unit = text_of(r, at(n, "unit"), "unit");
    p[i].source = text_of(r, at(n, "source"), "source");
    if (at(n, "lower") || at(n, "upper")) {
      p[i].lower = number_of(r, at(n, "lower"), "lower", -INFINITY);
      p[i].upper = number_of(r, at(n, "upper"), "upper", INFINITY);
    }
  }
  r->c.parameter = p;
  r->c.parameter_count = count;
}

static void read_profiles(reader *r, struct fy_node *map)
{
  int32_t count = list_count(r, map, "profiles", true), i = 0, values = 0;
  gm_network_profile *p = get(r, count, sizeof *p);
  void *next = NULL;
  for (struct fy_node_pair *q = p && count ? fy_node_mapping_iterate(map, &next) : NULL; q;
       q = fy_node_mapping_iterate(map, &next), i++) {
    struct fy_node *n = fy_node_pair_value(q);
    p[i].name = text_of(r, fy_node_pair_key(q), "profiles");
    if (!keys_known(r, n, "profiles", " times values period ")) return;
    p[i].t = numbers_of(r, at(n, "times"), "times", &p[i].count);
    p[i].value = numbers_of(r, at(n, "values"), "values", &values);
    p[i].period = number_of(r, at(n, "period"), "period", 0);
    if (values != p[i].count) fail(r, n, GM_EPARSE, "profiles", "as many values as times expected");
  }
  r->c.profile = p;
  r->c.profile_count = count;
}

static void read_attributes(reader *r, struct fy_node *map)
{
  int32_t count = list_count(r, map, "attributes", true), i = 0, values = 0;
  gm_network_attribute *a = get(r, count, sizeof *a);
  void *next = NULL;
  for (struct fy_node_pair *q = a && count ? fy_node_mapping_iterate(map, &next) : NULL; q;
       q = fy_node_mapping_iterate(map, &next), i++) {
    a[i].name = text_of(r, fy_node_pair_key(q), "attributes");
    a[i].value = numbers_of(r, fy_node_pair_value(q), "attributes", &values);
    if (values != r->c.node_count)
      fail(r, fy_node_pair_value(q), GM_EPARSE, "attributes", "one value a node is expected");
  }
  r->c.attribute = a;
  r->c.attribute_count = count;
}

static void read_edges(reader *r, struct fy_node *list, gm_network_layer *l)
{
  l->edge_count = list_count(r, list, "edges", false);
  gm_network_edge *e = get(r, l->edge_count, sizeof *e);
  for (int32_t i = 0; e && i < l->edge_count; i++) {
    int32_t count;
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    const double *v = numbers_of(r, n, "edges", &count);
    if (r->status) return;
    if (count < 2 || count > 3 || v[0] != rint(v[0]) || v[1] != rint(v[1]) || fabs(v[0]) > 1e9 ||
        fabs(v[1]) > 1e9) {
      fail(r, n, GM_EPARSE, "edges", "[from, to] or [from, to, weight] is expected");
      return;
    }
    e[i] = (gm_network_edge){(int32_t)v[0], (int32_t)v[1], count == 3 ? v[2] : 1};
  }
  l->edge = e;
}

static void read_kind(reader *r, struct fy_node *n, gm_network_layer *l)
{
  static const struct {
    const char *text;
    gm_graph_kind kind;
  } known[] = {{"complete", GM_GRAPH_COMPLETE}, {"edges", GM_GRAPH_EDGES},
               {"lattice", GM_GRAPH_LATTICE},   {"small-world", GM_GRAPH_SMALL_WORLD},
               {"random", GM_GRAPH_RANDOM},     {"preferential", GM_GRAPH_PREFERENTIAL},
               {"groups", GM_GRAPH_GROUPS}};
  const char *text = text_of(r, n, "kind");
  for (size_t i = 0; text && i < sizeof known / sizeof *known; i++)
    if (!strcmp(known[i].text, text)) {
      l->kind = known[i].kind;
      return;
    }
  fail(r, n, GM_EPARSE, "kind",
       "complete, edges, lattice, small-world, random, preferential or groups is expected");
}

static void read_layer(reader *r, struct fy_node *n, gm_network_layer *l)
{
  int32_t groups = 0;
  if (!keys_known(r, n, "layers",
                  " name kind weight seed edges directed width height torus diagonal neighbours "
                  "rewire probability attach groups group_size "))
    return;
  read_kind(r, at(n, "kind"), l);
  l->name = text_of(r, at(n, "name"), "name");
  l->weight = number_of(r, at(n, "weight"), "weight", 1);
  l->seed = (uint64_t)(uint32_t)whole_of(r, at(n, "seed"), "seed", 0);
  read_edges(r, at(n, "edges"), l);
  l->directed = flag_of(r, at(n, "directed"), "directed");
  l->width = whole_of(r, at(n, "width"), "width", 0);
  l->height = whole_of(r, at(n, "height"), "height", 0);
  l->torus = flag_of(r, at(n, "torus"), "torus");
  l->diagonal = flag_of(r, at(n, "diagonal"), "diagonal");
  l->neighbours = whole_of(r, at(n, "neighbours"), "neighbours", 0);
  l->rewire = number_of(r, at(n, "rewire"), "rewire", 0);
  l->probability = number_of(r, at(n, "probability"), "probability", 0);
  l->attach = whole_of(r, at(n, "attach"), "attach", 0);
  l->group_size = whole_of(r, at(n, "group_size"), "group_size", 0);
  if (!at(n, "groups")) return;
  l->group = wholes_of(r, at(n, "groups"), "groups", &groups);
  if (groups != r->c.node_count) fail(r, n, GM_EPARSE, "groups", "one number a node is expected");
}

static void read_layers(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "layers", false);
  gm_network_layer *l = get(r, count, sizeof *l);
  for (int32_t i = 0; l && i < count; i++)
    read_layer(r, fy_node_sequence_get_by_index(list, i), &l[i]);
  r->c.layer = l;
  r->c.layer_count = count;
}

static void read_transitions(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "transitions", false);
  gm_network_transition *t = get(r, count, sizeof *t);
  for (int32_t i = 0; t && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "transitions", " from to rate counter ")) return;
    t[i].from = text_of(r, at(n, "from"), "from");
    t[i].to = text_of(r, at(n, "to"), "to");
    t[i].rate = text_of(r, at(n, "rate"), "rate");
    t[i].counter = text_of(r, at(n, "counter"), "counter");
  }
  r->c.transition = t;
  r->c.transition_count = count;
}

static void read_starts(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "start", false);
  gm_network_start *s = get(r, count, sizeof *s);
  for (int32_t i = 0; s && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "start", " state nodes count ")) return;
    s[i].state = text_of(r, at(n, "state"), "state");
    s[i].count = text_of(r, at(n, "count"), "count");
    s[i].node = wholes_of(r, at(n, "nodes"), "nodes", &s[i].node_count);
  }
  r->c.start = s;
  r->c.start_count = count;
}

static void read_ports(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "ports", false);
  gm_network_port *p = get(r, count, sizeof *p);
  for (int32_t i = 0; p && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "ports", " name from to ")) return;
    p[i].name = text_of(r, at(n, "name"), "name");
    p[i].from = text_of(r, at(n, "from"), "from");
    p[i].to = text_of(r, at(n, "to"), "to");
  }
  r->c.port = p;
  r->c.port_count = count;
}

static void read_watches(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "watch", false);
  gm_network_watch *w = get(r, count, sizeof *w);
  for (int32_t i = 0; w && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "watch", " name node state ")) return;
    w[i].name = text_of(r, at(n, "name"), "name");
    w[i].node = whole_of(r, at(n, "node"), "node", -1);
    w[i].state = text_of(r, at(n, "state"), "state");
  }
  r->c.watch = w;
  r->c.watch_count = count;
}

static void read_outputs(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "outputs", false);
  gm_network_output *o = get(r, count, sizeof *o);
  for (int32_t i = 0; o && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "outputs", " name unit is ")) return;
    o[i].name = text_of(r, at(n, "name"), "name");
    o[i].unit = text_of(r, at(n, "unit"), "unit");
    o[i].expression = text_of(r, at(n, "is"), "is");
  }
  r->c.output = o;
  r->c.output_count = count;
}

static void read_rules(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "rules", false);
  gm_network_rule *u = get(r, count, sizeof *u);
  for (int32_t i = 0; u && i < count; i++) {
    struct fy_node *n = fy_node_sequence_get_by_index(list, i);
    if (!keys_known(r, n, "rules", " node logic up down start ")) return;
    u[i].name = text_of(r, at(n, "node"), "node");
    u[i].logic = text_of(r, at(n, "logic"), "logic");
    u[i].up = text_of(r, at(n, "up"), "up");
    u[i].down = text_of(r, at(n, "down"), "down");
    u[i].start = text_of(r, at(n, "start"), "start");
  }
  r->c.rule = u;
  r->c.rule_count = count;
}

static void read_states(reader *r, struct fy_node *list)
{
  int32_t count = list_count(r, list, "states", false);
  const char **s = get(r, count, sizeof *s);
  for (int32_t i = 0; s && i < count; i++)
    s[i] = text_of(r, fy_node_sequence_get_by_index(list, i), "states");
  r->c.state = s;
  r->c.state_count = count;
}

static void read_root(reader *r, struct fy_node *root)
{
  if (!keys_known(r, root, "network",
                  " network time_unit nodes states parameters profiles attributes layers "
                  "transitions start ports watch outputs rules firing_max "))
    return;
  r->c.name = text_of(r, at(root, "network"), "network");
  r->c.time_unit = text_of(r, at(root, "time_unit"), "time_unit");
  r->c.node_count = whole_of(r, at(root, "nodes"), "nodes", 0);
  r->c.firing_max = whole_of(r, at(root, "firing_max"), "firing_max", 0);
  read_states(r, at(root, "states"));
  read_parameters(r, at(root, "parameters"));
  read_profiles(r, at(root, "profiles"));
  read_attributes(r, at(root, "attributes"));
  read_layers(r, at(root, "layers"));
  read_transitions(r, at(root, "transitions"));
  read_starts(r, at(root, "start"));
  read_ports(r, at(root, "ports"));
  read_watches(r, at(root, "watch"));
  read_outputs(r, at(root, "outputs"));
  read_rules(r, at(root, "rules"));
}

/* ---- the text -------------------------------------------------------------------------------- */
/* Bytes that a reader of YAML should not have to meet: no UTF-8, control characters, deep nesting,
 * and the runs of ' for which libfyaml loses memory (its issue 233). */
static gm_status text_check(gm_ctx *ctx, const char *text, size_t bytes, const char *name)
{
  const unsigned char *p = (const unsigned char *)text, *end = p + bytes;
  int32_t quotes = 0, line = 1, open = 0;
  if (bytes > TEXT_BYTES_MAX) return gm_fail(ctx, GM_ERANGE, "%s: more than 16 MiB", name);
  while (p < end) {
    size_t n = (size_t)gm__utf8_bytes(p, (size_t)(end - p));
    bool control = (*p < 0x20 && *p != '\n' && *p != '\r' && *p != '\t') || *p == 0x7F;
    if (!n || control)
      return gm_fail(ctx, GM_EPARSE, "%s:%d: a YAML text in UTF-8 is expected", name, (int)line);
    quotes = *p == '\'' ? quotes + 1 : 0;
    open += (*p == '[' || *p == '{') - (*p == ']' || *p == '}');
    if (quotes > 6 || open > NESTED_MAX)
      return gm_fail(ctx, GM_EPARSE, "%s:%d: too many ' in a row, or nested too deep", name,
                     (int)line);
    line += *p == '\n';
    p += n;
  }
  return GM_OK;
}

static gm_status library_error(gm_ctx *ctx, struct fy_diag *diag, const char *name)
{
  void *at = NULL;
  const struct fy_diag_error *e = fy_diag_errors_iterate(diag, &at);
  if (!e || !e->msg) return gm_fail(ctx, GM_EPARSE, "%s: no YAML text", name);
  return gm_fail(ctx, GM_EPARSE, "%s:%d: no YAML text: %.300s", name, e->line > 0 ? e->line : 1,
                 e->msg);
}

static bool has_mark(const struct fy_event *e)
{
  switch (e->type) {
  case FYET_ALIAS: return true;
  case FYET_SCALAR: return e->scalar.anchor || e->scalar.tag;
  case FYET_MAPPING_START: return e->mapping_start.anchor || e->mapping_start.tag;
  case FYET_SEQUENCE_START: return e->sequence_start.anchor || e->sequence_start.tag;
  default: return false;
  }
}

typedef struct {
  int32_t depth, documents;
  bool ended;
} events;

static gm_status event_check(gm_ctx *ctx, struct fy_event *e, const char *name, events *seen)
{
  const struct fy_mark *mark = fy_event_start_mark(e);
  int line = mark ? mark->line + 1 : 1;
  bool opens = e->type == FYET_MAPPING_START || e->type == FYET_SEQUENCE_START;
  bool closes = e->type == FYET_MAPPING_END || e->type == FYET_SEQUENCE_END;
  seen->depth += opens - closes;
  seen->documents += e->type == FYET_DOCUMENT_START;
  seen->ended = e->type == FYET_STREAM_END;
  if (has_mark(e))
    return gm_fail(ctx, GM_EPARSE, "%s:%d: anchors, aliases and tags are not read", name, line);
  if (seen->depth > NESTED_MAX)
    return gm_fail(ctx, GM_EPARSE, "%s:%d: nested too deep", name, line);
  if (seen->documents > 1) return gm_fail(ctx, GM_EPARSE, "%s:%d: a second document", name, line);
  return GM_OK;
}

/* Refuses anchors, aliases and tags, and what is nested deeper than any network is: looks at the
 * events alone, so that nothing is built. */
static gm_status events_check(gm_ctx *ctx, const struct fy_parse_cfg *cfg, const char *text,
                              size_t bytes, const char *name)
{
  struct fy_parser *p = fy_parser_create(cfg);
  gm_status s = GM_OK;
  events seen = {0};
  if (!p || fy_parser_set_string(p, text, bytes))
    s = gm_fail(ctx, GM_ENOMEM, "%s: reading YAML", name);
  while (!s && !seen.ended) {
    struct fy_event *e = fy_parser_parse(p);
    s = e ? event_check(ctx, e, name, &seen) : library_error(ctx, cfg->diag, name);
    if (e) fy_parser_event_free(p, e);
  }
  if (p) fy_parser_destroy(p);
  return s;
}

static void document_read(reader *r, const struct fy_parse_cfg *cfg, const char *text, size_t bytes)
{
  r->status = events_check(r->ctx, cfg, text, bytes, r->name);
  if (r->status) return;
  struct fy_document *doc = fy_document_build_from_string(cfg, text, bytes);
  struct fy_node *root = doc ? fy_document_root(doc) : NULL;
  if (root)
    read_root(r, root);
  else
    r->status = library_error(r->ctx, cfg->diag, r->name);
  fy_document_destroy(doc);
}

static gm_status read_bytes(gm_ctx *ctx, const char *text, size_t bytes, const char *name,
                            gm_model **out)
{
  reader r = {.ctx = ctx, .name = name};
  gm_status s = text_check(ctx, text, bytes, name);
  if (!s) s = gm_arena_new(ctx, 1 << 14, &r.arena);
  if (s) return s;
  struct fy_diag_cfg diag_cfg; /* without it libfyaml writes to stderr */
  fy_diag_cfg_default(&diag_cfg);
  diag_cfg.fp = NULL;
  struct fy_diag *diag = fy_diag_create(&diag_cfg);
  if (diag) {
    fy_diag_set_collect_errors(diag, true);
    struct fy_parse_cfg cfg = {.search_path = "", .flags = FYPCF_QUIET, .diag = diag};
    document_read(&r, &cfg, text, bytes);
    fy_diag_destroy(diag);
  } else {
    r.status = gm_fail(ctx, GM_ENOMEM, "%s: reading YAML", name);
  }
  if (!r.status) {
    r.status = gm_model_new(ctx, &gm_network, &r.c, out);
    if (r.status) (void)gm_fail_at(ctx, r.status, "%s", name);
  }
  gm_arena_free(r.arena);
  return r.status;
}

gm_status gm_network_read_text(gm_ctx *ctx, const char *text, const char *name, gm_model **out)
{
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
