// The kinds of choice beside yes and no: the browser's signal, silence, children, renewals, and purposes that are asked
// by themselves; and what a place and a device have to do with it.
import assert from 'node:assert/strict';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { mmdb } from './mmdb.mjs';
import { uuid } from './client.mjs';
import { Server, eventually, site, withServer } from './server.mjs';

const ALL = { analytics: true, journeys: true, marketing: true };
const NONE = { analytics: false, journeys: false, marketing: false };
const GPC = { headers: { 'sec-gpc': '1' } };
const PLACES = {
    '203.0.113.0/24': { country: { iso_code: 'DE' } },
    '198.51.100.0/25': { country: { iso_code: 'US' }, subdivisions: [{ iso_code: 'CA' }] },
    '198.51.100.128/25': { country: { iso_code: 'US' }, subdivisions: [{ iso_code: 'TX' }] },
    '192.0.2.0/24': { country: { iso_code: 'AU' } },
};
const GERMANY = '203.0.113.9', CALIFORNIA = '198.51.100.7', TEXAS = '198.51.100.200', AUSTRALIA = '192.0.2.1';
const REGIMES = { default: 'opt_in', US: 'notice_only', 'US-CA': 'opt_out', AU: 'opt_out' };

// The action that crumb_choice names.
const action = (visitor) => visitor.cookies.get('crumb_choice')?.split('.')[3];

// A server that knows where its visitors are: behind a proxy, as tests all come from one address.
async function startWithPlaces(more) {
    const server = new Server();
    const file = join(server.folder, 'geo.mmdb');
    writeFileSync(file, mmdb(PLACES));
    const sites = { shop: site({ regimes: REGIMES, ...more }) };
    server.configure({ geo: 'geo.mmdb', trusted_proxies: ['127.0.0.1'], sites });
    await server.launch();
    return Object.assign(server, { geo: file });
}

const from = (server, address, headers = {}) => server.visitor({ headers: { 'x-forwarded-for': address, ...headers } });

describe('choices by place', { timeout: 120_000 }, () => {
    let server;
    before(async () => {
        server = await startWithPlaces();
    });
    after(() => server.end());

    const last = async () => (await server.dump('ledger')).at(-1);

    for (const [where, address, country, regime] of [
        ['Germany', GERMANY, 'DE', 'opt_in'],
        ['California', CALIFORNIA, 'US', 'opt_out'],
        ['Texas', TEXAS, 'US', 'notice_only'],
        ['nowhere', '10.1.2.3', null, 'opt_in'],
    ])
        it(`name the country and the regime of ${where}`, async () => {
            const visitor = from(server, address);
            const receipt = await visitor.chose('grant');
            assert.deepEqual([receipt.country, receipt.regime], [country, regime]);
            const record = await last();
            assert.deepEqual([record.country, record.regime], [country, regime]);
            const row = (await server.dump('visitors')).find((each) => each.visitor === visitor.id);
            assert.deepEqual([row.country, row.regime], [country, regime]);
            assert.ok(!server.readable().includes(address), 'the address is kept nowhere');
        });

    for (const [what, headers, device] of [
        ['a phone', { 'sec-ch-ua-mobile': '?1', 'user-agent': 'Mozilla/5.0 (Linux; Android 10; K)' }, 'phone'],
        ['a tablet', { 'user-agent': 'Mozilla/5.0 (iPad; CPU OS 17_2 like Mac OS X)' }, 'tablet'],
        ['a desktop', { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:121.0)' }, 'desktop'],
        ['something', { 'user-agent': 'curl/7.88.1' }, 'unknown'],
    ])
        it(`name the kind of device: ${what}`, async () => {
            const receipt = await from(server, GERMANY, headers).chose('deny');
            assert.equal(receipt.device, device);
            assert.equal((await last()).device, device);
        });

    it('are implied where silence is one, and then collect', async () => {
        for (const address of [CALIFORNIA, TEXAS, AUSTRALIA]) {
            const visitor = from(server, address);
            const receipt = await visitor.chose('implied');
            assert.deepEqual([receipt.action, receipt.purposes], ['implied', ALL]);
            assert.equal(action(visitor), 'implied');
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
        }
    });

    it('are not implied anywhere else: unknown is no', async () => {
        for (const address of [GERMANY, '10.1.2.3', 'rubbish']) {
            const answer = await from(server, address).choose('implied');
            assert.match(answer.error(400), /opt_in/);
            assert.deepEqual(answer.setCookies, []);
        }
    });

    it('are never implied under the signal, which ends an implied one', async () => {
        assert.match((await from(server, CALIFORNIA).choose('implied', GPC)).error(400), /privacy signal/);
        const visitor = from(server, CALIFORNIA);
        await visitor.chose('implied');
        assert.deepEqual((await visitor.beacon({}, GPC.headers)).result, { received: 1, gpc: 1 });
        const { id } = visitor;
        await visitor.chose('gpc', GPC);
        assert.equal(visitor.id, undefined);
        assert.ok(!(await server.dump('visitors')).some((row) => row.visitor === id));
        assert.match((await visitor.choose('implied')).error(400), /privacy signal/);
    });

    it('are not implied over a refusal', async () => {
        const visitor = from(server, CALIFORNIA);
        await visitor.chose('deny');
        const before = await server.dump('ledger');
        const answer = await visitor.choose('implied');
        assert.equal(answer.status, 200);
        assert.deepEqual([answer.json(), answer.setCookies], [{ receipt: null }, []]);
        assert.equal(action(visitor), 'deny');
        assert.deepEqual(await server.dump('ledger'), before);
        assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
    });

    it('that silence made end where the law wants an answer: after a change of the configuration, and on a journey', async () => {
        const visitor = from(server, AUSTRALIA);
        await visitor.chose('implied');
        const { sites, ...config } = server.config;
        const asked = async () => (await visitor.ask('GET', '/v1/consent?site=shop')).json();
        assert.deepEqual([(await asked()).ask, (await asked()).action], [false, 'implied']);
        await server.reload({ ...config, sites: { shop: { ...sites.shop, regimes: { default: 'opt_in' } } } });
        assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
        assert.deepEqual([(await asked()).ask, Object.values((await asked()).purposes).filter(Boolean)], [true, []]);
        (await from(server, AUSTRALIA).choose('implied')).error(400);
        await server.reload({ ...config, sites });
        assert.deepEqual((await visitor.beacon({ eid: uuid() })).result, { received: 1, stored: 1 });
        visitor.headers = from(server, GERMANY).headers;
        assert.deepEqual((await visitor.beacon({ eid: uuid() })).result, { received: 1, no_consent: 1 });
        assert.equal((await asked()).ask, true);
        const { id } = visitor;
        await visitor.chose('dismiss'); // keeps no choice: what it would keep is none here
        const rested = (await visitor.ask('GET', '/v1/me?site=shop')).json().visitor;
        assert.deepEqual([visitor.id, rested.id, Object.values(rested.choice.purposes).filter(Boolean)], [id, id, []]);
        visitor.headers = from(server, AUSTRALIA).headers;
        assert.deepEqual((await visitor.beacon({ eid: uuid() })).result, { received: 1, no_consent: 1 });
    });

    it('know other places after SIGHUP, and none where the file is broken', async () => {
        const country = async () => (await from(server, GERMANY).chose('deny')).country;
        const hup = () => server.reload(server.config);
        assert.equal(await country(), 'DE');
        writeFileSync(server.geo, mmdb({ '203.0.113.0/24': { country_code: 'FR' } }));
        assert.equal(await country(), 'DE', 'what was read stays until the reload');
        await hup();
        assert.equal(await country(), 'FR');
        server.expect(/^crumb: warning: geo: .*geo\.mmdb .*; every country is unknown until /);
        for (const broken of [Buffer.alloc(0), Buffer.from('rubbish'), mmdb(PLACES).subarray(0, 500), null]) {
            if (broken) writeFileSync(server.geo, broken);
            else rmSync(server.geo);
            await hup();
            assert.equal(await country(), null);
        }
        writeFileSync(server.geo, mmdb(PLACES));
        await hup();
        assert.equal(await country(), 'DE');
        // Cut off under a running server: what was read stays.
        writeFileSync(server.geo, '');
        assert.equal(await country(), 'DE');
    });
});

describe('the signal', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await startWithPlaces();
    });
    after(() => server.end());

    it('is recorded once, as its own kind, and refuses everything', async () => {
        const visitor = server.visitor();
        const receipt = await visitor.chose('gpc', GPC);
        assert.deepEqual([receipt.action, receipt.gpc, receipt.purposes], ['gpc', true, NONE]);
        assert.equal(action(visitor), 'gpc');
        assert.equal(visitor.id, undefined);
        const before = await server.dump('ledger');
        const again = await visitor.choose('gpc', GPC);
        assert.deepEqual([again.status, again.json(), again.setCookies], [200, { receipt: null }, []]);
        assert.deepEqual(await server.dump('ledger'), before);
        assert.equal((await visitor.consent()).ask, false);
    });

    it('that comes after a grant is obeyed by what GET /v1/consent says, as by beacons, and while it is there', async () => {
        const newer = server.visitor(), older = server.visitor();
        await newer.chose('grant');
        await older.chose('grant', GPC);
        for (const [visitor, granted] of [[newer, NONE], [older, ALL]]) {
            const told = async (headers) =>
                (await visitor.ask('GET', '/v1/consent?site=shop', { headers })).json().purposes;
            assert.deepEqual(await told(GPC.headers), granted);
            assert.equal((await visitor.beacon({}, GPC.headers)).result.stored, granted === ALL ? 1 : undefined);
            assert.deepEqual(await told({}), ALL);
        }
    });

    it('silences what was implied, for purposes that collect nothing, too', async () => {
        const purposes = { ads: { collects: [] } };
        const sites = { shop: site({ purposes, regimes: { default: 'opt_out' } }) };
        await withServer({ sites }, async (other) => {
            const visitor = other.visitor();
            await visitor.chose('implied');
            assert.deepEqual((await visitor.consent()).purposes, { ads: true });
            const answer = await visitor.ask('GET', '/v1/consent?site=shop', GPC);
            assert.deepEqual(answer.json().purposes, { ads: false });
        });
    });

    it('is taken by the word of the script where the browser sends no field, but not against it', async () => {
        const receipt = await server.visitor().chose('gpc');
        assert.equal(receipt.gpc, true);
        for (const value of ['0', 'true', '?1'])
            assert.match((await server.visitor().choose('gpc', { headers: { 'sec-gpc': value } })).error(400), /Sec-GPC/);
    });

    it('gives way to an explicit choice that comes later, which then stands under it', async () => {
        for (const headers of [GPC.headers, {}]) {
            const visitor = server.visitor({ headers });
            await visitor.chose('gpc');
            const receipt = await visitor.chose('grant');
            assert.equal(receipt.gpc, true);
            assert.deepEqual((await visitor.beacon({}, GPC.headers)).result, { received: 1, stored: 1 });
            assert.equal((await visitor.choose('gpc')).status, 200, 'the choice stands');
            assert.equal(action(visitor), 'grant');
        }
    });

    it('ends what was granted before it was there, and is recorded', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const { id } = visitor;
        assert.equal((await visitor.chose('gpc', GPC)).action, 'gpc');
        assert.deepEqual([action(visitor), visitor.id], ['gpc', undefined]);
        assert.ok(!(await server.dump('visitors')).some((row) => row.visitor === id));
    });

    it('needs no notice that was read', async () => {
        assert.equal((await server.visitor().chose('gpc', { notice: '0' })).action, 'gpc');
    });
});

describe('a child', { timeout: 60_000 }, () => {
    let server;
    before(async () => {
        server = await startWithPlaces();
    });
    after(() => server.end());

    it('consents to nothing, then or later', async () => {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const receipt = await visitor.chose('minor');
        assert.deepEqual([receipt.action, receipt.purposes], ['minor', NONE]);
        assert.equal(visitor.id, undefined);
        for (const [later, more] of [['grant'], ['custom', { purposes: ALL }], ['renew', { purposes: ALL }], ['withdraw'], ['dismiss'], ['gpc']]) {
            const record = await visitor.chose(later, more);
            assert.deepEqual([record.action, record.purposes], ['minor', NONE], later);
            assert.equal(action(visitor), 'minor');
            assert.equal(visitor.id, undefined);
        }
        const implied = from(server, CALIFORNIA);
        await implied.chose('minor');
        assert.equal((await implied.chose('implied')).action, 'minor');
        assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
    });
});

describe('purposes that are asked by themselves', { timeout: 60_000 }, () => {
    const purposes = {
        analytics: { collects: ['log', 'device'] },
        journeys: { collects: ['clickpath'], separate: true },
        marketing: { collects: [], separate: true },
    };
    let server;
    before(async () => {
        server = await startWithPlaces({ purposes });
    });
    after(() => server.end());

    it('are told in the notice', async () => {
        const { notice } = await server.visitor().notice();
        assert.deepEqual(notice.purposes.map(({ separate }) => separate), [false, true, true]);
    });

    for (const [name, said, granted] of [
        ['are left out of a grant that does not name them', undefined, { ...NONE, analytics: true }],
        ['are granted where a grant names them', { journeys: true }, { ...ALL, marketing: false }],
        ['are refused where a grant says so', { journeys: true, marketing: false }, { ...ALL, marketing: false }],
        ['may all be granted', ALL, ALL],
    ])
        it(name, async () => {
            const visitor = server.visitor();
            const receipt = await visitor.chose('grant', said && { purposes: said });
            assert.deepEqual([receipt.action, receipt.purposes], ['grant', granted]);
            const click = await visitor.beacon({ e: 'se', se_ca: 'click' });
            assert.equal(click.result[granted.journeys ? 'stored' : 'no_consent'], 1);
        });

    it('are never implied', async () => {
        const receipt = await from(server, CALIFORNIA).chose('implied');
        assert.deepEqual(receipt.purposes, { ...NONE, analytics: true });
    });
});

describe('a choice', { timeout: 180_000 }, () => {
    it('is renewed by the same visitor, and the period begins again', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            const { id } = visitor;
            const receipt = await visitor.chose('renew', { purposes: { ...ALL, journeys: false } });
            assert.deepEqual([receipt.action, receipt.purposes.journeys], ['renew', false]);
            assert.equal(visitor.id, id);
            assert.equal(action(visitor), 'renew');
            assert.deepEqual((await visitor.beacon()).result, { received: 1, stored: 1 });
        });
    });

    it('that ended by its age is none any more, whatever the cookie says', async () => {
        const retention = { choice: '4s', refusal: '4s' };
        await withServer({ sites: { shop: site({ retention, regimes: { default: 'opt_out' } }) } }, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('deny');
            const kept = visitor.cookies.get('crumb_choice'); // as a browser does whose clock stands still
            assert.equal((await visitor.choose('implied')).status, 200);
            await eventually('the refusal being forgotten', async () => {
                visitor.cookies.set('crumb_choice', kept);
                return (await visitor.choose('implied')).status === 201;
            });
        });
    });

    it('to refuse takes the id away that another tab was given meanwhile', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            const refusal = await visitor.choose('deny');
            await visitor.chose('grant');
            visitor.keep(refusal); // its answer is the last to arrive
            assert.deepEqual([action(visitor), visitor.id], ['deny', undefined]);
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
        });
    });

    it('knows nothing of a purpose that came later', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('grant');
            await server.reload({ sites: { shop: site({ purposes: { ...site().purposes, video: { collects: ['log'] } } }) } });
            const { purposes, ask } = await visitor.consent();
            assert.deepEqual([purposes, ask], [ALL, true]);
        });
    });

    it('to refuse that is closed over stays a refusal', async () => {
        await withServer({}, async (server) => {
            const visitor = server.visitor();
            await visitor.chose('deny');
            const before = visitor.cookies.get('crumb_choice');
            const { status, setCookies } = await visitor.choose('dismiss', { surface: 'dialog' });
            assert.deepEqual([status, setCookies], [201, []]);
            assert.equal(visitor.cookies.get('crumb_choice'), before);
        });
    });

    it('that expired leaves no visitor in the store, and others stay', async () => {
        const sites = { shop: site({ retention: { choice: '1s', visitor: '1s' } }), other: site({ origins: ['https://other.example'] }) };
        await withServer({ sites }, async (server) => {
            const visitor = server.visitor(), stays = server.visitor({ site: 'other' });
            await visitor.chose('grant');
            await stays.chose('grant');
            await visitor.beacon();
            await eventually('the row being removed', async () => {
                const ids = (await server.dump('visitors')).map((row) => row.visitor);
                return ids.length === 1 && ids[0] === stays.id;
            }, 90_000);
            assert.deepEqual((await visitor.beacon()).result, { received: 1, no_consent: 1 });
            assert.ok((await server.metric('visitors_expired_total')) >= 1);
            const { id } = visitor;
            await visitor.chose('grant');
            assert.notEqual(visitor.id, id, 'an expired id does not come back to life');
        });
    });
});
