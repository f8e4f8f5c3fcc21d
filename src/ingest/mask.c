/*
 * Four rules, one after the other over the whole text, each of them a regular
 * expression written out (pixel/src/mask.ts has the expressions), so that the
 * time is linear in the text's size whatever it says.
 */
#include "crumb/ingest/mask.h"

#define DIGITS_IN_A_ROW 7
#define DIGITS_APART 9
#define HEX_DIGITS 16
#define RANDOM_BYTES 16
#define RANDOM_SHARE 3 /* one change in so many bytes */

/* What a rule says of a place: mask so many bytes, or none; then it need not be asked again for so many. */
struct finding {
    size_t masked, passed;
};

#define FOUND(size) ((struct finding){.masked = (size)})
#define PASS(size) ((struct finding){.passed = (size)})

typedef struct finding (*mask_rule)(struct text text, size_t at);

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_small(char c) { return c >= 'a' && c <= 'z'; }
static bool is_capital(char c) { return c >= 'A' && c <= 'Z'; }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_word(char c) { return is_digit(c) || is_small(c) || is_capital(c) || c == '_' || c == '-'; }

/* Of a domain's label; bytes of letters beyond ASCII count as letters. */
static bool is_label(char c) { return is_word(c) || (unsigned char)c >= 0x80; }
/* Of what stands before the @; it may be percent-encoded. */
static bool is_local(char c) { return is_label(c) || c == '.' || c == '%' || c == '+' || c == '~'; }

/* The end of the run at @at. */
static size_t run(struct text text, size_t at, bool (*is)(char))
{
    while (at < text.size && is(text.data[at]))
        at++;
    return at;
}

static bool has(struct text text, size_t at, struct text wanted)
{
    return at <= text.size && text_starts(text_from(text, at), wanted);
}

/* The digits of an escape such as %2F begin no number and no word. */
static bool is_in_escape(struct text text, size_t at)
{
    return (at >= 1 && text.data[at - 1] == '%') || (at >= 2 && text.data[at - 2] == '%' && is_hex(text.data[at - 1]));
}

/* ---- mail addresses ---- */

/* The end of the domain at @at, which has at least one dot; 0: there is none. */
static size_t domain(struct text text, size_t at)
{
    size_t end = run(text, at, is_label), n_dots = 0;

    if (end == at)
        return 0;
    while (end < text.size && text.data[end] == '.') {
        size_t next = run(text, end + 1, is_label);

        if (next == end + 1)
            break;
        end = next;
        n_dots++;
    }
    return n_dots ? end : 0;
}

static struct finding mail(struct text text, size_t at)
{
    size_t local = run(text, at, is_local), end = 0;

    if (local == at)
        return PASS(1);
    if (local < text.size && text.data[local] == '@')
        end = domain(text, local + 1);
    for (size_t i = local; !end && i-- > at + 1;)
        if (has(text, i, TEXT("%40")))
            end = domain(text, i + 3);
    return end ? FOUND(end - at) : PASS(local - at);
}

/* ---- ids ---- */

static bool is_uuid(struct text text, size_t at)
{
    static const char form[] = "00000000-0000-0000-0000-000000000000";

    if (text.size - at < sizeof form - 1)
        return false;
    for (size_t i = 0; i < sizeof form - 1; i++)
        if (form[i] == '0' ? !is_hex(text.data[at + i]) : text.data[at + i] != '-')
            return false;
    return true;
}

static struct finding hexadecimal(struct text text, size_t at)
{
    size_t end = run(text, at, is_hex), n_digits = 0;

    if (end == at || is_in_escape(text, at))
        return PASS(1);
    if (is_uuid(text, at))
        return FOUND(36);
    if (end - at < HEX_DIGITS)
        return PASS(end - at > 8 ? end - at - 8 : 1); /* the last eight may begin a UUID */
    for (size_t i = at; i < end; i++)
        n_digits += is_digit(text.data[i]);
    return n_digits ? FOUND(end - at) : PASS(end - at - 8);
}

/* How often a small letter, a capital and a digit follow each other; a capital begins a word. */
static bool is_change(char before, char after)
{
    if (is_small(before))
        return is_capital(after) || is_digit(after);
    if (is_capital(before))
        return is_digit(after);
    return is_digit(before) && (is_small(after) || is_capital(after));
}

static struct finding random_word(struct text text, size_t at)
{
    size_t end = run(text, at, is_word), n_changes = 0;

    if (end == at || is_in_escape(text, at))
        return PASS(1);
    for (size_t i = at + 1; i < end; i++)
        n_changes += is_change(text.data[i - 1], text.data[i]);
    return end - at >= RANDOM_BYTES && n_changes * RANDOM_SHARE >= end - at ? FOUND(end - at) : PASS(end - at);
}

/* ---- long numbers ---- */

/* What may stand between two digits of one number. */
static size_t gap(struct text text, size_t at)
{
    if (at < text.size && (text.data[at] == ' ' || text.data[at] == '.' || text.data[at] == '-'))
        return 1;
    return has(text, at, TEXT("%20")) ? 3 : 0;
}

static struct finding number(struct text text, size_t at)
{
    size_t in_a_row = run(text, at, is_digit) - at, end = at + in_a_row, n_digits = in_a_row;

    if (in_a_row == 0 || is_in_escape(text, at))
        return PASS(1);
    for (;;) {
        size_t next = end + gap(text, end), n = run(text, next, is_digit) - next;

        if (n == 0)
            break;
        n_digits += n;
        end = next + n;
    }
    if (n_digits >= DIGITS_APART)
        return FOUND(end - at);
    return in_a_row >= DIGITS_IN_A_ROW ? FOUND(in_a_row) : PASS(in_a_row);
}

/* ---- the whole ---- */

static size_t apply(mask_rule rule, char *bytes, size_t size)
{
    struct text text = {.data = bytes, .size = size};
    size_t out = 0;

    for (size_t at = 0; at < size;) {
        struct finding finding = rule(text, at);
        size_t kept = finding.masked ? 0 : finding.passed;

        if (out != at && kept)
            memmove(bytes + out, bytes + at, kept);
        out += kept;
        if (finding.masked)
            bytes[out++] = '*';
        at += kept + finding.masked;
    }
    return out;
}

/* Most texts have nothing that a rule could find; one look tells. */
static bool is_harmless(const char *bytes, size_t size)
{
    size_t n_digits = 0, n_words = 0;

    for (size_t i = 0; i < size; i++) {
        if (bytes[i] == '@')
            return false;
        n_digits += is_digit(bytes[i]);
        n_words = is_word(bytes[i]) ? n_words + 1 : 0;
        if (n_words >= RANDOM_BYTES)
            return false;
    }
    return n_digits < 2; /* %40 has two */
}

size_t mask_bytes(char *bytes, size_t size)
{
    static const mask_rule rules[] = {mail, hexadecimal, random_word, number};

    if (is_harmless(bytes, size))
        return size;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++)
        size = apply(rules[i], bytes, size);
    return size;
}

static void mask(struct text *text) { text->size = mask_bytes((char *)(uintptr_t)text->data, text->size); }

void mask_event(struct event *event)
{
    struct text *texts[] = {&event->path,       &event->referrer,     &event->title,       &event->utm_source,
                            &event->utm_medium, &event->utm_campaign, &event->utm_content, &event->utm_term,
                            &event->category,   &event->action,       &event->label,       &event->property};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        mask(texts[i]);
    for (unsigned i = 0; i < event->n_properties; i++)
        mask(&event->properties[i].value);
}
