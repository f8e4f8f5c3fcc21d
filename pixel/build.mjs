// Bundles the tracker into two minified scripts, and writes them as a C source.
//
//     node pixel/build.mjs PIXEL.js CLICKS.js [OUT.c]
//
// esbuild is Debian's program, as for the banner. Each is downloaded only once a purpose that needs it is granted. The
// first refers to a free name, SETTINGS, which the service puts in front of it.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync } from 'node:zlib';

const sources = join(dirname(fileURLToPath(import.meta.url)), 'src');
// The oldest browsers that the banner runs in.
const TARGET = ['--target=chrome108,firefox101,safari16.4', '--supported:regexp-lookbehind-assertions=true'];
// Compressed as the service does it, the settings of the demo shop among them.
const SETTINGS = { site: 'shop', collects: [['analytics', 'pd'], ['journeys', 's']] };
const PIXEL_BYTES_MAX = 1500;
const CLICKS_BYTES_MAX = 450;
const BYTES_A_LINE = 20;

export function bundle(name) {
    const options = ['--bundle', '--format=esm', '--minify', '--charset=utf8', '--log-level=warning', ...TARGET];
    const script = execFileSync('esbuild', [join(sources, name), ...options], { encoding: 'utf8' }).trim();
    // It ends where the service's closing bracket begins.
    if (/<\/script|<!--|\/\/[^"'`]*$/i.test(script)) throw new Error(`${name} would not end where it should`);
    return script;
}

function within(most, name, whole) {
    const { length } = brotliCompressSync(whole);
    if (length > most) throw new Error(`${name} has ${length} bytes by brotli, more than ${most}`);
}

const numbers = (text) =>
    [...Buffer.from(text)].join(', ').replace(RegExp(`(?:\\d+, ){${BYTES_A_LINE}}`, 'g'), '$&\n    ').replace(/ \n/g, '\n');

const define = (name, text) => `static const unsigned char ${name}_bytes[] = {
    ${numbers(text)}
};
const struct text ${name} = {.data = (const char *)${name}_bytes, .size = sizeof ${name}_bytes};
`;

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [pixelFile, clicksFile, cFile] = process.argv.slice(2);
    if (!clicksFile) {
        process.stderr.write('usage: node pixel/build.mjs PIXEL.js CLICKS.js [OUT.c]\n');
        process.exit(2);
    }
    const [pixel, clicks] = ['main.ts', 'clicks.ts'].map(bundle);
    within(PIXEL_BYTES_MAX, 'pixel.js', `(()=>{const SETTINGS=${JSON.stringify(SETTINGS)};${pixel}})()\n`);
    within(CLICKS_BYTES_MAX, 'clicks.js', `(()=>{${clicks}})()\n`);
    writeFileSync(pixelFile, pixel);
    writeFileSync(clicksFile, clicks);
    if (cFile)
        writeFileSync(cFile, `/* Made by pixel/build.mjs. */
#include "crumb/consent/assets.h"

${define('asset_pixel_js', pixel)}
${define('asset_clicks_js', clicks)}`);
}
