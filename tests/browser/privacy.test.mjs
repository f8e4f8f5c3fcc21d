// The privacy page in a browser that runs no scripts: it can be used, it is honest, and the pixel obeys it.
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

process.env.CRUMB ??= fileURLToPath(new URL('../../build/crumb', import.meta.url));
const { site, start } = await import('../http/server.mjs');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const CONTRAST_MIN = 4.5; // WCAG 2.2, 1.4.3
const TARGET_MIN = 24; // WCAG 2.2, 2.5.8

let browser, server, shop, at;

// A page of the shop, whose only way to tell of a visit is a picture.
function serveShop() {
    const html = () => `<!doctype html><title>Hats</title><h1>Hats</h1><noscript><img alt=""
        src="${at}/p.gif?aid=shop&amp;e=pv" referrerpolicy="no-referrer-when-downgrade"></noscript>`;
    return new Promise((resolve) => {
        const listening = createServer((_, answer) => answer.setHeader('content-type', 'text/html').end(html()));
        listening.listen(0, '127.0.0.1', () => resolve(listening));
    });
}

before(async () => {
    browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS });
    shop = await serveShop();
    server = await start({
        sites: {
            shop: site({
                name: 'Example Shop',
                origins: [`http://127.0.0.1:${shop.address().port}`],
                storage: { country: 'DE', location: 'Frankfurt' },
                recipients: { partner: { name: 'Ad Partner', country: 'US', why: 'shows you ads elsewhere' } },
                purposes: { ...site().purposes, marketing: { collects: [], recipients: ['partner'] } },
                texts: { ar: { title: 'اختيارك', accept: 'قبول', reject: 'رفض' } },
            }),
        },
    });
    at = `http://127.0.0.1:${server.public}`;
});
after(async () => {
    await browser?.close();
    shop?.close();
    await server?.end();
});

// A page of @options, which must give the browser no reason to complain and ask nobody but the shop and crumb.
async function visit(options, act) {
    const context = await browser.newContext({ javaScriptEnabled: false, viewport: { width: 1000, height: 800 }, ...options });
    const problems = [], asked = new Set();
    context.on('console', (message) => problems.push(message.text()));
    context.on('request', (request) => asked.add(new URL(request.url()).origin));
    const page = await context.newPage();
    await act(page, context);
    await context.close();
    assert.deepEqual(problems, []);
    const strangers = [...asked].filter((origin) => origin !== at && origin !== `http://127.0.0.1:${shop.address().port}`);
    assert.deepEqual(strangers, []);
}

const open = (page, lang = 'en') => page.goto(`${at}/privacy?site=shop&lang=${lang}`);
const button = (page, name) => page.getByRole('button', { name, exact: true });
const goShopping = (page) => page.goto(`http://127.0.0.1:${shop.address().port}/hats`, { waitUntil: 'networkidle' });

describe('the privacy page without scripts', { timeout: 300_000 }, () => {
    it('is obeyed by the pixel: nothing before, something after accepting, nothing after withdrawing', () =>
        visit({}, async (page, context) => {
            const stored = async () => (await server.books()).stored;
            const before = await stored();
            await goShopping(page);
            assert.equal(await stored(), before);
            assert.deepEqual(await context.cookies(), []);
            await open(page);
            await button(page, 'Accept').click();
            await page.getByRole('status').waitFor();
            await goShopping(page);
            assert.equal(await stored(), before + 1);
            assert.equal((await server.dump('journal')).at(-1).log.path, '/hats');
            await open(page);
            await button(page, 'Withdraw my consent').click();
            await goShopping(page);
            assert.equal(await stored(), before + 1);
            assert.deepEqual((await context.cookies()).map(({ name }) => name), ['crumb_choice']);
        }));

    it('can be used with the keyboard alone, and Enter in a checkbox refuses', () =>
        visit({}, async (page) => {
            await open(page);
            await page.getByRole('checkbox', { name: 'Measuring visits' }).focus();
            await page.keyboard.press('Space');
            for (const _ of ['journeys', 'marketing', 'reject', 'accept', 'save']) await page.keyboard.press('Tab');
            await page.keyboard.press('Enter');
            await page.getByRole('status').waitFor();
            assert.deepEqual((await server.dump('ledger')).at(-1).purposes, { analytics: true, journeys: false, marketing: false });
            await page.getByRole('checkbox', { name: 'Advertising' }).focus();
            await page.keyboard.press('Space');
            await page.keyboard.press('Enter');
            await page.waitForURL(/receipt=/);
            await page.getByRole('checkbox', { name: 'Measuring visits', checked: false }).waitFor();
            assert.equal((await server.dump('ledger')).at(-1).action, 'deny');
        }));

    it('leads to the receipt and the notice, and goes back to the shop', () =>
        visit({}, async (page) => {
            await open(page);
            await button(page, 'Reject').click();
            const receipt = await page.getByRole('link', { name: /^Proof of your choice/ }).getAttribute('href');
            const notice = await page.getByRole('link', { name: /^notice/ }).getAttribute('href');
            for (const path of [receipt, notice]) assert.equal((await server.get(`/${path}`)).status, 200, path);
            await page.getByRole('link', { name: 'Example Shop' }).click();
            await page.getByRole('heading', { name: 'Hats' }).waitFor();
        }));

    it('names and describes each purpose for those who hear the page', () =>
        visit({}, async (page) => {
            await open(page);
            for (const [name, words] of [['Measuring visits', 'Which pages'], ['Advertising', 'Ad Partner (US)']]) {
                const box = page.getByRole('checkbox', { name, exact: true });
                const about = await box.getAttribute('aria-describedby');
                assert.ok((await page.locator(`#${about}`).innerText()).includes(words));
            }
            assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
        }));
});

// Measures need a script in the page: the same page, in a browser that runs those of the test.
describe('the look of the privacy page', { timeout: 300_000 }, () => {
    const measured = { javaScriptEnabled: true };

    it('gives accept and reject the same size, weight and colours, and one click each', () =>
        visit(measured, async (page) => {
            await open(page);
            const look = (name) => button(page, name).evaluate((element) => {
                const { width, height } = element.getBoundingClientRect();
                const { color, backgroundColor, borderColor, fontSize, fontWeight, opacity } = getComputedStyle(element);
                return { width, height, color, backgroundColor, borderColor, fontSize, fontWeight, opacity };
            });
            assert.deepEqual(await look('Reject'), await look('Accept'));
        }));

    for (const colorScheme of ['light', 'dark'])
        it(`has enough contrast in ${colorScheme} colours`, () =>
            visit({ ...measured, colorScheme }, async (page) => {
                await open(page);
                await button(page, 'Accept').click();
                await page.getByRole('status').waitFor();
                const found = await page.evaluate(() => {
                    const parse = (color) => color.match(/[\d.]+/g).map(Number);
                    const light = (color) => parse(color).slice(0, 3).map((c) => c / 255)
                        .map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
                        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
                    const backOf = (element) => {
                        for (let e = element; e; e = e.parentElement) {
                            const back = getComputedStyle(e).backgroundColor;
                            if (parse(back)[3] !== 0) return back;
                        }
                        return 'rgb(255, 255, 255)';
                    };
                    return [...document.querySelectorAll('body *')]
                        .filter((e) => [...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim()))
                        .map((e) => {
                            const [a, b] = [light(getComputedStyle(e).color), light(backOf(e))].sort((x, y) => y - x);
                            return { text: e.textContent.trim().slice(0, 30), contrast: (a + 0.05) / (b + 0.05) };
                        });
                });
                assert.ok(found.length > 20);
                assert.deepEqual(found.filter(({ contrast }) => contrast < CONTRAST_MIN), []);
            }));

    for (const [name, lang, zoom] of [['320 px', 'en', 100], ['320 px, from right to left', 'ar', 100], ['320 px and text of twice the size', 'en', 200]])
        it(`fits into ${name}, and everything can be hit`, () =>
            visit({ ...measured, viewport: { width: 320, height: 640 } }, async (page) => {
                await open(page, lang);
                await page.evaluate((percent) => (document.documentElement.style.fontSize = `${percent}%`), zoom);
                const wide = await page.evaluate(() => document.documentElement.scrollWidth);
                assert.ok(wide <= 320, `${wide} px wide`);
                const small = await page.evaluate((min) => [...document.querySelectorAll('button, input[type=checkbox], nav a')]
                    .map((e) => [e.textContent || e.value, e.getBoundingClientRect()])
                    .filter(([, { width, height }]) => width < min || height < min).map(([text]) => text), TARGET_MIN);
                assert.deepEqual(small, []);
            }));
});
