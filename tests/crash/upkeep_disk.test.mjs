// No room during an erasure, a rotation of the master key, retention and compaction: nothing is half done, nothing of
// others is touched, the service goes on, killed or not, and with room again the work comes to the same end as without.
//
//     UPKEEP_FULL=60 CRUMB=build/crumb REPLAY=build/bench/replay BOXES=build/tests/boxes SETCLOCK=… \
//         node tests/crash/upkeep_disk.test.mjs
import assert from 'node:assert/strict';
import { mkdtempSync, openSync, rmSync, symlinkSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { request } from '../http/client.mjs';
import { begin, eachSeed, isWhole, moment } from './harness.mjs';
import { Random } from './load.mjs';
import { ELSEWHERE, INSIDE_MS_MAX, enter, fillUp, isInside } from './room.mjs';
import { Kept, WORKS, complete, isRunning } from './upkeep.mjs';

const ROUNDS = 3; // of each work
const SPARE_MAX = 60; // pages that are left ...
const SPARE_MIN = 4; // ... where it is to start: LMDB's lock file must have its room
const SPARE_OF = { erasure: 20, rotation: 2, 'rotation by the command': 1, retention: 8 }; // ... at most, where not much is needed
const BEFORE = Date.UTC(2026, 0, 6); // when nothing was over
const FULL_MS_MAX = 1500;
const KILLED = 0.4; // of the rounds, while there is no room
const TMPFS_BYTES = 48 << 20;
const TROUBLE = [
    // LMDB says EIO where a write is cut short.
    /^crumb: error: cannot .*(No space left on device|Input\/output error)/, /^crumb: error: cannot write to the store; answering 503 until it works again: /,
    /^crumb: the store takes writes again$/, /under the next master key/,
];

// With room for @spare pages: whether it was refused what it wanted.
async function withoutRoom(kept, work, random) {
    const { server } = kept;
    if (work.command) {
        const { code, stderr } = await server.run(work.command[0], work.command.slice(1));
        if (code !== 0) assert.match(stderr, /No space left on device|Input\/output error/);
        return code !== 0;
    }
    if (!isRunning(server)) assert.ok(await begin(server), 'it starts on a full disk, too');
    await work.begin(kept);
    await moment(random.next() * FULL_MS_MAX);
    if (random.chance(KILLED)) {
        await server.crash();
        assert.ok(await begin(server), 'it starts again on a full disk');
        await moment(random.next() * FULL_MS_MAX);
    }
    assert.ok(isRunning(server), server.child.output.stderr);
    assert.equal((await request(server.private, { path: '/healthz' })).status, 200);
    return !(await work.isDone(kept));
}

function inside() {
    let kept, wanted, acts, clock, hands, refused = 0;
    before(async () => {
        let never;
        acts = mkdtempSync(join(ELSEWHERE, 'crumb-acts-'));
        clock = mkdtempSync(join(ELSEWHERE, 'crumb-clock-'));
        hands = openSync(join(clock, 'clock'), 'w+');
        setClock(0); // the system's
        // The keeper tries again soon.
        Object.assign(process.env, { LD_PRELOAD: process.env.SETCLOCK, SETCLOCK_FILE: join(clock, 'clock'), SETCLOCK_SPEED: '20' });
        [kept, never] = await Kept.both(ELSEWHERE);
        wanted = await never.told();
        never.cleanup();
        kept.server.expect(...TROUBLE);
    });
    after(() => {
        kept.cleanup();
        for (const one of [acts, clock]) rmSync(one, { recursive: true });
    });

    const setClock = (ms) => {
        const bytes = Buffer.alloc(8);
        bytes.writeBigInt64LE(BigInt(ms));
        writeSync(hands, bytes, 0, 8, 0);
    };

    // What reads personal data puts that on record first; so that a full store can be looked at, there is room for it.
    const reset = async () => {
        kept.reset();
        rmSync(join(kept.server.data, 'acts'), { recursive: true, force: true });
        symlinkSync(acts, join(kept.server.data, 'acts'));
        assert.equal((await kept.server.run('stat')).code, 0); // for the lock file
    };

    for (const [name, work] of Object.entries(WORKS))
        it(`for ${name}`, async (t) => {
            kept.configure(work.retention);
            await reset();
            const end = await complete(kept, work);
            if (name === 'erasure') assert.deepEqual(end, wanted, 'as if they had never been there');
            const first = refused;
            await eachSeed('UPKEEP_FULL', ROUNDS, kept.server, async (seed) => {
                const random = new Random(seed);
                await reset();
                // New settings are stored before they are served, so where they are what begins it, it starts with room.
                if (name === 'retention') setClock(BEFORE);
                if (!work.command && (name === 'retention' || random.chance(0.5))) assert.ok(await begin(kept.server));
                const least = work.command || isRunning(kept.server) ? 0 : SPARE_MIN;
                const makeRoom = fillUp(random.between(least, Math.max(least, SPARE_OF[name] ?? SPARE_MAX)));
                setClock(0);
                try {
                    refused += await withoutRoom(kept, work, random);
                    await kept.verified();
                    if (name !== 'retention') assert.deepEqual(await kept.others(), wanted.journal, 'of others nothing is touched');
                } finally {
                    makeRoom();
                }
                assert.deepEqual(await complete(kept, work), end);
            });
            t.diagnostic(`${name}; ${refused - first} without the room that they needed`);
        });

    it('is what some of them met', () => {
        if (isWhole('UPKEEP_FULL', ROUNDS)) assert.ok(refused);
    });
}

if (isInside) describe('no room', { timeout: INSIDE_MS_MAX }, inside);
else
    describe('no room for upkeep', { timeout: INSIDE_MS_MAX }, () => {
        it('leaves nothing half done', (t) => enter(t, fileURLToPath(import.meta.url), TMPFS_BYTES));
    });
