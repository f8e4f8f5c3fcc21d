/*
 * The cache: made once, bounded, and whoever waits is told.
 */
#include "check.h"
#include "crumb/base/cache.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>

static unsigned n_alive;

struct thing {
    struct cache_value super;
    int number;
};

static void thing_free(struct cache_value *value)
{
    n_alive--;
    free(value);
}

static struct cache_value *thing_new(int number, size_t bytes)
{
    struct thing *thing = calloc(1, sizeof *thing);

    assert_non_null(thing);
    cache_value_init(&thing->super, bytes, thing_free);
    thing->number = number;
    n_alive++;
    return &thing->super;
}

struct asker {
    struct cache_waiter super;
    unsigned n_called;
    int number; /* of the thing; -1: it could not be made */
};

static void on_ready(struct cache_waiter *waiter, struct cache_value *value)
{
    struct asker *asker = (struct asker *)waiter;

    asker->n_called++;
    asker->number = value ? ((struct thing *)value)->number : -1;
    cache_value_unref(value);
}

static struct asker asker_of(void) { return (struct asker){.super.ready = on_ready}; }

/* Asks for @key and makes it where nobody did. */
static int take(struct cache *cache, uint64_t key, size_t bytes)
{
    static int n_made;
    struct asker asker = asker_of();
    struct cache_value *value;
    int r = cache_get(cache, key, &asker.super, &value);

    if (r == CACHE_E_MAKE) {
        cache_put(cache, key, thing_new(++n_made, bytes));
        assert_int_equal(asker.n_called, 1);
        return asker.number;
    }
    assert_int_equal(r, 0);
    int number = ((struct thing *)value)->number;
    cache_value_unref(value);
    return number;
}

static struct cache *cache_of(size_t bytes_max)
{
    struct cache *cache = NULL;

    assert_int_equal(cache_new(bytes_max, &cache), 0);
    return cache;
}

static void test_made_once(void **state)
{
    struct cache *cache = cache_of(100);
    struct asker first = asker_of(), second = asker_of();
    struct cache_value *value = NULL;

    (void)state;
    assert_int_equal(cache_get(cache, 7, &first.super, &value), CACHE_E_MAKE);
    assert_int_equal(cache_get(cache, 7, &second.super, &value), CACHE_E_WAIT);
    assert_null(cache_find(cache, 7)); /* not yet */
    assert_null(cache_find(cache, 8));
    assert_int_equal(first.n_called + second.n_called, 0);
    cache_put(cache, 7, thing_new(42, 10));
    assert_int_equal(first.n_called, 1);
    assert_int_equal(second.n_called, 1);
    assert_int_equal(first.number, 42);
    assert_int_equal(second.number, 42);
    assert_int_equal(cache_get(cache, 7, &first.super, &value), 0);
    assert_int_equal(first.n_called, 1);
    assert_ptr_equal(cache_find(cache, 7), value);
    cache_value_unref(value);
    cache_free(cache);
    assert_int_equal(((struct thing *)value)->number, 42); /* whoever holds it keeps it */
    cache_value_unref(value);
    assert_int_equal(n_alive, 0);
}

static void test_failure_is_not_kept(void **state)
{
    struct cache *cache = cache_of(100);
    struct asker first = asker_of(), second = asker_of();
    struct cache_value *value;

    (void)state;
    assert_int_equal(cache_get(cache, 1, &first.super, &value), CACHE_E_MAKE);
    assert_int_equal(cache_get(cache, 1, &second.super, &value), CACHE_E_WAIT);
    cache_put(cache, 1, NULL);
    assert_int_equal(first.number, -1);
    assert_int_equal(second.number, -1);
    assert_int_equal(cache_get(cache, 1, &first.super, &value), CACHE_E_MAKE);
    cache_put(cache, 1, thing_new(1, 1));
    cache_free(cache);
    assert_int_equal(n_alive, 0);
}

static void test_room(void **state)
{
    struct cache *cache = cache_of(100);

    (void)state;
    int a = take(cache, 1, 40), b = take(cache, 1 + 256, 40); /* one chain */
    assert_int_equal(take(cache, 1, 40), a);
    assert_int_equal(take(cache, 257, 40), b);
    assert_int_equal(take(cache, 1, 40), a); /* now 257 was not asked for longest */
    take(cache, 2, 40);
    assert_int_equal(n_alive, 2);
    assert_int_equal(take(cache, 1, 40), a);
    assert_int_not_equal(take(cache, 257, 40), b);
    /* What is larger than all the room is given to those who wait, and not kept. */
    int large = take(cache, 3, 101);
    assert_int_not_equal(take(cache, 3, 101), large);
    assert_int_equal(n_alive, 2);
    take(cache, 4, 100);
    assert_int_equal(n_alive, 1);
    cache_free(cache);
    assert_int_equal(n_alive, 0);
}

/* Told on the maker's thread. */
static void on_ready_elsewhere(struct cache_waiter *waiter, struct cache_value *value)
{
    struct asker *asker = (struct asker *)waiter;

    cache_value_unref(value);
    __atomic_store_n(&asker->n_called, 1, __ATOMIC_RELEASE);
}

static void plain_free(struct cache_value *value) { free(value); }

static void *ask_often(void *context)
{
    struct cache *cache = context;

    for (unsigned i = 0; i < 20000; i++) {
        struct asker asker = {.super.ready = on_ready_elsewhere};
        struct cache_value *value = NULL;
        int r = cache_get(cache, i % 5, &asker.super, &value);

        if (r == CACHE_E_MAKE) {
            struct thing *thing = malloc(sizeof *thing);

            cache_value_init(&thing->super, 30, plain_free);
            cache_put(cache, i % 5, &thing->super);
        }
        if (r == 0)
            cache_value_unref(value);
        while (r && !__atomic_load_n(&asker.n_called, __ATOMIC_ACQUIRE))
            sched_yield();
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct cache *cache = cache_of(100);
    pthread_t threads[4];

    (void)state;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, ask_often, cache), 0);
    for (unsigned i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cache_free(cache);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made_once), cmocka_unit_test(test_failure_is_not_kept),
                                       cmocka_unit_test(test_room), cmocka_unit_test(test_threads)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
