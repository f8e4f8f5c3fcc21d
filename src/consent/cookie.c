/*
 * Reading cookies that may be anything, writing cookies that are ours.
 */
#include "crumb/consent/cookie.h"
#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define MAC_BYTES 16
#define ID_BYTES (VISITOR_BYTES + MAC_BYTES)
#define MATERIAL_DIGITS 16

_Static_assert(MAC_BYTES >= crypto_generichash_BYTES_MIN, "BLAKE2b gives at least this many");
_Static_assert(COOKIE_ID_TEXT_BYTES == 2 + (ID_BYTES * 4 + 2) / 3, "base64url without padding");

/* Cuts the next cookie of that name off the header. False: there is no other. */
static bool next_cookie(struct text *header, struct text name, struct text *ret_value)
{
    while (header->size) {
        struct text pair = text_trim(text_cut(header, ';'));

        if (text_equal(text_cut(&pair, '='), name)) {
            *ret_value = pair;
            return true;
        }
    }
    return false;
}

bool cookie_is_sent(struct text header, struct text name)
{
    struct text value;

    return header.size > COOKIE_HEADER_BYTES_MAX || next_cookie(&header, name, &value);
}

static void make_mac(const uint8_t key[COOKIE_KEY_BYTES], const struct site *site, const uint8_t visitor[VISITOR_BYTES],
                     uint8_t ret_mac[MAC_BYTES])
{
    uint8_t message[VISITOR_BYTES + SITE_NAME_BYTES_MAX];
    size_t name_size = strlen(site->name);

    memcpy(message, visitor, VISITOR_BYTES);
    memcpy(message + VISITOR_BYTES, site->name, name_size);
    crypto_generichash(ret_mac, MAC_BYTES, message, VISITOR_BYTES + name_size, key, COOKIE_KEY_BYTES);
}

/* The digits of base64url, each with one more than its value; 0: no digit. */
static const uint8_t digit_values[256] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['-'] = 63, ['_'] = 64};

/*
 * base64url without padding, RFC 4648 section 5.  libsodium decodes in constant
 * time, at seven times the cost; here nothing is secret before the MAC fits.
 */
static bool decode_id(struct text digits, uint8_t ret_id[ID_BYTES])
{
    uint32_t bits = 0;
    unsigned n_bits = 0, n_bytes = 0;

    for (size_t i = 0; i < digits.size; i++) {
        uint32_t digit = digit_values[(unsigned char)digits.data[i]];

        if (digit == 0)
            return false;
        bits = bits << 6 | (digit - 1);
        n_bits += 6;
        if (n_bits >= 8) {
            n_bits -= 8;
            if (n_bytes == ID_BYTES)
                return false;
            ret_id[n_bytes++] = (uint8_t)(bits >> n_bits);
        }
    }
    /* The bits that are left over must be zero: one id has one spelling. */
    return n_bytes == ID_BYTES && (bits & ((1u << n_bits) - 1)) == 0;
}

static bool read_id(struct text value, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                    uint8_t ret_visitor[VISITOR_BYTES])
{
    uint8_t id[ID_BYTES], mac[MAC_BYTES];

    if (value.size != COOKIE_ID_TEXT_BYTES || !text_starts(value, TEXT("1.")) || !decode_id(text_from(value, 2), id))
        return false;
    make_mac(key, site, id, mac);
    if (sodium_memcmp(mac, id + VISITOR_BYTES, MAC_BYTES) != 0)
        return false;
    memcpy(ret_visitor, id, VISITOR_BYTES);
    return true;
}

static void add_id(struct cookie_ids *ids, const uint8_t visitor[VISITOR_BYTES])
{
    for (unsigned i = 0; i < ids->n; i++)
        if (memcmp(ids->visitors[i], visitor, VISITOR_BYTES) == 0)
            return;
    memcpy(ids->visitors[ids->n++], visitor, VISITOR_BYTES);
}

void cookie_read_ids(struct text header, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                     struct cookie_ids *ret_ids)
{
    struct cookie_ids ids = {.n = 0};
    uint8_t visitor[VISITOR_BYTES];
    struct text value;
    bool bad = header.size > COOKIE_HEADER_BYTES_MAX;

    for (unsigned n = 0; header.size <= COOKIE_HEADER_BYTES_MAX && next_cookie(&header, TEXT(COOKIE_ID_NAME), &value);
         n++) {
        if (n < COOKIE_IDS_MAX && read_id(value, key, site, visitor))
            add_id(&ids, visitor);
        else
            bad = true;
    }
    if (bad || ids.n > 1)
        ids.state = COOKIE_ID_BAD;
    else
        ids.state = ids.n ? COOKIE_ID_GOOD : COOKIE_ID_NONE;
    *ret_ids = ids;
}

enum cookie_id_state cookie_read_id(struct text header, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                                    uint8_t ret_visitor[VISITOR_BYTES])
{
    struct cookie_ids ids;

    cookie_read_ids(header, key, site, &ids);
    if (ids.state == COOKIE_ID_GOOD)
        memcpy(ret_visitor, ids.visitors[0], VISITOR_BYTES);
    return ids.state;
}

void cookie_put_id(struct buffer *buffer, const uint8_t key[COOKIE_KEY_BYTES], const struct site *site,
                   const uint8_t visitor[VISITOR_BYTES])
{
    uint8_t id[ID_BYTES];
    char text[COOKIE_ID_TEXT_BYTES]; /* 43 digits and a NUL */

    memcpy(id, visitor, VISITOR_BYTES);
    make_mac(key, site, visitor, id + VISITOR_BYTES);
    sodium_bin2base64(text, sizeof text, id, sizeof id, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    buffer_printf(buffer, "1.%s", text);
}

static bool read_digits(struct text digits, int64_t *ret_number)
{
    int64_t number = 0;

    if (digits.size == 0 || digits.size > 12)
        return false;
    for (size_t i = 0; i < digits.size; i++) {
        if (digits.data[i] < '0' || digits.data[i] > '9')
            return false;
        number = number * 10 + (digits.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

static bool read_material(struct text digits, char ret_material[MATERIAL_DIGITS + 1])
{
    if (digits.size != MATERIAL_DIGITS)
        return false;
    for (size_t i = 0; i < MATERIAL_DIGITS; i++)
        if (!strchr("0123456789abcdef", digits.data[i]) || digits.data[i] == '\0')
            return false;
    memcpy(ret_material, digits.data, MATERIAL_DIGITS);
    ret_material[MATERIAL_DIGITS] = '\0';
    return true;
}

bool cookie_read_choice(struct text header, const struct site *site, struct cookie_choice *ret_choice)
{
    struct cookie_choice choice = {.granted = 0};
    struct text value, second;

    if (header.size > COOKIE_HEADER_BYTES_MAX || !next_cookie(&header, TEXT(COOKIE_CHOICE_NAME), &value) ||
        next_cookie(&header, TEXT(COOKIE_CHOICE_NAME), &second) || !text_starts(value, TEXT("1.")))
        return false;
    value = text_from(value, 2);
    if (!read_material(text_cut(&value, '.'), choice.material) || !read_digits(text_cut(&value, '.'), &choice.at_s))
        return false;
    int action = words_find_choice_kind(text_cut(&value, '.'));
    if (action < 0)
        return false;
    choice.action = (enum choice_kind)action;
    while (value.size) {
        struct text answer = text_cut(&value, '&');
        struct text name = text_cut(&answer, '=');
        int purpose = config_purpose(site, name);

        if (!text_equal(answer, TEXT("0")) && !text_equal(answer, TEXT("1")))
            return false;
        if (purpose < 0)
            continue; /* a purpose that the site had when the choice was made */
        if (choice.asked & 1u << purpose)
            return false; /* yes and no is neither */
        choice.asked |= 1u << purpose;
        if (answer.data[0] == '1')
            choice.granted |= 1u << purpose;
    }
    *ret_choice = choice;
    return true;
}

void cookie_put_choice(struct buffer *buffer, const struct site *site, const struct cookie_choice *choice)
{
    const char *separator = "";

    buffer_printf(buffer, "1.%s.%" PRId64 ".%s.", choice->material, choice->at_s, words_choice_kind(choice->action));
    for (unsigned i = 0; i < site->n_purposes; i++) {
        if (choice->asked & 1u << i) {
            buffer_printf(buffer, "%s%s=%d", separator, site->purposes[i].name, choice->granted & 1u << i ? 1 : 0);
            separator = "&";
        }
    }
}

void cookie_put_header(struct buffer *buffer, const char *name, struct text value, int64_t max_age_s,
                       const char *domain, bool secure, bool http_only)
{
    buffer_printf(buffer, "%s=%.*s; Path=/; Max-Age=%" PRId64 "; SameSite=Lax", name, TEXT_ARGS(value), max_age_s);
    if (domain)
        buffer_printf(buffer, "; Domain=%s", domain);
    if (secure)
        buffer_put_text(buffer, TEXT("; Secure"));
    if (http_only)
        buffer_put_text(buffer, TEXT("; HttpOnly"));
}
