// A visit to a page with the banner: Chromium, a small shop with a strict policy, and a real crumb.
//
//     await visit({ body: '<h1>Shop</h1>' }, async ({ page, banner, service }) => { ... });
//
// Every visit ends with proof that the browser had nothing to complain about (no error, no violation of the policy), and
// that crumb was well: its books balance, and its store is sound.
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { createServer, request as forward } from 'node:http';
import { chromium } from 'playwright-core';
import { startService } from './banner-service.mjs';

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync', '--host-resolver-rules=MAP *.test 127.0.0.1'];
const WAIT_MS_MAX = 15_000;

let browser;

// @options: of playwright's launch().
export async function startBrowser(options = {}) {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    assert.ok(existsSync(executablePath), `there is no ${executablePath}; install chromium, or name one by CHROMIUM`);
    browser = await chromium.launch({ executablePath, args: ARGS, ...options });
}

export const stopBrowser = () => browser?.close();

// Another browser, started in another way: @args of its own, and without some of playwright's.
export async function withBrowser({ args = [], without = [] }, act) {
    const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
    const other = await chromium.launch({ executablePath, args: [...ARGS, ...args], ignoreDefaultArgs: without });
    try {
        await act(other);
    } finally {
        await other.close();
    }
}

// ---- the shop ----

export const STRICT = (crumb) =>
    [
        "default-src 'self'",
        `script-src 'self' 'nonce-shop' ${crumb}`,
        `connect-src 'self' ${crumb}`,
        "base-uri 'self'",
        "require-trusted-types-for 'script'",
        'trusted-types crumb',
    ].join('; ');

const LONG = Array.from({ length: 60 }, (_, i) => `<p>Line ${i} of a page that is longer than the window.</p>`).join('\n');
const WORDS = `<main><h1>The shop</h1><p><a id="first" href="#first">A link</a></p>${LONG}<p><a id="last" href="#last">The last link</a></p></main>`;

function html({ body = WORDS, head = '', at = 'head', tags = 1, tag = '', lang = 'en', htmlAttributes = '' }, script) {
    const tagText = `<script src="${script}" ${tag}></script>`.repeat(tags);
    return `<!doctype html><html lang="${lang}" ${htmlAttributes}><head><meta charset="utf-8"><title>Shop</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="/dot.svg">${head}
${at == 'head' ? tagText : ''}</head><body>${body}${at == 'body' ? tagText : ''}</body></html>`;
}

// The shop's own scripts say that they ran, in which order.
const ran = (name) => `(window.ran ||= []).push(${JSON.stringify(name)});`;

class Shop {
    constructor(options) {
        Object.assign(this, { options, requests: [] });
        this.server = createServer((request, response) => this.answer(request, response));
    }

    listen() {
        return new Promise((done) => {
            this.server.listen(0, '127.0.0.1', () => {
                this.port = this.server.address().port;
                done(this);
            });
        });
    }

    close() {
        this.server.close();
        this.server.closeAllConnections();
    }

    answer(request, response) {
        const url = new URL(request.url, 'http://shop');
        const { policy = STRICT, script } = this.options;
        this.requests.push(url.pathname + url.search);
        if (url.pathname.startsWith('/proxied/')) return this.pass(request, response);
        if (url.pathname == '/ran.js') {
            const send = () => response.writeHead(200, { 'Content-Type': 'text/javascript' }).end(ran(url.searchParams.get('n')));
            return setTimeout(send, Number(url.searchParams.get('ms') ?? 0));
        }
        if (url.pathname == '/style.css') return response.writeHead(200, { 'Content-Type': 'text/css' }).end('h1{color:rgb(1,2,3)}');
        if (url.pathname == '/dot.svg')
            return response.writeHead(200, { 'Content-Type': 'image/svg+xml' }).end('<svg xmlns="http://www.w3.org/2000/svg"/>');
        if (url.pathname == '/frame.html') return response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>In the frame</p>');
        const crumb = this.crumb;
        const headers = { 'Content-Type': 'text/html; charset=utf-8' };
        if (policy) headers['Content-Security-Policy'] = policy(crumb);
        const path = typeof script == 'function' ? script(crumb) : `${crumb}/consent.js?site=shop`;
        return response.writeHead(200, headers).end(html(this.options, path));
    }

    // The service under the shop's own origin, below a path.
    pass(request, response) {
        const { method, headers } = request;
        const to = { port: this.service.port, host: '127.0.0.1', path: request.url.replace('/proxied', ''), method, headers };
        const asked = forward(to, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
        });
        request.pipe(asked.on('error', () => response.destroy()));
    }
}

// ---- a visit ----

async function watch(context) {
    const problems = [];
    await context.addInitScript(() => {
        addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
            console.error(`policy: ${violatedDirective} ${blockedURI}`));
        window.shifts = [];
        new PerformanceObserver((list) => window.shifts.push(...list.getEntries().map(({ value }) => value))).observe({
            type: 'layout-shift', buffered: true,
        });
    });
    context.on('weberror', (error) => problems.push(String(error.error().stack ?? error.error())));
    context.on('console', (message) => {
        if (['error', 'warning'].includes(message.type())) problems.push(message.text());
    });
    return problems;
}

// What tests say about their page.
function helpers(page, context) {
    const banner = page.locator('dialog.banner');
    const front = page.locator('dialog.front');
    const press = (layer) => (name) => layer.getByRole('button', { name, exact: true }).click();
    return {
        page,
        context,
        banner,
        front,
        control: page.locator('section:not(.frame) > button'),
        said: page.getByRole('status'),
        press: press(banner),
        pressIn: press(front),
        tick: (name) => front.getByRole('checkbox', { name }).check(),
        untick: (name) => front.getByRole('checkbox', { name }).uncheck(),
        state: () => page.evaluate(() => window.crumb.consent()),
        ready: () => page.waitForFunction(() => new Promise((done) => window.crumb?.on('ready', () => done(true)))),
        ran: () => page.evaluate(() => window.ran ?? []),
        choice: async () => (await context.cookies()).find(({ name }) => name == 'crumb_choice')?.value,
        cookieNames: async () => (await context.cookies()).map(({ name }) => name).sort(),
        waitFor: (test, argument) => page.waitForFunction(test, argument),
        focused: () =>
            page.evaluate(() => {
                let at = document.activeElement;
                while (at?.shadowRoot?.activeElement) at = at.shadowRoot.activeElement;
                return at == document.body ? 'body' : at.id || at.textContent;
            }),
    };
}

// Chromium has no switch for these; the property is what the page sees, the header what the service sees.
const signal = { header: { 'Sec-GPC': '1' }, script: () => Object.defineProperty(Navigator.prototype, 'globalPrivacyControl', { get: () => true }) };

// @options: of the page (body, head, at, tags, tag, lang, policy, script), of the service (`service`), of the browser
// (`browser`), `host` and `crumbHost`, `gpc`, `expected` problems.
export async function visit(options, act) {
    const { service: serviceOptions, browser: browserOptions, host = '127.0.0.1', crumbHost = host } = options;
    const shop = await new Shop(options).listen();
    const service = await startService([`http://${host}:${shop.port}`], serviceOptions).catch((error) => {
        shop.close();
        throw error;
    });
    shop.service = service;
    let isSound = false;
    const context = await browser.newContext({
        viewport: { width: 1280, height: 800 },
        extraHTTPHeaders: options.gpc ? signal.header : {},
        ...browserOptions,
    });
    const problems = await watch(context);
    try {
        context.setDefaultTimeout(WAIT_MS_MAX);
        if (options.gpc) await context.addInitScript(signal.script);
        if (options.init) await context.addInitScript(options.init);
        const page = await context.newPage();
        shop.crumb = `http://${crumbHost}:${service.port}`;
        const at = `http://${host}:${shop.port}`;
        const all = { ...helpers(page, context), service, shop, at, problems, browser, helpers };
        all.go = (path = '/') => page.goto(at + path);
        // Another configuration; what the browser has kept of the one before is as old as it may get.
        all.change = async (to) => {
            await service.change(to);
            await context.route('**/consent.js*', (route) => route.continue());
        };
        if (options.before) await options.before(all);
        await all.go(options.path);
        await act(all);
        await context.close();
        const expected = options.expected ?? [];
        assert.deepEqual(problems.filter((problem) => !expected.some((pattern) => pattern.test(problem))), []);
        isSound = true;
    } finally {
        await context.close();
        shop.close();
        await service.end(isSound);
    }
}
