/*
 * Two rules about behaviour.
 */
#include "crumb/rollup/bots.h"

void bots_view(struct bots_speed *speed, int64_t at_ms)
{
    unsigned at = speed->n++ % BOT_SPEED_VIEWS;

    speed->times_ms[at] = at_ms;
    if (speed->n < BOT_SPEED_VIEWS)
        return;
    /* The ring is full: the next place holds the oldest. */
    int64_t oldest_ms = speed->times_ms[speed->n % BOT_SPEED_VIEWS];
    speed->exceeded |= (uint64_t)at_ms - (uint64_t)oldest_ms <= BOT_SPEED_MS;
}

static bool looks_like_crowd(const struct bots_network *network)
{
    return network->n_visitors >= BOT_CROWD_VISITORS_MIN &&
           (uint64_t)network->n_lone * 100 >= (uint64_t)network->n_visitors * BOT_CROWD_PERCENT;
}

void bots_find_crowds(const struct bots_visitor *visitors, size_t n_visitors, struct bots_network *networks,
                      size_t n_networks)
{
    uint64_t n_others = 0, n_others_lone = 0;

    for (size_t i = 0; i < n_visitors; i++) {
        networks[visitors[i].network].n_visitors++;
        networks[visitors[i].network].n_lone += visitors[i].lone;
    }
    for (size_t i = 0; i < n_networks; i++) {
        networks[i].is_crowd = i > 0 && looks_like_crowd(&networks[i]);
        if (networks[i].is_crowd)
            continue;
        n_others += networks[i].n_visitors;
        n_others_lone += networks[i].n_lone;
    }
    bool others_live = 2 * n_others_lone < n_others;
    for (size_t i = 0; i < n_networks; i++)
        networks[i].is_crowd &= others_live;
}
