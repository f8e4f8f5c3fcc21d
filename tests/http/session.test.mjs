// Signing in to the dashboard: the cookie, what it may do, how it ends, and who is told to wait.
import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, it } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { request } from './client.mjs';
import { site, withServer } from './server.mjs';

const LIMITS = readFileSync(new URL('../../include/crumb/base/limits.h', import.meta.url), 'utf8');
const limit = (name) => Number(new RegExp(`#define ${name} (\\d+)`).exec(LIMITS)[1]);
const OWN = { 'sec-fetch-site': 'same-origin' };

function token(name, role, sites) {
    const text = randomBytes(32).toString('base64url');
    return { text, line: { name, role, hash: createHash('sha256').update(text).digest('hex'), ...(sites && { sites }) } };
}
const ANA = token('ana', 'analyst', ['shop']), PIA = token('pia', 'privacy', ['shop']), ADA = token('ada', 'admin');

const config = (more = {}) => ({ tokens: [ANA.line, PIA.line, ADA.line], sites: { shop: site({ timezone: 'Europe/Berlin' }), blog: site() }, ...more });

const ask = (server, method, path, headers = {}, body) => request(server.private, { method, path, headers, body });
const signIn = (server, { text }, headers = {}) => ask(server, 'POST', '/session', { authorization: `Bearer ${text}`, ...headers });
const cookieOf = ({ setCookies: [line] }) => line.split(';')[0];
async function signedIn(server, who) {
    const answer = await signIn(server, who);
    assert.equal(answer.status, 200, answer.text);
    return { cookie: cookieOf(answer) };
}
const QUERY = JSON.stringify({ site_id: 'shop', metrics: ['visits'], date_range: 'day' });
const query = (server, headers, body = QUERY) => ask(server, 'POST', '/api/v2/query', headers, body);

describe('signing in', { timeout: 120_000 }, () => {
    it('gives a cookie that no script reads and no other site sends, and tells who it is', () =>
        withServer(config(), async (server) => {
            const before = Date.now();
            const answer = await signIn(server, ANA);
            assert.match(answer.setCookies[0], /^crumb_session=[0-9a-f]{64}; Path=\/; Max-Age=43200; SameSite=Strict; HttpOnly$/);
            assert.equal(answer.setCookies.length, 1);
            const { ends_ms: ends, ...told } = answer.json();
            assert.deepEqual(told, { name: 'ana', role: 'analyst', sites: [{ id: 'shop', name: 'shop', timezone: 'Europe/Berlin' }] });
            assert.ok(ends >= before + 12 * 3600_000 && ends <= Date.now() + 12 * 3600_000);
            const again = await ask(server, 'GET', '/session', { cookie: cookieOf(answer) });
            assert.deepEqual(again.json(), answer.json());
            assert.equal(again.headers['cache-control'], 'no-store');
            assert.deepEqual((await signIn(server, ADA)).json().sites.map(({ id }) => id), ['shop', 'blog']);
        }));

    it('marks the cookie as secure where a proxy says https', () =>
        withServer(config({ trusted_proxies: ['127.0.0.1/32'] }), async (server) => {
            assert.match((await signIn(server, ANA, { 'x-forwarded-proto': 'https' })).setCookies[0], /; Secure$/);
        }));

    it('refuses what is no token, and says what would be one', () =>
        withServer(config(), async (server) => {
            for (const headers of [{}, { authorization: 'Bearer nobody' }, { authorization: `Basic ${ANA.text}` }, { authorization: `Bearer ${ANA.text} ` + 'x' }]) {
                const answer = await ask(server, 'POST', '/session', headers);
                assert.match(answer.error(401), /crumb token/);
                assert.deepEqual(answer.setCookies, []);
            }
            (await ask(server, 'GET', '/session')).error(401);
            (await ask(server, 'GET', '/session', { cookie: 'crumb_session=' + 'a'.repeat(64) })).error(401);
        }));

    it('is throttled by address, good tokens too, and one address takes nothing from another', () =>
        withServer(config({ trusted_proxies: ['127.0.0.1/32'] }), async (server) => {
            const from = (address) => ({ 'x-forwarded-for': address });
            const tries = limit('SIGN_INS_PER_S') * limit('RATE_BURST_S');
            const statuses = [];
            for (let i = 0; i < tries + 6; i++)
                statuses.push((await ask(server, 'POST', '/session', { authorization: 'Bearer guess', ...from('198.51.100.7') })).status);
            assert.deepEqual([...new Set(statuses.slice(0, tries))], [401]);
            assert.ok(statuses.includes(429));
            const late = await signIn(server, ANA, from('198.51.100.7'));
            if (late.status !== 200) {
                assert.match(late.error(429), /wait/);
                assert.ok(late.headers['retry-after']);
            }
            assert.equal((await signIn(server, ANA, from('198.51.100.8'))).status, 200);
        }));
});

describe('a session', { timeout: 120_000 }, () => {
    it('asks as its token may: its site and no other, and not at all as the privacy officer', () =>
        withServer(config(), async (server) => {
            const ana = await signedIn(server, ANA), pia = await signedIn(server, PIA), ada = await signedIn(server, ADA);
            assert.equal((await query(server, { ...ana, ...OWN })).status, 200);
            (await query(server, { ...ana, ...OWN }, QUERY.replace('shop', 'blog'))).error(403);
            (await query(server, { ...pia, ...OWN })).error(403);
            assert.equal((await query(server, { ...ada, ...OWN }, QUERY.replace('shop', 'blog'))).status, 200);
            assert.equal((await ask(server, 'GET', '/api/v2/schema?site_id=shop', ana)).status, 200);
        }));

    it('acts for pages of its own origin alone', () =>
        withServer(config(), async (server) => {
            const ana = await signedIn(server, ANA), host = `127.0.0.1:${server.private}`;
            const rows = [
                [{}, 403],
                [{ 'sec-fetch-site': 'cross-site' }, 403],
                [{ 'sec-fetch-site': 'same-site' }, 403],
                [{ 'sec-fetch-site': 'none' }, 403],
                [{ 'sec-fetch-site': 'cross-site', origin: `http://${host}` }, 403],
                [{ origin: 'https://evil.example' }, 403],
                [{ origin: 'null' }, 403],
                [{ origin: host }, 403],
                [{ origin: 'http://127.0.0.1:1' }, 403],
                [{ origin: `http://${host}` }, 200],
                [OWN, 200],
            ];
            for (const [headers, status] of rows) {
                assert.equal((await query(server, { ...ana, ...headers })).status, status, JSON.stringify(headers));
                const out = await ask(server, 'DELETE', '/session', { cookie: 'crumb_session=none', ...headers });
                assert.equal(out.status, status === 200 ? 204 : 403, JSON.stringify(headers));
            }
            // A program's token needs no browser's word; a wrong one is not saved by a session.
            assert.equal((await query(server, { authorization: `Bearer ${ANA.text}` })).status, 200);
            (await query(server, { ...ana, ...OWN, authorization: 'Bearer nobody' })).error(401);
        }));

    it('is found among other cookies', () =>
        withServer(config(), async (server) => {
            const { cookie } = await signedIn(server, ANA);
            for (const cookies of [`a=b; ${cookie}; c=d`, `crumb_session=of-another-program; ${cookie}`, `xcrumb_session=1;${cookie}`])
                assert.equal((await ask(server, 'GET', '/session', { cookie: cookies })).status, 200, cookies);
            for (const cookies of [`x${cookie}`, `a=${cookie}`, cookie.slice(0, -1), `${cookie}0`, cookie.toUpperCase()])
                (await ask(server, 'GET', '/session', { cookie: cookies })).error(401);
        }));

    it('ends when it is signed out of, and is no other', () =>
        withServer(config(), async (server) => {
            const one = await signedIn(server, ANA), other = await signedIn(server, ANA);
            const out = await ask(server, 'DELETE', '/session', { ...one, ...OWN });
            assert.equal(out.status, 204);
            assert.match(out.setCookies[0], /^crumb_session=; Path=\/; Max-Age=0; SameSite=Strict; HttpOnly$/);
            (await query(server, { ...one, ...OWN })).error(401);
            (await ask(server, 'GET', '/session', one)).error(401);
            assert.equal((await query(server, { ...other, ...OWN })).status, 200);
        }));

    it('ends with its token, on every loop, and does not come back with it', () =>
        withServer(config({ threads: 4 }), async (server) => {
            const ana = await signedIn(server, ANA), ada = await signedIn(server, ADA);
            await server.reload(config({ threads: 4, tokens: [ADA.line] }));
            for (let i = 0; i < 12; i++) (await query(server, { ...ana, ...OWN })).error(401);
            assert.equal((await query(server, { ...ada, ...OWN })).status, 200);
            await server.reload(config({ threads: 4 }));
            for (let i = 0; i < 12; i++) (await query(server, { ...ana, ...OWN })).error(401);
        }));

    it('loses a site with its token', () =>
        withServer(config(), async (server) => {
            const ana = await signedIn(server, ANA);
            await server.reload(config({ tokens: [{ ...ANA.line, sites: ['blog'] }] }));
            (await query(server, { ...ana, ...OWN })).error(403);
        }));

    it('is one of so many: a further one ends the oldest of its token', () =>
        withServer(config({ trusted_proxies: ['127.0.0.1/32'] }), async (server) => {
            const first = await signedIn(server, ANA), ada = await signedIn(server, ADA);
            for (let i = 0; i < limit('SESSIONS_TOKEN_MAX'); i++) await signIn(server, ANA, { 'x-forwarded-for': `198.51.100.${i}` });
            (await ask(server, 'GET', '/session', first)).error(401);
            assert.equal((await ask(server, 'GET', '/session', ada)).status, 200);
        }));

    it('does not outlive the process', () =>
        withServer(config(), async (server) => {
            const ana = await signedIn(server, ANA);
            await server.restart();
            (await ask(server, 'GET', '/session', ana)).error(401);
        }));

    it('is none on the public port', () =>
        withServer(config(), async (server) => {
            for (const path of ['/session', '/', '/dashboard.js']) assert.equal((await server.get(path)).status, 404, path);
        }));
});

describe('the page', { timeout: 60_000 }, () => {
    it('is served whole or compressed, with a strict policy, and is not sent again', () =>
        withServer(config(), async (server) => {
            const types = { '/': /^text\/html/, '/dashboard.js': /^text\/javascript/, '/dashboard.css': /^text\/css/ };
            for (const [path, type] of Object.entries(types)) {
                const plain = await ask(server, 'GET', path);
                assert.equal(plain.status, 200);
                assert.match(plain.headers['content-type'], type);
                const policy = plain.headers['content-security-policy'];
                for (const part of ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"])
                    assert.ok(policy.split('; ').includes(part), `${path}: ${part}`);
                assert.doesNotMatch(policy, /unsafe|\*|http/);
                for (const [coding, unpack] of [['br', brotliDecompressSync], ['gzip', gunzipSync]]) {
                    const packed = await ask(server, 'GET', path, { 'accept-encoding': coding });
                    assert.equal(packed.headers['content-encoding'], coding);
                    assert.ok(unpack(packed.body).equals(plain.body), `${path} in ${coding}`);
                    assert.notEqual(packed.headers.etag, plain.headers.etag);
                    const again = await ask(server, 'GET', path, { 'accept-encoding': coding, 'if-none-match': packed.headers.etag });
                    assert.deepEqual([again.status, again.body.length], [304, 0]);
                }
            }
        }));

    it('has 60,000 bytes at most, all together', () =>
        withServer(config(), async (server) => {
            let bytes = 0;
            for (const path of ['/', '/dashboard.js', '/dashboard.css'])
                bytes += (await ask(server, 'GET', path, { 'accept-encoding': 'br' })).body.length;
            assert.ok(bytes <= 60_000, `${bytes} bytes`);
        }));

    it('is at its own address alone', () =>
        withServer(config(), async (server) => {
            for (const path of ['/index.html', '//', '/x', '/dashboard']) (await ask(server, 'GET', path)).error(404);
            assert.equal((await ask(server, 'GET', '/?utm=1')).status, 200);
        }));
});
