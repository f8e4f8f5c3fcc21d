// Prints build/bench/query.json and build/bench/seal.json as the tables of docs/benchmarks.md.
//
//     node bench/rows.mjs
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './lib/figures.mjs';
import { questions } from './lib/questions.mjs';

const ENGINES = ['crumb', 'duckdb', 'clickhouse', 'sqlite', 'goaccess', 'logswan'];

const line = (cells) => console.log(`| ${cells.join(' | ')} |`);
const megabytes = (bytes) => (bytes / 1e6).toFixed(1);
const read = (name) => {
    const file = join(build, `bench/${name}.json`);
    return existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null;
};

function cell(answer) {
    if (!answer) return '';
    if (answer.refused) return 'refused';
    return answer.wrong ? 'wrong' : answer.ms;
}

function printSet(set) {
    const engines = ENGINES.filter((name) => set[name]);
    console.log(`\n${set.events.toLocaleString('en')} events of ${set.days} days:\n`);
    line(['', ...engines]);
    line(['---', ...engines.map(() => '---')]);
    line(['load (s)', ...engines.map((name) => set[name].load_s)]);
    line(['on disk (MB)', ...engines.map((name) => (set[name].bytes ? megabytes(set[name].bytes) : ''))]);
    line(['peak memory (MB)', ...engines.map((name) => set[name].peak_mb)]);
    for (const { name } of questions) line([`${name} (ms)`, ...engines.map((engine) => cell(set[engine][name]))]);
    for (const peer of ['duckdb', 'clickhouse', 'sqlite'])
        if (set[`worst_${peer}`])
            console.log(`\ncrumb over ${peer}, worst question: ${set[`worst_${peer}`].ratio} (${set[`worst_${peer}`].question})`);
}

function printSeal({ days }) {
    console.log('');
    line(['days', 'events/s/core', 'of days held', 'gather (ns)', 'tabulate (ns)', 'encode (ns)', 'bytes an event']);
    line(Array(7).fill('---'));
    for (const [n, f] of Object.entries(days))
        line([n, f.events_per_s, f.held_events_per_s, f.gather_ns, f.tabulate_ns, f.encode_ns, f.bytes_per_event]);
}

const query = read('query'), seal = read('seal');
if (query) Object.values(query.sets).forEach(printSet);
if (seal) printSeal(seal);
