// The rules of the house that a machine can check, as a test: one line of output a rule, in TAP.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

const files = execFileSync('git', ['ls-files', '--cached', '--others', '--exclude-standard'], { encoding: 'utf8' })
    .split('\n')
    .filter(Boolean);
const read = (file) => {
    try {
        return readFileSync(file, 'utf8');
    } catch {
        return ''; // deleted, not yet committed
    }
};
const code = files.filter((file) => /\.[ch]$/.test(file)).map((file) => [file, read(file)]);
const sources = code.filter(([file]) => file.startsWith('src/') || file.startsWith('include/'));
const ours = files.filter((file) => /\.(c|h|mjs|js|lua|md|build|ts|css|html)$|^script\//.test(file) && !/package-lock/.test(file));

// Comments and strings may speak of what code may not do.
const bare = (text) => text.replace(/\/\*[\s\S]*?\*\//g, (c) => c.replace(/[^\n]/g, ' ')).replace(/"(\\.|[^"\\\n])*"/g, '""');

function lines(list, pattern, allowed = () => false) {
    const found = [];
    for (const [file, text] of list)
        bare(text)
            .split('\n')
            .forEach((line, i) => pattern.test(line) && !allowed(file) && found.push(`${file}:${i + 1}: ${line.trim()}`));
    return found;
}

const rules = {
    'only src/store/db.c calls LMDB': () => lines(sources, /\bmdb_\w+\(/, (file) => file === 'src/store/db.c'),
    'only src/base/clock.c asks for the time': () =>
        lines(sources, /\b(clock_gettime|gettimeofday|time)\s*\(/, (file) => file === 'src/base/clock.c'),
    'randomness comes from a struct': () =>
        lines(sources, /\b(randombytes_\w+|rand|random|getrandom)\s*\(/, (file) => file === 'src/base/random.c'),
    'no call that knows no bounds': () => lines(code, /\b(strcpy|strcat|sprintf|vsprintf|gets|alloca)\s*\(/),
    'only handlers, threads and commands log': () =>
        lines(sources, /\blog_(info|warn|error|fault)\(/, (file) =>
            /^(src|include\/crumb)\/(base\/log\.[ch]|command\/|http\/)|^src\/main\.c|writer\.c|keeper\.c/.test(file)),
    'layers point one way': () => {
        const order = ['base', 'config', 'store', 'consent', 'ingest', 'rollup', 'query', 'rights', 'http', 'command'];
        const found = [];
        for (const [file, text] of sources) {
            const own = order.indexOf(/^(?:src|include\/crumb)\/(\w+)\//.exec(file)?.[1]);
            if (own < 0) continue;
            for (const [, layer] of text.matchAll(/#include "crumb\/(\w+)\//g))
                if (order.indexOf(layer) > own) found.push(`${file} includes ${layer}`);
        }
        return found;
    },
    'a file exports only names of its own or its folder': () => {
        const found = [];
        for (const [file, text] of sources) {
            const [, folder, name] = /^src\/(\w+)\/(\w+)\.c$/.exec(file) ?? [];
            if (!name || /^src\/(command|http)\//.test(file)) continue;
            for (const [, exported] of bare(text).matchAll(/^(?!static|extern|typedef|#|\s)[\w\s*]*?\b(\w+)\([^;]*\)\s*\{/gm))
                if (![name.replace(/s$/, ''), folder, 'edition', '__attribute__'].some((prefix) => exported.startsWith(prefix)))
                    found.push(`${file}: ${exported}`);
        }
        return found;
    },
    'no file defines a limit again': () => {
        const file = 'include/crumb/base/limits.h';
        const names = [...read(file).matchAll(/^#define (\w+)/gm)].map(([, name]) => name).join('|');
        return lines(sources, new RegExp(`^#define (${names})\\b`), (other) => other === file);
    },
    'every file tells what it is': () => code.filter(([, text]) => !/^\/\*/.test(text)).map(([file]) => file),
    'every header is guarded': () => code.filter(([file, text]) => file.endsWith('.h') && !text.includes('#pragma once')).map(([file]) => file),
    'no leftover marks': () => {
        const marks = new RegExp(['TO' + 'DO', 'FIX' + 'ME', 'XX' + 'X', 'HA' + 'CK'].map((mark) => `\\b${mark}\\b`).join('|'));
        return ours.filter((file) => marks.test(read(file)));
    },
    'no line is longer than 120': () => {
        const found = [];
        for (const file of ours.filter((name) => /^(src|include|bench)\/.*\.(c|h)$/.test(name)))
            read(file).split('\n').forEach((line, i) => line.length > 120 && found.push(`${file}:${i + 1}`));
        return found;
    },
    'every source is in meson.build': () => {
        const build = read('meson.build');
        return files.filter((file) => /^src\/\w+\/\w+\.c$/.test(file) && !build.includes(`'${file}'`));
    },
    'docs/architecture.md has a line for every source, and for nothing else': () => {
        const text = read('docs/architecture.md').replace(/^[^]*## Every source file/, '');
        const told = new Set([...text.matchAll(/`([\w/]+)`/g)].map(([, name]) => name));
        const there = new Set(sources.map(([file]) => file.replace(/^(src|include\/crumb)\//, '').replace(/\.[ch]$/, '')));
        const untold = files
            .filter((file) => /^src\/.*\.c$/.test(file))
            .filter((file) => !told.has(file.replace(/^src\//, '').replace(/\.c$/, '')));
        const scripts = files.filter((file) => /^(consent-js|pixel)\/src\/.*\.ts$/.test(file) && !file.endsWith('.d.ts'));
        const rows = text.match(/^\|[^|]*\|/gm).join();
        return [
            ...untold,
            ...[...told].filter((name) => /^(?!script|web)\w+\/\w+$/.test(name) && !there.has(name)),
            ...scripts.filter((file) => !new RegExp(`[ ,]${/([\w-]+)\.ts$/.exec(file)[1]}[ ,]`).test(rows)),
        ];
    },
};

let failed = 0;
Object.entries(rules).forEach(([name, check], i) => {
    const found = check();
    if (found.length) failed++;
    console.log(`${found.length ? 'not ok' : 'ok'} ${i + 1} - ${name}`);
    for (const line of found.slice(0, 20)) console.log(`# ${line}`);
});
console.log(`1..${Object.keys(rules).length}`);
process.exitCode = failed ? 1 : 0;
