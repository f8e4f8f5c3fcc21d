/*
 * HTML: what is put in as text stays text.
 */
#include "../../src/http/html.h"
#include "check.h"
#include <errno.h>

static void test_escapes(void **state)
{
    static const struct {
        const char *text, *html;
    } rows[] = {{"", "<p title=\"\"></p>"},
                {"plain", "<p title=\"plain\">plain</p>"},
                {"<script>", "<p title=\"&lt;script&gt;\">&lt;script&gt;</p>"},
                {"\" onclick='x'", "<p title=\"&#34; onclick=&#39;x&#39;\">&#34; onclick=&#39;x&#39;</p>"},
                {"&amp;", "<p title=\"&amp;amp;\">&amp;amp;</p>"},
                {"100 %s", "<p title=\"100 %s\">100 %s</p>"},
                {"\xc3\xa4\xd7\x90", "<p title=\"\xc3\xa4\xd7\x90\">\xc3\xa4\xd7\x90</p>"}};

    (void)state;
    for (size_t i = 0; i < N_ROWS(rows); i++) {
        BUFFER_AUTO buffer = BUFFER_INIT(1000);

        html_put(&buffer, "<p title=\"%s\">%s</p>", rows[i].text, rows[i].text);
        check_text(rows[i].text, buffer_text(&buffer), rows[i].html);
    }
}

static void test_percent(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(1000);

    (void)state;
    html_put(&buffer, "100%%");
    assert_text(buffer_text(&buffer), "100%");
}

static void test_bound(void **state)
{
    BUFFER_AUTO buffer = BUFFER_INIT(10);

    (void)state;
    html_put(&buffer, "%s", "<<<");
    assert_int_equal(buffer.fault, -EOVERFLOW);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_escapes), cmocka_unit_test(test_percent),
                                       cmocka_unit_test(test_bound)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
