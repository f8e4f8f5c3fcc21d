/*
 * Written member by member, in a fixed order.
 */
#include "crumb/rights/request_json.h"
#include "crumb/base/json.h"
#include "crumb/consent/receipt.h"
#include <inttypes.h>

static void put_time(struct buffer *buffer, const char *name, int64_t at_ms)
{
    char time[RECEIPT_TIME_BYTES];

    receipt_time(at_ms, time);
    buffer_printf(buffer, "\"%s\":\"%s\"", name, time);
}

static void put_step(struct buffer *buffer, const struct request_step *step, enum request_view view)
{
    buffer_put_text(buffer, TEXT("{"));
    put_time(buffer, "time", step->at_ms);
    buffer_printf(buffer, ",\"state\":\"%s\",\"by\":\"%s\"", request_state_word(step->state),
                  step->side == REQUEST_BY_ASKER ? "visitor" : "officer");
    if (view == REQUEST_FOR_OFFICER)
        json_put_text_member(buffer, "name", step->name);
    json_put_text_member(buffer, "answer", step->is_told ? step->note : TEXT_NONE);
    if (view == REQUEST_FOR_OFFICER)
        json_put_text_member(buffer, "note", !step->is_told ? step->note : TEXT_NONE);
    buffer_put_text(buffer, TEXT("}"));
}

/* A note alone is none of the asker's business. */
static bool is_visible(const struct request *request, unsigned i, enum request_view view)
{
    const struct request_step *step = &request->steps[i];

    return view == REQUEST_FOR_OFFICER || step->is_told || i == 0 || step->state != request->steps[i - 1].state;
}

static void put_steps(struct buffer *buffer, const struct request *request, enum request_view view)
{
    const char *comma = "";

    buffer_put_text(buffer, TEXT(",\"history\":["));
    for (unsigned i = 0; i < request->n_steps; i++) {
        if (!is_visible(request, i, view))
            continue;
        buffer_put_text(buffer, text_of(comma));
        put_step(buffer, &request->steps[i], view);
        comma = ",";
    }
    buffer_put_text(buffer, TEXT("]"));
}

static const char *urgency_word(const struct request *request, const struct site *site, int64_t now_ms)
{
    static const char *const words[] = {
        [REQUEST_LATER] = "\"later\"", [REQUEST_SOON] = "\"soon\"", [REQUEST_OVERDUE] = "\"overdue\""};

    return request_is_open(request->state) ? words[requests_urgency(site, request->due, now_ms)] : "null";
}

void request_json_put(struct buffer *buffer, const struct request *request, const struct site *site, int64_t now_ms,
                      enum request_view view)
{
    char due[ZONE_DATE_BYTES];

    zone_write_date(request->due, due);
    buffer_printf(buffer, "{\"number\":%" PRIu32 ",\"site\":\"%s\",\"kind\":\"%s\",\"state\":\"%s\",", request->number,
                  site->name, request_kind_word(request->kind), request_state_word(request->state));
    put_time(buffer, "made", request->made_ms);
    buffer_printf(buffer, ",\"due\":\"%s\",\"urgency\":%s", due, urgency_word(request, site, now_ms));
    if (request_is_open(request->state))
        buffer_printf(buffer, ",\"working_days_left\":%d", requests_left(site, request->due, now_ms));
    else
        buffer_put_text(buffer, TEXT(",\"working_days_left\":null"));
    if (view == REQUEST_FOR_OFFICER)
        buffer_printf(buffer, ",\"version\":%u", request->n_steps);
    if (view != REQUEST_IN_QUEUE) {
        json_put_text_member(buffer, "text", request->text);
        json_put_text_member(buffer, "contact", request->contact);
        put_steps(buffer, request, view);
    } else {
        buffer_put_text(buffer, TEXT(","));
        put_time(buffer, "changed", request->changed_ms);
    }
    buffer_put_text(buffer, TEXT("}"));
}
