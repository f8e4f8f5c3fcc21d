/*
 * Words: their numbers and spellings are on disk and in the interfaces, so both
 * are pinned here.
 */
#include "check.h"
#include "crumb/base/words.h"

static const struct row {
    const char *(*name_of)(unsigned number);
    int (*find)(struct text name); /* NULL: nothing reads these words */
    unsigned number;
    const char *name;
} rows[] = {
    {words_class, words_find_class, 0, "log"},
    {words_class, words_find_class, 1, "device"},
    {words_class, words_find_class, 2, "clickpath"},
    {words_event_kind, words_find_event_kind, 1, "pv"},
    {words_event_kind, words_find_event_kind, 2, "pp"},
    {words_event_kind, words_find_event_kind, 3, "se"},
    {words_regime, words_find_regime, 1, "opt_in"},
    {words_regime, words_find_regime, 2, "opt_out"},
    {words_regime, words_find_regime, 3, "notice_only"},
    {words_surface, words_find_surface, 1, "banner"},
    {words_surface, words_find_surface, 2, "dialog"},
    {words_surface, words_find_surface, 3, "page"},
    {words_surface, words_find_surface, 4, "api"},
    {words_choice_kind, words_find_choice_kind, 1, "grant"},
    {words_choice_kind, words_find_choice_kind, 2, "deny"},
    {words_choice_kind, words_find_choice_kind, 3, "custom"},
    {words_choice_kind, words_find_choice_kind, 4, "dismiss"},
    {words_choice_kind, words_find_choice_kind, 5, "withdraw"},
    {words_choice_kind, words_find_choice_kind, 6, "gpc"},
    {words_choice_kind, words_find_choice_kind, 7, "implied"},
    {words_choice_kind, words_find_choice_kind, 8, "minor"},
    {words_choice_kind, words_find_choice_kind, 9, "renew"},
    {words_reason, NULL, 0, "none"},
    {words_reason, NULL, 1, "no_consent"},
    {words_reason, NULL, 2, "gpc"},
    {words_reason, NULL, 3, "minor"},
    {words_reason, NULL, 4, "restricted"},
    {words_reason, NULL, 5, "stale_notice"},
    {words_reason, NULL, 6, "bad_id"},
    {words_reason, NULL, 7, "malformed"},
    {words_reason, NULL, 8, "unknown_site"},
    {words_reason, NULL, 9, "bad_origin"},
    {words_reason, NULL, 10, "rate_limited"},
    {words_reason, NULL, 11, "duplicate"},
    {words_reason, NULL, 12, "too_large"},
    {words_device, NULL, 0, "unknown"},
    {words_device, NULL, 1, "phone"},
    {words_device, NULL, 2, "tablet"},
    {words_device, NULL, 3, "desktop"},
    {words_device, NULL, 4, "tv"},
    {words_device, NULL, 5, "console"},
    {words_device, NULL, 6, "watch"},
    {words_channel, NULL, 0, "none"},
    {words_channel, NULL, 1, "direct"},
    {words_channel, NULL, 2, "internal"},
    {words_channel, NULL, 3, "referral"},
    {words_channel, NULL, 4, "search"},
    {words_channel, NULL, 5, "paid_search"},
    {words_channel, NULL, 6, "social"},
    {words_channel, NULL, 7, "paid_social"},
    {words_channel, NULL, 8, "video"},
    {words_channel, NULL, 9, "paid_video"},
    {words_channel, NULL, 10, "shopping"},
    {words_channel, NULL, 11, "paid_shopping"},
    {words_channel, NULL, 12, "mail"},
    {words_channel, NULL, 13, "ai"},
    {words_channel, NULL, 14, "display"},
    {words_channel, NULL, 15, "affiliate"},
    {words_channel, NULL, 16, "audio"},
    {words_channel, NULL, 17, "sms"},
    {words_channel, NULL, 18, "push"},
    {words_channel, NULL, 19, "paid_other"},
    {words_bot, NULL, 0, "none"},
    {words_bot, NULL, 1, "agent"},
    {words_bot, NULL, 2, "automation"},
    {words_bot, NULL, 3, "headers"},
    {words_bot, NULL, 4, "crowd"},
    {words_bot, NULL, 5, "speed"},
    {words_consent_mode, NULL, 0, "analytics_storage"},
    {words_consent_mode, NULL, 1, "ad_storage"},
    {words_consent_mode, NULL, 2, "ad_user_data"},
    {words_consent_mode, NULL, 3, "ad_personalization"},
};

static void test_pinned(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        const struct row *row = &rows[i];

        check_text(row->name, text_of(row->name_of(row->number)), row->name);
        if (row->find)
            check_equal(row->name, row->find(text_of(row->name)), row->number);
    }
    assert_int_equal(CLASS_N + (EVENT_KIND_N - 1) + (REGIME_N - 1) + (SURFACE_N - 1) + (CHOICE_N - 1) + REASON_N +
                         DEVICE_N + CHANNEL_N + BOT_N + CONSENT_MODE_N,
                     N_ROWS(rows)); /* a new word belongs in the table */
}

static void test_numbers_that_are_no_word(void **state)
{
    static const struct {
        const char *(*name_of)(unsigned number);
        unsigned number;
    } none[] = {
        {words_class, CLASS_N},
        {words_event_kind, 0},
        {words_event_kind, EVENT_KIND_N},
        {words_regime, 0},
        {words_regime, REGIME_N},
        {words_surface, 0},
        {words_surface, SURFACE_N},
        {words_choice_kind, 0},
        {words_choice_kind, CHOICE_N},
        {words_reason, REASON_N},
        {words_choice_kind, UINT32_MAX},
        {words_device, DEVICE_N},
        {words_channel, CHANNEL_N},
        {words_bot, BOT_N},
        {words_consent_mode, CONSENT_MODE_N},
    };

    for (size_t i = 0; i < N_ROWS(none); i++)
        assert_string_equal(none[i].name_of(none[i].number), "?");
}

static void test_names_that_are_no_word(void **state)
{
    static const char *const none[] = {"", "?", "LOG", "log ", " log", "lo", "logs", "pv,pp", "none"};

    for (size_t i = 0; i < N_ROWS(none); i++) {
        check_equal(none[i], words_find_class(text_of(none[i])), -1);
        check_equal(none[i], words_find_event_kind(text_of(none[i])), -1);
        check_equal(none[i], words_find_regime(text_of(none[i])), -1);
        check_equal(none[i], words_find_surface(text_of(none[i])), -1);
        check_equal(none[i], words_find_choice_kind(text_of(none[i])), -1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_pinned),
        cmocka_unit_test(test_numbers_that_are_no_word),
        cmocka_unit_test(test_names_that_are_no_word),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
