// script/bench ingest: what one beacon costs, beside the floor of libh2o and nginx with an access log.
//
// Every round measures each server in turn on the same cores, in an order that rotates, so that whatever else the
// machine does falls on all of them alike. CPU is that of the server's whole process tree, from /proc; ratios are those
// of one round, and the figures are medians over the rounds. The load is wrk, keep-alive, on the loopback.
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { join } from 'node:path';
import { mmdb } from '../tests/http/mmdb.mjs';
import { drawAgents, random } from './lib/agents.mjs';
import { build, median, medians, quick, root, rotate, rounded, row, write } from './lib/figures.mjs';
import { cpuSeconds, end, family, freePort, megabytes, start, untilAnswers } from './lib/process.mjs';
import { wrk } from './lib/wrk.mjs';

const threads = cpus().length;
const CONNECTIONS = quick ? [256] : [64, 256, 1000];
const ROUNDS = 5;
const SECONDS = quick ? 1 : 4;
const EVENTS_PER_BODY = 20;
const N_NETWORKS = 1024;
const N_VISITORS = 20_000;
const UAP_CORE = process.env.UAP_CORE ?? '/usr/share/uap-core';

// ---- the servers ----

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

async function startCrumb(folder, name, more = '') {
    const port = await freePort();
    const config = join(folder, `${name}.yaml`);
    writeFileSync(
        config,
        `data: ${folder}/${name}
listen: {public: 127.0.0.1:${port}, private: 127.0.0.1:0}
trusted_proxies: [127.0.0.1]
${more}
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
    return { name, child, port, config, cookie: await grant(port), events: 0 };
}

// Somebody else for each request: agents of the mix, addresses of a thousand networks, all of which the database knows.
function makeVisitors(folder) {
    const networks = Array.from({ length: N_NETWORKS }, (_, i) => `${11 + (i >> 6)}.${(i & 63) * 4}`);
    const place = (i) => ({
        country: { iso_code: ['DE', 'FR', 'US', 'IN'][i & 3] }, subdivisions: [{ iso_code: `R${i % 50}` }], city: { names: { en: `City ${i}` } },
    });
    writeFileSync(join(folder, 'geo.mmdb'), mmdb(Object.fromEntries(networks.map((net, i) => [`${net}.0.0/16`, place(i)]))));
    const line = (agent) => `${networks[random(N_NETWORKS)]}.${random(256)}.${random(254) + 1} ${agent}\n`;
    writeFileSync(join(folder, 'visitors'), drawAgents(N_VISITORS).map(line).join(''));
    return join(folder, 'visitors');
}

// ---- one measurement ----

const KEYS = ['cpu_us', 'requests_per_s', 'p50_ms', 'p99_ms'];
let seed = 0;

async function measure(server, connections) {
    const args = [`-t${Math.min(2, threads)}`, `-c${connections}`, `-d${SECONDS}s`, '-s', join(root, 'bench/beacon.lua'),
        `http://127.0.0.1:${server.port}`];
    const pids = family(server.child.pid);
    const before = cpuSeconds(pids);
    const answers = await wrk(args, [server.cookie, String(server.events), String(++seed),
        ...(server.visitors ? [server.visitors] : [])]);
    return { ...answers, cpu_us: ((cpuSeconds(pids) - before) * 1e6) / answers.requests };
}

const ratio = (rounds, a, b, scale = 1) => rounded(median(rounds.map((round) => round[a].cpu_us / scale / round[b].cpu_us)));

// ---- the report ----

function print(result) {
    for (const [connections, figures] of Object.entries(result.connections)) {
        console.log(`\n${connections} connections, keep-alive (medians of ${ROUNDS} rounds of ${SECONDS} s)`);
        row(['', 'CPU us', 'requests/s', 'p50 ms', 'p99 ms']);
        for (const [name, f] of Object.entries(figures))
            row([name, f.cpu_us.toFixed(2), Math.round(f.requests_per_s), f.p50_ms.toFixed(2), f.p99_ms.toFixed(2)]);
    }
    console.log(`\ncrumb / nginx with log, CPU per beacon, 256 connections:      ${result.ratio_nginx_log}`);
    console.log(`crumb / bare libh2o, CPU per beacon, 256 connections:         ${result.ratio_floor}`);
    console.log(`crumb / nginx with log, CPU per event, ${EVENTS_PER_BODY} events a request:  ${result.ratio_nginx_log_batch}`);
    console.log(`crumb with agents and places / without, 256 connections:      ${result.ratio_enriched}`);
    console.log(`crumb: peak resident ${result.peak_mb} MB, of which private ${result.private_mb} MB at the end; ` +
        `${result.events_stored} events stored durably`);
}

async function main() {
    const folder = mkdtempSync(join(build, 'ingest-'));
    const servers = [];
    let failed = true;
    try {
        const visitors = makeVisitors(folder);
        const enriching = `agents: ${UAP_CORE}/regexes.yaml\ngeo: ${folder}/geo.mmdb`;
        servers.push(await startFloor(), await startNginx(folder), await startCrumb(folder, 'crumb'),
            { ...(await startCrumb(folder, 'crumb_enriched', enriching)), visitors });
        const crumb = servers[2];
        const others = [{ ...crumb, name: 'crumb_mix', visitors }, { ...crumb, name: 'crumb_batch', events: EVENTS_PER_BODY }];
        const result = { quick, threads, connections: {}, date: new Date().toISOString() };
        for (const connections of CONNECTIONS) {
            const rounds = await rotate([...servers, ...others], ROUNDS, (server) => measure(server, connections));
            const names = [...servers, ...others].map((server) => server.name);
            result.connections[connections] = Object.fromEntries(names.map((name) => [name, medians(rounds, name, KEYS)]));
            if (connections !== 256) continue;
            result.ratio_nginx_log = ratio(rounds, 'crumb', 'nginx_log');
            result.ratio_floor = ratio(rounds, 'crumb', 'floor');
            result.ratio_enriched = ratio(rounds, 'crumb_enriched', 'crumb_mix');
            result.ratio_nginx_log_batch = ratio(rounds, 'crumb_batch', 'nginx_log', EVENTS_PER_BODY);
        }
        result.peak_mb = rounded(megabytes([crumb.child.pid], 'VmHWM'), 1);
        result.private_mb = rounded(megabytes([crumb.child.pid], 'RssAnon'), 1);
        const stat = JSON.parse(execFileSync(join(build, 'crumb'), ['stat', '-c', crumb.config]));
        result.events_stored = stat.events;
        result.bytes_per_event = rounded(stat.bytes / stat.events, 1);
        if (stat.accounting.received !== stat.accounting.stored)
            throw new Error(`events were dropped: ${JSON.stringify(stat.accounting)}`);
        write('ingest', result);
        print(result);
        failed = false;
    } finally {
        await end(servers.map(({ child }) => child));
        rmSync(folder, { recursive: true, force: true });
    }
    process.exitCode = failed ? 3 : 0;
}

await main();
