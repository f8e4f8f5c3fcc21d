/*
 * The page of an event as a table: its address, and what of it is kept.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/ingest/page.h"
#include <stdio.h>
#include <stdlib.h>

static char q[] = "q", page[] = "page", id[] = "id";
static char *listed[] = {q, page, id};
static const struct site plain = {.n_origins = 0};
static const struct site full = {.pages = {.query = listed, .n_query = 3, .hash = true}};
static const struct site lists = {.pages = {.query = listed, .n_query = 3}};

static void put_field(void *context, enum event_class class, const char *name, struct text value)
{
    buffer_printf(context, "%s=%.*s|", name, TEXT_ARGS(value));
}

#define A "https://shop.example/a"
#define KEPT "host=shop.example|path=/a|"

static const struct row {
    const char *name;
    const struct site *site;
    const char *url, *kept; /* NULL: it is none */
} rows[] = {
    /* The path. */
    {"query and fragment are dropped", &plain, A "?q=1&id=7#top", KEPT},
    {"no path", &plain, "https://Shop.Example:8443?q=1", "host=shop.example|path=/|"},
    {"a user", &plain, "https://ann:secret@shop.example/a", KEPT},
    {"no page", &plain, "ftp://shop.example/", NULL},
    {"nothing", &plain, "", NULL},

    /* Query pairs that are listed. */
    {"in the list's order", &lists, A "?id=7&x=y&q=red", "host=shop.example|path=/a?q=red&id=7|"},
    {"as they stand there", &lists, A "?q=r%C3%A9d+hat%26", "host=shop.example|path=/a?q=r%C3%A9d+hat%26|"},
    {"without a path", &lists, "https://shop.example?q=1", "host=shop.example|path=/?q=1|"},
    {"the first of a name", &lists, A "?q=1&q=2", "host=shop.example|path=/a?q=1|"},
    {"the first of a name, empty", &lists, A "?q=&q=2", KEPT},
    {"no value", &lists, A "?q&id=", KEPT},
    {"names are whole and as written", &lists, A "?Q=1&qq=2&q%20=3&%71=4", KEPT},
    {"in the fragment there are none", &lists, A "#?q=1", KEPT},
    {"a question mark in a value", &lists, A "?q=1?2", "host=shop.example|path=/a?q=1?2|"},
    {"= in a value", &lists, A "?q=a=b", "host=shop.example|path=/a?q=a=b|"},
    {"ampersands", &lists, A "?&&q=1&&", "host=shop.example|path=/a?q=1|"},

    /* Routes in the fragment. */
    {"a route", &full, A "#/large", "host=shop.example|path=/a#/large|"},
    {"a route with !", &full, A "#!/large", "host=shop.example|path=/a#!/large|"},
    {"a route's query", &full, A "#/large?q=1#x", "host=shop.example|path=/a#/large|"},
    {"a place on the page", &full, A "#large", KEPT},
    {"an empty fragment", &full, A "#", KEPT},
    {"pairs and a route", &full, A "?page=2&q=1#/large", "host=shop.example|path=/a?q=1&page=2#/large|"},
    {"a route nobody asked for", &lists, A "#/large", KEPT},

    /* Campaigns. */
    {"all of them", &plain, A "?utm_source=s&utm_medium=m&utm_campaign=c&utm_content=o&utm_term=t",
     KEPT "utm_source=s|utm_medium=m|utm_campaign=c|utm_content=o|utm_term=t|"},
    {"decoded", &plain, A "?utm_source=a+b%20c%C3%A9", KEPT "utm_source=a b c\xc3\xa9|"},
    {"what cannot be decoded is dropped", &plain, A "?utm_source=%&utm_medium=%ff&utm_campaign=%00&utm_term=t",
     KEPT "utm_term=t|"},
    {"nothing that is decoded becomes a pair", &plain, A "?utm_source=%26utm_medium%3Dx%26gclid%3D1",
     KEPT "utm_source=&utm_medium=x&gclid=1|"},
    {"the first counts", &plain, A "?utm_source=a&utm_source=b", KEPT "utm_source=a|"},
    {"an empty one", &plain, A "?utm_source=&utm_medium", KEPT},
    {"names are as written", &plain, A "?UTM_Source=a&utm_sources=b&utm=c", KEPT},
    {"listed, too", &lists, A "?utm_source=a&id=1", "host=shop.example|path=/a?id=1|utm_source=a|"},

    /* Click ids. */
    {"the name alone", &plain, A "?gclid=Cj0KCQ", KEPT "click_id=gclid|"},
    {"its value need not be there", &plain, A "?fbclid", KEPT "click_id=fbclid|"},
    {"the table's order", &plain, A "?fbclid=1&gclid=2", KEPT "click_id=gclid|"},
    {"another's", &plain, A "?li_fat_id=1&utm_source=x", KEPT "utm_source=x|click_id=li_fat_id|"},
    {"none", &plain, A "?xclid=1&gclidx=2&GCLID=3", KEPT},
};

static void test_rows(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        const struct row *row = &rows[i];
        BUFFER_AUTO line = BUFFER_INIT(4096);
        size_t size = strlen(row->url);
        char *url = malloc(size + 1), *scratch = malloc(URL_BYTES_MAX);
        struct event event = {.kind = EVENT_PAGEVIEW, .url = {.data = url, .size = size}};

        memcpy(url, row->url, size);
        check_equal(row->name, page_read(&event, row->site, scratch), row->kept != NULL);
        event_each_field(&event, put_field, &line);
        check_text(row->name, buffer_text(&line), row->kept ? row->kept : "");
        free(url);
        free(scratch);
    }
}

/* A campaign brings a page view, and nothing else. */
static void test_other_events(void **state)
{
    char url[] = A "?utm_source=s&gclid=1&q=2", scratch[URL_BYTES_MAX];
    struct event event = {.kind = EVENT_PING, .url = text_of(url)};

    assert_true(page_read(&event, &lists, scratch));
    assert_text(event.path, "/a?q=2");
    assert_int_equal(event.utm_source.size + event.click_id.size, 0);
}

/* The longest address there may be, all of it in the path; and one byte more. */
static void test_limits(void **state)
{
    char url[URL_BYTES_MAX + 1], *scratch = malloc(URL_BYTES_MAX);
    struct event event = {.kind = EVENT_PAGEVIEW, .url = {.data = url, .size = URL_BYTES_MAX}};
    int begin = snprintf(url, sizeof url, "http://a?q=");

    memset(url + begin, 'x', sizeof url - (size_t)begin);
    assert_true(page_read(&event, &full, scratch));
    assert_int_equal(event.path.size, URL_BYTES_MAX - strlen("http://a") + 1);
    event.url.size++;
    assert_false(page_read(&event, &full, scratch));

    begin = snprintf(url, sizeof url, "http://a?utm_source=");
    memset(url + begin, 'x', sizeof url - (size_t)begin);
    event.url.size = (size_t)begin + LABEL_BYTES_MAX;
    assert_true(page_read(&event, &full, scratch));
    assert_int_equal(event.utm_source.size, LABEL_BYTES_MAX);
    event.url.size++;
    assert_true(page_read(&event, &full, scratch));
    assert_int_equal(event.utm_source.size, 0);
    free(scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_other_events),
        cmocka_unit_test(test_limits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
