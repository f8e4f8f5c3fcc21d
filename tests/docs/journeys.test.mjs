// docs/journeys.md: its five visits are made, and each of its requests is answered by what stands behind it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { blocksOf, rows, section } from './documents.mjs';
import { defines } from './sources.mjs';
import { Stage } from './stage.mjs';

const FILE = 'docs/journeys.md';
const DAY = '2026-02-02';
const BEGIN_MS = Date.parse(`${DAY}T09:00:00Z`);
const blocks = blocksOf(FILE);

// "ann   0 /   150 Purchase (on /cart)"
function eventsOf(line) {
    const [visitor, ...rest] = line.split(/\s{2,}/);
    const purposes = visitor === 'eve' ? ['analytics'] : ['analytics', 'journeys'];
    return rest.map((told) => {
        const [, second, what, on] = /^(\d+) (\S+)(?: \(on (\S+)\))?$/.exec(told);
        const event = on ? `e=se&se_ca=event&se_ac=${what}&url=https://shop.example${on}` : `e=pv&url=https://shop.example${what}`;
        return { t: BEGIN_MS + second * 1000, site: 'shop', visitor, purposes, event };
    });
}

describe('docs/journeys.md', { timeout: 60_000 }, () => {
    let stage;
    before(async () => {
        stage = await Stage.build();
        const { text } = blocks.find(({ language }) => language === 'text');
        const events = text.split('\n').flatMap(eventsOf).sort((a, b) => a.t - b.t);
        const lines = events.map((event) => JSON.stringify(event)).join('\n');
        const block = { text: `build/bench/replay -c crumb.yaml <<'END'\n${lines}\nEND`, place: FILE };
        const { code, output } = await stage.run(block);
        assert.equal(code, 0, output);
    });
    after(() => stage?.end());

    const json = blocks.filter(({ language }) => language === 'json').map(({ text, place }) => ({ place, value: JSON.parse(text) }));
    const pairs = json.filter((_, i) => i % 2 === 0).map((request, i) => [request, json[2 * i + 1]]);
    for (const [{ place, value: request }, { value: answer }] of pairs)
        it(`${place} is answered as it says`, async () => {
            const kind = request.steps instanceof Array ? 'funnel' : 'paths';
            const told = await stage.query({ ...request, date_range: [DAY, DAY] }, kind);
            assert.deepEqual(told, { status: 200, answer });
        });

    it('has a row for every key of a request', async () => {
        for (const kind of ['paths', 'funnel']) {
            const { answer } = await stage.query({ slip: 1 }, kind);
            const known = /this version knows (.*)$/.exec(answer.error)[1].split(', ').sort();
            const heading = kind === 'paths' ? 'Paths' : 'Funnels';
            const keys = rows(section(FILE, heading)).map(([key]) => /^`(\w+)`$/.exec(key)?.[1]);
            for (const key of known) assert.ok(keys.includes(key), `${heading}: ${key}`);
        }
    });

    it('tells the limits as they are', () => {
        const limits = defines('include/crumb/base/limits.h');
        const told = rows(section(FILE, 'Limits')).map(([, limit]) => parseInt(limit));
        const names = ['PATHS_STEPS_MAX', 'PATHS_NODES_MAX', 'FUNNEL_ANY_MAX', 'QUERY_PATTERN_BYTES_MAX', 'PATHS_PAGES_MAX', 'PATHS_DIFFERENT_MAX', 'FUNNEL_VISITORS_MAX'];
        assert.deepEqual(told, names.map((name) => limits[name]));
    });

    it('is printed for people by crumb query', async () => {
        const ask = (kind, request) =>
            stage.run({ text: `build/crumb query -c crumb.yaml --${kind} <<'END'\n${JSON.stringify(request)}\nEND`, place: FILE });
        const paths = await ask('paths', { ...pairs[0][0].value, date_range: [DAY, DAY] });
        assert.match(paths.output, /^path +visits +share\n\/ → \/shoes → \/cart +2 +66\.7% .*\n\/ +1 +33\.3%/);
        assert.match(paths.output, /\n4 of 5 visits allowed/);
        const funnel = await ask('funnel', { ...pairs.at(-1)[0].value, date_range: [DAY, DAY] });
        assert.match(funnel.output, /\n2\. a product +2 +2 +1 +66\.7% +66\.7% +8 s  /);
    });
});
