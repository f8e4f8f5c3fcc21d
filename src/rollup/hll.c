/*
 * HyperLogLog.  A hash is read as three fields:
 *
 *      63      50 49    39 38                           0
 *     +----------+--------+------------------------------+
 *     | register | middle |             rest             |
 *     +----------+--------+------------------------------+
 *     |<-- index, 25 -->|
 *
 *     dense    registers[register] is the greatest rank of middle and rest
 *              together: the number of their leading zeros, plus 1
 *     sparse   one entry an index: index << 6 | rank of rest, where the rank
 *              is written only under a middle of 0.  Any other middle decides
 *              the register's rank by itself.
 *
 * So an entry holds all that a register can ever want to know of the hash, and
 * turning sparse into dense loses nothing: the result is what a sketch dense
 * from the start would hold.  The turn comes with entry HLL_SPARSE_MAX + 1,
 * which depends on the set alone.
 *
 * Entries are kept sorted by insertion.  At most 16 KiB move for an item, and
 * none do where items come in the order of their hash.
 */
#include "crumb/rollup/hll.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <xxhash.h>

#define MIDDLE_BITS (HLL_SPARSE_BITS - HLL_BITS)
#define MIDDLE_MASK ((1u << MIDDLE_BITS) - 1)
#define REST_BITS (64 - HLL_SPARSE_BITS)
#define REST_RANK_MAX (REST_BITS + 1)
#define RANK_BITS 6
#define RANK_MASK ((1u << RANK_BITS) - 1)
#define RANK_MAX (64 - HLL_BITS + 1)
#define INDEXES (1u << HLL_SPARSE_BITS)
#define FIRST_ENTRIES 4

/* What an encoded sketch begins with: this, or its number of entries plus FORM_SPARSE. */
enum { FORM_DENSE = 0, FORM_SPARSE = 1 };

_Static_assert(HLL_SPARSE_BITS + RANK_BITS <= 32, "an entry has 32 bits");
_Static_assert(REST_RANK_MAX <= RANK_MASK, "a rank fits its field");
_Static_assert(HLL_SPARSE_MAX * sizeof(uint32_t) <= HLL_REGISTERS, "sparse is never the larger form");

static uint32_t index_of(uint32_t entry) { return entry >> RANK_BITS; }

static uint32_t entry_of(uint64_t hash)
{
    uint32_t index = (uint32_t)(hash >> REST_BITS);
    uint64_t rest = hash << HLL_SPARSE_BITS;

    if (index & MIDDLE_MASK)
        return index << RANK_BITS;
    return index << RANK_BITS | (rest ? (uint32_t)__builtin_clzll(rest) + 1 : REST_RANK_MAX);
}

/* Lets the register of @entry know it. */
static void registers_raise(uint8_t *registers, uint32_t entry)
{
    uint32_t middle = index_of(entry) & MIDDLE_MASK;
    uint8_t *at = &registers[index_of(entry) >> MIDDLE_BITS];
    unsigned rank;

    if (middle)
        rank = (unsigned)__builtin_clz(middle) - (32 - MIDDLE_BITS) + 1;
    else
        rank = MIDDLE_BITS + (entry & RANK_MASK);
    if (*at < rank)
        *at = (uint8_t)rank;
}

static uint8_t *registers_of(const uint32_t *entries, uint32_t n_entries)
{
    uint8_t *registers = calloc(HLL_REGISTERS, 1);

    if (registers)
        for (uint32_t i = 0; i < n_entries; i++)
            registers_raise(registers, entries[i]);
    return registers;
}

static int make_dense(struct hll *hll)
{
    uint8_t *registers = registers_of(hll->entries, hll->n_entries);

    if (!registers)
        return error_origin(-ENOMEM);
    hll_deinit(hll);
    hll->registers = registers;
    return 0;
}

/* Where the entry with the index of @entry is, or belongs. */
static uint32_t find(const struct hll *hll, uint32_t entry)
{
    uint32_t low = 0, high = hll->n_entries;

    if (high > 0 && index_of(hll->entries[high - 1]) < index_of(entry))
        return high;
    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (index_of(hll->entries[middle]) < index_of(entry))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int insert(struct hll *hll, uint32_t at, uint32_t entry)
{
    if (hll->n_entries == hll->capacity) {
        uint32_t capacity = hll->capacity ? 2 * hll->capacity : FIRST_ENTRIES;
        uint32_t *entries = realloc(hll->entries, capacity * sizeof *entries);

        if (!entries)
            return error_origin(-ENOMEM);
        hll->entries = entries;
        hll->capacity = capacity;
    }
    memmove(hll->entries + at + 1, hll->entries + at, (hll->n_entries - at) * sizeof entry);
    hll->entries[at] = entry;
    hll->n_entries++;
    return 0;
}

void hll_deinit(struct hll *hll)
{
    free(hll->registers);
    free(hll->entries);
    *hll = HLL_INIT;
}

int hll_add(struct hll *hll, const void *item, size_t size)
{
    uint32_t entry = entry_of(XXH3_64bits(item, size));

    if (!hll->registers) {
        uint32_t at = find(hll, entry);

        if (at < hll->n_entries && index_of(hll->entries[at]) == index_of(entry)) {
            if (hll->entries[at] < entry)
                hll->entries[at] = entry;
            return 0;
        }
        if (hll->n_entries < HLL_SPARSE_MAX)
            return error_trace(insert(hll, at, entry));
        int r = make_dense(hll);
        if (r < 0)
            return error_trace(r);
    }
    registers_raise(hll->registers, entry);
    return 0;
}

/* Writes the union of two sparse sketches to @ret, which has room for both, and returns its size. */
static uint32_t unite(const struct hll *a, const struct hll *b, uint32_t *ret)
{
    uint32_t i = 0, j = 0, n = 0;

    while (i < a->n_entries && j < b->n_entries) {
        uint32_t left = a->entries[i], right = b->entries[j];

        /* Of one index the greater entry has the greater rank. */
        if (index_of(left) == index_of(right))
            ret[n] = left > right ? left : right;
        else
            ret[n] = left < right ? left : right;
        i += index_of(left) <= index_of(ret[n]);
        j += index_of(right) <= index_of(ret[n]);
        n++;
    }
    while (i < a->n_entries)
        ret[n++] = a->entries[i++];
    while (j < b->n_entries)
        ret[n++] = b->entries[j++];
    return n;
}

static int merge_sparse(struct hll *hll, const struct hll *from)
{
    uint32_t capacity = hll->n_entries + from->n_entries;
    uint32_t *entries = malloc(capacity * sizeof *entries);
    uint8_t *registers = NULL;

    if (!entries)
        return error_origin(-ENOMEM);
    uint32_t n_entries = unite(hll, from, entries);
    if (n_entries > HLL_SPARSE_MAX) {
        registers = registers_of(entries, n_entries);
        free(entries);
        if (!registers)
            return error_origin(-ENOMEM);
        entries = NULL;
        n_entries = capacity = 0;
    }
    hll_deinit(hll);
    *hll = (struct hll){.registers = registers, .entries = entries, .n_entries = n_entries, .capacity = capacity};
    return 0;
}

int hll_merge(struct hll *hll, const struct hll *from)
{
    if (!from->registers && from->n_entries == 0)
        return 0;
    if (!hll->registers && !from->registers)
        return error_trace(merge_sparse(hll, from));
    if (!hll->registers) {
        int r = make_dense(hll);
        if (r < 0)
            return error_trace(r);
    }
    for (uint32_t i = 0; i < from->n_entries; i++)
        registers_raise(hll->registers, from->entries[i]);
    if (from->registers)
        for (uint32_t i = 0; i < HLL_REGISTERS; i++)
            if (hll->registers[i] < from->registers[i])
                hll->registers[i] = from->registers[i];
    return 0;
}

/* Ertl's sigma: the share of registers that are still 0 corrects small counts. */
static double sigma(double x)
{
    double y = 1, z = x, before;

    if (x >= 1)
        return INFINITY;
    do {
        x *= x;
        before = z;
        z += x * y;
        y += y;
    } while (z > before);
    return z;
}

/* Ertl's tau: the share of registers below their greatest value corrects huge counts. */
static double tau(double x)
{
    double y = 1, z = 1 - x, before;

    if (x <= 0 || x >= 1)
        return 0;
    do {
        x = sqrt(x);
        before = z;
        y /= 2;
        z -= (1 - x) * (1 - x) * y;
    } while (z < before);
    return z / 3;
}

static double estimate_dense(const uint8_t *registers)
{
    const double m = HLL_REGISTERS;
    uint32_t n_of_rank[RANK_MAX + 1] = {0};

    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        n_of_rank[registers[i]]++;
    double z = m * tau(1 - n_of_rank[RANK_MAX] / m);
    for (unsigned rank = RANK_MAX - 1; rank >= 1; rank--)
        z = (z + n_of_rank[rank]) / 2;
    z += m * sigma(n_of_rank[0] / m);
    return m * m / (2 * M_LN2 * z);
}

/* Linear counting: the indexes that no item has met tell how many were thrown. */
static double estimate_sparse(uint32_t n_entries)
{
    const double m = INDEXES;

    return -m * log1p(-(double)n_entries / m);
}

uint64_t hll_count(struct hll *hll)
{
    double estimate = hll->registers ? estimate_dense(hll->registers) : estimate_sparse(hll->n_entries);

    /* Registers that are all at their greatest value (forged bytes) estimate infinity. */
    return estimate < 0x1p63 ? (uint64_t)(estimate + 0.5) : UINT64_MAX;
}

void hll_encode(struct hll *hll, struct buffer *buffer)
{
    uint32_t next = 0;

    if (hll->registers) {
        buffer_put_varint(buffer, FORM_DENSE);
        buffer_put(buffer, hll->registers, HLL_REGISTERS);
        return;
    }
    assert(hll->n_entries <= HLL_SPARSE_MAX);
    buffer_put_varint(buffer, FORM_SPARSE + hll->n_entries);
    for (uint32_t i = 0; i < hll->n_entries; i++) {
        uint32_t index = index_of(hll->entries[i]);

        buffer_put_varint(buffer, index - next);
        if ((index & MIDDLE_MASK) == 0)
            buffer_put_u8(buffer, (uint8_t)(hll->entries[i] & RANK_MASK));
        next = index + 1;
    }
}

static int decode_dense(struct reader *reader, struct hll *ret_hll)
{
    struct text bytes = reader_bytes(reader, HLL_REGISTERS);

    if (reader->bad)
        return error_origin(-EBADMSG);
    for (uint32_t i = 0; i < HLL_REGISTERS; i++)
        if ((uint8_t)bytes.data[i] > RANK_MAX)
            return error_origin(-EBADMSG);
    uint8_t *registers = malloc(HLL_REGISTERS);
    if (!registers)
        return error_origin(-ENOMEM);
    memcpy(registers, bytes.data, HLL_REGISTERS);
    *ret_hll = (struct hll){.registers = registers};
    return 0;
}

/* Reads one entry whose index is @next or more, and sets @next behind it. */
static bool read_entry(struct reader *reader, uint32_t *next, uint32_t *ret_entry)
{
    uint64_t skipped = reader_varint(reader);

    if (reader->bad || skipped >= INDEXES - *next)
        return false;
    uint32_t index = *next + (uint32_t)skipped, rank = 0;
    if ((index & MIDDLE_MASK) == 0) {
        rank = reader_u8(reader);
        if (rank < 1 || rank > REST_RANK_MAX)
            return false;
    }
    *next = index + 1;
    *ret_entry = index << RANK_BITS | rank;
    return true;
}

static int decode_sparse(struct reader *reader, uint32_t n_entries, struct hll *ret_hll)
{
    uint32_t next = 0;

    /* An entry has one byte at least: memory stays in proportion to the input. */
    if (n_entries > reader_left(reader))
        return error_origin(-EBADMSG);
    uint32_t *entries = malloc(n_entries * sizeof *entries);
    if (!entries)
        return error_origin(-ENOMEM);
    for (uint32_t i = 0; i < n_entries; i++) {
        if (!read_entry(reader, &next, &entries[i])) {
            free(entries);
            return error_origin(-EBADMSG);
        }
    }
    *ret_hll = (struct hll){.entries = entries, .n_entries = n_entries, .capacity = n_entries};
    return 0;
}

int hll_decode(struct reader *reader, struct hll *ret_hll)
{
    uint64_t form = reader_varint(reader);

    if (reader->bad || form > FORM_SPARSE + HLL_SPARSE_MAX)
        return error_origin(-EBADMSG);
    if (form == FORM_DENSE)
        return error_trace(decode_dense(reader, ret_hll));
    if (form == FORM_SPARSE) {
        *ret_hll = HLL_INIT;
        return 0;
    }
    return error_trace(decode_sparse(reader, (uint32_t)(form - FORM_SPARSE), ret_hll));
}
