// Random questions about random events: crumb's answers equal those of SQL (oracle.mjs), to the last digit; sketches of
// so few visitors are exact, too. Every answer is also the same
//
//   live      while all days are open (crumb query, no server has been there)
//   sealed    once a server has sealed the days that are over; the last one may still be open
//   dirty     when events came late for sealed days, after a kill -9
//   again     when those days were sealed again, beside events that came by POST /p
//   killed, restarted   with the same results after a kill -9, and after a clean end
//
//     SEED=n NOW=ms      repeats one set as it was then: what fails says both. Its days end at NOW, which is now
//     SETS=n QUERIES=n   do more, FROM=n others: the seeds are n, n + 1, ...
//
// Not among the events: visitors enough to be a crowd, or for a sketch to be wrong.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { isDeepStrictEqual } from 'node:util';
import { Random } from '../crash/load.mjs';
import { request } from '../http/client.mjs';
import { mmdb } from '../http/mmdb.mjs';
import { Server, crumb, eventually, site } from '../http/server.mjs';
import { GOALS, PLACES, dayBefore, isDue, makeSet, startOfDate, wall } from './events.mjs';
import { DECIMALS, DIMENSIONS, ask as askSql, currencyOfRow, sqlOf, warningOf } from './oracle.mjs';
import { METRICS, makeQuery } from './queries.mjs';

const { REPLAY } = process.env;
if (!REPLAY) throw new Error('set REPLAY to bench/replay of the build folder');

const SETS = +(process.env.SETS ?? 6);
const QUERIES = +(process.env.QUERIES ?? 150);
const BY_COMMAND = 25; // a process each
const FIRST_SEED = +(process.env.SEED ?? process.env.FROM ?? 1);
const NOW = +(process.env.NOW ?? Date.now());
const DAY_MS = 86_400_000;

// ---- asking ----

const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });

function post(server, token, text) {
    const headers = { authorization: `Bearer ${token}`, 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
        const sent = http.request({ host: '127.0.0.1', port: server.private, method: 'POST', path: '/api/v2/query', headers, agent });
        sent.on('response', (message) => {
            const parts = [];
            message.on('data', (part) => parts.push(part));
            message.on('end', () => resolve({ status: message.statusCode, text: Buffer.concat(parts).toString() }));
        });
        sent.on('error', reject);
        sent.end(text);
    });
}

const byHttp = (server, token) => async (body) => {
    const { status, text } = await post(server, token, JSON.stringify(body));
    assert.equal(status, 200, `${text}\n${JSON.stringify(body)}`);
    return text;
};

const byCommand = (server) => async (body) => {
    const { code, stdout, stderr } = await server.run('query', ['--format', 'json'], JSON.stringify(body));
    assert.equal(code, 0, `${stderr}\n${JSON.stringify(body)}`);
    return stdout;
};

// ---- what a range is ----

// The days that have data, and today.
function allDays({ zone, books }, now) {
    const stored = books.filter((one) => one.stored).map(({ t }) => wall(zone, t).day);
    const today = wall(zone, now).day;
    const [first, last] = stored.length ? [stored.reduce((a, b) => (a < b ? a : b)), today] : [today, today];
    return { from: startOfDate(zone, first), to: startOfDate(zone, dayBefore(last, -1)) };
}

const echoed = ([from, to]) => ({ from: Date.parse(from), to: Date.parse(to) + 1000 });

// What was asked about, when the answer came between @before and @after; null where midnight was between.
function coveredBy(set, { range }, answer, before, after) {
    const told = echoed(answer.query.date_range);
    if (range.asked === '24h') {
        assert.ok(told.to > before && told.to <= after + 1000 && told.to - told.from === DAY_MS, '24h');
        return told;
    }
    const at = (now) => (range.asked === 'all' ? allDays(set, now) : range.at(now));
    if (JSON.stringify(at(before)) !== JSON.stringify(at(after))) return null;
    assert.deepEqual(told, { from: at(before).from, to: at(before).to }, `date_range ${JSON.stringify(range.asked)}`);
    return at(before);
}

// What `time` means by the length of a range, from its first second to its last.
function unitOf({ dimensions }, { from, to }) {
    const time = dimensions.find((name) => name.startsWith('time'));
    const hours = Math.floor((to - from - 1000) / 3_600_000);
    if (time !== 'time') return time?.slice('time:'.length);
    return hours <= 48 ? 'hour' : Math.floor(hours / 24) <= 40 ? 'day' : Math.floor(hours / 24 / 7) <= 52 ? 'week' : 'month';
}

const monday = (day) => dayBefore(day, (new Date(day).getUTCDay() + 6) % 7);
const labelOf = (zone, unit, t) => {
    const { day, hour } = wall(zone, t);
    return { hour, day, week: monday(day), month: `${day.slice(0, 7)}-01` }[unit];
};

// Every hour, day, week or month of a range.
function labelsOf(zone, unit, { from, to }) {
    const step = unit === 'hour' ? 900_000 : DAY_MS / 2, labels = new Set();
    for (let t = from; t < to; t += step) labels.add(labelOf(zone, unit, t));
    return [...labels.add(labelOf(zone, unit, to - 1))].sort();
}

// ---- what is compared with ----

const NUMBERS = {
    hour: [(label) => Date.parse(`${label.replace(' ', 'T')}Z`) / 3_600_000, (n) => new Date(n * 3_600_000).toISOString().slice(0, 19).replace('T', ' ')],
    day: [(label) => Date.parse(label) / DAY_MS, (n) => new Date(n * DAY_MS).toISOString().slice(0, 10)],
    week: [(label) => Date.parse(label) / DAY_MS / 7, (n) => new Date(Math.round(n * 7) * DAY_MS).toISOString().slice(0, 10)],
    month: [(label) => +label.slice(0, 4) * 12 + +label.slice(5, 7) - 1, (n) => new Date(Date.UTC(Math.floor(n / 12), n % 12, 1)).toISOString().slice(0, 10)],
};

// A row's dimensions in the other range: a time lies as far behind its beginning.
function moved(set, { body }, { range, other, unit }, row) {
    return body.dimensions.map((name, i) => {
        if (!name.startsWith('time')) return row[`d${i}`];
        const [number, label] = NUMBERS[unit];
        return label(number(row[`d${i}`]) - number(labelOf(set.zone, unit, range.from)) + number(labelOf(set.zone, unit, other.from)));
    });
}

const SHARES = /rate$|percentage|coverage|scroll_depth/;

function changeOf(metric, now, before) {
    if (now === null || before === null) return null;
    if (SHARES.test(metric)) return (now - before) / (DECIMALS[metric] ?? 1);
    if (now === before) return 0;
    if (before <= 0) return null;
    const change = (100 * (now - before)) / before;
    return Math.sign(change) * Math.round(Math.abs(change)) + 0; // of -0 makes 0
}

// ---- expecting ----

const value = (body, metric, x, row) => {
    if (x === null) return null;
    const number = x / (DECIMALS[metric] ?? 1);
    return metric.endsWith('revenue') ? { value: number, currency: currencyOfRow(body, row) } : number;
};
const valuesOf = (body, row) => body.metrics.map((name, i) => value(body, name, row[`m${i}`], row));

function pageOf({ pagination }, rows) {
    const { offset = 0, limit = 10_000 } = pagination ?? {};
    return rows.slice(offset, offset + limit);
}

function expectedMeta(set, { body }, { range, unit, other }, rows) {
    const { total_rows, time_labels } = body.include ?? {}, warnings = warningOf(body);
    return {
        ...(total_rows && { total_rows: rows.length }), ...(time_labels && { time_labels: labelsOf(set.zone, unit, range) }),
        ...(other && { comparison_date_range: { from: other.from, to: other.to } }), ...(warnings && { metric_warnings: warnings }),
    };
}

function expectedRow(set, query, covered, row, there) {
    const { body } = query;
    const told = { metrics: valuesOf(body, row), dimensions: body.dimensions.map((_, i) => row[`d${i}`]) };
    if (!covered.other) return told;
    const last = covered.unit && labelOf(set.zone, covered.unit, covered.other.to - 1);
    const dimensions = moved(set, query, covered, row)
        .map((text, i) => (body.dimensions[i].startsWith('time') && text > last ? null : text));
    const change = body.metrics.map((name, i) => changeOf(name, row[`m${i}`], there[`m${i}`]));
    return { ...told, comparison: { dimensions, metrics: valuesOf(body, there), change } };
}

// The answers to queries whose ranges are known.
function expect(set, queries) {
    const here = askSql(set, queries.map(({ query, covered }) => sqlOf(query.body, { ...covered.range, unit: covered.unit })));
    const pages = queries.map(({ query }, i) => pageOf(query.body, here[i]));
    const wanted = queries.flatMap(({ query, covered }, i) => (covered.other ? pages[i].map((row) => ({ query, covered, row })) : []));
    const there = askSql(set, wanted.map(({ query, covered, row }) =>
        sqlOf({ ...query.body, order_by: undefined }, { ...covered.other, unit: covered.unit },
            query.body.dimensions.length ? [moved(set, query, covered, row)] : undefined)));
    let at = 0;
    return queries.map(({ query, covered }, i) => ({
        results: pages[i].map((row) => expectedRow(set, query, covered, row, covered.other && there[at++][0])),
        meta: expectedMeta(set, query, covered, here[i]),
    }));
}

// ---- comparing ----

const tiers = new Set();

// What is compared of an answer: amounts without how people write them, warnings without their sentences.
function reduced({ results, meta: { explain, comparison_date_range: compared, metric_warnings: warnings, ...meta } }) {
    for (const [tier, n] of Object.entries(explain?.tables ?? {})) if (n) tiers.add(tier);
    const amount = (x) => (x?.currency ? { value: x.value, currency: x.currency } : x);
    const row = ({ metrics, comparison, ...rest }) => ({
        ...rest, metrics: metrics.map(amount), ...(comparison && { comparison: { ...comparison, metrics: comparison.metrics.map(amount) } }),
    });
    return {
        results: results.map(row),
        meta: {
            ...meta, ...(compared && { comparison_date_range: echoed(compared) }),
            ...(warnings && { metric_warnings: Object.fromEntries(Object.entries(warnings).map(([name, { code }]) => [name, code])) }),
        },
    };
}

// Everything that is needed to look at it by hand.
function complain(set, query, got, expected) {
    const file = join(tmpdir(), `oracle-${set.seed}.json`);
    writeFileSync(file, JSON.stringify({ query: query.body, zone: set.zone, rows: set.rows, lines: [...set.first.lines, ...set.late.lines] }, null, 1));
    const at = got.results.findIndex((row, i) => !isDeepStrictEqual(row, expected.results[i]));
    const shown = ({ results, meta }) => (at < 0 || at >= results.length
        ? `${results.length} rows, ${JSON.stringify(meta)}` : `row ${at} of ${results.length}: ${JSON.stringify(results[at])}`);
    return `SEED=${set.seed} NOW=${NOW} ${set.what}: zone ${set.zone}\nquery    ${JSON.stringify(query.body)}\n` +
        `crumb    ${shown(got)}\nSQL      ${shown(expected)}\nits ${set.rows.length} events are in ${file}`;
}

async function answer(set, query, ask) {
    const before = Date.now();
    const told = JSON.parse(await ask(query.body));
    const range = coveredBy(set, query, told, before, Date.now());
    const other = range && query.comparison?.at(range, before);
    return { query, told, covered: range && { range, other, unit: unitOf(query.body, range) } };
}

// Puts @queries to both, and gives what crumb told.
async function compare(set, queries, ask) {
    const told = [], wrong = [];
    for (const query of queries) told.push(await answer(set, query, ask));
    const known = told.filter(({ covered }) => covered);
    for (const [i, expected] of expect(set, known).entries()) {
        const got = reduced(known[i].told);
        try {
            assert.deepEqual(got, expected);
        } catch {
            wrong.push(complain(set, known[i].query, got, expected));
        }
    }
    assert.equal(wrong.length, 0, `${wrong.length} of ${known.length} answers differ:\n${wrong.slice(0, +(process.env.SHOW ?? 1)).join('\n\n')}`);
    return told.map(({ told: { results } }) => results);
}

// ---- the store ----

function replay(server, lines) {
    const { status, stdout, stderr } = spawnSync(REPLAY, ['-c', server.file, '--no-seal'], { input: lines.join('\n'), encoding: 'utf8' });
    assert.equal(status, 0, stderr);
    return JSON.parse(stdout);
}

async function untilSealed(server, zone, rows) {
    const due = new Set(rows.map(({ day }) => day).filter((day) => isDue(zone, day, Date.now())));
    await eventually('sealing', async () => (await server.metric('days_sealed_total')) >= due.size, 30_000);
    return due.size;
}

// Some people are there now, by the way that browsers take; the journal says when, and what browser it was.
async function comeNow(server, zone) {
    let n = 0;
    for (let i = 0; i < 3; i++) {
        const visitor = server.visitor();
        await visitor.chose('grant');
        const url = (path) => encodeURIComponent(`https://shop.example${path}`);
        const lines = [`aid=shop&e=pv&url=${url('/')}`, `aid=shop&e=pv&url=${url('/a')}`, `aid=shop&e=pp&url=${url('/a')}`].slice(i);
        await visitor.events(lines);
        n += lines.length;
    }
    const origin = Object.fromEntries(['referrer', 'source', 'utm_source', 'utm_medium', 'utm_campaign', 'utm_content', 'utm_term'].map((name) => [name, '']));
    const place = { country: '', country_name: '', region: '', region_name: '', city: '' };
    return (await server.dump('journal')).slice(-n).map(({ event, visitor, log, device = {} }) => ({
        t: +log.at_ms, kind: event === 'pv' ? 'view' : 'ping', visitor, ...wall(zone, +log.at_ms), page: log.path, host: log.host,
        title: '', name: event === 'pv' ? 'pageview' : null, target: event === 'pv' ? '(none)' : null, plan: null, size: null, amount: null, currency: '', dwell_ms: 0, scroll: null,
        bot: log.bot ?? '', knows_agent: +(event === 'pv'), device: device.device ?? 'unknown', os: device.os ?? '',
        os_version: device.os_version ?? '', browser: device.browser ?? '', browser_version: device.browser_version ?? '',
        ...place, language: device.language ?? '', screen: '', ...origin, channel: log.channel ?? '',
    }));
}

// The places of the events, as a database has them.
const database = () => mmdb(Object.fromEntries(PLACES.filter(({ country }) => country).map(({ ip, country, region, city }) => [
    ip.includes(':') ? '2001:db8::/32' : `${ip}/32`,
    { country: { iso_code: country }, ...(region && { subdivisions: [{ iso_code: region.slice(3) }] }), ...(city && { city: { names: { en: city } } }) },
])));

function makeServer(zone, hash) {
    const agents = join(process.env.UAP_CORE ?? '/usr/share/uap-core', 'regexes.yaml');
    const goals = GOALS.map(({ name, ...goal }) => (name === goal.event || name === `Visit ${goal.page}` ? goal : { name, ...goal }));
    const purposes = { analytics: { collects: ['log'] }, devices: { collects: ['device'] }, journeys: { collects: ['clickpath'] } };
    const server = new Server({
        // SQL keeps everything, too; and events come late for days whose journal would have gone by now.
        agents, geo: './places.mmdb', sites: { shop: site({ timezone: zone, goals, purposes, on_withdraw: 'keep', retention: { journal: '400d' } }) },
        tokens: [{ name: 'oracle', role: 'analyst', sites: ['shop'], hash }],
    });
    writeFileSync(join(server.folder, 'places.mmdb'), database());
    return server;
}

// That nothing which can be asked is forgotten here.
async function assertComplete(server, token) {
    const answer = await request(server.private, { path: '/api/v2/schema?site_id=shop', headers: { authorization: `Bearer ${token}` } });
    const { metrics, dimensions } = answer.json();
    assert.deepEqual([...METRICS].sort(), metrics.map(({ name }) => name).sort());
    const known = [...DIMENSIONS.map((name) => name.replace(/^(event:props:).*/, '$1')), 'event:goal', 'time', 'time:hour', 'time:day', 'time:week', 'time:month'];
    assert.deepEqual([...new Set(known)].sort(), dimensions.map(({ name }) => name.replace(/^(event:props:).*/, '$1')).sort());
}

// ---- one set ----

async function tryOne(seed, t) {
    // Neighbours differ from the first draw on.
    const random = new Random(createHash('sha256').update(String(seed)).digest().readInt32LE());
    const set = { seed, ...makeSet(random, NOW) };
    const { zone, first, late } = set;
    const made = await crumb(['token', '--name', 'oracle', '--role', 'analyst', '--site', 'shop']);
    const [token, entry] = made.stdout.split('\n');
    const server = makeServer(zone, /hash: ([0-9a-f]{64})/.exec(entry)[1]);
    const make = (n) => Array.from({ length: n }, () => makeQuery(random, set));
    const few = make(BY_COMMAND), many = make(QUERIES);
    const explained = few.map((query) => ({ ...query, body: { ...query.body, explain: true } }));
    const at = (what, now = {}) => {
        tiers.clear();
        return Object.assign(set, { what, ...now });
    };
    try {
        replay(server, first.lines);
        await compare(at('live', { rows: first.rows, books: first.books }), explained, byCommand(server));
        assert.deepEqual([...tiers].filter((tier) => tier !== 'live'), [], 'before anything is sealed');
        await server.launch();
        await assertComplete(server, token);
        const n_due = await untilSealed(server, zone, first.rows);
        await compare(at('sealed'), [...explained, ...many], byHttp(server, token));
        assert.ok(!n_due || tiers.has('segment') || tiers.has('rollup'), 'once days are sealed');
        await server.crash();

        replay(server, late.lines);
        await compare(at('dirty', { rows: [...first.rows, ...late.rows], books: [...first.books, ...late.books] }), few, byCommand(server));
        await server.launch();
        await untilSealed(server, zone, late.rows);
        const now = await comeNow(server, zone);
        at('again', { rows: [...set.rows, ...now], books: [...set.books, ...now.map(({ t }) => ({ t, stored: 1 }))] });
        const before = await compare(set, [...few, ...many], byHttp(server, token));
        await server.crash();
        await server.launch();
        const steady = [...few, ...many].map(({ body }) => body.date_range !== '24h');
        const after = await compare(at('killed'), [...few, ...many], byHttp(server, token));
        assert.deepEqual(after.filter((_, i) => steady[i]), before.filter((_, i) => steady[i]), `SEED=${seed} NOW=${NOW}: an answer changed by a kill -9`);
        await server.restart();
        await compare(at('restarted'), few, byHttp(server, token));
        t.diagnostic(`SEED=${seed} NOW=${NOW}: ${zone}, ${set.rows.length} events, ${few.length + many.length} queries`);
    } catch (error) {
        server.cleanup();
        throw error;
    }
    await server.end();
}

describe('the oracle', { timeout: 3_500_000 }, () => {
    for (let i = 0; i < (process.env.SEED ? 1 : SETS); i++)
        it(`agrees with SEED=${FIRST_SEED + i}`, (t) => tryOne(FIRST_SEED + i, t));
});
