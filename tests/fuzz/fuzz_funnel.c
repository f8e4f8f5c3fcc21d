/*
 * Any bytes as a request about a funnel.  What is refused has a complaint; what
 * is accepted can be answered and written, and no step has more visits than the
 * one before it.
 */
#include "crumb/query/journeys_output.h"
#include "fuzz_visits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct funnel_request *request, const struct table *table)
{
    BUFFER_AUTO output = BUFFER_INIT(8 << 20);
    struct funnel *funnel;

    assert((funnel_columns(&request->question) & ~COLUMN_ALL) == 0);
    assert(funnel_new(&request->question, &funnel) == 0);
    assert(funnel_add(funnel, table, 0, 86400) == 0);
    struct funnel_answer answer = funnel_answer(funnel);
    for (unsigned i = 0; i < answer.n_steps; i++) {
        assert(answer.steps[i].visits <= (i ? answer.steps[i - 1].visits : answer.traced));
        assert(answer.steps[i].visitors <= answer.steps[i].visits);
    }
    journeys_output_funnel(request, &answer, &output);
    fuzz_check_json(&output);
    funnel_free(funnel);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct funnel_request request;
    int r = funnel_request_parse((struct text){(const char *)data, size}, &request, &complaint);

    assert(r == 0 || r == QUERY_E_INVALID);
    assert((r == 0) == (complaint.size == 0));
    if (r == 0) {
        answer(&request, fuzz_visits());
        funnel_request_deinit(&request);
    }
    return 0;
}
