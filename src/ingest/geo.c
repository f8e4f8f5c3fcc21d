/*
 * libmaxminddb opens files by name and maps them, so a file that is cut off
 * later would be a SIGBUS.  It gets a sealed copy in memory (memfd_create(2))
 * instead.
 *
 * Its search of the tree is bounded by the bits of an address.  Its reading of
 * values is not bounded by anything, so the metadata is looked through before
 * it may read that, and entries are read by geodata.c.
 */
#include "crumb/ingest/geo.h"
#include "crumb/base/error.h"
#include "crumb/base/file.h"
#include "crumb/base/limits.h"
#include "crumb/config/value.h"
#include "crumb/ingest/geodata.h"
#include <errno.h>
#include <fcntl.h>
#include <glib.h>
#include <maxminddb.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#define METADATA_MARK TEXT("\xab\xcd\xefMaxMind.com")
#define SEALS (F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL)

struct geo {
    MMDB_s mmdb;
};

static int unusable(struct buffer *complaint, const char *path, const char *what)
{
    buffer_printf(complaint, "geo: %s %s", path, what);
    return GEO_E_UNUSABLE;
}

/* ---- opening ---- */

static bool copy_all(int from, int to, size_t size)
{
    while (size > 0) {
        ssize_t n = sendfile(to, from, NULL, size);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false; /* it shrank meanwhile, or the disk failed */
        size -= (size_t)n;
    }
    return fcntl(to, F_ADD_SEALS, SEALS) == 0;
}

/* A descriptor of the file's copy, or -1 with a complaint. */
static int copy_file(const char *path, size_t *ret_size, struct buffer *complaint)
{
    int from = file_open("geo", path, GEO_FILE_BYTES_MAX, ret_size, complaint);

    if (from < 0)
        return -1;
    int to = memfd_create("crumb-geo", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    if (to >= 0 && !copy_all(from, to, *ret_size)) {
        close(to);
        to = -1;
    }
    close(from);
    if (to < 0)
        unusable(complaint, path, "cannot be read into memory");
    return to;
}

/* The metadata stands behind the last mark, near the end. */
static bool has_plain_metadata(struct text file)
{
    struct text tail = file, metadata = TEXT_NONE;

    if (tail.size > GEO_METADATA_BYTES_MAX)
        tail = text_from(tail, tail.size - GEO_METADATA_BYTES_MAX);
    while (tail.size) {
        const char *mark = memmem(tail.data, tail.size, METADATA_MARK.data, METADATA_MARK.size);

        if (!mark)
            break;
        metadata = tail = text_from(tail, (size_t)(mark - tail.data) + METADATA_MARK.size);
    }
    return metadata.size && geodata_is_plain(metadata, 0);
}

static bool check_metadata(int fd, size_t size)
{
    void *map = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);

    if (map == MAP_FAILED)
        return false;
    bool plain = has_plain_metadata((struct text){.data = map, .size = size});
    munmap(map, size);
    return plain;
}

static int open_copy(int fd, const char *path, struct geo *geo, struct buffer *complaint)
{
    char name[32];

    snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
    int status = MMDB_open(name, MMDB_MODE_MMAP, &geo->mmdb);
    if (status == MMDB_SUCCESS)
        return 0;
    if (status == MMDB_OUT_OF_MEMORY_ERROR)
        return error_origin(-ENOMEM);
    buffer_printf(complaint, "geo: %s is not a database of the MaxMind format (%s)", path, MMDB_strerror(status));
    return GEO_E_UNUSABLE;
}

int geo_open(const char *path, struct geo **ret_geo, struct buffer *complaint)
{
    size_t size;
    int fd = copy_file(path, &size, complaint);

    if (fd < 0)
        return GEO_E_UNUSABLE;
    struct geo *geo = calloc(1, sizeof *geo);
    int r = geo ? 0 : error_origin(-ENOMEM);
    if (r == 0 && !check_metadata(fd, size))
        r = unusable(complaint, path, "is not a database of the MaxMind format (its metadata is damaged)");
    if (r == 0)
        r = open_copy(fd, path, geo, complaint);
    close(fd); /* the map stays */
    if (r) {
        free(geo);
        return error_trace(r);
    }
    *ret_geo = geo;
    return 0;
}

struct geo *geo_free(struct geo *geo)
{
    if (geo) {
        MMDB_close(&geo->mmdb);
        free(geo);
    }
    return NULL;
}

/* ---- looking ---- */

/* Where each shape has what; a file may mix them. */
static const char *const country_paths[][4] = {{"country", "iso_code", NULL}, {"country_code", NULL}};
static const char *const region_paths[][4] = {{"subdivisions", "0", "iso_code", NULL}, {"region_code", NULL}};
static const char *const city_paths[][4] = {{"city", "names", "en", NULL}, {"city", NULL}};

/* The text at the first path of two that leads to one. */
static bool find_text(struct text data, size_t entry, const char *const paths[2][4], struct text *ret_text)
{
    return geodata_text(data, entry, paths[0], ret_text) || geodata_text(data, entry, paths[1], ret_text);
}

static bool find_country(struct text data, size_t entry, struct place *place)
{
    struct text code;
    char region[4];

    return find_text(data, entry, country_paths, &code) && code.size == 2 && value_place(code, place->country, region);
}

static void find_region(struct text data, size_t entry, struct place *place)
{
    struct text code;
    char name[8], country[3];

    if (!find_text(data, entry, region_paths, &code) || code.size > 3)
        return;
    /* Not used unless it has the form that a configuration has. */
    snprintf(name, sizeof name, "%s-%.*s", place->country, TEXT_ARGS(code));
    if (!value_place(text_of(name), country, place->region))
        place->region[0] = '\0';
}

static struct text find_city(struct text data, size_t entry)
{
    struct text name;

    if (!find_text(data, entry, city_paths, &name) || name.size > CITY_BYTES_MAX ||
        !g_utf8_validate_len(name.data, name.size, NULL))
        return TEXT_NONE;
    for (size_t i = 0; i < name.size; i++)
        if ((unsigned char)name.data[i] < 0x20 || name.data[i] == 0x7f)
            return TEXT_NONE;
    return name;
}

/* Where the entry of an address lies in the database's values. False: there is none. */
static bool find_entry(const struct geo *geo, const struct sockaddr *address, struct text *ret_data, size_t *ret_entry)
{
    int error = MMDB_SUCCESS;

    if (!geo || !address || (address->sa_family != AF_INET && address->sa_family != AF_INET6))
        return false;
    MMDB_lookup_result_s found = MMDB_lookup_sockaddr(&geo->mmdb, address, &error);
    if (error != MMDB_SUCCESS || !found.found_entry)
        return false;
    *ret_data = (struct text){.data = (const char *)geo->mmdb.data_section, .size = geo->mmdb.data_section_size};
    *ret_entry = found.entry.offset;
    return true;
}

struct place geo_locate_city(const struct geo *geo, const struct sockaddr *address, struct text *ret_city)
{
    struct place place = {.country = ""};
    struct text data;
    size_t entry;

    *ret_city = TEXT_NONE;
    if (!find_entry(geo, address, &data, &entry))
        return place;
    if (!find_country(data, entry, &place))
        return (struct place){.country = ""};
    find_region(data, entry, &place);
    *ret_city = find_city(data, entry);
    return place;
}

struct place geo_locate(const struct geo *geo, const struct sockaddr *address)
{
    struct text city;

    return geo_locate_city(geo, address, &city);
}
