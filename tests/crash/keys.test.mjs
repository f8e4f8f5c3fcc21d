// kill -9 at any moment while the master key is replaced: by the server, while events come, and by the command alone.
// Whatever was stored can be read afterwards, the old master key opens nothing any more, and nobody has to help.
//
//     KEYS_ROUNDS=50 CRUMB=build/crumb REPLAY=build/bench/replay node tests/crash/keys.test.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { CRUMB, eventually } from '../http/server.mjs';
import { begin, eachSeed, folder, moment } from './harness.mjs';
import { Random } from './load.mjs';
import { FINISHED, replay } from './replay.mjs';

const ROUNDS = 24;
const VISITORS = 3000; // three passes
const TURN_MS = 60;
const T = Date.now() - 86_400_000; // the journal keeps it as long as the test runs

const events = () =>
    Array.from({ length: VISITORS }, (_, i) =>
        JSON.stringify({
            t: T + i * 1000,
            site: 'shop',
            visitor: `visitor ${i}`,
            purposes: ['analytics'],
            event: `e=pv&url=https%3A%2F%2Fshop.example%2F${i}`,
        }),
    ).join('\n');

const master = (server) => readFileSync(join(server.data, 'master.key'), 'hex');
const next = (server) => join(server.data, 'master.key.next');

async function status(server) {
    const { code, stdout, stderr } = await server.run('key', ['status']);
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
}

// Every event is there, readable, and the keyring has nothing left to do.
async function assertTurned(server, epoch, n) {
    const state = await status(server);
    assert.deepEqual([state.rotating, state.left, state.epoch], [false, 0, epoch]);
    assert.equal((await server.dump('journal')).length, n);
    const { code, stdout } = await server.run('verify');
    assert.equal(code, 0, stdout);
    assert.match(stdout, /^\d+ keys, \d+ that nothing refers to; 0 rows are erased$/m);
}

async function filled() {
    const server = folder();
    assert.deepEqual(await replay(server, events()).ended, FINISHED);
    return server;
}

// `crumb key rotate`, killed at some moment; true: it had ended by itself.
async function rotateAndKill(server, ms) {
    const child = spawn(CRUMB, ['key', 'rotate', '-c', server.file], { stdio: 'ignore' });
    const ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    await moment(ms);
    child.kill('SIGKILL');
    return (await ended).signal !== 'SIGKILL';
}

describe('kill -9 while the master key is replaced', { timeout: 900_000 }, () => {
    it('by the command: it goes on where it was', async (t) => {
        const server = await filled();
        let epoch = 1;
        let kills = 0;
        await eachSeed('KEYS_ROUNDS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            const before = master(server);
            for (let i = 0; i < 3; i++) kills += !(await rotateAndKill(server, random.next() * TURN_MS));
            const { epoch: reached } = await status(server);
            assert.ok(reached >= epoch && reached <= epoch + 3);
            if (existsSync(next(server)) || reached === epoch) {
                const { code, stderr } = await server.run('key', ['rotate']);
                assert.equal(code, 0, stderr);
            }
            assert.ok(!existsSync(next(server)));
            assert.notEqual(master(server), before);
            ({ epoch } = await status(server));
            await assertTurned(server, epoch, VISITORS);
        });
        assert.ok(kills, 'some were killed');
        t.diagnostic(`${kills} kills, ${epoch - 1} master keys`);
        server.cleanup();
    });

    it('by the server, while events come: it goes on where it was', async (t) => {
        const server = await filled();
        let epoch = 1;
        let n = VISITORS;
        await eachSeed('KEYS_ROUNDS', ROUNDS / 4, server, async (seed) => {
            const random = new Random(seed);
            assert.ok(await begin(server));
            server.expected.push(/under the next master key/);
            const { code, stderr } = await server.run('key', ['rotate']);
            assert.equal(code, 0, stderr);
            const visitor = server.visitor();
            await visitor.chose('grant');
            assert.deepEqual((await visitor.beacon({})).result, { received: 1, stored: 1 });
            n++;
            await moment(random.next() * 1500);
            await server.crash();
            assert.ok(await begin(server));
            server.expected.push(/under the next master key/);
            await eventually('the turn', async () => {
                const state = await status(server);
                return !state.rotating && state.epoch === epoch + 1;
            });
            epoch++;
            await visitor.beacon({});
            n++;
            await server.stop();
            await assertTurned(server, epoch, n);
        });
        t.diagnostic(`${epoch - 1} master keys`);
        server.cleanup();
    });
});

describe('a master key', { timeout: 300_000 }, () => {
    it('that is not the one, or not there, starts nothing and makes nothing', async () => {
        const server = await filled();
        const path = join(server.data, 'master.key');
        const good = readFileSync(path);
        const commands = [['stat'], ['verify'], ['dump', ['journal']], ['key', ['status']], ['key', ['rotate']], ['serve']];
        const refused = async (pattern) => {
            const before = server.bytes();
            for (const [command, args] of commands) {
                const { code, stdout, stderr } = await server.run(command, args);
                assert.deepEqual([code, stdout], [3, ''], command);
                assert.match(stderr, pattern);
                assert.ok(!stderr.includes(good.toString('hex')));
            }
            assert.ok(before.equals(server.bytes()), 'nothing has changed');
        };
        writeFileSync(path, Buffer.alloc(32, 7));
        await refused(/not the one/);
        writeFileSync(path, good.subarray(1));
        await refused(/is none/);
        writeFileSync(path, good);
        await server.launch();
        await server.end();
    });

    it('may come from the environment, and then be replaced by a start', async () => {
        const server = folder();
        const [first, second] = ['a1', 'b2'].map((byte) => byte.repeat(32));
        const run = (env, ...args) =>
            new Promise((resolve) => {
                const child = spawn(CRUMB, [...args, '-c', server.file], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
                let output = '';
                for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (output += text));
                child.once('close', (code) => resolve({ code, output }));
            });
        assert.deepEqual(await replay(server, events(), { CRUMB_MASTER_KEY: first }).ended, FINISHED);
        assert.ok(!existsSync(join(server.data, 'master.key')));
        assert.equal((await run({}, 'stat')).code, 3);
        assert.equal((await run({ CRUMB_MASTER_KEY: second }, 'stat')).code, 3);
        assert.equal((await run({ CRUMB_MASTER_KEY: first }, 'key', 'rotate')).code, 1, 'it says how');
        const both = { CRUMB_MASTER_KEY: second, CRUMB_MASTER_KEY_PREVIOUS: first };
        assert.equal((await run(both, 'verify')).code, 0);
        assert.equal((await run(both, 'key', 'rotate')).code, 0);
        assert.equal((await run({ CRUMB_MASTER_KEY: first }, 'stat')).code, 3);
        const { code, output } = await run({ CRUMB_MASTER_KEY: second }, 'verify');
        assert.equal(code, 0, output);
        server.cleanup();
    });
});
