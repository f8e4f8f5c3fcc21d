// docs/query-api.md has every name of the query interface, and what it says of ranges and exactness is so.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { blocksOf, proseOf, quoted, rows, section } from './documents.mjs';
import { defines } from './sources.mjs';
import { Stage, isBefore } from './stage.mjs';

const FILE = 'docs/query-api.md';
const ZONE = 'Europe/Berlin';
const DAY_MS = 86_400_000;

let stage;
before(async () => {
    stage = await Stage.build();
    for (const block of blocksOf(FILE).filter(isBefore)) assert.equal((await stage.run(block)).code, 0, block.place);
});
after(() => stage?.end());

const QUERY = { site_id: 'shop', metrics: ['visits'], date_range: ['2026-02-02', '2026-02-05'] };
const firsts = (heading) => rows(section(FILE, heading)).flatMap(([cell]) => quoted(cell));

// What a metric asks of the rest of the query, by the words of the schema.
const NEEDS = { 'a dimension': ['event:page'], 'event:page as dimension or filter': ['event:page'],
    'event:goal as dimension or filter': ['event:goal'] };

test('every metric is explained, with its unit and what it needs', async () => {
    const { metrics } = await stage.schema();
    const told = new Map(rows(section(FILE, 'Metrics')).filter((row) => row.length === 3)
        .map(([name, unit]) => [quoted(name)[0], unit]));
    assert.deepEqual([...told.keys()].sort(), metrics.map(({ name }) => name).sort());
    const needs = new Map(rows(section(FILE, 'Metrics')).flatMap(([need, names]) =>
        quoted(names ?? '').map((name) => [name, need])));
    for (const { name, unit, decimals, requires } of metrics) {
        const words = { pageviews: 'page views', 'pageviews per visit': 'page views a visit' };
        assert.ok(told.get(name).startsWith(words[unit] ?? unit), `${name}: ${unit}`);
        assert.equal(/(one|two) decimals?$/.exec(told.get(name))?.[1], { 1: 'one', 2: 'two' }[decimals], name);
        if (requires) assert.ok(needs.has(name), name);
        const query = { ...QUERY, metrics: [name], dimensions: NEEDS[requires] ?? [] };
        const { status, answer } = await stage.query(query);
        assert.equal(status, 200, JSON.stringify(answer));
        if (!NEEDS[requires]) continue;
        const refused = await stage.query({ ...query, dimensions: [] });
        assert.equal(refused.status, 400);
        assert.match(refused.answer.error, /cannot be told here/);
    }
});

test('every dimension is explained and answered', async () => {
    const { dimensions } = await stage.schema();
    assert.deepEqual(firsts('Dimensions').sort(), dimensions.map(({ name }) => name).sort());
    for (const { name, filters } of dimensions) {
        const { status, answer } = await stage.query({ ...QUERY, dimensions: [name] });
        assert.equal(status, 200, JSON.stringify(answer));
        const value = name === 'event:goal' ? 'order' : 'x';
        const filtered = await stage.query({ ...QUERY, filters: [['is', name, [value]]] });
        assert.equal(filtered.status, filters ? 200 : 400, name);
    }
});

test('every filter of the table is understood', async () => {
    const operators = [...new Set(firsts('Filters').map((text) => /^\["(\w+)"/.exec(text)[1]))];
    assert.equal(operators.length, 11);
    const leaf = ['is', 'event:page', ['/']];
    for (const operator of operators) {
        const filter = /^(and|or)$/.test(operator) ? [operator, [leaf]]
            : /^(not|has_)/.test(operator) ? [operator, leaf] : [operator, 'event:page', ['/']];
        const { status, answer } = await stage.query({ ...QUERY, filters: [filter] });
        assert.equal(status, 200, `${operator}: ${JSON.stringify(answer)}`);
    }
});

// What a refusal of an unknown key says that is known.
async function knownKeys(query) {
    const { status, answer } = await stage.query(query);
    assert.equal(status, 400);
    return /is not a key of it; this version knows (.*)$/.exec(answer.error)[1].split(', ').sort();
}

test('every key of a request is explained', async () => {
    assert.deepEqual(firsts('The request').sort(), await knownKeys({ ...QUERY, slip: 1 }));
    assert.deepEqual(firsts('Include').sort(), await knownKeys({ ...QUERY, include: { slip: 1 } }));
    for (const key of await knownKeys({ ...QUERY, pagination: { slip: 1 } }))
        assert.ok(quoted(section(FILE, 'Pages of rows')).includes(key), key);
});

test('the defaults of a request are what happens where a key is left out', async () => {
    const { answer } = await stage.query(QUERY);
    for (const [key, , fallback] of rows(section(FILE, 'The request')).filter((row) => row[2].startsWith('`')))
        assert.deepEqual(answer.query[quoted(key)[0]], JSON.parse(quoted(fallback)[0]), key);
});

test('every field of the export is explained, in its order', async () => {
    const { code, output } = await stage.run({ text: 'build/crumb export -c crumb.yaml --site shop --format csv | head -n 1' });
    assert.equal(code, 0);
    const fields = rows(section(FILE, 'Export')).filter(([cell]) => !cell.startsWith('`--')).flatMap(([cell]) => quoted(cell));
    assert.deepEqual(fields, output.trim().split(','));
});

// ---- date ranges ----

const iso = (ms) => new Date(ms).toISOString().slice(0, 19);
const day = (ms) => iso(ms).slice(0, 10);
const firstOfMonth = (ms, months) => {
    const date = new Date(ms);
    return Date.UTC(date.getUTCFullYear(), date.getUTCMonth() - months, 1);
};

// What a word covers, by the document's rule, when the clock on the wall shows @wall (in ms, as if it were UTC).
function covered(word, wall, firstWithData) {
    const [, n, unit] = /^(\d*)(\w+)$/.exec(word);
    if (word === 'day') return [day(wall), day(wall)];
    if (word === '24h') return [iso(wall - DAY_MS + 1000), iso(wall)];
    if (word === 'month') return [day(firstOfMonth(wall, 0)), day(wall)];
    if (word === 'year') return [`${day(wall).slice(0, 4)}-01-01`, day(wall)];
    if (word === 'all') return [firstWithData, day(wall)];
    if (unit === 'd') return [day(wall - Number(n) * DAY_MS), day(wall - DAY_MS)];
    assert.equal(unit, 'mo', word);
    return [day(firstOfMonth(wall, Number(n))), day(firstOfMonth(wall, 0) - DAY_MS)];
}

// The clock on the wall of the site.
function wallNow() {
    const parts = new Intl.DateTimeFormat('sv-SE', { timeZone: ZONE, dateStyle: 'short', timeStyle: 'medium' });
    return Date.parse(`${parts.format(Date.now()).replace(' ', 'T')}Z`);
}

const ranges = () => rows(section(FILE, 'Date ranges')).map(([asked, , told]) => [JSON.parse(quoted(asked)[0]), told]);

test('every word for a range covers the days that the table tells', () => {
    const then = Date.parse('2026-02-05T15:30:20Z');
    const words = ranges().filter(([asked]) => typeof asked === 'string');
    assert.deepEqual([...words.map(([asked]) => asked)].filter((word) => !/^\d+(d|mo)$/.test(word)),
        ['day', '24h', 'month', 'year', 'all']);
    for (const [asked, told] of words) assert.equal(told, covered(asked, then, '2026-02-02').join(' to '), asked);
});

test('every word for a range covers the same days when it is asked', async () => {
    for (const [asked] of ranges().filter(([each]) => typeof each === 'string')) {
        const before = wallNow();
        const { status, answer } = await stage.query({ ...QUERY, date_range: asked });
        assert.equal(status, 200, asked);
        const [from, to] = answer.query.date_range;
        if (asked === '24h') {
            assert.equal(Date.parse(to) - Date.parse(from), DAY_MS - 1000);
            assert.ok(Date.parse(to) <= Date.now() && Date.parse(to) > Date.now() - 60_000, to);
            continue;
        }
        if (day(before) !== day(wallNow())) continue; // midnight was between
        assert.deepEqual([from.slice(0, 10), to.slice(0, 10)], covered(asked, before, '2026-02-02'), asked);
        assert.deepEqual([from.slice(11, 19), to.slice(11, 19)], ['00:00:00', '23:59:59'], asked);
    }
});

test('two dates and two times cover what the table tells', async () => {
    const lists = ranges().filter(([asked]) => Array.isArray(asked));
    const hours = [];
    for (const [asked, told] of lists) {
        const { status, answer } = await stage.query({ ...QUERY, metrics: ['pageviews'], date_range: asked });
        assert.equal(status, 200, asked);
        const [from, to] = answer.query.date_range;
        if (asked[0].length === 10) assert.equal(`${from.slice(0, 10)} to ${to.slice(0, 10)}`, told);
        else hours.push([from, to, answer.results[0].metrics[0]]);
    }
    assert.equal(hours.length, 3);
    for (const hour of hours)
        assert.deepEqual(hour, ['2026-02-02T09:00:00+01:00', '2026-02-02T09:59:59+01:00', 3]);
});

test('the greatest number in a range is the one that is told', async () => {
    const { QUERY_RANGE_COUNT_MAX: most } = defines('include/crumb/base/limits.h');
    const told = [...section(FILE, 'Date ranges').matchAll(/any number to (\d+)/g)].map(([, number]) => Number(number));
    assert.deepEqual(told, [most, most]);
    for (const unit of ['d', 'mo']) {
        assert.equal((await stage.query({ ...QUERY, date_range: `${most}${unit}` })).status, 200);
        assert.equal((await stage.query({ ...QUERY, date_range: `${most + 1}${unit}` })).status, 400);
    }
});

// ---- exactness ----

test('the error of the sketch is that of its registers', () => {
    const { HLL_BITS, HLL_SPARSE_MAX } = defines('include/crumb/rollup/hll.h');
    const error = (104 / Math.sqrt(2 ** HLL_BITS)).toFixed(2);
    const text = section(FILE, 'How exact');
    assert.ok(text.includes(`practically exact up to ${HLL_SPARSE_MAX}, then a standard error of ${error} %`));
});

test('the silence that ends a visit is the limit of that name', () => {
    const { VISIT_GAP_MS } = defines('include/crumb/base/limits.h');
    assert.ok(proseOf(FILE).includes(`silence of more than ${VISIT_GAP_MS / 60_000} minutes`));
});
