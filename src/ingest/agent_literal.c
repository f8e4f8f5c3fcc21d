/*
 * A recursive walk over the pattern.  Of each part it finds one of three
 * things: the few texts that it matches exactly; or literals of which one
 * occurs in whatever it matches; or nothing.
 *
 * Parts that stand side by side and are exact are multiplied out, "(a|b)c" to
 * "ac" and "bc", until that grows too large; of what is left, the literals that
 * tell most are chosen: not such as every browser sends, and the longer the
 * better.
 */
#include "crumb/ingest/agent_literal.h"
#include <stdbool.h>

#define REPEATS_NO_END 1000 /* of a quantifier: it only matters whether it is 0, 1 or more */

/*
 * What the parts of a pattern match. Exact: the items and nothing else.
 * Otherwise one of the items occurs in every match; no item: nothing is known.
 */
struct part {
    bool exact;
    struct agent_literals any;
};

struct walk {
    struct text pattern;
    size_t at;
    unsigned depth;
    bool lost; /* something was met that is not understood: no literal can be trusted */
};

/* What most agents say. A literal that occurs here tells nothing. */
static const char *const usual[] = {
    "mozilla/5.0 (linux; android 10; k) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 mobile safari/537.36",
    "mozilla/5.0 (windows nt 10.0; win64; x64) applewebkit/537.36 (khtml, like gecko) chrome/120.0.0.0 safari/537.36",
    "mozilla/5.0 (iphone; cpu iphone os 17_5 like mac os x) applewebkit/605.1.15 version/17.5 mobile/15e148 safari/",
    "mozilla/5.0 (macintosh; intel mac os x 10_15_7) applewebkit/605.1.15 (khtml, like gecko) version/17.4 safari/",
    "mozilla/5.0 (x11; linux x86_64; rv:120.0) gecko/20100101 firefox/120.0",
    "(linux; u; android 4.0.3; en-us; build/) gsm wv) samsung sm-",
};

/* ---- sets of literals ---- */

static void set_none(struct part *part)
{
    part->exact = false;
    part->any.n = 0;
}

/* The empty text: what an assertion, or nothing at all, matches. */
static void set_empty(struct part *part)
{
    part->exact = true;
    part->any.n = 1;
    part->any.items[0].size = 0;
}

static void set_byte(struct part *part, char c)
{
    part->exact = true;
    part->any.n = 1;
    part->any.items[0] = (struct agent_literal){.size = 1, .bytes = {agent_lower(c)}};
}

static bool add(struct agent_literals *set, const struct agent_literal *item)
{
    for (unsigned i = 0; i < set->n; i++)
        if (set->items[i].size == item->size && memcmp(set->items[i].bytes, item->bytes, item->size) == 0)
            return true;
    if (set->n == AGENT_LITERALS_MAX)
        return false;
    set->items[set->n++] = *item;
    return true;
}

static bool add_all(struct agent_literals *set, const struct agent_literals *more)
{
    for (unsigned i = 0; i < more->n; i++)
        if (!add(set, &more->items[i]))
            return false;
    return true;
}

static unsigned shortest(const struct agent_literals *set)
{
    unsigned size = AGENT_LITERAL_BYTES_MAX;

    for (unsigned i = 0; i < set->n; i++)
        if (set->items[i].size < size)
            size = set->items[i].size;
    return set->n ? size : 0;
}

static bool is_usual(const struct agent_literal *item)
{
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++)
        if (memmem(usual[i], strlen(usual[i]), item->bytes, item->size))
            return true;
    return false;
}

/* How much a set tells; 0: nothing. */
static unsigned worth(const struct agent_literals *set)
{
    unsigned size = shortest(set);

    for (unsigned i = 0; i < set->n; i++)
        if (is_usual(&set->items[i]))
            return size;
    return size * (AGENT_LITERAL_BYTES_MAX + 1);
}

static void keep_better(struct agent_literals *best, const struct agent_literals *other)
{
    unsigned own = worth(best), others = worth(other);

    if (others > own || (others == own && other->n < best->n))
        *best = *other;
}

/* Every text of @head with each of @tail behind it. False: that is too many, or too long. */
static bool multiply(struct agent_literals *head, const struct agent_literals *tail)
{
    struct agent_literals product = {.n = 0};

    for (unsigned i = 0; i < head->n; i++) {
        for (unsigned j = 0; j < tail->n; j++) {
            struct agent_literal item = head->items[i];

            if (item.size + tail->items[j].size > AGENT_LITERAL_BYTES_MAX)
                return false;
            memcpy(item.bytes + item.size, tail->items[j].bytes, tail->items[j].size);
            item.size = (uint8_t)(item.size + tail->items[j].size);
            if (!add(&product, &item))
                return false;
        }
    }
    *head = product;
    return true;
}

/* ---- reading the pattern ---- */

static bool at_end(const struct walk *walk) { return walk->at >= walk->pattern.size; }
static char peek(const struct walk *walk) { return at_end(walk) ? '\0' : walk->pattern.data[walk->at]; }

static bool take(struct walk *walk, struct text what)
{
    if (!text_starts(text_from(walk->pattern, walk->at), what))
        return false;
    walk->at += what.size;
    return true;
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool is_letter(char c)
{
    c = agent_lower(c);
    return c >= 'a' && c <= 'z';
}

static unsigned read_number(struct walk *walk)
{
    unsigned number = 0;

    for (; is_digit(peek(walk)); walk->at++)
        number = number < REPEATS_NO_END ? number * 10 + (unsigned)(peek(walk) - '0') : REPEATS_NO_END;
    return number;
}

/* "{2}", "{2,}", "{2,5}": anything else that begins with a brace is that brace. */
static bool read_braces(struct walk *walk, unsigned *ret_least, unsigned *ret_most)
{
    size_t begin = walk->at++;

    if (is_digit(peek(walk))) {
        unsigned least = read_number(walk), most = least;

        if (take(walk, TEXT(",")))
            most = is_digit(peek(walk)) ? read_number(walk) : REPEATS_NO_END;
        if (take(walk, TEXT("}"))) {
            *ret_least = least;
            *ret_most = most;
            return true;
        }
    }
    walk->at = begin;
    return false;
}

static void read_quantifier(struct walk *walk, unsigned *ret_least, unsigned *ret_most)
{
    unsigned least = 1, most = 1;

    if (take(walk, TEXT("?")))
        least = 0;
    else if (take(walk, TEXT("*")))
        least = 0, most = REPEATS_NO_END;
    else if (take(walk, TEXT("+")))
        most = REPEATS_NO_END;
    else if (peek(walk) != '{' || !read_braces(walk, &least, &most))
        least = most = 1;
    else if (peek(walk) == '{')
        walk->lost = true; /* a quantifier of a quantifier */
    if (least != 1 || most != 1)
        (void)(take(walk, TEXT("?")) || take(walk, TEXT("+")));
    *ret_least = least;
    *ret_most = most;
}

static void repeat(struct part *part, unsigned least, unsigned most)
{
    struct agent_literal nothing = {.size = 0};

    if (least == 1 && most == 1)
        return;
    if (least == 0 && most == 1 && part->exact && add(&part->any, &nothing))
        return;
    if (least == 0 || shortest(&part->any) == 0)
        part->any.n = 0;
    part->exact = false;
}

/* ---- the parts ---- */

static void read_either(struct walk *walk, struct part *ret_part);

/* Behind a backslash: what stands for itself, for a kind of byte, for a place; of the rest nothing is known. */
static void read_escape(struct walk *walk, struct part *ret_part)
{
    char c = peek(walk);

    walk->at++;
    set_none(ret_part);
    if (c && memchr("bBAzZG", c, 6))
        set_empty(ret_part);
    else if (!is_letter(c) && !is_digit(c) && c)
        set_byte(ret_part, c);
    else if (!c || !memchr("dDsSwWhHvVntrfea", c, 16))
        walk->lost = true;
}

/* Adds a byte of a class, or says that the class is too wide to be of use. */
static void add_member(struct part *part, char c)
{
    struct agent_literal item = {.size = 1, .bytes = {agent_lower(c)}};

    if (part->exact && (part->any.n == AGENT_CLASS_BYTES_MAX || !add(&part->any, &item)))
        part->exact = false;
}

static void read_member(struct walk *walk, struct part *part)
{
    char c = peek(walk);

    walk->at++;
    if (c == '[' && (peek(walk) == ':' || peek(walk) == '.' || peek(walk) == '=')) {
        walk->lost = true; /* [[:alpha:]] */
    } else if (c == '\\') {
        c = peek(walk);
        walk->at++;
        if (is_letter(c) || is_digit(c))
            part->exact = false;
        if (c && memchr("QEcoxpPN", c, 8))
            walk->lost = true; /* more of it may follow */
    }
    if (peek(walk) == '-' && walk->at + 1 < walk->pattern.size && walk->pattern.data[walk->at + 1] != ']')
        part->exact = false; /* a range; its other end is read as one more member */
    add_member(part, c);
}

static void read_class(struct walk *walk, struct part *ret_part)
{
    ret_part->any.n = 0;
    ret_part->exact = !take(walk, TEXT("^"));
    if (peek(walk) == ']')
        read_member(walk, ret_part); /* the first one stands for itself */
    while (!at_end(walk) && !walk->lost && peek(walk) != ']')
        read_member(walk, ret_part);
    if (!take(walk, TEXT("]")))
        walk->lost = true;
    if (!ret_part->exact)
        set_none(ret_part);
}

/* Behind "(". An assertion looks at what is matched elsewhere, or forbids something: it says nothing of use. */
static void read_group(struct walk *walk, struct part *ret_part)
{
    bool looks = take(walk, TEXT("?=")) || take(walk, TEXT("?!")) || take(walk, TEXT("?<=")) || take(walk, TEXT("?<!"));

    if (!looks && !take(walk, TEXT("?:")) && (peek(walk) == '?' || peek(walk) == '*'))
        walk->lost = true; /* names, options, verbs, comments, conditions */
    if (++walk->depth > AGENT_PATTERN_DEPTH_MAX)
        walk->lost = true;
    if (walk->lost)
        return;
    read_either(walk, ret_part);
    walk->depth--;
    if (!take(walk, TEXT(")")))
        walk->lost = true;
    if (looks)
        set_empty(ret_part);
}

static void read_atom(struct walk *walk, struct part *ret_part)
{
    char c = peek(walk);

    walk->at++;
    switch (c) {
    case '(':
        read_group(walk, ret_part);
        break;
    case '[':
        read_class(walk, ret_part);
        break;
    case '\\':
        read_escape(walk, ret_part);
        break;
    case '.':
        set_none(ret_part);
        break;
    case '^':
    case '$':
        set_empty(ret_part);
        break;
    default:
        set_byte(ret_part, c);
    }
}

/* Puts @next behind what was read: @run is multiplied by it, or closed into @best and begun anew. */
static void append(struct part *run, struct agent_literals *best, const struct part *next, bool *exact)
{
    if (next->exact && multiply(&run->any, &next->any))
        return;
    *exact = false;
    keep_better(best, &run->any);
    keep_better(best, &next->any);
    if (next->exact)
        run->any = next->any;
    else
        set_empty(run);
}

/* Parts that follow each other. */
static void read_sequence(struct walk *walk, struct part *ret_part)
{
    struct part run, next;
    struct agent_literals best = {.n = 0};
    bool exact = true;

    set_empty(&run);
    while (!at_end(walk) && !walk->lost && peek(walk) != '|' && peek(walk) != ')') {
        unsigned least, most;

        read_atom(walk, &next);
        if (walk->lost)
            break;
        read_quantifier(walk, &least, &most);
        repeat(&next, least, most);
        append(&run, &best, &next, &exact);
    }
    if (!exact)
        keep_better(&run.any, &best);
    ret_part->exact = exact;
    ret_part->any = run.any;
}

/* Sequences of which any may match. */
static void read_either(struct walk *walk, struct part *ret_part)
{
    struct part other;

    read_sequence(walk, ret_part);
    while (!walk->lost && take(walk, TEXT("|"))) {
        read_sequence(walk, &other);
        bool exact = ret_part->exact && other.exact;
        bool known = exact || (shortest(&ret_part->any) && shortest(&other.any));
        if (known && add_all(&ret_part->any, &other.any))
            ret_part->exact = exact;
        else
            set_none(ret_part);
    }
}

void agent_literals_of(struct text pattern, struct agent_literals *ret_literals)
{
    struct walk walk = {.pattern = pattern};
    struct part part;

    set_none(&part);
    read_either(&walk, &part);
    if (walk.lost || !at_end(&walk) || shortest(&part.any) < AGENT_LITERAL_BYTES_MIN)
        part.any.n = 0;
    *ret_literals = part.any;
}
