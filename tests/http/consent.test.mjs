// Choices: what POST /v1/consent records and sets, what it refuses, and what GET /v1/consent tells.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { uuid } from './client.mjs';
import { eventually, site, sleep, start, withServer } from './server.mjs';

const DAY_S = 24 * 3600;
const CHOICE = /^crumb_choice=1\.([0-9a-f]{16})\.(\d{10})\.[a-z]+\.([a-z_0-9=&]*); Path=\/; Max-Age=(\d+); SameSite=Lax$/;
const ID = /^crumb_id=1\.[A-Za-z0-9_-]{43}; Path=\/; Max-Age=(\d+); SameSite=Lax; HttpOnly$/;
const NO_ID = 'crumb_id=; Path=/; Max-Age=0; SameSite=Lax; HttpOnly';
const ALL = { analytics: true, journeys: true, marketing: true };
const NONE = { analytics: false, journeys: false, marketing: false };

const shop = (more) =>
    site({
        origins: ['https://shop.example', 'https://www.shop.example'],
        texts: { de: { title: 'Ihre Wahl' } },
        ...more,
    });

describe('a choice', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: shop(), other: site({ origins: ['https://other.example'] }) } });
    });
    after(() => server.end());

    const ledger = () => server.dump('ledger');
    const visitors = () => server.dump('visitors');

    it('that grants sets exactly two cookies, and only the one that scripts cannot read has an id', async () => {
        const visitor = server.visitor();
        const { setCookies } = await visitor.choose('grant');
        const [choice, id] = setCookies;
        const [, , at, purposes, age] = choice.match(CHOICE) ?? assert.fail(choice);
        assert.equal(setCookies.length, 2);
        assert.equal(purposes, 'analytics=1&journeys=1&marketing=1');
        assert.equal(Number(age), 180 * DAY_S);
        assert.ok(Math.abs(Number(at) - Date.now() / 1000) < 60);
        assert.equal(Number((id.match(ID) ?? assert.fail(id))[1]), 390 * DAY_S);
        assert.ok(!choice.includes(visitor.id) && !choice.includes(visitor.cookies.get('crumb_id').slice(2)));
    });

    it('is answered with a receipt that says the same as the ledger', async () => {
        const visitor = server.visitor();
        const { hash } = await visitor.notice('de');
        const receipt = await visitor.chose('grant', { lang: 'de-AT', notice: hash, surface: 'dialog' });
        const { sequence, previous, material, visitor: id, ...record } = (await ledger()).at(-1);
        assert.deepEqual(receipt, record);
        assert.equal(id, visitor.id);
        assert.ok(sequence > 0 && previous.length === 64 && material.length === 64);
        assert.ok(Math.abs(Date.parse(receipt.time) - Date.now()) < 60_000);
        assert.match(receipt.id, /^[0-9a-f]{32}$/);
        const { id: _, time, hash: __, ...said } = receipt;
        assert.deepEqual(said, {
            site: 'shop',
            action: 'grant',
            surface: 'dialog',
            regime: 'opt_in',
            country: null,
            device: 'unknown',
            lang: 'de',
            notice: hash,
            gpc: false,
            purposes: ALL,
        });
    });

    it('to refuse sets no crumb_id, and the ledger keeps no identifier of it', async () => {
        const before = await visitors();
        const visitor = server.visitor();
        const { setCookies } = await visitor.choose('deny');
        assert.equal(setCookies.length, 2);
        assert.match(setCookies[1], /^crumb_id=; Path=\/; Max-Age=0;/);
        assert.equal(visitor.id, undefined);
        assert.equal(setCookies[0].match(CHOICE)?.[3], 'analytics=0&journeys=0&marketing=0');
        const record = (await ledger()).at(-1);
        assert.equal(record.action, 'deny');
        assert.equal(record.visitor, null);
        assert.deepEqual(record.purposes, NONE);
        assert.deepEqual(await visitors(), before);
    });

    it('in part is recorded purpose by purpose, granted and refused', async () => {
        const visitor = server.visitor();
        const purposes = { analytics: true, journeys: false, marketing: true };
        const { setCookies } = await visitor.choose('custom', { purposes });
        assert.equal(setCookies[0].match(CHOICE)?.[3], 'analytics=1&journeys=0&marketing=1');
        const record = (await ledger()).at(-1);
        assert.deepEqual([record.action, record.purposes], ['custom', purposes]);
        assert.equal((await visitor.beacon()).result.stored, 1);
        assert.equal((await visitor.beacon({ e: 'se', se_ca: 'click' })).result.no_consent, 1);
    });

    it('of nothing that collects makes no visitor', async () => {
        const before = await visitors();
        const visitor = server.visitor();
        await visitor.chose('custom', { purposes: { ...NONE, marketing: true } });
        assert.equal(visitor.id, undefined);
        assert.equal((await ledger()).at(-1).visitor, null);
        assert.deepEqual(await visitors(), before);
    });

    it('that is put off grants nothing', async () => {
        const visitor = server.visitor();
        const receipt = await visitor.chose('dismiss');
        assert.deepEqual(receipt.purposes, NONE);
        assert.equal(visitor.id, undefined);
        assert.equal((await visitor.beacon()).result.no_consent, 1);
    });

    it('stands when the dialog is closed without another', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const cookies = [...visitor.cookies];
        const { status, setCookies } = await visitor.choose('dismiss', { surface: 'dialog' });
        assert.deepEqual([status, setCookies], [201, []]);
        assert.deepEqual([...visitor.cookies], cookies);
        assert.equal((await visitor.beacon()).result.stored, 1);
    });

    it('can be changed, and the visitor stays the same one', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const { id } = visitor;
        await visitor.chose('custom', { purposes: { ...NONE, analytics: true } });
        assert.equal(visitor.id, id);
        assert.equal((await visitor.beacon({ e: 'se', se_ca: 'click' })).result.no_consent, 1);
        assert.equal((await visitor.beacon()).result.stored, 1);
    });

    for (const action of ['withdraw', 'deny'])
        it(`that was granted ends by ${action}: crumb_id is deleted, and the old one is worth nothing`, async () => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const { id } = visitor;
            const old = new Map(visitor.cookies);
            const { setCookies } = await visitor.choose(action);
            assert.equal(setCookies.length, 2);
            assert.equal(setCookies[0].match(CHOICE)?.[3], 'analytics=0&journeys=0&marketing=0');
            assert.equal(setCookies[1], NO_ID);
            assert.equal((await ledger()).at(-1).visitor, id);
            assert.ok(!(await visitors()).some((row) => row.visitor === id));
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
            visitor.cookies = old;
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
        });

    it('is withdrawn whatever the page knew: purposes of an older notice, another language', async () => {
        for (const more of [{ purposes: { ads: false } }, { purposes: { journeys: false } }, { lang: 'de' }, { notice: '0' }]) {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const receipt = await visitor.chose('withdraw', more);
            assert.deepEqual([receipt.action, receipt.lang, receipt.purposes], ['withdraw', 'en', NONE]);
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
        }
    });

    it('says whether its withdrawal ended anything: not where the page forgot its cookies', async () => {
        const visitor = server.visitor(), forgetful = server.visitor();
        await visitor.chose('grant');
        assert.equal((await forgetful.choose('withdraw')).json().ended, false);
        assert.equal((await visitor.beacon()).result.stored, 1);
        assert.equal((await visitor.choose('withdraw')).json().ended, true);
        assert.equal((await visitor.choose('withdraw')).json().ended, false, 'it has ended before');
        assert.deepEqual(Object.keys((await visitor.choose('deny')).json()), ['receipt']);
    });

    it('to grant again after a withdrawal makes another visitor, even for the old cookie', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const first = visitor.id;
        const old = new Map(visitor.cookies);
        await visitor.chose('withdraw');
        visitor.cookies = old;
        await visitor.chose('grant');
        assert.notEqual(visitor.id, first);
        assert.equal((await visitor.beacon()).result.stored, 1);
    });

    it('to refuse deletes a crumb_id that is not valid here, too', async () => {
        for (const value of [`1.${'A'.repeat(43)}`, 'rubbish']) {
            const visitor = server.visitor();
            visitor.cookies.set('crumb_id', value);
            const { setCookies } = await visitor.choose('deny');
            assert.ok(setCookies.includes(NO_ID), `${value} stays in the browser`);
            assert.equal((await ledger()).at(-1).visitor, null);
        }
    });

    it('under Global Privacy Control is recorded with the signal', async () => {
        for (const [header, gpc] of [['1', true], ['0', false], ['true', false]]) {
            const visitor = server.visitor();
            const receipt = await visitor.chose('grant', { headers: { 'sec-gpc': header } });
            assert.equal(receipt.gpc, gpc);
            assert.equal((await ledger()).at(-1).gpc, gpc);
        }
    });

    it('of one site is none of another', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const elsewhere = server.visitor({ site: 'other' });
        elsewhere.cookies = new Map(visitor.cookies);
        assert.deepEqual((await elsewhere.beacon()).result, { received: 1, bad_id: 1 });
        assert.equal((await elsewhere.consent()).receipt, null);
        await elsewhere.chose('grant');
        assert.notEqual(elsewhere.id, visitor.id);
    });

    it('made by many at once gives each a visitor of its own, in one chain', async () => {
        const crowd = Array.from({ length: 50 }, () => server.visitor());
        await Promise.all(crowd.map((visitor) => visitor.chose('grant')));
        assert.equal(new Set(crowd.map((visitor) => visitor.id)).size, crowd.length);
        const records = await ledger();
        records.slice(1).forEach((record, i) => assert.equal(record.previous, records[i].hash));
    });
});

describe('a choice is refused and leaves no record', { timeout: 120_000 }, () => {
    let server, hash;
    before(async () => {
        server = await start({ sites: { shop: shop(), other: site({ origins: ['https://other.example'] }) } });
        hash = (await server.visitor().notice()).hash;
    });
    after(() => server.end());

    const post = (body, headers) =>
        server.post('/v1/consent', typeof body === 'string' ? body : JSON.stringify(body), headers);
    const good = (more) => ({ site: 'shop', notice: hash, surface: 'banner', action: 'deny', ...more });

    const wrong = [
        ['nothing', '', /JSON object/],
        ['no JSON', '{"site":', /JSON object/],
        ['bytes that are no text', '\xff\xfe\x00', /JSON object/],
        ['a list', '[]', /must be an object/],
        ['an empty object', '{}', /must be an object/],
        ['a member too many', () => good({ visitor: 'me' }), /nothing else/],
        ['a member of a wrong type', () => good({ action: 1 }), /must be an object/],
        ['a member twice', () => `{"site":"shop",${JSON.stringify(good()).slice(1)}`, /JSON object/],
        ['nesting without end', '['.repeat(15_000), /JSON object/],
        ['more than 16 KiB', () => good({ lang: 'x'.repeat(16 << 10) }), /too large/],
        ['an unknown surface', () => good({ surface: 'tv' }), /`surface` must be/],
        ['an unknown action', () => good({ action: 'accept' }), /`action` must be/],
        ['silence where the law asks for a word', () => good({ action: 'implied' }), /opt_in/],
        ['a renewal of nothing', () => good({ action: 'renew' }), /need `purposes`/],
        ['a signal that grants', () => good({ action: 'gpc', purposes: ALL }), /grant nothing/],
        ['a child that grants', () => good({ action: 'minor', purposes: ALL }), /grant nothing/],
        ['an unknown purpose', () => good({ action: 'custom', purposes: { ...NONE, ads: true } }), /no purpose of the name/],
        ['an answer that is neither yes nor no', () => good({ action: 'custom', purposes: { ...NONE, analytics: 1 } }),
            /true or false/],
        ['purposes that are no object', () => good({ action: 'custom', purposes: ['analytics'] }), /must be an object/],
        ['a purpose without an answer', () => good({ action: 'custom', purposes: { analytics: true } }), /every purpose/],
        ['a custom choice of nothing', () => good({ action: 'custom' }), /need `purposes`/],
        ['a grant that refuses', () => good({ action: 'grant', purposes: { ...ALL, journeys: false } }),
            /grants every purpose that is not `separate`/],
        ['a refusal that grants', () => good({ purposes: { ...NONE, analytics: true } }), /grant nothing/],
        ['a withdrawal that grants', () => good({ action: 'withdraw', purposes: ALL }), /grant nothing/],
        ['a closed dialog that grants', () => good({ action: 'dismiss', purposes: ALL }), /grant nothing/],
    ];
    for (const [name, body, complaint] of wrong)
        it(`with 400 for ${name}`, async () => {
            const answer = await post(typeof body === 'function' ? body() : body);
            assert.match(answer.error(400), complaint);
            assert.deepEqual(answer.setCookies, []);
        });

    it('with 404 for an unknown site', async () => {
        assert.match((await post(good({ site: 'nowhere' }))).error(404), /sites/);
    });

    it('with 409 for a notice that is not shown now, is of another site or of another language', async () => {
        const other = (await server.visitor({ site: 'other' }).notice()).hash;
        for (const more of [{ notice: '0'.repeat(64) }, { notice: 'x' }, { notice: other }, { lang: 'de' }])
            assert.match((await post(good(more))).error(409), /GET \/v1\/notice/);
    });

    it('with 403 for a foreign origin, before anything else is told', async () => {
        const foreign = ['https://evil.example', 'null', 'http://shop.example', 'https://shop.example:8443',
            'https://shop.example.evil.example', 'https://other.example', 'x'.repeat(400)];
        for (const origin of foreign)
            for (const body of [good(), good({ notice: '0'.repeat(64) })]) {
                const answer = await post(body, { origin });
                answer.error(403);
                assert.equal(answer.headers['access-control-allow-origin'], undefined);
            }
    });

    it('with 413 for a body that is past every bound', async () => {
        assert.equal((await post('x'.repeat(300 << 10))).status, 413);
    });

    it('in every case above', async () => {
        assert.deepEqual(await server.dump('ledger'), []);
    });
});

describe('a page of a listed origin', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: shop() } });
    });
    after(() => server.end());

    const origin = 'https://www.shop.example';

    it('may send a choice and read the answer, with its cookies', async () => {
        const visitor = server.visitor({ headers: { origin } });
        for (const answer of [await visitor.choose('grant'), await visitor.choose('deny', { notice: 'stale' })]) {
            assert.equal(answer.headers['access-control-allow-origin'], origin);
            assert.equal(answer.headers['access-control-allow-credentials'], 'true');
            assert.equal(answer.headers['access-control-expose-headers'], 'crumb-result');
            assert.match(answer.headers.vary, /\borigin\b/i);
        }
        const read = await visitor.ask('GET', '/v1/consent?site=shop');
        assert.equal(read.headers['access-control-allow-origin'], origin);
    });

    it('reads why its choice was refused, too', async () => {
        const answer = await server.visitor({ headers: { origin } }).choose('custom');
        answer.error(400);
        assert.equal(answer.headers['access-control-allow-origin'], origin);
    });

    it('passes the preflight, another does not', async () => {
        const preflight = (from, path = '/v1/consent') =>
            server.visitor().ask('OPTIONS', path, { headers: { origin: from, 'access-control-request-method': 'POST' } });
        const { status, headers } = await preflight(origin);
        assert.equal(status, 204);
        assert.equal(headers['access-control-allow-origin'], origin);
        assert.equal(headers['access-control-allow-credentials'], 'true');
        assert.equal(headers['access-control-allow-methods'], 'GET, POST');
        assert.equal(headers['access-control-allow-headers'], 'content-type, sp-anonymous');
        (await preflight('https://evil.example')).error(403);
        (await preflight('null')).error(403);
        (await preflight(origin, '/nothing')).error(404);
    });

    for (const type of ['application/json; charset=utf-8', 'text/plain', 'Text/Plain;charset=UTF-8', '*/*', undefined])
        it(`may call its JSON ${type ?? 'nothing'}`, async () => {
            await server.visitor().chose('deny', { headers: type ? { 'content-type': type } : {} });
        });
});

describe('GET /v1/consent', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await start({ sites: { shop: shop() } });
    });
    after(() => server.end());

    it('asks a browser that has not chosen', async () => {
        const visitor = server.visitor();
        const { hash } = await visitor.notice();
        const told = await visitor.consent();
        assert.deepEqual(told, { site: 'shop', notice: hash, lang: 'en', action: null, purposes: null, receipt: null, ask: true });
    });

    it('shows the choice and the receipt of a visitor', async () => {
        const visitor = server.visitor();
        const receipt = await visitor.chose('custom', { purposes: { ...NONE, journeys: true } });
        const told = await visitor.consent('de');
        assert.deepEqual(told.receipt, receipt);
        assert.deepEqual(told.purposes, { ...NONE, journeys: true });
        assert.deepEqual([told.lang, told.ask, told.action], ['de', false, 'custom']);
    });

    it('names the action of somebody who refused, too', async () => {
        const visitor = server.visitor();
        await visitor.chose('minor');
        assert.deepEqual([(await visitor.consent()).action, (await visitor.consent()).receipt], ['minor', null]);
    });

    it('remembers a refusal by the cookie alone, and does not ask again', async () => {
        const visitor = server.visitor();
        await visitor.chose('deny');
        const { purposes, receipt, ask } = await visitor.consent();
        assert.deepEqual({ purposes, receipt, ask }, { purposes: NONE, receipt: null, ask: false });
    });

    it('shows a grant of what collects nothing, which only the cookie knows', async () => {
        const visitor = server.visitor();
        await visitor.chose('custom', { purposes: { ...NONE, marketing: true } });
        const { purposes, ask } = await visitor.consent();
        assert.deepEqual({ purposes, ask }, { purposes: { ...NONE, marketing: true }, ask: false });
    });

    it('does not believe a crumb_choice that claims more than the ledger', async () => {
        const visitor = server.visitor();
        await visitor.chose('deny');
        visitor.cookies.set('crumb_choice', visitor.cookies.get('crumb_choice').replace('analytics=0', 'analytics=1'));
        assert.equal((await visitor.consent()).purposes.analytics, false);
        assert.equal((await visitor.beacon()).result.no_consent, 1);
    });

    it('asks a visitor again whose id is gone, though crumb_choice still says that something collects', async () => {
        const visitor = server.visitor();
        await visitor.chose('custom', { purposes: { ...NONE, analytics: true, marketing: true } });
        assert.equal((await visitor.consent()).ask, false);
        visitor.cookies.delete('crumb_id');
        const { purposes, ask } = await visitor.consent();
        assert.deepEqual({ purposes, ask }, { purposes: { ...NONE, marketing: true }, ask: true });
    });

    it('asks a visitor again whose row has expired before crumb_choice does', async () => {
        const retention = { choice: '10d', visitor: '1s' };
        await withServer({ sites: { shop: shop({ retention }) } }, async (other) => {
            const visitor = other.visitor();
            await visitor.chose('grant');
            await eventually('the id expiring', async () => (await visitor.consent()).receipt === null);
            assert.equal((await visitor.consent()).ask, true);
        });
    });

    it('asks again where crumb_choice is not what the server writes', async () => {
        for (const value of ['', '1.', '2.0123456789abcdef.1700000000.analytics=1', '1.xyz.1700000000.analytics=1',
            '1.0123456789abcdef.soon.analytics=1', '1.0123456789abcdef.1700000000.analytics=yes']) {
            const visitor = server.visitor();
            visitor.cookies.set('crumb_choice', value);
            assert.equal((await visitor.consent()).ask, true, value);
        }
    });

    it('is refused to a foreign origin, without a site and for an unknown one', async () => {
        (await server.get('/v1/consent?site=shop', { origin: 'https://evil.example' })).error(403);
        (await server.get('/v1/consent?site=shop', { origin: 'null' })).error(403);
        (await server.get('/v1/consent')).error(400);
        (await server.get('/v1/consent?site=')).error(400);
        (await server.get('/v1/consent?site=nowhere')).error(404);
    });

    it('is never kept by a cache', async () => {
        assert.equal((await server.get('/v1/consent?site=shop')).headers['cache-control'], 'no-store');
    });
});

describe('cookies', { timeout: 60_000 }, () => {
    const secure = (answer) => answer.setCookies.map((line) => /; Secure(;|$)/.test(line));

    it('are Secure where a trusted proxy says https, and only then', async () => {
        await withServer({ trusted_proxies: ['127.0.0.1/32'] }, async (server) => {
            const by = async (proto) =>
                secure(await server.visitor().choose('grant', { headers: proto ? { 'x-forwarded-proto': proto } : {} }));
            assert.deepEqual(await by('https'), [true, true]);
            assert.deepEqual(await by('http'), [false, false]);
            assert.deepEqual(await by('httpsx'), [false, false]);
            assert.deepEqual(await by(undefined), [false, false]);
        });
    });

    it('are not Secure because an untrusted client says https', async () => {
        await withServer({}, async (server) => {
            const headers = { 'x-forwarded-proto': 'https', forwarded: 'proto=https' };
            assert.deepEqual(secure(await server.visitor().choose('grant', { headers })), [false, false]);
        });
    });

    it('are of the cookie_domain when they are set and when they are deleted', async () => {
        await withServer({ sites: { shop: shop({ cookie_domain: 'shop.example' }) } }, async (server) => {
            const visitor = server.visitor();
            for (const action of ['grant', 'withdraw']) {
                const { setCookies } = await visitor.choose(action);
                const wide = setCookies.filter((line) => /; SameSite=Lax; Domain=shop\.example(;|$)/.test(line));
                assert.deepEqual(wide.map((line) => line.split('=')[0]), ['crumb_choice', 'crumb_id']);
                // The host's own of a browser that brings some, which may be of before there was a cookie_domain.
                const others = setCookies.filter((line) => !wide.includes(line)).map((line) => line.split(';')[0]);
                assert.deepEqual(others, action === 'grant' ? [] : ['crumb_choice=', 'crumb_id=']);
            }
        });
    });

    for (const action of ['withdraw', 'deny'])
        it(`of the host end by ${action} when a cookie_domain was added, and leave none behind`, async () => {
            await withServer({ sites: { shop: shop() } }, async (server) => {
                const visitor = server.visitor();
                await visitor.chose('grant');
                await server.reload({ sites: { shop: shop({ cookie_domain: 'shop.example' }) } });
                assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
                await visitor.chose(action);
                assert.deepEqual([visitor.cookies.size, [...visitor.wide.keys()]], [0, ['crumb_choice']]);
                assert.deepEqual(await server.dump('visitors'), []);
                assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
                assert.equal((await visitor.consent()).ask, false);
            });
        });

    it('of the host become those of the cookie_domain with the next grant, for the same visitor', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const { id } = visitor;
            await server.reload({ sites: { shop: shop({ cookie_domain: 'shop.example' }) } });
            await visitor.chose('renew', { purposes: ALL });
            assert.deepEqual([visitor.cookies.size, visitor.wide.size, visitor.id], [0, 2, id]);
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
        });
    });

    it('of a cookie_domain that was removed stay: nothing is stored beside others, and every row ends', async () => {
        await withServer({ sites: { shop: shop({ cookie_domain: 'shop.example' }) } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await server.reload({ sites: { shop: shop() } });
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
            await visitor.chose('renew', { purposes: ALL });
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 }, 'the same id twice is one');
            await visitor.chose('withdraw');
            assert.deepEqual(await server.dump('visitors'), []);
            await visitor.chose('grant');
            assert.deepEqual((await visitor.beacon()).result, { received: 1, bad_id: 1 });
            assert.equal((await visitor.consent()).ask, true);
        });
    });

    it('named crumb_id that are two of different visitors end together', async () => {
        await withServer({ sites: { shop: shop() } }, async (server) => {
            const [one, two, stays] = [server.visitor(), server.visitor(), server.visitor()];
            for (const visitor of [one, two, stays]) await visitor.chose('grant');
            const { id } = one;
            one.wide.set('crumb_id', two.cookies.get('crumb_id'));
            assert.deepEqual((await one.beacon()).result, { received: 1, bad_id: 1 });
            await one.chose('withdraw');
            assert.equal((await server.dump('ledger')).at(-1).visitor, id);
            assert.deepEqual((await server.dump('visitors')).map((row) => row.visitor), [stays.id]);
            assert.deepEqual((await two.beacon()).result, { received: 1, no_consent: 1 });
        });
    });

    it('live as long as the site says, a refusal and a grant each', async () => {
        const retention = { choice: '90d', refusal: '30d', visitor: '60d' };
        await withServer({ sites: { shop: shop({ retention }) } }, async (server) => {
            const ages = async (action, more) =>
                (await server.visitor().choose(action, more)).setCookies.map((line) => Number(line.match(/Max-Age=(\d+)/)[1]));
            assert.deepEqual(await ages('grant'), [60 * DAY_S, 60 * DAY_S], 'a choice that needs an id ends with it');
            assert.deepEqual(await ages('custom', { purposes: { analytics: false, journeys: false, marketing: true } }), [90 * DAY_S, 0]);
            assert.deepEqual(await ages('deny'), [30 * DAY_S, 0]);
        });
    });

    it('named crumb_id live as long as the id does, however often the choice is renewed', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            const age = async (action, more) =>
                Number((await visitor.choose(action, more)).setCookies.at(-1).match(/^crumb_id=.*Max-Age=(\d+)/)[1]);
            const first = await age('grant');
            await sleep(1100);
            const left = await age('renew', { purposes: ALL });
            assert.ok(left < first && left > first - 60, `${first}, then ${left}`);
        });
    });

    it('are signed with a key that a restart keeps', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await server.restart();
            assert.equal((await visitor.beacon({ eid: uuid() })).result.stored, 1);
        });
    });
});
