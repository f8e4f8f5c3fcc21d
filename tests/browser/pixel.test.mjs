// The tracker in a browser, against a real crumb: what is stored of a visit, and what leaves the browser at all.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { eventually } from './banner-service.mjs';
import { startBrowser, stopBrowser, visit } from './banner.mjs';

// A real back-forward cache, which playwright turns off.
before(() => startBrowser({ ignoreDefaultArgs: ['--disable-back-forward-cache'] }));
after(stopBrowser);

const LINKS = `<main>
<a id="inside" href="/inside?token=1">Inside</a> <a id="marked" data-crumb-click="teaser" href="/inside">Marked</a>
<a id="outside" href="http://other.test/u/ann@shop.example?q=secret">Outside</a>
<a id="file" href="/files/list.pdf?x=1">File</a> <a id="load" download href="/inside">Load</a>
<a id="mail" href="mailto:ann@shop.example">Mail</a> <a id="phone" href="tel:+4917012345678">Phone</a>
<button id="press">Ann Miller <b>presses</b></button> <div id="plain">Plain</div>
<div id="area" data-crumb-click="area"><i>Area</i></div>
<svg width="20" height="20"><a id="drawn" href="http://other.test/drawn?q=secret"><rect width="20" height="20"/></a></svg>
<form id="order" action="/order"><input name="host" value="SECRET"><input id="id" name="id" value="SECRET"><input name="name" value="SECRET">
<button type="submit" id="send">Send</button></form>
${'<p>A line of a long page.</p>'.repeat(200)}</main>`;
const STAY = () => {
    for (const type of ['click', 'auxclick', 'submit']) document.addEventListener(type, (event) => event.target.id == 'send' || event.preventDefault());
};

const decode = (line) => Object.fromEntries(new URLSearchParams(line));

// What tests of the tracker say of their visit.
function helpers({ page, press, pressIn, tick, service, waitFor, at }) {
    const isTracking = () => waitFor(() => window.crumb && !(window.crumb.queue instanceof Array));
    const journal = () => service.crumb.dump('journal');
    return {
        isTracking,
        journal,
        sent: (e) => service.sent.map(decode).filter((pairs) => !e || pairs.e == e),
        accept: async () => {
            await press('Accept');
            await isTracking();
        },
        choose: async (...titles) => {
            await press('Choose');
            for (const title of titles) await tick(title);
            await pressIn('Save my choice');
            await isTracking();
        },
        stored: async (n, e) => {
            let rows;
            await eventually(`${n} stored events`, async () => {
                rows = (await journal()).filter((row) => !e || row.event == e);
                return rows.length >= n;
            });
            assert.equal(rows.length, n, JSON.stringify(rows));
            return rows;
        },
        // A tab that goes out of sight and comes back.
        sight: (hidden) =>
            page.evaluate((now) => {
                Object.defineProperty(document, 'hidden', { configurable: true, get: () => now });
                document.dispatchEvent(new Event('visibilitychange', { bubbles: true }));
            }, hidden),
        path: () => new URL(page.url()).href.slice(at.length),
    };
}

// A visit to a page with much to click on.
const track = (options, act) =>
    visit({ body: LINKS, ...options }, (all) => act({ ...all, ...helpers(all) }));

describe('what is loaded', { timeout: 120_000 }, () => {
    it('nothing before a choice, nothing after a refusal', () =>
        track({}, async ({ banner, press, control, service }) => {
            await banner.waitFor();
            await press('Reject');
            await control.waitFor();
            assert.deepEqual(service.asked.filter((line) => /\.js|\/p/.test(line) && !/consent/.test(line)), []);
        }));
});

describe('page views', { timeout: 240_000 }, () => {
    it('the page on which consent was given is the first, with all that its purposes cover', () =>
        track({ path: '/hats?utm_source=mail&gclid=SECRET&token=SECRET&uid=SECRET&user_id=SECRET#top' }, async ({ accept, stored, sent }) => {
            await accept();
            const [{ event, log, device }] = await stored(1);
            assert.equal(event, 'pv');
            const { at_ms, host, path, title, utm_source, click_id, referrer } = log;
            assert.deepEqual({ host, path, title, utm_source, click_id, referrer },
                { host: '127.0.0.1', path: '/hats', title: 'Shop', utm_source: 'mail', click_id: 'gclid', referrer: undefined });
            assert.ok(Math.abs(Date.now() - at_ms) < 20_000);
            const { screen_width, viewport_width, viewport_height, language, zone } = device;
            assert.deepEqual([screen_width, viewport_width, viewport_height, language], ['1280', '1280', '800', 'en-US']);
            assert.ok(zone.length > 2);
            assert.ok(!JSON.stringify(sent()).includes('SECRET'), 'not even on the wire');
        }));

    it('whatever click ids the service knows, and of none the value', () => {
        const table = readFileSync(new URL('../../src/ingest/click_ids.c', import.meta.url), 'utf8');
        const names = [...table.matchAll(/\{"(\w+)", "/g)].map(([, name]) => name);
        assert.ok(names.length > 15);
        return track({ path: `/?${names.map((name) => `${name}=SECRET`).join('&')}` }, async ({ accept, stored, sent }) => {
            await accept();
            const [{ log }] = await stored(1, 'pv');
            const [{ url }] = sent('pv');
            assert.deepEqual([...new URL(url).searchParams].map(([name, value]) => name + value), names);
            assert.equal(log.click_id, names[0]);
        });
    });

    it('device and click path only where they are granted', () =>
        track({ service: { edit: (purposes) => Object.assign(purposes, { log: { collects: ['log'] } }) } },
            async ({ page, ready, isTracking, stored, sent }) => {
                await ready();
                await page.evaluate(() => window.crumb.set({ log: true }));
                await isTracking();
                await page.evaluate(() => window.crumb.track('bought'));
                await page.click('#press');
                const [row] = await stored(1);
                assert.deepEqual([row.event, row.device, row.clickpath], ['pv', undefined, undefined]);
                for (const pairs of sent()) for (const name of ['res', 'vp', 'ds', 'lang', 'tz']) assert.ok(!(name in pairs));
            }));

    it('no address of a page where only the click path is granted', () =>
        track({ path: '/secret' }, async ({ page, ready, isTracking, stored, sent }) => {
            await ready();
            await page.evaluate(() => window.crumb.set({ journeys: true }));
            await isTracking();
            await page.evaluate(() => window.crumb.track('bought'));
            const [row] = await stored(1);
            assert.deepEqual([row.event, row.log, row.clickpath.action], ['se', undefined, 'bought']);
            for (const pairs of sent()) assert.doesNotMatch(JSON.stringify(pairs), /secret|http/);
        }));

    it('of the longest addresses as much as an event has room for', () =>
        track({ path: `/${'%C3%A9'.repeat(340)}?utm_source=mail` }, async ({ accept, isTracking, page, stored }) => {
            await accept();
            await page.evaluate(() => (document.title = '\u20ac'.repeat(999)));
            await stored(1, 'pv');
            await page.evaluate(() => (location.href = location.pathname.replace('%C3%A9', 'a')));
            await page.waitForURL('**/a%C3*');
            await isTracking();
            const [, second] = await stored(2, 'pv');
            assert.ok(second.log.path.length > 900 && second.log.referrer.length > 900);
        }));

    it('addresses that a script changes, where they are another page', () =>
        track({ service: { pages: { query: ['q'] } } }, async ({ page, accept, stored }) => {
            await accept();
            await page.evaluate(async () => {
                const pause = () => new Promise((done) => setTimeout(done, 400));
                await pause();
                history.pushState(null, '', '/a?q=1&x=1');
                setTimeout(() => (document.title = 'A'));
                await pause();
                history.replaceState(null, '', '/a?q=1&x=2');
                history.replaceState(null, '', '/a?q=2');
                await pause();
                history.back();
                await pause();
                location.hash = '#/route';
            });
            const rows = await stored(4, 'pv');
            assert.deepEqual(rows.map(({ log }) => [log.path, log.title]),
                [['/', 'Shop'], ['/a?q=1', 'A'], ['/a?q=2', 'A'], ['/', 'A']]);
            assert.deepEqual(rows.slice(1).map(({ log }) => new URL(log.referrer).pathname), ['/', '/a', '/a']);
        }));

    it('routes in the fragment, where the site asks for them', () =>
        track({ service: { pages: { hash: true } } }, async ({ page, accept, stored }) => {
            await accept();
            for (const to of ['#/one?x=1', '#/one?x=2', '#top', '#!/two']) {
                await page.evaluate((hash) => (location.hash = hash), to);
                await page.waitForTimeout(150);
            }
            assert.deepEqual((await stored(4, 'pv')).map(({ log }) => log.path), ['/', '/#/one', '/', '/#!/two']);
        }));

    it('a page out of the back-forward cache is viewed again', () =>
        track({}, async ({ page, accept, isTracking, stored, go }) => {
            await accept();
            await stored(1, 'pv');
            await page.evaluate(() => (window.isSame = true));
            await go('/next');
            await isTracking();
            await stored(2, 'pv');
            await page.goBack({ waitUntil: 'commit' });
            assert.ok(await page.evaluate(() => window.isSame), 'it came out of the cache');
            const rows = await stored(3, 'pv');
            assert.deepEqual(rows.map(({ log }) => log.path), ['/', '/next', '/']);
            assert.deepEqual(rows.map(({ log }) => log.referrer), [undefined, undefined, 'http://127.0.0.1']);
        }));

    it('a page that is made ready out of sight is viewed when it is seen', () =>
        track({}, async ({ page, accept, isTracking, stored, sight, journal }) => {
            await accept();
            await stored(1, 'pv');
            const hide = () => Object.defineProperty(document, 'hidden', { configurable: true, get: () => true });
            await page.addInitScript(hide);
            await page.reload();
            await isTracking();
            await page.waitForTimeout(500);
            assert.equal((await journal()).filter(({ event }) => event == 'pv').length, 1);
            await sight(false);
            await stored(2, 'pv');
            await sight(true);
            await sight(false);
            await page.waitForTimeout(500);
            await stored(2, 'pv');
        }));

    it('a visitor who comes back is known at once', () =>
        track({}, async ({ accept, stored, go, at }) => {
            await accept();
            await stored(1, 'pv');
            await go('/next');
            const [first, second] = await stored(2, 'pv');
            assert.equal(first.visitor, second.visitor);
            assert.equal(second.log.referrer, undefined, `nothing led from ${at} to there`);
        }));
});

describe('how long, and how far', { timeout: 120_000 }, () => {
    it('the time that a page is seen, when it goes out of sight', () =>
        track({}, async ({ page, accept, stored, sight }) => {
            await accept();
            await stored(1, 'pv');
            await page.evaluate(() => scrollTo(0, 1200));
            await page.waitForTimeout(1000);
            await sight(true);
            const [first] = await stored(1, 'pp');
            assert.ok(first.log.dwell_ms >= 1000 && first.log.dwell_ms < 6000, first.log.dwell_ms);
            assert.deepEqual([first.log.scroll_y_max, first.log.path], ['1200', '/']);
            await page.waitForTimeout(800);
            await sight(false);
            await page.waitForTimeout(300);
            await sight(true);
            const [, second] = await stored(2, 'pp');
            assert.ok(second.log.dwell_ms >= 300 && second.log.dwell_ms < 800, second.log.dwell_ms);
        }));

    it('not the time that another window has the focus', () =>
        track({}, async ({ page, accept, stored, sight }) => {
            await accept();
            await stored(1, 'pv');
            const focus = (has) => page.evaluate((now) => {
                document.hasFocus = () => now;
                dispatchEvent(new Event(now ? 'focus' : 'blur'));
                return performance.now();
            }, has);
            const began = await focus(false);
            await page.waitForTimeout(1500);
            const ended = await focus(true);
            await page.waitForTimeout(300);
            await sight(true);
            const whole = await page.evaluate(() => performance.now());
            const [row] = await stored(1, 'pp');
            assert.ok(row.log.dwell_ms >= 300 && row.log.dwell_ms <= whole - (ended - began), row.log.dwell_ms);
        }));

    it('of each page that a script shows, and of the last one when the tab is closed', () =>
        track({}, async ({ page, accept, stored }) => {
            await accept();
            await page.waitForTimeout(400);
            await page.evaluate(() => history.pushState(null, '', '/second'));
            await page.waitForTimeout(700);
            await page.close({ runBeforeUnload: false });
            const rows = await stored(2, 'pp');
            assert.deepEqual(rows.map(({ log }) => log.path), ['/', '/second']);
            assert.ok(rows[1].log.dwell_ms >= 700, rows[1].log.dwell_ms);
        }));

    it('on long stays now and then', () =>
        track({ init: () => {
            const real = performance.now.bind(performance);
            performance.now = () => 8 * real(); // the clock of somebody in a hurry
        } }, async ({ accept, stored, page }) => {
            await accept();
            await page.waitForTimeout(6000);
            const [beat] = await stored(1, 'pp');
            assert.ok(beat.log.dwell_ms >= 15_000 && beat.log.dwell_ms < 60_000, beat.log.dwell_ms);
        }));
});

describe('the click path', { timeout: 120_000 }, () => {
    it('links that lead elsewhere, buttons, marks and forms; never a text or a value', () =>
        track({}, async ({ page, accept, stored, sent, service }) => {
            await accept();
            await eventually('the part for clicks', () => service.asked.includes('GET /clicks.js'));
            await page.waitForTimeout(200);
            await page.evaluate(STAY);
            for (const id of ['inside', 'plain', 'marked', 'outside', 'file', 'load', 'mail', 'phone', 'press', 'area', 'send'])
                await page.click(`#${id}`, { position: { x: 3, y: 3 } });
            await page.click('#drawn rect');
            await page.evaluate(() => document.dispatchEvent(new MouseEvent('click')));
            await page.click('#outside', { button: 'middle' });
            await page.click('#outside', { button: 'right' });
            const rows = await stored(12, 'se');
            assert.deepEqual(rows.map(({ clickpath }) => [clickpath.category, clickpath.action, clickpath.property,
                clickpath.label?.replace(/127.0.0.1:\d+/, 'shop')]), [
                ['click', 'teaser', 'link', 'http://shop/inside'],
                ['click', 'outside', 'outbound', 'http://other.test/u/*'],
                ['click', 'file', 'download', 'http://shop/files/list.pdf'],
                ['click', 'load', 'download', 'http://shop/inside'],
                ['click', 'mail', 'mail', undefined],
                ['click', 'phone', 'telephone', undefined],
                ['click', 'press', 'button', undefined],
                ['click', 'area', 'button', undefined],
                ['click', 'send', 'button', undefined],
                ['form', 'order', 'form', undefined],
                ['click', 'drawn', 'outbound', 'http://other.test/drawn'],
                ['click', 'outside', 'outbound', 'http://other.test/u/*'],
            ]);
            assert.doesNotMatch(JSON.stringify(sent()), /secret|Miller|ann@|ann%40|4917/i);
        }));

    it('events of the page\'s own, with what they are worth', () =>
        track({}, async ({ page, accept, stored }) => {
            await accept();
            await page.evaluate(() => window.crumb.track('bought', { value: 9.5, currency: 'EUR', plan: 'pro', new: true }));
            const [{ clickpath }] = await stored(1, 'se');
            assert.deepEqual(clickpath,
                { category: 'event', action: 'bought', value: '9.5', currency: 'EUR', 'x_p.plan': 'pro', 'x_p.new': 'true' });
        }));

    it('an event all the same whose worth is none', () =>
        track({}, async ({ page, accept, stored }) => {
            await accept();
            await page.evaluate(() => {
                const worths = [1e21, 1e-7, NaN, Infinity, '9,50', '1.2.3', 12345678.25, -0.5, '.5'];
                worths.forEach((value, i) => window.crumb.track('n' + i, { value, currency: i % 2 ? 'eur' : 'euros' }));
                window.crumb.track('none', null);
            });
            const rows = await stored(10, 'se');
            rows.sort((a, b) => (a.clickpath.action < b.clickpath.action ? -1 : 1)); // they went in several requests
            assert.deepEqual(rows.map(({ clickpath }) => clickpath.value),
                [...Array(6).fill(undefined), '12345678.25', '-0.5', '.5', undefined]);
            assert.deepEqual(rows.slice(0, 2).map(({ clickpath }) => clickpath.currency), [undefined, 'EUR']);
        }));

    it('nothing that could name a person, and no name that is too long', () =>
        track({}, async ({ page, accept, stored, sent }) => {
            await page.evaluate(() => (document.title = 'Order of ann@shop.example'));
            await accept();
            await page.evaluate(() => {
                window.crumb.track('mail to ann@shop.example', { phone: '+49 170 1234567', who: 'ann@shop.example' });
                window.crumb.track('x'.repeat(600));
            });
            const [first, second] = (await stored(2, 'se')).map(({ clickpath }) => clickpath);
            assert.deepEqual(first, { category: 'event', action: 'mail to *', 'x_p.phone': '+*', 'x_p.who': '*' });
            assert.match(second.action, /^x{100,512}$/);
            assert.doesNotMatch(JSON.stringify(sent()), /ann@|1234567/);
        }));

    it('nothing of it where it is refused', () =>
        track({}, async ({ page, choose, stored, sent, service }) => {
            await choose('Measuring visits');
            await page.evaluate(() => window.crumb.track('bought'));
            await page.click('#press');
            await stored(1, 'pv');
            assert.deepEqual(sent('se'), []);
            assert.ok(!service.asked.includes('GET /clicks.js'));
        }));
});

describe('delivery', { timeout: 300_000 }, () => {
    for (const [name, fault, isStored] of [
        ['there is no network', { cut: true }, false],
        ['the service is not well', { status: 503 }, false],
        ['too much came', { status: 429 }, false],
        ['the answer is lost', { lose: true }, true],
    ])
        it(`is tried again where ${name}, and counts once`, () =>
            track({ expected: [/ERR_|503|429|Failed to load/] }, async ({ accept, stored, sent, service }) => {
                service.fault = { path: /^.p$/, ...fault };
                await accept();
                await eventually('a first attempt', () => sent('pv').length >= 1);
                service.fault = null;
                const [row] = await stored(1, 'pv');
                const ids = new Set(sent('pv').map(({ eid }) => eid));
                assert.deepEqual([ids.size, row.log.path], [1, '/']);
                assert.ok(sent('pv').length >= 2);
                const { dropped } = await service.crumb.books();
                assert.equal(dropped.duplicate, isStored ? sent('pv').length - 1 : 0);
            }));

    it('loses nothing while the network is away, and gives up no order', () =>
        track({ expected: [/ERR_/] }, async ({ page, accept, stored, service, sent }) => {
            await accept();
            await stored(1, 'pv');
            service.fault = { path: /^.p$/, cut: true };
            await page.evaluate(async () => {
                for (let i = 0; i < 20; i++) window.crumb.track('n' + i);
            });
            await eventually('an attempt', () => sent('se').length >= 20);
            service.fault = null;
            const rows = await stored(20, 'se');
            assert.deepEqual(new Set(rows.map(({ clickpath }) => clickpath.action)).size, 20);
            const now = Date.now();
            for (const { log } of rows) assert.ok(now - log.at_ms > 300, 'the time is that of the event');
        }));

    it('keeps a bounded number of events', () =>
        track({ expected: [/ERR_/] }, async ({ page, accept, stored, service, sent }) => {
            await accept();
            await stored(1, 'pv');
            service.fault = { path: /^.p$/, cut: true };
            await page.evaluate(() => {
                for (let i = 0; i < 1000; i++) window.crumb.track('n');
            });
            await eventually('an attempt', () => sent('se').length >= 100);
            service.fault = null;
            await stored(100, 'se');
        }));

    it('counts those on their way among them', () =>
        track({}, async ({ page, accept, stored, service }) => {
            const flood = () => page.evaluate(() => {
                for (let i = 0; i < 1000; i++) window.crumb.track('n');
            });
            await accept();
            await stored(1, 'pv');
            let release;
            service.fault = { path: /^.p$/, hold: new Promise((done) => (release = done)) };
            await flood();
            await eventually('attempts on their way', () => service.held > 1);
            await flood();
            service.fault = null;
            release();
            await stored(100, 'se');
            await page.evaluate(() => window.crumb.track('last'));
            await stored(101, 'se');
        }));

    it('is tried again by one timer, ever more seldom', () =>
        track({ expected: [/ERR_/] }, async ({ page, accept, stored, service }) => {
            await accept();
            await stored(1, 'pv');
            service.fault = { path: /^.p$/, cut: true };
            const before = service.asked.length;
            await page.evaluate(async () => {
                // The clock of somebody in a hurry: ten minutes are six seconds.
                const [later, now] = [setTimeout, Date.now];
                const began = now();
                window.setTimeout = (act, ms) => later(act, ms / 100);
                Date.now = () => began + 100 * (now() - began);
                for (let i = 0; i < 8; i++) {
                    window.crumb.track('n' + i);
                    await new Promise((done) => setTimeout(done, 1000));
                }
                await new Promise((done) => later(done, 7000));
            });
            const n = service.asked.slice(before).filter((line) => line == 'POST /p').length;
            assert.ok(n > 2 && n < 60, `${n} attempts`);
        }));

    it('ends with the withdrawal, in the same task: what waits is dropped', () =>
        track({ expected: [/ERR_/] }, async ({ page, accept, stored, sent, service }) => {
            await accept();
            await stored(1, 'pv');
            service.fault = { path: /^.p$/, cut: true };
            await page.evaluate(() => window.crumb.track('failed'));
            await eventually('an attempt', () => sent('se').length >= 1);
            await page.evaluate(() => {
                window.crumb.track('waits');
                window.crumb.set({ analytics: false, journeys: false });
                window.crumb.track('after');
                dispatchEvent(new PageTransitionEvent('pagehide'));
            });
            service.fault = null;
            await eventually('the withdrawal', async () => (await service.actions()).length == 2);
            const before = sent().length;
            await page.waitForTimeout(2500);
            assert.equal(sent().length, before);
            // Granted again, the page is viewed again, and nothing from before is told.
            await page.evaluate(() => window.crumb.set({ analytics: true, journeys: true }));
            await eventually('a view', () => sent('pv').length == 2);
            assert.deepEqual([...new Set(sent('se').map(({ se_ac }) => se_ac))], ['failed']);
        }));

    for (const [name, init, method] of [
        ['by sendBeacon where fetch cannot outlive the page', () => delete Request.prototype.keepalive, 'POST /p'],
        ['by an image where there is neither', () => {
            delete Request.prototype.keepalive;
            delete Navigator.prototype.sendBeacon;
        }, 'GET /p.gif'],
    ])
        it(`goes ${name}`, () =>
            track({ init, policy: (crumb) => `default-src 'self' ${crumb}; img-src 'self' ${crumb}; script-src 'self' ${crumb}` },
                async ({ accept, stored, service }) => {
                    await accept();
                    await stored(1, 'pv');
                    assert.ok(service.asked.includes(method), service.asked.join());
                }));
});
