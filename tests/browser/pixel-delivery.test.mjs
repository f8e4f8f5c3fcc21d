// Nothing is lost and nothing counts twice: pages that are left by a link, by another address and by closing the tab,
// reloaded, and hit by a network that goes away for a while. Every view is stored once, and every page that was seen for
// long enough has its time.
//
//     node tests/browser/pixel-delivery.test.mjs           150 visits to pages
//     VISITS=1000 node tests/browser/pixel-delivery.test.mjs
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

const VISITS = Number(process.env.VISITS ?? 150);
const AT_ONCE = 5; // of each kind, then the next
const BODY = '<main><h1>A page</h1><a id="next" href="/">On</a></main>';
// Cut connections are what the test is about.
const EXPECTED = [/ERR_|Failed to (load|fetch)/];

before(startBrowser);
after(stopBrowser);

describe('delivery', { timeout: 600_000 }, () => {
    it(`of ${VISITS} visits to pages`, () =>
        visit({ body: BODY, expected: EXPECTED }, async ({ page, context, press, waitFor, service, at }) => {
            await press('Accept');
            const isTracking = (tab) => tab.waitForFunction(() => window.crumb && !(window.crumb.queue instanceof Array));
            await isTracking(page);
            let n = 1; // the page of the choice

            const path = () => `/visit-${String(n++)}`;
            let tab = page;
            const ways = {
                navigated: async () => {
                    await tab.goto(at + path());
                    await isTracking(tab);
                },
                linked: async () => {
                    await tab.evaluate((to) => {
                        document.querySelector('#next').href = to;
                        document.querySelector('#next').click();
                    }, path());
                    await tab.waitForURL(`**/visit-${n - 1}`);
                    await isTracking(tab);
                },
                closed: async () => {
                    const other = await context.newPage();
                    await other.goto(at + path());
                    await isTracking(other);
                    await other.close();
                },
                scripted: async () => {
                    await tab.evaluate((to) => history.pushState(null, '', to), path());
                },
                // Out of reach when it is seen, and back before it is left.
                disconnected: async () => {
                    await tab.goto(at + path());
                    await isTracking(tab);
                    service.fault = { path: /^.p$/, [n % 2 ? 'cut' : 'lose']: true };
                    await tab.waitForTimeout(400);
                    service.fault = null;
                    await eventually('delivery', () => tab.evaluate(() => true));
                    await tab.waitForTimeout(1200);
                },
            };
            const order = ['navigated', 'linked', 'closed', 'scripted', 'navigated', 'linked', 'closed', 'scripted'];
            while (n < VISITS) {
                for (const way of order) for (let i = 0; i < AT_ONCE && n < VISITS; i++) await ways[way]();
                if (n < VISITS) await ways.disconnected();
            }
            await tab.close();

            const journal = () => service.crumb.dump('journal');
            const views = async () => (await journal()).filter(({ event }) => event == 'pv').map(({ log }) => log.path);
            await eventually('the last view', async () => (await views()).length >= n);
            const seen = await views();
            const expected = ['/', ...Array.from({ length: n - 1 }, (_, i) => `/visit-${i + 1}`)];
            assert.deepEqual(expected.filter((each) => !seen.includes(each)), [], 'what was lost');
            assert.equal(seen.length, expected.length, 'what counted twice');
            const ids = service.sent.map((line) => new URLSearchParams(line).get('eid'));
            assert.equal((await journal()).length, new Set(ids).size, 'each event is stored, and once');
            const { dropped, received, stored } = await service.crumb.books();
            assert.deepEqual([received - stored, dropped.duplicate], [dropped.duplicate, dropped.duplicate], 'nothing was refused');
        }));
});
