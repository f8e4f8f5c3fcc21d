// A shop's store under measurement: filled by build/bench/load, served by crumb, asked as its visitors and analysts do.
import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from './figures.mjs';
import { end, freePort, megabytes, sleep, start, untilAnswers } from './process.mjs';

const QUIET_MS = 1200; // for so long a service that has nothing to do ...
const QUIET_CPU_S = 0.03; // ... takes at most this
const WAIT_MS_MAX = 240_000;
const POLL_MS = 20;

// Of the process's threads, to the nanosecond: in ticks of 10 ms a question would be nothing or one.
export function cpuOf(pid) {
    let ns = 0;
    for (const task of readdirSync(`/proc/${pid}/task`)) {
        try {
            ns += +readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ')[0];
        } catch {
            // it has ended since
        }
    }
    return ns / 1e9;
}

export class Shop {
    // @suffix: '' or '-plain', of the programs (bench/plain.c).
    constructor(folder, name, suffix = '') {
        this.name = name;
        this.config = join(folder, `${name}.yaml`);
        this.folder = join(folder, name);
        this.log = join(folder, `${name}.log`);
        this.loader = join(build, `bench/load${suffix}`);
        this.program = join(build, suffix ? `bench/crumb${suffix}` : 'crumb');
    }

    async configure(retention = '') {
        [this.port, this.privatePort] = [await freePort(), await freePort()];
        this.token ??= execFileSync(this.program, ['token', '--name', 'bench', '--role', 'analyst', '--site', 'shop'],
            { encoding: 'utf8' }).split('\n');
        writeFileSync(
            this.config,
            `data: ${this.folder}
listen: {public: 127.0.0.1:${this.port}, private: 127.0.0.1:${this.privatePort}}
tokens:
${this.token[1]}
# The whole load comes from one address, which no visitors do.
rates: {address: 0, site: 0, choices: 0}
sites:
  shop:
    origins: [https://shop.example]
    timezone: Europe/Berlin
    controller: {name: Example Shop, contact: privacy@shop.example}
    purposes: {analytics: {collects: [log, device]}, journeys: {collects: [clickpath]}}
    ${retention && `retention: {${retention}}`}
`);
    }

    // What build/bench/load says. @args: its own.
    load(...args) {
        const output = execFileSync(this.loader, ['-c', this.config, '--site', 'shop', ...args.map(String)], {
            encoding: 'utf8', maxBuffer: 1 << 28, stdio: ['ignore', 'pipe', 'inherit'] });
        return JSON.parse(output);
    }

    async start() {
        const log = openSync(this.log, 'a');
        this.child = start(this.program, ['serve', '-c', this.config], log);
        closeSync(log);
        await untilAnswers(this.privatePort, '/healthz');
    }

    async stop() {
        if (this.child) await end([this.child]);
        this.child = null;
    }

    cpu() {
        return cpuOf(this.child.pid);
    }

    // The peak is that since it was forgotten.
    peak() {
        return megabytes([this.child.pid], 'VmHWM');
    }

    forgetPeak() {
        writeFileSync(`/proc/${this.child.pid}/clear_refs`, '5');
    }

    // Until nothing is done in the background any more. Gives the CPU seconds that this took.
    async untilQuiet() {
        const before = this.cpu(), until = performance.now() + WAIT_MS_MAX;
        for (let last = before; performance.now() < until; ) {
            await sleep(QUIET_MS);
            const now = this.cpu();
            if (now - last < QUIET_CPU_S) return last - before;
            last = now;
        }
        throw new Error('the service does not come to rest');
    }

    // ---- as a visitor ----

    ask(path, { cookie, ...more } = {}) {
        return fetch(`http://127.0.0.1:${this.port}${path}`, { ...more, headers: cookie ? { cookie } : {} });
    }

    // A visitor who allows everything: the cookie.
    async grant() {
        const { hash } = await (await this.ask('/v1/notice?site=shop')).json();
        const answer = await this.ask('/v1/consent',
            { method: 'POST', body: JSON.stringify({ site: 'shop', notice: hash, surface: 'api', action: 'grant' }) });
        if (answer.status !== 201) throw new Error(`consent was answered ${answer.status}`);
        return `crumb_id=${/crumb_id=([^;]+)/.exec(answer.headers.get('set-cookie'))[1]}`;
    }

    // Asks for erasure and waits for the receipt, as a page does: { ms, receipt }.
    async erase(cookie) {
        const began = performance.now();
        const answer = await this.ask('/v1/me?site=shop', { method: 'DELETE', cookie });
        if (answer.status !== 200 && answer.status !== 202) throw new Error(`DELETE /v1/me was answered ${answer.status}`);
        const { receipts: [{ at, receipt }] } = await answer.json();
        if (receipt) return { ms: performance.now() - began, receipt };
        for (;;) {
            const got = await this.ask(at, { cookie });
            const told = await got.json();
            if (got.status === 200) return { ms: performance.now() - began, receipt: told };
            if (got.status !== 202) throw new Error(`${at} was answered ${got.status}`);
            if (performance.now() - began > WAIT_MS_MAX) throw new Error('an erasure does not end');
            await sleep(POLL_MS);
        }
    }

    // ---- as an analyst ----

    async query({ path, body }) {
        const answer = await fetch(`http://127.0.0.1:${this.privatePort}${path}`,
            { method: 'POST', body: JSON.stringify(body), headers: { authorization: `Bearer ${this.token[0]}` } });
        if (answer.status !== 200) throw new Error(`${path} was answered ${answer.status}: ${await answer.text()}`);
        return answer.json();
    }

    async pageviews([from, to]) {
        const body = { site_id: 'shop', metrics: ['pageviews'], date_range: [from, to] };
        return (await this.query({ path: '/api/v2/query', body })).results[0].metrics[0];
    }

    stat() {
        return JSON.parse(execFileSync(this.program, ['stat', '-c', this.config], { encoding: 'utf8' }));
    }
}

// The CSV of bench/generate.c in @file.
export function generate(file, ...args) {
    const output = openSync(file, 'w');
    try {
        execFileSync(join(build, 'bench/generate'), args.map(String), { stdio: ['ignore', output, 'inherit'] });
    } finally {
        closeSync(output);
    }
    return file;
}
