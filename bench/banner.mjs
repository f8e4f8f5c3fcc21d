// script/bench banner: what a consent banner costs a page and its visitor, beside what others publish.
//
// Each product is on the same page with the same three categories (bench/banner-pages.mjs), served on the loopback, in
// Debian's Chromium. Each round visits every product with a fresh profile, in an order that rotates, twice: as it is, and
// with the CPU four times slower, where "accept" is clicked with the mouse. Then, once: axe over banner and dialog, and
// the same page under a strict Content Security Policy with Trusted Types. Figures are medians over the rounds.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { brotliCompressSync, constants } from 'node:zlib';
import { crumbConfig, html, products } from './banner-pages.mjs';
import { build, median, quick, root, rotate, rounded, row, write } from './lib/figures.mjs';
import { end, freePort, sleep, start, untilAnswers } from './lib/process.mjs';

const require = createRequire(import.meta.url);
const { chromium } = require('playwright-core');
const AXE = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
const PROBE = readFileSync(join(root, 'bench/banner-probe.js'), 'utf8');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const SHOP = 'shop.localhost'; // a secure context, as a real site is
const NONCE = 'bench';
const ROUNDS = quick ? 3 : 7;
const SLOWDOWN = 4;
const SETTLE_MS = 600; // animations, late requests and the frame after a click
const SEEN_MS_MAX = 15_000;
const BYTES_MAX = 8192;
const ACCEPT_MS_MAX = 16;

const brotli = (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }).length;

// ---- the shop ----

const STRICT = (crumb) =>
    [
        "default-src 'self'",
        `script-src 'self' 'nonce-${NONCE}' ${crumb}`,
        `style-src 'self' 'nonce-${NONCE}'`,
        `connect-src 'self' ${crumb}`,
        "base-uri 'self'",
        "require-trusted-types-for 'script'",
    ].join('; ');

const typeOf = (path) => (path.endsWith('.css') ? 'text/css' : 'text/javascript') + '; charset=utf-8';

// Page /N is that of product N, /N/strict the same under the strict policy. Files are of the product visited last.
function shop(all, crumb) {
    let visited;
    return createServer((request, response) => {
        const { pathname } = new URL(request.url, 'http://shop');
        const [, n, strict] = /^\/(\d+)(\/strict)?$/.exec(pathname) ?? [];
        if (n !== undefined) {
            visited = all[n];
            const headers = { 'Content-Type': 'text/html; charset=utf-8' };
            if (strict) headers['Content-Security-Policy'] = STRICT(crumb);
            return response.writeHead(200, headers).end(html(visited, NONCE));
        }
        const body = visited?.files[pathname];
        if (body === undefined) return response.writeHead(404).end();
        return response.writeHead(200, { 'Content-Type': typeOf(pathname) }).end(body);
    });
}

// ---- a visit ----

// Opens @path for @product in a profile of its own and gives @act its page once it has settled.
async function visit({ browser, origin }, product, path, { slowdown = 1, mustShow = true }, act) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
    try {
        const responses = [];
        context.on('response', (response) => responses.push(response));
        await context.addInitScript(`(${PROBE})(${JSON.stringify(product.banner)})`);
        const page = await context.newPage();
        if (slowdown > 1) {
            const session = await context.newCDPSession(page);
            await session.send('Emulation.setCPUThrottlingRate', { rate: slowdown });
        }
        await page.goto(origin + path);
        const seen = page.waitForFunction(() => window.probe.visible, null, { timeout: mustShow ? SEEN_MS_MAX : 4000 });
        const shown = await seen.then(() => true, (error) => {
            if (mustShow) throw new Error(`${product.name} shows no banner: ${error.message}`);
            return false;
        });
        await sleep(SETTLE_MS);
        return await act({ page, context, responses, shown });
    } finally {
        await context.close();
    }
}

const probeOf = (page) => page.evaluate(() => ({ ...window.probe, isSeen: window.probe.isSeen() }));

// What is loaded for the banner, and how often somebody is told of it (crumb counts that its notice was shown).
async function traffic(responses) {
    const figures = { bytes: 0, requests: 0, told: 0 };
    for (const response of responses.slice(1)) { // the first is the page
        if (response.url().endsWith('/favicon.ico')) continue;
        if (response.request().method() === 'POST') {
            figures.told++;
            continue;
        }
        figures.requests++;
        if (response.status() !== 200) throw new Error(`${response.url()} was answered ${response.status()}`);
        figures.bytes += brotli(await response.body());
    }
    return figures;
}

// Cookies and entries of the storage before any choice.
const stored = async ({ page, context }) =>
    (await context.cookies()).length + (await page.evaluate(() => localStorage.length + sessionStorage.length));

const measureLoad = (place, product, n) =>
    visit(place, product, `/${n}`, {}, async (at) => {
        const { visible, shifts, long } = await probeOf(at.page);
        const kept = await stored(at);
        return { ...(await traffic(at.responses)), visible_ms: visible, shift: shifts, long_tasks: long.length, stored_before: kept };
    });

async function click(page, selector) {
    await page.locator(selector).first().click();
    await sleep(SETTLE_MS);
}

const measureClick = (place, product, n) =>
    visit(place, product, `/${n}`, { slowdown: SLOWDOWN }, async ({ page }) => {
        const { visible, long } = await probeOf(page);
        const { x, y, width, height } = await page.locator(product.accept).first().boundingBox();
        await page.evaluate(() => window.probe.events.splice(0));
        await page.mouse.click(x + width / 2, y + height / 2); // and nothing else, which would cost the page time
        await sleep(SETTLE_MS);
        const { events, handled, shifts, isSeen } = await probeOf(page);
        if (isSeen) throw new Error(`${product.name}: "accept" leaves the banner`);
        return { visible_slow_ms: visible, long_tasks_slow: long.length, accept_ms: Math.max(0, ...events), handlers_ms: handled, shift_slow: shifts };
    });

// ---- once ----

async function findings(page) {
    await page.evaluate(AXE);
    const { violations } = await page.evaluate(() => window.axe.run());
    return violations.map(({ id, nodes }) => `${id} (${nodes.length})`);
}

const axe = (place, product, n) =>
    visit(place, product, `/${n}`, {}, async ({ page }) => {
        const banner = await findings(page);
        if (!product.choose) return { banner, dialog: null };
        await click(page, product.choose);
        await page.locator(product.dialog).first().waitFor();
        return { banner, dialog: await findings(page) };
    });

const strict = (place, product, n) =>
    visit(place, product, `/${n}/strict`, { mustShow: false }, async ({ page, shown }) => {
        const works = shown && await click(page, product.accept).then(async () => !(await probeOf(page)).isSeen, () => false);
        const { violations } = await probeOf(page);
        return { shows: shown, accepts: works, violations: [...new Set(violations)] };
    });

// ---- the report ----

const KEYS = ['bytes', 'requests', 'told', 'visible_ms', 'long_tasks', 'shift', 'stored_before', 'visible_slow_ms',
    'long_tasks_slow', 'shift_slow', 'accept_ms', 'handlers_ms'];

function figuresOf(rounds, product) {
    const figures = Object.fromEntries(KEYS.map((key) => [key, rounded(median(rounds.map((round) => round[product.name][key])), 2)]));
    const worst = Math.max(...rounds.map((round) => round[product.name].accept_ms));
    return { ...figures, accept_ms_worst: worst, settings_bytes: product.settings ? brotli(product.settings) : 0 };
}

function barsOf({ bytes, requests, shift, shift_slow, long_tasks, accept_ms, axe, strict }) {
    return {
        bytes: bytes <= BYTES_MAX,
        requests: requests === 1,
        shift: shift === 0 && shift_slow === 0,
        long_tasks: long_tasks === 0,
        accept: accept_ms < ACCEPT_MS_MAX,
        axe: axe.banner.length === 0 && axe.dialog.length === 0,
        strict: strict.shows && strict.accepts && strict.violations.length === 0,
    };
}

const ms = (value) => value.toFixed(0);
const count = (list) => (list === null ? '-' : list.length);
const strictly = ({ shows, accepts, violations }) =>
    !shows ? 'no banner' : !accepts ? 'no accept' : violations.length ? `works, ${violations.length} blocked` : 'works';

function print({ products: all, bars }) {
    console.log(`\nmedians of ${ROUNDS} rounds; "4x": with the CPU four times slower`);
    row(['', 'bytes', '+settings', 'requests', 'stored', 'visible', '4x', 'long', '4x', 'shift', 'accept 4x', 'listeners', 'axe', 'dialog', ' strict CSP + TT'], 10);
    for (const [name, f] of Object.entries(all)) {
        const accept = f.accept_ms ? ms(f.accept_ms) : `<${ACCEPT_MS_MAX}`;
        row([name, f.bytes, f.settings_bytes, f.told ? `${f.requests}+${f.told}` : f.requests, f.stored_before, ms(f.visible_ms), ms(f.visible_slow_ms),
            f.long_tasks, f.long_tasks_slow, Math.max(f.shift, f.shift_slow), accept, f.handlers_ms.toFixed(1), count(f.axe.banner), count(f.axe.dialog),
            ` ${strictly(f.strict)}`], 10);
    }
    console.log(`\nbars of crumb: ${Object.entries(bars).map(([name, kept]) => `${name} ${kept ? 'kept' : 'MISSED'}`).join(', ')}`);
}

async function main(place, all) {
    const subjects = all.map((product, n) => ({ name: product.name, product, n }));
    const rounds = await rotate(subjects, ROUNDS, async ({ product, n }) =>
        ({ ...(await measureLoad(place, product, n)), ...(await measureClick(place, product, n)) }));
    const result = { quick, date: new Date().toISOString(), chromium: place.browser.version(), products: {} };
    for (const { name, product, n } of subjects)
        result.products[name] = {
            ...figuresOf(rounds, product), axe: await axe(place, product, n), strict: await strict(place, product, n),
        };
    const { floor } = result.products;
    if (floor.axe.banner.length) throw new Error(`axe finds something in the page itself: ${floor.axe.banner.join(', ')}`);
    result.bars = barsOf(result.products.crumb);
    write('banner', result);
    print(result);
}

const folder = mkdtempSync(join(build, 'banner-'));
const [shopPort, port] = [await freePort(), await freePort()];
const origin = `http://${SHOP}:${shopPort}`;
const at = `http://c.${SHOP}:${port}`;
writeFileSync(join(folder, 'crumb.yaml'), crumbConfig({ data: join(folder, 'data'), port, origin, domain: SHOP }));
const child = start(join(build, 'crumb'), ['serve', '-c', join(folder, 'crumb.yaml')]);
const all = products(folder, at);
const server = shop(all, at).listen(shopPort, '127.0.0.1');
let browser;
try {
    await untilAnswers(port, '/consent.js?site=shop');
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
    await main({ browser, origin }, all);
} finally {
    await browser?.close();
    server.close();
    server.closeAllConnections();
    await end([child]);
    rmSync(folder, { recursive: true, force: true });
}
