/*
 * From the bodies of POST /v1/consent and /v1/shown to a choice, against the
 * edition in force.  Pure.
 */
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/choice.h"
#include <errno.h>

static int invalid(struct buffer *complaint, const char *what)
{
    buffer_put_text(complaint, text_of(what));
    return CHOICE_E_INVALID;
}

/*
 * "Accept" may leave unsaid what it grants anyway, and a separate purpose that
 * it leaves unsaid is refused; every other choice answers all there is.
 */
static int check_answered(const struct choice *choice, uint32_t asked, struct buffer *complaint)
{
    if (choice->kind == CHOICE_GRANT && asked & choice_together(choice->site) & ~choice->granted)
        return invalid(complaint, "`grant` grants every purpose that is not `separate`; use `custom` for some of them");
    if (choice->kind != CHOICE_GRANT && asked != choice_all(choice->site))
        return invalid(complaint, "`purposes` must answer every purpose of the notice, granted or refused");
    return 0;
}

/* Nobody has to read again to take consent back: GDPR art. 7(3). Neither does a child, or a signal. */
static bool needs_no_reading(enum choice_kind kind)
{
    return kind == CHOICE_WITHDRAW || kind == CHOICE_GPC || kind == CHOICE_MINOR;
}

/* What refuses everything refuses whatever purposes a page knew, of whichever notice: only a yes contradicts it. */
static bool grants_any(json_t *purposes)
{
    const char *name;
    json_t *answer;

    json_object_foreach(purposes, name, answer)
    {
        if (json_is_true(answer))
            return true;
    }
    return false;
}

static int parse_answers(json_t *purposes, struct choice *choice, bool *ret_said, struct buffer *complaint)
{
    const char *name;
    json_t *answer;
    uint32_t asked = 0;

    *ret_said = purposes != NULL;
    if (needs_no_reading(choice->kind) && !grants_any(purposes))
        return 0;
    if (!purposes)
        return 0;
    if (!json_is_object(purposes))
        return invalid(complaint, "`purposes` must be an object of true or false by purpose");
    json_object_foreach(purposes, name, answer)
    {
        int purpose = config_purpose(choice->site, text_of(name));

        if (purpose < 0) {
            buffer_printf(complaint, "site `%s` has no purpose of the name in `purposes`; see GET /v1/notice",
                          choice->site->name);
            return CHOICE_E_INVALID;
        }
        if (!json_is_boolean(answer))
            return invalid(complaint, "each of `purposes` must be true or false");
        asked |= 1u << purpose;
        if (json_is_true(answer))
            choice->granted |= 1u << purpose;
    }
    return check_answered(choice, asked, complaint);
}

/* What the action says and what the answers say must be the same thing. */
static int check_action(struct choice *choice, bool said, struct buffer *complaint)
{
    switch (choice->kind) {
    case CHOICE_GRANT:
        choice->granted |= choice_together(choice->site);
        return 0;
    case CHOICE_IMPLIED:
        if (said && choice->granted != choice_together(choice->site))
            return invalid(complaint, "`implied` grants every purpose that is not `separate`, and no other");
        choice->granted = choice_together(choice->site);
        return 0;
    case CHOICE_DENY:
    case CHOICE_DISMISS:
    case CHOICE_WITHDRAW:
    case CHOICE_GPC:
    case CHOICE_MINOR:
        if (choice->granted)
            return invalid(complaint, "`deny`, `dismiss`, `withdraw`, `gpc` and `minor` grant nothing; use `custom`");
        return 0;
    default:
        return said ? 0 : invalid(complaint, "`custom` and `renew` need `purposes`");
    }
}

/* The members of a body, as texts. */
struct members {
    struct text site, notice, lang, surface, action;
    json_t *purposes;
};

static int invalid_surface(struct buffer *complaint)
{
    return invalid(complaint, "`surface` must be banner, dialog, page or api");
}

static int find_site(const struct members *members, const struct edition *edition, struct choice *choice,
                     struct buffer *complaint)
{
    choice->site = config_site(edition->config, members->site);
    if (!choice->site) {
        buffer_put_text(complaint, TEXT("`site` is not one of this service's sites"));
        return CHOICE_E_UNKNOWN_SITE;
    }
    int surface = words_find_surface(members->surface);
    if (surface < 0)
        return invalid_surface(complaint);
    choice->surface = (enum surface)surface;
    return 0;
}

static int find_notice(const struct members *members, const struct edition *edition, struct choice *choice,
                       struct buffer *complaint)
{
    const struct notice *wanted = edition_notice(edition, choice->site, members->lang);
    bool any = needs_no_reading(choice->kind);

    choice->notice = edition_notice_by_hex(edition, choice->site, members->notice);
    if (any && !choice->notice)
        choice->notice = wanted;
    if (choice->notice && (any || members->lang.size == 0 || choice->notice == wanted))
        return 0;
    buffer_put_text(complaint, TEXT("`notice` is not what is shown now; read GET /v1/notice, show it, and ask again"));
    return CHOICE_E_STALE_NOTICE;
}

static int find_action(const struct members *members, struct choice *choice, struct buffer *complaint)
{
    int kind = words_find_choice_kind(members->action);

    if (kind < 0)
        return invalid(complaint,
                       "`action` must be grant, deny, custom, dismiss, withdraw, gpc, implied, minor or renew");
    choice->kind = (enum choice_kind)kind;
    return 0;
}

static int parse_choice(json_t *root, const struct edition *edition, struct choice *choice, struct buffer *complaint)
{
    struct members members = {.lang = TEXT("")};
    bool said;

    if (json_unpack(root, "{s:s%, s:s%, s?:s%, s:s%, s:s%, s?:o !}", "site", &members.site.data, &members.site.size,
                    "notice", &members.notice.data, &members.notice.size, "lang", &members.lang.data,
                    &members.lang.size, "surface", &members.surface.data, &members.surface.size, "action",
                    &members.action.data, &members.action.size, "purposes", &members.purposes) < 0)
        return invalid(complaint,
                       "the body must be an object of `site`, `notice`, `surface`, `action` and, if need be, `lang` "
                       "and `purposes`, and nothing else");
    int r = find_site(&members, edition, choice, complaint);
    if (r == 0)
        r = find_action(&members, choice, complaint);
    if (r == 0)
        r = find_notice(&members, edition, choice, complaint);
    if (r == 0)
        r = parse_answers(members.purposes, choice, &said, complaint);
    return r ? r : check_action(choice, said, complaint);
}

static int parse_shown(json_t *root, const struct edition *edition, struct choice *choice, struct buffer *complaint)
{
    struct members members = {.lang = TEXT("")};

    if (json_unpack(root, "{s:s%, s:s%, s?:s%, s:s% !}", "site", &members.site.data, &members.site.size, "notice",
                    &members.notice.data, &members.notice.size, "lang", &members.lang.data, &members.lang.size,
                    "surface", &members.surface.data, &members.surface.size) < 0)
        return invalid(complaint, "the body must be an object of `site`, `notice`, `surface` and, if need be, `lang`, "
                                  "and nothing else");
    int r = find_site(&members, edition, choice, complaint);
    return r ? r : find_notice(&members, edition, choice, complaint);
}

static int parse(struct text json, const struct edition *edition,
                 int (*parse_root)(json_t *root, const struct edition *edition, struct choice *choice,
                                   struct buffer *complaint),
                 struct choice *ret_choice, struct buffer *complaint)
{
    struct choice choice = {.granted = 0};
    json_error_t error;

    if (json.size > CONSENT_BODY_BYTES_MAX)
        return invalid(complaint, "the body is too large");
    JSON_AUTO *root = json_loadb(json.size ? json.data : "", json.size, JSON_REJECT_DUPLICATES, &error);
    if (!root) {
        /* jansson tells what is wrong with a text; where it tells nothing, memory was. */
        if (!error.text[0] || json_error_code(&error) == json_error_out_of_memory)
            return error_origin(-ENOMEM);
        return invalid(complaint, "the body must be one JSON object");
    }
    int r = parse_root(root, edition, &choice, complaint);
    if (r == 0)
        *ret_choice = choice;
    else
        ret_choice->site = choice.site; /* so that its pages may read what is wrong */
    return r ? r : error_trace(complaint->fault);
}

int choice_parse(struct text json, const struct edition *edition, struct choice *ret_choice, struct buffer *complaint)
{
    return parse(json, edition, parse_choice, ret_choice, complaint);
}

int choice_parse_shown(struct text json, const struct edition *edition, struct choice *ret_choice,
                       struct buffer *complaint)
{
    return parse(json, edition, parse_shown, ret_choice, complaint);
}
