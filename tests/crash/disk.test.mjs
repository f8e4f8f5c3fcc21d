// No room (promise P2): what cannot be stored is answered 503 and is not there, what was answered is, and the service
// goes on by itself when there is room again. There are three ways to have none:
//
//  - a full file system: a small tmpfs in a mount namespace of our own, with a file in it that can be deleted. Where
//    mounting is not permitted, the next one alone must do;
//  - a limit on the size of files, which needs no permission and is lifted from outside;
//  - a full map: the configuration's data_max, which a restart raises.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { request } from '../http/client.mjs';
import { eventually, sleep } from '../http/server.mjs';
import { begin, folder } from './harness.mjs';
import { Load, Random, Witness, testify } from './load.mjs';
import { ELSEWHERE, INSIDE_MS_MAX, enter, fillUp, isInside } from './room.mjs';

const SEED = Number(process.env.CRASH_SEED ?? 1);
const BULK_BYTES = 1500; // of each path, so that it is full soon
const REFUSED_MIN = 200; // requests, before the store is taken for full
const STORED_MIN = 200; // events, before it is taken for well again
const LOAD_MS_MAX = 60_000;
const RESUME_MS_MAX = 1000;
const LATE_MS_MAX = 1000; // from the end of its connections to the end of a process
const TMPFS_BYTES = 8 << 20;
const FILLER_BYTES = 3 << 20;
const FILE_KIB_MAX = 2048;

const TROUBLE = [
    /^crumb: error: cannot write to the store; answering 503 until it works again: /,
    /^crumb: the store takes writes again$/,
    /^crumb: error: cannot record (the configuration|what commands did) in the audit trail/,
];

class Trial {
    constructor(config) {
        this.server = folder(config);
        this.server.expect(...TROUBLE);
        this.witness = new Witness();
        this.random = new Random(SEED);
        // What reads personal data puts that on record first; so that a full store can be looked at, there is room for it.
        this.acts = mkdtempSync(join(ELSEWHERE, 'crumb-acts-'));
        mkdirSync(this.server.data, { mode: 0o700 });
        symlinkSync(this.acts, join(this.server.data, 'acts'));
    }

    cleanup() {
        this.server.cleanup();
        rmSync(this.acts, { recursive: true });
    }

    // Sends events until @isEnough.
    async load(what, isEnough, options) {
        const { server } = this;
        const deadline = Date.now() + LOAD_MS_MAX;
        const load = new Load(this.random, this.witness, options);
        await load.run(server.public, () => isEnough() || Date.now() > deadline);
        if (isEnough()) return;
        const end = await Promise.race([server.child.ended, sleep(LATE_MS_MAX)]);
        assert.fail(`${end ? `the server died of ${end.signal ?? end.code} before` : 'in vain waited for'} ${what}`);
    }

    async isReady() {
        return (await request(this.server.private, { path: '/readyz' })).status === 200;
    }

    // Until there is no room.
    async fill() {
        const { answered } = this.witness;
        await this.load('a full store', () => answered.refused >= REFUSED_MIN, { bulk: BULK_BYTES });
        assert.ok(answered.stored > 0, 'it worked before it was full');
        await this.isBorne();
    }

    // It says that it is full, and has what it had.
    async isBorne() {
        const { answered } = this.witness;
        await eventually('not being ready', async () => {
            const before = answered.refused; // the last answer will be a 503
            await this.load('one more refusal', () => answered.refused > before, { bulk: BULK_BYTES, connections: 1 });
            return !(await this.isReady());
        });
        assert.equal((await request(this.server.private, { path: '/healthz' })).status, 200);
        await testify(this.server, this.witness);
    }

    // There is room: what was refused is sent again, and all is as ever.
    async resume() {
        const { server, witness } = this;
        const { stored, refused } = { ...witness.answered };
        await this.load('a store that works', () => witness.answered.stored >= stored + STORED_MIN);
        assert.equal(witness.answered.refused, refused);
        await testify(server, witness);
        await server.end();
    }

    // The same while it runs, and nothing needs to be sent before it says that it is ready.
    async recover(makeRoom) {
        makeRoom();
        await eventually('being ready again', () => this.isReady(), RESUME_MS_MAX);
        await this.resume();
    }
}

// @shell: for begin().
async function withTrial({ config, shell }, act) {
    const trial = new Trial(config);
    try {
        assert.ok(await begin(trial.server, shell));
        await act(trial);
    } finally {
        trial.cleanup();
    }
}

// Deleted to make room.
function writeFiller(bytes) {
    const filler = join(tmpdir(), 'filler');
    writeFileSync(filler, Buffer.alloc(bytes, 1));
    return filler;
}

async function fullFileSystem() {
    const filler = writeFiller(FILLER_BYTES);
    await withTrial({}, async (trial) => {
        await trial.fill();
        await trial.server.crash();
        assert.ok(await begin(trial.server), 'it starts on a full disk, too');
        await trial.isBorne();
        await trial.recover(() => rmSync(filler));
    });
}

// There is no store yet, and no room for one.
async function fullFromTheFirst() {
    const server = folder();
    const filler = writeFiller(FILLER_BYTES);
    const makeRoom = fillUp();
    await assert.rejects(begin(server), /No space left on device/);
    assert.deepEqual(await server.child.ended, { code: 3, signal: null });
    rmSync(filler);
    makeRoom();
    assert.ok(await begin(server));
    await server.end();
}

// LMDB makes its lock file where there is none, as behind `crumb compact` or beside a copy, and writes to it through a map.
async function fullForReaders() {
    const server = folder();
    assert.ok(await begin(server));
    await server.stop();
    rmSync(join(server.data, 'crumb.mdb-lock'));
    const makeRoom = fillUp();
    const { code, stderr } = await server.run('stat');
    assert.equal(code, 3);
    assert.match(stderr, /No space left on device/);
    makeRoom();
    await server.assertSound();
    server.cleanup();
}

if (isInside) {
    describe('no room on the file system', { timeout: INSIDE_MS_MAX }, () => {
        it('for more', fullFileSystem);
        it('for a store', fullFromTheFirst);
        it('for the lock file of who only reads', fullForReaders);
    });
} else {
    describe('no room', { timeout: 900_000 }, () => {
        it('on the file system', (t) => enter(t, fileURLToPath(import.meta.url), TMPFS_BYTES));

        it('for a larger file', () =>
            withTrial({ shell: `ulimit -Sf ${FILE_KIB_MAX}` }, async (trial) => {
                await trial.fill();
                const lift = ['--pid', String(trial.server.pid), '--fsize=unlimited:'];
                await trial.recover(() => execFileSync('prlimit', lift));
            }));

        it('in the map', () =>
            withTrial({ config: { data_max: '1MiB' } }, async (trial) => {
                await trial.fill();
                await trial.server.restart({ data_max: '64MiB' });
                await trial.resume();
            }));
    });
}
