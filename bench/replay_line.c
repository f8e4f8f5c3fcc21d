/*
 * Reading the lines of replay (replay.c says what they may have).
 */
#include "replay_line.h"
#include "crumb/base/limits.h"
#include <arpa/inet.h>

static bool read_purposes(json_t *purposes, const struct site *site, uint32_t *ret_granted)
{
    uint32_t granted = 0;
    size_t i;
    json_t *name;

    json_array_foreach(purposes, i, name)
    {
        int purpose = json_is_string(name) ? config_purpose(site, text_of(json_string_value(name))) : -1;

        if (purpose < 0)
            return false;
        granted |= 1u << purpose;
    }
    *ret_granted = granted;
    return json_is_array(purposes);
}

static void read_address(const char *ip, struct replay_line *line)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&line->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&line->address;

    if (inet_pton(AF_INET, ip, &v4->sin_addr) == 1)
        line->address.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, ip, &v6->sin6_addr) == 1)
        line->address.ss_family = AF_INET6;
    line->has_address = line->address.ss_family != 0;
}

static bool read_choice(json_t *purposes, const char *action, const char *surface, struct replay_line *line)
{
    int kind = action ? words_find_choice_kind(text_of(action)) : 0;
    int found = surface ? words_find_surface(text_of(surface)) : SURFACE_API;

    line->has_choice = purposes != NULL;
    line->kind = kind < 0 ? 0 : (enum choice_kind)kind;
    line->surface = found < 0 ? SURFACE_API : (enum surface)found;
    return kind >= 0 && found >= 0 && (purposes || !action);
}

static bool read_request(json_t *request, struct replay_line *line)
{
    const char *kind;

    if (!request)
        return true;
    line->contact = "";
    if (json_unpack(request, "{s:s, s:s, s?:s}", "kind", &kind, "text", &line->text, "contact", &line->contact) < 0)
        return false;
    int found = request_find_kind(text_of(kind));
    line->asks = found < 0 ? 0 : (enum request_kind)found;
    return found >= 0 && strlen(line->text) <= REQUEST_TEXT_BYTES_MAX &&
           strlen(line->contact) <= REQUEST_CONTACT_BYTES_MAX;
}

static bool read_step(json_t *step, struct replay_line *line)
{
    const char *state;
    json_int_t number;

    if (!step)
        return true;
    line->note = "";
    if (json_unpack(step, "{s:I, s:s, s:s, s?:s}", "number", &number, "state", &state, "officer", &line->officer,
                    "note", &line->note) < 0)
        return false;
    int found = request_find_state(text_of(state));
    line->state = found < 0 ? 0 : (enum request_state)found;
    line->number = (uint32_t)number;
    return found >= 0 && number > 0 && number <= UINT32_MAX && strlen(line->note) <= REQUEST_NOTE_BYTES_MAX &&
           strlen(line->officer) <= TRAIL_NAME_BYTES_MAX;
}

const char *replay_line_read(json_t *root, const struct config *config, struct replay_line *ret_line)
{
    struct replay_line line = {.agent = "", .lang = ""};
    const char *site, *ip = "", *action = NULL, *surface = NULL;
    json_int_t at_ms;
    json_t *purposes = NULL, *request = NULL, *step = NULL;
    int shown = 0;

    if (!root)
        return "it is not a JSON object";
    if (json_unpack(root, "{s:I, s:s, s:s, s?:s, s?:s, s?:s, s?:s, s?:s, s?:b, s?:s, s?:o, s?:o, s?:o}", "t", &at_ms,
                    "site", &site, "visitor", &line.visitor, "ip", &ip, "ua", &line.agent, "lang", &line.lang, "action",
                    &action, "surface", &surface, "shown", &shown, "event", &line.event, "purposes", &purposes,
                    "request", &request, "step", &step) < 0)
        return "it needs t, site, visitor, and members of the right types";
    line.at_ms = at_ms;
    line.shown = shown;
    line.site = config_site(config, text_of(site));
    if (!line.site)
        return "its site is not one of the configuration";
    if (purposes && !read_purposes(purposes, line.site, &line.granted))
        return "one of its purposes is not one of the site's";
    if (!read_choice(purposes, action, surface, &line))
        return "its action or surface is none, or it has an action without purposes";
    if (!purposes && !line.shown && !line.event && !request && !step)
        return "it needs one of event, purposes, shown, request and step";
    if (line.event && strlen(line.event) > QUERY_BYTES_MAX)
        return "its event is too long";
    if (!read_request(request, &line))
        return "its request needs a kind and a text, and neither is too long";
    if (!read_step(step, &line))
        return "its step needs the number of a request, a state and an officer";
    read_address(ip, &line);
    *ret_line = line;
    return NULL;
}
