/*
 * boxes: what the boxes of a store's rows hold, for tests that look for bytes.
 *
 *   boxes FOLDER journal|segments|rollups
 *
 * A line for each row: its key, and then each box that it has, opened, in hex.
 */
#include "crumb/base/error.h"
#include "crumb/base/limits.h"
#include "crumb/base/reader.h"
#include "crumb/rollup/segments.h"
#include "crumb/store/checksum.h"
#include "crumb/store/journal.h"
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>

#define HEAD_BYTES (1 + 2 * KEY_REF_BYTES)

static void print_hex(struct text bytes)
{
    for (size_t i = 0; i < bytes.size; i++)
        printf("%02x", (unsigned char)bytes.data[i]);
}

static int print_record(struct db_txn *txn, struct text key, struct text value)
{
    struct crypt_place place = {.table = "journal", .key = key};
    struct text box = text_from(value, HEAD_BYTES + CRYPT_SALT_BYTES + CHECKSUM_BYTES);
    uint8_t visitors[CRYPT_KEY_BYTES], days[CRYPT_KEY_BYTES], secret[CRYPT_KEY_BYTES], plain[JOURNAL_RECORD_BYTES_MAX];
    struct reader reader = reader_of(text_from(value, 1));
    struct key_ref visitor = keyring_read_ref(&reader), day = keyring_read_ref(&reader);

    if (keyring_get(db_keyring(txn), visitor, visitors) || keyring_get(db_keyring(txn), day, days))
        return 1;
    crypt_join(visitors, days, secret);
    if (!crypt_open(secret, &place, (const uint8_t *)value.data + HEAD_BYTES, box, plain))
        return 1;
    printf(" ");
    print_hex((struct text){.data = (const char *)plain, .size = box.size - CRYPT_TAG_BYTES});
    return 0;
}

static int print_envelope(struct db_txn *txn, enum db_table table, struct text key, struct text value)
{
    struct envelope envelope;

    if (envelope_read(table, key, value, &envelope) || envelope_open(&envelope, db_keyring(txn)))
        return 1;
    for (unsigned part = 0; part < envelope.n_parts; part++) {
        size_t size = envelope_size(&envelope, part);
        char *plain = malloc(size + 1);

        if (!plain || envelope_part(&envelope, part, plain))
            return 1;
        printf(" ");
        print_hex((struct text){.data = plain, .size = size});
        free(plain);
    }
    return 0;
}

static int print_table(struct db_txn *txn, enum db_table table)
{
    DB_CURSOR_AUTO *cursor = NULL;
    struct text key, value;
    int r = db_cursor_new(txn, table, &cursor);

    for (r = r ? r : db_cursor_seek(cursor, TEXT_NONE, &key, &value); r == 0;
         r = db_cursor_next(cursor, &key, &value)) {
        print_hex(key);
        if (table == DB_JOURNAL ? print_record(txn, key, value) : print_envelope(txn, table, key, value))
            return 1;
        printf("\n");
    }
    return r == DB_E_NOT_FOUND ? 0 : 1;
}

int main(int argc, char **argv)
{
    DB_TXN_AUTO *txn = NULL;
    struct db *db = NULL;

    if (argc != 3 || sodium_init() < 0)
        return 2;
    int r = db_open(&(struct db_options){.folder = argv[1], .mode = DB_READ}, &db);
    r = r ? r : db_begin_read(db, &txn);
    if (r) {
        fprintf(stderr, "boxes: %s\n", r >= KEYRING_E_REFUSED ? keyring_refusal(r) : error_trail(r));
        return 1;
    }
    enum db_table table = strcmp(argv[2], "journal") == 0    ? DB_JOURNAL
                          : strcmp(argv[2], "segments") == 0 ? DB_SEGMENTS
                                                             : DB_ROLLUPS;
    r = print_table(txn, table);
    txn = db_abort(txn);
    db_close(db);
    return r;
}
