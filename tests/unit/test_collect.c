/*
 * Collecting, from a request's bytes to what lies in the store: a table of
 * requests with their result, the journal's records and the books; and the
 * promise that what is refused is in no byte of the store.
 */
#include "check.h"
#include "crumb/base/error.h"
#include "crumb/consent/choice.h"
#include "crumb/ingest/collect.h"
#include "crumb/store/journal.h"
#include "store_fixture.h"
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW STORE_FIXTURE_NOW_MS /* 2026-03-02T09:30:00Z, a quarter past ten in Berlin plus fifteen minutes */
#define DAY_MS (24LL * 3600 * 1000)
#define TODAY 20514 /* in Berlin and in UTC */
#define HOUR (NOW / 3600000)
#define UUID "123e4567-e89b-12d3-a456-42661417400"
#define SITES_MAX_HERE 3

static const uint8_t cookie_key[COOKIE_KEY_BYTES] = {7};

enum { A = 1, J = 2, M = 4, S = 8, ALL = 15 }; /* purposes of the shop: analytics, journeys, marketing, strict */

/* ---- a service without a network ---- */

struct service {
    struct store_fixture store;
    struct dedupe *dedupe;
    struct writer *writer;
    int fault; /* the next commit's */
    struct sockaddr_storage client;
    int result; /* of the last request */
};

static int inject(void *context, enum db_step step)
{
    struct service *service = context;
    int fault = step == DB_STEP_COMMIT ? service->fault : 0;

    if (fault)
        service->fault = 0;
    return fault;
}

/* The store again, with commits that can be made to fail. */
static void open_with_faults(struct service *service)
{
    service->store.db = db_close(service->store.db);
    assert_int_equal(db_open(&(struct db_options){.folder = service->store.folder,
                                                  .mode = DB_SERVE,
                                                  .size_bytes_max = 64 << 20,
                                                  .fault = inject,
                                                  .fault_context = service},
                             &service->store.db),
                     0);
}

static struct service *start(const char *yaml)
{
    struct service *service = calloc(1, sizeof *service);
    struct sockaddr_in *client;

    assert_non_null(service);
    store_fixture_init(&service->store, yaml);
    open_with_faults(service);
    assert_int_equal(dedupe_new(&service->dedupe), 0);
    assert_int_equal(writer_new(service->store.db, &service->writer), 0);
    client = (struct sockaddr_in *)&service->client;
    client->sin_family = AF_INET;
    inet_pton(AF_INET, "203.0.113.9", &client->sin_addr);
    return service;
}

static struct service *stop(struct service *service)
{
    writer_free(service->writer);
    dedupe_free(service->dedupe);
    store_fixture_deinit(&service->store);
    free(service);
    return NULL;
}

static int setup(void **state)
{
    *state = start(store_fixture_yaml);
    return 0;
}

static int teardown(void **state)
{
    stop(*state);
    return 0;
}

/* ---- choices ---- */

/* Somebody new chooses; ret_id is the id the browser holds after it. */
static void choose_at(struct service *service, const char *name, uint32_t granted, bool gpc, int64_t at_ms,
                      uint8_t ret_id[VISITOR_BYTES])
{
    const struct site *site = store_fixture_site(&service->store, name);
    struct choice choice = {.site = site,
                            .notice = edition_notice(service->store.edition, site, TEXT("en")),
                            .kind = CHOICE_CUSTOM,
                            .surface = SURFACE_BANNER,
                            .granted = granted};
    struct choice_context context = {.at_ms = at_ms, .gpc = gpc};
    struct choice_result result;
    struct batch batch;

    random_fill(&service->store.random.super, context.fresh, sizeof context.fresh);
    random_fill(&service->store.random.super, context.record_id, sizeof context.record_id);
    assert_int_equal(batch_begin(service->store.db, &batch), 0);
    assert_int_equal(choice_record(&batch, &choice, service->store.edition, &context, &result), 0);
    assert_int_equal(batch_commit(&batch), 0);
    memcpy(ret_id, context.fresh, VISITOR_BYTES);
}

static void choose(struct service *service, const char *name, uint32_t granted, uint8_t ret_id[VISITOR_BYTES])
{
    choose_at(service, name, granted, false, NOW - 2 * DAY_MS, ret_id);
}

static void put_cookie(struct service *service, const char *name, const uint8_t id[VISITOR_BYTES],
                       struct buffer *header)
{
    buffer_put_text(header, header->size ? TEXT("; crumb_id=") : TEXT("crumb_id="));
    cookie_put_id(header, cookie_key, store_fixture_site(&service->store, name), id);
}

/* ---- requests ---- */

static void done(void *context, int result) { ((struct service *)context)->result = result; }

static struct collect_request request_of(struct service *service, struct text cookie, const char *events)
{
    return (struct collect_request){.edition = service->store.edition,
                                    .cookie_key = cookie_key,
                                    .dedupe = service->dedupe,
                                    .at_ms = NOW,
                                    .cookie = cookie,
                                    .who = {.client = (struct sockaddr *)&service->client},
                                    .events = text_of(events)};
}

static struct collect *make(struct service *service, const struct collect_request *request)
{
    struct collect *collect = NULL;

    service->result = 99;
    assert_int_equal(collect_new(request, done, service, &collect), 0);
    return collect;
}

/* Sends a request through the writer; ret_result is what Crumb-Result would say. */
static int handle(struct service *service, const struct collect_request *request, struct buffer *ret_result)
{
    struct collect *collect = make(service, request);

    assert_int_equal(writer_submit(service->writer, collect_op(collect)), 0);
    writer_drain(service->writer);
    collect_put_result(ret_result, collect_result(collect));
    collect_free(collect);
    return service->result;
}

static void handle_expecting(struct service *service, struct text cookie, const char *events, const char *result)
{
    struct collect_request request = request_of(service, cookie, events);
    BUFFER_AUTO found = BUFFER_INIT(1000);

    request.is_body = true;
    assert_int_equal(handle(service, &request, &found), 0);
    check_text(events, buffer_text(&found), result);
}

/* ---- what is in the store ---- */

struct dump {
    uint64_t after;
    struct buffer *lines;
};

static void put_field(void *context, enum event_class class, const char *name, struct text value)
{
    if (strcmp(name, "at_ms")) /* has its own test */
        buffer_printf(context, " %s=%.*s", name, TEXT_ARGS(value));
}

static int put_record(void *context, const struct journal_record *record)
{
    struct dump *dump = context;
    struct event event;

    assert_true(journal_event(record, &event));
    buffer_printf(dump->lines, "%u:%s", record->site, words_event_kind(record->kind));
    event_each_field(&event, put_field, dump->lines);
    buffer_put_text(dump->lines, TEXT("\n"));
    return 0;
}

static int put_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct dump *dump = ((void **)context)[0];

    return journal_each(((void **)context)[1], site, day, dump->after, put_record, dump);
}

/* The records above sequence @after, by site and day, a line each. */
static void dump_journal(struct db *db, uint64_t after, struct buffer *ret_lines)
{
    struct dump dump = {.after = after, .lines = ret_lines};
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(day_each(txn, put_day, (void *[]){&dump, txn}), 0);
    assert_int_equal(ret_lines->fault, 0);
}

static uint64_t last_sequence(struct db *db)
{
    DB_TXN_AUTO *txn = NULL;
    uint64_t next = 0;

    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(batch_next_sequence(txn, &next), 0);
    return next - 1;
}

static int add_books(void *context, uint32_t site, uint32_t hour, const struct books *books)
{
    struct books *sums = context;

    assert_in_range(site, 0, SITES_MAX_HERE - 1);
    assert_int_equal(hour, HOUR);
    accounting_sum(&sums[site], books);
    return 0;
}

static void read_books(struct db *db, struct books ret_books[SITES_MAX_HERE])
{
    DB_TXN_AUTO *txn = NULL;
    uint32_t site, hour;

    memset(ret_books, 0, SITES_MAX_HERE * sizeof *ret_books);
    assert_int_equal(db_begin_read(db, &txn), 0);
    assert_int_equal(accounting_each(txn, add_books, ret_books, &site, &hour), 0);
}

/* ---- the table ---- */

#define PV "aid=shop&e=pv&url=https://shop.example/a"
#define FULL PV "&page=Title&res=1920x1080&lang=de&se_ca=x&x_p.plan=pro"
#define CLICK "aid=shop&e=se&se_ca=click&se_ac=buy&url=https://shop.example/a&res=1920x1080"
#define SHOP_A "1:pv host=shop.example path=/a"
#define KEPT " address=203.0.113.0 channel=direct" /* what the server adds to a page view */

static const struct row {
    const char *name;
    uint32_t granted; /* by a visitor of the shop, whose cookie is sent; 0: nobody */
    const char *events;
    bool is_get, gpc;
    const char *origin, *referer;
    const char *result, *stored;
    uint32_t received[SITES_MAX_HERE]; /* by site: none, the shop, the blog */
} rows[] = {
    {"everything granted",
     ALL,
     FULL,
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     SHOP_A " title=Title" KEPT " screen_width=1920 screen_height=1080 language=de category=x x_p.plan=pro\n",
     {0, 1, 0}},
    {"log and device",
     A,
     FULL,
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     SHOP_A " title=Title" KEPT " screen_width=1920 screen_height=1080 language=de\n",
     {0, 1, 0}},
    {"log alone", S, FULL, 0, 0, "", "", "received=1, stored=1", SHOP_A " title=Title" KEPT "\n", {0, 1, 0}},
    {"log and clicks",
     S | J,
     FULL,
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     SHOP_A " title=Title" KEPT " category=x x_p.plan=pro\n",
     {0, 1, 0}},
    {"clicks alone: no page views", J, FULL, 0, 0, "", "", "received=1, no_consent=1", "", {0, 1, 0}},
    {"clicks alone: a click",
     J,
     CLICK,
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     "1:se category=click action=buy\n",
     {0, 1, 0}},
    {"log alone: no clicks", S, CLICK, 0, 0, "", "", "received=1, no_consent=1", "", {0, 1, 0}},
    {"purposes that collect nothing", M, FULL, 0, 0, "", "", "received=1, no_consent=1", "", {0, 1, 0}},
    {"nobody", 0, FULL, 0, 0, "", "", "received=1, no_consent=1", "", {0, 1, 0}},
    {"nobody, with the signal", 0, FULL, 0, 1, "", "", "received=1, gpc=1", "", {0, 1, 0}},
    {"the signal came after the choice", A, FULL, 0, 1, "", "", "received=1, gpc=1", "", {0, 1, 0}},
    {"by GET", S, PV, 1, 0, "", "", "received=1, stored=1", SHOP_A KEPT "\n", {0, 1, 0}},
    {"by GET, nothing", S, "", 1, 0, "", "", "received=1, malformed=1", "", {1, 0, 0}},
    {"by GET, a line end is no separator", S, PV "\n" PV, 1, 0, "", "", "received=1, malformed=1", "", {0, 1, 0}},
    {"the origin is listed",
     S,
     PV,
     0,
     0,
     "https://www.shop.example",
     "",
     "received=1, stored=1",
     SHOP_A KEPT "\n",
     {0, 1, 0}},
    {"the origin in capitals",
     S,
     PV,
     0,
     0,
     "HTTPS://Shop.Example",
     "",
     "received=1, stored=1",
     SHOP_A KEPT "\n",
     {0, 1, 0}},
    {"the origin is not listed", S, PV, 0, 0, "https://evil.example", "", "received=1, bad_origin=1", "", {0, 1, 0}},
    {"the origin is the blog's", S, PV, 0, 0, "https://blog.example", "", "received=1, bad_origin=1", "", {0, 1, 0}},
    {"the origin is null", S, PV, 0, 0, "null", "", "received=1, bad_origin=1", "", {0, 1, 0}},
    {"a page from the referer",
     S,
     "aid=shop&e=pv",
     1,
     0,
     "",
     "https://shop.example/b?q=1",
     "received=1, stored=1",
     "1:pv host=shop.example path=/b" KEPT "\n",
     {0, 1, 0}},
    {"the event's page comes first",
     S,
     PV,
     1,
     0,
     "",
     "https://shop.example/b",
     "received=1, stored=1",
     SHOP_A KEPT "\n",
     {0, 1, 0}},
    {"a page from the referer, with what brought the visitor",
     S,
     "aid=shop&e=pv",
     1,
     0,
     "",
     "https://shop.example/b?q=1&utm_source=mail&gclid=7",
     "received=1, stored=1",
     "1:pv host=shop.example path=/b address=203.0.113.0 source=mail channel=paid_other utm_source=mail "
     "click_id=gclid\n",
     {0, 1, 0}},
    {"what names a person is masked",
     S,
     "aid=shop&e=pv&url=https://shop.example/u/ann@shop.example&page=Order%2012345678&refr=https://a.example/1234567"
     "&x_p.a=ann@shop.example",
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     "1:pv host=shop.example path=/u/* referrer=https://a.example/* title=Order * address=203.0.113.0 source=a.example "
     "channel=referral\n",
     {0, 1, 0}},
    {"also in a click",
     J,
     "aid=shop&e=se&se_ca=click&se_ac=a@b.de&se_la=mailto:a@b.de&se_pr=12345678&x_p.a=a@b.de&se_va=12345678&x_cur=eur",
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     "1:se category=click action=* label=mailto:* property=* value=12345678 x_p.a=* currency=EUR\n",
     {0, 1, 0}},
    {"no page at all", S, "aid=shop&e=pv", 0, 0, "", "", "received=1, malformed=1", "", {0, 1, 0}},
    {"a referer that is none", S, "aid=shop&e=pv", 0, 0, "", "about:blank", "received=1, malformed=1", "", {0, 1, 0}},
    {"a click needs no page",
     J,
     "aid=shop&e=se&se_ca=click",
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     "1:se category=click\n",
     {0, 1, 0}},
    {"an unknown site", ALL, "aid=mall&e=pv&url=https://a/", 0, 0, "", "", "received=1, unknown_site=1", "", {1, 0, 0}},
    {"no site", ALL, "e=pv&url=https://a/", 0, 0, "", "", "received=1, malformed=1", "", {1, 0, 0}},
    {"malformed, of the shop", ALL, PV "&res=1", 0, 0, "", "", "received=1, malformed=1", "", {0, 1, 0}},
    {"too large, of the shop",
     ALL,
     PV "&lang=123456789012345678901234567890123456",
     0,
     0,
     "",
     "",
     "received=1, too_large=1",
     "",
     {0, 1, 0}},
    {"the shop's id is none of the blog's",
     ALL,
     "aid=blog&e=pv&url=https://blog.example/",
     0,
     0,
     "",
     "",
     "received=1, bad_id=1",
     "",
     {0, 0, 1}},
    {"three events",
     S,
     PV "1\n" PV "2\n" PV "3",
     0,
     0,
     "",
     "",
     "received=3, stored=3",
     SHOP_A "1" KEPT "\n" SHOP_A "2" KEPT "\n" SHOP_A "3" KEPT "\n",
     {0, 3, 0}},
    {"line ends of every kind",
     S,
     "\n\r\n" PV "1\r\n\n" PV "2\n\r\n",
     0,
     0,
     "",
     "",
     "received=2, stored=2",
     SHOP_A "1" KEPT "\n" SHOP_A "2" KEPT "\n",
     {0, 2, 0}},
    {"good and bad",
     S,
     PV "\naid=shop&e=xx\naid=mall&e=pv\n" CLICK "\nrubbish",
     0,
     0,
     "",
     "",
     "received=5, stored=1, no_consent=1, malformed=2, unknown_site=1",
     SHOP_A KEPT "\n",
     {2, 3, 0}},
    {"an empty body", S, "", 0, 0, "", "", "received=0", "", {0, 0, 0}},
    {"a body of line ends", S, "\r\n\n", 0, 0, "", "", "received=0", "", {0, 0, 0}},
    {"one id, twice in a body",
     S,
     PV "&eid=" UUID "0\n" PV "&eid=" UUID "0",
     0,
     0,
     "",
     "",
     "received=2, stored=1, duplicate=1",
     SHOP_A KEPT "\n",
     {0, 2, 0}},
    {"one id, in capitals",
     S,
     PV "&eid=" UUID "a\n" PV "&eid=" UUID "A",
     0,
     0,
     "",
     "",
     "received=2, stored=1, duplicate=1",
     SHOP_A KEPT "\n",
     {0, 2, 0}},
    {"two ids",
     S,
     PV "&eid=" UUID "1\n" PV "&eid=" UUID "2",
     0,
     0,
     "",
     "",
     "received=2, stored=2",
     SHOP_A KEPT "\n" SHOP_A KEPT "\n",
     {0, 2, 0}},
    {"no ids", S, PV "\n" PV, 0, 0, "", "", "received=2, stored=2", SHOP_A KEPT "\n" SHOP_A KEPT "\n", {0, 2, 0}},
    {"refused events do not take the id",
     J,
     PV "&eid=" UUID "5\n" CLICK "&eid=" UUID "5",
     0,
     0,
     "",
     "",
     "received=2, stored=1, no_consent=1",
     "1:se category=click action=buy\n",
     {0, 2, 0}},
    {"what is not stored: id, times, query, user",
     S,
     "aid=shop&e=pv&url=https://ann@shop.example/a?q%23f&eid=" UUID "7&dtm=1&stm=2&zz=9",
     0,
     0,
     "",
     "",
     "received=1, stored=1",
     SHOP_A KEPT "\n",
     {0, 1, 0}},
};

static void check_row(struct service *service, const struct row *row)
{
    uint8_t id[VISITOR_BYTES];
    BUFFER_AUTO cookie = BUFFER_INIT(4096), result = BUFFER_INIT(1000), lines = BUFFER_INIT(1 << 16);
    struct books before[SITES_MAX_HERE], after[SITES_MAX_HERE];

    if (row->granted) {
        choose(service, "shop", row->granted, id);
        put_cookie(service, "shop", id, &cookie);
    }
    struct collect_request request = request_of(service, buffer_text(&cookie), row->events);
    request.is_body = !row->is_get;
    request.gpc = row->gpc;
    request.origin = text_of(row->origin);
    request.referer = text_of(row->referer);
    uint64_t last = last_sequence(service->store.db);
    read_books(service->store.db, before);
    check_equal(row->name, handle(service, &request, &result), 0);
    check_text(row->name, buffer_text(&result), row->result);
    dump_journal(service->store.db, last, &lines);
    check_text(row->name, buffer_text(&lines), row->stored);
    /* The books tell the same as the result, each event under its site. */
    read_books(service->store.db, after);
    struct collect_result sum = {.received = 0};
    for (unsigned site = 0; site < SITES_MAX_HERE; site++) {
        check(row->name, accounting_balanced(&after[site]));
        check_equal(row->name, after[site].received - before[site].received, row->received[site]);
        sum.received += (uint32_t)(after[site].received - before[site].received);
        sum.stored += (uint32_t)(after[site].stored - before[site].stored);
        for (unsigned reason = 0; reason < REASON_N; reason++)
            sum.dropped[reason] += (uint32_t)(after[site].dropped[reason] - before[site].dropped[reason]);
    }
    BUFFER_AUTO told = BUFFER_INIT(1000);
    collect_put_result(&told, &sum);
    check_text(row->name, buffer_text(&told), row->result);
}

static void test_requests(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++)
        check_row(*state, &rows[i]);
}

/* ---- who may be stored ---- */

static void test_cookies(void **state)
{
    struct service *service = *state;
    uint8_t shop[VISITOR_BYTES], other[VISITOR_BYTES], blog[VISITOR_BYTES];
    BUFFER_AUTO cookie = BUFFER_INIT(10000);

    choose(service, "shop", ALL, shop);
    choose(service, "shop", ALL, other);
    choose(service, "blog", 1, blog);
    put_cookie(service, "shop", shop, &cookie);
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, stored=1");
    cookie.data[15] ^= 1;
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, bad_id=1");
    cookie.data[15] ^= 1;
    put_cookie(service, "shop", shop, &cookie);
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, stored=1"); /* the same twice is one */
    put_cookie(service, "shop", other, &cookie);
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, bad_id=1"); /* two */
    buffer_clear(&cookie);
    put_cookie(service, "blog", blog, &cookie);
    /* One browser, one cookie, two sites in a body: the good one counts where it belongs. */
    handle_expecting(service, buffer_text(&cookie), PV "\naid=blog&e=pv&url=https://blog.example/",
                     "received=2, stored=1, bad_id=1");
    handle_expecting(service, TEXT("crumb_id=rubbish"), PV, "received=1, bad_id=1");
    handle_expecting(service, TEXT("other=1"), PV, "received=1, no_consent=1");
}

static void test_live_consent(void **state)
{
    struct service *service = *state;
    const struct site *shop = store_fixture_site(&service->store, "shop");
    static const struct {
        const char *name;
        int64_t chose_ago_ms;
        bool restricted, minor, damaged, gpc_then, gpc_now;
        const char *result;
    } people[] = {
        {"fresh", 0, 0, 0, 0, 0, 0, "received=1, stored=1"},
        {"at its end", 180 * DAY_MS - 1, 0, 0, 0, 0, 0, "received=1, stored=1"},
        {"expired", 180 * DAY_MS, 0, 0, 0, 0, 0, "received=1, no_consent=1"},
        {"restricted", 0, 1, 0, 0, 0, 0, "received=1, restricted=1"},
        {"a minor", 0, 0, 1, 0, 0, 0, "received=1, minor=1"},
        {"damaged", 0, 0, 0, 1, 0, 0, "received=1, no_consent=1"},
        {"in spite of the signal", 0, 0, 0, 0, 1, 1, "received=1, stored=1"},
        {"the signal came", 0, 0, 0, 0, 0, 1, "received=1, gpc=1"},
    };

    for (size_t i = 0; i < N_ROWS(people); i++) {
        uint8_t id[VISITOR_BYTES];
        struct visitor visitor;
        struct text bytes;
        BUFFER_AUTO cookie = BUFFER_INIT(1000), result = BUFFER_INIT(1000);
        DB_TXN_AUTO *txn = NULL;

        choose_at(service, "shop", S, people[i].gpc_then, NOW - people[i].chose_ago_ms, id);
        struct key key = key_visitor(shop->id, id);
        assert_int_equal(db_begin_write(service->store.db, &txn), 0);
        assert_int_equal(visitor_get(txn, shop->id, id, &visitor), 0);
        visitor.restricted = people[i].restricted;
        visitor.minor = people[i].minor;
        assert_int_equal(visitor_put(txn, shop->id, id, &visitor), 0);
        assert_int_equal(db_get(txn, DB_VISITORS, key_text(&key), &bytes), 0);
        if (people[i].damaged)
            store_fixture_damage(txn, DB_VISITORS, key_text(&key), bytes.size / 2);
        assert_int_equal(db_commit(txn), 0);
        txn = NULL;
        put_cookie(service, "shop", id, &cookie);
        struct collect_request request = request_of(service, buffer_text(&cookie), PV);
        request.gpc = people[i].gpc_now;
        check_equal(people[i].name, handle(service, &request, &result), 0);
        check_text(people[i].name, buffer_text(&result), people[i].result);
    }
}

/* A withdrawal that is written before the event: the event is not, though it came when consent was there. */
static void test_withdrawn_while_it_waits(void **state)
{
    struct service *service = *state;
    const struct site *shop = store_fixture_site(&service->store, "shop");
    BUFFER_AUTO cookie = BUFFER_INIT(1000), result = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];
    DB_TXN_AUTO *txn = NULL;

    choose(service, "shop", ALL, id);
    put_cookie(service, "shop", id, &cookie);
    struct collect_request request = request_of(service, buffer_text(&cookie), PV);
    struct collect *collect = make(service, &request);
    assert_int_equal(db_begin_write(service->store.db, &txn), 0);
    assert_int_equal(visitor_delete(txn, shop->id, id), 0);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    assert_int_equal(writer_submit(service->writer, collect_op(collect)), 0);
    writer_drain(service->writer);
    collect_put_result(&result, collect_result(collect));
    assert_text(buffer_text(&result), "received=1, no_consent=1");
    collect_free(collect);
}

/* A grant under a purpose that has since changed covers only what did not. */
static void test_stale_grant(void **state)
{
    struct service *service = *state;
    const struct site *shop = store_fixture_site(&service->store, "shop");
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", A | J, id);
    put_cookie(service, "shop", id, &cookie);
    shop->purposes[1].material++; /* journeys */
    handle_expecting(service, buffer_text(&cookie), PV "\n" CLICK, "received=2, stored=1, stale_notice=1");
    shop->purposes[0].material++; /* analytics */
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, stale_notice=1");
}

static void test_replay_knows_the_visitor(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO result = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", ALL, id);
    struct collect_request request = request_of(service, TEXT("crumb_id=rubbish"), PV);
    request.visitor = id;
    assert_int_equal(handle(service, &request, &result), 0);
    assert_text(buffer_text(&result), "received=1, stored=1");
}

static unsigned n_places;

struct place __real_geo_locate_city(const struct geo *geo, const struct sockaddr *address, struct text *ret_city);
struct place __wrap_geo_locate_city(const struct geo *geo, const struct sockaddr *address, struct text *ret_city);

struct place __wrap_geo_locate_city(const struct geo *geo, const struct sockaddr *address, struct text *ret_city)
{
    n_places++;
    return __real_geo_locate_city(geo, address, ret_city);
}

/* Where a client is costs a walk through the database: none for what is refused, one for a body. */
static void test_places_looked_up(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", ALL, id);
    put_cookie(service, "shop", id, &cookie);
    n_places = 0;
    handle_expecting(service, TEXT_NONE, PV "\n" PV, "received=2, no_consent=2");
    handle_expecting(service, buffer_text(&cookie), "e=-", "received=1, malformed=1");
    assert_int_equal(n_places, 0);
    handle_expecting(service, buffer_text(&cookie), "e=-\n" PV "\n" PV, "received=3, stored=2, malformed=1");
    assert_int_equal(n_places, 1);
    handle_expecting(service, buffer_text(&cookie), "aid=shop&e=pp&url=https://shop.example/", "received=1, stored=1");
    assert_int_equal(n_places, 2); /* the law that the writer asks for is that of the place */
}

/* Consent is prior: an event that happened before the choice waited in vain. */
static void test_before_the_choice(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose_at(service, "shop", ALL, false, NOW - 1000, id);
    put_cookie(service, "shop", id, &cookie);
    handle_expecting(service, buffer_text(&cookie), PV "&dtm=1000&stm=2000", "received=1, stored=1");
    handle_expecting(service, buffer_text(&cookie), PV "&dtm=1000&stm=2001", "received=1, no_consent=1");
}

/* A clock was wrong by days: nothing that is built would tell of the event. It is not taken for a repeat later, either.
 */
static void test_expired_day(void **state)
{
    struct service *service = *state;
    uint32_t shop = store_fixture_site(&service->store, "shop")->id;
    static const char event[] = PV "&eid=0f0e0d0c-0b0a-4908-8706-050403020101";
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];
    struct day_state day;
    struct batch batch;

    choose(service, "shop", ALL, id);
    put_cookie(service, "shop", id, &cookie);
    handle_expecting(service, buffer_text(&cookie), PV, "received=1, stored=1");
    for (int expired = 1; expired >= 0; expired--) {
        assert_int_equal(batch_begin(service->store.db, &batch), 0);
        assert_int_equal(day_get(batch.txn, shop, TODAY, &day), 0);
        day.expired = expired;
        assert_int_equal(day_put(batch.txn, shop, TODAY, &day), 0);
        assert_int_equal(batch_commit(&batch), 0);
        handle_expecting(service, buffer_text(&cookie), event,
                         expired ? "received=1, malformed=1" : "received=1, stored=1");
    }
}

/* ---- time and address ---- */

struct one_record {
    unsigned n;
    struct journal_record record;
    int64_t at_ms;
};

static int keep_record(void *context, const struct journal_record *record)
{
    struct one_record *one = context;
    struct event event;

    assert_true(journal_event(record, &event));
    *one = (struct one_record){.n = one->n + 1, .record = *record, .at_ms = (int64_t)event.at_ms};
    return 0;
}

static void test_times(void **state)
{
    static const struct {
        const char *name;
        int64_t received_ms;
        const char *times; /* pairs */
        int64_t delay_ms;
        int32_t day;
    } times[] = {
        {"no times", NOW, "", 0, TODAY},
        {"at once", NOW, "&dtm=1000&stm=1000", 0, TODAY},
        {"waited ten seconds", NOW, "&dtm=5000&stm=15000", 10000, TODAY},
        {"a wrong clock, but right in between", NOW, "&dtm=4102444800000&stm=4102444805000", 5000, TODAY},
        {"waited a day", NOW, "&dtm=1000&stm=86401000", 86400000, TODAY - 1},
        {"waited too long to be believed", NOW, "&dtm=1000&stm=86401001", 0, TODAY},
        {"sent before it was created", NOW, "&dtm=2000&stm=1000", 0, TODAY},
        {"created alone", NOW, "&dtm=1000", 0, TODAY},
        {"sent alone", NOW, "&stm=1000", 0, TODAY},
        /* Midnight in Berlin is 23:00 UTC. */
        {"a millisecond before midnight", TODAY * DAY_MS + 23 * 3600000 - 1, "", 0, TODAY},
        {"midnight", TODAY * DAY_MS + 23 * 3600000, "", 0, TODAY + 1},
        {"waited over midnight", TODAY * DAY_MS + 23 * 3600000, "&dtm=1000&stm=1001", 1, TODAY},
    };
    struct service *service = *state;
    uint32_t shop = store_fixture_site(&service->store, "shop")->id;
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    put_cookie(service, "shop", id, &cookie);
    for (size_t i = 0; i < N_ROWS(times); i++) {
        BUFFER_AUTO events = BUFFER_INIT(1000), result = BUFFER_INIT(1000);
        struct one_record one = {.n = 0};
        uint64_t last = last_sequence(service->store.db);
        DB_TXN_AUTO *txn = NULL;

        buffer_printf(&events, PV "%s", times[i].times);
        struct collect_request request = request_of(service, buffer_text(&cookie), "");
        request.events = buffer_text(&events);
        request.at_ms = times[i].received_ms;
        check_equal(times[i].name, handle(service, &request, &result), 0);
        assert_int_equal(db_begin_read(service->store.db, &txn), 0);
        check_equal(times[i].name, journal_each(txn, shop, times[i].day, last, keep_record, &one), 0);
        check_equal(times[i].name, one.n, 1);
        check_equal(times[i].name, one.at_ms, times[i].received_ms - times[i].delay_ms);
        check(times[i].name, memcmp(one.record.visitor, id, VISITOR_BYTES) == 0);
        check(times[i].name, one.record.consent > 0 && one.record.consent < one.record.sequence);
    }
}

/* The shop keeps networks, the blog whole addresses. */
static void test_addresses(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), result = BUFFER_INIT(1000), lines = BUFFER_INIT(10000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "blog", 1, id);
    put_cookie(service, "blog", id, &cookie);
    handle_expecting(service, buffer_text(&cookie), "aid=blog&e=pv&url=https://blog.example/", "received=1, stored=1");
    struct collect_request request =
        request_of(service, buffer_text(&cookie), "aid=blog&e=pv&url=https://blog.example/");
    request.who.client = NULL;
    assert_int_equal(handle(service, &request, &result), 0);
    dump_journal(service->store.db, 0, &lines);
    assert_text(buffer_text(&lines), "2:pv host=blog.example path=/ address=203.0.113.9 channel=direct\n"
                                     "2:pv host=blog.example path=/ channel=direct\n");
}

/* ---- P1: what is refused is in no byte of the store ---- */

#define CLASSES_YAML                                                                                                   \
    "data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"                                        \
    "sites:\n  shop:\n    origins: [https://shop.example]\n    controller: {name: N, contact: c@shop.example}\n"       \
    "    purposes: {l: {collects: [log]}, d: {collects: [device]}, c: {collects: [clickpath]}}\n"

#define NUMBER "1985229328"

/* The number as it is stored: behind the number of its field. */
static bool has_number(struct service *service, uint8_t field)
{
    BUFFER_AUTO bytes = BUFFER_INIT(16);

    buffer_put_u8(&bytes, field);
    buffer_put_varint(&bytes, strtoull(NUMBER, NULL, 10));
    return store_fixture_can_read(service->store.db, buffer_text(&bytes));
}

/* Every field of one event kind, with a marker of this kind and class in each text. */
static void put_marked(struct buffer *events, const char *kind, unsigned id)
{
    buffer_printf(events,
                  "aid=shop&e=%s&url=https://Xuser%s@Xloghost%s.example/Xlogpath%s?Xquery%s%%23Xfragment%s"
                  "&page=Xlogtitle%s&refr=https://Xlogrefr%s.example/Xlogrefrpath%s?Xrefrquery%s"
                  "&lang=Xdevlang%s&tz=Xdevzone%s&se_ca=Xclickca%s&se_ac=Xclickac%s&se_la=Xclickla%s&se_pr=Xclickpr%s"
                  "&se_va=31415926535&pp_may=" NUMBER "&ds=" NUMBER
                  "x1&x_p.Xclickname%s=Xclickvalue%s&Xunknown%s=Xunknown%s&eid=" UUID "%u\n",
                  kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind, kind,
                  kind, kind, kind, id);
}

/* Hosts are stored in lower case. */
static const struct marker {
    const char *text;
    int class; /* -1: never stored */
} markers[] = {
    {"xloghost", CLASS_LOG},
    {"Xlogpath", CLASS_LOG},
    {"Xlogtitle", CLASS_LOG},
    {"xlogrefr", CLASS_LOG},
    {"Xlogrefrpath", CLASS_LOG},
    {"Xdevlang", CLASS_DEVICE},
    {"Xdevzone", CLASS_DEVICE},
    {"Xclickca", CLASS_CLICKPATH},
    {"Xclickac", CLASS_CLICKPATH},
    {"Xclickla", CLASS_CLICKPATH},
    {"Xclickpr", CLASS_CLICKPATH},
    {"Xclickname", CLASS_CLICKPATH},
    {"Xclickvalue", CLASS_CLICKPATH},
    {"Xuser", -1},
    {"xuser", -1},
    {"Xquery", -1},
    {"Xfragment", -1},
    {"Xrefrquery", -1},
    {"Xunknown", -1},
    {UUID, -1},
};

static void test_refused_is_nowhere(void **state)
{
    static const char *const kinds[] = {"pv", "pp", "se"};
    static const enum event_kind numbers[] = {EVENT_PAGEVIEW, EVENT_PING, EVENT_STRUCT};

    for (uint32_t classes = 0; classes <= CLASS_ALL; classes++) { /* purposes l, d, c in the order of the classes */
        struct service *service = start(CLASSES_YAML);
        BUFFER_AUTO cookie = BUFFER_INIT(1000), events = BUFFER_INIT(1 << 16), result = BUFFER_INIT(1000);
        uint8_t id[VISITOR_BYTES];

        if (classes) {
            choose(service, "shop", classes, id);
            put_cookie(service, "shop", id, &cookie);
        }
        for (unsigned k = 0; k < 3; k++)
            put_marked(&events, kinds[k], k);
        assert_int_equal(events.fault, 0);
        struct collect_request request = request_of(service, buffer_text(&cookie), "");
        request.events = buffer_text(&events);
        request.is_body = true;
        assert_int_equal(handle(service, &request, &result), 0);
        assert_null(memmem(result.data, result.size, "malformed", 9));
        for (unsigned k = 0; k < 3; k++) {
            bool carried = classes & CLASS_BIT(event_carrier(numbers[k]));

            for (size_t m = 0; m < N_ROWS(markers); m++) {
                char text[64];
                bool wanted = carried && markers[m].class >= 0 && classes & CLASS_BIT(markers[m].class);

                snprintf(text, sizeof text, "%s%s", markers[m].text, markers[m].class >= 0 ? kinds[k] : "");
                check_equal(text, store_fixture_can_read(service->store.db, text_of(text)), wanted);
            }
        }
        check_equal("pp_may", has_number(service, 11), (classes & CLASS_BIT(CLASS_LOG)) != 0);
        check_equal("ds", has_number(service, 5),
                    (classes & CLASS_BIT(CLASS_DEVICE)) && classes != CLASS_BIT(CLASS_DEVICE));
        service->store.db = db_close(service->store.db);
        for (size_t m = 0; m < N_ROWS(markers); m++) /* and what is there lies there encrypted */
            check(markers[m].text, !store_fixture_has_bytes(service->store.folder, text_of(markers[m].text)));
        service->store.db = store_fixture_open(service->store.folder);
        stop(service);
    }
}

/* Markers of requests that are refused for another reason than consent. */
static void test_refused_requests_are_nowhere(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), result = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", ALL, id);
    put_cookie(service, "shop", id, &cookie);
    struct collect_request request = request_of(service, buffer_text(&cookie), PV "&page=MARKERorigin");
    request.origin = TEXT("https://MARKERforeign.example");
    assert_int_equal(handle(service, &request, &result), 0);
    handle_expecting(service, buffer_text(&cookie), PV "&page=MARKERmalformed&res=1", "received=1, malformed=1");
    handle_expecting(service, buffer_text(&cookie), "aid=MARKERsite&e=pv", "received=1, unknown_site=1");
    handle_expecting(service, TEXT("crumb_id=MARKERcookie"), PV "&page=MARKERid", "received=1, bad_id=1");
    handle_expecting(service, TEXT_NONE, PV "&page=MARKERnobody", "received=1, no_consent=1");
    assert_false(store_fixture_can_read(service->store.db, TEXT("MARKER")));
    service->store.db = db_close(service->store.db);
    assert_false(store_fixture_has_bytes(service->store.folder, TEXT("MARKER")));
    service->store.db = store_fixture_open(service->store.folder);
}

/* ---- bounds ---- */

static void put_events(struct buffer *events, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        buffer_printf(events, PV "%u\n", i);
    assert_int_equal(events->fault, 0);
}

static void test_many_events(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    struct books books[SITES_MAX_HERE];
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    put_cookie(service, "shop", id, &cookie);
    for (unsigned n = EVENTS_PER_BODY_MAX - 1; n <= EVENTS_PER_BODY_MAX + 2; n++) {
        BUFFER_AUTO events = BUFFER_INIT(BODY_BYTES_MAX), result = BUFFER_INIT(1000), wanted = BUFFER_INIT(1000);
        unsigned n_stored = n < EVENTS_PER_BODY_MAX ? n : EVENTS_PER_BODY_MAX;

        put_events(&events, n);
        struct collect_request request = request_of(service, buffer_text(&cookie), "");
        request.events = buffer_text(&events);
        request.is_body = true;
        assert_int_equal(handle(service, &request, &result), 0);
        buffer_printf(&wanted, "received=%u, stored=%u", n, n_stored);
        if (n > n_stored)
            buffer_printf(&wanted, ", too_large=%u", n - n_stored);
        assert_true(text_equal(buffer_text(&result), buffer_text(&wanted)));
    }
    read_books(service->store.db, books);
    assert_int_equal(books[0].dropped[REASON_TOO_LARGE], 1 + 2); /* not looked at, so of no site */
    assert_int_equal(books[1].stored, 4 * EVENTS_PER_BODY_MAX - 1);
}

static void test_body_at_its_bound(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), events = BUFFER_INIT(2 * BODY_BYTES_MAX);
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    put_cookie(service, "shop", id, &cookie);
    buffer_put_text(&events, TEXT(PV "\n"));
    while (events.size < BODY_BYTES_MAX)
        buffer_put_u8(&events, '\n');
    buffer_put_u8(&events, '\0');
    events.data[BODY_BYTES_MAX] = '\n';
    for (unsigned more = 0; more < 2; more++) {
        struct collect_request request = request_of(service, buffer_text(&cookie), "");
        BUFFER_AUTO result = BUFFER_INIT(1000);

        request.events = (struct text){(const char *)events.data, BODY_BYTES_MAX + more};
        request.is_body = true;
        struct collect *collect = make(service, &request);
        assert_int_equal(collect_is_oversize(collect), more);
        collect_free(collect);
        assert_int_equal(handle(service, &request, &result), 0);
        assert_text(buffer_text(&result), more ? "received=1, too_large=1" : "received=1, stored=1");
    }
}

/* ---- rates ---- */

/* What of a body is refused, and in which order reasons come: rows share one client and one site. */
static void test_rates(void **state)
{
    static const struct {
        const char *name;
        unsigned n; /* lines */
        const char *line;
        bool cookie, foreign;
        int64_t after_ms;
        const char *result;
        bool limited;
    } sent[] = {
        {"rubbish takes of it, too", 20, "rubbish", true, false, 0, "received=20, malformed=20", false},
        {"so does somebody without a cookie", 20, PV, false, false, 0, "received=20, no_consent=20", false},
        {"what is left", 30, PV, true, false, 0, "received=30, stored=20, rate_limited=10", false},
        {"nothing is left", 2, PV, true, false, 0, "received=2, rate_limited=2", true},
        {"rubbish is rubbish", 2, "rubbish", true, false, 0, "received=2, malformed=2", false},
        {"an unknown site is unknown", 2, "aid=mall&e=pv", true, false, 0, "received=2, unknown_site=2", false},
        {"before the origin", 2, PV, true, true, 0, "received=2, rate_limited=2", true},
        {"before the cookie", 2, PV, false, false, 0, "received=2, rate_limited=2", true},
        {"a second later", 3, PV, true, false, 1000, "received=3, stored=2, rate_limited=1", false},
        {"the site's rate, which holds for all clients", 60, PV, true, false, 60000,
         "received=60, stored=30, rate_limited=30", false},
        {"is not taken of by whoever has no cookie", 30, PV, false, false, 120000, "received=30, no_consent=30", false},
        {"nor by foreign pages", 20, PV, true, true, 120000, "received=20, bad_origin=20", false},
    };
    struct service *service = start("data: ./data\nlisten: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
                                    "rates: {address: 2, site: 1, choices: 0}\n"
                                    "sites:\n  shop:\n    origins: [https://shop.example]\n"
                                    "    controller: {name: N, contact: c@shop.example}\n"
                                    "    purposes: {analytics: {collects: [log]}}\n");
    BUFFER_AUTO cookie = BUFFER_INIT(1000);
    struct rates *rates;
    uint8_t id[VISITOR_BYTES];

    (void)state;
    assert_int_equal(rates_new(&service->store.random.super, &rates), 0);
    choose(service, "shop", 1, id);
    put_cookie(service, "shop", id, &cookie);
    for (size_t i = 0; i < N_ROWS(sent); i++) {
        BUFFER_AUTO body = BUFFER_INIT(100000), result = BUFFER_INIT(1000);

        for (unsigned n = 0; n < sent[i].n; n++)
            buffer_printf(&body, "%s\n", sent[i].line);
        struct collect_request request = request_of(service, sent[i].cookie ? buffer_text(&cookie) : TEXT_NONE, "");
        request.events = buffer_text(&body);
        request.is_body = true;
        request.rates = rates;
        request.at_ms = NOW + sent[i].after_ms;
        request.origin = sent[i].foreign ? TEXT("https://evil.example") : TEXT_NONE;
        struct collect *collect = make(service, &request);
        check_equal(sent[i].name, collect_is_limited(collect), sent[i].limited);
        assert_int_equal(writer_submit(service->writer, collect_op(collect)), 0);
        writer_drain(service->writer);
        collect_put_result(&result, collect_result(collect));
        check_text(sent[i].name, buffer_text(&result), sent[i].result);
        collect_free(collect);
    }
    rates_free(rates);
    stop(service);
}

/* ---- what the answer needs before the writer is asked ---- */

static void test_what_parsing_tells(void **state)
{
    static const struct {
        const char *name, *events, *origin;
        bool malformed, foreign;
        const char *site; /* of the first event; NULL: none */
    } asked[] = {
        {"good", PV, "", 0, 0, "shop"},
        {"good and bad", PV "\nrubbish", "", 0, 0, "shop"},
        {"bad and good", "rubbish\n" PV, "", 0, 0, NULL},
        {"rubbish", "rubbish", "", 1, 0, NULL},
        {"rubbish of the shop", "aid=shop&e=xx\naid=shop", "", 1, 0, "shop"},
        {"nothing", "", "", 1, 0, NULL},
        {"foreign", PV "\n" PV, "https://evil.example", 0, 1, "shop"},
        {"foreign and rubbish", PV "\nrubbish", "https://evil.example", 0, 0, "shop"},
        {"an unknown site", "aid=mall&e=pv", "", 0, 0, NULL},
    };
    struct service *service = *state;

    for (size_t i = 0; i < N_ROWS(asked); i++) {
        struct collect_request request = request_of(service, TEXT_NONE, asked[i].events);

        request.is_body = true;
        request.origin = text_of(asked[i].origin);
        struct collect *collect = make(service, &request);
        const struct site *site = collect_site(collect);
        check_equal(asked[i].name, collect_is_malformed(collect), asked[i].malformed);
        check_equal(asked[i].name, collect_is_foreign(collect), asked[i].foreign);
        check(asked[i].name, !collect_is_oversize(collect));
        check_text(asked[i].name, text_of(site ? site->name : NULL), asked[i].site);
        check(asked[i].name, collect_op(collect)->bytes >= collect_result(collect)->received);
        collect_free(collect);
    }
    assert_null(collect_free(NULL));
}

/* ---- failures ---- */

/* A batch that failed did not happen: the same events, sent again, are no repeats. */
static void test_failed_batch_forgets(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), result = BUFFER_INIT(1000), lines = BUFFER_INIT(1000);
    struct books books[SITES_MAX_HERE];
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    put_cookie(service, "shop", id, &cookie);
    struct collect_request request =
        request_of(service, buffer_text(&cookie), PV "&eid=" UUID "0\n" PV "&eid=" UUID "1");
    request.is_body = true;
    uint64_t last = last_sequence(service->store.db);
    service->fault = -ENOSPC;
    assert_int_equal(handle(service, &request, &result), -ENOSPC);
    dump_journal(service->store.db, last, &lines);
    assert_int_equal(lines.size, 0);
    read_books(service->store.db, books);
    assert_int_equal(books[1].received, 0); /* it was told to come again, so it is not counted */
    assert_int_equal(last_sequence(service->store.db), last);

    handle_expecting(service, buffer_text(&cookie), PV "&eid=" UUID "0\n" PV "&eid=" UUID "1", "received=2, stored=2");
    handle_expecting(service, buffer_text(&cookie), PV "&eid=" UUID "0\n" PV "&eid=" UUID "1",
                     "received=2, duplicate=2");
}

/* A fault that is nobody's in particular: each is tried by itself, and nothing is counted twice. */
static void test_batch_that_is_tried_again(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), results = BUFFER_INIT(1000);
    struct books books[SITES_MAX_HERE];
    struct collect *collects[3];
    uint8_t id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    put_cookie(service, "shop", id, &cookie);
    for (unsigned i = 0; i < 3; i++) { /* the third repeats the first */
        struct collect_request request =
            request_of(service, buffer_text(&cookie), i == 1 ? PV "&eid=" UUID "1" : PV "&eid=" UUID "0");

        collects[i] = make(service, &request);
        assert_int_equal(writer_submit(service->writer, collect_op(collects[i])), 0);
    }
    service->fault = -ENOMEM;
    writer_drain(service->writer);
    for (unsigned i = 0; i < 3; i++) {
        buffer_clear(&results);
        collect_put_result(&results, collect_result(collects[i]));
        assert_text(buffer_text(&results), i == 2 ? "received=1, duplicate=1" : "received=1, stored=1");
        collect_free(collects[i]);
    }
    read_books(service->store.db, books);
    assert_int_equal(books[1].received, 3);
    assert_int_equal(books[1].stored, 2);
}

static void test_repeats_of_others(void **state)
{
    struct service *service = *state;
    BUFFER_AUTO cookie = BUFFER_INIT(1000), other = BUFFER_INIT(1000);
    uint8_t id[VISITOR_BYTES], other_id[VISITOR_BYTES];

    choose(service, "shop", S, id);
    choose(service, "shop", S, other_id);
    put_cookie(service, "shop", id, &cookie);
    put_cookie(service, "shop", other_id, &other);
    handle_expecting(service, buffer_text(&cookie), PV "&eid=" UUID "0", "received=1, stored=1");
    handle_expecting(service, buffer_text(&other), PV "&eid=" UUID "0",
                     "received=1, stored=1"); /* ids are a visitor's own */
    handle_expecting(service, buffer_text(&cookie), PV "&eid=" UUID "0", "received=1, duplicate=1");
    /* Remembered over a restart. */
    dedupe_free(service->dedupe);
    assert_int_equal(dedupe_new(&service->dedupe), 0);
    assert_int_equal(dedupe_load(service->dedupe, service->store.db), 0);
    handle_expecting(service, buffer_text(&other), PV "&eid=" UUID "0", "received=1, duplicate=1");
}

#define SERVICE_TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        SERVICE_TEST(test_requests),
        SERVICE_TEST(test_cookies),
        SERVICE_TEST(test_live_consent),
        SERVICE_TEST(test_withdrawn_while_it_waits),
        SERVICE_TEST(test_stale_grant),
        SERVICE_TEST(test_replay_knows_the_visitor),
        SERVICE_TEST(test_places_looked_up),
        SERVICE_TEST(test_before_the_choice),
        SERVICE_TEST(test_expired_day),
        SERVICE_TEST(test_times),
        SERVICE_TEST(test_addresses),
        cmocka_unit_test(test_refused_is_nowhere),
        SERVICE_TEST(test_refused_requests_are_nowhere),
        SERVICE_TEST(test_many_events),
        SERVICE_TEST(test_body_at_its_bound),
        cmocka_unit_test(test_rates),
        SERVICE_TEST(test_what_parsing_tells),
        SERVICE_TEST(test_failed_batch_forgets),
        SERVICE_TEST(test_batch_that_is_tried_again),
        SERVICE_TEST(test_repeats_of_others),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
