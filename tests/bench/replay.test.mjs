// From an access log to answers: what crumb answers equals what a straightforward count of the same lines gives.
// LINES names a file of replay lines to check instead of the made-up log.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const root = resolve(new URL('../..', import.meta.url).pathname);
const crumb = resolve(process.env.CRUMB ?? join(root, 'build/crumb'));
const replay = resolve(process.env.REPLAY ?? join(root, 'build/bench/replay'));
const VISIT_GAP_MS = 30 * 60 * 1000;
const HLL_ERROR = 1.04 / Math.sqrt(2 ** 14); // the dense form's standard error; three of them are allowed

// A log with what real ones have: assets, errors, odd lines, visitors behind one address, a page in UTF-8.
function makeLog() {
    let state = 12345;
    const random = () => (state = (state * 1103515245 + 12345) % 2147483648) / 2147483648;
    const pages = ['/', '/products', '/products/42?size=l', '/style.css', '/about#team', '/caf%C3%A9', '/a"b', '/logo.png'];
    const lines = ['this is no log line'];
    for (let i = 0; i < 6000; i++) {
        const at = new Date(Date.UTC(2026, 2, 27, 22) + Math.floor(random() * 4 * 86400) * 1000);
        const [, day, month, year, time] = /, (\d+) (\w+) (\d+) ([\d:]+)/.exec(at.toUTCString());
        const visitor = Math.floor(random() ** 2 * 400);
        const page = pages[Math.floor(random() ** 2 * pages.length)];
        const status = random() < 0.05 ? 404 : 200;
        lines.push(`198.51.100.${visitor % 250} - - [${day}/${month}/${year}:${time} +0000] "GET ${page} HTTP/1.1" ` +
            `${status} 512 "https://search.example/?q=secret" "Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101 Firefox/${visitor}.0"`);
    }
    return lines.join('\n') + '\n';
}

// The parts by name: how a language orders them changed between versions of ICU.
const berlin = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', year: 'numeric', month: '2-digit', day: '2-digit' });

function dayOf(t) {
    const part = Object.fromEntries(berlin.formatToParts(t).map(({ type, value }) => [type, value]));
    return `${part.year}-${part.month}-${part.day}`;
}

// The straightforward count.
function countLines(lines) {
    const days = new Map(), pages = new Map(), visitors = new Set(), byVisitor = new Map();
    let pageviews = 0;
    for (const { t, visitor, purposes, event } of lines) {
        if (!purposes.includes('analytics')) continue;
        const path = new URL(new URLSearchParams(event).get('url'));
        const page = /^https:\/\/[^/]+([^?#]*)/.exec(new URLSearchParams(event).get('url'))[1];
        assert.ok(path);
        const day = dayOf(t);
        pageviews++;
        visitors.add(visitor);
        days.set(day, (days.get(day) ?? 0) + 1);
        pages.set(page, (pages.get(page) ?? 0) + 1);
        const key = `${day} ${visitor}`;
        byVisitor.set(key, [...(byVisitor.get(key) ?? []), t]);
    }
    let visits = 0, bounces = 0, duration = 0;
    for (const times of byVisitor.values()) {
        times.sort((a, b) => a - b);
        let start = 0;
        for (let i = 1; i <= times.length; i++) {
            if (i < times.length && times[i] - times[i - 1] <= VISIT_GAP_MS) continue;
            visits++;
            bounces += i - start === 1;
            duration += times[i - 1] - times[start];
            start = i;
        }
    }
    return { pageviews, days, pages, visitors: visitors.size, visits, bounces, duration };
}

let folder, config, lines, expected, books;

before(() => {
    folder = mkdtempSync(join(tmpdir(), 'crumb-replay-'));
    config = join(folder, 'crumb.yaml');
    writeFileSync(config, `data: ./data
listen: {public: 127.0.0.1:0, private: 127.0.0.1:0}
sites:
  shop:
    origins: [https://shop.example]
    timezone: Europe/Berlin
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
`);
    const text = process.env.LINES
        ? readFileSync(process.env.LINES, 'utf8')
        : spawnSync(process.execPath, [join(root, 'bench/from-access-log'), '--site', 'shop', '--consent', '0.6'],
            { input: makeLog(), encoding: 'utf8', maxBuffer: 1 << 28 }).stdout;
    lines = text.split('\n').filter(Boolean).map((line) => JSON.parse(line));
    expected = countLines(lines);
    books = JSON.parse(execFileSync(replay, ['-c', config], { input: text, encoding: 'utf8', maxBuffer: 1 << 28 }));
});

after(() => rmSync(folder, { recursive: true, force: true }));

function query(request) {
    const date_range = ['2010-01-01', '2030-01-01'];
    return JSON.parse(execFileSync(crumb, ['query', '-c', config, '--format', 'json'],
        { input: JSON.stringify({ site_id: 'shop', date_range, ...request }), encoding: 'utf8' })).results;
}

test('the books of a replay balance and count every line', () => {
    assert.equal(books.received, lines.length);
    assert.equal(books.stored, expected.pageviews);
    assert.equal(books.dropped.no_consent, lines.length - expected.pageviews);
    assert.ok(lines.length > 1000 && expected.pageviews < lines.length, 'some refuse');
});

test('page views by day equal an independent count, sealed days and the open one', () => {
    const answer = query({ metrics: ['pageviews'], dimensions: ['time:day'] });
    assert.deepEqual(answer.map(({ dimensions, metrics }) => [dimensions[0], metrics[0]]), [...expected.days].sort());
    assert.ok(books.days_sealed > 0 && books.days_sealed < expected.days.size, 'some are sealed, the last is open');
});

test('top pages equal an independent count', () => {
    const answer = query({ metrics: ['pageviews'], dimensions: ['event:page'] });
    const bytes = (a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b));
    const pages = [...expected.pages].sort((a, b) => b[1] - a[1] || bytes(a[0], b[0]));
    assert.deepEqual(answer.map(({ dimensions, metrics }) => [dimensions[0], metrics[0]]), pages);
});

test('visits, bounces and durations equal an independent count', () => {
    const [{ metrics }] = query({ metrics: ['visits', 'pageviews', 'bounce_rate', 'visit_duration', 'views_per_visit'] });
    const { visits, bounces, duration, pageviews } = expected;
    const round = (x, digits) => Math.round(x * 10 ** digits) / 10 ** digits;
    assert.deepEqual(metrics, [visits, pageviews, round((100 * bounces) / visits, 1), Math.round(duration / 1000 / visits),
        round(pageviews / visits, 2)]);
});

test("visitors are within the sketch's error", () => {
    const [{ metrics: [visitors] }] = query({ metrics: ['visitors'] });
    const bound = Math.max(1, 3 * HLL_ERROR * expected.visitors);
    assert.ok(Math.abs(visitors - expected.visitors) <= bound, `${visitors} for ${expected.visitors}`);
});

test('lines tell what was shown, answered and asked, from where and with what', () => {
    const own = mkdtempSync(join(folder, 'lines-')), file = join(own, 'crumb.yaml'), t = Date.UTC(2026, 2, 27, 12);
    writeFileSync(file, readFileSync(config, 'utf8'));
    const ua = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Mobile/15E148 Safari/604.1';
    const line = (i, more) => JSON.stringify({ t: t + i * 1000, site: 'shop', visitor: 'ann', ua, lang: 'de-AT', ...more });
    const good = [
        line(0, { shown: true }), line(1, { purposes: ['analytics'], surface: 'dialog' }), line(2, { event: 'e=pv&url=https://shop.example/', purposes: ['analytics'] }),
        line(3, { visitor: 'bob', shown: true, lang: 'en' }), line(4, { visitor: 'bob', event: 'e=pv&url=https://shop.example/' }),
        line(5, { request: { kind: 'complaint', text: 'Why?' } }), line(6, { step: { number: 1, state: 'answered', officer: 'mira', note: 'So.' } }),
        line(7, { purposes: [], surface: 'dialog', action: 'withdraw' }),
    ];
    const bad = [line(8, {}), line(9, { action: 'withdraw' }), line(10, { purposes: [], action: 'nod' }), line(11, { request: { kind: 'wish', text: '' } }),
        line(12, { step: { number: 9, state: 'answered', officer: 'mira' } })];
    const done = spawnSync(replay, ['-c', file], { input: [...good, ...bad].join('\n') + '\n', encoding: 'utf8' });
    assert.equal(done.status, 1, done.stderr);
    const told = JSON.parse(done.stdout);
    assert.deepEqual([told.lines, told.bad_lines, told.stored, told.dropped], [13, 5, 1, { no_consent: 1 }], done.stderr);
    const dump = (table) => execFileSync(crumb, ['dump', '-c', file, table], { encoding: 'utf8' }).split('\n').filter(Boolean).map((row) => JSON.parse(row));
    assert.deepEqual(dump('ledger').map(({ action, surface, lang, device }) => [action, surface, lang, device]),
        [['custom', 'dialog', 'de', 'phone'], ['withdraw', 'dialog', 'de', 'phone']]);
    assert.ok(dump('audit').some(({ act, name, object }) => act === 'request_moved' && name === 'mira' && object === 'request 1'));
    assert.match(execFileSync(crumb, ['verify', '-c', file], { encoding: 'utf8' }), /good +requests/);
});

test('from-access-log ends quietly where its reader has had enough', () => {
    const script = '"$0" "$1" --site shop | head -1; echo "${PIPESTATUS[0]}"';
    const args = ['-c', script, process.execPath, join(root, 'bench/from-access-log')];
    const { stdout, stderr } = spawnSync('bash', args, { input: makeLog(), encoding: 'utf8' });
    assert.match(stdout, /^\{.*\}\n0\n$/);
    assert.match(stderr, /^(from-access-log: 1 lines .*\n)?$/);
});

test('the store verifies, its rollups byte for byte', () => {
    const out = execFileSync(crumb, ['verify', '-c', config, '--rebuild'], { encoding: 'utf8' });
    assert.match(out, /good +rollups/);
});
