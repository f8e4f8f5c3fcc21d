// What countries are called in the languages of the shipped texts, as a table in C, from Debian's iso-codes.
//
//     node script/country-names.mjs OUTPUT.c iso_3166-1.json LOCALES LANG...
//
// LOCALES is the folder of message catalogues (/usr/share/locale). What a catalogue does not know is called as in English;
// so is all of it where catalogues were left out of the installation.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { argv } from 'node:process';

const [output, countriesFile, locales, ...langs] = argv.slice(2);
const LOCALES = { zh: 'zh_CN' };
const MO_MAGIC = 0x950412de;

// Kosovo's code is one that ISO 3166-1 leaves to its users.
const countries = [{ alpha_2: 'XK', name: 'Kosovo' }, ...JSON.parse(readFileSync(countriesFile, 'utf8'))['3166-1']]
    .sort((a, b) => (a.alpha_2 < b.alpha_2 ? -1 : 1));

// A catalogue of gettext: { English: translation }.
function catalogue(lang) {
    const file = join(locales, LOCALES[lang] ?? lang.replace('-', '_'), 'LC_MESSAGES/iso_3166-1.mo');
    if (!existsSync(file)) return {};
    const bytes = readFileSync(file);
    if (bytes.readUInt32LE(0) !== MO_MAGIC) throw new Error(`${file} is no catalogue`);
    const [n, ids, texts] = [8, 12, 16].map((at) => bytes.readUInt32LE(at));
    const string = (table, i) => {
        const [size, at] = [0, 4].map((part) => bytes.readUInt32LE(table + 8 * i + part));
        return bytes.toString('utf8', at, at + size);
    };
    return Object.fromEntries(Array.from({ length: n }, (_, i) => [string(ids, i), string(texts, i)]));
}

function namesIn(lang) {
    const known = catalogue(lang);
    return countries.map(({ common_name: common, name }) => {
        const called = (common && known[common]) || (!common && known[name]) || common || known[name] || name;
        return /[\p{Cc}<>]/u.test(called) ? name : called;
    });
}

// A string of C: UTF-8 as it is; `?` is escaped, as two of them begin a trigraph.
const quote = (text) => `"${text.replace(/[\\"?]/g, '\\$&')}"`;
const sorted = [...langs].sort();

writeFileSync(output, [
    '/* Made by script/country-names.mjs from iso-codes. */',
    '#include "crumb/consent/texts.h"',
    '',
    `const char *const asset_country_codes[] = {${countries.map(({ alpha_2: code }) => quote(code)).join(', ')}, 0};`,
    '',
    ...sorted.flatMap((lang, i) => [`static const char *const names_${i}[] = {`, ...namesIn(lang).map((name) => `    ${quote(name)},`), '};', '']),
    'const struct asset_countries asset_countries[] = {',
    ...sorted.map((lang, i) => `    {${quote(lang)}, names_${i}},`),
    '    {0, 0}};',
    '',
].join('\n'));
