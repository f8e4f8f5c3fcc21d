// A visitor's rights over HTTP: access, copy, correction, restriction, erasure, withdrawal; who may use them, and what
// becomes of the store.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { event, request, word } from './client.mjs';
import { eventually, site, start, withServer } from './server.mjs';

const ERASING = { sites: { shop: site({ on_withdraw: 'erase' }), blog: site({ origins: ['https://blog.example'] }) } };
const ME = '/v1/me?site=shop';
const RESTRICTION = '/v1/me/restriction?site=shop';
const EXPORT = '/v1/me/export?site=shop';

const page = (path) => ({ url: `https://shop.example/${path}` });

// A visitor who granted everything and viewed @path.
async function visited(server, path, more = {}) {
    const visitor = server.visitor();
    await visitor.chose('grant');
    assert.deepEqual((await visitor.beacon({ ...page(path), lang: 'de-AT', ...more })).result, { received: 1, stored: 1 });
    return visitor;
}

const deedOf = (answer, right) => {
    assert.equal(answer.status, 200, answer.text);
    const { done, receipts } = answer.json();
    assert.equal(done, true);
    assert.equal(receipts.length, 1);
    assert.equal(receipts[0].receipt.right, right);
    assert.equal(receipts[0].at, `/v1/receipt/${receipts[0].receipt.id}`);
    return receipts[0].receipt;
};

const patch = (visitor, body) => visitor.ask('PATCH', ME, { body: JSON.stringify(body) });

async function copyOf(visitor) {
    const answer = await visitor.ask('GET', EXPORT);
    assert.equal(answer.status, 200, answer.text);
    return answer.json();
}

// The pages that a schema of docs/copy.schema.json allows: enough of JSON Schema for that file.
function assertValid(schema, value, at = '$') {
    if (schema.const !== undefined) return assert.equal(value, schema.const, at);
    if (schema.enum) return assert.ok(schema.enum.includes(value), `${at}: ${value}`);
    const types = [schema.type].flat();
    const type = value === null ? 'null' : Array.isArray(value) ? 'array' : Number.isInteger(value) ? 'integer' : typeof value;
    assert.ok(types.includes(type), `${at} is ${type}, not ${types}`);
    if (type === 'array') value.forEach((item, i) => assertValid(schema.items, item, `${at}[${i}]`));
    if (type !== 'object') return;
    for (const name of schema.required ?? []) assert.ok(name in value, `${at} has no ${name}`);
    for (const [name, member] of Object.entries(value)) {
        const of = schema.properties?.[name] ?? schema.additionalProperties;
        assert.ok(of, `${at}.${name} is not in the schema`);
        if (of !== true) assertValid(of, member, `${at}.${name}`);
    }
}

describe('rights', () => {
    let server;
    before(async () => (server = await start(ERASING)));
    after(() => server.end());

    it('shows everything that is kept, in the form of its schema', async () => {
        const visitor = await visited(server, 'access');
        await visitor.beacon({ e: 'se', se_ca: 'click', se_ac: 'buy', ...page('access') });
        await visitor.chose('custom', { purposes: { analytics: true, journeys: true, marketing: false } });
        deedOf(await patch(visitor, { country: 'AT', device: 'tablet' }), 'correction');
        const asked = { site: 'shop', kind: 'complaint', text: 'What becomes of it?' };
        const made = await visitor.ask('POST', '/v1/me/requests', { body: JSON.stringify(asked) });
        assert.equal(made.status, 201, made.text);
        const overview = (await visitor.ask('GET', ME)).json();
        assert.equal(overview.site, 'shop');
        assert.deepEqual(overview.corrections, { country: 'AT', device: 'tablet' });
        assert.deepEqual(overview.choices.map(({ action }) => action), ['grant', 'custom']);
        assert.deepEqual(overview.visitor.choice.purposes, { analytics: true, journeys: true, marketing: false });
        assert.equal(overview.visitor.restricted, false);
        assert.deepEqual(overview.under_way, []);
        assert.deepEqual(overview.requests.map(({ kind, state, text }) => [kind, state, text]), [['complaint', 'open', undefined]]);
        const { requests, ...copy } = await copyOf(visitor);
        assert.deepEqual(requests.map(({ kind, text }) => [kind, text]), [['complaint', asked.text]]);
        assertValid(JSON.parse(readFileSync(new URL('../../docs/copy.schema.json', import.meta.url))), { requests, ...copy });
        assert.deepEqual({ ...copy, ...overview }, { ...copy, ...overview });
        for (const { notice } of copy.choices) assert.equal(copy.notices[notice].site, 'shop');
        const [{ events, visits }] = copy.days;
        assert.deepEqual(events.map((each) => each.event), ['pv', 'se']);
        assert.equal(events[0].log.path, '/access');
        assert.equal(events[0].device.language, 'de-AT');
        assert.equal(events[1].clickpath.action, 'buy');
        assert.deepEqual(visits, []); // the day is open
    });

    it('erases, and gives a receipt that can be checked', async () => {
        const secret = word();
        const visitor = await visited(server, secret);
        const other = await visited(server, `other-${secret}`);
        const former = [...visitor.cookies];
        const deed = deedOf(await visitor.ask('DELETE', ME), 'erasure');
        assert.equal(deed.events, 1);
        assert.equal(deed.visits, 1);
        assert.equal(deed.days, 1);
        assert.deepEqual(deed.classes, ['log', 'device', 'clickpath']);
        const record = (await server.dump('audit')).find(({ act }) => act === 'erased');
        assert.deepEqual([record.actor, record.site, record.object, record.details],
            ['visitor', 'shop', `receipt ${deed.id}`, 'erasure: 1 events, 1 visits, 1 days']);
        assert.equal(visitor.cookies.has('crumb_id'), false, 'the browser forgets its id');
        const paths = (await server.dump('journal')).map(({ log }) => log?.path);
        assert.ok(paths.includes(`/other-${secret}`) && !paths.includes(`/${secret}`));

        const check = (body) => server.post('/v1/receipt/check', JSON.stringify(body));
        assert.deepEqual((await server.get(`/v1/receipt/${deed.id}`)).json(), deed);
        assert.deepEqual((await check(deed)).json(), { ours: true, known: true });
        assert.deepEqual((await check({ ...deed, events: 7 })).json(), { ours: false, known: false });
        assert.deepEqual((await check({ ...deed, id: '0'.repeat(32) })).json(), { ours: false, known: false });
        for (const body of [{}, [], 'x', { ...deed, signature: 'x' }, { ...deed, id: undefined }])
            (await check(body)).error(400);

        // The id of before is nobody's.
        former.forEach(([name, value]) => visitor.cookies.set(name, value));
        for (const [method, path] of [['GET', ME], ['GET', EXPORT], ['DELETE', ME], ['POST', RESTRICTION], ['DELETE', RESTRICTION]])
            (await visitor.ask(method, path)).error(404);
        assert.deepEqual((await visitor.beacon(page('late'))).result, { received: 1, no_consent: 1 });
        assert.equal((await copyOf(other)).days[0].events.length, 1);
    });

    it('answers two erasures at once, and events between them', async () => {
        const visitor = await visited(server, 'twice');
        const answers = await Promise.all([
            visitor.ask('DELETE', ME), visitor.ask('DELETE', ME), ...Array.from({ length: 20 }, () => visitor.beacon(page('meanwhile'))),
        ]);
        const [first, second] = answers.slice(0, 2).sort((a, b) => a.status - b.status);
        const deed = deedOf(first, 'erasure');
        if (second.status === 200) assert.deepEqual(deedOf(second, 'erasure'), deed);
        else second.error(404);
        const stored = answers.slice(2).reduce((sum, { result }) => sum + (result.stored ?? 0), 0);
        assert.equal(deed.events, 1 + stored);
        assert.ok(!(await server.dump('journal')).some(({ log }) => /^\/(twice|meanwhile)$/.test(log?.path)));
    });

    it('restricts and lifts', async () => {
        const visitor = await visited(server, 'restricted');
        deedOf(await visitor.ask('POST', RESTRICTION), 'restriction');
        assert.deepEqual((await visitor.ask('POST', RESTRICTION)).json(), { done: true, receipts: [] });
        assert.deepEqual((await visitor.beacon(page('more'))).result, { received: 1, restricted: 1 });
        assert.equal((await visitor.ask('GET', ME)).json().visitor.restricted, true);
        assert.equal((await copyOf(visitor)).days[0].events.length, 1, 'their own data stay theirs');
        deedOf(await visitor.ask('DELETE', RESTRICTION), 'lifting');
        assert.deepEqual((await visitor.ask('DELETE', RESTRICTION)).json(), { done: true, receipts: [] });
        assert.deepEqual((await visitor.beacon(page('again'))).result, { received: 1, stored: 1 });
    });

    it('corrects what was derived, and nothing else', async () => {
        const visitor = await visited(server, 'corrected');
        deedOf(await patch(visitor, { language: 'fr-CA', country: 'CA' }), 'correction');
        deedOf(await patch(visitor, { language: null }), 'correction');
        assert.deepEqual((await visitor.ask('GET', ME)).json().corrections, { country: 'CA' });
        assert.deepEqual((await patch(visitor, { country: 'CA' })).json(), { done: true, receipts: [] });
        for (const body of [{}, [], null, 7, { country: 'Canada' }, { country: 7 }, { language: 'x y' }, { language: '-' },
            { device: 'fridge' }, { device: 'unknown' }])
            (await patch(visitor, body)).error(400);
        assert.match((await patch(visitor, { path: '/x' })).error(400), /POST \/v1\/me\/requests/);
        (await visitor.ask('PATCH', ME, { body: '{' })).error(400);
        (await visitor.ask('PATCH', ME, { body: `{"language":"${'x'.repeat(5000)}"}` })).error(413);
        assert.deepEqual((await visitor.ask('GET', ME)).json().corrections, { country: 'CA' });
    });

    it('erases what was withdrawn and only that', async () => {
        const visitor = await visited(server, 'partly');
        await visitor.beacon({ e: 'se', se_ca: 'click', se_ac: 'x', ...page('partly') });
        const answer = await visitor.choose('custom', { purposes: { analytics: true, journeys: false, marketing: false } });
        const [at] = answer.json().erasures;
        const deed = await eventually('the erasure', async () => {
            const found = await server.get(at);
            return found.status === 200 && found.json();
        });
        assert.equal(deed.right, 'withdrawal');
        assert.deepEqual(deed.classes, ['clickpath']);
        const [{ events }] = (await copyOf(visitor)).days;
        assert.deepEqual(events.map((each) => each.event), ['pv']);
        assert.equal(events[0].log.path, '/partly');
        assert.equal(events[0].clickpath, undefined);
    });

    it('erases whoever says to be a child', async () => {
        const visitor = await visited(server, 'child');
        const [at] = (await visitor.choose('minor')).json().erasures;
        const deed = await eventually('the erasure', async () => {
            const found = await server.get(at);
            return found.status === 200 && found.json();
        });
        assert.equal(deed.right, 'minor');
        assert.equal(deed.events, 1);
        assert.equal((await visitor.choose('grant')).json().receipt.action, 'minor', 'and stays out');
    });

    it('keeps what was withdrawn where the site says so, but erases whom asks for it', async () => {
        await withServer({ sites: { shop: site({ on_withdraw: 'keep' }) } }, async (keeper) => {
            const visitor = await visited(keeper, 'kept');
            const answer = await visitor.choose('withdraw');
            assert.equal(answer.json().erasures, undefined);
            assert.equal((await keeper.dump('journal')).length, 1);
            deedOf(await (await visited(keeper, 'gone')).ask('DELETE', ME), 'erasure');
            assert.deepEqual((await keeper.dump('journal')).map(({ log }) => log.path), ['/kept']);
        });
    });

    // The name of each: what of the visitor's choice says so in GET /v1/me.
    for (const action of ['withdraw', 'deny', 'gpc'])
        it(`lets whoever said ${action} see and erase what the site keeps, and collects nothing`, async () => {
            await withServer({ sites: { shop: site({ on_withdraw: 'keep' }) } }, async (keeper) => {
                const visitor = await visited(keeper, 'kept');
                const { id } = visitor;
                const answer = action === 'gpc' ? await visitor.choose('gpc', { headers: { 'sec-gpc': '1' } }) : await visitor.choose(action);
                assert.equal(answer.json().receipt.action, action);
                assert.equal(visitor.id, id);
                assert.deepEqual((await visitor.beacon(page('more'))).result, { received: 1, no_consent: 1 });
                const { ask, receipt, purposes } = await visitor.consent();
                assert.deepEqual([ask, receipt, Object.values(purposes).filter(Boolean)], [false, null, []]);
                const me = (await visitor.ask('GET', ME)).json();
                assert.deepEqual([me.visitor.id, me.visitor.choice.action, Object.values(me.visitor.choice.purposes).filter(Boolean)], [id, action, []]);
                assert.deepEqual(me.choices.map((choice) => choice.action), ['grant', action]);
                const copy = await copyOf(visitor);
                assert.deepEqual(copy.days.map(({ events }) => events.map(({ log }) => log.path)), [['/kept']]);
                assertValid(JSON.parse(readFileSync(new URL('../../docs/copy.schema.json', import.meta.url))), copy);
                deedOf(await visitor.ask('POST', RESTRICTION), 'restriction');
                deedOf(await visitor.ask('DELETE', RESTRICTION), 'lifting');
                deedOf(await patch(visitor, { country: 'AT' }), 'correction');
                assert.equal((await keeper.run('verify')).code, 0);
                const deed = deedOf(await visitor.ask('DELETE', ME), 'erasure');
                assert.deepEqual([deed.events, visitor.id], [1, undefined]);
                assert.deepEqual([await keeper.dump('journal'), await keeper.dump('visitors')], [[], []]);
            });
        });

    it('takes an id that rests up again with the next grant, so that one copy has all', async () => {
        await withServer({ sites: { shop: site({ on_withdraw: 'keep' }) } }, async (keeper) => {
            const visitor = await visited(keeper, 'before');
            const { id } = visitor;
            await visitor.chose('withdraw');
            await visitor.chose('grant');
            assert.equal(visitor.id, id);
            await visitor.beacon(page('after'));
            assert.deepEqual((await copyOf(visitor)).days[0].events.map(({ log }) => log.path), ['/before', '/after']);
        });
    });

    it('keeps an id that rests no longer than what it leads to', async () => {
        const DAY_S = 86_400;
        const lasts = async (retention) => {
            const ages = [];
            await withServer({ sites: { shop: site({ on_withdraw: 'keep', retention }) } }, async (keeper) => {
                const visitor = keeper.visitor();
                for (const action of ['grant', 'withdraw'])
                    ages.push(+/Max-Age=(\d+)/.exec((await visitor.choose(action)).setCookies.find((cookie) => cookie.startsWith('crumb_id=')))[1]);
            });
            return ages.map((age) => Math.ceil(age / DAY_S));
        };
        assert.deepEqual(await lasts({ segments: '60d', visitor: '300d', choice: '100d' }), [160, 60]);
        assert.deepEqual(await lasts({ segments: '700d', visitor: '300d', choice: '100d' }), [300, 300]);
    });

    it('reaches what was collected under a choice that has expired, and a refusal erases it', async () => {
        await withServer({ sites: { shop: site({ on_withdraw: 'erase', retention: { choice: '2s' } }) } }, async (erasing) => {
            const visitor = await visited(erasing, 'expired');
            await eventually('the end of the choice', async () => (await visitor.beacon(page('late'))).result.no_consent === 1);
            assert.deepEqual((await copyOf(visitor)).days[0].events.map(({ log }) => log.path).slice(0, 1), ['/expired']);
            const [at] = (await visitor.choose('deny')).json().erasures;
            await eventually('the erasure', async () => (await erasing.get(at)).status === 200);
            assert.deepEqual(await erasing.dump('journal'), []);
        });
    });
});

describe('who may use them', () => {
    let server;
    before(async () => (server = await start(ERASING)));
    after(() => server.end());
    const all = [['GET', ME], ['GET', EXPORT], ['DELETE', ME], ['POST', RESTRICTION], ['DELETE', RESTRICTION], ['PATCH', ME]];

    it('nobody without a cookie, and nobody with a forged one', async () => {
        const visitor = await visited(server, 'mine');
        const id = visitor.cookies.get('crumb_id');
        const forged = id.slice(0, -2) + (id.endsWith('AA') ? 'BB' : 'AA');
        for (const [method, path] of all) {
            (await request(server.public, { method, path })).error(404);
            (await request(server.public, { method, path, headers: { cookie: `crumb_id=${forged}` } })).error(403);
            (await request(server.public, { method, path: path.replace('shop', 'blog'), headers: { cookie: `crumb_id=${id}` } })).error(403);
            (await request(server.public, { method, path: path.replace('shop', 'none') })).error(404);
            (await request(server.public, { method, path: path.replace('?site=shop', '') })).error(400);
        }
        assert.equal((await copyOf(visitor)).days[0].events.length, 1);
    });

    it('no page of another origin', async () => {
        const visitor = await visited(server, 'mine');
        for (const [method, path] of all)
            (await visitor.ask(method, path, { headers: { origin: 'https://evil.example' } })).error(403);
        const answer = await visitor.ask('GET', ME, { headers: { origin: 'https://shop.example' } });
        assert.equal(answer.headers['access-control-allow-origin'], 'https://shop.example');
        const preflight = await request(server.public, {
            method: 'OPTIONS', path: '/v1/me', headers: { origin: 'https://shop.example' },
        });
        assert.equal(preflight.headers['access-control-allow-methods'], 'GET, DELETE, PATCH');
    });

    it('by their methods alone', async () => {
        for (const [method, path, allowed] of [['POST', '/v1/me', 'GET, DELETE, PATCH'], ['PUT', '/v1/me/restriction', 'POST, DELETE'],
            ['DELETE', '/v1/me/export', 'GET'], ['PATCH', '/v1/receipt/check', 'GET, POST']]) {
            const answer = await request(server.public, { method, path });
            answer.error(405);
            assert.equal(answer.headers.allow, allowed);
        }
    });

    it('no more often than the rate of choices', async () => {
        await withServer({ ...ERASING, rates: { address: 0, site: 0, choices: 1 } }, async (limited) => {
            const visitor = limited.visitor();
            await visitor.chose('grant');
            const statuses = [];
            for (let i = 0; i < 40; i++) statuses.push((await visitor.ask('GET', ME)).status);
            assert.ok(statuses.includes(200) && statuses.at(-1) === 429);
            assert.equal((await visitor.ask('DELETE', ME)).status, 200, 'an erasure is not in their way');
        });
    });
});

describe('jobs', () => {
    it('are done after a kill', async () => {
        const server = await start(ERASING);
        const visitors = [];
        for (let i = 0; i < 8; i++) visitors.push(await visited(server, `kill-${word()}`));
        const kept = await visited(server, 'kept');
        visitors.forEach((visitor) => visitor.ask('DELETE', ME).catch(() => {}));
        await new Promise((wake) => setTimeout(wake, 10));
        await server.crash();
        await server.launch();
        const asked = (await server.dump('ledger')).filter(({ action }) => action === 'withdraw').length;
        await eventually('the jobs', async () => (await server.dump('jobs')).length === 0);
        assert.equal((await server.dump('journal')).length, 9 - asked);
        assert.equal((await server.dump('deeds')).length, asked);
        assert.deepEqual(await server.dump('amended'), []);
        assert.equal((await copyOf(kept)).days[0].events.length, 1);
        await server.end();
    });
});
