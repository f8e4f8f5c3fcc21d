// The policy in a browser, and a change that is announced: whoever is asked reads it in the question, whoever has granted
// something is told once, and nobody else is bothered.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const NEXT = { from: '2099-12-24', retention: { segments: '13mo' } };
const LINE = 'From 2099-12-24 on this changes: How long it is kept (Visits).';
const TARGET_MIN = 24; // WCAG 2.2, 2.5.8

before(startBrowser);
after(stopBrowser);

const announcing = { service: { next: NEXT } };
const open = ({ page, shop }, lang = 'en') => page.goto(`${shop.crumb}/policy?site=shop&lang=${lang}`);
const storage = ({ page }) => page.evaluate(() => ({ ...localStorage }));

describe('the policy in a browser', { timeout: 300_000 }, () => {
    const looks = {
        light: [{}], dark: [{ colorScheme: 'dark' }], narrow: [{ viewport: { width: 320, height: 640 } }],
        'from right to left': [{ viewport: { width: 360, height: 640 } }, 'ar'], 'high contrast': [{ forcedColors: 'active' }],
    };
    for (const [name, [browser, lang]] of Object.entries(looks))
        it(`axe finds nothing, it fits, and everything can be hit: ${name}`, () =>
            visit({ ...announcing, expected: [/404/], browser: { bypassCSP: true, ...browser } }, async (all) => {
                const { page } = all;
                await open(all, lang);
                assert.equal(await page.getByRole('heading', { level: 1 }).count(), 1);
                await page.evaluate(AXE);
                const { violations } = await page.evaluate(() => window.axe.run());
                assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ target }) => target)}`), []);
                const width = page.viewportSize().width;
                for (const percent of [100, 200]) {
                    await page.evaluate((size) => (document.documentElement.style.fontSize = `${size}%`), percent);
                    assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${percent} %`);
                }
                const small = await page.evaluate((min) => [...document.querySelectorAll('nav a, .rights a')]
                    .map((e) => [e.textContent, e.getBoundingClientRect()])
                    .filter(([, { width, height }]) => width < min || height < min).map(([text]) => text), TARGET_MIN);
                assert.deepEqual(small, []);
            }));

    it('can be printed: nothing of it is only for the screen but the ways around', () =>
        visit({}, async (all) => {
            const { page } = all;
            await open(all);
            const shown = () => page.locator('h2:visible').allInnerTexts();
            const onScreen = await shown();
            await page.emulateMedia({ media: 'print', colorScheme: 'dark' });
            assert.deepEqual(await shown(), onScreen);
            assert.equal(await page.locator('nav:visible').count(), 0);
            assert.equal(await page.evaluate(() => getComputedStyle(document.body).backgroundColor), 'rgb(255, 255, 255)');
        }));

    it('is reached from the privacy page, and leads to each of its sections', () =>
        visit({}, async (all) => {
            const { page, shop } = all;
            await page.goto(`${shop.crumb}/privacy?site=shop&lang=en`);
            await page.getByRole('link', { name: 'Privacy policy' }).click();
            const contents = page.locator('.contents a');
            const names = await contents.allInnerTexts();
            assert.deepEqual(names, await page.getByRole('heading', { level: 2 }).allInnerTexts());
            await contents.last().click();
            assert.match(page.url(), /#changes$/);
        }));
});

describe('a change that is announced', { timeout: 300_000 }, () => {
    it('is in the question, whose answer names the notice that said it', () =>
        visit(announcing, async ({ page, banner, press, service, control }) => {
            await banner.waitFor();
            assert.ok((await banner.innerText()).includes(LINE));
            const { hash, notice } = await service.crumb.visitor().notice('en');
            assert.equal(notice.next.text, LINE);
            await press('Accept');
            await control.waitFor();
            assert.equal((await service.crumb.dump('ledger')).at(-1).notice, hash);
            assert.equal(await page.locator('dialog').count(), 0, 'who has just read it is not told again');
        }));

    it('is told once to whoever granted something before, and keeps nothing until it is put away', () =>
        visit({}, async (all) => {
            const { page, banner, press, control, change, go, state, choice } = all;
            await press('Accept');
            await control.waitFor();
            const before = await choice();
            await change({ next: NEXT });
            await go();
            await banner.waitFor();
            assert.ok((await banner.innerText()).includes(LINE));
            assert.equal(await banner.getByRole('button').count(), 1, 'it asks nothing');
            assert.deepEqual(await storage(all), {});
            assert.deepEqual(Object.values((await state()).purposes), [true, true, true], 'what was granted stays');
            await go();
            await banner.waitFor();
            await press('Close');
            await control.waitFor();
            assert.deepEqual(await storage(all), { crumb_told: '2099-12-24' });
            assert.equal(await choice(), before);
            await go();
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            // Another change is another announcement.
            await change({ next: { from: '2099-12-31', retention: { segments: '12mo' } } });
            await go();
            await banner.waitFor();
            await page.keyboard.press('Tab');
            await banner.getByRole('button').focus();
            await page.keyboard.press('Escape');
            await control.waitFor();
            assert.deepEqual(await storage(all), { crumb_told: '2099-12-31' });
        }));

    it('does not bother whoever refused', () =>
        visit({}, async (all) => {
            const { banner, press, control, change, go } = all;
            await press('Reject');
            await control.waitFor();
            await change({ next: NEXT });
            await go();
            await control.waitFor();
            assert.equal(await banner.count(), 0);
            assert.deepEqual(await storage(all), {});
        }));

    for (const [name, options] of Object.entries({ light: {}, dark: { colorScheme: 'dark' }, narrow: { viewport: { width: 320, height: 640 } } }))
        it(`axe finds nothing in it: ${name}`, () =>
            visit({ policy: null, browser: options }, async ({ page, banner, press, control, change, go }) => {
                await press('Accept');
                await control.waitFor();
                await change({ next: NEXT });
                await go();
                await banner.waitFor();
                await page.evaluate(AXE);
                const { violations } = await page.evaluate(() => window.axe.run());
                assert.deepEqual(violations.map(({ id }) => id), []);
            }));
});
