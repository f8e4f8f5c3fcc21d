/*
 * Any bytes as an event.  What is refused has a reason; what is accepted keeps
 * every limit, survives the store, and says the same when it is written as
 * pairs again.
 */
#include "crumb/base/buffer.h"
#include "crumb/ingest/mask.h"
#include "crumb/ingest/page.h"
#include "crumb/ingest/wire.h"
#include <assert.h>
#include <glib.h>
#include <stdio.h>
#include <stdlib.h>

#define PAIRS_BYTES_MAX (4 * QUERY_BYTES_MAX)
#define ENCODED_BYTES_MAX (1 << 20)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_text(struct text text, size_t max)
{
    assert(text.size <= max);
    assert(text.size == 0 || g_utf8_validate_len(text.data, text.size, NULL));
}

static void check_limits(const struct event *event)
{
    assert(event->kind >= EVENT_PAGEVIEW && event->kind < EVENT_KIND_N);
    assert(event->site.size > 0 && (event->id.size == 0 || event->id.size == 36));
    check_text(event->site, SITE_NAME_BYTES_MAX);
    check_text(event->host, URL_BYTES_MAX);
    check_text(event->path, URL_BYTES_MAX);
    assert((event->host.size == 0) == (event->path.size == 0));
    check_text(event->referrer, URL_BYTES_MAX);
    check_text(event->title, TITLE_BYTES_MAX);
    check_text(event->language, LANGUAGE_BYTES_MAX);
    check_text(event->zone, ZONE_BYTES_MAX);
    check_text(event->category, LABEL_BYTES_MAX);
    check_text(event->action, LABEL_BYTES_MAX);
    check_text(event->label, LABEL_BYTES_MAX);
    check_text(event->property, LABEL_BYTES_MAX);
    check_text(event->value, LABEL_BYTES_MAX);
    assert(event->currency.size == 0 || event->currency.size == 3);
    check_text(event->utm_source, LABEL_BYTES_MAX);
    check_text(event->utm_medium, LABEL_BYTES_MAX);
    check_text(event->utm_campaign, LABEL_BYTES_MAX);
    check_text(event->utm_content, LABEL_BYTES_MAX);
    check_text(event->utm_term, LABEL_BYTES_MAX);
    check_text(event->click_id, LABEL_BYTES_MAX);
    assert(event->dwell_ms <= DWELL_MS_MAX);
    assert(event->screen_width <= SCREEN_PIXELS_MAX && event->screen_height <= SCREEN_PIXELS_MAX);
    assert(event->viewport_width <= SCREEN_PIXELS_MAX && event->viewport_height <= SCREEN_PIXELS_MAX);
    assert(event->page_width <= INT32_MAX && event->page_height <= INT32_MAX);
    assert(event->scroll_x_max <= INT32_MAX && event->scroll_y_max <= INT32_MAX);
    assert(event->created_ms <= INT64_MAX && event->sent_ms <= INT64_MAX);
    assert(event->n_properties <= PROPERTIES_MAX);
    for (unsigned i = 0; i < event->n_properties; i++) {
        assert(event->properties[i].name.size > 0);
        check_text(event->properties[i].name, PROPERTY_NAME_BYTES_MAX);
        check_text(event->properties[i].value, LABEL_BYTES_MAX);
    }
}

static void encode(const struct event *event, struct buffer *ret_bytes)
{
    for (unsigned class = 0; class < CLASS_N; class ++) {
        size_t before = ret_bytes->size;

        event_encode(event, class, ret_bytes);
        buffer_put_u32(ret_bytes, (uint32_t)(ret_bytes->size - before));
    }
    assert(!ret_bytes->fault);
}

/* Through the store's form and back. */
static void check_store(const struct event *event)
{
    BUFFER_AUTO before = BUFFER_INIT(ENCODED_BYTES_MAX), after = BUFFER_INIT(ENCODED_BYTES_MAX);
    BUFFER_AUTO sections = BUFFER_INIT(ENCODED_BYTES_MAX);
    struct event back = {.kind = event->kind};
    size_t ends[CLASS_N];

    for (unsigned class = 0; class < CLASS_N; class ++) {
        event_encode(event, class, &sections);
        ends[class] = sections.size;
    }
    for (unsigned class = 0; class < CLASS_N; class ++) {
        size_t start = class ? ends[class - 1] : 0;
        struct text all = buffer_text(&sections);

        assert(event_decode((struct text){all.size ? all.data + start : NULL, ends[class] - start}, class, &back));
    }
    encode(event, &before);
    encode(&back, &after);
    assert(text_equal(buffer_text(&before), buffer_text(&after)));
}

/* ---- as pairs again ---- */

static void put_pair(struct buffer *pairs, const char *name, struct text value)
{
    if (value.size == 0)
        return;
    if (pairs->size)
        buffer_put_u8(pairs, '&');
    buffer_put_text(pairs, text_of(name));
    buffer_put_u8(pairs, '=');
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] == ' ')
            buffer_put_u8(pairs, '+');
        else if (strchr("%+&=", value.data[i]))
            buffer_printf(pairs, "%%%02x", (unsigned char)value.data[i]);
        else
            buffer_put_u8(pairs, (uint8_t)value.data[i]);
    }
}

static void put_number(struct buffer *pairs, const char *name, uint64_t number)
{
    char digits[24];

    snprintf(digits, sizeof digits, "%llu", (unsigned long long)number);
    put_pair(pairs, name, number ? text_of(digits) : TEXT_NONE);
}

static void put_size(struct buffer *pairs, const char *name, uint64_t width, uint64_t height)
{
    char size[48];

    snprintf(size, sizeof size, "%llux%llu", (unsigned long long)width, (unsigned long long)height);
    put_pair(pairs, name, text_of(size));
}

static void put_properties(struct buffer *pairs, const struct event *event)
{
    for (unsigned i = 0; i < event->n_properties; i++) {
        BUFFER_AUTO part = BUFFER_INIT(4 * LABEL_BYTES_MAX);

        put_pair(&part, "x_p.", event->properties[i].name); /* "x_p.=NAME" */
        buffer_put_text(pairs, TEXT("&x_p."));
        buffer_put_text(pairs, text_from(buffer_text(&part), 5));
        buffer_put_u8(pairs, '=');
        buffer_clear(&part);
        put_pair(&part, "", event->properties[i].value); /* "=VALUE" */
        buffer_put_text(pairs, part.size ? text_from(buffer_text(&part), 1) : TEXT_NONE);
        assert(!part.fault);
    }
}

static void put_event(struct buffer *pairs, const struct event *event)
{
    BUFFER_AUTO url = BUFFER_INIT(2 * URL_BYTES_MAX);

    if (event->host.size) {
        buffer_put_text(&url, TEXT("http://"));
        buffer_put_text(&url, event->host);
        buffer_put_text(&url, event->path);
    }
    put_pair(pairs, "aid", event->site);
    put_pair(pairs, "e", text_of(words_event_kind(event->kind)));
    put_pair(pairs, "eid", event->id);
    put_number(pairs, "dtm", event->created_ms);
    put_number(pairs, "stm", event->sent_ms);
    put_pair(pairs, "url", buffer_text(&url));
    put_pair(pairs, "page", event->title);
    put_pair(pairs, "refr", event->referrer);
    put_size(pairs, "res", event->screen_width, event->screen_height);
    put_size(pairs, "vp", event->viewport_width, event->viewport_height);
    put_size(pairs, "ds", event->page_width, event->page_height);
    put_pair(pairs, "lang", event->language);
    put_pair(pairs, "tz", event->zone);
    put_number(pairs, "pp_mix", event->scroll_x_min);
    put_number(pairs, "pp_max", event->scroll_x_max);
    put_number(pairs, "pp_miy", event->scroll_y_min);
    put_number(pairs, "pp_may", event->scroll_y_max);
    put_pair(pairs, "se_ca", event->category);
    put_pair(pairs, "se_ac", event->action);
    put_pair(pairs, "se_la", event->label);
    put_pair(pairs, "se_pr", event->property);
    put_pair(pairs, "se_va", event->value);
    put_pair(pairs, "x_cur", event->currency);
    put_number(pairs, "x_vis", event->dwell_ms);
    put_properties(pairs, event);
    assert(!pairs->fault);
}

/* Sizes of zero are written out, and so may need more room than there was; then nothing is promised. */
static void check_again(const struct event *event)
{
    BUFFER_AUTO pairs = BUFFER_INIT(PAIRS_BYTES_MAX);
    BUFFER_AUTO before = BUFFER_INIT(ENCODED_BYTES_MAX), after = BUFFER_INIT(ENCODED_BYTES_MAX);
    struct event again;
    const char *what;

    put_event(&pairs, event);
    if (pairs.size > QUERY_BYTES_MAX)
        return;
    char *scratch = malloc(pairs.size);
    assert(scratch && wire_parse(buffer_text(&pairs), scratch, &again, &what) == 0);
    assert(text_equal(event->site, again.site) && text_equal(event->id, again.id) && event->kind == again.kind);
    assert(event->created_ms == again.created_ms && event->sent_ms == again.sent_ms);
    encode(event, &before);
    encode(&again, &after);
    assert(text_equal(buffer_text(&before), buffer_text(&after)));
    free(scratch);
}

/* As on its way to the store: its page is read, and what names a person is masked; twice, as trackers do it, too. */
static void check_page(struct event *event)
{
    static char q[] = "q", a[] = "a";
    static char *listed[] = {q, a};
    static const struct site site = {.pages = {.query = listed, .n_query = 2, .hash = true}};
    char *scratch = malloc(URL_BYTES_MAX);

    assert(scratch && page_read(event, &site, scratch) == (event->url.size > 0));
    for (unsigned i = 0; i < 2; i++) {
        mask_event(event);
        check_limits(event);
    }
    check_store(event);
    free(scratch);
}

/* The bytes as an address of a page, without the rest. */
static void check_url(const uint8_t *data, size_t size)
{
    struct text host, path;
    char *url = malloc(size + 1);

    assert(url);
    memcpy(url, data, size);
    if (wire_split_url(url, size, &host, &path)) {
        assert(host.size > 0 && path.size > 0 && path.data[0] == '/');
        assert(host.size + path.size <= size + 1); /* the path may be a slash that was not there */
        assert(text_find(path, '?') == path.size && text_find(path, '#') == path.size);
        assert(text_find(host, '/') == host.size && text_find(host, '@') == host.size);
    }
    free(url);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text pairs = {.data = (const char *)data, .size = size};
    char *scratch = malloc(size ? size : 1);
    const char *what = NULL;
    struct event event;

    assert(scratch);
    int r = wire_parse(pairs, scratch, &event, &what);
    assert(r == 0 || ((r == WIRE_E_MALFORMED || r == WIRE_E_TOO_LARGE) && what));
    if (r == 0) {
        check_limits(&event);
        check_store(&event);
        check_again(&event);
        check_page(&event);
    }
    free(scratch);
    check_url(data, size);
    return 0;
}
