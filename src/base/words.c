/*
 * The words' spellings, one table each; the enums in words.h are the indexes.
 */
#include "crumb/base/words.h"

static const char *const classes[CLASS_N] = {
    [CLASS_LOG] = "log", [CLASS_DEVICE] = "device", [CLASS_CLICKPATH] = "clickpath"};

static const char *const event_kinds[EVENT_KIND_N] = {
    [EVENT_PAGEVIEW] = "pv", [EVENT_PING] = "pp", [EVENT_STRUCT] = "se"};

static const char *const regimes[REGIME_N] = {
    [REGIME_OPT_IN] = "opt_in", [REGIME_OPT_OUT] = "opt_out", [REGIME_NOTICE_ONLY] = "notice_only"};

static const char *const surfaces[SURFACE_N] = {
    [SURFACE_BANNER] = "banner", [SURFACE_DIALOG] = "dialog", [SURFACE_PAGE] = "page", [SURFACE_API] = "api"};

static const char *const choice_kinds[CHOICE_N] = {
    [CHOICE_GRANT] = "grant",     [CHOICE_DENY] = "deny",         [CHOICE_CUSTOM] = "custom",
    [CHOICE_DISMISS] = "dismiss", [CHOICE_WITHDRAW] = "withdraw", [CHOICE_GPC] = "gpc",
    [CHOICE_IMPLIED] = "implied", [CHOICE_MINOR] = "minor",       [CHOICE_RENEW] = "renew"};

static const char *const devices[DEVICE_N] = {
    [DEVICE_UNKNOWN] = "unknown", [DEVICE_PHONE] = "phone", [DEVICE_TABLET] = "tablet",
    [DEVICE_DESKTOP] = "desktop", [DEVICE_TV] = "tv",       [DEVICE_CONSOLE] = "console",
    [DEVICE_WATCH] = "watch"};

static const char *const channels[CHANNEL_N] = {
    [CHANNEL_NONE] = "none",         [CHANNEL_DIRECT] = "direct",
    [CHANNEL_INTERNAL] = "internal", [CHANNEL_REFERRAL] = "referral",
    [CHANNEL_SEARCH] = "search",     [CHANNEL_PAID_SEARCH] = "paid_search",
    [CHANNEL_SOCIAL] = "social",     [CHANNEL_PAID_SOCIAL] = "paid_social",
    [CHANNEL_VIDEO] = "video",       [CHANNEL_PAID_VIDEO] = "paid_video",
    [CHANNEL_SHOPPING] = "shopping", [CHANNEL_PAID_SHOPPING] = "paid_shopping",
    [CHANNEL_MAIL] = "mail",         [CHANNEL_AI] = "ai",
    [CHANNEL_DISPLAY] = "display",   [CHANNEL_AFFILIATE] = "affiliate",
    [CHANNEL_AUDIO] = "audio",       [CHANNEL_SMS] = "sms",
    [CHANNEL_PUSH] = "push",         [CHANNEL_PAID_OTHER] = "paid_other"};

static const char *const bots[BOT_N] = {
    [BOT_NONE] = "none",       [BOT_AGENT] = "agent", [BOT_AUTOMATION] = "automation",
    [BOT_HEADERS] = "headers", [BOT_CROWD] = "crowd", [BOT_SPEED] = "speed"};

static const char *const consent_modes[CONSENT_MODE_N] = {[CONSENT_MODE_ANALYTICS_STORAGE] = "analytics_storage",
                                                          [CONSENT_MODE_AD_STORAGE] = "ad_storage",
                                                          [CONSENT_MODE_AD_USER_DATA] = "ad_user_data",
                                                          [CONSENT_MODE_AD_PERSONALIZATION] = "ad_personalization"};

static const char *const reasons[REASON_N] = {[REASON_NONE] = "none",
                                              [REASON_NO_CONSENT] = "no_consent",
                                              [REASON_GPC] = "gpc",
                                              [REASON_MINOR] = "minor",
                                              [REASON_RESTRICTED] = "restricted",
                                              [REASON_STALE_NOTICE] = "stale_notice",
                                              [REASON_BAD_ID] = "bad_id",
                                              [REASON_MALFORMED] = "malformed",
                                              [REASON_UNKNOWN_SITE] = "unknown_site",
                                              [REASON_BAD_ORIGIN] = "bad_origin",
                                              [REASON_RATE_LIMITED] = "rate_limited",
                                              [REASON_DUPLICATE] = "duplicate",
                                              [REASON_TOO_LARGE] = "too_large"};

static const char *name_of(const char *const *names, unsigned n_names, unsigned number)
{
    return number < n_names && names[number] ? names[number] : "?";
}

static int find_in(const char *const *names, unsigned n_names, struct text name)
{
    for (unsigned i = 0; i < n_names; i++)
        if (names[i] && text_equal(text_of(names[i]), name))
            return (int)i;
    return -1;
}

const char *words_class(unsigned number) { return name_of(classes, CLASS_N, number); }
const char *words_event_kind(unsigned number) { return name_of(event_kinds, EVENT_KIND_N, number); }
const char *words_regime(unsigned number) { return name_of(regimes, REGIME_N, number); }
const char *words_surface(unsigned number) { return name_of(surfaces, SURFACE_N, number); }
const char *words_choice_kind(unsigned number) { return name_of(choice_kinds, CHOICE_N, number); }
const char *words_reason(unsigned number) { return name_of(reasons, REASON_N, number); }
const char *words_device(unsigned number) { return name_of(devices, DEVICE_N, number); }
const char *words_channel(unsigned number) { return name_of(channels, CHANNEL_N, number); }
const char *words_bot(unsigned number) { return name_of(bots, BOT_N, number); }
const char *words_consent_mode(unsigned number) { return name_of(consent_modes, CONSENT_MODE_N, number); }

int words_find_class(struct text name) { return find_in(classes, CLASS_N, name); }
int words_find_event_kind(struct text name) { return find_in(event_kinds, EVENT_KIND_N, name); }
int words_find_regime(struct text name) { return find_in(regimes, REGIME_N, name); }
int words_find_surface(struct text name) { return find_in(surfaces, SURFACE_N, name); }
int words_find_choice_kind(struct text name) { return find_in(choice_kinds, CHOICE_N, name); }
