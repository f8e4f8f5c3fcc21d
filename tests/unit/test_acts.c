/*
 * Acts of commands: each is recorded once, whatever step is the last one that
 * happens; and nothing is left without being on disk.
 */
#include "check.h"
#include "crumb/ingest/acts.h"
#include "crumb/store/act.h"
#include "store_fixture.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define NOW STORE_FIXTURE_NOW_MS

static const uint8_t seed[SIGN_KEY_BYTES] = "a seed of thirty-two bytes.....";

struct stage {
    struct store_fixture *fixture;
    struct trail trail;
    struct acts acts;
    int n_left; /* operations that work; then the process is as if it were killed */
};

static struct stage begin(void **state)
{
    struct stage stage = {.fixture = *state, .n_left = 1000};

    trail_init(&stage.trail, seed);
    return stage;
}

static int submit(void *context, struct write_op *op)
{
    struct stage *stage = context;
    struct batch batch;

    if (stage->n_left-- <= 0)
        return -EIO;
    assert_int_equal(batch_begin(stage->fixture->db, &batch), 0);
    int r = op->apply(op, &batch);
    if (r)
        batch_abort(&batch);
    else
        r = batch_commit(&batch);
    op->done(op, r);
    return r;
}

static int pass(struct stage *stage, unsigned *ret_n)
{
    return acts_pass(&stage->acts, stage->fixture->folder, stage->fixture->db, &stage->trail, NOW, submit, stage,
                     ret_n);
}

static int drop(struct stage *stage, int64_t at_ms, const char *details)
{
    struct trail_entry entry = {.at_ms = at_ms,
                                .actor = ACTOR_COMMAND,
                                .name = TEXT("uid 7"),
                                .act = ACT_DUMPED,
                                .object = TEXT("journal"),
                                .details = text_of(details)};

    return act_drop(stage->fixture->folder, &entry, &stage->fixture->random.super);
}

static unsigned n_files(const struct stage *stage)
{
    char path[STORE_FIXTURE_PATH_BYTES + 16];
    unsigned n = 0;

    snprintf(path, sizeof path, "%s/" ACT_FOLDER, stage->fixture->folder);
    DIR *dir = opendir(path);
    if (!dir)
        return 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n - 2;
}

struct found {
    unsigned n;
    char details[16][32];
    enum trail_act acts[16];
};

static int find(void *context, const struct trail_record *record)
{
    struct found *found = context;

    assert_in_range(found->n, 0, 15);
    snprintf(found->details[found->n], sizeof found->details[0], "%.*s", TEXT_ARGS(record->entry.details));
    found->acts[found->n++] = record->entry.act;
    return 0;
}

/* What the trail has, in its order; the chain is whole. */
static struct found trail_of(const struct stage *stage)
{
    DB_TXN_AUTO *txn = NULL;
    struct found found = {.n = 0};
    struct chain_break where;
    uint8_t key[SIGN_KEY_BYTES];

    sign_public_key(seed, key);
    assert_int_equal(db_begin_read(stage->fixture->db, &txn), 0);
    assert_int_equal(trail_verify(txn, key, find, &found, &where), 0);
    return found;
}

/* Rows of Meta that name acts. */
static unsigned n_marks(const struct stage *stage)
{
    DB_TXN_AUTO *txn = NULL;
    struct text key, value;
    unsigned n = 0;

    assert_int_equal(db_begin_read(stage->fixture->db, &txn), 0);
    DB_CURSOR_AUTO *cursor = NULL;
    assert_int_equal(db_cursor_new(txn, DB_META, &cursor), 0);
    for (int r = db_cursor_seek(cursor, TEXT("act "), &key, &value); r == 0 && text_starts(key, TEXT("act "));
         r = db_cursor_next(cursor, &key, &value))
        n++;
    return n;
}

static void empty_folder(const struct stage *stage)
{
    char path[STORE_FIXTURE_PATH_BYTES + 16];

    snprintf(path, sizeof path, "%s/" ACT_FOLDER, stage->fixture->folder);
    chmod(path, 0700);
    rmdir(path);
}

static void test_recorded_once_and_in_order(void **state)
{
    struct stage stage = begin(state);
    unsigned n;

    assert_int_equal(pass(&stage, &n), 0); /* there is not even a folder */
    assert_int_equal(n, 0);
    assert_int_equal(drop(&stage, NOW + 2, "second"), 0);
    assert_int_equal(drop(&stage, NOW + 1, "first"), 0);
    assert_int_equal(n_files(&stage), 2);
    assert_int_equal(pass(&stage, &n), 0);
    assert_int_equal(n, 2);
    assert_int_equal(n_files(&stage), 0);
    assert_int_equal(n_marks(&stage), 0);
    assert_int_equal(pass(&stage, &n), 0);
    struct found found = trail_of(&stage);
    assert_int_equal(found.n, 2);
    assert_string_equal(found.details[0], "first");
    assert_string_equal(found.details[1], "second");
    empty_folder(&stage);
}

/* The process ends behind any of its operations, and another one begins. */
static void test_killed_at_each_step(void **state)
{
    for (int n_steps = 0; n_steps < 6; n_steps++) {
        struct stage stage = begin(state);
        unsigned n, n_before = trail_of(&stage).n;

        assert_int_equal(drop(&stage, NOW, "once"), 0);
        stage.n_left = n_steps;
        int r = pass(&stage, &n);
        assert_true(r == 0 || r == -EIO);
        stage.acts = (struct acts){.tidied = false};
        stage.n_left = 1000;
        assert_int_equal(pass(&stage, &n), 0);
        assert_int_equal(trail_of(&stage).n, n_before + 1);
        assert_int_equal(n_files(&stage), 0);
        assert_int_equal(n_marks(&stage), 0);
        empty_folder(&stage);
    }
}

/* The same process goes on. */
static void test_failed_at_each_step(void **state)
{
    for (int n_steps = 0; n_steps < 6; n_steps++) {
        struct stage stage = begin(state);
        unsigned n, n_before = trail_of(&stage).n;

        assert_int_equal(pass(&stage, &n), 0);
        assert_int_equal(drop(&stage, NOW, "once"), 0);
        stage.n_left = n_steps;
        (void)pass(&stage, &n);
        stage.n_left = 1000;
        assert_int_equal(pass(&stage, &n), 0);
        assert_int_equal(trail_of(&stage).n, n_before + 1);
        assert_int_equal(n_files(&stage), 0);
        assert_int_equal(n_marks(&stage), 0);
        empty_folder(&stage);
    }
}

/* A kill between the record and the file's end leaves both: there is no second record. */
static void test_file_outlives_its_record(void **state)
{
    struct stage stage = begin(state);
    char path[STORE_FIXTURE_PATH_BYTES + 16];
    unsigned n;

    assert_int_equal(drop(&stage, NOW, "once"), 0);
    snprintf(path, sizeof path, "%s/" ACT_FOLDER, stage.fixture->folder);
    if (geteuid() == 0) { /* to root every folder is writable: the row is put by hand */
        struct act_name name;
        uint8_t mark[4 + ACT_ID_BYTES] = "act ";
        struct db_txn *txn;

        assert_int_equal(act_list(stage.fixture->folder, 1, &name, &n), 0);
        memcpy(mark + 4, name.id, ACT_ID_BYTES);
        assert_int_equal(db_begin_write(stage.fixture->db, &txn), 0);
        assert_int_equal(db_put(txn, DB_META, (struct text){(const char *)mark, sizeof mark}, TEXT("1")), 0);
        assert_int_equal(db_commit(txn), 0);
        assert_int_equal(pass(&stage, &n), 0);
        assert_int_equal(trail_of(&stage).n, 0);
    } else {
        chmod(path, 0500);
        assert_int_equal(pass(&stage, &n), -EACCES);
        assert_int_equal(trail_of(&stage).n, 1);
        assert_int_equal(n_files(&stage), 1);
        chmod(path, 0700);
        assert_int_equal(pass(&stage, &n), 0);
        assert_int_equal(trail_of(&stage).n, 1);
    }
    assert_int_equal(n_files(&stage), 0);
    assert_int_equal(n_marks(&stage), 0);
    empty_folder(&stage);
}

static void test_unreadable(void **state)
{
    static const char *const contents[] = {"", "rubbish", "crumb act 1", "crumb act 1............................"};
    struct stage stage = begin(state);
    char path[2 * STORE_FIXTURE_PATH_BYTES];
    unsigned n;

    assert_int_equal(drop(&stage, NOW, "good"), 0);
    for (unsigned i = 0; i < N_ROWS(contents); i++) {
        snprintf(path, sizeof path, "%s/" ACT_FOLDER "/177244380000%u-0123456789abcdef0123456789abcde%u.act",
                 stage.fixture->folder, i, i);
        int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
        assert_int_equal(write(fd, contents[i], strlen(contents[i])), strlen(contents[i]));
        close(fd);
    }
    assert_int_equal(pass(&stage, &n), 0);
    struct found found = trail_of(&stage);
    assert_int_equal(found.n, 1 + N_ROWS(contents));
    unsigned n_unreadable = 0;
    for (unsigned i = 0; i < found.n; i++)
        n_unreadable += found.acts[i] == ACT_UNREADABLE;
    assert_int_equal(n_unreadable, N_ROWS(contents));
    assert_int_equal(n_files(&stage), N_ROWS(contents)); /* they are kept, and not told of again */
    assert_int_equal(pass(&stage, &n), 0);
    assert_int_equal(trail_of(&stage).n, found.n);
    for (unsigned i = 0; i < N_ROWS(contents); i++) {
        snprintf(path, sizeof path, "%s/" ACT_FOLDER "/177244380000%u-0123456789abcdef0123456789abcde%u.act.bad",
                 stage.fixture->folder, i, i);
        assert_int_equal(unlink(path), 0);
    }
    empty_folder(&stage);
}

static void test_every_bit_of_a_file(void **state)
{
    struct stage stage = begin(state);
    BUFFER_AUTO bytes = BUFFER_INIT(ACT_BYTES_MAX + 1);
    struct trail_entry entry;
    struct act_name name;
    unsigned n;

    assert_int_equal(drop(&stage, NOW, "good"), 0);
    assert_int_equal(act_list(stage.fixture->folder, 1, &name, &n), 0);
    assert_int_equal(act_load(stage.fixture->folder, &name, &bytes, &entry), 0);
    assert_text(entry.details, "good");
    for (size_t bit = 0; bit < 8 * bytes.size; bit++) {
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_false(act_decode(text_of(name.text), buffer_text(&bytes), &entry));
        bytes.data[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_false(act_decode(TEXT("1772443800000-00000000000000000000000000000000.act"), buffer_text(&bytes), &entry));
    assert_int_equal(act_remove(stage.fixture->folder, &name, false), 0);
    empty_folder(&stage);
}

static void test_refused_where_it_cannot_be_kept(void **state)
{
    struct stage stage = begin(state);
    char path[STORE_FIXTURE_PATH_BYTES + 16];

    snprintf(path, sizeof path, "%s/" ACT_FOLDER, stage.fixture->folder);
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600); /* a file in the folder's place */
    close(fd);
    assert_int_equal(drop(&stage, NOW, "nowhere"), -ENOTDIR);
    assert_int_equal(unlink(path), 0);
    unsigned n = 0;
    for (int r = 0; n <= ACTS_MAX; n++) {
        r = drop(&stage, NOW + n, "many");
        if (r) {
            assert_int_equal(r, ACT_E_FULL);
            break;
        }
    }
    assert_int_equal(n, ACTS_MAX);
    for (unsigned done = 0, m; done < ACTS_MAX; done += m) /* a bounded number each time */
        assert_true(pass(&stage, &m) == 0 && m > 0 && m <= ACTS_PASS_MAX);
    assert_int_equal(drop(&stage, NOW, "again"), 0);
    assert_int_equal(pass(&stage, &n), 0);
    empty_folder(&stage);
}

static void test_drafts_of_the_killed(void **state)
{
    struct stage stage = begin(state);
    char path[2 * STORE_FIXTURE_PATH_BYTES];
    unsigned n;

    assert_int_equal(drop(&stage, NOW, "good"), 0);
    snprintf(path, sizeof path, "%s/" ACT_FOLDER "/1772443800000-0123456789abcdef0123456789abcdef.act.new",
             stage.fixture->folder);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
    assert_int_equal(n_files(&stage), 2);
    assert_int_equal(pass(&stage, &n), 0);
    assert_int_equal(n_files(&stage), 0);
    assert_int_equal(trail_of(&stage).n, 1);
    close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600)); /* of a command that is at it */
    assert_int_equal(pass(&stage, &n), 0);
    assert_int_equal(n_files(&stage), 1);
    assert_int_equal(unlink(path), 0);
    empty_folder(&stage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_FIXTURE_TEST(test_recorded_once_and_in_order),
        STORE_FIXTURE_TEST(test_killed_at_each_step),
        STORE_FIXTURE_TEST(test_failed_at_each_step),
        STORE_FIXTURE_TEST(test_file_outlives_its_record),
        STORE_FIXTURE_TEST(test_unreadable),
        STORE_FIXTURE_TEST(test_every_bit_of_a_file),
        STORE_FIXTURE_TEST(test_refused_where_it_cannot_be_kept),
        STORE_FIXTURE_TEST(test_drafts_of_the_killed),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
