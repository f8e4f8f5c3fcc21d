/*
 * crumb verify: what must be true of every store, checked one statement after
 * the other.  Each check names the first row that breaks it; the others still
 * run.
 */
#include "verify.h"
#include "crumb/base/error.h"
#include "crumb/base/log.h"
#include "crumb/rights/requests.h"
#include "crumb/store/secret.h"
#include "crumb/store/trail.h"
#include <getopt.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int verify_wrong(struct verify *verify, const char *format, ...)
{
    char line[FOUND_BYTES_MAX];
    va_list args;

    va_start(args, format);
    vsnprintf(line, sizeof line, format, args);
    va_end(args);
    buffer_put_text(&verify->found, text_of(line));
    return VERIFY_E_WRONG;
}

/* ---- the audit trail ---- */

/* A copy of the store alone has no key: then the chain is all that there is to look at. */
static int check_audit(struct verify *verify)
{
    struct chain_break broken;
    uint8_t seed[SECRET_BYTES], key[SIGN_KEY_BYTES];
    int r = secret_key(verify->config->data, SECRET_LEDGER, false, NULL, seed);
    bool has_key = r == 0;

    if (has_key)
        sign_public_key(seed, key);
    else
        printf("left out  signatures of the audit trail: %s/" SECRET_LEDGER ": %s\n", verify->config->data,
               strerror(-r));
    r = trail_verify(verify->txn, has_key ? key : NULL, NULL, NULL, &broken);
    if (r == CHAIN_E_BROKEN && broken.sequence == 0)
        return verify_wrong(verify, "audit: %s", broken.what);
    if (r == CHAIN_E_BROKEN)
        return verify_wrong(verify, "audit record %" PRIu64 ": %s", broken.sequence, broken.what);
    return error_trace(r);
}

/* ---- subject requests ---- */

static int check_requests(struct verify *verify)
{
    uint32_t site, number;
    const char *what;
    uint64_t n;
    int r = requests_verify(verify->txn, &site, &number, &what, &n);

    if (r == REQUESTS_E_STATE && number == 0)
        return verify_wrong(verify, "requests: %s", what);
    if (r == REQUESTS_E_STATE)
        return verify_wrong(verify, "request %" PRIu32 " of %s: %s", number, verify_site_name(verify, site).text, what);
    return error_trace(r);
}

/* ---- keys and rights ---- */

static int check_keys(struct verify *verify)
{
    BUFFER_AUTO said = BUFFER_INIT(FOUND_BYTES_MAX);
    int r = command_verify_keys(verify->txn, &said);

    if (r > 0)
        return verify_wrong(verify, "%.*s", TEXT_ARGS(buffer_text(&said)));
    if (r == 0)
        snprintf(verify->keys, sizeof verify->keys, "%.*s", TEXT_ARGS(buffer_text(&said)));
    return error_trace(r);
}

static int check_rights(struct verify *verify)
{
    BUFFER_AUTO said = BUFFER_INIT(FOUND_BYTES_MAX);
    int r = command_verify_rights(verify->txn, &said);

    return r > 0 ? verify_wrong(verify, "%.*s", TEXT_ARGS(buffer_text(&said))) : error_trace(r);
}

/* ---- all of them ---- */

/* In this order: later checks use what earlier ones gathered, and say nothing where that is not whole. */
static const struct {
    const char *name;
    int (*check)(struct verify *verify);
    const char *needs;
} checks[] = {
    {"ledger", verify_ledger, NULL},       {"heads", verify_heads, "ledger"},  {"visitors", verify_visitors, "ledger"},
    {"journal", verify_journal, "ledger"}, {"books", verify_books, "journal"}, {"consents", verify_consents, "ledger"},
    {"segments", verify_segments, NULL},   {"rollups", verify_rollups, NULL},  {"versions", verify_versions, NULL},
    {"sequence", verify_sequence, NULL},   {"keys", check_keys, NULL},         {"audit", check_audit, NULL},
    {"requests", check_requests, NULL},    {"rights", check_rights, "ledger"}};
#define N_CHECKS (sizeof checks / sizeof checks[0])

static bool is_good(const bool good[N_CHECKS], const char *name)
{
    for (size_t i = 0; i < N_CHECKS; i++)
        if (strcmp(checks[i].name, name) == 0)
            return good[i];
    return false;
}

static int run_checks(struct verify *verify)
{
    bool good[N_CHECKS] = {false};
    int exit = EXIT_GOOD;

    for (size_t i = 0; i < N_CHECKS; i++) {
        if (checks[i].check == verify_heads && verify->n_heads == 0)
            continue;
        if (checks[i].needs && !is_good(good, checks[i].needs)) {
            printf("left out  %s: it needs the %s to be good\n", checks[i].name, checks[i].needs);
            continue;
        }
        buffer_clear(&verify->found);
        progress_begin(&verify->progress, checks[i].name, 0);
        int r = checks[i].check(verify);
        progress_end(&verify->progress);
        if (r < 0) {
            log_fault(checks[i].name, r);
            return EXIT_FAILED;
        }
        good[i] = r == 0;
        if (r) {
            printf("wrong  %.*s\n", TEXT_ARGS(buffer_text(&verify->found)));
            exit = EXIT_NO;
        } else {
            printf("good   %s\n", checks[i].name);
        }
    }
    if (verify->rebuild)
        verify_tell_expired(verify);
    printf("%" PRIu64 " ledger records, %" PRIu64 " events\n", verify->n_records, verify->n_events);
    if (verify->keys[0])
        printf("%s\n", verify->keys);
    return exit;
}

enum { OPTION_REBUILD = 256, OPTION_HEAD, OPTION_RECEIPT };

static const struct option options[] = {{"rebuild", no_argument, NULL, OPTION_REBUILD},
                                        {"head", required_argument, NULL, OPTION_HEAD},
                                        {"receipt", required_argument, NULL, OPTION_RECEIPT},
                                        {0}};

static int take(void *context, int option, const char *value)
{
    struct verify *verify = context;

    if (option == OPTION_REBUILD) {
        verify->rebuild = true;
        return 0;
    }
    if (option == OPTION_RECEIPT) {
        verify->receipt = value;
        return 0;
    }
    if (verify->n_heads == HEADS_MAX)
        return -1;
    verify->head_files[verify->n_heads++] = value;
    return 0;
}

/* That and nothing else: whoever asks about a receipt has no time for the rest. */
static int check_receipt(const struct verify *verify)
{
    bool ours = false;
    int r = command_verify_receipt(verify->txn, verify->config->data, verify->receipt, &ours);

    if (r) {
        log_fault(verify->receipt, r);
        return EXIT_FAILED;
    }
    printf("%s\n",
           ours ? "good   the receipt is one that this store gave" : "wrong  the receipt is none of this store");
    return ours ? EXIT_GOOD : EXIT_NO;
}

int command_verify(const struct command *self, int argc, char **argv)
{
    struct verify verify = {.found = BUFFER_INIT(FOUND_BYTES_MAX)};
    struct setup setup;
    const char *path = NULL;
    int exit = command_arguments(self, argc, argv, options, take, &verify, &path, NULL);

    if (exit || !path)
        return exit;
    exit = verify_read_heads(&verify);
    if (exit == EXIT_GOOD)
        exit = setup_open(path, &setup);
    if (exit)
        return exit;
    verify.txn = setup.txn;
    verify.config = setup.edition->config;
    exit = verify.receipt ? check_receipt(&verify) : run_checks(&verify);
    free(verify.decisions);
    buffer_deinit(&verify.found);
    setup_close(&setup);
    return exit;
}
