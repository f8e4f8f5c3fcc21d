// The lights go out at any write (promise P2): what was answered was synced, and the store opens with what is left of
// the rest. A kill cannot show this; powerloss.c says what is simulated and what is not.
//
//     POWER_ROUNDS=300 CRUMB=build/crumb POWERLOSS=build/tests/crash/libpowerloss.so node tests/crash/power.test.mjs
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { begin, eachSeed, folder } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';

const { POWERLOSS } = process.env;
if (!POWERLOSS) throw new Error('set POWERLOSS to the library under tests/crash of the build folder');

const ROUNDS = 30;
const STEPS_MAX = 250; // a commit takes three: pages, sync, meta page
const FIRST_STARTS = 12; // more than the first start has steps
const FIRST_START_SEEDS = 2; // of each step

// What a server that is started with this loses when: for begin().
const preload = (seed, step) =>
    `export LD_PRELOAD='${POWERLOSS}' POWERLOSS_SEED=${seed} POWERLOSS_STEP=${step} ASAN_OPTIONS=verify_asan_link_order=0`;

// How many page writes the dead @server lost, and of how many.
function losses({ child }) {
    const [, lost, all] = child.output.stderr.match(/^powerloss: step \d+, lost (\d+) of (\d+)$/m) ?? [];
    assert.ok(all, `it did not die of the power cut: ${child.output.stderr}`);
    return { lost: Number(lost), all: Number(all) };
}

describe('a power cut', { timeout: 1_800_000 }, () => {
    it('during a load loses nothing that was answered', async (t) => {
        const server = folder();
        const witness = new Witness();
        const sum = { lost: 0, all: 0 };
        let total;
        assert.ok(await begin(server));
        await server.stop();
        await eachSeed('POWER_ROUNDS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            if (await begin(server, preload(seed, random.between(1, STEPS_MAX)))) {
                await new Load(random, witness).run(server.public);
                await server.child.ended;
            }
            const { lost, all } = losses(server);
            sum.lost += lost;
            sum.all += all;
            total = await testify(server, witness);
        });
        const { answered, cut } = witness;
        assert.equal(answered.refused, 0, 'nothing had to be refused');
        assert.ok(sum.lost && sum.lost < sum.all && cut.kept && cut.lost, 'it hit all that it should');
        t.diagnostic(
            `${sum.lost} of ${sum.all} page writes lost; ${total.events} events, ${answered.stored} of them answered; ` +
                `${total.records} ledger records, ${witness.receipts.size} of them answered; ` +
                `of beacons without an answer ${cut.kept} are there, ${cut.lost} not`,
        );
        assert.ok(await begin(server));
        await server.end();
    });

    it('during the first start leaves a folder that a start can use', async () => {
        const wrong = [];
        let died = 0;
        for (let step = 1; step <= FIRST_STARTS; step++) {
            for (let seed = 1; seed <= FIRST_START_SEEDS; seed++) {
                const server = folder();
                if (await begin(server, preload(100 * step + seed, step))) {
                    await server.end();
                    continue;
                }
                died++;
                const { lost, all } = losses(server);
                const what = `step ${step}, seed ${100 * step + seed}, lost ${lost} of ${all}`;
                await begin(server).then(
                    () => server.end(),
                    (error) => {
                        wrong.push(`${what}: ${error.message}`);
                        server.cleanup();
                    },
                );
            }
        }
        assert.deepEqual(wrong, []);
        assert.ok(died >= 6, `only ${died} starts were cut off`);
    });
});
