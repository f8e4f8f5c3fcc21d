/*
 * Choices: what POST /v1/consent may say, and what a choice does to the ledger
 * and to the visitor.
 */
#include "check.h"
#include "crumb/consent/choice.h"
#include "crumb/consent/receipt.h"
#include "store_fixture.h"
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#define NOW STORE_FIXTURE_NOW_MS
#define DAY (24LL * 3600 * 1000)

/* Purposes of the shop. */
enum { A = 1, J = 2, M = 4, S = 8, ALL = 15 };

/* ---- parsing ---- */

/*
 * '@' becomes the hash of the shop's English notice, '#' of its German one, '~'
 * of the blog's, and '\'' becomes '"'.
 */
static void expand(const struct edition *edition, const char *pattern, struct buffer *ret_json)
{
    const struct site *shop = config_site(edition->config, TEXT("shop"));
    const struct site *blog = config_site(edition->config, TEXT("blog"));

    for (; *pattern; pattern++) {
        if (*pattern == '@')
            buffer_put_text(ret_json, text_of(edition_notice(edition, shop, TEXT("en"))->hex));
        else if (*pattern == '#')
            buffer_put_text(ret_json, text_of(edition_notice(edition, shop, TEXT("de"))->hex));
        else if (*pattern == '~')
            buffer_put_text(ret_json, text_of(edition_notice(edition, blog, TEXT("en"))->hex));
        else
            buffer_put_u8(ret_json, (uint8_t)(*pattern == '\'' ? '"' : *pattern));
    }
    assert_int_equal(ret_json->fault, 0);
}

#define SHOP "'site':'shop','notice':'@','surface':'banner',"
#define ANSWERS(a, j, m, s) "'purposes':{'analytics':" a ",'journeys':" j ",'marketing':" m ",'strict':" s "}"

static void test_parse(void **state)
{
    static const struct {
        const char *name, *json;
        int r;
        enum choice_kind kind;
        uint32_t granted;
    } rows[] = {
        {"grant", "{" SHOP "'action':'grant'}", 0, CHOICE_GRANT, ALL},
        {"grant, said", "{" SHOP "'action':'grant'," ANSWERS("true", "true", "true", "true") "}", 0, CHOICE_GRANT, ALL},
        {"grant of less", "{" SHOP "'action':'grant'," ANSWERS("true", "true", "true", "false") "}", CHOICE_E_INVALID,
         0, 0},
        {"grant, said in part", "{" SHOP "'action':'grant','purposes':{'journeys':true}}", 0, CHOICE_GRANT, ALL},
        {"grant, said in part, less", "{" SHOP "'action':'grant','purposes':{'journeys':false}}", CHOICE_E_INVALID, 0,
         0},
        {"deny", "{" SHOP "'action':'deny'}", 0, CHOICE_DENY, 0},
        {"deny, said", "{" SHOP "'action':'deny'," ANSWERS("false", "false", "false", "false") "}", 0, CHOICE_DENY, 0},
        {"deny that grants", "{" SHOP "'action':'deny'," ANSWERS("false", "true", "false", "false") "}",
         CHOICE_E_INVALID, 0, 0},
        {"dismiss", "{" SHOP "'action':'dismiss'}", 0, CHOICE_DISMISS, 0},
        {"dismiss that grants", "{" SHOP "'action':'dismiss'," ANSWERS("true", "true", "true", "true") "}",
         CHOICE_E_INVALID, 0, 0},
        {"withdraw", "{" SHOP "'action':'withdraw'}", 0, CHOICE_WITHDRAW, 0},
        {"withdraw under a notice of long ago", "{'site':'shop','notice':'0','surface':'page','action':'withdraw'}", 0,
         CHOICE_WITHDRAW, 0},
        {"withdraw that grants", "{" SHOP "'action':'withdraw'," ANSWERS("true", "false", "false", "false") "}",
         CHOICE_E_INVALID, 0, 0},
        {"withdraw, an unknown purpose", "{" SHOP "'action':'withdraw','purposes':{'old':false}}", 0, CHOICE_WITHDRAW,
         0},
        {"withdraw, purposes of long ago that are granted", "{" SHOP "'action':'withdraw','purposes':{'old':true}}",
         CHOICE_E_INVALID, 0, 0},
        {"withdraw in part", "{" SHOP "'action':'withdraw','purposes':{'journeys':false}}", 0, CHOICE_WITHDRAW, 0},
        {"withdraw, purposes that are none", "{" SHOP "'action':'withdraw','purposes':null}", 0, CHOICE_WITHDRAW, 0},
        {"withdraw in another language", "{'site':'shop','notice':'@','lang':'de','surface':'api','action':'withdraw'}",
         0, CHOICE_WITHDRAW, 0},
        {"deny in part", "{" SHOP "'action':'deny','purposes':{'journeys':false}}", CHOICE_E_INVALID, 0, 0},
        {"custom", "{" SHOP "'action':'custom'," ANSWERS("true", "false", "false", "true") "}", 0, CHOICE_CUSTOM,
         A | S},
        {"custom of nothing", "{" SHOP "'action':'custom'," ANSWERS("false", "false", "false", "false") "}", 0,
         CHOICE_CUSTOM, 0},
        {"custom of everything", "{" SHOP "'action':'custom'," ANSWERS("true", "true", "true", "true") "}", 0,
         CHOICE_CUSTOM, ALL},
        {"custom that says nothing", "{" SHOP "'action':'custom'}", CHOICE_E_INVALID, 0, 0},
        {"a purpose is missing", "{" SHOP "'action':'custom','purposes':{'analytics':true}}", CHOICE_E_INVALID, 0, 0},
        {"no purpose at all", "{" SHOP "'action':'custom','purposes':{}}", CHOICE_E_INVALID, 0, 0},
        {"an unknown purpose",
         "{" SHOP
         "'action':'custom','purposes':{'analytics':true,'journeys':true,'marketing':true,'strict':true,'x':true}}",
         CHOICE_E_INVALID, 0, 0},
        {"an answer that is a word", "{" SHOP "'action':'custom'," ANSWERS("'yes'", "false", "false", "false") "}",
         CHOICE_E_INVALID, 0, 0},
        {"an answer that is a number", "{" SHOP "'action':'custom'," ANSWERS("1", "false", "false", "false") "}",
         CHOICE_E_INVALID, 0, 0},
        {"an answer that is null", "{" SHOP "'action':'custom'," ANSWERS("null", "false", "false", "false") "}",
         CHOICE_E_INVALID, 0, 0},
        {"answered twice",
         "{" SHOP "'action':'custom','purposes':{'analytics':true,'analytics':false,'journeys':true,'marketing':true,'"
         "strict':true}}",
         CHOICE_E_INVALID, 0, 0},
        {"answers in a list", "{" SHOP "'action':'custom','purposes':['analytics']}", CHOICE_E_INVALID, 0, 0},
        {"answers null", "{" SHOP "'action':'grant','purposes':null}", CHOICE_E_INVALID, 0, 0},
        {"implied", "{" SHOP "'action':'implied'}", 0, CHOICE_IMPLIED, ALL},
        {"implied, said", "{" SHOP "'action':'implied'," ANSWERS("true", "true", "true", "true") "}", 0, CHOICE_IMPLIED,
         ALL},
        {"implied, of less", "{" SHOP "'action':'implied'," ANSWERS("true", "false", "true", "true") "}",
         CHOICE_E_INVALID, 0, 0},
        {"gpc", "{" SHOP "'action':'gpc'}", 0, CHOICE_GPC, 0},
        {"gpc, said", "{" SHOP "'action':'gpc'," ANSWERS("false", "false", "false", "false") "}", 0, CHOICE_GPC, 0},
        {"gpc that grants", "{" SHOP "'action':'gpc'," ANSWERS("false", "false", "true", "false") "}", CHOICE_E_INVALID,
         0, 0},
        {"gpc under a notice of long ago", "{'site':'shop','notice':'0','surface':'api','action':'gpc'}", 0, CHOICE_GPC,
         0},
        {"renew", "{" SHOP "'action':'renew'," ANSWERS("true", "false", "true", "true") "}", 0, CHOICE_RENEW,
         A | M | S},
        {"renew that says nothing", "{" SHOP "'action':'renew'}", CHOICE_E_INVALID, 0, 0},
        {"renew in part", "{" SHOP "'action':'renew','purposes':{'journeys':true}}", CHOICE_E_INVALID, 0, 0},
        {"renew under a notice of long ago",
         "{'site':'shop','notice':'0','surface':'page','action':'renew'," ANSWERS("true", "false", "true", "true") "}",
         CHOICE_E_STALE_NOTICE, 0, 0},
        {"minor", "{" SHOP "'action':'minor'}", 0, CHOICE_MINOR, 0},
        {"minor that grants", "{" SHOP "'action':'minor'," ANSWERS("true", "true", "true", "true") "}",
         CHOICE_E_INVALID, 0, 0},
        {"minor under a notice of long ago", "{'site':'shop','notice':'0','surface':'page','action':'minor'}", 0,
         CHOICE_MINOR, 0},
        {"an action that is none", "{" SHOP "'action':'accept'}", CHOICE_E_INVALID, 0, 0},
        {"an action in capitals", "{" SHOP "'action':'GRANT'}", CHOICE_E_INVALID, 0, 0},
        {"no action", "{'site':'shop','notice':'@','surface':'banner'}", CHOICE_E_INVALID, 0, 0},
        {"no site", "{'notice':'@','surface':'banner','action':'grant'}", CHOICE_E_INVALID, 0, 0},
        {"no notice", "{'site':'shop','surface':'banner','action':'grant'}", CHOICE_E_INVALID, 0, 0},
        {"no surface", "{'site':'shop','notice':'@','action':'grant'}", CHOICE_E_INVALID, 0, 0},
        {"one key too many", "{" SHOP "'action':'grant','x':1}", CHOICE_E_INVALID, 0, 0},
        {"a key twice", "{" SHOP "'action':'deny','action':'grant'}", CHOICE_E_INVALID, 0, 0},
        {"an unknown site", "{'site':'mall','notice':'@','surface':'banner','action':'grant'}", CHOICE_E_UNKNOWN_SITE,
         0, 0},
        {"a site in capitals", "{'site':'Shop','notice':'@','surface':'banner','action':'grant'}",
         CHOICE_E_UNKNOWN_SITE, 0, 0},
        {"a site that is a number", "{'site':1,'notice':'@','surface':'banner','action':'grant'}", CHOICE_E_INVALID, 0,
         0},
        {"a surface that is none", "{'site':'shop','notice':'@','surface':'wall','action':'grant'}", CHOICE_E_INVALID,
         0, 0},
        {"the German notice", "{'site':'shop','notice':'#','surface':'page','action':'grant'}", 0, CHOICE_GRANT, ALL},
        {"the German notice, said", "{'site':'shop','notice':'#','lang':'de-AT','surface':'api','action':'grant'}", 0,
         CHOICE_GRANT, ALL},
        {"the English notice said to be German",
         "{'site':'shop','notice':'@','lang':'de','surface':'api','action':'grant'}", CHOICE_E_STALE_NOTICE, 0, 0},
        {"an empty language", "{" SHOP "'lang':'','action':'grant'}", 0, CHOICE_GRANT, ALL},
        {"a language that is not shown", "{" SHOP "'lang':'tlh','action':'grant'}", 0, CHOICE_GRANT, ALL},
        {"a language that is a number", "{" SHOP "'lang':1,'action':'grant'}", CHOICE_E_INVALID, 0, 0},
        {"the blog's notice", "{'site':'shop','notice':'~','surface':'banner','action':'grant'}", CHOICE_E_STALE_NOTICE,
         0, 0},
        {"an old notice",
         "{'site':'shop','notice':'0000000000000000000000000000000000000000000000000000000000000000','surface':'banner'"
         ","
         "'action':'grant'}",
         CHOICE_E_STALE_NOTICE, 0, 0},
        {"a notice that is no hash", "{'site':'shop','notice':'','surface':'banner','action':'grant'}",
         CHOICE_E_STALE_NOTICE, 0, 0},
        {"a NUL in a text", "{" SHOP "'action':'grant\\u0000'}", CHOICE_E_INVALID, 0, 0},
        {"nothing", "", CHOICE_E_INVALID, 0, 0},
        {"a list", "[]", CHOICE_E_INVALID, 0, 0},
        {"a text", "'grant'", CHOICE_E_INVALID, 0, 0},
        {"null", "null", CHOICE_E_INVALID, 0, 0},
        {"not JSON", "{" SHOP "'action':grant}", CHOICE_E_INVALID, 0, 0},
        {"cut off", "{" SHOP "'action':'grant'", CHOICE_E_INVALID, 0, 0},
        {"something behind", "{" SHOP "'action':'grant'}{}", CHOICE_E_INVALID, 0, 0},
        {"not UTF-8", "{" SHOP "'action':'grant','lang':'\xff'}", CHOICE_E_INVALID, 0, 0},
        {"white space around", " \r\n{" SHOP "'action':'grant'}\n", 0, CHOICE_GRANT, ALL},
    };
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO json = BUFFER_INIT(1 << 16);
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct choice choice = {.kind = (enum choice_kind)99, .site = NULL};

        expand(fixture->edition, rows[i].json, &json);
        check_equal(rows[i].name, choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), rows[i].r);
        check_equal(rows[i].name, complaint.size > 0, rows[i].r != 0);
        check_equal(rows[i].name, choice.kind, rows[i].r ? 99 : rows[i].kind);
        /* A site that is named is told, so that its pages may read what is wrong. */
        if (rows[i].r == CHOICE_E_INVALID)
            check(rows[i].name, !choice.site || choice.site == shop);
        else
            check(rows[i].name, choice.site == (rows[i].r == CHOICE_E_UNKNOWN_SITE ? NULL : shop));
        if (rows[i].r == 0)
            check_equal(rows[i].name, choice.granted, rows[i].granted);
    }
}

/* Purposes that are asked by themselves: PIPL articles 23, 29 and 39. Here marketing and strict are. */
static void test_parse_separate(void **state)
{
    static const struct {
        const char *name, *json;
        int r;
        uint32_t granted;
    } rows[] = {
        {"grant leaves them out", "{" SHOP "'action':'grant'}", 0, A | J},
        {"grant of one", "{" SHOP "'action':'grant','purposes':{'strict':true}}", 0, A | J | S},
        {"grant, one refused", "{" SHOP "'action':'grant','purposes':{'marketing':false}}", 0, A | J},
        {"grant, all said", "{" SHOP "'action':'grant'," ANSWERS("true", "true", "false", "true") "}", 0, A | J | S},
        {"grant of everything, said", "{" SHOP "'action':'grant'," ANSWERS("true", "true", "true", "true") "}", 0, ALL},
        {"grant that refuses another", "{" SHOP "'action':'grant'," ANSWERS("false", "true", "true", "true") "}",
         CHOICE_E_INVALID, 0},
        {"implied never covers them", "{" SHOP "'action':'implied'}", 0, A | J},
        {"implied, said so", "{" SHOP "'action':'implied'," ANSWERS("true", "true", "false", "false") "}", 0, A | J},
        {"implied that claims one", "{" SHOP "'action':'implied'," ANSWERS("true", "true", "true", "false") "}",
         CHOICE_E_INVALID, 0},
        {"custom of one alone", "{" SHOP "'action':'custom'," ANSWERS("false", "false", "false", "true") "}", 0, S},
        {"custom leaves nothing unsaid", "{" SHOP "'action':'custom','purposes':{'analytics':true,'journeys':true}}",
         CHOICE_E_INVALID, 0},
    };
    struct store_fixture *fixture = *state;
    struct site *shop = &fixture->config->sites[0];

    shop->purposes[2].separate = shop->purposes[3].separate = true;
    assert_int_equal(choice_together(shop), A | J);
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO json = BUFFER_INIT(1 << 16);
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct choice choice = {.granted = 99};

        expand(fixture->edition, rows[i].json, &json);
        check_equal(rows[i].name, choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), rows[i].r);
        if (rows[i].r == 0)
            check_equal(rows[i].name, choice.granted, rows[i].granted);
    }
}

/* What a browser may choose where it is, and what its choice becomes. */
static void test_admit(void **state)
{
    static struct country_regime us = {"US", "", REGIME_OPT_OUT};
    static const struct {
        const char *name;
        enum choice_kind kind;
        uint32_t granted;
        const char *country;
        bool gpc, no_gpc;
        enum choice_kind before;
        int r;
        enum choice_kind becomes;
        bool signal;
    } rows[] = {
        {"grant", CHOICE_GRANT, ALL, "DE", 0, 0, 0, 0, CHOICE_GRANT, false},
        {"grant under the signal", CHOICE_GRANT, ALL, "DE", 1, 0, 0, 0, CHOICE_GRANT, true},
        {"grant after the signal was recorded", CHOICE_GRANT, ALL, "DE", 0, 0, CHOICE_GPC, 0, CHOICE_GRANT, true},
        {"the same, the signal is off now", CHOICE_GRANT, ALL, "DE", 0, 1, CHOICE_GPC, 0, CHOICE_GRANT, false},
        {"implied, opt_in", CHOICE_IMPLIED, ALL, "DE", 0, 0, 0, CHOICE_E_INVALID, 0, false},
        {"implied, nowhere", CHOICE_IMPLIED, ALL, "", 0, 0, 0, CHOICE_E_INVALID, 0, false},
        {"implied, opt_out", CHOICE_IMPLIED, ALL, "US", 0, 0, 0, 0, CHOICE_IMPLIED, false},
        {"implied under the signal", CHOICE_IMPLIED, ALL, "US", 1, 0, 0, CHOICE_E_INVALID, 0, false},
        {"implied after the signal", CHOICE_IMPLIED, ALL, "US", 0, 0, CHOICE_GPC, CHOICE_E_INVALID, 0, false},
        {"implied by a child", CHOICE_IMPLIED, ALL, "US", 0, 0, CHOICE_MINOR, 0, CHOICE_MINOR, false},
        {"gpc with the field", CHOICE_GPC, 0, "DE", 1, 0, 0, 0, CHOICE_GPC, true},
        {"gpc by the script's word", CHOICE_GPC, 0, "DE", 0, 0, 0, 0, CHOICE_GPC, true},
        {"gpc, but the field says no", CHOICE_GPC, 0, "DE", 0, 1, 0, CHOICE_E_INVALID, 0, false},
        {"minor", CHOICE_MINOR, 0, "DE", 0, 0, 0, 0, CHOICE_MINOR, false},
        {"grant by a child", CHOICE_GRANT, ALL, "DE", 0, 0, CHOICE_MINOR, 0, CHOICE_MINOR, false},
        {"custom by a child", CHOICE_CUSTOM, A, "US", 0, 0, CHOICE_MINOR, 0, CHOICE_MINOR, false},
        {"withdrawal by a child", CHOICE_WITHDRAW, 0, "DE", 0, 0, CHOICE_MINOR, 0, CHOICE_MINOR, false},
        {"grant after a refusal", CHOICE_GRANT, ALL, "DE", 0, 0, CHOICE_DENY, 0, CHOICE_GRANT, false},
    };
    struct store_fixture *fixture = *state;
    struct site *shop = &fixture->config->sites[0];

    shop->regimes = &us;
    shop->n_regimes = 1;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct choice choice = {.site = shop, .kind = rows[i].kind, .granted = rows[i].granted};
        struct choice_context context = {.gpc = rows[i].gpc, .no_gpc = rows[i].no_gpc, .before = rows[i].before};

        memcpy(context.place.country, rows[i].country, strlen(rows[i].country));
        check_equal(rows[i].name, choice_admit(&choice, &context, &complaint), rows[i].r);
        check_equal(rows[i].name, complaint.size > 0, rows[i].r != 0);
        if (rows[i].r)
            continue;
        check_equal(rows[i].name, choice.kind, rows[i].becomes);
        check_equal(rows[i].name, choice.granted, rows[i].becomes == CHOICE_MINOR ? 0 : rows[i].granted);
        check_equal(rows[i].name, context.gpc, rows[i].signal);
    }
    shop->regimes = NULL;
    shop->n_regimes = 0;
}

static void test_parse_takes_what_was_shown(void **state)
{
    struct store_fixture *fixture = *state;
    BUFFER_AUTO json = BUFFER_INIT(1 << 16);
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice;

    expand(fixture->edition, "{'site':'shop','notice':'#','surface':'dialog','action':'grant'}", &json);
    assert_int_equal(choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), 0);
    assert_string_equal(choice.notice->lang, "de");
    assert_int_equal(choice.surface, SURFACE_DIALOG);
}

static void test_parse_bounds(void **state)
{
    struct store_fixture *fixture = *state;
    BUFFER_AUTO json = BUFFER_INIT(1 << 16);
    BUFFER_AUTO complaint = BUFFER_INIT(1024);
    struct choice choice;

    expand(fixture->edition, "{" SHOP "'action':'grant'}", &json);
    while (json.size < CONSENT_BODY_BYTES_MAX)
        buffer_put_u8(&json, ' ');
    assert_int_equal(choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), 0);
    buffer_put_u8(&json, ' ');
    assert_int_equal(choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), CHOICE_E_INVALID);
    assert_text(buffer_text(&complaint), "the body is too large");

    /* Brackets all the way down. */
    buffer_clear(&json);
    buffer_clear(&complaint);
    while (json.size < CONSENT_BODY_BYTES_MAX)
        buffer_put_u8(&json, '[');
    assert_int_equal(choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint), CHOICE_E_INVALID);
    assert_int_equal(choice_parse(TEXT_NONE, fixture->edition, &choice, &complaint), CHOICE_E_INVALID);
}

static long n_until_failure = -1;

static void *failing_malloc(size_t size)
{
    return n_until_failure >= 0 && n_until_failure-- == 0 ? NULL : malloc(size);
}

/*
 * jansson may lose a byte of a text where there is no memory for it.  Whatever
 * it makes of the body: a choice that is taken is the one that was made.
 */
static void test_parse_without_memory(void **state)
{
    struct store_fixture *fixture = *state;
    BUFFER_AUTO json = BUFFER_INIT(1 << 16);
    bool passed = false;
    unsigned n_told = 0;

    expand(fixture->edition, "{" SHOP "'action':'custom'," ANSWERS("true", "false", "false", "true") "}", &json);
    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !passed; n++) {
        BUFFER_AUTO complaint = BUFFER_INIT(1024);
        struct choice choice;

        n_until_failure = n;
        int r = choice_parse(buffer_text(&json), fixture->edition, &choice, &complaint);
        passed = n_until_failure >= 0;
        n_until_failure = -1;
        if (r == 0)
            assert_true(choice.kind == CHOICE_CUSTOM && choice.granted == (A | S) && choice.surface == SURFACE_BANNER);
        else
            assert_true(r == -ENOMEM || r == CHOICE_E_INVALID || r == CHOICE_E_STALE_NOTICE);
        n_told += r == -ENOMEM;
    }
    json_set_alloc_funcs(malloc, free);
    assert_in_range(n_told, 10, 1000);
}

/* ---- recording ---- */

/* What a browser does, one step after another. */
static struct choice choice_of(struct store_fixture *fixture, enum choice_kind kind, uint32_t granted)
{
    const struct site *shop = store_fixture_site(fixture, "shop");

    return (struct choice){.site = shop,
                           .notice = edition_notice(fixture->edition, shop, TEXT("en")),
                           .kind = kind,
                           .surface = SURFACE_BANNER,
                           .granted = granted};
}

static struct choice_context context_of(struct store_fixture *fixture, const uint8_t *known, int64_t at_ms)
{
    struct choice_context context = {.at_ms = at_ms, .known = known != NULL};

    if (known)
        memcpy(context.visitor, known, VISITOR_BYTES);
    random_fill(&fixture->random.super, context.fresh, sizeof context.fresh);
    random_fill(&fixture->random.super, context.record_id, sizeof context.record_id);
    return context;
}

static struct choice_result record(struct store_fixture *fixture, const struct choice *choice,
                                   const struct choice_context *context)
{
    struct choice_result result;
    struct batch batch;

    assert_int_equal(batch_begin(fixture->db, &batch), 0);
    assert_int_equal(choice_record(&batch, choice, fixture->edition, context, &result), 0);
    assert_int_equal(batch_commit(&batch), 0);
    return result;
}

static struct choice_result choose(struct store_fixture *fixture, enum choice_kind kind, uint32_t granted,
                                   const uint8_t *known, int64_t at_ms)
{
    struct choice choice = choice_of(fixture, kind, granted);
    struct choice_context context = context_of(fixture, known, at_ms);

    return record(fixture, &choice, &context);
}

/* The row of a visitor; false: there is none. */
static bool find(struct store_fixture *fixture, const uint8_t *id, struct visitor *ret_visitor)
{
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    int r = visitor_get(txn, store_fixture_site(fixture, "shop")->id, id, ret_visitor);
    assert_true(r == 0 || r == DB_E_NOT_FOUND);
    return r == 0;
}

static uint64_t n_rows(struct store_fixture *fixture, enum db_table table)
{
    DB_TXN_AUTO *txn = NULL;
    struct chain_break where;
    uint64_t n = 0;

    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(db_entries(txn, table, &n), 0);
    assert_int_equal(ledger_verify(txn, NULL, NULL, &where), 0);
    return n;
}

static void test_grant(void **state)
{
    struct store_fixture *fixture = *state;
    const struct site *shop = store_fixture_site(fixture, "shop");
    struct choice choice = choice_of(fixture, CHOICE_GRANT, ALL);
    struct choice_context context = context_of(fixture, NULL, NOW);
    struct visitor visitor;

    context.gpc = true;
    struct choice_result result = record(fixture, &choice, &context);
    assert_true(result.keeps_id && !result.keeps_choice);
    assert_int_equal(result.granted, ALL);
    assert_memory_equal(result.visitor, context.fresh, VISITOR_BYTES);
    assert_true(find(fixture, result.visitor, &visitor));
    assert_int_equal(visitor.choice, CHOICE_GRANT);
    assert_true(visitor.gpc_at_choice && !visitor.restricted && !visitor.minor);
    assert_true(visitor.at_ms == NOW && visitor.since_ms == NOW);
    assert_true(visitor.consent == result.record.sequence && visitor.number == 1);
    assert_int_equal(visitor.n_granted, 4);
    for (unsigned i = 0; i < 4; i++)
        assert_true(visitor.granted[i] == shop->purposes[i].material);

    /* What was asked and what was answered, under the notice that was shown. */
    struct ledger_record found;
    DB_TXN_AUTO *txn = NULL;
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(ledger_find(txn, context.record_id, &found), 0);
    assert_int_equal(found.sequence, result.record.sequence);
    assert_true(found.at_ms == NOW && found.kind == CHOICE_GRANT && found.surface == SURFACE_BANNER);
    assert_true(found.regime == REGIME_OPT_IN && found.signals == LEDGER_SIGNAL_GPC);
    assert_text(found.site, "shop");
    assert_text(found.lang, "en");
    assert_memory_equal(found.notice, choice.notice->hash, HASH_BYTES);
    assert_memory_equal(found.material, edition_notices(fixture->edition, shop)->material, HASH_BYTES);
    assert_memory_equal(found.visitor, context.fresh, VISITOR_BYTES);
    assert_int_equal(found.n_answers, 4);
    for (unsigned i = 0; i < 4; i++) {
        assert_text(found.answers[i].purpose, shop->purposes[i].name);
        assert_true(found.answers[i].granted);
    }
}

static void test_custom(void **state)
{
    static const struct {
        const char *name;
        uint32_t granted;
        bool keeps_id; /* only where something collects */
        unsigned n_granted;
    } rows[] = {{"analytics", A, true, 1},
                {"journeys and marketing", J | M, true, 2},
                {"marketing collects nothing", M, false, 0},
                {"nothing", 0, false, 0}};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct choice_result result = choose(fixture, CHOICE_CUSTOM, rows[i].granted, NULL, NOW);
        struct visitor visitor = {.n_granted = 0};

        check_equal(rows[i].name, result.keeps_id, rows[i].keeps_id);
        check_equal(rows[i].name, find(fixture, result.visitor, &visitor), rows[i].keeps_id);
        check_equal(rows[i].name, visitor.n_granted, rows[i].n_granted);
        check_equal(rows[i].name, ledger_has_visitor(&result.record), rows[i].keeps_id);
        check_equal(rows[i].name, result.granted, rows[i].granted);
        for (unsigned p = 0; p < 4; p++)
            check_equal(rows[i].name, result.record.answers[p].granted, rows[i].granted >> p & 1);
    }
    assert_int_equal(n_rows(fixture, DB_LEDGER), N_ROWS(rows));
}

/* Whoever refuses without being known stays unknown: no id, no row, and none in the record. */
static void test_refusal_by_a_stranger(void **state)
{
    static const enum choice_kind kinds[] = {CHOICE_DENY, CHOICE_DISMISS, CHOICE_WITHDRAW};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(kinds); i++) {
        struct choice_result result = choose(fixture, kinds[i], 0, NULL, NOW);

        assert_false(result.keeps_id || result.keeps_choice || result.ended);
        assert_false(ledger_has_visitor(&result.record));
        assert_int_equal(n_rows(fixture, DB_LEDGER), i + 1);
        assert_int_equal(n_rows(fixture, DB_VISITORS), 0);
    }
}

/* Whoever was known and refuses is forgotten, and the record proves whose wish it was. */
static void test_refusal_by_a_visitor(void **state)
{
    static const enum choice_kind kinds[] = {CHOICE_DENY, CHOICE_WITHDRAW, CHOICE_CUSTOM, CHOICE_MINOR, CHOICE_RENEW};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(kinds); i++) {
        struct choice_result grant = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
        struct choice_result result = choose(fixture, kinds[i], 0, grant.visitor, NOW + 5);
        struct visitor visitor;

        assert_false(result.keeps_id || result.keeps_choice);
        assert_true(result.ended);
        assert_memory_equal(result.record.visitor, grant.visitor, VISITOR_BYTES);
        assert_false(find(fixture, grant.visitor, &visitor));
        assert_int_equal(n_rows(fixture, DB_VISITORS), 0);
    }
}

/* A dialog that was opened and closed again changes nothing. */
static void test_dismiss_keeps(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result grant = choose(fixture, CHOICE_CUSTOM, A, NULL, NOW);
    struct choice_result result = choose(fixture, CHOICE_DISMISS, 0, grant.visitor, NOW + 5);
    struct visitor visitor;

    assert_true(result.keeps_id && result.keeps_choice && !result.ended);
    assert_memory_equal(result.visitor, grant.visitor, VISITOR_BYTES);
    assert_true(find(fixture, grant.visitor, &visitor));
    assert_int_equal(visitor.choice, CHOICE_CUSTOM);
    assert_int_equal(visitor.consent, grant.record.sequence); /* still the record that allows it */
    assert_int_equal(visitor.at_ms, NOW);
    assert_int_equal(n_rows(fixture, DB_LEDGER), 2); /* that it was closed is on record */
}

/* Whether a signal or silence is recorded, by what crumb_choice says and by what the row is. */
static void test_what_stands(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind before, row, kind;
        bool stands;
    } rows[] = {
        {"gpc, nothing before", 0, 0, CHOICE_GPC, false},
        {"gpc, a closed dialog before", CHOICE_DISMISS, 0, CHOICE_GPC, false},
        {"gpc again", CHOICE_GPC, 0, CHOICE_GPC, true},
        {"gpc after an implied choice", CHOICE_IMPLIED, CHOICE_IMPLIED, CHOICE_GPC, false},
        {"gpc after a refusal", CHOICE_DENY, 0, CHOICE_GPC, true},
        {"gpc after a withdrawal", CHOICE_WITHDRAW, 0, CHOICE_GPC, true},
        {"gpc after a grant", CHOICE_GRANT, CHOICE_GRANT, CHOICE_GPC, false},
        {"gpc after a grant, the cookie is gone", 0, CHOICE_GRANT, CHOICE_GPC, false},
        {"gpc after a renewal", CHOICE_RENEW, CHOICE_RENEW, CHOICE_GPC, false},
        {"implied, nothing before", 0, 0, CHOICE_IMPLIED, false},
        {"implied after a closed dialog", CHOICE_DISMISS, 0, CHOICE_IMPLIED, false},
        {"implied after a refusal", CHOICE_DENY, 0, CHOICE_IMPLIED, true},
        {"implied after a choice in part", CHOICE_CUSTOM, CHOICE_CUSTOM, CHOICE_IMPLIED, true},
        {"implied again", CHOICE_IMPLIED, CHOICE_IMPLIED, CHOICE_IMPLIED, false},
        {"a grant always counts", CHOICE_DENY, 0, CHOICE_GRANT, false},
        {"a refusal always counts", CHOICE_GRANT, CHOICE_GRANT, CHOICE_DENY, false},
    };
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        bool row = rows[i].row != 0;
        struct choice_result before = {.stands = false};
        if (row)
            before = choose(fixture, rows[i].row, A, NULL, NOW);
        uint64_t n_records = n_rows(fixture, DB_LEDGER);
        uint32_t granted = rows[i].kind == CHOICE_GPC || rows[i].kind == CHOICE_DENY ? 0 : ALL;
        struct choice choice = choice_of(fixture, rows[i].kind, granted);
        struct choice_context context = context_of(fixture, row ? before.visitor : NULL, NOW + 1);
        struct visitor visitor;

        context.before = rows[i].before;
        struct choice_result result = record(fixture, &choice, &context);
        check_equal(rows[i].name, result.stands, rows[i].stands);
        check_equal(rows[i].name, n_rows(fixture, DB_LEDGER), n_records + !rows[i].stands);
        if (rows[i].stands)
            check(rows[i].name, result.keeps_choice && result.keeps_id == row);
        if (row && (rows[i].stands || granted))
            check(rows[i].name, find(fixture, before.visitor, &visitor));
        if (row && !rows[i].stands && !granted)
            check(rows[i].name, !find(fixture, before.visitor, &visitor));
    }
}

/* Where the request came from and what the law asks there is in the record and in the row. */
static void test_place(void **state)
{
    static struct country_regime us = {"US", "CA", REGIME_NOTICE_ONLY};
    struct store_fixture *fixture = *state;
    struct site *shop = &fixture->config->sites[0];
    struct choice choice = choice_of(fixture, CHOICE_IMPLIED, ALL);
    struct choice_context context = context_of(fixture, NULL, NOW);
    struct visitor visitor;

    shop->regimes = &us;
    shop->n_regimes = 1;
    context.place = (struct place){.country = "US", .region = "CA"};
    context.device = DEVICE_PHONE;
    struct choice_result result = record(fixture, &choice, &context);
    shop->regimes = NULL;
    shop->n_regimes = 0;
    assert_true(result.record.regime == REGIME_NOTICE_ONLY && result.record.device == DEVICE_PHONE);
    assert_string_equal(result.record.country, "US");
    assert_true(find(fixture, result.visitor, &visitor));
    assert_int_equal(visitor.regime, REGIME_NOTICE_ONLY);
    assert_string_equal(visitor.country, "US");
    /* Where the law wants an answer, silence elsewhere is none; where it does not, it lasts. */
    assert_int_equal(visitor_allowed(&visitor, shop, &(struct place){"", ""}, false, NOW + 1).classes, 0);
    shop->regime = REGIME_OPT_OUT;
    assert_int_equal(visitor_allowed(&visitor, shop, &(struct place){"", ""}, false, NOW + 1).classes, CLASS_ALL);
    shop->regime = REGIME_OPT_IN;
}

/* A refusal that is closed over stays a refusal, as long as it answers what is asked now. */
static void test_dismiss_keeps_a_refusal(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice choice = choice_of(fixture, CHOICE_DISMISS, 0);

    for (unsigned current = 0; current < 2; current++) {
        struct choice_context context = context_of(fixture, NULL, NOW);

        context.before = CHOICE_DENY;
        context.before_is_current = current;
        struct choice_result result = record(fixture, &choice, &context);
        assert_false(result.stands || result.keeps_id);
        assert_int_equal(result.keeps_choice, current);
    }
    assert_int_equal(n_rows(fixture, DB_LEDGER), 2);
}

/*
 * A browser that brings two ids means none of them: whatever it chooses ends both, and what it grants is a third's.
 * What a dialog that was closed ends is not erased, so both rest.
 */
static void test_two_ids(void **state)
{
    static const struct {
        enum choice_kind kind;
        uint32_t granted;
    } rows[] = {{CHOICE_WITHDRAW, 0}, {CHOICE_DENY, 0}, {CHOICE_DISMISS, 0}, {CHOICE_CUSTOM, J}, {CHOICE_GRANT, ALL}};
    struct store_fixture *fixture = *state;

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct choice_result one = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
        struct choice_result two = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
        struct choice choice = choice_of(fixture, rows[i].kind, rows[i].granted);
        struct choice_context context = context_of(fixture, NULL, NOW + 1);
        struct visitor visitor;

        context.others = (struct cookie_ids){.n = 2};
        memcpy(context.others.visitors[0], one.visitor, VISITOR_BYTES);
        memcpy(context.others.visitors[1], two.visitor, VISITOR_BYTES);
        struct choice_result result = record(fixture, &choice, &context);
        bool rests = rows[i].kind == CHOICE_DISMISS;
        assert_int_equal(result.rests, rests);
        assert_int_equal(find(fixture, one.visitor, &visitor), rests);
        assert_int_equal(find(fixture, two.visitor, &visitor), rests);
        assert_true(!rests || visitor.n_granted == 0);
        assert_int_equal(result.keeps_id, rows[i].granted != 0);
        assert_true(result.ended);
        assert_int_equal(n_rows(fixture, DB_VISITORS), rests ? 2 : result.keeps_id);
        assert_memory_equal(result.record.visitor, result.keeps_id ? context.fresh : one.visitor, VISITOR_BYTES);
        if (result.keeps_id)
            choose(fixture, CHOICE_WITHDRAW, 0, result.visitor, NOW + 2);
        if (rests)
            choose(fixture, CHOICE_WITHDRAW, 0, one.visitor, NOW + 2);
        if (rests)
            choose(fixture, CHOICE_WITHDRAW, 0, two.visitor, NOW + 2);
    }
}

/*
 * Where the site keeps what it has, a refusal leaves the row, which grants
 * nothing and leads to it, for as long as that is there: GDPR art. 15 to 18.
 */
static void test_rests(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind kind;
        bool erase; /* asked for */
        bool rests;
    } rows[] = {
        {"withdraw", CHOICE_WITHDRAW, false, true}, {"deny", CHOICE_DENY, false, true},
        {"the signal", CHOICE_GPC, false, true},    {"nothing that collects", CHOICE_CUSTOM, false, true},
        {"a child", CHOICE_MINOR, false, false},    {"an erasure", CHOICE_WITHDRAW, true, false},
    };
    struct store_fixture *fixture = *state;
    struct site *shop = &fixture->config->sites[0];

    shop->on_withdraw = WITHDRAW_KEEP;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct choice_result granted = choose(fixture, CHOICE_IMPLIED, ALL, NULL, NOW - DAY);
        struct choice choice = choice_of(fixture, rows[i].kind, rows[i].kind == CHOICE_CUSTOM ? M : 0);
        struct choice_context context = context_of(fixture, granted.visitor, NOW);
        struct visitor visitor = {.n_granted = 1};

        context.erase = rows[i].erase;
        context.gpc = rows[i].kind == CHOICE_GPC;
        struct choice_result result = record(fixture, &choice, &context);
        check_equal(rows[i].name, result.rests, rows[i].rests);
        check(rows[i].name, !result.keeps_id && result.ended && result.n_losses == 1);
        check_equal(rows[i].name, find(fixture, granted.visitor, &visitor), rows[i].rests);
        if (!rows[i].rests)
            continue;
        check_equal(rows[i].name, visitor.n_granted, 0);
        check_equal(rows[i].name, visitor.choice, rows[i].kind);
        check_equal(rows[i].name, visitor.consent, result.record.sequence);
        check(rows[i].name, !visitor_is_live(&visitor, shop, NOW));
        check_equal(rows[i].name, result.until_ms, NOW - DAY + shop->retention.visitor_ms);

        /* Refusing again ends nothing more, and makes nothing last longer. */
        choice = choice_of(fixture, CHOICE_DENY, 0);
        context = context_of(fixture, granted.visitor, NOW + DAY);
        result = record(fixture, &choice, &context);
        check(rows[i].name, result.rests && !result.ended);
        check(rows[i].name, find(fixture, granted.visitor, &visitor));
        check_equal(rows[i].name, visitor.at_ms, NOW);
        check_equal(rows[i].name, visitor.consent, result.record.sequence);

        /* A grant takes the id up again, and its time goes on. */
        struct choice_result again = choose(fixture, CHOICE_GRANT, ALL, granted.visitor, NOW + 2 * DAY);
        check(rows[i].name, again.keeps_id && memcmp(again.visitor, granted.visitor, VISITOR_BYTES) == 0);
        check_equal(rows[i].name, again.until_ms, NOW - DAY + shop->retention.visitor_ms);
        check(rows[i].name, find(fixture, granted.visitor, &visitor) && visitor.n_granted == 4);
    }
    shop->on_withdraw = WITHDRAW_ERASE;
}

/* What a closed dialog leaves in place, by the row and by what crumb_choice says. */
static void test_dismiss(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind row; /* 0: there is none */
        bool stale;
        int64_t age_ms;
        enum choice_kind before;
        uint32_t before_granted;
        bool before_is_current, keeps_choice, keeps_id;
    } rows[] = {
        {"a stranger", 0, 0, 0, 0, 0, 0, false, false},
        {"a grant", CHOICE_GRANT, 0, 1, CHOICE_GRANT, ALL, 1, true, true},
        {"a grant, crumb_choice is gone", CHOICE_GRANT, 0, 1, 0, 0, 0, true, true},
        {"a grant, another purpose is new", CHOICE_GRANT, 0, 1, CHOICE_GRANT, ALL, 0, true, true},
        {"a grant that is stale", CHOICE_GRANT, 1, 1, CHOICE_GRANT, ALL, 0, false, false},
        {"a grant that is stale, crumb_choice is gone", CHOICE_GRANT, 1, 1, 0, 0, 0, false, false},
        {"a grant that has expired", CHOICE_GRANT, 0, 180 * DAY, 0, 0, 0, false, false},
        {"a grant whose row is gone", 0, 0, 0, CHOICE_GRANT, ALL, 1, false, false},
        {"a grant of what collects nothing", 0, 0, 0, CHOICE_CUSTOM, M, 1, true, false},
        {"the same, stale", 0, 0, 0, CHOICE_CUSTOM, M, 0, false, false},
        {"the same, implied where visitors have to be asked", 0, 0, 0, CHOICE_IMPLIED, M, 1, false, false},
        {"a refusal", 0, 0, 0, CHOICE_DENY, 0, 1, true, false},
        {"the signal", 0, 0, 0, CHOICE_GPC, 0, 1, true, false},
        {"put off before", 0, 0, 0, CHOICE_DISMISS, 0, 1, true, false},
        {"put off before, stale", 0, 0, 0, CHOICE_DISMISS, 0, 0, false, false},
    };
    struct store_fixture *fixture = *state;
    struct site *shop = &fixture->config->sites[0];
    struct choice choice = choice_of(fixture, CHOICE_DISMISS, 0);

    for (size_t i = 0; i < N_ROWS(rows); i++) {
        bool row = rows[i].row != 0;
        struct choice_result old = {.stands = false};
        struct visitor visitor;

        if (row)
            old = choose(fixture, rows[i].row, ALL, NULL, NOW);
        struct choice_context context = context_of(fixture, row ? old.visitor : NULL, NOW + rows[i].age_ms);
        context.before = rows[i].before;
        context.before_granted = rows[i].before_granted;
        context.before_is_current = rows[i].before_is_current;
        uint64_t material = shop->purposes[1].material;
        if (rows[i].stale)
            shop->purposes[1].material++;
        struct choice_result result = record(fixture, &choice, &context);
        shop->purposes[1].material = material;
        check_equal(rows[i].name, result.keeps_choice, rows[i].keeps_choice);
        check_equal(rows[i].name, result.keeps_id, rows[i].keeps_id);
        if (row) {
            check(rows[i].name, find(fixture, old.visitor, &visitor));
            check_equal(rows[i].name, visitor.n_granted != 0, rows[i].keeps_id);
        }
    }
}

/* Where no record can be written, what takes consent back still does, and nothing else is done. */
static void test_damaged_head(void **state)
{
    static const struct {
        const char *name;
        enum choice_kind kind;
        uint32_t granted;
        int r;
    } rows[] = {
        {"withdrawal", CHOICE_WITHDRAW, 0, 0},
        {"refusal", CHOICE_DENY, 0, 0},
        {"a child", CHOICE_MINOR, 0, 0},
        {"a choice of less", CHOICE_CUSTOM, A, 0},
        {"the same again", CHOICE_GRANT, ALL, -EBADMSG},
        {"a dialog closed", CHOICE_DISMISS, 0, -EBADMSG},
    };
    struct store_fixture *fixture = *state;
    struct choice_result grants[N_ROWS(rows)];
    DB_TXN_AUTO *txn = NULL;

    for (size_t i = 0; i < N_ROWS(rows); i++)
        grants[i] = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    store_fixture_damage(txn, DB_META, TEXT("ledger"), 3);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        struct choice choice = choice_of(fixture, rows[i].kind, rows[i].granted);
        struct choice_context context = context_of(fixture, grants[i].visitor, NOW + 1);
        struct choice_result result = {.unrecorded = false};
        struct visitor visitor;
        struct batch batch;

        assert_int_equal(batch_begin(fixture->db, &batch), 0);
        check_equal(rows[i].name, choice_record(&batch, &choice, fixture->edition, &context, &result), rows[i].r);
        assert_int_equal(rows[i].r ? (batch_abort(&batch), 0) : batch_commit(&batch), 0);
        check_equal(rows[i].name, result.unrecorded, rows[i].r == 0);
        check(rows[i].name, !result.keeps_id);
        check_equal(rows[i].name, find(fixture, grants[i].visitor, &visitor), rows[i].r != 0);
    }
}

static void test_granting_again(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result first = choose(fixture, CHOICE_CUSTOM, A, NULL, NOW);
    struct choice_result second = choose(fixture, CHOICE_GRANT, ALL, first.visitor, NOW + 100 * DAY);
    struct visitor visitor;

    assert_true(second.keeps_id);
    assert_memory_equal(second.visitor, first.visitor, VISITOR_BYTES);
    assert_true(find(fixture, first.visitor, &visitor));
    assert_int_equal(visitor.choice, CHOICE_GRANT);
    assert_int_equal(visitor.n_granted, 4);
    assert_true(visitor.since_ms == NOW && visitor.at_ms == NOW + 100 * DAY);
    assert_int_equal(visitor.number, 1);
    assert_int_equal(visitor.consent, second.record.sequence);
    assert_int_equal(n_rows(fixture, DB_VISITORS), 1);
}

/* Rights that were used outlast a new choice. */
static void test_flags_stay(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result first = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
    uint32_t shop = store_fixture_site(fixture, "shop")->id;
    struct visitor visitor;
    DB_TXN_AUTO *txn = NULL;

    assert_true(find(fixture, first.visitor, &visitor));
    visitor.restricted = visitor.minor = true;
    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    assert_int_equal(visitor_put(txn, shop, first.visitor, &visitor), 0);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    choose(fixture, CHOICE_CUSTOM, A, first.visitor, NOW + 1);
    assert_true(find(fixture, first.visitor, &visitor));
    assert_true(visitor.restricted && visitor.minor);
}

/* An id whose owner withdrew, or that is too old, or that no row knows, does not come back to life. */
static void test_dead_ids_stay_dead(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result first = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
    struct visitor visitor;

    choose(fixture, CHOICE_WITHDRAW, 0, first.visitor, NOW + 1);
    struct choice_result again = choose(fixture, CHOICE_GRANT, ALL, first.visitor, NOW + 2);
    assert_memory_not_equal(again.visitor, first.visitor, VISITOR_BYTES);
    assert_memory_equal(again.record.visitor, again.visitor, VISITOR_BYTES);
    assert_false(find(fixture, first.visitor, &visitor));
    assert_true(find(fixture, again.visitor, &visitor));
    assert_int_equal(visitor.number, 2); /* a number is somebody's for ever */

    /* 390 days to the millisecond. */
    struct choice_result alive = choose(fixture, CHOICE_GRANT, ALL, again.visitor, NOW + 2 + 390 * DAY - 1);
    assert_memory_equal(alive.visitor, again.visitor, VISITOR_BYTES);
    struct choice_result expired = choose(fixture, CHOICE_GRANT, ALL, again.visitor, NOW + 2 + 390 * DAY);
    assert_memory_not_equal(expired.visitor, again.visitor, VISITOR_BYTES);
    assert_true(find(fixture, expired.visitor, &visitor));
    struct visitor old;
    assert_false(find(fixture, again.visitor, &old)); /* the row of the id that expired is gone */
    assert_int_equal(visitor.since_ms, NOW + 2 + 390 * DAY);

    struct choice_result unknown = choose(fixture, CHOICE_GRANT, ALL, (const uint8_t *)"nobody-knows-me!", NOW);
    assert_memory_not_equal(unknown.visitor, "nobody-knows-me!", VISITOR_BYTES);
    struct choice_result closed = choose(fixture, CHOICE_DISMISS, 0, (const uint8_t *)"nobody-knows-me!", NOW);
    assert_false(closed.keeps_id || closed.keeps_choice);
}

/* A row that cannot be read: nobody's consent, and gone with the next choice. */
static void test_damaged_row(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result first = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
    struct key key = key_visitor(store_fixture_site(fixture, "shop")->id, first.visitor);
    struct text value;
    DB_TXN_AUTO *txn = NULL;

    assert_int_equal(db_begin_write(fixture->db, &txn), 0);
    store_fixture_damage(txn, DB_VISITORS, key_text(&key), 3);
    assert_int_equal(db_commit(txn), 0);
    txn = NULL;
    struct choice_result again = choose(fixture, CHOICE_GRANT, ALL, first.visitor, NOW + 1);
    assert_memory_not_equal(again.visitor, first.visitor, VISITOR_BYTES);
    assert_int_equal(db_begin_read(fixture->db, &txn), 0);
    assert_int_equal(db_get(txn, DB_VISITORS, key_text(&key), &value), DB_E_NOT_FOUND);
}

/* ---- receipts ---- */

static void test_receipt(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result result = choose(fixture, CHOICE_CUSTOM, A | M, NULL, NOW + 7);
    const struct notice *notice = edition_notice(fixture->edition, store_fixture_site(fixture, "shop"), TEXT("en"));
    json_t *receipt = receipt_json(&result.record);
    const char *id, *time, *site, *action, *surface, *regime, *device, *lang, *hash, *shown;
    int gpc, analytics, journeys, marketing, strict;

    assert_int_equal(
        json_unpack(receipt, "{s:s, s:s, s:s, s:s, s:s, s:s, s:n, s:s, s:s, s:s, s:s, s:b, s:{s:b, s:b, s:b, s:b !} !}",
                    "id", &id, "time", &time, "site", &site, "action", &action, "surface", &surface, "regime", &regime,
                    "country", "device", &device, "lang", &lang, "notice", &shown, "hash", &hash, "gpc", &gpc,
                    "purposes", "analytics", &analytics, "journeys", &journeys, "marketing", &marketing, "strict",
                    &strict),
        0);
    assert_int_equal(strlen(id), 32);
    assert_int_equal(strlen(hash), 64);
    assert_string_equal(time, "2026-03-02T09:30:00.007Z");
    assert_string_equal(site, "shop");
    assert_string_equal(action, "custom");
    assert_string_equal(surface, "banner");
    assert_string_equal(regime, "opt_in");
    assert_string_equal(device, "unknown");
    assert_string_equal(lang, "en");
    assert_string_equal(shown, notice->hex);
    assert_true(!gpc && analytics && !journeys && marketing && !strict);
    json_decref(receipt);
}

/* A receipt is whole or none. */
static void test_receipt_without_memory(void **state)
{
    struct store_fixture *fixture = *state;
    struct choice_result result = choose(fixture, CHOICE_GRANT, ALL, NULL, NOW);
    json_t *whole = receipt_json(&result.record);
    bool passed = false;

    json_set_alloc_funcs(failing_malloc, free);
    for (long n = 0; !passed; n++) {
        n_until_failure = n;
        json_t *receipt = receipt_json(&result.record);
        passed = n_until_failure >= 0;
        n_until_failure = -1;
        assert_true(!receipt || json_equal(receipt, whole));
        assert_true(!passed || receipt);
        json_decref(receipt);
    }
    json_set_alloc_funcs(malloc, free);
    json_decref(whole);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_parse),
        STORE_FIXTURE_TEST(test_parse_separate),
        STORE_FIXTURE_TEST(test_admit),
        STORE_FIXTURE_TEST(test_what_stands),
        STORE_FIXTURE_TEST(test_place),
        STORE_FIXTURE_TEST(test_dismiss_keeps_a_refusal),
        STORE_FIXTURE_TEST(test_parse_takes_what_was_shown),
        STORE_FIXTURE_TEST(test_parse_bounds),
        STORE_FIXTURE_TEST(test_parse_without_memory),
        STORE_FIXTURE_TEST(test_grant),
        STORE_FIXTURE_TEST(test_custom),
        STORE_FIXTURE_TEST(test_refusal_by_a_stranger),
        STORE_FIXTURE_TEST(test_refusal_by_a_visitor),
        STORE_FIXTURE_TEST(test_dismiss_keeps),
        STORE_FIXTURE_TEST(test_two_ids),
        STORE_FIXTURE_TEST(test_rests),
        STORE_FIXTURE_TEST(test_dismiss),
        STORE_FIXTURE_TEST(test_damaged_head),
        STORE_FIXTURE_TEST(test_granting_again),
        STORE_FIXTURE_TEST(test_flags_stay),
        STORE_FIXTURE_TEST(test_dead_ids_stay_dead),
        STORE_FIXTURE_TEST(test_damaged_row),
        STORE_FIXTURE_TEST(test_receipt),
        STORE_FIXTURE_TEST(test_receipt_without_memory),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
