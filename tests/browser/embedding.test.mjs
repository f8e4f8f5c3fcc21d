// docs/embedding.md is true: a page made of its blocks does what it says.
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, it } from 'node:test';
import { blocksOf } from '../docs/documents.mjs';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

const { crumb } = await import('../http/server.mjs');

const FILE = 'docs/embedding.md';
const SERVICE = 'https://c.shop.example';
const blocks = blocksOf(FILE);
const html = blocks.filter(({ language }) => language === 'html').map(({ text }) => text);
const js = blocks.filter(({ language }) => language === 'js').map(({ text }) => text);
const yaml = blocks.filter(({ language }) => language === 'yaml').map(({ text }) => text);
const tag = html.find((text) => text.includes('/consent.js'));
const body = `<h1>Shop</h1>${html.filter((text) => text !== tag).join('\n')}`;

before(startBrowser);
after(stopBrowser);

// The tag as it is written, of the test's own service; the shop's scripts do nothing but be there.
const embedded = {
    body,
    policy: null,
    script: (crumb) => /src="([^"]*)"/.exec(tag)[1].replace(SERVICE, crumb),
    tag: 'async',
    before: async ({ context }) => {
        for (const name of ['measure', 'module', 'both', 'without-ads', 'parsed'])
            await context.route(`**/${name}.js`, (route) =>
                route.fulfill({ contentType: 'text/javascript', body: `(window.ran ||= []).push('${name}')` }));
        await context.route('**/film.html', (route) => route.fulfill({ contentType: 'text/html', body: 'The film' }));
        await context.route(/dot\.gif|ads\.css/, (route) => route.fulfill({ contentType: 'text/css', body: '' }));
    },
};

it('what is held back runs when all its purposes are granted, and what is held for a refusal does not', () =>
    visit(embedded, async ({ page, press, waitFor, ran, banner }) => {
        await banner.waitFor();
        assert.deepEqual(await ran(), []);
        await press('Accept');
        await waitFor(() => window.ran?.length >= 4 && window.measured);
        await page.frameLocator('iframe').getByText('The film').waitFor();
        assert.deepEqual((await ran()).sort(), ['both', 'measure', 'module', 'parsed']);
        assert.equal(await page.locator('img[data-category]').getAttribute('src'), '/dot.gif');
        assert.equal(await page.locator('link[data-category]').getAttribute('href'), '/ads.css');
    }));

it('what is held for a refusal runs after it', () =>
    visit(embedded, async ({ page, waitFor, ran, banner }) => {
        await banner.waitFor();
        await page.evaluate(() => window.crumb.set({ analytics: true }));
        await waitFor(() => window.ran?.includes('without-ads'));
        assert.ok(!(await ran()).includes('both'));
    }));

it('the link opens the choices', () =>
    visit(embedded, async ({ page, banner, front }) => {
        await banner.waitFor();
        await page.locator('main, body').first().getByRole('link', { name: 'Privacy choices' }).click();
        await front.waitFor();
    }));

it('the page’s own code hears and says', () =>
    visit({ ...embedded, init: `window.info = []; console.info = (...words) => window.info.push(words.join(' ')); ${js[0]}` }, async ({ page, press, control, front, service }) => {
        await press('Accept');
        await control.waitFor();
        assert.deepEqual(await page.evaluate(() => window.info), ['known: false', 'analytics: true']);
        await page.evaluate(`(() => { ${js[1]} })()`);
        await front.waitFor();
        let bought;
        await eventually('the event', async () => {
            bought = (await service.crumb.dump('journal')).find(({ clickpath }) => clickpath?.category == 'event')?.clickpath;
            return bought;
        });
        assert.deepEqual(bought, { category: 'event', action: 'bought', value: '12.5', currency: 'EUR', 'x_p.plan': 'pro' });
    }));

it('the variables colour the banner', () =>
    visit(embedded, async ({ banner }) => {
        await banner.waitFor();
        const style = await banner.evaluate((e) => {
            const { backgroundColor, color, fontFamily } = getComputedStyle(e);
            return { backgroundColor, color, fontFamily };
        });
        assert.deepEqual(style, { backgroundColor: 'rgb(255, 250, 242)', color: 'rgb(42, 32, 24)', fontFamily: 'Georgia, serif' });
    }));

it('the picture counts those who allowed it without JavaScript, and nobody else', () =>
    visit({ ...embedded, browser: { javaScriptEnabled: false }, before: undefined, body: html.find((text) => text.includes('<noscript>')).replace(SERVICE, '/proxied'), expected: [/./] }, async ({ page, service, context, shop, go }) => {
        const events = async () => (await service.collected()).events;
        await eventually('the picture', () => service.asked.includes('GET /p.gif'));
        assert.equal(await events(), 0);
        const at = new URL(page.url()).origin;
        await page.goto(`${shop.crumb}/privacy?site=shop`);
        await page.getByRole('button', { name: 'Accept' }).click();
        await page.waitForURL('**receipt=**');
        assert.deepEqual((await context.cookies()).map(({ name }) => name).sort(), ['crumb_choice', 'crumb_id']);
        service.asked.length = 0;
        await page.goto(`${at}/allowed`);
        await eventually('the event', async () => (await events()) === 1);
        assert.ok(go);
    }));

// React's and Vue's part as far as the blocks use it.
const STUBS = `
    const ref = (value) => ({ value });
    const useSyncExternalStore = (subscribe, read) => { subscribe(() => window.seen.push(read())); return read(); };
    window.seen = [];`;

it('the hook and the ref follow the choice', () =>
    visit({ ...embedded, init: `{${STUBS} ${js[2]} ${js[3]} usePurpose('marketing'); window.refOf = purposes; }` }, async ({ page, press, control }) => {
        await press('Accept');
        await control.waitFor();
        await page.evaluate(() => window.crumb.set({ marketing: false }));
        const seen = await page.evaluate(() => window.seen.filter((value, i, all) => value !== all[i - 1]));
        assert.deepEqual(seen, [false, true, false]);
        assert.deepEqual(await page.evaluate(() => window.refOf.value), { analytics: true, journeys: true, marketing: false });
    }));

it('a tag manager hears of every choice', () =>
    visit({ ...embedded, init: `window.dataLayer = []; ${js[4]}` }, async ({ page, press, control }) => {
        await press('Reject');
        await control.waitFor();
        const heard = await page.evaluate(() => window.dataLayer.filter(({ event }) => event == 'crumb'));
        assert.deepEqual(heard, [{ event: 'crumb', analytics: false, journeys: false, marketing: false }]);
    }));

it('the purposes are a configuration’s', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'crumb-embedding-'));
    const file = join(folder, 'crumb.yaml');
    const head = ['data: ./data', 'listen: {public: "127.0.0.1:0", private: "127.0.0.1:0"}', 'sites:', '  shop:',
        '    origins: [https://shop.example]', '    controller: {name: Example Ltd, contact: privacy@shop.example}'];
    writeFileSync(file, `${head.join('\n')}\n${yaml[0].replace(/^/gm, '    ')}\n`);
    const { code, stderr } = await crumb(['check', '-c', file]);
    rmSync(folder, { recursive: true });
    assert.equal(code, 0, stderr);
});

it('every block is one of these', () => assert.deepEqual([html.length, js.length, yaml.length, blocks.length], [8, 5, 1, 14]));
