/*
 * The file is read once into compiled expressions; all their literals go into
 * one automaton (agent_scan.h), so that of a thousand only the few are tried
 * that have a literal in the agent, and those of which no literal is known.
 */
#include "agent_lists.h"
#include "crumb/base/error.h"
#include "crumb/config/yaml.h"
#include <errno.h>
#include <stdlib.h>

/* What the file calls a list and the texts of its rules. */
static const struct {
    const char *name, *texts[AGENT_PARTS_N];
} lists[AGENT_LIST_N] = {
    {"user_agent_parsers", {"family_replacement", "v1_replacement", "v2_replacement", "v3_replacement", NULL}},
    {"os_parsers",
     {"os_replacement", "os_v1_replacement", "os_v2_replacement", "os_v3_replacement", "os_v4_replacement"}},
    {"device_parsers", {"device_replacement", "brand_replacement", "model_replacement", NULL, NULL}},
};

/* ---- reading the file ---- */

/* A text under @name in the mapping @at, or NULL data. */
static struct text text_under(const struct yaml_at *at, const char *name)
{
    struct text text = TEXT_NONE;

    for (unsigned i = 0; i < yaml_size(at); i++) {
        struct yaml_at entry = yaml_entry(at, i);

        if (text_equal(entry.key, text_of(name)))
            yaml_text(&entry, &text);
    }
    return text;
}

static void compile(const struct yaml_at *at, struct text pattern, bool caseless, struct agent_rule *rule)
{
    PCRE2_UCHAR why[COMPLAINT_BYTES_MAX / 2];
    PCRE2_SIZE where;
    int error;

    rule->code = pcre2_compile((PCRE2_SPTR)pattern.data, pattern.size,
                               PCRE2_NEVER_BACKSLASH_C | PCRE2_NEVER_UTF | (caseless ? PCRE2_CASELESS : 0), &error,
                               &where, NULL);
    if (!rule->code && error == PCRE2_ERROR_HEAP_FAILED) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
    } else if (!rule->code) {
        pcre2_get_error_message(error, why, sizeof why);
        yaml_complain(at, "the expression is wrong at byte %zu: %s", where, (const char *)why);
    } else {
        /* Where there is no memory for machine code, or the processor is unknown, it is interpreted. */
        pcre2_jit_compile(rule->code, PCRE2_JIT_COMPLETE);
    }
}

static void find_literals(const struct yaml_at *at, struct text pattern, struct agent_rule *rule)
{
    struct agent_literals literals;

    agent_literals_of(pattern, &literals);
    rule->literals = malloc((literals.n + 1) * sizeof *rule->literals);
    if (!rule->literals) {
        yaml_fail(at->yaml, error_origin(-ENOMEM));
        return;
    }
    memcpy(rule->literals, literals.items, literals.n * sizeof *rule->literals);
    rule->n_literals = literals.n;
}

static void read_rule(const struct yaml_at *at, enum agent_list list, struct agent_rule *rule)
{
    if (!yaml_expect(at, YAML_MAPPING))
        return;
    struct text pattern = text_under(at, "regex");
    if (!pattern.data || pattern.size > AGENT_PATTERN_BYTES_MAX) {
        yaml_complain(at, pattern.data ? "the expression is too long" : "there is no `regex`");
        return;
    }
    compile(at, pattern, text_equal(text_under(at, "regex_flag"), TEXT("i")), rule);
    if (rule->code)
        find_literals(at, pattern, rule);
    for (unsigned i = 0; i < AGENT_PARTS_N && lists[list].texts[i]; i++) {
        struct text text = text_under(at, lists[list].texts[i]);

        if (text.data && !(rule->texts[i] = strndup(text.data, text.size)))
            yaml_fail(at->yaml, error_origin(-ENOMEM));
    }
}

/* Its place in agent_rules.rules is kept in order of the lists, whatever their order in the file. */
static void read_list(const struct yaml_at *root, enum agent_list list, struct agent_rules *rules)
{
    for (unsigned i = 0; i < yaml_size(root); i++) {
        struct yaml_at at = yaml_entry(root, i);

        if (!text_equal(at.key, text_of(lists[list].name)) || !yaml_expect(&at, YAML_LIST))
            continue;
        for (unsigned j = 0; j < yaml_size(&at) && !yaml_fault(at.yaml); j++) {
            struct yaml_at item = yaml_item(&at, j);

            if (rules->n_rules == AGENT_RULES_MAX) {
                yaml_complain(&item, "there are too many expressions");
                return;
            }
            read_rule(&item, list, &rules->rules[rules->n_rules++]);
        }
    }
    if (rules->n_rules == rules->begins[list])
        yaml_complain(root, "there are no `%s`", lists[list].name);
}

static int read_rules(struct yaml *yaml, struct agent_rules *rules)
{
    struct yaml_at root = yaml_root(yaml);

    rules->rules = calloc(AGENT_RULES_MAX, sizeof *rules->rules);
    if (!rules->rules)
        return error_origin(-ENOMEM);
    if (yaml_expect(&root, YAML_MAPPING)) {
        for (unsigned list = 0; list < AGENT_LIST_N; list++) {
            rules->begins[list] = rules->n_rules;
            read_list(&root, (enum agent_list)list, rules);
        }
    }
    rules->begins[AGENT_LIST_N] = rules->n_rules;
    return error_trace(yaml_fault(yaml));
}

/* ---- all of it ---- */

static int make_scan(const char *file, struct agent_rules *rules, struct buffer *complaint)
{
    struct agent_scan_row *rows = calloc(rules->n_rules + 1, sizeof *rows);

    if (!rows)
        return error_origin(-ENOMEM);
    for (unsigned i = 0; i < rules->n_rules; i++) {
        rows[i] = (struct agent_scan_row){i, rules->rules[i].n_literals, rules->rules[i].literals};
        if (rows[i].n_literals == 0)
            rules->always[i / 64] |= UINT64_C(1) << i % 64;
    }
    int r = agent_scan_new(rows, rules->n_rules, &rules->scan);
    for (unsigned i = 0; i < rules->n_rules; i++) {
        free(rules->rules[i].literals);
        rules->rules[i].literals = NULL;
    }
    free(rows);
    if (r != AGENT_SCAN_E_TOO_LARGE)
        return error_trace(r);
    buffer_printf(complaint, "%s: its expressions hold too many different words", file);
    return AGENT_RULES_E_UNUSABLE;
}

/* The first line of what the reader complained about. */
static int unusable(const struct complaints *complaints, struct buffer *complaint)
{
    struct text rest = buffer_text(&complaints->text);

    buffer_put_text(complaint, text_cut(&rest, '\n'));
    return AGENT_RULES_E_UNUSABLE;
}

static int read_file(struct text yaml, const char *file, struct agent_rules *rules, struct complaints *complaints)
{
    struct yaml *document;
    int r = yaml_open(yaml, file, complaints, &document);

    if (r)
        return r < 0 ? error_trace(r) : 0; /* complained about */
    r = read_rules(document, rules);
    yaml_close(document);
    return error_trace(r);
}

int agent_rules_new(struct text yaml, const char *file, struct agent_rules **ret_rules, struct buffer *complaint)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct agent_rules *rules = calloc(1, sizeof *rules);
    int r = rules ? read_file(yaml, file, rules, &complaints) : error_origin(-ENOMEM);

    if (r == 0 && complaints.n)
        r = unusable(&complaints, complaint);
    if (r == 0)
        r = make_scan(file, rules, complaint);
    complaints_deinit(&complaints);
    if (r) {
        agent_rules_free(rules);
        return error_trace(r);
    }
    *ret_rules = rules;
    return 0;
}

struct agent_rules *agent_rules_free(struct agent_rules *rules)
{
    if (!rules)
        return NULL;
    for (unsigned i = 0; i < rules->n_rules; i++) {
        pcre2_code_free(rules->rules[i].code);
        free(rules->rules[i].literals);
        for (unsigned j = 0; j < AGENT_PARTS_N; j++)
            free(rules->rules[i].texts[j]);
    }
    free(rules->rules);
    agent_scan_free(rules->scan);
    free(rules);
    return NULL;
}

static size_t code_bytes(const pcre2_code *code)
{
    size_t bytes = 0, machine = 0;

    pcre2_pattern_info(code, PCRE2_INFO_SIZE, &bytes);
    pcre2_pattern_info(code, PCRE2_INFO_JITSIZE, &machine);
    return bytes + machine;
}

size_t agent_rules_bytes(const struct agent_rules *rules)
{
    size_t bytes = sizeof *rules + rules->n_rules * sizeof *rules->rules + agent_scan_bytes(rules->scan);

    for (unsigned i = 0; i < rules->n_rules; i++)
        bytes += code_bytes(rules->rules[i].code);
    return bytes;
}

unsigned agent_rules_count(const struct agent_rules *rules, enum agent_list list, unsigned *ret_n_always)
{
    unsigned n_always = 0;

    for (unsigned i = rules->begins[list]; i < rules->begins[list + 1]; i++)
        n_always += (unsigned)(rules->always[i / 64] >> i % 64 & 1);
    *ret_n_always = n_always;
    return rules->begins[list + 1] - rules->begins[list];
}
