// What script/bench rights compares with: the program without a cipher, and visitors who come every day.
import assert from 'node:assert/strict';
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const root = resolve(new URL('../..', import.meta.url).pathname);
const bench = dirname(resolve(process.env.REPLAY ?? join(root, 'build/bench/replay')));
const crumb = resolve(process.env.CRUMB ?? join(root, 'build/crumb'));
const programs = { crumb: [crumb, join(bench, 'load')], plain: [join(bench, 'crumb-plain'), join(bench, 'load-plain')] };
const DAYS = 5, REGULARS = 2;

let folder, csv;
const config = (name) => join(folder, `${name}.yaml`);
const run = (program, name, ...args) => spawnSync(program, [...args, '-c', config(name)], { encoding: 'utf8' });

before(() => {
    folder = mkdtempSync(join(tmpdir(), 'crumb-plain-'));
    csv = execFileSync(join(bench, 'generate'), ['--events', '4000', '--days', String(DAYS), '--regulars', String(REGULARS)],
        { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
    writeFileSync(join(folder, 'hits.csv'), csv);
    for (const [name, [, load]] of Object.entries(programs)) {
        writeFileSync(config(name), `data: ./${name}
listen: {public: 127.0.0.1:0, private: 127.0.0.1:0}
sites:
  shop:
    origins: [https://shop.example]
    timezone: Europe/Berlin
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
`);
        const { status, stderr } = run(load, name, '--site', 'shop', join(folder, 'hits.csv'));
        assert.equal(status, 0, stderr);
    }
});
after(() => rmSync(folder, { recursive: true, force: true }));

test('visitors who come every day are on each, a thousand views each, and the last of all', () => {
    const views = new Map(), days = new Map();
    const rows = csv.trim().split('\n').slice(1).map((line) => line.split(','));
    assert.equal(rows.length, 4000);
    for (const [, visitor, , day] of rows) {
        views.set(+visitor, (views.get(+visitor) ?? 0) + 1);
        days.set(+visitor, (days.get(+visitor) ?? new Set()).add(day));
    }
    const last = [...views.keys()].sort((a, b) => b - a).slice(0, REGULARS);
    for (const visitor of last) assert.deepEqual([views.get(visitor), days.get(visitor).size], [1000, DAYS]);
});

test('without a cipher pages can be read in the file, with it they cannot', () => {
    const found = (name) => readFileSync(join(folder, name, 'crumb.mdb')).includes('/products/item');
    assert.deepEqual([found('plain'), found('crumb')], [true, false]);
});

test('each program is content with its own store and refuses the other\'s', () => {
    for (const [own, [program]] of Object.entries(programs))
        for (const name of Object.keys(programs)) {
            const { status, stdout, stderr } = run(program, name, 'verify');
            assert.equal(status, own === name ? 0 : 1, `${own} on the store of ${name}: ${stdout}${stderr}`);
        }
});

test('both answer alike', () => {
    const body = JSON.stringify({ site_id: 'shop', date_range: ['2026-01-01', '2026-01-31'], metrics: ['visitors', 'pageviews'],
        dimensions: ['event:page'], filters: [['is', 'visit:country', ['DE']]] });
    const answers = Object.entries(programs).map(([name, [program]]) =>
        JSON.parse(execFileSync(program, ['query', '-c', config(name), '--format', 'json'], { input: body, encoding: 'utf8' })).results);
    assert.ok(answers[0].length > 100);
    assert.deepEqual(answers[0], answers[1]);
});
