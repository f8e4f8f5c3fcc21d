/*
 * generate: events of a made-up site, as one CSV that crumb and its peers load.
 *
 *   build/bench/generate --events N --days D [--first 2026-01-01] [--zone Europe/Berlin] [--seed 1] [--pages 3000] >
 * hits.csv build/bench/generate --log ... > access.log      the same page views as a combined access log
 *   build/bench/generate --regulars N ...            N of the visitors come every day, REGULAR_ROWS views in all
 *
 * The same seed gives the same bytes.  Days are filled one after the other: each
 * visit draws who comes (nearly half are new, the others have been there, most
 * of them lately), when, from where, and how many pages and events follow.  The
 * events are then ordered by visitor and time, cut into visits as crumb does it
 * (a silence of VISIT_GAP_MS, or midnight at the site), and written in the order
 * of time.  What is true of a whole visit stands in each of its rows.
 *
 * A row is a page view or a custom event.  What was seen of a page (dwell,
 * scroll) stands with its view.  No value holds a comma or a quote.
 */
#include "crumb/base/limits.h"
#include "crumb/base/zone.h"
#include "traffic.h"
#include <getopt.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))
#define PAGES_DEFAULT 3000
#define PAGES_MAX 1000000
#define VISIT_ROWS_MAX 30
#define REGULAR_ROWS 1000
#define HOST "shop.example"
#define DAY_S 86400

enum { PAGE_HOME, PAGE_PRODUCTS, PAGE_CART, PAGE_CHECKOUT, PAGE_THANKS, PAGE_BLOG, PAGE_DOCS, PAGE_FIRST };
enum { EVENT_NONE, EVENT_SIGNUP, EVENT_DOWNLOAD, EVENT_PURCHASE };
static const char *const event_names[] = {"", "signup", "download", "purchase"};
static const char *const plans[] = {"free", "team", "business"};

struct row {
    int64_t at_ms;
    uint32_t visitor, visit, page;
    uint16_t dwell_s, cents;
    uint8_t event, plan, scroll, origin;
};

struct options {
    uint64_t n_rows, seed;
    unsigned n_days, n_pages, n_regulars;
    struct zone_date first;
    const char *zone;
    bool log;
};

struct generator {
    struct options options;
    struct zone *zone;
    struct row *rows;
    size_t n_rows;
    uint32_t n_visitors, n_visits;
    uint64_t state;
    double *pages; /* n_pages sums */
    double places[N_OF(traffic_places)], agents[N_OF(traffic_agents)], origins[N_OF(traffic_origins)], hours[24];
};

/* ---- chance ---- */

/* Splitmix64: what was drawn for a visitor can be drawn again from its number. */
static uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9;
    x = (x ^ x >> 27) * 0x94d049bb133111eb;
    return x ^ x >> 31;
}

static double unit(uint64_t bits) { return (double)(bits >> 11) * 0x1p-53; }
static double chance(struct generator *g) { return unit(mix(g->state++)); }
static double about(struct generator *g, double mean) { return -mean * log(1 - chance(g)); }

/* The first whose sum of weights exceeds the share @x of all. */
static size_t pick(const double *sums, size_t n, double x)
{
    size_t low = 0, high = n - 1;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (sums[middle] > x * sums[n - 1])
            high = middle;
        else
            low = middle + 1;
    }
    return low;
}

#define SUM_WEIGHTS(sums, list)                                                                                        \
    for (size_t i = 0; i < N_OF(list); i++)                                                                            \
    (sums)[i] = (i ? (sums)[i - 1] : 0) + (double)(list)[i].weight

static void sum_all(struct generator *g)
{
    SUM_WEIGHTS(g->places, traffic_places);
    SUM_WEIGHTS(g->agents, traffic_agents);
    SUM_WEIGHTS(g->origins, traffic_origins);
    for (size_t i = 0; i < 24; i++)
        g->hours[i] = (i ? g->hours[i - 1] : 0) + traffic_hours[i];
    for (size_t i = 0; i < g->options.n_pages; i++) /* Zipf */
        g->pages[i] =
            (i ? g->pages[i - 1] : 0) + (i >= PAGE_CART && i <= PAGE_THANKS ? 0 : 1 / pow((double)i + 1, 0.95));
}

/* ---- visits ---- */

static bool is_product(unsigned page) { return page >= PAGE_FIRST && page % 3 == 1; }

static unsigned next_page(struct generator *g, unsigned page)
{
    double x = chance(g);

    if (is_product(page) && x < 0.12)
        return PAGE_CART;
    if (page == PAGE_CART && x < 0.55)
        return PAGE_CHECKOUT;
    if (page == PAGE_CHECKOUT && x < 0.7)
        return PAGE_THANKS;
    if (x > 0.92)
        return PAGE_HOME;
    return (unsigned)pick(g->pages, g->options.n_pages, chance(g));
}

static uint8_t event_on(struct generator *g, unsigned page)
{
    double x = chance(g);

    if (page == PAGE_THANKS)
        return EVENT_PURCHASE;
    return x < 0.015 ? EVENT_SIGNUP : x < 0.05 ? EVENT_DOWNLOAD : EVENT_NONE;
}

static unsigned length_of_visit(struct generator *g)
{
    double x = chance(g) < 0.42 ? 1 : 1.5 + about(g, 3.6);

    return x > VISIT_ROWS_MAX ? VISIT_ROWS_MAX : (unsigned)x;
}

static uint32_t who(struct generator *g)
{
    if (g->n_visitors == 0 || chance(g) < 0.45)
        return g->n_visitors++;
    return g->n_visitors - 1 - (uint32_t)(g->n_visitors * pow(chance(g), 3));
}

static void add_row(struct generator *g, const struct row *row)
{
    if (g->n_rows < g->options.n_rows)
        g->rows[g->n_rows++] = *row;
}

/* Nobody stays past midnight: a visit that would is left before. */
static void visit_once(struct generator *g, int64_t at_ms, int64_t end_ms)
{
    struct row row = {.visitor = who(g), .origin = (uint8_t)pick(g->origins, N_OF(traffic_origins), chance(g))};
    unsigned page = (unsigned)pick(g->pages, g->options.n_pages, chance(g));

    for (unsigned left = length_of_visit(g); left && at_ms < end_ms; left--) {
        double stay_s = fmin(3 + about(g, 50), 1500);

        row.at_ms = at_ms;
        row.page = page;
        row.event = EVENT_NONE;
        row.plan = 0;
        row.cents = 0;
        row.dwell_s = (uint16_t)(1 + stay_s * (0.6 + 0.4 * chance(g)));
        row.scroll = (uint8_t)fmin(100, 20 + about(g, 45));
        add_row(g, &row);
        row.event = left > 1 ? event_on(g, page) : EVENT_NONE;
        at_ms += (int64_t)(stay_s * 1000);
        if (row.event != EVENT_NONE && at_ms - 1000 < end_ms) {
            row.at_ms = at_ms - 1000;
            row.dwell_s = row.scroll = 0;
            row.plan = row.event == EVENT_SIGNUP ? (uint8_t)(1 + chance(g) * 3) : 0;
            row.cents = row.event == EVENT_PURCHASE ? (uint16_t)(500 + about(g, 6000)) : 0;
            add_row(g, &row);
            left--;
        }
        page = next_page(g, page);
        if (!left)
            break;
    }
}

static void fill_day(struct generator *g, int32_t day, double share)
{
    uint64_t until = (uint64_t)((double)g->options.n_rows * share);
    int64_t start_ms = zone_day_start_ms(g->zone, day), end_ms = zone_day_start_ms(g->zone, day + 1);

    while (g->n_rows < until) {
        double at_s = ((double)pick(g->hours, 24, chance(g)) + chance(g)) * DAY_S / 24;
        visit_once(g, start_ms + (int64_t)(at_s * 1000), end_ms);
    }
}

/* A short visit every day; their numbers come behind all others. */
static void add_regular(struct generator *g)
{
    const int32_t first = zone_day_of_date(g->options.first);
    struct row row = {.visitor = g->n_visitors++, .dwell_s = 20, .scroll = 60};
    int32_t before = -1;

    for (unsigned i = 0; i < REGULAR_ROWS; i++) {
        int32_t day = (int32_t)((uint64_t)i * g->options.n_days / REGULAR_ROWS);

        if (day != before)
            row.at_ms = zone_day_start_ms(g->zone, first + day) + (int64_t)(chance(g) * DAY_S / 2 * 1000);
        row.page = (unsigned)pick(g->pages, g->options.n_pages, chance(g));
        add_row(g, &row);
        row.at_ms += 30000;
        before = day;
    }
}

/* Weekly ups and downs over a slow growth. */
static void fill_days(struct generator *g)
{
    int32_t first = zone_day_of_date(g->options.first);
    double all = 0, so_far = 0;

    for (int pass = 0; pass < 2; pass++) {
        for (unsigned i = 0; i < g->options.n_days; i++) {
            int32_t day = first + (int32_t)i;
            double weight = traffic_weekdays[((day + 3) % 7 + 7) % 7] * (1 + 0.3 * i / g->options.n_days);

            if (pass == 0) {
                all += weight;
                continue;
            }
            so_far += weight;
            fill_day(g, day, i + 1 == g->options.n_days ? 1 : so_far / all);
        }
    }
}

/* ---- order ---- */

static int by_visitor(const void *left, const void *right)
{
    const struct row *a = left, *b = right;

    if (a->visitor != b->visitor)
        return a->visitor < b->visitor ? -1 : 1;
    return (a->at_ms > b->at_ms) - (a->at_ms < b->at_ms);
}

static int by_time(const void *left, const void *right)
{
    const struct row *a = left, *b = right;

    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return (a->visit > b->visit) - (a->visit < b->visit);
}

/* Two visits of one visitor that are close become one; it came as the first of them did. */
static void cut_visits(struct generator *g)
{
    qsort(g->rows, g->n_rows, sizeof *g->rows, by_visitor);
    for (size_t i = 0; i < g->n_rows; i++) {
        struct row *row = &g->rows[i], *before = row - 1;

        if (i && row->at_ms <= before->at_ms && row->visitor == before->visitor)
            row->at_ms = before->at_ms + 1; /* one after the other, so that everybody orders them alike */
        bool same = i && row->visitor == before->visitor && row->at_ms - before->at_ms <= VISIT_GAP_MS &&
                    zone_day(g->zone, row->at_ms) == zone_day(g->zone, before->at_ms);
        g->n_visits += !same;
        row->visit = g->n_visits;
        if (same)
            row->origin = before->origin;
    }
    qsort(g->rows, g->n_rows, sizeof *g->rows, by_time);
}

/* ---- output ---- */

static void name_page(unsigned page, char *path, char *title, size_t size)
{
    static const char *const fixed[PAGE_FIRST] = {"/", "/products", "/cart", "/checkout", "/thanks", "/blog", "/docs"};
    static const char *const titles[PAGE_FIRST] = {"Example Shop", "Products", "Cart",         "Checkout",
                                                   "Thank you",    "Blog",     "Documentation"};
    static const char *const kinds[] = {"/blog/2026/post", "/products/item", "/docs/guide"};
    static const char *const words[] = {"shoes", "linen", "lamps", "tea", "paper", "wool", "oak", "glass"};

    if (page < PAGE_FIRST) {
        snprintf(path, size, "%s", fixed[page]);
        snprintf(title, size, "%s", titles[page]);
        return;
    }
    const char *word = words[mix(page) % N_OF(words)];
    snprintf(path, size, "%s-%s-%u", kinds[page % 3], word, page);
    snprintf(title, size, "All about %s number %u | Example Shop", word, page);
}

static const char *language_of(const char *country, uint64_t bits)
{
    if (bits % 8)
        for (size_t i = 0; i < N_OF(traffic_languages); i++)
            if (strcmp(traffic_languages[i].country, country) == 0)
                return traffic_languages[i].language;
    return "en-US";
}

static void put_row(const struct generator *g, const struct row *row)
{
    char path[128], title[128];
    uint64_t bits = mix(row->visitor ^ g->options.seed << 32);
    const struct traffic_place *place = &traffic_places[pick(g->places, N_OF(traffic_places), unit(bits))];
    const struct traffic_agent *agent = &traffic_agents[pick(g->agents, N_OF(traffic_agents), unit(mix(bits)))];
    const struct traffic_origin *origin = &traffic_origins[row->origin];
    unsigned age = (unsigned)(mix(bits + 1) % 16);
    struct zone_date date = zone_date_of_day(zone_day(g->zone, row->at_ms));

    name_page(row->page, path, title, sizeof path);
    printf("%" PRIu32 ",%" PRIu32 ",%" PRId64 ",%04d-%02u-%02u,%s,%s," HOST ",%s,%s,%u,%u,%u,%s,%s,", row->visit,
           row->visitor + 1, row->at_ms, date.year, date.month, date.mday, row->event ? "event" : "view",
           event_names[row->event], path, title, row->dwell_s, row->scroll, row->cents, row->cents ? "EUR" : "",
           row->plan ? plans[row->plan - 1] : "");
    printf("%s,%s,%s,%s,%s,%u,%s,%s,%s,%s,%s,%s,%s,%s,%s,%s,%u,%u\n", agent->device, agent->brand, agent->os,
           agent->os_version, agent->browser,
           agent->version - (age < 10   ? 0
                             : age < 14 ? 1
                                        : age - 12),
           place->country, place->region, place->city, origin->source, origin->channel, origin->referrer,
           origin->utm_source, origin->utm_medium, origin->utm_campaign, language_of(place->country, mix(bits + 2)),
           agent->width, agent->height);
}

/* A visitor is an address here, as those who read logs take it. */
static void put_log_line(const struct row *row)
{
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    char path[128], title[128];
    int64_t at_s = row->at_ms / 1000;
    struct zone_date date = zone_date_of_day((int32_t)(at_s / DAY_S));
    unsigned second = (unsigned)(at_s % DAY_S);

    if (row->event)
        return;
    name_page(row->page, path, title, sizeof path);
    printf("10.%u.%u.%u - - [%02u/%s/%d:%02u:%02u:%02u +0000] \"GET %s HTTP/1.1\" 200 5120 \"%s\" "
           "\"Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0\"\n",
           row->visitor >> 16 & 255, row->visitor >> 8 & 255, row->visitor & 255, date.mday, months[date.month - 1],
           date.year, second / 3600, second / 60 % 60, second % 60, path,
           *traffic_origins[row->origin].referrer ? traffic_origins[row->origin].referrer : "-");
}

static void put_all(const struct generator *g)
{
    if (!g->options.log)
        puts("visit,visitor,t_ms,day,kind,name,host,page,title,dwell_s,scroll,cents,currency,plan,device,brand,os,"
             "os_version,browser,browser_version,country,region,city,source,channel,referrer,utm_source,utm_medium,"
             "utm_campaign,language,width,height");
    for (size_t i = 0; i < g->n_rows; i++) {
        if (g->options.log)
            put_log_line(&g->rows[i]);
        else
            put_row(g, &g->rows[i]);
    }
}

/* ---- the command ---- */

static int usage(void)
{
    fprintf(stderr,
            "usage: generate --events N --days D [--first YYYY-MM-DD] [--zone NAME] [--seed N] [--pages N] [--log] "
            "[--regulars N]\n");
    return 2;
}

static bool read_options(int argc, char **argv, struct options *options)
{
    static const struct option known[] = {{"events", required_argument, NULL, 'e'},
                                          {"days", required_argument, NULL, 'd'},
                                          {"first", required_argument, NULL, 'f'},
                                          {"zone", required_argument, NULL, 'z'},
                                          {"seed", required_argument, NULL, 's'},
                                          {"pages", required_argument, NULL, 'p'},
                                          {"regulars", required_argument, NULL, 'r'},
                                          {"log", no_argument, NULL, 'l'},
                                          {0}};
    int option;

    while ((option = getopt_long(argc, argv, "", known, NULL)) >= 0) {
        if (option == 'e')
            options->n_rows = strtoull(optarg, NULL, 10);
        else if (option == 'd')
            options->n_days = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'r')
            options->n_regulars = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 's')
            options->seed = strtoull(optarg, NULL, 10);
        else if (option == 'p')
            options->n_pages = (unsigned)strtoul(optarg, NULL, 10);
        else if (option == 'z')
            options->zone = optarg;
        else if (option == 'l')
            options->log = true;
        else if (option != 'f' ||
                 sscanf(optarg, "%d-%u-%u", &options->first.year, &options->first.month, &options->first.mday) != 3)
            return false;
    }
    return optind == argc && options->n_rows > (uint64_t)options->n_regulars * REGULAR_ROWS && options->n_days &&
           options->n_pages > PAGE_FIRST && options->n_pages <= PAGES_MAX && zone_date_valid(options->first);
}

int main(int argc, char **argv)
{
    static struct generator g = {.options = {.seed = 1,
                                             .n_pages = PAGES_DEFAULT,
                                             .first = {.year = 2026, .month = 1, .mday = 1},
                                             .zone = "Europe/Berlin"}};

    if (!read_options(argc, argv, &g.options))
        return usage();
    g.state = mix(g.options.seed);
    g.rows = malloc(g.options.n_rows * sizeof *g.rows);
    g.pages = malloc(g.options.n_pages * sizeof *g.pages);
    if (!g.rows || !g.pages || zone_new(g.options.zone, &g.zone)) {
        fprintf(stderr, "generate: no memory for so many events, or no such zone\n");
        return 3;
    }
    sum_all(&g);
    g.options.n_rows -= (uint64_t)g.options.n_regulars * REGULAR_ROWS;
    fill_days(&g);
    g.options.n_rows += (uint64_t)g.options.n_regulars * REGULAR_ROWS;
    for (unsigned i = 0; i < g.options.n_regulars; i++)
        add_regular(&g);
    cut_visits(&g);
    put_all(&g);
    fprintf(stderr, "generate: %zu events, %" PRIu32 " visits, %" PRIu32 " visitors\n", g.n_rows, g.n_visits,
            g.n_visitors);
    zone_free(g.zone);
    free(g.rows);
    free(g.pages);
    return fflush(stdout) ? 3 : 0;
}
