/*
 * Pieces: the head (who, choices, notices, corrections), each day with its
 * events and visits, the end.
 */
#include "copy_parts.h"
#include "crumb/base/buffer.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include <errno.h>
#include <stdlib.h>

#define COPY_PIECE_BYTES_MAX (64 << 20)

struct copy {
    struct copy_wish wish;
    struct known known;
    bool has_begun, has_ended, has_days;
    int32_t day; /* the next one that is looked at */
    struct buffer piece;
};

int copy_new(const struct copy_wish *wish, struct copy **ret_copy)
{
    struct copy *copy = calloc(1, sizeof *copy);

    if (!copy)
        return error_origin(-ENOMEM);
    copy->wish = *wish;
    copy->piece = BUFFER_INIT(COPY_PIECE_BYTES_MAX);
    *ret_copy = copy;
    return 0;
}

struct copy *copy_free(struct copy *copy)
{
    if (copy) {
        buffer_deinit(&copy->piece);
        free(copy);
    }
    return NULL;
}

/* ---- the head ---- */

/* What was shown, each once, by its hash. */
static int add_notice(struct db_txn *txn, const char *hex, json_t **object)
{
    uint8_t hash[HASH_BYTES];
    struct text text;

    if (!notice_unhex(text_of(hex), hash))
        return error_origin(-EBADMSG);
    int r = json_object_get(*object, hex) ? 1 : notice_get(txn, hash, &text);
    if (r)
        return r < 0 ? error_trace(r) : 0;
    json_t *notice = json_read_canonical(text);
    *object = json_member(*object, hex, notice);
    return *object ? 0 : error_origin(-ENOMEM);
}

static int read_notices(struct db_txn *txn, json_t *choices, json_t **ret_object)
{
    json_t *object = json_object();
    int r = object ? 0 : error_origin(-ENOMEM);

    for (size_t i = 0; r == 0 && i < json_array_size(choices); i++)
        r = add_notice(txn, json_string_value(json_object_get(json_array_get(choices, i), "notice")), &object);
    if (r) {
        json_decref(object);
        return error_trace(r);
    }
    *ret_object = object;
    return 0;
}

/* An object's members, of which more follow: without its last brace. */
static int put_open(struct buffer *buffer, json_t *object)
{
    int r = json_put(buffer, object, 0);

    if (r == 0)
        buffer->size--;
    return error_trace(r);
}

static int begin(struct copy *copy, struct db_txn *txn)
{
    const struct copy_wish *wish = &copy->wish;
    json_t *head = NULL, *notices = NULL;
    int r = copy_overview_known(txn, wish, &copy->known);

    if (r)
        return r;
    r = copy_overview_make(txn, wish, &copy->known, REQUEST_FOR_ASKER, &head);
    if (r == 0)
        r = read_notices(txn, json_object_get(head, "choices"), &notices);
    if (r) {
        json_decref(head);
        return error_trace(r);
    }
    head = json_member(head, "notices", notices);
    head = json_member(head, "schema", json_string("crumb copy"));
    head = json_member(head, "version", json_integer(COPY_VERSION));
    head = json_member(head, "made", receipt_time_json(wish->now_ms));
    head = json_member(head, "controller",
                       json_pack("{s:s, s:s, s:s}", "name", wish->site->controller.name, "address",
                                 wish->site->controller.address, "contact", wish->site->controller.contact));
    r = put_open(&copy->piece, head);
    buffer_put_text(&copy->piece, TEXT(",\"days\":["));
    copy->day = copy_day_first(wish, &copy->known);
    return r ? error_trace(r) : error_trace(copy->piece.fault);
}

/* ---- a day each ---- */

static int put_day(struct copy *copy, const struct copy_day *day, int32_t number)
{
    if (copy_day_is_empty(day))
        return 0;
    if (copy->has_days)
        buffer_put_text(&copy->piece, TEXT(","));
    copy->has_days = true;
    return error_trace(json_put(&copy->piece, copy_day_json(day, number), 0));
}

enum { FOUND = 1, OTHER_SITE = 2 };

static int see_day(void *context, uint32_t site, int32_t day, const struct day_state *state)
{
    struct copy_day_at *next = context;

    if (site != next->site)
        return OTHER_SITE;
    next->day = day;
    next->state = *state;
    return FOUND;
}

/* Days of which there is nothing give nothing, so the walk goes on until there is something or the end. */
static int put_next_day(struct copy *copy, struct db_txn *txn)
{
    struct copy_day_at next = {.site = copy->wish.site->id};
    struct copy_day day;
    int r = day_each_from(txn, next.site, copy->day, see_day, &next);

    copy_day_init(&day, &copy->wish, &copy->known);
    if (r == FOUND) {
        copy->day = next.day + 1;
        r = copy_day_read(txn, &day, next.day, &next.state);
        r = r ? r : put_day(copy, &day, next.day);
    } else if (r >= 0) {
        copy->has_ended = true;
        buffer_put_text(&copy->piece, TEXT("]}\n"));
        r = 0;
    }
    copy_day_deinit(&day);
    return r ? error_trace(r) : error_trace(copy->piece.fault);
}

static int put_piece(struct copy *copy)
{
    DB_TXN_AUTO *txn = NULL;
    int r = db_begin_read(copy->wish.db, &txn);

    if (r)
        return error_trace(r);
    r = copy->has_begun ? put_next_day(copy, txn) : begin(copy, txn);
    copy->has_begun = true;
    return r;
}

static int put_fresh_piece(struct copy *copy)
{
    int32_t day = copy->day;
    bool has_days = copy->has_days;
    int r = put_piece(copy);

    for (unsigned i = 0; r == -ESTALE && i < COPY_STALE_MAX; i++) {
        copy->day = day;
        copy->has_days = has_days;
        buffer_clear(&copy->piece);
        r = put_piece(copy);
    }
    return r;
}

int copy_next(struct copy *copy, struct text *ret_piece)
{
    int r = 0;

    buffer_clear(&copy->piece);
    while (r == 0 && copy->piece.size == 0 && !copy->has_ended)
        r = put_fresh_piece(copy);
    if (r == 0)
        *ret_piece = buffer_text(&copy->piece);
    return r < 0 ? error_trace(r) : r;
}
