// script/bench dashboard: how soon an analyst sees figures, by how much is in the store.
//
//   --quick          five rounds instead of eleven
//   BENCH_FOLDER     where the stores are for as long as it takes (build/)
//
// Stores: `empty`; `1m`, 1,000,000 events of 60 days on 3,000 pages; `pages`, as many on more than 100,000 different pages.
// The days end yesterday, so that the dashboard's own first view, 30 days beside the 30 before them, has all of them. Each
// round opens every store's dashboard once, in an order that rotates: in Debian's Chromium, in a context of its own with
// nothing cached, signed in by a session that is held. `empty` is what page and browser cost by themselves, and the others
// are told beside it. crumb has the last core, Chromium and whoever asks keep to the first.
import { execFileSync, spawn } from 'node:child_process';
import { createWriteStream, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { Crumb } from './engines/crumb.mjs';
import { build, median, medians, quick, rotate, rounded, row, write } from './lib/figures.mjs';
import { sleep } from './lib/process.mjs';

const { chromium } = createRequire(import.meta.url)('playwright-core');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const ZONE = 'Europe/Berlin', DAYS = 60, DAY_MS = 86_400_000;
const ROUNDS = quick ? 5 : 11;
const FIRST_VIEW_MS_MAX = 200;
const WAIT_MS_MAX = 30_000;

const first = new Intl.DateTimeFormat('en-CA', { timeZone: ZONE }).format(Date.now() - DAYS * DAY_MS);
const set = { zone: ZONE };
const STORES = [
    { name: 'empty', events: 0 },
    { name: '1m', events: 1_000_000, pages: 3000 },
    { name: 'pages', events: 1_000_000, pages: 250_000 },
];

function generate({ events, pages }, file) {
    const args = ['--events', events, '--days', DAYS, '--first', first, '--zone', ZONE, '--pages', pages].map(String);
    return new Promise((give, fail) => {
        const child = spawn(join(build, 'bench/generate'), args, { stdio: ['ignore', 'pipe', 'inherit'] });
        child.stdout.pipe(createWriteStream(file)).on('close', () => give(file));
        child.on('error', fail).on('close', (code) => code && fail(new Error(`generate: exit code ${code}`)));
    });
}

// A store, its service, and a session in it.
async function serve(store, home) {
    const folder = mkdtempSync(join(home, 'dashboard-'));
    const crumb = new Crumb(set, folder);
    try {
        if (store.events) {
            const csv = await generate(store, join(folder, 'hits.csv'));
            await crumb.load(csv);
            rmSync(csv);
        } else {
            await crumb.begin();
        }
        const at = `http://127.0.0.1:${crumb.port}/`;
        const signed = await fetch(`${at}session`, { method: 'POST', headers: { authorization: `Bearer ${crumb.token}` } });
        const [, name, value] = /^([^=]+)=([^;]+)/.exec(signed.headers.get('set-cookie'));
        return { ...store, folder, crumb, at, cookie: { name, value, domain: '127.0.0.1', path: '/', httpOnly: true, sameSite: 'Strict' } };
    } catch (error) {
        await crumb.end();
        throw error;
    }
}

// ---- a view ----

// In the page before anything else of it: when the figures and the lines of the chart are on the screen, or that there is
// nothing to show; when every list on the screen is; and when nothing is asked for any more.
function probe() {
    const seen = (window.seen = {});
    const painted = (name) => {
        seen[name] = -1;
        requestAnimationFrame(() => {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = () => (seen[name] = performance.now()); // comes after the painting
            port2.postMessage(0);
        });
    };
    const inView = (element) => element.getBoundingClientRect().top < innerHeight;
    const look = () => {
        const figures = document.querySelector('.topline .value');
        if (!seen.figures && figures) painted('figures');
        const lines = document.querySelector('.chart canvas') && !document.querySelector('.chart-note[aria-busy]');
        const nothing = document.querySelector('.chart-note .empty');
        if (!seen.view && figures && (lines || nothing)) painted('view');
        const cards = [...document.querySelectorAll('.card .panel')].filter(inView);
        if (!seen.lists && seen.view && cards.every((card) => !card.querySelector('.skeleton') && !card.hasAttribute('aria-busy'))) painted('lists');
    };
    new MutationObserver(look).observe(document, { childList: true, subtree: true, attributes: true, attributeFilter: ['aria-busy'] });
}

async function view(browser, { at, cookie }, hash = '') {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    try {
        await context.addCookies([cookie]);
        await context.addInitScript(probe);
        const page = await context.newPage();
        await page.goto(at + hash, { waitUntil: 'commit' });
        await page.waitForFunction(() => window.seen.view > 0 && window.seen.lists > 0, null, { timeout: WAIT_MS_MAX, polling: 50 });
        const { seen, entries } = await page.evaluate(() => ({
            seen: window.seen,
            entries: performance.getEntriesByType('resource').map(({ name, initiatorType, startTime, requestStart, responseStart, responseEnd }) =>
                ({ name: name.replace(location.origin, ''), initiatorType, startTime, requestStart, responseStart, responseEnd })),
        }));
        const asked = entries.filter(({ initiatorType, startTime }) => initiatorType === 'fetch' && startTime <= seen.lists);
        return {
            figures_ms: seen.figures, view_ms: seen.view, lists_ms: seen.lists, requests: asked.length,
            slowest_ms: Math.max(0, ...asked.map(({ requestStart, responseEnd }) => responseEnd - requestStart)), entries,
        };
    } finally {
        await context.close();
    }
}

// ---- looking something up among very many pages ----

// All pages in the dialog, and then those that fit a word: from the click or the key to the rows on the screen.
async function lookUp(browser, { at, cookie }) {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 } });
    try {
        await context.addCookies([cookie]);
        const page = await context.newPage();
        await page.goto(`${at}#site=shop&period=custom&from=${first}&to=${new Date(Date.now() - DAY_MS).toISOString().slice(0, 10)}`);
        await page.locator('[data-card="pages"] .row').first().waitFor();
        await page.evaluate(() => {
            window.timed = (isThere) => new Promise((give) => {
                const began = performance.now();
                const look = () => (isThere() ? give(performance.now() - began) : requestAnimationFrame(look));
                requestAnimationFrame(look);
            });
        });
        const all = page.locator('[data-key="open pages"]');
        const distinct = Number((await all.innerText()).replace(/\D/g, ''));
        const opening = page.evaluate(() => window.timed(() => document.querySelector('dialog tbody tr')));
        await all.click();
        const open_ms = await opening;
        await page.locator('dialog tbody tr').first().waitFor();
        await sleep(300);
        const finding = page.evaluate(() => window.timed(() => {
            const rows = [...document.querySelectorAll('dialog tbody tr')];
            return rows.length > 0 && rows.every((line) => line.textContent.includes('lamps')) && !document.querySelector('dialog [aria-busy]');
        }));
        await page.locator('dialog input').fill('lamps');
        return { distinct, open_ms, search_ms: await finding };
    } finally {
        await context.close();
    }
}

// ---- the report ----

const KEYS = ['figures_ms', 'view_ms', 'lists_ms', 'requests', 'slowest_ms'];

function print({ stores, search }) {
    console.log(`\nmedians of ${ROUNDS} rounds, ms from the beginning of the navigation`);
    row(['', 'figures', 'first view', 'over empty', 'lists', 'questions', 'slowest']);
    for (const [name, figures] of Object.entries(stores))
        row([name, figures.figures_ms, figures.view_ms, figures.over_empty_ms, figures.lists_ms, figures.requests, figures.slowest_ms]);
    console.log(`\n${search.distinct} pages: all of them ${search.open_ms} ms, those with a word ${search.search_ms} ms`);
}

async function main(home, browser, stores) {
    for (const store of stores) await view(browser, store); // what only the first visit pays
    const rounds = await rotate(stores, ROUNDS, (store) => view(browser, store));
    const result = { quick, date: new Date().toISOString(), chromium: browser.version(), rounds: ROUNDS, stores: {} };
    for (const { name } of stores) {
        const over = rounds.map((round) => round[name].view_ms - round.empty.view_ms);
        result.stores[name] = { ...medians(rounds, name, KEYS), over_empty_ms: rounded(median(over)) };
    }
    const looked = [];
    for (let i = 0; i < ROUNDS; i++) looked.push(await lookUp(browser, stores.at(-1)));
    result.search = Object.fromEntries(['distinct', 'open_ms', 'search_ms'].map((key) => [key, rounded(median(looked.map((one) => one[key])))]));
    result.view_ms = result.stores['1m'].view_ms;
    result.bars = { first_view: result.view_ms <= FIRST_VIEW_MS_MAX };
    write('dashboard', result);
    print(result);
    console.log(`\nbar: first view of 1,000,000 events within ${FIRST_VIEW_MS_MAX} ms ${result.bars.first_view ? 'kept' : 'MISSED'}`);
    if (process.argv.includes('--show'))
        for (const { name, startTime, requestStart, responseStart, responseEnd } of rounds.at(-1)['1m'].entries)
            console.log([name.padEnd(30), ...[startTime, requestStart, responseStart, responseEnd].map((at) => at.toFixed(1).padStart(8))].join(''));
}

const home = process.env.BENCH_FOLDER ?? build;
mkdirSync(home, { recursive: true });
execFileSync('taskset', ['-a', '-p', '-c', '0', String(process.pid)], { stdio: 'ignore' });
const stores = [];
let browser;
try {
    for (const store of STORES) stores.push(await serve(store, home));
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
    await main(home, browser, stores);
} finally {
    await browser?.close();
    for (const { crumb, folder } of stores) {
        await crumb.end();
        rmSync(folder, { recursive: true, force: true });
    }
}
