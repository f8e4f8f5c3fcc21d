// Bundles the dashboard and writes it as a C source.
//
//     node web/dashboard/build.mjs OUT.c      or, to read what was bundled:  node web/dashboard/build.mjs FOLDER/
//
// esbuild is Debian's program, as for the banner; uPlot, which draws the lines, is npm's. Each file is compressed here as
// hard as it can be, once, and no request waits for that.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const here = dirname(fileURLToPath(import.meta.url));
const root = join(here, '../..');
// Two years of browsers: an analyst's is kept up to date.
const TARGET = '--target=chrome111,firefox113,safari16.4';
export const COMPRESSED_BYTES_MAX = 60_000;
const BYTES_A_LINE = 24;

function esbuild(...args) {
    return execFileSync('esbuild', [...args, TARGET, '--bundle', '--minify', '--charset=utf8', '--log-level=warning'], {
        encoding: 'utf8',
    });
}

export function bundle() {
    if (!existsSync(join(root, 'node_modules/uplot')))
        throw new Error('node_modules/uplot is not there; script/setup installs it');
    const html = readFileSync(join(here, 'index.html'), 'utf8').replace(/\n(?=<)/g, '');
    const js = esbuild(join(here, 'src/main.ts'), '--format=esm', '--legal-comments=none');
    const css = esbuild(join(here, 'style.css'), '--legal-comments=none');
    return [
        { name: 'html', type: 'text/html; charset=utf-8', bytes: Buffer.from(html) },
        { name: 'js', type: 'text/javascript; charset=utf-8', bytes: Buffer.from(`/* uPlot: MIT License, (c) Leon Sorokin */\n${js}`) },
        { name: 'css', type: 'text/css; charset=utf-8', bytes: Buffer.from(css) },
    ];
}

const smallest = { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } };
export const brotli = (bytes) =>
    brotliCompressSync(bytes, { params: { ...smallest.params, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } });

function numbers(bytes) {
    const lines = [];
    for (let i = 0; i < bytes.length; i += BYTES_A_LINE) lines.push(`    ${[...bytes.subarray(i, i + BYTES_A_LINE)].join(', ')},`);
    return lines.join('\n');
}

function asset({ name, type, bytes }) {
    const hash = createHash('sha256').update(bytes).digest('hex').slice(0, 20);
    const bodies = [bytes, gzipSync(bytes, { level: 9 }), brotli(bytes)];
    const arrays = bodies.map((body, i) => `static const unsigned char ${name}_${i}[] = {\n${numbers(body)}\n};\n`);
    const texts = bodies.map((_, i) => `{(const char *)${name}_${i}, sizeof ${name}_${i}}`);
    const etags = bodies.map((_, i) => `TEXT_OF("\\"${hash}-${i}\\"")`);
    return `${arrays.join('')}const struct dashboard_asset asset_dashboard_${name} = {
    .type = TEXT_OF("${type}"),
    .bodies = {${texts.join(', ')}},
    .etags = {${etags.join(', ')}}};
`;
}

function cSource(files) {
    return `/* Made by web/dashboard/build.mjs. */
#include "../src/http/dashboard.h"

#define TEXT_OF(literal) {literal, sizeof(literal) - 1}

${files.map(asset).join('\n')}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
    const [out] = process.argv.slice(2);
    if (!out) {
        process.stderr.write('usage: node web/dashboard/build.mjs OUT.c | FOLDER/\n');
        process.exit(2);
    }
    const files = bundle();
    const bytes = files.reduce((sum, file) => sum + brotli(file.bytes).length, 0);
    if (bytes > COMPRESSED_BYTES_MAX) throw new Error(`the dashboard has ${bytes} bytes by brotli, more than ${COMPRESSED_BYTES_MAX}`);
    if (out.endsWith('/')) {
        for (const { name, bytes: body } of files) writeFileSync(join(out, `dashboard.${name}`), body);
        process.stdout.write(`${bytes} bytes by brotli\n`);
    } else {
        writeFileSync(out, cSource(files));
    }
}
