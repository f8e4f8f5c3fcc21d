/*
 * crumb token: a secret for people, its hash for the configuration.
 */
#include "command.h"
#include "crumb/base/random.h"
#include "crumb/config/value.h"
#include <ctype.h>
#include <getopt.h>
#include <sodium.h>
#include <stdio.h>

#define TOKEN_BYTES 32

struct wish {
    const char *name, *role;
    const char *sites[TOKEN_SITES_MAX];
    unsigned n_sites;
};

enum { OPTION_NAME = 256, OPTION_ROLE, OPTION_SITE };

static const struct option options[] = {{"name", required_argument, NULL, OPTION_NAME},
                                        {"role", required_argument, NULL, OPTION_ROLE},
                                        {"site", required_argument, NULL, OPTION_SITE},
                                        {"help", no_argument, NULL, 'h'},
                                        {0}};

/* What goes into YAML without an escape. */
static bool is_name(const char *word)
{
    return word[0] && strlen(word) <= TOKEN_NAME_BYTES_MAX &&
           strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-") == strlen(word);
}

static bool is_role(const char *role)
{
    return strcmp(role, "analyst") == 0 || strcmp(role, "privacy") == 0 || strcmp(role, "admin") == 0;
}

static int check(const struct command *self, const struct wish *wish)
{
    if (!wish->name || !is_name(wish->name))
        return command_misuse(self, "--name is to be letters, digits, dots, dashes and underscores, at most %d",
                              TOKEN_NAME_BYTES_MAX);
    if (!wish->role || !is_role(wish->role))
        return command_misuse(self, "--role is to be analyst, privacy or admin");
    if (wish->n_sites == 0 && strcmp(wish->role, "admin") != 0)
        return command_misuse(self, "say which site the %s may see: --site NAME", wish->role);
    for (unsigned i = 0; i < wish->n_sites; i++)
        if (!value_site_name(text_of(wish->sites[i])))
            return command_misuse(self, "--site %s is not a site's name", wish->sites[i]);
    return EXIT_GOOD;
}

/* Quoted where YAML would read it as no value or as the beginning of something else. */
static void print_word(const char *word)
{
    const char *quote = isalnum((unsigned char)word[0]) && strcasecmp(word, "null") != 0 ? "" : "\"";

    printf("%s%s%s", quote, word, quote);
}

static void print_token(const struct wish *wish)
{
    uint8_t bytes[TOKEN_BYTES], hash[crypto_hash_sha256_BYTES];
    char token[sodium_base64_ENCODED_LEN(TOKEN_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
    char hex[2 * sizeof hash + 1];

    random_fill(&random_system, bytes, sizeof bytes);
    sodium_bin2base64(token, sizeof token, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
    crypto_hash_sha256(hash, (const uint8_t *)token, strlen(token));
    sodium_bin2hex(hex, sizeof hex, hash, sizeof hash);
    printf("%s\n- {name: ", token);
    print_word(wish->name);
    printf(", role: %s, ", wish->role);
    for (unsigned i = 0; i < wish->n_sites; i++) {
        printf("%s", i ? ", " : "sites: [");
        print_word(wish->sites[i]);
    }
    printf("%shash: %s}\n", wish->n_sites ? "], " : "", hex);
    sodium_memzero(bytes, sizeof bytes);
    sodium_memzero(token, sizeof token);
}

int command_token(const struct command *self, int argc, char **argv)
{
    struct wish wish = {.n_sites = 0};
    int option;

    optind = 1;
    opterr = 0;
    while ((option = getopt_long(argc, argv, "h", options, NULL)) != -1) {
        switch (option) {
        case 'h':
            command_print_help(self);
            return EXIT_GOOD;
        case OPTION_NAME:
            wish.name = optarg;
            break;
        case OPTION_ROLE:
            wish.role = optarg;
            break;
        case OPTION_SITE:
            if (wish.n_sites == TOKEN_SITES_MAX)
                return command_misuse(self, "at most %d sites", TOKEN_SITES_MAX);
            wish.sites[wish.n_sites++] = optarg;
            break;
        default:
            return command_misuse(self, "unknown option, or one without its value: %s", argv[optind - 1]);
        }
    }
    int exit = check(self, &wish);
    if (exit == EXIT_GOOD)
        print_token(&wish);
    return exit;
}
