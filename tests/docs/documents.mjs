// The documents as data: their fenced blocks with the markers before them, and their tables by heading.
//
// A marker is an HTML comment of one line above a block, which readers do not see:
//
//     <!-- not run: REASON -->         sh: the reader may run it, this test does not
//     <!-- exits N -->                 sh: how it ends, where that is not 0
//     <!-- prints: LINE -->            sh: a line of what it prints
//     <!-- answers N -->               json: the status of this request, where that is not 200
//     <!-- the answer -->              json: what the block before was answered
//     <!-- fragment -->                yaml: some keys of a configuration
//     <!-- fragment of sites.shop -->  yaml: some keys of a site
//
// A text block that comes right behind an sh block is what that prints. "..." in it stands for anything in a line, and
// alone for any lines. Where a block without a language stands there, times and ids may differ and lines be broken.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

export const ROOT = fileURLToPath(new URL('../..', import.meta.url));
export const read = (file) => readFileSync(ROOT + file, 'utf8');

const LANGUAGES = ['', 'sh', 'text', 'json', 'yaml', 'js', 'html', 'nginx'];
const MARKERS = {
    'not run': /^not run: \S.*$/,
    exits: /^exits [1-9]$/,
    prints: /^prints: \S.*$/,
    answers: /^answers [45]\d\d$/,
    answer: /^the answer$/,
    fragment: /^fragment( of sites\.shop)?$/,
};

function readMarker(line, place) {
    const text = /^<!-- (.*) -->$/.exec(line)[1];
    const kind = Object.keys(MARKERS).find((name) => MARKERS[name].test(text));
    assert.ok(kind, `${place}: "${text}" is no marker`);
    return { kind, value: text.replace(/^(not run:|exits|prints:|answers) /, '') };
}

// What stands between the block before and line @end: markers at the end of it, and whether there is anything else.
function readGap(lines, start, end, place) {
    const markers = [];
    while (end > start && /^(<!-- .* -->)?$/.test(lines[end - 1])) {
        end--;
        if (lines[end]) markers.unshift(readMarker(lines[end], place));
    }
    return { markers, adjacent: end === start };
}

// The fenced blocks of a document in order: { place, language, text, markers, before }; before: the block right before.
export function blocksOf(file) {
    const lines = read(file).split('\n');
    const blocks = [];
    let behind = 0;
    for (let i = 0; i < lines.length; i++) {
        if (!lines[i].startsWith('```')) continue;
        const place = `${file}:${i + 1}`;
        const language = lines[i].slice(3);
        assert.ok(LANGUAGES.includes(language), `${place}: ${language} is no language that this test knows`);
        const end = lines.indexOf('```', i + 1);
        assert.ok(end > 0, `${place}: the block does not end`);
        const { markers, adjacent } = readGap(lines, behind, i, place);
        blocks.push({
            place,
            language,
            text: lines.slice(i + 1, end).join('\n'),
            markers,
            before: adjacent && blocks.length ? blocks[blocks.length - 1] : undefined,
        });
        i = end;
        behind = end + 1;
    }
    return blocks;
}

export const marked = (block, kind) => block.markers.filter((marker) => marker.kind === kind).map(({ value }) => value);

// A document without its blocks: what its sentences and tables say.
export const proseOf = (file) => read(file).replace(/^```[^]*?^```$/gm, '');

// The part of a document under a heading, up to the next one of any level.
export function section(file, heading) {
    const found = proseOf(file).split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
    assert.ok(found, `${file} has no part "${heading}"`);
    return found;
}

// The rows of the tables of a part, each a list of cells; headers and rules left out.
export const rows = (part) =>
    [...part.matchAll(/^\|(.*)\|$/gm)]
        .map(([, row]) => row.split('|').map((cell) => cell.trim()))
        .filter((row, i, all) => !/^-+$/.test(row[0]) && !/^-+$/.test(all[i + 1]?.[0] ?? ''));

// What stands in backquotes.
export const quoted = (text) => [...text.matchAll(/`([^`\n]+)`/g)].map(([, name]) => name);

// Whether @actual is what @expected says, "..." standing for anything.
export function matches(expected, actual) {
    const escaped = expected.split('...').map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'));
    return new RegExp(`^${escaped.join('[^]*')}$`).test(actual);
}

function linesMatch([first, ...rest], actual) {
    if (first === undefined) return actual.length === 0;
    if (first !== '...') return actual.length > 0 && matches(first, actual[0]) && linesMatch(rest, actual.slice(1));
    return actual.some((_, i) => linesMatch(rest, actual.slice(i))) || linesMatch(rest, []);
}

const linesOf = (text) => text.replace(/\r/g, '').replace(/\n+$/, '').split('\n');

export function assertOutput(expected, actual, place) {
    if (linesMatch(linesOf(expected), linesOf(actual))) return;
    assert.equal(actual, expected, `${place}: it prints otherwise`);
}

// Without what is different each time: times, days, ids, the breaking of lines.
const steady = (text) =>
    text
        .replace(/\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT/g, 'TIME')
        .replace(/\d{4}-\d\d-\d\d(T[\d:.]+Z)?/g, 'TIME')
        .replace(/\b1\d{12}\b/g, 'MS')
        .replace(/("hour_s":)\d+/g, '$1S')
        .replace(/\b([0-9a-f]{64}|[0-9a-f]{32})\b/g, 'ID')
        .replace(/\s+/g, '');

export function assertSteadyOutput(expected, actual, place) {
    if (steady(expected) === steady(actual)) return;
    assert.equal(actual, expected, `${place}: it prints otherwise`);
}

// Compares an answer; "..." in a text stands for anything, and alone for any value.
export function assertAnswer(expected, actual, place) {
    if (expected === '...') return;
    if (typeof expected === 'string' && typeof actual === 'string') {
        assert.ok(matches(expected, actual), `${place}: ${actual}`);
    } else if (expected === null || typeof expected !== 'object') {
        assert.equal(actual, expected, place);
    } else {
        assert.deepEqual(Object.keys(actual ?? {}), Object.keys(expected), place);
        for (const key of Object.keys(expected)) assertAnswer(expected[key], actual[key], `${place} ${key}`);
    }
}
