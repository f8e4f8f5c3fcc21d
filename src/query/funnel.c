/*
 * One pass over the hits of a visit, whatever the number of ways through it.
 *
 * For each step the latest way to it is kept: when each of its steps was made.
 * A hit that makes step k continues the way to k - 1 and replaces the way to k,
 * even when that lies as far back: the later way begins at the same hit or at a
 * later one, so it stays inside the window longest.  Steps are tried from the
 * last to the first, so that a hit does not make two.
 *
 * In strict order a view of another page ends every way that it does not
 * continue.
 */
#include "crumb/query/funnel.h"
#include "crumb/base/error.h"
#include "journeys.h"
#include <assert.h>
#include <errno.h>
#include <stdlib.h>

#define FIRST_SLOTS 1024
#define SLOTS_OF_LINE 8 /* 64 bytes */

/* Visitors that came to the first step: open addressing, a power of 2, at most half full. */
struct slot {
    uint32_t visitor;
    uint32_t n_made; /* steps, at the most; 0: free */
};

struct funnel {
    struct funnel_question question;
    struct journeys_counts counts;
    uint64_t visits[FUNNEL_STEPS_MAX], after_s[FUNNEL_STEPS_MAX];
    struct slot *slots;
    size_t n_slots, n_visitors;
};

int funnel_new(const struct funnel_question *question, struct funnel **ret_funnel)
{
    struct funnel *funnel = calloc(1, sizeof *funnel);

    assert(question->n_steps >= 1 && question->n_steps <= FUNNEL_STEPS_MAX);
    if (!funnel)
        return error_origin(-ENOMEM);
    funnel->question = *question;
    *ret_funnel = funnel;
    return 0;
}

struct funnel *funnel_free(struct funnel *funnel)
{
    if (!funnel)
        return NULL;
    free(funnel->slots);
    free(funnel);
    return NULL;
}

uint64_t funnel_columns(const struct funnel_question *question)
{
    uint64_t columns =
        journeys_columns(question->filter) | COLUMN_BIT(COLUMN_VISIT_visitor) | COLUMN_BIT(COLUMN_HIT_after_s);

    if (question->is_strict)
        columns |= COLUMN_BIT(COLUMN_HIT_page) | COLUMN_BIT(COLUMN_HIT_act) | COLUMN_BIT(COLUMN_PAGE_path);
    for (unsigned i = 0; i < question->n_steps; i++)
        columns |= filter_columns(question->steps[i]);
    return columns;
}

/* ---- visitors ---- */

/*
 * A day's visitors come by their numbers, and its new ones have numbers behind
 * each other: those that share a line of the cache here follow each other.
 */
static struct slot *find_slot(struct slot *slots, size_t n_slots, uint32_t visitor)
{
    uint64_t line = visitor / SLOTS_OF_LINE * 0x9e3779b97f4a7c15 >> 32;
    size_t at = (size_t)(line * SLOTS_OF_LINE + visitor % SLOTS_OF_LINE) & (n_slots - 1);

    while (slots[at].n_made && slots[at].visitor != visitor)
        at = (at + 1) & (n_slots - 1);
    return &slots[at];
}

static int grow_slots(struct funnel *funnel)
{
    size_t n_slots = funnel->n_slots ? 2 * funnel->n_slots : FIRST_SLOTS;
    struct slot *slots = calloc(n_slots, sizeof *slots);

    if (!slots)
        return error_origin(-ENOMEM);
    for (size_t i = 0; i < funnel->n_slots; i++)
        if (funnel->slots[i].n_made)
            *find_slot(slots, n_slots, funnel->slots[i].visitor) = funnel->slots[i];
    free(funnel->slots);
    funnel->slots = slots;
    funnel->n_slots = n_slots;
    return 0;
}

static int note_visitor(struct funnel *funnel, uint32_t visitor, uint32_t n_made)
{
    if (2 * (funnel->n_visitors + 1) > funnel->n_slots) {
        int r = grow_slots(funnel);
        if (r < 0)
            return error_trace(r);
    }
    struct slot *slot = find_slot(funnel->slots, funnel->n_slots, visitor);
    if (!slot->n_made) {
        if (funnel->n_visitors == FUNNEL_VISITORS_MAX)
            return FUNNEL_E_FULL;
        funnel->n_visitors++;
        slot->visitor = visitor;
    }
    slot->n_made = n_made > slot->n_made ? n_made : slot->n_made;
    return 0;
}

/* ---- one visit ---- */

/* When each step of a way was made, in seconds since the visit's start. */
struct way {
    bool exists;
    uint32_t at_s[FUNNEL_STEPS_MAX];
};

/* A table under way. */
struct walk {
    struct funnel *funnel;
    const struct table *table;
    uint32_t *made; /* a bit a step: which steps each hit would make */
};
_Static_assert(FUNNEL_STEPS_MAX <= 32, "a bit a step");

struct attempt {
    struct way ways[FUNNEL_STEPS_MAX]; /* the latest to each step */
    struct way best;                   /* the first that got furthest */
    unsigned n_made;                   /* its steps */
};

/* Whether the hit is a view of another page than the one viewed before it. */
static bool leaves_page(const struct walk *walk, size_t hit, uint32_t *page)
{
    uint32_t *const *columns = walk->table->columns;

    if (columns[COLUMN_HIT_act][hit])
        return false;
    uint32_t path = columns[COLUMN_PAGE_path][columns[COLUMN_HIT_page][hit]];
    bool is_other = path != *page;
    *page = path;
    return is_other;
}

static bool can_continue(const struct way *way, uint32_t at_s, uint32_t window_s)
{
    return way->exists && (!window_s || at_s - way->at_s[0] <= window_s);
}

/* A hit that would make the steps @made. */
static void advance(struct attempt *attempt, const struct funnel_question *question, uint32_t made, bool leaves,
                    uint32_t at_s)
{
    for (unsigned step = question->n_steps; step-- > 0;) {
        struct way *way = &attempt->ways[step];
        bool makes = made >> step & 1 && (step == 0 || can_continue(way - 1, at_s, question->window_s));

        if (!makes) {
            way->exists = way->exists && !leaves;
            continue;
        }
        if (step > 0)
            memcpy(way->at_s, (way - 1)->at_s, step * sizeof way->at_s[0]);
        way->exists = true;
        way->at_s[step] = at_s;
        if (step >= attempt->n_made) {
            attempt->n_made = step + 1;
            attempt->best = *way;
        }
    }
}

static void walk_hits(const struct walk *walk, size_t from, size_t to, struct attempt *attempt)
{
    const struct funnel_question *question = &walk->funnel->question;
    uint32_t at_s = 0, page = UINT32_MAX;

    for (size_t hit = from; hit < to && attempt->n_made < question->n_steps; hit++) {
        bool leaves = question->is_strict && leaves_page(walk, hit, &page);

        at_s += walk->table->columns[COLUMN_HIT_after_s][hit];
        if (walk->made[hit] || leaves)
            advance(attempt, question, walk->made[hit], leaves, at_s);
    }
}

/* Whether the visit makes the first step at all: most do not, and are done with. */
static bool begins(const struct walk *walk, size_t from, size_t to)
{
    while (from < to && !(walk->made[from] & 1))
        from++;
    return from < to;
}

static int walk_visit(void *context, uint32_t visit, size_t from, size_t to)
{
    const struct walk *walk = context;
    struct funnel *funnel = walk->funnel;
    struct attempt attempt;

    if (!begins(walk, from, to))
        return 0;
    attempt.n_made = 0;
    for (unsigned step = 0; step < funnel->question.n_steps; step++)
        attempt.ways[step].exists = false;
    walk_hits(walk, from, to, &attempt);
    for (unsigned step = 0; step < attempt.n_made; step++) {
        funnel->visits[step]++;
        funnel->after_s[step] += step ? attempt.best.at_s[step] - attempt.best.at_s[step - 1] : 0;
    }
    return error_trace(note_visitor(funnel, walk->table->columns[COLUMN_VISIT_visitor][visit], attempt.n_made));
}

/* ---- tables ---- */

/* Adds the bit of one step to the hits that pass. */
static void mark_hits(uint32_t *made, const uint8_t *passes, size_t n, unsigned step)
{
    for (size_t hit = 0; hit < n; hit++)
        made[hit] |= (uint32_t)passes[hit] << step;
}

static void mark_visits(const struct table *table, uint32_t *made, const uint8_t *passes, unsigned step)
{
    const uint32_t *n_hits = table->columns[COLUMN_VISIT_n_hits];

    for (uint32_t visit = 0; visit < table->n[RELATION_VISIT]; made += n_hits[visit++])
        for (uint32_t hit = 0; passes[visit] && hit < n_hits[visit]; hit++)
            made[hit] |= 1u << step;
}

static int mark_step(const struct walk *walk, unsigned step)
{
    struct mask mask;
    int r = filter_apply(walk->funnel->question.steps[step], walk->table, &mask);

    if (r < 0)
        return error_trace(r);
    if (mask.of_hits)
        mark_hits(walk->made, mask.passes, walk->table->n[RELATION_HIT], step);
    else
        mark_visits(walk->table, walk->made, mask.passes, step);
    free(mask.passes);
    return 0;
}

int funnel_add(struct funnel *funnel, const struct table *table, uint32_t from_s, uint32_t to_s)
{
    const struct journeys_scope scope = {
        .table = table, .filter = funnel->question.filter, .from_s = from_s, .to_s = to_s};
    struct walk walk = {.funnel = funnel, .table = table};
    int r = 0;

    walk.made = calloc((size_t)table->n[RELATION_HIT] + 1, sizeof *walk.made);
    if (!walk.made)
        return error_origin(-ENOMEM);
    for (unsigned step = 0; r == 0 && step < funnel->question.n_steps; step++)
        r = mark_step(&walk, step);
    r = r ? r : journeys_each(&scope, walk_visit, &walk, &funnel->counts);
    free(walk.made);
    return error_trace(r);
}

/* ---- the answer ---- */

struct funnel_answer funnel_answer(const struct funnel *funnel)
{
    struct funnel_answer answer = {
        .traced = funnel->counts.traced, .untraced = funnel->counts.untraced, .n_steps = funnel->question.n_steps};

    for (unsigned step = 0; step < answer.n_steps; step++) {
        answer.steps[step].visits = funnel->visits[step];
        answer.steps[step].after_s = funnel->after_s[step];
    }
    for (size_t i = 0; i < funnel->n_slots; i++)
        for (unsigned step = 0; step < funnel->slots[i].n_made; step++)
            answer.steps[step].visitors++;
    return answer;
}
