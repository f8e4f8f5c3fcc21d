// script/bench query: the same questions about the same events, put to crumb, DuckDB, ClickHouse and sqlite.
//
//   --quick          1,000,000 events of 14 days only; without it also 10,000,000 of 365 days
//   --only A,B       these engines; one of duckdb, clickhouse and sqlite must be among them, to compare with
//   BENCH_FOLDER     where the stores are for as long as it takes (build/)
//
// Engines are processes on the last core, and whoever asks keeps to the first. Each loads the same CSV
// (bench/generate.c), gives each question's answer once, which is compared, and then answers it in rounds whose order
// rotates; figures are medians. docs/benchmarks.md says what is measured and how it is fair.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, existsSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { Clickhouse } from './engines/clickhouse.mjs';
import { Crumb } from './engines/crumb.mjs';
import { Duckdb } from './engines/duckdb.mjs';
import { readLogs } from './engines/logs.mjs';
import { Sqlite } from './engines/sqlite.mjs';
import { build, median, quick, rounded, row, write } from './lib/figures.mjs';
import { questions, rowsOf } from './lib/questions.mjs';

const SETS = [
    { name: '1m', events: 1_000_000, days: 14, first: '2026-01-01', last: '2026-01-14', zone: 'Europe/Berlin' },
    { name: '10m', events: 10_000_000, days: 365, first: '2025-01-01', last: '2025-12-31', zone: 'Europe/Berlin' },
];
const ROUNDS = quick ? 7 : 15;
// A slow engine is asked less often: its median needs no more.
const QUESTION_MS_MAX = quick ? 2_000 : 20_000;
// The sketches' standard errors, as their makers state them; three of them are allowed.
const SKETCH_ERROR = { crumb: 0.0163, duckdb: 0, clickhouse: 0.01, sqlite: 0 };

const only = process.argv.includes('--only') ? process.argv[process.argv.indexOf('--only') + 1].split(',') : null;

// ---- the events ----

function generate(set, file, ...more) {
    const args = ['--events', set.events, '--days', set.days, '--first', set.first, '--zone', set.zone, ...more].map(String);
    return new Promise((give, fail) => {
        const child = spawn(join(build, 'bench/generate'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
        child.stdout.pipe(createWriteStream(file)).on('close', () => give(file));
        child.on('error', fail);
        child.on('close', (code) => code && fail(new Error(`generate: exit code ${code}`)));
    });
}

// ---- answers ----

// What differs between two answers, or null. Unique visitors may differ by a sketch's error, in absolute terms by one.
function difference(question, got, truth, error) {
    if (got.length !== truth.length) return `${got.length} rows, not ${truth.length}`;
    for (let i = 0; i < truth.length; i++)
        for (let j = 0; j < question.columns.length; j++) {
            const [a, b] = [got[i][j], truth[i][j]];
            const allowed = question.columns[j] === 'visitors' ? Math.max(error && 1, 3 * error * b) : 0;
            if (typeof b === 'number' ? !(Math.abs(a - b) <= allowed) : a !== b)
                return `row ${i + 1}, ${question.columns[j]}: ${a}, not ${b}`;
        }
    return null;
}

// ---- one set ----

async function loadAll(engines, csv, result) {
    for (const engine of engines) {
        const figures = await engine.load(csv);
        result[engine.name] = Object.fromEntries(Object.entries(figures).map(([key, value]) => [key, rounded(value)]));
        process.stderr.write(`${engine.name}: loaded in ${figures.load_s.toFixed(1)} s\n`);
    }
}

// The answer that all must give: of the first peer, counted exactly. The others are compared with it, so it is, too.
async function truthOf(question, engines, set) {
    const peer = engines.find((engine) => engine.dialect);
    const dialect = { ...peer.dialect, unique: peer.dialect.exact };
    return rowsOf(question, (await peer.sql(question.sql(dialect, set))).rows);
}

async function askAll(question, engines, set, result) {
    const truth = await truthOf(question, engines, set);
    const times = Object.fromEntries(engines.map((engine) => [engine.name, []]));
    const spent = {};
    for (let round = 0; round <= ROUNDS; round++)
        for (let i = 0; i < engines.length; i++) {
            const engine = engines[(i + round) % engines.length];
            if (spent[engine.name] > QUESTION_MS_MAX) continue;
            const { ms, rows, refused } = await engine.ask(question);
            if (refused) {
                result[engine.name][question.name] = { refused };
                spent[engine.name] = Infinity;
                continue;
            }
            spent[engine.name] = (spent[engine.name] ?? 0) + ms;
            if (round > 0) {
                times[engine.name].push(ms);
                continue;
            }
            const own = engine.name === 'crumb' ? rows : rowsOf(question, rows);
            const wrong = difference(question, own, truth, SKETCH_ERROR[engine.name]);
            result[engine.name][question.name] = { first_ms: rounded(ms), ...(wrong && { wrong }) };
            if (wrong) process.stderr.write(`${engine.name}: ${question.name}: ${wrong}\n`);
        }
    for (const { name } of engines) {
        const of = result[name][question.name];
        if (!of.refused) of.ms = times[name].length ? rounded(median(times[name])) : of.first_ms;
    }
}

// crumb over @peer on the question where that is worst.
function worstRatio(result, peer) {
    let worst = null;
    for (const { name } of questions) {
        const [own, other] = [result.crumb?.[name]?.ms, result[peer]?.[name]?.ms];
        if (own && other && (!worst || own / other > worst.ratio)) worst = { ratio: rounded(own / other), question: name };
    }
    return worst;
}

async function runSet(set, folder) {
    const csv = await generate(set, join(folder, 'hits.csv'));
    const engines = [Crumb, Duckdb, Clickhouse, Sqlite].map((Engine) => new Engine(set, folder))
        .filter(({ name }) => !only || only.includes(name));
    const result = { events: set.events, days: set.days };
    try {
        await loadAll(engines, csv, result);
        for (const question of questions) await askAll(question, engines, set, result);
        for (const engine of engines)
            for (const [key, value] of Object.entries(engine.peak())) result[engine.name][key] = rounded(value, 1);
    } finally {
        await Promise.all(engines.map((engine) => engine.end()));
        rmSync(csv);
    }
    if (!only) {
        const log = await generate(set, join(folder, 'access.log'), '--log');
        Object.assign(result, await readLogs(log, folder));
    }
    for (const peer of ['duckdb', 'clickhouse', 'sqlite']) result[`worst_${peer}`] = worstRatio(result, peer);
    if (result.crumb) result.bytes_per_event = rounded(result.crumb.bytes / set.events, 2);
    return result;
}

function sealing(set, folder) {
    const args = ['-c', join(folder, 'crumb.yaml'), '--site', 'shop', '--rounds', '3'];
    return JSON.parse(execFileSync(join(build, 'bench/seal'), args, { encoding: 'utf8' }));
}

// ---- the report ----

function print(set, result) {
    const names = ['crumb', 'duckdb', 'clickhouse', 'sqlite'].filter((name) => result[name]);
    console.log(`\n${set.events} events of ${set.days} days`);
    row(['', ...names]);
    for (const key of ['load_s', 'bytes', 'peak_mb']) row([key, ...names.map((name) => result[name][key])]);
    for (const { name } of questions)
        row([`${name} (ms)`, ...names.map((engine) => {
            const { ms, refused, wrong } = result[engine][name];
            return refused ? 'refused' : wrong ? 'WRONG' : ms;
        })]);
    for (const peer of names.slice(1)) {
        const worst = result[`worst_${peer}`];
        if (worst) console.log(`crumb / ${peer}, worst question (${worst.question}): ${worst.ratio}`);
    }
    for (const { name } of questions)
        if (result.crumb?.[name]?.refused) console.log(`crumb refused ${name}: ${result.crumb[name].refused}`);
}

const isWrong = (result) =>
    Object.values(result).some((of) => of && typeof of === 'object' && Object.values(of).some((answer) => answer?.wrong));

async function main() {
    const home = process.env.BENCH_FOLDER ?? build;
    mkdirSync(home, { recursive: true });
    execFileSync('taskset', ['-a', '-p', '-c', '0', String(process.pid)], { stdio: 'ignore' });
    const result = { quick, date: new Date().toISOString(), rounds: ROUNDS, sets: {} };
    for (const set of quick ? SETS.slice(0, 1) : SETS) {
        const folder = mkdtempSync(join(home, 'query-'));
        try {
            result.sets[set.name] = await runSet(set, folder);
            if (set === SETS[0] && existsSync(join(folder, 'crumb'))) result.seal = sealing(set, folder);
        } finally {
            rmSync(folder, { recursive: true, force: true });
        }
        print(set, result.sets[set.name]);
    }
    const first = result.sets[SETS[0].name];
    Object.assign(result, first); // the figures per engine are those of the smaller set
    result.seal_events_per_s = result.seal?.events_per_s;
    result.ratio_duckdb = first.worst_duckdb?.ratio;
    result.ratio_clickhouse = first.worst_clickhouse?.ratio;
    write('query', result);
    if (Object.values(result.sets).some(isWrong)) process.exitCode = 1;
}

await main();
