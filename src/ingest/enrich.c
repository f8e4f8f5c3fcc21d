/*
 * From a request and its event to the fields that the server adds.
 */
#include "crumb/ingest/enrich.h"
#include "crumb/ingest/device.h"
#include "crumb/ingest/source.h"

static void look_up_agent(struct enrich *enrich)
{
    const struct enrich_request *request = &enrich->request;
    const struct agent_hints *hints = &request->headers.hints;

    if (enrich->done)
        return;
    enrich->done = true;
    if (request->agent_cache)
        enrich->agent = *agent_get(request->agent_cache, request->agent_rules, hints);
    else
        enrich->agent.device = device_of(hints->mobile, hints->agent);
    /* Nobody is judged by what they say of themselves where the owner did not ask for agents to be read. */
    if (!request->agent_rules)
        enrich->agent.bot = BOT_NONE;
    /* What says that it is a program is one, whatever its other headers are like. */
    else if (enrich->agent.bot == BOT_NONE)
        enrich->agent.bot = bot_of_headers(&request->headers);
}

const struct place *enrich_place(struct enrich *enrich)
{
    if (!enrich->located)
        enrich->place = geo_locate_city(enrich->request.geo, enrich->request.client, &enrich->city);
    enrich->located = true;
    return &enrich->place;
}

static void put_place(struct enrich *enrich, struct event *event)
{
    const struct place *place = enrich_place(enrich);

    event->country = text_of(place->country);
    event->region = text_of(place->region);
    event->city = enrich->city;
}

static void put_agent(const struct enrich *enrich, struct event *event)
{
    const struct agent *agent = &enrich->agent;

    event->device = agent->device;
    event->brand = agent->brand;
    event->model = agent->model;
    event->os = agent->os;
    event->os_version = agent->os_version;
    event->browser = agent->browser;
    event->browser_version = agent->browser_version;
}

void enrich_event(struct enrich *enrich, const struct site *site, struct event *event)
{
    look_up_agent(enrich);
    if (enrich->request.client)
        event->address = address_kept(enrich->request.client, site->address, enrich->address);
    event->bot = enrich->agent.bot;
    if (event->kind == EVENT_PING)
        return; /* its page view has said the rest */
    put_place(enrich, event);
    put_agent(enrich, event);
    struct source source = source_of(enrich->request.suffixes, site, event);
    event->source = source.name;
    event->channel = source.channel;
}
