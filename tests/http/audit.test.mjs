// The audit trail: who read personal data and what administrators did, recorded before it is answered, for ever.
import assert from 'node:assert/strict';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { request } from './client.mjs';
import { eventually, makeToken, site, sleep, start, withServer } from './server.mjs';

const sites = () => ({ shop: site(), other: site({ origins: ['https://other.example'] }) });
const ME = `uid ${process.getuid()}`;

describe('GET /admin/audit', { timeout: 120_000 }, () => {
    let server;
    const tokens = {};
    before(async () => {
        tokens.root = await makeToken('root', 'admin');
        tokens.owner = await makeToken('owner', 'admin', 'shop');
        tokens.analyst = await makeToken('marketing', 'analyst', 'shop');
        tokens.officer = await makeToken('officer', 'privacy', 'shop');
        server = await start({ sites: sites(), tokens: Object.values(tokens).map(({ entry }) => entry) });
    });
    after(() => server.end());

    const get = (path, who) =>
        request(server.private, { path, headers: who ? { authorization: `Bearer ${tokens[who].token}` } : {} });
    const records = async (query = '', who = 'root') => {
        const answer = await get(`/admin/audit?${query}`, who);
        assert.equal(answer.status, 200, answer.text);
        return answer.json().records;
    };

    it('begins with the configuration that the service started with', async () => {
        const all = await records('limit=1000');
        const { actor, name, act, object } = all.at(-1);
        assert.deepEqual([actor, name, act, object], ['service', 'start', 'configured', 'configuration']);
        assert.deepEqual(all.map(({ sequence }) => sequence), all.map((_, i) => all.length - i), 'the newest first, no gap');
    });

    it('has an export over HTTP before its first byte, with who, what and when', async () => {
        const began = Date.now();
        const answer = await get('/api/v2/export?site_id=shop&from=2026-01-02&format=csv', 'owner');
        assert.equal(answer.status, 200);
        const [last] = await records('limit=1');
        assert.deepEqual(
            [last.actor, last.name, last.act, last.site, last.object, last.details],
            ['token', 'owner', 'exported', 'shop', 'hits', 'from 2026-01-02 to the last day, csv']);
        assert.ok(Math.abs(Date.parse(last.time) - began) < 30_000, last.time);
    });

    it('has what a token was refused, and who tried', async () => {
        for (const [who, path] of [['analyst', '/api/v2/export?site_id=shop'], ['officer', '/api/v2/schema?site_id=shop'], ['analyst', '/admin/audit']]) {
            (await get(path, who)).error(403);
            const [last] = await records('limit=1');
            assert.deepEqual([last.name, last.act, last.object], [tokens[who].entry.name, 'refused', `GET ${path.split('?')[0]}`]);
            assert.equal(last.site, path.includes('shop') ? 'shop' : null);
        }
    });

    it('is not filled by refusals: what comes too fast is refused and counted', async () => {
        const { length: n } = await records('act=refused&limit=1000');
        await Promise.all(Array.from({ length: 60 }, async () => (await get('/admin/audit', 'analyst')).error(403)));
        const { length: m } = await records('act=refused&limit=1000');
        assert.ok(m - n <= 40, `${m - n} of 60`);
        assert.ok((await server.metric('refusals_unrecorded_total')) >= 20);
    });

    it('has a reload', async () => {
        await server.reload({ sites: sites(), tokens: Object.values(tokens).map(({ entry }) => entry) });
        const [last] = await records('limit=1&act=configured');
        assert.deepEqual([last.name, last.details], ['SIGHUP', 'sites 2, tokens 4']);
    });

    it('has what commands showed, once each, before long', async () => {
        for (const [args, object, details] of [
            [['dump', 'journal'], 'journal', null], [['dump', 'visitors', '--site', 'shop'], 'visitors', null],
            [['dump', 'segment', '--day', '2026-01-02'], 'segment', '2026-01-02'], [['dump', 'ledger'], 'ledger', null],
        ]) {
            const before = (await records('act=dumped&limit=1000')).length;
            const { code, stderr } = await server.run(args[0], args.slice(1));
            assert.equal(code, 0, stderr);
            const after = await eventually('the record', async () => {
                const found = await records('act=dumped&limit=1000');
                return found.length > before && found;
            });
            assert.equal(after.length, before + 1);
            assert.deepEqual([after[0].actor, after[0].name, after[0].object, after[0].details], ['command', ME, object, details]);
            assert.equal(after[0].site, args.includes('--site') ? 'shop' : null);
        }
        await eventually('an empty folder', () => readdirSync(join(server.data, 'acts')).length === 0);
        const { length: n } = await records('limit=1000');
        for (const tier of ['books', 'consents', 'days', 'notices', 'rollup', 'audit']) await server.dump(tier);
        await sleep(1500);
        assert.equal((await records('limit=1000')).length, n, 'what is not personal is nobody\'s business');
    });

    it('comes in pages, each going on where the last one ended', async () => {
        const all = await records('limit=1000');
        const found = [];
        for (let before = ''; before !== null; ) {
            const answer = (await get(`/admin/audit?limit=3${before && `&before=${before}`}`, 'root')).json();
            assert.ok(answer.records.length <= 3);
            found.push(...answer.records);
            before = answer.next;
        }
        assert.deepEqual(found, all);
        const text = (await get('/admin/audit?limit=1000&format=ndjson', 'root')).text;
        assert.deepEqual(text.trim().split('\n').map(JSON.parse), all);
    });

    it('shows an admin of some sites these, and nothing of the whole', async () => {
        await get('/api/v2/export?site_id=other', 'root');
        const own = await records('limit=1000', 'owner');
        assert.ok(own.length > 0);
        assert.deepEqual([...new Set(own.map((record) => record.site))], ['shop']);
        assert.deepEqual([...new Set((await records('site_id=other')).map((record) => record.site))], ['other']);
    });

    for (const [name, query, who, status] of [
        ['nobody', '', null, 401], ['an analyst', '', 'analyst', 403], ['the privacy officer', '', 'officer', 403],
        ["another site's admin", 'site_id=other', 'owner', 403], ['a limit of none', 'limit=0', 'root', 400],
        ['a limit of too many', 'limit=1001', 'root', 400], ['a number that is none', 'before=x', 'root', 400],
        ['an act that is none', 'act=danced', 'root', 400], ['a form that is none', 'format=xml', 'root', 400],
    ])
        it(`is refused to ${name}: ${status}`, async () => {
            (await get(`/admin/audit?${query}`, who)).error(status);
        });

    it('is checked over HTTP: whole, from any record on, by admins of any site', async () => {
        for (const who of ['root', 'owner']) {
            const { length: n } = await records('limit=1000');
            const check = async (rest = '') => (await get(`/admin/audit/check${rest}`, who)).json();
            assert.deepEqual(await check(), { good: true, checked: n, records: n, wrong: null, next: null });
            assert.deepEqual(await check(`?after=${n}`), { good: true, checked: n, records: n, wrong: null, next: null });
            (await get(`/admin/audit/check?after=${n + 1}`, who)).error(404);
            (await get('/admin/audit/check?after=x', who)).error(400);
        }
        (await get('/admin/audit/check')).error(401);
        for (const who of ['analyst', 'officer']) (await get('/admin/audit/check', who)).error(403);
    });

    it('is what `crumb dump audit` prints, and `crumb verify` walks it', async () => {
        const all = await records('limit=1000');
        assert.deepEqual((await server.dump('audit')).filter(({ sequence }) => sequence).slice(0, all.length), all.reverse());
        const { stdout } = await server.run('verify');
        assert.match(stdout, /^good {3}audit$/m);
    });
});

describe('acts of commands', { timeout: 120_000 }, () => {
    const dumped = async (server) => (await server.dump('audit')).filter(({ act }) => act === 'dumped');

    it('wait on disk for the service, and survive kills of it at any moment', async () => {
        const server = await start();
        try {
            await server.crash();
            for (let i = 0; i < 20; i++) await server.dump('journal');
            assert.deepEqual((await dumped(server)).map(({ sequence }) => sequence), Array(20).fill(null));
            for (const wait of [0, 5, 20, 60, 150]) {
                await server.launch();
                await sleep(wait);
                await server.crash();
                await server.dump('journal');
            }
            await server.launch();
            const records = await eventually('all of them', async () => {
                const found = await dumped(server);
                return found.every(({ sequence }) => sequence) && found;
            });
            assert.equal(records.length, 25, 'each once');
        } finally {
            await server.end();
        }
    });

    it('that cannot be kept are not done', async () => {
        await withServer({}, async (server) => {
            const acts = join(server.data, 'acts');
            rmSync(acts, { recursive: true, force: true });
            writeFileSync(acts, 'in the way');
            for (const args of [['dump', 'journal'], ['dump', 'ledger'], ['export', '--site', 'shop']]) {
                const { code, stdout, stderr } = await server.run(args[0], args.slice(1));
                assert.deepEqual([code, stdout], [3, ''], args.join(' '));
                assert.match(stderr, /nothing is shown or done that cannot be put on record/);
            }
            assert.equal((await server.run('dump', ['books'])).code, 0);
            server.expect(/cannot record what commands did/);
            rmSync(acts);
            mkdirSync(acts, { mode: 0o700 });
            for (let i = 0; i < 4096; i++) writeFileSync(join(acts, `${i}`), '');
            const { code, stdout, stderr } = await server.run('dump', ['journal']);
            assert.deepEqual([code, stdout], [3, '']);
            assert.match(stderr, /has 4096 files or more/);
            rmSync(acts, { recursive: true });
        });
    });

    it('that cannot be read are told of, and kept', async () => {
        await withServer({}, async (server) => {
            const name = `1772443800000-${'ab'.repeat(16)}.act`;
            await server.dump('journal');
            writeFileSync(join(server.data, 'acts', name), 'rubbish');
            const [record] = await eventually('the record', async () => {
                const found = (await server.dump('audit')).filter(({ act }) => act === 'unreadable');
                return found.length && found;
            });
            assert.deepEqual([record.actor, record.object], ['service', name]);
            await eventually('its file', () => readdirSync(join(server.data, 'acts')).join() === `${name}.bad`);
        });
    });
});
