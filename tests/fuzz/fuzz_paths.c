/*
 * Any bytes as a request about paths.  What is refused has a complaint; what is
 * accepted keeps the promises of paths.h, and can be answered and written.
 */
#include "crumb/query/journeys_output.h"
#include "fuzz_visits.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void answer(const struct paths_request *request, const struct table *table)
{
    BUFFER_AUTO output = BUFFER_INIT(8 << 20);
    struct paths_answer answer;
    struct paths *paths;

    assert((paths_columns(&request->question) & ~COLUMN_ALL) == 0);
    assert(paths_new(&request->question, &paths) == 0);
    assert(paths_add(paths, table, 0, 86400) == 0);
    assert(paths_answer(paths, &answer) == 0);
    assert(answer.visits <= answer.traced);
    journeys_output_paths(request, &answer, &output);
    fuzz_check_json(&output);
    paths_answer_deinit(&answer);
    paths_free(paths);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    BUFFER_AUTO complaint = BUFFER_INIT(QUERY_COMPLAINT_BYTES_MAX);
    struct paths_request request;
    int r = paths_request_parse((struct text){(const char *)data, size}, &request, &complaint);

    assert(r == 0 || r == QUERY_E_INVALID);
    assert((r == 0) == (complaint.size == 0));
    if (r == 0) {
        answer(&request, fuzz_visits());
        paths_request_deinit(&request);
    }
    return 0;
}
