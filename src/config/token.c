/*
 * One bearer token: who may ask what about which sites.
 */
#include "token.h"
#include "crumb/config/value.h"
#include "field.h"
#include <stdlib.h>

struct token_reading {
    const struct config *config;
    struct token *token;
    bool has_role, has_hash, has_sites;
};

static const char *role_name(const void *of, unsigned i)
{
    static const char *const roles[] = {[ROLE_ANALYST] = "analyst", [ROLE_PRIVACY] = "privacy", [ROLE_ADMIN] = "admin"};

    (void)of;
    return roles[i];
}

static void read_role(const struct yaml_at *at, void *into)
{
    static const struct walk_names roles = {.name = role_name, .n = ROLE_ADMIN + 1};
    struct token_reading *reading = into;
    int role = field_choice(at, "role", &roles);

    reading->has_role = role >= 0;
    if (role >= 0)
        reading->token->role = (enum token_role)role;
}

static void read_hash(const struct yaml_at *at, void *into)
{
    struct token_reading *reading = into;
    struct text text;

    if (!yaml_text(at, &text))
        return;
    reading->has_hash = value_hash(text, reading->token->hash);
    if (!reading->has_hash)
        yaml_complain(at, "this is not a hash of 64 hexadecimal digits; write the one that \"crumb token\" printed");
}

static const char *site_name(const void *of, unsigned i)
{
    const char *name = ((const struct config *)of)->sites[i].name;

    return name ? name : "";
}

static void read_token_site(const struct yaml_at *at, void *into)
{
    struct token_reading *reading = into;
    struct token *token = reading->token;
    const struct walk_names sites = {.name = site_name, .of = reading->config, .n = reading->config->n_sites};
    int site = field_choice(at, "site", &sites);

    if (site < 0)
        return;
    const char *name = site_name(reading->config, (unsigned)site);
    for (unsigned i = 0; i < token->n_sites; i++)
        if (strcmp(token->sites[i], name) == 0) {
            yaml_refuse(at, "is listed twice; leave one out");
            return;
        }
    char *copy = field_copy(at->yaml, text_of(name));
    if (copy)
        token->sites[token->n_sites++] = copy;
}

static void read_token_sites(const struct yaml_at *at, void *into)
{
    struct token_reading *reading = into;

    reading->has_sites = true;
    reading->token->sites = walk_array(at, YAML_LIST, sizeof *reading->token->sites, SITES_MAX);
    if (!reading->token->sites)
        return;
    walk_list(at, read_token_site, reading);
    if (yaml_size(at) == 0)
        yaml_complain(at, "this list is empty; name the sites that the token may see");
}

static void read_token_name(const struct yaml_at *at, void *into)
{
    struct token_reading *reading = into;
    const struct config *config = reading->config;
    char *name = NULL;

    field_text(at, &name);
    if (!name)
        return;
    reading->token->name = name;
    if (strlen(name) > TOKEN_NAME_BYTES_MAX)
        yaml_complain(at, "this name has %zu bytes; write at most %d", strlen(name), TOKEN_NAME_BYTES_MAX);
    for (const struct token *other = config->tokens; other < reading->token; other++)
        if (other->name && strcmp(other->name, name) == 0)
            yaml_refuse(at, "is the name of another token too; give each its own");
}

void token_read(const struct yaml_at *at, const struct config *config, struct token *token)
{
    static const struct walk_field fields[] = {{"name", read_token_name, 0, "a name to know the token by"},
                                               {"role", read_role, 0, "analyst, privacy or admin"},
                                               {"hash", read_hash, 0, "the hash that \"crumb token\" printed"},
                                               {"sites", read_token_sites, 0, NULL}};
    struct token_reading reading = {.config = config, .token = token};

    walk_fields(at, fields, WALK_COUNT(fields), &reading);
    if (reading.has_role && token->role != ROLE_ADMIN && !reading.has_sites)
        yaml_complain(at, "a token of the role %s needs sites; name those it may see, such as sites: [shop]",
                      role_name(NULL, token->role));
    for (const struct token *other = config->tokens; reading.has_hash && other < token; other++)
        if (memcmp(other->hash, token->hash, sizeof other->hash) == 0)
            yaml_complain(at, "another token has the same hash; make a token for each with \"crumb token\"");
}

void token_deinit(struct token *token)
{
    free(token->name);
    for (unsigned i = 0; i < token->n_sites; i++)
        free(token->sites[i]);
    free(token->sites);
}
