// Other products' trackers: their requests go through the same gate as our own beacons, into the same fields and books,
// and are answered as those trackers expect. The trackers themselves run in tests/browser/trackers.test.mjs.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Wire, uuid } from './client.mjs';
import { site, start } from './server.mjs';

const ORIGIN = 'https://shop.example';
const HATS = `${ORIGIN}/hats`;
const JSON_TYPE = { 'content-type': 'application/json; charset=UTF-8', origin: ORIGIN };
const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8', origin: ORIGIN };
const TP2 = '/com.snowplowanalytics.snowplow/tp2';
const STORED = { received: 1, stored: 1 };

const tp2 = (...data) =>
    JSON.stringify({ schema: 'iglu:com.snowplowanalytics.snowplow/payload_data/jsonschema/1-0-4', data });
const snowplow = (pairs) => ({ e: 'pv', aid: 'shop', eid: uuid(), url: HATS, tv: 'js-3.24.6', duid: uuid(), ...pairs });
const plausible = (members) =>
    JSON.stringify({ n: 'pageview', u: HATS, d: 'shop.example', r: null, w: 1280, ...members });
const query = (pairs) => new URLSearchParams(pairs).toString();
const matomo = (pairs) => query({ idsite: 'shop', rec: '1', url: HATS, _id: '0123456789abcdef', uid: 'anna', ...pairs });

let server;
const who = {};
before(async () => {
    server = await start({ sites: { shop: site(), other: site({ origins: ['https://other.example'] }) } });
    const grants = {
        all: { analytics: true, journeys: true, marketing: false },
        measured: { analytics: true, journeys: false, marketing: false },
        nobody: { analytics: false, journeys: false, marketing: true },
    };
    for (const [name, purposes] of Object.entries(grants)) {
        who[name] = server.visitor();
        await who[name].chose('custom', { purposes });
    }
    who.stranger = server.visitor();
});
after(() => server.end());

const view = { host: 'shop.example', path: '/hats', address: '127.0.0.0' };

// Of a row of the journal what @wanted names; the server adds more, such as the time.
function said(row, wanted) {
    const pick = (fields, of) => Object.fromEntries(Object.keys(of).map((name) => [name, fields?.[name]]));
    const classes = Object.entries(wanted).filter(([name]) => name !== 'event');
    return { event: row.event, ...Object.fromEntries(classes.map(([name, of]) => [name, pick(row[name], of)])) };
}

// Each way to send one thing: method, path, body, headers; how it is answered; and what is stored of it.
const ways = {
    'Snowplow by POST': {
        send: ['POST', TP2, tp2(snowplow({ page: 'Hats', refr: 'https://search.example/?q=hats', res: '1920x1080', lang: 'de' })), JSON_TYPE],
        status: 200, text: 'ok',
        row: { event: 'pv', log: { ...view, title: 'Hats', referrer: 'https://search.example' },
            device: { screen_width: '1920', screen_height: '1080', language: 'de' } },
    },
    'Snowplow by GET': {
        send: ['GET', `/i?${query(snowplow({ page: 'Hats' }))}`, undefined, {}],
        status: 200, type: 'image/gif', row: { event: 'pv', log: { ...view, title: 'Hats' } },
    },
    'Plausible': {
        send: ['POST', '/api/event', plausible({ r: 'https://search.example/' }), { 'content-type': 'text/plain', origin: ORIGIN }],
        status: 202, text: 'ok',
        row: { event: 'pv', log: { ...view, referrer: 'https://search.example' }, device: { viewport_width: '1280' } },
    },
    'GoatCounter by an image': {
        send: ['GET', `/count?${query({ p: '/hats', t: 'Hats', s: '1280,800,2', r: '', rnd: 'x' })}`, undefined, { referer: `${ORIGIN}/` }],
        status: 200, type: 'image/gif',
        row: { event: 'pv', log: { ...view, title: 'Hats' }, device: { screen_width: '1280', screen_height: '800' } },
    },
    'GoatCounter by a beacon': {
        send: ['POST', `/count?${query({ p: '/hats' })}`, '', { origin: ORIGIN }],
        status: 200, type: 'image/gif', row: { event: 'pv', log: view },
    },
    'Matomo by an image': {
        send: ['GET', `/matomo.php?${matomo({ action_name: 'Hats', res: '1280x800' })}`, undefined, {}],
        status: 200, type: 'image/gif',
        row: { event: 'pv', log: { ...view, title: 'Hats' }, device: { screen_width: '1280', screen_height: '800' } },
    },
    'Matomo by a form': {
        send: ['POST', '/matomo.php', matomo({ action_name: 'Hats' }), FORM],
        status: 200, type: 'image/gif', row: { event: 'pv', log: { ...view, title: 'Hats' } },
    },
    'Matomo without a picture': {
        send: ['POST', '/matomo.php', matomo({ send_image: '0' }), FORM],
        status: 204, row: { event: 'pv', log: view },
    },
    'Matomo in bulk': {
        send: ['POST', '/matomo.php', JSON.stringify({ requests: [`?${matomo()}`] }), JSON_TYPE],
        status: 200, type: 'application/json', row: { event: 'pv', log: view },
    },
};

const sendBy = (visitor, [method, path, body, headers], more) => visitor.ask(method, path, { body, headers: { ...headers, ...more } });

for (const [name, { send, status, type, text, row }] of Object.entries(ways)) {
    const isPicture = send[0] === 'GET';
    describe(name, { timeout: 60_000 }, () => {
        it('is stored under consent, as our own events are', async () => {
            const { answer, rows, books } = await server.added(() => sendBy(who.all, send));
            assert.equal(answer.status, status, answer.text);
            assert.deepEqual([answer.result, books], [STORED, STORED]);
            if (type) assert.match(answer.headers['content-type'], new RegExp(`^${type}`));
            if (text) assert.equal(answer.text, text);
            assert.deepEqual(rows.map((each) => said(each, row)), [row]);
            assert.equal(rows[0].visitor, who.all.id, 'whatever id the tracker brings, the visitor is that of crumb_id');
        });

        for (const [by, reason, headers] of [['nobody', 'no_consent'], ['stranger', 'no_consent'], ['stranger', 'gpc', { 'sec-gpc': '1' }]])
            it(`is refused to ${by} (${reason})`, async () => {
                const { answer, rows, books } = await server.added(() => sendBy(who[by], send, headers));
                assert.equal(answer.status, status, answer.text);
                assert.deepEqual(answer.result, { received: 1, [reason]: 1 });
                assert.deepEqual(books, answer.result);
                assert.deepEqual(rows, []);
                assert.deepEqual(answer.setCookies, []);
            });

        it('is nobody where the tracker asks for that', async () => {
            const { answer, rows } = await server.added(() => sendBy(who.all, send, { 'sp-anonymous': '*' }));
            assert.deepEqual([answer.result, rows], [{ received: 1, no_consent: 1 }, []]);
        });

        it('is refused to a page that is not of the site', async () => {
            const headers = { origin: 'https://evil.example', referer: 'https://evil.example/' };
            const { answer, rows } = await server.added(() => sendBy(who.all, send, headers));
            const foreign = answer.result.bad_origin ?? answer.result.unknown_site;
            assert.equal(foreign, 1, JSON.stringify(answer.result));
            assert.equal(answer.headers['access-control-allow-origin'], undefined);
            if (!isPicture && answer.result.bad_origin) assert.equal(answer.status, 403);
            assert.deepEqual(rows, []);
        });

        if (!isPicture)
            it('lets a page of the site read the answer, with its cookies', async () => {
                const { headers } = await sendBy(who.all, send);
                assert.equal(headers['access-control-allow-origin'], ORIGIN);
                assert.equal(headers['access-control-allow-credentials'], 'true');
                const preflight = await who.stranger.ask('OPTIONS', send[1], {
                    headers: { origin: ORIGIN, 'access-control-request-method': 'POST',
                        'access-control-request-headers': 'content-type,sp-anonymous' },
                });
                assert.equal(preflight.status, 204);
                assert.equal(preflight.headers['access-control-allow-origin'], ORIGIN);
                assert.match(preflight.headers['access-control-allow-methods'], /POST/);
                assert.equal(preflight.headers['access-control-allow-headers'], 'content-type, sp-anonymous');
            });
    });
}

describe('clicks and custom events', { timeout: 60_000 }, () => {
    const events = {
        'of Snowplow': [['POST', TP2, tp2(snowplow({ e: 'se', se_ca: 'media', se_ac: 'play', se_la: 'trailer', se_va: '2.5' })), JSON_TYPE],
            { category: 'media', action: 'play', label: 'trailer', value: '2.5' }],
        'of Plausible': [['POST', '/api/event', plausible({ n: 'Sign up', p: { plan: 'XL' } }), JSON_TYPE],
            { category: 'event', action: 'Sign up', 'x_p.plan': 'XL' }],
        'of GoatCounter': [['GET', `/count?${query({ p: 'sign-up', e: 'true' })}`, undefined, { referer: HATS }],
            { category: 'event', action: 'sign-up' }],
        'of Matomo': [['GET', `/matomo.php?${matomo({ e_c: 'media', e_a: 'play', e_n: 'trailer', e_v: '2.5' })}`, undefined, {}],
            { category: 'media', action: 'play', label: 'trailer', value: '2.5' }],
        'of Matomo, a link': [['GET', `/matomo.php?${matomo({ link: 'https://out.example/' })}`, undefined, {}],
            { category: 'click', label: 'https://out.example/', property: 'outbound' }],
    };
    for (const [name, [send, clickpath]] of Object.entries(events))
        it(`${name} need the class clickpath`, async () => {
            const stored = await server.added(() => sendBy(who.all, send));
            assert.deepEqual(stored.rows.map((row) => [row.event, row.clickpath]), [['se', clickpath]]);
            const refused = await server.added(() => sendBy(who.measured, send));
            assert.deepEqual([refused.answer.result, refused.rows], [{ received: 1, no_consent: 1 }, []]);
        });
});

describe('many events at once', { timeout: 60_000 }, () => {
    it('of Snowplow are judged each by itself', async () => {
        const twin = snowplow();
        const events = [snowplow(), { e: 'ue', aid: 'shop' }, snowplow({ aid: 'nowhere' }), twin, twin, snowplow({ page: 'x'.repeat(600) }), 7];
        const { answer, books } = await server.added(() => sendBy(who.all, ['POST', TP2, tp2(...events), JSON_TYPE]));
        assert.equal(answer.status, 200);
        assert.deepEqual(answer.result, { received: 7, stored: 2, malformed: 2, unknown_site: 1, duplicate: 1, too_large: 1 });
        assert.deepEqual(books, answer.result);
    });

    it('of Matomo are counted in the answer', async () => {
        const requests = [`?${matomo()}`, `?${matomo({ rec: '0' })}`, `?${matomo({ ping: '1' })}`];
        const { answer } = await server.added(() => sendBy(who.all, ['POST', '/matomo.php', JSON.stringify({ requests }), JSON_TYPE]));
        assert.deepEqual(answer.json(), { status: 'success', tracked: 2, invalid: 1 });
    });

    it('are counted past the 100th', async () => {
        const events = Array.from({ length: 103 }, () => ({ e: 'pv', aid: 'shop', url: HATS }));
        const { answer } = await server.added(() => sendBy(who.all, ['POST', TP2, tp2(...events), JSON_TYPE]));
        // What is past the bound is short and says nothing, so it is counted as what it is: too much.
        assert.deepEqual(answer.result, { received: 103, stored: 100, too_large: 3 });
    });
});

describe('bad input', { timeout: 120_000 }, () => {
    const paths = [TP2, '/api/event', '/matomo.php'];
    const deep = '{"a":['.repeat(5000);
    const bodies = {
        'that is nested 10,000 deep': [deep + ']}'.repeat(5000), { received: 1, malformed: 1 }, 400],
        'that is nested 10,000 deep and cut': [deep, { received: 1, malformed: 1 }, 400],
        'that is cut in the middle': [tp2(snowplow()).slice(0, -20), { received: 1, malformed: 1 }, 400],
        'that is no JSON': ['{rubbish', { received: 1, malformed: 1 }, 400],
        'with a member twice': ['{"data":[],"data":[]}', { received: 1, malformed: 1 }, 400],
        'with NUL': ['{"n":"\\u0000"}', { received: 1, malformed: 1 }, 400],
        'with half a surrogate pair': ['{"n":"\\ud83d"}', { received: 1, malformed: 1 }, 400],
        'that is not UTF-8': [Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]), { received: 1, malformed: 1 }, 400],
        'of more than 64 KiB': [`{"n":"${'x'.repeat(66_000)}"}`, { received: 1, too_large: 1 }, 413],
    };
    for (const path of paths)
        for (const [name, [body, result, status]] of Object.entries(bodies))
            it(`a body ${name} is refused at ${path} and counted`, async () => {
                const { answer, rows, books } = await server.added(() => sendBy(who.all, ['POST', path, body, JSON_TYPE]));
                answer.error(status);
                assert.deepEqual([answer.result, books, rows], [result, result, []]);
            });

    it('an empty body is no event', async () => {
        for (const path of [TP2, '/api/event'])
            assert.deepEqual((await sendBy(who.all, ['POST', path, '', JSON_TYPE])).result, { received: 0 });
    });

    // Times that no browser has now: what counts is how far apart they are.
    for (const [name, times, back] of [
        ['1970', { dtm: '1000', stm: '1250' }, 250],
        ['2100', { dtm: '4102444800000', stm: '4102444800250' }, 250],
        ['1970 and 2100', { dtm: '1000', stm: '4102444800000' }, 0],
        ['2100 and 1970', { dtm: '4102444800000', stm: '1000' }, 0],
    ])
        it(`a clock of ${name} does not move an event`, async () => {
            await new Promise((wake) => setTimeout(wake, 300)); // the choice must be older than the event
            const began = Date.now();
            const { rows } = await server.added(() => sendBy(who.all, ['POST', TP2, tp2(snowplow(times)), JSON_TYPE]));
            const at = Number(rows[0].log.at_ms) + back;
            assert.ok(at >= began - 5 && at <= Date.now() + 5, `${at} is not now`);
        });
});

describe('what is refused', { timeout: 60_000 }, () => {
    // Each adapter's way to say @marker where a page's title or an event's name goes.
    const saying = {
        snowplow: (marker) => ['POST', TP2, tp2(snowplow({ page: marker, se_la: `${marker}label` })), JSON_TYPE],
        plausible: (marker) => ['POST', '/api/event', plausible({ u: `${ORIGIN}/${marker}`, p: { a: `${marker}label` } }), JSON_TYPE],
        goatcounter: (marker) => ['GET', `/count?${query({ p: `/${marker}`, t: marker })}`, undefined, { referer: HATS }],
        matomo: (marker) => ['POST', '/matomo.php', matomo({ action_name: marker }), FORM],
    };
    for (const [name, say] of Object.entries(saying))
        it(`is in no byte of the store: ${name}`, async () => {
            const marker = (what) => `MARKER${name}${what}`;
            for (const by of ['stranger', 'nobody']) await sendBy(who[by], say(marker(by)));
            await sendBy(who.all, say(marker('foreign')), { origin: 'https://evil.example', referer: 'https://evil.example/' });
            await sendBy(who.measured, say(marker('measured')));
            const bytes = server.readable();
            for (const by of ['stranger', 'nobody', 'foreign'])
                assert.ok(!bytes.includes(marker(by)), `what ${by} sent is in the store`);
            assert.ok(bytes.includes(marker('measured')), 'what was consented is there');
            assert.ok(!bytes.includes(`${marker('measured')}label`), 'without the class that was not');
        });

    it('when a body is cut in the middle: nothing of it is there, and the others are served', async () => {
        for (const path of [TP2, '/api/event', '/matomo.php']) {
            const { books } = await server.added(async () => {
                const wire = new Wire(server.public);
                await wire.send(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{"data":[{"e":"pv","aid":"shop"`);
                await wire.end();
            });
            assert.deepEqual(books, { received: 0 });
            assert.deepEqual((await who.all.beacon()).result, STORED);
        }
    });
});
