/*
 * What crumb verify says of older heads: the ledger must continue each of them.
 */
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "verify.h"
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

static int read_file(const char *path, struct buffer *buffer)
{
    uint8_t *at = buffer_extend(buffer, HEAD_JSON_BYTES_MAX);

    if (!at)
        return error_origin(buffer->fault);
    FILE *file = fopen(path, "re");
    if (!file)
        return error_origin(-errno);
    buffer->size = fread(at, 1, HEAD_JSON_BYTES_MAX, file);
    int r = ferror(file) ? -EIO : 0;
    fclose(file);
    return r ? error_origin(r) : 0;
}

int verify_read_heads(struct verify *verify)
{
    for (unsigned i = 0; i < verify->n_heads; i++) {
        struct older_head *older = &verify->heads[i];
        BUFFER_AUTO json = BUFFER_INIT(HEAD_JSON_BYTES_MAX);

        older->file = verify->head_files[i];
        int r = read_file(older->file, &json);
        if (r) {
            log_fault(older->file, r);
            return EXIT_FAILED;
        }
        r = head_read(buffer_text(&json), &older->head);
        if (r) {
            fprintf(stderr, "crumb verify: %s: %s\n", older->file,
                    r == HEAD_E_FORGED ? "its signature is not its key's over what it says"
                                       : "not a head as GET /v1/ledger/head gives it");
            return r == HEAD_E_FORGED ? EXIT_NO : EXIT_USAGE;
        }
    }
    return EXIT_GOOD;
}

void verify_meet_heads(struct verify *verify, const struct ledger_record *record)
{
    for (unsigned i = 0; i < verify->n_heads; i++) {
        const struct chain_head *head = &verify->heads[i].head.ledger;

        if (head->n_records == verify->n_records)
            verify->heads[i].met =
                head->sequence == record->sequence && memcmp(head->hash, record->hash, HASH_BYTES) == 0;
    }
}

int verify_heads(struct verify *verify)
{
    static const uint8_t zeros[HASH_BYTES];

    for (unsigned i = 0; i < verify->n_heads; i++) {
        const struct older_head *older = &verify->heads[i];
        const struct chain_head *head = &older->head.ledger;
        bool empty = head->n_records == 0 && head->sequence == 0 && memcmp(head->hash, zeros, HASH_BYTES) == 0;

        if (!older->met && !empty)
            return verify_wrong(verify, "ledger: it does not continue the head of %s, %" PRIu64 " records, in %s",
                                older->head.time, head->n_records, older->file);
        char key[HEAD_KEY_TEXT_BYTES];
        head_key_text(older->head.key, key);
        printf("good   %s: %" PRIu64 " records at %s, signed by %s\n", older->file, head->n_records, older->head.time,
               key);
    }
    return 0;
}
