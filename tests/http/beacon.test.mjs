// Beacons: what becomes of each event, as a table. A row says who sends what, what is answered and what is then on
// disk, field by field; every row also checks that the books grew by exactly what Crumb-Result said (promise P3).
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { event, uuid, word } from './client.mjs';
import { eventually, site, start, withServer } from './server.mjs';

const NONE = { analytics: false, journeys: false, marketing: false };
const STORED = { received: 1, stored: 1 };
const dropped = (reason) => ({ received: 1, [reason]: 1 });
const GPC = { 'sec-gpc': '1' };
const CLICK = { e: 'se', se_ca: 'click', se_ac: 'buy', url: undefined };

// What a stored page view of https://shop.example/ has, and no more; times are compared by a test of their own.
const PAGE = { host: 'shop.example', path: '/', address: '127.0.0.0' };
const LOG = { ...PAGE, channel: 'direct' };
const VIEW = { event: 'pv', log: LOG };

describe('a beacon', { timeout: 300_000 }, () => {
    let server;
    const who = {};
    before(async () => {
        const sites = {
            shop: site(),
            other: site({ origins: ['https://other.example'] }),
            whole: site({ address: 'full' }),
            bare: site({ address: 'none' }),
        };
        server = await start({ trusted_proxies: ['127.0.0.1/32'], sites });
        for (const [name, options, action, more] of [
            ['all', {}, 'grant'],
            ['measured', {}, 'custom', { purposes: { ...NONE, analytics: true } }],
            ['followed', {}, 'custom', { purposes: { ...NONE, journeys: true } }],
            ['advertised', {}, 'custom', { purposes: { ...NONE, marketing: true } }],
            ['refused', {}, 'deny'],
            ['signalled', { headers: GPC }, 'grant'],
            ['elsewhere', { site: 'other' }, 'grant'],
            ['whole', { site: 'whole' }, 'grant'],
            ['bare', { site: 'bare' }, 'grant'],
        ]) {
            who[name] = server.visitor(options);
            await who[name].chose(action, more);
        }
        who.stranger = server.visitor();
        const crumbId = who.all.cookies.get('crumb_id');
        const cookie = (...values) =>
            server.visitor({ headers: { cookie: values.map((value) => `crumb_id=${value}`).join('; ') } });
        const flipped = (at) => crumbId.slice(0, at) + (crumbId[at] === 'A' ? 'B' : 'A') + crumbId.slice(at + 1);
        Object.assign(who, {
            forged: cookie(`1.${'A'.repeat(43)}`),
            otherId: cookie(flipped(5)),
            otherMac: cookie(flipped(40)),
            truncated: cookie(crumbId.slice(0, -1)),
            longer: cookie(`${crumbId}A`),
            empty: cookie(''),
            otherVersion: cookie(`2${crumbId.slice(1)}`),
            ofAnotherSite: cookie(who.elsewhere.cookies.get('crumb_id')),
            twice: cookie(crumbId, crumbId),
            twiceApart: cookie(who.elsewhere.cookies.get('crumb_id'), crumbId),
            hidden: server.visitor({ headers: { cookie: `junk=${'x'.repeat(16384)}; crumb_id=${crumbId}` } }),
        });
    });
    after(() => server.end());

    // Fields of a row of the journal that are not the event's own.
    const content = ({ sequence, site: _, day, visitor, consent, ...row }) => {
        const { at_ms, ...log } = row.log ?? {};
        if (at_ms) assert.ok(Math.abs(Number(at_ms) - Date.now()) < 60_000);
        return { ...row, ...(row.log && { log }) };
    };

    // One row: [name, who, pairs or query, result, what is stored, headers].
    function check([name, by, pairs, result, stored = [], headers]) {
        it(name, async () => {
            const { answer, rows, books } = await server.added(() => who[by].beacon(pairs, headers));
            assert.deepEqual(answer.result, result);
            assert.deepEqual(books, result);
            assert.deepEqual(rows.map(content), stored);
        });
    }

    const EID = uuid();
    const NOW = Date.now();
    const LONG = 'https://shop.example/' + 'x'.repeat(2048 - 21);
    const consent = [
        ['of a visitor who granted is stored', 'all', {}, STORED, [VIEW]],
        ['of a stranger is dropped', 'stranger', {}, dropped('no_consent')],
        ['of a visitor who refused is dropped', 'refused', {}, dropped('no_consent')],
        ['of a visitor who granted nothing that collects is dropped', 'advertised', {}, dropped('no_consent')],
        ['of a stranger with Global Privacy Control is dropped for that', 'stranger', {}, dropped('gpc'), [], GPC],
        ['of a visitor whose signal is newer than the grant is dropped', 'all', {}, dropped('gpc'), [], GPC],
        ['of a visitor who granted in spite of the signal is stored', 'signalled', {}, STORED, [VIEW]],
        ['with Sec-GPC of another value is no signal', 'all', {}, STORED, [VIEW], { 'sec-gpc': '0' }],
        ['with a forged id is dropped', 'forged', {}, dropped('bad_id')],
        ['with an id whose first half was changed is dropped', 'otherId', {}, dropped('bad_id')],
        ['with an id whose second half was changed is dropped', 'otherMac', {}, dropped('bad_id')],
        ['with a truncated id is dropped', 'truncated', {}, dropped('bad_id')],
        ['with a longer id is dropped', 'longer', {}, dropped('bad_id')],
        ['with an empty id is dropped', 'empty', {}, dropped('bad_id')],
        ['with an id of another version is dropped', 'otherVersion', {}, dropped('bad_id')],
        ["with another site's id is dropped", 'ofAnotherSite', {}, dropped('bad_id')],
        ['with the same id twice is stored', 'twice', {}, STORED, [VIEW]],
        ['with two ids is dropped', 'twiceApart', {}, dropped('bad_id')],
        ['with more cookies than are read is dropped', 'hidden', {}, dropped('bad_id')],
        ['of an unknown site is dropped', 'all', { aid: 'nowhere' }, dropped('unknown_site')],
        ['of a site in other letters is dropped', 'all', { aid: 'SHOP' }, dropped('unknown_site')],
        ['from a foreign page is dropped', 'all', {}, dropped('bad_origin'), [], { origin: 'https://evil.example' }],
        ['from a page without an origin of its own is dropped', 'all', {}, dropped('bad_origin'), [], { origin: 'null' }],
        ["from another site's page is dropped", 'all', {}, dropped('bad_origin'), [], { origin: 'https://other.example' }],
        ["from the site's page is stored", 'all', {}, STORED, [VIEW], { origin: 'https://shop.example' }],
    ];
    describe('by consent', () => consent.forEach(check));

    const malformed = [
        ['nothing', ''],
        ['no site', { aid: undefined }],
        ['no kind', { e: undefined }],
        ['an unknown kind', { e: 'tr' }],
        ['a site twice', 'aid=shop&aid=shop&e=pv&url=https://shop.example/'],
        ['a pair twice', `${event()}&page=a&page=b`],
        ['a property twice', `${event(CLICK)}&x_p.a=1&x_p.a=2`],
        ['a property without a name', `${event(CLICK)}&x_p.=1`],
        ['a percent sign alone', `${event()}&page=100%`],
        ['a percent sign with one digit', `${event()}&page=%4`],
        ['a percent sign with other letters', `${event()}&page=%zz`],
        ['bytes that are not UTF-8', `${event()}&page=%ff%fe`],
        ['an overlong encoding', `${event()}&page=%c0%af`],
        ['half of a surrogate pair', `${event()}&page=%ed%a0%80`],
        ['a NUL', `${event()}&page=a%00b`],
        ['an escape character', `${event()}&page=%1b[2J`],
        ['a DEL', `${event()}&page=%7f`],
        ['an id that is no UUID', { eid: '1234' }],
        ['an id with dashes elsewhere', { eid: '00000000-0000-0000-00000000-00000000' }],
        ['an id with a letter too far', { eid: 'g0000000-0000-0000-0000-000000000000' }],
        ['an address that is none', { url: 'shop.example/page' }],
        ['an address of another scheme', { url: 'javascript:alert(1)' }],
        ['an address without a host', { url: 'https:///page' }],
        ['a page view without a page', { url: undefined }],
        ['a ping without a page', { e: 'pp', url: undefined }],
        ['a size that is none', { res: '1920' }],
        ['a size past every screen', { res: '65536x1' }],
        ['a time that is no number', { dtm: 'now' }],
        ['a number of 19 digits', { dtm: '1234567890123456789' }],
        ['a dwell time of more than a day', { x_vis: 24 * 3600 * 1000 + 1 }],
        ['a value that is no number', { ...CLICK, se_va: '1e3' }],
    ].map(([name, pairs]) => [`${name} is malformed`, 'all', pairs, dropped('malformed')]);
    describe('with', () => malformed.forEach(check));

    const tooLarge = [
        ['a title of 513 bytes', { page: 'x'.repeat(513) }],
        ['an address of 2049 bytes', { url: `${LONG}x` }],
        ['a label of 513 bytes', { ...CLICK, se_la: 'x'.repeat(513) }],
        ['a property of 513 bytes', { ...CLICK, 'x_p.a': 'x'.repeat(513) }],
        ['a property with a name of 65 bytes', { ...CLICK, [`x_p.${'n'.repeat(65)}`]: '1' }],
        ['31 properties', { ...CLICK, ...Object.fromEntries(Array.from({ length: 31 }, (_, i) => [`x_p.${i}`, i])) }],
        ['81 pairs', `${event()}${'&a=b'.repeat(78)}`],
        ['more than 8 KiB', `${event()}&unknown=${'x'.repeat(8192)}`],
    ].map(([name, pairs]) => [`${name} is too large`, 'all', pairs, dropped('too_large')]);
    describe('with', () => tooLarge.forEach(check));

    const EVERYTHING = {
        url: 'https://user:secret@SHOP.Example:8443/a/b?q=secret#secret',
        page: 'Ein Titel mit Ümläut + 100 %',
        refr: 'https://me:secret@Search.Example/find?q=secret#secret',
        res: '1920x1080',
        vp: '1200x800',
        ds: '1200x5000',
        lang: 'de-AT',
        tz: 'Europe/Vienna',
        x_vis: 12_345,
        unknown: 'ignored',
        cookie: 'ignored',
    };
    const DEVICE = {
        screen_width: '1920', screen_height: '1080', viewport_width: '1200', viewport_height: '800', page_width: '1200',
        page_height: '5000', language: 'de-AT', zone: 'Europe/Vienna',
    };
    const FULL = {
        host: 'shop.example', path: '/a/b', referrer: 'https://search.example/find', title: EVERYTHING.page,
        address: '127.0.0.0', dwell_ms: '12345', source: 'search.example', channel: 'referral',
    };
    const BUY = { ...CLICK, se_la: '/cart', se_pr: 'red', se_va: '-9.99', 'x_p.size': 'L & XL', 'x_p.grün': 'ja' };
    const BOUGHT = {
        category: 'click', action: 'buy', label: '/cart', property: 'red', value: '-9.99',
        'x_p.size': 'L & XL', 'x_p.grün': 'ja',
    };
    const stored = [
        ['every field of a page view where it belongs', 'all', EVERYTHING, [{ event: 'pv', log: FULL, device: DEVICE }]],
        ['of a click its clickpath', 'all', BUY, [{ event: 'se', log: { address: '127.0.0.0' }, clickpath: BOUGHT }]],
        ['of a ping how far the page was scrolled', 'all', { e: 'pp', pp_mix: -5, pp_max: 10, pp_miy: 20, pp_may: 3000 },
            [{ event: 'pp', log: { ...PAGE, scroll_x_max: '10', scroll_y_min: '20', scroll_y_max: '3000' } }]],
        ['a title of 512 bytes', 'all', { page: 'x'.repeat(512) },
            [{ event: 'pv', log: { ...LOG, title: 'x'.repeat(512) } }]],
        ['an address of 2048 bytes', 'all', { url: LONG }, [{ event: 'pv', log: { ...LOG, path: LONG.slice(20) } }]],
        ['no referrer where that is no address', 'all', { refr: 'about:client' }, [VIEW]],
        ['nothing of pairs without a value', 'all', `${event()}&page=&eid=&res=&x_p.a=`,
            [{ ...VIEW, clickpath: { 'x_p.a': '' } }]],
        ['the page that an image without scripts is on', 'all', { url: undefined },
            [{ event: 'pv', log: { ...LOG, path: '/noscript' } }], { referer: 'https://shop.example/noscript?q=secret' }],
        ['the page that it names rather than the one it is on', 'all', { url: 'https://shop.example/named' },
            [{ event: 'pv', log: { ...LOG, path: '/named' } }], { referer: 'https://shop.example/other' }],
    ].map(([name, by, pairs, rows, headers]) => [name, by, pairs, STORED, rows, headers]);
    describe('stores', () => stored.forEach(check));

    const cut = [
        ['a page view of somebody who is measured has no clickpath', 'measured',
            { ...EVERYTHING, ...BUY, e: 'pv', url: EVERYTHING.url }, STORED, [{ event: 'pv', log: FULL, device: DEVICE }]],
        ['a click of somebody who is only measured is dropped', 'measured', BUY, dropped('no_consent')],
        ['a page view of somebody who is only followed is dropped', 'followed', EVERYTHING, dropped('no_consent')],
        ['a ping of somebody who is only followed is dropped', 'followed', { e: 'pp' }, dropped('no_consent')],
        ['a click of somebody who is only followed has neither log nor device', 'followed',
            { ...EVERYTHING, ...BUY, url: EVERYTHING.url }, STORED, [{ event: 'se', clickpath: BOUGHT }]],
    ];
    describe('is cut to what is consented:', () => cut.forEach(check));

    const addresses = [
        ['as its network', 'all', '203.0.113.77', '203.0.113.0'],
        ['as its network, for IPv6', 'all', '2001:db8:1:2:3:4:5:6', '2001:db8:1::'],
        ['whole where the site says so', 'whole', '203.0.113.77', '203.0.113.77'],
        ['not at all where the site says so', 'bare', '203.0.113.77', undefined],
        ['of the rightmost that is no trusted proxy', 'all', '198.51.100.1, 203.0.113.77, 127.0.0.1', '203.0.113.0'],
        ['of the proxy where the header is rubbish', 'all', 'unknown', '127.0.0.0'],
    ].map(([name, by, header, address]) => {
        const { address: _, ...rest } = LOG;
        return [name, by, {}, STORED, [{ event: 'pv', log: { ...rest, ...(address && { address }) } }],
            { 'x-forwarded-for': header }];
    });
    describe('keeps the address', () => addresses.forEach(check));

    const repeated = [
        ['that comes for the first time is stored', 'all', { eid: EID }, STORED, [VIEW]],
        ['that comes again is a duplicate', 'all', { eid: EID }, dropped('duplicate')],
        ['that comes again in capitals is a duplicate', 'all', { eid: EID.toUpperCase() }, dropped('duplicate')],
        ['that comes again as something else is a duplicate', 'all', { ...CLICK, eid: EID }, dropped('duplicate')],
        ["with another visitor's event id is stored", 'measured', { eid: EID }, STORED, [VIEW]],
        ['without an event id is stored each time', 'all', {}, STORED, [VIEW]],
    ];
    describe('by its event id', () => repeated.forEach(check));

    it('that happened before the choice is dropped', async () => {
        const pairs = { dtm: NOW - 3_600_000, stm: NOW };
        const { answer, rows } = await server.added(() => who.all.beacon(pairs));
        assert.deepEqual([answer.result, rows], [{ received: 1, no_consent: 1 }, []]);
    });

    describe('happened', () => {
        const MINUTE = 60_000;
        const WAITED = 40; // ms: what happened before the choice is not stored, and the choice is young
        const times = [
            ['when it was received, where it says nothing', {}, 0],
            ['as long before as it waited in the browser', { dtm: NOW - WAITED, stm: NOW }, WAITED],
            ['just as long before by a clock of another year', { dtm: 1e12, stm: 1e12 + WAITED }, WAITED],
            ['when it was received, where it was sent before it was made', { dtm: NOW, stm: NOW - MINUTE }, 0],
            ['when it was received, where it waited for more than a day', { dtm: 1e12, stm: 1e12 + 25 * 60 * MINUTE }, 0],
            ['when it was received, where it does not say when it was sent', { dtm: 1e12 }, 0],
        ];
        for (const [name, pairs, waited] of times)
            it(name, async () => {
                const began = Date.now();
                const { rows } = await server.added(() => who.all.beacon(pairs));
                const at = Number(rows[0].log.at_ms) + waited;
                assert.ok(at >= began - 5 && at <= Date.now() + 5, `${at} is not now`);
            });
    });

    describe('is answered', () => {
        it('with a picture that no cache keeps, whatever became of it', async () => {
            const answer = await who.stranger.beacon('e=rubbish');
            assert.equal(answer.body.toString('latin1', 0, 6), 'GIF89a');
            assert.equal(answer.headers['cache-control'], 'no-store');
        });

        it('at /i as at /p.gif', async () => {
            const { answer, books } = await server.added(() => who.all.ask('GET', `/i?${event()}`));
            assert.deepEqual([answer.status, answer.body.length, answer.result, books], [200, 43, STORED, STORED]);
        });

        it('to a page of the site so that its script may read the result', async () => {
            const origin = 'https://shop.example';
            const { headers } = await who.all.beacon({}, { origin });
            assert.equal(headers['access-control-allow-origin'], origin);
            assert.equal(headers['access-control-allow-credentials'], 'true');
            assert.equal(headers['access-control-expose-headers'], 'crumb-result');
            const foreign = await who.all.beacon({}, { origin: 'https://evil.example' });
            assert.equal(foreign.headers['access-control-allow-origin'], undefined);
        });

        it('without a cookie, ever', async () => {
            for (const by of Object.values(who)) assert.deepEqual((await by.beacon()).setCookies, []);
        });
    });
});

describe('POST /p', { timeout: 120_000 }, () => {
    let server, visitor;
    before(async () => {
        server = await start({ sites: { shop: site(), other: site({ origins: ['https://other.example'] }) } });
        visitor = server.visitor();
        await visitor.chose('grant');
    });
    after(() => server.end());

    const GOOD = event();
    const TWIN = event({ eid: uuid() });
    const n = (count, line) => Array.from({ length: count }, () => line).join('\n');
    const rows = [
        ['stores one event', GOOD, 204, STORED],
        ['stores an event a line', [GOOD, event(CLICK), GOOD], 204, { received: 3, stored: 3 }],
        ['takes lines that end with CR LF', `${GOOD}\r\n${GOOD}\r\n`, 204, { received: 2, stored: 2 }],
        ['skips empty lines', `\n\r\n${GOOD}\n\n\r\n${GOOD}\n\n`, 204, { received: 2, stored: 2 }],
        ['stores the good lines among bad ones', [GOOD, 'e=pv', 'rubbish', event({ aid: 'nowhere' }), GOOD], 204,
            { received: 5, stored: 2, malformed: 2, unknown_site: 1 }],
        ['stores an event once that is there twice', [TWIN, TWIN], 204, { received: 2, stored: 1, duplicate: 1 }],
        ['judges each line by the site it names', [GOOD, event({ aid: 'other' })], 204,
            { received: 2, stored: 1, bad_id: 1 }],
        ['takes 100 events', n(100, GOOD), 204, { received: 100, stored: 100 }],
        ['counts the events past 100', n(103, GOOD), 204, { received: 103, stored: 100, too_large: 3 }],
        ['refuses a body of which no line is an event', ['rubbish', '{"e":"pv"}'], 400, { received: 2, malformed: 2 }],
        ['refuses an empty body', '', 400, { received: 0 }],
        ['refuses a body of empty lines', '\n\r\n\n', 400, { received: 0 }],
        ['refuses a body of more than 64 KiB', n(50, `${GOOD}&unknown=${'x'.repeat(2000)}`), 413,
            { received: 1, too_large: 1 }],
        ['refuses a foreign page', [GOOD, GOOD], 403, { received: 2, bad_origin: 2 }, { origin: 'https://evil.example' }],
        ['refuses a page without an origin of its own', GOOD, 403, dropped('bad_origin'), { origin: 'null' }],
        ["takes a page of the site's", GOOD, 204, STORED, { origin: 'https://shop.example' }],
        ['takes what navigator.sendBeacon() sends', GOOD, 204, STORED, { 'content-type': 'text/plain;charset=UTF-8' }],
    ];
    for (const [name, body, status, result, headers] of rows)
        it(name, async () => {
            const { answer, rows: stored, books } = await server.added(() => visitor.events(body, headers));
            assert.equal(answer.status, status, answer.text);
            if (status === 204) assert.equal(answer.body.length, 0);
            else answer.error(status);
            assert.deepEqual(answer.result, result);
            assert.deepEqual(books, result);
            assert.equal(stored.length, result.stored ?? 0);
        });

    it('refuses a body past every bound before it has read it, and counts nothing', async () => {
        const { answer, books } = await server.added(() => visitor.events('x'.repeat(300 << 10)));
        assert.equal(answer.status, 413);
        assert.deepEqual(books, { received: 0 });
    });

    it('keeps order: what was sent first is first in the journal', async () => {
        const paths = Array.from({ length: 20 }, (_, i) => `/step-${i}`);
        const lines = paths.map((path) => event({ url: `https://shop.example${path}` }));
        const { rows: stored } = await server.added(() => visitor.events(lines));
        assert.deepEqual(stored.map((row) => row.log.path), paths);
    });
});

describe('an event', { timeout: 120_000 }, () => {
    it('that was stored before a restart is a duplicate after it, even after a crash', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const eids = [uuid(), uuid()];
            await visitor.beacon({ eid: eids[0] });
            await server.restart();
            assert.deepEqual((await visitor.beacon({ eid: eids[0] })).result, dropped('duplicate'));
            await visitor.beacon({ eid: eids[1] });
            await server.crash();
            await server.launch();
            for (const eid of eids) assert.deepEqual((await visitor.beacon({ eid })).result, dropped('duplicate'));
        });
    });

    it('is stale once its purpose means something else, until the visitor was asked again', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await visitor.beacon();
            await server.restart({ sites: { shop: site({ retention: { journal: '60d' } }) } });
            assert.deepEqual((await visitor.beacon()).result, dropped('stale_notice'));
            assert.equal((await visitor.consent()).ask, true);
            await visitor.chose('grant');
            assert.deepEqual((await visitor.beacon()).result, STORED);
        });
    });

    it('of a choice that has run out is dropped, and who chooses again is another visitor', async () => {
        await withServer({ sites: { shop: site({ retention: { choice: '1s', visitor: '1s' } }) } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const { id } = visitor;
            await eventually('the end of the choice', async () => (await visitor.beacon()).result.no_consent);
            await visitor.chose('grant');
            assert.notEqual(visitor.id, id);
        });
    });
});

describe('what is not consented is never on disk', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await start();
    });
    after(() => server.end());

    const marker = (name) => `NEVER-${name}-${word()}`;
    const found = (text) => server.readable().includes(text);

    // Everything a beacon can say, each with a mark of its own.
    function marked() {
        const names = ['path', 'query', 'fragment', 'user', 'title', 'referrer', 'refquery', 'lang', 'tz', 'ca', 'ac',
            'la', 'pr', 'px', 'unknown'];
        const m = Object.fromEntries(names.map((name) => [name, marker(name).slice(0, 34)]));
        const pairs = {
            url: `https://${m.user}@shop.example/${m.path}?${m.query}#${m.fragment}`,
            page: m.title,
            refr: `https://search.example/${m.referrer}?${m.refquery}`,
            lang: m.lang,
            tz: m.tz,
            se_ca: m.ca,
            se_ac: m.ac,
            se_la: m.la,
            se_pr: m.pr,
            'x_p.name': m.px,
            unknown: m.unknown,
        };
        return { m, pairs };
    }

    // Who chose what, which kinds are sent, and which marks may then be found.
    const cases = [
        ['of a stranger', null, []],
        ['of a visitor who refused', { action: 'deny' }, []],
        ['of a visitor who is only measured', { purposes: { ...NONE, analytics: true } },
            ['path', 'title', 'referrer', 'lang', 'tz']],
        ['of a visitor who is only followed', { purposes: { ...NONE, journeys: true } }, ['ca', 'ac', 'la', 'pr', 'px']],
        ['of a visitor who granted everything', { action: 'grant' },
            ['path', 'title', 'referrer', 'lang', 'tz', 'ca', 'ac', 'la', 'pr', 'px']],
    ];
    for (const [name, choice, kept] of cases)
        it(`${name}: ${kept.length ? `of all fields, only ${kept.join(' ')}` : 'nothing'}`, async () => {
            const visitor = server.visitor();
            const { m, pairs } = marked();
            if (choice) await visitor.chose(choice.action ?? 'custom', { purposes: choice.purposes });
            for (const e of ['pv', 'pp', 'se']) await visitor.beacon({ e, ...pairs });
            await visitor.events([event({ e: 'pv', ...pairs }), event({ e: 'se', ...pairs })]);
            const there = Object.keys(m).filter((field) => found(m[field]));
            assert.deepEqual(there.sort(), [...kept].sort());
        });

    it('after a withdrawal: nothing of the events that come then', async () => {
        const visitor = server.visitor();
        const { m, pairs } = marked();
        await visitor.chose('grant');
        const cookies = new Map(visitor.cookies);
        await visitor.chose('withdraw');
        visitor.cookies = cookies;
        for (const e of ['pv', 'pp', 'se']) await visitor.beacon({ e, ...pairs });
        assert.deepEqual(Object.keys(m).filter((field) => found(m[field])), []);
    });

    it('for refused pages, bad ids and broken events: nothing', async () => {
        const visitor = server.visitor();
        const { m, pairs } = marked();
        await visitor.chose('grant');
        await visitor.beacon(pairs, { origin: 'https://evil.example' });
        await visitor.beacon({ ...pairs, aid: 'nowhere' });
        await visitor.beacon(`${event(pairs)}&eid=broken`);
        await server.visitor({ headers: { cookie: 'crumb_id=forged' } }).beacon(pairs);
        assert.deepEqual(Object.keys(m).filter((field) => found(m[field])), []);
    });
});
