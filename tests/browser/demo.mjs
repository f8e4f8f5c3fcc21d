// A visit to the demo shop: Chromium, the shop's own server and a real crumb, each test with its own of all that.
//
//     await visit(async ({ page, shop, crumb, beacons }) => { ... });
//     await visit(async ({ page, desk }) => { ... }, { isFilled: true });        with four weeks of visitors, as script/demo
//
// Every visit ends with proof that the browser had nothing to complain about (no error, no violation of the page's
// policy), that no page asked a third party for anything, and that crumb's books balance.
// CHROMIUM names the browser, CRUMB the program under test.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { serveShop } from '../../web/demo/server.mjs';
import { earlierConfig, places, traffic } from '../../web/demo/traffic.mjs';

const inProject = (name) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
process.env.CRUMB ??= inProject('build/crumb');
process.env.REPLAY ??= inProject('build/bench/replay');
export const { Server, eventually } = await import('../http/server.mjs');

// Headless Chromium says so, and crumb believes it: what it does would be in no figure.
const agentOf = (version) =>
    `Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/${version.split('.')[0]}.0.0.0 Safari/537.36`;
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const CONFIG = readFileSync(inProject('web/demo/crumb.yaml'), 'utf8');
const WAIT_MS_MAX = 20_000;

// A site owner says who gets to know of visits: from then on everybody is asked again.
export const newRecipient = (config) => config.replace('collects: [log, device]', '$&, recipients: [flyers]');

function freePorts(n) {
    const servers = Array.from({ length: n }, () => createServer());
    return Promise.all(
        servers.map((server) => new Promise((give) => {
            server.listen(0, '127.0.0.1', () => give(server.address().port));
        })),
    ).then(async (ports) => {
        await Promise.all(servers.map((server) => new Promise((done) => server.close(done))));
        return ports;
    });
}

// crumb with the demo's own configuration, on ports of the test.
class DemoCrumb extends Server {
    configure(text) {
        this.text = text;
        writeFileSync(this.file, text);
    }

    restartWith(change) {
        return this.restart(change(this.text));
    }

    // What `crumb query` says of today.
    async count(metric) {
        const args = ['--site', 'shop', '--metrics', metric, '--date-range', 'day', '--format', 'json'];
        const { code, stdout, stderr } = await this.run('query', args);
        assert.equal(code, 0, stderr);
        return JSON.parse(stdout).results[0].metrics[0];
    }

    async received() {
        return (await this.books()).received;
    }

    // The kinds of event in the journal, in their order.
    async stored() {
        return (await this.dump('journal')).map(({ event }) => event);
    }

    async actions() {
        return (await this.dump('ledger')).map(({ action, surface }) => `${action} ${surface}`);
    }
}

// Nobody of them came in the last minutes: who is there now is the test's own visitor.
const NOBODY_SINCE_MS = 10 * 60_000;

function fill(crumb, shop) {
    const { before, after } = traffic(Date.now() - NOBODY_SINCE_MS, shop);
    const now = readFileSync(crumb.file, 'utf8');
    writeFileSync(join(crumb.folder, 'places.mmdb'), places());
    for (const [config, lines] of [[earlierConfig(now), before], [now, after]]) {
        writeFileSync(crumb.file, config);
        const input = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
        const { status, stderr, stdout } = spawnSync(process.env.REPLAY, ['-c', crumb.file], { input, encoding: 'utf8' });
        assert.equal(status, 0, stderr + stdout);
    }
}

async function startCrumb(shopPort, isFilled) {
    const [port] = await freePorts(1);
    const token = randomBytes(32).toString('base64url');
    const hash = createHash('sha256').update(token).digest('hex');
    const more = `agents: /usr/share/uap-core/regexes.yaml\ngeo: places.mmdb\ntokens: [{name: demo, role: admin, hash: ${hash}}]\n`;
    const crumb = new DemoCrumb(
        (isFilled ? more : '') + CONFIG.replace(/^data: .*/m, 'data: ./data')
            .replace('public: 127.0.0.1:8080', `public: 127.0.0.1:${port}`)
            .replace('private: 127.0.0.1:8081', 'private: 127.0.0.1:0')
            .replaceAll(':8090', `:${shopPort}`),
    );
    crumb.token = token;
    try {
        if (isFilled) fill(crumb, `http://127.0.0.1:${shopPort}`);
        await crumb.launch();
    } catch (error) {
        crumb.cleanup();
        throw error;
    }
    return crumb;
}

// ---- the browser ----

let browser;

export async function startBrowser() {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    assert.ok(existsSync(executablePath), `there is no ${executablePath}; install chromium, or name one by CHROMIUM`);
    const headless = await chromium.launch({ executablePath, args: ARGS });
    const agent = agentOf(headless.version());
    await headless.close();
    browser = await chromium.launch({ executablePath, args: [...ARGS, `--user-agent=${agent}`] });
}

export const stopBrowser = () => browser?.close();

// Everything that the browser would write to its console in red, and every address it asked for.
async function watch(context) {
    const seen = { problems: [], addresses: [] };
    await context.addInitScript(() => {
        addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
            console.error(`policy: ${violatedDirective} ${blockedURI}`));
    });
    context.on('weberror', (error) => seen.problems.push(String(error.error())));
    context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) seen.problems.push(message.text());
    });
    context.on('request', (request) => seen.addresses.push(`${request.method()} ${request.url()}`));
    return seen;
}

function removeExpected(problems, expected) {
    return problems.filter((problem) => !expected.some((pattern) => pattern.test(problem)));
}

async function start({ path = '/', host = '127.0.0.1', isFilled = false, ...options }) {
    const [shopPort] = await freePorts(1);
    const crumb = await startCrumb(shopPort, isFilled);
    const server = await serveShop(shopPort, crumb.public).catch((error) => {
        crumb.cleanup();
        throw error;
    });
    // Nothing moves, so that a box is where it will stay.
    const window = { viewport: { width: 1280, height: 800 }, reducedMotion: 'reduce' };
    const context = await browser.newContext({ ...window, ...options });
    const seen = await watch(context);
    context.setDefaultTimeout(WAIT_MS_MAX);
    const page = await context.newPage();
    const shop = `http://${host}:${shopPort}`;
    const at = `http://${host}:${crumb.public}`, desk = `http://${host}:${crumb.private}`;
    return { crumb, server, context, page, path, shop, seen, at, desk };
}

// What a test says about its page.
function helpers({ context, page, shop, seen, at }) {
    return {
        context,
        page,
        notice: page.getByRole('dialog'),
        choices: page.locator('[data-crumb="show"]'),
        button: (name) => page.getByRole('dialog').getByRole('button', { name, exact: true }),
        go: (path) => page.goto(shop + path),
        // Waits for a line of what was sent to fit.
        answered: (text) => page.locator('[data-sent="answers"] li', { hasText: text }).last().waitFor(),
        state: (text) => page.locator('[data-sent="state"]', { hasText: text }).waitFor(),
        cookies: async () => (await context.cookies()).map(({ name }) => name).sort(),
        // The requests to crumb so far, as "METHOD /path".
        asked: () =>
            seen.addresses
                .filter((address) => address.includes(` ${at}/`))
                .map((address) => address.replace(at, '').replace(/\?.*/, '')),
        beacons: () => seen.addresses.filter((address) => / http:\/\/[^/]+\/(p|p\.gif|i)(\?|$)/.test(address)),
    };
}

// @options: path to open first, host to open it at, whether crumb is filled, and what Playwright's newContext() takes.
export async function visit(act, options = {}) {
    const started = await start(options);
    const { crumb, server, context, page, path, shop, seen, at, desk } = started;
    const expected = [];
    try {
        await page.goto(shop + path);
        await act({ crumb, shop, at, desk, seen, expect: (...patterns) => expected.push(...patterns), ...helpers(started) });
        await context.close();
        assert.deepEqual(removeExpected(seen.problems, expected), [], 'what the browser complained about');
        const origins = new Set(seen.addresses.map((address) => new URL(address.split(' ')[1]).origin));
        const strangers = [...origins].filter((origin) => ![shop, at, desk].includes(origin));
        assert.deepEqual(strangers, [], 'nobody else was asked for anything');
    } catch (error) {
        await context.close();
        crumb.cleanup();
        throw error;
    } finally {
        server.close();
        server.closeAllConnections();
    }
    await crumb.end();
}
