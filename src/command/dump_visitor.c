/*
 * Everything of one visitor, each row with its tier: what `crumb export` gives
 * whoever asks for what is kept of them.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/consent/visitor.h"
#include "crumb/store/day.h"
#include "crumb/store/journal.h"
#include "crumb/store/secret.h"
#include "crumb/store/trail.h"
#include "dump.h"
#include <stdio.h>

static int find_number(void *context, const struct journal_record *record)
{
    struct visitor_wish *wish = context;

    if (memcmp(record->visitor, wish->id, VISITOR_BYTES) == 0)
        wish->number = record->number;
    return wish->number != 0;
}

struct search {
    const struct setup *setup;
    struct visitor_wish *wish;
    uint32_t site;
};

static int search_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    const struct search *search = context;

    (void)state;
    return site == search->site ? journal_each(search->setup->txn, site, day, 0, find_number, search->wish) : 0;
}

/* The number in segments is in the visitor's row, and in the journal where that is gone. 0 or a fault. */
static int number_visitor(const struct setup *setup, uint32_t site, struct visitor_wish *wish)
{
    struct search search = {.setup = setup, .wish = wish, .site = site};
    struct visitor visitor;
    int r = visitor_get(setup->txn, site, wish->id, &visitor);

    if (r == 0)
        wish->number = visitor.number;
    if (r == DB_E_NOT_FOUND)
        r = day_each(setup->txn, search_day, &search);
    return r < 0 ? error_trace(r) : 0;
}

static int print_all(struct dump *dump)
{
    static const struct {
        const char *name;
        int (*dump)(struct dump *dump);
    } tiers[] = {{"visitors", dump_visitors}, {"ledger", dump_ledger},     {"journal", dump_journal},
                 {"segment", dump_segments},  {"requests", dump_requests}, {"minors", dump_minors}};
    int r = 0;

    for (size_t i = 0; r == 0 && i < sizeof tiers / sizeof *tiers; i++) {
        dump->tier = tiers[i].name;
        r = tiers[i].dump(dump);
    }
    return error_trace(r);
}

int command_dump_visitor(const struct setup *setup, const struct site *site, const uint8_t id[VISITOR_BYTES])
{
    struct visitor_wish wish = {.id = id};
    struct dump dump = {.setup = *setup, .site = site, .visitor = &wish};
    const char *folder = setup->edition->config->data;
    struct trail trail;
    uint8_t seed[SECRET_BYTES];
    char object[TRAIL_VISITOR_TEXT_BYTES];
    int r = secret_key(folder, SECRET_LEDGER, false, NULL, seed);

    if (r) {
        fprintf(stderr, "crumb export: %s/" SECRET_LEDGER ": %s; it is needed to name the visitor on record\n", folder,
                error_trail(r));
        return EXIT_FAILED;
    }
    trail_init(&trail, seed);
    trail_visitor(&trail, id, wish.asker);
    trail_visitor_text(&trail, id, object);
    int exit = command_act(
        folder, &(struct trail_entry){.act = ACT_DISCLOSED, .site = text_of(site->name), .object = text_of(object)});
    if (exit)
        return exit;
    r = number_visitor(setup, site->id, &wish);
    if (r == 0)
        r = print_all(&dump);
    if (r) {
        log_fault("the store cannot be read further; `crumb verify` tells more", r);
        return EXIT_FAILED;
    }
    if (dump.n_lines == 0)
        fprintf(stderr, "crumb export: nothing is kept of this visitor\n");
    return dump.n_lines ? EXIT_GOOD : EXIT_NO;
}
