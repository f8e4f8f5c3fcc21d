// The lights go out at any write (promise P2): what was answered was synced, and the store opens with what is left of
// the rest. A kill cannot show this; powerloss.c says what is simulated and what is not.
//
//     POWER_ROUNDS=200 CRUMB=build/crumb REPLAY=build/bench/replay POWERLOSS=build/tests/crash/libpowerloss.so \
//         node tests/crash/power.test.mjs
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { addLosses, assertVaried, environment, preload } from './cut.mjs';
import { begin, eachSeed, folder, isWhole, surprises } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';
import { FINISHED, lines, replay, rollups } from './replay.mjs';

const ROUNDS = 30;
const STEPS_MAX = 250; // a commit takes three or more: pages, a sync, a meta page
const BULK_BYTES = 1500; // of each path in half of the rounds, so that commits have more pages
const FIRST_STARTS = 22; // more steps than the first start has
const FIRST_START_SEEDS = 2; // of each
const SEALS = 8;
const SEAL_STEPS_MAX = 100;

describe('a power cut', { timeout: 1_800_000 }, () => {
    it('during a load loses nothing that was answered', async (t) => {
        const server = folder();
        const witness = new Witness();
        const sum = { lost: 0, all: 0 };
        let total;
        server.expect(/^powerloss: step /);
        assert.ok(await begin(server));
        await server.stop();
        await eachSeed('POWER_ROUNDS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            if (await begin(server, preload(seed, random.between(1, STEPS_MAX)))) {
                await new Load(random, witness, { bulk: seed % 2 ? BULK_BYTES : 0 }).run(server.public);
                await server.child.ended;
            }
            addLosses(sum, server.child.output.stderr);
            assert.deepEqual(surprises(server), []);
            total = await testify(server, witness);
        });
        const { answered, cut } = witness;
        assert.equal(answered.refused, 0, 'nothing had to be refused');
        if (isWhole('POWER_ROUNDS', ROUNDS)) assertVaried(sum);
        t.diagnostic(
            `${sum.lost} of ${sum.all} page writes lost; ` +
                `${total.events} events, ${answered.stored} of them answered; ` +
                `${total.records} ledger records, ${witness.receipts.size} of them answered; ` +
                `of beacons without an answer ${cut.kept} are there, ${cut.lost} not`,
        );
        assert.ok(await begin(server));
        await server.end();
    });

    it('during the first start leaves a folder that a start can use', async () => {
        const sum = { lost: 0, all: 0 };
        const wrong = [];
        for (let step = 1; step <= FIRST_STARTS; step++) {
            for (let seed = 1; seed <= FIRST_START_SEEDS; seed++) {
                const server = folder();
                const isReady = await begin(server, preload(100 * step + seed, step));
                if (isReady) await server.crash(); // unless the lights went out first
                else addLosses(sum, server.child.output.stderr);
                await begin(server).catch((error) => wrong.push(`step ${step}, seed ${seed}: ${error.message}`));
                if (server.child.exitCode === null) await server.end();
                server.cleanup();
            }
        }
        assert.deepEqual(wrong, []);
        assertVaried(sum);
    });

    it('while days are sealed leaves each sealed whole or not at all', async (t) => {
        const input = lines();
        const calm = folder();
        assert.deepEqual(await replay(calm, input).ended, FINISHED);
        const wanted = await rollups(calm);
        calm.cleanup();
        const sum = { lost: 0, all: 0 };
        const server = folder();
        assert.deepEqual(await replay(server, '').ended, FINISHED); // makes the store
        await eachSeed('POWER_SEALS', SEALS, server, async (seed) => {
            const step = new Random(seed).between(1, SEAL_STEPS_MAX);
            const { child, ended } = replay(server, input, environment(seed, step));
            const end = await ended;
            if (end.code !== 0) addLosses(sum, child.output); // it may be done before that step
            await rollups(server);
        });
        if (isWhole('POWER_SEALS', SEALS)) assertVaried(sum);
        t.diagnostic(`${sum.lost} of ${sum.all} page writes lost`);
        assert.deepEqual(await replay(server, input).ended, FINISHED);
        assert.deepEqual(await rollups(server), wanted);
        server.cleanup();
    });
});
