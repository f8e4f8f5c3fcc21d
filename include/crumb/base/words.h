/*
 * The words of crumb that more than one layer speaks: event classes, event
 * kinds, regimes, surfaces, kinds of choice and the reasons why an event is
 * not stored.  Their numbers are written to disk: append, never renumber.
 */
#pragma once

#include "crumb/base/text.h"
#include <stdint.h>

/* What an event's fields belong to; a bit mask is a set of classes. */
enum event_class {
    CLASS_LOG,       /* time, page, referrer, dwell, address */
    CLASS_DEVICE,    /* type, system, browser, screen, language */
    CLASS_CLICKPATH, /* clicks, custom events, order of pages */
    CLASS_N
};
#define CLASS_BIT(class) (1u << (class))
#define CLASS_ALL ((1u << CLASS_N) - 1)

enum event_kind {
    EVENT_PAGEVIEW = 1, /* pv */
    EVENT_PING = 2,     /* pp: still on the page */
    EVENT_STRUCT = 3,   /* se: a click or a custom event */
    EVENT_KIND_N
};

/* What the law at the visitor's place asks. */
enum regime {
    REGIME_OPT_IN = 1, /* default and fallback */
    REGIME_OPT_OUT = 2,
    REGIME_NOTICE_ONLY = 3,
    REGIME_N
};

/* What kind of device a browser runs on, as far as it says. */
enum device {
    DEVICE_UNKNOWN = 0,
    DEVICE_PHONE = 1,
    DEVICE_TABLET = 2,
    DEVICE_DESKTOP = 3,
    DEVICE_TV = 4,
    DEVICE_CONSOLE = 5, /* one for games */
    DEVICE_WATCH = 6,
    DEVICE_N
};

/* How a visitor came to a page view. */
enum channel {
    CHANNEL_NONE = 0, /* not said: the event is no page view */
    CHANNEL_DIRECT = 1,
    CHANNEL_INTERNAL = 2, /* from a page of the same site */
    CHANNEL_REFERRAL = 3,
    CHANNEL_SEARCH = 4,
    CHANNEL_PAID_SEARCH = 5,
    CHANNEL_SOCIAL = 6,
    CHANNEL_PAID_SOCIAL = 7,
    CHANNEL_VIDEO = 8,
    CHANNEL_PAID_VIDEO = 9,
    CHANNEL_SHOPPING = 10,
    CHANNEL_PAID_SHOPPING = 11,
    CHANNEL_MAIL = 12,
    CHANNEL_AI = 13, /* an AI assistant named the page */
    CHANNEL_DISPLAY = 14,
    CHANNEL_AFFILIATE = 15,
    CHANNEL_AUDIO = 16,
    CHANNEL_SMS = 17,
    CHANNEL_PUSH = 18,
    CHANNEL_PAID_OTHER = 19,
    CHANNEL_N
};

/* Why an event is taken for that of a program. */
enum bot {
    BOT_NONE = 0,
    BOT_AGENT = 1,      /* its User-Agent says so */
    BOT_AUTOMATION = 2, /* a browser that a program drives says so */
    BOT_HEADERS = 3,    /* its headers contradict each other, or no browser sends them */
    BOT_CROWD = 4,      /* one of too many visitors that one network had at once */
    BOT_SPEED = 5,      /* it looks at pages faster than anybody can */
    BOT_N
};

/* Where a choice was made. */
enum surface { SURFACE_BANNER = 1, SURFACE_DIALOG = 2, SURFACE_PAGE = 3, SURFACE_API = 4, SURFACE_N };

/* What a ledger record says happened. */
enum choice_kind {
    CHOICE_GRANT = 1, /* every purpose */
    CHOICE_DENY = 2,  /* none */
    CHOICE_CUSTOM = 3,
    CHOICE_DISMISS = 4, /* closed without a choice: nothing is granted */
    CHOICE_WITHDRAW = 5,
    CHOICE_GPC = 6,
    CHOICE_IMPLIED = 7, /* only under opt_out and notice_only */
    CHOICE_MINOR = 8,
    CHOICE_RENEW = 9,
    CHOICE_N
};

/* The signals of Google Consent Mode v2; a bit mask is a set of them. In the configuration only, never on disk. */
enum consent_mode {
    CONSENT_MODE_ANALYTICS_STORAGE,
    CONSENT_MODE_AD_STORAGE,
    CONSENT_MODE_AD_USER_DATA,
    CONSENT_MODE_AD_PERSONALIZATION,
    CONSENT_MODE_N
};

/* Why an event was not stored.  REASON_NONE: it was. */
enum reason {
    REASON_NONE = 0,
    REASON_NO_CONSENT,
    REASON_GPC,
    REASON_MINOR,
    REASON_RESTRICTED,
    REASON_STALE_NOTICE,
    REASON_BAD_ID,
    REASON_MALFORMED,
    REASON_UNKNOWN_SITE,
    REASON_BAD_ORIGIN,
    REASON_RATE_LIMITED,
    REASON_DUPLICATE,
    REASON_TOO_LARGE,
    REASON_N
};

/* The name of each word as the interfaces spell it; "?" for a number that is none. */
const char *words_class(unsigned number);
const char *words_event_kind(unsigned number);
const char *words_regime(unsigned number);
const char *words_surface(unsigned number);
const char *words_choice_kind(unsigned number);
const char *words_reason(unsigned number);
const char *words_consent_mode(unsigned number);
const char *words_device(unsigned number);
const char *words_channel(unsigned number);
const char *words_bot(unsigned number);

/* The number of a name, or -1 where it is no such word. */
int words_find_class(struct text name);
int words_find_event_kind(struct text name);
int words_find_regime(struct text name);
int words_find_surface(struct text name);
int words_find_choice_kind(struct text name);
