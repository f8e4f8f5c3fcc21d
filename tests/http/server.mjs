// A real server for a test: a folder and ports of its own, and proof at the end that it was well.
//
//     const server = await start({ sites: { shop: site() } });
//     ...
//     await server.end();
//
// end() stops it by SIGTERM and asserts what must be true after any test: it exits with 0 in time, wrote nothing
// unexpected to standard error (a sanitizer's report is unexpected), its books balance and `crumb verify` is content.
// The program is the one that the environment variable CRUMB names.
import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Visitor, request } from './client.mjs';

export const CRUMB = process.env.CRUMB;
if (!CRUMB) throw new Error('set CRUMB to the program under test, such as CRUMB=build/crumb');

const START_MS_MAX = 20_000;
// Promised; a sanitizer looks for leaks meanwhile.
const STOP_MS_MAX = readFileSync(CRUMB).includes('__asan_init') ? 20_000 : 10_000;
const COMMAND_MS_MAX = 60_000;
const EXPECTED = [/^crumb: public on port \d+ .*, private on port \d+ /, /^crumb: stopping$/];

export const sleep = (ms) => new Promise((wake) => setTimeout(wake, ms));

// Calls @attempt until it gives something true; fails with @what after @ms.
export async function eventually(what, attempt, ms = 10_000) {
    for (const deadline = Date.now() + ms; Date.now() < deadline; await sleep(20)) {
        const result = await attempt();
        if (result) return result;
    }
    assert.fail(`${what} did not happen within ${ms} ms`);
}

// ---- configurations ----

// A site as most tests want it: what is measured, where people click, and something that collects nothing.
export function site(more = {}) {
    return {
        origins: ['https://shop.example'],
        controller: { name: 'Example Shop', contact: 'privacy@shop.example' },
        purposes: {
            analytics: { collects: ['log', 'device'] },
            journeys: { collects: ['clickpath'] },
            marketing: { collects: [] },
        },
        ...more,
    };
}

const defaults = () => ({
    data: './data',
    listen: { public: '127.0.0.1:0', private: '127.0.0.1:0' },
    threads: 2,
    // One client does here in a second what visitors do in a day. Rates have tests of their own.
    rates: { address: 0, site: 0, choices: 0 },
    sites: { shop: site({ on_withdraw: 'keep' }) }, // erasure has tests of its own
});

// What makes the public port speak HTTP/2, too.
export const HTTP2 = { listen: { public: '127.0.0.1:0', private: '127.0.0.1:0', http2: true } };

// ---- processes ----

const running = new Set();
process.on('exit', () => running.forEach((child) => child.kill('SIGKILL')));

// Known leaks and races of libraries are named in files beside the tests; whatever else a sanitizer finds is a failure.
function environment() {
    const file = (name) => fileURLToPath(new URL(`../${name}`, import.meta.url));
    return {
        ASAN_OPTIONS: 'detect_leaks=1:exitcode=99',
        UBSAN_OPTIONS: 'print_stacktrace=1',
        ...process.env,
        LSAN_OPTIONS: `suppressions=${file('lsan.supp')}:print_suppressions=0`,
        TSAN_OPTIONS: `suppressions=${file('tsan.supp')}:exitcode=98`,
    };
}

function launch(program, args) {
    const child = spawn(program, args, { env: environment(), stdio: ['pipe', 'pipe', 'pipe'] });
    child.output = { stdout: '', stderr: '' };
    for (const stream of ['stdout', 'stderr'])
        child[stream].setEncoding('utf8').on('data', (text) => (child.output[stream] += text));
    child.stdin.on('error', () => {}); // it may end without reading
    running.add(child);
    child.ended = new Promise((resolve, reject) => {
        child.once('error', reject);
        child.once('close', (code, signal) => {
            running.delete(child);
            resolve({ code, signal });
        });
    });
    return child;
}

// The end of @child, or a failure after @ms.
async function endOf(child, ms, what) {
    const timer = setTimeout(() => child.kill('SIGKILL'), ms);
    const end = await child.ended;
    clearTimeout(timer);
    if (end.signal === 'SIGKILL') assert.fail(`${what} did not end within ${ms} ms; it wrote ${child.output.stderr}`);
    return end;
}

// Runs the program as a person would: { code, stdout, stderr }.
export async function crumb(args, input = '') {
    const child = launch(CRUMB, args);
    child.stdin.end(input);
    const { code, signal } = await endOf(child, COMMAND_MS_MAX, `crumb ${args.join(' ')}`);
    assert.equal(signal, null, `crumb ${args.join(' ')} was ended by ${signal}; it wrote ${child.output.stderr}`);
    assert.doesNotMatch(child.output.stderr, /Sanitizer|runtime error/);
    return { code, ...child.output };
}

// ---- the server ----

export class Server {
    constructor(config) {
        this.folder = mkdtempSync(join(tmpdir(), 'crumb-http-'));
        this.file = join(this.folder, 'crumb.yaml');
        this.data = join(this.folder, 'data');
        this.expected = [...EXPECTED];
        this.configure(config);
    }

    // Writes the configuration. JSON is YAML, too.
    configure(config = {}) {
        this.config = { ...defaults(), ...config };
        writeFileSync(this.file, JSON.stringify(this.config, null, 4));
    }

    // Lines of standard error that a test provokes.
    expect(...patterns) {
        this.expected.push(...patterns);
    }

    // Starts it and waits until it takes requests. @shell: a bash command to run before, in the same process.
    async launch(shell) {
        const args = ['serve', '-c', this.file];
        this.child = shell
            ? launch('bash', ['-c', `${shell}; exec "$0" "$@"`, CRUMB, ...args])
            : launch(CRUMB, args);
        const ports = await eventually(
            'the server becoming ready',
            () =>
                this.child.output.stderr.match(/public on port (\d+) .*private on port (\d+)/) ??
                this.child.exitCode !== null,
            START_MS_MAX,
        );
        assert.ok(Array.isArray(ports), `the server did not start: ${this.child.output.stderr}`);
        [this.public, this.private] = ports.slice(1).map(Number);
    }

    get pid() {
        return this.child.pid;
    }

    kill(signal) {
        return this.child.kill(signal);
    }

    // Gone without a chance to tidy up.
    async crash() {
        this.child.kill('SIGKILL');
        await this.child.ended;
    }

    // SIGTERM. Asserts a clean end, and that standard error has expected lines only.
    async stop() {
        const began = Date.now();
        this.child.kill('SIGTERM');
        const { code, signal } = await endOf(this.child, 2 * STOP_MS_MAX, 'the server');
        const ms = Date.now() - began;
        const lines = this.child.output.stderr.split('\n').filter(Boolean);
        const surprises = lines.filter((line) => !this.expected.some((pattern) => pattern.test(line)));
        assert.deepEqual(surprises, [], 'lines of standard error that nobody expected');
        assert.deepEqual({ code, signal }, { code: 0, signal: null });
        assert.ok(ms < STOP_MS_MAX, `stopping took ${ms} ms`);
        return ms;
    }

    async restart(config) {
        await this.stop();
        if (config) this.configure(config);
        await this.launch();
    }

    // Reloads the configuration, written from @config.
    async reload(config) {
        this.expect(/^crumb: reloaded /);
        const before = this.child.output.stderr.length;
        this.configure(config);
        this.child.kill('SIGHUP');
        await eventually('the reload', () => this.child.output.stderr.slice(before).includes('reloaded'));
        await sleep(50); // the order is given; each loop takes it between two of its requests
    }

    // What every test ends with.
    async end() {
        try {
            if (this.child?.exitCode === null && this.child.signalCode === null) await this.stop();
            await this.books();
            await this.assertSound();
        } finally {
            this.cleanup();
        }
    }

    cleanup() {
        this.child?.kill('SIGKILL');
        rmSync(this.folder, { recursive: true, force: true });
    }

    // ---- asking over HTTP ----

    get(path, headers = {}) {
        return request(this.public, { path, headers });
    }

    post(path, body, headers = {}) {
        return request(this.public, { method: 'POST', path, headers, body });
    }

    // A browser, with its own cookies.
    visitor(options) {
        return new Visitor(this, options);
    }

    async metric(name) {
        const { text } = await request(this.private, { path: '/metrics' });
        const line = text.match(new RegExp(`^crumb_${name} (\\d+)$`, 'm'));
        assert.ok(line, `there is no metric ${name}`);
        return Number(line[1]);
    }

    // ---- asking the program ----

    run(command, args = [], input = '') {
        return crumb([command, '-c', this.file, ...args], input);
    }

    async stat() {
        const { code, stdout, stderr } = await this.run('stat');
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout);
    }

    // The books, which always balance (promise P3).
    async books() {
        const { accounting, events, removed } = await this.stat();
        const dropped = Object.values(accounting.dropped).reduce((sum, n) => sum + n, 0);
        assert.equal(accounting.received, accounting.stored + dropped, 'the books balance');
        assert.equal(accounting.stored, events + removed, 'what the books call stored is in the journal, or was erased');
        return accounting;
    }

    // The rows of one tier.
    async dump(tier) {
        const { code, stdout, stderr } = await this.run('dump', [tier]);
        assert.equal(code, 0, stderr);
        return stdout.split('\n').filter(Boolean).map(JSON.parse);
    }

    // What @act adds to the journal and to the books.
    async added(act) {
        const [before, known] = await Promise.all([this.books(), this.dump('journal')]);
        const last = Math.max(0, ...known.map((row) => row.sequence));
        const answer = await act();
        const [after, rows] = await Promise.all([this.books(), this.dump('journal')]);
        return { answer, rows: rows.filter((row) => row.sequence > last), books: difference(after, before) };
    }

    async assertSound() {
        const { code, stdout, stderr } = await this.run('verify');
        assert.equal(code, 0, `crumb verify: ${stdout}${stderr}`);
    }

    // What journal, segments and rollups say, opened with the keys that are there.
    opened() {
        const hex = (table) => execFileSync(process.env.BOXES, [this.data, table], { encoding: 'utf8', maxBuffer: 1 << 28 });
        const boxes = ['journal', 'segments', 'rollups'].flatMap((table) => hex(table).trim().split(/\s/));
        return Buffer.concat(boxes.map((box) => Buffer.from(box, 'hex')));
    }

    // Every byte of the data folder.
    bytes() {
        return Buffer.concat(readdirSync(this.data).map((name) => readFileSync(join(this.data, name))));
    }
}

// Two books apart, in the form of Crumb-Result.
function difference(after, before) {
    const counts = { received: after.received - before.received, stored: after.stored - before.stored };
    for (const reason of Object.keys(after.dropped)) counts[reason] = after.dropped[reason] - before.dropped[reason];
    return Object.fromEntries(Object.entries(counts).filter(([name, n]) => n !== 0 || name === 'received'));
}

// The server before a group of tests; its after-hook calls end().
export async function start(config, shell) {
    const server = new Server(config);
    try {
        await server.launch(shell);
    } catch (error) {
        server.cleanup();
        throw error;
    }
    return server;
}

// A server for one test: withServer(config, [shell,] act).
export async function withServer(config, ...rest) {
    const [act, shell] = rest.reverse();
    const server = await start(config, shell);
    try {
        await act(server);
    } catch (error) {
        server.cleanup();
        throw error;
    }
    await server.end();
}
