// Names of countries and their regions as a table in C, from Debian's iso-codes.
//
//     node script/place-names.mjs OUTPUT.c iso_3166-1.json iso_3166-2.json
//
// Countries by the name that English has for them, regions by ISO 3166-2's; sorted by code, as memcmp() compares.
import { readFileSync, writeFileSync } from 'node:fs';
import { argv } from 'node:process';

const [output, countriesFile, regionsFile] = argv.slice(2);
const read = (file, key) => JSON.parse(readFileSync(file, 'utf8'))[key];

// Address databases know Kosovo by a code that ISO 3166-1 leaves to its users.
const countries = [['XK', 'Kosovo'],
    ...read(countriesFile, '3166-1').map((one) => [one.alpha_2, one.common_name ?? one.name])];
const regions = read(regionsFile, '3166-2').map((one) => [one.code, one.name]);

// A string of C: UTF-8 as it is; `?` is escaped, as two of them begin a trigraph.
const quote = (text) => `"${text.replace(/[\\"?]/g, '\\$&')}"`;

function table(name, rows, form) {
    for (const [code, text] of rows)
        if (!form.test(code) || !text || /\p{Cc}/u.test(text)) throw new Error(`${name}: ${code}: ${text}`);
    if (new Set(rows.map(([code]) => code)).size !== rows.length) throw new Error(`${name}: a code is there twice`);
    return [
        `const struct place_name ${name}[] = {`,
        ...rows.sort(([a], [b]) => (a < b ? -1 : 1)).map(([code, text]) => `    {${quote(code)}, ${quote(text)}},`),
        '};',
    ];
}

writeFileSync(output, [
    '/* Made by script/place-names.mjs from iso-codes. */',
    '#include "crumb/rollup/place.h"',
    '',
    ...table('place_countries', countries, /^[A-Z]{2}$/),
    ...table('place_regions', regions, /^[A-Z]{2}-[A-Z0-9]{1,3}$/),
    `const size_t place_n_countries = ${countries.length};`,
    `const size_t place_n_regions = ${regions.length};`,
    '',
].join('\n'));
