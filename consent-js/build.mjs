// Bundles the banner into one minified script, and writes it as a C source.
//
//     node consent-js/build.mjs OUT.js [OUT.c]
//
// There are two: the script of every day, and the one of a site that announces a change (src/announce.ts), which is
// longer. Only the first is written to OUT.js; OUT.c holds both.
// esbuild is Debian's program (apt package `esbuild`), so that building crumb takes Debian's packages and nothing else.
// The styles are minified first and put in as a string. Properties whose names end in an underscore are of this bundle
// only and get short names. The bundle refers to a free name, SETTINGS, which the service puts in front of it.
import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const sources = join(dirname(fileURLToPath(import.meta.url)), 'src');
// The oldest browsers with everything that the banner needs: dialog, constructed style sheets, AbortSignal.timeout, dvh.
const TARGET = '--target=chrome108,firefox101,safari16.4';
// Compressed as the service does it, which leaves some 1,700 bytes of the response's 8,192 for settings and texts.
const COMPRESSED_BYTES_MAX = 7000;
const ANNOUNCING_BYTES_MAX = 300; // more than that while a change is announced
const BYTES_A_LINE = 20;

const esbuild = (...args) => execFileSync('esbuild', [...args, TARGET, '--log-level=warning'], { encoding: 'utf8' });

export function bundle(announces = false) {
    const style = esbuild(join(sources, 'style.css'), '--minify').trim();
    const script = esbuild(
        join(sources, announces ? 'announce.ts' : 'main.ts'),
        '--bundle',
        '--format=esm',
        '--minify',
        '--mangle-props=_$',
        '--charset=utf8',
        `--define:STYLE=${JSON.stringify(style)}`,
    ).trim();
    // It ends where the service's closing bracket begins.
    if (/<\/script|<!--|\/\/[^"'`]*$/i.test(script)) throw new Error('the bundle would not end where it should');
    const { length } = brotliCompressSync(script);
    if (length > COMPRESSED_BYTES_MAX + (announces ? ANNOUNCING_BYTES_MAX : 0)) throw new Error(`the bundle has ${length} bytes, more than ${COMPRESSED_BYTES_MAX}`);
    return script;
}

function cBytes(name, script) {
    const bytes = [...Buffer.from(script)];
    const lines = [];
    for (let i = 0; i < bytes.length; i += BYTES_A_LINE) lines.push(`    ${bytes.slice(i, i + BYTES_A_LINE).join(', ')},`);
    return `
static const unsigned char ${name}_bytes[] = {
${lines.join('\n')}
};

const struct text asset_${name} = {.data = (const char *)${name}_bytes, .size = sizeof ${name}_bytes};
`;
}

const cSource = (scripts) => `/* Made by consent-js/build.mjs. */
#include "crumb/consent/assets.h"
${Object.entries(scripts).map(([name, script]) => cBytes(name, script)).join('')}`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [js, c] = process.argv.slice(2);
    if (!js) {
        process.stderr.write('usage: node consent-js/build.mjs OUT.js [OUT.c]\n');
        process.exit(2);
    }
    const script = bundle();
    writeFileSync(js, script);
    if (c) writeFileSync(c, cSource({ consent_js: script, announcing_js: bundle(true) }));
}
