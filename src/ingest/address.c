/*
 * Client addresses.
 */
#include "crumb/ingest/address.h"
#include <arpa/inet.h>
#include <strings.h>

#define IPV4_KEPT_BYTES 3 /* /24 */
#define IPV6_KEPT_BYTES 6 /* /48 */

static struct text trim(struct text t)
{
    while (t.size && t.data[0] == ' ')
        t = text_from(t, 1);
    while (t.size && t.data[t.size - 1] == ' ')
        t.size--;
    return t;
}

/* "192.0.2.1", "192.0.2.1:4711", "2001:db8::1", "::ffff:192.0.2.1", "[2001:db8::1]:4711". */
static bool parse_address(struct text text, struct sockaddr_storage *ret_address)
{
    struct sockaddr_storage address = {0};
    char buffer[INET6_ADDRSTRLEN];

    text = trim(text);
    if (text.size && text.data[0] == '[')
        text = (struct text){.data = text.data + 1, .size = text_find(text, ']') - 1};
    else if (text_find(text, '.') < text_find(text, ':'))
        text.size = text_find(text, ':');
    if (text.size == 0 || text.size >= sizeof buffer)
        return false;
    memcpy(buffer, text.data, text.size);
    buffer[text.size] = '\0';
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    if (inet_pton(AF_INET, buffer, &v4->sin_addr) == 1)
        address.ss_family = AF_INET;
    else if (inet_pton(AF_INET6, buffer, &v6->sin6_addr) == 1)
        address.ss_family = AF_INET6;
    else
        return false;
    *ret_address = address;
    return true;
}

static void copy_peer(struct client *client, const struct sockaddr *peer)
{
    memset(&client->address, 0, sizeof client->address);
    memcpy(&client->address, peer,
           peer->sa_family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in));
}

/* ---- RFC 7239 ---- */

/*
 * A value of a pair: a token or a quoted string, which in the parameters looked
 * at here needs no escapes.  False: it is neither.
 */
static bool unquote(struct text value, struct text *ret_value)
{
    if (value.size && value.data[0] == '"') {
        if (value.size < 2 || value.data[value.size - 1] != '"')
            return false;
        value = (struct text){.data = value.data + 1, .size = value.size - 2};
    }
    if (text_find(value, '"') < value.size || text_find(value, '\\') < value.size)
        return false;
    *ret_value = value;
    return true;
}

/* The value of @name in an element such as `for="[2001:db8::1]:80";proto=https`. False: none, two, or rubbish. */
static bool element_value(struct text element, struct text name, struct text *ret_value)
{
    bool found = false;

    while (element.size) {
        struct text value = text_cut(&element, ';');
        struct text said = trim(text_cut(&value, '='));

        if (said.size != name.size || strncasecmp(said.data, name.data, name.size) != 0)
            continue;
        if (found || !unquote(trim(value), ret_value))
            return false;
        found = true;
    }
    return found;
}

/* ---- who asks ---- */

/* What stands behind the last comma; @list becomes what stands before it. */
static struct text cut_last(struct text *list)
{
    size_t comma = list->size;

    while (comma && list->data[comma - 1] != ',')
        comma--;
    struct text last = text_from(*list, comma);
    list->size = comma ? comma - 1 : 0;
    return last;
}

/* Of a list that is too long its right end, behind a comma: whoever writes much to the left of it changes nothing. */
static struct text right_end(struct text list)
{
    if (list.size <= FORWARDED_BYTES_MAX)
        return list;
    list = text_from(list, list.size - FORWARDED_BYTES_MAX);
    text_cut(&list, ',');
    return list;
}

/*
 * From the right: each hop was written by the one right of it, so belief ends
 * at the first untrusted one, and whatever a client made up, open quotes
 * included, stands left of that.
 */
static void follow(const struct config *config, struct text hops, bool elements, struct client *client)
{
    hops = right_end(hops);
    while (hops.size) {
        struct text said = cut_last(&hops);
        struct sockaddr_storage hop;

        if ((elements && !element_value(said, TEXT("for"), &said)) || !parse_address(said, &hop))
            return;
        client->address = hop;
        if (!config_proxy_trusted(config, (struct sockaddr *)&hop))
            return;
    }
}

/* The peer's own word, which is the last one of Forwarded. */
static bool is_https(const struct address_headers *headers)
{
    struct text forwarded = right_end(headers->forwarded), proto = headers->proto;

    if (proto.size == 0 && headers->forwarded_for.size == 0 &&
        !element_value(cut_last(&forwarded), TEXT("proto"), &proto))
        return false;
    return text_equal(trim(proto), TEXT("https"));
}

struct client address_client(const struct config *config, const struct sockaddr *peer,
                             const struct address_headers *headers)
{
    struct client client = {.https = false};

    copy_peer(&client, peer);
    if (!config_proxy_trusted(config, peer))
        return client;
    client.https = is_https(headers);
    bool elements = headers->forwarded_for.size == 0;
    follow(config, elements ? headers->forwarded : headers->forwarded_for, elements, &client);
    return client;
}

struct text address_kept(const struct sockaddr *address, enum address_mode mode, uint8_t ret_bytes[ADDRESS_BYTES_MAX])
{
    const uint8_t *bytes;
    size_t size, kept;

    if (address->sa_family == AF_INET6) {
        const struct in6_addr *v6 = &((const struct sockaddr_in6 *)address)->sin6_addr;
        bool mapped = IN6_IS_ADDR_V4MAPPED(v6);

        bytes = v6->s6_addr + (mapped ? 12 : 0);
        size = mapped ? 4 : 16;
    } else if (address->sa_family == AF_INET) {
        bytes = (const uint8_t *)&((const struct sockaddr_in *)address)->sin_addr;
        size = 4;
    } else {
        return TEXT_NONE;
    }
    if (mode == ADDRESS_NONE)
        return TEXT_NONE;
    kept = mode == ADDRESS_FULL ? size : size == 4 ? IPV4_KEPT_BYTES : IPV6_KEPT_BYTES;
    memcpy(ret_bytes, bytes, kept);
    return (struct text){.data = (const char *)ret_bytes, .size = kept};
}
