// kill -9 while what is over goes, while a store is compacted, while it is copied; and ingest, which goes on meanwhile.
//
//     RETENTION_ROUNDS=50 CRUMB=build/crumb REPLAY=build/bench/replay node tests/crash/retention.test.mjs
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import {
    chmodSync, copyFileSync, existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { describe, it } from 'node:test';
import { CRUMB, crumb, eventually, site } from '../http/server.mjs';
import { begin, eachSeed, folder, moment, surprises } from './harness.mjs';
import { Load, Random, Witness } from './load.mjs';
import { DAYS, FINISHED, lines, replay } from './replay.mjs';

const ROUNDS = 3;
const KILLS = 4; // of a round, before it is let alone
const EXPIRY_MS = 5000; // from the start of a server to its last expiry, about
const COMPACT_KILLS = 12;
const EXPIRED_MS_MAX = 60_000;
const ANSWER_MS_MAX = 2000; // while things expire

// The days that replay writes were over long ago.
const SHORT = { sites: { shop: site({ retention: { journal: '3d', segments: '35d' } }) } };
const LONG = { sites: { shop: site({ retention: { journal: '10y', segments: '10y' } }) } };

// What one visitor alone saw, on the first day.
const RARE = lines().split('\n')[0].replace(/"event":".*"/, '"event":"e=pv&url=https%3A%2F%2Fshop.example%2Frare"');

async function filled(config) {
    const server = folder(LONG);
    assert.deepEqual(await replay(server, `${RARE}\n${lines()}`).ended, FINISHED);
    server.configure(config);
    return server;
}

const store = (server) => join(server.data, 'crumb.mdb');

async function verified(server) {
    const { code, stdout, stderr } = await server.run('verify', ['--rebuild']);
    assert.equal(code, 0, stdout + stderr);
    await server.books();
    return stdout;
}

const hasExpired = async (server) => (await server.dump('days')).every(({ folded, events }) => folded && events === 0);

// How many days of a tier the deletion log says that went: each once, whatever was killed.
async function recorded(server, tier) {
    const records = (await server.dump('audit')).filter(({ act, object }) => act === 'expired' && object === tier);
    return records.reduce((n, { details }) => n + Number(/: (\d+) days/.exec(details)[1]), 0);
}

// Until nothing is left to go; what is left.
async function expired(server) {
    assert.ok(await begin(server));
    await eventually('expiry', () => hasExpired(server), EXPIRED_MS_MAX);
    await server.stop();
    const said = await verified(server);
    assert.match(said, new RegExp(`^left out +building the rollups of ${DAYS} days again: their segments have expired$`, 'm'));
    assert.equal(await recorded(server, 'segments'), DAYS);
    assert.deepEqual(await server.dump('segment'), []);
    assert.deepEqual(await server.dump('journal'), []);
    assert.deepEqual(await server.run('export', ['--site', 'shop']), { code: 0, stdout: '', stderr: '' });
    return server.dump('rollup');
}

describe('kill -9 while what is over goes', { timeout: 900_000 }, () => {
    it('leaves a good store, and the next start goes on to the same end', async () => {
        const calm = await filled(SHORT);
        const wanted = await expired(calm);
        calm.cleanup();
        const months = wanted.filter(({ month }) => month);
        assert.ok(months.some(({ value }) => value === '(other)'), 'something was folded');
        assert.ok(!months.some(({ value }) => value === '/rare'), 'and with it what one alone saw');
        for (let seed = 1; seed <= ROUNDS; seed++) {
            const server = await filled(SHORT);
            await eachSeed('RETENTION_ROUNDS', 1, server, async () => {
                const random = new Random(seed);
                for (let i = 0; i < KILLS; i++) {
                    const started = begin(server);
                    await moment(random.next() * EXPIRY_MS);
                    await server.crash();
                    await started.catch(() => {});
                    assert.deepEqual(surprises(server), []);
                    await verified(server);
                }
                assert.deepEqual(await expired(server), wanted);
            });
            server.cleanup();
        }
    });
});

describe('a copy from before', { timeout: 300_000 }, () => {
    it('beside the keys of now has nothing of what has gone, and is good', async () => {
        const server = await filled(LONG);
        const to = join(server.folder, 'copy');
        assert.equal((await server.run('backup', [to])).code, 0);
        server.configure(SHORT);
        await expired(server);
        copyFileSync(join(to, 'crumb.mdb'), store(server));
        rmSync(join(server.data, 'crumb.mdb-lock'), { force: true });
        for (const tier of ['journal', 'segment', 'rollup'])
            assert.ok(!JSON.stringify(await server.dump(tier)).includes('/rare'), `${tier}: its keys are gone`);
        server.expect(/^crumb: \d+ days are sealed again: the keys of what was sealed are gone$/);
        await expired(server);
        server.cleanup();
    });
});

describe('ingest while things expire', { timeout: 300_000 }, () => {
    it('goes on: everything is answered in time, and stored', async (t) => {
        const server = await filled(SHORT);
        const witness = new Witness();
        let done = false;
        let slowest = 0;
        assert.ok(await begin(server));
        const load = new Load(new Random(1), witness).run(server.public, () => done);
        const measure = (async () => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            while (!done) {
                const began = performance.now();
                assert.deepEqual((await visitor.beacon({})).result, { received: 1, stored: 1 });
                slowest = Math.max(slowest, performance.now() - began);
            }
        })();
        const old = async () => (await server.dump('days')).filter(({ day }) => day < '2026-02');
        await eventually('expiry', async () => (await old()).every(({ folded, events }) => folded && !events), EXPIRED_MS_MAX);
        done = true;
        await Promise.all([load, measure]);
        assert.ok((await server.metric('events_expired_total')) > 0);
        assert.equal(await server.metric('months_folded_total'), 1);
        assert.equal(witness.answered.refused, 0);
        t.diagnostic(`${witness.answered.stored} events stored meanwhile; the slowest beacon took ${slowest.toFixed(1)} ms`);
        assert.ok(slowest < ANSWER_MS_MAX, `a beacon took ${slowest} ms`);
        await server.end();
    });
});

// ---- compacting ----

function compact(server) {
    const child = spawn(CRUMB, ['compact', '-c', server.file], { stdio: 'ignore' });
    child.ended = new Promise((resolve) => child.once('close', (code, signal) => resolve({ code, signal })));
    return child;
}

describe('crumb compact', { timeout: 300_000 }, () => {
    it('gives back the room of what expired, and changes nothing that is told', async () => {
        const server = await filled(SHORT);
        const rollups = await expired(server);
        const { size } = statSync(store(server));
        const { code, stdout, stderr } = await server.run('compact');
        assert.equal(code, 0, stderr);
        assert.match(stdout, /^\d+ bytes, \d+ before\n$/);
        assert.ok(statSync(store(server)).size < 0.75 * size, stdout);
        assert.equal(statSync(store(server)).mode & 0o777, 0o600);
        await verified(server);
        assert.deepEqual(await server.dump('rollup'), rollups);
        server.cleanup();
    });

    it('is refused beside a server, and beside nothing', async () => {
        const server = folder(SHORT);
        assert.equal((await server.run('compact')).code, 3);
        assert.ok(!existsSync(store(server)), 'no store was made');
        assert.ok(await begin(server));
        const { code, stderr } = await server.run('compact');
        assert.equal(code, 1);
        assert.match(stderr, /a server uses the store in .*: stop it first/);
        await server.end();
    });

    it('may be killed at any moment', async () => {
        const server = await filled(LONG);
        const wanted = await server.dump('rollup');
        const began = performance.now();
        assert.deepEqual(await compact(server).ended, { code: 0, signal: null });
        const ms = performance.now() - began;
        await eachSeed('RETENTION_COMPACTS', 1, server, async (seed) => {
            const random = new Random(seed);
            for (let i = 0; i < COMPACT_KILLS; i++) {
                const child = compact(server);
                await moment(random.next() * ms);
                child.kill('SIGKILL');
                await child.ended;
                await verified(server);
                assert.deepEqual(await server.dump('rollup'), wanted);
            }
            writeFileSync(join(server.data, 'crumb.mdb.compact'), 'half');
            assert.ok(await begin(server));
            assert.ok(!existsSync(join(server.data, 'crumb.mdb.compact')), 'what was left is gone');
            await server.visitor().chose('grant');
            await server.stop();
            assert.deepEqual(await compact(server).ended, { code: 0, signal: null });
            assert.ok(await begin(server));
        });
        await server.end();
    });
});

// ---- copying ----

// A folder's store, asked by the configuration of @server.
function elsewhere(server, data) {
    const file = join(server.folder, 'elsewhere.yaml');
    writeFileSync(file, JSON.stringify({ ...server.config, data }));
    return (command, args = []) => crumb([command, '-c', file, ...args]);
}

describe('crumb backup', { timeout: 300_000 }, () => {
    it('is one moment of a store that is written meanwhile', async () => {
        const server = await filled(LONG);
        const to = join(server.folder, 'copy');
        let done = false;
        assert.ok(await begin(server));
        const load = new Load(new Random(2), new Witness()).run(server.public, () => done);
        for (let i = 0; i < 5; i++) {
            const { code, stdout, stderr } = await server.run('backup', ['--with-keys', `${to}${i}`]);
            assert.equal(code, 0, stderr);
            assert.match(stdout, /whoever has it can read everything/);
            const run = elsewhere(server, `${to}${i}`);
            const verify = await run('verify');
            assert.equal(verify.code, 0, verify.stdout + verify.stderr);
            assert.equal(statSync(`${to}${i}`).mode & 0o777, 0o700);
            for (const name of ['cookie.key', 'crumb.mdb', 'keys', 'ledger.key', 'master.key'])
                assert.equal(statSync(join(`${to}${i}`, name)).mode & 0o777, 0o600, name);
        }
        done = true;
        await load;
        await server.end();
    });

    it('has no keys unless they are asked for', async () => {
        const server = await filled(LONG);
        const to = join(server.folder, 'copy');
        const { code, stdout } = await server.run('backup', [to]);
        assert.equal(code, 0);
        assert.match(stdout, /nobody can read without its keys/);
        assert.deepEqual(readdirSync(to), ['crumb.mdb']);
        assert.equal((await elsewhere(server, to)('stat')).code, 3);
        server.cleanup();
    });

    it('overwrites nothing, and goes nowhere that others can look', async () => {
        const server = await filled(LONG);
        const to = join(server.folder, 'copy');
        mkdirSync(to);
        chmodSync(to, 0o755);
        const open = await server.run('backup', [to]);
        assert.equal(open.code, 1);
        assert.match(open.stderr, /others may use .*chmod 700 it/);
        chmodSync(to, 0o700);
        writeFileSync(join(to, 'crumb.mdb'), 'mine');
        const full = await server.run('backup', [to]);
        assert.equal(full.code, 1);
        assert.match(full.stderr, /is no empty folder/);
        assert.equal(readFileSync(join(to, 'crumb.mdb'), 'utf8'), 'mine');
        assert.equal((await server.run('backup')).code, 2);
        server.cleanup();
    });
});

// ---- telling ----

describe('crumb retention', { timeout: 120_000 }, () => {
    it('tells what would go, and changes nothing', async () => {
        const server = await filled(SHORT);
        const before = readFileSync(store(server));
        const { code, stdout } = await server.run('retention', ['--dry-run']);
        assert.equal(code, 0);
        const rows = stdout.trim().split('\n').slice(1).map((line) => line.trim().split(/ +/));
        const events = (await server.dump('journal')).length;
        assert.deepEqual(rows.map((row) => row.slice(0, 6)), [
            ['shop', 'journal', '2026-01-05', '2026-01-24', String(DAYS), String(events)],
            ['shop', 'segments', '2026-01-05', '2026-01-23', String(DAYS - 1), String(DAYS - 1)],
        ]);
        assert.ok(readFileSync(store(server)).equals(before));
        const next = await server.run('retention');
        assert.match(next.stdout, /^shop +journal +kept from 2026-01-05 on; that goes 2026-01-08$/m);
        assert.match(next.stdout, /^shop +segments +kept from 2026-01-05 on; that goes 2026-02-05$/m);
        await expired(server);
        assert.equal((await server.run('retention', ['--dry-run'])).stdout, 'Nothing is due.\n');
        server.cleanup();
    });
});
