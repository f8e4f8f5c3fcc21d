/*
 * Any bytes as a Cookie header: never somebody's id, and no obstacle to a good
 * one behind them; and a choice that is read is written and read the same.
 */
#include "crumb/base/random.h"
#include "crumb/consent/cookie.h"
#include <assert.h>
#include <stdlib.h>

#define HEADER_BYTES_MAX (4 * COOKIE_HEADER_BYTES_MAX)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char names[][16] = {"shop", "analytics", "journeys", "marketing"};
static struct purpose purposes[] = {{.name = names[1]}, {.name = names[2]}, {.name = names[3]}};
static const struct site site = {.name = names[0], .purposes = purposes, .n_purposes = 3};

static void check_id(struct text header)
{
    static const uint8_t key[COOKIE_KEY_BYTES] = {42}, visitor[VISITOR_BYTES] = {1, 2, 3};
    BUFFER_AUTO both = BUFFER_INIT(HEADER_BYTES_MAX);
    uint8_t found[VISITOR_BYTES];
    enum cookie_id_state state = cookie_read_id(header, key, &site, found);

    assert(state != COOKIE_ID_GOOD); /* nobody guesses the key */
    buffer_put_text(&both, header);
    buffer_put_text(&both, TEXT("; crumb_id="));
    cookie_put_id(&both, key, &site, visitor);
    if (both.fault || both.size > COOKIE_HEADER_BYTES_MAX)
        return;
    enum cookie_id_state then = cookie_read_id(buffer_text(&both), key, &site, found);
    assert(then == (state == COOKIE_ID_NONE ? COOKIE_ID_GOOD : COOKIE_ID_BAD));
    assert(then != COOKIE_ID_GOOD || memcmp(found, visitor, VISITOR_BYTES) == 0);
}

static void check_choice(struct text header)
{
    BUFFER_AUTO again = BUFFER_INIT(HEADER_BYTES_MAX);
    struct cookie_choice choice, found;

    if (!cookie_read_choice(header, &site, &choice))
        return;
    assert((choice.granted & ~choice.asked) == 0 && choice.asked < 8 && choice.at_s >= 0);
    assert(strlen(choice.material) == 16);
    buffer_put_text(&again, TEXT("crumb_choice="));
    cookie_put_choice(&again, &site, &choice);
    assert(cookie_read_choice(buffer_text(&again), &site, &found));
    assert(strcmp(found.material, choice.material) == 0 && found.at_s == choice.at_s);
    assert(found.action == choice.action && strcmp(words_choice_kind(choice.action), "?"));
    assert(found.granted == choice.granted && found.asked == choice.asked);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text header = {.data = (const char *)data, .size = size};

    if (random_init())
        abort();
    check_id(header);
    check_choice(header);
    return 0;
}
