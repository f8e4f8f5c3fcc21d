/*
 * The adapters as tables: what a tracker sends, and the lines it becomes; then
 * what is bad in any way, and what the parser of lines says of it.
 */
#include "check.h"
#include "crumb/base/limits.h"
#include "crumb/ingest/adapt.h"
#include "crumb/ingest/wire.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define HATS "https://shop.example/hats"
#define TP2(events)                                                                                                    \
    "{\"schema\":\"iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4\",\"data\":" events "}"

static struct config *config;

static int setup(void **state)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct text yaml = TEXT("data: ./data\n"
                            "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
                            "sites:\n"
                            "  shop:\n"
                            "    origins: [https://shop.example, https://www.shop.example:8443]\n"
                            "    controller: {name: N, contact: c@shop.example}\n"
                            "  blog:\n"
                            "    origins: [https://blog.example]\n"
                            "    controller: {name: N, contact: c@blog.example}\n"
                            "  '7':\n"
                            "    origins: [https://seven.example]\n"
                            "    controller: {name: N, contact: c@seven.example}\n");

    (void)state;
    assert_int_equal(config_parse(yaml, "crumb.yaml", &complaints, &config), 0);
    complaints_deinit(&complaints);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    config = config_unref(config);
    return 0;
}

/* ---- what becomes of what ---- */

struct row {
    const char *name;
    adapt_function *adapt;
    const char *query, *body, *origin, *referer;
    const char *lines;
};

static const struct row snowplow[] = {
    {"a page view and a ping", adapt_snowplow, "",
     TP2("[{\"e\":\"pv\",\"aid\":\"shop\",\"url\":\"" HATS "\",\"dtm\":\"1000\",\"stm\":\"2000\",\"res\":\"1x2\"},"
         "{\"e\":\"pp\",\"aid\":\"shop\",\"pp_may\":\"30\"}]"),
     "", "", "-&e=pv&aid=shop&url=" HATS "&dtm=1000&stm=2000&res=1x2\n-&e=pp&aid=shop&pp_may=30\n"},
    {"only what is known is written", adapt_snowplow, "",
     TP2("[{\"e\":\"pv\",\"tv\":\"js-3\",\"duid\":\"1234\",\"sid\":\"x\",\"uid\":\"anna\",\"cx\":\"eyJ9\",\"aid\":"
         "\"shop\"}]"),
     "", "", "-&e=pv&aid=shop\n"},
    {"values are encoded", adapt_snowplow, "", TP2("[{\"page\":\"a&b=c+d 100%\\n\\u00fc\"}]"), "", "",
     "-&page=a%26b%3dc%2bd+100%25%0a\xc3\xbc\n"},
    {"names, too", adapt_snowplow, "", TP2("[{\"x_p.a&e=pv\\nb\":\"1\"}]"), "", "", "-&x_p.a%26e%3dpv%0ab=1\n"},
    {"numbers, as some senders write them", adapt_snowplow, "",
     TP2("[{\"dtm\":1000,\"se_va\":2.5,\"page\":true,\"refr\":null}]"), "", "", "-&dtm=1000&se_va=2.5&page=true\n"},
    {"no events", adapt_snowplow, "", TP2("[]"), "", "", ""},
    {"nothing", adapt_snowplow, "", "", "", "", ""},
    {"another schema, of the same form", adapt_snowplow, "", "{\"data\":[{\"e\":\"pv\"}]}", "", "", "-&e=pv\n"},
    {"events that are none", adapt_snowplow, "", TP2("[1,[],{},null]"), "", "", "-\n-\n-\n-\n"},
    {"a value that is none", adapt_snowplow, "", TP2("[{\"aid\":\"shop\",\"e\":\"pv\",\"page\":{\"a\":1}}]"), "", "",
     "-&aid=shop&e=pv&e=-\n"},
    {"no JSON", adapt_snowplow, "", "e=pv&aid=shop", "https://shop.example", "", "aid=shop&e=-\n"},
    {"no JSON from nowhere", adapt_snowplow, "", "e=pv&aid=shop", "", "", "aid=-&e=-\n"},
    {"no list", adapt_snowplow, "", "{\"data\":{\"e\":\"pv\"}}", "", HATS, "aid=shop&e=-\n"},
};

#define U "\"u\":\"" HATS "\",\"d\":\"shop.example\""

static const struct row plausible[] = {
    {"a page view", adapt_plausible, "",
     "{\"n\":\"pageview\"," U ",\"r\":\"https://search.example/\",\"w\":1280,\"h\":0}", "", "",
     "aid=shop&e=pv&url=" HATS "&refr=https://search.example/&vp=1280x0\n"},
    {"the long names", adapt_plausible, "",
     "{\"name\":\"pageview\",\"url\":\"" HATS "\",\"domain\":\"shop.example\",\"referrer\":\"https://search.example/\","
     "\"screen_width\":1280}",
     "", "", "aid=shop&e=pv&url=" HATS "&refr=https://search.example/&vp=1280x0\n"},
    {"no referrer", adapt_plausible, "", "{\"n\":\"pageview\"," U ",\"r\":null}", "", "",
     "aid=shop&e=pv&url=" HATS "\n"},
    {"a custom event", adapt_plausible, "",
     "{\"n\":\"Sign up\"," U ",\"p\":{\"plan\":\"XL\",\"n\":3,\"new\":true,\"x\":null}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Sign+up&x_p.plan=XL&x_p.n=3&x_p.new=true&url=" HATS "\n"},
    {"properties as text", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"p\":\"{\\\"size\\\":\\\"L&M\\\"}\"}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&x_p.size=L%26M&url=" HATS "\n"},
    {"properties by their old name", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"m\":{\"size\":\"L\"}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&x_p.size=L&url=" HATS "\n"},
    {"properties of a page view", adapt_plausible, "", "{\"n\":\"pageview\"," U ",\"props\":{\"author\":\"A\"}}", "",
     "", "aid=shop&e=pv&x_p.author=A&url=" HATS "\n"},
    {"revenue", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"currency\":\"EUR\",\"amount\":9.5}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=9.5&x_cur=EUR&url=" HATS "\n"},
    {"much revenue", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":123456789.99}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=123456789.99&url=" HATS "\n"},
    {"more than that", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":12345678901.5}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=12345678901.5&url=" HATS "\n"},
    {"with an exponent", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":1e11}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=100000000000&url=" HATS "\n"},
    {"with a larger one", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":-1.5e20}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=-150000000000000000000&url=" HATS "\n"},
    {"next to nothing", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":0.00001}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=0.00001&url=" HATS "\n"},
    {"less", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":1.25e-7}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=0.000000125&url=" HATS "\n"},
    {"nothing that is left", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":1e-40}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=0&url=" HATS "\n"},
    {"what no decimal fraction is", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"$\":{\"amount\":0.30000000000000004}}",
     "", "", "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=0.3&url=" HATS "\n"},
    {"revenue as text", adapt_plausible, "",
     "{\"n\":\"Buy\"," U ",\"revenue\":{\"currency\":\"EUR\",\"amount\":\"1322.22\"}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&se_va=1322.22&x_cur=EUR&url=" HATS "\n"},
    {"how long it was seen", adapt_plausible, "", "{\"n\":\"engagement\"," U ",\"sd\":42,\"e\":4200}", "", "",
     "aid=shop&e=pp&x_vis=4200&url=" HATS "\n"},
    {"a site by its name", adapt_plausible, "", "{\"n\":\"pageview\",\"u\":\"" HATS "\",\"d\":\"blog\"}", "", "",
     "aid=blog&e=pv&url=" HATS "\n"},
    {"a site by the page's origin", adapt_plausible, "",
     "{\"n\":\"pageview\",\"u\":\"" HATS "\",\"d\":\"other.example\"}", "https://blog.example", "",
     "aid=blog&e=pv&url=" HATS "\n"},
    {"an unknown site", adapt_plausible, "", "{\"n\":\"pageview\",\"u\":\"" HATS "\",\"d\":\"other.example\"}", "", "",
     "aid=-&e=pv&url=" HATS "\n"},
    {"no name", adapt_plausible, "", "{" U "}", "", "", "aid=shop&e=-&url=" HATS "\n"},
    {"a name that is none", adapt_plausible, "", "{\"n\":1," U "}", "", "", "aid=shop&e=-&url=" HATS "\n"},
    {"a width that is none", adapt_plausible, "", "{\"n\":\"pageview\"," U ",\"w\":\"wide\"}", "", "",
     "aid=shop&e=pv&url=" HATS "&e=-\n"},
    {"properties that are none", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"p\":[1]}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&e=-&url=" HATS "\n"},
    {"properties whose text is none", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"p\":\"{\"}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&e=-&url=" HATS "\n"},
    {"a property that is a list", adapt_plausible, "", "{\"n\":\"Buy\"," U ",\"p\":{\"a\":[1]}}", "", "",
     "aid=shop&e=se&se_ca=event&se_ac=Buy&e=-&url=" HATS "\n"},
    {"a list", adapt_plausible, "", "[{\"n\":\"pageview\"," U "}]", "https://shop.example", "", "aid=shop&e=-\n"},
    {"nothing", adapt_plausible, "", "", "", "", ""},
};

static const struct row goatcounter[] = {
    {"a page view", adapt_goatcounter,
     "p=%2Fhats&t=Hats%20%26%20caps&r=https%3A%2F%2Fsearch.example&e=false&s=1280%2C800%2C2&b=0&rnd=x1", "",
     "https://shop.example", "",
     "aid=shop&e=pv&url=https://"
     "shop.example%2Fhats&page=Hats%20%26%20caps&refr=https%3A%2F%2Fsearch.example&res=1280x800\n"},
    {"a path and a size as they are", adapt_goatcounter, "p=/hats&s=1280,800,1.5", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/hats&res=1280x800\n"},
    {"a path without a slash", adapt_goatcounter, "p=hats", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/hats\n"},
    {"by an image", adapt_goatcounter, "p=/hats", "", "", "https://www.shop.example:8443/somewhere?q=1",
     "aid=shop&e=pv&url=https://www.shop.example:8443/hats\n"},
    {"by an image whose page says its origin only", adapt_goatcounter, "p=/hats", "", "", "https://blog.example",
     "aid=blog&e=pv&url=https://blog.example/hats\n"},
    {"a page without an origin of its own", adapt_goatcounter, "p=/hats", "", "null", "https://blog.example/",
     "aid=blog&e=pv&url=https://blog.example/hats\n"},
    {"the page's query", adapt_goatcounter, "p=/hats&q=%3Futm_source%3Dmail", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/hats%3Futm_source%3Dmail\n"},
    {"the page's query without its mark", adapt_goatcounter, "p=/hats&q=utm_source%3Dmail", "", "https://shop.example",
     "", "aid=shop&e=pv&url=https://shop.example/hats?utm_source%3Dmail\n"},
    {"an event", adapt_goatcounter, "p=sign%20up&e=true&t=x", "", "https://shop.example", "",
     "aid=shop&e=se&se_ca=event&se_ac=sign%20up&page=x\n"},
    {"a site that is named", adapt_goatcounter, "aid=blog&p=/", "", "", "",
     "aid=blog&e=pv&url=https://blog.example/\n"},
    {"an unknown page", adapt_goatcounter, "p=/hats", "", "https://other.example", "",
     "aid=-&e=pv&url=https://other.example/hats\n"},
    {"from nowhere", adapt_goatcounter, "p=/hats", "", "", "", "aid=-&e=pv\n"},
    {"no path", adapt_goatcounter, "t=Hats", "", "https://shop.example", "", "aid=shop&e=-&page=Hats\n"},
    {"nothing", adapt_goatcounter, "", "", "https://shop.example", "", "aid=shop&e=-\n"},
    {"a path twice", adapt_goatcounter, "p=/a&p=/b", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/b&e=-\n"},
    {"a size that is none", adapt_goatcounter, "p=/&s=wide", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/x\n"},
    {"line ends", adapt_goatcounter, "p=/a\nb\r", "", "https://shop.example", "",
     "aid=shop&e=pv&url=https://shop.example/a%0ab%0d\n"},
    {"a Referer of another scheme", adapt_goatcounter, "p=/", "", "", "android-app://x", "aid=-&e=pv\n"},
    {"a Referer without a host", adapt_goatcounter, "p=/", "", "", "https://", "aid=-&e=pv\n"},
    {"a Referer with one slash", adapt_goatcounter, "p=/", "", "", "https:/shop.example/", "aid=-&e=pv\n"},
};

#define M "idsite=shop&rec=1"

static const struct row matomo[] = {
    {"a page view", adapt_matomo,
     M "&url=https%3A%2F%2Fshop.example%2Fhats&action_name=Hats+%26+caps&urlref=https%3A%2F%2Fsearch.example%2F&res="
       "1280x800"
       "&_id=0123456789abcdef&uid=anna&h=1&m=2&s=3&cookie=1&pv_id=x1y2z3",
     "", "", "",
     "aid=shop&e=pv&url=https%3A%2F%2Fshop.example%2Fhats&page=Hats+%26+caps&refr=https%3A%2F%2Fsearch.example%2F&res="
     "1280x800\n"},
    {"as a form", adapt_matomo, "", M "&url=" HATS, "", "", "aid=shop&e=pv&url=" HATS "\n"},
    {"in two parts", adapt_matomo, "idsite=shop", "rec=1&url=" HATS, "", "", "aid=shop&e=pv&url=" HATS "\n"},
    {"a site by its number", adapt_matomo, "idsite=7&rec=1&url=" HATS, "", "", "", "aid=7&e=pv&url=" HATS "\n"},
    {"a number that is none here", adapt_matomo, "idsite=1&rec=1&url=" HATS, "", "https://shop.example", "",
     "aid=shop&e=pv&url=" HATS "\n"},
    {"an event", adapt_matomo, M "&e_c=Videos&e_a=Play&e_n=Trailer%201&e_v=2.5", "", "", "",
     "aid=shop&e=se&se_ca=Videos&se_ac=Play&se_la=Trailer%201&se_va=2.5\n"},
    {"a link", adapt_matomo, M "&link=https%3A%2F%2Fout.example%2F&url=" HATS, "", "", "",
     "aid=shop&e=se&se_ca=click&se_la=https%3A%2F%2Fout.example%2F&se_pr=outbound&url=" HATS "\n"},
    {"a download", adapt_matomo, M "&download=https%3A%2F%2Fshop.example%2Fa.pdf", "", "", "",
     "aid=shop&e=se&se_ca=click&se_la=https%3A%2F%2Fshop.example%2Fa.pdf&se_pr=download\n"},
    {"a goal", adapt_matomo, M "&idgoal=3&revenue=9.99", "", "", "", "aid=shop&e=se&se_ca=goal&se_ac=3&se_va=9.99\n"},
    {"content that is seen", adapt_matomo, M "&c_n=Ad&c_p=ad.jpg&c_t=x", "", "", "",
     "aid=shop&e=se&se_ca=content&se_ac=impression&se_la=Ad&se_pr=ad.jpg\n"},
    {"content that is used", adapt_matomo, M "&c_n=Ad&c_i=click", "", "", "",
     "aid=shop&e=se&se_ca=content&se_ac=click&se_la=Ad\n"},
    {"a sign of life", adapt_matomo, M "&ping=1&url=" HATS, "", "", "", "aid=shop&e=pp&url=" HATS "\n"},
    {"how fast it was", adapt_matomo, M "&ca=1&pf_net=3&url=" HATS, "", "", "", "aid=shop&e=pp&url=" HATS "\n"},
    {"without rec=1", adapt_matomo, "idsite=shop&url=" HATS, "", "", "", "aid=shop&e=-&url=" HATS "\n"},
    {"rec=0", adapt_matomo, "idsite=shop&rec=0&url=" HATS, "", "", "", "aid=shop&e=-&url=" HATS "\n"},
    {"nothing", adapt_matomo, "", "", "", "", "aid=-&e=-\n"},
    {"a pair twice", adapt_matomo, M "&rec=1", "", "", "", "aid=shop&e=pv&e=-\n"},
    {"a pair twice, in query and form", adapt_matomo, M, "rec=1", "", "", "aid=shop&e=pv&e=-\n"},
    {"line ends in a form", adapt_matomo, "", M "&action_name=a\nidsite=blog&e=pv\n", "", "",
     "aid=shop&e=pv&page=a%0aidsite=blog\n"},
    {"many at once", adapt_matomo, "",
     "{\"requests\":[\"?" M "&url=" HATS "\",\"" M "&e_c=a&e_a=b\",\"https://c.example/matomo.php?" M
     "&ping=1\"],\"send_image\":0}",
     "", "", "aid=shop&e=pv&url=" HATS "\naid=shop&e=se&se_ca=a&se_ac=b\naid=shop&e=pp\n"},
    {"many of none", adapt_matomo, "", "{\"requests\":[1,null,{\"rec\":1}]}", "https://shop.example", "",
     "aid=shop&e=-\naid=shop&e=-\naid=shop&e=-\n"},
    {"many without any", adapt_matomo, "", "{\"requests\":[]}", "", "", ""},
    {"many that are cut", adapt_matomo, "", "{\"requests\":[\"?" M, "https://shop.example", "", "aid=shop&e=-\n"},
    {"many that are no list", adapt_matomo, "", "{\"requests\":\"" M "\"}", "", "", "aid=-&e=-\n"},
};

static void adapt(const struct row *row, struct buffer *lines)
{
    struct adapt_request request = {.config = config,
                                    .query = text_of(row->query),
                                    .body = text_of(row->body),
                                    .origin = text_of(row->origin),
                                    .referer = text_of(row->referer)};

    check_equal(row->name, row->adapt(&request, lines), 0);
}

static void check_rows(const struct row *rows, size_t n)
{
    for (const struct row *row = rows; row < rows + n; row++) {
        BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);

        adapt(row, &lines);
        check_text(row->name, buffer_text(&lines), row->lines);
    }
}

static void test_snowplow(void **state)
{
    (void)state;
    check_rows(snowplow, N_ROWS(snowplow));
}

static void test_plausible(void **state)
{
    (void)state;
    check_rows(plausible, N_ROWS(plausible));
}

static void test_goatcounter(void **state)
{
    (void)state;
    check_rows(goatcounter, N_ROWS(goatcounter));
}

static void test_matomo(void **state)
{
    (void)state;
    check_rows(matomo, N_ROWS(matomo));
}

static void test_matomo_forms(void **state)
{
    (void)state;
    assert_true(adapt_matomo_bulk(TEXT("{\"requests\":[]}")));
    assert_false(adapt_matomo_bulk(TEXT("idsite=1")));
    assert_false(adapt_matomo_bulk(TEXT_NONE));
    assert_true(adapt_matomo_plain(TEXT("a=1&send_image=0"), TEXT_NONE));
    assert_true(adapt_matomo_plain(TEXT_NONE, TEXT("send_image=0&a=1")));
    assert_false(adapt_matomo_plain(TEXT("send_image=1"), TEXT("a=1")));
}

/* ---- what is bad ---- */

/* Every "@" of a frame stands for the bad part. */
static const struct frame {
    const char *name;
    adapt_function *adapt;
    const char *query, *body;
} frames[] = {
    {"snowplow", adapt_snowplow, "", TP2("[{\"aid\":\"shop\",\"e\":\"pv\",\"url\":\"" HATS "\",\"page\":\"@\"}]")},
    {"plausible's page", adapt_plausible, "", "{\"n\":\"pageview\",\"d\":\"shop.example\",\"u\":\"" HATS "@\"}"},
    {"plausible's name", adapt_plausible, "", "{\"n\":\"x@\"," U "}"},
    {"plausible's property", adapt_plausible, "", "{\"n\":\"x\"," U ",\"p\":{\"a\":\"@\"}}"},
    {"plausible's inner property", adapt_plausible, "", "{\"n\":\"x\"," U ",\"p\":\"{\\\"a\\\":\\\"@\\\"}\"}"},
    {"goatcounter's path", adapt_goatcounter, "p=/@", ""},
    {"goatcounter's title", adapt_goatcounter, "p=/&t=@", ""},
    {"matomo's title", adapt_matomo, M "&url=" HATS "&action_name=@", ""},
    {"matomo's form", adapt_matomo, "", M "&url=" HATS "&action_name=@"},
    {"matomo's bulk", adapt_matomo, "", "{\"requests\":[\"?" M "&url=" HATS "&action_name=@\"]}"},
};

/* As JSON, and as what is encoded for a URL. Empty: is not tried there. */
static const struct bad {
    const char *name, *json, *encoded;
    int r;
} bads[] = {
    {"NUL", "\\u0000", "%00", WIRE_E_MALFORMED},
    {"an escape character", "\\u001b", "%1b", WIRE_E_MALFORMED},
    {"DEL", "\x7f", "%7f", WIRE_E_MALFORMED},
    {"the first half of a pair", "\\ud83d", "%ed%a0%bd", WIRE_E_MALFORMED},
    {"the second half of a pair", "\\ude00", "%ed%b8%80", WIRE_E_MALFORMED},
    {"bytes that are not UTF-8", "\xff\xfe", "%ff%fe", WIRE_E_MALFORMED},
    {"an overlong form", "\xc0\xaf", "%c0%af", WIRE_E_MALFORMED},
    {"half a letter", "\xc3", "%c3", WIRE_E_MALFORMED},
    {"a percent sign alone", "", "%", WIRE_E_MALFORMED},
    {"other letters behind it", "", "%zz", WIRE_E_MALFORMED},
};

static struct text fill(const char *frame, const char *bad, char **ret_bytes)
{
    BUFFER_AUTO filled = BUFFER_INIT(1 << 20);
    struct text rest = text_of(frame);

    buffer_put_text(&filled, text_cut(&rest, '@'));
    if (strchr(frame, '@'))
        buffer_put_text(&filled, text_of(bad));
    buffer_put_text(&filled, rest);
    /* A copy of its own size, so that a sanitizer sees a read past the end. */
    *ret_bytes = malloc(filled.size + 1);
    assert_non_null(*ret_bytes);
    memcpy(*ret_bytes, filled.size ? (char *)filled.data : "", filled.size);
    return (struct text){.data = *ret_bytes, .size = filled.size};
}

/* How many events come out, all of which are judged as @r. */
static unsigned judge(const char *name, adapt_function *function, struct text query, struct text body, int r)
{
    BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
    struct adapt_request request = {
        .config = config, .query = query, .body = body, .origin = TEXT("https://shop.example")};
    char scratch[QUERY_BYTES_MAX];
    unsigned n = 0;

    check_equal(name, function(&request, &lines), 0);
    struct text rest = buffer_text(&lines);
    while (rest.size) {
        struct text line = text_cut(&rest, '\n');
        struct event event;
        const char *what;

        check(name, line.size > 0);
        check_equal(name, wire_parse(line, scratch, &event, &what), r);
        if (line.size <= QUERY_BYTES_MAX) /* a longer one is not looked at */
            check_text(name, event.site, "shop");
        n++;
    }
    return n;
}

static bool is_encoded(const struct frame *frame)
{
    return frame->adapt == adapt_goatcounter || frame->adapt == adapt_matomo;
}

static void test_bad_values(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_ROWS(frames); i++) {
        for (size_t j = 0; j < N_ROWS(bads); j++) {
            const char *bad = is_encoded(&frames[i]) ? bads[j].encoded : bads[j].json;
            char name[100], *query, *body;

            if (!*bad)
                continue;
            snprintf(name, sizeof name, "%s: %s", frames[i].name, bads[j].name);
            struct text filled_query = fill(frames[i].query, bad, &query);
            struct text filled_body = fill(frames[i].body, bad, &body);
            check_equal(name, judge(name, frames[i].adapt, filled_query, filled_body, bads[j].r), 1);
            free(query);
            free(body);
        }
    }
}

/* The same value grows past what one may have, what one event may have, and what a body has. */
static void test_huge_values(void **state)
{
    static const size_t sizes[] = {URL_BYTES_MAX + 1, QUERY_BYTES_MAX, BODY_BYTES_MAX};
    char *huge = malloc(BODY_BYTES_MAX + 1);

    (void)state;
    assert_non_null(huge);
    for (size_t i = 0; i < N_ROWS(frames); i++) {
        for (size_t j = 0; j < N_ROWS(sizes); j++) {
            char *query, *body;

            memset(huge, '&', sizes[j]); /* the letter that grows when it is encoded */
            if (is_encoded(&frames[i]))
                memset(huge, 'x', sizes[j]);
            huge[sizes[j]] = '\0';
            struct text filled_query = fill(frames[i].query, huge, &query);
            struct text filled_body = fill(frames[i].body, huge, &body);
            check_equal(frames[i].name,
                        judge(frames[i].name, frames[i].adapt, filled_query, filled_body, WIRE_E_TOO_LARGE), 1);
            free(query);
            free(body);
        }
    }
    free(huge);
}

/* A body that is cut at any byte is refused, or is whole without what was cut; it never reads past its end. */
static void test_cut_bodies(void **state)
{
    const struct row *whole[] = {&snowplow[0], &plausible[0], &plausible[4], &matomo[1], &matomo[N_ROWS(matomo) - 5]};

    (void)state;
    for (size_t i = 0; i < N_ROWS(whole); i++) {
        size_t size = strlen(whole[i]->body);

        for (size_t cut = 0; cut < size; cut++) {
            BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
            char *part = malloc(cut + 1);

            assert_non_null(part);
            memcpy(part, whole[i]->body, cut);
            struct adapt_request request = {.config = config,
                                            .query = text_of(whole[i]->query),
                                            .body = {.data = part, .size = cut},
                                            .origin = TEXT("https://shop.example")};
            check_equal(whole[i]->name, whole[i]->adapt(&request, &lines), 0);
            if (cut && part[0] == '{')
                check_text(whole[i]->name, buffer_text(&lines), "aid=shop&e=-\n");
            free(part);
        }
    }
}

static void test_deep_json(void **state)
{
    static const char *const shapes[][2] = {
        {"", ""}, {"{\"data\":", "}"}, {"{\"n\":\"x\",\"p\":", "}"}, {"{\"requests\":", "}"}};
    static adapt_function *const functions[] = {adapt_snowplow, adapt_plausible, adapt_matomo};

    (void)state;
    for (size_t i = 0; i < N_ROWS(shapes); i++) {
        for (size_t j = 0; j < N_ROWS(functions); j++) {
            for (int closed = 0; closed < 2; closed++) {
                BUFFER_AUTO body = BUFFER_INIT(BODY_BYTES_MAX);

                buffer_put_text(&body, text_of(shapes[i][0]));
                for (unsigned n = 0; n < 10000; n++)
                    buffer_put_text(&body, n % 2 ? TEXT("[") : TEXT("{\"a\":"));
                for (unsigned n = 0; closed && n < 10000; n++)
                    buffer_put_u8(&body, n % 2 ? '}' : ']');
                buffer_put_text(&body, text_of(shapes[i][1]));
                assert_int_equal(body.fault, 0);
                assert_int_equal(judge(shapes[i][0], functions[j], TEXT_NONE, buffer_text(&body), WIRE_E_MALFORMED), 1);
            }
        }
    }
}

/* ---- no memory ---- */

static long n_until_failure = -1;

static bool fails(void) { return n_until_failure >= 0 && n_until_failure-- == 0; }

void *__real_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size);
void *__wrap_realloc(void *old, size_t size) { return fails() ? NULL : __real_realloc(old, size); }

static void *failing_malloc(size_t size) { return fails() ? NULL : malloc(size); }

/* Each allocation fails in turn. What jansson does not tell of cannot be told here; nothing crashes, nothing leaks. */
static void test_no_memory(void **state)
{
    const struct row *whole[] = {&snowplow[0], &plausible[4], &goatcounter[0], &matomo[0], &matomo[N_ROWS(matomo) - 5]};

    (void)state;
    json_set_alloc_funcs(failing_malloc, free);
    for (size_t i = 0; i < N_ROWS(whole); i++) {
        bool passed = false;

        for (long n = 0; !passed; n++) {
            BUFFER_AUTO lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
            struct adapt_request request = {.config = config,
                                            .query = text_of(whole[i]->query),
                                            .body = text_of(whole[i]->body),
                                            .origin = text_of(whole[i]->origin)};
            n_until_failure = n;
            int r = whole[i]->adapt(&request, &lines);
            passed = n_until_failure >= 0;
            n_until_failure = -1;
            check(whole[i]->name, r == 0 || r == -ENOMEM);
            if (passed)
                check_text(whole[i]->name, buffer_text(&lines), whole[i]->lines);
        }
    }
    json_set_alloc_funcs(malloc, free);
}

/* Past the bound of a body nothing is looked at, and everything is counted. */
static void test_many_events(void **state)
{
    static const struct {
        adapt_function *adapt;
        const char *before, *each, *after;
    } bodies[] = {
        {adapt_snowplow, "{\"data\":[{}", ",{}", "]}"},
        {adapt_matomo, "{\"requests\":[\"\"", ",\"\"", "]}"},
    };

    (void)state;
    for (size_t i = 0; i < N_ROWS(bodies); i++) {
        BUFFER_AUTO body = BUFFER_INIT(BODY_BYTES_MAX), lines = BUFFER_INIT(ADAPTED_BYTES_MAX);
        unsigned n = 1;

        buffer_put_text(&body, text_of(bodies[i].before));
        for (; n < JSON_VALUES_MAX; n++)
            buffer_put_text(&body, text_of(bodies[i].each));
        buffer_put_text(&body, text_of(bodies[i].after));
        struct adapt_request request = {.config = config, .body = buffer_text(&body)};
        assert_int_equal(bodies[i].adapt(&request, &lines), 0);
        unsigned n_lines = 0;
        for (struct text rest = buffer_text(&lines); rest.size; text_cut(&rest, '\n'))
            n_lines++;
        assert_int_equal(n_lines, n);
    }
}

/* JSON of very many values, which each take an allocation or two, is not read. */
static void test_many_values(void **state)
{
    static adapt_function *const functions[] = {adapt_snowplow, adapt_plausible, adapt_matomo};

    (void)state;
    for (size_t i = 0; i < N_ROWS(functions); i++) {
        BUFFER_AUTO body = BUFFER_INIT(BODY_BYTES_MAX);

        buffer_put_text(&body, TEXT("{\"n\":\"pageview\",\"data\":[{}],\"requests\":[\"" M "\"],\"more\":[0"));
        for (unsigned n = 0; n < JSON_VALUES_MAX; n++)
            buffer_put_text(&body, TEXT(",0"));
        buffer_put_text(&body, TEXT("]}"));
        assert_int_equal(body.fault, 0);
        assert_int_equal(judge("many values", functions[i], TEXT_NONE, buffer_text(&body), WIRE_E_MALFORMED), 1);
    }
}

/* A query of very many pairs is not read to its end. */
static void test_many_pairs(void **state)
{
    (void)state;
    for (unsigned n = PAIRS_PER_EVENT_MAX; n <= PAIRS_PER_EVENT_MAX + 1; n++) {
        BUFFER_AUTO query = BUFFER_INIT(BODY_BYTES_MAX);

        buffer_put_text(&query, TEXT(M));
        for (unsigned i = 2; i < n; i++)
            buffer_printf(&query, "&dimension%u=x", i);
        assert_int_equal(judge("many pairs", adapt_matomo, buffer_text(&query), TEXT_NONE,
                               n > PAIRS_PER_EVENT_MAX ? WIRE_E_MALFORMED : 0),
                         1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_snowplow),    cmocka_unit_test(test_plausible),    cmocka_unit_test(test_goatcounter),
        cmocka_unit_test(test_matomo),      cmocka_unit_test(test_matomo_forms), cmocka_unit_test(test_bad_values),
        cmocka_unit_test(test_huge_values), cmocka_unit_test(test_cut_bodies),   cmocka_unit_test(test_deep_json),
        cmocka_unit_test(test_many_events), cmocka_unit_test(test_many_values),  cmocka_unit_test(test_many_pairs),
        cmocka_unit_test(test_no_memory),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
