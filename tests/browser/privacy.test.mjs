// The privacy page in a browser, with scripts and without: it can be used, it is honest, and the pixel obeys it.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

process.env.CRUMB ??= fileURLToPath(new URL('../../build/crumb', import.meta.url));
const { site, start } = await import('../http/server.mjs');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
    '--disable-component-update', '--disable-sync'];
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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
        rates: { choices: 1000, requests: 1000 },
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
            for (const [name, words] of [['Measuring visits', 'Which pages'], ['Advertising', 'Ad Partner (United States)']]) {
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

// ---- rights ----

const textsOf = (lang) => JSON.parse(readFileSync(new URL(`../../consent-js/texts/${lang}.json`, import.meta.url)));
const T = textsOf('en');

// Accepts on the page and looks at a hat; the page knows somebody then.
async function becomeKnown(page, lang = 'en', texts = T) {
    await open(page, lang);
    await button(page, texts.accept === 'قبول' ? 'قبول' : texts.accept).click();
    await page.waitForURL(/receipt=/);
    await page.request.get(`${at}/p.gif?aid=shop&e=pv&url=${encodeURIComponent('https://shop.example/hats')}&page=Hats&lang=de-AT`);
    await open(page, lang);
}

for (const javaScriptEnabled of [false, true])
    describe(`every right, ${javaScriptEnabled ? 'without reloading' : 'without a script'}`, { timeout: 300_000 }, () => {
        // A load of a page is one more of its own documents.
        const story = (act) =>
            visit({ javaScriptEnabled }, async (page, context) => {
                await becomeKnown(page);
                let loads = 0;
                page.on('load', () => loads++);
                await act(page, context);
                if (javaScriptEnabled) assert.equal(loads, 0, 'nothing was loaded anew');
                else assert.ok(loads > 0);
            });
        const heading = (page, name) => page.getByRole('heading', { name, exact: true });

        it('sees what is stored, and corrects it', () =>
            story(async (page) => {
                await page.locator('#stored').getByText('2', { exact: false }).first().waitFor();
                assert.match(await page.locator('#stored').innerText(), /de-AT[^]*Pages: 1/);
                await page.getByLabel('Country').selectOption('AT');
                await button(page, T['page.save']).click();
                await heading(page, T['page.corrected_done']).waitFor();
                assert.match(await page.locator('#stored').innerText(), /Austria/);
            }));

        it('locks and unlocks', () =>
            story(async (page) => {
                await button(page, T['page.lock']).click();
                await heading(page, T['page.locked_done']).waitFor();
                await page.getByRole('checkbox', { name: 'Measuring visits', checked: true }).waitFor();
                await button(page, T['page.unlock']).click();
                await heading(page, T['page.unlocked_done']).waitFor();
            }));

        it('deletes in two steps, keeps the receipt, and has it checked', () =>
            story(async (page, context) => {
                assert.equal(await button(page, T['page.sure']).isVisible(), false);
                await page.locator('#delete summary').click();
                await button(page, T['page.sure']).click();
                await heading(page, T['page.deleted_done']).waitFor();
                assert.deepEqual((await context.cookies()).map(({ name }) => name), ['crumb_choice']);
                const link = page.getByRole('link', { name: T['page.save_receipt'] });
                const receipt = await (await page.request.get(new URL(await link.getAttribute('href'), page.url()).href)).text();
                await page.locator('#check summary').click();
                await page.getByLabel(T['page.check_about']).fill(receipt);
                await page.locator('#check button').click();
                await page.getByRole('status').filter({ hasText: T['page.genuine'] }).waitFor();
            }));

        it('complains, follows it by number and key in another browser, and takes it back', () =>
            story(async (page) => {
                await page.getByLabel(T['page.message']).fill('You <b>ask</b> me again.');
                await button(page, T['page.send']).click();
                await page.locator('.said code').waitFor();
                const key = await page.locator('.said code').innerText();
                const number = page.url().match(/number=(\d+)/)[1];
                await visit({ javaScriptEnabled }, async (elsewhere) => {
                    await open(elsewhere);
                    await elsewhere.locator('#follow summary').click();
                    await elsewhere.getByLabel(T['page.number'], { exact: true }).fill(number);
                    await elsewhere.getByLabel(T['page.key'], { exact: true }).fill(key);
                    await button(elsewhere, T['page.show']).click();
                    await elsewhere.getByText('You <b>ask</b> me again.').waitFor();
                    const link = new URL(elsewhere.url());
                    for (const lang of ['ar', 'en']) {
                        link.searchParams.set('lang', lang);
                        await elsewhere.goto(link.href);
                        const { y, height } = await elsewhere.locator('.request').boundingBox();
                        assert.ok(y + height < elsewhere.viewportSize().height, `${lang}: it is there at first sight`);
                    }
                    await button(elsewhere, T['page.take_back']).click();
                    await elsewhere.locator('summary b', { hasText: T['page.withdrawn'] }).waitFor();
                });
            }));

        it('is done by keyboard alone', () =>
            story(async (page) => {
                const tabTo = async (locator) => {
                    for (let i = 0; i < 120; i++) {
                        if (await locator.evaluate((element) => element === document.activeElement)) return;
                        await page.keyboard.press('Tab');
                    }
                    assert.fail('it is not reached');
                };
                await page.keyboard.press('Tab');
                await tabTo(button(page, T['page.lock']));
                await page.keyboard.press('Enter');
                await heading(page, T['page.locked_done']).waitFor();
                await tabTo(page.locator('#delete summary'));
                await page.keyboard.press('Space');
                await tabTo(button(page, T['page.sure']));
                await page.keyboard.press('Enter');
                await heading(page, T['page.deleted_done']).waitFor();
            }));
    });

describe('the script of the privacy page', { timeout: 120_000 }, () => {
    it('moves to what is told, and the back button works', () =>
        visit({ javaScriptEnabled: true }, async (page) => {
            await becomeKnown(page);
            await button(page, T['page.lock']).click();
            await page.locator('#receipt h2').waitFor();
            assert.equal(await page.evaluate(() => document.activeElement.textContent.trim()), T['page.locked_done']);
            await page.goBack();
            await button(page, T['page.unlock']).waitFor();
            assert.doesNotMatch(page.url(), /deed=/);
        }));

    it('says when the service cannot be reached, and that nothing was changed', async () => {
        const context = await browser.newContext();
        const page = await context.newPage();
        await becomeKnown(page);
        await context.setOffline(true);
        await button(page, T['page.lock']).click();
        await page.getByRole('alert').filter({ hasText: T['page.failed'] }).waitFor();
        await context.setOffline(false);
        await button(page, T['page.lock']).click();
        await page.getByRole('heading', { name: T['page.locked_done'] }).waitFor();
        await context.close();
    });
});

describe('axe finds nothing', { timeout: 300_000 }, () => {
    const looks = { light: {}, dark: { colorScheme: 'dark' }, '320 px': { viewport: { width: 320, height: 640 } }, 'high contrast': { forcedColors: 'active' } };
    for (const [name, options] of Object.entries(looks))
        for (const lang of ['en', 'ar'])
            it(`${name}, ${lang}, in every state`, async () => {
                const context = await browser.newContext({ bypassCSP: true, ...options });
                const page = await context.newPage();
                const look = async (state) => {
                    await page.evaluate(() => document.querySelectorAll('details').forEach((each) => (each.open = true)));
                    await page.evaluate(AXE);
                    const { violations } = await page.evaluate(() => window.axe.run());
                    assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), [], state);
                    const wide = await page.evaluate(() => document.documentElement.scrollWidth);
                    assert.ok(wide <= page.viewportSize().width, `${state}: ${wide} px`);
                };
                const texts = { ...textsOf(lang), ...(lang === 'ar' && { accept: 'قبول', reject: 'رفض' }) };
                await open(page, lang);
                await look('nobody known');
                await becomeKnown(page, lang, texts);
                await look('known');
                await page.locator('#restrict button').click();
                await page.locator('#receipt').waitFor();
                await look('locked');
                await page.locator('#text').fill('?');
                await button(page, texts['page.send']).click();
                await page.locator('.said code').waitFor();
                await look('asked');
                await page.locator('#delete button').click();
                await page.locator('#receipt h2').waitFor();
                await look('deleted');
                await context.addCookies([{ name: 'crumb_id', value: '1.forged', url: at }]);
                await open(page, lang);
                await look('forged');
                await page.goto(`${at}/privacy?site=shop&lang=${lang}&number=1&key=x`);
                await look('error');
                await context.close();
            });
});
