/*
 * The adapters, fed with any request.  The first line of the input says which
 * adapter, the second is the query, the third the Origin, the fourth the Referer;
 * the rest is the body.
 *
 * An adapter gives lines within its bound, none of them empty; whatever they say,
 * they are few: no more events than the body has bytes, and one.
 */
#include "crumb/base/limits.h"
#include "crumb/ingest/adapt.h"
#include "crumb/ingest/wire.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
    struct text name;
    adapt_function *adapt;
} adapters[] = {
    {{"snowplow", 8}, adapt_snowplow},
    {{"plausible", 9}, adapt_plausible},
    {{"goatcounter", 11}, adapt_goatcounter},
    {{"matomo", 6}, adapt_matomo},
};
#define N_ADAPTERS (sizeof adapters / sizeof adapters[0])

static const struct config *the_config(void)
{
    static struct config *config;
    struct complaints complaints = COMPLAINTS_INIT;

    if (!config) {
        int r =
            config_parse(TEXT("data: d\nlisten: {public: 127.0.0.1:1, private: 127.0.0.1:2}\n"
                              "sites: {shop: {origins: [https://shop.example], controller: {name: N, contact: C}},\n"
                              "        '7': {origins: [https://seven.example], controller: {name: N, contact: C}}}\n"),
                         "crumb.yaml", &complaints, &config);
        assert(r == 0);
    }
    complaints_deinit(&complaints);
    return config;
}

/* A name that is none chooses by its first letter, so that any input reaches something. */
static adapt_function *choose(struct text name)
{
    for (size_t i = 0; i < N_ADAPTERS; i++)
        if (text_equal(adapters[i].name, name))
            return adapters[i].adapt;
    return adapters[name.size ? (unsigned char)name.data[0] % N_ADAPTERS : 0].adapt;
}

/* A copy of its own size, so that a sanitizer sees a read past the end. */
static struct text copy(struct text text)
{
    char *bytes = malloc(text.size ? text.size : 1);

    assert(bytes);
    if (text.size)
        memcpy(bytes, text.data, text.size);
    return (struct text){.data = bytes, .size = text.size};
}

static void check_lines(struct text lines, size_t n_max)
{
    size_t n = 0;

    while (lines.size) {
        assert(text_find(lines, '\n') < lines.size); /* the last one ends, too */
        struct text line = text_cut(&lines, '\n');
        char *scratch = malloc(line.size ? line.size : 1);
        struct event event;
        const char *what;

        assert(scratch && line.size > 0 && line.data[line.size - 1] != '\r');
        int r = wire_parse(line, scratch, &event, &what);
        assert(r == 0 || r == WIRE_E_MALFORMED || r == WIRE_E_TOO_LARGE);
        free(scratch);
        n++;
    }
    assert(n <= n_max);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text rest = {.data = (const char *)data, .size = size};
    adapt_function *adapt = choose(text_cut(&rest, '\n'));
    struct adapt_request request = {.config = the_config()};
    BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);

    request.query = copy(text_cut(&rest, '\n'));
    request.origin = copy(text_cut(&rest, '\n'));
    request.referer = copy(text_cut(&rest, '\n'));
    request.body = copy(rest);
    if (request.body.size <= BODY_BYTES_MAX && request.query.size <= BODY_BYTES_MAX) {
        int r = adapt(&request, &lines);
        assert(r == 0);
        check_lines(buffer_text(&lines), request.body.size + 1);
        (void)adapt_matomo_bulk(request.body);
        (void)adapt_matomo_plain(request.query, request.body);
    }
    free((char *)(uintptr_t)request.query.data);
    free((char *)(uintptr_t)request.origin.data);
    free((char *)(uintptr_t)request.referer.data);
    free((char *)(uintptr_t)request.body.data);
    return 0;
}
