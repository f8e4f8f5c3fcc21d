/*
 * Any bytes as a configuration: they are taken or complained about, never
 * more.  What is taken keeps the promises of config.h, and every doubt about
 * it has a line; what is not has a line for every complaint.
 */
#include "crumb/config/config.h"
#include "crumb/consent/lint.h"
#include <assert.h>
#include <stdint.h>

#define FILE_NAME "fuzz/crumb.yaml"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_site(const struct site *site)
{
    assert(site->name && site->title && site->timezone && site->zone);
    assert(site->n_origins > 0 && site->controller.name[0] && site->controller.contact[0]);
    assert(site->controller.address && site->storage.country && site->storage.location);
    assert(site->retention.journal_ms > 0 && site->retention.visitor_ms <= CONFIG_RETENTION_MS_MAX);
    assert(words_find_regime(text_of(words_regime(site->regime))) > 0);
    for (unsigned i = 0; i < site->n_purposes; i++) {
        const struct purpose *purpose = &site->purposes[i];

        assert(config_purpose(site, text_of(purpose->name)) == (int)i);
        assert((purpose->collects & ~CLASS_ALL) == 0 && purpose->consent_mode >> CONSENT_MODE_N == 0);
        for (unsigned j = 0; j < purpose->n_cookies; j++)
            assert(purpose->cookies[j] && strncmp(purpose->cookies[j], "crumb_id", 8) != 0);
        for (unsigned j = 0; j < purpose->n_recipients; j++)
            assert(purpose->recipients[j] < site->n_recipients);
    }
    for (unsigned i = 0; i < site->n_recipients; i++)
        assert(site->recipients[i].key && site->recipients[i].name && site->recipients[i].why);
    for (unsigned i = 0; i < site->n_texts; i++)
        assert(site->texts[i].lang && site->texts[i].key && site->texts[i].value);
    for (unsigned i = 0; i < site->n_regimes; i++)
        assert(words_find_regime(text_of(words_regime(site->regimes[i].regime))) > 0);
}

static void check_config(const struct config *config)
{
    assert(config->data && config->public.text && config->private.text && config->n_threads > 0);
    assert(!config->tls_certificate == !config->tls_key);
    assert(config->n_sites > 0);
    for (unsigned i = 0; i < config->n_sites; i++) {
        check_site(&config->sites[i]);
        assert(config_site(config, text_of(config->sites[i].name)) == &config->sites[i]);
    }
    for (unsigned i = 0; i < config->n_tokens; i++) {
        assert(config->tokens[i].n_sites > 0 || config->tokens[i].role == ROLE_ADMIN);
        for (unsigned j = 0; j < config->tokens[i].n_sites; j++)
            assert(config_site(config, text_of(config->tokens[i].sites[j])));
    }
}

static void check_doubt(void *context, const struct lint_doubt *doubt)
{
    const struct config *config = context;
    unsigned line = places_line(config->places, &doubt->place);

    assert(doubt->place.keys[0] && doubt->what[0]);
    assert(line > 0 && line <= CONFIG_FILE_BYTES_MAX);
}

static void check_complaints(const struct complaints *complaints)
{
    struct text rest = buffer_text(&complaints->text);
    unsigned n = 0;

    for (; rest.size; n++) {
        struct text line = text_cut(&rest, '\n');

        assert(text_starts(line, TEXT(FILE_NAME ":")));
    }
    assert(n > 0 && n == (complaints->n < CONFIG_COMPLAINTS_MAX ? complaints->n : CONFIG_COMPLAINTS_MAX));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct complaints complaints = COMPLAINTS_INIT;
    struct config *config = NULL;
    int r = config_parse((struct text){.data = (const char *)data, .size = size}, FILE_NAME, &complaints, &config);

    assert(r == 0 || r == CONFIG_E_INVALID);
    if (r == 0) {
        check_config(config);
        lint_config(config, check_doubt, config);
    } else {
        check_complaints(&complaints);
    }
    assert((r == 0) == (complaints.n == 0));
    config_unref(config);
    complaints_deinit(&complaints);
    return 0;
}
