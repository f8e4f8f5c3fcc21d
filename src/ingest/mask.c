/*
 * Four rules, one after the other over the whole text, each of them a regular
 * expression written out (pixel/src/mask.ts has the expressions), so that the
 * time is linear in the text's size whatever it says.
 */
#include "crumb/ingest/mask.h"

#define DIGITS_IN_A_ROW 7
#define DIGITS_APART 9
#define JSON_BYTES 12
#define RANDOM_BYTES 16
#define RANDOM_PLACES 4

/* What a rule says of a place: mask so many bytes, or none; then it need not be asked again for so many. */
struct finding {
    size_t masked, passed;
};

#define FOUND(size) ((struct finding){.masked = (size)})
#define PASS(size) ((struct finding){.passed = (size)})

typedef struct finding (*mask_rule)(struct text text, size_t at);

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
static bool is_word(char c) { return is_digit(c) || is_letter(c) || c == '_' || c == '-'; }

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

/* ---- random words ---- */

/* Base64 of JSON begins so, because {" does: the parts of a JWT. */
static struct finding json_word(struct text text, size_t at)
{
    bool is_inside = at && text.data[at - 1] != '-' && is_word(text.data[at - 1]);
    size_t end;

    if (is_inside || !has(text, at, TEXT("eyJ")))
        return PASS(1);
    end = run(text, at, is_word);
    return end - at >= JSON_BYTES ? FOUND(end - at) : PASS(1);
}

/* How often a letter and a digit meet in the run, each of them counted once. */
static size_t count_places(struct text text, size_t at, size_t end)
{
    size_t n = 0;

    for (at++; at < end; at++) {
        char before = text.data[at - 1], after = text.data[at];

        if ((is_letter(before) && is_digit(after)) || (is_digit(before) && is_letter(after))) {
            n++;
            at++;
        }
    }
    return n;
}

static struct finding random_word(struct text text, size_t at)
{
    size_t end = run(text, at, is_word);

    if (end == at || is_in_escape(text, at))
        return PASS(1);
    return end - at >= RANDOM_BYTES && count_places(text, at, end) >= RANDOM_PLACES ? FOUND(end - at) : PASS(end - at);
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
        if (n_words >= JSON_BYTES)
            return false;
    }
    return n_digits < 2; /* %40 has two */
}

size_t mask_bytes(char *bytes, size_t size)
{
    static const mask_rule rules[] = {mail, json_word, random_word, number};

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
