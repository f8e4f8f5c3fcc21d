// script/bench consent: what one record of consent costs, durable when it is acknowledged, beside @c15t/backend.
//
// Every round measures each server in turn, in an order that rotates. A record is one grant of a visitor who was never
// here before. CPU is that of the server's process tree; records per core and second are the reciprocal of it, so that
// a server with two loops and one with a single thread are compared by what they use. At the end each store is asked
// how many records it has: none that was acknowledged may be missing.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { build, median, medians, quick, root, rotate, rounded, row, write } from './lib/figures.mjs';
import { cpuSeconds, end, family, freePort, megabytes, start, untilAnswers } from './lib/process.mjs';
import { wrk } from './lib/wrk.mjs';

const CONNECTIONS = [64, 1];
const ROUNDS = quick ? 3 : 5;
const SECONDS = quick ? 2 : 5;
const WARM_SECONDS = quick ? 3 : 10;
const RATIO_MIN = 50;

async function startCrumb(folder) {
    const port = await freePort();
    const config = join(folder, 'crumb.yaml');
    writeFileSync(
        config,
        `data: ${folder}/data
listen: {public: 127.0.0.1:${port}, private: 127.0.0.1:0}
rates: {address: 0, site: 0, choices: 0}
sites:
  shop:
    origins: [https://shop.example]
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}, marketing: {collects: []}}
`);
    const child = start(join(build, 'crumb'), ['serve', '-c', config]);
    await untilAnswers(port, '/v1/notice?site=shop');
    const { hash } = await (await fetch(`http://127.0.0.1:${port}/v1/notice?site=shop`)).json();
    const stored = () => JSON.parse(execFileSync(join(build, 'crumb'), ['stat', '-c', config])).ledger;
    return { name: 'crumb', child, port, fixed: hash, acknowledged: 0, stored };
}

async function startC15t(folder) {
    const port = await freePort();
    const file = join(folder, 'c15t.db');
    const child = start(process.execPath, [join(root, 'bench/c15t-server.mjs'), String(port), file]);
    await untilAnswers(port, '/api/c15t/status');
    const stored = () => {
        const Database = createRequire(import.meta.url)('libsql');
        const database = new Database(file);
        const { n } = database.prepare('SELECT count(*) AS n FROM consent').get();
        database.close();
        return n;
    };
    return { name: 'c15t', child, port, fixed: String(Date.now()), acknowledged: 0, stored };
}

let seed = Date.now() % 1e6;

async function load(server, connections, seconds) {
    const args = ['-t1', `-c${connections}`, `-d${seconds}s`, '-s', join(root, 'bench/consent.lua'),
        `http://127.0.0.1:${server.port}`];
    const answers = await wrk(args, [server.name, server.fixed, String(++seed)]);
    server.acknowledged += answers.requests;
    return answers;
}

async function measure(server, connections) {
    const pids = family(server.child.pid);
    const before = cpuSeconds(pids);
    const { requests, requests_per_s, p50_ms, p99_ms } = await load(server, connections, SECONDS);
    const cpu = cpuSeconds(pids) - before;
    return { cpu_us: (cpu * 1e6) / requests, records_per_core_s: requests / cpu, records_per_s: requests_per_s, p50_ms, p99_ms };
}

const KEYS = ['cpu_us', 'records_per_core_s', 'records_per_s', 'p50_ms', 'p99_ms'];

function print(result) {
    for (const connections of CONNECTIONS) {
        const figures = result.connections[connections];
        console.log(`\n${connections} connection${connections === 1 ? '' : 's'}, keep-alive (medians of ${ROUNDS} rounds of ${SECONDS} s)`);
        row(['', 'CPU us', 'a core and s', 'records/s', 'p50 ms', 'p99 ms'], 14);
        for (const name of ['crumb', 'c15t']) {
            const f = figures[name];
            row([name, f.cpu_us.toFixed(1), Math.round(f.records_per_core_s), Math.round(f.records_per_s), f.p50_ms, f.p99_ms], 14);
        }
        console.log(`ratio: ${figures.ratio_core} a core, ${figures.ratio_rate} by the clock`);
    }
    console.log('');
    for (const [name, { acknowledged, stored, peak_mb }] of Object.entries(result.stores))
        console.log(`${name}: ${acknowledged} acknowledged, ${stored} in the store, peak ${peak_mb} MB`);
    console.log(`bar: at least ${RATIO_MIN} times c15t's records a core at 64 connections: ${result.bars.ratio_core ? 'kept' : 'MISSED'}`);
}

function compare(rounds) {
    const ratio = (of) => rounded(median(rounds.map(of)), 1);
    return {
        crumb: medians(rounds, 'crumb', KEYS),
        c15t: medians(rounds, 'c15t', KEYS),
        ratio_core: ratio(({ crumb, c15t }) => c15t.cpu_us / crumb.cpu_us),
        ratio_rate: ratio(({ crumb, c15t }) => crumb.records_per_s / c15t.records_per_s),
    };
}

function account(server) {
    const stored = server.stored();
    if (!(stored >= server.acknowledged)) throw new Error(`${server.name} lost ${server.acknowledged - stored} records`);
    return { acknowledged: server.acknowledged, stored, peak_mb: rounded(megabytes([server.child.pid], 'VmHWM'), 1) };
}

const folder = mkdtempSync(join(build, 'consent-'));
const servers = [];
try {
    servers.push(await startCrumb(folder), await startC15t(folder));
    const result = { quick, date: new Date().toISOString(), node: process.version, connections: {} };
    for (const server of servers) await load(server, 64, WARM_SECONDS); // until V8 has compiled what it will
    for (const connections of CONNECTIONS)
        result.connections[connections] = compare(await rotate(servers, ROUNDS, (server) => measure(server, connections)));
    result.stores = Object.fromEntries(servers.map((server) => [server.name, account(server)]));
    result.bars = { ratio_core: result.connections[64].ratio_core >= RATIO_MIN };
    write('consent', result);
    print(result);
} finally {
    await end(servers.map(({ child }) => child));
    rmSync(folder, { recursive: true, force: true });
}
