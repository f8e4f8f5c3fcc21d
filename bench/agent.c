/*
 * What it costs to read agents: for bench/agent.mjs, which makes the lists.
 *
 *   agent REGEXES REQUESTS OTHERS
 *
 * REQUESTS has an agent a line, as they would come one after another; OTHERS
 * agents of any kind, each once.  Prints one JSON object.  A single agent's
 * time is the least of several tries: what the machine does beside is not it.
 */
#include "crumb/base/limits.h"
#include "crumb/ingest/agent_read.h"
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#define TRIES 9
#define ROUNDS 5

struct lines {
    char *bytes;
    struct text *items;
    size_t n;
};

static void *must(void *pointer)
{
    if (!pointer) {
        fprintf(stderr, "agent: no memory, or a file that cannot be read\n");
        exit(3);
    }
    return pointer;
}

static struct buffer read_file(const char *path)
{
    struct buffer bytes = BUFFER_INIT(64 << 20);
    FILE *file = must(fopen(path, "rb"));
    size_t n;

    do {
        uint8_t *at = must(buffer_extend(&bytes, 1 << 16));
        n = fread(at, 1, 1 << 16, file);
        bytes.size -= (1 << 16) - n;
    } while (n);
    fclose(file);
    return bytes;
}

static struct lines read_lines(const char *path)
{
    struct buffer bytes = read_file(path);
    struct text rest = buffer_text(&bytes);
    struct lines lines = {.bytes = (char *)bytes.data};

    lines.items = must(calloc(bytes.size + 1, sizeof *lines.items));
    while (rest.size)
        lines.items[lines.n++] = text_cut(&rest, '\n');
    return lines;
}

static double now_us(clockid_t clock)
{
    struct timespec time;

    clock_gettime(clock, &time);
    return (double)time.tv_sec * 1e6 + (double)time.tv_nsec / 1e3;
}

static double cpu_us(void) { return now_us(CLOCK_THREAD_CPUTIME_ID); }

/* ---- without a cache ---- */

static uint8_t room[4096];

static void read_one(const struct agent_rules *rules, struct agent_matcher *matcher, struct text line)
{
    struct buffer texts = BUFFER_OVER(room);
    struct agent_hints hints = {.agent = line};
    struct agent agent;

    if (hints.agent.size > AGENT_BYTES_MAX)
        hints.agent.size = AGENT_BYTES_MAX;
    agent_read(rules, matcher, &hints, &texts, &agent);
}

static double least_us(const struct agent_rules *rules, struct agent_matcher *matcher, struct text line)
{
    double least = HUGE_VAL;

    for (unsigned i = 0; i < TRIES; i++) {
        double begin = now_us(CLOCK_MONOTONIC);
        read_one(rules, matcher, line);
        least = fmin(least, now_us(CLOCK_MONOTONIC) - begin);
    }
    return least;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void print_uncached(const char *name, const struct agent_rules *rules, struct agent_matcher *matcher,
                           const struct lines *lines)
{
    double *each = must(calloc(lines->n + 1, sizeof *each)), mean = HUGE_VAL;
    size_t longest = 0;

    for (unsigned round = 0; round < ROUNDS; round++) {
        double begin = cpu_us();
        for (size_t i = 0; i < lines->n; i++)
            read_one(rules, matcher, lines->items[i]);
        mean = fmin(mean, (cpu_us() - begin) / (double)lines->n);
    }
    for (size_t i = 0; i < lines->n; i++) {
        each[i] = least_us(rules, matcher, lines->items[i]);
        if (each[i] > each[longest])
            longest = i;
    }
    fprintf(stderr, "%s, longest: %.*s\n", name, TEXT_ARGS(lines->items[longest]));
    qsort(each, lines->n, sizeof *each, compare);
    printf("\"%s\": {\"agents\": %zu, \"mean_us\": %.3f, \"p50_us\": %.3f, \"p99_us\": %.3f, \"longest_us\": %.3f}, ",
           name, lines->n, mean, each[lines->n / 2], each[lines->n * 99 / 100], each[lines->n - 1]);
    free(each);
}

/* ---- with one ---- */

static double get_all(struct agent_cache *cache, struct agents *agents, const struct lines *lines)
{
    double begin = cpu_us();

    for (size_t i = 0; i < lines->n; i++)
        agent_get(cache, agents, &(struct agent_hints){.agent = lines->items[i]});
    return (cpu_us() - begin) / (double)lines->n;
}

/* The first few agents fit in any case: each is a hit. */
static void print_cached(struct agents *agents, const struct lines *lines)
{
    struct lines few = {.items = lines->items, .n = lines->n < 100 ? lines->n : 100};
    struct agent_cache *cache = NULL;
    double first, then = HUGE_VAL, hit = HUGE_VAL;

    must(agent_cache_new(&cache) == 0 ? cache : NULL);
    first = get_all(cache, agents, lines);
    for (unsigned round = 0; round < ROUNDS; round++)
        then = fmin(then, get_all(cache, agents, lines));
    for (unsigned round = 0; round < 100 * ROUNDS; round++)
        hit = fmin(hit, get_all(cache, agents, &few));
    printf("\"from_empty\": {\"mean_us\": %.3f}, \"warm\": {\"mean_us\": %.3f}, \"cached\": {\"mean_us\": %.3f}, ",
           first, then, hit);
    agent_cache_free(cache);
}

/* ---- the file ---- */

/* With a comment in front, of no effect but that no literal is looked for: each expression is tried on each agent. */
static struct agent_rules *without_literals(const char *path)
{
    static const char from[] = "- regex: '", to[] = "- regex: '(?#)";
    struct buffer bytes = read_file(path), changed = BUFFER_INIT(64 << 20), complaint = BUFFER_INIT(8192);
    struct agent_rules *rules = NULL;

    for (size_t i = 0; i < bytes.size;) {
        if (bytes.size - i >= sizeof from - 1 && memcmp(bytes.data + i, from, sizeof from - 1) == 0) {
            buffer_put(&changed, to, sizeof to - 1);
            i += sizeof from - 1;
        } else {
            buffer_put_u8(&changed, bytes.data[i++]);
        }
    }
    must(agent_rules_new(buffer_text(&changed), path, &rules, &complaint) == 0 ? rules : NULL);
    buffer_deinit(&bytes);
    buffer_deinit(&changed);
    return rules;
}

int main(int argc, char **argv)
{
    struct buffer complaint = BUFFER_INIT(8192);
    struct agents *agents = NULL;
    struct agent_matcher *matcher = NULL;

    if (argc != 4) {
        fprintf(stderr, "usage: agent REGEXES REQUESTS OTHERS\n");
        return 2;
    }
    double begin = cpu_us();
    if (agents_open(argv[1], &agents, &complaint)) {
        fprintf(stderr, "%.*s\n", TEXT_ARGS(buffer_text(&complaint)));
        return 3;
    }
    printf("{\"open_ms\": %.1f, \"bytes\": %zu, ", (cpu_us() - begin) / 1e3, agent_rules_bytes(agents_rules(agents)));
    must(agent_matcher_new(&matcher) == 0 ? matcher : NULL);
    struct lines requests = read_lines(argv[2]), others = read_lines(argv[3]);
    print_uncached("requests", agents_rules(agents), matcher, &requests);
    print_cached(agents, &requests);
    print_uncached("others", agents_rules(agents), matcher, &others);
    struct agent_rules *slow = without_literals(argv[1]);
    struct lines few = {.items = requests.items, .n = requests.n < 500 ? requests.n : 500};
    print_uncached("requests_without_literals", slow, matcher, &few);
    printf("\"n_requests\": %zu}\n", requests.n);
    agent_rules_free(slow);
    agent_matcher_free(matcher);
    agents_unref(agents);
    return 0;
}
