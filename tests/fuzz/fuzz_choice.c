/*
 * Any bytes as the body of POST /v1/consent and of POST /v1/shown.  What is refused has a complaint
 * and chooses nothing; what is accepted grants no more than it says.
 *
 * An @ stands for the hash of the notice that is shown, which changes with its
 * texts.
 */
#include "crumb/base/random.h"
#include "crumb/consent/choice.h"
#include <assert.h>
#include <stdlib.h>

#define COMPLAINT_MAX 1024

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char yaml[] =
    "data: ./data\n"
    "listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}\n"
    "sites:\n"
    "  shop:\n"
    "    origins: [https://shop.example]\n"
    "    controller: {name: N, contact: c@shop.example}\n"
    "    purposes: {a: {collects: [log]}, b: {collects: [device]}, c: {collects: [], separate: true}}\n"
    "    texts: {de: {title: T}}\n";

static struct edition *make_edition(void)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    struct edition *edition = NULL;

    assert(random_init() == 0);
    assert(config_parse(text_of(yaml), "fuzz.yaml", &complaints, &config) == 0);
    assert(edition_new(config, &edition) == 0);
    config_unref(config);
    complaints_deinit(&complaints);
    return edition;
}

static void check_choice(const struct edition *edition, const struct choice *choice)
{
    const struct site_notices *site = &edition->sites[0];
    uint32_t all = choice_all(choice->site), together = choice_together(choice->site);

    assert(choice->site == &edition->config->sites[0]);
    assert(choice->notice >= site->notices && choice->notice < site->notices + site->n_notices);
    assert(strcmp(words_surface(choice->surface), "?"));
    assert((choice->granted & ~all) == 0);
    switch (choice->kind) {
    case CHOICE_GRANT:
        assert((choice->granted & together) == together);
        break;
    case CHOICE_IMPLIED:
        assert(choice->granted == together);
        break;
    case CHOICE_DENY:
    case CHOICE_DISMISS:
    case CHOICE_WITHDRAW:
    case CHOICE_GPC:
    case CHOICE_MINOR:
        assert(choice->granted == 0);
        break;
    default:
        assert(choice->kind == CHOICE_CUSTOM || choice->kind == CHOICE_RENEW);
    }
}

/* The choice, said in full. */
static void check_again(const struct edition *edition, const struct choice *choice)
{
    BUFFER_AUTO json = BUFFER_INIT(CONSENT_BODY_BYTES_MAX), complaint = BUFFER_INIT(COMPLAINT_MAX);
    struct choice again;

    buffer_printf(&json, "{\"site\":\"shop\",\"notice\":\"%s\",\"lang\":\"%s\",\"surface\":\"%s\",\"action\":\"%s\",",
                  choice->notice->hex, choice->notice->lang, words_surface(choice->surface),
                  words_choice_kind(choice->kind));
    buffer_printf(&json, "\"purposes\":{\"a\":%s,\"b\":%s,\"c\":%s}}", choice->granted & 1 ? "true" : "false",
                  choice->granted & 2 ? "true" : "false", choice->granted & 4 ? "true" : "false");
    assert(!json.fault && choice_parse(buffer_text(&json), edition, &again, &complaint) == 0);
    assert(again.site == choice->site && again.notice == choice->notice && again.kind == choice->kind);
    assert(again.surface == choice->surface && again.granted == choice->granted);
}

/* No body is both: a choice has an action. */
static void check_shown(const struct edition *edition, struct text json, bool is_choice)
{
    BUFFER_AUTO complaint = BUFFER_INIT(COMPLAINT_MAX);
    struct choice shown = {.site = NULL};
    int r = choice_parse_shown(json, edition, &shown, &complaint);

    assert(r >= 0 && r <= CHOICE_E_STALE_NOTICE && (r == 0) == (complaint.size == 0) && !(r == 0 && is_choice));
    if (r == 0)
        assert(shown.site && shown.notice && !shown.granted && strcmp(words_surface(shown.surface), "?"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct edition *edition;
    BUFFER_AUTO json = BUFFER_INIT(1 << 20), complaint = BUFFER_INIT(COMPLAINT_MAX);
    struct choice choice;

    if (!edition)
        edition = make_edition();
    for (size_t i = 0; i < size; i++) {
        if (data[i] == '@')
            buffer_put_text(&json, text_of(edition->sites[0].notices[0].hex));
        else
            buffer_put_u8(&json, data[i]);
    }
    if (json.fault)
        return 0;
    int r = choice_parse(buffer_text(&json), edition, &choice, &complaint);
    assert(r >= 0 && r <= CHOICE_E_STALE_NOTICE);
    assert((r == 0) == (complaint.size == 0));
    check_shown(edition, buffer_text(&json), r == 0);
    if (r == 0) {
        check_choice(edition, &choice);
        check_again(edition, &choice);
    }
    return 0;
}
