// The lights go out during an erasure, a rotation of the master key, retention and compaction (powerloss.c): the store
// opens, has nothing half done, and after the next start the work comes to the same end as without.
//
//     UPKEEP_CUTS=60 CRUMB=build/crumb REPLAY=build/bench/replay BOXES=build/tests/boxes POWERLOSS=… SETCLOCK=… \
//         node tests/crash/upkeep_power.test.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { CRUMB } from '../http/server.mjs';
import { addLosses, assertVaried, environment, preload, stepsIn } from './cut.mjs';
import { begin, eachSeed, isWhole, surprises } from './harness.mjs';
import { Random } from './load.mjs';
import { Kept, WORKS, complete } from './upkeep.mjs';

const CUTS = 3; // of each work
const LAST = 12; // steps that are tried more often than others: what is renamed at the end
const CUT = /^powerloss: /;
const WRAPPING = /under the next master key/;

// The keeper looks more often, so that nobody waits for it.
Object.assign(process.env, { LD_PRELOAD: process.env.SETCLOCK, SETCLOCK_SPEED: '20' });

// Runs a command under powerloss.c: what it wrote to standard error.
function run(server, args, seed, step) {
    const child = spawn(CRUMB, [...args, '-c', server.file], { env: { ...process.env, ...environment(seed, step) }, stdio: ['ignore', 'ignore', 'pipe'] });
    let text = '';
    child.stderr.setEncoding('utf8').on('data', (part) => (text += part));
    return new Promise((resolve) => child.once('close', () => resolve(text)));
}

// From the start to the stop of a server, or until the lights go out: what it wrote.
async function serve(kept, work, seed, step) {
    const { server } = kept;
    if (await begin(server, preload(seed, step))) {
        const { child } = server;
        await work.begin(kept);
        await kept.until('the end or the cut', async () => child.signalCode !== null || (await work.isDone(kept)));
        if (child.signalCode === null) child.kill('SIGTERM');
        await child.ended;
    }
    assert.deepEqual(surprises(server), []);
    return server.child.output.stderr;
}

const attempt = (kept, work, seed, step) => (work.command ? run(kept.server, work.command, seed, step) : serve(kept, work, seed, step));

describe('a power cut', { timeout: 1_800_000 }, () => {
    const all = { lost: 0, all: 0 };
    let kept, wanted;
    before(async () => {
        let never;
        [kept, never] = await Kept.both();
        wanted = await never.told();
        never.cleanup();
        kept.server.expect(CUT, WRAPPING);
    });
    after(() => kept.cleanup());

    for (const [name, work] of Object.entries(WORKS))
        it(`during ${name} leaves nothing half done`, async (t) => {
            kept.configure(work.retention);
            kept.reset();
            const { journal: others } = wanted;
            const steps = stepsIn(await attempt(kept, work, 1, 0));
            const end = await complete(kept, work);
            if (name === 'erasure') assert.deepEqual(end, wanted, 'as if they had never been there');
            const sum = { lost: 0, all: 0 };
            let whole = 0;
            await eachSeed('UPKEEP_CUTS', CUTS, kept.server, async (seed) => {
                kept.reset();
                const random = new Random(seed);
                const step = random.chance(0.4) ? random.between(Math.max(1, steps - LAST), steps) : random.between(1, steps);
                const said = await attempt(kept, work, seed, step);
                if (/^powerloss: \d+ steps/m.test(said) || !/^powerloss: step/m.test(said)) whole++;
                else addLosses(sum, said);
                await kept.verified();
                if (name !== 'retention') assert.deepEqual(await kept.others(), others, 'of others nothing is touched');
                assert.deepEqual(await complete(kept, work), end);
            });
            all.lost += sum.lost;
            all.all += sum.all;
            t.diagnostic(`${steps} steps; ${sum.lost} of ${sum.all} page writes lost, ${sum.names ?? 0} names; ${whole} were done before`);
        });

    it('loses some of what was written, and not all', () => {
        if (isWhole('UPKEEP_CUTS', CUTS)) assertVaried(all);
    });
});
