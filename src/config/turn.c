/*
 * What is announced under `next`, and its turn.
 */
#include "crumb/config/config.h"
#include "site.h"
#include <stdlib.h>

struct site config_future(const struct site *site)
{
    const struct site *next = site->next;
    struct site future = *site;

    if (next->controller.name)
        future.controller = next->controller;
    if (next->storage.country)
        future.storage = next->storage;
    future.retention = next->retention;
    future.address = next->address;
    future.on_withdraw = next->on_withdraw;
    future.recipients = next->recipients;
    future.n_recipients = next->n_recipients;
    if (next->purposes) {
        future.purposes = next->purposes;
        future.n_purposes = next->n_purposes;
    }
    future.next = NULL;
    future.from = NULL;
    return future;
}

/* What the site takes over leaves its place in `next` to what it replaces, which goes with it. */
static void turn(struct site *site)
{
    struct site *next = site->next, future = config_future(site), past = *site;

    if (next->controller.name)
        next->controller = past.controller;
    if (next->storage.country)
        next->storage = past.storage;
    next->recipients = past.recipients;
    next->n_recipients = past.n_recipients;
    if (next->purposes) {
        next->purposes = past.purposes;
        next->n_purposes = past.n_purposes;
    }
    free(site->from);
    site_deinit(next);
    free(next);
    *site = future;
}

void config_turn(struct config *config, int64_t now_ms)
{
    for (unsigned i = 0; i < config->n_sites; i++)
        if (config->sites[i].next && config->sites[i].from_ms <= now_ms)
            turn(&config->sites[i]);
}

int64_t config_turns_ms(const struct config *config)
{
    int64_t first = INT64_MAX;

    for (unsigned i = 0; i < config->n_sites; i++)
        if (config->sites[i].next && config->sites[i].from_ms < first)
            first = config->sites[i].from_ms;
    return first;
}
