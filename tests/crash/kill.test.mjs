// kill -9 at any moment (promises P1, P2, P3): of a load, of a start, of the sealing of days.
//
// All rounds of a load share one store, so each also shows that the service works on with what a kill has left.
//
//     CRASH_ROUNDS=50 CRUMB=build/crumb REPLAY=build/bench/replay node tests/crash/kill.test.mjs
import assert from 'node:assert/strict';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { begin, eachSeed, folder, moment, surprises } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';
import { DAYS, FINISHED, lines, replay, rollups } from './replay.mjs';

const ROUNDS = 10;
const STARTS = 20;
const SEALS = 4;
const SEAL_KILLS = 3; // before it is let alone
const LOAD_MS = [50, 400];
const START_MS_MAX = 40; // a start takes about so long

// Starts @server and kills it at some moment of that.
async function killStart(server, random) {
    const started = begin(server);
    await moment(random.next() * START_MS_MAX);
    await server.crash();
    await started.catch(() => {});
}

describe('kill -9', { timeout: 1_800_000 }, () => {
    it('during a load loses nothing that was answered', async (t) => {
        const server = folder();
        const witness = new Witness();
        let total;
        await eachSeed('CRASH_ROUNDS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            if (seed % 4 === 0) await killStart(server, random);
            assert.ok(await begin(server));
            const load = new Load(random, witness).run(server.public);
            await moment(LOAD_MS[0] + random.next() * (LOAD_MS[1] - LOAD_MS[0]));
            server.kill('SIGKILL');
            assert.equal((await server.child.ended).signal, 'SIGKILL');
            await load;
            assert.deepEqual(surprises(server), []);
            total = await testify(server, witness);
        });
        const { answered, cut } = witness;
        assert.equal(answered.refused, 0, 'nothing had to be refused');
        assert.ok(witness.receipts.size && cut.kept + cut.lost, 'choices were made, and answers were cut off');
        t.diagnostic(
            `${total.events} events, ${answered.stored} of them answered; ${total.records} ledger records, ` +
                `${witness.receipts.size} of them answered; ` +
                `of beacons without an answer ${cut.kept} are there, ${cut.lost} not`,
        );
        assert.ok(await begin(server));
        await server.end();
    });

    it('during the first start leaves a folder that a start can use', async () => {
        for (let seed = 1; seed <= STARTS; seed++) {
            const server = folder();
            await eachSeed('CRASH_STARTS', 1, server, async () => {
                const random = new Random(seed);
                await killStart(server, random);
                await killStart(server, random);
                assert.ok(await begin(server));
                const visitor = server.visitor();
                await visitor.chose('grant');
                assert.deepEqual((await visitor.beacon({})).result, { received: 1, stored: 1 });
            });
            await server.end();
        }
    });
});

describe('kill -9 while days are sealed', { timeout: 600_000 }, () => {
    it('leaves each day sealed whole or not at all, and the next attempt gives the same rollups', async () => {
        const input = lines();
        const calm = folder();
        assert.deepEqual(await replay(calm, '').ended, FINISHED);
        const began = performance.now();
        assert.deepEqual(await replay(calm, input).ended, FINISHED);
        const ms = performance.now() - began;
        const wanted = await rollups(calm);
        calm.cleanup();
        assert.equal(new Set(wanted.map(({ day }) => day)).size, DAYS - 1);
        for (let seed = 1; seed <= SEALS; seed++) {
            const server = folder();
            await eachSeed('CRASH_SEALS', 1, server, async () => {
                const random = new Random(seed);
                assert.deepEqual(await replay(server, '').ended, FINISHED); // makes the store
                for (let i = 0; i < SEAL_KILLS; i++) {
                    const { child, ended } = replay(server, input);
                    await moment(random.next() * ms);
                    child.kill('SIGKILL');
                    await ended;
                    await rollups(server);
                }
                assert.deepEqual(await replay(server, input).ended, FINISHED);
                assert.deepEqual(await rollups(server), wanted);
            });
            server.cleanup();
        }
    });
});
