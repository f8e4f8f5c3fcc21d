// script/bench hold: how long one request may hold an event loop, with the worst bodies that are known.
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const build = join(root, process.env.BUILD ?? 'build');

const rows = execFileSync(join(build, 'bench/hold'), { encoding: 'utf8' }).trim().split('\n').map(JSON.parse);
const most = (field) => Math.max(...rows.map((row) => row[field]));
const result = { date: new Date().toISOString(), us_min_worst: most('us_min'), us_median_worst: most('us_median'), bodies: rows };
mkdirSync(join(build, 'bench'), { recursive: true });
writeFileSync(join(build, 'bench/hold.json'), JSON.stringify(result, null, 2) + '\n');

const print = (cells) => console.log(cells.map((cell, i) => (i ? String(cell).padStart(11) : cell.padEnd(36))).join(''));
print(['a body', 'us min', 'us median', 'us max']);
for (const { body, us_min, us_median, us_max } of rows) print([body, us_min, us_median, us_max]);
