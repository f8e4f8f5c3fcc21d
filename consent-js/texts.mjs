// The shipped texts as a table in C.
//
//     node consent-js/texts.mjs OUTPUT.c texts/ar.json texts/bg.json ...
//
// Each texts/LANG.json holds every text of the notice, banner and dialog in one language; English says which there are.
// A build with a text missing, unknown, empty or without its placeholder fails here and names file and key: a visitor
// must not be the one who finds it.
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { argv } from 'node:process';
import { pathToFileURL } from 'node:url';

const REFERENCE = 'en';
const TAG = /^[a-z]{2,3}(-[A-Z][a-z]{3})?(-[A-Z]{2})?$/; // as RFC 5646 section 2.1.1 writes it
const KEY = /^[a-z]+(_[a-z]+)*(\.[a-z]+(_[a-z]+)*)*$/;
const KEY_BYTES_MAX = 63;
const TEXT_BYTES_MAX = 4096; // CONFIG_TEXT_BYTES_MAX: what a site may write instead
// Control, format, unassigned and separator characters change how the text around them reads; only the joiners of Indic
// and Arabic script are letters' business.
const FORBIDDEN = /(?![\u200c\u200d])[\p{Cc}\p{Cf}\p{Cs}\p{Cn}\p{Co}\p{Zl}\p{Zp}]/u;

export const placeholders = (text) => [...new Set(text.match(/\{[^{}]*\}/g))].sort().join(' ');

// What is wrong with one text, or undefined.
function mistake(value, reference) {
    if (typeof value !== 'string') return 'is not a text';
    if (value === '') return 'is empty';
    if (value.trim() !== value) return 'begins or ends with white space';
    const forbidden = FORBIDDEN.exec(value);
    if (forbidden) {
        const code = forbidden[0].codePointAt(0).toString(16).toUpperCase().padStart(4, '0');
        return `holds the character U+${code}, which is not text`;
    }
    if (value.normalize('NFC') !== value) return 'is not in Unicode normalization form C';
    if (Buffer.byteLength(value) > TEXT_BYTES_MAX) return `is longer than ${TEXT_BYTES_MAX} bytes`;
    if (reference !== undefined && placeholders(value) !== placeholders(reference))
        return `has the placeholders "${placeholders(value)}" where English has "${placeholders(reference)}"`;
    return undefined;
}

// Reads one file; complains by @complain(key, what).
function readTexts(file, complain) {
    const source = readFileSync(file, 'utf8');
    let texts;
    try {
        texts = JSON.parse(source);
    } catch (error) {
        complain('', `is no JSON: ${error.message}`);
        return {};
    }
    if (texts === null || typeof texts !== 'object' || Array.isArray(texts)) {
        complain('', 'is not an object of keys and texts');
        return {};
    }
    // JSON.parse takes the last of two equal keys without a word; what it then writes is shorter than what it read.
    if (JSON.stringify(texts, null, 4) + '\n' !== source)
        complain('', 'has a key twice, or is not written as JSON.stringify(texts, null, 4) writes it');
    return texts;
}

/*
 * All files: {texts: {LANG: {KEY: text}}, complaints: ["FILE: KEY: what"]}.
 */
export function load(files) {
    const complaints = [];
    const about = (file) => (key, what) => complaints.push(`${file}: ${key ? `${key}: ` : ''}${what}`);
    const languages = new Map();
    for (const file of files) {
        const lang = basename(file, '.json');
        if (!TAG.test(lang) || !file.endsWith('.json')) about(file)('', 'is not named LANG.json after a language tag');
        languages.set(lang, { file, texts: readTexts(file, about(file)) });
    }
    for (const folder of new Set(files.map(dirname)))
        for (const name of readdirSync(folder))
            if (!files.some((file) => dirname(file) === folder && basename(file) === name))
                about(join(folder, name))('', 'is not in the list of languages in meson.build');
    const reference = languages.get(REFERENCE);
    if (!reference) return { texts: {}, complaints: [...complaints, `${REFERENCE}.json is missing`] };
    for (const { file, texts } of languages.values()) {
        const complain = about(file);
        for (const key of Object.keys(reference.texts)) if (!Object.hasOwn(texts, key)) complain(key, 'is missing');
        for (const [key, value] of Object.entries(texts)) {
            if (!Object.hasOwn(reference.texts, key)) complain(key, 'is a key that English does not have');
            else if (!KEY.test(key) || key.length > KEY_BYTES_MAX) complain(key, 'is no name for a text');
            const what = mistake(value, typeof reference.texts[key] === 'string' ? reference.texts[key] : undefined);
            if (what) complain(key, what);
        }
    }
    return { texts: Object.fromEntries([...languages].map(([lang, { texts }]) => [lang, texts])), complaints };
}

// A string of C: UTF-8 as it is; `?` is escaped, as two of them begin a trigraph.
const quote = (text) => `"${text.replace(/[\\"?]/g, '\\$&')}"`;

// Sorted as strcmp() compares: tags and keys are ASCII.
export function render(texts) {
    const langs = Object.keys(texts).sort();
    const keys = Object.keys(texts[REFERENCE]).sort();
    const rows = langs.flatMap((lang) => keys.map((key) => `    {${quote(lang)}, ${quote(key)}, ${quote(texts[lang][key])}},`));
    return [
        '/* Made by consent-js/texts.mjs from consent-js/texts/. */',
        '#include "crumb/config/shipped.h"',
        '',
        `_Static_assert(${langs.length} <= TEXTS_LANGUAGES_MAX, "every shipped language can be shown");`,
        '',
        'const struct asset_text asset_texts[] = {',
        ...rows,
        '};',
        `const size_t asset_n_texts = ${langs.length * keys.length};`,
        `const size_t asset_n_text_keys = ${keys.length};`,
        '',
    ].join('\n');
}

if (argv[1] && import.meta.url === pathToFileURL(argv[1]).href) {
    const [output, ...files] = argv.slice(2);
    const { texts, complaints } = load(files);
    if (complaints.length) {
        console.error(complaints.join('\n'));
        process.exitCode = 1;
    } else {
        writeFileSync(output, render(texts));
    }
}
