/*
 * Events: the table of fields and classes, told a second time.  A field that is
 * encoded with a class it does not belong to would be stored without consent.
 */
#include "check.h"
#include "crumb/store/event.h"
#include <stdio.h>

#define MARKER "MARKER-field-%02zu"
#define ENCODED_BYTES_MAX (64 << 10)

enum form { INTEGER, TEXT_FORM, ADDRESS_FORM /* a text of bytes */ };

/* Every field that is ever stored but the properties, and the class a visitor must have granted for it. */
static const struct row {
    const char *name;
    enum event_class class;
    enum form form;
    size_t offset;
} rows[] = {
    {"at_ms", CLASS_LOG, INTEGER, offsetof(struct event, at_ms)},
    {"host", CLASS_LOG, TEXT_FORM, offsetof(struct event, host)},
    {"path", CLASS_LOG, TEXT_FORM, offsetof(struct event, path)},
    {"referrer", CLASS_LOG, TEXT_FORM, offsetof(struct event, referrer)},
    {"title", CLASS_LOG, TEXT_FORM, offsetof(struct event, title)},
    {"address", CLASS_LOG, ADDRESS_FORM, offsetof(struct event, address)},
    {"dwell_ms", CLASS_LOG, INTEGER, offsetof(struct event, dwell_ms)},
    {"scroll_x_min", CLASS_LOG, INTEGER, offsetof(struct event, scroll_x_min)},
    {"scroll_x_max", CLASS_LOG, INTEGER, offsetof(struct event, scroll_x_max)},
    {"scroll_y_min", CLASS_LOG, INTEGER, offsetof(struct event, scroll_y_min)},
    {"scroll_y_max", CLASS_LOG, INTEGER, offsetof(struct event, scroll_y_max)},
    {"country", CLASS_LOG, TEXT_FORM, offsetof(struct event, country)},
    {"region", CLASS_LOG, TEXT_FORM, offsetof(struct event, region)},
    {"city", CLASS_LOG, TEXT_FORM, offsetof(struct event, city)},
    {"source", CLASS_LOG, TEXT_FORM, offsetof(struct event, source)},
    {"channel", CLASS_LOG, INTEGER, offsetof(struct event, channel)},
    {"utm_source", CLASS_LOG, TEXT_FORM, offsetof(struct event, utm_source)},
    {"utm_medium", CLASS_LOG, TEXT_FORM, offsetof(struct event, utm_medium)},
    {"utm_campaign", CLASS_LOG, TEXT_FORM, offsetof(struct event, utm_campaign)},
    {"utm_content", CLASS_LOG, TEXT_FORM, offsetof(struct event, utm_content)},
    {"utm_term", CLASS_LOG, TEXT_FORM, offsetof(struct event, utm_term)},
    {"click_id", CLASS_LOG, TEXT_FORM, offsetof(struct event, click_id)},
    {"bot", CLASS_LOG, INTEGER, offsetof(struct event, bot)},
    {"screen_width", CLASS_DEVICE, INTEGER, offsetof(struct event, screen_width)},
    {"screen_height", CLASS_DEVICE, INTEGER, offsetof(struct event, screen_height)},
    {"viewport_width", CLASS_DEVICE, INTEGER, offsetof(struct event, viewport_width)},
    {"viewport_height", CLASS_DEVICE, INTEGER, offsetof(struct event, viewport_height)},
    {"page_width", CLASS_DEVICE, INTEGER, offsetof(struct event, page_width)},
    {"page_height", CLASS_DEVICE, INTEGER, offsetof(struct event, page_height)},
    {"language", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, language)},
    {"zone", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, zone)},
    {"device", CLASS_DEVICE, INTEGER, offsetof(struct event, device)},
    {"brand", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, brand)},
    {"model", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, model)},
    {"os", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, os)},
    {"os_version", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, os_version)},
    {"browser", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, browser)},
    {"browser_version", CLASS_DEVICE, TEXT_FORM, offsetof(struct event, browser_version)},
    {"category", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, category)},
    {"action", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, action)},
    {"label", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, label)},
    {"property", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, property)},
    {"value", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, value)},
    {"currency", CLASS_CLICKPATH, TEXT_FORM, offsetof(struct event, currency)},
};

static size_t size_of(const struct row *row) { return row->form == INTEGER ? sizeof(uint64_t) : sizeof(struct text); }

static uint64_t *integer_at(struct event *event, const struct row *row)
{
    return (uint64_t *)(void *)((char *)event + row->offset);
}

static struct text *text_at(struct event *event, const struct row *row)
{
    return (struct text *)(void *)((char *)event + row->offset);
}

/* Sets the field to something that no other row has. */
static void set(struct event *event, size_t i, char marker[32])
{
    snprintf(marker, 32, MARKER, i);
    if (rows[i].form != INTEGER)
        *text_at(event, &rows[i]) = text_of(marker);
    else
        *integer_at(event, &rows[i]) = 0x7a5c3e1900000000 + i;
}

static void check_same(struct event *a, struct event *b)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        if (rows[i].form != INTEGER)
            check(rows[i].name, text_equal(*text_at(a, &rows[i]), *text_at(b, &rows[i])));
        else
            check(rows[i].name, *integer_at(a, &rows[i]) == *integer_at(b, &rows[i]));
    }
    assert_int_equal(a->n_properties, b->n_properties);
    for (unsigned i = 0; i < a->n_properties; i++)
        assert_true(text_equal(a->properties[i].name, b->properties[i].name) &&
                    text_equal(a->properties[i].value, b->properties[i].value));
}

/* What event_each_field() says. */
struct seen {
    unsigned n;
    const char *name;
    enum event_class class;
    struct text value; /* lent for the call */
    char copy[600], name_copy[80];
};

static void see(void *context, enum event_class class, const char *name, struct text value)
{
    struct seen *seen = context;

    *seen = (struct seen){.n = seen->n + 1, .name = name, .class = class, .value = value};
    snprintf(seen->name_copy, sizeof seen->name_copy, "%s", name);
    memcpy(seen->copy, value.size ? value.data : "", value.size);
}

/* The encodings of every class; an event that is decoded borrows from them. */
struct sections {
    struct buffer of[CLASS_N];
};

static void sections_deinit(struct sections *sections)
{
    for (unsigned class = 0; class < CLASS_N; class ++)
        buffer_deinit(&sections->of[class]);
}

#define SECTIONS_AUTO __attribute__((cleanup(sections_deinit))) struct sections

static struct sections encode(const struct event *event)
{
    struct sections sections;

    for (unsigned class = 0; class < CLASS_N; class ++) {
        sections.of[class] = BUFFER_INIT(ENCODED_BYTES_MAX);
        event_encode(event, class, &sections.of[class]);
        assert_int_equal(sections.of[class].fault, 0);
    }
    return sections;
}

/* One field alone: it is in the encoding of its own class, in no other, and comes back. */
static void test_each_field_has_one_class(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct event event = {.kind = EVENT_PAGEVIEW}, back = {.kind = EVENT_PAGEVIEW};
        struct seen seen = {.n = 0};
        char marker[32];

        set(&event, i, marker);
        SECTIONS_AUTO sections = encode(&event);
        for (unsigned class = 0; class < CLASS_N; class ++) {
            check_equal(rows[i].name, sections.of[class].size > 0, class == rows[i].class);
            check(rows[i].name, event_decode(buffer_text(&sections.of[class]), class, &back));
        }
        check_same(&event, &back);
        event_each_field(&event, see, &seen);
        check_equal(rows[i].name, seen.n, 1);
        check_text(rows[i].name, text_of(seen.name), rows[i].name);
        check_equal(rows[i].name, seen.class, rows[i].class);
        if (rows[i].form == TEXT_FORM)
            check_text(rows[i].name, text_of(seen.copy), marker);
    }
}

static void fill(struct event *event, char markers[N_ROWS(rows)][32])
{
    *event = (struct event){.kind = EVENT_STRUCT, .site = TEXT("MARKER-site"), .id = TEXT("MARKER-id")};
    event->created_ms = event->sent_ms = 0x7a5c3e1900000000 + 99;
    for (size_t i = 0; i < N_ROWS(rows); i++)
        set(event, i, markers[i]);
    event->n_properties = 2;
    event->properties[0] = (struct event_property){TEXT("MARKER-name"), TEXT("MARKER-value")};
    event->properties[1] = (struct event_property){TEXT("empty"), TEXT_NONE};
}

static bool has(const struct buffer *buffer, struct text bytes)
{
    return buffer->size && memmem(buffer->data, buffer->size, bytes.data, bytes.size);
}

static bool has_integer(const struct buffer *buffer, uint64_t value)
{
    BUFFER_AUTO varint = BUFFER_INIT(10);

    buffer_put_varint(&varint, value);
    return has(buffer, buffer_text(&varint));
}

/* Everything at once: the encoding of a class has the markers of its own fields and no others. */
static void test_sections_do_not_leak(void **state)
{
    char markers[N_ROWS(rows)][32];
    struct event event, back = {.kind = EVENT_STRUCT};

    fill(&event, markers);
    SECTIONS_AUTO sections = encode(&event);
    for (unsigned class = 0; class < CLASS_N; class ++) {
        const struct buffer *buffer = &sections.of[class];

        for (size_t i = 0; i < N_ROWS(rows); i++) {
            bool there = rows[i].form != INTEGER ? has(buffer, text_of(markers[i]))
                                                 : has_integer(buffer, *integer_at(&event, &rows[i]));
            check_equal(rows[i].name, there, rows[i].class == class);
        }
        check_equal("properties", has(buffer, TEXT("MARKER-name")), class == CLASS_CLICKPATH);
        check_equal("properties", has(buffer, TEXT("MARKER-value")), class == CLASS_CLICKPATH);
        check("never stored", !has(buffer, TEXT("MARKER-site")) && !has(buffer, TEXT("MARKER-id")) &&
                                  !has_integer(buffer, event.created_ms));
        assert_true(event_decode(buffer_text(buffer), class, &back));
    }
    check_same(&event, &back);
    struct seen seen = {.n = 0};
    event_each_field(&event, see, &seen);
    assert_int_equal(seen.n, N_ROWS(rows) + 2);
    assert_string_equal(seen.name_copy, "currency");
}

/* A field that is added to struct event must come into the table above, or be named here. */
static void test_table_is_complete(void **state)
{
    static const struct {
        size_t offset, size;
    } others[] = {
#define MEMBER(name) {offsetof(struct event, name), sizeof((struct event){.kind = 0}.name)}
        MEMBER(kind),    MEMBER(site),       MEMBER(id),           MEMBER(created_ms),
        MEMBER(sent_ms), MEMBER(properties), MEMBER(n_properties), MEMBER(url),
#undef MEMBER
    };
    bool covered[sizeof(struct event)] = {false};
    size_t n_covered = 0;

    for (size_t i = 0; i < N_ROWS(rows); i++)
        memset(covered + rows[i].offset, true, size_of(&rows[i]));
    for (size_t i = 0; i < N_ROWS(others); i++)
        memset(covered + others[i].offset, true, others[i].size);
    for (size_t i = 0; i < sizeof covered; i++)
        n_covered += covered[i];
    /* What is left is padding behind `kind` and `n_properties`. */
    assert_in_range(sizeof covered - n_covered, 0, 2 * (sizeof(uint64_t) - sizeof(int)));
}

static void test_addresses_are_shown(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
        const char *shown;
    } addresses[] = {
        {"\xcb\x00\x71\x09", 4, "203.0.113.9"},
        {"\xcb\x00\x71", 3, "203.0.113.0"},
        {"\x20\x01\x0d\xb8\x00\x01", 6, "2001:db8:1::"},
        {"\x20\x01\x0d\xb8\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x42", 16, "2001:db8:1::42"},
        {"seventeen bytes!!", 17, ""}, /* whatever that is, it is no address */
    };

    for (size_t i = 0; i < N_ROWS(addresses); i++) {
        struct event event = {.address = {addresses[i].bytes, addresses[i].size}};
        struct seen seen = {.n = 0};

        event_each_field(&event, see, &seen);
        check_equal(addresses[i].shown, seen.n, 1);
        check_text(addresses[i].shown, text_of(seen.copy), addresses[i].shown);
    }
}

static void test_carriers(void **state)
{
    assert_int_equal(event_carrier(EVENT_PAGEVIEW), CLASS_LOG);
    assert_int_equal(event_carrier(EVENT_PING), CLASS_LOG);
    assert_int_equal(event_carrier(EVENT_STRUCT), CLASS_CLICKPATH);
}

static void test_nothing_set(void **state)
{
    struct event event = {.kind = EVENT_PAGEVIEW};
    struct seen seen = {.n = 0};

    for (unsigned class = 0; class < CLASS_N; class ++) {
        BUFFER_AUTO buffer = BUFFER_INIT(ENCODED_BYTES_MAX);

        event_encode(&event, class, &buffer);
        assert_int_equal(buffer.size, 0);
        assert_true(event_decode(TEXT_NONE, class, &event));
    }
    event_each_field(&event, see, &seen);
    assert_int_equal(seen.n, 0);
}

static void test_largest(void **state)
{
    static char label[LABEL_BYTES_MAX], name[PROPERTY_NAME_BYTES_MAX];
    struct event event = {.kind = EVENT_STRUCT, .n_properties = PROPERTIES_MAX}, back = {.kind = EVENT_STRUCT};
    BUFFER_AUTO buffer = BUFFER_INIT(ENCODED_BYTES_MAX);
    struct seen seen = {.n = 0};

    memset(label, 'l', sizeof label);
    memset(name, 'n', sizeof name);
    event.at_ms = UINT64_MAX;
    for (unsigned i = 0; i < PROPERTIES_MAX; i++)
        event.properties[i] = (struct event_property){{name, sizeof name}, {label, sizeof label}};
    event_encode(&event, CLASS_LOG, &buffer);
    assert_true(event_decode(buffer_text(&buffer), CLASS_LOG, &back));
    buffer_clear(&buffer);
    event_encode(&event, CLASS_CLICKPATH, &buffer);
    assert_true(event_decode(buffer_text(&buffer), CLASS_CLICKPATH, &back));
    check_same(&event, &back);
    event_each_field(&event, see, &seen);
    assert_int_equal(seen.value.size, sizeof label); /* the dump cuts nothing */

    /* One property more than there can be. */
    buffer_put_u8(&buffer, 6);
    buffer_put_sized(&buffer, TEXT("n"));
    buffer_put_sized(&buffer, TEXT("v"));
    struct event full = {.kind = EVENT_STRUCT};
    assert_false(event_decode(buffer_text(&buffer), CLASS_CLICKPATH, &full));
}

/* Numbers that no field of the class has. */
static void test_unknown_fields(void **state)
{
    static const unsigned n_fields[CLASS_N] = {23, 15, 7};

    for (unsigned class = 0; class < CLASS_N; class ++)
        for (unsigned number = 0; number < 256; number++) {
            /* A varint or an empty text; two empty texts for properties. */
            uint8_t bytes[] = {(uint8_t)number, 0, 0};
            struct event event = {.kind = EVENT_PAGEVIEW};
            bool is_properties = class == CLASS_CLICKPATH && number == 6;
            struct text section = {(const char *)bytes, is_properties ? 3 : 2};

            assert_int_equal(event_decode(section, class, &event), number >= 1 && number <= n_fields[class]);
        }
}

/* One field at a time, as a whole field less is a shorter event. */
static void test_truncated(void **state)
{
    for (size_t i = 0; i <= N_ROWS(rows); i++) {
        struct event event = {.kind = EVENT_STRUCT};
        enum event_class class = i < N_ROWS(rows) ? rows[i].class : CLASS_CLICKPATH;
        BUFFER_AUTO buffer = BUFFER_INIT(ENCODED_BYTES_MAX);
        char marker[32];

        if (i < N_ROWS(rows))
            set(&event, i, marker);
        else
            event.properties[event.n_properties++] = (struct event_property){TEXT("name"), TEXT("value")};
        event_encode(&event, class, &buffer);
        for (size_t size = 1; size < buffer.size; size++) {
            struct event back = {.kind = EVENT_STRUCT};
            assert_false(event_decode((struct text){(const char *)buffer.data, size}, class, &back));
        }
    }
}

/* ---- outlines ---- */

static struct event outlined_event(void)
{
    return (struct event){.kind = EVENT_PAGEVIEW,
                          .at_ms = 1767258000000,
                          .host = TEXT("shop.example"),
                          .title = TEXT("Hats"),
                          .address = {.data = "\xcb\x00\x71", .size = 3},
                          .scroll_y_max = 300,
                          .bot = BOT_AGENT,
                          .screen_width = 1920,
                          .browser_version = TEXT("130"),
                          .label = TEXT("L"),
                          .n_properties = 2,
                          .properties = {{TEXT("a"), TEXT("1")}, {TEXT("b"), TEXT("2")}}};
}

static void outline(enum event_class class, struct buffer *section, struct event_outline *ret_outline)
{
    struct event event = outlined_event();

    event_encode(&event, class, section);
    assert_true(event_outline(buffer_text(section), class, ret_outline));
}

/* What an outline says of a field is what reading it says, and the spans of all fields are the section. */
static void test_outline(void **state)
{
    BUFFER_AUTO log = BUFFER_INIT(1024), device = BUFFER_INIT(1024), clickpath = BUFFER_INIT(1024);
    struct event_outline of;

    outline(CLASS_LOG, &log, &of);
    assert_true(event_outline_integer(&of, EVENT_LOG_at_ms) == 1767258000000);
    assert_text(event_outline_text(&of, EVENT_LOG_host), "shop.example");
    assert_int_equal(event_outline_text(&of, EVENT_LOG_path).size, 0);
    assert_text(event_outline_text(&of, EVENT_LOG_title), "Hats");
    assert_int_equal(event_outline_text(&of, EVENT_LOG_address).size, 3);
    assert_int_equal(event_outline_integer(&of, EVENT_LOG_dwell_ms), 0);
    assert_int_equal(event_outline_integer(&of, EVENT_LOG_scroll_y_max), 300);
    assert_int_equal(event_outline_integer(&of, EVENT_LOG_bot), BOT_AGENT);
    assert_int_equal(event_span(&of, EVENT_LOG_country, EVENT_LOG_click_id).size, 0);
    assert_int_equal(event_span(&of, EVENT_LOG_host, EVENT_LOG_path).size, 2 + 12);
    assert_true(text_equal(event_span(&of, EVENT_LOG_at_ms, EVENT_LOG_bot), buffer_text(&log)));
    outline(CLASS_DEVICE, &device, &of);
    assert_int_equal(event_outline_integer(&of, EVENT_DEVICE_screen_width), 1920);
    assert_text(event_outline_text(&of, EVENT_DEVICE_browser_version), "130");
    assert_true(
        text_equal(event_span(&of, EVENT_DEVICE_screen_width, EVENT_DEVICE_browser_version), buffer_text(&device)));
    outline(CLASS_CLICKPATH, &clickpath, &of);
    assert_int_equal(event_span(&of, EVENT_CLICKPATH_properties, EVENT_CLICKPATH_properties).size, 2 * 5);
}

/* As a damaged section may be: cut anywhere, in another order, told twice. */
static void test_bad_outlines(void **state)
{
    static const struct {
        const char *name;
        struct text section;
    } sections[] = {
        {"no such field", {.data = "\x63\x01", .size = 2}},
        {"field 0", {.data = "\x00\x01", .size = 2}},
        {"another order", {.data = "\x03\x01/\x02\x01h", .size = 6}},
        {"a field twice", {.data = "\x02\x01h\x02\x01h", .size = 6}},
        {"a text that is cut", {.data = "\x02\x05h", .size = 3}},
        {"a number that does not end", {.data = "\x01\xff\xff", .size = 3}},
        {"a field without its value", {.data = "\x01", .size = 1}},
    };
    struct event_outline of;

    for (size_t i = 0; i < N_ROWS(sections); i++)
        check(sections[i].name, !event_outline(sections[i].section, CLASS_LOG, &of));
    assert_true(event_outline(TEXT_NONE, CLASS_LOG, &of));
    assert_int_equal(event_outline_integer(&of, EVENT_LOG_at_ms), 0);
    assert_int_equal(event_outline_text(&of, EVENT_LOG_host).size, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_field_has_one_class),
        cmocka_unit_test(test_sections_do_not_leak),
        cmocka_unit_test(test_table_is_complete),
        cmocka_unit_test(test_addresses_are_shown),
        cmocka_unit_test(test_carriers),
        cmocka_unit_test(test_nothing_set),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_unknown_fields),
        cmocka_unit_test(test_truncated),
        cmocka_unit_test(test_outline),
        cmocka_unit_test(test_bad_outlines),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
