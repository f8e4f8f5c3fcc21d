/*
 * crumb key: the master key's next one, and how far it has come.
 */
#include "command.h"
#include "crumb/base/error.h"
#include "crumb/base/json.h"
#include "crumb/base/log.h"
#include "crumb/store/keyring.h"
#include "crumb/store/trail.h"
#include <errno.h>
#include <stdio.h>

static struct db_options options_of(const struct config *config, enum db_mode mode)
{
    return (struct db_options){.folder = config->data,
                               .mode = mode,
                               .size_bytes_max = config->data_max_bytes,
                               .master_key = config->master_key};
}

/* ---- status ---- */

static json_t *state_json(const struct keyring_state *state)
{
    return json_pack("{s:s, s:I, s:b, s:I, s:I, s:{s:I, s:I, s:I, s:I, s:I}}", "master_key",
                     state->from_environment ? "environment" : "file", "epoch", (json_int_t)state->epoch, "rotating",
                     state->is_turning, "left", (json_int_t)state->n_left, "slots", (json_int_t)state->n_slots, "keys",
                     "visitor", (json_int_t)state->n_keys[KEY_VISITOR], "segment",
                     (json_int_t)state->n_keys[KEY_SEGMENT], "rollup", (json_int_t)state->n_keys[KEY_ROLLUP], "request",
                     (json_int_t)state->n_keys[KEY_REQUEST], "day", (json_int_t)state->n_keys[KEY_DAY]);
}

static int print_status(struct keyring *keyring)
{
    struct keyring_state state;
    int r = keyring_turn_state(keyring, &state);

    if (r)
        return r < 0 ? error_trace(r) : r;
    JSON_AUTO *object = state_json(&state);
    if (!object)
        return error_origin(-ENOMEM);
    json_dumpf(object, stdout, JSON_COMPACT);
    printf("\n");
    return 0;
}

/* ---- rotate ---- */

/* Nobody else holds the store: all of it is done here. */
static int turn_to_the_end(struct db *db)
{
    struct keyring *keyring = db_keyring_of(db);
    bool done = false;
    int r = 0;

    while (r == 0 && !done)
        r = keyring_turn(keyring, &done);
    return r < 0 ? error_trace(r) : r;
}

static int turn_here(const struct config *config)
{
    struct db_options options = options_of(config, DB_SERVE);
    struct db *db = NULL;
    int r = db_open(&options, &db);

    if (r == DB_E_LOCKED) {
        printf("the server that holds %s wraps all keys under the next master key; "
               "`crumb key status` tells how far it is\n",
               config->data);
        return EXIT_GOOD;
    }
    if (r == 0)
        r = turn_to_the_end(db);
    db_close(db);
    if (r)
        return setup_refuse(config->data, r);
    printf("all keys are under the next master key, which is the only one now\n");
    return EXIT_GOOD;
}

/* With @keyring, which only reads: the master key of today must be there, and good, before there is a next one. */
static int make_next(struct keyring *keyring, bool *ret_due)
{
    int r = master_in_environment() ? 0 : master_make_next(keyring_master_path(keyring), &random_system);

    if (r == 0)
        r = keyring_turn_due(keyring, ret_due);
    return r < 0 ? error_trace(r) : r;
}

static int rotate(const struct config *config, struct keyring *keyring)
{
    bool is_due = false;
    int exit = command_act(config->data, &(struct trail_entry){.act = ACT_KEY_ROTATED, .object = TEXT("master key")});

    if (exit)
        return exit;
    int r = make_next(keyring, &is_due);

    if (r)
        return setup_refuse(config->data, r);
    if (!is_due) {
        fprintf(stderr,
                "crumb key: the master key is in the environment: put the new one into %s and the old one into "
                "%s, for this command or for the server\n",
                MASTER_VARIABLE, MASTER_PREVIOUS_VARIABLE);
        return EXIT_NO;
    }
    return turn_here(config);
}

/* ---- the command ---- */

static int run(const struct config *config, bool rotates)
{
    struct db_options options = options_of(config, DB_READ);
    struct db *db = NULL;
    int r = db_open(&options, &db), exit = EXIT_GOOD;

    if (r)
        return setup_refuse(config->data, r);
    if (rotates)
        exit = rotate(config, db_keyring_of(db));
    else
        r = print_status(db_keyring_of(db));
    db_close(db);
    return r ? setup_refuse(config->data, r) : exit;
}

int command_key(const struct command *self, int argc, char **argv)
{
    const char *path = NULL, *word = NULL;
    struct edition *edition;
    int exit = command_arguments(self, argc, argv, NULL, NULL, NULL, &path, &word);

    if (exit || !path)
        return exit;
    if (!word || (strcmp(word, "rotate") != 0 && strcmp(word, "status") != 0))
        return command_misuse(self, "say what: rotate or status");
    exit = command_load(path, &edition);
    if (exit)
        return exit;
    exit = run(edition->config, strcmp(word, "rotate") == 0);
    edition_unref(edition);
    return exit;
}
