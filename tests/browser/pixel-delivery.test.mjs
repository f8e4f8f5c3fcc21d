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

describe('delivery', { timeout: 1_200_000 }, () => {
    it(`of ${VISITS} visits to pages`, () =>
        visit({ body: BODY, expected: EXPECTED }, async ({ page, context, press, waitFor, service, at }) => {
            await press('Accept');
            const isTracking = (tab) => tab.waitForFunction(() => window.crumb && !(window.crumb.queue instanceof Array));
            await isTracking(page);
            let n = 1; // the page of the choice

            const path = () => `/visit-${String(n++)}`;
            // Every fifth page is looked at for so long that its time has to be told.
            const stayed = [];
            const stay = async (on) => {
                if (n % 5) return;
                stayed.push(`/visit-${n - 1}`);
                await on.waitForTimeout(250);
            };
            let tab = page;
            const ways = {
                navigated: async () => {
                    await tab.goto(at + path());
                    await isTracking(tab);
                    await stay(tab);
                },
                linked: async () => {
                    await tab.evaluate((to) => {
                        document.querySelector('#next').href = to;
                        document.querySelector('#next').click();
                    }, path());
                    await tab.waitForURL(`**/visit-${n - 1}`);
                    await isTracking(tab);
                    await stay(tab);
                },
                closed: async () => {
                    const other = await context.newPage();
                    await other.goto(at + path());
                    await isTracking(other);
                    await stay(other);
                    await other.close();
                },
                scripted: async () => {
                    await tab.evaluate((to) => history.pushState(null, '', to), path());
                    await stay(tab);
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
            const pings = async () => (await journal()).filter(({ event }) => event == 'pp').map(({ log }) => log.path);
            const views = async () => (await journal()).filter(({ event }) => event == 'pv').map(({ log }) => log.path);
            await eventually('the last view', async () => (await views()).length >= n);
            assert.ok(stayed.length > n / 10);
            await eventually('the last time', async () => (await pings()).includes(stayed.at(-1)));
            const timed = await pings();
            assert.deepEqual(stayed.filter((each) => !timed.includes(each)), [], 'whose time was lost');
            const seen = await views();
            const expected = ['/', ...Array.from({ length: n - 1 }, (_, i) => `/visit-${i + 1}`)];
            assert.deepEqual(expected.filter((each) => !seen.includes(each)), [], 'what was lost');
            assert.equal(seen.length, expected.length, 'what counted twice');
            const ids = service.sent.map((line) => new URLSearchParams(line).get('eid'));
            assert.equal((await journal()).length, new Set(ids).size, 'each event is stored, and once');
            const { dropped, received, stored } = await service.crumb.books();
            assert.deepEqual([received - stored, dropped.duplicate], [dropped.duplicate, dropped.duplicate], 'nothing was refused');
        }));

    it('of what was told when the page was hidden, where its process ends without a word', () =>
        visit({ body: BODY }, async ({ page, context, press, waitFor, service }) => {
            await press('Accept');
            await waitFor(() => window.crumb && !(window.crumb.queue instanceof Array));
            await page.waitForTimeout(250);
            const session = await context.newCDPSession(page);
            const crashed = page.waitForEvent('crash');
            await page.evaluate(() => {
                Object.defineProperty(document, 'hidden', { get: () => true });
                document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
            });
            session.send('Page.crash').catch(() => {}); // nobody is left to answer
            await crashed;
            const kinds = async () => (await service.crumb.dump('journal')).map(({ event }) => event).sort();
            await eventually('both events', async () => (await kinds()).length == 2);
            assert.deepEqual(await kinds(), ['pp', 'pv']);
        }));
});
