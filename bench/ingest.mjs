// script/bench ingest: what one beacon costs, beside the floor of libh2o and nginx with an access log.
//
// Every round measures each server in turn on the same cores, in an order that rotates, so that whatever else the
// machine does falls on all of them alike. CPU is that of the server's whole process tree, from /proc; ratios are those
// of one round, and the figures are medians over the rounds. The load is wrk, keep-alive, on the loopback.
import { spawn, execFileSync } from 'node:child_process';
import { mkdtempSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { cpus } from 'node:os';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname ?? new URL('.', import.meta.url).pathname, '..');
const build = join(root, process.env.BUILD ?? 'build');
const quick = process.argv.includes('--quick');
const threads = cpus().length;
const CONNECTIONS = quick ? [256] : [64, 256, 1000];
const ROUNDS = quick ? 4 : 5;
const SECONDS = quick ? 2 : 4;
const EVENTS_PER_BODY = 20;
const TICKS_PER_SECOND = 100; // sysconf(_SC_CLK_TCK) on every Linux that Debian has

const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

function freePort() {
    return new Promise((give, fail) => {
        const server = createServer().once('error', fail);
        server.listen(0, '127.0.0.1', () => {
            const { port } = server.address();
            server.close(() => give(port));
        });
    });
}

// ---- what a process costs ----

function family(pid) {
    const pids = [pid];
    for (const entry of readdirSync('/proc')) {
        if (!/^\d+$/.test(entry)) continue;
        try {
            const stat = readFileSync(`/proc/${entry}/stat`, 'utf8');
            if (+stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1] === pid) pids.push(+entry);
        } catch {
            // it has ended since
        }
    }
    return pids;
}

function cpuSeconds(pids) {
    let ticks = 0;
    for (const pid of pids) {
        const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        ticks += +fields[11] + +fields[12]; // utime, stime
    }
    return ticks / TICKS_PER_SECOND;
}

function megabytes(pids, field) {
    const kilobytes = pids.map((pid) => {
        const status = readFileSync(`/proc/${pid}/status`, 'utf8');
        return +new RegExp(`^${field}:\\s+(\\d+)`, 'm').exec(status)[1];
    });
    return kilobytes.reduce((a, b) => a + b, 0) / 1024;
}

// ---- the servers ----

async function untilAnswers(port, path) {
    for (let i = 0; i < 100; i++) {
        try {
            await fetch(`http://127.0.0.1:${port}${path}`);
            return;
        } catch {
            await sleep(50);
        }
    }
    throw new Error(`nothing answers on port ${port}`);
}

function start(command, args) {
    const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
    child.on('error', (error) => {
        process.stderr.write(`bench: cannot start ${command}: ${error.message}\n`);
        process.exit(3);
    });
    return child;
}

async function startFloor() {
    const port = await freePort();
    const child = start(join(build, 'bench/floor'), [String(port), String(threads)]);
    await untilAnswers(port, '/');
    return { name: 'floor', child, port, cookie: 'none=1', events: 0 };
}

async function startNginx(folder) {
    const port = await freePort();
    mkdirSync(join(folder, 'nginx'));
    writeFileSync(
        join(folder, 'nginx/nginx.conf'),
        `daemon off; worker_processes ${threads}; pid ${folder}/nginx/pid; error_log stderr crit;
         worker_rlimit_nofile 4096; events { worker_connections 2048; }
         http { access_log ${folder}/nginx/access.log combined buffer=64k; keepalive_requests 1000000000;
                client_body_temp_path ${folder}/nginx/body; proxy_temp_path ${folder}/nginx/proxy;
                fastcgi_temp_path ${folder}/nginx/fastcgi; uwsgi_temp_path ${folder}/nginx/uwsgi;
                scgi_temp_path ${folder}/nginx/scgi;
                server { listen 127.0.0.1:${port}; location / { empty_gif; } } }`);
    const child = start('/usr/sbin/nginx', ['-c', join(folder, 'nginx/nginx.conf'), '-e', 'stderr']);
    await untilAnswers(port, '/p.gif');
    return { name: 'nginx_log', child, port, cookie: 'none=1', events: 0 };
}

async function grant(port) {
    const base = `http://127.0.0.1:${port}`;
    const { hash } = await (await fetch(`${base}/v1/notice?site=shop`)).json();
    const body = JSON.stringify({ site: 'shop', notice: hash, surface: 'api', action: 'grant' });
    const answer = await fetch(`${base}/v1/consent`, { method: 'POST', body });
    if (answer.status !== 201) throw new Error(`consent was answered ${answer.status}`);
    const cookies = answer.headers.get('set-cookie');
    return `crumb_id=${/crumb_id=([^;]+)/.exec(cookies)[1]}`;
}

async function startCrumb(folder) {
    const port = await freePort();
    const config = join(folder, 'crumb.yaml');
    writeFileSync(
        config,
        `data: ${folder}/data
listen: {public: 127.0.0.1:${port}, private: 127.0.0.1:0}
# The whole load comes from one address, which no visitors do.
rates: {address: 0, site: 0}
sites:
  shop:
    origins: [https://shop.example]
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
`);
    const child = start(join(build, 'crumb'), ['serve', '-c', config]);
    await untilAnswers(port, '/v1/notice?site=shop');
    return { name: 'crumb', child, port, config, cookie: await grant(port), events: 0 };
}

// ---- one measurement ----

const inMs = { us: 0.001, ms: 1, s: 1000 };

function latency(output, percent) {
    const [, value, unit] = new RegExp(`^\\s+${percent}%\\s+([\\d.]+)(us|ms|s)`, 'm').exec(output);
    return +value * inMs[unit];
}

let seed = 0;

function wrk(server, connections) {
    const args = [`-t${Math.min(2, threads)}`, `-c${connections}`, `-d${SECONDS}s`, '--latency', '-s',
        join(root, 'bench/beacon.lua'), `http://127.0.0.1:${server.port}`, '--', server.cookie, String(server.events),
        String(++seed)];
    return new Promise((give, fail) => {
        const child = spawn('wrk', args, { stdio: ['ignore', 'pipe', 'inherit'] });
        let output = '';
        child.stdout.on('data', (data) => (output += data));
        child.on('error', fail);
        child.on('close', (code) => (code === 0 ? give(output) : fail(new Error(`wrk: exit code ${code}`))));
    });
}

async function measure(server, connections) {
    const pids = family(server.child.pid);
    const cpuBefore = cpuSeconds(pids);
    const output = await wrk(server, connections);
    const cpu = cpuSeconds(pids) - cpuBefore;
    const requests = +/(\d+) requests in/.exec(output)[1];
    if (/Non-2xx/.test(output)) throw new Error(`${server.name}: not every answer was good\n${output}`);
    return {
        cpu_us: (cpu * 1e6) / requests,
        requests_per_s: +/Requests\/sec:\s+([\d.]+)/.exec(output)[1],
        p50_ms: latency(output, 50),
        p99_ms: latency(output, 99),
        requests,
    };
}

const median = (numbers) => {
    const sorted = [...numbers].sort((a, b) => a - b);
    const middle = sorted.length >> 1;
    return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

async function measureAll(servers, connections) {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round++) {
        const figures = {};
        for (let i = 0; i < servers.length; i++) {
            const server = servers[(i + round) % servers.length];
            figures[server.name] = await measure(server, connections);
        }
        rounds.push(figures);
    }
    return rounds;
}

function summarize(rounds, name) {
    const figures = {};
    for (const key of ['cpu_us', 'requests_per_s', 'p50_ms', 'p99_ms'])
        figures[key] = +median(rounds.map((round) => round[name][key])).toFixed(3);
    return figures;
}

const ratio = (rounds, a, b, scale = 1) =>
    +median(rounds.map((round) => round[a].cpu_us / scale / round[b].cpu_us)).toFixed(3);

// ---- the report ----

function print(result) {
    const row = (cells) => console.log(cells.map((cell, i) => (i ? String(cell).padStart(12) : String(cell).padEnd(24))).join(''));
    for (const [connections, figures] of Object.entries(result.connections)) {
        console.log(`\n${connections} connections, keep-alive (medians of ${ROUNDS} rounds of ${SECONDS} s)`);
        row(['', 'CPU us', 'requests/s', 'p50 ms', 'p99 ms']);
        for (const [name, f] of Object.entries(figures))
            row([name, f.cpu_us.toFixed(2), Math.round(f.requests_per_s), f.p50_ms.toFixed(2), f.p99_ms.toFixed(2)]);
    }
    console.log(`\ncrumb / nginx with log, CPU per beacon, 256 connections:      ${result.ratio_nginx_log}`);
    console.log(`crumb / bare libh2o, CPU per beacon, 256 connections:         ${result.ratio_floor}`);
    console.log(`crumb / nginx with log, CPU per event, ${EVENTS_PER_BODY} events a request:  ${result.ratio_nginx_log_batch}`);
    console.log(`crumb: peak resident ${result.peak_mb} MB, of which private ${result.private_mb} MB at the end; ` +
        `${result.events_stored} events stored durably`);
}

async function main() {
    const folder = mkdtempSync(join(build, 'ingest-'));
    const servers = [];
    let failed = true;
    try {
        servers.push(await startFloor(), await startNginx(folder), await startCrumb(folder));
        const crumb = servers[2];
        const batch = { ...crumb, name: 'crumb_batch', events: EVENTS_PER_BODY };
        const result = { quick, threads, connections: {}, date: new Date().toISOString() };
        for (const connections of CONNECTIONS) {
            const rounds = await measureAll([...servers, batch], connections);
            const names = [...servers.map((server) => server.name), batch.name];
            result.connections[connections] = Object.fromEntries(names.map((name) => [name, summarize(rounds, name)]));
            if (connections !== 256) continue;
            result.ratio_nginx_log = ratio(rounds, 'crumb', 'nginx_log');
            result.ratio_floor = ratio(rounds, 'crumb', 'floor');
            result.ratio_nginx_log_batch = ratio(rounds, 'crumb_batch', 'nginx_log', EVENTS_PER_BODY);
        }
        result.peak_mb = +megabytes([crumb.child.pid], 'VmHWM').toFixed(1);
        result.private_mb = +megabytes([crumb.child.pid], 'RssAnon').toFixed(1);
        const stat = JSON.parse(execFileSync(join(build, 'crumb'), ['stat', '-c', crumb.config]));
        result.events_stored = stat.events;
        result.bytes_per_event = +(stat.bytes / stat.events).toFixed(1);
        if (stat.accounting.received !== stat.accounting.stored)
            throw new Error(`events were dropped: ${JSON.stringify(stat.accounting)}`);
        mkdirSync(join(build, 'bench'), { recursive: true });
        writeFileSync(join(build, 'bench/ingest.json'), JSON.stringify(result, null, 2) + '\n');
        print(result);
        failed = false;
    } finally {
        for (const server of servers) server.child.kill('SIGTERM');
        await Promise.all(servers.map((server) => server.child.exitCode ?? new Promise((gone) => server.child.on('exit', gone))));
        rmSync(folder, { recursive: true, force: true });
    }
    process.exitCode = failed ? 3 : 0;
}

await main();
