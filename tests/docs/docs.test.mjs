// The documents are true: what they tell the reader to run does what they say, and what they say of keys, names and
// limits is what the program has. The form of the blocks is in documents.mjs.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { crumb } from '../http/server.mjs';
import { ROOT, assertAnswer, assertOutput, assertSteadyOutput, blocksOf, marked, proseOf, read } from './documents.mjs';
import { quoted, rows, section } from './documents.mjs';
import { Stage } from './stage.mjs';
import { commands, defines, describedLimits } from './sources.mjs';

const RUN = ['README.md', 'docs/configuration.md', 'docs/consent.md', 'docs/operations.md', 'docs/privacy.md', 'docs/query-api.md', 'docs/requests.md', 'docs/wire.md'];
const READ = [...RUN, 'docs/formats.md'];
const FOLDERS = 'bench|consent-js|docs|include|packaging|pixel|script|src|tests|web';

// ---- configurations ----

const MINIMAL = `data: ./data
listen: {public: 127.0.0.1:8080, private: 127.0.0.1:8081}
sites:
  shop:
`;
const MINIMAL_SITE = `origins: [https://shop.example]
controller: {name: Example Ltd, contact: privacy@shop.example}
`;

// The keys of a mapping in block style, each with its text.
const keysOf = (yaml) => new Map(yaml.split(/^(?=[a-z_]+:)/m).map((text) => [text.split(':')[0], text]));
const merge = (yaml, more) => [...new Map([...keysOf(yaml), ...keysOf(more)]).values()].join('\n');
const indent = (yaml) => yaml.replace(/^(?=.)/gm, '    ');

function whole(block) {
    const [fragment] = marked(block, 'fragment');
    if (fragment === undefined) return block.text;
    if (fragment.endsWith('sites.shop')) return MINIMAL + indent(merge(MINIMAL_SITE, `${block.text}\n`));
    return merge(MINIMAL + indent(MINIMAL_SITE), `${block.text}\n`);
}

const folder = mkdtempSync(join(tmpdir(), 'crumb-docs-'));
after(() => rmSync(folder, { recursive: true, force: true }));

for (const file of READ)
    for (const block of blocksOf(file).filter(({ language }) => language === 'yaml'))
        test(`${block.place} is a configuration`, async () => {
            const path = join(folder, 'crumb.yaml');
            writeFileSync(path, whole(block));
            const { code, stdout, stderr } = await crumb(['check', '-c', path]);
            assert.equal(code, 0, stderr);
            assert.match(stdout, /is good: \d+ sites?$/m);
        });

// ---- commands and requests ----

async function runShell(stage, block, next) {
    const { code, output } = await stage.run(block);
    assert.equal(code, Number(marked(block, 'exits')[0] ?? 0), output);
    for (const line of marked(block, 'prints'))
        assert.ok(output.split(/\r?\n/).includes(line), `it does not print "${line}" but:\n${output}`);
    if (next?.language === 'text') assertOutput(stage.here(next.text), output, next.place);
    if (next?.language === '') assertSteadyOutput(next.text, output, next.place);
    if (next?.language === 'json') assertAnswer(JSON.parse(next.text), JSON.parse(output), next.place);
}

async function sendRequest(stage, block, next) {
    const { status, answer } = await stage.query(block.text);
    assert.equal(status, Number(marked(block, 'answers')[0] ?? 200), JSON.stringify(answer));
    if (next) assertAnswer(JSON.parse(next.text), answer, next.place);
}

const isAnswer = (block) => marked(block, 'answer').length > 0;

for (const file of RUN) {
    const blocks = blocksOf(file);
    const nextOf = (block) =>
        blocks.find((next) => next.before === block && (['text', ''].includes(next.language) || isAnswer(next)));
    const acts = { sh: runShell, json: sendRequest };
    const isRun = (block) => acts[block.language] && !isAnswer(block) && !marked(block, 'not run').length;
    let stage;
    after(() => stage?.end());

    for (const block of blocks.filter(isRun))
        test(`${block.place} does what the document says`, async () => {
            stage ??= await Stage.build();
            await acts[block.language](stage, block, nextOf(block));
        });

    test(`${file} has no output of nothing`, () => {
        for (const block of blocks.filter((each) => each.language === 'text' || isAnswer(each)))
            assert.ok(block.before && isRun(block.before), `${block.place} does not come right behind what is run`);
        for (const { markers, language, place } of blocks) {
            const fit = { sh: ['not run', 'exits', 'prints'], json: ['answers', 'answer'], yaml: ['fragment'] };
            for (const { kind } of markers)
                assert.ok(kind === 'not run' || fit[language]?.includes(kind), `${place}: ${kind} before ${language}`);
        }
    });
}

const PICTURES_BYTES_MAX = 300_000;

test('the pictures of README.md are there, tell what they show, and are small', () => {
    const pictures = [...read('README.md').matchAll(/!\[([^\]]*)\]\(([^)]+)\)/g)];
    assert.equal(pictures.length, 3);
    for (const [, text] of pictures) assert.ok(text.length > 20, text);
    const bytes = pictures.map(([, , path]) => statSync(ROOT + path).size).reduce((a, b) => a + b);
    assert.ok(bytes <= PICTURES_BYTES_MAX, `${bytes} bytes`);
});

// The reader's machine is a fresh one.
test('where a document builds, it sets up before', () => {
    const builders = [...RUN, 'CONTRIBUTING.md'].flatMap(blocksOf).filter(({ text }) => /^script\/build\b/m.test(text));
    assert.ok(builders.length > 0);
    for (const { place, text } of builders) assert.match(text, /^script\/setup\b[^]*^script\/build\b/m, place);
});

// ---- what the documents name ----

for (const file of READ) {
    test(`${file} points at what is there`, () => {
        const text = proseOf(file);
        const paths = quoted(text).filter((name) => new RegExp(`^(${FOLDERS})/[\\w./-]*$`).test(name));
        assert.deepEqual(paths.filter((path) => !existsSync(ROOT + path)), []);
        const slug = (heading) => heading.toLowerCase().replace(/[^\w\- ]/g, '').replace(/ /g, '-');
        const anchors = [...text.matchAll(/^#+ (.*)$/gm)].map(([, heading]) => slug(heading));
        const links = [...text.matchAll(/\]\(#([^)]+)\)/g)].map(([, link]) => link);
        assert.deepEqual(links.filter((link) => !anchors.includes(link)), []);
    });

    test(`${file} speaks of commands that there are`, async () => {
        const known = [...(await commands()), 'help', 'version', 'COMMAND'];
        const named = [...read(file).matchAll(/(?:build\/|`)crumb ([a-zA-Z]+)/g)].map(([, command]) => command);
        assert.deepEqual(named.filter((name) => !known.includes(name)), []);
    });

    test(`${file} tells the limits as they are`, () => {
        const limits = defines('include/crumb/base/limits.h');
        // Those of a format stand beside it.
        if (!RUN.includes(file))
            for (const header of ['consent/cookie.h', 'rollup/cell.h', 'rollup/hll.h'])
                Object.assign(limits, defines(`include/crumb/${header}`));
        // Variables of the environment are no limits.
        const described = describedLimits(proseOf(file)).filter(({ name }) => !name.startsWith('CRUMB_'));
        const wrong = described.filter(({ name, value }) => !(name in limits) || (value && value !== limits[name]));
        assert.deepEqual(wrong.map(({ name, text }) => `${name}: ${text}, but it is ${limits[name]}`), []);
        const told = described.filter(({ value }) => value).map(({ name }) => name);
        const untold = described.map(({ name }) => name).filter((name) => !told.includes(name));
        if (RUN.includes(file)) assert.deepEqual(untold, [], 'limits without their values');
    });
}

test('every command has a help that names its options', async () => {
    const list = await commands();
    assert.ok(list.length > 0);
    for (const command of list) {
        const { code, stdout } = await crumb([command, '--help']);
        assert.equal(code, 0, command);
        const [, table = ''] = /option options\[\] = \{([^]*?)\};/.exec(read(`src/command/${command}.c`)) ?? [];
        const options = [...table.matchAll(/\{"([\w-]+)"/g)].map(([, name]) => name).filter((name) => name !== 'help');
        const named = [...new Set([...stdout.matchAll(/--([\w-]+)/g)].map(([, name]) => name))];
        assert.deepEqual(named.sort(), options.sort(), `crumb ${command} --help`);
        assert.equal(/ -c FILE/.test(stdout), command !== 'token', command);
    }
});

test('docs/query-api.md has every flag of crumb query', () => {
    const [, table] = /option options\[\] = \{([^]*?)\};/.exec(read('src/command/query.c'));
    const flags = [...table.matchAll(/\{"([\w-]+)"/g)].map(([, name]) => `--${name}`);
    const told = rows(section('docs/query-api.md', 'crumb query')).map(([cell]) => cell.match(/--[\w-]+/)[0]);
    assert.deepEqual(told, flags);
});
