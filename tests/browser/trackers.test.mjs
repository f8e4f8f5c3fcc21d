// Trackers that nobody here wrote, in Chromium: pointed at crumb they deliver once the visitor has consented, and are
// refused before and after. Snowplow's and Plausible's own code, and pages that do what the scripts of GoatCounter and
// Matomo, and plain pixels, do.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createServer, request as forward } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

process.env.CRUMB ??= fileURLToPath(new URL('../../build/crumb', import.meta.url));
const { eventually, site, start } = await import('../http/server.mjs');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const WAIT_MS_MAX = 20_000;

// As a site owner's bundler makes it of the package, with its functions in a global.
const bundle = (module, name) =>
    execFileSync('esbuild', [`node_modules/${module}`, '--bundle', '--format=iife', `--global-name=${name}`,
        '--log-level=error'], { cwd: ROOT, encoding: 'utf8', maxBuffer: 16 << 20 });
const scripts = {
    '/snowplow.js': bundle('@snowplow/browser-tracker/dist/index.module.js', 'snowplow'),
    '/plausible.js': bundle('plausible-tracker/build/module/index.js', 'plausible'),
};

let browser, server, shop, origin, at;

// The site: a page at every address, the scripts, and crumb under /stats, as a reverse proxy would put it there.
function serveShop() {
    const listening = createServer((asked, answer) => {
        const { pathname } = new URL(asked.url, 'http://shop');
        if (asked.url.startsWith('/stats/')) {
            const { method, headers } = asked;
            const path = asked.url.slice('/stats'.length);
            const passed = forward({ host: '127.0.0.1', port: server.public, method, path, headers }, (message) =>
                message.pipe(answer.writeHead(message.statusCode, message.headers)));
            passed.on('error', () => answer.writeHead(502).end());
            asked.pipe(passed);
        } else if (scripts[pathname]) {
            answer.setHeader('content-type', 'text/javascript').end(scripts[pathname]);
        } else {
            answer.setHeader('content-type', 'text/html').end('<!doctype html><title>Hats</title><h1>Hats</h1>');
        }
    });
    return new Promise((resolve) => listening.listen(0, '127.0.0.1', () => resolve(listening)));
}

before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
    shop = await serveShop();
    origin = `http://127.0.0.1:${shop.address().port}`;
    server = await start({ sites: { shop: site({ origins: [origin] }) } });
    at = `http://127.0.0.1:${server.public}`;
});
after(async () => {
    await browser?.close();
    shop?.close();
    shop?.closeAllConnections();
    await server?.end();
});

// What the page's own code does when the visitor answers.
function choose(page, action) {
    return page.evaluate(async ([crumb, act]) => {
        const { hash } = await (await fetch(`${crumb}/v1/notice?site=shop`)).json();
        const body = JSON.stringify({ site: 'shop', notice: hash, surface: 'banner', action: act });
        const answer = await fetch(`${crumb}/v1/consent`, { method: 'POST', credentials: 'include', body });
        if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    }, [at, action]);
}

// What @act adds to the books and the journal, once @n events were received.
async function added(n, act) {
    const { received } = await server.books();
    return server.added(async () => {
        await act();
        await eventually(`${n} events`, async () => (await server.books()).received >= received + n, WAIT_MS_MAX);
    });
}

// A tracker (an image that a page has shown already is not asked for again, so each has something random in its address):
// the script it needs, how a page begins it, and what it then does. Each runs in a page's own world.
const trackers = {
    "Snowplow's browser tracker, by POST": {
        script: '/snowplow.js',
        begin: (crumb) => window.snowplow.newTracker('sp', crumb, { appId: 'shop', eventMethod: 'post' }),
        view: () => window.snowplow.trackPageView(),
        act: () => window.snowplow.trackStructEvent({ category: 'shop', action: 'buy', label: 'hat', value: 9.5 }),
        stored: { title: 'Hats', clickpath: { category: 'shop', action: 'buy', label: 'hat', value: '9.5' } },
    },
    "Snowplow's browser tracker, by GET": {
        script: '/snowplow.js',
        begin: (crumb) => window.snowplow.newTracker('sp', crumb, { appId: 'shop', eventMethod: 'get' }),
        view: () => window.snowplow.trackPageView(),
        act: () => window.snowplow.trackStructEvent({ category: 'shop', action: 'buy', label: 'hat', value: 9.5 }),
        stored: { title: 'Hats', clickpath: { category: 'shop', action: 'buy', label: 'hat', value: '9.5' } },
    },
    'plausible-tracker, under the site’s own origin': {
        script: '/plausible.js',
        begin: () => {
            window.tracker = window.plausible.default({ domain: 'shop.example', apiHost: '/stats', trackLocalhost: true });
        },
        view: () => window.tracker.trackPageview(),
        act: () => window.tracker.trackEvent('buy', { props: { what: 'hat' } }),
        stored: { clickpath: { category: 'event', action: 'buy', 'x_p.what': 'hat' } },
    },
    'what the script of GoatCounter does': {
        begin: (crumb) => {
            const to = (pairs) => `${crumb}/count?${new URLSearchParams({ ...pairs, s: `${screen.width},${screen.height},1`, b: 0, rnd: 'x' })}`;
            window.count = (pairs) => navigator.sendBeacon(to(pairs));
        },
        view: () => window.count({ p: location.pathname, t: document.title, r: document.referrer, q: location.search, e: false }),
        act: () => window.count({ p: 'buy', e: true }),
        stored: { title: 'Hats', clickpath: { category: 'event', action: 'buy' } },
    },
    'a plain pixel for GoatCounter': {
        begin: (crumb) => {
            window.count = (pairs) => (new Image().src = `${crumb}/count?${new URLSearchParams({ ...pairs, rnd: Math.random() })}`);
        },
        view: () => window.count({ p: location.pathname }),
        act: () => window.count({ p: 'buy', e: true }),
        stored: { clickpath: { category: 'event', action: 'buy' } },
    },
    'a plain pixel for Matomo': {
        begin: (crumb) => {
            window.count = (pairs) =>
                (new Image().src = `${crumb}/matomo.php?${new URLSearchParams({ idsite: 1, rec: 1, url: location, rand: Math.random(), ...pairs })}`);
        },
        // A number is no name of a site here: the page's origin tells which it is.
        view: () => window.count({ action_name: document.title }),
        act: () => window.count({ e_c: 'shop', e_a: 'buy' }),
        stored: { title: 'Hats', clickpath: { category: 'shop', action: 'buy' } },
    },
    'what the script of Matomo does by POST': {
        begin: (crumb) => {
            window.count = (pairs) => {
                const body = new URLSearchParams({ idsite: 'shop', rec: 1, url: location, send_image: 0, ...pairs });
                const sent = new XMLHttpRequest();
                sent.open('POST', `${crumb}/matomo.php`);
                sent.withCredentials = true;
                sent.setRequestHeader('Content-Type', 'application/x-www-form-urlencoded; charset=UTF-8');
                sent.send(body.toString());
            };
        },
        view: () => window.count({ action_name: document.title }),
        act: () => window.count({ e_c: 'shop', e_a: 'buy' }),
        stored: { title: 'Hats', clickpath: { category: 'shop', action: 'buy' } },
    },
    'a plain pixel of our own': {
        begin: (crumb) => {
            window.count = (pairs) =>
                (new Image().src = `${crumb}/p.gif?${new URLSearchParams({ aid: 'shop', e: 'pv', eid: crypto.randomUUID(), url: location, ...pairs })}`);
        },
        view: () => window.count({ page: document.title }),
        act: () => window.count({ e: 'se', se_ca: 'event', se_ac: 'buy' }),
        stored: { title: 'Hats', clickpath: { category: 'event', action: 'buy' } },
    },
};

async function open(path, { script, begin }) {
    const context = await browser.newContext();
    const page = await context.newPage();
    const problems = [];
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => message.type() === 'error' && problems.push(message.text()));
    await page.goto(origin + path);
    if (script) await page.addScriptTag({ url: script });
    await page.evaluate(begin, at);
    const close = async () => {
        await context.close();
        assert.deepEqual(problems, []);
    };
    return { page, close };
}

const both = async (page, { view, act }) => {
    await page.evaluate(view);
    await page.evaluate(act);
};

describe('trackers that nobody here wrote', { timeout: 300_000 }, () => {
    for (const [name, tracker] of Object.entries(trackers))
        it(`${name}: refused, delivered, refused`, async () => {
            const { page, close } = await open('/hats?utm_source=mail', tracker);
            const before = await added(2, () => both(page, tracker));
            assert.deepEqual([before.books, before.rows], [{ received: 2, no_consent: 2 }, []]);

            await choose(page, 'grant');
            const during = await added(2, () => both(page, tracker));
            assert.deepEqual(during.books, { received: 2, stored: 2 });
            const [view, act] = during.rows.sort((a, b) => (a.event < b.event ? -1 : 1));
            assert.deepEqual([view.event, view.log.host, view.log.path], ['pv', '127.0.0.1', '/hats']);
            assert.equal(view.log.title, tracker.stored.title);
            assert.deepEqual([act.event, act.clickpath], ['se', tracker.stored.clickpath]);

            await choose(page, 'withdraw');
            const behind = await added(2, () => both(page, tracker));
            assert.deepEqual([behind.books, behind.rows], [{ received: 2, no_consent: 2 }, []]);
            await close();
        });

    it("Snowplow's page pings say how far a page was scrolled", async () => {
        const { page, close } = await open('/hats', trackers["Snowplow's browser tracker, by POST"]);
        await choose(page, 'grant');
        const { rows } = await added(2, () =>
            page.evaluate(async () => {
                window.snowplow.enableActivityTracking({ minimumVisitLength: 1, heartbeatDelay: 1 });
                window.snowplow.trackPageView();
                document.body.style.height = '5000px';
                for (let i = 0; i < 12; i++) {
                    scrollTo(0, i * 100);
                    await new Promise((wake) => setTimeout(wake, 150));
                }
            }));
        assert.equal(rows[0].event, 'pv');
        const ping = rows.find(({ event }) => event === 'pp');
        assert.ok(Number(ping.log.scroll_y_max) > 0, JSON.stringify(ping));
        await close();
    });

    it('a tracker that sends no cookies to another origin has no consent there', async () => {
        const { page, close } = await open('/hats', {
            script: '/plausible.js',
            begin: (crumb) => {
                window.tracker = window.plausible.default({ domain: 'shop', apiHost: crumb, trackLocalhost: true });
            },
        });
        await choose(page, 'grant');
        const { books, rows } = await added(1, () => page.evaluate(() => window.tracker.trackPageview()));
        assert.deepEqual([books, rows], [{ received: 1, no_consent: 1 }, []]);
        await close();
    });

    it('a tracker that asks for nobody to be known is taken at its word', async () => {
        const { page, close } = await open('/hats', {
            script: '/snowplow.js',
            begin: (crumb) =>
                window.snowplow.newTracker('sp', crumb, {
                    appId: 'shop', eventMethod: 'post', anonymousTracking: { withServerAnonymisation: true } }),
        });
        await choose(page, 'grant');
        const { books } = await added(1, () => page.evaluate(() => window.snowplow.trackPageView()));
        assert.deepEqual(books, { received: 1, no_consent: 1 });
        await close();
    });
});
