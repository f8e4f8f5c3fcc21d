// What the program's sources and the program itself say, to hold the documents against.
import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import { crumb } from '../http/server.mjs';
import { ROOT, read } from './documents.mjs';

// ---- limits ----

// The value of an expression of whole numbers and names.
function evaluate(expression, names) {
    const digits = expression.replace(/\b(\d+)[uUlL]*\b/g, '$1n').replace(/\b[A-Z]\w*\b/g, (name) => `${names[name]}n`);
    assert.match(digits, /^[\dn\s()*+<-]+$/, expression);
    return Number(Function(`return ${digits}`)());
}

// Every name that a header defines as a whole number.
export function defines(header) {
    const text = read(header).replace(/\/\*[^]*?\*\//g, '').replace(/\\\n/g, ' ');
    const names = { UINT32_MAX: 2 ** 32 - 1 };
    for (const [, name, expression] of text.matchAll(/^#define (\w+) +(\S.*?)\s*$/gm))
        if (!/["'{]/.test(expression)) names[name] = evaluate(expression, names);
    return names;
}

const UNITS = { bytes: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30, TiB: 2 ** 40 };
const SECONDS = { ms: 0.001, s: 1, seconds: 1, minutes: 60, hours: 3600, days: 86400, years: 365 * 86400 };

// What "10 s" means for a limit of that name.
function meaning(name, number, unit) {
    if (unit in UNITS) return number * UNITS[unit];
    if (!(unit in SECONDS)) return number;
    return Math.round(number * SECONDS[unit] * (/_MS(_|$)/.test(name) ? 1000 : 1));
}

const LIMIT = /`([A-Z][A-Z\d]*(?:_[A-Z\d]+)+)`(?:[\s|(,]+(\d+)(?: ([A-Za-z]+))?)?/g;

// The limits that a text names, and the values it gives right behind the names: "`X_MAX` | 64 KiB", "`X_MAX` (10 s)".
export function describedLimits(text) {
    return [...text.matchAll(LIMIT)].map(([all, name, number, unit]) => ({
        name,
        value: number && meaning(name, Number(number), unit),
        text: all,
    }));
}

// ---- commands ----

export async function commands() {
    const { code, stdout } = await crumb(['help']);
    assert.equal(code, 0);
    return [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name]) => name);
}

// ---- sources ----

const sourcesIn = (folder) =>
    readdirSync(ROOT + folder, { withFileTypes: true }).flatMap((entry) =>
        entry.isDirectory() ? sourcesIn(`${folder}/${entry.name}`) : `${folder}/${entry.name}`);

// The files beside the configuration's own that act on a member of one of its structs. Lint looks at all of them.
export const usersOf = (member) =>
    sourcesIn('src')
        .filter((file) => file.endsWith('.c') && !/^src\/(config\/|consent\/lint)/.test(file))
        .filter((file) => new RegExp(`(->|\\.)${member}\\b`).test(read(file)));

// The keys of every table of a mapping's keys.
export const fieldKeys = () =>
    sourcesIn('src/config').flatMap((file) =>
        [...read(file).matchAll(/\{"(\w+)",\s*(?:\w+_)?(?:read|field)(?:_\w+)?,/g)].map(([, key]) => key));

// The rules of lint: [name, source].
export const lintRules = () =>
    [...read('src/consent/lint.c').matchAll(/\{"([a-z-]+)",\s*"([^"]+)",\s*lint_/g)].map(([, ...rule]) => rule);

