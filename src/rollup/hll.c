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
 * from the start would hold.  The turn comes with the entry after the most that
 * there may be, which depends on the set alone.
 *
 * A coarse sketch takes two bits of the register's number into the middle.  Its
 * entries are the same: a middle of 0 there is one of 0 here.
 *
 * Entries are kept in a hash table, where an index's own low bits say where it
 * belongs; no entry is 0, as index 0 has a rank.  They are sorted to be written.
 */
#include "crumb/rollup/hll.h"
#include "crumb/base/error.h"
#include <assert.h>
#include <endian.h>
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#define XXH_INLINE_ALL /* a visitor is 8 bytes: a few instructions */
#include <xxhash.h>

#define MIDDLE_BITS (HLL_SPARSE_BITS - HLL_BITS)
#define MIDDLE_MASK ((1u << MIDDLE_BITS) - 1)
#define REST_BITS (64 - HLL_SPARSE_BITS)
#define REST_RANK_MAX (REST_BITS + 1)
#define RANK_BITS 6
#define RANK_MASK ((1u << RANK_BITS) - 1)
#define RANK_MAX (64 - HLL_COARSE_BITS + 1) /* of any sketch */
#define INDEXES (1u << HLL_SPARSE_BITS)
#define FIRST_SLOTS 4

/* What an encoded sketch begins with: this, or its number of entries plus FORM_SPARSE. */
enum { FORM_DENSE = 0, FORM_SPARSE = 1 };

_Static_assert(HLL_SPARSE_BITS + RANK_BITS <= 32, "an entry has 32 bits");
_Static_assert(REST_RANK_MAX <= RANK_MASK, "a rank fits its field");
_Static_assert(HLL_SPARSE_MAX * sizeof(uint32_t) <= HLL_REGISTERS, "sparse is never the larger form");
_Static_assert(HLL_COARSE_SPARSE_MAX * sizeof(uint32_t) <= HLL_COARSE_REGISTERS, "nor where it is coarse");

static unsigned bits_of(const struct hll *hll) { return hll->coarse ? HLL_COARSE_BITS : HLL_BITS; }
static uint32_t registers_of(const struct hll *hll) { return 1u << bits_of(hll); }
static unsigned rank_max_of(const struct hll *hll) { return 64 - bits_of(hll) + 1; }
static uint32_t sparse_max_of(const struct hll *hll) { return hll->coarse ? HLL_COARSE_SPARSE_MAX : HLL_SPARSE_MAX; }

static uint32_t index_of(uint32_t entry) { return entry >> RANK_BITS; }

static uint32_t entry_of(uint64_t hash)
{
    uint32_t index = (uint32_t)(hash >> REST_BITS);
    uint64_t rest = hash << HLL_SPARSE_BITS;

    if (index & MIDDLE_MASK)
        return index << RANK_BITS;
    return index << RANK_BITS | (rest ? (uint32_t)__builtin_clzll(rest) + 1 : REST_RANK_MAX);
}

/* ---- dense ---- */

/* Lets the register of @entry know it. */
static inline void raise_one(uint8_t *registers, unsigned middle_bits, uint32_t entry)
{
    uint32_t middle = index_of(entry) & ((1u << middle_bits) - 1);
    uint8_t *at = &registers[index_of(entry) >> middle_bits];
    unsigned of_middle = (unsigned)__builtin_clz(middle | 1) - (32 - middle_bits) + 1;
    unsigned rank = middle ? of_middle : entry ? middle_bits + (entry & RANK_MASK) : 0;

    *at = *at < rank ? (uint8_t)rank : *at;
}

static void raise_register(struct hll *hll, uint32_t entry)
{
    raise_one(hll->registers, HLL_SPARSE_BITS - bits_of(hll), entry);
}

/* Which slots are free cannot be foreseen: none is told from the others by a branch, and a free one raises nothing. */
static void raise_all(struct hll *hll, const uint32_t *slots, uint32_t n_slots)
{
    uint8_t *registers = hll->registers;
    unsigned middle_bits = HLL_SPARSE_BITS - bits_of(hll);

    for (uint32_t i = 0; i < n_slots; i++)
        raise_one(registers, middle_bits, slots[i]);
}

/* Each to the greater of two. In steps of a known length, which the compiler makes vectors of. */
static void raise_registers(uint8_t *restrict registers, const uint8_t *restrict from, uint32_t n)
{
    enum { STEP = 64 };

    for (uint32_t i = 0; i < n; i += STEP)
        for (uint32_t j = i; j < i + STEP; j++)
            registers[j] = registers[j] < from[j] ? from[j] : registers[j];
}

static int make_dense(struct hll *hll)
{
    struct hll dense = {.coarse = hll->coarse, .registers = calloc(registers_of(hll), 1)};

    if (!dense.registers)
        return error_origin(-ENOMEM);
    raise_all(&dense, hll->entries, hll->capacity);
    hll_deinit(hll);
    *hll = dense;
    return 0;
}

/* ---- sparse ---- */

/* Where the entry with the index of @entry is, or belongs. There is a free slot. */
static uint32_t *slot_of(const struct hll *hll, uint32_t entry)
{
    uint32_t at = index_of(entry) & (hll->capacity - 1);

    while (hll->entries[at] && index_of(hll->entries[at]) != index_of(entry))
        at = (at + 1) & (hll->capacity - 1);
    return &hll->entries[at];
}

static bool has_index(const struct hll *hll, uint32_t entry) { return hll->capacity && *slot_of(hll, entry); }

/* Makes room for @n_entries in all; a quarter of the slots stays free at least. */
static int reserve(struct hll *hll, uint32_t n_entries)
{
    struct hll larger = *hll;

    while (4 * n_entries > 3 * larger.capacity)
        larger.capacity = larger.capacity ? 2 * larger.capacity : FIRST_SLOTS;
    if (larger.capacity == hll->capacity)
        return 0;
    larger.entries = calloc(larger.capacity, sizeof *larger.entries);
    if (!larger.entries)
        return error_origin(-ENOMEM);
    for (uint32_t i = 0; i < hll->capacity; i++)
        if (hll->entries[i])
            *slot_of(&larger, hll->entries[i]) = hll->entries[i];
    free(hll->entries);
    *hll = larger;
    return 0;
}

/* There is room for it. Of one index the greater entry has the greater rank. */
static void put(struct hll *hll, uint32_t entry)
{
    uint32_t *slot = slot_of(hll, entry);

    hll->n_entries += !*slot;
    if (*slot < entry)
        *slot = entry;
}

/* ---- either ---- */

void hll_deinit(struct hll *hll)
{
    free(hll->registers);
    free(hll->entries);
    *hll = (struct hll){.coarse = hll->coarse};
}

uint32_t hll_visitor(uint32_t site, uint32_t number)
{
    uint64_t item = htobe64((uint64_t)site << 32 | number);

    return entry_of(XXH3_64bits(&item, sizeof item));
}

/* A new index where the form is full, or too small, makes it another. */
static int add(struct hll *hll, uint32_t entry)
{
    uint32_t *slot = hll->capacity ? slot_of(hll, entry) : NULL;
    int r = 0;

    if (slot && (*slot || (hll->n_entries < sparse_max_of(hll) && 4 * (hll->n_entries + 1) <= 3 * hll->capacity))) {
        hll->n_entries += !*slot;
        if (*slot < entry)
            *slot = entry;
        return 0;
    }
    r = hll->n_entries < sparse_max_of(hll) ? reserve(hll, hll->n_entries + 1) : make_dense(hll);
    if (r < 0)
        return error_trace(r);
    if (hll->registers)
        raise_register(hll, entry);
    else
        put(hll, entry);
    return 0;
}

int hll_add_visitors(struct hll *hll, const uint32_t *visitors, uint32_t n)
{
    uint32_t left = sparse_max_of(hll) - hll->n_entries;
    int r =
        hll->registers ? 0 : reserve(hll, hll->n_entries + (n < left ? n : left)); /* it grows once, not by and by */

    for (uint32_t i = 0; r == 0 && i < n; i++) {
        if (hll->registers)
            raise_register(hll, visitors[i]);
        else
            r = add(hll, visitors[i]);
    }
    return error_trace(r);
}

int hll_add_visitor(struct hll *hll, uint32_t visitor) { return error_trace(hll_add_visitors(hll, &visitor, 1)); }

int hll_add(struct hll *hll, const void *item, size_t size)
{
    return error_trace(hll_add_visitor(hll, entry_of(XXH3_64bits(item, size))));
}

static int make_room(struct hll *hll, const struct hll *from)
{
    uint32_t n_entries = hll->n_entries + from->n_entries;

    /* Where some may be the same they are looked for only if it decides about the form. */
    if (!from->registers && n_entries > sparse_max_of(hll)) {
        n_entries = hll->n_entries;
        for (uint32_t i = 0; i < from->capacity; i++)
            n_entries += from->entries[i] && !has_index(hll, from->entries[i]);
    }
    if (from->registers || n_entries > sparse_max_of(hll))
        return error_trace(make_dense(hll));
    return error_trace(reserve(hll, n_entries));
}

int hll_merge(struct hll *hll, const struct hll *from)
{
    assert(hll->coarse == from->coarse);
    int r = hll->registers ? 0 : make_room(hll, from);
    if (r < 0)
        return error_trace(r);
    if (hll->registers)
        raise_all(hll, from->entries, from->capacity);
    for (uint32_t i = 0; !hll->registers && i < from->capacity; i++)
        if (from->entries[i])
            put(hll, from->entries[i]);
    if (from->registers)
        raise_registers(hll->registers, from->registers, registers_of(hll));
    return 0;
}

/* ---- how many ---- */

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

static double estimate_dense(const struct hll *hll)
{
    const double m = registers_of(hll);
    unsigned rank_max = rank_max_of(hll);
    uint32_t n_of_rank[RANK_MAX + 1] = {0};

    for (uint32_t i = 0; i < registers_of(hll); i++)
        n_of_rank[hll->registers[i]]++;
    double z = m * tau(1 - n_of_rank[rank_max] / m);
    for (unsigned rank = rank_max - 1; rank >= 1; rank--)
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

uint64_t hll_count(const struct hll *hll)
{
    double estimate = hll->registers ? estimate_dense(hll) : estimate_sparse(hll->n_entries);

    /* Registers that are all at their greatest value (forged bytes) estimate infinity. */
    return estimate < 0x1p63 ? (uint64_t)(estimate + 0.5) : UINT64_MAX;
}

/* ---- bytes ---- */

static int compare_entries(const void *left, const void *right)
{
    uint32_t a = *(const uint32_t *)left, b = *(const uint32_t *)right;

    return (a > b) - (a < b);
}

void hll_encode(const struct hll *hll, struct buffer *buffer)
{
    uint32_t entries[HLL_SPARSE_MAX], n = 0, next = 0;

    if (hll->registers) {
        buffer_put_varint(buffer, FORM_DENSE);
        buffer_put(buffer, hll->registers, registers_of(hll));
        return;
    }
    assert(hll->n_entries <= sparse_max_of(hll));
    for (uint32_t i = 0; i < hll->capacity; i++)
        if (hll->entries[i])
            entries[n++] = hll->entries[i];
    qsort(entries, n, sizeof *entries, compare_entries);
    buffer_put_varint(buffer, FORM_SPARSE + n);
    for (uint32_t i = 0; i < n; i++) {
        uint32_t index = index_of(entries[i]);

        buffer_put_varint(buffer, index - next);
        if ((index & MIDDLE_MASK) == 0)
            buffer_put_u8(buffer, (uint8_t)(entries[i] & RANK_MASK));
        next = index + 1;
    }
}

static int decode_dense(struct reader *reader, struct hll *hll)
{
    struct text bytes = reader_bytes(reader, registers_of(hll));

    if (reader->bad)
        return error_origin(-EBADMSG);
    for (uint32_t i = 0; i < registers_of(hll); i++)
        if ((uint8_t)bytes.data[i] > rank_max_of(hll))
            return error_origin(-EBADMSG);
    hll->registers = malloc(registers_of(hll));
    if (!hll->registers)
        return error_origin(-ENOMEM);
    memcpy(hll->registers, bytes.data, registers_of(hll));
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

static int decode_sparse(struct reader *reader, uint32_t n_entries, struct hll *hll)
{
    uint32_t next = 0, entry;

    /* An entry has one byte at least: memory stays in proportion to the input. */
    if (n_entries > reader_left(reader))
        return error_origin(-EBADMSG);
    int r = reserve(hll, n_entries);
    for (uint32_t i = 0; r == 0 && i < n_entries; i++) {
        if (read_entry(reader, &next, &entry))
            put(hll, entry);
        else
            r = error_origin(-EBADMSG);
    }
    return error_trace(r);
}

static int decode(struct reader *reader, struct hll hll, struct hll *ret_hll)
{
    uint64_t form = reader_varint(reader);

    if (reader->bad || form > FORM_SPARSE + (uint64_t)sparse_max_of(&hll))
        return error_origin(-EBADMSG);
    int r =
        form == FORM_DENSE ? decode_dense(reader, &hll) : decode_sparse(reader, (uint32_t)(form - FORM_SPARSE), &hll);
    if (r < 0) {
        hll_deinit(&hll);
        return error_trace(r);
    }
    *ret_hll = hll;
    return 0;
}

int hll_decode(struct reader *reader, struct hll *ret_hll) { return error_trace(decode(reader, HLL_INIT, ret_hll)); }

int hll_decode_coarse(struct reader *reader, struct hll *ret_hll)
{
    return error_trace(decode(reader, HLL_COARSE_INIT, ret_hll));
}
