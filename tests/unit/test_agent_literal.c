/*
 * What an expression needs, and the one pass that looks for it.
 */
#include "check.h"
#include "crumb/base/buffer.h"
#include "crumb/ingest/agent_scan.h"
#include <stdio.h>

/* Literals with '|' between them; "": none is known. */
static const struct {
    const char *pattern, *literals;
} rows[] = {
    {"Firefox", "firefox"},
    {"(CFNetwork)(?:/(\\d+))?", "cfnetwork"},
    {"Silk/(\\d+)", "silk/"},
    {"(Name|Other)/x", "name/x|other/x"},
    {"(?:Name|Other)\\.\\d+", "name.|other."},
    {"Namen?s", "namens|names"},
    {"Name+x", "nam"},
    {"Name*xyz", "xyz"},
    {"Na(?:me){2}x", "na"},
    {"N{3,5}ix", "ix"},
    {"(?:abc){0,1}xyz", "abcxyz|xyz"},
    {"(?:abc)?", ""},
    {"abc|", ""},
    {"abc|\\d+", ""},
    {"abc|x[0-9]+yz", "abc|yz"},
    {"[Nn]okia", "nokia"},
    {"Nexus[57]", "nexus5|nexus7"},
    {"Nexus[0-9]", "nexus"},
    {"Nexus[^0]", "nexus"},
    {"[]x]ab", "]ab|xab"},
    {"[\\w]ab", "ab"},
    {"ab[\\]]", "ab]"},
    {"^(?!Nokia)Meego$", "meego"},
    {"(?<=Nokia)\\bMeego\\b", "meego"},
    {"a.b", ""}, /* one byte tells nothing */
    {"a\\.b", "a.b"},
    {"a{b", "a{b"},
    {"a{,2}b", "a{,2}b"},
    {".*Build", "build"},
    {"Android.{0,100} Tok", " tok"}, /* what everybody says is worth less than what is shorter */
    {"Safari", "safari"},            /* but better than nothing */
    {"An uncommonly long name", "an uncommonl"},
    /* What is not understood is not guessed at. */
    {"(?i)abc", ""},
    {"(?<name>abc)", ""},
    {"(?#abc)def", ""},
    {"(*ANYCRLF)abc", ""},
    {"(abc)\\1def", ""},
    {"\\Qabc\\Edef", ""},
    {"abc\\x41", ""},
    {"[[:alpha:]]abc", ""},
    {"abc)", ""},
    {"(abc", ""},
    {"[abc", ""},
    {"abc\\", ""},
    {"", ""},
};

static void put_literals(const struct agent_literals *literals, struct buffer *text)
{
    for (unsigned i = 0; i < literals->n; i++)
        buffer_printf(text, "%s%.*s", i ? "|" : "", (int)literals->items[i].size, literals->items[i].bytes);
}

static void test_literals(void **state)
{
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO text = BUFFER_INIT(8192);
        struct agent_literals literals;

        agent_literals_of(text_of(rows[i].pattern), &literals);
        put_literals(&literals, &text);
        check_text(rows[i].pattern, buffer_text(&text), rows[i].literals);
    }
}

/* Groups in each other, and alternatives, past every bound. */
static void test_bounds(void **state)
{
    BUFFER_AUTO deep = BUFFER_INIT(8192), wide = BUFFER_INIT(8192);
    struct agent_literals literals;

    for (unsigned i = 0; i < AGENT_PATTERN_DEPTH_MAX; i++)
        buffer_put_u8(&deep, '(');
    buffer_put_text(&deep, TEXT("abc"));
    for (unsigned i = 0; i < AGENT_PATTERN_DEPTH_MAX; i++)
        buffer_put_u8(&deep, ')');
    agent_literals_of(buffer_text(&deep), &literals);
    assert_int_equal(literals.n, 1);
    buffer_put_u8(&deep, ')');
    deep.data[0] = '(';
    BUFFER_AUTO deeper = BUFFER_INIT(8192);
    buffer_put_u8(&deeper, '(');
    buffer_put_text(&deeper, buffer_text(&deep));
    agent_literals_of(buffer_text(&deeper), &literals);
    assert_int_equal(literals.n, 0);
    for (unsigned i = 0; i < AGENT_LITERALS_MAX; i++)
        buffer_printf(&wide, "%sw%u", i ? "|" : "", i);
    agent_literals_of(buffer_text(&wide), &literals);
    assert_int_equal(literals.n, AGENT_LITERALS_MAX);
    buffer_put_text(&wide, TEXT("|more"));
    agent_literals_of(buffer_text(&wide), &literals);
    assert_int_equal(literals.n, 0);
}

/* ---- the pass ---- */

static const char *const words[] = {"he", "she", "hers", "his", "ushers!", "e", "i pad"};

static uint64_t mark(const struct agent_scan *scan, const char *text)
{
    uint64_t bits[1] = {0};

    agent_scan_mark(scan, text_of(text), bits);
    return bits[0];
}

/* What memmem() finds one after another. Small letters only. */
static uint64_t mark_slowly(const char *text)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < N_ROWS(words); i++)
        bits |= (uint64_t)(strstr(text, words[i]) != NULL) << i;
    return bits;
}

static struct agent_scan *scan_words(void)
{
    static struct agent_literal literals[N_ROWS(words)];
    struct agent_scan_row scan_rows[N_ROWS(words)];
    struct agent_scan *scan = NULL;

    for (unsigned i = 0; i < N_ROWS(words); i++) {
        literals[i].size = (uint8_t)strlen(words[i]);
        memcpy(literals[i].bytes, words[i], literals[i].size);
        scan_rows[i] = (struct agent_scan_row){.number = i, .n_literals = 1, .literals = &literals[i]};
    }
    assert_int_equal(agent_scan_new(scan_rows, N_ROWS(words), &scan), 0);
    return scan;
}

static void test_scan(void **state)
{
    static const char *const texts[] = {"",     "h",     "ushers",  "ushers!",   "hishers", "sshhe",
                                        "his",  "hhis",  "hi pad",  "i  pad",    "xyz",     "hiss he i pad",
                                        "hers", "usher", "ushers ", "ushushers!"};
    struct agent_scan *scan = scan_words();

    for (size_t i = 0; i < N_ROWS(texts); i++)
        check_equal(texts[i], mark(scan, texts[i]), mark_slowly(texts[i]));
    assert_int_equal(mark(scan, "SHE"), mark_slowly("she"));
    assert_int_equal(mark(scan, "I Pad"), mark_slowly("i pad"));
    assert_int_equal(mark(scan, "\xc3\x89 h\xc5"), 0);
    agent_scan_free(scan);
}

/* Texts made of the words' own letters, every one of them up to a length. */
static void test_scan_all(void **state)
{
    static const char letters[] = "hesiur!";
    struct agent_scan *scan = scan_words();
    char text[8] = "";

    for (unsigned n = 0; n < 7 * 7 * 7 * 7 * 7 * 7; n++) {
        for (unsigned i = 0, rest = n; i < 6; i++, rest /= 7)
            text[i] = letters[rest % 7];
        check_equal(text, mark(scan, text), mark_slowly(text));
    }
    agent_scan_free(scan);
}

static void test_scan_bounds(void **state)
{
    static struct agent_literal many[AGENT_SCAN_STATES_MAX / AGENT_LITERAL_BYTES_MAX + 1];
    struct agent_scan *scan = NULL;
    struct agent_scan_row row = {.number = 63, .literals = many};

    for (unsigned i = 0; i < N_ROWS(many); i++) {
        many[i].size = AGENT_LITERAL_BYTES_MAX;
        snprintf(many[i].bytes, AGENT_LITERAL_BYTES_MAX, "%08x...", i * 2654435761u);
        many[i].bytes[AGENT_LITERAL_BYTES_MAX - 1] = '!';
    }
    row.n_literals = N_ROWS(many);
    assert_int_equal(agent_scan_new(&row, 1, &scan), AGENT_SCAN_E_TOO_LARGE);
    row.n_literals--;
    assert_int_equal(agent_scan_new(&row, 1, &scan), 0);
    assert_int_equal(mark(scan, "...00000000...!..."), UINT64_C(1) << 63);
    agent_scan_free(scan);
    assert_int_equal(agent_scan_new(NULL, 0, &scan), 0);
    assert_int_equal(mark(scan, "anything"), 0);
    agent_scan_free(scan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_literals), cmocka_unit_test(test_bounds),      cmocka_unit_test(test_scan),
        cmocka_unit_test(test_scan_all), cmocka_unit_test(test_scan_bounds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
