// script/bench pixel: the bytes of trackers, as a page would load them.
//
// Each is bundled with all that it needs and minified by the same program, then compressed. crumb's are the very bytes
// that the service sends; the others begin as the pages of their packages tell to. What each does differs: crumb's has no
// visitor id and no consent of its own, as the banner holds both. umami is not among them: its tracker is no package of
// its own on npm, but a part of its server's build.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { brotliCompressSync, gzipSync } from 'node:zlib';
import { build, root, row, write } from './lib/figures.mjs';

const here = join(root, 'bench');
const version = (name) => JSON.parse(readFileSync(join(here, 'node_modules', name, 'package.json'), 'utf8')).version;

const PEERS = [
    ['@plausible-analytics/tracker', `import { init } from '@plausible-analytics/tracker'; init({ domain: 'shop.example' })`],
    ['plausible-tracker', `import Plausible from 'plausible-tracker'; Plausible({ domain: 'shop.example' }).enableAutoPageviews()`],
    ['goatcounter-js', `import * as goatcounter from 'goatcounter-js'; window.goatcounter = goatcounter`],
    ['@openpanel/web', `import { OpenPanel } from '@openpanel/web'; new OpenPanel({ clientId: 'shop', trackScreenViews: true })`],
    ['@snowplow/browser-tracker', `import { newTracker, trackPageView } from '@snowplow/browser-tracker'; newTracker('t', 'c.shop.example'); trackPageView()`],
];

const bundle = (code) =>
    execFileSync('esbuild', ['--bundle', '--minify', '--format=iife', '--platform=browser', '--log-level=error'],
        { cwd: here, input: code });
const sizes = (bytes) =>
    ({ bytes: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length });

const result = {};
const own = (name) => readFileSync(join(build, 'pixel', name));
result['crumb pixel.js'] = sizes(own('pixel.js'));
result['crumb clicks.js'] = sizes(own('clicks.js'));
for (const [name, code] of PEERS) result[`${name} ${version(name)}`] = sizes(bundle(code));

write('pixel', result);
row(['', 'bytes', 'gzip', 'brotli']);
for (const [name, { bytes, gzip, brotli }] of Object.entries(result)) row([name.padEnd(36), bytes, gzip, brotli]);
