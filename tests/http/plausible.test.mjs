// Every example of the documentation of Plausible's Stats API v2 (https://plausible.io/docs/stats-api), one after the
// other: the request as it stands there, but for site_id, and what it answers about a few visits.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { request } from './client.mjs';
import { mmdb } from './mmdb.mjs';
import { Server, crumb, site } from './server.mjs';

const { REPLAY } = process.env;
if (!REPLAY) throw new Error('set REPLAY to bench/replay of the build folder');

const DAY_MS = 86_400_000;
// The examples ask about today, so that none may begin in its last minutes.
const EXAMPLES_MS = 120_000;
const left = DAY_MS - Date.now() % DAY_MS;
if (left < EXAMPLES_MS) await sleep(left);
const NOW = Date.now(), TODAY = Math.floor(NOW / DAY_MS) * DAY_MS;
const dayOf = (t) => new Date(t).toISOString().slice(0, 10);
const daysAgo = (n, hour, minute = 0) => TODAY - n * DAY_MS + (60 * hour + minute) * 60_000;
const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0';
const TALLINN = '192.0.2.1', SAN_FRANCISCO = '198.51.100.1', NOWHERE = '203.0.113.1';

const PLACES = {
    [`${TALLINN}/32`]: { country: { iso_code: 'EE' }, city: { names: { en: 'Tallinn' } } },
    [`${SAN_FRANCISCO}/32`]: { country: { iso_code: 'US' }, subdivisions: [{ iso_code: 'CA' }], city: { names: { en: 'San Francisco' } } },
};
const GOALS = [
    { event: 'Signup' }, { name: 'North America Purchases', event: 'Order', currency: 'USD' },
    { event: 'PurchaseUSD', currency: 'USD' }, { event: 'PurchaseEUR', currency: 'EUR' }, { page: '/' },
];

const line = (t, visitor, ip, pairs) => JSON.stringify({
    t, site: 'shop', visitor, ip, ua: FIREFOX, purposes: ['analytics', 'journeys'], event: new URLSearchParams(pairs).toString(),
});
const view = (t, visitor, ip, path, more) => line(t, visitor, ip, { e: 'pv', url: `https://shop.example${path}`, ...more });
const event = (t, visitor, ip, path, name, more) =>
    line(t, visitor, ip, { e: 'se', se_ca: 'event', se_ac: name, url: `https://shop.example${path}`, ...more });

// Somebody is there now, or was just after midnight.
const EVE = Math.max(TODAY, NOW - 60_000);
const LINES = [
    view(Date.parse('2024-08-03T12:00:00Z'), 'old', NOWHERE, '/'),
    view(daysAgo(3, 10, 0), 'ann', TALLINN, '/blog/a?utm_source=twitter&utm_medium=social'),
    view(daysAgo(3, 10, 1), 'ann', TALLINN, '/pricing'),
    event(daysAgo(3, 10, 2), 'ann', TALLINN, '/pricing', 'Signup', { 'x_p.is_customer': 'false' }),
    event(daysAgo(3, 10, 3), 'ann', TALLINN, '/thanks', 'Order', { se_va: '19.90', x_cur: 'USD' }),
    view(daysAgo(3, 11, 0), 'ben', SAN_FRANCISCO, '/docs/x?utm_campaign=Referral', { refr: 'https://www.google.com/', 'x_p.is_customer': 'true' }),
    view(daysAgo(3, 11, 1), 'ben', SAN_FRANCISCO, '/'),
    view(daysAgo(2, 9, 0), 'cay', NOWHERE, '/Blog/B'),
    view(daysAgo(2, 12, 0), 'dan', TALLINN, '/'),
    event(daysAgo(2, 12, 1), 'dan', TALLINN, '/', 'PurchaseEUR', { se_va: '5', x_cur: 'EUR', 'x_p.is_customer': 'true' }),
    view(EVE, 'eve', NOWHERE, '/'),
];

const row = (dimensions, ...metrics) => ({ metrics, dimensions });
const [D1, D2] = [dayOf(daysAgo(3, 0)), dayOf(daysAgo(2, 0))];

// { query, results, meta }; site_id is put before.
const EXAMPLES = {
    'Simple aggregate query': {
        query: { metrics: ['visitors', 'events'], date_range: '7d' },
        results: [row([], 4, 9)],
    },
    'Custom date range': {
        query: { metrics: ['visitors'], date_range: ['2024-08-01', '2024-08-15'] },
        results: [row([], 1)],
    },
    'Country and city analysis': {
        query: { metrics: ['visitors', 'pageviews', 'bounce_rate'], date_range: '7d', filters: [['is_not', 'visit:country_name', ['']]],
            dimensions: ['visit:country_name', 'visit:city_name'] },
        results: [row(['Estonia', 'Tallinn'], 2, 3, 0), row(['United States', 'San Francisco'], 1, 2, 0)],
    },
    'UTM medium, source analysis': {
        query: { metrics: ['visitors', 'events', 'pageviews'], date_range: '7d', dimensions: ['visit:utm_medium', 'visit:utm_source'] },
        results: [row(['', ''], 3, 5, 4), row(['social', 'twitter'], 1, 4, 2)],
    },
    'Filtering by page and country': {
        query: { metrics: ['visitors'], date_range: '7d', filters: [
            ['contains', 'event:page', ['/docs', '/pricing']],
            ['or', [
                ['not', ['is', 'visit:utm_campaign', ['Referral']]],
                ['is', 'visit:country_name', ['Estonia', 'United States of America']],
            ]],
        ] },
        results: [row([], 1)],
    },
    'Case insensitive filtering': {
        query: { metrics: ['visitors'], date_range: '7d', filters: [['contains', 'event:page', ['blog'], { case_sensitive: false }]] },
        results: [row([], 2)],
    },
    // Systems are called as uap-core calls them: Linux, Mac OS X.
    'Timeseries query': {
        query: { metrics: ['visitors', 'events'], date_range: '7d', filters: [['is', 'visit:os', ['GNU/Linux', 'Mac']]], dimensions: ['time:day'] },
        results: [],
    },
    'Timeseries query hourly, with labels': {
        query: { metrics: ['visitors'], date_range: 'day', dimensions: ['time:hour'], include: { time_labels: true } },
        results: [row([`${dayOf(EVE)} ${new Date(EVE).toISOString().slice(11, 13)}:00:00`], 1)],
        meta: { time_labels: Array.from({ length: 24 }, (_, hour) => `${dayOf(NOW)} ${String(hour).padStart(2, '0')}:00:00`) },
    },
    'Using custom properties': {
        query: { metrics: ['visitors'], date_range: '7d', dimensions: ['time:day', 'event:props:is_customer'],
            order_by: [['time:day', 'asc'], ['event:props:is_customer', 'desc']] },
        results: [row([D1, 'true'], 1), row([D1, 'false'], 1), row([D1, '(none)'], 2), row([D2, 'true'], 1), row([D2, '(none)'], 2)],
    },
    'Pagination for UTM sources': {
        query: { metrics: ['visitors', 'events', 'pageviews'], date_range: '7d', dimensions: ['visit:utm_medium', 'visit:utm_source'],
            include: { total_rows: true }, pagination: { limit: 3, offset: 1 } },
        results: [row(['social', 'twitter'], 1, 4, 2)],
        meta: { total_rows: 2 },
    },
    'Including imported data': {
        query: { metrics: ['visitors'], date_range: 'all', dimensions: ['visit:source'], include: { imports: true } },
        results: [row([''], 4), row(['Google'], 1), row(['X'], 1)],
        meta: { imports_included: false },
    },
    'Including imported data failed': {
        query: { metrics: ['visitors'], date_range: 'all', dimensions: ['visit:source'], filters: [['is', 'visit:country_name', ['Estonia']]],
            include: { imports: true } },
        results: [row([''], 1), row(['X'], 1)],
        meta: { imports_included: false },
    },
    'Revenue metrics': {
        query: { metrics: ['total_revenue'], date_range: 'all', dimensions: ['event:goal'] },
        results: [
            row(['North America Purchases'], { value: 19.9, currency: 'USD', short: '$19.90', long: '$19.90' }),
            row(['PurchaseEUR'], { value: 5, currency: 'EUR', short: '€5.00', long: '€5.00' }),
            row(['Signup'], null), row(['Visit /'], null),
        ],
    },
    'Revenue metrics could not be calculated': {
        query: { metrics: ['total_revenue'], date_range: 'all', filters: [['is', 'event:goal', ['PurchaseUSD', 'PurchaseEUR']]] },
        results: [row([], null)],
        warnings: { total_revenue: 'no_single_revenue_currency' },
    },
    'Behavioral filters': {
        query: { metrics: ['visitors'], date_range: 'all', filters: [['is', 'event:goal', ['Signup']], ['has_done', ['is', 'event:page', ['/pricing']]]] },
        results: [row([], 1)],
    },
};

// What the answer says of the query: defaults filled in, the range as two times.
function checkEcho(asked, { date_range: range, ...echo }) {
    const { metrics, dimensions = [], filters = [], include = {}, pagination, order_by } = asked;
    const time = dimensions.filter((name) => name.startsWith('time:')).map((name) => [name, 'asc']);
    assert.deepEqual(echo, {
        site_id: 'shop', metrics, filters, dimensions, order_by: order_by ?? [...time, [metrics[0], 'desc']], include,
        pagination: pagination ?? { offset: 0, limit: 10_000 },
    });
    assert.equal(range.length, 2);
    for (const text of range) assert.match(text, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
}

const SEGMENT = [['is', 'visit:country_name', ['Germany']]];
const OTHER = [['is', 'visit:country_name', ['Estonia']]];
const SEGMENTS = [{ id: '2', filters: JSON.stringify(SEGMENT) }, { id: '3', filters: JSON.stringify(OTHER) },
    { id: '4', filters: '[["is", "segment", [2]]]' }, { id: 'pages', filters: '[["contains", "event:page", ["/"]]]' }];

describe('the examples of the Plausible Stats API v2', { timeout: 60_000 }, () => {
    let server, token;
    before(async () => {
        const made = await crumb(['token', '--name', 'reader', '--role', 'analyst', '--site', 'shop']);
        token = made.stdout.split('\n')[0];
        const hash = /hash: ([0-9a-f]{64})/.exec(made.stdout)[1];
        const shop = site({ goals: GOALS, segments: SEGMENTS, retention: { journal: '5y', segments: '5y' } });
        server = new Server({
            geo: './places.mmdb', agents: join(process.env.UAP_CORE ?? '/usr/share/uap-core', 'regexes.yaml'), sites: { shop },
            tokens: [{ name: 'reader', role: 'analyst', sites: ['shop'], hash }],
        });
        writeFileSync(join(server.folder, 'places.mmdb'), mmdb(PLACES));
        const { status, stderr } = spawnSync(REPLAY, ['-c', server.file], { input: LINES.join('\n'), encoding: 'utf8' });
        assert.equal(status, 0, stderr);
        await server.launch();
    });
    after(() => server.end());

    const post = (body) => request(server.private, {
        method: 'POST', path: '/api/v2/query', body: JSON.stringify({ site_id: 'shop', ...body }),
        headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    });

    for (const [title, { query, results, meta = {}, warnings }] of Object.entries(EXAMPLES))
        it(title, async () => {
            const answer = await post(query);
            assert.equal(answer.status, 200, answer.text);
            const { meta: { metric_warnings, ...told }, ...body } = answer.json();
            assert.deepEqual(Object.keys(body), ['results', 'query']);
            assert.deepEqual(body.results, results);
            assert.deepEqual(told, meta);
            checkEcho(query, body.query);
            assert.deepEqual(Object.fromEntries(Object.entries(metric_warnings ?? {}).map(([name, { code }]) => [name, code])), warnings ?? {});
            for (const { warning } of Object.values(metric_warnings ?? {})) assert.match(warning, /^Revenue .*\.$/);
        });

    it('Filtering by segment', async () => {
        const ask = async (filters) => (await post({ metrics: ['visitors', 'events'], filters, date_range: '7d' }));
        const of = async (...filters) => (await ask(filters)).json().results;
        const [all, some] = [await of(), await of(...SEGMENT)];
        assert.notDeepEqual(all, some);
        assert.deepEqual(await of(['is', 'segment', [2]]), some);
        assert.deepEqual(await of(['is', 'segment', ['2']], ...SEGMENT), some);
        assert.deepEqual(await of(['is_not', 'segment', [2]]), await of(['not', ['and', SEGMENT]]));
        assert.deepEqual(await of(['or', [['is', 'segment', [2]], ['is', 'segment', [2, 3]]]]), await of(['or', [...SEGMENT, ...OTHER]]));
        assert.deepEqual(await of(['is', 'segment', [2]], ['is_not', 'event:page', ['/no', 'segment']]), some);
        const dwell = (...filters) => post({ metrics: ['time_on_page'], filters, date_range: '7d' });
        const [spelled, saved] = [await dwell(['contains', 'event:page', ['/']]), await dwell(['is', 'segment', ['pages']])];
        assert.equal(spelled.status, 200);
        assert.deepEqual(saved.json().results, spelled.json().results);
        assert.match((await dwell(['is', 'segment', [2]])).error(400), /^metrics\[0\]: "time_on_page" cannot be told here/);
        assert.match((await ask([['is', 'segment', [7]]])).error(400), /^filters: segment "7" is not among the `segments`/);
        assert.match((await ask([['is', 'segment', [4]]])).error(400), /^filters: a segment of the configuration names another/);
        assert.match((await ask([['contains', 'segment', [2]]])).error(400), /^filters\[0\]: must be \["is", "segment", \[ids\]\]/);
        assert.match((await ask([['is', 'segment', [{}]]])).error(400), /^filters\[0\]\[2\]\[0\]: must be the id of a segment/);
    });
});
