// kill -9 at any moment (promises P1, P2, P3): of a load, of a start, of the sealing of days.
//
// All rounds of a load share one store, so each also shows that the service works on with what a kill has left.
//
//     CRASH_ROUNDS=50 CRASH_SEED=1 CRUMB=build/crumb node tests/crash/kill.test.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { dirname, join } from 'node:path';
import { describe, it } from 'node:test';
import { CRUMB } from '../http/server.mjs';
import { begin, eachSeed, folder, moment } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';

const ROUNDS = 10;
const STARTS = 20;
const SEALS = 4;
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
            total = await testify(server, witness);
        });
        const { answered, cut } = witness;
        assert.equal(answered.refused, 0, 'nothing had to be refused');
        assert.ok(answered.stored && witness.receipts.size && cut.kept && cut.lost, 'it hit all that it should');
        t.diagnostic(
            `${total.events} events, ${answered.stored} of them answered; ${total.records} ledger records, ` +
                `${witness.receipts.size} of them answered; of beacons without an answer ${cut.kept} are there, ${cut.lost} not`,
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

// ---- sealing ----

const DAY_MS = 24 * 3600 * 1000;
const DAYS = 20;
const VISITORS_A_DAY = 30;

// A line for build/bench/replay; the same every time.
function line(day, visitor, hit) {
    const eid = `00000000-0000-4000-8000-${[day, visitor, hit].map((n) => String(n).padStart(4, '0')).join('')}`;
    return JSON.stringify({
        t: Date.UTC(2026, 0, 5) + day * DAY_MS + (visitor * 40 + hit) * 60_000,
        site: 'shop',
        visitor: `visitor ${day} ${visitor}`,
        ip: '203.0.113.9',
        purposes: ['analytics', 'journeys'],
        event: `e=pv&eid=${eid}&url=https%3A%2F%2Fshop.example%2F${(visitor * hit) % 17}`,
    });
}

function lines() {
    const all = [];
    for (let day = 0; day < DAYS; day++)
        for (let visitor = 0; visitor < VISITORS_A_DAY; visitor++)
            for (let hit = 0; hit < 1 + (visitor % 5); hit++) all.push(line(day, visitor, hit));
    return all.join('\n');
}

// Feeds @server's store; killed after @ms.
async function replay(server, input, ms = Infinity) {
    const child = spawn(join(dirname(CRUMB), 'bench', 'replay'), ['-c', server.file], { stdio: ['pipe', 'ignore', 'inherit'] });
    const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve({ code, signal })));
    child.stdin.on('error', () => {}); // it is killed while it reads
    child.stdin.end(input);
    if (ms !== Infinity) {
        await moment(ms);
        child.kill('SIGKILL');
    }
    return ended;
}

async function rollups(server) {
    const { code, stdout, stderr } = await server.run('verify', ['--rebuild']);
    assert.equal(code, 0, stdout + stderr);
    await server.books();
    return server.dump('rollup');
}

describe('kill -9 while days are sealed', { timeout: 600_000 }, () => {
    it('leaves each day sealed whole or not at all, and the next attempt gives the same rollups', async () => {
        const input = lines();
        const calm = folder();
        assert.deepEqual(await replay(calm, ''), { code: 0, signal: null });
        const began = performance.now();
        assert.deepEqual(await replay(calm, input), { code: 0, signal: null });
        const ms = performance.now() - began;
        const wanted = await rollups(calm);
        assert.ok(new Set(wanted.map(({ day }) => day)).size >= DAYS - 1);
        calm.cleanup();
        for (let seed = 1; seed <= SEALS; seed++) {
            const server = folder();
            await eachSeed('CRASH_SEALS', 1, server, async () => {
                const random = new Random(seed);
                assert.deepEqual(await replay(server, ''), { code: 0, signal: null }); // makes the store
                for (let kill = 0; kill < 3; kill++) {
                    await replay(server, input, random.next() * ms);
                    await rollups(server);
                }
                assert.deepEqual(await replay(server, input), { code: 0, signal: null });
                assert.deepEqual(await rollups(server), wanted);
            });
            server.cleanup();
        }
    });
});
