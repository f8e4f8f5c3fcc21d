// The shipped texts, one by one: whole, translated, true to their placeholders, short where a button has to hold them,
// and as easy to refuse by as to accept by. And the build that refuses anything less.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { load, placeholders, render } from '../../consent-js/texts.mjs';
import { BUTTONS, shippedTexts, width } from './shipped.mjs';

const SCRIPT = fileURLToPath(new URL('../../consent-js/texts.mjs', import.meta.url));
const texts = shippedTexts();
const langs = Object.keys(texts);
const others = langs.filter((lang) => lang !== 'en');

// All of @rows that break a rule, so that one run shows every one.
const none = (rows) => assert.deepEqual(rows, []);
const everywhere = (check) => none(langs.flatMap((lang) => check(texts[lang], lang) ?? []));

describe('the languages', () => {
    it('are those of the European Union and of its visitors', () => {
        const union = 'bg cs da de el en es et fi fr ga hr hu it lt lv mt nl pl pt ro sk sl sv'.split(' ');
        const more = 'ar he hi is ja ko nb pt-BR ru tr uk zh zh-TW'.split(' ');
        assert.deepEqual(langs.sort(), [...union, ...more].sort());
    });
});

describe('every text', () => {
    // Words that a language shares with English, or took from it.
    const SHARED = new Set(['ok', 'ro accept', 'page.tablet', 'page.desktop']);

    it('is translated', () => {
        const same = others.flatMap((lang) =>
            Object.keys(texts.en).filter((key) => texts[lang][key] === texts.en[key]).map((key) => [lang, key]));
        none(same.filter(([lang, key]) => !SHARED.has(key) && !SHARED.has(`${lang} ${key}`)));
    });

    it('is of its own language, not of a neighbour', () => {
        const found = [];
        for (const [i, lang] of others.entries())
            for (const other of others.slice(i + 1)) {
                const long = Object.keys(texts.en).filter((key) => texts[lang][key].length > 40);
                const same = long.filter((key) => texts[lang][key] === texts[other][key]);
                if (same.length > long.length / 4) found.push([lang, other, same]);
            }
        none(found);
    });

    it('is written in the script of its language', () => {
        const SCRIPTS = {
            ar: /\p{Script=Arabic}/u, bg: /\p{Script=Cyrillic}/u, el: /\p{Script=Greek}/u, he: /\p{Script=Hebrew}/u,
            hi: /\p{Script=Devanagari}/u, ja: /[\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Han}]/u,
            ko: /\p{Script=Hangul}/u, ru: /\p{Script=Cyrillic}/u, uk: /\p{Script=Cyrillic}/u, zh: /\p{Script=Han}/u,
            'zh-TW': /\p{Script=Han}/u,
        };
        everywhere((of, lang) =>
            Object.entries(of).filter(([key, text]) => !(SCRIPTS[lang] ?? /\p{Script=Latin}/u).test(text) &&
                !(key === 'ok' && text === 'OK')).map(([key]) => [lang, key]));
    });

    it('has no letters of a script that only looks like its own', () => {
        const foreign = { bg: /\p{Script=Greek}/u, el: /\p{Script=Cyrillic}/u, ru: /[іїєґ\p{Script=Greek}]/iu, uk: /[ыэёъ]/iu };
        const latin = /[\p{Script=Cyrillic}\p{Script=Greek}]/u;
        everywhere((of, lang) =>
            Object.entries(of)
                .filter(([, text]) => (foreign[lang] ?? latin).test(text))
                .map(([key]) => [lang, key]));
    });

    it('has the placeholders of English', () => {
        everywhere((of, lang) =>
            Object.keys(texts.en).filter((key) => placeholders(of[key]) !== placeholders(texts.en[key])).map((key) => [lang, key]));
        const with_ = Object.entries(texts.en).filter(([, text]) => text.includes('{')).map(([key, text]) => [key, placeholders(text)]);
        assert.deepEqual(with_, [
            ['body', '{purposes}'],
            ['days', '{days}'],
            ['opt_out.body', '{purposes}'],
            ['notice_only.body', '{purposes}'],
            ['blocked', '{purpose}'],
            ['policy.since', '{date}'],
            ['policy.next', '{changes} {date}'],
            ['policy.opt_out', '{places}'],
            ['policy.notice_only', '{places}'],
            ['page.yes', '{purposes}'],
            ['page.chosen', '{date}'],
            ['page.pages', '{n}'],
            ['page.visits', '{n}'],
            ['page.events', '{n}'],
            ['page.sent', '{n}'],
        ]);
    });

    it('ends like a sentence where English does, and as a label where it does not', () => {
        const ends = (text) => /[.。।]$/.test(text);
        everywhere((of, lang) =>
            Object.keys(texts.en).filter((key) => ends(of[key]) !== ends(texts.en[key])).map((key) => [lang, key, of[key]]));
    });

    it('knows neither markup nor typewriter quotes nor double blanks', () => {
        everywhere((of, lang) =>
            Object.entries(of).filter(([, text]) => /[<>&"'`]|\s\s|\.\.\./.test(text)).map(([key, text]) => [lang, key, text]));
    });
});

describe('lengths', () => {
    for (const [key, max] of Object.entries(BUTTONS))
        it(`the button ${key} has at most ${max} columns`, () => {
            everywhere((of, lang) => (width(of[key]) > max ? [[lang, width(of[key]), of[key]]] : []));
        });

    it('the first layer is read at a glance', () => {
        const MAX = { title: 24, body: 220, 'opt_out.title': 36, 'opt_out.body': 130, 'notice_only.title': 36, 'notice_only.body': 130 };
        everywhere((of, lang) =>
            Object.entries(MAX).filter(([key, max]) => width(of[key]) > max).map(([key]) => [lang, key, width(of[key])]));
    });
});

// EDPB guidelines 03/2022 and the taskforce's report of 2023: refusing is as easy as accepting, in the words as well.
describe('yes and no', () => {
    for (const [yes, no] of [['accept', 'reject'], ['allow', 'refuse']])
        it(`${yes} and ${no} have as many words and about as many letters`, () => {
            everywhere((of, lang) => {
                const words = [of[yes], of[no]].map((text) => text.split(' ').length);
                const letters = [of[yes], of[no]].map(width);
                const fair = Math.abs(words[0] - words[1]) <= 1 && Math.abs(letters[0] - letters[1]) <= 5;
                return fair ? [] : [[lang, of[yes], of[no]]];
            });
        });

    it('are different words, in one kind of letters, without shouting', () => {
        const initial = (text) => text[0] === text[0].toUpperCase();
        everywhere((of, lang) => {
            const pairs = [['accept', 'reject'], ['allow', 'refuse'], ['state.allowed', 'state.refused']];
            return pairs.filter(([yes, no]) => of[yes] === of[no] || initial(of[yes]) !== initial(of[no]) ||
                /[!?]/.test(of[yes] + of[no])).map((pair) => [lang, ...pair]);
        });
    });
});

// ---- the build ----

const good = { title: 'Hello', body: 'For {purposes}?' };
const folders = [];
after(() => folders.forEach((folder) => rmSync(folder, { recursive: true })));

// Runs the script over files {name: object or text}; @given: those that are named to it.
function build(files, given = Object.keys(files)) {
    const folder = mkdtempSync(join(tmpdir(), 'crumb-texts-'));
    folders.push(folder);
    mkdirSync(join(folder, 'texts'));
    for (const [name, content] of Object.entries(files))
        writeFileSync(join(folder, 'texts', name), typeof content === 'string' ? content : JSON.stringify(content, null, 4) + '\n');
    const output = join(folder, 'table.c');
    const { status, stderr } = spawnSync(process.execPath, [SCRIPT, output, ...given.map((name) => join(folder, 'texts', name))],
        { encoding: 'utf8' });
    return { status, output, complaints: stderr.replaceAll(join(folder, 'texts') + '/', '').trim().split('\n').filter(Boolean) };
}

describe('the build', () => {
    const refused = [
        ['a missing key', { title: 'Hallo' }, /^de\.json: body: is missing$/],
        ['a key too many', { ...good, extra: 'a' }, /^de\.json: extra: is a key that English does not have$/],
        ['an empty text', { ...good, title: '' }, /^de\.json: title: is empty$/],
        ['a blank text', { ...good, title: ' ' }, /^de\.json: title: begins or ends with white space$/],
        ['a text with a blank at its end', { ...good, title: 'Hallo ' }, /^de\.json: title: begins or ends/],
        ['a number', { ...good, title: 1 }, /^de\.json: title: is not a text$/],
        ['null', { ...good, title: null }, /^de\.json: title: is not a text$/],
        ['an object', { ...good, title: { a: 'b' } }, /^de\.json: title: is not a text$/],
        ['a line end', { ...good, title: 'Hal\nlo' }, /^de\.json: title: holds the character U\+000A/],
        ['a NUL', { ...good, title: 'Hal\0lo' }, /^de\.json: title: holds the character U\+0000/],
        ['a tab', { ...good, title: 'Hal\tlo' }, /^de\.json: title: holds the character U\+0009/],
        ['a control character of C1', { ...good, title: 'Hal\u0085lo' }, /^de\.json: title: holds the character U\+0085/],
        ['a mark that turns the text around', { ...good, title: 'Hal\u202elo' }, /^de\.json: title: holds the character U\+202E/],
        ['a line separator', { ...good, title: 'Hal\u2028lo' }, /^de\.json: title: holds the character U\+2028/],
        ['half a character', { ...good, title: 'Hal\ud800lo' }, /^de\.json: title: holds the character U\+D800/],
        ['a decomposed letter', { ...good, title: 'Ha\u0308llo' }, /^de\.json: title: is not in Unicode normalization form C$/],
        ['a long text', { ...good, title: 'a'.repeat(4097) }, /^de\.json: title: is longer than 4096 bytes$/],
        ['a lost placeholder', { ...good, body: 'Wozu?' }, /^de\.json: body: has the placeholders "" where English has "\{purposes\}"$/],
        ['a placeholder translated', { ...good, body: '{Zwecke}' }, /^de\.json: body: has the placeholders "\{Zwecke\}"/],
        ['a placeholder too many', { ...good, title: '{x}' }, /^de\.json: title: has the placeholders "\{x\}" where English has ""$/],
        ['a list', [], /^de\.json: is not an object/],
        ['nothing', '', /^de\.json: is no JSON: /],
        ['half a file', '{"title": ', /^de\.json: is no JSON: /],
        ['a comma too many', '{"title": "a",}', /^de\.json: is no JSON: /],
        ['a key twice', `{\n    "title": "a",\n    "title": "b",\n    "body": "{purposes}"\n}\n`, /^de\.json: has a key twice/],
        ['other blanks', JSON.stringify(good), /^de\.json: has a key twice, or is not written as/],
    ];
    for (const [name, content, complaint] of refused)
        it(`refuses ${name}, and names file and key`, () => {
            const { status, complaints, output } = build({ 'en.json': good, 'de.json': content });
            assert.equal(status, 1);
            assert.ok(complaints.some((line) => complaint.test(line)), complaints.join('\n'));
            assert.ok(!existsSync(output));
        });

    it('finds mistakes of English, too', () => {
        assert.deepEqual(build({ 'en.json': { ...good, title: '' } }).complaints, ['en.json: title: is empty']);
        assert.deepEqual(build({ 'en.json': { 'A key': 'a' } }).complaints, ['en.json: A key: is no name for a text']);
        assert.deepEqual(build({ 'de.json': good }).complaints, ['en.json is missing']);
    });

    it('takes no file that is not named by its language, and forgets none', () => {
        for (const name of ['EN-us.json', 'de_AT.json', 'deutsch.json', 'de-at.json', 'de.jsonc'])
            assert.match(build({ 'en.json': good, [name]: good }).complaints.join(), /is not named LANG\.json after a language tag/);
        assert.deepEqual(build({ 'en.json': good, 'de.json': good }, ['en.json']).complaints,
            ['de.json: is not in the list of languages in meson.build']);
    });

    it('shows every mistake in one run', () => {
        const { complaints } = build({ 'en.json': good, 'de.json': { title: '' }, 'fr.json': { ...good, x: 'y' } });
        assert.deepEqual(complaints, ['de.json: body: is missing', 'de.json: title: is empty', 'fr.json: x: is a key that English does not have']);
    });

    it('writes what C reads back, whatever a text holds', () => {
        const hard = { title: 'a "b" \\ ??/ %s \u200d ä 字 😀', body: '{purposes}' };
        const { status, output } = build({ 'zh-TW.json': hard, 'en.json': good, 'de.json': good });
        assert.equal(status, 0);
        const rows = [...readFileSync(output, 'utf8').matchAll(/^ {4}\{"(.*?)", "(.*?)", "(.*)"\},$/gm)].map(([, ...row]) => row);
        assert.deepEqual(rows.map(([lang, key]) => [lang, key]), [
            ['de', 'body'], ['de', 'title'], ['en', 'body'], ['en', 'title'], ['zh-TW', 'body'], ['zh-TW', 'title'],
        ]);
        assert.ok(!rows[5][2].includes('??'), 'no trigraph');
        assert.equal(rows[5][2].replace(/\\(.)/g, '$1'), hard.title);
    });

    it('makes the table that was compiled', () => {
        const folder = fileURLToPath(new URL('../../consent-js/texts/', import.meta.url));
        const all = load(readdirSync(folder).map((name) => join(folder, name)));
        none(all.complaints);
        assert.equal(render(all.texts).match(/^ {4}\{/gm).length, langs.length * Object.keys(texts.en).length);
    });
});
