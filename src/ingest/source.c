/*
 * A link can say a lot (utm_source=news, utm_medium=email, a click id), or
 * nothing, and then the page that it stood on is all there is.
 *
 *   name      utm_source, else a well-known referrer, else whose click id it
 *             is, else the referrer's registrable domain
 *   channel   paid, if the medium or the click id says so, by the kind of
 *             place; else what the medium names; else the kind of place; else
 *             what utm_source names; else a referral
 */
#include "crumb/ingest/source.h"
#include "crumb/ingest/click_ids.h"
#include "crumb/ingest/source_sites.h"
#include <strings.h>

/* What a medium, or else a source, says of itself. */
static const struct {
    const char *word;
    bool anywhere; /* in longer words, too */
    enum channel channel;
} said[] = {
    {"display", false, CHANNEL_DISPLAY},
    {"banner", false, CHANNEL_DISPLAY},
    {"expandable", false, CHANNEL_DISPLAY},
    {"interstitial", false, CHANNEL_DISPLAY},
    {"cpm", false, CHANNEL_DISPLAY},
    {"social", false, CHANNEL_SOCIAL},
    {"social-network", false, CHANNEL_SOCIAL},
    {"social-media", false, CHANNEL_SOCIAL},
    {"social_network", false, CHANNEL_SOCIAL},
    {"social_media", false, CHANNEL_SOCIAL},
    {"social network", false, CHANNEL_SOCIAL},
    {"social media", false, CHANNEL_SOCIAL},
    {"sm", false, CHANNEL_SOCIAL},
    {"organic", false, CHANNEL_SEARCH},
    {"email", false, CHANNEL_MAIL},
    {"e-mail", false, CHANNEL_MAIL},
    {"e_mail", false, CHANNEL_MAIL},
    {"e mail", false, CHANNEL_MAIL},
    {"mail", false, CHANNEL_MAIL},
    {"newsletter", true, CHANNEL_MAIL},
    {"affiliate", true, CHANNEL_AFFILIATE},
    {"audio", false, CHANNEL_AUDIO},
    {"podcast", false, CHANNEL_AUDIO},
    {"sms", false, CHANNEL_SMS},
    {"push", false, CHANNEL_PUSH},
    {"web-push", false, CHANNEL_PUSH},
    {"web_push", false, CHANNEL_PUSH},
    {"webpush", false, CHANNEL_PUSH},
    {"notification", true, CHANNEL_PUSH},
    {"firebase", false, CHANNEL_PUSH},
    {"video", true, CHANNEL_VIDEO},
};

#define N(table) (sizeof(table) / sizeof((table)[0]))

static bool says(struct text text, const char *word)
{
    return text.size == strlen(word) && strncasecmp(text.data, word, text.size) == 0;
}

static bool begins(struct text text, const char *word)
{
    return text.size >= strlen(word) && strncasecmp(text.data, word, strlen(word)) == 0;
}

static bool contains(struct text text, const char *word)
{
    for (size_t at = 0; at < text.size; at++)
        if (begins(text_from(text, at), word))
            return true;
    return false;
}

/* CHANNEL_NONE: nothing that is known. */
static enum channel channel_said(struct text word)
{
    if (word.size > HOST_BYTES_MAX)
        return CHANNEL_NONE; /* no word */
    for (size_t i = 0; i < N(said); i++)
        if (said[i].anywhere ? contains(word, said[i].word) : says(word, said[i].word))
            return said[i].channel;
    return CHANNEL_NONE;
}

/* cpc, cpm, cpv and their like; ppc; paid_social; retargeting. */
static bool is_paid(struct text medium)
{
    if (medium.size > HOST_BYTES_MAX)
        return false;
    return begins(medium, "cp") || begins(medium, "paid") || contains(medium, "cpc") || contains(medium, "ppc") ||
           says(medium, "retargeting") || says(medium, "remarketing");
}

/* ---- the page that the link stood on ---- */

/* The hosts first, as most are there and need no look at the list of suffixes. */
static const struct source_site *known_place(const struct suffixes *suffixes, struct text host)
{
    const struct source_site *site = source_sites_find(host, TEXT_NONE);

    return site ? site : source_sites_find(TEXT_NONE, suffixes_name(suffixes, host));
}

/* @host itself, or one below it. */
static bool is_below(struct text below, struct text host)
{
    if (host.size == 0 || below.size < host.size || !text_equal(text_from(below, below.size - host.size), host))
        return false;
    return below.size == host.size || below.data[below.size - host.size - 1] == '.';
}

struct referrer {
    struct text host;             /* or an Android application; empty: none, or the site itself */
    const struct source_site *is; /* NULL: no well-known place */
    bool internal;
};

static struct text host_of(struct text url)
{
    const char *mark = url.size ? memmem(url.data, url.size, "://", 3) : NULL;

    if (!mark)
        return TEXT_NONE;
    url = text_from(url, (size_t)(mark - url.data) + 3);
    return text_cut(&url, '/');
}

static bool is_of_site(const struct site *site, struct text host)
{
    for (unsigned i = 0; i < site->n_origins; i++) {
        struct text own = host_of(text_of(site->origins[i]));

        if (text_equal(host, text_cut(&own, ':')))
            return true;
    }
    return false;
}

/* Most are told apart by their ends alone. A public suffix has no domain: what is below it is somebody else's. */
static bool has_same_domain(const struct suffixes *suffixes, struct text a, struct text b)
{
    struct text domain = suffixes_domain(suffixes, a);

    return is_below(b, domain) && text_equal(suffixes_domain(suffixes, b), domain);
}

static struct referrer read_referrer(const struct suffixes *suffixes, const struct site *site,
                                     const struct event *event)
{
    struct referrer referrer = {.host = host_of(event->referrer)};

    if (referrer.host.size == 0)
        return referrer;
    if (text_equal(referrer.host, event->host) || is_of_site(site, referrer.host) ||
        has_same_domain(suffixes, referrer.host, event->host))
        return (struct referrer){.internal = true};
    referrer.is = known_place(suffixes, referrer.host);
    return referrer;
}

/* An application's name is written the other way round and has no suffix. */
static struct text name_of(const struct suffixes *suffixes, const struct referrer *referrer, struct text url)
{
    return text_starts(url, TEXT("android-app:")) ? referrer->host : suffixes_domain(suffixes, referrer->host);
}

/* ---- both together ---- */

static enum channel paid_channel(enum channel kind, bool display)
{
    switch (kind) {
    case CHANNEL_SEARCH:
        return display ? CHANNEL_DISPLAY : CHANNEL_PAID_SEARCH;
    case CHANNEL_SOCIAL:
        return CHANNEL_PAID_SOCIAL;
    case CHANNEL_VIDEO:
        return CHANNEL_PAID_VIDEO;
    case CHANNEL_SHOPPING:
        return CHANNEL_PAID_SHOPPING;
    default:
        return display ? CHANNEL_DISPLAY : CHANNEL_PAID_OTHER;
    }
}

static enum channel channel_of(const struct event *event, const struct click_id *click, const struct source_site *is)
{
    enum channel kind = is ? is->channel : CHANNEL_NONE, medium = channel_said(event->utm_medium);

    if ((click && click->paid) || is_paid(event->utm_medium))
        return paid_channel(kind, (click && click->display) || (!click && medium == CHANNEL_DISPLAY));
    if (medium != CHANNEL_NONE)
        return medium;
    if (kind != CHANNEL_NONE)
        return kind;
    enum channel source = channel_said(event->utm_source);
    return source != CHANNEL_NONE ? source : CHANNEL_REFERRAL;
}

/* utm_source may be a name ("google"), a host ("chatgpt.com") or anything. */
static const struct source_site *site_said(const struct suffixes *suffixes, struct text source)
{
    const struct source_site *site = source_sites_called(source);

    return site ? site : known_place(suffixes, source);
}

struct source source_of(const struct suffixes *suffixes, const struct site *site, const struct event *event)
{
    if (event->kind != EVENT_PAGEVIEW)
        return (struct source){.channel = CHANNEL_NONE};
    const struct click_id *click = click_ids_find(event->click_id);
    struct referrer referrer = read_referrer(suffixes, site, event);
    const struct source_site *is = referrer.is;
    struct text name = event->utm_source;

    if (!click && !event->utm_source.size && !event->utm_medium.size && !event->utm_campaign.size &&
        !referrer.host.size)
        return (struct source){.channel = referrer.internal ? CHANNEL_INTERNAL : CHANNEL_DIRECT};
    if (name.size)
        is = site_said(suffixes, name);
    else if (!is && click)
        is = source_sites_called(text_of(click->owner));
    if (is)
        name = text_of(is->name);
    else if (!name.size)
        name = name_of(suffixes, &referrer, event->referrer);
    return (struct source){.name = name, .channel = channel_of(event, click, is)};
}
