/*
 * From a request to a record.
 */
#include "crumb/consent/choice.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include <errno.h>

/* ---- parsing ---- */

uint32_t choice_all(const struct site *site)
{
    return site->n_purposes == 32 ? UINT32_MAX : (1u << site->n_purposes) - 1;
}

static int invalid(struct buffer *complaint, const char *what)
{
    buffer_put_text(complaint, text_of(what));
    return CHOICE_E_INVALID;
}

static int parse_answers(json_t *purposes, struct choice *choice, bool *ret_said, struct buffer *complaint)
{
    const char *name;
    json_t *answer;
    uint32_t asked = 0;

    *ret_said = purposes != NULL;
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
    if (asked != choice_all(choice->site))
        return invalid(complaint, "`purposes` must answer every purpose of the notice, granted or refused");
    return 0;
}

/* What the action says and what the answers say must be the same thing. */
static int check_action(struct choice *choice, bool said, struct buffer *complaint)
{
    uint32_t all = choice_all(choice->site);

    switch (choice->kind) {
    case CHOICE_GRANT:
        if (said && choice->granted != all)
            return invalid(complaint, "`grant` grants every purpose; use `custom` for some of them");
        choice->granted = all;
        return 0;
    case CHOICE_DENY:
    case CHOICE_DISMISS:
    case CHOICE_WITHDRAW:
        if (choice->granted)
            return invalid(complaint, "`deny`, `dismiss` and `withdraw` grant nothing; use `custom`");
        return 0;
    case CHOICE_CUSTOM:
        return said ? 0 : invalid(complaint, "`custom` needs `purposes`");
    default:
        return invalid(complaint, "`action` must be grant, deny, custom, dismiss or withdraw");
    }
}

static int parse_object(json_t *root, const struct edition *edition, struct choice *ret_choice,
                        struct buffer *complaint)
{
    struct choice choice = {.granted = 0};
    const char *site, *notice, *lang = "", *surface, *action;
    size_t site_size, notice_size, lang_size = 0, surface_size, action_size;
    json_t *purposes = NULL;
    json_error_t error;

    if (json_unpack_ex(root, &error, JSON_STRICT, "{s:s%, s:s%, s?:s%, s:s%, s:s%, s?:o}", "site", &site, &site_size,
                       "notice", &notice, &notice_size, "lang", &lang, &lang_size, "surface", &surface, &surface_size,
                       "action", &action, &action_size, "purposes", &purposes) < 0)
        return invalid(complaint,
                       "the body must be an object of `site`, `notice`, `surface`, `action` and, if need be, `lang` "
                       "and `purposes`, and nothing else");
    choice.site = config_site(edition->config, (struct text){.data = site, .size = site_size});
    if (!choice.site) {
        buffer_put_text(complaint, TEXT("`site` is not one of this service's sites"));
        return CHOICE_E_UNKNOWN_SITE;
    }
    ret_choice->site = choice.site; /* so that its pages may read what is wrong */
    int found_surface = words_find_surface((struct text){.data = surface, .size = surface_size});
    if (found_surface < 0)
        return invalid(complaint, "`surface` must be banner, dialog, page or api");
    choice.surface = (enum surface)found_surface;
    int kind = words_find_choice_kind((struct text){.data = action, .size = action_size});
    if (kind < 0)
        return invalid(complaint, "`action` must be grant, deny, custom, dismiss or withdraw");
    choice.kind = (enum choice_kind)kind;
    struct text wanted = {.data = lang, .size = lang_size};
    choice.notice = edition_notice_by_hex(edition, choice.site, (struct text){.data = notice, .size = notice_size});
    /* Nobody has to read again to take consent back: GDPR art. 7(3). */
    if (choice.kind == CHOICE_WITHDRAW && !choice.notice)
        choice.notice = edition_notice(edition, choice.site, wanted);
    if (!choice.notice || (lang_size && choice.notice != edition_notice(edition, choice.site, wanted))) {
        buffer_put_text(complaint,
                        TEXT("`notice` is not what is shown now; read GET /v1/notice, show it, and ask again"));
        return CHOICE_E_STALE_NOTICE;
    }
    bool said;
    int r = parse_answers(purposes, &choice, &said, complaint);
    if (r == 0)
        r = check_action(&choice, said, complaint);
    if (r == 0)
        *ret_choice = choice;
    return r;
}

int choice_parse(struct text json, const struct edition *edition, struct choice *ret_choice, struct buffer *complaint)
{
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
    int r = parse_object(root, edition, ret_choice, complaint);
    return r ? r : error_trace(complaint->fault);
}

/* ---- recording ---- */

bool choice_collects(const struct site *site, uint32_t granted)
{
    for (unsigned i = 0; i < site->n_purposes; i++)
        if (granted & 1u << i && site->purposes[i].collects)
            return true;
    return false;
}

static struct ledger_record make_record(const struct choice *choice, const struct edition *edition,
                                        const struct choice_context *context)
{
    struct ledger_record record = {.at_ms = context->at_ms,
                                   .site = text_of(choice->site->name),
                                   .kind = choice->kind,
                                   .surface = choice->surface,
                                   .regime = choice->site->regime,
                                   .signals = context->gpc ? LEDGER_SIGNAL_GPC : 0,
                                   .lang = text_of(choice->notice->lang),
                                   .n_answers = choice->site->n_purposes};

    memcpy(record.id, context->record_id, RECORD_ID_BYTES);
    memcpy(record.notice, choice->notice->hash, HASH_BYTES);
    memcpy(record.material, edition_notices(edition, choice->site)->material, HASH_BYTES);
    for (unsigned i = 0; i < choice->site->n_purposes; i++)
        record.answers[i] = (struct ledger_answer){.purpose = text_of(choice->site->purposes[i].name),
                                                   .granted = choice->granted & 1u << i};
    return record;
}

static struct visitor make_visitor(const struct choice *choice, const struct choice_context *context,
                                   const struct visitor *before, uint64_t sequence)
{
    struct visitor visitor = {.choice = choice->kind,
                              .gpc_at_choice = context->gpc,
                              .restricted = before && before->restricted,
                              .minor = before && before->minor,
                              .consent = sequence,
                              .first_consent = before ? before->first_consent : sequence,
                              .since_ms = before ? before->since_ms : context->at_ms,
                              .at_ms = context->at_ms};

    for (unsigned i = 0; i < choice->site->n_purposes; i++)
        if (choice->granted & 1u << i)
            visitor.granted[visitor.n_granted++] = choice->site->purposes[i].material;
    return visitor;
}

/*
 * The id that a browser brings is used again only while its row is there: an
 * id whose owner has withdrawn, been erased or expired must not come back to
 * life.
 */
static int find_before(struct batch *batch, const struct choice *choice, const struct choice_context *context,
                       struct visitor *before, bool *ret_found)
{
    *ret_found = false;
    if (!context->known)
        return 0;
    int r = visitor_get(batch->txn, choice->site->id, context->visitor, before);
    if (r < 0 && r != -EBADMSG)
        return error_trace(r);
    *ret_found = r == 0 && context->at_ms - before->since_ms < choice->site->retention.visitor_ms;
    return 0;
}

int choice_record(struct batch *batch, const struct choice *choice, const struct edition *edition,
                  const struct choice_context *context, struct choice_result *ret_result)
{
    struct choice_result result = {.record = make_record(choice, edition, context), .granted = choice->granted};
    struct visitor before;
    bool found;
    int r = find_before(batch, choice, context, &before, &found);

    if (r)
        return error_trace(r);
    result.keeps_choice = choice->kind == CHOICE_DISMISS && found;
    result.keeps_id = result.keeps_choice || choice_collects(choice->site, choice->granted);
    memcpy(result.visitor, found || !result.keeps_id ? context->visitor : context->fresh, VISITOR_BYTES);
    if (result.keeps_id || context->known)
        memcpy(result.record.visitor, result.visitor, VISITOR_BYTES);

    r = ledger_append(batch, &result.record);
    if (r)
        return error_trace(r);
    if (result.keeps_id && !result.keeps_choice) {
        struct visitor after = make_visitor(choice, context, found ? &before : NULL, result.record.sequence);
        r = visitor_put(batch->txn, choice->site->id, result.visitor, &after);
    } else if (!result.keeps_id && context->known) {
        r = visitor_delete(batch->txn, choice->site->id, context->visitor);
    }
    if (r)
        return error_trace(r);
    *ret_result = result;
    return 0;
}
