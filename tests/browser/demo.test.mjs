// The demo shop, as its visitors see it: nothing before a choice, what the choice covers after it, nothing after it was
// taken back. What the banner and the tracker do on any page is tested by themselves; here it is that the shop embeds them
// as its documents say, by one tag.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';

import { request } from '../http/client.mjs';
import { eventually, newRecipient, startBrowser, stopBrowser, visit } from './demo.mjs';

const SHOP = new URL('../../web/demo/', import.meta.url);
const PAGES = ['/', '/loaf.html', '/bun.html', '/galette.html', '/basket.html?basket=loaf.2',
    '/checkout.html?basket=bun.1'];
const DOWN = /net::ERR_/;

before(startBrowser);
after(stopBrowser);

// What a script could have left on the device.
const kept = (page) =>
    page.evaluate(async () => ({
        local: localStorage.length,
        session: sessionStorage.length,
        databases: (await indexedDB.databases()).length,
        caches: (await caches.keys()).length,
        cookies: document.cookie,
    }));
const NOTHING_KEPT = { local: 0, session: 0, databases: 0, caches: 0, cookies: '' };

it('each page has the one tag', () => {
    const pages = readdirSync(SHOP).filter((name) => name.endsWith('.html') && name != 'film.html');
    assert.equal(pages.length, 6);
    for (const name of pages) {
        const tags = readFileSync(new URL(name, SHOP), 'utf8').match(/<script [^>]*http[^>]*>/g);
        assert.deepEqual(tags, ['<script src="http://127.0.0.1:8080/consent.js?site=shop" async>'], name);
    }
});

describe('before a choice', { timeout: 300_000 }, () => {
    it('no cookie is set, nothing is kept, nothing is sent, and no tracker is there, wherever one goes', () =>
        visit(async ({ crumb, page, go, notice, state, cookies, asked, beacons }) => {
            for (const path of PAGES) {
                await go(path);
                await notice.waitFor();
                await state('Nothing is sent: no choice of yours is known.');
            }
            await go('/loaf.html');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.getByText('1 in your basket').waitFor();
            assert.deepEqual(await kept(page), NOTHING_KEPT);
            assert.deepEqual(await cookies(), []);
            assert.deepEqual([...new Set(asked())].sort(), ['GET /consent.js', 'POST /v1/shown']);
            assert.deepEqual(beacons(), []);
            assert.equal(await crumb.received(), 0);
        }));

    it('without JavaScript the shop can be read and crumb is not asked for anything', () =>
        visit(async ({ page, asked, state }) => {
            await state('Nothing is sent.');
            await page.getByRole('link', { name: 'Country loaf' }).click();
            await page.getByRole('heading', { name: 'Country loaf' }).waitFor();
            assert.ok(await page.getByRole('button', { name: 'Add to basket' }).isDisabled());
            assert.deepEqual(asked(), []);
        }, { javaScriptEnabled: false }));
});

describe('a choice', { timeout: 300_000 }, () => {
    it('to reject gives no identifier, sends nothing and is not asked for again', () =>
        visit(async ({ crumb, page, go, notice, button, state, cookies, beacons, asked }) => {
            await button('Reject').click();
            await notice.waitFor({ state: 'detached' });
            await state('Nothing is sent: you do not allow it.');
            assert.deepEqual(await cookies(), ['crumb_choice']);
            for (const path of PAGES) {
                await go(path);
                await state('Nothing is sent: you do not allow it.');
            }
            await page.getByRole('button', { name: 'Order' }).click();
            assert.equal(await notice.count(), 0);
            assert.deepEqual(beacons(), []);
            assert.ok(!asked().some((line) => /pixel|clicks/.test(line)));
            assert.equal(await crumb.received(), 0);
            assert.deepEqual(await crumb.actions(), ['deny banner']);
        }));

    it('to accept stores the page view, the clicks, what was bought, and the time that the page was seen', () =>
        visit(async ({ crumb, page, go, button, answered, state, cookies }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await state('You allow: analytics, journeys, marketing.');
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);
            assert.deepEqual({ ...(await kept(page)), cookies: '' }, NOTHING_KEPT);
            assert.equal(await crumb.count('pageviews'), 1);
            assert.equal(await crumb.count('visitors'), 1);

            await page.getByRole('button', { name: 'Add to basket' }).click();
            await answered('click, click: received=2, stored=2');
            await go('/bun.html');
            await answered('page view: received=1, stored=1');
            await eventually('the time arriving', async () => (await crumb.stored()).includes('pp'));
            const journal = await crumb.dump('journal');
            const [view] = journal;
            const time = journal.find(({ event }) => event === 'pp');
            const said = journal.filter(({ event }) => event === 'se').map(({ clickpath }) => clickpath);
            assert.deepEqual((await crumb.stored()).sort(), ['pp', 'pv', 'pv', 'se', 'se']);
            assert.equal(view.log.path, '/loaf.html');
            assert.equal(view.log.title, 'Country loaf: Crumb & Co');
            assert.deepEqual([view.device.viewport_width, view.device.viewport_height], ['1280', '800']);
            assert.deepEqual(said, [
                { category: 'click', action: 'add-to-basket', property: 'button' },
                { category: 'event', action: 'added to basket', value: '6.2', currency: 'EUR', 'x_p.item': 'loaf' },
            ]);
            assert.ok(time.log.path === '/loaf.html' && Number(time.log.dwell_ms) > 0, JSON.stringify(time));
            assert.deepEqual(await crumb.actions(), ['grant banner']);
        }, { path: '/loaf.html' }));

    it('of one purpose covers that one only, on the page and in crumb', () =>
        visit(async ({ crumb, page, at, button, answered, state, beacons }) => {
            await button('Choose').click();
            await page.getByRole('checkbox', { name: 'Measuring visits' }).check();
            await button('Save my choice').click();
            await answered('page view: received=1, stored=1');
            await state('You allow: analytics.');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.waitForTimeout(600);
            assert.equal(beacons().length, 1);

            // A page that sends it all the same gets it refused.
            const result = await page.evaluate(async (address) => {
                const answer = await fetch(address, { credentials: 'include' });
                return answer.headers.get('Crumb-Result');
            }, `${at}/p.gif?aid=shop&e=se&se_ca=click&se_ac=forged`);
            assert.equal(result, 'received=1, no_consent=1');
            assert.deepEqual(await crumb.stored(), ['pv']);
        }, { path: '/loaf.html' }));

    it('can be withdrawn on any page, which ends everything', () =>
        visit(async ({ crumb, page, go, choices, button, answered, state, cookies, beacons }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await choices.click();
            await button('Withdraw my consent').click();
            await state('Nothing is sent: you do not allow it.');
            await eventually('the withdrawal', async () => (await crumb.actions()).length === 2);
            await eventually('the cookie going', async () => (await cookies()).join() === 'crumb_choice');
            const before = beacons().length;
            await page.keyboard.press('Escape');
            await go('/bun.html');
            await state('Nothing is sent: you do not allow it.');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.waitForTimeout(600);
            assert.equal(beacons().length, before);
            assert.deepEqual(await crumb.actions(), ['grant banner', 'withdraw dialog']);
        }, { path: '/loaf.html' }));

    it('holds under the name localhost, too', () =>
        visit(async ({ crumb, button, answered, cookies }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            assert.deepEqual(await cookies(), ['crumb_choice', 'crumb_id']);
            assert.equal(await crumb.count('pageviews'), 1);
        }, { host: 'localhost' }));

    it('made under what was material then is asked for again', () =>
        visit(async ({ crumb, context, page, button, notice, answered, state }) => {
            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await crumb.restartWith(newRecipient);
            // What the browser has kept of consent.js is as old as it may get.
            await context.route('**/consent.js*', (route) => route.continue());
            await page.reload();
            await notice.waitFor();
            await state('You allow: journeys, marketing.');
            assert.equal(await crumb.count('pageviews'), 1);
        }));
});

describe('unsure means no', { timeout: 300_000 }, () => {
    it('when crumb is down the shop works, and nothing is on', () =>
        visit(async ({ crumb, page, go, notice, state, cookies, beacons, expect }) => {
            expect(DOWN);
            await notice.waitFor();
            await crumb.stop();
            await page.context().clearCookies();
            await page.route('**/consent.js*', (route) => route.abort());
            await go('/loaf.html');
            await state('Nothing is sent.');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await page.getByText('1 in your basket').waitFor();
            assert.deepEqual([await cookies(), beacons()], [[], []]);
            await crumb.launch();
        }));
});

// ---- for everybody ----

// Every text on the page with too little contrast to what is behind it: WCAG 2.2, 1.4.3.
const faint = (page) =>
    page.evaluate(() => {
        const parse = (text) => text.match(/[\d.]+/g).map(Number);
        const part = (byte) => {
            const value = byte / 255;
            return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
        };
        const light = ([r, g, b]) => 0.2126 * part(r) + 0.7152 * part(g) + 0.0722 * part(b);
        const behind = (node) => {
            const colour = parse(getComputedStyle(node).backgroundColor);
            if (colour.length < 4 || colour[3] === 1) return colour;
            return node.parentElement ? behind(node.parentElement) : [255, 255, 255];
        };
        const ratio = (a, b) => (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
        const written = (node) => [...node.childNodes].some(({ nodeType, data }) => nodeType === 3 && data.trim());
        const all = [...document.body.querySelectorAll('*')];
        const texts = all.filter((node) => written(node) && node.checkVisibility());
        const rows = texts.map((node) => ({
            text: node.textContent.trim().slice(0, 40),
            ratio: ratio(light(parse(getComputedStyle(node).color)), light(behind(node))),
        }));
        return { n: rows.length, faint: rows.filter((row) => row.ratio < 4.5) };
    });

describe('the pages', { timeout: 300_000 }, () => {
    for (const colorScheme of ['light', 'dark'])
        it(`can be read, ${colorScheme}`, () =>
            visit(async ({ page, go, button, answered }) => {
                await button('Accept').click();
                await answered('page view');
                const checks = [];
                for (const path of PAGES) {
                    await go(path);
                    await answered('page view');
                    checks.push(await faint(page));
                }
                assert.deepEqual(checks.flatMap((check) => check.faint), []);
                assert.ok(checks.every(({ n }) => n > 10), 'there were texts to look at');
                const ground = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
                assert.equal(Number(ground.match(/\d+/)[0]) < 100, colorScheme === 'dark', ground);
            }, { colorScheme }));

    it('are no wider than a phone', () =>
        visit(async ({ page, go }) => {
            for (const path of PAGES) {
                await go(path);
                const [wide, room] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
                assert.ok(wide <= room, `${path} is ${wide} pixels wide`);
            }
        }, { viewport: { width: 320, height: 568 } }));
});

describe('the shop', { timeout: 300_000 }, () => {
    it('keeps the basket in the address, through to the order', () =>
        visit(async ({ page, button, state }) => {
            await button('Reject').click();
            await state('Nothing is sent: you do not allow it.');
            for (const [i, bake] of ['Country loaf', 'Plum galette', 'Country loaf'].entries()) {
                await page.getByRole('link', { name: bake }).click();
                await page.getByRole('button', { name: 'Add to basket' }).click();
                await page.getByRole('link', { name: 'Bakes', exact: true }).click();
                await page.getByRole('link', { name: `Basket ${i + 1}` }).waitFor();
            }
            await page.getByRole('link', { name: 'Basket 3' }).click();
            assert.match(page.url(), /\?basket=loaf\.2_galette\.1$/);
            await page.getByText('Total €30.90').waitFor();
            await page.getByLabel('Number').first().fill('3');
            await page.getByLabel('Number').first().press('Tab');
            await page.getByText('Total €37.10').waitFor();
            await page.getByRole('button', { name: 'Remove Plum galette' }).click();
            await page.getByText('Total €18.60').waitFor();
            await page.getByRole('link', { name: 'To the checkout' }).click();
            await page.getByText('3 × Country loaf').waitFor();
            await page.getByLabel('Your name').fill('Anna');
            await page.getByRole('button', { name: 'Order' }).click();
            await page.getByRole('heading', { name: 'Thank you' }).waitFor();
            assert.equal(new URL(page.url()).search, '');
            await state('Nothing is sent');
        }));

    it('takes nothing from the address but what it sells', () =>
        visit(async ({ page, go }) => {
            await go('/basket.html?basket=toString.2_loaf.0_bun.1_loaf.100_%3Cimg%20src%3Dx%3E.1_bun');
            await page.getByText('Total €3.40').waitFor();
            assert.equal(await page.locator('[data-basket="lines"] li').count(), 1);
        }));

    it('lets no text become markup: the policy is in force, and a breach of it is noticed', () =>
        visit(async ({ page, seen, expect }) => {
            const breach = (act) => page.evaluate(act).then(() => 'was possible', (error) => error.message);
            assert.match(await breach(() => (document.body.innerHTML = '<b>no</b>')), /TrustedHTML/);
            await page.evaluate(() => fetch('http://127.0.0.1:9/')).catch(() => {});
            for (const directive of ['policy: require-trusted-types-for', 'policy: connect-src'])
                await eventually(directive, () => seen.problems.some((problem) => problem.startsWith(directive)));
            expect(/.*/);
        }));

    it('serves its pages, and nothing else of its folder', () =>
        visit(async ({ shop }) => {
            const { port } = new URL(shop);
            const ask = (method, path, headers = {}) => request(port, { method, path, headers });
            const served = { '/': 'text/html', '/loaf.html?basket=bun.1': 'text/html', '/sent.js': 'text/javascript',
                '/shop.css': 'text/css', '/img/loaf.svg': 'image/svg+xml' };
            for (const [path, type] of Object.entries(served)) {
                const { status, headers } = await ask('GET', path);
                assert.equal(status, 200, path);
                assert.ok(headers['content-type'].startsWith(type), headers['content-type']);
                assert.equal(headers['x-content-type-options'], 'nosniff');
                assert.match(headers['content-security-policy'], /^default-src 'self'; script-src 'self' http:/);
            }
            for (const path of ['/server.mjs', '/crumb.yaml', '/../crumb.yaml', '/img/../../../package.json', '/img/',
                '/%2e%2e/%2e%2e/package.json', '/..%2f..%2fmeson.build', '//etc/passwd', '/img', '/nothing.html', '*'])
                assert.equal((await ask('GET', path)).status, 404, path);
            const head = await ask('HEAD', '/');
            assert.ok(head.status === 200 && head.text === '' && Number(head.headers['content-length']) > 1000);
            const post = await ask('POST', '/checkout.html');
            assert.ok(post.status === 405 && post.headers.allow === 'GET, HEAD');
            // A name that a stranger made up is not put into the page.
            const { text } = await ask('GET', '/', { host: '"><script>alert(1)</script>' });
            assert.ok(!text.includes('alert(1)'));
        }));
});

// ---- what a stranger sees in the first two minutes ----

const settled = (page) =>
    page.waitForFunction(() => document.querySelector('.topline') && !document.querySelector('[aria-busy], .skeleton'));
const shown = async (page, metric) => Number((await page.locator(`.value[data-metric="${metric}"]`).innerText()).replace(/,/g, ''));

describe('the filled demo', { timeout: 300_000 }, () => {
    it('is walked in two minutes: choose, browse, see yourself appear, withdraw, see yourself gone', () =>
        visit(async ({ crumb, context, page, desk, go, choices, button, answered, state }) => {
            const owner = await context.newPage();
            await owner.goto(`${desk}/#site=shop&period=7d&token=${crumb.token}`);
            await settled(owner);
            assert.equal(await owner.locator('.topline .change').count(), 7, 'every figure has something beside it');
            assert.ok((await owner.locator('.map [data-country]').count()) > 10, 'they are from everywhere');
            const live = () => owner.locator('#live').innerText().then(Number);
            const look = async () => {
                await owner.goto(`${desk}/#site=shop&period=24h`);
                await owner.reload();
                await settled(owner);
                await owner.locator('#live').waitFor();
                return { visitors: await shown(owner, 'visitors'), pageviews: await shown(owner, 'pageviews'), live: await live() };
            };
            const before = await look();
            assert.equal(before.live, 0);

            await button('Accept').click();
            await answered('page view: received=1, stored=1');
            await go('/bun.html');
            await answered('page view: received=1, stored=1');
            await page.getByRole('button', { name: 'Add to basket' }).click();
            await answered('click, click: received=2, stored=2');
            const during = await look();
            assert.deepEqual(during, { visitors: before.visitors + 1, pageviews: before.pageviews + 2, live: 1 });

            await choices.click();
            await button('Withdraw my consent').click();
            await state('Nothing is sent: you do not allow it.');
            await eventually('being gone', async () => (await look()).live === 0);
            assert.deepEqual(await look(), before);
        }, { isFilled: true }));

    it('has something to see in every view', () =>
        visit(async ({ crumb }) => {
            const ask = async (path) => (await request(crumb.private, { path, headers: { authorization: `Bearer ${crumb.token}` } })).json();
            const consents = async (by) => (await ask(`/api/v2/consents?site_id=shop&date_range=7d&dimensions=${by}`)).results;
            const [all] = await consents('');
            for (const count of ['shown', 'accepted', 'refused', 'custom', 'dismissed', 'ignored', 'withdrawn', 'gpc'])
                assert.ok(all[count] > 0, count);
            const english = (await consents('notice,language')).filter(({ dimensions }) => dimensions[1] === 'en');
            assert.equal(english.length, 2, 'two versions of the notice in one language');
            for (const by of ['country', 'device']) {
                const known = (await consents(by)).filter(({ dimensions }) => dimensions[0] !== 'unknown');
                assert.ok(known.length > 2 && known.every((row) => row.shown > 0), by);
                const told = known.reduce((sum, row) => sum + row.shown, 0);
                assert.ok(told > 0.9 * all.shown, `${by}: ${told} of ${all.shown}`);
            }
            const { open, requests } = await ask('/admin/requests?site_id=shop&state=all');
            assert.deepEqual([open, requests.length], [4, 6]);
            assert.ok((await ask('/admin/audit?act=request_moved')).records.length > 0);
        }, { isFilled: true }));
});
