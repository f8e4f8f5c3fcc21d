// kill -9 while visitors are erased from a store with weeks of sealed days (promise P5): afterwards its answers are those
// of a store that never saw them, nothing that can be opened tells of them, nor in a backup from before.
//
//     ERASURE_KILLS=50 CRUMB=build/crumb REPLAY=build/bench/replay node tests/crash/erasure.test.mjs
import assert from 'node:assert/strict';
import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { request } from '../http/client.mjs';
import { eventually, makeToken, site } from '../http/server.mjs';
import { begin, eachSeed, folder, moment } from './harness.mjs';
import { Random } from './load.mjs';
import { DAYS, FINISHED, lines, replay } from './replay.mjs';

const ROUNDS = 6; // a visitor each
const KILLS = 3; // of a round, before it is let alone
const KILL_MS_MAX = 400;
const JOBS_MS_MAX = 60_000;
const LONG = { journal: '10y', segments: '10y', choice: '10y', visitor: '10y' };

// What visitor @i does on every other day, on pages of their own, beside somebody else.
function theirs(i) {
    const others = lines().split('\n').map((line) => JSON.parse(line)).filter(({ visitor }) => visitor.endsWith(' 7'));
    const days = [...new Set(others.map(({ visitor }) => visitor))].filter((_, day) => day % 2 === i % 2);
    return others.filter(({ visitor }) => days.includes(visitor)).map((line, n) => JSON.stringify({
        ...line, t: line.t + 1000 * (i + 1), visitor: `secret ${i}`, event: `e=pv&url=https%3A%2F%2Fshop.example%2Fsecret-${i}-${n}`,
    }));
}

const byTime = (all) => all.sort((a, b) => JSON.parse(a).t - JSON.parse(b).t).join('\n');

async function filled(more, tokens = []) {
    const server = folder({ sites: { shop: site({ retention: LONG }) }, tokens });
    assert.deepEqual(await replay(server, byTime([...lines().split('\n'), ...more])).ended, FINISHED);
    return server;
}

// Everything that is told, once every day is sealed.
async function told(server) {
    await eventually('seals', async () => (await server.dump('days')).every(({ sealed, last, changes, built }) => sealed === last && changes === built), JOBS_MS_MAX);
    await eventually('months', async () => (await server.dump('rollup')).some(({ month }) => month), JOBS_MS_MAX);
    const { code, stdout, stderr } = await server.run('verify', ['--rebuild']);
    assert.equal(code, 0, stdout + stderr);
    return server.dump('rollup');
}

async function assertNothingTells(server) {
    for (const tier of ['journal', 'segment', 'rollup'])
        assert.ok(!JSON.stringify(await server.dump(tier)).includes('secret'), tier);
}

describe('kill -9 while visitors are erased from sealed days', { timeout: 900_000 }, () => {
    it('leaves what a store tells that never saw them, in a backup, too', async (t) => {
        const never = await filled([]);
        assert.ok(await begin(never));
        const wanted = await told(never);
        await never.end();

        const officer = await makeToken('officer', 'privacy', 'shop');
        const server = await filled(Array.from({ length: ROUNDS }, (_, i) => theirs(i)).flat(), [officer.entry]);
        assert.ok(await begin(server));
        const before = await told(server);
        assert.ok(JSON.stringify(before).includes('/secret-0-0'));
        const backup = join(server.folder, 'backup');
        assert.equal((await server.run('backup', [backup])).code, 0);
        const ids = new Map((await server.dump('journal')).map(({ log, visitor }) => [/^\/secret-(\d+)/.exec(log?.path)?.[1], visitor]));
        let kills = 0;

        await eachSeed('ERASURE_KILLS', ROUNDS, server, async (seed) => {
            const random = new Random(seed);
            const i = (seed - 1) % ROUNDS;
            const visitor = ids.get(String(i));
            request(server.private, {
                method: 'POST', path: '/admin/minors?site_id=shop', body: JSON.stringify({ visitor }),
                headers: { authorization: `Bearer ${officer.token}` },
            }).catch(() => {});
            await eventually('the request', async () => !(await server.dump('visitors')).some((row) => row.visitor === visitor));
            for (let n = 0; n < KILLS; n++, kills++) {
                await moment(random.next() * KILL_MS_MAX);
                await server.crash();
                assert.ok(await begin(server));
            }
            await eventually('the job', async () => (await server.dump('jobs')).length === 0, JOBS_MS_MAX);
            assert.ok(!JSON.stringify(await server.dump('journal')).includes(`/secret-${i}-`));
            const deed = (await server.dump('deeds')).at(-1);
            assert.equal(deed.right, 'minor');
        });
        await assertNothingTells(server);
        assert.deepEqual(await told(server), wanted);
        assert.equal((await server.dump('deeds')).reduce((n, { days }) => n + days, 0), ROUNDS * DAYS / 2);
        await server.stop();

        copyFileSync(join(backup, 'crumb.mdb'), join(server.data, 'crumb.mdb'));
        rmSync(join(server.data, 'crumb.mdb-lock'), { force: true });
        await assertNothingTells(server); // as it is, before anything was done
        server.expect(/^crumb: \d+ days are sealed again: the keys of what was sealed are gone$/);
        assert.ok(await begin(server));
        assert.deepEqual(await told(server), wanted);
        await assertNothingTells(server);
        t.diagnostic(`${kills} kills, ${ids.size - 1} visitors`);
        await server.end();
    });
});
