// POST /admin/minors: a visitor who is reported to be a child is erased, with a receipt, and the browser stays out.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { request, word } from './client.mjs';
import { eventually, makeToken, site, start } from './server.mjs';

const ME = '/v1/me?site=shop';

describe('POST /admin/minors', { timeout: 120_000 }, () => {
    let server;
    const tokens = {};
    before(async () => {
        tokens.officer = await makeToken('officer', 'privacy', 'shop');
        tokens.stranger = await makeToken('stranger', 'privacy', 'other');
        tokens.analyst = await makeToken('marketing', 'analyst', 'shop');
        const sites = { shop: site({ on_withdraw: 'keep' }), other: site({ origins: ['https://other.example'] }) };
        server = await start({ sites, tokens: Object.values(tokens).map(({ entry }) => entry) });
    });
    after(() => server.end());

    const report = (body, who = 'officer', name = 'shop') =>
        request(server.private, {
            method: 'POST', path: `/admin/minors?site_id=${name}`, body: typeof body === 'string' ? body : JSON.stringify(body),
            headers: who ? { authorization: `Bearer ${tokens[who].token}` } : {},
        });

    async function visited(path) {
        const visitor = server.visitor();
        await visitor.chose('grant');
        assert.deepEqual((await visitor.beacon({ url: `https://shop.example/${path}` })).result, { received: 1, stored: 1 });
        return visitor;
    }

    // The receipt, wherever it is.
    async function deedOf(answer) {
        assert.ok([200, 202].includes(answer.status), answer.text);
        const [{ at }] = answer.json().receipts;
        const deed = await eventually('the erasure', async () => {
            const found = await server.get(at);
            return found.status === 200 && found.json();
        });
        assert.equal(deed.right, 'minor');
        return deed;
    }

    const paths = async () => (await server.dump('journal')).map(({ log }) => log?.path);

    it('erases by the id, and the browser stays out whatever it chooses', async () => {
        const [hers, theirs] = [word(), word()];
        const child = await visited(hers);
        const { id } = child;
        const other = await visited(theirs);
        const deed = await deedOf(await report({ visitor: id }));
        assert.deepEqual([deed.events, deed.visits, deed.days, deed.site], [1, 1, 1, 'shop']);
        assert.ok(!(await paths()).includes(`/${hers}`));
        assert.ok((await paths()).includes(`/${theirs}`));
        assert.deepEqual((await server.post('/v1/receipt/check', JSON.stringify(deed))).json(), { ours: true, known: true });
        const { until_ms: until, ...row } = (await server.dump('minors')).find(({ visitor }) => visitor === id);
        assert.deepEqual(row, { site: 'shop', visitor: id });
        assert.ok(until > Date.now());
        const record = (await server.dump('audit')).find(({ act }) => act === 'minor_reported');
        assert.deepEqual([record.actor, record.name, record.site, record.object, record.details],
            ['token', 'officer', 'shop', `receipt ${deed.id}`, 'by id']);

        // Another tab, which still has the cookies of before.
        const tab = new Map(child.cookies);
        const answer = await child.beacon({ url: 'https://shop.example/again' });
        assert.deepEqual(answer.result, { received: 1, minor: 1 });
        assert.equal(child.cookies.has('crumb_id'), false, 'the browser forgets its id');
        assert.match(child.cookies.get('crumb_choice'), /minor/);
        assert.equal((await child.choose('grant')).json().receipt.action, 'minor');
        assert.equal((await child.consent()).action, 'minor');

        tab.forEach((value, name) => child.cookies.set(name, value));
        assert.equal((await child.choose('grant')).json().receipt.action, 'minor', 'without having been told before');
        assert.equal(child.cookies.has('crumb_id'), false);
        tab.forEach((value, name) => child.cookies.set(name, value));
        for (const [method, path] of [['GET', ME], ['DELETE', ME], ['POST', '/v1/me/restriction?site=shop']])
            (await child.ask(method, path)).error(404);
        assert.ok(!(await paths()).includes('/again'));
        assert.deepEqual((await other.beacon({})).result, { received: 1, stored: 1 });
        (await report({ visitor: id })).error(404);
        const { code, stdout } = await server.run('verify');
        assert.equal(code, 0, stdout);
    });

    it('erases whoever made a request, by its number', async () => {
        const path = word();
        const child = await visited(path);
        const body = JSON.stringify({ site: 'shop', kind: 'other', text: 'I am eleven.' });
        const { request: made } = (await child.ask('POST', '/v1/me/requests', { body })).json();
        const deed = await deedOf(await report({ request: made.number }));
        assert.equal(deed.events, 1);
        assert.ok(!(await paths()).includes(`/${path}`));
        assert.deepEqual((await child.beacon({})).result, { received: 1, minor: 1 });
        const record = (await server.dump('audit')).findLast(({ act }) => act === 'minor_reported');
        assert.deepEqual([record.object, record.details], [`receipt ${deed.id}`, `by request ${made.number}`]);
        (await report({ request: made.number })).error(404);
    });

    it('finds nobody behind a request without a cookie, or behind none', async () => {
        const body = JSON.stringify({ site: 'shop', kind: 'other', text: 'My child used your shop.' });
        const { request: made } = (await server.post('/v1/me/requests', body)).json();
        (await report({ request: made.number })).error(404);
        (await report({ request: 4_000_000 })).error(404);
        (await report({ visitor: '0'.repeat(32) })).error(404);
    });

    it('is for those who may help visitors of the site', async () => {
        const child = await visited('mine');
        (await report({ visitor: child.id }, null)).error(401);
        (await report({ visitor: child.id }, 'analyst')).error(403);
        (await report({ visitor: child.id }, 'stranger')).error(403);
        (await report({ visitor: child.id }, 'stranger', 'other')).error(404);
        for (const wrong of [{}, [], 'x', { visitor: 'x' }, { visitor: `${child.id}0` }, { request: 0 }, { request: 1.5 }, { request: '1' },
            { visitor: child.id, request: 1 }])
            (await report(wrong)).error(400);
        assert.deepEqual((await child.beacon({})).result, { received: 1, stored: 1 });
    });

    it('holds after a kill', async () => {
        const child = await visited('killed');
        assert.ok([200, 202].includes((await report({ visitor: child.id })).status));
        await server.crash();
        await server.launch();
        assert.deepEqual((await child.beacon({})).result, { received: 1, minor: 1 });
    });
});
