// GET /api/v2/export: what the command exports, streamed, to whom may have it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { after, before, describe, it } from 'node:test';
import { eventually, makeToken, Server, site, sleep } from './server.mjs';

const { REPLAY } = process.env;
const N_VISITS = 20_000; // some megabytes: more than sockets hold
const BEGIN_MS = Date.parse('2026-02-02T09:00:00Z');
const PATIENCE_MS = 300;
const AT_ONCE = 5;

describe('GET /api/v2/export', { timeout: 120_000 }, () => {
    let server, wanted;
    const tokens = {};

    before(async () => {
        tokens.admin = await makeToken('root', 'admin');
        tokens.shop = await makeToken('owner', 'admin', 'shop');
        tokens.other = await makeToken('neighbour', 'admin', 'other');
        tokens.analyst = await makeToken('marketing', 'analyst', 'shop');
        tokens.privacy = await makeToken('officer', 'privacy', 'shop');
        const sites = { shop: site(), other: site({ origins: ['https://other.example'] }) };
        server = new Server({ sites, tokens: Object.values(tokens).map(({ entry }) => entry) });
        const line = (i) => ({
            t: BEGIN_MS + i * 1000 + (i % 2) * 86_400_000, site: 'shop', visitor: `v${i}`, purposes: ['analytics', 'journeys'],
            event: `e=pv&page=A%20title%20of%20some%20length&url=https://shop.example/page-${i % 100}`,
        });
        const lines = Array.from({ length: N_VISITS }, (_, i) => line(i)).sort((a, b) => a.t - b.t);
        execFileSync(REPLAY, ['-c', server.file], { input: lines.map((one) => JSON.stringify(one)).join('\n'), stdio: ['pipe', 'ignore', 'pipe'] });
        await server.launch();
        wanted = (await server.run('export', ['--site', 'shop'])).stdout;
        assert.equal(wanted.split('\n').length, N_VISITS + 1);
    });
    after(() => server.end());

    const headers = (who) => (who ? { authorization: `Bearer ${tokens[who].token}` } : {});
    const get = (query, who = 'shop') =>
        fetch(`http://127.0.0.1:${server.private}/api/v2/export?${query}`, { headers: headers(who) });

    it('gives what the command gives, in both forms', async () => {
        const rows = await get('site_id=shop');
        assert.deepEqual([rows.status, rows.headers.get('content-type')], [200, 'application/x-ndjson']);
        assert.equal(await rows.text(), wanted);
        const csv = await get('site_id=shop&format=csv', 'admin');
        assert.equal(csv.headers.get('content-type'), 'text/csv; charset=utf-8; header=present');
        assert.equal(await csv.text(), (await server.run('export', ['--site', 'shop', '--format', 'csv'])).stdout);
    });

    it('is refused to the command for days the wrong way round', async () => {
        const { code, stdout, stderr } = await server.run('export', ['--site', 'shop', '--from', '2026-02-03', '--to', '2026-02-02']);
        assert.deepEqual([code, stdout], [2, '']);
        assert.match(stderr, /--from lies behind --to/);
    });

    it('gives the days that were asked for, so that a copy can be gone on with', async () => {
        const [first, second] = await Promise.all(['to=2026-02-02', 'from=2026-02-03'].map(async (days) => (await get(`site_id=shop&${days}`)).text()));
        assert.equal(first + second, wanted);
        assert.equal(await (await get('site_id=shop&from=2026-03-01')).text(), '');
        assert.equal(await (await get('site_id=other', 'other')).text(), '');
    });

    for (const [name, query, who, status] of [
        ['nobody', 'site_id=shop', null, 401], ['an analyst', 'site_id=shop', 'analyst', 403],
        ['the privacy officer', 'site_id=shop', 'privacy', 403], ["another site's admin", 'site_id=shop', 'other', 403],
        ['an admin, of no site', 'site_id=nowhere', 'admin', 403], ['an admin, from no day', 'site_id=shop&from=yesterday', 'admin', 400],
        ['an admin, to no day', 'site_id=shop&to=2026-02-31', 'admin', 400],
        ['an admin, from a day behind the last', 'site_id=shop&from=2026-02-03&to=2026-02-02', 'admin', 400], ['an admin, as XML', 'site_id=shop&format=xml', 'admin', 400],
    ])
        it(`is refused to ${name}: ${status}`, async () => {
            const answer = await get(query, who);
            assert.equal(answer.status, status);
            assert.ok((await answer.json()).error.length > 10);
        });

    // Resolves when the response has begun, to a message that is not read from yet.
    const begin = () =>
        new Promise((resolve, reject) =>
            http.get({ port: server.private, path: '/api/v2/export?site_id=shop', headers: headers('shop'), agent: false }, resolve).on('error', reject));

    it('waits for a client that reads slowly', async () => {
        const message = await begin();
        await sleep(PATIENCE_MS);
        assert.equal((await get('site_id=shop&to=2026-02-01')).status, 200, 'others are served meanwhile');
        let text = '';
        for await (const part of message.setEncoding('utf8')) text += part;
        assert.equal(text, wanted);
    });

    it('ends when its client leaves, and makes room for others', async () => {
        for (let round = 0; round < 3; round++) {
            // Those of the round before may not have been missed yet; then all are refused for a moment.
            await eventually('an export', async () => {
                const messages = await Promise.all(Array.from({ length: AT_ONCE }, begin));
                for (const message of messages) message.destroy();
                return messages.some(({ statusCode }) => statusCode === 200);
            });
        }
        await eventually('room for an export', async () => {
            const answer = await get('site_id=shop');
            return (await answer.text()) === wanted;
        });
    });

    it('is refused where too many are under way', async () => {
        const messages = await Promise.all(Array.from({ length: 4 * AT_ONCE }, begin));
        const statuses = messages.map(({ statusCode }) => statusCode);
        assert.ok(statuses.includes(503) && statuses.includes(200), statuses.join(' '));
        for (const message of messages) message.destroy();
    });
});
