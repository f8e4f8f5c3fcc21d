/*
 * A layer over libyaml's document API.
 *
 * The tokens are scanned once before the document is built: what we refuse is
 * refused there, before libyaml would spend time on it (its work grows with
 * the square of the depth and of the number of anchors).
 */
#include "crumb/config/yaml.h"
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <yaml.h>

struct yaml {
    const char *file;
    struct complaints *complaints;
    int fault;
    yaml_document_t document;
};

void yaml_fail(struct yaml *yaml, int fault)
{
    if (!yaml->fault)
        yaml->fault = fault;
}

int yaml_fault(const struct yaml *yaml) { return yaml->fault; }
const char *yaml_file(const struct yaml *yaml) { return yaml->file; }

static void complain_line(struct yaml *yaml, size_t line, const char *what)
{
    int r = complaints_add(yaml->complaints, yaml->file, (unsigned)line, what);

    if (r)
        yaml_fail(yaml, r);
}

/* Parsing. */

/* What libyaml found wrong, as a complaint; it gives an offset instead of a line for bytes that are no text. */
static void complain_syntax(struct yaml *yaml, const yaml_parser_t *parser, struct text bytes)
{
    char what[COMPLAINT_BYTES_MAX];
    size_t line = parser->problem_mark.line + 1;

    /* Where memory lacks, libyaml's loader often fails without naming an error. */
    if (parser->error == YAML_MEMORY_ERROR || !parser->problem) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        line = 1;
        for (size_t i = 0; i < bytes.size && i < parser->problem_offset; i++)
            line += bytes.data[i] == '\n';
        snprintf(what, sizeof what, "this is not text in UTF-8 (%s); save the file as UTF-8", parser->problem);
    } else {
        snprintf(what, sizeof what,
                 "this is not YAML (%s%s%s); check indentation and colons, and quote values that hold : # [ ] { } or ,",
                 parser->context ? parser->context : "", parser->context ? ": " : "", parser->problem);
    }
    complain_line(yaml, line, what);
}

/* +1 where a token opens a list or mapping, -1 where it closes one. */
static int depth_change(yaml_token_type_t type)
{
    switch (type) {
    case YAML_BLOCK_SEQUENCE_START_TOKEN:
    case YAML_BLOCK_MAPPING_START_TOKEN:
    case YAML_FLOW_SEQUENCE_START_TOKEN:
    case YAML_FLOW_MAPPING_START_TOKEN:
        return 1;
    case YAML_BLOCK_END_TOKEN:
    case YAML_FLOW_SEQUENCE_END_TOKEN:
    case YAML_FLOW_MAPPING_END_TOKEN:
        return -1;
    default:
        return 0;
    }
}

static const char *refusal(yaml_token_type_t type, int depth)
{
    if (depth > CONFIG_DEPTH_MAX)
        return "lists and mappings are nested too deeply; no setting needs that";
    if (type == YAML_ALIAS_TOKEN || type == YAML_ANCHOR_TOKEN)
        return "anchors (&) and aliases (*) are not supported; write the value out, or quote a text that begins so";
    if (type == YAML_TAG_TOKEN)
        return "tags (!) are not supported; leave the tag out, or quote a text that begins so";
    return NULL;
}

/* Refuses what we do not take. Syntax errors end the scan; building the document meets them again. */
static void scan(struct yaml *yaml, struct text bytes)
{
    yaml_parser_t parser;
    int depth = 0;
    bool more = true;

    if (!yaml_parser_initialize(&parser)) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes.data, bytes.size);
    while (more) {
        yaml_token_t token;

        if (!yaml_parser_scan(&parser, &token)) {
            /* Half a scan refuses half of what it should. */
            if (parser.error == YAML_MEMORY_ERROR)
                yaml_fail(yaml, error_origin(-ENOMEM));
            break;
        }
        depth += depth_change(token.type);
        const char *what = refusal(token.type, depth);
        if (what)
            complain_line(yaml, token.start_mark.line + 1, what);
        more = token.type != YAML_STREAM_END_TOKEN && depth <= CONFIG_DEPTH_MAX;
        yaml_token_delete(&token);
    }
    yaml_parser_delete(&parser);
}

/* True where nothing but the end follows the first document. */
static void check_end(struct yaml *yaml, yaml_parser_t *parser, struct text bytes)
{
    yaml_document_t next;

    if (!yaml_parser_load(parser, &next)) {
        complain_syntax(yaml, parser, bytes);
        return;
    }
    if (yaml_document_get_root_node(&next))
        complain_line(yaml, next.start_mark.line + 1, "a second document begins here; a file holds one");
    yaml_document_delete(&next);
}

/* Fills yaml->document, empty where that failed. */
static void build(struct yaml *yaml, struct text bytes)
{
    yaml_parser_t parser;

    if (!yaml_parser_initialize(&parser)) {
        yaml_fail(yaml, error_origin(-ENOMEM));
        return;
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)bytes.data, bytes.size);
    if (!yaml_parser_load(&parser, &yaml->document)) {
        yaml->document = (yaml_document_t){0};
        complain_syntax(yaml, &parser, bytes);
    } else if (!yaml_document_get_root_node(&yaml->document)) {
        complain_line(yaml, 1, "the file is empty; write a mapping (key: value)");
    } else {
        check_end(yaml, &parser, bytes);
    }
    yaml_parser_delete(&parser);
}

int yaml_open(struct text bytes, const char *file, struct complaints *complaints, struct yaml **ret_yaml)
{
    unsigned n_before = complaints->n;
    struct yaml *yaml = calloc(1, sizeof *yaml);

    if (!yaml)
        return error_origin(-ENOMEM);
    yaml->file = file;
    yaml->complaints = complaints;
    scan(yaml, bytes);
    if (!yaml->fault && complaints->n == n_before)
        build(yaml, bytes);
    if (!yaml->fault && complaints->n == n_before) {
        *ret_yaml = yaml;
        return 0;
    }
    int r = yaml->fault;
    yaml_close(yaml);
    return r ? error_trace(r) : YAML_E_BROKEN;
}

struct yaml *yaml_close(struct yaml *yaml)
{
    if (yaml) {
        yaml_document_delete(&yaml->document);
        free(yaml);
    }
    return NULL;
}

/* Complaining. */

struct text yaml_shorten(struct text text)
{
    if (text.size > COMPLAINT_QUOTE_BYTES_MAX) {
        text.size = COMPLAINT_QUOTE_BYTES_MAX;
        while (text.size && ((unsigned char)text.data[text.size] & 0xc0) == 0x80)
            text.size--;
    }
    return text;
}

/* "sites.shop.origins[2]"; nothing for the document itself. */
static void put_path(struct buffer *what, const struct yaml_at *at)
{
    if (!at->above)
        return;
    put_path(what, at->above);
    if (at->key.data)
        buffer_printf(what, "%s%.*s", at->above->above ? "." : "", TEXT_ARGS(yaml_shorten(at->key)));
    else
        buffer_printf(what, "[%u]", at->index);
}

__attribute__((format(printf, 3, 0))) static void complain(const struct yaml_at *at, bool quote, const char *format,
                                                           va_list args)
{
    BUFFER_AUTO what = BUFFER_INIT(CONFIG_DEPTH_MAX * COMPLAINT_BYTES_MAX);
    char rest[COMPLAINT_BYTES_MAX];
    struct text value;

    put_path(&what, at);
    if (at->above)
        buffer_put_text(&what, TEXT(": "));
    if (quote && yaml_text(at, &value))
        buffer_printf(&what, "\"%.*s%s\" ", TEXT_ARGS(yaml_shorten(value)),
                      yaml_shorten(value).size < value.size ? "..." : "");
    vsnprintf(rest, sizeof rest, format, args);
    buffer_put(&what, rest, strlen(rest) + 1);
    if (what.fault)
        yaml_fail(at->yaml, error_origin(what.fault));
    else
        complain_line(at->yaml, at->line, (const char *)what.data);
}

void yaml_complain(const struct yaml_at *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(at, false, format, args);
    va_end(args);
}

void yaml_refuse(const struct yaml_at *at, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    complain(at, true, format, args);
    va_end(args);
}

/* Looking. */

static yaml_node_t *node_of(struct yaml *yaml, int id)
{
    yaml_node_t *node = yaml_document_get_node(&yaml->document, id);

    assert(node);
    return node;
}

static struct text scalar_text(const yaml_node_t *node)
{
    return (struct text){.data = (const char *)node->data.scalar.value, .size = node->data.scalar.length};
}

enum yaml_kind yaml_kind(const struct yaml_at *at)
{
    const yaml_node_t *node = node_of(at->yaml, at->node);

    return node->type == YAML_MAPPING_NODE ? YAML_MAPPING : node->type == YAML_SEQUENCE_NODE ? YAML_LIST : YAML_TEXT;
}

bool yaml_is_null(const struct yaml_at *at)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    const yaml_node_t *node = node_of(at->yaml, at->node);

    if (node->type != YAML_SCALAR_NODE || node->data.scalar.style != YAML_PLAIN_SCALAR_STYLE)
        return false;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (text_equal(scalar_text(node), text_of(nulls[i])))
            return true;
    return false;
}

bool yaml_expect(const struct yaml_at *at, enum yaml_kind kind)
{
    static const char *const names[] = {"one text", "a list ([a, b])", "a mapping (key: value)"};
    enum yaml_kind found = yaml_kind(at);

    if (found != kind)
        yaml_complain(at, "this is %s; write %s", names[found], names[kind]);
    return found == kind;
}

struct yaml_at yaml_root(struct yaml *yaml)
{
    yaml_node_t *root = yaml_document_get_root_node(&yaml->document);

    return (struct yaml_at){.yaml = yaml, .line = (unsigned)root->start_mark.line + 1, .node = 1};
}

bool yaml_text(const struct yaml_at *at, struct text *ret_text)
{
    if (!yaml_expect(at, YAML_TEXT))
        return false;
    *ret_text = scalar_text(node_of(at->yaml, at->node));
    return true;
}

unsigned yaml_size(const struct yaml_at *at)
{
    const yaml_node_t *node = node_of(at->yaml, at->node);

    if (node->type == YAML_SEQUENCE_NODE)
        return (unsigned)(node->data.sequence.items.top - node->data.sequence.items.start);
    if (node->type == YAML_MAPPING_NODE)
        return (unsigned)(node->data.mapping.pairs.top - node->data.mapping.pairs.start);
    return 0;
}

struct yaml_at yaml_item(const struct yaml_at *at, unsigned i)
{
    const yaml_node_t *list = node_of(at->yaml, at->node);

    assert(list->type == YAML_SEQUENCE_NODE && i < yaml_size(at));
    struct yaml_at item = {.yaml = at->yaml, .above = at, .index = i, .node = list->data.sequence.items.start[i]};
    item.line = (unsigned)node_of(at->yaml, item.node)->start_mark.line + 1;
    return item;
}

struct yaml_at yaml_entry(const struct yaml_at *at, unsigned i)
{
    const yaml_node_t *mapping = node_of(at->yaml, at->node);

    assert(mapping->type == YAML_MAPPING_NODE && i < yaml_size(at));
    yaml_node_pair_t pair = mapping->data.mapping.pairs.start[i];
    const yaml_node_t *key = node_of(at->yaml, pair.key);
    /* A list or mapping as a key is legal YAML; as "?" it is no key of ours. */
    return (struct yaml_at){.yaml = at->yaml,
                            .above = at,
                            .key = key->type == YAML_SCALAR_NODE ? scalar_text(key) : TEXT("?"),
                            .line = (unsigned)key->start_mark.line + 1,
                            .node = pair.value};
}
