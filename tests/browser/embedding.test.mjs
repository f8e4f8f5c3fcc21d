// docs/embedding.md is true: a page made of its blocks does what it says.
import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import { blocksOf } from '../docs/documents.mjs';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

const FILE = 'docs/embedding.md';
const SERVICE = 'https://c.shop.example';
const blocks = blocksOf(FILE);
const html = blocks.filter(({ language }) => language === 'html').map(({ text }) => text);
const js = blocks.filter(({ language }) => language === 'js').map(({ text }) => text);
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

it('every block is one of these', () => assert.deepEqual([html.length, js.length, blocks.length], [7, 2, 9]));
