/*
 * Any bytes as the headers of a request, a line each: those of proxies, then
 * those of a browser.  A hop is believed only from a trusted peer; what a
 * trusted proxy appends is the client, whatever stands before it.
 */
#include "crumb/ingest/address.h"
#include "crumb/ingest/bot.h"
#include <arpa/inet.h>
#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cidr loopback = {.bytes = {[10] = 0xff, [11] = 0xff, [12] = 127}, .n_bits = 104};
static const struct config config = {.trusted_proxies = &loopback, .n_trusted_proxies = 1};

static struct sockaddr_in peer_of(const char *address)
{
    struct sockaddr_in peer = {.sin_family = AF_INET};

    inet_pton(AF_INET, address, &peer.sin_addr);
    return peer;
}

static bool is(const struct client *client, const char *address)
{
    struct sockaddr_in wanted = peer_of(address);
    const struct sockaddr_in *found = (const struct sockaddr_in *)&client->address;

    return found->sin_family == AF_INET && found->sin_addr.s_addr == wanted.sin_addr.s_addr;
}

static struct text append(struct buffer *buffer, struct text header, struct text hop)
{
    buffer_put_text(buffer, header);
    if (header.size)
        buffer_put_text(buffer, TEXT(", "));
    buffer_put_text(buffer, hop);
    return buffer_text(buffer);
}

static void check_proxies(const struct address_headers *headers)
{
    BUFFER_AUTO standard = BUFFER_INIT(1 << 20), common = BUFFER_INIT(1 << 20);
    struct sockaddr_in stranger = peer_of("203.0.113.9"), proxy = peer_of("127.0.0.1");
    struct client client = address_client(&config, (struct sockaddr *)&stranger, headers);

    assert(is(&client, "203.0.113.9") && !client.https);
    address_client(&config, (struct sockaddr *)&proxy, headers);
    struct address_headers appended = *headers;
    appended.forwarded_for = append(&common, headers->forwarded_for, TEXT("198.51.100.1"));
    client = address_client(&config, (struct sockaddr *)&proxy, &appended);
    assert(is(&client, "198.51.100.1"));
    appended = (struct address_headers){.forwarded = append(&standard, headers->forwarded, TEXT("for=198.51.100.1"))};
    client = address_client(&config, (struct sockaddr *)&proxy, &appended);
    assert(is(&client, "198.51.100.1"));
    assert(!client.https);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct text lines = {.data = (const char *)data, .size = size};
    struct address_headers proxies;
    struct bot_headers headers = {.known = true};

    proxies.forwarded_for = text_cut(&lines, '\n');
    proxies.proto = text_cut(&lines, '\n');
    proxies.forwarded = text_cut(&lines, '\n');
    headers.hints.agent = text_cut(&lines, '\n');
    headers.hints.brands = text_cut(&lines, '\n');
    headers.hints.mobile = text_cut(&lines, '\n');
    headers.hints.platform = text_cut(&lines, '\n');
    headers.accept = text_cut(&lines, '\n');
    headers.accept_language = text_cut(&lines, '\n');
    check_proxies(&proxies);
    enum bot bot = bot_of_headers(&headers);
    assert(bot == BOT_NONE || bot == BOT_HEADERS);
    return 0;
}
