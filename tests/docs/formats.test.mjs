// docs/formats.md: its example is run, and every byte that the page shows of it is what the store has.
//
// A block that shows a row has its bytes in hex, in lines of their own meaning:
//
//     key    73686f70                     "shop"
//     value  00000001                     the first site
//            363624ce                     checksum
//
// "…" stands for any bytes. What is random, and the hash that follows from it, may have others of that number. Behind
// "opened:" the lines that stand further in are what the boxes hold, behind "inflated:" what the bytes before them
// inflate to.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { inflateSync } from 'node:zlib';
import { blocksOf, quoted, read, rows, section } from './documents.mjs';
import { Stage, isBefore } from './stage.mjs';

const FILE = 'docs/formats.md';
const RANDOM = ['record id', 'own hash'];
const ROLLUP_HEAD_BYTES = 13; // before the stream of its figures
const CHECKSUM_BYTES = 4;

let stage, output;
before(async () => {
    stage = await Stage.build(FILE);
    const example = blocksOf(FILE).find((block) => block.language === 'sh' && isBefore(block));
    const done = await stage.run(example);
    assert.equal(done.code, 0, done.output);
    output = done.output;
});
after(() => stage?.end());

const bare = (text) => text.replace(/\s/g, '');

test('the example prints what the page shows', () => {
    const shown = blocksOf(FILE).find(({ before: run }) => run && isBefore(run));
    for (const part of shown.text.split('...')) assert.ok(bare(output).includes(bare(part)), `${part}\n${output}`);
});

// ---- rows of the store ----

// Every row of a table: value by key, in hex.
function dump(table) {
    const args = ['-n', '-s', table, join(stage.server.folder, 'data/crumb.mdb')];
    const text = execFileSync('mdb_dump', args, { encoding: 'utf8' });
    const lines = text.slice(text.indexOf('HEADER=END') + 11, text.indexOf('DATA=END')).split('\n').map(bare);
    return new Map(lines.flatMap((line, i) => (i % 2 ? [] : [[line, lines[i + 1]]])));
}

// ---- rows of the page ----

// A line's depth, its bytes and what they mean: hex comes first, three spaces or more behind it the meaning.
function readLine(line) {
    const [, indent, hex, meaning] = /^((?:key|value)? *)(.*?)(?: {3,}(.*))?$/.exec(line);
    return { depth: indent.length, hex: bare(hex), meaning: meaning ?? '' };
}

function patternOf(lines) {
    const digits = ({ hex, meaning }) => (RANDOM.includes(meaning) ? hex.replace(/[0-9a-f]/g, '.') : hex);
    return new RegExp(`^${lines.map(digits).join('').replace(/…/g, '.*')}$`);
}

// What stands further in behind the line whose meaning ends with @word, and all the others.
function split(lines, word) {
    const at = lines.findIndex(({ meaning }) => meaning.endsWith(word));
    const inner = at < 0 ? [] : lines.filter(({ depth }, i) => i > at && depth > lines[at].depth);
    return [inner, lines.filter((line) => !inner.includes(line))];
}

// Of a block: { key, value, opened, inflated }, the latter what boxes hold and a stream inside them, if they are shown.
function readRow({ text }) {
    const all = text.split('\n');
    const n = all.findIndex((line) => line.startsWith('value'));
    const key = all.slice(0, n).map(readLine);
    const value = all.slice(n).map(readLine);
    const [inside, outer] = split(value, 'opened:');
    const [inner, opened] = split(inside, 'inflated:');
    return {
        key: key.map(({ hex }) => hex).join(''),
        value: patternOf(outer),
        opened: inside.length ? patternOf(opened) : undefined,
        inflated: inner.map(({ hex }) => hex).join(''),
    };
}

// What the boxes of every row of a table hold, behind each other.
function open(table) {
    const lines = execFileSync(process.env.BOXES, [join(stage.server.folder, 'data'), table], { encoding: 'utf8' });
    return new Map(lines.trim().split('\n').map((line) => line.split(' ')).map(([key, ...boxes]) => [key, boxes.join('')]));
}

// The heading that a block stands under.
function headingOf({ place }) {
    const lines = read(FILE).split('\n').slice(0, Number(place.split(':')[1]));
    return lines.findLast((line) => line.startsWith('## ')).slice(3);
}

const tableOf = (heading) => {
    const row = rows(section(FILE, 'Tables')).find((cells) => cells[2]?.includes(`(#${heading.toLowerCase()})`));
    return quoted(row[0])[0];
};

const shown = blocksOf(FILE).filter(({ text }) => /^key +[0-9a-f]{2}/.test(text));

for (const block of shown)
    test(`${block.place} is in the store`, () => {
        const { key, value, opened, inflated } = readRow(block);
        const table = tableOf(headingOf(block));
        const stored = dump(table).get(key);
        assert.ok(stored, `there is no key ${key}`);
        assert.match(stored, value);
        if (!opened) return;
        const plain = open(table).get(key);
        assert.match(plain, opened);
        if (!inflated) return;
        const stream = Buffer.from(plain, 'hex').subarray(ROLLUP_HEAD_BYTES, -CHECKSUM_BYTES);
        assert.equal(inflateSync(stream).toString('hex'), inflated);
    });

test('a row is shown of every table whose values have bytes of their own', () => {
    const told = new Set(shown.map((block) => tableOf(headingOf(block))));
    const all = rows(section(FILE, 'Tables')).map(([name]) => quoted(name)[0]);
    // A notice and a deed are JSON, a receipt is a number alone, a choice and what is doomed nothing but a key. Amendments
    // and jobs are of visitors who use their rights; nobody asks replay for anything, and it puts nothing in force. An orphan
    // is left by an id that ends, which takes longer than the example.
    const others = ['notices', 'versions', 'receipts', 'audit', 'requests', 'due', 'askers', 'choices', 'amended', 'jobs',
        'minors', 'deeds', 'doomed', 'orphans'];
    assert.deepEqual(all.filter((name) => !told.has(name)).sort(), others.sort());
});
