// The books over HTTP, by day, and notices by the name that statistics have for them.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { event, request } from './client.mjs';
import { site, withServer } from './server.mjs';

const TOKEN = randomBytes(32).toString('base64url');
const config = () => ({
    tokens: [{ name: 'ana', role: 'analyst', sites: ['shop'], hash: createHash('sha256').update(TOKEN).digest('hex') }],
    sites: { shop: site(), blog: site({ origins: ['https://blog.example'] }) },
});
const ask = (server, query, headers = { authorization: `Bearer ${TOKEN}` }) =>
    request(server.private, { path: `/api/v2/coverage?${new URLSearchParams(query)}`, headers });

describe('GET /api/v2/coverage', { timeout: 60_000 }, () => {
    it('tells what was received, stored and dropped by reason, and balances', () =>
        withServer(config(), async (server) => {
            const ann = server.visitor(), ben = server.visitor();
            await ann.chose('grant');
            for (let i = 0; i < 3; i++) await ann.ask('POST', '/p', { body: event() });
            for (let i = 0; i < 2; i++) await ben.ask('POST', '/p', { body: event() });
            await ben.ask('POST', '/p', { body: event({ aid: 'blog', url: 'https://blog.example/' }) });
            const today = new Date().toISOString().slice(0, 10);
            const { results, total, query } = (await ask(server, { site_id: 'shop', date_range: 'day' })).json();
            const books = { received: 5, stored: 3, dropped: { no_consent: 2 } };
            assert.deepEqual(total, books);
            assert.deepEqual(results, [{ ...books, dimensions: [today] }]);
            assert.deepEqual(query, { site_id: 'shop', date_range: [today, today] });
            for (const range of ['all', '7d', `2020-01-01,${today}`]) {
                const { total: sum } = (await ask(server, { site_id: 'shop', date_range: range })).json();
                assert.deepEqual(sum, range === '7d' ? { received: 0, stored: 0, dropped: {} } : books, range);
            }
        }));

    it('refuses what it cannot answer', () =>
        withServer(config(), async (server) => {
            const rows = [
                [{ site_id: 'shop', date_range: 'day' }, 401, {}],
                [{ site_id: 'blog', date_range: 'day' }, 403],
                [{ site_id: 'none', date_range: 'day' }, 403],
                [{ site_id: 'shop' }, 400],
                [{ site_id: 'shop', date_range: 'never' }, 400],
                [{ site_id: 'shop', date_range: '2026-02-02,2026-02-01' }, 400],
                [{ site_id: 'shop', date_range: '1950-01-01,2049-01-01' }, 400],
            ];
            for (const [query, status, headers] of rows) (await ask(server, query, headers)).error(status);
            assert.equal((await server.get('/api/v2/coverage?site_id=shop&date_range=day')).status, 404);
        }));
});

describe('a notice by the first 16 digits of its hash', { timeout: 60_000 }, () => {
    it('is the notice of that hash, on either port', () =>
        withServer(config(), async (server) => {
            const { hash } = await server.visitor().notice();
            const whole = await server.get(`/v1/notice/${hash}`);
            for (const port of [server.public, server.private])
                assert.equal((await request(port, { path: `/v1/notice/${hash.slice(0, 16)}` })).text, whole.text);
            (await server.get('/v1/notice/0000000000000000')).error(404);
            (await server.get('/v1/notice/ffffffffffffffff')).error(404);
            for (const name of [hash.slice(0, 15), hash.slice(0, 17), `${hash.slice(0, 15)}g`, hash.slice(0, 8)])
                (await server.get(`/v1/notice/${name}`)).error(400);
        }));
});
