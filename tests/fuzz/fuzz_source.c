/*
 * Any bytes as where a page view came from, a line each: host, referrer,
 * utm_source, utm_medium, utm_campaign, click id.  There is always an answer, the
 * same one twice, its name lies in what was given or is static, and only what
 * comes from nowhere has none.
 */
#include "crumb/ingest/source.h"
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char origin[] = "https://shop.example";
static char *origins[] = {origin};
static const struct site site = {.origins = origins, .n_origins = 1};

static struct suffixes *list(void)
{
    static struct suffixes *suffixes;

    if (!suffixes && suffixes_open(&suffixes))
        abort();
    return suffixes;
}

static void check(const struct suffixes *suffixes, const struct event *event)
{
    struct source source = source_of(suffixes, &site, event), again = source_of(suffixes, &site, event);

    assert(source.channel > CHANNEL_NONE && source.channel < CHANNEL_N);
    assert(source.channel == again.channel && text_equal(source.name, again.name));
    if (source.channel == CHANNEL_DIRECT || source.channel == CHANNEL_INTERNAL)
        assert(source.name.size == 0);
    else if (event->utm_source.size)
        assert(source.name.size > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text lines = {.data = (const char *)data, .size = size};
    struct event event = {.kind = EVENT_PAGEVIEW};

    event.host = text_cut(&lines, '\n');
    event.referrer = text_cut(&lines, '\n');
    event.utm_source = text_cut(&lines, '\n');
    event.utm_medium = text_cut(&lines, '\n');
    event.utm_campaign = text_cut(&lines, '\n');
    event.click_id = text_cut(&lines, '\n');
    check(list(), &event);
    check(NULL, &event);
    return 0;
}
